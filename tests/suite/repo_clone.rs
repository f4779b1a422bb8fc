//! The clone as a cache: what it costs, what it survives, what it never writes down.

use crate::desk::{Desk, done, item, settings};
use crate::sim_client::{clone, git, simulator};
use orchestrator::model::{ChangeKind, CommitId, LedgerChange, PullNumber, Quarantine};
use orchestrator::repo::{LocalClone, RepoError, TransportError};
use orchestrator::sim::Simulator;
use orchestrator::sim::world::MergeMethod;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A desk whose clone is opened with other settings.
fn opened(sim: &Simulator, change: impl FnOnce(&mut orchestrator::repo::Settings)) -> Arc<Desk> {
    let folder = crate::folder::folder();
    let mut settings = settings(sim, folder.path(), sim.token());
    change(&mut settings);
    Arc::new(Desk { clone: LocalClone::open(settings).expect("a clone"), folder })
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

#[tokio::test]
async fn a_look_costs_no_git_call_while_nothing_moves_and_two_when_something_does() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    let first = desk.sync().await;
    let calls = desk.clone.git_calls().count;
    let again = desk.try_sync(Some(first.mainline), first.ledger).await.expect("nothing to ask");
    assert_eq!((&again, desk.clone.git_calls().count), (&first, calls));
    let moved = sim.commit_files("main", &[("a.txt", Some(b"a"))], "a").await.expect("committed");
    let moved: CommitId = moved.parse().expect("an id");
    let tips = desk.try_sync(Some(moved), None).await.expect("the remote can be asked");
    assert_eq!((tips.mainline, desk.clone.git_calls().count), (moved, calls + 2), "ls-remote and fetch");
}

#[tokio::test]
async fn a_mainline_that_was_rewritten_is_followed() {
    let sim = simulator().await;
    sim.commit_files("main", &[("a.txt", Some(b"a"))], "a").await.expect("committed");
    let desk = Desk::new(&sim);
    let before = desk.sync().await.mainline;
    let work = clone(&sim).await;
    for args in [&["commit", "-q", "--amend", "-m", "rewritten"][..], &["push", "-q", "--force", "origin", "main"]] {
        assert!(git(&sim, work.path(), args).await.ok);
    }
    let after = desk.sync().await.mainline;
    assert_ne!(before, after);
    assert!(desk.clone.planning(after).is_ok());
}

#[tokio::test]
async fn wrong_credentials_and_a_wrong_name_are_told_apart() {
    let sim = simulator().await;
    let wrong = opened(&sim, |settings| settings.token = Some("ghp_wrong".to_owned().into()));
    match wrong.try_sync(None, None).await {
        Err(RepoError::Transport(TransportError::Unauthorized(words))) => {
            assert!(!words.contains("ghp_wrong"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    let elsewhere = opened(&sim, |settings| settings.url = settings.url.replace("tally", "nothing"));
    let answer = elsewhere.try_sync(None, None).await;
    assert!(matches!(answer, Err(RepoError::Transport(TransportError::NotFound(_)))), "{answer:?}");
}

#[tokio::test]
async fn a_remote_that_never_answers_is_given_up() {
    let sim = simulator().await;
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address");
    let desk = opened(&sim, |settings| {
        settings.url = format!("http://{address}/o/r.git");
        settings.limit = Duration::from_millis(300);
    });
    let answer = desk.try_sync(None, None).await;
    assert!(
        matches!(answer, Err(RepoError::Transport(TransportError::TimedOut { call: "ls-remote", .. }))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_branch_that_is_not_there_is_named() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    let hints = orchestrator::model::TipHints { branch: "trunk".to_owned(), mainline: None, ledger: None };
    let answer = desk.with(move |clone, lock| clone.sync(lock, &hints)).await;
    assert!(matches!(&answer, Err(RepoError::NoBranch(name)) if name == "trunk"), "{answer:?}");
}

#[tokio::test]
async fn the_token_is_in_no_file_of_the_data_folder() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.change(LedgerChange::Begin).await);
    let all = files(desk.folder.path());
    assert!(all.len() > 10, "{all:?}");
    let pair =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("x-access-token:{}", sim.token()));
    for path in all {
        let bytes = std::fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(sim.token()) && !text.contains(&pair), "{}", path.display());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_enter_the_data_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let sim = simulator().await;
    let root = crate::folder::folder();
    let folder = root.path().join("host/owner/name");
    let clone = LocalClone::open(settings(&sim, &folder, "t")).expect("a clone");
    let _lock = clone.lock().expect("nobody else");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("lock")), mode(&folder.join("instance"))), (0o700, 0o600, 0o600));
}

#[tokio::test]
async fn a_clone_that_lost_files_is_made_again() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    let tips = desk.sync().await;
    let git_dir = desk.folder.path().join("clone.git");
    std::fs::remove_dir_all(git_dir.join("objects")).expect("removed");
    std::fs::create_dir(git_dir.join("objects")).expect("an empty store");
    let again = desk.try_sync(Some(tips.mainline), tips.ledger).await.expect("it is fetched anew");
    assert_eq!(again, tips);
    assert!(desk.clone.planning(tips.mainline).is_ok());
    std::fs::write(git_dir.join("HEAD"), "").expect("cut off");
    let reopened = LocalClone::open(settings(&sim, desk.folder.path(), sim.token())).expect("made again");
    assert_eq!(reopened.instance(), desk.clone.instance(), "the id of the instance outlives the clone");
    assert_eq!(reopened.known_tips().expect("readable"), None);
}

#[tokio::test]
async fn a_half_made_clone_is_never_used() {
    let sim = simulator().await;
    let folder = crate::folder::folder();
    std::fs::create_dir_all(folder.path().join("clone.tmp-abc/objects")).expect("left behind");
    std::fs::create_dir_all(folder.path().join("clone.git/objects")).expect("left behind");
    let clone = LocalClone::open(settings(&sim, folder.path(), sim.token())).expect("made again");
    assert_eq!(clone.known_tips().expect("readable"), None);
}

#[tokio::test]
async fn the_lock_is_held_once_and_names_its_holder() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    let lock = desk.clone.lock().expect("free");
    let other = LocalClone::open(settings(&sim, desk.folder.path(), sim.token())).expect("a second process");
    match other.lock() {
        Err(RepoError::Locked { holder, .. }) => assert_eq!(holder, format!("process {}", std::process::id())),
        unexpected => panic!("{unexpected:?}"),
    }
    drop(lock);
    assert!(other.lock().is_ok());
}

#[tokio::test]
async fn links_submodules_and_strange_names_in_pending_are_reported_and_never_followed() {
    let sim = simulator().await;
    let work = clone(&sim).await;
    let pending = "planning/issue_queue/pending";
    std::fs::create_dir_all(work.path().join(pending)).expect("a folder");
    let write =
        |name: &str, content: &[u8]| std::fs::write(work.path().join(pending).join(name), content).expect("written");
    write("a#b?c%20.md", b"# Strange name\n");
    write("empty.md", b"");
    write("latin.md", b"# caf\xe9\n");
    write("long.md", "# x\n".repeat(20_000).as_bytes());
    write("README.md", b"# no item\n");
    assert!(git(&sim, work.path(), &["add", "-A"]).await.ok);
    let target = work.path().join("target");
    std::fs::write(&target, "../../vision/goal.md").expect("written");
    let link = git(&sim, work.path(), &["hash-object", "-w", "target"]).await.stdout;
    let head = git(&sim, work.path(), &["rev-parse", "HEAD"]).await.stdout;
    for (mode, oid, name) in [("120000", &link, "link.md"), ("160000", &head, "module.md")] {
        let entry = format!("{mode},{oid},{pending}/{name}");
        let ran = git(&sim, work.path(), &["update-index", "--add", "--cacheinfo", &entry]).await;
        assert!(ran.ok, "{ran:?}");
    }
    for args in [&["commit", "-q", "-m", "odd"][..], &["push", "-q", "origin", "HEAD:main"]] {
        let ran = git(&sim, work.path(), args).await;
        assert!(ran.ok, "{ran:?}");
    }
    let desk = Desk::new(&sim);
    let planning = desk.clone.planning(desk.sync().await.mainline).expect("readable");
    assert_eq!(planning.pending.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), ["a#b?c%20.md"]);
    let reason = |name: &str| {
        let found = planning.quarantined.iter().find(|(other, _)| *other == item(name));
        found.map_or_else(|| panic!("{name} is not quarantined"), |(_, why)| why.clone())
    };
    assert_eq!(reason("empty.md"), Quarantine::Empty);
    assert_eq!(reason("latin.md"), Quarantine::NotUtf8);
    assert!(matches!(reason("long.md"), Quarantine::TooLong { .. }), "{:?}", reason("long.md"));
    assert_eq!(reason("link.md"), Quarantine::NotRegular);
    assert_eq!(reason("module.md"), Quarantine::NotRegular);
}

#[tokio::test]
async fn a_head_is_fetched_once_and_judged_against_the_merge_base() {
    let sim = simulator().await;
    let files: [(&str, Option<&[u8]>); 2] = [("src/new.py", Some(b"x = 1\n")), ("README.md", None)];
    let head = sim.commit_files("copilot/x", &files, "work").await.expect("committed");
    let author = sim.world(|world| world.viewer());
    let pull = sim.open_pull(author, "copilot/x", "Work", "").await.expect("opened");
    sim.commit_files("main", &[("other.txt", Some(b"o"))], "meanwhile").await.expect("committed");
    let desk = Desk::new(&sim);
    let mainline = desk.sync().await.mainline;
    let head: CommitId = head.parse().expect("an id");
    let diff = move |clone: &LocalClone, lock: &_| clone.head_diff(lock, PullNumber(pull), head, mainline);
    let found = desk.with(diff).await.expect("it can be compared");
    let paths: Vec<(&str, String)> =
        found.changes.iter().map(|change| (change.path.as_str(), format!("{:?}", change.change))).collect();
    assert_eq!(paths, [("README.md", "Deleted".to_owned()), ("src/new.py", "Added".to_owned())]);
    let calls = desk.clone.git_calls().count;
    desk.with(diff).await.expect("it can be compared");
    assert_eq!(desk.clone.git_calls().count, calls);
    let moved = sim.commit_files("copilot/x", &[("b.txt", Some(b"b"))], "more").await.expect("committed");
    let stale = Desk::new(&sim);
    stale.sync().await;
    let absent: CommitId = "1".repeat(40).parse().expect("an id");
    let answer = stale.with(move |clone, lock| clone.head_diff(lock, PullNumber(pull), absent, mainline)).await;
    let why = answer.expect("an answer").unreadable.expect("another head");
    assert!(why.contains("moved to") && why.contains(moved.get(..8).expect("an id")), "{why}");
}

#[tokio::test]
async fn a_head_still_says_what_it_changed_after_any_kind_of_merge() {
    for method in [MergeMethod::Merge, MergeMethod::Squash, MergeMethod::Rebase] {
        let sim = simulator().await;
        let files: [(&str, Option<&[u8]>); 1] = [("src/new.py", Some(b"x = 1\n"))];
        let head = sim.commit_files("copilot/x", &files, "work").await.expect("committed");
        let author = sim.world(|world| world.viewer());
        let pull = sim.open_pull(author, "copilot/x", "Work", "").await.expect("opened");
        sim.commit_files("main", &[("other.txt", Some(b"o"))], "meanwhile").await.expect("committed");
        sim.merge_pull(author, pull, method).await.expect("merged");
        sim.commit_files("main", &[("later.txt", Some(b"l"))], "later").await.expect("committed");
        let desk = Desk::new(&sim);
        let (mainline, head) = (desk.sync().await.mainline, head.parse().expect("an id"));
        let diff = desk.with(move |clone, lock| clone.head_diff(lock, PullNumber(pull), head, mainline)).await;
        let paths: Vec<String> = diff.expect("compared").changes.into_iter().map(|change| change.path).collect();
        assert_eq!(paths, ["src/new.py"], "{method:?}");
    }
}

#[tokio::test]
async fn a_file_that_becomes_a_link_is_told_apart_from_one_that_is_edited() {
    let sim = simulator().await;
    let work = clone(&sim).await;
    std::fs::write(work.path().join("target"), "elsewhere").expect("written");
    let link = git(&sim, work.path(), &["hash-object", "-w", "target"]).await.stdout;
    for path in ["README.md", "new-link"] {
        let entry = format!("120000,{link},{path}");
        assert!(git(&sim, work.path(), &["update-index", "--add", "--cacheinfo", &entry]).await.ok);
    }
    assert!(git(&sim, work.path(), &["commit", "-q", "-m", "links"]).await.ok);
    assert!(git(&sim, work.path(), &["push", "-q", "origin", "HEAD:refs/heads/links"]).await.ok);
    let author = sim.world(|world| world.viewer());
    let pull = sim.open_pull(author, "links", "Links", "").await.expect("opened");
    let head = sim.world(|world| world.branch("links").map(str::to_owned)).expect("the branch");
    let desk = Desk::new(&sim);
    let (mainline, head) = (desk.sync().await.mainline, head.parse().expect("an id"));
    let diff = desk.with(move |clone, lock| clone.head_diff(lock, PullNumber(pull), head, mainline)).await;
    let changes: Vec<_> = diff.expect("compared").changes.into_iter().map(|c| (c.path, c.change)).collect();
    let special = |path: &str| (path.to_owned(), ChangeKind::Special);
    assert_eq!(changes, [special("README.md"), special("new-link")]);
}

#[tokio::test]
async fn what_cannot_be_judged_is_said_and_fails_nothing_else() {
    let sim = simulator().await;
    let names: Vec<String> = (0..3_001).map(|n| format!("many/{n}.txt")).collect();
    let files: Vec<(&str, Option<&[u8]>)> = names.iter().map(|name| (name.as_str(), Some(&b"x"[..]))).collect();
    let many = sim.commit_files("many", &files, "many").await.expect("committed");
    let author = sim.world(|world| world.viewer());
    let pull = sim.open_pull(author, "many", "Many", "").await.expect("opened");
    let desk = Desk::new(&sim);
    let (mainline, head) = (desk.sync().await.mainline, many.parse().expect("an id"));
    let diff = desk.with(move |clone, lock| clone.head_diff(lock, PullNumber(pull), head, mainline)).await;
    let diff = diff.expect("it is told");
    assert_eq!(diff.unreadable.as_deref(), Some("it changes more than 3000 paths"));
    assert!(diff.has_workflows && diff.changes.is_empty());
}

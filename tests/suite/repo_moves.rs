//! Queue moves over real smart HTTP: one commit a move, the blob unchanged, nobody's work overwritten.

use crate::desk::{Desk, done, item, not_done};
use crate::sim_client::{clone, git, simulator};
use orchestrator::model::{CommitId, Folder};
use orchestrator::sim::Simulator;

const A: &str = "planning/issue_queue/pending/dev-a.md";
const B: &str = "planning/issue_queue/pending/dev-b.md";

async fn with_files(sim: &Simulator) {
    let files = [(A, Some(&b"# A\n\nText\n"[..])), (B, Some(&b"# B\n"[..]))];
    sim.commit_files("main", &files, "two items").await.expect("files are committed");
}

async fn tip(sim: &Simulator) -> CommitId {
    let log = sim.log("main").await.expect("a history");
    log[0].0.parse().expect("a commit id")
}

#[tokio::test]
async fn a_move_is_one_commit_that_renames_the_file_and_changes_no_blob() {
    let sim = simulator().await;
    with_files(&sim).await;
    let desk = Desk::new(&sim);
    let before = desk.sync().await.mainline;
    let commit = done(desk.promote("dev-a.md").await);
    assert_eq!(tip(&sim).await, commit);
    let work = clone(&sim).await;
    let show = git(&sim, work.path(), &["show", "--format=%P %an %ae", "--raw", "--no-abbrev", "-M100%", "HEAD"]).await;
    let mut lines = show.stdout.lines();
    let head = format!("{before} orchestrator orchestrator@users.noreply.github.com");
    assert_eq!(lines.next(), Some(head.as_str()));
    let changes: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert!(changes[0].contains(" R100\t") && changes[0].ends_with("processed/dev-a.md"), "{changes:?}");
    let message = &sim.log("main").await.expect("a history")[0].1;
    assert!(message.starts_with("planning: promote dev-a.md (#12) [skip ci]\n"), "{message}");
    let planning = desk.clone.planning(commit).expect("readable");
    assert_eq!(planning.processed.iter().map(|entry| &entry.name).collect::<Vec<_>>(), [&item("dev-a.md")]);
}

#[tokio::test]
async fn no_fetch_is_needed_to_see_an_own_push() {
    let sim = simulator().await;
    with_files(&sim).await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    let commit = done(desk.promote("dev-a.md").await);
    let calls = desk.clone.git_calls().count;
    let tips = desk.try_sync(Some(commit), None).await.expect("nothing to ask");
    assert_eq!((tips.mainline, desk.clone.git_calls().count), (commit, calls));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clones_that_move_different_files_at_once_both_do_and_history_stays_linear() {
    let sim = simulator().await;
    with_files(&sim).await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    two.sync().await;
    let (left, right) = tokio::join!(one.promote("dev-a.md"), two.promote("dev-b.md"));
    assert_ne!(done(left), done(right));
    let work = clone(&sim).await;
    let parents = git(&sim, work.path(), &["log", "--format=%p", "-3"]).await.stdout;
    assert!(parents.lines().all(|line| line.split(' ').count() == 1), "{parents}");
    let files = sim.list_files("main").await.expect("a tree");
    let queue: Vec<&String> =
        files.iter().filter(|path| path.contains("issue_queue/") && path.contains("dev-")).collect();
    assert_eq!(queue, ["planning/issue_queue/processed/dev-a.md", "planning/issue_queue/processed/dev-b.md"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clones_that_move_the_same_file_make_one_commit() {
    let sim = simulator().await;
    with_files(&sim).await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    two.sync().await;
    let before = sim.log("main").await.expect("a history").len();
    let (left, right) = tokio::join!(one.promote("dev-a.md"), two.promote("dev-a.md"));
    assert_eq!(done(left), done(right), "the loser finds it done");
    assert_eq!(sim.log("main").await.expect("a history").len(), before + 1);
}

#[tokio::test]
async fn a_persons_commit_in_between_is_kept_below_the_move() {
    let sim = simulator().await;
    with_files(&sim).await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    let theirs = sim.commit_files("main", &[("notes.txt", Some(b"mine"))], "a note").await.expect("committed");
    let commit = done(desk.promote("dev-a.md").await);
    let log = sim.log("main").await.expect("a history");
    assert_eq!([&log[0].0, &log[1].0], [&commit.to_string(), &theirs]);
    assert!(sim.read_file("main", "notes.txt").await.expect("a tree").is_some());
}

#[tokio::test]
async fn a_file_that_was_edited_deleted_or_doubled_since_is_not_moved() {
    let (further, doubled) = ("planning/issue_queue/complete/dev-a.md", "planning/issue_queue/processed/dev-a.md");
    let acts: [(&str, Option<&[u8]>, &str); 4] = [
        (A, Some(b"# Changed\n"), "was edited"),
        (A, None, "no longer there"),
        (further, Some(b"# A\n"), "also lies in complete/"),
        (doubled, Some(b"# A\n"), "lies in processed/ with other content"),
    ];
    for (path, content, reason) in acts {
        let sim = simulator().await;
        with_files(&sim).await;
        let desk = Desk::new(&sim);
        desk.sync().await;
        let theirs = sim.commit_files("main", &[(path, content)], "a person").await.expect("committed");
        let (why, refused) = not_done(desk.promote("dev-a.md").await);
        assert!(why.contains(reason) && !refused, "{why}");
        assert_eq!(tip(&sim).await.to_string(), theirs, "nothing was pushed");
    }
}

#[tokio::test]
async fn a_copy_that_a_move_in_two_steps_left_is_taken_away_in_one_commit() {
    let sim = simulator().await;
    with_files(&sim).await;
    let copy: (&str, Option<&[u8]>) = ("planning/issue_queue/processed/dev-a.md", Some(b"# A\n\nText\n"));
    sim.commit_files("main", &[copy], "half a move").await.expect("committed");
    let desk = Desk::new(&sim);
    let before = desk.sync().await.mainline;
    let commit = done(desk.promote("dev-a.md").await);
    let work = clone(&sim).await;
    let show = git(&sim, work.path(), &["show", "--format=%P", "--name-status", "HEAD"]).await.stdout;
    let lines: Vec<&str> = show.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, [before.to_string(), format!("D\t{A}")]);
    assert_eq!(done(desk.promote_again("dev-a.md", before).await), commit, "done twice is done once");
}

#[tokio::test]
async fn an_executable_file_stays_executable() {
    let sim = simulator().await;
    with_files(&sim).await;
    let work = clone(&sim).await;
    for args in [
        &["update-index", "--chmod=+x", A][..],
        &["commit", "-q", "-m", "executable"],
        &["push", "-q", "origin", "HEAD:main"],
    ] {
        let ran = git(&sim, work.path(), args).await;
        assert!(ran.ok, "{ran:?}");
    }
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.promote("dev-a.md").await);
    assert!(git(&sim, work.path(), &["fetch", "-q"]).await.ok);
    let path = "planning/issue_queue/processed/dev-a.md";
    let listed = git(&sim, work.path(), &["ls-tree", "origin/main", path]).await.stdout;
    assert!(listed.starts_with("100755 "), "{listed}");
}

#[tokio::test]
async fn a_protected_mainline_refuses_in_its_own_words_and_keeps_its_tip() {
    let sim = simulator().await;
    with_files(&sim).await;
    let desk = Desk::new(&sim);
    let before = desk.sync().await.mainline;
    sim.protect_mainline(true).await.expect("protected");
    let (why, refused) = not_done(desk.promote("dev-a.md").await);
    assert!(why.contains("GH006") && refused, "{why}");
    assert_eq!(tip(&sim).await, before);
    assert_eq!(desk.sync().await.mainline, before, "nor does the clone believe in it");
}

#[tokio::test]
async fn where_a_file_lay_is_told_from_the_commit_of_its_binding_on() {
    let sim = simulator().await;
    with_files(&sim).await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.promote("dev-a.md").await);
    let processed = "planning/issue_queue/processed/dev-a.md";
    let back: [(&str, Option<&[u8]>); 2] = [(processed, None), (A, Some(b"# A\n\nText\n"))];
    sim.commit_files("main", &back, "a person puts it back").await.expect("committed");
    let bound = desk.sync().await.mainline;
    let later: (&str, Option<&[u8]>) = ("notes.txt", Some(b"x"));
    sim.commit_files("main", &[later], "something else").await.expect("committed");
    let tip = desk.sync().await.mainline;
    let lay = |from| desk.clone.whereabouts(tip, &item("dev-a.md"), (crate::desk::now(), from)).expect("readable");
    assert_eq!(lay(Some(bound)).into_iter().collect::<Vec<_>>(), [Folder::Pending], "what was before counts no more");
    assert_eq!(lay(None).into_iter().collect::<Vec<_>>(), [Folder::Pending, Folder::Processed], "by the clock alone");
}

//! Queue files of a checkout that the mainline does not have like that.

use crate::desk::{Desk, item};
use crate::sim_client::{clone, commit, git, simulator};
use orchestrator::repo::{Checkout, DraftState, Drafts};
use orchestrator::sim::Simulator;
use std::path::Path;
use std::sync::Arc;

const PENDING: &str = "planning/issue_queue/pending";

struct Room {
    sim: Simulator,
    desk: Arc<Desk>,
    checkout: tempfile::TempDir,
}

impl Room {
    async fn new() -> Self {
        let sim = simulator().await;
        let names = ["dev-a.md", "dev-b.md"].map(|name| format!("{PENDING}/{name}"));
        let files: Vec<(&str, Option<&[u8]>)> =
            names.iter().map(|name| (name.as_str(), Some(&b"# One\n"[..]))).collect();
        sim.commit_files("main", &files, "two items").await.expect("committed");
        let (desk, checkout) = (Desk::new(&sim), clone(&sim).await);
        Self { sim, desk, checkout }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.checkout.path().join(PENDING).join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).expect("written");
    }

    async fn drafts(&self) -> Drafts {
        let tips = self.desk.sync().await;
        let planning = self.desk.clone.planning(tips.mainline).expect("the folder can be read");
        let checkout = Checkout::find(self.checkout.path()).expect("it can be read").expect("a checkout");
        checkout.drafts(&self.desk.clone, tips.mainline, &planning).expect("it can be read")
    }

    async fn told(&self) -> Vec<(String, String)> {
        let drafts = self.drafts().await;
        assert!(!drafts.more);
        drafts.list.iter().map(|draft| (draft.name.to_string(), draft.state.to_string())).collect()
    }

    async fn git(&self, arguments: &[&str]) {
        let ran = git(&self.sim, self.checkout.path(), arguments).await;
        assert!(ran.ok, "{ran:?}");
    }
}

fn told(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, why)| ((*name).to_owned(), (*why).to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_a_draft_until_the_mainline_has_it_and_every_step_is_told() {
    let room = Room::new().await;
    assert_eq!(room.told().await, [], "what the mainline has is no draft");
    room.write("dev-new.md", "# New\n");
    room.write("dev-a.md", "# One\n\nand more\n");
    let expected = [("dev-a.md", "changed since the mainline's"), ("dev-new.md", "not committed")];
    assert_eq!(room.told().await, told(&expected));
    room.git(&["add", "-A"]).await;
    assert_eq!(room.told().await, told(&expected), "the index is nobody's commit");
    room.git(&["commit", "-q", "-m", "a draft"]).await;
    let pushed = "committed, not pushed";
    assert_eq!(room.told().await, told(&[("dev-a.md", pushed), ("dev-new.md", pushed)]));
    room.git(&["push", "-q", "origin", "HEAD:main"]).await;
    assert_eq!(room.told().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_that_is_behind_has_no_drafts_but_what_somebody_changed_in_it() {
    let room = Room::new().await;
    room.desk.sync().await;
    room.desk.promote("dev-a.md").await;
    let other: (&str, Option<&[u8]>) = ("planning/issue_queue/pending/dev-b.md", Some(b"# Two\n"));
    room.sim.commit_files("main", &[other], "another text").await.expect("committed");
    assert_eq!(room.told().await, []);
    room.write("dev-a.md", "# One, but better\n");
    let used = "its name lies in processed/ on the mainline; save it under a new one";
    assert_eq!(room.told().await, told(&[("dev-a.md", used)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_not_be_promoted_is_told_with_its_reason_and_links_are_not_followed() {
    let room = Room::new().await;
    room.write("dev-empty.md", " \n");
    room.write("dev-long.md", "x".repeat(60_001));
    room.write("dev-bytes.md", b"\xff\xfe");
    room.write("README.md", "# not an item");
    room.write("notes.txt", "neither");
    std::os::unix::fs::symlink("/etc/hostname", room.path("dev-link.md")).expect("linked");
    let expected = [
        ("dev-bytes.md", "it is not UTF-8 text"),
        ("dev-empty.md", "it is empty"),
        ("dev-link.md", "it is not a regular file"),
        ("dev-long.md", "it has 60001 bytes; at most 60000 are taken"),
    ];
    assert_eq!(room.told().await, told(&expected));
    let drafts = room.drafts().await;
    let link = drafts.list.iter().find(|draft| draft.name == item("dev-link.md")).expect("it is told");
    assert!(matches!(link.state, DraftState::Quarantined { .. }));
    std::fs::remove_dir_all(room.checkout.path().join(PENDING)).expect("removed");
    assert_eq!(room.told().await, [], "a folder that is gone has none");
    let elsewhere = crate::folder::folder();
    std::fs::write(elsewhere.path().join("dev-x.md"), "# X").expect("written");
    std::os::unix::fs::symlink(elsewhere.path(), room.checkout.path().join(PENDING)).expect("linked");
    assert_eq!(room.told().await, [], "a link on the way is not followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn line_ends_that_git_was_told_to_change_make_no_draft_and_the_index_stays_as_it_is() {
    let room = Room::new().await;
    room.write("dev-a.md", "# One\r\n");
    let index = || std::fs::read(room.checkout.path().join(".git/index")).expect("an index");
    let before = index();
    assert_eq!(room.told().await, []);
    assert!(index() == before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linked_worktree_and_one_without_a_commit_are_read_too() {
    let room = Room::new().await;
    let linked = crate::folder::folder();
    let path = linked.path().join("w");
    room.git(&["worktree", "add", "-q", "-b", "side", path.to_str().expect("a plain path")]).await;
    commit(&room.sim, &path, &format!("{PENDING}/dev-side.md"), "# Side\n").await;
    let of = |folder: &Path| Checkout::find(folder).expect("it can be read").expect("a checkout");
    let tips = room.desk.sync().await;
    let planning = room.desk.clone.planning(tips.mainline).expect("the folder can be read");
    let drafts = of(&path).drafts(&room.desk.clone, tips.mainline, &planning).expect("it can be read");
    assert_eq!(drafts.list.len(), 1);
    assert_eq!(drafts.list[0].state, DraftState::NotPushed);
    let empty = crate::folder::folder();
    assert!(git(&room.sim, empty.path(), &["init", "-q"]).await.ok);
    let drafts = of(empty.path()).drafts(&room.desk.clone, tips.mainline, &planning).expect("it can be read");
    assert_eq!(drafts, Drafts::default());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shallow_or_partial_checkout_and_one_in_a_linked_worktree_are_read_like_any_other() {
    let room = Room::new().await;
    commit(&room.sim, room.checkout.path(), "more.txt", "more").await;
    room.git(&["push", "-q", "origin", "HEAD:main"]).await;
    let url = room.sim.git_url();
    let ways: [&[&str]; 4] = [
        &["clone", "-q", "--depth=1", &url, "work"],
        &["clone", "-q", "--filter=blob:none", &url, "work"],
        &["clone", "-q", "--filter=tree:0", "--sparse", &url, "work"],
        &["worktree", "add", "-q", "--detach", "linked"],
    ];
    for way in ways {
        let folder =
            if way[0] == "worktree" { room.checkout.path().to_owned() } else { crate::folder::folder().keep() };
        let ran = git(&room.sim, &folder, way).await;
        assert!(ran.ok, "{way:?}: {ran:?}");
        let work = folder.join(if way[0] == "worktree" { "linked" } else { "work" });
        std::fs::create_dir_all(work.join(PENDING)).expect("a folder");
        std::fs::write(work.join(PENDING).join("dev-new.md"), "# New\n").expect("written");
        let found = Checkout::find(&work).expect("it can be read").expect("a checkout");
        assert_eq!(found.origin.as_deref(), Some(url.as_str()), "{way:?}");
        let tips = room.desk.sync().await;
        let planning = room.desk.clone.planning(tips.mainline).expect("the folder can be read");
        let drafts = found.drafts(&room.desk.clone, tips.mainline, &planning).expect("it can be read");
        let names: Vec<String> = drafts.list.iter().map(|draft| format!("{}: {}", draft.name, draft.state)).collect();
        assert!(names.contains(&"dev-new.md: not committed".to_owned()), "{way:?}: {names:?}");
        if way[0] != "worktree" {
            std::fs::remove_dir_all(&folder).expect("removed");
        }
    }
}

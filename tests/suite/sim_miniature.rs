//! The simulator in memory: copies, pushes by compare-and-set, merges by file.

use jiff::Timestamp;
use orchestrator::sim::world::MergeMethod;
use orchestrator::sim::{Edit, Miniature, Options, Push, PushRule, Pushed, Signature};

fn begun() -> Miniature {
    Miniature::new(&Options::default()).expect("the sample")
}

#[test]
fn a_copy_is_independent() {
    let mut one = begun();
    let mut other = one.clone();
    let viewer = one.world(|world| world.viewer());
    one.commit_files("main", &[("a.txt", Some(b"a"))], "a").expect("a commit");
    other.commit_files("main", &[("b.txt", Some(b"b"))], "b").expect("a commit");
    one.world(|world| world.open_issue(viewer, Default::default(), None)).expect_err("it has no title");
    assert!(one.read_file("main", "b.txt").expect("read").is_none());
    assert!(other.read_file("main", "a.txt").expect("read").is_none());
    assert_eq!(other.log("main").expect("a log").len(), 2);
}

#[test]
fn of_two_pushes_that_expect_the_same_one_is_stale_and_a_protected_mainline_refuses() {
    let mut sim = begun();
    let (by, tip) = sim.world(|world| (world.viewer(), world.branch("main").map(str::to_owned)));
    let signature = Signature::github();
    let edits = [Edit::Move { from: "README.md".to_owned(), to: "READ.md".to_owned() }];
    let push = Push {
        by,
        reference: "refs/heads/main",
        expected: tip.as_deref(),
        edits: &edits,
        message: "move",
        signature: &signature,
        at: Timestamp::UNIX_EPOCH,
    };
    assert!(matches!(sim.push(push), Ok(Pushed::Accepted { bypassed: None, .. })));
    assert!(matches!(sim.push(push), Ok(Pushed::Stale)));
    let tip = sim.world(|world| world.branch("main").map(str::to_owned));
    assert!(sim.read_file("main", "READ.md").is_ok_and(|file| file.is_some()));
    sim.protect_mainline(true);
    let refused = sim.push(Push { expected: tip.as_deref(), ..push }).expect("an answer");
    assert!(matches!(refused, Pushed::Refused { rule: PushRule::PullRequest, why } if why.starts_with("GH006")));
}

#[test]
fn two_changes_of_one_file_conflict_and_of_two_files_merge() {
    let mut sim = begun();
    let viewer = sim.world(|world| world.viewer());
    for (branch, path) in [("one", "one.txt"), ("two", "two.txt"), ("three", "one.txt")] {
        let content = branch.as_bytes();
        sim.commit_files(branch, &[(path, Some(content))], branch).expect("a commit");
        sim.open_pull(viewer, branch, branch, "").expect("a pull request");
    }
    sim.merge_pull(viewer, 1, MergeMethod::Merge).expect("merged");
    sim.merge_pull(viewer, 2, MergeMethod::Rebase).expect("merged");
    sim.merge_pull(viewer, 3, MergeMethod::Squash).expect_err("a conflict");
    let log = sim.log("main").expect("a log");
    assert_eq!(log.len(), 4, "{log:?}");
    assert_eq!(
        sim.world(|world| world.pull(2).map(|(_, pull)| pull.diff.files.clone())),
        Some(vec!["two.txt".to_owned()])
    );
}

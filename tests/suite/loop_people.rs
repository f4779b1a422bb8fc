//! People beside the loop: a pull request of their own, a changed goal, an issue closed as not planned.

use crate::stage::Stage;
use orchestrator::model::{ItemOutcome, Key, Outcome};
use orchestrator::sim::world::StateReason;
use orchestrator::sim::{IssueKind, Options, Script};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_goal_ends_the_rest_and_nothing_is_asked_before() {
    let stage = Stage::new().await;
    stage.sim.script_kind(IssueKind::GapAnalysis, Script::NoChange);
    let cycles = stage.settle(60).await;
    assert!(matches!(cycles.last().map(|cycle| &cycle.decision.outcome), Some(Outcome::Rest { .. })));
    let writes = stage.engine.forge.spent().writes;
    assert!(matches!(stage.cycle().await.decision.outcome, Outcome::Rest { .. }));
    assert_eq!(stage.engine.forge.spent().writes, writes);
    let goal: (&str, Option<&[u8]>) = ("planning/vision/goal.md", Some(b"# Goal\n\n## Something else\n"));
    stage.sim.commit_files("main", &[goal], "another goal").await.expect("the goal is pushed");
    let woken = stage.cycle().await;
    assert!(woken.moved() && matches!(woken.decision.outcome, Outcome::Act { .. }), "{:?}", woken.decision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_pull_request_that_closes_the_issue_is_not_merged_by_us() {
    let mut options = Options::default();
    options.project.push(("planning/issue_queue/pending/dev-1.md".to_owned(), b"# One".to_vec()));
    let stage = Stage::with(options).await;
    stage.sim.script_kind(IssueKind::Development, Script::NeverStart);
    stage.cycle().await;
    let promoted = stage.cycle().await;
    assert!(promoted.moved(), "{:?}", promoted.decision);
    let viewer = stage.sim.world(|world| world.viewer());
    stage.sim.commit_files("mine", &[("notes.txt", Some(b"x"))], "notes").await.expect("a branch");
    let pull = stage.sim.open_pull(viewer, "mine", "My own", "Fixes #1").await.expect("a pull request");
    let reviewer = stage.sim.world(|world| world.person("reviewer", orchestrator::sim::world::Permission::Write));
    stage.sim.world(|world| world.request_review(viewer, pull, reviewer));
    for _ in 0..5 {
        stage.cycle().await;
    }
    let cycle = stage.cycle().await;
    let vetoed = matches!(&cycle.decision.outcome, Outcome::Blocked { vetoes } if vetoes.iter().any(|veto| veto.guardrail == "author"));
    assert!(vetoed, "{:?}", cycle.decision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_closed_as_not_planned_drops_its_item_without_a_capability_update() {
    let mut options = Options::default();
    options.project.push(("planning/issue_queue/pending/dev-1.md".to_owned(), b"# One".to_vec()));
    let stage = Stage::with(options).await;
    stage.cycle().await;
    stage.cycle().await;
    let viewer = stage.sim.world(|world| world.viewer());
    stage.sim.world(|world| world.close(1, viewer, Some(StateReason::NotPlanned)));
    let dropped = stage.cycle().await;
    assert!(dropped.moved(), "{:?}", dropped.decision);
    let next = stage.cycle().await;
    let ledger = next.snapshot.ledger.expect("a ledger");
    let outcomes: Vec<_> =
        ledger.bindings.values().filter(|b| matches!(b.key, Key::Item(_))).map(|b| b.outcome.clone()).collect();
    assert_eq!(outcomes, [Some(ItemOutcome::Dropped)]);
    assert!(!ledger.bindings.keys().any(|key| matches!(key, Key::Capability(_))));
    assert_eq!(next.snapshot.planning.complete.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_pull_request_that_a_person_closes_is_declined_and_not_asked_again() {
    let stage = Stage::new().await;
    stage.cycle().await;
    assert!(stage.cycle().await.moved(), "the gap analysis is asked");
    stage.sim.step_agent().await.expect("the agent works");
    let viewer = stage.sim.world(|world| world.viewer());
    stage.sim.world(|world| world.close(2, viewer, None));
    let cycles = stage.settle(20).await;
    let last = cycles.last().expect("cycles");
    assert!(matches!(last.decision.outcome, Outcome::Rest { .. }), "{:?}", last.decision);
    assert!(last.decision.reason.contains("a person closed the gap analysis #1"), "{}", last.decision.reason);
    let outcomes: Vec<_> = last.snapshot.ledger.iter().flat_map(|l| l.bindings.values().map(|b| &b.outcome)).collect();
    assert_eq!(outcomes, [&Some(ItemOutcome::Declined)]);
    assert_eq!(stage.sim.requests().count("POST", "/issues"), 1);
    assert!(!stage.sim.world(|world| world.subjects().any(|s| s.number == 1 && s.is_open())), "its issue is closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_dropped_is_no_reached_goal_the_question_is_asked_again() {
    let stage = Stage::new().await;
    let mut dropped = false;
    for _ in 0..60 {
        let cycle = stage.cycle().await;
        let gaps: Vec<u32> =
            cycle.snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.keys()).filter_map(asked).collect();
        if gaps.contains(&2) {
            assert!(dropped && gaps == [1, 2], "{gaps:?}");
            return;
        }
        let promoted = cycle.decision.stage.code() == "2a" && cycle.moved();
        if promoted && !dropped {
            let viewer = stage.sim.world(|world| world.viewer());
            stage.sim.world(|world| world.close(3, viewer, Some(StateReason::NotPlanned)));
            dropped = true;
        }
        assert!(!matches!(cycle.decision.outcome, Outcome::Rest { .. }), "{:?}", cycle.decision);
        stage.sim.step_agent().await.expect("the agent works");
    }
    panic!("the question was not asked again");
}

fn asked(key: &Key) -> Option<u32> {
    match key {
        Key::Gap { n, .. } => Some(*n),
        Key::Item(_) | Key::Capability(_) => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_capability_update_without_a_change_is_closed_and_the_loop_goes_on() {
    let stage = Stage::new().await;
    stage.sim.script_kind(IssueKind::UpdateCapability, Script::NoChange);
    for _ in 0..80 {
        let cycle = stage.cycle().await;
        let ledger = cycle.snapshot.ledger.clone().unwrap_or_default();
        let unchanged = ledger.bindings.values().any(|binding| {
            matches!(binding.key, Key::Capability(_)) && binding.outcome == Some(ItemOutcome::Unchanged)
        });
        if unchanged {
            // The document is as it was, so the same question is asked once more: the gap may still be there.
            let mut gaps: Vec<u32> = ledger.bindings.keys().filter_map(asked).collect();
            gaps.sort_unstable();
            assert!(gaps == [1] || gaps == [1, 2], "{gaps:?}");
            assert!(!stage.sim.world(|world| world.subjects().any(|s| matches!(s.number, 5 | 6) && s.is_open())));
            if gaps == [1, 2] {
                return;
            }
        }
        stage.sim.step_agent().await.expect("the agent works");
    }
    panic!("the loop did not go on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_pull_request_that_only_mentions_the_issue_is_left_alone() {
    let mut options = Options::default();
    options.project.push(("planning/issue_queue/pending/dev-1.md".to_owned(), b"# One".to_vec()));
    let stage = Stage::with(options).await;
    stage.sim.script_kind(IssueKind::Development, Script::NeverStart);
    stage.cycle().await;
    assert!(stage.cycle().await.moved());
    let (viewer, reviewer) = stage
        .sim
        .world(|world| (world.viewer(), world.person("reviewer", orchestrator::sim::world::Permission::Write)));
    stage.sim.commit_files("mine", &[("notes.txt", Some(b"x"))], "notes").await.expect("a branch");
    let pull = stage.sim.open_pull(viewer, "mine", "My own", "Related to #1").await.expect("a pull request");
    stage.sim.world(|world| world.request_review(viewer, pull, reviewer));
    for _ in 0..5 {
        let cycle = stage.cycle().await;
        assert!(!cycle.moved(), "{:?}", cycle.done);
        assert!(matches!(cycle.decision.outcome, Outcome::Wait { .. }), "{:?}", cycle.decision);
        assert!(cycle.decision.reason.contains("has not opened a pull request for #1"), "{}", cycle.decision.reason);
    }
    assert_eq!(stage.sim.requests().count("PUT", "/merge"), 0);
}

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

//! The whole loop, walked on the real wire and a real git remote.

use crate::stage::Stage;
use orchestrator::model::{ItemOutcome, Key, Outcome};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_project_reaches_its_goal_and_rests() {
    let stage = Stage::new().await;
    let cycles = stage.settle(120).await;
    let last = cycles.last().expect("at least one cycle");
    assert!(matches!(last.decision.outcome, Outcome::Rest { .. }), "{:?}", last.decision);
    let ledger = last.snapshot.ledger.as_ref().expect("a ledger");
    let merged = ledger
        .bindings
        .values()
        .filter(|binding| matches!(binding.key, Key::Item(_)) && binding.outcome == Some(ItemOutcome::Merged));
    assert_eq!(merged.count(), 2);
}

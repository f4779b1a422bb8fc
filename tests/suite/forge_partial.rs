//! What GitHub tells in part on the wire: what is used of it, what people are told, and what nothing is decided about.

use crate::forge_client::{client, done, text};
use crate::sim_client::simulator;
use orchestrator::model::Question;
use orchestrator::sim::world::Permission;
use orchestrator::sim::{Accident, AccidentKind, Alteration, Simulator};

/// The next answer to a query lacks this part, which the token may not see.
fn withhold(sim: &Simulator, query: &str, pointer: &str) {
    sim.arrange(Accident::at(query, AccidentKind::Altered(Alteration::Withheld(pointer.to_owned()))));
}

#[tokio::test]
async fn a_team_that_may_not_be_seen_is_asked_for_a_review_all_the_same() {
    let sim = simulator().await;
    let issue = done(client(&sim).create_issue(&text("dev-a.md")).await);
    sim.commit_files("work", &[("work.txt", Some(b"work"))], "work").await.expect("committed");
    let viewer = sim.world(|world| world.viewer());
    let pull = sim.open_pull(viewer, "work", "Work", &format!("Fixes #{}", issue.number.0)).await.expect("opened");
    sim.world(|world| {
        let reviewer = world.person("reviewer", Permission::Write);
        world.request_review(viewer, pull, reviewer);
    });
    withhold(&sim, "query Observe", "/data/unsettled/0/links/nodes/0/reviewRequests/nodes/0/requestedReviewer");
    let question = Question { unsettled: vec![issue.node], settled: Vec::new() };
    let facts = client(&sim).observe(&question).await.expect("observed");
    assert_eq!(facts.bound[0].unread, None, "the issue is decided about");
    assert!(facts.bound[0].pulls[0].review_requested, "whoever it is");
    assert_eq!(facts.partial.len(), 1);
    assert!(facts.partial[0].contains("organisation members: read, or `read:org`"), "{:?}", facts.partial);
}

//! What happens behind a client's back: lists that lag, an issue that moves away, a mainline that is pushed back.

use crate::sim_client::{graphql, repo, simulator};
use jiff::SignedDuration;
use orchestrator::sim::{Miniature, Options, Simulator};
use serde_json::{Value, json};

const LIST: &str = "{ repository(owner: \"maintainer\", name: \"tally\") {
    issues(first: 10, states: [OPEN]) { totalCount } issue(number: 1) { number } } }";

async fn listed(sim: &Simulator) -> (usize, u64) {
    let rest = repo(sim, "GET", "/issues?state=all", Value::Null).await.body.as_array().map_or(0, Vec::len);
    let graph = graphql(sim, LIST, json!({})).await;
    assert_eq!(graph["data"]["repository"]["issue"]["number"], 1, "by its number it is there at once");
    (rest, graph["data"]["repository"]["issues"]["totalCount"].as_u64().expect("a count"))
}

#[tokio::test]
async fn lists_lag_and_numbers_do_not() {
    let now = "2026-11-24T08:00:00Z".parse().expect("a literal time");
    let sim = Simulator::start(Options { now: Some(now), ..Options::default() }).await.expect("it starts");
    sim.world(|world| world.settings.list_lag = SignedDuration::from_secs(30));
    let made = repo(&sim, "POST", "/issues", json!({"title": "New", "body": ""})).await;
    assert_eq!(made.status, 201);
    assert_eq!(listed(&sim).await, (0, 0));
    assert_eq!(repo(&sim, "GET", "/issues/1", Value::Null).await.status, 200);
    sim.advance(SignedDuration::from_secs(30));
    assert_eq!(listed(&sim).await, (1, 1));
}

#[tokio::test]
async fn a_transferred_issue_is_elsewhere_by_its_id_and_its_number_leads_there() {
    let sim = simulator().await;
    let made = repo(&sim, "POST", "/issues", json!({"title": "Moves"})).await;
    let id = made.body["node_id"].clone();
    sim.world(|world| world.transfer_issue(1, "somebody/else")).expect("an issue");
    for (method, path) in [("GET", "/issues/1"), ("PATCH", "/issues/1"), ("GET", "/issues/1/timeline")] {
        assert_eq!(repo(&sim, method, path, json!({})).await.status, 301, "{method} {path}");
    }
    let query = "query By($id: ID!) { node(id: $id) { ... on Issue { title repository { nameWithOwner } } } }";
    let found = graphql(&sim, query, json!({"id": id})).await;
    assert_eq!(found["data"]["node"], json!({"title": "Moves", "repository": {"nameWithOwner": "somebody/else"}}));
    let next = repo(&sim, "POST", "/issues", json!({"title": "Next"})).await;
    assert_eq!(next.body["number"], 2, "its number is not given out again");
}

#[tokio::test]
async fn an_administrator_pushes_the_mainline_back_in_both_simulators() {
    let sim = simulator().await;
    let first = sim.world(|world| world.branch("main").map(str::to_owned)).expect("a mainline");
    sim.commit_files("main", &[("a.txt", Some(b"a"))], "a").await.expect("a commit");
    sim.protect_mainline(true).await.expect("protected");
    sim.force_push("main", &first).await.expect("pushed back");
    assert_eq!(sim.world(|world| world.branch("main").map(str::to_owned)), Some(first));
    assert_eq!(sim.log("main").await.expect("a log").len(), 1);

    let mut sim = Miniature::new(&Options::default()).expect("it begins");
    let first = sim.world(|world| world.branch("main").map(str::to_owned)).expect("a mainline");
    sim.commit_files("main", &[("a.txt", Some(b"a"))], "a").expect("a commit");
    sim.force_push("main", &first).expect("pushed back");
    assert_eq!(sim.world(|world| world.branch("main").map(str::to_owned)), Some(first));
    assert_eq!(sim.log("main").expect("a log").len(), 1);
}

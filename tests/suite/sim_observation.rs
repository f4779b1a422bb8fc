//! A client's whole observation against the simulator: every field is answered, and truthfully.

use orchestrator::sim::Simulator;
use orchestrator::sim::world::{CheckResult, Permission, ReviewState};
use serde_json::{Value, json};

use crate::sim_client::{repo, send, simulator};

const DOCUMENT: &str = include_str!("sim_observation.graphql");

async fn ask(sim: &Simulator, operation: &str, mut variables: Value) -> Value {
    variables["owner"] = json!("maintainer");
    variables["name"] = json!("tally");
    let body = json!({"query": DOCUMENT, "operationName": operation, "variables": variables});
    let reply = send(sim, "POST", "/graphql", body).await;
    assert!(reply.body.get("errors").is_none(), "{}", reply.body["errors"]);
    reply.body["data"].clone()
}

/// An issue that the agent has worked on, with a review, a check and a discussion.
async fn busy() -> Simulator {
    let sim = simulator().await;
    repo(&sim, "POST", "/issues", json!({"title": "Add Top words", "labels": ["Development"]})).await;
    let agent = json!({"assignees": ["copilot-swe-agent[bot]"]});
    repo(&sim, "POST", "/issues/1/assignees", agent).await;
    for _ in 0..3 {
        sim.step_agent().await.unwrap();
    }
    let head = sim.world(|world| {
        let person = world.person("reviewer", Permission::Write);
        world.comment(person, 2, "Nice.").unwrap();
        world.review(person, 2, ReviewState::Approved, "Good.").unwrap();
        world.review_thread(person, 2, "tally/commands/top.py", "Why ten?").unwrap();
        world.pull(2).unwrap().1.head_oid.clone()
    });
    sim.report_check(&head, "build", CheckResult::Success);
    sim.report_check(&head, "lint", CheckResult::Pending);
    sim
}

#[tokio::test]
async fn every_field_is_answered() {
    let sim = busy().await;
    let ids = sim.world(|world| [1, 2].map(|number| world.subject(number).unwrap().node_id.clone()));
    let data =
        ask(&sim, "Observe", json!({"issueIds": [ids[0]], "pullIds": [ids[1]], "labels": ["Development"]})).await;
    assert_eq!(
        data["rateLimit"]["cost"], 2,
        "4 + 6 by id, 81 of issues, 121 of pull requests, 1 of actors: 213 requests"
    );
    let [issue, pull] = [&data["bound"][0], &data["heads"][0]];
    assert_eq!(issue["timelineItems"]["totalCount"], 3);
    assert_eq!(issue["timelineItems"]["nodes"][1]["assignee"]["databaseId"], 198_982_749);
    assert_eq!(issue["timelineItems"]["nodes"][1]["actor"]["login"], "maintainer");
    assert_eq!(issue["timelineItems"]["nodes"][2]["willCloseTarget"], true);
    assert_eq!(issue["closedByPullRequestsReferences"]["nodes"][0]["author"]["login"], "copilot-swe-agent");
    assert_eq!(pull["author"]["databaseId"], 198_982_749);
    assert_eq!((pull["state"].as_str(), pull["changedFiles"].as_u64()), (Some("OPEN"), Some(2)));
    assert_eq!(pull["reviewRequests"]["totalCount"], 1);
    assert_eq!(pull["latestOpinionatedReviews"]["nodes"][0]["state"], "APPROVED");
    assert_eq!(pull["reviewDecision"], Value::Null, "no rule requires a review");
    assert_eq!(pull["statusCheckRollup"]["state"], "PENDING");
    assert_eq!(pull["statusCheckRollup"]["contexts"]["checkRunCountsByState"].as_array().map(Vec::len), Some(2));
    let kinds: Vec<&str> = pull["timelineItems"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|node| node["__typename"].as_str())
        .collect();
    assert_eq!(kinds, ["RenamedTitleEvent", "ReviewRequestedEvent"]);
    assert_eq!(data["repository"]["issues"]["totalCount"], 1);
    assert_eq!(data["repository"]["ledger"], Value::Null);
}

#[tokio::test]
async fn the_gate_and_the_discussion_are_told() {
    let sim = busy().await;
    let gate = ask(&sim, "PullGate", json!({"number": 2})).await;
    let pull = &gate["repository"]["pullRequest"];
    assert_eq!(pull["mergeStateStatus"], "UNKNOWN");
    let names: Vec<&str> = pull["statusCheckRollup"]["contexts"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|node| node["name"].as_str())
        .collect();
    assert_eq!(names, ["build", "lint"]);
    assert_eq!(pull["commits"]["nodes"][0]["commit"]["messageHeadline"], "Add Top words");
    let gate = ask(&sim, "PullGate", json!({"number": 2})).await;
    assert_eq!(gate["repository"]["pullRequest"]["mergeable"], "MERGEABLE");
    assert_eq!(gate["repository"]["pullRequest"]["mergeStateStatus"], "DRAFT");

    let told = ask(&sim, "PullDiscussion", json!({"number": 2})).await;
    let pull = &told["repository"]["pullRequest"];
    assert_eq!(pull["comments"]["nodes"][0]["authorAssociation"], "COLLABORATOR");
    assert_eq!(pull["reviews"]["nodes"][0]["body"], "Good.");
    assert_eq!(pull["reviewThreads"]["nodes"][0]["comments"]["nodes"][0]["path"], "tally/commands/top.py");
}

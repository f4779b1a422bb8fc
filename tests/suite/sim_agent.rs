//! The simulated agent, and the whole way of an issue.

use orchestrator::sim::world::{StateReason, What};
use orchestrator::sim::{AgentEvent, IssueKind, Script, Simulator};
use serde_json::{Value, json};

use crate::sim_client::{graphql, repo, simulator};

/// Creates an issue with a label and assigns the agent; returns its number.
async fn ask(sim: &Simulator, label: &str, title: &str, body: &str) -> u64 {
    let issue = json!({"title": title, "body": body, "labels": [label]});
    let number = repo(sim, "POST", "/issues", issue).await.body["number"].as_u64().unwrap();
    let agent = json!({"assignees": ["copilot-swe-agent[bot]"], "agent_assignment": {"base_branch": "main"}});
    let reply = repo(sim, "POST", &format!("/issues/{number}/assignees"), agent).await;
    assert_eq!(reply.status, 201);
    number
}

/// Runs the agent until it is done; returns the pull request.
async fn run(sim: &Simulator) -> (u64, Vec<String>) {
    let (mut pull, mut changed) = (0, Vec::new());
    for _ in 0..3 {
        for event in sim.step_agent().await.unwrap() {
            match event {
                AgentEvent::Started { pull: number, .. } => pull = number,
                AgentEvent::Pushed { paths, .. } => changed = paths,
                AgentEvent::Finished { .. } | AgentEvent::ChangedNothing { .. } => {}
                other => panic!("unexpected {other:?}"),
            }
        }
    }
    (pull, changed)
}

async fn mark_ready(sim: &Simulator, pull: u64) -> Value {
    let id = sim.world(|world| world.subject(pull).map(|subject| subject.node_id.clone()));
    let query = "mutation MarkReady($pullRequestId: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $pullRequestId }) {
        pullRequest { id isDraft mergeable mergeStateStatus headRefOid } } }";
    graphql(sim, query, json!({"pullRequestId": id})).await
}

async fn squash(sim: &Simulator, pull: u64) {
    let reply = repo(sim, "PUT", &format!("/pulls/{pull}/merge"), json!({"merge_method": "squash"})).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn the_whole_way_of_both_sections_reaches_the_goal() {
    let sim = simulator().await;
    for (slug, title) in [("top-words", "Top words"), ("reading-time", "Reading time")] {
        ask(&sim, "Gap Analysis", "Identify the next most important development gap", "").await;
        let (pull, changed) = run(&sim).await;
        assert_eq!(changed, [format!("planning/issue_queue/pending/dev-20261124080000-{slug}.md")]);
        mark_ready(&sim, pull).await;
        squash(&sim, pull).await;
        let file = sim.read_file("main", &changed[0]).await.unwrap().unwrap();
        assert_eq!(String::from_utf8(file).unwrap().lines().next(), Some(format!("# Add {title}").as_str()));

        let issue = ask(&sim, "Development", &format!("Add {title}"), "<!-- hidden: Reading time -->\nDo it.").await;
        let (pull, changed) = run(&sim).await;
        assert_eq!(changed.len(), 2);
        mark_ready(&sim, pull).await;
        squash(&sim, pull).await;
        assert!(sim.world(|world| world.subject(issue).unwrap().reason) == Some(StateReason::Completed));

        let name = format!("Update system capabilities based on merged PR #{pull}");
        ask(&sim, "Update Capability", &name, "What it can do now.").await;
        let (pull, changed) = run(&sim).await;
        assert_eq!(changed, ["planning/state/system_capabilities.md"]);
        mark_ready(&sim, pull).await;
        squash(&sim, pull).await;
    }
    ask(&sim, "Gap Analysis", "Identify the next most important development gap", "").await;
    let (pull, changed) = run(&sim).await;
    assert_eq!(changed, Vec::<String>::new());
    assert_eq!(repo(&sim, "GET", &format!("/pulls/{pull}"), Value::Null).await.body["changed_files"], 0);
    let paths = sim.list_files("main").await.unwrap();
    assert!(paths.iter().any(|path| path == "tally/commands/top.py"));
    assert!(paths.iter().any(|path| path == "tests/test_time.py"));
}

#[tokio::test]
async fn the_three_steps_look_as_at_github() {
    let sim = simulator().await;
    let issue = ask(&sim, "Development", "Add Top words", "").await;
    let started = sim.step_agent().await.unwrap();
    let branch = "copilot/add-top-words-1".to_owned();
    assert_eq!(started, [AgentEvent::Started { issue: Some(issue), pull: 2, branch: branch.clone() }]);
    let pull = repo(&sim, "GET", "/pulls/2", Value::Null).await.body;
    assert_eq!(
        (pull["title"].as_str(), &pull["draft"], pull["changed_files"].as_u64()),
        (Some("[WIP] Add Top words"), &json!(true), Some(0))
    );
    assert_eq!((pull["user"]["id"].as_u64(), pull["head"]["ref"].as_str()), (Some(198_982_749), Some(branch.as_str())));
    assert!(pull["body"].as_str().unwrap().contains("Fixes maintainer/tally#1"));
    assert_eq!(repo(&sim, "PUT", "/pulls/2/merge", json!({})).await.body["message"], "Pull Request is still a draft");

    let pushed = sim.step_agent().await.unwrap();
    assert!(matches!(&pushed[..], [AgentEvent::Pushed { pull: 2, .. }]), "{pushed:?}");
    assert_eq!(sim.step_agent().await.unwrap(), [AgentEvent::Finished { pull: 2 }]);
    assert_eq!(sim.step_agent().await.unwrap(), []);
    let pull = repo(&sim, "GET", "/pulls/2", Value::Null).await.body;
    assert_eq!((pull["title"].as_str(), &pull["draft"]), (Some("Add Top words"), &json!(true)));
    assert_eq!(pull["requested_reviewers"][0]["login"], "maintainer");
    let timeline = repo(&sim, "GET", "/issues/2/timeline?per_page=100", Value::Null).await.body;
    let lifecycle: Vec<(&str, &str, &str)> = timeline
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["event"].as_str().is_some_and(|event| event.starts_with("copilot_")))
        .map(|entry| {
            let text = |value: &'_ Value| -> &str { Box::leak(value.as_str().unwrap().to_owned().into_boxed_str()) };
            (text(&entry["event"]), text(&entry["actor"]["login"]), text(&entry["performed_via_github_app"]["slug"]))
        })
        .collect();
    assert_eq!(
        lifecycle,
        [
            ("copilot_work_started", "maintainer", "copilot-swe-agent"),
            ("copilot_work_finished", "maintainer", "copilot-swe-agent"),
        ]
    );

    let ready = mark_ready(&sim, 2).await;
    let shown = &ready["data"]["markPullRequestReadyForReview"]["pullRequest"];
    assert_eq!((&shown["isDraft"], shown["mergeable"].as_str()), (&json!(false), Some("MERGEABLE")), "{ready}");
    let again = mark_ready(&sim, 2).await;
    assert_eq!(again["errors"][0]["type"], "UNPROCESSABLE");
}

#[tokio::test]
async fn the_links_between_issue_and_pull_request_show_in_graphql() {
    let sim = simulator().await;
    ask(&sim, "Development", "Add Top words", "").await;
    let (pull, _) = run(&sim).await;
    mark_ready(&sim, pull).await;
    squash(&sim, pull).await;
    let query = "{ repository(owner: \"maintainer\", name: \"tally\") { issue(number: 1) {
        state stateReason closedAt assignedActors(first: 10) { nodes { __typename ... on Bot { databaseId } } }
        assignees(first: 5) { totalCount }
        closedByPullRequestsReferences(first: 5, includeClosedPrs: true) { nodes { number merged state mergeCommit { oid } } }
        timelineItems(last: 20) { nodes { __typename
            ... on AssignedEvent { actor { login } assignee { __typename ... on Bot { databaseId } } }
            ... on CrossReferencedEvent { willCloseTarget source { __typename ... on PullRequest { number } } }
            ... on ClosedEvent { stateReason closer { __typename } } } } }
        pullRequest(number: 2) { closingIssuesReferences(first: 5) { nodes { number } } headRef { target { oid ... on Commit {
            committedDate statusCheckRollup { state } } } } timelineItems(first: 30) { nodes { __typename } } } } }";
    let body = graphql(&sim, query, json!({})).await;
    assert!(body.get("errors").is_none(), "{body}");
    let issue = &body["data"]["repository"]["issue"];
    assert_eq!((issue["state"].as_str(), issue["stateReason"].as_str()), (Some("CLOSED"), Some("COMPLETED")));
    assert_eq!(issue["assignedActors"]["nodes"], json!([{"__typename": "Bot", "databaseId": 198_982_749}]));
    assert_eq!(issue["assignees"]["totalCount"], 0);
    assert_eq!(issue["closedByPullRequestsReferences"]["nodes"][0]["merged"], true);
    let kinds: Vec<&str> = issue["timelineItems"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|node| node["__typename"].as_str())
        .collect();
    assert_eq!(kinds, ["LabeledEvent", "AssignedEvent", "CrossReferencedEvent", "ClosedEvent"]);
    assert_eq!(body["data"]["repository"]["pullRequest"]["closingIssuesReferences"]["nodes"][0]["number"], 1);
}

#[tokio::test]
async fn scripts_change_how_a_session_goes() {
    let sim = simulator().await;
    sim.script_kind(IssueKind::Development, Script::DieAfterStart);
    let one = ask(&sim, "Development", "Add Top words", "").await;
    sim.step_agent().await.unwrap();
    let died = sim.step_agent().await.unwrap();
    assert!(matches!(&died[..], [AgentEvent::Failed { .. }]), "{died:?}");
    let timeline = repo(&sim, "GET", "/issues/2/timeline", Value::Null).await.body;
    let last = timeline.as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "copilot_work_finished_failure");
    assert!(last["failure_message"].as_str().unwrap().starts_with("Copilot has encountered an error"));

    sim.script_issue(one, Script::TouchPolicy);
    repo(&sim, "POST", "/issues/2/comments", json!({"body": "@copilot please go on"})).await;
    let (pull, changed) = run(&sim).await;
    assert_eq!(pull, 2);
    assert!(changed.iter().any(|path| path == "planning/orchestrator.toml"), "{changed:?}");

    let never = ask(&sim, "Gap Analysis", "Gap", "").await;
    sim.script_issue(never, Script::NeverStart);
    assert_eq!(sim.step_agent().await.unwrap(), []);
    sim.world(|world| {
        let viewer = world.viewer();
        world.close(never, viewer, Some(StateReason::NotPlanned));
    });
    assert_eq!(sim.step_agent().await.unwrap(), [AgentEvent::Stopped { issue: Some(never), pull: None }]);

    let third = ask(&sim, "Development", "Add Reading time", "").await;
    sim.script_issue(third, Script::NoChange);
    let (pull, changed) = run(&sim).await;
    assert!(changed.is_empty());
    let finished =
        sim.world(|world| world.subject(pull).unwrap().events.iter().any(|event| event.what == What::AgentFinished));
    assert!(finished);
}

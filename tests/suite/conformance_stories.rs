//! Stories in which everything is said that the simulator and the forge can say.
//!
//! **Guarantees**: what our own client sends is kept apart from what is sent by hand — to reach answers that the client
//! avoids, some of it is wrong on purpose, and only its answers are judged.

use crate::conformance_rest::Description;
use crate::forge_client::{client, done, merge_of, not_done, ready_pull, text};
use crate::sim_client::{graphql, repo, send, send_with, simulator};
use crate::stage::Stage;
use orchestrator::model::{
    AccountId, BranchCommit, Closing, CommentMarker, IssueNumber, NodeId, PullComment, PullNumber, Question,
    text_digest,
};
use orchestrator::sim::world::{CheckResult, Permission, ReviewState, StateReason};
use orchestrator::sim::{Exchange, IssueKind, Options, Script, Simulator};
use serde_json::{Value, json};

const OBSERVATION: &str = include_str!("sim_observation.graphql");
const REST_OF_FIELDS: &str = include_str!("conformance.graphql");
const AGENT: &str = "copilot-swe-agent[bot]";

/// What was said.
pub struct Said {
    pub by_client: Vec<Exchange>,
    pub by_hand: Vec<Exchange>,
}

fn taken(sim: &Simulator) -> Vec<Exchange> {
    let transcript = sim.transcript();
    assert_eq!(transcript.lost, 0, "the transcript has room for every story");
    transcript.exchanges
}

/// Everything.
pub async fn all() -> Said {
    let by_client = tokio::join!(the_demonstration(), every_call_of_the_client(), a_session_that_breaks_off());
    let by_hand = tokio::join!(reads_and_issues(), pulls(), refusals(), documents());
    Said {
        by_client: [by_client.0, by_client.1, by_client.2].concat(),
        by_hand: [by_hand.0, by_hand.1, by_hand.2, by_hand.3].concat(),
    }
}

/// The whole loop on the sample project, until it rests.
async fn the_demonstration() -> Vec<Exchange> {
    let stage = Stage::new().await;
    stage.sim.record();
    stage.settle(100).await;
    taken(&stage.sim)
}

/// Every public call of the client, in each way that it can go without an accident.
async fn every_call_of_the_client() -> Vec<Exchange> {
    let sim = simulator().await;
    sim.record();
    let (client, viewer) = (client(&sim), sim.world(|world| world.viewer()));
    let me = AccountId { id: viewer.0, login: "maintainer".to_owned() };
    let issue = done(client.create_issue(&text("dev-a.md")).await);
    done(client.revise_issue(issue.number, &text("dev-b.md")).await);
    not_done(client.assign(issue.number, "nobody-of-that-name", "main").await);
    done(client.assign(issue.number, AGENT, "main").await);
    for _ in 0..3 {
        sim.step_agent().await.expect("the agent works");
    }
    let (node, head) = sim.world(|world| {
        let (subject, pull) = world.pull(2).expect("the agent's pull request");
        (subject.node_id.clone(), pull.head_oid.clone())
    });
    let (pull, node) = (PullNumber(2), NodeId(node));
    let (writer, stranger) =
        sim.world(|world| (world.person("writer", Permission::Write), world.person("stranger", Permission::None)));
    for author in [writer, stranger] {
        sim.world(|world| world.comment(author, 2, "Well.").map(|_| ()).expect("a comment"));
    }
    sim.world(|world| {
        world.review(writer, 2, ReviewState::Commented, "Hm.").expect("a review");
        world.review_thread(writer, 2, "tally/commands/top.py", "Why ten?").expect("a thread");
    });
    client.discussion(pull).await.expect("a discussion");
    client.may_write(1, "nobody").await.expect("asked");
    not_done(client.merge(&merge_of(pull, &head)).await);
    done(client.mark_ready(pull, &node).await);
    client.agent_events(pull).await.expect("a timeline");
    client.agent_pulls().await.expect("pull requests");
    client.agent_events(pull).await.expect("a timeline, unchanged");
    let sha: orchestrator::model::CommitId = head.parse().expect("a commit");
    sim.report_check(&head, "unit", CheckResult::Success);
    let run = sim.world(|world| world.hold_run(&head, "ci"));
    let held = client.checks(pull, sha, "main", true).await.expect("checks").held;
    assert_eq!(held.map(|runs| runs.len()), Some(1));
    done(client.rerun(run).await);
    not_done(client.rerun(99).await);
    let about = CommentMarker::Nudge { pull, event: "E_1".to_owned() };
    let comment = PullComment { pull, text: format!("{about}\nPlease go on."), about, by: viewer.0 };
    done(client.comment(&comment).await);
    done(client.comment(&comment).await);
    let before = client.description(pull).await.expect("a description");
    done(client.describe(pull, &text_digest("", &before), &format!("{before}\nMore.")).await);
    not_done(client.describe(pull, &text_digest("", &before), "Something else.").await);
    not_done(client.update_branch(pull, sha).await);
    done(client.approve(pull, sha).await);
    not_done(client.approve(pull, "0123456789012345678901234567890123456789".parse().expect("a commit")).await);
    done(client.unassign(issue.number, AGENT).await);
    done(client.unassign(issue.number, AGENT).await);
    done(client.merge(&merge_of(pull, &head)).await);
    client.observe(&Question::default()).await.expect("observed");
    let branch = sim.world(|world| world.pull(2).expect("it").1.head.clone());
    done(client.delete_branch(&branch, head.parse().expect("a commit")).await);
    done(client.delete_branch(&branch, head.parse().expect("a commit")).await);
    let tip = sim.world(|world| world.branch("main").expect("a mainline").parse().expect("a commit"));
    let (branch, message) = ("main".to_owned(), "Subject\n\nBody".to_owned());
    let (add, delete) = (vec![("e.txt".to_owned(), b"e".to_vec())], vec!["e.txt".to_owned()]);
    let commit = BranchCommit { branch, expected: tip, message, add, delete: Vec::new() };
    done(client.commit(&commit).await);
    not_done(client.commit(&BranchCommit { add: Vec::new(), delete, ..commit }).await);
    let (other, head) = ready_pull(&sim, "other/branch").await;
    done(client.close_pull(other).await);
    done(client.delete_branch("other/branch", head.parse().expect("a commit")).await);
    let late = done(client.create_issue(&text("dev-c.md")).await);
    for n in 0..6 {
        let branch = format!("linked-{n}");
        sim.commit_files(&branch, &[("work.txt", Some(branch.as_bytes()))], "work").await.expect("committed");
        sim.open_pull(viewer, &branch, "Work", &format!("Fixes #{}", late.number.0)).await.expect("opened");
    }
    let question = Question { unsettled: vec![late.node, NodeId("I_nothing".to_owned())], settled: vec![issue.node] };
    client.observe(&question).await.expect("observed");
    done(client.close_issue(late.number, Closing::NotPlanned).await);
    client.own_issues(&crate::desk::key("dev-c.md"), &me).await.expect("a list");
    client.traces(&me).await.expect("a list");
    client.listed(&me).await.expect("a list");
    client.issue(IssueNumber(99)).await.expect("nothing");
    assert_eq!(client.identity().await.expect("an account").login, "maintainer");
    assert_eq!(client.runs_need_approval().await, Ok(Some(false)));
    for protected in [false, true] {
        sim.protect_mainline(protected).await.expect("the rule is set");
        assert_eq!(client.mainline_rules("main").await.expect("rules").classic, protected);
    }
    assert!(client.rights().await.expect("rights").push && client.agent_assignable().await.expect("asked"));
    taken(&sim)
}

/// A session of the agent that breaks off, as a whole story.
async fn a_session_that_breaks_off() -> Vec<Exchange> {
    let stage = Stage::new().await;
    stage.sim.script_kind(IssueKind::GapAnalysis, Script::DieAfterStart);
    stage.sim.record();
    stage.settle(12).await;
    taken(&stage.sim)
}

/// A repository with an issue that has been through everything that issues go through.
async fn lived() -> Simulator {
    let sim = simulator().await;
    sim.record();
    repo(&sim, "POST", "/labels", json!({"name": "Gap Analysis", "color": "1d76db", "description": "What next?"}))
        .await;
    repo(&sim, "POST", "/issues", json!({"title": "First", "body": "Text", "labels": ["Gap Analysis", "New"]})).await;
    let (viewer, writer) = sim.world(|world| (world.viewer(), world.person("writer", Permission::Write)));
    repo(&sim, "POST", "/issues/1/assignees", json!({"assignees": ["writer", AGENT]})).await;
    repo(&sim, "DELETE", "/issues/1/assignees", json!({"assignees": ["writer"]})).await;
    repo(&sim, "POST", "/issues/1/labels", json!({"labels": ["orchestrator-hold"]})).await;
    repo(&sim, "DELETE", "/issues/1/labels/New", Value::Null).await;
    for n in 0..3 {
        repo(&sim, "POST", "/issues/1/comments", json!({"body": format!("Comment {n}")})).await;
    }
    for _ in 0..3 {
        sim.step_agent().await.expect("the agent works");
    }
    sim.world(|world| {
        world.connect(writer, 1, 2).expect("linked");
        world.disconnect(writer, 1, 2).expect("no more");
        world.mark_ready(viewer, 2).expect("ready");
        world.convert_to_draft(viewer, 2).expect("a draft again");
        world.request_review(viewer, 2, writer);
        world.remove_review_request(viewer, 2, writer);
        world.review(writer, 2, ReviewState::Approved, "Good.").expect("a review");
        world.review_thread(writer, 2, "tally/commands/top.py", "Why ten?").expect("a thread");
    });
    let head = sim.world(|world| world.pull(2).expect("a pull request").1.head_oid.clone());
    sim.report_check(&head, "build", CheckResult::Success);
    sim.report_check(&head, "lint", CheckResult::Pending);
    sim
}

async fn reads_and_issues() -> Vec<Exchange> {
    let sim = lived().await;
    repo(&sim, "PATCH", "/issues/1", json!({"title": "First again", "state": "closed", "state_reason": "not_planned"}))
        .await;
    repo(&sim, "PATCH", "/issues/1", json!({"state": "open", "labels": ["Development"]})).await;
    send(&sim, "GET", "/user", Value::Null).await;
    for path in [
        "",
        "/labels",
        "/labels?per_page=1&page=2",
        "/issues",
        "/issues?state=all&labels=Development&sort=updated",
        "/issues/1",
        "/issues/2",
        "/issues/1/comments",
        "/issues/1/comments?per_page=1&page=2",
        "/issues/1/timeline?per_page=100",
        "/issues/2/timeline?per_page=100",
        "/issues/1/timeline?per_page=2",
        "/pulls",
        "/pulls?state=all&per_page=1",
        "/pulls/2",
        "/pulls/2",
        "/pulls/2/reviews",
        "/pulls/2/comments",
        "/assignees/writer",
        "/assignees/nobody",
        "/collaborators/writer/permission",
        "/collaborators/nobody/permission",
        "/git/ref/heads/main",
        "/git/ref/heads/none",
        "/rules/branches/main",
        "/rulesets/1",
        "/rulesets/9",
        "/branches/main/protection",
        "/copilot/cloud-agent/configuration",
    ] {
        repo(&sim, "GET", path, Value::Null).await;
    }
    sim.world(|world| {
        world.settings.review_required = true;
        world.settings.required_checks.insert("build".to_owned());
        world.settings.undeletable.insert("main".to_owned());
    });
    let all = |rules: &mut orchestrator::sim::world::Settings| {
        (rules.mainline_protected, rules.signatures_required, rules.linear_history) = (true, true, true);
    };
    sim.set_rules(all).await.expect("the rules are set");
    for path in ["/rules/branches/main", "/rulesets/1", "/branches/main/protection"] {
        repo(&sim, "GET", path, Value::Null).await;
    }
    taken(&sim)
}

async fn pulls() -> Vec<Exchange> {
    let sim = lived().await;
    let (viewer, writer) = sim.world(|world| (world.viewer(), world.person("writer", Permission::Write)));
    sim.commit_files("theirs", &[("a.txt", Some(b"a\n"))], "theirs").await.expect("committed");
    let fork = sim.open_pull_from_fork(writer, "stranger/tally", "theirs", "Gift").await.expect("opened");
    sim.commit_files("mine", &[("b.txt", Some(b"b\n"))], "mine").await.expect("committed");
    let mine = sim.open_pull(viewer, "mine", "Mine", "Fixes #1").await.expect("opened");
    sim.commit_files("main", &[("c.txt", Some(b"c\n"))], "meanwhile").await.expect("committed");
    let path = format!("/pulls/{mine}");
    repo(&sim, "GET", &path, Value::Null).await;
    repo(&sim, "PUT", &format!("{path}/update-branch"), json!({})).await;
    repo(&sim, "PUT", &format!("{path}/update-branch"), json!({"expected_head_sha": "0".repeat(40)})).await;
    repo(&sim, "PATCH", &path, json!({"title": "Mine, too", "body": "Fixes #1, really"})).await;
    repo(&sim, "POST", &format!("{path}/reviews"), json!({"event": "COMMENT", "body": "Hm."})).await;
    repo(&sim, "POST", &format!("{path}/reviews"), json!({"event": "APPROVE"})).await;
    repo(&sim, "POST", &format!("/pulls/{fork}/reviews"), json!({"event": "REQUEST_CHANGES", "body": "No."})).await;
    repo(&sim, "PUT", &format!("{path}/merge"), json!({"sha": "0".repeat(40)})).await;
    repo(&sim, "PUT", "/pulls/2/merge", json!({})).await;
    repo(&sim, "PUT", &format!("{path}/merge"), json!({"merge_method": "squash", "commit_title": "Mine (#4)"})).await;
    repo(&sim, "DELETE", "/git/refs/heads/mine", Value::Null).await;
    repo(&sim, "DELETE", "/git/refs/heads/mine", Value::Null).await;
    repo(&sim, "PATCH", &format!("/pulls/{fork}"), json!({"state": "closed"})).await;
    for path in [
        "/pulls?state=all",
        "/pulls?state=closed&per_page=1&page=2",
        "/issues/1/timeline",
        &format!("/issues/{mine}/timeline"),
        &path,
    ] {
        repo(&sim, "GET", path, Value::Null).await;
    }
    taken(&sim)
}

/// What GitHub refuses.
async fn refusals() -> Vec<Exchange> {
    let sim = lived().await;
    let stranger = sim.world(|world| world.person("stranger", Permission::None));
    sim.add_token("theirs", stranger);
    let theirs = [("Authorization", "Bearer theirs")];
    let base = "/repos/maintainer/tally";
    let wrong = json!([1]);
    for (method, path, body) in [
        ("POST", "/issues", wrong.clone()),
        ("POST", "/issues", json!({"body": "no title"})),
        ("POST", "/issues", json!({"title": "x", "assignees": ["nobody"]})),
        ("GET", "/issues?since=never", Value::Null),
        ("GET", "/issues/99", Value::Null),
        ("PATCH", "/issues/99", json!({})),
        ("PATCH", "/issues/1", json!({"state": "odd"})),
        ("POST", "/issues/99/comments", json!({"body": "x"})),
        ("POST", "/issues/1/comments", json!({"body": ""})),
        ("GET", "/issues/99/comments", Value::Null),
        ("GET", "/issues/99/timeline", Value::Null),
        ("POST", "/issues/99/labels", json!({"labels": ["x"]})),
        ("DELETE", "/issues/1/labels/none", Value::Null),
        ("POST", "/labels", json!({"name": "Gap Analysis", "color": "000000"})),
        ("GET", "/pulls/99", Value::Null),
        ("PATCH", "/pulls/2", json!({"state": "odd"})),
        ("PUT", "/pulls/99/merge", json!({})),
        ("POST", "/pulls/2/reviews", json!({"event": "ODD"})),
        ("DELETE", "/git/refs/heads/main", Value::Null),
    ] {
        repo(&sim, method, path, body).await;
    }
    for (method, path, body) in [
        ("POST", "/labels", json!({"name": "x", "color": "000000"})),
        ("PATCH", "/issues/1", json!({"title": "x"})),
        ("POST", "/issues/1/labels", json!({"labels": ["x"]})),
        ("PUT", "/pulls/2/merge", json!({})),
        ("PATCH", "/pulls/2", json!({"title": "x"})),
        ("PUT", "/pulls/2/update-branch", json!({})),
        ("POST", "/issues/1/assignees", json!({"assignees": [AGENT]})),
    ] {
        send_with(&sim, method, &format!("{base}{path}"), &theirs, body).await;
    }
    sim.world(|world| world.delete_issue(1).expect("deleted"));
    for (method, path) in
        [("GET", "/issues/1"), ("PATCH", "/issues/1"), ("GET", "/issues/1/timeline"), ("POST", "/issues/1/comments")]
    {
        repo(&sim, method, path, json!({"body": "x"})).await;
    }
    repo(&sim, "POST", "/issues/99/assignees", json!({"assignees": [AGENT]})).await;
    let elsewhere = json!({"assignees": [AGENT], "agent_assignment": {"target_repo": "maintainer/nothing"}});
    repo(&sim, "POST", "/issues/2/assignees", elsewhere).await;
    sim.world(|world| world.settings.issues = false);
    repo(&sim, "POST", "/issues", json!({"title": "x"})).await;
    sim.world(|world| world.settings.archived = true);
    repo(&sim, "PATCH", "/pulls/2", json!({"title": "x"})).await;
    refused_by_all(&sim).await;
    let options = Options { hourly_limit: 1, now: "2026-11-24T08:00:00Z".parse().ok(), ..Options::default() };
    let poor = Simulator::start(options).await.expect("the simulator starts");
    poor.record();
    for _ in 0..2 {
        send(&poor, "GET", "/user", Value::Null).await;
        graphql(&poor, "{ viewer { login } }", json!({})).await;
    }
    taken(&sim).into_iter().chain(taken(&poor)).collect()
}

/// What every operation refuses: a wrong token, a repository that isn't there, and a change of one that is archived.
async fn refused_by_all(sim: &Simulator) {
    for operation in Description::new().operations {
        let (method, _) = operation.name.split_once(' ').expect("a method and a path");
        let (here, nowhere) = (operation.filled("tally"), operation.filled("nothing"));
        send_with(sim, method, &here, &[("Authorization", "Bearer wrong")], Value::Null).await;
        send(sim, method, &nowhere, Value::Null).await;
        if method != "GET" {
            send(sim, method, &here, Value::Null).await;
        }
    }
}

/// Documents that reach every field of the simulator's schema.
async fn documents() -> Vec<Exchange> {
    let sim = lived().await;
    let (viewer, writer) = sim.world(|world| (world.viewer(), world.person("writer", Permission::Write)));
    sim.world(|world| {
        world.close(1, viewer, Some(StateReason::NotPlanned));
        world.reopen(1, viewer).expect("reopened");
    });
    sim.commit_files("mine", &[("b.txt", Some(b"b\n"))], "mine").await.expect("committed");
    let mine = sim.open_pull(writer, "mine", "Mine", "Fixes #1").await.expect("opened");
    sim.merge_pull(viewer, mine, orchestrator::sim::world::MergeMethod::Squash).await.expect("merged");
    sim.delete_branch(viewer, "mine").await.expect("deleted");
    let ids = sim.world(|world| [1, 2].map(|number| world.subject(number).expect("it").node_id.clone()));
    let ask = async |document: &str, operation: &str, variables: Value| {
        send(&sim, "POST", "/graphql", json!({"query": document, "operationName": operation, "variables": variables}))
            .await
    };
    let here = |more: Value| {
        let mut variables = json!({"owner": "maintainer", "name": "tally"});
        variables.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        variables
    };
    ask(OBSERVATION, "Observe", here(json!({"issueIds": [ids[0]], "pullIds": [ids[1]], "labels": ["Development"]})))
        .await;
    for number in [2, mine] {
        ask(OBSERVATION, "PullGate", here(json!({"number": number}))).await;
        ask(OBSERVATION, "PullDiscussion", here(json!({"number": number}))).await;
        let reply = ask(REST_OF_FIELDS, "Rest", here(json!({"issue": 1, "pull": number}))).await;
        assert!(reply.body["errors"].is_null(), "{}", reply.body["errors"]);
    }
    ask(REST_OF_FIELDS, "Ready", json!({"id": ids[1]})).await;
    ask(REST_OF_FIELDS, "Ready", json!({"id": "PR_nothing"})).await;
    let tip = sim.world(|world| world.branch("main").map(str::to_owned));
    for repository in ["maintainer/tally", "maintainer/tally", "maintainer/nothing"] {
        let input = json!({
            "branch": {"repositoryNameWithOwner": repository, "branchName": "main"},
            "clientMutationId": "two",
            "expectedHeadOid": tip,
            "message": {"headline": "By hand"},
            "fileChanges": {"additions": [{"path": "d.txt", "contents": "ZAo="}]},
        });
        ask(REST_OF_FIELDS, "Commit", json!({"input": input})).await;
    }
    graphql(&sim, "{ repository(owner: \"maintainer\", name: \"nothing\") { id } node(id: \"x\") { id } }", json!({}))
        .await;
    let options = Options { owner: "acme".to_owned(), now: "2026-11-24T08:00:00Z".parse().ok(), ..Options::default() };
    let company = Simulator::start(options).await.expect("the simulator starts");
    company.record();
    let owner = "{ repository(owner: \"acme\", name: \"tally\") { owner { id login url ... on Organization { databaseId name } } } }";
    graphql(&company, owner, json!({})).await;
    taken(&sim).into_iter().chain(taken(&company)).collect()
}

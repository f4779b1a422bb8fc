//! The simulator's REST side, over real HTTP.

use orchestrator::sim::world::{CheckResult, Permission, ReviewState};
use orchestrator::sim::{Options, Simulator};
use serde_json::{Value, json};

use crate::sim_client::{repo, send, send_with, simulator};

#[tokio::test]
async fn a_wrong_token_is_refused_everywhere() {
    let sim = simulator().await;
    for (method, path) in [("GET", "/user"), ("POST", "/graphql"), ("GET", "/repos/maintainer/tally")] {
        let reply = send_with(&sim, method, path, &[("Authorization", "Bearer wrong")], Value::Null).await;
        assert_eq!((reply.status, reply.body["message"].as_str()), (401, Some("Bad credentials")), "{path}");
    }
    assert_eq!(send(&sim, "GET", "/user", Value::Null).await.body["login"], "maintainer");
    assert_eq!(send(&sim, "GET", "/nothing/here", Value::Null).await.status, 404);
}

#[tokio::test]
async fn issues_are_created_with_labels_and_paged() {
    let sim = simulator().await;
    let label = json!({"name": "Gap Analysis", "color": "1d76db"});
    assert_eq!(repo(&sim, "POST", "/labels", label.clone()).await.status, 201);
    let again = repo(&sim, "POST", "/labels", label).await;
    assert_eq!((again.status, again.body["errors"][0]["code"].as_str()), (422, Some("already_exists")));
    for n in 1..=5 {
        let issue = json!({"title": format!("Issue {n}"), "labels": ["Gap Analysis", "New"]});
        let reply = repo(&sim, "POST", "/issues", issue).await;
        assert_eq!((reply.status, reply.body["number"].as_u64()), (201, Some(n)));
    }
    let long = json!({"title": "x", "body": "y".repeat(65_537)});
    let reply = repo(&sim, "POST", "/issues", long).await;
    assert_eq!(reply.status, 422);
    assert_eq!(reply.body["errors"][0]["message"], "body is too long (maximum is 65536 characters)");

    let reply =
        repo(&sim, "GET", "/issues?labels=Gap%20Analysis,New&per_page=2&page=2&direction=asc", Value::Null).await;
    let numbers: Vec<u64> =
        reply.body.as_array().unwrap().iter().filter_map(|issue| issue["number"].as_u64()).collect();
    assert_eq!(numbers, [3, 4]);
    let link = &reply.headers["link"];
    assert!(link.contains("page=3>; rel=\"next\"") && link.contains("rel=\"last\"") && link.contains("rel=\"prev\""));
    let none = repo(&sim, "GET", "/issues?labels=Gap%20Analysis,Other", Value::Null).await;
    assert_eq!(none.body, json!([]));
}

#[tokio::test]
async fn only_the_documented_login_assigns_the_agent() {
    let sim = simulator().await;
    repo(&sim, "POST", "/issues", json!({"title": "Do it"})).await;
    let wrong = repo(&sim, "POST", "/issues/1/assignees", json!({"assignees": ["Copilot", "copilot-swe-agent"]})).await;
    assert_eq!((wrong.status, &wrong.body["assignees"]), (201, &json!([])));
    let fields = json!({
        "assignees": ["copilot-swe-agent[bot]"],
        "agent_assignment": {"target_repo": "maintainer/tally", "base_branch": "main", "custom_instructions": "x"},
    });
    let right = repo(&sim, "POST", "/issues/1/assignees", fields).await;
    let agent = &right.body["assignees"][0];
    assert_eq!(
        (agent["login"].as_str(), agent["id"].as_u64(), agent["type"].as_str()),
        (Some("Copilot"), Some(198_982_749), Some("Bot"))
    );
    let bad = json!({"assignees": ["copilot-swe-agent[bot]"], "agent_assignment": {"base_branch": "nowhere"}});
    assert_eq!(repo(&sim, "POST", "/issues/1/assignees", bad).await.status, 422);
    assert_eq!(sim.world(|world| world.sessions().len()), 1);
    let off = repo(&sim, "DELETE", "/issues/1/assignees", json!({"assignees": ["copilot-swe-agent[bot]"]})).await;
    assert_eq!(off.body["assignees"], json!([]));
}

#[tokio::test]
async fn mergeability_is_unknown_first_and_known_at_the_next_read() {
    let sim = simulator().await;
    sim.commit_files("one", &[("README.md", Some(b"one\n"))], "one").await.unwrap();
    sim.commit_files("two", &[("README.md", Some(b"two\n"))], "two").await.unwrap();
    let viewer = sim.world(|world| world.viewer());
    let one = sim.open_pull(viewer, "one", "One", "").await.unwrap();
    let two = sim.open_pull(viewer, "two", "Two", "").await.unwrap();
    let path = format!("/pulls/{one}");
    let first = repo(&sim, "GET", &path, Value::Null).await.body;
    assert_eq!((&first["mergeable"], first["mergeable_state"].as_str()), (&Value::Null, Some("unknown")));
    let second = repo(&sim, "GET", &path, Value::Null).await.body;
    assert_eq!((&second["mergeable"], second["mergeable_state"].as_str()), (&json!(true), Some("clean")));

    let merged = repo(&sim, "PUT", &format!("/pulls/{one}/merge"), json!({"merge_method": "squash"})).await;
    assert_eq!(merged.status, 200, "{merged:?}");
    let path = format!("/pulls/{two}");
    assert_eq!(repo(&sim, "GET", &path, Value::Null).await.body["mergeable"], Value::Null);
    let after = repo(&sim, "GET", &path, Value::Null).await.body;
    assert_eq!((&after["mergeable"], after["mergeable_state"].as_str()), (&json!(false), Some("dirty")));
    let refused = repo(&sim, "PUT", &format!("/pulls/{two}/merge"), json!({})).await;
    assert_eq!((refused.status, refused.body["message"].as_str()), (405, Some("Pull Request is not mergeable")));
}

#[tokio::test]
async fn a_squash_merge_is_one_real_commit_and_closes_what_it_names() {
    let sim = simulator().await;
    repo(&sim, "POST", "/issues", json!({"title": "Wanted"})).await;
    sim.commit_files("feature", &[("a.txt", Some(b"a\n"))], "first").await.unwrap();
    let head = sim.commit_files("feature", &[("b.txt", Some(b"b\n"))], "second").await.unwrap();
    let viewer = sim.world(|world| world.viewer());
    let number = sim.open_pull(viewer, "feature", "Feature", "Fixes #1").await.unwrap();
    let path = format!("/pulls/{number}/merge");
    let stale = repo(&sim, "PUT", &path, json!({"sha": "0".repeat(40), "merge_method": "squash"})).await;
    assert_eq!(stale.status, 409);
    assert_eq!(stale.body["message"], "Head branch was modified. Review and try the merge again.");
    sim.world(|world| world.refuse_next_merges(1));
    let moved = repo(&sim, "PUT", &path, json!({"sha": head})).await;
    assert_eq!(moved.status, 405);
    assert_eq!(moved.body["message"], "Base branch was modified. Review and try the merge again.");
    let fields = json!({"sha": head, "merge_method": "squash", "commit_title": "Feature (#2)", "commit_message": "x"});
    let merged = repo(&sim, "PUT", &path, fields).await;
    assert_eq!((merged.status, &merged.body["merged"]), (200, &json!(true)), "{merged:?}");
    let log = sim.log("main").await.unwrap();
    assert_eq!((log.len(), log[0].1.as_str()), (2, "Feature (#2)\n\nx"));
    assert_eq!(merged.body["sha"], log[0].0.as_str());
    assert_eq!(sim.read_file("main", "b.txt").await.unwrap().as_deref(), Some(&b"b\n"[..]));
    let issue = repo(&sim, "GET", "/issues/1", Value::Null).await.body;
    assert_eq!((issue["state"].as_str(), issue["state_reason"].as_str()), (Some("closed"), Some("completed")));

    let branch = "/git/refs/heads/feature";
    assert_eq!(repo(&sim, "DELETE", branch, Value::Null).await.status, 204);
    let gone = repo(&sim, "DELETE", branch, Value::Null).await;
    assert_eq!((gone.status, gone.body["message"].as_str()), (422, Some("Reference does not exist")));
}

#[tokio::test]
async fn merge_commits_and_rebases_are_real() {
    let sim = simulator().await;
    let viewer = sim.world(|world| world.viewer());
    for branch in ["merge", "rebase"] {
        sim.commit_files(branch, &[(branch, Some(b"1\n"))], "first").await.unwrap();
        sim.commit_files(branch, &[(branch, Some(b"2\n"))], "second").await.unwrap();
        let number = sim.open_pull(viewer, branch, branch, "").await.unwrap();
        sim.commit_files("main", &[("other.txt", Some(branch.as_bytes()))], "meanwhile").await.unwrap();
        let reply = repo(&sim, "PUT", &format!("/pulls/{number}/merge"), json!({"merge_method": branch})).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(sim.read_file("main", branch).await.unwrap().as_deref(), Some(&b"2\n"[..]));
    }
    let subjects: Vec<String> = sim.log("main").await.unwrap().into_iter().map(|(_, message)| message).collect();
    assert_eq!(subjects[..3], ["second", "first", "meanwhile"]);
}

#[tokio::test]
async fn checks_and_rules_show_in_the_merge_state() {
    let sim = simulator().await;
    let head = sim.commit_files("feature", &[("a.txt", Some(b"a\n"))], "first").await.unwrap();
    let viewer = sim.world(|world| world.viewer());
    let number = sim.open_pull(viewer, "feature", "Feature", "").await.unwrap();
    let path = format!("/pulls/{number}");
    repo(&sim, "GET", &path, Value::Null).await;
    let state = async || repo(&sim, "GET", &path, Value::Null).await.body["mergeable_state"].clone();
    sim.report_check(&head, "build", CheckResult::Failure);
    assert_eq!(state().await, "unstable");
    sim.world(|world| world.settings.required_checks.insert("build".to_owned()));
    assert_eq!(state().await, "blocked");
    assert_eq!(repo(&sim, "PUT", &format!("{path}/merge"), json!({})).await.status, 405);
    sim.report_check(&head, "build", CheckResult::Success);
    assert_eq!(state().await, "clean");
    sim.world(|world| world.settings.up_to_date_required = true);
    sim.commit_files("main", &[("c.txt", Some(b"c\n"))], "meanwhile").await.unwrap();
    state().await;
    assert_eq!(state().await, "behind");
    let update = repo(&sim, "PUT", &format!("{path}/update-branch"), json!({"expected_head_sha": head})).await;
    assert_eq!(update.status, 202, "{update:?}");
}

#[tokio::test]
async fn a_tag_that_is_known_costs_nothing() {
    let sim = simulator().await;
    repo(&sim, "POST", "/issues", json!({"title": "x"})).await;
    let path = "/repos/maintainer/tally/issues/1/timeline?per_page=100";
    let token = format!("token {}", sim.token());
    let first = send_with(&sim, "GET", path, &[("Authorization", &token)], Value::Null).await;
    let tag = first.headers["etag"].clone();
    let headers = [("Authorization", token.as_str()), ("If-None-Match", tag.as_str())];
    let second = send_with(&sim, "GET", path, &headers, Value::Null).await;
    assert_eq!(second.status, 304);
    assert_eq!(second.headers["x-ratelimit-remaining"], first.headers["x-ratelimit-remaining"]);
    repo(&sim, "PATCH", "/issues/1", json!({"state": "closed", "state_reason": "not_planned"})).await;
    let third = send_with(&sim, "GET", path, &headers, Value::Null).await;
    assert_eq!((third.status, third.body[0]["event"].as_str()), (200, Some("closed")));
    let unsafe_one = send_with(&sim, "PATCH", "/repos/maintainer/tally/issues/1", &headers, json!({})).await;
    assert_eq!(unsafe_one.status, 400);
}

#[tokio::test]
async fn a_stranger_has_no_rights() {
    let sim = simulator().await;
    let stranger = sim.world(|world| world.person("stranger", Permission::None));
    sim.add_token("theirs", stranger);
    let headers = [("Authorization", "Bearer theirs")];
    let path = "/repos/maintainer/tally";
    let issue = json!({"title": "Spam", "labels": ["Development"]});
    let made = send_with(&sim, "POST", &format!("{path}/issues"), &headers, issue).await;
    assert_eq!(
        (made.status, &made.body["labels"], made.body["author_association"].as_str()),
        (201, &json!([]), Some("NONE"))
    );
    let assigned = json!({"assignees": ["copilot-swe-agent[bot]"]});
    let reply = send_with(&sim, "POST", &format!("{path}/issues/1/assignees"), &headers, assigned).await;
    assert_eq!((reply.status, &reply.body["assignees"]), (201, &json!([])));
    let shown = repo(&sim, "GET", "/collaborators/stranger/permission", Value::Null).await;
    assert_eq!(shown.body["permission"], "none");
}

#[tokio::test]
async fn an_exhausted_budget_is_refused_until_the_hour_is_over() {
    let options = Options { hourly_limit: 2, now: "2026-11-24T08:00:00Z".parse().ok(), ..Options::default() };
    let sim = Simulator::start(options).await.unwrap();
    for _ in 0..2 {
        assert_eq!(send(&sim, "GET", "/user", Value::Null).await.status, 200);
    }
    let refused = send(&sim, "GET", "/user", Value::Null).await;
    assert_eq!((refused.status, refused.headers["x-ratelimit-remaining"].as_str()), (403, "0"));
    let ask = json!({"query": "{ viewer { login } }"});
    for expected in [None, None, Some("RATE_LIMITED")] {
        let reply = send(&sim, "POST", "/graphql", ask.clone()).await;
        assert_eq!((reply.status, reply.body["errors"][0]["type"].as_str()), (200, expected));
    }
    sim.advance(jiff::SignedDuration::from_mins(61));
    assert_eq!(send(&sim, "GET", "/user", Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_pull_request_from_a_fork_has_no_branch_here() {
    let sim = simulator().await;
    sim.commit_files("theirs", &[("a.txt", Some(b"a\n"))], "theirs").await.unwrap();
    let stranger = sim.world(|world| world.person("stranger", Permission::None));
    let number = sim.open_pull_from_fork(stranger, "stranger/tally", "theirs", "Gift").await.unwrap();
    let pull = repo(&sim, "GET", &format!("/pulls/{number}"), Value::Null).await.body;
    assert_eq!((pull["state"].as_str(), pull["head"]["label"].as_str()), (Some("open"), Some("stranger:theirs")));
    assert_eq!(repo(&sim, "GET", "/git/ref/heads/theirs", Value::Null).await.status, 404);
    let merged = repo(&sim, "PUT", &format!("/pulls/{number}/merge"), json!({"merge_method": "squash"})).await;
    assert_eq!(merged.status, 200, "{merged:?}");
}

#[tokio::test]
async fn a_required_review_blocks_until_it_is_given() {
    let sim = simulator().await;
    sim.commit_files("feature", &[("a.txt", Some(b"a\n"))], "first").await.unwrap();
    let (author, reviewer) = sim.world(|world| {
        world.settings.review_required = true;
        (world.person("author", Permission::Write), world.person("reviewer", Permission::Write))
    });
    let number = sim.open_pull(author, "feature", "Feature", "").await.unwrap();
    let merge = format!("/pulls/{number}/merge");
    assert_eq!(repo(&sim, "PUT", &merge, json!({})).await.status, 405);
    let own = sim.world(|world| world.review(author, number, ReviewState::Approved, ""));
    assert!(own.is_err());
    sim.world(|world| world.review(reviewer, number, ReviewState::ChangesRequested, "No.")).unwrap();
    let approval = json!({"event": "APPROVE", "body": "Yes."});
    assert_eq!(repo(&sim, "POST", &format!("/pulls/{number}/reviews"), approval).await.status, 200);
    let refused = repo(&sim, "PUT", &merge, json!({})).await;
    assert!(refused.body["message"].as_str().unwrap().starts_with("Changes have been requested"), "{refused:?}");
    sim.world(|world| world.review(reviewer, number, ReviewState::Approved, "Well.")).unwrap();
    assert_eq!(repo(&sim, "PUT", &merge, json!({})).await.status, 200);
}

#[tokio::test]
async fn nonsense_is_refused_and_breaks_nothing() {
    let sim = simulator().await;
    let token = format!("Bearer {}", sim.token());
    let headers = [("Authorization", token.as_str())];
    for (method, path) in [
        ("GET", "/repos/maintainer/tally/issues?per_page=0&page=99999999999999999999&since=never"),
        ("GET", "/repos/maintainer/tally/issues/99999999999999999999"),
        ("GET", "/repos/maintainer/tally/issues/%F0%9F"),
        ("PUT", "/repos/maintainer/tally/pulls/7/merge"),
        ("DELETE", "/repos/maintainer/tally/git/refs/heads/"),
        ("DELETE", "/repos/maintainer/tally/git/refs/heads/..%2f..%2fx"),
        ("GET", "/maintainer/tally.git/../../etc/passwd"),
        ("POST", "/maintainer/other.git/git-receive-pack"),
        ("POST", "/graphql"),
    ] {
        let reply = send_with(&sim, method, path, &headers, json!([1])).await;
        assert!((400..500).contains(&reply.status), "{method} {path}: {reply:?}");
    }
    assert_eq!(send(&sim, "GET", "/user", Value::Null).await.status, 200);
}

//! What GitHub tells in part on the wire: what is used of it, what people are told, and what nothing is decided about.

use crate::forge_client::{client, done, ready_pull, text};
use crate::sim_client::simulator;
use orchestrator::failure::Explain as _;
use orchestrator::model::Question;
use orchestrator::sim::AccidentKind::{After, Before, BrokenOff};
use orchestrator::sim::world::{CheckResult, Permission};
use orchestrator::sim::{Accident, AccidentKind, Alteration, Simulator};

/// The next answer to a query lacks this part, which the token may not see.
fn withhold(sim: &Simulator, query: &str, pointer: &str) {
    sim.arrange(Accident::at(query, AccidentKind::Altered(Alteration::Withheld(pointer.to_owned()))));
}

/// How many entries at once this query asked for, each time since the exchanges are written down. What a gateway answers in
/// the place of GitHub is among them, what it answers by itself is not.
fn pages(sim: &Simulator, query: &str) -> Vec<u64> {
    let begins = format!("{query}(");
    let mut pages = Vec::new();
    for exchange in sim.transcript().exchanges {
        let body: serde_json::Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        if body["query"].as_str().is_some_and(|document| document.contains(&begins)) {
            pages.push(body["variables"]["page"].as_u64().expect("a page"));
        }
    }
    pages
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

#[tokio::test]
async fn a_question_about_checks_that_github_does_not_answer_leaves_the_others_their_answers() {
    let (rules, runs) = ("GET /repos/{owner}/{repo}/rules/branches/{branch}", "GET /repos/{owner}/{repo}/actions/runs");
    for (operation, kind, missing) in [
        ("query Checks", Before(502), [true, false, false]),
        ("query Checks", AccidentKind::complaint(), [true, false, false]),
        (rules, BrokenOff, [false, true, false]),
        (runs, Before(500), [false, false, true]),
    ] {
        let sim = simulator().await;
        let (pull, head) = ready_pull(&sim, "work").await;
        let (client, head) = (client(&sim), head.parse().expect("a commit"));
        sim.arrange(Accident::at(operation, kind.clone()).always());
        let report = client.checks(pull, head, "main", true).await.expect("the others are answered");
        let none = [report.checks.is_none(), report.required.is_none(), report.held.is_none()];
        assert_eq!(none, missing, "{operation}, {kind:?}");
        assert!(report.unanswered.is_some_and(|why| !why.is_empty()), "{operation}, {kind:?}");
        sim.end_accidents();
        let report = client.checks(pull, head, "main", true).await.expect("it is over");
        assert!(report.unanswered.is_none() && report.held.is_some(), "{operation}, {kind:?}: {report:?}");
    }
}

#[tokio::test]
async fn what_the_token_may_not_read_of_the_checks_is_no_silence() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "work").await;
    sim.arrange(Accident::at("GET /repos/{owner}/{repo}/actions/runs", AccidentKind::forbidden()));
    let head = head.parse().expect("a commit");
    let report = client(&sim).checks(pull, head, "main", false).await.expect("it is an answer");
    assert_eq!((report.held, report.unanswered), (None, None));
}

#[tokio::test]
async fn checks_that_are_too_many_at_once_are_asked_for_in_smaller_pages() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "work").await;
    for n in 0..30 {
        sim.report_check(&head, &format!("check-{n}"), CheckResult::Success);
    }
    sim.record();
    sim.arrange(Accident::at("query Checks", After(504)));
    let (client, head) = (client(&sim), head.parse().expect("a commit"));
    let report = client.checks(pull, head, "main", true).await.expect("answered");
    assert_eq!((report.checks.map(|checks| checks.len()), report.unanswered), (Some(30), None));
    assert_eq!(pages(&sim, "query Checks"), [100, 25, 25]);
    // What GitHub did not manage is not asked of it the next time, but now and then.
    for _ in 0..21 {
        client.checks(pull, head, "main", true).await.expect("answered");
    }
    let asked = pages(&sim, "query Checks");
    assert_eq!((asked.get(3..5), asked.iter().filter(|size| **size == 100).count()), (Some(&[25, 25][..]), 2));
}

#[tokio::test]
async fn a_permission_that_the_token_lacks_is_named_and_nobody_is_told_to_report_it() {
    let sim = simulator().await;
    let mut errors = Vec::new();
    for pointer in ["/data/repository", "/data/repository/defaultBranchRef"] {
        withhold(&sim, "query Observe", pointer);
        errors.push(client(&sim).observe(&Question::default()).await.expect_err(pointer));
    }
    let scopes = r#"{"errors":[{"type":"INSUFFICIENT_SCOPES","message":"Your token has not been granted it."}]}"#;
    let kind = AccidentKind::Answer { status: 200, headers: Vec::new(), body: scopes.to_owned() };
    sim.arrange(Accident::at("query Observe", kind));
    errors.push(client(&sim).observe(&Question::default()).await.expect_err("no data"));
    withhold(&sim, "query Assignable", "/data/repository");
    errors.push(client(&sim).agent_assignable().await.expect_err("nobody is listed"));
    for error in errors {
        assert!(error.help().contains("actions, contents, issues and pull requests"), "{error}: {}", error.help());
    }
    // What is wrong otherwise is a defect, ours or GitHub's.
    sim.arrange(Accident::at("query Assignable", AccidentKind::complaint()));
    let error = client(&sim).agent_assignable().await.expect_err("a complaint");
    assert!(error.help().contains("LOG_LEVEL=debug"), "{error}: {}", error.help());
}

#[tokio::test]
async fn lists_that_are_too_much_are_asked_for_in_smaller_pages_and_then_left_at_the_first() {
    let sim = simulator().await;
    let client = client(&sim);
    for n in 0..25 {
        done(client.create_issue(&text(&format!("dev-{n}.md"))).await);
    }
    sim.record();
    sim.arrange(Accident::at("query Lists", After(502)).always());
    let facts = client.observe(&Question::default()).await.expect("the first page is enough");
    assert_eq!((facts.issues.len(), facts.open_issues), (20, 25));
    let told = |said: &String| said.starts_with("the rest of the lists: ") && said.contains("502");
    assert!(facts.partial.iter().any(told), "{:?}", facts.partial);
    assert_eq!(pages(&sim, "query Lists"), [90, 45, 20]);
    client.observe(&Question::default()).await.expect("the first page is enough");
    assert_eq!(pages(&sim, "query Lists"), [90, 45, 20, 20], "more is not asked for again so soon");
    sim.end_accidents();
    let facts = client.observe(&Question::default()).await.expect("it is over");
    assert_eq!((facts.issues.len(), facts.partial.len()), (25, 0));
}

#[tokio::test]
async fn any_failure_of_the_lists_leaves_the_first_page_but_a_limit_is_heeded() {
    for (kind, looks) in [
        (AccidentKind::forbidden(), true),
        (AccidentKind::partial("/data/repository"), true),
        (AccidentKind::unauthorized(), false),
        (AccidentKind::secondary_limit(60), false),
    ] {
        let sim = simulator().await;
        for n in 0..21 {
            done(client(&sim).create_issue(&text(&format!("dev-{n}.md"))).await);
        }
        sim.arrange(Accident::at("query Lists", kind.clone()).always());
        let seen = client(&sim).observe(&Question::default()).await;
        let told = |said: &String| said.starts_with("the rest of the lists: ");
        assert_eq!(seen.is_ok_and(|facts| facts.partial.iter().any(told)), looks, "{kind:?}");
    }
}

#[tokio::test]
async fn what_is_withheld_of_the_lists_is_told_as_long_as_they_are_remembered() {
    let sim = simulator().await;
    let client = client(&sim);
    for n in 0..25 {
        done(client.create_issue(&text(&format!("dev-{n}.md"))).await);
    }
    sim.record();
    withhold(&sim, "query Lists", "/data/repository/issues/nodes/24");
    for _ in 0..2 {
        let facts = client.observe(&Question::default()).await.expect("the rest is told");
        assert_eq!(facts.issues.len(), 24);
        assert_eq!(facts.partial, ["GitHub answered in part: Resource not accessible by personal access token"]);
    }
    assert_eq!(pages(&sim, "query Lists"), [90]);
}

#[tokio::test]
async fn a_list_that_github_does_not_manage_is_not_asked_of_it_with_every_look() {
    let sim = simulator().await;
    let client = client(&sim);
    for n in 0..25 {
        done(client.create_issue(&text(&format!("dev-{n}.md"))).await);
    }
    sim.record();
    sim.arrange(Accident::at("query Lists", AccidentKind::partial("/data/repository/issues/nodes/3")).always());
    for _ in 0..11 {
        let facts = client.observe(&Question::default()).await.expect("the rest is told");
        assert!(facts.partial.iter().any(|said| said.contains("Something went wrong")), "{:?}", facts.partial);
    }
    let asked = pages(&sim, "query Lists");
    assert_eq!(asked, [90, 45, 20, 20], "both pages once");
    client.observe(&Question::default()).await.expect("the rest is told");
    assert!(pages(&sim, "query Lists").len() > asked.len(), "and then anew");
}

#[tokio::test]
async fn an_issue_whose_pull_requests_are_too_much_at_any_size_is_left_alone() {
    let sim = simulator().await;
    let issue = done(client(&sim).create_issue(&text("dev-a.md")).await);
    let author = sim.world(|world| world.viewer());
    for n in 0..6 {
        let branch = format!("work-{n}");
        sim.commit_files(&branch, &[("work.txt", Some(branch.as_bytes()))], "work").await.expect("committed");
        let body = format!("Fixes #{}", issue.number.0);
        sim.open_pull(author, &branch, "Work", &body).await.expect("opened");
    }
    let question = Question { unsettled: vec![issue.node], settled: Vec::new() };
    for kind in [After(502), AccidentKind::partial("/data/node")] {
        sim.record();
        sim.arrange(Accident::at("query Linked", kind.clone()).always());
        let facts = client(&sim).observe(&question).await.expect("everything else is told");
        assert!(facts.bound[0].unread.is_some() && facts.partial.len() == 1, "{kind:?}: {facts:?}");
        assert_eq!(pages(&sim, "query Linked"), [20, 10, 5], "{kind:?}");
        sim.end_accidents();
    }
}

#[tokio::test]
async fn what_the_smallest_query_has_no_time_for_is_told_and_left_alone() {
    let sim = simulator().await;
    let issue = done(client(&sim).create_issue(&text("dev-a.md")).await);
    let question = Question { unsettled: vec![issue.node], settled: Vec::new() };
    for (pointer, unread, listed) in [("/data/unsettled/0/links", true, 1), ("/data/repository/issues", false, 0)] {
        sim.record();
        sim.arrange(Accident::at("query Observe", AccidentKind::partial(pointer)).always());
        let facts = client(&sim).observe(&question).await.expect("the rest is told");
        assert_eq!((facts.bound[0].unread.is_some(), facts.issues.len()), (unread, listed), "{pointer}");
        assert!(facts.partial[0].contains("Something went wrong"), "{:?}", facts.partial);
        assert_eq!(pages(&sim, "query Observe"), [20, 10, 5], "{pointer}");
        sim.end_accidents();
    }
}

#[tokio::test]
async fn the_names_of_what_is_too_much_shrink_the_query() {
    for kind in ["RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"] {
        let sim = simulator().await;
        sim.record();
        let body = serde_json::json!({ "errors": [{ "type": kind, "message": "It is too much." }] }).to_string();
        let answer = AccidentKind::Answer { status: 200, headers: Vec::new(), body };
        sim.arrange(Accident::at("query Observe", answer));
        client(&sim).observe(&Question::default()).await.expect("less is answered");
        assert_eq!(pages(&sim, "query Observe"), [10], "{kind}");
    }
}

//! Writes on the wire: sent once, and answered with what is known — done, not done, or unknown.

use crate::forge_client::{arrange, client, client_with, done, merge_of, not_done, ready_pull, text, unknown};
use crate::sim_client::simulator;
use orchestrator::model::{CommentMarker, CommitId, IssueNumber, NodeId, Performed, PullComment, PullNumber, Question};
use orchestrator::sim::AccidentKind::{After, Answer, Before, BrokenOff};
use orchestrator::sim::world::{Permission, StateReason};
use orchestrator::sim::{Accident, Simulator};

const LOGIN: &str = "copilot-swe-agent[bot]";

fn issues(sim: &Simulator) -> usize {
    sim.world(|world| world.subjects().filter(|subject| subject.pull.is_none()).count())
}

async fn created(sim: &Simulator) -> IssueNumber {
    done(client(sim).create_issue(&text("dev-a.md")).await).number
}

#[tokio::test]
async fn a_create_that_ends_in_a_gateway_is_sent_once_and_unknown_whatever_happened() {
    for (accident, made) in [(Before(502), 0), (After(502), 1), (After(504), 1), (BrokenOff, 1)] {
        let sim = simulator().await;
        arrange(&sim, "POST", "/issues", accident.clone());
        unknown(client(&sim).create_issue(&text("dev-a.md")).await);
        assert_eq!(issues(&sim), made, "{accident:?}");
        assert_eq!(sim.requests().count("POST", "/issues"), 1, "{accident:?}");
    }
}

#[tokio::test]
async fn a_create_carries_labels_and_marker_and_no_assignee() {
    let sim = simulator().await;
    let made = done(client(&sim).create_issue(&text("dev-a.md")).await);
    sim.world(|world| {
        let subject = world.subjects().find(|subject| subject.number == made.number.0).expect("the issue");
        assert!(subject.body.starts_with("<!-- orchestrator-issue-queue-id: dev-a.md -->\n"));
        assert!(subject.assignees.is_empty());
        assert_eq!((subject.labels.len(), subject.author.0), (1, made.author));
    });
}

#[tokio::test]
async fn labels_are_listed_once_and_made_when_they_are_missing() {
    let sim = simulator().await;
    let client = client(&sim);
    for file in ["dev-a.md", "dev-b.md"] {
        done(client.create_issue(&text(file)).await);
    }
    let log = sim.requests();
    assert_eq!((log.count("GET", "/labels"), log.count("POST", "/labels")), (1, 1));
    let other = crate::forge_client::client(&sim);
    done(other.create_issue(&text("dev-c.md")).await);
    assert_eq!(sim.requests().count("POST", "/labels"), 1, "it is there already");
}

#[tokio::test]
async fn a_label_that_somebody_made_meanwhile_is_as_good() {
    let sim = simulator().await;
    arrange(&sim, "GET", "/labels", Answer { status: 200, headers: Vec::new(), body: "[]".to_owned() });
    let first = client(&sim);
    done(client(&sim).create_issue(&text("dev-b.md")).await);
    arrange(&sim, "GET", "/labels", Answer { status: 200, headers: Vec::new(), body: "[]".to_owned() });
    done(first.create_issue(&text("dev-a.md")).await);
    assert_eq!(issues(&sim), 2);
}

#[tokio::test]
async fn an_assignment_counts_when_the_agent_is_read_back() {
    let sim = simulator().await;
    let issue = created(&sim).await;
    done(client(&sim).assign(issue, LOGIN, "main").await);
    done(client(&sim).assign(issue, LOGIN, "main").await);
    let path = format!("/issues/{}/assignees", issue.0);
    assert_eq!(sim.requests().count("POST", &path), 1, "the second one finds it done");
}

#[tokio::test]
async fn an_assignment_that_github_ignores_is_not_done_for_good() {
    let sim = simulator().await;
    let issue = created(&sim).await;
    let (why, refused) = not_done(client(&sim).assign(issue, "nobody-of-that-name", "main").await);
    assert!(why.contains("did not assign nobody-of-that-name to #1") && refused, "{why}");
}

#[tokio::test]
async fn an_assignment_whose_answer_is_lost_is_read_back() {
    for (accident, landed) in [(After(502), true), (BrokenOff, true), (Before(502), false)] {
        let sim = simulator().await;
        let issue = created(&sim).await;
        arrange(&sim, "POST", "/assignees", accident.clone());
        let result = client(&sim).assign(issue, LOGIN, "main").await;
        assert_eq!(matches!(result, Performed::Done { .. }), landed, "{accident:?} {result:?}");
        assert!(landed || matches!(result, Performed::Unknown { .. }), "{result:?}");
        assert_eq!(sim.requests().count("POST", &format!("/issues/{}/assignees", issue.0)), 1);
    }
}

#[tokio::test]
async fn nobody_is_assigned_to_a_closed_issue() {
    let sim = simulator().await;
    let issue = created(&sim).await;
    done(client(&sim).close_issue(issue, orchestrator::model::Closing::Completed).await);
    let (why, refused) = not_done(client(&sim).assign(issue, LOGIN, "main").await);
    assert!(why.contains("#1 was closed") && !refused, "{why}");
}

#[tokio::test]
async fn a_merge_names_its_head_and_is_read_back() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    let commit = done(client(&sim).merge(&merge_of(pull, &head)).await);
    assert_eq!(sim.log("main").await.expect("a history")[0].0, commit.to_string());
    assert_eq!(done(client(&sim).merge(&merge_of(pull, &head)).await), commit, "a second one finds it merged");
    assert_eq!(sim.requests().count("PUT", "/merge"), 1);
}

#[tokio::test]
async fn a_merge_whose_answer_is_lost_is_read_back() {
    for accident in [After(502), BrokenOff] {
        let sim = simulator().await;
        let (pull, head) = ready_pull(&sim, "one").await;
        arrange(&sim, "PUT", "/merge", accident);
        let commit = done(client(&sim).merge(&merge_of(pull, &head)).await);
        assert_eq!(sim.log("main").await.expect("a history")[0].0, commit.to_string());
        assert_eq!(sim.requests().count("PUT", "/merge"), 1);
    }
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    arrange(&sim, "PUT", "/merge", Before(502));
    unknown(client(&sim).merge(&merge_of(pull, &head)).await);
    assert_eq!(sim.log("main").await.expect("a history").len(), 1, "nothing was merged");
}

#[tokio::test]
async fn a_merge_is_told_by_its_answer_where_pull_requests_name_no_merge_commit() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    // As the newer versions of the API show it.
    let body = r#"{"state":"closed","merged":true,"draft":false}"#.to_owned();
    let read = Answer { status: 200, headers: Vec::new(), body };
    let reading = Accident::at("GET /repos/{owner}/{repo}/pulls/{pull_number}", read).always();
    sim.arrange(Accident { after: 1, ..reading });
    let commit = done(client(&sim).merge(&merge_of(pull, &head)).await);
    assert_eq!(sim.log("main").await.expect("a history")[0].0, commit.to_string());
    let (why, refused) = not_done(client(&sim).merge(&merge_of(pull, &head)).await);
    assert!(why.contains("is merged already") && !refused, "{why}");
    assert_eq!(sim.requests().count("PUT", "/merge"), 1);
}

#[tokio::test]
async fn another_head_than_the_judged_one_is_never_merged() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    sim.commit_files("one", &[("late.txt", Some(b"late"))], "late").await.expect("committed");
    let (why, refused) = not_done(client(&sim).merge(&merge_of(pull, &head)).await);
    assert!(why.contains("another head") && !refused, "{why}");
    assert_eq!(sim.requests().count("PUT", "/merge"), 0, "it isn't even asked for");
}

#[tokio::test]
async fn what_moves_in_the_very_moment_is_refused_by_github_and_not_for_good() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    for (status, words) in [(409, "Head branch was modified"), (405, "Base branch was modified")] {
        let body = format!(r#"{{"message":"{words}. Review and try the merge again."}}"#);
        arrange(&sim, "PUT", "/merge", Answer { status, headers: Vec::new(), body });
        let (why, refused) = not_done(client(&sim).merge(&merge_of(pull, &head)).await);
        assert!(why.contains(words) && !refused, "{why}");
    }
}

#[tokio::test]
async fn what_a_rule_forbids_is_refused_for_good_in_githubs_words() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    let rule =
        r#"{"message":"At least 1 approving review is required by reviewers with write access.","status":"405"}"#;
    arrange(&sim, "PUT", "/merge", Answer { status: 405, headers: Vec::new(), body: rule.to_owned() });
    let (why, refused) = not_done(client(&sim).merge(&merge_of(pull, &head)).await);
    assert!(why.contains("approving review is required") && refused, "{why}");
}

#[tokio::test]
async fn a_limit_is_no_refusal() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    let limit = r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes."}"#;
    let headers = vec![("retry-after".to_owned(), "60".to_owned())];
    arrange(&sim, "PUT", "/merge", Answer { status: 403, headers, body: limit.to_owned() });
    let (why, refused) = not_done(client(&sim).merge(&merge_of(pull, &head)).await);
    assert!(why.contains("secondary rate limit") && !refused, "{why}");
}

/// The one pull request there is.
fn first_pull(sim: &Simulator) -> (PullNumber, NodeId) {
    let found = sim.world(|world| {
        let subject = world.subjects().find(|subject| subject.pull.is_some());
        subject.map(|subject| (subject.number, subject.node_id.clone()))
    });
    found.map(|(number, node)| (PullNumber(number), NodeId(node))).expect("a pull request")
}

#[tokio::test]
async fn a_draft_becomes_ready_once() {
    let sim = simulator().await;
    let issue = created(&sim).await;
    done(client(&sim).assign(issue, LOGIN, "main").await);
    while !sim.step_agent().await.expect("the agent works").is_empty() {}
    let (pull, node) = first_pull(&sim);
    done(client(&sim).mark_ready(pull, &node).await);
    done(client(&sim).mark_ready(pull, &node).await);
    let marked = sim.requests().entries.iter().filter(|entry| entry.operation.as_deref() == Some("MarkReady")).count();
    assert_eq!(marked, 1);
}

#[tokio::test]
async fn a_branch_is_deleted_at_the_judged_commit_only_and_gone_is_done() {
    let sim = simulator().await;
    let (_, head) = ready_pull(&sim, "one").await;
    let moved = sim.commit_files("one", &[("late.txt", Some(b"late"))], "late").await.expect("committed");
    let at = |id: &str| id.parse().expect("a commit id");
    let client = client(&sim);
    client.observe(&Question::default()).await.expect("a look");
    let (why, refused) = not_done(client.delete_branch("one", at(&head)).await);
    assert!(why.contains("moved since it was judged") && !refused, "{why}");
    assert_eq!(sim.world(|world| world.branch("one").map(str::to_owned)), Some(moved.clone()));
    done(client.delete_branch("one", at(&moved)).await);
    assert_eq!(sim.world(|world| world.branch("one").map(str::to_owned)), None);
    done(client.delete_branch("one", at(&moved)).await);
}

#[tokio::test]
async fn a_branch_whose_deletion_got_lost_is_in_doubt_only_while_it_stands() {
    let sim = simulator().await;
    let (_, head) = ready_pull(&sim, "one").await;
    let head: CommitId = head.parse().expect("a commit id");
    let client = client(&sim);
    client.observe(&Question::default()).await.expect("a look");
    let lost = |kind| Accident { body_part: "updateRefs".to_owned(), ..Accident::on("POST", "/graphql", kind) };
    sim.arrange(lost(Before(502)));
    unknown(client.delete_branch("one", head).await);
    sim.arrange(lost(After(502)));
    done(client.delete_branch("one", head).await);
}

#[tokio::test]
async fn a_branch_that_a_rule_keeps_is_refused_in_githubs_words() {
    let sim = simulator().await;
    let (_, head) = ready_pull(&sim, "one").await;
    sim.world(|world| {
        world.settings.undeletable.insert("on*".to_owned());
    });
    let client = client(&sim);
    client.observe(&Question::default()).await.expect("a look");
    let (why, refused) = not_done(client.delete_branch("one", head.parse().expect("a commit id")).await);
    assert!(why.contains("Cannot delete this branch") && refused, "{why}");
    // A token that may not write at all is refused before anybody reads what is asked.
    let body = r#"{"message":"Resource not accessible by personal access token"}"#.to_owned();
    let kind = Answer { status: 403, headers: Vec::new(), body };
    sim.arrange(Accident { body_part: "updateRefs".to_owned(), ..Accident::on("POST", "/graphql", kind) });
    let (why, refused) = not_done(client.delete_branch("one", head.parse().expect("a commit id")).await);
    assert!(why.contains("GitHub answered 403: Resource not accessible") && refused, "{why}");
}

#[tokio::test]
async fn closing_what_is_closed_writes_nothing() {
    let sim = simulator().await;
    let issue = created(&sim).await;
    let (pull, _) = ready_pull(&sim, "one").await;
    for _ in 0..2 {
        done(client(&sim).close_issue(issue, orchestrator::model::Closing::Completed).await);
        done(client(&sim).close_pull(pull).await);
    }
    let log = sim.requests();
    assert_eq!(log.entries.iter().filter(|entry| entry.method == "PATCH").count(), 2);
    let reason = sim.world(|world| world.subjects().find(|s| s.number == issue.0).and_then(|s| s.reason));
    assert_eq!(reason, Some(StateReason::Completed));
}

#[tokio::test]
async fn somebody_who_may_only_read_is_told_so() {
    let sim = simulator().await;
    let (pull, head) = ready_pull(&sim, "one").await;
    let reader = sim.world(|world| world.person("reader", Permission::Read));
    sim.add_token("readers-token", reader);
    let reading = client_with(&sim, "readers-token");
    let (why, refused) = not_done(reading.merge(&merge_of(pull, &head)).await);
    assert!(why.starts_with("GitHub answered 40") && refused, "{why}");
    reading.observe(&Question::default()).await.expect("a look");
    let (_, refused) = not_done(reading.delete_branch("one", head.parse().expect("an id")).await);
    assert!(refused);
}

#[tokio::test]
async fn an_assignment_that_is_refused_names_the_kind_of_the_token_and_what_mends_it() {
    let sim = simulator().await;
    let issue = created(&sim).await;
    let viewer = sim.world(|world| world.viewer());
    for (token, words) in [
        ("ghp_000000000000", "the token is a classic one, which needs the scope `repo`"),
        (
            "github_pat_000000",
            "the token is a fine-grained one, which needs actions, contents, issues and pull requests",
        ),
        ("gho_000000000000", "gh auth refresh --scopes repo"),
        ("ghu_000000000000", "the token is a user's by a GitHub App"),
        ("ghs_000000000000", "the token is no user's, and only a user's can assign the agent"),
        ("another", "only a user's token can assign the agent; see orchestrator doctor"),
    ] {
        sim.add_token(token, viewer);
        let client = client_with(&sim, token);
        let (why, refused) = not_done(client.assign(issue, "nobody-of-that-name", "main").await);
        assert!(why.contains("did not assign") && why.contains(words) && refused, "{why}");
        for status in [403, 404] {
            let body = "{\"message\":\"Resource not accessible\"}".to_owned();
            arrange(&sim, "POST", "/assignees", Answer { status, headers: Vec::new(), body });
            let (why, refused) = not_done(client.assign(issue, LOGIN, "main").await);
            assert!(why.starts_with(&format!("GitHub answered {status}")) && why.contains(words) && refused, "{why}");
        }
    }
}

#[tokio::test]
async fn a_write_for_which_a_permission_is_wanting_names_the_kind_of_the_token_and_what_mends_it() {
    let sim = simulator().await;
    let issue = created(&sim).await;
    done(client(&sim).assign(issue, LOGIN, "main").await);
    while !sim.step_agent().await.expect("the agent works").is_empty() {}
    let (draft, node) = first_pull(&sim);
    let (pull, head) = ready_pull(&sim, "one").await;
    let viewer = sim.world(|world| world.viewer());
    let answer = |status, body: &str| Answer { status, headers: Vec::new(), body: body.to_owned() };
    let forbidden = r#"{"data":null,"errors":[{"type":"FORBIDDEN","message":"Resource not accessible"}]}"#;
    let about = CommentMarker::Feedback { pull, head: head.parse().expect("a commit id") };
    let comment = PullComment { pull, about, by: viewer.0, text: "Go on.".to_owned() };
    for (token, words) in [
        ("ghp_000000000000", "; the token is a classic one, which needs the scope `repo`"),
        (
            "github_pat_000000",
            "; the token is a fine-grained one, which needs actions, contents, issues and pull requests",
        ),
        ("gho_000000000000", "gh auth refresh --scopes repo"),
        ("ghu_000000000000", "; the token is a user's by a GitHub App"),
        ("ghs_000000000000", "; the token is no user's: it can't take a pull request out of draft"),
        ("ghr_000000000000", "; the token can do nothing but renew another one"),
        ("another", ""),
    ] {
        sim.add_token(token, viewer);
        let client = client_with(&sim, token);
        let refused = answer(200, forbidden);
        sim.arrange(Accident { body_part: "MarkReady".to_owned(), ..Accident::on("POST", "/graphql", refused) });
        arrange(&sim, "PUT", "/merge", answer(403, r#"{"message":"Resource not accessible"}"#));
        arrange(&sim, "POST", "/comments", answer(403, r#"{"message":"Resource not accessible"}"#));
        let told = [
            not_done(client.mark_ready(draft, &node).await),
            not_done(client.merge(&merge_of(pull, &head)).await),
            not_done(client.comment(&comment).await),
        ];
        for (why, refused) in told {
            assert!(why.contains("Resource not accessible") && why.contains(words) && refused, "{token}: {why}");
            assert_eq!(why.ends_with("Resource not accessible"), words.is_empty(), "{token}: {why}");
        }
        // No permission mends that.
        let locked = r#"{"message":"Unable to create comment because issue is locked."}"#;
        arrange(&sim, "POST", "/comments", answer(403, locked));
        let (why, refused) = not_done(client.comment(&comment).await);
        assert!(why.ends_with("is locked.") && refused, "{token}: {why}");
    }
}

//! GitHub's limits on the wire: how each is told, how long it lasts, what is not sent meanwhile, who remembers it.

use crate::forge_client::{client, not_done, text};
use crate::sim_client::simulator;
use jiff::{SignedDuration, Timestamp};
use orchestrator::forge::{Client, ForgeError};
use orchestrator::model::{
    AccountId, IssueNumber, Key, Performed, PullNumber, Question, Reason, Resource, Spending, Window,
};
use orchestrator::sim::AccidentKind::Answer;
use orchestrator::sim::{Accident, Options, Simulator};

const NOW: &str = "2026-11-24T08:00:00Z";
const SECONDARY: &str =
    r#"{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}"#;
const CREATION: &str = r#"{"message":"You have exceeded a secondary rate limit and have been temporarily blocked from content creation. Please retry your request again later."}"#;

/// Status, headers and body; the window that it closes, and for how many seconds.
type Row<'a> = (u16, Vec<(&'a str, &'a str)>, &'a str, Window, i64);

fn now() -> Timestamp {
    NOW.parse().expect("a literal time")
}

/// The client is told the simulator's time, plus so many seconds.
fn at(client: &Client, seconds: i64) -> Timestamp {
    let at = now() + SignedDuration::from_secs(seconds);
    client.resume(at, None);
    at
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> orchestrator::sim::AccidentKind {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

fn arrange(sim: &Simulator, method: &str, path_end: &str, status: u16, headers: &[(&str, &str)], body: &str) {
    sim.arrange(Accident::on(method, path_end, answer(status, headers, body)));
}

fn sent(sim: &Simulator) -> usize {
    sim.requests().entries.len()
}

/// Seconds from the time that the client was told until the limit ends.
fn wait(error: &ForgeError, from: Timestamp) -> i64 {
    match error {
        ForgeError::RateLimited { until, .. } => until.duration_since(from).as_secs(),
        other => panic!("{other:?}"),
    }
}

async fn read(client: &Client) -> Result<(), ForgeError> {
    client.agent_events(PullNumber(1)).await.map(|_| ()).or_else(|error| match error {
        ForgeError::NotFound { .. } => Ok(()),
        other => Err(other),
    })
}

#[tokio::test]
async fn each_limit_is_told_by_its_answer_and_lasts_as_long_as_it_says() {
    let reset = (now() + SignedDuration::from_mins(20)).as_second().to_string();
    let primary = r#"{"message":"API rate limit exceeded for user ID 1."}"#;
    let table: [Row<'_>; 9] = [
        (403, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], primary, Window::Core, 1_200),
        (429, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], primary, Window::Core, 1_200),
        (403, vec![("retry-after", "90")], SECONDARY, Window::Everything, 90),
        (429, vec![("retry-after", "7")], "{}", Window::Everything, 7),
        (403, vec![("retry-after", "Tue, 24 Nov 2026 08:03:20 GMT")], SECONDARY, Window::Everything, 200),
        (403, vec![("x-ratelimit-remaining", "4000")], SECONDARY, Window::Everything, 60),
        (429, vec![], "<html>", Window::Everything, 60),
        (403, vec![], primary, Window::Everything, 60),
        (403, vec![("retry-after", "999999999")], SECONDARY, Window::Everything, 86_400),
    ];
    for (status, headers, body, window, seconds) in table {
        let sim = simulator().await;
        let client = client(&sim);
        let told = at(&client, 0);
        arrange(&sim, "GET", "/timeline", status, &headers, body);
        let error = read(&client).await.expect_err("limited");
        let wait = wait(&error, told);
        assert!((seconds..=seconds + 2).contains(&wait), "{status} {headers:?}: {wait} s");
        assert_eq!(client.limits().keys().collect::<Vec<_>>(), [&window], "{status} {headers:?}");
        let before = sent(&sim);
        read(&client).await.expect_err("still limited");
        assert_eq!(sent(&sim), before, "{status} {headers:?}: a request went into the window");
        // A primary limit on REST leaves GraphQL alone.
        let looked = client.observe(&Question::default()).await.is_ok();
        assert_eq!(looked, window == Window::Core, "{status} {headers:?}");
        at(&client, seconds + 3);
        read(&client).await.expect("it is over");
        assert!(client.limits().is_empty(), "{status} {headers:?}: {:?}", client.limits());
    }
}

#[tokio::test]
async fn a_refusal_that_is_no_limit_closes_nothing() {
    let sim = simulator().await;
    let client = client(&sim);
    at(&client, 0);
    arrange(
        &sim,
        "GET",
        "/timeline",
        403,
        &[("x-ratelimit-remaining", "17")],
        r#"{"message":"Must have admin rights."}"#,
    );
    let error = client.agent_events(PullNumber(1)).await.expect_err("refused");
    assert!(matches!(error, ForgeError::Refused { status: 403, .. }), "{error:?}");
    assert!(client.limits().is_empty());
}

#[tokio::test]
async fn graphql_says_it_with_a_200() {
    let reset = (now() + SignedDuration::from_mins(5)).as_second().to_string();
    let spent = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset), ("x-ratelimit-resource", "graphql")];
    let limited = r#"{"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded for user."}]}"#;
    let other = r#"{"errors":[{"type":"RATE_LIMIT","code":"graphql_rate_limit","message":"Limit reached."}]}"#;
    let secondary = r#"{"errors":[{"message":"You have exceeded a secondary rate limit."}]}"#;
    for (headers, body, window, seconds) in [
        (&spent[..], limited, Window::GraphQl, 300),
        (&[], limited, Window::Everything, 60),
        (&spent[..], other, Window::GraphQl, 300),
        (&[], secondary, Window::Everything, 60),
        (&[("retry-after", "33")], secondary, Window::Everything, 33),
    ] {
        let sim = simulator().await;
        let client = client(&sim);
        let told = at(&client, 0);
        arrange(&sim, "POST", "/graphql", 200, headers, body);
        let error = client.observe(&Question::default()).await.expect_err("limited");
        assert!((seconds..=seconds + 2).contains(&wait(&error, told)), "{error:?}");
        assert_eq!(read(&client).await.is_ok(), window == Window::GraphQl, "REST has a budget of its own");
        let before = sent(&sim);
        client.observe(&Question::default()).await.expect_err("still limited");
        assert_eq!(sent(&sim), before);
    }
}

#[tokio::test]
async fn a_limit_without_an_end_lasts_twice_as_long_each_time_up_to_a_quarter_of_an_hour() {
    let sim = simulator().await;
    let client = client(&sim);
    let mut seconds = 0;
    let mut waits = Vec::new();
    for _ in 0..6 {
        let told = at(&client, seconds);
        arrange(&sim, "GET", "/timeline", 403, &[], SECONDARY);
        let wait = wait(&read(&client).await.expect_err("limited"), told);
        waits.push(wait / 10 * 10);
        seconds += wait + 2;
    }
    assert_eq!(waits, [60, 120, 240, 480, 900, 900]);
    at(&client, seconds);
    read(&client).await.expect("it is over");
    let told = at(&client, seconds + 1);
    arrange(&sim, "GET", "/timeline", 403, &[], SECONDARY);
    assert_eq!(wait(&read(&client).await.expect_err("limited"), told) / 10, 6, "it begins anew");
}

#[tokio::test]
async fn the_limit_on_creating_content_leaves_everything_else_alone() {
    for (headers, seconds) in [(&[][..], 600), (&[("retry-after", "120")], 120)] {
        let sim = simulator().await;
        let client = client(&sim);
        let made = match client.create_issue(&text("dev-a.md")).await {
            Performed::Done { value } => value.number,
            other => panic!("{other:?}"),
        };
        let told = at(&client, 0);
        arrange(&sim, "POST", "/issues", 403, headers, CREATION);
        let (why, refused) = not_done(client.create_issue(&text("dev-b.md")).await);
        assert!(!refused && why.contains("content creation"), "{why}");
        let until = client.limits()[&Window::Creation].until.duration_since(told).as_secs();
        assert!((seconds..=seconds + 2).contains(&until), "{until}");
        let before = sim.requests().count("POST", "/issues");
        not_done(client.create_issue(&text("dev-b.md")).await);
        assert_eq!(sim.requests().count("POST", "/issues"), before, "a request went into the window");
        client.observe(&Question::default()).await.expect("reads go on");
        let assigned = client.assign(made, "copilot-swe-agent[bot]", "main").await;
        assert!(matches!(assigned, Performed::Done { .. }), "{assigned:?}");
    }
}

#[tokio::test]
async fn a_limited_answer_to_a_write_is_not_done_and_not_refused_for_good() {
    for (status, headers, body) in [
        (403, &[("retry-after", "60")][..], SECONDARY),
        (429, &[], "{}"),
        (403, &[], r#"{"message":"API rate limit exceeded"}"#),
    ] {
        let sim = simulator().await;
        let client = client(&sim);
        at(&client, 0);
        let made = match client.create_issue(&text("dev-a.md")).await {
            Performed::Done { value } => value.number,
            other => panic!("{other:?}"),
        };
        arrange(&sim, "POST", "/assignees", status, headers, body);
        let (why, refused) = not_done(client.assign(made, "copilot-swe-agent[bot]", "main").await);
        assert!(!refused && why.contains("rate limit is reached until 2026-11-24T08:01:0"), "{why}");
        let before = sent(&sim);
        not_done(client.close_issue(made, orchestrator::model::Closing::Completed).await);
        not_done(client.assign(made, "copilot-swe-agent[bot]", "main").await);
        assert_eq!(sent(&sim), before, "a write went into the window");
    }
}

#[tokio::test]
async fn a_server_that_fails_for_a_moment_is_asked_again_at_once() {
    let sim = simulator().await;
    let client = client(&sim);
    at(&client, 0);
    client.create_issue(&text("dev-a.md")).await;
    arrange(&sim, "GET", "/timeline", 503, &[("retry-after", "1")], "<html>");
    read(&client).await.expect("the second one is answered");
    assert!(client.limits().is_empty(), "{:?}", client.limits());
}

#[tokio::test]
async fn a_failing_server_that_asks_to_be_left_alone_is_left_alone() {
    for (said, seconds) in [("40", 40), ("86400", 900)] {
        let sim = simulator().await;
        let client = client(&sim);
        let told = at(&client, 0);
        let made = match client.create_issue(&text("dev-a.md")).await {
            Performed::Done { value } => value.number,
            other => panic!("{other:?}"),
        };
        arrange(&sim, "GET", "/timeline", 503, &[("retry-after", said)], "<html>");
        let before = sent(&sim);
        let error = read(&client).await.expect_err("it fails");
        assert!((seconds..=seconds + 2).contains(&wait(&error, told)), "{said}: {error:?}");
        assert_eq!(sent(&sim), before + 1, "it was asked again all the same");
        // Of a write nobody knows what came of it.
        at(&client, seconds + 3);
        arrange(&sim, "POST", "/assignees", 503, &[("retry-after", said)], "<html>");
        let assigned = client.assign(made, "copilot-swe-agent[bot]", "main").await;
        assert!(matches!(assigned, Performed::Unknown { .. }), "{assigned:?}");
        at(&client, 2 * seconds + 6);
        read(&client).await.expect("it is over");
        assert!(client.limits().is_empty(), "{:?}", client.limits());
    }
}

#[tokio::test]
async fn the_last_point_is_spent_and_nothing_is_sent_after_it() {
    let sim =
        Simulator::start(Options { now: Some(now()), hourly_limit: 3, ..Options::default() }).await.expect("starts");
    let client = client(&sim);
    let told = at(&client, 0);
    for left in [2, 1, 0] {
        client.issue(IssueNumber(1)).await.expect("answered");
        assert_eq!(client.balances()[&Resource::Core].remaining, left);
    }
    let error = client.issue(IssueNumber(1)).await.expect_err("nothing is left");
    assert!((3_600..=3_602).contains(&wait(&error, told)), "{error:?}");
    assert_eq!(sent(&sim), 3);
    sim.advance(SignedDuration::from_secs(3_601));
    at(&client, 3_603);
    client.issue(IssueNumber(1)).await.expect("a new hour");
    assert_eq!(client.balances()[&Resource::Core].remaining, 2);
}

#[tokio::test]
async fn a_clock_that_is_wrong_does_not_change_how_long_a_limit_lasts() {
    let reset = (now() + SignedDuration::from_mins(20)).as_second().to_string();
    for ahead in [-86_400, 0, 86_400] {
        let sim = simulator().await;
        let client = client(&sim);
        let told = at(&client, ahead);
        arrange(&sim, "GET", "/timeline", 403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], "{}");
        let wait = wait(&read(&client).await.expect_err("limited"), told);
        assert!((1_200..=1_202).contains(&wait), "{ahead} s ahead: {wait}");
    }
}

#[tokio::test]
async fn every_request_is_counted_by_its_reason_and_its_hour() {
    let sim = simulator().await;
    let client = client(&sim);
    at(&client, 0);
    client.observe(&Question::default()).await.expect("observed");
    let Performed::Done { value: made } = client.create_issue(&text("dev-a.md")).await else { panic!("not created") };
    client.assign(made.number, "copilot-swe-agent[bot]", "main").await;
    let viewer = AccountId { id: made.author, login: "maintainer".to_owned() };
    let key = Key::Item(orchestrator::model::ItemName::new("dev-a.md").expect("a name"));
    client.own_issues(&key, &viewer).await.expect("listed");
    sim.step_agent().await.expect("the agent works");
    for _ in 0..2 {
        client.agent_events(PullNumber(made.number.0 + 1)).await.expect("read");
    }
    let spent = client.drain();
    let hour = spent.hours.values().next().expect("one hour");
    let count = |reason| hour.get(&reason).map_or((0, 0, 0), |tally| (tally.requests, tally.unchanged, tally.points));
    for (reason, counted) in [
        (Reason::Observe, (1, 0, 1)),
        (Reason::Labels, (1, 0, 0)),
        (Reason::CreateLabel, (1, 0, 0)),
        (Reason::CreateIssue, (1, 0, 0)),
        (Reason::Probe, (1, 0, 0)),
        (Reason::Assign, (1, 0, 0)),
        (Reason::OwnIssues, (2, 0, 0)),
        (Reason::Timeline, (2, 1, 0)),
    ] {
        assert_eq!(count(reason), counted, "{reason:?}");
    }
    let log = sim.requests();
    let all: u64 = hour.values().map(|tally| tally.requests).sum();
    assert_eq!(all, log.rest + log.graphql, "every request, and nothing else");
    assert_eq!(spent.hours.len(), 1);
    assert!(client.drain().hours.is_empty(), "it is given away once");
    let core = spent.balances[&Resource::Core];
    assert_eq!((core.limit, core.remaining), (Some(5_000), 5_000 - (log.rest - log.not_modified)));
}

#[tokio::test]
async fn a_client_is_told_what_another_met_and_another_account_is_not() {
    let sim = simulator().await;
    let first = client(&sim);
    at(&first, 0);
    arrange(&sim, "GET", "/timeline", 403, &[("retry-after", "60")], SECONDARY);
    read(&first).await.expect_err("limited");
    let kept: Spending = first.drain();
    let before = sent(&sim);
    let second = client(&sim);
    second.resume(now() + SignedDuration::from_secs(1), Some(&kept));
    second.observe(&Question::default()).await.expect_err("limited, too");
    assert_eq!(sent(&sim), before, "a request went into the window");
    let viewer = sim.world(|world| world.viewer());
    sim.add_token("another-token", viewer);
    let other = crate::forge_client::client_with(&sim, "another-token");
    other.resume(now() + SignedDuration::from_secs(1), Some(&kept));
    other.observe(&Question::default()).await.expect("another token has limits of its own");
}

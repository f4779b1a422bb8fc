//! Each fault on the wire: what the client is told, and whether what was asked for happened.

use crate::sim_client::{Reply, repo, simulator};
use orchestrator::sim::{Accident, AccidentKind, Simulator};
use serde_json::{Value, json};

const CREATE: &str = "POST /repos/{owner}/{repo}/issues";
const LIST: &str = "GET /repos/{owner}/{repo}/issues";

fn issues(sim: &Simulator) -> usize {
    sim.world(|world| world.subjects().count())
}

async fn create(sim: &Simulator, title: &str) -> Reply {
    repo(sim, "POST", "/issues", json!({"title": title, "body": "Text"})).await
}

async fn titles(sim: &Simulator, query: &str) -> Vec<String> {
    let listed = repo(sim, "GET", &format!("/issues?{query}"), Value::Null).await.body;
    listed.as_array().unwrap().iter().map(|issue| issue["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_refused_is_said_in_githubs_words_and_not_done() {
    let limit = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    for (kind, status, words, header) in [
        (AccidentKind::unauthorized(), 401, "Bad credentials", None),
        (
            AccidentKind::primary_limit(90),
            403,
            "API rate limit exceeded for user ID 583231.",
            Some(("x-ratelimit-remaining", "0")),
        ),
        (AccidentKind::secondary_limit(60), 403, limit, Some(("retry-after", "60"))),
        (AccidentKind::bare_secondary_limit(), 403, limit, None),
        (AccidentKind::too_many_requests(60), 429, limit, Some(("retry-after", "60"))),
        (AccidentKind::forbidden(), 403, "Resource not accessible by personal access token", None),
        (AccidentKind::not_found(), 404, "Not Found", None),
        (AccidentKind::base_modified(), 405, "Base branch was modified. Review and try the merge again.", None),
        (AccidentKind::forbidden_by_rule(), 405, "This branch must not contain merge commits.", None),
        (AccidentKind::conflict(), 409, "Head branch was modified. Review and try the merge again.", None),
        (AccidentKind::gone(), 410, "This issue was deleted", None),
        (AccidentKind::invalid(), 422, "Validation Failed", None),
        (AccidentKind::already_exists(), 422, "Validation Failed", None),
        (
            AccidentKind::moved("https://elsewhere.example/"),
            301,
            "Moved Permanently",
            Some(("location", "https://elsewhere.example/")),
        ),
    ] {
        let sim = simulator().await;
        sim.arrange(Accident::at(CREATE, kind.clone()));
        let reply = create(&sim, "One").await;
        assert_eq!((reply.status, reply.body["message"].as_str()), (status, Some(words)), "{kind:?}");
        if let Some((name, value)) = header {
            assert_eq!(reply.headers.get(name).map(String::as_str), Some(value), "{kind:?}");
        }
        assert_eq!((issues(&sim), sim.end_accidents()), (0, 1), "{kind:?}");
        assert_eq!(create(&sim, "One").await.status, 201, "it happens once");
    }
}

#[tokio::test]
async fn gateways_answer_before_or_after_the_effect() {
    for (kind, status, made) in [
        (AccidentKind::bad_gateway(), 502, 0),
        (AccidentKind::unavailable(), 503, 0),
        (AccidentKind::gateway_timeout(), 504, 0),
        (AccidentKind::server_error(), 500, 0),
        (AccidentKind::server_error_after_effect(), 500, 1),
    ] {
        let sim = simulator().await;
        sim.arrange(Accident::at(CREATE, kind.clone()));
        let reply = create(&sim, "One").await;
        assert_eq!((reply.status, issues(&sim)), (status, made), "{kind:?}");
    }
}

#[tokio::test]
async fn an_accident_comes_after_as_many_requests_and_as_often_as_it_says() {
    let sim = simulator().await;
    sim.arrange(Accident { after: 1, times: 2, ..Accident::at(CREATE, AccidentKind::forbidden()) });
    let mut told = Vec::new();
    for _ in 0..5 {
        told.push(create(&sim, "One").await.status);
    }
    assert_eq!(told, [201, 403, 403, 201, 201]);
    sim.arrange(Accident::at(CREATE, AccidentKind::forbidden()).always());
    for _ in 0..3 {
        assert_eq!(create(&sim, "One").await.status, 403);
    }
    assert_eq!(sim.end_accidents(), 5);
    assert_eq!(create(&sim, "One").await.status, 201);
}

#[tokio::test]
async fn a_stale_list_shows_what_was_and_changes_nothing() {
    let sim = simulator().await;
    sim.arrange(Accident { after: 1, ..Accident::at(LIST, AccidentKind::stale(10)) });
    create(&sim, "One").await;
    sim.advance(jiff::SignedDuration::from_secs(5));
    assert_eq!(titles(&sim, "").await, ["One"], "before");
    create(&sim, "Two").await;
    sim.advance(jiff::SignedDuration::from_secs(10));
    assert_eq!(titles(&sim, "").await, ["One"], "ten seconds ago");
    assert_eq!(titles(&sim, "").await, ["Two", "One"], "now");
}

#[tokio::test]
async fn lists_leave_out_and_repeat_what_they_are_told_to() {
    let sim = simulator().await;
    for title in ["One", "Two", "Three"] {
        create(&sim, title).await;
    }
    sim.arrange(Accident::at(LIST, AccidentKind::omits("\"Two\"")));
    assert_eq!(titles(&sim, "").await, ["Three", "One"]);
    sim.arrange(Accident::at(LIST, AccidentKind::page_shift()).always());
    let mut pages = Vec::new();
    for page in 1..=4 {
        pages.push(titles(&sim, &format!("per_page=100&page={page}")).await.join(" "));
    }
    assert_eq!(pages, ["Three", "Three", "Two", "One"], "one entry twice, none lost");
    sim.end_accidents();
    sim.arrange(Accident::at(LIST, AccidentKind::Paged { longest: 2, shift: -1 }).always());
    assert_eq!(titles(&sim, "page=1").await, ["Three", "Two"]);
    assert_eq!(titles(&sim, "page=2").await, Vec::<String>::new(), "one is lost between the pages");
}

#[tokio::test]
async fn answers_are_altered_and_what_was_asked_is_done() {
    let sim = simulator().await;
    let altered = async |kind: AccidentKind| {
        sim.arrange(Accident::at(CREATE, kind));
        create(&sim, "One").await
    };
    let reply = altered(AccidentKind::date_skew(-3_600)).await;
    assert_eq!(reply.headers.get("date").map(String::as_str), Some("Tue, 24 Nov 2026 07:00:00 GMT"));
    let reply = altered(AccidentKind::huge_field()).await;
    assert!(reply.body["body"].as_str().unwrap().len() > 5 * 1024 * 1024);
    let reply = altered(AccidentKind::odd_unicode()).await;
    assert!(reply.body["body"].as_str().unwrap().contains('\u{202e}'));
    assert_eq!(issues(&sim), 3);
}

#[tokio::test]
async fn graphql_complains_with_200_and_with_a_part_or_nothing() {
    let sim = simulator().await;
    let ask = async || {
        let query = "query Observe($n: String!) { repository(owner: \"maintainer\", name: $n) { url isArchived } }";
        crate::sim_client::graphql(&sim, query, json!({"n": "tally"})).await
    };
    sim.arrange(Accident::at("query Observe", AccidentKind::complaint()));
    sim.arrange(Accident::at("query Observe", AccidentKind::partial("/data/repository/url")));
    sim.arrange(Accident::at("query Observe", AccidentKind::primary_limit(60)));
    let nothing = ask().await;
    assert!(
        nothing["data"].is_null() && nothing["errors"][0]["message"].as_str().unwrap().starts_with("Something went")
    );
    let part = ask().await;
    assert_eq!(part["data"]["repository"], json!({"url": null, "isArchived": false}));
    assert_eq!(part["errors"][0]["path"], json!(["repository", "url"]));
    assert_eq!(ask().await["errors"][0]["type"], "RATE_LIMITED");
    assert!(ask().await.get("errors").is_none());
}

#[tokio::test(start_paused = true)]
async fn silence_lasts_until_the_client_gives_up_and_drops_arrive_in_time() {
    use crate::forge_client::{client, done, text, unknown};
    for (kind, made) in [
        (AccidentKind::read_timeout(), 0),
        (AccidentKind::read_timeout_after_effect(), 1),
        (AccidentKind::truncated(), 1),
        (AccidentKind::reset_in_the_body(), 1),
    ] {
        let sim = simulator().await;
        sim.arrange(Accident::at(CREATE, kind.clone()));
        let told = unknown(client(&sim).create_issue(&text("dev-a.md")).await);
        assert_eq!(issues(&sim), made, "{kind:?}: {told}");
    }
    let sim = simulator().await;
    sim.arrange(Accident::at(CREATE, AccidentKind::slow_drip()));
    let begun = tokio::time::Instant::now();
    done(client(&sim).create_issue(&text("dev-a.md")).await);
    assert!(begun.elapsed() >= std::time::Duration::from_secs(20));
}

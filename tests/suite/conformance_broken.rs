//! The judge itself: real requests and answers, broken on purpose in one place, are found out with place and reason.

use crate::conformance::Deviation;
use crate::conformance_graphql::PublicSchema;
use crate::conformance_rest::Description;
use crate::forge_client::{client, done, text};
use crate::sim_client::{repo, simulator};
use orchestrator::model::Question;
use orchestrator::sim::Exchange;
use serde_json::{Value, json};

/// What our client said and was answered, and two pages of a list.
async fn said() -> Vec<Exchange> {
    let sim = simulator().await;
    sim.record();
    let client = client(&sim);
    let issue = done(client.create_issue(&text("dev-a.md")).await);
    done(client.create_issue(&text("dev-b.md")).await);
    done(client.close_issue(issue.number, orchestrator::model::Closing::Completed).await);
    client.observe(&Question { unsettled: vec![issue.node], settled: Vec::new() }).await.expect("observed");
    repo(&sim, "GET", "/issues?state=all&per_page=1", Value::Null).await;
    sim.transcript().exchanges
}

fn find(said: &[Exchange], method: &str, end: &str) -> Exchange {
    said.iter().rev().find(|it| it.method == method && it.path.ends_with(end)).expect("it was said").clone()
}

fn changed(bytes: &[u8], change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut value = serde_json::from_slice(bytes).expect("JSON");
    change(&mut value);
    value.to_string().into_bytes()
}

fn without(value: &mut Value, key: &str) {
    value.as_object_mut().expect("an object").remove(key).expect("it was there");
}

/// Exactly this is said: the end of the place, and a part of the reason.
fn told(found: &[Deviation], at: &str, why: &str) {
    let fits = matches!(found, [one] if one.at.ends_with(at) && one.why.contains(why));
    assert!(fits, "{at}, {why}: {found:?}");
}

#[tokio::test]
async fn a_broken_rest_answer_is_told_with_place_and_reason() {
    let (said, rest) = (said().await, Description::new());
    let whole = find(&said, "POST", "/issues");
    assert_eq!(rest.answer(&whole), []);
    let broken = |change: fn(&mut Value)| {
        rest.answer(&Exchange { answer: changed(&whole.answer, change).into(), ..whole.clone() })
    };
    told(&broken(|it| without(it, "number")), "201 ", "\"number\" is a required property");
    told(&broken(|it| it["number"] = json!("1")), "201 /number", "is not of type \"integer\"");
    told(&broken(|it| it["created_at"] = json!("yesterday")), "201 /created_at", "is not a \"date-time\"");
    told(&broken(|it| it["state_reason"] = json!("bored")), "201 /state_reason", "");
    told(&broken(|it| it["user"]["node_id"] = Value::Null), "201 /user/node_id", "is not of type \"string\"");
    told(&broken(|it| it["mood"] = json!("good")), "201 ", "'mood' was unexpected");
    told(&rest.answer(&Exchange { status: 202, ..whole.clone() }), "/issues 202", "not declared");
    let mut other = whole.clone();
    other.answer_headers.remove("content-type");
    told(&rest.answer(&other), "201", "not declared as JSON");
    told(&rest.answer(&Exchange { answer: "{".into(), ..whole.clone() }), "201", "not JSON");
    let mut list = find(&said, "GET", "/issues");
    assert!(list.answer_headers.contains_key("link"));
    assert_eq!(rest.answer(&list), []);
    list.answer_headers.insert("link", "<http://127.0.0.1/other?page=2>; rel=\"next\"".parse().expect("a header"));
    told(&rest.answer(&list), "200 link", "no page of this list");
}

#[tokio::test]
async fn a_broken_rest_request_is_told_with_place_and_reason() {
    let (said, rest) = (said().await, Description::new());
    let whole = find(&said, "PATCH", "/issues/1");
    assert_eq!(rest.request(&whole), []);
    let broken =
        |change: fn(&mut Value)| rest.request(&Exchange { body: changed(&whole.body, change).into(), ..whole.clone() });
    told(&broken(|it| it["state"] = json!("shut")), "body /state", "\"shut\" is not one of");
    told(&broken(|it| it["colour"] = json!("red")), "body ", "'colour' was unexpected");
    let created = find(&said, "POST", "/issues");
    let untitled = changed(&created.body, |it| without(it, "title"));
    told(
        &rest.request(&Exchange { body: untitled.into(), ..created.clone() }),
        "body ",
        "\"title\" is a required property",
    );
    told(&rest.request(&Exchange { body: Vec::new().into(), ..created }), "body", "a body is required");
    let listed = find(&said, "GET", "/labels");
    assert_eq!(rest.request(&listed), []);
    let asked = |query: &str| rest.request(&Exchange { query: query.to_owned(), ..listed.clone() });
    told(&asked("per_page=many"), "query per_page", "is not of type \"integer\"");
    told(&asked("colour=red"), "query", "no parameter colour");
    told(&rest.request(&Exchange { body: "{}".into(), ..listed.clone() }), "body", "there is to be none");
    let path = "/repos/maintainer/tally/issues/first".to_owned();
    told(&rest.request(&Exchange { path, ..whole.clone() }), "path issue_number", "is not of type \"integer\"");
    told(&rest.request(&Exchange { method: "PUT".to_owned(), ..whole }), "/issues/1", "no such operation");
}

#[tokio::test]
async fn a_broken_graphql_document_or_answer_is_told_with_place_and_reason() {
    let (said, graphql) = (said().await, PublicSchema::new());
    let whole = find(&said, "POST", "/graphql");
    assert_eq!(graphql.exchange(&whole), []);
    let answered = |change: fn(&mut Value)| {
        graphql.exchange(&Exchange { answer: changed(&whole.answer, change).into(), ..whole.clone() })
    };
    told(&answered(|it| without(&mut it["data"]["repository"], "url")), "Observe/repository/url", "it is missing");
    told(
        &answered(|it| it["data"]["repository"]["isArchived"] = Value::Null),
        "repository/isArchived",
        "null, though it is Boolean!",
    );
    told(&answered(|it| it["data"]["repository"]["url"] = json!("here")), "repository/url", "is no URI");
    told(&answered(|it| it["data"]["repository"]["stars"] = json!(1)), "repository/stars", "nobody asked for it");
    told(
        &answered(|it| it["data"]["unsettled"][0]["state"] = json!("SHUT")),
        "unsettled/0/state",
        "\"SHUT\" is no IssueState",
    );
    told(
        &answered(|it| it["data"]["unsettled"][0]["assignments"]["nodes"] = json!({})),
        "assignments/nodes",
        "it is no list",
    );
    told(&answered(|it| it["data"] = Value::Null), "Observe", "neither data nor errors");
    let asked = |change: fn(&mut Value)| {
        graphql.exchange(&Exchange { body: changed(&whole.body, change).into(), ..whole.clone() })
    };
    let text = |it: &Value| it["query"].as_str().expect("a document").to_owned();
    told(&asked(|it| it["variables"]["lists"] = json!("yes")), "Observe", "");
    told(&asked(|it| it["variables"]["more"] = json!(1)), "Observe", "$more is not declared");
    let broken = text(&serde_json::from_slice(&whole.body).expect("JSON")).replacen("isArchived", "isArchaic", 1);
    let found = graphql.document(&broken).expect_err("no such field");
    told(&found, "document", "`Repository` does not have a field `isArchaic`");
    let old = "query($id: ID!) { node(id: $id) { ... on AssignedEvent { user { login } } } }";
    let old = graphql.document(old).expect("a document");
    assert_eq!(PublicSchema::deprecated(&old), ["user"]);
}

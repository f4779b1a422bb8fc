//! How accidents are done to answers.
//!
//! Needs the site, and a runtime for what takes time. Guarantees that what is to have an effect has it exactly once, and
//! what is not has none. A stale answer is made by putting a former world in the place of the present one for one read.
//!
//! Races: while a stale answer is made, requests side by side see the former world, too. Whoever arranges one asks one
//! thing at a time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::DATE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use http_body_util::channel::Channel;
use http_body_util::{Full, Limited};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::fault::BROKEN_QUERY;
use super::{AccidentKind, Alteration};
use crate::sim::git::Objects;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::Call;
use crate::sim::wire::page::Paging;
use crate::sim::wire::{Site, handle, hold, note_accident, respond};

/// Characters that are trouble: a bell, a colour, right to left, no width, a tag, no character, and marks upon a letter.
const ODD: &str = " \u{7}\u{1b}[31m\u{202e}\u{200b}\u{e0041}\u{fffe}a\u{301}\u{301}\u{301}";

/// Lets an accident happen to a request.
pub(in crate::sim::wire) async fn happen<G: Objects + 'static>(
    site: &Arc<Site<G>>,
    mut call: Call,
    kind: AccidentKind,
) -> Response {
    match kind {
        AccidentKind::Before(status) => respond(site, note_accident(site, &call, gateway(status))),
        AccidentKind::Answer { status, headers, body } => {
            respond(site, note_accident(site, &call, arranged(status, &headers, &body)))
        }
        AccidentKind::Spent { seconds } => respond(site, note_accident(site, &call, spent(site, &call, seconds))),
        AccidentKind::After(status) => {
            handle(site, call).await;
            respond(site, gateway(status))
        }
        AccidentKind::BrokenOff => {
            handle(site, call).await;
            broken_off()
        }
        AccidentKind::Silent { effect } => {
            if effect {
                handle(site, call).await;
            } else {
                note_accident(site, &call, gateway(504));
            }
            // Until the client gives up.
            std::future::pending().await
        }
        AccidentKind::Truncated => {
            let answer = handle(site, call).await;
            let half = answer.body.slice(..answer.body.len() / 2);
            respond(site, Answer { body: half, ..answer })
        }
        AccidentKind::Stale { seconds } => respond(site, stale(site, call, seconds).await),
        AccidentKind::Paged { longest, shift } => {
            call.paging = Paging { longest, shift };
            respond(site, handle(site, call).await)
        }
        AccidentKind::Altered(alteration) => {
            let now = site.hub.world().now();
            let answer = handle(site, call).await;
            respond(
                site,
                match alteration {
                    Alteration::Date(seconds) => {
                        let date = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
                        answer.with(DATE, &date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
                    }
                    other @ (Alteration::Longer(_)
                    | Alteration::Odd
                    | Alteration::Without(_)
                    | Alteration::Partly(_)
                    | Alteration::Withheld(_)
                    | Alteration::Instead { .. }) => altered(answer, &other),
                },
            )
        }
        AccidentKind::Dripped { drops, millis } => dripped(handle(site, call).await, drops, millis),
    }
}

/// An answer that breaks off: the head is sent, then the connection ends.
fn broken_off() -> Response {
    // A body over its limit fails when it is sent; hyper then ends the connection.
    Response::new(Body::new(Limited::new(Full::from("{}"), 1)))
}

/// The answer of a gateway.
fn gateway(status: u16) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    Answer { body: "<html><body>Unicorn!</body></html>".into(), ..Answer::empty(status) }
}

/// An answer that was arranged word for word.
fn arranged(status: u16, headers: &[(String, String)], body: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut answer = Answer { body: body.to_owned().into(), ..Answer::empty(status) };
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            answer.headers.insert(name, value);
        }
    }
    answer
}

/// The hour is said to be spent: by GraphQL with 200.
fn spent(site: &Site<impl Objects>, call: &Call, seconds: u32) -> Answer {
    let now = site.hub.world().now();
    let message = "API rate limit exceeded for user ID 583231.";
    let (answer, resource) = if call.path == ["graphql"] {
        (Answer::ok(&json!({"errors": [{"type": "RATE_LIMITED", "message": message}]})), "graphql")
    } else {
        (Answer::error(StatusCode::FORBIDDEN, message), "core")
    };
    let header = HeaderName::from_static;
    answer
        .with(header("x-ratelimit-limit"), "5000")
        .with(header("x-ratelimit-remaining"), "0")
        .with(header("x-ratelimit-used"), "5000")
        .with(header("x-ratelimit-reset"), &(now.as_second() + i64::from(seconds)).to_string())
        .with(header("x-ratelimit-resource"), resource)
}

async fn stale<G: Objects + 'static>(site: &Arc<Site<G>>, call: Call, seconds: u32) -> Answer {
    let now = site.hub.world().now();
    let until = now.checked_sub(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(now);
    let Some(mut former) = hold(&site.accidents).former(until) else {
        return handle(site, call).await;
    };
    // The answer is old, the clock on the wall is not.
    former.set_now(now);
    let present = std::mem::replace(&mut *site.hub.world(), former);
    let answer = handle(site, call).await;
    *site.hub.world() = present;
    answer
}

fn altered(answer: Answer, alteration: &Alteration) -> Answer {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return answer };
    match alteration {
        Alteration::Longer(bytes) => {
            let objects = body.as_array_mut().and_then(|list| list.first_mut());
            let text = "All work and no play. ".repeat(bytes / 22 + 1);
            if let Some(object) = objects { append(object, &text) } else { append(&mut body, &text) }
        }
        Alteration::Odd => match body.as_array_mut() {
            Some(list) => list.iter_mut().for_each(|object| append(object, ODD)),
            None => append(&mut body, ODD),
        },
        Alteration::Without(text) => {
            for pointer in ["", "/data/repository/issues/nodes", "/data/repository/pullRequests/nodes"] {
                if let Some(list) = body.pointer_mut(pointer).and_then(Value::as_array_mut) {
                    list.retain(|entry| !entry.to_string().contains(text.as_str()));
                }
            }
        }
        Alteration::Partly(pointer) => {
            let path = take_away(&mut body, pointer);
            body["errors"] = json!([{"message": BROKEN_QUERY, "path": path}]);
        }
        Alteration::Withheld(pointer) => {
            let path = take_away(&mut body, pointer);
            let message = "Resource not accessible by personal access token";
            body["errors"] = json!([{"type": "FORBIDDEN", "message": message, "path": path}]);
        }
        Alteration::Instead { within, says, instead } => {
            if let Some(part) = body.pointer_mut(within) {
                replace(part, says, instead);
            }
        }
        Alteration::Date(_) => {}
    }
    Answer { body: Bytes::from(body.to_string()), ..answer }
}

/// Makes a part of an answer null; how an error names its place.
fn take_away(body: &mut Value, pointer: &str) -> Vec<Value> {
    if let Some(part) = body.pointer_mut(pointer) {
        *part = Value::Null;
    }
    let place = |name: &str| name.parse::<u64>().map_or_else(|_| json!(name), |index| json!(index));
    pointer.split('/').skip(2).map(place).collect()
}

/// Puts another text in the place of one, wherever that stands.
fn replace(value: &mut Value, says: &str, instead: &str) {
    match value {
        Value::String(text) if text == says => instead.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|value| replace(value, says, instead)),
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, says, instead)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds to the text of an object, and to a field that nobody knows.
fn append(object: &mut Value, text: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    if let Some(Value::String(body)) = fields.get_mut("body") {
        body.push_str(text);
    }
    fields.insert("a_field_of_tomorrow".to_owned(), Value::String(text.to_owned()));
}

fn dripped(answer: Answer, drops: usize, millis: u64) -> Response {
    let (mut sender, body) = Channel::<Bytes>::new(1);
    let (bytes, size) = (answer.body.clone(), answer.body.len().div_ceil(drops.max(1)).max(1));
    tokio::spawn(async move {
        for start in (0..bytes.len()).step_by(size) {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            let drop = bytes.slice(start..bytes.len().min(start + size));
            if sender.send_data(drop).await.is_err() {
                // The client has gone.
                return;
            }
        }
    });
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

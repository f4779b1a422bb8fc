//! What GitHub tells in part: data beside complaints, each of which is noted where it belongs.
//!
//! **Guarantees**: pure. Where something is missing that decides about an issue, the issue is marked as unread; a detail
//! that the token may not see and that decides nothing is told to people, and the issue goes on without it.

use super::ForgeError;
use super::http::{Graph, GraphError};
use serde_json::{Value, json};

/// What shows who is asked for a review where that is a team (docs.github.com, "Permissions required for fine-grained
/// personal access tokens"; cli/cli#14317).
const TEAMS: &str = "organisation members: read, or `read:org`";

/// A gateway that gave up, as GitHub itself does with a query that takes it too long.
pub(super) fn timed_out(error: &ForgeError) -> bool {
    matches!(error, ForgeError::Refused { status: 502 | 504, .. })
}

/// Whether GitHub complains that the query is too much for it (docs.github.com, "Rate limits and query limits").
pub(super) fn too_much(graph: &Graph) -> bool {
    graph.errors.iter().any(gave_up)
}

fn gave_up(error: &GraphError) -> bool {
    matches!(error.kind.as_deref(), Some("RESOURCE_LIMITS_EXCEEDED" | "MAX_NODE_LIMIT_EXCEEDED"))
        || error.message.starts_with("Something went wrong while executing your query")
}

/// An answer of which no use can be made, and why: a permission that the token lacks is told as REST would tell it.
pub(super) fn no_use(what: &str, graph: &Graph, why: String) -> ForgeError {
    let what = what.to_owned();
    if graph.errors.iter().any(is_withheld) {
        ForgeError::Refused { what, status: 403, message: graph.complaint() }
    } else {
        ForgeError::Unexpected { what, why }
    }
}

/// Whether the token may not read it.
fn is_withheld(error: &GraphError) -> bool {
    matches!(error.kind.as_deref(), Some("FORBIDDEN" | "INSUFFICIENT_SCOPES"))
}

/// A complaint in words for people.
pub(super) fn in_part(message: &str) -> String {
    format!("GitHub answered in part: {message}")
}

fn without_reviewer(message: &str) -> String {
    format!("GitHub answered in part; who is asked for a review is told with {TEAMS}: {message}")
}

/// What a complaint about a part of an issue comes to.
enum Part {
    /// The checks of a pull request can't be read.
    Checks,
    /// Who is asked for a review; that somebody is asked is known without.
    Reviewer,
    /// What an event or a pull request names besides; it is in another repository, since this one can be read.
    Aside,
    /// A linked pull request as a whole. It is another repository's where this one's can be read.
    Whole,
    /// It decides.
    Essence,
}

/// By the names on the way from an issue to the part.
fn part(names: &[&str], error: &GraphError) -> Part {
    match names {
        // What a query has no time for is there, and says something else the next time.
        _ if gave_up(error) => Part::Essence,
        ["links", "nodes", "statusCheckRollup", ..] => Part::Checks,
        [.., "requestedReviewer"] => Part::Reviewer,
        ["references", "nodes", ..] | ["links", "nodes", "closingIssuesReferences", "nodes", ..] => Part::Aside,
        ["links", "nodes"] if is_withheld(error) => Part::Whole,
        _ => Part::Essence,
    }
}

/// Whether a list holds anything that was told.
fn some(list: Option<&Value>) -> bool {
    list.and_then(Value::as_array).is_some_and(|entries| entries.iter().any(|entry| !entry.is_null()))
}

/// Nothing is decided about an issue that is marked so. What is withheld is not gone.
pub(super) fn mark_unread(issue: &mut Value, why: &str) {
    if let Value::Object(fields) = issue {
        fields.insert("unread".to_owned(), Value::String(why.to_owned()));
    } else {
        *issue = json!({ "unread": why });
    }
}

fn mark_checks(pull: Option<&mut Value>) {
    if let Some(Value::Object(fields)) = pull {
        fields.insert("unreadableChecks".to_owned(), Value::Bool(true));
    }
}

/// Notes one complaint where it belongs; what is told to people of it. An error where nothing can be made of the rest.
pub(super) fn note(data: &mut Value, error: &GraphError) -> Result<Option<String>, String> {
    let said = || in_part(&error.message);
    let names: Vec<&str> = error.path.iter().filter_map(Value::as_str).collect();
    let index = error.path.get(1).and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
    match (names.as_slice(), index) {
        ([list @ ("unsettled" | "settled"), rest @ ..], Some(index)) => {
            if rest.is_empty() && error.kind.as_deref() == Some("NOT_FOUND") {
                return Ok(None);
            }
            let readable = some(data.pointer("/repository/pullRequests/nodes"));
            let Some(issue) = data.get_mut(list).and_then(|issues| issues.get_mut(index)) else {
                return Ok(Some(said()));
            };
            let readable = readable || some(issue.pointer("/links/nodes"));
            if issue.is_null() {
                mark_unread(issue, &error.message);
                return Ok(Some(said()));
            }
            let pull = error.path.get(4).and_then(Value::as_u64);
            match (part(rest, error), pull) {
                (Part::Checks, Some(pull)) => mark_checks(issue.pointer_mut(&format!("/links/nodes/{pull}"))),
                (Part::Reviewer, _) => return Ok(Some(without_reviewer(&error.message))),
                (Part::Aside, _) => {}
                (Part::Whole, _) if readable => {}
                (Part::Checks, None) | (Part::Whole | Part::Essence, _) => mark_unread(issue, &error.message),
            }
            Ok(Some(said()))
        }
        // A permission that the token lacks: nothing could be decided without.
        (["repository", "issues" | "pullRequests"], _) if is_withheld(error) => Err(said()),
        (["repository", "issues" | "pullRequests", ..], _) => Ok(Some(said())),
        // It ran out of time somewhere: what is missing of the issues may be anything, and an empty repository looks the
        // same.
        ([], _) if gave_up(error) && data.pointer("/repository/defaultBranchRef").is_some_and(Value::is_object) => {
            for list in ["unsettled", "settled"] {
                for issue in data.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    mark_unread(issue, &error.message);
                }
            }
            Ok(Some(said()))
        }
        _ => Err(said()),
    }
}

/// A page of linked pull requests, in which checks that were withheld are marked, and what was; or what GitHub complained
/// of else.
pub(super) fn linked(graph: Graph) -> Result<(Value, Vec<String>), String> {
    let mut data = graph.data.unwrap_or_default();
    let mut withheld = Vec::new();
    for error in &graph.errors {
        let path: Vec<&str> = error.path.iter().filter_map(Value::as_str).collect();
        let pull = error.path.iter().find_map(Value::as_u64);
        let ["node", rest @ ..] = path.as_slice() else { return Err(error.message.clone()) };
        match (part(rest, error), pull) {
            (Part::Checks, Some(pull)) => {
                mark_checks(data.pointer_mut(&format!("/node/links/nodes/{pull}")));
                withheld.push(in_part(&error.message));
            }
            (Part::Reviewer, _) => withheld.push(without_reviewer(&error.message)),
            (Part::Aside, _) => withheld.push(in_part(&error.message)),
            (Part::Whole, _) if some(data.pointer("/node/links/nodes")) => withheld.push(in_part(&error.message)),
            (Part::Checks, None) | (Part::Whole | Part::Essence, _) => return Err(error.message.clone()),
        }
    }
    data.pointer_mut("/node/links").map(|page| (page.take(), withheld)).ok_or_else(String::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(errors: Value) -> Result<(Value, Vec<String>), String> {
        let node = json!({ "links": { "nodes": [{ "number": 5 }, { "number": 6 }], "pageInfo": {} } });
        let graph = json!({ "data": { "node": node }, "errors": errors });
        linked(serde_json::from_value(graph).expect("an answer"))
    }

    fn withheld(path: Value) -> Value {
        json!([{ "message": "not yours", "type": "FORBIDDEN", "path": path }])
    }

    #[test]
    fn checks_that_are_withheld_on_a_further_page_are_marked_and_anything_else_leaves_the_issue_unread() {
        let (read, told) = page(json!([])).expect("a page");
        assert!(told.is_empty() && read["nodes"][1].get("unreadableChecks").is_none());
        let (read, told) = page(withheld(json!(["node", "links", "nodes", 1, "statusCheckRollup"]))).expect("a page");
        assert_eq!(told, ["GitHub answered in part: not yours"]);
        assert!(read["nodes"][0].get("unreadableChecks").is_none() && read["nodes"][1]["unreadableChecks"] == true);
        for path in [json!(["node", "links", "nodes", 1, "labels"]), json!(["node"]), json!([])] {
            assert_eq!(page(withheld(path)), Err("not yours".to_owned()));
        }
        let nothing: Graph = serde_json::from_value(json!({ "data": { "node": null } })).expect("an answer");
        assert_eq!(linked(nothing), Err(String::new()));
    }

    /// An issue with a pull request, after GitHub complained with this type and these words about a part of it; what is
    /// told.
    fn noted(kind: &str, message: &str, path: Value) -> (Value, Result<Option<String>, String>) {
        let issue = json!({ "number": 1, "links": { "nodes": [{ "number": 5 }] } });
        let branch = json!({ "name": "main", "target": null });
        let mut data = json!({ "repository": { "defaultBranchRef": branch }, "unsettled": [issue], "settled": [null] });
        let error = json!({ "message": message, "type": kind, "path": path });
        let told = note(&mut data, &serde_json::from_value(error).expect("a complaint"));
        (data, told)
    }

    #[test]
    fn what_decides_nothing_may_be_withheld_from_an_issue() {
        let team = "GitHub answered in part; who is asked for a review is told with organisation members: read, or \
                    `read:org`: not yours";
        let plain = "GitHub answered in part: not yours";
        let links = |rest: Value| {
            let mut path = vec![json!("links"), json!("nodes"), json!(0)];
            path.extend(rest.as_array().cloned().unwrap_or_default());
            path
        };
        let table = [
            (links(json!(["reviewRequests", "nodes", 0, "requestedReviewer"])), team, false),
            (links(json!(["events", "nodes", 3, "requestedReviewer"])), team, false),
            (links(json!(["closingIssuesReferences", "nodes", 1])), plain, false),
            (links(json!(["closingIssuesReferences", "nodes", 1, "repository"])), plain, false),
            (links(json!(["closingIssuesReferences"])), plain, true),
            (links(json!(["reviewRequests"])), plain, true),
            (links(json!(["labels"])), plain, true),
            // Another repository's, as a whole.
            (links(json!([])), plain, false),
        ];
        for (path, words, unread) in table {
            let whole: Vec<Value> = [json!("unsettled"), json!(0)].into_iter().chain(path.clone()).collect();
            let (data, told) = noted("FORBIDDEN", "not yours", Value::Array(whole));
            assert_eq!(told, Ok(Some(words.to_owned())), "{path:?}");
            assert_eq!(data["unsettled"][0].get("unread").is_some(), unread, "{path:?}");
            let further: Vec<Value> = std::iter::once(json!("node")).chain(path.clone()).collect();
            let read = page(withheld(Value::Array(further))).map(|(_, told)| told);
            let expected = if unread { Err("not yours".to_owned()) } else { Ok(vec![words.to_owned()]) };
            assert_eq!(read, expected, "{path:?}");
        }
        for (path, unread) in [
            (json!(["unsettled", 0, "references", "nodes", 2, "source"]), false),
            (json!(["unsettled", 0, "references"]), true),
            (json!(["unsettled", 0, "assignments", "nodes", 0]), true),
        ] {
            let (data, told) = noted("FORBIDDEN", "not yours", path.clone());
            assert_eq!(told, Ok(Some(plain.to_owned())), "{path}");
            assert_eq!(data["unsettled"][0].get("unread").is_some(), unread, "{path}");
        }
    }

    #[test]
    fn a_pull_request_that_is_withheld_as_a_whole_is_anothers_only_where_ours_are_told() {
        let path = json!(["unsettled", 0, "links", "nodes", 0]);
        let error = json!({ "message": "not yours", "type": "FORBIDDEN", "path": path });
        let error: GraphError = serde_json::from_value(error).expect("a complaint");
        let listed = json!({ "pullRequests": { "nodes": [{ "number": 5 }] } });
        for (nodes, repository, unread) in [
            (json!([null]), json!({ "pullRequests": { "nodes": [] } }), true),
            (json!([null, { "number": 5 }]), json!({}), false),
            (json!([null]), listed, false),
        ] {
            let issue = json!({ "number": 1, "links": { "nodes": nodes } });
            let mut data = json!({ "repository": repository, "unsettled": [issue], "settled": [] });
            assert!(note(&mut data, &error).is_ok());
            assert_eq!(data["unsettled"][0].get("unread").is_some(), unread, "{data}");
        }
    }

    #[test]
    fn a_list_that_the_token_may_not_read_is_an_error_and_an_entry_of_it_is_not() {
        for list in ["issues", "pullRequests"] {
            assert!(noted("FORBIDDEN", "not yours", json!(["repository", list])).1.is_err());
            assert!(noted("FORBIDDEN", "not yours", json!(["repository", list, "nodes", 3])).1.is_ok());
            assert!(noted("SERVICE_UNAVAILABLE", "not now", json!(["repository", list])).1.is_ok());
        }
    }

    #[test]
    fn what_a_query_had_no_time_for_is_not_taken_for_withheld() {
        let rollup = json!(["unsettled", 0, "links", "nodes", 0, "statusCheckRollup"]);
        let (data, _) = noted("FORBIDDEN", "not yours", rollup.clone());
        assert!(data["unsettled"][0]["links"]["nodes"][0]["unreadableChecks"] == true, "{data}");
        let (data, told) = noted("RESOURCE_LIMITS_EXCEEDED", "too much", rollup);
        assert_eq!((&data["unsettled"][0]["unread"], told.is_ok()), (&json!("too much"), true));
        assert!(data["unsettled"][0]["links"]["nodes"][0].get("unreadableChecks").is_none(), "{data}");
        // Nobody knows what of.
        let (data, told) = noted("MAX_NODE_LIMIT_EXCEEDED", "too much", json!([]));
        assert_eq!((&data["unsettled"][0]["unread"], told.is_ok()), (&json!("too much"), true));
        assert_eq!(data["settled"][0], json!({ "unread": "too much" }));
        assert!(noted("SOMETHING", "no word of where", json!([])).1.is_err());
    }
}

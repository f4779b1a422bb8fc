//! The observation: one GraphQL query.
//!
//! **Guarantees**: bound issues come by id, whatever else the repository holds; the lists are for discovery, one page each
//! and the rest only when it changed. At most four unsettled and ten settled issues a request, so that each costs one point
//! (a test counts). What GitHub tells in part is kept, and what it withheld is noted where it is missing: a rollup that may
//! not be read is not taken for one that never reported, and nothing is decided about an issue that is told in part.
//! **Races**: GitHub gives up on a query after ten seconds (docs.github.com, "Rate limits and query limits for the GraphQL
//! API"); then smaller pages are asked for, and the size is tried again later.

use super::answer::{self, List, Listed, ListedHead};
use super::http::{Graph, GraphError};
use super::{Client, ForgeError};
use crate::model::{ForgeFacts, ListedIssue, ListedPull, NodeId, Question, Reason};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::PoisonError;

/// The document of an observation.
pub const OBSERVATION: &str = concat!(
    include_str!("graphql/observe.graphql"),
    include_str!("graphql/pull.graphql"),
    include_str!("graphql/list.graphql"),
    include_str!("graphql/who.graphql"),
);
/// The document for linked pull requests beyond the first page.
pub const LINKED: &str = concat!(
    include_str!("graphql/linked.graphql"),
    include_str!("graphql/pull.graphql"),
    include_str!("graphql/who.graphql"),
);
/// The document for the lists beyond the first page.
pub const LISTS: &str = concat!(
    include_str!("graphql/lists.graphql"),
    include_str!("graphql/list.graphql"),
    include_str!("graphql/who.graphql"),
);
/// Most further pages of linked pull requests, twenty each.
const MAX_LINKED_PAGES: usize = 5;
/// Most further pages of the lists, ninety each.
const MAX_LIST_PAGES: usize = 20;
/// How much is asked for at once: unsettled issues, settled ones, entries of a list. The first is the usual size, each next
/// one for a GitHub that did not manage the one before.
const SIZES: [(usize, usize, usize); 3] = [(4, 10, 20), (2, 5, 10), (1, 2, 5)];
/// After so many looks at a smaller size the larger one is tried again.
const PATIENCE: u32 = 20;
const LABELS: [&str; 3] = ["Gap Analysis", "Development", "Update Capability"];

/// Which of the sizes is used, and how many looks it has been good for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    step: usize,
    looks: u32,
}

impl Size {
    fn now(self) -> (usize, usize, usize) {
        SIZES.get(self.step).copied().unwrap_or((1, 2, 5))
    }

    /// The next smaller one, if there is one.
    fn smaller(self) -> Option<Self> {
        (self.step + 1 < SIZES.len()).then_some(Self { step: self.step + 1, looks: 0 })
    }

    fn after_a_look(self) -> Self {
        match (self.step, self.looks) {
            (0, _) => self,
            (step, looks) if looks >= PATIENCE => Self { step: step - 1, looks: 0 },
            (step, looks) => Self { step, looks: looks + 1 },
        }
    }
}

/// The lists as they were last read in full, by their length and newest entry.
#[derive(Debug, Default)]
pub(super) struct Lists {
    issues: Option<(u64, Option<u64>, Vec<ListedIssue>)>,
    pulls: Option<(u64, Option<u64>, Vec<ListedPull>)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    issues: Option<List<Listed>>,
    pull_requests: Option<List<ListedHead>>,
}

/// Why one request of an observation failed.
enum Failed {
    /// It was too much for GitHub; less may not be.
    TooMuch(ForgeError),
    Other(ForgeError),
}

impl Client {
    /// One look at everything that exists only on GitHub.
    ///
    /// # Errors
    /// When GitHub can't be asked, or the repository can't be seen.
    pub async fn observe(&self, question: &Question) -> Result<ForgeFacts, ForgeError> {
        let mut size = *self.size.lock().unwrap_or_else(PoisonError::into_inner);
        let mut facts: Option<ForgeFacts> = None;
        let (mut unsettled, mut settled) = (question.unsettled.as_slice(), question.settled.as_slice());
        loop {
            let (some, old, page) = size.now();
            let (now, later) = unsettled.split_at(some.min(unsettled.len()));
            let (settled_now, settled_later) = settled.split_at(old.min(settled.len()));
            let lists = facts.is_none().then_some(page);
            match self.ask(now, settled_now, lists).await {
                Ok(part) => {
                    (unsettled, settled) = (later, settled_later);
                    match &mut facts {
                        None => facts = Some(part),
                        Some(whole) => {
                            whole.bound.extend(part.bound);
                            whole.gone.extend(part.gone);
                            whole.partial.extend(part.partial);
                        }
                    }
                }
                Err(Failed::TooMuch(error)) => match size.smaller() {
                    Some(smaller) => {
                        tracing::debug!(%error, "GitHub is asked for less at once");
                        size = smaller;
                        continue;
                    }
                    None => return Err(error),
                },
                Err(Failed::Other(error)) => return Err(error),
            }
            if let Some(whole) = facts.take_if(|_| unsettled.is_empty() && settled.is_empty()) {
                *self.size.lock().unwrap_or_else(PoisonError::into_inner) = size.after_a_look();
                return self.listed_in_full(whole).await;
            }
        }
    }

    async fn ask(&self, unsettled: &[NodeId], settled: &[NodeId], lists: Option<usize>) -> Result<ForgeFacts, Failed> {
        let what = format!("look at {}", self.repository);
        let variables = json!({
            "owner": self.repository.owner(), "name": self.repository.name(), "labels": LABELS,
            "unsettled": unsettled, "settled": settled, "lists": lists.is_some(), "page": lists.unwrap_or(1),
        });
        let graph = self.http.query(Reason::Observe, &what, OBSERVATION, variables).await.map_err(failed)?;
        let unexpected = |why: String| Failed::Other(ForgeError::Unexpected { what: what.clone(), why });
        let Some(mut data) = graph.data.clone().filter(|data| !data.is_null()) else {
            let error = ForgeError::Unexpected { what, why: format!("GitHub complained: {}", graph.complaint()) };
            return Err(if too_much(&graph) { Failed::TooMuch(error) } else { Failed::Other(error) });
        };
        if data.get("repository").is_none_or(Value::is_null) && too_much(&graph) {
            return Err(Failed::TooMuch(ForgeError::Unexpected { what, why: graph.complaint() }));
        }
        if data.get("repository").is_none_or(Value::is_null) {
            let gone = graph.errors.iter().all(|error| error.kind.as_deref() == Some("NOT_FOUND"));
            let error = ForgeError::NotFound { what: what.clone() };
            return Err(if gone { Failed::Other(error) } else { unexpected(graph.complaint()) });
        }
        if too_much(&graph) {
            return Err(Failed::TooMuch(ForgeError::Unexpected { what, why: graph.complaint() }));
        }
        let mut partial = Vec::new();
        for error in &graph.errors {
            partial.extend(note(&mut data, error).map_err(unexpected)?);
        }
        partial.extend(self.complete(&mut data).await.map_err(failed)?);
        let node = data.pointer("/repository/id").and_then(Value::as_str).map(|id| NodeId(id.to_owned()));
        *self.node.lock().unwrap_or_else(PoisonError::into_inner) = node;
        let facts = answer::facts(data, unsettled, settled).map_err(unexpected)?;
        let mut facts = facts.ok_or(Failed::Other(ForgeError::NotFound { what: what.clone() }))?;
        partial.append(&mut facts.partial);
        partial.sort();
        partial.dedup();
        facts.partial = partial;
        Ok(facts)
    }

    /// Brings the linked pull requests that did not fit: an agent that was sent off again and again has more than a page.
    /// What GitHub withheld of them.
    async fn complete(&self, data: &mut Value) -> Result<Vec<String>, ForgeError> {
        let mut partial = Vec::new();
        for list in ["unsettled", "settled"] {
            for issue in data.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                let Some(id) = issue.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
                for _ in 0..MAX_LINKED_PAGES {
                    let Some(after) = next_page(issue) else { break };
                    let what = format!("read the linked pull requests of {id}");
                    let graph = self
                        .http
                        .query(Reason::LinkedPages, &what, LINKED, json!({ "id": id, "after": after }))
                        .await?;
                    match linked(graph) {
                        Ok((page, withheld)) => {
                            partial.extend(withheld);
                            append(issue, page);
                        }
                        Err(why) if why.is_empty() => {
                            return Err(ForgeError::Unexpected { what, why: "the answer holds none".to_owned() });
                        }
                        // Nothing is decided about an issue whose pull requests are not all known.
                        Err(why) => {
                            partial.push(in_part(&why));
                            if let Value::Object(issue) = issue {
                                issue.insert("unread".to_owned(), Value::String(why));
                            }
                            break;
                        }
                    }
                }
                if next_page(issue).is_some()
                    && let Value::Object(issue) = issue
                    && !issue.contains_key("unread")
                {
                    let why = format!("more than {MAX_LINKED_PAGES} pages of linked pull requests");
                    partial.push(in_part(&why));
                    issue.insert("unread".to_owned(), Value::String(why));
                }
            }
        }
        Ok(partial)
    }

    /// Brings the rest of the lists where they are longer than the first page. They are read anew when their length or their
    /// newest entry changed; what is decided never rests on them alone.
    async fn listed_in_full(&self, mut facts: ForgeFacts) -> Result<ForgeFacts, ForgeError> {
        let issues_known = (facts.open_issues, facts.issues.first().map(|issue| issue.number.0));
        let pulls_known = (facts.open_pulls, facts.pulls.first().map(|pull| pull.number.0));
        let longer = |total: u64, shown: usize| u64::try_from(shown).is_ok_and(|shown| total > shown);
        let mut more_issues = longer(facts.open_issues, facts.issues.len());
        let mut more_pulls = longer(facts.open_pulls, facts.pulls.len());
        {
            let known = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, _, issues)) =
                known.issues.as_ref().filter(|(a, b, _)| more_issues && (*a, *b) == issues_known)
            {
                (facts.issues, more_issues) = (issues.clone(), false);
            }
            if let Some((_, _, pulls)) = known.pulls.as_ref().filter(|(a, b, _)| more_pulls && (*a, *b) == pulls_known)
            {
                (facts.pulls, more_pulls) = (pulls.clone(), false);
            }
        }
        if !more_issues && !more_pulls {
            return Ok(facts);
        }
        let (issues, pulls) = self.all_listed(more_issues, more_pulls).await?;
        let mut known = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if more_issues {
            known.issues = Some((issues_known.0, issues_known.1, issues.clone()));
            facts.issues = issues;
        }
        if more_pulls {
            known.pulls = Some((pulls_known.0, pulls_known.1, pulls.clone()));
            facts.pulls = pulls;
        }
        drop(known);
        Ok(facts)
    }

    async fn all_listed(
        &self,
        mut more_issues: bool,
        mut more_pulls: bool,
    ) -> Result<(Vec<ListedIssue>, Vec<ListedPull>), ForgeError> {
        let what = format!("list what is open in {}", self.repository);
        let (mut issues, mut pulls) = (Vec::new(), Vec::new());
        let (mut issues_after, mut pulls_after) = (None, None);
        for _ in 0..MAX_LIST_PAGES {
            let variables = json!({
                "owner": self.repository.owner(), "name": self.repository.name(), "labels": LABELS,
                "issues": more_issues, "pulls": more_pulls, "issuesAfter": issues_after, "pullsAfter": pulls_after,
            });
            let graph = self.http.query(Reason::Lists, &what, LISTS, variables).await?;
            let complaint = graph.complaint();
            let unexpected = |why: String| ForgeError::Unexpected { what: what.clone(), why };
            let page = graph.data.as_ref().and_then(|data| data.get("repository")).filter(|_| complaint.is_empty());
            let page: Page = serde_json::from_value(page.cloned().ok_or_else(|| unexpected(complaint))?)
                .map_err(|error| unexpected(error.to_string()))?;
            if let Some(mut list) = page.issues {
                issues_after = std::mem::take(&mut list.page_info).next();
                issues.extend(list.issues());
            }
            if let Some(mut list) = page.pull_requests {
                pulls_after = std::mem::take(&mut list.page_info).next();
                pulls.extend(list.pulls());
            }
            (more_issues, more_pulls) = (more_issues && issues_after.is_some(), more_pulls && pulls_after.is_some());
            if !more_issues && !more_pulls {
                break;
            }
        }
        Ok((issues, pulls))
    }
}

/// A gateway that gave up, or GitHub itself.
fn failed(error: ForgeError) -> Failed {
    let gave_up = matches!(error, ForgeError::Refused { status: 502 | 504, .. });
    if gave_up { Failed::TooMuch(error) } else { Failed::Other(error) }
}

/// Whether GitHub complains that the query is too much for it (docs.github.com, "Rate limits and query limits").
fn too_much(graph: &Graph) -> bool {
    let of = |error: &GraphError| {
        matches!(error.kind.as_deref(), Some("RESOURCE_LIMITS_EXCEEDED" | "MAX_NODE_LIMIT_EXCEEDED"))
            || error.message.starts_with("Something went wrong while executing your query")
    };
    graph.errors.iter().any(of)
}

fn in_part(message: &str) -> String {
    format!("GitHub answered in part: {message}")
}

/// Notes one complaint where it belongs; what is told to people of it. An error where nothing can be made of the rest.
fn note(data: &mut Value, error: &GraphError) -> Result<Option<String>, String> {
    let said = || in_part(&error.message);
    let names: Vec<&str> = error.path.iter().filter_map(Value::as_str).collect();
    let index = error.path.get(1).and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
    match (names.as_slice(), index) {
        ([list @ ("unsettled" | "settled"), rest @ ..], Some(index)) => {
            if rest.is_empty() && error.kind.as_deref() == Some("NOT_FOUND") {
                return Ok(None);
            }
            let Some(issue) = data.get_mut(list).and_then(|issues| issues.get_mut(index)) else {
                return Ok(Some(said()));
            };
            if issue.is_null() {
                // Withheld is not gone.
                *issue = json!({ "unread": error.message });
                return Ok(Some(said()));
            }
            let pull = error.path.get(4).and_then(Value::as_u64).and_then(|pull| usize::try_from(pull).ok());
            match (rest, pull) {
                (["links", "nodes", "statusCheckRollup", ..], Some(pull)) => {
                    if let Some(Value::Object(pull)) = issue.pointer_mut(&format!("/links/nodes/{pull}")) {
                        pull.insert("unreadableChecks".to_owned(), Value::Bool(true));
                    }
                }
                _ => {
                    if let Value::Object(issue) = issue {
                        issue.insert("unread".to_owned(), Value::String(error.message.clone()));
                    }
                }
            }
            Ok(Some(said()))
        }
        (["repository", "issues" | "pullRequests", ..], _) => Ok(Some(said())),
        _ => Err(said()),
    }
}

/// A page of linked pull requests, in which checks that were withheld are marked, and what was; or what GitHub complained
/// of else.
fn linked(graph: Graph) -> Result<(Value, Vec<String>), String> {
    let mut data = graph.data.unwrap_or_default();
    let withheld = graph.errors.iter().map(|error| in_part(&error.message)).collect();
    for error in &graph.errors {
        let path: Vec<&str> = error.path.iter().filter_map(Value::as_str).collect();
        let place = error.path.iter().find_map(Value::as_u64);
        let (["node", "links", "nodes", "statusCheckRollup", ..], Some(place)) = (path.as_slice(), place) else {
            return Err(error.message.clone());
        };
        if let Some(Value::Object(pull)) = data.pointer_mut(&format!("/node/links/nodes/{place}")) {
            pull.insert("unreadableChecks".to_owned(), Value::Bool(true));
        }
    }
    data.pointer_mut("/node/links").map(|page| (page.take(), withheld)).ok_or_else(String::new)
}

/// Where the next page of an issue's linked pull requests begins.
fn next_page(issue: &Value) -> Option<String> {
    let info = issue.pointer("/links/pageInfo")?;
    let more = info.get("hasNextPage")?.as_bool()?;
    info.get("endCursor")?.as_str().filter(|_| more).map(str::to_owned)
}

fn append(issue: &mut Value, mut page: Value) {
    let nodes = page.get_mut("nodes").map(Value::take);
    if let (Some(Value::Array(more)), Some(Value::Array(nodes))) = (nodes, issue.pointer_mut("/links/nodes")) {
        nodes.extend(more);
    }
    if let (Some(info), Some(slot)) = (page.get_mut("pageInfo").map(Value::take), issue.pointer_mut("/links/pageInfo"))
    {
        *slot = info;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(errors: Value) -> Result<(Value, Vec<String>), String> {
        let node = json!({ "links": { "nodes": [{ "number": 5 }, { "number": 6 }], "pageInfo": {} } });
        let graph = json!({ "data": { "node": node }, "errors": errors });
        linked(serde_json::from_value(graph).expect("an answer"))
    }

    #[test]
    fn checks_that_are_withheld_on_a_further_page_are_marked_and_anything_else_leaves_the_issue_unread() {
        let withheld = |path: Value| json!([{ "message": "not yours", "type": "FORBIDDEN", "path": path }]);
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
}

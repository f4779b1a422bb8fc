//! The observation: one GraphQL query.
//!
//! **Guarantees**: bound issues come by id, whatever else the repository holds; the lists are for discovery, one page each
//! and the rest only when it changed. At most four unsettled and ten settled issues a request, so that each costs one point
//! (a test counts). What GitHub tells in part is kept, and what it withheld is noted where it is missing: a rollup that may
//! not be read is not taken for one that never reported, and nothing is decided about an issue of which something is missing
//! that decides.
//! **Races**: GitHub gives up on a query after ten seconds (docs.github.com, "Rate limits and query limits for the GraphQL
//! API"); then smaller pages are asked for, and the size is tried again later. Where the smallest are too much, what there is
//! is used: an issue that is not told is left alone, and of the lists there is the first page.

use super::answer::{self, List, Listed, ListedHead};
use super::partial::{self, in_part, linked, mark_unread, note, timed_out, too_much};
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
/// Most linked pull requests beyond the first page that are read.
const MAX_LINKED: usize = 100;
/// Most entries of a list that are read.
const MAX_LISTED: usize = 1_800;
/// A list beyond its first page that looks unchanged is read anew after so many looks.
const MAX_AGE: u32 = 60;
/// And one that GitHub did not manage after so many.
const SICK_FOR: u32 = 10;
/// The first is the usual size, each next one for a GitHub that did not manage the one before.
const SIZES: [Portion; 3] = [
    Portion { unsettled: 4, settled: 10, list: 20, further: 90, linked: 20 },
    Portion { unsettled: 2, settled: 5, list: 10, further: 45, linked: 10 },
    SMALLEST,
];
const SMALLEST: Portion = Portion { unsettled: 1, settled: 2, list: 5, further: 20, linked: 5 };
/// After so many looks at a smaller size the larger one is tried again.
const PATIENCE: u32 = 20;
const LABELS: [&str; 3] = ["Gap Analysis", "Development", "Update Capability"];

/// How much is asked for at once.
#[derive(Clone, Copy, Debug)]
struct Portion {
    unsettled: usize,
    settled: usize,
    /// Entries of a list's first page, and of each further one.
    list: usize,
    further: usize,
    /// Linked pull requests of each further page.
    linked: usize,
}

impl Portion {
    /// Whether less can't be asked for.
    fn is_smallest(self) -> bool {
        self.list <= SMALLEST.list
    }
}

/// Which of the sizes is used, and how many looks it has been good for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    step: usize,
    looks: u32,
}

impl Size {
    fn now(self) -> Portion {
        SIZES.get(self.step).copied().unwrap_or(SMALLEST)
    }

    /// The next smaller one, where less may help.
    fn after_failing(self, failed: Failed) -> Result<Self, ForgeError> {
        match failed {
            Failed::TooMuch(error) if self.step + 1 < SIZES.len() => {
                tracing::debug!(%error, "GitHub is asked for less at once");
                Ok(Self { step: self.step + 1, looks: 0 })
            }
            Failed::TooMuch(error) | Failed::Other(error) => Err(error),
        }
    }

    fn after_a_look(self) -> Self {
        match (self.step, self.looks) {
            (0, _) => self,
            (step, looks) if looks >= PATIENCE => Self { step: step - 1, looks: 0 },
            (step, looks) => Self { step, looks: looks + 1 },
        }
    }
}

/// The lists as they were last read in full.
#[derive(Debug, Default)]
pub(super) struct Lists {
    issues: Option<Kept<ListedIssue>>,
    pulls: Option<Kept<ListedPull>>,
}

/// A list that was read in full, by its length and newest entry, and for how many looks that has been good.
#[derive(Debug)]
struct Kept<T> {
    known: (u64, Option<u64>),
    entries: Vec<T>,
    /// What GitHub withheld of it.
    partial: Vec<String>,
    looks: u32,
}

impl<T: Clone> Kept<T> {
    /// The list with what its first page says now, and what is missing in it; `None` where it has to be read.
    fn with(
        kept: &mut Option<Self>,
        known: (u64, Option<u64>),
        fresh: &[T],
        number: fn(&T) -> u64,
    ) -> Option<(Vec<T>, Vec<String>)> {
        let kept = kept.as_mut().filter(|kept| kept.known == known && kept.looks < MAX_AGE)?;
        kept.looks += 1;
        Some((together(fresh, &kept.entries, number), kept.partial.clone()))
    }
}

/// A list's first page, and what else there is of it.
fn together<T: Clone>(fresh: &[T], all: &[T], number: fn(&T) -> u64) -> Vec<T> {
    let shown = |entry: &&T| fresh.iter().any(|other| number(other) == number(entry));
    fresh.iter().chain(all.iter().filter(|entry| !shown(entry))).cloned().collect()
}

/// The lists as they are read in full.
#[derive(Default)]
struct All {
    issues: Vec<ListedIssue>,
    pulls: Vec<ListedPull>,
    /// What GitHub withheld of them.
    partial: Vec<String>,
    /// Whether that was for want of time: another time there is more.
    sick: bool,
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
            let portion = size.now();
            let (now, later) = unsettled.split_at(portion.unsettled.min(unsettled.len()));
            let (settled_now, settled_later) = settled.split_at(portion.settled.min(settled.len()));
            match self.ask(now, settled_now, portion, facts.is_none()).await {
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
                Err(failed) => {
                    size = size.after_failing(failed)?;
                    continue;
                }
            }
            if let Some(whole) = facts.take_if(|_| unsettled.is_empty() && settled.is_empty()) {
                let whole = self.listed_in_full(whole, &mut size).await?;
                *self.size.lock().unwrap_or_else(PoisonError::into_inner) = size.after_a_look();
                return Ok(whole);
            }
        }
    }

    async fn ask(
        &self,
        unsettled: &[NodeId],
        settled: &[NodeId],
        portion: Portion,
        lists: bool,
    ) -> Result<ForgeFacts, Failed> {
        let what = format!("look at {}", self.repository);
        let variables = json!({
            "owner": self.repository.owner(), "name": self.repository.name(), "labels": LABELS,
            "unsettled": unsettled, "settled": settled, "lists": lists, "page": portion.list,
        });
        let graph = self.http.query(Reason::Observe, &what, OBSERVATION, variables).await.map_err(failed)?;
        let unexpected = |why: String| Failed::Other(ForgeError::Unexpected { what: what.clone(), why });
        let no_use = |why: String| Failed::Other(partial::no_use(&what, &graph, why));
        let sick = too_much(&graph);
        let Some(mut data) = graph.data.clone().filter(|data| !data.is_null()) else {
            let why = format!("GitHub complained: {}", graph.complaint());
            return Err(if sick { Failed::TooMuch(ForgeError::Unexpected { what, why }) } else { no_use(why) });
        };
        if data.get("repository").is_none_or(Value::is_null) && sick {
            return Err(Failed::TooMuch(ForgeError::Unexpected { what, why: graph.complaint() }));
        }
        if data.get("repository").is_none_or(Value::is_null) {
            let gone = graph.errors.iter().all(|error| error.kind.as_deref() == Some("NOT_FOUND"));
            let error = ForgeError::NotFound { what: what.clone() };
            return Err(if gone { Failed::Other(error) } else { no_use(graph.complaint()) });
        }
        if sick && !portion.is_smallest() {
            return Err(Failed::TooMuch(ForgeError::Unexpected { what, why: graph.complaint() }));
        }
        let mut partial = Vec::new();
        for error in &graph.errors {
            partial.extend(note(&mut data, error).map_err(no_use)?);
        }
        partial.extend(self.complete(&mut data, portion).await?);
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
    async fn complete(&self, data: &mut Value, portion: Portion) -> Result<Vec<String>, Failed> {
        let mut partial = Vec::new();
        for list in ["unsettled", "settled"] {
            for issue in data.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                let Some(id) = issue.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
                for _ in 0..MAX_LINKED / portion.linked {
                    let Some(after) = next_page(issue) else { break };
                    match self.further(&id, &after, portion).await? {
                        Ok((page, withheld)) => {
                            partial.extend(withheld);
                            append(issue, page);
                        }
                        // Nothing is decided about an issue whose pull requests are not all known.
                        Err(why) => {
                            partial.push(in_part(&why));
                            mark_unread(issue, &why);
                            break;
                        }
                    }
                }
                if next_page(issue).is_some() && issue.get("unread").is_none() {
                    let why = format!("more than {MAX_LINKED} linked pull requests beyond the first page");
                    partial.push(in_part(&why));
                    mark_unread(issue, &why);
                }
            }
        }
        Ok(partial)
    }

    /// A further page of an issue's linked pull requests with what was withheld of it, or why there is none to be had.
    async fn further(
        &self,
        id: &str,
        after: &str,
        portion: Portion,
    ) -> Result<Result<(Value, Vec<String>), String>, Failed> {
        let what = format!("read the linked pull requests of {id}");
        let variables = json!({ "id": id, "after": after, "page": portion.linked });
        let answer = self.http.query(Reason::LinkedPages, &what, LINKED, variables).await;
        match answer {
            // One issue is left alone, not all of them.
            Err(error) if portion.is_smallest() && timed_out(&error) => Ok(Err(error.to_string())),
            Err(error) => Err(failed(error)),
            Ok(graph) if too_much(&graph) && !portion.is_smallest() => {
                Err(Failed::TooMuch(ForgeError::Unexpected { what, why: graph.complaint() }))
            }
            Ok(graph) => match linked(graph) {
                Err(why) if why.is_empty() => {
                    let why = "the answer holds none".to_owned();
                    Err(Failed::Other(ForgeError::Unexpected { what, why }))
                }
                read @ (Ok(_) | Err(_)) => Ok(read),
            },
        }
    }

    /// Brings the rest of the lists where they are longer than the first page. They are read anew when their length or their
    /// newest entry changed, and now and then; what is decided never rests on them alone, so a look goes on without the rest.
    async fn listed_in_full(&self, mut facts: ForgeFacts, size: &mut Size) -> Result<ForgeFacts, ForgeError> {
        let number = |issue: &ListedIssue| issue.number.0;
        let issues_known = (facts.open_issues, facts.issues.first().map(number));
        let pulls_known = (facts.open_pulls, facts.pulls.first().map(|pull| pull.number.0));
        let longer = |total: u64, shown: usize| u64::try_from(shown).is_ok_and(|shown| total > shown);
        let mut more_issues = longer(facts.open_issues, facts.issues.len());
        let mut more_pulls = longer(facts.open_pulls, facts.pulls.len());
        {
            let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
            if more_issues && let Some((all, told)) = Kept::with(&mut lists.issues, issues_known, &facts.issues, number)
            {
                (facts.issues, more_issues) = (all, false);
                tell(&mut facts, told);
            }
            let number = |pull: &ListedPull| pull.number.0;
            if more_pulls && let Some((all, told)) = Kept::with(&mut lists.pulls, pulls_known, &facts.pulls, number) {
                (facts.pulls, more_pulls) = (all, false);
                tell(&mut facts, told);
            }
        }
        if !more_issues && !more_pulls {
            return Ok(facts);
        }
        let all = loop {
            match self.all_listed(more_issues, more_pulls, size.now()).await {
                Ok(all) => break all,
                Err(failed) => match size.after_failing(failed) {
                    Ok(smaller) => *size = smaller,
                    Err(
                        error @ (ForgeError::RateLimited { .. }
                        | ForgeError::Unauthorized { .. }
                        | ForgeError::NoToken { .. }),
                    ) => return Err(error),
                    Err(error) => {
                        tell(&mut facts, vec![format!("the rest of the lists: {error}")]);
                        return Ok(facts);
                    }
                },
            }
        };
        // What GitHub did not manage is not asked of it with every look.
        let looks = if all.sick { MAX_AGE.saturating_sub(SICK_FOR) } else { 0 };
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if more_issues {
            facts.issues = together(&facts.issues, &all.issues, number);
            let (entries, partial) = (facts.issues.clone(), all.partial.clone());
            lists.issues = Some(Kept { known: issues_known, entries, partial, looks });
        }
        if more_pulls {
            facts.pulls = together(&facts.pulls, &all.pulls, |pull| pull.number.0);
            let (entries, partial) = (facts.pulls.clone(), all.partial.clone());
            lists.pulls = Some(Kept { known: pulls_known, entries, partial, looks });
        }
        drop(lists);
        tell(&mut facts, all.partial);
        Ok(facts)
    }

    async fn all_listed(&self, mut more_issues: bool, mut more_pulls: bool, portion: Portion) -> Result<All, Failed> {
        let what = format!("list what is open in {}", self.repository);
        let mut all = All::default();
        let (mut issues_after, mut pulls_after): (Option<String>, Option<String>) = (None, None);
        for _ in 0..MAX_LISTED / portion.further {
            let variables = json!({
                "owner": self.repository.owner(), "name": self.repository.name(), "labels": LABELS,
                "page": portion.further, "issues": more_issues, "pulls": more_pulls, "issuesAfter": issues_after,
                "pullsAfter": pulls_after,
            });
            let graph = self.http.query(Reason::Lists, &what, LISTS, variables).await.map_err(failed)?;
            let sick = too_much(&graph);
            let page = graph.data.as_ref().and_then(|data| data.get("repository")).filter(|page| !page.is_null());
            let Some(page) = page.filter(|_| !sick || portion.is_smallest()) else {
                let error = partial::no_use(&what, &graph, graph.complaint());
                return Err(if sick { Failed::TooMuch(error) } else { Failed::Other(error) });
            };
            let wrong =
                |error: serde_json::Error| ForgeError::Unexpected { what: what.clone(), why: error.to_string() };
            let page: Page = serde_json::from_value(page.clone()).map_err(|error| Failed::Other(wrong(error)))?;
            all.partial.extend(graph.errors.iter().map(|error| in_part(&error.message)));
            all.sick |= sick;
            // A list that is withheld has no next page.
            issues_after = page.issues.and_then(|mut list| {
                let next = std::mem::take(&mut list.page_info).next();
                all.issues.extend(list.issues());
                next
            });
            pulls_after = page.pull_requests.and_then(|mut list| {
                let next = std::mem::take(&mut list.page_info).next();
                all.pulls.extend(list.pulls());
                next
            });
            (more_issues, more_pulls) = (more_issues && issues_after.is_some(), more_pulls && pulls_after.is_some());
            if !more_issues && !more_pulls {
                break;
            }
        }
        Ok(all)
    }
}

/// Adds what GitHub did not tell, each once.
fn tell(facts: &mut ForgeFacts, words: Vec<String>) {
    for said in words {
        if !facts.partial.contains(&said) {
            facts.partial.push(said);
        }
    }
}

fn failed(error: ForgeError) -> Failed {
    if timed_out(&error) { Failed::TooMuch(error) } else { Failed::Other(error) }
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

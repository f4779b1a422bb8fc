//! The observation: one GraphQL query.
//!
//! **Guarantees**: bound issues come by id, whatever else the repository holds; the lists are one page each, for
//! discovery. At most four unsettled and ten settled issues a request, so that each costs one point (a test counts).

use super::http::GraphError;
use super::shape::{
    Named, Nodes, Reference, Target, Who, account, checks, issue_state, merge_state, mergeable, pull_state,
};
use super::{Client, ForgeError};
use crate::model::{
    Assignment, BoundIssue, ForgeFacts, IssueNumber, IssueState, ListedIssue, ListedPull, Marker, NodeId, PullFacts,
    PullNumber, PullState, Question, RepositoryFacts, ReviewVerdict,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// The document of an observation.
pub const OBSERVATION: &str = concat!(include_str!("graphql/observe.graphql"), include_str!("graphql/pull.graphql"));
/// The document for linked pull requests beyond the first page.
pub const LINKED: &str = concat!(include_str!("graphql/linked.graphql"), include_str!("graphql/pull.graphql"));
/// Most further pages of linked pull requests, twenty each.
const MAX_LINKED_PAGES: usize = 5;
/// Unsettled issues a request.
const UNSETTLED: usize = 4;
/// Settled issues a request.
const SETTLED: usize = 10;
/// The account that reviews for Copilot; a request to it says nothing about the work.
const REVIEW_BOT: u64 = 175_728_472;
const LABELS: [&str; 3] = ["Gap Analysis", "Development", "Update Capability"];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    viewer: Who,
    repository: Option<Repository>,
    #[serde(default)]
    unsettled: Vec<Option<Issue>>,
    #[serde(default)]
    settled: Vec<Option<Issue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    name_with_owner: String,
    url: String,
    is_archived: bool,
    has_issues_enabled: bool,
    default_branch_ref: Option<Reference>,
    ledger: Option<Reference>,
    issues: Option<List<Listed>>,
    pull_requests: Option<List<ListedHead>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<T> {
    total_count: u64,
    #[serde(default = "Vec::new")]
    nodes: Vec<Option<T>>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    number: u64,
    title: String,
    #[serde(default)]
    body: String,
    author: Option<Who>,
    #[serde(default)]
    labels: Nodes<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedHead {
    number: u64,
    title: String,
    head_ref_name: String,
    author: Option<Who>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    number: Option<u64>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    state: String,
    state_reason: Option<String>,
    #[serde(default)]
    labels: Nodes<Named>,
    #[serde(default)]
    assigned_actors: Nodes<Who>,
    #[serde(default)]
    assignments: Nodes<Event>,
    #[serde(default)]
    closings: Nodes<Event>,
    #[serde(default)]
    links: Nodes<Pull>,
    repository: Option<RepositoryRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(rename = "__typename", default)]
    kind: String,
    created_at: Option<Timestamp>,
    actor: Option<Who>,
    assignee: Option<Who>,
    requested_reviewer: Option<Who>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    requested_reviewer: Option<Who>,
}

#[derive(Deserialize)]
struct Review {
    #[serde(default)]
    state: String,
    author: Option<Who>,
}

#[derive(Deserialize)]
struct Rollup {
    state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Closes {
    number: u64,
    repository: Option<RepositoryRef>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RepositoryRef {
    name_with_owner: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    id: String,
    number: u64,
    title: String,
    state: String,
    is_draft: bool,
    created_at: Timestamp,
    merged_at: Option<Timestamp>,
    merge_commit: Option<Target>,
    author: Option<Who>,
    base_ref_name: String,
    head_ref_name: String,
    head_ref_oid: String,
    head_ref: Option<Reference>,
    is_cross_repository: bool,
    #[serde(default)]
    changed_files: u64,
    mergeable: Option<String>,
    merge_state_status: Option<String>,
    review_decision: Option<String>,
    status_check_rollup: Option<Rollup>,
    #[serde(default)]
    labels: Nodes<Named>,
    #[serde(default)]
    review_requests: Nodes<Request>,
    #[serde(default)]
    events: Nodes<Event>,
    #[serde(default)]
    latest_opinionated_reviews: Nodes<Review>,
    #[serde(default)]
    closing_issues_references: Nodes<Closes>,
}

impl Client {
    /// One look at everything that exists only on GitHub.
    ///
    /// # Errors
    /// When GitHub can't be asked, or the repository can't be seen.
    pub async fn observe(&self, question: &Question) -> Result<ForgeFacts, ForgeError> {
        let (mut unsettled, mut settled) = (question.unsettled.chunks(UNSETTLED), question.settled.chunks(SETTLED));
        let mut facts =
            self.ask(unsettled.next().unwrap_or_default(), settled.next().unwrap_or_default(), true).await?;
        loop {
            let (more, old) = (unsettled.next(), settled.next());
            if more.is_none() && old.is_none() {
                return Ok(facts);
            }
            let page = self.ask(more.unwrap_or_default(), old.unwrap_or_default(), false).await?;
            facts.bound.extend(page.bound);
            facts.gone.extend(page.gone);
        }
    }

    async fn ask(&self, unsettled: &[NodeId], settled: &[NodeId], lists: bool) -> Result<ForgeFacts, ForgeError> {
        let what = format!("look at {}", self.repository);
        let variables = json!({
            "owner": self.repository.owner(), "name": self.repository.name(), "labels": LABELS,
            "unsettled": unsettled, "settled": settled, "lists": lists,
        });
        let graph = self.http.query(&what, OBSERVATION, variables).await?;
        let unexpected = |why: String| ForgeError::Unexpected { what: what.clone(), why };
        let data = graph.data.as_ref().filter(|data| !data.is_null()).cloned();
        let mut data = data.ok_or_else(|| unexpected(format!("GitHub complained: {}", graph.complaint())))?;
        if data.get("repository").is_none_or(Value::is_null) {
            return Err(ForgeError::NotFound { what });
        }
        // What is missing for another reason than that it is gone must not be taken for absent: a rollup that may not be
        // read looks like one that never reported.
        if graph.errors.iter().any(|error| !is_gone(error)) {
            return Err(unexpected(format!("GitHub answered in part: {}", graph.complaint())));
        }
        self.complete(&mut data).await?;
        facts(data, unsettled, settled).map_err(unexpected)?.ok_or(ForgeError::NotFound { what: what.clone() })
    }

    /// Brings the linked pull requests that did not fit: an agent that was sent off again and again has more than a page.
    async fn complete(&self, data: &mut Value) -> Result<(), ForgeError> {
        for list in ["unsettled", "settled"] {
            for issue in data.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                let Some(id) = issue.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
                for _ in 0..MAX_LINKED_PAGES {
                    let Some(after) = next_page(issue) else { break };
                    let what = format!("read the linked pull requests of {id}");
                    let graph = self.http.query(&what, LINKED, json!({ "id": id, "after": after })).await?;
                    let complaint = graph.complaint();
                    let page = graph.data.and_then(|mut data| Some(data.pointer_mut("/node/links")?.take()));
                    let page = page.filter(|_| complaint.is_empty());
                    let page = page.ok_or(ForgeError::Unexpected { what, why: complaint })?;
                    append(issue, page);
                }
            }
        }
        Ok(())
    }
}

/// An object that is not there any more is told apart from one that can't be read now.
fn is_gone(error: &GraphError) -> bool {
    let first = error.path.first().and_then(Value::as_str);
    error.kind.as_deref() == Some("NOT_FOUND")
        && matches!(first, Some("unsettled" | "settled"))
        && error.path.len() == 2
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

/// The facts of one answer; `None` where the repository can't be seen.
fn facts(data: Value, unsettled: &[NodeId], settled: &[NodeId]) -> Result<Option<ForgeFacts>, String> {
    let answer: Answer = serde_json::from_value(data).map_err(|error| error.to_string())?;
    let Some(repository) = answer.repository else { return Ok(None) };
    let name = repository.name_with_owner.clone();
    let mut gone = Vec::new();
    let mut bound = Vec::new();
    let asked = unsettled.iter().zip(answer.unsettled).chain(settled.iter().zip(answer.settled));
    for (node, issue) in asked {
        // An issue that was moved to another repository is not ours any more.
        let here = |issue: &Issue| issue.repository.as_ref().is_some_and(|other| other.name_with_owner == name);
        match issue.filter(here).and_then(|issue| Some((issue.number?, issue))) {
            Some((number, issue)) => bound.push(bound_issue(number, issue, &name)?),
            None => gone.push(node.clone()),
        }
    }
    let oid = |reference: Option<&Reference>| {
        reference.and_then(|reference| reference.target.as_ref()).map(|target| target.oid.parse()).transpose()
    };
    let branch = repository.default_branch_ref.as_ref();
    let wrong = |error: crate::model::InvalidId| error.to_string();
    let (issues, pulls) = (repository.issues, repository.pull_requests);
    Ok(Some(ForgeFacts {
        viewer: account(Some(&answer.viewer)),
        repository: RepositoryFacts {
            name: name.parse().map_err(wrong)?,
            url: repository.url,
            default_branch: branch.and_then(|branch| branch.name.clone()),
            mainline: oid(branch).map_err(wrong)?,
            ledger: oid(repository.ledger.as_ref()).map_err(wrong)?,
            archived: repository.is_archived,
            has_issues: repository.has_issues_enabled,
        },
        bound,
        gone,
        open_issues: issues.as_ref().map_or(0, |list| list.total_count),
        issues: issues.into_iter().flat_map(|list| list.nodes).flatten().map(listed).collect(),
        open_pulls: pulls.as_ref().map_or(0, |list| list.total_count),
        pulls: pulls.into_iter().flat_map(|list| list.nodes).flatten().map(listed_pull).collect(),
    }))
}

fn listed(issue: Listed) -> ListedIssue {
    ListedIssue {
        number: IssueNumber(issue.number),
        node: NodeId(issue.id),
        title: issue.title,
        author: account(issue.author.as_ref()),
        labels: names(issue.labels),
        marker: Marker::find(&issue.body),
        leads: Marker::leading(&issue.body).is_some(),
        open: true,
        detail: None,
    }
}

fn listed_pull(pull: ListedHead) -> ListedPull {
    let (number, author) = (PullNumber(pull.number), account(pull.author.as_ref()));
    ListedPull { number, title: pull.title, author, head_branch: pull.head_ref_name }
}

fn names(labels: Nodes<Named>) -> Vec<String> {
    labels.0.into_iter().map(|label| label.name).collect()
}

fn bound_issue(number: u64, issue: Issue, repository: &str) -> Result<BoundIssue, String> {
    let state = issue_state(&issue.state, issue.state_reason.as_deref());
    let closer = issue.closings.0.last().map(|event| account(event.actor.as_ref()));
    let pulls = issue.links.0;
    let mut pulls: Vec<PullFacts> =
        pulls.into_iter().map(|pull| pull_facts(pull, repository)).collect::<Result<_, _>>()?;
    pulls.sort_by_key(|pull| pull.number);
    let mut assignments: Vec<Assignment> = issue.assignments.0.iter().filter_map(assignment).collect();
    assignments.sort_by_key(|event| event.at);
    let reopened = state == IssueState::Open
        && issue.state_reason.as_deref().is_some_and(|reason| reason.eq_ignore_ascii_case("reopened"));
    Ok(BoundIssue {
        reopened,
        number: IssueNumber(number),
        title: issue.title,
        state,
        closed_by: closer.filter(|_| state != IssueState::Open),
        labels: names(issue.labels),
        assignees: issue.assigned_actors.0.iter().map(|who| account(Some(who))).collect(),
        assignments,
        pulls,
    })
}

fn assignment(event: &Event) -> Option<Assignment> {
    Some(Assignment {
        at: event.created_at?,
        actor: account(event.actor.as_ref()),
        assignee: account(event.assignee.as_ref()),
        assigned: event.kind == "AssignedEvent",
    })
}

fn pull_facts(pull: Pull, repository: &str) -> Result<PullFacts, String> {
    let oid = |text: &str| text.parse().map_err(|error: crate::model::InvalidId| error.to_string());
    let state = pull_state(&pull.state);
    let branch = pull.head_ref.and_then(|reference| reference.target);
    let merge = pull.merge_commit.as_ref().map(|target| oid(&target.oid)).transpose()?;
    let counts = |who: Option<&Who>| account(who).id != REVIEW_BOT;
    let requested = pull.review_requests.0.iter().any(|request| counts(request.requested_reviewer.as_ref()))
        || pull
            .events
            .0
            .iter()
            .any(|event| event.kind == "ReviewRequestedEvent" && counts(event.requested_reviewer.as_ref()));
    let closer =
        pull.events.0.iter().rfind(|event| event.kind == "ClosedEvent").map(|event| account(event.actor.as_ref()));
    let own = |closes: &Closes| closes.repository.as_ref().is_none_or(|other| other.name_with_owner == repository);
    Ok(PullFacts {
        number: PullNumber(pull.number),
        node: NodeId(pull.id),
        title: pull.title,
        state,
        draft: pull.is_draft,
        author: account(pull.author.as_ref()),
        base: pull.base_ref_name,
        head_branch: pull.head_ref_name,
        head: oid(&pull.head_ref_oid)?,
        branch_tip: branch.as_ref().map(|target| oid(&target.oid)).transpose()?,
        cross_repository: pull.is_cross_repository,
        changed_files: pull.changed_files,
        mergeable: mergeable(pull.mergeable.as_deref()),
        merge_state: merge_state(pull.merge_state_status.as_deref()),
        review_requested: requested,
        reviews: pull
            .latest_opinionated_reviews
            .0
            .iter()
            .map(|review| ReviewVerdict {
                author: account(review.author.as_ref()),
                changes_requested: review.state == "CHANGES_REQUESTED",
            })
            .collect(),
        review_required: matches!(pull.review_decision.as_deref(), Some("REVIEW_REQUIRED" | "CHANGES_REQUESTED")),
        checks: checks(pull.status_check_rollup.as_ref().map(|rollup| rollup.state.as_str())),
        head_committed: branch.and_then(|target| target.committed_date),
        closes: pull.closing_issues_references.0.iter().filter(|c| own(c)).map(|c| IssueNumber(c.number)).collect(),
        labels: names(pull.labels),
        merged: pull.merged_at.zip(merge),
        closed_by: closer.filter(|_| state == PullState::Closed),
        created: pull.created_at,
    })
}

//! The answer of an observation, as facts.
//!
//! **Guarantees**: pure and lenient: what GitHub withheld is left out or unknown, what it said nobody knows yet is unknown,
//! and what it did not tell of an issue is noted in that issue.

use super::shape::{
    Named, Nodes, Reference, Target, Who, account, checks, issue_state, merge_state, mergeable, pull_state,
    unheard_words,
};
use crate::model::{
    Assignment, BoundIssue, Candidate, CheckState, ForgeFacts, IssueNumber, IssueState, ListedIssue, ListedPull,
    Marker, MergeQueue, NodeId, PullFacts, PullNumber, PullState, RepositoryFacts, ReviewVerdict, Signal,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The account that reviews for Copilot; a request to it says nothing about the work.
const REVIEW_BOT: u64 = 175_728_472;
/// Longest complaint that is kept.
const MAX_COMPLAINT: usize = 300;

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
pub(super) struct List<T> {
    pub(super) total_count: u64,
    #[serde(default = "Vec::new")]
    nodes: Vec<Option<T>>,
    #[serde(default)]
    pub(super) page_info: PageInfo,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    #[serde(default)]
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl PageInfo {
    /// Where the next page begins, if there is one.
    pub(super) fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

#[derive(Deserialize)]
pub(super) struct Listed {
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
pub(super) struct ListedHead {
    number: u64,
    title: String,
    head_ref_name: String,
    author: Option<Who>,
    created_at: Option<Timestamp>,
    #[serde(default)]
    base_ref_name: String,
    #[serde(default)]
    is_cross_repository: bool,
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
    references: Nodes<ReferenceEvent>,
    #[serde(default)]
    links: Nodes<Pull>,
    repository: Option<RepositoryRef>,
    /// What GitHub complained about in it; noted by the reader of the answer.
    unread: Option<String>,
}

#[derive(Deserialize)]
struct ReferenceEvent {
    #[serde(rename = "__typename", default)]
    kind: String,
    source: Option<Mention>,
    subject: Option<Mention>,
}

/// A pull request that an event names, or an issue, of which nothing is asked.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mention {
    number: Option<u64>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    state: String,
    created_at: Option<Timestamp>,
    author: Option<Who>,
    #[serde(default)]
    base_ref_name: String,
    #[serde(default)]
    head_ref_name: String,
    #[serde(default)]
    is_cross_repository: bool,
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
#[serde(rename_all = "camelCase")]
struct Review {
    #[serde(default)]
    state: String,
    #[serde(default)]
    author_can_push_to_repository: bool,
    commit: Option<Target>,
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

#[derive(Clone, Deserialize)]
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
    repository: Option<RepositoryRef>,
    #[serde(default)]
    changed_files: u64,
    #[serde(default)]
    additions: u64,
    #[serde(default)]
    deletions: u64,
    updated_at: Option<Timestamp>,
    #[serde(default)]
    is_merge_queue_enabled: bool,
    #[serde(default)]
    is_in_merge_queue: bool,
    mergeable: Option<String>,
    merge_state_status: Option<String>,
    review_decision: Option<String>,
    status_check_rollup: Option<Rollup>,
    /// Whether the token may not read the rollup; noted by the reader of the answer.
    #[serde(default)]
    unreadable_checks: bool,
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

/// The facts of one answer; `None` where the repository can't be seen.
pub(super) fn facts(data: Value, unsettled: &[NodeId], settled: &[NodeId]) -> Result<Option<ForgeFacts>, String> {
    let answer: Answer = serde_json::from_value(data).map_err(|error| error.to_string())?;
    let Some(repository) = answer.repository else { return Ok(None) };
    let name = repository.name_with_owner.clone();
    let mut gone = Vec::new();
    let (mut bound, mut partial) = (Vec::new(), Vec::new());
    let asked = unsettled.iter().zip(answer.unsettled).chain(settled.iter().zip(answer.settled));
    for (node, issue) in asked {
        if issue.as_ref().is_some_and(|issue| issue.number.is_none() && issue.unread.is_some()) {
            continue;
        }
        // An issue that was moved to another repository is not ours any more.
        let here = |issue: &Issue| issue.repository.as_ref().is_some_and(|other| other.name_with_owner == name);
        match issue.filter(here).and_then(|issue| Some((issue.number?, issue))) {
            Some((number, issue)) => {
                partial.extend(issue.links.0.iter().flat_map(unheard));
                bound.push(bound_issue(number, issue, &name)?);
            }
            None => gone.push(node.clone()),
        }
    }
    let oid = |reference: Option<&Reference>| {
        reference.and_then(|reference| reference.target.as_ref()).map(|target| target.oid.parse()).transpose()
    };
    let branch = repository.default_branch_ref.as_ref();
    let wrong = |error: crate::model::InvalidId| error.to_string();
    let (issues, pulls) = (repository.issues, repository.pull_requests);
    let (open_issues, open_pulls) = (total(issues.as_ref()), total(pulls.as_ref()));
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
        open_issues,
        issues: issues.map(|list| list.issues()).unwrap_or_default(),
        open_pulls,
        pulls: pulls.map(|list| list.pulls()).unwrap_or_default(),
        partial,
    }))
}

fn total<T>(list: Option<&List<T>>) -> u64 {
    list.map_or(0, |list| list.total_count)
}

impl List<Listed> {
    /// The issues of a page.
    pub(super) fn issues(self) -> Vec<ListedIssue> {
        self.nodes.into_iter().flatten().map(listed).collect()
    }
}

impl List<ListedHead> {
    /// The pull requests of a page.
    pub(super) fn pulls(self) -> Vec<ListedPull> {
        self.nodes.into_iter().flatten().map(listed_pull).collect()
    }
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
    ListedPull {
        number: PullNumber(pull.number),
        title: pull.title,
        author: account(pull.author.as_ref()),
        head_branch: pull.head_ref_name,
        created: pull.created_at,
        cross_repository: pull.is_cross_repository,
        base: pull.base_ref_name,
    }
}

fn names(labels: Nodes<Named>) -> Vec<String> {
    labels.0.into_iter().map(|label| label.name).collect()
}

fn bound_issue(number: u64, mut issue: Issue, repository: &str) -> Result<BoundIssue, String> {
    // Whoever writes `Fixes` in a repository of their own answers nothing here, whatever number it has there.
    issue.links.0.retain(|pull| pull.repository.as_ref().is_none_or(|other| other.name_with_owner == repository));
    let (state, unknown) = match issue_state(&issue.state, issue.state_reason.as_deref()) {
        Ok(state) => (state, None),
        Err(why) => (IssueState::Open, Some(why)),
    };
    let closer = issue.closings.0.last().map(|event| account(event.actor.as_ref()));
    let candidates = candidates(&issue, repository);
    // What a pull request in a state that is not known means for the issue is not known either.
    let odd = issue.links.0.iter().find_map(|pull| pull_state(pull.number, &pull.state).err());
    let pulls = issue.links.0.into_iter().filter(|pull| pull_state(pull.number, &pull.state).is_ok());
    let mut pulls: Vec<PullFacts> = pulls.map(|pull| pull_facts(pull, repository)).collect::<Result<_, _>>()?;
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
        candidates,
        unread: issue.unread.or(unknown).or(odd).map(|why| why.chars().take(MAX_COMPLAINT).collect()),
        pulls,
    })
}

/// Pull requests of this repository that the issue's events name and that would not close it. The last event of the same
/// pull request decides whether a link by hand still stands.
fn candidates(issue: &Issue, repository: &str) -> Vec<Candidate> {
    let mut found: std::collections::BTreeMap<u64, Candidate> = std::collections::BTreeMap::new();
    for event in &issue.references.0 {
        let signal = match event.kind.as_str() {
            "CrossReferencedEvent" => Signal::Mentioned,
            "ConnectedEvent" => Signal::Connected,
            "DisconnectedEvent" => Signal::Disconnected,
            _ => continue,
        };
        // Which of the two is the pull request depends on the side that is asked; the other one has no fields here.
        let sides = event.source.iter().chain(&event.subject);
        for mention in sides.filter(|side| side.number.is_some_and(|number| Some(number) != issue.number)) {
            let here = mention.repository.as_ref().is_some_and(|other| other.name_with_owner == repository);
            let (Some(number), Some(created), true) = (mention.number, mention.created_at, here) else { continue };
            let Ok(state) = pull_state(number, &mention.state) else { continue };
            if issue.links.0.iter().any(|pull| pull.number == number) {
                continue;
            }
            let before = found.get(&number).map(|known| known.signal);
            let signal = match (before, signal) {
                (Some(Signal::Connected), Signal::Mentioned) => Signal::Connected,
                (Some(Signal::Disconnected), Signal::Mentioned) => Signal::Disconnected,
                (_, signal) => signal,
            };
            let candidate = Candidate {
                number: PullNumber(number),
                title: mention.title.clone(),
                author: account(mention.author.as_ref()),
                head_branch: mention.head_ref_name.clone(),
                cross_repository: mention.is_cross_repository,
                base: mention.base_ref_name.clone(),
                state,
                created,
                signal,
            };
            found.insert(number, candidate);
        }
    }
    found.into_values().collect()
}

fn assignment(event: &Event) -> Option<Assignment> {
    Some(Assignment {
        at: event.created_at?,
        actor: account(event.actor.as_ref()),
        assignee: account(event.assignee.as_ref()),
        assigned: event.kind == "AssignedEvent",
    })
}

/// What GitHub says of a pull request in words that are not known.
fn unheard(pull: &Pull) -> Vec<String> {
    let rollup = pull.status_check_rollup.as_ref().map(|rollup| rollup.state.as_str());
    let (merge, decision) = (pull.merge_state_status.as_deref(), pull.review_decision.as_deref());
    unheard_words(pull.number, pull.mergeable.as_deref(), merge, rollup, decision)
}

fn pull_facts(pull: Pull, repository: &str) -> Result<PullFacts, String> {
    let oid = |text: &str| text.parse().map_err(|error: crate::model::InvalidId| error.to_string());
    let state = pull_state(pull.number, &pull.state)?;
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
        changed_lines: pull.additions.saturating_add(pull.deletions),
        updated: pull.updated_at,
        queue: match (pull.is_in_merge_queue, pull.is_merge_queue_enabled) {
            (true, _) => MergeQueue::Queued,
            (false, true) => MergeQueue::Required,
            (false, false) => MergeQueue::None,
        },
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
                approved: review.state == "APPROVED",
                may_push: review.author_can_push_to_repository,
                commit: review.commit.as_ref().and_then(|commit| commit.oid.parse().ok()),
            })
            .collect(),
        review_required: !matches!(pull.review_decision.as_deref(), None | Some("APPROVED")),
        checks: if pull.unreadable_checks {
            CheckState::Unreadable
        } else {
            checks(pull.status_check_rollup.as_ref().map(|rollup| rollup.state.as_str()))
        },
        head_committed: branch.and_then(|target| target.committed_date),
        closes: pull.closing_issues_references.0.iter().filter(|c| own(c)).map(|c| IssueNumber(c.number)).collect(),
        labels: names(pull.labels),
        merged: pull.merged_at.zip(merge),
        closed_by: closer.filter(|_| state == PullState::Closed),
        created: pull.created_at,
    })
}

//! What an observation shows of a world: the same facts, limits and gaps as the GraphQL query and its reader.
//!
//! **Guarantees**: pure. Accounts have their GraphQL logins; a settled issue shows only what its short form asks for.

use orchestrator::model::{
    AccountId as Who, AgentPulls, Assignment, BoundIssue, Candidate, CheckState, CommitId, IssueDetail, IssueNumber,
    IssueState, ListedIssue, ListedPull, Marker, MergeQueue, MergeState, Mergeable, NodeId, PullFacts, PullNumber,
    PullState, RepositoryFacts, ReviewVerdict, Signal, text_digest,
};
use orchestrator::sim::world::{
    self, AccountId, AccountKind, Event, Hidden, Mergeability, Pull, REVIEW_BOT, ReviewDecision, ReviewState, Rollup,
    StateReason, Subject, What, World,
};
use orchestrator::text::feeds_the_queue;
use std::collections::BTreeMap;

pub(super) const LABELS: [&str; 3] = ["Gap Analysis", "Development", "Update Capability"];
/// Linked pull requests: four, and five pages of twenty.
const MAX_LINKED: usize = 104;

pub(super) fn commit(oid: &str) -> CommitId {
    oid.parse().expect("the simulator's ids are ids")
}

/// An account as GraphQL shows it; organizations have no number there.
pub(super) fn graph(world: &World, id: AccountId) -> Who {
    let Some(account) = world.account(id) else { return Who { id: 0, login: "ghost".to_owned() } };
    let number = if account.kind == AccountKind::Organization { 0 } else { account.id.0 };
    Who { id: number, login: account.graph_login.clone() }
}

/// An account as REST shows it.
pub(super) fn rest(world: &World, id: AccountId) -> Who {
    world.account(id).map_or_else(
        || Who { id: 0, login: "ghost".to_owned() },
        |account| Who { id: account.id.0, login: account.login.clone() },
    )
}

pub(super) fn label_names(world: &World, subject: &Subject) -> Vec<String> {
    subject.labels.iter().filter_map(|id| world.label(*id)).map(|label| label.name.clone()).collect()
}

pub(super) fn issue_state(subject: &Subject) -> IssueState {
    match subject.reason {
        _ if subject.is_open() => IssueState::Open,
        Some(StateReason::NotPlanned | StateReason::Duplicate) => IssueState::NotPlanned,
        Some(StateReason::Completed | StateReason::Reopened) | None => IssueState::Completed,
    }
}

pub(super) fn repository(world: &World) -> RepositoryFacts {
    let mainline = world.branch(world.mainline());
    RepositoryFacts {
        name: world.full_name().parse().expect("a name"),
        url: format!("{}/{}", world.web_url(), world.full_name()),
        default_branch: mainline.map(|_| world.mainline().to_owned()),
        mainline: mainline.map(commit),
        ledger: world.reference("refs/orchestrator/ledger").map(|state| commit(&state.oid)),
        archived: world.settings.archived,
        has_issues: world.settings.issues,
    }
}

/// Newest first, as the lists are ordered.
fn newest<'w>(found: impl Iterator<Item = &'w Subject>) -> Vec<&'w Subject> {
    let mut found: Vec<&Subject> = found.collect();
    found.sort_by_key(|subject| std::cmp::Reverse((subject.created_at, subject.number)));
    found
}

pub(super) fn open_issues(world: &World) -> Vec<&Subject> {
    let ours = |subject: &&Subject| {
        label_names(world, subject).iter().any(|name| LABELS.iter().any(|label| label.eq_ignore_ascii_case(name)))
    };
    newest(world.listed().filter(|subject| subject.pull.is_none() && subject.is_open()).filter(ours))
}

pub(super) fn open_pulls(world: &World) -> Vec<&Subject> {
    newest(world.subjects().filter(|subject| subject.pull.is_some() && subject.is_open()))
}

pub(super) fn listed(world: &World, subject: &Subject, author: Who) -> ListedIssue {
    ListedIssue {
        number: IssueNumber(subject.number),
        node: NodeId(subject.node_id.clone()),
        title: subject.title.clone(),
        author,
        labels: label_names(world, subject),
        marker: Marker::find(&subject.body),
        leads: Marker::leading(&subject.body).is_some(),
        open: subject.is_open(),
        detail: None,
    }
}

/// Issues that lists show with one of our labels or by an account.
pub(super) fn ours<'w>(world: &'w World, viewer: &Who) -> impl Iterator<Item = &'w Subject> {
    let account = world.account_by_login(&viewer.login).map(|account| account.id);
    let labelled = |name: &String| LABELS.iter().any(|label| label.eq_ignore_ascii_case(name));
    let fits =
        move |subject: &&Subject| label_names(world, subject).iter().any(labelled) || account == Some(subject.author);
    world.listed().filter(|subject| subject.pull.is_none()).filter(fits)
}

/// As REST shows it, which tells more.
pub(super) fn read(world: &World, subject: &Subject) -> ListedIssue {
    let detail = IssueDetail {
        comments: subject.comments.len() as u64,
        reopened: subject.is_open() && subject.reason == Some(StateReason::Reopened),
        assignees: subject.assignees.iter().map(|id| rest(world, *id)).collect(),
        digest: text_digest(&subject.title, &subject.body),
        unsafe_text: [&subject.title, &subject.body].into_iter().any(|text| feeds_the_queue(text)),
    };
    ListedIssue { detail: Some(detail), ..listed(world, subject, rest(world, subject.author)) }
}

pub(super) fn listed_pull(world: &World, subject: &Subject) -> Option<ListedPull> {
    Some(ListedPull {
        number: PullNumber(subject.number),
        title: subject.title.clone(),
        author: graph(world, subject.author),
        head_branch: subject.pull.as_ref()?.head.clone(),
        created: Some(subject.created_at),
        cross_repository: subject.pull.as_ref()?.fork.is_some(),
        base: subject.pull.as_ref()?.base.clone(),
    })
}

/// The last of the events that fit, oldest first.
fn last(subject: &Subject, limit: usize, fits: impl Fn(&What) -> bool) -> Vec<&Event> {
    let found: Vec<&Event> = subject.events.iter().filter(|event| fits(&event.what)).collect();
    found[found.len().saturating_sub(limit)..].to_vec()
}

fn assignments(world: &World, subject: &Subject) -> Vec<Assignment> {
    let fits = |what: &What| matches!(what, What::Assigned(_) | What::Unassigned(_));
    let shown = |event: &Event| {
        let (who, assigned) = match event.what {
            What::Assigned(who) => (who, true),
            What::Unassigned(who) => (who, false),
            _ => return None,
        };
        Some(Assignment { at: event.at, actor: graph(world, event.actor), assignee: graph(world, who), assigned })
    };
    last(subject, 100, fits).into_iter().filter_map(shown).collect()
}

/// An issue of an unsettled binding.
pub(super) fn unsettled(world: &World, subject: &Subject) -> BoundIssue {
    let state = issue_state(subject);
    let closings = last(subject, 1, |what| matches!(what, What::Closed { .. }));
    let closer = closings.first().map(|event| graph(world, event.actor));
    BoundIssue {
        closed_by: closer.filter(|_| state != IssueState::Open),
        labels: label_names(world, subject),
        assignees: subject.assignees.iter().take(10).map(|id| graph(world, *id)).collect(),
        assignments: assignments(world, subject),
        candidates: candidates(world, subject),
        pulls: linked(world, subject, pull_in_full),
        ..settled(world, subject)
    }
}

/// An issue of a settled binding.
pub(super) fn settled(world: &World, subject: &Subject) -> BoundIssue {
    BoundIssue {
        number: IssueNumber(subject.number),
        title: subject.title.clone(),
        state: issue_state(subject),
        reopened: subject.is_open() && subject.reason == Some(StateReason::Reopened),
        closed_by: None,
        labels: Vec::new(),
        assignees: Vec::new(),
        assignments: Vec::new(),
        candidates: Vec::new(),
        unread: None,
        pulls: linked(world, subject, pull_in_brief),
    }
}

/// Pull requests that the newest hundred events name and that would not close the issue.
fn candidates(world: &World, subject: &Subject) -> Vec<Candidate> {
    let closing = world.closing_pulls(subject.number, true);
    let fits = |what: &What| matches!(what, What::CrossReferenced(_) | What::Connected(_) | What::Disconnected(_));
    let mut found: BTreeMap<u64, Candidate> = BTreeMap::new();
    for event in last(subject, 100, fits) {
        let (number, signal) = match event.what {
            What::CrossReferenced(number) => (number, Signal::Mentioned),
            What::Connected(number) => (number, Signal::Connected),
            What::Disconnected(number) => (number, Signal::Disconnected),
            _ => continue,
        };
        let Some((other, pull)) = world.pull(number).filter(|_| !closing.iter().take(4).any(|known| *known == number))
        else {
            continue;
        };
        let signal = match found.get(&number).map(|known| known.signal) {
            Some(stronger @ (Signal::Connected | Signal::Disconnected)) if signal == Signal::Mentioned => stronger,
            _ => signal,
        };
        let facts = pull_in_brief(world, other, pull);
        found.insert(number, candidate(facts, signal));
    }
    found.into_values().collect()
}

fn candidate(facts: PullFacts, signal: Signal) -> Candidate {
    let PullFacts { number, title, author, head_branch, cross_repository, base, state, created, .. } = facts;
    Candidate { number, title, author, head_branch, cross_repository, base, state, created, signal }
}

/// The agent's pull requests among the newest hundred, newest first.
pub fn agent_pulls(world: &World) -> AgentPulls {
    let mut all: Vec<(&Subject, &Pull)> =
        world.subjects().filter_map(|subject| subject.pull.as_ref().map(|pull| (subject, pull))).collect();
    all.sort_by_key(|(subject, _)| std::cmp::Reverse((subject.created_at, subject.number)));
    all.truncate(100);
    let reach = all.last().map(|(subject, _)| subject.created_at).filter(|_| all.len() == 100);
    let agents = all.into_iter().filter(|(subject, _)| subject.author == world::AGENT);
    let shown = |(subject, pull): (&Subject, &Pull)| Candidate {
        author: rest(world, subject.author),
        ..candidate(pull_in_brief(world, subject, pull), Signal::Opened)
    };
    AgentPulls { pulls: agents.map(shown).collect(), reach }
}

fn linked(world: &World, subject: &Subject, show: fn(&World, &Subject, &Pull) -> PullFacts) -> Vec<PullFacts> {
    let numbers = world.closing_pulls(subject.number, true);
    let pulls = numbers.into_iter().take(MAX_LINKED).filter_map(|number| world.pull(number));
    pulls.map(|(subject, pull)| show(world, subject, pull)).collect()
}

fn pull_in_brief(world: &World, subject: &Subject, pull: &Pull) -> PullFacts {
    let tip = world.branch(&pull.head).filter(|_| pull.fork.is_none());
    let state = match &pull.merged {
        Some(_) => PullState::Merged,
        None if subject.is_open() => PullState::Open,
        None => PullState::Closed,
    };
    PullFacts {
        number: PullNumber(subject.number),
        node: NodeId(subject.node_id.clone()),
        title: subject.title.clone(),
        state,
        draft: pull.draft,
        author: graph(world, subject.author),
        base: pull.base.clone(),
        head_branch: pull.head.clone(),
        head: commit(&pull.head_oid),
        branch_tip: tip.map(commit),
        cross_repository: pull.fork.is_some(),
        changed_files: 0,
        changed_lines: 0,
        updated: None,
        queue: MergeQueue::None,
        mergeable: Mergeable::Unknown,
        merge_state: MergeState::Unknown,
        review_requested: false,
        reviews: Vec::new(),
        review_required: false,
        checks: CheckState::None,
        head_committed: tip.and_then(|tip| world.commit(tip)).map(|commit| commit.committed_at),
        closes: Vec::new(),
        labels: Vec::new(),
        merged: pull.merged.as_ref().map(|merge| (merge.at, commit(&merge.oid))),
        closed_by: None,
        created: subject.created_at,
    }
}

fn pull_in_full(world: &World, subject: &Subject, pull: &Pull) -> PullFacts {
    let brief = pull_in_brief(world, subject, pull);
    let events = last(subject, 100, |what| matches!(what, What::ReviewRequested(_) | What::Closed { .. }));
    let asked = events.iter().filter_map(|event| match event.what {
        What::ReviewRequested(who) => Some(who),
        _ => None,
    });
    let closer = events.iter().rfind(|event| matches!(event.what, What::Closed { .. }));
    let verdict = |review: &&world::Review| ReviewVerdict {
        author: graph(world, review.author),
        changes_requested: review.state == ReviewState::ChangesRequested,
        approved: review.state == ReviewState::Approved,
        may_push: world.permission(review.author).can_write(),
        commit: Some(commit(&review.commit)),
    };
    let closes = world.closing_issues(subject.number);
    PullFacts {
        changed_files: pull.diff.files.len() as u64,
        changed_lines: pull.diff.additions + pull.diff.deletions,
        updated: Some(subject.updated_at),
        queue: match (world.is_queued(subject.number), world.needs_queue(&pull.base)) {
            (true, _) => MergeQueue::Queued,
            (false, true) => MergeQueue::Required,
            (false, false) => MergeQueue::None,
        },
        mergeable: match pull.mergeability {
            Mergeability::Unknown => Mergeable::Unknown,
            Mergeability::Mergeable => Mergeable::Yes,
            Mergeability::Conflicting => Mergeable::Conflicting,
        },
        merge_state: merge_state(world.merge_state(subject.number)),
        review_requested: asked.chain(pull.requested.iter().copied()).any(|who| who != REVIEW_BOT),
        reviews: {
            let opinions = world.opinions(pull).into_iter();
            opinions
                .filter(|review| world.permission(review.author).can_write())
                .take(50)
                .map(|r| verdict(&r))
                .collect()
        },
        review_required: match world.review_decision(pull) {
            Some(ReviewDecision::ReviewRequired | ReviewDecision::ChangesRequested) => true,
            Some(ReviewDecision::Approved) | None => false,
        },
        checks: match world.rollup(&pull.head_oid) {
            _ if world.settings.checks_hidden == Hidden::Everything => CheckState::Unreadable,
            None => CheckState::None,
            Some(Rollup::Success) => CheckState::Success,
            Some(Rollup::Failure) => CheckState::Failure,
            Some(Rollup::Pending) => CheckState::Pending,
            Some(Rollup::Expected) => CheckState::Expected,
        },
        closes: closes.into_iter().take(20).map(IssueNumber).collect(),
        labels: label_names(world, subject),
        closed_by: closer.map(|event| graph(world, event.actor)).filter(|_| brief.state == PullState::Closed),
        ..brief
    }
}

fn merge_state(state: world::MergeState) -> MergeState {
    match state {
        world::MergeState::Unknown => MergeState::Unknown,
        world::MergeState::Dirty => MergeState::Dirty,
        world::MergeState::Draft => MergeState::Draft,
        world::MergeState::Blocked => MergeState::Blocked,
        world::MergeState::Behind => MergeState::Behind,
        world::MergeState::Unstable => MergeState::Unstable,
        world::MergeState::Clean => MergeState::Clean,
    }
}

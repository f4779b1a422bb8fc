//! How the pull request of a bound issue goes on: in work, ready, blocked, merged next.
//!
//! **Guarantees**: exactly one pull request is judged; the merge names the head that was judged; an empty planning pull
//! request is closed, never merged; an agent's failure is told apart from an answer.

use super::guardrail::{self, Case, Judgement, PullKind};
use super::{View, act, left, stalled, wait};
use crate::message;
use crate::model::{
    AccountId, ActionKind, Actor, Assignment, Binding, BoundIssue, Effect, Evidence, HeadDiff, ItemOutcome, Key,
    Outcome, PullFacts, PullState, SettleFields,
};
use jiff::SignedDuration;

/// The agent opens its draft within minutes; who waits this long may wait for what was done without a link.
const LATE: SignedDuration = SignedDuration::from_hours(1);

/// How far a bound issue has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No pull request.
    Asked,
    /// A pull request the agent is not done with.
    InWork,
    /// One that is done.
    Ready,
}

/// Phase, words and what to do.
pub(super) struct Progress {
    pub(super) phase: Phase,
    pub(super) reason: String,
    pub(super) evidence: Vec<Evidence>,
    pub(super) outcome: Outcome,
}

/// Whether the agent is on an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AgentState {
    /// It never was.
    Never,
    /// It is.
    Assigned,
    /// Somebody took it off.
    Withdrawn(String),
}

/// From assignment events, newest last; the present assignees where there are none.
pub(super) fn agent_state(issue: &BoundIssue) -> AgentState {
    let of_agent = |event: &&Assignment| event.assignee.is_agent();
    match issue.assignments.iter().filter(of_agent).max_by_key(|event| event.at) {
        _ if issue.assignees.iter().any(AccountId::is_agent) => AgentState::Assigned,
        Some(event) if !event.assigned => AgentState::Withdrawn(event.actor.login.clone()),
        Some(_) => AgentState::Assigned,
        None => AgentState::Never,
    }
}

fn plain(phase: Phase, reason: impl Into<String>, outcome: Outcome) -> Progress {
    Progress { phase, reason: reason.into(), evidence: Vec::new(), outcome }
}

/// How an assigned, open issue goes on.
pub(super) fn progress(view: View<'_>, binding: &Binding, issue: &BoundIssue, kind: PullKind) -> Progress {
    let open: Vec<&PullFacts> = issue.pulls.iter().filter(|pull| pull.state == PullState::Open).collect();
    let agents: Vec<&PullFacts> = open.iter().copied().filter(|pull| pull.author.is_agent()).collect();
    match (agents.as_slice(), open.as_slice()) {
        ([pull], _) => judged(Case { view, kind, issue, pull }, binding),
        ([first, second, ..], _) => {
            let why = format!("{} and {} both answer {}", first.number, second.number, issue.number);
            plain(Phase::InWork, why.clone(), stalled(why, "close all of them but one"))
        }
        ([], [pull, ..]) => judged(Case { view, kind, issue, pull }, binding),
        ([], []) => without_pull(view, issue, kind),
    }
}

fn without_pull(view: View<'_>, issue: &BoundIssue, kind: PullKind) -> Progress {
    if let Some(pull) = issue.pulls.iter().filter(|pull| pull.state == PullState::Merged).max_by_key(|pull| pull.number)
    {
        // One that was merged into the mainline has settled the issue before anybody comes here.
        let why = format!(
            "{} was merged into `{}`, not into the mainline `{}`",
            pull.number, pull.base, view.snapshot.tips.branch
        );
        let lifts = format!(
            "merge `{}` into `{}` with a pull request that closes {n}, or close {n}",
            pull.base,
            view.snapshot.tips.branch,
            n = issue.number
        );
        return plain(Phase::Asked, why.clone(), stalled(why, lifts));
    }
    let closed = issue.pulls.iter().filter(|pull| pull.state == PullState::Closed).max_by_key(|pull| pull.number);
    if let Some(pull) = closed {
        let by = pull.closed_by.as_ref().map_or("somebody", |account| account.login.as_str());
        let why = format!("{} was closed unmerged by {by}, and {} is still open", pull.number, issue.number);
        let lifts = format!("reopen {}, or close {} as not planned", pull.number, issue.number);
        return plain(Phase::Asked, why.clone(), stalled(why, lifts));
    }
    let why = format!("the agent has not opened a pull request for {} yet", issue.number);
    let mut progress = plain(Phase::Asked, why.clone(), wait(why, Actor::Agent));
    let assigned = issue.assignments.iter().map(|event| event.at).max();
    let late = assigned.is_some_and(|at| at.saturating_add(LATE).is_ok_and(|late| late <= view.snapshot.now));
    if kind == PullKind::Development && late {
        let n = issue.number;
        let fact = format!("pull requests that close {n}");
        let value =
            format!("none; one that was merged without `Fixes {n}` does not count: close {n} if it did the work");
        progress.evidence.push(Evidence { fact, value });
    }
    progress
}

fn judged(case: Case<'_>, binding: &Binding) -> Progress {
    let pull = case.pull;
    let mut evidence = vec![
        Evidence { fact: format!("head of {}", pull.number), value: pull.head.to_string() },
        Evidence { fact: "mergeable state".to_owned(), value: format!("{:?}", pull.merge_state).to_lowercase() },
        Evidence { fact: "checks".to_owned(), value: format!("{:?}", pull.checks).to_lowercase() },
    ];
    evidence.extend(guardrail::warnings(&case));
    let readiness = guardrail::readiness(&case);
    let (phase, reason, outcome) = if readiness.passes() {
        ready(case, binding)
    } else {
        let (reason, outcome) = held_up(readiness, pull);
        (Phase::InWork, reason, outcome)
    };
    Progress { phase, reason, evidence, outcome }
}

/// Missing facts first, then vetoes, then waits.
fn held_up(judgement: Judgement, pull: &PullFacts) -> (String, Outcome) {
    let Judgement { vetoes, waits, needs, warnings: _ } = judgement;
    if !needs.is_empty() {
        return (format!("{} is being looked at", pull.number), Outcome::Look { needs });
    }
    if let Some(first) = vetoes.first() {
        return (first.why.clone(), Outcome::Blocked { vetoes });
    }
    match waits.into_iter().next() {
        Some(waiting) => (waiting.why.clone(), Outcome::Wait { waiting }),
        None => ("nothing is in the way".to_owned(), wait("nothing is in the way", Actor::Engine)),
    }
}

fn ready(case: Case<'_>, binding: &Binding) -> (Phase, String, Outcome) {
    let pull = case.pull;
    // Ending what changes nothing merges nothing: neither its checks nor the consent to merge are asked.
    let changes_nothing =
        |diff: &HeadDiff| diff.unreadable.is_none() && diff.changes.is_empty() && pull.changed_files == 0;
    if guardrail::belonging(&case).passes() && case.diff().is_ok_and(changes_nothing) {
        let (reason, outcome) = empty(case, binding);
        return (Phase::Ready, reason, outcome);
    }
    let admission = guardrail::admission(&case);
    if !admission.passes() {
        let (reason, outcome) = held_up(admission, pull);
        return (Phase::Ready, reason, outcome);
    }
    let Ok(diff) = case.diff() else {
        return (Phase::Ready, format!("{} is being looked at", pull.number), wait("its diff", Actor::Engine));
    };
    let effect = if pull.draft {
        Effect::Mark { pull: pull.number, node: pull.node.clone(), head: pull.head }
    } else {
        merge_effect(case)
    };
    if let Some(aside) = left::refused(case.view, binding, &effect) {
        return (Phase::Ready, aside.obligation.reason, aside.obligation.outcome);
    }
    if pull.draft {
        let reason = format!("{} is finished and every guardrail passes, but it is still a draft", pull.number);
        return (Phase::Ready, reason, act(ActionKind::MarkReady, &binding.key, vec![effect]));
    }
    let reason = format!("{} is finished and every guardrail passes at {}", pull.number, pull.head.short());
    (Phase::Ready, reason, merge(case, binding, effect, diff))
}

fn merge_effect(case: Case<'_>) -> Effect {
    let (title, message) = message::merge_commit(&case.pull.title, case.pull.number, case.issue.number);
    Effect::Merge {
        pull: case.pull.number,
        head: case.pull.head,
        method: case.view.policy.merge.method,
        title,
        message,
    }
}

fn merge(case: Case<'_>, binding: &Binding, effect: Effect, diff: &HeadDiff) -> Outcome {
    let mut effects = vec![effect];
    let kind = match case.kind {
        PullKind::Development => ActionKind::MergeDevelopment,
        PullKind::Gap | PullKind::Capability => {
            let outcome = merged_outcome(&binding.key, Some(diff));
            let fields = SettleFields { key: binding.key.clone(), pull: Some(case.pull.number), merge: None, outcome };
            effects.push(Effect::Settle { fields });
            ActionKind::MergePlanning
        }
    };
    effects.push(Effect::CloseIssue { issue: case.issue.number });
    effects.extend(left::branch_deletion(case.view, case.pull));
    act(kind, &binding.key, effects)
}

/// What a merge answers: for a gap analysis the file that it adds.
pub(super) fn merged_outcome(key: &Key, diff: Option<&HeadDiff>) -> ItemOutcome {
    match key {
        Key::Gap { .. } => {
            let added = diff.and_then(|diff| diff.added_items.first());
            added.map_or(ItemOutcome::Merged, |(name, _)| ItemOutcome::File(name.clone()))
        }
        Key::Item(_) | Key::Capability(_) => ItemOutcome::Merged,
    }
}

fn empty(case: Case<'_>, binding: &Binding) -> (String, Outcome) {
    let pull = case.pull.number;
    let outcome = match case.kind {
        PullKind::Gap => ItemOutcome::Reached,
        PullKind::Capability => ItemOutcome::Unchanged,
        PullKind::Development => {
            let why = format!("the agent finished {pull} without changing anything");
            let lifts = format!("say on {pull} what is missing, or close {} as not planned", case.issue.number);
            return (why.clone(), stalled(why, lifts));
        }
    };
    let fields = SettleFields { key: binding.key.clone(), pull: Some(pull), merge: None, outcome };
    let mut effects =
        vec![Effect::Settle { fields }, Effect::ClosePull { pull }, Effect::CloseIssue { issue: case.issue.number }];
    effects.extend(left::branch_deletion(case.view, case.pull));
    let reason = format!("the agent finished {pull} and had nothing to change");
    (reason, act(ActionKind::CloseEmpty, &binding.key, effects))
}

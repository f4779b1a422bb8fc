//! How the pull request of a bound issue goes on: in work, ready, blocked, merged next.
//!
//! **Guarantees**: exactly one pull request is judged; the merge names the head that was judged; an empty planning pull
//! request is closed, never merged; an agent's failure is told apart from an answer.

use super::guardrail::{self, Case, Judgement, PullKind};
use super::redispatch::Half;
use super::{View, act, left, linking, liveness, nudge, redispatch, stalled, wait};
use crate::message;
use crate::model::{
    AccountId, ActionKind, Actor, Assignment, Binding, BoundIssue, Effect, Evidence, HeadDiff, ItemOutcome, Key,
    MergeQueue, MergeState, Mergeable, Outcome, PullFacts, PullState, SettleFields, Waiting,
};
use jiff::SignedDuration;

/// The agent opens its draft within minutes; who waits this long may wait for what was done without a link. It is said
/// before the agent is sent once more.
const LATE: SignedDuration = SignedDuration::from_mins(30);

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
        // That it was dropped by itself is no word of a person: it counts as sent, and sent once more when it is late.
        Some(event) if !event.assigned && !event.actor.is_agent() => AgentState::Withdrawn(event.actor.login.clone()),
        Some(_) => AgentState::Assigned,
        None => AgentState::Never,
    }
}

/// The same of a bound issue. That we took the agent off, to send it once more, is no word of a person: where that was not
/// finished the agent counts as sent.
pub(super) fn state(view: View<'_>, binding: &Binding, issue: &BoundIssue) -> AgentState {
    match agent_state(issue) {
        AgentState::Withdrawn(_) if redispatch::half_way(view, binding, issue) == Some(Half::TakenOff) => {
            AgentState::Assigned
        }
        state @ (AgentState::Withdrawn(_) | AgentState::Assigned | AgentState::Never) => state,
    }
}

fn plain(phase: Phase, reason: impl Into<String>, outcome: Outcome) -> Progress {
    Progress { phase, reason: reason.into(), evidence: Vec::new(), outcome }
}

/// Open linked pull requests: the agent's, and all.
fn open(issue: &BoundIssue) -> (Vec<&PullFacts>, Vec<&PullFacts>) {
    let open: Vec<&PullFacts> = issue.pulls.iter().filter(|pull| pull.state == PullState::Open).collect();
    (open.iter().copied().filter(|pull| pull.author.is_agent()).collect(), open)
}

/// The one open pull request of an issue that is judged.
pub(super) fn judged_pull(issue: &BoundIssue) -> Option<&PullFacts> {
    let (agents, open) = open(issue);
    match (agents.as_slice(), open.as_slice()) {
        ([pull], _) | ([], [pull, ..]) => Some(pull),
        ([_, _, ..], _) | ([], []) => None,
    }
}

/// How an assigned, open issue goes on.
pub(super) fn progress(view: View<'_>, binding: &Binding, issue: &BoundIssue, kind: PullKind) -> Progress {
    let (agents, open) = open(issue);
    match (agents.as_slice(), open.as_slice()) {
        ([pull], _) => judged(Case { view, kind, issue, pull, key: binding.key.clone() }, binding),
        ([first, second, ..], _) => {
            let why = format!("{} and {} both answer {}", first.number, second.number, issue.number);
            plain(Phase::InWork, why.clone(), stalled(why, "close all of them but one"))
        }
        ([], [pull, ..]) => judged(Case { view, kind, issue, pull, key: binding.key.clone() }, binding),
        ([], []) => without_pull(view, binding, issue, kind),
    }
}

/// The newest linked pull request of the agent that was opened after it was sent there last and closed unmerged. Others'
/// end nothing that the agent was sent to do, nor do those before it was sent again.
fn declined(issue: &BoundIssue) -> Option<&PullFacts> {
    let counts = |pull: &&PullFacts| {
        pull.state == PullState::Closed && pull.author.is_agent() && is_of_this_sending(issue, pull)
    };
    issue.pulls.iter().filter(counts).max_by_key(|pull| pull.number)
}

/// Whether a pull request was opened after the agent was sent to the issue last.
pub(super) fn is_of_this_sending(issue: &BoundIssue, pull: &PullFacts) -> bool {
    let sent = issue.assignments.iter().filter(|event| event.assigned && event.assignee.is_agent());
    sent.map(|event| event.at).max().is_none_or(|since| pull.created >= since)
}

/// Whether some linked pull request is, or was, an answer to the sending that stands.
pub(super) fn is_answered(issue: &BoundIssue) -> bool {
    issue.pulls.iter().any(|pull| pull.state != PullState::Closed) || declined(issue).is_some()
}

fn without_pull(view: View<'_>, binding: &Binding, issue: &BoundIssue, kind: PullKind) -> Progress {
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
    if issue.labels.iter().any(|label| label == guardrail::HOLD_LABEL) {
        let why = format!("{} carries the label `{}`", issue.number, guardrail::HOLD_LABEL);
        return plain(Phase::Asked, why.clone(), wait(why, Actor::Person));
    }
    if let Some(progress) = linking::progress(view, binding, issue) {
        return progress;
    }
    if let Some(pull) = declined(issue) {
        let by = pull.closed_by.as_ref().map_or("somebody", |account| account.login.as_str());
        let why = format!("{} was closed unmerged by {by}, and {} is still open", pull.number, issue.number);
        let lifts = format!("reopen {}, or close {} as not planned", pull.number, issue.number);
        return plain(Phase::Asked, why.clone(), stalled(why, lifts));
    }
    let late = redispatch::late(view, binding, issue);
    let why = format!("the agent has not opened a pull request for {} yet", issue.number);
    let until = redispatch::due(view, issue).map(|(_, due)| due);
    let waiting = Waiting { why: why.clone(), actor: Actor::Agent, until };
    let mut progress = late.unwrap_or_else(|| plain(Phase::Asked, why, Outcome::Wait { waiting }));
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
    let silent = guardrail::checks::unanswered(&case);
    let fact = "guardrail checks, as far as it can be judged";
    evidence.extend(silent.map(|value| Evidence { fact: fact.to_owned(), value }));
    evidence.extend(case.issue.candidates.iter().map(linking::shown));
    let readiness = guardrail::readiness(&case);
    let alive = if is_foreign(&case) { None } else { liveness::owed(&case) };
    let (phase, reason, outcome) = match alive {
        Some((reason, outcome)) => (Phase::InWork, reason, outcome),
        None if readiness.passes() || is_foreign(&case) => ready(&case, binding),
        None => {
            let (reason, outcome) = held_up(readiness, pull);
            (Phase::InWork, reason, outcome)
        }
    };
    Progress { phase, reason, evidence, outcome }
}

/// Whether it is nothing that we merge, however far it is: whoever wrote it need not say that it is finished.
fn is_foreign(case: &Case<'_>) -> bool {
    guardrail::belonging(case).vetoes.iter().any(|veto| matches!(veto.guardrail.as_str(), "author" | "fork"))
}

/// Missing facts first, then vetoes, then waits.
fn held_up(judgement: Judgement, pull: &PullFacts) -> (String, Outcome) {
    let Judgement { vetoes, waits, needs, warnings: _, unseen: _ } = judgement;
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

fn ready(case: &Case<'_>, binding: &Binding) -> (Phase, String, Outcome) {
    let pull = case.pull;
    let ready = |(reason, outcome): (String, Outcome)| (Phase::Ready, reason, outcome);
    // Ending what changes nothing merges nothing: neither its checks nor the consent to merge are asked.
    let changes_nothing =
        |diff: &HeadDiff| diff.unreadable.is_none() && diff.changes.is_empty() && pull.changed_files == 0;
    if guardrail::belonging(case).passes() && case.diff().is_ok_and(changes_nothing) {
        return ready(empty(case, binding));
    }
    let admission = guardrail::admission(case);
    if !admission.passes() {
        let own = lifted_by_us(case, binding).or_else(|| nudge::send_back(case, &admission));
        return ready(own.unwrap_or_else(|| held_up(admission, pull)));
    }
    let Ok(diff) = case.diff() else {
        return ready((format!("{} is being looked at", pull.number), wait("its diff", Actor::Engine)));
    };
    let effect = if pull.draft {
        Effect::Mark { pull: pull.number, node: pull.node.clone(), head: pull.head }
    } else {
        merge_effect(case)
    };
    if let Some(aside) = left::refused(case.view, binding, &effect) {
        return ready((aside.obligation.reason, aside.obligation.outcome));
    }
    if pull.draft {
        let reason = format!("{} is finished and every guardrail passes, but it is still a draft", pull.number);
        return ready((reason, act(ActionKind::MarkReady, &binding.key, vec![effect])));
    }
    if let Some(approval) = approval(case) {
        let reason = format!("{} is finished, and the policy wants it approved before it is merged", pull.number);
        return ready((reason, act(ActionKind::Approve, &binding.key, vec![approval])));
    }
    let reason = format!("{} is finished and every guardrail passes at {}", pull.number, pull.head.short());
    ready((reason, merge(case, binding, effect, diff)))
}

/// What the policy lets us do about the one guardrail that stands in the way.
fn lifted_by_us(case: &Case<'_>, binding: &Binding) -> Option<(String, Outcome)> {
    let (pull, policy) = (case.pull, case.view.policy);
    // A missing review and a run that waits show as a merge that a rule blocks, too.
    let blocked = pull.merge_state == MergeState::Blocked && pull.mergeable == Mergeable::Yes;
    let passes_but = |guardrail: &str| match (blocked, pull.queue) {
        (true, MergeQueue::None) => guardrail::admission_but(case, &[guardrail, "mergeable"]).passes(),
        (_, MergeQueue::None | MergeQueue::Queued | MergeQueue::Required) => {
            guardrail::admission_but(case, &[guardrail]).passes()
        }
    };
    let owed = |kind: ActionKind, effect: Effect, reason: String| match left::refused(case.view, binding, &effect) {
        Some(aside) => (aside.obligation.reason, aside.obligation.outcome),
        None => (reason, act(kind, &binding.key, vec![effect])),
    };
    let behind = pull.merge_state == MergeState::Behind && pull.queue == MergeQueue::None;
    if policy.merge.update_branch && behind && !pull.draft && passes_but("mergeable") {
        let effect = Effect::UpdateBranch { pull: pull.number, head: pull.head };
        if let Some(waiting) = left::unseen(case.view, &effect) {
            return Some((waiting.why.clone(), Outcome::Wait { waiting }));
        }
        let reason = format!("{} is behind `{}`, which is merged into it", pull.number, pull.base);
        return Some(owed(ActionKind::UpdateBranch, effect, reason));
    }
    if pull.review_required
        && passes_but("reviews")
        && let Some(effect) = approval(case)
    {
        let reason = format!("a rule requires a review of {}, and the policy wants it approved", pull.number);
        return Some(owed(ActionKind::Approve, effect, reason));
    }
    let held = case.view.snapshot.needs.checks.get(&pull.head).and_then(|report| report.held.as_ref()?.first());
    if policy.agent.rerun_held_runs
        && passes_but("checks")
        && let Some(run) = held
    {
        let effect = Effect::Rerun { pull: pull.number, head: pull.head, run: run.id };
        if let Some(waiting) = left::unseen(case.view, &effect) {
            return Some((waiting.why.clone(), Outcome::Wait { waiting }));
        }
        let reason = format!("a workflow run of {} waits for approval, and the policy lets it run", pull.number);
        return Some(owed(ActionKind::Rerun, effect, reason));
    }
    None
}

/// The approval of a head that we have not approved and were never refused to: one try a head.
fn approval(case: &Case<'_>) -> Option<Effect> {
    let (pull, snapshot) = (case.pull, case.view.snapshot);
    let ours = |review: &crate::model::ReviewVerdict| review.author.id == snapshot.forge.viewer.id && review.approved;
    let approved = pull.reviews.iter().any(|review| ours(review) && review.commit == Some(pull.head));
    let effect = Effect::Approve { pull: pull.number, head: pull.head };
    let object = effect.object();
    let tried = snapshot.refused.iter().any(|refusal| refusal.object == object) || snapshot.sent(&object).is_some();
    (case.view.policy.merge.approve && !pull.draft && !approved && !tried).then_some(effect)
}

fn merge_effect(case: &Case<'_>) -> Effect {
    let (title, message) = message::merge_commit(&case.pull.title, case.pull.number, case.issue.number);
    Effect::Merge {
        pull: case.pull.number,
        head: case.pull.head,
        method: case.view.policy.merge.method,
        title,
        message,
    }
}

fn merge(case: &Case<'_>, binding: &Binding, effect: Effect, diff: &HeadDiff) -> Outcome {
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

fn empty(case: &Case<'_>, binding: &Binding) -> (String, Outcome) {
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

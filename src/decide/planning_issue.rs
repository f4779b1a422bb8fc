//! What issues about planning have in common: gap analyses and capability updates, from assignment to merge.
//!
//! **Guarantees**: an assignment is owed once, and never again after a person took the agent off; a merge counts whoever
//! did it. Items share the merge and the assignment.

use super::guardrail::{self, PullKind};
use super::progress::{AgentState, Phase, agent_state, progress};
use super::{Owed, Rank, View, act, left, redispatch, wait};
use crate::model::{
    ActionKind, Actor, Binding, BoundIssue, Effect, IssueState, ItemOutcome, Key, Outcome, PullFacts, PullState,
    SettleFields, Stage,
};

/// What an open issue owes: its assignment, or what its pull request waits for. The stages are those of an issue without
/// a pull request, with one in work, and with a finished one.
pub(super) fn goes_on(
    view: View<'_>,
    binding: &Binding,
    issue: &BoundIssue,
    (kind, rank, [asked, in_work, ready]): (PullKind, Rank, [Stage; 3]),
) -> Owed {
    if let Some(owed) = redispatch::left(view, binding, issue, asked) {
        return owed;
    }
    if let Some(owed) = unassigned(view, binding, issue, rank, asked) {
        return owed;
    }
    let progress = progress(view, binding, issue, kind);
    let stage = match progress.phase {
        Phase::Asked => asked,
        Phase::InWork => in_work,
        Phase::Ready => ready,
    };
    let mut owed = Owed::new(rank, stage, progress.reason, progress.outcome);
    owed.obligation.evidence = progress.evidence;
    owed
}

/// The newest linked pull request that was merged into the mainline, whoever merged it.
pub(super) fn merged<'a>(view: View<'_>, issue: &'a BoundIssue) -> Option<&'a PullFacts> {
    let into_mainline = |pull: &&PullFacts| {
        pull.state == PullState::Merged && pull.base == view.snapshot.tips.branch && pull.closes.contains(&issue.number)
    };
    issue.pulls.iter().filter(into_mainline).max_by_key(|pull| pull.merged)
}

/// What is left of a merge of a planning pull request.
pub(super) fn settle_merged(
    view: View<'_>,
    binding: &Binding,
    issue: &BoundIssue,
    pull: &PullFacts,
    outcome: ItemOutcome,
) -> Outcome {
    let merge = pull.merged.map(|(_, commit)| commit);
    let fields = SettleFields { key: binding.key.clone(), pull: Some(pull.number), merge, outcome };
    let mut effects = vec![Effect::Settle { fields }];
    if issue.state == IssueState::Open && !issue.reopened {
        effects.push(Effect::CloseIssue { issue: issue.number });
    }
    effects.extend(left::branch_deletion(view, pull));
    act(ActionKind::MergePlanning, &binding.key, effects)
}

/// Bound, but the agent is not on it: the assignment is owed, or a person took it off.
fn unassigned(view: View<'_>, binding: &Binding, issue: &BoundIssue, rank: Rank, stage: Stage) -> Option<Owed> {
    match agent_state(issue) {
        AgentState::Assigned => None,
        AgentState::Withdrawn(login) => {
            let why =
                format!("{login} unassigned the agent from {}; it resumes when a person assigns it", issue.number);
            Some(Owed::new(rank, stage, why.clone(), wait(why, Actor::Person)))
        }
        AgentState::Never if issue.labels.iter().any(|label| label == guardrail::HOLD_LABEL) => {
            let why = format!("{} carries the label `{}`", issue.number, guardrail::HOLD_LABEL);
            Some(Owed::new(rank, stage, why.clone(), wait(why, Actor::Person)))
        }
        AgentState::Never => {
            let effect = assign(view, &binding.key);
            if let Some(aside) = left::refused(view, binding, &effect) {
                return Some(Owed { rank, ..aside });
            }
            let kind = match binding.key {
                Key::Gap { .. } => ActionKind::AskGap,
                Key::Item(_) => ActionKind::Promote,
                Key::Capability(_) => ActionKind::Complete,
            };
            let reason = format!("{} is bound and the agent was never assigned to it", issue.number);
            Some(Owed::new(Rank::EffectsLeft, stage, reason, act(kind, &binding.key, vec![effect])))
        }
    }
}

/// The assignment of the agent.
pub(super) fn assign(view: View<'_>, key: &Key) -> Effect {
    Effect::Assign { key: key.clone(), login: view.policy.agent.login.clone(), base: view.snapshot.tips.branch.clone() }
}

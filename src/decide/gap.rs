//! A gap analysis that was asked and has no answer yet.
//!
//! **Guarantees**: a merged pull request answers with the file it added; one that changes nothing answers `reached`; a
//! person who closes issue or pull request answers `declined`; an agent that died answers nothing.

use super::guardrail::{self, PullKind};
use super::progress::{AgentState, Phase, agent_state, merged_outcome, progress};
use super::{Owed, Rank, View, act, left, wait};
use crate::model::{
    AccountId, ActionKind, Actor, Binding, BoundIssue, Effect, IssueState, ItemOutcome, Key, Ledger, Need, Outcome,
    PullFacts, PullState, SettleFields, Stage,
};

/// The unsettled gap bindings.
pub(super) fn owed(view: View<'_>, ledger: &Ledger) -> Vec<Owed> {
    let gaps = ledger.unsettled().filter(|binding| matches!(binding.key, Key::Gap { .. }));
    gaps.map(|binding| of(view, binding)).collect()
}

fn of(view: View<'_>, binding: &Binding) -> Owed {
    let Some(issue) = view.snapshot.forge.issue(binding.issue) else {
        return left::vanished(view, binding, Rank::Gap, Stage::GapOwed);
    };
    let focus = left::focus(view, binding);
    if let Some((stage, reason, outcome)) = ended(view, binding, issue) {
        return Owed::new(Rank::EffectsLeft, stage, reason, outcome).about(focus);
    }
    if let Some(owed) = unassigned(view, binding, issue, Rank::Gap, Stage::GapOwed) {
        return owed.about(focus);
    }
    let progress = progress(view, binding, issue, PullKind::Gap);
    let stage = match progress.phase {
        Phase::Asked => Stage::GapOwed,
        Phase::InWork => Stage::GapInWork,
        Phase::Ready => Stage::GapReady,
    };
    let mut owed = Owed::new(Rank::Gap, stage, progress.reason, progress.outcome).about(focus);
    owed.obligation.evidence = progress.evidence;
    owed
}

/// A person answered, or a merge did that nobody wrote down.
fn ended(view: View<'_>, binding: &Binding, issue: &BoundIssue) -> Option<(Stage, String, Outcome)> {
    if let Some(pull) = merged(view, issue) {
        let reason = format!("{} was merged and its answer is not in the ledger yet", pull.number);
        let need = Need::HeadDiff { pull: pull.number, head: pull.head };
        let outcome = match view.snapshot.needs.diffs.get(&pull.head) {
            None => Outcome::Look { needs: vec![need] },
            Some(diff) => settle_merged(view, binding, issue, pull, merged_outcome(&binding.key, Some(diff))),
        };
        return Some((Stage::GapReady, reason, outcome));
    }
    let declined = |effects: Vec<Effect>, reason: String| {
        let fields = SettleFields { key: binding.key.clone(), pull: None, merge: None, outcome: ItemOutcome::Declined };
        let mut all = vec![Effect::Settle { fields }];
        all.extend(effects);
        Some((Stage::GapOwed, reason, act(ActionKind::Drop, &binding.key, all)))
    };
    if issue.state != IssueState::Open {
        return declined(Vec::new(), format!("a person closed {} without an answer", issue.number));
    }
    let open = issue.pulls.iter().any(|pull| pull.state == PullState::Open);
    let by_person = |pull: &&PullFacts| {
        let agent = pull.closed_by.as_ref().is_none_or(AccountId::is_agent);
        pull.state == PullState::Closed && pull.author.is_agent() && !agent
    };
    let closed = issue.pulls.iter().filter(by_person).max_by_key(|pull| pull.number).filter(|_| !open)?;
    let reason = format!("a person closed {} unmerged", closed.number);
    declined(vec![Effect::CloseIssue { issue: issue.number }], reason)
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
    if issue.state == IssueState::Open {
        effects.push(Effect::CloseIssue { issue: issue.number });
    }
    effects.extend(left::branch_deletion(view, pull));
    act(ActionKind::MergePlanning, &binding.key, effects)
}

/// Bound, but the agent is not on it: the assignment is owed, or a person took it off.
pub(super) fn unassigned(
    view: View<'_>,
    binding: &Binding,
    issue: &BoundIssue,
    rank: Rank,
    stage: Stage,
) -> Option<Owed> {
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

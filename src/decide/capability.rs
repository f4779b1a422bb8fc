//! Capability updates that are asked and not settled yet.
//!
//! **Guarantees**: one a completed item. One that changes nothing is closed and the loop goes on.

use super::guardrail::PullKind;
use super::planning_issue::{goes_on, merged, settle_merged, unlanded};
use super::{Owed, Rank, View, act, left};
use crate::model::{ActionKind, Binding, Effect, IssueState, ItemOutcome, Key, Ledger, SettleFields, Stage};

/// The unsettled capability bindings.
pub(super) fn owed(view: View<'_>, ledger: &Ledger) -> Vec<Owed> {
    let bindings = ledger.unsettled().filter(|binding| matches!(binding.key, Key::Capability(_)));
    bindings.map(|binding| of(view, binding)).collect()
}

fn of(view: View<'_>, binding: &Binding) -> Owed {
    let Some(issue) = view.snapshot.forge.issue(binding.issue) else {
        return left::vanished(view, binding, Rank::Capability, Stage::CapabilityOwed);
    };
    if let Some(unread) = left::unread(view, binding, Rank::Capability, Stage::CapabilityOwed) {
        return unread;
    }
    if let Some(unlanded) = unlanded(view, binding, issue, (Rank::Capability, Stage::CapabilityReady)) {
        return unlanded;
    }
    let focus = left::focus(view, binding);
    if let Some(pull) = merged(view, issue) {
        let reason = format!("{} was merged and the ledger doesn't say so yet", pull.number);
        let outcome = settle_merged(view, binding, issue, pull, ItemOutcome::Merged);
        return Owed::new(Rank::EffectsLeft, Stage::CapabilityReady, reason, outcome).about(focus);
    }
    let closed = match issue.state {
        IssueState::Open => None,
        IssueState::Completed => Some(ItemOutcome::Closed),
        IssueState::NotPlanned => Some(ItemOutcome::Dropped),
    };
    if let Some(outcome) = closed {
        let reason = format!("a person closed {} without a merged pull request", issue.number);
        let fields = SettleFields { key: binding.key.clone(), pull: None, merge: None, outcome };
        let outcome = act(ActionKind::Drop, &binding.key, vec![Effect::Settle { fields }]);
        return Owed::new(Rank::EffectsLeft, Stage::CapabilityOwed, reason, outcome).about(focus);
    }
    let stages = [Stage::CapabilityOwed, Stage::CapabilityInWork, Stage::CapabilityReady];
    goes_on(view, binding, issue, (PullKind::Capability, Rank::Capability, stages)).about(focus)
}

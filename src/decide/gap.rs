//! A gap analysis that was asked and has no answer yet.
//!
//! **Guarantees**: a merged pull request answers with the file it added; one that changes nothing answers `reached`; a
//! person who closes issue or pull request answers `declined`; an agent that died answers nothing.

use super::guardrail::PullKind;
use super::planning_issue::{goes_on, merged, settle_merged, unlanded};
use super::progress::{is_of_this_sending, merged_outcome};
use super::{Owed, Rank, View, act, left};
use crate::model::{
    AccountId, ActionKind, Binding, BoundIssue, Effect, IssueState, ItemOutcome, Key, Ledger, Need, Outcome, PullFacts,
    PullState, SettleFields, Stage,
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
    if let Some(unread) = left::unread(view, binding, Rank::Gap, Stage::GapOwed) {
        return unread;
    }
    if let Some(unlanded) = unlanded(view, binding, issue, (Rank::Gap, Stage::GapReady)) {
        return unlanded;
    }
    let focus = left::focus(view, binding);
    if let Some((stage, reason, outcome)) = ended(view, binding, issue) {
        return Owed::new(Rank::EffectsLeft, stage, reason, outcome).about(focus);
    }
    let stages = [Stage::GapOwed, Stage::GapInWork, Stage::GapReady];
    goes_on(view, binding, issue, (PullKind::Gap, Rank::Gap, stages)).about(focus)
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
        pull.state == PullState::Closed && pull.author.is_agent() && !agent && is_of_this_sending(issue, pull)
    };
    let closed = issue.pulls.iter().filter(by_person).max_by_key(|pull| pull.number).filter(|_| !open)?;
    let reason = format!("a person closed {} unmerged", closed.number);
    declined(vec![Effect::CloseIssue { issue: issue.number }], reason)
}

//! Issues of ours that nothing is bound to: duplicates of a bound one, and those whose reason is gone.
//!
//! **Guarantees**: only an issue by one of us whose first line is our marker, with nobody assigned and without any
//! comment, is closed; every other one is shown. One that a create under way may still bind is left alone.
//! **Races**: the issue is read by its number before it is closed, and again by the effect's probe.

use super::create::{is_bound, is_ours, is_under_way};
use super::{Owed, Rank, View, act, wait};
use crate::model::{
    ActionKind, Actor, Effect, Folder, IssueDetail, IssueNumber, Key, Ledger, ListedIssue, Marker, Need, Outcome, Stage,
};

/// Every open issue of ours that is not needed.
pub(super) fn owed(view: View<'_>, ledger: &Ledger) -> Vec<Owed> {
    let unbound =
        |issue: &&ListedIssue| issue.open && issue.leads && !is_bound(ledger, issue) && is_ours(view, ledger, issue);
    view.snapshot.forge.issues.iter().filter(unbound).filter_map(|issue| of(view, ledger, issue)).collect()
}

/// Why an issue is not needed.
pub(super) struct Needless {
    pub(super) key: Key,
    stage: Stage,
    /// The one that is bound instead.
    pub(super) of: Option<IssueNumber>,
}

fn of(view: View<'_>, ledger: &Ledger, issue: &ListedIssue) -> Option<Owed> {
    let needless = needless(view, ledger, issue.marker.as_ref()?)?;
    let number = issue.number;
    let reason = match needless.of {
        Some(other) => format!("{number} was made for {} too, which is bound to {other}", needless.key),
        None => format!("{number} was made for {}, which is not owed any more", needless.key),
    };
    let effect = Effect::CloseDuplicate { issue: number, of: needless.of };
    if let Some(refusal) = view.snapshot.refusal(&effect.object()) {
        let why = format!("{reason}; refused to {effect}: {}", refusal.why);
        return Some(Owed::new(Rank::Aside, needless.stage, why.clone(), wait(why, Actor::Person)));
    }
    let outcome = match view.snapshot.needs.issues.get(&number) {
        None => Outcome::Look { needs: vec![Need::Issue { number }] },
        Some(now) => {
            // A list may be older than what its author made of it since.
            let same = |now: &&ListedIssue| now.open && now.leads && now.marker == issue.marker;
            let detail = now.as_ref().filter(same).and_then(|now| now.detail.as_ref())?;
            match touched(detail) {
                None => act(ActionKind::Sweep, &needless.key, vec![effect]),
                Some(how) => {
                    let why = format!("{reason}; {how}, so it is left open: close {number} if it is not needed");
                    return Some(Owed::new(Rank::Aside, needless.stage, why.clone(), wait(why, Actor::Person)));
                }
            }
        }
    };
    Some(Owed::new(Rank::Sweep, needless.stage, reason, outcome))
}

/// How a person made the issue theirs.
pub(super) fn touched(detail: &IssueDetail) -> Option<String> {
    match (detail.comments, detail.assignees.first()) {
        _ if detail.reopened => Some("a person reopened it".to_owned()),
        (_, Some(account)) => Some(format!("{} is assigned", account.login)),
        (0, None) => None,
        (comments, None) => Some(format!("it has {comments} comment(s)")),
    }
}

/// Whether what a marker names needs no other issue any more.
pub(super) fn needless(view: View<'_>, ledger: &Ledger, marker: &Marker) -> Option<Needless> {
    let planning = &view.snapshot.planning;
    let (key, stage, owed) = match marker {
        Marker::Item(name) => {
            let lies = |folder| planning.has(folder, name);
            (Key::Item(name.clone()), Stage::Promotion, lies(Folder::Pending) || lies(Folder::Processed))
        }
        Marker::Gap { goal, capabilities, n } => {
            let present = *goal == planning.goal.blob && *capabilities == planning.capabilities.blob;
            (Key::Gap { goal: *goal, capabilities: *capabilities, n: *n }, Stage::GapOwed, present)
        }
        Marker::Capability { pull, .. } => {
            // The marker names the pull request that settled the item; before that, the item still owes its update.
            let item = ledger.bindings.values().find(|binding| binding.pull == Some(*pull))?;
            let Key::Item(name) = &item.key else { return None };
            (Key::Capability(name.clone()), Stage::CapabilityOwed, true)
        }
    };
    if let Some(binding) = ledger.bindings.get(&key) {
        return Some(Needless { key, stage, of: Some(binding.issue) });
    }
    let under_way = is_under_way(view, ledger, &key);
    (!owed && !under_way).then_some(Needless { key, stage, of: None })
}

//! The one order in which anything is created: attempt → create → bind → assign → move.
//!
//! **Guarantees**: before a create our issues are listed, open and closed; one that carries the key's marker and is ours
//! is adopted instead. After an attempt whose end nobody saw, nothing is created before the doubt window has passed.
//! **Races**: two instances may both create; the bind is a compare-and-set, and only the bound number is assigned.

use super::View;
use crate::model::{
    ActionKind, Actor, Attempt, BlobId, Effect, IssueSource, IssueText, Key, Ledger, ListedIssue, Marker, Need, Needs,
    Outcome, SettleFields, Waiting,
};
use jiff::SignedDuration;

/// What is to be created.
pub(super) struct Plan {
    pub(super) kind: ActionKind,
    pub(super) key: Key,
    pub(super) text: IssueText,
    pub(super) blob: Option<BlobId>,
    pub(super) settles: Option<SettleFields>,
    /// What follows the assignment.
    pub(super) then: Vec<Effect>,
}

/// How long after the write time-out a lost create may still become visible.
const WRITE_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// The effects of a create, or what it waits for.
pub(super) fn outcome(view: View<'_>, ledger: &Ledger, plan: Plan) -> Outcome {
    let snapshot = view.snapshot;
    let Some(listed) = snapshot.needs.own_issues.get(&Needs::own_issues_name(&plan.key)) else {
        return Outcome::Look { needs: vec![Need::OwnIssues { key: plan.key }] };
    };
    if let Some(waiting) = ledger.attempt.as_ref().and_then(|attempt| foreign(view, attempt)) {
        return Outcome::Wait { waiting };
    }
    let assign = super::planning_issue::assign(view, &plan.key);
    let bind = |issue| Effect::Bind { key: plan.key.clone(), issue, blob: plan.blob, settles: plan.settles.clone() };
    let mut effects = match ours(view, ledger, listed, &plan) {
        Some(issue) => {
            let (number, node, author) = (issue.number, issue.node.clone(), issue.author.id);
            vec![bind(IssueSource::Adopted { number, node, author }), assign]
        }
        None => {
            if let Some(waiting) = ledger.attempt.as_ref().and_then(|attempt| doubt(view, attempt, &plan.key)) {
                return Outcome::Wait { waiting };
            }
            let attempt = Effect::Attempt { key: plan.key.clone() };
            let create = Effect::Create { key: plan.key.clone(), text: plan.text.clone() };
            vec![attempt, create, bind(IssueSource::Created), assign]
        }
    };
    effects.extend(plan.then);
    super::act(plan.kind, &plan.key, effects)
}

/// The lowest unbound issue of our own account; the author decides, a marker alone proves nothing.
fn ours<'a>(view: View<'_>, ledger: &Ledger, listed: &'a [ListedIssue], plan: &Plan) -> Option<&'a ListedIssue> {
    let marker = Marker::find(&plan.text.body);
    let bound = |issue: &ListedIssue| ledger.bindings.values().any(|binding| binding.issue == issue.number);
    listed
        .iter()
        .filter(|issue| issue.marker == marker)
        .filter(|issue| issue.open && issue.author.id == view.snapshot.forge.viewer.id && !bound(issue))
        .min_by_key(|issue| issue.number)
}

/// Another instance is at work.
fn foreign(view: View<'_>, attempt: &Attempt) -> Option<Waiting> {
    let taken = attempt.owner != view.snapshot.instance && view.snapshot.now < attempt.expires;
    taken.then(|| Waiting {
        why: format!("another instance is creating the issue for {}", attempt.key),
        actor: Actor::Engine,
        until: Some(attempt.expires),
    })
}

/// An earlier attempt for this key may have created an issue that no list shows yet.
fn doubt(view: View<'_>, attempt: &Attempt, key: &Key) -> Option<Waiting> {
    let window = SignedDuration::from_millis(i64::try_from(view.policy.pacing.doubt_ms).unwrap_or(i64::MAX));
    let until = attempt.started.saturating_add(window.saturating_add(WRITE_TIMEOUT)).ok()?;
    let in_doubt = attempt.key == *key && view.snapshot.now < until;
    in_doubt.then(|| Waiting {
        why: format!("an earlier attempt for {key} may have created its issue; lists may lag that long"),
        actor: Actor::Forge,
        until: Some(until),
    })
}

//! The circuit breaker: how many issues and merges an hour there may be, whatever is owed.
//!
//! **Needs** the ledger and, for merges that no record tells yet, what GitHub shows. **Guarantees**: pure; it only ever holds
//! up what begins something — a new issue, a merge —, never what finishes what was begun: adopting, assigning, closing,
//! settling. It says when it goes on. What was bound and settled in one breath was taken over, not made.
//! **Races**: two instances may both pass it in the same moment; one issue more does no harm.

use super::View;
use crate::model::{Actor, Binding, CommitId, Policy, Snapshot, Waiting};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Less than this between bind and end: one commit of the ledger wrote both.
const BREATH: SignedDuration = SignedDuration::from_secs(2);

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Gauge {
    /// What it counts.
    pub what: &'static str,
    /// How many there were in the last hour.
    pub count: usize,
    /// How many there may be.
    pub limit: u32,
    /// Whether there may be no more now.
    pub tripped: bool,
    /// When there may be the next one, where that is not now.
    pub next: Option<Timestamp>,
}

/// Both breakers, and why nothing passes one that has tripped.
pub fn gauges(snapshot: &Snapshot) -> [(Gauge, Option<Waiting>); 2] {
    let defaults = Policy::default();
    let view = View::of(snapshot, &defaults);
    [(issues_made(view), issues(view)), (merges_done(view), merges(view))]
}

/// Why no issue may be made now.
pub(super) fn issues(view: View<'_>) -> Option<Waiting> {
    waiting(issues_made(view), "made")
}

/// Why nothing may be merged now.
pub(super) fn merges(view: View<'_>) -> Option<Waiting> {
    waiting(merges_done(view), "done")
}

fn waiting(gauge: Gauge, done: &str) -> Option<Waiting> {
    let Gauge { what, count, limit, tripped, next } = gauge;
    let why = match next {
        Some(next) => format!(
            "{count} {what} were {done} in the last hour, of {limit} that the policy allows; the next at {next}"
        ),
        None => format!("the policy allows no {what}: {what}_per_hour is 0"),
    };
    let actor = if next.is_some() { Actor::Engine } else { Actor::Person };
    tripped.then_some(Waiting { why, actor, until: next })
}

fn issues_made(view: View<'_>) -> Gauge {
    let taken_over =
        |binding: &Binding| binding.settled.is_some_and(|settled| settled.duration_since(binding.bound) < BREATH);
    let bindings = view.snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.values());
    let made = bindings.filter(|binding| !taken_over(binding)).map(|binding| binding.bound);
    gauge("issues", made, view.policy.limits.issues_per_hour, view.snapshot.now)
}

fn merges_done(view: View<'_>) -> Gauge {
    let bindings = view.snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.values());
    let mut merges: BTreeMap<CommitId, Timestamp> =
        bindings.filter_map(|binding| Some((binding.merge?, binding.settled?))).collect();
    // When it was merged is told better by GitHub than by the record of it, and earlier.
    let shown = view.snapshot.forge.bound.iter().flat_map(|issue| &issue.pulls).filter_map(|pull| pull.merged);
    merges.extend(shown.map(|(at, commit)| (commit, at)));
    gauge("merges", merges.into_values(), view.policy.limits.merges_per_hour, view.snapshot.now)
}

/// Times in the last hour against a limit. A time that lies far ahead is of a clock that was set.
fn gauge(what: &'static str, times: impl Iterator<Item = Timestamp>, limit: u32, now: Timestamp) -> Gauge {
    let age = |at: &Timestamp| now.duration_since(*at);
    let mut recent: Vec<Timestamp> = times.filter(|at| age(at) < HOUR && age(at) > -HOUR).collect();
    recent.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let tripped = recent.len() >= most;
    // There is room again when so many are left as there may be, less one.
    let last = most.checked_sub(1).and_then(|index| recent.get(index));
    let next = last.and_then(|at| at.saturating_add(HOUR).ok());
    Gauge { what, count: recent.len(), limit, tripped, next }
}

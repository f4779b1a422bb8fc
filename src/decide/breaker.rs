//! The circuit breaker: how many issues an hour, and merges an hour and a day, there may be, whatever is owed.
//!
//! **Needs** the ledger and, for merges that no record tells yet, what GitHub shows. **Guarantees**: pure; it only ever holds
//! up what begins something — a new issue, a merge —, never what finishes what was begun: adopting, assigning, closing,
//! settling. It says when it goes on. What was bound and settled in one breath was taken over, not made.
//! **Races**: two instances may both pass it in the same moment; one issue more does no harm.

use super::View;
use crate::model::{Actor, Binding, CommitId, Policy, Snapshot, Waiting};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Less than this between bind and end: one commit of the ledger wrote both.
const BREATH: SignedDuration = SignedDuration::from_secs(2);

/// How long back is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Span {
    /// One hour.
    Hour,
    /// Twenty-four hours.
    Day,
}

impl Span {
    /// In words, after "the last".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "24 hours",
        }
    }

    const fn length(self) -> SignedDuration {
        match self {
            Self::Hour => SignedDuration::from_hours(1),
            Self::Day => SignedDuration::from_hours(24),
        }
    }
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Gauge {
    /// What it counts.
    pub what: &'static str,
    /// How long back.
    pub span: Span,
    /// How many there were within it.
    pub count: usize,
    /// How many there may be.
    pub limit: u32,
    /// Whether there may be no more now.
    pub tripped: bool,
    /// When there may be the next one, where that is not now.
    pub next: Option<Timestamp>,
}

/// All breakers, and why nothing passes one that has tripped.
pub fn gauges(snapshot: &Snapshot) -> [(Gauge, Option<Waiting>); 3] {
    let defaults = Policy::default();
    let view = View::of(snapshot, &defaults);
    let [hour, day] = merges_done(view);
    [issues_made(view), hour, day].map(|gauge| (gauge, waiting(gauge)))
}

/// Why no issue may be made now.
pub(super) fn issues(view: View<'_>) -> Option<Waiting> {
    waiting(issues_made(view))
}

/// Why nothing may be merged now.
pub(super) fn merges(view: View<'_>) -> Option<Waiting> {
    merges_done(view).into_iter().find_map(waiting)
}

fn waiting(gauge: Gauge) -> Option<Waiting> {
    let Gauge { what, span, count, limit, tripped, next } = gauge;
    let why = match next {
        Some(next) => format!(
            "{what} in the last {}: {count} of the {limit} that the policy allows; the next at {next}",
            span.words()
        ),
        None => format!(
            "the policy allows no {what}: {what}_per_{} is 0",
            match span {
                Span::Hour => "hour",
                Span::Day => "day",
            }
        ),
    };
    let actor = if next.is_some() { Actor::Engine } else { Actor::Person };
    tripped.then_some(Waiting { why, actor, until: next })
}

fn issues_made(view: View<'_>) -> Gauge {
    let taken_over =
        |binding: &Binding| binding.settled.is_some_and(|settled| settled.duration_since(binding.bound) < BREATH);
    let bindings = view.snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.values());
    let bound = bindings.filter(|binding| !taken_over(binding)).map(|binding| binding.bound);
    // Other instances are told by the ledger alone, and an issue that could not be bound by its maker alone.
    let (limit, now) = (view.policy.limits.issues_per_hour, view.snapshot.now);
    let bound = gauge("issues", Span::Hour, bound, limit, now);
    let created = gauge("issues", Span::Hour, view.snapshot.created.iter().copied(), limit, now);
    if created.count > bound.count { created } else { bound }
}

/// Counted are the merges of bound issues, whoever made them: those that the ledger has settled, and those that GitHub
/// shows and the ledger does not have yet.
fn merges_done(view: View<'_>) -> [Gauge; 2] {
    let bindings = view.snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.values());
    let mut merges: BTreeMap<CommitId, Timestamp> =
        bindings.filter_map(|binding| Some((binding.merge?, binding.settled?))).collect();
    // When it was merged is told better by GitHub than by the record of it, and earlier.
    let shown = view.snapshot.forge.bound.iter().flat_map(|issue| &issue.pulls).filter_map(|pull| pull.merged);
    merges.extend(shown.map(|(at, commit)| (commit, at)));
    let limits = view.policy.limits;
    [(Span::Hour, limits.merges_per_hour), (Span::Day, limits.merges_per_day)]
        .map(|(span, limit)| gauge("merges", span, merges.values().copied(), limit, view.snapshot.now))
}

/// Times within the span against a limit. A time that lies far ahead is of a clock that was set.
fn gauge(what: &'static str, span: Span, times: impl Iterator<Item = Timestamp>, limit: u32, now: Timestamp) -> Gauge {
    let age = |at: &Timestamp| now.duration_since(*at);
    let mut recent: Vec<Timestamp> =
        times.filter(|at| age(at) < span.length() && age(at) > -SignedDuration::from_hours(1)).collect();
    recent.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let tripped = recent.len() >= most;
    // There is room again when so many are left as there may be, less one.
    let last = most.checked_sub(1).and_then(|index| recent.get(index));
    let next = last.and_then(|at| at.saturating_add(span.length()).ok());
    Gauge { what, span, count: recent.len(), limit, tripped, next }
}

//! Merge cap: so many merges an hour and a day, and no more, whatever else is in order.
//!
//! Counted are the merges of bound issues, whoever made them: those that the ledger has settled, and those that GitHub shows
//! and the ledger does not have yet.

use super::super::View;
use super::{Case, Verdict};
use crate::model::{Actor, PullNumber, Waiting};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let limits = case.view.policy.limits;
    let caps = [
        (SignedDuration::from_hours(1), limits.merges_per_hour, "hour"),
        (SignedDuration::from_hours(24), limits.merges_per_day, "24 hours"),
    ];
    let merges = merges(case.view);
    for (span, cap, words) in caps {
        if let Some(until) = closed_until(&merges, case.view.snapshot.now, span, cap) {
            let why = format!("{cap} merges within the last {words} are as many as are allowed; the next at {until}");
            return Verdict::Wait(Waiting { why, actor: Actor::Engine, until: Some(until) });
        }
    }
    Verdict::Pass
}

/// When each pull request of a bound issue was merged.
fn merges(view: View<'_>) -> BTreeMap<PullNumber, Timestamp> {
    let bindings = view.snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.values());
    let settled = bindings.filter(|binding| binding.merge.is_some());
    let settled = settled.filter_map(|binding| Some((binding.pull?, binding.settled?)));
    let pulls = view.snapshot.forge.bound.iter().flat_map(|issue| &issue.pulls);
    // GitHub knows when it was; the ledger, when it was written down.
    settled.chain(pulls.filter_map(|pull| Some((pull.number, pull.merged?.0)))).collect()
}

/// Until when nothing more fits into a span; `None` where something does.
fn closed_until(
    merges: &BTreeMap<PullNumber, Timestamp>,
    now: Timestamp,
    span: SignedDuration,
    cap: u32,
) -> Option<Timestamp> {
    let cap = usize::try_from(cap).unwrap_or(usize::MAX);
    let ends = |at: &Timestamp| at.saturating_add(span).unwrap_or(*at);
    let mut open: Vec<Timestamp> = merges.values().map(ends).filter(|end| *end > now).collect();
    if open.len() < cap {
        return None;
    }
    open.sort();
    // With a cap of nought nothing ever fits; it is looked at again after a span.
    let first = open.len().checked_sub(cap).and_then(|index| open.get(index).copied());
    Some(first.unwrap_or_else(|| ends(&now)))
}

#[cfg(test)]
mod tests {
    use super::closed_until;
    use crate::model::PullNumber;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn the_oldest_merge_of_the_span_makes_room_when_it_leaves_it() {
        let at = |minute: i64| Timestamp::from_second(1_000_000 + minute * 60).expect("a time");
        let hour = SignedDuration::from_hours(1);
        let closed = |minutes: &[i64], now: i64, cap: u32| {
            let merges = minutes.iter().zip(1..).map(|(minute, number)| (PullNumber(number), at(*minute))).collect();
            closed_until(&merges, at(now), hour, cap)
        };
        assert_eq!(closed(&[0, 10, 20], 30, 4), None);
        assert_eq!(closed(&[0, 10, 20], 30, 3), Some(at(60)));
        assert_eq!(closed(&[0, 10, 20], 60, 3), None, "the first has just left");
        assert_eq!(closed(&[0, 10, 20], 30, 1), Some(at(80)), "a cap that was lowered waits for all of them");
        assert_eq!(closed(&[], 30, 0), Some(at(90)));
    }
}

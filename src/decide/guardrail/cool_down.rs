//! Cool-down: a head that was pushed a moment ago may not be the last one.

use super::{Case, Verdict};
use crate::model::{Actor, Waiting};
use jiff::{SignedDuration, Timestamp};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let long = SignedDuration::from_millis(i64::try_from(case.view.policy.merge.cool_down_ms).unwrap_or(i64::MAX));
    let pushed = pushed(case);
    let until = pushed.saturating_add(long).unwrap_or(pushed);
    if case.view.snapshot.now >= until {
        return Verdict::Pass;
    }
    let why = format!("{} was pushed to at {pushed}; its head is left alone until {until}", case.pull.number);
    Verdict::Wait(Waiting { why, actor: Actor::Engine, until: Some(until) })
}

/// When the head was pushed, as far as it is known: a commit's date is its author's word, so one from the future counts
/// for nothing.
pub(super) fn pushed(case: &Case<'_>) -> Timestamp {
    let (pull, now) = (case.pull, case.view.snapshot.now);
    let committed = pull.head_committed.filter(|at| *at <= now);
    committed.or_else(|| pull.updated.filter(|at| *at <= now)).unwrap_or(pull.created)
}

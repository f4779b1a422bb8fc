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
    let why = format!("{} was pushed to by {pushed}; its head is left alone until {until}", case.pull.number);
    Verdict::Wait(Waiting { why, actor: Actor::Engine, until: Some(until) })
}

/// By when the head was pushed. GitHub doesn't tell: a commit's date is its author's word, may be older than the push and
/// counts for nothing if it is from the future. What looks told is late enough; without it the last change is.
pub(super) fn pushed(case: &Case<'_>) -> Timestamp {
    let (pull, now) = (case.pull, case.view.snapshot.now);
    let past = |at: Option<Timestamp>| at.filter(|at| *at <= now);
    let seen = case.view.snapshot.heads.get(&pull.number).filter(|seen| seen.head == pull.head).map(|seen| seen.since);
    past(seen).or_else(|| past(pull.updated)).max(past(pull.head_committed)).unwrap_or(pull.created)
}

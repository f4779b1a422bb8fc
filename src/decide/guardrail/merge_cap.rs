//! Merge cap: so many merges an hour and a day, and no more, whatever else is in order; counted by the circuit breaker.

use super::{Case, Verdict};
use crate::decide::breaker;

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    breaker::merges(case.view).map_or(Verdict::Pass, Verdict::Wait)
}

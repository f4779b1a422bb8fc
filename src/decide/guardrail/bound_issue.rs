//! Bound issue: merging must close the issue the ledger binds; a mention is not enough.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let (pull, issue) = (case.pull.number, case.issue.number);
    if case.pull.closes.contains(&issue) {
        return Verdict::Pass;
    }
    veto(format!("{pull} does not close {issue}"), format!("add `Fixes {issue}` to the description of {pull}"))
}

//! Base: only what goes into the mainline.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let (base, branch) = (&case.pull.base, &case.view.snapshot.tips.branch);
    if base == branch {
        return Verdict::Pass;
    }
    let pull = case.pull.number;
    veto(format!("{pull} goes into `{base}`, not into `{branch}`"), format!("change the base of {pull} to `{branch}`"))
}

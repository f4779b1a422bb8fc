//! Fork: a head in another repository is a stranger's.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    if !case.pull.cross_repository {
        return Verdict::Pass;
    }
    veto(format!("{} comes from a fork", case.pull.number), format!("review and merge {} yourself", case.pull.number))
}

//! Diff size: what nobody can review is not merged unseen.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let (pull, limits) = (case.pull, case.view.policy.limits);
    let over = |what: &str, found: u64, limit: u32| {
        let why = format!("{} changes {found} {what}, more than the {limit} that are merged unseen", pull.number);
        veto(why, format!("have {} split, merge it yourself, or raise the limit under `[limits]`", pull.number))
    };
    if pull.changed_files > u64::from(limits.changed_files) {
        return over("files", pull.changed_files, limits.changed_files);
    }
    if pull.changed_lines > u64::from(limits.changed_lines) {
        return over("lines", pull.changed_lines, limits.changed_lines);
    }
    Verdict::Pass
}

//! Has somebody written a goal?

use super::{Facts, Finding, Verdict, finding};
use crate::planning::is_unwritten;

pub(super) fn judge(facts: &Facts) -> Finding {
    let view = match facts.view.known("goal") {
        Ok(view) => view,
        Err(finding) => return finding,
    };
    let write = "write planning/vision/goal.md, commit and push it";
    match view.planning.goal.blob {
        Some(goal) if is_unwritten(goal) => {
            finding("goal", Verdict::Fail, "planning/vision/goal.md still says what to write there").mended_by(write)
        }
        Some(goal) => finding("goal", Verdict::Pass, format!("planning/vision/goal.md at {}", goal.short())),
        None => finding("goal", Verdict::Fail, "planning/vision/goal.md is not on the mainline").mended_by(write),
    }
}

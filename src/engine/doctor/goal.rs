//! Has somebody written a goal?

use super::{Facts, Finding, Verdict, finding};

pub(super) fn judge(facts: &Facts) -> Finding {
    let view = match facts.view.known("goal") {
        Ok(view) => view,
        Err(finding) => return finding,
    };
    let write = "write planning/vision/goal.md, commit and push it";
    match view.planning.goal.blob {
        Some(_) if view.planning.goal_is_blank => {
            finding("goal", Verdict::Fail, "nobody has written planning/vision/goal.md yet").mended_by(write)
        }
        Some(goal) => finding("goal", Verdict::Pass, format!("planning/vision/goal.md at {}", goal.short())),
        None => finding("goal", Verdict::Fail, "planning/vision/goal.md is not on the mainline").mended_by(write),
    }
}

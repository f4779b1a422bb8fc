//! Pause: `planning/PAUSE` on the mainline stops everything but looking.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    if case.view.snapshot.planning.paused {
        veto("planning/PAUSE is on the mainline", "delete planning/PAUSE on the mainline")
    } else {
        Verdict::Pass
    }
}

//! Review request: the agent asks for a review when it is done, and it can't mark its pull request ready itself.

use super::{Case, Verdict};
use crate::model::{Actor, Waiting};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    if case.pull.review_requested {
        return Verdict::Pass;
    }
    let why = format!("nobody's review was requested on {} yet", case.pull.number);
    Verdict::Wait(Waiting { why, actor: Actor::Agent, until: None })
}

//! Hold: a person's label on the issue or the pull request.

use super::{Case, HOLD_LABEL, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let held = |labels: &[String]| labels.iter().any(|label| label == HOLD_LABEL);
    let (issue, pull) = (case.issue.number, case.pull.number);
    if held(&case.issue.labels) {
        veto(format!("{issue} carries the label `{HOLD_LABEL}`"), format!("take the label off {issue}"))
    } else if held(&case.pull.labels) {
        veto(format!("{pull} carries the label `{HOLD_LABEL}`"), format!("take the label off {pull}"))
    } else {
        Verdict::Pass
    }
}

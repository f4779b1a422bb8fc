//! Consent: merging is a consent of its own in the policy file.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    if case.view.policy.merge.enabled {
        return Verdict::Pass;
    }
    let lifts = format!("set `enabled = true` under `[merge]`, or merge {} yourself", case.pull.number);
    veto("planning/orchestrator.toml does not allow merging", lifts)
}

//! Can the agent be assigned here?

use super::{Facts, Finding, Verdict, finding};

pub(super) fn judge(facts: &Facts) -> Finding {
    match facts.agent.known("agent") {
        Ok(true) => finding("agent", Verdict::Pass, "Copilot can be assigned"),
        Ok(false) => finding("agent", Verdict::Fail, "Copilot is not among those who can be assigned").mended_by(
            "switch the coding agent on, for the account and for the repository: https://github.com/settings/copilot/coding_agent",
        ),
        Err(finding) => finding,
    }
}

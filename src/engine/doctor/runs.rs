//! Do the workflow runs of the agent start by themselves?

use super::{Facts, Finding, Verdict, finding};

pub(super) fn judge(facts: &Facts) -> Finding {
    let (approval, forge) = match (facts.approval.known("runs"), facts.forge.known("runs")) {
        (Ok(approval), Ok(forge)) => (approval, forge),
        (Err(finding), _) | (_, Err(finding)) => return finding,
    };
    let settings = format!("{}/settings/copilot/coding_agent", forge.url);
    match approval {
        Some(false) => finding("runs", Verdict::Pass, "workflow runs of the agent start without an approval"),
        Some(true) => {
            let evidence = "every workflow run of the agent waits for a person, and checks that need it stay open";
            finding("runs", Verdict::Warn, evidence)
                .mended_by(format!("approve each run on its pull request, or switch the approval off: {settings}"))
        }
        None => {
            let evidence = "whether workflow runs of the agent wait for a person can't be read with this token";
            finding("runs", Verdict::Skipped, evidence)
                .mended_by(format!("look at \"Require approval for workflow runs\": {settings}"))
        }
    }
}

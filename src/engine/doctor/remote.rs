//! Does git reach the remote, and does it name a branch?

use super::{Facts, Finding, Verdict, finding};

pub(super) fn judge(facts: &Facts) -> Finding {
    match facts.branch.known("remote") {
        Ok(Some(branch)) => finding("remote", Verdict::Pass, format!("git reaches it; its default branch is {branch}")),
        Ok(None) => finding("remote", Verdict::Fail, "git reaches it, but it has no commit yet")
            .mended_by(format!("orchestrator init {}", facts.repository)),
        Err(finding) => finding,
    }
}

//! Have the repository's owners consented, and is merging on?

use super::{Facts, Finding, Verdict, finding};
use crate::model::PolicyState;

pub(super) fn judge(facts: &Facts) -> Finding {
    let view = match facts.view.known("policy") {
        Ok(view) => view,
        Err(finding) => return finding,
    };
    match &view.policy {
        PolicyState::Valid { policy } if policy.merge.enabled => {
            finding("policy", Verdict::Pass, "planning/orchestrator.toml is valid; merging is on")
        }
        PolicyState::Valid { .. } => finding(
            "policy",
            Verdict::Warn,
            "planning/orchestrator.toml is valid; merging is off, so every pull request waits for a person",
        )
        .mended_by("set `enabled = true` below `[merge]` in planning/orchestrator.toml, if that is wanted"),
        PolicyState::Missing => finding(
            "policy",
            Verdict::Fail,
            "planning/orchestrator.toml is not on the mainline: nobody has consented to writes",
        )
        .mended_by(format!("orchestrator init {}", facts.repository)),
        PolicyState::Invalid { line, problem } => {
            let at = line.map_or_else(String::new, |line| format!(":{line}"));
            finding("policy", Verdict::Fail, format!("planning/orchestrator.toml{at}: {problem}"))
                .mended_by("correct it on the mainline")
        }
    }
}

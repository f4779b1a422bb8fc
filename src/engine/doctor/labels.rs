//! Are the labels there? They are made with the first issue that needs them.

use super::{Facts, Finding, Verdict, finding};

pub(super) fn judge(facts: &Facts) -> Finding {
    match facts.missing_labels.known("labels") {
        Ok(missing) if missing.is_empty() => finding("labels", Verdict::Pass, "all are there"),
        Ok(missing) => {
            let evidence = format!("made with the first issue that needs them: {}", missing.join(", "));
            finding("labels", Verdict::Pass, evidence)
        }
        Err(finding) => finding,
    }
}

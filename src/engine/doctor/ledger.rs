//! Does the remote hold the ledger? Whether it accepts one is known for sure only when it is written.

use super::{Facts, Finding, Verdict, finding};

pub(super) fn judge(facts: &Facts) -> Finding {
    let view = match facts.view.known("ledger") {
        Ok(view) => view,
        Err(finding) => return finding,
    };
    match (&view.ledger, view.tips.lost_ledger) {
        (Some(ledger), _) => {
            let bound = match ledger.bindings.len() {
                1 => "1 binding".to_owned(),
                n => format!("{n} bindings"),
            };
            finding("ledger", Verdict::Pass, format!("refs/orchestrator/ledger holds {bound}"))
        }
        (None, Some(lost)) => {
            finding("ledger", Verdict::Fail, format!("the remote lost it; this clone knows it at {}", lost.short()))
                .mended_by(format!("orchestrator ledger restore --repo {}", facts.repository))
        }
        (None, None) => {
            finding("ledger", Verdict::Warn, "refs/orchestrator/ledger is not written yet; the first cycle tries it")
                .mended_by(format!("orchestrator cycle --repo {}", facts.repository))
        }
    }
}

//! Is every file of the queue one that can be given out, and is the queue of a size that git likes?

use super::{Facts, Finding, Verdict, finding};

/// Files that are named.
const SHOWN: usize = 5;
/// Direct children of a folder above which each commit rewrites a large tree.
const CROWDED: usize = 2_500;

pub(super) fn judge(facts: &Facts) -> Finding {
    let view = match facts.view.known("queue") {
        Ok(view) => view,
        Err(finding) => return finding,
    };
    let planning = &view.planning;
    let [pending, processed, complete] = planning.counts;
    let counts = format!("{pending} pending, {processed} processed, {complete} complete");
    if planning.paused {
        return finding("queue", Verdict::Warn, format!("{counts}; planning/PAUSE pauses everything"))
            .mended_by("delete planning/PAUSE from the mainline");
    }
    if !planning.quarantined.is_empty() {
        let told = |(name, why): &(crate::model::ItemName, crate::model::Quarantine)| format!("{name}: {why}");
        let shown: Vec<String> = planning.quarantined.iter().take(SHOWN).map(told).collect();
        let evidence = format!("{counts}; {} set aside: {}", planning.quarantined.len(), shown.join("; "));
        return finding("queue", Verdict::Warn, evidence)
            .mended_by("correct, rename or delete them in planning/issue_queue/pending/");
    }
    if pending.max(processed) > CROWDED {
        return finding(
            "queue",
            Verdict::Warn,
            format!("{counts}; a folder above {CROWDED} files makes every commit slow"),
        )
        .mended_by("give out less at once: keep later work outside of planning/issue_queue/");
    }
    let months = if planning.directly_complete > CROWDED { "; finished files go into folders by month" } else { "" };
    finding("queue", Verdict::Pass, format!("{counts}{months}"))
}

//! A repository without a ledger: a new one, one that a predecessor drove, or one whose ledger was lost.
//!
//! **Guarantees**: the ledger's first record is written only where nothing says that there was one before; then it is
//! written and nothing else. A ledger that is missing is never begun anew without a person's word, for every issue it
//! bound would be made again.
//! **Races**: two instances begin at once: the reference must not exist, so one of them does.

use super::{Owed, Rank, stalled};
use crate::model::{Action, ActionKind, Effect, ListedIssue, Need, Outcome, Snapshot, Stage};

/// The ledger's root commit, or why it is not written.
pub(super) fn owed(snapshot: &Snapshot) -> Owed {
    let absent = |owed: Owed| owed.because("refs/orchestrator/ledger", "absent on the remote");
    if let Some(known) = snapshot.tips.lost_ledger {
        let why = format!("the ledger is missing on the remote; this clone last saw it at {}", known.short());
        let lifts = "put it back with `orchestrator ledger restore`";
        return absent(Owed::new(Rank::EffectsLeft, Stage::GapOwed, why.clone(), stalled(why, lifts)));
    }
    let Some(traces) = &snapshot.needs.traces else {
        let reason = "this repository has no ledger yet; whether it ever had one is looked up";
        let outcome = Outcome::Look { needs: vec![Need::Traces] };
        return absent(Owed::new(Rank::EffectsLeft, Stage::GapOwed, reason, outcome));
    };
    let ours = |issue: &&ListedIssue| issue.leads && issue.author.id == snapshot.forge.viewer.id;
    if let Some(trace) = traces.iter().find(ours) {
        let why = format!("the ledger is missing, and {} was made by this program, so there was one", trace.number);
        let lifts = "push the ledger from a clone that has it (`orchestrator ledger restore` there), or bind what is \
            there with `orchestrator adopt`";
        return absent(Owed::new(Rank::EffectsLeft, Stage::GapOwed, why.clone(), stalled(why, lifts)));
    }
    let action = Action { kind: ActionKind::Baseline, key: None, effects: vec![Effect::Baseline] };
    let reason = "this repository has no ledger yet; its first record is written before anything else";
    absent(Owed::new(Rank::EffectsLeft, Stage::GapOwed, reason, Outcome::Act { action }))
}

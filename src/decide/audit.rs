//! What `orchestrator fsck` compares: files, bindings, issues, pull requests and the mainline's trailers.
//!
//! **Needs** a snapshot whose bound issues are those of *all* bindings, with traces, trail and reachable merges.
//! **Guarantees**: pure; every disagreement is told with what it means and what settles it, and whether that is the loop
//! itself or a person. What is as it should be, or was meant so, is not told.
//! **Races**: none here; a disagreement that the loop is about to settle is told as that.

mod files;
mod issues;
mod past;

use super::View;
use crate::model::{Binding, Ledger, NEWEST_SETTLED, Need, Outcome, Policy, Snapshot};
use serde::Serialize;

/// What kind of disagreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// There was a ledger and there is none.
    LedgerMissing,
    /// A bound item's file lies in no queue folder.
    FileMissing,
    /// It lies under another name.
    FileRenamed,
    /// It lies in another folder than its binding says.
    WrongFolder,
    /// It lies in `complete/` and its story goes on.
    CompleteUnsettled,
    /// It lies in two folders, with the same content.
    Copies,
    /// It lies in several folders, with different content.
    Conflict,
    /// It has another content than when it was bound.
    Edited,
    /// A file in `processed/` that nothing is bound to.
    ProcessedUnbound,
    /// A binding's issue was deleted or transferred.
    IssueGone,
    /// A settled binding's issue was opened again.
    Reopened,
    /// A settled binding's issue is open.
    OpenThoughSettled,
    /// An unsettled binding's issue is closed.
    ClosedThoughUnsettled,
    /// A settled binding's pull request is open.
    PullThoughSettled,
    /// An open issue of ours that nothing is bound to, beside the one that is.
    Duplicate,
    /// One whose reason is gone.
    Orphan,
    /// One that may still be bound.
    Unbound,
    /// The mainline does not hold a binding's merge commit.
    MergeLost,
    /// The mainline's trailers name another issue than the ledger.
    TrailerDiffers,
    /// A capability update whose item nothing is bound to.
    UpdateWithoutItem,
    /// An attempt whose lease has ended.
    AttemptExpired,
}

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of which kind.
    pub kind: Kind,
    /// What disagrees.
    pub what: String,
    /// What it means.
    pub means: String,
    /// What settles it: a command, a click, or the next cycle.
    pub settles: String,
    /// Whether the loop settles it by itself.
    pub heals: bool,
}

/// Everything that disagrees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// What a person must settle first, then by kind.
    pub findings: Vec<Finding>,
    /// How many bindings there are.
    pub bindings: usize,
    /// How many queue files there are.
    pub files: usize,
    /// Facts that are missing; while there are any, the rest is not all.
    #[serde(skip)]
    pub needs: Vec<Need>,
}

/// What lets the loop go on, where it writes nothing.
fn stopped(snapshot: &Snapshot) -> Option<String> {
    match super::gate(snapshot) {
        Some(Outcome::Stalled { lifts, .. }) => Some(lifts),
        Some(Outcome::Wait { .. }) => Some("delete planning/PAUSE from the mainline".to_owned()),
        Some(Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Blocked { .. } | Outcome::Rest { .. }) | None => {
            snapshot.ledger.is_none().then(|| "settle first what became of the ledger".to_owned())
        }
    }
}

/// What settles a finding.
enum Cure {
    /// The loop.
    Loop(&'static str),
    /// A person.
    Person(String),
}

/// The comparison while it is made.
struct Desk<'a> {
    view: View<'a>,
    /// What starts the loop again, where it stands still.
    stopped: Option<String>,
    ledger: &'a Ledger,
    audit: Audit,
}

/// Compares everything.
pub fn audit(snapshot: &Snapshot) -> Audit {
    let defaults = Policy::default();
    let nothing = Ledger::default();
    let ledger = snapshot.ledger.as_ref().unwrap_or(&nothing);
    let audit =
        Audit { bindings: ledger.bindings.len(), files: snapshot.planning.counts.iter().sum(), ..Audit::default() };
    let mut desk = Desk { view: View::of(snapshot, &defaults), stopped: stopped(snapshot), ledger, audit };
    desk.ledger();
    desk.files();
    desk.issues();
    desk.past();
    let mut audit = desk.audit;
    audit.findings.sort_by(|a, b| (a.heals, a.kind, &a.what).cmp(&(b.heals, b.kind, &b.what)));
    audit.needs.sort();
    audit.needs.dedup();
    audit
}

impl Desk<'_> {
    fn find(&mut self, kind: Kind, what: String, means: impl Into<String>, cure: Cure) {
        let (settles, heals) = match (cure, &self.stopped) {
            (Cure::Loop(how), None) => (format!("the next cycle {how}"), true),
            (Cure::Loop(how), Some(start)) => (format!("{start}; then the next cycle {how}"), false),
            (Cure::Person(how), _) => (how, false),
        };
        self.audit.findings.push(Finding { kind, what, means: means.into(), settles, heals });
    }

    /// Whether the loop still looks at a settled binding.
    fn is_recent(&self, binding: &Binding) -> bool {
        self.ledger.newest_settled().into_iter().take(NEWEST_SETTLED).any(|other| other.key == binding.key)
    }

    fn ledger(&mut self) {
        let snapshot = self.view.snapshot;
        if let Some(attempt) = &self.ledger.attempt
            && attempt.expires <= snapshot.now
        {
            let what = format!("the attempt for {} ended its lease at {}", attempt.key, attempt.expires);
            let means = "whoever began it did not finish; whether it made an issue is looked up before another one is";
            self.find(Kind::AttemptExpired, what, means, Cure::Loop("that creates an issue takes it over"));
        }
        if snapshot.ledger.is_some() {
            return;
        }
        let traces = snapshot.needs.traces.as_deref().unwrap_or_default();
        let made = traces.iter().find(|issue| issue.leads && issue.author.id == snapshot.forge.viewer.id);
        let said = snapshot.needs.trail.iter().flatten().next();
        let means = "every issue that it bound would be made again, so nothing is written";
        let adopt = || Cure::Person("orchestrator adopt, if no clone has it: orchestrator ledger restore".to_owned());
        if let Some(tip) = snapshot.tips.lost_ledger {
            let what = format!("the ledger is missing on the remote; this clone last saw it at {}", tip.short());
            self.find(Kind::LedgerMissing, what, means, Cure::Person("orchestrator ledger restore".to_owned()));
        } else if let Some(trail) = said {
            let (commit, name) = (trail.commit.short(), &trail.trailers.item);
            let what =
                format!("the ledger is missing, and the mainline's commit {commit} says that {name} was moved by it");
            self.find(Kind::LedgerMissing, what, means, adopt());
        } else if let Some(issue) = made {
            let what = format!("the ledger is missing, and {} was made by this program", issue.number);
            self.find(Kind::LedgerMissing, what, means, adopt());
        }
    }
}

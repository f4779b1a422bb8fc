//! Guardrails: each may veto a merge, none may cause one.
//!
//! **Guarantees**: a merge needs a pass of every one of them at the same head. A veto says what lifts it. Each lives in a
//! file of its own and sees one case.

mod agent_at_work;
mod author;
mod base;
mod bound_issue;
pub(super) mod checks;
mod consent;
pub(super) mod cool_down;
mod diff_size;
mod fork;
mod hold;
mod listing;
mod merge_cap;
mod mergeable;
mod paths;
mod pause;
mod review_request;
mod reviews;
mod wip;

pub use listing::{Guard, Listing, listing};
pub(super) use paths::invalid_file;
pub(super) use wip::is_wip;

use super::View;
use crate::model::{BoundIssue, Evidence, HeadDiff, Key, Need, PullFacts, Severity, Veto, Waiting};

/// The label by which a person holds an issue or a pull request.
pub const HOLD_LABEL: &str = "orchestrator-hold";

/// What a pull request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullKind {
    /// Gap analysis: adds one queue file or nothing.
    Gap,
    /// Development: anything but planning and what steers agents and workflows.
    Development,
    /// Capability update: that one document.
    Capability,
}

/// One pull request under judgement.
pub(super) struct Case<'a> {
    /// Whose answer it is.
    pub(super) key: Key,
    pub(super) view: View<'a>,
    pub(super) kind: PullKind,
    pub(super) issue: &'a BoundIssue,
    pub(super) pull: &'a PullFacts,
}

impl<'a> Case<'a> {
    /// The diff of the judged head, or the need for it.
    pub(super) fn diff(&self) -> Result<&'a HeadDiff, Verdict> {
        let need = Need::HeadDiff { pull: self.pull.number, head: self.pull.head };
        self.view.snapshot.needs.diffs.get(&self.pull.head).ok_or(Verdict::Look(need))
    }
}

/// What one guardrail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing in the way.
    Pass,
    /// Not yet.
    Wait(Waiting),
    /// No.
    Veto {
        /// Why.
        why: String,
        /// What lifts it.
        lifts: String,
    },
    /// Nothing in the way, as far as it can be judged.
    Unseen(String),
    /// A fact is missing.
    Look(Need),
}

fn veto(why: impl Into<String>, lifts: impl Into<String>) -> Verdict {
    Verdict::Veto { why: why.into(), lifts: lifts.into() }
}

/// A guardrail: its name, its weight by policy, its judgement.
struct Guardrail {
    name: &'static str,
    severity: fn(&Case<'_>) -> Severity,
    judge: fn(&Case<'_>) -> Verdict,
}

const fn strict(_: &Case<'_>) -> Severity {
    Severity::Strict
}

/// Whether the agent is done with the pull request.
const READINESS: [Guardrail; 3] = [
    Guardrail { name: "wip", severity: strict, judge: wip::judge },
    Guardrail { name: "agent_at_work", severity: strict, judge: agent_at_work::judge },
    Guardrail {
        name: "review_request",
        severity: |case| case.view.policy.review_request,
        judge: review_request::judge,
    },
];

/// Whether it is the agent's answer to this issue, and nobody holds it.
const BELONGING: [Guardrail; 6] = [
    Guardrail { name: "author", severity: strict, judge: author::judge },
    Guardrail { name: "fork", severity: strict, judge: fork::judge },
    Guardrail { name: "base", severity: strict, judge: base::judge },
    Guardrail { name: "bound_issue", severity: strict, judge: bound_issue::judge },
    Guardrail { name: "hold", severity: strict, judge: hold::judge },
    Guardrail { name: "pause", severity: strict, judge: pause::judge },
];

/// Whether it may be merged once the agent is done.
const ADMISSION: [Guardrail; 8] = [
    Guardrail { name: "consent", severity: strict, judge: consent::judge },
    Guardrail { name: "paths", severity: strict, judge: paths::judge },
    Guardrail { name: "diff_size", severity: |case| case.view.policy.diff_size, judge: diff_size::judge },
    Guardrail { name: "reviews", severity: |case| case.view.policy.reviews, judge: reviews::judge },
    Guardrail { name: "checks", severity: |case| case.view.policy.checks, judge: checks::judge },
    Guardrail { name: "mergeable", severity: |case| case.view.policy.mergeable, judge: mergeable::judge },
    Guardrail { name: "cool_down", severity: |case| case.view.policy.cool_down, judge: cool_down::judge },
    Guardrail { name: "merge_cap", severity: |case| case.view.policy.merge_cap, judge: merge_cap::judge },
];

/// Every guardrail, in the order in which they are shown.
fn all() -> impl Iterator<Item = &'static Guardrail> {
    READINESS.iter().chain(&BELONGING).chain(&ADMISSION)
}

/// What all guardrails of one kind say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) vetoes: Vec<Veto>,
    pub(super) waits: Vec<Waiting>,
    pub(super) needs: Vec<Need>,
    /// Vetoes and waits of guardrails that the policy has weighted `warn`: they hold nothing up and are shown.
    pub(super) warnings: Vec<Veto>,
    /// What could not be judged.
    pub(super) unseen: Vec<Evidence>,
}

impl Judgement {
    pub(super) const fn passes(&self) -> bool {
        self.vetoes.is_empty() && self.waits.is_empty() && self.needs.is_empty()
    }
}

/// Whether the agent is done: WIP, lifecycle events, review request.
pub(super) fn readiness(case: &Case<'_>) -> Judgement {
    judge(case, &READINESS)
}

/// Whether the pull request is the agent's answer to this issue and nobody holds it: enough to end an empty one.
pub(super) fn belonging(case: &Case<'_>) -> Judgement {
    judge(case, &BELONGING)
}

/// Whether the pull request may be merged at its head, leaving readiness aside.
pub(super) fn admission(case: &Case<'_>) -> Judgement {
    admission_but(case, &[])
}

/// The same, leaving these guardrails aside, too: those whose no we can lift ourselves.
pub(super) fn admission_but(case: &Case<'_>, left_aside: &[&str]) -> Judgement {
    let mut judgement = belonging(case);
    let asked = ADMISSION.iter().filter(|guardrail| !left_aside.contains(&guardrail.name));
    let Judgement { vetoes, waits, needs, warnings, unseen } = judge(case, asked);
    judgement.vetoes.extend(vetoes);
    judgement.waits.extend(waits);
    judgement.needs.extend(needs);
    judgement.warnings.extend(warnings);
    judgement.unseen.extend(unseen);
    judgement
}

/// What the guardrails that only warn have to say, and what could not be judged, as evidence.
pub(super) fn warnings(case: &Case<'_>) -> Vec<Evidence> {
    let (readiness, admission) = (readiness(case), admission(case));
    let all = readiness.warnings.into_iter().chain(admission.warnings);
    let warn =
        |veto: Veto| Evidence { fact: format!("guardrail {}, which only warns", veto.guardrail), value: veto.why };
    all.map(warn).chain(readiness.unseen).chain(admission.unseen).collect()
}

fn judge<'g>(case: &Case<'_>, guardrails: impl IntoIterator<Item = &'g Guardrail>) -> Judgement {
    let mut judgement = Judgement::default();
    for guardrail in guardrails {
        let severity = (guardrail.severity)(case);
        if severity == Severity::Off {
            continue;
        }
        let named = |why: String, lifts: String| Veto { guardrail: guardrail.name.to_owned(), why, lifts };
        match ((guardrail.judge)(case), severity) {
            (Verdict::Pass, _) => {}
            (Verdict::Wait(waiting), Severity::Warn) => {
                judgement.warnings.push(named(waiting.why, "it is waited for".to_owned()));
            }
            (Verdict::Wait(waiting), Severity::Strict | Severity::Off) => judgement.waits.push(waiting),
            (Verdict::Look(need), _) => judgement.needs.push(need),
            (Verdict::Unseen(value), _) => {
                let fact = format!("guardrail {}, as far as it can be judged", guardrail.name);
                judgement.unseen.push(Evidence { fact, value });
            }
            (Verdict::Veto { why, lifts }, Severity::Warn) => judgement.warnings.push(named(why, lifts)),
            (Verdict::Veto { why, lifts }, Severity::Strict | Severity::Off) => {
                judgement.vetoes.push(named(why, lifts))
            }
        }
    }
    judgement
}

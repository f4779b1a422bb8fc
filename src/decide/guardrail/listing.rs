//! Every guardrail of the focused pull request with its weight and what it says, for people.
//!
//! **Guarantees**: the same functions judge here and before a merge; what a guardrail has not looked at yet is said so, and
//! named, so that whoever lists may fetch it.

use super::super::{View, progress};
use super::{Case, PullKind, Verdict};
use crate::model::{Binding, Key, Need, Policy, PullNumber, Severity, Snapshot};
use serde::Serialize;

/// What one guardrail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guard {
    /// Its name.
    pub name: &'static str,
    /// Its weight by the policy.
    pub weight: Severity,
    /// `pass`, `wait`, `veto`, `unseen`, `off` or `unknown`.
    pub state: &'static str,
    /// Why; nothing for one that passes.
    pub why: Option<String>,
    /// What lifts it, where it says no.
    pub lifts: Option<String>,
}

/// The guardrails of one pull request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Which pull request.
    pub pull: PullNumber,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub key: Key,
    /// Each guardrail, in the order in which they are asked.
    pub guardrails: Vec<Guard>,
    /// What some of them have not looked at yet.
    #[serde(skip)]
    pub needs: Vec<Need>,
}

/// The guardrails of the pull request that an unsettled binding of this key waits for; `None` where it has none open.
pub fn listing(snapshot: &Snapshot, key: &Key) -> Option<Listing> {
    let defaults = Policy::default();
    let view = View::of(snapshot, &defaults);
    let binding: &Binding = snapshot.ledger.as_ref()?.bindings.get(key).filter(|binding| !binding.is_settled())?;
    let issue = snapshot.forge.issue(binding.issue)?;
    let pull = progress::judged_pull(issue)?;
    let kind = match key {
        Key::Gap { .. } => PullKind::Gap,
        Key::Item(_) => PullKind::Development,
        Key::Capability(_) => PullKind::Capability,
    };
    let case = Case { key: key.clone(), view, kind, issue, pull };
    let mut needs = Vec::new();
    let guardrails = super::all()
        .map(|guardrail| {
            let weight = (guardrail.severity)(&case);
            let verdict = if weight == Severity::Off { None } else { Some((guardrail.judge)(&case)) };
            let (state, why, lifts) = match verdict {
                None => ("off", None, None),
                Some(Verdict::Pass) => ("pass", None, None),
                Some(Verdict::Wait(waiting)) => ("wait", Some(waiting.why), None),
                Some(Verdict::Veto { why, lifts }) => ("veto", Some(why), Some(lifts)),
                Some(Verdict::Unseen(why)) => ("unseen", Some(why), None),
                Some(Verdict::Look(need)) => {
                    needs.push(need);
                    ("unknown", Some("it has not been looked at yet".to_owned()), None)
                }
            };
            Guard { name: guardrail.name, weight, state, why, lifts }
        })
        .collect();
    needs.sort();
    needs.dedup();
    Some(Listing { pull: pull.number, title: pull.title.clone(), key: key.clone(), guardrails, needs })
}

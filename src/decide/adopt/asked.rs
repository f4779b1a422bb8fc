//! Open issues about planning that nothing is bound to: capability updates and a gap analysis.
//!
//! **Guarantees**: a capability update is bound to the item that its pull request completed, and is only shown where
//! there is none; of gap analyses one is bound, to the present question.

use super::{Draft, has_pull, is_unsafe, source};
use crate::message;
use crate::model::{
    BoundIssue, Effect, GAP_TITLE, ItemName, ItemOutcome, Key, ListedIssue, Marker, PullNumber, SettleFields,
};
use std::collections::BTreeMap;

impl<'a> Draft<'a> {
    /// Open capability updates, by the item that they are about.
    pub(super) fn updates(&mut self) {
        let traces = self.traces;
        let mut by_pull: BTreeMap<PullNumber, Vec<&'a ListedIssue>> = BTreeMap::new();
        for issue in traces.iter().filter(|issue| issue.open && !self.is_taken(issue)) {
            let labelled = issue.labels.iter().any(|label| label == message::CAPABILITY.name);
            if let Some(Marker::Capability { pull, .. }) = issue.marker.as_ref().filter(|_| labelled) {
                by_pull.entry(*pull).or_default().push(issue);
            }
        }
        for (pull, issues) in by_pull {
            let about = format!("asks for the capability update of {pull}");
            let chosen = self.choose(issues, &about);
            let Some(((issue, facts), others)) = chosen.split_first() else { continue };
            // Ours may quote such a text, as data.
            if !issue.leads && self.refuses(issue, facts) {
                continue;
            }
            match self.item_of(pull) {
                None => {
                    self.show(format!("{} {about}, but no item is known that {pull} completed", issue.number), None)
                }
                Some(name) => self.update(&name, pull, issue, others),
            }
        }
    }

    fn update(
        &mut self,
        name: &ItemName,
        pull: PullNumber,
        issue: &ListedIssue,
        others: &[(&ListedIssue, &BoundIssue)],
    ) {
        let (item, key) = (Key::Item(name.clone()), Key::Capability(name.clone()));
        let about = format!("asks for the capability update of {pull}");
        if let Some(binding) = self.ledger.bindings.get(&key) {
            let what = format!(
                "{} {about}, too, which {} is bound to: close it if it is not needed",
                issue.number, binding.issue
            );
            return self.show(what, None);
        }
        if !self.ledger.bindings.contains_key(&item) && !self.bound.contains_key(&item) && !self.finished(name, pull) {
            return;
        }
        let bind = Effect::Bind { key: key.clone(), issue: source(issue), blob: self.blob(name), settles: None };
        let why = format!("{} {about}, which completed {name}: bind them", issue.number);
        self.step(why, &key, vec![bind]);
        self.others(others, issue.number, &about);
    }

    /// Binds an item that is complete already and whose update is under way.
    fn finished(&mut self, name: &ItemName, pull: PullNumber) -> bool {
        let Some((issue, facts)) = self.finished_issue(pull) else { return false };
        let about = format!("names {name}, which {pull} completed");
        if self.choose(vec![issue], &about).is_empty() {
            return false;
        }
        let key = Key::Item(name.clone());
        let merged = facts.pulls.iter().find(|other| other.number == pull).and_then(|pull| pull.merged);
        let merge = merged.map(|(_, commit)| commit);
        let fields = SettleFields { key: key.clone(), pull: Some(pull), merge, outcome: ItemOutcome::Merged };
        let why = format!("{name} lies in complete/ and {} was answered by {pull}: bind them as merged", issue.number);
        let bind =
            Effect::Bind { key: key.clone(), issue: source(issue), blob: self.blob(name), settles: Some(fields) };
        self.step(why, &key, vec![bind]);
        true
    }

    /// The item that a pull request completed.
    fn item_of(&self, pull: PullNumber) -> Option<ItemName> {
        let name = |key: &Key| match key {
            Key::Item(name) => Some(name.clone()),
            Key::Gap { .. } | Key::Capability(_) => None,
        };
        let answered = |number| self.facts(number).is_some_and(|facts| merged_by(facts, pull));
        let known = self.ledger.bindings.values().filter(|b| b.pull == Some(pull) || answered(b.issue));
        let planned = self.bound.iter().filter(|(_, number)| answered(**number)).map(|(key, _)| key);
        known.map(|binding| &binding.key).chain(planned).find_map(name).or_else(|| {
            match &self.finished_issue(pull)?.0.marker {
                Some(Marker::Item(name)) => Some(name.clone()),
                Some(Marker::Gap { .. } | Marker::Capability { .. }) | None => None,
            }
        })
    }

    /// An issue of a complete item that this pull request answered.
    fn finished_issue(&self, pull: PullNumber) -> Option<(&'a ListedIssue, &'a BoundIssue)> {
        let named = |issue: &&ListedIssue| match &issue.marker {
            Some(Marker::Item(name)) => self.view.snapshot.planning.complete.contains(name) && !self.is_taken(issue),
            Some(Marker::Gap { .. } | Marker::Capability { .. }) | None => false,
        };
        let mut seen = self.traces.iter().filter(named).filter_map(|issue| Some((issue, self.facts(issue.number)?)));
        seen.find(|(_, facts)| merged_by(facts, pull))
    }

    /// The gap analysis under way.
    pub(super) fn question(&mut self) {
        let traces = self.traces;
        let gap = |issue: &&ListedIssue| match &issue.marker {
            Some(Marker::Gap { .. }) => true,
            Some(Marker::Item(_) | Marker::Capability { .. }) => false,
            None => issue.title == GAP_TITLE,
        };
        let open: Vec<&'a ListedIssue> =
            traces.iter().filter(|issue| issue.open && !self.is_taken(issue)).filter(gap).collect();
        let about = "is an open gap analysis";
        let chosen = self.choose(open, about);
        let asked = self.ledger.unsettled().find(|binding| matches!(binding.key, Key::Gap { .. }));
        if let Some(binding) = asked {
            return self.others(&chosen, binding.issue, about);
        }
        let Some(((issue, facts), others)) = chosen.split_first() else { return };
        let key = self.present(issue);
        let work = if has_pull(facts) { " with a pull request" } else { "" };
        let why = format!("{} {about}{work} that nothing is bound to: bind it to the present question", issue.number);
        let bind = Effect::Bind { key: key.clone(), issue: source(issue), blob: None, settles: None };
        let effects: Vec<Effect> = repaired(issue, facts, &key).into_iter().chain([bind]).collect();
        let repairs = if effects.len() > 1 { ", its text replaced by ours, for it would go on for ever" } else { "" };
        self.step(format!("{why}{repairs}"), &key, effects);
        self.others(others, issue.number, about);
    }

    /// The present question, asked as often as the issue says or once more than is known.
    fn present(&self, issue: &ListedIssue) -> Key {
        let planning = &self.view.snapshot.planning;
        let (goal, capabilities) = (planning.goal.blob, planning.capabilities.blob);
        let asked = |key: &Key| match key {
            Key::Gap { goal: g, capabilities: c, n } if (*g, *c) == (goal, capabilities) => Some(*n),
            Key::Gap { .. } | Key::Item(_) | Key::Capability(_) => None,
        };
        if let Some(Marker::Gap { goal: g, capabilities: c, n }) = &issue.marker {
            let key = Key::Gap { goal: *g, capabilities: *c, n: *n };
            if asked(&key).is_some() && !self.ledger.bindings.contains_key(&key) {
                return key;
            }
        }
        let n = self.ledger.bindings.keys().filter_map(asked).max().unwrap_or(0).saturating_add(1);
        Key::Gap { goal, capabilities, n }
    }
}

/// A predecessor's text that would have the loop feed itself, replaced by ours before the agent is sent to it. Ours asks
/// for a queue file, too, and is known by its marker.
fn repaired(issue: &ListedIssue, facts: &BoundIssue, key: &Key) -> Option<Effect> {
    let Key::Gap { goal, capabilities, n } = key else { return None };
    let text = message::gap_issue(*goal, *capabilities, *n);
    let owed = is_unsafe(issue, facts) && !issue.leads;
    owed.then(|| Effect::Revise { key: key.clone(), issue: issue.number, text })
}

fn merged_by(issue: &BoundIssue, pull: PullNumber) -> bool {
    issue.pulls.iter().any(|other| other.number == pull && other.merged.is_some())
}

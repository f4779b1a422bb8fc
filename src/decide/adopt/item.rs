//! Files that no key is bound to, and the issues that name them.
//!
//! **Guarantees**: an issue is bound because its marker names the file, or because a person said so; of several an open
//! one with a pull request comes first. A file in two folders with different content is left alone.

use super::{Draft, End, Finished, source, trailers};
use crate::decide::spot::{self, Spot, quoted};
use crate::model::{
    BlobId, BoundIssue, Effect, ItemName, ItemOutcome, Key, ListedIssue, Marker, SettleFields, Step, Trailers,
};
use std::collections::BTreeSet;

impl<'a> Draft<'a> {
    /// Every file in `pending/` and `processed/` that is not bound.
    pub(super) fn items(&mut self) {
        let planning = &self.view.snapshot.planning;
        let processed = planning.processed.iter().map(|entry| &entry.name);
        let names: BTreeSet<&ItemName> = planning.pending.iter().map(|item| &item.name).chain(processed).collect();
        let used: BTreeSet<String> = self
            .ledger
            .bindings
            .keys()
            .filter_map(|key| match key {
                Key::Item(name) => Some(name.folded()),
                Key::Gap { .. } | Key::Capability(_) => None,
            })
            .collect();
        for name in names.into_iter().filter(|name| !used.contains(&name.folded())) {
            self.item(name);
        }
    }

    fn item(&mut self, name: &ItemName) {
        let waits = !self.view.snapshot.planning.processed.iter().any(|entry| entry.name == *name);
        let traces = self.traces;
        let names = |issue: &&ListedIssue| matches!(&issue.marker, Some(Marker::Item(other)) if other == name);
        let named: Vec<&'a ListedIssue> = traces.iter().filter(names).filter(|issue| !self.is_taken(issue)).collect();
        let unnamed = named.is_empty();
        let place = spot::of(self.view.snapshot, name);
        if let Spot::Conflict { what, lifts } = place {
            self.problem(what, lifts);
            return;
        }
        let about = format!("names {name}");
        let needs = self.plan.needs.len();
        let chosen = self.choose(named, &about);
        let Some(((issue, facts), others)) = chosen.split_first() else {
            if unnamed {
                self.alike(name, waits);
            }
            // One that waits in pending/ is given out by the loop, which asks nobody.
            if !waits && needs == self.plan.needs.len() {
                let what = format!("{name} lies in processed/ and no issue that may be bound names it");
                let lifts =
                    format!("move it back to pending/, or bind one: orchestrator adopt {} <#n>", quoted(name.as_str()));
                self.problem(what, lifts);
            }
            return;
        };
        self.bind_item(name, &place, issue, facts);
        self.others(others, issue.number, &about);
    }

    /// Binds a file to an issue; a story that is over is settled in the same commit, or left to the loop.
    pub(super) fn bind_item(&mut self, name: &ItemName, place: &Spot, issue: &ListedIssue, facts: &'a BoundIssue) {
        let key = Key::Item(name.clone());
        if self.refuses(issue, facts) {
            return;
        }
        let end = self.end(facts);
        let (fields, how) = self.story(&key, &end);
        let over = fields.is_some();
        let step = match fields.as_ref().map(|fields| &fields.outcome) {
            None => Step::Promote,
            Some(ItemOutcome::Dropped) => Step::Drop,
            Some(_) => Step::Complete,
        };
        let text = Trailers {
            pull: fields.as_ref().and_then(|fields| fields.pull),
            merge: fields.as_ref().and_then(|fields| fields.merge),
            ..trailers(name, step, Some(issue.number))
        };
        let moves = self.moves(place, &text, over);
        let (blob, lies) = match place {
            Spot::At(folder, blob) => (*blob, format!("lies in {folder}/")),
            Spot::Copies { behind, further, blob } => {
                (Some(*blob), format!("lies in {behind}/ and, the same, in {further}/"))
            }
            Spot::Conflict { .. } | Spot::Nowhere => (None, "lies in no queue folder".to_owned()),
        };
        let by = if issue.marker == Some(Marker::Item(name.clone())) { ", which names it," } else { "" };
        let to = match (moves.last(), place) {
            (Some(Effect::Move { to, .. }), Spot::Copies { further, .. }) if to == further => {
                format!(" and keep the file in {to}/ alone")
            }
            (Some(Effect::Move { to, .. }), _) => format!(" and move the file to {to}/"),
            (Some(_) | None, _) => String::new(),
        };
        let why = format!("{name} {lies}; {}{by} {how}{to}", issue.number);
        let bind = Effect::Bind { key: key.clone(), issue: source(issue), blob, settles: fields };
        self.step(why, &key, [bind].into_iter().chain(moves).collect());
    }

    /// How the story ends, and what is done about it in words.
    fn story(&self, key: &Key, end: &End<'_>) -> (Option<SettleFields>, String) {
        let fields = |pull, merge, outcome| SettleFields { key: key.clone(), pull, merge, outcome };
        let (fields, told) = match end {
            End::Open => return (None, "is open: bind them".to_owned()),
            End::Merged(pull) => {
                let merge = pull.merged.map(|(_, commit)| commit);
                let fields = fields(Some(pull.number), merge, ItemOutcome::Merged);
                (fields, format!("was answered by {}, which is merged", pull.number))
            }
            End::Closed => {
                (fields(None, None, ItemOutcome::Closed), "is closed without a merged pull request".to_owned())
            }
            End::Dropped => (fields(None, None, ItemOutcome::Dropped), "is closed as not planned".to_owned()),
        };
        match (self.finished, end) {
            (Finished::Bind, End::Merged(_)) => {
                (None, format!("{told}: bind them; the loop completes the item and asks for its capability update"))
            }
            (Finished::Bind, _) => (None, format!("{told}: bind them; the loop settles the item")),
            (Finished::Settle, End::Merged(_)) => {
                let text = format!("{told}: bind them, settle it as merged without a capability update");
                (Some(fields), text)
            }
            (Finished::Settle, _) => {
                let text = format!("{told}: bind them, settle it as {}", fields.outcome);
                (Some(fields), text)
            }
        }
    }

    /// The blob that a file has, wherever it lies.
    pub(super) fn blob(&self, name: &ItemName) -> Option<BlobId> {
        match spot::of(self.view.snapshot, name) {
            Spot::At(_, blob) => blob,
            Spot::Copies { blob, .. } => Some(blob),
            Spot::Conflict { .. } | Spot::Nowhere => None,
        }
    }
}

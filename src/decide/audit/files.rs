//! Files against bindings.
//!
//! **Guarantees**: a file that lags behind its binding is told apart from one that a person put back, by history.

use super::{Cure, Desk, Kind};
use crate::decide::place::{self, Lag};
use crate::decide::progress::{AgentState, agent_state};
use crate::decide::spot::{self, Spot, quoted};
use crate::model::{Binding, BlobId, Folder, ItemName, Key};
use std::collections::BTreeSet;

impl Desk<'_> {
    pub(super) fn files(&mut self) {
        let ledger = self.ledger;
        for binding in ledger.bindings.values() {
            if let Key::Item(name) = &binding.key {
                self.bound_file(binding, name);
            }
        }
        let planning = &self.view.snapshot.planning;
        let free = |name: &&ItemName| !ledger.bindings.contains_key(&Key::Item((*name).clone()));
        let processed = planning.processed.iter().map(|entry| &entry.name);
        let names: BTreeSet<&ItemName> =
            planning.pending.iter().map(|item| &item.name).chain(processed).filter(free).collect();
        for name in names {
            self.free_file(name);
        }
    }

    fn bound_file(&mut self, binding: &Binding, name: &ItemName) {
        let (snapshot, issue) = (self.view.snapshot, binding.issue);
        match spot::of(snapshot, name) {
            Spot::Nowhere if binding.is_settled() => {}
            Spot::Nowhere => self.missing(binding, name),
            Spot::Conflict { what, lifts } => {
                let means = format!("{issue} is bound to it, and which of them it is about is not known");
                self.find(Kind::Conflict, what, means, Cure::Person(lifts));
            }
            Spot::Copies { behind, further, blob } => {
                let what = format!("{name} lies in {behind}/ and, the same, in {further}/");
                let means = "a move in two steps was left half-done, or a person copied the file";
                let cure = if further == Folder::Complete {
                    Cure::Person("orchestrator adopt".to_owned())
                } else {
                    Cure::Loop("takes the copy away")
                };
                self.find(Kind::Copies, what, means, cure);
                self.edited(binding, name, Some(blob), further);
            }
            Spot::At(Folder::Complete, _) if !binding.is_settled() => {
                let what = format!("{name} lies in complete/ and {issue}, which is bound to it, is unsettled");
                let means = "the issue decides: the item is done when it is";
                self.find(Kind::CompleteUnsettled, what, means, Cure::Loop("goes on with the issue; then they agree"));
            }
            Spot::At(folder, blob) => {
                self.lagging(binding, name);
                self.edited(binding, name, blob, folder);
            }
        }
    }

    fn missing(&mut self, binding: &Binding, name: &ItemName) {
        let (issue, planning) = (binding.issue, &self.view.snapshot.planning);
        let free = |other: &ItemName| !self.ledger.bindings.contains_key(&Key::Item(other.clone()));
        let pending = planning.pending.iter().map(|item| (Folder::Pending, &item.name, item.blob));
        let processed = planning.processed.iter().map(|entry| (Folder::Processed, &entry.name, entry.blob));
        let same = pending.chain(processed).find(|(_, other, blob)| binding.blob == Some(*blob) && free(other));
        match same {
            Some((folder, other, _)) => {
                let what = format!("{name}, which {issue} is bound to, lies in {folder}/ as {other}");
                let means = "a binding knows a file by its name";
                let cure =
                    format!("git mv {} {}", quoted(&folder.path_of(other)), quoted(&Folder::Processed.path_of(name)));
                self.find(Kind::FileRenamed, what, means, Cure::Person(cure));
            }
            None => {
                let what = format!("{name}, which {issue} is bound to, lies in no queue folder");
                let means = "the issue decides, so the work on it goes on";
                let cure =
                    format!("close {issue} as not planned to drop it, or restore {}", Folder::Processed.path_of(name));
                self.find(Kind::FileMissing, what, means, Cure::Person(cure));
            }
        }
    }

    fn lagging(&mut self, binding: &Binding, name: &ItemName) {
        let belongs = if binding.is_settled() { Folder::Complete } else { Folder::Processed };
        let Some((folder, _)) = place::place(self.view, name) else { return };
        let state =
            binding.outcome.as_ref().map_or_else(|| "unsettled".to_owned(), |outcome| format!("settled as {outcome}"));
        let what = format!("{name} lies in {folder}/ and {}, which is bound to it, is {state}", binding.issue);
        match place::lag(self.view, binding, name) {
            Lag::None => {}
            Lag::Look(need) => self.audit.needs.push(need),
            Lag::Behind => {
                let means = "the ledger decides and the folder follows";
                let how = match belongs {
                    Folder::Complete => "moves it to complete/",
                    Folder::Pending | Folder::Processed => "moves it to processed/",
                };
                self.find(Kind::WrongFolder, what, means, Cure::Loop(how));
            }
            Lag::PutBack(_) => {
                let means = format!("a person put it back from {belongs}/; a name is given out once");
                let cure = format!("move it to {belongs}/, and save what is to be done once more under a new name");
                self.find(Kind::WrongFolder, what, means, Cure::Person(cure));
            }
        }
    }

    /// The text an item was given out with is not the text of its file.
    fn edited(&mut self, binding: &Binding, name: &ItemName, blob: Option<BlobId>, folder: Folder) {
        let differs = blob.zip(binding.blob).is_some_and(|(now, then)| now != then);
        if binding.is_settled() || !differs {
            return;
        }
        let issue = binding.issue;
        let facts = self.view.snapshot.forge.issue(issue);
        let waits = facts.is_some_and(|issue| agent_state(issue) == AgentState::Never);
        let what = format!("{name} was edited after {issue} was bound to it");
        let means = format!("{issue} still says what the file said then");
        let cure = if folder == Folder::Pending && waits {
            Cure::Loop("brings the issue's text up to date, for nobody works on it yet")
        } else {
            Cure::Person(format!("say on {issue} what changed, or put the old text back"))
        };
        self.find(Kind::Edited, what, means, cure);
    }

    fn free_file(&mut self, name: &ItemName) {
        match spot::of(self.view.snapshot, name) {
            Spot::Conflict { what, lifts } => {
                self.find(Kind::Conflict, what, "nothing is bound to either of them", Cure::Person(lifts));
            }
            Spot::Copies { behind, further, .. } => {
                let what = format!("{name} lies in {behind}/ and, the same, in {further}/; nothing is bound to it");
                let means = "a predecessor's move in two steps was left half-done, or a person copied the file";
                self.find(
                    Kind::Copies,
                    what,
                    means,
                    Cure::Person("orchestrator adopt, or delete one of them".to_owned()),
                );
            }
            Spot::At(Folder::Processed, Some(blob)) if !self.is_renamed(blob) => {
                let what = format!("{name} lies in processed/ and nothing is bound to it");
                let means = "a predecessor gave it out, or a person moved it there";
                let cure = "orchestrator adopt, or move it back to pending/".to_owned();
                self.find(Kind::ProcessedUnbound, what, means, Cure::Person(cure));
            }
            Spot::At(..) | Spot::Nowhere => {}
        }
    }

    /// Told already, as the file of an item that lost its name.
    fn is_renamed(&self, blob: BlobId) -> bool {
        self.ledger.unsettled().any(|binding| match &binding.key {
            Key::Item(name) => binding.blob == Some(blob) && place::is_gone(self.view, name),
            Key::Gap { .. } | Key::Capability(_) => false,
        })
    }
}

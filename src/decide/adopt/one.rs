//! One binding that a person asks for by name and number, and why a wish is refused.
//!
//! **Guarantees**: the same rules as for everything else but one: the issue need not name the file.

use super::{Draft, Trust};
use crate::decide::spot::{self, Spot};
use crate::model::{CommitId, IssueNumber, ItemName, Key, Need};

/// Why nothing is planned at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// What stops every write.
    Stalled {
        /// Why.
        why: String,
        /// What lifts it.
        lifts: String,
    },
    /// Everything but looking is paused.
    Paused(String),
    /// This clone knows the ledger that the remote has no more.
    LostLedger(CommitId),
    /// No queue folder holds the file.
    NoFile(ItemName),
    /// There is no issue of this number.
    NoIssue(IssueNumber),
    /// The file has its issue.
    FileBound(ItemName, IssueNumber),
    /// The issue has its key.
    IssueBound(IssueNumber, Key),
    /// Its author can't write.
    Author(IssueNumber, String),
    /// The file lies in several folders.
    Conflict {
        /// Where.
        what: String,
        /// What lifts it.
        lifts: String,
    },
}

impl Draft<'_> {
    pub(super) fn one(&mut self, name: &ItemName, number: IssueNumber) -> Result<(), Refused> {
        let place = match spot::of(self.view.snapshot, name) {
            Spot::Nowhere => return Err(Refused::NoFile(name.clone())),
            Spot::Conflict { what, lifts } => return Err(Refused::Conflict { what, lifts }),
            place @ (Spot::At(..) | Spot::Copies { .. }) => place,
        };
        let folded = name.folded();
        let same = |key: &Key| matches!(key, Key::Item(other) if other.folded() == folded);
        if let Some(binding) = self.ledger.bindings.values().find(|binding| same(&binding.key)) {
            return Err(Refused::FileBound(name.clone(), binding.issue));
        }
        let bound = self.ledger.bindings.values().find(|binding| binding.issue == number);
        if let Some(binding) = bound {
            return Err(Refused::IssueBound(number, binding.key.clone()));
        }
        let Some(known) = self.view.snapshot.needs.issues.get(&number) else {
            self.plan.needs.push(Need::Issue { number });
            return Ok(());
        };
        let issue = known.as_ref().ok_or(Refused::NoIssue(number))?;
        match self.trust(issue) {
            Trust::Unknown => return Ok(()),
            Trust::No => return Err(Refused::Author(number, issue.author.login.clone())),
            Trust::Yes => {}
        }
        let facts = self.facts(number).ok_or(Refused::NoIssue(number))?;
        self.bind_item(name, &place, issue, facts);
        Ok(())
    }
}

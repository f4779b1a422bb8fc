//! What was spent at GitHub and on git's network, in a file beside the clone.
//!
//! **Guarantees**: a cache of a day, bounded; git's calls are counted where git is run and added here.
//! **Races**: those of [`super::kept`]; every process adds to what it finds under the lock.

use super::lock::RepositoryLock;
use super::{LocalClone, RepoError, kept};
use crate::model::Spending;

const FILE: &str = "spending.json";
/// Most bytes that are read of it.
const MAX_BYTES: u64 = 1024 * 1024;

impl LocalClone {
    /// What was spent, if it was kept.
    pub fn recall_spending(&self) -> Option<Spending> {
        kept::read(&self.folder.join(FILE), MAX_BYTES)
    }

    /// Adds what was spent since.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn keep_spending(&self, lock: &RepositoryLock, mut fresh: Spending) -> Result<(), RepoError> {
        let at = fresh.as_of;
        for (reason, tally) in self.transport.drain() {
            fresh.add(at, reason, tally);
        }
        let mut all = self.recall_spending().unwrap_or_default();
        all.take_in(fresh);
        kept::replace(&self.folder, FILE, &all, lock)
    }
}

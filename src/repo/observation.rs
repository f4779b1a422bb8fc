//! The last observation, in a file beside the clone.
//!
//! **Needs** nothing. **Guarantees**: a cache; at most a few megabytes are read of it. Losing it costs one more refusal each.
//! **Races**: those of [`super::kept`].

use super::lock::RepositoryLock;
use super::{LocalClone, RepoError, kept};
use crate::model::Snapshot;
use std::sync::PoisonError;
use std::time::SystemTime;

const FILE: &str = "observation.json";
/// Most bytes that are read of it.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

impl LocalClone {
    /// What the last look saw, if it was kept.
    pub fn recall(&self) -> Option<Snapshot> {
        kept::read(&self.folder.join(FILE), MAX_BYTES)
    }

    /// The same, unless this very process kept it: then it knows it already.
    pub fn recall_others(&self) -> Option<Snapshot> {
        let ours = *self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        if ours.is_some() && ours == self.written() { None } else { self.recall() }
    }

    /// When the file was written, and its length.
    fn written(&self) -> Option<(SystemTime, u64)> {
        let metadata = self.folder.join(FILE).metadata().ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }

    /// Keeps what was seen.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn remember(&self, lock: &RepositoryLock, snapshot: &Snapshot) -> Result<(), RepoError> {
        kept::replace(&self.folder, FILE, snapshot, lock)?;
        *self.observed.lock().unwrap_or_else(PoisonError::into_inner) = self.written();
        Ok(())
    }
}

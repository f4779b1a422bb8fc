//! The last observation, in a file beside the clone.
//!
//! **Needs** nothing. **Guarantees**: a cache; at most a few megabytes are read of it. Losing it costs one more refusal each.
//! **Races**: those of [`super::kept`].

use super::lock::RepositoryLock;
use super::{LocalClone, RepoError, kept};
use crate::model::Snapshot;

const FILE: &str = "observation.json";
/// Most bytes that are read of it.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

impl LocalClone {
    /// What the last look saw, if it was kept.
    pub fn recall(&self) -> Option<Snapshot> {
        kept::read(&self.folder.join(FILE), MAX_BYTES)
    }

    /// Keeps what was seen.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn remember(&self, lock: &RepositoryLock, snapshot: &Snapshot) -> Result<(), RepoError> {
        kept::replace(&self.folder, FILE, snapshot, lock)
    }
}

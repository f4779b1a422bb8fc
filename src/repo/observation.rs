//! The last observation, in a file beside the clone.
//!
//! **Needs** nothing. **Guarantees**: it is replaced whole, readable by its owner only, and at most a few megabytes are
//! read of it; what can't be read counts as never kept. Losing it costs one more refusal each.
//! **Races**: only the holder of the lock writes; a reader sees the old one or the new one.

use super::clone::io;
use super::lock::RepositoryLock;
use super::{LocalClone, RepoError};
use crate::model::Snapshot;
use std::io::Read;

const FILE: &str = "observation.json";
/// Most bytes that are read of it.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

impl LocalClone {
    /// What the last look saw, if it was kept.
    pub fn recall(&self) -> Option<Snapshot> {
        let file = std::fs::File::open(self.folder.join(FILE)).ok()?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps what was seen.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn remember(&self, _lock: &RepositoryLock, snapshot: &Snapshot) -> Result<(), RepoError> {
        let path = self.folder.join(FILE);
        let failed = |error: std::io::Error| io("cannot write", &path)(error);
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        let mut writer = std::io::BufWriter::new(&mut file);
        serde_json::to_writer(&mut writer, snapshot).map_err(|error| failed(error.into()))?;
        std::io::Write::flush(&mut writer).map_err(failed)?;
        drop(writer);
        file.persist(&path).map(|_| ()).map_err(|error| failed(error.error))
    }
}

//! Files beside the clone that a look leaves for the next process: caches, replaced whole.
//!
//! **Guarantees**: readable by their owner only; at most so many bytes are read; what can't be read counts as never kept.
//! **Races**: only the holder of the lock writes; a reader sees the old one or the new one.

use super::RepoError;
use super::clone::io;
use super::lock::RepositoryLock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::Path;

/// Reads a kept file.
pub(super) fn read<T: DeserializeOwned>(path: &Path, most: u64) -> Option<T> {
    let file = std::fs::File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Replaces a kept file.
pub(super) fn replace<T: Serialize>(
    folder: &Path,
    name: &str,
    value: &T,
    _lock: &RepositoryLock,
) -> Result<(), RepoError> {
    let path = folder.join(name);
    let failed = |error: std::io::Error| io("cannot write", &path)(error);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut writer = std::io::BufWriter::new(&mut file);
    serde_json::to_writer(&mut writer, value).map_err(|error| failed(error.into()))?;
    std::io::Write::flush(&mut writer).map_err(failed)?;
    drop(writer);
    file.persist(&path).map(|_| ()).map_err(|error| failed(error.error))
}

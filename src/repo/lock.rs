//! The lock of a clone: an OS lock that the kernel releases when the process dies.
//!
//! **Guarantees**: whoever holds a [`RepositoryLock`] is the only process working in the clone. The pid in the file is
//! for display; it decides nothing.

use super::RepoError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

/// The proof that no other process works in the clone; released on drop.
#[derive(Debug)]
pub struct RepositoryLock {
    file: File,
}

impl Drop for RepositoryLock {
    fn drop(&mut self) {
        // Closing would not be enough: a child that another thread has just forked still shares the open file.
        let _ = self.file.unlock();
    }
}

impl RepositoryLock {
    /// Takes the lock or says who holds it.
    pub(super) fn take(folder: &Path) -> Result<Self, RepoError> {
        let path = folder.join("lock");
        let io = |source| RepoError::Io { what: "cannot open the lock file", path: path.display().to_string(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                // What stands in the file is for people; failing to write it changes nothing.
                let _ = file.set_len(0).and_then(|()| write!(file, "process {}", std::process::id()));
                Ok(Self { file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.take(200).read_to_string(&mut holder);
                let holder = if holder.is_empty() { "another process".to_owned() } else { holder };
                Err(RepoError::Locked { folder: folder.display().to_string(), holder })
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}

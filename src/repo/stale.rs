//! Lock files that a killed git left in our clone.
//!
//! **Needs** the clone's own lock: whoever holds it is the only one of us at work. **Guarantees**: only files named `*.lock`
//! directly in the clone and below its `refs/` are taken away, only in our own clone, and only ones older than any call of
//! git may take: one that outlived its parent may still be writing.
//! **Races**: a git that was stopped for longer than that finds its lock gone and fails; nothing unique is lost.

use super::lock::RepositoryLock;
use std::path::Path;
use std::time::Duration;

/// Older ones are nobody's any more: a call of git is ended after ten minutes.
const AGE: Duration = Duration::from_secs(15 * 60);
/// How deep references lie.
const MAX_DEPTH: usize = 6;

/// Takes them away; how many there were.
pub(super) fn remove(git_dir: &Path, _lock: &RepositoryLock) -> usize {
    below(git_dir, 0, false) + below(&git_dir.join("refs"), 0, true)
}

fn below(folder: &Path, depth: usize, deep: bool) -> usize {
    // What can't be read is left to git, which names it.
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let mut removed = 0;
    for entry in entries.flatten() {
        let (path, kind) = (entry.path(), entry.file_type());
        if deep && depth < MAX_DEPTH && kind.as_ref().is_ok_and(std::fs::FileType::is_dir) {
            removed += below(&path, depth + 1, deep);
        }
        let is_lock = kind.is_ok_and(|kind| kind.is_file()) && path.extension().is_some_and(|end| end == "lock");
        if is_lock && is_old(&path) && std::fs::remove_file(&path).is_ok() {
            tracing::warn!(path = %path.display(), "a lock file that a killed git left was removed");
            removed += 1;
        }
    }
    removed
}

fn is_old(path: &Path) -> bool {
    let written = std::fs::metadata(path).and_then(|file| file.modified());
    // One from the future, as a clock that was set back leaves it, is not old.
    written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > AGE))
}

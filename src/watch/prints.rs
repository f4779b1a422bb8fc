//! What the places look like, in two numbers: for where no events can be had.
//!
//! **Guarantees**: names, sizes, times and identities of files go in, never their content; links are not followed; a bounded
//! number of files is looked at.
//! **Races**: a file that changes twice within the time stamp's grain and keeps its size looks the same.

use super::Nudge;
use super::places::{Places, is_temporary};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Most files that are looked at, of each of the two.
const MAX_FILES: usize = 20_000;
/// How deep.
const MAX_DEPTH: usize = 8;

/// `planning/` and the references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Prints {
    planning: u64,
    references: u64,
}

impl Prints {
    pub(super) fn of(places: &Places) -> Self {
        let Some((planning, standing)) = places.trees() else { return Self { planning: 0, references: 0 } };
        let print = |paths: &[&Path]| {
            let (mut hasher, mut left) = (DefaultHasher::new(), MAX_FILES);
            paths.iter().for_each(|path| add(path, 0, &mut left, &mut hasher));
            hasher.finish()
        };
        let standing: Vec<&Path> = standing.iter().map(std::path::PathBuf::as_path).collect();
        Self { planning: print(&[&planning]), references: print(&standing) }
    }

    /// What changed between the two.
    pub(super) fn since(self, before: Self) -> Nudge {
        let (planning, references) = (self.planning != before.planning, self.references != before.references);
        Nudge { planning, references, wake: false }
    }
}

fn add(path: &Path, depth: usize, left: &mut usize, hasher: &mut DefaultHasher) {
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return };
    if *left == 0 || path.file_name().is_some_and(|name| is_temporary(&name.to_string_lossy())) {
        return;
    }
    *left -= 1;
    path.hash(hasher);
    if metadata.is_dir() {
        let listed = std::fs::read_dir(path).into_iter().flatten().filter_map(Result::ok);
        let mut below: Vec<_> = listed.take(MAX_FILES).map(|entry| entry.path()).collect();
        below.sort();
        if depth < MAX_DEPTH {
            below.iter().for_each(|path| add(path, depth + 1, left, hasher));
        }
    } else {
        (
            metadata.len(),
            metadata.mtime(),
            metadata.mtime_nsec(),
            metadata.ctime(),
            metadata.ctime_nsec(),
            metadata.ino(),
        )
            .hash(hasher);
    }
}

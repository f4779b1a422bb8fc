//! In which queue folders a file lay, read from the mainline's history by gix.
//!
//! **Needs** fetched history. **Guarantees**: first parents only, newest first, down to the commit that is asked about; where
//! there is none, or history was rewritten, until a commit from before the time (an hour earlier, for clocks differ) or a
//! named limit. A tree that did not change is not read again.
//! **Races**: a mainline that was rewound no longer tells what was taken from it.

use super::read::{from_gix, to_gix};
use super::{LocalClone, RepoError, read_error};
use crate::model::{CommitId, Folder, ItemName, ObjectId};
use gix::bstr::ByteSlice;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Most commits that are looked at.
const MAX_COMMITS: usize = 5_000;
/// How far clocks may differ, in seconds.
const SKEW: i64 = 3_600;

impl LocalClone {
    /// The queue folders in which a file lay at a first parent of a mainline commit down to this one, or since this time.
    ///
    /// # Errors
    /// When history can't be read.
    pub fn whereabouts(
        &self,
        mainline: CommitId,
        name: &ItemName,
        (since, from): (Timestamp, Option<CommitId>),
    ) -> Result<BTreeSet<Folder>, RepoError> {
        let repository = self.gix()?;
        let mut found = BTreeSet::new();
        let mut next = Some(to_gix(mainline));
        let mut seen: Option<ObjectId> = None;
        for _ in 0..MAX_COMMITS {
            let Some(id) = next else { break };
            let wrong = |error| read_error("cannot walk the mainline")(error);
            let commit = repository.find_commit(id).map_err(|error| wrong(Box::new(error)))?;
            let root = commit.tree().map_err(|error| wrong(Box::new(error)))?;
            let queue = root.lookup_entry_by_path("planning/issue_queue").map_err(|error| wrong(Box::new(error)))?;
            let queue = queue.filter(|entry| entry.mode().is_tree());
            let at = queue.as_ref().map(|entry| from_gix(entry.object_id()));
            if let Some(entry) = queue.filter(|_| at != seen) {
                let tree = entry.object().map_err(|error| wrong(Box::new(error)))?.into_tree();
                for folder in Folder::ALL {
                    if holds(&tree, folder, name).map_err(wrong)? {
                        found.insert(folder);
                    }
                }
            }
            seen = at;
            let made = commit.time().map_err(|error| wrong(Box::new(error)))?;
            if from == Some(from_gix(id)) || made.seconds < since.as_second().saturating_sub(SKEW) {
                break;
            }
            next = commit.parent_ids().next().map(gix::Id::detach);
        }
        Ok(found)
    }
}

/// Whether a queue folder, or a month below `complete/`, holds the file.
fn holds(
    queue: &gix::Tree<'_>,
    folder: Folder,
    name: &ItemName,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let Some(entry) = queue.lookup_entry_by_path(folder.name())? else { return Ok(false) };
    if !entry.mode().is_tree() {
        return Ok(false);
    }
    let tree = entry.object()?.into_tree();
    let mut months = Vec::new();
    for entry in tree.iter() {
        let entry = entry?;
        if entry.filename() == name.as_str().as_bytes().as_bstr() {
            return Ok(true);
        }
        if folder == Folder::Complete && entry.mode().is_tree() {
            months.push(entry.object()?.into_tree());
        }
    }
    for month in months {
        for entry in month.iter() {
            if entry?.filename() == name.as_str().as_bytes().as_bstr() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

//! A queue move: one commit of the mainline that renames one file and changes no blob.
//!
//! **Guarantees**: the file is in exactly one folder of the commit; its content and mode are kept. Where the target holds
//! the same content already, as a move in two steps leaves it, the commit takes the copy away.
//! **Races**: somebody moves, edits, doubles or deletes the file first: not done, decide again.

use super::commit::{Edit, build, to_git2, tree};
use super::lock::RepositoryLock;
use super::publish::Built;
use super::{LocalClone, RepoError};
use crate::model::{CommitId, Folder, Performed, QueueMove, RefName, Signature};
use git2::{FileMode, Tree};
use std::path::Path;

impl LocalClone {
    /// Moves a queue file; the commit.
    pub fn move_file(
        &self,
        lock: &RepositoryLock,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> Performed<CommitId> {
        self.publish(lock, &RefName::branch(branch), |tip| self.build_move(tip, change, signature))
    }

    /// Builds the commit of a move on a tip.
    pub(super) fn build_move(
        &self,
        tip: Option<CommitId>,
        change: &QueueMove,
        signature: &Signature,
    ) -> Result<Built, RepoError> {
        let Some(tip) = tip else { return Ok(Built::Moved("the mainline is gone".to_owned())) };
        let repository = self.git2()?;
        let root = tree(&repository, tip)?;
        let (from, to) = (change.from.path_of(&change.name), change.target());
        let wanted = to_git2(change.blob);
        match entry(&root, &from) {
            None if entry(&root, &to).is_some_and(|(id, _)| id == wanted) => Ok(Built::Already(tip)),
            None => Ok(Built::Moved(format!("{from} is no longer there"))),
            Some((id, _)) if id != wanted => Ok(Built::Moved(format!("{from} was edited"))),
            Some((id, mode)) => {
                if let Some(folder) = elsewhere(&root, change) {
                    return Ok(Built::Moved(format!("{} also lies in {folder}/", change.name)));
                }
                let mut edits = vec![Edit::Remove { path: from }];
                match entry(&root, &to) {
                    None => edits.push(Edit::Put { path: to, blob: id, mode }),
                    Some((other, _)) if other == id => {}
                    Some(_) => {
                        let why = format!("{} lies in {}/ with other content", change.name, change.to);
                        return Ok(Built::Moved(why));
                    }
                }
                Ok(Built::Commit(build(&repository, Some(tip), &edits, &change.message, signature)?))
            }
        }
    }
}

fn entry(root: &Tree<'_>, path: &str) -> Option<(git2::Oid, FileMode)> {
    let entry = root.get_path(Path::new(path)).ok()?;
    let executable = entry.filemode() == i32::from(FileMode::BlobExecutable);
    Some((entry.id(), if executable { FileMode::BlobExecutable } else { FileMode::Blob }))
}

/// A folder that has nothing to do with the move and holds the file, too.
fn elsewhere(root: &Tree<'_>, change: &QueueMove) -> Option<Folder> {
    let third = |folder: &Folder| *folder != change.from && *folder != change.to;
    Folder::ALL.into_iter().filter(third).find(|folder| entry(root, &folder.path_of(&change.name)).is_some())
}

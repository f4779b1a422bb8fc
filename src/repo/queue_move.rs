//! A queue move: one commit of the mainline that renames one file and changes no blob.
//!
//! **Guarantees**: the file is in exactly one folder of the commit; its content and mode are kept. Where the target holds
//! the same content already, as a move in two steps leaves it, the commit takes the copy away.
//! Where GitHub is to make the commit, it is told the files; it keeps no mode, so an executable queue file becomes a plain one.
//! **Races**: somebody moves, edits, doubles or deletes the file first: not done, decide again.

use super::commit::{Edit, build, to_git2, tree};
use super::lock::RepositoryLock;
use super::publish::Built;
use super::{LocalClone, RepoError};
use crate::model::{CommitId, Folder, MoveLayout, Performed, Published, QueueMove, RefName, Signature};
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
    ) -> Performed<Published> {
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
        let edits = match laid(&tree(&repository, tip)?, change) {
            Laid::Already => return Ok(Built::Already(tip)),
            Laid::Moved(why) => return Ok(Built::Moved(why)),
            Laid::Change { from, put } => {
                let put = put.map(|(path, blob, mode)| Edit::Put { path, blob, mode });
                [Edit::Remove { path: from }].into_iter().chain(put).collect::<Vec<_>>()
            }
        };
        Ok(Built::Commit(build(&repository, Some(tip), &edits, &change.message, signature)?))
    }

    /// What a move comes to on a commit, for somebody else to commit it.
    ///
    /// # Errors
    /// When the clone can't be read.
    pub fn lay_out(&self, mainline: CommitId, change: &QueueMove) -> Result<MoveLayout, RepoError> {
        let repository = self.git2()?;
        Ok(match laid(&tree(&repository, mainline)?, change) {
            Laid::Already => MoveLayout::Already,
            Laid::Moved(why) => MoveLayout::Moved(why),
            Laid::Change { from, put } => {
                let read = |(path, blob, _)| {
                    let blob = repository.find_blob(blob);
                    let blob = blob.map_err(|source| RepoError::Write { what: "cannot read a file", source })?;
                    Ok::<_, RepoError>((path, blob.content().to_vec()))
                };
                MoveLayout::Files { delete: from, add: put.map(read).transpose()? }
            }
        })
    }
}

/// What a move comes to in a tree.
enum Laid {
    Already,
    Moved(String),
    Change { from: String, put: Option<(String, git2::Oid, FileMode)> },
}

fn laid(root: &Tree<'_>, change: &QueueMove) -> Laid {
    let (from, to) = (change.from.path_of(&change.name), change.target());
    let wanted = to_git2(change.blob);
    match entry(root, &from) {
        None if entry(root, &to).is_some_and(|(id, _)| id == wanted) => Laid::Already,
        None => Laid::Moved(format!("{from} is no longer there")),
        Some((id, _)) if id != wanted => Laid::Moved(format!("{from} was edited")),
        Some((id, mode)) => match (elsewhere(root, change), entry(root, &to)) {
            (Some(folder), _) => Laid::Moved(format!("{} also lies in {folder}/", change.name)),
            (None, None) => Laid::Change { from, put: Some((to, id, mode)) },
            (None, Some((other, _))) if other == id => Laid::Change { from, put: None },
            (None, Some(_)) => Laid::Moved(format!("{} lies in {}/ with other content", change.name, change.to)),
        },
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

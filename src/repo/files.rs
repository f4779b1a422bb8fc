//! Adding and taking away whole files in one commit of the mainline: what `init` does and undoes.
//!
//! **Guarantees**: a file is added only where there is none, and taken away only as it was put there; either all of a
//! change is made or nothing. An empty repository gets its first commit.
//! **Races**: somebody adds or edits one of the files first: not done, look again.

use super::commit::{Edit, build, from_git2, to_git2, tree};
use super::lock::RepositoryLock;
use super::publish::Built;
use super::{LocalClone, RepoError};
use crate::model::{BlobId, CommitId, FilesChange, Performed, PlannedPush, Published, RefName, Signature, TipHints};
use git2::{FileMode, Repository, Tree};
use std::path::Path;

/// Most commits that are searched for the one that `init` made.
const MAX_COMMITS: usize = 5_000;
/// The line by which a commit of `init` is known.
const STEP: &str = "Orchestrator-Step: ";

/// A file that an earlier `init` added, and whether it is still as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Its path.
    pub path: String,
    /// Its content then.
    pub blob: BlobId,
    /// What lies there now.
    pub now: Option<BlobId>,
}

impl LocalClone {
    /// Where the mainline stands after a fetch; `None` for a repository without a commit.
    ///
    /// # Errors
    /// When the remote can't be reached.
    pub fn mainline(&self, lock: &RepositoryLock, branch: &str) -> Result<Option<CommitId>, RepoError> {
        let hints = TipHints { branch: branch.to_owned(), mainline: None, ledger: None };
        match self.sync(lock, &hints) {
            Ok(tips) => Ok(Some(tips.mainline)),
            Err(RepoError::NoBranch(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What lies at a path of a mainline commit.
    ///
    /// # Errors
    /// When the commit can't be read.
    pub fn lies_at(&self, tip: CommitId, path: &str) -> Result<Option<BlobId>, RepoError> {
        let repository = self.git2()?;
        Ok(entry(&tree(&repository, tip)?, path))
    }

    /// The files that the newest commit of `init` added, unless a later one took them back.
    ///
    /// # Errors
    /// When history can't be read.
    pub fn added_by_init(&self, tip: CommitId) -> Result<Vec<Added>, RepoError> {
        let repository = self.git2()?;
        let failed = |source| RepoError::Write { what: "cannot walk history", source };
        let mut walk = repository.revwalk().map_err(failed)?;
        walk.simplify_first_parent().and_then(|()| walk.push(to_git2(tip))).map_err(failed)?;
        for id in walk.take(MAX_COMMITS) {
            let commit = repository.find_commit(id.map_err(failed)?).map_err(failed)?;
            let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
            match message.lines().rev().find_map(|line| line.strip_prefix(STEP)) {
                Some("init") => return added(&repository, &commit, &tree(&repository, tip)?),
                Some("undo") => return Ok(Vec::new()),
                Some(_) | None => {}
            }
        }
        Ok(Vec::new())
    }

    /// Makes the change in one commit of the mainline.
    pub fn commit_files(
        &self,
        lock: &RepositoryLock,
        branch: &str,
        change: &FilesChange,
        signature: &Signature,
    ) -> Performed<Published> {
        self.publish(lock, &RefName::branch(branch), |tip| self.build_files(tip, change, signature))
    }

    /// The commit of a change as it would be pushed.
    ///
    /// # Errors
    /// When the clone can't be read, or the change's condition doesn't hold.
    pub fn rehearse_files(
        &self,
        tip: Option<CommitId>,
        branch: &str,
        change: &FilesChange,
        signature: &Signature,
    ) -> Result<Option<PlannedPush>, RepoError> {
        self.planned(&RefName::branch(branch), tip, self.build_files(tip, change, signature)?)
    }

    fn build_files(
        &self,
        tip: Option<CommitId>,
        change: &FilesChange,
        signature: &Signature,
    ) -> Result<Built, RepoError> {
        let repository = self.git2()?;
        let root = tip.map(|tip| tree(&repository, tip)).transpose()?;
        let at = |path: &str| root.as_ref().and_then(|root| entry(root, path));
        let mut edits = Vec::new();
        for (path, content) in &change.add {
            if at(path).is_some() {
                return Ok(Built::Moved(format!("{path} was added meanwhile")));
            }
            let blob = repository.blob(content.as_bytes());
            let blob = blob.map_err(|source| RepoError::Write { what: "cannot write a file", source })?;
            edits.push(Edit::Put { path: path.clone(), blob, mode: FileMode::Blob });
        }
        for (path, blob) in &change.remove {
            match at(path) {
                Some(found) if found == *blob => edits.push(Edit::Remove { path: path.clone() }),
                Some(_) | None => return Ok(Built::Moved(format!("{path} was changed meanwhile"))),
            }
        }
        Ok(Built::Commit(build(&repository, tip, &edits, &change.message, signature)?))
    }
}

fn entry(root: &Tree<'_>, path: &str) -> Option<BlobId> {
    root.get_path(Path::new(path)).ok().map(|entry| from_git2(entry.id()))
}

/// The files that a commit has and its parent has not.
fn added(repository: &Repository, commit: &git2::Commit<'_>, now: &Tree<'_>) -> Result<Vec<Added>, RepoError> {
    let failed = |source| RepoError::Write { what: "cannot read a commit", source };
    let tree = commit.tree().map_err(failed)?;
    let before = commit.parents().next().map(|parent| parent.tree()).transpose().map_err(failed)?;
    let diff = repository.diff_tree_to_tree(before.as_ref(), Some(&tree), None).map_err(failed)?;
    let new = diff.deltas().filter(|delta| delta.status() == git2::Delta::Added);
    let path = |file: git2::DiffFile<'_>| file.path().and_then(Path::to_str).map(|path| (path.to_owned(), file.id()));
    let files = new.filter_map(|delta| path(delta.new_file()));
    Ok(files.map(|(path, id)| Added { now: entry(now, &path), blob: from_git2(id), path }).collect())
}

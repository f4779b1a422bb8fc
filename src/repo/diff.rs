//! What a pull request's head changes, read from the clone against the merge base with the mainline.
//!
//! **Guarantees**: the commit that was asked for, or the reason why not; a rename is a deletion and an addition; added queue files
//! are judged by the same format as the mainline's. A head is fetched once.
//! **Races**: the head moves while it is fetched: that is said, and the next look asks about the new one.

use super::commit::to_git2;
use super::lock::RepositoryLock;
use super::read::{has_workflows, tree_of};
use super::{LocalClone, RepoError};
use crate::model::{ChangeKind, ChangedPath, CommitId, Folder, HeadDiff, ItemName, PullNumber, Quarantine, RefName};
use crate::planning::{self, MAX_BYTES, RawFile};
use git2::{Delta, FileMode, Oid, Repository};

/// How far back the merge of a head is looked for.
const MAX_STEPS: usize = 1_000;
/// Most changed paths that are judged.
const MAX_PATHS: usize = 3_000;

impl LocalClone {
    /// What a pull request's head changes, or why that can't be judged.
    ///
    /// # Errors
    /// When the remote can't be asked or the clone can't be read.
    pub fn head_diff(
        &self,
        _lock: &RepositoryLock,
        pull: PullNumber,
        head: CommitId,
        mainline: CommitId,
    ) -> Result<HeadDiff, RepoError> {
        let repository = self.git2()?;
        if repository.find_commit(to_git2(head)).is_err()
            && let Some(found) = self.fetch_head(&repository, pull, head)?
        {
            return Ok(unreadable(format!("its head moved to {} while it was looked at", found.short())));
        }
        let wrong = |source| RepoError::Write { what: "cannot compare a pull request", source };
        let base = match base(&repository, to_git2(mainline), to_git2(head)) {
            Ok(base) => base,
            Err(error) if error.code() == git2::ErrorCode::NotFound => {
                return Ok(unreadable("it has no commit in common with the mainline".to_owned()));
            }
            Err(error) => return Err(wrong(error)),
        };
        let trees = repository
            .find_commit(base)
            .and_then(|base| Ok((base.tree()?, repository.find_commit(to_git2(head))?.tree()?)));
        let (old, new) = trees.map_err(wrong)?;
        let mut options = git2::DiffOptions::new();
        options.include_typechange(true);
        let diff = repository.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options)).map_err(wrong)?;
        if diff.deltas().len() > MAX_PATHS {
            return Ok(unreadable(format!("it changes more than {MAX_PATHS} paths")));
        }
        let mut changes: Vec<ChangedPath> = diff.deltas().filter_map(|delta| changed(&delta)).collect();
        changes.sort_by(|a, b| a.path.cmp(&b.path));
        let added_items = added(&repository, &new);
        let added_items = added_items.into_iter().filter(|(name, _)| {
            let path = Folder::Pending.path_of(name);
            changes.iter().any(|change| change.path == path && change.change == ChangeKind::Added)
        });
        let added_items = added_items.collect();
        let workflows = has_workflows(&tree_of(&self.gix()?, head)?)?;
        Ok(HeadDiff { changes, has_workflows: workflows, added_items, unreadable: None })
    }

    /// Fetches a head; `Some` is another one that stands there now.
    fn fetch_head(
        &self,
        repository: &Repository,
        pull: PullNumber,
        head: CommitId,
    ) -> Result<Option<CommitId>, RepoError> {
        let private = format!("refs/orchestrator/remote/pull/{}", pull.0);
        self.transport.fetch(&self.git_dir, &[format!("+{}:{private}", RefName::pull_head(pull))])?;
        let found = repository.refname_to_id(&private);
        let found = found.map_err(|source| RepoError::Write { what: "cannot read a fetched head", source })?;
        Ok(Some(super::commit::from_git2(found)).filter(|found| *found != head))
    }
}

/// A head whose changes nobody may rely on; it counts as one with workflows.
fn unreadable(why: String) -> HeadDiff {
    HeadDiff { changes: Vec::new(), has_workflows: true, added_items: Vec::new(), unreadable: Some(why) }
}

/// Where a head left the mainline. One that is part of the mainline by a merge commit left it before that merge.
fn base(repository: &Repository, mainline: Oid, head: Oid) -> Result<Oid, git2::Error> {
    let base = repository.merge_base(mainline, head)?;
    if base != head {
        return Ok(base);
    }
    let mut commit = repository.find_commit(mainline)?;
    for _ in 0..MAX_STEPS {
        if commit.parent_ids().skip(1).any(|parent| parent == head) {
            return repository.merge_base(commit.parent_id(0)?, head);
        }
        match commit.parent(0) {
            Ok(parent) => commit = parent,
            Err(_) => break,
        }
    }
    Ok(base)
}

fn changed(delta: &git2::DiffDelta<'_>) -> Option<ChangedPath> {
    let regular = matches!(delta.new_file().mode(), FileMode::Blob | FileMode::BlobExecutable);
    let change = match delta.status() {
        Delta::Unmodified => return None,
        Delta::Deleted => ChangeKind::Deleted,
        _ if !regular => ChangeKind::Special,
        Delta::Added => ChangeKind::Added,
        // Without rename detection every other status is a change of content or mode.
        Delta::Modified
        | Delta::Renamed
        | Delta::Copied
        | Delta::Ignored
        | Delta::Untracked
        | Delta::Typechange
        | Delta::Unreadable
        | Delta::Conflicted => ChangeKind::Modified,
    };
    let file = if change == ChangeKind::Deleted { delta.old_file() } else { delta.new_file() };
    let path = String::from_utf8_lossy(file.path_bytes().unwrap_or_default()).into_owned();
    Some(ChangedPath { path, change })
}

/// Every candidate in the head's `pending/`, valid or with the reason why not.
fn added(repository: &Repository, root: &git2::Tree<'_>) -> Vec<(ItemName, Option<Quarantine>)> {
    let pending = root.get_path(std::path::Path::new("planning/issue_queue/pending"));
    let Ok(folder) = pending.and_then(|entry| repository.find_tree(entry.id())) else { return Vec::new() };
    let mut blobs = Vec::new();
    for entry in folder.iter().filter(|entry| planning::is_candidate(entry.name_bytes())) {
        let mode = entry.filemode();
        let regular = mode == i32::from(FileMode::Blob) || mode == i32::from(FileMode::BlobExecutable);
        let blob = repository.find_blob(entry.id()).ok().filter(|_| regular);
        let size = blob.as_ref().map_or(0, |blob| blob.content().len() as u64);
        let content = blob.filter(|_| size <= MAX_BYTES).map(|blob| blob.content().to_vec()).unwrap_or_default();
        blobs.push((entry.name_bytes().to_vec(), regular, entry.id(), size, content));
    }
    let files: Vec<RawFile<'_>> = blobs
        .iter()
        .map(|(name, regular, id, size, content)| RawFile {
            name,
            regular: *regular,
            blob: super::commit::from_git2(*id),
            size: *size,
            content,
        })
        .collect();
    let (items, quarantined) = planning::read_pending(&files);
    let valid = items.into_iter().map(|item| (item.name, None));
    valid.chain(quarantined.into_iter().map(|(name, why)| (name, Some(why)))).collect()
}

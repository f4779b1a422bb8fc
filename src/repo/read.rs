//! Reading the planning folder of a mainline commit, by gix.
//!
//! **Guarantees**: an absent folder is an empty one; links, submodules and foreign bytes are reported, never followed;
//! blobs over the limit are not loaded; a file is parsed again only when its blob is new.

use super::{LocalClone, RepoError, read_error};
use crate::model::{BlobId, CommitId, Document, Folder, ItemName, ObjectId, Planning, QueueEntry};
use crate::planning::{self, MAX_BYTES, RawFile};
use gix::bstr::ByteSlice;
use gix::object::tree::EntryKind;
use std::collections::HashMap;
use std::sync::PoisonError;

/// Contents of pending files by blob, so that a look reads only new ones.
pub(super) type PendingCache = HashMap<BlobId, Vec<u8>>;

/// Most contents that are kept.
const MAX_CACHED: usize = 5_000;
/// How deep folders below a queue folder are counted.
const MAX_DEPTH: usize = 4;

type Found<'r> = Option<gix::Tree<'r>>;

pub(super) fn from_gix(id: gix::ObjectId) -> ObjectId {
    let mut bytes = [0; 20];
    for (slot, byte) in bytes.iter_mut().zip(id.as_bytes()) {
        *slot = *byte;
    }
    ObjectId::from_bytes(bytes)
}

pub(super) fn to_gix(id: ObjectId) -> gix::ObjectId {
    gix::ObjectId::Sha1(*id.as_bytes())
}

impl LocalClone {
    /// The planning folder at a mainline commit.
    ///
    /// # Errors
    /// When an object can't be read.
    pub fn planning(&self, mainline: CommitId) -> Result<Planning, RepoError> {
        let repository = self.gix()?;
        let root = tree_of(&repository, mainline)?;
        let blob = |path: &str| blob_at(&root, path).map(|blob| Document { blob });
        let mut planning = Planning {
            goal: blob("planning/vision/goal.md")?,
            capabilities: blob("planning/state/system_capabilities.md")?,
            paused: blob("planning/PAUSE")?.blob.is_some(),
            has_workflows: has_workflows(&root)?,
            ..Planning::default()
        };
        if let Some(goal) = planning.goal.blob {
            planning.goal_is_blank = planning::is_blank_goal(&String::from_utf8_lossy(&content(&repository, goal)?));
        }
        for (slot, folder) in planning.counts.iter_mut().zip(Folder::ALL) {
            let found = folder_at(&root, &folder.path())?;
            let mut names = Vec::new();
            collect(found.as_ref(), 0, &mut names)?;
            *slot = names.len();
            match folder {
                Folder::Pending => {
                    planning.excluded = names.iter().filter(|name| planning::is_excluded(name.as_str())).count();
                    (planning.pending, planning.quarantined) = self.pending(&repository, found.as_ref())?;
                }
                Folder::Processed => planning.processed = entries(found.as_ref())?,
                Folder::Complete => {
                    planning.complete = names;
                    planning.doubles = entries(found.as_ref())?;
                    planning.directly_complete = planning.doubles.len();
                }
            }
        }
        let doubles = std::mem::take(&mut planning.doubles);
        let elsewhere = |entry: &QueueEntry| {
            planning.has(Folder::Pending, &entry.name) || planning.has(Folder::Processed, &entry.name)
        };
        planning.doubles = doubles.into_iter().filter(elsewhere).collect();
        Ok(planning)
    }

    /// The policy file's bytes.
    ///
    /// # Errors
    /// When an object can't be read.
    pub fn policy(&self, mainline: CommitId) -> Result<Option<Vec<u8>>, RepoError> {
        let repository = self.gix()?;
        let root = tree_of(&repository, mainline)?;
        let Some(id) = blob_at(&root, "planning/orchestrator.toml")? else { return Ok(None) };
        content(&repository, id).map(Some)
    }

    /// A queue file's text below its front-matter.
    ///
    /// # Errors
    /// When the blob can't be read.
    pub fn item_body(&self, blob: BlobId) -> Result<String, RepoError> {
        let bytes = content(&self.gix()?, blob)?;
        Ok(planning::body(&String::from_utf8_lossy(&bytes)).to_owned())
    }

    /// Whether `ancestor` is reachable from `tip`; a commit that was never fetched is not.
    ///
    /// # Errors
    /// When history can't be read.
    pub fn is_ancestor(&self, ancestor: CommitId, tip: CommitId) -> Result<bool, RepoError> {
        let repository = self.git2()?;
        let (ancestor, tip) = (super::commit::to_git2(ancestor), super::commit::to_git2(tip));
        if repository.find_commit(ancestor).is_err() {
            return Ok(false);
        }
        let result = if ancestor == tip { Ok(true) } else { repository.graph_descendant_of(tip, ancestor) };
        result.map_err(|source| RepoError::Write { what: "cannot walk history", source })
    }

    #[expect(clippy::type_complexity, reason = "the pair is what the format answers")]
    fn pending(
        &self,
        repository: &gix::Repository,
        folder: Option<&gix::Tree<'_>>,
    ) -> Result<(Vec<crate::model::QueueItem>, Vec<(ItemName, crate::model::Quarantine)>), RepoError> {
        let mut cache = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut listed: Vec<(Vec<u8>, bool, BlobId, u64)> = Vec::new();
        for entry in folder.into_iter().flat_map(gix::Tree::iter) {
            let entry = entry.map_err(|error| read_error("cannot read pending/")(Box::new(error)))?;
            let kind = entry.kind();
            if kind == EntryKind::Tree || !planning::is_candidate(entry.filename()) {
                continue;
            }
            let regular = matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable);
            let blob = from_gix(entry.object_id());
            let size = match cache.get(&blob) {
                _ if !regular => 0,
                Some(known) => known.len() as u64,
                None => size_or_load(repository, blob, &mut cache)?,
            };
            listed.push((entry.filename().to_vec(), regular, blob, size));
        }
        let files: Vec<RawFile<'_>> = listed
            .iter()
            .map(|(name, regular, blob, size)| RawFile {
                name,
                regular: *regular,
                blob: *blob,
                size: *size,
                content: cache.get(blob).filter(|_| *regular).map_or(&[], Vec::as_slice),
            })
            .collect();
        let read = planning::read_pending(&files);
        if cache.len() > MAX_CACHED {
            cache.clear();
        }
        Ok(read)
    }
}

/// A blob's size from its header; its content goes into the cache where it is small enough to be an item.
fn size_or_load(repository: &gix::Repository, blob: BlobId, cache: &mut PendingCache) -> Result<u64, RepoError> {
    let header = repository.find_header(to_gix(blob));
    let size = header.map_err(|error| read_error("cannot read a queue file")(Box::new(error)))?.size();
    if size <= MAX_BYTES {
        cache.insert(blob, content(repository, blob)?);
    }
    Ok(size)
}

pub(super) fn tree_of(repository: &gix::Repository, commit: CommitId) -> Result<gix::Tree<'_>, RepoError> {
    let commit_object = repository.find_commit(to_gix(commit));
    let commit_object =
        commit_object.map_err(|error| read_error(format!("cannot find the commit {commit}"))(Box::new(error)))?;
    commit_object.tree().map_err(|error| read_error(format!("cannot find the tree of {commit}"))(Box::new(error)))
}

fn content(repository: &gix::Repository, id: BlobId) -> Result<Vec<u8>, RepoError> {
    let mut blob = repository
        .find_blob(to_gix(id))
        .map_err(|error| read_error(format!("cannot read the blob {id}"))(Box::new(error)))?;
    Ok(blob.take_data())
}

fn entry_at<'r>(root: &gix::Tree<'r>, path: &str) -> Result<Option<gix::object::tree::Entry<'r>>, RepoError> {
    root.lookup_entry_by_path(path).map_err(|error| read_error(format!("cannot read {path}"))(Box::new(error)))
}

/// The blob of a regular file.
fn blob_at(root: &gix::Tree<'_>, path: &str) -> Result<Option<BlobId>, RepoError> {
    let entry = entry_at(root, path)?.filter(|entry| entry.mode().is_blob());
    Ok(entry.map(|entry| from_gix(entry.object_id())))
}

pub(super) fn folder_at<'r>(root: &gix::Tree<'r>, path: &str) -> Result<Found<'r>, RepoError> {
    match entry_at(root, path)?.filter(|entry| entry.mode().is_tree()) {
        None => Ok(None),
        Some(entry) => {
            let object = entry.object().map_err(|error| read_error(format!("cannot read {path}"))(Box::new(error)))?;
            Ok(Some(object.into_tree()))
        }
    }
}

/// Whether a tree holds a workflow file.
pub(super) fn has_workflows(root: &gix::Tree<'_>) -> Result<bool, RepoError> {
    let folder = folder_at(root, ".github/workflows")?;
    for entry in folder.iter().flat_map(gix::Tree::iter) {
        let entry = entry.map_err(|error| read_error("cannot read .github/workflows")(Box::new(error)))?;
        if entry.filename().ends_with(b".yml") || entry.filename().ends_with(b".yaml") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Names of every `*.md` file below a folder, as dashboards count them.
fn collect(folder: Option<&gix::Tree<'_>>, depth: usize, names: &mut Vec<ItemName>) -> Result<(), RepoError> {
    for entry in folder.into_iter().flat_map(gix::Tree::iter) {
        let entry = entry.map_err(|error| read_error("cannot read a queue folder")(Box::new(error)))?;
        if entry.mode().is_tree() && depth < MAX_DEPTH {
            let object = entry.object().map_err(|error| read_error("cannot read a queue folder")(Box::new(error)))?;
            collect(Some(&object.into_tree()), depth + 1, names)?;
        } else if !entry.mode().is_tree() && entry.filename().ends_with(b".md") {
            names.extend(ItemName::new(entry.filename().to_str_lossy()));
        }
    }
    Ok(())
}

/// Queue files that are direct children of a folder.
fn entries(folder: Option<&gix::Tree<'_>>) -> Result<Vec<QueueEntry>, RepoError> {
    let mut list = Vec::new();
    for entry in folder.into_iter().flat_map(gix::Tree::iter) {
        let entry = entry.map_err(|error| read_error("cannot read processed/")(Box::new(error)))?;
        if !entry.mode().is_tree() && planning::is_candidate(entry.filename()) {
            let blob = from_gix(entry.object_id());
            list.extend(ItemName::new(entry.filename().to_str_lossy()).map(|name| QueueEntry { name, blob }));
        }
    }
    Ok(list)
}

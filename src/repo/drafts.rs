//! Queue files of a checkout that the mainline does not have yet: what somebody is writing beside us.
//!
//! **Needs** a checkout, our clone and what the mainline's planning folder holds. **Guarantees**: only read, by no program of
//! git, so index and references stay as they are; links are not followed; files are sized and counted before they are read.
//! A draft is shown and never promoted: only what lies on the mainline is.
//! **Races**: files change while they are read; whoever watches looks again then. A file that only differs in its line ends
//! is the same file, for git may have been told to change them.

use super::checkout::Checkout;
use super::clone::io;
use super::commit::from_git2;
use super::read::{folder_at, from_gix, tree_of};
use super::{LocalClone, RepoError, read_error};
use crate::model::{BlobId, CommitId, Folder, ItemName, ObjectId, Planning, Quarantine, QueueItem};
use crate::planning::{self, MAX_BYTES, RawFile};
use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Most files that are read.
const MAX_FILES: usize = 4_000;

/// Why a file is not given out as it lies in the checkout.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DraftState {
    /// Nobody has committed it.
    NotCommitted,
    /// It is in the checkout's commit, which is not on the mainline.
    NotPushed,
    /// The mainline has it with another text.
    Changed,
    /// The mainline has given this name out.
    GivenOut {
        /// Where it lies there.
        folder: Folder,
    },
    /// It could not be promoted as it is.
    Quarantined {
        /// Why not.
        reason: Quarantine,
    },
}

impl fmt::Display for DraftState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCommitted => f.write_str("not committed"),
            Self::NotPushed => f.write_str("committed, not pushed"),
            Self::Changed => f.write_str("changed since the mainline's"),
            Self::GivenOut { folder } => {
                write!(f, "its name lies in {folder}/ on the mainline; save it under a new one")
            }
            Self::Quarantined { reason } => write!(f, "{reason}"),
        }
    }
}

/// A queue file that only the checkout has.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Draft {
    /// Its name.
    pub name: ItemName,
    /// What became of it so far.
    #[serde(flatten)]
    pub state: DraftState,
}

/// The drafts of a checkout, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Drafts {
    /// Each of them.
    pub list: Vec<Draft>,
    /// Whether there are more files than are read.
    pub more: bool,
}

/// A file as it lies in the folder.
struct Found {
    name: Vec<u8>,
    regular: bool,
    size: u64,
    content: Vec<u8>,
    blob: BlobId,
}

/// What the checkout's own commit has in `pending/`.
#[derive(Default)]
struct Committed {
    blobs: BTreeMap<Vec<u8>, BlobId>,
    /// The mainline holds that commit: what is as it was there is only old.
    on_mainline: bool,
}

impl Checkout {
    /// The files in the checkout's `pending/` that the mainline does not have like that.
    ///
    /// # Errors
    /// When the folder or the checkout's commit can't be read.
    pub fn drafts(&self, clone: &LocalClone, mainline: CommitId, planning: &Planning) -> Result<Drafts, RepoError> {
        let (files, more) = files(&self.root)?;
        let committed = self.committed(clone, mainline)?;
        let raw: Vec<RawFile<'_>> = files.iter().map(Found::raw).collect();
        let (items, quarantined) = planning::read_pending(&raw);
        let by_name: BTreeMap<&[u8], &Found> = files.iter().map(|file| (file.name.as_slice(), file)).collect();
        let found = |name: &ItemName| by_name.get(name.as_str().as_bytes()).copied();
        let items = items.iter().filter_map(|item| {
            let state = state(item, found(&item.name)?, planning, &committed)?;
            Some(Draft { name: item.name.clone(), state })
        });
        let set_aside = quarantined.into_iter().filter(|pair| !planning.quarantined.contains(pair));
        let set_aside = set_aside.filter(|(name, _)| !found(name).is_some_and(|file| committed.is_old(file)));
        let set_aside = set_aside.map(|(name, reason)| Draft { name, state: DraftState::Quarantined { reason } });
        let mut list: Vec<Draft> = items.chain(set_aside).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Drafts { list, more })
    }

    fn committed(&self, clone: &LocalClone, mainline: CommitId) -> Result<Committed, RepoError> {
        let repository = gix::open_opts(&self.git_dir, gix::open::Options::isolated());
        let repository = repository.map_err(|error| read_error("cannot open the checkout")(Box::new(error)))?;
        // A branch without a commit has committed nothing.
        let Ok(head) = repository.head_id() else { return Ok(Committed::default()) };
        let head = from_gix(head.detach());
        let root = tree_of(&repository, head)?;
        let folder = folder_at(&root, &Folder::Pending.path())?;
        let mut blobs = BTreeMap::new();
        for entry in folder.iter().flat_map(gix::Tree::iter) {
            let entry = entry.map_err(|error| read_error("cannot read the checkout's commit")(Box::new(error)))?;
            blobs.insert(entry.filename().to_vec(), from_gix(entry.object_id()));
        }
        Ok(Committed { blobs, on_mainline: clone.is_ancestor(head, mainline)? })
    }
}

impl Committed {
    fn holds(&self, file: &Found) -> bool {
        self.blobs.get(&file.name).is_some_and(|blob| file.is(*blob))
    }

    /// Nobody has touched it since a commit that the mainline has built on.
    fn is_old(&self, file: &Found) -> bool {
        self.on_mainline && self.holds(file)
    }
}

impl Found {
    fn raw(&self) -> RawFile<'_> {
        let Self { name, regular, size, content, blob } = self;
        RawFile { name, regular: *regular, blob: *blob, size: *size, content }
    }

    /// Whether this is the blob's text, line ends aside.
    fn is(&self, blob: BlobId) -> bool {
        self.blob == blob || (self.content.contains(&b'\r') && hash(&without_returns(&self.content)) == Some(blob))
    }
}

/// `None`: the mainline has it, or the checkout is merely behind.
fn state(item: &QueueItem, file: &Found, planning: &Planning, committed: &Committed) -> Option<DraftState> {
    let same = |other: &QueueItem| other.name == item.name && file.is(other.blob);
    if planning.pending.iter().any(same) || committed.is_old(file) {
        return None;
    }
    let given_out = [Folder::Processed, Folder::Complete].into_iter().find(|folder| planning.has(*folder, &item.name));
    Some(match given_out {
        Some(folder) => DraftState::GivenOut { folder },
        None if committed.holds(file) => DraftState::NotPushed,
        None if planning.has(Folder::Pending, &item.name) => DraftState::Changed,
        None => DraftState::NotCommitted,
    })
}

/// The candidates in `pending/`, and whether there are more than are read.
fn files(root: &Path) -> Result<(Vec<Found>, bool), RepoError> {
    let Some(folder) = pending(root) else { return Ok((Vec::new(), false)) };
    let listed = match std::fs::read_dir(&folder) {
        Ok(listed) => listed,
        // A branch without it was just checked out.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), false)),
        Err(error) => return Err(io("cannot read", &folder)(error)),
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry.map_err(io("cannot read", &folder))?;
        let name = std::os::unix::ffi::OsStringExt::into_vec(entry.file_name());
        if !planning::is_candidate(&name) {
            continue;
        }
        if found.len() >= MAX_FILES {
            return Ok((found, true));
        }
        // One that is gone already is none.
        found.extend(file(name, &entry.path()));
    }
    Ok((found, false))
}

/// The folder, unless there is a link on the way.
fn pending(root: &Path) -> Option<PathBuf> {
    let mut path = root.to_owned();
    for part in Folder::Pending.path().split('/') {
        path.push(part);
        if !std::fs::symlink_metadata(&path).ok()?.is_dir() {
            return None;
        }
    }
    Some(path)
}

fn file(name: Vec<u8>, path: &Path) -> Option<Found> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    if metadata.is_dir() {
        return None;
    }
    let (regular, size) = (metadata.is_file(), metadata.len());
    let mut content = Vec::new();
    if regular && size <= MAX_BYTES {
        std::fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut content).ok()?;
    }
    let blob = hash(&content).unwrap_or(ObjectId::from_bytes([0; 20]));
    Some(Found { name, regular, size, content, blob })
}

fn hash(content: &[u8]) -> Option<BlobId> {
    git2::Oid::hash_object(git2::ObjectType::Blob, content).ok().map(from_git2)
}

fn without_returns(content: &[u8]) -> Vec<u8> {
    let mut text = content.to_vec();
    let mut next = content.iter().skip(1).copied();
    text.retain(|byte| {
        let next = next.next();
        !(*byte == b'\r' && next == Some(b'\n'))
    });
    text
}

//! Building commits in memory: trees edited, objects written, no reference touched.
//!
//! **Guarantees**: a commit's only parent is the tip it was computed from; nothing points at it until it is published.

use super::RepoError;
use crate::model::{CommitId, ObjectId, Signature};
use git2::{Oid, Repository, Tree};

/// One change of a tree.
pub(super) enum Edit {
    /// Write this blob there; file mode 100644 unless another is kept.
    Put { path: String, blob: Oid, mode: git2::FileMode },
    /// Take the path out.
    Remove { path: String },
}

pub(super) fn to_git2(id: ObjectId) -> Oid {
    // Twenty bytes are what a SHA-1 id has; zero would be "no object" and is refused by every later call.
    Oid::from_bytes(id.as_bytes()).unwrap_or(Oid::ZERO_SHA1)
}

pub(super) fn from_git2(id: Oid) -> ObjectId {
    let mut bytes = [0; 20];
    for (slot, byte) in bytes.iter_mut().zip(id.as_bytes()) {
        *slot = *byte;
    }
    ObjectId::from_bytes(bytes)
}

fn written(what: &'static str) -> impl FnOnce(git2::Error) -> RepoError {
    move |source| RepoError::Write { what, source }
}

/// The tree of a commit.
pub(super) fn tree<'r>(repository: &'r Repository, commit: CommitId) -> Result<Tree<'r>, RepoError> {
    let found = repository.find_commit(to_git2(commit)).and_then(|commit| commit.tree());
    found.map_err(written("cannot find a commit's tree"))
}

/// A commit on `parent` (or a root commit) with these edits.
pub(super) fn build(
    repository: &Repository,
    parent: Option<CommitId>,
    edits: &[Edit],
    message: &str,
    signature: &Signature,
) -> Result<CommitId, RepoError> {
    let parent =
        parent.map(|id| repository.find_commit(to_git2(id))).transpose().map_err(written("cannot find the tip"))?;
    let base = match &parent {
        Some(parent) => parent.tree().map_err(written("cannot find the tip's tree"))?,
        None => {
            let empty = repository.treebuilder(None).and_then(|builder| builder.write());
            let empty = empty.and_then(|id| repository.find_tree(id));
            empty.map_err(written("cannot write a tree"))?
        }
    };
    let mut builder = git2::build::TreeUpdateBuilder::new();
    for edit in edits {
        match edit {
            Edit::Put { path, blob, mode } => builder.upsert(path.as_str(), *blob, *mode),
            Edit::Remove { path } => builder.remove(path.as_str()),
        };
    }
    let tree = builder.create_updated(repository, &base).and_then(|id| repository.find_tree(id));
    let tree = tree.map_err(written("cannot write a tree"))?;
    let time = git2::Time::new(signature.at.as_second(), 0);
    let author = git2::Signature::new(&signature.identity.name, &signature.identity.email, &time);
    let author = author.map_err(written("cannot use the commit's identity"))?;
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let id = repository.commit(None, &author, &author, message, &tree, &parents);
    id.map(from_git2).map_err(written("cannot write a commit"))
}

/// Whether a commit's only parent is the value that its push expects: a lease switches git's own fast-forward check off.
pub(super) fn follows(repository: &Repository, commit: CommitId, expected: Option<CommitId>) -> bool {
    repository.find_commit(to_git2(commit)).is_ok_and(|commit| {
        let parents: Vec<ObjectId> = commit.parent_ids().map(from_git2).collect();
        parents == expected.into_iter().collect::<Vec<_>>()
    })
}

//! A repository in memory, for worlds that are tried by the thousand.
//!
//! Needs nothing. Guarantees: blobs have git's own ids; ids of trees and commits are unique and follow from their
//! content; a copy shares objects with its original until one of them writes, and never sees the other's changes.
//!
//! Known differences from git: trees are flat, so their ids and those of commits are not git's; a merge works file by
//! file, so two changes in one file always conflict; one merge base is enough; a diff counts the lines between the
//! common beginning and the common end of a file.
//!
//! Races: every operation holds the repository for its whole length; a ref moves from its named value only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{FileChange, GitError, NewCommit, Objects, PushRules, Signature};
use crate::sim::world::{Commit, Diff, RefState};

/// What lies at a path: the mode in git's digits, and the blob.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// `100644`, `100755`, `120000`.
    pub mode: String,
    /// The blob's id.
    pub blob: String,
}

/// A tree: every file by its whole path.
pub type Tree = BTreeMap<String, Entry>;

/// A commit.
#[derive(Clone, Debug)]
struct Made {
    tree: String,
    parents: Vec<String>,
    message: String,
    author: Signature,
    committer: Signature,
    at: Timestamp,
}

/// Everything there is.
#[derive(Clone, Default, Debug)]
struct Store {
    blobs: BTreeMap<String, Arc<[u8]>>,
    trees: BTreeMap<String, Arc<Tree>>,
    commits: BTreeMap<String, Arc<Made>>,
    refs: BTreeMap<String, String>,
}

/// The repository.
#[derive(Default, Debug)]
pub(in crate::sim) struct Memory(Mutex<Arc<Store>>);

impl Clone for Memory {
    fn clone(&self) -> Memory {
        Memory(Mutex::new(Arc::clone(&self.hold())))
    }
}

/// The id of an object as git makes it.
fn object_id(kind: &str, content: &[u8]) -> String {
    let mut hasher = sha1dc::Hasher::new();
    hasher.update(format!("{kind} {}\0", content.len()).as_bytes());
    hasher.update(content);
    // An attack on SHA-1 in a test's file would still be that file.
    hasher.finalize().map_or_else(|collision| collision.digest().to_string(), |digest| digest.to_string())
}

fn missing(what: &str, id: &str) -> GitError {
    GitError::Failed { command: format!("read {what}"), message: format!("{id} is not there") }
}

impl Store {
    fn put_blob(&mut self, content: &[u8]) -> String {
        let id = object_id("blob", content);
        self.blobs.entry(id.clone()).or_insert_with(|| Arc::from(content));
        id
    }

    fn put_tree(&mut self, tree: Tree) -> String {
        let lines: String =
            tree.iter().map(|(path, entry)| format!("{} {}\t{path}\0", entry.mode, entry.blob)).collect();
        let id = object_id("tree", lines.as_bytes());
        self.trees.entry(id.clone()).or_insert_with(|| Arc::new(tree));
        id
    }

    fn put_commit(&mut self, new: &NewCommit<'_>) -> String {
        let signed = |who: &Signature| format!("{} <{}> {} +0000", who.name, who.email, new.at.as_second());
        let parents: String = new.parents.iter().map(|parent| format!("parent {parent}\n")).collect();
        let (author, committer) = (signed(new.author), signed(new.committer));
        let text = format!("tree {}\n{parents}author {author}\ncommitter {committer}\n\n{}", new.tree, new.message);
        let id = object_id("commit", text.as_bytes());
        let made = Made {
            tree: new.tree.to_owned(),
            parents: new.parents.iter().map(|parent| (*parent).to_owned()).collect(),
            message: new.message.trim_end().to_owned(),
            author: new.author.clone(),
            committer: new.committer.clone(),
            at: new.at,
        };
        self.commits.entry(id.clone()).or_insert_with(|| Arc::new(made));
        id
    }

    fn made(&self, id: &str) -> Result<&Made, GitError> {
        self.commits.get(id).map(Arc::as_ref).ok_or_else(|| missing("commit", id))
    }

    /// What a revision points to.
    fn resolve(&self, revision: &str) -> Option<String> {
        if let Some((revision, path)) = revision.split_once(':') {
            return self.tree(revision).ok()?.get(path).map(|entry| entry.blob.clone());
        }
        if let Some(revision) = revision.strip_suffix("^{tree}") {
            return self.commits.get(&self.resolve(revision)?).map(|made| made.tree.clone());
        }
        if let Some(revision) = revision.strip_suffix("^1") {
            return self.commits.get(&self.resolve(revision)?)?.parents.first().cloned();
        }
        let named = self.refs.get(revision).or_else(|| self.refs.get(&format!("refs/heads/{revision}")));
        let known =
            |id: &str| self.commits.contains_key(id) || self.trees.contains_key(id) || self.blobs.contains_key(id);
        named.cloned().or_else(|| known(revision).then(|| revision.to_owned()))
    }

    /// The tree of a revision, which may be a tree itself.
    fn tree(&self, revision: &str) -> Result<Arc<Tree>, GitError> {
        let id = self.resolve(revision).ok_or_else(|| missing("revision", revision))?;
        let tree = self.commits.get(&id).map_or(&id, |made| &made.tree);
        self.trees.get(tree).cloned().ok_or_else(|| missing("tree", tree))
    }

    /// Every commit that can be reached, the given one included.
    fn reach(&self, from: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = self.commits.get_key_value(from).map(|(id, _)| id.as_str()).into_iter().collect();
        while let Some(id) = open.pop() {
            if found.insert(id) {
                let parents = self.commits.get(id).into_iter().flat_map(|made| &made.parents);
                open.extend(parents.map(String::as_str));
            }
        }
        found
    }

    /// The newest commit that both can reach and no other such commit can.
    fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        let theirs = self.reach(other);
        let shared: Vec<&str> = self.reach(one).into_iter().filter(|id| theirs.contains(id)).collect();
        let inner: BTreeSet<&str> = shared
            .iter()
            .filter_map(|id| self.commits.get(*id))
            .flat_map(|made| &made.parents)
            .flat_map(|parent| self.reach(parent))
            .collect();
        let best = shared.into_iter().filter(|id| !inner.contains(id));
        best.max_by_key(|id| self.commits.get(*id).map(|made| made.at)).map(str::to_owned)
    }

    /// The commits that `head` has and `base` lacks, parents first.
    fn ahead(&self, base: &str, head: &str) -> Vec<String> {
        let known = self.reach(base);
        let mut order: Vec<String> = Vec::new();
        let mut placed: BTreeSet<&str> = BTreeSet::new();
        // Each commit is met twice: before its parents, and after them.
        let mut open: Vec<(&str, bool)> = vec![(head, false)];
        while let Some((id, ready)) = open.pop() {
            if known.contains(id) || placed.contains(id) {
                continue;
            }
            if ready {
                placed.insert(id);
                order.push(id.to_owned());
                continue;
            }
            open.push((id, true));
            let parents = self.commits.get(id).into_iter().flat_map(|made| made.parents.iter().rev());
            open.extend(parents.map(|parent| (parent.as_str(), false)));
        }
        order
    }

    fn compare(&self, base: &str, head: &str) -> Result<Diff, GitError> {
        let start = self.merge_base(base, head);
        let old = self.tree(start.as_deref().unwrap_or(base))?;
        let new = self.tree(head)?;
        let mut diff =
            Diff { commits: self.ahead(base, head), behind: !self.ahead(head, base).is_empty(), ..Diff::default() };
        let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for path in paths.into_iter().filter(|path| old.get(*path) != new.get(*path)) {
            let lines = |tree: &Tree| {
                let blob = tree.get(path).and_then(|entry| self.blobs.get(&entry.blob));
                let text = String::from_utf8_lossy(blob.map_or(&[][..], |blob| blob)).into_owned();
                text.lines().map(str::to_owned).collect::<Vec<_>>()
            };
            let (before, after) = (lines(&old), lines(&new));
            let shorter = before.len().min(after.len());
            let front = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
            let pairs = before.iter().rev().zip(after.iter().rev()).take(shorter - front);
            let same = front + pairs.take_while(|(a, b)| a == b).count();
            diff.additions += (after.len() - same) as u64;
            diff.deletions += (before.len() - same) as u64;
            diff.files.push(path.clone());
        }
        Ok(diff)
    }

    /// The tree of a merge; none where both sides changed a file differently.
    fn merged(&self, base: &str, head: &str) -> Result<Option<Tree>, GitError> {
        let start = match self.merge_base(base, head) {
            Some(start) => self.tree(&start)?,
            None => Arc::default(),
        };
        let (ours, theirs) = (self.tree(base)?, self.tree(head)?);
        let paths: BTreeSet<&String> = start.keys().chain(ours.keys()).chain(theirs.keys()).collect();
        let mut tree = Tree::new();
        for path in paths {
            let (before, our, their) = (start.get(path), ours.get(path), theirs.get(path));
            let entry = match (our == their, before == our, before == their) {
                (true, _, _) | (_, _, true) => our,
                (_, true, _) => their,
                (false, false, false) => return Ok(None),
            };
            tree.extend(entry.map(|entry| (path.clone(), entry.clone())));
        }
        Ok(Some(tree))
    }

    /// Newest first by date; of one date, in the order in which they are met.
    fn log(&self, from: &str) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut met: BTreeSet<&str> = BTreeSet::new();
        let mut open: Vec<(&str, &Made)> =
            self.commits.get_key_value(from).map(|(id, made)| (id.as_str(), made.as_ref())).into_iter().collect();
        while let Some(newest) = open.iter().map(|(_, made)| made.at).max() {
            let Some(place) = open.iter().position(|(_, made)| made.at == newest) else { break };
            let (id, made) = open.remove(place);
            found.push((id.to_owned(), made.message.clone()));
            let parents = made.parents.iter().filter_map(|id| self.commits.get_key_value(id));
            open.extend(parents.map(|(id, made)| (id.as_str(), made.as_ref())).filter(|(id, _)| met.insert(id)));
        }
        found
    }
}

impl Memory {
    fn hold(&self) -> MutexGuard<'_, Arc<Store>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the store, or writes into a copy of its own.
    fn write<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(Arc::make_mut(&mut self.hold()))
    }

    /// The files of a commit.
    pub fn tree(&self, revision: &str) -> Result<Arc<Tree>, GitError> {
        self.hold().tree(revision)
    }

    /// A blob's bytes.
    pub fn blob(&self, id: &str) -> Option<Arc<[u8]>> {
        self.hold().blobs.get(id).cloned()
    }

    /// Writes a blob; its id.
    pub fn put_blob(&self, content: &[u8]) -> String {
        self.write(|store| store.put_blob(content))
    }

    /// Writes a tree; its id.
    pub fn put_tree(&self, tree: Tree) -> String {
        self.write(|store| store.put_tree(tree))
    }

    /// Whether `ancestor` can be reached from `tip`.
    pub fn is_ancestor(&self, ancestor: &str, tip: &str) -> bool {
        self.hold().reach(tip).contains(ancestor)
    }

    /// The parents of a commit; none for an unknown one.
    pub fn parents(&self, commit: &str) -> Vec<String> {
        self.hold().commits.get(commit).map(|made| made.parents.clone()).unwrap_or_default()
    }

    /// Where two commits parted.
    pub fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        self.hold().merge_base(one, other)
    }
}

impl Objects for Memory {
    async fn refs(&self) -> Result<BTreeMap<String, RefState>, GitError> {
        let store = self.hold();
        let refs = store.refs.iter().filter(|(name, _)| !name.starts_with("refs/pull/"));
        let state = |oid: &String| RefState { oid: oid.clone(), kind: "commit".to_owned() };
        Ok(refs.map(|(name, oid)| (name.clone(), state(oid))).collect())
    }

    async fn resolve(&self, revision: &str) -> Result<Option<String>, GitError> {
        Ok(self.hold().resolve(revision))
    }

    async fn commit(&self, oid: &str) -> Result<Commit, GitError> {
        let store = self.hold();
        let made = store.made(oid)?;
        let person = |who: &Signature| (who.name.clone(), who.email.clone());
        Ok(Commit {
            oid: oid.to_owned(),
            authored_at: made.at,
            committed_at: made.at,
            message: made.message.clone(),
            author: person(&made.author),
            committer: person(&made.committer),
            tree: made.tree.clone(),
            parents: made.parents.clone(),
        })
    }

    async fn compare(&self, base: &str, head: &str) -> Result<Diff, GitError> {
        self.hold().compare(base, head)
    }

    async fn write_commit(&self, new: NewCommit<'_>) -> Result<String, GitError> {
        Ok(self.write(|store| store.put_commit(&new)))
    }

    async fn write_tree(&self, base: Option<&str>, changes: &[FileChange<'_>]) -> Result<String, GitError> {
        self.write(|store| {
            let mut tree =
                base.map(|base| store.tree(base)).transpose()?.map_or_else(Tree::new, |tree| (*tree).clone());
            for (path, content) in changes {
                match content {
                    Some(content) => {
                        let entry = Entry { mode: "100644".to_owned(), blob: store.put_blob(content) };
                        tree.insert((*path).to_owned(), entry);
                    }
                    None => {
                        tree.remove(*path);
                    }
                }
            }
            Ok(store.put_tree(tree))
        })
    }

    async fn move_ref(&self, name: &str, new: &str, old: Option<&str>) -> Result<bool, GitError> {
        Ok(self.write(|store| {
            let fits = store.refs.get(name).map(String::as_str) == old;
            if fits {
                store.refs.insert(name.to_owned(), new.to_owned());
            }
            fits
        }))
    }

    async fn set_ref(&self, name: &str, new: &str) -> Result<(), GitError> {
        self.write(|store| store.refs.insert(name.to_owned(), new.to_owned()));
        Ok(())
    }

    async fn delete_ref(&self, name: &str, old: &str) -> Result<bool, GitError> {
        Ok(self.write(|store| {
            let fits = store.refs.get(name).is_some_and(|oid| oid == old);
            if fits {
                store.refs.remove(name);
            }
            fits
        }))
    }

    async fn read_file(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        let store = self.hold();
        let id = store.resolve(&format!("{revision}:{path}"));
        Ok(id.and_then(|id| store.blobs.get(&id)).map(|blob| blob.to_vec()))
    }

    async fn list_files(&self, revision: &str) -> Result<Vec<String>, GitError> {
        Ok(self.hold().tree(revision)?.keys().cloned().collect())
    }

    async fn log(&self, revision: &str) -> Result<Vec<(String, String)>, GitError> {
        let store = self.hold();
        let from = store.resolve(revision).ok_or_else(|| missing("revision", revision))?;
        Ok(store.log(&from))
    }

    async fn trial_merge(&self, base: &str, head: &str) -> Result<Option<String>, GitError> {
        self.write(|store| Ok(store.merged(base, head)?.map(|tree| store.put_tree(tree))))
    }

    async fn protect(&self, _rules: &PushRules<'_>) -> Result<(), GitError> {
        // Nobody pushes past the world in here, so its settings are asked themselves.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::object_id;

    #[test]
    fn blobs_have_the_ids_that_git_gives_them() {
        assert_eq!(object_id("blob", b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(object_id("blob", b"hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}

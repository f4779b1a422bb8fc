//! The refs and commits that the world knows of, brought from git by its owner.
//!
//! Guarantees that every consequence of a moved ref is drawn here: heads of pull requests, closed pull requests of
//! deleted branches, mergeability that is unknown again. What needs git (diffs, ancestry) is asked back by returning
//! the pull requests concerned.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{AccountId, Diff, Mergeability, What, World};

/// What a ref points to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefState {
    /// The object.
    pub oid: String,
    /// `commit`, `tag`, `tree` or `blob`.
    pub kind: String,
}

/// A commit, as far as anybody asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// Its oid.
    pub oid: String,
    /// When it was authored.
    pub authored_at: Timestamp,
    /// When it was committed.
    pub committed_at: Timestamp,
    /// The whole message.
    pub message: String,
    /// Name and mail address of its author.
    pub author: (String, String),
    /// Name and mail address of its committer.
    pub committer: (String, String),
    /// Its tree's oid.
    pub tree: String,
    /// Its parents' oids.
    pub parents: Vec<String>,
}

impl World {
    /// A ref by its full name.
    pub fn reference(&self, name: &str) -> Option<&RefState> {
        self.refs.get(name)
    }

    /// All refs by their full names, those of pull requests excepted.
    pub fn references(&self) -> &BTreeMap<String, RefState> {
        &self.refs
    }

    /// The tip of a branch.
    pub fn branch(&self, name: &str) -> Option<&str> {
        self.refs.get(&format!("refs/heads/{name}")).map(|state| state.oid.as_str())
    }

    /// A commit that was brought.
    pub fn commit(&self, oid: &str) -> Option<&Commit> {
        self.commits.get(oid)
    }

    /// Brings a commit.
    pub fn learn_commit(&mut self, commit: Commit) {
        self.commits.insert(commit.oid.clone(), commit);
    }

    /// Brings all refs as they are now. Returns the open pull requests whose diff must be brought anew
    /// ([`World::learn_diff`]).
    pub fn observe_refs(&mut self, refs: BTreeMap<String, RefState>, actor: AccountId) -> Vec<u64> {
        let names: BTreeSet<&String> = self.refs.keys().chain(refs.keys()).collect();
        let moved: Vec<String> =
            names.into_iter().filter(|name| self.refs.get(*name) != refs.get(*name)).cloned().collect();
        self.refs = refs;
        if !moved.is_empty() {
            self.pushed_at = Some(self.now);
        }
        let mut concerned = BTreeSet::new();
        for name in moved {
            let Some(branch) = name.strip_prefix("refs/heads/") else {
                continue;
            };
            match self.refs.get(&name).map(|state| state.oid.clone()) {
                Some(oid) => concerned.extend(self.branch_moved(branch, &oid)),
                None => self.branch_deleted(branch, actor),
            }
        }
        concerned.into_iter().collect()
    }

    /// Draws the consequences of a moved branch; returns the open pull requests concerned.
    fn branch_moved(&mut self, branch: &str, oid: &str) -> Vec<u64> {
        let now = self.now;
        let mut concerned = Vec::new();
        for subject in self.subjects.values_mut() {
            let open = subject.is_open();
            let Some(pull) = subject.pull.as_mut() else {
                continue;
            };
            if !open {
                continue;
            }
            if pull.fork.is_none() && pull.head == branch && pull.head_oid != oid {
                oid.clone_into(&mut pull.head_oid);
                subject.updated_at = now;
            } else if pull.base == branch {
                oid.clone_into(&mut pull.base_oid);
            } else {
                continue;
            }
            pull.mergeability = Mergeability::Unknown;
            concerned.push(subject.number);
        }
        concerned
    }

    /// Draws the consequences of a deleted branch: its open pull requests are closed, as GitHub does.
    fn branch_deleted(&mut self, branch: &str, actor: AccountId) {
        let headed: Vec<(u64, bool)> = self
            .subjects
            .values()
            .filter(|subject| subject.pull.as_ref().is_some_and(|pull| pull.fork.is_none() && pull.head == branch))
            .map(|subject| (subject.number, subject.is_open()))
            .collect();
        for (number, open) in headed {
            if open {
                self.close_now(number, actor, None, None);
            }
            self.record(number, actor, What::HeadRefDeleted);
        }
    }

    /// Brings what git says about a pull request. `head` is the head it is about; for another one it is dropped.
    pub fn learn_diff(&mut self, number: u64, head: &str, diff: Diff, actor: AccountId) {
        let Some(pull) = self.subjects.get_mut(&number).and_then(|subject| subject.pull.as_mut()) else {
            return;
        };
        if pull.head_oid != head {
            return;
        }
        let known: BTreeSet<&String> = pull.diff.commits.iter().collect();
        let new: Vec<String> = diff.commits.iter().filter(|oid| !known.contains(oid)).cloned().collect();
        let forced = pull.diff.commits.iter().any(|oid| !diff.commits.contains(oid)) && !new.is_empty();
        pull.diff = diff;
        if forced {
            self.record(number, actor, What::ForcePushed);
        }
        for oid in new {
            self.record(number, actor, What::Committed(oid));
        }
    }
}

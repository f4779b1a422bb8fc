//! What the simulator needs of git: objects, refs that move by compare-and-set, comparisons and merges.
//!
//! Guarantees: the same calls give the same ids. Implemented by the `git` program ([`super::Repository`]), which serves
//! clones, too, and in memory ([`super::Memory`]).
//!
//! Races: who moves a ref says what it was, and is told when it is that no more.

use std::collections::BTreeMap;
use std::future::Future;

use super::{FileChange, GitError, NewCommit, PushRules};
use crate::sim::world::{Commit, Diff, RefState};

/// A repository.
pub(in crate::sim) trait Objects: Send + Sync {
    /// All refs but those of pull requests.
    fn refs(&self) -> impl Future<Output = Result<BTreeMap<String, RefState>, GitError>> + Send;

    /// What a revision points to, if it exists: an id, a ref or a branch, perhaps with `^1`, `^{tree}` or `:path`.
    fn resolve(&self, revision: &str) -> impl Future<Output = Result<Option<String>, GitError>> + Send;

    /// The facts of a commit.
    fn commit(&self, oid: &str) -> impl Future<Output = Result<Commit, GitError>> + Send;

    /// What a head changes against the merge base with `base`.
    fn compare(&self, base: &str, head: &str) -> impl Future<Output = Result<Diff, GitError>> + Send;

    /// Writes a commit object; no ref moves.
    fn write_commit(&self, new: NewCommit<'_>) -> impl Future<Output = Result<String, GitError>> + Send;

    /// The tree of a commit with these changes; `base` may be absent for an empty beginning.
    fn write_tree(
        &self,
        base: Option<&str>,
        changes: &[FileChange<'_>],
    ) -> impl Future<Output = Result<String, GitError>> + Send;

    /// Moves a ref, if it is what `old` says (`None`: if there is none). Returns whether it was.
    fn move_ref(&self, name: &str, new: &str, old: Option<&str>)
    -> impl Future<Output = Result<bool, GitError>> + Send;

    /// Points a ref somewhere, whatever it was.
    fn set_ref(&self, name: &str, new: &str) -> impl Future<Output = Result<(), GitError>> + Send;

    /// Deletes a ref, if it is what `old` says. Returns whether it was.
    fn delete_ref(&self, name: &str, old: &str) -> impl Future<Output = Result<bool, GitError>> + Send;

    /// A file at a revision, if it is there.
    fn read_file(&self, revision: &str, path: &str) -> impl Future<Output = Result<Option<Vec<u8>>, GitError>> + Send;

    /// All paths of files at a revision.
    fn list_files(&self, revision: &str) -> impl Future<Output = Result<Vec<String>, GitError>> + Send;

    /// The commits of a revision, newest first: oid and whole message.
    fn log(&self, revision: &str) -> impl Future<Output = Result<Vec<(String, String)>, GitError>> + Send;

    /// The tree of the merge of two commits; none if they conflict.
    fn trial_merge(&self, base: &str, head: &str) -> impl Future<Output = Result<Option<String>, GitError>> + Send;

    /// Lets pushes be judged by these rules, and no others.
    fn protect(&self, rules: &PushRules<'_>) -> impl Future<Output = Result<(), GitError>> + Send;
}

//! What histories say: the ledger's own, and the trailers of the mainline.
//!
//! **Needs** fetched history. **Guarantees**: logs are of first parents only, newest first, up to a named limit; a message
//! that says nothing of ours is passed over. What a tip reaches is looked for until all of it is found.
//! **Races**: none; a commit never changes.

use super::commit::{from_git2, to_git2};
use super::{LocalClone, RepoError};
use crate::model::{CommitId, LedgerEntry, Trail, Trailers};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Most mainline commits that are read for their trailers.
const MAX_TRAIL: usize = 5_000;
/// Longest subject that is kept, in characters.
const MAX_SUBJECT: usize = 300;

impl LocalClone {
    /// What the newest first parents of a mainline commit say of queue items, newest first.
    ///
    /// # Errors
    /// When history can't be read.
    pub fn trail(&self, mainline: CommitId) -> Result<Vec<Trail>, RepoError> {
        let mut trail = Vec::new();
        self.walk(mainline, MAX_TRAIL, |commit| {
            let trailers = commit.message().ok().and_then(Trailers::read);
            trail.extend(trailers.map(|trailers| Trail { commit: from_git2(commit.id()), trailers }));
        })?;
        Ok(trail)
    }

    /// The newest commits of the ledger, newest first.
    ///
    /// # Errors
    /// When history can't be read.
    pub fn ledger_log(&self, tip: CommitId, limit: usize) -> Result<Vec<LedgerEntry>, RepoError> {
        let mut entries = Vec::new();
        self.walk(tip, limit, |commit| {
            let message = commit.message().unwrap_or_default();
            let instance = message.lines().rev().find_map(|line| line.strip_prefix("Instance: "));
            entries.push(LedgerEntry {
                commit: from_git2(commit.id()),
                at: Timestamp::from_second(commit.time().seconds()).unwrap_or_default(),
                subject: message.lines().next().unwrap_or_default().chars().take(MAX_SUBJECT).collect(),
                instance: instance.map(|text| text.chars().take(MAX_SUBJECT).collect()),
            });
        })?;
        Ok(entries)
    }

    /// Which of these commits a tip reaches.
    ///
    /// # Errors
    /// When history can't be read.
    pub fn reachable(&self, tip: CommitId, commits: &BTreeSet<CommitId>) -> Result<BTreeSet<CommitId>, RepoError> {
        let wrong = |source| RepoError::Write { what: "cannot walk history", source };
        let repository = self.git2()?;
        let mut walk = repository.revwalk().map_err(wrong)?;
        walk.push(to_git2(tip)).map_err(wrong)?;
        let mut found = BTreeSet::new();
        for id in walk {
            if found.len() == commits.len() {
                break;
            }
            let id = from_git2(id.map_err(wrong)?);
            if commits.contains(&id) {
                found.insert(id);
            }
        }
        Ok(found)
    }

    /// First parents from a commit on, at most this many.
    fn walk(&self, tip: CommitId, limit: usize, mut see: impl FnMut(&git2::Commit<'_>)) -> Result<(), RepoError> {
        let wrong = |source| RepoError::Write { what: "cannot walk history", source };
        let repository = self.git2()?;
        let mut walk = repository.revwalk().map_err(wrong)?;
        walk.push(to_git2(tip)).map_err(wrong)?;
        walk.simplify_first_parent().map_err(wrong)?;
        for id in walk.take(limit) {
            see(&repository.find_commit(id.map_err(wrong)?).map_err(wrong)?);
        }
        Ok(())
    }
}

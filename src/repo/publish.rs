//! Publishing: one commit, one reference, one expected value — rebuilt on the fetched tip while its condition holds.
//!
//! **Guarantees**: `parent(new) == expected` is checked before every push; a refused push changes nothing; after a lost
//! answer the reference is read back and decides.
//! **Races**: whoever pushes first wins; the loser asks its condition again on the new tip, at most five times.

use super::answer::{PushRefusal, Pushed};
use super::commit::follows;
use super::lock::RepositoryLock;
use super::{LocalClone, RepoError};
use crate::model::{CommitId, Performed, Published, RefName, RefusalKind};
use std::time::Duration;

/// How often a refused push is rebuilt.
const MAX_REBUILDS: u32 = 5;

/// What building on a tip came to.
pub(super) enum Built {
    /// A commit to publish.
    Commit(CommitId),
    /// It is so already.
    Already(CommitId),
    /// The condition no longer holds.
    Moved(String),
}

impl LocalClone {
    /// Builds on the tip and publishes.
    pub(super) fn publish(
        &self,
        _lock: &RepositoryLock,
        name: &RefName,
        build: impl Fn(Option<CommitId>) -> Result<Built, RepoError>,
    ) -> Performed<Published> {
        let mut tip = match self.standing(name) {
            Ok(tip) => tip,
            Err(error) => return not_done(&error),
        };
        for round in 0..=MAX_REBUILDS {
            let commit = match build(tip) {
                Ok(Built::Commit(commit)) => commit,
                Ok(Built::Already(commit)) => return Performed::Done { value: Published { commit, bypassed: None } },
                Ok(Built::Moved(why)) => return Performed::NotDone { why, refused: None },
                Err(error) => return not_done(&error),
            };
            match self.push_once(name, tip, commit) {
                Attempted::Done(bypassed) => return Performed::Done { value: Published { commit, bypassed } },
                Attempted::Stale => {}
                Attempted::Refused(kind, why) => return Performed::NotDone { why, refused: Some(kind) },
                Attempted::Unknown(why) => return Performed::Unknown { why },
            }
            jitter(round);
            tip = match self.refetch(name) {
                Ok(tip) => tip,
                Err(error) => return not_done(&error),
            };
        }
        Performed::NotDone {
            why: format!("{name} moved {MAX_REBUILDS} times while it was being changed"),
            refused: None,
        }
    }

    /// Puts back a reference that the remote has no more, at a commit that this clone kept. Nothing is built: while the
    /// reference is absent this is right, and once it is there again it is somebody else's.
    pub(super) fn put_back(&self, _lock: &RepositoryLock, name: &RefName, commit: CommitId) -> Performed<CommitId> {
        let there = || Performed::NotDone { why: format!("the remote has {name} again"), refused: None };
        match self.transport.push(&self.git_dir, name, None, commit) {
            Pushed::Accepted { .. } => {}
            Pushed::Refused(PushRefusal::Stale) => return there(),
            Pushed::Refused(PushRefusal::Rule(kind, why)) => return Performed::NotDone { why, refused: Some(kind) },
            Pushed::Unknown(why) => match self.refetch(name) {
                Ok(Some(found)) if found == commit => {}
                Ok(Some(_)) => return there(),
                Ok(None) | Err(_) => return Performed::Unknown { why },
            },
        }
        // The remote has it; a clone that can't record it fetches it with the next look.
        let _ = self.advance(name, commit);
        Performed::Done { value: commit }
    }

    fn push_once(&self, name: &RefName, tip: Option<CommitId>, commit: CommitId) -> Attempted {
        let repository = match self.git2() {
            Ok(repository) => repository,
            Err(error) => return Attempted::Refused(RefusalKind::Other, error.to_string()),
        };
        if !follows(&repository, commit, tip) {
            let why = format!("the new commit of {name} does not follow the expected one");
            return Attempted::Refused(RefusalKind::Other, why);
        }
        match self.transport.push(&self.git_dir, name, tip, commit) {
            Pushed::Accepted { bypassed } => self.accepted(name, commit, bypassed),
            Pushed::Refused(PushRefusal::Stale) => Attempted::Stale,
            Pushed::Refused(PushRefusal::Rule(kind, why)) => Attempted::Refused(kind, why),
            Pushed::Unknown(why) => match self.refetch(name) {
                Ok(Some(found)) if found == commit => self.accepted(name, commit, None),
                Ok(found) if found == tip => Attempted::Unknown(why),
                Ok(_) => Attempted::Stale,
                Err(_) => Attempted::Unknown(why),
            },
        }
    }

    fn accepted(&self, name: &RefName, commit: CommitId, bypassed: Option<String>) -> Attempted {
        match self.advance(name, commit) {
            // The remote has it; a clone that can't record it fetches it with the next look.
            Ok(()) | Err(_) => Attempted::Done(bypassed),
        }
    }
}

/// What came of one push.
enum Attempted {
    /// Accepted, perhaps against rules.
    Done(Option<String>),
    Stale,
    Refused(RefusalKind, String),
    Unknown(String),
}

fn not_done(error: &RepoError) -> Performed<Published> {
    Performed::NotDone { why: error.to_string(), refused: None }
}

/// A random pause that grows with the round, so that two losers don't meet again.
#[expect(clippy::disallowed_methods, reason = "on a thread that may block, and for less than half a second")]
fn jitter(round: u32) {
    let random = u64::from(uuid::Uuid::new_v4().as_bytes()[0]);
    std::thread::sleep(Duration::from_millis(random * u64::from(round + 1) / 4));
}

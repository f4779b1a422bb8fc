//! What a dry run would push: the commit is built in our clone, where nothing points at it, and shown as git prints it.
//!
//! **Guarantees**: the same code builds it that builds the real one; nothing is pushed and no reference moves.

use super::commit::{to_git2, tree};
use super::publish::Built;
use super::{LocalClone, RepoError};
use crate::model::{CommitId, LedgerChange, LedgerMessage, PlannedPush, QueueMove, RefName, Signature};

/// Most bytes of a patch.
const MAX_PATCH: usize = 256 * 1024;

impl LocalClone {
    /// The push of a ledger change on this tip; `None` where nothing is to be done.
    ///
    /// # Errors
    /// When the clone can't be read, or the change's condition doesn't hold on the tip.
    pub fn rehearse_change(
        &self,
        tip: Option<CommitId>,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Result<Option<PlannedPush>, RepoError> {
        self.planned(&RefName::ledger(), tip, self.build_change(tip, change, message, signature)?)
    }

    /// The push of a queue move on this tip; `None` where nothing is to be done.
    ///
    /// # Errors
    /// As [`LocalClone::rehearse_change`].
    pub fn rehearse_move(
        &self,
        tip: CommitId,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> Result<Option<PlannedPush>, RepoError> {
        self.planned(&RefName::branch(branch), Some(tip), self.build_move(Some(tip), change, signature)?)
    }

    pub(super) fn planned(
        &self,
        name: &RefName,
        tip: Option<CommitId>,
        built: Built,
    ) -> Result<Option<PlannedPush>, RepoError> {
        let commit = match built {
            Built::Commit(commit) => commit,
            Built::Already(_) => return Ok(None),
            Built::Moved(why) => return Err(RepoError::Rehearsal(why)),
        };
        let failed = |source| RepoError::Write { what: "cannot show a commit", source };
        let repository = self.git2()?;
        let message = repository.find_commit(to_git2(commit)).map_err(failed)?;
        let message = String::from_utf8_lossy(message.message_bytes()).into_owned();
        let old = tip.map(|tip| tree(&repository, tip)).transpose()?;
        let mut diff =
            repository.diff_tree_to_tree(old.as_ref(), Some(&tree(&repository, commit)?), None).map_err(failed)?;
        diff.find_similar(None).map_err(failed)?;
        let mut patch = Vec::new();
        diff.print(git2::DiffFormat::Patch, |_, _, line| {
            if matches!(line.origin(), '+' | '-' | ' ') {
                patch.extend(u8::try_from(line.origin()).ok());
            }
            patch.extend_from_slice(line.content());
            patch.len() < MAX_PATCH
        })
        .or_else(|error| if error.code() == git2::ErrorCode::User { Ok(()) } else { Err(failed(error)) })?;
        let patch = String::from_utf8_lossy(&patch).into_owned();
        Ok(Some(PlannedPush { reference: name.0.clone(), expected: tip, commit, message, patch }))
    }
}

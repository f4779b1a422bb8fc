//! The port of git, forwarded to our own clone.
//!
//! **Guarantees**: every call runs on a thread that may block; arguments and answers pass unchanged.

use super::{Remote, RemoteCheckup, RemotePlans};
use crate::model::{
    BlobId, CommitId, Folder, HeadDiff, ItemName, Ledger, LedgerChange, LedgerEntry, LedgerMessage, MoveLayout,
    Performed, PlannedPush, Planning, Published, PullNumber, QueueMove, Signature, Snapshot, Spending, TipHints, Tips,
    Trail,
};
use crate::repo::{LocalClone, RepoError, RepositoryLock};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Runs a call that blocks. The runtime is shut down only when the program ends, and then nobody waits for the answer.
async fn blocking<T: Send + 'static>(
    clone: &Arc<LocalClone>,
    call: impl FnOnce(&LocalClone) -> T + Send + 'static,
) -> T {
    let shared = Arc::clone(clone);
    away(move || call(&shared)).await
}

/// Runs what blocks away from the runtime.
pub async fn away<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(call).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => std::future::pending().await,
        },
    }
}

impl Remote for Arc<LocalClone> {
    type Lock = Arc<RepositoryLock>;
    type Error = RepoError;

    async fn lock(&self) -> Result<Self::Lock, RepoError> {
        blocking(self, |clone| clone.lock().map(Arc::new)).await
    }

    async fn recall(&self) -> Option<Snapshot> {
        blocking(self, LocalClone::recall).await
    }

    async fn recall_others(&self) -> Option<Snapshot> {
        blocking(self, LocalClone::recall_others).await
    }

    async fn remember(&self, lock: &Self::Lock, snapshot: &Snapshot) -> Result<(), RepoError> {
        let (lock, snapshot) = (Arc::clone(lock), snapshot.clone());
        blocking(self, move |clone| clone.remember(&lock, &snapshot)).await
    }

    async fn recall_spending(&self) -> Option<Spending> {
        blocking(self, LocalClone::recall_spending).await
    }

    async fn keep_spending(&self, lock: &Self::Lock, fresh: Spending) -> Result<(), RepoError> {
        let lock = Arc::clone(lock);
        blocking(self, move |clone| clone.keep_spending(&lock, fresh)).await
    }

    async fn known_tips(&self) -> Result<Option<Tips>, RepoError> {
        blocking(self, LocalClone::known_tips).await
    }

    async fn default_branch(&self) -> Result<Option<String>, RepoError> {
        blocking(self, LocalClone::default_branch).await
    }

    async fn sync(&self, lock: &Self::Lock, hints: &TipHints) -> Result<Tips, RepoError> {
        let (lock, hints) = (Arc::clone(lock), hints.clone());
        blocking(self, move |clone| clone.sync(&lock, &hints)).await
    }

    async fn planning(&self, mainline: CommitId) -> Result<Planning, RepoError> {
        blocking(self, move |clone| clone.planning(mainline)).await
    }

    async fn policy(&self, mainline: CommitId) -> Result<Option<Vec<u8>>, RepoError> {
        blocking(self, move |clone| clone.policy(mainline)).await
    }

    async fn ledger(&self, tip: CommitId) -> Result<Ledger, RepoError> {
        blocking(self, move |clone| clone.ledger(tip)).await
    }

    async fn head_diff(
        &self,
        lock: &Self::Lock,
        pull: PullNumber,
        head: CommitId,
        mainline: CommitId,
    ) -> Result<HeadDiff, RepoError> {
        let lock = Arc::clone(lock);
        blocking(self, move |clone| clone.head_diff(&lock, pull, head, mainline)).await
    }

    async fn item_body(&self, blob: BlobId) -> Result<String, RepoError> {
        blocking(self, move |clone| clone.item_body(blob)).await
    }

    async fn whereabouts(
        &self,
        mainline: CommitId,
        name: &ItemName,
        since: (Timestamp, Option<CommitId>),
    ) -> Result<BTreeSet<Folder>, RepoError> {
        let name = name.clone();
        blocking(self, move |clone| clone.whereabouts(mainline, &name, since)).await
    }

    async fn lay_out(&self, mainline: CommitId, change: &QueueMove) -> Result<MoveLayout, RepoError> {
        let change = change.clone();
        blocking(self, move |clone| clone.lay_out(mainline, &change)).await
    }

    async fn is_ancestor(&self, ancestor: CommitId, tip: CommitId) -> Result<bool, RepoError> {
        blocking(self, move |clone| clone.is_ancestor(ancestor, tip)).await
    }

    async fn trail(&self, mainline: CommitId) -> Result<Vec<Trail>, RepoError> {
        blocking(self, move |clone| clone.trail(mainline)).await
    }

    async fn reachable(&self, tip: CommitId, commits: &BTreeSet<CommitId>) -> Result<BTreeSet<CommitId>, RepoError> {
        let commits = commits.clone();
        blocking(self, move |clone| clone.reachable(tip, &commits)).await
    }

    async fn ledger_log(&self, tip: CommitId, limit: usize) -> Result<Vec<LedgerEntry>, RepoError> {
        blocking(self, move |clone| clone.ledger_log(tip, limit)).await
    }

    async fn restore_ledger(&self, lock: &Self::Lock, tip: CommitId) -> Performed<CommitId> {
        let lock = Arc::clone(lock);
        blocking(self, move |clone| clone.restore_ledger(&lock, tip)).await
    }

    async fn change_ledger(
        &self,
        lock: &Self::Lock,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Performed<CommitId> {
        let (lock, change, message, signature) = (Arc::clone(lock), change.clone(), message.clone(), signature.clone());
        blocking(self, move |clone| clone.change_ledger(&lock, &change, &message, &signature)).await
    }

    async fn move_file(
        &self,
        lock: &Self::Lock,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> Performed<Published> {
        let (lock, branch, change, signature) =
            (Arc::clone(lock), branch.to_owned(), change.clone(), signature.clone());
        blocking(self, move |clone| clone.move_file(&lock, &branch, &change, &signature)).await
    }
}

impl RemotePlans for Arc<LocalClone> {
    async fn plan_change(
        &self,
        tip: Option<CommitId>,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Result<Option<PlannedPush>, RepoError> {
        let (change, message, signature) = (change.clone(), message.clone(), signature.clone());
        blocking(self, move |clone| clone.rehearse_change(tip, &change, &message, &signature)).await
    }

    async fn plan_move(
        &self,
        tip: CommitId,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> Result<Option<PlannedPush>, RepoError> {
        let (branch, change, signature) = (branch.to_owned(), change.clone(), signature.clone());
        blocking(self, move |clone| clone.rehearse_move(tip, &branch, &change, &signature)).await
    }
}

impl RemoteCheckup for Arc<LocalClone> {
    async fn git_version(&self) -> Result<String, RepoError> {
        blocking(self, LocalClone::git_version).await
    }
}

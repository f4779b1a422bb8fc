//! A desk for tests of the clone: the simulator's git server over HTTP, and as many clones of ours as a test wants.

use jiff::Timestamp;
use orchestrator::model::{
    Attempt, Binding, CommitId, CommitPolicy, Folder, IssueNumber, ItemName, ItemOutcome, Key, LedgerChange,
    LedgerMessage, NodeId, Performed, QueueMove, SettleFields, Signature, TipHints, Tips,
};
use orchestrator::repo::{Configuration, LocalClone, RepoError, RepositoryLock, Settings};
use orchestrator::sim::Simulator;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub const NOW: &str = "2026-11-24T08:00:00Z";

/// One of our clones in a data folder of its own.
pub struct Desk {
    pub clone: LocalClone,
    pub folder: TempDir,
}

/// What a clone of the simulator's repository is opened with.
pub fn settings(sim: &Simulator, folder: &Path, token: &str) -> Settings {
    Settings {
        folder: folder.to_owned(),
        url: sim.git_url(),
        token: Some(token.to_owned().into()),
        limit: Duration::from_secs(30),
        authorities: None,
        configuration: Configuration::Nobody,
    }
}

impl Desk {
    /// A clone that has never asked the remote.
    pub fn new(sim: &Simulator) -> Arc<Self> {
        let folder = crate::folder::folder();
        let clone = LocalClone::open(settings(sim, folder.path(), sim.token())).expect("a clone");
        Arc::new(Self { clone, folder })
    }

    /// Does something that blocks, with the lock, on a thread for it: the server lives on this runtime.
    pub async fn with<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&LocalClone, &RepositoryLock) -> T + Send + 'static,
    ) -> T {
        let desk = Arc::clone(self);
        let task = tokio::task::spawn_blocking(move || act(&desk.clone, &desk.clone.lock().expect("nobody else")));
        task.await.expect("the work on a clone does not panic")
    }

    /// Fetches what moved, without any hint.
    pub async fn sync(self: &Arc<Self>) -> Tips {
        self.try_sync(None, None).await.expect("the remote can be asked")
    }

    /// The same with what GitHub's API would have said.
    pub async fn try_sync(
        self: &Arc<Self>,
        mainline: Option<CommitId>,
        ledger: Option<CommitId>,
    ) -> Result<Tips, RepoError> {
        let hints = TipHints { branch: "main".to_owned(), mainline, ledger };
        self.with(move |clone, lock| clone.sync(lock, &hints)).await
    }

    /// Changes the ledger.
    pub async fn change(self: &Arc<Self>, change: LedgerChange) -> Performed<CommitId> {
        self.with(move |clone, lock| {
            let trailers = vec![("Instance".to_owned(), clone.instance().to_owned())];
            let message = LedgerMessage { subject: "test: a change".to_owned(), trailers };
            clone.change_ledger(lock, &change, &message, &signature())
        })
        .await
    }

    /// Moves a pending file to `processed/`.
    pub async fn promote(self: &Arc<Self>, name: &str) -> Performed<CommitId> {
        let at = self.clone.known_tips().expect("the clone can be read").expect("it was fetched").mainline;
        self.promote_again(name, at).await
    }

    /// The same, as it was decided on an earlier commit.
    pub async fn promote_again(self: &Arc<Self>, name: &str, at: CommitId) -> Performed<CommitId> {
        let name = item(name);
        let planning = self.clone.planning(at).expect("the folder can be read");
        let blob = planning.pending.iter().find(|item| item.name == name).expect("the file is pending").blob;
        let message = format!("planning: promote {name} (#12) [skip ci]\n\nOrchestrator-Step: promote\n");
        let change = QueueMove { name, from: Folder::Pending, to: Folder::Processed, month: None, blob, message };
        self.with(move |clone, lock| {
            clone.move_file(lock, "main", &change, &signature()).map(|published| published.commit)
        })
        .await
    }
}

/// Who signs in tests.
pub fn signature() -> Signature {
    Signature { identity: CommitPolicy::default(), at: now() }
}

pub fn now() -> Timestamp {
    NOW.parse().expect("a literal time")
}

pub fn item(name: &str) -> ItemName {
    ItemName::new(name.to_owned()).expect("a name")
}

pub fn key(name: &str) -> Key {
    Key::Item(item(name))
}

/// A binding of an item to an issue.
pub fn binding(name: &str, issue: u64) -> Box<Binding> {
    Box::new(Binding {
        key: key(name),
        issue: IssueNumber(issue),
        node: NodeId(format!("I_{issue}")),
        author: 1,
        by: 1,
        blob: None,
        bound: now(),
        tip: None,
        pull: None,
        merge: None,
        outcome: None,
        settled: None,
        redispatch: None,
    })
}

pub fn bind(name: &str, issue: u64) -> LedgerChange {
    LedgerChange::Bind { owner: "me".to_owned(), binding: binding(name, issue), settles: None }
}

pub fn settle(name: &str, outcome: ItemOutcome) -> LedgerChange {
    LedgerChange::Settle(SettleFields { key: key(name), pull: None, merge: None, outcome })
}

/// An attempt of an owner that lasts this many seconds.
pub fn attempt(owner: &str, name: &str, seconds: i64) -> LedgerChange {
    let expires = now() + jiff::SignedDuration::from_secs(seconds);
    LedgerChange::Attempt(Attempt {
        owner: owner.to_owned(),
        by: 1,
        key: key(name),
        number: None,
        started: now(),
        expires,
    })
}

/// Why something was not done, and whether it was refused for good.
pub fn not_done(result: Performed<CommitId>) -> (String, bool) {
    match result {
        Performed::NotDone { why, refused } => (why, refused.is_some()),
        other => panic!("this should not have been done: {other:?}"),
    }
}

/// The commit that was made.
pub fn done(result: Performed<CommitId>) -> CommitId {
    match result {
        Performed::Done { value } => value,
        other => panic!("this should have been done: {other:?}"),
    }
}

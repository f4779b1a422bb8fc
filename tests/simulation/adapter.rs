//! The engine's ports on a simulated GitHub in memory.
//!
//! **Needs** a [`Miniature`], shared by as many instances as a test wants. **Guarantees**: each read answers what the real
//! client and clone would read from the same world; each write probes, acts and reads back as they do; no I/O, no
//! waiting. What survives a process lies in a [`Folder`], what doesn't in the [`Instance`].
//! **Races**: every single request holds the world for its length, as GitHub does. Others may act before every write and
//! every list (the observation, issues, the remote's references), where it yields; never between the other reads.

#[path = "accident.rs"]
pub mod accident;
#[path = "driver.rs"]
pub mod driver;
#[path = "forge.rs"]
mod forge;
#[path = "look.rs"]
mod look;
#[path = "planning.rs"]
mod planning;
#[path = "reading.rs"]
mod reading;
#[path = "remote.rs"]
mod remote;

use accident::{Accidents, Fate, Lost, Sent};
use jiff::Timestamp;
use orchestrator::engine::port::Clock;
use orchestrator::model::{CommitId, Ledger, Snapshot, StopPoint};
use orchestrator::sim::Miniature;
use orchestrator::sim::world::AccountId;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

/// The one GitHub that several instances share.
#[derive(Clone)]
pub struct GitHub(Arc<Mutex<Miniature>>);

impl GitHub {
    pub fn new(sim: Miniature) -> Self {
        Self(Arc::new(Mutex::new(sim)))
    }

    /// Another world that is the same until one of them changes.
    pub fn copy(&self) -> Self {
        Self::new(self.sim().clone())
    }

    /// The simulator, for a moment.
    pub fn sim(&self) -> MutexGuard<'_, Miniature> {
        self.0.lock().expect("no test panics while it holds the simulator")
    }
}

/// What survives the end of a process: the data folder with its clone.
#[derive(Clone)]
pub struct Folder(Arc<Mutex<Kept>>);

#[derive(Clone, Default)]
struct Kept {
    instance: String,
    mainline: Option<CommitId>,
    ledger: Option<CommitId>,
    lost_ledger: Option<CommitId>,
    /// Heads of pull requests that were fetched.
    heads: BTreeSet<CommitId>,
    observation: Option<Snapshot>,
    /// How many observations were kept.
    observed: u64,
    locked: bool,
}

impl Folder {
    /// An empty one; the name stands for the random id of its owner.
    pub fn new(instance: &str) -> Self {
        Self(Arc::new(Mutex::new(Kept { instance: instance.to_owned(), ..Kept::default() })))
    }

    /// A folder of its own with the same content.
    pub fn copy(&self) -> Self {
        Self(Arc::new(Mutex::new(self.hold().clone())))
    }

    fn hold(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no test panics while it holds a folder")
    }
}

/// What a process knows besides its folder.
#[derive(Default)]
struct Process {
    branch: Option<String>,
    /// Which observation this process kept last.
    observed: u64,
    ledger_asked: bool,
    labels: Option<BTreeSet<String>>,
    /// The ledger that was read last; a commit's ledger never changes.
    ledger: Option<(CommitId, Ledger)>,
}

struct Inner {
    github: GitHub,
    folder: Folder,
    account: AccountId,
    process: Mutex<Process>,
    accidents: Accidents,
}

/// One process of the orchestrator: forge, remote and clock.
#[derive(Clone)]
pub struct Instance(Arc<Inner>);

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

impl From<String> for Broken {
    fn from(why: String) -> Self {
        Self(why)
    }
}

impl Instance {
    /// A process that works in a folder with an account's token.
    pub fn new(github: &GitHub, folder: &Folder, account: AccountId, accidents: &Accidents) -> Self {
        let (github, folder, accidents) = (github.clone(), folder.clone(), accidents.clone());
        Self(Arc::new(Inner { github, folder, account, process: Mutex::default(), accidents }))
    }

    /// The id of its folder.
    pub fn id(&self) -> String {
        self.0.folder.hold().instance.clone()
    }

    fn sim(&self) -> MutexGuard<'_, Miniature> {
        self.0.github.sim()
    }

    fn account(&self) -> AccountId {
        self.0.account
    }

    fn folder(&self) -> MutexGuard<'_, Kept> {
        self.0.folder.hold()
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.0.process.lock().expect("no test panics while it holds a process")
    }

    /// Every write passes through here: it is done, or what the plan says happens to it.
    async fn write<T>(&self, point: StopPoint, act: impl FnOnce(&mut Miniature) -> T) -> Sent<T> {
        self.turn().await;
        let bad_gateway = || "the answer was 502 Bad Gateway".to_owned();
        match self.0.accidents.next(point) {
            None => Sent::Answered(act(&mut self.sim())),
            Some(Fate::KilledBefore) => self.killed().await,
            Some(Fate::KilledAfter) => {
                act(&mut self.sim());
                self.killed().await
            }
            Some(Fate::BadGatewayBefore) => Sent::Lost(Lost { why: bad_gateway(), made: None, readable: true }),
            Some(Fate::BadGatewayAfter) => {
                let made = Some(act(&mut self.sim()));
                Sent::Lost(Lost { why: bad_gateway(), made, readable: false })
            }
            Some(Fate::AnswerLost) => {
                let made = Some(act(&mut self.sim()));
                Sent::Lost(Lost { why: "the connection broke off".to_owned(), made, readable: true })
            }
        }
    }

    /// The moment between two requests, in which others may act.
    async fn turn(&self) {
        let mut waited = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// The process is gone: nothing after this ever runs.
    async fn killed<T>(&self) -> T {
        self.0.accidents.kill();
        std::future::pending().await
    }
}

impl Clock for Instance {
    fn now(&self) -> Timestamp {
        self.sim().world(|world| world.now())
    }

    /// Only the test moves time.
    async fn pause(&self, _long: Duration) {}
}

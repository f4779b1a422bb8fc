//! The repository: our own bare clone, the ledger in it, and the remote it mirrors.
//!
//! **Needs** a folder of its own, the remote's address and the `git` program. **Guarantees**: gix reads, git2 writes
//! objects, `git` does the network; every push names the value it expects. The clone is a cache: deleting it loses
//! nothing. Nothing is ever written outside the folder. Functions that write take the lock as a value.
//! **Races**: a push that finds another value than expected is rebuilt on the fetched tip while its condition holds.

mod answer;
mod checkout;
mod clone;
mod commit;
mod diff;
mod drafts;
mod files;
mod history;
mod kept;
mod ledger;
mod lock;
mod observation;
mod progress;
mod publish;
mod queue_move;
mod read;
mod record;
mod rehearse;
mod spending;
mod stale;
mod transport;
mod whereabouts;

pub use checkout::Checkout;
pub use clone::{LocalClone, Settings};
pub use drafts::{Draft, DraftState, Drafts};
pub use lock::RepositoryLock;
pub use progress::Progress;
pub use transport::{Configuration, GitCalls, Observer, TransportError};

use crate::failure::{Exit, Explain};

/// Why the clone can't be read or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// Another process holds the lock.
    #[error("the clone {folder} is in use by {holder}")]
    Locked {
        /// The clone's folder.
        folder: String,
        /// What the lock file says about the holder.
        holder: String,
    },
    /// A file or folder of the clone.
    #[error("{what} {path}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// To what.
        path: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// `git` on the network.
    #[error("the remote could not be asked")]
    Transport(#[from] TransportError),
    /// An object could not be read.
    #[error("{what} in the clone")]
    Read {
        /// What was being read.
        what: String,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An object could not be written.
    #[error("{what} in the clone")]
    Write {
        /// What was being written.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: git2::Error,
    },
    /// The checkout beside which a command runs.
    #[error("the checkout {root} can't be read: {why}")]
    Checkout {
        /// Its topmost folder.
        root: String,
        /// Why not.
        why: String,
    },
    /// The remote has no such branch.
    #[error("the remote has no branch `{0}`")]
    NoBranch(String),
    /// What a dry run would do does not hold any more.
    #[error("{0}")]
    Rehearsal(String),
    /// The ledger has a format this program doesn't know.
    #[error("the ledger has format {0}; this program knows format 1")]
    LedgerFormat(String),
    /// A record that can't be read.
    #[error("the ledger's record {path}: {problem}")]
    LedgerRecord {
        /// Its path in the ledger's tree.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Explain for RepoError {
    fn exit(&self) -> Exit {
        match self {
            Self::Locked { .. } => Exit::Held,
            Self::Checkout { .. } => Exit::Settings,
            Self::Rehearsal(_) => Exit::Refused,
            Self::Transport(TransportError::Unauthorized(_)) => Exit::Settings,
            Self::Transport(TransportError::NotFound(_)) | Self::NoBranch(_) => Exit::Absent,
            Self::Transport(TransportError::ForeignObjects) => Exit::Refused,
            Self::Transport(TransportError::NoGit(_)) => Exit::Internal,
            Self::Transport(TransportError::TimedOut { .. } | TransportError::Failed { .. }) => Exit::Unreachable,
            Self::LedgerFormat(_) | Self::LedgerRecord { .. } => Exit::Stalled,
            Self::Io { .. } | Self::Read { .. } | Self::Write { .. } => Exit::Internal,
        }
    }

    fn help(&self) -> String {
        match self {
            Self::Locked { .. } => "wait until it is done and run the command again",
            Self::Rehearsal(_) => "run the command again; the repository has moved",
            Self::Checkout { .. } => "pass --repo owner/name, or run the command outside of the checkout",
            Self::Transport(TransportError::Unauthorized(_)) => {
                "set ORCHESTRATOR_GITHUB_TOKEN to a token that may push to the repository"
            }
            Self::Transport(TransportError::NotFound(_)) => "check --repo, --git-url and what the token may see",
            Self::Transport(TransportError::ForeignObjects) => "use a repository whose objects are named by SHA-1",
            Self::Transport(TransportError::NoGit(_)) => "install git 2.38 or newer",
            Self::Transport(TransportError::TimedOut { .. } | TransportError::Failed { .. }) => {
                "check the network, and --git-url with `git ls-remote <url>`"
            }
            Self::NoBranch(_) => "commit planning/vision/goal.md and planning/orchestrator.toml to the default branch",
            Self::LedgerFormat(_) => "update this program",
            Self::LedgerRecord { .. } => "mend the record: fetch refs/orchestrator/ledger, and push a commit on it",
            Self::Write { source, .. } if source.class() == git2::ErrorClass::Os => {
                "check the permissions of the data folder and the space on its disk"
            }
            Self::Io { .. } => "check the permissions of the data folder and the space on its disk",
            Self::Read { .. } | Self::Write { .. } => {
                "delete clone.git in the data folder; it is a cache, and the next command makes it again"
            }
        }
        .to_owned()
    }
}

fn read_error(what: impl Into<String>) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> RepoError {
    let what = what.into();
    move |source| RepoError::Read { what, source }
}

//! What the ports are asked: a look, a merge, a change of the ledger, a move.
//!
//! **Guarantees**: a request names what it relies on (the expected head, the blob, the key that must be unbound).

use super::action::SettleFields;
use super::binding::{Attempt, Binding, Key};
use super::id::{BlobId, CommitId, IssueNumber, NodeId, PullNumber};
use super::marker::CommentMarker;
use super::policy::{CommitPolicy, MergeMethod};
use super::queue::{Folder, ItemName};
use jiff::Timestamp;

/// What one observation of GitHub asks about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Issues of unsettled bindings, in full.
    pub unsettled: Vec<NodeId>,
    /// Issues of settled bindings: the newest ones, or all of them for a comparison.
    pub settled: Vec<NodeId>,
}

/// An issue as GitHub acknowledged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedIssue {
    /// Its number.
    pub number: IssueNumber,
    /// Its node id.
    pub node: NodeId,
    /// The numeric id of its author.
    pub author: u64,
}

/// A merge as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeRequest {
    /// Which pull request.
    pub pull: PullNumber,
    /// The head that was judged; GitHub refuses another one.
    pub head: CommitId,
    /// How.
    pub method: MergeMethod,
    /// Commit title.
    pub title: String,
    /// Commit message.
    pub message: String,
}

/// A comment as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullComment {
    /// On which pull request.
    pub pull: PullNumber,
    /// What it is for.
    pub about: CommentMarker,
    /// Its whole text; the marker is its first line.
    pub text: String,
    /// The numeric id of the account that writes it: only its own comments count as written.
    pub by: u64,
}

/// What a look at the remote is told beforehand, so that only what moved is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TipHints {
    /// The mainline's branch name.
    pub branch: String,
    /// Where GitHub's API says the mainline stands.
    pub mainline: Option<CommitId>,
    /// Where it says the ledger stands; `None` proves nothing.
    pub ledger: Option<CommitId>,
}

/// A change of the ledger, conditional on its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerChange {
    /// Root commit with the format and nothing else; the reference must not exist.
    Begin,
    /// Write the attempt; no attempt of another instance may stand and the key must be unbound.
    Attempt(Attempt),
    /// Take back our own attempt, for which nothing was sent.
    Withdraw {
        /// Whose attempt.
        owner: String,
        /// For what.
        key: Key,
    },
    /// Bind (key unbound, no other instance's attempt at it), drop our attempt, and settle another key in the same commit.
    Bind {
        /// Which instance binds.
        owner: String,
        /// The new record.
        binding: Box<Binding>,
        /// The record that ends with it: another one, or, where an old story is taken over, the new one itself.
        settles: Option<SettleFields>,
    },
    /// Keep the number of an issue that was created and could not be bound; our own attempt must stand.
    Note {
        /// Whose attempt.
        owner: String,
        /// For what.
        key: Key,
        /// The issue.
        number: IssueNumber,
    },
    /// Write down from which text an issue was made (key bound and unsettled).
    Restate {
        /// For what.
        key: Key,
        /// The file's blob.
        blob: BlobId,
    },
    /// Write down that the agent is sent once more (key bound, unsettled, not sent again before).
    Redispatch {
        /// For what.
        key: Key,
        /// After which assignment, by GitHub's clock.
        since: Timestamp,
    },
    /// Write the end of a story (key bound and unsettled).
    Settle(SettleFields),
}

/// A rename of one queue file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMove {
    /// Which file.
    pub name: ItemName,
    /// From where.
    pub from: Folder,
    /// To where.
    pub to: Folder,
    /// The month's folder below that, if it goes into one.
    pub month: Option<String>,
    /// Its blob, which must be the one at the tip and is kept.
    pub blob: BlobId,
    /// The whole commit message.
    pub message: String,
}

impl QueueMove {
    /// The path to which the file goes.
    pub fn target(&self) -> String {
        match &self.month {
            Some(month) => format!("{}/{month}/{}", self.to.path(), self.name.as_str()),
            None => self.to.path_of(&self.name),
        }
    }
}

/// What a move comes to on a commit of the mainline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveLayout {
    /// The file lies where it is to be.
    Already,
    /// The condition of the move does not hold.
    Moved(String),
    /// These files change.
    Files {
        /// Where it lies.
        delete: String,
        /// Where it goes, and what it says; `None` where that lies there already.
        add: Option<(String, Vec<u8>)>,
    },
}

/// A commit that GitHub makes on a branch, and signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchCommit {
    /// The branch.
    pub branch: String,
    /// Where it has to stand.
    pub expected: CommitId,
    /// The whole message.
    pub message: String,
    /// Path and content of files that are written.
    pub add: Vec<(String, Vec<u8>)>,
    /// Paths that are taken away.
    pub delete: Vec<String>,
}

/// A commit that the remote took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Which.
    pub commit: CommitId,
    /// The rules that it broke and that this token may break, in the remote's words.
    pub bypassed: Option<String>,
}

/// Files that are added and taken away in one commit of the mainline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesChange {
    /// Path and content of files that must not be there yet.
    pub add: Vec<(String, String)>,
    /// Path and blob of files that must be there so.
    pub remove: Vec<(String, BlobId)>,
    /// The whole commit message.
    pub message: String,
}

/// Who signs a commit, and when it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Author and committer.
    pub identity: CommitPolicy,
    /// By the engine's clock.
    pub at: Timestamp,
}

/// One commit of the ledger's history.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LedgerEntry {
    /// Which.
    pub commit: CommitId,
    /// When it was made.
    pub at: Timestamp,
    /// What it did, in words.
    pub subject: String,
    /// Which instance made it, where it says so.
    pub instance: Option<String>,
}

/// A commit message of the ledger: the action in words, and its trailers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerMessage {
    /// Subject line.
    pub subject: String,
    /// Trailer lines (`Orchestrator-Op`, `Instance`, `Decision`).
    pub trailers: Vec<(String, String)>,
}

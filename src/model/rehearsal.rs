//! What a dry run shows: writes as they would be sent, word for word.
//!
//! **Guarantees**: the same values are what the real run sends; what only GitHub can give stands as `0` (an issue's
//! number) or forty zeros (a merge commit).

use super::action::{Closing, IssueText};
use super::id::{CommitId, IssueNumber, NodeId, PullNumber};
use super::request::{BranchCommit, MergeRequest};
use serde::Serialize;

/// A write to GitHub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForgeWrite {
    /// Make a label.
    CreateLabel {
        /// Its name.
        name: String,
        /// Its colour, six hexadecimal digits.
        color: String,
    },
    /// Create an issue, unassigned.
    CreateIssue(IssueText),
    /// Assign the agent.
    Assign {
        /// To which issue.
        issue: IssueNumber,
        /// By which login.
        login: String,
        /// The branch that it begins at.
        base: String,
    },
    /// Bring title and body up to date.
    Revise {
        /// Of which issue.
        issue: IssueNumber,
        /// To what.
        text: IssueText,
    },
    /// Take a pull request out of draft.
    MarkReady {
        /// Which.
        node: NodeId,
    },
    /// Merge.
    Merge(MergeRequest),
    /// Commit on a branch.
    Commit(BranchCommit),
    /// Close an issue.
    CloseIssue {
        /// Which.
        issue: IssueNumber,
        /// As what.
        closing: Closing,
    },
    /// Close a pull request unmerged.
    ClosePull(PullNumber),
    /// Delete a branch.
    DeleteBranch {
        /// Its name.
        branch: String,
        /// Where it has to stand.
        head: CommitId,
    },
    /// Write a comment.
    Comment {
        /// On which pull request.
        pull: PullNumber,
        /// Its whole text.
        text: String,
    },
    /// Take the agent off.
    Unassign {
        /// From which issue.
        issue: IssueNumber,
        /// By which login.
        login: String,
    },
    /// Merge the base into a head.
    UpdateBranch {
        /// Of which pull request.
        pull: PullNumber,
        /// Which head it must have.
        head: CommitId,
    },
    /// Approve a head.
    Approve {
        /// Of which pull request.
        pull: PullNumber,
        /// Which head.
        head: CommitId,
    },
    /// Run a workflow run.
    Rerun {
        /// Which.
        run: u64,
    },
    /// Write the description of a pull request.
    Describe {
        /// Of which.
        pull: PullNumber,
        /// The whole description.
        body: String,
    },
}

/// A request of HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The method.
    pub method: &'static str,
    /// The path below the API's address.
    pub path: String,
    /// The body, if there is one.
    pub body: Option<serde_json::Value>,
}

/// A commit and the reference it would be pushed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlannedPush {
    /// The reference.
    pub reference: String,
    /// Where it has to stand; `None` where it must not exist.
    pub expected: Option<CommitId>,
    /// The commit, as it lies in our clone; the real run's has another `Orchestrator-Op` and so another name.
    pub commit: CommitId,
    /// The whole message.
    pub message: String,
    /// The changes as git prints them.
    pub patch: String,
}

/// One write of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub enum Planned {
    /// To GitHub.
    Call(Call),
    /// To the remote, by git.
    Push(PlannedPush),
}

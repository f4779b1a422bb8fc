//! Actions: one obligation with an ordered list of effects, complete to the last character.
//!
//! **Guarantees**: an executor needs no choice; each effect names what it relies on (expected blob, head, key).

use super::action_kind::{ActionKind, StopPoint};
use super::binding::{ItemOutcome, Key};
use super::forge_facts::text_digest;
use super::id::{BlobId, CommitId, IssueNumber, NodeId, PullNumber};
use super::marker::CommentMarker;
use super::policy::MergeMethod;
use super::queue::{Folder, ItemName};
use super::trailer::Trailers;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An issue as it will be created: never assigned in the same request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueText {
    /// At most 256 characters.
    pub title: String,
    /// At most 60,000 characters; the marker is its first line.
    pub body: String,
    /// Name and colour of each label; they are made if missing.
    pub labels: Vec<(String, String)>,
}

/// How a key's story ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleFields {
    /// Whose.
    pub key: Key,
    /// The pull request that settled it.
    pub pull: Option<PullNumber>,
    /// Its merge commit; `None` with a pull request: the one this action makes.
    pub merge: Option<CommitId>,
    /// The end.
    pub outcome: ItemOutcome,
}

/// The issue that a bind names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueSource {
    /// One of our own that was found and is adopted.
    Adopted {
        /// Its number.
        number: IssueNumber,
        /// Its node id.
        node: NodeId,
        /// The numeric id of its author.
        author: u64,
    },
    /// The one that an earlier effect of this action makes.
    Created,
}

/// One change of the outside world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// The ledger's root commit; the reference must not exist.
    Baseline,
    /// Lease and intent for one create; no attempt of another instance may stand.
    Attempt {
        /// For what.
        key: Key,
    },
    /// Create the issue, unassigned, its labels in the same request.
    Create {
        /// For what.
        key: Key,
        /// Its text.
        text: IssueText,
    },
    /// Bring an issue's text up to date before the agent is sent to it.
    Revise {
        /// For what.
        key: Key,
        /// Which.
        issue: IssueNumber,
        /// Its text.
        text: IssueText,
    },
    /// Write down from which text of the queue file its issue was made; it must be bound and unsettled.
    Restate {
        /// For what.
        key: Key,
        /// The file's blob.
        blob: BlobId,
    },
    /// Bind the key to the issue and drop the attempt; the key must be unbound and no other instance at work on it.
    Bind {
        /// What.
        key: Key,
        /// The issue.
        issue: IssueSource,
        /// The queue file's blob.
        blob: Option<BlobId>,
        /// Settled in the same ledger commit.
        settles: Option<SettleFields>,
    },
    /// Assign the agent to the number the ledger binds.
    Assign {
        /// What.
        key: Key,
        /// The agent's login for requests.
        login: String,
        /// The branch it starts from.
        base: String,
    },
    /// Rename one queue file in one commit of the mainline.
    Move {
        /// Which.
        name: ItemName,
        /// From where.
        from: Folder,
        /// To where.
        to: Folder,
        /// The month's folder below `complete/`, such as `2026-11`, where that one is crowded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        month: Option<String>,
        /// Its blob, unchanged.
        blob: BlobId,
        /// Whether the subject ends in `[skip ci]`.
        skip_ci: bool,
        /// Whether GitHub makes the commit and signs it, because the mainline takes no other.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        signed: bool,
        /// Trailers; a number that this action makes is filled in.
        trailers: Trailers,
    },
    /// Take it out of draft.
    Mark {
        /// Which.
        pull: PullNumber,
        /// Its node id.
        node: NodeId,
        /// The head that was judged.
        head: CommitId,
    },
    /// Merge it at the head that was judged.
    Merge {
        /// Which.
        pull: PullNumber,
        /// The head that was judged.
        head: CommitId,
        /// How.
        method: MergeMethod,
        /// Commit title.
        title: String,
        /// Commit message.
        message: String,
    },
    /// Write the end of a binding's story; it must be unsettled.
    Settle {
        /// What is written.
        fields: SettleFields,
    },
    /// Close it unmerged.
    ClosePull {
        /// Which.
        pull: PullNumber,
    },
    /// Close it as completed.
    CloseIssue {
        /// Which.
        issue: IssueNumber,
    },
    /// Close, as not planned, an issue of ours that nothing is bound to.
    CloseDuplicate {
        /// Which.
        issue: IssueNumber,
        /// The one that is bound instead, if any.
        of: Option<IssueNumber>,
    },
    /// Delete the agent's branch, still at the commit that was judged.
    DeleteBranch {
        /// Which.
        branch: String,
        /// Its tip.
        head: CommitId,
    },
    /// Write a comment on a pull request, unless one of ours with this marker is there.
    Comment {
        /// On which.
        pull: PullNumber,
        /// What it is for.
        about: CommentMarker,
        /// The whole text; the marker is its first line.
        text: String,
    },
    /// Write down that the agent is sent once more; it must be bound, unsettled and not sent again before.
    Redispatch {
        /// What.
        key: Key,
        /// After which assignment, by GitHub's clock.
        since: Timestamp,
    },
    /// Take the agent off the issue that the ledger binds.
    Unassign {
        /// What.
        key: Key,
        /// The agent's login for requests.
        login: String,
    },
    /// Merge the base into the head that was judged.
    UpdateBranch {
        /// Of which pull request.
        pull: PullNumber,
        /// The head that was judged.
        head: CommitId,
    },
    /// Approve the head that was judged.
    Approve {
        /// Of which pull request.
        pull: PullNumber,
        /// The head that was judged.
        head: CommitId,
    },
    /// Run a workflow run that waits for approval.
    Rerun {
        /// Of which pull request.
        pull: PullNumber,
        /// At which head.
        head: CommitId,
        /// Which.
        run: u64,
    },
    /// Say in the description of a pull request that it closes the issue.
    Link {
        /// Of which.
        pull: PullNumber,
        /// Which issue.
        issue: IssueNumber,
        /// [`text_digest`] of the description that was judged, without a title.
        digest: String,
        /// The whole new description.
        body: String,
    },
}

impl Effect {
    /// Its name.
    pub const fn stop_point(&self) -> StopPoint {
        match self {
            Self::Baseline => StopPoint::Baseline,
            Self::Attempt { .. } => StopPoint::Attempt,
            Self::Create { .. } => StopPoint::Create,
            Self::Revise { .. } => StopPoint::Revise,
            Self::Restate { .. } => StopPoint::Restate,
            Self::Bind { .. } => StopPoint::Bind,
            Self::Assign { .. } => StopPoint::Assign,
            Self::Move { .. } => StopPoint::Move,
            Self::Mark { .. } => StopPoint::Mark,
            Self::Merge { .. } => StopPoint::Merge,
            Self::Settle { .. } => StopPoint::Settle,
            Self::ClosePull { .. } => StopPoint::ClosePull,
            Self::CloseIssue { .. } => StopPoint::CloseIssue,
            Self::CloseDuplicate { .. } => StopPoint::CloseDuplicate,
            Self::DeleteBranch { .. } => StopPoint::DeleteBranch,
            Self::Comment { .. } => StopPoint::Comment,
            Self::Redispatch { .. } => StopPoint::Redispatch,
            Self::Unassign { .. } => StopPoint::Unassign,
            Self::UpdateBranch { .. } => StopPoint::UpdateBranch,
            Self::Approve { .. } => StopPoint::Approve,
            Self::Rerun { .. } => StopPoint::Rerun,
            Self::Link { .. } => StopPoint::Link,
        }
    }

    /// Stable name of effect and object, by which a refusal is remembered.
    pub fn object(&self) -> String {
        let name = self.stop_point().name();
        match self {
            Self::Baseline => name.to_owned(),
            Self::Attempt { key }
            | Self::Restate { key, .. }
            | Self::Create { key, .. }
            | Self::Bind { key, .. }
            | Self::Redispatch { key, .. }
            | Self::Unassign { key, .. }
            | Self::Assign { key, .. } => {
                format!("{name} {}", key.path())
            }
            Self::Move { name: item, to, signed, .. } => Self::move_object(item, *to, *signed),
            Self::Mark { pull, head, .. }
            | Self::UpdateBranch { pull, head }
            | Self::Approve { pull, head }
            | Self::Merge { pull, head, .. } => format!("{name} {pull} {head}"),
            Self::Comment { about, .. } => format!("{name} {about}"),
            Self::Rerun { run, .. } => format!("{name} {run}"),
            Self::Link { pull, issue, .. } => format!("{name} {pull} {issue}"),
            Self::Settle { fields } => format!("{name} {}", fields.key.path()),
            Self::ClosePull { pull } => format!("{name} {pull}"),
            Self::CloseIssue { issue } | Self::CloseDuplicate { issue, .. } | Self::Revise { issue, .. } => {
                format!("{name} {issue}")
            }
            Self::DeleteBranch { branch, .. } => Self::branch_object(branch),
        }
    }

    /// [`Effect::object`] of a move. A signed one is another: that the push was refused says nothing of it.
    pub fn move_object(item: &ItemName, to: Folder, signed: bool) -> String {
        let signed = if signed { ", signed" } else { "" };
        format!("move {item} to {to}{signed}")
    }

    /// [`Effect::object`] of a branch deletion.
    pub fn branch_object(branch: &str) -> String {
        format!("delete-branch {branch}")
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Baseline => f.write_str("begin the ledger"),
            Self::Attempt { key } => write!(f, "write down the attempt for {key}"),
            Self::Create { text, .. } => write!(f, "create the issue \"{}\"", text.title),
            Self::Restate { key, blob } => write!(f, "write down that {key} says what {} says", blob.short()),
            Self::Revise { issue, .. } => write!(f, "bring the text of {issue} up to date"),
            Self::Bind { key, issue, settles, .. } => {
                match issue {
                    IssueSource::Created => write!(f, "bind {key} to it")?,
                    IssueSource::Adopted { number, .. } => write!(f, "bind {key} to {number}")?,
                }
                match settles {
                    Some(fields) => write!(f, ", settle {} as {}", fields.key, fields.outcome),
                    None => Ok(()),
                }
            }
            Self::Assign { login, .. } => write!(f, "assign {login}"),
            Self::Move { name, from, to, month, signed, .. } => {
                write!(f, "move {name} from {from}/ to {to}/")?;
                if let Some(month) = month {
                    write!(f, "{month}/")?;
                }
                if *signed { f.write_str(" by a commit that GitHub signs") } else { Ok(()) }
            }
            Self::Mark { pull, .. } => write!(f, "mark {pull} ready for review"),
            Self::Merge { pull, head, method, .. } => write!(f, "{}-merge {pull} at {}", method.word(), head.short()),
            Self::Settle { fields } => write!(f, "settle {} as {}", fields.key, fields.outcome),
            Self::ClosePull { pull } => write!(f, "close {pull}"),
            Self::CloseIssue { issue } => write!(f, "close {issue} as completed"),
            Self::CloseDuplicate { issue, of: Some(other) } => write!(f, "close {issue}, a duplicate of {other}"),
            Self::CloseDuplicate { issue, of: None } => write!(f, "close {issue}, which nothing needs any more"),
            Self::DeleteBranch { branch, .. } => write!(f, "delete the branch {branch}"),
            Self::Comment { pull, about: CommentMarker::Nudge { .. }, .. } => {
                write!(f, "ask the agent on {pull} to go on")
            }
            Self::Comment { pull, about: CommentMarker::Feedback { head, .. }, .. } => {
                write!(f, "send {pull} back to the agent at {}", head.short())
            }
            Self::Comment { pull, about: CommentMarker::Link { .. }, .. } => {
                write!(f, "say on {pull} that it is linked")
            }
            Self::Redispatch { key, .. } => write!(f, "write down that the agent is sent to {key} once more"),
            Self::Unassign { login, .. } => write!(f, "unassign {login}"),
            Self::UpdateBranch { pull, head } => write!(f, "merge the base into {pull} at {}", head.short()),
            Self::Approve { pull, head } => write!(f, "approve {pull} at {}", head.short()),
            Self::Rerun { pull, run, .. } => {
                write!(f, "run the workflow run {run} of {pull}, which waits for approval")
            }
            Self::Link { pull, issue, .. } => write!(f, "say in {pull} that it closes {issue}"),
        }
    }
}

impl IssueText {
    /// [`text_digest`] of it.
    pub fn digest(&self) -> String {
        text_digest(&self.title, &self.body)
    }
}

/// As what an issue is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Its work is done.
    Completed,
    /// It will not be done here.
    NotPlanned,
}

/// One obligation, completely planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What kind.
    pub kind: ActionKind,
    /// Whose, where it is somebody's.
    pub key: Option<Key>,
    /// What is left to do, in order.
    pub effects: Vec<Effect>,
}

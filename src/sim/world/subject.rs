//! What has a number: issues and pull requests, their conversation and their history.
//!
//! Needs [`super::account`]. Pure data: how it changes is in `issue.rs`, `pull.rs` and `review.rs`. A pull request *is*
//! an issue with more, as on GitHub, so numbers, labels, comments and events are shared.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::account::AccountId;

/// An issue or a pull request.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The number, shared by issues and pull requests.
    pub number: u64,
    /// The database id (of the issue, for a pull request too).
    pub id: u64,
    /// The global node id.
    pub node_id: String,
    /// Title.
    pub title: String,
    /// Body as written.
    pub body: String,
    /// Who opened it.
    pub author: AccountId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
    /// When it was closed or merged, if it is.
    pub closed_at: Option<Timestamp>,
    /// Who closed it, if it is closed.
    pub closed_by: Option<AccountId>,
    /// Why it has its state.
    pub reason: Option<StateReason>,
    /// Label ids in the order they were put on.
    pub labels: Vec<u64>,
    /// Who is assigned, bots included.
    pub assignees: Vec<AccountId>,
    /// The conversation.
    pub comments: Vec<Comment>,
    /// The history, oldest first.
    pub events: Vec<Event>,
    /// What only a pull request has.
    pub pull: Option<Pull>,
}

impl Subject {
    /// Neither closed nor merged.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

/// Why an issue is closed, or open again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateReason {
    /// Done.
    Completed,
    /// Will not be done.
    NotPlanned,
    /// The same as another.
    Duplicate,
    /// Was closed once.
    Reopened,
}

impl StateReason {
    /// The REST name.
    pub fn name(self) -> &'static str {
        match self {
            StateReason::Completed => "completed",
            StateReason::NotPlanned => "not_planned",
            StateReason::Duplicate => "duplicate",
            StateReason::Reopened => "reopened",
        }
    }

    /// Reads the REST name.
    pub fn parse(name: &str) -> Option<StateReason> {
        match name {
            "completed" => Some(StateReason::Completed),
            "not_planned" => Some(StateReason::NotPlanned),
            "duplicate" => Some(StateReason::Duplicate),
            "reopened" => Some(StateReason::Reopened),
            _ => None,
        }
    }
}

/// One comment of the conversation.
#[derive(Clone, Debug)]
pub struct Comment {
    /// The database id.
    pub id: u64,
    /// Who wrote it.
    pub author: AccountId,
    /// What was written.
    pub body: String,
    /// When.
    pub created_at: Timestamp,
    /// Whether somebody hid it.
    pub minimized: bool,
}

/// One entry of the history. Ids grow with time over all subjects, so they order events of the same second.
#[derive(Clone, Debug)]
pub struct Event {
    /// The database id.
    pub id: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Who did it.
    pub actor: AccountId,
    /// What happened.
    pub what: What,
}

/// What can happen to an issue or a pull request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Somebody was assigned.
    Assigned(AccountId),
    /// Somebody was unassigned.
    Unassigned(AccountId),
    /// A label was put on (its id).
    Labeled(u64),
    /// A label was taken off (its id).
    Unlabeled(u64),
    /// It was closed, perhaps by merging a pull request (its number).
    Closed {
        /// The reason given, for an issue.
        reason: Option<StateReason>,
        /// The pull request whose merge closed it.
        closer: Option<u64>,
    },
    /// It was opened again.
    Reopened,
    /// The title changed.
    Renamed {
        /// The title before.
        from: String,
        /// The title after.
        to: String,
    },
    /// Another subject (its number) mentions this one.
    CrossReferenced(u64),
    /// A person linked this issue and a pull request (its number) by hand.
    Connected(u64),
    /// A person removed such a link.
    Disconnected(u64),
    /// A commit arrived on the head branch.
    Committed(String),
    /// The head branch was pushed to without containing what it had.
    ForcePushed,
    /// A review was asked for.
    ReviewRequested(AccountId),
    /// It is not asked for any more.
    ReviewRequestRemoved(AccountId),
    /// The draft became ready.
    ReadyForReview,
    /// It became a draft.
    ConvertedToDraft,
    /// It was merged as this commit.
    Merged(String),
    /// Its head branch is gone.
    HeadRefDeleted,
    /// The agent began a session. This and the next two exist in REST only.
    AgentStarted,
    /// The agent's session ended normally.
    AgentFinished,
    /// The agent's session broke off, with its message.
    AgentFailed(String),
    /// The review bot began, which REST tells by the same word as the agent's, by another app.
    ReviewStarted,
}

/// What a pull request has beyond an issue.
#[derive(Clone, Debug)]
pub struct Pull {
    /// The database id of the pull request (another number than the issue's).
    pub id: u64,
    /// The branch it goes into.
    pub base: String,
    /// The last known tip of that branch.
    pub base_oid: String,
    /// The branch it comes from.
    pub head: String,
    /// The last known tip of that branch; it stays when the branch is deleted.
    pub head_oid: String,
    /// Where the head branch lives, if not in this repository: `owner/name` of the fork.
    pub fork: Option<String>,
    /// Whether it is a draft.
    pub draft: bool,
    /// How and when it was merged.
    pub merged: Option<Merge>,
    /// Whether it could be merged, as far as that is computed.
    pub mergeability: Mergeability,
    /// What git says about head against base.
    pub diff: Diff,
    /// Whose review is asked for.
    pub requested: Vec<AccountId>,
    /// Reviews, oldest first.
    pub reviews: Vec<Review>,
    /// Review threads, oldest first.
    pub threads: Vec<ReviewThread>,
    /// Issues that a closing keyword of the body names.
    pub closes: BTreeSet<u64>,
    /// Issues that a person linked by hand.
    pub linked: BTreeSet<u64>,
}

/// How a pull request was merged.
#[derive(Clone, Debug)]
pub struct Merge {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: AccountId,
    /// As which commit of the base branch.
    pub oid: String,
}

/// The answer of the background job that tries the merge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mergeability {
    /// Not computed since the last push to head or base.
    Unknown,
    /// No conflict.
    Mergeable,
    /// A conflict.
    Conflicting,
}

/// What git says about a pull request's head against its base.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Diff {
    /// The changed files, against the merge base.
    pub files: Vec<String>,
    /// Added lines.
    pub additions: u64,
    /// Deleted lines.
    pub deletions: u64,
    /// Commits of the head that the base lacks, oldest first.
    pub commits: Vec<String>,
    /// Whether the base has commits that the head lacks.
    pub behind: bool,
}

/// A submitted review.
#[derive(Clone, Debug)]
pub struct Review {
    /// The database id.
    pub id: u64,
    /// Who reviewed.
    pub author: AccountId,
    /// The verdict.
    pub state: ReviewState,
    /// The summary.
    pub body: String,
    /// The head that was reviewed.
    pub commit: String,
    /// When.
    pub at: Timestamp,
}

/// The verdict of a review.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReviewState {
    /// Agreed.
    Approved,
    /// Not before changes.
    ChangesRequested,
    /// Neither.
    Commented,
    /// A verdict that was taken back.
    Dismissed,
}

impl ReviewState {
    /// GitHub's name, the same in REST and GraphQL.
    pub fn name(self) -> &'static str {
        match self {
            ReviewState::Approved => "APPROVED",
            ReviewState::ChangesRequested => "CHANGES_REQUESTED",
            ReviewState::Commented => "COMMENTED",
            ReviewState::Dismissed => "DISMISSED",
        }
    }
}

/// A discussion at a line of the diff.
#[derive(Clone, Debug)]
pub struct ReviewThread {
    /// The database id.
    pub id: u64,
    /// The file it is about.
    pub path: String,
    /// Whether somebody declared it settled.
    pub resolved: bool,
    /// The head at which it began; outdated once the head moved.
    pub commit: String,
    /// Its comments, never empty.
    pub comments: Vec<Comment>,
}

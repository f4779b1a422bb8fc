//! Kinds of actions and the effects that each may have.
//!
//! **Guarantees**: the table of actions and effects ([`ActionKind::effects`]) is the list of stop points; each is met by a
//! story in which a process is killed there.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of obligation an action meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// The ledger's root commit.
    Baseline,
    /// Ask for a gap analysis.
    AskGap,
    /// Give a queue item out.
    Promote,
    /// Take a finished pull request out of draft.
    MarkReady,
    /// Merge a gap or capability pull request.
    MergePlanning,
    /// Merge a development pull request.
    MergeDevelopment,
    /// Settle a merged item and ask for its capability update.
    Complete,
    /// End a planning pull request that changes nothing.
    CloseEmpty,
    /// Obey a person who closed an issue.
    Drop,
    /// Close an unbound duplicate of our own.
    Sweep,
    /// Take over what a predecessor, or a lost ledger, left behind; only on a person's word.
    Adopt,
    /// Say something to the agent: to go on, or what is wrong with its head.
    Nudge,
    /// Send the agent once more to an issue that it never began.
    Redispatch,
    /// Merge the base into a head that is behind it.
    UpdateBranch,
    /// Approve a head.
    Approve,
    /// Run a workflow that waits for approval.
    Rerun,
    /// Link a pull request to the issue that it answers.
    Link,
}

/// The name of an effect, without what it works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopPoint {
    /// Root commit of the ledger.
    Baseline,
    /// Lease and intent.
    Attempt,
    /// The issue.
    Create,
    /// The text of an issue that is not given out yet.
    Revise,
    /// Which text that is, into the ledger.
    Restate,
    /// Key → number.
    Bind,
    /// The agent.
    Assign,
    /// The queue file.
    Move,
    /// Out of draft.
    Mark,
    /// The merge.
    Merge,
    /// Outcome into the ledger.
    Settle,
    /// The pull request, unmerged.
    ClosePull,
    /// The issue.
    CloseIssue,
    /// An issue that nothing is bound to.
    CloseDuplicate,
    /// The agent's branch.
    DeleteBranch,
    /// A comment on a pull request.
    Comment,
    /// That the agent is sent once more, into the ledger.
    Redispatch,
    /// The agent, off the issue.
    Unassign,
    /// The head, brought up to date.
    UpdateBranch,
    /// A review that approves.
    Approve,
    /// A workflow run.
    Rerun,
    /// The description of a pull request.
    Link,
}

impl ActionKind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Baseline,
        Self::AskGap,
        Self::Promote,
        Self::MarkReady,
        Self::MergePlanning,
        Self::MergeDevelopment,
        Self::Complete,
        Self::CloseEmpty,
        Self::Drop,
        Self::Sweep,
        Self::Adopt,
        Self::Nudge,
        Self::Redispatch,
        Self::UpdateBranch,
        Self::Approve,
        Self::Rerun,
        Self::Link,
    ];

    /// The effects that an action of this kind may have, in order.
    pub const fn effects(self) -> &'static [StopPoint] {
        use StopPoint::{
            Approve, Assign, Attempt, Baseline, Bind, CloseDuplicate, CloseIssue, ClosePull, Comment, Create,
            DeleteBranch, Link, Mark, Merge, Move, Redispatch, Rerun, Restate, Revise, Settle, Unassign, UpdateBranch,
        };
        match self {
            Self::Baseline => &[Baseline],
            Self::AskGap => &[Attempt, Create, Revise, Bind, Assign],
            Self::Promote => &[Attempt, Create, Revise, Restate, Bind, Assign, Move],
            Self::MarkReady => &[Mark],
            Self::MergePlanning => &[Merge, Settle, CloseIssue, DeleteBranch],
            Self::MergeDevelopment => &[Merge, CloseIssue, DeleteBranch],
            Self::Complete => &[Attempt, Create, Revise, Bind, Settle, Assign, Move],
            Self::CloseEmpty => &[Settle, ClosePull, CloseIssue, DeleteBranch],
            Self::Drop => &[Settle, CloseIssue, Move],
            Self::Sweep => &[CloseDuplicate],
            Self::Adopt => &[Revise, Bind, Settle, Move],
            Self::Nudge => &[Comment],
            Self::Redispatch => &[Redispatch, Unassign, Assign],
            Self::UpdateBranch => &[UpdateBranch],
            Self::Approve => &[Approve],
            Self::Rerun => &[Rerun],
            Self::Link => &[Comment, Link],
        }
    }

    /// Its name in commands, logs and stop points.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::AskGap => "ask-gap",
            Self::Promote => "promote",
            Self::MarkReady => "mark-ready",
            Self::MergePlanning => "merge-planning",
            Self::MergeDevelopment => "merge-development",
            Self::Complete => "complete",
            Self::CloseEmpty => "close-empty",
            Self::Drop => "drop",
            Self::Sweep => "sweep",
            Self::Adopt => "adopt",
            Self::Nudge => "nudge",
            Self::Redispatch => "redispatch",
            Self::UpdateBranch => "update-branch",
            Self::Approve => "approve",
            Self::Rerun => "rerun",
            Self::Link => "link",
        }
    }
}

impl StopPoint {
    /// Its name in commands, logs and stop points.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Attempt => "attempt",
            Self::Create => "create",
            Self::Revise => "revise",
            Self::Restate => "restate",
            Self::Bind => "bind",
            Self::Assign => "assign",
            Self::Move => "move",
            Self::Mark => "mark",
            Self::Merge => "merge",
            Self::Settle => "settle",
            Self::ClosePull => "close-pull",
            Self::CloseIssue => "close-issue",
            Self::CloseDuplicate => "close-duplicate",
            Self::DeleteBranch => "delete-branch",
            Self::Comment => "comment",
            Self::Redispatch => "redispatch",
            Self::Unassign => "unassign",
            Self::UpdateBranch => "update-branch",
            Self::Approve => "approve",
            Self::Rerun => "rerun",
            Self::Link => "link",
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for StopPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

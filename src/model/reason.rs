//! What requests are for, and which of GitHub's budgets they are taken from.
//!
//! **Guarantees**: every request of the client has a reason, and every write the one of its kind, which the compiler checks.

use super::rehearsal::ForgeWrite;
use serde::{Deserialize, Serialize};

/// A budget that GitHub keeps for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// REST.
    Core,
    /// GraphQL.
    GraphQl,
}

impl Resource {
    /// GitHub's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::GraphQl => "graphql",
        }
    }
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A look.
    Observe,
    /// Linked pull requests that did not fit into a look.
    LinkedPages,
    /// The agent's lifecycle events.
    Timeline,
    /// The agent's pull requests, open or not.
    AgentPulls,
    /// Our issues, before one is created.
    OwnIssues,
    /// One issue.
    Issue,
    /// The lists beyond their first page.
    Lists,
    /// The checks of a head, one by one.
    Checks,
    /// What a branch requires, and runs that wait for approval.
    Rules,
    /// Our own comments on a pull request.
    Comments,
    /// The description of a pull request.
    Description,
    /// What is said about a pull request.
    Discussion,
    /// Whether an account may write.
    Permission,
    /// Which labels there are.
    Labels,
    /// How a thing stands right before or after it is written.
    Probe,
    /// What only `doctor` and `init` ask.
    Checkup,
    /// Whether the agent can be assigned.
    Assignable,
    /// A label.
    CreateLabel,
    /// An issue.
    CreateIssue,
    /// An assignment.
    Assign,
    /// An issue's text.
    Revise,
    /// Out of draft.
    MarkReady,
    /// A commit of GitHub's.
    Commit,
    /// A merge.
    Merge,
    /// Closing an issue.
    CloseIssue,
    /// Closing a pull request.
    ClosePull,
    /// Deleting a branch.
    DeleteBranch,
    /// A comment.
    Comment,
    /// The agent, off an issue.
    Unassign,
    /// A head, brought up to date.
    UpdateBranch,
    /// An approval.
    Approve,
    /// A workflow run.
    Rerun,
    /// The description of a pull request, replaced.
    Describe,
    /// git: where references stand.
    GitList,
    /// git: fetching.
    GitFetch,
    /// git: pushing.
    GitPush,
}

impl Reason {
    /// What a write is for.
    pub const fn of(write: &ForgeWrite) -> Self {
        match write {
            ForgeWrite::CreateLabel { .. } => Self::CreateLabel,
            ForgeWrite::CreateIssue(_) => Self::CreateIssue,
            ForgeWrite::Assign { .. } => Self::Assign,
            ForgeWrite::Revise { .. } => Self::Revise,
            ForgeWrite::MarkReady { .. } => Self::MarkReady,
            ForgeWrite::Commit(_) => Self::Commit,
            ForgeWrite::Merge(_) => Self::Merge,
            ForgeWrite::CloseIssue { .. } => Self::CloseIssue,
            ForgeWrite::ClosePull(_) => Self::ClosePull,
            ForgeWrite::DeleteBranch { .. } => Self::DeleteBranch,
            ForgeWrite::Comment { .. } => Self::Comment,
            ForgeWrite::Unassign { .. } => Self::Unassign,
            ForgeWrite::UpdateBranch { .. } => Self::UpdateBranch,
            ForgeWrite::Approve { .. } => Self::Approve,
            ForgeWrite::Rerun { .. } => Self::Rerun,
            ForgeWrite::Describe { .. } => Self::Describe,
        }
    }

    /// Which budget it is taken from; git has none.
    pub const fn resource(self) -> Option<Resource> {
        match self {
            Self::Observe
            | Self::LinkedPages
            | Self::Lists
            | Self::Checks
            | Self::Assignable
            | Self::MarkReady
            | Self::DeleteBranch
            | Self::Commit => Some(Resource::GraphQl),
            Self::Timeline
            | Self::AgentPulls
            | Self::Rules
            | Self::Comments
            | Self::Description
            | Self::Comment
            | Self::Unassign
            | Self::UpdateBranch
            | Self::Approve
            | Self::Rerun
            | Self::Describe
            | Self::OwnIssues
            | Self::Issue
            | Self::Discussion
            | Self::Permission
            | Self::Labels
            | Self::Probe
            | Self::Checkup
            | Self::CreateLabel
            | Self::CreateIssue
            | Self::Assign
            | Self::Revise
            | Self::Merge
            | Self::CloseIssue
            | Self::ClosePull => Some(Resource::Core),
            Self::GitList | Self::GitFetch | Self::GitPush => None,
        }
    }

    /// Whether it changes something at GitHub.
    pub const fn writes(self) -> bool {
        match self {
            Self::Comment
            | Self::Unassign
            | Self::UpdateBranch
            | Self::Approve
            | Self::Rerun
            | Self::Describe
            | Self::Commit
            | Self::CreateLabel
            | Self::CreateIssue
            | Self::Assign
            | Self::Revise
            | Self::MarkReady
            | Self::Merge
            | Self::CloseIssue
            | Self::ClosePull
            | Self::DeleteBranch
            | Self::GitPush => true,
            Self::Observe
            | Self::LinkedPages
            | Self::Lists
            | Self::Checks
            | Self::Rules
            | Self::Comments
            | Self::Description
            | Self::Timeline
            | Self::AgentPulls
            | Self::OwnIssues
            | Self::Issue
            | Self::Discussion
            | Self::Permission
            | Self::Labels
            | Self::Probe
            | Self::Checkup
            | Self::Assignable
            | Self::GitList
            | Self::GitFetch => false,
        }
    }

    /// Whether GitHub counts it as the creation of content, which has limits of its own.
    pub const fn creates(self) -> bool {
        matches!(self, Self::CreateLabel | Self::CreateIssue | Self::Comment | Self::Approve)
    }

    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Observe => "look",
            Self::LinkedPages => "more linked pull requests",
            Self::Timeline => "the agent's events",
            Self::AgentPulls => "the agent's pull requests",
            Self::OwnIssues => "our issues",
            Self::Issue => "one issue",
            Self::Lists => "the rest of the lists",
            Self::Checks => "checks",
            Self::Rules => "rules and runs",
            Self::Comments => "our comments",
            Self::Description => "a description",
            Self::Comment => "comment",
            Self::Unassign => "unassign",
            Self::UpdateBranch => "update a branch",
            Self::Approve => "approve",
            Self::Rerun => "run a workflow",
            Self::Describe => "describe a pull request",
            Self::Discussion => "a discussion",
            Self::Permission => "a permission",
            Self::Labels => "labels",
            Self::Probe => "before and after a write",
            Self::Checkup => "checkup",
            Self::Assignable => "who can be assigned",
            Self::CreateLabel => "create a label",
            Self::CreateIssue => "create an issue",
            Self::Assign => "assign",
            Self::Revise => "revise an issue",
            Self::MarkReady => "mark ready",
            Self::Commit => "commit by GitHub",
            Self::Merge => "merge",
            Self::CloseIssue => "close an issue",
            Self::ClosePull => "close a pull request",
            Self::DeleteBranch => "delete a branch",
            Self::GitList => "git ls-remote",
            Self::GitFetch => "git fetch",
            Self::GitPush => "git push",
        }
    }
}

//! What was read from GitHub: the facts that exist nowhere else.
//!
//! **Guarantees**: accounts are compared by numeric id, never by login (one agent has three logins). A value GitHub may
//! add later is kept as "unknown", which never merges anything.

use super::id::{CommitId, IssueNumber, NodeId, PullNumber, RepositoryName};
use super::marker::{CommentMarker, Marker};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An account. The login is for people; the numeric id decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountId {
    /// The numeric id; 0 where GitHub gave none (a deleted account).
    pub id: u64,
    /// What to call it.
    pub login: String,
}

impl AccountId {
    /// GitHub's Copilot coding agent. One account, three logins: `copilot-swe-agent[bot]` in requests,
    /// `copilot-swe-agent` in GraphQL, `Copilot` in REST (seen in both APIs; the review bot is called `Copilot` too).
    pub const COPILOT_AGENT: u64 = 198_982_749;

    /// Whether this is the coding agent, by its numeric id.
    pub const fn is_agent(&self) -> bool {
        self.id == Self::COPILOT_AGENT
    }
}

/// Whether an issue is open, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueState {
    /// Open.
    Open,
    /// Closed as completed (also where GitHub names no reason).
    Completed,
    /// Closed as not planned or as a duplicate.
    NotPlanned,
}

/// One assignment or unassignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// When.
    pub at: Timestamp,
    /// Who did it.
    pub actor: AccountId,
    /// Who was assigned or unassigned.
    pub assignee: AccountId,
    /// `true` for an assignment.
    pub assigned: bool,
}

/// The state of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullState {
    /// Open, a draft included.
    Open,
    /// Closed without being merged.
    Closed,
    /// Merged.
    Merged,
}

/// `mergeable`: whether a merge would conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mergeable {
    /// It would not.
    Yes,
    /// It would.
    Conflicting,
    /// GitHub is still computing it; asking started the job.
    Unknown,
}

/// `mergeStateStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// Nothing stands in the way.
    Clean,
    /// Clean, with hooks (GitHub Enterprise Server).
    HasHooks,
    /// A check that is not required is not green.
    Unstable,
    /// A rule is not met.
    Blocked,
    /// The head must be brought up to date first.
    Behind,
    /// A conflict.
    Dirty,
    /// A draft.
    Draft,
    /// Still being computed, or a value this version doesn't know.
    Unknown,
}

/// The rolled-up checks of the head commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// No check and no status was ever reported on the head.
    None,
    /// Something is still running.
    Pending,
    /// A required check has not reported.
    Expected,
    /// All green.
    Success,
    /// Something failed.
    Failure,
    /// The token may not read them.
    Unreadable,
}

/// Whether the base branch is merged into through a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeQueue {
    /// It is not.
    #[default]
    None,
    /// It is, and the pull request is not in it.
    Required,
    /// The pull request is in it.
    Queued,
}

/// The latest opinionated review of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewVerdict {
    /// Whose.
    pub author: AccountId,
    /// Whether changes are requested (otherwise approved or dismissed).
    pub changes_requested: bool,
    /// Whether it approves.
    #[serde(default)]
    pub approved: bool,
    /// Whether that person may push; on a public repository anybody may review.
    #[serde(default = "yes")]
    pub may_push: bool,
    /// The commit that was looked at.
    #[serde(default)]
    pub commit: Option<CommitId>,
}

/// What observations of earlier versions say by not saying it.
const fn yes() -> bool {
    true
}

/// A pull request that is linked to a bound issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullFacts {
    /// Its number.
    pub number: PullNumber,
    /// Its node id.
    pub node: NodeId,
    /// Its title.
    pub title: String,
    /// Open, closed or merged.
    pub state: PullState,
    /// Whether it is a draft.
    pub draft: bool,
    /// Who opened it.
    pub author: AccountId,
    /// The branch it would go into.
    pub base: String,
    /// The branch it comes from.
    pub head_branch: String,
    /// The commit it stands at.
    pub head: CommitId,
    /// Where its branch stands now; `None` once it is deleted.
    pub branch_tip: Option<CommitId>,
    /// Whether the branch is in another repository.
    pub cross_repository: bool,
    /// How many files it changes, as GitHub counts.
    pub changed_files: u64,
    /// Lines added and deleted together, as GitHub counts.
    #[serde(default)]
    pub changed_lines: u64,
    /// Whether a merge would conflict.
    pub mergeable: Mergeable,
    /// What stands in the way.
    pub merge_state: MergeState,
    /// A review by somebody other than a review bot is requested, or was.
    pub review_requested: bool,
    /// Latest opinionated reviews.
    pub reviews: Vec<ReviewVerdict>,
    /// A rule requires a review that is missing.
    pub review_required: bool,
    /// Checks of the head.
    pub checks: CheckState,
    /// When the head was committed; `None` where the branch is gone.
    pub head_committed: Option<Timestamp>,
    /// Issues that merging it closes.
    pub closes: Vec<IssueNumber>,
    /// Its labels.
    pub labels: Vec<String>,
    /// When it was merged, into what commit.
    pub merged: Option<(Timestamp, CommitId)>,
    /// Who closed it last, where it is closed and not merged.
    pub closed_by: Option<AccountId>,
    /// When it was opened.
    pub created: Timestamp,
    /// When anything of it changed last; `None` where that was not asked.
    #[serde(default)]
    pub updated: Option<Timestamp>,
    /// Whether it has to go through a queue.
    #[serde(default)]
    pub queue: MergeQueue,
}

/// The agent's pull requests among the newest of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPulls {
    /// Newest first.
    pub pulls: Vec<Candidate>,
    /// Where there are more than were read: when the oldest of those was opened.
    pub reach: Option<Timestamp>,
}

/// A pull request that has to do with an issue and would not close it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its number.
    pub number: PullNumber,
    /// Its title.
    pub title: String,
    /// Who opened it.
    pub author: AccountId,
    /// The branch it comes from.
    pub head_branch: String,
    /// Whether that is in another repository.
    pub cross_repository: bool,
    /// The branch it would go into.
    pub base: String,
    /// Open, closed or merged.
    pub state: PullState,
    /// When it was opened.
    pub created: Timestamp,
    /// How GitHub connects the two.
    pub signal: Signal,
}

/// See [`Candidate`]; the strongest that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Somebody had linked them by hand and took the link away.
    Disconnected,
    /// The agent opened it after the assignment, and nothing else is known.
    Opened,
    /// It mentions the issue.
    Mentioned,
    /// Somebody linked them by hand.
    Connected,
}

/// An issue that a binding names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundIssue {
    /// Its number.
    pub number: IssueNumber,
    /// Its title.
    pub title: String,
    /// Open or closed, and why.
    pub state: IssueState,
    /// Open again after it was closed, which only a person does.
    #[serde(default)]
    pub reopened: bool,
    /// Who closed it last, where it is closed.
    pub closed_by: Option<AccountId>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who is assigned now.
    pub assignees: Vec<AccountId>,
    /// Assignments and unassignments, oldest first, the newest hundred.
    pub assignments: Vec<Assignment>,
    /// Linked pull requests, closed and merged ones included, by number.
    pub pulls: Vec<PullFacts>,
    /// Others that have to do with it, by number.
    #[serde(default)]
    pub candidates: Vec<Candidate>,
    /// What GitHub did not tell of it in this look, and why: nothing is decided about it then.
    #[serde(default)]
    pub unread: Option<String>,
}

/// An issue as a list shows it, for discovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedIssue {
    /// Its number.
    pub number: IssueNumber,
    /// Its node id.
    pub node: NodeId,
    /// Its title.
    pub title: String,
    /// Who opened it.
    pub author: AccountId,
    /// Its labels.
    pub labels: Vec<String>,
    /// The marker of its body, if any.
    pub marker: Option<Marker>,
    /// Whether that marker is the first line, where we write it; a predecessor appended its own.
    #[serde(default)]
    pub leads: bool,
    /// Whether it is open.
    pub open: bool,
    /// What only a read of the issue itself, or of REST's lists, tells.
    #[serde(default)]
    pub detail: Option<IssueDetail>,
}

/// See [`ListedIssue::detail`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueDetail {
    /// How many comments it has.
    pub comments: u64,
    /// Open again after it was closed, which only a person does.
    #[serde(default)]
    pub reopened: bool,
    /// Who is assigned.
    pub assignees: Vec<AccountId>,
    /// [`text_digest`] of title and body.
    pub digest: String,
    /// Title or body would have the loop feed itself.
    #[serde(default)]
    pub unsafe_text: bool,
}

/// A short, stable name of an issue's title and body, by which an outdated text is recognised. Line ends and white space at
/// the end don't count, for GitHub may change them.
pub fn text_digest(title: &str, body: &str) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for line in std::iter::once(title).chain(body.lines()) {
        hash.update(line.trim_end().as_bytes());
        hash.update(b"\n");
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// An open pull request of a list, for discovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedPull {
    /// Its number.
    pub number: PullNumber,
    /// Its title.
    pub title: String,
    /// Who opened it.
    pub author: AccountId,
    /// The branch it comes from.
    pub head_branch: String,
    /// When it was opened; `None` where that was not asked.
    #[serde(default)]
    pub created: Option<Timestamp>,
    /// Whether that branch is in another repository.
    #[serde(default)]
    pub cross_repository: bool,
    /// The branch it would go into.
    #[serde(default)]
    pub base: String,
}

/// What the engine needs to know of the repository itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryFacts {
    /// Its name now (it may have been renamed).
    pub name: RepositoryName,
    /// Its page, `https://…`, for links people are shown.
    pub url: String,
    /// The mainline's name.
    pub default_branch: Option<String>,
    /// The mainline's tip.
    pub mainline: Option<CommitId>,
    /// The ledger's tip as GitHub's API sees it; `None` proves nothing.
    pub ledger: Option<CommitId>,
    /// Read-only for everybody.
    pub archived: bool,
    /// Whether it takes issues.
    pub has_issues: bool,
}

/// A lifecycle event of the agent, which only the REST timeline has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentEvent {
    /// Its node id, which a comment about it names.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AgentEventKind,
}

/// See [`AgentEvent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AgentEventKind {
    /// A session began.
    Started,
    /// A session ended normally.
    Finished,
    /// A session died.
    Failed {
        /// What it said, if anything.
        message: Option<String>,
    },
}

/// One check of a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckFact {
    /// Its name.
    pub name: String,
    /// What it says; never [`CheckState::None`].
    pub state: CheckState,
    /// Whether a rule requires it.
    pub required: bool,
    /// Its page, where it has one.
    pub url: Option<String>,
}

/// A workflow run that waits until somebody approves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRun {
    /// Its number in addresses.
    pub id: u64,
    /// The workflow's name.
    pub name: String,
    /// Its page.
    pub url: String,
}

/// What is known of the checks of one head, as far as the token may read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Each check; `None` where the token may not read them.
    pub checks: Option<Vec<CheckFact>>,
    /// Names of the checks that the rules of the base require; `None` where they can't be read.
    pub required: Option<Vec<String>>,
    /// Runs that wait for approval; `None` where they can't be read.
    pub held: Option<Vec<HeldRun>>,
    /// In what words GitHub did not answer one of these questions: what it would have said may matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
}

/// A comment that begins with a marker of ours; its author decides whether it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnComment {
    /// What it was written for.
    pub about: CommentMarker,
    /// Who wrote it.
    pub author: AccountId,
    /// When.
    pub at: Timestamp,
}

/// One observation of GitHub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgeFacts {
    /// The account of the token.
    pub viewer: AccountId,
    /// The repository.
    pub repository: RepositoryFacts,
    /// Issues of unsettled bindings and of the newest settled ones.
    pub bound: Vec<BoundIssue>,
    /// Node ids that were asked for and are gone (deleted or transferred).
    pub gone: Vec<NodeId>,
    /// Open issues with our labels, newest first, one page.
    pub issues: Vec<ListedIssue>,
    /// How many open issues with our labels there are.
    pub open_issues: u64,
    /// Open pull requests, newest first, one page.
    pub pulls: Vec<ListedPull>,
    /// How many open pull requests there are.
    pub open_pulls: u64,
    /// What GitHub did not tell in this look, in its words.
    #[serde(default)]
    pub partial: Vec<String>,
}

impl ForgeFacts {
    /// The bound issue of this number.
    pub fn issue(&self, number: IssueNumber) -> Option<&BoundIssue> {
        self.bound.iter().find(|issue| issue.number == number)
    }
}

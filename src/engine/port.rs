//! The engine's ports: what it needs of GitHub, of git and of a clock, in the model's words.
//!
//! **Needs** the model. **Guarantees**: reads may be repeated; every write answers [`Performed`] and is never repeated
//! by the port itself. Functions that write to the clone take the lock as a value.
//! **Races**: what a write relies on is in its arguments; a port refuses when it no longer holds.
//!
//! Outside the product a port is implemented only on the simulator's world.

mod git;
mod github;

pub use git::away;

use crate::model::{
    AccountId, AgentEvent, AgentPulls, BlobId, BranchCommit, Call, CheckReport, Closing, CommitId, CreatedIssue,
    Discussion, Folder, ForgeFacts, ForgeWrite, HeadDiff, Identity, IssueNumber, IssueText, ItemName, Key, Ledger,
    LedgerChange, LedgerEntry, LedgerMessage, LimitsMet, ListedIssue, MainlineRules, MergeRequest, MoveLayout, NodeId,
    OwnComment, Performed, PlannedPush, Planning, Published, PullComment, PullNumber, Question, QueueMove, Rights,
    Signature, Snapshot, Spending, TipHints, Tips, Trail,
};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

/// GitHub.
pub trait Forge: Send + Sync {
    /// Why a read failed.
    type Error: std::error::Error + Send + Sync + 'static;

    /// One look at everything that exists only on GitHub.
    fn observe(&self, question: &Question) -> impl Future<Output = Result<ForgeFacts, Self::Error>> + Send;
    /// Every issue, open or closed, with its kind's label or by our account, whose body carries this key's marker.
    fn own_issues(
        &self,
        key: &Key,
        viewer: &AccountId,
    ) -> impl Future<Output = Result<Vec<ListedIssue>, Self::Error>> + Send;
    /// One issue as it is now; `None` where there is none of this number, or none any more.
    fn issue(&self, number: IssueNumber) -> impl Future<Output = Result<Option<ListedIssue>, Self::Error>> + Send;
    /// Every issue, open or closed, with one of our labels or by our account, that has a marker or our fixed title.
    fn traces(&self, viewer: &AccountId) -> impl Future<Output = Result<Vec<ListedIssue>, Self::Error>> + Send;
    /// Every issue, open or closed, with one of our labels or by our account, whatever it carries.
    fn listed(&self, viewer: &AccountId) -> impl Future<Output = Result<Vec<ListedIssue>, Self::Error>> + Send;
    /// Whether an account may write to the repository.
    fn may_write(&self, id: u64, login: &str) -> impl Future<Output = Result<bool, Self::Error>> + Send;
    /// The agent's pull requests among the newest hundred, open or not, newest first; what connects them with an issue is not
    /// told.
    fn agent_pulls(&self) -> impl Future<Output = Result<AgentPulls, Self::Error>> + Send;
    /// The agent's lifecycle events on a pull request, oldest first.
    fn agent_events(&self, pull: PullNumber) -> impl Future<Output = Result<Vec<AgentEvent>, Self::Error>> + Send;
    /// A pull request's description and what people with write permission said about it.
    fn discussion(&self, pull: PullNumber) -> impl Future<Output = Result<Discussion, Self::Error>> + Send;

    /// What is known of the checks of a pull request's head that would go into this branch; `named`: of each, too.
    fn checks(
        &self,
        pull: PullNumber,
        head: CommitId,
        base: &str,
        named: bool,
    ) -> impl Future<Output = Result<CheckReport, Self::Error>> + Send;
    /// Comments on a pull request that begin with a marker of ours, oldest first.
    fn own_comments(&self, pull: PullNumber) -> impl Future<Output = Result<Vec<OwnComment>, Self::Error>> + Send;
    /// The description of a pull request.
    fn description(&self, pull: PullNumber) -> impl Future<Output = Result<String, Self::Error>> + Send;

    /// Which of these labels (name and colour) have to be made before an issue can carry them; a port that makes them along
    /// with the issue names none.
    fn missing_labels(
        &self,
        _wanted: &[(String, String)],
    ) -> impl Future<Output = Result<Vec<(String, String)>, Self::Error>> + Send {
        async { Ok(Vec::new()) }
    }
    /// Make a label.
    fn create_label(&self, name: &str, _color: &str) -> impl Future<Output = Performed<()>> + Send {
        let why = format!("the label {name} is made along with the issue");
        async { Performed::NotDone { why, refused: None } }
    }
    /// Create an issue, unassigned; labels that are still missing are made first.
    fn create_issue(&self, text: &IssueText) -> impl Future<Output = Performed<CreatedIssue>> + Send;
    /// Assign the agent; done only when it is read back among the assignees.
    fn assign(&self, issue: IssueNumber, login: &str, base: &str) -> impl Future<Output = Performed<()>> + Send;
    /// Take a pull request out of draft.
    fn mark_ready(&self, pull: PullNumber, node: &NodeId) -> impl Future<Output = Performed<()>> + Send;
    /// Merge; done only when `merged` is read back, with the merge commit.
    fn merge(&self, request: &MergeRequest) -> impl Future<Output = Performed<CommitId>> + Send;
    /// Bring title and body of an issue up to date.
    fn revise_issue(&self, issue: IssueNumber, text: &IssueText) -> impl Future<Output = Performed<()>> + Send;
    /// Commit on a branch that stands where it is expected, signed by GitHub; the commit that is to be read back by git.
    fn commit(&self, commit: &BranchCommit) -> impl Future<Output = Performed<CommitId>> + Send;
    /// Close an issue.
    fn close_issue(&self, issue: IssueNumber, closing: Closing) -> impl Future<Output = Performed<()>> + Send;
    /// Close a pull request unmerged.
    fn close_pull(&self, pull: PullNumber) -> impl Future<Output = Performed<()>> + Send;
    /// Delete a branch that still stands at this commit; one that is gone is done.
    fn delete_branch(&self, branch: &str, head: CommitId) -> impl Future<Output = Performed<()>> + Send;
    /// Write a comment, unless one with its marker by the same account is there.
    fn comment(&self, comment: &PullComment) -> impl Future<Output = Performed<()>> + Send;
    /// Take the agent off an issue; done only when it is no longer read back.
    fn unassign(&self, issue: IssueNumber, login: &str) -> impl Future<Output = Performed<()>> + Send;
    /// Merge the base into a head that is still this one.
    fn update_branch(&self, pull: PullNumber, head: CommitId) -> impl Future<Output = Performed<()>> + Send;
    /// Approve a head.
    fn approve(&self, pull: PullNumber, head: CommitId) -> impl Future<Output = Performed<()>> + Send;
    /// Run a workflow run that waits for approval.
    fn rerun(&self, run: u64) -> impl Future<Output = Performed<()>> + Send;
    /// Replace a description that is still the one of this digest.
    fn describe(&self, pull: PullNumber, digest: &str, body: &str) -> impl Future<Output = Performed<()>> + Send;

    // A port without a wire spends nothing and meets no limit.

    /// What time it is, and what earlier processes spent and met: nothing is sent into a limit that stands.
    fn resume(&self, _now: Timestamp, _kept: Option<&Spending>) {}
    /// What was spent since this was asked last, and how it stands.
    fn drain(&self) -> Spending {
        Spending::default()
    }
    /// The limits that were met.
    fn limits(&self) -> LimitsMet {
        LimitsMet::new()
    }
}

/// The repository: its own bare clone and the remote it mirrors.
pub trait Remote: Send + Sync {
    /// The proof that no other process works in this clone.
    type Lock: Send + Sync;
    /// Why a read failed.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Take the lock, or say who holds it.
    fn lock(&self) -> impl Future<Output = Result<Self::Lock, Self::Error>> + Send;
    /// What the last look saw, if it was kept; a cache, so what can't be read was not kept.
    fn recall(&self) -> impl Future<Output = Option<Snapshot>> + Send;
    /// The same, unless this very process kept it.
    fn recall_others(&self) -> impl Future<Output = Option<Snapshot>> + Send;
    /// Keep what was seen, for the next process and for answers without a network.
    fn remember(&self, lock: &Self::Lock, snapshot: &Snapshot) -> impl Future<Output = Result<(), Self::Error>> + Send;
    /// What earlier processes spent, if it was kept.
    fn recall_spending(&self) -> impl Future<Output = Option<Spending>> + Send {
        async { None }
    }
    /// Keep what was spent since, for the next process; what git's network cost is added.
    fn keep_spending(
        &self,
        _lock: &Self::Lock,
        _fresh: Spending,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }
    /// Where the clone stands now, without asking the remote; `None` for a clone that was never fetched.
    fn known_tips(&self) -> impl Future<Output = Result<Option<Tips>, Self::Error>> + Send;
    /// The remote's default branch, asked of git; `None` where it has no commit yet.
    fn default_branch(&self) -> impl Future<Output = Result<Option<String>, Self::Error>> + Send;
    /// Ask the remote, fetch what moved, and say where everything stands.
    fn sync(&self, lock: &Self::Lock, hints: &TipHints) -> impl Future<Output = Result<Tips, Self::Error>> + Send;
    /// The planning folder at a mainline commit.
    fn planning(&self, mainline: CommitId) -> impl Future<Output = Result<Planning, Self::Error>> + Send;
    /// The policy file's bytes at a mainline commit.
    fn policy(&self, mainline: CommitId) -> impl Future<Output = Result<Option<Vec<u8>>, Self::Error>> + Send;
    /// The ledger at one of its commits.
    fn ledger(&self, tip: CommitId) -> impl Future<Output = Result<Ledger, Self::Error>> + Send;
    /// What a pull request's head changes against the merge base with the mainline; fetched once a head.
    fn head_diff(
        &self,
        lock: &Self::Lock,
        pull: PullNumber,
        head: CommitId,
        mainline: CommitId,
    ) -> impl Future<Output = Result<HeadDiff, Self::Error>> + Send;
    /// A queue file's text below its front-matter.
    fn item_body(&self, blob: BlobId) -> impl Future<Output = Result<String, Self::Error>> + Send;
    /// The queue folders in which a file lay at any first parent of a mainline commit down to this one, or since this time
    /// where that is not known or not met.
    fn whereabouts(
        &self,
        mainline: CommitId,
        name: &ItemName,
        since: (Timestamp, Option<CommitId>),
    ) -> impl Future<Output = Result<BTreeSet<Folder>, Self::Error>> + Send;
    /// What a move comes to on a mainline commit, for somebody else to commit it.
    fn lay_out(
        &self,
        mainline: CommitId,
        change: &QueueMove,
    ) -> impl Future<Output = Result<MoveLayout, Self::Error>> + Send;
    /// Whether `ancestor` is reachable from `tip`.
    fn is_ancestor(&self, ancestor: CommitId, tip: CommitId) -> impl Future<Output = Result<bool, Self::Error>> + Send;
    /// What the newest first parents of a mainline commit say of queue items, newest first.
    fn trail(&self, mainline: CommitId) -> impl Future<Output = Result<Vec<Trail>, Self::Error>> + Send;
    /// Which of these commits a tip reaches.
    fn reachable(
        &self,
        tip: CommitId,
        commits: &BTreeSet<CommitId>,
    ) -> impl Future<Output = Result<BTreeSet<CommitId>, Self::Error>> + Send;
    /// The newest commits of the ledger, newest first.
    fn ledger_log(
        &self,
        tip: CommitId,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<LedgerEntry>, Self::Error>> + Send;

    /// Put back a ledger that the remote has no more; refused where it has one.
    fn restore_ledger(&self, lock: &Self::Lock, tip: CommitId) -> impl Future<Output = Performed<CommitId>> + Send;
    /// Change the ledger by compare-and-set; the new tip. Rebuilt on the fetched tip while its condition holds.
    fn change_ledger(
        &self,
        lock: &Self::Lock,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> impl Future<Output = Performed<CommitId>> + Send;
    /// Move a queue file in one commit of the mainline; the commit. Rebuilt on the fetched tip while the file is there.
    fn move_file(
        &self,
        lock: &Self::Lock,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> impl Future<Output = Performed<Published>> + Send;
}

/// Writes to GitHub as they would be sent, for a dry run.
pub trait ForgeCalls: Forge {
    /// The request of a write.
    fn call(&self, write: &ForgeWrite) -> Call;
}

/// Pushes as they would be made, for a dry run.
pub trait RemotePlans: Remote {
    /// The push of a ledger change on this tip; `None` where nothing is to be done.
    fn plan_change(
        &self,
        tip: Option<CommitId>,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> impl Future<Output = Result<Option<PlannedPush>, Self::Error>> + Send;
    /// The push of a queue move on this tip of the mainline; `None` where nothing is to be done.
    fn plan_move(
        &self,
        tip: CommitId,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> impl Future<Output = Result<Option<PlannedPush>, Self::Error>> + Send;
}

/// What only a checkup asks of GitHub.
pub trait ForgeCheckup: ForgeCalls {
    /// Whose token it is, and what GitHub says of it.
    fn identity(&self) -> impl Future<Output = Result<Identity, Self::Error>> + Send;
    /// What the token's account may do in the repository.
    fn rights(&self) -> impl Future<Output = Result<Rights, Self::Error>> + Send;
    /// The rules of a branch.
    fn mainline_rules(&self, branch: &str) -> impl Future<Output = Result<MainlineRules, Self::Error>> + Send;
    /// Whether workflow runs of the agent wait for a person; `None` where this token may not read it.
    fn runs_need_approval(&self) -> impl Future<Output = Result<Option<bool>, Self::Error>> + Send;
    /// Whether the agent may be assigned.
    fn agent_assignable(&self) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// What only a checkup asks of git.
pub trait RemoteCheckup: Remote {
    /// The version of git, such as `2.47.3`.
    fn git_version(&self) -> impl Future<Output = Result<String, Self::Error>> + Send;
}

/// What time it is, and letting some of it pass.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Waits this long. A clock that only tests move does not.
    fn pause(&self, long: Duration) -> impl Future<Output = ()> + Send;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock of the product")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn pause(&self, long: Duration) {
        tokio::time::sleep(long).await;
    }
}

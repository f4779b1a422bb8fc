//! A dry run: the action that is owed now, performed by the same code on ports that write nothing down but what they were
//! told to write.
//!
//! **Guarantees**: nothing is sent and no reference moves; what is shown is what the real run sends, word for word. What
//! only GitHub can give — the number of a new issue, the commit of a merge — stands as zero.
//! **Races**: as with any look, the world may move before the real run.

use super::Engine;
use super::act::{Acts, Performer};
use super::cycle::ErrorOf;
use super::port::{Clock, Forge, ForgeCalls, Remote, RemotePlans};
use crate::model::{
    AccountId, Action, AgentEvent, AgentPulls, BlobId, BranchCommit, CheckReport, Closing, CommitId, CreatedIssue,
    Decision, Discussion, Folder, ForgeFacts, ForgeWrite, HeadDiff, IssueNumber, IssueText, ItemName, Key, Ledger,
    LedgerChange, LedgerEntry, LedgerMessage, ListedIssue, MergeRequest, MoveLayout, NodeId, ObjectId, Outcome,
    OwnComment, Performed, Planned, Planning, Published, PullComment, PullNumber, Question, QueueMove, Signature,
    Snapshot, TipHints, Tips, Trail,
};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The issue that is not created.
const NO_ISSUE: IssueNumber = IssueNumber(0);
/// The commit that is not made.
const NO_COMMIT: CommitId = ObjectId::from_bytes([0; 20]);

/// What was told to be written, in order; shared by both ports.
#[derive(Default)]
struct Script(Mutex<Vec<Planned>>);

impl Script {
    fn add(&self, planned: Planned) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(planned);
    }
}

/// GitHub, read only.
struct ReadForge<'a, F> {
    inner: &'a F,
    script: &'a Script,
    viewer: u64,
}

/// The repository, read only.
struct ReadRemote<'a, R> {
    inner: &'a R,
    script: &'a Script,
    tips: Tips,
    /// Where the ledger would stand after what was told so far.
    ledger: Mutex<Option<CommitId>>,
}

/// Time that passes without anybody waiting for it.
struct NoPause(Timestamp);

impl Clock for NoPause {
    fn now(&self) -> Timestamp {
        self.0
    }

    async fn pause(&self, _long: Duration) {}
}

impl<F: ForgeCalls> ReadForge<'_, F> {
    fn told<T>(&self, write: &ForgeWrite, value: T) -> Performed<T> {
        self.script.add(Planned::Call(self.inner.call(write)));
        Performed::Done { value }
    }
}

impl<F: Forge + ForgeCalls> Forge for ReadForge<'_, F> {
    type Error = F::Error;

    async fn observe(&self, question: &Question) -> Result<ForgeFacts, F::Error> {
        self.inner.observe(question).await
    }
    async fn own_issues(&self, key: &Key, viewer: &AccountId) -> Result<Vec<ListedIssue>, F::Error> {
        self.inner.own_issues(key, viewer).await
    }
    async fn issue(&self, number: IssueNumber) -> Result<Option<ListedIssue>, F::Error> {
        self.inner.issue(number).await
    }
    async fn traces(&self, viewer: &AccountId) -> Result<Vec<ListedIssue>, F::Error> {
        self.inner.traces(viewer).await
    }
    async fn listed(&self, viewer: &AccountId) -> Result<Vec<ListedIssue>, F::Error> {
        self.inner.listed(viewer).await
    }
    async fn may_write(&self, id: u64, login: &str) -> Result<bool, F::Error> {
        self.inner.may_write(id, login).await
    }
    async fn agent_pulls(&self) -> Result<AgentPulls, F::Error> {
        self.inner.agent_pulls().await
    }
    async fn agent_events(&self, pull: PullNumber) -> Result<Vec<AgentEvent>, F::Error> {
        self.inner.agent_events(pull).await
    }
    async fn discussion(&self, pull: PullNumber) -> Result<Discussion, F::Error> {
        self.inner.discussion(pull).await
    }

    async fn checks(&self, pull: PullNumber, head: CommitId, base: &str, named: bool) -> Result<CheckReport, F::Error> {
        self.inner.checks(pull, head, base, named).await
    }
    async fn own_comments(&self, pull: PullNumber) -> Result<Vec<OwnComment>, F::Error> {
        self.inner.own_comments(pull).await
    }
    async fn description(&self, pull: PullNumber) -> Result<String, F::Error> {
        self.inner.description(pull).await
    }
    async fn missing_labels(&self, wanted: &[(String, String)]) -> Result<Vec<(String, String)>, F::Error> {
        self.inner.missing_labels(wanted).await
    }
    async fn create_label(&self, name: &str, color: &str) -> Performed<()> {
        self.told(&ForgeWrite::CreateLabel { name: name.to_owned(), color: color.to_owned() }, ())
    }
    async fn create_issue(&self, text: &IssueText) -> Performed<CreatedIssue> {
        let made = CreatedIssue { number: NO_ISSUE, node: NodeId("0".to_owned()), author: self.viewer };
        self.told(&ForgeWrite::CreateIssue(text.clone()), made)
    }
    async fn assign(&self, issue: IssueNumber, login: &str, base: &str) -> Performed<()> {
        self.told(&ForgeWrite::Assign { issue, login: login.to_owned(), base: base.to_owned() }, ())
    }
    async fn mark_ready(&self, _pull: PullNumber, node: &NodeId) -> Performed<()> {
        self.told(&ForgeWrite::MarkReady { node: node.clone() }, ())
    }
    async fn merge(&self, request: &MergeRequest) -> Performed<CommitId> {
        self.told(&ForgeWrite::Merge(request.clone()), NO_COMMIT)
    }
    async fn commit(&self, commit: &BranchCommit) -> Performed<CommitId> {
        self.told(&ForgeWrite::Commit(commit.clone()), NO_COMMIT)
    }
    async fn revise_issue(&self, issue: IssueNumber, text: &IssueText) -> Performed<()> {
        self.told(&ForgeWrite::Revise { issue, text: text.clone() }, ())
    }
    async fn close_issue(&self, issue: IssueNumber, closing: Closing) -> Performed<()> {
        self.told(&ForgeWrite::CloseIssue { issue, closing }, ())
    }
    async fn close_pull(&self, pull: PullNumber) -> Performed<()> {
        self.told(&ForgeWrite::ClosePull(pull), ())
    }
    async fn delete_branch(&self, branch: &str, head: CommitId) -> Performed<()> {
        self.told(&ForgeWrite::DeleteBranch { branch: branch.to_owned(), head }, ())
    }
    async fn comment(&self, comment: &PullComment) -> Performed<()> {
        self.told(&ForgeWrite::Comment { pull: comment.pull, text: comment.text.clone() }, ())
    }
    async fn unassign(&self, issue: IssueNumber, login: &str) -> Performed<()> {
        self.told(&ForgeWrite::Unassign { issue, login: login.to_owned() }, ())
    }
    async fn update_branch(&self, pull: PullNumber, head: CommitId) -> Performed<()> {
        self.told(&ForgeWrite::UpdateBranch { pull, head }, ())
    }
    async fn approve(&self, pull: PullNumber, head: CommitId) -> Performed<()> {
        self.told(&ForgeWrite::Approve { pull, head }, ())
    }
    async fn rerun(&self, run: u64) -> Performed<()> {
        self.told(&ForgeWrite::Rerun { run }, ())
    }
    async fn describe(&self, pull: PullNumber, _digest: &str, body: &str) -> Performed<()> {
        self.told(&ForgeWrite::Describe { pull, body: body.to_owned() }, ())
    }
}

impl<R: Remote + RemotePlans> Remote for ReadRemote<'_, R> {
    type Lock = R::Lock;
    type Error = R::Error;

    async fn lock(&self) -> Result<R::Lock, R::Error> {
        self.inner.lock().await
    }
    async fn recall(&self) -> Option<Snapshot> {
        self.inner.recall().await
    }
    async fn recall_others(&self) -> Option<Snapshot> {
        self.inner.recall_others().await
    }
    async fn remember(&self, _lock: &R::Lock, _snapshot: &Snapshot) -> Result<(), R::Error> {
        Ok(())
    }
    async fn known_tips(&self) -> Result<Option<Tips>, R::Error> {
        self.inner.known_tips().await
    }
    async fn default_branch(&self) -> Result<Option<String>, R::Error> {
        self.inner.default_branch().await
    }
    async fn sync(&self, _lock: &R::Lock, _hints: &TipHints) -> Result<Tips, R::Error> {
        Ok(self.tips.clone())
    }
    async fn planning(&self, mainline: CommitId) -> Result<Planning, R::Error> {
        self.inner.planning(mainline).await
    }
    async fn policy(&self, mainline: CommitId) -> Result<Option<Vec<u8>>, R::Error> {
        self.inner.policy(mainline).await
    }
    async fn ledger(&self, tip: CommitId) -> Result<Ledger, R::Error> {
        self.inner.ledger(tip).await
    }
    async fn head_diff(
        &self,
        lock: &R::Lock,
        pull: PullNumber,
        head: CommitId,
        mainline: CommitId,
    ) -> Result<HeadDiff, R::Error> {
        self.inner.head_diff(lock, pull, head, mainline).await
    }
    async fn item_body(&self, blob: BlobId) -> Result<String, R::Error> {
        self.inner.item_body(blob).await
    }
    async fn whereabouts(
        &self,
        mainline: CommitId,
        name: &ItemName,
        since: (Timestamp, Option<CommitId>),
    ) -> Result<BTreeSet<Folder>, R::Error> {
        self.inner.whereabouts(mainline, name, since).await
    }
    async fn is_ancestor(&self, ancestor: CommitId, tip: CommitId) -> Result<bool, R::Error> {
        // The merge that was not made counts as fetched, so that what follows it is shown.
        if ancestor == NO_COMMIT { Ok(true) } else { self.inner.is_ancestor(ancestor, tip).await }
    }
    async fn lay_out(&self, mainline: CommitId, change: &QueueMove) -> Result<MoveLayout, R::Error> {
        // The commit that was not made holds what it would hold.
        if mainline == NO_COMMIT { Ok(MoveLayout::Already) } else { self.inner.lay_out(mainline, change).await }
    }
    async fn trail(&self, mainline: CommitId) -> Result<Vec<Trail>, R::Error> {
        self.inner.trail(mainline).await
    }
    async fn reachable(&self, tip: CommitId, commits: &BTreeSet<CommitId>) -> Result<BTreeSet<CommitId>, R::Error> {
        self.inner.reachable(tip, commits).await
    }
    async fn ledger_log(&self, tip: CommitId, limit: usize) -> Result<Vec<LedgerEntry>, R::Error> {
        self.inner.ledger_log(tip, limit).await
    }

    async fn restore_ledger(&self, _lock: &R::Lock, tip: CommitId) -> Performed<CommitId> {
        // No action restores a ledger; the command that does has its own preview.
        Performed::Done { value: tip }
    }
    async fn change_ledger(
        &self,
        _lock: &R::Lock,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Performed<CommitId> {
        let tip = *self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        match self.inner.plan_change(tip, change, message, signature).await {
            Ok(Some(push)) => {
                let commit = push.commit;
                *self.ledger.lock().unwrap_or_else(PoisonError::into_inner) = Some(commit);
                self.script.add(Planned::Push(push));
                Performed::Done { value: commit }
            }
            Ok(None) => Performed::Done { value: tip.unwrap_or(NO_COMMIT) },
            Err(error) => Performed::NotDone { why: error.to_string(), refused: None },
        }
    }
    async fn move_file(
        &self,
        _lock: &R::Lock,
        branch: &str,
        change: &QueueMove,
        signature: &Signature,
    ) -> Performed<Published> {
        let published = |commit| Performed::Done { value: Published { commit, bypassed: None } };
        match self.inner.plan_move(self.tips.mainline, branch, change, signature).await {
            Ok(Some(push)) => {
                let commit = push.commit;
                self.script.add(Planned::Push(push));
                published(commit)
            }
            Ok(None) => published(self.tips.mainline),
            Err(error) => Performed::NotDone { why: error.to_string(), refused: None },
        }
    }
}

/// What a dry run shows.
pub struct Rehearsal {
    /// What was seen.
    pub snapshot: Snapshot,
    /// What was decided.
    pub decision: Decision,
    /// The writes, in order; none where no action is owed.
    pub writes: Vec<Planned>,
    /// Why the action would end early, where it would.
    pub ends: Option<String>,
}

impl<F: Forge + ForgeCalls, R: Remote + RemotePlans, C: Clock> Engine<F, R, C> {
    /// Looks, decides, and shows every write of the action that is owed.
    ///
    /// # Errors
    /// As [`Engine::look`].
    pub async fn rehearse(&self, lock: &R::Lock) -> Result<Rehearsal, ErrorOf<F, R>> {
        let (snapshot, decision) = self.look(lock).await?;
        let (writes, ends) = match &decision.outcome {
            Outcome::Act { action } => self.script(lock, &snapshot, &decision, action).await,
            Outcome::Look { .. }
            | Outcome::Wait { .. }
            | Outcome::Blocked { .. }
            | Outcome::Rest { .. }
            | Outcome::Stalled { .. } => (Vec::new(), None),
        };
        Ok(Rehearsal { snapshot, decision, writes, ends })
    }

    async fn script(
        &self,
        lock: &R::Lock,
        snapshot: &Snapshot,
        decision: &Decision,
        action: &Action,
    ) -> (Vec<Planned>, Option<String>) {
        let script = Script::default();
        let forge = ReadForge { inner: &self.forge, script: &script, viewer: snapshot.forge.viewer.id };
        let (tips, ledger) = (snapshot.tips.clone(), Mutex::new(snapshot.tips.ledger));
        let remote = ReadRemote { inner: &self.remote, script: &script, tips, ledger };
        let clock = NoPause(self.clock.now());
        let engine = Engine::new(forge, remote, clock, self.repository.clone(), self.instance.clone());
        let mut performer = Performer::new(Acts { engine: &engine, lock, snapshot, decision, kind: action.kind });
        let mut ends = None;
        for effect in &action.effects {
            let done = performer.perform(effect).await;
            if !done.is_done() {
                ends = Some(format!("{}: {}", done.effect, done.why));
                break;
            }
        }
        drop(engine);
        (script.0.into_inner().unwrap_or_else(PoisonError::into_inner), ends)
    }
}

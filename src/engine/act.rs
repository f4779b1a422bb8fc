//! Performing an action: one effect at a time, in one `match`.
//!
//! **Guarantees**: no choices. What an effect needs is in it; what an earlier effect of the same action made (a number, a
//! merge commit) is handed on. An effect that can't be confirmed ends the action.

mod moving;

use super::cycle::Engine;
use super::port::{Clock, Forge, Remote};
use crate::message;
use crate::model::{
    ActionKind, Attempt, Binding, BlobId, Closing, CommitId, CreatedIssue, Decision, Effect, IssueNumber, IssueSource,
    IssueText, Key, LedgerChange, LedgerMessage, MergeRequest, Performed, Policy, PolicyState, PullComment, QueueMove,
    RefusalKind, SettleFields, Signature, Snapshot, StopPoint, TipHints, Trailers,
};
use jiff::SignedDuration;
use serde::Serialize;

/// What came of one effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Which effect.
    pub point: StopPoint,
    /// In words.
    pub effect: String,
    /// What it made: an issue number, a commit.
    pub made: Option<String>,
    /// `done`, `not done` or `unknown`.
    pub result: DoneResult,
    /// Why, where it is not done.
    pub why: String,
    /// Refused for good.
    pub refused: bool,
    /// By which rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RefusalKind>,
    /// What is to be known of it although it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// See [`Performed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoneResult {
    /// It is so.
    Done,
    /// It is not.
    NotDone,
    /// Nobody knows.
    Unknown,
}

impl Done {
    /// Whether it is so now.
    pub fn is_done(&self) -> bool {
        self.result == DoneResult::Done
    }
}

/// What the effects of one action share.
pub(super) struct Acts<'a, F, R: Remote, C> {
    pub(super) engine: &'a Engine<F, R, C>,
    pub(super) lock: &'a R::Lock,
    pub(super) snapshot: &'a Snapshot,
    pub(super) decision: &'a Decision,
    pub(super) kind: ActionKind,
}

/// Performs the effects of one action in order.
pub(super) struct Performer<'a, F, R: Remote, C> {
    acts: Acts<'a, F, R, C>,
    policy: Policy,
    created: Option<CreatedIssue>,
    bound: Option<IssueNumber>,
    merge: Option<CommitId>,
    /// What is to be known of the effect that is being performed.
    note: Option<String>,
}

impl<'a, F: Forge, R: Remote, C: Clock> Performer<'a, F, R, C> {
    pub(super) fn new(acts: Acts<'a, F, R, C>) -> Self {
        let policy = match &acts.snapshot.policy {
            PolicyState::Valid { policy } => policy.clone(),
            PolicyState::Missing | PolicyState::Invalid { .. } => Policy::default(),
        };
        Self { acts, policy, created: None, bound: None, merge: None, note: None }
    }

    /// Performs one effect.
    pub(super) async fn perform(&mut self, effect: &Effect) -> Done {
        let forge = &self.acts.engine.forge;
        let result = match effect {
            Effect::Baseline => self.change(&LedgerChange::Begin).await,
            Effect::Attempt { key } => self.attempt(key).await,
            Effect::Create { text, .. } => self.create(text).await,
            Effect::Revise { issue, text, .. } => self.sent(forge.revise_issue(*issue, text)).await,
            Effect::Restate { key, blob } => {
                self.change(&LedgerChange::Restate { key: key.clone(), blob: *blob }).await
            }
            Effect::Bind { key, issue, blob, settles } => self.bind(key, issue, *blob, settles.as_ref()).await,
            Effect::Assign { key, login, base } => match self.number(key) {
                Some(number) => {
                    told(self.spaced(forge.assign(number, login, base)).await, |()| Some(number.to_string()))
                }
                None => not_done(format!("{key} is not bound")),
            },
            Effect::Move { name, from, to, month, blob, skip_ci, signed, trailers } => {
                let message = self.move_message(trailers, *skip_ci);
                let (name, month) = (name.clone(), month.clone());
                let change = QueueMove { name, from: *from, to: *to, month, blob: *blob, message };
                self.move_file(&change, *signed).await
            }
            Effect::Mark { pull, node, .. } => self.sent(forge.mark_ready(*pull, node)).await,
            Effect::Merge { pull, head, method, title, message } => {
                let (title, message) = (title.clone(), message.clone());
                self.merge(&MergeRequest { pull: *pull, head: *head, method: *method, title, message }).await
            }
            Effect::Settle { fields } => self.change(&LedgerChange::Settle(self.filled(fields))).await,
            Effect::ClosePull { pull } => self.sent(forge.close_pull(*pull)).await,
            Effect::CloseIssue { issue } => self.sent(forge.close_issue(*issue, Closing::Completed)).await,
            Effect::CloseDuplicate { issue, .. } => self.sent(forge.close_issue(*issue, Closing::NotPlanned)).await,
            Effect::DeleteBranch { branch, head } => self.sent(forge.delete_branch(branch, *head)).await,
            Effect::Redispatch { key, since } => {
                self.change(&LedgerChange::Redispatch { key: key.clone(), since: *since }).await
            }
            Effect::Unassign { key, login } => match self.number(key) {
                Some(number) => self.sent(forge.unassign(number, login)).await,
                None => not_done(format!("{key} is not bound")),
            },
            Effect::Comment { pull, about, text } => {
                let (about, text, by) = (about.clone(), text.clone(), self.acts.snapshot.forge.viewer.id);
                self.sent(forge.comment(&PullComment { pull: *pull, about, text, by })).await
            }
            Effect::UpdateBranch { pull, head } => self.sent(forge.update_branch(*pull, *head)).await,
            Effect::Approve { pull, head } => self.sent(forge.approve(*pull, *head)).await,
            Effect::Rerun { run, .. } => self.sent(forge.rerun(*run)).await,
            Effect::Link { pull, digest, body, .. } => self.sent(forge.describe(*pull, digest, body)).await,
        };
        Done { note: self.note.take(), ..step(effect, result) }
    }

    /// A write to GitHub that makes nothing, kept apart from the one before it.
    async fn sent(&self, write: impl Future<Output = Performed<()>>) -> Performed<Option<String>> {
        told(self.spaced(write).await, |()| None)
    }

    async fn create(&mut self, text: &IssueText) -> Performed<Option<String>> {
        if let Err(failed) = self.make_labels(text).await {
            return failed;
        }
        let result = self.spaced(self.acts.engine.forge.create_issue(text)).await;
        if let Performed::Done { value } = &result {
            self.created = Some(value.clone());
        }
        told(result, |issue| Some(issue.number.to_string()))
    }

    /// Makes the labels that there are not yet, each a write of its own. No issue is created yet, so a failure is "not done".
    async fn make_labels(&self, text: &IssueText) -> Result<(), Performed<Option<String>>> {
        let forge = &self.acts.engine.forge;
        let missing = forge.missing_labels(&text.labels).await.map_err(|error| not_done(error.to_string()))?;
        for (name, color) in missing {
            match self.spaced(forge.create_label(&name, &color)).await {
                Performed::Done { .. } => {}
                Performed::NotDone { why, refused } => return Err(Performed::NotDone { why, refused }),
                Performed::Unknown { why } => return Err(not_done(why)),
            }
        }
        Ok(())
    }

    /// The whole message of a move; a number that this action made is filled in.
    fn move_message(&self, trailers: &Trailers, skip_ci: bool) -> String {
        let trailers = match &self.created {
            Some(issue) => trailers.clone().with_created(issue.number),
            None => trailers.clone(),
        };
        let subject = message::move_subject(trailers.step, &trailers.item, trailers.issue, skip_ci);
        format!("{subject}\n\n{}Orchestrator-Op: {}\n", trailers.render(), uuid::Uuid::new_v4())
    }

    async fn merge(&mut self, request: &MergeRequest) -> Performed<Option<String>> {
        let result = match self.spaced(self.acts.engine.forge.merge(request)).await {
            Performed::Done { value } => self.received(value).await,
            other @ (Performed::NotDone { .. } | Performed::Unknown { .. }) => other,
        };
        if let Performed::Done { value } = &result {
            self.merge = Some(*value);
        }
        told(result, |commit| Some(commit.short()))
    }

    /// A merge counts when its commit lies in the mainline that git fetches; until then nothing is built on it.
    async fn received(&self, merge: CommitId) -> Performed<CommitId> {
        let (remote, tips) = (&self.acts.engine.remote, &self.acts.snapshot.tips);
        let hints = TipHints { branch: tips.branch.clone(), mainline: Some(merge), ledger: tips.ledger };
        let found = match remote.sync(self.acts.lock, &hints).await {
            Ok(tips) => remote.is_ancestor(merge, tips.mainline).await.map(|found| (found, tips.mainline)),
            Err(error) => Err(error),
        };
        match found {
            Ok((true, _)) => Performed::Done { value: merge },
            Ok((false, mainline)) => {
                let (merge, mainline) = (merge.short(), mainline.short());
                Performed::Unknown { why: format!("GitHub says merged as {merge}, which is not in {mainline} yet") }
            }
            Err(error) => Performed::Unknown { why: format!("merged, but the mainline can't be fetched: {error}") },
        }
    }

    async fn attempt(&self, key: &Key) -> Performed<Option<String>> {
        let now = self.acts.engine.clock.now();
        let lease = SignedDuration::from_millis(i64::try_from(self.policy.pacing.lease_ms).unwrap_or(i64::MAX));
        let expires = now.saturating_add(lease).unwrap_or(now);
        let (owner, by) = (self.acts.engine.instance.clone(), self.acts.snapshot.forge.viewer.id);
        let attempt = Attempt { owner, by, key: key.clone(), number: None, started: now, expires };
        self.change(&LedgerChange::Attempt(attempt)).await
    }

    async fn bind(
        &mut self,
        key: &Key,
        issue: &IssueSource,
        blob: Option<BlobId>,
        settles: Option<&SettleFields>,
    ) -> Performed<Option<String>> {
        let issue = match (issue, &self.created) {
            (IssueSource::Adopted { number, node, author }, _) => {
                CreatedIssue { number: *number, node: node.clone(), author: *author }
            }
            (IssueSource::Created, Some(created)) => created.clone(),
            (IssueSource::Created, None) => return not_done("no issue was created".to_owned()),
        };
        let number = issue.number;
        let binding = Box::new(Binding {
            key: key.clone(),
            issue: number,
            node: issue.node,
            author: issue.author,
            by: self.acts.snapshot.forge.viewer.id,
            blob,
            bound: self.acts.engine.clock.now(),
            tip: Some(self.acts.snapshot.tips.mainline),
            pull: None,
            merge: None,
            outcome: None,
            settled: None,
            redispatch: None,
        });
        let owner = self.acts.engine.instance.clone();
        let result = self.change(&LedgerChange::Bind { owner, binding, settles: settles.cloned() }).await;
        match &result {
            Performed::Done { .. } => self.bound = Some(number),
            Performed::NotDone { .. } | Performed::Unknown { .. } => self.note(key, number).await,
        }
        result
    }

    /// An issue that could not be bound: the attempt keeps its number, for no list may show it yet. If that fails, too, it
    /// is found by its marker.
    async fn note(&self, key: &Key, number: IssueNumber) {
        if self.created.is_some() {
            let owner = self.acts.engine.instance.clone();
            let kept = self.change(&LedgerChange::Note { owner, key: key.clone(), number }).await;
            tracing::debug!(%key, %number, ?kept, "the number of an unbound issue");
        }
    }

    /// Takes back the attempt of this action. If that fails it ends by itself, with its lease.
    pub(super) async fn withdraw(&self, key: &Key) {
        let owner = self.acts.engine.instance.clone();
        let result = self.change(&LedgerChange::Withdraw { owner, key: key.clone() }).await;
        tracing::debug!(%key, ?result, "the attempt is taken back");
    }

    /// The number the ledger binds: what this action bound, or what the snapshot read.
    fn number(&self, key: &Key) -> Option<IssueNumber> {
        let known = self.acts.snapshot.ledger.as_ref().and_then(|ledger| ledger.bindings.get(key));
        self.bound.or_else(|| known.map(|binding| binding.issue))
    }

    fn filled(&self, fields: &SettleFields) -> SettleFields {
        SettleFields { merge: fields.merge.or(self.merge), ..fields.clone() }
    }

    async fn change(&self, change: &LedgerChange) -> Performed<Option<String>> {
        let (engine, hash) = (self.acts.engine, self.acts.decision.hash());
        let message = LedgerMessage {
            subject: subject(self.acts.kind, change),
            trailers: vec![
                ("Orchestrator-Op".to_owned(), uuid::Uuid::new_v4().to_string()),
                ("Instance".to_owned(), engine.instance.clone()),
                ("Decision".to_owned(), hash),
            ],
        };
        let signature = self.signature();
        let changed = self.spaced(engine.remote.change_ledger(self.acts.lock, change, &message, &signature)).await;
        told(changed, |commit| Some(commit.short()))
    }

    fn signature(&self) -> Signature {
        Signature { identity: self.policy.commit.clone(), at: self.acts.engine.clock.now() }
    }

    /// Writes to GitHub, by API or push, at the policy's spacing.
    async fn spaced<T>(&self, write: impl Future<Output = T>) -> T {
        self.acts.engine.spaced(self.policy.pacing.write_spacing(), write).await
    }
}

/// The subject of a ledger commit: the action in words.
fn subject(kind: ActionKind, change: &LedgerChange) -> String {
    match change {
        LedgerChange::Begin => format!("{kind}: begin the ledger"),
        LedgerChange::Attempt(attempt) => format!("{kind}: attempt {}", attempt.key),
        LedgerChange::Withdraw { key, .. } => format!("{kind}: the attempt for {key} is taken back, nothing was sent"),
        LedgerChange::Bind { binding, settles: None, .. } => {
            format!("{kind}: bind {} to {}", binding.key, binding.issue)
        }
        LedgerChange::Bind { binding, settles: Some(fields), .. } => {
            format!("{kind}: bind {} to {}, settle {} as {}", binding.key, binding.issue, fields.key, fields.outcome)
        }
        LedgerChange::Note { key, number, .. } => format!("{kind}: {number} was made for {key} and is not bound yet"),
        LedgerChange::Restate { key, blob } => format!("{kind}: {key} says what {} says", blob.short()),
        LedgerChange::Redispatch { key, .. } => format!("{kind}: the agent is sent to {key} once more"),
        LedgerChange::Settle(fields) => format!("{kind}: settle {} as {}", fields.key, fields.outcome),
    }
}

fn not_done(why: String) -> Performed<Option<String>> {
    Performed::NotDone { why, refused: None }
}

fn told<T>(result: Performed<T>, made: impl FnOnce(T) -> Option<String>) -> Performed<Option<String>> {
    result.map(made)
}

fn step(effect: &Effect, result: Performed<Option<String>>) -> Done {
    let (made, result, why, rule) = match result {
        Performed::Done { value } => (value, DoneResult::Done, String::new(), None),
        Performed::NotDone { why, refused } => (None, DoneResult::NotDone, why, refused),
        Performed::Unknown { why } => (None, DoneResult::Unknown, why, None),
    };
    let (point, effect, refused) = (effect.stop_point(), effect.to_string(), rule.is_some());
    Done { point, effect, made, result, why, refused, rule, note: None }
}

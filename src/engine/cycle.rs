//! One cycle: look, decide, perform one action.
//!
//! **Needs** forge, remote, clock and the repository's lock. **Guarantees**: at most one action; a decision that lacks
//! facts gets them and is made again, at most six rounds; what GitHub refuses for good is remembered and shown.
//! Once [`Halt`] was asked no further effect begins; an attempt for which nothing was sent is withdrawn.
//! **Races**: the world moves between look and act. Every effect states what it relies on, so what no longer holds is
//! answered with "not done", and the next cycle decides again.

use super::act::{Acts, Done, DoneResult, Performer};
use super::answers::{Answers, Known};
use super::halt::Halt;
use super::observe::{self, Look};
use super::port::{Clock, Forge, Remote};
use super::stop::StopAt;
use crate::decide::decide;
use crate::failure::{Exit, Explain};
use crate::model::{Action, Decision, Effect, Outcome, RepositoryName, Snapshot};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Mutex;

/// Rounds of "look again for what the decision lacks" in one cycle.
const MAX_ROUNDS: usize = 6;

/// Everything a repository is driven with.
pub struct Engine<F, R, C> {
    /// GitHub.
    pub forge: F,
    /// Clone and remote.
    pub remote: R,
    /// The only clock.
    pub clock: C,
    /// Which repository.
    pub repository: RepositoryName,
    /// The owner of its attempts.
    pub instance: String,
    /// Where the process ends, in tests.
    pub stop: Option<StopAt>,
    /// Whether it shall begin nothing more.
    pub halt: Halt,
    /// What GitHub refused for good.
    pub answers: Answers,
    /// When the last write to GitHub ended, here or in another process, for the spacing of writes.
    pub last_write: Mutex<Option<Timestamp>>,
}

/// Why a cycle ended without a decision.
#[derive(Debug, thiserror::Error)]
pub enum CycleError<F: std::error::Error + 'static, R: std::error::Error + 'static> {
    /// GitHub could not be read.
    #[error("GitHub could not be read")]
    Forge(#[source] F),
    /// The clone could not be read or brought up to date.
    #[error("the clone could not be brought up to date")]
    Remote(#[source] R),
    /// The repository has no commit yet.
    #[error("{0} has no commit on its default branch yet")]
    EmptyRepository(RepositoryName),
}

impl<F: Explain + 'static, R: Explain + 'static> Explain for CycleError<F, R> {
    fn exit(&self) -> Exit {
        match self {
            Self::Forge(error) => error.exit(),
            Self::Remote(error) => error.exit(),
            Self::EmptyRepository(_) => Exit::Refused,
        }
    }

    fn help(&self) -> String {
        match self {
            Self::Forge(error) => error.help(),
            Self::Remote(error) => error.help(),
            Self::EmptyRepository(name) => format!("make the first commit: orchestrator init --repo {name}"),
        }
    }
}

/// The error of an engine with these ports.
pub type ErrorOf<F, R> = CycleError<<F as Forge>::Error, <R as Remote>::Error>;

/// What a cycle saw, decided and did.
#[derive(Clone, Debug, Serialize)]
pub struct Cycle {
    /// What it saw.
    #[serde(skip)]
    pub snapshot: Snapshot,
    /// What it decided.
    pub decision: Decision,
    /// What it did, effect by effect.
    pub done: Vec<Done>,
}

impl Cycle {
    /// Whether anything changed in the world.
    pub fn moved(&self) -> bool {
        self.done.iter().any(Done::is_done)
    }
}

impl<F: Forge, R: Remote, C: Clock> Engine<F, R, C> {
    /// An engine that remembers nothing yet.
    pub fn new(forge: F, remote: R, clock: C, repository: RepositoryName, instance: String) -> Self {
        let (answers, last_write) = (Answers::default(), Mutex::default());
        Self { forge, remote, clock, repository, instance, stop: None, halt: Halt::default(), answers, last_write }
    }

    /// Looks and decides; changes nothing but the clone.
    ///
    /// # Errors
    /// When GitHub or the clone can't be read.
    pub async fn look(&self, lock: &R::Lock) -> Result<(Snapshot, Decision), ErrorOf<F, R>> {
        let (snapshot, decision) = self.see(lock).await?;
        self.remember(lock, &snapshot).await;
        Ok((snapshot, decision))
    }

    /// One look at everything, without a decision.
    ///
    /// # Errors
    /// When GitHub or the clone can't be read.
    pub async fn snapshot(&self, lock: &R::Lock) -> Result<Snapshot, ErrorOf<F, R>> {
        let now = self.clock.now();
        self.resume(now).await;
        let seen = observe::snapshot(&self.a_look(lock), &self.repository, &self.instance, now).await;
        self.keep_spending(lock).await;
        seen
    }

    pub(super) fn a_look<'a>(&'a self, lock: &'a R::Lock) -> Look<'a, F, R> {
        Look { forge: &self.forge, remote: &self.remote, lock, answers: self.answers.known() }
    }

    async fn see(&self, lock: &R::Lock) -> Result<(Snapshot, Decision), ErrorOf<F, R>> {
        let now = self.clock.now();
        self.resume(now).await;
        let seen = self.see_at(lock, now).await;
        self.keep_spending(lock).await;
        seen
    }

    async fn see_at(&self, lock: &R::Lock, now: Timestamp) -> Result<(Snapshot, Decision), ErrorOf<F, R>> {
        // Another process may have worked here meanwhile; what GitHub told it would be lost with our next observation.
        if let Some(kept) = self.remote.recall_others().await.filter(|kept| kept.repository == self.repository) {
            let Snapshot { refused, sent, created, heads, bypassed, .. } = kept;
            self.answers.take_over(Known { refused, sent, created, heads, bypassed });
        }
        let look = self.a_look(lock);
        let mut snapshot = observe::snapshot(&look, &self.repository, &self.instance, now).await?;
        self.answers.looked(snapshot.heads.clone());
        snapshot.limits = self.forge.limits();
        let mut decision = decide(&snapshot);
        for _ in 0..MAX_ROUNDS {
            let Outcome::Look { needs } = &decision.outcome else { break };
            for need in needs {
                observe::satisfy(&look, &mut snapshot, need).await?;
            }
            snapshot.limits = self.forge.limits();
            decision = decide(&snapshot);
        }
        Ok((snapshot, decision))
    }

    /// One cycle under the lock.
    ///
    /// # Errors
    /// As [`Engine::look`]; what happens to a write is part of the [`Cycle`].
    pub async fn cycle(&self, lock: &R::Lock) -> Result<Cycle, ErrorOf<F, R>> {
        let (snapshot, decision) = self.see(lock).await?;
        let done = match &decision.outcome {
            Outcome::Act { action } => {
                // A machine that can't keep what it saw can't keep what it does: nothing is begun on it.
                self.remote.remember(lock, &snapshot).await.map_err(CycleError::Remote)?;
                self.perform(lock, &snapshot, &decision, action).await
            }
            Outcome::Look { .. }
            | Outcome::Wait { .. }
            | Outcome::Blocked { .. }
            | Outcome::Rest { .. }
            | Outcome::Stalled { .. } => Vec::new(),
        };
        let Known { refused, sent, created, heads, bypassed } = self.answers.known();
        self.remember(lock, &Snapshot { refused, sent, created, heads, bypassed, ..snapshot.clone() }).await;
        tracing::debug!(stage = decision.stage.code(), reason = %decision.reason, effects = done.len(), "cycle");
        Ok(Cycle { snapshot, decision, done })
    }

    /// Keeps what was seen; it is a cache, so a failure is told and nothing else.
    async fn remember(&self, lock: &R::Lock, snapshot: &Snapshot) {
        if let Err(error) = self.remote.remember(lock, snapshot).await {
            tracing::warn!(%error, "the observation could not be kept");
        }
    }

    pub(super) async fn perform(
        &self,
        lock: &R::Lock,
        snapshot: &Snapshot,
        decision: &Decision,
        action: &Action,
    ) -> Vec<Done> {
        let acts = Acts { engine: self, lock, snapshot, decision, kind: action.kind };
        let mut performer = Performer::new(acts);
        let mut done = Vec::new();
        let _acting = self.halt.begin();
        for (index, effect) in action.effects.iter().enumerate() {
            if self.halt.is_asked() {
                let before = index.checked_sub(1).and_then(|before| action.effects.get(before));
                if let Some(Effect::Attempt { key }) = before {
                    // Nothing was sent for it, so nobody needs to wait for its end.
                    performer.withdraw(key).await;
                }
                break;
            }
            let step = performer.perform(effect).await;
            let goes_on = step.is_done();
            if goes_on || step.result == DoneResult::Unknown {
                self.answers.sent(effect, self.clock.now());
            }
            if let Some(kind) = step.rule.filter(|_| !goes_on) {
                self.answers.refused(effect, &step.why, kind, self.clock.now());
            } else if goes_on {
                self.answers.lift(&effect.object());
            }
            done.push(step);
            if !goes_on {
                break;
            }
            if let Some(stop) = &self.stop {
                stop.passed(action.kind, effect.stop_point());
            }
        }
        self.keep_spending(lock).await;
        done
    }
}

//! What git alone says: for somebody without a token, and for the time in which GitHub can't be asked.
//!
//! **Needs** the remote and the repository's lock. **Guarantees**: nothing is asked of GitHub's API and nothing is
//! decided: without issues and pull requests nobody knows what is owed.

use super::Engine;
use super::cycle::{CycleError, ErrorOf};
use super::port::{Clock, Forge, Remote};
use crate::config;
use crate::model::{Ledger, Planning, PolicyState, TipHints, Tips};
use serde::Serialize;

/// What git alone says.
#[derive(Clone, Debug, Serialize)]
pub struct GitView {
    /// Where the branches stand.
    pub tips: Tips,
    /// What the repository's owners allow.
    pub policy: PolicyState,
    /// The planning folder at the mainline's tip.
    pub planning: Planning,
    /// Bindings and attempt; `None` where there is no ledger.
    pub ledger: Option<Ledger>,
}

impl<F: Forge, R: Remote, C: Clock> Engine<F, R, C> {
    /// Brings the clone up to date and reads it, without GitHub's API.
    ///
    /// # Errors
    /// When the remote or the clone can't be read, or the repository is empty.
    pub async fn git_view(&self, lock: &R::Lock) -> Result<GitView, ErrorOf<F, R>> {
        self.resume(self.clock.now()).await;
        let empty = || CycleError::EmptyRepository(self.repository.clone());
        let branch = self.remote.default_branch().await.map_err(CycleError::Remote)?.ok_or_else(empty)?;
        let hints = TipHints { branch, mainline: None, ledger: None };
        let tips = self.remote.sync(lock, &hints).await.map_err(CycleError::Remote)?;
        let planning = self.remote.planning(tips.mainline).await.map_err(CycleError::Remote)?;
        let policy = self.remote.policy(tips.mainline).await.map_err(CycleError::Remote)?;
        let ledger = match tips.ledger {
            Some(tip) => Some(self.remote.ledger(tip).await.map_err(CycleError::Remote)?),
            None => None,
        };
        self.keep_spending(lock).await;
        Ok(GitView { tips, policy: config::policy::parse(policy.as_deref()), planning, ledger })
    }
}

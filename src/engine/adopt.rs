//! Taking over what the ledger doesn't know: looks, and steps performed one after another.
//!
//! **Needs** the repository's lock and, for a step, a person's word. **Guarantees**: a look changes nothing but the clone;
//! a step is performed by the executor of every other action, its stop points included.
//! **Races**: a step names what it relies on; one that no longer holds is answered with "not done".

use super::act::Done;
use super::cycle::{CycleError, Engine, ErrorOf};
use super::observe;
use super::port::{Clock, Forge, Remote};
use crate::decide::adopt::{self, AdoptPlan, Refused, Step, Wish};
use crate::model::{Need, Snapshot};

/// Rounds of "look again for what the plan lacks".
const MAX_ROUNDS: usize = 3;

/// What was seen and what is planned on it.
pub type Plan = Result<AdoptPlan, Refused>;

impl<F: Forge, R: Remote, C: Clock> Engine<F, R, C> {
    /// Looks at everything that may be ours, and plans.
    ///
    /// # Errors
    /// When GitHub or the clone can't be read.
    pub async fn look_for_adoption(&self, lock: &R::Lock, wish: &Wish) -> Result<(Snapshot, Plan), ErrorOf<F, R>> {
        let look = self.a_look(lock);
        let mut snapshot = self.snapshot(lock).await?;
        let traces = self.forge.listed(&snapshot.forge.viewer).await.map_err(CycleError::Forge)?;
        snapshot.needs.traces = Some(traces);
        if let Some((_, number)) = &wish.one {
            observe::satisfy(&look, &mut snapshot, &Need::Issue { number: *number }).await?;
        }
        let candidates = adopt::candidates(&snapshot, wish);
        observe::widen(&look, &mut snapshot, candidates).await?;
        let mut plan = adopt::plan(&snapshot, wish);
        for _ in 0..MAX_ROUNDS {
            let needs = match &plan {
                Ok(plan) if !plan.needs.is_empty() => plan.needs.clone(),
                Ok(_) | Err(_) => break,
            };
            for need in &needs {
                observe::satisfy(&look, &mut snapshot, need).await?;
            }
            plan = adopt::plan(&snapshot, wish);
        }
        self.keep_spending(lock).await;
        Ok((snapshot, plan))
    }

    /// Performs one step of a plan that was made from this snapshot.
    pub async fn settle(&self, lock: &R::Lock, snapshot: &Snapshot, step: &Step) -> Vec<Done> {
        self.perform(lock, snapshot, &step.decision(), &step.action).await
    }
}

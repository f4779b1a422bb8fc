//! A look at everything that files, ledger, GitHub and history say of each other.
//!
//! **Needs** the repository's lock. **Guarantees**: changes nothing but the clone; every binding is looked at, however old.
//! **Races**: none that matter; what moves meanwhile is told by the next look.

use super::cycle::{CycleError, Engine, ErrorOf};
use super::observe;
use super::port::{Clock, Forge, Remote};
use crate::decide::audit::{Audit, audit};
use crate::model::{Question, Snapshot};
use std::collections::BTreeSet;

impl<F: Forge, R: Remote, C: Clock> Engine<F, R, C> {
    /// Looks at everything, and compares.
    ///
    /// # Errors
    /// When GitHub or the clone can't be read.
    pub async fn look_for_audit(&self, lock: &R::Lock) -> Result<(Snapshot, Audit), ErrorOf<F, R>> {
        let look = self.a_look(lock);
        let mut snapshot = self.snapshot(lock).await?;
        let bindings = || snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.values());
        let settled = bindings().filter(|binding| binding.is_settled()).map(|binding| binding.node.clone()).collect();
        let merges: BTreeSet<_> = bindings().filter_map(|binding| binding.merge).collect();
        let mainline = snapshot.tips.mainline;
        let found = self.remote.reachable(mainline, &merges).await.map_err(CycleError::Remote)?;
        snapshot.needs.reachable = merges.into_iter().map(|merge| (merge, found.contains(&merge))).collect();
        snapshot.needs.trail = Some(self.remote.trail(mainline).await.map_err(CycleError::Remote)?);
        let traces = self.forge.traces(&snapshot.forge.viewer).await.map_err(CycleError::Forge)?;
        snapshot.needs.traces = Some(traces);
        observe::widen(&look, &mut snapshot, Question { unsettled: Vec::new(), settled }).await?;
        let mut result = audit(&snapshot);
        if !result.needs.is_empty() {
            for need in &result.needs {
                observe::satisfy(&look, &mut snapshot, need).await?;
            }
            result = audit(&snapshot);
        }
        self.keep_spending(lock).await;
        Ok((snapshot, result))
    }
}

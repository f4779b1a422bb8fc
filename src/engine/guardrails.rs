//! A look at what every guardrail says of the pull request that the loop is about.
//!
//! **Needs** the repository's lock. **Guarantees**: changes nothing but the clone; what a guardrail has not looked at is
//! fetched for it, as before a merge.
//! **Races**: none that matter; a merge is judged anew.

use super::cycle::{Engine, ErrorOf};
use super::observe;
use super::port::{Clock, Forge, Remote};
use crate::decide::guardrail::{Listing, listing};
use crate::model::Key;

/// Rounds of fetching what the guardrails lack.
const MAX_ROUNDS: usize = 3;

impl<F: Forge, R: Remote, C: Clock> Engine<F, R, C> {
    /// The guardrails of the first pull request, in the order of what comes first; `None` where none is open.
    ///
    /// # Errors
    /// When GitHub or the clone can't be read.
    pub async fn guardrails(&self, lock: &R::Lock) -> Result<Option<Listing>, ErrorOf<F, R>> {
        let (mut snapshot, decision) = self.look(lock).await?;
        let also = decision.also.iter().filter_map(|obligation| obligation.focus.as_ref());
        let keys: Vec<Key> = decision.focus.iter().chain(also).map(|focus| focus.key.clone()).collect();
        let Some(key) = keys.into_iter().find(|key| listing(&snapshot, key).is_some()) else { return Ok(None) };
        let look = self.a_look(lock);
        for _ in 0..MAX_ROUNDS {
            let needs = listing(&snapshot, &key).map(|listing| listing.needs).unwrap_or_default();
            if needs.is_empty() {
                break;
            }
            for need in &needs {
                observe::satisfy(&look, &mut snapshot, need).await?;
            }
        }
        Ok(listing(&snapshot, &key))
    }
}

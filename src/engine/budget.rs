//! What is spent, carried between the forge, which counts it, and the data folder, which keeps it for the next process.
//!
//! **Needs** the repository's lock to keep it. Writes are kept apart here, too. **Guarantees**: before anything is asked the forge knows the time and the
//! limits that earlier processes met; what a look or an action spent is kept when it is over, also where it failed.
//! **Races**: of a process that is killed the last look's numbers are lost, and a limit that it met is met once more.

use super::cycle::Engine;
use super::port::{Clock, Forge, Remote};
use jiff::{SignedDuration, Timestamp};
use std::sync::PoisonError;
use std::time::Duration;

impl<F: Forge, R: Remote, C: Clock> Engine<F, R, C> {
    /// Tells the forge what time it is, and what earlier processes spent and met.
    pub async fn resume(&self, now: Timestamp) {
        let kept = self.remote.recall_spending().await;
        {
            let mut last = self.last_write.lock().unwrap_or_else(PoisonError::into_inner);
            *last = (*last).max(kept.as_ref().and_then(|kept| kept.last_write));
        }
        self.forge.resume(now, kept.as_ref());
    }

    /// Keeps what was spent since; it is a cache, so a failure is told and nothing else.
    pub async fn keep_spending(&self, lock: &R::Lock) {
        let mut fresh = self.forge.drain();
        if fresh.as_of == Timestamp::default() {
            // Nobody has told what time it is, so nothing was asked.
            return;
        }
        fresh.last_write = *self.last_write.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.remote.keep_spending(lock, fresh).await {
            tracing::warn!(%error, "what was spent could not be kept");
        }
    }

    /// Writes to GitHub, by API or push, not before so much time has passed since the end of the last write.
    pub async fn spaced<T>(&self, spacing: SignedDuration, write: impl Future<Output = T>) -> T {
        let last = *self.last_write.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = last.map_or(SignedDuration::ZERO, |last| spacing - self.clock.now().duration_since(last));
        let pause = Duration::try_from(pause.min(spacing)).unwrap_or_default();
        // A timer rounds up even what is no pause at all.
        if !pause.is_zero() {
            self.clock.pause(pause).await;
        }
        let result = write.await;
        *self.last_write.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
        result
    }
}

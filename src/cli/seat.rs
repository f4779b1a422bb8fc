//! Whether this process works in the clone, or another does and this one reads what that one saw last.
//!
//! **Guarantees**: one process works in a clone; a second one is told who, and writes nothing. **Races**: the holder may end
//! right after; the reader doesn't wait for it.

use super::{RealEngine, output};
use crate::decide::decide;
use crate::engine::port::{Clock, Remote};
use crate::failure::Failure;
use crate::model::{Decision, Snapshot};
use crate::repo::{RepoError, RepositoryLock};
use std::sync::Arc;

/// What this process may do.
pub(super) enum Seat {
    /// It holds the lock.
    Works(Arc<RepositoryLock>),
    /// Another process does; what it saw last.
    Reads(Box<Reading>),
}

/// What a reader knows.
pub(super) struct Reading {
    /// As the other process saw it.
    pub(super) snapshot: Snapshot,
    /// What follows from it.
    pub(super) decision: Decision,
    /// Which process it is, for people.
    pub(super) holder: String,
    /// Why this process only reads.
    pub(super) failure: Failure,
}

/// Takes the lock, or the last observation where another process holds it; without one there is nothing to read.
pub(super) async fn find<C: Clock>(engine: &RealEngine<C>) -> Result<Seat, Failure> {
    let error = match engine.remote.lock().await {
        Ok(lock) => return Ok(Seat::Works(lock)),
        Err(error) => error,
    };
    let RepoError::Locked { holder, .. } = &error else { return Err(error.into()) };
    let kept = engine.remote.recall().await.filter(|kept| kept.repository == engine.repository);
    let Some(snapshot) = kept else { return Err(error.into()) };
    let (holder, decision) = (holder.clone(), decide(&snapshot));
    Ok(Seat::Reads(Box::new(Reading { snapshot, decision, holder, failure: error.into() })))
}

/// The same, said to a person.
pub(super) async fn take<C: Clock>(engine: &RealEngine<C>) -> Result<Seat, Failure> {
    let seat = find(engine).await?;
    if let Seat::Reads(reading) = &seat {
        let age = engine.clock.now().duration_since(reading.snapshot.now).as_secs();
        output::aside(&format!("{} is at work in this clone; this is what it saw {age} s ago", reading.holder));
    }
    Ok(seat)
}

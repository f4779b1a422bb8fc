//! What GitHub refused for good, and what it let through against its rules, remembered between cycles and, in the last
//! observation, between processes.
//!
//! **Guarantees**: bounded; losing it costs one more refusal each.

use crate::model::{Bypass, Refusal, RefusalKind};
use jiff::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most refusals that are remembered; the oldest goes first.
const MAX: usize = 200;

/// The remembered refusals.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    refused: Vec<Refusal>,
    bypassed: Option<Bypass>,
}

impl Refusals {
    /// Takes over what an earlier process remembered.
    pub(super) fn take_over(&self, refused: Vec<Refusal>, bypassed: Option<Bypass>) {
        let mut known = self.known();
        for refusal in refused.into_iter().take(MAX) {
            if !known.refused.iter().any(|other| other.object == refusal.object) {
                known.refused.push(refusal);
            }
        }
        known.bypassed = known.bypassed.take().or(bypassed);
    }

    /// All of them.
    pub fn all(&self) -> Vec<Refusal> {
        self.known().refused.clone()
    }

    /// The newest push to the mainline, where it was let through against rules.
    pub fn bypassed(&self) -> Option<Bypass> {
        self.known().bypassed.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // The list is whole after every operation, so a panic elsewhere can't have left half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, object: &str, why: &str, kind: RefusalKind, at: Timestamp) {
        let list = &mut self.known().refused;
        let times = list.iter().find(|refusal| refusal.object == object).map_or(0, |refusal| refusal.times);
        list.retain(|refusal| refusal.object != object);
        if list.len() >= MAX {
            list.remove(0);
        }
        let (object, why) = (object.to_owned(), why.chars().take(500).collect());
        list.push(Refusal { object, why, at, times: times.saturating_add(1), kind });
    }

    pub(super) fn lift(&self, object: &str) {
        self.known().refused.retain(|refusal| refusal.object != object);
    }

    /// What came of the newest push to the mainline.
    pub(super) fn pushed(&self, bypassed: Option<Bypass>) {
        self.known().bypassed = bypassed;
    }
}

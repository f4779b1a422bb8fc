//! What GitHub refused for good, remembered between cycles and, in the last observation, between processes.
//!
//! **Guarantees**: bounded; losing it costs one more refusal each.

use crate::model::Refusal;
use jiff::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most refusals that are remembered; the oldest goes first.
const MAX: usize = 200;

/// The remembered refusals.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<Vec<Refusal>>);

impl Refusals {
    /// Takes over what an earlier process remembered.
    pub(super) fn take_over(&self, known: Vec<Refusal>) {
        let mut list = self.list();
        for refusal in known.into_iter().take(MAX) {
            if !list.iter().any(|other| other.object == refusal.object) {
                list.push(refusal);
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> Vec<Refusal> {
        self.list().clone()
    }

    fn list(&self) -> MutexGuard<'_, Vec<Refusal>> {
        // The list is whole after every operation, so a panic elsewhere can't have left half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, object: &str, why: &str, at: Timestamp) {
        let mut list = self.list();
        let times = list.iter().find(|refusal| refusal.object == object).map_or(0, |refusal| refusal.times);
        list.retain(|refusal| refusal.object != object);
        if list.len() >= MAX {
            list.remove(0);
        }
        let (object, why) = (object.to_owned(), why.chars().take(500).collect());
        list.push(Refusal { object, why, at, times: times.saturating_add(1) });
    }

    pub(super) fn lift(&self, object: &str) {
        self.list().retain(|refusal| refusal.object != object);
    }
}

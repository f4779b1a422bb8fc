//! What GitHub refused for good, and when it is tried again.
//!
//! **Guarantees**: an effect that was refused is not owed while its refusal stands. Losing a refusal costs one more
//! refusal, so it lives in a cache.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One refused effect: a rule, a 403 or a 422, never a time-out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The stable name of effect and object ([`super::Effect::object`]).
    pub object: String,
    /// What GitHub said.
    pub why: String,
    /// When it was refused last.
    pub at: Timestamp,
    /// How often in a row.
    pub times: u32,
}

/// Waiting times double from the first to the last.
#[derive(Clone, Copy, Debug)]
pub struct Pacing;

impl Pacing {
    /// First pause after a refusal.
    pub const FIRST: SignedDuration = SignedDuration::from_secs(60);
    /// Longest pause after a refusal.
    pub const LAST: SignedDuration = SignedDuration::from_secs(3_600);
}

impl Refusal {
    /// When the effect is tried again: after one minute, doubling to one hour.
    pub fn until(&self) -> Timestamp {
        let doubled = Pacing::FIRST.saturating_mul(1 << self.times.saturating_sub(1).min(6));
        self.at.saturating_add(doubled.min(Pacing::LAST)).unwrap_or(Timestamp::MAX)
    }

    /// Whether it still stands.
    pub fn stands(&self, now: Timestamp) -> bool {
        now < self.until()
    }
}

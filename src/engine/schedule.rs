//! When to look again.
//!
//! **Needs** the time and a random byte from the caller. **Guarantees**: pure. At once after an own write, at the
//! policy's pace after a change, and slower and slower while nothing moves, up to five minutes; never later than a wait
//! says. Ten percent to either side keep instances that began together apart. Where a tenth or less of an hourly budget is
//! left, looks take half of that at most, so that writes stay possible.
//! **Races**: none; whatever is missed by a slow pace is seen by the next look, or a nudge brings it on.

use super::{Cycle, Done};
use crate::model::{Balance, Decision, LoopPolicy, Outcome, PolicyState, Resource};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a look costs of a budget, at a guess that is rather too high.
const LOOK: u64 = 4;

/// The slowest pace, unless the policy's own is slower.
pub const SLOWEST: Duration = Duration::from_secs(300);
/// Between two looks that a moment brought on, which is no own write, at the least.
pub const SOONEST: Duration = Duration::from_secs(1);

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// We changed the world.
    Moved,
    /// Somebody else did.
    Changed,
    /// All is as it was, or could not be seen.
    Quiet,
}

/// The present pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    interval: Duration,
}

impl Pace {
    /// The pace after a look.
    pub fn after(self, seen: Seen, poll: Duration) -> Self {
        let interval = match seen {
            Seen::Moved => Duration::ZERO,
            Seen::Changed => poll,
            Seen::Quiet => (self.interval * 3 / 2).clamp(poll, SLOWEST.max(poll)),
        };
        Self { interval }
    }

    /// How long to pause; `until` is how far away the moment is at which a wait ends, `jitter` any byte.
    ///
    /// ```
    /// use orchestrator::engine::schedule::{Pace, Seen};
    /// use std::time::Duration;
    /// let poll = Duration::from_secs(30);
    /// let pace = Pace::default().after(Seen::Changed, poll);
    /// assert_eq!(pace.pause(None, 0), Duration::from_secs(27));
    /// assert_eq!(pace.pause(Some(Duration::from_secs(5)), 0), Duration::from_secs(5));
    /// ```
    pub fn pause(self, until: Option<Duration>, jitter: u8) -> Duration {
        let pause = self.interval * (900 + u32::from(jitter) * 200 / 255) / 1_000;
        until.map_or(pause, |until| pause.min(until.max(SOONEST)))
    }
}

/// The pace of a loop, from what each of its looks found.
#[derive(Clone, Debug)]
pub struct Rhythm {
    pace: Pace,
    poll: Duration,
    /// What the last look said, as far as a change of it changes the pace.
    said: Option<String>,
    /// The last decision that was acted on: the same one again is not made better by haste.
    acted: Option<String>,
}

impl Default for Rhythm {
    /// At the pace of a policy that says nothing about it.
    fn default() -> Self {
        let poll = Duration::from_millis(LoopPolicy::default().poll_ms);
        Self { pace: Pace::default(), poll, said: None, acted: None }
    }
}

impl Rhythm {
    /// How long to pause after a look.
    pub fn after(&mut self, cycle: &Cycle, now: Timestamp, jitter: u8) -> Duration {
        if let PolicyState::Valid { policy } = &cycle.snapshot.policy {
            self.poll = Duration::from_millis(policy.pacing.poll_ms);
        }
        let seen = self.judge(cycle);
        self.pace = self.pace.after(seen, self.poll);
        self.pace.pause(until(&cycle.decision).map(|until| left(now, until)), jitter)
    }

    /// The same where there was no look.
    pub fn after_none(&mut self, jitter: u8) -> Duration {
        self.pace = self.pace.after(Seen::Quiet, self.poll);
        self.pace.pause(None, jitter)
    }

    fn judge(&mut self, cycle: &Cycle) -> Seen {
        let said = said(&cycle.decision);
        let changed = self.said.replace(said.clone()).is_none_or(|before| before != said);
        if cycle.done.is_empty() {
            return if changed { Seen::Changed } else { Seen::Quiet };
        }
        let again = self.acted.replace(cycle.decision.hash()).is_some_and(|before| before == cycle.decision.hash());
        if cycle.done.iter().all(Done::is_done) && !again {
            Seen::Moved
        } else if changed {
            Seen::Changed
        } else {
            Seen::Quiet
        }
    }
}

/// The shortest pause that leaves half of what is left of each hourly budget to writes, where little is left.
pub fn reserve(balances: &BTreeMap<Resource, Balance>, now: Timestamp) -> Duration {
    let scarce = |balance: &&Balance| balance.limit.is_some_and(|limit| balance.remaining <= limit / 10);
    let pause = |balance: &Balance| {
        let looks = u32::try_from(balance.remaining / 2 / LOOK).unwrap_or(u32::MAX).max(1);
        left(now, balance.reset) / looks
    };
    balances.values().filter(scarce).map(pause).max().unwrap_or_default()
}

/// How long it is until then.
pub fn left(now: Timestamp, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO)
}

/// Until when a wait lasts at most.
fn until(decision: &Decision) -> Option<Timestamp> {
    let until = |outcome: &Outcome| match outcome {
        Outcome::Wait { waiting } => waiting.until,
        Outcome::Look { .. }
        | Outcome::Act { .. }
        | Outcome::Blocked { .. }
        | Outcome::Rest { .. }
        | Outcome::Stalled { .. } => None,
    };
    let others = decision.also.iter().map(|also| &also.outcome);
    others.chain([&decision.outcome]).filter_map(until).min()
}

/// Stage and reasons of everything that is owed.
fn said(decision: &Decision) -> String {
    let others = decision.also.iter().map(|also| format!("{} {}", also.stage.code(), also.reason));
    let mut lines = vec![format!("{} {}", decision.stage.code(), decision.reason)];
    lines.extend(others);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLL: Duration = Duration::from_secs(30);

    fn seconds(after: &[Seen], poll: Duration) -> Vec<f64> {
        let mut pace = Pace::default();
        let pause = |seen: &Seen| {
            pace = pace.after(*seen, poll);
            pace.interval.as_secs_f64()
        };
        after.iter().map(pause).collect()
    }

    #[test]
    fn the_pace_slows_while_nothing_moves_and_is_itself_again_after_a_change() {
        use Seen::{Changed, Moved, Quiet};
        let table: [(&[Seen], Duration, &[f64]); 4] = [
            (&[Changed, Quiet, Quiet, Quiet], POLL, &[30.0, 45.0, 67.5, 101.25]),
            (&[Changed, Quiet, Changed, Quiet], POLL, &[30.0, 45.0, 30.0, 45.0]),
            (&[Moved, Moved, Quiet, Quiet], POLL, &[0.0, 0.0, 30.0, 45.0]),
            (&[Quiet, Quiet], Duration::from_secs(3_600), &[3_600.0, 3_600.0]),
        ];
        for (seen, poll, expected) in table {
            assert_eq!(seconds(seen, poll), expected, "{seen:?}");
        }
        let slow = seconds(&[Quiet; 20], POLL);
        assert_eq!(slow.last(), Some(&300.0), "{slow:?}");
    }

    #[test]
    fn a_wait_is_never_slept_through_and_never_spun_on() {
        let pace = Pace::default().after(Seen::Changed, POLL);
        assert_eq!(pace.pause(Some(Duration::from_secs(7)), 255), Duration::from_secs(7));
        assert_eq!(pace.pause(Some(Duration::ZERO), 0), SOONEST);
        assert_eq!(pace.pause(Some(Duration::from_secs(99)), 255), Duration::from_secs(33));
    }

    #[test]
    fn where_little_is_left_looks_take_half_of_it() {
        let now = Timestamp::UNIX_EPOCH;
        for (limit, remaining, seconds) in [
            (Some(5_000), 501, 0.0),
            (Some(5_000), 500, 1_800.0 / 62.0),
            (Some(5_000), 80, 180.0),
            (Some(5_000), 7, 1_800.0),
            (Some(5_000), 0, 1_800.0),
            (None, 0, 0.0),
        ] {
            let balance = Balance { limit, remaining, reset: now + jiff::SignedDuration::from_mins(30) };
            let pause = reserve(&[(Resource::Core, balance)].into(), now).as_secs_f64();
            assert!((pause - seconds).abs() < 0.01, "{remaining} of {limit:?}: {pause}");
        }
        let over = Balance { limit: Some(60), remaining: 0, reset: now };
        assert_eq!(reserve(&[(Resource::Core, over)].into(), now), Duration::ZERO);
    }

    proptest! {
        #[test]
        fn jitter_is_ten_percent_at_most(jitter in any::<u8>(), seconds in 1_u64..86_400) {
            let poll = Duration::from_secs(seconds);
            let pause = Pace::default().after(Seen::Changed, poll).pause(None, jitter);
            prop_assert!(pause >= poll * 9 / 10 && pause <= poll * 11 / 10);
        }
    }
}

//! When to look again.
//!
//! **Needs** the policy's poll and a random byte from the caller. **Guarantees**: pure. At once after an own write, at the
//! policy's pace after a change, and slower and slower while nothing moves, up to five minutes; never later than a wait
//! says. Ten percent to either side keep instances that began together apart.
//! **Races**: none; whatever is missed by a slow pace is seen by the next look, or a nudge brings it on.

use std::time::Duration;

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

    proptest! {
        #[test]
        fn jitter_is_ten_percent_at_most(jitter in any::<u8>(), seconds in 1_u64..86_400) {
            let poll = Duration::from_secs(seconds);
            let pause = Pace::default().after(Seen::Changed, poll).pause(None, jitter);
            prop_assert!(pause >= poll * 9 / 10 && pause <= poll * 11 / 10);
        }
    }
}

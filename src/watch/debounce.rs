//! One nudge for a burst of events: after 100 ms of quiet, and after one second at the latest.
//!
//! **Guarantees**: pure over the times it is given; a burst that never ends is told once a second.

use std::time::Duration;

/// How long it has to be quiet.
const QUIET: Duration = Duration::from_millis(100);
/// How long a burst may hold a nudge back.
const LATEST: Duration = Duration::from_secs(1);

/// A burst, by the time that passed since some beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Debounce {
    burst: Option<(Duration, Duration)>,
}

impl Debounce {
    /// Something was heard.
    pub(super) fn hear(&mut self, now: Duration) {
        let first = self.burst.map_or(now, |(first, _)| first);
        self.burst = Some((first, now));
    }

    /// When the nudge is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.burst.map(|(first, last)| (last + QUIET).min(first + LATEST))
    }

    /// Whether the nudge is due now; the burst is over then.
    pub(super) fn fire(&mut self, now: Duration) -> bool {
        let fires = self.due().is_some_and(|due| due <= now);
        if fires {
            self.burst = None;
        }
        fires
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The milliseconds at which nudges come when events come at these, looked at every millisecond.
    fn nudges(events: &[u64]) -> Vec<u64> {
        let mut debounce = Debounce::default();
        let end = events.last().map_or(0, |last| last + 2_000);
        let at = |now: &u64| {
            let time = Duration::from_millis(*now);
            let fires = debounce.fire(time);
            if events.contains(now) {
                debounce.hear(time);
            }
            fires
        };
        (0..end).filter(at).collect()
    }

    #[test]
    fn one_nudge_a_burst_after_its_end_and_one_a_second_within() {
        let storm: Vec<u64> = (0..2_500).step_by(50).collect();
        let table: [(&[u64], &[u64]); 6] = [
            (&[], &[]),
            (&[0], &[100]),
            (&[0, 99, 198], &[298]),
            (&[0, 101], &[100, 201]),
            (&[0, 100], &[100, 200]),
            (&storm, &[1_000, 2_000, 2_550]),
        ];
        for (events, expected) in table {
            assert_eq!(nudges(events), expected, "{events:?}");
        }
    }

    proptest! {
        #[test]
        fn no_event_waits_longer_than_a_second(mut events in proptest::collection::vec(0_u64..3_000, 1..40)) {
            events.sort_unstable();
            let nudges = nudges(&events);
            for event in events {
                let next = nudges.iter().find(|nudge| **nudge > event).copied();
                prop_assert!(next.is_some_and(|nudge| nudge - event <= 1_000), "{event}: {nudges:?}");
            }
        }
    }
}

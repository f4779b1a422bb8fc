//! The loop in memory: it comes to rest, copies go separate ways, and accidents end as the undisturbed run does.

use crate::adapter::accident::{Fate, Planned};
use crate::adapter::driver::Toys;
use crate::ending::{Ending, check, ending};
use orchestrator::engine::Cycle;
use orchestrator::model::{Outcome, StopPoint};
use orchestrator::sim::Options;
use std::collections::BTreeSet;

/// The agent names a file by the time, which an accident moves.
fn timeless(line: &str) -> String {
    let is_time = |word: &str| word.len() == 14 && word.chars().all(|c| c.is_ascii_digit());
    line.split('-').map(|word| if is_time(word) { "<time>" } else { word }).collect::<Vec<_>>().join("-")
}

/// What a run leaves behind, and whether it rests.
fn left(toys: &Toys, last: &Cycle) -> (Ending, bool) {
    let ending = toys.github.sim().world(|world| {
        check(world, &last.snapshot).unwrap_or_else(|wrong| panic!("{wrong}"));
        ending(world, &last.snapshot)
    });
    (
        Ending(ending.0.iter().map(|line| timeless(line)).collect()),
        matches!(last.decision.outcome, Outcome::Rest { .. }),
    )
}

#[tokio::test]
async fn a_copy_goes_its_own_way_to_the_same_rest() {
    let mut toys = Toys::with(Options::default(), &[]);
    toys.cycle().await;
    assert!(toys.cycle().await.moved());
    let mut other = toys.copy();
    let (one, two) = (toys.settle(120).await, other.settle(120).await);
    let (one, two) = (one.last().expect("cycles"), two.last().expect("cycles"));
    assert!(matches!(one.decision.outcome, Outcome::Rest { .. }), "{:?}", one.decision);
    assert_eq!(left(&toys, one), left(&other, two));
}

#[tokio::test]
async fn accidents_of_the_first_and_the_last_write_of_every_kind_end_as_the_undisturbed_run_does() {
    let mut toys = Toys::with(Options::default(), &[]);
    let cycles = toys.settle(120).await;
    let undisturbed = left(&toys, cycles.last().expect("cycles"));
    assert!(undisturbed.1, "it rests");
    let counts = toys.seat.accidents.counts();
    assert_eq!(counts.get(&StopPoint::Create), Some(&7));
    for (point, n) in counts.into_iter().flat_map(|(point, n)| BTreeSet::from([(point, 1), (point, n)])) {
        for fate in Fate::ALL {
            let plan = Planned { point, n, fate };
            let mut toys = Toys::with(Options::default(), &[plan]);
            let cycles = toys.outlast(200).await;
            assert!(toys.seat.accidents.are_over(), "{plan:?} did not happen");
            let killed = matches!(fate, Fate::KilledBefore | Fate::KilledAfter);
            assert_eq!(toys.seat.killed, usize::from(killed), "{plan:?}");
            let last = cycles.last().expect("cycles");
            assert_eq!(left(&toys, last), undisturbed, "{plan:?}: {:?}", last.decision);
        }
    }
}

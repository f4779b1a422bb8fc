//! The loop in memory: it comes to rest, copies go separate ways, and accidents end as the undisturbed run does.

use crate::adapter::accident::{Fate, Planned};
use crate::adapter::driver::Toys;
use orchestrator::engine::Cycle;
use orchestrator::model::{Outcome, StopPoint};
use orchestrator::sim::Options;
use std::collections::BTreeSet;

/// What a run leaves behind, numbers and times aside.
#[derive(Debug, PartialEq, Eq)]
struct Left {
    rest: bool,
    complete: Vec<String>,
    /// Titles of issues, sorted; a title that is there twice was asked twice.
    issues: Vec<(String, bool)>,
    settled: Vec<(String, Option<String>)>,
}

fn left(toys: &Toys, last: &Cycle) -> Left {
    let ledger = last.snapshot.ledger.clone().unwrap_or_default();
    let settled = ledger.bindings.values().map(|binding| {
        let outcome = binding.outcome.as_ref().map(|outcome| outcome.to_string().chars().take(4).collect());
        (format!("{:?}", binding.key.kind()), outcome)
    });
    let mut settled: Vec<(String, Option<String>)> = settled.collect();
    settled.sort();
    let mut issues: Vec<(String, bool)> = toys.github.sim().world(|world| {
        let issues = world.subjects().filter(|subject| subject.pull.is_none());
        issues.map(|issue| (issue.title.split(':').next().unwrap_or_default().to_owned(), issue.is_open())).collect()
    });
    issues.sort();
    Left {
        rest: matches!(last.decision.outcome, Outcome::Rest { .. }),
        complete: last.snapshot.planning.complete.iter().map(|name| name.as_str().chars().skip(18).collect()).collect(),
        issues,
        settled,
    }
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

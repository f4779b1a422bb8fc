//! Two instances in memory, interleaved request by request: what may not happen twice does not, whoever is quicker,
//! whoever sleeps in between, whatever is lost.
//!
//! A round is a seed. It decides whose request comes next, who is held up for how long between two requests, and what is
//! lost on the way; the same seed goes the same way. `cargo test --test suite instances -- --nocapture` prints the counts.

use crate::adapter::accident::{Accidents, Fate};
use crate::adapter::driver::{Seat, Toys, Turn};
use crate::adapter::{Folder, GitHub};
use crate::ending::{assigned, check};
use crate::play::told;
use orchestrator::engine::port::Remote as _;
use orchestrator::model::{Key, Outcome, Snapshot, StopPoint};
use orchestrator::sim::world::Permission;
use orchestrator::sim::{IssueKind, Options, Script};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tokio::task::unconstrained;

/// So many that every accident happens to somebody.
const ROUNDS: u64 = 200;
/// Turns of both after which a round must have come to rest.
const LIMIT: usize = 120;

/// Numbers that follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn begin(pending: bool, lease: bool, lag: i64) -> (Toys, Seat) {
    let mut options = Options::default();
    options.project.retain(|(path, _)| path != "planning/orchestrator.toml");
    let pacing = if lease { "" } else { "doubt = \"0s\"\nlease = \"0s\"\n" };
    let policy = format!("version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n[loop]\n{pacing}");
    options.project.push(("planning/orchestrator.toml".to_owned(), policy.into_bytes()));
    if pending {
        options.project.push(("planning/issue_queue/pending/dev-1.md".to_owned(), b"# One".to_vec()));
    }
    let toys = Toys::with(options, &[]);
    let colleague = {
        let mut sim = toys.github.sim();
        sim.script_kind(IssueKind::GapAnalysis, Script::NoChange);
        sim.world(|world| {
            world.settings.list_lag = jiff::SignedDuration::from_secs(lag);
            world.person("colleague", Permission::Write)
        })
    };
    let other = Seat::new(&toys.github, &Folder::new("two"), colleague, &Accidents::new(&[]));
    (toys, other)
}

/// Both take a turn, request by request in the order that chance gives. Sometimes one of them sleeps between two requests
/// until the other's turn is over, or longer than any lease.
async fn together(one: &mut Seat, two: &mut Seat, github: &GitHub, chance: &mut Chance) -> (Turn, Turn) {
    // Unconstrained, for nothing here gives the runtime its budget back.
    let (mut first, mut second) = (pin!(unconstrained(one.turn())), pin!(unconstrained(two.turn())));
    let (mut turns, mut asleep): ((Option<Turn>, Option<Turn>), Option<bool>) = ((None, None), None);
    let mut context = Context::from_waker(Waker::noop());
    for request in 0.. {
        assert!(request < 10_000, "a turn does not end");
        if asleep.is_none() && chance.below(12) == 0 {
            asleep = Some(chance.below(2) == 0);
        }
        let done = (turns.0.is_some(), turns.1.is_some());
        let of_first = match (done, asleep) {
            ((true, true), _) => break,
            ((true, false), _) => false,
            ((false, true), _) => true,
            (_, Some(first_sleeps)) => !first_sleeps,
            _ => chance.below(2) == 0,
        };
        if (done.0 || done.1) && asleep.take().is_some() {
            // The other is through; who slept wakes late.
            github.sim().advance(jiff::SignedDuration::from_secs([0, 5, 400][chance.below(3) as usize]));
        }
        if of_first {
            if let Poll::Ready(turn) = first.as_mut().poll(&mut context) {
                turns.0 = Some(turn);
            }
        } else if let Poll::Ready(turn) = second.as_mut().poll(&mut context) {
            turns.1 = Some(turn);
        }
    }
    (turns.0.expect("its turn is over"), turns.1.expect("its turn is over"))
}

fn moved(turn: &Turn) -> bool {
    match turn {
        Turn::Cycle(cycle) => cycle.moved() || matches!(cycle.decision.outcome, Outcome::Act { .. }),
        Turn::Killed => true,
        Turn::Failed(why) => panic!("it can't look: {why}"),
    }
}

fn snapshot(turn: Turn) -> Option<Snapshot> {
    match turn {
        Turn::Cycle(cycle) => Some(cycle.snapshot),
        Turn::Killed | Turn::Failed(_) => None,
    }
}

/// Writes to which something happens.
const POINTS: [StopPoint; 4] = [StopPoint::Attempt, StopPoint::Create, StopPoint::Bind, StopPoint::Assign];

/// What came of a round.
#[derive(Debug, PartialEq, Eq)]
struct Round {
    /// How many issues were made twice.
    duplicates: usize,
    /// The accidents that happened.
    happened: BTreeSet<(StopPoint, Fate)>,
    /// Turn by turn what both did and why, then the ledger's history and the issues.
    way: Vec<String>,
}

fn turn_line(turn: &Turn) -> String {
    match turn {
        Turn::Cycle(cycle) => told(cycle),
        Turn::Killed => "killed".to_owned(),
        Turn::Failed(why) => why.clone(),
    }
}

/// The history of the ledger, and the issues as they were left.
async fn history(toys: &Toys, snapshot: &Snapshot) -> Vec<String> {
    let tip = snapshot.tips.ledger.expect("a ledger");
    let log = toys.seat.engine.remote.ledger_log(tip, 1_000).await.expect("its log");
    let log = log.into_iter().map(|entry| format!("{} by {:?} at {}", entry.subject, entry.instance, entry.at));
    let issues = toys.github.sim().world(|world| {
        let issues = world.subjects().map(|issue| {
            let (title, open, sent) = (&issue.title, issue.is_open(), assigned(issue));
            format!("#{} {title}: open {open} {:?}, sent {sent}x", issue.number, issue.reason)
        });
        issues.collect::<Vec<String>>()
    });
    log.chain(issues).collect()
}

/// One round.
async fn round(seed: u64, pending: bool, lag: i64) -> Round {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (mut toys, mut other) = begin(pending, seed.is_multiple_of(2), lag);
    let arranged = [toys.seat.accidents.clone(), other.accidents.clone()].map(|accidents| {
        let planned =
            (chance.below(2) == 0).then(|| (POINTS[chance.below(4) as usize], Fate::ALL[chance.below(5) as usize]));
        planned.inspect(|(point, fate)| accidents.arrange(*point, *fate)).map(|planned| (accidents, planned))
    });
    let (mut quiet, mut last, mut way) = (0, None, Vec::new());
    for _ in 0..LIMIT {
        let github = toys.github.clone();
        let (one, two) = together(&mut toys.seat, &mut other, &github, &mut chance).await;
        way.extend([turn_line(&one), turn_line(&two)]);
        quiet = if moved(&one) || moved(&two) { 0 } else { quiet + 1 };
        last = snapshot(two).or_else(|| snapshot(one)).or(last);
        toys.advance(if quiet > 0 { 90 } else { 20 });
        let sent = toys.github.sim().world(|world| world.subjects().any(|subject| assigned(subject) > 0));
        if quiet > 6 && sent {
            break;
        }
    }
    let snapshot = last.expect("somebody looked");
    assert!(quiet > 6, "seed {seed}: they never came to rest");
    let ledger = snapshot.ledger.clone().expect("a ledger");
    let bound = ledger.bindings.keys().filter(|key| matches!(key, Key::Item(_)) == pending).count();
    assert_eq!((bound, ledger.bindings.len()), (1, 1), "seed {seed}: {:?}", ledger.bindings.keys());
    way.extend(history(&toys, &snapshot).await);
    let duplicates = toys.github.sim().world(|world| {
        check(world, &snapshot).unwrap_or_else(|wrong| panic!("seed {seed}, pending {pending}, lag {lag}: {wrong}"));
        let sent: usize = world.subjects().map(assigned).sum();
        assert_eq!(sent, 1, "seed {seed}: sent {sent} times");
        world.subjects().count() - 1
    });
    let happened = arranged.into_iter().flatten().filter(|(accidents, _)| accidents.are_over());
    Round { duplicates, happened: happened.map(|(_, planned)| planned).collect(), way }
}

async fn rounds(pending: bool) {
    for lag in [0, 60] {
        let (mut duplicates, mut happened) = (0, BTreeSet::new());
        for seed in 0..ROUNDS {
            let round = round(seed, pending, lag).await;
            duplicates += round.duplicates;
            happened.extend(round.happened);
        }
        let what = if pending { "promote" } else { "ask-gap" };
        println!(
            "{ROUNDS} rounds of two that {what} at once, lists {lag} s behind: {ROUNDS} bound, {ROUNDS} sent, {duplicates} duplicate(s), all closed; {} kinds of accidents",
            happened.len()
        );
        // Where nobody can see what the other made, somebody makes it again; else the rounds would show nothing.
        assert!(lag == 0 || duplicates > 0, "no issue was ever made twice");
        let all = POINTS.into_iter().flat_map(|point| Fate::ALL.map(|fate| (point, fate)));
        let missing: Vec<_> = all.filter(|accident| !happened.contains(accident)).collect();
        assert!(missing.is_empty(), "these never happened: {missing:?}");
    }
}

#[tokio::test]
async fn two_interleaved_instances_bind_and_send_one_issue_for_an_item() {
    rounds(true).await;
}

#[tokio::test]
async fn two_interleaved_instances_bind_and_send_one_issue_for_a_question() {
    rounds(false).await;
}

#[tokio::test]
async fn the_same_seed_goes_the_same_way() {
    let mut ways = BTreeSet::new();
    for seed in 0..5 {
        let (one, other) = (round(seed, true, 60).await, round(seed, true, 60).await);
        assert_eq!(one, other, "seed {seed}");
        ways.insert(one.way);
    }
    assert_eq!(ways.len(), 5, "each seed goes a way of its own");
}

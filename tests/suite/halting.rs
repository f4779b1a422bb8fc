//! An engine that is asked to stop in the middle of an action: which effects still happen, and what is left in the ledger.
//!
//! The question comes from the clock, which the engine asks at known points: once for the look; for the attempt, its
//! signature and its end; and before and after every write to GitHub, of which the label is the first, the issue the second.

use crate::stage::{Stage, TestClock};
use jiff::Timestamp;
use orchestrator::engine::halt::Halt;
use orchestrator::engine::port::{Clock, Remote};
use orchestrator::engine::{Cycle, Engine};
use orchestrator::model::{Ledger, StopPoint};
use orchestrator::repo::LocalClone;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

type Asked = Engine<orchestrator::forge::Client, Arc<LocalClone>, AskingClock>;

/// A clock that asks the engine to stop when it is read for the n-th time.
#[derive(Clone)]
struct AskingClock {
    clock: TestClock,
    reads: Arc<AtomicUsize>,
    at: usize,
    engine: Arc<OnceLock<Weak<Asked>>>,
}

impl Clock for AskingClock {
    fn now(&self) -> Timestamp {
        if self.reads.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            let engine = self.engine.get().and_then(Weak::upgrade).expect("the engine lives");
            assert_eq!(engine.halt.ask(), self.at > 1, "effects are in flight, but not while it looks");
        }
        self.clock.now()
    }

    async fn pause(&self, _long: Duration) {}
}

/// The cycle that asks for the first gap analysis, with the question at this reading of the clock; and the ledger after it.
async fn asked_at(at: usize) -> (Stage, Cycle, Ledger) {
    let stage = Stage::new().await;
    assert!(stage.cycle().await.moved(), "the ledger is begun");
    let (reads, engine) = (Arc::default(), Arc::default());
    let clock = AskingClock { clock: stage.clock.clone(), reads, at, engine: Arc::clone(&engine) };
    let data = stage.data();
    let home = data.parent().expect("it lies in a folder");
    let asked = crate::stage::engine(&stage.sim, &stage.engine.repository, home, clock, stage.sim.token());
    let asked = Arc::new(asked);
    assert!(engine.set(Arc::downgrade(&asked)).is_ok());
    let lock = asked.remote.lock().await.expect("nobody else works here");
    let cycle = asked.cycle(&lock).await.expect("it can look");
    drop(lock);
    let lock = stage.engine.remote.lock().await.expect("nobody else works here");
    let ledger = stage.engine.snapshot(&lock).await.expect("it can look").ledger.expect("a ledger");
    drop(lock);
    (stage, cycle, ledger)
}

fn points(cycle: &Cycle) -> Vec<StopPoint> {
    cycle.done.iter().map(|done| done.point).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_was_asked_while_it_looked_begins_nothing() {
    let (stage, cycle, ledger) = asked_at(1).await;
    assert_eq!(points(&cycle), []);
    assert!(ledger.attempt.is_none() && stage.sim.world(|world| world.subjects().count()) == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_for_which_nothing_was_sent_is_taken_back() {
    let (stage, cycle, ledger) = asked_at(2).await;
    assert_eq!(points(&cycle), [StopPoint::Attempt]);
    assert_eq!(ledger.attempt, None);
    assert_eq!(stage.sim.world(|world| world.subjects().count()), 0, "and nothing was sent");
    let next = stage.cycle().await;
    assert_eq!(next.done.len(), 4, "the next one does it all, without a wait: {:?}", next.decision.outcome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_whose_issue_was_sent_stays_and_the_issue_is_found_by_it() {
    let (stage, cycle, ledger) = asked_at(7).await;
    assert_eq!(points(&cycle), [StopPoint::Attempt, StopPoint::Create]);
    assert!(ledger.attempt.is_some());
    let next = stage.cycle().await;
    assert_eq!(points(&next), [StopPoint::Bind, StopPoint::Assign]);
    assert_eq!(stage.sim.world(|world| world.subjects().count()), 1);
}

#[test]
fn whoever_asks_is_told_whether_something_is_in_flight() {
    let halt = Halt::default();
    assert!(!halt.is_asked() && !halt.ask() && halt.is_asked());
}

//! What happens to the n-th write of a kind.
//!
//! **Guarantees**: a plan is heeded once; the counts go on over the ends of processes, so a plan names one write of a run.

use orchestrator::model::StopPoint;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Notify;

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// The process ends before it is sent.
    KilledBefore,
    /// It happens, and the process ends before it reads the answer.
    KilledAfter,
    /// A gateway answers; nothing happened.
    BadGatewayBefore,
    /// It happens, a gateway answers, and nothing can be read back.
    BadGatewayAfter,
    /// It happens and the answer is lost; what can be read back is.
    AnswerLost,
}

impl Fate {
    pub const ALL: [Self; 5] =
        [Self::KilledBefore, Self::KilledAfter, Self::BadGatewayBefore, Self::BadGatewayAfter, Self::AnswerLost];
}

/// One planned accident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// To which write.
    pub point: StopPoint,
    /// To the how-manyth of them, counted from 1.
    pub n: u32,
    /// What.
    pub fate: Fate,
}

/// What came of sending a write.
pub enum Sent<T> {
    Answered(T),
    Lost(Lost<T>),
}

/// A write whose answer never came.
pub struct Lost<T> {
    /// What the client sees instead.
    pub why: String,
    /// What was made, if it happened.
    pub made: Option<T>,
    /// Whether the client can read back.
    pub readable: bool,
}

#[derive(Clone, Default)]
struct State {
    plan: Vec<Planned>,
    counts: BTreeMap<StopPoint, u32>,
    killed: bool,
}

/// The plan of a run and how far it got.
#[derive(Clone, Default)]
pub struct Accidents(Arc<(Mutex<State>, Notify)>);

impl Accidents {
    pub fn new(plan: &[Planned]) -> Self {
        Self(Arc::new((Mutex::new(State { plan: plan.to_vec(), ..State::default() }), Notify::new())))
    }

    /// A plan of its own with the same rest.
    pub fn copy(&self) -> Self {
        Self(Arc::new((Mutex::new(self.hold().clone()), Notify::new())))
    }

    /// Plans that something happens to the next write of a kind.
    pub fn arrange(&self, point: StopPoint, fate: Fate) {
        let mut state = self.hold();
        let n = state.counts.get(&point).copied().unwrap_or_default() + 1;
        state.plan.push(Planned { point, n, fate });
    }

    fn hold(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().expect("no test panics while it holds a plan")
    }

    /// Counts a write and says what happens to it.
    pub(super) fn next(&self, point: StopPoint) -> Option<Fate> {
        let mut state = self.hold();
        let count = state.counts.entry(point).or_default();
        *count += 1;
        let n = *count;
        let place = state.plan.iter().position(|planned| planned.point == point && planned.n == n)?;
        Some(state.plan.remove(place).fate)
    }

    pub(super) fn kill(&self) {
        self.hold().killed = true;
        self.0.1.notify_one();
    }

    /// Returns when the process is killed.
    pub(super) async fn killed(&self) {
        self.0.1.notified().await;
        self.hold().killed = false;
    }

    /// How many writes of each kind there were.
    pub fn counts(&self) -> BTreeMap<StopPoint, u32> {
        self.hold().counts.clone()
    }

    /// Whether everything that was planned has happened.
    pub fn are_over(&self) -> bool {
        self.hold().plan.is_empty()
    }
}

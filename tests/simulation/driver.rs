//! Cycles of an engine in memory, with the agent at work in between.
//!
//! **Guarantees**: a process that is killed is replaced by another one in the same folder; time moves by a second a
//! cycle, as on the stage of the real wire.

use super::accident::{Accidents, Planned};
use super::{Broken, Folder, GitHub, Instance};
use orchestrator::decide::adopt::Wish;
use orchestrator::engine::port::{Clock as _, Remote as _};
use orchestrator::engine::{Cycle, Engine};
use orchestrator::model::Outcome;
use orchestrator::sim::world::AccountId;
use orchestrator::sim::{Miniature, Options};

pub type Toy = Engine<Instance, Instance, Instance>;

/// One orchestrator: its folder, and the process that works in it now.
pub struct Seat {
    pub github: GitHub,
    pub folder: Folder,
    pub account: AccountId,
    pub accidents: Accidents,
    pub engine: Toy,
    /// How many processes were killed here.
    pub killed: usize,
}

/// What came of a cycle.
#[derive(Debug)]
pub enum Turn {
    Cycle(Box<Cycle>),
    /// It could not look.
    Failed(String),
    /// The process is gone; the next cycle is another one's.
    Killed,
}

impl Seat {
    /// The first process in a folder.
    pub fn new(github: &GitHub, folder: &Folder, account: AccountId, accidents: &Accidents) -> Self {
        let engine = engine(github, folder, account, accidents);
        let (github, folder, accidents) = (github.clone(), folder.clone(), accidents.clone());
        Self { github, folder, account, accidents, engine, killed: 0 }
    }

    /// The engine ends and another process begins in the same folder.
    pub fn restart(&mut self) {
        self.engine = engine(&self.github, &self.folder, self.account, &self.accidents);
    }

    /// What a person's `orchestrator adopt` does; whether the process was killed in it.
    pub async fn adopt(&mut self) -> bool {
        let lock = self.engine.remote.lock().await.expect("nobody else works in this folder");
        let settle = async {
            let look = self.engine.look_for_adoption(&lock, &Wish::default()).await;
            let (snapshot, plan) = look.expect("it can be looked at");
            for step in plan.expect("nothing forbids it").steps {
                self.engine.settle(&lock, &snapshot, &step).await;
            }
        };
        let killed = tokio::select! {
            biased;
            () = settle => false,
            () = self.accidents.killed() => true,
        };
        drop(lock);
        if killed {
            self.killed += 1;
            self.restart();
        }
        killed
    }

    /// One cycle. Time stands still.
    pub async fn turn(&mut self) -> Turn {
        let lock = match self.engine.remote.lock().await {
            Ok(lock) => lock,
            Err(Broken(why)) => return Turn::Failed(why),
        };
        let turn = tokio::select! {
            biased;
            result = self.engine.cycle(&lock) => match result {
                Ok(cycle) => Turn::Cycle(Box::new(cycle)),
                Err(error) => Turn::Failed(error.to_string()),
            },
            () = self.accidents.killed() => Turn::Killed,
        };
        drop(lock);
        if matches!(turn, Turn::Killed) {
            self.killed += 1;
            self.restart();
        }
        turn
    }
}

/// A process in a folder.
pub fn engine(github: &GitHub, folder: &Folder, account: AccountId, accidents: &Accidents) -> Toy {
    let instance = Instance::new(github, folder, account, accidents);
    let name = github.sim().world(|world| world.full_name().parse()).expect("a name");
    let id = instance.id();
    Engine::new(instance.clone(), instance.clone(), instance, name, id)
}

/// One GitHub with one orchestrator.
pub struct Toys {
    pub github: GitHub,
    pub seat: Seat,
}

impl Toys {
    /// With the clock of the stage.
    pub fn with(options: Options, plan: &[Planned]) -> Self {
        let now = "2026-11-24T08:00:00Z".parse().expect("a literal time");
        let mut sim = Miniature::new(&Options { now: Some(now), ..options }).expect("the simulator begins");
        let account = sim.world(|world| world.viewer());
        let github = GitHub::new(sim);
        let seat = Seat::new(&github, &Folder::new("one"), account, &Accidents::new(plan));
        Self { github, seat }
    }

    /// Another GitHub with another orchestrator, both as they are here; its process has just begun.
    pub fn copy(&self) -> Self {
        let (github, folder) = (self.github.copy(), self.seat.folder.copy());
        let seat = Seat::new(&github, &folder, self.seat.account, &self.seat.accidents.copy());
        Self { github, seat }
    }

    /// The same with another plan, counted anew; its process has just begun.
    pub fn with_plan(self, plan: &[Planned]) -> Self {
        let (github, folder) = (self.github, self.seat.folder);
        let seat = Seat::new(&github, &folder, self.seat.account, &Accidents::new(plan));
        Self { github, seat }
    }

    /// One cycle, none where the process was killed in it, and whether it did or tried anything. When it did nothing the
    /// agent works, or, when the agent has nothing to do either, what is waited for until a time is waited for.
    pub async fn go_on(&mut self) -> (Option<Cycle>, bool) {
        self.advance(1);
        let cycle = match self.seat.turn().await {
            Turn::Cycle(cycle) => *cycle,
            Turn::Killed => return (None, true),
            Turn::Failed(why) => panic!("the cycle can't look: {why}"),
        };
        let acts = matches!(cycle.decision.outcome, Outcome::Act { .. });
        if !cycle.moved() && self.github.sim().step_agent().expect("the agent works").is_empty() {
            let until = match &cycle.decision.outcome {
                Outcome::Wait { waiting } => waiting.until,
                _ => None,
            };
            if let Some(until) = until {
                self.github.sim().set_time(until);
            }
        }
        (Some(cycle), acts)
    }

    /// Moves the clock on.
    pub fn advance(&self, seconds: i64) {
        self.github.sim().advance(jiff::SignedDuration::from_secs(seconds));
    }

    /// One cycle that is not killed; time moves on by a second.
    pub async fn cycle(&mut self) -> Cycle {
        self.advance(1);
        match self.seat.turn().await {
            Turn::Cycle(cycle) => *cycle,
            other => panic!("the cycle can't look at {}: {other:?}", self.seat.engine.clock.now()),
        }
    }

    /// Cycles, with the agent at work in between, until nothing moves any more. Killed processes are replaced.
    pub async fn settle(&mut self, limit: usize) -> Vec<Cycle> {
        self.run(limit, false).await
    }

    /// The same, but what is waited for until a time is waited for.
    pub async fn outlast(&mut self, limit: usize) -> Vec<Cycle> {
        self.run(limit, true).await
    }

    async fn run(&mut self, limit: usize, patient: bool) -> Vec<Cycle> {
        let mut cycles: Vec<Cycle> = Vec::new();
        for _ in 0..limit {
            self.advance(1);
            let cycle = match self.seat.turn().await {
                Turn::Cycle(cycle) => *cycle,
                Turn::Killed => continue,
                Turn::Failed(why) => panic!("the cycle can't look: {why}"),
            };
            let moved = cycle.moved();
            let rest = matches!(cycle.decision.outcome, Outcome::Rest { .. });
            let until = match &cycle.decision.outcome {
                Outcome::Wait { waiting } => waiting.until.filter(|_| patient),
                _ => None,
            };
            cycles.push(cycle);
            if rest {
                return cycles;
            }
            if !moved && self.github.sim().step_agent().expect("the agent works").is_empty() && cycles.len() > 3 {
                if let Some(until) = until {
                    self.github.sim().set_time(until);
                    continue;
                }
                let tries = |cycle: &Cycle| patient && matches!(cycle.decision.outcome, Outcome::Act { .. });
                let quiet = cycles.iter().rev().take(3).all(|cycle| !cycle.moved() && !tries(cycle));
                if quiet {
                    return cycles;
                }
            }
        }
        cycles
    }
}

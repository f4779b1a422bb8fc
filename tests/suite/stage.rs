//! A stage for whole stories: the simulator, and the real engine on its wire and its git remote.

use jiff::Timestamp;
use orchestrator::engine::port::{Clock, Remote};
use orchestrator::engine::{Cycle, Engine};
use orchestrator::model::{Outcome, RepositoryName};
use orchestrator::repo::LocalClone;
use orchestrator::sim::{Options, Simulator};
use orchestrator::{forge, repo};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A clock that stands still until it is set.
#[derive(Clone)]
pub struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    /// Somebody sets this clock; the world's goes on as it did.
    pub fn set_ahead(&self, seconds: i64) {
        let mut now = self.0.lock().expect("no test panics while it holds the clock");
        *now = now.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("a time of this century");
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no test panics while it holds the clock")
    }

    async fn pause(&self, _long: Duration) {}
}

/// Simulator and engine.
pub struct Stage {
    pub sim: Simulator,
    pub engine: Engine<forge::Client, Arc<LocalClone>, TestClock>,
    pub clock: TestClock,
    /// The data folder goes with it.
    folder: tempfile::TempDir,
}

impl Stage {
    /// With the sample project.
    pub async fn new() -> Self {
        Self::with(Options::default()).await
    }

    /// With other options; the clock is fixed in any case.
    pub async fn with(options: Options) -> Self {
        let now: Timestamp = "2026-11-24T08:00:00Z".parse().expect("a literal time");
        let repository: RepositoryName = format!("{}/{}", options.owner, options.name).parse().expect("a name");
        crate::folder::choose_place();
        let sim = Simulator::start(Options { now: Some(now), ..options }).await.expect("the simulator starts");
        let folder = crate::folder::folder();
        let clock = TestClock(Arc::new(Mutex::new(now)));
        let engine = engine(&sim, &repository, folder.path(), clock.clone(), sim.token());
        Self { sim, engine, clock, folder }
    }

    /// One cycle; time moves on by a second.
    pub async fn cycle(&self) -> Cycle {
        self.advance(1);
        let lock = self.engine.remote.lock().await.expect("nobody else holds the lock");
        self.engine.cycle(&lock).await.expect("the cycle can look")
    }

    /// The engine ends and another process begins in the same data folder.
    pub fn restart(&mut self) {
        let repository = self.engine.repository.clone();
        self.engine = engine(&self.sim, &repository, self.folder.path(), self.clock.clone(), self.sim.token());
    }

    /// Another process begins in an empty data folder.
    pub fn move_out(&mut self) {
        self.folder = crate::folder::folder();
        self.restart();
    }

    /// The data folder.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Moves both clocks on.
    pub fn advance(&self, seconds: i64) {
        let by = jiff::SignedDuration::from_secs(seconds);
        self.sim.advance(by);
        let mut now = self.clock.0.lock().expect("no test panics while it holds the clock");
        *now = now.checked_add(by).expect("a time of this century");
    }

    /// Cycles, with the agent at work in between, until nothing moves any more.
    pub async fn settle(&self, limit: usize) -> Vec<Cycle> {
        let mut cycles = Vec::new();
        for _ in 0..limit {
            let cycle = self.cycle().await;
            let moved = cycle.moved();
            let rest = matches!(cycle.decision.outcome, Outcome::Rest { .. });
            cycles.push(cycle);
            if rest {
                return cycles;
            }
            if !moved && self.sim.step_agent().await.expect("the agent works").is_empty() && cycles.len() > 3 {
                let quiet = cycles.iter().rev().take(3).all(|cycle| !cycle.moved());
                if quiet {
                    return cycles;
                }
            }
        }
        cycles
    }
}

/// An engine on the simulator's wire.
pub fn engine<C: Clock>(
    sim: &Simulator,
    repository: &RepositoryName,
    folder: &std::path::Path,
    clock: C,
    token: &str,
) -> Engine<forge::Client, Arc<LocalClone>, C> {
    let token = Some(secrecy::SecretString::from(token.to_owned()));
    let settings = forge::Settings { api_url: sim.api_url(), repository: repository.clone(), token: token.clone() };
    let client = forge::Client::new(&settings).expect("a client");
    let limit = Duration::from_secs(30);
    let (folder, url, configuration) = (folder.join("data"), sim.git_url(), repo::Configuration::Nobody);
    let settings = repo::Settings { folder, url, token, limit, authorities: None, configuration };
    let clone = Arc::new(LocalClone::open(settings).expect("a clone"));
    let instance = clone.instance().to_owned();
    Engine::new(client, clone, clock, repository.clone(), instance)
}

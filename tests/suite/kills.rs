//! A real process is killed at every stop point of every action; whoever looks next heals what it left.
//!
//! The story is played up to the action by the engine in this process; then the program itself is started with the stop
//! point, kills itself there with SIGKILL, and the engine goes on in the same data folder, as the same instance. In one
//! play every action is met by one kill at most. The end must be that of the undisturbed story in memory.

use crate::ending::{Ending, check, ending};
use crate::faults;
use crate::program::Program;
use crate::stories::{Acted, Story};
use jiff::{SignedDuration, Timestamp};
use orchestrator::decide::adopt::Wish;
use orchestrator::engine::Engine;
use orchestrator::engine::port::{Clock, Remote};
use orchestrator::engine::stop::StopAt;
use orchestrator::model::{ActionKind, Outcome, Snapshot, StopPoint};
use orchestrator::repo::LocalClone;
use orchestrator::sim::Simulator;
use orchestrator::{forge, repo};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The machine's clock, which the program uses, and how far this story is ahead of it.
#[derive(Clone, Default)]
struct Ahead(Arc<Mutex<SignedDuration>>);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::now() + *self.0.lock().expect("nobody panics while it holds the clock")
    }

    async fn pause(&self, _long: Duration) {}
}

/// An action, and after which of its effects the process ends.
type Point = (ActionKind, StopPoint);

struct Play {
    story: Story,
    sim: Simulator,
    engine: Engine<forge::Client, Arc<LocalClone>, Ahead>,
    clock: Ahead,
    home: tempfile::TempDir,
}

impl Play {
    async fn begin(story: Story) -> Self {
        let sim = Simulator::start(story.options()).await.expect("the simulator starts");
        for (kind, script) in story.scripts() {
            sim.script_kind(*kind, *script);
        }
        sim.world(|world| story.prepare(world));
        let home = crate::folder::folder();
        let clock = Ahead::default();
        let host = sim.api_url().replace("http://", "").replace(':', "_");
        let token = Some(secrecy::SecretString::from(sim.token().to_owned()));
        let repository: orchestrator::model::RepositoryName = "maintainer/tally".parse().expect("a name");
        let settings = forge::Settings { api_url: sim.api_url(), repository: repository.clone(), token: token.clone() };
        let client = forge::Client::new(&settings).expect("a client");
        let folder = home.path().join("data").join(host).join("maintainer").join("tally");
        let (url, limit, configuration) = (sim.git_url(), Duration::from_secs(60), repo::Configuration::Nobody);
        let clone = LocalClone::open(repo::Settings { folder, url, token, limit, authorities: None, configuration })
            .expect("a clone");
        let clone = Arc::new(clone);
        let owner = clone.instance().to_owned();
        let engine = Engine::new(client, clone, clock.clone(), repository, owner);
        Self { story, sim, engine, clock, home }
    }

    async fn look(&self) -> (Snapshot, Outcome) {
        let lock = self.engine.remote.lock().await.expect("nobody else works here");
        let (snapshot, decision) = self.engine.look(&lock).await.expect("it can be looked at");
        (snapshot, decision.outcome)
    }

    /// One cycle; whether anything was done.
    async fn cycle(&self) -> (bool, Outcome) {
        let lock = self.engine.remote.lock().await.expect("nobody else works here");
        let cycle = self.engine.cycle(&lock).await.expect("the cycle can look");
        (cycle.moved(), cycle.decision.outcome)
    }

    /// A person has everything adopted.
    async fn adopt(&self) {
        let lock = self.engine.remote.lock().await.expect("nobody else works here");
        let look = self.engine.look_for_adoption(&lock, &Wish::default()).await;
        let (snapshot, plan) = look.expect("it can be looked at");
        for step in plan.expect("nothing forbids it").steps {
            self.engine.settle(&lock, &snapshot, &step).await;
        }
    }

    /// What people do, as soon as it can be done; once.
    async fn people(&self, acted: &mut bool) {
        if !*acted {
            let now = self.sim.world(|world| self.story.act(world));
            if let Some((path, content)) = now.file() {
                self.sim.commit_files("main", &[(path, Some(content))], "by hand").await.expect("it is pushed");
            }
            *acted = now != Acted::No;
        }
    }

    /// Kills the program at a point of a command.
    async fn kill(&self, command: &[&str], point: &str) {
        let program = Program::on(&self.sim, self.home.path()).with("ORCHESTRATOR_STOP_AT", point);
        let ended = program.run(command).await;
        assert_eq!(ended.signal, Some(9), "{point}: {ended:?}");
    }

    /// Plays the story to its end; the program is killed at these points when their actions are owed. Returns those at
    /// which it was not.
    async fn play(&self, kills: &[Point]) -> (Ending, Vec<Point>) {
        let (mut left, mut acted, mut quiet) = (kills.to_vec(), false, 0);
        if let Some((kind, point, _)) = self.story.mishap() {
            while !matches!(self.look().await.1, Outcome::Act { action } if action.kind == kind) {
                if !self.cycle().await.0 {
                    self.sim.step_agent().await.expect("the agent works");
                }
            }
            self.kill(&["cycle"], &format!("{kind}.{point}")).await;
        }
        for _ in 0..120 {
            self.people(&mut acted).await;
            if !left.is_empty()
                && let Outcome::Act { action: owed } = self.look().await.1
                && let Some(place) = left.iter().position(|(action, effect)| {
                    owed.kind == *action && owed.effects.iter().any(|owed| owed.stop_point() == *effect)
                })
            {
                let (action, effect) = left.remove(place);
                self.kill(&["cycle"], &format!("{action}.{effect}")).await;
                // What is owed now may be the next one's.
                continue;
            }
            let (mut moved, outcome) = self.cycle().await;
            if Story::wants_adoption(&outcome) {
                moved = true;
                match left.iter().position(|(action, _)| *action == ActionKind::Adopt) {
                    Some(place) => {
                        let (action, effect) = left.remove(place);
                        self.kill(&["adopt", "--yes"], &format!("{action}.{effect}")).await;
                    }
                    None => self.adopt().await,
                }
            }
            let worked = !moved && !self.sim.step_agent().await.expect("the agent works").is_empty();
            quiet = if moved || worked { 0 } else { quiet + 1 };
            if !moved && !worked {
                // Doubts and leases pass.
                *self.clock.0.lock().expect("nobody panics while it holds the clock") += SignedDuration::from_secs(60);
            }
            if matches!(outcome, Outcome::Rest { .. }) && quiet >= 2 {
                break;
            }
        }
        let (snapshot, outcome) = self.look().await;
        assert!(matches!(outcome, Outcome::Rest { .. }), "{kills:?}: {outcome:?}");
        let ended = self.sim.world(|world| {
            check(world, &snapshot).unwrap_or_else(|wrong| panic!("{kills:?}: {wrong}"));
            ending(world, &snapshot)
        });
        (ended, left)
    }
}

/// The plays of a story that meet all of these points, each of them no action twice.
fn rounds(points: &[Point]) -> Vec<Vec<Point>> {
    let mut rounds: Vec<Vec<Point>> = Vec::new();
    for point in points {
        match rounds.iter_mut().find(|round| round.iter().all(|(action, _)| *action != point.0)) {
            Some(round) => round.push(*point),
            None => rounds.push(vec![*point]),
        }
    }
    rounds
}

#[test]
fn a_process_killed_at_any_stop_point_leaves_what_the_next_one_heals() {
    let mut stories: BTreeMap<Story, Vec<Point>> = BTreeMap::new();
    for (action, effect) in StopAt::all() {
        stories.entry(Story::of(action, effect)).or_default().push((action, effect));
    }
    let ends: BTreeMap<Story, Ending> = stories.keys().map(|story| (*story, faults::undisturbed_end(*story))).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let mut disturbed = runtime.expect("a runtime").block_on(async {
        let mut runs = tokio::task::JoinSet::new();
        let gate = Arc::new(tokio::sync::Semaphore::new(4));
        for (story, points) in stories {
            for kills in rounds(&points) {
                let gate = Arc::clone(&gate);
                runs.spawn(async move {
                    let _turn = gate.acquire().await.expect("the gate stays open");
                    let (end, left) = Play::begin(story).await.play(&kills).await;
                    (story, kills, end, left)
                });
            }
        }
        runs.join_all().await
    });
    for (story, kills, end, left) in &disturbed {
        assert!(left.is_empty(), "nobody was killed at {left:?}");
        assert_eq!(end, &ends[story], "{kills:?} in {story:?}");
    }
    disturbed.sort_by_key(|(story, kills, ..)| (*story, kills.clone()));
    println!("\nthe program was killed at these points, and the end was that of the undisturbed story:");
    for (story, kills, ..) in &disturbed {
        let kills: Vec<String> = kills.iter().map(|(action, effect)| format!("{action}.{effect}")).collect();
        println!("{:<12}{}", format!("{story:?}"), kills.join(", "));
    }
    let points: usize = disturbed.iter().map(|(_, kills, ..)| kills.len()).sum();
    assert_eq!(points, StopAt::all().count(), "every stop point there is");
    println!("{points} stop points in {} plays", disturbed.len());
}

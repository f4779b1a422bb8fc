//! A real process is killed at every stop point of every action; whoever looks next heals what it left.
//!
//! Each point has a repository of its own. The story is played up to the action by the engine in this process; then the
//! program itself is started with the stop point, kills itself there with SIGKILL, and the engine goes on in the same data
//! folder, as the same instance. The end must be that of the undisturbed story.

use crate::ending::{Ending, check, ending};
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
        let home = tempfile::tempdir().expect("a temporary folder");
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

    /// Plays the story to its end; the program is killed at the point when its action is owed.
    async fn play(&self, killed: Option<(ActionKind, StopPoint)>) -> (Ending, Snapshot, bool) {
        let (mut left, mut acted, mut quiet) = (killed, false, 0);
        if let Some(point) = self.story.mishap() {
            let point = format!("promote.{point}");
            while self.sim.world(|world| world.subjects().count()) == 0 {
                let promoting =
                    matches!(self.look().await.1, Outcome::Act { action } if action.kind == ActionKind::Promote);
                if promoting { self.kill(&["cycle"], &point).await } else { drop(self.cycle().await) }
            }
        }
        for _ in 0..120 {
            self.people(&mut acted).await;
            if let Some((action, effect)) = left
                && let Outcome::Act { action: owed } = self.look().await.1
                && owed.kind == action
                && owed.effects.iter().any(|owed| owed.stop_point() == effect)
            {
                self.kill(&["cycle"], &format!("{action}.{effect}")).await;
                left = None;
            }
            let (mut moved, outcome) = self.cycle().await;
            if Story::wants_adoption(&outcome) {
                moved = true;
                match left.take_if(|(action, _)| *action == ActionKind::Adopt) {
                    Some((action, effect)) => self.kill(&["adopt", "--yes"], &format!("{action}.{effect}")).await,
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
        assert!(matches!(outcome, Outcome::Rest { .. }), "{killed:?}: {outcome:?}");
        let ended = self.sim.world(|world| {
            check(world, &snapshot).unwrap_or_else(|wrong| panic!("{killed:?}: {wrong}"));
            ending(world, &snapshot)
        });
        (ended, snapshot, left.is_none())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_at_any_stop_point_leaves_what_the_next_one_heals() {
    let points: Vec<(ActionKind, StopPoint)> = StopAt::all().collect();
    let mut runs = tokio::task::JoinSet::new();
    let gate = Arc::new(tokio::sync::Semaphore::new(4));
    for story in Story::ALL.into_iter().filter(|story| *story != Story::Answered) {
        let gate = Arc::clone(&gate);
        runs.spawn(async move {
            let _turn = gate.acquire().await.expect("the gate stays open");
            (story, None, Play::begin(story).await.play(None).await)
        });
    }
    for (action, effect) in &points {
        let (action, effect, gate) = (*action, *effect, Arc::clone(&gate));
        let story = Story::of(action, effect);
        runs.spawn(async move {
            let _turn = gate.acquire().await.expect("the gate stays open");
            (story, Some((action, effect)), Play::begin(story).await.play(Some((action, effect))).await)
        });
    }
    let mut undisturbed = BTreeMap::new();
    let mut disturbed = Vec::new();
    while let Some(run) = runs.join_next().await {
        let (story, point, (end, _, killed)) = run.expect("no story panics");
        match point {
            None => drop(undisturbed.insert(story, end)),
            Some(point) => disturbed.push((story, point, end, killed)),
        }
    }
    for (story, (action, effect), end, killed) in &disturbed {
        assert!(killed, "nobody was killed at {action}.{effect}");
        assert_eq!(Some(end), undisturbed.get(story), "{action}.{effect} in {story:?}");
    }
    disturbed.sort_by_key(|(_, point, ..)| *point);
    for (story, (action, effect), ..) in &disturbed {
        println!(
            "{:<34} killed, and the end is that of the undisturbed story ({story:?})",
            format!("{action}.{effect}")
        );
    }
    println!("{} stop points", disturbed.len());
}

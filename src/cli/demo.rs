//! `orchestrator demo`: the real engine on a simulated GitHub, until rest.
//!
//! **Guarantees**: engine, client and clone are the product's own; only the other end of the wire is simulated. Nothing
//! outside a temporary folder is touched, no token and no network are needed.

use super::{RealEngine, engine, line, output};
use crate::config::settings::Settings;
use crate::engine::Cycle;
use crate::engine::port::{Clock, Remote};
use crate::failure::{Exit, Failure};
use crate::model::{Outcome, RepositoryName, Stage};
use crate::repo::Configuration;
use crate::sim::world::Subject;
use crate::sim::{AgentEvent, Options, SimError, Simulator};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most cycles before the demonstration gives up.
const MAX_CYCLES: usize = 200;
/// When the simulated night begins, in seconds since 1970: 2026-01-05 23:00 UTC.
const EVENING: i64 = 1_767_654_000;
/// How far time moves with every cycle.
const STEP: SignedDuration = SignedDuration::from_secs(20);

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Keep the remote repository and the clone, and say where they are
    #[arg(long)]
    keep: bool,
    /// Which choices the simulated agent makes: another number, another way to the goal
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Print one JSON object a step and one for the summary
    #[arg(long)]
    json: bool,
}

/// The clock of the simulated night; the same seed sees the same times.
#[derive(Clone)]
struct Night(Arc<Mutex<Timestamp>>);

impl Night {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Timestamp::from_second(EVENING).unwrap_or_default())))
    }

    /// Moves both clocks on.
    fn pass(&self, sim: &Simulator) {
        sim.advance(STEP);
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(STEP).unwrap_or(*now);
    }
}

impl Clock for Night {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is paced at the simulated GitHub.
    async fn pause(&self, _long: Duration) {}
}

struct Counted {
    elapsed_ms: u128,
    cycles: usize,
    loops: usize,
}

/// The columns of a step.
fn step(stage: &str, action: &str, objects: &str, words: &str) {
    output::lines(&format!("{stage:<3} {action:<17} {objects:<12} {words}"), 35);
}

fn failed(error: &SimError) -> Failure {
    let text = format!("the simulated GitHub does not work: {error}");
    Failure::new(Exit::Internal, text, "the demonstration needs git 2.38 or newer and a free port on 127.0.0.1")
}

impl Demo {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let (started, night) = (Instant::now(), Night::new());
        let options = Options { now: Some(night.now()), seed: self.seed, ..Options::default() };
        let repository = format!("{}/{}", options.owner, options.name).parse::<RepositoryName>();
        let repository = repository
            .map_err(|error| Failure::new(Exit::Internal, error.to_string(), "report this: it is a defect"))?;
        let sim = Simulator::start(options).await.map_err(|error| failed(&error))?;
        let folder = tempfile::Builder::new().prefix("orchestrator-demo-").tempdir().map_err(|error| {
            let text = format!("no temporary folder can be made: {error}");
            Failure::new(Exit::Internal, text, "set TMPDIR to a folder that can be written")
        })?;
        let settings = Settings {
            repository,
            api_url: sim.api_url(),
            git_url: sim.git_url(),
            folder: folder.path().join("data"),
            token: Some(SecretString::from(sim.token().to_owned())),
            source: None,
            authorities: None,
            stop_at: None,
        };
        let engine = engine(&settings, Configuration::Nobody, night.clone())?;
        if !self.json {
            let text = "A simulated GitHub with a coding agent, a real git remote, the real engine. The night is simulated, \
                too: time passes with every step, and nothing is paced.";
            output::lines(&format!("{text} Seed {}.\n\n", self.seed), 0);
        }
        let (cycles, loops, rested) = self.drive(&sim, &engine, &night).await?;
        let counted = Counted { elapsed_ms: started.elapsed().as_millis(), cycles, loops };
        self.summary(&sim, &engine, &counted).await?;
        if self.keep {
            output::aside(&format!("kept: remote {}, clone {}", sim.keep().display(), folder.keep().display()));
        }
        Ok(if rested { Exit::Done } else { Exit::Refused })
    }

    /// Cycles until rest; the agent works whenever the engine waits.
    async fn drive(
        &self,
        sim: &Simulator,
        engine: &RealEngine<Night>,
        night: &Night,
    ) -> Result<(usize, usize, bool), Failure> {
        let mut loops = 0;
        for step in 1..=MAX_CYCLES {
            night.pass(sim);
            let lock = engine.remote.lock().await?;
            let cycle = engine.cycle(&lock).await?;
            drop(lock);
            let rests = matches!(cycle.decision.outcome, Outcome::Rest { .. });
            let needs_person = matches!(cycle.decision.outcome, Outcome::Stalled { .. } | Outcome::Blocked { .. });
            if cycle.moved() || rests || needs_person {
                self.line(&cycle);
            }
            loops += usize::from(cycle.decision.stage == Stage::CapabilityReady && cycle.done.len() > 1);
            if rests || needs_person {
                return Ok((step, loops, rests));
            }
            if !cycle.moved() {
                for event in sim.step_agent().await.map_err(|error| failed(&error))? {
                    self.agent_line(&event);
                }
            }
        }
        Ok((MAX_CYCLES, loops, false))
    }

    /// One line a step: stage, action, what came of it on GitHub and the mainline, and why.
    fn line(&self, cycle: &Cycle) {
        if self.json {
            output::json(&serde_json::json!({ "decision": cycle.decision, "done": cycle.done }));
            return;
        }
        let (decision, done) = (&cycle.decision, cycle.done.as_slice());
        let words = format!("{}{}", decision.reason, line::failed(done));
        step(decision.stage.code(), line::action(decision), &line::objects(decision, done), &words);
    }

    fn agent_line(&self, event: &AgentEvent) {
        let (pull, words) = match event {
            AgentEvent::Started { pull, .. } => (Some(*pull), "opened a draft".to_owned()),
            AgentEvent::Pushed { pull, paths, .. } => (Some(*pull), format!("pushed {}", paths.join(", "))),
            AgentEvent::ChangedNothing { pull } => (Some(*pull), "found nothing to change".to_owned()),
            AgentEvent::Finished { pull } => (Some(*pull), "finished and requested a review".to_owned()),
            AgentEvent::Failed { pull, message } => (Some(*pull), format!("broke off: {message}")),
            AgentEvent::LeftUnfinished { pull } => (Some(*pull), "left as work in progress".to_owned()),
            AgentEvent::Stopped { pull, .. } => (*pull, "stopped, for its issue was closed".to_owned()),
        };
        if !self.json {
            step("·", "agent", &pull.map_or_else(String::new, |pull| format!("#{pull}")), &words);
        }
    }

    async fn summary(&self, sim: &Simulator, engine: &RealEngine<Night>, counted: &Counted) -> Result<(), Failure> {
        let log = sim.log("main").await.map_err(|error| failed(&error))?;
        let (spent, git) = (engine.forge.spent(), engine.remote.git_calls());
        if self.json {
            let value = serde_json::json!({
                "loops": counted.loops, "cycles": counted.cycles, "elapsedMs": counted.elapsed_ms, "spent": spent,
                "git": { "calls": git.count, "millis": git.millis },
                "mainline": log.iter().map(|(id, message)| serde_json::json!({ "commit": id, "message": message })).collect::<Vec<_>>(),
            });
            output::json(&value);
            return Ok(());
        }
        output::lines("\nmainline, newest first", 0);
        for (id, message) in &log {
            let short: String = id.chars().take(8).collect();
            output::lines(&format!("  {short} {}", message.lines().next().unwrap_or_default()), 11);
            for line in message.lines().skip(1).filter(|line| line.contains(": ")) {
                output::lines(&format!("           {}", line), 11);
            }
        }
        let objects: Vec<(bool, String)> = sim.world(|world| {
            let told = |subject: &Subject| {
                let end = match (&subject.pull, subject.is_open()) {
                    (Some(pull), _) if pull.merged.is_some() => "merged",
                    (_, true) => "open",
                    (_, false) => "closed",
                };
                let kind = if subject.pull.is_some() { "pull request" } else { "issue" };
                (
                    subject.pull.is_some(),
                    format!("  {:<8} {kind:<12} {end:<7} {}", format!("#{}", subject.number), subject.title),
                )
            };
            world.subjects().map(told).collect()
        });
        output::lines("\nissues and pull requests", 0);
        objects.iter().for_each(|(_, line)| output::lines(line, 32));
        let pulls = objects.iter().filter(|(pull, _)| *pull).count();
        output::lines(&format!("\nissues    {}, pull requests {pulls}", objects.len() - pulls), 10);
        output::lines(&format!("loops     {} complete, in {} cycles", counted.loops, counted.cycles), 11);
        let (reads, unchanged) = (spent.rest, spent.unchanged);
        let rest = format!("{reads} REST reads ({unchanged} unchanged, free) · {} writes", spent.writes);
        output::lines(&format!("GitHub    {} GraphQL queries, {} points · {rest}", spent.graphql, spent.points), 10);
        output::lines(&format!("git       {} network calls, {} ms", git.count, git.millis), 10);
        output::lines(&format!("elapsed   {:.1} s", counted.elapsed_ms as f64 / 1_000.0), 11);
        Ok(())
    }
}

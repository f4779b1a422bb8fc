//! `orchestrator demo`: the real engine on a simulated GitHub, until rest.
//!
//! **Guarantees**: engine, client and clone are the product's own; only the other end of the wire is simulated. Nothing
//! outside a temporary folder is touched, no token and no network are needed.

use super::{Exit, Failure, RealEngine, engine, of_cycle, of_repo};
use crate::config::settings::Settings;
use crate::engine::Cycle;
use crate::engine::port::Remote;
use crate::model::Outcome;
use crate::repo::Configuration;
use crate::sim::{Options, SimError, Simulator};
use crate::text::terminal;
use clap::Args;
use secrecy::SecretString;
use std::time::Instant;

/// Most cycles before the demonstration gives up.
const MAX_CYCLES: usize = 200;

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Keep the remote repository and the clone, and say where they are
    #[arg(long)]
    keep: bool,
    /// Print one JSON object a step and one for the summary
    #[arg(long)]
    json: bool,
}

struct Counted {
    elapsed_ms: u128,
    cycles: usize,
    loops: usize,
}

fn failed(error: &SimError) -> Failure {
    let help = "help: the demonstration needs git 2.38 or newer and a free port on 127.0.0.1";
    Failure { exit: Exit::Internal, text: format!("the simulated GitHub does not work: {error}\n{help}") }
}

impl Demo {
    pub(super) async fn run(self) -> Result<Exit, Failure> {
        let started = Instant::now();
        let sim = Simulator::start(Options::default()).await.map_err(|error| failed(&error))?;
        let folder = tempfile::Builder::new().prefix("orchestrator-demo-").tempdir();
        let folder =
            folder.map_err(|error| Failure { exit: Exit::Internal, text: format!("no temporary folder: {error}") })?;
        let options = Options::default();
        let name = format!("{}/{}", options.owner, options.name);
        let repository =
            name.parse().map_err(|_| Failure { exit: Exit::Internal, text: format!("{name} is no name") })?;
        let settings = Settings {
            repository,
            api_url: sim.api_url(),
            git_url: sim.git_url(),
            folder: folder.path().join("data"),
            token: Some(SecretString::from(sim.token().to_owned())),
            stop_at: None,
        };
        let engine = engine(&settings, Configuration::Nobody)?;
        if !self.json {
            println!(
                "A simulated GitHub with a coding agent, a real git remote, and the real engine. Pacing is short here.\n"
            );
        }
        let (cycles, loops, rested) = self.drive(&sim, &engine).await?;
        let counted = Counted { elapsed_ms: started.elapsed().as_millis(), cycles, loops };
        self.summary(&sim, &engine, &counted).await?;
        if self.keep {
            eprintln!("kept: remote {}, clone {}", sim.keep().display(), folder.keep().display());
        }
        Ok(if rested { Exit::Done } else { Exit::Refused })
    }

    /// Cycles until rest; the agent works whenever the engine waits.
    async fn drive(&self, sim: &Simulator, engine: &RealEngine) -> Result<(usize, usize, bool), Failure> {
        let mut loops = 0;
        for step in 1..=MAX_CYCLES {
            let lock = engine.remote.lock().await.map_err(|error| of_repo(&error))?;
            let cycle = engine.cycle(&lock).await.map_err(|error| of_cycle(&error))?;
            drop(lock);
            let rests = matches!(cycle.decision.outcome, Outcome::Rest { .. });
            let needs_person = matches!(cycle.decision.outcome, Outcome::Stalled { .. } | Outcome::Blocked { .. });
            if cycle.moved() || rests || needs_person {
                self.line(&cycle);
            }
            loops += usize::from(cycle.decision.stage == crate::model::Stage::CapabilityReady && cycle.done.len() > 1);
            if rests || needs_person {
                return Ok((step, loops, rests));
            }
            if !cycle.moved() {
                let events = sim.step_agent().await.map_err(|error| failed(&error))?;
                for event in events {
                    self.agent_line(&format!("{event:?}"));
                }
            }
        }
        Ok((MAX_CYCLES, loops, false))
    }

    fn line(&self, cycle: &Cycle) {
        if self.json {
            println!("{}", serde_json::json!({ "decision": cycle.decision, "done": cycle.done }));
            return;
        }
        let stage = cycle.decision.stage.code();
        println!("{stage}  {}", terminal(&cycle.decision.reason));
        for done in &cycle.done {
            let made = done.made.as_deref().map_or_else(String::new, |made| format!(" → {made}"));
            let why = if done.is_done() { String::new() } else { format!(" — not done: {}", done.why) };
            println!("      {}", terminal(&format!("{}{made}{why}", done.effect)));
        }
    }

    fn agent_line(&self, event: &str) {
        let word = event.split([' ', '{', '(']).next().unwrap_or(event);
        let words = match word {
            "Started" => "opened a draft pull request",
            "Pushed" => "pushed its work",
            "ChangedNothing" => "found nothing to change",
            "Finished" => "finished and requested a review",
            other => other,
        };
        if !self.json {
            println!("  ·   the agent {words}");
        }
    }

    async fn summary(&self, sim: &Simulator, engine: &RealEngine, counted: &Counted) -> Result<(), Failure> {
        let log = sim.log("main").await.map_err(|error| failed(&error))?;
        let (spent, git) = (engine.forge.spent(), engine.remote.git_calls());
        if self.json {
            let value = serde_json::json!({
                "loops": counted.loops, "cycles": counted.cycles, "elapsedMs": counted.elapsed_ms, "spent": spent,
                "git": { "calls": git.count, "millis": git.millis },
                "mainline": log.iter().map(|(id, message)| serde_json::json!({ "commit": id, "message": message })).collect::<Vec<_>>(),
            });
            println!("{value}");
            return Ok(());
        }
        println!("\nmainline, newest first");
        for (id, message) in &log {
            let short: String = id.chars().take(8).collect();
            println!("  {short} {}", terminal(message.lines().next().unwrap_or_default()));
            for line in message.lines().skip(1).filter(|line| line.contains(": ")) {
                println!("           {}", terminal(line));
            }
        }
        let (issues, pulls) = sim.world(|world| {
            let pulls = world.subjects().filter(|subject| world.pull(subject.number).is_some()).count();
            (world.subjects().count() - pulls, pulls)
        });
        println!("\nissues    {issues}, pull requests {pulls}");
        println!("loops     {} complete, in {} cycles", counted.loops, counted.cycles);
        println!(
            "GitHub    {} GraphQL queries ({} points) · {} REST reads · {} writes",
            spent.graphql, spent.points, spent.rest, spent.writes
        );
        println!("git       {} network calls, {} ms", git.count, git.millis);
        println!("elapsed   {:.1} s", counted.elapsed_ms as f64 / 1_000.0);
        Ok(())
    }
}

//! `orchestrator cycle`: the one thing that is owed now.

use super::seat::{self, Seat};
use super::{Target, engine, next_words, output};
use crate::config::environment::Environment;
use crate::engine::Done;
use crate::engine::port::SystemClock;
use crate::failure::{Exit, Failure};
use crate::model::{Decision, Outcome};
use crate::repo::Configuration;
use clap::Args;

/// Flags of `cycle`.
#[derive(Debug, Args)]
pub(super) struct CycleCommand {
    #[command(flatten)]
    target: Target,
    /// Name the action and its effects; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Answer 8 when the step waits
    #[arg(long)]
    exit_code: bool,
    /// Print the decision and what was done as JSON
    #[arg(long)]
    json: bool,
}

impl CycleCommand {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let engine = engine(&self.target.settings(environment)?, Configuration::User, SystemClock)?;
        let lock = match seat::take(&engine).await? {
            Seat::Works(lock) => lock,
            Seat::Reads(reading) => {
                self.print(&reading.decision, &[], true);
                return Err(reading.failure);
            }
        };
        let (decision, done) = if self.dry_run {
            let (_, decision) = engine.look(&lock).await?;
            (decision, Vec::new())
        } else {
            let cycle = engine.cycle(&lock).await?;
            (cycle.decision, cycle.done)
        };
        self.print(&decision, &done, self.dry_run);
        Ok(self.exit(&decision, &done))
    }

    fn print(&self, decision: &Decision, done: &[Done], dry_run: bool) {
        if self.json {
            output::json(&serde_json::json!({ "decision": decision, "done": done }));
        } else {
            output::lines(page(decision, done, dry_run).trim_end(), 5);
        }
    }

    fn exit(&self, decision: &Decision, done: &[Done]) -> Exit {
        if done.iter().any(|done| !done.is_done()) {
            return Exit::Refused;
        }
        match &decision.outcome {
            Outcome::Act { .. } | Outcome::Rest { .. } => Exit::Done,
            Outcome::Wait { .. } | Outcome::Look { .. } if self.exit_code => Exit::Waits,
            Outcome::Wait { .. } | Outcome::Look { .. } => Exit::Done,
            Outcome::Blocked { .. } => Exit::Refused,
            Outcome::Stalled { .. } => Exit::Stalled,
        }
    }
}

fn page(decision: &Decision, done: &[Done], dry_run: bool) -> String {
    let mut text = format!("{}\n{}\n", decision.stage, decision.reason);
    match &decision.outcome {
        Outcome::Act { action } if dry_run => {
            text.push_str(&format!("would {}:\n", action.kind));
            for (index, effect) in action.effects.iter().enumerate() {
                text.push_str(&format!("  {}. {effect}\n", index + 1));
            }
        }
        Outcome::Act { .. } => {
            for done in done {
                let made = done.made.as_deref().map_or_else(String::new, |made| format!(" → {made}"));
                let why = if done.is_done() { String::new() } else { format!(" — not done: {}", done.why) };
                text.push_str(&format!("  {}{made}{why}\n", done.effect));
            }
        }
        Outcome::Look { .. }
        | Outcome::Wait { .. }
        | Outcome::Blocked { .. }
        | Outcome::Rest { .. }
        | Outcome::Stalled { .. } => text.push_str(&format!("{}\n", next_words(decision))),
    }
    text
}

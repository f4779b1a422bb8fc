//! `orchestrator cycle`: the one thing that is owed now.

use super::seat::{self, Seat};
use super::signals::{self, Signals};
use super::{Target, engine, next_words, output};
use crate::config::environment::Environment;
use crate::engine::port::{Clock, SystemClock};
use crate::engine::{Done, Rehearsal};
use crate::failure::{Exit, Failure};
use crate::model::{CommitId, Decision, Outcome, Planned};
use crate::repo::Configuration;
use clap::Args;

/// Flags of `cycle`.
#[derive(Debug, Args)]
pub(super) struct CycleCommand {
    #[command(flatten)]
    target: Target,
    /// Show the action with every request, commit and change that it would make; change nothing
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
    /// As `run --once` asks for it.
    pub(super) fn once(target: Target, json: bool) -> Self {
        Self { target, dry_run: false, exit_code: false, json }
    }

    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let engine = engine(&self.target.settings(environment)?, Configuration::User, SystemClock)?;
        let lock = match seat::take(&engine).await? {
            Seat::Works(lock) => lock,
            Seat::Reads(reading) => {
                self.print(&reading.decision, &[], true);
                return Err(reading.failure);
            }
        };
        if self.dry_run {
            let rehearsal = engine.rehearse(&lock).await?;
            self.print_rehearsal(&rehearsal);
            return Ok(if rehearsal.ends.is_some() { Exit::Refused } else { self.exit(&rehearsal.decision, &[]) });
        }
        let mut signals = Signals::new()?;
        let (cycle, interrupted) = signals::under(&mut signals, &engine.halt, engine.cycle(&lock)).await;
        let Some(cycle) = cycle.transpose()? else { return Ok(Exit::Interrupted) };
        self.print(&cycle.decision, &cycle.done, false);
        let limits = engine.forge.limits().into_values().map(|limit| limit.until);
        let limited = limits.filter(|until| engine.clock.now() < *until).max();
        if let Some(until) = limited.filter(|_| cycle.done.iter().any(|done| !done.is_done())) {
            let text = format!("GitHub's rate limit is reached until {until}");
            return Err(Failure::new(Exit::Unreachable, text, format!("run the command again after {until}")));
        }
        Ok(if interrupted { Exit::Interrupted } else { self.exit(&cycle.decision, &cycle.done) })
    }

    fn print(&self, decision: &Decision, done: &[Done], dry_run: bool) {
        if self.json {
            output::json(&serde_json::json!({ "decision": decision, "done": done }));
        } else {
            output::lines(page(decision, done, dry_run).trim_end(), 5);
        }
    }

    fn print_rehearsal(&self, rehearsal: &Rehearsal) {
        if self.json {
            let Rehearsal { decision, writes, ends, .. } = rehearsal;
            output::json(&serde_json::json!({ "decision": decision, "writes": writes, "ends": ends, "done": [] }));
        } else {
            let text = page(&rehearsal.decision, &[], true) + &script(rehearsal);
            output::verbatim(text.trim_end());
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

/// Every write, word for word.
fn script(rehearsal: &Rehearsal) -> String {
    let mut text = String::new();
    for write in &rehearsal.writes {
        match write {
            Planned::Call(call) => {
                text.push_str(&format!("\n{} {}\n", call.method, call.path));
                if let Some(body) = &call.body {
                    // A body of ours is an object of texts; printing it again can't fail.
                    let body = serde_json::to_string_pretty(body).unwrap_or_default();
                    text.push_str(&format!("{body}\n"));
                }
            }
            Planned::Push(push) => {
                let stands = |commit: CommitId| format!("stands at {}", commit.short());
                let expected = push.expected.map_or_else(|| "does not exist yet".to_owned(), stands);
                text.push_str(&format!("\ngit push {}, which {expected}\n", push.reference));
                text.extend(push.message.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n"));
                text.push_str(&format!("\n{}", push.patch));
            }
        }
    }
    if !rehearsal.writes.is_empty() {
        text.push_str("\nnothing was sent; 0 stands for what only GitHub can give, and each commit gets another Orchestrator-Op\n");
    }
    if let Some(ends) = &rehearsal.ends {
        text.push_str(&format!("\nit would end there: {ends}\n"));
    }
    text
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
                let why = super::line::outcome(done);
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

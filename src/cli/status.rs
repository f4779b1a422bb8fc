//! `orchestrator status`: where the loop stands.

use super::seat::{self, Seat};
use super::{Target, engine, next_words, output};
use crate::config::environment::Environment;
use crate::engine::port::SystemClock;
use crate::failure::{Exit, Failure};
use crate::model::{Decision, Outcome, Snapshot};
use crate::repo::Configuration;
use clap::Args;

/// Flags of `status`.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    target: Target,
    /// Print the decision and the queue as JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let engine = engine(&self.target.settings(environment)?, Configuration::User, SystemClock)?;
        let (snapshot, decision) = match seat::take(&engine).await? {
            Seat::Works(lock) => engine.look(&lock).await?,
            Seat::Reads(reading) => (reading.snapshot, reading.decision),
        };
        if self.json {
            let value = serde_json::json!({
                "asOf": snapshot.now, "decision": decision, "hash": decision.hash(), "planning": snapshot.planning,
            });
            output::json(&value);
        } else {
            output::lines(page(&snapshot, &decision).trim_end(), 9);
        }
        Ok(Exit::Done)
    }
}

/// What a person can do about an obligation that is not the first.
fn lifts(outcome: &Outcome) -> Vec<&str> {
    match outcome {
        Outcome::Stalled { lifts, .. } => vec![lifts],
        Outcome::Blocked { vetoes } => vetoes.iter().map(|veto| veto.lifts.as_str()).collect(),
        Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Wait { .. } | Outcome::Rest { .. } => Vec::new(),
    }
}

fn page(snapshot: &Snapshot, decision: &Decision) -> String {
    let mut text = format!("{}\n\nstage    {}\n", snapshot.repository, decision.stage);
    if let Some(focus) = &decision.focus {
        let issue = focus.issue.map_or_else(String::new, |issue| format!(" · issue {issue}"));
        let pull = focus.pull.map_or_else(String::new, |pull| format!(" · pull request {pull}"));
        text.push_str(&format!("focus    {}{issue}{pull}\n", focus.title));
    }
    text.push_str(&format!("why      {}\n", decision.reason));
    for evidence in &decision.evidence {
        text.push_str(&format!("         {}: {}\n", evidence.fact, evidence.value));
    }
    text.push_str(&format!("next     {}\n", next_words(decision)));
    for also in &decision.also {
        text.push_str(&format!("also     {} {}\n", also.stage.code(), also.reason));
        for lifts in lifts(&also.outcome) {
            text.push_str(&format!("         lift: {lifts}\n"));
        }
    }
    let planning = &snapshot.planning;
    let [pending, processed, complete] = planning.counts;
    text.push_str(&format!("\nqueue    {pending} pending · {processed} processed · {complete} complete\n"));
    for item in planning.pending.iter().take(10) {
        text.push_str(&format!("         {} — {}\n", item.name, item.title));
    }
    if let Some(more) = planning.pending.len().checked_sub(10).filter(|more| *more > 0) {
        text.push_str(&format!("         and {more} more\n"));
    }
    for (name, why) in planning.quarantined.iter().take(10) {
        text.push_str(&format!("aside    {name}: {why}\n"));
    }
    text
}

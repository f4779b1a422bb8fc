//! `orchestrator ledger`: what is bound to which issue, what happened when, and putting a lost ledger back.
//!
//! **Guarantees**: read from the clone after a sync; only `restore` writes, and only where the remote has no ledger.

use super::{RealEngine, Target, engine, output};
use crate::config::environment::Environment;
use crate::decide;
use crate::engine::port::{Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::model::{
    Attempt, Binding, CommitId, ItemOutcome, LedgerEntry, LoopPolicy, Outcome, Performed, PolicyState, Snapshot,
};
use crate::repo::{Configuration, RepositoryLock};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use std::sync::Arc;

/// Most entries of the log.
const MAX_LOG: u32 = 10_000;

/// `ledger` and what to do with it.
#[derive(Debug, Args)]
pub(super) struct LedgerCommand {
    #[command(subcommand)]
    command: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Every binding: key, issue, outcome, pull request, merge commit, times
    Show(Show),
    /// The ledger's commits, newest first
    Log(Log),
    /// Put the ledger back where the remote has none and this clone knew it
    Restore(Restore),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    target: Target,
    /// Print the ledger as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Log {
    #[command(flatten)]
    target: Target,
    /// How many commits at most
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_LOG)))]
    limit: u32,
    /// Print the commits as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Restore {
    #[command(flatten)]
    target: Target,
}

/// An engine under its lock, and what it saw.
struct Seen {
    engine: RealEngine<SystemClock>,
    lock: Arc<RepositoryLock>,
    snapshot: Snapshot,
}

impl LedgerCommand {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        match self.command {
            What::Show(command) => show(&see(&command.target, environment).await?, command.json),
            What::Log(command) => log(&see(&command.target, environment).await?, &command).await,
            What::Restore(command) => restore(&see(&command.target, environment).await?).await,
        }
    }
}

async fn see(target: &Target, environment: &Environment) -> Result<Seen, Failure> {
    let engine = engine(&target.settings(environment)?, Configuration::User, SystemClock)?;
    let lock = engine.remote.lock().await?;
    let snapshot = engine.snapshot(&lock).await?;
    Ok(Seen { engine, lock, snapshot })
}

/// Why there is nothing to show.
fn absent(snapshot: &Snapshot) -> Failure {
    let repository = &snapshot.repository;
    match snapshot.tips.lost_ledger {
        Some(tip) => {
            let text = format!("{repository} has no ledger any more; this clone last saw it at {}", tip.short());
            Failure::new(Exit::Absent, text, "put it back with `orchestrator ledger restore`")
        }
        None => {
            let text = format!("{repository} has no ledger");
            Failure::new(Exit::Absent, text, "the first `orchestrator cycle` begins one")
        }
    }
}

fn show(seen: &Seen, json: bool) -> Result<Exit, Failure> {
    let ledger = seen.snapshot.ledger.as_ref().ok_or_else(|| absent(&seen.snapshot))?;
    if json {
        output::json(&serde_json::json!({ "tip": seen.snapshot.tips.ledger, "ledger": ledger }));
        return Ok(Exit::Done);
    }
    let mut bindings: Vec<&Binding> = ledger.bindings.values().collect();
    bindings.sort_by_key(|binding| binding.issue);
    if bindings.is_empty() {
        output::lines("nothing is bound yet", 0);
    } else {
        output::lines(&row("issue", "outcome", "pull", "merge", "bound", "settled"), 2);
    }
    for binding in bindings {
        output::lines(&record(binding), 2);
    }
    if let Some(attempt) = &ledger.attempt {
        output::lines(&under_way(attempt), 2);
    }
    Ok(Exit::Done)
}

fn row(issue: &str, outcome: &str, pull: &str, merge: &str, bound: &str, settled: &str) -> String {
    let line = format!("  {issue:<7} {outcome:<10} {pull:<7} {merge:<9} {bound:<16}  {settled}");
    line.trim_end().to_owned()
}

/// A binding: its key, which may be long, and its values below.
fn record(binding: &Binding) -> String {
    let or = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let (outcome, file) = match &binding.outcome {
        None => ("unsettled".to_owned(), String::new()),
        Some(ItemOutcome::File(name)) => ("file".to_owned(), format!(" → {name}")),
        Some(other) => (other.to_string(), String::new()),
    };
    let values = row(
        &binding.issue.to_string(),
        &outcome,
        &or(binding.pull.map(|pull| pull.to_string())),
        &or(binding.merge.map(|merge| merge.short())),
        &minute(binding.bound),
        &or(binding.settled.map(minute)),
    );
    format!("{}{file}\n{values}", binding.key)
}

fn under_way(attempt: &Attempt) -> String {
    let made = attempt.number.map_or_else(String::new, |number| format!(", {number} was made"));
    let (began, until) = (minute(attempt.started), minute(attempt.expires));
    format!("\nattempt for {} by {}: began {began}, its lease ends {until}{made}", attempt.key, attempt.owner)
}

/// A time to the minute, as people compare it; JSON has it in full.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).map_or_else(|| text.clone(), |text| text.replace('T', " "))
}

async fn log(seen: &Seen, command: &Log) -> Result<Exit, Failure> {
    let tip = seen.snapshot.tips.ledger.ok_or_else(|| absent(&seen.snapshot))?;
    let limit = usize::try_from(command.limit).unwrap_or(usize::MAX);
    let entries = seen.engine.remote.ledger_log(tip, limit).await?;
    if command.json {
        output::json(&serde_json::json!(entries));
        return Ok(Exit::Done);
    }
    for entry in &entries {
        output::lines(&line(entry), 10);
    }
    Ok(Exit::Done)
}

fn line(entry: &LedgerEntry) -> String {
    let by = entry.instance.as_ref().map_or_else(String::new, |instance| {
        let short: String = instance.chars().take(8).collect();
        format!(" (by {short})")
    });
    format!("{}  {}  {}{by}", entry.commit.short(), minute(entry.at), entry.subject)
}

async fn restore(seen: &Seen) -> Result<Exit, Failure> {
    let Seen { engine, lock, snapshot } = seen;
    if let Some(tip) = snapshot.tips.ledger {
        let text = format!("the remote has a ledger at {}; nothing is to be put back", tip.short());
        return Err(Failure::new(Exit::Held, text, "look at it with `orchestrator ledger show`"));
    }
    let lost = snapshot.tips.lost_ledger.ok_or_else(|| {
        let help = "run this on the machine whose data folder knew it, or bind what is there with `orchestrator adopt`";
        Failure::new(Exit::Absent, "this clone has never seen a ledger of the repository", help)
    })?;
    consent(snapshot)?;
    let bindings = engine.remote.ledger(lost).await?.bindings.len();
    let pacing = match &snapshot.policy {
        PolicyState::Valid { policy } => policy.pacing,
        PolicyState::Missing | PolicyState::Invalid { .. } => LoopPolicy::default(),
    };
    let restored = engine.spaced(pacing.write_spacing(), engine.remote.restore_ledger(lock, lost)).await;
    engine.keep_spending(lock).await;
    told(restored, lost, bindings)
}

/// Putting it back is a write like any other.
fn consent(snapshot: &Snapshot) -> Result<(), Failure> {
    match decide::gate(snapshot) {
        Some(Outcome::Stalled { why, lifts }) => Err(Failure::new(Exit::Stalled, why, lifts)),
        Some(Outcome::Wait { waiting }) => {
            Err(Failure::new(Exit::Refused, waiting.why, "delete planning/PAUSE from the mainline"))
        }
        Some(Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Blocked { .. } | Outcome::Rest { .. }) | None => {
            Ok(())
        }
    }
}

fn told(performed: Performed<CommitId>, lost: CommitId, bindings: usize) -> Result<Exit, Failure> {
    match performed {
        Performed::Done { value } => {
            output::lines(&format!("put back the ledger at {} with {bindings} binding(s)", value.short()), 2);
            Ok(Exit::Done)
        }
        Performed::NotDone { why, refused: None } => {
            Err(Failure::new(Exit::Held, why, "look at it with `orchestrator ledger show`"))
        }
        Performed::NotDone { why, refused: Some(_) } => {
            let help = "let the token push to refs/orchestrator/ledger, and run it again";
            Err(Failure::new(Exit::Refused, format!("the remote refused the ledger: {why}"), help))
        }
        Performed::Unknown { why } => {
            let text = format!("nobody knows whether the ledger is back at {}: {why}", lost.short());
            Err(Failure::new(Exit::Unreachable, text, "run it again; what is done already is not done twice"))
        }
    }
}

//! `orchestrator status`: where the loop stands.
//!
//! **Guarantees**: it changes nothing but the clone. What can't be asked is said, and what is known is shown all the same:
//! without a token what git says, without a network what the last look saw.

use super::seat::{self, Seat};
use super::{RealEngine, Target, engine, next_words, output};
use crate::config::environment::Environment;
use crate::decide::decide;
use crate::engine::GitView;
use crate::engine::port::{Clock, Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::model::{Decision, Outcome, Planning, PolicyState, RepositoryName, Snapshot};
use crate::repo::Configuration;
use clap::Args;

/// Items of a list that are shown.
const SHOWN: usize = 10;

/// Flags of `status`.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    target: Target,
    /// Show what the last look saw, without network and token
    #[arg(long)]
    offline: bool,
    /// Print the decision and the queue as JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let settings = self.target.settings(environment)?;
        let tokenless = settings.token.is_none();
        let engine = engine(&settings, Configuration::User, SystemClock)?;
        if self.offline {
            return match kept(&engine).await {
                Some((snapshot, decision)) => {
                    self.print(&snapshot, &decision);
                    Ok(Exit::Done)
                }
                None => Err(nothing_kept(&engine.repository)),
            };
        }
        let (snapshot, decision) = match seat::take(&engine).await? {
            Seat::Works(lock) if tokenless => {
                self.print_git(&engine.repository, &engine.git_view(&lock).await?);
                return Ok(Exit::Done);
            }
            Seat::Works(lock) => match engine.look(&lock).await {
                Ok(seen) => seen,
                Err(error) => return self.fall_back(&engine, error.into()).await,
            },
            Seat::Reads(reading) => (reading.snapshot, reading.decision),
        };
        self.print(&snapshot, &decision);
        Ok(Exit::Done)
    }

    /// Shows what the last look saw where GitHub or the remote can't be reached, and fails all the same.
    async fn fall_back<C: Clock>(&self, engine: &RealEngine<C>, failure: Failure) -> Result<Exit, Failure> {
        if failure.exit == Exit::Unreachable
            && let Some((snapshot, decision)) = kept(engine).await
        {
            self.print(&snapshot, &decision);
        }
        Err(failure)
    }

    fn print(&self, snapshot: &Snapshot, decision: &Decision) {
        if self.json {
            let value = serde_json::json!({
                "asOf": snapshot.now, "decision": decision, "hash": decision.hash(), "planning": snapshot.planning,
            });
            output::json(&value);
        } else {
            output::lines(page(snapshot, decision).trim_end(), 9);
        }
    }

    fn print_git(&self, repository: &RepositoryName, view: &GitView) {
        output::aside("no token, so GitHub was not asked: issues, pull requests and what comes next are not known");
        output::aside(
            "help: set ORCHESTRATOR_GITHUB_TOKEN to a user's token, pass --token-file, or log in: gh auth login",
        );
        if self.json {
            output::json(
                &serde_json::json!({ "asOf": null, "decision": null, "hash": null, "planning": view.planning }),
            );
        } else {
            output::lines(git_page(repository, view).trim_end(), 9);
        }
    }
}

/// What the last look saw, and what follows from it; says how old it is.
async fn kept<C: Clock>(engine: &RealEngine<C>) -> Option<(Snapshot, Decision)> {
    let snapshot = engine.remote.recall().await.filter(|kept| kept.repository == engine.repository)?;
    let age = engine.clock.now().duration_since(snapshot.now).as_secs().max(0);
    output::aside(&format!("this is what was seen {age} s ago"));
    let decision = decide(&snapshot);
    Some((snapshot, decision))
}

fn nothing_kept(repository: &RepositoryName) -> Failure {
    let text = format!("nothing is kept of {repository}: it was never looked at from this machine");
    Failure::new(
        Exit::Absent,
        text,
        format!("look once with network and token: orchestrator status --repo {repository}"),
    )
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
    text + "\n" + &queue(&snapshot.planning)
}

fn queue(planning: &Planning) -> String {
    let [pending, processed, complete] = planning.counts;
    let mut text = format!("queue    {pending} pending · {processed} processed · {complete} complete\n");
    for item in planning.pending.iter().take(SHOWN) {
        text.push_str(&format!("         {} — {}\n", item.name, item.title));
    }
    if let Some(more) = planning.pending.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("         and {more} more\n"));
    }
    for (name, why) in planning.quarantined.iter().take(SHOWN) {
        text.push_str(&format!("aside    {name}: {why}\n"));
    }
    text
}

fn git_page(repository: &RepositoryName, view: &GitView) -> String {
    let mainline = view.tips.mainline.to_string();
    let short = mainline.get(..10).unwrap_or_default();
    let mut text = format!("{repository}\n\nmainline {} at {short}\n", view.tips.branch);
    let policy = match &view.policy {
        PolicyState::Valid { policy } if policy.merge.enabled => "valid; merging is on".to_owned(),
        PolicyState::Valid { .. } => "valid; merging is off".to_owned(),
        PolicyState::Missing => "planning/orchestrator.toml is missing: nobody has consented to writes".to_owned(),
        PolicyState::Invalid { line, problem } => {
            let at = line.map_or_else(String::new, |line| format!(":{line}"));
            format!("planning/orchestrator.toml{at}: {problem}")
        }
    };
    text.push_str(&format!("policy   {policy}\n"));
    match &view.ledger {
        None => text.push_str("ledger   none yet\n"),
        Some(ledger) => {
            let open: Vec<_> = ledger.unsettled().collect();
            text.push_str(&format!("ledger   {} unsettled\n", open.len()));
            for binding in open.iter().take(SHOWN) {
                text.push_str(&format!("         {} → issue {}\n", binding.key, binding.issue));
            }
        }
    }
    text + "\n" + &queue(&view.planning)
}

//! `orchestrator adopt`: what nothing is bound to is shown, and settled after a yes.
//!
//! **Guarantees**: nothing is changed before somebody said yes, on the terminal or with `--yes`; then the steps that were
//! shown are performed, one after another under the lock, and a second look says what is left.

use super::signals::{self, Signals};
use super::{Target, engine, output};
use crate::config::environment::Environment;
use crate::decide::adopt::{AdoptPlan, Finished, Refused, Wish};
use crate::engine::Done;
use crate::engine::port::{Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::model::{IssueNumber, ItemName, Snapshot, StopPoint};
use crate::repo::Configuration;
use clap::Args;

/// Flags of `adopt`.
#[derive(Debug, Args)]
pub(super) struct Adopt {
    #[command(flatten)]
    target: Target,
    /// Leave finished items to the loop, which asks for their capability updates
    #[arg(long)]
    capabilities: bool,
    /// Settle what is shown without asking
    #[arg(long)]
    yes: bool,
    /// Print the plan, what was done and what is left as JSON; never asks
    #[arg(long)]
    json: bool,
    /// Bind just this queue file …
    #[arg(requires = "issue")]
    file: Option<String>,
    /// … to just this issue, as 12 or '#12'
    issue: Option<String>,
}

impl Adopt {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let wish = self.wish()?;
        let engine = engine(&self.target.settings(environment)?, Configuration::User, SystemClock)?;
        let lock = engine.remote.lock().await?;
        let (snapshot, plan) = engine.look_for_adoption(&lock, &wish).await?;
        let plan = plan.map_err(refused)?;
        if !self.json {
            print(&snapshot, &plan);
        }
        if plan.steps.is_empty() {
            if self.json {
                output::json(&serde_json::json!({ "plan": plan, "done": [], "left": plan }));
            }
            return Ok(if plan.problems.is_empty() { Exit::Done } else { Exit::Stalled });
        }
        if !self.yes {
            let answer = if self.json { None } else { output::ask("Settle these? [y/N]") };
            match answer {
                Some(true) => {}
                Some(false) => {
                    output::lines("nothing was changed", 0);
                    return Ok(Exit::Refused);
                }
                None => {
                    if self.json {
                        output::json(&serde_json::json!({ "plan": plan, "done": [], "left": plan }));
                    }
                    let text = "nobody is there to say yes, so nothing was changed";
                    return Err(Failure::new(Exit::Refused, text, "run it again with --yes"));
                }
            }
        }
        if !self.json {
            output::lines("\ndone", 2);
        }
        let mut done: Vec<Done> = Vec::new();
        let mut signals = Signals::new()?;
        for step in &plan.steps {
            let settling = engine.settle(&lock, &snapshot, step);
            let (effects, interrupted) = signals::under(&mut signals, &engine.halt, settling).await;
            let effects = effects.unwrap_or_default();
            let stop = effects.iter().any(|done| !done.is_done() && done.point != StopPoint::Move);
            if !self.json {
                output::lines(&told(&effects), 5);
            }
            done.extend(effects);
            if interrupted {
                return Ok(Exit::Interrupted);
            }
            if stop {
                break;
            }
        }
        let rest = Wish { one: None, ..wish };
        let (after, left) = engine.look_for_adoption(&lock, &rest).await?;
        let left = left.map_err(refused)?;
        if self.json {
            output::json(&serde_json::json!({ "plan": plan, "done": done, "left": left }));
        } else {
            output::lines("\n", 0);
            print(&after, &left);
        }
        Ok(match (done.iter().all(Done::is_done), left.problems.is_empty()) {
            (false, _) => Exit::Refused,
            (true, false) => Exit::Stalled,
            (true, true) => Exit::Done,
        })
    }

    fn wish(&self) -> Result<Wish, Failure> {
        let finished = if self.capabilities { Finished::Bind } else { Finished::Settle };
        let one = match (&self.file, &self.issue) {
            (Some(file), Some(issue)) => {
                let name = file.rsplit('/').next().and_then(ItemName::new);
                let number = issue.strip_prefix('#').unwrap_or(issue).parse().ok().map(IssueNumber);
                let wrong = || {
                    let text = format!("`{file} {issue}` is not a queue file and the number of an issue");
                    Failure::new(Exit::Settings, text, "run orchestrator adopt dev-example.md 12")
                };
                Some(name.zip(number).ok_or_else(wrong)?)
            }
            _ => None,
        };
        Ok(Wish { finished, one })
    }
}

/// The plan as it is shown before the question, and as what is left after it.
fn print(snapshot: &Snapshot, plan: &AdoptPlan) {
    let repository = &snapshot.repository;
    if plan.steps.is_empty() {
        output::lines(&format!("{repository}: nothing to adopt"), 2);
    } else {
        output::lines(&format!("{repository}: to be settled"), 2);
    }
    for (index, step) in plan.steps.iter().enumerate() {
        output::lines(&format!("{:>3}. {}", index + 1, step.why), 5);
    }
    if !plan.shown.is_empty() {
        output::lines("\nshown only, and left as it is", 2);
    }
    for shown in &plan.shown {
        output::lines(&format!("  -  {}", shown.what), 5);
        if let Some(command) = &shown.command {
            output::lines(&format!("     {command}"), 7);
        }
    }
    if !plan.problems.is_empty() {
        output::lines("\ncan't be settled from here", 2);
    }
    for problem in &plan.problems {
        output::lines(&format!("  -  {}", problem.what), 5);
        output::lines(&format!("     lift: {}", problem.lifts), 11);
    }
}

fn told(done: &[Done]) -> String {
    let line = |done: &Done| {
        let made = done.made.as_deref().map_or_else(String::new, |made| format!(" → {made}"));
        let why = super::line::outcome(done);
        format!("  {}{made}{why}", done.effect)
    };
    done.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn refused(refused: Refused) -> Failure {
    match refused {
        Refused::Stalled { why, lifts } => Failure::new(Exit::Stalled, why, lifts),
        Refused::Paused(why) => Failure::new(Exit::Refused, why, "delete planning/PAUSE from the mainline"),
        Refused::LostLedger(tip) => {
            let text = format!("the ledger is missing on the remote; this clone last saw it at {}", tip.short());
            Failure::new(Exit::Stalled, text, "put it back with `orchestrator ledger restore`")
        }
        Refused::NoFile(name) => {
            let text = format!("{name} lies in no folder of planning/issue_queue/ on the mainline");
            Failure::new(Exit::Absent, text, "see the names with `orchestrator status --json`")
        }
        Refused::NoIssue(number) => {
            let text = format!("{number} is no issue of this repository");
            Failure::new(Exit::Absent, text, "pass the number of an issue; a pull request is none")
        }
        Refused::FileBound(name, number) => {
            let text = format!("{name} is already bound to {number}");
            Failure::new(Exit::Held, text, "a file has one issue for good; see `orchestrator ledger show`")
        }
        Refused::IssueBound(number, key) => {
            let text = format!("{number} is already bound to {key}");
            Failure::new(Exit::Held, text, "an issue is about one thing for good; see `orchestrator ledger show`")
        }
        Refused::Author(number, login) => {
            let text = format!("{login}, who opened {number}, can't write to this repository");
            Failure::new(Exit::Refused, text, "open an issue of your own with its text, and bind that one")
        }
        Refused::Conflict { what, lifts } => Failure::new(Exit::Stalled, what, lifts),
    }
}

//! `orchestrator run`: cycle after cycle, until rest.
//!
//! **Guarantees**: a line for every cycle that did something or says something new; what is waited for is said once. It ends
//! at rest, where only a person can go on, at its limits, or by a signal; what is unfinished is said.

use super::cycle::CycleCommand;
use super::drive::Drive;
use super::signals::{self, Signals};
use super::{Target, line, output};
use crate::config::environment::Environment;
use crate::engine::Cycle;
use crate::engine::port::Clock;
use crate::failure::{Exit, Failure};
use crate::model::{Actor, Decision, Outcome};
use crate::watch::{Heard, Watcher};
use clap::Args;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Flags of `run`.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    target: Target,
    /// End after this many looks, whatever is unfinished then
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    max_cycles: Option<u64>,
    /// End after this long, such as 90m or 12h, whatever is unfinished then
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    long: Option<Duration>,
    /// One cycle, as `orchestrator cycle` does it
    #[arg(long, conflicts_with_all = ["max_cycles", "long"])]
    once: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// What ends a pause.
enum Woke {
    Again,
    Signal,
}

fn duration(text: &str) -> Result<Duration, String> {
    let long = text.parse::<jiff::SignedDuration>().ok().and_then(|long| Duration::try_from(long).ok());
    long.filter(|long| !long.is_zero()).ok_or_else(|| "a duration is such as 90m or 12h".to_owned())
}

/// The watcher of a data folder's wake-up file, and of a checkout if there is one.
pub(super) fn watcher(folder: &Path, beside: Option<&crate::watch::Beside>) -> Result<Watcher, Failure> {
    Watcher::start(folder, beside).map_err(|error| {
        Failure::new(Exit::Internal, format!("no thread can be had: {error}"), "check the limits (ulimit -a)")
    })
}

impl Run {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        if self.once {
            return CycleCommand::once(self.target, self.json).run(environment).await;
        }
        let settings = self.target.settings(environment)?;
        let folder = settings.folder.clone();
        let mut drive = Drive::new(settings, true)?;
        let (mut signals, mut watcher) = (Signals::new()?, watcher(&folder, None)?);
        let mut story = Story { json: self.json, told: None, last: None };
        let end = self.long.map(|long| Instant::now() + long);
        let mut cycles = 0;
        loop {
            let (look, interrupted) = signals::under(&mut signals, &drive.engine.halt, drive.look()).await;
            let Some(look) = look else { return Ok(Exit::Interrupted) };
            let ours = look.is_ok();
            let learned = drive.learn(look).await?;
            if let Some(cycle) = learned.cycle.filter(|_| ours) {
                cycles += 1;
                story.tell(drive.engine.clock.now(), &cycle);
                match ended(&cycle.decision) {
                    Some(exit) if !interrupted && cycle.done.is_empty() => return Ok(exit),
                    Some(_) | None => {}
                }
                story.last = Some(cycle.decision);
            }
            if interrupted {
                return Ok(Exit::Interrupted);
            }
            let now = Instant::now();
            if self.max_cycles.is_some_and(|most| cycles >= most) || end.is_some_and(|end| end <= now) {
                return Err(story.unfinished(cycles));
            }
            let next = now + learned.pause;
            let next = end.map_or(next, |end| next.min(end));
            match pause(next, &mut watcher, &mut signals).await {
                Woke::Again if end.is_some_and(|end| end <= Instant::now()) => return Err(story.unfinished(cycles)),
                Woke::Again => {}
                Woke::Signal => return Ok(Exit::Interrupted),
            }
        }
    }
}

async fn pause(until: Instant, watcher: &mut Watcher, signals: &mut Signals) -> Woke {
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(until) => return Woke::Again,
            _ = signals.next() => return Woke::Signal,
            heard = watcher.next() => match heard {
                Heard::Nudge(nudge) if nudge.wake => return Woke::Again,
                Heard::Nudge(_) => {}
                Heard::Polls { why } => output::aside(&polls(&why)),
            },
        }
    }
}

/// That events can't be had, in words.
pub(super) fn polls(why: &str) -> String {
    format!("no file events: {why}; files are looked at every 2 s instead")
}

/// With which code it ends, where nothing goes on by itself.
fn ended(decision: &Decision) -> Option<Exit> {
    match &decision.outcome {
        Outcome::Rest { .. } => Some(Exit::Done),
        Outcome::Stalled { .. } => {
            let goes_on = decision.also.iter().any(|also| goes_on(&also.outcome));
            (!goes_on).then_some(Exit::Stalled)
        }
        Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Wait { .. } | Outcome::Blocked { .. } => None,
    }
}

/// Whether something may come of it without a person. What waits for another item of ours goes on when that one does.
fn goes_on(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Blocked { .. } => true,
        Outcome::Wait { waiting } => match waiting.actor {
            Actor::Agent | Actor::Forge => true,
            Actor::Engine => waiting.until.is_some(),
            Actor::Person => false,
        },
        Outcome::Rest { .. } | Outcome::Stalled { .. } => false,
    }
}

/// What was told so far.
struct Story {
    json: bool,
    /// The last line, without its time.
    told: Option<String>,
    /// What was decided last.
    last: Option<Decision>,
}

impl Story {
    fn tell(&mut self, now: jiff::Timestamp, cycle: &Cycle) {
        let (decision, done) = (&cycle.decision, cycle.done.as_slice());
        let lifts = match &decision.outcome {
            Outcome::Blocked { .. } | Outcome::Stalled { .. } => format!(" — {}", line::next(decision)),
            Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Wait { .. } | Outcome::Rest { .. } => String::new(),
        };
        let words = format!("{}{lifts}{}", decision.reason, line::failed(done));
        let (action, objects) = (line::action(decision), line::objects(decision, done));
        let text = format!("{:<3} {action:<17} {objects:<12} {words}", decision.stage.code());
        if done.is_empty() && self.told.as_ref() == Some(&text) {
            return;
        }
        if self.json {
            output::json(&serde_json::json!({ "at": now, "decision": decision, "done": done }));
        } else {
            output::lines(&format!("{} {text}", line::clock(now)), 14);
        }
        self.told = Some(text);
    }

    /// It ends at a limit of its own.
    fn unfinished(&self, cycles: u64) -> Failure {
        let stands = self.last.as_ref().map_or_else(
            || "nothing was seen".to_owned(),
            |decision| format!("{}: {}", decision.stage, decision.reason),
        );
        let text = format!("unfinished after {cycles} cycle(s), at {stands}");
        Failure::new(Exit::Refused, text, "run it again; it goes on where it is")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Obligation, Stage, Waiting};

    fn wait(actor: Actor, until: Option<jiff::Timestamp>) -> Outcome {
        Outcome::Wait { waiting: Waiting { why: "w".to_owned(), actor, until } }
    }

    fn stalled() -> Outcome {
        Outcome::Stalled { why: "s".to_owned(), lifts: "l".to_owned() }
    }

    fn ends(outcome: Outcome, also: Vec<Outcome>) -> Option<Exit> {
        let obligation = |outcome| Obligation {
            stage: Stage::GapOwed,
            focus: None,
            reason: "r".to_owned(),
            evidence: vec![],
            outcome,
        };
        let also = also.into_iter().map(obligation).collect();
        let Obligation { stage, focus, reason, evidence, outcome } = obligation(outcome);
        ended(&Decision { stage, focus, reason, evidence, also, outcome })
    }

    #[test]
    fn it_ends_at_rest_and_where_nothing_goes_on_without_a_person() {
        let later = Some(jiff::Timestamp::UNIX_EPOCH);
        let blocked = || Outcome::Blocked { vetoes: vec![] };
        for (also, end) in [
            (vec![], Some(Exit::Stalled)),
            (vec![stalled(), wait(Actor::Person, None)], Some(Exit::Stalled)),
            (vec![wait(Actor::Engine, None)], Some(Exit::Stalled)),
            (vec![stalled(), wait(Actor::Agent, None)], None),
            (vec![wait(Actor::Forge, None)], None),
            (vec![wait(Actor::Engine, later)], None),
            (vec![blocked()], None),
        ] {
            assert_eq!(ends(stalled(), also.clone()), end, "{also:?}");
        }
        assert_eq!(ends(Outcome::Rest { why: "r".to_owned() }, vec![stalled()]), Some(Exit::Done));
        assert_eq!(ends(wait(Actor::Person, None), vec![]), None);
        assert_eq!(ends(blocked(), vec![]), None);
    }

    #[test]
    fn a_duration_is_read_as_people_write_it() {
        assert_eq!(duration("12h"), Ok(Duration::from_secs(43_200)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5_400)));
        for wrong in ["", "0s", "-1h", "12", "soon"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}

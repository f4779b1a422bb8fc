//! One cell: a play, with a fault at one operation.
//!
//! **Guarantees**: the fault is met, or the cell fails; once it is over the play ends as it does undisturbed, nothing happens
//! twice, and no write is sent a second time before anything was read.

use super::fault::{Fault, Span, is_read};
use super::play::Play;
use super::{nowhere, operation};
use crate::booth::{Booth, client_at};
use crate::ending::{Ending, check, ending};
use crate::stories::Acted;
use orchestrator::engine::Cycle;
use orchestrator::engine::DoneResult;
use orchestrator::engine::port::Clock as _;
use orchestrator::model::Outcome;
use orchestrator::sim::{Accident, Exchange, RequestLog};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Most cycles of a play.
const LIMIT: usize = 160;
/// How many cycles an outage lasts.
const OUTAGE: usize = 6;
/// Cycles that did something a fault may cost once it is over.
const MOST_CYCLES: usize = 8;

/// A play without a fault.
pub struct Undisturbed {
    pub play: Play,
    pub end: Ending,
    /// Cycles that did or tried something.
    pub busy: usize,
    /// How often each operation is used.
    pub uses: BTreeMap<&'static str, usize>,
    /// Operations with which a cycle begins.
    pub begins: BTreeSet<&'static str>,
}

/// A fault at an operation.
#[derive(Clone)]
pub struct Cell {
    pub fault: Fault,
    pub operation: &'static str,
    pub span: Span,
    pub undisturbed: Arc<Undisturbed>,
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}, {:?}, in {:?}", self.fault.name(), self.operation, self.span, self.undisturbed.play)
    }
}

/// What a run tells.
#[derive(Default)]
struct Told {
    /// Why cycles could not look, why writes were not done, and what a person was named for.
    words: Vec<String>,
    /// Cycles that did or tried something once nothing was wrong any more.
    busy: usize,
    last: Option<Cycle>,
    rests: bool,
}

/// A play as it goes.
struct Stage {
    play: Play,
    booth: Booth,
    acted: bool,
    tried: bool,
}

/// Plays it without a fault.
pub async fn undisturbed(play: Play) -> Undisturbed {
    let mut stage = Stage::begin(play).await;
    stage.booth.wire.record();
    let mut begins = BTreeSet::new();
    let told = if play == Play::Checkup {
        stage.checkup().await;
        Told { rests: true, ..Told::default() }
    } else {
        stage.until_rest(|_, _| true).await
    };
    let transcript = stage.booth.wire.transcript();
    let mut uses: BTreeMap<&'static str, usize> = BTreeMap::new();
    for exchange in &transcript.exchanges {
        let name = name(exchange).unwrap_or_else(|| panic!("no operation: {} {}", exchange.method, exchange.path));
        *uses.entry(name).or_default() += 1;
        if play == Play::Checkup {
            begins.insert(name);
        }
    }
    if play != Play::Checkup {
        begins.insert("query Observe");
    }
    let end = stage.end(&told).unwrap_or_else(|wrong| panic!("{play:?}: {wrong}"));
    Undisturbed { play, end, busy: told.busy, uses, begins }
}

/// Which operation was used.
pub fn name(exchange: &Exchange) -> Option<&'static str> {
    operation(&exchange.method, &exchange.path, &exchange.body)
}

impl Cell {
    /// By how many busy cycles it was longer, or what was wrong.
    pub async fn run(&self) -> super::Result {
        let mut stage = Stage::begin(self.undisturbed.play).await;
        if self.fault.is_of_the_address() {
            return self.run_nowhere(&mut stage).await;
        }
        let accident = Accident::at(self.operation, self.fault.kind(self.operation));
        stage.booth.wire.arrange(match self.span {
            Span::Once => accident,
            Span::Second => Accident { after: 1, ..accident },
            Span::Outage | Span::Always => accident.always(),
        });
        if self.undisturbed.play == Play::Checkup {
            return self.run_checkup(&mut stage).await;
        }
        let (mut met, mut since, mut over) = (0, 0, self.span != Span::Outage);
        let told = stage
            .until_rest(|booth, rests| {
                if over {
                    return true;
                }
                since += usize::from(booth.wire.accidents_met() > 0);
                if since >= OUTAGE || (rests && since > 0) {
                    met = booth.wire.end_accidents();
                    over = true;
                }
                over
            })
            .await;
        met += stage.booth.wire.end_accidents();
        if met == 0 {
            return Err("the fault was never met".to_owned());
        }
        if self.span == Span::Outage && self.fault.must_be_told(self.operation) && told.words.is_empty() {
            return Err("nothing was said of it".to_owned());
        }
        self.judge(&stage, &told)
    }

    fn judge(&self, stage: &Stage, told: &Told) -> super::Result {
        repeated(&stage.booth.wire.requests())?;
        let end = stage.end(told)?;
        if end != self.undisturbed.end {
            let (one, other): (BTreeSet<_>, BTreeSet<_>) =
                (end.0.into_iter().collect(), self.undisturbed.end.0.iter().cloned().collect());
            let more: Vec<_> = one.difference(&other).collect();
            let less: Vec<_> = other.difference(&one).collect();
            return Err(format!("another end: {more:?} instead of {less:?}"));
        }
        let more = told.busy.saturating_sub(self.undisturbed.busy);
        if more > MOST_CYCLES { Err(format!("{more} more cycles that did something")) } else { Ok(more) }
    }

    /// Nobody is reached at the address: for the third cycle, or from it on for some.
    async fn run_nowhere(&self, stage: &mut Stage) -> super::Result {
        let nowhere = match self.fault {
            Fault::NoSuchName => nowhere::no_such_name(),
            Fault::Refused => nowhere::refused().await,
            Fault::NotTls => nowhere::not_tls(&stage.booth.wire.api_url()),
            _ => nowhere::full().await,
        };
        let client = client_at(&stage.booth.github, &nowhere.url);
        let there = std::mem::replace(&mut stage.booth.engine.forge, client);
        if self.undisturbed.play == Play::Checkup {
            let failed = stage.checkup().await;
            stage.booth.engine.forge = there;
            let well = stage.checkup().await;
            let all = failed.len() == well.len() && failed.iter().all(Result::is_err) && well.iter().all(Result::is_ok);
            return if all { Ok(0) } else { Err(format!("{failed:?}, then {well:?}")) };
        }
        let away = std::mem::replace(&mut stage.booth.engine.forge, there);
        for _ in 0..2 {
            stage.booth.try_cycle().await?;
        }
        let there = std::mem::replace(&mut stage.booth.engine.forge, away);
        for _ in 0..if self.span == Span::Once { 1 } else { OUTAGE } {
            if stage.booth.try_cycle().await.is_ok() {
                return Err("somebody was reached".to_owned());
            }
        }
        stage.booth.engine.forge = there;
        let told = stage.until_rest(|_, _| true).await;
        self.judge(stage, &told)
    }

    async fn run_checkup(&self, stage: &mut Stage) -> super::Result {
        let first = stage.checkup().await;
        let met = stage.booth.wire.end_accidents();
        // Whatever limit was set is over by then.
        stage.booth.advance(3_700);
        stage.booth.engine.forge.resume(stage.booth.engine.clock.now(), None);
        let well = stage.checkup().await;
        if met == 0 {
            return Err("the fault was never met".to_owned());
        }
        if let Some(Err(why)) = well.iter().find(|answer| answer.is_err()) {
            return Err(format!("still: {why}"));
        }
        // A question that fails is told, and so is one whose answer is that it can't be answered.
        if self.span == Span::Outage && self.fault.must_be_told(self.operation) && first == well {
            return Err("nothing was said of it".to_owned());
        }
        if self.fault.is_harmless() && first != well {
            return Err(format!("{first:?} instead of {well:?}"));
        }
        Ok(0)
    }
}

impl Stage {
    async fn begin(play: Play) -> Self {
        let booth = Booth::new(play.options()).await;
        {
            let mut sim = booth.github.sim();
            for (kind, script) in play.scripts() {
                sim.script_kind(*kind, *script);
            }
            sim.world(|world| play.prepare(world));
        }
        Self { play, booth, acted: false, tried: play.branches().is_empty() }
    }

    /// People act as soon as they can.
    fn people(&mut self) {
        let mut sim = self.booth.github.sim();
        if !self.acted {
            let now = sim.world(|world| self.play.act(world));
            if let Some((path, content)) = now.file() {
                sim.commit_files("main", &[(path, Some(content))], "by hand").expect("it is pushed");
            }
            self.acted = now != Acted::No;
        }
        let issue =
            sim.world(|world| world.subjects().find(|subject| subject.pull.is_none()).map(|issue| issue.number));
        if let Some(issue) = issue.filter(|_| !self.tried) {
            self.tried = true;
            let viewer = sim.world(|world| world.viewer());
            for branch in self.play.branches() {
                sim.commit_files(branch, &[("try.txt", Some(branch.as_bytes()))], "a try").expect("committed");
                let pull = sim.open_pull(viewer, branch, "A try", &format!("Fixes #{issue}")).expect("opened");
                sim.world(|world| world.close(pull, viewer, None));
            }
        }
    }

    /// Cycles, with people and the agent at work, until it rests twice and nothing more is to go wrong. The function is
    /// told after every cycle whether it rests, and says whether nothing is wrong any more.
    async fn until_rest(&mut self, mut is_well: impl FnMut(&Booth, bool) -> bool) -> Told {
        let (mut told, mut rested, mut well) = (Told::default(), false, is_well(&self.booth, false));
        for _ in 0..LIMIT {
            self.people();
            let cycle = match self.booth.try_cycle().await {
                Ok(cycle) => cycle,
                Err(why) => {
                    told.words.push(why);
                    rested = false;
                    // What a loop that can't look waits at the least.
                    self.booth.advance(10);
                    well = is_well(&self.booth, false);
                    continue;
                }
            };
            told.busy += usize::from(well && matches!(cycle.decision.outcome, Outcome::Act { .. }));
            told.words
                .extend(cycle.done.iter().filter(|done| done.result != DoneResult::Done).map(|done| done.why.clone()));
            let shown = ["as far as it can be judged", "what this look does not tell"];
            let unseen = cycle.decision.evidence.iter().filter(|seen| shown.iter().any(|it| seen.fact.contains(it)));
            told.words.extend(unseen.map(|seen| seen.value.clone()));
            if let Outcome::Stalled { why, .. } = &cycle.decision.outcome {
                told.words.push(why.clone());
            }
            let rests = matches!(cycle.decision.outcome, Outcome::Rest { .. });
            if !cycle.moved() && !rests && self.booth.step_agent() == 0 {
                self.wait(&cycle);
            }
            well = is_well(&self.booth, rests);
            told.last = Some(cycle);
            if rests && rested && well {
                told.rests = true;
                break;
            }
            if rests {
                // What no list has shown so far is visible now.
                self.booth.advance(100);
            }
            rested = rests;
        }
        told
    }

    /// Time passes until what is waited for.
    fn wait(&self, cycle: &Cycle) {
        let until = match &cycle.decision.outcome {
            Outcome::Wait { waiting } => waiting.until,
            _ => None,
        };
        match until {
            Some(until) => self.booth.github.sim().set_time(until),
            None => self.booth.advance(60),
        }
    }

    /// What a checkup asks, each question by itself.
    async fn checkup(&self) -> Vec<Result<String, String>> {
        let forge = &self.booth.engine.forge;
        let told = |error: orchestrator::forge::ForgeError| error.to_string();
        vec![
            forge.identity().await.map(|identity| identity.login).map_err(told),
            forge.rights().await.map(|rights| format!("{rights:?}")).map_err(told),
            forge.agent_assignable().await.map(|may| may.to_string()).map_err(told),
            forge.mainline_rules("main").await.map(|rules| format!("{rules:?}")).map_err(told),
            forge.runs_need_approval().await.map(|may| format!("{may:?}")).map_err(told),
        ]
    }

    /// The end, if all that must hold does.
    fn end(&self, told: &Told) -> Result<Ending, String> {
        let Some(last) = &told.last else { return Ok(Ending::default()) };
        let sure = self.booth.github.sim().world(|world| {
            check(world, &last.snapshot)?;
            Ok(ending(world, &last.snapshot))
        });
        match sure {
            Ok(_) if !told.rests => {
                let heard = told.words.last().map_or("", String::as_str);
                Err(format!("no rest: {:?} {}; last heard: {heard}", last.decision.outcome, last.decision.reason))
            }
            other => other.map(|end: Ending| Ending(end.0.iter().map(|line| timeless(line)).collect())),
        }
    }
}

/// The agent names a file by the time, which a fault moves.
fn timeless(line: &str) -> String {
    let is_time = |word: &str| word.len() == 14 && word.chars().all(|c| c.is_ascii_digit());
    line.split('-').map(|word| if is_time(word) { "<time>" } else { word }).collect::<Vec<_>>().join("-")
}

/// No write may follow the same write before anything was read.
fn repeated(log: &RequestLog) -> Result<(), String> {
    let mut before: Option<(String, String)> = None;
    for entry in &log.entries {
        let what = match entry.operation.as_deref() {
            Some(operation) if !matches!(operation, "MarkReady" | "CommitOnBranch" | "DeleteBranch") => None,
            // What a gateway answered has no operation; of GraphQL it may have been a question.
            None if entry.path == "/graphql" => None,
            _ if is_read(&format!("{} ", entry.method)) => None,
            _ => Some((entry.method.clone(), entry.path.clone())),
        };
        if what.is_some() && what == before {
            return Err(format!("{} {} was sent twice and nothing was read in between", entry.method, entry.path));
        }
        before = what;
    }
    Ok(())
}

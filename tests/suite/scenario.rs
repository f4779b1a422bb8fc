//! Scenarios as text: what people, the agent and GitHub do, and what the orchestrator says and does then.
//!
//! A file of `tests/scenarios` begins with prose. A line that begins with `> ` is a command; the lines below it, up to the
//! next command, are what came of it. Lines that begin with `-- ` are remarks. Everything is played by the real client and
//! engine on the simulator's wire ([`crate::booth`]), and what is said now has to be what the file says.
//!
//! `ORCHESTRATOR_PIN_SCENARIOS=1 cargo test --test suite scenario` writes what is said now into the files; read the
//! difference before you keep it. The commands are in `scenario_commands.rs`.

use crate::booth::Booth;
use crate::scenario_commands::{Command, Setup};
use orchestrator::decide::guardrail::Listing;
use orchestrator::engine::Cycle;
use orchestrator::model::{Actor, Decision, Outcome, Severity};
use orchestrator::sim::Options;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(#[tokio::test]
        async fn $name() {
            plays_as_written(stringify!($name)).await;
        })*

        const NAMES: &[&str] = &[$(stringify!($name)),*];
    };
}

include!("../scenarios/names.rs");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

#[test]
fn every_file_of_scenarios_is_played_and_begins_with_what_it_is_about() {
    let files = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").path());
    let texts: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    let mut found: Vec<String> =
        texts.iter().map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect();
    found.sort();
    let mut named: Vec<&str> = NAMES.to_vec();
    named.sort_unstable();
    assert_eq!(found, named, "tests/scenarios/names.rs names each file once");
    for path in texts {
        let text = std::fs::read_to_string(&path).expect("a text");
        let prose = text.split("\n> ").next().unwrap_or_default().trim();
        assert!(prose.len() > 40 && !prose.starts_with('>'), "{} says nothing first", path.display());
    }
}

async fn plays_as_written(name: &str) {
    let path = folder().join(format!("{name}.txt"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let played = play(&text).await;
    if std::env::var_os("ORCHESTRATOR_PIN_SCENARIOS").is_some() {
        std::fs::write(&path, &played).expect("the file is written");
    }
    if played != text {
        let lines = similar::TextDiff::from_lines(&text, &played);
        panic!("{}\n{}", path.display(), lines.unified_diff().header("as written", "as played"));
    }
}

/// Plays a scenario and writes down what came of each command.
async fn play(text: &str) -> String {
    let mut out = String::new();
    let mut setup = Setup::default();
    let mut scene: Option<Scene> = None;
    let mut prose = true;
    for line in text.lines() {
        let Some(command) = line.strip_prefix("> ") else {
            // What is said is written anew; prose and remarks stay.
            if prose || line.starts_with("-- ") {
                let _ = writeln!(out, "{line}");
            }
            continue;
        };
        if prose && !out.ends_with("\n\n") {
            out.push('\n');
        }
        prose = false;
        let _ = writeln!(out, "{line}");
        let command = Command::parse(command).unwrap_or_else(|| panic!("no command: {command}"));
        if scene.is_none() && setup.take(&command) {
            continue;
        }
        let scene = match &mut scene {
            Some(scene) => scene,
            none => none.insert(Scene::new(std::mem::take(&mut setup).options()).await),
        };
        let came = scene.command(&command).await;
        out.push_str(&without_commits(&scene.plain(&came)));
    }
    out
}

/// Ids of commits hold random numbers of ours.
fn without_commits(text: &str) -> String {
    let is_id = |word: &&str| matches!(word.len(), 8 | 40) && word.chars().all(|c| c.is_ascii_hexdigit());
    let mut ids: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(is_id).collect();
    // The whole id first, then what stands short for it.
    ids.sort_by_key(|id| std::cmp::Reverse(id.len()));
    ids.into_iter().fold(text.to_owned(), |text, id| text.replace(id, "<id>"))
}

/// A booth and what was counted so far.
pub struct Scene {
    pub booth: Booth,
    /// Requests that were told already.
    pub told: usize,
}

impl Scene {
    async fn new(options: Options) -> Self {
        Self { booth: Booth::new(options).await, told: 0 }
    }

    /// One look, in words.
    pub async fn look(&self, closely: bool) -> String {
        match self.booth.try_cycle().await {
            Ok(cycle) => told(&cycle, closely),
            Err(why) => format!("can't look: {}\n", self.plain(&why)),
        }
    }

    /// Looks until the orchestrator has nothing to do any more; with the agent at work, until neither has.
    pub async fn go(&mut self, agent: bool) -> String {
        let mut out = String::new();
        for _ in 0..60 {
            let cycle = match self.booth.try_cycle().await {
                Ok(cycle) => cycle,
                Err(why) => {
                    let _ = writeln!(out, "can't look: {}", self.plain(&why));
                    break;
                }
            };
            let moved = cycle.moved();
            if moved {
                out.push_str(&told(&cycle, false));
                continue;
            }
            if !agent || self.booth.step_agent() == 0 {
                out.push_str(&told(&cycle, false));
                break;
            }
        }
        out
    }

    /// Every guardrail of the focused pull request.
    pub async fn guardrails(&mut self) -> String {
        use orchestrator::engine::port::Remote as _;
        let lock = self.booth.engine.remote.lock().await.expect("nobody else holds the lock");
        match self.booth.engine.guardrails(&lock).await.expect("it can be looked at") {
            None => "no pull request is judged now\n".to_owned(),
            Some(listing) => guarded(&listing),
        }
    }

    /// Without the address of this run.
    pub fn plain(&self, text: &str) -> String {
        text.replace(&self.booth.wire.api_url(), "<github>")
    }
}

fn guarded(listing: &Listing) -> String {
    let mut out = format!("{} for {}\n", listing.pull, listing.key);
    for guard in &listing.guardrails {
        let weight = match guard.weight {
            Severity::Strict => "",
            Severity::Warn => " (warn)",
            Severity::Off => " (off)",
        };
        let why = guard.why.as_deref().map_or_else(String::new, |why| format!(": {why}"));
        let lifts = guard.lifts.as_deref().map_or_else(String::new, |lifts| format!("; {lifts}"));
        let _ = writeln!(out, "  {:<15}{}{weight}{why}{lifts}", guard.name, guard.state);
    }
    out
}

/// A cycle in words: where the loop stands, why, what comes of it.
fn told(cycle: &Cycle, closely: bool) -> String {
    let decision = &cycle.decision;
    let mut out = format!("{} {}\n", decision.stage.code(), decision.reason);
    out.push_str(&outcome(decision));
    for done in &cycle.done {
        let result = match (&done.made, done.is_done()) {
            (Some(made), true) if made.starts_with('#') => format!(" ({made})"),
            (_, true) => String::new(),
            (_, false) => format!(": {:?}: {}", done.result, done.why),
        };
        let _ = writeln!(out, "   - {}{result}", done.effect);
    }
    if closely {
        for evidence in &decision.evidence {
            let _ = writeln!(out, "   . {}: {}", evidence.fact, evidence.value);
        }
        for also in &decision.also {
            let _ = writeln!(out, "   also {} {}", also.stage.code(), also.reason);
        }
        for (name, why) in &cycle.snapshot.planning.quarantined {
            let _ = writeln!(out, "   set aside {name}: {why}");
        }
    }
    out
}

fn outcome(decision: &Decision) -> String {
    let who = |actor: Actor| match actor {
        Actor::Engine => "the orchestrator",
        Actor::Agent => "the agent",
        Actor::Forge => "GitHub",
        Actor::Person => "a person",
    };
    match &decision.outcome {
        Outcome::Act { .. } => String::new(),
        Outcome::Look { needs } => format!("   still looks up {needs:?}\n"),
        Outcome::Wait { waiting } => {
            let until = waiting.until.map_or_else(String::new, |until| format!(", until {until}"));
            let why = if waiting.why == decision.reason { String::new() } else { format!(": {}", waiting.why) };
            format!("   waits for {}{until}{why}\n", who(waiting.actor))
        }
        Outcome::Blocked { vetoes } => {
            vetoes.iter().map(|veto| format!("   {}: {}; {}\n", veto.guardrail, veto.why, veto.lifts)).collect()
        }
        Outcome::Rest { why } => format!("   rests: {why}\n"),
        Outcome::Stalled { why, lifts } => {
            let why = if *why == decision.reason { String::new() } else { format!("{why}: ") };
            format!("   needs a person: {why}{lifts}\n")
        }
    }
}

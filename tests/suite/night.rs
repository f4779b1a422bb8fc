//! A night on one virtual clock: the product's engine, client, clone and pacing on the simulator's wire, an agent that takes
//! its time, and what each hour cost, counted by the simulator.
//!
//! **Guarantees**: the same night whatever the machine; the world's clock moves by what the product pauses, and by nothing
//! else. The agent finds one gap, and that there is none the second time: twelve actions, then rest.

use jiff::{SignedDuration, Timestamp};
use orchestrator::engine::port::{Clock, Remote};
use orchestrator::engine::{Cycle, Engine, schedule};
use orchestrator::model::{ActionKind, Outcome, Reason, Resource, Spending, Tally};
use orchestrator::repo::LocalClone;
use orchestrator::sim::{IssueKind, Options, RequestKind, Script, Simulator};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The agent does something this often, where it has anything to do.
const STEP: SignedDuration = SignedDuration::from_mins(12);
const POLICY: &str = "version = 1\n[merge]\nenabled = true\n[loop]\npoll = \"30s\"\n";

/// The world's clock, which moves when somebody pauses.
#[derive(Clone)]
pub struct OneClock(pub Arc<Simulator>);

impl Clock for OneClock {
    fn now(&self) -> Timestamp {
        self.0.world(|world| world.now())
    }

    async fn pause(&self, long: Duration) {
        self.0.advance(SignedDuration::try_from(long).expect("no pause of ages"));
    }
}

/// How often it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As the product does, which slows down where nothing moves.
    Product,
    /// Every thirty seconds, whatever happens.
    Steady,
}

/// What an hour cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    pub looks: u64,
    pub points: u64,
    /// REST requests that GitHub charges for, writes included.
    pub counted: u64,
    /// REST reads answered 304.
    pub free: u64,
    pub pushes: u64,
    pub fetches: u64,
}

/// What a night came to.
pub struct Night {
    pub hours: Vec<Hour>,
    pub actions: Vec<ActionKind>,
    pub rests: bool,
    /// What the product itself counted.
    pub spending: Spending,
}

fn begin(files: usize) -> Options {
    let now = Some("2026-11-24T08:00:00Z".parse().expect("a literal time"));
    let mut options = Options { now, ..Options::default() };
    options.project.retain(|(path, _)| path != "planning/orchestrator.toml");
    options.project.push(("planning/orchestrator.toml".to_owned(), POLICY.into()));
    // They lie in the queue, and nobody works on them: one is held, the others are done.
    for n in 0..files {
        let (folder, head) = if n == 0 { ("pending", "---\nhold: true\n---\n") } else { ("complete", "") };
        let path = format!("planning/issue_queue/{folder}/dev-{n:05}.md");
        options.project.push((path, format!("{head}# Task {n}\n\nDo it.\n").into_bytes()));
    }
    options
}

/// Any byte, the same ones each night.
const fn jitter(look: u64) -> u8 {
    (look.wrapping_mul(97) % 256) as u8
}

/// Lets time pass, in which the agent works.
async fn pass(sim: &Simulator, long: Duration, next_step: &mut Timestamp) {
    let end = sim.world(|world| world.now()) + SignedDuration::try_from(long).expect("no pause of ages");
    while *next_step <= end {
        sim.set_time((*next_step).max(sim.world(|world| world.now())));
        sim.step_agent().await.expect("the agent works");
        *next_step += STEP;
    }
    sim.set_time(end);
}

/// So many hours at a pace, with so many files in the queue.
pub async fn night(pace: Pace, files: usize, hours: i64) -> Night {
    let sim = Arc::new(Simulator::start(begin(files)).await.expect("the simulator starts"));
    let folder = crate::folder::folder();
    let (clock, name) = (OneClock(Arc::clone(&sim)), "maintainer/tally".parse().expect("a name"));
    let engine: Engine<_, Arc<LocalClone>, _> =
        crate::stage::engine(&sim, &name, folder.path(), clock.clone(), sim.token());
    let start = clock.now();
    let (end, mut next_step) = (start + SignedDuration::from_hours(hours), start + STEP);
    let (mut rhythm, mut actions, mut rests, mut looks) = (schedule::Rhythm::default(), Vec::new(), false, Vec::new());
    while clock.now() < end {
        let lock = engine.remote.lock().await.expect("nobody else works here");
        let cycle: Cycle = engine.cycle(&lock).await.expect("it can look");
        drop(lock);
        looks.push(cycle.snapshot.now);
        rests = matches!(cycle.decision.outcome, Outcome::Rest { .. });
        if let Outcome::Act { action } = &cycle.decision.outcome {
            actions.push(action.kind);
            if action.kind == ActionKind::MergePlanning {
                sim.script_kind(IssueKind::GapAnalysis, Script::NoChange);
            }
        }
        let now = clock.now();
        let pause = match pace {
            Pace::Product => rhythm.after(&cycle, now, jitter(looks.len() as u64)),
            Pace::Steady => Duration::from_secs(30),
        };
        pass(&sim, pause.max(schedule::reserve(&engine.forge.balances(), now)), &mut next_step).await;
    }
    let spending = engine.remote.recall_spending().await.expect("it was kept");
    Night { hours: hourly(&sim, &spending, &looks, (start, hours)), actions, rests, spending }
}

fn hourly(sim: &Simulator, spending: &Spending, looks: &[Timestamp], (start, count): (Timestamp, i64)) -> Vec<Hour> {
    let hour_of = |at: Timestamp| at.duration_since(start).as_hours();
    let mut hours: BTreeMap<i64, Hour> = (0..count).map(|hour| (hour, Hour::default())).collect();
    for look in looks {
        hours.entry(hour_of(*look)).or_default().looks += 1;
    }
    for entry in sim.requests().entries {
        let hour = hours.entry(hour_of(entry.at)).or_default();
        match entry.kind {
            RequestKind::Rest if entry.status == 304 => hour.free += 1,
            RequestKind::Rest => hour.counted += 1,
            RequestKind::GraphQl => hour.points += entry.points,
            RequestKind::GitPush => hour.pushes += u64::from(entry.method == "POST"),
            // The program asks twice or thrice over HTTP for one fetch; calls of git are what a person knows.
            RequestKind::GitFetch => {}
        }
    }
    let first = orchestrator::model::hour_of(start);
    for (index, hour) in &mut hours {
        let spent = spending.between(first + index, first + index);
        hour.fetches = spent.get(&Reason::GitFetch).map_or(0, |tally| tally.requests);
    }
    hours.into_values().take(usize::try_from(count).expect("a few hours")).collect()
}

/// What the product counted of a budget, or of git's pushes, in the whole night.
pub fn counted(spending: &Spending, wanted: impl Fn(Reason) -> bool) -> Tally {
    let tallies = spending.hours.values().flatten().filter(|(reason, _)| wanted(**reason)).map(|(_, tally)| *tally);
    tallies.fold(Tally::default(), Tally::plus)
}

/// Whether a night kept what the issue asks: at most 130 points and 60 other counted requests an hour; and whether the
/// product counted as the simulator did.
pub fn check(night: &Night) {
    for (n, hour) in night.hours.iter().enumerate() {
        assert!(hour.points <= 130 && hour.counted <= 60, "hour {n}: {hour:?}");
    }
    let sum = |of: fn(&Hour) -> u64| night.hours.iter().map(of).sum::<u64>();
    let graphql = counted(&night.spending, |reason| reason.resource() == Some(Resource::GraphQl));
    let core = counted(&night.spending, |reason| reason.resource() == Some(Resource::Core));
    let pushes = counted(&night.spending, |reason| reason == Reason::GitPush);
    let ours = (graphql.points, core.counted(), core.unchanged, pushes.requests);
    let theirs = (sum(|hour| hour.points), sum(|hour| hour.counted), sum(|hour| hour.free), sum(|hour| hour.pushes));
    assert_eq!(ours, theirs, "points, counted, free, pushes: by the product, by the simulator");
    assert!(night.rests, "it rests at the end");
    assert_eq!(night.actions.len(), 12, "{:?}", night.actions);
}

//! Every accident at every write of every action, and every ordered pair of accidents inside one action, in memory.
//!
//! Each story is played once undisturbed, and copied wherever an action is owed; from each copy it goes on with the
//! accidents. However it went, the end must be that of the undisturbed story, and nothing may have happened twice.
//! `cargo test --test suite faults -- --nocapture --test-threads 1` prints the table.

use crate::adapter::accident::{Fate, Planned};
use crate::adapter::driver::Toys;
use crate::ending::{Ending, check, ending};
use crate::stories::{Acted, Story};
use orchestrator::decide::adopt::Wish;
use orchestrator::engine::Cycle;
use orchestrator::engine::port::Remote;
use orchestrator::engine::stop::StopAt;
use orchestrator::model::{ActionKind, Outcome, StopPoint};
use orchestrator::sim::{IssueKind, Script};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{LazyLock, Mutex};

/// Most cycles of a story.
const LIMIT: usize = 120;
/// Cycles that an accident may cost, those that wait for a doubt to pass not counted.
const MOST_CYCLES: usize = 8;

/// A story at a point, and whether its person has acted.
struct Scene {
    story: Story,
    toys: Toys,
    acted: bool,
}

/// Who is told of every scene in which an action is owed, with its effects.
type Seen<'a> = dyn FnMut(&Scene, ActionKind, Vec<StopPoint>) + 'a;

/// How a scene ended.
struct Ended {
    end: Result<Ending, String>,
    /// Cycles that did or tried something.
    busy: usize,
    /// Whether every planned accident happened.
    over: bool,
    /// How many writes of each kind there were.
    writes: BTreeMap<StopPoint, u32>,
}

impl Scene {
    fn begin(story: Story) -> Self {
        let mut toys = Toys::with(story.options(), &[]);
        {
            let mut sim = toys.github.sim();
            for (kind, script) in story.scripts() {
                sim.script_kind(*kind, *script);
            }
            sim.world(|world| story.prepare(world));
        }
        if let Some((_, point, n)) = story.mishap() {
            toys = toys.with_plan(&[Planned { point, n, fate: Fate::KilledAfter }]);
        }
        Self { story, toys, acted: false }
    }

    fn copy(&self, plan: &[Planned]) -> Self {
        Self { story: self.story, toys: self.toys.copy().with_plan(plan), acted: self.acted }
    }

    fn people(&mut self) {
        if !self.acted {
            let mut sim = self.toys.github.sim();
            let now = sim.world(|world| self.story.act(world));
            if let Some((path, content)) = now.file() {
                sim.commit_files("main", &[(path, Some(content))], "by hand").expect("it is pushed");
            }
            self.acted = now != Acted::No;
        }
    }

    /// What a person would have adopted now.
    async fn adoptable(&self) -> Vec<StopPoint> {
        let engine = &self.toys.seat.engine;
        let lock = engine.remote.lock().await.expect("nobody else works in this folder");
        let (_, plan) = engine.look_for_adoption(&lock, &Wish::default()).await.expect("it can be looked at");
        let steps = plan.expect("nothing forbids it").steps;
        steps.iter().flat_map(|step| &step.action.effects).map(|effect| effect.stop_point()).collect()
    }

    /// What is owed now.
    async fn owed(&self) -> Option<(ActionKind, Vec<StopPoint>)> {
        let engine = &self.toys.seat.engine;
        let lock = engine.remote.lock().await.expect("nobody else works in this folder");
        match engine.look(&lock).await.expect("it can be looked at").1.outcome {
            Outcome::Act { action } => Some((action.kind, action.effects.iter().map(|e| e.stop_point()).collect())),
            _ => None,
        }
    }

    /// To the end. Every scene in which an action with effects that were not seen before is owed is handed on.
    async fn play(mut self, mut seen: Option<&mut Seen<'_>>) -> Ended {
        let (mut busy, mut last, mut rested) = (0, None::<Cycle>, false);
        for _ in 0..LIMIT {
            self.people();
            if let Some(seen) = &mut seen
                && let Some((kind, points)) = self.owed().await
            {
                seen(&self, kind, points);
            }
            // One cycle, or the time that it waits for, or a step of the agent.
            let (cycle, acts) = self.toys.go_on().await;
            busy += usize::from(acts);
            if cycle.as_ref().is_some_and(|cycle| Story::wants_adoption(&cycle.decision.outcome)) {
                if let Some(seen) = &mut seen {
                    let points = self.adoptable().await;
                    seen(&self, ActionKind::Adopt, points);
                }
                self.toys.seat.adopt().await;
                busy += 1;
            }
            let rests = cycle.as_ref().is_some_and(|c| matches!(c.decision.outcome, Outcome::Rest { .. }));
            last = cycle.or(last);
            if rests && rested {
                break;
            }
            if rests {
                // What no list has shown so far is visible now.
                self.toys.advance(100);
            }
            rested = rests;
        }
        let (over, writes) = (self.toys.seat.accidents.are_over(), self.toys.seat.accidents.counts());
        let last = last.expect("there were cycles");
        let rests = matches!(last.decision.outcome, Outcome::Rest { .. });
        let end = self.toys.github.sim().world(|world| {
            check(world, &last.snapshot)?;
            if rests { Ok(ending(world, &last.snapshot)) } else { Err(format!("no rest: {:?}", last.decision)) }
        });
        Ended { end, busy, over, writes }
    }
}

/// A scene in which an action is owed, by action and effect.
type Scenes = BTreeMap<(ActionKind, StopPoint), Scene>;

/// The undisturbed end of each story, and a scene for every stop point there is.
async fn undisturbed() -> (BTreeMap<Story, (Ending, usize)>, Scenes) {
    let (mut ends, mut scenes) = (BTreeMap::new(), Scenes::new());
    for story in Story::ALL {
        let mut keep = |scene: &Scene, kind, points: Vec<StopPoint>| {
            for point in points {
                if Story::of(kind, point) == story && !scenes.contains_key(&(kind, point)) {
                    scenes.insert((kind, point), scene.copy(&[]));
                }
            }
        };
        let ended = Scene::begin(story).play(Some(&mut keep)).await;
        let end = ended.end.unwrap_or_else(|wrong| panic!("{story:?}: {wrong}"));
        ends.insert(story, (end, ended.busy));
    }
    (ends, scenes)
}

/// How the stories end and how long they take, and their scenes.
type Undisturbed = (BTreeMap<Story, (Ending, usize)>, Mutex<Scenes>);

/// The undisturbed stories, played once for all tests.
static UNDISTURBED: LazyLock<Undisturbed> = LazyLock::new(|| {
    let (ends, scenes) = runtime().block_on(undisturbed());
    (ends, Mutex::new(scenes))
});

/// How a story ends where nothing happens to it. Brings a runtime of its own.
pub fn undisturbed_end(story: Story) -> Ending {
    UNDISTURBED.0[&story].0.clone()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime")
}

/// One run that is to be made: from which scene, with which accidents.
#[derive(Clone)]
struct Run {
    at: (ActionKind, StopPoint),
    plan: Vec<Planned>,
}

/// A run that was made.
struct Made {
    run: Run,
    /// By how many cycles that did something it was longer.
    more: usize,
    /// How many writes of each kind there were.
    writes: BTreeMap<StopPoint, u32>,
}

impl Run {
    /// Makes it, if all of its accidents happen.
    async fn make(self, (ends, scenes): &Undisturbed, lag: i64) -> Option<Made> {
        let Self { at, plan } = &self;
        let scene = scenes.lock().expect("no copy panics")[at].copy(plan);
        let lagging = jiff::SignedDuration::from_secs(lag);
        scene.toys.github.sim().world(|world| world.settings.list_lag = lagging);
        if at.0 == ActionKind::Adopt {
            // What a predecessor left is older than any lag.
            scene.toys.advance(200);
        }
        let (story, (end, busy)) = (scene.story, &ends[&scene.story]);
        let ended = scene.play(None).await;
        if !ended.over {
            return None;
        }
        let found = ended.end.unwrap_or_else(|wrong| panic!("{story:?} {plan:?} lag {lag}: {wrong}"));
        assert_eq!(&found, end, "{story:?} {plan:?} lag {lag}");
        assert!(ended.busy <= busy + MOST_CYCLES, "{plan:?}: {} cycles, not {busy}", ended.busy);
        let more = ended.busy.saturating_sub(*busy);
        Some(Made { run: self, more, writes: ended.writes })
    }
}

/// Makes runs on both cores. What did not happen is no run.
fn runs(wanted: Vec<Run>, lag: i64) -> Vec<Made> {
    let undisturbed = &*UNDISTURBED;
    let (shared, results) = (Mutex::new(wanted.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let runtime = runtime();
                loop {
                    let Some(run) = shared.lock().expect("no run panics here").next() else { break };
                    let made = runtime.block_on(run.make(undisturbed, lag));
                    results.lock().expect("no run panics here").extend(made);
                }
            });
        }
    });
    results.into_inner().expect("no run panicked")
}

/// How many runs there were, by the first accident, and by how much the longest was longer.
type Table = BTreeMap<(ActionKind, StopPoint, Fate), (usize, usize)>;

fn table(made: &[Made]) -> Table {
    let mut table = Table::new();
    for Made { run, more, .. } in made {
        let slot = table.entry((run.at.0, run.plan[0].point, run.plan[0].fate)).or_default();
        *slot = (slot.0 + 1, slot.1.max(*more));
    }
    table
}

fn points() -> Vec<(ActionKind, StopPoint)> {
    StopAt::all().collect()
}

fn planned(point: StopPoint, n: u32, fate: Fate) -> Planned {
    Planned { point, n, fate }
}

fn print(title: &str, results: &Table) {
    println!("\n{title}");
    println!("{:<34}{}", "action.effect", Fate::ALL.map(|fate| format!("{:>18}", format!("{fate:?}"))).concat());
    let rows: BTreeSet<(ActionKind, StopPoint)> = results.keys().map(|(action, point, _)| (*action, *point)).collect();
    for (action, point) in rows {
        let cell = |fate| match results.get(&(action, point, fate)) {
            Some((runs, more)) => format!("{:>18}", format!("{runs} ok, +{more}")),
            None => format!("{:>18}", "-"),
        };
        println!("{:<34}{}", format!("{action}.{point}"), Fate::ALL.map(cell).concat());
    }
    let all: usize = results.values().map(|(runs, _)| runs).sum();
    let more = results.values().map(|(_, more)| *more).max().unwrap_or_default();
    println!("{all} of {all} ended as the undisturbed story; at most {more} more cycles that did something");
}

/// One accident at each write.
fn singles() -> Vec<Run> {
    let single = |at: (ActionKind, StopPoint), fate| Run { at, plan: vec![planned(at.1, 1, fate)] };
    points().into_iter().flat_map(|at| Fate::ALL.map(|fate| single(at, fate))).collect()
}

#[test]
fn after_every_accident_at_every_write_the_story_ends_as_if_nothing_had_happened() {
    for lag in [0, 60] {
        let results = table(&runs(singles(), lag));
        print(&format!("single accidents, lists {lag} s behind"), &results);
        let missing: Vec<_> = points()
            .into_iter()
            .flat_map(|(action, point)| Fate::ALL.map(|fate| (action, point, fate)))
            .filter(|cell| !results.contains_key(cell))
            .collect();
        // With lists behind, an issue whose number was lost is made anew with its new text, so none is revised.
        let late = |(_, point, _): &(ActionKind, StopPoint, Fate)| lag > 0 && *point == StopPoint::Revise;
        assert!(missing.iter().all(late), "these never happened: {missing:?}");
    }
}

#[test]
fn after_every_pair_of_accidents_inside_one_action_the_story_ends_as_if_nothing_had_happened() {
    let (mut wanted, mut never): (Vec<Run>, usize) = (Vec::new(), 0);
    for Made { run: Run { at, plan }, writes, .. } in runs(singles(), 0) {
        let effects = at.0.effects();
        let place = |point| effects.iter().position(|effect| *effect == point);
        for second in effects {
            // What comes later in the action is met on the way; what came before is met when it is done again.
            let n = if place(*second) > place(at.1) { 1 } else { 2 };
            // A run with two accidents is that with the first of them up to the second.
            if writes.get(second).is_none_or(|writes| *writes < n) {
                never += Fate::ALL.len();
                continue;
            }
            let both = |fate| Run { at, plan: [plan.as_slice(), &[planned(*second, n, fate)]].concat() };
            wanted.extend(Fate::ALL.map(both));
        }
    }
    let asked = wanted.len();
    let made = runs(wanted, 0);
    print(&format!("ordered pairs of accidents inside one action, by the first; {never} can't happen"), &table(&made));
    // After many a first accident there is nothing left that could be lost a second time.
    assert_eq!(made.len(), asked, "every pair that can happen happened");
    assert!(asked >= 3_000, "only {asked} pairs can happen");
}

#[tokio::test]
async fn a_doubt_that_is_longer_than_the_lag_of_lists_never_makes_an_issue_twice() {
    let count = |toys: &Toys| toys.github.sim().world(|world| world.subjects().filter(|s| s.pull.is_none()).count());
    let begin = |plan: &[Planned]| {
        let mut options = Story::Item.options();
        options.project.retain(|(path, _)| path != "planning/orchestrator.toml");
        let policy = "version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n";
        options.project.push(("planning/orchestrator.toml".to_owned(), policy.into()));
        let toys = Toys::with(options, plan);
        toys.github.sim().script_kind(IssueKind::GapAnalysis, Script::NoChange);
        toys.github.sim().world(|world| world.settings.list_lag = jiff::SignedDuration::from_secs(100));
        toys
    };
    for n in 1..=3 {
        for fate in [Fate::KilledAfter, Fate::BadGatewayAfter, Fate::AnswerLost] {
            let mut toys = begin(&[planned(StopPoint::Create, n, fate)]);
            let mut rests = false;
            for _ in 0..LIMIT {
                let (cycle, _) = toys.go_on().await;
                rests = cycle.is_some_and(|cycle| matches!(cycle.decision.outcome, Outcome::Rest { .. }));
                if rests {
                    break;
                }
            }
            assert!(rests && toys.seat.accidents.are_over(), "create {n}, {fate:?}");
            assert_eq!(count(&toys), 3, "an item, its update and the question: create {n}, {fate:?}");
        }
    }
}

//! Scenarios, how they are played, and what they leave behind.
//!
//! A scenario is a project and what people and the agent do.

use crate::adapter::driver::Toys;
use crate::booth::Booth;
use crate::ending::assigned;
use crate::stage::Stage;
use crate::theatre::{LIMIT, Theatre};
use orchestrator::engine::Cycle;
use orchestrator::model::{Binding, Key, Outcome, Planning, StopPoint};
use orchestrator::sim::world::{MergeMethod, Settings, StateReason, Subject, World};
use orchestrator::sim::{IssueKind, Options, Script};
use std::collections::{BTreeMap, BTreeSet};

/// What happens next.
pub enum Step {
    /// Cycles with the agent at work, until nothing moves.
    Settle,
    /// Cycles without the agent.
    Cycles(usize),
    /// Cycles with the agent at work, until the world is so.
    Until(fn(&World) -> bool),
    /// People act in the world.
    World(fn(&mut World)),
    /// Somebody pushes a file onto a branch, or removes it.
    Push(&'static str, &'static str, Option<&'static [u8]>),
    /// The viewer opens a pull request for a branch.
    Open(&'static str, &'static str),
    /// The viewer merges a pull request at GitHub; it may be refused.
    Merge(u64, MergeMethod),
    /// The viewer deletes a branch of a pull request.
    DeleteHead(u64),
    /// The mainline takes pull requests only.
    Protect(bool),
    /// The rules of pushes to the mainline change.
    Rules(fn(&mut Settings)),
    /// The sessions of one issue go so.
    Script(u64, Script),
    /// Somebody moves a file of the mainline.
    Move(&'static str, &'static str),
    /// An administrator deletes a reference.
    DeleteRef(&'static str),
    /// The mainline is as it is now until `PushBack`.
    Remember,
    /// An administrator pushes the mainline back to what was remembered.
    PushBack,
    /// The orchestrator goes on in another data folder, which is empty.
    FreshFolder,
    /// Time passes.
    Pass(i64),
    /// The next write of this kind is lost: it arrives and its answer doesn't, or it never arrives.
    Lose(StopPoint, bool),
}

/// A project and what happens in it.
pub struct Scenario {
    pub options: Options,
    pub scripts: Vec<(IssueKind, Script)>,
    pub steps: Vec<Step>,
}

/// Ids of commits differ between the worlds; everything else that is said must not.
fn without_commits(text: &str) -> String {
    let is_id = |word: &str| matches!(word.len(), 8 | 40) && word.chars().all(|c| c.is_ascii_hexdigit());
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| is_id(word));
    words.fold(text.to_owned(), |text, id| text.replace(id, "<id>"))
}

/// Everything that GitHub said in a cycle, but where its pages are.
fn seen(cycle: &Cycle) -> String {
    let mut facts = cycle.snapshot.forge.clone();
    facts.repository.url.clear();
    without_commits(&serde_json::to_string(&facts).expect("facts are JSON"))
}

/// One cycle in words: what was decided, why, and what came of it.
pub fn told(cycle: &Cycle) -> String {
    let done: Vec<String> = cycle.done.iter().map(|done| format!("{} {:?}", done.point, done.result)).collect();
    let (stage, reason) = (cycle.decision.stage.code(), without_commits(&cycle.decision.reason));
    format!("{stage}: {reason} [{}]", done.join(", "))
}

/// Everything that a cycle shows to a person: reasons, what they rest on, and what lifts them.
fn said(cycle: &Cycle) -> Vec<String> {
    let decision = &cycle.decision;
    let first = (&decision.reason, &decision.evidence, &decision.outcome);
    let others = decision.also.iter().map(|also| (&also.reason, &also.evidence, &also.outcome));
    let mut said = Vec::new();
    for (reason, evidence, outcome) in std::iter::once(first).chain(others) {
        said.push(reason.clone());
        said.extend(evidence.iter().map(|evidence| format!("{} {}", evidence.fact, evidence.value)));
        match outcome {
            Outcome::Wait { waiting } => said.push(waiting.why.clone()),
            Outcome::Blocked { vetoes } => {
                said.extend(vetoes.iter().map(|veto| format!("{}: {}", veto.why, veto.lifts)))
            }
            Outcome::Stalled { why, lifts } => said.push(format!("{why}: {lifts}")),
            Outcome::Rest { why } => said.push(why.clone()),
            Outcome::Look { .. } | Outcome::Act { .. } => {}
        }
    }
    // Where the repository is found differs, too.
    let address = &cycle.snapshot.forge.repository.url;
    said.into_iter().map(|text| without_commits(&text.replace(address, "<repository>"))).collect()
}

/// What a scenario leaves behind.
#[derive(Debug, PartialEq, Eq)]
struct End {
    /// Key, issue, pull request, outcome, whether a merge commit is known.
    bindings: Vec<String>,
    planning: Planning,
    files: Vec<String>,
    /// Number, title, state, labels, assignees.
    subjects: Vec<String>,
    branches: Vec<String>,
    /// What `fsck` finds.
    findings: Vec<String>,
    /// The end in single facts, for people.
    lines: Vec<String>,
}

/// A scenario as it was played in one of the worlds.
pub struct Played {
    /// Every cycle in words, with what was seen.
    cycles: Vec<(String, String)>,
    /// What was shown, all cycles together.
    pub said: BTreeSet<String>,
    end: End,
}

impl Played {
    /// The end, a fact a line.
    pub fn lines(&self) -> &[String] {
        &self.end.lines
    }

    /// The cycles in words.
    pub fn told(&self) -> Vec<&str> {
        self.cycles.iter().map(|(told, _)| told.as_str()).collect()
    }
}

fn bound(binding: &Binding) -> String {
    let (key, merged) = (binding.key.path(), binding.merge.is_some());
    format!("{key}: {} {:?} {:?}, merged {merged}", binding.issue, binding.pull, binding.outcome)
}

fn shown(world: &World, subject: &Subject) -> String {
    let merged = subject.pull.as_ref().is_some_and(|pull| pull.merged.is_some());
    let draft = subject.pull.as_ref().is_some_and(|pull| pull.draft);
    let labels = subject.labels.iter().filter_map(|id| world.label(*id)).map(|label| label.name.as_str());
    let labels: Vec<&str> = labels.collect();
    let assignees = subject.assignees.iter().filter_map(|id| world.account(*id)).map(|account| account.login.as_str());
    let assignees: Vec<&str> = assignees.collect();
    let (open, reason) = (subject.is_open(), subject.reason);
    format!(
        "#{} {}: open {open}, {reason:?}, draft {draft}, merged {merged}, {labels:?}, {assignees:?}",
        subject.number, subject.title
    )
}

fn bound_line(binding: &Binding) -> String {
    let name = match &binding.key {
        Key::Item(name) => name.to_string(),
        Key::Capability(name) => format!("capability update of {name}"),
        Key::Gap { .. } => "gap analysis".to_owned(),
    };
    let outcome = binding.outcome.as_ref().map_or_else(|| "unsettled".to_owned(), ToString::to_string);
    let by = binding.pull.map_or_else(String::new, |pull| format!(" by {pull}"));
    format!("{name}: {} {outcome}{by}", binding.issue)
}

fn subject_lines(subject: &Subject) -> Vec<String> {
    let number = subject.number;
    let state = match (&subject.pull, subject.reason) {
        (Some(pull), _) if pull.merged.is_some() => format!("merged into {}", pull.base),
        _ if subject.is_open() => "open".to_owned(),
        (_, Some(reason)) => format!("closed as {}", reason.name().to_lowercase()),
        (_, None) => "closed".to_owned(),
    };
    let mut lines = vec![format!("#{number} {state}"), format!("#{number} is \"{}\"", subject.title)];
    if subject.pull.is_none() {
        lines.push(format!("#{number} sent {}x", assigned(subject)));
    }
    lines
}

async fn end(theatre: &mut impl Theatre, written: bool) -> End {
    let (last, audit) = theatre.look().await;
    let findings = audit.findings.iter().map(|f| without_commits(&format!("{:?}: {}; {}", f.kind, f.what, f.settles)));
    let findings = findings.collect();
    let (subjects, branches, mut lines) = theatre.world(|world| {
        let subjects = world.subjects().map(|subject| shown(world, subject)).collect();
        let branches: Vec<String> = world.references().keys().cloned().collect();
        let lines: Vec<String> = world.subjects().flat_map(subject_lines).collect();
        (subjects, branches, lines)
    });
    let files = theatre.files().await;
    let bindings = || last.ledger.iter().flat_map(|ledger| ledger.bindings.values());
    lines.extend(bindings().map(bound_line));
    lines.extend(files.iter().map(|path| path.strip_prefix("planning/issue_queue/").unwrap_or(path).to_owned()));
    let issues = lines.iter().filter(|line| line.contains(" sent ")).count();
    lines.push(format!("issues: {issues}"));
    if !written {
        lines.push("nothing written".to_owned());
    }
    if !branches.iter().any(|name| name == "refs/orchestrator/ledger") {
        lines.push("no ledger".to_owned());
    }
    let planning = last.planning.clone();
    End { bindings: bindings().map(bound).collect(), planning, files, subjects, branches, findings, lines }
}

/// Plays a scenario.
async fn play(theatre: &mut impl Theatre, scenario: &Scenario) -> Played {
    for (kind, script) in &scenario.scripts {
        theatre.script(*kind, *script);
    }
    let mut cycles: Vec<Cycle> = Vec::new();
    let mut merged: Vec<(String, String)> = Vec::new();
    let (mut mainline, mut acted) = (None, 0);
    for step in &scenario.steps {
        if !matches!(step, Step::Settle | Step::Cycles(_) | Step::Until(_)) {
            acted = cycles.len();
        }
        match step {
            Step::Settle => cycles.extend(theatre.settled().await),
            Step::Cycles(n) => {
                for _ in 0..*n {
                    cycles.push(theatre.one_cycle().await);
                }
            }
            Step::Until(so) => {
                let begun = cycles.len();
                while !theatre.world(|world| so(world)) {
                    assert!(cycles.len() < begun + LIMIT, "the world never becomes so");
                    cycles.push(theatre.one_cycle().await);
                    theatre.agent().await;
                }
            }
            Step::World(act) => theatre.world(act),
            Step::Push(branch, path, content) => theatre.push(branch, &[(path, *content)]).await,
            Step::Open(branch, body) => theatre.open(branch, body).await,
            Step::Merge(number, method) => {
                merged.push((format!("#{number} by hand"), theatre.merge(*number, *method).await.to_string()));
            }
            Step::DeleteHead(number) => {
                let head = theatre.world(|world| world.pull(*number).map(|(_, pull)| pull.head.clone()));
                theatre.delete(&head.expect("it is a pull request")).await;
            }
            Step::Protect(protected) => theatre.protect(*protected).await,
            Step::Rules(set) => theatre.rules(*set).await,
            Step::Script(issue, script) => theatre.script_issue(*issue, *script),
            Step::Move(from, to) => theatre.rename(from, to).await,
            Step::DeleteRef(name) => theatre.delete_ref(name).await,
            Step::Remember => mainline = theatre.world(|world| world.branch("main").map(str::to_owned)),
            Step::PushBack => theatre.push_back(mainline.as_deref().expect("it was remembered")).await,
            Step::FreshFolder => theatre.fresh_folder(),
            Step::Pass(seconds) => theatre.pass(*seconds),
            Step::Lose(point, arrives) => theatre.lose(*point, *arrives),
        }
    }
    let written = cycles.iter().skip(acted).any(|cycle| !cycle.done.is_empty());
    let end = end(theatre, written).await;
    let said = cycles.iter().flat_map(said).collect();
    Played { cycles: cycles.iter().map(|cycle| (told(cycle), seen(cycle))).chain(merged).collect(), said, end }
}

/// Plays a scenario in memory and on the wire with real git: both go the same way and end equal, and each is as it should
/// be.
pub async fn compare(scenario: &Scenario, holds: impl Fn(&Played)) {
    compare_with(&mut Stage::with(scenario.options.clone()).await, scenario, holds).await;
}

/// The same of one in which git has no part but to hold what is pushed: on the wire git is in memory, too.
pub async fn compare_over_http(scenario: &Scenario, holds: impl Fn(&Played)) {
    compare_with(&mut Booth::new(scenario.options.clone()).await, scenario, holds).await;
}

async fn compare_with(wire: &mut impl Theatre, scenario: &Scenario, holds: impl Fn(&Played)) {
    let mut toys = Toys::with(scenario.options.clone(), &[]);
    let memory = play(&mut toys, scenario).await;
    assert!(toys.seat.accidents.are_over(), "what was to be lost was never sent");
    holds(&memory);
    let real = play(wire, scenario).await;
    for (n, (real, memory)) in real.cycles.iter().zip(&memory.cycles).enumerate() {
        assert_eq!(real, memory, "cycle {n}, the wire on the left");
    }
    assert_eq!((real.cycles.len(), &real.end), (memory.cycles.len(), &memory.end), "the wire is on the left");
    assert_eq!(real.said, memory.said, "the wire is on the left");
    holds(&real);
}

/// The sample project with these files in `pending/`.
pub fn with_pending(files: &[(&str, &[u8])]) -> Options {
    let mut options = Options::default();
    for (name, content) in files {
        options.project.push((format!("planning/issue_queue/pending/{name}"), content.to_vec()));
    }
    options
}

/// The same with another policy.
pub fn with_policy(files: &[(&str, &[u8])], policy: &str) -> Options {
    let mut options = with_pending(files);
    let mut project: BTreeMap<String, Vec<u8>> = options.project.into_iter().collect();
    project.insert("planning/orchestrator.toml".to_owned(), policy.as_bytes().to_vec());
    options.project = project.into_iter().collect();
    options
}

pub const ONE: &[(&str, &[u8])] = &[("dev-1.md", b"# One")];

/// One item, whose development goes so, and after which the goal is said to be reached.
pub fn item(script: Script, steps: Vec<Step>) -> Scenario {
    let scripts = vec![(IssueKind::Development, script), (IssueKind::GapAnalysis, Script::NoChange)];
    Scenario { options: with_pending(ONE), scripts, steps }
}

/// The draft of the first item is open.
pub fn drafted(world: &World) -> bool {
    world.pull(2).is_some()
}

/// The first item's pull request is finished.
pub fn finished(world: &World) -> bool {
    world.pull(2).is_some_and(|(_, pull)| !pull.requested.is_empty())
}

/// The first item's pull request is merged.
pub fn merged(world: &World) -> bool {
    world.pull(2).is_some_and(|(_, pull)| pull.merged.is_some())
}

pub fn viewer_closes(world: &mut World, number: u64, reason: Option<StateReason>) {
    world.close(number, world.viewer(), reason);
}

//! The simulator in memory tells the truth: the same scenarios, played on the wire with real git and played in memory,
//! go the same way cycle by cycle and end equal.
//!
//! A scenario is a project and what people and the agent do; to add one is to add an entry to the list below.

use crate::adapter::accident::Fate;
use crate::adapter::driver::Toys;
use crate::stage::Stage;
use orchestrator::engine::Cycle;
use orchestrator::model::{Binding, Planning, StopPoint};
use orchestrator::sim::world::{MergeMethod, Permission, StateReason, Subject, World};
use orchestrator::sim::{Accident, AccidentKind, FileChange, IssueKind, Options, Script};
use std::collections::BTreeMap;

/// What happens next.
enum Step {
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
    /// Time passes.
    Pass(i64),
    /// The next write of this kind is lost: it arrives and its answer doesn't, or it never arrives.
    Lose(StopPoint, bool),
}

/// A project and what happens in it.
struct Scenario {
    options: Options,
    scripts: Vec<(IssueKind, Script)>,
    steps: Vec<Step>,
}

/// One of the two worlds.
trait Theatre {
    async fn settled(&mut self) -> Vec<Cycle>;
    async fn one_cycle(&mut self) -> Cycle;
    async fn agent(&mut self);
    async fn push(&mut self, branch: &str, files: &[FileChange<'_>]);
    async fn open(&mut self, branch: &str, body: &str);
    /// Whether it was merged.
    async fn merge(&mut self, number: u64, method: MergeMethod) -> bool;
    async fn delete(&mut self, branch: &str);
    async fn protect(&mut self, protected: bool);
    async fn files(&mut self) -> Vec<String>;
    fn script(&mut self, kind: IssueKind, script: Script);
    fn pass(&mut self, seconds: i64);
    fn lose(&mut self, point: StopPoint, arrives: bool);
    fn world<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> T;
}

const LIMIT: usize = 150;

impl Theatre for Stage {
    async fn settled(&mut self) -> Vec<Cycle> {
        self.settle(LIMIT).await
    }
    async fn one_cycle(&mut self) -> Cycle {
        self.cycle().await
    }
    async fn agent(&mut self) {
        self.sim.step_agent().await.expect("the agent works");
    }
    async fn push(&mut self, branch: &str, files: &[FileChange<'_>]) {
        self.sim.commit_files(branch, files, "by hand").await.expect("a commit");
    }
    async fn open(&mut self, branch: &str, body: &str) {
        let viewer = self.sim.world(|world| world.viewer());
        self.sim.open_pull(viewer, branch, "By hand", body).await.expect("a pull request");
    }
    async fn merge(&mut self, number: u64, method: MergeMethod) -> bool {
        let viewer = self.sim.world(|world| world.viewer());
        self.sim.merge_pull(viewer, number, method).await.is_ok()
    }
    async fn delete(&mut self, branch: &str) {
        let viewer = self.sim.world(|world| world.viewer());
        self.sim.delete_branch(viewer, branch).await.expect("deleted");
    }
    async fn protect(&mut self, protected: bool) {
        self.sim.protect_mainline(protected).await.expect("protected");
    }
    async fn files(&mut self) -> Vec<String> {
        self.sim.list_files("main").await.expect("a tree")
    }
    fn script(&mut self, kind: IssueKind, script: Script) {
        self.sim.script_kind(kind, script);
    }
    fn pass(&mut self, seconds: i64) {
        self.advance(seconds);
    }
    fn lose(&mut self, point: StopPoint, arrives: bool) {
        let (method, path_end, body_part) = match point {
            StopPoint::Create => ("POST", "/issues", ""),
            StopPoint::Assign => ("POST", "/assignees", ""),
            StopPoint::Mark => ("POST", "/graphql", "markPullRequestReadyForReview"),
            StopPoint::Merge => ("PUT", "/merge", ""),
            StopPoint::DeleteBranch => ("DELETE", "", ""),
            // Whichever push comes next; the scenario sees to it that it is this one.
            StopPoint::Attempt | StopPoint::Baseline => ("POST", "/git-receive-pack", ""),
            other => panic!("no request is known for {other}"),
        };
        let kind = if arrives { AccidentKind::After(502) } else { AccidentKind::Before(502) };
        self.sim.arrange(Accident { body_part: body_part.to_owned(), ..Accident::on(method, path_end, kind) });
    }
    fn world<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> T {
        self.sim.world(act)
    }
}

impl Theatre for Toys {
    async fn settled(&mut self) -> Vec<Cycle> {
        self.settle(LIMIT).await
    }
    async fn one_cycle(&mut self) -> Cycle {
        self.cycle().await
    }
    async fn agent(&mut self) {
        self.github.sim().step_agent().expect("the agent works");
    }
    async fn push(&mut self, branch: &str, files: &[FileChange<'_>]) {
        self.github.sim().commit_files(branch, files, "by hand").expect("a commit");
    }
    async fn open(&mut self, branch: &str, body: &str) {
        let viewer = self.seat.account;
        self.github.sim().open_pull(viewer, branch, "By hand", body).expect("a pull request");
    }
    async fn merge(&mut self, number: u64, method: MergeMethod) -> bool {
        self.github.sim().merge_pull(self.seat.account, number, method).is_ok()
    }
    async fn delete(&mut self, branch: &str) {
        self.github.sim().delete_branch(self.seat.account, branch).expect("deleted");
    }
    async fn protect(&mut self, protected: bool) {
        self.github.sim().protect_mainline(protected);
    }
    async fn files(&mut self) -> Vec<String> {
        self.github.sim().list_files("main").expect("a tree")
    }
    fn script(&mut self, kind: IssueKind, script: Script) {
        self.github.sim().script_kind(kind, script);
    }
    fn pass(&mut self, seconds: i64) {
        self.advance(seconds);
    }
    fn lose(&mut self, point: StopPoint, arrives: bool) {
        self.seat.accidents.arrange(point, if arrives { Fate::AnswerLost } else { Fate::BadGatewayBefore });
    }
    fn world<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> T {
        self.github.sim().world(act)
    }
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
fn told(cycle: &Cycle) -> String {
    let done: Vec<String> = cycle.done.iter().map(|done| format!("{} {:?}", done.point, done.result)).collect();
    let (stage, reason) = (cycle.decision.stage.code(), without_commits(&cycle.decision.reason));
    format!("{stage}: {reason} [{}]", done.join(", "))
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

async fn end(theatre: &mut impl Theatre, last: &Cycle) -> End {
    let (subjects, branches) = theatre.world(|world| {
        let subjects = world.subjects().map(|subject| shown(world, subject)).collect();
        (subjects, world.references().keys().cloned().collect())
    });
    let bindings = last.snapshot.ledger.iter().flat_map(|ledger| ledger.bindings.values()).map(bound).collect();
    End { bindings, planning: last.snapshot.planning.clone(), files: theatre.files().await, subjects, branches }
}

/// Plays a scenario: every cycle in words with what was seen, and the end.
async fn play(theatre: &mut impl Theatre, scenario: &Scenario) -> (Vec<(String, String)>, End) {
    for (kind, script) in &scenario.scripts {
        theatre.script(*kind, *script);
    }
    let mut cycles: Vec<Cycle> = Vec::new();
    let mut merged: Vec<(String, String)> = Vec::new();
    for step in &scenario.steps {
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
            Step::Pass(seconds) => theatre.pass(*seconds),
            Step::Lose(point, arrives) => theatre.lose(*point, *arrives),
        }
    }
    let end = end(theatre, cycles.last().expect("a scenario has cycles")).await;
    (cycles.iter().map(|cycle| (told(cycle), seen(cycle))).chain(merged).collect(), end)
}

async fn compare(scenario: Scenario) {
    let mut stage = Stage::with(scenario.options.clone()).await;
    let mut toys = Toys::with(scenario.options.clone(), &[]);
    let (real, memory) = (play(&mut stage, &scenario).await, play(&mut toys, &scenario).await);
    assert!(toys.seat.accidents.are_over(), "what was to be lost was never sent");
    for (n, (real, memory)) in real.0.iter().zip(&memory.0).enumerate() {
        assert_eq!(real, memory, "cycle {n}, the wire on the left");
    }
    assert_eq!((real.0.len(), real.1), (memory.0.len(), memory.1), "the wire is on the left");
}

/// The sample project with these files in `pending/`.
fn with_pending(files: &[(&str, &[u8])]) -> Options {
    let mut options = Options::default();
    for (name, content) in files {
        options.project.push((format!("planning/issue_queue/pending/{name}"), content.to_vec()));
    }
    options
}

/// The same with another policy.
fn with_policy(files: &[(&str, &[u8])], policy: &str) -> Options {
    let mut options = with_pending(files);
    let mut project: BTreeMap<String, Vec<u8>> = options.project.into_iter().collect();
    project.insert("planning/orchestrator.toml".to_owned(), policy.as_bytes().to_vec());
    options.project = project.into_iter().collect();
    options
}

const ONE: &[(&str, &[u8])] = &[("dev-1.md", b"# One")];

/// To rest.
fn rests(options: Options) -> Scenario {
    Scenario { options, scripts: Vec::new(), steps: vec![Step::Settle] }
}

fn seed(seed: u64) -> Scenario {
    rests(Options { seed, ..Options::default() })
}

/// One item, whose development goes so.
fn item(script: Script, steps: Vec<Step>) -> Scenario {
    Scenario { options: with_pending(ONE), scripts: vec![(IssueKind::Development, script)], steps }
}

fn script(kind: IssueKind, script: Script) -> Scenario {
    Scenario { options: Options::default(), scripts: vec![(kind, script)], steps: vec![Step::Settle] }
}

/// The draft of the first item is open.
fn drafted(world: &World) -> bool {
    world.pull(2).is_some()
}

/// The first item's pull request is finished.
fn finished(world: &World) -> bool {
    world.pull(2).is_some_and(|(_, pull)| !pull.requested.is_empty())
}

/// The first item's pull request is merged.
fn merged(world: &World) -> bool {
    world.pull(2).is_some_and(|(_, pull)| pull.merged.is_some())
}

fn viewer_closes(world: &mut World, number: u64, reason: Option<StateReason>) {
    world.close(number, world.viewer(), reason);
}

/// One item; the first write of this kind after the ledger's beginning is lost.
fn loses(point: StopPoint, arrives: bool) -> Scenario {
    let lost = [Step::Cycles(1), Step::Lose(point, arrives), Step::Cycles(3), Step::Pass(300)];
    let steps = lost.into_iter().chain([Step::Until(merged), Step::Cycles(3)]).collect();
    item(Script::Normal, steps)
}

macro_rules! scenarios {
    ($($name:ident: $scenario:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                compare($scenario).await;
            }
        )*
    };
}

scenarios! {
    seed_0: seed(0);
    seed_1: seed(1);
    seed_2: seed(2);
    seed_3: seed(3);
    two_items: rests(with_pending(&[("dev-1.md", b"# One"), ("dev-2.md", b"# Two")]));
    five_items_three_at_a_time: rests(with_policy(
        &[("dev-1.md", b"# One"), ("dev-2.md", b"# Two"), ("dev-3.md", b"# Three"), ("maint-4.md", b"# Four"), ("dev-5.md", b"# Five")],
        "version = 1\n[merge]\nenabled = true\n[loop]\nmax_in_flight = 3\nwrite_spacing = \"0ms\"\n",
    ));
    nothing_is_merged_without_leave: rests(with_policy(ONE, "version = 1\n[loop]\nwrite_spacing = \"0ms\"\n"));
    the_policy_is_wrong: rests(with_policy(ONE, "version = 1\n[merge]\nenabled = \"perhaps\"\n"));
    the_agent_dies: item(Script::DieAfterStart, vec![Step::Settle]);
    the_agent_touches_the_policy: item(Script::TouchPolicy, vec![Step::Settle]);
    the_agent_touches_a_workflow: item(Script::TouchWorkflow, vec![Step::Settle]);
    the_agent_updates_the_capabilities_itself: item(Script::TouchCapabilities, vec![Step::Settle]);
    the_agent_changes_nothing: item(Script::NoChange, vec![Step::Settle]);
    the_agent_never_starts: item(Script::NeverStart, vec![Step::Settle]);
    the_gap_analysis_changes_nothing: script(IssueKind::GapAnalysis, Script::NoChange);
    the_gap_analysis_dies: script(IssueKind::GapAnalysis, Script::DieAfterStart);
    the_capability_update_changes_nothing: script(IssueKind::UpdateCapability, Script::NoChange);
    a_person_merges_by_hand: item(Script::Normal, vec![
        Step::Until(finished),
        Step::World(|world| { let viewer = world.viewer(); world.mark_ready(viewer, 2).expect("a draft") }),
        Step::Merge(2, MergeMethod::Squash),
        Step::Settle,
    ]);
    a_person_merges_by_hand_with_a_merge_commit_and_deletes_the_branch: item(Script::Normal, vec![
        Step::Until(finished),
        Step::World(|world| { let viewer = world.viewer(); world.mark_ready(viewer, 2).expect("a draft") }),
        Step::Merge(2, MergeMethod::Merge),
        Step::DeleteHead(2),
        Step::Settle,
    ]);
    an_issue_is_closed_as_not_planned: item(Script::Normal, vec![
        Step::Until(drafted),
        Step::World(|world| viewer_closes(world, 1, Some(StateReason::NotPlanned))),
        Step::Settle,
    ]);
    an_issue_is_closed_as_completed: item(Script::Normal, vec![
        Step::Until(drafted),
        Step::World(|world| viewer_closes(world, 1, Some(StateReason::Completed))),
        Step::Settle,
    ]);
    a_pull_request_is_closed: item(Script::Normal, vec![
        Step::Until(drafted),
        Step::World(|world| viewer_closes(world, 2, None)),
        Step::Settle,
    ]);
    an_issue_is_deleted: item(Script::Normal, vec![
        Step::Until(drafted),
        Step::World(|world| world.delete_issue(1).expect("an issue")),
        Step::Settle,
    ]);
    an_issue_is_transferred: item(Script::Normal, vec![
        Step::Until(drafted),
        Step::World(|world| world.transfer_issue(1, "somebody/else").expect("an issue")),
        Step::Settle,
    ]);
    the_agent_is_taken_off: item(Script::Normal, vec![
        Step::Cycles(3),
        Step::World(|world| {
            let viewer = world.viewer();
            world.unassign(viewer, 1, &["copilot-swe-agent[bot]".to_owned()]).expect("an issue");
        }),
        Step::Settle,
    ]);
    the_mainline_is_protected: Scenario {
        options: with_pending(ONE),
        scripts: Vec::new(),
        steps: vec![Step::Protect(true), Step::Settle, Step::Pass(120), Step::Protect(false), Step::Settle],
    };
    the_loop_is_paused_and_goes_on: item(Script::Normal, vec![
        Step::Push("main", "planning/PAUSE", Some(b"")),
        Step::Settle,
        Step::Push("main", "planning/PAUSE", None),
        Step::Settle,
    ]);
    bad_queue_files: rests(with_pending(&[
        ("dev-1.md", b"# One"),
        ("dev-2.md", b"\xff\xfe"),
        ("dev-3.md", b"\n\n"),
        ("DEV-1.md", b"# Same"),
        ("gap-old.md", b"# Old"),
        ("dev-4.md", b"---\npriority: [\n---\n# Four"),
        ("dev-5.md", b"---\ndepends_on: dev-9.md\n---\n# Five"),
        ("notes.txt", b"no item"),
    ]));
    a_change_of_the_goal_ends_the_rest: Scenario {
        options: Options::default(),
        scripts: vec![(IssueKind::GapAnalysis, Script::NoChange)],
        steps: vec![
            Step::Settle,
            Step::Push("main", "planning/vision/goal.md", Some(b"# Goal\n\n## Something else\n")),
            Step::Settle,
        ],
    };
    changes_are_requested: item(Script::Normal, vec![
        Step::Until(finished),
        Step::World(|world| {
            let reviewer = world.person("reviewer", Permission::Write);
            let state = orchestrator::sim::world::ReviewState::ChangesRequested;
            world.review(reviewer, 2, state, "not so").expect("a review");
        }),
        Step::Settle,
    ]);
    a_pull_request_of_a_person_closes_the_issue: item(Script::NeverStart, vec![
        Step::Cycles(3),
        Step::Push("mine", "notes.txt", Some(b"x")),
        Step::Open("mine", "Fixes #1"),
        Step::Settle,
    ]);
    the_mainline_moves_into_a_conflict: item(Script::Normal, vec![
        Step::Until(finished),
        Step::Push("main", "notes/one.md", Some(b"something else\n")),
        Step::Settle,
    ]);
    an_item_is_edited_while_it_is_in_work: item(Script::Normal, vec![
        Step::Until(drafted),
        Step::Push("main", "planning/issue_queue/processed/dev-1.md", Some(b"# One, edited")),
        Step::Settle,
    ]);
    an_answer_of_a_create_is_lost: loses(StopPoint::Create, true);
    a_create_never_arrives: loses(StopPoint::Create, false);
    an_answer_of_an_assignment_is_lost: loses(StopPoint::Assign, true);
    an_assignment_never_arrives: loses(StopPoint::Assign, false);
    an_answer_of_a_mark_is_lost: loses(StopPoint::Mark, true);
    a_mark_never_arrives: loses(StopPoint::Mark, false);
    an_answer_of_a_merge_is_lost: loses(StopPoint::Merge, true);
    a_merge_never_arrives: loses(StopPoint::Merge, false);
    an_answer_of_a_branch_deletion_is_lost: loses(StopPoint::DeleteBranch, true);
    a_branch_deletion_never_arrives: loses(StopPoint::DeleteBranch, false);
    an_answer_of_a_push_is_lost: loses(StopPoint::Attempt, true);
    a_push_never_arrives: loses(StopPoint::Attempt, false);
    an_answer_of_a_create_is_lost_and_lists_lag: item(Script::Normal, vec![
        Step::World(|world| world.settings.list_lag = jiff::SignedDuration::from_secs(20)),
        Step::Cycles(1),
        Step::Lose(StopPoint::Create, true),
        Step::Cycles(4),
        Step::Pass(300),
        Step::Until(merged),
        Step::Cycles(3),
    ]);
}

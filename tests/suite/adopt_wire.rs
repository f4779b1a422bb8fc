//! First contact on the real wire: an empty repository, a hand-made queue, and what a predecessor left. Each writes the
//! ledger's first record and nothing else; after adopt the loop goes on and nothing is done twice.

use crate::folder::folder;
use crate::program::{Ended, Program};
use crate::stage::Stage;
use orchestrator::decide::adopt::{AdoptPlan, Finished, Wish};
use orchestrator::engine::port::Remote;
use orchestrator::model::{GAP_TITLE, IssueNumber, ItemName, ItemOutcome, Key, Ledger, Outcome};
use orchestrator::sim::world::{AgentAssignment, MergeMethod, NewIssue, Permission};
use orchestrator::sim::{Options, Script};
use serde_json::Value;

const LEDGER: &str = "refs/orchestrator/ledger";
const TASK: &[u8] = b"# Build Top words\n\nThe section Top words of the goal.\n";

fn at(folder: &str, name: &str) -> String {
    format!("planning/issue_queue/{folder}/{name}")
}

/// The sample project with more files.
async fn stage(files: &[(&str, &str)]) -> Stage {
    let mut options = Options::default();
    options.project.extend(files.iter().map(|(folder, name)| (at(folder, name), TASK.to_vec())));
    Stage::with(options).await
}

/// An issue as the predecessor made it, with the agent assigned in the same request.
fn opened(stage: &Stage, title: &str, label: &str, marker: Option<&str>) -> u64 {
    let end = marker.map_or_else(String::new, |marker| format!("\n\n<!-- {marker} -->\n"));
    let new = NewIssue {
        title: title.to_owned(),
        body: format!("Do what the title says.{end}"),
        labels: vec![label.to_owned()],
        assignees: vec!["copilot-swe-agent[bot]".to_owned()],
    };
    let assignment = AgentAssignment::default();
    stage.sim.world(|world| world.open_issue(world.viewer(), new, Some(&assignment)).expect("an issue"))
}

fn item_issue(stage: &Stage, name: &str) -> u64 {
    opened(stage, "Build Top words", "Development", Some(&format!("orchestrator-issue-queue-id: {name}")))
}

/// The agent works on everything until its sessions are over.
async fn worked(stage: &Stage) {
    for _ in 0..4 {
        stage.sim.step_agent().await.expect("the agent works");
    }
}

/// A person merges the agent's draft.
async fn merged(stage: &Stage, pull: u64) {
    let viewer = stage.sim.world(|world| world.viewer());
    stage.sim.world(|world| world.mark_ready(viewer, pull).expect("a draft"));
    stage.sim.merge_pull(viewer, pull, MergeMethod::Squash).await.expect("merged");
}

/// A predecessor's item whose pull request is merged and which lies in `processed/` still.
async fn merged_and_left() -> Stage {
    let stage = stage(&[("processed", "dev-1.md")]).await;
    stage.sim.script_issue(1, Script::TouchCapabilities);
    item_issue(&stage, "dev-1.md");
    worked(&stage).await;
    merged(&stage, 2).await;
    stage
}

/// First cycles: the ledger's first record and nothing else; what the loop says then.
async fn contact(stage: &Stage) -> Outcome {
    let subjects =
        || stage.sim.world(|world| world.subjects().map(|subject| format!("{subject:?}")).collect::<Vec<_>>());
    let (before, mainline) = (subjects(), stage.sim.log("main").await.expect("a history"));
    let first = stage.cycle().await;
    assert!(first.moved(), "{:?}", first.decision);
    let mut last = first;
    for _ in 0..3 {
        last = stage.cycle().await;
        assert!(!last.moved(), "{:?}", last.decision);
    }
    assert_eq!(stage.sim.list_files(LEDGER).await.expect("a tree"), ["format"]);
    let log = stage.sim.requests();
    assert_eq!((log.rest_writes, log.git_pushes), (0, 1), "the baseline is the only write");
    assert!(subjects() == before, "GitHub is as it was");
    assert_eq!(stage.sim.log("main").await.expect("a history"), mainline);
    last.decision.outcome
}

fn points_to_adopt(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Stalled { lifts, .. } if lifts.contains("orchestrator adopt")), "{outcome:?}");
}

async fn look(stage: &Stage, finished: Finished) -> AdoptPlan {
    let lock = stage.engine.remote.lock().await.expect("nobody else");
    let wish = Wish { finished, one: None };
    stage.engine.look_for_adoption(&lock, &wish).await.expect("a look").1.expect("a plan")
}

/// Settles everything; a second look finds nothing left.
async fn adopt(stage: &Stage, finished: Finished) -> AdoptPlan {
    let plan = {
        let lock = stage.engine.remote.lock().await.expect("nobody else");
        let wish = Wish { finished, one: None };
        let (snapshot, plan) = stage.engine.look_for_adoption(&lock, &wish).await.expect("a look");
        let plan = plan.expect("a plan");
        for step in &plan.steps {
            let effects: Vec<String> = step.action.effects.iter().map(ToString::to_string).collect();
            println!("{:<70} → {}", step.why, effects.join(" · "));
            let done = stage.engine.settle(&lock, &snapshot, step).await;
            assert!(done.iter().all(orchestrator::engine::Done::is_done), "{}: {done:?}", step.why);
        }
        plan
    };
    let left = look(stage, finished).await;
    assert!(left.steps.is_empty() && left.problems.is_empty(), "{left:?}");
    plan
}

/// The loop goes on to rest; every queue file has one issue, every issue that is bound is bound once, and nothing is open.
async fn rests(stage: &Stage) -> Ledger {
    let cycles = stage.settle(160).await;
    let last = cycles.last().expect("cycles");
    assert!(matches!(last.decision.outcome, Outcome::Rest { .. }), "{:?}", last.decision);
    let ledger = last.snapshot.ledger.clone().expect("a ledger");
    let mut issues: Vec<IssueNumber> = ledger.bindings.values().map(|binding| binding.issue).collect();
    let bound = issues.len();
    issues.sort();
    issues.dedup();
    assert_eq!(issues.len(), bound, "an issue is bound once");
    let planning = &last.snapshot.planning;
    assert!(planning.pending.is_empty() && planning.processed.is_empty(), "{planning:?}");
    let bodies: Vec<(u64, String, bool)> = stage.sim.world(|world| {
        let plain = world.subjects().filter(|subject| subject.pull.is_none());
        plain.map(|subject| (subject.number, subject.body.clone(), subject.is_open())).collect()
    });
    for name in &planning.complete {
        let naming = bodies.iter().filter(|(_, body, _)| body.contains(&format!("queue-id: {name} "))).count();
        assert_eq!(naming, 1, "{name} has one issue");
        assert!(ledger.bindings.contains_key(&Key::Item(name.clone())), "{name} is bound");
    }
    assert!(bodies.iter().all(|(_, _, open)| !open), "{bodies:?}");
    for (number, _, _) in &bodies {
        assert!(stage.sim.requests().count("POST", &format!("/issues/{number}/assignees")) <= 1, "#{number}");
    }
    ledger
}

fn outcome(ledger: &Ledger, name: &str) -> Option<ItemOutcome> {
    let name = ItemName::new(name).expect("a name");
    ledger.bindings[&Key::Item(name)].outcome.clone()
}

fn has_update(ledger: &Ledger, name: &str) -> bool {
    ledger.bindings.contains_key(&Key::Capability(ItemName::new(name).expect("a name")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_repository_gets_a_baseline_and_waits_for_its_goal() {
    let mut options = Options::default();
    let goal = options.project.iter().find(|(path, _)| path.ends_with("goal.md")).cloned().expect("a goal");
    options.project.retain(|(path, _)| !path.starts_with("planning/") || path.ends_with("orchestrator.toml"));
    let stage = Stage::with(options).await;
    let outcome = contact(&stage).await;
    assert!(matches!(&outcome, Outcome::Stalled { why, .. } if why.contains("goal.md")), "{outcome:?}");
    assert!(adopt(&stage, Finished::Settle).await.steps.is_empty());
    stage.sim.commit_files("main", &[("planning/vision/goal.md", Some(&goal.1))], "a goal").await.expect("committed");
    rests(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hand_made_queue_is_begun_and_a_file_that_nothing_names_is_its_persons() {
    let stage = stage(&[("processed", "dev-by-hand.md")]).await;
    points_to_adopt(&contact(&stage).await);
    let plan = look(&stage, Finished::Settle).await;
    assert!(plan.steps.is_empty() && plan.problems.len() == 1, "{plan:?}");
    assert!(plan.problems[0].lifts.starts_with("move it back to pending/"), "{plan:?}");
    let (from, to) = (at("processed", "dev-by-hand.md"), at("pending", "dev-by-hand.md"));
    stage.sim.commit_files("main", &[(&from, None), (&to, Some(TASK))], "back").await.expect("committed");
    let ledger = rests(&stage).await;
    assert_eq!(outcome(&ledger, "dev-by-hand.md"), Some(ItemOutcome::Merged));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_item_in_work_whose_marker_is_the_last_line_is_taken_over() {
    for folders in [&["processed"][..], &["pending"], &["pending", "processed"]] {
        let files: Vec<(&str, &str)> = folders.iter().map(|folder| (*folder, "dev-1.md")).collect();
        let stage = stage(&files).await;
        let number = item_issue(&stage, "dev-1.md");
        points_to_adopt(&contact(&stage).await);
        adopt(&stage, Finished::Settle).await;
        let files = stage.sim.list_files("main").await.expect("a tree");
        let lies: Vec<&String> = files.iter().filter(|path| path.ends_with("dev-1.md")).collect();
        assert_eq!(lies, ["planning/issue_queue/processed/dev-1.md"], "{folders:?}");
        let ledger = rests(&stage).await;
        assert_eq!(outcome(&ledger, "dev-1.md"), Some(ItemOutcome::Merged));
        assert!(has_update(&ledger, "dev-1.md"), "the loop completed it");
        assert_eq!(stage.sim.requests().count("POST", &format!("/issues/{number}/assignees")), 0, "it had its agent");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merged_item_is_settled_or_left_to_the_loop_as_asked() {
    for finished in [Finished::Settle, Finished::Bind] {
        let stage = stage(&[("processed", "dev-1.md")]).await;
        stage.sim.script_issue(1, Script::TouchCapabilities);
        item_issue(&stage, "dev-1.md");
        worked(&stage).await;
        merged(&stage, 2).await;
        points_to_adopt(&contact(&stage).await);
        adopt(&stage, finished).await;
        let ledger = rests(&stage).await;
        assert_eq!(outcome(&ledger, "dev-1.md"), Some(ItemOutcome::Merged));
        assert_eq!(has_update(&ledger, "dev-1.md"), finished == Finished::Bind, "{finished:?}");
        let binding = &ledger.bindings[&Key::Item(ItemName::new("dev-1.md").expect("a name"))];
        assert!(binding.pull.is_some() && binding.merge.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_gap_analysis_is_taken_over_with_and_without_a_pull_request() {
    for works in [false, true] {
        let stage = stage(&[]).await;
        let number = opened(&stage, GAP_TITLE, "Gap Analysis", None);
        if works {
            worked(&stage).await;
        }
        points_to_adopt(&contact(&stage).await);
        let plan = adopt(&stage, Finished::Settle).await;
        assert_eq!(plan.steps.len(), 1, "{plan:?}");
        let ledger = rests(&stage).await;
        let gap = ledger.bindings.values().find(|binding| binding.issue == IssueNumber(number)).expect("it is bound");
        assert!(matches!(gap.outcome, Some(ItemOutcome::File(_))), "{gap:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_capability_update_under_way_is_taken_over_with_its_item() {
    let stage = stage(&[("complete", "dev-1.md")]).await;
    item_issue(&stage, "dev-1.md");
    worked(&stage).await;
    merged(&stage, 2).await;
    let marker = "orchestrator:capability-update-from-pr maintainer/tally#2";
    let title = "Update system capabilities based on merged PR #2: Top words";
    let number = opened(&stage, title, "Update Capability", Some(marker));
    stage.cycle().await;
    let plan = adopt(&stage, Finished::Settle).await;
    assert_eq!(plan.steps.len(), 2, "{plan:?}");
    let ledger = rests(&stage).await;
    let update = &ledger.bindings[&Key::Capability(ItemName::new("dev-1.md").expect("a name"))];
    assert_eq!((update.issue, &update.outcome), (IssueNumber(number), &Some(ItemOutcome::Merged)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_by_somebody_who_cannot_write_is_never_bound() {
    for permission in [Permission::Read, Permission::Write] {
        let stage = stage(&[("processed", "dev-1.md")]).await;
        let new = NewIssue {
            title: "Build Top words".to_owned(),
            body: "Mine.\n\n<!-- orchestrator-issue-queue-id: dev-1.md -->".to_owned(),
            ..NewIssue::default()
        };
        stage.sim.world(|world| {
            let stranger = world.person("stranger", permission);
            world.open_issue(stranger, new, None).expect("an issue");
            world.put_label(1, world.viewer(), "Development");
        });
        points_to_adopt(&contact(&stage).await);
        let plan = look(&stage, Finished::Settle).await;
        assert_eq!(plan.steps.len(), usize::from(permission == Permission::Write), "{plan:?}");
        assert_eq!(
            plan.shown.iter().any(|shown| shown.what.contains("can't write here")),
            permission == Permission::Read
        );
        let asked = stage.sim.requests().count("GET", "/collaborators/stranger/permission");
        assert_eq!(asked, 1, "once");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_issue_that_was_deleted_is_given_up_on_a_persons_word() {
    let stage = stage(&[("pending", "dev-1.md")]).await;
    stage.cycle().await;
    assert!(stage.cycle().await.moved(), "it is promoted");
    stage.sim.world(|world| world.delete_issue(1).expect("it was there"));
    let stalled = stage.cycle().await;
    points_to_adopt(&stalled.decision.outcome);
    let plan = adopt(&stage, Finished::Settle).await;
    assert_eq!(plan.steps.len(), 1, "{plan:?}");
    let cycle = stage.cycle().await;
    let ledger = cycle.snapshot.ledger.as_ref().expect("a ledger");
    assert_eq!(outcome(ledger, "dev-1.md"), Some(ItemOutcome::Dropped));
    assert_eq!(cycle.snapshot.planning.complete.len(), 1);
    assert!(cycle.moved(), "the loop goes on: {:?}", cycle.decision);
}

/// The last line of what went wrong.
fn help(ended: &Ended) -> &str {
    ended.err.trim_end().lines().last().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_shows_first_changes_nothing_unasked_and_twice_is_once() {
    let stage = stage(&[("pending", "dev-1.md"), ("processed", "dev-1.md"), ("processed", "dev-2.md")]).await;
    let number = item_issue(&stage, "dev-1.md");
    stage.sim.world(|world| {
        let new = NewIssue { title: "build top words, please".to_owned(), ..NewIssue::default() };
        world.open_issue(world.viewer(), new, None).expect("an issue");
    });
    let here = folder();
    let program = Program::on(&stage.sim, here.path());
    let ended = program.run(&["adopt"]).await;
    assert_eq!((ended.code, help(&ended)), (Some(4), "help: run it again with --yes"), "{}", ended.err);
    let lines: Vec<&str> = ended.out.lines().collect();
    let expected = [
        "maintainer/tally: to be settled",
        "  1. this repository has no ledger; its first record comes before everything else",
        "  2. dev-1.md lies in pending/ and, the same, in processed/; #1, which names it, is open: bind them and keep the \
         file in processed/ alone",
        "",
        "shown only, and left as it is",
        "  -  #2 \"build top words, please\" (open) may be the issue of dev-2.md",
        "     orchestrator adopt dev-2.md 2",
        "",
        "can't be settled from here",
        "  -  dev-2.md lies in processed/ and no issue that may be bound names it",
        "     lift: move it back to pending/, or bind one: orchestrator adopt dev-2.md <#n>",
    ];
    assert_eq!(lines, expected, "{}", ended.out);
    assert!(stage.sim.world(|world| world.reference(LEDGER).is_none()), "nothing was changed");

    // A process that ends in the middle leaves what the next one settles.
    let stopping = Program::on(&stage.sim, here.path()).with("ORCHESTRATOR_STOP_AT", "adopt.bind");
    assert_eq!(stopping.run(&["adopt", "--yes"]).await.signal, Some(9));
    let ended = program.run(&["adopt", "--yes", "dev-2.md", "#2"]).await;
    assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.err);
    assert!(
        ended.out.contains("bind item dev-2.md to #2 → ") && ended.out.contains("nothing to adopt"),
        "{}",
        ended.out
    );
    let ended = program.run(&["adopt"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "maintainer/tally: nothing to adopt\n"), "{}", ended.err);

    let cases = [
        (&["adopt", "dev-1.md", "1"][..], 3, "dev-1.md is already bound to #1"),
        (&["adopt", "dev-9.md", "1"], 5, "dev-9.md lies in no folder"),
        (&["adopt", "dev-1.md", "x"], 2, "is not a queue file and the number of an issue"),
    ];
    for (arguments, code, words) in cases {
        let ended = program.run(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(words) && help(&ended).starts_with("help: "), "{arguments:?}: {}", ended.err);
    }
    let ended = program.run(&["adopt", "--json"]).await;
    let value: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!((ended.code, &value["plan"]["steps"]), (Some(0), &serde_json::json!([])));
    assert_eq!(stage.sim.requests().count("POST", &format!("/issues/{number}/assignees")), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_settles_everything_with_one_yes() {
    let stage = merged_and_left().await;
    let here = folder();
    let program = Program::on(&stage.sim, here.path());
    let ended = program.run(&["adopt", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.err);
    for words in [
        "was answered by #2, which is merged: bind them, settle it as merged without a capability update and move the file to complete/",
        "bind item dev-1.md to #1, settle item dev-1.md as merged → ",
        "move dev-1.md from processed/ to complete/ → ",
        "maintainer/tally: nothing to adopt",
    ] {
        assert!(ended.out.contains(words), "{words}: {}", ended.out);
    }
    rests(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_between_bind_and_move_leaves_the_move_to_the_loop() {
    let stage = merged_and_left().await;
    let here = folder();
    let stopping = Program::on(&stage.sim, here.path()).with("ORCHESTRATOR_STOP_AT", "adopt.bind");
    assert_eq!(stopping.run(&["adopt", "--yes"]).await.signal, Some(9));
    let ended = Program::on(&stage.sim, here.path()).run(&["adopt", "--yes"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(0), "maintainer/tally: nothing to adopt\n"), "{}", ended.err);
    let ledger = rests(&stage).await;
    assert_eq!(outcome(&ledger, "dev-1.md"), Some(ItemOutcome::Merged));
    assert!(!has_update(&ledger, "dev-1.md"), "it was settled in the commit that bound it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_protected_mainline_refuses_the_move_and_the_rest_is_settled() {
    let stage = stage(&[("pending", "dev-1.md"), ("pending", "dev-2.md")]).await;
    let (one, two) = (item_issue(&stage, "dev-1.md"), item_issue(&stage, "dev-2.md"));
    stage.sim.protect_mainline(true).await.expect("the rule is set");
    let here = folder();
    let ended = Program::on(&stage.sim, here.path()).run(&["adopt", "--yes"]).await;
    assert_eq!(ended.code, Some(4), "{} {}", ended.out, ended.err);
    assert_eq!(ended.out.matches(" — not done: GH006").count(), 2, "{}", ended.out);
    let lock = stage.engine.remote.lock().await.expect("nobody else");
    let ledger = stage.engine.snapshot(&lock).await.expect("a look").ledger.expect("a ledger");
    let bound: Vec<u64> = ledger.bindings.values().map(|binding| binding.issue.0).collect();
    assert_eq!(bound, [one, two], "each is bound");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_consent_the_command_refuses() {
    let mut options = Options::default();
    options.project.retain(|(path, _)| !path.ends_with("orchestrator.toml"));
    let stage = Stage::with(options).await;
    let here = folder();
    let ended = Program::on(&stage.sim, here.path()).run(&["adopt", "--yes"]).await;
    assert_eq!(ended.code, Some(7), "{}", ended.err);
    assert!(
        ended.err.contains("nobody has consented to writes") && help(&ended).contains("version = 1"),
        "{}",
        ended.err
    );
    assert!(stage.sim.world(|world| world.reference(LEDGER).is_none()));
}

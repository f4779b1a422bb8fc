//! Limits, breaker and spacing in whole stories: the engine on the wire, and the program.

use crate::folder::folder;
use crate::night::OneClock;
use crate::program::Program;
use crate::running::{agent, paced};
use crate::stage::Stage;
use jiff::SignedDuration;
use orchestrator::engine::port::Remote;
use orchestrator::model::{ActionKind, Outcome, StopPoint};
use orchestrator::sim::{Accident, AccidentKind, Options, RequestEntry, RequestKind, Simulator};
use serde_json::Value;
use std::sync::Arc;

const SECONDARY: &str = r#"{"message":"You have exceeded a secondary rate limit."}"#;
const CREATION: &str = r#"{"message":"You have exceeded a secondary rate limit and have been temporarily blocked from content creation."}"#;

fn limit(method: &str, path_end: &str, seconds: Option<u64>, body: &str) -> Accident {
    let headers = seconds.map(|seconds| ("retry-after".to_owned(), seconds.to_string())).into_iter().collect();
    Accident::on(method, path_end, AccidentKind::Answer { status: 403, headers, body: body.to_owned() })
}

fn sent(sim: &Simulator) -> usize {
    sim.requests().entries.len()
}

fn is_write(entry: &&RequestEntry) -> bool {
    match entry.kind {
        RequestKind::Rest => !matches!(entry.method.as_str(), "GET" | "HEAD"),
        RequestKind::GraphQl => entry.operation.as_deref() == Some("MarkReady"),
        RequestKind::GitPush => entry.method == "POST",
        RequestKind::GitFetch => false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_a_second_apart_labels_and_pushes_too_and_across_processes() {
    let options =
        Options { now: Some("2026-11-24T08:00:00Z".parse().expect("a time")), ..paced("write_spacing = \"1s\"") };
    let sim = Arc::new(Simulator::start(options).await.expect("the simulator starts"));
    let folder = folder();
    let name = "maintainer/tally".parse().expect("a name");
    let mut kinds = Vec::new();
    // A process a cycle, and no time passes but what they pause.
    for _ in 0..40 {
        let engine = crate::stage::engine(&sim, &name, folder.path(), OneClock(Arc::clone(&sim)), sim.token());
        let lock = engine.remote.lock().await.expect("nobody else works here");
        let cycle = engine.cycle(&lock).await.expect("it can look");
        match cycle.decision.outcome {
            Outcome::Act { action } => kinds.push(action.kind),
            Outcome::Rest { .. } => break,
            _ => agent(&sim).await,
        }
    }
    assert!(kinds.contains(&ActionKind::Complete), "{kinds:?}");
    let log = sim.requests();
    let writes: Vec<&RequestEntry> = log.entries.iter().filter(is_write).collect();
    assert!(writes.len() > 40, "{writes:?}");
    for pair in writes.windows(2) {
        let apart = pair[1].at.duration_since(pair[0].at);
        assert!(apart >= SignedDuration::from_secs(1), "{apart} between {:?} and {:?}", pair[0], pair[1]);
    }
    let labels = writes.iter().filter(|entry| entry.path.ends_with("/labels")).count();
    assert!(labels >= 3, "labels were made");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_may_be_created_nothing_is_tried_and_no_record_of_a_try_is_written() {
    let mut stage = Stage::new().await;
    assert!(stage.cycle().await.moved(), "the ledger is begun");
    stage.sim.arrange(limit("POST", "/issues", None, CREATION));
    let cycle = stage.cycle().await;
    let points: Vec<(StopPoint, bool)> = cycle.done.iter().map(|done| (done.point, done.is_done())).collect();
    assert_eq!(points, [(StopPoint::Attempt, true), (StopPoint::Create, false)]);
    assert!(!cycle.done[1].refused && cycle.done[1].why.contains("content creation"), "{:?}", cycle.done);
    let pushes = stage.sim.requests().git_pushes;
    for minute in 0..9 {
        if minute == 4 {
            stage.restart();
        }
        stage.advance(60);
        let cycle = stage.cycle().await;
        assert!(cycle.done.is_empty(), "minute {minute}: {:?}", cycle.done);
        let Outcome::Wait { waiting } = &cycle.decision.outcome else { panic!("{:?}", cycle.decision.outcome) };
        let limited = waiting.why.starts_with("GitHub lets us create nothing until 2026-11-24T08:10:0");
        assert!(limited || minute < 3, "after the doubt about the try: {waiting:?}");
    }
    let log = stage.sim.requests();
    assert_eq!((log.git_pushes, log.count("POST", "/issues")), (pushes, 1));
    stage.advance(60);
    assert!(stage.cycle().await.moved(), "it is over");
    assert_eq!(stage.sim.world(|world| world.subjects().count()), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_policy_s_issues_an_hour_the_loop_waits_and_finishes_what_it_began() {
    let mut options = paced("max_in_flight = 5\nwrite_spacing = \"0s\"\n[limits]\nissues_per_hour = 2");
    for n in 1..=3 {
        let path = format!("planning/issue_queue/pending/dev-{n}.md");
        options.project.push((path, format!("# Task {n}\n\nDo it.\n").into_bytes()));
    }
    let stage = Stage::with(options).await;
    let mut promoted = 0;
    let waiting = loop {
        let cycle = stage.cycle().await;
        match cycle.decision.outcome {
            Outcome::Act { action } => promoted += usize::from(action.kind == ActionKind::Promote),
            Outcome::Wait { waiting } => break waiting,
            other => panic!("{other:?}"),
        }
    };
    // Two in work; what is said first is what the agent does.
    assert_eq!((promoted, waiting.actor), (2, orchestrator::model::Actor::Agent));
    let status = stage.cycle().await.decision;
    let held = status.also.iter().find_map(|also| match &also.outcome {
        Outcome::Wait { waiting } if waiting.why.starts_with("issues in the last hour: 2 of the 2") => waiting.until,
        _ => None,
    });
    let until = held.expect("the breaker says until when");
    agent(&stage.sim).await;
    let mut finished = Vec::new();
    for _ in 0..12 {
        let cycle = stage.cycle().await;
        if let Outcome::Act { action } = cycle.decision.outcome {
            finished.push(action.kind);
        }
    }
    assert!(finished.contains(&ActionKind::MergeDevelopment), "{finished:?}");
    assert!(!finished.contains(&ActionKind::Promote) && !finished.contains(&ActionKind::Complete), "{finished:?}");
    let now = stage.sim.world(|world| world.now());
    stage.advance(until.duration_since(now).as_secs());
    let cycle = stage.cycle().await;
    assert!(cycle.moved(), "an issue again: {:?}", cycle.decision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_ends_the_command_with_six_and_the_next_one_sends_nothing() {
    let sim = Simulator::start(paced("write_spacing = \"0s\"")).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    sim.arrange(limit("POST", "/graphql", Some(3_000), SECONDARY));
    let first = program.run(&["cycle"]).await;
    assert_eq!(first.code, Some(6), "{}", first.err);
    let help = first.err.lines().find_map(|line| line.trim().strip_prefix("help: run the command again after "));
    let until: jiff::Timestamp = help.expect("a time").split(';').next().expect("text").parse().expect("a time");
    let before = sent(&sim);
    for command in [&["cycle"][..], &["status"], &["create-issue", "--title", "x"], &["fsck"]] {
        let ended = program.run(command).await;
        assert_eq!(ended.code, Some(6), "{command:?}: {}", ended.err);
        assert!(ended.err.contains(&until.to_string()), "{command:?}: {}", ended.err);
        assert_eq!(sent(&sim), before, "{command:?} sent into the limit");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_waits_until_a_limit_is_over_says_so_once_and_sends_nothing_meanwhile() {
    let sim = Simulator::start(paced("poll = \"1s\"\nwrite_spacing = \"0s\"")).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    sim.arrange(limit("POST", "/graphql", Some(2), SECONDARY));
    let mut run = program.start(&["run"]);
    let said = run.until_aside("; it goes on at ").await;
    assert!(said.contains("GitHub's rate limit is reached until") && said.contains("secondary"), "{said}");
    let before = sent(&sim);
    // Somebody is impatient.
    std::fs::write(program.wake(&sim), "").expect("written");
    assert_eq!(run.until_aside("").await, "it can be looked at again");
    run.until(" ask-gap ").await;
    let log = sim.requests();
    let (limited, next) = (&log.entries[before - 1], &log.entries[before]);
    assert_eq!(limited.status, 403);
    assert!(next.at.duration_since(limited.at) >= SignedDuration::from_secs(2), "{limited:?} {next:?}");
}

/// What a budget in JSON says of these reasons, all hours together.
fn spent(budget: &Value, reasons: &[&str], what: &str) -> u64 {
    let hours = budget["hours"].as_array().expect("hours").iter();
    hours.map(|hour| reasons.iter().map(|reason| hour["spent"][reason][what].as_u64().unwrap_or(0)).sum::<u64>()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_init_spends_is_in_the_budget_and_the_next_write_keeps_its_distance_from_its_push() {
    let project = vec![("README.md".to_owned(), b"# A project\n".to_vec())];
    let sim = Simulator::start(Options { project, ..Options::default() }).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    let ended = program.run(&["init", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let log = sim.requests();
    let ended = program.run(&["budget", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let value: Value = serde_json::from_str(&ended.out).expect("one line of JSON");
    assert_eq!((spent(&value, &["git_push"], "requests"), log.git_pushes), (1, 1));
    assert_eq!((spent(&value, &["checkup"], "requests"), log.rest), (1, 1));
    assert!(spent(&value, &["git_list"], "requests") > 0, "{value}");
    // It begins the ledger.
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    let log = sim.requests();
    let pushes: Vec<&RequestEntry> = log.entries.iter().filter(is_write).collect();
    let [first, second] = pushes[..] else { panic!("{pushes:?}") };
    assert!(second.at.duration_since(first.at) >= SignedDuration::from_secs(1), "{pushes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn budget_shows_what_was_spent_and_asks_nobody() {
    let sim = Simulator::start(paced("write_spacing = \"0s\"")).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    let nothing = program.run(&["budget"]).await;
    assert_eq!(nothing.code, Some(5), "{}", nothing.err);
    for _ in 0..3 {
        assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    }
    let log = sim.requests();
    let ended = program.run(&["budget", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let value: Value = serde_json::from_str(&ended.out).expect("one line of JSON");
    let sum = |reasons: &[&str], what: &str| spent(&value, reasons, what);
    assert_eq!(sum(&["observe", "linked_pages", "mark_ready"], "points"), log.graphql_points);
    assert_eq!(sum(&["git_push"], "requests"), log.git_pushes);
    let rest = ["own_issues", "labels", "create_label", "create_issue", "probe", "assign", "timeline"];
    assert_eq!((sum(&rest, "requests"), sum(&rest, "unchanged")), (log.rest, log.not_modified));
    let core = value["budgets"].as_array().expect("budgets").iter().find(|budget| budget["resource"] == "core");
    assert_eq!(core.expect("core")["used"], log.rest - log.not_modified);
    assert_eq!(value["breakers"][0]["count"], 1);
    let text = program.run(&["budget"]).await.out;
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    for words in ["create an issue", "git push", "all of graphql", "issues    1 of 12 in the last hour"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(sim.requests().entries.len(), log.entries.len(), "GitHub was not asked");
}

//! Stories of the loop that end otherwise than well: people, agents that die, rules of the remote, odd files.

use crate::sim_client::{clone, git};
use crate::stage::Stage;
use orchestrator::engine::{Cycle, DoneResult};
use orchestrator::model::{ActionKind, Folder, ItemOutcome, Key, Ledger, Outcome, Snapshot, StopPoint};
use orchestrator::sim::world::{CheckResult, MergeMethod};
use orchestrator::sim::{Accident, AccidentKind, IssueKind, Options, RequestKind, Script};

fn ledger(cycles: &[Cycle]) -> Ledger {
    cycles.last().and_then(|cycle| cycle.snapshot.ledger.clone()).expect("a ledger")
}

fn reasons(cycle: &Cycle) -> Vec<String> {
    let also = cycle.decision.also.iter().map(|also| also.reason.clone());
    std::iter::once(cycle.decision.reason.clone()).chain(also).collect()
}

/// The sample project with these files in `pending/`.
fn with_pending(files: &[(&str, &[u8])]) -> Options {
    let mut options = Options::default();
    for (name, content) in files {
        options.project.push((format!("planning/issue_queue/pending/{name}"), content.to_vec()));
    }
    options
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_items_at_a_time_where_the_policy_allows_two_and_never_three() {
    let mut options = with_pending(&[("dev-1.md", b"# One"), ("dev-2.md", b"# Two"), ("dev-3.md", b"# Three")]);
    let policy = options.project.iter_mut().find(|(path, _)| path == "planning/orchestrator.toml").expect("a policy");
    policy.1 = b"version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n[loop]\nmax_in_flight = 2\nwrite_spacing = \"0ms\"\n".to_vec();
    let stage = Stage::with(options).await;
    stage.sim.script_kind(IssueKind::GapAnalysis, Script::NoChange);
    let cycles = stage.settle(200).await;
    let in_flight = |cycle: &Cycle| {
        let ledger = cycle.snapshot.ledger.clone().unwrap_or_default();
        ledger.unsettled().filter(|binding| matches!(binding.key, Key::Item(_))).count()
    };
    assert_eq!(cycles.iter().map(in_flight).max(), Some(2));
    let last = cycles.last().expect("cycles");
    assert!(matches!(last.decision.outcome, Outcome::Rest { .. }), "{:?}", last.decision);
    assert_eq!(last.snapshot.planning.complete.len(), 3);
    assert_eq!(stage.sim.requests().count("POST", "/issues"), 7, "three items, their updates, one question");
}

/// A person pushes a link into `pending/`.
async fn push_link(stage: &Stage) {
    let work = clone(&stage.sim).await;
    std::fs::write(work.path().join("target"), "../../vision/goal.md").expect("written");
    let link = git(&stage.sim, work.path(), &["hash-object", "-w", "target"]).await.stdout;
    let entry = format!("120000,{link},planning/issue_queue/pending/link.md");
    for args in [
        &["update-index", "--add", "--cacheinfo", &entry][..],
        &["commit", "-q", "-m", "a link"],
        &["push", "-q", "origin", "HEAD:main"],
    ] {
        let ran = git(&stage.sim, work.path(), args).await;
        assert!(ran.ok, "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_items_go_one_at_a_time_in_order_and_bad_files_are_set_aside() {
    let long = vec![b'x'; 60_001];
    let options = with_pending(&[
        ("dev-1.md", b"# One"),
        ("dev-2.md", b"# Two"),
        ("dev-3.md", b"# Three"),
        ("dev-4.md", b"# Four"),
        ("dev-5.md", b"# Five"),
        ("a#b?c%20.md", b"---\npriority: -1\n---\n# Odd"),
        ("empty.md", b"\n"),
        ("bytes.md", b"\xff\xfe"),
        ("long.md", &long),
    ]);
    let stage = Stage::with(options).await;
    push_link(&stage).await;
    stage.sim.script_kind(IssueKind::GapAnalysis, Script::NoChange);
    let cycles = stage.settle(200).await;
    let promoted: Vec<String> = cycles
        .iter()
        .flat_map(|cycle| &cycle.done)
        .filter(|done| done.effect.ends_with("to processed/"))
        .map(|done| done.effect.split(' ').nth(1).unwrap_or_default().to_owned())
        .collect();
    assert_eq!(promoted, ["dev-1.md", "dev-2.md", "dev-3.md", "dev-4.md", "dev-5.md", "a#b?c%20.md"]);
    for cycle in &cycles {
        let ledger = cycle.snapshot.ledger.clone().unwrap_or_default();
        assert!(ledger.unsettled().filter(|binding| matches!(binding.key, Key::Item(_))).count() <= 1);
    }
    let last = cycles.last().expect("cycles");
    let aside: Vec<String> =
        last.snapshot.planning.quarantined.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    assert_eq!(
        aside,
        [
            "bytes.md: it is not UTF-8 text",
            "empty.md: it is empty",
            "link.md: it is not a regular file",
            "long.md: it has 60001 bytes; at most 60000 are taken"
        ]
    );
    assert_eq!(last.snapshot.planning.complete.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_protected_mainline_and_a_protected_branch_do_not_stop_the_loop() {
    let mut stage = Stage::new().await;
    stage.sim.protect_mainline(true).await.expect("the rule is set");
    stage.sim.protect_branch("copilot/*").await.expect("the rule is set");
    let cycles = stage.settle(200).await;
    assert!(matches!(cycles.last().map(|c| &c.decision.outcome), Some(Outcome::Rest { .. })), "{:?}", cycles.last());
    let seen: Vec<String> = cycles.iter().flat_map(reasons).collect();
    assert!(seen.iter().any(|reason| reason.starts_with("promoted, file not moved: GH006")), "{seen:#?}");
    assert!(seen.iter().any(|reason| reason.starts_with("refused to delete the branch copilot/")), "{seen:#?}");
    let merged = ledger(&cycles).bindings.into_values().filter(|b| b.outcome == Some(ItemOutcome::Merged));
    assert_eq!(merged.filter(|binding| matches!(binding.key, Key::Item(_))).count(), 2);
    assert_eq!(cycles.last().map(|cycle| cycle.snapshot.planning.complete.len()), Some(0), "no file was moved");
    // The rule is lifted: what was refused is tried again when its time has come, and not before, by a new process too.
    stage.sim.protect_mainline(false).await.expect("the rule is lifted");
    stage.restart();
    let quiet = stage.cycle().await;
    assert!(quiet.done.is_empty(), "it is not hammered: {:?}", quiet.done);
    stage.advance(3_600);
    for _ in 0..10 {
        stage.cycle().await;
    }
    let last = stage.cycle().await;
    assert_eq!((last.snapshot.planning.complete.len(), last.snapshot.planning.pending.len()), (2, 0));
    assert!(matches!(last.decision.outcome, Outcome::Rest { .. }), "{:?}", last.decision);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_steers_the_loop_or_its_checks_is_not_merged_but_a_capability_update_beside_code_is() {
    for (script, blocked) in
        [(Script::TouchPolicy, true), (Script::TouchWorkflow, true), (Script::TouchCapabilities, false)]
    {
        let stage = Stage::with(with_pending(&[("dev-1.md", b"# One")])).await;
        stage.sim.script_kind(IssueKind::Development, script);
        let cycles = stage.settle(40).await;
        let vetoed = cycles.iter().any(|cycle| {
            matches!(&cycle.decision.outcome, Outcome::Blocked { vetoes } if vetoes.iter().any(|veto| veto.guardrail == "paths"))
        });
        assert_eq!(vetoed, blocked, "{script:?}");
        let outcome =
            ledger(&cycles).bindings.into_values().find(|b| matches!(b.key, Key::Item(_))).expect("it is bound");
        assert_eq!(outcome.outcome, (!blocked).then_some(ItemOutcome::Merged), "{script:?}");
        let touched =
            stage.sim.log("main").await.expect("a history").iter().any(|(_, text)| text.starts_with("One (#"));
        assert_eq!(touched, !blocked, "{script:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_dies_leaves_the_question_open() {
    let stage = Stage::new().await;
    stage.sim.script_kind(IssueKind::GapAnalysis, Script::DieAfterStart);
    let cycles = stage.settle(30).await;
    let last = cycles.last().expect("cycles");
    assert!(last.decision.reason.starts_with("the agent's session on #2 stopped at "), "{}", last.decision.reason);
    assert!(matches!(&last.decision.outcome, Outcome::Wait { waiting } if waiting.until.is_some()), "{last:?}");
    let asked = stage.sim.world(|world| world.subject(2).map(|pull| pull.comments.len()));
    assert_eq!(asked, Some(1), "it is asked to go on at once, and after a second death not so soon");
    assert_eq!(ledger(&cycles).unsettled().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_look_is_one_query_of_one_point_whatever_the_queue_holds_and_others_merge() {
    let mut counts = Vec::new();
    for files in [1, 100, 1_000] {
        let names: Vec<String> = (0..files).map(|n| format!("dev-{n:04}.md")).collect();
        let pending: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"# Task".as_slice())).collect();
        let stage = Stage::with(with_pending(&pending)).await;
        stage.cycle().await;
        stage.cycle().await;
        let viewer = stage.sim.world(|world| world.viewer());
        for n in 0..11 {
            let (branch, path) = (format!("other-{n}"), format!("other-{n}.txt"));
            stage.sim.commit_files(&branch, &[(path.as_str(), Some(b"x"))], "other").await.expect("a branch");
            let pull = stage.sim.open_pull(viewer, &branch, "Something else", "").await.expect("a pull request");
            stage.sim.merge_pull(viewer, pull, MergeMethod::Squash).await.expect("merged");
        }
        let (before, git) = (stage.sim.requests(), stage.engine.remote.git_calls().count);
        let cycle = stage.cycle().await;
        let (after, git) = (stage.sim.requests(), stage.engine.remote.git_calls().count - git);
        assert_eq!(cycle.snapshot.planning.counts[0] + cycle.snapshot.planning.counts[1], files);
        assert_eq!(cycle.snapshot.forge.bound.len(), 1, "the item in flight is still seen");
        let (graphql, points) = (after.graphql - before.graphql, after.graphql_points - before.graphql_points);
        counts.push((graphql, points, after.rest - before.rest, git));
    }
    assert_eq!(counts, [(1, 1, 0, 2); 3], "one query, one point, nothing by REST, ls-remote and one fetch");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_issue_is_assigned_once_and_no_file_is_ever_in_two_folders() {
    let stage = Stage::new().await;
    let cycles = stage.settle(120).await;
    let log = stage.sim.requests();
    let assigned: Vec<&str> = log
        .entries
        .iter()
        .filter(|entry| entry.kind == RequestKind::Rest && entry.method == "POST" && entry.path.ends_with("/assignees"))
        .map(|entry| entry.path.as_str())
        .collect();
    let mut once = assigned.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!((assigned.len(), once.len()), (7, 7), "{assigned:?}");
    for cycle in &cycles {
        let planning = &cycle.snapshot.planning;
        for name in planning.complete.iter().chain(planning.processed.iter().map(|entry| &entry.name)) {
            assert_eq!(Folder::ALL.iter().filter(|folder| planning.has(**folder, name)).count(), 1, "{name}");
        }
    }
    let mut stages: Vec<&str> = cycles.iter().map(|cycle| cycle.decision.stage.code()).collect();
    stages.sort_unstable();
    stages.dedup();
    assert_eq!(stages, ["1a", "1b", "1c", "2a", "2b", "2c", "3a", "3b", "3c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_observation_is_kept_for_its_owner_and_says_what_was_seen() {
    let stage = Stage::new().await;
    stage.cycle().await;
    let seen = stage.cycle().await.snapshot;
    let path = stage.data().join("observation.json");
    let kept: Snapshot = serde_json::from_slice(&std::fs::read(&path).expect("the file")).expect("a snapshot");
    // With what came of the cycle: the question was asked.
    assert_eq!(kept.created, [seen.now]);
    assert_eq!(Snapshot { created: Vec::new(), ..kept }, seen);
    assert!(!std::fs::read_to_string(&path).expect("text").contains(stage.sim.token()));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().expect("there").permissions()) & 0o777, 0o600);
    std::fs::write(&path, b"{ cut off").expect("written");
    let mut other = stage;
    other.restart();
    other.cycle().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_whose_mainline_cannot_be_fetched_is_settled_by_the_next_look() {
    let stage = Stage::new().await;
    for _ in 0..40 {
        let cycle = stage.cycle().await;
        if cycle.decision.stage.code() == "1c" && cycle.moved() {
            break;
        }
        stage.sim.step_agent().await.expect("the agent works");
    }
    stage.sim.arrange(Accident::on("GET", "/info/refs", AccidentKind::Before(502)));
    let merging = stage.cycle().await;
    let done: Vec<(StopPoint, DoneResult)> = merging.done.iter().map(|done| (done.point, done.result)).collect();
    assert_eq!(done, [(StopPoint::Merge, DoneResult::Unknown)], "{:?}", merging.done);
    assert!(merging.done[0].why.starts_with("merged, but the mainline can't be fetched"), "{:?}", merging.done);
    let healed = stage.cycle().await;
    assert_eq!(healed.done.first().map(|done| done.point), Some(StopPoint::Settle), "{:?}", healed.done);
    assert!(stage.settle(120).await.last().is_some_and(|c| matches!(c.decision.outcome, Outcome::Rest { .. })));
    assert_eq!(stage.sim.requests().count("POST", "/issues"), 7, "nothing is asked twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_answer_is_lost_is_adopted_and_one_that_never_arrived_is_repeated_after_the_doubt() {
    for (kind, waits) in
        [(AccidentKind::After(502), false), (AccidentKind::BrokenOff, false), (AccidentKind::Before(502), true)]
    {
        let stage = Stage::with(with_pending(&[("dev-1.md", b"# One")])).await;
        stage.cycle().await;
        stage.sim.arrange(Accident::on("POST", "/issues", kind.clone()));
        let lost = stage.cycle().await;
        let end = lost.done.last().map(|done| (done.point, done.result));
        assert_eq!(end, Some((StopPoint::Create, DoneResult::Unknown)), "{kind:?}");
        let next = stage.cycle().await;
        assert_eq!(matches!(next.decision.outcome, Outcome::Wait { .. }), waits, "{kind:?}: {:?}", next.decision);
        stage.advance(300);
        stage.cycle().await;
        let issues: Vec<(u64, usize)> =
            stage.sim.world(|world| world.subjects().map(|s| (s.number, s.assignees.len())).collect());
        assert_eq!(issues, [(1, 1)], "{kind:?}: one issue, assigned once");
        assert!(
            stage.sim.list_files("main").await.expect("a tree").iter().any(|path| path.ends_with("processed/dev-1.md"))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_required_check_is_waited_for_vetoes_in_red_and_merges_in_green() {
    let stage = Stage::with(with_pending(&[("dev-1.md", b"# One")])).await;
    stage.sim.world(|world| world.settings.required_checks.insert("ci".to_owned()));
    while stage.sim.world(|world| world.pull(2).is_none_or(|(_, pull)| pull.draft)) {
        stage.cycle().await;
        // A draft whose required check does not report is taken out of draft after ten minutes: its workflow may wait for that.
        stage.advance(300);
        stage.sim.step_agent().await.expect("the agent works");
    }
    let head = stage.sim.world(|world| world.pull(2).map(|(_, pull)| pull.head_oid.clone())).expect("its head");
    let report = |result| stage.sim.report_check(&head, "ci", result);
    report(CheckResult::Pending);
    stage.cycle().await;
    let cycle = stage.cycle().await;
    assert!(matches!(cycle.decision.outcome, Outcome::Wait { .. }), "{:?}", cycle.decision);
    assert_eq!(cycle.decision.reason, "checks of #2 are still running");
    report(CheckResult::Failure);
    let cycle = stage.cycle().await;
    assert!(
        matches!(&cycle.decision.outcome, Outcome::Act { action } if action.kind == ActionKind::Nudge),
        "{cycle:?}"
    );
    let cycle = stage.cycle().await;
    assert_eq!(cycle.decision.reason.split(" at ").next(), Some("#2 was sent back to the agent"));
    report(CheckResult::Success);
    stage.cycle().await;
    assert_eq!(stage.sim.requests().count("PUT", "/merge"), 1, "and only then");
    assert!(stage.sim.world(|world| world.pull(2).is_some_and(|(_, pull)| pull.merged.is_some())));
}

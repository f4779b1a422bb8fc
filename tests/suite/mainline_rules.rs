//! The rules of the mainline on the wire: signed commits, and pushes that went past a rule.

use crate::folder::folder;
use crate::forge_client::{arrange, client, client_with, done, not_done, unknown};
use crate::play::with_pending;
use crate::program::Program;
use crate::sim_client::{git, simulator};
use crate::stage::Stage;
use orchestrator::engine::{Cycle, Done, DoneResult};
use orchestrator::model::{BranchCommit, Outcome, RefusalKind, StopPoint};
use orchestrator::sim::AccidentKind::{After, Answer, BrokenOff};
use orchestrator::sim::world::{Permission, Settings};
use orchestrator::sim::{Accident, Simulator};
use serde_json::Value;

const BYPASSED: &str = "Bypassed rule violations for refs/heads/main: Changes must be made through a pull request.";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_only_signed_commits_are_taken_one_push_is_refused_and_github_moves_every_file() {
    let stage = Stage::with(with_pending(&[
        ("dev-1.md", b"# One\r\n\r\nwithout an end of line: \xc3\xa9"),
        ("dev-2.md", b"# Two\n"),
    ]))
    .await;
    stage.sim.set_rules(|rules| rules.signatures_required = true).await.expect("the rule is set");
    let blobs = |cycles: &[Cycle]| {
        let planning = &cycles[0].snapshot.planning;
        planning.pending.iter().map(|item| (item.name.clone(), item.blob)).collect::<Vec<_>>()
    };
    let cycles = stage.settle(200).await;
    let last = cycles.last().expect("cycles");
    assert!(matches!(last.decision.outcome, Outcome::Rest { .. }), "{:?}", last.decision);
    let refused: Vec<&Done> = cycles.iter().flat_map(|cycle| &cycle.done).filter(|done| done.refused).collect();
    assert_eq!(refused.len(), 1, "{refused:#?}");
    assert!(refused[0].why.contains("Commits must have verified signatures."), "{refused:#?}");
    assert_eq!(refused[0].rule, Some(RefusalKind::Signatures));
    let done: Vec<&Done> = cycles.iter().flat_map(|cycle| &cycle.done).collect();
    let moved = done.iter().filter(|done| done.point == StopPoint::Move && done.is_done()).count();
    let planning = &last.snapshot.planning;
    assert_eq!((moved, planning.pending.len(), planning.processed.len()), (2 * planning.complete.len(), 0, 0));
    for (name, blob) in blobs(&cycles) {
        let path = format!("planning/issue_queue/complete/{name}");
        let tree = git(&stage.sim, &stage.sim.git_dir(), &["rev-parse", &format!("main:{path}")]).await.stdout;
        assert_eq!(tree.trim(), blob.to_string(), "{path}");
    }
    let ours = stage.sim.log("main").await.expect("a history").into_iter();
    let ours: Vec<_> = ours.filter(|(_, text)| text.starts_with("planning: ")).collect();
    assert_eq!(ours.len(), moved, "{ours:#?}");
    for (oid, text) in ours {
        assert!(text.contains("Orchestrator-Item: ") && text.contains("Orchestrator-Op: "), "{text}");
        let committer = stage.sim.world(|world| world.commit(&oid).expect("it is on the mainline").committer.0.clone());
        assert_eq!(committer, "GitHub", "GitHub signs what it commits");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_went_past_the_rules_is_shown_until_one_that_did_not() {
    let mut stage = Stage::with(with_pending(&[("dev-1.md", b"# One")])).await;
    let rules = |on: bool| move |rules: &mut Settings| (rules.mainline_protected, rules.rules_bypassable) = (on, true);
    stage.sim.set_rules(rules(true)).await.expect("the rule is set");
    let mut cycles = vec![stage.cycle().await, stage.cycle().await];
    let notes: Vec<&Done> = cycles.iter().flat_map(|cycle| &cycle.done).filter(|done| done.note.is_some()).collect();
    assert_eq!(
        notes.iter().map(|done| (done.point, done.note.as_deref())).collect::<Vec<_>>(),
        [(StopPoint::Move, Some(BYPASSED))]
    );
    let shown = |cycle: &Cycle| cycle.decision.evidence.iter().any(|evidence| evidence.value == BYPASSED);
    assert!(!shown(&cycles[1]), "nothing was pushed yet");
    stage.restart();
    assert!(shown(&stage.cycle().await), "another process knows it, too");
    stage.sim.set_rules(rules(false)).await.expect("the rule is lifted");
    cycles.extend(stage.settle(100).await);
    assert!(cycles.iter().any(shown));
    assert!(!shown(cycles.last().expect("cycles")), "{:?}", cycles.last());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_githubs_counts_only_when_the_fetched_mainline_holds_it() {
    let stage = Stage::with(with_pending(&[("dev-1.md", b"# One")])).await;
    stage.sim.set_rules(|rules| rules.signatures_required = true).await.expect("the rule is set");
    for _ in 0..2 {
        stage.cycle().await;
    }
    let body = format!("{{\"data\":{{\"createCommitOnBranch\":{{\"commit\":{{\"oid\":\"{}\"}}}}}}}}", "ab".repeat(20));
    let kind = Answer { status: 200, headers: Vec::new(), body };
    let accident = Accident::on("POST", "/graphql", kind);
    stage.sim.arrange(Accident { body_part: "createCommitOnBranch".to_owned(), ..accident });
    let cycle = stage.cycle().await;
    let [done] = cycle.done.as_slice() else { panic!("one move is owed: {:?}", cycle.done) };
    assert_eq!((done.point, done.result), (StopPoint::Move, DoneResult::Unknown), "{done:?}");
    assert!(done.why.contains("which the mainline does not hold yet"), "{done:?}");
    let again = stage.cycle().await;
    assert!(again.done.iter().all(Done::is_done) && again.moved(), "it is asked for again: {:?}", again.done);
    assert_eq!(stage.sim.read_file("main", PENDING).await.expect("a mainline"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_of_githubs_commit_is_looked_up_before_anything_is_asked_for_again() {
    let stage = Stage::with(with_pending(&[("dev-1.md", b"# One")])).await;
    stage.sim.set_rules(|rules| rules.signatures_required = true).await.expect("the rule is set");
    for _ in 0..2 {
        stage.cycle().await;
    }
    let accident = Accident::on("POST", "/graphql", BrokenOff);
    stage.sim.arrange(Accident { body_part: "createCommitOnBranch".to_owned(), ..accident });
    let cycle = stage.cycle().await;
    let [done] = cycle.done.as_slice() else { panic!("one move is owed: {:?}", cycle.done) };
    assert_eq!((done.point, done.result), (StopPoint::Move, DoneResult::Done), "{done:?}");
    let next = stage.cycle().await;
    assert!(next.done.iter().all(|done| done.point != StopPoint::Move), "{:?}", next.done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cycle_prints_which_rules_its_push_went_past_and_status_goes_on_saying_so() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    sim.commit_files("main", &[(PENDING, Some(b"# Count words\n"))], "A task").await.expect("a commit");
    let bypass = |rules: &mut Settings| (rules.mainline_protected, rules.rules_bypassable) = (true, true);
    sim.set_rules(bypass).await.expect("the rules are set");
    assert_eq!(program.run(&["cycle"]).await.code, Some(0), "the baseline");
    let cycle = program.run(&["cycle"]).await;
    assert_eq!(cycle.code, Some(0), "{}", cycle.err);
    let line = cycle.out.lines().find(|line| line.contains("move dev-1.md")).expect("the move is told");
    assert!(line.ends_with(&format!(" — {BYPASSED}")), "{line}");
    let status = program.run(&["status"]).await;
    assert!(status.out.contains(&format!("rules of the mainline: {BYPASSED}")), "{}", status.out);
}

const PENDING: &str = "planning/issue_queue/pending/dev-1.md";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_shows_the_commit_that_github_is_asked_for_and_sends_nothing() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    sim.commit_files("main", &[(PENDING, Some(b"# Count words\n"))], "A task").await.expect("a commit");
    sim.set_rules(|rules| rules.signatures_required = true).await.expect("the rule is set");
    assert_eq!(program.run(&["cycle"]).await.code, Some(0), "the baseline");
    assert_eq!(program.run(&["cycle"]).await.code, Some(4), "the push is refused");
    let before = sim.world(|world| world.references().clone());
    let ended = program.run(&["cycle", "--dry-run", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let told: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!((told["ends"].is_null(), told["writes"].as_array().map(Vec::len)), (true, Some(1)), "{told}");
    let input = &told["writes"][0]["body"]["variables"]["input"];
    assert_eq!(input["expectedHeadOid"].as_str(), before.get("refs/heads/main").map(|state| state.oid.as_str()));
    assert_eq!(input["message"]["headline"], "planning: promote dev-1.md (#1) [skip ci]");
    assert!(
        input["message"]["body"].as_str().is_some_and(|body| body.contains("Orchestrator-Item: dev-1.md")),
        "{input}"
    );
    let changes = serde_json::json!({
        "additions": [{"path": "planning/issue_queue/processed/dev-1.md", "contents": "IyBDb3VudCB3b3Jkcwo="}],
        "deletions": [{"path": PENDING}],
    });
    assert_eq!(input["fileChanges"], changes);
    assert_eq!(sim.world(|world| world.references().clone()), before, "nothing was sent");
    let real = program.run(&["cycle"]).await;
    assert!(
        real.out.contains("move dev-1.md from pending/ to processed/ by a commit that GitHub signs → "),
        "{}",
        real.out
    );
    assert_eq!(sim.read_file("main", PENDING).await.expect("a mainline"), None);
}

async fn commit_at(sim: &Simulator, tip: &str) -> BranchCommit {
    let expected = git(sim, &sim.git_dir(), &["rev-parse", tip]).await.stdout.trim().parse().expect("a commit");
    let (add, delete) = (vec![("notes/a.txt".to_owned(), b"a\xff\0".to_vec())], vec!["README.md".to_owned()]);
    BranchCommit {
        branch: "main".to_owned(),
        expected,
        message: "Subject\n\nBody\nKey: value\n".to_owned(),
        add,
        delete,
    }
}

#[tokio::test]
async fn github_commits_on_the_tip_that_is_expected_and_on_no_other() {
    let sim = simulator().await;
    let (client, commit) = (client(&sim), commit_at(&sim, "main").await);
    let made = done(client.commit(&commit).await);
    assert_eq!(sim.world(|world| world.branch("main").map(str::to_owned)), Some(made.to_string()));
    assert_eq!(sim.read_file("main", "notes/a.txt").await.expect("a file").as_deref(), Some(&b"a\xff\0"[..]));
    assert_eq!(sim.read_file("main", "README.md").await.expect("a mainline"), None);
    let (_, message) = sim.log("main").await.expect("a history").swap_remove(0);
    assert_eq!(message, "Subject\n\nBody\nKey: value");
    let (why, refused) = not_done(client.commit(&commit).await);
    assert!(why.contains("Expected branch to point to") && !refused, "the world moved on: {why}");
}

#[tokio::test]
async fn what_github_does_not_commit_is_told_apart_from_what_nobody_knows() {
    let sim = simulator().await;
    let commit = commit_at(&sim, "main").await;
    let reader = sim.world(|world| world.person("reader", Permission::Read));
    sim.add_token("theirs", reader);
    let (why, refused) = not_done(client_with(&sim, "theirs").commit(&commit).await);
    assert!(why.contains("correct permissions") && refused, "{why}");
    sim.protect_mainline(true).await.expect("protected");
    let (why, refused) = not_done(client(&sim).commit(&commit).await);
    assert!(why.contains("Changes must be made through a pull request.") && refused, "{why}");
    sim.protect_mainline(false).await.expect("free");
    for accident in [After(502), BrokenOff] {
        let commit = commit_at(&sim, "main").await;
        let commit = BranchCommit { delete: Vec::new(), ..commit };
        arrange(&sim, "POST", "/graphql", accident);
        unknown(client(&sim).commit(&commit).await);
    }
}

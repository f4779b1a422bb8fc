//! The ledger on the command line: its bindings, its history, and the way back of one that the remote lost.

use crate::folder::folder;
use crate::program::Program;
use crate::running::paced;
use crate::sim_client::{clone, git, simulator};
use jiff::SignedDuration;
use orchestrator::sim::{RequestEntry, RequestKind, Simulator};
use serde_json::Value;

const LEDGER: &str = "refs/orchestrator/ledger";

/// The ledger's tip on the remote.
fn tip(sim: &Simulator) -> Option<String> {
    sim.world(|world| world.reference(LEDGER).map(|state| state.oid.clone()))
}

async fn delete(sim: &Simulator) {
    let work = clone(sim).await;
    assert!(git(sim, work.path(), &["push", "-q", "origin", &format!(":{LEDGER}")]).await.ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bindings_and_history_are_shown_and_fit_a_terminal() {
    let sim = simulator().await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let ended = program.run(&["ledger", "show"]).await;
    assert_eq!(ended.code, Some(5), "{}", ended.out);
    assert!(
        ended.err.contains("maintainer/tally has no ledger\nhelp: the first `orchestrator cycle`"),
        "{}",
        ended.err
    );
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    assert_eq!(program.run(&["ledger", "show"]).await.out, "nothing is bound yet\n");
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    for _ in 0..4 {
        sim.step_agent().await.expect("the agent works");
    }
    for _ in 0..2 {
        assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    }
    let ended = program.run(&["ledger", "show"]).await;
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!((ended.code, lines.len()), (Some(0), 3), "{} {}", ended.out, ended.err);
    assert!(lines[0].starts_with("  issue   outcome    pull    merge     bound             settled"), "{}", ended.out);
    assert!(lines[1].starts_with("gap analysis ") && lines[1].contains(" → dev-"), "{}", ended.out);
    assert!(lines[2].starts_with("  #1      file       #2      "), "{}", ended.out);
    assert!([lines[0], lines[2]].iter().all(|line| line.chars().count() <= 80), "{}", ended.out);
    let value: Value = serde_json::from_str(&program.run(&["ledger", "show", "--json"]).await.out).expect("JSON");
    assert_eq!(value["ledger"]["bindings"][0]["issue"], 1, "{value}");
    assert_eq!(value["tip"].as_str().map(str::to_owned), tip(&sim));

    let ended = program.run(&["ledger", "log"]).await;
    let said: Vec<&str> = ended.out.lines().filter_map(|line| line.get(28..)).collect();
    let words = [
        "merge-planning: settle gap analysis ",
        "ask-gap: bind gap analysis ",
        "ask-gap: attempt gap",
        "baseline: begin",
    ];
    assert_eq!(said.len(), words.len(), "{}", ended.out);
    for (line, word) in said.iter().zip(words) {
        assert!(line.starts_with(word) && line.contains(" (by "), "{line}");
    }
    let newest = program.run(&["ledger", "log", "--limit", "1", "--json"]).await;
    let value: Value = serde_json::from_str(&newest.out).expect("JSON");
    assert_eq!(value.as_array().map(Vec::len), Some(1));
    assert_eq!(value[0]["commit"].as_str().map(str::to_owned), tip(&sim));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_ledger_is_put_back_by_who_knew_it_and_by_nobody_else() {
    let sim = simulator().await;
    let (here, elsewhere) = (folder(), folder());
    let (program, other) = (Program::on(&sim, here.path()), Program::on(&sim, elsewhere.path()));
    for _ in 0..2 {
        assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    }
    let known = tip(&sim).expect("a ledger");
    let ended = program.run(&["ledger", "restore"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.out);
    assert!(ended.err.contains("the remote has a ledger at "), "{}", ended.err);
    delete(&sim).await;
    let ended = other.run(&["ledger", "restore"]).await;
    assert_eq!(ended.code, Some(5), "{}", ended.out);
    assert!(ended.err.contains("has never seen a ledger"), "{}", ended.err);
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(7), "{}", ended.out);
    assert!(ended.out.contains("orchestrator ledger restore"), "{}", ended.out);
    let ended = program.run(&["adopt", "--yes"]).await;
    assert_eq!(ended.code, Some(7), "{}", ended.out);
    assert!(ended.err.ends_with("help: put it back with `orchestrator ledger restore`\n"), "{}", ended.err);
    let ended = program.run(&["ledger", "show"]).await;
    assert!(ended.code == Some(5) && ended.err.contains("has no ledger any more"), "{}", ended.err);

    // Without consent nothing is written, this least of all.
    let policy = sim.read_file("main", "planning/orchestrator.toml").await.expect("a tree").expect("a policy");
    let path = "planning/orchestrator.toml";
    sim.commit_files("main", &[(path, None)], "no consent").await.expect("committed");
    assert_eq!(program.run(&["ledger", "restore"]).await.code, Some(7));
    assert_eq!(tip(&sim), None);
    sim.commit_files("main", &[(path, Some(&policy))], "consent").await.expect("committed");

    let ended = program.run(&["ledger", "restore"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.ends_with(" with 1 binding(s)\n"), "{}", ended.out);
    assert_eq!(tip(&sim), Some(known));
    assert_eq!(program.run(&["ledger", "restore"]).await.code, Some(3), "twice is once");
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(sim.world(|world| world.subjects().count()), 1, "nothing is made again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_is_put_back_at_the_policy_s_spacing_of_writes() {
    let sim = Simulator::start(paced("write_spacing = \"2s\"")).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    for time in 0..2 {
        let is_push = |entry: &&RequestEntry| entry.kind == RequestKind::GitPush && entry.method == "POST";
        let before = sim.requests().entries.iter().rfind(is_push).expect("a push").at;
        delete(&sim).await;
        let ended = program.run(&["ledger", "restore"]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let restored = sim.requests().entries.iter().rfind(is_push).expect("a push").at;
        let apart = restored.duration_since(before);
        assert!(apart >= SignedDuration::from_secs(2), "{apart} before it was put back, {time}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nobody_knows_a_lost_ledger_adopt_binds_what_is_there() {
    let sim = simulator().await;
    let (here, elsewhere) = (folder(), folder());
    let program = Program::on(&sim, here.path());
    for _ in 0..2 {
        assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    }
    delete(&sim).await;
    let other = Program::on(&sim, elsewhere.path());
    let ended = other.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(7), "{}", ended.out);
    assert!(ended.out.contains("orchestrator adopt"), "{}", ended.out);
    let ended = other.run(&["adopt", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.err);
    assert!(ended.out.contains("begin the ledger → ") && ended.out.contains("bind gap analysis "), "{}", ended.out);
    assert_eq!(other.run(&["cycle"]).await.code, Some(0));
    assert_eq!(sim.world(|world| world.subjects().count()), 1, "nothing is made again");
}

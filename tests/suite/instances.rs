//! Two instances at one repository, over HTTP and git: own data folders, own accounts, started together.
//!
//! Without a lease nothing keeps them from creating at the same time; what may not happen twice is decided by the ledger.

use crate::ending::{assigned, check};
use crate::stage::{Stage, TestClock, engine};
use orchestrator::engine::port::Remote;
use orchestrator::engine::{Cycle, Engine};
use orchestrator::model::{Key, Outcome};
use orchestrator::repo::LocalClone;
use orchestrator::sim::world::Permission;
use orchestrator::sim::{Accident, AccidentKind, IssueKind, Options, Script};
use std::sync::Arc;

type Instance = Engine<orchestrator::forge::Client, Arc<LocalClone>, TestClock>;

/// Rounds of each kind.
const ROUNDS: usize = 5;

fn policy(lease: &str) -> Vec<u8> {
    format!("version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n[loop]\ndoubt = \"{lease}\"\nlease = \"{lease}\"\nwrite_spacing = \"0s\"\n").into_bytes()
}

/// A stage with a second instance by another account, before anything is asked or promoted.
async fn two(pending: bool, lease: &str) -> (Stage, Instance, tempfile::TempDir) {
    let mut options = Options::default();
    options.project.retain(|(path, _)| path != "planning/orchestrator.toml");
    options.project.push(("planning/orchestrator.toml".to_owned(), policy(lease)));
    if pending {
        options.project.push(("planning/issue_queue/pending/dev-1.md".to_owned(), b"# One".to_vec()));
    }
    let stage = Stage::with(options).await;
    stage.sim.script_kind(IssueKind::GapAnalysis, Script::NoChange);
    let colleague = stage.sim.world(|world| world.person("colleague", Permission::Write));
    stage.sim.add_token("another-token", colleague);
    let folder = crate::folder::folder();
    let name = stage.engine.repository.clone();
    let other = engine(&stage.sim, &name, folder.path(), stage.clock.clone(), "another-token");
    let begun = stage.cycle().await;
    assert!(begun.moved(), "the ledger is begun: {:?} {:?}", begun.decision, begun.done);
    (stage, other, folder)
}

async fn cycle(engine: &Instance) -> Cycle {
    let lock = engine.remote.lock().await.expect("the data folder is its own");
    engine.cycle(&lock).await.expect("the cycle can look")
}

/// Both look at once, again and again, until both say that nothing is to be done but to wait.
async fn together(stage: &Stage, other: &Instance) {
    for _ in 0..30 {
        let (one, two) = tokio::join!(cycle(&stage.engine), cycle(other));
        let waits = |cycle: &Cycle| matches!(cycle.decision.outcome, Outcome::Wait { .. } | Outcome::Rest { .. });
        let quiet = waits(&one) && waits(&two) && !one.moved() && !two.moved();
        let sent = stage.sim.world(|world| world.subjects().any(|subject| assigned(subject) > 0));
        if quiet && sent {
            // What a lag has hidden becomes visible.
            stage.advance(200);
            let (one, two) = tokio::join!(cycle(&stage.engine), cycle(other));
            if !one.moved() && !two.moved() {
                return;
            }
        }
        stage.advance(20);
    }
    panic!("the two never came to rest");
}

async fn rounds(pending: bool, lag: i64) {
    let mut duplicates = 0;
    for round in 0..ROUNDS {
        // Every other round without lease and doubt: safety rests on the compare-and-set alone.
        let lease = if round % 2 == 0 { "120s" } else { "0s" };
        let (stage, other, _folder) = two(pending, lease).await;
        stage.sim.world(|world| world.settings.list_lag = jiff::SignedDuration::from_secs(lag));
        if round % 2 == 1 {
            // The issue is there and nobody was told its number; the other instance may look before any list shows it.
            stage.sim.arrange(Accident::on("POST", "/issues", AccidentKind::After(502)));
        }
        together(&stage, &other).await;
        let (snapshot, _) = {
            let lock = stage.engine.remote.lock().await.expect("nobody else");
            stage.engine.look(&lock).await.expect("it can be looked at")
        };
        let issues = stage.sim.world(|world| {
            check(world, &snapshot).unwrap_or_else(|wrong| panic!("round {round}, lag {lag}: {wrong}"));
            world.subjects().filter(|subject| subject.pull.is_none()).count()
        });
        duplicates += issues - 1;
        let ledger = snapshot.ledger.expect("a ledger");
        let bound = ledger.bindings.keys().filter(|key| matches!(key, Key::Item(_)) == pending).count();
        assert_eq!(bound, 1, "round {round}: {:?}", ledger.bindings.keys());
    }
    println!(
        "{ROUNDS} rounds of two, pending={pending}, lag {lag} s: {duplicates} duplicate(s), all closed, none sent"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_promote_at_once_bind_and_send_one_issue() {
    rounds(true, 0).await;
    rounds(true, 60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_ask_at_once_bind_and_send_one_issue() {
    rounds(false, 0).await;
    rounds(false, 60).await;
}

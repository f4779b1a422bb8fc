//! The fault matrix: every fault that GitHub's side can have, at every operation that the client uses.
//!
//! **Guarantees**: the operations are those that the plays are seen to use, so a new one can't be forgotten; every cell says
//! why it does not apply, or is run. **Needs** a runtime with a paused clock a thread: what the client waits for costs no
//! time, and what the world waits for is the world's own clock.

#[path = "cell.rs"]
pub mod cell;
#[path = "fault.rs"]
pub mod fault;
#[path = "nowhere.rs"]
mod nowhere;
#[path = "play.rs"]
pub mod play;

use cell::{Cell, Undisturbed};
use fault::Fault;
use orchestrator::sim::Accident;
use play::Play;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const OPERATIONS: &str = include_str!("../../fixtures/github/operations.txt");
/// What GraphQL is asked by the client.
const DOCUMENTS: [&str; 8] = [
    "query Observe",
    "query Linked",
    "query Lists",
    "query Checks",
    "query Assignable",
    "mutation MarkReady",
    "mutation CommitOnBranch",
    "mutation DeleteBranch",
];

/// Which operation a request is.
pub fn operation(method: &str, path: &str, body: &[u8]) -> Option<&'static str> {
    let fits = |name: &&str| Accident::at(name, fault::ANY).fits(method, path, body);
    OPERATIONS.lines().chain(DOCUMENTS).find(fits)
}

/// An operation of the client: the first play that uses it.
pub type Rows = BTreeMap<&'static str, Arc<Undisturbed>>;

/// Plays everything undisturbed.
pub async fn rows() -> Rows {
    let mut rows = Rows::new();
    for play in Play::ALL {
        let undisturbed = Arc::new(cell::undisturbed(play).await);
        for operation in undisturbed.uses.keys() {
            rows.entry(operation).or_insert_with(|| Arc::clone(&undisturbed));
        }
    }
    rows
}

/// All cells that apply, and why the others don't.
pub fn cells(rows: &Rows) -> (Vec<Cell>, Vec<(Fault, &'static str, &'static str)>) {
    let (mut cells, mut never) = (Vec::new(), Vec::new());
    for fault in Fault::ALL {
        for (operation, undisturbed) in rows {
            match fault.applies(operation, undisturbed) {
                Ok(spans) => cells.extend(spans.iter().map(|span| Cell {
                    fault,
                    operation,
                    span: *span,
                    undisturbed: Arc::clone(undisturbed),
                })),
                Err(why) => never.push((fault, *operation, why)),
            }
        }
    }
    (cells, never)
}

/// What became of a cell: by how many cycles that did something it was longer, or what was wrong.
pub type Result = std::result::Result<usize, String>;

/// Runs cells on both cores.
pub fn run(cells: Vec<Cell>) -> Vec<(Cell, Result)> {
    let shared = Mutex::new(cells.into_iter());
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                runtime().block_on(async {
                    loop {
                        let Some(cell) = shared.lock().expect("no cell panics here").next() else { break };
                        let result = cell.run().await;
                        results.lock().expect("no cell panics here").push((cell, result));
                    }
                });
            });
        }
    });
    results.into_inner().expect("no cell panicked")
}

/// A runtime whose clock stands still until everybody waits.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

/// The table, and how many cells failed.
pub fn print(rows: &Rows, results: &[(Cell, Result)], never: &[(Fault, &'static str, &'static str)]) -> usize {
    let width = 26;
    println!("\nfault × operation: runs that ended as the undisturbed play; - does not apply");
    for (index, (operation, undisturbed)) in rows.iter().enumerate() {
        println!("{:>4}  {operation}, in {:?}", index + 1, undisturbed.play);
    }
    let heads: Vec<String> = (1..=rows.len()).map(|n| format!("{n:>4}")).collect();
    println!("{:<width$}{}", "", heads.concat());
    for fault in Fault::ALL {
        let mut line = format!("{:<width$}", fault.name());
        for operation in rows.keys() {
            let runs: Vec<&Result> = results
                .iter()
                .filter(|(cell, _)| (cell.fault, cell.operation) == (fault, *operation))
                .map(|(_, r)| r)
                .collect();
            let applies = !never.iter().any(|(other, at, _)| (*other, *at) == (fault, *operation));
            let text = match (applies, runs.as_slice()) {
                (false, _) => "-".to_owned(),
                (true, []) => "·".to_owned(),
                (true, runs) if runs.iter().all(|run| run.is_ok()) => runs.len().to_string(),
                (true, _) => "✗".to_owned(),
            };
            line.push_str(&format!("{text:>4}"));
        }
        println!("{line}");
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    never.iter().for_each(|(_, _, why)| *reasons.entry(why).or_default() += 1);
    reasons.iter().for_each(|(why, n)| println!("- {n:>4} × {why}"));
    let failed: Vec<&(Cell, Result)> = results.iter().filter(|(_, result)| result.is_err()).collect();
    for (cell, result) in &failed {
        println!("✗ {cell}: {}", result.as_ref().err().map_or("", String::as_str));
    }
    let more = results.iter().filter_map(|(_, result)| result.as_ref().ok()).max().copied().unwrap_or(0);
    println!(
        "{} of {} ended as the undisturbed play; at most {more} more cycles that did something once the fault was over",
        results.len() - failed.len(),
        results.len()
    );
    failed.len()
}

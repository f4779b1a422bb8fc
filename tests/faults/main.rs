//! `cargo test --test faults`: the whole fault matrix; `cargo test --test faults -- <words>` runs the cells whose names hold
//! all of the words, for example `-- "409" merge`.
//!
//! Prints a table and fails when a play with a fault in it ended otherwise than without. It takes some minutes, so it is a
//! command, not a part of `cargo test`; an eighth of it is.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a campaign that can't go on has failed; it reads its arguments, has a clock, and prints its table"
)]

#[path = "../simulation/adapter.rs"]
#[expect(dead_code, reason = "the campaign needs some of it")]
mod adapter;
#[path = "../suite/booth.rs"]
#[expect(dead_code, reason = "the campaign needs some of it")]
mod booth;
#[path = "../suite/ending.rs"]
mod ending;
#[path = "matrix.rs"]
mod fault_cells;
#[path = "../suite/stories.rs"]
#[expect(dead_code, reason = "the campaign needs some of it")]
mod stories;

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let begun = Instant::now();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let rows = fault_cells::runtime().block_on(fault_cells::rows());
    let (cells, never) = fault_cells::cells(&rows);
    let wanted = |cell: &fault_cells::cell::Cell| words.iter().all(|word| cell.to_string().contains(word.as_str()));
    let results = fault_cells::run(cells.into_iter().filter(wanted).collect());
    let failed = fault_cells::print(&rows, &results, &never);
    println!("{:.0} s", begun.elapsed().as_secs_f64());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! An eighth of the fault matrix, and that no operation of the client is missing in it.
//!
//! Of all cells in their order (fault by fault, operation by operation, span by span) every eighth is run here, from the
//! fifth on, and the first of each fault and of each operation that is not among them; `cargo test --test faults` runs all.
//! `cargo test --test suite fault_matrix -- --nocapture` prints the table.

use crate::conformance_stories;
use crate::fault_cells::cell::{self, Cell};
use crate::fault_cells::{self, fault::Fault};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// The undisturbed plays, played once for both tests. They bring a runtime of their own.
static ROWS: LazyLock<fault_cells::Rows> = LazyLock::new(|| fault_cells::runtime().block_on(fault_cells::rows()));

#[test]
fn in_an_eighth_of_the_fault_matrix_every_play_ends_as_if_nothing_had_happened() {
    let rows = &*ROWS;
    let (cells, never) = fault_cells::cells(rows);
    assert!(cells.len() >= 600, "the whole matrix has {} cells only", cells.len());
    let mut eighth: Vec<Cell> = cells.iter().skip(4).step_by(8).cloned().collect();
    for cell in &cells {
        let other = |at: &Cell| at.fault != cell.fault;
        if eighth.iter().all(other) {
            eighth.push(cell.clone());
        }
        let other = |at: &Cell| at.operation != cell.operation;
        if eighth.iter().all(other) {
            eighth.push(cell.clone());
        }
    }
    let results = fault_cells::run(eighth);
    let failed = fault_cells::print(rows, &results, &never);
    assert_eq!(failed, 0, "see the table");
    let met: BTreeSet<Fault> = results.iter().map(|(cell, _)| cell.fault).collect();
    assert_eq!(met.len(), Fault::ALL.len(), "every fault there is");
}

#[test]
fn no_operation_of_the_client_is_missing_in_the_fault_matrix() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let said = runtime.block_on(conformance_stories::all());
    let used: BTreeSet<&str> = said
        .by_client
        .iter()
        .map(|exchange| cell::name(exchange).unwrap_or_else(|| panic!("{} {}", exchange.method, exchange.path)))
        .collect();
    let rows = &*ROWS;
    let missing: Vec<&&str> = used.iter().filter(|operation| !rows.contains_key(**operation)).collect();
    assert!(missing.is_empty(), "no play uses these: {missing:?}");
    let (cells, never) = fault_cells::cells(rows);
    let pairs: BTreeSet<(Fault, &str)> = cells.iter().map(|cell| (cell.fault, cell.operation)).collect();
    assert_eq!(pairs.len() + never.len(), Fault::ALL.len() * rows.len(), "a cell applies or it says why not");
}

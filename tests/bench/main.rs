//! Benchmarks: `cargo bench` prints a table, each figure beside its floor, measured in the same run.
//!
//! A floor is the least that anything with the same outcome has to do on this machine, in this minute: starting a process,
//! reading a file, inflating a tree. Machines are noisy; the ratio of a figure to its floor is what can be compared.

#![expect(clippy::expect_used, reason = "a benchmark that can not be set up has nothing to say")]

mod event;
mod reads;

mod repository;
mod seat;
mod status;

fn main() {
    divan::main();
}

//! `status` as a person waits for it: a whole process, with the clone warm and nothing moved; and offline.

use crate::seat::Seat;
use divan::Bencher;

const SIZES: [usize; 3] = [100, 1_000, 3_000];

/// The clone is warm and the tips have not moved: one query to GitHub.
#[divan::bench(args = SIZES, sample_count = 30)]
fn status(bencher: Bencher, files: usize) {
    let seat = Seat::with(files);
    bencher.bench_local(|| seat.run(&["status"]));
}

/// What the last look saw, without a network.
#[divan::bench(args = SIZES, sample_count = 30)]
fn status_offline(bencher: Bencher, files: usize) {
    let seat = Seat::with(files);
    bencher.bench_local(|| seat.run(&["status", "--offline"]));
}

/// The floor of both: a process of this program that does nothing.
#[divan::bench(sample_count = 30)]
fn status_floor_version(bencher: Bencher) {
    let seat = Seat::with(1);
    bencher.bench_local(|| seat.run(&["--version"]));
}

//! `status` as a person waits for it: a whole process, with the clone warm and nothing moved; and offline.

use crate::repository::files;
use divan::Bencher;
use orchestrator::sim::{Options, Simulator};
use std::process::{Command, Stdio};
use tokio::runtime::Runtime;

const SIZES: [usize; 3] = [100, 1_000, 3_000];

/// A simulated GitHub, and the program beside it.
struct Seat {
    sim: Simulator,
    folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Seat {
    fn with(count: usize) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let project = files(count).into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        let options = Options { project, ..Options::default() };
        let sim = runtime.block_on(Simulator::start(options)).expect("the simulator starts");
        let seat = Self { sim, folder: tempfile::tempdir().expect("a folder"), _runtime: runtime };
        seat.run(&["status"]);
        seat
    }

    #[expect(clippy::disallowed_methods, reason = "the program as a process is what is measured")]
    fn run(&self, arguments: &[&str]) {
        let output = Command::new(env!("CARGO_BIN_EXE_orchestrator"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GITHUB_BASE_URL", self.sim.api_url())
            .env("ORCHESTRATOR_GITHUB_TOKEN", self.sim.token())
            .env("ORCHESTRATOR_DEFAULT_REPO", "maintainer/tally")
            .env("ORCHESTRATOR_DATA_DIR", self.folder.path().join("data"))
            .stdin(Stdio::null())
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

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

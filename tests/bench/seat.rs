//! A simulated GitHub, and the program beside it as a process.

use crate::repository::files;
use orchestrator::sim::{Options, Simulator};
use std::process::{Command, Stdio};
use tokio::runtime::Runtime;

/// A simulated GitHub, and the program beside it.
pub struct Seat {
    pub sim: Simulator,
    pub folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Seat {
    /// With this many queue files, looked at once.
    pub fn with(count: usize) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let project = files(count).into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        let options = Options { project, ..Options::default() };
        let sim = runtime.block_on(Simulator::start(options)).expect("the simulator starts");
        let seat = Self { sim, folder: tempfile::tempdir().expect("a folder"), _runtime: runtime };
        seat.run(&["status"]);
        seat
    }

    /// The program, ready to start.
    #[expect(clippy::disallowed_methods, reason = "the program as a process is what is measured")]
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrator"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GITHUB_BASE_URL", self.sim.api_url())
            .env("ORCHESTRATOR_GITHUB_TOKEN", self.sim.token())
            .env("ORCHESTRATOR_DEFAULT_REPO", "maintainer/tally")
            .env("ORCHESTRATOR_DATA_DIR", self.folder.path().join("data"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) {
        let output = self.program(arguments).output().expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

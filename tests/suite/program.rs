//! The program itself, run as people and scripts run it.

use orchestrator::sim::Simulator;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// How the program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The program in a folder, with nothing of the caller's environment but `PATH`.
pub struct Program {
    pub folder: PathBuf,
    pub environment: BTreeMap<String, String>,
}

impl Program {
    pub fn new(folder: &Path) -> Self {
        let path = std::env::var("PATH").expect("a PATH");
        let place = tempfile::env::temp_dir().to_str().expect("a plain path").to_owned();
        let environment = [
            ("PATH", path.as_str()),
            ("TMPDIR", place.as_str()),
            ("HOME", folder.to_str().expect("a plain path")),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { folder: folder.to_owned(), environment }
    }

    /// For a simulator's repository, with its data in the folder.
    pub fn on(sim: &Simulator, folder: &Path) -> Self {
        let data = folder.join("data");
        Self::new(folder)
            .with("GITHUB_BASE_URL", &sim.api_url())
            .with("ORCHESTRATOR_GITHUB_TOKEN", sim.token())
            .with("ORCHESTRATOR_DEFAULT_REPO", "maintainer/tally")
            .with("ORCHESTRATOR_DATA_DIR", data.to_str().expect("a plain path"))
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_by(tokio::process::Command::new(env!("CARGO_BIN_EXE_orchestrator")), arguments).await
    }

    /// By a command that starts the program in its own way.
    pub async fn run_by(&self, mut command: tokio::process::Command, arguments: &[&str]) -> Ended {
        let output = command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .output()
            .await
            .expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        Ended { code: output.status.code(), signal, out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Every file below a folder with its content.
pub fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.clone(), std::fs::read(&path).expect("a file"));
            }
        }
    }
    found
}

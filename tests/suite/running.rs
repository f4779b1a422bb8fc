//! The program while it runs: what it says line by line, and signals to it.

use crate::program::{Ended, Program};
use orchestrator::sim::Simulator;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Child;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Longer than anything takes that is not broken.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Running {
    child: Child,
    out: UnboundedReceiver<String>,
    err: UnboundedReceiver<String>,
    said: Vec<String>,
}

fn lines(pipe: impl AsyncRead + Unpin + Send + 'static) -> UnboundedReceiver<String> {
    let (sender, lines) = unbounded_channel();
    tokio::spawn(async move {
        let mut read = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = read.next_line().await {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Program {
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_orchestrator"))
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            // As a terminal's shell starts it.
            .process_group(0)
            .spawn()
            .expect("the program runs");
        let out = lines(child.stdout.take().expect("a pipe"));
        let err = lines(child.stderr.take().expect("a pipe"));
        Running { child, out, err, said: Vec::new() }
    }

    /// The wake-up file of the simulator's repository.
    pub fn wake(&self, sim: &Simulator) -> PathBuf {
        let host = sim.api_url().replace("http://", "").replace(':', "_");
        let data = self.environment.get("ORCHESTRATOR_DATA_DIR").expect("a data folder");
        PathBuf::from(data).join(host).join("maintainer/tally/wake")
    }
}

async fn next(lines: &mut UnboundedReceiver<String>, said: &[String]) -> Option<String> {
    tokio::time::timeout(LIMIT, lines.recv()).await.unwrap_or_else(|_| panic!("nothing more is said: {said:#?}"))
}

impl Running {
    /// The next line; `None` after the last one.
    pub async fn line(&mut self) -> Option<String> {
        let line = next(&mut self.out, &self.said).await?;
        self.said.push(line.clone());
        Some(line)
    }

    pub async fn json(&mut self) -> Option<Value> {
        let line = self.line().await?;
        Some(serde_json::from_str(&line).expect("a line is JSON"))
    }

    /// Reads on until a line holds this.
    pub async fn until(&mut self, words: &str) -> String {
        loop {
            let line = self.line().await.unwrap_or_else(|| panic!("{words:?} is never said: {:#?}", self.said));
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The same on the side, where failures and notes are told.
    pub async fn until_aside(&mut self, words: &str) -> String {
        loop {
            let line = next(&mut self.err, &self.said).await;
            let line = line.unwrap_or_else(|| panic!("{words:?} is never said: {:#?}", self.said));
            self.said.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
    }

    fn pid(&self) -> Pid {
        let id = i32::try_from(self.child.id().expect("it runs")).expect("a pid");
        Pid::from_raw(id).expect("no zero")
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it is signalled");
    }

    /// What a terminal does at Ctrl-C: all that belong to the command get the signal.
    pub fn control_c(&self) {
        kill_process_group(self.pid(), Signal::INT).expect("it is signalled");
    }

    /// Waits for its end; what was not read yet is in the answer.
    pub async fn ended(mut self) -> Ended {
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("it does not end: {:#?}", self.said)).expect("a status");
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        let (mut out, mut err) = (String::new(), String::new());
        for (lines, text) in [(&mut self.out, &mut out), (&mut self.err, &mut err)] {
            while let Some(line) = next(lines, &self.said).await {
                text.push_str(&line);
                text.push('\n');
            }
        }
        Ended { code: status.code(), signal, out, err }
    }
}

/// The agent works until it has nothing to do.
pub async fn agent(sim: &Simulator) {
    for _ in 0..20 {
        if sim.step_agent().await.expect("the agent works").is_empty() {
            return;
        }
    }
    panic!("the agent never comes to an end");
}

/// The sample project with this pacing in its policy.
pub fn paced(pacing: &str) -> orchestrator::sim::Options {
    let mut options = orchestrator::sim::Options::default();
    let policy = format!("version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n[loop]\n{pacing}\n");
    options.project.retain(|(path, _)| path != "planning/orchestrator.toml");
    options.project.push(("planning/orchestrator.toml".to_owned(), policy.into_bytes()));
    options
}

/// So slow that only what is heard brings on a look.
pub const SLOW: &str = "poll = \"24h\"\ndoubt = \"1s\"\nlease = \"5s\"\nwrite_spacing = \"0s\"";

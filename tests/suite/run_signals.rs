//! SIGINT and SIGTERM to a real process: what was begun is finished, an attempt that sent nothing is taken back.

use crate::folder::folder;
use crate::program::Program;
use crate::running::{SLOW, paced};
use orchestrator::sim::Simulator;
use rustix::process::Signal;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Another git before the real one: the n-th push says that it begins, and goes on when it is told to.
struct Gate {
    begun: PathBuf,
    go: PathBuf,
    path: String,
}

impl Gate {
    fn new(here: &Path, push: usize) -> Self {
        let bin = here.join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        let (begun, go, count) = (here.join("begun"), here.join("go"), here.join("count"));
        for pipe in [&begun, &go] {
            let made = std::process::Command::new("mkfifo").arg(pipe).status().expect("mkfifo runs");
            assert!(made.success());
        }
        let path = std::env::var("PATH").expect("a PATH");
        let script = format!(
            "#!/bin/sh\ncase \"$*\" in *' push '*)\n  echo x >> '{count}'\n  if [ \"$(wc -l < '{count}')\" -eq {push} ]; then\n    \
             echo begun > '{begun}'\n    read -r word < '{go}'\n  fi;;\nesac\nPATH='{path}' exec git \"$@\"\n",
            count = count.display(),
            begun = begun.display(),
            go = go.display(),
        );
        let wrapper = bin.join("git");
        std::fs::write(&wrapper, script).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&wrapper, mode).expect("executable");
        Self { begun, go, path: format!("{}:{path}", bin.display()) }
    }

    async fn begun(&self) {
        let pipe = self.begun.clone();
        let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(pipe));
        assert_eq!(read.await.expect("no panic").expect("the pipe").trim(), "begun");
    }

    /// The pipe stays open until it was read; opened for both, it waits for nobody.
    fn go(&self) -> std::fs::File {
        let mut pipe = std::fs::File::options().read(true).write(true).open(&self.go).expect("the pipe");
        pipe.write_all(b"go\n").expect("written");
        pipe
    }
}

async fn sim() -> Simulator {
    Simulator::start(paced(SLOW)).await.expect("the simulator starts")
}

/// The files of the ledger.
async fn ledger(sim: &Simulator) -> Vec<String> {
    sim.list_files("refs/orchestrator/ledger").await.expect("a ledger")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_in_the_middle_of_an_attempt_lets_it_end_takes_it_back_and_sends_nothing() {
    for (command, terminal) in [("run", false), ("cycle", true), ("run", true)] {
        let sim = sim().await;
        let here = folder();
        assert_eq!(Program::on(&sim, here.path()).run(&["cycle"]).await.code, Some(0), "the ledger is begun");
        let gate = Gate::new(here.path(), 1);
        let mut running = Program::on(&sim, here.path()).with("PATH", &gate.path).start(&[command]);
        gate.begun().await;
        if terminal {
            running.control_c()
        } else {
            running.signal(Signal::TERM)
        }
        running.until_aside("what was begun is finished first").await;
        let _open = gate.go();
        let ended = running.ended().await;
        assert_eq!((ended.code, ended.signal), (Some(130), None), "{command}: {}", ended.err);
        assert_eq!(sim.world(|world| world.subjects().count()), 0);
        assert_eq!(ledger(&sim).await, ["format"], "{command}: no attempt is left");
        let log = sim.log("refs/orchestrator/ledger").await.expect("a log");
        assert!(log[0].1.contains("is taken back") && log[1].1.contains("attempt "), "{log:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once_and_the_next_start_finishes_what_was_begun() {
    let sim = sim().await;
    let here = folder();
    assert_eq!(Program::on(&sim, here.path()).run(&["cycle"]).await.code, Some(0), "the ledger is begun");
    let gate = Gate::new(here.path(), 2);
    let mut running = Program::on(&sim, here.path()).with("PATH", &gate.path).start(&["run"]);
    gate.begun().await;
    running.signal(Signal::TERM);
    running.until_aside("what was begun is finished first").await;
    running.signal(Signal::TERM);
    let ended = running.ended().await;
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert_eq!(sim.world(|world| world.subjects().map(|subject| subject.assignees.len()).collect::<Vec<_>>()), [0]);
    let _open = gate.go();
    let mut again = Program::on(&sim, here.path()).start(&["run"]);
    again.until("the agent has not opened a pull request").await;
    let issues = sim.world(|world| world.subjects().map(|subject| subject.assignees.len()).collect::<Vec<_>>());
    assert_eq!(issues, [1], "one issue, and it is given out");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_while_it_waits_ends_it_at_once() {
    let sim = sim().await;
    let here = folder();
    for signal in [Signal::INT, Signal::TERM] {
        let mut running = Program::on(&sim, here.path()).start(&["run"]);
        running.until(" wait ").await;
        running.signal(signal);
        let ended = running.ended().await;
        assert_eq!((ended.code, ended.err.as_str()), (Some(130), ""));
    }
}

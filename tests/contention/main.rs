//! `cargo test --test contention`: four processes with data folders and accounts of their own give out forty items of one
//! repository, pacing off, while whoever holds the attempt is stopped (SIGSTOP) five times.
//!
//! Prints a table and fails when an item was lost, an issue was sent for twice, or a duplicate stayed open. It takes one
//! to three minutes, so it is a command, not a part of `cargo test`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a campaign that can't go on has failed; it runs programs, has a clock, and prints its table"
)]

#[path = "../suite/ending.rs"]
#[expect(dead_code, reason = "the campaign needs some of it")]
mod ending;

use orchestrator::engine::Engine;
use orchestrator::engine::port::{Remote, SystemClock};
use orchestrator::model::{Key, RepositoryName, Snapshot};
use orchestrator::repo::LocalClone;
use orchestrator::sim::world::Permission;
use orchestrator::sim::{Options, Simulator};
use orchestrator::{forge, repo};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const PROCESSES: usize = 4;
const ITEMS: usize = 40;
/// How long the holder stays stopped, each time: shorter than its lease, so that it goes on as if nothing had been, or so
/// long that another takes over, adopts the issue that the holder made, and goes on while it sleeps.
const STOPS: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(6),
    Duration::from_secs(1),
    Duration::from_secs(6),
    Duration::from_secs(6),
];
/// How many issues lie between two stops at least.
const APART: usize = 6;
/// The campaign gives up after this long.
const LIMIT: Duration = Duration::from_secs(175);

const POLICY: &str = "version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n\
    [loop]\nmax_in_flight = 40\ndoubt = \"1s\"\nlease = \"2s\"\nwrite_spacing = \"0s\"\n[limits]\nissues_per_hour = 1000\n";

/// One of the processes: the same data folder, a new program a cycle.
struct Worker {
    folder: PathBuf,
    token: String,
    /// The program that runs now, 0 for none.
    pid: AtomicU32,
    cycles: AtomicU32,
}

fn begin() -> Options {
    let mut options = Options { hourly_limit: 10_000_000, ..Options::default() };
    options.project.retain(|(path, _)| path != "planning/orchestrator.toml");
    options.project.push(("planning/orchestrator.toml".to_owned(), POLICY.into()));
    for n in 1..=ITEMS {
        let (path, text) = (format!("planning/issue_queue/pending/dev-{n:02}.md"), format!("# Task {n}\n\nDo it.\n"));
        options.project.push((path, text.into_bytes()));
    }
    options
}

async fn work(worker: Arc<Worker>, api: String, done: Arc<AtomicBool>) {
    let path = std::env::var("PATH").expect("a PATH");
    while !done.load(Ordering::SeqCst) {
        let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_orchestrator"))
            .arg("cycle")
            .current_dir(&worker.folder)
            .env_clear()
            .env("PATH", &path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GITHUB_BASE_URL", &api)
            .env("ORCHESTRATOR_GITHUB_TOKEN", &worker.token)
            .env("ORCHESTRATOR_DEFAULT_REPO", "maintainer/tally")
            .env("ORCHESTRATOR_DATA_DIR", &worker.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the program runs");
        worker.pid.store(child.id().unwrap_or(0), Ordering::SeqCst);
        child.wait().await.expect("it ends");
        worker.pid.store(0, Ordering::SeqCst);
        worker.cycles.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The engine that looks on: it reads, and writes nothing.
fn spectator(sim: &Simulator, folder: &Path) -> Engine<forge::Client, Arc<LocalClone>, SystemClock> {
    let repository: RepositoryName = "maintainer/tally".parse().expect("a name");
    let token = Some(secrecy::SecretString::from(sim.token().to_owned()));
    let settings = forge::Settings { api_url: sim.api_url(), repository: repository.clone(), token: token.clone() };
    let client = forge::Client::new(&settings).expect("a client");
    let (url, limit, configuration) = (sim.git_url(), Duration::from_secs(60), repo::Configuration::Nobody);
    let settings = repo::Settings { folder: folder.to_owned(), url, token, limit, authorities: None, configuration };
    let clone = Arc::new(LocalClone::open(settings).expect("a clone"));
    let instance = clone.instance().to_owned();
    Engine::new(client, clone, SystemClock, repository, instance)
}

async fn look(engine: &Engine<forge::Client, Arc<LocalClone>, SystemClock>) -> Snapshot {
    let lock = engine.remote.lock().await.expect("nobody else looks on");
    engine.look(&lock).await.expect("it can be looked at").0
}

/// The worker that owns the standing attempt.
async fn holder<'a>(sim: &Simulator, workers: &'a [Arc<Worker>]) -> Option<&'a Arc<Worker>> {
    let attempt = sim.read_file("refs/orchestrator/ledger", "attempt.json").await.ok()??;
    let attempt: serde_json::Value = serde_json::from_slice(&attempt).ok()?;
    let owner = attempt.get("owner")?.as_str()?;
    workers.iter().find(|worker| {
        let host = std::fs::read_dir(&worker.folder).ok().and_then(|mut entries| entries.next()?.ok());
        let instance = host.map(|host| host.path().join("maintainer/tally/instance"));
        instance.and_then(|path| std::fs::read_to_string(path).ok()).is_some_and(|id| id.trim() == owner)
    })
}

/// The worker whose issue is the newest, which is not bound yet if this is asked soon enough.
fn creating<'a>(sim: &Simulator, workers: &'a [Arc<Worker>], seen: &mut u64) -> Option<&'a Arc<Worker>> {
    let (number, author) = sim.world(|world| {
        let newest = world.subjects().next_back()?;
        Some((newest.number, world.account(newest.author)?.login.clone()))
    })?;
    if std::mem::replace(seen, number) == number {
        return None;
    }
    workers.iter().find(|worker| worker.folder.ends_with(&author))
}

fn signal(pid: u32, signal: rustix::process::Signal) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| rustix::process::kill_process(pid, signal).is_ok())
}

/// What is left of what the campaign must end with.
fn left(sim: &Simulator, snapshot: &Snapshot) -> (usize, Result<(), String>) {
    let ledger = snapshot.ledger.clone().unwrap_or_default();
    let bound = ledger.bindings.keys().filter(|key| matches!(key, Key::Item(_))).count();
    let moved = snapshot.planning.processed.len();
    let sent = sim.world(|world| world.subjects().filter(|subject| ending::assigned(subject) == 1).count());
    (ITEMS - bound.min(moved).min(sent), sim.world(|world| ending::check(world, snapshot)))
}

#[tokio::main]
async fn main() -> ExitCode {
    let started = Instant::now();
    let sim = Simulator::start(begin()).await.expect("the simulator starts");
    let home = tempfile::tempdir().expect("a temporary folder");
    let workers: Vec<Arc<Worker>> = (0..PROCESSES)
        .map(|n| {
            let (folder, token) = (home.path().join(format!("worker-{n}")), format!("token-{n}"));
            std::fs::create_dir(&folder).expect("a folder");
            let account = sim.world(|world| world.person(&format!("worker-{n}"), Permission::Write));
            sim.add_token(&token, account);
            Arc::new(Worker { folder, token, pid: AtomicU32::new(0), cycles: AtomicU32::new(0) })
        })
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let running: Vec<_> =
        workers.iter().map(|worker| tokio::spawn(work(Arc::clone(worker), sim.api_url(), Arc::clone(&done)))).collect();
    let engine = spectator(&sim, &home.path().join("spectator"));
    let (mut stops, mut frozen, mut lines) = (STOPS.iter(), None::<(u32, Instant)>, Vec::new());
    let mut next_stop = stops.next();
    let mut seen = 0;
    let (mut open, mut verdict, mut looked) = (ITEMS, Ok(()), Instant::now());
    loop {
        match frozen {
            Some((pid, until)) if Instant::now() >= until => {
                signal(pid, rustix::process::Signal::CONT);
                frozen = None;
            }
            Some(_) => {}
            None => {
                if let (Some(long), Some(worker)) = (next_stop, creating(&sim, &workers, &mut seen)) {
                    let pid = worker.pid.load(Ordering::SeqCst);
                    let made = sim.world(|world| world.subjects().count());
                    if pid == 0 || made < lines.len() * APART || !signal(pid, rustix::process::Signal::STOP) {
                        continue;
                    }
                    // It may have gone on in the moment between; then it is let go.
                    if !holder(&sim, &workers).await.is_some_and(|again| Arc::ptr_eq(again, worker)) {
                        signal(pid, rustix::process::Signal::CONT);
                    } else {
                        lines.push(format!(
                            "{:>5.1} s  {} is stopped for {} s; {made} issue(s) so far",
                            started.elapsed().as_secs_f64(),
                            worker.token,
                            long.as_secs()
                        ));
                        frozen = Some((pid, Instant::now() + *long));
                        next_stop = stops.next();
                    }
                }
            }
        }
        // A look with forty items in work costs more than the holder's moment lasts.
        let sent = sim.world(|world| world.subjects().filter(|subject| ending::assigned(subject) > 0).count());
        if sent >= ITEMS && looked.elapsed() > Duration::from_secs(2) {
            (open, verdict) = left(&sim, &look(&engine).await);
            looked = Instant::now();
        }
        let over = open == 0 && verdict.is_ok() && next_stop.is_none() && frozen.is_none();
        if over || started.elapsed() > LIMIT {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    done.store(true, Ordering::SeqCst);
    if let Some((pid, _)) = frozen {
        signal(pid, rustix::process::Signal::CONT);
    }
    for worker in running {
        worker.await.expect("no worker panics");
    }
    report(&sim, &workers, &lines, started);
    println!(
        "items not given out: {open}; {}",
        verdict.as_ref().err().map_or("nothing was lost or sent twice", String::as_str)
    );
    if open == 0 && verdict.is_ok() && lines.len() == STOPS.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(sim: &Simulator, workers: &[Arc<Worker>], lines: &[String], started: Instant) {
    lines.iter().for_each(|line| println!("{line}"));
    let (issues, sent, by) = sim.world(|world| {
        let issues: Vec<_> = world.subjects().filter(|subject| subject.pull.is_none()).collect();
        let mut by: BTreeMap<u64, usize> = BTreeMap::new();
        for issue in issues.iter().filter(|issue| ending::assigned(issue) == 1) {
            *by.entry(issue.author.0).or_default() += 1;
        }
        (issues.len(), issues.iter().map(|issue| ending::assigned(issue)).sum::<usize>(), by)
    });
    for (n, worker) in workers.iter().enumerate() {
        let id = sim.world(|world| world.person(&format!("worker-{n}"), Permission::Write));
        let made = by.get(&id.0).copied().unwrap_or(0);
        println!("process {n}: {} cycles, {made} of the issues that were sent", worker.cycles.load(Ordering::SeqCst));
    }
    println!(
        "{PROCESSES} processes, {ITEMS} items, {} stops, pacing off: {issues} issues, {} duplicate(s), {sent} sent, {:.0} s",
        lines.len(),
        issues - ITEMS.min(issues),
        started.elapsed().as_secs_f64()
    );
}

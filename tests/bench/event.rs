//! From a file that is saved beside a checkout to the line that `watch` shows.
//!
//! The quiet time of 100 ms, in which an editor may go on writing, is part of the figure.

use crate::repository::git;
use crate::seat::Seat;
use divan::Bencher;
use notify::{RecursiveMode, Watcher};
use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

const PENDING: &str = "planning/issue_queue/pending";

/// `watch` at work, ended with the benchmark.
struct Watching {
    child: Child,
    _seat: Seat,
    checkout: PathBuf,
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is reaped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn checkout(seat: &Seat) -> PathBuf {
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("x:{}", seat.sim.token()));
    let header = format!("http.extraHeader=Authorization: Basic {basic}");
    git(seat.folder.path(), &["-c", &header, "clone", "-q", &seat.sim.git_url(), "work"], b"");
    seat.folder.path().join("work")
}

fn save(checkout: &Path, counter: &Cell<u32>) -> String {
    let name = format!("dev-saved-{}.md", counter.replace(counter.get() + 1));
    std::fs::write(checkout.join(PENDING).join(&name), "# A draft\n").expect("saved");
    name
}

/// The line that names the draft.
#[divan::bench(args = [100, 3_000], sample_count = 50, sample_size = 1)]
fn saved_file_to_decision(bencher: Bencher, files: usize) {
    let seat = Seat::with(files);
    let checkout = checkout(&seat);
    let mut command = seat.program(&["watch", "--json"]);
    let mut child = command.current_dir(&checkout).stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let lines = RefCell::new(lines.map(|line| line.expect("text")));
    let watching = Watching { child, _seat: seat, checkout };
    lines.borrow_mut().next().expect("the first look");
    let (counter, last) = (Cell::new(0), RefCell::new(None::<String>));
    // Each one begins with nothing to show.
    let cleared = || {
        if let Some(name) = last.take() {
            std::fs::remove_file(watching.checkout.join(PENDING).join(name)).expect("removed");
            lines.borrow_mut().next().expect("a line without it");
        }
    };
    bencher.with_inputs(cleared).bench_local_values(|()| {
        let name = save(&watching.checkout, &counter);
        let told = lines.borrow_mut().find(|line| line.contains(&name));
        last.replace(Some(name));
        told.expect("a line")
    });
}

/// The floor: the event as the kernel gives it to this process.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn saved_file_floor_event(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir_all(folder.path().join(PENDING)).expect("a folder");
    let (sender, events) = std::sync::mpsc::channel();
    let mut watcher = notify::recommended_watcher(sender).expect("a watcher");
    watcher.watch(&folder.path().join(PENDING), RecursiveMode::NonRecursive).expect("watched");
    let counter = Cell::new(0);
    bencher.bench_local(|| {
        let name = save(folder.path(), &counter);
        let about = |event: &notify::Event| event.paths.iter().any(|path| path.ends_with(&name));
        events.iter().filter_map(Result::ok).find(about).expect("an event")
    });
}

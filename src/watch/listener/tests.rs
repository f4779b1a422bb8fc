//! What is heard, of the system's own events and without any.

use super::*;
use crate::watch::Beside;
use tokio::sync::mpsc::{Receiver, channel};

struct Room {
    data: tempfile::TempDir,
    root: tempfile::TempDir,
    heard: Receiver<Heard>,
}

impl Room {
    fn new(tick: Duration, make: Make) -> Self {
        let (data, root) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let folder = |folder: &tempfile::TempDir| folder.path().canonicalize().expect("it is there");
        std::fs::create_dir_all(root.path().join("planning/issue_queue/pending")).expect("made");
        std::fs::create_dir_all(root.path().join(".git/refs/heads")).expect("made");
        let git_dir = folder(&root).join(".git");
        let beside = Beside { root: folder(&root), git_dir: git_dir.clone(), common_dir: git_dir };
        let (sender, heard) = channel(4);
        let listener = Listener::with(Places::new(&folder(&data), Some(&beside)), sender, tick, make);
        std::thread::spawn(move || listener.run());
        Self { data, root, heard }
    }

    fn write(&self, path: &str) {
        std::fs::write(self.root.path().join(path), path).expect("written");
    }

    /// The next nudge, of those that come by themselves.
    fn next(&mut self) -> Heard {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let heard = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), self.heard.recv()).await });
        heard.expect("in time").expect("something is heard")
    }

    /// Nudges until one of them fits: how events fall together is chance.
    fn until(&mut self, fits: impl Fn(Nudge) -> bool) {
        for _ in 0..20 {
            if matches!(self.next(), Heard::Nudge(nudge) if fits(nudge)) {
                return;
            }
        }
        panic!("nothing that fits was heard");
    }
}

/// An hour between looks: what is heard is heard of events.
const NEVER: Duration = Duration::from_secs(3_600);

#[test]
fn a_saved_file_a_reference_and_the_wake_up_file_are_heard_each_for_itself() {
    let mut room = Room::new(NEVER, system);
    room.write("planning/issue_queue/pending/dev-a.md");
    assert_eq!(room.next(), Heard::Nudge(Nudge { planning: true, ..Nudge::default() }));
    room.write(".git/refs/heads/main");
    assert_eq!(room.next(), Heard::Nudge(Nudge { references: true, ..Nudge::default() }));
    room.write("elsewhere.txt");
    room.write(".git/index");
    let wake = room.data.path().join("wake");
    std::fs::write(&wake, "").expect("written");
    assert_eq!(room.next(), Heard::Nudge(Nudge { wake: true, ..Nudge::default() }));
    assert!(!wake.exists(), "it is heeded");
}

#[test]
fn planning_is_watched_again_after_it_was_removed_and_made_anew() {
    let mut room = Room::new(NEVER, system);
    for round in 0..5 {
        std::fs::remove_dir_all(room.root.path().join("planning")).expect("removed");
        room.until(|nudge| nudge.planning);
        std::fs::create_dir_all(room.root.path().join("planning/issue_queue/pending")).expect("made");
        // At once after it was made: before it is watched, that is.
        room.write("planning/issue_queue/pending/first.md");
        room.until(|nudge| nudge.planning);
        // Whatever was left of the burst.
        while room.heard.try_recv().is_ok() {}
        room.write(&format!("planning/issue_queue/pending/later-{round}.md"));
        room.until(|nudge| nudge.planning && !nudge.references);
    }
}

#[test]
fn without_events_the_same_is_found_by_looking_and_that_is_said_once() {
    let none: Make = |_| Err(notify::Error::new(ErrorKind::MaxFilesWatch));
    let mut room = Room::new(Duration::from_millis(20), none);
    let Heard::Polls { why } = room.next() else { panic!("it is not said") };
    assert!(why.contains("max_user_watches"), "{why}");
    room.write("planning/issue_queue/pending/dev-a.md");
    assert_eq!(room.next(), Heard::Nudge(Nudge { planning: true, ..Nudge::default() }));
    room.write(".git/packed-refs");
    assert_eq!(room.next(), Heard::Nudge(Nudge { references: true, ..Nudge::default() }));
    std::fs::remove_dir_all(room.root.path().join("planning")).expect("removed");
    assert_eq!(room.next(), Heard::Nudge(Nudge { planning: true, ..Nudge::default() }));
    let wake = room.data.path().join("wake");
    std::fs::write(&wake, "").expect("written");
    assert_eq!(room.next(), Heard::Nudge(Nudge { wake: true, ..Nudge::default() }));
    assert!(!wake.exists(), "it is heeded");
}

#[test]
fn more_events_than_the_queue_holds_are_anything() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().to_owned();
    let beside = Beside { root: folder.clone(), git_dir: folder.join(".git"), common_dir: folder.join(".git") };
    let places = Places::new(&root.path().join("data"), Some(&beside));
    let (sender, mut heard) = channel(4);
    let listener = Listener::with(places.clone(), sender, Duration::from_millis(20), system);
    let (events, _full) = sync_channel(1);
    let hearing = Hearing { places, events, overflow: Arc::clone(&listener.overflow) };
    let event = || Event::new(EventKind::Any).add_path(folder.join("planning/x.md"));
    hearing.hear(Ok(event()));
    assert!(!listener.overflow.load(Ordering::SeqCst), "one has room");
    hearing.hear(Ok(event()));
    assert!(listener.overflow.load(Ordering::SeqCst), "two have not");
    std::thread::spawn(move || listener.run());
    assert_eq!(heard.blocking_recv(), Some(Heard::Nudge(Nudge::ALL)));
}

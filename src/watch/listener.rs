//! The thread that hears events, makes watches again and hands nudges on.
//!
//! **Needs** the places. **Guarantees**: bounded: what comes while the queue of events is full is remembered as "anything may
//! have changed". It ends within two seconds of its watcher's end.
//! **Races**: a folder that is removed and made again while its watch is made anew is heard of once more, and watched then.

use super::debounce::Debounce;
use super::places::{self, Identity, Places, Says};
use super::prints::Prints;
use super::{Heard, Nudge};
use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, Watcher as _};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::Sender;

/// Events that wait to be taken; more than that is "anything".
const QUEUE: usize = 1_024;
/// How often watches are compared with the folders, or the folders are looked at.
const TICK: Duration = Duration::from_secs(2);

/// One event, as far as it matters.
enum Raw {
    Says(Says, PathBuf),
    /// Events were lost.
    Lost,
    /// No more watches can be had.
    Failed(String),
}

/// Where nudges come from.
enum Source {
    Events { watcher: RecommendedWatcher, armed: BTreeMap<PathBuf, Identity> },
    Looks(Prints),
}

/// How a watcher is made; a test makes one that can't be had.
type Make = fn(Hearing) -> notify::Result<RecommendedWatcher>;

/// What notify calls.
pub(super) struct Hearing {
    places: Places,
    events: SyncSender<Raw>,
    overflow: Arc<AtomicBool>,
}

pub(super) struct Listener {
    places: Places,
    source: Source,
    events: Receiver<Raw>,
    overflow: Arc<AtomicBool>,
    heard: Sender<Heard>,
    tick: Duration,
    debounce: Debounce,
    nudge: Nudge,
    /// Why it looks by itself, until that is said.
    polls: Option<String>,
}

impl Hearing {
    fn hear(&self, event: notify::Result<Event>) {
        match event {
            Ok(event) if event.need_rescan() => self.tell(Raw::Lost),
            Ok(event) => {
                let read = match event.kind {
                    EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
                    EventKind::Access(_) => true,
                    EventKind::Any
                    | EventKind::Create(_)
                    | EventKind::Modify(_)
                    | EventKind::Remove(_)
                    | EventKind::Other => false,
                };
                for path in event.paths.into_iter().filter(|_| !read) {
                    let says = self.places.says(&path);
                    if says != Says::Nothing {
                        self.tell(Raw::Says(says, path));
                    }
                }
            }
            Err(error) => match told(&error) {
                Some(why) => self.tell(Raw::Failed(why)),
                None => self.tell(Raw::Lost),
            },
        }
    }

    fn tell(&self, raw: Raw) {
        if self.events.try_send(raw).is_err() {
            self.overflow.store(true, Ordering::SeqCst);
        }
    }
}

/// Why events can't be had, where that is what an error says.
fn told(error: &notify::Error) -> Option<String> {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            Some("the system's limit of watches is reached (fs.inotify.max_user_watches)".to_owned())
        }
        ErrorKind::PathNotFound | ErrorKind::WatchNotFound => None,
        ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::NotFound => None,
        ErrorKind::Io(io) => Some(io.to_string()),
        ErrorKind::Generic(why) => Some(why.clone()),
        ErrorKind::InvalidConfig(_) => Some(error.to_string()),
    }
}

fn system(hearing: Hearing) -> notify::Result<RecommendedWatcher> {
    let config = notify::Config::default().with_follow_symlinks(false);
    RecommendedWatcher::new(move |event| hearing.hear(event), config)
}

impl Listener {
    pub(super) fn new(places: Places, heard: Sender<Heard>) -> Self {
        Self::with(places, heard, TICK, system)
    }

    fn with(places: Places, heard: Sender<Heard>, tick: Duration, make: Make) -> Self {
        let (sender, events) = sync_channel(QUEUE);
        let overflow = Arc::new(AtomicBool::new(false));
        let source = Source::Looks(Prints::of(&places));
        let hearing = Hearing { places: places.clone(), events: sender, overflow: Arc::clone(&overflow) };
        let (debounce, nudge, polls) = (Debounce::default(), Nudge::default(), None);
        let mut listener = Self { places, source, events, overflow, heard, tick, debounce, nudge, polls };
        let remote = listener.places.folders().into_iter().find_map(|(folder, _)| places::remote(&folder));
        let made = match remote {
            Some(name) => Err(format!("no events come from {name}, a file system that other machines write to")),
            None => make(hearing).map_err(|error| told(&error).unwrap_or_else(|| error.to_string())),
        };
        match made {
            Ok(watcher) => {
                listener.source = Source::Events { watcher, armed: BTreeMap::new() };
                listener.arm(None);
            }
            Err(why) => listener.give_up(why),
        }
        // What was asked for before the first look is answered by it.
        listener.heed();
        listener
    }

    pub(super) fn run(mut self) {
        let started = Instant::now();
        let mut ticked = started;
        while !self.heard.is_closed() {
            if let Some(why) = self.polls.take()
                && self.heard.blocking_send(Heard::Polls { why }).is_err()
            {
                return;
            }
            let tick = (ticked + self.tick).saturating_duration_since(Instant::now());
            let due = self.debounce.due().map(|due| due.saturating_sub(started.elapsed()));
            let wait = due.map_or(tick, |due| due.min(tick));
            match self.events.recv_timeout(wait) {
                Ok(raw) => self.take(raw, started),
                Err(RecvTimeoutError::Timeout) => {}
                // The watcher was given up, so nothing comes but ticks.
                Err(RecvTimeoutError::Disconnected) => std::thread::park_timeout(wait),
            }
            if self.overflow.swap(false, Ordering::SeqCst) {
                self.take(Raw::Lost, started);
            }
            if ticked.elapsed() >= self.tick {
                ticked = Instant::now();
                self.look(started);
            }
            if self.debounce.fire(started.elapsed()) {
                let nudge = std::mem::take(&mut self.nudge);
                if nudge.is_any() && self.heard.blocking_send(Heard::Nudge(nudge)).is_err() {
                    return;
                }
            }
        }
    }

    fn take(&mut self, raw: Raw, started: Instant) {
        match raw {
            Raw::Says(Says::Nothing, _) => {}
            Raw::Says(Says::Changed(nudge), _) => self.note(nudge, started),
            Raw::Says(Says::Wake, _) => {
                if self.heed() {
                    self.note(Nudge { wake: true, ..Nudge::default() }, started);
                }
            }
            Raw::Says(Says::Folder, folder) => {
                self.arm(Some(&folder));
                self.note(Nudge::ALL, started);
            }
            Raw::Lost => {
                self.arm(None);
                let wake = self.heed();
                self.note(Nudge { wake, ..Nudge::ALL }, started);
            }
            Raw::Failed(why) => self.give_up(why),
        }
    }

    fn note(&mut self, nudge: Nudge, started: Instant) {
        self.nudge = self.nudge.with(nudge);
        self.debounce.hear(started.elapsed());
    }

    /// What can be seen without an event.
    fn look(&mut self, started: Instant) {
        match self.source {
            Source::Events { .. } => {
                if self.arm(None) {
                    self.note(Nudge::ALL, started);
                }
            }
            Source::Looks(before) => {
                let now = Prints::of(&self.places);
                self.source = Source::Looks(now);
                let nudge = Nudge { wake: self.heed(), ..now.since(before) };
                if nudge.is_any() {
                    self.note(nudge, started);
                }
            }
        }
    }

    /// Watches every folder that is another one than was watched, and this one in any case; whether one was.
    fn arm(&mut self, forced: Option<&Path>) -> bool {
        let Source::Events { watcher, armed } = &mut self.source else { return false };
        let mut changed = false;
        let mut failed = None;
        for (folder, mode) in self.places.folders() {
            let now = places::identity(&folder);
            if armed.get(&folder).copied() == now && forced != Some(&folder) {
                continue;
            }
            changed = true;
            // There may be none any more; what counts is that a new one is made.
            let _ = watcher.unwatch(&folder);
            armed.remove(&folder);
            if let Some(identity) = now {
                match watcher.watch(&folder, mode).map_err(|error| told(&error)) {
                    Ok(()) => drop(armed.insert(folder, identity)),
                    // It is gone again, which is heard of.
                    Err(None) => {}
                    Err(Some(why)) => failed = Some(why),
                }
            }
        }
        if let Some(why) = failed {
            self.give_up(why);
        }
        changed
    }

    /// From now on it looks by itself.
    fn give_up(&mut self, why: String) {
        if matches!(self.source, Source::Events { .. }) {
            self.source = Source::Looks(Prints::of(&self.places));
        }
        self.polls = Some(why);
    }

    /// Takes the wake-up file away; whether there was one. It goes first, so that one that comes later is another one.
    fn heed(&self) -> bool {
        std::fs::remove_file(&self.places.wake).is_ok()
    }
}

#[cfg(test)]
mod tests;

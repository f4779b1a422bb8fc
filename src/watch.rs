//! File events beside a checkout and in the data folder, as nudges to look again.
//!
//! **Needs** folders that exist, and a runtime to hand nudges to. **Guarantees**: nothing is written but that a wake-up file
//! is taken away; the checkout's root is watched without what lies below it, `planning/` and the references with it, never
//! the tree. Where events can't be had, the same places are looked at every two seconds, and that is said once. A nudge is
//! a hint: whoever gets one looks at everything anew.
//! **Races**: a watch dies without a word when its folder is removed, so it is made again whenever that folder is heard of
//! and every two seconds; files written before a new folder is watched are seen because the nudge comes later.

mod debounce;
mod listener;
mod places;
mod prints;

use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// A checkout's folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// Its topmost folder.
    pub root: PathBuf,
    /// Where its `HEAD` lies.
    pub git_dir: PathBuf,
    /// Where its references lie.
    pub common_dir: PathBuf,
}

/// What may have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nudge {
    /// Something in `planning/`.
    pub planning: bool,
    /// `HEAD` or a reference: a commit, a branch switch, a fetch, a push.
    pub references: bool,
    /// Somebody asked for a look by the wake-up file.
    pub wake: bool,
}

impl Nudge {
    /// After events were lost.
    pub const ALL: Self = Self { planning: true, references: true, wake: false };

    fn is_any(self) -> bool {
        self.planning || self.references || self.wake
    }

    fn with(self, other: Self) -> Self {
        Self {
            planning: self.planning || other.planning,
            references: self.references || other.references,
            wake: self.wake || other.wake,
        }
    }
}

/// What a watcher says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Look again.
    Nudge(Nudge),
    /// Events can't be had; it looks every two seconds instead. Said once.
    Polls {
        /// Why.
        why: String,
    },
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    heard: mpsc::Receiver<Heard>,
}

/// The wake-up file of a repository's data folder.
pub fn wake_file(folder: &Path) -> PathBuf {
    folder.join("wake")
}

impl Watcher {
    /// Watches the data folder's wake-up file and, if there is one, a checkout. When this returns, whatever changes is heard.
    /// A wake-up file that lies there already is taken away: the first look comes anyway.
    ///
    /// # Errors
    /// When no thread can be had.
    pub fn start(data: &Path, beside: Option<&Beside>) -> std::io::Result<Self> {
        let (sender, heard) = mpsc::channel(4);
        let listener = listener::Listener::new(places::Places::new(data, beside), sender);
        std::thread::Builder::new().name("watch".to_owned()).spawn(move || listener.run())?;
        Ok(Self { heard })
    }

    /// What is heard next.
    pub async fn next(&mut self) -> Heard {
        match self.heard.recv().await {
            Some(heard) => heard,
            // The thread ends only with its watcher; a caller that waits for more has timers of its own.
            None => std::future::pending().await,
        }
    }
}

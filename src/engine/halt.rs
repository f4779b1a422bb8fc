//! Asking an engine to begin nothing more.
//!
//! **Needs** nothing. **Guarantees**: after it was asked no effect begins; the one in flight is finished. Whoever asks is
//! told whether one is in flight, so that a look can be given up at once.
//! **Races**: the question and a beginning meet: either the beginning sees the question, or the question sees the beginning.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether an engine was asked to stop.
#[derive(Debug, Default)]
pub struct Halt {
    asked: AtomicBool,
    acting: AtomicBool,
}

/// While it lives, effects may be in flight.
pub(super) struct Acting<'a>(&'a Halt);

impl Halt {
    /// Asks; whether effects are in flight that should be waited for.
    pub fn ask(&self) -> bool {
        self.asked.store(true, Ordering::SeqCst);
        self.acting.load(Ordering::SeqCst)
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn begin(&self) -> Acting<'_> {
        self.acting.store(true, Ordering::SeqCst);
        Acting(self)
    }
}

impl Drop for Acting<'_> {
    fn drop(&mut self) {
        self.0.acting.store(false, Ordering::SeqCst);
    }
}

//! SIGINT and SIGTERM: what was begun is finished, nothing more begins.
//!
//! **Guarantees**: an effect in flight has ten seconds; a look is given up at once; a second signal ends everything at once.
//! **Races**: what is given up is healed by the next process, as after any crash.

use super::output;
use crate::engine::halt::Halt;
use crate::failure::{Exit, Failure};
use std::future::Future;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long an effect in flight is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Both signals.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From now on neither ends the process by itself.
    pub(super) fn new() -> Result<Self, Failure> {
        let hear = |kind| {
            let failed = |error: std::io::Error| {
                Failure::new(Exit::Internal, format!("signals can't be heard: {error}"), "check the limits (ulimit -a)")
            };
            signal(kind).map_err(failed)
        };
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    /// The name of the next one.
    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// Does something until it is done or a signal ends it: what came of it, and whether a signal came.
pub(super) async fn under<T>(signals: &mut Signals, halt: &Halt, work: impl Future<Output = T>) -> (Option<T>, bool) {
    let mut work = std::pin::pin!(work);
    let name = tokio::select! {
        done = &mut work => return (Some(done), false),
        name = signals.next() => name,
    };
    if !halt.ask() {
        return (None, true);
    }
    output::aside(&format!("{name}: what was begun is finished first; once more ends it at once"));
    let finished = tokio::select! {
        done = &mut work => Some(done),
        _ = signals.next() => None,
        () = tokio::time::sleep(PATIENCE) => None,
    };
    if finished.is_none() {
        output::aside("what was begun is left to the next start, which finishes it");
    }
    (finished, true)
}

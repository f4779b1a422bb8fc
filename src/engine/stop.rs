//! Stop points: where a test ends the process, to see that the next one heals what is left.
//!
//! **Guarantees**: in every build; without the setting nothing happens. A point is passed after its effect was
//! confirmed, so "before the first" is the only state that no point names, and nothing has happened there. The process
//! ends by SIGKILL from itself: nothing is flushed, dropped or told, as when the machine takes it away.

use crate::model::{ActionKind, StopPoint};
use std::sync::atomic::{AtomicU32, Ordering};

/// The point at which the process ends.
#[derive(Debug)]
pub struct StopAt {
    action: ActionKind,
    effect: StopPoint,
    /// How often the point is still passed before it ends the process.
    left: AtomicU32,
}

impl StopAt {
    /// `<action>.<effect>[:n]`, for example `promote.bind` or `promote.create:2`; `None` where there is no such point.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, n) = text.split_once(':').unwrap_or((text, "1"));
        let n: u32 = n.parse().ok().filter(|n| *n >= 1)?;
        let (action, effect) = Self::all().find(|(action, effect)| name == format!("{action}.{effect}"))?;
        Some(Self { action, effect, left: AtomicU32::new(n) })
    }

    /// Every point there is.
    pub fn all() -> impl Iterator<Item = (ActionKind, StopPoint)> {
        ActionKind::ALL.into_iter().flat_map(|action| action.effects().iter().map(move |effect| (action, *effect)))
    }

    /// Ends the process if this is the point and the time.
    pub(super) fn passed(&self, action: ActionKind, effect: StopPoint) {
        if action == self.action && effect == self.effect && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            kill();
        }
    }
}

/// What can't be caught is not survived; a system that refuses it leaves the process standing still, which is no less
/// of an accident.
fn kill() -> ! {
    use rustix::process::{Signal, getpid, kill_process};
    let _ = kill_process(getpid(), Signal::KILL);
    loop {
        std::thread::park();
    }
}

#[cfg(test)]
mod tests {
    use super::StopAt;

    #[test]
    fn every_point_can_be_named() {
        let names: Vec<String> = StopAt::all().map(|(action, effect)| format!("{action}.{effect}")).collect();
        assert!(
            names.iter().all(|name| StopAt::parse(name).is_some() && StopAt::parse(&format!("{name}:2")).is_some())
        );
        assert!(StopAt::parse("promote.merge").is_none());
        assert!(StopAt::parse("promote.bind:0").is_none());
    }
}

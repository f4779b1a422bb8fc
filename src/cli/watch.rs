//! `orchestrator watch`: what changes, here and on GitHub, beside a checkout.
//!
//! **Guarantees**: nothing of the checkout is written; without `--act` nothing anywhere. A saved file is answered from what
//! the last look saw, without the network and without the lock; a moved reference, the wake-up file and the policy's pace
//! bring on a look. The lock is held for a look only.
//! **Races**: what is shown of the checkout may be half-written; the next event shows it whole.

use super::drive::{Drive, Trouble};
use super::run::{polls, watcher};
use super::signals::{self, Signals};
use super::{Target, line, output};
use crate::config::address::RemoteAddress;
use crate::config::environment::Environment;
use crate::config::settings::{self, Settings};
use crate::decide::decide;
use crate::engine::port::{Clock, Remote, SystemClock};
use crate::engine::schedule::SOONEST;
use crate::engine::{Cycle, Done};
use crate::failure::{Exit, Failure};
use crate::model::{Decision, ItemName, Outcome, Quarantine, Snapshot};
use crate::repo::{Checkout, Drafts, LocalClone};
use crate::watch::{Beside, Heard, Watcher, wake_file};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Drafts, and quarantined files, that are shown on a line.
const SHOWN: usize = 5;

/// Flags of `watch`.
#[derive(Debug, Args)]
pub(super) struct Watch {
    #[command(flatten)]
    target: Target,
    /// Do what is owed, too, as `orchestrator run` does it
    #[arg(long)]
    act: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl Watch {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let settings = self.target.settings(environment)?;
        let checkout = beside(&settings)?;
        let folder = settings.folder.clone();
        let mut drive = Drive::new(settings, self.act)?;
        let Checkout { root, git_dir, common_dir, .. } = checkout.clone();
        let mut watcher = watcher(&folder, Some(&Beside { root, git_dir, common_dir }))?;
        let mut signals = Signals::new()?;
        let (clone, repository) = (Arc::clone(&drive.engine.remote), drive.engine.repository.clone());
        let mut view = View { json: self.json, acts: self.act, checkout, clone, seen: None, told: None, next: None };
        if !self.json {
            let does = if self.act { "acts" } else { "only shows" };
            let (root, wake) = (view.checkout.root.display(), wake_file(&folder).display().to_string());
            output::lines(&format!("{repository} beside {root}; it {does}, and looks at once after: touch {wake}"), 2);
        }
        if let Some(kept) = drive.engine.remote.recall().await.filter(|kept| kept.repository == repository) {
            // It may be from before the last action, so it is shown only while nothing newer can be had.
            drive.knows_something();
            view.seen = Some(Arc::new(kept));
        }
        loop {
            let ended = {
                let work = looking(&drive, &mut watcher, &mut view);
                signals::under(&mut signals, &drive.engine.halt, work).await
            };
            let (Some(look), interrupted) = ended else { return Ok(Exit::Interrupted) };
            let looked = Instant::now();
            let learned = drive.learn(look).await?;
            view.next = Some(until(drive.engine.clock.now(), learned.pause));
            match (learned.cycle, view.seen.clone()) {
                (Some(Cycle { snapshot, done, .. }), _) => {
                    let seen = view.seen.insert(Arc::new(snapshot)).clone();
                    view.tell(&seen, &done, Occasion::Look).await;
                }
                (None, Some(kept)) if view.told.is_none() => view.tell(&kept, &[], Occasion::Recalled).await,
                (None, Some(_) | None) => {}
            }
            if interrupted {
                return Ok(Exit::Interrupted);
            }
            tokio::select! {
                () = resting(looked, learned.pause, &mut watcher, &mut view) => {}
                _ = signals.next() => return Ok(Exit::Interrupted),
            }
        }
    }
}

/// The checkout, which has to be one of this repository.
fn beside(settings: &Settings) -> Result<Checkout, Failure> {
    let folder = settings::working_directory().map_err(|error| {
        Failure::new(Exit::Settings, format!("the working directory is gone: {error}"), "change to a checkout")
    })?;
    let name = settings.repository.to_string();
    let none = || {
        let help = format!("change to a checkout of {name}, or use `orchestrator run`, which needs none");
        Failure::new(Exit::Settings, format!("{} is in no checkout", folder.display()), help)
    };
    let checkout = Checkout::find(&folder)?.ok_or_else(none)?;
    let other = checkout.origin.as_deref().and_then(RemoteAddress::parse).map(|remote| remote.repository.to_string());
    match other.filter(|other| !other.eq_ignore_ascii_case(&name)) {
        None => Ok(checkout),
        Some(other) => {
            let text = format!("{} is a checkout of {other}, not of {name}", checkout.root.display());
            Err(Failure::new(Exit::Settings, text, format!("change to a checkout of {name}, or pass --repo {other}")))
        }
    }
}

/// One look; files that are saved meanwhile are answered from the one before.
async fn looking(drive: &Drive, watcher: &mut Watcher, view: &mut View) -> Result<Cycle, Trouble> {
    let mut look = std::pin::pin!(drive.look());
    loop {
        tokio::select! {
            look = &mut look => return look,
            heard = watcher.next() => drop(view.hear(heard).await),
        }
    }
}

/// Until the next look is due, or something asks for it.
async fn resting(looked: Instant, pause: Duration, watcher: &mut Watcher, view: &mut View) {
    let mut due = looked + pause;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(due) => return,
            heard = watcher.next() => {
                if view.hear(heard).await {
                    due = due.min((looked + SOONEST).max(Instant::now()));
                }
            }
        }
    }
}

fn until(now: Timestamp, pause: Duration) -> Timestamp {
    now.saturating_add(SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)).unwrap_or(now)
}

/// Why something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// An earlier process kept it, and nothing newer can be had.
    Recalled,
    /// Somebody saved a file.
    Saved,
    /// A look.
    Look,
}

/// What is shown, and what it is shown from.
struct View {
    json: bool,
    acts: bool,
    checkout: Checkout,
    clone: Arc<LocalClone>,
    seen: Option<Arc<Snapshot>>,
    /// The last line, without times.
    told: Option<String>,
    /// When the next look is due.
    next: Option<Timestamp>,
}

impl View {
    /// Answers what was heard; whether it asks for a look.
    async fn hear(&mut self, heard: Heard) -> bool {
        match heard {
            Heard::Polls { why } => {
                output::aside(&polls(&why));
                false
            }
            Heard::Nudge(nudge) => {
                if let Some(seen) = self.seen.clone().filter(|_| nudge.planning) {
                    self.tell(&seen, &[], Occasion::Saved).await;
                }
                nudge.references || nudge.wake
            }
        }
    }

    /// One line, unless it would say what the last one said.
    async fn tell(&mut self, seen: &Arc<Snapshot>, done: &[Done], occasion: Occasion) {
        let decision = decide(seen);
        let drafts = self.drafts(seen).await;
        let text = words(&decision, done, &drafts, &seen.planning.quarantined);
        if occasion == Occasion::Look && done.is_empty() && self.told.as_ref() == Some(&text) {
            return;
        }
        let now = SystemClock.now();
        if self.json {
            output::json(&serde_json::json!({
                "at": now, "asOf": seen.now, "decision": decision, "done": done, "drafts": drafts.list,
                "quarantined": seen.planning.quarantined, "nextLook": self.next,
            }));
        } else {
            let when = self.when(&decision, occasion, seen.now);
            output::lines(&format!("{} {:<3} {text}{when}", line::clock(now), decision.stage.code()), 14);
        }
        self.told = Some(text);
    }

    fn when(&self, decision: &Decision, occasion: Occasion, seen: Timestamp) -> String {
        if occasion == Occasion::Recalled {
            return format!(" · as it was seen at {}", line::clock(seen));
        }
        match (&decision.outcome, self.next) {
            (Outcome::Act { .. }, _) if self.acts => String::new(),
            (Outcome::Act { .. }, _) => " · left to `orchestrator run`".to_owned(),
            (_, Some(next)) => format!(" · next look by {}", line::clock(next)),
            (_, None) => String::new(),
        }
    }

    async fn drafts(&self, seen: &Arc<Snapshot>) -> Drafts {
        let (checkout, clone, seen) = (self.checkout.clone(), Arc::clone(&self.clone), Arc::clone(seen));
        let read = move || checkout.drafts(&clone, seen.tips.mainline, &seen.planning);
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(drafts)) => drafts,
            Ok(Err(error)) => {
                // A checkout that git is changing; it is read again with the next event.
                tracing::warn!(%error, "the checkout's queue files can't be read");
                Drafts::default()
            }
            Err(error) => {
                tracing::error!(%error, "reading the checkout's queue files failed");
                Drafts::default()
            }
        }
    }
}

/// Why, what comes next, and the files that are not given out.
fn words(decision: &Decision, done: &[Done], drafts: &Drafts, quarantined: &[(ItemName, Quarantine)]) -> String {
    let mut parts = vec![decision.reason.clone()];
    if done.is_empty() {
        parts.push(format!("next: {}", line::next(decision)));
    } else {
        let objects = line::objects(decision, done);
        let objects = if objects.is_empty() { objects } else { format!(" {objects}") };
        parts.push(format!("done: {}{objects}{}", line::action(decision), line::failed(done)));
    }
    parts.extend(drafts.list.iter().take(SHOWN).map(|draft| format!("draft {}: {}", draft.name, draft.state)));
    if let Some(more) = drafts.list.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        parts.push(format!("and {more} more drafts"));
    }
    if drafts.more {
        parts.push("and files that are not read, for there are too many".to_owned());
    }
    parts.extend(quarantined.iter().take(SHOWN).map(|(name, why)| format!("aside {name}: {why}")));
    if let Some(more) = quarantined.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        parts.push(format!("and {more} more aside"));
    }
    parts.join(" · ")
}

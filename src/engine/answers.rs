//! What came of earlier writes, remembered between cycles and, in the last observation, between processes: what GitHub
//! refused for good, what it let through against its rules, what it took and may not show yet, and since when it shows a
//! head.
//!
//! **Guarantees**: bounded; losing it costs one more refusal each, a second comment where lists are behind, or a head that
//! is taken for younger than it is.

use crate::model::{Bypass, Effect, PullNumber, Refusal, RefusalKind, SeenHead, Sent};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most refusals, and most sent effects, that are remembered; the oldest goes first.
const MAX: usize = 200;

/// What is remembered of GitHub's answers.
#[derive(Debug, Default)]
pub struct Answers(Mutex<Known>);

/// What they were.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// What was refused for good.
    pub refused: Vec<Refusal>,
    /// What was taken, or perhaps taken, and may not be shown yet.
    pub sent: Vec<Sent>,
    /// When issues were made, or perhaps made, here.
    pub created: Vec<Timestamp>,
    /// Since when open pull requests have their heads, as far as it is known.
    pub heads: BTreeMap<PullNumber, SeenHead>,
    /// The newest push to the mainline, where it was let through against rules.
    pub bypassed: Option<Bypass>,
}

/// Whether lists may show a moment later only that this was done: whoever does it again by what they show does it twice.
const fn is_shown_late(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Comment { .. }
            | Effect::Unassign { .. }
            | Effect::Approve { .. }
            | Effect::Rerun { .. }
            | Effect::UpdateBranch { .. }
            | Effect::Link { .. }
    )
}

impl Answers {
    /// Takes over what another process remembered: of two entries about one thing the newer one.
    pub(super) fn take_over(&self, other: Known) {
        let mut known = self.hold();
        for refusal in other.refused.into_iter().take(MAX) {
            match known.refused.iter_mut().find(|ours| ours.object == refusal.object) {
                Some(ours) if ours.at < refusal.at => *ours = refusal,
                Some(_) => {}
                None => known.refused.push(refusal),
            }
        }
        for sent in other.sent.into_iter().take(MAX) {
            match known.sent.iter_mut().find(|ours| ours.object == sent.object) {
                Some(ours) if ours.at < sent.at => *ours = sent,
                Some(_) => {}
                None => known.sent.push(sent),
            }
        }
        let created: BTreeSet<Timestamp> = known.created.iter().copied().chain(other.created).collect();
        known.created = created.into_iter().rev().take(MAX).rev().collect();
        for (pull, seen) in other.heads {
            known.heads.entry(pull).or_insert(seen);
        }
        known.bypassed = known.bypassed.take().or(other.bypassed);
    }

    /// All of them.
    pub fn known(&self) -> Known {
        self.hold().clone()
    }

    fn hold(&self) -> MutexGuard<'_, Known> {
        // The lists are whole after every operation, so a panic elsewhere can't have left half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn refused(&self, effect: &Effect, why: &str, kind: RefusalKind, at: Timestamp) {
        let (list, object) = (&mut self.hold().refused, effect.object());
        let times = list.iter().find(|refusal| refusal.object == object).map_or(0, |refusal| refusal.times);
        list.retain(|refusal| refusal.object != object);
        if list.len() >= MAX {
            list.remove(0);
        }
        let why = why.chars().take(500).collect();
        list.push(Refusal { object, why, at, times: times.saturating_add(1), kind });
    }

    /// It was taken, or perhaps taken.
    pub(super) fn sent(&self, effect: &Effect, at: Timestamp) {
        if matches!(effect, Effect::Create { .. }) {
            let created = &mut self.hold().created;
            let first = created.len().saturating_sub(MAX - 1);
            created.drain(..first);
            created.push(at);
        }
        if !is_shown_late(effect) {
            return;
        }
        let (list, object) = (&mut self.hold().sent, effect.object());
        list.retain(|sent| sent.object != object);
        if list.len() >= MAX {
            list.remove(0);
        }
        list.push(Sent { object, at });
    }

    /// These pull requests were looked at; what is known of others is forgotten.
    pub(super) fn looked(&self, heads: BTreeMap<PullNumber, SeenHead>) {
        self.hold().heads = heads;
    }

    pub(super) fn lift(&self, object: &str) {
        self.hold().refused.retain(|refusal| refusal.object != object);
    }

    /// What came of the newest push to the mainline.
    pub(super) fn pushed(&self, bypassed: Option<Bypass>) {
        self.hold().bypassed = bypassed;
    }
}

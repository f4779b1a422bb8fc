//! The words of one line about one cycle, for every command that shows a story.
//!
//! **Guarantees**: a line says what was decided and done, and nothing else.

use super::next_words;
use crate::engine::Done;
use crate::model::{Decision, Outcome, StopPoint};
use jiff::Timestamp;

/// What is done, in one word.
pub(super) fn action(decision: &Decision) -> &'static str {
    match &decision.outcome {
        Outcome::Act { action } => action.kind.name(),
        Outcome::Rest { .. } => "rest",
        Outcome::Look { .. } | Outcome::Wait { .. } => "wait",
        Outcome::Blocked { .. } => "blocked",
        Outcome::Stalled { .. } => "stalled",
    }
}

/// Issue or pull request, and what it became on the mainline.
pub(super) fn objects(decision: &Decision, done: &[Done]) -> String {
    let made =
        |wanted: &[StopPoint]| done.iter().find(|done| wanted.contains(&done.point)).and_then(|done| done.made.clone());
    let known = decision.focus.as_ref().and_then(|focus| {
        focus.pull.map(|pull| pull.to_string()).or_else(|| focus.issue.map(|issue| issue.to_string()))
    });
    let objects = [made(&[StopPoint::Create]).or(known), made(&[StopPoint::Merge, StopPoint::Move])];
    objects.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What could not be done, as the end of a sentence.
pub(super) fn failed(done: &[Done]) -> String {
    let failed = done.iter().find(|done| !done.is_done());
    failed.map_or_else(String::new, |done| format!(" — could not {}: {}", done.effect, done.why))
}

/// What comes next, on one line.
pub(super) fn next(decision: &Decision) -> String {
    let words = next_words(decision);
    words.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}

/// The time of day, as it is in UTC.
pub(super) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(11..19).map_or_else(|| text.clone(), |time| format!("{time}Z"))
}

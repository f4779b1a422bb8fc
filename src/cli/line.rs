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

/// What could not be done, or what is to be known of what was done, as the end of a sentence.
pub(super) fn failed(done: &[Done]) -> String {
    if let Some(done) = done.iter().find(|done| !done.is_done()) {
        return format!(" — could not {}: {}", done.effect, done.why);
    }
    let note = done.iter().find_map(|done| done.note.as_ref());
    note.map_or_else(String::new, |note| format!(" — {note}"))
}

/// The same of one effect.
pub(super) fn outcome(done: &Done) -> String {
    match &done.note {
        _ if !done.is_done() => format!(" — not done: {}", done.why),
        Some(note) => format!(" — {note}"),
        None => String::new(),
    }
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

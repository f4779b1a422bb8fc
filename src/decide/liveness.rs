//! Whether the agent still lives, by evidence: lifecycle events, commits, changes of the pull request.
//!
//! **Guarantees**: pure. A session lasts an hour at most (docs.github.com, "Troubleshooting Copilot cloud agent"), so after
//! 59 minutes without any sign it is over, whatever the newest event says. What a failure says is read for three things
//! only: when to try again, that money is the matter, or neither. Our own comment is no sign of life.
//! **Races**: a session may begin between the look and the comment that asks for one; the agent then reads one comment more.

use super::guardrail::{Case, is_wip};
use super::{View, nudge};
use crate::model::{Actor, AgentEvent, AgentEventKind, CommentMarker, Need, Outcome, PullNumber, Severity, Waiting};
use crate::text::one_line;
use jiff::{SignedDuration, Timestamp};

/// A session's limit, less a minute.
pub(super) const SESSION: SignedDuration = SignedDuration::from_mins(59);
/// How long an agent that ended its session may still bring its pull request in order.
const AFTERWARDS: SignedDuration = SignedDuration::from_mins(10);
/// How much later than our comment GitHub may date the change that it is.
const ECHO: SignedDuration = SignedDuration::from_mins(1);
/// The pause where a limit is named without a time.
const UNNAMED: SignedDuration = SignedDuration::from_mins(60);
/// The longest pause that a failure may ask for.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// Longest part of a failure's words that is shown.
const MAX_WORDS: usize = 200;

/// What a failure comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// It is to be tried again after this time.
    Again(SignedDuration),
    /// No comment helps: the plan is used up, or nobody pays.
    Billing,
    /// Anything else.
    Other,
}

/// What is owed to an agent that died or stalled: reason and outcome; nothing while it is at work or done.
pub(super) fn owed(case: &Case<'_>) -> Option<(String, Outcome)> {
    let pull = case.pull.number;
    let snapshot = case.view.snapshot;
    let Some(events) = snapshot.needs.agent_events.get(&pull) else {
        let needs = vec![Need::AgentEvents { pull }];
        return Some((format!("{pull} is being looked at"), Outcome::Look { needs }));
    };
    match events.last() {
        Some(AgentEvent { id, at, kind: AgentEventKind::Failed { message } }) => {
            Some(failed(case, id, *at, message.as_deref().unwrap_or_default()))
        }
        Some(AgentEvent { at, kind: AgentEventKind::Started, .. }) => {
            let over = at.saturating_add(SESSION).is_ok_and(|end| snapshot.now >= end);
            over.then(|| stalled(case, events, SESSION)).flatten()
        }
        Some(AgentEvent { kind: AgentEventKind::Finished, .. }) => stalled(case, events, AFTERWARDS),
        None => stalled(case, events, SESSION),
    }
}

/// How the agent's work on a pull request of which nothing else is known ended without a result; `None` while it may go on.
pub(super) fn over(events: &[AgentEvent], created: Timestamp, now: Timestamp) -> Option<String> {
    let silent = |since: Timestamp, long: SignedDuration| {
        let over = since.saturating_add(long).is_ok_and(|until| now >= until);
        over.then(|| format!("it shows no sign of life since {since}"))
    };
    match events.last() {
        Some(AgentEvent { at, kind: AgentEventKind::Failed { message }, .. }) => {
            Some(format!("the agent's session on it stopped at {at}{}", said(message.as_deref())))
        }
        Some(AgentEvent { at, kind: AgentEventKind::Started, .. }) => silent(*at, SESSION),
        Some(AgentEvent { at, kind: AgentEventKind::Finished, .. }) => silent(*at, AFTERWARDS),
        None => silent(created, SESSION),
    }
}

/// The words of a failure on one line, after a colon.
pub(super) fn said(message: Option<&str>) -> String {
    let words = one_line(message.unwrap_or_default(), MAX_WORDS);
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// Whether the last session on a pull request ended because nobody pays for it.
pub(super) fn is_unpaid(view: View<'_>, pull: PullNumber) -> bool {
    let last = view.snapshot.needs.agent_events.get(&pull).and_then(|events| events.last());
    last.is_some_and(|event| match &event.kind {
        AgentEventKind::Failed { message } => classify(message.as_deref().unwrap_or_default()) == Failure::Billing,
        AgentEventKind::Started | AgentEventKind::Finished => false,
    })
}

fn failed(case: &Case<'_>, id: &str, at: Timestamp, message: &str) -> (String, Outcome) {
    let pull = case.pull.number;
    let said = said(Some(message));
    let why = format!("the agent's session on {pull} stopped at {at}{said}");
    let cause = format!("its session stopped{said}");
    let about = CommentMarker::Nudge { pull, event: plain(id) };
    match classify(message) {
        Failure::Billing => {
            let lifts = format!(
                "settle it in the plan's billing settings, then comment `@copilot please continue` on {pull}, or close it"
            );
            (why.clone(), super::stalled(why, lifts))
        }
        Failure::Again(pause) => nudge::go_on(case, about, (why, cause), (at, Some(pause))),
        Failure::Other => nudge::go_on(case, about, (why, cause), (at, None)),
    }
}

/// An unfinished pull request without a sign of life for that long.
fn stalled(case: &Case<'_>, events: &[AgentEvent], long: SignedDuration) -> Option<(String, Outcome)> {
    let pull = case.pull;
    let asks_for_review = pull.review_requested || case.view.policy.review_request != Severity::Strict;
    if !is_wip(&pull.title) && asks_for_review {
        return None;
    }
    let now = case.view.snapshot.now;
    let over = |since: Timestamp| since.saturating_add(long).is_ok_and(|until| now >= until);
    // Whoever sends the agent again gives it as long to begin.
    let sent = case.issue.assignments.iter().filter(|event| event.assigned && event.assignee.is_agent());
    let sent = sent.map(|event| event.at).max();
    let dates = [pull.head_committed, Some(pull.created), events.last().map(|event| event.at), sent];
    let sign = dates.into_iter().flatten().filter(|at| *at <= now).max()?;
    if !over(sign) {
        return None;
    }
    // A change may be our own comment, which is no sign of its life.
    let asked = match nudge::newest(case) {
        Err(look) => return Some(look),
        Ok(asked) => asked.filter(|(_, at)| *at > sign),
    };
    let changed = pull.updated.filter(|at| *at <= now);
    if let Some((about, at)) = asked
        && changed.is_none_or(|changed| changed.duration_since(at) < ECHO)
    {
        let why = format!("{} shows no sign of life since {sign}", pull.number);
        let cause = format!("it shows no sign of life since {sign}");
        return Some(nudge::go_on(case, about, (why, cause), (at, None)));
    }
    let newest = changed.map_or(sign, |changed| changed.max(sign));
    if !over(newest) {
        return None;
    }
    let why = format!("{} shows no sign of life since {newest}", pull.number);
    let cause = format!("it shows no sign of life since {newest}");
    let about = CommentMarker::Nudge { pull: pull.number, event: format!("stalled-{}", newest.as_second()) };
    Some(nudge::go_on(case, about, (why, cause), (newest, None)))
}

/// Waits until the agent that was asked has begun, as long as a session may take to begin.
pub(super) fn begins(case: &Case<'_>, asked: Timestamp, why: &str) -> Option<Outcome> {
    let long = SignedDuration::from_millis(i64::try_from(case.view.policy.agent.start_ms).unwrap_or(i64::MAX));
    let until = asked.saturating_add(long).unwrap_or(asked);
    let waits = case.view.snapshot.now < until;
    waits.then(|| Outcome::Wait { waiting: Waiting { why: why.to_owned(), actor: Actor::Agent, until: Some(until) } })
}

/// The id of an event as a marker can hold it.
fn plain(id: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=');
    let id: String = id.chars().filter(fits).take(100).collect();
    if id.is_empty() { "unknown".to_owned() } else { id }
}

fn classify(message: &str) -> Failure {
    const MONEY: [&str; 8] = [
        "quota",
        "billed to",
        "billing",
        "usage limit",
        "premium request",
        "spending limit",
        "out of credits",
        "subscription",
    ];
    let lower = message.to_lowercase();
    if let Some(pause) = named_pause(&lower) {
        return Failure::Again(pause);
    }
    if MONEY.iter().any(|word| lower.contains(word)) {
        return Failure::Billing;
    }
    if lower.contains("rate limit") || lower.contains("rate-limit") {
        return Failure::Again(UNNAMED);
    }
    Failure::Other
}

/// `try again in 46 minutes`.
fn named_pause(lower: &str) -> Option<SignedDuration> {
    let (_, rest) = lower.split_once("try again in ")?;
    let mut words = rest.split_whitespace();
    let (number, unit) = (words.next()?, words.next()?);
    let number: i64 = match number {
        "a" | "an" | "one" => 1,
        number => number.parse().ok()?,
    };
    let second = match unit {
        unit if unit.starts_with("second") => 1,
        unit if unit.starts_with("minute") => 60,
        unit if unit.starts_with("hour") => 3_600,
        unit if unit.starts_with("day") => 86_400,
        _ => return None,
    };
    Some(SignedDuration::from_secs(number.max(0).saturating_mul(second)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_failure_says_decides_when_it_is_tried_again() {
        let minutes = |minutes: i64| Failure::Again(SignedDuration::from_mins(minutes));
        let table = [
            (
                "Sorry, you've hit a rate limit that restricts the number of Copilot model requests you can make within a \
                 specific time period. Please try again in 46 minutes. To retry, leave a comment on this pull request.",
                minutes(46),
            ),
            ("Please try again in 2 hours.", minutes(120)),
            ("Please try again in an hour.", minutes(60)),
            ("Try again in 5 seconds", Failure::Again(SignedDuration::from_secs(5))),
            ("try again in 90 days", minutes(24 * 60)),
            ("try again in 99999999999999999 hours", minutes(24 * 60)),
            ("try again in a while", Failure::Other),
            ("You hit a rate limit.", minutes(60)),
            ("You have exceeded your monthly quota", Failure::Billing),
            ("You've reached your additional usage limit for your plan", Failure::Billing),
            ("Before you can use Copilot coding agent, you need to pick a 'Usage billed to' option", Failure::Billing),
            ("you've used up the 300 premium requests allowance", Failure::Billing),
            ("The agent encountered an error", Failure::Other),
            ("", Failure::Other),
        ];
        for (message, expected) in table {
            assert_eq!(classify(message), expected, "{message}");
        }
    }

    #[test]
    fn the_id_of_an_event_can_end_no_marker() {
        assert_eq!(plain("EV_kwDO=1 --> <x"), "EV_kwDO=1--x");
        assert_eq!((plain(" "), plain(&"a".repeat(300)).len()), ("unknown".to_owned(), 100));
    }
}

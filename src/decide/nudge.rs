//! Comments to the agent: to go on, or what is wrong with its head.
//!
//! **Guarantees**: one for what its marker names, told by our own comments on all pages; no more than the policy allows a
//! pull request in any 24 hours, both kinds together; none on what a person holds, on what is not the agent's, or while
//! GitHub's refusal of it stands.
//! **Races**: a list may not show a comment yet that was written, or perhaps written: it is not written again before the
//! doubt window has passed.

use super::guardrail::{self, Case, Judgement};
use super::liveness::begins;
use super::{act, left, stalled};
use crate::message;
use crate::model::{
    ActionKind, Actor, CheckState, CommentMarker, Effect, Mergeable, Need, Outcome, OwnComment, Waiting,
};
use jiff::{SignedDuration, Timestamp};

/// The pauses before the first, second and every further comment of a day that asks the agent to go on.
const PAUSES: [SignedDuration; 3] =
    [SignedDuration::ZERO, SignedDuration::from_mins(10), SignedDuration::from_mins(60)];
/// The span of the budget.
const SPAN: SignedDuration = SignedDuration::from_hours(24);

/// Asks the agent to go on after what happened then, and the pause that was named; the cause is for the agent, the reason
/// for people. Where none was named, each time of a day waits longer than the one before. Reason and outcome.
pub(super) fn go_on(
    case: &Case<'_>,
    about: CommentMarker,
    (why, cause): (String, String),
    (since, pause): (Timestamp, Option<SignedDuration>),
) -> (String, Outcome) {
    let pull = case.pull.number;
    let belonging = guardrail::belonging(case);
    if !belonging.vetoes.is_empty() {
        return (why, Outcome::Blocked { vetoes: belonging.vetoes });
    }
    let Some(ours) = ours(case) else { return look(case) };
    if let Some(asked) = ours.iter().find(|comment| comment.about == about) {
        let reason = format!("{why}; it was asked to go on at {}", asked.at);
        let outcome = begins(case, asked.at, &reason).unwrap_or_else(|| {
            let since = format!("{reason} and did not begin again");
            stalled(since, format!("comment `@copilot please continue` on {pull}, or close it"))
        });
        return (reason, outcome);
    }
    if let Some(again) = spent(case, &ours) {
        let limit = case.view.policy.limits.nudges_per_day;
        let reason = format!("{why}; {limit} comment(s) to the agent in 24 hours are as many as are allowed");
        let lifts = format!("comment `@copilot please continue` on {pull}, or close it");
        if limit == 0 {
            return (reason.clone(), stalled(reason, lifts));
        }
        let waiting = Waiting { why: lifts, actor: Actor::Person, until: Some(again) };
        return (reason, Outcome::Wait { waiting });
    }
    let pause = pause.unwrap_or_else(|| growing(case, &ours));
    let not_before = since.saturating_add(pause).unwrap_or(since);
    if case.view.snapshot.now < not_before {
        let waiting = Waiting { why: why.clone(), actor: Actor::Engine, until: Some(not_before) };
        return (why, Outcome::Wait { waiting });
    }
    let text = message::nudge(&about, &cause);
    let reason = format!("{why}; the agent is asked to go on");
    write(case, about, text, reason)
}

/// Sends back what the agent can mend, once a head. Nothing where there is no such thing, or it was sent back already.
pub(super) fn send_back(case: &Case<'_>, admission: &Judgement) -> Option<(String, Outcome)> {
    let vetoed = |name: &str| admission.vetoes.iter().any(|veto| veto.guardrail == name);
    if !admission.needs.is_empty() || !guardrail::belonging(case).passes() {
        return None;
    }
    let (pull, snapshot) = (case.pull, case.view.snapshot);
    let mut problems = Vec::new();
    if vetoed("paths") {
        // Whatever else it changes, it must not; only the queue file of a question that is none yet can be mended.
        let asked = case.kind == guardrail::PullKind::Gap;
        problems.push(snapshot.needs.diffs.get(&pull.head).filter(|_| asked).and_then(guardrail::invalid_file)?);
    }
    if vetoed("checks") && pull.checks == CheckState::Failure {
        let named = snapshot.needs.checks.get(&pull.head).map(guardrail::checks::failing).unwrap_or_default();
        problems.extend(if named.is_empty() { vec!["its checks fail".to_owned()] } else { named });
    }
    if vetoed("mergeable") && pull.mergeable == Mergeable::Conflicting {
        problems.push(format!("it conflicts with {}, which has to be merged into it", pull.base));
    }
    let first = problems.first()?.clone();
    let Some(ours) = ours(case) else { return Some(look(case)) };
    let about = CommentMarker::Feedback { pull: pull.number, head: pull.head };
    if let Some(sent) = ours.iter().find(|comment| comment.about == about) {
        let reason = format!("{} was sent back to the agent at {}: {first}", pull.number, sent.at);
        return begins(case, sent.at, &reason).map(|outcome| (reason, outcome));
    }
    if spent(case, &ours).is_some() {
        return None;
    }
    let text = message::feedback(&about, &problems);
    Some(write(case, about, text, format!("{} is sent back to the agent: {first}", pull.number)))
}

fn look(case: &Case<'_>) -> (String, Outcome) {
    let pull = case.pull.number;
    (format!("{pull} is being looked at"), Outcome::Look { needs: vec![Need::OwnComments { pull }] })
}

fn write(case: &Case<'_>, about: CommentMarker, text: String, reason: String) -> (String, Outcome) {
    let effect = Effect::Comment { pull: case.pull.number, about, text };
    if let Some(waiting) = left::unseen(case.view, &effect) {
        return (waiting.why.clone(), Outcome::Wait { waiting });
    }
    match case.view.snapshot.refusal(&effect.object()) {
        None => (reason, act(ActionKind::Nudge, &case.key, vec![effect])),
        Some(refusal) => {
            let why = format!("refused to {effect}: {}", refusal.why);
            let waiting = Waiting { why: why.clone(), actor: Actor::Person, until: Some(refusal.until()) };
            (why, Outcome::Wait { waiting })
        }
    }
}

/// Our own comments on the pull request, if they were read.
fn ours<'a>(case: &Case<'a>) -> Option<Vec<&'a OwnComment>> {
    let comments = case.view.snapshot.needs.own_comments.get(&case.pull.number)?;
    Some(comments.iter().filter(|comment| super::create::is_one_of_us(case.view, &comment.author)).collect())
}

/// Our newest comment that asks the agent to go on, with what it was about; what is to be looked up where that is not known.
pub(super) fn newest(case: &Case<'_>) -> Result<Option<(CommentMarker, Timestamp)>, (String, Outcome)> {
    let Some(ours) = ours(case) else { return Err(look(case)) };
    let nudges = ours.iter().filter(|comment| matches!(comment.about, CommentMarker::Nudge { .. }));
    Ok(nudges.max_by_key(|comment| comment.at).map(|comment| (comment.about.clone(), comment.at)))
}

/// The pause that grows with the comments of a day.
fn growing(case: &Case<'_>, ours: &[&OwnComment]) -> SignedDuration {
    let now = case.view.snapshot.now;
    let recent = ours.iter().filter(|comment| now.duration_since(comment.at) < SPAN);
    let nudges = recent.filter(|comment| matches!(comment.about, CommentMarker::Nudge { .. })).count();
    PAUSES.get(nudges).or(PAUSES.last()).copied().unwrap_or(SPAN)
}

/// When the next comment fits into the budget, where none does now.
fn spent(case: &Case<'_>, ours: &[&OwnComment]) -> Option<Timestamp> {
    let now = case.view.snapshot.now;
    let limit = usize::try_from(case.view.policy.limits.nudges_per_day).unwrap_or(usize::MAX);
    let counts = |comment: &&&OwnComment| match comment.about {
        CommentMarker::Nudge { .. } | CommentMarker::Feedback { .. } => true,
        CommentMarker::Link { .. } => false,
    };
    let ends = ours.iter().filter(counts).map(|comment| comment.at.saturating_add(SPAN).unwrap_or(comment.at));
    let mut open: Vec<Timestamp> = ends.filter(|end| *end > now).collect();
    if open.len() < limit {
        return None;
    }
    open.sort();
    let first = open.len().checked_sub(limit).and_then(|index| open.get(index).copied());
    Some(first.unwrap_or_else(|| now.saturating_add(SPAN).unwrap_or(now)))
}

//! An agent that never began: it is taken off and sent once more, then a person is told.
//!
//! **Guarantees**: once an issue, to a text that feeds no queue, and only when nothing is known that the agent did for it. It
//! is written down before the agent is taken off, because our unassigning looks like a person's, and a person's unassigning
//! is a command.
//! **Races**: what is compared is GitHub's clock alone: the record names the assignment that came to nothing, and only what
//! happened after it counts. Ours says no more than how long ago that was. A pull request that appears meanwhile ends it:
//! nothing is taken off then. What GitHub shows a moment after the sending may be how it was before, so that is waited for.

use super::create::is_one_of_us;
use super::planning_issue::{assign, mended};
use super::progress::{Phase, Progress, is_answered};
use super::{Owed, Rank, View, act, guardrail, left, linking, stalled};
use crate::model::{ActionKind, Assignment, Binding, BoundIssue, Effect, Evidence, IssueState, Outcome, Stage};
use jiff::{SignedDuration, Timestamp};

/// How far the sending that was written down got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// It was written down.
    Written,
    /// We took the agent off.
    TakenOff,
}

/// Where a sending stands half-way; nothing where it is done, or a person had a hand in it since. That the agent went by
/// itself is nobody's word. Of two unassignments one of ours is the one that was written down; another one is a person's,
/// who has our account perhaps.
pub(super) fn half_way(view: View<'_>, binding: &Binding, issue: &BoundIssue) -> Option<Half> {
    let since = binding.redispatch?;
    let told = |event: &&Assignment| event.assignee.is_agent() && (event.assigned || !event.actor.is_agent());
    let later: Vec<&Assignment> = issue.assignments.iter().filter(told).filter(|event| event.at > since).collect();
    match later.as_slice() {
        [] if issue.assignments.iter().any(|event| event.assignee.is_agent()) => Some(Half::Written),
        [ours] if !ours.assigned && is_one_of_us(view, &ours.actor) => Some(Half::TakenOff),
        _ => None,
    }
}

/// What a sending that did not get that far still owes.
pub(super) fn left(view: View<'_>, binding: &Binding, issue: &BoundIssue, stage: Stage) -> Option<Owed> {
    let half = half_way(view, binding, issue)?;
    let held = issue.labels.iter().any(|label| label == guardrail::HOLD_LABEL);
    if issue.state != IssueState::Open || is_answered(issue) || held {
        return None;
    }
    // What may be an answer ends it as a linked pull request does.
    if linking::progress(view, binding, issue).is_some() {
        return None;
    }
    let off = (half == Half::Written).then(|| unassign(view, binding));
    // GitHub may not show yet that it is done: who is taken off then is in the new session.
    if let Some(waiting) = off.as_ref().and_then(|off| left::unseen(view, off)) {
        return Some(Owed::new(Rank::EffectsLeft, stage, waiting.why.clone(), Outcome::Wait { waiting }));
    }
    if let Some((reason, outcome)) = text(view, binding) {
        return Some(Owed::new(Rank::EffectsLeft, stage, reason, outcome));
    }
    let effects: Vec<Effect> = off.into_iter().chain([assign(view, &binding.key)]).collect();
    let refused = effects.iter().find_map(|effect| left::refused(view, binding, effect));
    if let Some(aside) = refused {
        return Some(aside);
    }
    let reason = format!("{} was not begun; the agent is being sent once more", issue.number);
    Some(Owed::new(Rank::EffectsLeft, stage, reason, act(ActionKind::Redispatch, &binding.key, effects)))
}

/// What has to be done about the issue's text before, if anything.
fn text(view: View<'_>, binding: &Binding) -> Option<(String, Outcome)> {
    let revise = match mended(view, binding) {
        Ok(revise) => revise?,
        Err(owed) => return Some(owed),
    };
    if let Some(aside) = left::refused(view, binding, &revise) {
        return Some((aside.obligation.reason, aside.obligation.outcome));
    }
    let reason = format!("{} is brought back to our words before the agent is sent once more", binding.issue);
    Some((reason, act(ActionKind::AskGap, &binding.key, vec![revise])))
}

fn unassign(view: View<'_>, binding: &Binding) -> Effect {
    Effect::Unassign { key: binding.key.clone(), login: view.policy.agent.login.clone() }
}

/// When the agent was assigned last, and until when it may take to open its pull request.
pub(super) fn due(view: View<'_>, issue: &BoundIssue) -> Option<(Timestamp, Timestamp)> {
    let assigned = issue.assignments.iter().filter(|event| event.assigned && event.assignee.is_agent());
    let at = assigned.map(|event| event.at).max()?;
    let long = SignedDuration::from_millis(i64::try_from(view.policy.agent.start_ms).unwrap_or(i64::MAX));
    Some((at, at.saturating_add(long).unwrap_or(at)))
}

/// What comes of an assignment after which nothing was opened; `None` while it may still be.
pub(super) fn late(view: View<'_>, binding: &Binding, issue: &BoundIssue) -> Option<Progress> {
    let (at, _) = due(view, issue).filter(|(_, due)| view.snapshot.now >= *due)?;
    let n = issue.number;
    let evidence = vec![Evidence { fact: format!("the agent was assigned to {n}"), value: at.to_string() }];
    if let Some((reason, outcome)) = linking::unheard(view, issue, at) {
        return Some(Progress { phase: Phase::Asked, reason, evidence, outcome });
    }
    let (reason, outcome) = match binding.redispatch {
        None => {
            if let Some((reason, outcome)) = text(view, binding) {
                return Some(Progress { phase: Phase::Asked, reason, evidence, outcome });
            }
            let record = Effect::Redispatch { key: binding.key.clone(), since: at };
            let effects = vec![record, unassign(view, binding), assign(view, &binding.key)];
            let refused = effects.iter().find_map(|effect| left::refused(view, binding, effect));
            match refused {
                Some(aside) => (aside.obligation.reason, aside.obligation.outcome),
                None => {
                    let reason = format!("the agent did not begin with {n} since {at}; it is sent once more");
                    (reason, act(ActionKind::Redispatch, &binding.key, effects))
                }
            }
        }
        Some(_) => {
            let why = format!("the agent was sent to {n} twice, the last time at {at}, and opened no pull request");
            (why.clone(), not_begun(view, why, issue))
        }
    };
    Some(Progress { phase: Phase::Asked, reason, evidence, outcome })
}

fn not_begun(view: View<'_>, why: String, issue: &BoundIssue) -> Outcome {
    let (url, n) = (&view.snapshot.forge.repository.url, issue.number.0);
    let lifts = format!(
        "look at {url}/issues/{n} and at `orchestrator doctor`; assign the agent again, or close #{n} as not planned"
    );
    stalled(why, lifts)
}

//! An agent that never began: it is taken off and sent once more, then a person is told.
//!
//! **Guarantees**: once an issue. It is written down before the agent is taken off, because our unassigning looks like a
//! person's, and a person's unassigning is a command.
//! **Races**: what is compared is GitHub's clock alone: the record names the assignment that came to nothing, and only what
//! happened after it counts. Ours says no more than how long ago that was. A pull request that appears meanwhile ends it:
//! nothing is taken off then.

use super::create::is_one_of_us;
use super::planning_issue::{assign, mended};
use super::progress::{Phase, Progress, is_answered};
use super::{Owed, Rank, View, act, guardrail, left, linking, stalled};
use crate::model::{ActionKind, Assignment, Binding, BoundIssue, Effect, Evidence, IssueState, Outcome, Stage};
use jiff::{SignedDuration, Timestamp};

/// What a sending that did not get that far still owes.
pub(super) fn left(view: View<'_>, binding: &Binding, issue: &BoundIssue, stage: Stage) -> Option<Owed> {
    let since = binding.redispatch?;
    let held = issue.labels.iter().any(|label| label == guardrail::HOLD_LABEL);
    if issue.state != IssueState::Open || is_answered(issue) || held || linking::ended(view, issue).is_some() {
        return None;
    }
    // That it went by itself is nobody's word.
    let told = |event: &&Assignment| event.assignee.is_agent() && (event.assigned || !event.actor.is_agent());
    let events = || issue.assignments.iter().filter(told);
    let taken_off: Vec<&Assignment> = events().filter(|event| !event.assigned && event.at > since).collect();
    let newest = events().max_by_key(|event| event.at)?;
    let taken_off = match taken_off.as_slice() {
        [] if newest.assigned && newest.at <= since => None,
        // One of ours is the one that was written down; another one is a person's.
        [ours] if !newest.assigned && is_one_of_us(view, &ours.actor) => Some(ours),
        _ => return None,
    };
    if let Some((reason, outcome)) = text(view, binding) {
        return Some(Owed::new(Rank::EffectsLeft, stage, reason, outcome));
    }
    let off = taken_off.is_none().then(|| unassign(view, binding));
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
    let (reason, outcome) = match binding.redispatch {
        None => {
            if let Some((reason, outcome)) = linking::unheard(view, issue, at) {
                return Some(Progress { phase: Phase::Asked, reason, evidence, outcome });
            }
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

//! What issues about planning have in common: gap analyses and capability updates, from assignment to merge.
//!
//! **Guarantees**: an assignment is owed once, and never again after a person took the agent off; a merge counts whoever
//! did it, once the mainline that was fetched holds it. Items share the merge and the assignment.

use super::guardrail::{self, PullKind};
use super::progress::{AgentState, Phase, progress, state};
use super::{Owed, Rank, View, act, left, redispatch, stalled, wait};
use crate::message;
use crate::model::{
    ActionKind, Actor, Binding, BoundIssue, Effect, IssueState, ItemOutcome, Key, Need, Outcome, PullFacts, PullState,
    SettleFields, Stage, Waiting,
};
use jiff::SignedDuration;

/// How long the mainline that git fetches may lag behind what GitHub tells of it.
const LANDING: SignedDuration = SignedDuration::from_mins(10);

/// What an open issue owes: its assignment, or what its pull request waits for. The stages are those of an issue without
/// a pull request, with one in work, and with a finished one.
pub(super) fn goes_on(
    view: View<'_>,
    binding: &Binding,
    issue: &BoundIssue,
    (kind, rank, [asked, in_work, ready]): (PullKind, Rank, [Stage; 3]),
) -> Owed {
    if let Some(owed) = redispatch::left(view, binding, issue, asked) {
        return owed;
    }
    if let Some(owed) = unassigned(view, binding, issue, rank, asked) {
        return owed;
    }
    let progress = progress(view, binding, issue, kind);
    let stage = match progress.phase {
        Phase::Asked => asked,
        Phase::InWork => in_work,
        Phase::Ready => ready,
    };
    let mut owed = Owed::new(rank, stage, progress.reason, progress.outcome);
    owed.obligation.evidence = progress.evidence;
    owed
}

/// The newest linked pull request that was merged into the mainline, whoever merged it, and lies in what was fetched of it.
pub(super) fn merged<'a>(view: View<'_>, issue: &'a BoundIssue) -> Option<&'a PullFacts> {
    let landed = |pull: &&PullFacts| !pull.merged.is_some_and(|(_, commit)| view.snapshot.unlanded.contains(&commit));
    issue.pulls.iter().filter(landed).filter(|pull| counts(view, issue, pull)).max_by_key(|pull| pull.merged)
}

/// Whether GitHub says that it was merged into the mainline and closes the issue.
fn counts(view: View<'_>, issue: &BoundIssue, pull: &PullFacts) -> bool {
    pull.state == PullState::Merged && pull.base == view.snapshot.tips.branch && pull.closes.contains(&issue.number)
}

/// A merge that GitHub tells and git doesn't: the mainline lags behind, or somebody pushed it back. Nothing is built on it.
/// Whoever closed the issue as not planned has given it up.
pub(super) fn unlanded(
    view: View<'_>,
    binding: &Binding,
    issue: &BoundIssue,
    (rank, stage): (Rank, Stage),
) -> Option<Owed> {
    if merged(view, issue).is_some() || issue.state == IssueState::NotPlanned {
        return None;
    }
    let pull = issue.pulls.iter().filter(|pull| counts(view, issue, pull)).max_by_key(|pull| pull.merged)?;
    let (at, commit) = pull.merged?;
    let (branch, n) = (&view.snapshot.tips.branch, issue.number);
    let why = format!("{} was merged as {}, and `{branch}` does not hold that", pull.number, commit.short());
    let until = at.saturating_add(LANDING).unwrap_or(at);
    // Later work on an issue that is open again goes its own way, once it is no mere lag. One that is closed was closed by
    // the merge, which is no word of a person.
    let later = |other: &PullFacts| other.state == PullState::Open && other.created > at;
    let goes_on = issue.state == IssueState::Open && issue.pulls.iter().any(later);
    if view.snapshot.now >= until && goes_on {
        return None;
    }
    let outcome = if view.snapshot.now < until {
        let waiting = Waiting { why: format!("{why} yet"), actor: Actor::Forge, until: Some(until) };
        Outcome::Wait { waiting }
    } else {
        let lifts = format!(
            "put {} back on `{branch}`, or reopen {n}: for another pull request to close it, or to close it as not planned",
            commit.short()
        );
        stalled(why.clone(), lifts)
    };
    Some(Owed::new(rank, stage, why, outcome).about(left::focus(view, binding)))
}

/// What is left of a merge of a planning pull request.
pub(super) fn settle_merged(
    view: View<'_>,
    binding: &Binding,
    issue: &BoundIssue,
    pull: &PullFacts,
    outcome: ItemOutcome,
) -> Outcome {
    let merge = pull.merged.map(|(_, commit)| commit);
    let fields = SettleFields { key: binding.key.clone(), pull: Some(pull.number), merge, outcome };
    let mut effects = vec![Effect::Settle { fields }];
    if issue.state == IssueState::Open && !issue.reopened {
        effects.push(Effect::CloseIssue { issue: issue.number });
    }
    effects.extend(left::branch_deletion(view, pull));
    act(ActionKind::MergePlanning, &binding.key, effects)
}

/// Bound, but the agent is not on it: the assignment is owed, or a person took it off.
fn unassigned(view: View<'_>, binding: &Binding, issue: &BoundIssue, rank: Rank, stage: Stage) -> Option<Owed> {
    match state(view, binding, issue) {
        AgentState::Assigned => None,
        AgentState::Withdrawn(login) => {
            let why =
                format!("{login} unassigned the agent from {}; it resumes when a person assigns it", issue.number);
            Some(Owed::new(rank, stage, why.clone(), wait(why, Actor::Person)))
        }
        AgentState::Never if issue.labels.iter().any(|label| label == guardrail::HOLD_LABEL) => {
            let why = format!("{} carries the label `{}`", issue.number, guardrail::HOLD_LABEL);
            Some(Owed::new(rank, stage, why.clone(), wait(why, Actor::Person)))
        }
        AgentState::Never => {
            let effects = match sending(view, binding) {
                Ok(effects) => effects,
                Err((reason, outcome)) => return Some(Owed::new(rank, stage, reason, outcome)),
            };
            if let Some(aside) = effects.iter().find_map(|effect| left::refused(view, binding, effect)) {
                return Some(Owed { rank, ..aside });
            }
            let kind = match binding.key {
                Key::Gap { .. } => ActionKind::AskGap,
                Key::Item(_) => ActionKind::Promote,
                Key::Capability(_) => ActionKind::Complete,
            };
            let reason = format!("{} is bound and the agent was never assigned to it", issue.number);
            Some(Owed::new(Rank::EffectsLeft, stage, reason, act(kind, &binding.key, effects)))
        }
    }
}

/// The assignment of the agent to an issue that was bound earlier, with what has to be mended of its text before.
pub(super) fn sending(view: View<'_>, binding: &Binding) -> Result<Vec<Effect>, (String, Outcome)> {
    let mended = mended(view, binding)?;
    Ok(mended.into_iter().chain([assign(view, &binding.key)]).collect())
}

/// Anybody may have changed a bound issue's text. One that would have the agent feed the queue is brought back to our words
/// where those are fixed; to any other nobody is sent.
pub(super) fn mended(view: View<'_>, binding: &Binding) -> Result<Option<Effect>, (String, Outcome)> {
    let n = binding.issue;
    let Some(read) = view.snapshot.needs.issues.get(&n) else {
        let needs = vec![Need::Issue { number: n }];
        return Err((format!("what {n} says is looked at before the agent is sent"), Outcome::Look { needs }));
    };
    let Some(detail) = read.as_ref().and_then(|issue| issue.detail.as_ref()).filter(|detail| detail.unsafe_text) else {
        return Ok(None);
    };
    match &binding.key {
        Key::Gap { goal, capabilities, n: nth } => {
            // Ours asks for such a file, too, as the one answer that it may have.
            let text = message::gap_issue(*goal, *capabilities, *nth);
            Ok((detail.digest != text.digest()).then(|| Effect::Revise { key: binding.key.clone(), issue: n, text }))
        }
        Key::Item(_) | Key::Capability(_) => {
            let why = format!("{n} asks for a file in the queue, so nobody is sent to it");
            Err((why.clone(), stalled(why, format!("take that out of {n}, or close it as not planned"))))
        }
    }
}

/// The assignment of the agent.
pub(super) fn assign(view: View<'_>, key: &Key) -> Effect {
    Effect::Assign { key: key.clone(), login: view.policy.agent.login.clone(), base: view.snapshot.tips.branch.clone() }
}

//! Effects that a settled binding still owes: an open issue, a branch, a file in the wrong folder.
//!
//! **Guarantees**: everything is seen in the ledger, the folders and on GitHub; nothing is remembered. What GitHub
//! refused is shown and not owed while the refusal stands. What a person did since — opened the issue again, put the file
//! back — is shown and left.

use super::create;
use super::place::{Lag, copies, lag, month, move_to_processed, place};
use super::{Owed, Rank, View, act, wait};
use crate::model::{
    ActionKind, Actor, Binding, BoundIssue, Effect, Focus, Folder, IssueState, ItemOutcome, Key, Ledger, Outcome,
    PullFacts, PullState, Stage, Step, Trailers, Waiting,
};

/// What the settled bindings owe.
pub(super) fn owed(view: View<'_>, ledger: &Ledger) -> Vec<Owed> {
    ledger
        .bindings
        .values()
        .filter(|binding| binding.is_settled())
        .filter_map(|binding| of(view, ledger, binding))
        .flatten()
        .collect()
}

fn of(view: View<'_>, ledger: &Ledger, binding: &Binding) -> Option<Vec<Owed>> {
    let outcome = binding.outcome.as_ref()?;
    if let Some(unread) = unread(view, binding, Rank::Aside, stage(binding)) {
        return Some(vec![unread]);
    }
    let mut effects = Vec::new();
    let mut aside = Vec::new();
    if let Some(issue) = view.snapshot.forge.issue(binding.issue) {
        let pull = binding.pull.filter(|_| settled_by_pull(binding));
        let pull = pull.and_then(|number| issue.pulls.iter().find(|pull| pull.number == number));
        let closes = !matches!(outcome, ItemOutcome::Dropped);
        // Ours is closed before its issue: where that is closed, or was reopened, a person reopened the pull request.
        let unfinished = issue.state == IssueState::Open && !issue.reopened;
        let open = |pull: &&PullFacts| pull.state == PullState::Open && ends_unmerged(outcome);
        match pull.filter(open) {
            Some(pull) if unfinished => effects.push(Effect::ClosePull { pull: pull.number }),
            Some(pull) => {
                let why = format!("{} is open again, and {} was settled as {outcome}", pull.number, binding.key);
                aside.push(Owed::new(Rank::Aside, stage(binding), why.clone(), wait(why, Actor::Person)));
            }
            None => {}
        }
        if issue.state == IssueState::Open && issue.reopened {
            aside.push(reopened(view, binding, outcome));
        } else if closes && issue.state == IssueState::Open {
            effects.push(Effect::CloseIssue { issue: issue.number });
        }
        effects.extend(pull.and_then(|pull| branch_deletion(view, pull)));
        aside.extend(merged_late(view, binding, issue, outcome));
    }
    if let Key::Item(name) = &binding.key
        && let Some((pending, processed)) = copies(view, name)
    {
        // One of two copies goes first; with different content both stay, for a person to look at.
        if pending == processed {
            let copy = view.snapshot.planning.pending.iter().find(|item| item.name == *name);
            effects.extend(copy.map(|item| move_to_processed(view, item, Some(binding.issue))));
        } else {
            let why = format!("{name} lies in pending/ and in processed/ with different content: delete one");
            aside.push(Owed::new(Rank::Aside, stage(binding), why.clone(), wait(why, Actor::Person)));
        }
    } else if let Key::Item(name) = &binding.key {
        let moved = Effect::move_object(name, Folder::Complete, view.snapshot.signs_commits());
        match lag(view, binding, name) {
            // While a refusal stands the file stays where it is, so its history is not asked about either.
            Lag::Look(_) if view.snapshot.refusal(&moved).is_some() => {
                effects.extend(move_left(view, ledger, binding, outcome));
            }
            Lag::Behind => effects.extend(move_left(view, ledger, binding, outcome)),
            Lag::Look(need) => {
                let reason = format!("{} is settled; where {name} lay is looked up", binding.key);
                let look = Outcome::Look { needs: vec![need] };
                aside.push(Owed::new(Rank::EffectsLeft, stage(binding), reason, look).about(focus(view, binding)));
            }
            Lag::PutBack(folder) => {
                let why = format!(
                    "a person put {name} back into {folder}/ after {} was settled as {outcome}; it is not given out again: \
                     save it under a new name to have it done once more",
                    binding.issue
                );
                aside.push(Owed::new(Rank::Aside, stage(binding), why.clone(), wait(why, Actor::Person)));
            }
            Lag::None => {}
        }
    }
    aside.extend(split_refused(view, binding, effects));
    (!aside.is_empty()).then_some(aside)
}

/// The story is over in the ledger; what a person opens again is theirs.
fn reopened(view: View<'_>, binding: &Binding, outcome: &ItemOutcome) -> Owed {
    let why = format!(
        "a person reopened {} after it was settled as {outcome}; nothing more is done for it: \
         what is missing goes into a new file in planning/issue_queue/pending/",
        binding.issue
    );
    Owed::new(Rank::Aside, stage(binding), why.clone(), wait(why, Actor::Person)).about(focus(view, binding))
}

/// An item was given up, and a person merged the work on it all the same.
fn merged_late(view: View<'_>, binding: &Binding, issue: &BoundIssue, outcome: &ItemOutcome) -> Option<Owed> {
    let given_up = matches!(binding.key, Key::Item(_)) && matches!(outcome, ItemOutcome::Dropped | ItemOutcome::Closed);
    let merged = |pull: &&PullFacts| pull.state == PullState::Merged && pull.base == view.snapshot.tips.branch;
    let pull = issue.pulls.iter().filter(merged).max_by_key(|pull| pull.number).filter(|_| given_up)?;
    let why = format!(
        "{} was merged after {} was settled as {outcome}; no capability update is asked for it: write down in \
         planning/state/system_capabilities.md what it brought",
        pull.number, binding.key
    );
    Some(Owed::new(Rank::Aside, stage(binding), why.clone(), wait(why, Actor::Person)).about(focus(view, binding)))
}

/// A pull request ended the story, so that what is left of it is ours; what a person dropped or closed is theirs.
const fn settled_by_pull(binding: &Binding) -> bool {
    match (&binding.key, &binding.outcome) {
        (Key::Item(_), outcome) => matches!(outcome, Some(ItemOutcome::Merged)),
        (Key::Gap { .. } | Key::Capability(_), outcome) => {
            !matches!(outcome, None | Some(ItemOutcome::Dropped | ItemOutcome::Closed | ItemOutcome::Declined))
        }
    }
}

/// The binding's pull request was closed by us, not merged.
pub(super) const fn ends_unmerged(outcome: &ItemOutcome) -> bool {
    match outcome {
        ItemOutcome::Reached | ItemOutcome::Unchanged => true,
        ItemOutcome::Merged
        | ItemOutcome::Dropped
        | ItemOutcome::Closed
        | ItemOutcome::File(_)
        | ItemOutcome::Declined => false,
    }
}

/// Only the agent's own branch in this repository, still at the head of the pull request, and only with consent.
pub(super) fn branch_deletion(view: View<'_>, pull: &PullFacts) -> Option<Effect> {
    let tip = pull.branch_tip?;
    let ours = pull.author.is_agent() && !pull.cross_repository && tip == pull.head;
    let safe = pull.head_branch != view.snapshot.tips.branch && pull.head_branch.starts_with("copilot/");
    (ours && safe && view.policy.merge.enabled)
        .then(|| Effect::DeleteBranch { branch: pull.head_branch.clone(), head: tip })
}

/// A settled item's file belongs into `complete/`, wherever an earlier refusal left it.
fn move_left(view: View<'_>, ledger: &Ledger, binding: &Binding, outcome: &ItemOutcome) -> Option<Effect> {
    let Key::Item(name) = &binding.key else { return None };
    let step = match outcome {
        ItemOutcome::Dropped => Step::Drop,
        ItemOutcome::Merged
        | ItemOutcome::Closed
        | ItemOutcome::Unchanged
        | ItemOutcome::File(_)
        | ItemOutcome::Reached
        | ItemOutcome::Declined => Step::Complete,
    };
    let capability = ledger.bindings.get(&Key::Capability(name.clone())).map(|capability| capability.issue);
    move_to_complete(
        view,
        Trailers {
            item: name.clone(),
            step,
            issue: Some(binding.issue),
            pull: binding.pull,
            merge: binding.merge,
            capability_issue: capability,
        },
    )
}

/// The move of the trailers' item into `complete/`, from wherever it lies.
pub(super) fn move_to_complete(view: View<'_>, trailers: Trailers) -> Option<Effect> {
    let name = trailers.item.clone();
    let (from, blob) = place(view, &name)?;
    let (to, month, skip_ci) = (Folder::Complete, month(view), view.policy.commit.skip_ci);
    let signed = view.snapshot.signs_commits();
    Some(Effect::Move { name, from, to, month, blob, skip_ci, signed, trailers })
}

/// What was refused is told aside; the rest is one action of the kind whose effects they are.
fn split_refused(view: View<'_>, binding: &Binding, effects: Vec<Effect>) -> Vec<Owed> {
    let mut owed = Vec::new();
    let mut left = Vec::new();
    for effect in effects {
        match refused(view, binding, &effect) {
            Some(aside) => owed.push(aside),
            None => left.push(effect),
        }
    }
    let (moves, closings): (Vec<Effect>, Vec<Effect>) =
        left.into_iter().partition(|effect| matches!(effect, Effect::Move { .. }));
    for effects in [closings, moves] {
        if let Some(first) = effects.first() {
            let reason = format!("{} is settled; {first} is still owed", binding.key);
            let outcome = act(kind(binding, first), &binding.key, effects);
            owed.push(Owed::new(Rank::EffectsLeft, stage(binding), reason, outcome).about(focus(view, binding)));
        }
    }
    owed
}

/// What was done, or perhaps done, and no list shows yet.
pub(super) fn unseen(view: View<'_>, effect: &Effect) -> Option<Waiting> {
    let at = view.snapshot.sent(&effect.object())?;
    let until = at.saturating_add(create::window(view)).ok()?;
    let why = format!("sent at {at}, and no list shows it yet: {effect}");
    // A time that is far ahead is of a clock that was set since.
    let waits = view.snapshot.now < until && at <= view.snapshot.now;
    waits.then_some(Waiting { why, actor: Actor::Forge, until: Some(until) })
}

/// An effect that GitHub refused, as it is shown while the refusal stands.
pub(super) fn refused(view: View<'_>, binding: &Binding, effect: &Effect) -> Option<Owed> {
    let refusal = view.snapshot.refusal(&effect.object())?;
    let (until, actor) = (Some(refusal.until()), Actor::Person);
    let why = match effect {
        Effect::Move { to: Folder::Processed, .. } => format!("promoted, file not moved: {}", refusal.why),
        Effect::Move { .. } => format!("settled, file not moved: {}", refusal.why),
        Effect::Baseline
        | Effect::Attempt { .. }
        | Effect::Create { .. }
        | Effect::Revise { .. }
        | Effect::Restate { .. }
        | Effect::Bind { .. }
        | Effect::Assign { .. }
        | Effect::Mark { .. }
        | Effect::Merge { .. }
        | Effect::Settle { .. }
        | Effect::ClosePull { .. }
        | Effect::CloseIssue { .. }
        | Effect::CloseDuplicate { .. }
        | Effect::DeleteBranch { .. }
        | Effect::Comment { .. }
        | Effect::Redispatch { .. }
        | Effect::Unassign { .. }
        | Effect::UpdateBranch { .. }
        | Effect::Approve { .. }
        | Effect::Rerun { .. }
        | Effect::Link { .. } => format!("refused to {effect}: {}", refusal.why),
    };
    let outcome = Outcome::Wait { waiting: Waiting { why: why.clone(), actor, until } };
    Some(Owed::new(Rank::Aside, stage(binding), why, outcome).about(focus(view, binding)))
}

/// Whose effect it is: of a merged item the closings belong to the merge, the move to the completion.
fn kind(binding: &Binding, effect: &Effect) -> ActionKind {
    match (&binding.key, &binding.outcome) {
        (Key::Item(_), Some(ItemOutcome::Merged)) if matches!(effect, Effect::Move { .. }) => ActionKind::Complete,
        (Key::Item(_), Some(ItemOutcome::Merged)) => ActionKind::MergeDevelopment,
        (Key::Item(_), _) | (_, Some(ItemOutcome::Declined | ItemOutcome::Dropped | ItemOutcome::Closed)) => {
            ActionKind::Drop
        }
        (Key::Gap { .. } | Key::Capability(_), Some(ItemOutcome::Reached | ItemOutcome::Unchanged)) => {
            ActionKind::CloseEmpty
        }
        (Key::Gap { .. } | Key::Capability(_), Some(ItemOutcome::Merged | ItemOutcome::File(_)) | None) => {
            ActionKind::MergePlanning
        }
    }
}

fn stage(binding: &Binding) -> Stage {
    match (&binding.key, binding.is_settled()) {
        (Key::Gap { .. }, _) => Stage::GapReady,
        (Key::Capability(_), _) => Stage::CapabilityReady,
        (Key::Item(_), true) => Stage::CapabilityOwed,
        (Key::Item(_), false) => Stage::DevelopmentInWork,
    }
}

/// The focus that a binding makes.
pub(super) fn focus(view: View<'_>, binding: &Binding) -> Focus {
    let issue = view.snapshot.forge.issue(binding.issue);
    let open =
        |issue: &BoundIssue| issue.pulls.iter().find(|pull| pull.state == PullState::Open).map(|pull| pull.number);
    Focus {
        key: binding.key.clone(),
        title: issue.map_or_else(|| binding.key.to_string(), |issue| issue.title.clone()),
        issue: Some(binding.issue),
        pull: binding.pull.or_else(|| issue.and_then(open)),
    }
}

/// An issue that GitHub told in part: nothing is decided about it on what is left out.
pub(super) fn unread(view: View<'_>, binding: &Binding, rank: Rank, stage: Stage) -> Option<Owed> {
    let why = view.snapshot.forge.issue(binding.issue)?.unread.as_ref()?;
    let why = format!("GitHub told {} in part only: {}", binding.issue, crate::text::one_line(why, 200));
    Some(Owed::new(rank, stage, why.clone(), wait(why, Actor::Forge)).about(focus(view, binding)))
}

/// A binding whose issue GitHub no longer shows.
pub(super) fn vanished(view: View<'_>, binding: &Binding, rank: Rank, stage: Stage) -> Owed {
    let (why, outcome) = if view.snapshot.forge.gone.contains(&binding.node) {
        let why = format!("{} of {} was deleted or transferred to another repository", binding.issue, binding.key);
        let lifts = "transfer it back, or give it up with `orchestrator adopt`, which settles it as dropped";
        (why.clone(), super::stalled(why, lifts))
    } else {
        let why = format!("{} of {} was not part of this look", binding.issue, binding.key);
        (why.clone(), wait(why, Actor::Engine))
    };
    Owed::new(rank, stage, why, outcome).about(focus(view, binding))
}

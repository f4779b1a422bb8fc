//! Queue items that are bound and not settled: promotion left over, in work, ready, merged, closed by a person.
//!
//! **Guarantees**: completion follows from "a linked pull request is merged", never from who merged it or when; the
//! capability update is owed once an item. What a person holds or takes back is shown and left.

use super::create::{Plan, outcome};
use super::guardrail::{self, PullKind};
use super::place::{self, Lag};
use super::planning_issue::{assign, merged, sending, unlanded};
use super::progress::{AgentState, Phase, agent_state, is_answered, progress, state};
use super::{Owed, Rank, View, act, left, redispatch, wait};
use crate::message;
use crate::model::{
    ActionKind, Actor, Binding, BoundIssue, Effect, Folder, IssueState, ItemName, ItemOutcome, Key, Ledger, Need,
    Outcome, PullFacts, QueueItem, SettleFields, Stage, Step, Trailers,
};

/// What the unsettled items owe.
pub(super) fn owed(view: View<'_>, ledger: &Ledger) -> Vec<Owed> {
    let mut owed = Vec::new();
    for binding in ledger.unsettled() {
        if let Key::Item(name) = &binding.key {
            owed.extend(of(view, ledger, binding, name));
        }
    }
    owed
}

fn of(view: View<'_>, ledger: &Ledger, binding: &Binding, name: &ItemName) -> Vec<Owed> {
    let Some(issue) = view.snapshot.forge.issue(binding.issue) else {
        return vec![left::vanished(view, binding, Rank::DevelopmentInWork, Stage::DevelopmentInWork)];
    };
    if let Some(unread) = left::unread(view, binding, Rank::DevelopmentInWork, Stage::DevelopmentInWork) {
        return vec![unread];
    }
    if let Some(unlanded) = unlanded(view, binding, issue, (Rank::DevelopmentInWork, Stage::DevelopmentReady)) {
        return vec![unlanded];
    }
    let focus = left::focus(view, binding);
    if let Some(owed) = ended(view, ledger, binding, issue, name) {
        return vec![owed.about(focus)];
    }
    if let Some(owed) = redispatch::left(view, binding, issue, Stage::DevelopmentInWork) {
        return vec![owed.about(focus)];
    }
    let mut owed: Vec<Owed> =
        promotion_left(view, binding, issue, name).into_iter().map(|o| o.about(focus.clone())).collect();
    if owed.iter().any(|owed| owed.rank == Rank::EffectsLeft) {
        return owed;
    }
    if let Some(why) = held(issue).filter(|_| agent_state(issue) == AgentState::Never) {
        owed.push(Owed::new(Rank::Aside, Stage::DevelopmentInWork, why.clone(), wait(why, Actor::Person)).about(focus));
        return owed;
    }
    // Nobody was sent, and what stands in the way of it was said: nobody is waited for either.
    let unsent = agent_state(issue) == AgentState::Never && !is_answered(issue);
    let stands = |owed: &&mut Owed| match &owed.obligation.outcome {
        Outcome::Wait { waiting } => waiting.until.is_some(),
        Outcome::Stalled { .. } => true,
        Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Blocked { .. } | Outcome::Rest { .. } => false,
    };
    if let Some(refused) = owed.iter_mut().find(|owed| unsent && stands(owed)) {
        (refused.rank, refused.obligation.stage) = (Rank::DevelopmentInWork, Stage::DevelopmentInWork);
        return owed;
    }
    if let AgentState::Withdrawn(login) = state(view, binding, issue) {
        let why = format!("{login} unassigned the agent from {}; it resumes when a person assigns it", issue.number);
        owed.push(Owed::new(Rank::Aside, Stage::DevelopmentInWork, why.clone(), wait(why, Actor::Person)).about(focus));
        return owed;
    }
    let progress = progress(view, binding, issue, PullKind::Development);
    let (rank, stage) = match progress.phase {
        Phase::Asked | Phase::InWork => (Rank::DevelopmentInWork, Stage::DevelopmentInWork),
        Phase::Ready => (Rank::DevelopmentReady, Stage::DevelopmentReady),
    };
    let mut in_work = Owed::new(rank, stage, progress.reason, progress.outcome).about(focus);
    in_work.obligation.evidence = progress.evidence;
    if place::is_gone(view, name) {
        in_work = in_work.because(name.to_string(), "lies in no queue folder; the issue decides");
    } else if view.snapshot.planning.complete.contains(name) {
        in_work = in_work.because(name.to_string(), "lies in complete/ already; the issue decides");
    } else if edited(view, binding, name) {
        let said = format!("was edited after it was given out; the agent goes by what {} says", issue.number);
        in_work = in_work.because(name.to_string(), said);
    }
    owed.push(in_work);
    owed
}

/// Whether the file in `processed/` is another one than was bound.
fn edited(view: View<'_>, binding: &Binding, name: &ItemName) -> bool {
    let entry = view.snapshot.planning.processed.iter().find(|entry| entry.name == *name);
    entry.is_some_and(|entry| binding.blob.is_some_and(|blob| blob != entry.blob))
}

/// A person's label: nothing of the item is assigned, made ready or merged.
fn held(issue: &BoundIssue) -> Option<String> {
    let held = issue.labels.iter().any(|label| label == guardrail::HOLD_LABEL);
    held.then(|| {
        format!(
            "{} is held by its label `{}`; it goes on when the label is taken off",
            issue.number,
            guardrail::HOLD_LABEL
        )
    })
}

/// Assignment and move of a promotion that did not get that far.
fn promotion_left(view: View<'_>, binding: &Binding, issue: &BoundIssue, name: &ItemName) -> Vec<Owed> {
    let mut owed = Vec::new();
    let mut effects = Vec::new();
    let item = view.snapshot.planning.pending.iter().find(|item| item.name == *name);
    let mut planned = Vec::new();
    let mut needs = Vec::new();
    if agent_state(issue) == AgentState::Never && held(issue).is_none() {
        match revision(view, binding, item) {
            Revision::None => match sending(view, binding) {
                Ok(effects) => planned.extend(effects),
                Err((_, Outcome::Look { needs: more })) => needs.extend(more),
                Err((reason, outcome)) => owed.push(Owed::new(Rank::Aside, Stage::DevelopmentInWork, reason, outcome)),
            },
            Revision::Look(need) => needs.push(need),
            // Nobody is sent to a text that is outdated, also while its revision is refused.
            Revision::Owed(effects) => {
                let refused = effects.iter().find_map(|effect| left::refused(view, binding, effect));
                match refused {
                    Some(aside) => owed.push(aside),
                    None => planned.extend(effects.into_iter().chain([assign(view, &binding.key)])),
                }
            }
        }
    }
    match item.map(|item| (item, file(view, binding, item))) {
        None | Some((_, File::InPlace)) => {}
        Some((_, File::Look(need))) => needs.push(need),
        Some((item, File::Behind)) => planned.push(place::move_to_processed(view, item, Some(binding.issue))),
        Some((_, File::Shown(why))) => {
            owed.push(Owed::new(Rank::Aside, Stage::DevelopmentInWork, why.clone(), wait(why, Actor::Person)));
        }
    }
    if !needs.is_empty() {
        let reason = format!("the promotion of {name} is looked at");
        return vec![Owed::new(Rank::EffectsLeft, Stage::Promotion, reason, Outcome::Look { needs })];
    }
    for effect in planned {
        match left::refused(view, binding, &effect) {
            Some(aside) => owed.push(aside),
            None => effects.push(effect),
        }
    }
    if let Some(first) = effects.first() {
        let reason = format!("the promotion of {name} is unfinished: {first}");
        owed.push(Owed::new(
            Rank::EffectsLeft,
            Stage::Promotion,
            reason,
            act(ActionKind::Promote, &binding.key, effects),
        ));
    }
    owed
}

/// Whether the issue's text is outdated before anybody was sent to it.
enum Revision {
    None,
    Look(Need),
    /// The revision, and its record.
    Owed(Vec<Effect>),
}

fn revision(view: View<'_>, binding: &Binding, item: Option<&QueueItem>) -> Revision {
    let Some(item) = item.filter(|item| binding.blob.is_some_and(|blob| blob != item.blob)) else {
        return Revision::None;
    };
    match view.snapshot.needs.bodies.get(&item.blob) {
        None => Revision::Look(Need::ItemBody { blob: item.blob }),
        Some(body) => {
            let text = message::development_issue(item, body);
            let key = || binding.key.clone();
            let revise = Effect::Revise { key: key(), issue: binding.issue, text };
            Revision::Owed(vec![revise, Effect::Restate { key: key(), blob: item.blob }])
        }
    }
}

/// What is to become of the file of a bound item that lies in `pending/`.
enum File {
    InPlace,
    Look(Need),
    Behind,
    Shown(String),
}

fn file(view: View<'_>, binding: &Binding, item: &QueueItem) -> File {
    let (name, issue) = (&item.name, binding.issue);
    if let Some((pending, processed)) = place::copies(view, name) {
        if pending == processed {
            return File::Behind;
        }
        let why = format!(
            "{name} lies in pending/ and in processed/ with different content, and {issue} is bound to it: delete one"
        );
        return File::Shown(why);
    }
    let moved = Effect::move_object(name, Folder::Processed, view.snapshot.signs_commits());
    if view.snapshot.refusal(&moved).is_some() {
        return File::Behind;
    }
    match place::lag(view, binding, name) {
        Lag::None => File::InPlace,
        Lag::Look(need) => File::Look(need),
        Lag::Behind => File::Behind,
        Lag::PutBack(folder) => File::Shown(format!(
            "a person put {name} back into {folder}/; it is bound to {issue} and not given out again: \
             move it to processed/, or close {issue} as not planned and save the file under a new name"
        )),
    }
}

/// Merged by anyone, or closed by a person.
fn ended(view: View<'_>, ledger: &Ledger, binding: &Binding, issue: &BoundIssue, name: &ItemName) -> Option<Owed> {
    if let Some(pull) = merged(view, issue) {
        return Some(merge_left(view, binding, issue, pull).unwrap_or_else(|| {
            let reason = format!("{} was merged; {name} is complete and owes its capability update", pull.number);
            match another_update(ledger, name) {
                Some(other) => {
                    let why =
                        format!("{name} is complete; its capability update is asked once {} is settled", other.key);
                    let outcome = wait("capability updates write one document, so they go one by one", Actor::Agent);
                    Owed::new(Rank::Capability, Stage::CapabilityOwed, why, outcome)
                }
                None => {
                    let outcome = complete(view, ledger, binding, issue, name, pull);
                    Owed::new(Rank::Capability, Stage::CapabilityOwed, reason, outcome)
                }
            }
        }));
    }
    let (outcome, step) = match issue.state {
        IssueState::Open => return None,
        IssueState::NotPlanned => (ItemOutcome::Dropped, Step::Drop),
        IssueState::Completed => (ItemOutcome::Closed, Step::Complete),
    };
    let reason = format!("a person closed {} without a merged pull request: {name} is {outcome}", issue.number);
    let fields = SettleFields { key: binding.key.clone(), pull: None, merge: None, outcome };
    let mut effects = vec![Effect::Settle { fields }];
    effects.extend(left::move_to_complete(view, trailers(binding, name, step, None)));
    let outcome = act(ActionKind::Drop, &binding.key, effects);
    Some(Owed::new(Rank::EffectsLeft, Stage::DevelopmentInWork, reason, outcome))
}

/// An unsettled capability update of another item. Two at once would conflict in the one document that both write.
fn another_update<'a>(ledger: &'a Ledger, name: &ItemName) -> Option<&'a Binding> {
    ledger.unsettled().find(|binding| matches!(&binding.key, Key::Capability(other) if other != name))
}

/// Closing and branch deletion of a merge that did not get that far.
fn merge_left(view: View<'_>, binding: &Binding, issue: &BoundIssue, pull: &PullFacts) -> Option<Owed> {
    let close =
        (issue.state == IssueState::Open && !issue.reopened).then_some(Effect::CloseIssue { issue: issue.number });
    let effects: Vec<Effect> = close
        .into_iter()
        .chain(left::branch_deletion(view, pull))
        .filter(|effect| left::refused(view, binding, effect).is_none())
        .collect();
    let reason = format!("{} was merged; {} is still owed", pull.number, effects.first()?);
    let outcome = act(ActionKind::MergeDevelopment, &binding.key, effects);
    Some(Owed::new(Rank::EffectsLeft, Stage::DevelopmentReady, reason, outcome))
}

fn trailers(binding: &Binding, name: &ItemName, step: Step, pull: Option<&PullFacts>) -> Trailers {
    Trailers {
        item: name.clone(),
        step,
        issue: Some(binding.issue),
        pull: pull.map(|pull| pull.number),
        merge: pull.and_then(|pull| pull.merged).map(|(_, commit)| commit),
        capability_issue: None,
    }
}

fn complete(
    view: View<'_>,
    ledger: &Ledger,
    binding: &Binding,
    issue: &BoundIssue,
    name: &ItemName,
    newest: &PullFacts,
) -> Outcome {
    let snapshot = view.snapshot;
    let mut pulls: Vec<&PullFacts> =
        issue.pulls.iter().filter(|pull| pull.merged.is_some() && pull.base == snapshot.tips.branch).collect();
    pulls.sort_by_key(|pull| pull.merged);
    let missing = |pull: &&&PullFacts| !snapshot.needs.discussions.contains_key(&pull.number);
    let mut needs: Vec<Need> =
        pulls.iter().filter(missing).map(|pull| Need::Discussion { pull: pull.number }).collect();
    let key = Key::Capability(name.clone());
    if !needs.is_empty() {
        needs.push(Need::OwnIssues { key });
        return Outcome::Look { needs };
    }
    let quoted: Vec<message::MergedPull<'_>> = pulls
        .iter()
        .filter_map(|pull| {
            let (_, merge) = pull.merged?;
            let discussion = snapshot.needs.discussions.get(&pull.number)?;
            Some(message::MergedPull { number: pull.number, merge, title: &pull.title, discussion })
        })
        .collect();
    let merge = newest.merged.map(|(_, commit)| commit);
    let settles =
        SettleFields { key: binding.key.clone(), pull: Some(newest.number), merge, outcome: ItemOutcome::Merged };
    let moved = left::move_to_complete(view, trailers(binding, name, Step::Complete, Some(newest)));
    let then: Vec<Effect> = moved.into_iter().collect();
    if ledger.bindings.contains_key(&key) {
        // Bind and settle are one ledger commit; only a hand in the ledger parts them.
        let settle = Effect::Settle { fields: settles };
        return act(ActionKind::Complete, &binding.key, [settle].into_iter().chain(then).collect());
    }
    let plan = Plan {
        kind: ActionKind::Complete,
        key,
        text: message::capability_issue(&snapshot.repository, &issue.title, name, &quoted),
        blob: binding.blob,
        settles: Some(settles),
        then,
    };
    outcome(view, ledger, plan)
}

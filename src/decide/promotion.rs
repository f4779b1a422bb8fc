//! Which queue item may be promoted now, and files that nobody promoted.
//!
//! **Guarantees**: in the order of the format; a quarantined, held or dependent item never blocks the next one, and one
//! that waits for what will never be complete names a person; nothing
//! starts beyond `max_in_flight`, nor while a gap analysis or a capability update is unsettled.

use super::create::{Plan, outcome};
use super::{Owed, Rank, View, place, stalled, wait};
use crate::message;
use crate::model::{
    ActionKind, Actor, Binding, BlobId, Focus, Folder, ItemName, ItemOutcome, Key, Ledger, Need, Outcome, QueueItem,
    Stage,
};
use std::collections::BTreeSet;

/// The next promotion, if any, and what is in the way of the others.
pub(super) fn owed(view: View<'_>, ledger: &Ledger, idle: &BTreeSet<Key>) -> Vec<Owed> {
    let mut owed: Vec<Owed> = unbound(view, ledger);
    owed.extend(view.snapshot.planning.pending.iter().filter_map(|item| aside(view, ledger, item)));
    if let Some(item) = promotable(view, ledger).next() {
        owed.push(next(view, ledger, idle, item));
    }
    owed
}

/// Pending items that nothing but their turn holds back.
pub(super) fn promotable<'a>(view: View<'a>, ledger: &'a Ledger) -> impl Iterator<Item = &'a QueueItem> {
    let free = move |item: &&QueueItem| {
        !ledger.bindings.contains_key(&Key::Item(item.name.clone())) && set_aside(view, ledger, item).is_none()
    };
    view.snapshot
        .planning
        .pending
        .iter()
        .filter(free)
        .filter(move |item| !item.hold && missing(view, ledger, item).is_none())
}

/// Why an unbound item is not to be given out as it is.
pub(super) fn set_aside(view: View<'_>, ledger: &Ledger, item: &QueueItem) -> Option<String> {
    let (name, planning) = (&item.name, &view.snapshot.planning);
    if let Some(binding) = used(ledger, item) {
        return Some(reused(name, binding));
    }
    let folded = name.folded();
    if let Some(other) = planning.complete.iter().find(|other| other.folded() == folded) {
        return Some(format!("{name} is set aside: complete/ holds {other}; save it under a new name"));
    }
    if planning.processed.iter().any(|entry| entry.name == *name) {
        return Some(format!("{name} is set aside: it lies in processed/, too"));
    }
    let binding = renamed(view, ledger, item.blob)?;
    let (key, issue) = (&binding.key, binding.issue);
    Some(format!(
        "{name} is set aside: it is {key} under another name, which {issue} is bound to; delete it, or it is given out \
         once more when that is settled"
    ))
}

fn reused(name: &ItemName, binding: &Binding) -> String {
    format!("{name} is set aside: its name was already used by {}; save it under a new name", binding.issue)
}

/// An item in work whose file is gone and had this content.
fn renamed<'a>(view: View<'_>, ledger: &'a Ledger, blob: BlobId) -> Option<&'a Binding> {
    ledger.unsettled().find(|binding| is_renamed(view, binding, blob))
}

/// A settled item whose file is gone and had this content.
fn renamed_and_settled<'a>(view: View<'_>, ledger: &'a Ledger, blob: BlobId) -> Option<&'a Binding> {
    ledger.bindings.values().find(|binding| binding.is_settled() && is_renamed(view, binding, blob))
}

fn is_renamed(view: View<'_>, binding: &Binding, blob: BlobId) -> bool {
    match &binding.key {
        Key::Item(name) => binding.blob == Some(blob) && place::is_gone(view, name),
        Key::Gap { .. } | Key::Capability(_) => false,
    }
}

/// A binding of the same name in another spelling.
fn used<'a>(ledger: &'a Ledger, item: &QueueItem) -> Option<&'a Binding> {
    let folded = item.name.folded();
    ledger.bindings.values().find(|binding| matches!(&binding.key, Key::Item(name) if name.folded() == folded))
}

/// The first dependency that is not complete.
fn missing<'a>(view: View<'_>, ledger: &Ledger, item: &'a QueueItem) -> Option<&'a ItemName> {
    item.depends_on.iter().find(|name| missing_one(view, ledger, name))
}

fn missing_one(view: View<'_>, ledger: &Ledger, name: &ItemName) -> bool {
    let settled = ledger.bindings.get(&Key::Item(name.clone())).and_then(|binding| binding.outcome.as_ref());
    let done = matches!(settled, Some(ItemOutcome::Merged | ItemOutcome::Closed));
    !done && !view.snapshot.planning.complete.contains(name)
}

/// Why a dependency that is not complete never will be by itself.
fn never(view: View<'_>, ledger: &Ledger, item: &QueueItem, name: &ItemName) -> Option<&'static str> {
    let planning = &view.snapshot.planning;
    let lies = planning.pending.iter().any(|other| other.name == *name)
        || planning.quarantined.iter().any(|(other, _)| other == name)
        || planning.has(Folder::Processed, name);
    match ledger.bindings.get(&Key::Item(name.clone())) {
        None if !lies => return Some("lies in no queue folder"),
        Some(binding) if binding.is_settled() => return Some("was given up"),
        None | Some(_) => {}
    }
    // Every file once, so that a circle ends.
    let (mut open, mut seen) = (vec![name], BTreeSet::new());
    while let Some(name) = open.pop() {
        if *name == item.name {
            return Some("waits for it in turn");
        }
        if seen.insert(name)
            && let Some(other) = planning.pending.iter().find(|other| other.name == *name)
        {
            open.extend(other.depends_on.iter().filter(|next| missing_one(view, ledger, next)));
        }
    }
    None
}

fn focus(item: &QueueItem) -> Focus {
    Focus { key: Key::Item(item.name.clone()), title: item.title.clone(), issue: None, pull: None }
}

/// Held, dependent and re-used items are shown, never promoted.
fn aside(view: View<'_>, ledger: &Ledger, item: &QueueItem) -> Option<Owed> {
    let (why, actor) = if let Some(binding) = ledger.bindings.get(&Key::Item(item.name.clone())) {
        let again = view.snapshot.planning.complete.contains(&item.name);
        (again.then(|| reused(&item.name, binding))?, Actor::Person)
    } else if let Some(why) = set_aside(view, ledger, item) {
        (why, Actor::Person)
    } else if item.hold {
        (format!("{} is held by its front-matter; it goes on when `hold` is taken out", item.name), Actor::Person)
    } else {
        let name = missing(view, ledger, item)?;
        match never(view, ledger, item, name) {
            Some(how) => (format!("{} waits for {name}, which {how}: mend its `depends_on`", item.name), Actor::Person),
            None => (format!("{} waits for {name}, which is not complete", item.name), Actor::Engine),
        }
    };
    Some(Owed::new(Rank::Aside, Stage::Promotion, why.clone(), wait(why, actor)).about(focus(item)))
}

fn next(view: View<'_>, ledger: &Ledger, idle: &BTreeSet<Key>, item: &QueueItem) -> Owed {
    let limit = view.policy.pacing.max_in_flight;
    let in_flight = in_flight(ledger, idle);
    let planning = |binding: &&Binding| !matches!(binding.key, Key::Item(_)) && !idle.contains(&binding.key);
    let unsettled = ledger.unsettled().find(planning);
    let (reason, outcome) = if in_flight >= limit {
        let why = format!("{} is next; {in_flight} of at most {limit} items are in flight", item.name);
        (why.clone(), wait(why, Actor::Agent))
    } else if let Some(binding) = unsettled.filter(|_| limit <= 1) {
        let why = format!("{} is next, once {} is settled", item.name, binding.key);
        (why.clone(), wait(why, Actor::Agent))
    } else {
        let room = match in_flight {
            0 => "nothing is in flight".to_owned(),
            some => format!("only {some} of at most {limit} items are in flight"),
        };
        (format!("{} is the next queue item and {room}", item.name), promote(view, ledger, item))
    };
    Owed::new(Rank::Promotion, Stage::Promotion, reason, outcome)
        .about(focus(item))
        .because(
            "planning/issue_queue/pending",
            format!("{} file(s) may be promoted", promotable(view, ledger).count()),
        )
        .because("in flight", format!("{in_flight} of {limit}"))
}

fn promote(view: View<'_>, ledger: &Ledger, item: &QueueItem) -> Outcome {
    let Some(body) = view.snapshot.needs.bodies.get(&item.blob) else {
        let key = Key::Item(item.name.clone());
        return Outcome::Look { needs: vec![Need::ItemBody { blob: item.blob }, Need::OwnIssues { key }] };
    };
    let plan = Plan {
        kind: ActionKind::Promote,
        key: Key::Item(item.name.clone()),
        text: message::development_issue(item, body),
        blob: Some(item.blob),
        settles: None,
        then: vec![place::move_to_processed(view, item, None)],
    };
    outcome(view, ledger, plan)
}

/// How many items are in work: bound, unsettled, and not waiting for a person alone.
fn in_flight(ledger: &Ledger, idle: &BTreeSet<Key>) -> u32 {
    let items = ledger.unsettled().filter(|binding| matches!(binding.key, Key::Item(_)));
    let active = items.filter(|binding| !idle.contains(&binding.key));
    u32::try_from(active.count()).unwrap_or(u32::MAX)
}

/// Files in `processed/` that the ledger doesn't know: a predecessor's, or a person's.
pub(super) fn unbound(view: View<'_>, ledger: &Ledger) -> Vec<Owed> {
    let unknown = view
        .snapshot
        .planning
        .processed
        .iter()
        .filter(|entry| !ledger.bindings.contains_key(&Key::Item(entry.name.clone())));
    unknown
        .map(|entry| {
            if let Some(binding) = renamed(view, ledger, entry.blob) {
                let why = format!("{} is {} under another name", entry.name, binding.key);
                let lifts = format!("give it its name back; {} goes on meanwhile", binding.issue);
                return Owed::new(Rank::Unbound, Stage::DevelopmentInWork, why.clone(), stalled(why, lifts));
            }
            if let Some(binding) = renamed_and_settled(view, ledger, entry.blob) {
                let why = format!("{} is {} under another name, and that is settled", entry.name, binding.key);
                let lifts = "move it to complete/, or back to pending/ to have it done once more";
                return Owed::new(Rank::Unbound, Stage::DevelopmentInWork, why.clone(), stalled(why, lifts));
            }
            let why = format!("{} lies in processed/ and no issue is bound to it", entry.name);
            let lifts = "settle it with `orchestrator adopt`, or move the file back to pending/";
            Owed::new(Rank::Unbound, Stage::DevelopmentInWork, why.clone(), stalled(why, lifts))
        })
        .collect()
}

//! How a story ended, in a form in which two runs of it can be compared, and what must hold whatever happened.
//!
//! Numbers, times and object ids differ between two runs of one story, above all when one of them made an issue twice;
//! they are left out. What was made twice and closed again is left out, too, once it is sure that nobody was sent to it.

use orchestrator::model::{CommentMarker, Folder, Key, Ledger, Planning, Snapshot};
use orchestrator::sim::world::{AGENT, StateReason, Subject, What, World};
use std::collections::BTreeSet;

/// A text that would have the loop feed itself.
pub const ENDLESS: &str = "Open a pull request that adds exactly one new file under planning/issue_queue/pending/.";

/// The end of a story, a line a fact, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending(pub Vec<String>);

/// The end as ledger, folders and GitHub show it.
pub fn ending(world: &World, snapshot: &Snapshot) -> Ending {
    let ledger = snapshot.ledger.clone().unwrap_or_default();
    let mut lines = Vec::new();
    lines.extend(bindings(&ledger));
    lines.extend(folders(&snapshot.planning));
    lines.extend(subjects(world, &ledger));
    lines.extend(branches(world));
    lines.push(format!("attempt stands: {}", ledger.attempt.is_some()));
    lines.sort();
    Ending(lines)
}

fn name(key: &Key) -> String {
    match key {
        Key::Item(name) => format!("item {name}"),
        Key::Capability(name) => format!("capability {name}"),
        Key::Gap { n, .. } => format!("gap n={n}"),
    }
}

fn bindings(ledger: &Ledger) -> Vec<String> {
    let told = ledger.bindings.values().map(|binding| {
        let outcome = binding.outcome.as_ref().map_or_else(|| "unsettled".to_owned(), ToString::to_string);
        format!(
            "bound {} {outcome} pull={} merge={}",
            name(&binding.key),
            binding.pull.is_some(),
            binding.merge.is_some()
        )
    });
    told.collect()
}

fn folders(planning: &Planning) -> Vec<String> {
    let pending = planning.pending.iter().map(|item| (Folder::Pending, &item.name));
    let aside = planning.quarantined.iter().map(|(name, _)| (Folder::Pending, name));
    let processed = planning.processed.iter().map(|entry| (Folder::Processed, &entry.name));
    let complete = planning.complete.iter().map(|name| (Folder::Complete, name));
    pending
        .chain(aside)
        .chain(processed)
        .chain(complete)
        .map(|(folder, name)| format!("file {folder}/{name}"))
        .collect()
}

/// Numbers in titles name other issues.
fn plain(title: &str) -> String {
    title.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect::<String>().replace("00", "0")
}

/// Whether it is one that was made twice and closed again, untouched.
fn swept(subject: &Subject, bound: &BTreeSet<u64>) -> bool {
    subject.pull.is_none()
        && !bound.contains(&subject.number)
        && subject.body.starts_with("<!-- orchestrator")
        && subject.reason == Some(StateReason::NotPlanned)
        && assigned(subject) == 0
}

/// How often the agent was sent to it.
pub fn assigned(subject: &Subject) -> usize {
    subject.events.iter().filter(|event| event.what == What::Assigned(AGENT)).count()
}

/// What was said to it by us, and whether its description was put right.
fn said(subject: &Subject) -> Vec<&'static str> {
    let kind = |about: CommentMarker| match about {
        CommentMarker::Nudge { .. } => "go on",
        CommentMarker::Feedback { .. } => "feedback",
        CommentMarker::Link { .. } => "linked",
    };
    let ours = subject.comments.iter().filter_map(|comment| CommentMarker::leading(&comment.body));
    let mut said: Vec<&str> = ours.map(kind).collect();
    said.extend(subject.body.contains("<!-- orchestrator:link").then_some("described"));
    said.sort_unstable();
    said
}

fn subjects(world: &World, ledger: &Ledger) -> Vec<String> {
    let bound: BTreeSet<u64> = ledger.bindings.values().map(|binding| binding.issue.0).collect();
    let kept = world.subjects().filter(|subject| !swept(subject, &bound));
    let told = kept.map(|subject| {
        let kind = if subject.pull.is_some() { "pull request" } else { "issue" };
        let merged = subject.pull.as_ref().is_some_and(|pull| pull.merged.is_some());
        let state =
            if merged { "merged".to_owned() } else { format!("open={} {:?}", subject.is_open(), subject.reason) };
        let labels: Vec<&str> =
            subject.labels.iter().filter_map(|id| world.label(*id)).map(|label| label.name.as_str()).collect();
        let said = said(subject);
        format!("{kind} \"{}\" {state} {labels:?} sent {}x, said {said:?}", plain(&subject.title), assigned(subject))
    });
    told.collect()
}

fn branches(world: &World) -> Vec<String> {
    let names = world.references().keys().filter_map(|name| name.strip_prefix("refs/heads/"));
    names.map(|name| format!("branch {}", plain(name))).collect()
}

/// What must hold whatever happened: at most one issue bound a key (the ledger's form), nobody sent to an unbound one, nobody
/// sent twice, nobody sent to a text that would have the loop feed itself, no file in two folders, no duplicate left open.
pub fn check(world: &World, snapshot: &Snapshot) -> Result<(), String> {
    let ledger = snapshot.ledger.clone().unwrap_or_default();
    let bound: BTreeSet<u64> = ledger.bindings.values().map(|binding| binding.issue.0).collect();
    let given_out = |subject: &&Subject| subject.pull.is_none() && assigned(subject) > 0;
    if let Some(endless) = world.subjects().filter(given_out).find(|subject| subject.body.contains(ENDLESS)) {
        return Err(format!("#{} was given out with a text that goes on for ever", endless.number));
    }
    if bound.len() != ledger.bindings.len() {
        return Err("one issue is bound to two keys".to_owned());
    }
    for subject in world.subjects().filter(|subject| subject.pull.is_none()) {
        let (number, sent) = (subject.number, assigned(subject));
        let again = ledger.bindings.values().any(|binding| binding.issue.0 == number && binding.redispatch.is_some());
        if sent > 1 + usize::from(again) {
            return Err(format!("the agent was sent to #{number} {sent} times"));
        }
        if sent == 1 && !bound.contains(&number) {
            return Err(format!("the agent was sent to #{number}, which nothing is bound to"));
        }
        if subject.is_open() && !bound.contains(&number) && subject.body.starts_with("<!-- orchestrator") {
            return Err(format!("#{number} is a duplicate and still open"));
        }
    }
    for subject in world.subjects() {
        let mut said = BTreeSet::new();
        let ours = subject.comments.iter().filter_map(|comment| CommentMarker::leading(&comment.body));
        if let Some(twice) = ours.into_iter().find(|about| !said.insert(about.clone())) {
            return Err(format!("#{} carries {twice} twice", subject.number));
        }
    }
    let mut seen = BTreeSet::new();
    match folders(&snapshot.planning)
        .into_iter()
        .map(|line| line.rsplit('/').next().unwrap_or("").to_owned())
        .find(|name| !seen.insert(name.clone()))
    {
        Some(name) => Err(format!("{name} lies in two folders")),
        None => Ok(()),
    }
}

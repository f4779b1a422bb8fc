//! Whether the next gap analysis is owed, or the loop rests.
//!
//! **Guarantees**: a question is goal, capabilities and n. Nothing is asked twice for nothing: the newest answer for the
//! present blobs decides, an answer that led nowhere is asked again at most twice, then a person is needed.

use super::create::{Plan, outcome};
use super::{Owed, Rank, View, promotion, stalled, wait};
use crate::message;
use crate::model::{ActionKind, Actor, Binding, Focus, ItemOutcome, Key, Ledger, Outcome, Stage};

/// How often one question may be asked.
const MAX_ASKED: u32 = 3;

/// The question, its answer, or why it can't be asked yet.
pub(super) fn owed(view: View<'_>, ledger: &Ledger) -> Vec<Owed> {
    let planning = &view.snapshot.planning;
    let (goal, capabilities) = (planning.goal.blob, planning.capabilities.blob);
    let evidence = |owed: Owed| {
        let text = |id: Option<crate::model::BlobId>| id.map_or_else(|| "absent".to_owned(), |id| id.short());
        owed.because("planning/vision/goal.md", text(goal))
            .because("planning/state/system_capabilities.md", text(capabilities))
    };
    let asked = newest(ledger, goal, capabilities);
    if asked.is_some_and(|binding| !binding.is_settled()) || busy(view, ledger) {
        return Vec::new();
    }
    if planning.goal_is_blank {
        let why = "nobody has written planning/vision/goal.md yet, so there is nothing to compare with";
        let lifts = "write planning/vision/goal.md, commit and push it";
        return vec![Owed::new(Rank::Question, Stage::GapOwed, why, stalled(why, lifts))];
    }
    if goal.is_none() {
        let why = "planning/vision/goal.md is not on the mainline, so there is nothing to compare with";
        return vec![Owed::new(
            Rank::Question,
            Stage::GapOwed,
            why,
            stalled(why, "write planning/vision/goal.md and commit it"),
        )];
    }
    let ask = |n: u32, reason: String| {
        let key = Key::Gap { goal, capabilities, n };
        let text = message::gap_issue(goal, capabilities, n);
        let focus = Focus { key: key.clone(), title: text.title.clone(), issue: None, pull: None };
        let plan = Plan { kind: ActionKind::AskGap, key, text, blob: None, settles: None, then: Vec::new() };
        Owed::new(Rank::Question, Stage::GapOwed, reason, outcome(view, ledger, plan)).about(focus)
    };
    let owed = match asked.and_then(|binding| Some((binding, binding.outcome.as_ref()?))) {
        None => ask(1, "nobody has compared this goal with these capabilities yet".to_owned()),
        Some((binding, answer)) => answered(view, ledger, binding, answer, ask),
    };
    vec![evidence(owed)]
}

/// The newest binding of the present question.
fn newest(
    ledger: &Ledger,
    goal: Option<crate::model::BlobId>,
    capabilities: Option<crate::model::BlobId>,
) -> Option<&Binding> {
    let same = |binding: &&Binding| matches!(&binding.key, Key::Gap { goal: g, capabilities: c, .. } if *g == goal && *c == capabilities);
    ledger.bindings.values().filter(same).max_by_key(|binding| asked_n(&binding.key))
}

const fn asked_n(key: &Key) -> u32 {
    match key {
        Key::Gap { n, .. } => *n,
        Key::Item(_) | Key::Capability(_) => 0,
    }
}

/// No gap is asked while anything is unsettled, promotable or unbound: its result may change the answer. That goes for
/// what waits for a person, too: the question would only find the same gap again.
fn busy(view: View<'_>, ledger: &Ledger) -> bool {
    ledger.unsettled().next().is_some()
        || promotion::promotable(view, ledger).next().is_some()
        || !promotion::unbound(view, ledger).is_empty()
}

fn answered(
    view: View<'_>,
    ledger: &Ledger,
    binding: &Binding,
    answer: &ItemOutcome,
    ask: impl Fn(u32, String) -> Owed,
) -> Owed {
    let rest = |why: String| Owed::new(Rank::Question, Stage::GapOwed, why.clone(), Outcome::Rest { why });
    let again = |because: String| {
        let n = asked_n(&binding.key).saturating_add(1);
        if n > MAX_ASKED {
            let why = format!("this question was asked {MAX_ASKED} times and {because}");
            let lifts = "change planning/vision/goal.md or planning/state/system_capabilities.md";
            return Owed::new(Rank::Question, Stage::GapOwed, why.clone(), stalled(why, lifts));
        }
        ask(n, format!("the last answer led nowhere: {because}"))
    };
    match answer {
        ItemOutcome::Reached => {
            rest(format!("the goal is reached: {} found no gap between goal and capabilities", binding.issue))
        }
        ItemOutcome::Declined => rest(format!("a person closed the gap analysis {} for this goal", binding.issue)),
        ItemOutcome::File(name) => match file_state(view, ledger, name) {
            FileState::SetAside(why) => {
                let why = format!("the answer {name} can't be promoted: {why}");
                let lifts = format!("mend or delete planning/issue_queue/pending/{name}");
                Owed::new(Rank::Question, Stage::GapOwed, why.clone(), stalled(why, lifts))
            }
            FileState::Waiting => {
                let why = format!("the answer {name} is held or waits for another item");
                Owed::new(Rank::Question, Stage::GapOwed, why.clone(), wait(why, Actor::Person))
            }
            FileState::Over => again(format!("{name} left goal and capabilities as they were")),
        },
        ItemOutcome::Merged | ItemOutcome::Unchanged => again(format!("{} added no queue file", binding.issue)),
        // Its issue was deleted and given up; nobody answered.
        ItemOutcome::Dropped | ItemOutcome::Closed => again(format!("{} was given up", binding.issue)),
    }
}

/// What became of the file a gap analysis answered with.
enum FileState {
    SetAside(String),
    Waiting,
    Over,
}

fn file_state(view: View<'_>, ledger: &Ledger, name: &crate::model::ItemName) -> FileState {
    let planning = &view.snapshot.planning;
    if let Some((_, why)) = planning.quarantined.iter().find(|(other, _)| other == name) {
        return FileState::SetAside(why.to_string());
    }
    let unbound = !ledger.bindings.contains_key(&Key::Item(name.clone()));
    if let Some(item) = planning.pending.iter().find(|item| unbound && item.name == *name) {
        let aside = promotion::set_aside(view, ledger, item);
        return aside.map_or(FileState::Waiting, FileState::SetAside);
    }
    FileState::Over
}

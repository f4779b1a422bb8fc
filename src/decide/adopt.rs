//! What `orchestrator adopt` settles: what a predecessor left half-done, or a lost ledger leaves unbound.
//!
//! **Needs** a snapshot with every issue that may be ours ([`crate::model::Needs::traces`]) and, among its bound issues,
//! those that [`candidates`] names. **Guarantees**: pure; each step is one action that the executor performs as any other;
//! an issue by somebody who can't write is never bound, and a similar title is only shown. What is settled already is not
//! planned again, so a plan after a crash holds what is left.
//! **Races**: a bind asks its key and its issue again on the ledger's tip, a move its blob on the mainline's.

mod alike;
mod asked;
mod item;
mod one;

pub use one::Refused;

use super::View;
use super::create::{is_bound, is_ours};
use super::place::month;
use super::spot::{self, Spot};
use crate::model::{
    AccountId, Action, ActionKind, BoundIssue, Decision, Effect, Evidence, Folder, GAP_TITLE, IssueNumber, IssueSource,
    IssueState, ItemName, ItemOutcome, Key, Ledger, ListedIssue, Marker, Need, NodeId, Outcome, Policy, PullFacts,
    PullState, Question, SettleFields, Snapshot, Stage, Step as TrailerStep, Trailers,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Most closed item issues that are looked at to find the item of a capability update.
const MAX_FINISHED: usize = 40;

/// What becomes of an item whose issue is closed or whose pull request is merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finished {
    /// It is settled and its file moved; no capability update is asked for.
    #[default]
    Settle,
    /// It is bound and no more, so that the loop completes it and asks for its capability update.
    Bind,
}

/// What a person asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// What becomes of finished items.
    pub finished: Finished,
    /// Only this file, and this issue for it.
    pub one: Option<(ItemName, IssueNumber)>,
}

/// One action of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it is and why.
    pub why: String,
    /// What is done.
    pub action: Action,
}

/// Something that is shown and not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// What.
    pub what: String,
    /// The command that does it, where there is one.
    pub command: Option<String>,
}

/// Something that can't be settled from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What, and why not.
    pub what: String,
    /// What lifts it.
    pub lifts: String,
}

/// Everything that is to be settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AdoptPlan {
    /// In this order.
    pub steps: Vec<Step>,
    /// Candidates and leftovers that a person decides about.
    pub shown: Vec<Shown>,
    /// What stays as it is.
    pub problems: Vec<Problem>,
    /// Facts that are missing; while there are any, the rest is not the whole plan.
    pub needs: Vec<Need>,
}

/// The plan while it is made.
struct Draft<'a> {
    view: View<'a>,
    ledger: &'a Ledger,
    traces: &'a [ListedIssue],
    finished: Finished,
    /// What the steps so far bind.
    bound: BTreeMap<Key, IssueNumber>,
    plan: AdoptPlan,
}

/// Plans what is left to settle.
///
/// # Errors
/// When nothing may be written here, or the one binding that was asked for can't be.
pub fn plan(snapshot: &Snapshot, wish: &Wish) -> Result<AdoptPlan, Refused> {
    match super::gate(snapshot) {
        Some(Outcome::Stalled { why, lifts }) => return Err(Refused::Stalled { why, lifts }),
        Some(Outcome::Wait { waiting }) => return Err(Refused::Paused(waiting.why)),
        Some(Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Blocked { .. } | Outcome::Rest { .. }) | None => {}
    }
    if let Some(tip) = snapshot.tips.lost_ledger.filter(|_| snapshot.ledger.is_none()) {
        return Err(Refused::LostLedger(tip));
    }
    let defaults = Policy::default();
    let nothing = Ledger::default();
    let mut draft = Draft {
        view: View::of(snapshot, &defaults),
        ledger: snapshot.ledger.as_ref().unwrap_or(&nothing),
        traces: snapshot.needs.traces.as_deref().unwrap_or_default(),
        finished: wish.finished,
        bound: BTreeMap::new(),
        plan: AdoptPlan::default(),
    };
    if snapshot.ledger.is_none() {
        let why = "this repository has no ledger; its first record comes before everything else".to_owned();
        let action = Action { kind: ActionKind::Baseline, key: None, effects: vec![Effect::Baseline] };
        draft.plan.steps.push(Step { why, action });
    }
    match &wish.one {
        Some((name, number)) => draft.one(name, *number)?,
        None => draft.everything(),
    }
    draft.plan.needs.sort();
    draft.plan.needs.dedup();
    Ok(draft.plan)
}

/// The issues that a plan needs to see in full, and finished ones that it needs to see at all.
pub fn candidates(snapshot: &Snapshot, wish: &Wish) -> Question {
    let nothing = Ledger::default();
    let ledger = snapshot.ledger.as_ref().unwrap_or(&nothing);
    let traces = snapshot.needs.traces.as_deref().unwrap_or_default();
    let free = |issue: &&ListedIssue| !is_bound(ledger, issue);
    let mut question = Question::default();
    if let Some((_, number)) = &wish.one {
        let issue = snapshot.needs.issues.get(number).and_then(Option::as_ref);
        question.unsettled.extend(issue.filter(free).map(|issue| issue.node.clone()));
        return question;
    }
    let lies = |name: &ItemName| {
        snapshot.planning.processed.iter().any(|entry| entry.name == *name)
            || snapshot.planning.pending.iter().any(|item| item.name == *name)
    };
    let mut finished: Vec<&ListedIssue> = Vec::new();
    let mut updates = false;
    for issue in traces.iter().filter(free) {
        match &issue.marker {
            Some(Marker::Item(name)) if lies(name) => question.unsettled.push(issue.node.clone()),
            Some(Marker::Item(name)) if snapshot.planning.complete.contains(name) => finished.push(issue),
            Some(Marker::Capability { .. }) if issue.open => {
                updates = true;
                question.unsettled.push(issue.node.clone());
            }
            Some(Marker::Gap { .. }) if issue.open => question.unsettled.push(issue.node.clone()),
            None if issue.open && issue.title == GAP_TITLE => question.unsettled.push(issue.node.clone()),
            Some(Marker::Item(_) | Marker::Capability { .. } | Marker::Gap { .. }) | None => {}
        }
    }
    if updates {
        finished.sort_by_key(|issue| std::cmp::Reverse(issue.number));
        let nodes = finished.into_iter().take(MAX_FINISHED).map(|issue| issue.node.clone());
        question.settled = nodes.collect::<Vec<NodeId>>();
    }
    question
}

/// How the story of an issue stands.
enum End<'a> {
    Open,
    Merged(&'a PullFacts),
    Closed,
    Dropped,
}

/// Whether an issue may be bound.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Yes,
    No,
    /// It is asked for.
    Unknown,
}

impl<'a> Draft<'a> {
    fn everything(&mut self) {
        self.gone();
        self.items();
        self.copies();
        self.updates();
        self.question();
    }

    fn step(&mut self, why: String, key: &Key, effects: Vec<Effect>) {
        for effect in &effects {
            if let Effect::Bind { key, issue: IssueSource::Adopted { number, .. }, .. } = effect {
                self.bound.insert(key.clone(), *number);
            }
        }
        let action = Action { kind: ActionKind::Adopt, key: Some(key.clone()), effects };
        self.plan.steps.push(Step { why, action });
    }

    fn show(&mut self, what: String, command: Option<String>) {
        self.plan.shown.push(Shown { what, command });
    }

    fn problem(&mut self, what: String, lifts: impl Into<String>) {
        self.plan.problems.push(Problem { what, lifts: lifts.into() });
    }

    /// Whether an issue is bound, by the ledger or by this plan.
    fn is_taken(&self, issue: &ListedIssue) -> bool {
        is_bound(self.ledger, issue) || self.bound.values().any(|number| *number == issue.number)
    }

    /// Nobody is sent to such a text; only that of a gap analysis is one that we can write.
    fn refuses(&mut self, issue: &ListedIssue, facts: &BoundIssue) -> bool {
        let refused = is_unsafe(issue, facts);
        if refused {
            let number = issue.number;
            let what = format!(
                "{number} asks for a pull request that adds exactly one new queue file, which would go on for ever"
            );
            self.problem(what, format!("edit {number} so that it says what is to be built, or close it"));
        }
        refused
    }

    fn facts(&self, number: IssueNumber) -> Option<&'a BoundIssue> {
        self.view.snapshot.forge.issue(number)
    }

    fn trust(&mut self, issue: &ListedIssue) -> Trust {
        if is_ours(self.view, self.ledger, issue) {
            return Trust::Yes;
        }
        let author = &issue.author;
        match self.view.snapshot.needs.permissions.get(&author.id) {
            _ if author.id == 0 => Trust::No,
            Some(true) => Trust::Yes,
            Some(false) => Trust::No,
            None => {
                self.plan.needs.push(Need::Permission { id: author.id, login: author.login.clone() });
                Trust::Unknown
            }
        }
    }

    /// Those that may be bound and were seen, the best one first; the others are shown.
    fn choose(&mut self, issues: Vec<&'a ListedIssue>, about: &str) -> Vec<(&'a ListedIssue, &'a BoundIssue)> {
        let mut good = Vec::new();
        for issue in issues {
            match (self.trust(issue), self.facts(issue.number)) {
                (Trust::Yes, Some(facts)) => good.push((issue, facts)),
                (Trust::Unknown, _) => {}
                (Trust::Yes, None) => self.show(format!("{} {about}, but it could not be read", issue.number), None),
                (Trust::No, _) => {
                    let (number, login) = (issue.number, &issue.author.login);
                    self.show(format!("{number} {about}, but {login}, who opened it, can't write here"), None);
                }
            }
        }
        good.sort_by_key(|(issue, facts)| (!issue.open, !has_pull(facts), issue.number));
        good
    }

    /// What is left over of several issues for one thing.
    fn others(&mut self, others: &[(&ListedIssue, &BoundIssue)], chosen: IssueNumber, about: &str) {
        for (issue, _) in others {
            let number = issue.number;
            let state =
                if issue.open { format!("close {number} if it is not needed") } else { "it is closed".to_owned() };
            self.show(format!("{number} {about}, too; {chosen} is taken, {number} left as it is: {state}"), None);
        }
    }

    /// Bindings whose issue was deleted or transferred.
    fn gone(&mut self) {
        let (ledger, forge) = (self.ledger, &self.view.snapshot.forge);
        for binding in ledger.unsettled().filter(|binding| forge.gone.contains(&binding.node)) {
            let fields =
                SettleFields { key: binding.key.clone(), pull: None, merge: None, outcome: ItemOutcome::Dropped };
            let mut effects = vec![Effect::Settle { fields }];
            let mut why = format!("{} of {} is gone: settle it as dropped", binding.issue, binding.key);
            if let Key::Item(name) = &binding.key {
                let spot = spot::of(self.view.snapshot, name);
                let moves = self.moves(&spot, &trailers(name, TrailerStep::Drop, Some(binding.issue)), true);
                if !moves.is_empty() {
                    why.push_str(" and move its file to complete/");
                }
                effects.extend(moves);
            }
            self.step(why, &binding.key, effects);
        }
    }

    /// Copies of bound items that the loop leaves where they are.
    fn copies(&mut self) {
        let (ledger, snapshot) = (self.ledger, self.view.snapshot);
        for binding in ledger.bindings.values() {
            let Key::Item(name) = &binding.key else { continue };
            let Spot::Copies { further, .. } = spot::of(snapshot, name) else { continue };
            if further != Folder::Complete || snapshot.forge.gone.contains(&binding.node) {
                continue;
            }
            let step = match binding.outcome {
                Some(ItemOutcome::Dropped) => TrailerStep::Drop,
                Some(_) => TrailerStep::Complete,
                None => TrailerStep::Promote,
            };
            let text =
                Trailers { pull: binding.pull, merge: binding.merge, ..trailers(name, step, Some(binding.issue)) };
            let moves = self.moves(&spot::of(snapshot, name), &text, binding.is_settled());
            let why = format!("{name} lies in two folders with the same content: keep the one that is further on");
            self.step(why, &binding.key, moves);
        }
    }

    /// The moves of a file: first a copy away, then to where it belongs.
    fn moves(&self, spot: &Spot, text: &Trailers, over: bool) -> Vec<Effect> {
        use Folder::{Complete, Pending, Processed};
        let (skip_ci, signed) = (self.view.policy.commit.skip_ci, self.view.snapshot.signs_commits());
        let to = |from, to, blob| {
            let (name, trailers) = (text.item.clone(), text.clone());
            let month = (to == Complete).then(|| month(self.view)).flatten();
            Effect::Move { name, from, to, month, blob, skip_ci, signed, trailers }
        };
        let onward = |at, blob| match at {
            Pending | Processed if over => Some(to(at, Complete, blob)),
            Pending => Some(to(at, Processed, blob)),
            Processed | Complete => None,
        };
        match spot {
            Spot::At(folder, Some(blob)) => onward(*folder, *blob).into_iter().collect(),
            Spot::Copies { behind, further, blob } => {
                [Some(to(*behind, *further, *blob)), onward(*further, *blob)].into_iter().flatten().collect()
            }
            Spot::At(_, None) | Spot::Conflict { .. } | Spot::Nowhere => Vec::new(),
        }
    }

    fn end(&self, issue: &'a BoundIssue) -> End<'a> {
        match (super::planning_issue::merged(self.view, issue), issue.state) {
            (Some(pull), _) => End::Merged(pull),
            (None, IssueState::Open) => End::Open,
            (None, IssueState::Completed) => End::Closed,
            (None, IssueState::NotPlanned) => End::Dropped,
        }
    }
}

fn trailers(name: &ItemName, step: TrailerStep, issue: Option<IssueNumber>) -> Trailers {
    Trailers { item: name.clone(), step, issue, pull: None, merge: None, capability_issue: None }
}

/// Whether a text that would have the loop feed itself still waits for somebody to be sent to it.
fn is_unsafe(issue: &ListedIssue, facts: &BoundIssue) -> bool {
    let flagged = issue.detail.as_ref().is_some_and(|detail| detail.unsafe_text);
    flagged && issue.open && !has_pull(facts) && !facts.assignees.iter().any(AccountId::is_agent)
}

/// Whether somebody worked on it.
fn has_pull(issue: &BoundIssue) -> bool {
    issue.pulls.iter().any(|pull| pull.state != PullState::Closed)
}

fn source(issue: &ListedIssue) -> IssueSource {
    let (number, node, author) = (issue.number, issue.node.clone(), issue.author.id);
    IssueSource::Adopted { number, node, author }
}

impl Step {
    /// The step as a decision, which is what a commit of the ledger names.
    pub fn decision(&self) -> Decision {
        let evidence = vec![Evidence { fact: "adopt".to_owned(), value: "on a person's word".to_owned() }];
        let outcome = Outcome::Act { action: self.action.clone() };
        let (reason, also) = (self.why.clone(), Vec::new());
        Decision { stage: Stage::GapOwed, focus: None, reason, evidence, also, outcome }
    }
}

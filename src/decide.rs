//! Snapshot → decision: where the loop stands, why, and the one thing to do next.
//!
//! **Needs** a [`Snapshot`]. **Guarantees**: pure and total — the same snapshot gives the same decision; at most one
//! action; never a merge that a guardrail vetoes; every wait and veto says what lifts it.
//! **Races**: none here. A decision repeats what it relies on in its effects, so a stale one fails when it is executed.
//!
//! Each stage group says in its own file what it owes. This file only puts the obligations in order and picks the first
//! thing that can be done now: what only waits does not stop what finishes.

pub mod adopt;
pub mod audit;
pub mod breaker;
mod capability;
mod create;
mod first_contact;
mod gap;
pub mod guardrail;
mod item;
mod left;
mod linking;
mod liveness;
mod nudge;
mod place;
mod planning_issue;
mod progress;
mod promotion;
mod question;
mod redispatch;
mod spot;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Action, ActionKind, Actor, Binding, Decision, Effect, Evidence, Focus, Key, Ledger, Need, Obligation, Outcome,
    Policy, PolicyState, Reason, Snapshot, Stage, Waiting, limit_on,
};

/// Most sentences about what GitHub left out that are shown.
const MAX_PARTIAL: usize = 5;

/// How urgent an obligation is; the order is the focus order of the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// An effect that a binding still owes.
    EffectsLeft,
    /// A capability update.
    Capability,
    /// A gap analysis.
    Gap,
    /// A development pull request that is ready.
    DevelopmentReady,
    /// Development in work.
    DevelopmentInWork,
    /// A queue item that may be promoted.
    Promotion,
    /// A file the ledger doesn't know.
    Unbound,
    /// The next question, or rest.
    Question,
    /// An issue of ours that nothing is bound to.
    Sweep,
    /// Withdrawn, refused or waiting for a person without holding anything else up.
    Aside,
}

/// An obligation with its place in the order.
struct Owed {
    rank: Rank,
    obligation: Obligation,
}

/// What every stage group works with.
#[derive(Clone, Copy)]
struct View<'a> {
    snapshot: &'a Snapshot,
    policy: &'a Policy,
}

impl<'a> View<'a> {
    /// Under the repository's policy, or the defaults where it has none that is valid.
    const fn of(snapshot: &'a Snapshot, defaults: &'a Policy) -> Self {
        let policy = match &snapshot.policy {
            PolicyState::Valid { policy } => policy,
            PolicyState::Missing | PolicyState::Invalid { .. } => defaults,
        };
        Self { snapshot, policy }
    }
}

impl Owed {
    fn new(rank: Rank, stage: Stage, reason: impl Into<String>, outcome: Outcome) -> Self {
        let obligation = Obligation { stage, focus: None, reason: reason.into(), evidence: Vec::new(), outcome };
        Self { rank, obligation }
    }

    fn about(mut self, focus: Focus) -> Self {
        self.obligation.focus = Some(focus);
        self
    }

    fn because(mut self, fact: impl Into<String>, value: impl Into<String>) -> Self {
        self.obligation.evidence.push(Evidence { fact: fact.into(), value: value.into() });
        self
    }
}

fn act(kind: ActionKind, key: &Key, effects: Vec<Effect>) -> Outcome {
    Outcome::Act { action: Action { kind, key: Some(key.clone()), effects } }
}

fn wait(why: impl Into<String>, actor: Actor) -> Outcome {
    Outcome::Wait { waiting: Waiting { why: why.into(), actor, until: None } }
}

fn stalled(why: impl Into<String>, lifts: impl Into<String>) -> Outcome {
    Outcome::Stalled { why: why.into(), lifts: lifts.into() }
}

/// Decides. See the module's documentation for the rules.
pub fn decide(snapshot: &Snapshot) -> Decision {
    let defaults = Policy::default();
    let view = View::of(snapshot, &defaults);
    let Some(ledger) = &snapshot.ledger else {
        return pick(snapshot, vec![first_contact::owed(snapshot).obligation]);
    };
    let mut owed: Vec<Owed> = Vec::new();
    owed.extend(left::owed(view, ledger));
    owed.extend(capability::owed(view, ledger));
    owed.extend(gap::owed(view, ledger));
    owed.extend(item::owed(view, ledger));
    owed.iter_mut().for_each(|owed| hold_back(view, &mut owed.obligation.outcome));
    let idle = idle(view, ledger, &owed);
    owed.extend(promotion::owed(view, ledger, &idle));
    owed.extend(question::owed(view, ledger));
    owed.extend(sweep::owed(view, ledger));
    owed.sort_by_key(|owed| owed.rank);
    pick(snapshot, owed.into_iter().map(|owed| owed.obligation).collect())
}

/// What begins with something that GitHub lets nobody create now waits: it would be turned away look after look, and hold up
/// what goes. An issue says so itself, for it may be there already.
fn hold_back(view: View<'_>, outcome: &mut Outcome) {
    let Outcome::Act { action } = &*outcome else { return };
    let reason = match action.effects.first() {
        Some(Effect::Comment { .. }) => Reason::Comment,
        Some(Effect::Approve { .. }) => Reason::Approve,
        Some(_) | None => return,
    };
    if let Some(waiting) = create::limited(view, reason) {
        *outcome = Outcome::Wait { waiting };
    }
}

/// Bindings that go on only when a person acts: they hold up nothing that does not depend on them. What stands before a
/// door that is closed to all of them holds up the others, too, or more and more work would pile up there.
fn idle(view: View<'_>, ledger: &Ledger, owed: &[Owed]) -> BTreeSet<Key> {
    let mut waits: BTreeMap<&Key, bool> = BTreeMap::new();
    for Owed { obligation, rank } in owed {
        if let Some(focus) = &obligation.focus {
            let slot = waits.entry(&focus.key).or_insert(true);
            *slot = *slot && needs_a_person(&obligation.outcome, *rank);
        }
    }
    let own = |key: &Key| !ledger.bindings.get(key).is_some_and(|binding| is_everybodys(view, binding));
    waits.into_iter().filter(|(key, waits)| *waits && own(key)).map(|(key, _)| key.clone()).collect()
}

/// The agent can't work at all, as far as this one tells: its plan is used up, or it was sent twice and never began.
fn is_everybodys(view: View<'_>, binding: &Binding) -> bool {
    let Some(issue) = view.snapshot.forge.issue(binding.issue) else { return false };
    // Who was taken off, held back, or did begin and did not say for what, tells nothing of others.
    let never_began = binding.redispatch.is_some()
        && !progress::is_answered(issue)
        && progress::state(view, binding, issue) == progress::AgentState::Assigned
        && !issue.labels.iter().any(|label| label == guardrail::HOLD_LABEL)
        && linking::progress(view, binding, issue).is_none()
        && !redispatch::due(view, issue).is_some_and(|(at, _)| linking::is_heard_of(view, issue, at));
    never_began || progress::judged_pull(issue).is_some_and(|pull| liveness::is_unpaid(view, pull.number))
}

/// Vetoes other than a hold don't count, nor what is tried again by itself, nor what is finished and not let in.
fn needs_a_person(outcome: &Outcome, rank: Rank) -> bool {
    match outcome {
        Outcome::Stalled { .. } => true,
        Outcome::Wait { waiting } => {
            let aside = rank == Rank::Aside;
            waiting.actor == Actor::Person && (aside || waiting.until.is_none() && rank != Rank::DevelopmentReady)
        }
        Outcome::Blocked { vetoes } => vetoes.iter().any(|veto| veto.guardrail == "hold"),
        Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Rest { .. } => false,
    }
}

/// The first obligation gives stage, focus and reason; the first that can be done now gives the outcome.
fn pick(snapshot: &Snapshot, mut obligations: Vec<Obligation>) -> Decision {
    if obligations.is_empty() {
        // Cannot happen: the question group always owes an answer. Said as what it would be.
        let outcome =
            stalled("no stage group owes anything", "report this as a defect with `orchestrator status --json`");
        obligations.push(Owed::new(Rank::Question, Stage::GapOwed, "nothing is owed", outcome).obligation);
    }
    let gate = gate(snapshot);
    let outcome = gate.clone().unwrap_or_else(|| next(&obligations));
    let mut first = obligations.remove(0);
    // A rule that we went past is the owners' business, whatever is owed.
    let bypass = snapshot.bypassed.as_ref();
    let bypass =
        bypass.map(|bypass| Evidence { fact: "rules of the mainline".to_owned(), value: bypass.words.clone() });
    first.evidence.extend(bypass);
    // What the first obligation would look up is not looked up behind a closed gate, so that is no reason.
    if let Outcome::Look { .. } = &first.outcome {
        match gate {
            Some(Outcome::Stalled { why, .. }) => first.reason = why,
            Some(Outcome::Wait { waiting }) => first.reason = waiting.why,
            Some(Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Blocked { .. } | Outcome::Rest { .. })
            | None => {}
        }
    }
    let partial = snapshot.forge.partial.iter().take(MAX_PARTIAL);
    first.evidence.extend(partial.map(|said| Evidence {
        fact: "what this look does not tell".to_owned(),
        value: crate::text::one_line(said, 200),
    }));
    Decision {
        stage: first.stage,
        focus: first.focus,
        reason: first.reason,
        evidence: first.evidence,
        also: obligations,
        outcome,
    }
}

/// What stops every write, whatever is owed or asked for.
pub fn gate(snapshot: &Snapshot) -> Option<Outcome> {
    let (named, real) = (snapshot.repository.to_string(), snapshot.forge.repository.name.to_string());
    if !named.eq_ignore_ascii_case(&real) {
        // GitHub leads on from the old name until somebody else takes it.
        return Some(stalled(
            format!("{named} was renamed or transferred to {real}"),
            format!("name it so: --repo {real}"),
        ));
    }
    let lifts = "restore it on the mainline; `orchestrator status` works meanwhile";
    match &snapshot.policy {
        PolicyState::Missing => {
            return Some(stalled(
                "planning/orchestrator.toml is not on the mainline, so nobody has consented to writes",
                "orchestrator init, which shows what it would commit; or commit a planning/orchestrator.toml that begins with `version = 1`",
            ));
        }
        PolicyState::Invalid { line, problem } => {
            let at = line.map_or_else(String::new, |line| format!(":{line}"));
            return Some(stalled(format!("planning/orchestrator.toml{at}: {problem}"), lifts));
        }
        PolicyState::Valid { .. } => {}
    }
    if snapshot.forge.repository.archived {
        return Some(stalled("the repository is archived", "unarchive it in the repository's settings"));
    }
    if !snapshot.forge.repository.has_issues {
        return Some(stalled("issues are switched off", "switch them on in the repository's settings"));
    }
    if let Some((_, limit)) = limit_on(&snapshot.limits, Reason::Merge, snapshot.now) {
        // Every action needs REST; what it would do without is done a little later.
        let why = format!("GitHub's rate limit is reached until {}: {}", limit.until, limit.message);
        return Some(Outcome::Wait { waiting: Waiting { why, actor: Actor::Forge, until: Some(limit.until) } });
    }
    if snapshot.planning.paused {
        let why = "planning/PAUSE is on the mainline; everything but looking is paused until it is deleted";
        return Some(wait(why, Actor::Person));
    }
    None
}

/// The first action, unless an obligation before it still lacks facts; else what the first obligation says.
fn next(obligations: &[Obligation]) -> Outcome {
    let mut needs: Vec<Need> = Vec::new();
    for obligation in obligations {
        match &obligation.outcome {
            Outcome::Look { needs: more } => needs.extend(more.iter().cloned()),
            Outcome::Act { action } if needs.is_empty() => return Outcome::Act { action: action.clone() },
            Outcome::Act { .. } => break,
            Outcome::Wait { .. } | Outcome::Blocked { .. } | Outcome::Rest { .. } | Outcome::Stalled { .. } => {}
        }
    }
    if !needs.is_empty() {
        needs.sort();
        needs.dedup();
        return Outcome::Look { needs };
    }
    obligations.first().map_or_else(|| wait("nothing is owed", Actor::Engine), |first| first.outcome.clone())
}

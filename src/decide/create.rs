//! The one order in which anything is created: attempt → create → bind → assign → move.
//!
//! **Guarantees**: before a create our issues are listed, open and closed; one that carries the key's marker and is ours
//! is adopted instead, its text brought up to date before the agent is sent to it. After an attempt whose end nobody saw,
//! nothing is created before the doubt window has passed; nothing is created beyond the policy's limit. What a predecessor made is never bound by itself.
//! **Races**: two instances may both create; the bind is a compare-and-set, and only the bound number is assigned.

use super::View;
use crate::model::{
    AccountId, ActionKind, Actor, Attempt, BlobId, Effect, GAP_TITLE, IssueSource, IssueText, Key, Ledger, ListedIssue,
    Marker, Need, Needs, Outcome, Reason, SettleFields, Waiting, limit_on,
};
use jiff::SignedDuration;

/// What is to be created.
pub(super) struct Plan {
    pub(super) kind: ActionKind,
    pub(super) key: Key,
    pub(super) text: IssueText,
    pub(super) blob: Option<BlobId>,
    pub(super) settles: Option<SettleFields>,
    /// What follows the assignment.
    pub(super) then: Vec<Effect>,
}

/// How long after the write time-out a lost create may still become visible.
const WRITE_TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// The effects of a create, or what it waits for.
pub(super) fn outcome(view: View<'_>, ledger: &Ledger, plan: Plan) -> Outcome {
    let snapshot = view.snapshot;
    let Some(listed) = snapshot.needs.own_issues.get(&Needs::own_issues_name(&plan.key)) else {
        return Outcome::Look { needs: vec![Need::OwnIssues { key: plan.key }] };
    };
    let attempt = ledger.attempt.as_ref();
    if let Some(waiting) = attempt.and_then(|attempt| foreign(view, attempt)) {
        return Outcome::Wait { waiting };
    }
    if let Some(issue) = predecessors(view, ledger, listed, &plan) {
        let why = format!("{} looks like the issue of {}, made by an earlier program", issue.number, plan.key);
        return super::stalled(why, "look at `orchestrator adopt`, which takes it over after a yes");
    }
    let kept = match kept(view, attempt, &plan.key) {
        Kept::Look(need) => return Outcome::Look { needs: vec![need] },
        Kept::Issue(issue) => Some(issue),
        Kept::Nothing => None,
    };
    let effects = match ours(view, ledger, listed.iter().chain(kept), &plan) {
        Some(issue) => adoption(view, issue, plan),
        None => {
            let doubt = attempt.and_then(|attempt| doubt(view, attempt, &plan.key));
            // What holds it up longest is what is said.
            let waits = [doubt, limited(view, Reason::CreateIssue), super::breaker::issues(view)].into_iter().flatten();
            if let Some(waiting) = waits.max_by_key(|waiting| waiting.until) {
                return Outcome::Wait { waiting };
            }
            creation(view, plan)
        }
    };
    refused_or(view, effects)
}

/// GitHub lets nobody create anything now.
pub(super) fn limited(view: View<'_>, reason: Reason) -> Option<Waiting> {
    let (_, limit) = limit_on(&view.snapshot.limits, reason, view.snapshot.now)?;
    let why = format!("GitHub lets us create nothing until {}: {}", limit.until, limit.message);
    Some(Waiting { why, actor: Actor::Forge, until: Some(limit.until) })
}

fn creation(view: View<'_>, plan: Plan) -> (ActionKind, Key, Vec<Effect>) {
    let key = plan.key.clone();
    let mut effects = vec![
        Effect::Attempt { key: key.clone() },
        Effect::Create { key: key.clone(), text: plan.text },
        Effect::Bind { key: key.clone(), issue: IssueSource::Created, blob: plan.blob, settles: plan.settles },
        super::planning_issue::assign(view, &key),
    ];
    effects.extend(plan.then);
    (plan.kind, key, effects)
}

/// Binding one that is there. One that a person has closed meanwhile is bound as it is, and then obeyed.
fn adoption(view: View<'_>, issue: &ListedIssue, plan: Plan) -> (ActionKind, Key, Vec<Effect>) {
    let key = plan.key.clone();
    let given_out = issue.detail.as_ref().is_some_and(|detail| detail.assignees.iter().any(AccountId::is_agent));
    // Its file was edited meanwhile, or somebody wrote something else into it: the agent is sent to our words only.
    let outdated = issue.detail.as_ref().is_some_and(|detail| detail.digest != plan.text.digest());
    let mut effects = Vec::new();
    if issue.open && outdated && !given_out {
        effects.push(Effect::Revise { key: key.clone(), issue: issue.number, text: plan.text });
    }
    let (number, node, author) = (issue.number, issue.node.clone(), issue.author.id);
    let source = IssueSource::Adopted { number, node, author };
    effects.push(Effect::Bind { key: key.clone(), issue: source, blob: plan.blob, settles: plan.settles });
    if issue.open {
        effects.push(super::planning_issue::assign(view, &key));
    }
    effects.extend(plan.then);
    (plan.kind, key, effects)
}

/// While GitHub's refusal of what comes before the assignment stands, none of it is owed.
fn refused_or(view: View<'_>, (kind, key, effects): (ActionKind, Key, Vec<Effect>)) -> Outcome {
    let first = effects.iter().take_while(|effect| !matches!(effect, Effect::Assign { .. }));
    let refusal = first.into_iter().find_map(|effect| Some((effect, view.snapshot.refusal(&effect.object())?)));
    match refusal {
        None => super::act(kind, &key, effects),
        Some((effect, refusal)) => {
            let why = format!("refused to {effect}: {}", refusal.why);
            Outcome::Wait { waiting: Waiting { why, actor: Actor::Person, until: Some(refusal.until()) } }
        }
    }
}

/// Whether an issue's author is one of us: the account of the token, or one that wrote records of the ledger.
pub(super) fn is_ours(view: View<'_>, ledger: &Ledger, issue: &ListedIssue) -> bool {
    issue.author.id == view.snapshot.forge.viewer.id || ledger.writers().contains(&issue.author.id)
}

/// Whether an attempt for a key stands.
pub(super) fn is_under_way(view: View<'_>, ledger: &Ledger, key: &Key) -> bool {
    ledger.attempt.as_ref().is_some_and(|attempt| attempt.key == *key && attempt.holds(view.snapshot.now))
}

/// Whether some key is bound to it.
pub(super) fn is_bound(ledger: &Ledger, issue: &ListedIssue) -> bool {
    ledger.bindings.values().any(|binding| binding.issue == issue.number)
}

/// The lowest unbound issue of ours, an open one first; the author decides, a marker alone proves nothing. One that is
/// closed counts only while an attempt for the key stands: nothing is swept then, so a person closed it.
fn ours<'a>(
    view: View<'_>,
    ledger: &Ledger,
    listed: impl Iterator<Item = &'a ListedIssue>,
    plan: &Plan,
) -> Option<&'a ListedIssue> {
    let marker = Marker::find(&plan.text.body);
    let stands = is_under_way(view, ledger, &plan.key);
    listed
        .filter(|issue| issue.leads && issue.marker == marker && (issue.open || stands))
        .filter(|issue| is_ours(view, ledger, issue) && !is_bound(ledger, issue))
        .min_by_key(|issue| (!issue.open, issue.number))
}

/// An open issue that a predecessor made for the same: its marker at the end, or no more than the fixed title.
fn predecessors<'a>(
    view: View<'_>,
    ledger: &Ledger,
    listed: &'a [ListedIssue],
    plan: &Plan,
) -> Option<&'a ListedIssue> {
    let marker = Marker::find(&plan.text.body);
    let gap = matches!(plan.key, Key::Gap { .. });
    listed
        .iter()
        .filter(|issue| issue.open && is_ours(view, ledger, issue) && !is_bound(ledger, issue) && !issue.leads)
        .find(|issue| issue.marker == marker || (gap && issue.marker.is_none() && issue.title == GAP_TITLE))
}

/// What is known of the issue whose number an attempt kept because it could not be bound.
enum Kept<'a> {
    Nothing,
    Look(Need),
    Issue(&'a ListedIssue),
}

fn kept<'a>(view: View<'a>, attempt: Option<&Attempt>, key: &Key) -> Kept<'a> {
    let number = attempt.filter(|attempt| attempt.key == *key).and_then(|attempt| attempt.number);
    let Some(number) = number else { return Kept::Nothing };
    match view.snapshot.needs.issues.get(&number) {
        None => Kept::Look(Need::Issue { number }),
        Some(None) => Kept::Nothing,
        Some(Some(issue)) => Kept::Issue(issue),
    }
}

/// Another instance is at work.
fn foreign(view: View<'_>, attempt: &Attempt) -> Option<Waiting> {
    let taken = attempt.owner != view.snapshot.instance && attempt.holds(view.snapshot.now);
    taken.then(|| Waiting {
        why: format!("another instance is creating the issue for {}", attempt.key),
        actor: Actor::Engine,
        until: Some(attempt.expires),
    })
}

/// For how long lists may not show what was done.
pub(super) fn window(view: View<'_>) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(view.policy.pacing.doubt_ms).unwrap_or(i64::MAX))
}

/// An earlier attempt for this key may have created an issue that no list shows yet.
fn doubt(view: View<'_>, attempt: &Attempt, key: &Key) -> Option<Waiting> {
    let window = window(view);
    let until = attempt.started.saturating_add(window.saturating_add(WRITE_TIMEOUT)).ok()?;
    let now = view.snapshot.now;
    let in_doubt = attempt.key == *key && now < until && !attempt.is_of_another_clock(now);
    in_doubt.then(|| Waiting {
        why: format!("an earlier attempt for {key} may have created its issue; lists may lag that long"),
        actor: Actor::Forge,
        until: Some(until),
    })
}

/// Whether an account is one of us: that of the token, or one that wrote records of the ledger.
pub(super) fn is_one_of_us(view: View<'_>, account: &AccountId) -> bool {
    let ledger = view.snapshot.ledger.as_ref();
    account.id == view.snapshot.forge.viewer.id || ledger.is_some_and(|ledger| ledger.writers().contains(&account.id))
}

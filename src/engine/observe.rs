//! From forge and clone to a snapshot.
//!
//! **Guarantees**: one question to GitHub a look; a second one only when the ledger on the remote binds other issues than
//! the one in the clone. Facts fetched on request are keyed, see [`crate::model::Needs`].

use super::answers::Known;
use super::cycle::CycleError;
use super::cycle::ErrorOf;
use super::port::{Forge, Remote};
use crate::config;
use crate::model::{
    CheckState, CommitId, ForgeFacts, Ledger, LimitsMet, NEWEST_SETTLED, Need, Needs, NodeId, PullFacts, PullNumber,
    PullState, Question, RepositoryName, SeenHead, Snapshot, TipHints,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What a look works with.
pub(super) struct Look<'a, F, R: Remote> {
    pub(super) forge: &'a F,
    pub(super) remote: &'a R,
    pub(super) lock: &'a R::Lock,
    pub(super) answers: Known,
}

fn question(ledger: &Ledger) -> Question {
    Question {
        unsettled: ledger.unsettled().map(|binding| binding.node.clone()).collect(),
        settled: ledger.newest_settled().into_iter().take(NEWEST_SETTLED).map(|binding| binding.node.clone()).collect(),
    }
}

/// One snapshot.
pub(super) async fn snapshot<F: Forge, R: Remote>(
    look: &Look<'_, F, R>,
    repository: &RepositoryName,
    instance: &str,
    now: Timestamp,
) -> Result<Snapshot, ErrorOf<F, R>> {
    let known = look.remote.known_tips().await.map_err(CycleError::Remote)?;
    let asked = match known.as_ref().and_then(|tips| tips.ledger) {
        Some(tip) => question(&look.remote.ledger(tip).await.map_err(CycleError::Remote)?),
        None => Question::default(),
    };
    let mut forge = look.forge.observe(&asked).await.map_err(CycleError::Forge)?;
    let empty = || CycleError::EmptyRepository(repository.clone());
    let branch = forge.repository.default_branch.clone().ok_or_else(empty)?;
    let hints = TipHints { branch, mainline: forge.repository.mainline, ledger: forge.repository.ledger };
    let tips = look.remote.sync(look.lock, &hints).await.map_err(CycleError::Remote)?;
    let ledger = match tips.ledger {
        Some(tip) => Some(look.remote.ledger(tip).await.map_err(CycleError::Remote)?),
        None => None,
    };
    let wanted = ledger.as_ref().map(question).unwrap_or_default();
    if wanted != asked {
        forge = look.forge.observe(&wanted).await.map_err(CycleError::Forge)?;
    }
    let planning = look.remote.planning(tips.mainline).await.map_err(CycleError::Remote)?;
    let policy = look.remote.policy(tips.mainline).await.map_err(CycleError::Remote)?;
    let heads = heads(&forge, &look.answers.heads, now);
    let merged = ledger.as_ref().map(|ledger| merged(&forge, ledger, &tips.branch)).unwrap_or_default();
    let unlanded = if merged.is_empty() {
        merged
    } else {
        let landed = look.remote.reachable(tips.mainline, &merged).await.map_err(CycleError::Remote)?;
        merged.difference(&landed).copied().collect()
    };
    Ok(Snapshot {
        now,
        repository: repository.clone(),
        instance: instance.to_owned(),
        policy: config::policy::parse(policy.as_deref()),
        planning,
        tips,
        ledger,
        forge,
        needs: Needs::default(),
        refused: look.answers.refused.clone(),
        sent: look.answers.sent.clone(),
        created: look.answers.created.clone(),
        heads,
        unlanded,
        limits: LimitsMet::new(),
        bypassed: look.answers.bypassed.clone(),
    })
}

/// By which commits the pull requests of unsettled issues were merged into the mainline, as GitHub says.
fn merged(forge: &ForgeFacts, ledger: &Ledger, mainline: &str) -> BTreeSet<CommitId> {
    let issues = ledger.unsettled().filter_map(|binding| forge.issue(binding.issue));
    let pulls = issues.flat_map(|issue| &issue.pulls).filter(|pull| pull.base == mainline);
    pulls.filter_map(|pull| pull.merged).map(|(_, commit)| commit).collect()
}

/// Since when the heads of open pull requests are there, as far as it is known: a push shows as a change of its pull
/// request, so one that is seen for the first time was pushed by the last change.
fn heads(forge: &ForgeFacts, known: &BTreeMap<PullNumber, SeenHead>, now: Timestamp) -> BTreeMap<PullNumber, SeenHead> {
    let open = forge.bound.iter().flat_map(|issue| &issue.pulls).filter(|pull| pull.state == PullState::Open);
    let seen = |pull: &PullFacts| {
        let before = known.get(&pull.number).copied().filter(|seen| seen.head == pull.head);
        let changed = pull.updated.filter(|at| *at <= now).unwrap_or(now);
        let ready = before.and_then(|seen| if seen.draft && !pull.draft { Some(changed) } else { seen.ready });
        let since = before.map_or(changed, |seen| seen.since);
        let unfinished = matches!(pull.checks, CheckState::Pending | CheckState::Expected);
        let pending = unfinished.then(|| before.and_then(|seen| seen.pending).unwrap_or(now));
        (pull.number, SeenHead { head: pull.head, since, draft: pull.draft, ready, pending })
    };
    open.map(seen).collect()
}

/// Looks at GitHub again, at these issues besides those that a look asks about anyway.
pub(super) async fn widen<F: Forge, R: Remote>(
    look: &Look<'_, F, R>,
    snapshot: &mut Snapshot,
    more: Question,
) -> Result<(), ErrorOf<F, R>> {
    let mut wanted = snapshot.ledger.as_ref().map(question).unwrap_or_default();
    let known: BTreeSet<NodeId> = wanted.unsettled.iter().chain(&wanted.settled).cloned().collect();
    let new = |nodes: Vec<NodeId>| nodes.into_iter().filter(|node| !known.contains(node)).collect::<Vec<_>>();
    let (unsettled, settled) = (new(more.unsettled), new(more.settled));
    if unsettled.is_empty() && settled.is_empty() {
        return Ok(());
    }
    wanted.unsettled.extend(unsettled);
    wanted.settled.extend(settled);
    snapshot.forge = look.forge.observe(&wanted).await.map_err(CycleError::Forge)?;
    Ok(())
}

/// Fetches one fact that a decision lacks.
pub(super) async fn satisfy<F: Forge, R: Remote>(
    look: &Look<'_, F, R>,
    snapshot: &mut Snapshot,
    need: &Need,
) -> Result<(), ErrorOf<F, R>> {
    let needs = &mut snapshot.needs;
    match need {
        Need::HeadDiff { pull, head } => {
            let diff = look.remote.head_diff(look.lock, *pull, *head, snapshot.tips.mainline).await;
            needs.diffs.insert(*head, diff.map_err(CycleError::Remote)?);
        }
        Need::ItemBody { blob } => {
            let body = look.remote.item_body(*blob).await.map_err(CycleError::Remote)?;
            needs.bodies.insert(*blob, body);
        }
        Need::OwnIssues { key } => {
            let issues = look.forge.own_issues(key, &snapshot.forge.viewer).await.map_err(CycleError::Forge)?;
            needs.own_issues.insert(Needs::own_issues_name(key), issues);
        }
        Need::Issue { number } => {
            let issue = look.forge.issue(*number).await.map_err(CycleError::Forge)?;
            needs.issues.insert(*number, issue);
        }
        Need::Traces => {
            needs.traces = Some(look.forge.traces(&snapshot.forge.viewer).await.map_err(CycleError::Forge)?);
        }
        Need::Whereabouts { name, since, from } => {
            let folders = look.remote.whereabouts(snapshot.tips.mainline, name, (*since, *from)).await;
            needs.whereabouts.insert(name.clone(), folders.map_err(CycleError::Remote)?);
        }
        Need::AgentPulls => {
            needs.agent_pulls = Some(look.forge.agent_pulls().await.map_err(CycleError::Forge)?);
        }
        Need::AgentEvents { pull } => {
            let events = look.forge.agent_events(*pull).await.map_err(CycleError::Forge)?;
            needs.agent_events.insert(*pull, events);
        }
        Need::Checks { pull, head, named } => {
            let base = &snapshot.tips.branch;
            let report = look.forge.checks(*pull, *head, base, *named).await.map_err(CycleError::Forge)?;
            needs.checks.insert(*head, report);
        }
        Need::OwnComments { pull } => {
            let comments = look.forge.own_comments(*pull).await.map_err(CycleError::Forge)?;
            needs.own_comments.insert(*pull, comments);
        }
        Need::Description { pull } => {
            let description = look.forge.description(*pull).await.map_err(CycleError::Forge)?;
            needs.descriptions.insert(*pull, description);
        }
        Need::Permission { id, login } => {
            let may_write = look.forge.may_write(*id, login).await.map_err(CycleError::Forge)?;
            needs.permissions.insert(*id, may_write);
        }
        Need::Discussion { pull } => {
            let discussion = look.forge.discussion(*pull).await.map_err(CycleError::Forge)?;
            needs.discussions.insert(*pull, discussion);
        }
    }
    Ok(())
}

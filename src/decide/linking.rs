//! Pull requests that have to do with an issue and would not close it.
//!
//! **Guarantees**: signals that disagree are shown, never guessed. Only the agent's own open pull requests into the
//! mainline, opened after the agent was assigned, are candidates. Only one that is unambiguous, finished and connected with
//! the issue by GitHub is ever linked, and only where the policy says so and its own words name the issue or a person linked
//! it; one that is merely the agent's may be somebody else's answer. A person is asked only when the agent is done. Before
//! the agent is sent once more, whatever it opened since is explained.
//! **Races**: the agent rewrites its description while it works (so only a finished one is touched), and the description is
//! replaced only while it is the one that was read.

use super::guardrail::is_wip;
use super::progress::{Phase, Progress, is_answered};
use super::{View, act, left, liveness, stalled, wait};
use crate::message;
use crate::model::{
    ActionKind, Actor, AgentEventKind, Binding, BoundIssue, Candidate, CommentMarker, Effect, Evidence, IssueNumber,
    Need, Outcome, PullNumber, PullState, Signal, text_digest,
};
use crate::text::{closes_something, closings, one_line, refers_to};
use jiff::Timestamp;

/// Most pull requests that are told apart, and shown.
const MOST_READ: usize = 20;

/// How an issue without a linked pull request goes on where some pull request has to do with it.
pub(super) fn progress(view: View<'_>, binding: &Binding, issue: &BoundIssue) -> Option<Progress> {
    let found = candidates(view, issue);
    let evidence: Vec<Evidence> = found.iter().take(MOST_READ).map(shown).collect();
    let n = issue.number;
    let (reason, outcome) = match found.as_slice() {
        [] => elsewhere(view, issue).or_else(|| over(view, issue))?,
        [one] => single(view, binding, n, one),
        several => among(view, n, several),
    };
    Some(Progress { phase: Phase::InWork, reason, evidence, outcome })
}

/// None of several is guessed at. Those of which only the author is known are read first, for they may close something
/// else; and while the agent is at work on one of them, it is too early to ask a person.
fn among(view: View<'_>, n: IssueNumber, several: &[Candidate]) -> (String, Outcome) {
    let numbers = listed(several);
    let why = if several.iter().any(|candidate| candidate.signal != Signal::Opened) {
        format!("{numbers} have to do with {n} and none of them would close it")
    } else {
        format!("{numbers} were opened by the agent after it was sent to {n}, and none of them names an issue")
    };
    if several.len() <= MOST_READ {
        let opened = several.iter().filter(|candidate| candidate.signal == Signal::Opened);
        let unread = opened.filter(|candidate| !view.snapshot.needs.descriptions.contains_key(&candidate.number));
        let mut needs: Vec<Need> = unread.map(|candidate| Need::Description { pull: candidate.number }).collect();
        let work: Vec<Result<Work, Need>> = several.iter().map(|candidate| work(view, candidate)).collect();
        needs.extend(work.iter().filter_map(|work| work.as_ref().err().cloned()));
        if !needs.is_empty() {
            return (format!("{numbers} are being looked at"), Outcome::Look { needs });
        }
        if work.iter().any(|work| matches!(work, Ok(Work::Going))) {
            let why = format!("{why}; the agent is still at work");
            return (why.clone(), wait(why, Actor::Agent));
        }
    }
    let lifts = format!("put `Fixes {n}` into the description of the one that answers it, or close them");
    (why.clone(), stalled(why, lifts))
}

/// Their numbers, as many as anybody reads.
fn listed(several: &[Candidate]) -> String {
    let mut numbers: Vec<PullNumber> = several.iter().map(|candidate| candidate.number).collect();
    numbers.sort();
    let more = numbers.len().saturating_sub(MOST_READ);
    let mut shown: Vec<String> = numbers.iter().take(MOST_READ).map(ToString::to_string).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(" and ")
}

/// What other pull requests say, for people.
pub(super) fn shown(candidate: &Candidate) -> Evidence {
    let signal = match candidate.signal {
        Signal::Disconnected => "was linked by hand and unlinked again",
        Signal::Opened => "was opened by the agent after the assignment and names no issue",
        Signal::Mentioned => "mentions the issue and would not close it",
        Signal::Connected => "is linked by hand and would not close it",
    };
    let title = one_line(&candidate.title, 80);
    Evidence {
        fact: format!("{} \"{title}\" by {}", candidate.number, candidate.author.login),
        value: signal.to_owned(),
    }
}

/// The agent's open pull requests that may be the answer: those that GitHub connects with the issue, else those of which
/// nothing else is known.
fn candidates(view: View<'_>, issue: &BoundIssue) -> Vec<Candidate> {
    let Some(since) = first_sent(issue) else { return Vec::new() };
    let fits = |candidate: &&Candidate| {
        candidate.state == PullState::Open
            && candidate.author.is_agent()
            && !candidate.cross_repository
            && candidate.base == view.snapshot.tips.branch
            && candidate.created >= since
            && !answers_another(view, issue.number, candidate.number)
    };
    let named: Vec<Candidate> = issue.candidates.iter().filter(fits).cloned().collect();
    if named.iter().any(|candidate| candidate.signal != Signal::Disconnected) {
        return named.into_iter().filter(|candidate| candidate.signal != Signal::Disconnected).collect();
    }
    let unnamed = unnamed(view, since);
    let mut all: Vec<Candidate> = named;
    let free = |candidate: &&Candidate| {
        !says_it_closes_another(view, issue.number, candidate.number)
            && !is_named_by_another(view, issue.number, candidate.number)
    };
    for candidate in unnamed.iter().filter(fits).filter(free) {
        if !all.iter().any(|known| known.number == candidate.number) {
            all.push(candidate.clone());
        }
    }
    all
}

/// The agent's pull request that has to do with the issue and goes into another branch, where it ends nothing.
fn elsewhere(view: View<'_>, issue: &BoundIssue) -> Option<(String, Outcome)> {
    let since = first_sent(issue)?;
    let mainline = &view.snapshot.tips.branch;
    let strays = |candidate: &&Candidate| {
        candidate.state == PullState::Open
            && candidate.author.is_agent()
            && !candidate.cross_repository
            && candidate.base != *mainline
            && candidate.signal != Signal::Disconnected
            && candidate.created >= since
    };
    let Candidate { number: pull, base, .. } = issue.candidates.iter().find(strays)?;
    let why =
        format!("{pull} by the agent has to do with {} and goes into `{base}`, not into `{mainline}`", issue.number);
    Some((why.clone(), stalled(why, format!("change the base of {pull} to `{mainline}`, or close {pull}"))))
}

/// The agent's pull request that has to do with the issue, was opened after it was sent there last, and is merged or closed
/// without closing the issue.
pub(super) fn ended<'a>(view: View<'_>, issue: &'a BoundIssue) -> Option<&'a Candidate> {
    let sent = issue.assignments.iter().filter(|event| event.assigned && event.assignee.is_agent());
    let since = sent.map(|event| event.at).max()?;
    let over = |candidate: &&Candidate| {
        candidate.state != PullState::Open
            && candidate.author.is_agent()
            && !candidate.cross_repository
            && candidate.signal != Signal::Disconnected
            && candidate.created >= since
            && !answers_another(view, issue.number, candidate.number)
    };
    issue.candidates.iter().filter(over).max_by_key(|candidate| candidate.number)
}

/// Nobody is sent to do once more what was done or declined.
fn over(view: View<'_>, issue: &BoundIssue) -> Option<(String, Outcome)> {
    let Candidate { number: pull, state, base, .. } = ended(view, issue)?;
    let n = issue.number;
    let how = if *state == PullState::Merged {
        format!("was merged into `{base}`")
    } else {
        "was closed unmerged".to_owned()
    };
    let why = format!("{pull} by the agent has to do with {n}, {how} and did not close it");
    Some((why.clone(), stalled(why, format!("close {n} if it is done, or assign the agent again"))))
}

/// A pull request of the agent that was opened after it was sent to the issue last, whatever became of it, and of which
/// nothing tells what it answers. Before the agent is sent once more this is asked: GitHub connects with the issue only
/// what names it, and the list of open ones forgets what was merged or closed.
pub(super) fn unheard(view: View<'_>, issue: &BoundIssue, since: Timestamp) -> Option<(String, Outcome)> {
    let n = issue.number;
    let look = |needs: Vec<Need>| {
        Some((format!("what else the agent did since {since} is looked at"), Outcome::Look { needs }))
    };
    let again = format!("close {n} if it was answered, or assign the agent again");
    let Some(newest) = &view.snapshot.needs.agent_pulls else { return look(vec![Need::AgentPulls]) };
    let found = unexplained(view, issue, &newest.pulls, since);
    let read = |one: &&&Candidate| view.snapshot.needs.descriptions.contains_key(&one.number);
    let unread: Vec<Need> =
        found.iter().filter(|one| !read(one)).map(|one| Need::Description { pull: one.number }).collect();
    if !unread.is_empty() && found.len() <= MOST_READ {
        return look(unread);
    }
    if found.len() > MOST_READ || newest.reach.is_some_and(|reach| reach > since) {
        let why = format!(
            "since the agent was sent to {n} more pull requests were opened than are looked through, and one of them may \
             answer it"
        );
        return Some((why.clone(), stalled(why, again)));
    }
    let Candidate { number: pull, state, base, .. } = found.first()?;
    let how = match state {
        PullState::Open => "is open".to_owned(),
        PullState::Merged => format!("was merged into `{base}`"),
        PullState::Closed => "was closed unmerged".to_owned(),
    };
    let why = format!("{pull} by the agent was opened after it was sent to {n}, {how} and names no issue");
    let lifts =
        format!("if it answers {n}, put `Fixes {n}` into its description or close {n}; else assign the agent again");
    Some((why.clone(), stalled(why, lifts)))
}

/// Whether there is such a pull request, as far as this look knows.
pub(super) fn is_heard_of(view: View<'_>, issue: &BoundIssue, since: Timestamp) -> bool {
    let newest = view.snapshot.needs.agent_pulls.as_ref();
    newest.is_some_and(|newest| {
        newest.reach.is_some_and(|reach| reach > since) || !unexplained(view, issue, &newest.pulls, since).is_empty()
    })
}

/// Those that were opened since then and of which nothing says that they answer another issue.
fn unexplained<'a>(view: View<'_>, issue: &BoundIssue, pulls: &'a [Candidate], since: Timestamp) -> Vec<&'a Candidate> {
    let n = issue.number;
    let may_answer = |candidate: &&Candidate| {
        !candidate.cross_repository
            && candidate.created >= since
            && !answers_another(view, n, candidate.number)
            && !is_named_by_another(view, n, candidate.number)
            && !says_it_closes_another(view, n, candidate.number)
    };
    pulls.iter().filter(may_answer).collect()
}

/// When the agent was sent to the issue first.
fn first_sent(issue: &BoundIssue) -> Option<Timestamp> {
    let assigned = issue.assignments.iter().filter(|event| event.assigned && event.assignee.is_agent());
    assigned.map(|event| event.at).min()
}

/// What the list of open pull requests shows.
fn unnamed(view: View<'_>, since: Timestamp) -> Vec<Candidate> {
    let listed = view.snapshot.forge.pulls.iter();
    let candidate = listed.map(|pull| Candidate {
        number: pull.number,
        title: pull.title.clone(),
        author: pull.author.clone(),
        head_branch: pull.head_branch.clone(),
        cross_repository: pull.cross_repository,
        base: pull.base.clone(),
        state: PullState::Open,
        // Without a date it may be older than the assignment.
        created: pull.created.unwrap_or(Timestamp::MIN),
        signal: Signal::Opened,
    });
    candidate.filter(|candidate| candidate.created >= since).collect()
}

/// Whether it is linked to another issue of ours.
fn answers_another(view: View<'_>, issue: IssueNumber, pull: PullNumber) -> bool {
    let others = view.snapshot.forge.bound.iter().filter(|other| other.number != issue);
    others.flat_map(|other| &other.pulls).any(|other| other.number == pull)
}

/// Whether its description says that it closes something, and not this issue.
fn says_it_closes_another(view: View<'_>, issue: IssueNumber, pull: PullNumber) -> bool {
    let Some(text) = view.snapshot.needs.descriptions.get(&pull) else { return false };
    let closings = closings(text, &view.snapshot.repository.to_string());
    !closings.is_empty() && !closings.contains(&Some(issue.0))
}

/// Whether GitHub connects it with another issue of ours.
fn is_named_by_another(view: View<'_>, issue: IssueNumber, pull: PullNumber) -> bool {
    let others = view.snapshot.forge.bound.iter().filter(|other| other.number != issue);
    let mut named = others.flat_map(|other| &other.candidates).filter(|named| named.signal != Signal::Disconnected);
    named.any(|named| named.number == pull)
}

/// Another issue without a pull request that GitHub connects the candidate with, or that it may answer as well as this one.
fn rival(view: View<'_>, issue: IssueNumber, candidate: &Candidate) -> Option<IssueNumber> {
    let ledger = view.snapshot.ledger.as_ref()?;
    let waits = |other: &&BoundIssue| {
        other.number != issue
            && !is_answered(other)
            && ledger.unsettled().any(|binding| binding.issue == other.number)
            && candidates(view, other).iter().any(|one| one.number == candidate.number)
    };
    view.snapshot.forge.bound.iter().find(waits).map(|other| other.number)
}

fn single(view: View<'_>, binding: &Binding, n: IssueNumber, candidate: &Candidate) -> (String, Outcome) {
    let pull = candidate.number;
    let why = format!("{pull} by the agent may answer {n} and would not close it");
    if candidate.signal == Signal::Disconnected {
        return (why.clone(), stalled(why, by_hand(n, pull)));
    }
    let look = |need: Need| (format!("{pull} is being looked at"), Outcome::Look { needs: vec![need] });
    let description = view.snapshot.needs.descriptions.get(&pull);
    if candidate.signal == Signal::Opened && description.is_none() {
        return look(Need::Description { pull });
    }
    let over = match work(view, candidate) {
        Err(need) => return look(need),
        Ok(Work::Going) => {
            let why = format!("{why}; the agent is not done with it");
            return (why.clone(), wait(why, Actor::Agent));
        }
        Ok(Work::Over(how)) => Some(how),
        Ok(Work::Done) => None,
    };
    if let Some(rival) = rival(view, n, candidate) {
        let why = format!("{pull} by the agent may answer {n} or {rival} and would close neither");
        let lifts = format!("put `Fixes {n}` or `Fixes {rival}` into the description of {pull}, or close {pull}");
        return (why.clone(), stalled(why, lifts));
    }
    if let Some(how) = over {
        let why = format!("{why}; {how}");
        let lifts =
            format!("comment `@copilot please continue` on {pull}, put `Fixes {n}` into its description, or close it");
        return (why.clone(), stalled(why, lifts));
    }
    match description {
        Some(description) => finished(view, binding, n, candidate, description),
        None => look(Need::Description { pull }),
    }
}

fn by_hand(n: IssueNumber, pull: PullNumber) -> String {
    format!("put `Fixes {n}` into the description of {pull}, or close {pull}")
}

/// One that the agent is done with, by what it says itself.
fn finished(
    view: View<'_>,
    binding: &Binding,
    n: IssueNumber,
    candidate: &Candidate,
    description: &str,
) -> (String, Outcome) {
    let (pull, repository) = (candidate.number, view.snapshot.repository.to_string());
    let why = format!("{pull} by the agent may answer {n} and would not close it");
    let ours = description.contains(&CommentMarker::Link { pull, issue: n }.to_string());
    let closes = closings(description, &repository);
    if closes.contains(&Some(n.0)) && !ours {
        let why = format!("{pull} by the agent says that it closes {n}, and GitHub shows no link between them");
        return (why.clone(), stalled(why, format!("link {pull} to {n} by hand, or close {pull}")));
    }
    if !closes.is_empty() && !ours {
        let why = format!("{pull} by the agent has to do with {n} and closes something, but not {n}");
        return (why.clone(), stalled(why, by_hand(n, pull)));
    }
    match candidate.signal {
        // Anybody's comment makes GitHub connect the two. Its own words and a link by hand are somebody's who may say so.
        Signal::Opened | Signal::Disconnected => (why.clone(), stalled(why, by_hand(n, pull))),
        Signal::Mentioned if !refers_to(description, n.0, &repository) => (why.clone(), stalled(why, by_hand(n, pull))),
        // Words that might be read as closing something are left to a person.
        Signal::Mentioned | Signal::Connected if closes_something(description) && !ours => {
            (why.clone(), stalled(why, by_hand(n, pull)))
        }
        Signal::Mentioned | Signal::Connected if view.policy.pacing.auto_link => {
            link(view, binding, (n, pull), description, why)
        }
        Signal::Mentioned | Signal::Connected => {
            let lifts =
                format!("put `Fixes {n}` into the description of {pull}, or set `auto_link = true` under `[loop]`");
            (why.clone(), stalled(why, lifts))
        }
    }
}

/// How far the agent is with a pull request that is not linked.
enum Work {
    Going,
    /// Its session ended without a result; how.
    Over(String),
    Done,
}

fn work(view: View<'_>, candidate: &Candidate) -> Result<Work, Need> {
    let pull = candidate.number;
    let events = view.snapshot.needs.agent_events.get(&pull).ok_or(Need::AgentEvents { pull })?;
    let wip = is_wip(&candidate.title);
    if !wip && events.last().is_some_and(|event| event.kind == AgentEventKind::Finished) {
        return Ok(Work::Done);
    }
    let over = liveness::over(events, candidate.created, view.snapshot.now);
    Ok(over.map_or(Work::Going, Work::Over))
}

fn link(
    view: View<'_>,
    binding: &Binding,
    (issue, pull): (IssueNumber, PullNumber),
    before: &str,
    why: String,
) -> (String, Outcome) {
    let about = CommentMarker::Link { pull, issue };
    let body = message::linked_description(before, pull, issue);
    let link = Effect::Link { pull, issue, digest: text_digest("", before), body };
    if before.contains(&about.to_string()) {
        if let Some(waiting) = left::unseen(view, &link) {
            return (waiting.why.clone(), Outcome::Wait { waiting });
        }
        // It says so and GitHub makes nothing of it: perhaps somebody took the link away.
        let why = format!("{why}, although its description says that it closes {issue}");
        return (why.clone(), stalled(why, format!("look at {pull}; link it to {issue} by hand")));
    }
    let notice = Effect::Comment { pull, about, text: message::link_notice(pull, issue) };
    if let Some(aside) = left::refused(view, binding, &link) {
        return (aside.obligation.reason, aside.obligation.outcome);
    }
    if let Some(waiting) = left::unseen(view, &notice) {
        return (waiting.why.clone(), Outcome::Wait { waiting });
    }
    // Said first: once it is linked nothing is owed here any more. A conversation that is locked keeps no link away.
    let locked = view.snapshot.refusal(&notice.object()).is_some();
    let effects = if locked { vec![link] } else { vec![notice, link] };
    let reason = format!("{why}; it is linked");
    (reason, act(ActionKind::Link, &binding.key, effects))
}

//! The simulated coding agent: sessions that open a draft, push commits and finish, one step at a time.
//!
//! Needs the [`Hub`]. Guarantees that it acts only as Copilot does through GitHub: it reads the visible text and the
//! labels of its issue and the files of its branch, nothing of the orchestrator's; it never marks its pull request
//! ready and never merges. Steps happen only when asked for, so tests decide what falls between two of them.
//!
//! Known difference: a session has three steps (four where it pushes again) instead of many commits and comments.

mod script;
mod work;

pub(super) use self::script::Scripts;
use self::script::Turn;
pub use self::script::{Mishap, Script};
pub use self::work::IssueKind;
use self::work::{Brief, Change, Library};
use super::git::{FileChange, GitError, Objects, Signature};
use super::hub::{Hub, NewFiles, Trouble};
use super::world::{AGENT, CheckResult, Event, NewPull, Session, Step, Subject, What, World, slug, visible};

/// The check of a red head where the repository has no workflow.
const CHECK: &str = "tests";

/// What a step of the agent did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AgentEvent {
    /// A session began: the draft is open (or work on it goes on).
    Started {
        /// The issue, if the session has one.
        issue: Option<u64>,
        /// The pull request.
        pull: u64,
        /// Its branch.
        branch: String,
    },
    /// Work was pushed.
    Pushed {
        /// The pull request.
        pull: u64,
        /// The new head.
        head: String,
        /// The files it changes.
        paths: Vec<String>,
    },
    /// The agent found nothing to change.
    ChangedNothing {
        /// The pull request.
        pull: u64,
    },
    /// The session is over and a review is asked for.
    Finished {
        /// The pull request.
        pull: u64,
    },
    /// The session is over and leaves the pull request as work in progress.
    LeftUnfinished {
        /// The pull request.
        pull: u64,
    },
    /// The session broke off.
    Failed {
        /// The pull request.
        pull: u64,
        /// What it says.
        message: String,
    },
    /// The session stopped because its issue or pull request was closed.
    Stopped {
        /// The issue, if the session has one.
        issue: Option<u64>,
        /// The pull request, if there is one yet.
        pull: Option<u64>,
    },
}

/// Moves every session on by one step, the oldest first.
pub(super) async fn step<G: Objects>(hub: &Hub<G>, scripts: &Scripts) -> Result<Vec<AgentEvent>, Trouble> {
    let running: Vec<Session> =
        hub.world().sessions().iter().filter(|session| session.step != Step::Ended).cloned().collect();
    let mut events = Vec::new();
    for session in running {
        let (lost, brief) = {
            let world = hub.world();
            (world.session_lost(&session), brief(&world, &session))
        };
        let (issue, pull) = (session.issue, session.pull);
        if lost {
            hub.world().session_step(session.id, Step::Ended, None);
            events.push(AgentEvent::Stopped { issue, pull });
            continue;
        }
        let course = Course { script: scripts.of(issue, brief.kind), seed: scripts.seed, turn: turn(hub, &session) };
        match (session.step, pull) {
            (Step::Queued, _) if course.script == Script::NeverStart => {}
            (Step::Queued, None) => events.push(begin(hub, &session, &brief, course.script).await?),
            (Step::Queued, Some(pull)) => events.extend(resume(hub, &session, pull)),
            (Step::Started, Some(pull)) => match course.script.mishap(course.turn) {
                Some(mishap) => events.extend(go_wrong(hub, &session, pull, mishap)),
                None => events.push(work_on(hub, &session, &brief, course, pull).await?),
            },
            (Step::Worked, Some(pull)) => events.push(finish(hub, &session, pull, course.script)),
            (Step::Reviewed, Some(pull)) => events.push(push_again(hub, &session, pull).await?),
            // A session that runs has a pull request; one that ended was left out.
            (Step::Started | Step::Worked | Step::Reviewed, None) | (Step::Ended, _) => {}
        }
    }
    Ok(events)
}

/// How one session goes.
#[derive(Clone, Copy, Debug)]
struct Course {
    script: Script,
    seed: u64,
    turn: Turn,
}

/// Which session of its issue, or of a pull request without one, this is.
fn turn<G: Objects>(hub: &Hub<G>, session: &Session) -> Turn {
    let world = hub.world();
    let same = |other: &&Session| match session.issue {
        Some(_) => other.issue == session.issue,
        None => other.pull == session.pull,
    };
    let nth = world.sessions().iter().filter(|other| other.id <= session.id).filter(same).count();
    let failed = |event: &&Event| matches!(event.what, What::AgentFailed(_));
    let pull = session.pull.and_then(|pull| world.subject(pull));
    let broken = pull.and_then(|subject| subject.events.iter().find(failed)).map(|event| event.at);
    Turn { nth, broken, now: world.now() }
}

/// What the agent is told: the issue as it can see it.
fn brief(world: &World, session: &Session) -> Brief {
    let subject = session.issue.or(session.pull).and_then(|number| world.subject(number));
    let label_names = |subject: &Subject| -> Vec<String> {
        subject.labels.iter().filter_map(|id| world.label(*id)).map(|label| label.name.clone()).collect()
    };
    let labels = subject.map(label_names).unwrap_or_default();
    let title = subject.map_or_else(String::new, |subject| subject.title.clone());
    let mut text = subject.map_or_else(String::new, |subject| visible(&subject.body));
    // The agent may look at the pull requests that its issue names.
    let named = super::world::mentions(&format!("{title} {text}"), world.full_name()).all;
    for (other, _) in named.into_iter().filter_map(|number| world.pull(number)) {
        text.push_str(&format!("\n{}\n{}", other.title, visible(&other.body)));
    }
    Brief { kind: IssueKind::of(&labels), title, text }
}

/// Opens the branch and the draft.
async fn begin<G: Objects>(
    hub: &Hub<G>,
    session: &Session,
    brief: &Brief,
    script: Script,
) -> Result<AgentEvent, Trouble> {
    let (branch, base, name) = {
        let world = hub.world();
        let plain = format!("copilot/{}-{}", slug(&brief.title), session.issue.unwrap_or_default());
        let again = (2..).map(|n: u32| format!("{plain}-{n}"));
        let mut names = std::iter::once(plain.clone()).chain(again);
        let free = names.find(|name| world.branch(name).is_none()).unwrap_or(plain);
        (free, world.branch(&session.base).map(str::to_owned), world.full_name().to_owned())
    };
    let agent = Signature::agent();
    let new = NewFiles { branch: &branch, from: base.as_deref(), files: &[], message: "Initial plan", author: &agent };
    let head_oid = hub.commit_files(new, AGENT).await?;
    let first = head_oid.clone();
    let body =
        description(session, script, &name, "Work on this has begun. This description will change as it goes on.");
    let new = NewPull {
        title: format!("[WIP] {}", brief.title).chars().take(256).collect(),
        body,
        head: branch.clone(),
        head_oid,
        base: session.base.clone(),
        draft: true,
        fork: None,
    };
    let pull = hub.open_pull(AGENT, new).await?;
    let mut world = hub.world();
    let logins: Vec<String> = [session.assigner, AGENT]
        .into_iter()
        .filter_map(|id| world.account(id))
        .map(|account| account.request_login.clone())
        .collect();
    world.assign(session.assigner, pull, &logins, None)?;
    world.agent_pushed(&first, false);
    world.agent_event(pull, session.assigner, What::AgentStarted);
    world.session_step(session.id, Step::Started, Some(pull));
    Ok(AgentEvent::Started { issue: session.issue, pull, branch })
}

/// What the agent says of its pull request. It writes all of it anew as it goes on, whatever others wrote into it.
fn description(session: &Session, script: Script, repository: &str, said: &str) -> String {
    let named = session.issue.filter(|_| script != Script::NamesNoIssue);
    let fixes = named.map_or_else(String::new, |issue| format!("Fixes {repository}#{issue}\n"));
    format!("{said}\n\n{fixes}")
}

/// Writes it anew, in every session whose issue it knows.
fn describe(world: &mut World, session: &Session, script: Script, pull: u64, said: &str) {
    if session.issue.is_some() {
        let body = description(session, script, world.full_name(), said);
        world.rewrite(pull, AGENT, body);
    }
}

/// Goes on with a pull request that a comment called the agent to.
fn resume<G: Objects>(hub: &Hub<G>, session: &Session, pull: u64) -> Option<AgentEvent> {
    let mut world = hub.world();
    world.agent_event(pull, session.assigner, What::AgentStarted);
    world.session_step(session.id, Step::Started, None);
    let branch = world.pull(pull).map(|(_, facts)| facts.head.clone())?;
    Some(AgentEvent::Started { issue: session.issue, pull, branch })
}

/// Ends a session that went wrong; without a word where it is one that is never heard of again. GitHub ends those after an
/// hour, and a call begins another.
fn go_wrong<G: Objects>(hub: &Hub<G>, session: &Session, pull: u64, mishap: Mishap) -> Option<AgentEvent> {
    let mut world = hub.world();
    world.session_step(session.id, Step::Ended, None);
    let message = mishap.message()?;
    world.agent_event(pull, session.assigner, What::AgentFailed(message.clone()));
    Some(AgentEvent::Failed { pull, message })
}

/// Pushes the work, if there is any.
async fn work_on<G: Objects>(
    hub: &Hub<G>,
    session: &Session,
    brief: &Brief,
    course: Course,
    pull: u64,
) -> Result<AgentEvent, Trouble> {
    let (branch, head, base) = {
        let world = hub.world();
        let found = world.pull(pull).map(|(_, facts)| (&facts.head, &facts.head_oid, &facts.base_oid));
        found.map(|(branch, head, base)| (branch.clone(), head.clone(), base.clone())).unwrap_or_default()
    };
    let again = course.turn.nth > 1;
    // Who settles a conflict goes on from the mainline as it is now.
    let settles = course.script == Script::Conflict && again;
    let library = read(hub, if settles { &base } else { &head }).await?;
    let mut changes = Vec::new();
    if course.script != Script::NoChange {
        changes = work::plan(brief, &library, hub.world().now(), course.seed);
        changes.extend(work::extra(course.script, brief, &library, again));
    }
    let mut new: Vec<&Change> = Vec::new();
    for change in &changes {
        if hub.git.read_file(&head, &change.path).await?.as_deref() != Some(change.content.as_slice()) || settles {
            new.push(change);
        }
    }
    if new.is_empty() {
        hub.world().session_step(session.id, Step::Worked, None);
        return Ok(AgentEvent::ChangedNothing { pull });
    }
    let files: Vec<FileChange<'_>> =
        new.iter().map(|change| (change.path.as_str(), Some(change.content.as_slice()))).collect();
    let agent = Signature::agent();
    let message = work::message(brief);
    let from = settles.then_some(base.as_str());
    let commit = NewFiles { branch: &branch, from, files: &files, message: &message, author: &agent };
    let head = if settles { hub.merge_into(commit, AGENT).await? } else { hub.commit_files(commit, AGENT).await? };
    {
        let mut world = hub.world();
        let red = course.script == Script::RedChecks && !again;
        world.agent_pushed(&head, red);
        if course.script == Script::RedChecks && world.settings.workflows.is_empty() {
            world.report_check(&head, CHECK, if red { CheckResult::Failure } else { CheckResult::Success });
        }
        describe(&mut world, session, course.script, pull, "The work is done in part.");
        world.session_step(session.id, Step::Worked, None);
    }
    if course.script == Script::Conflict && !again {
        meanwhile(hub, &session.base).await?;
    }
    Ok(AgentEvent::Pushed { pull, head, paths: new.iter().map(|change| change.path.clone()).collect() })
}

/// A person changes on the mainline what the agent changed on its branch.
async fn meanwhile<G: Objects>(hub: &Hub<G>, base: &str) -> Result<(), Trouble> {
    let before = hub.git.read_file(base, work::CHANGES).await?;
    let before = before.map(|content| String::from_utf8_lossy(&content).into_owned());
    let change = work::noted(before.as_deref(), "Something else, by hand");
    let file = (change.path.as_str(), Some(change.content.as_slice()));
    hub.viewer_commits(base, &[file], "Note a change by hand").await?;
    Ok(())
}

/// Pushes once more after the review was asked for, and ends.
async fn push_again<G: Objects>(hub: &Hub<G>, session: &Session, pull: u64) -> Result<AgentEvent, Trouble> {
    let branch = hub.world().pull(pull).map(|(_, facts)| facts.head.clone()).unwrap_or_default();
    let before = hub.git.read_file(&branch, work::CHANGES).await?;
    let before = before.map(|content| String::from_utf8_lossy(&content).into_owned());
    let change = work::noted(before.as_deref(), "One thing more");
    let files = [(change.path.as_str(), Some(change.content.as_slice()))];
    let agent = Signature::agent();
    let commit = NewFiles { branch: &branch, from: None, files: &files, message: "One thing more", author: &agent };
    let head = hub.commit_files(commit, AGENT).await?;
    let mut world = hub.world();
    world.agent_pushed(&head, false);
    world.session_step(session.id, Step::Ended, None);
    Ok(AgentEvent::Pushed { pull, head, paths: vec![change.path] })
}

/// The planning documents on the agent's branch.
async fn read<G: Objects>(hub: &Hub<G>, head: &str) -> Result<Library, GitError> {
    let mut texts = Vec::new();
    for path in [work::GOAL, work::CAPABILITIES, work::POLICY, work::CHANGES] {
        let content = hub.git.read_file(head, path).await?;
        texts.push(content.map(|content| String::from_utf8_lossy(&content).into_owned()));
    }
    let mut texts = texts.into_iter();
    let mut next = || texts.next().flatten();
    Ok(Library { goal: next(), capabilities: next(), policy: next(), changes: next() })
}

/// Drops `[WIP]`, asks for a review and ends. The pull request stays a draft.
fn finish<G: Objects>(hub: &Hub<G>, session: &Session, pull: u64, script: Script) -> AgentEvent {
    let mut world = hub.world();
    if script == Script::WorkInProgressForever {
        world.session_step(session.id, Step::Ended, None);
        return AgentEvent::LeftUnfinished { pull };
    }
    let title = world.subject(pull).map_or_else(String::new, |subject| subject.title.clone());
    let done = title.strip_prefix("[WIP]").unwrap_or(&title).trim_start().to_owned();
    world.retitle(pull, AGENT, done);
    describe(&mut world, session, script, pull, "What the issue asks for is done, and was looked over once.");
    world.request_review(AGENT, pull, session.assigner);
    world.agent_event(pull, session.assigner, What::AgentFinished);
    let more = script == Script::SecondPush;
    world.session_step(session.id, if more { Step::Reviewed } else { Step::Ended }, None);
    AgentEvent::Finished { pull }
}

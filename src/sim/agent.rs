//! The simulated coding agent: sessions that open a draft, push commits and finish, one step at a time.
//!
//! Needs the [`Hub`]. Guarantees that it acts only as Copilot does through GitHub: it reads the visible text and the
//! labels of its issue and the files of its branch, nothing of the orchestrator's; it never marks its pull request
//! ready and never merges. Steps happen only when asked for, so tests decide what falls between two of them.
//!
//! Known difference: a session has three steps instead of many commits and comments.

mod work;

use std::collections::BTreeMap;

pub use self::work::IssueKind;
use self::work::{Brief, Change, Library};
use super::git::{FileChange, GitError, Objects, Signature};
use super::hub::{Hub, NewFiles, Trouble};
use super::world::{AGENT, NewPull, Session, Step, Subject, What, World, slug, visible};

/// What the agent says when a session breaks off.
const FAILURE: &str = "Copilot has encountered an error. See the session logs for additional details.";

/// How a session goes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Script {
    /// As the issue asks.
    #[default]
    Normal,
    /// The session breaks off after its draft is open.
    DieAfterStart,
    /// The work edits the orchestrator's policy as well.
    TouchPolicy,
    /// The work adds a workflow as well.
    TouchWorkflow,
    /// The work updates the capabilities document as well.
    TouchCapabilities,
    /// The session finishes without a change.
    NoChange,
    /// The session stays queued for ever.
    NeverStart,
}

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

/// Which sessions go how.
#[derive(Clone, Default, Debug)]
pub(super) struct Scripts {
    /// What the agent is free to choose follows from it.
    seed: u64,
    numbers: BTreeMap<u64, Script>,
    kinds: BTreeMap<IssueKind, Script>,
}

impl Scripts {
    pub fn new(seed: u64) -> Scripts {
        Scripts { seed, ..Scripts::default() }
    }

    pub fn set_number(&mut self, issue: u64, script: Script) {
        self.numbers.insert(issue, script);
    }

    pub fn set_kind(&mut self, kind: IssueKind, script: Script) {
        self.kinds.insert(kind, script);
    }

    fn of(&self, issue: Option<u64>, kind: IssueKind) -> Script {
        let own = issue.and_then(|issue| self.numbers.get(&issue));
        own.or_else(|| self.kinds.get(&kind)).copied().unwrap_or_else(|| self.habit(kind))
    }

    /// Every other seed has an agent that brings the capabilities up to date along with its code.
    fn habit(&self, kind: IssueKind) -> Script {
        let diligent = kind == IssueKind::Development && self.seed / 2 % 2 == 1;
        if diligent { Script::TouchCapabilities } else { Script::Normal }
    }
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
        let script = scripts.of(issue, brief.kind);
        match (session.step, pull) {
            (Step::Queued, _) if script == Script::NeverStart => {}
            (Step::Queued, None) => events.push(begin(hub, &session, &brief).await?),
            (Step::Queued, Some(pull)) => events.extend(resume(hub, &session, pull)),
            (Step::Started, Some(pull)) if script == Script::DieAfterStart => events.push(die(hub, &session, pull)),
            (Step::Started, Some(pull)) => {
                events.push(work_on(hub, &session, &brief, (script, scripts.seed), pull).await?)
            }
            (Step::Worked, Some(pull)) => events.push(finish(hub, &session, pull)),
            // A session that runs has a pull request; one that ended was left out.
            (Step::Started | Step::Worked, None) | (Step::Ended, _) => {}
        }
    }
    Ok(events)
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
async fn begin<G: Objects>(hub: &Hub<G>, session: &Session, brief: &Brief) -> Result<AgentEvent, Trouble> {
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
    let fixes = session.issue.map_or_else(String::new, |issue| format!("Fixes {name}#{issue}\n"));
    let new = NewPull {
        title: format!("[WIP] {}", brief.title).chars().take(256).collect(),
        body: format!("Work on this has begun. This description will change as it goes on.\n\n{fixes}"),
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
    world.agent_event(pull, session.assigner, What::AgentStarted);
    world.session_step(session.id, Step::Started, Some(pull));
    Ok(AgentEvent::Started { issue: session.issue, pull, branch })
}

/// Goes on with a pull request that a comment called the agent to.
fn resume<G: Objects>(hub: &Hub<G>, session: &Session, pull: u64) -> Option<AgentEvent> {
    let mut world = hub.world();
    world.agent_event(pull, session.assigner, What::AgentStarted);
    world.session_step(session.id, Step::Started, None);
    let branch = world.pull(pull).map(|(_, facts)| facts.head.clone())?;
    Some(AgentEvent::Started { issue: session.issue, pull, branch })
}

fn die<G: Objects>(hub: &Hub<G>, session: &Session, pull: u64) -> AgentEvent {
    let mut world = hub.world();
    world.agent_event(pull, session.assigner, What::AgentFailed(FAILURE.to_owned()));
    world.session_step(session.id, Step::Ended, None);
    AgentEvent::Failed { pull, message: FAILURE.to_owned() }
}

/// Pushes the work, if there is any.
async fn work_on<G: Objects>(
    hub: &Hub<G>,
    session: &Session,
    brief: &Brief,
    (script, seed): (Script, u64),
    pull: u64,
) -> Result<AgentEvent, Trouble> {
    let (branch, head) = {
        let world = hub.world();
        let found = world.pull(pull).map(|(_, facts)| (facts.head.clone(), facts.head_oid.clone()));
        found.unwrap_or_default()
    };
    let library = read(hub, &head).await?;
    let mut changes =
        if script == Script::NoChange { Vec::new() } else { work::plan(brief, &library, hub.world().now(), seed) };
    if script != Script::NoChange {
        changes.extend(work::extra(script, brief, &library));
    }
    let mut new: Vec<&Change> = Vec::new();
    for change in &changes {
        if hub.git.read_file(&head, &change.path).await?.as_deref() != Some(change.content.as_slice()) {
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
    let commit = NewFiles { branch: &branch, from: None, files: &files, message: &message, author: &agent };
    let head = hub.commit_files(commit, AGENT).await?;
    hub.world().session_step(session.id, Step::Worked, None);
    Ok(AgentEvent::Pushed { pull, head, paths: new.iter().map(|change| change.path.clone()).collect() })
}

/// The planning documents on the agent's branch.
async fn read<G: Objects>(hub: &Hub<G>, head: &str) -> Result<Library, GitError> {
    let mut texts = Vec::new();
    for path in [work::GOAL, work::CAPABILITIES, work::POLICY] {
        let content = hub.git.read_file(head, path).await?;
        texts.push(content.map(|content| String::from_utf8_lossy(&content).into_owned()));
    }
    let mut texts = texts.into_iter();
    let mut next = || texts.next().flatten();
    Ok(Library { goal: next(), capabilities: next(), policy: next() })
}

/// Drops `[WIP]`, asks for a review and ends. The pull request stays a draft.
fn finish<G: Objects>(hub: &Hub<G>, session: &Session, pull: u64) -> AgentEvent {
    let mut world = hub.world();
    let title = world.subject(pull).map_or_else(String::new, |subject| subject.title.clone());
    let done = title.strip_prefix("[WIP]").unwrap_or(&title).trim_start().to_owned();
    world.retitle(pull, AGENT, done);
    world.request_review(AGENT, pull, session.assigner);
    world.agent_event(pull, session.assigner, What::AgentFinished);
    world.session_step(session.id, Step::Ended, None);
    AgentEvent::Finished { pull }
}

//! The agent's sessions, as far as GitHub knows of them.
//!
//! The world queues and stops sessions; what happens in one is the agent's (`sim/agent.rs`), who moves it on with
//! [`World::session_step`]. A session stops, without any event, when its issue is closed, deleted or taken from the
//! agent, or its pull request is closed.

use super::World;
use super::account::{AGENT, AccountId};
use super::issue::AgentAssignment;
use super::subject::What;

/// A piece of work of the agent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its place in the order of beginning.
    pub id: usize,
    /// The issue it works on; none if it was called on a pull request that is linked to no issue.
    pub issue: Option<u64>,
    /// Who assigned or called the agent.
    pub assigner: AccountId,
    /// The branch it works on.
    pub base: String,
    /// What it was told besides the issue.
    pub instructions: String,
    /// Its pull request, once there is one.
    pub pull: Option<u64>,
    /// Where it stands.
    pub step: Step,
}

/// Where a session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Waits to begin.
    Queued,
    /// Has its pull request.
    Started,
    /// Has pushed its work.
    Worked,
    /// Has asked for a review and will push once more.
    Reviewed,
    /// Is over.
    Ended,
}

impl World {
    /// All sessions, in the order of their beginning.
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Moves a session on.
    pub fn session_step(&mut self, id: usize, step: Step, pull: Option<u64>) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.step = step;
            session.pull = pull.or(session.pull);
        }
    }

    /// Whether a session has lost what it works on.
    pub fn session_lost(&self, session: &Session) -> bool {
        let issue_lost = session.issue.is_some_and(|number| {
            !self.issue(number).is_some_and(|issue| issue.is_open() && issue.assignees.contains(&AGENT))
        });
        let pull_lost =
            session.pull.is_some_and(|number| !self.pull(number).is_some_and(|(subject, _)| subject.is_open()));
        issue_lost || pull_lost
    }

    /// Begins a session for an issue.
    pub(super) fn queue_session(&mut self, issue: u64, assigner: AccountId, told: &AgentAssignment) {
        let base = told.base_branch.clone().unwrap_or_else(|| self.mainline.clone());
        self.sessions.push(Session {
            id: self.sessions.len(),
            issue: Some(issue),
            assigner,
            base,
            instructions: told.custom_instructions.clone().unwrap_or_default(),
            pull: None,
            step: Step::Queued,
        });
    }

    /// Ends the sessions of an issue that was taken from the agent.
    pub(super) fn end_sessions(&mut self, issue: u64) {
        for session in self.sessions.iter_mut().filter(|session| session.issue == Some(issue)) {
            session.step = Step::Ended;
        }
    }

    /// Begins a session on the agent's own open pull request, unless one runs there.
    pub(super) fn resume_session(&mut self, pull: u64, caller: AccountId) {
        let Some((_, facts)) = self.pull(pull) else {
            return;
        };
        let base = facts.base.clone();
        if self.sessions.iter().any(|session| session.pull == Some(pull) && session.step != Step::Ended) {
            return;
        }
        let issue = self
            .closing_issues(pull)
            .into_iter()
            .find(|number| self.issue(*number).is_some_and(|issue| issue.assignees.contains(&AGENT)));
        self.sessions.push(Session {
            id: self.sessions.len(),
            issue,
            assigner: caller,
            base,
            instructions: String::new(),
            pull: Some(pull),
            step: Step::Queued,
        });
    }

    /// Lets everything that happened to an issue have happened earlier, as if time had passed since.
    pub fn backdate(&mut self, number: u64, by: jiff::SignedDuration) {
        let events = self.subjects.get_mut(&number).into_iter().flat_map(|subject| &mut subject.events);
        for event in events {
            event.at = event.at.saturating_sub(by).unwrap_or(event.at);
        }
    }

    /// Records a lifecycle event of the agent; its actor is the person on whose behalf it works.
    pub fn agent_event(&mut self, pull: u64, on_behalf_of: AccountId, what: What) {
        self.record(pull, on_behalf_of, what);
    }
}

//! Opening issues, labels, assignments, comments, deletion.
//!
//! Guarantees GitHub's contract for the agent's assignment: only the login `copilot-swe-agent[bot]` names it, only in a
//! request of an account that may write; everything else is dropped without a word. What an account without write
//! access sends as labels or assignees is dropped likewise.

use super::account::{AGENT, Account, AccountId, AccountKind};
use super::refusal::{Fault, Refusal};
use super::subject::{Comment, Subject, What};
use super::text::{calls_agent, mentions, node_id};
use super::{Label, Transferred, World};

/// The longest body that GitHub takes, in characters.
const LONGEST_BODY: usize = 65_536;
/// The longest title that GitHub takes, in characters.
const LONGEST_TITLE: usize = 256;

/// What an issue is opened with.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct NewIssue {
    /// Its title.
    pub title: String,
    /// Its body.
    pub body: String,
    /// Label names; unknown ones are made.
    pub labels: Vec<String>,
    /// Logins as requests use them; one that can't be assigned refuses the whole issue.
    pub assignees: Vec<String>,
}

/// What an assignment tells the agent.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AgentAssignment {
    /// `owner/name` of the repository to work in.
    pub target_repo: Option<String>,
    /// The branch to work on.
    pub base_branch: Option<String>,
    /// What to observe besides the issue.
    pub custom_instructions: Option<String>,
}

impl World {
    /// Makes a label.
    pub fn create_label(&mut self, name: &str, color: &str, description: Option<&str>) -> Result<Label, Refusal> {
        if name.trim().is_empty() {
            return Err(Fault::plain("Label", "name", "missing_field"));
        }
        if self.label_by_name(name).is_some() {
            return Err(Fault::plain("Label", "name", "already_exists"));
        }
        if color.len() != 6 || !color.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Fault::plain("Label", "color", "invalid"));
        }
        let id = self.next_id();
        let label = Label {
            id,
            name: name.to_owned(),
            color: color.to_lowercase(),
            description: description.map(str::to_owned),
        };
        self.labels.push(label.clone());
        Ok(label)
    }

    /// The id of a label, which is made if there is none of this name.
    fn label_id(&mut self, name: &str) -> Option<u64> {
        if let Some(label) = self.label_by_name(name) {
            return Some(label.id);
        }
        self.create_label(name, "ededed", None).ok().map(|label| label.id)
    }

    /// Opens an issue; returns its number.
    pub fn open_issue(
        &mut self,
        by: AccountId,
        new: NewIssue,
        agent: Option<&AgentAssignment>,
    ) -> Result<u64, Refusal> {
        if !self.settings.issues {
            return Err(Refusal::Gone("Issues has been disabled in this repository.".to_owned()));
        }
        check_title("Issue", &new.title)?;
        check_body("Issue", &new.body)?;
        let may_write = self.permission(by).can_write();
        if may_write && new.assignees.iter().any(|login| self.assignable(login).is_none()) {
            return Err(Fault::plain("Issue", "assignees", "invalid"));
        }
        if let Some(told) = agent.filter(|_| may_write) {
            self.check_assignment(told)?;
        }
        let number = self.add_subject(by, "I_kwDO", new.title, new.body);
        if may_write {
            for name in &new.labels {
                self.put_label(number, by, name);
            }
            self.assign(by, number, &new.assignees, agent)?;
        }
        Ok(number)
    }

    /// Adds a subject under the next number, and what its body mentions.
    pub(super) fn add_subject(&mut self, author: AccountId, prefix: &str, title: String, body: String) -> u64 {
        let id = self.next_id();
        self.last_number += 1;
        let number = self.last_number;
        let subject = Subject {
            number,
            id,
            node_id: node_id(prefix, id),
            title,
            body: body.clone(),
            author,
            created_at: self.now,
            updated_at: self.now,
            closed_at: None,
            closed_by: None,
            reason: None,
            labels: Vec::new(),
            assignees: Vec::new(),
            comments: Vec::new(),
            events: Vec::new(),
            pull: None,
        };
        self.subjects.insert(number, subject);
        self.cross_reference(number, author, &body);
        number
    }

    /// Records in the subjects that a text mentions that this one mentions them; once each.
    pub(super) fn cross_reference(&mut self, source: u64, by: AccountId, text: &str) {
        for target in mentions(text, &self.full_name).all {
            let known =
                |subject: &Subject| subject.events.iter().any(|event| event.what == What::CrossReferenced(source));
            if target != source && self.subject(target).is_some_and(|subject| !known(subject)) {
                self.record(target, by, What::CrossReferenced(source));
            }
        }
    }

    /// Puts a label on, unless it is on.
    pub fn put_label(&mut self, number: u64, by: AccountId, name: &str) {
        let Some(label) = self.label_id(name) else {
            return;
        };
        let Some(subject) = self.subjects.get_mut(&number) else {
            return;
        };
        if !subject.labels.contains(&label) {
            subject.labels.push(label);
            self.record(number, by, What::Labeled(label));
        }
    }

    /// Takes a label off, if it is on.
    pub fn take_label(&mut self, number: u64, by: AccountId, name: &str) {
        let Some(label) = self.label_by_name(name).map(|label| label.id) else {
            return;
        };
        let Some(subject) = self.subjects.get_mut(&number) else {
            return;
        };
        if subject.labels.contains(&label) {
            subject.labels.retain(|on| *on != label);
            self.record(number, by, What::Unlabeled(label));
        }
    }

    /// The account that a request may assign by this login.
    pub fn assignable(&self, login: &str) -> Option<&Account> {
        self.accounts.values().find(|account| {
            if !account.request_login.eq_ignore_ascii_case(login) {
                return false;
            }
            match account.kind {
                AccountKind::User => account.permission.can_write(),
                AccountKind::Bot => account.id == AGENT && self.settings.agent_available,
                AccountKind::Organization => false,
            }
        })
    }

    /// Assigns accounts; those that can't be are dropped without a word. Assigning the agent begins a session.
    pub fn assign(
        &mut self,
        by: AccountId,
        number: u64,
        logins: &[String],
        agent: Option<&AgentAssignment>,
    ) -> Result<(), Refusal> {
        self.subject_mut(number)?;
        if !self.permission(by).can_write() {
            return Ok(());
        }
        let ids: Vec<AccountId> =
            logins.iter().filter_map(|login| self.assignable(login)).map(|account| account.id).collect();
        let told = agent.cloned().unwrap_or_default();
        if ids.contains(&AGENT) {
            self.check_assignment(&told)?;
        }
        for id in ids {
            let subject = self.subject_mut(number)?;
            if subject.assignees.contains(&id) {
                continue;
            }
            subject.assignees.push(id);
            let is_issue = subject.pull.is_none();
            self.record(number, by, What::Assigned(id));
            if id == AGENT && is_issue {
                self.queue_session(number, by, &told);
            }
        }
        Ok(())
    }

    fn check_assignment(&self, told: &AgentAssignment) -> Result<(), Refusal> {
        let here = told.target_repo.as_ref().is_none_or(|repo| repo.eq_ignore_ascii_case(&self.full_name));
        if !here {
            return Err(Fault::custom("Issue", "agent_assignment", "target_repo could not be found"));
        }
        let known = told.base_branch.as_ref().is_none_or(|base| self.branch(base).is_some());
        if !known {
            return Err(Fault::custom("Issue", "agent_assignment", "base_branch could not be found"));
        }
        Ok(())
    }

    /// Takes assignments back; unknown logins are dropped without a word.
    pub fn unassign(&mut self, by: AccountId, number: u64, logins: &[String]) -> Result<(), Refusal> {
        self.subject_mut(number)?;
        if !self.permission(by).can_write() {
            return Ok(());
        }
        for login in logins {
            let account = self.accounts.values().find(|account| account.request_login.eq_ignore_ascii_case(login));
            let Some(id) = account.map(|account| account.id) else {
                continue;
            };
            let subject = self.subject_mut(number)?;
            if subject.assignees.contains(&id) {
                subject.assignees.retain(|assigned| *assigned != id);
                if id == AGENT {
                    self.end_sessions(number);
                }
                self.record(number, by, What::Unassigned(id));
            }
        }
        Ok(())
    }

    /// Writes a comment. A call of the agent on an open pull request of its own begins a session.
    pub fn comment(&mut self, by: AccountId, number: u64, body: &str) -> Result<Comment, Refusal> {
        self.say(by, number, body, true)
    }

    /// The same by an app: nobody listens to its calls.
    pub(in crate::sim) fn comment_of_app(
        &mut self,
        by: AccountId,
        number: u64,
        body: &str,
    ) -> Result<Comment, Refusal> {
        self.say(by, number, body, false)
    }

    fn say(&mut self, by: AccountId, number: u64, body: &str, calls: bool) -> Result<Comment, Refusal> {
        self.subject_mut(number)?;
        if body.trim().is_empty() {
            return Err(Fault::plain("IssueComment", "body", "missing_field"));
        }
        check_body("IssueComment", body)?;
        let comment =
            Comment { id: self.next_id(), author: by, body: body.to_owned(), created_at: self.now, minimized: false };
        let now = self.now;
        let subject = self.subject_mut(number)?;
        subject.comments.push(comment.clone());
        subject.updated_at = now;
        let of_agent = subject.pull.is_some() && subject.author == AGENT && subject.is_open();
        self.cross_reference(number, by, body);
        if calls && of_agent && self.permission(by).can_write() && calls_agent(body) {
            self.resume_session(number, by);
        }
        Ok(comment)
    }

    /// A person links an issue and a pull request by hand.
    pub fn connect(&mut self, by: AccountId, issue: u64, pull: u64) -> Result<(), Refusal> {
        self.issue(issue).ok_or(Refusal::NotFound)?;
        let linked = self.subject_mut(pull)?.pull.as_mut().ok_or(Refusal::NotFound)?;
        if linked.linked.insert(issue) {
            self.record(issue, by, What::Connected(pull));
            self.record(pull, by, What::Connected(issue));
        }
        Ok(())
    }

    /// A person removes such a link.
    pub fn disconnect(&mut self, by: AccountId, issue: u64, pull: u64) -> Result<(), Refusal> {
        let linked = self.subject_mut(pull)?.pull.as_mut().ok_or(Refusal::NotFound)?;
        if linked.linked.remove(&issue) {
            self.record(issue, by, What::Disconnected(pull));
            self.record(pull, by, What::Disconnected(issue));
        }
        Ok(())
    }

    /// A person with all rights deletes an issue for good.
    pub fn delete_issue(&mut self, number: u64) -> Result<(), Refusal> {
        self.issue(number).ok_or(Refusal::NotFound)?;
        self.subjects.remove(&number);
        self.deleted.insert(number);
        Ok(())
    }

    /// A person with all rights moves an issue to another repository (`owner/name`). Its number leads there then.
    pub fn transfer_issue(&mut self, number: u64, repository: &str) -> Result<(), Refusal> {
        self.issue(number).ok_or(Refusal::NotFound)?;
        if let Some(issue) = self.subjects.remove(&number) {
            self.transferred.insert(number, Transferred { issue, repository: repository.to_owned() });
        }
        Ok(())
    }

    /// Whether merging this pull request closes this issue.
    pub fn will_close(&self, pull: u64, issue: u64) -> bool {
        self.closing_issues(pull).contains(&issue)
    }

    /// The issues that a pull request closes, by keyword or linked by hand. Only one into the default branch closes.
    pub fn closing_issues(&self, pull: u64) -> Vec<u64> {
        let Some((_, facts)) = self.pull(pull) else {
            return Vec::new();
        };
        let by_keyword = facts.closes.iter().filter(|_| facts.base == self.mainline);
        let all: std::collections::BTreeSet<u64> = by_keyword.chain(&facts.linked).copied().collect();
        all.into_iter().filter(|number| self.issue(*number).is_some()).collect()
    }

    /// The pull requests that close an issue; closed ones only on demand, merged ones count as closed.
    pub fn closing_pulls(&self, issue: u64, closed_too: bool) -> Vec<u64> {
        self.subjects
            .values()
            .filter(|subject| subject.pull.is_some() && (closed_too || subject.is_open()))
            .filter(|subject| self.will_close(subject.number, issue))
            .map(|subject| subject.number)
            .collect()
    }
}

/// Refuses a title that GitHub refuses.
pub(super) fn check_title(resource: &'static str, title: &str) -> Result<(), Refusal> {
    if title.trim().is_empty() {
        return Err(Fault::plain(resource, "title", "missing_field"));
    }
    if title.chars().count() > LONGEST_TITLE {
        let message = format!("title is too long (maximum is {LONGEST_TITLE} characters)");
        return Err(Fault::custom(resource, "title", &message));
    }
    Ok(())
}

/// Refuses a body that GitHub refuses.
pub(super) fn check_body(resource: &'static str, body: &str) -> Result<(), Refusal> {
    if body.chars().count() > LONGEST_BODY {
        let message = format!("body is too long (maximum is {LONGEST_BODY} characters)");
        return Err(Fault::custom(resource, "body", &message));
    }
    Ok(())
}

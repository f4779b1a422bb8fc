//! Editing, closing and reopening issues and pull requests.
//!
//! Guarantees that every change leaves its event, and that a change to what is already so leaves none.

use super::World;
use super::account::AccountId;
use super::issue::{check_body, check_title};
use super::refusal::{Fault, Refusal};
use super::subject::{Mergeability, StateReason, What};
use super::text::mentions;

/// What is to be changed of an issue; `None` leaves it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IssueEdit {
    /// The title.
    pub title: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// Open (`true`) or closed.
    pub open: Option<bool>,
    /// Why.
    pub reason: Option<StateReason>,
    /// All labels it shall have.
    pub labels: Option<Vec<String>>,
}

/// What is to be changed of a pull request; `None` leaves it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PullEdit {
    /// The title.
    pub title: Option<String>,
    /// The body.
    pub body: Option<String>,
    /// Open (`true`) or closed.
    pub open: Option<bool>,
    /// The branch it goes into.
    pub base: Option<String>,
}

impl World {
    /// Changes an issue (or what a pull request shares with one).
    pub fn edit_issue(&mut self, by: AccountId, number: u64, edit: IssueEdit) -> Result<(), Refusal> {
        let author = self.subject_mut(number)?.author;
        let may_write = self.permission(by).can_write();
        if !may_write && author != by {
            return Err(Refusal::Forbidden("Must have admin rights to Repository.".to_owned()));
        }
        if let Some(title) = &edit.title {
            check_title("Issue", title)?;
        }
        if let Some(body) = &edit.body {
            check_body("Issue", body)?;
        }
        if let Some(title) = edit.title {
            self.retitle(number, by, title);
        }
        if let Some(body) = edit.body {
            self.rewrite(number, by, body);
        }
        if let Some(labels) = edit.labels.filter(|_| may_write) {
            self.set_labels(number, by, &labels);
        }
        match edit.open {
            Some(false) => self.close(number, by, edit.reason.or(Some(StateReason::Completed))),
            Some(true) => self.reopen(number, by)?,
            None => {}
        }
        Ok(())
    }

    /// Changes a pull request.
    pub fn edit_pull(&mut self, by: AccountId, number: u64, edit: PullEdit) -> Result<(), Refusal> {
        let author = self.subject_mut(number)?.author;
        self.pull(number).ok_or(Refusal::NotFound)?;
        if !self.permission(by).can_write() && author != by {
            return Err(Refusal::Forbidden("Must have admin rights to Repository.".to_owned()));
        }
        if let Some(title) = &edit.title {
            check_title("PullRequest", title)?;
        }
        if let Some(body) = &edit.body {
            check_body("PullRequest", body)?;
        }
        if let Some(base) = edit.base {
            let oid = self.branch(&base).map(str::to_owned);
            let oid = oid.ok_or_else(|| Fault::plain("PullRequest", "base", "invalid"))?;
            if let Some(pull) = self.subject_mut(number)?.pull.as_mut() {
                pull.base = base;
                pull.base_oid = oid;
                pull.mergeability = Mergeability::Unknown;
            }
        }
        if let Some(title) = edit.title {
            self.retitle(number, by, title);
        }
        if let Some(body) = edit.body {
            self.rewrite(number, by, body);
        }
        match edit.open {
            Some(false) => self.close(number, by, None),
            Some(true) => self.reopen(number, by)?,
            None => {}
        }
        Ok(())
    }

    /// Gives a new title.
    pub fn retitle(&mut self, number: u64, by: AccountId, title: String) {
        let Some(subject) = self.subjects.get_mut(&number) else {
            return;
        };
        if subject.title != title {
            let from = std::mem::replace(&mut subject.title, title.clone());
            self.record(number, by, What::Renamed { from, to: title });
        }
    }

    /// Gives a new body, and draws what its mentions and closing keywords change.
    pub fn rewrite(&mut self, number: u64, by: AccountId, body: String) {
        let closes = mentions(&body, &self.full_name).closing;
        let now = self.now;
        let Some(subject) = self.subjects.get_mut(&number) else {
            return;
        };
        if let Some(pull) = subject.pull.as_mut() {
            pull.closes = closes;
        }
        subject.updated_at = now;
        subject.body.clone_from(&body);
        self.cross_reference(number, by, &body);
    }

    /// Gives exactly these labels.
    pub fn set_labels(&mut self, number: u64, by: AccountId, names: &[String]) {
        let Some(subject) = self.subject(number) else {
            return;
        };
        let off: Vec<String> = subject
            .labels
            .iter()
            .filter_map(|id| self.label(*id))
            .filter(|label| !names.iter().any(|name| name.to_lowercase() == label.name.to_lowercase()))
            .map(|label| label.name.clone())
            .collect();
        for name in off {
            self.take_label(number, by, &name);
        }
        for name in names {
            self.put_label(number, by, name);
        }
    }

    /// Closes, unless closed. A closed issue whose reason differs gets the new reason.
    pub fn close(&mut self, number: u64, by: AccountId, reason: Option<StateReason>) {
        let now = self.now;
        let Some(subject) = self.subjects.get_mut(&number) else {
            return;
        };
        let reason = reason.filter(|_| subject.pull.is_none());
        if subject.is_open() {
            self.close_now(number, by, reason, None);
        } else if subject.reason != reason {
            subject.reason = reason;
            subject.updated_at = now;
        }
    }

    /// Closes what is open, perhaps because a pull request was merged.
    pub(super) fn close_now(&mut self, number: u64, by: AccountId, reason: Option<StateReason>, closer: Option<u64>) {
        let now = self.now;
        let Some(subject) = self.subjects.get_mut(&number) else {
            return;
        };
        subject.closed_at = Some(now);
        subject.closed_by = Some(by);
        subject.reason = reason;
        self.record(number, by, What::Closed { reason, closer });
    }

    /// Opens again what is closed. A merged pull request, or one without its branch, can't be.
    pub fn reopen(&mut self, number: u64, by: AccountId) -> Result<(), Refusal> {
        let branches: Vec<String> = self.refs.keys().cloned().collect();
        let subject = self.subject_mut(number)?;
        if subject.is_open() {
            return Ok(());
        }
        if let Some(pull) = subject.pull.as_mut() {
            let gone = pull.fork.is_none() && !branches.contains(&format!("refs/heads/{}", pull.head));
            if pull.merged.is_some() || gone {
                let message = "state cannot be changed. The branch was merged or deleted.";
                return Err(Fault::custom("PullRequest", "state", message));
            }
            pull.mergeability = Mergeability::Unknown;
        } else {
            subject.reason = Some(StateReason::Reopened);
        }
        subject.closed_at = None;
        subject.closed_by = None;
        self.record(number, by, What::Reopened);
        Ok(())
    }
}

//! Reviews, review requests and review threads.
//!
//! Guarantees that a submitted review takes its author off the requested reviewers, as on GitHub, and that nobody
//! approves a pull request of their own.

use super::World;
use super::account::{AGENT, AccountId};
use super::refusal::Refusal;
use super::subject::{Comment, Review, ReviewState, ReviewThread, What};
use super::text::calls_agent;

impl World {
    /// Asks for a review, unless it is asked for.
    pub fn request_review(&mut self, by: AccountId, number: u64, reviewer: AccountId) {
        let Some(pull) = self.subjects.get_mut(&number).and_then(|subject| subject.pull.as_mut()) else {
            return;
        };
        if !pull.requested.contains(&reviewer) {
            pull.requested.push(reviewer);
            self.record(number, by, What::ReviewRequested(reviewer));
        }
    }

    /// Takes the request back, if it is made.
    pub fn remove_review_request(&mut self, by: AccountId, number: u64, reviewer: AccountId) {
        let Some(pull) = self.subjects.get_mut(&number).and_then(|subject| subject.pull.as_mut()) else {
            return;
        };
        if pull.requested.contains(&reviewer) {
            pull.requested.retain(|requested| *requested != reviewer);
            self.record(number, by, What::ReviewRequestRemoved(reviewer));
        }
    }

    /// Submits a review of the present head. A call of the agent in it begins a session, as in a comment.
    pub fn review(&mut self, by: AccountId, number: u64, state: ReviewState, body: &str) -> Result<u64, Refusal> {
        let (id, now) = (self.next_id(), self.now);
        let subject = self.subject_mut(number)?;
        let author = subject.author;
        let pull = subject.pull.as_mut().ok_or(Refusal::NotFound)?;
        if author == by && matches!(state, ReviewState::Approved | ReviewState::ChangesRequested) {
            return Err(Refusal::Unprocessable("Can not approve your own pull request".to_owned()));
        }
        pull.requested.retain(|requested| *requested != by);
        let commit = pull.head_oid.clone();
        pull.reviews.push(Review { id, author: by, state, body: body.to_owned(), commit, at: now });
        subject.updated_at = now;
        if author == AGENT && calls_agent(body) && self.permission(by).can_write() {
            self.resume_session(number, by);
        }
        Ok(id)
    }

    /// Begins a review thread at a file.
    pub fn review_thread(&mut self, by: AccountId, number: u64, path: &str, body: &str) -> Result<u64, Refusal> {
        let (id, comment, now) = (self.next_id(), self.next_id(), self.now);
        let subject = self.subject_mut(number)?;
        let pull = subject.pull.as_mut().ok_or(Refusal::NotFound)?;
        let commit = pull.head_oid.clone();
        let first = Comment { id: comment, author: by, body: body.to_owned(), created_at: now, minimized: false };
        pull.threads.push(ReviewThread { id, path: path.to_owned(), resolved: false, commit, comments: vec![first] });
        subject.updated_at = now;
        Ok(id)
    }

    /// Declares a review thread settled, or open again.
    pub fn resolve_thread(&mut self, number: u64, thread: u64, resolved: bool) -> Result<(), Refusal> {
        let pull = self.subject_mut(number)?.pull.as_mut().ok_or(Refusal::NotFound)?;
        let thread = pull.threads.iter_mut().find(|known| known.id == thread).ok_or(Refusal::NotFound)?;
        thread.resolved = resolved;
        Ok(())
    }
}

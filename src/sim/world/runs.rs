//! Workflow runs that wait until a person approves them, as those of the agent's pushes do by default.
//!
//! Guarantees that a held run reports nothing: it has no jobs, so the rollup of its commit does not know of it.

use super::World;
use super::account::AccountId;
use super::checks::CheckResult;
use super::refusal::Refusal;

/// A workflow run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// The database id.
    pub id: u64,
    /// The workflow's name, and that of the check which it reports once it runs.
    pub name: String,
    /// The commit.
    pub oid: String,
    /// Whether it waits.
    pub held: bool,
    /// When it was made.
    pub at: jiff::Timestamp,
}

impl World {
    /// A workflow is triggered on a commit and waits for approval. Returns its id.
    pub fn hold_run(&mut self, oid: &str, name: &str) -> u64 {
        let run = Run { id: self.next_id(), name: name.to_owned(), oid: oid.to_owned(), held: true, at: self.now };
        let id = run.id;
        self.runs.push(run);
        id
    }

    /// The runs of this repository, newest first.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().rev()
    }

    /// Runs it again, which is how a person lets a held one run. It takes no time here, and its check is green.
    pub fn rerun(&mut self, by: AccountId, id: u64) -> Result<(), Refusal> {
        self.may_push(by)?;
        let run = self.runs.iter_mut().find(|run| run.id == id).ok_or(Refusal::NotFound)?;
        run.held = false;
        let (oid, name) = (run.oid.clone(), run.name.clone());
        self.report_check(&oid, &name, CheckResult::Success);
        Ok(())
    }

    /// A person adds a pull request to the merge queue of its base.
    pub fn enqueue(&mut self, number: u64) {
        self.queue.insert(number);
    }

    /// Whether a pull request is in the merge queue.
    pub fn is_queued(&self, number: u64) -> bool {
        self.queue.contains(&number)
    }

    /// Whether a pull request may be merged through a queue only.
    pub fn needs_queue(&self, base: &str) -> bool {
        self.settings.merge_queue && base == self.mainline
    }
}

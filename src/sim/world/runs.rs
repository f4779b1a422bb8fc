//! Workflow runs: of what the agent pushes, or made one by one. They report checks, or wait until a person approves them.
//!
//! Guarantees that a held run reports nothing: it has no jobs, so the rollup of its commit does not know of it. GitHub holds
//! back everything that its agent pushes by default (docs.github.com, "Configuring settings for Copilot cloud agent").
//!
//! Known difference: a run that may run is over at once, unless runs are set to be slow.

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
    /// What it reports once it runs.
    pub result: CheckResult,
    /// Whether it waits: its conclusion is `action_required` until then.
    pub held: bool,
    /// When it was made.
    pub at: jiff::Timestamp,
}

impl World {
    /// A workflow is triggered on a commit and waits for approval. Returns its id.
    pub fn hold_run(&mut self, oid: &str, name: &str) -> u64 {
        self.trigger(oid, name, CheckResult::Success, true)
    }

    fn trigger(&mut self, oid: &str, name: &str, result: CheckResult, held: bool) -> u64 {
        let id = self.next_id();
        self.runs.push(Run { id, name: name.to_owned(), oid: oid.to_owned(), result, held, at: self.now });
        if !held {
            self.run(oid, name, result);
        }
        id
    }

    /// Runs the workflows of the repository on a commit that the agent pushed. `red` is what they say where the work is
    /// bad, whatever they would say otherwise.
    pub fn agent_pushed(&mut self, head: &str, red: bool) {
        let (workflows, held) = (self.settings.workflows.clone(), self.settings.runs_need_approval);
        for (name, result) in workflows {
            self.trigger(head, &name, if red { CheckResult::Failure } else { result }, held);
        }
    }

    /// The runs of this repository, newest first.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().rev()
    }

    /// Runs it again, which is how a person lets a held one run.
    pub fn rerun(&mut self, by: AccountId, id: u64) -> Result<(), Refusal> {
        self.may_push(by)?;
        let run = self.runs.iter_mut().find(|run| run.id == id).ok_or(Refusal::NotFound)?;
        run.held = false;
        let (oid, name, result) = (run.oid.clone(), run.name.clone(), run.result);
        self.run(&oid, &name, result);
        Ok(())
    }

    fn run(&mut self, oid: &str, name: &str, result: CheckResult) {
        let shows = if self.settings.slow_runs { CheckResult::Pending } else { result };
        self.report_check(oid, name, shows);
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

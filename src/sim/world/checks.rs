//! Checks on commits, and what stands between a pull request and its merge.
//!
//! Guarantees GitHub's order of states: unknown, dirty, draft, blocked, behind, unstable, clean. Decision where GitHub
//! is ambiguous: a draft without conflicts answers DRAFT (deprecated there, and sometimes BLOCKED).

use super::subject::{Mergeability, Pull, Review, ReviewState};
use super::{AccountId, World};

/// A check that was reported on a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Check {
    /// The database id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// What it says.
    pub result: CheckResult,
    /// When it said so.
    pub at: jiff::Timestamp,
}

/// What a check says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckResult {
    /// Still running.
    Pending,
    /// Green.
    Success,
    /// Green as well.
    Neutral,
    /// Not run, green as well.
    Skipped,
    /// Red.
    Failure,
    /// Stopped.
    Cancelled,
    /// Waits for a person.
    ActionRequired,
    /// Took too long.
    TimedOut,
}

impl CheckResult {
    /// The conclusion's GraphQL name; none while it runs.
    pub fn conclusion(self) -> Option<&'static str> {
        match self {
            CheckResult::Pending => None,
            CheckResult::Success => Some("SUCCESS"),
            CheckResult::Neutral => Some("NEUTRAL"),
            CheckResult::Skipped => Some("SKIPPED"),
            CheckResult::Failure => Some("FAILURE"),
            CheckResult::Cancelled => Some("CANCELLED"),
            CheckResult::ActionRequired => Some("ACTION_REQUIRED"),
            CheckResult::TimedOut => Some("TIMED_OUT"),
        }
    }

    /// Whether it lets a merge pass.
    pub fn is_green(self) -> bool {
        matches!(self, CheckResult::Success | CheckResult::Neutral | CheckResult::Skipped)
    }
}

/// All checks of a commit in one word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rollup {
    /// All green.
    Success,
    /// One is running.
    Pending,
    /// A required one has not reported.
    Expected,
    /// One is red.
    Failure,
}

impl Rollup {
    /// The GraphQL name.
    pub fn name(self) -> &'static str {
        match self {
            Rollup::Success => "SUCCESS",
            Rollup::Pending => "PENDING",
            Rollup::Expected => "EXPECTED",
            Rollup::Failure => "FAILURE",
        }
    }
}

/// What stands between a pull request and its merge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MergeState {
    /// Not computed.
    Unknown,
    /// A conflict.
    Dirty,
    /// A draft.
    Draft,
    /// A rule is not met.
    Blocked,
    /// The head lacks commits of the base, and a rule minds.
    Behind,
    /// A check that no rule requires is not green.
    Unstable,
    /// Nothing.
    Clean,
}

impl MergeState {
    /// The GraphQL name; REST uses it in lower case.
    pub fn name(self) -> &'static str {
        match self {
            MergeState::Unknown => "UNKNOWN",
            MergeState::Dirty => "DIRTY",
            MergeState::Draft => "DRAFT",
            MergeState::Blocked => "BLOCKED",
            MergeState::Behind => "BEHIND",
            MergeState::Unstable => "UNSTABLE",
            MergeState::Clean => "CLEAN",
        }
    }
}

/// What the reviews say together, where a rule requires one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReviewDecision {
    /// Enough approvals.
    Approved,
    /// Somebody wants changes.
    ChangesRequested,
    /// No verdict yet.
    ReviewRequired,
}

impl ReviewDecision {
    /// The GraphQL name.
    pub fn name(self) -> &'static str {
        match self {
            ReviewDecision::Approved => "APPROVED",
            ReviewDecision::ChangesRequested => "CHANGES_REQUESTED",
            ReviewDecision::ReviewRequired => "REVIEW_REQUIRED",
        }
    }
}

impl World {
    /// Reports a check on a commit; a later report of the same name replaces it.
    pub fn report_check(&mut self, oid: &str, name: &str, result: CheckResult) {
        let check = Check { id: self.next_id(), name: name.to_owned(), result, at: self.now };
        let checks = self.checks.entry(oid.to_owned()).or_default();
        match checks.iter_mut().find(|known| known.name == name) {
            Some(known) => *known = check,
            None => checks.push(check),
        }
    }

    /// The checks reported on a commit.
    pub fn checks(&self, oid: &str) -> &[Check] {
        self.checks.get(oid).map_or(&[], Vec::as_slice)
    }

    /// All checks of a commit in one word; none if nothing was reported on it.
    pub fn rollup(&self, oid: &str) -> Option<Rollup> {
        let checks = self.checks(oid);
        if checks.is_empty() {
            return None;
        }
        let red = |check: &Check| !check.result.is_green() && check.result != CheckResult::Pending;
        if checks.iter().any(red) {
            return Some(Rollup::Failure);
        }
        if checks.iter().any(|check| check.result == CheckResult::Pending) {
            return Some(Rollup::Pending);
        }
        let reported = |name: &String| checks.iter().any(|check| check.name == *name);
        let all = self.settings.required_checks.iter().all(reported);
        Some(if all { Rollup::Success } else { Rollup::Expected })
    }

    /// The latest verdict of each reviewer, oldest first; comments are none.
    pub fn opinions<'w>(&self, pull: &'w Pull) -> Vec<&'w Review> {
        let mut latest: Vec<&Review> = Vec::new();
        for review in pull.reviews.iter().filter(|review| review.state != ReviewState::Commented) {
            latest.retain(|known| known.author != review.author);
            latest.push(review);
        }
        latest
    }

    /// What the reviews say together; none where no rule requires one.
    pub fn review_decision(&self, pull: &Pull) -> Option<ReviewDecision> {
        if !self.settings.review_required || pull.base != self.mainline {
            return None;
        }
        let counting: Vec<ReviewState> = self
            .opinions(pull)
            .into_iter()
            .filter(|review| self.counts(review.author))
            // Whoever sends the agent doesn't approve what it brings.
            .filter(|review| review.state != ReviewState::Approved || !self.sent_the_agent(review.author, pull))
            .map(|review| review.state)
            .collect();
        Some(if counting.contains(&ReviewState::ChangesRequested) {
            ReviewDecision::ChangesRequested
        } else if counting.contains(&ReviewState::Approved) {
            ReviewDecision::Approved
        } else {
            ReviewDecision::ReviewRequired
        })
    }

    /// Whether an account sent the agent to what this pull request answers, or called it there.
    fn sent_the_agent(&self, who: AccountId, pull: &Pull) -> bool {
        let works_on = |number| self.pull(number).is_some_and(|(_, other)| other.head == pull.head);
        self.sessions.iter().any(|session| session.assigner == who && session.pull.is_some_and(works_on))
    }

    /// Whether the verdict of an account counts towards a rule.
    fn counts(&self, author: AccountId) -> bool {
        self.permission(author).can_write()
    }

    /// The rule that forbids the merge at the moment, in GitHub's words.
    pub(super) fn unmet_rule(&self, pull: &Pull) -> Option<String> {
        if pull.base != self.mainline {
            return None;
        }
        match self.review_decision(pull) {
            Some(ReviewDecision::ChangesRequested) => {
                return Some("Changes have been requested by reviewers with write access.".to_owned());
            }
            Some(ReviewDecision::ReviewRequired) => {
                return Some("At least 1 approving review is required by reviewers with write access.".to_owned());
            }
            Some(ReviewDecision::Approved) | None => {}
        }
        let checks = self.checks(&pull.head_oid);
        for name in &self.settings.required_checks {
            let result = checks.iter().find(|check| check.name == *name).map(|check| check.result);
            match result {
                None => return Some(format!("Required status check \"{name}\" is expected.")),
                Some(CheckResult::Pending) => {
                    return Some(format!("Required status check \"{name}\" is in progress."));
                }
                Some(result) if !result.is_green() => {
                    return Some(format!("Required status check \"{name}\" is failing."));
                }
                Some(_) => {}
            }
        }
        None
    }

    /// What stands between a pull request and its merge.
    pub fn merge_state(&self, number: u64) -> MergeState {
        let Some((subject, pull)) = self.pull(number) else {
            return MergeState::Unknown;
        };
        if !subject.is_open() {
            return MergeState::Unknown;
        }
        match pull.mergeability {
            Mergeability::Unknown => return MergeState::Unknown,
            Mergeability::Conflicting => return MergeState::Dirty,
            Mergeability::Mergeable => {}
        }
        if pull.draft {
            return MergeState::Draft;
        }
        if self.unmet_rule(pull).is_some() {
            return MergeState::Blocked;
        }
        if self.settings.up_to_date_required && pull.base == self.mainline && pull.diff.behind {
            return MergeState::Behind;
        }
        match self.rollup(&pull.head_oid) {
            None | Some(Rollup::Success | Rollup::Expected) => MergeState::Clean,
            Some(Rollup::Pending | Rollup::Failure) => MergeState::Unstable,
        }
    }
}

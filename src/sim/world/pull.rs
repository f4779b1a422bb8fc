//! Opening, readying, merging pull requests.
//!
//! The merge itself is git's: [`World::plan_merge`] says what is to be merged and how, or refuses in GitHub's words;
//! [`World::pull_merged`] draws the consequences once git has the commit. A push between the two makes git's own
//! compare-and-set fail, which the caller answers with [`World::base_modified`].

use std::collections::BTreeSet;

use super::World;
use super::account::{AccountId, REVIEW_BOT};
use super::checks::MergeState;
use super::issue::{check_body, check_title};
use super::refusal::{Fault, Refusal};
use super::subject::{Diff, Merge, Mergeability, Pull, StateReason, What};
use super::text::mentions;

/// What a pull request is opened with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewPull {
    /// Title.
    pub title: String,
    /// Body.
    pub body: String,
    /// The branch it comes from.
    pub head: String,
    /// The tip of that branch.
    pub head_oid: String,
    /// The branch it goes into.
    pub base: String,
    /// Whether it begins as a draft.
    pub draft: bool,
    /// `owner/name` of the fork the branch lives in, if it is one.
    pub fork: Option<String>,
}

/// How to merge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MergeMethod {
    /// One commit with all changes.
    Squash,
    /// A commit with two parents.
    Merge,
    /// The commits one by one.
    Rebase,
}

/// What git is to do for a merge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MergePlan {
    /// The pull request.
    pub number: u64,
    /// How.
    pub method: MergeMethod,
    /// The branch to move.
    pub base: String,
    /// Where it is.
    pub base_oid: String,
    /// What to merge.
    pub head_oid: String,
    /// The commits of the head, oldest first.
    pub commits: Vec<String>,
    /// First line of the message.
    pub title: String,
    /// Rest of the message.
    pub message: String,
}

impl World {
    /// Opens a pull request; returns its number. Its diff is brought by the owner ([`World::learn_diff`]).
    pub fn open_pull(&mut self, by: AccountId, new: NewPull) -> Result<u64, Refusal> {
        check_title("PullRequest", &new.title)?;
        check_body("PullRequest", &new.body)?;
        let base_oid = self.branch(&new.base).map(str::to_owned);
        let base_oid = base_oid.ok_or_else(|| Fault::plain("PullRequest", "base", "invalid"))?;
        let twin = self.subjects.values().find(|subject| {
            let same = |pull: &Pull| pull.head == new.head && pull.base == new.base && pull.fork == new.fork;
            subject.is_open() && subject.pull.as_ref().is_some_and(same)
        });
        if twin.is_some() {
            let message = format!("A pull request already exists for {}.", new.head);
            return Err(Fault::custom("PullRequest", "head", &message));
        }
        let closes = mentions(&new.body, &self.full_name).closing;
        let number = self.add_subject(by, "PR_kwDO", new.title, new.body);
        let id = self.next_id();
        let pull = Pull {
            id,
            base: new.base,
            base_oid,
            head: new.head,
            head_oid: new.head_oid,
            fork: new.fork,
            draft: new.draft,
            merged: None,
            mergeability: Mergeability::Unknown,
            diff: Diff::default(),
            requested: Vec::new(),
            reviews: Vec::new(),
            threads: Vec::new(),
            closes,
            linked: BTreeSet::new(),
        };
        if let Some(subject) = self.subjects.get_mut(&number) {
            subject.pull = Some(pull);
        }
        if self.settings.automatic_review {
            self.request_review(by, number, REVIEW_BOT);
            self.record(number, REVIEW_BOT, What::ReviewStarted);
        }
        Ok(number)
    }

    /// Makes a draft ready. The agent itself can't.
    pub fn mark_ready(&mut self, by: AccountId, number: u64) -> Result<(), Refusal> {
        self.may_push(by)?;
        let subject = self.subject_mut(number)?;
        let open = subject.is_open();
        let pull = subject.pull.as_mut().ok_or(Refusal::NotFound)?;
        if !open {
            return Err(Refusal::Unprocessable("Pull request is closed".to_owned()));
        }
        if !pull.draft {
            return Err(Refusal::Unprocessable("Pull request is not in draft state".to_owned()));
        }
        pull.draft = false;
        self.record(number, by, What::ReadyForReview);
        Ok(())
    }

    /// Makes it a draft again.
    pub fn convert_to_draft(&mut self, by: AccountId, number: u64) -> Result<(), Refusal> {
        let pull = self.subject_mut(number)?.pull.as_mut().ok_or(Refusal::NotFound)?;
        if !pull.draft {
            pull.draft = true;
            self.record(number, by, What::ConvertedToDraft);
        }
        Ok(())
    }

    /// Asks that the trial merge be made; the answer is there at the next read.
    pub fn want_mergeability(&mut self, number: u64) {
        let open = self.subject(number).is_some_and(|subject| subject.is_open());
        if open && self.pull(number).is_some_and(|(_, pull)| pull.mergeability == Mergeability::Unknown) {
            self.wanted.insert(number);
        }
    }

    /// The trial merges asked for since the last call: number, base tip, head tip.
    pub fn take_wanted(&mut self) -> Vec<(u64, String, String)> {
        let wanted = std::mem::take(&mut self.wanted);
        let tips = |number| self.pull(number).map(|(_, pull)| (number, pull.base_oid.clone(), pull.head_oid.clone()));
        wanted.into_iter().filter_map(tips).collect()
    }

    /// Brings the result of a trial merge of these tips.
    pub fn learn_mergeability(&mut self, number: u64, base: &str, head: &str, result: Mergeability) {
        let Some(pull) = self.subjects.get_mut(&number).and_then(|subject| subject.pull.as_mut()) else {
            return;
        };
        if pull.base_oid == base && pull.head_oid == head {
            pull.mergeability = result;
        }
    }

    /// Refuses who may not push.
    pub(super) fn may_push(&self, by: AccountId) -> Result<(), Refusal> {
        if self.permission(by).can_write() { Ok(()) } else { Err(Refusal::NotFound) }
    }

    /// Lets the next merges be refused as if the base had moved under them.
    pub fn refuse_next_merges(&mut self, count: u32) {
        self.base_modified = count;
    }

    /// The refusal when the base moved while merging.
    pub fn base_modified() -> Refusal {
        Refusal::NotAllowed("Base branch was modified. Review and try the merge again.".to_owned())
    }

    /// What git is to do, or GitHub's refusal. `sha` pins the head that was judged.
    pub fn plan_merge(
        &mut self,
        by: AccountId,
        number: u64,
        method: MergeMethod,
        sha: Option<&str>,
    ) -> Result<MergePlan, Refusal> {
        self.may_push(by)?;
        let (subject, pull) = self.pull(number).ok_or(Refusal::NotFound)?;
        let no = |reason: &str| Err(Refusal::NotAllowed(reason.to_owned()));
        let allowed = match method {
            MergeMethod::Squash => (self.settings.squash_merge, "Squash merges are not allowed on this repository."),
            MergeMethod::Merge => (self.settings.merge_commit, "Merge commits are not allowed on this repository."),
            MergeMethod::Rebase => (self.settings.rebase_merge, "Rebase merges are not allowed on this repository."),
        };
        if !allowed.0 {
            return no(allowed.1);
        }
        if !subject.is_open() {
            return no("Pull Request is not mergeable");
        }
        if sha.is_some_and(|sha| !sha.eq_ignore_ascii_case(&pull.head_oid)) {
            let reason = "Head branch was modified. Review and try the merge again.";
            return Err(Refusal::Conflict(reason.to_owned()));
        }
        if pull.draft {
            return no("Pull Request is still a draft");
        }
        if pull.mergeability == Mergeability::Conflicting {
            return no("Pull Request is not mergeable");
        }
        if self.needs_queue(&pull.base) {
            return no("Changes must be made through the merge queue");
        }
        if let Some(reason) = self.unmet_rule(pull) {
            return no(&reason);
        }
        if self.merge_state(number) == MergeState::Behind {
            return no("Head branch is out of date. Review and try the merge again.");
        }
        let plan = MergePlan {
            number,
            method,
            base: pull.base.clone(),
            base_oid: pull.base_oid.clone(),
            head_oid: pull.head_oid.clone(),
            commits: pull.diff.commits.clone(),
            title: match method {
                MergeMethod::Squash | MergeMethod::Rebase => {
                    format!("{} (#{number})", subject.title)
                }
                MergeMethod::Merge => format!("Merge pull request #{number} from {}", pull.head),
            },
            message: String::new(),
        };
        if self.base_modified > 0 {
            self.base_modified -= 1;
            return Err(World::base_modified());
        }
        Ok(plan)
    }

    /// Draws the consequences of a merge that git has done: the pull request is merged, the issues it names are closed.
    pub fn pull_merged(&mut self, number: u64, by: AccountId, oid: &str) {
        let closed = if self.pull(number).is_some_and(|(_, pull)| pull.base == self.mainline) {
            self.closing_issues(number)
        } else {
            Vec::new()
        };
        let now = self.now;
        let Some(subject) = self.subjects.get_mut(&number) else {
            return;
        };
        let Some(pull) = subject.pull.as_mut() else {
            return;
        };
        if pull.merged.is_some() {
            return;
        }
        pull.merged = Some(Merge { at: now, by, oid: oid.to_owned() });
        pull.draft = false;
        pull.mergeability = Mergeability::Unknown;
        self.record(number, by, What::Merged(oid.to_owned()));
        self.close_now(number, by, None, None);
        for issue in closed {
            if self.issue(issue).is_some_and(|subject| subject.is_open()) {
                self.close_now(issue, by, Some(StateReason::Completed), Some(number));
            }
        }
    }

    /// Whether a rule forbids deleting a branch.
    pub fn is_undeletable(&self, branch: &str) -> bool {
        self.settings.undeletable.iter().any(|pattern| matches(pattern, branch))
    }

    /// Whether a branch may be deleted.
    pub fn may_delete_branch(&self, by: AccountId, branch: &str) -> Result<(), Refusal> {
        self.may_push(by)?;
        if self.branch(branch).is_none() {
            return Err(Refusal::Unprocessable("Reference does not exist".to_owned()));
        }
        if branch == self.mainline {
            return Err(Refusal::Unprocessable("Cannot delete the default branch".to_owned()));
        }
        if self.is_undeletable(branch) {
            let reason = "Repository rule violations found\n\nCannot delete this branch";
            return Err(Refusal::Unprocessable(reason.to_owned()));
        }
        Ok(())
    }
}

/// Whether a branch matches a name, or a pattern with `*` for any characters.
fn matches(pattern: &str, branch: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| branch.strip_prefix(first)) else {
        return false;
    };
    if !pattern.contains('*') {
        return rest.is_empty();
    }
    let mut last = "";
    for part in parts {
        last = part;
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    branch.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("copilot/*", "copilot/add-words-3"));
        assert!(matches("*", "anything/at-all"));
        assert!(matches("release", "release"));
        assert!(matches("a*b*c", "a-x-b-y-bc"));
        assert!(!matches("release", "release-2"));
        assert!(!matches("copilot/*", "main"));
        assert!(!matches("a*b", "abx"));
    }
}

//! Merging without a working tree: trial merges, squashes, merge commits and rebases.
//!
//! Needs `git merge-tree --write-tree` (git 2.38). Guarantees that no ref but the base moves, and that only from the
//! tip that was planned.

use jiff::Timestamp;

use super::{GitError, NewCommit, Repository, Signature, text, unexpected};
use crate::sim::world::{MergeMethod, MergePlan};

/// What became of a merge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::sim) enum Merged {
    /// It is this commit of the base now.
    Done(String),
    /// The two do not merge.
    Conflict,
    /// The base moved meanwhile.
    BaseMoved,
}

/// Who writes a commit of a merge, and when; GitHub commits it.
#[derive(Clone, Copy)]
struct Hand<'a> {
    author: &'a Signature,
    at: Timestamp,
}

impl Repository {
    /// The tree of the merge of two commits; none if they conflict.
    pub async fn trial_merge(&self, base: &str, head: &str) -> Result<Option<String>, GitError> {
        let args = ["merge-tree", "--write-tree", "--allow-unrelated-histories", base, head];
        let output = self.output(self.command(&args), None).await?;
        match output.status.code() {
            Some(0) => text(&args, output).map(|tree| Some(first_line(&tree))),
            Some(1) => Ok(None),
            _ => text(&args, output).map(Some),
        }
    }

    /// Merges as planned; the author of a squash is the pull request's, the committer GitHub.
    pub(in crate::sim) async fn merge(
        &self,
        plan: &MergePlan,
        author: &Signature,
        merger: &Signature,
        at: Timestamp,
    ) -> Result<Merged, GitError> {
        let message =
            if plan.message.is_empty() { plan.title.clone() } else { format!("{}\n\n{}", plan.title, plan.message) };
        let new = match plan.method {
            MergeMethod::Squash => {
                let Some(tree) = self.trial_merge(&plan.base_oid, &plan.head_oid).await? else {
                    return Ok(Merged::Conflict);
                };
                let parents = [plan.base_oid.as_str()];
                self.write_merge(Hand { author, at }, &tree, &parents, &message).await?
            }
            MergeMethod::Merge => {
                let Some(tree) = self.trial_merge(&plan.base_oid, &plan.head_oid).await? else {
                    return Ok(Merged::Conflict);
                };
                let parents = [plan.base_oid.as_str(), plan.head_oid.as_str()];
                self.write_merge(Hand { author: merger, at }, &tree, &parents, &message).await?
            }
            MergeMethod::Rebase => match self.rebase(plan, Hand { author, at }).await? {
                Some(tip) => tip,
                None => return Ok(Merged::Conflict),
            },
        };
        let name = format!("refs/heads/{}", plan.base);
        let moved = self.move_ref(&name, &new, Some(&plan.base_oid)).await?;
        Ok(if moved { Merged::Done(new) } else { Merged::BaseMoved })
    }

    async fn write_merge(
        &self,
        hand: Hand<'_>,
        tree: &str,
        parents: &[&str],
        message: &str,
    ) -> Result<String, GitError> {
        let (author, committer, at) = (hand.author, &Signature::github(), hand.at);
        self.write_commit(NewCommit { tree, parents, message, author, committer, at }).await
    }

    /// Puts the commits one by one onto the base; none if one conflicts. Git 2.39 can't be told a merge base, so each
    /// step merges with a commit that has the tip's tree and the picked commit's parent.
    async fn rebase(&self, plan: &MergePlan, hand: Hand<'_>) -> Result<Option<String>, GitError> {
        let mut tip = plan.base_oid.clone();
        for oid in &plan.commits {
            let Some(parent) = self.resolve(&format!("{oid}^1")).await? else {
                return Err(unexpected(&["rev-parse", oid], "no parent"));
            };
            let tree = self.resolve(&format!("{tip}^{{tree}}")).await?.unwrap_or_default();
            let step = self.write_merge(hand, &tree, &[&parent], "step of a rebase").await?;
            let Some(tree) = self.trial_merge(&step, oid).await? else {
                return Ok(None);
            };
            let message = self.commit(oid).await?.message;
            tip = self.write_merge(hand, &tree, &[&tip], &message).await?;
        }
        Ok(Some(tip))
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

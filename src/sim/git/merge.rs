//! Merging without a working tree: squashes, merge commits and rebases.
//!
//! Needs the trial merges of [`Objects`]. Guarantees that no ref but the base moves, and that only from the tip that was
//! planned.

use jiff::Timestamp;

use super::{GitError, NewCommit, Objects, Signature, unexpected};
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

/// Merges as planned; the author of a squash is the pull request's, the committer GitHub.
pub(in crate::sim) async fn merge<G: Objects>(
    git: &G,
    plan: &MergePlan,
    author: &Signature,
    merger: &Signature,
    at: Timestamp,
) -> Result<Merged, GitError> {
    let message =
        if plan.message.is_empty() { plan.title.clone() } else { format!("{}\n\n{}", plan.title, plan.message) };
    let new = match plan.method {
        MergeMethod::Squash => {
            let Some(tree) = git.trial_merge(&plan.base_oid, &plan.head_oid).await? else {
                return Ok(Merged::Conflict);
            };
            write_merge(git, Hand { author, at }, &tree, &[&plan.base_oid], &message).await?
        }
        MergeMethod::Merge => {
            let Some(tree) = git.trial_merge(&plan.base_oid, &plan.head_oid).await? else {
                return Ok(Merged::Conflict);
            };
            let parents = [plan.base_oid.as_str(), plan.head_oid.as_str()];
            write_merge(git, Hand { author: merger, at }, &tree, &parents, &message).await?
        }
        MergeMethod::Rebase => match rebase(git, plan, Hand { author, at }).await? {
            Some(tip) => tip,
            None => return Ok(Merged::Conflict),
        },
    };
    let name = format!("refs/heads/{}", plan.base);
    let moved = git.move_ref(&name, &new, Some(&plan.base_oid)).await?;
    Ok(if moved { Merged::Done(new) } else { Merged::BaseMoved })
}

async fn write_merge<G: Objects>(
    git: &G,
    hand: Hand<'_>,
    tree: &str,
    parents: &[&str],
    message: &str,
) -> Result<String, GitError> {
    let (author, committer, at) = (hand.author, &Signature::github(), hand.at);
    git.write_commit(NewCommit { tree, parents, message, author, committer, at }).await
}

/// Puts the commits one by one onto the base; none if one conflicts. Git 2.39 can't be told a merge base, so each
/// step merges with a commit that has the tip's tree and the picked commit's parent.
async fn rebase<G: Objects>(git: &G, plan: &MergePlan, hand: Hand<'_>) -> Result<Option<String>, GitError> {
    let mut tip = plan.base_oid.clone();
    for oid in &plan.commits {
        let Some(parent) = git.resolve(&format!("{oid}^1")).await? else {
            return Err(unexpected(&["rev-parse", oid], "no parent"));
        };
        let tree = git.resolve(&format!("{tip}^{{tree}}")).await?.unwrap_or_default();
        let step = write_merge(git, hand, &tree, &[&parent], "step of a rebase").await?;
        let Some(tree) = git.trial_merge(&step, oid).await? else {
            return Ok(None);
        };
        let message = git.commit(oid).await?.message;
        tip = write_merge(git, hand, &tree, &[&tip], &message).await?;
    }
    Ok(Some(tip))
}

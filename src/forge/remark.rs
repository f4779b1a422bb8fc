//! What is said and done on a pull request besides merging it: comments to the agent, the link to its issue, a review, an
//! update, a workflow run; and the agent taken off an issue.
//!
//! **Guarantees**: a comment is written once for what its marker names, whatever else stands on the page; a description is
//! replaced only while it is the one that was judged.
//! **Races**: a list may not show yet what was written a moment ago. An answer that was lost is "unknown", and whoever asks
//! again waits until lists have caught up.

use super::page::if_known;
use super::shape::{Who, account};
use super::write::not_done;
use super::{Client, ForgeError};
use crate::model::{
    CommentMarker, CommitId, ForgeWrite, IssueNumber, OwnComment, Performed, PullComment, PullNumber, Reason,
    RefusalKind, text_digest,
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Comment {
    user: Option<Who>,
    created_at: Timestamp,
    body: Option<String>,
}

impl Client {
    /// The comments on a pull request whose first line is a marker of ours, by whomever, oldest first, on all pages.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn own_comments(&self, pull: PullNumber) -> Result<Vec<OwnComment>, ForgeError> {
        let path = self.path(&format!("/issues/{}/comments", pull.0));
        let own = |comment: Comment| {
            let about = CommentMarker::leading(comment.body.as_deref()?)?;
            Some(OwnComment { about, author: account(comment.user.as_ref()), at: comment.created_at })
        };
        self.watch(Reason::Comments, &format!("read the comments on {pull}"), &path, if_known(own)).await
    }

    /// The description of a pull request as it is now.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn description(&self, pull: PullNumber) -> Result<String, ForgeError> {
        let what = format!("read the description of {pull}");
        let read = self.watched(Reason::Description, &what, &self.path(&format!("/pulls/{}", pull.0))).await?;
        Ok(read.get("body").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Writes a comment, unless one with its marker by this account is there.
    pub async fn comment(&self, comment: &PullComment) -> Performed<()> {
        let (pull, ours) = (comment.pull, |one: &OwnComment| one.about == comment.about && one.author.id == comment.by);
        match self.own_comments(pull).await {
            Ok(known) if known.iter().any(ours) => return Performed::Done { value: () },
            Ok(_) => {}
            Err(error) => return not_done(error.to_string()),
        }
        self.patch(&ForgeWrite::Comment { pull, text: comment.text.clone() }).await
    }

    /// Takes the agent off an issue; done only when it is no longer read back.
    pub async fn unassign(&self, issue: IssueNumber, login: &str) -> Performed<()> {
        match self.has_agent(issue).await {
            Ok(false) => return Performed::Done { value: () },
            Ok(true) => {}
            Err(error) => return not_done(error.to_string()),
        }
        let written = self.patch(&ForgeWrite::Unassign { issue, login: login.to_owned() }).await;
        match (self.has_agent(issue).await, written) {
            (Ok(false), _) => Performed::Done { value: () },
            (Ok(true), Performed::Done { .. }) => {
                let why = format!("GitHub accepted the request and did not unassign {login} from {issue}");
                Performed::NotDone { why, refused: Some(RefusalKind::Other) }
            }
            (_, other) => other,
        }
    }

    /// Merges the base into a head, which must be the one that was judged.
    pub async fn update_branch(&self, pull: PullNumber, head: CommitId) -> Performed<()> {
        self.patch(&ForgeWrite::UpdateBranch { pull, head }).await
    }

    /// Approves a head.
    pub async fn approve(&self, pull: PullNumber, head: CommitId) -> Performed<()> {
        self.patch(&ForgeWrite::Approve { pull, head }).await
    }

    /// Runs a workflow run that waits for approval. Approving is for forks alone; of a run on a branch of the repository
    /// the way to begin it is to run it again (microsoft/dbt-fabricspark#99).
    pub async fn rerun(&self, run: u64) -> Performed<()> {
        self.patch(&ForgeWrite::Rerun { run }).await
    }

    /// Replaces a description that is still the one of this digest; one that reads so already is done.
    pub async fn describe(&self, pull: PullNumber, digest: &str, body: &str) -> Performed<()> {
        match self.description(pull).await {
            Ok(now) if text_digest("", &now) == text_digest("", body) => return Performed::Done { value: () },
            Ok(now) if text_digest("", &now) != digest => {
                return not_done(format!("the description of {pull} was edited meanwhile"));
            }
            Ok(_) => {}
            Err(error) => return not_done(error.to_string()),
        }
        self.patch(&ForgeWrite::Describe { pull, body: body.to_owned() }).await
    }
}

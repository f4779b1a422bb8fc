//! Writes: each answers done, not done or unknown, and is sent once.
//!
//! **Guarantees**: an issue is created unassigned with its labels in the same request; an assignment counts only when
//! the agent is read back; a merge counts only when `merged` is; a branch is deleted only at the commit that was judged.
//! **Races**: a lost answer is unknown; what can be read back at once is.

use super::calls::encoded;
use super::http::{GraphError, Reply, Unsent};
use super::shape::{Named, Who, account};
use super::{Client, ForgeError};
use crate::model::{
    BranchCommit, Closing, CommitId, CreatedIssue, ForgeWrite, IssueNumber, IssueText, MergeRequest, NodeId, Performed,
    PullNumber, Reason, RefusalKind,
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::PoisonError;

#[derive(Deserialize)]
struct Issue {
    number: u64,
    node_id: String,
    user: Option<Who>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    labels: Vec<Named>,
    #[serde(default)]
    assignees: Vec<Who>,
}

impl Issue {
    fn has_agent(&self) -> bool {
        self.assignees.iter().any(|who| account(Some(who)).is_agent())
    }
}

#[derive(Deserialize)]
struct Pull {
    merged: Option<bool>,
    merge_commit_sha: Option<String>,
    draft: Option<bool>,
    state: Option<String>,
    head: Option<Head>,
}

#[derive(Deserialize)]
struct Head {
    sha: String,
}

impl Pull {
    fn is_merged(&self) -> bool {
        self.merged == Some(true)
    }

    /// The merge commit of one that is merged. From the version 2026-03-10 of the API on it is not named (docs.github.com,
    /// "Breaking changes"); of one that is open it was the trial merge.
    fn merge(&self) -> Option<CommitId> {
        self.merge_commit_sha.as_ref().filter(|_| self.is_merged()).and_then(|sha| sha.parse().ok())
    }
}

pub(super) fn not_done<T>(why: impl Into<String>) -> Performed<T> {
    Performed::NotDone { why: why.into(), refused: None }
}

fn unknown<T>(why: impl Into<String>) -> Performed<T> {
    Performed::Unknown { why: why.into() }
}

/// An answer that is no success: refused for good, or the world moved on.
fn refused<T>(reply: &Reply) -> Performed<T> {
    let status = reply.status.as_u16();
    let good = matches!(status, 403 | 404 | 405 | 410 | 422);
    let refused = good.then_some(if status == 403 { RefusalKind::Permission } else { RefusalKind::Other });
    Performed::NotDone { why: format!("GitHub answered {status}: {}", reply.message()), refused }
}

/// What kind of refusal a complaint is.
fn kind(error: &GraphError) -> RefusalKind {
    match error.kind.as_deref() {
        Some("BRANCH_PROTECTION_RULE_VIOLATION") => RefusalKind::PullRequest,
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => RefusalKind::Permission,
        _ => RefusalKind::Other,
    }
}

impl Client {
    /// An answer that is no success; one for want of a permission says what kind of token was not let.
    fn refused<T>(&self, reply: &Reply) -> Performed<T> {
        match refused(reply) {
            Performed::NotDone { why, refused } => Performed::NotDone { why: self.explained(why, refused), refused },
            other @ (Performed::Done { .. } | Performed::Unknown { .. }) => other,
        }
    }

    /// GitHub's words, and where a permission is wanting what this kind of token needs.
    fn explained(&self, why: String, refused: Option<RefusalKind>) -> String {
        // Of a conversation that is locked GitHub says 403, too, and no permission mends that.
        let wanting = refused == Some(RefusalKind::Permission) && !why.contains("is locked");
        match self.token.for_writing().filter(|_| wanting) {
            Some(about) => format!("{why}; {about}"),
            None => why,
        }
    }

    /// Creates an issue, unassigned; missing labels are made first.
    ///
    /// GitHub drops labels of somebody who may not set them without a word. The issue is made then, and what is made must
    /// be bound, so this is done all the same; the log says so.
    pub async fn create_issue(&self, text: &IssueText) -> Performed<CreatedIssue> {
        if let Err(failed) = self.ensure_labels(&text.labels).await {
            return failed;
        }
        let labels: Vec<&str> = text.labels.iter().map(|(name, _)| name.as_str()).collect();
        match self.send(&ForgeWrite::CreateIssue(text.clone())).await {
            Err(unsent) => unsent.performed(),
            Ok(reply) if reply.status.as_u16() == 201 => match serde_json::from_value::<Issue>(reply.body) {
                Ok(issue) => {
                    let set = |label: &&str| issue.labels.iter().any(|other| other.name.eq_ignore_ascii_case(label));
                    if !labels.iter().all(set) {
                        tracing::warn!(issue = issue.number, ?labels, "GitHub did not set the labels of a new issue");
                    }
                    let (number, node) = (IssueNumber(issue.number), NodeId(issue.node_id));
                    Performed::Done { value: CreatedIssue { number, node, author: account(issue.user.as_ref()).id } }
                }
                Err(error) => unknown(error.to_string()),
            },
            Ok(reply) => self.refused(&reply),
        }
    }

    /// Sends a write.
    async fn send(&self, write: &ForgeWrite) -> Result<Reply, Unsent> {
        self.http.write(Reason::of(write), &self.call(write)).await
    }

    /// Makes missing labels. Nothing is created yet, so a failure is "not done".
    async fn ensure_labels<T>(&self, wanted: &[(String, String)]) -> Result<(), Performed<T>> {
        let missing = self.missing_labels(wanted).await.map_err(|error| not_done(error.to_string()))?;
        for (name, color) in missing {
            match self.create_label(&name, &color).await {
                Performed::Done { .. } => {}
                Performed::NotDone { why, refused } => return Err(Performed::NotDone { why, refused }),
                Performed::Unknown { why } => return Err(not_done(why)),
            }
        }
        Ok(())
    }

    /// Makes a label; one that there is already is done.
    pub async fn create_label(&self, name: &str, color: &str) -> Performed<()> {
        let known = name.to_ascii_lowercase();
        let reply = match self.send(&ForgeWrite::CreateLabel { name: name.to_owned(), color: color.to_owned() }).await {
            Ok(reply) => reply,
            Err(unsent) => return unsent.performed(),
        };
        let exists = reply.status.as_u16() == 422 && reply.body.to_string().contains("already_exists");
        if !reply.status.is_success() && !exists {
            return self.refused(&reply);
        }
        self.labels.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().insert(known);
        Performed::Done { value: () }
    }

    /// Which of these labels there are not; which there are is asked once a process.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn missing_labels(&self, wanted: &[(String, String)]) -> Result<Vec<(String, String)>, ForgeError> {
        let known = self.labels.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = match known {
            Some(known) => known,
            None => {
                let listed: Vec<Named> = self.list(Reason::Labels, "list labels", &self.path("/labels")).await?;
                let known: BTreeSet<String> = listed.into_iter().map(|label| label.name.to_ascii_lowercase()).collect();
                *self.labels.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
                known
            }
        };
        let missing = |(name, _): &&(String, String)| !known.contains(&name.to_ascii_lowercase());
        Ok(wanted.iter().filter(missing).cloned().collect())
    }

    async fn read_issue(&self, issue: IssueNumber) -> Result<Issue, ForgeError> {
        let what = format!("read {issue}");
        let reply = self.http.get(Reason::Probe, &what, &self.path(&format!("/issues/{}", issue.0))).await?;
        serde_json::from_value(reply.body).map_err(|error| ForgeError::Unexpected { what, why: error.to_string() })
    }

    /// Whether the agent is among an issue's assignees.
    pub(super) async fn has_agent(&self, issue: IssueNumber) -> Result<bool, ForgeError> {
        Ok(self.read_issue(issue).await?.has_agent())
    }

    async fn read_pull(&self, pull: PullNumber) -> Result<Pull, ForgeError> {
        let what = format!("read {pull}");
        let reply = self.http.get(Reason::Probe, &what, &self.path(&format!("/pulls/{}", pull.0))).await?;
        serde_json::from_value(reply.body).map_err(|error| ForgeError::Unexpected { what, why: error.to_string() })
    }

    /// Assigns the agent; done only when it is among the assignees. A 201 without it is an assignment that GitHub
    /// silently ignored.
    pub async fn assign(&self, issue: IssueNumber, login: &str, base: &str) -> Performed<()> {
        match self.read_issue(issue).await {
            Ok(read) if read.has_agent() => return Performed::Done { value: () },
            Ok(read) if read.state == "closed" => return not_done(format!("{issue} was closed")),
            Ok(_) => {}
            Err(error) => return not_done(error.to_string()),
        }
        let write = ForgeWrite::Assign { issue, login: login.to_owned(), base: base.to_owned() };
        match self.send(&write).await {
            Err(unsent @ Unsent::Limited(_)) => unsent.performed(),
            Err(Unsent::Unknown(why)) => match self.read_issue(issue).await {
                Ok(read) if read.has_agent() => Performed::Done { value: () },
                Ok(_) | Err(_) => unknown(why),
            },
            Ok(reply) if reply.status.is_success() => {
                if serde_json::from_value(reply.body).is_ok_and(|answer: Issue| answer.has_agent()) {
                    return Performed::Done { value: () };
                }
                let about = self.token.for_assigning();
                let why = format!("GitHub accepted the request and did not assign {login} to {issue}; {about}");
                Performed::NotDone { why, refused: Some(RefusalKind::Other) }
            }
            Ok(reply) if matches!(reply.status.as_u16(), 403 | 404) => match refused(&reply) {
                Performed::NotDone { why, refused: Some(kind) } => {
                    Performed::NotDone { why: format!("{why}; {}", self.token.for_assigning()), refused: Some(kind) }
                }
                other @ (Performed::Done { .. } | Performed::NotDone { .. } | Performed::Unknown { .. }) => other,
            },
            Ok(reply) => refused(&reply),
        }
    }

    /// Takes a pull request out of draft; REST has no endpoint for it.
    pub async fn mark_ready(&self, pull: PullNumber, node: &NodeId) -> Performed<()> {
        match self.read_pull(pull).await {
            Ok(read) if read.draft == Some(false) => return Performed::Done { value: () },
            Ok(_) => {}
            Err(error) => return not_done(error.to_string()),
        }
        let write = ForgeWrite::MarkReady { node: node.clone() };
        let answer = self.http.mutate(Reason::of(&write), &self.call(&write)).await;
        let said = match &answer {
            Err(Unsent::Limited(error)) => return not_done(error.to_string()),
            Err(Unsent::Unknown(why)) => why.clone(),
            Ok(graph) => graph.complaint(),
        };
        let complained = answer.as_ref().ok().and_then(|graph| graph.errors.first()).map(kind);
        match self.read_pull(pull).await {
            Ok(read) if read.draft == Some(false) => Performed::Done { value: () },
            Ok(_) if answer.is_ok() && !said.is_empty() => {
                Performed::NotDone { why: self.explained(said, complained), refused: Some(RefusalKind::Other) }
            }
            Ok(_) | Err(_) => unknown(if said.is_empty() { format!("{pull} is still shown as a draft") } else { said }),
        }
    }

    /// Commits on a branch that stands where it is expected; GitHub signs the commit. What became of it is to be read back
    /// by git.
    pub async fn commit(&self, commit: &BranchCommit) -> Performed<CommitId> {
        let write = ForgeWrite::Commit(commit.clone());
        let graph = match self.http.mutate(Reason::of(&write), &self.call(&write)).await {
            Err(unsent) => return unsent.performed(),
            Ok(graph) => graph,
        };
        let oid = graph.data.as_ref().and_then(|data| data.pointer("/createCommitOnBranch/commit/oid"));
        if let Some(value) = oid.and_then(Value::as_str).and_then(|oid| oid.parse().ok()) {
            return Performed::Done { value };
        }
        let complaint = graph.complaint();
        let Some(error) = graph.errors.first() else { return unknown("the answer names no commit") };
        // The branch moved: decide again.
        let refused = (error.kind.as_deref() != Some("STALE_DATA")).then(|| kind(error));
        Performed::NotDone { why: self.explained(format!("GitHub did not commit: {complaint}"), refused), refused }
    }

    /// Merges at the head that was judged; done only when `merged` is read back.
    pub async fn merge(&self, request: &MergeRequest) -> Performed<CommitId> {
        let pull = request.pull;
        match self.read_pull(pull).await {
            Err(error) => return not_done(error.to_string()),
            Ok(read) => {
                if let Some(value) = read.merge() {
                    return Performed::Done { value };
                }
                if read.is_merged() {
                    // Into what, the next look says.
                    return not_done(format!("{pull} is merged already"));
                }
                if read.state.as_deref() == Some("closed") {
                    return not_done(format!("{pull} was closed"));
                }
                if read.head.is_some_and(|head| head.sha != request.head.to_string()) {
                    return not_done(format!("{pull} has another head than the one that was judged"));
                }
            }
        }
        let answer = match self.send(&ForgeWrite::Merge(request.clone())).await {
            Err(unsent @ Unsent::Limited(_)) => return unsent.performed(),
            answer => answer,
        };
        let made = answer.as_ref().ok().filter(|reply| reply.status.is_success());
        let made: Option<CommitId> = made.and_then(|reply| reply.body.get("sha")?.as_str()?.parse().ok());
        let merged = self.read_pull(pull).await.ok().filter(Pull::is_merged);
        if let Some(value) = merged.and_then(|read| made.or_else(|| read.merge())) {
            return Performed::Done { value };
        }
        match answer {
            Err(unsent) => unsent.performed(),
            Ok(reply) if reply.status.is_success() => unknown(format!("{pull} is not shown as merged yet")),
            Ok(reply) => {
                // The head moved, or somebody else's merge was quicker: decide again.
                let moved = reply.status.as_u16() == 409 || reply.message().contains("Base branch was modified");
                match self.refused(&reply) {
                    Performed::NotDone { why, refused } => {
                        Performed::NotDone { why, refused: refused.filter(|_| !moved) }
                    }
                    other @ (Performed::Done { .. } | Performed::Unknown { .. }) => other,
                }
            }
        }
    }

    /// Brings title and body of an issue up to date; one that reads so already is done.
    pub async fn revise_issue(&self, issue: IssueNumber, text: &IssueText) -> Performed<()> {
        match self.issue(issue).await {
            Ok(Some(read)) if read.detail.as_ref().is_some_and(|detail| detail.digest == text.digest()) => {
                return Performed::Done { value: () };
            }
            Ok(Some(_)) => {}
            Ok(None) => return not_done(format!("{issue} is gone")),
            Err(error) => return not_done(error.to_string()),
        }
        self.patch(&ForgeWrite::Revise { issue, text: text.clone() }).await
    }

    /// Closes an issue; one that is closed already stays as it is.
    pub async fn close_issue(&self, issue: IssueNumber, closing: Closing) -> Performed<()> {
        if self.read_issue(issue).await.is_ok_and(|read| read.state == "closed") {
            return Performed::Done { value: () };
        }
        self.patch(&ForgeWrite::CloseIssue { issue, closing }).await
    }

    /// Closes a pull request unmerged.
    pub async fn close_pull(&self, pull: PullNumber) -> Performed<()> {
        if self.read_pull(pull).await.is_ok_and(|read| read.state.as_deref() == Some("closed")) {
            return Performed::Done { value: () };
        }
        self.patch(&ForgeWrite::ClosePull(pull)).await
    }

    pub(super) async fn patch(&self, write: &ForgeWrite) -> Performed<()> {
        match self.send(write).await {
            Err(unsent) => unsent.performed(),
            Ok(reply) if reply.status.is_success() => Performed::Done { value: () },
            Ok(reply) => self.refused(&reply),
        }
    }

    /// Deletes a branch that still stands at this commit, in one compare-and-set; one that is gone is done.
    ///
    /// How GitHub words a branch that moved, or that is gone, is written down nowhere; so a refusal is followed by a read.
    pub async fn delete_branch(&self, branch: &str, head: CommitId) -> Performed<()> {
        let write = ForgeWrite::DeleteBranch { branch: branch.to_owned(), head };
        let (said, refused) = match self.http.mutate(Reason::of(&write), &self.call(&write)).await {
            Err(Unsent::Limited(error)) => return not_done(error.to_string()),
            Err(Unsent::Unknown(why)) => (why, None),
            Ok(graph) => match graph.data.as_ref().and_then(|data| data.get("updateRefs")) {
                Some(Value::Object(_)) => return Performed::Done { value: () },
                _ => (format!("GitHub did not delete {branch}: {}", graph.complaint()), graph.errors.first().map(kind)),
            },
        };
        let path = self.path(&format!("/git/ref/heads/{}", encoded(branch)));
        match self.http.get(Reason::Probe, "read a branch", &path).await {
            Err(ForgeError::NotFound { .. }) => Performed::Done { value: () },
            Ok(reply) if reply.body.pointer("/object/sha") != Some(&Value::String(head.to_string())) => {
                not_done(format!("{branch} moved since it was judged"))
            }
            Ok(_) if refused.is_some() => Performed::NotDone { why: self.explained(said, refused), refused },
            Ok(_) | Err(_) => unknown(said),
        }
    }
}

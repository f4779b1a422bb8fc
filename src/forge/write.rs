//! Writes: each answers done, not done or unknown, and is sent once.
//!
//! **Guarantees**: an issue is created unassigned with its labels in the same request; an assignment counts only when
//! the agent is read back; a merge counts only when `merged` is; a branch is deleted only at the commit that was judged.
//! **Races**: a lost answer is unknown; what can be read back at once is.

use super::shape::{Who, account};
use super::{Client, ForgeError, http::Reply};
use crate::model::{CommitId, CreatedIssue, IssueNumber, IssueText, MergeRequest, NodeId, Performed, PullNumber};
use ::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::PoisonError;

/// The agent's numeric id in both APIs.
const AGENT: u64 = 198_982_749;

#[derive(Deserialize)]
struct Created {
    number: u64,
    node_id: String,
    user: Option<Who>,
    #[serde(default)]
    assignees: Vec<Who>,
}

#[derive(Deserialize)]
struct PullRead {
    merged: Option<bool>,
    merge_commit_sha: Option<String>,
    draft: Option<bool>,
    state: Option<String>,
}

fn unknown<T>(why: impl Into<String>) -> Performed<T> {
    Performed::Unknown { why: why.into() }
}

/// An answer that is no success: refused for good, or the world moved on.
fn refused<T>(reply: &Reply) -> Performed<T> {
    let status = reply.status.as_u16();
    let limited = super::http::classify("write", reply);
    let good = matches!(status, 403 | 404 | 405 | 410 | 422) && !matches!(limited, ForgeError::RateLimited { .. });
    Performed::NotDone { why: format!("GitHub answered {status}: {}", reply.message()), refused: good }
}

impl Client {
    /// Creates an issue, unassigned; missing labels are made first.
    pub async fn create_issue(&self, text: &IssueText) -> Performed<CreatedIssue> {
        for (name, color) in &text.labels {
            if let Some(failed) = self.ensure_label(name, color).await {
                return failed;
            }
        }
        let labels: Vec<&str> = text.labels.iter().map(|(name, _)| name.as_str()).collect();
        let body = json!({ "title": text.title, "body": text.body, "labels": labels });
        match self.http.write(Method::POST, &self.path("/issues"), Some(&body)).await {
            Err(why) => unknown(why),
            Ok(reply) if reply.status.as_u16() == 201 => match serde_json::from_value::<Created>(reply.body) {
                Ok(issue) => Performed::Done {
                    value: CreatedIssue {
                        number: IssueNumber(issue.number),
                        node: NodeId(issue.node_id),
                        author: account(issue.user.as_ref()).id,
                    },
                },
                Err(error) => unknown(error.to_string()),
            },
            Ok(reply) => refused(&reply),
        }
    }

    /// Makes a label once a process; that it exists already is as good.
    async fn ensure_label<T>(&self, name: &str, color: &str) -> Option<Performed<T>> {
        if self.labels.lock().unwrap_or_else(PoisonError::into_inner).contains(name) {
            return None;
        }
        let body = json!({ "name": name, "color": color });
        match self.http.write(Method::POST, &self.path("/labels"), Some(&body)).await {
            // A label is no obligation: nothing was created yet, so the next cycle tries again.
            Err(why) => Some(Performed::NotDone { why, refused: false }),
            Ok(reply) => {
                let exists = reply.status.as_u16() == 422 && reply.body.to_string().contains("already_exists");
                if reply.status.is_success() || exists {
                    self.labels.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
                    return None;
                }
                Some(refused(&reply))
            }
        }
    }

    /// Assigns the agent; done only when it is among the assignees of the answer. A 201 without it is an assignment
    /// that GitHub silently ignored.
    pub async fn assign(&self, issue: IssueNumber, login: &str, base: &str) -> Performed<()> {
        let repository = self.repository.to_string();
        let body = json!({
            "assignees": [login],
            "agent_assignment": { "target_repo": repository, "base_branch": base },
        });
        let path = self.path(&format!("/issues/{}/assignees", issue.0));
        match self.http.write(Method::POST, &path, Some(&body)).await {
            Err(why) => unknown(why),
            Ok(reply) if reply.status.is_success() => {
                let answer: Option<Created> = serde_json::from_value(reply.body).ok();
                let assigned =
                    answer.is_some_and(|answer| answer.assignees.iter().any(|who| account(Some(who)).id == AGENT));
                if assigned {
                    return Performed::Done { value: () };
                }
                let why = format!("GitHub accepted the request and did not assign {login} to {issue}");
                Performed::NotDone { why, refused: true }
            }
            Ok(reply) => refused(&reply),
        }
    }

    async fn read_pull(&self, pull: PullNumber) -> Option<PullRead> {
        let reply = self.http.get(&format!("read {pull}"), &self.path(&format!("/pulls/{}", pull.0))).await.ok()?;
        serde_json::from_value(reply.body).ok()
    }

    /// Takes a pull request out of draft; REST has no endpoint for it.
    pub async fn mark_ready(&self, pull: PullNumber, node: &NodeId) -> Performed<()> {
        let document = include_str!("graphql/mark_ready.graphql");
        match self.http.mutate(document, json!({ "id": node })).await {
            Err(why) => unknown(why),
            Ok(graph) => {
                let draft = graph
                    .data
                    .as_ref()
                    .and_then(|data| data.pointer("/markPullRequestReadyForReview/pullRequest/isDraft"));
                if draft.and_then(Value::as_bool) == Some(false) {
                    return Performed::Done { value: () };
                }
                match self.read_pull(pull).await.and_then(|read| read.draft) {
                    Some(false) => Performed::Done { value: () },
                    Some(true) => Performed::NotDone { why: graph.complaint(), refused: true },
                    None => unknown(graph.complaint()),
                }
            }
        }
    }

    /// Merges at the head that was judged; done only when `merged` is read back.
    pub async fn merge(&self, request: &MergeRequest) -> Performed<CommitId> {
        let body = json!({
            "sha": request.head, "merge_method": request.method.word(),
            "commit_title": request.title, "commit_message": request.message,
        });
        let path = self.path(&format!("/pulls/{}/merge", request.pull.0));
        let answer = self.http.write(Method::PUT, &path, Some(&body)).await;
        let read = self.read_pull(request.pull).await;
        if let Some(commit) =
            read.as_ref().filter(|read| read.merged == Some(true)).and_then(|read| read.merge_commit_sha.as_ref())
        {
            return match commit.parse() {
                Ok(value) => Performed::Done { value },
                Err(_) => unknown("GitHub named no merge commit"),
            };
        }
        match answer {
            Err(why) => unknown(why),
            Ok(reply) if reply.status.is_success() => unknown(format!("{} is not shown as merged yet", request.pull)),
            Ok(reply) => {
                let transient = reply.status.as_u16() == 409 || reply.message().contains("Base branch was modified");
                let why = format!("GitHub answered {}: {}", reply.status.as_u16(), reply.message());
                let limited = matches!(super::http::classify("merge", &reply), ForgeError::RateLimited { .. });
                Performed::NotDone { why, refused: !transient && !limited }
            }
        }
    }

    /// Closes an issue as completed.
    pub async fn close_issue(&self, issue: IssueNumber) -> Performed<()> {
        let body = json!({ "state": "closed", "state_reason": "completed" });
        self.patch(&format!("/issues/{}", issue.0), &body).await
    }

    /// Closes a pull request unmerged.
    pub async fn close_pull(&self, pull: PullNumber) -> Performed<()> {
        if self.read_pull(pull).await.is_some_and(|read| read.state.as_deref() == Some("closed")) {
            return Performed::Done { value: () };
        }
        self.patch(&format!("/pulls/{}", pull.0), &json!({ "state": "closed" })).await
    }

    async fn patch(&self, path: &str, body: &Value) -> Performed<()> {
        match self.http.write(Method::PATCH, &self.path(path), Some(body)).await {
            Err(why) => unknown(why),
            Ok(reply) if reply.status.is_success() => Performed::Done { value: () },
            Ok(reply) => refused(&reply),
        }
    }

    /// Deletes a branch that still stands at this commit; one that is gone is done.
    pub async fn delete_branch(&self, branch: &str, head: CommitId) -> Performed<()> {
        const PLAIN: &percent_encoding::AsciiSet =
            &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
        let encoded = percent_encoding::utf8_percent_encode(branch, PLAIN).to_string();
        match self.http.get("read a branch", &self.path(&format!("/git/ref/heads/{encoded}"))).await {
            Err(ForgeError::NotFound { .. }) => return Performed::Done { value: () },
            Err(error) => return Performed::NotDone { why: error.to_string(), refused: false },
            Ok(reply) => {
                let found = reply.body.pointer("/object/sha").and_then(Value::as_str).unwrap_or_default().to_owned();
                if found != head.to_string() {
                    return Performed::NotDone { why: format!("{branch} moved since it was judged"), refused: false };
                }
            }
        }
        match self.http.write(Method::DELETE, &self.path(&format!("/git/refs/heads/{encoded}")), None).await {
            Err(why) => unknown(why),
            Ok(reply) if reply.status.is_success() => Performed::Done { value: () },
            Ok(reply) if reply.message().contains("Reference does not exist") => Performed::Done { value: () },
            Ok(reply) => refused(&reply),
        }
    }
}

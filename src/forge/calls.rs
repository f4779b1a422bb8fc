//! Writes as requests: method, path and body of each, in one place.
//!
//! **Guarantees**: nothing is sent from here; the client sends exactly what a dry run shows.

use super::Client;
use super::http::GRAPHQL;
use crate::model::{BranchCommit, Call, Closing, ForgeWrite};
use base64::Engine as _;
use serde_json::{Value, json};
use std::sync::PoisonError;

/// What a reference points to that is no more.
const NOTHING: &str = "0000000000000000000000000000000000000000";

impl Client {
    /// The request of a write.
    pub fn call(&self, write: &ForgeWrite) -> Call {
        match write {
            ForgeWrite::CreateLabel { name, color } => {
                self.below("POST", "/labels", Some(json!({ "name": name, "color": color })))
            }
            ForgeWrite::CreateIssue(text) => {
                let labels: Vec<&str> = text.labels.iter().map(|(name, _)| name.as_str()).collect();
                let body = json!({ "title": text.title, "body": text.body, "labels": labels });
                self.below("POST", "/issues", Some(body))
            }
            ForgeWrite::Assign { issue, login, base } => {
                let body = json!({
                    "assignees": [login],
                    "agent_assignment": { "target_repo": self.repository.to_string(), "base_branch": base },
                });
                self.below("POST", &format!("/issues/{}/assignees", issue.0), Some(body))
            }
            ForgeWrite::Revise { issue, text } => {
                let body = json!({ "title": text.title, "body": text.body });
                self.below("PATCH", &format!("/issues/{}", issue.0), Some(body))
            }
            ForgeWrite::MarkReady { node } => {
                let document = include_str!("graphql/mark_ready.graphql");
                let body = json!({ "query": document, "variables": { "id": node } });
                Call { method: "POST", path: GRAPHQL.to_owned(), body: Some(body) }
            }
            ForgeWrite::Commit(commit) => {
                let document = include_str!("graphql/commit_on_branch.graphql");
                let body = json!({ "query": document, "variables": { "input": self.commit_input(commit) } });
                Call { method: "POST", path: GRAPHQL.to_owned(), body: Some(body) }
            }
            ForgeWrite::Merge(request) => {
                let body = json!({
                    "sha": request.head, "merge_method": request.method.word(),
                    "commit_title": request.title, "commit_message": request.message,
                });
                self.below("PUT", &format!("/pulls/{}/merge", request.pull.0), Some(body))
            }
            ForgeWrite::CloseIssue { issue, closing } => {
                let reason = match closing {
                    Closing::Completed => "completed",
                    Closing::NotPlanned => "not_planned",
                };
                let body = json!({ "state": "closed", "state_reason": reason });
                self.below("PATCH", &format!("/issues/{}", issue.0), Some(body))
            }
            ForgeWrite::ClosePull(pull) => {
                self.below("PATCH", &format!("/pulls/{}", pull.0), Some(json!({ "state": "closed" })))
            }
            ForgeWrite::DeleteBranch { branch, head } => {
                let document = include_str!("graphql/delete_branch.graphql");
                let update = json!({ "name": format!("refs/heads/{branch}"), "beforeOid": head, "afterOid": NOTHING });
                let repository = self.node.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let body = json!({ "query": document, "variables": { "repository": repository, "updates": [update] } });
                Call { method: "POST", path: GRAPHQL.to_owned(), body: Some(body) }
            }
            ForgeWrite::Comment { pull, text } => {
                self.below("POST", &format!("/issues/{}/comments", pull.0), Some(json!({ "body": text })))
            }
            ForgeWrite::Unassign { issue, login } => {
                let body = json!({ "assignees": [login] });
                self.below("DELETE", &format!("/issues/{}/assignees", issue.0), Some(body))
            }
            ForgeWrite::UpdateBranch { pull, head } => {
                let body = json!({ "expected_head_sha": head });
                self.below("PUT", &format!("/pulls/{}/update-branch", pull.0), Some(body))
            }
            ForgeWrite::Approve { pull, head } => {
                let body = json!({ "event": "APPROVE", "commit_id": head });
                self.below("POST", &format!("/pulls/{}/reviews", pull.0), Some(body))
            }
            ForgeWrite::Rerun { run } => self.below("POST", &format!("/actions/runs/{run}/rerun"), None),
            ForgeWrite::Describe { pull, body } => {
                self.below("PATCH", &format!("/pulls/{}", pull.0), Some(json!({ "body": body })))
            }
        }
    }

    fn commit_input(&self, commit: &BranchCommit) -> Value {
        let (headline, body) = commit.message.split_once("\n\n").unwrap_or((&commit.message, ""));
        let coded = |content: &[u8]| base64::engine::general_purpose::STANDARD.encode(content);
        let additions = commit.add.iter().map(|(path, content)| json!({ "path": path, "contents": coded(content) }));
        let deletions = commit.delete.iter().map(|path| json!({ "path": path }));
        json!({
            "branch": { "repositoryNameWithOwner": self.repository.to_string(), "branchName": commit.branch },
            "expectedHeadOid": commit.expected,
            "message": { "headline": headline.trim(), "body": body.trim_end() },
            "fileChanges": { "additions": additions.collect::<Vec<_>>(), "deletions": deletions.collect::<Vec<_>>() },
        })
    }

    fn below(&self, method: &'static str, rest: &str, body: Option<Value>) -> Call {
        Call { method, path: self.path(rest), body }
    }
}

/// A branch's name in a path.
pub(super) fn encoded(branch: &str) -> String {
    const PLAIN: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');
    percent_encoding::utf8_percent_encode(branch, PLAIN).to_string()
}

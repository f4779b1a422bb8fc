//! How REST shows things: here accounts, labels, issues and comments, below pull requests, repositories and commits.
//!
//! Guarantees that every field is shown which GitHub's OpenAPI description requires, and none that it doesn't have. What
//! the world knows is answered from it; what it knows nothing of is shown as a new repository or account has it, and
//! left out where it may be.

mod commit;
mod pull;
mod repository;
mod run;

use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::sim::world::{AGENT, Account, AccountId, AccountKind, Comment, Label, StateReason, Subject, World, node_id};

/// Renders a world for answers of this API.
#[derive(Clone, Copy)]
pub(super) struct View<'w> {
    pub world: &'w World,
    pub api_url: &'w str,
}

impl View<'_> {
    fn repository_url(&self) -> String {
        format!("{}/repos/{}", self.api_url, self.world.full_name())
    }

    fn repository_page(&self) -> String {
        format!("{}/{}", self.world.web_url(), self.world.full_name())
    }

    /// An account, or null for one that the world never gave out.
    pub fn user(&self, id: AccountId) -> Value {
        self.world.account(id).map_or(Value::Null, |account| self.account(account))
    }

    pub fn account(&self, account: &Account) -> Value {
        let kind = match account.kind {
            AccountKind::User => "User",
            AccountKind::Bot => "Bot",
            AccountKind::Organization => "Organization",
        };
        let url = format!("{}/users/{}", self.api_url, account.login);
        json!({
            "login": account.login,
            "id": account.id.0,
            "node_id": account.node_id,
            "avatar_url": format!("{}/u/{}", self.world.web_url(), account.id.0),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("{}/{}", self.world.web_url(), account.login),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind,
            "site_admin": false,
        })
    }

    /// The owner of a token as a user sees himself. Which mail address, place or company he has, nobody tells.
    pub fn viewer(&self, id: AccountId) -> Value {
        let mut shown = self.user(id);
        for unknown in ["name", "company", "location", "email", "hireable", "bio"] {
            shown[unknown] = Value::Null;
        }
        shown["blog"] = json!("");
        for none in ["public_gists", "followers", "following"] {
            shown[none] = json!(0);
        }
        shown["public_repos"] = json!(u8::from(id == self.world.owner() && !self.world.settings.private));
        shown["created_at"] = json!(time(self.world.created_at()));
        shown["updated_at"] = json!(time(self.world.created_at()));
        shown
    }

    /// An account with what it may do in the repository.
    pub fn collaborator(&self, account: &Account) -> Value {
        let mut shown = self.account(account);
        shown["role_name"] = json!(account.permission.role_name());
        shown["permissions"] = repository::permissions(account.permission);
        shown
    }

    /// The app of the review bot.
    pub fn review_app(&self) -> Value {
        let mut app = self.agent_app();
        (app["id"], app["slug"]) = (json!(946_600), json!("copilot-pull-request-reviewer"));
        app
    }

    /// The app by which the agent acts.
    pub fn agent_app(&self) -> Value {
        let since = time(self.world.created_at());
        json!({
            "id": 1_143_301,
            "node_id": node_id("A_kwDO", 1_143_301),
            "slug": "copilot-swe-agent",
            "name": "Copilot coding agent",
            "owner": self.user(AGENT),
            "description": null,
            "external_url": format!("{}/features/copilot", self.world.web_url()),
            "html_url": format!("{}/apps/copilot-swe-agent", self.world.web_url()),
            "created_at": since,
            "updated_at": since,
            "permissions": {"contents": "write", "issues": "write", "metadata": "read", "pull_requests": "write"},
            "events": [],
        })
    }

    pub fn label(&self, label: &Label) -> Value {
        json!({
            "id": label.id,
            "node_id": node_id("LA_kwDO", label.id),
            "url": format!("{}/labels/{}", self.repository_url(), utf8_percent_encode(&label.name, NON_ALPHANUMERIC)),
            "name": label.name,
            "color": label.color,
            "default": false,
            "description": label.description,
        })
    }

    fn labels(&self, subject: &Subject) -> Vec<Value> {
        subject.labels.iter().filter_map(|id| self.world.label(*id)).map(|label| self.label(label)).collect()
    }

    fn users(&self, ids: &[AccountId]) -> Vec<Value> {
        ids.iter().map(|id| self.user(*id)).collect()
    }

    /// An issue, or a pull request seen as one.
    pub fn issue(&self, subject: &Subject) -> Value {
        let url = format!("{}/issues/{}", self.repository_url(), subject.number);
        let page = self.world.page(subject);
        let mut issue = json!({
            "url": url,
            "repository_url": self.repository_url(),
            "labels_url": format!("{url}/labels{{/name}}"),
            "comments_url": format!("{url}/comments"),
            "events_url": format!("{url}/events"),
            "timeline_url": format!("{url}/timeline"),
            "html_url": page,
            "id": subject.id,
            "node_id": subject.node_id,
            "number": subject.number,
            "title": subject.title,
            "body": subject.body,
            "user": self.user(subject.author),
            "author_association": self.world.association(subject.author),
            "labels": self.labels(subject),
            "state": if subject.is_open() { "open" } else { "closed" },
            "state_reason": subject.reason.map(StateReason::name),
            "locked": false,
            "assignee": subject.assignees.first().map(|id| self.user(*id)),
            "assignees": self.users(&subject.assignees),
            "milestone": null,
            "comments": subject.comments.len(),
            "created_at": time(subject.created_at),
            "updated_at": time(subject.updated_at),
            "closed_at": subject.closed_at.map(time),
            "closed_by": subject.closed_by.map(|id| self.user(id)),
        });
        if let Some(pull) = &subject.pull {
            issue["draft"] = json!(pull.draft);
            issue["pull_request"] = json!({
                "url": format!("{}/pulls/{}", self.repository_url(), subject.number),
                "html_url": page,
                "diff_url": format!("{page}.diff"),
                "patch_url": format!("{page}.patch"),
                "merged_at": pull.merged.as_ref().map(|merge| time(merge.at)),
            });
        }
        issue
    }

    pub fn comment(&self, subject: &Subject, comment: &Comment) -> Value {
        json!({
            "id": comment.id,
            "node_id": node_id("IC_kwDO", comment.id),
            "url": format!("{}/issues/comments/{}", self.repository_url(), comment.id),
            "html_url": format!("{}#issuecomment-{}", self.world.page(subject), comment.id),
            "issue_url": format!("{}/issues/{}", self.repository_url(), subject.number),
            "user": self.user(comment.author),
            "author_association": self.world.association(comment.author),
            "body": comment.body,
            "created_at": time(comment.created_at),
            "updated_at": time(comment.created_at),
        })
    }
}

/// A time as GitHub writes it.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! How REST shows accounts, labels, issues, comments and pull requests.
//!
//! Guarantees that every field shown is answered from the world; fields that it knows nothing of are absent.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::world::{
    Account, AccountId, AccountKind, Comment, Label, Mergeability, Pull, Review, StateReason, Subject, World,
};

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

    pub fn label(&self, label: &Label) -> Value {
        json!({
            "id": label.id,
            "node_id": crate::sim::world::node_id("LA_kwDO", label.id),
            "url": format!("{}/labels/{}", self.repository_url(), label.name),
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
                "merged_at": pull.merged.as_ref().map(|merge| time(merge.at)),
            });
        }
        issue
    }

    pub fn comment(&self, subject: &Subject, comment: &Comment) -> Value {
        json!({
            "id": comment.id,
            "node_id": crate::sim::world::node_id("IC_kwDO", comment.id),
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

    pub fn review(&self, subject: &Subject, review: &Review) -> Value {
        json!({
            "id": review.id,
            "node_id": crate::sim::world::node_id("PRR_kwDO", review.id),
            "user": self.user(review.author),
            "author_association": self.world.association(review.author),
            "body": review.body,
            "state": review.state.name(),
            "html_url": format!("{}#pullrequestreview-{}", self.world.page(subject), review.id),
            "commit_id": review.commit,
            "submitted_at": time(review.at),
        })
    }

    /// A pull request as lists show it.
    pub fn pull(&self, subject: &Subject, pull: &Pull) -> Value {
        let url = format!("{}/pulls/{}", self.repository_url(), subject.number);
        let owner = self.world.account(self.world.owner());
        let owner_login = owner.map_or("", |owner| owner.login.as_str());
        let own = self.repository_stub();
        let head_repository = match &pull.fork {
            None => own.clone(),
            Some(fork) => json!({"full_name": fork, "fork": true}),
        };
        let head_owner = pull.fork.as_deref().and_then(|fork| fork.split('/').next()).unwrap_or(owner_login);
        json!({
            "url": url,
            "html_url": self.world.page(subject),
            "issue_url": format!("{}/issues/{}", self.repository_url(), subject.number),
            "id": pull.id,
            "node_id": subject.node_id,
            "number": subject.number,
            "state": if subject.is_open() { "open" } else { "closed" },
            "locked": false,
            "title": subject.title,
            "body": subject.body,
            "user": self.user(subject.author),
            "author_association": self.world.association(subject.author),
            "labels": self.labels(subject),
            "assignees": self.users(&subject.assignees),
            "requested_reviewers": self.users(&pull.requested),
            "requested_teams": [],
            "draft": pull.draft,
            "auto_merge": null,
            "created_at": time(subject.created_at),
            "updated_at": time(subject.updated_at),
            "closed_at": subject.closed_at.map(time),
            "merged_at": pull.merged.as_ref().map(|merge| time(merge.at)),
            "merge_commit_sha": pull.merged.as_ref().map(|merge| merge.oid.as_str()),
            "head": {
                "label": format!("{head_owner}:{}", pull.head),
                "ref": pull.head,
                "sha": pull.head_oid,
                "repo": head_repository,
            },
            "base": {
                "label": format!("{owner_login}:{}", pull.base),
                "ref": pull.base,
                "sha": pull.base_oid,
                "repo": own,
            },
        })
    }

    /// A pull request read by itself: the only place that tells whether it can be merged.
    pub fn pull_in_full(&self, subject: &Subject, pull: &Pull) -> Value {
        let mergeable = match pull.mergeability {
            Mergeability::Unknown => None,
            Mergeability::Mergeable => Some(true),
            Mergeability::Conflicting => Some(false),
        };
        let mut full = self.pull(subject, pull);
        full["merged"] = json!(pull.merged.is_some());
        full["merged_by"] = json!(pull.merged.as_ref().map(|merge| self.user(merge.by)));
        full["mergeable"] = json!(mergeable);
        full["mergeable_state"] = json!(self.world.merge_state(subject.number).name().to_lowercase());
        full["comments"] = json!(subject.comments.len());
        full["review_comments"] = json!(pull.threads.iter().map(|thread| thread.comments.len()).sum::<usize>());
        full["commits"] = json!(pull.diff.commits.len());
        full["additions"] = json!(pull.diff.additions);
        full["deletions"] = json!(pull.diff.deletions);
        full["changed_files"] = json!(pull.diff.files.len());
        full
    }

    /// The repository as other things show it.
    pub fn repository_stub(&self) -> Value {
        let world = self.world;
        json!({
            "id": world.repository_id(),
            "node_id": world.repository_node_id(),
            "name": world.name(),
            "full_name": world.full_name(),
            "owner": self.user(world.owner()),
            "private": world.settings.private,
            "fork": false,
            "url": self.repository_url(),
            "html_url": format!("{}/{}", world.web_url(), world.full_name()),
            "clone_url": format!("{}/{}.git", world.web_url(), world.full_name()),
            "default_branch": world.mainline(),
        })
    }

    /// The repository read by itself.
    pub fn repository(&self, viewer: AccountId) -> Value {
        let (world, settings) = (self.world, &self.world.settings);
        let permission = world.permission(viewer);
        let open = world.subjects().filter(|subject| subject.is_open()).count();
        let mut full = self.repository_stub();
        full["archived"] = json!(settings.archived);
        full["disabled"] = json!(settings.disabled);
        full["visibility"] = json!(if settings.private { "private" } else { "public" });
        full["has_issues"] = json!(settings.issues);
        full["open_issues_count"] = json!(open);
        full["created_at"] = json!(time(world.created_at()));
        full["pushed_at"] = json!(world.pushed_at().map(time));
        full["allow_squash_merge"] = json!(settings.squash_merge);
        full["allow_merge_commit"] = json!(settings.merge_commit);
        full["allow_rebase_merge"] = json!(settings.rebase_merge);
        full["allow_auto_merge"] = json!(false);
        full["delete_branch_on_merge"] = json!(settings.delete_branch_on_merge);
        full["permissions"] = permissions(permission);
        full
    }
}

/// Permissions as REST shows them.
fn permissions(permission: crate::sim::world::Permission) -> Value {
    use crate::sim::world::Permission;
    json!({
        "admin": permission >= Permission::Admin,
        "maintain": permission >= Permission::Maintain,
        "push": permission >= Permission::Write,
        "triage": permission >= Permission::Triage,
        "pull": true,
    })
}

/// A time as GitHub writes it.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! How REST shows pull requests and their reviews.
//!
//! Guarantees that only a pull request read by itself tells whether it can be merged, as at GitHub. Known difference:
//! a fork is known by its name alone; its other facts are those of a fork that nobody changed.

use serde_json::{Value, json};

use super::{View, time};
use crate::sim::world::{AccountId, Comment, Mergeability, Pull, Review, ReviewThread, Subject, node_id};

impl View<'_> {
    pub fn review(&self, subject: &Subject, review: &Review) -> Value {
        let (pull, page) = (format!("{}/pulls/{}", self.repository_url(), subject.number), self.world.page(subject));
        let page = format!("{page}#pullrequestreview-{}", review.id);
        json!({
            "id": review.id,
            "node_id": node_id("PRR_kwDO", review.id),
            "user": self.user(review.author),
            "author_association": self.world.association(review.author),
            "body": review.body,
            "state": review.state.name(),
            "html_url": page,
            "pull_request_url": pull,
            "_links": {"html": {"href": page}, "pull_request": {"href": pull}},
            "commit_id": review.commit,
            "submitted_at": time(review.at),
        })
    }

    /// A comment at a file. At which lines of it, the world does not know.
    pub fn remark(&self, subject: &Subject, thread: &ReviewThread, comment: &Comment) -> Value {
        let url = format!("{}/pulls/comments/{}", self.repository_url(), comment.id);
        let pull = format!("{}/pulls/{}", self.repository_url(), subject.number);
        let page = format!("{}#discussion_r{}", self.world.page(subject), comment.id);
        json!({
            "url": url,
            "id": comment.id,
            "node_id": node_id("PRRC_kwDO", comment.id),
            "pull_request_review_id": null,
            "diff_hunk": "",
            "path": thread.path,
            "commit_id": thread.commit,
            "original_commit_id": thread.commit,
            "user": self.user(comment.author),
            "author_association": self.world.association(comment.author),
            "body": comment.body,
            "created_at": time(comment.created_at),
            "updated_at": time(comment.created_at),
            "html_url": page,
            "pull_request_url": pull,
            "_links": {"self": {"href": url}, "html": {"href": page}, "pull_request": {"href": pull}},
        })
    }

    /// A pull request as lists show it.
    pub fn pull(&self, subject: &Subject, pull: &Pull) -> Value {
        let (repository, page) = (self.repository_url(), self.world.page(subject));
        let url = format!("{repository}/pulls/{}", subject.number);
        let issue = format!("{repository}/issues/{}", subject.number);
        let mut shown = json!({
            "url": url,
            "html_url": page,
            "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
            "issue_url": issue,
            "commits_url": format!("{url}/commits"),
            "comments_url": format!("{issue}/comments"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{repository}/pulls/comments{{/number}}"),
            "statuses_url": format!("{repository}/statuses/{}", pull.head_oid),
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
            "milestone": null,
            "assignee": subject.assignees.first().map(|id| self.user(*id)),
            "assignees": self.users(&subject.assignees),
            "requested_reviewers": self.users(&pull.requested),
            "requested_teams": [],
            "draft": pull.draft,
            "auto_merge": null,
            "created_at": time(subject.created_at),
            "updated_at": time(subject.updated_at),
            "closed_at": subject.closed_at.map(time),
            "merged_at": pull.merged.as_ref().map(|merge| time(merge.at)),
            // Of one that is open it names the trial merge, which is nobody's receipt.
            "merge_commit_sha": pull.merged.as_ref().map_or(pull.head_oid.as_str(), |merge| merge.oid.as_str()),
        });
        shown["_links"] = json!({"html": {"href": page}, "self": {"href": url}, "issue": {"href": issue}});
        for (link, field) in [
            ("commits", "commits_url"),
            ("comments", "comments_url"),
            ("review_comments", "review_comments_url"),
            ("review_comment", "review_comment_url"),
            ("statuses", "statuses_url"),
        ] {
            shown["_links"][link] = json!({"href": shown[field]});
        }
        let (owner, own) = (self.world.owner(), self.repository_stub());
        shown["base"] = self.branch_of(owner, &pull.base, &pull.base_oid, own.clone());
        shown["head"] = match &pull.fork {
            None => self.branch_of(owner, &pull.head, &pull.head_oid, own),
            Some(fork) => {
                let login = fork.split('/').next().unwrap_or_default();
                let owner = self.world.account_by_login(login).map_or(subject.author, |account| account.id);
                self.branch_of(owner, &pull.head, &pull.head_oid, self.fork(fork, owner, pull.id))
            }
        };
        shown
    }

    /// One end of a pull request.
    fn branch_of(&self, owner: AccountId, name: &str, oid: &str, repository: Value) -> Value {
        let login = self.world.account(owner).map_or("", |owner| owner.login.as_str());
        json!({
            "label": format!("{login}:{name}"),
            "ref": name,
            "sha": oid,
            "user": self.user(owner),
            "repo": repository,
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
        full["maintainer_can_modify"] = json!(pull.fork.is_some());
        full["review_comments"] = json!(pull.threads.iter().map(|thread| thread.comments.len()).sum::<usize>());
        full["commits"] = json!(pull.diff.commits.len());
        full["additions"] = json!(pull.diff.additions);
        full["deletions"] = json!(pull.diff.deletions);
        full["changed_files"] = json!(pull.diff.files.len());
        full
    }
}

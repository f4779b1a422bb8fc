//! How REST shows repositories: the one that there is, and forks of it.
//!
//! Guarantees that settings, rights and counts of the repository are the world's. What the world has nothing of —
//! stars, forks, wikis, a licence — is shown as a new repository has it.

use serde_json::{Value, json};

use super::{View, time};
use crate::sim::world::{AccountId, Permission, node_id};

/// Addresses below a repository's own; those in braces are for a client to fill in.
const ADDRESSES: [(&str, &str); 37] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
    ("url", ""),
];

/// What tells one repository from another.
struct Identity<'a> {
    id: u64,
    full_name: &'a str,
    owner: AccountId,
    fork: bool,
}

impl View<'_> {
    /// The repository as other things show it.
    pub(super) fn repository_stub(&self) -> Value {
        let world = self.world;
        self.place(&Identity {
            id: world.repository_id(),
            full_name: world.full_name(),
            owner: world.owner(),
            fork: false,
        })
    }

    /// A fork (`owner/name`), whose only id is the pull request's that brought it here.
    pub(super) fn fork(&self, full_name: &str, owner: AccountId, id: u64) -> Value {
        self.place(&Identity { id, full_name, owner, fork: true })
    }

    fn place(&self, it: &Identity<'_>) -> Value {
        let (world, settings) = (self.world, &self.world.settings);
        let name = it.full_name.split_once('/').map_or(it.full_name, |(_, name)| name);
        let page = format!("{}/{}", world.web_url(), it.full_name);
        let host = world.web_url().split_once("://").map_or(world.web_url(), |(_, host)| host);
        let open = if it.fork { 0 } else { world.subjects().filter(|subject| subject.is_open()).count() };
        let mut shown = json!({
            "id": it.id,
            "node_id": node_id("R_kgDO", it.id),
            "name": name,
            "full_name": it.full_name,
            "owner": self.user(it.owner),
            "private": settings.private,
            "fork": it.fork,
            "html_url": page,
            "description": null,
            "homepage": null,
            "language": null,
            "license": null,
            "mirror_url": null,
            "clone_url": format!("{page}.git"),
            "git_url": format!("git://{host}/{}.git", it.full_name),
            "ssh_url": format!("git@{host}:{}.git", it.full_name),
            "svn_url": page,
            "default_branch": world.mainline(),
            "archived": settings.archived && !it.fork,
            "disabled": settings.disabled && !it.fork,
            "visibility": if settings.private { "private" } else { "public" },
            "has_issues": settings.issues && !it.fork,
            "open_issues": open,
            "open_issues_count": open,
            "created_at": time(world.created_at()),
            "updated_at": time(world.pushed_at().unwrap_or(world.created_at())),
            "pushed_at": time(world.pushed_at().unwrap_or(world.created_at())),
        });
        for none in ["forks", "forks_count", "size", "stargazers_count", "watchers", "watchers_count"] {
            shown[none] = json!(0);
        }
        for none in ["has_downloads", "has_projects", "has_wiki", "has_pages", "has_discussions"] {
            shown[none] = json!(false);
        }
        for (field, rest) in ADDRESSES {
            shown[field] = json!(format!("{}/repos/{}{rest}", self.api_url, it.full_name));
        }
        shown
    }

    /// The repository read by itself.
    pub fn repository(&self, viewer: AccountId) -> Value {
        let (world, settings) = (self.world, &self.world.settings);
        let mut full = self.repository_stub();
        full["allow_squash_merge"] = json!(settings.squash_merge);
        full["allow_merge_commit"] = json!(settings.merge_commit);
        full["allow_rebase_merge"] = json!(settings.rebase_merge);
        full["allow_auto_merge"] = json!(false);
        full["delete_branch_on_merge"] = json!(settings.delete_branch_on_merge);
        full["network_count"] = json!(0);
        full["subscribers_count"] = json!(0);
        full["permissions"] = permissions(world.permission(viewer));
        full
    }
}

/// Permissions as REST shows them.
pub(super) fn permissions(permission: Permission) -> Value {
    json!({
        "admin": permission >= Permission::Admin,
        "maintain": permission >= Permission::Maintain,
        "push": permission >= Permission::Write,
        "triage": permission >= Permission::Triage,
        "pull": true,
    })
}

//! How REST shows a commit in a timeline.
//!
//! Guarantees that author, committer, tree and parents are git's own. Known difference: no commit is signed.

use serde_json::{Value, json};

use super::{View, time};

impl View<'_> {
    /// A commit that arrived on a branch, or null for one that the world never heard of.
    pub fn committed(&self, oid: &str, event: u64) -> Value {
        let Some(commit) = self.world.commit(oid) else {
            return Value::Null;
        };
        let (git, page) = (format!("{}/git", self.repository_url()), format!("{}/commit", self.repository_page()));
        let person = |(name, email): &(String, String), at| json!({"name": name, "email": email, "date": time(at)});
        let parent = |oid: &String| json!({"sha": oid, "url": format!("{git}/commits/{oid}"), "html_url": format!("{page}/{oid}")});
        json!({
            "event": "committed",
            "sha": oid,
            "node_id": format!("C_kwDO{event}{oid}"),
            "url": format!("{git}/commits/{oid}"),
            "html_url": format!("{page}/{oid}"),
            "author": person(&commit.author, commit.authored_at),
            "committer": person(&commit.committer, commit.committed_at),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": format!("{git}/trees/{}", commit.tree)},
            "parents": commit.parents.iter().map(parent).collect::<Vec<Value>>(),
            "verification": {
                "verified": false,
                "reason": "unsigned",
                "signature": null,
                "payload": null,
                "verified_at": null,
            },
        })
    }
}

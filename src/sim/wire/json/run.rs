//! How REST shows workflow runs.

use serde_json::{Value, json};

use super::{View, time};
use crate::sim::world::{Run, node_id};

impl View<'_> {
    /// A workflow run.
    pub(in crate::sim::wire) fn run(&self, run: &Run) -> Value {
        let name = self.world.full_name();
        let api = format!("{}/repos/{name}/actions", self.api_url);
        let url = format!("{api}/runs/{}", run.id);
        let (status, conclusion) =
            if run.held { ("completed", Some("action_required")) } else { ("in_progress", None) };
        let head = self.world.commit(&run.oid).map(|commit| {
            json!({
                "id": commit.oid, "tree_id": commit.tree, "message": commit.message, "timestamp": time(commit.committed_at),
                "author": {"name": commit.author.0, "email": commit.author.1},
                "committer": {"name": commit.committer.0, "email": commit.committer.1},
            })
        });
        let branch =
            self.world.subjects().find_map(|subject| subject.pull.as_ref().filter(|pull| pull.head_oid == run.oid));
        json!({
            "id": run.id,
            "node_id": node_id("WFR_kwDO", run.id),
            "name": run.name,
            "display_title": run.name,
            "path": format!(".github/workflows/{}.yml", run.name),
            "head_branch": branch.map(|pull| &pull.head),
            "head_sha": run.oid,
            "run_number": 1,
            "event": "pull_request",
            "status": status,
            "conclusion": conclusion,
            "workflow_id": 1,
            "check_suite_id": run.id,
            "pull_requests": [],
            "created_at": time(run.at),
            "updated_at": time(run.at),
            "url": url,
            "html_url": format!("{}/{name}/actions/runs/{}", self.world.web_url(), run.id),
            "jobs_url": format!("{url}/jobs"),
            "logs_url": format!("{url}/logs"),
            "cancel_url": format!("{url}/cancel"),
            "rerun_url": format!("{url}/rerun"),
            "artifacts_url": format!("{url}/artifacts"),
            "check_suite_url": format!("{}/repos/{name}/check-suites/{}", self.api_url, run.id),
            "workflow_url": format!("{api}/workflows/1"),
            "head_commit": head,
            "repository": self.repository_stub(),
            "head_repository": self.repository_stub(),
        })
    }
}

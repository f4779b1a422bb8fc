//! Workflow runs, as far as they wait for approval.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::view;
use crate::sim::git::Objects;
use crate::sim::hub::Trouble;
use crate::sim::wire::Site;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::Call;

/// Lists runs; the filters are those that a client of ours uses.
pub(super) fn runs(site: &Site<impl Objects>, call: &Call) -> Answer {
    let world = site.hub.world();
    let (sha, status) = (call.query.get("head_sha"), call.query.get("status"));
    let shown = world.runs().filter(|run| sha.is_none_or(|sha| *sha == run.oid));
    let shown = shown.filter(|run| status.is_none_or(|status| (status == "action_required") == run.held));
    let shown: Vec<Value> = shown.map(|run| view(site, &world).run(run)).collect();
    Answer::ok(&json!({ "total_count": shown.len(), "workflow_runs": shown }))
}

pub(super) fn rerun(site: &Site<impl Objects>, call: &Call, id: u64) -> Result<Answer, Trouble> {
    site.hub.world().rerun(call.account, id)?;
    Ok(Answer::json(StatusCode::CREATED, &json!({})))
}

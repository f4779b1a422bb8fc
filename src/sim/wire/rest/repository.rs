//! The repository itself: settings, labels, permissions, refs.

use axum::http::StatusCode;
use serde_json::json;

use super::view;
use crate::sim::git::Objects;
use crate::sim::hub::{BranchDeletion, Trouble};
use crate::sim::wire::Site;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::Call;
use crate::sim::wire::page::page;
use crate::sim::world::{Refusal, node_id};

pub(super) fn show(site: &Site<impl Objects>, call: &Call) -> Answer {
    let world = site.hub.world();
    Answer::ok(&view(site, &world).repository(call.account))
}

pub(super) fn labels(site: &Site<impl Objects>, call: &Call) -> Answer {
    let world = site.hub.world();
    page(call, &site.api_url, world.labels(), |label| view(site, &world).label(label))
}

pub(super) fn create_label(site: &Site<impl Objects>, call: &Call) -> Result<Answer, Trouble> {
    let fields = call.fields()?;
    let mut world = site.hub.world();
    if !world.permission(call.account).can_write() {
        return Err(Refusal::NotFound.into());
    }
    let name = fields.text("name").unwrap_or_default();
    let color = fields.text("color").unwrap_or_else(|| "ededed".to_owned());
    let label = world.create_label(&name, &color, fields.text("description").as_deref())?;
    Ok(Answer::created(&view(site, &world).label(&label)))
}

pub(super) fn permission(site: &Site<impl Objects>, login: &str) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    let account = world.account_by_login(login).ok_or(Refusal::NotFound)?;
    Ok(Answer::ok(&json!({
        "permission": account.permission.legacy_name(),
        "role_name": account.permission.role_name(),
        "user": view(site, &world).collaborator(account),
    })))
}

pub(super) fn assignable(site: &Site<impl Objects>, login: &str) -> Answer {
    let world = site.hub.world();
    if world.assignable(login).is_some() { Answer::empty(StatusCode::NO_CONTENT) } else { Answer::not_found() }
}

pub(super) fn reference(site: &Site<impl Objects>, name: &str) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    let full = format!("refs/{name}");
    let state = world.reference(&full).ok_or(Refusal::NotFound)?;
    let url = format!("{}/repos/{}/git", site.api_url, world.full_name());
    Ok(Answer::ok(&json!({
        "ref": full,
        "node_id": format!("{}:{full}", node_id("REF_kwDO", world.repository_id())),
        "url": format!("{url}/{full}"),
        "object": {"sha": state.oid, "type": state.kind, "url": format!("{url}/{}s/{}", state.kind, state.oid)},
    })))
}

pub(super) async fn delete_branch(site: &Site<impl Objects>, call: &Call, branch: &str) -> Result<Answer, Trouble> {
    site.hub.delete_branch(call.account, &BranchDeletion::anywhere(branch)).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

//! The timeline of an issue or a pull request: the only place where the agent's lifecycle events exist.

use serde_json::{Value, json};

use super::issues::found;
use super::view;
use crate::sim::git::Objects;
use crate::sim::hub::Trouble;
use crate::sim::wire::Site;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::Call;
use crate::sim::wire::json::{View, time};
use crate::sim::wire::page::page;
use crate::sim::world::{AccountId, Event, StateReason, Subject, What, node_id};

pub(super) fn show(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    let subject = found(&world, number)?;
    let view = view(site, &world);
    let mut entries: Vec<(u64, Value)> =
        subject.events.iter().map(|event| (event.id, entry(view, subject, event))).collect();
    for comment in &subject.comments {
        let mut shown = view.comment(subject, comment);
        shown["event"] = json!("commented");
        shown["actor"] = shown["user"].clone();
        entries.push((comment.id, shown));
    }
    for review in subject.pull.iter().flat_map(|pull| &pull.reviews) {
        let mut shown = view.review(subject, review);
        shown["event"] = json!("reviewed");
        shown["state"] = json!(review.state.name().to_lowercase());
        entries.push((review.id, shown));
    }
    entries.sort_by_key(|(id, _)| *id);
    Ok(page(call, &site.api_url, &entries, |(_, entry)| entry.clone()))
}

/// One event as REST shows it.
fn entry(view: View<'_>, subject: &Subject, event: &Event) -> Value {
    // Two kinds look like none of the others.
    if let What::Committed(oid) = &event.what {
        return view.committed(oid, event.id);
    }
    if let What::CrossReferenced(source) = &event.what {
        let source = view.world.subject(*source).map(|source| view.issue(source));
        return json!({
            "event": "cross-referenced",
            "actor": view.user(event.actor),
            "created_at": time(event.at),
            "updated_at": time(event.at),
            "source": {"type": "issue", "issue": source},
        });
    }
    let (name, more) = details(view, subject, event);
    let mut entry = json!({
        "id": event.id,
        "node_id": node_id("EV_kwDO", event.id),
        "url": format!("{}/repos/{}/issues/events/{}", view.api_url, view.world.full_name(), event.id),
        "event": name,
        "actor": view.user(event.actor),
        "created_at": time(event.at),
        "commit_id": null,
        "commit_url": null,
    });
    let by_agent = matches!(event.what, What::AgentStarted | What::AgentFinished | What::AgentFailed(_));
    let app =
        by_agent.then(|| view.agent_app()).or_else(|| (event.what == What::ReviewStarted).then(|| view.review_app()));
    entry["performed_via_github_app"] = json!(app);
    if let (Some(entry), Value::Object(more)) = (entry.as_object_mut(), more) {
        entry.extend(more);
    }
    entry
}

/// The name of an event in REST, and what only this kind of event tells.
fn details(view: View<'_>, subject: &Subject, event: &Event) -> (&'static str, Value) {
    let label = |id: u64| {
        let label = view.world.label(id);
        json!({"label": label.map(|label| json!({"name": label.name, "color": label.color}))})
    };
    let none = || json!({});
    let asked =
        |who: AccountId| json!({"review_requester": view.user(event.actor), "requested_reviewer": view.user(who)});
    match &event.what {
        What::Assigned(who) => ("assigned", json!({"assignee": view.user(*who)})),
        What::Unassigned(who) => ("unassigned", json!({"assignee": view.user(*who)})),
        What::Labeled(id) => ("labeled", label(*id)),
        What::Unlabeled(id) => ("unlabeled", label(*id)),
        What::Closed { reason, .. } => ("closed", json!({"state_reason": reason.map(StateReason::name)})),
        What::Reopened => ("reopened", json!({"state_reason": subject.pull.is_none().then_some("reopened")})),
        What::Renamed { from, to } => ("renamed", json!({"rename": {"from": from, "to": to}})),
        What::CrossReferenced(_) => ("cross-referenced", none()),
        What::Connected(_) => ("connected", none()),
        What::Disconnected(_) => ("disconnected", none()),
        What::Committed(_) => ("committed", none()),
        What::ForcePushed => ("head_ref_force_pushed", none()),
        What::ReviewRequested(who) => ("review_requested", asked(*who)),
        What::ReviewRequestRemoved(who) => ("review_request_removed", asked(*who)),
        What::ReadyForReview => ("ready_for_review", none()),
        What::ConvertedToDraft => ("convert_to_draft", none()),
        What::Merged(oid) => ("merged", json!({"commit_id": oid})),
        What::HeadRefDeleted => ("head_ref_deleted", none()),
        What::AgentStarted => ("copilot_work_started", none()),
        What::AgentFinished => ("copilot_work_finished", none()),
        What::ReviewStarted => ("copilot_work_started", none()),
        What::AgentFailed(message) => ("copilot_work_finished_failure", json!({"failure_message": message})),
    }
}

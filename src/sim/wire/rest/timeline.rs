//! The timeline of an issue or a pull request: the only place where the agent's lifecycle events exist.

use serde_json::{Value, json};

use super::issues::found;
use super::view;
use crate::sim::hub::Trouble;
use crate::sim::wire::Site;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::Call;
use crate::sim::wire::json::{View, time};
use crate::sim::wire::page::page;
use crate::sim::world::{Event, StateReason, Subject, What, node_id};

pub(super) fn show(site: &Site, call: &Call, number: u64) -> Result<Answer, Trouble> {
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
    let (name, more) = details(view, subject, &event.what);
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
    let app = by_agent.then(|| {
        json!({
            "id": 1_143_301,
            "slug": "copilot-swe-agent",
            "name": "Copilot coding agent",
            "html_url": format!("{}/apps/copilot-swe-agent", view.world.web_url()),
        })
    });
    entry["performed_via_github_app"] = json!(app);
    if let (Some(entry), Value::Object(more)) = (entry.as_object_mut(), more) {
        entry.extend(more);
    }
    entry
}

/// The name of an event in REST, and what only this kind of event tells.
fn details(view: View<'_>, subject: &Subject, what: &What) -> (&'static str, Value) {
    let label = |id: u64| {
        let label = view.world.label(id);
        json!({"label": label.map(|label| json!({"name": label.name, "color": label.color}))})
    };
    let none = || json!({});
    match what {
        What::Assigned(who) => ("assigned", json!({"assignee": view.user(*who)})),
        What::Unassigned(who) => ("unassigned", json!({"assignee": view.user(*who)})),
        What::Labeled(id) => ("labeled", label(*id)),
        What::Unlabeled(id) => ("unlabeled", label(*id)),
        What::Closed { reason, .. } => ("closed", json!({"state_reason": reason.map(StateReason::name)})),
        What::Reopened => ("reopened", json!({"state_reason": subject.pull.is_none().then_some("reopened")})),
        What::Renamed { from, to } => ("renamed", json!({"rename": {"from": from, "to": to}})),
        What::CrossReferenced(source) => {
            let source = view.world.subject(*source).map(|source| view.issue(source));
            ("cross-referenced", json!({"source": {"type": "issue", "issue": source}}))
        }
        What::Connected(_) => ("connected", none()),
        What::Disconnected(_) => ("disconnected", none()),
        What::Committed(oid) => {
            let commit = view.world.commit(oid);
            let message = commit.map(|commit| commit.message.as_str());
            let date = commit.map(|commit| time(commit.committed_at));
            ("committed", json!({"sha": oid, "message": message, "committer": {"date": date}}))
        }
        What::ForcePushed => ("head_ref_force_pushed", none()),
        What::ReviewRequested(who) => ("review_requested", json!({"requested_reviewer": view.user(*who)})),
        What::ReviewRequestRemoved(who) => ("review_request_removed", json!({"requested_reviewer": view.user(*who)})),
        What::ReadyForReview => ("ready_for_review", none()),
        What::ConvertedToDraft => ("convert_to_draft", none()),
        What::Merged(oid) => ("merged", json!({"commit_id": oid})),
        What::HeadRefDeleted => ("head_ref_deleted", none()),
        What::AgentStarted => ("copilot_work_started", none()),
        What::AgentFinished => ("copilot_work_finished", none()),
        What::AgentFailed(message) => ("copilot_work_finished_failure", json!({"failure_message": message})),
    }
}

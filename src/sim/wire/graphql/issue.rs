//! Issues, and what pull requests share with them.

use apollo_compiler::resolvers::{FieldError, ResolveInfo, ResolvedValue};
use jiff::Timestamp;

use super::connection::List;
use super::events;
use super::node::{Object, Resolved, View, optional_time, small, time};
use super::repository::texts;
use crate::sim::world::{AccountKind, StateReason, Subject, What};

/// A field of `Issue`.
pub(super) fn field<'w>(view: View<'w>, subject: &'w Subject, info: &ResolveInfo<'_>) -> Resolved<'w> {
    Ok(Some(match info.field_name() {
        "databaseId" => small(subject.id),
        "fullDatabaseId" => ResolvedValue::leaf(subject.id.to_string()),
        "state" => ResolvedValue::leaf(if subject.is_open() { "OPEN" } else { "CLOSED" }),
        "stateReason" => {
            let whole = info.arguments().get("enableDuplicate").and_then(|value| value.as_bool()) == Some(true);
            ResolvedValue::leaf(subject.reason.map(|reason| state_reason(reason, whole)))
        }
        "closedByPullRequestsReferences" => {
            let closed_too = info.arguments().get("includeClosedPrs").and_then(|value| value.as_bool()) == Some(true);
            let numbers = view.world.closing_pulls(subject.number, closed_too);
            return numbered("PullRequestConnection", view, &numbers).page(view, info).map(Some);
        }
        "timelineItems" => {
            return timeline("IssueTimelineItemsConnection", view, subject, info).map(Some);
        }
        _ => return shared(view, subject, info),
    }))
}

/// A field that issues and pull requests have in common.
pub(super) fn shared<'w>(view: View<'w>, subject: &'w Subject, info: &ResolveInfo<'_>) -> Resolved<'w> {
    let world = view.world;
    Ok(Some(match info.field_name() {
        "id" => ResolvedValue::leaf(subject.node_id.clone()),
        "number" => ResolvedValue::leaf(subject.number),
        "title" => ResolvedValue::leaf(subject.title.clone()),
        "body" => ResolvedValue::leaf(subject.body.clone()),
        "url" => ResolvedValue::leaf(world.page(subject)),
        "createdAt" => time(subject.created_at),
        "updatedAt" => time(subject.updated_at),
        "closed" => ResolvedValue::leaf(!subject.is_open()),
        "closedAt" => optional_time(subject.closed_at),
        "author" => view.actor(subject.author),
        "authorAssociation" => ResolvedValue::leaf(world.association(subject.author)),
        "viewerDidAuthor" => ResolvedValue::leaf(subject.author == view.by),
        "repository" => {
            let elsewhere = world.transferred().find(|moved| moved.issue.number == subject.number);
            view.value(elsewhere.map_or(Object::Repository, |moved| Object::Elsewhere(&moved.repository)))
        }
        "labels" => {
            let labels = subject.labels.iter().filter_map(|id| world.label(*id)).map(Object::Label);
            return List::as_given("LabelConnection", labels).page(view, info).map(Some);
        }
        "comments" => {
            let comments = subject.comments.iter().map(|comment| (comment.id, Object::Comment(subject, comment)));
            return List::by_id("IssueCommentConnection", comments).page(view, info).map(Some);
        }
        // `assignees` knows people only; bots are in `assignedActors`.
        "assignees" => {
            let accounts = subject.assignees.iter().filter_map(|id| world.account(*id));
            let people = accounts.filter(|account| account.kind == AccountKind::User).map(Object::Account);
            return List::as_given("UserConnection", people).page(view, info).map(Some);
        }
        "assignedActors" => {
            let accounts = subject.assignees.iter().filter_map(|id| world.account(*id)).map(Object::Account);
            return List::as_given("AssigneeConnection", accounts).page(view, info).map(Some);
        }
        _ => return Ok(None),
    }))
}

/// The GraphQL name of a reason. Who does not ask for duplicates sees them as not planned, as documented.
pub(super) fn state_reason(reason: StateReason, with_duplicates: bool) -> &'static str {
    match reason {
        StateReason::Completed => "COMPLETED",
        StateReason::Duplicate if with_duplicates => "DUPLICATE",
        StateReason::NotPlanned | StateReason::Duplicate => "NOT_PLANNED",
        StateReason::Reopened => "REOPENED",
    }
}

/// A list of subjects by number.
pub(super) fn numbered<'w>(type_name: &'static str, view: View<'w>, numbers: &[u64]) -> List<'w> {
    let subjects = numbers.iter().filter_map(|number| view.world.subject(*number));
    List::by_id(type_name, subjects.map(|subject| (subject.number, Object::Subject(subject))))
}

/// The history of a subject, as far as GraphQL knows of it, of the kinds asked for.
pub(super) fn timeline<'a, 'w: 'a>(
    type_name: &'static str,
    view: View<'w>,
    subject: &'w Subject,
    info: &ResolveInfo<'_>,
) -> Result<ResolvedValue<'a>, FieldError> {
    let asked = info.arguments().get("itemTypes").filter(|value| !value.is_null());
    let kinds = asked.map(|value| texts(Some(value)));
    let since = info.arguments().get("since").and_then(|value| value.as_str());
    let since = since.and_then(|since| since.parse::<Timestamp>().ok());
    let wanted = |kind: &str| kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|known| known == kind));
    let recent = |at: Timestamp| since.is_none_or(|since| at >= since);
    let mut items: Vec<(u64, Object<'w>)> = Vec::new();
    for event in subject.events.iter().filter(|event| recent(event.at)) {
        if events::kind(&event.what).is_none_or(|kind| !wanted(kind)) {
            continue;
        }
        if let What::Committed(oid) = &event.what {
            let commit = view.world.commit(oid);
            items.extend(commit.map(|commit| (event.id, Object::PullCommit(subject, commit))));
            continue;
        }
        // A subject that was deleted since takes the events that name it along.
        let gone = |other: u64| view.world.subject(other).is_none();
        if !events::other(&event.what).is_some_and(gone) {
            items.push((event.id, Object::Event(subject, event)));
        }
    }
    if wanted("ISSUE_COMMENT") {
        let comments = subject.comments.iter().filter(|comment| recent(comment.created_at));
        items.extend(comments.map(|comment| (comment.id, Object::Comment(subject, comment))));
    }
    if let Some(pull) = &subject.pull {
        if wanted("PULL_REQUEST_REVIEW") {
            let reviews = pull.reviews.iter().filter(|review| recent(review.at));
            items.extend(reviews.map(|review| (review.id, Object::Review(subject, review))));
        }
        if wanted("PULL_REQUEST_REVIEW_THREAD") {
            items.extend(pull.threads.iter().map(|thread| (thread.id, Object::Thread(pull, thread))));
        }
    }
    items.sort_by_key(|(id, _)| *id);
    List::by_id(type_name, items).page(view, info)
}

//! Events of timelines. What the agent does in a session has no GraphQL type and does not appear, as on GitHub.

use apollo_compiler::resolvers::{ResolveInfo, ResolvedValue};

use super::issue::state_reason;
use super::node::{Object, View, time};
use crate::sim::world::{Event, Subject, What, node_id};

/// The schema's type of an event. The extract has none for those that [`kind`] leaves out.
pub(super) fn type_name(what: &What) -> &'static str {
    match what {
        What::Assigned(_) => "AssignedEvent",
        What::Unassigned(_) => "UnassignedEvent",
        What::Labeled(_) => "LabeledEvent",
        What::Unlabeled(_) => "UnlabeledEvent",
        What::Closed { .. } => "ClosedEvent",
        What::Reopened => "ReopenedEvent",
        What::Renamed { .. } => "RenamedTitleEvent",
        What::CrossReferenced(_) => "CrossReferencedEvent",
        What::Connected(_) => "ConnectedEvent",
        What::Disconnected(_) => "DisconnectedEvent",
        What::Committed(_) => "PullRequestCommit",
        What::ReviewRequested(_) => "ReviewRequestedEvent",
        What::ReviewRequestRemoved(_) => "ReviewRequestRemovedEvent",
        What::ReadyForReview => "ReadyForReviewEvent",
        What::ConvertedToDraft => "ConvertToDraftEvent",
        What::Merged(_) => "MergedEvent",
        What::HeadRefDeleted => "HeadRefDeletedEvent",
        What::ForcePushed => "HeadRefForcePushedEvent",
        What::AgentStarted | What::AgentFinished | What::AgentFailed(_) | What::ReviewStarted => "",
    }
}

/// The item type of an event; none where the extract has no type for it.
pub(super) fn kind(what: &What) -> Option<&'static str> {
    Some(match what {
        What::Assigned(_) => "ASSIGNED_EVENT",
        What::Unassigned(_) => "UNASSIGNED_EVENT",
        What::Labeled(_) => "LABELED_EVENT",
        What::Unlabeled(_) => "UNLABELED_EVENT",
        What::Closed { .. } => "CLOSED_EVENT",
        What::Reopened => "REOPENED_EVENT",
        What::Renamed { .. } => "RENAMED_TITLE_EVENT",
        What::CrossReferenced(_) => "CROSS_REFERENCED_EVENT",
        What::Connected(_) => "CONNECTED_EVENT",
        What::Disconnected(_) => "DISCONNECTED_EVENT",
        What::Committed(_) => "PULL_REQUEST_COMMIT",
        What::ReviewRequested(_) => "REVIEW_REQUESTED_EVENT",
        What::ReviewRequestRemoved(_) => "REVIEW_REQUEST_REMOVED_EVENT",
        What::ReadyForReview => "READY_FOR_REVIEW_EVENT",
        What::ConvertedToDraft => "CONVERT_TO_DRAFT_EVENT",
        What::Merged(_) => "MERGED_EVENT",
        What::HeadRefDeleted => "HEAD_REF_DELETED_EVENT",
        What::ForcePushed | What::AgentStarted | What::AgentFinished | What::AgentFailed(_) | What::ReviewStarted => {
            return None;
        }
    })
}

/// The subject that an event names, which a reader can't do without.
pub(super) fn other(what: &What) -> Option<u64> {
    if let What::CrossReferenced(number) | What::Connected(number) | What::Disconnected(number) = what {
        Some(*number)
    } else {
        None
    }
}

/// A field of an event.
pub(super) fn field<'w>(
    view: View<'w>,
    subject: &'w Subject,
    event: &'w Event,
    info: &ResolveInfo<'_>,
) -> Option<ResolvedValue<'w>> {
    match info.field_name() {
        "id" => Some(ResolvedValue::leaf(node_id("EV_kwDO", event.id))),
        "actor" => Some(view.actor(event.actor)),
        "createdAt" => Some(time(event.at)),
        name => own_field(view, subject, &event.what, name),
    }
}

/// A field that only this kind of event has.
fn own_field<'w>(view: View<'w>, subject: &'w Subject, what: &'w What, name: &str) -> Option<ResolvedValue<'w>> {
    let world = view.world;
    let base = || subject.pull.as_ref().map(|pull| pull.base.clone());
    let head = || subject.pull.as_ref().map(|pull| pull.head.clone());
    match what {
        What::Assigned(who) | What::Unassigned(who) => (name == "assignee").then(|| view.actor(*who)),
        What::ReviewRequested(who) | What::ReviewRequestRemoved(who) => {
            (name == "requestedReviewer").then(|| view.actor(*who))
        }
        What::Labeled(label) | What::Unlabeled(label) => {
            (name == "label").then(|| view.optional(world.label(*label).map(Object::Label)))
        }
        What::Closed { reason, closer } => match name {
            "closer" => Some(view.optional(closer.and_then(|number| world.subject(number)).map(Object::Subject))),
            "stateReason" => Some(ResolvedValue::leaf(reason.map(|reason| state_reason(reason, true)))),
            _ => None,
        },
        What::Reopened => {
            (name == "stateReason").then(|| ResolvedValue::leaf(subject.pull.is_none().then_some("REOPENED")))
        }
        What::Renamed { from, to } => match name {
            "previousTitle" => Some(ResolvedValue::leaf(from.clone())),
            "currentTitle" => Some(ResolvedValue::leaf(to.clone())),
            _ => None,
        },
        What::CrossReferenced(source) => match name {
            "willCloseTarget" => Some(ResolvedValue::leaf(world.will_close(*source, subject.number))),
            "target" => Some(view.value(Object::Subject(subject))),
            "source" => world.subject(*source).map(|source| view.value(Object::Subject(source))),
            "isCrossRepository" => Some(ResolvedValue::leaf(false)),
            _ => None,
        },
        What::Connected(number) | What::Disconnected(number) => link(view, subject, *number, name),
        What::Merged(oid) => match name {
            "commit" => Some(view.commit(oid)),
            "mergeRefName" => base().map(ResolvedValue::leaf),
            _ => None,
        },
        What::HeadRefDeleted => (name == "headRefName").then(head).flatten().map(ResolvedValue::leaf),
        What::Committed(_)
        | What::ForcePushed
        | What::ReadyForReview
        | What::ConvertedToDraft
        | What::AgentStarted
        | What::AgentFinished
        | What::AgentFailed(_)
        | What::ReviewStarted => None,
    }
}

/// A field of a link made by hand; its source is the pull request, on both sides.
fn link<'w>(view: View<'w>, subject: &'w Subject, other: u64, name: &str) -> Option<ResolvedValue<'w>> {
    let other = view.world.subject(other)?;
    let (pull, issue) = if subject.pull.is_some() { (subject, other) } else { (other, subject) };
    match name {
        "isCrossRepository" => Some(ResolvedValue::leaf(false)),
        "source" => Some(view.value(Object::Subject(pull))),
        "subject" => Some(view.value(Object::Subject(issue))),
        _ => None,
    }
}

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
        What::AgentStarted | What::AgentFinished | What::AgentFailed(_) => "",
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
        What::ForcePushed | What::AgentStarted | What::AgentFinished | What::AgentFailed(_) => {
            return None;
        }
    })
}

/// A field of an event.
pub(super) fn field<'w>(
    view: View<'w>,
    subject: &'w Subject,
    event: &'w Event,
    info: &ResolveInfo<'_>,
) -> Option<ResolvedValue<'w>> {
    let world = view.world;
    let name = info.field_name();
    match name {
        "id" => return Some(ResolvedValue::leaf(node_id("EV_kwDO", event.id))),
        "actor" => return Some(view.actor(event.actor)),
        "createdAt" => return Some(time(event.at)),
        _ => {}
    }
    let other = |number: u64| view.optional(world.subject(number).map(Object::Subject));
    let this = || view.value(Object::Subject(subject));
    match (&event.what, name) {
        (What::Assigned(who) | What::Unassigned(who), "assignee")
        | (What::ReviewRequested(who) | What::ReviewRequestRemoved(who), "requestedReviewer") => Some(view.actor(*who)),
        (What::Labeled(label) | What::Unlabeled(label), "label") => {
            Some(view.optional(world.label(*label).map(Object::Label)))
        }
        (What::Closed { closer, .. }, "closer") => Some(closer.map_or_else(ResolvedValue::null, other)),
        (What::Closed { reason, .. }, "stateReason") => {
            Some(ResolvedValue::leaf(reason.map(|reason| state_reason(reason, true))))
        }
        (What::Reopened, "stateReason") => Some(ResolvedValue::leaf(subject.pull.is_none().then_some("REOPENED"))),
        (What::Renamed { from, .. }, "previousTitle") => Some(ResolvedValue::leaf(from.clone())),
        (What::Renamed { to, .. }, "currentTitle") => Some(ResolvedValue::leaf(to.clone())),
        (What::CrossReferenced(source), "source") => Some(other(*source)),
        (What::CrossReferenced(_), "target") => Some(this()),
        (What::CrossReferenced(source), "willCloseTarget") => {
            Some(ResolvedValue::leaf(world.will_close(*source, subject.number)))
        }
        // The source is the one that was linked to the other; for both sides it is the pull request.
        (What::Connected(number) | What::Disconnected(number), "source") => {
            Some(if subject.pull.is_some() { this() } else { other(*number) })
        }
        (What::Connected(number) | What::Disconnected(number), "subject") => {
            Some(if subject.pull.is_some() { other(*number) } else { this() })
        }
        (What::CrossReferenced(_) | What::Connected(_) | What::Disconnected(_), "isCrossRepository") => {
            Some(ResolvedValue::leaf(false))
        }
        (What::Merged(oid), "commit") => Some(view.commit(oid)),
        (What::Merged(_), "mergeRefName") => subject.pull.as_ref().map(|pull| ResolvedValue::leaf(pull.base.clone())),
        (What::HeadRefDeleted, "headRefName") => {
            subject.pull.as_ref().map(|pull| ResolvedValue::leaf(pull.head.clone()))
        }
        _ => None,
    }
}

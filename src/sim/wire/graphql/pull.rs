//! Pull requests, their reviews and review threads.

use apollo_compiler::resolvers::{ResolveInfo, ResolvedValue};

use super::connection::List;
use super::issue::{numbered, shared, timeline};
use super::node::{Object, Resolved, View, comment_field, not_yours, optional_time, small, time};
use super::repository::{text, texts};
use crate::sim::world::{Comment, Hidden, Mergeability, Pull, Review, ReviewThread, Subject, node_id};

/// A field of `PullRequest`. Asking whether it can be merged starts the trial merge.
pub(super) fn field<'w>(view: View<'w>, subject: &'w Subject, pull: &'w Pull, info: &ResolveInfo<'_>) -> Resolved<'w> {
    let world = view.world;
    Ok(Some(match info.field_name() {
        "databaseId" => small(pull.id),
        "fullDatabaseId" => ResolvedValue::leaf(pull.id.to_string()),
        "state" => ResolvedValue::leaf(if pull.merged.is_some() {
            "MERGED"
        } else if subject.is_open() {
            "OPEN"
        } else {
            "CLOSED"
        }),
        "isDraft" => ResolvedValue::leaf(pull.draft),
        "merged" => ResolvedValue::leaf(pull.merged.is_some()),
        "mergedAt" => optional_time(pull.merged.as_ref().map(|merge| merge.at)),
        "mergedBy" => pull.merged.as_ref().map_or_else(ResolvedValue::null, |merge| view.actor(merge.by)),
        "mergeCommit" => pull.merged.as_ref().map_or_else(ResolvedValue::null, |merge| view.commit(&merge.oid)),
        "baseRefName" => ResolvedValue::leaf(pull.base.clone()),
        "baseRefOid" => ResolvedValue::leaf(pull.base_oid.clone()),
        "baseRef" => view.reference(&format!("refs/heads/{}", pull.base)),
        "headRefName" => ResolvedValue::leaf(pull.head.clone()),
        "headRefOid" => ResolvedValue::leaf(pull.head_oid.clone()),
        "headRef" if pull.fork.is_some() => ResolvedValue::null(),
        "headRef" => view.reference(&format!("refs/heads/{}", pull.head)),
        "isCrossRepository" => ResolvedValue::leaf(pull.fork.is_some()),
        "headRepository" => view.value(pull.fork.as_deref().map_or(Object::Repository, Object::Fork)),
        "changedFiles" => ResolvedValue::leaf(u64::try_from(pull.diff.files.len()).unwrap_or(u64::MAX)),
        "additions" => ResolvedValue::leaf(pull.diff.additions),
        "deletions" => ResolvedValue::leaf(pull.diff.deletions),
        "mergeable" => {
            view.notes.wanted.borrow_mut().insert(subject.number);
            ResolvedValue::leaf(match pull.mergeability {
                Mergeability::Unknown => "UNKNOWN",
                Mergeability::Mergeable => "MERGEABLE",
                Mergeability::Conflicting => "CONFLICTING",
            })
        }
        "mergeStateStatus" => {
            view.notes.wanted.borrow_mut().insert(subject.number);
            ResolvedValue::leaf(world.merge_state(subject.number).name())
        }
        "isMergeQueueEnabled" => ResolvedValue::leaf(world.needs_queue(&pull.base)),
        "isInMergeQueue" => ResolvedValue::leaf(world.is_queued(subject.number)),
        // Automatic merges do not exist in here.
        "autoMergeRequest" => ResolvedValue::null(),
        "reviewDecision" => ResolvedValue::leaf(world.review_decision(pull).map(|decision| decision.name())),
        "viewerCanUpdate" => ResolvedValue::leaf(subject.author == view.by || world.permission(view.by).can_write()),
        "viewerCanDeleteHeadRef" => {
            let may = pull.fork.is_none() && world.may_delete_branch(view.by, &pull.head).is_ok();
            ResolvedValue::leaf(may && !subject.is_open())
        }
        "statusCheckRollup" if world.settings.checks_hidden == Hidden::Everything => return Err(not_yours()),
        "statusCheckRollup" => view.optional(world.rollup(&pull.head_oid).map(|_| Object::Rollup(&pull.head_oid))),
        _ => return lists(view, subject, pull, info),
    }))
}

/// A connection of `PullRequest`, or a field that it shares with issues.
fn lists<'w>(view: View<'w>, subject: &'w Subject, pull: &'w Pull, info: &ResolveInfo<'_>) -> Resolved<'w> {
    let world = view.world;
    let list = match info.field_name() {
        "reviewRequests" => {
            let requested = pull.requested.iter().filter_map(|id| world.account(*id));
            let requests = requested.map(|account| Object::ReviewRequest(subject, account));
            List::as_given("ReviewRequestConnection", requests)
        }
        "latestOpinionatedReviews" => {
            let writers = info.arguments().get("writersOnly").and_then(|value| value.as_bool()) == Some(true);
            let counts = |review: &&&Review| !writers || world.permission(review.author).can_write();
            let opinions = world.opinions(pull);
            let reviews = opinions.iter().filter(counts).map(|review| (review.id, Object::Review(subject, review)));
            List::by_id("PullRequestReviewConnection", reviews)
        }
        "reviews" => {
            let states = info.arguments().get("states").filter(|value| !value.is_null());
            let states = states.map(|value| texts(Some(value)));
            let author = text(info, "author");
            let asked = |review: &&Review| {
                let login = world.account(review.author).map_or("", |account| account.graph_login.as_str());
                states.as_ref().is_none_or(|states| states.iter().any(|state| state == review.state.name()))
                    && (author.is_empty() || author.eq_ignore_ascii_case(login))
            };
            let reviews = pull.reviews.iter().filter(asked).map(|review| (review.id, Object::Review(subject, review)));
            List::by_id("PullRequestReviewConnection", reviews)
        }
        "reviewThreads" => {
            let threads = pull.threads.iter().map(|thread| (thread.id, Object::Thread(pull, thread)));
            List::by_id("PullRequestReviewThreadConnection", threads)
        }
        "closingIssuesReferences" => numbered("IssueConnection", view, &world.closing_issues(subject.number)),
        "commits" => {
            let commits = pull.diff.commits.iter().filter_map(|oid| world.commit(oid));
            List::as_given("PullRequestCommitConnection", commits.map(|commit| Object::PullCommit(subject, commit)))
        }
        "timelineItems" => {
            return timeline("PullRequestTimelineItemsConnection", view, subject, info).map(Some);
        }
        _ => return shared(view, subject, info),
    };
    list.page(view, info).map(Some)
}

/// A field of `PullRequestReview`.
pub(super) fn review<'w>(
    view: View<'w>,
    subject: &Subject,
    review: &'w Review,
    info: &ResolveInfo<'_>,
) -> Option<ResolvedValue<'w>> {
    let world = view.world;
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("PRR_kwDO", review.id)),
        "databaseId" => small(review.id),
        "fullDatabaseId" => ResolvedValue::leaf(review.id.to_string()),
        "author" => view.actor(review.author),
        "authorAssociation" => ResolvedValue::leaf(world.association(review.author)),
        "authorCanPushToRepository" => ResolvedValue::leaf(world.permission(review.author).can_write()),
        "body" => ResolvedValue::leaf(review.body.clone()),
        "commit" => view.commit(&review.commit),
        "createdAt" | "submittedAt" => time(review.at),
        "state" => ResolvedValue::leaf(review.state.name()),
        "url" => ResolvedValue::leaf(format!("{}#pullrequestreview-{}", world.page(subject), review.id)),
        _ => return None,
    })
}

/// A field of `PullRequestReviewThread`.
pub(super) fn thread<'w>(
    view: View<'w>,
    pull: &Pull,
    thread: &'w ReviewThread,
    info: &ResolveInfo<'_>,
) -> Resolved<'w> {
    Ok(Some(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("PRRT_kwDO", thread.id)),
        "isResolved" => ResolvedValue::leaf(thread.resolved),
        "isOutdated" => ResolvedValue::leaf(thread.commit != pull.head_oid),
        "path" => ResolvedValue::leaf(thread.path.clone()),
        "comments" => {
            let comments = thread.comments.iter().map(|comment| (comment.id, Object::ThreadComment(thread, comment)));
            return List::by_id("PullRequestReviewCommentConnection", comments).page(view, info).map(Some);
        }
        _ => return Ok(None),
    }))
}

/// A field of `PullRequestReviewComment`.
pub(super) fn thread_comment<'w>(
    view: View<'w>,
    thread: &ReviewThread,
    comment: &'w Comment,
    info: &ResolveInfo<'_>,
) -> Option<ResolvedValue<'w>> {
    let world = view.world;
    let subject = world.subjects().find(|subject| {
        subject.pull.as_ref().is_some_and(|pull| pull.threads.iter().any(|known| known.id == thread.id))
    })?;
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("PRRC_kwDO", comment.id)),
        "path" => ResolvedValue::leaf(thread.path.clone()),
        "url" => ResolvedValue::leaf(format!("{}#discussion_r{}", world.page(subject), comment.id)),
        _ => return comment_field(view, subject, comment, info),
    })
}

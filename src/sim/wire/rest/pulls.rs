//! Pull requests: lists, reads that start the trial merge, changes, merges, reviews and the comments at their files.

use axum::http::StatusCode;
use serde_json::json;

use super::view;
use crate::sim::git::Objects;
use crate::sim::hub::{MergeRequest, Trouble};
use crate::sim::wire::Site;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::Call;
use crate::sim::wire::page::page;
use crate::sim::world::{Comment, Fault, MergeMethod, Pull, PullEdit, Refusal, ReviewState, ReviewThread, Subject};

pub(super) fn list(site: &Site<impl Objects>, call: &Call) -> Answer {
    let world = site.hub.world();
    let parameter = |name: &str| call.query.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let state = parameter("state").unwrap_or("open");
    // `head` is `owner:branch`.
    let head = parameter("head").map(|head| head.split_once(':').map_or(head, |(_, branch)| branch));
    let base = parameter("base");
    let mut found: Vec<(&Subject, &Pull)> = world
        .subjects()
        .filter_map(|subject| subject.pull.as_ref().map(|pull| (subject, pull)))
        .filter(|(subject, _)| match state {
            "closed" => !subject.is_open(),
            "all" => true,
            _ => subject.is_open(),
        })
        .filter(|(_, pull)| head.is_none_or(|head| pull.head == head))
        .filter(|(_, pull)| base.is_none_or(|base| pull.base == base))
        .collect();
    let sort = parameter("sort").unwrap_or("created");
    found.sort_by_key(|(subject, _)| {
        let at = if sort == "updated" { subject.updated_at } else { subject.created_at };
        (at, subject.number)
    });
    let direction = parameter("direction").unwrap_or(if sort == "created" { "desc" } else { "asc" });
    if direction == "desc" {
        found.reverse();
    }
    page(call, &site.api_url, &found, |(subject, pull)| view(site, &world).pull(subject, pull))
}

/// Shows a pull request. While its mergeability is unknown this starts the trial merge; the next read tells.
pub(super) fn show(site: &Site<impl Objects>, number: u64) -> Result<Answer, Trouble> {
    let mut world = site.hub.world();
    world.want_mergeability(number);
    let (subject, pull) = world.pull(number).ok_or(Refusal::NotFound)?;
    Ok(Answer::ok(&view(site, &world).pull_in_full(subject, pull)))
}

pub(super) fn edit(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let fields = call.fields()?;
    let open = match fields.text("state").as_deref() {
        Some("open") => Some(true),
        Some("closed") => Some(false),
        Some(_) => return Err(Fault::plain("PullRequest", "state", "invalid").into()),
        None => None,
    };
    let edit = PullEdit { title: fields.text("title"), body: fields.text("body"), open, base: fields.text("base") };
    let mut world = site.hub.world();
    world.edit_pull(call.account, number, edit)?;
    let (subject, pull) = world.pull(number).ok_or(Refusal::NotFound)?;
    Ok(Answer::ok(&view(site, &world).pull_in_full(subject, pull)))
}

pub(super) async fn merge(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let fields = call.fields()?;
    let method = match fields.text("merge_method").as_deref() {
        None | Some("merge") => MergeMethod::Merge,
        Some("squash") => MergeMethod::Squash,
        Some("rebase") => MergeMethod::Rebase,
        Some(_) => return Err(Fault::plain("PullRequest", "merge_method", "invalid").into()),
    };
    let request = MergeRequest {
        number,
        method,
        sha: fields.text("sha"),
        title: fields.text("commit_title"),
        message: fields.text("commit_message"),
    };
    let oid = site.hub.merge(call.account, request).await?;
    Ok(Answer::ok(&json!({"sha": oid, "merged": true, "message": "Pull Request successfully merged"})))
}

pub(super) async fn update_branch(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let expected = call.fields()?.text("expected_head_sha");
    site.hub.update_branch(call.account, number, expected.as_deref()).await?;
    let url = {
        let world = site.hub.world();
        world.subject(number).map_or_else(String::new, |subject| world.page(subject))
    };
    Ok(Answer::json(StatusCode::ACCEPTED, &json!({"message": "Updating pull request branch.", "url": url})))
}

pub(super) fn review(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let fields = call.fields()?;
    let state = match fields.text("event").as_deref() {
        Some("APPROVE") => ReviewState::Approved,
        Some("REQUEST_CHANGES") => ReviewState::ChangesRequested,
        Some("COMMENT") => ReviewState::Commented,
        Some(_) | None => {
            let why = "event is none of APPROVE, REQUEST_CHANGES and COMMENT";
            return Err(Refusal::Unprocessable(why.to_owned()).into());
        }
    };
    let mut world = site.hub.world();
    let head = world.pull(number).map(|(_, pull)| pull.head_oid.clone()).ok_or(Refusal::NotFound)?;
    if fields.text("commit_id").is_some_and(|commit| commit != head) {
        return Err(Refusal::Unprocessable("commit_id is not the head of the pull request".to_owned()).into());
    }
    let id = world.review(call.account, number, state, &fields.text("body").unwrap_or_default())?;
    let (subject, pull) = world.pull(number).ok_or(Refusal::NotFound)?;
    let review = pull.reviews.iter().find(|review| review.id == id).ok_or(Refusal::NotFound)?;
    Ok(Answer::ok(&view(site, &world).review(subject, review)))
}

pub(super) fn reviews(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    let (subject, pull) = world.pull(number).ok_or(Refusal::NotFound)?;
    Ok(page(call, &site.api_url, &pull.reviews, |review| view(site, &world).review(subject, review)))
}

/// The comments of all threads, by number.
pub(super) fn remarks(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    let (subject, pull) = world.pull(number).ok_or(Refusal::NotFound)?;
    let all = pull.threads.iter().flat_map(|thread| thread.comments.iter().map(move |comment| (thread, comment)));
    let mut all: Vec<(&ReviewThread, &Comment)> = all.collect();
    all.sort_by_key(|(_, comment)| comment.id);
    Ok(page(call, &site.api_url, &all, |(thread, comment)| view(site, &world).remark(subject, thread, comment)))
}

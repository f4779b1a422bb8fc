//! Issues: lists, creation, changes, comments, labels, assignments.

use jiff::Timestamp;
use serde_json::Value;

use super::view;
use crate::sim::git::Objects;
use crate::sim::hub::Trouble;
use crate::sim::wire::Site;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::{Call, Fields};
use crate::sim::wire::page::page;
use crate::sim::world::{AGENT, AgentAssignment, Fault, IssueEdit, NewIssue, Refusal, StateReason, Subject, World};

/// Lists issues, and pull requests among them, as GitHub does. Labels are all required, unlike in GraphQL.
pub(super) fn list(site: &Site<impl Objects>, call: &Call) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    let parameter = |name: &str| call.query.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let since = match parameter("since").map(str::parse::<Timestamp>) {
        Some(Err(_)) => return Err(Fault::plain("Issue", "since", "invalid").into()),
        Some(Ok(since)) => Some(since),
        None => None,
    };
    let state = parameter("state").unwrap_or("open");
    let labels: Vec<&str> = parameter("labels").map_or_else(Vec::new, |text| text.split(',').map(str::trim).collect());
    let has = |subject: &Subject, name: &str| {
        world.label_by_name(name).is_some_and(|label| subject.labels.contains(&label.id))
    };
    let named = |login: Option<&str>| login.map(|login| world.account_by_login(login).map(|account| account.id));
    let (creator, assignee) = (named(parameter("creator")), named(parameter("assignee")));
    let mut found: Vec<&Subject> = world
        .listed()
        .filter(|subject| match state {
            "closed" => !subject.is_open(),
            "all" => true,
            _ => subject.is_open(),
        })
        .filter(|subject| labels.iter().all(|name| has(subject, name)))
        .filter(|subject| creator.is_none_or(|creator| creator == Some(subject.author)))
        .filter(|subject| assignee.is_none_or(|one| one.is_some_and(|one| subject.assignees.contains(&one))))
        .filter(|subject| since.is_none_or(|since| subject.updated_at >= since))
        .collect();
    found.sort_by_key(|subject| {
        let first = match parameter("sort").unwrap_or("created") {
            "updated" => subject.updated_at.as_second(),
            "comments" => subject.comments.len() as i64,
            _ => subject.created_at.as_second(),
        };
        (first, subject.number)
    });
    if parameter("direction").unwrap_or("desc") != "asc" {
        found.reverse();
    }
    Ok(page(call, &site.api_url, &found, |subject| view(site, &world).issue(subject)))
}

pub(super) fn create(site: &Site<impl Objects>, call: &Call) -> Result<Answer, Trouble> {
    let fields = call.fields()?;
    let mut world = site.hub.world();
    let new = NewIssue {
        title: fields.text("title").unwrap_or_default(),
        body: fields.text("body").unwrap_or_default(),
        labels: fields.texts("labels").unwrap_or_default(),
        assignees: fields.texts("assignees").unwrap_or_default(),
    };
    let number = world.open_issue(call.account, new, assignment(&fields).as_ref())?;
    rendered(site, &world, number).map(|issue| Answer::created(&issue))
}

/// Where an issue of this number went.
pub(super) fn transferred(site: &Site<impl Objects>, number: &str) -> Option<String> {
    let world = site.hub.world();
    let moved = world.transferred().find(|moved| moved.issue.number.to_string() == number);
    moved.map(|moved| moved.repository.clone())
}

pub(super) fn show(site: &Site<impl Objects>, number: u64) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    rendered(site, &world, number).map(|issue| Answer::ok(&issue))
}

pub(super) fn edit(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let fields = call.fields()?;
    let open = match fields.text("state").as_deref() {
        Some("open") => Some(true),
        Some("closed") => Some(false),
        Some(_) => return Err(Fault::plain("Issue", "state", "invalid").into()),
        None => None,
    };
    let reason = match fields.text("state_reason") {
        Some(name) => Some(StateReason::parse(&name).ok_or_else(|| Fault::plain("Issue", "state_reason", "invalid"))?),
        None => None,
    };
    let edit = IssueEdit {
        title: fields.text("title"),
        body: fields.text("body"),
        open,
        reason,
        labels: fields.texts("labels"),
    };
    let mut world = site.hub.world();
    world.edit_issue(call.account, number, edit)?;
    rendered(site, &world, number).map(|issue| Answer::ok(&issue))
}

pub(super) fn comments(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    let subject = found(&world, number)?;
    Ok(page(call, &site.api_url, &subject.comments, |comment| view(site, &world).comment(subject, comment)))
}

pub(super) fn comment(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let body = call.fields()?.text("body").unwrap_or_default();
    let mut world = site.hub.world();
    let comment = if call.is_of_an_app() {
        world.comment_of_app(call.account, number, &body)?
    } else {
        world.comment(call.account, number, &body)?
    };
    let subject = found(&world, number)?;
    Ok(Answer::created(&view(site, &world).comment(subject, &comment)))
}

/// Assigns: 201 whatever came of it, as GitHub does; the answer shows who is assigned now.
pub(super) fn assign(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let fields = call.fields()?;
    let mut logins = fields.texts("assignees").unwrap_or_default();
    let mut world = site.hub.world();
    if call.is_of_an_app() {
        logins.retain(|login| world.assignable(login).is_none_or(|account| account.id != AGENT));
    }
    world.assign(call.account, number, &logins, assignment(&fields).as_ref())?;
    rendered(site, &world, number).map(|issue| Answer::created(&issue))
}

pub(super) fn unassign(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let logins = call.fields()?.texts("assignees").unwrap_or_default();
    let mut world = site.hub.world();
    world.unassign(call.account, number, &logins)?;
    rendered(site, &world, number).map(|issue| Answer::ok(&issue))
}

pub(super) fn put_labels(site: &Site<impl Objects>, call: &Call, number: u64) -> Result<Answer, Trouble> {
    let names = call.fields()?.texts("labels").unwrap_or_default();
    let mut world = site.hub.world();
    found(&world, number)?;
    if !world.permission(call.account).can_write() {
        return Err(Refusal::NotFound.into());
    }
    for name in &names {
        world.put_label(number, call.account, name);
    }
    labels_of(site, &world, number)
}

pub(super) fn take_label(site: &Site<impl Objects>, call: &Call, number: u64, name: &str) -> Result<Answer, Trouble> {
    let mut world = site.hub.world();
    let id = world.label_by_name(name).map(|label| label.id);
    let subject = found(&world, number)?;
    if !id.is_some_and(|id| subject.labels.contains(&id)) {
        return Err(Refusal::Absent("Label does not exist").into());
    }
    world.take_label(number, call.account, name);
    labels_of(site, &world, number)
}

fn labels_of(site: &Site<impl Objects>, world: &World, number: u64) -> Result<Answer, Trouble> {
    rendered(site, world, number).map(|issue| Answer::ok(&issue["labels"]))
}

/// What a request tells the agent; unknown fields are ignored, as on GitHub.
fn assignment(fields: &Fields) -> Option<AgentAssignment> {
    let told = fields.object("agent_assignment")?;
    let text = |name: &str| told.text(name).filter(|text| !text.is_empty());
    Some(AgentAssignment {
        target_repo: text("target_repo"),
        base_branch: text("base_branch"),
        custom_instructions: text("custom_instructions"),
    })
}

/// A subject, or the answer for its absence.
pub(super) fn found(world: &World, number: u64) -> Result<&Subject, Trouble> {
    let absent = if world.is_deleted(number) { Refusal::deleted() } else { Refusal::NotFound };
    world.subject(number).ok_or_else(|| absent.into())
}

fn rendered(site: &Site<impl Objects>, world: &World, number: u64) -> Result<Value, Trouble> {
    found(world, number).map(|subject| view(site, world).issue(subject))
}

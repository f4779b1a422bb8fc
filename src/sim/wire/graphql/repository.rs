//! The root of queries, the repository and its refs.

use apollo_compiler::resolvers::{FieldError, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;
use apollo_compiler::response::JsonValue;
use jiff::Timestamp;

use super::connection::{List, Place};
use super::node::{Object, Resolved, View, optional_time, small, time, typed_error};
use crate::sim::world::{AGENT, Account, AccountKind, RefState, Subject, node_id};

/// A field of `Query`.
pub(super) fn query<'w>(view: View<'w>, info: &ResolveInfo<'_>) -> Resolved<'w> {
    let world = view.world;
    Ok(Some(match info.field_name() {
        "viewer" => view.actor(view.by),
        "rateLimit" => view.value(Object::RateLimit),
        "repository" => {
            let name = format!("{}/{}", text(info, "owner"), text(info, "name"));
            if !world.is_named(&name) || !world.may_see(view.by) {
                let message = format!("Could not resolve to a Repository with the name '{name}'.");
                return Err(typed_error("NOT_FOUND", &message));
            }
            view.value(Object::Repository)
        }
        "node" => view.value(by_id(view, &text(info, "id"))?),
        "nodes" => {
            let ids = texts(info.arguments().get("ids"));
            let key = info.field_selections().first().map_or("nodes", |field| field.response_key().as_str());
            let mut nodes = Vec::with_capacity(ids.len());
            for (index, id) in ids.iter().enumerate() {
                nodes.push(by_id(view, id).ok());
                if nodes.last().is_some_and(Option::is_none) {
                    // An error of the element itself would null the whole list.
                    view.notes.missing(key, index, id);
                }
            }
            ResolvedValue::list(nodes.into_iter().map(move |node| view.optional(node)))
        }
        _ => return Ok(None),
    }))
}

/// The object of a global node id.
pub(super) fn by_id<'w>(view: View<'w>, id: &str) -> Result<Object<'w>, FieldError> {
    let world = view.world;
    if id == world.repository_node_id() {
        return Ok(Object::Repository);
    }
    let subject = world.subjects().find(|subject| subject.node_id == id).map(Object::Subject);
    let account = || world.accounts().find(|account| account.node_id == id).map(Object::Account);
    let label = || world.labels().iter().find(|label| node_id("LA_kwDO", label.id) == id).map(Object::Label);
    let elsewhere = || world.transferred().map(|moved| &moved.issue).find(|issue| issue.node_id == id);
    let subject = subject.or_else(|| elsewhere().map(Object::Subject));
    subject.or_else(account).or_else(label).ok_or_else(|| unknown_id(id))
}

/// The error for a node id that names nothing.
pub(super) fn unknown_id(id: &str) -> FieldError {
    typed_error("NOT_FOUND", &unknown_id_message(id))
}

/// Its sentence.
pub(super) fn unknown_id_message(id: &str) -> String {
    format!("Could not resolve to a node with the global id of '{id}'")
}

/// A field of `Repository`.
pub(super) fn repository<'w>(view: View<'w>, info: &ResolveInfo<'_>) -> Resolved<'w> {
    let (world, settings) = (view.world, &view.world.settings);
    Ok(Some(match info.field_name() {
        "id" => ResolvedValue::leaf(world.repository_node_id()),
        "databaseId" => small(world.repository_id()),
        "name" => ResolvedValue::leaf(world.name()),
        "nameWithOwner" => ResolvedValue::leaf(world.full_name()),
        "url" => ResolvedValue::leaf(format!("{}/{}", world.web_url(), world.full_name())),
        "owner" => view.actor(world.owner()),
        "isPrivate" => ResolvedValue::leaf(settings.private),
        "isFork" | "autoMergeAllowed" => ResolvedValue::leaf(false),
        "isArchived" => ResolvedValue::leaf(settings.archived),
        "isDisabled" => ResolvedValue::leaf(settings.disabled),
        "hasIssuesEnabled" => ResolvedValue::leaf(settings.issues),
        "squashMergeAllowed" => ResolvedValue::leaf(settings.squash_merge),
        "mergeCommitAllowed" => ResolvedValue::leaf(settings.merge_commit),
        "rebaseMergeAllowed" => ResolvedValue::leaf(settings.rebase_merge),
        "deleteBranchOnMerge" => ResolvedValue::leaf(settings.delete_branch_on_merge),
        "viewerPermission" => ResolvedValue::leaf(world.permission(view.by).graph_name()),
        "createdAt" => time(world.created_at()),
        "pushedAt" => optional_time(world.pushed_at()),
        "defaultBranchRef" => view.reference(&format!("refs/heads/{}", world.mainline())),
        "ref" => named_reference(view, &text(info, "qualifiedName")),
        "label" => view.optional(world.label_by_name(&text(info, "name")).map(Object::Label)),
        "labels" => {
            let labels = world.labels().iter().map(|label| (label.id, Object::Label(label)));
            return List::by_id("LabelConnection", labels).page(view, info).map(Some);
        }
        "issue" | "pullRequest" => view.value(numbered(view, info)?),
        "issues" => return issues(view, info).page(view, info).map(Some),
        "pullRequests" => return pulls(view, info).page(view, info).map(Some),
        "suggestedActors" => return suggested(view, info).page(view, info).map(Some),
        _ => return Ok(None),
    }))
}

/// A field of another `Repository`, perhaps a fork; only what the world knows of one.
pub(super) fn foreign<'a>(name: &str, fork: bool, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(format!("R_other_{name}")),
        "name" => ResolvedValue::leaf(name.rsplit('/').next().unwrap_or(name).to_owned()),
        "nameWithOwner" => ResolvedValue::leaf(name.to_owned()),
        "isFork" => ResolvedValue::leaf(fork),
        _ => return None,
    })
}

/// A field of `Ref`. Branches and tags show their short name behind their prefix, other refs behind `refs/`.
pub(super) fn reference<'w>(
    view: View<'w>,
    name: &str,
    state: &'w RefState,
    info: &ResolveInfo<'_>,
) -> Option<ResolvedValue<'w>> {
    let prefix = ["refs/heads/", "refs/tags/"].into_iter().find(|prefix| name.starts_with(prefix)).unwrap_or("refs/");
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(format!("{}:{name}", node_id("REF_kwDO", view.world.repository_id()))),
        "name" => ResolvedValue::leaf(name.strip_prefix(prefix).unwrap_or(name).to_owned()),
        "prefix" => ResolvedValue::leaf(prefix),
        "target" if state.kind == "commit" => view.commit(&state.oid),
        "target" => view.value(Object::Plain(state)),
        _ => return None,
    })
}

/// A ref by its full name, or a branch or tag by its short one.
fn named_reference<'w>(view: View<'w>, name: &str) -> ResolvedValue<'w> {
    let candidates = [name.to_owned(), format!("refs/heads/{name}"), format!("refs/tags/{name}")];
    let refs = view.world.references();
    let found = candidates.iter().find_map(|candidate| refs.get_key_value(candidate));
    view.optional(found.map(|(name, state)| Object::Ref(name, state)))
}

/// An issue or a pull request by its number; the one does not answer for the other.
fn numbered<'w>(view: View<'w>, info: &ResolveInfo<'_>) -> Result<Object<'w>, FieldError> {
    let number = info.arguments().get("number").and_then(|number| number.as_u64()).unwrap_or(0);
    let pull = info.field_name() == "pullRequest";
    let found = view.world.subject(number).filter(|subject| subject.pull.is_some() == pull);
    found.map(Object::Subject).ok_or_else(|| {
        let kind = if pull { "a PullRequest" } else { "an Issue" };
        typed_error("NOT_FOUND", &format!("Could not resolve to {kind} with the number of {number}."))
    })
}

/// The issues that the arguments select. Labels are alternatives here, unlike in REST.
fn issues<'w>(view: View<'w>, info: &ResolveInfo<'_>) -> List<'w> {
    let filter = info.arguments().get("filterBy").and_then(|filter| filter.as_object());
    let within = |name: &str| filter.and_then(|filter| filter.get(name));
    let text_of = |name: &str| within(name).and_then(|value| value.as_str());
    let since = text_of("since").and_then(|since| since.parse::<Timestamp>().ok());
    let login = |name: &str| text_of(name).map(|login| graph_account(view, login).map(|account| account.id));
    let (creator, assignee) = (login("createdBy"), login("assignee"));
    let found = view.world.listed().filter(|subject| subject.pull.is_none()).filter(|subject| {
        let state = if subject.is_open() { "OPEN" } else { "CLOSED" };
        let args = info.arguments();
        selected(args.get("states"), state)
            && selected(within("states"), state)
            && labelled(view, args.get("labels"), subject)
            && labelled(view, within("labels"), subject)
            && since.is_none_or(|since| subject.updated_at >= since)
            && creator.is_none_or(|creator| creator == Some(subject.author))
            && assignee.is_none_or(|one| one.is_some_and(|one| subject.assignees.contains(&one)))
    });
    ordered("IssueConnection", found, info.arguments())
}

fn pulls<'w>(view: View<'w>, info: &ResolveInfo<'_>) -> List<'w> {
    let args = info.arguments();
    let branch = |name: &str, is: &str| args.get(name).and_then(|value| value.as_str()).is_none_or(|asked| asked == is);
    let found = view.world.subjects().filter(|subject| {
        subject.pull.as_ref().is_some_and(|pull| {
            let state = if pull.merged.is_some() {
                "MERGED"
            } else if subject.is_open() {
                "OPEN"
            } else {
                "CLOSED"
            };
            selected(args.get("states"), state)
                && labelled(view, args.get("labels"), subject)
                && branch("headRefName", &pull.head)
                && branch("baseRefName", &pull.base)
        })
    });
    ordered("PullRequestConnection", found, args)
}

/// Whom an issue may be assigned to: the agent first, as on GitHub.
fn suggested<'w>(view: View<'w>, info: &ResolveInfo<'_>) -> List<'w> {
    let wanted = texts(info.arguments().get("capabilities"));
    let can = |account: &&Account| match account.kind {
        AccountKind::Bot => account.id == AGENT && !view.app && view.world.settings.agent_available,
        AccountKind::User => account.permission.can_write(),
        AccountKind::Organization => false,
    };
    let assignable = wanted.iter().any(|capability| capability == "CAN_BE_ASSIGNED");
    let mut found: Vec<&Account> = view.world.accounts().filter(can).filter(|_| assignable).collect();
    found.sort_by_key(|account| account.id != AGENT);
    List::as_given("ActorConnection", found.into_iter().map(Object::Account))
}

/// Puts subjects into the order that `orderBy` asks for; the oldest first by default.
fn ordered<'w>(type_name: &'static str, found: impl Iterator<Item = &'w Subject>, arguments: &JsonMap) -> List<'w> {
    let order = arguments.get("orderBy").and_then(|order| order.as_object());
    let within = |name: &str| order.and_then(|order| order.get(name)).and_then(|value| value.as_str());
    let field = within("field").unwrap_or("CREATED_AT");
    let descending = within("direction") == Some("DESC");
    let place = |subject: &Subject| -> Place {
        let first = match field {
            "UPDATED_AT" => subject.updated_at.as_second(),
            "COMMENTS" => i64::try_from(subject.comments.len()).unwrap_or(i64::MAX),
            _ => subject.created_at.as_second(),
        };
        (first, subject.number)
    };
    let mut items: Vec<(Place, Object<'w>)> = found.map(|subject| (place(subject), Object::Subject(subject))).collect();
    items.sort_by_key(|(place, _)| *place);
    if descending {
        items.reverse();
    }
    List { type_name, items, descending }
}

/// Whether a list argument names a value; an absent list names all.
fn selected(argument: Option<&JsonValue>, value: &str) -> bool {
    argument.and_then(|list| list.as_array()).is_none_or(|list| list.iter().any(|item| item.as_str() == Some(value)))
}

/// Whether a subject has one of the labels; an absent list asks for none.
fn labelled(view: View<'_>, argument: Option<&JsonValue>, subject: &Subject) -> bool {
    let Some(list) = argument.and_then(|list| list.as_array()) else {
        return true;
    };
    list.iter()
        .filter_map(|name| name.as_str())
        .any(|name| view.world.label_by_name(name).is_some_and(|label| subject.labels.contains(&label.id)))
}

/// An account by its GraphQL login.
fn graph_account<'w>(view: View<'w>, login: &str) -> Option<&'w Account> {
    view.world.accounts().find(|account| account.graph_login.eq_ignore_ascii_case(login))
}

/// A text argument; empty if absent.
pub(super) fn text(info: &ResolveInfo<'_>, name: &str) -> String {
    info.arguments().get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

/// The texts of a list argument.
pub(super) fn texts(argument: Option<&JsonValue>) -> Vec<String> {
    let list = argument.and_then(|list| list.as_array());
    list.map(|list| list.iter().filter_map(|item| item.as_str()).map(str::to_owned).collect()).unwrap_or_default()
}

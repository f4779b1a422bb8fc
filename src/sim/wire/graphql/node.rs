//! The objects of the schema, each a view onto the world, and the fields of the small ones.
//!
//! Guarantees that a field which the extract knows and nobody answers is an error in the answer, never a panic and
//! never a made-up value.

use std::cell::RefCell;
use std::collections::BTreeSet;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use jiff::Timestamp;

use super::connection::{Connection, List, PageInfo};
use super::{Rate, events, issue, pull, repository};
use crate::sim::world::{
    Account, AccountId, AccountKind, Check, CheckResult, Comment, Commit, Event, Hidden, Label, Pull, RefState, Review,
    ReviewThread, Subject, World, node_id,
};

/// What a resolver may look at.
#[derive(Clone, Copy)]
pub(super) struct View<'w> {
    pub world: &'w World,
    /// Who asks.
    pub by: AccountId,
    /// Whether an app asks, and no user.
    pub app: bool,
    pub rate: Rate,
    pub notes: &'w Notes,
}

/// What resolvers leave behind besides values.
#[derive(Default)]
pub(super) struct Notes {
    /// Pull requests whose mergeability was asked for.
    pub wanted: RefCell<BTreeSet<u64>>,
    /// Errors of list elements.
    pub errors: RefCell<Vec<serde_json::Value>>,
}

impl Notes {
    /// Notes that an element of a list of ids names nothing.
    pub fn missing(&self, key: &str, index: usize, id: &str) {
        self.errors.borrow_mut().push(serde_json::json!({
            "type": "NOT_FOUND",
            "path": [key, index],
            "message": repository::unknown_id_message(id),
        }));
    }
}

/// One object.
#[derive(Clone)]
pub(super) enum Object<'w> {
    Query,
    RateLimit,
    Repository,
    /// A fork, of which the world knows the full name only.
    Fork(&'w str),
    /// Another repository, of which the world knows as much.
    Elsewhere(&'w str),
    Subject(&'w Subject),
    Account(&'w Account),
    Label(&'w Label),
    Ref(&'w str, &'w RefState),
    /// A tag, tree or blob.
    Plain(&'w RefState),
    Commit(&'w Commit),
    Event(&'w Subject, &'w Event),
    Comment(&'w Subject, &'w Comment),
    Review(&'w Subject, &'w Review),
    Thread(&'w Pull, &'w ReviewThread),
    ThreadComment(&'w ReviewThread, &'w Comment),
    ReviewRequest(&'w Subject, &'w Account),
    PullCommit(&'w Subject, &'w Commit),
    Rollup(&'w str),
    CheckRun(&'w Check),
    CheckCount(&'static str, u64),
    Connection(Connection<'w>),
    PageInfo(PageInfo),
}

/// An object that can be asked for its fields.
pub(super) struct Node<'w> {
    pub view: View<'w>,
    pub object: Object<'w>,
}

/// What a resolver returns: the value, none if it does not know the field, or an error.
pub(super) type Resolved<'a> = Result<Option<ResolvedValue<'a>>, FieldError>;

impl<'w> View<'w> {
    /// An object as a value.
    pub fn value<'a>(self, object: Object<'w>) -> ResolvedValue<'a>
    where
        'w: 'a,
    {
        ResolvedValue::object(Node { view: self, object })
    }

    /// An object as a value, or null.
    pub fn optional<'a>(self, object: Option<Object<'w>>) -> ResolvedValue<'a>
    where
        'w: 'a,
    {
        object.map_or_else(ResolvedValue::null, |object| self.value(object))
    }

    /// An account as a value.
    pub fn actor<'a>(self, id: AccountId) -> ResolvedValue<'a>
    where
        'w: 'a,
    {
        self.optional(self.world.account(id).map(Object::Account))
    }

    /// A commit as a value.
    pub fn commit<'a>(self, oid: &str) -> ResolvedValue<'a>
    where
        'w: 'a,
    {
        self.optional(self.world.commit(oid).map(Object::Commit))
    }

    /// A ref as a value.
    pub fn reference<'a>(self, name: &str) -> ResolvedValue<'a>
    where
        'w: 'a,
    {
        let found = self.world.references().get_key_value(name);
        self.optional(found.map(|(name, state)| Object::Ref(name, state)))
    }
}

impl ObjectValue for Node<'_> {
    fn type_name(&self) -> &str {
        match &self.object {
            Object::Query => "Query",
            Object::RateLimit => "RateLimit",
            Object::Repository | Object::Fork(_) | Object::Elsewhere(_) => "Repository",
            Object::Subject(subject) if subject.pull.is_some() => "PullRequest",
            Object::Subject(_) => "Issue",
            Object::Account(account) => match account.kind {
                AccountKind::User => "User",
                AccountKind::Bot => "Bot",
                AccountKind::Organization => "Organization",
            },
            Object::Label(_) => "Label",
            Object::Ref(..) => "Ref",
            Object::Plain(state) => match state.kind.as_str() {
                "tag" => "Tag",
                "tree" => "Tree",
                _ => "Blob",
            },
            Object::Commit(_) => "Commit",
            Object::Event(_, event) => events::type_name(&event.what),
            Object::Comment(..) => "IssueComment",
            Object::Review(..) => "PullRequestReview",
            Object::Thread(..) => "PullRequestReviewThread",
            Object::ThreadComment(..) => "PullRequestReviewComment",
            Object::ReviewRequest(..) => "ReviewRequest",
            Object::PullCommit(..) => "PullRequestCommit",
            Object::Rollup(_) => "StatusCheckRollup",
            Object::CheckRun(_) => "CheckRun",
            Object::CheckCount(..) => "CheckRunStateCount",
            Object::Connection(connection) => connection.type_name,
            Object::PageInfo(_) => "PageInfo",
        }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let view = self.view;
        let found = match &self.object {
            Object::Query => repository::query(view, info),
            Object::RateLimit => Ok(rate_limit(view.rate, info)),
            Object::Repository => repository::repository(view, info),
            Object::Fork(name) => Ok(repository::foreign(name, true, info)),
            Object::Elsewhere(name) => Ok(repository::foreign(name, false, info)),
            Object::Subject(subject) => match &subject.pull {
                Some(facts) => pull::field(view, subject, facts, info),
                None => issue::field(view, subject, info),
            },
            Object::Account(account) => Ok(account_field(view, account, info)),
            Object::Label(label) => Ok(label_field(label, info)),
            Object::Ref(name, state) => Ok(repository::reference(view, name, state, info)),
            Object::Plain(state) => Ok(git_object(&state.oid, info)),
            Object::Commit(commit) => Ok(commit_field(view, commit, info)),
            Object::Event(subject, event) => Ok(events::field(view, subject, event, info)),
            Object::Comment(subject, comment) => Ok(comment_field(view, subject, comment, info)),
            Object::Review(subject, review) => Ok(pull::review(view, subject, review, info)),
            Object::Thread(facts, thread) => pull::thread(view, facts, thread, info),
            Object::ThreadComment(thread, comment) => Ok(pull::thread_comment(view, thread, comment, info)),
            Object::ReviewRequest(subject, account) => Ok(match info.field_name() {
                "id" => Some(ResolvedValue::leaf(node_id("RR_kwDO", subject.id ^ account.id.0))),
                "requestedReviewer" => Some(view.value(Object::Account(account))),
                _ => None,
            }),
            Object::PullCommit(subject, commit) => Ok(match info.field_name() {
                "id" => Some(ResolvedValue::leaf(format!("PURC_{}{}", subject.number, commit.oid))),
                "commit" => Some(view.value(Object::Commit(commit))),
                _ => None,
            }),
            Object::Rollup(oid) => rollup(view, oid, info),
            Object::CheckRun(check) => Ok(check_run(view, check, info)),
            Object::CheckCount(state, count) => Ok(match info.field_name() {
                "state" => Some(ResolvedValue::leaf(*state)),
                "count" => Some(ResolvedValue::leaf(*count)),
                _ => None,
            }),
            Object::Connection(connection) => Ok(connection.field(info)),
            Object::PageInfo(page) => Ok(page.field(info)),
        };
        found?.ok_or_else(|| self.unknown_field_error(info))
    }
}

/// An error with GitHub's type beside its sentence.
pub(super) fn typed_error(kind: &str, message: &str) -> FieldError {
    FieldError { message: format!("{kind}|{message}") }
}

/// What a token may not read.
pub(super) fn not_yours() -> FieldError {
    typed_error("FORBIDDEN", "Resource not accessible by personal access token")
}

/// A time as a value.
pub(super) fn time<'a>(at: Timestamp) -> ResolvedValue<'a> {
    ResolvedValue::leaf(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A time as a value, or null.
pub(super) fn optional_time<'a>(at: Option<Timestamp>) -> ResolvedValue<'a> {
    at.map_or_else(ResolvedValue::null, time)
}

fn rate_limit<'a>(rate: Rate, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
    Some(match info.field_name() {
        "cost" => ResolvedValue::leaf(rate.cost),
        "nodeCount" => ResolvedValue::leaf(rate.nodes),
        "limit" => ResolvedValue::leaf(rate.balance.limit),
        "remaining" => ResolvedValue::leaf(rate.balance.remaining),
        "used" => ResolvedValue::leaf(rate.balance.used),
        "resetAt" => time(rate.balance.reset),
        _ => return None,
    })
}

fn account_field<'a>(view: View<'_>, account: &Account, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(account.node_id.clone()),
        "databaseId" => ResolvedValue::leaf(account.id.0),
        "login" => ResolvedValue::leaf(account.graph_login.clone()),
        // Nobody in here has given a display name.
        "name" => ResolvedValue::null(),
        "url" => ResolvedValue::leaf(format!("{}/{}", view.world.web_url(), account.graph_login)),
        _ => return None,
    })
}

fn label_field<'a>(label: &Label, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("LA_kwDO", label.id)),
        "name" => ResolvedValue::leaf(label.name.clone()),
        "color" => ResolvedValue::leaf(label.color.clone()),
        "description" => ResolvedValue::leaf(label.description.clone()),
        _ => return None,
    })
}

fn git_object<'a>(oid: &str, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(format!("GO_{oid}")),
        "oid" => ResolvedValue::leaf(oid.to_owned()),
        _ => return None,
    })
}

fn commit_field<'w>(view: View<'w>, commit: &'w Commit, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'w>> {
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(format!("C_kwDO{}", commit.oid)),
        "oid" => ResolvedValue::leaf(commit.oid.clone()),
        "committedDate" => time(commit.committed_at),
        "authoredDate" => time(commit.authored_at),
        "message" => ResolvedValue::leaf(commit.message.clone()),
        "messageHeadline" => ResolvedValue::leaf(commit.message.lines().next().unwrap_or_default().to_owned()),
        "statusCheckRollup" => view.optional(view.world.rollup(&commit.oid).map(|_| Object::Rollup(&commit.oid))),
        _ => return None,
    })
}

/// What every comment-like object has.
pub(super) fn comment_field<'w>(
    view: View<'w>,
    subject: &Subject,
    comment: &'w Comment,
    info: &ResolveInfo<'_>,
) -> Option<ResolvedValue<'w>> {
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("IC_kwDO", comment.id)),
        "databaseId" => small(comment.id),
        "fullDatabaseId" => ResolvedValue::leaf(comment.id.to_string()),
        "author" => view.actor(comment.author),
        "authorAssociation" => ResolvedValue::leaf(view.world.association(comment.author)),
        "body" => ResolvedValue::leaf(comment.body.clone()),
        "createdAt" | "updatedAt" => time(comment.created_at),
        "url" => ResolvedValue::leaf(format!("{}#issuecomment-{}", view.world.page(subject), comment.id)),
        "isMinimized" => ResolvedValue::leaf(comment.minimized),
        _ => return None,
    })
}

/// A `databaseId`: null where it does not fit into 32 bits, as on GitHub.
pub(super) fn small<'a>(id: u64) -> ResolvedValue<'a> {
    i32::try_from(id).map_or_else(|_| ResolvedValue::null(), |id| ResolvedValue::leaf(i64::from(id)))
}

fn rollup<'w>(view: View<'w>, oid: &'w str, info: &ResolveInfo<'_>) -> Resolved<'w> {
    let checks = view.world.checks(oid);
    Ok(Some(match info.field_name() {
        "id" => ResolvedValue::leaf(format!("SCR_{oid}")),
        "state" => ResolvedValue::leaf(view.world.rollup(oid).map(|rollup| rollup.name())),
        "contexts" if view.world.settings.checks_hidden != Hidden::Nothing => return Err(not_yours()),
        "contexts" => {
            let items = checks.iter().map(|check| (check.id, Object::CheckRun(check)));
            return List::by_id("StatusCheckRollupContextConnection", items).page(view, info).map(Some);
        }
        _ => return Ok(None),
    }))
}

fn check_run<'a>(view: View<'_>, check: &Check, info: &ResolveInfo<'_>) -> Option<ResolvedValue<'a>> {
    let done = check.result != CheckResult::Pending;
    Some(match info.field_name() {
        "id" => ResolvedValue::leaf(node_id("CR_kwDO", check.id)),
        "name" => ResolvedValue::leaf(check.name.clone()),
        "status" => ResolvedValue::leaf(if done { "COMPLETED" } else { "IN_PROGRESS" }),
        "conclusion" => ResolvedValue::leaf(check.result.conclusion()),
        "startedAt" => time(check.at),
        "completedAt" => optional_time(done.then_some(check.at)),
        "detailsUrl" => {
            ResolvedValue::leaf(format!("{}/{}/runs/{}", view.world.web_url(), view.world.full_name(), check.id))
        }
        "isRequired" => ResolvedValue::leaf(view.world.settings.required_checks.contains(&check.name)),
        _ => return None,
    })
}

//! Mutations. Their answers show a copy of the world right after the change.
//!
//! A commit or a deletion needs git, which may have to be waited for; so a document that asks for one is executed twice:
//! first on a copy of the world, to find out what is asked for, and then, when git has done it, to answer it. Of what
//! `updateRefs` can do, one branch is deleted at a time, and nothing else.

use std::cell::RefCell;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};
use apollo_compiler::response::JsonMap;

use base64::Engine as _;

use super::Rate;
use super::node::{Node, Notes, Object, View, typed_error};
use super::repository::unknown_id;
use crate::sim::hub::{BranchCommit, BranchDeletion, Trouble};
use crate::sim::world::{AccountId, Refusal, World};

/// What a document asks git for.
pub(super) enum Asked {
    Commit(BranchCommit),
    Deletion(BranchDeletion),
}

/// What git does for a document.
pub(super) enum GitSlot<'r> {
    /// What it asks for is written down here.
    Ask(&'r RefCell<Option<Asked>>),
    /// What came of it.
    Made(Option<&'r Result<Made, Trouble>>),
}

/// The root of mutations.
pub(super) struct MutationRoot<'r, 'w> {
    pub world: RefCell<&'w mut World>,
    pub by: AccountId,
    /// Whether an app asks, and no user.
    pub app: bool,
    pub rate: Rate,
    pub notes: &'r Notes,
    pub git: GitSlot<'r>,
}

/// What a mutation is about.
#[derive(Clone)]
pub(super) enum Made {
    Pull(u64),
    Commit(String),
    Refs,
}

/// What a mutation answers.
struct Payload<'r> {
    world: World,
    made: Made,
    by: AccountId,
    app: bool,
    rate: Rate,
    notes: &'r Notes,
    client: Option<String>,
}

impl ObjectValue for MutationRoot<'_, '_> {
    fn type_name(&self) -> &str {
        "Mutation"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        match info.field_name() {
            "markPullRequestReadyForReview" => self.mark(info),
            "createCommitOnBranch" => self.by_git(info, |root, input| root.commit(input).map(Asked::Commit)),
            "updateRefs" => self.by_git(info, |root, input| root.deletion(input).map(Asked::Deletion)),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

type Input<'i> = Option<&'i JsonMap>;

fn text<'i>(input: Input<'i>, name: &str) -> Option<&'i str> {
    input.and_then(|input| input.get(name)).and_then(|value| value.as_str())
}

fn object<'i>(input: Input<'i>, name: &str) -> Input<'i> {
    input.and_then(|input| input.get(name)).and_then(|value| value.as_object())
}

fn objects<'i>(input: Input<'i>, name: &str) -> impl Iterator<Item = Input<'i>> {
    let list = input.and_then(|input| input.get(name)).and_then(|value| value.as_array());
    list.into_iter().flatten().map(|value| value.as_object())
}

impl MutationRoot<'_, '_> {
    fn mark<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        if self.app {
            return Err(typed_error("FORBIDDEN", "Resource not accessible by integration"));
        }
        let input = object(Some(info.arguments()), "input");
        let id = text(input, "pullRequestId").unwrap_or_default();
        let mut world = self.world.borrow_mut();
        let found = world.subjects().find(|subject| subject.node_id == id && subject.pull.is_some());
        let number = found.map(|subject| subject.number).ok_or_else(|| unknown_id(id))?;
        world.mark_ready(self.by, number).map_err(|refusal| worded(&refusal))?;
        Ok(self.payload(&world, Made::Pull(number), input))
    }

    fn by_git<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
        asked: impl Fn(&Self, Input<'_>) -> Result<Asked, FieldError>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let input = object(Some(info.arguments()), "input");
        match &self.git {
            GitSlot::Ask(slot) => {
                *slot.borrow_mut() = Some(asked(self, input)?);
                Ok(ResolvedValue::null())
            }
            // What was asked for could not be read: the same is found out once more.
            GitSlot::Made(None) => asked(self, input).map(|_| ResolvedValue::null()),
            GitSlot::Made(Some(Ok(made))) => Ok(self.payload(&self.world.borrow(), made.clone(), input)),
            GitSlot::Made(Some(Err(Trouble::Refused(refusal)))) => Err(worded(refusal)),
            GitSlot::Made(Some(Err(Trouble::Git(error)))) => Err(typed_error("INTERNAL", &error.to_string())),
        }
    }

    fn deletion(&self, input: Input<'_>) -> Result<BranchDeletion, FieldError> {
        let id = text(input, "repositoryId").unwrap_or_default();
        if self.world.borrow().repository_node_id() != id {
            return Err(unknown_id(id));
        }
        let updates: Vec<Input<'_>> = objects(input, "refUpdates").collect();
        let oid = |name| updates.first().and_then(|update| text(*update, name));
        let nothing = |oid: &str| oid.bytes().all(|byte| byte == b'0');
        let branch = oid("name").and_then(|name| name.strip_prefix("refs/heads/"));
        match (branch, updates.len(), oid("afterOid").is_some_and(nothing)) {
            (Some(branch), 1, true) => {
                Ok(BranchDeletion { branch: branch.to_owned(), expected: oid("beforeOid").map(str::to_owned) })
            }
            _ => Err(typed_error("UNPROCESSABLE", "only one branch is deleted at a time here")),
        }
    }

    fn commit(&self, input: Input<'_>) -> Result<BranchCommit, FieldError> {
        let (branch, message, changes) =
            (object(input, "branch"), object(input, "message"), object(input, "fileChanges"));
        let repository = text(branch, "repositoryNameWithOwner").unwrap_or_default();
        if !self.world.borrow().full_name().eq_ignore_ascii_case(repository) {
            return Err(worded(&Refusal::NotFound));
        }
        let path = |file| text(file, "path").unwrap_or_default().to_owned();
        let mut files = Vec::new();
        for file in objects(changes, "additions") {
            let coded = text(file, "contents").unwrap_or_default();
            let content = base64::engine::general_purpose::STANDARD.decode(coded);
            let content = content.map_err(|_| typed_error("UNPROCESSABLE", "contents must be Base64"))?;
            files.push((path(file), Some(content)));
        }
        files.extend(objects(changes, "deletions").map(|file| (path(file), None)));
        let (headline, body) =
            (text(message, "headline").unwrap_or_default(), text(message, "body").unwrap_or_default());
        let message = if body.is_empty() { headline.to_owned() } else { format!("{headline}\n\n{body}") };
        let branch = text(branch, "branchName").unwrap_or_default().to_owned();
        Ok(BranchCommit {
            branch,
            expected: text(input, "expectedHeadOid").unwrap_or_default().to_owned(),
            message,
            files,
        })
    }

    fn payload<'a>(&'a self, world: &World, made: Made, input: Input<'_>) -> ResolvedValue<'a> {
        ResolvedValue::object(Payload {
            world: world.clone(),
            made,
            by: self.by,
            rate: self.rate,
            notes: self.notes,
            app: self.app,
            client: text(input, "clientMutationId").map(str::to_owned),
        })
    }
}

impl ObjectValue for Payload<'_> {
    fn type_name(&self) -> &str {
        match self.made {
            Made::Pull(_) => "MarkPullRequestReadyForReviewPayload",
            Made::Commit(_) => "CreateCommitOnBranchPayload",
            Made::Refs => "UpdateRefsPayload",
        }
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let view = View { world: &self.world, by: self.by, app: self.app, rate: self.rate, notes: self.notes };
        match (info.field_name(), &self.made) {
            ("clientMutationId", _) => Ok(ResolvedValue::leaf(self.client.clone())),
            ("pullRequest", Made::Pull(number)) => {
                let pull = self.world.subject(*number).map(Object::Subject);
                Ok(ResolvedValue::nullable_object(pull.map(|object| Node { view, object })))
            }
            ("commit", Made::Commit(oid)) => Ok(view.commit(oid)),
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

/// A refusal in the shape that GraphQL gives it.
fn worded(refusal: &Refusal) -> FieldError {
    match refusal {
        Refusal::NotFound | Refusal::Absent(_) | Refusal::Gone(_) => {
            typed_error("NOT_FOUND", "Could not resolve to a node.")
        }
        Refusal::Forbidden(reason) => typed_error("FORBIDDEN", reason),
        Refusal::Conflict(reason) => typed_error("STALE_DATA", reason),
        Refusal::Malformed(reason) | Refusal::NotAllowed(reason) | Refusal::Unprocessable(reason) => {
            typed_error("UNPROCESSABLE", reason)
        }
        Refusal::Invalid(faults) => {
            let words: Vec<String> = faults.iter().map(|fault| format!("{} is {}", fault.field, fault.code)).collect();
            typed_error("UNPROCESSABLE", &words.join(", "))
        }
    }
}

//! Mutations. Their answers show a copy of the world right after the change.

use std::cell::RefCell;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};

use super::Rate;
use super::node::{Node, Notes, Object, View, typed_error};
use super::repository::unknown_id;
use crate::sim::world::{AccountId, Refusal, World};

/// The root of mutations.
pub(super) struct MutationRoot<'r, 'w> {
    pub world: RefCell<&'w mut World>,
    pub by: AccountId,
    pub rate: Rate,
    pub notes: &'r Notes,
}

/// What a mutation of a pull request answers.
struct Payload<'r> {
    world: World,
    number: u64,
    by: AccountId,
    rate: Rate,
    notes: &'r Notes,
    client: Option<String>,
}

impl ObjectValue for MutationRoot<'_, '_> {
    fn type_name(&self) -> &str {
        "Mutation"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        if info.field_name() != "markPullRequestReadyForReview" {
            return Err(self.unknown_field_error(info));
        }
        let input = info.arguments().get("input").and_then(|input| input.as_object());
        let text = |name: &str| input.and_then(|input| input.get(name)).and_then(|value| value.as_str());
        let id = text("pullRequestId").unwrap_or_default();
        let mut world = self.world.borrow_mut();
        let found = world.subjects().find(|subject| subject.node_id == id && subject.pull.is_some());
        let number = found.map(|subject| subject.number).ok_or_else(|| unknown_id(id))?;
        world.mark_ready(self.by, number).map_err(worded)?;
        Ok(ResolvedValue::object(Payload {
            world: world.clone(),
            number,
            by: self.by,
            rate: self.rate,
            notes: self.notes,
            client: text("clientMutationId").map(str::to_owned),
        }))
    }
}

impl ObjectValue for Payload<'_> {
    fn type_name(&self) -> &str {
        "MarkPullRequestReadyForReviewPayload"
    }

    fn resolve_field<'a>(&'a self, info: &'a ResolveInfo<'a>) -> Result<ResolvedValue<'a>, FieldError> {
        let view = View { world: &self.world, by: self.by, rate: self.rate, notes: self.notes };
        match info.field_name() {
            "clientMutationId" => Ok(ResolvedValue::leaf(self.client.clone())),
            "pullRequest" => {
                let pull = self.world.subject(self.number).map(Object::Subject);
                Ok(ResolvedValue::nullable_object(pull.map(|object| Node { view, object })))
            }
            _ => Err(self.unknown_field_error(info)),
        }
    }
}

/// A refusal in the shape that GraphQL gives it.
fn worded(refusal: Refusal) -> FieldError {
    match refusal {
        Refusal::NotFound | Refusal::Absent(_) | Refusal::Gone(_) => {
            typed_error("NOT_FOUND", "Could not resolve to a node.")
        }
        Refusal::Forbidden(reason) => typed_error("FORBIDDEN", &reason),
        Refusal::Malformed(reason)
        | Refusal::NotAllowed(reason)
        | Refusal::Conflict(reason)
        | Refusal::Unprocessable(reason) => typed_error("UNPROCESSABLE", &reason),
        Refusal::Invalid(faults) => {
            let words: Vec<String> =
                faults.into_iter().map(|fault| format!("{} is {}", fault.field, fault.code)).collect();
            typed_error("UNPROCESSABLE", &words.join(", "))
        }
    }
}

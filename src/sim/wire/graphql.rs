//! GraphQL: validation against GitHub's schema, points, execution, errors in GitHub's shape.
//!
//! Needs the extract of GitHub's public schema (`fixtures/github/schema.graphql`). Guarantees that a document which
//! names anything outside the extract is refused as a whole with status 200, and that every field inside it is
//! answered from the world.

mod connection;
mod cost;
mod events;
mod issue;
mod mutation;
mod node;
mod pull;
mod repository;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use apollo_compiler::executable::Operation;
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{ExecutionResponse, GraphQLError, JsonMap};
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use self::mutation::{Asked, GitSlot, Made, MutationRoot};
use self::node::{Node, Notes, Object, View};
use super::answer::Answer;
use super::budget::Balance;
use super::call::Call;
use super::{Site, hold};
use crate::sim::git::Objects;
use crate::sim::world::World;

/// Most documents that are remembered; a client has a handful.
const MAX_DOCUMENTS: usize = 64;

/// The schema that documents are held against, and the documents that were found valid. Both are the same for every
/// simulator of a process and take longer to read than to answer.
pub(super) struct GraphSchema {
    schema: Valid<Schema>,
    documents: Mutex<BTreeMap<String, Arc<Valid<ExecutableDocument>>>>,
}

impl GraphSchema {
    /// Reads the extract, once a process.
    pub fn shared() -> Result<&'static GraphSchema, String> {
        static SHARED: OnceLock<Result<GraphSchema, String>> = OnceLock::new();
        SHARED.get_or_init(GraphSchema::parse).as_ref().map_err(Clone::clone)
    }

    fn parse() -> Result<GraphSchema, String> {
        let text = include_str!("../../../fixtures/github/schema.graphql");
        let schema = Schema::parse_and_validate(text, "schema.graphql").map_err(|error| error.to_string())?;
        Ok(GraphSchema { schema, documents: Mutex::default() })
    }

    /// A document, held against the schema.
    fn document(&self, text: &str) -> Result<Arc<Valid<ExecutableDocument>>, Box<Answer>> {
        if let Some(known) = hold(&self.documents).get(text) {
            return Ok(Arc::clone(known));
        }
        let document = ExecutableDocument::parse_and_validate(&self.schema, text, "query.graphql")
            .map_err(|found| Box::new(refused(invalid_all(found.errors.iter().map(|error| error.to_json())))))?;
        let document = Arc::new(document);
        let mut documents = hold(&self.documents);
        if documents.len() < MAX_DOCUMENTS {
            documents.insert(text.to_owned(), Arc::clone(&document));
        }
        Ok(document)
    }
}

/// What became of a GraphQL request.
pub(super) struct Outcome {
    pub answer: Answer,
    pub operation: Option<String>,
    pub points: u64,
}

/// The cost of a document and how the budget stands after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub cost: u64,
    pub nodes: u64,
    pub balance: Balance,
}

/// A request that was read and found valid.
struct Prepared {
    document: Arc<Valid<ExecutableDocument>>,
    name: Option<String>,
    variables: Valid<JsonMap>,
}

/// Answers a GraphQL request.
pub(super) async fn answer(site: &Site<impl Objects>, call: &Call, now: Timestamp) -> Outcome {
    if call.method != "POST" {
        return Outcome { answer: Answer::not_found(), operation: None, points: 0 };
    }
    let prepared = match prepare(site, call) {
        Ok(prepared) => prepared,
        // A refused document costs a point, as every request does.
        Err(answer) => {
            hold(&site.graphql).take(1, now);
            return Outcome { answer: *answer, operation: None, points: 1 };
        }
    };
    let operation = match prepared.document.operations.get(prepared.name.as_deref()) {
        Ok(operation) => operation,
        Err(error) => {
            let message = error.message().to_string();
            return Outcome { answer: refused(vec![json!({"message": message})]), operation: None, points: 0 };
        }
    };
    let name = operation.name.as_ref().map(ToString::to_string);
    let (points, nodes) = cost::of(&prepared.document, operation, &prepared.variables);
    let balance = {
        let mut budget = hold(&site.graphql);
        if !budget.take(points, now) {
            let error = json!({"type": "RATE_LIMITED", "message": "API rate limit exceeded for user."});
            return Outcome { answer: refused(vec![error]), operation: name, points: 0 };
        }
        budget.at(now)
    };
    let rate = Rate { cost: points, nodes, balance };
    let made = match asked_of_git(site, call, &prepared, operation, rate) {
        Some(Asked::Commit(commit)) => Some(site.hub.commit_on_branch(call.account, &commit).await.map(Made::Commit)),
        Some(Asked::Deletion(deletion)) => {
            Some(site.hub.delete_branch(call.account, &deletion).await.map(|()| Made::Refs))
        }
        None => None,
    };
    let (notes, app) = (Notes::default(), call.is_of_an_app());
    let mut world = site.hub.world();
    let execution = Execution::new(&site.schema.schema, &prepared.document)
        .operation(operation)
        .coerced_variable_values(&prepared.variables);
    let result = if operation.operation_type == apollo_compiler::ast::OperationType::Mutation {
        let git = GitSlot::Made(made.as_ref());
        let root = MutationRoot { world: RefCell::new(&mut world), by: call.account, app, rate, notes: &notes, git };
        execution.execute_sync(&root)
    } else {
        let seen: &World = &world;
        let root =
            Node { view: View { world: seen, by: call.account, app, rate, notes: &notes }, object: Object::Query };
        execution.execute_sync(&root)
    };
    let Notes { wanted, errors } = notes;
    for number in wanted.into_inner() {
        world.want_mergeability(number);
    }
    let answer = match result {
        Ok(response) => executed(response, errors.into_inner()),
        Err(error) => refused(vec![json!({"message": error.message().to_string()})]),
    };
    Outcome { answer, operation: name, points }
}

/// What a mutation asks git for, which is done before the document is answered. It is found by executing the document on
/// a copy of the world.
fn asked_of_git(
    site: &Site<impl Objects>,
    call: &Call,
    prepared: &Prepared,
    operation: &Operation,
    rate: Rate,
) -> Option<Asked> {
    if operation.operation_type != apollo_compiler::ast::OperationType::Mutation {
        return None;
    }
    let (notes, asked, app) = (Notes::default(), RefCell::new(None), call.is_of_an_app());
    let mut copy = site.hub.world().clone();
    let git = GitSlot::Ask(&asked);
    let root = MutationRoot { world: RefCell::new(&mut copy), by: call.account, app, rate, notes: &notes, git };
    let execution = Execution::new(&site.schema.schema, &prepared.document)
        .operation(operation)
        .coerced_variable_values(&prepared.variables);
    // What is wrong with the document is told when it is answered.
    let _ = execution.execute_sync(&root);
    asked.into_inner()
}

/// Reads and validates a request.
fn prepare(site: &Site<impl Objects>, call: &Call) -> Result<Prepared, Box<Answer>> {
    let bad = |message: &str| Box::new(Answer::error(StatusCode::BAD_REQUEST, message));
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| bad("Problems parsing JSON"))?;
    let Some(query) = body.get("query").and_then(Value::as_str) else {
        return Err(bad("A query attribute must be specified and must be a string."));
    };
    let document = site.schema.document(query)?;
    let name = body.get("operationName").and_then(Value::as_str).map(str::to_owned);
    let raw: JsonMap = match body.get("variables") {
        Some(variables @ Value::Object(_)) => {
            serde_json::from_value(variables.clone()).map_err(|_| bad("Problems parsing JSON"))?
        }
        _ => JsonMap::new(),
    };
    let operation = document
        .operations
        .get(name.as_deref())
        .map_err(|error| Box::new(refused(vec![json!({"message": error.message().to_string()})])))?;
    let variables = coerce_variable_values(&site.schema.schema, operation, &raw)
        .map_err(|error| Box::new(refused(vec![json!({"message": error.message().to_string()})])))?;
    Ok(Prepared { document, name, variables })
}

/// An answer without data.
fn refused(errors: Vec<Value>) -> Answer {
    Answer::ok(&json!({"errors": errors}))
}

/// All validation errors. A field that is unknown leaves its parent without a selection; that is not told as well.
fn invalid_all(errors: impl Iterator<Item = GraphQLError>) -> Vec<Value> {
    let consequence = |error: &GraphQLError| error.message.contains("must have a subselection set");
    let (consequences, causes): (Vec<GraphQLError>, Vec<GraphQLError>) = errors.partition(consequence);
    let told = if causes.is_empty() { consequences } else { causes };
    told.iter().map(invalid).collect()
}

/// A validation error in GitHub's words, as far as they are known; the rest keeps the validator's.
fn invalid(error: &GraphQLError) -> Value {
    let mut shown = json!({"message": error.message, "locations": error.locations});
    let quoted: Vec<&str> = error.message.split('`').skip(1).step_by(2).collect();
    if let [type_name, field] = quoted.as_slice()
        && error.message.contains("does not have a field")
    {
        shown["message"] = json!(format!("Field '{field}' doesn't exist on type '{type_name}'"));
        shown["extensions"] = json!({"code": "undefinedField", "typeName": type_name, "fieldName": field});
    }
    shown
}

/// The answer to a document that was executed. A typed error is `TYPE|sentence` until here.
fn executed(response: ExecutionResponse, elements: Vec<Value>) -> Answer {
    let errors: Vec<Value> = response
        .errors
        .iter()
        .map(|error| {
            let message = error.message.strip_prefix("resolver error: ").unwrap_or(&error.message);
            let (kind, message) = message.split_once('|').unwrap_or(("", message));
            let mut shown = json!({"path": error.path, "locations": error.locations, "message": message});
            if !kind.is_empty() {
                shown["type"] = json!(kind);
            }
            shown
        })
        .chain(elements)
        .collect();
    let mut body = json!({"data": response.data});
    if !errors.is_empty() {
        body["errors"] = Value::Array(errors);
    }
    Answer::ok(&body)
}

//! GraphQL: documents, variables and answers, held against GitHub's public schema.
//!
//! **Guarantees**: an answer has exactly what its document asks for: every field, no other, of the right type, null only
//! where the schema allows it. A scalar whose form nobody described here is a fault. Needs no `__typename`: where a
//! document doesn't ask for it, the answer has to fit one of the types that are possible.

use crate::conformance::Deviation;
use apollo_compiler::ast::{Type, Value as Literal};
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use orchestrator::sim::Exchange;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

const TEXT: &str = include_str!("../../fixtures/github/public.graphql");

/// The public schema, and what was answered of it so far.
pub struct PublicSchema {
    pub schema: Valid<Schema>,
    /// Distinct documents that are valid, by their text.
    pub documents: RefCell<BTreeMap<String, Rc<Valid<ExecutableDocument>>>>,
    /// The object types that each type can be.
    possible: BTreeMap<String, Vec<String>>,
    /// `Type.field` of every field that an answer had.
    pub answered: RefCell<BTreeSet<String>>,
}

/// One answer under the judge.
struct Answer<'a> {
    judge: &'a PublicSchema,
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
}

impl PublicSchema {
    pub fn new() -> Self {
        let schema = Schema::parse_and_validate(TEXT, "public.graphql").expect("the extract is a schema");
        let objects = || schema.types.iter().filter(|(_, kind)| kind.is_object()).map(|(name, _)| name.as_str());
        let can_be = |name: &str| {
            objects().filter(|other| *other == name || schema.is_subtype(name, other)).map(str::to_owned).collect()
        };
        let possible = schema.types.keys().map(|name| (name.to_string(), can_be(name))).collect();
        Self { schema, possible, documents: RefCell::default(), answered: RefCell::default() }
    }

    /// The faults of a document by itself.
    pub fn document(&self, text: &str) -> Result<Rc<Valid<ExecutableDocument>>, Vec<Deviation>> {
        if let Some(known) = self.documents.borrow().get(text) {
            return Ok(Rc::clone(known));
        }
        let read = ExecutableDocument::parse_and_validate(&self.schema, text, "document.graphql").map_err(|found| {
            let one = |message: String| Deviation { at: "POST /graphql document".to_owned(), why: message };
            found.errors.iter().map(|error| one(error.to_json().message)).collect::<Vec<Deviation>>()
        });
        let read = Rc::new(read?);
        self.documents.borrow_mut().insert(text.to_owned(), Rc::clone(&read));
        Ok(read)
    }

    /// What a document asks for that GitHub is about to take away.
    pub fn deprecated(document: &ExecutableDocument) -> Vec<String> {
        let fields = document.operations.iter().flat_map(|operation| operation.all_fields(document));
        let old = fields.filter(|field| field.definition.directives.has("deprecated"));
        old.map(|field| field.name.to_string()).collect()
    }

    /// Judges a request and its answer.
    pub fn exchange(&self, exchange: &Exchange) -> Vec<Deviation> {
        let fault = |at: &str, why: String| vec![Deviation { at: at.to_owned(), why }];
        let request: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        let Some(text) = request["query"].as_str() else {
            return fault("POST /graphql body", "it has no query".to_owned());
        };
        let document = match self.document(text) {
            Ok(document) => document,
            Err(faults) => return faults,
        };
        let name = request["operationName"].as_str();
        let Ok(operation) = document.operations.get(name) else {
            return fault("POST /graphql body", format!("there is no operation {name:?}"));
        };
        let at = format!("POST /graphql {}", operation.name.as_ref().map_or("(unnamed)", |name| name.as_str()));
        let given: JsonMap = serde_json::from_value(request["variables"].clone()).unwrap_or_default();
        let declared = |name: &str| operation.variables.iter().any(|variable| variable.name.as_str() == name);
        if let Some(name) = given.keys().map(|name| name.as_str()).find(|name| !declared(name)) {
            return fault(&at, format!("${name} is not declared"));
        }
        let coerced = apollo_compiler::request::coerce_variable_values(&self.schema, operation, &given);
        let variables = match coerced {
            Ok(variables) => variables,
            Err(error) => return fault(&at, error.message().to_string()),
        };
        let answer: Value = serde_json::from_slice(&exchange.answer).unwrap_or_default();
        let mut found = envelope(&at, &answer);
        if let Some(data) = answer["data"].as_object() {
            let judged = Answer { judge: self, document: &document, variables: &variables };
            let root = operation.selection_set.ty.as_str();
            let (faults, answered) = judged.object(&at, root, &[&operation.selection_set], data);
            self.answered.borrow_mut().extend(answered);
            found.extend(faults);
        }
        found
    }
}

/// What stands around the data.
fn envelope(at: &str, answer: &Value) -> Vec<Deviation> {
    let fault = |why: &str| Deviation { at: at.to_owned(), why: why.to_owned() };
    let Some(fields) = answer.as_object() else { return vec![fault("the answer is no object")] };
    let mut found = Vec::new();
    found.extend(
        fields.keys().filter(|key| !["data", "errors", "extensions"].contains(&key.as_str())).map(|key| fault(key)),
    );
    let errors = fields.get("errors").and_then(Value::as_array);
    if fields.get("data").is_none_or(Value::is_null) && errors.is_none_or(Vec::is_empty) {
        found.push(fault("there are neither data nor errors"));
    }
    for error in errors.into_iter().flatten() {
        if !error["message"].is_string() {
            found.push(fault("an error has no message"));
        }
    }
    found
}

/// Faults, and the fields that were answered.
type Judged = (Vec<Deviation>, Vec<String>);

impl Answer<'_> {
    /// An object of a type that may be abstract: it has to fit one of the types that are possible. Where it fits several
    /// nobody can tell what was answered.
    fn object(&self, at: &str, declared: &str, asked: &[&SelectionSet], object: &Map<String, Value>) -> Judged {
        let judged = self.judge.possible[declared].iter().map(|concrete| self.concrete(at, concrete, asked, object));
        let (mut fitting, others): (Vec<Judged>, Vec<Judged>) = judged.partition(|(faults, _)| faults.is_empty());
        match (fitting.pop(), fitting.is_empty()) {
            (Some(only), true) => only,
            (Some(_), false) => Judged::default(),
            (None, _) => others.into_iter().min_by_key(|(faults, _)| faults.len()).expect("a type can be something"),
        }
    }

    fn concrete(&self, at: &str, concrete: &str, asked: &[&SelectionSet], object: &Map<String, Value>) -> Judged {
        let mut fields: BTreeMap<&str, Vec<&Field>> = BTreeMap::new();
        for selections in asked {
            self.collect(concrete, selections, &mut fields);
        }
        let fault = |key: &str, why: String| Deviation { at: format!("{at}/{key}"), why };
        let mut found = Vec::new();
        let mut answered = Vec::new();
        found.extend(
            object
                .keys()
                .filter(|key| !fields.contains_key(key.as_str()))
                .map(|key| fault(key, "nobody asked for it".to_owned())),
        );
        for (key, same) in &fields {
            let (Some(field), Some(value)) = (same.first(), object.get(*key)) else {
                found.push(fault(key, "it is missing".to_owned()));
                continue;
            };
            if field.name == "__typename" {
                let right = value.as_str() == Some(concrete);
                found.extend((!right).then(|| fault(key, format!("{value} is not {concrete}"))));
                continue;
            }
            // The definition of the object's own type may be narrower than that of the interface that was asked.
            let own = self.judge.schema.type_field(concrete, &field.name);
            let kind = own.map_or_else(|_| field.ty().clone(), |own| own.ty.clone());
            let below: Vec<&SelectionSet> = same.iter().map(|field| &field.selection_set).collect();
            let (faults, within) = self.value(&format!("{at}/{key}"), &kind, &below, value);
            found.extend(faults);
            answered.extend(within);
            answered.push(format!("{concrete}.{}", field.name));
        }
        (found, answered)
    }

    /// The fields that a type is asked for, by the key of their answer.
    fn collect<'s>(
        &'s self,
        concrete: &str,
        selections: &'s SelectionSet,
        fields: &mut BTreeMap<&'s str, Vec<&'s Field>>,
    ) {
        let is = |condition: &str| condition == concrete || self.judge.schema.is_subtype(condition, concrete);
        for selection in selections.selections.iter().filter(|selection| self.wanted(selection)) {
            match selection {
                Selection::Field(field) => fields.entry(field.response_key().as_str()).or_default().push(field),
                Selection::InlineFragment(inline) => {
                    if inline.type_condition.as_ref().is_none_or(|condition| is(condition)) {
                        self.collect(concrete, &inline.selection_set, fields);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = &self.document.fragments[&spread.fragment_name];
                    if is(fragment.type_condition()) {
                        self.collect(concrete, &fragment.selection_set, fields);
                    }
                }
            }
        }
    }

    /// What `@include` and `@skip` leave.
    fn wanted(&self, selection: &Selection) -> bool {
        let says = |directive: &str| {
            let condition = selection.directives().get(directive)?.specified_argument_by_name("if")?;
            match condition.as_ref() {
                Literal::Boolean(value) => Some(*value),
                Literal::Variable(name) => self.variables.get(name.as_str())?.as_bool(),
                _ => None,
            }
        };
        says("include").unwrap_or(true) && !says("skip").unwrap_or(false)
    }

    fn value(&self, at: &str, kind: &Type, below: &[&SelectionSet], value: &Value) -> Judged {
        let fault = |why: String| (vec![Deviation { at: at.to_owned(), why }], Vec::new());
        if value.is_null() {
            return if kind.is_non_null() { fault(format!("null, though it is {kind}")) } else { Judged::default() };
        }
        if kind.is_list() {
            let Some(items) = value.as_array() else { return fault(format!("it is no list, though it is {kind}")) };
            let judged = items
                .iter()
                .enumerate()
                .map(|(n, item)| self.value(&format!("{at}/{n}"), kind.item_type(), below, item));
            let (faults, answered): (Vec<Vec<Deviation>>, Vec<Vec<String>>) = judged.unzip();
            return (faults.concat(), answered.concat());
        }
        let name = kind.inner_named_type().as_str();
        match self.judge.schema.types.get(name) {
            Some(ExtendedType::Scalar(_)) => scalar(name, value).map_or_else(Judged::default, fault),
            Some(ExtendedType::Enum(list)) => {
                let known = value.as_str().is_some_and(|text| list.values.contains_key(text));
                if known { Judged::default() } else { fault(format!("{value} is no {name}")) }
            }
            Some(ExtendedType::Object(_) | ExtendedType::Interface(_) | ExtendedType::Union(_)) => {
                match value.as_object() {
                    Some(object) => self.object(at, name, below, object),
                    None => fault(format!("it is no object, though it is {name}")),
                }
            }
            Some(ExtendedType::InputObject(_)) | None => fault(format!("{name} can't be answered")),
        }
    }
}

/// What is wrong with a scalar.
fn scalar(name: &str, value: &Value) -> Option<String> {
    let text = value.as_str();
    let right = match name {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Boolean" => value.is_boolean(),
        "String" | "ID" => text.is_some(),
        "DateTime" => text.is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "URI" => text.is_some_and(|text| text.starts_with("http://") || text.starts_with("https://")),
        "GitObjectID" => text.is_some_and(|text| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())),
        "BigInt" => text.is_some_and(|text| text.parse::<u64>().is_ok()),
        other => return Some(format!("nobody described the scalar {other}")),
    };
    (!right).then(|| format!("{value} is no {name}"))
}

//! OpenAPI's schemas as JSON Schema: what a value has to be, and in words what it isn't.
//!
//! **Guarantees**: every schema is closed — a field that GitHub doesn't describe is a fault as well as one that is
//! missing — and validators are made once.

use crate::conformance::Deviation;
use jsonschema::error::{ValidationError, ValidationErrorKind};
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The name under which schemas find each other.
const BASE: &str = "urn:github";
/// Longest value that is quoted.
const QUOTED: usize = 100;

/// The schemas of one description.
pub struct Schemas {
    registry: Registry<'static>,
    made: RefCell<BTreeMap<String, Rc<Validator>>>,
}

impl Schemas {
    pub fn new(mut description: Value) -> Self {
        // What is only a part of another schema can't be closed by itself, so everything is there in both ways.
        description["parts"] = description["components"].clone();
        for (of, close) in [("components", true), ("parts", false)] {
            for (_, section) in description[of].as_object_mut().expect("components") {
                section.as_object_mut().expect("components of a kind").values_mut().for_each(|it| convert(it, close));
            }
        }
        convert(&mut description["paths"], true);
        let registry = Registry::new().draft(Draft::Draft202012).add(BASE, description).expect("an address");
        Self {
            registry: registry.prepare().expect("a description whose references lead somewhere"),
            made: RefCell::default(),
        }
    }

    /// The faults of a value by the schema at a pointer into the description.
    pub fn faults(&self, pointer: &str, value: &Value) -> Vec<Deviation> {
        let validator = self.validator(pointer);
        validator.iter_errors(value).flat_map(|error| told(&error)).collect()
    }

    fn validator(&self, pointer: &str) -> Rc<Validator> {
        let make = || {
            let options = jsonschema::options().with_draft(Draft::Draft202012).with_registry(&self.registry);
            let pointer = pointer.replace('{', "%7B").replace('}', "%7D");
            let schema = json!({ "$ref": format!("{BASE}#{pointer}") });
            Rc::new(options.should_validate_formats(true).build(&schema).expect("a schema"))
        };
        Rc::clone(self.made.borrow_mut().entry(pointer.to_owned()).or_insert_with(make))
    }
}

/// Turns OpenAPI 3.0 into JSON Schema, closing what says which fields it has.
fn convert(value: &mut Value, close: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| convert(item, close)),
        Value::Object(schema) => {
            for (key, inner) in schema.iter_mut() {
                match inner {
                    // Below this a key is the name of a field, whatever it sounds like.
                    Value::Object(named) if key == "properties" => {
                        named.iter_mut().for_each(|(_, field)| convert(field, true))
                    }
                    inner => convert(inner, key != "allOf"),
                }
            }
            if let Some(Value::String(other)) = schema.get_mut("$ref").filter(|_| !close) {
                *other = other.replace("/components/", "/parts/");
            }
            let has = |key: &str| schema.contains_key(key);
            if close && (has("properties") || has("allOf")) && !has("additionalProperties") {
                // Where several schemas say together which fields there are, only "unevaluated" knows of all of them.
                let together = has("allOf") || has("anyOf") || has("oneOf");
                let word = if together { "unevaluatedProperties" } else { "additionalProperties" };
                schema.insert(word.to_owned(), Value::Bool(false));
            }
            if schema.remove("nullable") == Some(Value::Bool(true)) {
                or_null(schema);
            }
        }
        _ => {}
    }
}

/// `nullable` in JSON Schema's own words.
fn or_null(schema: &mut Map<String, Value>) {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(Value::Array(choices)) = schema.get_mut(key) {
            choices.push(json!({ "type": "null" }));
        }
    }
    assert!(!schema.contains_key("allOf") && !schema.contains_key("$ref"), "this would need another way: {schema:?}");
}

/// An error in words. Of several schemas of which none fits, the one that fits best is told.
fn told(error: &ValidationError<'_>) -> Vec<Deviation> {
    let choices = match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => context,
        _ => return vec![Deviation { at: error.instance_path().to_string(), why: in_short(&error.to_string()) }],
    };
    let deepest =
        |errors: &Vec<ValidationError<'_>>| errors.iter().map(|error| error.instance_path().as_str().len()).max();
    let nearest = choices.iter().min_by_key(|errors| (errors.len(), std::cmp::Reverse(deepest(errors))));
    nearest.map_or_else(Vec::new, |errors| errors.iter().flat_map(told).collect())
}

/// The sentence without the whole value in front of it.
fn in_short(sentence: &str) -> String {
    let length = sentence.chars().count();
    let kept: String = sentence.chars().skip(length.saturating_sub(QUOTED)).collect();
    if length > QUOTED { format!("…{kept}") } else { kept }
}

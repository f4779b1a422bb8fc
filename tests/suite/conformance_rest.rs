//! REST: a request and its answer, held against GitHub's OpenAPI description.
//!
//! **Guarantees**: path, method, parameters, body, status, headers and every field are judged; nothing is skipped in
//! silence. What the description can't say is listed in the simulator's own documentation.

use crate::conformance::Deviation;
use crate::conformance_schema::Schemas;
use orchestrator::sim::Exchange;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The forms of an error that an operation doesn't describe.
const REFUSED: &str = "/components/schemas/basic-error";
const INVALID: &str = "/components/schemas/validation-error";
const TEXT: &str = include_str!("../../fixtures/github/openapi.json");

/// One operation of the description.
pub struct Operation {
    /// `GET /repos/{owner}/{repo}`.
    pub name: String,
    method: String,
    segments: Vec<String>,
    pointer: String,
    shape: Value,
}

/// The description.
pub struct Description {
    pub operations: Vec<Operation>,
    whole: Value,
    schemas: Schemas,
}

impl Operation {
    /// A path of this operation in a repository of the maintainer's.
    pub fn filled(&self, repository: &str) -> String {
        let fill = |segment: &String| match segment.as_str() {
            "{owner}" => "/maintainer".to_owned(),
            "{repo}" => format!("/{repository}"),
            "{ref}" => "/heads/main".to_owned(),
            other if other.starts_with('{') => "/1".to_owned(),
            other => format!("/{other}"),
        };
        self.segments.iter().map(fill).collect()
    }

    /// Whether a path is one of this operation's.
    pub fn fits_path(&self, path: &str) -> bool {
        self.fits(&self.method, path).is_some()
    }

    /// What the placeholders stand for, if a path is one of this operation's.
    fn fits(&self, method: &str, path: &str) -> Option<BTreeMap<String, String>> {
        let given: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        // The name of a branch or a reference has slashes of its own.
        let greedy = matches!(self.segments.last().map(String::as_str), Some("{ref}" | "{branch}"));
        let long = given.len() == self.segments.len() || greedy && given.len() > self.segments.len();
        let mut found = BTreeMap::new();
        if self.method != method || !long {
            return None;
        }
        for (index, segment) in self.segments.iter().enumerate() {
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if index + 1 == self.segments.len() => {
                    found.insert(name.to_owned(), decoded(&given[index..].join("/")));
                }
                Some(name) => {
                    found.insert(name.to_owned(), decoded(given[index]));
                }
                None if segment != given[index] => return None,
                None => {}
            }
        }
        Some(found)
    }
}

impl Description {
    pub fn new() -> Self {
        let whole: Value = serde_json::from_str(TEXT).expect("the description is JSON");
        let mut operations = Vec::new();
        for (path, methods) in whole["paths"].as_object().expect("paths") {
            for (method, shape) in methods.as_object().expect("methods") {
                operations.push(Operation {
                    name: format!("{} {path}", method.to_uppercase()),
                    method: method.to_uppercase(),
                    segments: path.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect(),
                    pointer: format!("/paths/{}/{method}", escaped(path)),
                    shape: shape.clone(),
                });
            }
        }
        Self { operations, schemas: Schemas::new(whole.clone()), whole }
    }

    /// The operation that an exchange belongs to.
    pub fn operation(&self, exchange: &Exchange) -> Option<(&Operation, BTreeMap<String, String>)> {
        let fits = |operation| Some((operation, Operation::fits(operation, &exchange.method, &exchange.path)?));
        self.operations.iter().find_map(fits)
    }

    /// The operations of these names.
    pub fn named(&self, names: &BTreeSet<String>) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| names.contains(&operation.name))
    }

    /// Judges a request.
    pub fn request(&self, exchange: &Exchange) -> Vec<Deviation> {
        let Some((operation, placed)) = self.operation(exchange) else {
            let at = format!("{} {}", exchange.method, exchange.path);
            return vec![Deviation { at, why: "there is no such operation".to_owned() }];
        };
        let at = |place: &str| format!("{} {place}", operation.name);
        let mut found = Vec::new();
        let mut parameters = BTreeMap::new();
        for index in 0..operation.shape["parameters"].as_array().map_or(0, Vec::len) {
            let (shape, pointer) = self.follow(&format!("{}/parameters/{index}", operation.pointer));
            let word = |key: &str| shape[key].as_str().expect("a parameter has a name and a place").to_owned();
            parameters
                .insert((word("in"), word("name")), (shape["required"] == true, shape["schema"].clone(), pointer));
        }
        let asked = pairs(&exchange.query).into_iter().map(|(name, value)| ("query", name, value));
        let given: Vec<_> = placed.into_iter().map(|(name, value)| ("path", name, value)).chain(asked).collect();
        for (place, name, value) in &given {
            let Some((_, schema, pointer)) = parameters.get(&((*place).to_owned(), name.clone())) else {
                found.push(Deviation { at: at(place), why: format!("there is no parameter {name}") });
                continue;
            };
            for fault in self.schemas.faults(&format!("{pointer}/schema"), &typed(schema, value)) {
                found.push(Deviation { at: at(&format!("{place} {name}")), why: fault.why });
            }
        }
        for ((place, name), _) in parameters.iter().filter(|(_, (required, ..))| *required) {
            if !given.iter().any(|(other, given, _)| other == place && given == name) {
                found.push(Deviation { at: at(place), why: format!("{name} is required") });
            }
        }
        found.extend(self.body(operation, exchange));
        found
    }

    /// Judges the body of a request.
    fn body(&self, operation: &Operation, exchange: &Exchange) -> Vec<Deviation> {
        let one = |why: &str| vec![Deviation { at: format!("{} body", operation.name), why: why.to_owned() }];
        let shape = &operation.shape["requestBody"];
        if exchange.body.is_empty() {
            return if shape["required"] == true { one("a body is required") } else { Vec::new() };
        }
        if shape.is_null() {
            return one("there is to be none");
        }
        if !is_json(exchange.headers.get("content-type")) {
            return one("it is not declared as JSON");
        }
        let Ok(body) = serde_json::from_slice(&exchange.body) else { return one("it is not JSON") };
        let (_, pointer) = self.follow(&format!("{}/requestBody", operation.pointer));
        let faults = self.schemas.faults(&format!("{pointer}/content/application~1json/schema"), &body);
        let told = |fault: Deviation| Deviation { at: format!("{} body {}", operation.name, fault.at), why: fault.why };
        faults.into_iter().map(told).collect()
    }

    /// Judges an answer.
    pub fn answer(&self, exchange: &Exchange) -> Vec<Deviation> {
        let Some((operation, _)) = self.operation(exchange) else { return Vec::new() };
        let (name, status) = (&operation.name, exchange.status);
        let one = |why: String| vec![Deviation { at: format!("{name} {status}"), why }];
        if operation.shape["responses"][status.to_string()].is_null() {
            let body = serde_json::from_slice(&exchange.answer).unwrap_or_default();
            let plain = if status < 400 {
                Vec::new()
            } else {
                self.schemas.faults(if status == 422 { INVALID } else { REFUSED }, &body)
            };
            let plain = plain
                .into_iter()
                .map(|fault| Deviation { at: format!("{name} {status} {}", fault.at), why: fault.why });
            return one("this status is not declared".to_owned()).into_iter().chain(plain).collect();
        }
        let (shape, pointer) = self.follow(&format!("{}/responses/{status}", operation.pointer));
        let mut found = self.link(operation, &shape, exchange);
        let content = &shape["content"]["application/json"];
        if content.is_null() {
            if !exchange.answer.is_empty() {
                found.extend(one("there is to be no body".to_owned()));
            }
            return found;
        }
        if !is_json(exchange.answer_headers.get("content-type")) {
            found.extend(one("the body is not declared as JSON".to_owned()));
        }
        let Ok(body) = serde_json::from_slice(&exchange.answer) else {
            found.extend(one("the body is not JSON".to_owned()));
            return found;
        };
        for fault in self.schemas.faults(&format!("{pointer}/content/application~1json/schema"), &body) {
            found.push(Deviation { at: format!("{name} {status} {}", fault.at), why: fault.why });
        }
        found
    }

    /// Judges the header that leads through the pages of a list.
    fn link(&self, operation: &Operation, shape: &Value, exchange: &Exchange) -> Vec<Deviation> {
        let Some(link) = exchange.answer_headers.get("link") else { return Vec::new() };
        let one = |why: &str| {
            vec![Deviation { at: format!("{} {} link", operation.name, exchange.status), why: why.to_owned() }]
        };
        if shape["headers"]["Link"].is_null() {
            return one("this header is not declared");
        }
        let part = |text: &str| {
            let (address, relation) = text.trim().strip_prefix('<')?.split_once(">; rel=\"")?;
            let known = ["next", "prev", "first", "last"].contains(&relation.strip_suffix('"')?);
            let (path, query) = address.split_once('?')?;
            let page = pairs(query).iter().any(|(name, value)| name == "page" && value.parse::<u64>().is_ok());
            (known && page && path.ends_with(&exchange.path)).then_some(())
        };
        let well = link.to_str().is_ok_and(|link| link.split(',').all(|text| part(text).is_some()));
        if well { Vec::new() } else { one("it leads to no page of this list") }
    }

    /// What is at a pointer, and where it really is.
    fn follow(&self, pointer: &str) -> (Value, String) {
        let found = self.whole.pointer(pointer).expect("a pointer made from the description");
        match found["$ref"].as_str() {
            Some(other) => self.follow(other.trim_start_matches('#')),
            None => (found.clone(), pointer.to_owned()),
        }
    }
}

fn is_json(header: Option<&http::HeaderValue>) -> bool {
    header.and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with("application/json"))
}

/// A parameter as the type that its schema asks for, if it can be read so.
fn typed(schema: &Value, text: &str) -> Value {
    let read = match schema["type"].as_str() {
        Some("integer" | "boolean" | "number") => serde_json::from_str(text).ok(),
        _ => None,
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// A key as JSON pointers write it, inside an address.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

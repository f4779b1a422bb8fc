//! A request, read completely and taken apart.
//!
//! Guarantees that nothing behind it parses paths, queries or JSON on its own, and that no body is longer than the
//! limit.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, StatusCode};
use base64::Engine as _;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::Answer;
use super::log::{RequestEntry, RequestKind};
use super::page::Paging;
use crate::sim::world::{AccountId, Refusal};

/// The longest body that is read; a push of the sample project is a few kilobytes.
const LONGEST_BODY: usize = 256 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub method: Method,
    /// The path as sent.
    pub raw_path: String,
    /// Its segments, decoded.
    pub path: Vec<String>,
    /// The query as sent.
    pub raw_query: String,
    /// Its parameters, decoded; the last of a name counts.
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Who asks; the owner of the token.
    pub account: AccountId,
    /// How lists are cut into pages.
    pub paging: Paging,
}

impl Call {
    /// Reads a request; who asks is still to be found out.
    pub async fn read(request: Request, nobody: AccountId) -> Result<Call, Box<Answer>> {
        let (head, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, LONGEST_BODY).await else {
            let message = "The body could not be read or is too long.";
            return Err(Box::new(Answer::error(StatusCode::PAYLOAD_TOO_LARGE, message)));
        };
        let raw_path = head.uri.path().to_owned();
        let raw_query = head.uri.query().unwrap_or_default().to_owned();
        let path = raw_path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
        let pairs = raw_query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name), decode(&value.replace('+', " "))))
            .collect();
        Ok(Call {
            method: head.method,
            raw_path,
            path,
            raw_query,
            query,
            headers: head.headers,
            body,
            account: nobody,
            paging: Paging::default(),
        })
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// What the log says of it, as far as the request itself tells.
    pub fn entry(&self, kind: RequestKind, status: StatusCode) -> RequestEntry {
        RequestEntry {
            at: jiff::Timestamp::UNIX_EPOCH,
            kind,
            method: self.method.as_str().to_owned(),
            path: self.target(),
            operation: None,
            status: status.as_u16(),
            points: 0,
        }
    }

    /// The path with its query.
    fn target(&self) -> String {
        if self.raw_query.is_empty() { self.raw_path.clone() } else { format!("{}?{}", self.raw_path, self.raw_query) }
    }

    /// The token that it carries.
    pub fn token(&self) -> Option<String> {
        let header = self.headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, rest) = header.split_once(' ')?;
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "token" => Some(rest.trim().to_owned()),
            "basic" => {
                let decoded = base64::engine::general_purpose::STANDARD.decode(rest.trim()).ok()?;
                let text = String::from_utf8(decoded).ok()?;
                Some(text.split_once(':')?.1.to_owned())
            }
            _ => None,
        }
    }

    /// Whether its token is an installation's, or that of a workflow run: no user's. GitHub lets it neither see nor assign
    /// the agent, nor take a pull request out of draft.
    pub fn is_of_an_app(&self) -> bool {
        self.token().is_some_and(|token| token.starts_with("ghs_"))
    }

    /// The JSON object of the body; none at all counts as an empty one.
    pub fn fields(&self) -> Result<Fields, Refusal> {
        if self.body.is_empty() {
            return Ok(Fields(Map::new()));
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(fields)) => Ok(Fields(fields)),
            Ok(_) => Err(Refusal::Malformed("Body should be a JSON object".to_owned())),
            Err(_) => Err(Refusal::Malformed("Problems parsing JSON".to_owned())),
        }
    }
}

/// The fields of a JSON object.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// A text, if the field is there and not null.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// A list of texts; labels may be objects with a name.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let text = |item: &Value| item.as_str().or_else(|| item.get("name")?.as_str()).map(str::to_owned);
        self.0.get(name).and_then(Value::as_array).map(|items| items.iter().filter_map(text).collect())
    }

    /// An object within.
    pub fn object(&self, name: &str) -> Option<Fields> {
        self.0.get(name).and_then(Value::as_object).cloned().map(Fields)
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

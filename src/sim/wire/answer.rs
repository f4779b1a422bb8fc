//! Answers before they are sent, and the wording of errors.
//!
//! Guarantees that every refusal of the world, and every breakage, becomes the status and body that GitHub gives.

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::sim::git::GitError;
use crate::sim::hub::Trouble;
use crate::sim::world::Refusal;

/// Where GitHub's errors point to.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// An answer with this JSON.
    pub fn json(status: StatusCode, body: &Value) -> Answer {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        headers.insert(CONTENT_TYPE, json);
        Answer { status, headers, body: Bytes::from(body.to_string()) }
    }

    /// 200 with this JSON.
    pub fn ok(body: &Value) -> Answer {
        Answer::json(StatusCode::OK, body)
    }

    /// 201 with this JSON.
    pub fn created(body: &Value) -> Answer {
        Answer::json(StatusCode::CREATED, body)
    }

    /// A status and nothing else.
    pub fn empty(status: StatusCode) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An error as GitHub words it.
    pub fn error(status: StatusCode, message: &str) -> Answer {
        let mut body = json!({"message": message, "documentation_url": DOCUMENTATION});
        // What is refused because of what was sent is described without it.
        if !matches!(status.as_u16(), 405 | 409 | 422) {
            body["status"] = json!(status.as_str());
        }
        Answer::json(status, &body)
    }

    /// 404 as GitHub words it.
    pub fn not_found() -> Answer {
        Answer::error(StatusCode::NOT_FOUND, "Not Found")
    }

    /// Adds a header; a value that can't be one is left out.
    pub fn with(mut self, name: HeaderName, value: &str) -> Answer {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Answer {
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let message = refusal.message().to_owned();
        let Refusal::Invalid(faults) = refusal else {
            return Answer::error(status, &message);
        };
        let errors: Vec<Value> = faults
            .into_iter()
            .map(|fault| {
                let mut error = json!({"resource": fault.resource, "field": fault.field, "code": fault.code});
                if let Some(message) = fault.message {
                    error["message"] = Value::String(message);
                }
                error
            })
            .collect();
        let body = json!({"message": message, "errors": errors, "documentation_url": DOCUMENTATION});
        Answer::json(status, &body)
    }
}

impl From<GitError> for Answer {
    fn from(error: GitError) -> Answer {
        tracing::error!(%error, "the simulator's git broke");
        Answer::error(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    }
}

impl From<Trouble> for Answer {
    fn from(trouble: Trouble) -> Answer {
        match trouble {
            Trouble::Refused(refusal) => refusal.into(),
            Trouble::Git(error) => error.into(),
        }
    }
}

//! What GitHub refuses, in its words.
//!
//! Needs nothing. The wire turns a refusal into a status and a body; nothing else may word one.

/// Why something was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// 400, with the reason.
    Malformed(String),
    /// 404: no such thing, or no right to know of it.
    NotFound,
    /// 404, with the reason.
    Absent(&'static str),
    /// 410, with the reason.
    Gone(String),
    /// 403, with the reason.
    Forbidden(String),
    /// 405: not now, with the reason.
    NotAllowed(String),
    /// 409: it moved meanwhile, with the reason.
    Conflict(String),
    /// 422: `Validation Failed`, with what is wrong.
    Invalid(Vec<Fault>),
    /// 422 with a message of its own.
    Unprocessable(String),
}

/// One thing that is wrong with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// `Issue`, `Label`, `PullRequest`.
    pub resource: &'static str,
    /// The field.
    pub field: &'static str,
    /// `missing_field`, `already_exists`, `invalid`, `custom`.
    pub code: &'static str,
    /// A sentence, where the code is `custom`.
    pub message: Option<String>,
}

impl Refusal {
    /// 410 for an issue that was deleted.
    pub fn deleted() -> Refusal {
        Refusal::Gone("This issue was deleted".to_owned())
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Malformed(_) => 400,
            Refusal::Forbidden(_) => 403,
            Refusal::NotFound | Refusal::Absent(_) => 404,
            Refusal::NotAllowed(_) => 405,
            Refusal::Conflict(_) => 409,
            Refusal::Gone(_) => 410,
            Refusal::Invalid(_) | Refusal::Unprocessable(_) => 422,
        }
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        match self {
            Refusal::Malformed(reason)
            | Refusal::Forbidden(reason)
            | Refusal::NotAllowed(reason)
            | Refusal::Conflict(reason)
            | Refusal::Gone(reason)
            | Refusal::Unprocessable(reason) => reason,
            Refusal::Absent(reason) => reason,
            Refusal::NotFound => "Not Found",
            Refusal::Invalid(_) => "Validation Failed",
        }
    }
}

impl Fault {
    /// A fault that its code says completely.
    pub fn plain(resource: &'static str, field: &'static str, code: &'static str) -> Refusal {
        Refusal::Invalid(vec![Fault { resource, field, code, message: None }])
    }

    /// A fault with a sentence.
    pub fn custom(resource: &'static str, field: &'static str, message: &str) -> Refusal {
        Refusal::Invalid(vec![Fault { resource, field, code: "custom", message: Some(message.to_owned()) }])
    }
}

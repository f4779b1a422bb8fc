//! What came of a write: done, not done, or unknown.
//!
//! **Guarantees**: "done" and "not done" are known; whatever can't be believed is unknown, and is looked at again.

use super::pacing::RefusalKind;
use serde::{Deserialize, Serialize};

/// What came of a write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Performed<T> {
    /// It is so now, by us or already.
    Done {
        /// What it made.
        value: T,
    },
    /// It is not so, and nothing was changed.
    NotDone {
        /// Why.
        why: String,
        /// By which rule it was refused for good (403, 422, a rule of the remote); `None`: the world moved on.
        refused: Option<RefusalKind>,
    },
    /// No answer, or none that can be believed.
    Unknown {
        /// What happened.
        why: String,
    },
}

impl<T> Performed<T> {
    /// The same with another value.
    pub fn map<U>(self, value_of: impl FnOnce(T) -> U) -> Performed<U> {
        match self {
            Self::Done { value } => Performed::Done { value: value_of(value) },
            Self::NotDone { why, refused } => Performed::NotDone { why, refused },
            Self::Unknown { why } => Performed::Unknown { why },
        }
    }
}

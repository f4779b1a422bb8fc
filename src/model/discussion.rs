//! What was said about a pull request, and by whom it may be quoted.

use super::forge_facts::AccountId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A pull request's own words and what was said about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discussion {
    /// The address of its page.
    #[serde(default)]
    pub link: String,
    /// Its description; `None` where its author may not write to the repository.
    pub body: Option<String>,
    /// Comments, reviews and review comments of those who may write, oldest first.
    pub entries: Vec<DiscussionEntry>,
    /// The addresses of all others, oldest first.
    pub others: Vec<String>,
}

/// One comment, review or review comment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscussionEntry {
    /// Its number among its kind.
    pub id: u64,
    /// Who wrote it.
    pub author: AccountId,
    /// When.
    pub at: Timestamp,
    /// What it is.
    pub kind: EntryKind,
    /// What it says.
    pub text: String,
    /// Its address.
    pub link: String,
}

/// See [`DiscussionEntry`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EntryKind {
    /// A comment.
    Comment,
    /// A review.
    Review {
        /// What it came to.
        verdict: Verdict,
    },
    /// A comment at a file.
    ReviewComment {
        /// The file.
        path: String,
    },
}

/// What a review came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Agreed.
    Approved,
    /// Not before changes.
    ChangesRequested,
    /// Neither, or a verdict that this version doesn't know.
    Commented,
    /// Taken back.
    Dismissed,
}

impl Verdict {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::ChangesRequested => "requested changes",
            Self::Commented => "commented",
            Self::Dismissed => "dismissed",
        }
    }
}

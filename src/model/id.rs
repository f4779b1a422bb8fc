//! Identifiers: repository names, object ids, issue and pull request numbers, GitHub's node ids.
//!
//! **Guarantees**: a [`RepositoryName`] can be put into a URL or a path; an [`ObjectId`] is forty lower-case hex digits.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// `owner/name` of a repository.
///
/// ```
/// use orchestrator::model::RepositoryName;
/// assert_eq!("octo/sample".parse::<RepositoryName>().unwrap().name(), "sample");
/// assert!("../etc".parse::<RepositoryName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName {
    owner: String,
    name: String,
}

/// Why a text is no [`RepositoryName`] or [`ObjectId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Not of the form `owner/name` with the characters GitHub allows.
    #[error("`{0}` is not a repository name of the form owner/name")]
    Repository(String),
    /// Not forty hexadecimal digits.
    #[error("`{0}` is not a SHA-1 object id")]
    Object(String),
}

impl RepositoryName {
    /// The account or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The repository below it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// GitHub allows letters, digits, `-`, `_` and `.`; a segment of dots alone would leave its folder.
fn is_segment(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !text.bytes().all(|byte| byte == b'.')
}

impl FromStr for RepositoryName {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once('/') {
            Some((owner, name)) if is_segment(owner) && is_segment(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            Some(_) | None => Err(InvalidId::Repository(text.chars().take(200).collect())),
        }
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// The SHA-1 name of a git object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId([u8; 20]);

/// An [`ObjectId`] that names a commit.
pub type CommitId = ObjectId;
/// An [`ObjectId`] that names a blob.
pub type BlobId = ObjectId;
/// An [`ObjectId`] that names a tree.
pub type TreeId = ObjectId;

impl ObjectId {
    /// The id of these twenty bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The twenty bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The first eight digits, for people.
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

impl FromStr for ObjectId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId::Object(text.chars().take(60).collect());
        if text.len() != 40 {
            return Err(invalid());
        }
        let mut bytes = [0_u8; 20];
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            match pair {
                [high, low] => *slot = digit(*high).zip(digit(*low)).map(|(h, l)| h << 4 | l).ok_or_else(invalid)?,
                _ => return Err(invalid()),
            }
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for ObjectId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The number of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssueNumber(pub u64);

/// The number of a pull request. GitHub counts both in one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PullNumber(pub u64);

impl fmt::Display for IssueNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl fmt::Display for PullNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// GitHub's global id of an object, the key of `nodes(ids:)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub String);

/// A full reference name, `refs/…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefName(pub String);

impl RefName {
    /// `refs/heads/<branch>`.
    pub fn branch(name: &str) -> Self {
        Self(format!("refs/heads/{name}"))
    }

    /// The reference that holds the ledger.
    pub fn ledger() -> Self {
        Self("refs/orchestrator/ledger".to_owned())
    }

    /// The head of a pull request, which GitHub keeps even after its branch is gone.
    pub fn pull_head(pull: PullNumber) -> Self {
        Self(format!("refs/pull/{}/head", pull.0))
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

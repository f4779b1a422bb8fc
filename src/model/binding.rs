//! The ledger's records: what is bound to which issue, and what came of it.
//!
//! **Guarantees**: a [`Key`] has one percent-encoded file name; `issue` is written once, every other late field is set
//! once. A record is one line of JSON with sorted keys, so the same record is the same blob.

use super::id::{BlobId, CommitId, InvalidId, IssueNumber, NodeId, PullNumber};
use super::queue::ItemName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The folders below `bind/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A queue item, by its file name.
    Item,
    /// A gap analysis, by its question.
    Gap,
    /// The capability update of a queue item, by the item's name.
    Capability,
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Item, Self::Gap, Self::Capability];

    /// The folder in the ledger's tree.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Gap => "gap",
            Self::Capability => "capability",
        }
    }
}

/// What an issue is about; at most one issue is ever bound to a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "KeyText", into = "KeyText")]
pub enum Key {
    /// A queue item.
    Item(ItemName),
    /// The question of a gap analysis: goal, capabilities and how often it was asked.
    Gap {
        /// Blob of the goal.
        goal: Option<BlobId>,
        /// Blob of the capabilities.
        capabilities: Option<BlobId>,
        /// Counted from 1.
        n: u32,
    },
    /// The capability update that a completed item owes.
    Capability(ItemName),
}

/// The wire form of a [`Key`].
#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeyText {
    kind: KeyKind,
    name: String,
}

/// Why a record's key can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the key of a binding")]
pub struct InvalidKey(String);

fn oid_text(id: Option<BlobId>) -> String {
    id.map_or_else(|| "none".to_owned(), |id| id.to_string())
}

fn oid_from(text: &str) -> Result<Option<BlobId>, InvalidId> {
    if text == "none" { Ok(None) } else { text.parse().map(Some) }
}

impl Key {
    /// Which folder of the ledger it lies in.
    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Item(_) => KeyKind::Item,
            Self::Gap { .. } => KeyKind::Gap,
            Self::Capability(_) => KeyKind::Capability,
        }
    }

    /// The key without its kind, before any encoding.
    pub fn name(&self) -> String {
        match self {
            Self::Item(name) | Self::Capability(name) => name.as_str().to_owned(),
            Self::Gap { goal, capabilities, n } => format!("{}-{}-{n}", oid_text(*goal), oid_text(*capabilities)),
        }
    }

    /// The reverse of [`Key::kind`] and [`Key::name`].
    pub fn parse(kind: KeyKind, name: &str) -> Result<Self, InvalidKey> {
        let invalid = || InvalidKey(name.chars().take(200).collect());
        match kind {
            KeyKind::Item => ItemName::new(name).map(Self::Item).ok_or_else(invalid),
            KeyKind::Capability => ItemName::new(name).map(Self::Capability).ok_or_else(invalid),
            KeyKind::Gap => {
                let mut parts = name.split('-');
                let (goal, capabilities, n) = (parts.next(), parts.next(), parts.next());
                match (goal, capabilities, n, parts.next()) {
                    (Some(goal), Some(capabilities), Some(n), None) => Ok(Self::Gap {
                        goal: oid_from(goal).map_err(|_| invalid())?,
                        capabilities: oid_from(capabilities).map_err(|_| invalid())?,
                        n: n.parse().ok().filter(|n| *n >= 1).ok_or_else(invalid)?,
                    }),
                    _ => Err(invalid()),
                }
            }
        }
    }

    /// Its path in the ledger's tree. Every byte but letters, digits, `-`, `_` and inner dots is percent-encoded.
    pub fn path(&self) -> String {
        const PLAIN: &percent_encoding::AsciiSet =
            &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
        let encoded = percent_encoding::utf8_percent_encode(&self.name(), PLAIN).to_string();
        let encoded = match encoded.strip_prefix('.') {
            Some(rest) => format!("%2E{rest}"),
            None => encoded,
        };
        format!("bind/{}/{encoded}.json", self.kind().folder())
    }
}

impl TryFrom<KeyText> for Key {
    type Error = InvalidKey;

    fn try_from(text: KeyText) -> Result<Self, InvalidKey> {
        Self::parse(text.kind, &text.name)
    }
}

impl From<Key> for KeyText {
    fn from(key: Key) -> Self {
        Self { kind: key.kind(), name: key.name() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Item(name) => write!(f, "item {name}"),
            Self::Capability(name) => write!(f, "capability update of {name}"),
            Self::Gap { goal, capabilities, n } => {
                let short = |id: &Option<BlobId>| id.map_or_else(|| "none".to_owned(), |id| id.short());
                write!(f, "gap analysis {}-{}-{n}", short(goal), short(capabilities))
            }
        }
    }
}

/// What came of a binding. A gap's *answer* and an item's *outcome* are the same kind of fact: the end of the story.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemOutcome {
    /// A linked pull request was merged.
    Merged,
    /// The issue was closed as not planned.
    Dropped,
    /// The issue was closed as completed without a merged pull request.
    Closed,
    /// A capability update had nothing to change.
    Unchanged,
    /// A gap analysis produced this queue file.
    File(ItemName),
    /// A gap analysis found the goal reached.
    Reached,
    /// A person closed the gap analysis.
    Declined,
}

impl fmt::Display for ItemOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Merged => f.write_str("merged"),
            Self::Dropped => f.write_str("dropped"),
            Self::Closed => f.write_str("closed"),
            Self::Unchanged => f.write_str("unchanged"),
            // Kept as it is: it is read back.
            Self::File(name) => write!(f, "file {}", name.as_str()),
            Self::Reached => f.write_str("reached"),
            Self::Declined => f.write_str("declined"),
        }
    }
}

/// One binding: key → issue, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// What the issue is about.
    pub key: Key,
    /// Written once.
    pub issue: IssueNumber,
    /// The issue's node id.
    pub node: NodeId,
    /// Numeric id of the issue's author.
    pub author: u64,
    /// Numeric id of the account that wrote the record.
    pub by: u64,
    /// The queue file's blob when it was bound (items and capability updates: the item's).
    pub blob: Option<BlobId>,
    /// When it was bound.
    pub bound: Timestamp,
    /// Where the mainline stood then; `None` where an older version bound it.
    #[serde(default)]
    pub tip: Option<CommitId>,
    /// The pull request that settled it.
    pub pull: Option<PullNumber>,
    /// That pull request's merge commit.
    pub merge: Option<CommitId>,
    /// Set once; until then the binding is unsettled.
    pub outcome: Option<ItemOutcome>,
    /// When it was settled.
    pub settled: Option<Timestamp>,
    /// The assignment after which the agent never began, by GitHub's clock, because of which it was sent once more; set once.
    #[serde(default)]
    pub redispatch: Option<Timestamp>,
}

impl Binding {
    /// Whether its story is over as far as the ledger goes.
    pub const fn is_settled(&self) -> bool {
        self.outcome.is_some()
    }
}

/// Lease and write-ahead intent of a create, in one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Random id of the instance that holds it.
    pub owner: String,
    /// Numeric id of the account that wrote it; 0 where an older version did.
    #[serde(default)]
    pub by: u64,
    /// What it is about to create an issue for.
    pub key: Key,
    /// The issue's number where the bind failed after the create was acknowledged.
    pub number: Option<IssueNumber>,
    /// When it was written.
    pub started: Timestamp,
    /// When another instance may take over.
    pub expires: Timestamp,
}

impl Attempt {
    /// Whether it stands in another instance's way at this time.
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.expires && !self.is_of_another_clock(now)
    }

    /// Whether it begins further in the future than it is long. Then the clock that wrote it and the one that reads it
    /// differ so much — one of them was set — that nobody would wait for the right thing.
    pub fn is_of_another_clock(&self, now: Timestamp) -> bool {
        self.started.duration_since(now) > self.expires.duration_since(self.started)
    }
}

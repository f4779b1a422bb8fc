//! What the planning folder holds: documents, queue entries, and why an entry is no queue item.
//!
//! **Guarantees**: an [`ItemName`] is a file name, never a path; a [`QueueItem`] passed every check of the format.

use super::id::BlobId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One of the three folders below `planning/issue_queue/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Folder {
    /// Work not yet given out.
    Pending,
    /// Given out as an issue.
    Processed,
    /// Done or dropped.
    Complete,
}

impl Folder {
    /// All of them, in the order of the loop.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Processed, Self::Complete];

    /// The last segment of its path.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processed => "processed",
            Self::Complete => "complete",
        }
    }

    /// Its path in the repository.
    pub fn path(self) -> String {
        format!("planning/issue_queue/{}", self.name())
    }

    /// The path of one file in it.
    pub fn path_of(self, name: &ItemName) -> String {
        format!("{}/{}", self.path(), name.as_str())
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The file name of a queue item: its id.
///
/// Two names are the same item when they agree after NFC and case folding ([`ItemName::folded`]): a file system of
/// macOS or Windows can't hold both.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ItemName(String);

impl ItemName {
    /// A name that holds no `/` and no NUL; everything else is judged by the format.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
        plain.then_some(Self(name))
    }

    /// A stand-in for what is no file name at all.
    pub fn unnamed() -> Self {
        Self("unnamed".to_owned())
    }

    /// The name as it stands in the tree.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which names are compared: NFC, case folded.
    pub fn folded(&self) -> String {
        use unicode_normalization::UnicodeNormalization;
        self.0.nfc().flat_map(char::to_lowercase).nfc().collect()
    }
}

/// On one line, whatever git let into the name: one that holds control characters is shown and never given out.
impl fmt::Display for ItemName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().try_for_each(|c| f.write_char(if c.is_control() { '?' } else { c }))
    }
}

/// What a queue file asks for, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Any name without a reserved prefix.
    Development,
    /// `review-*`.
    Review,
    /// `maintenance-*`.
    Maintenance,
    /// `gap-*`, the predecessor's form.
    Gap,
    /// `system-*`, `capability-*`, `capabilities-*`, the predecessor's form.
    Capability,
}

/// A queue file that may be promoted when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueItem {
    /// The file name, its id.
    pub name: ItemName,
    /// What it asks for.
    pub category: Category,
    /// The blob that was read; a move keeps it.
    pub blob: BlobId,
    /// First non-blank line after the front-matter, without `#`; 1 to 256 characters.
    pub title: String,
    /// −100…100, higher first.
    pub priority: i8,
    /// Names that must be complete first.
    pub depends_on: Vec<ItemName>,
    /// Held by its front-matter.
    pub hold: bool,
}

/// Why a file in `pending/` is not promoted and will not be until somebody changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Quarantine {
    /// A name the format does not allow.
    Name {
        /// What is wrong with it.
        problem: String,
    },
    /// A link, a submodule or another mode than a regular file.
    NotRegular,
    /// No text at all, or nothing but white space.
    Empty,
    /// Over the limit of bytes.
    TooLong {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// What git-lfs leaves in place of a file.
    LfsPointer,
    /// The first line is longer than a title may be.
    TitleTooLong {
        /// Its length in characters.
        characters: usize,
    },
    /// The front-matter can't be read.
    FrontMatter {
        /// Its line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A form of the predecessor that this version does not promote yet.
    OlderForm,
    /// Another file has the same name once case and Unicode form are folded.
    SameName {
        /// The other one.
        other: ItemName,
    },
    /// It asks for a pull request that adds one more queue file, and would have the loop feed itself.
    FeedsTheQueue,
    /// The name was bound before; a name is given out once.
    AlreadyUsed {
        /// The issue it became.
        issue: super::IssueNumber,
    },
}

impl fmt::Display for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { problem } => write!(f, "its name {problem}"),
            Self::NotRegular => f.write_str("it is not a regular file"),
            Self::Empty => f.write_str("it is empty"),
            Self::TooLong { bytes, limit } => write!(f, "it has {bytes} bytes; at most {limit} are taken"),
            Self::NotUtf8 => f.write_str("it is not UTF-8 text"),
            Self::LfsPointer => f.write_str("it is a pointer of git-lfs; queue files are plain text"),
            Self::TitleTooLong { characters } => {
                write!(f, "its first line has {characters} characters; a title has at most 256")
            }
            Self::FrontMatter { line, problem } => write!(f, "line {line} of its front-matter: {problem}"),
            Self::OlderForm => f.write_str("files of this older form are not promoted yet"),
            Self::SameName { other } => write!(f, "`{other}` has the same name on other file systems"),
            Self::FeedsTheQueue => f.write_str(
                "it asks for a pull request that adds exactly one new file, which would go on for ever; say what is to be \
                 built instead",
            ),
            Self::AlreadyUsed { issue } => write!(f, "its name was already used by {issue}"),
        }
    }
}

/// One direct child of a queue folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueEntry {
    /// The file name.
    pub name: ItemName,
    /// The blob or link target.
    pub blob: BlobId,
}

/// A document the engine compares by its blob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// `None` where the mainline has no such file.
    pub blob: Option<BlobId>,
}

/// The planning folder of one mainline commit. An absent folder is an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planning {
    /// `planning/vision/goal.md`.
    pub goal: Document,
    /// The goal is there and says nothing: it is empty, or still what `init` put there.
    #[serde(default)]
    pub goal_is_blank: bool,
    /// `planning/state/system_capabilities.md`.
    pub capabilities: Document,
    /// `planning/PAUSE` is present.
    pub paused: bool,
    /// The head's tree holds a workflow file below `.github/workflows/`.
    pub has_workflows: bool,
    /// What may be promoted, in the order in which it will be.
    pub pending: Vec<QueueItem>,
    /// What is in `pending/` and can't be promoted, with the reason.
    pub quarantined: Vec<(ItemName, Quarantine)>,
    /// Direct children of `processed/`.
    pub processed: Vec<QueueEntry>,
    /// Names of every file below `complete/`, month folders included.
    pub complete: Vec<ItemName>,
    /// Files directly in `complete/` that lie in another queue folder, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubles: Vec<QueueEntry>,
    /// How many files lie directly in `complete/`.
    #[serde(default)]
    pub directly_complete: usize,
    /// `*.md` files below each folder, recursively, as dashboards count them.
    pub counts: [usize; 3],
    /// Pending files whose names are reserved (`review-*`, `system-*`, …), as dashboards count them.
    pub excluded: usize,
}

impl Planning {
    /// Whether a file of this name lies in the folder.
    pub fn has(&self, folder: Folder, name: &ItemName) -> bool {
        match folder {
            Folder::Pending => {
                self.pending.iter().any(|item| item.name == *name)
                    || self.quarantined.iter().any(|(other, _)| other == name)
            }
            Folder::Processed => self.processed.iter().any(|entry| entry.name == *name),
            Folder::Complete => self.complete.contains(name),
        }
    }
}

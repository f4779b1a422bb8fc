//! The hidden first line of an issue that says which key it was made for.
//!
//! **Guarantees**: `parse(render(m)) == m`. A marker proves nothing alone: it counts only in an issue by an account the
//! ledger trusts, and only in the body's first or last line (the predecessor appended it).

use super::binding::Key;
use super::id::{BlobId, CommitId, IssueNumber, PullNumber, RepositoryName};
use super::queue::ItemName;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The fixed title of gap analyses, which existing clients match; a predecessor gave them nothing else to go by.
pub const GAP_TITLE: &str = "Identify the next most important development gap";

/// What a marker names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Marker {
    /// A queue item.
    Item(ItemName),
    /// A gap analysis.
    Gap {
        /// Blob of the goal.
        goal: Option<BlobId>,
        /// Blob of the capabilities.
        capabilities: Option<BlobId>,
        /// Counted from 1.
        n: u32,
    },
    /// A capability update, by the newest merged pull request that caused it.
    Capability {
        /// The repository of that pull request.
        repository: RepositoryName,
        /// Its number.
        pull: PullNumber,
    },
}

impl Marker {
    /// The marker in the first or the last line of a body.
    pub fn find(body: &str) -> Option<Self> {
        Self::leading(body).or_else(|| body.lines().rev().find(|line| !line.trim().is_empty()).and_then(Self::parse))
    }

    /// The marker in the first line of a body, where we write it.
    pub fn leading(body: &str) -> Option<Self> {
        body.lines().find(|line| !line.trim().is_empty()).and_then(Self::parse)
    }

    /// Whether it may have been made for a key. A capability update's marker names the pull request and its key the item,
    /// so all of them may; whoever adopts one compares the whole marker.
    pub fn may_be_for(&self, key: &Key) -> bool {
        match (self, key) {
            (Self::Item(name), Key::Item(item)) => name == item,
            (Self::Gap { goal, capabilities, n }, Key::Gap { goal: g, capabilities: c, n: m }) => {
                (goal, capabilities, n) == (g, c, m)
            }
            (Self::Capability { .. }, Key::Capability(_)) => true,
            (Self::Item(_) | Self::Gap { .. } | Self::Capability { .. }, _) => false,
        }
    }

    /// The marker that this one line is.
    pub fn parse(line: &str) -> Option<Self> {
        let inner = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim();
        if let Some(name) = inner.strip_prefix("orchestrator-issue-queue-id:") {
            return ItemName::new(name.trim()).map(Self::Item);
        }
        if let Some(fields) = inner.strip_prefix("orchestrator:gap-analysis ") {
            let field = |name: &str| fields.split_whitespace().find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
            let n: u32 = field("n")?.parse().ok()?;
            return match Key::parse(
                super::binding::KeyKind::Gap,
                &format!("{}-{}-{n}", field("goal")?, field("capabilities")?),
            ) {
                Ok(Key::Gap { goal, capabilities, n }) => Some(Self::Gap { goal, capabilities, n }),
                Ok(Key::Item(_) | Key::Capability(_)) | Err(_) => None,
            };
        }
        let (repository, number) =
            inner.strip_prefix("orchestrator:capability-update-from-pr ")?.trim().split_once('#')?;
        Some(Self::Capability { repository: repository.parse().ok()?, pull: PullNumber(number.parse().ok()?) })
    }
}

/// The hidden first line of a comment of ours: what it was written for, so that it is written once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentMarker {
    /// The agent was asked to go on after a session ended so (the event's id), or stalled (the head's).
    Nudge {
        /// On which pull request.
        pull: PullNumber,
        /// After what.
        event: String,
    },
    /// Something was sent back to the agent, once a head.
    Feedback {
        /// On which pull request.
        pull: PullNumber,
        /// Which head.
        head: CommitId,
    },
    /// The pull request was linked to its issue.
    Link {
        /// Which pull request.
        pull: PullNumber,
        /// Which issue.
        issue: IssueNumber,
    },
}

impl CommentMarker {
    /// Longest id of an event that is believed to be one.
    const LONGEST: usize = 200;

    /// The marker in the first line of a comment.
    pub fn leading(body: &str) -> Option<Self> {
        body.lines().next().and_then(Self::parse)
    }

    /// The marker that this one line is.
    pub fn parse(line: &str) -> Option<Self> {
        let inner = line.trim().strip_prefix("<!--")?.strip_suffix("-->")?.trim().strip_prefix("orchestrator:")?;
        let (kind, fields) = inner.split_once(' ')?;
        let field = |name: &str| fields.split_whitespace().find_map(|f| f.strip_prefix(name)?.strip_prefix('='));
        let pull = PullNumber(field("pr")?.parse().ok()?);
        match kind {
            "nudge" => {
                let event = field("event").filter(|event| event.len() <= Self::LONGEST)?.to_owned();
                Some(Self::Nudge { pull, event })
            }
            "feedback" => Some(Self::Feedback { pull, head: field("head")?.parse().ok()? }),
            "link" => Some(Self::Link { pull, issue: IssueNumber(field("issue")?.parse().ok()?) }),
            _ => None,
        }
    }
}

impl fmt::Display for CommentMarker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nudge { pull, event } => write!(f, "<!-- orchestrator:nudge pr={} event={event} -->", pull.0),
            Self::Feedback { pull, head } => write!(f, "<!-- orchestrator:feedback pr={} head={head} -->", pull.0),
            Self::Link { pull, issue } => write!(f, "<!-- orchestrator:link pr={} issue={} -->", pull.0, issue.0),
        }
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |id: &Option<BlobId>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        match self {
            Self::Item(name) => write!(f, "<!-- orchestrator-issue-queue-id: {name} -->"),
            Self::Gap { goal, capabilities, n } => {
                write!(
                    f,
                    "<!-- orchestrator:gap-analysis goal={} capabilities={} n={n} -->",
                    text(goal),
                    text(capabilities)
                )
            }
            Self::Capability { repository, pull } => {
                write!(f, "<!-- orchestrator:capability-update-from-pr {repository}#{} -->", pull.0)
            }
        }
    }
}

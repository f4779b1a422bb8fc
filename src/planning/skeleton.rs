//! The files that `orchestrator init` adds to a repository.
//!
//! **Guarantees**: the policy file is valid and says every key with its default; the goal is none until somebody has written
//! it, so an untouched skeleton starts nothing.

use crate::model::{BlobId, ObjectId};

/// A file of the skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkeletonFile {
    /// Its path in the repository.
    pub path: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// What `init` adds where it is missing. Queue folders need none: one that is absent is empty.
pub const SKELETON: [SkeletonFile; 2] = [
    SkeletonFile {
        path: "planning/orchestrator.toml",
        content: include_str!("../../templates/planning/orchestrator.toml"),
    },
    SkeletonFile { path: "planning/vision/goal.md", content: include_str!("../../templates/planning/goal.md") },
];

/// The blob of the goal that nobody has written yet; a test asks git for it.
const UNWRITTEN_GOAL: BlobId = ObjectId::from_bytes([
    0xf0, 0xce, 0xe7, 0xd4, 0x7d, 0x07, 0xfd, 0xa6, 0x93, 0xff, 0x52, 0xe0, 0x1c, 0x45, 0xbe, 0x31, 0xb2, 0x10, 0x68,
    0xd0,
]);

/// Whether a goal is the skeleton's, which says nothing.
pub fn is_unwritten(goal: BlobId) -> bool {
    goal == UNWRITTEN_GOAL
}

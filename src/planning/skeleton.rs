//! The files that `orchestrator init` adds to a repository.
//!
//! **Guarantees**: the policy file is valid and says every key with its default; the goal is none until somebody has written
//! it, so an untouched skeleton starts nothing.

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

/// Whether a goal says nothing: it is empty, or still the skeleton's, whatever an editor did to its line ends.
///
/// ```
/// use orchestrator::planning::{SKELETON, is_blank_goal};
/// assert!(is_blank_goal("\n\n") && !is_blank_goal("Count words."));
/// assert!(is_blank_goal(&SKELETON[1].content.replace('\n', "\r\n")));
/// ```
pub fn is_blank_goal(text: &str) -> bool {
    let words = || text.trim_start_matches('\u{feff}').split_whitespace();
    let skeleton = include_str!("../../templates/planning/goal.md");
    words().next().is_none() || words().eq(skeleton.split_whitespace())
}

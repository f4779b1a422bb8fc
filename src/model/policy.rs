//! The policy: what the repository's owners allow, as `planning/orchestrator.toml` on the mainline says it.
//!
//! **Guarantees**: every limit is within its range; the defaults are the documented ones. A policy that is present and
//! valid is the consent to write; merging is a consent of its own.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What became of the policy file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PolicyState {
    /// No such file on the mainline: read-only.
    Missing,
    /// It can't be read: read-only, shown at its line.
    Invalid {
        /// Counted from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        problem: String,
    },
    /// Consent to write.
    Valid {
        /// What it says.
        policy: Policy,
    },
}

/// A guardrail's weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It vetoes.
    #[default]
    Strict,
    /// It is shown.
    Warn,
    /// It is not asked.
    Off,
}

/// How pull requests are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeMethod {
    /// One commit.
    #[default]
    Squash,
    /// A merge commit.
    Merge,
    /// Rebased commits.
    Rebase,
}

impl MergeMethod {
    /// GitHub's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Squash => "squash",
            Self::Merge => "merge",
            Self::Rebase => "rebase",
        }
    }

    /// What comes of it, for people.
    pub const fn merges(self) -> &'static str {
        match self {
            Self::Squash => "squash merges",
            Self::Merge => "merge commits",
            Self::Rebase => "rebase merges",
        }
    }
}

/// `[merge]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergePolicy {
    /// The consent to merge, to mark ready and to delete the agent's branches.
    pub enabled: bool,
    /// How.
    pub method: MergeMethod,
    /// How long a head must have been left alone; in milliseconds.
    #[serde(default = "MergePolicy::cool_down")]
    pub cool_down_ms: u64,
    /// Whether the base is merged into a head that is behind it, where a rule wants that.
    #[serde(default)]
    pub update_branch: bool,
    /// Whether a head is approved, once, before it is merged.
    #[serde(default)]
    pub approve: bool,
}

impl MergePolicy {
    /// The agent may push once more after it asked for a review.
    const fn cool_down() -> u64 {
        120_000
    }
}

impl Default for MergePolicy {
    fn default() -> Self {
        Self {
            enabled: false,
            method: MergeMethod::default(),
            cool_down_ms: Self::cool_down(),
            update_branch: false,
            approve: false,
        }
    }
}

/// `[loop]`; durations in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopPolicy {
    /// How many items may be in work at once.
    pub max_in_flight: u32,
    /// Pause between two looks.
    pub poll_ms: u64,
    /// How long an unknown create may still become visible.
    pub doubt_ms: u64,
    /// How long an attempt belongs to its owner.
    pub lease_ms: u64,
    /// Pause between two writes.
    pub write_spacing_ms: u64,
    /// Whether the one finished pull request of the agent that answers an issue without closing it is linked to it.
    #[serde(default)]
    pub auto_link: bool,
}

impl Default for LoopPolicy {
    fn default() -> Self {
        Self {
            max_in_flight: 1,
            poll_ms: 30_000,
            doubt_ms: 120_000,
            lease_ms: 360_000,
            write_spacing_ms: 1_000,
            auto_link: false,
        }
    }
}

impl LoopPolicy {
    /// Pause between two writes.
    pub fn write_spacing(&self) -> SignedDuration {
        SignedDuration::from_millis(i64::try_from(self.write_spacing_ms).unwrap_or(1_000))
    }
}

/// `[limits]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Issues created an hour.
    pub issues_per_hour: u32,
    /// Merges an hour.
    pub merges_per_hour: u32,
    /// Comments to the agent a pull request in any 24 hours.
    pub nudges_per_day: u32,
    /// Merges in any 24 hours.
    #[serde(default = "Limits::merges_a_day")]
    pub merges_per_day: u32,
    /// Files that a pull request may change.
    #[serde(default = "Limits::files")]
    pub changed_files: u32,
    /// Lines that a pull request may add and delete together.
    #[serde(default = "Limits::lines")]
    pub changed_lines: u32,
}

impl Limits {
    const fn merges_a_day() -> u32 {
        100
    }
    const fn files() -> u32 {
        200
    }
    const fn lines() -> u32 {
        10_000
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            issues_per_hour: 12,
            merges_per_hour: 20,
            nudges_per_day: 3,
            merges_per_day: Self::merges_a_day(),
            changed_files: Self::files(),
            changed_lines: Self::lines(),
        }
    }
}

/// `[agent]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPolicy {
    /// The login that assignments name.
    pub login: String,
    /// How long an assigned agent may take to open its pull request before it is assigned once more; in milliseconds.
    #[serde(default = "AgentPolicy::start")]
    pub start_ms: u64,
    /// Whether workflow runs that wait for approval are run: they run the agent's code, unseen, with the repository's secrets.
    #[serde(default)]
    pub rerun_held_runs: bool,
}

impl AgentPolicy {
    /// Seconds on most days; it was 54 minutes on one bad day (github.com, incident of 2026-04-09).
    const fn start() -> u64 {
        3_600_000
    }
}

impl Default for AgentPolicy {
    fn default() -> Self {
        Self { login: "copilot-swe-agent[bot]".to_owned(), start_ms: Self::start(), rerun_held_runs: false }
    }
}

/// `[commit]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitPolicy {
    /// Author and committer.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Whether subjects end in `[skip ci]`.
    pub skip_ci: bool,
}

impl Default for CommitPolicy {
    fn default() -> Self {
        Self {
            name: "orchestrator".to_owned(),
            email: "orchestrator@users.noreply.github.com".to_owned(),
            skip_ci: true,
        }
    }
}

/// The whole policy file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// `[merge]`.
    pub merge: MergePolicy,
    /// `[loop]`.
    pub pacing: LoopPolicy,
    /// `[limits]`.
    pub limits: Limits,
    /// `[agent]`.
    pub agent: AgentPolicy,
    /// `[commit]`.
    pub commit: CommitPolicy,
    /// `[guardrails] checks`.
    pub checks: Severity,
    /// `[guardrails] mergeable`.
    pub mergeable: Severity,
    /// `[guardrails] review_request`.
    pub review_request: Severity,
    /// `[guardrails] reviews`.
    #[serde(default)]
    pub reviews: Severity,
    /// `[guardrails] diff_size`.
    #[serde(default)]
    pub diff_size: Severity,
    /// `[guardrails] cool_down`.
    #[serde(default)]
    pub cool_down: Severity,
    /// `[guardrails] merge_cap`.
    #[serde(default)]
    pub merge_cap: Severity,
}

//! The rules of the mainline as GitHub tells them, and what they ask for.
//!
//! **Guarantees**: a rule that this program doesn't know is kept by its name, never dropped.

use super::policy::MergeMethod;

/// What a rule asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// Changes come through pull requests.
    PullRequest {
        /// Approving reviews that each needs.
        approvals: u64,
        /// Whether an owner of the changed code has to be among them.
        owners: bool,
        /// Whether every review thread has to be resolved.
        threads: bool,
        /// The merge methods that are allowed; none named: all.
        methods: Vec<MergeMethod>,
    },
    /// Commits carry a verified signature.
    Signatures,
    /// No merge commits.
    LinearHistory,
    /// These checks are green.
    Checks {
        /// Their names.
        names: Vec<String>,
        /// Whether the head has to contain the mainline's tip.
        strict: bool,
    },
    /// A queue merges.
    MergeQueue,
    /// Deployments to these environments succeeded.
    Deployments(Vec<String>),
    /// Only some accounts may change it at all.
    Restricted,
    /// Something else has to pass before a merge: workflows, scanning.
    Gate(String),
    /// What a push may contain, or how its commits are worded.
    Content(String),
    /// It has nothing to do with what is done here: deletions, forced pushes.
    Harmless,
    /// One that this program doesn't know.
    Unknown(String),
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainlineRule {
    /// What it asks for.
    pub kind: RuleKind,
    /// Whether this token may break it by a push.
    pub bypass: bool,
}

/// All that could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MainlineRules {
    /// Of rulesets and of classic protection.
    pub rules: Vec<MainlineRule>,
    /// Whether classic protection could be read; where not, that proves nothing.
    pub classic: bool,
}

//! The process environment, read once and in one place.
//!
//! **Guarantees**: nobody else reads a variable; an empty one is an absent one.

use secrecy::SecretString;
use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `ORCHESTRATOR_GITHUB_TOKEN`.
    pub token: Option<SecretString>,
    /// `GITHUB_BASE_URL`.
    pub api_url: Option<String>,
    /// `ORCHESTRATOR_DEFAULT_REPO`.
    pub repository: Option<String>,
    /// `ORCHESTRATOR_DATA_DIR`.
    pub data_dir: Option<PathBuf>,
    /// `XDG_STATE_HOME`, else `$HOME/.local/state`.
    pub state_home: Option<PathBuf>,
    /// `LOG_LEVEL`.
    pub log_level: Option<String>,
    /// `ORCHESTRATOR_STOP_AT`, for tests: the process ends at that stop point.
    pub stop_at: Option<String>,
}

impl Environment {
    /// Of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn from_process() -> Self {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let home = || text("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        Self {
            token: text("ORCHESTRATOR_GITHUB_TOKEN").map(|token| SecretString::from(token.trim().to_owned())),
            api_url: text("GITHUB_BASE_URL"),
            repository: text("ORCHESTRATOR_DEFAULT_REPO"),
            data_dir: text("ORCHESTRATOR_DATA_DIR").map(PathBuf::from),
            state_home: text("XDG_STATE_HOME").map(PathBuf::from).or_else(home),
            log_level: text("LOG_LEVEL"),
            stop_at: text("ORCHESTRATOR_STOP_AT"),
        }
    }
}

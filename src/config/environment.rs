//! The process environment, read once and in one place, completed by a `.env` file of the working directory.
//!
//! **Guarantees**: nobody else reads a variable; an empty one is an absent one; the process environment wins over `.env`.
//! A `.env` that git tracks is not read: whoever may push, the agent included, could write it.

use super::token::TokenSource;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest `.env` that is read.
const MAX_BYTES: u64 = 64 * 1024;
/// What is taken from a `.env`: the predecessor's names.
const DOTENV: [&str; 5] =
    ["ORCHESTRATOR_GITHUB_TOKEN", "GITHUB_BASE_URL", "ORCHESTRATOR_DEFAULT_REPO", "ORCHESTRATOR_DATA_DIR", "LOG_LEVEL"];

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `ORCHESTRATOR_GITHUB_TOKEN`.
    pub token: Option<TokenSource>,
    /// `GITHUB_TOKEN`, inside GitHub Actions only.
    pub actions_token: Option<TokenSource>,
    /// `GITHUB_BASE_URL`.
    pub api_url: Option<String>,
    /// Whether the API's address stands in `.env` only.
    pub api_url_from_file: bool,
    /// `ORCHESTRATOR_DEFAULT_REPO`.
    pub repository: Option<String>,
    /// `ORCHESTRATOR_DATA_DIR`.
    pub data_dir: Option<PathBuf>,
    /// `XDG_STATE_HOME`, else `$HOME/.local/state`.
    pub state_home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, else `$HOME/.config`.
    pub config_home: Option<PathBuf>,
    /// `LOG_LEVEL`.
    pub log_level: Option<String>,
    /// `NO_COLOR`.
    pub no_color: bool,
    /// `SSL_CERT_FILE`, where git has no certificates of its own named by `GIT_SSL_CAINFO`.
    pub authorities: Option<PathBuf>,
    /// `ORCHESTRATOR_STOP_AT`, for tests: the process ends at that stop point.
    pub stop_at: Option<String>,
}

/// What a `.env` file says of the names that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DotEnv(BTreeMap<String, String>);

impl DotEnv {
    /// Reads `.env` in a folder. One that is absent, too large or no text says nothing; a line that is none of a variable
    /// is skipped, for the file belongs to other programs too.
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(".env");
        let fits = std::fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() <= MAX_BYTES);
        let lines = fits.then(|| dotenvy::from_path_iter(&path).ok()).flatten().into_iter().flatten();
        Self(lines.filter_map(Result::ok).filter(|(name, _)| DOTENV.contains(&name.as_str())).collect())
    }

    /// Whether it says anything that would be used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Environment {
    /// Of this process, completed by a `.env`.
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    pub fn from_process(file: &DotEnv) -> Self {
        Self::from(|name| std::env::var(name).ok(), file)
    }

    fn from(process: impl Fn(&str) -> Option<String>, file: &DotEnv) -> Self {
        let given = |name: &str| process(name).filter(|value| !value.trim().is_empty());
        let text =
            |name: &str| given(name).or_else(|| file.0.get(name).filter(|value| !value.trim().is_empty()).cloned());
        let below_home = |folder: &str| given("HOME").map(|home| PathBuf::from(home).join(folder));
        let token = |name: &'static str, value: Option<String>| {
            value.map(|value| TokenSource::Variable { name, value: SecretString::from(value.trim().to_owned()) })
        };
        let in_actions = given("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        Self {
            token: token("ORCHESTRATOR_GITHUB_TOKEN", text("ORCHESTRATOR_GITHUB_TOKEN")),
            actions_token: token("GITHUB_TOKEN", given("GITHUB_TOKEN").filter(|_| in_actions)),
            api_url: text("GITHUB_BASE_URL"),
            api_url_from_file: given("GITHUB_BASE_URL").is_none(),
            repository: text("ORCHESTRATOR_DEFAULT_REPO"),
            data_dir: text("ORCHESTRATOR_DATA_DIR").map(PathBuf::from),
            state_home: given("XDG_STATE_HOME").map(PathBuf::from).or_else(|| below_home(".local/state")),
            config_home: given("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| below_home(".config")),
            log_level: text("LOG_LEVEL"),
            no_color: given("NO_COLOR").is_some(),
            authorities: given("SSL_CERT_FILE").filter(|_| given("GIT_SSL_CAINFO").is_none()).map(PathBuf::from),
            stop_at: given("ORCHESTRATOR_STOP_AT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_wins_over_the_file_and_the_file_gives_only_known_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "# ours\nORCHESTRATOR_GITHUB_TOKEN='from file'\nLOG_LEVEL=debug\nORCHESTRATOR_STOP_AT=promote.bind\nthis is no line\nGITHUB_BASE_URL=https://file.example\n";
        std::fs::write(folder.path().join(".env"), text).expect("written");
        let file = DotEnv::read(folder.path());
        let process = |name: &str| match name {
            "LOG_LEVEL" => Some("info".to_owned()),
            "GITHUB_BASE_URL" => Some(" ".to_owned()),
            "GITHUB_TOKEN" => Some("not in actions".to_owned()),
            "HOME" => Some("/home/x".to_owned()),
            _ => None,
        };
        let environment = Environment::from(process, &file);
        assert_eq!((environment.log_level.as_deref(), environment.stop_at), (Some("info"), None));
        assert_eq!(environment.api_url.as_deref(), Some("https://file.example"));
        assert!(environment.api_url_from_file && environment.token.is_some() && environment.actions_token.is_none());
        assert_eq!(environment.config_home, Some(PathBuf::from("/home/x/.config")));
        assert!(DotEnv::read(&folder.path().join("nowhere")).is_empty());
    }
}

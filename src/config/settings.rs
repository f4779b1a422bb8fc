//! Which repository, where, with whose token, and where its data lies.
//!
//! **Guarantees**: flags win over the environment; what is missing is said with the flag or variable that gives it.

use super::environment::Environment;
use crate::failure::{Exit, Explain};
use crate::model::RepositoryName;
use secrecy::SecretString;
use std::path::PathBuf;

/// GitHub's own API.
const GITHUB: &str = "https://api.github.com";

/// What flags may say.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--repo`.
    pub repository: Option<String>,
    /// `--api-url`.
    pub api_url: Option<String>,
    /// `--git-url`.
    pub git_url: Option<String>,
    /// `--data-dir`.
    pub data_dir: Option<PathBuf>,
}

/// Everything that is needed to drive one repository.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which repository.
    pub repository: RepositoryName,
    /// Its API.
    pub api_url: String,
    /// Its git remote.
    pub git_url: String,
    /// `<data folder>/<host>/<owner>/<name>`.
    pub folder: PathBuf,
    /// A user's token.
    pub token: Option<SecretString>,
    /// `ORCHESTRATOR_STOP_AT`.
    pub stop_at: Option<String>,
}

/// Why the settings don't suffice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No repository is named.
    #[error("no repository is named")]
    NoRepository,
    /// What is named is none.
    #[error("{0}")]
    Repository(String),
    /// The API address is none.
    #[error("`{0}` is not an address of an API")]
    ApiUrl(String),
    /// No folder for data is known.
    #[error("neither XDG_STATE_HOME nor HOME is set")]
    NoDataFolder,
}

impl Explain for SettingsError {
    fn exit(&self) -> Exit {
        Exit::Settings
    }

    fn help(&self) -> String {
        match self {
            Self::NoRepository => "pass --repo owner/name, or set ORCHESTRATOR_DEFAULT_REPO",
            Self::Repository(_) => "pass --repo owner/name",
            Self::ApiUrl(_) => "set GITHUB_BASE_URL to https://api.github.com or https://<host>/api/v3",
            Self::NoDataFolder => "pass --data-dir, or set ORCHESTRATOR_DATA_DIR",
        }
        .to_owned()
    }
}

/// Puts flags and environment together.
///
/// # Errors
/// What is missing or wrong, with its help line.
pub fn resolve(flags: Flags, environment: &Environment) -> Result<Settings, SettingsError> {
    let named = flags.repository.or_else(|| environment.repository.clone()).ok_or(SettingsError::NoRepository)?;
    let repository: RepositoryName =
        named.parse().map_err(|error: crate::model::InvalidId| SettingsError::Repository(error.to_string()))?;
    let api_url = flags.api_url.or_else(|| environment.api_url.clone()).unwrap_or_else(|| GITHUB.to_owned());
    let api_url = api_url.trim_end_matches('/').to_owned();
    let (git_url, host) = git_url(&api_url, &repository).ok_or_else(|| SettingsError::ApiUrl(api_url.clone()))?;
    let state = environment.state_home.as_ref().map(|home| home.join("orchestrator"));
    let data = flags.data_dir.or_else(|| environment.data_dir.clone()).or(state).ok_or(SettingsError::NoDataFolder)?;
    let folder = data.join(host.replace(':', "_")).join(repository.owner()).join(repository.name());
    Ok(Settings {
        git_url: flags.git_url.unwrap_or(git_url),
        repository,
        api_url,
        folder,
        token: environment.token.clone(),
        stop_at: environment.stop_at.clone(),
    })
}

/// The git remote that belongs to an API, and its host.
fn git_url(api_url: &str, repository: &RepositoryName) -> Option<(String, String)> {
    let (scheme, rest) = api_url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
    let host = rest.split('/').next().filter(|host| !host.is_empty() && !host.contains('@'))?;
    let host = if api_url == GITHUB { "github.com" } else { host };
    Some((format!("{scheme}://{host}/{repository}.git"), host.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(api: Option<&str>) -> Result<Settings, SettingsError> {
        let environment = Environment { state_home: Some(PathBuf::from("/state")), ..Environment::default() };
        let flags =
            Flags { repository: Some("octo/sample".to_owned()), api_url: api.map(str::to_owned), ..Flags::default() };
        resolve(flags, &environment)
    }

    #[test]
    fn the_git_remote_follows_from_the_api() {
        let cases = [
            (None, "https://github.com/octo/sample.git"),
            (Some("https://git.example.org/api/v3/"), "https://git.example.org/octo/sample.git"),
            (Some("http://127.0.0.1:8080"), "http://127.0.0.1:8080/octo/sample.git"),
        ];
        for (api, expected) in cases {
            assert_eq!(resolved(api).expect("settings").git_url, expected);
        }
        assert_eq!(
            resolved(None).expect("settings").folder,
            PathBuf::from("/state/orchestrator/github.com/octo/sample")
        );
    }

    #[test]
    fn what_is_missing_is_said_with_its_help() {
        let nothing = Environment::default();
        let missing = |flags: Flags| resolve(flags, &nothing).map(|_| ()).expect_err("something is missing");
        assert!(missing(Flags::default()).help().starts_with("pass --repo owner/name"));
        let repository = |name: &str| Flags { repository: Some(name.to_owned()), ..Flags::default() };
        assert!(missing(repository("x")).to_string().starts_with("`x` is not a repository name"));
        assert!(missing(repository("a/b")).help().contains("ORCHESTRATOR_DATA_DIR"));
        assert!(resolved(Some("ftp://x")).is_err_and(|error| error.help().contains("GITHUB_BASE_URL")));
    }
}

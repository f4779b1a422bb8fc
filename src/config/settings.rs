//! Which repository, where, with whose token, and where its data lies.
//!
//! **Guarantees**: flags win over the environment, the environment over the machine file, that over what a checkout's
//! remote says; what is missing is said with the flag or variable that gives it. A token goes to its own host only: to
//! the API, and to the git remote on the same host; never over a network without encryption.

use super::address::{self, GITHUB, RemoteAddress};
use super::environment::Environment;
use super::machine::{Machine, MachineError};
use super::token::{TokenError, TokenSource};
use crate::failure::{Exit, Explain};
use crate::model::RepositoryName;
use secrecy::SecretString;
use std::path::PathBuf;

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
    /// `--token-file`.
    pub token_file: Option<PathBuf>,
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
    /// A user's token, for the API's host.
    pub token: Option<SecretString>,
    /// Where the token comes from, to be read again.
    pub source: Option<TokenSource>,
    /// Certificates that git trusts besides the machine's.
    pub authorities: Option<PathBuf>,
    /// `ORCHESTRATOR_STOP_AT`.
    pub stop_at: Option<String>,
}

impl Settings {
    /// The token for the git remote: none where that is another host than the API's, which has credentials of its own.
    pub fn git_token(&self) -> Option<SecretString> {
        let ours = address::git_url(&self.api_url, &self.repository).map(|(_, host)| host);
        let theirs = RemoteAddress::parse(&self.git_url).map(|remote| remote.host);
        self.token.clone().filter(|_| ours.is_some() && ours.map(|host| host.to_ascii_lowercase()) == theirs)
    }
}

/// The working directory.
///
/// # Errors
/// When it is gone.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn working_directory() -> std::io::Result<PathBuf> {
    std::env::current_dir()
}

/// Why the settings don't suffice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No repository is named.
    #[error("no repository is named, and this is no checkout whose `origin` names one")]
    NoRepository,
    /// What is named is none.
    #[error("{0}")]
    Repository(String),
    /// The API address is none.
    #[error("`{0}` is not an address of an API")]
    ApiUrl(String),
    /// A token would go over the network for everybody to read.
    #[error("`{0}` is not encrypted: a token sent there could be read on its way")]
    PlainApi(String),
    /// The API is not known from the remote.
    #[error("the remote {0} does not say where the API is")]
    NoApi(String),
    /// A `.env` would send the token elsewhere.
    #[error(".env names the API {api}, but the checkout's remote is on {host}")]
    ForeignApi {
        /// What `.env` says.
        api: String,
        /// What the remote says.
        host: String,
    },
    /// No folder for data is known.
    #[error("neither XDG_STATE_HOME nor HOME is set")]
    NoDataFolder,
    /// The machine file is wrong.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The token's source is broken.
    #[error(transparent)]
    Token(#[from] TokenError),
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
            Self::PlainApi(_) => "pass --api-url with https://",
            Self::NoApi(_) => "pass --api-url https://api.github.com, or https://<host>/api/v3",
            Self::ForeignApi { .. } => {
                "pass --api-url if that is meant; a file in a checkout may not send the token to another host"
            }
            Self::NoDataFolder => "pass --data-dir, or set ORCHESTRATOR_DATA_DIR",
            Self::Machine(error) => return error.help(),
            Self::Token(error) => return error.help(),
        }
        .to_owned()
    }
}

/// Puts flags, environment, machine file and a checkout's remote together.
///
/// # Errors
/// What is missing or wrong, with its help line.
pub fn resolve(flags: Flags, environment: &Environment, origin: Option<&str>) -> Result<Settings, SettingsError> {
    let remote = origin.and_then(RemoteAddress::parse);
    let named = flags.repository.clone().or_else(|| environment.repository.clone());
    let repository: RepositoryName = match (named, &remote) {
        (Some(named), _) => {
            named.parse().map_err(|error: crate::model::InvalidId| SettingsError::Repository(error.to_string()))?
        }
        (None, Some(remote)) => remote.repository.clone(),
        (None, None) => return Err(SettingsError::NoRepository),
    };
    // GitHub compares names without case.
    let same = |remote: &&RemoteAddress| remote.repository.to_string().eq_ignore_ascii_case(&repository.to_string());
    let beside = remote.as_ref().filter(same);
    let machine = environment.config_home.as_ref().map(|home| Machine::read(&home.join("orchestrator/config.toml")));
    let machine = machine.transpose()?.unwrap_or_default().entry(&repository.to_string());
    let api_url = api_url(&flags, environment, machine.api_url.as_deref(), beside, origin)?;
    let (derived, host) = address::git_url(&api_url, &repository)
        .ok_or_else(|| SettingsError::ApiUrl(address::without_password(&api_url)))?;
    if api_url.starts_with("http://") && !address::is_loopback(&host) {
        return Err(SettingsError::PlainApi(api_url));
    }
    let beside = beside.and(origin).map(str::to_owned);
    let git_url = address::without_password(&flags.git_url.or(machine.git_url).or(beside).unwrap_or(derived));
    let state = environment.state_home.as_ref().map(|home| home.join("orchestrator"));
    let data = flags.data_dir.or_else(|| environment.data_dir.clone()).or(state).ok_or(SettingsError::NoDataFolder)?;
    let folder = data.join(host.replace(':', "_")).join(repository.owner()).join(repository.name());
    let source = flags
        .token_file
        .map(|path| TokenSource::File { path, named_by: "--token-file" })
        .or_else(|| environment.token.clone())
        .or_else(|| machine.token_file.map(|path| TokenSource::File { path, named_by: "token_file" }))
        .or_else(|| machine.token_command.map(TokenSource::Command))
        .or_else(|| environment.actions_token.clone())
        .or_else(|| api_url.starts_with("https://").then(|| TokenSource::GhCli { host: host.clone() }));
    let token = source.as_ref().map(TokenSource::read).transpose()?.flatten();
    let source = source.filter(|_| token.is_some());
    let (authorities, stop_at) = (environment.authorities.clone(), environment.stop_at.clone());
    Ok(Settings { repository, api_url, git_url, folder, token, source, authorities, stop_at })
}

/// The API's address.
fn api_url(
    flags: &Flags,
    environment: &Environment,
    machine: Option<&str>,
    beside: Option<&RemoteAddress>,
    origin: Option<&str>,
) -> Result<String, SettingsError> {
    let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
    if let Some(url) = &flags.api_url {
        return Ok(trimmed(url));
    }
    let known = beside.and_then(RemoteAddress::api_url);
    if let Some(url) = environment.api_url.as_deref().map(trimmed) {
        let elsewhere = known.as_deref().is_some_and(|known| !known.eq_ignore_ascii_case(&url));
        if environment.api_url_from_file && elsewhere {
            let host = beside.map(|remote| remote.host.clone()).unwrap_or_default();
            return Err(SettingsError::ForeignApi { api: address::without_password(&url), host });
        }
        return Ok(url);
    }
    if let Some(url) = machine {
        return Ok(trimmed(url));
    }
    match (beside, known) {
        (Some(_), None) => Err(SettingsError::NoApi(address::without_password(origin.unwrap_or_default()))),
        (_, known) => Ok(known.unwrap_or_else(|| GITHUB.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::path::Path;

    const ORIGIN: Option<&str> = Some("git@github.com:octo/sample.git");

    fn environment() -> Environment {
        let value = SecretString::from("ghp_canary".to_owned());
        let token = Some(TokenSource::Variable { name: "ORCHESTRATOR_GITHUB_TOKEN", value });
        Environment { state_home: Some(PathBuf::from("/state")), token, ..Environment::default() }
    }

    fn flags(repository: &str, api: Option<&str>) -> Flags {
        Flags { repository: Some(repository.to_owned()), api_url: api.map(str::to_owned), ..Flags::default() }
    }

    #[test]
    fn the_git_remote_follows_from_the_api() {
        for (api, expected) in [
            (None, "https://github.com/octo/sample.git"),
            (Some("https://git.example.org/api/v3/"), "https://git.example.org/octo/sample.git"),
            (Some("https://api.octo.ghe.com"), "https://octo.ghe.com/octo/sample.git"),
            (Some("http://127.0.0.1:8080"), "http://127.0.0.1:8080/octo/sample.git"),
        ] {
            let settings = resolve(flags("octo/sample", api), &environment(), None).expect("settings");
            assert_eq!(settings.git_url, expected);
            assert!(settings.git_token().is_some(), "{expected}");
        }
        let settings = resolve(flags("octo/sample", None), &environment(), None).expect("settings");
        assert_eq!(settings.folder, PathBuf::from("/state/orchestrator/github.com/octo/sample"));
    }

    #[test]
    fn beside_a_checkout_its_remote_says_which_repository_which_api_and_where_git_pushes() {
        let settings = resolve(Flags::default(), &environment(), ORIGIN).expect("settings");
        assert_eq!((settings.repository.to_string().as_str(), settings.api_url.as_str()), ("octo/sample", GITHUB));
        assert_eq!(settings.git_url, "git@github.com:octo/sample.git");
        let other = resolve(flags("octo/other", None), &environment(), ORIGIN).expect("settings");
        assert_eq!(other.git_url, "https://github.com/octo/other.git");
        let enterprise =
            resolve(Flags::default(), &environment(), Some("https://ghe.example/octo/sample")).expect("settings");
        assert_eq!(enterprise.api_url, "https://ghe.example/api/v3");
        let alias = resolve(Flags::default(), &environment(), Some("git@work:octo/sample.git")).map(|_| ());
        assert_eq!(alias, Err(SettingsError::NoApi("git@work:octo/sample.git".to_owned())));
    }

    #[test]
    fn the_token_goes_to_its_own_host_only() {
        let elsewhere =
            Flags { git_url: Some("https://evil.example/octo/sample.git".to_owned()), ..flags("octo/sample", None) };
        let settings = resolve(elsewhere, &environment(), None).expect("settings");
        assert!(settings.token.is_some() && settings.git_token().is_none());
        let plain = resolve(flags("octo/sample", Some("http://git.example.org/api/v3")), &environment(), None);
        assert!(matches!(plain, Err(SettingsError::PlainApi(_))));
    }

    #[test]
    fn a_dotenv_may_not_send_the_token_to_another_host_than_the_remotes() {
        let api_url = Some("https://evil.example/api/v3".to_owned());
        let mut environment = Environment { api_url, api_url_from_file: true, ..environment() };
        let refused = resolve(Flags::default(), &environment, ORIGIN);
        assert!(matches!(refused, Err(SettingsError::ForeignApi { .. })), "{refused:?}");
        environment.api_url_from_file = false;
        assert!(resolve(Flags::default(), &environment, ORIGIN).is_ok(), "the environment is the user's own");
        let api_url = Some("https://api.github.com/".to_owned());
        let environment = Environment { api_url, api_url_from_file: true, ..environment };
        assert!(resolve(Flags::default(), &environment, ORIGIN).is_ok());
    }

    #[test]
    fn the_first_token_source_that_is_named_decides() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &Path, text: &str| std::fs::write(path, text).expect("written");
        let file = folder.path().join("token");
        write(&file, "ghp_file");
        std::fs::create_dir(folder.path().join("orchestrator")).expect("a folder");
        write(&folder.path().join("orchestrator/config.toml"), "token_command = [\"printf\", \"ghp_command\"]");
        let config_home = Some(folder.path().to_owned());
        let token = |flags: Flags, environment: &Environment| {
            let settings = resolve(flags, environment, ORIGIN).expect("settings");
            settings.token.map(|token| token.expose_secret().to_owned())
        };
        let machine = Environment { token: None, config_home, ..environment() };
        assert_eq!(token(Flags::default(), &machine).as_deref(), Some("ghp_command"));
        let both = Environment { token: environment().token, ..machine.clone() };
        assert_eq!(token(Flags::default(), &both).as_deref(), Some("ghp_canary"));
        let flags = Flags { token_file: Some(file.clone()), ..Flags::default() };
        assert_eq!(token(flags.clone(), &both).as_deref(), Some("ghp_file"));
        std::fs::remove_file(&file).expect("removed");
        assert!(matches!(resolve(flags, &both, ORIGIN), Err(SettingsError::Token(_))), "no other is tried in silence");
    }

    #[test]
    fn what_is_missing_is_said_with_its_help() {
        let nothing = Environment::default();
        let missing = |flags: Flags| resolve(flags, &nothing, None).map(|_| ()).expect_err("something is missing");
        assert!(missing(Flags::default()).help().starts_with("pass --repo owner/name"));
        assert!(missing(flags("x", None)).to_string().starts_with("`x` is not a repository name"));
        assert!(missing(flags("a/b", None)).help().contains("ORCHESTRATOR_DATA_DIR"));
        assert!(missing(flags("a/b", Some("ftp://x"))).help().contains("GITHUB_BASE_URL"));
    }
}

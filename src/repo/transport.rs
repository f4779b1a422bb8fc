//! The `git` program on the network: ls-remote, fetch, push.
//!
//! **Needs** `git`. **Guarantees**: the caller's git environment is taken away, prompts and hooks are off, input is
//! empty, every call has a time limit. A token reaches git in the environment of that one call, for that one host, and
//! only over https or to this machine; it is in no argument, address or file.
//! **Races**: a push whose answer is lost is neither done nor refused; the caller reads the reference back.

use super::answer::{Output, PushRefusal, Pushed, failure, porcelain};
use super::clone::Settings;
use super::progress::Progress;
use crate::model::{CommitId, Reason, RefName, RefusalKind, Tallies, Tally};
use crate::text;
use base64::Engine as _;
use secrecy::{ExposeSecret, SecretString};
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most bytes that are read of an answer.
const MAX_OUTPUT: u64 = 8 * 1024 * 1024;

/// Variables by which a caller's git would reach into ours: `git rev-parse --local-env-vars`, quarantine, namespace, and
/// traces, which would stand among the answers or show a header.
const LOCAL: [&str; 34] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CURL_VERBOSE",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
    "GIT_TRACE2",
    "GIT_TRACE2_EVENT",
    "GIT_TRACE2_PERF",
    "GIT_TRACE_CURL",
    "GIT_TRACE_CURL_NO_DATA",
    "GIT_TRACE_FSMONITOR",
    "GIT_TRACE_PACKET",
    "GIT_TRACE_PACKFILE",
    "GIT_TRACE_PACK_ACCESS",
    "GIT_TRACE_PERFORMANCE",
    "GIT_TRACE_REDACT",
    "GIT_TRACE_REFS",
    "GIT_TRACE_SETUP",
    "GIT_TRACE_SHALLOW",
    "GIT_WORK_TREE",
];

/// What a remote on this machine is reached without: a proxy could not reach it, and nobody's configuration is about it.
const PROXIES: [&str; 6] = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Settings that no configuration of the user may change for our clone.
const FIXED: [(&str, &str); 8] = [
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("submodule.recurse", "false"),
    ("push.followTags", "false"),
    ("push.gpgSign", "false"),
    ("push.recurseSubmodules", "no"),
];

/// How often git was called, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GitCalls {
    /// Calls.
    pub count: u64,
    /// Their time in milliseconds.
    pub millis: u64,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The program can't be started.
    #[error("cannot run git: {0}")]
    NoGit(String),
    /// It took too long and was ended.
    #[error("git {call} took longer than {seconds} s")]
    TimedOut {
        /// Which call.
        call: &'static str,
        /// The limit.
        seconds: u64,
    },
    /// The remote doesn't accept the credentials.
    #[error("the remote refused the credentials: {0}")]
    Unauthorized(String),
    /// There is no such repository, or the credentials may not see it.
    #[error("the remote has no such repository, or the credentials may not see it: {0}")]
    NotFound(String),
    /// The remote's objects have names that this program doesn't read.
    #[error("the remote names its objects by SHA-256, which this program does not read")]
    ForeignObjects,
    /// Anything else that git says.
    #[error("git {call} failed: {message}")]
    Failed {
        /// Which call.
        call: &'static str,
        /// The last lines of its error output.
        message: String,
    },
}

/// Whose configuration of git applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Configuration {
    /// The user's and the system's: ssh, proxies and credential helpers work as the user has them.
    #[default]
    User,
    /// Nobody's, and no proxy: for a remote that this program has made itself.
    Nobody,
}

/// Who is told how far a fetch is.
pub type Observer = Arc<dyn Fn(&Progress) + Send + Sync>;

/// Runs git for one clone and one remote.
pub(super) struct Transport {
    url: String,
    token: Option<SecretString>,
    limit: Duration,
    authorities: Option<PathBuf>,
    configuration: Configuration,
    observer: Option<Observer>,
    calls: AtomicU64,
    millis: AtomicU64,
    /// Calls since they were asked for last.
    tallies: Mutex<Tallies>,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Transport {
    pub(super) fn new(settings: &Settings) -> Self {
        let (url, token) = (settings.url.clone(), settings.token.clone());
        let (limit, configuration) = (settings.limit, settings.configuration);
        let authorities = settings.authorities.clone();
        let (observer, calls, millis) = (None, AtomicU64::new(0), AtomicU64::new(0));
        let tallies = Mutex::default();
        Self { url, token, limit, authorities, configuration, observer, calls, millis, tallies }
    }

    /// Tells somebody how far a fetch is.
    pub(super) fn report(&mut self, observer: Observer) {
        self.observer = Some(observer);
    }

    pub(super) fn calls(&self) -> GitCalls {
        GitCalls { count: self.calls.load(Ordering::Relaxed), millis: self.millis.load(Ordering::Relaxed) }
    }

    /// Gives away how often which call was made since this was asked last.
    pub(super) fn drain(&self) -> Tallies {
        std::mem::take(&mut self.tallies.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count(&self, call: &str) {
        let reason = match call {
            "ls-remote" => Reason::GitList,
            "fetch" => Reason::GitFetch,
            "push" => Reason::GitPush,
            _ => return,
        };
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = tallies.entry(reason).or_default();
        *slot = slot.plus(Tally::ONE);
    }

    /// Where the remote's references stand.
    pub(super) fn ls_remote(
        &self,
        git_dir: &Path,
        names: &[RefName],
    ) -> Result<Vec<(RefName, CommitId)>, TransportError> {
        let mut arguments = vec!["ls-remote".to_owned(), "--".to_owned(), self.url.clone()];
        arguments.extend(names.iter().map(|name| name.0.clone()));
        let output = self.checked("ls-remote", git_dir, &arguments)?;
        let lines = || output.stdout.lines().filter_map(|line| line.split_once('\t'));
        // A name that can't be read must not look like a branch that isn't there.
        if lines().any(|(id, _)| id.len() == 64) {
            return Err(TransportError::ForeignObjects);
        }
        Ok(lines().filter_map(|(id, name)| Some((RefName(name.to_owned()), id.parse().ok()?))).collect())
    }

    /// The branch that the remote's `HEAD` names; `None` where it names none, as in an empty repository.
    pub(super) fn default_branch(&self, git_dir: &Path) -> Result<Option<String>, TransportError> {
        let arguments = ["ls-remote", "--symref", "--", &self.url, "HEAD"].map(str::to_owned);
        let output = self.checked("ls-remote", git_dir, &arguments)?;
        let named = |line: &str| line.strip_prefix("ref: refs/heads/")?.strip_suffix("\tHEAD").map(str::to_owned);
        Ok(output.stdout.lines().find_map(named))
    }

    /// What `git --version` says, without the words around it.
    pub(super) fn version(&self, git_dir: &Path) -> Result<String, TransportError> {
        let output = self.checked("version", git_dir, &["version".to_owned()])?;
        let version = output.stdout.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        Ok(version.unwrap_or("0").chars().take(40).collect())
    }

    /// Fetches exactly these references.
    pub(super) fn fetch(&self, git_dir: &Path, refspecs: &[String]) -> Result<(), TransportError> {
        let loud = if self.observer.is_some() { "--progress" } else { "--quiet" };
        let flags = ["fetch", loud, "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--atomic", "--"];
        let mut arguments: Vec<String> = flags.map(str::to_owned).to_vec();
        arguments.push(self.url.clone());
        arguments.extend_from_slice(refspecs);
        self.checked("fetch", git_dir, &arguments).map(|_| ())
    }

    /// Pushes one commit to one reference that must stand at `expected` (or not exist).
    pub(super) fn push(&self, git_dir: &Path, name: &RefName, expected: Option<CommitId>, new: CommitId) -> Pushed {
        let expected = expected.map_or_else(String::new, |id| id.to_string());
        let arguments = [
            "push".to_owned(),
            "--porcelain".to_owned(),
            format!("--force-with-lease={name}:{expected}"),
            "--".to_owned(),
            self.url.clone(),
            format!("{new}:{name}"),
        ];
        match self.run("push", git_dir, &arguments) {
            Ok(output) => porcelain(&output, name),
            Err(error @ TransportError::NoGit(_)) => {
                Pushed::Refused(PushRefusal::Rule(RefusalKind::Other, error.to_string()))
            }
            Err(error) => Pushed::Unknown(error.to_string()),
        }
    }

    fn checked(&self, call: &'static str, git_dir: &Path, arguments: &[String]) -> Result<Output, TransportError> {
        let output = self.run(call, git_dir, arguments)?;
        if output.ok {
            return Ok(output);
        }
        Err(failure(call, &output.stderr))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place")]
    fn run(&self, call: &'static str, git_dir: &Path, arguments: &[String]) -> Result<Output, TransportError> {
        let started = Instant::now();
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(git_dir).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in LOCAL {
            command.env_remove(name);
        }
        // What git needs of the token it gets in its own way; programs that it starts get nothing.
        command.env_remove("ORCHESTRATOR_GITHUB_TOKEN");
        if self.configuration == Configuration::Nobody {
            command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
            for name in PROXIES {
                command.env_remove(name);
            }
        }
        if let Some(file) = &self.authorities {
            command.env("GIT_SSL_CAINFO", file);
        }
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
        // ssh asks its questions at the terminal, whatever its input is; a program that says no is asked instead.
        command.env("SSH_ASKPASS_REQUIRE", "force").env("SSH_ASKPASS", "false");
        let settings = self.settings();
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (index, (key, value)) in settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key).env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        // Ctrl-C at a terminal is for this program, which lets a push come to its end.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn().map_err(|error| TransportError::NoGit(error.to_string()))?;
        self.count(call);
        let output = self.wait(call, child);
        self.calls.fetch_add(1, Ordering::Relaxed);
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.millis.fetch_add(millis, Ordering::Relaxed);
        output
    }

    fn settings(&self) -> Vec<(String, String)> {
        let mut settings: Vec<(String, String)> =
            FIXED.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        if let Some(token) = self.token.as_ref().filter(|_| may_carry(&self.url)) {
            let header = format!("Authorization: Basic {}", basic(token));
            // Machines of a CI have a header of their own, and GitHub answers two with 400. An empty value takes away what
            // keys that fit the address no better have put there, and none fits it better than all of it.
            let key = format!("http.{}.extraHeader", self.url);
            settings.extend([(key.clone(), String::new()), (key, header)]);
            settings.push(("credential.helper".to_owned(), String::new()));
        }
        settings
    }

    /// What never comes back in from outside.
    fn secrets(&self) -> Vec<String> {
        self.token.iter().flat_map(|token| [token.expose_secret().to_owned(), basic(token)]).collect()
    }

    /// Both pipes are read to their limit on threads of their own, so that a full pipe can't hold git up.
    #[expect(clippy::disallowed_methods, reason = "on a thread that may block; the limit is right beside it")]
    fn wait(&self, call: &'static str, mut child: Child) -> Result<Output, TransportError> {
        let out = child.stdout.take().map(|pipe| reader(pipe, None));
        let observer = self.observer.clone();
        let err = child.stderr.take().map(|pipe| reader(pipe, observer));
        let deadline = Instant::now() + self.limit;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
                Ok(None) => {
                    // It may have ended in this very moment; either way it is reaped.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(TransportError::TimedOut { call, seconds: self.limit.as_secs() });
                }
                Err(error) => return Err(TransportError::Failed { call, message: error.to_string() }),
            }
        };
        let secrets = self.secrets();
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let text = |handle: Option<std::thread::JoinHandle<Vec<u8>>>| {
            let bytes = handle.and_then(|handle| handle.join().ok()).unwrap_or_default();
            text::redact(&String::from_utf8_lossy(&bytes), &secrets).into_owned()
        };
        Ok(Output { ok: status.success(), stdout: text(out), stderr: text(err) })
    }
}

/// The token as HTTP's basic authentication has it.
fn basic(token: &SecretString) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{}", token.expose_secret()))
}

fn reader(mut pipe: impl Read + Send + 'static, observer: Option<Observer>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(observer) = observer {
            // Progress lines end in a carriage return; they are told and not kept.
            let mut lines = std::io::BufReader::new(pipe.by_ref().take(MAX_OUTPUT)).split(b'\r');
            while let Some(Ok(piece)) = lines.next() {
                let text = String::from_utf8_lossy(&piece);
                match text.lines().last().and_then(Progress::parse) {
                    Some(progress) => observer(&progress),
                    None => bytes.extend_from_slice(&piece),
                }
            }
        }
        // What could be read counts; the exit code says whether git was content.
        let _ = pipe.by_ref().take(MAX_OUTPUT).read_to_end(&mut bytes);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        bytes
    })
}

/// Whether a token may go to an address: by https anywhere, by http only on this machine.
fn may_carry(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let local = matches!(name, "127.0.0.1" | "localhost" | "[::1]");
    !host.contains('@') && (scheme == "https" || (scheme == "http" && local))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::net::TcpListener;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "git itself is asked")]
    fn everything_that_git_calls_local_is_taken_away() {
        let output = Command::new("git").args(["rev-parse", "--local-env-vars"]).output().expect("git runs");
        let names = String::from_utf8(output.stdout).expect("names are text");
        assert!(names.lines().count() > 10, "{names}");
        let missing: Vec<&str> = names.lines().filter(|name| !LOCAL.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_token_goes_to_https_or_to_this_machine_only() {
        for url in ["https://github.com/o/r.git", "http://127.0.0.1:99/o/r.git"] {
            assert!(may_carry(url), "{url}");
        }
        for url in [
            "http://github.com/o/r.git",
            "git@github.com:o/r.git",
            "ssh://git@github.com/o/r",
            "https://u:p@h/o",
            "http://127.0.0.1.evil/x",
        ] {
            assert!(!may_carry(url), "{url}");
        }
    }

    /// What git asks a remote at this listener, which says that it has no such repository.
    fn asked(listener: &TcpListener) -> Vec<String> {
        let (stream, _) = listener.accept().expect("git calls");
        let lines = std::io::BufReader::new(&stream).lines().map_while(Result::ok);
        let head = lines.take_while(|line| !line.is_empty()).collect();
        let answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        (&stream).write_all(answer).expect("answered");
        head
    }

    #[test]
    fn a_header_of_the_user_s_own_gives_way_to_the_token() {
        let token = SecretString::from("ours");
        for place in ["", "/", "/o", "/o/r.git"] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let host = format!("http://{}", listener.local_addr().expect("its address"));
            let folder = tempfile::tempdir().expect("a folder");
            git2::Repository::init_bare(folder.path()).expect("a clone");
            // A clone's own configuration is read as the user's is, and the caller's is out of the way.
            let theirs = "extraheader = AUTHORIZATION: basic dGhlaXJz";
            let config = format!("[http]\n{theirs}\n[http \"{host}{place}\"]\n{theirs}\n");
            let mut file = std::fs::File::options().append(true).open(folder.path().join("config")).expect("there");
            file.write_all(config.as_bytes()).expect("written");
            let transport = Transport::new(&Settings {
                folder: folder.path().to_owned(),
                url: format!("{host}/o/r.git"),
                token: Some(token.clone()),
                limit: Duration::from_secs(60),
                authorities: None,
                configuration: Configuration::Nobody,
            });
            let served = std::thread::spawn(move || asked(&listener));
            let answer = transport.ls_remote(folder.path(), &[]);
            assert!(matches!(answer, Err(TransportError::NotFound(_))), "{answer:?}");
            let head = served.join().expect("it was asked");
            let headers: Vec<&String> =
                head.iter().filter(|line| line.to_ascii_lowercase().starts_with("authorization:")).collect();
            let ours = format!("Authorization: Basic {}", basic(&token));
            assert_eq!(headers, [&ours], "beside {host}{place}: {head:?}");
        }
    }
}

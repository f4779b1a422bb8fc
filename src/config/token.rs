//! Where a user's token comes from, in order: `--token-file`, `ORCHESTRATOR_GITHUB_TOKEN`, the machine file's
//! `token_file` or `token_command`, `gh auth token`; `GITHUB_TOKEN` inside GitHub Actions only.
//!
//! **Needs** the host the token is for. **Guarantees**: the first source that is named decides: if it is broken, that is
//! said, and no other is tried in silence. A token is one line of printable ASCII, or it is refused; it is never part of
//! an error. A program that is asked gets no input, no shell, ten seconds and no room for more than 64 KiB.
//! **Races**: a token is replaced while we run; [`TokenSource::read`] may be called again.

use crate::failure::{Exit, Explain};
use secrecy::SecretString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to print a token.
const LIMIT: Duration = Duration::from_secs(10);
/// Most bytes of a file or an answer.
const MAX_BYTES: u64 = 64 * 1024;

/// Where a token comes from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// A file with the token and nothing else.
    File {
        /// Which.
        path: PathBuf,
        /// The flag or key that names it.
        named_by: &'static str,
    },
    /// A variable of the environment or of `.env`.
    Variable {
        /// Its name.
        name: &'static str,
        /// Its value when the program began.
        value: SecretString,
    },
    /// A program of the machine file.
    Command(Vec<String>),
    /// GitHub's own command line, where somebody is logged in with it.
    GhCli {
        /// The host it is asked about.
        host: String,
    },
}

/// Why a source that is named gives no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The file can't be read.
    #[error("the token file {path} ({named_by}) can't be read: {why}")]
    File {
        /// Which.
        path: String,
        /// The flag or key that names it.
        named_by: &'static str,
        /// Why not.
        why: String,
    },
    /// The program failed.
    #[error("token_command `{program}` failed: {why}")]
    Command {
        /// Its name, without its arguments.
        program: String,
        /// Why.
        why: String,
    },
    /// What the source gives can't be a token.
    #[error("{source_name} holds no token: {why}")]
    Malformed {
        /// Which source.
        source_name: String,
        /// What is wrong with it; never the text itself.
        why: &'static str,
    },
}

impl Explain for TokenError {
    fn exit(&self) -> Exit {
        Exit::Settings
    }

    fn help(&self) -> String {
        match self {
            Self::File { path, .. } => {
                format!("write the token, and nothing else, to {path}, and make it readable: chmod 600 {path}")
            }
            Self::Command { program, .. } => {
                format!("run `{program}` with its arguments by hand; it must print the token and exit with 0")
            }
            Self::Malformed { .. } => {
                "give one line with the token alone, as GitHub showed it: https://github.com/settings/tokens".to_owned()
            }
        }
    }
}

impl TokenSource {
    /// The source in words, for people.
    pub fn name(&self) -> String {
        match self {
            Self::File { path, named_by } => format!("{} ({named_by})", path.display()),
            Self::Variable { name, .. } => (*name).to_owned(),
            Self::Command(command) => format!("token_command `{}`", command.first().map_or("", String::as_str)),
            Self::GhCli { host } => format!("gh auth token --hostname {host}"),
        }
    }

    /// The token as it is there now; `None` only where `gh` isn't installed or nobody is logged in with it.
    ///
    /// # Errors
    /// When the source is broken.
    pub fn read(&self) -> Result<Option<SecretString>, TokenError> {
        let text = match self {
            Self::File { path, named_by } => read_file(path).map_err(|error| TokenError::File {
                path: path.display().to_string(),
                named_by,
                why: error.to_string(),
            })?,
            Self::Variable { value, .. } => return self.checked(secrecy::ExposeSecret::expose_secret(value)).map(Some),
            Self::Command(command) => {
                let (program, arguments) = command.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
                let failed = |why| TokenError::Command { program: program.to_owned(), why };
                output(program, arguments).map_err(failed)?
            }
            Self::GhCli { host } => {
                let arguments = ["auth", "token", "--hostname", host].map(str::to_owned);
                match output("gh", &arguments) {
                    Ok(text) => text,
                    Err(why) => {
                        tracing::debug!("gh gives no token: {why}");
                        return Ok(None);
                    }
                }
            }
        };
        self.checked(&text).map(Some)
    }

    fn checked(&self, text: &str) -> Result<SecretString, TokenError> {
        let token = text.trim();
        let malformed = |why| Err(TokenError::Malformed { source_name: self.name(), why });
        if token.is_empty() {
            malformed("it is empty")
        } else if token.len() > 1024 || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            malformed("it is more than one word of plain ASCII, or longer than 1,024 characters")
        } else {
            Ok(SecretString::from(token.to_owned()))
        }
    }
}

fn read_file(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

/// What a program prints; its own words on failure are not passed on, for they may hold the secret.
#[expect(clippy::disallowed_methods, reason = "the one place where a program is asked for a token")]
fn output(program: &str, arguments: &[String]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let pipe = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What could be read counts; the exit code says whether the program was content.
        let _ = pipe.map(|pipe| pipe.take(MAX_BYTES).read_to_end(&mut bytes));
        bytes
    });
    wait(&mut child)?;
    let bytes = reader.join().unwrap_or_default();
    String::from_utf8(bytes).map_err(|_| "it prints no text".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "before anything runs beside it; the limit is right here")]
fn wait(child: &mut Child) -> Result<(), String> {
    let deadline = Instant::now() + LIMIT;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(status.to_string()),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => {
                // It may have ended in this very moment; either way it is reaped.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it took longer than {} s", LIMIT.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn command(words: &[&str]) -> TokenSource {
        TokenSource::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn a_file_and_a_program_give_one_word() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "ghp_canary\n").expect("written");
        let file = TokenSource::File { path, named_by: "--token-file" };
        for source in [file, command(&["printf", "ghp_canary\\n"])] {
            assert_eq!(source.read().expect("a token").expect("one").expose_secret(), "ghp_canary");
        }
    }

    #[test]
    fn what_is_wrong_with_a_source_is_said_without_its_text() {
        let absent = TokenSource::File { path: PathBuf::from("/nowhere/token"), named_by: "token_file" };
        let two = command(&["printf", "ghp_canary ghp_canary"]);
        let (empty, failing) = (command(&["true"]), command(&["sh", "-c", "echo ghp_canary >&2; exit 3"]));
        let long = command(&["printf", "%02000d", "0"]);
        for (source, words) in [
            (absent, "/nowhere/token (token_file)"),
            (two, "more than one word"),
            (empty, "it is empty"),
            (failing, "exit status: 3"),
            (long, "longer than 1,024 char"),
            (command(&["no-such-program-here"]), "No such file"),
        ] {
            let error = source.read().expect_err(words);
            let told = crate::failure::Failure::from(error).to_string();
            assert!(told.contains(words) && !told.contains("canary"), "{told}");
        }
    }
}

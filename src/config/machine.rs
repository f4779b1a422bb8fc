//! The machine file, `$XDG_CONFIG_HOME/orchestrator/config.toml`: what holds for this machine or for one repository on it.
//!
//! **Guarantees**: an unknown key is an error at its line, with the key that was probably meant, or the file it belongs
//! to. It may name a token's file or program, never hold a token.

use super::spelling;
use crate::failure::{Exit, Explain};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Largest file that is read.
const MAX_BYTES: u64 = 256 * 1024;

/// What the file says, for the machine or for one repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The API's address.
    pub api_url: Option<String>,
    /// The git remote's address.
    pub git_url: Option<String>,
    /// A file that holds the token.
    pub token_file: Option<PathBuf>,
    /// A program, with its arguments, that prints the token.
    pub token_command: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    api_url: Option<String>,
    token_file: Option<PathBuf>,
    token_command: Option<Vec<String>>,
    #[serde(default)]
    repositories: BTreeMap<String, Entry>,
}

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// For every repository.
    pub all: Entry,
    /// By `owner/name`, in lower case.
    repositories: BTreeMap<String, Entry>,
}

/// Why the file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the machine file {path}{}: {problem}", .line.map_or_else(String::new, |line| format!(", line {line}")))]
pub struct MachineError {
    path: String,
    line: Option<usize>,
    problem: String,
}

impl Explain for MachineError {
    fn exit(&self) -> Exit {
        Exit::Settings
    }

    fn help(&self) -> String {
        format!("correct {}; README, \"Settings\", shows every key", self.path)
    }
}

impl Machine {
    /// Reads the file; one that isn't there says nothing.
    ///
    /// # Errors
    /// When it can't be read or says something wrong.
    pub fn read(path: &Path) -> Result<Self, MachineError> {
        let named = path.display().to_string();
        let failed = |line, problem: String| MachineError { path: named.clone(), line, problem };
        let text = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(failed(None, "it is larger than 256 KiB".to_owned()));
            }
            Ok(_) => std::fs::read_to_string(path).map_err(|error| failed(None, error.to_string()))?,
            Err(error) => return Err(failed(None, error.to_string())),
        };
        let file: File = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            failed(line, spelling::explained(error.message(), spelling::MACHINE))
        })?;
        let all = Entry {
            api_url: file.api_url,
            git_url: None,
            token_file: file.token_file,
            token_command: file.token_command,
        };
        let entries = file.repositories.into_iter().map(|(name, entry)| (name.to_lowercase(), entry));
        let machine = Self { all, repositories: entries.collect() };
        let double = machine
            .repositories
            .values()
            .chain([&machine.all])
            .any(|entry| entry.token_file.is_some() && entry.token_command.is_some());
        if double {
            return Err(failed(None, "`token_file` and `token_command` exclude each other".to_owned()));
        }
        Ok(machine)
    }

    /// What holds for one repository: its own entry before the machine's. A repository with a token source of its own
    /// takes neither of the machine's.
    pub fn entry(&self, repository: &str) -> Entry {
        let own = self.repositories.get(&repository.to_lowercase()).cloned().unwrap_or_default();
        let sourced = own.token_file.is_some() || own.token_command.is_some();
        let all = self.all.clone();
        Entry {
            api_url: own.api_url.or(all.api_url),
            git_url: own.git_url,
            token_file: own.token_file.or(all.token_file.filter(|_| !sourced)),
            token_command: own.token_command.or(all.token_command.filter(|_| !sourced)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Machine, String> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        Machine::read(file.path())
            .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
    }

    #[test]
    fn a_repository_s_own_entry_comes_first() {
        let text = "token_command = [\"pass\", \"github\"]\n[repositories.\"Octo/Sample\"]\napi_url = \"https://ghe.example/api/v3\"\ntoken_file = \"/t\"\n";
        let machine = read(text).expect("a machine file");
        let own = machine.entry("octo/sample");
        assert_eq!((own.token_file, own.token_command), (Some(PathBuf::from("/t")), None));
        assert_eq!(own.api_url.as_deref(), Some("https://ghe.example/api/v3"));
        assert_eq!(machine.entry("octo/other").token_command.map(|words| words.len()), Some(2));
        assert_eq!(Machine::read(Path::new("/nowhere/config.toml")), Ok(Machine::default()));
    }

    #[test]
    fn a_wrong_key_is_named_at_its_line_with_what_was_meant() {
        assert_eq!(
            read("\ntoken_fil = \"x\"").unwrap_err(),
            "the machine file FILE, line 2: unknown key `token_fil`; did you mean `token_file`?"
        );
        let policy = read("[merge]\nenabled = true").unwrap_err();
        assert!(policy.contains("`merge` belongs to the policy file, planning/orchestrator.toml"), "{policy}");
        assert!(read("token_file = \"a\"\ntoken_command = [\"b\"]").unwrap_err().contains("exclude each other"));
        assert!(read("token_command = 3").unwrap_err().contains("line 1"));
        assert!(read(&"#".repeat(300_000)).unwrap_err().contains("256 KiB"));
    }
}

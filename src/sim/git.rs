//! The bare repository behind the simulator, written, but for its configuration, with the `git` program only.
//!
//! Needs git 2.38 or newer on the path and a directory to write in. Guarantees: no user or system configuration, no
//! prompt, a fixed identity and the date that the caller names, so the same calls give the same oids; every change of
//! a ref is a compare-and-set by git's own lock.
//!
//! Races: pushes arrive through `git http-backend` at any time. Who reads refs gets a snapshot; who moves one says
//! what it was and is told when it is that no more.

mod memory;
mod merge;
mod objects;
mod protection;
mod reader;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::world::{Commit, Diff, RefState};
pub(super) use memory::Memory;
pub use memory::{Entry, Tree};
pub(super) use merge::{Merged, merge};
pub(super) use objects::Objects;
pub(super) use protection::PushRules;

/// A file to write (`Some`) or to remove (`None`).
pub type FileChange<'a> = (&'a str, Option<&'a [u8]>);

/// Why git did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program could not be run.
    #[error("git could not be run: {0}")]
    Run(#[from] std::io::Error),
    /// It failed.
    #[error("git {command} failed: {message}")]
    Failed {
        /// What was asked.
        command: String,
        /// What it said.
        message: String,
    },
    /// It said something unexpected.
    #[error("git {command} answered something unexpected: {answer}")]
    Answer {
        /// What was asked.
        command: String,
        /// What it said.
        answer: String,
    },
}

/// Who writes a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
}

impl Signature {
    /// The agent, as GitHub signs its commits.
    pub fn agent() -> Signature {
        Signature {
            name: "copilot-swe-agent[bot]".to_owned(),
            email: "198982749+Copilot@users.noreply.github.com".to_owned(),
        }
    }

    /// GitHub itself, which commits merges.
    pub fn github() -> Signature {
        Signature { name: "GitHub".to_owned(), email: "noreply@github.com".to_owned() }
    }

    /// An account with its hidden mail address.
    pub fn account(id: u64, login: &str) -> Signature {
        Signature { name: login.to_owned(), email: format!("{id}+{login}@users.noreply.github.com") }
    }
}

/// A commit to be made.
#[derive(Clone, Debug)]
pub struct NewCommit<'a> {
    /// Its tree.
    pub tree: &'a str,
    /// Its parents.
    pub parents: &'a [&'a str],
    /// Its message.
    pub message: &'a str,
    /// Who wrote it.
    pub author: &'a Signature,
    /// Who commits it.
    pub committer: &'a Signature,
    /// When.
    pub at: Timestamp,
}

/// The bare repository.
#[derive(Clone, Debug)]
pub struct Repository {
    root: PathBuf,
    dir: PathBuf,
    reader: Arc<reader::Reader>,
}

/// Behind what `git init` writes.
const SETTINGS: &str = "\
[http]
	receivepack = true
[receive]
	hideRefs = refs/pull
	autogc = false
	unpackLimit = 100
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
[core]
	logAllRefUpdates = false
[gc]
	auto = 0
[maintenance]
	auto = false
";

/// A `git` command that sees nothing of its caller's configuration.
#[expect(clippy::disallowed_methods, reason = "the one place where the simulator runs a program")]
pub fn hermetic(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(&name);
        }
    }
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Repository {
    /// Makes an empty bare repository `<owner>/<name>.git` below `root`.
    pub async fn create(root: &Path, owner: &str, name: &str, mainline: &str) -> Result<Repository, GitError> {
        let dir = root.join(owner).join(format!("{name}.git"));
        std::fs::create_dir_all(&dir)?;
        let repository = Repository { root: root.to_owned(), dir, reader: Arc::default() };
        let head = format!("--initial-branch={mainline}");
        repository.run(&["init", "--quiet", "--bare", "--template=", &head, "."]).await?;
        // By hand: a program for each of them takes longer than all of it.
        let mut config = std::fs::OpenOptions::new().append(true).open(repository.dir.join("config"))?;
        config.write_all(SETTINGS.as_bytes())?;
        repository.install_hook()?;
        Ok(repository)
    }

    /// The directory that holds `<owner>/<name>.git`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The bare repository's own directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = hermetic("git");
        command.current_dir(&self.dir).env("GIT_DIR", &self.dir).args(args);
        command
    }

    /// What a revision names, if it is there.
    async fn object(&self, revision: &str) -> Result<Option<reader::Object>, GitError> {
        self.reader.object(|args| self.command(args), revision).await
    }

    /// Runs git with this input and returns whatever happened.
    async fn output(&self, mut command: Command, input: Option<&[u8]>) -> Result<Output, GitError> {
        let Some(input) = input else {
            return Ok(command.output().await?);
        };
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take();
        let feed = async move {
            if let Some(stdin) = stdin.as_mut() {
                stdin.write_all(input).await?;
            }
            drop(stdin);
            Ok::<(), std::io::Error>(())
        };
        let (fed, output) = tokio::join!(feed, child.wait_with_output());
        let output = output?;
        // A child that ends early breaks the pipe; its own message says more.
        if output.status.success() {
            fed?;
        }
        Ok(output)
    }

    /// Runs git and returns what it printed, which must be text.
    async fn run(&self, args: &[&str]) -> Result<String, GitError> {
        text(args, self.output(self.command(args), None).await?)
    }

    /// Runs git with this input.
    async fn run_with(&self, args: &[&str], input: &[u8]) -> Result<String, GitError> {
        text(args, self.output(self.command(args), Some(input)).await?)
    }

    /// The blobs of all new contents, in their order, by one call.
    async fn write_blobs(&self, scratch: &Path, changes: &[FileChange<'_>]) -> Result<Vec<String>, GitError> {
        let mut list = String::new();
        for (index, content) in changes.iter().filter_map(|(_, content)| *content).enumerate() {
            let path = scratch.join(index.to_string());
            std::fs::write(&path, content)?;
            list.push_str(&format!("{}\n", path.display()));
        }
        if list.is_empty() {
            return Ok(Vec::new());
        }
        let args = ["hash-object", "-w", "--no-filters", "--stdin-paths"];
        let blobs = self.run_with(&args, list.as_bytes()).await?;
        Ok(blobs.lines().map(str::to_owned).collect())
    }

    async fn compare_and_set(&self, name: &str, old: Option<&str>, args: &[&str]) -> Result<bool, GitError> {
        let output = self.output(self.command(args), None).await?;
        if output.status.success() {
            return Ok(true);
        }
        if self.resolve(name).await?.as_deref() != old {
            return Ok(false);
        }
        text(args, output).map(|_| true)
    }
}

impl Objects for Repository {
    async fn refs(&self) -> Result<BTreeMap<String, RefState>, GitError> {
        let format = "--format=%(refname) %(objecttype) %(objectname)";
        let listing = self.run(&["for-each-ref", format]).await?;
        let mut refs = BTreeMap::new();
        for line in listing.lines() {
            let mut words = line.split(' ');
            if let (Some(name), Some(kind), Some(oid)) = (words.next(), words.next(), words.next())
                && !name.starts_with("refs/pull/")
            {
                refs.insert(name.to_owned(), RefState { oid: oid.to_owned(), kind: kind.to_owned() });
            }
        }
        Ok(refs)
    }

    async fn resolve(&self, revision: &str) -> Result<Option<String>, GitError> {
        Ok(self.object(revision).await?.map(|object| object.oid))
    }

    async fn commit(&self, oid: &str) -> Result<Commit, GitError> {
        let args = ["cat-file", "commit", oid];
        let Some(object) = self.object(oid).await? else {
            return Err(unexpected(&args, "missing"));
        };
        reader::commit(&object).ok_or_else(|| unexpected(&args, &String::from_utf8_lossy(&object.content)))
    }

    async fn compare(&self, base: &str, head: &str) -> Result<Diff, GitError> {
        let three = format!("{base}...{head}");
        let apart = self.run(&["rev-list", "--reverse", "--topo-order", "--left-right", &three]).await?;
        let args = ["diff", "--numstat", "--no-renames", "-z", &three];
        let output = self.output(self.command(&args), None).await?;
        // Histories without a common commit have no merge base: everything is a change then.
        let stats = if output.status.success() {
            text(&args, output)?
        } else {
            self.run(&["diff", "--numstat", "--no-renames", "-z", base, head]).await?
        };
        let mut diff = Diff {
            commits: apart.lines().filter_map(|line| line.strip_prefix('>')).map(str::to_owned).collect(),
            behind: apart.lines().any(|line| line.starts_with('<')),
            ..Diff::default()
        };
        for entry in stats.split('\0').filter(|entry| !entry.is_empty()) {
            let mut fields = entry.splitn(3, '\t');
            let mut count = || fields.next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
            diff.additions += count();
            diff.deletions += count();
            diff.files.push(fields.next().unwrap_or_default().to_owned());
        }
        Ok(diff)
    }

    async fn write_commit(&self, new: NewCommit<'_>) -> Result<String, GitError> {
        let mut args = vec!["commit-tree", new.tree];
        for parent in new.parents {
            args.extend(["-p", parent]);
        }
        args.extend(["-F", "-"]);
        let date = format!("{} +0000", new.at.as_second());
        let mut command = self.command(&args);
        command
            .env("GIT_AUTHOR_NAME", &new.author.name)
            .env("GIT_AUTHOR_EMAIL", &new.author.email)
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", &new.committer.name)
            .env("GIT_COMMITTER_EMAIL", &new.committer.email)
            .env("GIT_COMMITTER_DATE", &date);
        text(&args, self.output(command, Some(new.message.as_bytes())).await?)
    }

    async fn write_tree(&self, base: Option<&str>, changes: &[FileChange<'_>]) -> Result<String, GitError> {
        let scratch = tempfile::Builder::new().prefix("index-").tempdir_in(&self.dir)?;
        let index = scratch.path().join("index");
        if let Some(base) = base {
            let read = ["read-tree", base];
            let mut command = self.command(&read);
            command.env("GIT_INDEX_FILE", &index);
            text(&read, self.output(command, None).await?)?;
        }
        let mut blobs = self.write_blobs(scratch.path(), changes).await?.into_iter();
        let mut lines = Vec::new();
        for (path, content) in changes {
            let (mode, oid) = match content {
                Some(_) => ("100644", blobs.next().unwrap_or_default()),
                None => ("0", "0".repeat(40)),
            };
            lines.extend_from_slice(format!("{mode} {oid}\t{path}\0").as_bytes());
        }
        let update = ["update-index", "-z", "--index-info"];
        let mut command = self.command(&update);
        command.env("GIT_INDEX_FILE", &index);
        text(&update, self.output(command, Some(&lines)).await?)?;
        let mut command = self.command(&["write-tree"]);
        command.env("GIT_INDEX_FILE", &index);
        text(&["write-tree"], self.output(command, None).await?)
    }

    async fn move_ref(&self, name: &str, new: &str, old: Option<&str>) -> Result<bool, GitError> {
        let none = "0".repeat(40);
        let args = ["update-ref", name, new, old.unwrap_or(&none)];
        self.compare_and_set(name, old, &args).await
    }

    async fn set_ref(&self, name: &str, new: &str) -> Result<(), GitError> {
        self.run(&["update-ref", name, new]).await.map(|_| ())
    }

    async fn delete_ref(&self, name: &str, old: &str) -> Result<bool, GitError> {
        self.compare_and_set(name, Some(old), &["update-ref", "-d", name, old]).await
    }

    async fn read_file(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, GitError> {
        Ok(self.object(&format!("{revision}:{path}")).await?.map(|object| object.content))
    }

    async fn list_files(&self, revision: &str) -> Result<Vec<String>, GitError> {
        let listing = self.run(&["ls-tree", "-r", "-z", "--name-only", revision]).await?;
        Ok(listing.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
    }

    async fn log(&self, revision: &str) -> Result<Vec<(String, String)>, GitError> {
        let log = self.run(&["log", "-z", "--format=%H %B", revision, "--"]).await?;
        let commits = log.split('\0').filter_map(|commit| commit.split_once(' '));
        Ok(commits.map(|(oid, message)| (oid.to_owned(), message.trim_end().to_owned())).collect())
    }

    async fn trial_merge(&self, base: &str, head: &str) -> Result<Option<String>, GitError> {
        let args = ["merge-tree", "--write-tree", "--allow-unrelated-histories", base, head];
        let output = self.output(self.command(&args), None).await?;
        match output.status.code() {
            Some(0) => text(&args, output).map(|tree| Some(first_line(&tree))),
            Some(1) => Ok(None),
            _ => text(&args, output).map(Some),
        }
    }

    async fn protect(&self, rules: &PushRules<'_>) -> Result<(), GitError> {
        self.switch_protection(rules).await
    }
}

/// What git printed, without the last line end; or its failure.
fn text(args: &[&str], output: Output) -> Result<String, GitError> {
    if !output.status.success() {
        return Err(failed(args, &output));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    Ok(printed.trim_end_matches('\n').to_owned())
}

fn failed(args: &[&str], output: &Output) -> GitError {
    GitError::Failed { command: args.join(" "), message: String::from_utf8_lossy(&output.stderr).trim().to_owned() }
}

fn unexpected(args: &[&str], answer: &str) -> GitError {
    GitError::Answer { command: args.join(" "), answer: answer.to_owned() }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

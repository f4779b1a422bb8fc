//! A repository with as many queue files as are asked for, and our clone of it.

use orchestrator::model::{CommitId, TipHints};
use orchestrator::repo::{Configuration, LocalClone, Settings};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The remote and what this machine knows of it.
pub struct Repository {
    pub clone: LocalClone,
    pub tip: CommitId,
    pub hints: TipHints,
    folder: tempfile::TempDir,
}

/// Runs git for a benchmark's setup.
#[expect(clippy::disallowed_methods, reason = "a benchmark's own remote is made with git itself")]
pub fn git(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut command = Command::new("git");
    command.current_dir(folder).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let mut child = command.spawn().expect("git runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("git reads");
    let output = child.wait_with_output().expect("git ends");
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// The files of a queue: half finished, the rest pending and given out.
pub fn files(count: usize) -> Vec<(String, String)> {
    let folder = |index: usize| match index % 4 {
        0 => "pending",
        1 => "processed",
        _ => "complete",
    };
    let file = |index: usize| {
        let path = format!("planning/issue_queue/{}/dev-{index:05}.md", folder(index));
        (path, format!("# Task {index}\n\n{}\n", "Words that say what to do. ".repeat(20)))
    };
    let mut files: Vec<(String, String)> = (0..count).map(file).collect();
    files.push(("planning/vision/goal.md".to_owned(), "# Goal\n".to_owned()));
    files.push(("planning/orchestrator.toml".to_owned(), "version = 1\n".to_owned()));
    files
}

impl Repository {
    /// With this many queue files.
    pub fn with(count: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        git(folder.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"], b"");
        let remote = folder.path().join("remote.git");
        let mut stream = b"commit refs/heads/main\ncommitter x <x@y> 1700000000 +0000\ndata 5\nfirst\n".to_vec();
        for (path, text) in files(count) {
            stream.extend_from_slice(format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len()).as_bytes());
        }
        git(&remote, &["fast-import", "--quiet"], &stream);
        let url = remote.to_str().expect("text").to_owned();
        let (data, limit, configuration) = (folder.path().join("data"), Duration::from_secs(60), Configuration::Nobody);
        let settings = Settings { folder: data, url, token: None, limit, authorities: None, configuration };
        let clone = LocalClone::open(settings).expect("a clone");
        let hints = TipHints { branch: "main".to_owned(), mainline: None, ledger: None };
        let lock = clone.lock().expect("nobody else holds it");
        let tip = clone.sync(&lock, &hints).expect("fetched").mainline;
        drop(lock);
        Self { clone, tip, hints: TipHints { mainline: Some(tip), ..hints }, folder }
    }

    /// Our clone's git folder.
    pub fn git_dir(&self) -> PathBuf {
        self.folder.path().join("data/clone.git")
    }
}

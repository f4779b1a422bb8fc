//! A client of the simulator that knows nothing of the product: HTTP over a plain socket, and the `git` program.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use base64::Engine as _;
use orchestrator::sim::{Options, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

/// A simulator with a clock that stands still.
pub async fn simulator() -> Simulator {
    let now = "2026-11-24T08:00:00Z".parse().expect("a literal time");
    Simulator::start(Options { now: Some(now), ..Options::default() }).await.expect("the simulator starts")
}

/// Sends a request with the simulator's own token.
pub async fn send(sim: &Simulator, method: &str, path: &str, body: Value) -> Reply {
    let token = format!("Bearer {}", sim.token());
    send_with(sim, method, path, &[("Authorization", &token)], body).await
}

/// Sends a request below the repository.
pub async fn repo(sim: &Simulator, method: &str, path: &str, body: Value) -> Reply {
    send(sim, method, &format!("/repos/maintainer/tally{path}"), body).await
}

/// Sends a request with these headers.
pub async fn send_with(sim: &Simulator, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Reply {
    let address = sim.api_url().trim_start_matches("http://").to_owned();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    let mut stream = TcpStream::connect(&address).await.expect("the simulator listens");
    stream.write_all(request.as_bytes()).await.expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("the answer is read");
    let answer = String::from_utf8(answer).expect("the answer is text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Reply {
        status: status.expect("an answer has a status"),
        headers,
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    }
}

/// Sends a GraphQL document.
pub async fn graphql(sim: &Simulator, query: &str, variables: Value) -> Value {
    let reply = send(sim, "POST", "/graphql", json!({"query": query, "variables": variables})).await;
    assert_eq!(reply.status, 200, "GraphQL answers 200, errors included: {:?}", reply.body);
    reply.body
}

/// What a git command did.
#[derive(Debug)]
pub struct Ran {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs git with the simulator's token, and no configuration of the user or the system.
pub async fn git(sim: &Simulator, directory: &Path, args: &[&str]) -> Ran {
    git_with_token(sim.token(), directory, args).await
}

/// Runs git with another token.
pub async fn git_with_token(token: &str, directory: &Path, args: &[&str]) -> Ran {
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("x-access-token:{token}"));
    let mut command = tokio::process::Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    let output = command
        .current_dir(directory)
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_COUNT", "3")
        .env("GIT_CONFIG_KEY_0", "http.extraHeader")
        .env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {basic}"))
        .env("GIT_CONFIG_KEY_1", "user.name")
        .env("GIT_CONFIG_VALUE_1", "Tester")
        .env("GIT_CONFIG_KEY_2", "user.email")
        .env("GIT_CONFIG_VALUE_2", "tester@example.com")
        .stdin(Stdio::null())
        .output()
        .await
        .expect("git runs");
    Ran {
        ok: output.status.success(),
        stdout: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    }
}

/// A fresh clone.
pub async fn clone(sim: &Simulator) -> tempfile::TempDir {
    let directory = crate::folder::folder();
    let ran = git(sim, directory.path(), &["clone", "-q", &sim.git_url(), "."]).await;
    assert!(ran.ok, "{ran:?}");
    directory
}

/// Commits a file in a clone and returns the commit.
pub async fn commit(sim: &Simulator, clone: &Path, path: &str, content: &str) -> String {
    std::fs::write(clone.join(path), content).expect("the file is written");
    for args in [&["add", "-A"][..], &["commit", "-q", "-m", "a change"]] {
        let ran = git(sim, clone, args).await;
        assert!(ran.ok, "{ran:?}");
    }
    git(sim, clone, &["rev-parse", "HEAD"]).await.stdout
}

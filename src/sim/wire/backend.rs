//! git's smart HTTP, served by git's own `http-backend`.
//!
//! Needs the program in `git --exec-path`. Guarantees that requests reach it as a web server would pass them (CGI), so
//! what a push does, and who wins when two push, is git's own doing.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::io::AsyncWriteExt as _;

use super::answer::Answer;
use super::call::Call;
use super::log::RequestKind;
use crate::sim::git::{GitError, hermetic};

/// Finds `git http-backend`.
pub(super) async fn find() -> Result<PathBuf, GitError> {
    let output = hermetic("git").arg("--exec-path").output().await?;
    let directory = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let path = Path::new(&directory).join("git-http-backend");
    if path.is_file() {
        Ok(path)
    } else {
        Err(GitError::Failed {
            command: "http-backend".to_owned(),
            message: format!("{} does not exist", path.display()),
        })
    }
}

/// The git service that a call asks for, if it is one of `/<owner>/<name>[.git]/…`.
pub(super) fn service(call: &Call) -> Option<RequestKind> {
    let segments: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let name = match segments.as_slice() {
        [_, _, "info", "refs"] => call.query.get("service").map_or("", String::as_str),
        [_, _, name] => name,
        _ => return None,
    };
    match name {
        "git-upload-pack" => Some(RequestKind::GitFetch),
        "git-receive-pack" => Some(RequestKind::GitPush),
        _ => None,
    }
}

/// Runs the backend for a call; `rest` is the path behind the repository.
pub(super) async fn run(
    program: &Path,
    root: &Path,
    repository: &str,
    call: &Call,
    user: &str,
) -> Result<Answer, GitError> {
    let rest: String = call.path.iter().skip(2).map(|segment| format!("/{segment}")).collect();
    let mut command = hermetic(program);
    command
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", call.method.as_str())
        .env("PATH_INFO", format!("/{repository}.git{rest}"))
        .env("QUERY_STRING", &call.raw_query)
        .env("CONTENT_LENGTH", call.body.len().to_string())
        .env("REMOTE_USER", user)
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped());
    let passed = [
        ("content-type", "CONTENT_TYPE"),
        ("content-encoding", "HTTP_CONTENT_ENCODING"),
        ("git-protocol", "GIT_PROTOCOL"),
    ];
    for (header, variable) in passed {
        if let Some(value) = call.header(header) {
            command.env(variable, value);
        }
    }
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin {
            // The backend may answer before it has read everything; its answer counts, not the broken pipe.
            let _ = stdin.write_all(&call.body).await;
        }
    };
    let ((), output) = tokio::join!(feed, child.wait_with_output());
    let output = output?;
    parse(&output.stdout).ok_or_else(|| GitError::Failed {
        command: "http-backend".to_owned(),
        message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// Takes a CGI answer apart.
fn parse(output: &[u8]) -> Option<Answer> {
    let (end, gap) = output
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| (at, 4))
        .or_else(|| output.windows(2).position(|window| window == b"\n\n").map(|at| (at, 2)))?;
    let head = String::from_utf8_lossy(&output[..end]);
    let mut status = StatusCode::OK;
    let mut headers = HeaderMap::new();
    for line in head.lines() {
        let (name, value) = line.split_once(':')?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().and_then(|code| code.parse::<u16>().ok())?;
            status = StatusCode::from_u16(code).ok()?;
        } else {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.insert(name, HeaderValue::from_str(value).ok()?);
        }
    }
    Some(Answer { status, headers, body: Bytes::copy_from_slice(&output[end + gap..]) })
}

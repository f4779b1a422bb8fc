//! A token that must be found nowhere: driven through every way in which a command can fail, while the peer sends it back
//! wherever it can, and looked for in output, logs, files and the arguments of every program that is started.

use crate::folder::folder;
use crate::program::{Ended, Program};
use crate::sim_client::simulator;
use base64::Engine as _;
use orchestrator::sim::{Accident, AccidentKind, Simulator};
use std::path::{Path, PathBuf};

/// Not a real one; it only has the form.
const CANARY: &str = "ghp_canary0123456789abcdefghijklmnopqrst";

/// The token and the forms in which it could be hidden.
fn forms() -> Vec<String> {
    let base64 = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    vec![CANARY.to_owned(), base64(format!("x-access-token:{CANARY}")), base64(CANARY.to_owned())]
}

fn found(place: &str, text: &str) {
    for form in forms() {
        assert!(!text.contains(&form), "{place} holds the token:\n{text}");
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() { folders.push(entry) } else { found.push(entry) }
        }
    }
    found
}

/// A `git` before the real one that writes its arguments down.
fn spy(folder: &Path) -> (String, PathBuf) {
    let (bin, seen) = (folder.join("bin"), folder.join("arguments"));
    std::fs::create_dir_all(&bin).expect("a folder");
    let path = std::env::var("PATH").expect("a PATH");
    let git = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file()).expect("git");
    let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\nexec {} \"$@\"\n", seen.display(), git.display());
    std::fs::write(bin.join("git"), script).expect("written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("git"), executable).expect("executable");
    (format!("{}:{path}", bin.display()), seen)
}

/// Answers that hold the token, as a proxy or a broken server might send them.
fn echoes() -> Vec<AccidentKind> {
    let body = |text: &str| format!("{{\"message\": \"{text} {CANARY}\", \"errors\": [\"{CANARY}\"]}}");
    let answer = |status: u16, body: String| AccidentKind::Answer {
        status,
        headers: vec![("location".to_owned(), format!("https://elsewhere.example/?token={CANARY}"))],
        body,
    };
    let graph = format!(
        "{{\"data\": null, \"errors\": [{{\"message\": \"no such thing {CANARY}\", \"type\": \"{CANARY}\"}}]}}"
    );
    let mut echoes: Vec<AccidentKind> =
        [301, 401, 403, 422, 429, 502].into_iter().map(|status| answer(status, body("you sent"))).collect();
    echoes.extend([answer(200, graph), answer(200, format!("<html>{CANARY}")), AccidentKind::BrokenOff]);
    echoes
}

async fn check(program: &Program, arguments: &[&str], code: Option<i32>) -> Ended {
    let ended = program.run(arguments).await;
    found(&format!("the output of {arguments:?}"), &ended.out);
    found(&format!("the log of {arguments:?}"), &ended.err);
    if let Some(code) = code {
        assert_eq!(ended.code, Some(code), "{arguments:?}\n{}\n{}", ended.out, ended.err);
    }
    ended
}

async fn canary() -> Simulator {
    let sim = simulator().await;
    let viewer = sim.world(|world| world.viewer());
    sim.add_token(CANARY, viewer);
    sim
}

/// The program with the canary, every log on, and a spy on the arguments of git.
fn program(sim: &Simulator, folder: &Path) -> (Program, PathBuf) {
    let (path, seen) = spy(folder);
    let program = Program::on(sim, folder)
        .with("ORCHESTRATOR_GITHUB_TOKEN", CANARY)
        .with("LOG_LEVEL", "trace")
        .with("GIT_TRACE_CURL", "1")
        .with("GIT_TRACE", "1")
        .with("PATH", &path);
    (program, seen)
}

/// Nothing that was written or started holds it.
fn nothing_left(sim: &Simulator, folder: &Path, seen: &Path) {
    let arguments = std::fs::read_to_string(seen).expect("git was called");
    assert!(arguments.contains(" push "), "{arguments}");
    found("an argument of git", &arguments);
    let files = files(&folder.join("data"));
    assert!(files.iter().any(|file| file.ends_with("observation.json")), "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).expect("a file");
        found(&file.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
    for body in sim.world(|world| world.subjects().map(|subject| subject.body.clone()).collect::<Vec<_>>()) {
        found("an issue", &body);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_found_nowhere_whatever_a_peer_answers() {
    for kind in echoes() {
        let (sim, here) = (canary().await, folder());
        let (program, seen) = program(&sim, here.path());
        check(&program, &["cycle"], Some(0)).await;
        for (method, path) in
            [("POST", "/graphql"), ("POST", "/issues"), ("GET", "/info/refs"), ("POST", "/git-receive-pack")]
        {
            // What is met here is taken for a rate limit at times, and nothing would be sent into that.
            for kept in files(&here.path().join("data")).iter().filter(|file| file.ends_with("spending.json")) {
                std::fs::remove_file(kept).expect("it was there");
            }
            sim.arrange(Accident::on(method, path, kind.clone()));
            check(&program, &["cycle"], None).await;
        }
        check(&program, &["status", "--json"], None).await;
        check(&program, &["fsck"], None).await;
        assert!(sim.requests().count("POST", "/issues") > 0, "{kind:?}: no issue was asked for");
        nothing_left(&sim, here.path(), &seen);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_found_nowhere_whatever_is_wrong_with_the_settings() {
    let (sim, here) = (canary().await, folder());
    let (program, _) = program(&sim, here.path());
    let two = here.path().join("two");
    std::fs::write(&two, format!("{CANARY} {CANARY}")).expect("written");
    let (two, with_password) = (two.to_str().expect("text"), format!("http://x:{CANARY}@127.0.0.1:1"));
    check(&program, &["status", "--token-file", two], Some(2)).await;
    check(&program, &["status", "--git-url", &format!("{with_password}/a/b.git")], Some(6)).await;
    check(&program, &["status", "--api-url", &with_password], Some(2)).await;
    check(&program, &["status", "--repo", "maintainer/nothing"], Some(5)).await;
    let path = program.environment.get("PATH").cloned().unwrap_or_default();
    for program in [
        program.with("GITHUB_BASE_URL", &with_password),
        Program::on(&sim, here.path())
            .with("PATH", &path)
            .with("ORCHESTRATOR_GITHUB_TOKEN", &format!("{CANARY}\n{CANARY}")),
        Program::on(&sim, here.path()).with("PATH", &path).with("ORCHESTRATOR_GITHUB_TOKEN", &format!("{CANARY}x")),
    ] {
        let ended = program.run(&["status"]).await;
        found("the output", &ended.out);
        found("the log", &ended.err);
        assert_eq!(ended.code, Some(2), "{}", ended.err);
    }
}

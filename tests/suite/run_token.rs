//! A token that GitHub does not accept any more while `run` works: its source is read again, once.

use crate::folder::folder;
use crate::program::Program;
use crate::running::{Running, SLOW, agent, paced};
use orchestrator::sim::world::Permission;
use orchestrator::sim::{Accident, AccidentKind, RequestKind, Simulator};
use std::path::{Path, PathBuf};

struct Room {
    sim: Simulator,
    program: Program,
    token: PathBuf,
    run: Running,
    _here: tempfile::TempDir,
}

/// It runs with a token from a file and waits for the agent.
async fn room() -> Room {
    room_with(|token| vec!["--token-file".to_owned(), token.display().to_string()]).await
}

/// The same with other flags, made for a file that holds the token.
async fn room_with(arguments: impl FnOnce(&Path) -> Vec<String>) -> Room {
    let sim = Simulator::start(paced(SLOW)).await.expect("the simulator starts");
    let here = folder();
    let token = here.path().join("token");
    std::fs::write(&token, sim.token()).expect("written");
    let mut program = Program::on(&sim, here.path());
    program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
    let arguments = arguments(&token);
    let arguments: Vec<&str> = ["run"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    let mut run = program.start(&arguments);
    run.until(" wait ").await;
    Room { sim, program, token, run, _here: here }
}

impl Room {
    /// GitHub takes the token back, as the next look finds.
    fn revoke(&self) {
        let body = r#"{"message":"Bad credentials"}"#.to_owned();
        let kind = AccidentKind::Answer { status: 401, headers: Vec::new(), body };
        self.sim.arrange(Accident::on("POST", "/graphql", kind));
    }

    fn wake(&self) {
        std::fs::write(self.program.wake(&self.sim), "").expect("written");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_token_in_its_source_is_taken_and_said_and_nothing_is_written_before_it_is_accepted() {
    let mut room = room().await;
    let colleague = room.sim.world(|world| world.person("colleague", Permission::Write));
    room.sim.add_token("another-token", colleague);
    agent(&room.sim).await;
    room.revoke();
    std::fs::write(&room.token, "another-token").expect("written");
    room.wake();
    let said = room.run.until_aside("not accepted any more").await;
    assert!(said.contains("--token-file") && !said.contains("another-token"), "{said}");
    room.run.until(" mark-ready ").await;
    let log = room.sim.requests();
    let refused = log.entries.iter().position(|entry| entry.status == 401).expect("it was refused");
    let next = &log.entries[refused + 1];
    assert_eq!((next.kind, next.status), (RequestKind::GraphQl, 200), "the first it does is to look");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn git_that_does_not_take_the_token_has_its_source_read_again() {
    let mut room = room().await;
    let colleague = room.sim.world(|world| world.person("colleague", Permission::Write));
    room.sim.add_token("another-token", colleague);
    let body = "Invalid username or token.".to_owned();
    let kind = AccidentKind::Answer { status: 401, headers: Vec::new(), body };
    room.sim.arrange(Accident::on("GET", "/info/refs", kind));
    // There is something to fetch.
    agent(&room.sim).await;
    room.sim.commit_files("main", &[("docs/a.md", Some(b"A person's"))], "a person's work").await.expect("committed");
    std::fs::write(&room.token, "another-token").expect("written");
    room.wake();
    let said = room.run.until_aside("not accepted any more").await;
    assert!(said.contains("--token-file"), "{said}");
    room.run.until(" mark-ready ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_token_in_its_source_ends_it_with_its_help() {
    let room = room().await;
    let before = room.sim.requests();
    room.revoke();
    room.wake();
    let ended = room.run.ended().await;
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("not accept the token") && ended.err.contains("help: "), "{}", ended.err);
    let after = room.sim.requests();
    assert_eq!((after.rest_writes, after.git_pushes), (before.rest_writes, before.git_pushes), "nothing was written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_token_that_is_not_accepted_either_ends_it() {
    let room = room().await;
    std::fs::write(&room.token, "a-wrong-token").expect("written");
    room.revoke();
    room.wake();
    let ended = room.run.ended().await;
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert_eq!(ended.err.matches("holds another one").count(), 1, "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_gives_another_wrong_token_each_time_is_read_again_once() {
    // The machine file's program prints the token, and after it was taken back another word at every call.
    let room = room_with(|token| {
        let folder = token.parent().expect("a folder").join(".config/orchestrator");
        std::fs::create_dir_all(&folder).expect("made");
        let script = "cat \"$0\"; if [ -e \"$0.back\" ]; then echo x >> \"$0\"; wc -l < \"$0\" > \"$0.calls\"; fi";
        let text = format!("token_command = ['sh', '-c', '{script}', '{}']\n", token.display());
        std::fs::write(folder.join("config.toml"), text).expect("written");
        Vec::new()
    })
    .await;
    std::fs::write(&room.token, "wrong").expect("written");
    std::fs::write(room.token.with_file_name("token.back"), "").expect("written");
    room.revoke();
    room.wake();
    let calls = room.token.with_file_name("token.calls");
    let ended = room.run.ended().await;
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    let calls = std::fs::read_to_string(calls).expect("it was called");
    assert_eq!(calls.trim(), "1", "{}", ended.err);
}

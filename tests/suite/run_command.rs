//! `run`: until rest, until a person is needed, until its limits; what it says, and what wakes it.

use crate::folder::folder;
use crate::program::Program;
use crate::running::{SLOW, agent, paced};
use crate::sim_client::{clone, commit, git};
use orchestrator::sim::{Accident, AccidentKind, Simulator};
use serde_json::Value;

async fn sim(pacing: &str) -> Simulator {
    Simulator::start(paced(pacing)).await.expect("the simulator starts")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_works_until_rest_and_every_wait_is_ended_by_the_wake_up_file_alone() {
    let sim = sim(SLOW).await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let mut run = program.start(&["run", "--json"]);
    let (mut kinds, mut waits) = (Vec::new(), Vec::new());
    while let Some(value) = run.json().await {
        let outcome = &value["decision"]["outcome"];
        match outcome["outcome"].as_str().expect("an outcome") {
            "act" => kinds.push(outcome["action"]["kind"].as_str().expect("a kind").to_owned()),
            "wait" => {
                waits.push(format!("{} {}", value["decision"]["stage"], value["decision"]["reason"]));
                agent(&sim).await;
                std::fs::write(program.wake(&sim), "").expect("written");
            }
            "rest" => break,
            other => panic!("{other}: {value}"),
        }
    }
    let ended = run.ended().await;
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), "", ""));
    let completed = kinds.iter().filter(|kind| *kind == "complete").count();
    assert!(completed >= 2, "two loops: {kinds:?}");
    let mut told = waits.clone();
    told.dedup();
    assert_eq!(told, waits, "a wait is told once");
    assert!(!program.wake(&sim).exists());
    let again = program.run(&["run"]).await;
    assert_eq!(again.code, Some(0), "{}", again.err);
    let line = again.out.trim_end();
    assert!(line.get(8..).is_some_and(|line| line.starts_with("Z 1a  rest ")) && !line.contains('\n'), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_end_it_and_say_what_is_unfinished() {
    let sim = sim(SLOW).await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let ended = program.run(&["run", "--max-cycles", "2"]).await;
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    let actions: Vec<&str> = ended.out.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert_eq!(actions, ["baseline", "ask-gap"], "{}", ended.out);
    let unfinished = "error: unfinished after 2 cycle(s), at 1a — ";
    assert!(ended.err.starts_with(unfinished) && ended.err.contains("help: run it again"), "{}", ended.err);
    // It waits for the agent for a day, but not longer than it may.
    let ended = program.run(&["run", "--for", "300ms"]).await;
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    assert!(ended.err.starts_with("error: unfinished after 1 cycle(s), at 1a — "), "{}", ended.err);
    for wrong in [&["--for", "soon"][..], &["--max-cycles", "0"], &["--once", "--for", "1h"]] {
        assert_eq!(program.run(&[&["run"], wrong].concat()).await.code, Some(2), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn once_is_one_cycle() {
    let sim = sim(SLOW).await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let ended = program.run(&["run", "--once", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let value: Value = serde_json::from_str(&ended.out).expect("one line of JSON");
    assert_eq!(value["decision"]["outcome"]["action"]["kind"], "baseline");
    assert_eq!(sim.world(|world| world.subjects().count()), 0, "and no more than that");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_person_is_needed_it_ends_with_seven_and_says_what_lifts_it() {
    let sim = sim("poll = \"nonsense\"").await;
    let here = folder();
    let ended = Program::on(&sim, here.path()).run(&["run"]).await;
    assert_eq!(ended.code, Some(7), "{}", ended.err);
    assert!(ended.out.contains(" stalled ") && ended.out.contains("lift: "), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_waits_for_a_person_is_said_and_waited_for() {
    let sim = sim(SLOW).await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    sim.commit_files("main", &[("planning/PAUSE", Some(b""))], "pause").await.expect("committed");
    let mut run = program.start(&["run"]);
    run.until(" wait ").await;
    sim.commit_files("main", &[("planning/PAUSE", None)], "resume").await.expect("committed");
    std::fs::write(program.wake(&sim), "").expect("written");
    run.until(" ask-gap ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_away_for_a_while_is_said_once_and_waited_for() {
    let sim = sim("poll = \"1s\"\nwrite_spacing = \"0s\"").await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let mut run = program.start(&["run"]);
    run.until(" wait ").await;
    // A read is tried three times; so this is two looks.
    for _ in 0..6 {
        sim.arrange(Accident::on("POST", "/graphql", AccidentKind::Before(503)));
    }
    run.until_aside("it goes on as soon as it can").await;
    let said = run.until_aside("").await;
    assert_eq!(said, "it can be looked at again");
    agent(&sim).await;
    run.until(" mark-ready ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_nothing_can_be_made_of_is_said_once_and_does_not_end_the_night() {
    let sim = sim("poll = \"1s\"\nwrite_spacing = \"0s\"").await;
    let here = folder();
    let answer = |status: u16, body: &str| AccidentKind::Answer { status, headers: Vec::new(), body: body.to_owned() };
    let graphql = |status, body: &str| Accident::on("POST", "/graphql", answer(status, body));
    let odd = [
        Accident::on("GET", "/issues/2/timeline", answer(404, r#"{"message":"Not Found"}"#)),
        Accident::on("GET", "/issues/2/timeline", answer(403, r#"{"message":"Resource not accessible"}"#)),
        graphql(200, r#"{"data":null,"errors":[{"message":"Something odd"}]}"#),
        graphql(403, r#"{"message":"Forbidden"}"#),
    ];
    let program = Program::on(&sim, here.path());
    let mut run = program.start(&["run"]);
    run.until(" wait ").await;
    sim.step_agent().await.expect("the agent opens its draft");
    for accident in odd {
        sim.arrange(accident);
        std::fs::write(program.wake(&sim), "").expect("written");
        run.until_aside("it goes on as soon as it can").await;
        std::fs::write(program.wake(&sim), "").expect("written");
        assert_eq!(run.until_aside("").await, "it can be looked at again");
    }
    agent(&sim).await;
    run.until(" mark-ready ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn git_that_is_not_let_in_once_does_not_end_the_night() {
    let sim = sim("poll = \"1s\"\nwrite_spacing = \"0s\"").await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let mut run = program.start(&["run"]);
    run.until(" wait ").await;
    for status in [404, 403, 401] {
        let answer = AccidentKind::Answer { status, headers: Vec::new(), body: "Repository not found.".to_owned() };
        sim.arrange(Accident::on("GET", "/info/refs", answer));
        // There is something to fetch.
        let path = format!("docs/{status}.md");
        sim.commit_files("main", &[(path.as_str(), Some(b"A person's"))], "a person's work").await.expect("committed");
        std::fs::write(program.wake(&sim), "").expect("written");
        run.until_aside("it goes on as soon as it can").await;
        std::fs::write(program.wake(&sim), "").expect("written");
        assert_eq!(run.until_aside("").await, "it can be looked at again", "{status}");
    }
    agent(&sim).await;
    run.until(" mark-ready ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_works_in_the_clone_it_waits_and_says_so() {
    let sim = sim(SLOW).await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    let lock = program.wake(&sim).with_file_name("lock");
    let held = std::fs::File::options().write(true).open(&lock).expect("the lock file");
    held.lock().expect("nobody else");
    let mut run = program.start(&["run"]);
    run.until_aside("it goes on when that is done").await;
    assert_eq!(sim.world(|world| world.subjects().count()), 0, "nothing was written");
    held.unlock().expect("it was locked");
    run.until(" ask-gap ").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hook_of_the_readme_brings_on_a_look_after_a_push() {
    let sim = sim(SLOW).await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let mut run = program.start(&["run"]);
    run.until(" wait ").await;
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    let line = readme.lines().find(|line| line.starts_with("touch ")).expect("its hook");
    let wake = program.wake(&sim).display().to_string();
    let hook = line.replace("~/.local/state/orchestrator/github.com/owner/name/wake", &wake);
    assert_ne!(hook, line);
    let checkout = clone(&sim).await;
    let path = checkout.path().join(".git/hooks/reference-transaction");
    std::fs::write(&path, format!("#!/bin/sh\n{hook}\n")).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    commit(&sim, checkout.path(), "planning/orchestrator.toml", "version = 2\n").await;
    assert!(git(&sim, checkout.path(), &["push", "-q", "origin", "HEAD:main"]).await.ok);
    let ended = run.ended().await;
    assert_eq!(ended.code, Some(7), "it has seen the policy that was pushed: {}", ended.out);
}

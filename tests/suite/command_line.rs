//! The program as people and scripts run it: exit codes, words, and what it never touches.

use crate::folder::folder;
use crate::program::{Program, contents};
use crate::sim_client::{clone, git, simulator};
use orchestrator::sim::{Options, Simulator};
use serde_json::Value;
use std::process::Stdio;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_rests_after_two_loops_and_the_same_seed_goes_the_same_way() {
    let here = folder();
    let mut ways = Vec::new();
    for seed in ["2", "2", "1"] {
        let ended = Program::new(here.path()).run(&["demo", "--json", "--seed", seed]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let lines: Vec<Value> =
            ended.out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
        let (summary, steps) = lines.split_last().expect("a summary");
        assert!(summary["loops"].as_u64() >= Some(2), "{summary}");
        assert_eq!(steps.last().map(|step| &step["decision"]["outcome"]["outcome"]), Some(&"rest".into()));
        let way = |step: &Value| (step["decision"]["stage"].clone(), step["decision"]["focus"]["title"].clone());
        ways.push(steps.iter().map(way).collect::<Vec<_>>());
    }
    assert_eq!(ways[0], ways[1]);
    assert_ne!(ways[1], ways[2]);
    assert_eq!(std::fs::read_dir(here.path()).expect("a folder").count(), 0, "nothing is left in the folder");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_has_its_exit_code_and_its_help() {
    let sim = simulator().await;
    let here = folder();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a free port");
    let closed = format!("http://{closed}");
    let on = || Program::on(&sim, here.path());
    let cases = [
        (Program::new(here.path()), &["status"][..], 2, "no repository is named", "--repo owner/name"),
        (on(), &["status", "--repo", "x"], 2, "`x` ", "--repo owner/name"),
        (on(), &["status", "--api-url", "ftp://x"], 2, "`ftp://x` is not an address", "GITHUB_BASE_URL"),
        (on().with("ORCHESTRATOR_GITHUB_TOKEN", "wrong"), &["status"], 2, "not accept the token", "a user's token"),
        (on(), &["cycle", "--repo", "maintainer/nothing"], 5, "not found", "check --repo"),
        (on(), &["status", "--api-url", &closed], 6, "no answer from GitHub", "check the network"),
        (on().with("ORCHESTRATOR_STOP_AT", "promote.dance"), &["cycle"], 2, "no stop point", "promote.bind"),
        (on(), &["status", "--git-url", &format!("{closed}/x.git")], 6, "remote could not be asked", "git ls-remote"),
    ];
    for (program, arguments, code, what, help) in cases {
        let ended = program.run(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.err);
        let last = ended.err.trim_end().lines().last().unwrap_or_default();
        assert!(ended.err.starts_with("error: ") && ended.err.contains(what), "{arguments:?}: {}", ended.err);
        assert!(last.starts_with("help: ") && last.contains(help), "{arguments:?}: {}", ended.err);
        assert!(ended.out.is_empty(), "{}", ended.out);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_is_told_who_is_at_work() {
    let sim = simulator().await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["status"]).await.code, Some(0));
    let lock = contents(here.path()).into_keys().find(|path| path.ends_with("lock")).expect("a lock file");
    let held = std::fs::File::options().write(true).open(&lock).expect("the lock file");
    held.lock().expect("nobody else");
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.err);
    assert!(ended.err.contains("is in use by process "), "{}", ended.err);
    assert!(ended.out.contains("would baseline:"), "it reads what the other saw: {}", ended.out);
    assert!(sim.world(|world| world.reference("refs/orchestrator/ledger").is_none()), "and writes nothing");
    let ended = program.run(&["status"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.err.contains(" is at work in this clone; this is what it saw "), "{}", ended.err);
    assert!(ended.out.starts_with("maintainer/tally\n\nstage    1a"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_goes_away_is_no_failure() {
    let sim = simulator().await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_orchestrator"))
        .arg("cycle")
        .current_dir(&program.folder)
        .env_clear()
        .envs(&program.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let ended = child.wait_with_output().await.expect("it ends");
    assert_eq!((ended.status.code(), String::from_utf8_lossy(&ended.stderr).as_ref()), (Some(0), ""));
    assert!(sim.world(|world| world.reference("refs/orchestrator/ledger").is_some()), "the work was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_names_the_action_and_changes_nothing() {
    let sim = simulator().await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let ended = program.run(&["cycle", "--dry-run"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.contains("would baseline:") && ended.out.contains("1. begin the ledger"), "{}", ended.out);
    assert!(sim.world(|world| world.reference("refs/orchestrator/ledger").is_none()));
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(sim.world(|world| world.reference("refs/orchestrator/ledger").is_some()));
    let ended = program.run(&["cycle", "--dry-run", "--json"]).await;
    let value: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(value["decision"]["outcome"]["action"]["kind"], "ask_gap", "{value}");
    assert_eq!(sim.world(|world| world.subjects().count()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_at_a_stop_point_leaves_what_the_next_one_finishes() {
    let sim = simulator().await;
    let here = folder();
    assert_eq!(Program::on(&sim, here.path()).run(&["cycle"]).await.code, Some(0));
    let stopping = Program::on(&sim, here.path()).with("ORCHESTRATOR_STOP_AT", "ask-gap.bind");
    assert_eq!(stopping.run(&["cycle"]).await.signal, Some(9));
    let issues = || sim.world(|world| world.subjects().map(|s| (s.number, s.assignees.len())).collect::<Vec<_>>());
    assert_eq!(issues(), [(1, 0)], "bound and not assigned");
    let ended = Program::on(&sim, here.path()).run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(issues(), [(1, 1)]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_token_nor_the_callers_git_leak_into_the_work() {
    use std::os::unix::fs::PermissionsExt;
    let sim = simulator().await;
    let here = folder();
    // Another git stands first in the path, writes its arguments down and goes on as the real one.
    let bin = here.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    let (log, wrapper) = (here.path().join("arguments"), bin.join("git"));
    let path = std::env::var("PATH").expect("a PATH");
    let script = format!("#!/bin/sh\necho \"$@\" >> '{}'\nPATH='{path}' exec git \"$@\"\n", log.display());
    std::fs::write(&wrapper, script).expect("written");
    std::fs::set_permissions(&wrapper, PermissionsExt::from_mode(0o755)).expect("executable");
    // The caller is in the middle of a hook of its own repository.
    let trap = clone(&sim).await;
    let before = contents(trap.path());
    let trap_git = trap.path().join(".git");
    let program = Program::on(&sim, here.path())
        .with("PATH", &format!("{}:{path}", bin.display()))
        .with("GIT_DIR", trap_git.to_str().expect("a plain path"))
        .with("GIT_WORK_TREE", trap.path().to_str().expect("a plain path"))
        .with("GIT_INDEX_FILE", trap_git.join("index").to_str().expect("a plain path"))
        .with("GIT_OBJECT_DIRECTORY", trap_git.join("objects").to_str().expect("a plain path"))
        .with("GIT_CONFIG_PARAMETERS", "'remote.pushdefault'='nowhere'")
        .with("GIT_NAMESPACE", "elsewhere")
        .with("GIT_TRACE", "1")
        .with("GIT_TRACE_CURL", "1")
        .with("LOG_LEVEL", "trace");
    let mut said = String::new();
    for _ in 0..3 {
        let ended = program.run(&["cycle"]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        said.push_str(&ended.out);
        said.push_str(&ended.err);
    }
    assert_eq!(sim.world(|world| world.subjects().count()), 1, "the work was done");
    assert!(contents(trap.path()) == before, "the caller's repository is byte-identical");
    let arguments = std::fs::read_to_string(&log).expect("the wrapper ran");
    assert!(arguments.lines().count() >= 4 && arguments.contains("push --porcelain"), "{arguments}");
    let pair =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("x-access-token:{}", sim.token()));
    let data = contents(&here.path().join("data"));
    let everywhere = data.into_values().map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    for text in everywhere.chain([arguments, said]) {
        assert!(!text.contains(sim.token()) && !text.contains(&pair), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_beside_it_stays_byte_identical() {
    let sim = simulator().await;
    let checkout = clone(&sim).await;
    std::fs::write(checkout.path().join("draft.txt"), "not committed").expect("written");
    assert!(git(&sim, checkout.path(), &["status"]).await.ok);
    let before = contents(checkout.path());
    let data = folder();
    let mut program = Program::on(&sim, data.path());
    program.folder = checkout.path().to_owned();
    for command in [&["status"][..], &["cycle"], &["cycle"], &["cycle", "--dry-run"]] {
        let ended = program.run(command).await;
        assert_eq!(ended.code, Some(0), "{}", ended.err);
    }
    assert!(contents(checkout.path()) == before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_says_stage_focus_reason_next_and_queue_and_repeats_nothing() {
    // The machine's clock, which the program has: what has waited for long says more.
    let sim = Simulator::start(Options::default()).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    let bad: (&str, Option<&[u8]>) = ("planning/issue_queue/pending/bad.md", Some(b""));
    let good: (&str, Option<&[u8]>) = ("planning/issue_queue/pending/dev-x.md", Some(b"# Do \x1b[31mx"));
    let old: (&str, Option<&[u8]>) = ("planning/issue_queue/processed/old.md", Some(b"# Old"));
    sim.commit_files("main", &[bad, good, old], "three files").await.expect("committed");
    for _ in 0..2 {
        assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    }
    let ended = program.run(&["status"]).await;
    let plain = |line: &str| line.split(", at the latest until ").next().unwrap_or_default().to_owned();
    let lines: Vec<String> = ended.out.lines().map(plain).collect();
    let expected = [
        "maintainer/tally",
        "",
        "stage    2b — Development in work",
        "focus    Do [31mx · issue #1",
        "why      the agent has not opened a pull request for #1 yet",
        "next     wait for the agent",
        "also     2b old.md lies in processed/ and no issue is bound to it",
        "         lift: settle it with `orchestrator adopt`, or move the file back to pending/",
        "",
        "queue    1 pending · 2 processed · 0 complete",
        "aside    bad.md: it is empty",
    ];
    assert_eq!(lines, expected, "{}", ended.out);
    let ended = program.run(&["cycle", "--exit-code"]).await;
    let last = ended.out.lines().last().map(plain);
    assert_eq!((ended.code, last.as_deref()), (Some(8), Some("wait for the agent")));
}

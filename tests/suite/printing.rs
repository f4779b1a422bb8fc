//! How the program prints: quietly, in colour, as a log for machines.

use crate::folder::folder;
use crate::program::Program;
use crate::sim_client::simulator;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_program_prints_failures_and_json_only() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    let ended = program.run(&["cycle", "--quiet"]).await;
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (Some(0), "", ""));
    let ended = program.run(&["-q", "status", "--json"]).await;
    assert!(serde_json::from_str::<Value>(&ended.out).is_ok() && ended.err.is_empty(), "{ended:?}");
    let ended = program.run(&["status", "-q", "--repo", "maintainer/nothing"]).await;
    assert!(ended.out.is_empty() && ended.err.starts_with("error: "), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colour_is_used_where_it_is_asked_for_and_never_in_a_pipe_by_itself() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    let plain = program.run(&["status"]).await;
    let colored = program.run(&["status", "--color", "always"]).await;
    assert!(!plain.out.contains('\u{1b}') && colored.out.contains("\u{1b}[1mstage    \u{1b}[0m1a"), "{colored:?}");
    let stripped = colored.out.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
    assert_eq!(stripped, plain.out);
    let failed = program.run(&["status", "--color", "always", "--repo", "x"]).await;
    assert!(failed.err.starts_with("\u{1b}[1;31merror\u{1b}[0m: "), "{failed:?}");
    let wrong = program.run(&["status", "--color", "blue"]).await;
    assert_eq!(wrong.code, Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_json_a_line_where_that_is_asked_for() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path()).with("LOG_LEVEL", "trace");
    let ended = program.run(&["cycle", "--log-format", "json"]).await;
    assert!(ended.err.lines().count() > 5, "{ended:?}");
    for line in ended.err.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["target"].is_string(), "{line}");
    }
    let unknown = Program::on(&sim, here.path()).with("LOG_LEVEL", "loud").run(&["status"]).await;
    assert!(unknown.err.starts_with("LOG_LEVEL is none of"), "{unknown:?}");
}

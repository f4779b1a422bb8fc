//! `create-issue`: what it says, what it makes, and what it refuses.

use crate::folder::folder;
use crate::program::Program;
use crate::sim_client::simulator;
use crate::transcript::{Names, assert_transcript};
use orchestrator::sim::world::{AccountId, NewIssue, Permission, World};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_is_made_once_with_its_labels_and_neither_agent_nor_marker() {
    let sim = simulator().await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    let names = Names::of(&sim, &program);
    let command = ["create-issue", "--repo", "maintainer/tally", "--title", "Sort the output", "--body", "By count."];
    let labelled = [&command[..], &["--labels", "development, good first issue"]].concat();
    let got = names.transcript(&program.run(&labelled).await);
    assert_transcript(&got, "Created issue #1: Sort the output\n= 0\n");
    let made = sim.world(|world| {
        let subject = world.subjects().next().expect("an issue");
        (subject.title.clone(), subject.body.clone(), subject.labels.clone(), subject.assignees.len())
    });
    assert_eq!((made.0.as_str(), made.1.as_str(), made.3), ("Sort the output", "By count.", 0));
    assert_eq!(made.2.len(), 2, "{:?}", made.2);
    let got = names.transcript(&program.run(&labelled).await);
    let exists = "! error: #1 of maintainer/tally is open and has this title\n! help: close it, or give the new one another title\n= 3\n";
    assert_transcript(&got, exists);
    let ended = program.run(&["create-issue", "--title", "Sort the output again", "--json"]).await;
    let value: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(value, serde_json::json!({ "number": 2, "title": "Sort the output again" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_one_and_somebody_elses_are_no_hindrance_and_the_hundredth_is_found() {
    let sim = simulator().await;
    let here = folder();
    let program = Program::on(&sim, here.path());
    sim.world(|world| {
        let (me, colleague) = (world.viewer(), world.person("colleague", Permission::Write));
        let issue = |world: &mut World, by: AccountId, title: &str| {
            let new = NewIssue { title: title.to_owned(), ..NewIssue::default() };
            world.open_issue(by, new, None).expect("an issue")
        };
        issue(world, colleague, "Theirs");
        let closed = issue(world, me, "Closed");
        world.close(closed, me, None);
        issue(world, me, "Hundredth");
        for index in 0..120 {
            issue(world, me, &format!("Another {index}"));
        }
    });
    for (title, code) in [("Theirs", 0), ("Closed", 0), ("Hundredth", 3), ("Another 0", 3), ("another 0", 0)] {
        let ended = program.run(&["create-issue", "--title", title]).await;
        assert_eq!(ended.code, Some(code), "{title}: {}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_keeps_an_issue_from_being_made_has_its_exit_code_and_its_help() {
    let sim = simulator().await;
    let here = folder();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a free port");
    let closed = format!("http://{closed}");
    let on = || Program::on(&sim, here.path());
    let long = "x".repeat(257);
    let marker = "<!-- orchestrator-issue-queue-id: dev-a.md -->";
    let cases = [
        (on().with("ORCHESTRATOR_GITHUB_TOKEN", ""), &["--title", "T"][..], 2, "there is no token", "--token-file"),
        (on().with("ORCHESTRATOR_GITHUB_TOKEN", "wrong"), &["--title", "T"], 2, "not accept the token", "token"),
        (on(), &["--title", "T", "--api-url", &closed], 6, "no answer from GitHub", "check the network"),
        (on(), &["--title", "T", "--repo", "maintainer/nothing"], 5, "not found", "check --repo"),
        (on(), &["--title", "  "], 2, "--title is empty", "--help"),
        (on(), &["--title", &long], 2, "at most 256", "--help"),
        (on(), &["--title", "T", "--body", marker], 2, "holds a marker", "--help"),
    ];
    for (program, arguments, code, what, help) in cases {
        let ended = program.run(&[&["create-issue"], arguments].concat()).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {}", ended.err);
        let last = ended.err.trim_end().lines().last().unwrap_or_default();
        assert!(ended.err.contains(what) && last.starts_with("help: ") && last.contains(help), "{}", ended.err);
    }
    assert_eq!(on().run(&["create-issue"]).await.code, Some(2), "a title is needed");
    assert_eq!(sim.world(|world| world.subjects().count()), 0);
}

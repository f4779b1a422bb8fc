//! A dry run shows what the real run then sends, word for word, and sends nothing itself.

use crate::folder::folder;
use crate::program::Program;
use crate::sim_client::simulator;
use orchestrator::sim::Simulator;
use serde_json::Value;

/// What is written of `Orchestrator-Op`, and the commit's own name, differ from run to run.
fn without_names(patch: &str) -> String {
    let hidden = |line: &&str| !line.starts_with("Orchestrator-Op: ") && !line.starts_with("index ");
    patch.lines().filter(hidden).collect::<Vec<_>>().join("\n")
}

async fn rehearsed(program: &Program) -> Vec<Value> {
    let ended = program.run(&["cycle", "--dry-run", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let told: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert!(told["ends"].is_null(), "{told}");
    told["writes"].as_array().expect("writes").clone()
}

fn writes(sim: &Simulator) -> (u64, u64) {
    let log = sim.requests();
    (log.rest_writes, log.git_pushes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_shows_every_request_and_commit_and_sends_none() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    assert_eq!(program.run(&["cycle"]).await.code, Some(0), "the baseline");
    let before = writes(&sim);
    let told = rehearsed(&program).await;
    assert_eq!(writes(&sim), before, "nothing was sent");
    let kinds: Vec<&str> =
        told.iter().map(|write| write["method"].as_str().or(write["reference"].as_str()).expect("a kind")).collect();
    assert_eq!(kinds, ["refs/orchestrator/ledger", "POST", "POST", "refs/orchestrator/ledger", "POST"]);
    let ended = program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let (issue, body) = sim.world(|world| {
        let issue = world.subjects().next().expect("an issue");
        (issue.title.clone(), issue.body.clone())
    });
    assert_eq!(
        (told[2]["body"]["title"].as_str(), told[2]["body"]["body"].as_str()),
        (Some(issue.as_str()), Some(body.as_str()))
    );
    assert_eq!(told[4]["path"], "/repos/maintainer/tally/issues/0/assignees");
    let log = sim.log("refs/orchestrator/ledger").await.expect("a ledger");
    let subject =
        |write: &Value| write["message"].as_str().expect("a message").lines().next().unwrap_or_default().to_owned();
    let told_subjects = [subject(&told[3]).replace("#0", "#1"), subject(&told[0])];
    assert_eq!(
        log.iter()
            .take(2)
            .map(|(_, message)| message.lines().next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>(),
        told_subjects
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_move_of_a_queue_file_is_shown_as_git_shows_a_rename() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    let path = "planning/issue_queue/pending/dev-1.md";
    sim.commit_files("main", &[(path, Some(b"# Count words\n"))], "A task").await.expect("a commit");
    assert_eq!(program.run(&["cycle"]).await.code, Some(0), "the baseline");
    let ended = program.run(&["cycle", "--dry-run"]).await;
    let shown = without_names(&ended.out);
    for line in [
        "git push refs/heads/main, which stands at ",
        "    planning: promote dev-1.md (#0) [skip ci]",
        "    Orchestrator-Item: dev-1.md",
        "diff --git a/planning/issue_queue/pending/dev-1.md b/planning/issue_queue/processed/dev-1.md",
        "similarity index 100%",
        "rename from planning/issue_queue/pending/dev-1.md",
        "rename to planning/issue_queue/processed/dev-1.md",
        "POST /repos/maintainer/tally/issues/0/assignees",
        "nothing was sent; 0 stands for what only GitHub can give",
    ] {
        assert!(shown.contains(line), "{line} is missing:\n{shown}");
    }
    assert!(sim.read_file("main", path).await.expect("a mainline").is_some(), "the file is where it was");
}

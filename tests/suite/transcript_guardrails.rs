//! `guardrails`: what it shows of the pull request that the loop is about, and its exit codes.

use crate::folder::folder;
use crate::program::Program;
use crate::running::agent;
use crate::transcript::{Names, assert_transcript};
use orchestrator::sim::world::CheckResult;
use orchestrator::sim::{Options, Simulator};
use serde_json::{Value, json};

const POLICY: &str = "planning/orchestrator.toml";

/// A policy under which a red check only warns and no size is too large.
fn policy(merges: bool) -> String {
    format!(
        "version = 1\n[merge]\nenabled = {merges}\ncool_down = \"0s\"\n[loop]\nwrite_spacing = \"0s\"\n[guardrails]\n\
         checks = \"warn\"\ndiff_size = \"off\"\n"
    )
}

/// The sample project with one pending file, and the policy under which nothing is merged.
async fn one_item() -> Simulator {
    let mut options = Options::default();
    options.project.retain(|(path, _)| path != POLICY);
    let pending = "planning/issue_queue/pending/dev-1.md";
    options.project.push((POLICY.to_owned(), policy(false).into_bytes()));
    options.project.push((pending.to_owned(), b"# Count lines\n".to_vec()));
    Simulator::start(options).await.expect("the simulator starts")
}

/// One guardrail of a listing in JSON.
fn guard<'v>(listing: &'v Value, name: &str) -> &'v Value {
    let all = listing["guardrails"].as_array().expect("guardrails");
    all.iter().find(|guard| guard["name"] == name).expect("the guardrail")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_guardrail_is_shown_with_its_weight_and_a_strict_no_is_told_by_the_exit_code() {
    let (sim, here) = (one_item().await, folder());
    let program = Program::on(&sim, here.path());
    let nothing = "no pull request of a bound issue is open, so there is nothing to judge\n= 5\n";
    assert_transcript(&Names::of(&sim, &program).transcript(&program.run(&["guardrails"]).await), nothing);
    // It begins the ledger and asks for the item.
    for _ in 0..2 {
        assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    }
    assert_transcript(&Names::of(&sim, &program).transcript(&program.run(&["guardrails"]).await), nothing);
    let ended = program.run(&["guardrails", "--json"]).await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(5), "null\n"), "{}", ended.err);

    agent(&sim).await;
    let head = sim.world(|world| world.pull(2).map(|(_, pull)| pull.head_oid.clone())).expect("its head");
    sim.report_check(&head, "unit", CheckResult::Failure);
    let names = Names::of(&sim, &program).and(head.get(..8).expect("an id"), "HEAD");
    let before = (sim.requests().rest_writes, sim.requests().git_pushes);
    assert_transcript(
        &names.transcript(&program.run(&["guardrails"]).await),
        "\
#2 Count lines, for item dev-1.md
wip             pass
agent_at_work   pass
review_request  pass
author          pass
fork            pass
base            pass
bound_issue     pass
hold            pass
pause           pass
consent         veto           planning/orchestrator.toml does not allow merging
                               lift: set `enabled = true` under `[merge]`, or merge #2 yourself
paths           pass
diff_size       off
reviews         pass
checks          veto, warns    checks of #2 failed at HEAD: the check `unit` fails
                               lift: the agent or a person mends them: API/maintainer/tally/pull/2/checks
mergeable       pass
cool_down       pass
merge_cap       pass
= 4
",
    );
    let ended = program.run(&["guardrails", "--json"]).await;
    assert_eq!(ended.code, Some(4), "{}", ended.err);
    let listing: Value = serde_json::from_str(&ended.out).expect("one line of JSON");
    assert_eq!((&listing["pull"], &listing["title"]), (&json!(2), &json!("Count lines")), "{listing}");
    for (name, weight, state) in [
        ("wip", "strict", "pass"),
        ("consent", "strict", "veto"),
        ("checks", "warn", "veto"),
        ("diff_size", "off", "off"),
    ] {
        let guard = guard(&listing, name);
        assert_eq!((&guard["weight"], &guard["state"]), (&json!(weight), &json!(state)), "{guard}");
    }
    assert!(guard(&listing, "wip")["why"].is_null() && guard(&listing, "consent")["lifts"].is_string(), "{listing}");

    // What only warns is no obstacle.
    let allowed = policy(true);
    sim.commit_files("main", &[(POLICY, Some(allowed.as_bytes()))], "merge").await.expect("committed");
    let ended = program.run(&["guardrails", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{} {}", ended.out, ended.err);
    let listing: Value = serde_json::from_str(&ended.out).expect("one line of JSON");
    assert_eq!(
        (&guard(&listing, "consent")["state"], &guard(&listing, "checks")["state"]),
        (&json!("pass"), &json!("veto"))
    );
    let after = (sim.requests().rest_writes, sim.requests().git_pushes);
    assert_eq!(after, before, "it changes nothing");
}

//! The comparison on the real wire: a repository that the loop drove agrees with itself; what was done to it is told.

use crate::folder::folder;
use crate::program::Program;
use crate::sim_client::{clone, git};
use crate::stage::Stage;
use orchestrator::model::Outcome;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driven_repository_agrees_with_itself_and_what_was_done_to_it_is_told() {
    let stage = Stage::new().await;
    let here = folder();
    let program = Program::on(&stage.sim, here.path());
    let ended = program.run(&["fsck"]).await;
    let agree = "files, bindings, issues, pull requests and trailers agree";
    assert_eq!((ended.code, ended.out), (Some(0), format!("{agree} (0 bindings, 0 files)\n")), "{}", ended.err);
    let mut healed = 0;
    for _ in 0..160 {
        let cycle = stage.cycle().await;
        if cycle.moved() && healed < 12 {
            // In the middle of the loop nothing is told that needs a person.
            healed += 1;
            let ended = program.run(&["fsck"]).await;
            assert_eq!(ended.code, Some(0), "{} {} after {:?}", ended.out, ended.err, cycle.done);
        }
        if matches!(cycle.decision.outcome, Outcome::Rest { .. }) {
            break;
        }
        stage.sim.step_agent().await.expect("the agent works");
    }
    let ended = program.run(&["fsck"]).await;
    assert_eq!((ended.code, ended.out), (Some(0), format!("{agree} (7 bindings, 2 files)\n")), "{}", ended.err);

    // A person puts a file nobody knows into processed/, opens the first issue again and rewrites history.
    let viewer = stage.sim.world(|world| world.viewer());
    stage.sim.world(|world| world.reopen(1, viewer).expect("it was closed"));
    let path = "planning/issue_queue/processed/by-hand.md";
    stage.sim.commit_files("main", &[(path, Some(b"# By hand"))], "by hand").await.expect("committed");
    let ended = program.run(&["fsck"]).await;
    assert_eq!(ended.code, Some(7), "{}", ended.err);
    let lines: Vec<&str> = ended.out.lines().collect();
    let expected = [
        "2 to be settled by a person (7 bindings, 3 files)",
        "  -  by-hand.md lies in processed/ and nothing is bound to it",
        "     means:  a predecessor gave it out, or a person moved it there",
        "     settle: orchestrator adopt, or move it back to pending/",
    ];
    assert_eq!(lines[..4], expected, "{}", ended.out);
    assert!(lines[4].starts_with("  -  #1 was reopened after gap analysis "), "{}", ended.out);
    assert_eq!(lines.len(), 7, "{}", ended.out);

    let work = clone(&stage.sim).await;
    let root = git(&stage.sim, work.path(), &["rev-list", "--max-parents=0", "HEAD"]).await.stdout;
    assert!(git(&stage.sim, work.path(), &["push", "-q", "-f", "origin", &format!("{}:main", root.trim())]).await.ok);
    let ended = program.run(&["fsck", "--json"]).await;
    let value: Value = serde_json::from_str(&ended.out).expect("JSON");
    let kinds: Vec<&str> =
        value["findings"].as_array().expect("a list").iter().filter_map(|f| f["kind"].as_str()).collect();
    assert_eq!(ended.code, Some(7));
    assert_eq!(kinds.iter().filter(|kind| **kind == "merge_lost").count(), 6, "{kinds:?}");
}

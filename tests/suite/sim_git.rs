//! The simulator's git side, with the real program over HTTP.

use orchestrator::sim::world::{MergeMethod, Mergeability};
use serde_json::{Value, json};

use crate::sim_client::{clone, commit, git, git_with_token, repo, simulator};

#[tokio::test]
async fn a_wrong_token_neither_fetches_nor_pushes() {
    let sim = simulator().await;
    let directory = crate::folder::folder();
    let ran = git_with_token("wrong", directory.path(), &["ls-remote", &sim.git_url()]).await;
    assert!(!ran.ok);
    let clone = clone(&sim).await;
    commit(&sim, clone.path(), "a.txt", "a").await;
    assert!(!git_with_token("wrong", clone.path(), &["push", "-q", "origin", "main"]).await.ok);
    assert_eq!(sim.log("main").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_push_moves_the_mainline_and_is_seen_by_the_world() {
    let sim = simulator().await;
    let clone = clone(&sim).await;
    let oid = commit(&sim, clone.path(), "a.txt", "a").await;
    let ran = git(&sim, clone.path(), &["push", "-q", "origin", "main"]).await;
    assert!(ran.ok, "{ran:?}");
    assert_eq!(sim.world(|world| world.branch("main").map(str::to_owned)), Some(oid));
    let log = sim.requests();
    assert_eq!((log.git_pushes, log.rest, log.graphql), (1, 0, 0));
    assert!(log.git_fetches >= 1);
}

#[tokio::test]
async fn a_large_push_arrives_compressed_and_chunked() {
    let sim = simulator().await;
    let clone = clone(&sim).await;
    let noise: String = (0..400_000_u64).map(|n| format!("{:x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))).collect();
    commit(&sim, clone.path(), "noise.txt", &noise).await;
    let ran = git(&sim, clone.path(), &["push", "-q", "origin", "main"]).await;
    assert!(ran.ok, "{ran:?}");
    assert_eq!(sim.read_file("main", "noise.txt").await.unwrap().map(|content| content.len()), Some(noise.len()));
}

#[tokio::test]
async fn of_two_pushes_that_expect_the_same_exactly_one_wins() {
    let sim = simulator().await;
    let (one, two) = (clone(&sim).await, clone(&sim).await);
    let base = git(&sim, one.path(), &["rev-parse", "HEAD"]).await.stdout;
    let first = commit(&sim, one.path(), "one.txt", "1").await;
    let second = commit(&sim, two.path(), "two.txt", "2").await;
    let lease = format!("--force-with-lease=refs/heads/main:{base}");
    let args = ["push", "--porcelain", "--atomic", &lease, "origin", "HEAD:refs/heads/main"];
    let (left, right) = tokio::join!(git(&sim, one.path(), &args), git(&sim, two.path(), &args));
    assert!(left.ok != right.ok, "{left:?} {right:?}");
    let winner = if left.ok { first } else { second };
    assert_eq!(sim.world(|world| world.branch("main").map(str::to_owned)), Some(winner));
}

#[tokio::test]
async fn a_ref_outside_of_branches_is_taken_and_a_hidden_one_is_not() {
    let sim = simulator().await;
    let clone = clone(&sim).await;
    let none = "0".repeat(40);
    let lease = format!("--force-with-lease=refs/orchestrator/ledger:{}", "");
    let push = ["push", "--porcelain", &lease, "origin", "HEAD:refs/orchestrator/ledger"];
    let ran = git(&sim, clone.path(), &push).await;
    assert!(ran.ok, "{ran:?} {none}");
    assert!(sim.world(|world| world.reference("refs/orchestrator/ledger").is_some()));
    let ran = git(&sim, clone.path(), &["push", "--porcelain", "origin", "HEAD:refs/pull/9/head"]).await;
    assert!(!ran.ok);
    assert!(format!("{} {}", ran.stdout, ran.stderr).contains("deny updating a hidden ref"), "{ran:?}");
}

#[tokio::test]
async fn a_protected_mainline_refuses_pushes_and_takes_merges() {
    let sim = simulator().await;
    sim.protect_mainline(true).await.unwrap();
    sim.protect_branch("keep/*").await.unwrap();
    let clone = clone(&sim).await;
    commit(&sim, clone.path(), "a.txt", "a").await;
    let ran = git(&sim, clone.path(), &["push", "origin", "HEAD:main", "HEAD:work", "HEAD:keep/it"]).await;
    assert!(!ran.ok);
    let expected = "remote: error: GH006: Protected branch update failed for refs/heads/main.";
    assert!(ran.stderr.contains(expected), "{ran:?}");
    assert!(ran.stderr.contains("HEAD -> main (protected branch hook declined)"), "{ran:?}");
    let other = sim.world(|world| (world.branch("work").is_some(), world.branch("keep/it").is_some()));
    assert_eq!(other, (true, true), "other refs of the same push are taken");
    let ran = git(&sim, clone.path(), &["push", "origin", ":keep/it", ":work"]).await;
    assert!(ran.stderr.contains("[remote rejected] keep/it (protected branch hook declined)"), "{ran:?}");
    let left = sim.world(|world| (world.branch("work").is_some(), world.branch("keep/it").is_some()));
    assert_eq!(left, (false, true));
    let reply = repo(&sim, "DELETE", "/git/refs/heads/keep/it", Value::Null).await;
    assert_eq!(reply.status, 422);
    assert!(reply.body["message"].as_str().unwrap().contains("Cannot delete this branch"));

    sim.commit_files("feature", &[("b.txt", Some(b"b"))], "b").await.unwrap();
    let viewer = sim.world(|world| world.viewer());
    let number = sim.open_pull(viewer, "feature", "B", "").await.unwrap();
    let reply = repo(&sim, "PUT", &format!("/pulls/{number}/merge"), json!({"merge_method": "squash"})).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let rules = repo(&sim, "GET", "/rules/branches/main", Value::Null).await.body;
    assert_eq!(rules[0]["type"], "pull_request");

    sim.protect_mainline(false).await.unwrap();
    let ran = git(&sim, clone.path(), &["push", "-f", "origin", "HEAD:main"]).await;
    assert!(ran.ok, "{ran:?}");
}

#[tokio::test]
async fn a_push_to_a_head_branch_updates_its_pull_request() {
    let sim = simulator().await;
    sim.commit_files("feature", &[("b.txt", Some(b"b\n"))], "b").await.unwrap();
    let viewer = sim.world(|world| world.viewer());
    let number = sim.open_pull(viewer, "feature", "B", "").await.unwrap();
    let path = format!("/pulls/{number}");
    repo(&sim, "GET", &path, Value::Null).await;
    assert_eq!(repo(&sim, "GET", &path, Value::Null).await.body["mergeable"], true);

    let clone = clone(&sim).await;
    assert!(git(&sim, clone.path(), &["checkout", "-q", "feature"]).await.ok);
    let oid = commit(&sim, clone.path(), "c.txt", "c\n").await;
    assert!(git(&sim, clone.path(), &["push", "-q", "origin", "feature"]).await.ok);
    let (head, files, known) = sim.world(|world| {
        let (_, pull) = world.pull(number).unwrap();
        (pull.head_oid.clone(), pull.diff.files.clone(), pull.mergeability)
    });
    assert_eq!((head.as_str(), known), (oid.as_str(), Mergeability::Unknown));
    assert_eq!(files, ["b.txt", "c.txt"]);
    let remote = git(&sim, clone.path(), &["ls-remote", "origin", &format!("refs/pull/{number}/head")]).await;
    assert!(remote.stdout.starts_with(&oid), "{remote:?}");

    let ran = git(&sim, clone.path(), &["push", "-q", "origin", ":feature"]).await;
    assert!(ran.ok, "{ran:?}");
    assert_eq!(repo(&sim, "GET", &path, Value::Null).await.body["state"], "closed");
}

#[tokio::test]
async fn pushing_a_head_into_its_base_shows_it_as_merged() {
    let sim = simulator().await;
    sim.commit_files("feature", &[("b.txt", Some(b"b\n"))], "b").await.unwrap();
    let viewer = sim.world(|world| world.viewer());
    let number = sim.open_pull(viewer, "feature", "B", "").await.unwrap();
    let clone = clone(&sim).await;
    let ran = git(&sim, clone.path(), &["push", "-q", "origin", "origin/feature:main"]).await;
    assert!(ran.ok, "{ran:?}");
    assert_eq!(repo(&sim, "GET", &format!("/pulls/{number}"), Value::Null).await.body["merged"], true);
}

#[tokio::test]
async fn a_fetch_with_much_of_its_own_asks_compressed() {
    let sim = simulator().await;
    let clone = clone(&sim).await;
    for n in 0..60 {
        commit(&sim, clone.path(), "mine.txt", &format!("{n}")).await;
    }
    let oid = sim.commit_files("main", &[("theirs.txt", Some(b"1"))], "theirs").await.unwrap();
    let ran = git(&sim, clone.path(), &["-c", "fetch.negotiationAlgorithm=consecutive", "fetch", "origin"]).await;
    assert!(ran.ok, "{ran:?}");
    assert_eq!(git(&sim, clone.path(), &["rev-parse", "origin/main"]).await.stdout, oid);
}

#[tokio::test]
async fn the_directory_goes_with_the_simulator_unless_it_is_kept() {
    let sim = simulator().await;
    let gone = sim.git_dir();
    drop(sim);
    assert!(!gone.exists());
    let sim = simulator().await;
    let (kept, git_dir) = (sim.keep(), sim.git_dir());
    drop(sim);
    assert!(git_dir.join("HEAD").is_file());
    std::fs::remove_dir_all(kept).unwrap();
}

#[tokio::test]
async fn the_same_acts_give_the_same_objects() {
    let mut tips = Vec::new();
    for _ in 0..2 {
        let sim = simulator().await;
        sim.commit_files("feature", &[("b.txt", Some(b"b\n"))], "b").await.unwrap();
        let viewer = sim.world(|world| world.viewer());
        let number = sim.open_pull(viewer, "feature", "B", "").await.unwrap();
        tips.push(sim.merge_pull(viewer, number, MergeMethod::Squash).await.unwrap());
    }
    assert_eq!(tips[0], tips[1]);
}

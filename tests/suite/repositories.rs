//! Repositories as strangers have them: another mainline's name, submodules and large files around, thousands of finished
//! items.

use crate::sim_client::{clone, git};
use crate::stage::Stage;
use orchestrator::sim::{Options, sample};

/// A queue so old that its folder of finished items is crowded.
fn crowded() -> Options {
    let mut project = sample::project();
    for index in 0..2_501 {
        let path = format!("planning/issue_queue/complete/dev-old-{index:05}.md");
        project.push((path, format!("# Old task {index}\n").into_bytes()));
    }
    Options { mainline: "trunk".to_owned(), project, ..Options::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_crowded_repository_with_a_submodule_and_another_mainline_a_finished_item_goes_to_its_month() {
    let stage = Stage::with(crowded()).await;
    let folder = clone(&stage.sim).await;
    let work = folder.path();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
    std::fs::write(work.join("large.bin"), pointer).expect("written");
    std::fs::write(work.join(".gitattributes"), "*.bin filter=lfs diff=lfs merge=lfs -text\n").expect("written");
    let tip = git(&stage.sim, work, &["rev-parse", "HEAD"]).await.stdout;
    let link = format!("160000,{},library", tip.trim());
    for arguments in [
        &["-c", "filter.lfs.clean=cat", "add", "."][..],
        &["update-index", "--add", "--cacheinfo", &link],
        &["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "A submodule and a large file"],
        &["push", "-q", "origin", "HEAD:trunk"],
    ] {
        assert!(git(&stage.sim, work, arguments).await.ok, "{arguments:?}");
    }
    let mut moved = None;
    for _ in 0..60 {
        let cycle = stage.cycle().await;
        stage.sim.step_agent().await.expect("the agent works");
        if cycle.snapshot.planning.complete.len() > 2_501 {
            moved = Some(cycle.snapshot.planning);
            break;
        }
    }
    let planning = moved.expect("an item is finished within sixty cycles");
    let files = stage.sim.list_files("trunk").await.expect("files");
    let below =
        |folder: &str| files.iter().filter(|file| file.starts_with(&format!("planning/issue_queue/{folder}"))).count();
    assert_eq!((below("processed/"), below("complete/dev-old-"), below("complete/2026-11/dev-")), (0, 2_501, 1));
    assert_eq!((planning.directly_complete, planning.counts[2]), (2_501, 2_502));
    assert!(files.contains(&"library".to_owned()) && files.contains(&"large.bin".to_owned()), "{files:?}");
}

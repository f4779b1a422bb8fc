//! `watch` beside a checkout: what it shows of files, commits and GitHub, and when.

use crate::folder::folder;
use crate::program::Program;
use crate::running::{Running, SLOW, paced};
use crate::sim_client::{clone, git};
use orchestrator::sim::Simulator;
use serde_json::Value;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const PENDING: &str = "planning/issue_queue/pending";

struct Room {
    sim: Simulator,
    program: Program,
    checkout: tempfile::TempDir,
    _data: tempfile::TempDir,
}

impl Room {
    /// The ledger is begun, and a gap analysis is in work.
    async fn new() -> Self {
        let sim = Simulator::start(paced(SLOW)).await.expect("the simulator starts");
        let (checkout, data) = (clone(&sim).await, folder());
        let mut program = Program::on(&sim, data.path());
        for _ in 0..2 {
            assert_eq!(program.run(&["cycle"]).await.code, Some(0));
        }
        program.folder = checkout.path().to_owned();
        Self { sim, program, checkout, _data: data }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.checkout.path().join(PENDING).join(name)
    }

    fn save(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path("")).expect("made");
        std::fs::write(self.path(name), text).expect("written");
    }

    async fn git(&self, arguments: &[&str]) {
        let ran = git(&self.sim, self.checkout.path(), arguments).await;
        assert!(ran.ok, "{ran:?}");
    }

    /// It shows what it has seen already.
    async fn watch(&self) -> Running {
        let mut watch = self.program.start(&["watch", "--json"]);
        let first = watch.json().await.expect("a line");
        assert_eq!(first["decision"]["outcome"]["outcome"], "wait");
        watch
    }

    fn looks(&self) -> u64 {
        self.sim.requests().graphql
    }
}

/// Reads on until a line fits: how events fall together is chance.
async fn until(watch: &mut Running, fits: impl Fn(&Value) -> bool) -> Value {
    loop {
        let value = watch.json().await.expect("it goes on");
        if fits(&value) {
            return value;
        }
    }
}

fn draft(value: &Value, name: &str) -> Option<String> {
    let drafts = value["drafts"].as_array().expect("a list");
    let draft = drafts.iter().find(|draft| draft["name"] == name)?;
    Some(draft["state"].as_str().expect("a state").to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_shown_from_saving_to_promotable_and_only_moved_references_bring_on_a_look() {
    let room = Room::new().await;
    let mut watch = room.watch().await;
    room.save("dev-new.md", "# New");
    let is = |state: &'static str| move |value: &Value| draft(value, "dev-new.md").as_deref() == Some(state);
    until(&mut watch, is("not_committed")).await;
    room.save("dev-new.md", " ");
    until(&mut watch, is("quarantined")).await;
    room.save("dev-new.md", "# New");
    until(&mut watch, is("not_committed")).await;
    room.git(&["add", "-A"]).await;
    room.git(&["commit", "-q", "-m", "a draft"]).await;
    until(&mut watch, is("not_pushed")).await;
    room.git(&["push", "-q", "origin", "HEAD:main"]).await;
    // The push moves origin/main in the checkout: it looks, and the file is an item.
    until(&mut watch, |value| draft(value, "dev-new.md").is_none()).await;
    assert_eq!(room.sim.world(|world| world.subjects().count()), 1, "it only shows");
    assert_eq!(room.sim.requests().git_pushes, 4, "baseline, attempt, bind, and the one above");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_without_planning_and_back_is_survived_and_so_are_packed_references() {
    let room = Room::new().await;
    room.git(&["checkout", "-q", "--orphan", "bare"]).await;
    room.git(&["rm", "-rfq", "."]).await;
    room.git(&["commit", "-q", "--allow-empty", "-m", "nothing"]).await;
    room.git(&["checkout", "-q", "main"]).await;
    let mut watch = room.watch().await;
    for round in 0..3 {
        let name = format!("dev-{round}.md");
        room.git(&["checkout", "-q", "bare"]).await;
        assert!(!room.checkout.path().join("planning").exists());
        room.git(&["checkout", "-q", "main"]).await;
        room.save(&name, "# After the switch");
        until(&mut watch, |value| draft(value, &name).is_some()).await;
        room.save(&name, "");
        until(&mut watch, |value| draft(value, &name).as_deref() == Some("quarantined")).await;
        // An empty folder would stay behind with the next switch.
        std::fs::remove_dir_all(room.checkout.path().join("planning/issue_queue")).expect("removed");
        until(&mut watch, |value| draft(value, &name).is_none()).await;
    }
    // Nobody tells by a line that a look saw nothing new; the simulator counts it.
    let before = room.looks();
    room.git(&["pack-refs", "--all"]).await;
    room.save("dev-after.md", "# After");
    until(&mut watch, |value| draft(value, "dev-after.md").is_some()).await;
    let file = format!("{PENDING}/dev-remote.md");
    room.sim.commit_files("main", &[(&file, Some(b" "))], "bad").await.expect("committed");
    room.git(&["commit", "-q", "--allow-empty", "-m", "moves the packed branch"]).await;
    let aside = |value: &Value| value["quarantined"].as_array().is_some_and(|list| !list.is_empty());
    until(&mut watch, aside).await;
    assert!(room.looks() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wake_up_file_brings_on_a_look() {
    let room = Room::new().await;
    let mut watch = room.watch().await;
    let file = format!("{PENDING}/dev-remote.md");
    room.sim.commit_files("main", &[(&file, Some(b" "))], "bad").await.expect("committed");
    std::fs::write(room.program.wake(&room.sim), "").expect("written");
    let value = watch.json().await.expect("a line");
    assert_eq!(value["quarantined"][0][0], "dev-remote.md", "{value}");
    assert!(!room.program.wake(&room.sim).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_works_in_the_clone_it_shows_what_that_one_saw_and_drafts_all_the_same() {
    let room = Room::new().await;
    let lock = room.program.wake(&room.sim).with_file_name("lock");
    let held = std::fs::File::options().write(true).open(&lock).expect("the lock file");
    held.lock().expect("nobody else");
    let mut watch = room.program.start(&["watch", "--json"]);
    watch.until_aside("it goes on when that is done").await;
    let seen = watch.json().await.expect("a line");
    assert_eq!(seen["decision"]["outcome"]["action"]["kind"], "ask_gap", "as it was before that was done");
    room.save("dev-new.md", "# New");
    until(&mut watch, |value| draft(value, "dev-new.md").is_some()).await;
    held.unlock().expect("it was locked");
    // It holds the lock for a look only.
    let ended = room.program.run(&["cycle"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_no_checkout_or_anothers_it_says_what_to_do() {
    let room = Room::new().await;
    let elsewhere = folder();
    let mut program = Program::on(&room.sim, elsewhere.path());
    let ended = program.run(&["watch"]).await;
    assert!(ended.code == Some(2) && ended.err.contains("is in no checkout"), "{}", ended.err);
    program.folder = room.checkout.path().to_owned();
    let ended = program.run(&["watch", "--repo", "maintainer/other"]).await;
    assert!(ended.code == Some(2) && ended.err.contains("is a checkout of maintainer/tally"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_line_says_why_what_comes_next_when_and_which_files_are_not_given_out() {
    let room = Room::new().await;
    let mut watch = room.program.start(&["watch"]);
    let first = watch.line().await.expect("a line");
    let wake = room.program.wake(&room.sim);
    assert!(first.contains("; it only shows") && first.ends_with(&format!("touch {}", wake.display())), "{first}");
    watch.until(" 1a  ").await;
    room.save("dev-new.md", "# New");
    room.save("dev-bad.md", "");
    let line = watch.until("draft dev-new.md").await;
    let words = line.get(10..).expect("a time before it").split(" · ");
    let words: Vec<&str> = words.map(|word| word.split(", at the latest until ").next().unwrap_or_default()).collect();
    let (when, said) = words.split_last().expect("words");
    let why = "1a  the agent has not opened a pull request for #1 yet";
    let expected =
        [why, "next: wait for the agent", "draft dev-bad.md: it is empty", "draft dev-new.md: not committed"];
    assert_eq!(said, expected, "{line}");
    assert!(when.starts_with("next look by "), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_saved_file_is_answered_and_the_table_says_how_fast() {
    let room = Room::new().await;
    for index in 0..200 {
        room.save(&format!("dev-old-{index}.md"), &"A line of text.\n".repeat(50));
    }
    let mut watch = room.watch().await;
    let mut took = Vec::new();
    for save in 0..60 {
        let name = format!("dev-{save}.md");
        let saved = Instant::now();
        room.save(&name, "# Saved");
        until(&mut watch, |value| draft(value, &name).is_some()).await;
        took.push(saved.elapsed());
    }
    took.sort();
    let at = |share: usize| took[took.len() * share / 100];
    println!("{} saves: p50 {:?}, p95 {:?}, slowest {:?}", took.len(), at(50), at(95), took[took.len() - 1]);
    assert!(at(50) <= Duration::from_millis(250), "{took:?}");
}

//! The checkout beside which `watch --act` runs the whole loop stays byte-identical, whatever somebody is doing in it.

use crate::folder::folder;
use crate::program::Program;
use crate::running::{SLOW, agent, paced};
use crate::sim_client::{clone, commit, git};
use orchestrator::sim::Simulator;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What somebody is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Staged,
    Unstaged,
    Untracked,
    Ignored,
    ConflictedRebase,
}

/// Every entry below a folder: its mode, and its content, or where it leads. Worktree, index, HEAD, references,
/// configuration and hooks are all among them.
fn everything(root: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = path.symlink_metadata().expect("it is there");
            let content = if metadata.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if metadata.is_symlink() {
                std::fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
            } else {
                std::fs::read(&path).expect("a file")
            };
            found.insert(path, (metadata.mode(), content));
        }
    }
    found
}

async fn ran(sim: &Simulator, folder: &Path, arguments: &[&str]) {
    let ran = git(sim, folder, arguments).await;
    assert!(ran.ok, "{ran:?}");
}

/// Brings a checkout into a state, on top of others.
async fn bring(sim: &Simulator, folder: &Path, state: State) {
    let write = |path: &str, text: &str| std::fs::write(folder.join(path), text).expect("written");
    match state {
        State::Staged => {
            write("planning/vision/goal.md", "# Another goal\n");
            write("staged.txt", "staged\n");
            ran(sim, folder, &["add", "planning/vision/goal.md", "staged.txt"]).await;
        }
        State::Unstaged => {
            write("README.md", "# Changed and not staged\n");
            std::fs::remove_file(folder.join("tally/words.py")).expect("removed");
        }
        State::Untracked => {
            std::fs::create_dir_all(folder.join("planning/issue_queue/pending")).expect("made");
            write("planning/issue_queue/pending/dev-draft.md", "# A draft\n");
            write("planning/issue_queue/pending/dev-bad.md", "");
            write("notes.txt", "untracked\n");
        }
        State::Ignored => {
            write(".gitignore", "build/\n*.log\n");
            std::fs::create_dir_all(folder.join("build")).expect("made");
            write("build/out.bin", "ignored\n");
            write("planning/x.log", "ignored\n");
        }
        State::ConflictedRebase => {
            ran(sim, folder, &["checkout", "-q", "-b", "mine"]).await;
            commit(sim, folder, "README.md", "# Mine\n").await;
            ran(sim, folder, &["checkout", "-q", "main"]).await;
            commit(sim, folder, "README.md", "# Theirs\n").await;
            ran(sim, folder, &["checkout", "-q", "mine"]).await;
            assert!(!git(sim, folder, &["rebase", "main"]).await.ok, "it conflicts");
            assert!(folder.join(".git/rebase-merge").exists());
        }
    }
}

/// `watch --act` until rest: two full loops. Without any line it waits for nothing but the wake-up file.
async fn two_loops(sim: &Simulator, program: &Program) {
    let mut watch = program.start(&["watch", "--act", "--json"]);
    let mut completed = 0;
    loop {
        let value = watch.json().await.expect("it goes on");
        let outcome = &value["decision"]["outcome"];
        match outcome["outcome"].as_str().expect("an outcome") {
            "act" => completed += usize::from(outcome["action"]["kind"] == "complete"),
            "wait" => {
                agent(sim).await;
                std::fs::write(program.wake(sim), "").expect("written");
            }
            "rest" => break,
            other => panic!("{other}: {value}"),
        }
    }
    assert!(completed >= 2, "{completed} loops");
    watch.signal(rustix::process::Signal::TERM);
    assert_eq!(watch.ended().await.code, Some(130));
}

async fn stays_as_it_is(states: &[State]) {
    let sim = Simulator::start(paced(SLOW)).await.expect("the simulator starts");
    let (checkout, data) = (clone(&sim).await, folder());
    std::os::unix::fs::symlink("README.md", checkout.path().join("link")).expect("linked");
    std::fs::write(checkout.path().join(".git/hooks/post-merge"), "#!/bin/sh\ntouch it-ran\n").expect("written");
    for state in states {
        bring(&sim, checkout.path(), *state).await;
    }
    let before = everything(checkout.path());
    let mut program = Program::on(&sim, data.path());
    program.folder = checkout.path().to_owned();
    two_loops(&sim, &program).await;
    let after = everything(checkout.path());
    let keys = before.keys().chain(after.keys());
    let changed: Vec<&PathBuf> = keys.filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(changed.is_empty(), "{states:?}: {changed:?}");
    assert!(before.contains_key(&checkout.path().join(".git/index")), "the index is among them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_in_which_somebody_works_is_as_it_was_after_two_loops() {
    stays_as_it_is(&[State::Unstaged, State::Staged, State::Untracked, State::Ignored]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_in_the_middle_of_a_conflicted_rebase_is_as_it_was_after_two_loops() {
    stays_as_it_is(&[State::ConflictedRebase]).await;
}

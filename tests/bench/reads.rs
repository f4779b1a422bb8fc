//! What a look reads of git, and what a move writes, without the network.

use crate::repository::Repository;
use divan::Bencher;
use orchestrator::model::{CommitPolicy, Folder, ItemName, QueueMove, Signature};

const SIZES: [usize; 2] = [100, 3_000];

fn oid(id: orchestrator::model::ObjectId) -> git2::Oid {
    git2::Oid::from_bytes(id.as_bytes()).expect("an id")
}

/// Nothing moved: the tips that GitHub names are those of the clone.
#[divan::bench(args = SIZES)]
fn unchanged(bencher: Bencher, files: usize) {
    let repository = Repository::with(files);
    let lock = repository.clone.lock().expect("nobody else holds it");
    // The first one of a process asks whether there is a ledger.
    repository.clone.sync(&lock, &repository.hints).expect("tips");
    bencher.bench_local(|| repository.clone.sync(&lock, &repository.hints).expect("tips"));
}

/// Reading the one file that says where the mainline stands.
#[divan::bench(args = SIZES)]
fn unchanged_floor(bencher: Bencher, files: usize) {
    let repository = Repository::with(files);
    let path = repository.git_dir().join("refs/orchestrator/remote/mainline");
    bencher.bench_local(|| std::fs::read(&path).expect("a reference"));
}

/// The queue as a look reads it, with the blobs of pending files kept from the look before.
#[divan::bench(args = SIZES)]
fn queue_read(bencher: Bencher, files: usize) {
    let repository = Repository::with(files);
    repository.clone.planning(repository.tip).expect("a queue");
    bencher.bench_local(|| repository.clone.planning(repository.tip).expect("a queue"));
}

/// Inflating the trees of the queue and walking their entries.
#[divan::bench(args = SIZES)]
fn queue_read_floor(bencher: Bencher, files: usize) {
    let repository = Repository::with(files);
    let git = git2::Repository::open_bare(repository.git_dir()).expect("a clone");
    bencher.bench_local(|| {
        let root = git.find_commit(oid(repository.tip)).and_then(|commit| commit.tree()).expect("a tree");
        let tree =
            |path: &str| root.get_path(path.as_ref()).and_then(|entry| git.find_tree(entry.id())).expect("a tree");
        let folders = ["pending", "processed", "complete"];
        folders.map(|folder| {
            tree(&format!("planning/issue_queue/{folder}")).iter().map(|entry| entry.id()).collect::<Vec<_>>().len()
        })
    });
}

fn a_move(repository: &Repository) -> (QueueMove, Signature) {
    let planning = repository.clone.planning(repository.tip).expect("a queue");
    let item = planning.pending.first().expect("an item");
    let (name, blob): (ItemName, _) = (item.name.clone(), item.blob);
    let message = "planning: promote (#1) [skip ci]\n\nOrchestrator-Step: promote\n".to_owned();
    let (from, to) = (Folder::Pending, Folder::Processed);
    let at = "2026-11-24T08:00:00Z".parse().expect("a time");
    (QueueMove { name, from, to, month: None, blob, message }, Signature { identity: CommitPolicy::default(), at })
}

/// The commit of a move, built and shown as a patch, and not pushed.
#[divan::bench(args = SIZES)]
fn move_commit(bencher: Bencher, files: usize) {
    let repository = Repository::with(files);
    let (change, signature) = a_move(&repository);
    bencher
        .bench_local(|| repository.clone.rehearse_move(repository.tip, "main", &change, &signature).expect("a commit"));
}

/// Writing two trees of the folders' sizes and a commit.
#[divan::bench(args = SIZES)]
fn move_commit_floor(bencher: Bencher, files: usize) {
    let repository = Repository::with(files);
    let git = git2::Repository::open_bare(repository.git_dir()).expect("a clone");
    let root = git.find_commit(oid(repository.tip)).and_then(|commit| commit.tree()).expect("a tree");
    let signature = git2::Signature::now("x", "x@y").expect("a signature");
    bencher.bench_local(|| {
        for folder in ["pending", "processed"] {
            let path = format!("planning/issue_queue/{folder}");
            let tree = root.get_path(path.as_ref()).and_then(|entry| git.find_tree(entry.id())).expect("a tree");
            git.treebuilder(Some(&tree)).and_then(|builder| builder.write()).expect("written");
        }
        git.commit(None, &signature, &signature, "move", &root, &[]).expect("a commit")
    });
}

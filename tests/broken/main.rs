//! `cargo test --test broken`: breaks the program on purpose, one patch after the other, and says which tests caught it.
//!
//! Each `*.patch` beside this file is applied to a copy of the tree; the tests about recovery, races and people are run
//! there. The command fails when a patch no longer applies or builds, or when no test caught it. It takes about a minute a
//! patch and builds in a folder of its own. `cargo test --test broken -- bind` runs those whose name holds `bind`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a command of the tests: it runs programs, prints its table, and has failed when it can't go on"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The tests that are run: everything that recovers, races or obeys people, and nothing that needs the built program.
const TESTS: [&str; 6] = ["decide_", "faults", "instances", "people", "repo_ledger", "repo_moves"];
/// Most names that are printed of a patch.
const SHOWN: usize = 5;

/// What came of a run of the tests.
enum Run {
    /// It could not be built.
    Unbuilt(String),
    /// These failed; none where all passed.
    Failed(Vec<String>),
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder of the tree") {
        let entry = entry.expect("an entry");
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("a copied file");
        }
    }
}

fn apply(tree: &Path, patch: &Path, back: bool) -> bool {
    let mut command = Command::new("git");
    command.arg("apply").args(back.then_some("--reverse")).arg(patch).current_dir(tree);
    command.env("GIT_CEILING_DIRECTORIES", tree.parent().unwrap_or(tree));
    command.status().expect("git runs").success()
}

fn test(tree: &Path, build: &Path) -> Run {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--locked", "--test", "suite", "--no-fail-fast", "--"]).args(TESTS);
    command.current_dir(tree).env("CARGO_TARGET_DIR", build).env("RUST_BACKTRACE", "0");
    let output = command.output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let failed = said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
    let mut failed: Vec<String> = failed.map(str::to_owned).collect();
    failed.sort();
    if !output.status.success() && !said.contains("test result:") {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        return Run::Unbuilt(errors.lines().filter(|line| line.starts_with("error")).take(3).collect());
    }
    Run::Failed(failed)
}

fn patches(folder: &Path) -> Vec<PathBuf> {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let entries = std::fs::read_dir(folder).expect("the folder of patches");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let name = |path: &PathBuf| path.file_stem().is_some_and(|stem| stem.to_string_lossy().contains(&wanted));
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "patch")).filter(name).collect();
    paths.sort();
    paths
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = tempfile::tempdir().expect("a temporary folder");
    let (tree, build) = (home.path().join("tree"), root.join("target").join("broken"));
    copy(root, &tree);
    match test(&tree, &build) {
        Run::Failed(failed) if failed.is_empty() => println!("unbroken: every test passes"),
        Run::Failed(failed) => {
            println!("unbroken, and yet these fail: {}", failed.join(", "));
            return ExitCode::FAILURE;
        }
        Run::Unbuilt(why) => {
            println!("the unbroken tree does not build: {why}");
            return ExitCode::FAILURE;
        }
    }
    let (mut caught, patches) = (0, patches(&root.join("tests").join("broken")));
    for patch in &patches {
        let name = patch.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read_to_string(patch).expect("a patch can be read");
        println!("\n{name}: {}", text.lines().next().unwrap_or_default());
        if !apply(&tree, patch, false) {
            println!("  DOES NOT APPLY any more: make it anew");
            continue;
        }
        match test(&tree, &build) {
            Run::Unbuilt(why) => println!("  DOES NOT BUILD: {why}"),
            Run::Failed(failed) if failed.is_empty() => println!("  NOT CAUGHT"),
            Run::Failed(failed) => {
                caught += 1;
                failed.iter().take(SHOWN).for_each(|name| println!("  caught by {name}"));
                if let Some(more) = failed.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                    println!("  and by {more} more");
                }
            }
        }
        assert!(apply(&tree, patch, true), "what was applied can be taken back");
    }
    println!("\n{caught} of {} caught", patches.len());
    if caught == patches.len() && caught > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

//! The architecture, enforced: who may use whom, what is confined where, what pure modules must not touch.
//!
//! Every rule is a function from a file to its violations; each has a test on the real tree and one on a bad file.

use crate::code_paths;
use std::path::{Path, PathBuf};

/// Which top-level modules a module may use.
const MAP: [(&str, &[&str]); 13] = [
    ("model", &[]),
    ("text", &[]),
    ("planning", &["model", "text"]),
    ("message", &["model", "text"]),
    ("decide", &["model", "planning", "message", "text"]),
    ("failure", &[]),
    ("config", &["model", "text", "failure"]),
    ("repo", &["model", "planning", "text", "failure"]),
    ("forge", &["model", "text", "failure"]),
    ("engine", &["model", "planning", "message", "text", "decide", "config", "repo", "forge", "failure"]),
    ("sim", &[]),
    ("watch", &["model", "failure"]),
    (
        "cli",
        &[
            "model", "planning", "message", "text", "decide", "config", "repo", "forge", "engine", "sim", "watch",
            "failure",
        ],
    ),
];

/// Where a crate may be named.
const CONFINED: [(&str, &[&str]); 15] = [
    ("textwrap", &["cli"]),
    ("notify", &["watch"]),
    ("git2", &["repo"]),
    ("gix", &["repo"]),
    ("octocrab", &["forge"]),
    ("reqwest", &["forge"]),
    ("rustls", &["forge"]),
    ("notify", &["watch"]),
    ("dotenvy", &["config"]),
    ("indicatif", &["cli"]),
    ("clap", &["cli"]),
    ("axum", &["sim"]),
    ("apollo_compiler", &["sim"]),
    ("tracing_subscriber", &["cli"]),
    ("toml", &["config"]),
];

const PURE: [&str; 5] = ["model", "text", "planning", "message", "decide"];

/// What a pure module must not name: the beginnings of paths.
const IMPURE: [&str; 13] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::io",
    "std::os",
    "std::thread",
    "std::time",
    "tokio",
    "uuid",
    "tempfile",
    "rand",
    "getrandom",
];

/// Crates that a pure module may name, besides the standard library.
const PURE_CRATES: [&str; 8] =
    ["serde", "serde_json", "jiff", "sha2", "similar", "thiserror", "percent_encoding", "unicode_normalization"];

/// What may lie at the top of the repository, dot-files aside.
const TOP: [&str; 8] = ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "fixtures", "src", "templates", "tests"];

/// Longest file, its tests included.
const MAX_LINES: usize = 500;

struct File {
    path: PathBuf,
    text: String,
}

impl File {
    fn new(path: &str, text: &str) -> Self {
        Self { path: PathBuf::from(path), text: text.to_owned() }
    }

    /// The top-level module a file belongs to.
    fn module(&self) -> &str {
        let first = self.path.components().next().and_then(|part| part.as_os_str().to_str()).unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Lines of code outside tests and comments, counted from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.lines().position(|line| line.starts_with("#[cfg(test)]")).unwrap_or(usize::MAX);
        let lines = self.text.lines().enumerate().take_while(move |(index, _)| *index < tests);
        lines.map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn at(&self, line: usize, what: &str) -> String {
        format!("src/{}:{line}: {what}", self.path.display())
    }
}

fn sources() -> Vec<File> {
    fn walk(folder: &Path, root: &Path, files: &mut Vec<File>) {
        for entry in std::fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, root, files);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                files.push(File { path: path.strip_prefix(root).expect("below src").to_owned(), text });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    assert!(files.len() > 60, "the tree was not found");
    files
}

fn map(file: &File) -> Vec<String> {
    let module = file.module();
    let Some((_, allowed)) = MAP.iter().find(|(name, _)| *name == module) else {
        let front = matches!(module, "lib" | "main");
        return if front { Vec::new() } else { vec![file.at(1, "this module is not in the map")] };
    };
    let mut found = Vec::new();
    for path in code_paths::of(&file.path, &file.text) {
        let Some(used) = path.inner() else { continue };
        let known = MAP.iter().any(|(name, _)| *name == used);
        if known && used != module && !allowed.contains(&used) {
            found.push(file.at(path.line, &format!("{module} may not use {used}: dependencies point down only")));
        }
    }
    found
}

fn confinement(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for path in code_paths::of(&file.path, &file.text) {
        for (name, rooms) in CONFINED.iter().filter(|(_, rooms)| !rooms.contains(&file.module())) {
            if path.outer() == Some(*name) {
                found.push(file.at(path.line, &format!("{name} belongs to {rooms:?} alone")));
            }
        }
    }
    found
}

fn purity(file: &File) -> Vec<String> {
    let world = file.path.starts_with("sim/world") || file.path.ends_with("sim/world.rs");
    if !PURE.contains(&file.module()) && !world {
        return Vec::new();
    }
    let mut found = Vec::new();
    for path in code_paths::of(&file.path, &file.text) {
        let text = path.segments.join("::");
        let begins = |start: &&&str| text == **start || text.starts_with(&format!("{start}::"));
        if let Some(name) = IMPURE.iter().find(begins) {
            found.push(file.at(path.line, &format!("{name} in a pure module: no I/O, clock, environment, randomness")));
        }
        if text.ends_with("::now") {
            found.push(file.at(path.line, &format!("{text} in a pure module: the time is in the snapshot")));
        }
        let foreign = CONFINED.iter().map(|(name, _)| *name).find(|name| path.outer() == Some(*name));
        if let Some(name) = foreign.filter(|name| !PURE_CRATES.contains(name)) {
            found.push(file.at(path.line, &format!("{name} in a pure module")));
        }
    }
    found
}

fn printing_and_environment(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in file.code() {
        let prints = ["println!", "eprintln!", "print!(", "dbg!", "io::stdout", "io::stderr"]
            .iter()
            .any(|word| line.contains(word));
        if prints && file.module() != "cli" {
            found.push(file.at(number, "only cli prints"));
        }
        if line.contains("std::env::") && !matches!(file.module(), "config" | "sim") {
            found.push(file.at(number, "only config reads the environment"));
        }
        if line.contains(".unwrap()") || line.contains("#[allow(") || line.contains("todo!") {
            found.push(file.at(number, "no unwrap, no allow, nothing unfinished"));
        }
    }
    found
}

fn shape(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAX_LINES {
        found.push(file.at(lines, "longer than one sitting: split it by subject"));
    }
    if !file.text.starts_with("//!") {
        found.push(file.at(1, "no header: say what it needs, guarantees, and which races it knows"));
    }
    let name = file.path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    if ["utils", "util", "helpers", "helper", "common", "manager", "service", "misc"].contains(&name) {
        found.push(file.at(1, "a name that says nothing"));
    }
    found
}

fn holds(rule: fn(&File) -> Vec<String>) {
    let found: Vec<String> = sources().iter().flat_map(rule).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn dependencies_point_down_only() {
    holds(map);
    for bad in [
        "use crate::engine::Engine;",
        "use crate::{model::X, engine::{self, Y}};",
        "use super::super::engine::Engine;",
        "fn f() { let x = crate::engine::x(); }",
        "fn f(x: &crate::engine::X) {}",
        "fn f() -> String { format!(\"{}\", crate::engine::x()) }",
        "#[derive(crate::engine::X)] struct Y;",
    ] {
        assert!(!map(&File::new("decide/x.rs", bad)).is_empty(), "{bad}");
    }
    assert_eq!(map(&File::new("sim/x.rs", "fn f() { crate::model::x() }")).len(), 1);
    assert_eq!(map(&File::new("mystery.rs", "")).len(), 1);
    let good =
        "use crate::model::Z; use super::guardrail; // crate::engine\n#[cfg(test)] mod tests { use crate::engine; }";
    assert!(map(&File::new("decide/x.rs", good)).is_empty());
}

#[test]
fn crates_stay_in_their_rooms() {
    holds(confinement);
    for bad in ["use git2::Repository;", "use ::git2 as g;", "fn f(x: git2::Oid) {}", "use {git2::Oid, std::fmt};"] {
        assert_eq!(confinement(&File::new("engine/x.rs", bad)).len(), 1, "{bad}");
    }
    assert!(confinement(&File::new("repo/x.rs", "use git2::Repository;")).is_empty());
}

#[test]
fn pure_modules_touch_nothing() {
    holds(purity);
    for bad in [
        "fn f() { let now = Timestamp::now(); }",
        "use std::{fmt, fs::File};",
        "fn f() { std::env::var(\"X\"); }",
        "fn f() { let x = format!(\"{:?}\", std::time::Instant::elapsed(&x)); }",
        "use octocrab::Octocrab;",
    ] {
        assert_eq!(purity(&File::new("decide/x.rs", bad)).len(), 1, "{bad}");
    }
    assert_eq!(purity(&File::new("sim/world/x.rs", "use std::fs;")).len(), 1, "the simulator's world is pure, too");
    assert!(purity(&File::new("engine/x.rs", "fn f() { std::fs::read(x); }")).is_empty());
}

#[test]
fn the_top_of_the_repository_is_as_agreed() {
    let entries = std::fs::read_dir(env!("CARGO_MANIFEST_DIR")).expect("the repository");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let unexpected: Vec<String> =
        names.filter(|name| !name.starts_with('.') && name != "target" && !TOP.contains(&name.as_str())).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
}

#[test]
fn one_printer_one_environment_reader_and_nothing_unfinished() {
    holds(printing_and_environment);
    assert_eq!(printing_and_environment(&File::new("forge/x.rs", "println!(\"x\");")).len(), 1);
    assert_eq!(printing_and_environment(&File::new("cli/x.rs", "std::env::var(\"X\")")).len(), 1);
    assert_eq!(printing_and_environment(&File::new("cli/x.rs", "x.unwrap()")).len(), 1);
}

#[test]
fn files_have_a_header_one_subject_and_a_name() {
    holds(shape);
    assert_eq!(shape(&File::new("cli/utils.rs", "fn x() {}")).len(), 2);
    assert_eq!(shape(&File::new("cli/x.rs", &format!("//! x\n{}", "\n".repeat(600)))).len(), 1);
}

#[test]
fn every_test_that_the_invariants_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("src/lib.rs")).expect("the crate's documentation");
    let (_, invariants) = text.split_once("# Invariants").expect("the invariants");
    let mut suite = String::new();
    for entry in std::fs::read_dir(root.join("tests/suite")).expect("the tests") {
        suite.push_str(&std::fs::read_to_string(entry.expect("an entry").path()).expect("a source file"));
    }
    let docs = invariants.lines().skip(1).take_while(|line| line.starts_with("//!")).collect::<String>();
    let named: Vec<&str> = docs.split('`').filter(|word| word.matches('_').count() >= 3).collect();
    assert!(named.len() >= 12, "{named:?}");
    let absent: Vec<&&str> = named.iter().filter(|name| !suite.contains(&format!("fn {name}("))).collect();
    assert!(absent.is_empty(), "{absent:?}");
}

#[test]
fn every_patch_that_breaks_the_program_on_purpose_still_applies() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let patches = std::fs::read_dir(root.join("tests/broken")).expect("the patches");
    let paths = patches.map(|entry| entry.expect("an entry").path());
    let paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "patch")).collect();
    assert!(paths.len() >= 12, "{paths:?}");
    for path in paths {
        let check = ["apply", "--check", "--unsafe-paths", "--directory"];
        let mut command = std::process::Command::new("git");
        command.args(check).arg(root).arg(&path).current_dir(std::env::temp_dir());
        assert!(command.status().expect("git runs").success(), "{} is out of date: make it anew", path.display());
    }
}

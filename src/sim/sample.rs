//! The sample project and the agent's work on it, embedded so that the binary works away from its source tree.
//!
//! Guarantees that `fixtures/sample` is a project whose tests pass, before and after each piece of the agent's work.

/// A file: its path and its content.
type File = (&'static str, &'static [u8]);

macro_rules! file {
    ($root:literal, $path:literal) => {
        ($path, include_bytes!(concat!("../../fixtures/", $root, "/", $path)))
    };
}

/// The project.
const PROJECT: &[File] = &[
    file!("sample", "README.md"),
    file!("sample", "tally/__init__.py"),
    file!("sample", "tally/__main__.py"),
    file!("sample", "tally/registry.py"),
    file!("sample", "tally/words.py"),
    file!("sample", "tally/commands/__init__.py"),
    file!("sample", "tally/commands/count.py"),
    file!("sample", "tests/__init__.py"),
    file!("sample", "tests/test_count.py"),
    file!("sample", "planning/orchestrator.toml"),
    file!("sample", "planning/state/system_capabilities.md"),
    file!("sample", "planning/vision/goal.md"),
];

/// The agent's work by the slug of the goal's section.
const WORK: &[(&str, &[File])] = &[
    (
        "top-words",
        &[file!("sample-work/top-words", "tally/commands/top.py"), file!("sample-work/top-words", "tests/test_top.py")],
    ),
    (
        "reading-time",
        &[
            file!("sample-work/reading-time", "tally/commands/time.py"),
            file!("sample-work/reading-time", "tests/test_time.py"),
        ],
    ),
];

/// The files of the sample project.
pub fn project() -> Vec<(String, Vec<u8>)> {
    PROJECT.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect()
}

/// The files that build a section of the sample's goal; none for a section that the sample does not have.
pub(super) fn work(slug: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let (_, files) = WORK.iter().find(|(known, _)| *known == slug)?;
    Some(files.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect())
}

//! Names of queue files: which are candidates, what their prefix says, which are refused.
//!
//! **Guarantees**: an accepted name can be checked out on every platform and written into a marker.

use crate::model::{Category, ItemName, Quarantine};

/// Longest name, in characters.
const MAX_NAME: usize = 120;

/// Names Windows keeps for devices, whatever follows the first dot.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2",
    "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// Whether a direct child of a queue folder is meant as a queue file: `*.md`, but not `README.md`.
pub fn is_candidate(name: &[u8]) -> bool {
    name.ends_with(b".md") && name != b"README.md"
}

/// What a name's prefix says.
pub fn category(name: &str) -> Category {
    const PREFIXES: [(&str, Category); 6] = [
        ("review-", Category::Review),
        ("maintenance-", Category::Maintenance),
        ("gap-", Category::Gap),
        ("system-", Category::Capability),
        ("capability-", Category::Capability),
        ("capabilities-", Category::Capability),
    ];
    PREFIXES
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map_or(Category::Development, |(_, category)| *category)
}

/// Whether dashboards count a pending file of this name as excluded from development.
pub fn is_excluded(name: &str) -> bool {
    match category(name) {
        Category::Review | Category::Maintenance | Category::Capability => true,
        Category::Development | Category::Gap => false,
    }
}

/// The item name of a candidate, or a printable stand-in and why it is refused.
pub(super) fn check(raw: &[u8]) -> Result<ItemName, (ItemName, Quarantine)> {
    let lossy = String::from_utf8_lossy(raw).into_owned();
    let problem = problem(raw, &lossy);
    match (ItemName::new(lossy), problem) {
        (Some(name), None) => Ok(name),
        (Some(name), Some(problem)) => Err((name, Quarantine::Name { problem: problem.to_owned() })),
        // A tree entry's name holds neither `/` nor NUL and is neither `.` nor `..`, so git never has one.
        (None, _) => Err((ItemName::unnamed(), Quarantine::Name { problem: "it is no file name".to_owned() })),
    }
}

fn problem(raw: &[u8], name: &str) -> Option<&'static str> {
    let stem = name.strip_suffix(".md").unwrap_or(name);
    let device = stem.split('.').next().unwrap_or(stem).trim_end().to_lowercase();
    if std::str::from_utf8(raw).is_err() {
        Some("is not UTF-8")
    } else if name.contains('/') || name.contains('\0') {
        Some("holds a character no file name has")
    } else if stem.trim().is_empty() {
        Some("is nothing but its ending")
    } else if name.chars().count() > MAX_NAME {
        Some("has more than 120 characters")
    } else if name.chars().any(char::is_control) {
        Some("holds a control character")
    } else if name.contains("-->") {
        Some("holds `-->`, which would end the marker of its issue")
    } else if stem.ends_with(['.', ' ']) || name.starts_with(' ') {
        Some("begins with a space, or has a dot or space before its ending")
    } else if RESERVED.contains(&device.as_str()) {
        Some("is reserved on Windows")
    } else {
        None
    }
}

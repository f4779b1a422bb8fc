//! Paths: what a pull request of each kind may change, read from the clone at the judged head.
//!
//! | kind | may change |
//! | --- | --- |
//! | gap | adds exactly one valid queue file to `pending/`, or nothing |
//! | capability | `planning/state/system_capabilities.md` |
//! | development | anything but `planning/` (the capabilities document aside), workflows and agent instructions |
//!
//! Compared case-folded: on some file systems `.GitHub/Workflows` is the same folder.

use super::{Case, PullKind, Verdict, veto};
use crate::model::{ChangeKind, ChangedPath, HeadDiff};

/// The one planning document that code may come with.
pub const CAPABILITIES: &str = "planning/state/system_capabilities.md";

/// Folders that steer workflows and agents.
const STEERING_FOLDERS: [&str; 6] =
    [".github/workflows/", ".github/actions/", ".github/instructions/", ".github/agents/", ".claude/", ".cursor/"];

/// File names that instruct agents, in any folder.
const STEERING_FILES: [&str; 5] = ["agents.md", "claude.md", "gemini.md", "copilot-instructions.md", "codeowners"];

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let diff = match case.diff() {
        Ok(diff) => diff,
        Err(look) => return look,
    };
    if let Some(why) = &diff.unreadable {
        let pull = case.pull.number;
        return veto(format!("{pull} can't be judged: {why}"), format!("wait for the next look, or have {pull} split"));
    }
    let problem = match case.kind {
        PullKind::Gap => gap(diff),
        PullKind::Capability => {
            let foreign = diff.changes.iter().find(|change| change.path != CAPABILITIES);
            foreign.map(changes).or_else(|| taken_away(diff))
        }
        PullKind::Development => {
            let foreign = diff.changes.iter().find(|change| is_steering(&change.path));
            foreign.map(changes).or_else(|| taken_away(diff))
        }
    };
    match problem {
        None => Verdict::Pass,
        Some(problem) => {
            let pull = case.pull.number;
            let kind = match case.kind {
                PullKind::Gap => "gap analysis",
                PullKind::Capability => "capability update",
                PullKind::Development => "development",
            };
            let why = format!("{pull} is more than a {kind} may be: {problem}");
            veto(why, format!("take the change out of {pull}, or merge it yourself"))
        }
    }
}

/// A name of a file may hold anything, a new line too, and is as long as whoever chose it liked.
fn changes(change: &ChangedPath) -> String {
    let path: String = change.path.chars().map(|c| if c == '\n' { '?' } else { c }).take(300).collect();
    format!("it changes {path}")
}

/// Both kinds may write the capabilities document; neither may do away with it or put a link in its place.
fn taken_away(diff: &HeadDiff) -> Option<String> {
    let change = diff.changes.iter().find(|change| change.path == CAPABILITIES)?;
    match change.change {
        ChangeKind::Added | ChangeKind::Modified => None,
        ChangeKind::Deleted => Some(format!("it deletes {CAPABILITIES}")),
        ChangeKind::Special => Some(format!("it makes a link of {CAPABILITIES}")),
    }
}

fn gap(diff: &HeadDiff) -> Option<String> {
    let foreign = diff
        .changes
        .iter()
        .find(|change| change.change != ChangeKind::Added || !change.path.starts_with("planning/issue_queue/pending/"));
    if let Some(change) = foreign {
        return Some(changes(change));
    }
    if diff.changes.len() > 1 {
        return Some(format!("it adds {} files", diff.changes.len()));
    }
    if diff.changes.len() != diff.added_items.len() {
        return Some("what it adds is no queue file".to_owned());
    }
    invalid_file(diff)
}

/// The file that a gap analysis added and that is no queue file as it is: the agent can mend it.
pub(in crate::decide) fn invalid_file(diff: &HeadDiff) -> Option<String> {
    let (name, why) = diff.added_items.iter().find_map(|(name, why)| Some((name, why.as_ref()?)))?;
    Some(format!("{name} is no valid queue file: {why}"))
}

fn is_steering(path: &str) -> bool {
    let folded = path.to_lowercase();
    if folded == CAPABILITIES {
        return path != CAPABILITIES;
    }
    let file = folded.rsplit('/').next().unwrap_or(&folded);
    folded == "planning"
        || folded.starts_with("planning/")
        || folded == ".github"
        // The folder itself, too: a link there stands for everything in it.
        || STEERING_FOLDERS.iter().any(|folder| folded.starts_with(folder) || folded == folder.trim_end_matches('/'))
        || STEERING_FILES.contains(&file)
}

#[cfg(test)]
mod tests {
    use super::is_steering;

    #[test]
    fn steering_paths() {
        let steering = [
            "planning/orchestrator.toml",
            "Planning/vision/goal.md",
            "planning",
            ".github/workflows/ci.yml",
            ".GitHub/Workflows/ci.yml",
            "sub/AGENTS.md",
            ".github/copilot-instructions.md",
            "planning/state/System_Capabilities.md",
            ".github/CODEOWNERS",
        ];
        for path in steering {
            assert!(is_steering(path), "{path}");
        }
        for path in ["src/main.rs", "planning/state/system_capabilities.md", "planningx/a", "docs/agents.md.txt"] {
            assert!(!is_steering(path), "{path}");
        }
    }
}

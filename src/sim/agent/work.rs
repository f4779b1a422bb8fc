//! What the agent writes: pure functions from the issue and the documents on the branch to changed files.
//!
//! Guarantees that development of one section touches only files of that section, so pieces of work never conflict.

use jiff::Timestamp;

use super::Script;
use crate::sim::sample;
use crate::sim::world::slug;

pub(super) const GOAL: &str = "planning/vision/goal.md";
pub(super) const CAPABILITIES: &str = "planning/state/system_capabilities.md";
pub(super) const POLICY: &str = "planning/orchestrator.toml";
/// Where people and the agent write down what they changed, at one place, so that two of them conflict.
pub(super) const CHANGES: &str = "CHANGES.md";

/// What an issue asks for, told by its label.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum IssueKind {
    /// Compare the goal with what there is.
    GapAnalysis,
    /// Build something.
    Development,
    /// Write down what there is now.
    UpdateCapability,
    /// Anything else; done as development.
    Other,
}

impl IssueKind {
    /// Reads the labels.
    pub(super) fn of(labels: &[String]) -> IssueKind {
        let has = |name: &str| labels.iter().any(|label| label == name);
        if has("Gap Analysis") {
            IssueKind::GapAnalysis
        } else if has("Update Capability") {
            IssueKind::UpdateCapability
        } else if has("Development") {
            IssueKind::Development
        } else {
            IssueKind::Other
        }
    }
}

/// The issue as the agent sees it.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub kind: IssueKind,
    pub title: String,
    pub text: String,
}

/// The documents on the branch.
#[derive(Clone, Debug)]
pub(super) struct Library {
    pub goal: Option<String>,
    pub capabilities: Option<String>,
    pub policy: Option<String>,
    pub changes: Option<String>,
}

/// A file as it shall be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Change {
    pub path: String,
    pub content: Vec<u8>,
}

/// A section of the goal.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Section {
    heading: String,
    text: String,
}

/// The message of the agent's commit.
pub(super) fn message(brief: &Brief) -> String {
    match brief.kind {
        IssueKind::GapAnalysis => "Add the next development task".to_owned(),
        IssueKind::UpdateCapability => "Update the system capabilities".to_owned(),
        IssueKind::Development | IssueKind::Other => brief.title.clone(),
    }
}

/// What the issue asks for.
pub(super) fn plan(brief: &Brief, library: &Library, now: Timestamp, seed: u64) -> Vec<Change> {
    let sections = sections(library.goal.as_deref().unwrap_or_default());
    match brief.kind {
        IssueKind::GapAnalysis => gap(&sections, library, now, seed),
        IssueKind::UpdateCapability => capability(&subject_of(brief, &sections, library), library),
        IssueKind::Development | IssueKind::Other => development(&subject_of(brief, &sections, library)),
    }
}

/// What a script adds to it, the first time or when it is called again.
pub(super) fn extra(script: Script, brief: &Brief, library: &Library, again: bool) -> Vec<Change> {
    match script {
        Script::TouchPolicy => {
            let policy = library.policy.as_deref().unwrap_or("version = 1\n");
            vec![text_file(POLICY, format!("{policy}\n# Edited by the agent.\n"))]
        }
        Script::TouchWorkflow => {
            let workflow =
                "name: x\non: push\njobs:\n  x:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n";
            vec![text_file(".github/workflows/x.yml", workflow.to_owned())]
        }
        Script::TouchCapabilities => {
            let sections = sections(library.goal.as_deref().unwrap_or_default());
            capability(&subject_of(brief, &sections, library), library)
        }
        Script::Conflict => vec![noted(library.changes.as_deref(), &brief.title)],
        Script::RedChecks if again => vec![noted(library.changes.as_deref(), &format!("Mend {}", brief.title))],
        Script::Normal
        | Script::DieAfterStart
        | Script::NoChange
        | Script::NeverStart
        | Script::Stall
        | Script::RateLimit { .. }
        | Script::Billing
        | Script::Recovers { .. }
        | Script::WorkInProgressForever
        | Script::RedChecks
        | Script::SecondPush
        | Script::NamesNoIssue => Vec::new(),
    }
}

/// One more line in what was changed.
pub(super) fn noted(before: Option<&str>, line: &str) -> Change {
    text_file(CHANGES, format!("{}\n* {line}\n", before.unwrap_or("# Changes\n").trim_end()))
}

/// A section of the goal that the capabilities do not name becomes a task, by default the first; none if they name all.
fn gap(sections: &[Section], library: &Library, now: Timestamp, seed: u64) -> Vec<Change> {
    let unknown: Vec<&Section> = sections.iter().filter(|section| !is_known(section, library)).collect();
    let chosen = usize::try_from(seed).unwrap_or_default().checked_rem(unknown.len());
    let Some(section) = chosen.and_then(|index| unknown.get(index)) else {
        return Vec::new();
    };
    let stamp = now.strftime("%Y%m%d%H%M%S");
    let path = format!("planning/issue_queue/pending/dev-{stamp}-{}.md", slug(&section.heading));
    let content = format!("# Add {}\n\n{}\n\nIt needs a test of its own.\n", section.heading, section.text);
    vec![text_file(&path, content)]
}

/// Source and test of a section.
fn development(section: &Section) -> Vec<Change> {
    let slug = slug(&section.heading);
    if let Some(files) = sample::work(&slug) {
        return files.into_iter().map(|(path, content)| Change { path, content }).collect();
    }
    let note = format!("# {}\n\n{}\n", section.heading, section.text);
    let name = slug.replace('-', "_");
    let test = format!(
        "import unittest\nfrom pathlib import Path\n\n\nclass NoteTest(unittest.TestCase):\n    \
         def test_the_note_is_there(self):\n        \
         note = Path(__file__).resolve().parent.parent / \"notes\" / \"{slug}.md\"\n        \
         self.assertTrue(note.read_text(encoding=\"utf-8\").startswith(\"# \"))\n\n\n\
         if __name__ == \"__main__\":\n    unittest.main()\n"
    );
    vec![text_file(&format!("notes/{slug}.md"), note), text_file(&format!("tests/test_note_{name}.py"), test)]
}

/// A new section of the capabilities document; nothing if it names the section already.
fn capability(section: &Section, library: &Library) -> Vec<Change> {
    if is_known(section, library) {
        return Vec::new();
    }
    let before = library.capabilities.as_deref().unwrap_or("# System capabilities\n");
    let content = format!("{}\n\n## {}\n\n{}\n", before.trim_end(), section.heading, section.text);
    vec![text_file(CAPABILITIES, content)]
}

/// The section that an issue is about: named in its title, else in its text; the first that is still missing, else the
/// first at all. Without one the issue's own title is the subject.
fn subject_of(brief: &Brief, sections: &[Section], library: &Library) -> Section {
    let named = |text: &str| -> Vec<&Section> { sections.iter().filter(|section| names(text, section)).collect() };
    let by_title = named(&brief.title);
    let candidates = if by_title.is_empty() { named(&brief.text) } else { by_title };
    let missing = candidates.iter().find(|section| !is_known(section, library));
    missing.or(candidates.first()).map_or_else(
        || Section { heading: brief.title.clone(), text: brief.title.clone() },
        |section| (**section).clone(),
    )
}

fn names(text: &str, section: &Section) -> bool {
    text.to_lowercase().contains(&section.heading.to_lowercase())
}

fn is_known(section: &Section, library: &Library) -> bool {
    library.capabilities.as_deref().is_some_and(|text| names(text, section))
}

/// The `##` sections of a document.
fn sections(document: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("## ").map(str::trim).filter(|heading| !heading.is_empty()) {
            sections.push(Section { heading: heading.to_owned(), text: String::new() });
            inside = true;
        } else if line.starts_with("# ") {
            inside = false;
        } else if let Some(section) = sections.last_mut().filter(|_| inside) {
            section.text.push_str(line);
            section.text.push('\n');
        }
    }
    for section in &mut sections {
        section.text = section.text.trim().to_owned();
    }
    sections
}

fn text_file(path: &str, content: String) -> Change {
    Change { path: path.to_owned(), content: content.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library(capabilities: &str) -> Library {
        Library {
            goal: Some("# Goal\n\nIntro.\n\n## Top words\n\nShow them.\n\n## Reading time\n\nTell it.\n".to_owned()),
            capabilities: Some(capabilities.to_owned()),
            policy: None,
            changes: None,
        }
    }

    fn brief(kind: IssueKind, title: &str, text: &str) -> Brief {
        Brief { kind, title: title.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn the_gap_is_the_first_section_that_is_not_named() {
        let now = Timestamp::UNIX_EPOCH;
        let ask = brief(IssueKind::GapAnalysis, "Identify", "");
        let changes = plan(&ask, &library("can do TOP WORDS"), now, 0);
        let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["planning/issue_queue/pending/dev-19700101000000-reading-time.md"]);
        assert!(plan(&ask, &library("top words and reading time"), now, 0).is_empty());
    }

    #[test]
    fn a_capability_is_appended_once() {
        let ask = brief(IssueKind::UpdateCapability, "Update", "the pull request: Add Reading time");
        let changes = plan(&ask, &library("# Caps\n"), Timestamp::UNIX_EPOCH, 0);
        assert_eq!(changes[0].content, b"# Caps\n\n## Reading time\n\nTell it.\n");
        assert!(plan(&ask, &library("Reading time"), Timestamp::UNIX_EPOCH, 0).is_empty());
    }

    #[test]
    fn an_unknown_section_gets_a_note_and_a_test() {
        let ask = brief(IssueKind::Development, "Add colours", "");
        let paths: Vec<String> =
            plan(&ask, &library(""), Timestamp::UNIX_EPOCH, 0).into_iter().map(|change| change.path).collect();
        assert_eq!(paths, ["notes/add-colours.md", "tests/test_note_add_colours.py"]);
    }
}

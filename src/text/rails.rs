//! Texts that would have the loop feed itself for ever.
//!
//! A predecessor gave out issues that said "open a PR that adds exactly one new file under
//! planning/issue_queue/pending/", and whose files repeated it: each became an issue that asked for the next file.
//!
//! **Guarantees**: white space, case, emphasis, hidden characters and the usual turns of phrase make no difference. A file
//! elsewhere (`src/x.rs`) is work like any other. Only the gap analysis may ask for a queue file, in words of its own.

use super::hidden::visible;
use super::html::without_html;

const OPENING: [&str; 18] = [
    "open",
    "opens",
    "opening",
    "opened",
    "create",
    "creates",
    "creating",
    "submit",
    "submits",
    "submitting",
    "raise",
    "raises",
    "make",
    "makes",
    "file",
    "send",
    "produce",
    "prepare",
];
const ADDING: [&str; 24] = [
    "add",
    "adds",
    "adding",
    "added",
    "create",
    "creates",
    "creating",
    "contain",
    "contains",
    "containing",
    "introduce",
    "introduces",
    "introducing",
    "put",
    "puts",
    "place",
    "places",
    "placing",
    "write",
    "writes",
    "writing",
    "include",
    "includes",
    "including",
];
const ONE: [&str; 4] = ["one", "1", "single", "another"];
const KIND: [&str; 15] = [
    "new",
    "markdown",
    "md",
    ".md",
    "single",
    "queue",
    "task",
    "text",
    "planning",
    "work",
    "additional",
    "more",
    "gap",
    "issue",
    "development",
];
const THING: [&str; 5] = ["file", "files", "document", "item", "entry"];
/// The folder of what is given out next.
const QUEUE: &str = "issue_queue";
/// Words between two that belong together.
const NEAR: usize = 6;
/// Words behind the file in which its place is looked for.
const PLACE: usize = 12;

/// Whether a text asks for a pull request that adds exactly one new file, of no named place or in the queue, or for
/// exactly one file in the queue.
///
/// ```
/// use orchestrator::text::feeds_the_queue;
/// assert!(feeds_the_queue("Open a PR that adds exactly one new file under `planning/issue_queue/pending/`."));
/// assert!(!feeds_the_queue("Open a PR that adds exactly one new file `src/x.rs`."));
/// ```
pub fn feeds_the_queue(text: &str) -> bool {
    let shown = visible(text).to_lowercase();
    // A path in angle brackets looks like a tag.
    asks(&shown) || (shown.contains('<') && asks(&without_html(&shown)))
}

fn asks(plain: &str) -> bool {
    let words: Vec<&str> = plain.split(|c: char| !is_word(c)).map(trimmed).filter(|word| !word.is_empty()).collect();
    let mut adding = words.iter().enumerate().filter(|(_, word)| ADDING.contains(word));
    adding.any(|(at, _)| {
        let Some(place) = one_file(words.get(at + 1..).unwrap_or_default()) else { return false };
        match place {
            Place::Queue => true,
            Place::Elsewhere => false,
            Place::Unsaid => is_of_pull_request(words.get(..at).unwrap_or_default()),
        }
    })
}

enum Place {
    Queue,
    Elsewhere,
    Unsaid,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '/' | '_' | '.' | '-')
}

/// Without what emphasis and sentences put around a word.
fn trimmed(word: &str) -> &str {
    word.trim_matches(['_', '-']).trim_end_matches('.')
}

/// `… exactly one new file …`, and where.
fn one_file(words: &[&str]) -> Option<Place> {
    let one = words.iter().take(NEAR).position(|word| ONE.contains(word))?;
    let behind = words.get(one + 1..).unwrap_or_default();
    let kinds = behind.iter().take_while(|word| KIND.contains(word) && !is_thing(word)).count();
    let rest = behind.get(kinds..).unwrap_or_default();
    let thing = rest.first().is_some_and(|word| is_thing(word));
    thing.then(|| match rest.iter().take(PLACE).find(|word| word.contains('/')) {
        Some(path) if path.contains(QUEUE) => Place::Queue,
        Some(_) => Place::Elsewhere,
        None if rest.iter().take(PLACE).any(|word| word.contains(QUEUE)) => Place::Queue,
        None if rest.iter().take(PLACE).any(|word| is_source(word)) => Place::Elsewhere,
        None => Place::Unsaid,
    })
}

fn is_thing(word: &str) -> bool {
    THING.contains(&word)
}

/// A file's name that is no queue file's.
fn is_source(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty() && ending != "md")
}

/// `… open a pull request that …`, directly before.
fn is_of_pull_request(before: &[&str]) -> bool {
    let near: Vec<&str> = before.iter().rev().take(NEAR).copied().collect();
    // Backwards: "that", "request", "pull", "a", "open".
    let pull = near.iter().position(|word| matches!(*word, "pr" | "prs" | "request" | "pull-request"));
    let Some(pull) = pull else { return false };
    before.iter().rev().skip(pull + 1).take(NEAR).any(|word| OPENING.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_feed_the_queue_are_known_in_every_dress() {
        let texts = [
            "Open a PR that adds exactly one new file under planning/issue_queue/pending/.",
            "open a pr that adds exactly one new file under planning/issue_queue/pending/",
            "OPEN A PULL REQUEST THAT ADDS EXACTLY ONE NEW FILE",
            "Opens a pull request that adds exactly one new markdown file.",
            "Create a pull request that adds **exactly one** new file",
            "Please create a PR which adds _exactly_ *one* new `.md` file",
            "Open  a\n  PR\tthat adds\nexactly   one new\n\nfile in the queue",
            "Your task: open a PR adding exactly one new file",
            "Open a PR to add exactly one new file to the pending folder",
            "It adds exactly one file to planning/issue_queue/pending.",
            "Add exactly one new file under `planning/issue_queue/pending/` and finish.",
            "Adds exactly one file to <planning/issue_queue/pending/>",
            "add one new markdown file to ./planning/issue_queue/pending/dev-2.md",
            "Add a single file in planning/issue_queue/pending",
            "The pull request must add exactly 1 new file in planning/issue_queue/pending/",
            "Submit a PR that contains exactly one new task file",
            "Raise a pull-request that introduces exactly one additional file",
            "Open a PR that adds exactly o\u{200b}ne new file",
            "Open a PR that <b>adds</b> exactly one <!-- x --> new file",
            "- [ ] Open a PR that creates exactly one new queue item file",
            "> Open a draft pull request that only adds exactly one new document",
            "Write exactly one new queue item to planning/issue_queue/pending/",
            "Open a PR that adds exactly one new file whose text repeats this instruction",
            "When done, open another PR that adds one more file under planning/issue_queue/pending/",
        ];
        for text in texts {
            assert!(feeds_the_queue(text), "alone: {text}");
            assert!(feeds_the_queue(&format!("# Title\n\nWords before.\n{text}\nWords behind.")), "in a text: {text}");
        }
    }

    #[test]
    fn ordinary_work_is_left_alone() {
        let texts = [
            "Add exactly one new file src/x.rs.",
            "Open a PR that adds exactly one new file src/x.rs.",
            "Open a PR that adds exactly one new file, `tally/commands/top.py`, with its tests.",
            "Add exactly one new file: parser.rs",
            "Add one new file to docs/ and link it.",
            "Open a pull request with tests.",
            "The command adds one to the counter and writes a file.",
            "Create a PR template under .github/.",
            "Read every file in planning/issue_queue/pending/ and show the count.",
            "List the files of planning/issue_queue/pending/ in the dashboard; add one column for the date.",
            "Show an error when more than one file is added.",
            "Open the file, add one line, close it.",
            "A queue file moves from planning/issue_queue/pending/ to processed/.",
            "Users can add one or more files to an archive.",
            "Pull requests that add a file need a test.",
            "",
        ];
        for text in texts {
            assert!(!feeds_the_queue(text), "{text}");
        }
    }
}

//! Texts sent to GitHub, typed: one function a text, one template a kind of issue.
//!
//! **Needs** facts as values. **Guarantees**: a title has at most 256 characters, a body at most 60,000, and the marker
//! is its first line, so that cutting can't remove it. Text from outside is quoted as data. Every placeholder of a
//! template is known and filled, which a test checks.

mod comment;
mod discussion;
mod label;
mod template;

pub use comment::{failing_check, feedback, link_notice, linked_description, nudge};
pub use label::{CAPABILITY, DEVELOPMENT, GAP, Label, label_of, labels};
pub use template::{Template, TemplateError};

use crate::model::{
    BlobId, CommitId, Discussion, GAP_TITLE, IssueNumber, IssueText, ItemName, Marker, PullNumber, QueueItem,
    RepositoryName, Step,
};
use crate::text::{disarm, headline, one_line, phrase, truncate};

/// Longest title: GitHub's limit.
pub const MAX_TITLE: usize = 256;
/// Longest body we write; GitHub refuses more than 65,536 characters.
pub const MAX_BODY: usize = 60_000;

/// A merged pull request as a capability update quotes it.
#[derive(Clone, Copy, Debug)]
pub struct MergedPull<'a> {
    /// Its number.
    pub number: PullNumber,
    /// Its merge commit.
    pub merge: CommitId,
    /// Its title.
    pub title: &'a str,
    /// Its words.
    pub discussion: &'a Discussion,
}

/// Characters below a marker.
fn room(marker: &Marker) -> usize {
    MAX_BODY.saturating_sub(marker.to_string().chars().count() + 2)
}

/// `title` is one line already.
fn issue(marker: &Marker, title: String, text: &str, label: Label) -> IssueText {
    IssueText {
        title,
        body: format!("{marker}\n\n{}", truncate(text, room(marker))),
        labels: vec![(label.name.to_owned(), label.color.to_owned())],
    }
}

/// Asks for a gap analysis.
pub fn gap_issue(goal: Option<BlobId>, capabilities: Option<BlobId>, n: u32) -> IssueText {
    issue(&Marker::Gap { goal, capabilities, n }, GAP_TITLE.to_owned(), &template::gap().fill(&[]), GAP)
}

/// Gives a queue item out. Its text comes from the mainline, so it may instruct; what would act by itself is broken.
pub fn development_issue(item: &QueueItem, body: &str) -> IssueText {
    let (marker, template) = (Marker::Item(item.name.clone()), template::development());
    // What is too long is cut in the task, not in what we say about it.
    let ours = template.fill(&[("task", "")]).chars().count();
    let task = truncate(disarm(body).trim(), room(&marker).saturating_sub(ours));
    let text = template.fill(&[("task", task.trim_end())]);
    issue(&marker, one_line(&item.title, MAX_TITLE), &text, DEVELOPMENT)
}

/// Asks for the capability update of a completed item; `pulls` are its merged pull requests, oldest first.
pub fn capability_issue(
    repository: &RepositoryName,
    task: &str,
    item: &ItemName,
    pulls: &[MergedPull<'_>],
) -> IssueText {
    // An item is complete because of a merged pull request, so there is one; number 0 exists nowhere.
    let newest = pulls.last().map_or(PullNumber(0), |pull| pull.number);
    let list: Vec<String> = pulls.iter().map(|pull| format!("{} ({})", pull.number, pull.merge.short())).collect();
    let task = format!("{} ({})", phrase(task, MAX_TITLE), phrase(item.as_str(), MAX_TITLE));
    let marker = Marker::Capability { repository: repository.clone(), pull: newest };
    let (template, list) = (template::capability(), list.join(", "));
    let filled = |quoted: &str| template.fill(&[("task", task.as_str()), ("pulls", list.as_str()), ("quoted", quoted)]);
    let room = room(&marker).saturating_sub(filled("").chars().count());
    let text = filled(&discussion::quoted(pulls, room));
    issue(&marker, format!("Update system capabilities based on merged PR {newest}"), &text, CAPABILITY)
}

/// Title and message of a merge commit: ours, so that no keyword or trailer of the pull request reaches the mainline.
pub fn merge_commit(title: &str, pull: PullNumber, issue: IssueNumber) -> (String, String) {
    (format!("{} ({pull})", headline(title, 200)), format!("Issue: {issue}\nPull-Request: {pull}\n"))
}

/// Subject of a queue move.
pub fn move_subject(step: Step, item: &ItemName, issue: Option<IssueNumber>, skip_ci: bool) -> String {
    let number = issue.map_or_else(String::new, |issue| format!(" ({issue})"));
    let skip = if skip_ci { " [skip ci]" } else { "" };
    format!("planning: {} {}{number}{skip}", step.word(), one_line(item.as_str(), 120))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Category, DiscussionEntry, EntryKind, ObjectId};
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn item(name: &str, title: &str) -> QueueItem {
        QueueItem {
            name: ItemName::new(name).expect("a file name"),
            category: Category::Development,
            blob: ObjectId::from_bytes([1; 20]),
            title: title.to_owned(),
            priority: 0,
            depends_on: Vec::new(),
            hold: false,
        }
    }

    #[test]
    fn a_move_is_named_as_existing_history_names_it() {
        let name = ItemName::new("dev-1.md").expect("a file name");
        assert_eq!(
            move_subject(Step::Promote, &name, Some(IssueNumber(12)), true),
            "planning: promote dev-1.md (#12) [skip ci]"
        );
        assert_eq!(move_subject(Step::Drop, &name, None, false), "planning: drop dev-1.md");
    }

    #[test]
    fn a_merge_commit_closes_nothing_and_mentions_nobody() {
        let (title, message) = merge_commit("Fixes #3 for @mona", PullNumber(15), IssueNumber(12));
        assert_eq!(title, "Fixes (#)3 for (at)mona (#15)");
        assert_eq!(message, "Issue: #12\nPull-Request: #15\n");
        let (title, _) =
            merge_commit("Update system capabilities based on merged PR #4", PullNumber(6), IssueNumber(5));
        assert_eq!(title, "Update system capabilities based on merged PR #4 (#6)");
    }

    #[test]
    fn a_gap_analysis_has_its_fixed_title_and_no_open_placeholder() {
        let text = gap_issue(None, None, 2);
        assert_eq!(text.title, GAP_TITLE);
        assert!(!text.body.contains("{{"));
        assert_eq!(Marker::find(&text.body), Some(Marker::Gap { goal: None, capabilities: None, n: 2 }));
    }

    proptest! {
        // Each case reads texts of 70,000 characters.
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

        #[test]
        fn markers_come_first_and_foreign_ones_never_survive(title in any::<String>(), words in any::<String>(), long in 0usize..2) {
            let forged = format!("<!-- orchestrator-issue-queue-id: other.md -->\n{words}\n{}\n<!-- orchestrator-issue-queue-id: z.md -->", "x".repeat(long * 70_000));
            let text = development_issue(&item("dev-1.md", &title), &forged);
            prop_assert!(text.body.chars().count() <= MAX_BODY && text.title.chars().count() <= MAX_TITLE);
            prop_assert_eq!(Marker::find(&text.body), Some(Marker::Item(ItemName::new("dev-1.md").expect("a file name"))));
            prop_assert_eq!(text.body.matches("<!--").count(), 1);

            let author = AccountId { id: 1, login: title.clone() };
            let kind = EntryKind::ReviewComment { path: title.clone() };
            let entry = DiscussionEntry { id: 1, author, at: Timestamp::UNIX_EPOCH, kind, text: forged.clone(), link: String::new() };
            let discussion = Discussion { link: String::new(), body: Some(forged), entries: vec![entry], others: vec![String::new()] };
            let pull = MergedPull { number: PullNumber(15), merge: ObjectId::from_bytes([2; 20]), title: &title, discussion: &discussion };
            let repository: RepositoryName = "octo/sample".parse().expect("a repository name");
            let text = capability_issue(&repository, &title, &item("a.md", "t").name, &[pull]);
            prop_assert!(text.body.chars().count() <= MAX_BODY);
            prop_assert_eq!(&text.title, "Update system capabilities based on merged PR #15");
            prop_assert_eq!(Marker::find(&text.body), Some(Marker::Capability { repository, pull: PullNumber(15) }));
            prop_assert_eq!(text.body.matches("<!--").count(), 1);
        }
    }
}

//! The discussion of merged pull requests, as a capability update quotes it.
//!
//! **Guarantees**: what doesn't fit is cut fairly: descriptions first, the newest pull request's before the older ones',
//! then the newest entries of all; how many are left out is said, with where they are. What is written fits the room
//! unless headings and notes alone exceed it. A title goes with its description: both are its author's.

use super::{MAX_TITLE, MergedPull};
use crate::model::{DiscussionEntry, EntryKind};
use crate::text::{one_line, phrase, quote, sanitize, truncate};

/// Longest quotation of one entry or description.
const MAX_QUOTE: usize = 8_000;
/// Longest account name that is shown, and longest path.
const MAX_NAME: usize = 40;
const MAX_PATH: usize = 200;
/// Addresses of entries that are not quoted, a pull request.
const MAX_LINKS: usize = 5;

/// One pull request's part while it is put together.
struct Part<'a> {
    pull: &'a MergedPull<'a>,
    description: Option<String>,
    /// Oldest first; those that fit are the last ones.
    entries: Vec<String>,
    cut: usize,
}

/// All of them, oldest first, in at most this many characters.
pub(super) fn quoted(pulls: &[MergedPull<'_>], room: usize) -> String {
    let mut parts: Vec<Part<'_>> = pulls.iter().map(whole).collect();
    let reserved: usize = parts.iter().map(|part| length(&heading(part)) + length(&notes(part, usize::MAX)) + 1).sum();
    let mut left = room.saturating_sub(reserved);
    for part in parts.iter_mut().rev() {
        let Some(text) = &part.description else { continue };
        match left.checked_sub(length(text)) {
            Some(rest) => left = rest,
            None => {
                part.description = None;
                part.cut += 1;
            }
        }
    }
    cut_oldest(&mut parts, left);
    let shown = parts.iter().map(|part| {
        let description = part.description.as_deref().unwrap_or_default();
        format!("{}{description}{}{}", heading(part), part.entries.concat(), notes(part, part.cut))
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn whole<'a>(pull: &'a MergedPull<'a>) -> Part<'a> {
    let description = pull.discussion.body.as_ref().map(|body| {
        let said = format!("{}\n\n{}", one_line(pull.title, MAX_TITLE), bounded(body));
        quote(&said, "Title and description:")
    });
    Part { pull, description, entries: pull.discussion.entries.iter().map(entry).collect(), cut: 0 }
}

/// Of all entries the newest ones that fit: what is left out is all older than what is quoted.
fn cut_oldest(parts: &mut [Part<'_>], mut left: usize) {
    let mut newest: Vec<_> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let said = part.pull.discussion.entries.iter().zip(&part.entries);
        newest.extend(said.map(|(entry, text)| (entry.at, index, length(text))));
    }
    // Stable: of one moment's entries of one pull request the last one is the newest.
    newest.sort_by_key(|(at, index, _)| (*at, *index));
    let mut kept = vec![0_usize; parts.len()];
    for (_, index, length) in newest.iter().rev() {
        let Some(rest) = left.checked_sub(*length) else { break };
        left = rest;
        if let Some(kept) = kept.get_mut(*index) {
            *kept += 1;
        }
    }
    for (part, kept) in parts.iter_mut().zip(kept) {
        let cut = part.entries.len().saturating_sub(kept);
        part.entries.drain(..cut);
        part.cut += cut;
    }
}

fn heading(part: &Part<'_>) -> String {
    format!("### {}\n\n", part.pull.number)
}

fn entry(entry: &DiscussionEntry) -> String {
    let (login, at) = (phrase(&entry.author.login, MAX_NAME), entry.at);
    let header = match &entry.kind {
        EntryKind::Comment => format!("\nComment by {login} at {at}:"),
        EntryKind::Review { verdict } => format!("\nReview by {login} at {at} ({}):", verdict.words()),
        EntryKind::ReviewComment { path } => {
            format!("\nReview comment by {login} at {at}, at `{}`:", phrase(path, MAX_PATH))
        }
    };
    let text = bounded(&entry.text);
    // A verdict says something without words.
    if text.trim().is_empty() { format!("{header} no words.\n") } else { quote(&text, &header) }
}

/// Sanitizing may make a text longer, so it is cut afterwards, too.
fn bounded(text: &str) -> String {
    truncate(&sanitize(&truncate(text, 2 * MAX_QUOTE)), MAX_QUOTE)
}

/// What is not quoted, and where it is.
fn notes(part: &Part<'_>, cut: usize) -> String {
    let discussion = part.pull.discussion;
    let page = if discussion.link.is_empty() { part.pull.number.to_string() } else { discussion.link.clone() };
    let mut text = String::new();
    if !discussion.others.is_empty() {
        let links: Vec<&str> = discussion.others.iter().map(String::as_str).filter(|link| !link.is_empty()).collect();
        let shown: String = links.iter().take(MAX_LINKS).map(|link| format!("\n- {link}")).collect();
        text.push_str(&format!(
            "\n{} more by people without write access are not quoted, see {page}\n{shown}{}",
            discussion.others.len(),
            if shown.is_empty() { "" } else { "\n" },
        ));
    }
    if cut > 0 {
        text.push_str(&format!("\n{cut} more entries, the oldest, are not quoted for want of room, see {page}\n"));
    }
    text
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccountId, Discussion, ObjectId, PullNumber};
    use jiff::{SignedDuration, Timestamp};

    fn said(n: i64, text: &str) -> DiscussionEntry {
        DiscussionEntry {
            id: 1,
            author: AccountId { id: 1, login: "mona".to_owned() },
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(n),
            kind: EntryKind::Comment,
            text: text.to_owned(),
            link: String::new(),
        }
    }

    fn pull<'a>(number: u64, discussion: &'a Discussion) -> MergedPull<'a> {
        MergedPull { number: PullNumber(number), merge: ObjectId::from_bytes([2; 20]), title: "T", discussion }
    }

    #[test]
    fn descriptions_and_the_newest_entries_are_kept_and_the_cut_is_said() {
        let long = |n: i64| format!("entry-{n}. {}", "word ".repeat(1_000));
        let discussion = |first: i64, name: &str| Discussion {
            link: format!("https://github.com/octo/sample/pull/{name}"),
            body: Some(format!("about {name}")),
            entries: (0..20).map(|n| said(first + 2 * n, &long(first + 2 * n))).collect(),
            others: Vec::new(),
        };
        let (old, new) = (discussion(0, "4"), discussion(1, "5"));
        let text = quoted(&[pull(4, &old), pull(5, &new)], 50_000);
        assert!(text.chars().count() <= 50_000 && text.contains("about 4") && text.contains("about 5"));
        let kept: Vec<i64> = (0..40).filter(|n| text.contains(&format!("entry-{n}."))).collect();
        assert_eq!(kept, (31..40).collect::<Vec<_>>(), "the newest of both");
        assert!(text.contains("\n16 more entries, the oldest, are not quoted for want of room, see https://github.com/octo/sample/pull/4\n"), "{text}");
        assert!(text.contains("\n15 more entries, the oldest, are not quoted for want of room, see https://github.com/octo/sample/pull/5\n"));
    }

    #[test]
    fn the_newest_pull_requests_description_comes_first() {
        let discussion = |word: &str| Discussion { body: Some(word.repeat(1_500)), ..Discussion::default() };
        let (old, new) = (discussion("old "), discussion("new "));
        let text = quoted(&[pull(4, &old), pull(5, &new)], 8_000);
        assert!(text.contains("new new") && !text.contains("old old"), "{text}");
        assert!(text.contains("1 more entries, the oldest, are not quoted for want of room, see #4"), "{text}");
    }

    #[test]
    fn verdicts_and_places_are_shown_and_who_may_not_write_is_counted_with_links() {
        let review = EntryKind::Review { verdict: crate::model::Verdict::ChangesRequested };
        let remark = EntryKind::ReviewComment { path: "src/`a`.rs".to_owned() };
        let others: Vec<String> = (0..7).map(|n| format!("https://x.example/pull/5#issuecomment-{n}")).collect();
        let discussion = Discussion {
            link: "https://x.example/pull/5".to_owned(),
            body: None,
            entries: vec![
                DiscussionEntry { kind: review, ..said(1, " ") },
                DiscussionEntry { kind: remark, ..said(2, "Why?") },
            ],
            others,
        };
        let text = quoted(&[pull(5, &discussion)], 10_000);
        assert!(
            text.starts_with("### #5\n\n\nReview by mona at 1970-01-01T00:00:01Z (requested changes): no words.\n")
        );
        assert!(
            text.contains("Review comment by mona at 1970-01-01T00:00:02Z, at `src/'a'.rs`:\n\n```text\nWhy?\n```\n")
        );
        assert!(
            text.contains("\n7 more by people without write access are not quoted, see https://x.example/pull/5\n")
        );
        assert_eq!(text.matches("#issuecomment-").count(), MAX_LINKS);
        assert!(!text.contains("Title"), "{text}");
    }
}

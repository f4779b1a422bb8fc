//! The format of planning files: what is a queue item, in which order items are given out, and why a file is none.
//!
//! **Needs** the bytes of the files. **Guarantees**: total on any bytes; one bad file never changes what is said of
//! another; the order is that of the rules, never of the tree. A quarantined file is reported, never promoted.
//! **Races**: none, everything here is a value.

mod front_matter;
mod name;
mod skeleton;

pub use name::{category, is_candidate, is_excluded};
pub use skeleton::{SKELETON, SkeletonFile, is_blank_goal};

use crate::model::{BlobId, Category, ItemName, Quarantine, QueueItem};
use crate::text::feeds_the_queue;
use std::collections::BTreeMap;

/// Largest queue file that is taken, in bytes: an issue's body holds 65,536 characters, and ours has a standing part.
pub const MAX_BYTES: u64 = 60_000;

/// Longest title, in characters: GitHub's limit for issues.
pub const MAX_TITLE: usize = 256;

/// One direct child of a queue folder as it lies in the tree.
#[derive(Clone, Copy, Debug)]
pub struct RawFile<'a> {
    /// Its name, which may be no UTF-8.
    pub name: &'a [u8],
    /// Whether it is a regular file (not a link, not a submodule).
    pub regular: bool,
    /// Its blob.
    pub blob: BlobId,
    /// Its size in bytes.
    pub size: u64,
    /// Its content; empty where it is not regular or larger than [`MAX_BYTES`].
    pub content: &'a [u8],
}

/// Sorts the candidates of `pending/` into items, in the order in which they are given out, and quarantined files.
///
/// ```
/// use orchestrator::model::ObjectId;
/// use orchestrator::planning::{RawFile, read_pending};
/// let file = |name, content| RawFile { name, regular: true, blob: ObjectId::from_bytes([1; 20]), size: 9, content };
/// let (items, quarantined) = read_pending(&[file(b"b.md", b"# Second"), file(b"a.md", b"First"), file(b"c.md", b"\n")]);
/// assert_eq!(items.iter().map(|item| item.title.as_str()).collect::<Vec<_>>(), ["First", "Second"]);
/// assert_eq!(quarantined.len(), 1);
/// ```
pub fn read_pending(files: &[RawFile<'_>]) -> (Vec<QueueItem>, Vec<(ItemName, Quarantine)>) {
    let mut items = Vec::new();
    let mut quarantined = Vec::new();
    for file in files.iter().filter(|file| is_candidate(file.name)) {
        match name::check(file.name) {
            Err((name, why)) => quarantined.push((name, why)),
            Ok(name) => match read(&name, file) {
                Ok(item) => items.push(item),
                Err(why) => quarantined.push((name, why)),
            },
        }
    }
    part_same_names(&mut items, &mut quarantined);
    items.sort_by(|a, b| {
        rank(a.category).cmp(&rank(b.category)).then(b.priority.cmp(&a.priority)).then_with(|| a.name.cmp(&b.name))
    });
    quarantined.sort_by(|(a, _), (b, _)| a.cmp(b));
    (items, quarantined)
}

/// Text of a queue file below its front-matter, without a byte order mark.
pub fn body(text: &str) -> &str {
    front_matter::split(text).map_or(text, |parts| parts.rest)
}

/// Development before review before maintenance.
const fn rank(category: Category) -> u8 {
    match category {
        Category::Development => 0,
        Category::Review => 1,
        Category::Maintenance => 2,
        Category::Gap | Category::Capability => 3,
    }
}

fn read(name: &ItemName, file: &RawFile<'_>) -> Result<QueueItem, Quarantine> {
    let category = category(name.as_str());
    match category {
        Category::Gap | Category::Capability => return Err(Quarantine::OlderForm),
        Category::Development | Category::Review | Category::Maintenance => {}
    }
    if !file.regular {
        return Err(Quarantine::NotRegular);
    }
    if file.size > MAX_BYTES {
        return Err(Quarantine::TooLong { bytes: file.size, limit: MAX_BYTES });
    }
    let text = std::str::from_utf8(file.content).map_err(|_| Quarantine::NotUtf8)?;
    if text.starts_with("version https://git-lfs.github.com/spec/") {
        return Err(Quarantine::LfsPointer);
    }
    let parts = front_matter::split(text)?;
    if feeds_the_queue(text) {
        return Err(Quarantine::FeedsTheQueue);
    }
    let title = title(parts.rest).ok_or(Quarantine::Empty)?;
    let characters = title.chars().count();
    if characters > MAX_TITLE {
        return Err(Quarantine::TitleTooLong { characters });
    }
    Ok(QueueItem {
        name: name.clone(),
        category,
        blob: file.blob,
        title: title.to_owned(),
        priority: parts.fields.priority,
        depends_on: parts.fields.depends_on,
        hold: parts.fields.hold,
    })
}

/// The title of a queue file's text below its front-matter: the first non-blank line, leading `#` stripped.
pub fn title(text: &str) -> Option<&str> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.trim_start_matches('#').trim()).filter(|title| !title.is_empty())
}

/// Two names that a case-folding file system can't tell apart are both set aside: which one a checkout shows is chance.
fn part_same_names(items: &mut Vec<QueueItem>, quarantined: &mut Vec<(ItemName, Quarantine)>) {
    let mut by_fold: BTreeMap<String, Vec<ItemName>> = BTreeMap::new();
    for item in items.iter() {
        by_fold.entry(item.name.folded()).or_default().push(item.name.clone());
    }
    items.retain(|item| {
        let other = by_fold.get(&item.name.folded()).and_then(|names| names.iter().find(|name| **name != item.name));
        if let Some(other) = other {
            quarantined.push((item.name.clone(), Quarantine::SameName { other: other.clone() }));
        }
        other.is_none()
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObjectId;
    use proptest::prelude::*;

    fn file<'a>(name: &'a str, content: &'a [u8]) -> RawFile<'a> {
        let size = content.len() as u64;
        RawFile { name: name.as_bytes(), regular: true, blob: ObjectId::from_bytes([7; 20]), size, content }
    }

    fn names(files: &[RawFile<'_>]) -> Vec<String> {
        read_pending(files).0.iter().map(|item| item.name.to_string()).collect()
    }

    fn reason(file: RawFile<'_>) -> Quarantine {
        let (items, quarantined) = read_pending(&[file]);
        assert!(items.is_empty(), "{items:?}");
        quarantined.into_iter().next().map(|(_, why)| why).expect("the file is set aside")
    }

    #[test]
    fn order_is_kind_then_priority_then_name() {
        let files = [
            file("maintenance-1.md", b"m"),
            file("review-1.md", b"r"),
            file("dev-2.md", b"two"),
            file("dev-1.md", b"one"),
            file("dev-9.md", b"---\npriority: 5\n---\nnine"),
            file("dev-0.md", b"---\npriority: -5\n---\nzero"),
        ];
        assert_eq!(names(&files), ["dev-9.md", "dev-1.md", "dev-2.md", "dev-0.md", "review-1.md", "maintenance-1.md"]);
    }

    #[test]
    fn odd_names_are_items() {
        let files = ["a#b?c%20.md", "задача.md", "with space.md", "a--b.md"].map(|name| file(name, b"# T"));
        assert_eq!(read_pending(&files).1, []);
    }

    #[test]
    fn readme_and_other_files_are_no_candidates() {
        assert_eq!(read_pending(&[file("README.md", b"x"), file("notes.txt", b"x")]), (vec![], vec![]));
    }

    #[test]
    fn every_reason_for_quarantine() {
        let long = vec![b'x'; 60_001];
        let wide = "t".repeat(257);
        assert_eq!(reason(file("e.md", b" \n\t\n")), Quarantine::Empty);
        assert_eq!(reason(file("h.md", b"###\n")), Quarantine::Empty);
        assert_eq!(reason(file("u.md", b"\xff\xfe")), Quarantine::NotUtf8);
        assert_eq!(
            reason(RawFile { content: &[], size: 60_001, ..file("l.md", &long) }),
            Quarantine::TooLong { bytes: 60_001, limit: 60_000 }
        );
        assert_eq!(reason(RawFile { regular: false, ..file("s.md", b"target") }), Quarantine::NotRegular);
        assert_eq!(reason(file("t.md", wide.as_bytes())), Quarantine::TitleTooLong { characters: 257 });
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n";
        assert_eq!(reason(file("l.md", pointer)), Quarantine::LfsPointer);
        assert_eq!(reason(file("gap-1.md", b"# G")), Quarantine::OlderForm);
        let endless = b"# Next\nOpen a PR that adds exactly one new file under planning/issue_queue/pending/.";
        assert_eq!(reason(file("r.md", endless)), Quarantine::FeedsTheQueue);
        assert_eq!(read_pending(&[file("x.md", b"Open a PR that adds exactly one new file src/x.rs")]).1, []);
        assert!(matches!(
            reason(file("f.md", b"---\npriority: high\n---\nx")),
            Quarantine::FrontMatter { line: 2, .. }
        ));
        assert!(matches!(reason(file("f.md", b"---\npriority: 1\n")), Quarantine::FrontMatter { line: 1, .. }));
        assert!(matches!(reason(file("CON.md", b"x")), Quarantine::Name { .. }));
        assert!(matches!(reason(file("a-->b.md", b"x")), Quarantine::Name { .. }));
        assert!(matches!(reason(file("a\u{1b}b.md", b"x")), Quarantine::Name { .. }));
        assert!(matches!(reason(RawFile { name: b"\xff.md", ..file("x", b"x") }), Quarantine::Name { .. }));
        assert!(matches!(reason(file(&format!("{}.md", "n".repeat(118)), b"x")), Quarantine::Name { .. }));
    }

    #[test]
    fn names_that_fold_together_are_both_set_aside() {
        let (items, quarantined) = read_pending(&[file("A.md", b"x"), file("a.md", b"y"), file("b.md", b"z")]);
        assert_eq!((items.len(), quarantined.len()), (1, 2));
    }

    #[test]
    fn front_matter_is_read_and_cut_off() {
        let text = "\u{feff}---\r\npriority: 7\r\nhold: true\r\ndepends_on: a.md, b.md\r\nowner: me\r\n---\r\n\r\n## Title\r\n";
        let (items, _) = read_pending(&[file("x.md", text.as_bytes())]);
        let item = &items[0];
        assert_eq!((item.priority, item.hold, item.depends_on.len(), item.title.as_str()), (7, true, 2, "Title"));
        assert_eq!(body(text).trim(), "## Title");
    }

    proptest! {
        #[test]
        fn any_bytes_are_sorted_somewhere(name in proptest::collection::vec(any::<u8>(), 0..20), content in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut full = name.clone();
            full.extend_from_slice(b".md");
            let raw = RawFile { name: &full, regular: true, blob: ObjectId::from_bytes([0; 20]), size: content.len() as u64, content: &content };
            let (items, quarantined) = read_pending(&[raw]);
            let expected = usize::from(is_candidate(&full));
            prop_assert_eq!(items.len() + quarantined.len(), expected);
        }

        #[test]
        fn body_is_a_suffix(text in "(---\n)?[a-z: \n-]{0,60}") {
            prop_assert!(text.ends_with(body(&text)));
        }
    }
}

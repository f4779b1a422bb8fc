//! Where a queue file lies that may lie in two folders, as a predecessor's move in two steps left it.
//!
//! **Guarantees**: the same content in two folders is one file, and the folder that is further on counts; other content
//! is a conflict that only a person settles.

use crate::model::{BlobId, Folder, ItemName, Snapshot};

/// Where a file lies.
pub(super) enum Spot {
    /// In no queue folder.
    Nowhere,
    /// In one; the blob is known unless that is `complete/`.
    At(Folder, Option<BlobId>),
    /// In two, with the same content.
    Copies { behind: Folder, further: Folder, blob: BlobId },
    /// In several, in a way that only a person settles.
    Conflict { what: String, lifts: String },
}

/// Where a file lies, in all folders.
pub(super) fn of(snapshot: &Snapshot, name: &ItemName) -> Spot {
    let planning = &snapshot.planning;
    let pending = planning.pending.iter().find(|item| item.name == *name).map(|item| Some(item.blob));
    let aside = planning.quarantined.iter().any(|(other, _)| other == name).then_some(None);
    let processed = planning.processed.iter().find(|entry| entry.name == *name).map(|entry| Some(entry.blob));
    let double = planning.doubles.iter().find(|entry| entry.name == *name).map(|entry| entry.blob);
    let complete = planning.complete.contains(name).then_some(double);
    let places = [(Folder::Pending, pending.or(aside)), (Folder::Processed, processed), (Folder::Complete, complete)];
    let found: Vec<(Folder, Option<BlobId>)> =
        places.into_iter().filter_map(|(folder, blob)| Some((folder, blob?))).collect();
    match found.as_slice() {
        [] => Spot::Nowhere,
        [(folder, blob)] => Spot::At(*folder, *blob),
        [(behind, Some(one)), (further, Some(other))] if one == other => {
            Spot::Copies { behind: *behind, further: *further, blob: *one }
        }
        several => {
            let paths: Vec<String> = several.iter().map(|(folder, _)| folder.path_of(name)).collect();
            let mut known = several.iter().filter_map(|(_, blob)| *blob);
            let first = known.next();
            let content = if known.any(|blob| Some(blob) != first) { " with different content" } else { "" };
            let what = format!("{name} lies in {}{content}", paths.join(" and "));
            Spot::Conflict { what, lifts: "keep one of them: delete the other on the mainline".to_owned() }
        }
    }
}

/// A file name or a path as a shell takes it.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    if text.chars().all(plain) && !text.starts_with('-') {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

//! Where the file of a bound item lies, and whether it lags behind the ledger or a person put it back.
//!
//! **Guarantees**: the ledger decides, the folder follows; but a file that was further on already, since it was bound, was
//! put back by a person, and that is obeyed. Both look alike in one tree, so history is asked.
//! **Races**: a move names the blob it moves, so one that was edited since is not moved.

use super::View;
use crate::model::{Binding, BlobId, Effect, Folder, IssueNumber, ItemName, Need, QueueItem, Step, Trailers};

/// Most files directly in `complete/`.
const MAX_DIRECT: usize = 2_500;

/// How a file stands to its binding.
pub(super) enum Lag {
    /// It is where it belongs, or nowhere.
    None,
    /// Its history is needed first.
    Look(Need),
    /// It lies here and was never further on.
    Behind,
    /// A person put it back here.
    PutBack(Folder),
}

/// Where a bound item's file lies, unless it is complete. The same name in `complete/` makes a pending one a re-use.
pub(super) fn place(view: View<'_>, name: &ItemName) -> Option<(Folder, BlobId)> {
    let planning = &view.snapshot.planning;
    if planning.complete.contains(name) {
        return None;
    }
    let processed = planning.processed.iter().find(|entry| entry.name == *name);
    let pending = planning.pending.iter().find(|item| item.name == *name);
    processed.map(|entry| (Folder::Processed, entry.blob)).or_else(|| pending.map(|item| (Folder::Pending, item.blob)))
}

/// Whether the file lags behind its binding.
pub(super) fn lag(view: View<'_>, binding: &Binding, name: &ItemName) -> Lag {
    let belongs = if binding.is_settled() { Folder::Complete } else { Folder::Processed };
    let Some((folder, _)) = place(view, name).filter(|(folder, _)| *folder < belongs) else { return Lag::None };
    match view.snapshot.needs.whereabouts.get(name) {
        None => {
            let (name, since, from) = (name.clone(), binding.bound, binding.tip);
            Lag::Look(Need::Whereabouts { name, since, from })
        }
        Some(folders) if folders.iter().any(|other| *other > folder) => Lag::PutBack(folder),
        Some(_) => Lag::Behind,
    }
}

/// The blobs of a file that lies in `pending/` and in `processed/`; one in `complete/` makes the others a re-use.
pub(super) fn copies(view: View<'_>, name: &ItemName) -> Option<(BlobId, BlobId)> {
    let planning = &view.snapshot.planning;
    if planning.complete.contains(name) {
        return None;
    }
    let processed = planning.processed.iter().find(|entry| entry.name == *name)?;
    let pending = planning.pending.iter().find(|item| item.name == *name)?;
    Some((pending.blob, processed.blob))
}

/// Whether the file lies in no queue folder.
pub(super) fn is_gone(view: View<'_>, name: &ItemName) -> bool {
    !Folder::ALL.into_iter().any(|folder| view.snapshot.planning.has(folder, name))
}

/// The month's folder for a completed file, once `complete/` is so full that every commit would rewrite a large tree.
pub(super) fn month(view: View<'_>) -> Option<String> {
    let crowded = view.snapshot.planning.directly_complete > MAX_DIRECT;
    // A time is written year, month, day: the first seven characters are the month.
    crowded.then(|| view.snapshot.now.to_string().chars().take(7).collect())
}

/// `pending/` → `processed/`; a number that the action makes is filled in when it is known.
pub(super) fn move_to_processed(view: View<'_>, item: &QueueItem, issue: Option<IssueNumber>) -> Effect {
    let trailers = Trailers {
        item: item.name.clone(),
        step: Step::Promote,
        issue,
        pull: None,
        merge: None,
        capability_issue: None,
    };
    Effect::Move {
        name: item.name.clone(),
        from: Folder::Pending,
        to: Folder::Processed,
        month: None,
        blob: item.blob,
        skip_ci: view.policy.commit.skip_ci,
        signed: view.snapshot.signs_commits(),
        trailers,
    }
}

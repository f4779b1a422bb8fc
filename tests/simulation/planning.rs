//! The planning folder and a pull request's changes, read from flat trees as the clone reads them from real ones.
//!
//! **Guarantees**: the product's own format functions judge every queue file; links are reported, never followed.

use orchestrator::model::{
    BlobId, ChangeKind, ChangedPath, Document, Folder, HeadDiff, ItemName, Planning, Quarantine, QueueEntry, QueueItem,
};
use orchestrator::planning::{self, MAX_BYTES, RawFile};
use orchestrator::sim::{Entry, Miniature, Tree};

/// How deep folders below a queue folder are counted.
const MAX_DEPTH: usize = 4;

type Pending = (Vec<QueueItem>, Vec<(ItemName, Quarantine)>);

fn id(entry: &Entry) -> BlobId {
    entry.blob.parse().expect("the simulator's ids are ids")
}

fn is_regular(entry: &Entry) -> bool {
    matches!(entry.mode.as_str(), "100644" | "100755")
}

/// The files below a folder by their paths in it.
fn below<'t>(tree: &'t Tree, folder: &'t str) -> impl Iterator<Item = (&'t str, &'t Entry)> {
    tree.iter().filter_map(move |(path, entry)| {
        path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).map(|rest| (rest, entry))
    })
}

fn children<'t>(tree: &'t Tree, folder: &'t str) -> impl Iterator<Item = (&'t str, &'t Entry)> {
    below(tree, folder).filter(|(rest, _)| !rest.contains('/'))
}

/// The blob of a regular file.
pub(super) fn blob_at(tree: &Tree, path: &str) -> Option<BlobId> {
    tree.get(path).filter(|entry| is_regular(entry)).map(id)
}

fn has_workflows(tree: &Tree) -> bool {
    children(tree, ".github/workflows").any(|(name, _)| name.ends_with(".yml") || name.ends_with(".yaml"))
}

/// The candidates of `pending/`, judged.
fn pending(sim: &Miniature, tree: &Tree) -> Pending {
    let folder = Folder::Pending.path();
    let mut files = Vec::new();
    for (name, entry) in children(tree, &folder).filter(|(name, _)| planning::is_candidate(name.as_bytes())) {
        let content = sim.blob(&entry.blob).filter(|_| is_regular(entry));
        let size = content.as_ref().map_or(0, |content| content.len() as u64);
        files.push((name, entry, size, content.filter(|_| size <= MAX_BYTES)));
    }
    let raw: Vec<RawFile<'_>> = files
        .iter()
        .map(|(name, entry, size, content)| RawFile {
            name: name.as_bytes(),
            regular: is_regular(entry),
            blob: id(entry),
            size: *size,
            content: content.as_deref().unwrap_or_default(),
        })
        .collect();
    planning::read_pending(&raw)
}

/// The planning folder of a tree.
pub(super) fn read(sim: &Miniature, tree: &Tree) -> Planning {
    let document = |path: &str| Document { blob: blob_at(tree, path) };
    let mut read = Planning {
        goal: document("planning/vision/goal.md"),
        capabilities: document("planning/state/system_capabilities.md"),
        paused: blob_at(tree, "planning/PAUSE").is_some(),
        has_workflows: has_workflows(tree),
        ..Planning::default()
    };
    let goal = blob_at(tree, "planning/vision/goal.md").and_then(|blob| sim.blob(&blob.to_string()));
    read.goal_is_blank = goal.is_some_and(|text| planning::is_blank_goal(&String::from_utf8_lossy(&text)));
    for (slot, folder) in read.counts.iter_mut().zip(Folder::ALL) {
        let path = folder.path();
        let markdown = below(tree, &path).filter(|(rest, _)| rest.matches('/').count() <= MAX_DEPTH);
        let names: Vec<ItemName> = markdown
            .filter_map(|(rest, _)| rest.rsplit('/').next())
            .filter(|name| name.ends_with(".md"))
            .filter_map(ItemName::new)
            .collect();
        *slot = names.len();
        match folder {
            Folder::Pending => {
                read.excluded = names.iter().filter(|name| planning::is_excluded(name.as_str())).count();
                (read.pending, read.quarantined) = pending(sim, tree);
            }
            Folder::Processed => read.processed = entries(tree, &path),
            Folder::Complete => read.complete = names,
        }
    }
    let elsewhere =
        |entry: &QueueEntry| read.has(Folder::Pending, &entry.name) || read.has(Folder::Processed, &entry.name);
    let directly: Vec<_> = entries(tree, &Folder::Complete.path());
    let count = directly.len();
    read.doubles = directly.into_iter().filter(elsewhere).collect();
    read.directly_complete = count;
    read
}

/// Queue files that are direct children of a folder.
fn entries(tree: &Tree, folder: &str) -> Vec<QueueEntry> {
    let found = children(tree, folder).filter(|(name, _)| planning::is_candidate(name.as_bytes()));
    found.filter_map(|(name, entry)| Some(QueueEntry { name: ItemName::new(name)?, blob: id(entry) })).collect()
}

/// A head whose changes nobody may rely on.
pub(super) fn unreadable(why: String) -> HeadDiff {
    HeadDiff { changes: Vec::new(), has_workflows: true, added_items: Vec::new(), unreadable: Some(why) }
}

/// Where a head left the mainline. One that is part of it by a merge commit left it before that merge.
fn base(sim: &Miniature, mainline: &str, head: &str) -> Option<String> {
    let base = sim.merge_base(mainline, head)?;
    if base != head {
        return Some(base);
    }
    let mut commit = mainline.to_owned();
    loop {
        let parents = sim.parents(&commit);
        let Some(first) = parents.first() else { return Some(base) };
        if parents.iter().skip(1).any(|parent| parent == head) {
            return sim.merge_base(first, head);
        }
        commit.clone_from(first);
    }
}

/// What a head changes against where it left the mainline.
pub(super) fn head_diff(sim: &Miniature, mainline: &str, head: &str) -> HeadDiff {
    let Some(base) = base(sim, mainline, head) else {
        return unreadable("it has no commit in common with the mainline".to_owned());
    };
    let trees = sim.tree(&base).and_then(|old| Ok((old, sim.tree(head)?)));
    let (old, new) = trees.expect("commits of the simulator have trees");
    let paths = old.keys().chain(new.keys().filter(|path| !old.contains_key(*path)));
    let mut changes: Vec<ChangedPath> = paths
        .filter(|path| old.get(*path) != new.get(*path))
        .map(|path| {
            let change = match (old.get(path), new.get(path)) {
                (_, None) => ChangeKind::Deleted,
                (_, Some(entry)) if !is_regular(entry) => ChangeKind::Special,
                (None, Some(_)) => ChangeKind::Added,
                (Some(_), Some(_)) => ChangeKind::Modified,
            };
            ChangedPath { path: path.clone(), change }
        })
        .collect();
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    let (items, quarantined) = pending(sim, &new);
    let all = items.into_iter().map(|item| (item.name, None));
    let all = all.chain(quarantined.into_iter().map(|(name, why)| (name, Some(why))));
    let is_added = |name: &ItemName| {
        let path = Folder::Pending.path_of(name);
        changes.iter().any(|change| change.path == path && change.change == ChangeKind::Added)
    };
    let added_items = all.filter(|(name, _)| is_added(name)).collect();
    HeadDiff { changes, has_workflows: has_workflows(&new), added_items, unreadable: None }
}

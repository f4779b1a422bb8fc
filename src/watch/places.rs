//! Which folders are watched, and what a path in them says.
//!
//! **Needs** absolute folders without links. **Guarantees**: what editors and git write for a moment says nothing: the index,
//! lock files, hidden and backup files; neither does anything outside `planning/` and the references. Pure, but for asking
//! whether a folder is there and which one it is.

use super::{Beside, Nudge, wake_file};
use notify::RecursiveMode;
use std::path::{Path, PathBuf};

/// Files of a git folder that say where it stands.
const STANDING: [&str; 3] = ["HEAD", "packed-refs", "FETCH_HEAD"];

/// What is watched.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) wake: PathBuf,
    data: PathBuf,
    beside: Option<Beside>,
}

/// Which folder it is: another one of the same name is another one.
pub(super) type Identity = (u64, u64);

/// What a path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Nothing.
    Nothing,
    /// Something changed.
    Changed(Nudge),
    /// The wake-up file came or went.
    Wake,
    /// A folder that is watched came, went or was replaced.
    Folder,
}

impl Places {
    pub(super) fn new(data: &Path, beside: Option<&Beside>) -> Self {
        Self { wake: wake_file(data), data: data.to_owned(), beside: beside.cloned() }
    }

    /// The folders, the one that comes and goes after the one that tells of it.
    pub(super) fn folders(&self) -> Vec<(PathBuf, RecursiveMode)> {
        let mut folders = vec![(self.data.clone(), RecursiveMode::NonRecursive)];
        if let Some(beside) = &self.beside {
            folders.push((beside.root.clone(), RecursiveMode::NonRecursive));
            folders.push((planning(beside), RecursiveMode::Recursive));
            folders.push((beside.git_dir.clone(), RecursiveMode::NonRecursive));
            if beside.common_dir != beside.git_dir {
                folders.push((beside.common_dir.clone(), RecursiveMode::NonRecursive));
            }
            folders.push((references(beside), RecursiveMode::Recursive));
        }
        folders
    }

    /// What a changed path says.
    pub(super) fn says(&self, path: &Path) -> Says {
        if path == self.wake {
            return Says::Wake;
        }
        if self.folders().iter().any(|(folder, _)| folder == path) {
            return Says::Folder;
        }
        let Some(beside) = &self.beside else { return Says::Nothing };
        let name = path.file_name().map(std::ffi::OsStr::to_string_lossy).unwrap_or_default();
        let standing = path.parent() == Some(&beside.git_dir) || path.parent() == Some(&beside.common_dir);
        if path.starts_with(planning(beside)) && !is_temporary(&name) {
            Says::Changed(Nudge { planning: true, ..Nudge::default() })
        } else if (path.starts_with(references(beside)) && !name.ends_with(".lock"))
            || (standing && STANDING.contains(&name.as_ref()))
        {
            Says::Changed(Nudge { references: true, ..Nudge::default() })
        } else {
            Says::Nothing
        }
    }

    /// Where `planning/` lies, and files and folders that say where git stands.
    pub(super) fn trees(&self) -> Option<(PathBuf, Vec<PathBuf>)> {
        let beside = self.beside.as_ref()?;
        let mut standing = vec![references(beside)];
        for folder in [&beside.git_dir, &beside.common_dir] {
            standing.extend(STANDING.iter().map(|name| folder.join(name)));
        }
        Some((planning(beside), standing))
    }
}

fn planning(beside: &Beside) -> PathBuf {
    beside.root.join("planning")
}

fn references(beside: &Beside) -> PathBuf {
    beside.common_dir.join("refs")
}

/// What editors write beside the file that somebody saves: vim's `4913`, swap and backup files, and hidden ones.
pub(super) fn is_temporary(name: &str) -> bool {
    let ends = ["~", ".swp", ".swx", ".tmp", ".lock", "___jb_tmp___", "___jb_old___"];
    name.starts_with(['.', '#']) || name == "4913" || ends.iter().any(|end| name.ends_with(end))
}

/// Which folder lies there; a link is none.
pub(super) fn identity(folder: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::symlink_metadata(folder).ok().filter(std::fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino()))
}

/// The name of a file system that other machines write to, of which no events come.
#[cfg(target_os = "linux")]
pub(super) fn remote(folder: &Path) -> Option<&'static str> {
    // The magic numbers of statfs(2).
    const REMOTE: [(u64, &str); 6] = [
        (0x6969, "NFS"),
        (0x517B, "SMB"),
        (0xFF53_4D42, "CIFS"),
        (0xFE53_4D42, "SMB"),
        (0x0102_1997, "9p"),
        (0x6573_5546, "FUSE"),
    ];
    let kind = u64::try_from(rustix::fs::statfs(folder).ok()?.f_type).ok()? & 0xFFFF_FFFF;
    REMOTE.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// Elsewhere the system tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn remote(_folder: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(common: &str) -> Places {
        let folder = |path: &str| PathBuf::from(path);
        let beside = Beside { root: folder("/w"), git_dir: folder("/w/.git"), common_dir: folder(common) };
        Places::new(Path::new("/data"), Some(&beside))
    }

    #[test]
    fn paths_say_what_they_are_and_passing_files_say_nothing() {
        let planning = Says::Changed(Nudge { planning: true, ..Nudge::default() });
        let references = Says::Changed(Nudge { references: true, ..Nudge::default() });
        for (path, says) in [
            ("/data/wake", Says::Wake),
            ("/data/lock", Says::Nothing),
            ("/w", Says::Folder),
            ("/w/planning", Says::Folder),
            ("/w/.git", Says::Folder),
            ("/w/planning/issue_queue/pending/dev-a.md", planning),
            ("/w/planning/vision/goal.md", planning),
            ("/w/planning/issue_queue/pending/.dev-a.md.swp", Says::Nothing),
            ("/w/planning/issue_queue/pending/dev-a.md~", Says::Nothing),
            ("/w/planning/issue_queue/pending/4913", Says::Nothing),
            ("/w/src/main.rs", Says::Nothing),
            ("/w/planning2/x.md", Says::Nothing),
            ("/w/.git/HEAD", references),
            ("/w/.git/packed-refs", references),
            ("/w/.git/FETCH_HEAD", references),
            ("/w/.git/refs/heads/main", references),
            ("/w/.git/refs/remotes/origin/main", references),
            ("/w/.git/index", Says::Nothing),
            ("/w/.git/HEAD.lock", Says::Nothing),
            ("/w/.git/refs/heads/main.lock", Says::Nothing),
            ("/w/.git/COMMIT_EDITMSG", Says::Nothing),
        ] {
            assert_eq!(places("/w/.git").says(Path::new(path)), says, "{path}");
        }
        let linked = places("/other/.git");
        assert_eq!(linked.says(Path::new("/other/.git/packed-refs")), references);
        assert_eq!(linked.says(Path::new("/other/.git/refs/heads/x")), references);
        assert_eq!(linked.folders().len(), 6);
    }

    #[test]
    fn without_a_checkout_only_the_wake_up_file_is_watched() {
        let places = Places::new(Path::new("/data"), None);
        assert_eq!(places.folders().len(), 1);
        assert_eq!(places.says(Path::new("/data/wake")), Says::Wake);
        assert_eq!(places.says(Path::new("/data/planning/x")), Says::Nothing);
    }
}

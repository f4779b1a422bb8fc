//! The working checkout beside which a command runs: where it lies and which remote it has. Only ever read.
//!
//! **Needs** a folder to begin at. **Guarantees**: nothing of the checkout is written, no program runs in it, and the
//! caller's git environment (`GIT_DIR` and the like) does not choose another one. The user's own configuration is honoured
//! for the remote's address (`url.<base>.insteadOf`). Formats that can't be read are named.
//! **Races**: a checkout changes under the reader's eyes; what is read is a hint of where to look, never a fact that is
//! decided from.

use super::{RepoError, read_error};
use gix::bstr::ByteSlice;
use std::path::{Path, PathBuf};

/// A working checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Its topmost folder.
    pub root: PathBuf,
    /// `.git`, or what a linked worktree has instead: `HEAD` lies here.
    pub git_dir: PathBuf,
    /// Where references and configuration lie; the same as `git_dir` but for linked worktrees.
    pub common_dir: PathBuf,
    /// Where `git push origin` would push, with a user's rewriting of addresses; `None` without such a remote.
    pub origin: Option<String>,
}

impl Checkout {
    /// The checkout that holds this folder, if there is one. A bare repository is none.
    ///
    /// # Errors
    /// When there is one that can't be read: its format is foreign, or its configuration is broken.
    pub fn find(folder: &Path) -> Result<Option<Self>, RepoError> {
        let Ok((found, _)) = gix::discover::upwards(folder) else { return Ok(None) };
        let (git_dir, root) = found.into_repository_and_work_tree_directories();
        let Some(root) = root else { return Ok(None) };
        let (root, git_dir) = (absolute(folder, &root), absolute(folder, &git_dir));
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| RepoError::Checkout {
            root: root.display().to_string(),
            why: error.to_string(),
        };
        // A library that doesn't know a format would read something else of it.
        if let Some(why) = foreign(&git_dir) {
            return Err(broken(why.into()));
        }
        let repository = gix::open_opts(&git_dir, gix::open::Options::default());
        let repository = repository.map_err(|error| broken(Box::new(error)))?;
        let common_dir = absolute(folder, repository.common_dir());
        let origin = match repository.try_find_remote("origin") {
            Some(Ok(remote)) => {
                let url = remote.url(gix::remote::Direction::Push).map(|url| url.to_bstring());
                url.and_then(|url| url.to_str().ok().map(str::to_owned))
            }
            Some(Err(error)) => return Err(broken(Box::new(error))),
            None => None,
        };
        Ok(Some(Self { root, git_dir, common_dir, origin }))
    }

    /// Whether the index holds this file; one outside of the checkout it does not.
    ///
    /// # Errors
    /// When the index can't be read.
    pub fn tracks(&self, file: &Path) -> Result<bool, RepoError> {
        let failed = || read_error("cannot read the index of the checkout");
        let folder = file.parent().and_then(|folder| folder.canonicalize().ok());
        let inside = folder.as_ref().and_then(|folder| folder.strip_prefix(&self.root).ok());
        let Some(path) = inside.zip(file.file_name()).map(|(folder, name)| folder.join(name)) else { return Ok(false) };
        let repository = gix::open_opts(&self.git_dir, gix::open::Options::isolated());
        let repository = repository.map_err(|error| failed()(Box::new(error)))?;
        let index = repository.index_or_empty().map_err(|error| failed()(Box::new(error)))?;
        let path = gix::path::into_bstr(path).map_err(|error| failed()(Box::new(error)))?;
        Ok(index.entry_by_path(path.as_ref()).is_some())
    }
}

fn absolute(base: &Path, path: &Path) -> PathBuf {
    let joined = base.join(path);
    // A folder that can't be resolved any more is named as it was found.
    joined.canonicalize().unwrap_or(joined)
}

/// The format that this program's libraries don't read, if that is why.
fn foreign(git_dir: &Path) -> Option<String> {
    let common = std::fs::read_to_string(git_dir.join("commondir")).ok();
    let common = common.map_or_else(|| git_dir.to_owned(), |folder| git_dir.join(folder.trim()));
    let config = gix::config::File::from_path_no_includes(common.join("config"), gix::config::Source::Local).ok()?;
    let value = |key: &str| config.string(key).map(|value| value.to_string());
    let format = value("extensions.objectFormat").filter(|format| format != "sha1");
    let storage = value("extensions.refStorage").filter(|storage| storage != "files");
    let format = format.map(|format| format!("its objects are named by {format}, which this program does not read"));
    format.or_else(|| {
        storage.map(|storage| format!("its references are kept as {storage}, which this program does not read"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_outside_any_checkout_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Checkout::find(folder.path()).expect("no failure").is_none());
    }
}

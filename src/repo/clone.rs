//! The clone itself: where it lies, how it is made, what moved.
//!
//! **Guarantees**: made under a temporary name and renamed, so a half-made one is never used; only explicit refspecs into
//! private names; a fetch only for what moved; no fetch after an own push.

use super::lock::RepositoryLock;
use super::read::PendingCache;
use super::transport::{Configuration, GitCalls, Observer, Transport};
use super::{RepoError, read_error};
use crate::model::{CommitId, RefName, TipHints, Tips};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::time::SystemTime;

/// The mainline's private name.
const MAINLINE: &str = "refs/orchestrator/remote/mainline";
/// The ledger's private name.
const LEDGER: &str = "refs/orchestrator/remote/ledger";
/// Where the last known tip is kept of a ledger that the remote has no more.
const LOST_LEDGER: &str = "refs/orchestrator/remote/lost-ledger";

/// Where a clone lies and what it mirrors.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `<data folder>/<host>/<owner>/<name>`.
    pub folder: PathBuf,
    /// The remote's address.
    pub url: String,
    /// Sent to the remote's host only.
    pub token: Option<SecretString>,
    /// Time limit of one network call.
    pub limit: Duration,
    /// Certificates that are trusted besides the machine's.
    pub authorities: Option<PathBuf>,
    /// Whose configuration of git applies.
    pub configuration: Configuration,
}

/// Our own bare clone of one repository.
#[derive(Debug)]
pub struct LocalClone {
    pub(super) folder: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) transport: Transport,
    pub(super) pending: Mutex<PendingCache>,
    /// The mainline's branch name and whether the remote was asked for a ledger, once a process.
    state: Mutex<State>,
    /// When this process kept its last observation, and how long that was.
    pub(super) observed: Mutex<Option<(SystemTime, u64)>>,
    instance: String,
}

#[derive(Debug, Default)]
struct State {
    branch: Option<String>,
    ledger_asked: bool,
}

impl LocalClone {
    /// Opens the clone, making folder and clone where they are missing or broken.
    ///
    /// # Errors
    /// When the folder can't be written, or another process is at work in it while the clone is missing or broken.
    pub fn open(settings: Settings) -> Result<Self, RepoError> {
        let transport = Transport::new(&settings);
        let folder = settings.folder;
        create_private(&folder)?;
        let git_dir = folder.join("clone.git");
        if !usable(&git_dir) {
            make(&folder, &git_dir, &RepositoryLock::take(&folder)?)?;
        }
        let instance = instance(&folder)?;
        let (pending, state) = (Mutex::default(), Mutex::default());
        Ok(Self { folder, git_dir, transport, pending, state, observed: Mutex::default(), instance })
    }

    /// Tells somebody how far a fetch is.
    #[must_use]
    pub fn reporting(mut self, observer: Observer) -> Self {
        self.transport.report(observer);
        self
    }

    /// The random id of this data folder, which owns its attempts.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// How often git was called on the network.
    pub fn git_calls(&self) -> GitCalls {
        self.transport.calls()
    }

    /// Takes the lock, or says who holds it. What a killed git left locked is unlocked.
    ///
    /// # Errors
    /// When another process holds it.
    pub fn lock(&self) -> Result<RepositoryLock, RepoError> {
        let lock = RepositoryLock::take(&self.folder)?;
        super::stale::remove(&self.git_dir, &lock);
        Ok(lock)
    }

    /// Where the clone stands, without asking the remote.
    ///
    /// # Errors
    /// When the clone can't be read.
    pub fn known_tips(&self) -> Result<Option<Tips>, RepoError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let branch = state.branch.clone().unwrap_or_else(|| "main".to_owned());
        let mainline = self.private(MAINLINE)?;
        let ledger = self.private(LEDGER)?;
        let lost_ledger = if ledger.is_none() { self.private(LOST_LEDGER)? } else { None };
        Ok(mainline.map(|mainline| Tips { branch, mainline, ledger, lost_ledger }))
    }

    /// The version of git, such as `2.47.3`.
    ///
    /// # Errors
    /// When it can't be run.
    pub fn git_version(&self) -> Result<String, RepoError> {
        Ok(self.transport.version(&self.git_dir)?)
    }

    /// Asks the remote for the name of its default branch; `None` where it has no commit yet.
    ///
    /// # Errors
    /// When the remote can't be reached.
    pub fn default_branch(&self) -> Result<Option<String>, RepoError> {
        Ok(self.transport.default_branch(&self.git_dir)?)
    }

    /// Fetches what moved and says where everything stands. A hint that says "no ledger" is checked once a process.
    ///
    /// # Errors
    /// When the remote can't be reached or has no such branch.
    pub fn sync(&self, lock: &RepositoryLock, hints: &TipHints) -> Result<Tips, RepoError> {
        if !usable(&self.git_dir) {
            make(&self.folder, &self.git_dir, lock)?;
        }
        let known = (self.private(MAINLINE)?, self.private(LEDGER)?);
        let asked = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.branch = Some(hints.branch.clone());
            state.ledger_asked
        };
        let ledger_known = hints.ledger.is_some() || (asked && known.1.is_none());
        if hints.mainline.is_some() && (hints.mainline, hints.ledger) == known && ledger_known {
            return self.tips(hints);
        }
        let (branch, ledger) = (RefName::branch(&hints.branch), RefName::ledger());
        let remote = self.transport.ls_remote(&self.git_dir, &[branch.clone(), ledger.clone()])?;
        let at = |name: &RefName| remote.iter().find(|(other, _)| other == name).map(|(_, id)| *id);
        let (mainline, ledger_at) = (at(&branch), at(&ledger));
        let mut refspecs = Vec::new();
        if mainline.is_some() && mainline != known.0 {
            refspecs.push(format!("+{branch}:{MAINLINE}"));
        }
        if ledger_at.is_some() && ledger_at != known.1 {
            refspecs.push(format!("+{ledger}:{LEDGER}"));
        }
        if !refspecs.is_empty() {
            self.transport.fetch(&self.git_dir, &refspecs)?;
        }
        match (ledger_at, known.1) {
            (None, Some(known)) => self.lose_ledger(known)?,
            (Some(_), _) => self.forget(LOST_LEDGER)?,
            (None, None) => {}
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).ledger_asked = true;
        self.tips(hints)
    }

    fn tips(&self, hints: &TipHints) -> Result<Tips, RepoError> {
        let mainline = self.private(MAINLINE)?.ok_or_else(|| RepoError::NoBranch(hints.branch.clone()))?;
        let ledger = self.private(LEDGER)?;
        let lost_ledger = if ledger.is_none() { self.private(LOST_LEDGER)? } else { None };
        Ok(Tips { branch: hints.branch.clone(), mainline, ledger, lost_ledger })
    }

    pub(super) fn git2(&self) -> Result<git2::Repository, RepoError> {
        git2::Repository::open_bare(&self.git_dir)
            .map_err(|source| RepoError::Write { what: "cannot open the clone", source })
    }

    pub(super) fn gix(&self) -> Result<gix::Repository, RepoError> {
        gix::open_opts(&self.git_dir, gix::open::Options::isolated())
            .map_err(|error| read_error("cannot open the repository")(Box::new(error)))
    }

    /// The value of a private reference.
    fn private(&self, name: &str) -> Result<Option<CommitId>, RepoError> {
        let repository = self.git2()?;
        match repository.refname_to_id(name) {
            Ok(id) => Ok(Some(super::commit::from_git2(id))),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(source) => Err(RepoError::Write { what: "cannot read a reference", source }),
        }
    }

    /// Records what the remote accepted from us, so that no fetch is needed to see it.
    pub(super) fn advance(&self, name: &RefName, to: CommitId) -> Result<(), RepoError> {
        let private = if *name == RefName::ledger() { LEDGER } else { MAINLINE };
        let repository = self.git2()?;
        let id = super::commit::to_git2(to);
        let result = repository.reference(private, id, true, "pushed").map(|_| ());
        result.map_err(|source| RepoError::Write { what: "cannot advance a reference", source })
    }

    /// Deletes a private reference, if there is one.
    fn forget(&self, name: &str) -> Result<(), RepoError> {
        let repository = self.git2()?;
        match repository.find_reference(name).and_then(|mut reference| reference.delete()) {
            Ok(()) => Ok(()),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(()),
            Err(source) => Err(RepoError::Write { what: "cannot delete a reference", source }),
        }
    }

    /// The remote has a ledger: nothing is lost.
    pub(super) fn found_ledger(&self) -> Result<(), RepoError> {
        self.forget(LOST_LEDGER)
    }

    /// The remote has no ledger any more: what was known of it is kept, so that it can be put back.
    fn lose_ledger(&self, known: CommitId) -> Result<(), RepoError> {
        let repository = self.git2()?;
        let kept = repository.reference(LOST_LEDGER, super::commit::to_git2(known), true, "the remote lost it");
        kept.map_err(|source| RepoError::Write { what: "cannot keep the lost ledger", source })?;
        self.forget(LEDGER)
    }

    /// Fetches one reference after a refused push and says where it stands.
    pub(super) fn refetch(&self, name: &RefName) -> Result<Option<CommitId>, RepoError> {
        let remote = self.transport.ls_remote(&self.git_dir, std::slice::from_ref(name))?;
        let private = if *name == RefName::ledger() { LEDGER } else { MAINLINE };
        match remote.into_iter().find(|(other, _)| other == name) {
            None => Ok(None),
            Some(_) => {
                self.transport.fetch(&self.git_dir, &[format!("+{name}:{private}")])?;
                self.private(private)
            }
        }
    }

    /// Where a reference of ours stands in the clone.
    pub(super) fn standing(&self, name: &RefName) -> Result<Option<CommitId>, RepoError> {
        self.private(if *name == RefName::ledger() { LEDGER } else { MAINLINE })
    }
}

pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> RepoError {
    let path = path.display().to_string();
    move |source| RepoError::Io { what, path, source }
}

/// A folder only its owner may enter.
fn create_private(folder: &Path) -> Result<(), RepoError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io("cannot make the folder", folder))
}

/// A fresh bare clone under a temporary name, renamed into place; what lay there was broken and holds nothing unique.
fn make(folder: &Path, git_dir: &Path, _lock: &RepositoryLock) -> Result<(), RepoError> {
    if usable(git_dir) {
        // Another process has made it since.
        return Ok(());
    }
    let fresh = tempfile::Builder::new()
        .prefix("clone.tmp-")
        .tempdir_in(folder)
        .map_err(io("cannot make a folder in", folder))?;
    let init = git2::Repository::init_bare(fresh.path());
    init.map_err(|source| RepoError::Write { what: "cannot write the first files", source })?;
    if git_dir.exists() {
        std::fs::remove_dir_all(git_dir).map_err(io("cannot remove the broken clone", git_dir))?;
    }
    std::fs::rename(fresh.keep(), git_dir).map_err(io("cannot rename the new clone to", git_dir))
}

/// Whether git takes it for a repository and everything that our references name is there; a clone whose disk lost some
/// of it is not worth repairing.
fn usable(git_dir: &Path) -> bool {
    let Ok(repository) = git2::Repository::open_bare(git_dir) else { return false };
    let named = |name| match repository.refname_to_id(name) {
        Ok(id) => repository.find_commit(id).and_then(|commit| commit.tree()).is_ok(),
        Err(error) => error.code() == git2::ErrorCode::NotFound,
    };
    repository.find_reference("HEAD").is_ok() && [MAINLINE, LEDGER, LOST_LEDGER].into_iter().all(named)
}

/// The random id in the file `instance`, made once; of two processes that begin at once one makes it.
fn instance(folder: &Path) -> Result<String, RepoError> {
    let path = folder.join("instance");
    let known = || std::fs::read_to_string(&path).ok().filter(|id| uuid::Uuid::parse_str(id.trim()).is_ok());
    if let Some(id) = known() {
        return Ok(id.trim().to_owned());
    }
    let id = uuid::Uuid::new_v4().to_string();
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("cannot write in", folder))?;
    std::io::Write::write_all(&mut file, id.as_bytes()).map_err(io("cannot write", file.path()))?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(id),
        Err(error) => match known() {
            Some(id) => Ok(id.trim().to_owned()),
            // What lies there is no id: it was cut off by a full disk, or is somebody's.
            None => error.file.persist(&path).map(|_| id).map_err(|error| io("cannot write", &path)(error.error)),
        },
    }
}

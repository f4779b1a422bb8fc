//! The ledger: bindings and attempt on `refs/orchestrator/ledger`, changed by compare-and-set.
//!
//! **Guarantees**: a key is bound once, an end is written once; a change's condition is asked on the very tip it is
//! built on. Its history is the log of operations.
//! **Races**: two instances bind one key: one push wins, the other finds the key bound and is not done.

use super::commit::{Edit, build, from_git2, to_git2, tree};
use super::lock::RepositoryLock;
use super::publish::Built;
use super::record::{read_attempt, read_binding, write_attempt, write_binding};
use super::{LocalClone, RepoError};
use crate::model::{Applied, CommitId, KeyKind, Ledger, LedgerChange, LedgerMessage, Performed, RefName, Signature};
use git2::{FileMode, ObjectType, Repository, Tree};
use std::fmt::Write as _;

const FORMAT: &str = "1";
const ATTEMPT: &str = "attempt.json";

impl LocalClone {
    /// The ledger at one of its commits.
    ///
    /// # Errors
    /// When it has a newer format or a record can't be read.
    pub fn ledger(&self, tip: CommitId) -> Result<Ledger, RepoError> {
        let repository = self.git2()?;
        read(&repository, tip)
    }

    /// Puts back the ledger that the remote has no more.
    pub fn restore_ledger(&self, lock: &RepositoryLock, tip: CommitId) -> Performed<CommitId> {
        let restored = self.put_back(lock, &RefName::ledger(), tip);
        if matches!(restored, Performed::Done { .. }) {
            // What stays behind is taken away by the next look that sees the ledger.
            let _ = self.found_ledger();
        }
        restored
    }

    /// Changes the ledger; the new tip.
    pub fn change_ledger(
        &self,
        lock: &RepositoryLock,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Performed<CommitId> {
        let build = |tip| self.build_change(tip, change, message, signature);
        self.publish(lock, &RefName::ledger(), build).map(|published| published.commit)
    }

    /// Builds the commit of a change on a tip.
    pub(super) fn build_change(
        &self,
        tip: Option<CommitId>,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Result<Built, RepoError> {
        let repository = self.git2()?;
        let ledger = tip.map(|tip| read(&repository, tip)).transpose()?;
        let applied = match &ledger {
            Some(ledger) => ledger.apply(change, signature.at),
            None => Ledger::begin(change),
        };
        match applied {
            Applied::New(new) => {
                let edits = difference(&repository, ledger.as_ref(), &new)?;
                Ok(Built::Commit(build(&repository, tip, &edits, &text(message), signature)?))
            }
            Applied::Already => Ok(tip.map_or_else(|| Built::Moved("there is no ledger".to_owned()), Built::Already)),
            Applied::Moved(why) => Ok(Built::Moved(why)),
        }
    }
}

/// The whole text of a message.
fn text(message: &LedgerMessage) -> String {
    let mut text = format!("{}\n\n", message.subject);
    for (name, value) in &message.trailers {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    text
}

fn blob(repository: &Repository, path: String, bytes: &[u8]) -> Result<Edit, RepoError> {
    let id = repository.blob(bytes).map_err(|source| RepoError::Write { what: "cannot write a record", source })?;
    Ok(Edit::Put { path, blob: id, mode: FileMode::Blob })
}

/// The records that differ; a ledger that was not there begins with its format. Bindings are never taken out.
fn difference(repository: &Repository, old: Option<&Ledger>, new: &Ledger) -> Result<Vec<Edit>, RepoError> {
    let mut edits = Vec::new();
    if old.is_none() {
        edits.push(blob(repository, "format".to_owned(), format!("{FORMAT}\n").as_bytes())?);
    }
    for (key, binding) in &new.bindings {
        if old.and_then(|old| old.bindings.get(key)) != Some(binding) {
            edits.push(blob(repository, key.path(), &write_binding(binding))?);
        }
    }
    let attempt = old.and_then(|old| old.attempt.as_ref());
    match &new.attempt {
        same if same.as_ref() == attempt => {}
        Some(attempt) => edits.push(blob(repository, ATTEMPT.to_owned(), &write_attempt(attempt))?),
        None => edits.push(Edit::Remove { path: ATTEMPT.to_owned() }),
    }
    Ok(edits)
}

fn read(repository: &Repository, tip: CommitId) -> Result<Ledger, RepoError> {
    let root = tree(repository, tip)?;
    let format = file(repository, &root, "format")?.unwrap_or_default();
    let format = String::from_utf8_lossy(&format).trim().to_owned();
    if format != FORMAT {
        return Err(RepoError::LedgerFormat(format.chars().take(40).collect()));
    }
    let mut ledger = Ledger::default();
    let bad = |path: String| move |problem| RepoError::LedgerRecord { path, problem };
    if let Some(bytes) = file(repository, &root, ATTEMPT)? {
        ledger.attempt = Some(read_attempt(&bytes).map_err(bad(ATTEMPT.to_owned()))?);
    }
    for kind in KeyKind::ALL {
        let folder = format!("bind/{}", kind.folder());
        let Some(entries) = subtree(repository, &root, &folder)? else { continue };
        for entry in entries.iter().filter(|entry| entry.kind() == Some(ObjectType::Blob)) {
            let path = format!("{folder}/{}", String::from_utf8_lossy(entry.name_bytes()));
            let content = repository.find_blob(entry.id());
            let content = content.map_err(|source| RepoError::Write { what: "cannot read a record", source })?;
            let binding = read_binding(content.content()).map_err(bad(path.clone()))?;
            if binding.key.path() != path {
                return Err(bad(path)(format!("it speaks of {}", binding.key)));
            }
            ledger.bindings.insert(binding.key.clone(), binding);
        }
    }
    Ok(ledger)
}

fn file(repository: &Repository, root: &Tree<'_>, name: &str) -> Result<Option<Vec<u8>>, RepoError> {
    let Some(entry) = root.get_name(name) else { return Ok(None) };
    let blob = repository.find_blob(entry.id());
    let blob = blob.map_err(|source| RepoError::Write { what: "cannot read a record", source })?;
    Ok(Some(blob.content().to_vec()))
}

fn subtree<'r>(repository: &'r Repository, root: &Tree<'_>, path: &str) -> Result<Option<Tree<'r>>, RepoError> {
    match root.get_path(std::path::Path::new(path)) {
        Ok(entry) => {
            let found = repository.find_tree(to_git2(from_git2(entry.id())));
            found.map(Some).map_err(|source| RepoError::Write { what: "cannot read the ledger", source })
        }
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(source) => Err(RepoError::Write { what: "cannot read the ledger", source }),
    }
}

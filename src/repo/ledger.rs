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
use crate::model::{
    Attempt, Binding, CommitId, KeyKind, Ledger, LedgerChange, LedgerMessage, Performed, RefName, SettleFields,
    Signature,
};
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

    /// Changes the ledger; the new tip.
    pub fn change_ledger(
        &self,
        lock: &RepositoryLock,
        change: &LedgerChange,
        message: &LedgerMessage,
        signature: &Signature,
    ) -> Performed<CommitId> {
        let mut text = format!("{}\n\n", message.subject);
        for (name, value) in &message.trailers {
            // Writing to a String can't fail.
            let _ = writeln!(text, "{name}: {value}");
        }
        self.publish(lock, &RefName::ledger(), |tip| {
            let repository = self.git2()?;
            let ledger = tip.map(|tip| read(&repository, tip)).transpose()?;
            match edits(&repository, ledger.as_ref(), change, signature)? {
                Planned::Edits(edits) => Ok(Built::Commit(build(&repository, tip, &edits, &text, signature)?)),
                Planned::Already => {
                    Ok(tip.map_or_else(|| Built::Moved("there is no ledger".to_owned()), Built::Already))
                }
                Planned::Moved(why) => Ok(Built::Moved(why)),
            }
        })
    }
}

/// What a change means on one tip.
enum Planned {
    Edits(Vec<Edit>),
    Already,
    Moved(String),
}

fn blob(repository: &Repository, path: String, bytes: &[u8]) -> Result<Edit, RepoError> {
    let id = repository.blob(bytes).map_err(|source| RepoError::Write { what: "cannot write a record", source })?;
    Ok(Edit::Put { path, blob: id, mode: FileMode::Blob })
}

fn edits(
    repository: &Repository,
    ledger: Option<&Ledger>,
    change: &LedgerChange,
    signature: &Signature,
) -> Result<Planned, RepoError> {
    let Some(ledger) = ledger else {
        return match change {
            LedgerChange::Begin => {
                Ok(Planned::Edits(vec![blob(repository, "format".to_owned(), format!("{FORMAT}\n").as_bytes())?]))
            }
            LedgerChange::Attempt(_)
            | LedgerChange::Bind { .. }
            | LedgerChange::Note { .. }
            | LedgerChange::Settle(_) => Ok(Planned::Moved("there is no ledger".to_owned())),
        };
    };
    match change {
        LedgerChange::Begin => Ok(Planned::Already),
        LedgerChange::Attempt(attempt) => attempt_edits(repository, ledger, attempt),
        LedgerChange::Note { .. } => Ok(Planned::Already),
        LedgerChange::Bind { binding, settles, .. } => {
            bind_edits(repository, ledger, binding, settles.as_ref(), signature)
        }
        LedgerChange::Settle(fields) => match settled(ledger, fields, signature) {
            Settled::New(binding) => Ok(Planned::Edits(vec![record(repository, &binding)?])),
            Settled::Already => Ok(Planned::Already),
            Settled::Moved(why) => Ok(Planned::Moved(why)),
        },
    }
}

fn record(repository: &Repository, binding: &Binding) -> Result<Edit, RepoError> {
    blob(repository, binding.key.path(), &write_binding(binding))
}

fn attempt_edits(repository: &Repository, ledger: &Ledger, attempt: &Attempt) -> Result<Planned, RepoError> {
    if let Some(binding) = ledger.bindings.get(&attempt.key) {
        return Ok(Planned::Moved(format!("{} is already bound to {}", attempt.key, binding.issue)));
    }
    let foreign =
        ledger.attempt.as_ref().filter(|other| other.owner != attempt.owner && attempt.started < other.expires);
    if let Some(other) = foreign {
        return Ok(Planned::Moved(format!("another instance is at work on {}", other.key)));
    }
    Ok(Planned::Edits(vec![blob(repository, ATTEMPT.to_owned(), &write_attempt(attempt))?]))
}

fn bind_edits(
    repository: &Repository,
    ledger: &Ledger,
    binding: &Binding,
    settles: Option<&SettleFields>,
    signature: &Signature,
) -> Result<Planned, RepoError> {
    match ledger.bindings.get(&binding.key) {
        Some(known) if known.issue == binding.issue => return Ok(Planned::Already),
        Some(known) => return Ok(Planned::Moved(format!("{} is already bound to {}", binding.key, known.issue))),
        None => {}
    }
    let mut edits = vec![record(repository, binding)?];
    if ledger.attempt.as_ref().is_some_and(|attempt| attempt.key == binding.key) {
        edits.push(Edit::Remove { path: ATTEMPT.to_owned() });
    }
    match settles.map(|fields| settled(ledger, fields, signature)) {
        None | Some(Settled::Already) => {}
        Some(Settled::New(other)) => edits.push(record(repository, &other)?),
        Some(Settled::Moved(why)) => return Ok(Planned::Moved(why)),
    }
    Ok(Planned::Edits(edits))
}

/// A binding with its end.
enum Settled {
    New(Box<Binding>),
    Already,
    Moved(String),
}

fn settled(ledger: &Ledger, fields: &SettleFields, signature: &Signature) -> Settled {
    let Some(binding) = ledger.bindings.get(&fields.key) else {
        return Settled::Moved(format!("{} is not bound", fields.key));
    };
    match &binding.outcome {
        Some(outcome) if *outcome == fields.outcome => Settled::Already,
        Some(outcome) => Settled::Moved(format!("{} is already settled as {outcome}", fields.key)),
        None => Settled::New(Box::new(Binding {
            pull: fields.pull.or(binding.pull),
            merge: fields.merge.or(binding.merge),
            outcome: Some(fields.outcome.clone()),
            settled: Some(signature.at),
            ..binding.clone()
        })),
    }
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

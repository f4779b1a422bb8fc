//! The ledger's records as they lie in its tree: one line of JSON with sorted keys.
//!
//! **Guarantees**: `read(write(x)) == x`; the same record is the same blob; a record of a newer version is refused.

use crate::model::{
    Attempt, Binding, CommitId, IssueNumber, ItemName, ItemOutcome, Key, KeyKind, NodeId, ObjectId, PullNumber,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of a record.
const VERSION: u32 = 1;

/// A binding. Fields stand in the order of their names, which serde keeps.
#[derive(Serialize, Deserialize)]
struct BindingRecord {
    author: u64,
    blob: Option<ObjectId>,
    bound: Timestamp,
    by: u64,
    issue: u64,
    key: String,
    kind: KeyKind,
    merge: Option<CommitId>,
    node: String,
    outcome: Option<String>,
    pull: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redispatch: Option<Timestamp>,
    settled: Option<Timestamp>,
    #[serde(default)]
    tip: Option<CommitId>,
    v: u32,
}

#[derive(Serialize, Deserialize)]
struct AttemptRecord {
    #[serde(default)]
    by: u64,
    expires: Timestamp,
    key: String,
    kind: KeyKind,
    number: Option<u64>,
    owner: String,
    started: Timestamp,
    v: u32,
}

fn parse_outcome(text: &str) -> Result<ItemOutcome, String> {
    Ok(match text {
        "merged" => ItemOutcome::Merged,
        "dropped" => ItemOutcome::Dropped,
        "closed" => ItemOutcome::Closed,
        "unchanged" => ItemOutcome::Unchanged,
        "reached" => ItemOutcome::Reached,
        "declined" => ItemOutcome::Declined,
        other => {
            let name = other.strip_prefix("file ").and_then(ItemName::new);
            ItemOutcome::File(name.ok_or_else(|| format!("`{other}` is no outcome"))?)
        }
    })
}

fn line(record: &impl Serialize) -> Vec<u8> {
    // Records hold no map with keys that aren't strings and no float, so they always serialise.
    let mut bytes = serde_json::to_vec(record).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn version(v: u32) -> Result<(), String> {
    if v == VERSION { Ok(()) } else { Err(format!("version {v} is newer than this program")) }
}

/// One binding as bytes.
pub(super) fn write_binding(binding: &Binding) -> Vec<u8> {
    line(&BindingRecord {
        author: binding.author,
        blob: binding.blob,
        bound: binding.bound,
        by: binding.by,
        issue: binding.issue.0,
        key: binding.key.name(),
        kind: binding.key.kind(),
        merge: binding.merge,
        node: binding.node.0.clone(),
        outcome: binding.outcome.as_ref().map(ToString::to_string),
        pull: binding.pull.map(|pull| pull.0),
        redispatch: binding.redispatch,
        settled: binding.settled,
        tip: binding.tip,
        v: VERSION,
    })
}

/// The reverse of [`write_binding`].
pub(super) fn read_binding(bytes: &[u8]) -> Result<Binding, String> {
    let record: BindingRecord = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    version(record.v)?;
    Ok(Binding {
        key: Key::parse(record.kind, &record.key).map_err(|error| error.to_string())?,
        issue: IssueNumber(record.issue),
        node: NodeId(record.node),
        author: record.author,
        by: record.by,
        blob: record.blob,
        bound: record.bound,
        pull: record.pull.map(PullNumber),
        merge: record.merge,
        outcome: record.outcome.as_deref().map(parse_outcome).transpose()?,
        settled: record.settled,
        redispatch: record.redispatch,
        tip: record.tip,
    })
}

/// An attempt as bytes.
pub(super) fn write_attempt(attempt: &Attempt) -> Vec<u8> {
    line(&AttemptRecord {
        by: attempt.by,
        expires: attempt.expires,
        key: attempt.key.name(),
        kind: attempt.key.kind(),
        number: attempt.number.map(|number| number.0),
        owner: attempt.owner.clone(),
        started: attempt.started,
        v: VERSION,
    })
}

/// The reverse of [`write_attempt`].
pub(super) fn read_attempt(bytes: &[u8]) -> Result<Attempt, String> {
    let record: AttemptRecord = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    version(record.v)?;
    Ok(Attempt {
        owner: record.owner,
        by: record.by,
        key: Key::parse(record.kind, &record.key).map_err(|error| error.to_string())?,
        number: record.number.map(IssueNumber),
        started: record.started,
        expires: record.expires,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_binding_reads_back(name in "[^/\0]{1,40}", issue in any::<u64>(), pull in any::<Option<u64>>(), outcome in 0usize..7) {
            let Some(item) = ItemName::new(name) else { return Ok(()) };
            let outcomes = [
                None, Some(ItemOutcome::Merged), Some(ItemOutcome::Dropped), Some(ItemOutcome::Closed),
                Some(ItemOutcome::Unchanged), Some(ItemOutcome::File(item.clone())), Some(ItemOutcome::Reached),
            ];
            let binding = Binding {
                key: Key::Item(item), issue: IssueNumber(issue), node: NodeId("I_x".to_owned()), author: 1, by: 2,
                blob: None, bound: Timestamp::UNIX_EPOCH, pull: pull.map(PullNumber), merge: None,
                outcome: outcomes[outcome].clone(), settled: None, tip: None, redispatch: issue.is_multiple_of(2).then_some(Timestamp::UNIX_EPOCH),
            };
            let bytes = write_binding(&binding);
            prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
            prop_assert_eq!(read_binding(&bytes), Ok(binding));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = (read_binding(&bytes), read_attempt(&bytes));
        }
    }
}

//! The ledger and what a change makes of it.
//!
//! **Guarantees**: a key is bound once, to an issue that no other key is bound to, and an end is written once; a change
//! that is true already changes nothing.
//! **Races**: a change is conditional on the ledger that it is applied to; who publishes it does so by compare-and-set
//! on that ledger's commit.

use super::action::SettleFields;
use super::binding::{Attempt, Binding, Key};
use super::id::{BlobId, IssueNumber};
use super::request::LedgerChange;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many of the newest settled bindings a look still sees: a closing or a branch deletion owed shows there.
pub const NEWEST_SETTLED: usize = 10;

/// The ledger at one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Every binding by its key; a list in JSON, whose keys are texts.
    #[serde(with = "by_key")]
    pub bindings: BTreeMap<Key, Binding>,
    /// The attempt under way.
    pub attempt: Option<Attempt>,
}

impl Ledger {
    /// The unsettled bindings, in the order of their keys.
    pub fn unsettled(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.values().filter(|binding| !binding.is_settled())
    }

    /// Accounts that wrote records: their issues are ours.
    pub fn writers(&self) -> BTreeSet<u64> {
        let bindings = self.bindings.values().map(|binding| binding.by);
        bindings.chain(self.attempt.iter().map(|attempt| attempt.by)).filter(|id| *id != 0).collect()
    }

    /// The settled bindings, newest first.
    pub fn newest_settled(&self) -> Vec<&Binding> {
        let mut settled: Vec<&Binding> = self.bindings.values().filter(|binding| binding.is_settled()).collect();
        settled.sort_by_key(|binding| std::cmp::Reverse((binding.settled, binding.issue)));
        settled
    }

    /// What a change makes of this ledger. The time is when an end is written.
    pub fn apply(&self, change: &LedgerChange, at: Timestamp) -> Applied {
        match change {
            LedgerChange::Begin => Applied::Already,
            LedgerChange::Attempt(attempt) => self.attempted(attempt),
            LedgerChange::Withdraw { owner, key } => self.withdrawn(owner, key),
            LedgerChange::Bind { owner, binding, settles } => self.bound(owner, binding, settles.as_ref(), at),
            LedgerChange::Note { owner, key, number } => self.noted(owner, key, *number),
            LedgerChange::Restate { key, blob } => self.restated(key, *blob),
            LedgerChange::Redispatch { key, since } => self.redispatched(key, *since),
            LedgerChange::Settle(fields) => self.settled(fields, at),
        }
    }

    /// What a change makes where there is no ledger: only a beginning.
    pub fn begin(change: &LedgerChange) -> Applied {
        match change {
            LedgerChange::Begin => Applied::New(Box::default()),
            LedgerChange::Attempt(_)
            | LedgerChange::Withdraw { .. }
            | LedgerChange::Bind { .. }
            | LedgerChange::Note { .. }
            | LedgerChange::Restate { .. }
            | LedgerChange::Redispatch { .. }
            | LedgerChange::Settle(_) => Applied::Moved("there is no ledger".to_owned()),
        }
    }

    fn attempted(&self, attempt: &Attempt) -> Applied {
        if let Some(binding) = self.bindings.get(&attempt.key) {
            return Applied::Moved(format!("{} is already bound to {}", attempt.key, binding.issue));
        }
        let foreign =
            self.attempt.as_ref().filter(|other| other.owner != attempt.owner && other.holds(attempt.started));
        if let Some(other) = foreign {
            return Applied::Moved(format!("another instance is at work on {}", other.key));
        }
        Applied::New(Box::new(Self { attempt: Some(attempt.clone()), ..self.clone() }))
    }

    /// An attempt that made an issue keeps its number.
    fn withdrawn(&self, owner: &str, key: &Key) -> Applied {
        let ours = |attempt: &Attempt| attempt.owner == owner && attempt.key == *key && attempt.number.is_none();
        match &self.attempt {
            Some(attempt) if ours(attempt) => Applied::New(Box::new(Self { attempt: None, ..self.clone() })),
            Some(_) | None => Applied::Already,
        }
    }

    fn bound(&self, owner: &str, binding: &Binding, settles: Option<&SettleFields>, at: Timestamp) -> Applied {
        match self.bindings.get(&binding.key) {
            Some(known) if known.issue == binding.issue => return Applied::Already,
            Some(known) => return Applied::Moved(format!("{} is already bound to {}", binding.key, known.issue)),
            None => {}
        }
        if let Some(other) = self.bindings.values().find(|other| other.issue == binding.issue) {
            return Applied::Moved(format!("{} is already bound to {}", binding.issue, other.key));
        }
        // Keeps things quiet, no more: what makes the key safe is that it is unbound.
        let foreign = self.attempt.as_ref().filter(|other| other.owner != owner && other.holds(binding.bound));
        if let Some(other) = foreign {
            return Applied::Moved(format!("another instance is at work on {}", other.key));
        }
        let mut ledger = self.clone();
        ledger.bindings.insert(binding.key.clone(), binding.clone());
        ledger.attempt = ledger.attempt.filter(|attempt| attempt.key != binding.key);
        match settles.map(|fields| ledger.settled(fields, at)) {
            None | Some(Applied::Already) => Applied::New(Box::new(ledger)),
            Some(other @ (Applied::New(_) | Applied::Moved(_))) => other,
        }
    }

    /// A second record would look like a second sending, so one that is there already is no success.
    fn redispatched(&self, key: &Key, since: Timestamp) -> Applied {
        let mut ledger = self.clone();
        match ledger.bindings.get_mut(key).filter(|binding| !binding.is_settled()) {
            None => Applied::Moved(format!("{key} is not in work")),
            Some(binding) if binding.redispatch.is_some() => {
                Applied::Moved(format!("the agent was sent to {key} once more already"))
            }
            Some(binding) => {
                binding.redispatch = Some(since);
                Applied::New(Box::new(ledger))
            }
        }
    }

    fn restated(&self, key: &Key, blob: BlobId) -> Applied {
        let mut ledger = self.clone();
        match ledger.bindings.get_mut(key).filter(|binding| !binding.is_settled()) {
            None => Applied::Moved(format!("{key} is not in work")),
            Some(binding) if binding.blob == Some(blob) => Applied::Already,
            Some(binding) => {
                binding.blob = Some(blob);
                Applied::New(Box::new(ledger))
            }
        }
    }

    fn noted(&self, owner: &str, key: &Key, number: IssueNumber) -> Applied {
        let ours = self.attempt.as_ref().filter(|attempt| attempt.owner == owner && attempt.key == *key);
        match ours {
            None => Applied::Moved(format!("no attempt of ours for {key} stands")),
            Some(attempt) if attempt.number == Some(number) => Applied::Already,
            Some(attempt) => {
                let attempt = Some(Attempt { number: Some(number), ..attempt.clone() });
                Applied::New(Box::new(Self { attempt, ..self.clone() }))
            }
        }
    }

    fn settled(&self, fields: &SettleFields, at: Timestamp) -> Applied {
        let mut ledger = self.clone();
        let Some(binding) = ledger.bindings.get_mut(&fields.key) else {
            return Applied::Moved(format!("{} is not bound", fields.key));
        };
        match &binding.outcome {
            Some(outcome) if *outcome == fields.outcome => return Applied::Already,
            Some(outcome) => return Applied::Moved(format!("{} is already settled as {outcome}", fields.key)),
            None => {}
        }
        binding.pull = fields.pull.or(binding.pull);
        binding.merge = fields.merge.or(binding.merge);
        binding.outcome = Some(fields.outcome.clone());
        binding.settled = Some(at);
        Applied::New(Box::new(ledger))
    }
}

/// What came of applying a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The ledger as it is then.
    New(Box<Ledger>),
    /// It is so already.
    Already,
    /// The change's condition does not hold, in words.
    Moved(String),
}

/// A map of bindings as the list of its values.
mod by_key {
    use super::{Binding, Key};
    use serde::{Deserialize, Deserializer, Serializer};
    use std::collections::BTreeMap;

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<Key, Binding>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(map.values())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<Key, Binding>, D::Error> {
        let list = Vec::<Binding>::deserialize(from)?;
        Ok(list.into_iter().map(|binding| (binding.key.clone(), binding)).collect())
    }
}

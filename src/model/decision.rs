//! What `decide` says: stage, focus, reason with evidence, and the one thing to do next.
//!
//! **Guarantees**: what a person is shown as the reason is the reason that was used: front ends print this value and
//! nothing else. Equal snapshots give equal decisions, with the same [`Decision::hash`].

use super::action::Action;
use super::binding::Key;
use super::id::{IssueNumber, PullNumber};
use super::snapshot::Need;
use super::stage::Stage;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// A fact the reason rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was looked at.
    pub fact: String,
    /// What it said.
    pub value: String,
}

/// Who must act next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// This engine.
    Engine,
    /// The coding agent.
    Agent,
    /// GitHub.
    Forge,
    /// A person.
    Person,
}

/// What the loop is about now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Focus {
    /// Of what.
    pub key: Key,
    /// What to call it.
    pub title: String,
    /// Its issue, once bound.
    pub issue: Option<IssueNumber>,
    /// Its pull request, once there is one.
    pub pull: Option<PullNumber>,
}

/// A guardrail's no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Veto {
    /// The guardrail's name.
    pub guardrail: String,
    /// Why.
    pub why: String,
    /// What would lift it.
    pub lifts: String,
}

/// Something that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// For what.
    pub why: String,
    /// Who must act.
    pub actor: Actor,
    /// When to look again at the latest, where known.
    pub until: Option<Timestamp>,
}

/// What is owed to one key and why it is (not) done now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// Where it stands.
    pub stage: Stage,
    /// Whose.
    pub focus: Option<Focus>,
    /// Why.
    pub reason: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What comes of it.
    pub outcome: Outcome,
}

/// The one thing to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Facts are missing.
    Look {
        /// Which.
        needs: Vec<Need>,
    },
    /// Do this.
    Act {
        /// What.
        action: Action,
    },
    /// Nothing can be done now.
    Wait {
        /// For what.
        waiting: Waiting,
    },
    /// Guardrails say no.
    Blocked {
        /// Each of them.
        vetoes: Vec<Veto>,
    },
    /// The goal is reached, or a person declined; nothing is asked again until goal or capabilities change.
    Rest {
        /// Which answer says so.
        why: String,
    },
    /// A person is needed.
    Stalled {
        /// Why.
        why: String,
        /// What lifts it.
        lifts: String,
    },
}

/// What `decide` says about a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Where the loop stands.
    pub stage: Stage,
    /// What it is about.
    pub focus: Option<Focus>,
    /// Why, in one sentence.
    pub reason: String,
    /// What the reason rests on.
    pub evidence: Vec<Evidence>,
    /// The other obligations, in their order.
    pub also: Vec<Obligation>,
    /// What to do.
    pub outcome: Outcome,
}

impl Decision {
    /// A stable hash of everything that was decided: the first sixteen digits of SHA-256 over its JSON.
    pub fn hash(&self) -> String {
        // A Decision holds no map with keys that aren't strings and no float, so it always serialises; were that ever
        // broken, the empty text would still give one stable hash.
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut text = String::with_capacity(16);
        for byte in Sha256::digest(&json).iter().take(8) {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

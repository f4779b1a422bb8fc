//! Everything one decision is made from.
//!
//! **Guarantees**: a decision reads nothing else. Facts that were fetched on request ([`Needs`]) are keyed by commit,
//! blob, number or key, so one that is stale can't be used.

use super::binding::Key;
use super::discussion::Discussion;
use super::forge_facts::{AgentEvent, AgentPulls, CheckReport, ForgeFacts, ListedIssue, OwnComment};
use super::id::{BlobId, CommitId, IssueNumber, PullNumber, RepositoryName};
use super::ledger::Ledger;
use super::pacing::{Bypass, Refusal, RefusalKind, SeenHead, Sent};
use super::policy::PolicyState;
use super::queue::{Folder, ItemName, Planning, Quarantine};
use super::spending::LimitsMet;
use super::trailer::Trailers;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where mainline and ledger stand in the clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tips {
    /// The mainline's branch name.
    pub branch: String,
    /// Its tip.
    pub mainline: CommitId,
    /// The ledger's tip; `None` where the remote has no ledger.
    pub ledger: Option<CommitId>,
    /// The last tip this clone knew of a ledger that the remote has no more.
    #[serde(default)]
    pub lost_ledger: Option<CommitId>,
}

/// How a path differs between a pull request and its merge base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// New.
    Added,
    /// Other content or mode.
    Modified,
    /// Gone.
    Deleted,
    /// A link or a submodule lies there now, whatever was there before.
    Special,
}

/// One changed path; a rename is a deletion and an addition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedPath {
    /// As it stands in the tree, lossily decoded where it is no UTF-8.
    pub path: String,
    /// How.
    pub change: ChangeKind,
}

/// What a pull request's head changes, read from the clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadDiff {
    /// Changed paths against the merge base with the mainline, sorted.
    pub changes: Vec<ChangedPath>,
    /// Whether the head's tree holds a workflow file.
    pub has_workflows: bool,
    /// The files it adds to `pending/`: valid, or the reason why not.
    pub added_items: Vec<(ItemName, Option<Quarantine>)>,
    /// Why the changes can't be judged, where they can't: too many, no common history, a head that moved meanwhile.
    #[serde(default)]
    pub unreadable: Option<String>,
}

/// What one mainline commit says of a queue item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// Which commit.
    pub commit: CommitId,
    /// What it says.
    pub trailers: Trailers,
}

/// A fact that `decide` lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// The diff of a pull request's head against a mainline tip.
    HeadDiff {
        /// Whose.
        pull: PullNumber,
        /// At which commit.
        head: CommitId,
    },
    /// The text of a queue file below its front-matter.
    ItemBody {
        /// Its blob.
        blob: BlobId,
    },
    /// Our issues, open and closed, before one is created.
    OwnIssues {
        /// For what.
        key: Key,
    },
    /// One issue as it is now.
    Issue {
        /// Which.
        number: IssueNumber,
    },
    /// Every issue, open or closed, that looks like ours: by our labels, our account, a marker or our fixed title.
    Traces,
    /// In which queue folders a file lay since it was bound.
    Whereabouts {
        /// Which file.
        name: ItemName,
        /// Since when.
        since: Timestamp,
        /// Where the mainline stood then, where that is known; clocks decide only without it.
        from: Option<CommitId>,
    },
    /// The agent's newest pull requests, open or not.
    AgentPulls,
    /// The agent's lifecycle events.
    AgentEvents {
        /// On which pull request.
        pull: PullNumber,
    },
    /// The checks of a pull request's head, which of them are required, and runs that wait for approval.
    Checks {
        /// Whose.
        pull: PullNumber,
        /// At which commit.
        head: CommitId,
        /// Whether each check is wanted, too: there are some, and that costs a point.
        named: bool,
    },
    /// Our own comments on a pull request.
    OwnComments {
        /// Which.
        pull: PullNumber,
    },
    /// The description of a pull request.
    Description {
        /// Which.
        pull: PullNumber,
    },
    /// Whether an account may write to the repository.
    Permission {
        /// Its numeric id.
        id: u64,
        /// Its login, by which it is asked.
        login: String,
    },
    /// The words of a pull request.
    Discussion {
        /// Which.
        pull: PullNumber,
    },
}

/// Facts that were fetched on request, in this cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// By head commit.
    pub diffs: BTreeMap<CommitId, HeadDiff>,
    /// By blob.
    pub bodies: BTreeMap<BlobId, String>,
    /// By key: every issue of ours that carries its marker.
    pub own_issues: BTreeMap<String, Vec<ListedIssue>>,
    /// By number; `None` for one that is gone.
    #[serde(default)]
    pub issues: BTreeMap<IssueNumber, Option<ListedIssue>>,
    /// Every issue that looks like ours.
    #[serde(default)]
    pub traces: Option<Vec<ListedIssue>>,
    /// By file name: the folders in which it lay since its binding was written.
    #[serde(default)]
    pub whereabouts: BTreeMap<ItemName, BTreeSet<Folder>>,
    /// By numeric id: whether the account may write to the repository.
    #[serde(default)]
    pub permissions: BTreeMap<u64, bool>,
    /// What the mainline's commits say of queue items, newest first.
    #[serde(default)]
    pub trail: Option<Vec<Trail>>,
    /// By commit: whether the mainline holds it.
    #[serde(default)]
    pub reachable: BTreeMap<CommitId, bool>,
    /// The agent's newest pull requests, open or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_pulls: Option<AgentPulls>,
    /// By pull request, oldest first.
    pub agent_events: BTreeMap<PullNumber, Vec<AgentEvent>>,
    /// By pull request.
    pub discussions: BTreeMap<PullNumber, Discussion>,
    /// By head commit.
    #[serde(default)]
    pub checks: BTreeMap<CommitId, CheckReport>,
    /// By pull request.
    #[serde(default)]
    pub descriptions: BTreeMap<PullNumber, String>,
    /// By pull request, oldest first.
    #[serde(default)]
    pub own_comments: BTreeMap<PullNumber, Vec<OwnComment>>,
}

impl Needs {
    /// The name under which [`Needs::own_issues`] keeps a key's issues.
    pub fn own_issues_name(key: &Key) -> String {
        key.path()
    }
}

/// Everything one decision is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken.
    pub now: Timestamp,
    /// Of which repository.
    pub repository: RepositoryName,
    /// Which instance of the engine looks: the owner of its attempts.
    pub instance: String,
    /// What its owners allow.
    pub policy: PolicyState,
    /// The planning folder at the mainline's tip.
    pub planning: Planning,
    /// Where the branches stand.
    pub tips: Tips,
    /// Bindings and attempt; `None` where there is no ledger yet.
    pub ledger: Option<Ledger>,
    /// What GitHub says.
    pub forge: ForgeFacts,
    /// What was asked for in this cycle.
    pub needs: Needs,
    /// What GitHub refused for good.
    pub refused: Vec<Refusal>,
    /// What was done and lists may not show yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<Sent>,
    /// When this instance made issues lately, or perhaps did: also those that nothing is bound to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub created: Vec<Timestamp>,
    /// Since when open pull requests have their heads, as far as it is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heads: BTreeMap<PullNumber, SeenHead>,
    /// The rate limits that GitHub has set.
    #[serde(default, skip_serializing_if = "LimitsMet::is_empty")]
    pub limits: LimitsMet,
    /// Commits by which GitHub says that pull requests of unsettled issues were merged into the mainline, and which the
    /// mainline that was fetched does not hold.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unlanded: BTreeSet<CommitId>,
    /// The newest push to the mainline, where it was let through against the mainline's rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypassed: Option<Bypass>,
}

impl Snapshot {
    /// The refusal of this object, while it stands.
    pub fn refusal(&self, object: &str) -> Option<&Refusal> {
        self.refused.iter().find(|refusal| refusal.object == object && refusal.stands(self.now))
    }

    /// When this was done last, as far as that is remembered.
    pub fn sent(&self, object: &str) -> Option<Timestamp> {
        self.sent.iter().find(|sent| sent.object == object).map(|sent| sent.at)
    }

    /// Whether the mainline takes signed commits only: then GitHub is asked to commit what we would push. One refused push
    /// tells it of all.
    pub fn signs_commits(&self) -> bool {
        self.refused.iter().any(|refusal| refusal.kind == RefusalKind::Signatures && refusal.stands(self.now))
    }
}

//! Facts and nouns: every type that more than one module speaks about.
//!
//! **Needs** nothing but the standard library, serde and jiff's time stamps (as values; nobody here reads a clock).
//! **Guarantees**: plain data, comparable, serialisable; a value that exists is valid (constructors check). Text from
//! outside is kept as it came and is bounded where it enters ([`crate::forge`], [`crate::repo`]), made harmless where
//! it leaves ([`crate::text`]).
//! **Races**: none; a [`Snapshot`] is what was true when it was taken, and every action repeats what it relies on.

mod action;
mod action_kind;
mod binding;
mod checkup;
mod decision;
mod discussion;
mod forge_facts;
mod id;
mod ledger;
mod mainline_rule;
mod marker;
mod pacing;
mod performed;
mod policy;
mod queue;
mod reason;
mod rehearsal;
mod request;
mod snapshot;
mod spending;
mod stage;
mod token_kind;
mod trailer;

pub use action::{Action, Closing, Effect, IssueSource, IssueText, SettleFields};
pub use action_kind::{ActionKind, StopPoint};
pub use binding::{Attempt, Binding, ItemOutcome, Key, KeyKind};
pub use checkup::{Identity, MergeMethods, Rights};
pub use decision::{Actor, Decision, Evidence, Focus, Obligation, Outcome, Veto, Waiting};
pub use discussion::{Discussion, DiscussionEntry, EntryKind, Verdict};
pub use forge_facts::{
    AccountId, AgentEvent, AgentEventKind, AgentPulls, Assignment, BoundIssue, Candidate, CheckFact, CheckReport,
    CheckState, ForgeFacts, HeldRun, IssueDetail, IssueState, ListedIssue, ListedPull, MergeQueue, MergeState,
    Mergeable, OwnComment, PullFacts, PullState, RepositoryFacts, ReviewVerdict, Signal, text_digest,
};
pub use id::{BlobId, CommitId, InvalidId, IssueNumber, NodeId, ObjectId, PullNumber, RefName, RepositoryName, TreeId};
pub use ledger::{Applied, Ledger, NEWEST_SETTLED};
pub use mainline_rule::{MainlineRule, MainlineRules, RuleKind};
pub use marker::{CommentMarker, GAP_TITLE, Marker};
pub use pacing::{Bypass, Pacing, Refusal, RefusalKind, SeenHead, Sent};
pub use performed::Performed;
pub use policy::{
    AgentPolicy, CommitPolicy, Limits, LoopPolicy, MergeMethod, MergePolicy, Policy, PolicyState, Severity,
};
pub use queue::{Category, Document, Folder, ItemName, Planning, Quarantine, QueueEntry, QueueItem};
pub use reason::{Reason, Resource};
pub use rehearsal::{Call, ForgeWrite, Planned, PlannedPush};
pub use request::{
    BranchCommit, CreatedIssue, FilesChange, LedgerChange, LedgerEntry, LedgerMessage, MergeRequest, MoveLayout,
    Published, PullComment, Question, QueueMove, Signature, TipHints,
};
pub use snapshot::{ChangeKind, ChangedPath, HeadDiff, Need, Needs, Snapshot, Tips, Trail};
pub use spending::{Balance, Limit, LimitsMet, Spending, Tallies, Tally, Window, hour_of, last_day, limit_on};
pub use stage::Stage;
pub use token_kind::TokenKind;
pub use trailer::{Step, Trailers};

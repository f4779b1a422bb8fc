//! How sessions go: what is arranged for an issue or a kind of issue, and what it means for the n-th session.
//!
//! Pure. Guarantees that the same script, session and time give the same course. A comment that calls the agent begins the
//! next session of an issue (`world/session.rs`), so what recovers is told by the sessions that there were before.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::IssueKind;

/// What the agent says when a session breaks off.
const ERROR: &str = "Copilot has encountered an error. See the session logs for additional details.";
/// What it says when its account has no requests left.
const BILLING: &str = "You have exceeded your monthly quota";

/// How a session goes.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Script {
    /// As the issue asks.
    #[default]
    Normal,
    /// The session breaks off after its draft is open.
    DieAfterStart,
    /// The work edits the orchestrator's policy as well.
    TouchPolicy,
    /// The work adds a workflow as well.
    TouchWorkflow,
    /// The work updates the capabilities document as well.
    TouchCapabilities,
    /// The session finishes without a change.
    NoChange,
    /// The session stays queued for ever.
    NeverStart,
    /// The session opens its draft and is never heard of again: no work, no event.
    Stall,
    /// The session meets the limit of model requests, which is lifted this many minutes later; whoever calls the agent
    /// sooner is told how many are left.
    RateLimit {
        /// How long the limit lasts.
        minutes: u32,
    },
    /// The account that pays has nothing left; no call helps.
    Billing,
    /// The first sessions go wrong in this way; the one after them works.
    Recovers {
        /// How many go wrong.
        sessions: u32,
        /// In which way.
        way: Mishap,
    },
    /// The work is pushed, and the session ends without a word more: the title keeps `[WIP]`, nobody is asked to review.
    WorkInProgressForever,
    /// Somebody changes on the mainline what the work changes; a session that is called merges the mainline into its
    /// branch and settles it.
    Conflict,
    /// The first head is reported red; a session that is called pushes one that is green.
    RedChecks,
    /// Once it has asked for a review, it pushes once more.
    SecondPush,
    /// The draft's description does not say what issue it answers.
    NamesNoIssue,
}

/// How a session goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mishap {
    /// It breaks off, with an event that says so.
    Error,
    /// It is never heard of again.
    Stall,
    /// It meets the limit of model requests.
    RateLimit {
        /// How many minutes it is told to wait.
        minutes: u32,
    },
    /// It meets the end of what is paid for.
    Billing,
}

impl Mishap {
    /// What the event of the broken session says; none where there is no event.
    pub(super) fn message(self) -> Option<String> {
        match self {
            Mishap::Error => Some(ERROR.to_owned()),
            Mishap::Stall => None,
            Mishap::Billing => Some(BILLING.to_owned()),
            Mishap::RateLimit { minutes } => {
                let unit = if minutes == 1 { "minute" } else { "minutes" };
                Some(format!(
                    "Sorry, you've hit a rate limit that restricts the number of Copilot model requests you can make \
                     within a specific time period. Please try again in {minutes} {unit}. To retry, leave a comment on \
                     this pull request asking Copilot to try again."
                ))
            }
        }
    }
}

/// Which session of its issue it is, and what was before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Turn {
    /// The first is 1.
    pub nth: usize,
    /// When a session of its pull request broke off for the first time.
    pub broken: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
}

impl Script {
    /// What goes wrong in a session that has begun.
    pub(super) fn mishap(self, turn: Turn) -> Option<Mishap> {
        match self {
            Script::DieAfterStart => Some(Mishap::Error),
            Script::Stall => Some(Mishap::Stall),
            Script::Billing => Some(Mishap::Billing),
            Script::RateLimit { minutes } => {
                let begun = turn.broken.unwrap_or(turn.now);
                let left = SignedDuration::from_mins(i64::from(minutes)) - turn.now.duration_since(begun);
                let left = u32::try_from((left.as_secs() + 59).div_euclid(60)).unwrap_or(0);
                (left > 0).then_some(Mishap::RateLimit { minutes: left })
            }
            Script::Recovers { sessions, way } => (turn.nth <= sessions as usize).then_some(way),
            Script::Normal
            | Script::TouchPolicy
            | Script::TouchWorkflow
            | Script::TouchCapabilities
            | Script::NoChange
            | Script::NeverStart
            | Script::WorkInProgressForever
            | Script::Conflict
            | Script::RedChecks
            | Script::SecondPush
            | Script::NamesNoIssue => None,
        }
    }
}

/// Which sessions go how.
#[derive(Clone, Default, Debug)]
pub(in crate::sim) struct Scripts {
    /// What the agent is free to choose follows from it.
    pub(super) seed: u64,
    numbers: BTreeMap<u64, Script>,
    kinds: BTreeMap<IssueKind, Script>,
}

impl Scripts {
    pub fn new(seed: u64) -> Scripts {
        Scripts { seed, ..Scripts::default() }
    }

    pub fn set_number(&mut self, issue: u64, script: Script) {
        self.numbers.insert(issue, script);
    }

    pub fn set_kind(&mut self, kind: IssueKind, script: Script) {
        self.kinds.insert(kind, script);
    }

    pub(super) fn of(&self, issue: Option<u64>, kind: IssueKind) -> Script {
        let own = issue.and_then(|issue| self.numbers.get(&issue));
        own.or_else(|| self.kinds.get(&kind)).copied().unwrap_or_else(|| self.habit(kind))
    }

    /// Every other seed has an agent that brings the capabilities up to date along with its code.
    fn habit(&self, kind: IssueKind) -> Script {
        let diligent = kind == IssueKind::Development && self.seed / 2 % 2 == 1;
        if diligent { Script::TouchCapabilities } else { Script::Normal }
    }
}

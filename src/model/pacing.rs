//! What GitHub refused for good, when it is tried again, what it let through against its rules, and what was first seen
//! when.
//!
//! **Guarantees**: an effect that was refused is not owed while its refusal stands. Losing a refusal costs one more
//! refusal, so it lives in a cache.

use super::id::CommitId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Which rule refused it, as far as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// None of those below, or not told.
    #[default]
    Other,
    /// Commits must carry a verified signature, and nothing else is wrong.
    Signatures,
    /// Changes come through pull requests only.
    PullRequest,
    /// Checks must be green first.
    Checks,
    /// What is pushed: a path, a size, a secret, a message.
    Content,
    /// Who pushes.
    Permission,
}

/// One refused effect: a rule, a 403 or a 422, never a time-out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The stable name of effect and object ([`super::Effect::object`]).
    pub object: String,
    /// What GitHub said.
    pub why: String,
    /// When it was refused last.
    pub at: Timestamp,
    /// How often in a row.
    pub times: u32,
    /// Which rule.
    #[serde(default)]
    pub kind: RefusalKind,
}

/// An effect that GitHub took, or perhaps took, and that its lists may show a moment later only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The stable name of effect and object ([`super::Effect::object`]).
    pub object: String,
    /// When.
    pub at: Timestamp,
}

/// Since when a pull request has its head, as far as looks tell: GitHub says when a commit was made, not when it was
/// pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenHead {
    /// Which commit.
    pub head: CommitId,
    /// By when it was pushed: the last change of the pull request when a look first showed this head.
    pub since: Timestamp,
    /// Whether it was a draft when it was last looked at.
    #[serde(default)]
    pub draft: bool,
    /// By when it was taken out of draft, where looks showed it before and after: its checks begin anew then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Timestamp>,
    /// Since when looks showed its checks running, or one of them missing, without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Timestamp>,
}

/// A push of ours that broke rules of its branch and was let through, because this token may break them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bypass {
    /// What the remote said.
    pub words: String,
    /// When.
    pub at: Timestamp,
}

/// Waiting times double from the first to the last.
#[derive(Clone, Copy, Debug)]
pub struct Pacing;

impl Pacing {
    /// First pause after a refusal.
    pub const FIRST: SignedDuration = SignedDuration::from_secs(60);
    /// Longest pause after a refusal.
    pub const LAST: SignedDuration = SignedDuration::from_secs(3_600);
}

impl Refusal {
    /// When the effect is tried again: after one minute, doubling to one hour. A rule about signatures has another way
    /// around it meanwhile, so it is asked about once an hour from the first.
    pub fn until(&self) -> Timestamp {
        if self.kind == RefusalKind::Signatures {
            return self.at.saturating_add(Pacing::LAST).unwrap_or(Timestamp::MAX);
        }
        let doubled = Pacing::FIRST.saturating_mul(1 << self.times.saturating_sub(1).min(6));
        self.at.saturating_add(doubled.min(Pacing::LAST)).unwrap_or(Timestamp::MAX)
    }

    /// Whether it still stands. One of a clock that was ahead and was set back since doesn't.
    pub fn stands(&self, now: Timestamp) -> bool {
        let ahead = now.saturating_add(Pacing::LAST).is_ok_and(|soon| self.at > soon);
        !ahead && now < self.until()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_a_clock_that_was_ahead_does_not_stand() {
        let now: Timestamp = "2026-11-24T08:00:00Z".parse().expect("a literal time");
        let refused = |seconds: i64| {
            let at = now + SignedDuration::from_secs(seconds);
            Refusal { object: String::new(), why: String::new(), at, times: 1, kind: RefusalKind::Other }.stands(now)
        };
        for (seconds, stands) in [(-60, false), (-59, true), (0, true), (3_600, true), (3_601, false)] {
            assert_eq!(refused(seconds), stands, "{seconds} s");
        }
    }
}

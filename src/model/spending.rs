//! What is spent at GitHub and on git's network: by hour and reason, what is left, which limits stand.
//!
//! **Guarantees**: bounded: a day of hours, one number for each reason, the four windows. Plain values; times are ours, not
//! GitHub's. **Races**: it is a cache that several processes add to; what gets lost is lost from a table, a limit that gets
//! lost costs one more refusal.

use super::reason::{Reason, Resource};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Hours that are kept, the present one included.
const KEPT_HOURS: i64 = 24;
const HOUR: i64 = 3_600;

/// How often, and what it cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Requests that were sent.
    pub requests: u64,
    /// Those of them that were answered "unchanged", for which GitHub charges nothing.
    pub unchanged: u64,
    /// Points of GraphQL.
    pub points: u64,
}

impl Tally {
    /// One request.
    pub const ONE: Self = Self { requests: 1, unchanged: 0, points: 0 };

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            unchanged: self.unchanged.saturating_add(other.unchanged),
            points: self.points.saturating_add(other.points),
        }
    }

    /// Requests that GitHub charges for.
    pub const fn counted(self) -> u64 {
        self.requests.saturating_sub(self.unchanged)
    }
}

/// Numbers by reason.
pub type Tallies = BTreeMap<Reason, Tally>;

/// How a budget stood when it was last said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// Points an hour, where that was said.
    pub limit: Option<u64>,
    /// What is left of them.
    pub remaining: u64,
    /// When there are as many as ever.
    pub reset: Timestamp,
}

/// What a limit is about. Nothing is sent that a closed window is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The hourly budget of REST.
    Core,
    /// The hourly budget of GraphQL.
    GraphQl,
    /// The secondary limits: every request.
    Everything,
    /// The secondary limit on what creates content, and nothing else.
    Creation,
}

impl Window {
    /// Of which budget it is the end.
    pub const fn of(resource: Resource) -> Self {
        match resource {
            Resource::Core => Self::Core,
            Resource::GraphQl => Self::GraphQl,
        }
    }

    /// Whether it is about a request.
    pub fn covers(self, reason: Reason) -> bool {
        match self {
            Self::Core => reason.resource() == Some(Resource::Core),
            Self::GraphQl => reason.resource() == Some(Resource::GraphQl),
            Self::Everything => reason.resource().is_some(),
            Self::Creation => reason.creates(),
        }
    }

    /// What may not be sent.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Core => "REST",
            Self::GraphQl => "GraphQL",
            Self::Everything => "every request",
            Self::Creation => "creating issues and labels",
        }
    }
}

/// A limit that GitHub has set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// When it ends.
    pub until: Timestamp,
    /// GitHub's words, or ours where it only said that nothing is left.
    pub message: String,
    /// How often in a row it was met without a word about its end.
    #[serde(default)]
    pub times: u32,
}

/// The limits by what they are about; one that is over stays until a request has shown that it is.
pub type LimitsMet = BTreeMap<Window, Limit>;

/// Longest limit that is believed; one that ends later is of a clock that was ahead and was set back since.
const LONGEST: SignedDuration = SignedDuration::from_hours(25);

/// The limit that a request would be sent into, the longest one.
pub fn limit_on(limits: &LimitsMet, reason: Reason, now: Timestamp) -> Option<(Window, &Limit)> {
    let latest = now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
    let stands = |limit: &Limit| now < limit.until && limit.until <= latest;
    let standing = limits.iter().filter(|(window, limit)| window.covers(reason) && stands(limit));
    standing.map(|(window, limit)| (*window, limit)).max_by_key(|(_, limit)| limit.until)
}

/// What is spent, and how it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// When it was so.
    pub as_of: Timestamp,
    /// Whose budgets these are: a few digits of the token's digest, which say nothing of the token.
    pub account: String,
    /// By hours since 1970.
    pub hours: BTreeMap<i64, Tallies>,
    /// By budget.
    pub balances: BTreeMap<Resource, Balance>,
    /// What must not be sent now.
    pub limits: LimitsMet,
    /// When something was last written to GitHub, by API or push.
    pub last_write: Option<Timestamp>,
}

/// The hour that holds a time.
pub fn hour_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(HOUR)
}

/// The first hour of the day that ends with a time's hour.
pub fn last_day(at: Timestamp) -> i64 {
    hour_of(at) - KEPT_HOURS + 1
}

impl Spending {
    /// Adds to the hour of a time.
    pub fn add(&mut self, at: Timestamp, reason: Reason, tally: Tally) {
        let slot = self.hours.entry(hour_of(at)).or_default().entry(reason).or_default();
        *slot = slot.plus(tally);
    }

    /// Takes in what was spent since; how things stand is as the newer one says. Of hours only the last day is kept.
    pub fn take_in(&mut self, newer: Self) {
        self.as_of = newer.as_of;
        for (hour, tallies) in newer.hours {
            let kept = self.hours.entry(hour).or_default();
            for (reason, tally) in tallies {
                let slot = kept.entry(reason).or_default();
                *slot = slot.plus(tally);
            }
        }
        let (first, last) = (last_day(newer.as_of), hour_of(newer.as_of));
        // A clock that was set back leaves hours behind that are still to come.
        self.hours.retain(|hour, _| (first..=last + 1).contains(hour));
        if !newer.account.is_empty() {
            if self.account != newer.account {
                self.balances.clear();
            }
            self.balances.extend(newer.balances);
            (self.account, self.limits) = (newer.account, newer.limits);
        }
        self.last_write = self.last_write.max(newer.last_write);
    }

    /// What was spent in the hours from `first` to `last`, by reason.
    pub fn between(&self, first: i64, last: i64) -> Tallies {
        let mut all = Tallies::new();
        for tallies in self.hours.range(first..=last.max(first)).map(|(_, tallies)| tallies) {
            for (reason, tally) in tallies {
                let slot = all.entry(*reason).or_default();
                *slot = slot.plus(*tally);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_day_is_kept_and_added_up_by_reason() {
        let (mut kept, now) = (Spending::default(), at("2026-11-24T08:10:00Z"));
        for (time, reason) in [
            ("2026-11-23T08:59:59Z", Reason::Observe),
            ("2026-11-23T09:00:00Z", Reason::Observe),
            ("2026-11-24T07:59:59Z", Reason::Observe),
            ("2026-11-24T08:00:00Z", Reason::GitPush),
            ("2026-11-25T08:00:00Z", Reason::GitPush),
        ] {
            let mut fresh = Spending { as_of: now, ..Spending::default() };
            fresh.add(at(time), reason, Tally { requests: 1, unchanged: 0, points: 2 });
            kept.take_in(fresh);
        }
        assert_eq!(kept.hours.len(), 3, "{kept:?}");
        let present = hour_of(now);
        assert_eq!(kept.between(present - 23, present).get(&Reason::Observe).map(|tally| tally.points), Some(4));
        assert_eq!(kept.between(present, present).keys().collect::<Vec<_>>(), [&Reason::GitPush]);
    }

    #[test]
    fn another_account_does_not_inherit_limits() {
        let now = at("2026-11-24T08:10:00Z");
        let limit = Limit { until: now, message: "m".to_owned(), times: 1 };
        let limits = LimitsMet::from([(Window::Everything, limit)]);
        let mut kept = Spending { account: "a".to_owned(), limits: limits.clone(), ..Spending::default() };
        kept.take_in(Spending { account: "a".to_owned(), limits, ..Spending::default() });
        assert_eq!(kept.limits.len(), 1);
        kept.take_in(Spending { account: "b".to_owned(), ..Spending::default() });
        assert_eq!((kept.limits.len(), kept.account.as_str()), (0, "b"));
        kept.take_in(Spending { as_of: now, ..Spending::default() });
        assert_eq!(kept.account, "b", "without a token nothing is known of any account");
    }

    #[test]
    fn a_window_is_about_its_own_requests_and_the_longest_one_counts() {
        let now = at("2026-11-24T08:10:00Z");
        let limit =
            |seconds: i64| Limit { until: now + SignedDuration::from_secs(seconds), message: String::new(), times: 0 };
        let on = |limits: &[(Window, i64)], reason| {
            let limits = limits.iter().map(|(window, seconds)| (*window, limit(*seconds))).collect();
            limit_on(&limits, reason, now).map(|(window, _)| window)
        };
        use Window::{Core, Creation, Everything, GraphQl};
        for (limits, reason, window) in [
            (vec![(Core, 60)], Reason::Observe, None),
            (vec![(Core, 60)], Reason::Timeline, Some(Core)),
            (vec![(Core, 60)], Reason::Merge, Some(Core)),
            (vec![(Core, 0)], Reason::Merge, None),
            // Of a clock that was days ahead.
            (vec![(Core, 90_001)], Reason::Merge, None),
            (vec![(Core, 90_000)], Reason::Merge, Some(Core)),
            (vec![(GraphQl, 60)], Reason::MarkReady, Some(GraphQl)),
            (vec![(GraphQl, 60)], Reason::Merge, None),
            (vec![(Creation, 60)], Reason::CreateIssue, Some(Creation)),
            (vec![(Creation, 60)], Reason::Assign, None),
            (vec![(Everything, 60), (Core, 90)], Reason::Merge, Some(Core)),
            (vec![(Everything, 90), (Core, 60)], Reason::Merge, Some(Everything)),
            (vec![(Everything, 60)], Reason::GitPush, None),
        ] {
            assert_eq!(on(&limits, reason), window, "{limits:?} {reason:?}");
        }
    }
}

//! The hourly budgets and their headers.
//!
//! Guarantees GitHub's accounting: an hour begins with the first request, REST requests cost one but a 304 costs
//! nothing, GraphQL documents cost their points. Known difference: no secondary limits.

use axum::http::HeaderName;
use axum::http::header::DATE;
use jiff::{SignedDuration, Timestamp};

use super::answer::Answer;

/// An answer with the world's time, unless it says one; resets are told by the same clock.
pub(super) fn dated(answer: Answer, now: Timestamp) -> Answer {
    if answer.headers.contains_key(DATE) {
        return answer;
    }
    match jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now) {
        Ok(text) => answer.with(DATE, &text),
        Err(_) => answer,
    }
}

/// One budget.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    resource: &'static str,
    limit: u64,
    used: u64,
    reset: Option<Timestamp>,
}

/// A budget at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Balance {
    pub limit: u64,
    pub used: u64,
    pub remaining: u64,
    pub reset: Timestamp,
}

impl Budget {
    pub fn new(resource: &'static str, limit: u64) -> Budget {
        Budget { resource, limit, used: 0, reset: None }
    }

    /// Takes points, if there are any left; begins a new hour when the old one is over.
    pub fn take(&mut self, points: u64, now: Timestamp) -> bool {
        let enough = self.at(now).remaining > 0 || points == 0;
        if enough {
            self.used = (self.used + points).min(self.limit);
        }
        enough
    }

    /// Gives points back, for what turned out to cost nothing.
    pub fn give_back(&mut self, points: u64) {
        self.used = self.used.saturating_sub(points);
    }

    /// How it stands.
    pub fn at(&mut self, now: Timestamp) -> Balance {
        let reset = match self.reset.filter(|reset| *reset > now) {
            Some(reset) => reset,
            None => {
                let reset = now.checked_add(SignedDuration::from_hours(1)).unwrap_or(now);
                self.used = 0;
                self.reset = Some(reset);
                reset
            }
        };
        Balance { limit: self.limit, used: self.used, remaining: self.limit.saturating_sub(self.used), reset }
    }

    /// Writes how it stands into an answer.
    pub fn sign(&mut self, answer: Answer, now: Timestamp) -> Answer {
        let balance = self.at(now);
        let header = HeaderName::from_static;
        answer
            .with(header("x-ratelimit-limit"), &balance.limit.to_string())
            .with(header("x-ratelimit-remaining"), &balance.remaining.to_string())
            .with(header("x-ratelimit-used"), &balance.used.to_string())
            .with(header("x-ratelimit-reset"), &balance.reset.as_second().to_string())
            .with(header("x-ratelimit-resource"), self.resource)
    }
}

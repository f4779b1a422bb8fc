//! What was asked of the simulator.
//!
//! Guarantees a bounded size: the newest requests are kept, the counters count all.

use std::collections::VecDeque;

use jiff::Timestamp;

/// How many requests are kept.
const KEPT: usize = 10_000;

/// What kind of request it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestKind {
    /// REST.
    Rest,
    /// GraphQL.
    GraphQl,
    /// Fetching by git, its advertisement included.
    GitFetch,
    /// Pushing by git, its advertisement included.
    GitPush,
}

/// One request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestEntry {
    /// When it was answered, by the world's clock.
    pub at: Timestamp,
    /// Its kind.
    pub kind: RequestKind,
    /// The HTTP method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The name of the GraphQL operation.
    pub operation: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// What it cost of the hourly budget.
    pub points: u64,
}

/// All requests since the start.
#[derive(Clone, Default, Debug)]
pub struct RequestLog {
    /// The newest requests, oldest first.
    pub entries: VecDeque<RequestEntry>,
    /// REST requests.
    pub rest: u64,
    /// REST requests that were not reads.
    pub rest_writes: u64,
    /// REST reads answered 304.
    pub not_modified: u64,
    /// GraphQL requests.
    pub graphql: u64,
    /// Points of GraphQL requests.
    pub graphql_points: u64,
    /// Fetches by git, counted without advertisements.
    pub git_fetches: u64,
    /// Pushes by git, counted without advertisements.
    pub git_pushes: u64,
}

impl RequestLog {
    /// Writes a request down.
    pub(super) fn add(&mut self, entry: RequestEntry) {
        let advertisement = entry.method == "GET";
        match entry.kind {
            RequestKind::Rest => {
                self.rest += 1;
                self.rest_writes += u64::from(!matches!(entry.method.as_str(), "GET" | "HEAD"));
                self.not_modified += u64::from(entry.status == 304);
            }
            RequestKind::GraphQl => {
                self.graphql += 1;
                self.graphql_points += entry.points;
            }
            RequestKind::GitFetch => self.git_fetches += u64::from(!advertisement),
            RequestKind::GitPush => self.git_pushes += u64::from(!advertisement),
        }
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }

    /// How many of the kept requests were this method on a path with this end.
    pub fn count(&self, method: &str, path_end: &str) -> usize {
        let counts = |entry: &&RequestEntry| {
            let path = entry.path.split_once('?').map_or(entry.path.as_str(), |(path, _)| path);
            entry.method == method && path.ends_with(path_end)
        };
        self.entries.iter().filter(counts).count()
    }
}

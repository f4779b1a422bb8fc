//! What was said on the wire, word for word, for whoever holds it against GitHub's descriptions.
//!
//! Guarantees that nothing is kept before it was asked for, and a bounded size: what is beyond the limit is counted, not
//! kept. Only REST and GraphQL are kept; answers that were arranged as accidents are not the simulator's and are left out.

use axum::body::Bytes;
use axum::http::HeaderMap;

use super::answer::Answer;
use super::call::Call;

/// The most bytes of bodies that are kept.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// The most exchanges that are kept.
const MOST: usize = 10_000;

/// One request with its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The HTTP method.
    pub method: String,
    /// The path as sent, without its query.
    pub path: String,
    /// The query as sent.
    pub query: String,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's body.
    pub body: Bytes,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers.
    pub answer_headers: HeaderMap,
    /// The answer's body.
    pub answer: Bytes,
}

/// What was said since it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// The exchanges, oldest first.
    pub exchanges: Vec<Exchange>,
    /// How many were not kept.
    pub lost: usize,
    bytes: usize,
}

impl Transcript {
    /// Writes an exchange down.
    pub(super) fn add(&mut self, call: Call, answer: &Answer) {
        let bytes = call.body.len() + answer.body.len();
        if self.exchanges.len() == MOST || self.bytes + bytes > MOST_BYTES {
            self.lost += 1;
            return;
        }
        self.bytes += bytes;
        self.exchanges.push(Exchange {
            method: call.method.as_str().to_owned(),
            path: call.raw_path,
            query: call.raw_query,
            headers: call.headers,
            body: call.body,
            status: answer.status.as_u16(),
            answer_headers: answer.headers.clone(),
            answer: answer.body.clone(),
        });
    }
}

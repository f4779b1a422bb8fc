//! What requests cost, what is left, and the limits that GitHub sets: counted, remembered, heeded.
//!
//! **Needs** to be told the time now and then ([`Budget::resume`]); in between it goes on by the machine's monotonic clock,
//! so a time that is long past only makes it wait. **Guarantees**: no request is let through that a standing limit is
//! about. How long a limit lasts is told by GitHub's clock, its end by ours, so that a clock that is wrong does no harm.
//! What comes from outside is bounded: a reset lies within the hour that GitHub keeps, a pause within a day.
//! **Races**: other programs spend from the same account; every answer says anew what is left.

use super::http::{Spent, one_line};
use crate::model::{Balance, Limit, LimitsMet, Reason, Resource, Spending, Tallies, Tally, Window, limit_on};
use ::http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The first pause after a secondary limit that does not say how long (docs.github.com, "Best practices for using the
/// REST API"), and the longest.
const BARE: SignedDuration = SignedDuration::from_secs(60);
const LONGEST_BARE: SignedDuration = SignedDuration::from_secs(15 * 60);
/// The pause after the limit on creating content, where it does not say how long.
const CREATION: SignedDuration = SignedDuration::from_secs(10 * 60);
/// The shortest pause of a failing server that closes a window.
const WORTH_A_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// The furthest reset that is believed: budgets are kept by the hour.
const FURTHEST_RESET: SignedDuration = SignedDuration::from_secs(3_660);
/// The longest pause that is believed.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// One answer, as far as it says something of the budget.
pub(super) struct Answered<'a> {
    pub(super) reason: Reason,
    pub(super) status: StatusCode,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Value,
}

/// A request that a limit is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) until: Timestamp,
    pub(super) message: String,
}

/// What kind of refusal an answer is.
enum Met {
    /// The hourly budget is used up.
    Primary(Resource),
    /// Too much at once, until this long.
    Secondary(Option<SignedDuration>),
    /// Too much content, until this long.
    Creation(Option<SignedDuration>),
}

/// Counts, remembers, and lets through.
pub(super) struct Budget(Mutex<State>);

struct State {
    /// The time as it was told last, and when that was.
    anchor: Option<(Timestamp, Instant)>,
    /// What was spent since it was asked for last, and how it stands.
    fresh: Spending,
    /// Everything since the start.
    all: Tallies,
}

impl State {
    fn now(&self) -> Timestamp {
        let Some((told, at)) = self.anchor else { return Timestamp::UNIX_EPOCH };
        SignedDuration::try_from(at.elapsed()).ok().and_then(|long| told.checked_add(long).ok()).unwrap_or(told)
    }

    fn count(&mut self, reason: Reason, tally: Tally) {
        let now = self.now();
        self.fresh.add(now, reason, tally);
        let slot = self.all.entry(reason).or_default();
        *slot = slot.plus(tally);
    }

    fn close(&mut self, window: Window, limit: Limit) {
        let known = self.fresh.limits.get(&window);
        if known.is_none_or(|known| known.until < limit.until || known.times < limit.times) {
            self.fresh.limits.insert(window, limit);
        }
    }

    /// How long a limit without a word about its end lasts: twice as long each time in a row.
    fn bare(&self, window: Window) -> (SignedDuration, u32) {
        let times = self.fresh.limits.get(&window).map_or(0, |limit| limit.times).saturating_add(1);
        let long = BARE.saturating_mul(1 << (times - 1).min(8));
        (long.min(LONGEST_BARE), times)
    }
}

impl Budget {
    pub(super) fn new(token: Option<&SecretString>) -> Self {
        let fresh = Spending { account: fingerprint(token), ..Spending::default() };
        Self(Mutex::new(State { anchor: None, fresh, all: Tallies::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the time, and what other processes met.
    pub(super) fn resume(&self, now: Timestamp, kept: Option<&Spending>) {
        let mut state = self.state();
        state.anchor = Some((now, Instant::now()));
        let account = state.fresh.account.clone();
        let Some(kept) = kept.filter(|kept| kept.account == account) else { return };
        for (window, limit) in &kept.limits {
            state.close(*window, limit.clone());
        }
        for (resource, balance) in &kept.balances {
            state.fresh.balances.entry(*resource).or_insert(*balance);
        }
    }

    /// Gives away what was spent since this was asked last, with how it stands.
    pub(super) fn drain(&self) -> Spending {
        let mut state = self.state();
        let (hours, as_of) = (std::mem::take(&mut state.fresh.hours), state.now());
        Spending { as_of, hours, ..state.fresh.clone() }
    }

    pub(super) fn limits(&self) -> LimitsMet {
        self.state().fresh.limits.clone()
    }

    pub(super) fn balances(&self) -> BTreeMap<Resource, Balance> {
        self.state().fresh.balances.clone()
    }

    pub(super) fn spent(&self) -> Spent {
        let state = self.state();
        let sum = |wanted: fn(Reason) -> bool| {
            let tallies = state.all.iter().filter(|(reason, _)| wanted(**reason)).map(|(_, tally)| *tally);
            tallies.fold(Tally::default(), Tally::plus)
        };
        let reads = sum(|reason| reason.resource() == Some(Resource::Core) && !reason.writes());
        Spent {
            graphql: sum(|reason| reason.resource() == Some(Resource::GraphQl) && !reason.writes()).requests,
            points: sum(|_| true).points,
            rest: reads.requests,
            unchanged: reads.unchanged,
            writes: sum(Reason::writes).requests,
        }
    }

    /// Lets a request through and counts it, unless a limit stands that is about it.
    pub(super) fn admit(&self, reason: Reason) -> Result<(), Closed> {
        let mut state = self.state();
        let now = state.now();
        if let Some((_, limit)) = limit_on(&state.fresh.limits, reason, now) {
            return Err(Closed { until: limit.until, message: limit.message.clone() });
        }
        state.count(reason, Tally::ONE);
        Ok(())
    }

    /// Takes in what an answer says; `Err` where it says that a limit was met, so that nothing was done.
    pub(super) fn take_in(&self, answer: &Answered<'_>) -> Result<(), Closed> {
        let mut state = self.state();
        let theirs = date(answer.headers, "date");
        if let (None, Some(at)) = (state.anchor, theirs) {
            state.anchor = Some((at, Instant::now()));
        }
        let now = state.now();
        let points = cost(answer);
        let unchanged = u64::from(answer.status == StatusCode::NOT_MODIFIED);
        state.count(answer.reason, Tally { requests: 0, unchanged, points });
        let from_theirs = |at: Timestamp, most: SignedDuration| {
            let long = at.duration_since(theirs.unwrap_or(now));
            whole(now.saturating_add(long.clamp(SignedDuration::from_secs(1), most)).unwrap_or(now))
        };
        let balance = balance(answer).map(|(resource, balance)| {
            (resource, Balance { reset: from_theirs(balance.reset, FURTHEST_RESET), ..balance })
        });
        if let Some((resource, balance)) = balance {
            let limit = balance.limit.or_else(|| state.fresh.balances.get(&resource).and_then(|known| known.limit));
            state.fresh.balances.insert(resource, Balance { limit, ..balance });
        }
        let met = met(answer, theirs.unwrap_or(now));
        if let Some(met) = met {
            return Err(limited(&mut state, answer, met, balance.map(|(_, balance)| balance)));
        }
        if let Some((resource, balance)) = balance.filter(|(_, balance)| balance.remaining == 0) {
            // What comes next would be refused, and counted against us.
            let message = format!("nothing is left of this hour's {} budget", resource.word());
            state.close(Window::of(resource), Limit { until: balance.reset, message, times: 0 });
        }
        if answer.status.is_server_error() {
            // Whether it did what was asked nobody knows; that it wants to be left alone it says.
            // What is over in a moment is waited for by whoever asks again.
            let after = retry_after(answer.headers, theirs.unwrap_or(now)).filter(|after| *after >= WORTH_A_PAUSE);
            if let Some(after) = after {
                let long = after.clamp(SignedDuration::from_secs(1), LONGEST_BARE);
                let until = whole(now.saturating_add(long).unwrap_or(now));
                let message = format!("it answered {} and asks to be left alone", answer.status.as_u16());
                state.close(Window::Everything, Limit { until, message, times: 0 });
            }
        } else {
            state.fresh.limits.retain(|window, limit| now < limit.until || !window.covers(answer.reason));
        }
        Ok(())
    }
}

/// The next whole second: a fraction earlier would be too early.
fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second() + i64::from(at.subsec_nanosecond() > 0)).unwrap_or(at)
}

/// Closes the window that an answer is about.
fn limited(state: &mut State, answer: &Answered<'_>, met: Met, balance: Option<Balance>) -> Closed {
    let now = state.now();
    let message = words(answer);
    let ends = |long: SignedDuration| {
        whole(now.saturating_add(long.clamp(SignedDuration::from_secs(1), LONGEST)).unwrap_or(now))
    };
    let (window, said) = match met {
        Met::Primary(resource) => (Window::of(resource), balance.map(|balance| balance.reset.duration_since(now))),
        Met::Secondary(said) => (Window::Everything, said),
        Met::Creation(said) => (Window::Creation, Some(said.unwrap_or(CREATION))),
    };
    let (bare, times) = state.bare(window);
    let (long, times) = said.map_or((bare, times), |said| (said, 0));
    let limit = Limit { until: ends(long), message: message.clone(), times };
    let until = limit.until;
    state.fresh.limits.insert(window, limit);
    tracing::info!(?window, %until, %message, "GitHub limits us");
    Closed { until, message }
}

/// Whether an answer says that a limit was met (docs.github.com, "Rate limits for the REST API" and "… the GraphQL API").
fn met(answer: &Answered<'_>, theirs: Timestamp) -> Option<Met> {
    let resource = answer.reason.resource().unwrap_or(Resource::Core);
    let text = words(answer).to_lowercase();
    let spent = header(answer.headers, "x-ratelimit-remaining") == Some("0");
    let after = retry_after(answer.headers, theirs);
    let secondary = text.contains("secondary rate limit") || text.contains("abuse detection");
    match answer.status.as_u16() {
        403 | 429 if text.contains("content creation") && answer.reason.creates() => Some(Met::Creation(after)),
        403 | 429 if secondary || after.is_some() => Some(Met::Secondary(after)),
        403 | 429 if spent => Some(Met::Primary(resource)),
        // Without a word about which one, a pause that grows fits both.
        429 => Some(Met::Secondary(None)),
        403 if text.contains("rate limit") => Some(Met::Secondary(None)),
        200 if resource == Resource::GraphQl => {
            let errors = answer.body.get("errors").and_then(Value::as_array)?;
            let kind = |error: &Value| error.get("type").and_then(Value::as_str).map(str::to_owned);
            // `RATE_LIMITED`, and `RATE_LIMIT` as it was seen, too.
            let limited = errors.iter().any(|error| kind(error).is_some_and(|kind| kind.starts_with("RATE_LIMIT")));
            match (secondary || after.is_some(), limited) {
                (true, _) => Some(Met::Secondary(after)),
                (false, true) if spent || balance(answer).is_some_and(|(_, balance)| balance.remaining == 0) => {
                    Some(Met::Primary(resource))
                }
                (false, true) => Some(Met::Secondary(None)),
                (false, false) => None,
            }
        }
        _ => None,
    }
}

/// GitHub's own words.
fn words(answer: &Answered<'_>) -> String {
    let said = |value: &Value| value.get("message").and_then(Value::as_str).map(str::to_owned);
    let errors = answer.body.get("errors").and_then(Value::as_array).into_iter().flatten();
    let all: Vec<String> = said(answer.body).into_iter().chain(errors.filter_map(said)).collect();
    let text = one_line(&all.join(" "));
    if text.is_empty() { format!("it answered {}", answer.status.as_u16()) } else { text }
}

/// How a budget stands, with its reset by GitHub's clock. An answer to a stranger is about somebody else's.
fn balance(answer: &Answered<'_>) -> Option<(Resource, Balance)> {
    if answer.status == StatusCode::UNAUTHORIZED {
        return None;
    }
    let resource = match header(answer.headers, "x-ratelimit-resource") {
        Some("graphql") => Resource::GraphQl,
        Some("core") => Resource::Core,
        // There are others, for search and the like; nothing here asks them.
        Some(_) => return None,
        None => answer.reason.resource()?,
    };
    let number = |name: &str| header(answer.headers, name).and_then(|text| text.parse::<u64>().ok());
    let reset = number("x-ratelimit-reset").and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok());
    if let (Some(remaining), Some(reset)) = (number("x-ratelimit-remaining"), reset) {
        return Some((resource, Balance { limit: number("x-ratelimit-limit"), remaining, reset }));
    }
    let said = answer.body.pointer("/data/rateLimit")?;
    let remaining = said.get("remaining")?.as_u64()?;
    let reset = said.get("resetAt")?.as_str()?.parse().ok()?;
    Some((Resource::GraphQl, Balance { limit: None, remaining, reset }))
}

/// The points of a GraphQL answer: as it says, or one; a refused one costs nothing.
fn cost(answer: &Answered<'_>) -> u64 {
    if answer.reason.resource() != Some(Resource::GraphQl) || !answer.status.is_success() {
        return 0;
    }
    let said = answer.body.pointer("/data/rateLimit/cost").and_then(Value::as_u64);
    said.unwrap_or_else(|| u64::from(met(answer, Timestamp::UNIX_EPOCH).is_none()))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

fn date(headers: &HeaderMap, name: &str) -> Option<Timestamp> {
    header(headers, name).and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|zoned| zoned.timestamp())
}

/// `Retry-After`: seconds, or a time by GitHub's clock.
fn retry_after(headers: &HeaderMap, theirs: Timestamp) -> Option<SignedDuration> {
    let seconds = header(headers, "retry-after").and_then(|text| text.parse::<u32>().ok());
    let at = || date(headers, "retry-after").map(|at| at.duration_since(theirs));
    seconds.map(|seconds| SignedDuration::from_secs(i64::from(seconds))).or_else(at)
}

/// Eight digits of a token's digest: another token has budgets of its own, and these digits don't lead back.
fn fingerprint(token: Option<&SecretString>) -> String {
    let Some(token) = token else { return String::new() };
    Sha256::digest(token.expose_secret()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

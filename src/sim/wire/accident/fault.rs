//! The faults that a client of GitHub meets, in GitHub's words, one function each.
//!
//! Pure. Guarantees that what is said is what GitHub says; where from is told in the table of the simulator's header. What
//! keeps a request from arriving at all (no such name, a refused connection, a wrong certificate, a connection that is
//! never made) is no matter of a server: a client meets it with an address where that is so.

use serde_json::{Value, json};

use super::{AccidentKind, Alteration};

const LIMITS: &str = "https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api";
const REST: &str = "https://docs.github.com/rest";

fn said(status: u16, headers: &[(&str, &str)], body: &Value) -> AccidentKind {
    let json = [("content-type", "application/json; charset=utf-8")];
    let headers = headers.iter().chain(&json).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    AccidentKind::Answer { status, headers: headers.collect(), body: body.to_string() }
}

fn refused(status: u16, message: &str) -> AccidentKind {
    said(status, &[], &json!({"message": message, "documentation_url": REST, "status": status.to_string()}))
}

impl AccidentKind {
    /// The request arrives, nobody answers and nothing was done.
    pub fn read_timeout() -> AccidentKind {
        AccidentKind::Silent { effect: false }
    }

    /// It is done, and nobody answers.
    pub fn read_timeout_after_effect() -> AccidentKind {
        AccidentKind::Silent { effect: true }
    }

    /// It is done, and the connection ends in the middle of the answer.
    pub fn reset_in_the_body() -> AccidentKind {
        AccidentKind::BrokenOff
    }

    /// It is done, and the JSON of the answer ends in its middle.
    pub fn truncated() -> AccidentKind {
        AccidentKind::Truncated
    }

    /// A gateway's page instead of an answer; nothing was done.
    pub fn bad_gateway() -> AccidentKind {
        AccidentKind::Before(502)
    }

    /// GitHub is down; nothing was done.
    pub fn unavailable() -> AccidentKind {
        AccidentKind::Before(503)
    }

    /// A gateway waited in vain; nothing was done.
    pub fn gateway_timeout() -> AccidentKind {
        AccidentKind::Before(504)
    }

    /// GitHub breaks before it did anything.
    pub fn server_error() -> AccidentKind {
        AccidentKind::Before(500)
    }

    /// GitHub breaks after it did what was asked.
    pub fn server_error_after_effect() -> AccidentKind {
        AccidentKind::After(500)
    }

    /// The token is not accepted (any more).
    pub fn unauthorized() -> AccidentKind {
        refused(401, "Bad credentials")
    }

    /// The hour's requests are spent; the hour ends in so many seconds.
    pub fn primary_limit(seconds: u32) -> AccidentKind {
        AccidentKind::Spent { seconds }
    }

    /// Too much at once: wait so many seconds.
    pub fn secondary_limit(seconds: u32) -> AccidentKind {
        secondary(403, &[("retry-after", &seconds.to_string())])
    }

    /// Too much at once, without a word of how long to wait.
    pub fn bare_secondary_limit() -> AccidentKind {
        secondary(403, &[])
    }

    /// The same as 429.
    pub fn too_many_requests(seconds: u32) -> AccidentKind {
        secondary(429, &[("retry-after", &seconds.to_string())])
    }

    /// The token lacks a permission.
    pub fn forbidden() -> AccidentKind {
        refused(403, "Resource not accessible by personal access token")
    }

    /// There is no such thing, or a replica that does not know of it yet.
    pub fn not_found() -> AccidentKind {
        refused(404, "Not Found")
    }

    /// A merge that may be tried again.
    pub fn base_modified() -> AccidentKind {
        refused(405, "Base branch was modified. Review and try the merge again.")
    }

    /// A merge that a rule forbids.
    pub fn forbidden_by_rule() -> AccidentKind {
        refused(405, "This branch must not contain merge commits.")
    }

    /// Something moved meanwhile.
    pub fn conflict() -> AccidentKind {
        refused(409, "Head branch was modified. Review and try the merge again.")
    }

    /// It was there and is deleted.
    pub fn gone() -> AccidentKind {
        refused(410, "This issue was deleted")
    }

    /// What was sent is wrong.
    pub fn invalid() -> AccidentKind {
        let errors = json!([{"resource": "Issue", "field": "title", "code": "invalid"}]);
        said(422, &[], &json!({"message": "Validation Failed", "errors": errors, "documentation_url": REST}))
    }

    /// What was to be made is there.
    pub fn already_exists() -> AccidentKind {
        let errors = json!([{"resource": "Label", "code": "already_exists", "field": "name"}]);
        said(422, &[], &json!({"message": "Validation Failed", "errors": errors, "documentation_url": REST}))
    }

    /// The repository is elsewhere now.
    pub fn moved(to: &str) -> AccidentKind {
        let body = json!({"message": "Moved Permanently", "url": to, "documentation_url": REST});
        said(301, &[("location", to)], &body)
    }

    /// Nothing has changed, though the client holds nothing that could be unchanged.
    pub fn not_modified() -> AccidentKind {
        AccidentKind::Answer { status: 304, headers: Vec::new(), body: String::new() }
    }

    /// A replica answers that lags so many seconds.
    pub fn stale(seconds: u32) -> AccidentKind {
        AccidentKind::Stale { seconds }
    }

    /// A list leaves out what contains this.
    pub fn omits(text: &str) -> AccidentKind {
        AccidentKind::Altered(Alteration::Without(text.to_owned()))
    }

    /// Something new has come between two pages of a list: the first entry of a page was the last of the page before.
    pub fn page_shift() -> AccidentKind {
        AccidentKind::Paged { longest: 1, shift: 1 }
    }

    /// GraphQL answers 200 with a complaint and without data.
    pub fn complaint() -> AccidentKind {
        let error = json!({"message": BROKEN_QUERY});
        said(200, &[], &json!({"data": null, "errors": [error]}))
    }

    /// GraphQL answers 200 with a complaint, and a part of the data (a JSON pointer) is null.
    pub fn partial(pointer: &str) -> AccidentKind {
        AccidentKind::Altered(Alteration::Partly(pointer.to_owned()))
    }

    /// The server's clock, or ours, is wrong by so many seconds.
    pub fn date_skew(seconds: i64) -> AccidentKind {
        AccidentKind::Altered(Alteration::Date(seconds))
    }

    /// A text of five megabytes.
    pub fn huge_field() -> AccidentKind {
        AccidentKind::Altered(Alteration::Longer(5 * 1024 * 1024))
    }

    /// Texts with characters that move terminals, hide, or are none.
    pub fn odd_unicode() -> AccidentKind {
        AccidentKind::Altered(Alteration::Odd)
    }

    /// The answer comes bit by bit, each soon enough.
    pub fn slow_drip() -> AccidentKind {
        AccidentKind::Dripped { drops: 10, millis: 2_000 }
    }
}

/// GraphQL's words when it breaks.
pub(super) const BROKEN_QUERY: &str = "Something went wrong while executing your query. This may be the result of a \
    timeout, or it could be a GitHub bug. Please include `1A2B:3C4D:5E6F` when reporting this issue.";

fn secondary(status: u16, headers: &[(&str, &str)]) -> AccidentKind {
    let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
    let url = format!("{LIMITS}#about-secondary-rate-limits");
    said(status, headers, &json!({"message": message, "documentation_url": url, "status": status.to_string()}))
}

//! The thirty-three faults (GraphQL's complaint in its two forms) and four modifiers, and where each applies.

use super::cell::Undisturbed;
use orchestrator::sim::AccidentKind;

/// Any kind, where only the operation matters.
pub const ANY: AccidentKind = AccidentKind::Truncated;

/// How long a fault lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// The first use.
    Once,
    /// The second use.
    Second,
    /// Every use for some cycles, then it is over.
    Outage,
    /// Every use to the end: the play ends all the same.
    Always,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    NoSuchName,
    Refused,
    NotTls,
    ConnectTimeout,
    ReadTimeoutBefore,
    ReadTimeoutAfter,
    ResetInTheBody,
    TruncatedJson,
    BadGateway,
    Unavailable,
    GatewayTimeout,
    ServerErrorAfter,
    ServerErrorBefore,
    Unauthorized,
    PrimaryLimit,
    SecondaryLimit,
    SecondaryLimitBare,
    TooManyRequests,
    Forbidden,
    NotFoundOnce,
    NotFoundForGood,
    BaseModified,
    ForbiddenByRule,
    Conflict,
    Gone,
    Invalid,
    AlreadyExists,
    Moved,
    NotModified,
    StaleRead,
    OmittedForEver,
    PageShift,
    GraphComplaint,
    GraphPartial,
    DateSkew,
    HugeField,
    OddUnicode,
    SlowDrip,
}

const READ: &str = "a read has no effect that could be lost";
const WRITE: &str = "only what is read can be so";
const REST: &str = "GraphQL answers 200 whatever it says";
const GRAPH: &str = "only GraphQL does so";
const OTHER: &str = "GitHub does not answer this here";
const LIST: &str = "only lists have entries and pages";
const CONNECTED: &str = "the connection stands by then; when it breaks, that is a reset or a time-out";

/// Whether an operation changes nothing.
pub fn is_read(operation: &str) -> bool {
    operation.starts_with("GET ") || operation.starts_with("query ")
}

fn is_graph(operation: &str) -> bool {
    operation.starts_with("query ") || operation.starts_with("mutation ")
}

/// What a list of this operation leaves out; none where it is no list.
fn omitted(operation: &str) -> Option<&'static str> {
    match operation.rsplit('/').next() {
        Some("issues" | "query Observe") if is_read(operation) => Some("orchestrator"),
        Some("labels") if is_read(operation) => Some("\"Development\""),
        Some("timeline") => Some("copilot_work_finished"),
        Some("comments") if is_read(operation) => Some("Well said."),
        _ => None,
    }
}

impl Fault {
    pub const ALL: [Self; 38] = [
        Self::NoSuchName,
        Self::Refused,
        Self::NotTls,
        Self::ConnectTimeout,
        Self::ReadTimeoutBefore,
        Self::ReadTimeoutAfter,
        Self::ResetInTheBody,
        Self::TruncatedJson,
        Self::BadGateway,
        Self::Unavailable,
        Self::GatewayTimeout,
        Self::ServerErrorAfter,
        Self::ServerErrorBefore,
        Self::Unauthorized,
        Self::PrimaryLimit,
        Self::SecondaryLimit,
        Self::SecondaryLimitBare,
        Self::TooManyRequests,
        Self::Forbidden,
        Self::NotFoundOnce,
        Self::NotFoundForGood,
        Self::BaseModified,
        Self::ForbiddenByRule,
        Self::Conflict,
        Self::Gone,
        Self::Invalid,
        Self::AlreadyExists,
        Self::Moved,
        Self::NotModified,
        Self::StaleRead,
        Self::OmittedForEver,
        Self::PageShift,
        Self::GraphComplaint,
        Self::GraphPartial,
        Self::DateSkew,
        Self::HugeField,
        Self::OddUnicode,
        Self::SlowDrip,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSuchName => "DNS fail",
            Self::Refused => "connection refused",
            Self::NotTls => "TLS error",
            Self::ConnectTimeout => "connect timeout",
            Self::ReadTimeoutBefore => "read timeout before effect",
            Self::ReadTimeoutAfter => "read timeout after effect",
            Self::ResetInTheBody => "reset mid-body",
            Self::TruncatedJson => "truncated JSON",
            Self::BadGateway => "HTML 502",
            Self::Unavailable => "503",
            Self::GatewayTimeout => "504",
            Self::ServerErrorAfter => "500 with effect",
            Self::ServerErrorBefore => "500 without effect",
            Self::Unauthorized => "401",
            Self::PrimaryLimit => "403 primary",
            Self::SecondaryLimit => "403 secondary, Retry-After",
            Self::SecondaryLimitBare => "403 secondary, bare",
            Self::TooManyRequests => "429",
            Self::Forbidden => "403 permission",
            Self::NotFoundOnce => "404 transient",
            Self::NotFoundForGood => "404 permanent",
            Self::BaseModified => "405 transient",
            Self::ForbiddenByRule => "405 policy",
            Self::Conflict => "409",
            Self::Gone => "410",
            Self::Invalid => "422 validation",
            Self::AlreadyExists => "422 already exists",
            Self::Moved => "301 moved",
            Self::NotModified => "304 with lost cache",
            Self::StaleRead => "stale read",
            Self::OmittedForEver => "list omits an item",
            Self::PageShift => "page shift",
            Self::GraphComplaint => "GraphQL 200 + errors",
            Self::GraphPartial => "GraphQL partial null",
            Self::DateSkew => "(Date skew)",
            Self::HugeField => "(5 MB field)",
            Self::OddUnicode => "(odd Unicode)",
            Self::SlowDrip => "(slow drip)",
        }
    }

    /// Whether it is a matter of the address, not of the answer.
    pub const fn is_of_the_address(self) -> bool {
        matches!(self, Self::NoSuchName | Self::Refused | Self::NotTls | Self::ConnectTimeout)
    }

    /// Whether a checkup that meets it must end as if it were not there.
    pub const fn is_harmless(self) -> bool {
        matches!(self, Self::DateSkew | Self::HugeField | Self::OddUnicode | Self::SlowDrip | Self::StaleRead)
    }

    /// Whether somebody has to be told of it while it lasts: what was asked for did not happen, or was not answered.
    pub fn must_be_told(self, operation: &str) -> bool {
        let withheld =
            matches!(self, Self::Forbidden | Self::NotFoundForGood | Self::GraphComplaint | Self::GraphPartial);
        // Who may not read a ruleset may not bypass it; a mainline without classic protection looks like one whose protection
        // may not be read, and doctor says so; checks are red all the same if they can't be named.
        let no_matter =
            operation.contains("/rulesets/") || operation.ends_with("/protection") || operation == "query Checks";
        // Whom GitHub does not know may not write, and is counted among those.
        let nobody = self == Self::NotFoundForGood && operation.ends_with("/permission");
        if withheld && no_matter || nobody {
            return false;
        }
        match self {
            Self::NoSuchName
            | Self::Refused
            | Self::NotTls
            | Self::ConnectTimeout
            | Self::ReadTimeoutBefore
            | Self::BadGateway
            | Self::Unavailable
            | Self::GatewayTimeout
            | Self::ServerErrorBefore
            | Self::Unauthorized
            | Self::PrimaryLimit
            | Self::SecondaryLimit
            | Self::SecondaryLimitBare
            | Self::TooManyRequests
            | Self::Forbidden
            | Self::ForbiddenByRule
            | Self::Conflict
            | Self::BaseModified
            | Self::Gone
            | Self::Invalid
            | Self::Moved
            | Self::NotModified
            | Self::GraphComplaint => true,
            // A branch that is not there needs no deletion.
            Self::NotFoundOnce | Self::NotFoundForGood => !operation.contains("/git/ref/"),
            // That there is none is told by the status alone.
            Self::TruncatedJson if operation.ends_with("/protection") => false,
            // What has its effect is read back.
            Self::ResetInTheBody | Self::TruncatedJson | Self::GraphPartial => is_read(operation),
            Self::ReadTimeoutAfter
            | Self::ServerErrorAfter
            | Self::AlreadyExists
            | Self::StaleRead
            | Self::OmittedForEver
            | Self::PageShift
            | Self::DateSkew
            | Self::HugeField
            | Self::OddUnicode
            | Self::SlowDrip => false,
        }
    }

    /// How long it lasts at an operation, or why it can't happen there.
    pub fn applies(self, operation: &str, undisturbed: &Undisturbed) -> Result<&'static [Span], &'static str> {
        use Span::{Always, Once, Outage, Second};
        let (read, graph) = (is_read(operation), is_graph(operation));
        let of = |holds: bool, spans: &'static [Span], why| if holds { Ok(spans) } else { Err(why) };
        let often = undisturbed.uses.get(operation).is_some_and(|uses| *uses > 1);
        let hurting: &[Span] = if often { &[Once, Second, Outage] } else { &[Once, Outage] };
        match self {
            Self::NoSuchName | Self::Refused | Self::NotTls | Self::ConnectTimeout => {
                of(undisturbed.begins.contains(operation), &[Once, Outage], CONNECTED)
            }
            Self::ReadTimeoutAfter | Self::ServerErrorAfter => of(!read, hurting, READ),
            Self::ReadTimeoutBefore | Self::ResetInTheBody | Self::TruncatedJson | Self::BadGateway => Ok(hurting),
            Self::Unavailable
            | Self::GatewayTimeout
            | Self::ServerErrorBefore
            | Self::PrimaryLimit
            | Self::SecondaryLimit
            | Self::SecondaryLimitBare
            | Self::TooManyRequests => Ok(&[Once, Outage]),
            Self::Unauthorized | Self::Forbidden => Ok(&[Outage]),
            Self::NotFoundOnce => of(!graph, &[Once], REST),
            Self::NotFoundForGood => of(!graph, &[Outage], REST),
            Self::Moved => of(!graph, &[Outage], REST),
            Self::BaseModified => of(operation.ends_with("/merge"), &[Once], OTHER),
            Self::ForbiddenByRule => of(operation.ends_with("/merge"), &[Outage], OTHER),
            Self::Conflict => of(operation.ends_with("/merge") || operation.contains("/git/ref"), &[Once], OTHER),
            Self::Gone => of(operation.contains("/issues/{issue_number}"), &[Outage], OTHER),
            Self::Invalid => of(!read && !graph, &[Once, Outage], OTHER),
            Self::AlreadyExists => of(operation.starts_with("POST ") && operation.ends_with("/labels"), &[Once], OTHER),
            Self::NotModified => of(read && !graph, &[Once], WRITE),
            Self::StaleRead => of(read, &[Outage], WRITE),
            Self::OmittedForEver => of(omitted(operation).is_some(), &[Always], LIST),
            Self::PageShift => of(omitted(operation).is_some() && !graph, &[Always], LIST),
            Self::GraphComplaint | Self::GraphPartial => of(graph, &[Once, Outage], GRAPH),
            // Once is enough to be slow.
            Self::HugeField => Ok(&[Once]),
            Self::DateSkew | Self::OddUnicode => Ok(&[Always]),
            Self::SlowDrip => of(!operation.starts_with("DELETE "), &[Always], "there is no body"),
        }
    }

    /// As an accident.
    pub fn kind(self, operation: &str) -> AccidentKind {
        match self {
            Self::ReadTimeoutBefore | Self::NoSuchName | Self::Refused | Self::NotTls | Self::ConnectTimeout => {
                AccidentKind::read_timeout()
            }
            Self::ReadTimeoutAfter => AccidentKind::read_timeout_after_effect(),
            Self::ResetInTheBody => AccidentKind::reset_in_the_body(),
            Self::TruncatedJson => AccidentKind::truncated(),
            Self::BadGateway => AccidentKind::bad_gateway(),
            Self::Unavailable => AccidentKind::unavailable(),
            Self::GatewayTimeout => AccidentKind::gateway_timeout(),
            Self::ServerErrorAfter => AccidentKind::server_error_after_effect(),
            Self::ServerErrorBefore => AccidentKind::server_error(),
            Self::Unauthorized => AccidentKind::unauthorized(),
            Self::PrimaryLimit => AccidentKind::primary_limit(600),
            Self::SecondaryLimit => AccidentKind::secondary_limit(60),
            Self::SecondaryLimitBare => AccidentKind::bare_secondary_limit(),
            Self::TooManyRequests => AccidentKind::too_many_requests(60),
            Self::Forbidden => AccidentKind::forbidden(),
            Self::NotFoundOnce | Self::NotFoundForGood => AccidentKind::not_found(),
            Self::BaseModified => AccidentKind::base_modified(),
            Self::ForbiddenByRule => AccidentKind::forbidden_by_rule(),
            Self::Conflict => AccidentKind::conflict(),
            Self::Gone => AccidentKind::gone(),
            Self::Invalid => AccidentKind::invalid(),
            Self::AlreadyExists => AccidentKind::already_exists(),
            Self::Moved => AccidentKind::moved("https://elsewhere.example/repositories/1"),
            Self::NotModified => AccidentKind::not_modified(),
            Self::StaleRead => AccidentKind::stale(30),
            Self::OmittedForEver => AccidentKind::omits(omitted(operation).unwrap_or_default()),
            Self::PageShift => AccidentKind::page_shift(),
            Self::GraphComplaint => AccidentKind::complaint(),
            Self::GraphPartial => AccidentKind::partial(match operation {
                "query Observe" => "/data/repository/issues",
                "query Linked" => "/data/node",
                "query Lists" | "query Checks" | "query Assignable" => "/data/repository",
                "mutation MarkReady" => "/data/markPullRequestReadyForReview",
                "mutation CommitOnBranch" => "/data/createCommitOnBranch",
                "mutation DeleteBranch" => "/data/updateRefs",
                other => panic!("no part is known of {other}"),
            }),
            Self::DateSkew => AccidentKind::date_skew(-7_200),
            Self::HugeField => AccidentKind::huge_field(),
            Self::OddUnicode => AccidentKind::odd_unicode(),
            Self::SlowDrip => AccidentKind::slow_drip(),
        }
    }
}

//! Requests: one place that sends, counts, bounds and classifies.
//!
//! **Guarantees**: octocrab's own retry is not built in; a read is repeated at most twice, on server failures only; a
//! write is sent once. Time-outs are set. An answer's body is bounded.

use super::budget::{Answered, Budget, Closed};
use crate::failure::{Exit, Explain};
use crate::model::{Call, Performed, Reason};
use crate::text;
use ::http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// Largest answer that is read: a page of a hundred comments, of which each may hold 262,144 bytes.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// GraphQL's path; GraphQL has no other.
pub(super) const GRAPHQL: &str = "/graphql";
/// How often a read is repeated.
const RETRIES: u32 = 2;

/// Why GitHub could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// The client can't be made.
    #[error("the API address or the token can't be used: {0}")]
    Settings(String),
    /// No answer.
    #[error("{what}: no answer from GitHub ({why})")]
    Unreachable {
        /// What was asked.
        what: String,
        /// Why there was none.
        why: String,
    },
    /// There is no token, and this is answered to nobody without one.
    #[error("{what}: GitHub answers this to nobody without a token")]
    NoToken {
        /// What was to be asked.
        what: String,
    },
    /// The token is not accepted.
    #[error("{what}: GitHub does not accept the token")]
    Unauthorized {
        /// What was asked.
        what: String,
    },
    /// Too many requests. Until then nothing is sent that the limit is about.
    #[error("{what}: GitHub's rate limit is reached until {until}: {message}")]
    RateLimited {
        /// What was asked.
        what: String,
        /// When it ends.
        until: jiff::Timestamp,
        /// GitHub's words.
        message: String,
    },
    /// It was redirected, which is not followed: the token must not go elsewhere.
    #[error("{what}: the answer leads elsewhere, to {to}")]
    Redirected {
        /// What was asked.
        what: String,
        /// The address that was named.
        to: String,
    },
    /// It isn't there, or the token may not see it.
    #[error("{what}: not found, or the token may not see it")]
    NotFound {
        /// What was asked.
        what: String,
    },
    /// GitHub refused it.
    #[error("{what}: GitHub answered {status}: {message}")]
    Refused {
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// An answer that says something else than it should.
    #[error("{what}: {why}")]
    Unexpected {
        /// What was asked.
        what: String,
        /// What is wrong with the answer.
        why: String,
    },
}

impl Explain for ForgeError {
    fn exit(&self) -> Exit {
        match self {
            Self::Settings(_) | Self::NoToken { .. } | Self::Unauthorized { .. } => Exit::Settings,
            Self::Unreachable { .. } | Self::RateLimited { .. } => Exit::Unreachable,
            Self::NotFound { .. } => Exit::Absent,
            Self::Redirected { .. } => Exit::Refused,
            Self::Refused { status, .. } if *status >= 500 => Exit::Unreachable,
            Self::Refused { .. } | Self::Unexpected { .. } => Exit::Refused,
        }
    }

    fn help(&self) -> String {
        match self {
            Self::Settings(_) => "check --api-url and ORCHESTRATOR_GITHUB_TOKEN",
            Self::NoToken { .. } => {
                "set ORCHESTRATOR_GITHUB_TOKEN to a user's token, pass --token-file, or log in: gh auth login"
            }
            Self::Unauthorized { .. } => {
                "give a user's token that is still valid: ORCHESTRATOR_GITHUB_TOKEN, --token-file, or gh auth login"
            }
            Self::Unreachable { .. } => "check the network and --api-url, and run the command again",
            Self::RateLimited { until, .. } => {
                return format!("run the command again after {until}; `orchestrator budget` shows what was spent");
            }
            Self::Redirected { .. } => {
                "check --api-url and whether --repo was renamed; a redirection is never followed"
            }
            Self::NotFound { .. } => "check --repo and what the token may see",
            Self::Refused { status, .. } if *status >= 500 => "run the command again; see https://www.githubstatus.com",
            Self::Refused { .. } => {
                "check what the token may do: actions, contents, issues and pull requests, read and write"
            }
            Self::Unexpected { .. } => "run the command again; if it stays, report it with LOG_LEVEL=debug",
        }
        .to_owned()
    }
}

/// What was spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Spent {
    /// GraphQL queries.
    pub graphql: u64,
    /// Their points, as GitHub counts.
    pub points: u64,
    /// REST reads.
    pub rest: u64,
    /// Those of them that were answered "unchanged", for which GitHub charges nothing.
    pub unchanged: u64,
    /// Writes.
    pub writes: u64,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Reply {
    /// GitHub's own sentence.
    pub(super) fn message(&self) -> String {
        let text = self.body.get("message").and_then(Value::as_str).unwrap_or_default();
        let details = self.body.get("errors").filter(|errors| !errors.is_null()).map(ToString::to_string);
        let text = details.map_or_else(|| text.to_owned(), |details| format!("{text} {details}"));
        one_line(&text)
    }
}

/// Why a write has no answer that says what came of it.
pub(super) enum Unsent {
    /// A limit stood or was met: it was not done.
    Limited(ForgeError),
    /// Nobody knows.
    Unknown(String),
}

impl Unsent {
    /// As a write's result.
    pub(super) fn performed<T>(self) -> Performed<T> {
        match self {
            Self::Limited(error) => Performed::NotDone { why: error.to_string(), refused: None },
            Self::Unknown(why) => Performed::Unknown { why },
        }
    }
}

/// One request.
struct Sent<'a> {
    reason: Reason,
    method: Method,
    path: &'a str,
    etag: Option<&'a str>,
    body: Option<&'a Value>,
}

/// Sends requests.
pub(super) struct Http {
    client: Octocrab,
    /// The same for GraphQL, which an enterprise server has beside its REST address, not below it.
    graph: Octocrab,
    /// What never comes back in from outside, and whether there is any.
    token: Option<SecretString>,
    pub(super) budget: Budget,
}

impl Http {
    pub(super) fn new(api_url: &str, token: Option<&SecretString>) -> Result<Self, ForgeError> {
        let connections = connections(api_url)?;
        let (client, graph) =
            (client(api_url, token, &connections)?, client(graphql_base(api_url), token, &connections)?);
        Ok(Self { client, graph, token: token.cloned(), budget: Budget::new(token) })
    }

    /// A peer that sends the token back does not get it into errors, logs or files.
    fn redacted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let token = self.token.as_ref().map(|token| token.expose_secret());
        text::redact(text, token.as_slice())
    }

    async fn send(&self, request: &Sent<'_>) -> Result<Reply, String> {
        let said = |error: octocrab::Error| chain(&error);
        let client = if request.path == GRAPHQL { &self.graph } else { &self.client };
        let mut head = ::http::Request::builder()
            .method(request.method.clone())
            .uri(request.path)
            .header("Accept", "application/vnd.github+json");
        if let Some(etag) = request.etag {
            head = head.header("If-None-Match", etag);
        }
        let request = client.build_request(head, request.body).map_err(said)?;
        let response = client.execute(request).await.map_err(said)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes =
            Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|error| error.to_string())?.to_bytes();
        let body = std::str::from_utf8(&bytes)
            .map_err(|error| error.to_string())
            .and_then(|text| serde_json::from_str(&self.redacted(text)).map_err(|error| error.to_string()));
        let body = match body {
            Ok(body) => body,
            // An answer that was cut off on its way is none: it must not be kept, and what was written may have been done.
            Err(why) if status.is_success() && !bytes.is_empty() => {
                return Err(format!("the answer is no JSON: {why}"));
            }
            // Pages for people come with errors of a gateway.
            Err(_) => Value::Null,
        };
        Ok(Reply { status, headers, body })
    }

    /// Sends a request that no limit is about, and takes in what the answer says of the budget.
    async fn exchange(&self, what: &str, request: &Sent<'_>) -> Result<Reply, Unsent> {
        let limited = |Closed { until, message }| {
            Unsent::Limited(ForgeError::RateLimited { what: what.to_owned(), until, message })
        };
        self.budget.admit(request.reason).map_err(limited)?;
        let reply = self.send(request).await.map_err(Unsent::Unknown)?;
        let (reason, status) = (request.reason, reply.status);
        self.budget
            .take_in(&Answered { reason, status, headers: &reply.headers, body: &reply.body })
            .map_err(limited)?;
        Ok(reply)
    }

    /// What changes nothing may be repeated: on failures of the server or the network, with a pause that grows.
    async fn repeat(&self, what: &str, request: &Sent<'_>) -> Result<Reply, ForgeError> {
        let mut round = 0;
        loop {
            let error = match self.exchange(what, request).await {
                Ok(reply) if reply.status.is_success() || reply.status == StatusCode::NOT_MODIFIED => return Ok(reply),
                Ok(reply) if !reply.status.is_server_error() => return Err(classify(what, &reply)),
                // A query that took GitHub too long costs extra points; it is for the asker to ask for less (docs.github.com,
                // "Rate limits and query limits for the GraphQL API").
                Ok(reply) if request.path == GRAPHQL && matches!(reply.status.as_u16(), 502 | 504) => {
                    return Err(classify(what, &reply));
                }
                Ok(reply) => classify(what, &reply),
                Err(Unsent::Limited(error)) => return Err(error),
                Err(Unsent::Unknown(why)) => ForgeError::Unreachable { what: what.to_owned(), why },
            };
            if round >= RETRIES {
                return Err(error);
            }
            round += 1;
            tokio::time::sleep(Duration::from_millis(200 << round)).await;
        }
    }

    /// A read.
    pub(super) async fn get(&self, reason: Reason, what: &str, path: &str) -> Result<Reply, ForgeError> {
        self.get_unless(reason, what, path, None).await
    }

    /// A read that is answered 304, for free, while the tag is the present one.
    pub(super) async fn get_unless(
        &self,
        reason: Reason,
        what: &str,
        path: &str,
        etag: Option<&str>,
    ) -> Result<Reply, ForgeError> {
        self.repeat(what, &Sent { reason, method: Method::GET, path, etag, body: None }).await
    }

    /// A write, sent once.
    pub(super) async fn write(&self, reason: Reason, call: &Call) -> Result<Reply, Unsent> {
        let wrong = |error: ::http::method::InvalidMethod| Unsent::Unknown(error.to_string());
        let method = Method::from_bytes(call.method.as_bytes()).map_err(wrong)?;
        let request = Sent { reason, method, path: &call.path, etag: None, body: call.body.as_ref() };
        match self.exchange(reason.word(), &request).await {
            Ok(reply) if reply.status.is_server_error() => {
                Err(Unsent::Unknown(format!("GitHub answered {}", reply.status)))
            }
            other => other,
        }
    }

    /// A GraphQL query; partial data is given together with what GitHub complained about.
    pub(super) async fn query(
        &self,
        reason: Reason,
        what: &str,
        query: &str,
        variables: Value,
    ) -> Result<Graph, ForgeError> {
        if self.token.is_none() {
            return Err(ForgeError::NoToken { what: what.to_owned() });
        }
        let body = serde_json::json!({ "query": query, "variables": variables });
        let request = Sent { reason, method: Method::POST, path: GRAPHQL, etag: None, body: Some(&body) };
        let reply = self.repeat(what, &request).await?;
        graph(reply).map_err(|why| ForgeError::Unexpected { what: what.to_owned(), why })
    }

    /// A GraphQL mutation, sent once.
    pub(super) async fn mutate(&self, reason: Reason, call: &Call) -> Result<Graph, Unsent> {
        let reply = self.write(reason, call).await?;
        if reply.status.is_success() {
            return graph(reply).map_err(Unsent::Unknown);
        }
        // Refused before anything was done; what GitHub says of it is in the form of REST.
        let message = format!("GitHub answered {}: {}", reply.status.as_u16(), reply.message());
        let kind = (reply.status.as_u16() == 403).then(|| "FORBIDDEN".to_owned());
        Ok(Graph { data: None, errors: vec![GraphError { message, kind, path: Vec::new() }] })
    }
}

fn graph(reply: Reply) -> Result<Graph, String> {
    let mut graph: Graph = serde_json::from_value(reply.body).map_err(|error| error.to_string())?;
    // "Please include `0781:5AD4:…` when reporting this issue": what differs each time would be told as news each time.
    for error in &mut graph.errors {
        if let Some((said, _)) = error.message.split_once(" Please include `") {
            error.message = said.to_owned();
        }
    }
    Ok(graph)
}

/// An answer of GraphQL.
#[derive(Debug, Deserialize)]
pub(super) struct Graph {
    pub(super) data: Option<Value>,
    #[serde(default)]
    pub(super) errors: Vec<GraphError>,
}

/// One complaint.
#[derive(Debug, Deserialize)]
pub(super) struct GraphError {
    #[serde(default)]
    pub(super) message: String,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
    /// Where in the answer: names and positions.
    #[serde(default)]
    pub(super) path: Vec<Value>,
}

impl Graph {
    /// The complaints as one sentence.
    pub(super) fn complaint(&self) -> String {
        let text: Vec<&str> = self.errors.iter().map(|error| error.message.as_str()).collect();
        one_line(&text.join("; "))
    }
}

/// What connects: through the proxy that the environment names (`HTTPS_PROXY`, `NO_PROXY`), trusting the machine's
/// certificates or those of `SSL_CERT_FILE`. A redirection is never followed by itself, for it could lead elsewhere.
fn connections(api_url: &str) -> Result<reqwest::Client, ForgeError> {
    let provider = rustls::crypto::ring::default_provider();
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(30))
        .timeout(Duration::from_secs(60));
    if api_url.starts_with("https://") {
        // It is installed already where there is more than one client in a process.
        let _ = provider.install_default();
    } else {
        // Without TLS nobody's certificates are needed, and a machine may have none.
        let versions =
            rustls::ClientConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions();
        let none = versions.map_err(|error| ForgeError::Settings(error.to_string()))?;
        let config = none.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
        builder = builder.tls_backend_preconfigured(config);
    }
    builder.build().map_err(|error| ForgeError::Settings(chain(&error)))
}

fn client(base: &str, token: Option<&SecretString>, connections: &reqwest::Client) -> Result<Octocrab, ForgeError> {
    let wrong = |error: octocrab::Error| ForgeError::Settings(error.to_string());
    let mut builder = Octocrab::builder().base_uri(base).map_err(wrong)?;
    if let Some(token) = token {
        builder = builder.personal_token(token.clone());
    }
    builder.build_with_reqwest(connections.clone()).map_err(wrong)
}

/// `https://host/api` for `https://host/api/v3` (docs.github.com, "Forming calls with GraphQL", enterprise server).
fn graphql_base(api_url: &str) -> &str {
    let bare = api_url.trim_end_matches('/');
    bare.strip_suffix("/api/v3").map_or(api_url, |host| bare.get(..host.len() + "/api".len()).unwrap_or(api_url))
}

/// An answer that is no success, and no limit.
pub(super) fn classify(what: &str, reply: &Reply) -> ForgeError {
    let (what, message, status) = (what.to_owned(), reply.message(), reply.status.as_u16());
    match status {
        300..=399 => {
            // Its host says enough; the rest may hold anything.
            let to = reply.headers.get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
            let host =
                to.split_once("://").map_or("another path", |(_, rest)| rest.split('/').next().unwrap_or_default());
            ForgeError::Redirected { what, to: one_line(host) }
        }
        401 => ForgeError::Unauthorized { what },
        404 => ForgeError::NotFound { what },
        _ => ForgeError::Refused { what, status, message },
    }
}

/// At most 300 characters on one line, without what moves a terminal.
pub(super) fn one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

/// The last two causes of an error, which say what happened; those above them repeat each other.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        told.push(cause.to_string());
        next = cause.source();
    }
    let last = told.pop().unwrap_or_default();
    let above =
        told.pop().filter(|above| !above.contains(&last)).map_or_else(String::new, |above| format!("{above}: "));
    one_line(&format!("{above}{last}"))
}

#[cfg(test)]
mod tests {
    use super::{Reply, graph, graphql_base};
    use ::http::{HeaderMap, StatusCode};

    #[test]
    fn the_id_of_a_request_is_no_part_of_what_github_says() {
        let sick =
            "Something went wrong while executing your query. Please include `0781:5AD4:1` when reporting this issue.";
        let body =
            serde_json::json!({ "data": null, "errors": [{ "message": sick }, { "message": "Please include me" }] });
        let graph = graph(Reply { status: StatusCode::OK, headers: HeaderMap::new(), body }).expect("an answer");
        assert_eq!(graph.complaint(), "Something went wrong while executing your query.; Please include me");
    }

    #[test]
    fn graphql_lies_beside_the_rest_address_of_an_enterprise_server() {
        for (rest, graphql) in [
            ("https://api.github.com", "https://api.github.com"),
            ("https://ghe.example/api/v3", "https://ghe.example/api"),
            ("https://ghe.example/api/v3/", "https://ghe.example/api"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(graphql_base(rest), graphql);
        }
    }
}

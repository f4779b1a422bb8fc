//! The HTTP server: REST, GraphQL and git over one loopback port.
//!
//! Needs a [`Hub`] and a Tokio runtime. Guarantees that every request is authenticated, logged, counted against the
//! hourly budgets and answered with GitHub's headers, and that trial merges asked for by a read are made before its
//! answer leaves, so the next read knows. The server ends when its [`Server`] is dropped.
//!
//! Races: requests run side by side. The world is held only for a moment at a time; git decides between two pushes.

mod accident;
mod answer;
mod backend;
mod budget;
mod call;
mod graphql;
mod json;
mod log;
mod page;
mod rest;
mod transcript;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub use self::accident::{Accident, AccidentKind, Alteration};
use self::answer::Answer;
use self::budget::Budget;
use self::call::Call;
pub use self::log::{RequestEntry, RequestKind, RequestLog};
pub use self::transcript::{Exchange, Transcript};
use super::git::{GitError, Objects, Repository};
use super::hub::Hub;
use super::world::AccountId;

/// Everything that a request may need.
pub(super) struct Site<G = Repository> {
    pub hub: Arc<Hub<G>>,
    pub api_url: String,
    tokens: Mutex<BTreeMap<String, AccountId>>,
    log: Mutex<RequestLog>,
    transcript: Mutex<Option<Transcript>>,
    accidents: Mutex<accident::Accidents>,
    core: Mutex<Budget>,
    graphql: Mutex<Budget>,
    schema: &'static graphql::GraphSchema,
    /// What serves git: the program, and the folder that it serves; none for a repository in memory.
    backend: Option<(PathBuf, PathBuf)>,
}

/// A listening server; dropping it ends it.
pub(super) struct Server<G = Repository> {
    pub site: Arc<Site<G>>,
    _stop: oneshot::Sender<()>,
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The port could not be opened.
    #[error("no port could be opened: {0}")]
    Listen(#[from] std::io::Error),
    /// git is missing, or its `http-backend`.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The extract of the schema is not a schema.
    #[error("fixtures/github/schema.graphql is not valid: {0}")]
    Schema(String),
}

impl Server {
    /// Begins to listen on a free loopback port.
    pub async fn start(hub: Hub, token: &str, hourly_limit: u64) -> Result<Server, WireError> {
        let backend = (backend::find().await?, hub.git.root().to_owned());
        Server::listen(Arc::new(hub), token, hourly_limit, Some(backend)).await
    }
}

impl<G: Objects + 'static> Server<G> {
    /// The same for any repository; without a backend there is no git to clone or push to.
    pub async fn listen(
        hub: Arc<Hub<G>>,
        token: &str,
        hourly_limit: u64,
        backend: Option<(PathBuf, PathBuf)>,
    ) -> Result<Server<G>, WireError> {
        let schema = graphql::GraphSchema::shared().map_err(WireError::Schema)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let api_url = format!("http://{}", listener.local_addr()?);
        let viewer = {
            let mut world = hub.world();
            world.set_web_url(api_url.clone());
            world.viewer()
        };
        let site = Arc::new(Site {
            hub,
            api_url,
            tokens: Mutex::new(BTreeMap::from([(token.to_owned(), viewer)])),
            log: Mutex::default(),
            transcript: Mutex::default(),
            accidents: Mutex::default(),
            core: Mutex::new(Budget::new("core", hourly_limit)),
            graphql: Mutex::new(Budget::new("graphql", hourly_limit)),
            schema,
            backend,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let router = Router::new().fallback(serve::<G>).with_state(Arc::clone(&site));
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "small answers may be delayed");
            }
        });
        tokio::spawn(async move {
            let stopped = async {
                // Either end of the channel going away means: stop.
                let _ = stopped.await;
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stopped).await {
                tracing::error!(%error, "the simulator's server broke");
            }
        });
        Ok(Server { site, _stop: stop })
    }
}

impl<G: Objects> Site<G> {
    /// Lets another token act for an account.
    pub fn add_token(&self, token: &str, account: AccountId) {
        hold(&self.tokens).insert(token.to_owned(), account);
    }

    /// Arranges an accident.
    pub fn arrange(&self, accident: Accident) {
        hold(&self.accidents).arrange(accident);
    }

    /// How many requests met an accident since they were last ended.
    pub fn accidents_met(&self) -> usize {
        hold(&self.accidents).met()
    }

    /// Lets no more accidents happen; how many requests met one.
    pub fn end_accidents(&self) -> usize {
        hold(&self.accidents).end()
    }

    /// What was asked so far.
    pub fn log(&self) -> RequestLog {
        hold(&self.log).clone()
    }

    /// Keeps every exchange from now on.
    pub fn record(&self) {
        *hold(&self.transcript) = Some(Transcript::default());
    }

    /// What was kept.
    pub fn transcript(&self) -> Transcript {
        hold(&self.transcript).clone().unwrap_or_default()
    }

    /// Whether this is the repository that exists.
    fn is_here(&self, owner: &str, name: &str) -> bool {
        self.hub.world().full_name().eq_ignore_ascii_case(&format!("{owner}/{name}"))
    }

    /// The present name of the repository, where this is a former one.
    fn renamed(&self, owner: &str, name: &str) -> Option<String> {
        let world = self.hub.world();
        let asked = format!("{owner}/{name}");
        let former = world.is_named(&asked) && !world.full_name().eq_ignore_ascii_case(&asked);
        former.then(|| world.full_name().to_owned())
    }

    /// Whose token a request carries.
    fn authenticate(&self, call: &Call) -> Option<AccountId> {
        hold(&self.tokens).get(&call.token()?).copied()
    }

    /// Writes a request down.
    fn note(&self, entry: RequestEntry) {
        let at = self.hub.world().now();
        hold(&self.log).add(RequestEntry { at, ..entry });
    }
}

/// A small thing behind a lock. A panic while it was held leaves counters at worst one off.
fn hold<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers a request, if no accident happens to it.
async fn serve<G: Objects + 'static>(State(site): State<Arc<Site<G>>>, request: Request) -> Response {
    site.hub.tick();
    let call = match Call::read(request, AccountId(0)).await {
        Ok(call) => call,
        Err(answer) => return respond(&site, *answer),
    };
    let accident = {
        let mut accidents = hold(&site.accidents);
        if accidents.wants_former() {
            accidents.remember(site.hub.world().clone());
        }
        accidents.take(&call)
    };
    match accident {
        None => respond(&site, handle(&site, call).await),
        Some(kind) => accident::happen(&site, call, kind).await,
    }
}

fn respond(site: &Site<impl Objects>, answer: Answer) -> Response {
    let answer = budget::dated(answer, site.hub.world().now());
    let mut response = Response::new(axum::body::Body::from(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// Writes a request down that GitHub never saw.
fn note_accident(site: &Site<impl Objects>, call: &Call, answer: Answer) -> Answer {
    let kind = if call.path == ["graphql"] { RequestKind::GraphQl } else { RequestKind::Rest };
    site.note(call.entry(backend::service(call).unwrap_or(kind), answer.status));
    answer
}

async fn handle(site: &Arc<Site<impl Objects>>, mut call: Call) -> Answer {
    let account = site.authenticate(&call);
    call.account = account.unwrap_or(call.account);
    let answer = match (backend::service(&call), account) {
        (Some(kind), account) => return serve_git(site, &call, kind, account).await,
        (None, None) => refuse_stranger(site, &call),
        (None, Some(_)) if call.path == ["graphql"] => serve_graphql(site, &call).await,
        (None, Some(_)) => serve_rest(site, &call).await,
    };
    if let Some(transcript) = hold(&site.transcript).as_mut() {
        transcript.add(call, &answer);
    }
    answer
}

/// Answers a request with a wrong token, or none.
fn refuse_stranger(site: &Site<impl Objects>, call: &Call) -> Answer {
    let kind = if call.path == ["graphql"] { RequestKind::GraphQl } else { RequestKind::Rest };
    site.note(call.entry(kind, StatusCode::UNAUTHORIZED));
    let carried = call.headers.contains_key(AUTHORIZATION);
    let message = if carried { "Bad credentials" } else { "Requires authentication" };
    let now = site.hub.world().now();
    hold(&site.core).sign(Answer::error(StatusCode::UNAUTHORIZED, message), now)
}

async fn serve_git(site: &Site<impl Objects>, call: &Call, kind: RequestKind, account: Option<AccountId>) -> Answer {
    let public = !call.headers.contains_key(AUTHORIZATION) && !site.hub.world().settings.private;
    let twice = call.headers.get_all(AUTHORIZATION).iter().count() > 1;
    let answer = match account {
        _ if twice => Answer::error(StatusCode::BAD_REQUEST, "Duplicate header: \"Authorization\""),
        // What is public may be fetched by everybody.
        None if public && kind != RequestKind::GitPush => git(site, call, kind, AccountId(0)).await,
        None => {
            let answer = Answer::error(StatusCode::UNAUTHORIZED, "Bad credentials");
            answer.with(WWW_AUTHENTICATE, "Basic realm=\"GitHub\"")
        }
        Some(account) => git(site, call, kind, account).await,
    };
    site.note(call.entry(kind, answer.status));
    answer
}

/// Lets git answer, and takes what was pushed into the world before the answer leaves.
async fn git(site: &Site<impl Objects>, call: &Call, kind: RequestKind, account: AccountId) -> Answer {
    let (Some(owner), Some(name)) = (call.path.first(), call.path.get(1)) else {
        return Answer::not_found();
    };
    let name = name.strip_suffix(".git").unwrap_or(name);
    if let Some(now) = site.renamed(owner, name) {
        return moved(
            &format!("{}/{now}.git/{}", site.api_url, call.path.get(2..).unwrap_or_default().join("/")),
            call,
        );
    }
    if !site.is_here(owner, name) || !site.hub.world().may_see(account) {
        return Answer::not_found();
    }
    let (repository, user, may_write) = {
        let world = site.hub.world();
        let login = world.account(account).map_or_else(String::new, |account| account.login.clone());
        (world.first_name().to_owned(), login, world.permission(account).can_write() && !world.settings.archived)
    };
    if kind == RequestKind::GitPush && !may_write {
        return Answer::error(StatusCode::FORBIDDEN, &format!("Permission to {repository}.git denied to {user}."));
    }
    let Some((program, root)) = &site.backend else { return Answer::not_found() };
    let answer = backend::run(program, root, &repository, call, &user).await;
    if kind == RequestKind::GitPush
        && call.method == "POST"
        && let Err(error) = site.hub.settle(account).await
    {
        return error.into();
    }
    answer.unwrap_or_else(Answer::from)
}

/// Leads on to where the repository is now.
fn moved(to: &str, call: &Call) -> Answer {
    let query = if call.raw_query.is_empty() { String::new() } else { format!("?{}", call.raw_query) };
    Answer::error(StatusCode::MOVED_PERMANENTLY, "Moved Permanently").with(LOCATION, &format!("{to}{query}"))
}

async fn serve_rest(site: &Site<impl Objects>, call: &Call) -> Answer {
    let now = site.hub.world().now();
    if !hold(&site.core).take(1, now) {
        let answer = Answer::error(StatusCode::FORBIDDEN, "API rate limit exceeded for user.");
        site.note(call.entry(RequestKind::Rest, answer.status));
        return hold(&site.core).sign(answer, now);
    }
    let reads = matches!(call.method.as_str(), "GET" | "HEAD");
    let mut answer = if !reads && call.headers.contains_key(IF_NONE_MATCH) {
        let message = "Conditional request headers are not allowed in unsafe requests unless supported by the endpoint";
        Answer::error(StatusCode::BAD_REQUEST, message)
    } else {
        rest::answer(site, call).await
    };
    if reads && answer.status == StatusCode::OK {
        answer = conditional(call, answer);
    }
    let mut points = 1;
    if answer.status == StatusCode::NOT_MODIFIED {
        points = 0;
        hold(&site.core).give_back(1);
    }
    site.note(RequestEntry { points, ..call.entry(RequestKind::Rest, answer.status) });
    let answer = hold(&site.core).sign(answer, now);
    finish(site, answer).await
}

async fn serve_graphql(site: &Site<impl Objects>, call: &Call) -> Answer {
    let now = site.hub.world().now();
    let outcome = graphql::answer(site, call, now).await;
    let entry = call.entry(RequestKind::GraphQl, outcome.answer.status);
    site.note(RequestEntry { operation: outcome.operation, points: outcome.points, ..entry });
    let answer = hold(&site.graphql).sign(outcome.answer, now);
    finish(site, answer).await
}

/// Makes the trial merges that were asked for.
async fn finish(site: &Site<impl Objects>, answer: Answer) -> Answer {
    match site.hub.answer_wanted().await {
        Ok(()) => answer,
        Err(error) => error.into(),
    }
}

/// Adds the tag of the body; answers 304 where the caller has it.
fn conditional(call: &Call, answer: Answer) -> Answer {
    let digest = Sha256::digest(&answer.body);
    let tag: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("W/\"{tag}\"");
    let bare = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    let known = call.header("if-none-match").is_some_and(|tags| tags.split(',').any(|known| bare(known) == bare(&tag)));
    let answer = answer.with(ETAG, &tag);
    if !known {
        return answer;
    }
    let mut headers = answer.headers;
    headers.remove(CONTENT_TYPE);
    Answer { status: StatusCode::NOT_MODIFIED, headers, body: axum::body::Bytes::new() }
        .with(HeaderName::from_static("cache-control"), "private, max-age=60, s-maxage=60")
}

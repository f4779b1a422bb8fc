//! A simulated GitHub with a git server and a coding agent, for `orchestrator demo` and for tests.
//!
//! **Needs** the `git` program (2.38 or newer) and a Tokio runtime; no network beyond loopback. **Guarantees** that it
//! answers what GitHub answers, not what a client hopes: it shares no type with the rest of the crate, validates
//! GraphQL documents against GitHub's own schema, serves git through git's own `http-backend`, and computes diffs,
//! conflicts and merges with real git. With a fixed clock the same calls give the same answers and the same oids.
//! **Races:** requests run side by side; world and git are kept in step behind one gate (`hub.rs`), while pushes race
//! in git itself, so of two pushes that expect the same value exactly one wins.
//!
//! # Layout
//!
//! [`world`] is the state without I/O; `git.rs` the bare repository, on disk or in memory; `hub.rs` keeps the two in
//! step; `wire.rs` is the server; `agent.rs` the agent's scripts; [`sample`] the project that the demonstration begins
//! with. [`Miniature`] is all of it without server, git program and runtime, for worlds that are tried by the thousand.
//!
//! # What GitHub publishes
//!
//! Every REST answer has the form of GitHub's OpenAPI description and every GraphQL answer that of the public schema; the
//! extracts in `fixtures/github` say which, and the tests whose names begin with `conformance` hold the two against each
//! other, request by request and answer by answer.
//!
//! # What the descriptions don't say
//!
//! GitHub behaves so, and so does the simulator:
//!
//! | behaviour | source |
//! | --- | --- |
//! | An assignment is answered 201 whatever came of it; an unknown login, or no right to assign, is dropped in silence | atvirokodosprendimai/wgmesh#45 |
//! | Creating an issue with an assignee who can't be assigned fails as a whole | octokit/rest.js#541 |
//! | The agent is asked for as `copilot-swe-agent[bot]`, shown as `Copilot` (198982749), and is `copilot-swe-agent` in GraphQL | docs.github.com, `use-cloud-agent-via-the-api`; github/github-mcp-server `pkg/github/copilot.go` |
//! | Its sessions are told by events of the REST timeline alone: `copilot_work_started`, `…_finished`, `…_finished_failure` | microsoft/vscode-pull-request-github `src/github/utils.ts` |
//! | A session that met a limit says so in its event, with the minutes to wait; a comment that calls it begins another | copilot-coding-agent/user-feedback#34 |
//! | The agent's workflow runs wait for a person by default; until then their commit has no check | docs.github.com, "Configuring settings for Copilot cloud agent" |
//! | `assignees` of GraphQL leaves bots out, `assignedActors` has them | microsoft/vscode-pull-request-github#7324 |
//! | Names of labels are compared without case | karelz/GitHubIssues#128, Xiphe/github-sync-labels-milestones#6 |
//! | `labels` is "all of them" in REST lists and "any of them" in GraphQL | cli/cli#419 |
//! | REST lists of issues hold pull requests as well | docs.github.com, "List repository issues" |
//! | Who may not write is answered 404, and labels and assignees in his issues are dropped in silence | docs.github.com, "Troubleshooting the REST API" and "Create an issue" |
//! | A description is refused beyond 65,536 characters | peter-evans/create-issue-from-file#1705 |
//! | Mergeability is unknown until somebody asks; the question starts the trial merge. A push to the base makes it unknown again | docs.github.com, "Using the REST API to interact with your Git database"; akuity/kargo#6490 |
//! | A merge may be refused once with 405, `Base branch was modified`; a head that moved is 409 | akuity/kargo#6490 |
//! | `reviewDecision` is null where no rule requires a review; the rollup is null where there is no check | abcxyz/github-metrics-aggregator#224 |
//! | Nobody approves his own pull request | github/app#635 |
//! | Closing keywords count in pull requests into the default branch | github/docs#199 |
//! | A branch that is gone is deleted with 422, `Reference does not exist` | suzuki-shunsuke/lock-action#255 |
//! | A read whose tag is known is answered 304 and costs nothing; on a write the header is refused with 400 | docs.github.com, "Best practices for using the REST API"; costajohnt/oss-autopilot#1510 |
//! | Spent hours are 403 with `x-ratelimit-remaining: 0`; what is too much at once is 403 or 429, perhaps with `retry-after` | docs.github.com, "Rate limits for the REST API"; apache/devlake#1322 |
//! | A token without a permission is told `Resource not accessible by personal access token` | teoxoy/profile-readme-stats#31 |
//! | A merge that a rule forbids is 405, in words that nobody lists | chdsbd/kodiak#295 |
//! | Replicas lag: what is new may be 404, and lists may leave it out for minutes | probot/stale#83; judell/bram#254 |
//! | A query that GitHub can't finish is answered 200 with a complaint, and without data or with a part of it | gitkraken/vscode-gitlens#3298 |
//! | GraphQL answers 200, refusals and spent limits included | docs.github.com, "Rate limits and query limits for the GraphQL API" |
//!
//! # Known differences from GitHub
//!
//! * GraphQL knows the part of the schema in `fixtures/github/schema.graphql`; every field in it is answered from the
//!   world. A field outside of it is refused as an unknown one is at GitHub, although GitHub may have it.
//! * What REST requires and the world has nothing of (stars, forks, profiles) is shown as of a new account or repository.
//! * A draft without conflicts has the merge state DRAFT. GitHub calls that value deprecated and sometimes answers
//!   BLOCKED (GraphQL reference, `MergeStateStatus`).
//! * Trial merges are done before the answer that asked for them leaves; GitHub takes seconds. Lists lag only
//!   where a setting says so ([`world::Settings`]); at GitHub they did for minutes (judell/bram#254). Lost requests and
//!   answers are arranged one by one ([`Accident`]).
//! * No secondary rate limits, webhooks, automatic merge, teams, commit statuses, check suites or search.
//! * A protected branch refuses by the hook `proc-receive`; the words on the terminal are GitHub's (GH006, as seen in
//!   public logs), the rest of the output is git's.
//! * The agent's session has three steps, four where it pushes again after its review request. GitHub's may stay queued for an hour, or never start (clockgrove/factory
//!   `docs/PLATFORM-BEHAVIOR.md`); here it does so where a script says so ([`Script::NeverStart`]).
//! * One repository, which needs no collaborators to be read: everybody with a token may read it.

mod agent;
mod git;
mod hub;
mod miniature;
pub mod sample;
#[expect(clippy::indexing_slicing, reason = "fields are set in objects of JSON that are made right above")]
mod wire;
pub mod world;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use self::agent::Scripts;
pub use self::agent::{AgentEvent, IssueKind, Mishap, Script};
pub use self::git::{Entry, FileChange, GitError, Signature, Tree};
use self::git::{Objects, Repository};
pub use self::hub::{BranchCommit, MergeRequest};
use self::hub::{BranchDeletion, Clock, Hub, NewFiles, Opening, Trouble};
pub use self::miniature::{Edit, Miniature, Push, Pushed, Wire};
use self::wire::Server;
pub use self::wire::{
    Accident, AccidentKind, Alteration, Exchange, RequestEntry, RequestKind, RequestLog, Transcript, WireError,
};
pub use self::world::PushRule;
use self::world::{AccountId, CheckResult, Founding, MergeMethod, Refusal, Settings, World};

/// What a simulator begins with. The default is the sample project with the machine's clock.
#[derive(Clone, Debug)]
pub struct Options {
    /// The repository's owner; an organization unless it is the viewer.
    pub owner: String,
    /// The repository's name.
    pub name: String,
    /// The token that is accepted.
    pub token: String,
    /// Whose token it is: an account with all rights.
    pub viewer_login: String,
    /// The default branch.
    pub mainline: String,
    /// The files of the first commit; without any there is none.
    pub project: Vec<(String, Vec<u8>)>,
    /// A clock that stands still until it is set, or the machine's.
    pub now: Option<Timestamp>,
    /// What the agent is free to choose: which gap it finds first, whether it updates the capabilities along with code.
    pub seed: u64,
    /// The points of each hourly budget.
    pub hourly_limit: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            owner: "maintainer".to_owned(),
            name: "tally".to_owned(),
            token: "simulated-token".to_owned(),
            viewer_login: "maintainer".to_owned(),
            mainline: "main".to_owned(),
            project: sample::project(),
            now: None,
            seed: 0,
            hourly_limit: 5_000,
        }
    }
}

/// Why the simulator did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The options can't be a repository at GitHub.
    #[error("{0}")]
    Options(String),
    /// The directory for the repository could not be made.
    #[error("no directory for the repository: {0}")]
    Directory(#[from] std::io::Error),
    /// The server could not start.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// git broke.
    #[error(transparent)]
    Git(#[from] GitError),
    /// GitHub would refuse it.
    #[error("refused: {0:?}")]
    Refused(Refusal),
}

impl From<Trouble> for SimError {
    fn from(trouble: Trouble) -> SimError {
        match trouble {
            Trouble::Refused(refusal) => SimError::Refused(refusal),
            Trouble::Git(error) => SimError::Git(error),
        }
    }
}

impl From<Refusal> for SimError {
    fn from(refusal: Refusal) -> SimError {
        SimError::Refused(refusal)
    }
}

/// Refuses an owner or a name that GitHub refuses.
fn check_names(options: &Options) -> Result<(), SimError> {
    for name in [&options.owner, &options.name] {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(fits) {
            return Err(SimError::Options(format!("{name:?} can't be a name at GitHub")));
        }
    }
    Ok(())
}

/// World and git with the first commit.
#[expect(clippy::disallowed_methods, reason = "the simulator's own clock; it shares nothing with the product")]
async fn found<G: Objects>(options: &Options, git: G) -> Result<Hub<G>, SimError> {
    let clock = if options.now.is_some() { Clock::Fixed } else { Clock::Wall };
    let now = options.now.unwrap_or_else(Timestamp::now);
    let world = World::new(Founding {
        owner: options.owner.clone(),
        name: options.name.clone(),
        viewer: options.viewer_login.clone(),
        mainline: options.mainline.clone(),
        web_url: String::new(),
        now: Timestamp::from_second(now.as_second()).unwrap_or(now),
    });
    let viewer = world.viewer();
    let hub = Hub::new(world, git, clock);
    let files: Vec<FileChange<'_>> =
        options.project.iter().map(|(path, content)| (path.as_str(), Some(content.as_slice()))).collect();
    let author = Signature::account(viewer.0, &options.viewer_login);
    let first =
        NewFiles { branch: &options.mainline, from: None, files: &files, message: "Initial commit", author: &author };
    // Without a file the repository is as GitHub makes it: empty, without a commit.
    if !first.files.is_empty() {
        hub.commit_files(first, viewer).await?;
    }
    Ok(hub)
}

/// A running simulator. Dropping it ends the server and removes its directory.
pub struct Simulator {
    server: Server,
    token: String,
    scripts: Mutex<Scripts>,
    directory: Mutex<Option<TempDir>>,
}

impl Simulator {
    /// Starts one; it listens on a free loopback port when this returns.
    pub async fn start(options: Options) -> Result<Simulator, SimError> {
        check_names(&options)?;
        let directory = tempfile::Builder::new().prefix("orchestrator-sim-").tempdir()?;
        let git = Repository::create(directory.path(), &options.owner, &options.name, &options.mainline).await?;
        let hub = found(&options, git).await?;
        let server = Server::start(hub, &options.token, options.hourly_limit).await?;
        Ok(Simulator {
            server,
            token: options.token,
            scripts: Mutex::new(Scripts::new(options.seed)),
            directory: Mutex::new(Some(directory)),
        })
    }

    /// The base of REST and GraphQL.
    pub fn api_url(&self) -> String {
        self.server.site.api_url.clone()
    }

    /// Where to clone from; needs the token as the password.
    pub fn git_url(&self) -> String {
        let name = self.hub().world().full_name().to_owned();
        format!("{}/{name}.git", self.server.site.api_url)
    }

    /// The token that is accepted.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Lets another token act for an account (see [`World::person`]).
    pub fn add_token(&self, token: &str, account: AccountId) {
        self.server.site.add_token(token, account);
    }

    /// Arranges that something happens to the next request that it fits.
    pub fn arrange(&self, accident: Accident) {
        self.server.site.arrange(accident);
    }

    /// Lets no more accidents happen; how many requests met one since the last time.
    pub fn end_accidents(&self) -> usize {
        self.server.site.end_accidents()
    }

    /// Everything that was asked so far.
    pub fn requests(&self) -> RequestLog {
        self.server.site.log()
    }

    /// Keeps every exchange over REST and GraphQL from now on, word for word.
    pub fn record(&self) {
        self.server.site.record();
    }

    /// What was kept since [`Simulator::record`].
    pub fn transcript(&self) -> Transcript {
        self.server.site.transcript()
    }

    /// Looks at the world, or lets people act in it. What needs git has methods of its own below.
    pub fn world<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.hub().tick();
        act(&mut self.hub().world())
    }

    /// Moves every session of the agent on by one step.
    pub async fn step_agent(&self) -> Result<Vec<AgentEvent>, SimError> {
        self.hub().tick();
        let scripts = self.scripts().clone();
        Ok(agent::step(self.hub(), &scripts).await?)
    }

    /// Chooses how the sessions of one issue go.
    pub fn script_issue(&self, issue: u64, script: Script) {
        self.scripts().set_number(issue, script);
    }

    /// Chooses how the sessions of a kind of issue go.
    pub fn script_kind(&self, kind: IssueKind, script: Script) {
        self.scripts().set_kind(kind, script);
    }

    /// Sets a fixed clock. It never goes back.
    pub fn set_time(&self, now: Timestamp) {
        self.hub().world().set_now(now);
    }

    /// Moves a fixed clock on.
    pub fn advance(&self, by: SignedDuration) {
        self.hub().advance(by);
    }

    /// The viewer commits files onto a branch, as if pushed; a new branch begins at the mainline. Returns the commit.
    pub async fn commit_files(
        &self,
        branch: &str,
        files: &[FileChange<'_>],
        message: &str,
    ) -> Result<String, SimError> {
        Ok(self.hub().viewer_commits(branch, files, message).await?)
    }

    /// Somebody opens a pull request for a branch into the mainline.
    pub async fn open_pull(&self, author: AccountId, branch: &str, title: &str, body: &str) -> Result<u64, SimError> {
        Ok(self.hub().person_opens(Opening { author, branch, title, body }).await?)
    }

    /// The same from a fork (`owner/name`): the branch is taken over as the fork's.
    pub async fn open_pull_from_fork(
        &self,
        author: AccountId,
        fork: &str,
        branch: &str,
        title: &str,
    ) -> Result<u64, SimError> {
        Ok(self.hub().fork_opens(Opening { author, branch, title, body: "" }, fork).await?)
    }

    /// A person merges a pull request at GitHub. Returns the commit.
    pub async fn merge_pull(&self, by: AccountId, number: u64, method: MergeMethod) -> Result<String, SimError> {
        Ok(self.hub().person_merges(by, number, method).await?)
    }

    /// A person deletes a branch at GitHub.
    pub async fn delete_branch(&self, by: AccountId, branch: &str) -> Result<(), SimError> {
        self.hub().tick();
        Ok(self.hub().delete_branch(by, &BranchDeletion::anywhere(branch)).await?)
    }

    /// An administrator points a branch at another commit, back or aside, whatever protects it.
    pub async fn force_push(&self, branch: &str, oid: &str) -> Result<(), SimError> {
        Ok(self.hub().force_push(branch, oid).await?)
    }

    /// An administrator deletes a ref by its whole name, if it is there.
    pub async fn delete_ref(&self, name: &str) -> Result<(), SimError> {
        Ok(self.hub().delete_ref(name).await?)
    }

    /// Reports a check on a commit.
    pub fn report_check(&self, oid: &str, name: &str, result: CheckResult) {
        self.world(|world| world.report_check(oid, name, result));
    }

    /// Lets the mainline take changes through pull requests only, or by pushes too.
    pub async fn protect_mainline(&self, protected: bool) -> Result<(), SimError> {
        self.world(|world| world.settings.mainline_protected = protected);
        Ok(self.hub().protect().await?)
    }

    /// Changes the rules of pushes in the settings; git enforces them from now on.
    pub async fn set_rules(&self, set: impl FnOnce(&mut Settings)) -> Result<(), SimError> {
        self.world(|world| set(&mut world.settings));
        Ok(self.hub().protect().await?)
    }

    /// Forbids the deletion of branches: a name, or a pattern with `*`.
    pub async fn protect_branch(&self, pattern: &str) -> Result<(), SimError> {
        self.world(|world| world.settings.undeletable.insert(pattern.to_owned()));
        Ok(self.hub().protect().await?)
    }

    /// A file at the tip of a branch, or at any other revision.
    pub async fn read_file(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, SimError> {
        Ok(self.hub().git.read_file(revision, path).await?)
    }

    /// The paths of all files at a revision.
    pub async fn list_files(&self, revision: &str) -> Result<Vec<String>, SimError> {
        Ok(self.hub().git.list_files(revision).await?)
    }

    /// The commits of a revision, newest first: oid and whole message.
    pub async fn log(&self, revision: &str) -> Result<Vec<(String, String)>, SimError> {
        Ok(self.hub().git.log(revision).await?)
    }

    /// The bare repository's directory.
    pub fn git_dir(&self) -> PathBuf {
        self.hub().git.dir().to_owned()
    }

    /// Keeps the directory when the simulator is dropped; returns where it is.
    pub fn keep(&self) -> PathBuf {
        let taken = self.directory.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.map_or_else(|| self.hub().git.root().to_owned(), TempDir::keep)
    }

    fn hub(&self) -> &Hub {
        &self.server.site.hub
    }

    fn scripts(&self) -> MutexGuard<'_, Scripts> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

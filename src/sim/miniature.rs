//! The simulator without git program; server and runtime only where it is served over HTTP ([`Miniature::serve`]).
//!
//! Needs nothing. Guarantees: the world, the agent and what keeps world and git in step are the simulator's own; only
//! git is another ([`Memory`], whose header says where it differs). A copy is independent of its original. Time stands
//! still until it is moved.
//!
//! Races: none. Whoever changes it holds it alone, so nothing in it ever waits; a test that has it served as well acts
//! between requests.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};

use super::agent::{self, AgentEvent, IssueKind, Script, Scripts};
use super::git::{Entry, FileChange, GitError, Memory, NewCommit, Objects, Signature, Tree};
use super::hub::{BranchCommit, BranchDeletion, Hub, MergeRequest, Opening};
use super::wire::{Accident, RequestLog, Server, Transcript};
use super::world::{AccountId, MergeMethod, PushRule, Settings, World};
use super::{Options, SimError, check_names, found};

/// A simulated GitHub in memory. See the module's documentation.
pub struct Miniature {
    /// Shared with its wire, if it has one.
    hub: Arc<Hub<Memory>>,
    scripts: Scripts,
}

impl Clone for Miniature {
    /// Another world; a wire goes on with the first.
    fn clone(&self) -> Miniature {
        Miniature { hub: Arc::new((*self.hub).clone()), scripts: self.scripts.clone() }
    }
}

/// The wire of a [`Miniature`]; dropping it ends the server.
pub struct Wire(Server<Memory>);

impl Wire {
    /// The base of REST and GraphQL.
    pub fn api_url(&self) -> String {
        self.0.site.api_url.clone()
    }

    /// Lets another token act for an account (see [`World::person`]).
    pub fn add_token(&self, token: &str, account: AccountId) {
        self.0.site.add_token(token, account);
    }

    /// Arranges that something happens to the next request that it fits.
    pub fn arrange(&self, accident: Accident) {
        self.0.site.arrange(accident);
    }

    /// How many requests met an accident so far.
    pub fn accidents_met(&self) -> usize {
        self.0.site.accidents_met()
    }

    /// Lets no more accidents happen; how many requests met one since the last time.
    pub fn end_accidents(&self) -> usize {
        self.0.site.end_accidents()
    }

    /// Everything that was asked so far.
    pub fn requests(&self) -> RequestLog {
        self.0.site.log()
    }

    /// Keeps every exchange from now on, word for word.
    pub fn record(&self) {
        self.0.site.record();
    }

    /// What was kept since [`Wire::record`].
    pub fn transcript(&self) -> Transcript {
        self.0.site.transcript()
    }
}

/// A change of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Edit {
    /// Writes a file.
    Write {
        /// Where.
        path: String,
        /// `100644`, `100755` or `120000` for a link.
        mode: String,
        /// What.
        content: Vec<u8>,
    },
    /// Moves a file, its mode and content kept.
    Move {
        /// From where.
        from: String,
        /// To where.
        to: String,
    },
    /// Removes a file.
    Remove {
        /// Where.
        path: String,
    },
}

/// One commit on what a ref is expected to be.
#[derive(Clone, Copy, Debug)]
pub struct Push<'a> {
    /// Who pushes.
    pub by: AccountId,
    /// The whole name of the ref.
    pub reference: &'a str,
    /// What it is; `None` where there is none.
    pub expected: Option<&'a str>,
    /// What changes.
    pub edits: &'a [Edit],
    /// The message.
    pub message: &'a str,
    /// Who writes and commits it.
    pub signature: &'a Signature,
    /// When it was written.
    pub at: Timestamp,
}

/// What became of a push.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pushed {
    /// The ref is this commit now.
    Accepted {
        /// Which.
        oid: String,
        /// The rules that it broke and was let through all the same, in GitHub's words.
        bypassed: Option<String>,
    },
    /// The ref is not what was expected.
    Stale,
    /// A rule forbids it.
    Refused {
        /// Which.
        rule: PushRule,
        /// In GitHub's and git's words.
        why: String,
    },
}

/// What a future answers that never waits: the gate is free, and memory is there.
fn at_once<T, E: Into<SimError>>(future: impl Future<Output = Result<T, E>>) -> Result<T, SimError> {
    // A runtime that this runs in by chance must not count it among its own work.
    let future = pin!(tokio::task::unconstrained(future));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.map_err(Into::into),
        Poll::Pending => Err(SimError::Git(GitError::Answer {
            command: "in memory".to_owned(),
            answer: "something else holds the simulator".to_owned(),
        })),
    }
}

impl Miniature {
    /// One with this project. Without a time it begins in 1970; token and hourly limit mean nothing.
    pub fn new(options: &Options) -> Result<Miniature, SimError> {
        check_names(options)?;
        let now = options.now.unwrap_or(Timestamp::UNIX_EPOCH);
        let hub = at_once(found(&Options { now: Some(now), ..options.clone() }, Memory::default()))?;
        hub.world().set_web_url("https://github.com".to_owned());
        Ok(Miniature { hub: Arc::new(hub), scripts: Scripts::new(options.seed) })
    }

    /// REST and GraphQL of this world over HTTP, without git. Whoever uses both lets one of them answer at a time.
    pub async fn serve(&self, token: &str, hourly_limit: u64) -> Result<Wire, SimError> {
        Ok(Wire(Server::listen(Arc::clone(&self.hub), token, hourly_limit, None).await?))
    }

    /// Looks at the world, or lets people act in it. What needs git has methods of its own below.
    pub fn world<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.hub.world())
    }

    /// Moves every session of the agent on by one step.
    pub fn step_agent(&mut self) -> Result<Vec<AgentEvent>, SimError> {
        at_once(agent::step(&self.hub, &self.scripts))
    }

    /// Chooses how the sessions of one issue go.
    pub fn script_issue(&mut self, issue: u64, script: Script) {
        self.scripts.set_number(issue, script);
    }

    /// Chooses how the sessions of a kind of issue go.
    pub fn script_kind(&mut self, kind: IssueKind, script: Script) {
        self.scripts.set_kind(kind, script);
    }

    /// Sets the clock. It never goes back.
    pub fn set_time(&mut self, now: Timestamp) {
        self.hub.world().set_now(now);
    }

    /// Moves the clock on.
    pub fn advance(&mut self, by: SignedDuration) {
        self.hub.advance(by);
    }

    /// The viewer commits files onto a branch, as if pushed; a new branch begins at the mainline. Returns the commit.
    pub fn commit_files(&mut self, branch: &str, files: &[FileChange<'_>], message: &str) -> Result<String, SimError> {
        at_once(self.hub.viewer_commits(branch, files, message))
    }

    /// Somebody opens a pull request for a branch into the mainline.
    pub fn open_pull(&mut self, author: AccountId, branch: &str, title: &str, body: &str) -> Result<u64, SimError> {
        at_once(self.hub.person_opens(Opening { author, branch, title, body }))
    }

    /// The same from a fork, whose branch it is then.
    pub fn open_pull_from_fork(
        &mut self,
        author: AccountId,
        fork: &str,
        branch: &str,
        body: &str,
    ) -> Result<u64, SimError> {
        at_once(self.hub.fork_opens(Opening { author, branch, title: "From a fork", body }, fork))
    }

    /// A person merges a pull request at GitHub. Returns the commit.
    pub fn merge_pull(&mut self, by: AccountId, number: u64, method: MergeMethod) -> Result<String, SimError> {
        at_once(self.hub.person_merges(by, number, method))
    }

    /// A client merges a pull request with words of its own. Returns the commit.
    pub fn merge(&mut self, by: AccountId, request: MergeRequest) -> Result<String, SimError> {
        at_once(self.hub.merge(by, request))
    }

    /// A client merges the base into the head of a pull request.
    pub fn update_branch(&mut self, by: AccountId, number: u64, expected: Option<&str>) -> Result<(), SimError> {
        at_once(self.hub.update_branch(by, number, expected))
    }

    /// A client lets GitHub commit on a branch. Returns the commit.
    pub fn commit_on_branch(&mut self, by: AccountId, new: BranchCommit) -> Result<String, SimError> {
        at_once(self.hub.commit_on_branch(by, &new))
    }

    /// A person or a client deletes a branch at GitHub.
    pub fn delete_branch(&mut self, by: AccountId, branch: &str) -> Result<(), SimError> {
        at_once(self.hub.delete_branch(by, &BranchDeletion::anywhere(branch)))
    }

    /// A client deletes a branch that has to stand at this commit.
    pub fn delete_branch_at(&mut self, by: AccountId, branch: &str, expected: &str) -> Result<(), SimError> {
        let deletion = BranchDeletion { branch: branch.to_owned(), expected: Some(expected.to_owned()) };
        at_once(self.hub.delete_branch(by, &deletion))
    }

    /// An administrator points a branch at another commit, back or aside, whatever protects it.
    pub fn force_push(&mut self, branch: &str, oid: &str) -> Result<(), SimError> {
        at_once(self.hub.force_push(branch, oid))
    }

    /// An administrator deletes a ref by its whole name, if it is there.
    pub fn delete_ref(&mut self, name: &str) -> Result<(), SimError> {
        at_once(self.hub.delete_ref(name))
    }

    /// Lets the mainline take changes through pull requests only, or by pushes too.
    pub fn protect_mainline(&mut self, protected: bool) {
        self.world(|world| world.settings.mainline_protected = protected);
    }

    /// Changes the rules of pushes in the settings.
    pub fn set_rules(&mut self, set: impl FnOnce(&mut Settings)) {
        self.world(|world| set(&mut world.settings));
    }

    /// Makes the trial merges that were asked for ([`World::want_mergeability`]); the server does so after every answer.
    pub fn answer_wanted(&mut self) -> Result<(), SimError> {
        at_once(self.hub.answer_wanted())
    }

    /// A file at the tip of a branch, or at any other revision.
    pub fn read_file(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, SimError> {
        at_once(self.hub.git.read_file(revision, path))
    }

    /// The paths of all files at a revision.
    pub fn list_files(&self, revision: &str) -> Result<Vec<String>, SimError> {
        at_once(self.hub.git.list_files(revision))
    }

    /// The commits of a revision, newest first: oid and whole message.
    pub fn log(&self, revision: &str) -> Result<Vec<(String, String)>, SimError> {
        at_once(self.hub.git.log(revision))
    }

    /// The files of a commit.
    pub fn tree(&self, commit: &str) -> Result<Arc<Tree>, SimError> {
        Ok(self.hub.git.tree(commit)?)
    }

    /// A blob's bytes.
    pub fn blob(&self, id: &str) -> Option<Arc<[u8]>> {
        self.hub.git.blob(id)
    }

    /// Whether `ancestor` can be reached from `tip`.
    pub fn is_ancestor(&self, ancestor: &str, tip: &str) -> bool {
        self.hub.git.is_ancestor(ancestor, tip)
    }

    /// The parents of a commit; none for an unknown one.
    pub fn parents(&self, commit: &str) -> Vec<String> {
        self.hub.git.parents(commit)
    }

    /// Where two commits parted.
    pub fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        self.hub.git.merge_base(one, other)
    }

    /// Pushes one commit. The world sees the moved ref before this returns.
    pub fn push(&mut self, push: Push<'_>) -> Result<Pushed, SimError> {
        let bypassed = match judge(&self.hub.world(), &push) {
            Ok(bypassed) => bypassed,
            Err((rule, why)) => return Ok(Pushed::Refused { rule, why }),
        };
        let git = &self.hub.git;
        if at_once(git.resolve(push.reference))?.as_deref() != push.expected {
            return Ok(Pushed::Stale);
        }
        let base = push.expected.map(|commit| git.tree(commit)).transpose()?;
        let tree = edited(git, base.map_or_else(Tree::new, |tree| (*tree).clone()), push.edits);
        let (parents, signature): (Vec<&str>, _) = (push.expected.into_iter().collect(), push.signature);
        let tree = git.put_tree(tree);
        let new = NewCommit {
            tree: &tree,
            parents: &parents,
            message: push.message,
            author: signature,
            committer: signature,
            at: push.at,
        };
        let oid = at_once(git.write_commit(new))?;
        if !at_once(git.move_ref(push.reference, &oid, push.expected))? {
            return Ok(Pushed::Stale);
        }
        at_once(self.hub.settle(push.by))?;
        Ok(Pushed::Accepted { oid, bypassed })
    }
}

/// What a push is told: who may not write is refused, then what the hook of the git server says.
fn judge(world: &World, push: &Push<'_>) -> Result<Option<String>, (PushRule, String)> {
    if !world.permission(push.by).can_write() || world.settings.archived {
        let login = world.account(push.by).map_or("", |account| account.login.as_str());
        return Err((PushRule::Permission, format!("Permission to {}.git denied to {login}.", world.full_name())));
    }
    world.judge_push(push.reference)
}

fn edited(git: &Memory, mut tree: Tree, edits: &[Edit]) -> Tree {
    for edit in edits {
        match edit {
            Edit::Write { path, mode, content } => {
                tree.insert(path.clone(), Entry { mode: mode.clone(), blob: git.put_blob(content) });
            }
            Edit::Move { from, to } => {
                if let Some(entry) = tree.remove(from) {
                    tree.insert(to.clone(), entry);
                }
            }
            Edit::Remove { path } => {
                tree.remove(path);
            }
        }
    }
    tree
}

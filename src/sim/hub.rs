//! World and git kept in step.
//!
//! Needs a [`World`] and a repository ([`Objects`]). Guarantees that after every operation in here the world knows git's refs, the
//! diffs of open pull requests and the commits anybody may ask for. What changes both runs behind one gate, one at a
//! time; reading the world never waits for git.
//!
//! Races: pushes by `git http-backend` change git without the gate (so that git's own locks decide them) and are taken
//! into the world right after ([`Hub::settle`]). An operation that meets such a push finds its compare-and-set failed.

mod people;

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

pub(super) use self::people::Opening;
use super::git::{self, FileChange, GitError, Merged, NewCommit, Objects, PushRules, Repository, Signature};
use super::world::{AGENT, AccountId, Fault, MergeMethod, Mergeability, NewPull, Refusal, World};

/// Where the time comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Clock {
    /// The machine's clock, looked at with every request.
    Wall,
    /// Only what the owner sets.
    Fixed,
}

/// Why an operation on world and git did not happen.
#[derive(Debug)]
pub(super) enum Trouble {
    /// GitHub refuses it.
    Refused(Refusal),
    /// Git broke.
    Git(GitError),
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Trouble {
        Trouble::Refused(refusal)
    }
}

impl From<GitError> for Trouble {
    fn from(error: GitError) -> Trouble {
        Trouble::Git(error)
    }
}

/// What a merge was asked with.
#[derive(Clone, Debug)]
pub struct MergeRequest {
    /// The pull request.
    pub number: u64,
    /// How.
    pub method: MergeMethod,
    /// The head that was judged.
    pub sha: Option<String>,
    /// First line of the message.
    pub title: Option<String>,
    /// Rest of the message.
    pub message: Option<String>,
}

/// A commit that GitHub is asked to make on a branch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BranchCommit {
    /// The branch.
    pub branch: String,
    /// Where it has to stand.
    pub expected: String,
    /// The whole message.
    pub message: String,
    /// What is written (`Some`) or taken away (`None`) where.
    pub files: Vec<(String, Option<Vec<u8>>)>,
}

/// A branch that GitHub is asked to delete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct BranchDeletion {
    /// Its name.
    pub branch: String,
    /// Where it has to stand; anywhere if nothing is said.
    pub expected: Option<String>,
}

impl BranchDeletion {
    /// The branch, wherever it stands.
    pub(super) fn anywhere(branch: &str) -> BranchDeletion {
        BranchDeletion { branch: branch.to_owned(), expected: None }
    }
}

/// Files to commit onto a branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewFiles<'a> {
    /// The branch.
    pub branch: &'a str,
    /// Where it begins if there is none; the mainline by default.
    pub from: Option<&'a str>,
    /// What changes.
    pub files: &'a [FileChange<'a>],
    /// The message.
    pub message: &'a str,
    /// Who writes and commits it.
    pub author: &'a Signature,
}

/// World and git, and the gate before both.
pub(super) struct Hub<G = Repository> {
    world: Mutex<World>,
    pub(super) git: G,
    gate: tokio::sync::Mutex<()>,
    clock: Clock,
}

impl<G: Clone> Clone for Hub<G> {
    fn clone(&self) -> Hub<G> {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Hub { world: Mutex::new(world), git: self.git.clone(), gate: tokio::sync::Mutex::new(()), clock: self.clock }
    }
}

impl<G: Objects> Hub<G> {
    pub(super) fn new(world: World, git: G, clock: Clock) -> Hub<G> {
        Hub { world: Mutex::new(world), git, gate: tokio::sync::Mutex::new(()), clock }
    }

    /// The world, for a moment. A panic elsewhere while it was held leaves it usable: every change of it is small.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the clock, if it is the machine's.
    #[expect(clippy::disallowed_methods, reason = "the simulator's own clock; it shares nothing with the product")]
    pub(super) fn tick(&self) {
        if self.clock == Clock::Wall {
            self.world().set_now(Timestamp::now());
        }
    }

    /// Takes what was pushed into the world.
    pub(super) async fn settle(&self, actor: AccountId) -> Result<(), GitError> {
        let _gate = self.gate.lock().await;
        self.settle_gated(actor).await
    }

    async fn settle_gated(&self, actor: AccountId) -> Result<(), GitError> {
        let refs = self.git.refs().await?;
        let concerned = self.world().observe_refs(refs, actor);
        for number in concerned {
            self.compare(number, actor).await?;
        }
        let unknown: Vec<String> = {
            let world = self.world();
            let tips = world.references().values().filter(|state| state.kind == "commit").map(|state| &state.oid);
            let heads = world.subjects().filter_map(|subject| subject.pull.as_ref());
            let commits = heads.flat_map(|pull| {
                let merged = pull.merged.iter().map(|merge| &merge.oid);
                pull.diff.commits.iter().chain(std::iter::once(&pull.head_oid)).chain(merged)
            });
            let mut unknown: Vec<String> =
                tips.chain(commits).filter(|oid| world.commit(oid).is_none()).cloned().collect();
            unknown.sort();
            unknown.dedup();
            unknown
        };
        for oid in unknown {
            let commit = self.git.commit(&oid).await?;
            self.world().learn_commit(commit);
        }
        Ok(())
    }

    /// Brings a pull request's diff, and sees whether a push to its base has merged it.
    async fn compare(&self, number: u64, actor: AccountId) -> Result<(), GitError> {
        let facts = self
            .world()
            .pull(number)
            .map(|(_, pull)| (pull.base_oid.clone(), pull.head_oid.clone(), !pull.diff.commits.is_empty()));
        let Some((base, head, had_commits)) = facts else {
            return Ok(());
        };
        self.git.set_ref(&format!("refs/pull/{number}/head"), &head).await?;
        let diff = self.git.compare(&base, &head).await?;
        if had_commits && diff.commits.is_empty() {
            // GitHub shows a pull request whose head was pushed into its base as merged, with the diff it had.
            self.world().pull_merged(number, actor, &base);
        } else {
            self.world().learn_diff(number, &head, diff, actor);
        }
        Ok(())
    }

    /// Makes the trial merges that reads have asked for.
    pub(super) async fn answer_wanted(&self) -> Result<(), GitError> {
        let wanted = self.world().take_wanted();
        for (number, base, head) in wanted {
            let tree = self.git.trial_merge(&base, &head).await?;
            let result = if tree.is_some() { Mergeability::Mergeable } else { Mergeability::Conflicting };
            self.world().learn_mergeability(number, &base, &head, result);
        }
        Ok(())
    }

    /// Commits files onto a branch, which is made if there is none. Returns the commit.
    pub(super) async fn commit_files(&self, new: NewFiles<'_>, actor: AccountId) -> Result<String, GitError> {
        let _gate = self.gate.lock().await;
        let name = format!("refs/heads/{}", new.branch);
        let old = self.git.resolve(&name).await?;
        let mainline = format!("refs/heads/{}", self.world().mainline());
        let parent = match (&old, new.from) {
            (Some(old), _) => Some(old.clone()),
            (None, Some(from)) => Some(from.to_owned()),
            (None, None) => self.git.resolve(&mainline).await?,
        };
        let tree = self.git.write_tree(parent.as_deref(), new.files).await?;
        let parents: Vec<&str> = parent.as_deref().into_iter().collect();
        self.land(new, (&tree, &parents), old.as_deref(), actor).await
    }

    /// Merges another commit (`from`) into a branch: what becomes of both is the other's tree with these files.
    pub(super) async fn merge_into(&self, new: NewFiles<'_>, actor: AccountId) -> Result<String, GitError> {
        let _gate = self.gate.lock().await;
        let old = self.git.resolve(&format!("refs/heads/{}", new.branch)).await?;
        let tree = self.git.write_tree(new.from, new.files).await?;
        let parents: Vec<&str> = old.as_deref().into_iter().chain(new.from).collect();
        self.land(new, (&tree, &parents), old.as_deref(), actor).await
    }

    /// Writes a commit and moves the branch to it.
    async fn land(
        &self,
        new: NewFiles<'_>,
        (tree, parents): (&str, &[&str]),
        old: Option<&str>,
        actor: AccountId,
    ) -> Result<String, GitError> {
        let name = format!("refs/heads/{}", new.branch);
        let (at, author) = (self.world().now(), new.author);
        let commit = NewCommit { tree, parents, message: new.message, author, committer: author, at };
        let oid = self.git.write_commit(commit).await?;
        if !self.git.move_ref(&name, &oid, old).await? {
            let command = format!("update-ref {name}");
            return Err(GitError::Failed { command, message: "the branch moved meanwhile".to_owned() });
        }
        self.settle_gated(actor).await?;
        Ok(oid)
    }

    /// Commits on a branch as GitHub does when it is asked to: it signs as the committer. Returns the commit.
    pub(super) async fn commit_on_branch(&self, by: AccountId, new: &BranchCommit) -> Result<String, Trouble> {
        let _gate = self.gate.lock().await;
        self.settle_gated(by).await?;
        let (at, author) = {
            let world = self.world();
            world.may_commit(by, &new.branch, &new.expected)?;
            (world.now(), signature(&world, by))
        };
        let files: Vec<FileChange<'_>> =
            new.files.iter().map(|(path, content)| (path.as_str(), content.as_deref())).collect();
        let tree = self.git.write_tree(Some(&new.expected), &files).await?;
        let (parents, committer) = ([new.expected.as_str()], Signature::github());
        let (message, committer) = (new.message.as_str(), &committer);
        let commit = NewCommit { tree: &tree, parents: &parents, message, author: &author, committer, at };
        let oid = self.git.write_commit(commit).await?;
        if !self.git.move_ref(&format!("refs/heads/{}", new.branch), &oid, Some(&new.expected)).await? {
            // Somebody's push was quicker.
            self.settle_gated(by).await?;
            self.world().may_commit(by, &new.branch, &new.expected)?;
        }
        self.settle_gated(by).await?;
        Ok(oid)
    }

    /// Opens a pull request for a branch.
    pub(super) async fn open_pull(&self, by: AccountId, new: NewPull) -> Result<u64, Trouble> {
        let _gate = self.gate.lock().await;
        self.settle_gated(by).await?;
        let base = self.world().branch(&new.base).map(str::to_owned);
        if let Some(base) = base
            && self.git.compare(&base, &new.head_oid).await?.commits.is_empty()
        {
            let message = format!("No commits between {} and {}", new.base, new.head);
            return Err(Fault::custom("PullRequest", "base", &message).into());
        }
        let number = self.world().open_pull(by, new)?;
        self.compare(number, by).await?;
        self.settle_gated(by).await?;
        Ok(number)
    }

    /// Merges a pull request as GitHub does. Returns the commit.
    pub(super) async fn merge(&self, by: AccountId, request: MergeRequest) -> Result<String, Trouble> {
        let _gate = self.gate.lock().await;
        self.settle_gated(by).await?;
        let (plan, author, merger, now) = {
            let mut world = self.world();
            let mut plan = world.plan_merge(by, request.number, request.method, request.sha.as_deref())?;
            if let Some(title) = request.title.filter(|title| !title.is_empty()) {
                plan.title = title;
            }
            if let Some(message) = request.message {
                plan.message = message;
            }
            let author = world.subject(request.number).map_or(by, |subject| subject.author);
            (plan, signature(&world, author), signature(&world, by), world.now())
        };
        let not_mergeable = || Trouble::Refused(Refusal::NotAllowed("Pull Request is not mergeable".to_owned()));
        let oid = match git::merge(&self.git, &plan, &author, &merger, now).await? {
            Merged::Done(oid) => oid,
            Merged::Conflict => return Err(not_mergeable()),
            Merged::BaseMoved => return Err(Trouble::Refused(World::base_modified())),
        };
        let (head, deletes) = {
            let mut world = self.world();
            world.pull_merged(plan.number, by, &oid);
            let own = world.pull(plan.number).filter(|(_, pull)| pull.fork.is_none());
            let head = own.map(|(_, pull)| pull.head.clone());
            let deletable = head.as_ref().is_some_and(|head| world.may_delete_branch(by, head).is_ok());
            (head, world.settings.delete_branch_on_merge && deletable)
        };
        if let Some(head) = head.filter(|_| deletes) {
            self.git.delete_ref(&format!("refs/heads/{head}"), &plan.head_oid).await?;
        }
        self.settle_gated(by).await?;
        Ok(oid)
    }

    /// Deletes a branch as the API does.
    pub(super) async fn delete_branch(&self, by: AccountId, deletion: &BranchDeletion) -> Result<(), Trouble> {
        let _gate = self.gate.lock().await;
        self.settle_gated(by).await?;
        let BranchDeletion { branch, expected } = deletion;
        let tip = {
            let world = self.world();
            world.may_delete_branch(by, branch)?;
            world.branch(branch).unwrap_or_default().to_owned()
        };
        let moved = || Trouble::Refused(Refusal::Conflict("Reference was updated meanwhile".to_owned()));
        if expected.as_ref().is_some_and(|expected| *expected != tip) {
            return Err(moved());
        }
        if !self.git.delete_ref(&format!("refs/heads/{branch}"), &tip).await? {
            return Err(moved());
        }
        self.settle_gated(by).await?;
        Ok(())
    }

    /// Merges the base into the head branch of a pull request, as the button "Update branch" does.
    pub(super) async fn update_branch(
        &self,
        by: AccountId,
        number: u64,
        expected: Option<&str>,
    ) -> Result<(), Trouble> {
        let _gate = self.gate.lock().await;
        self.settle_gated(by).await?;
        let (pull, merger, now) = {
            let world = self.world();
            let (_, pull) = world.pull(number).ok_or(Refusal::NotFound)?;
            (pull.clone(), signature(&world, by), world.now())
        };
        let refuse = |reason: &str| Trouble::Refused(Refusal::Unprocessable(reason.to_owned()));
        if expected.is_some_and(|sha| sha != pull.head_oid) {
            return Err(refuse("expected head sha didn\u{2019}t match current head ref."));
        }
        if !pull.diff.behind {
            return Err(refuse("There are no new commits on the base branch."));
        }
        let Some(tree) = self.git.trial_merge(&pull.head_oid, &pull.base_oid).await? else {
            return Err(refuse("merge conflict between base and head"));
        };
        let message = format!("Merge branch '{}' into {}", pull.base, pull.head);
        let parents = [pull.head_oid.as_str(), pull.base_oid.as_str()];
        let github = Signature::github();
        let new = NewCommit {
            tree: &tree,
            parents: &parents,
            message: &message,
            author: &merger,
            committer: &github,
            at: now,
        };
        let oid = self.git.write_commit(new).await?;
        let name = format!("refs/heads/{}", pull.head);
        if !self.git.move_ref(&name, &oid, Some(&pull.head_oid)).await? {
            return Err(refuse("expected head sha didn\u{2019}t match current head ref."));
        }
        self.settle_gated(by).await?;
        Ok(())
    }

    /// Lets git enforce what the world's settings protect.
    pub(super) async fn protect(&self) -> Result<(), GitError> {
        let _gate = self.gate.lock().await;
        let (mainline, settings) = {
            let world = self.world();
            (world.mainline().to_owned(), world.settings.clone())
        };
        let undeletable: Vec<&str> = settings.undeletable.iter().map(String::as_str).collect();
        let rules = PushRules {
            mainline: &mainline,
            pull_request: settings.mainline_protected,
            signatures: settings.signatures_required,
            bypassable: settings.rules_bypassable,
            undeletable: &undeletable,
        };
        self.git.protect(&rules).await
    }
}

/// How an account signs commits.
pub(super) fn signature(world: &World, account: AccountId) -> Signature {
    if account == AGENT {
        return Signature::agent();
    }
    world.account(account).map_or_else(Signature::github, |account| Signature::account(account.id.0, &account.login))
}

//! The state of a simulated GitHub: one repository with its accounts, issues, pull requests and rules.
//!
//! Needs nothing but its owner, who sets the time ([`World::set_now`]) and brings what only git knows (the refs after
//! a push, the diff of a pull request, the result of a trial merge). Guarantees: no I/O, no clock, no randomness, no
//! panic; the same calls give the same world. Refusals ([`Refusal`]) are worded as GitHub words them.
//!
//! Races: none in here. Between a push and [`World::observe_refs`] the world is older than git; whoever brings a fact
//! names the oids it is about, and a fact about other oids than the present ones is dropped.

mod account;
mod changes;
mod checks;
mod issue;
mod pull;
mod refs;
mod refusal;
mod review;
mod rules;
mod runs;
mod session;
mod subject;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

pub use account::{AGENT, Account, AccountId, AccountKind, Permission, REVIEW_BOT};
pub use changes::{IssueEdit, PullEdit};
pub use checks::{Check, CheckResult, MergeState, ReviewDecision, Rollup};
pub use issue::{AgentAssignment, NewIssue};
pub use pull::{MergeMethod, MergePlan, NewPull};
pub use refs::{Commit, RefState};
pub use refusal::{Fault, Refusal};
pub use rules::PushRule;
pub use runs::Run;
pub use session::{Session, Step};
pub use subject::{
    Comment, Diff, Event, Merge, Mergeability, Pull, Review, ReviewState, ReviewThread, StateReason, Subject, What,
};
pub use text::{mentions, node_id, slug, visible};

/// What a world begins with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The owner's login.
    pub owner: String,
    /// The repository's name.
    pub name: String,
    /// The login of the account whose token is used.
    pub viewer: String,
    /// The default branch.
    pub mainline: String,
    /// The address below which pages would be, without a slash at the end.
    pub web_url: String,
    /// The time.
    pub now: Timestamp,
}

/// Settings and rules of the repository. They may be changed at any time through [`World::settings`]; what git itself
/// has to enforce (the rules of pushes, `undeletable`) reaches it through the simulator's own methods only.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Read-only for everybody.
    pub archived: bool,
    /// Switched off by GitHub.
    pub disabled: bool,
    /// Visible to its collaborators only.
    pub private: bool,
    /// Whether there are issues.
    pub issues: bool,
    /// Whether squash merges are allowed.
    pub squash_merge: bool,
    /// Whether merge commits are allowed.
    pub merge_commit: bool,
    /// Whether rebase merges are allowed.
    pub rebase_merge: bool,
    /// Whether a merge deletes the head branch.
    pub delete_branch_on_merge: bool,
    /// Whether the agent may be assigned here (plan and policy).
    pub agent_available: bool,
    /// Whether the mainline takes changes through pull requests only.
    pub mainline_protected: bool,
    /// Whether the mainline takes signed commits only. What is pushed is never signed, what GitHub commits always is.
    pub signatures_required: bool,
    /// Whether whoever may push may break the rules of the mainline.
    pub rules_bypassable: bool,
    /// Whether the mainline's history must be linear.
    pub linear_history: bool,
    /// Whether every workflow run of the agent waits for a person.
    pub runs_need_approval: bool,
    /// Branches that can't be deleted: names, or patterns with `*`.
    pub undeletable: BTreeSet<String>,
    /// The review bot is asked for a review of every pull request, and begins at once.
    pub automatic_review: bool,
    /// A run that may run is not over at once: somebody reports how it ends.
    pub slow_runs: bool,
    /// Names of checks that must be green before a merge.
    pub required_checks: BTreeSet<String>,
    /// Whether a merge needs an approving review.
    pub review_required: bool,
    /// Whether a merge needs a head that contains the base.
    pub up_to_date_required: bool,
    /// Whether the mainline is merged into through a queue only.
    pub merge_queue: bool,
    /// What of checks a token may not read.
    pub checks_hidden: Hidden,
    /// The workflows that run on every push of the agent: their checks, and what they report.
    pub workflows: BTreeMap<String, CheckResult>,
    /// How long lists do not show a new issue yet; by its number or id it is there at once.
    pub list_lag: SignedDuration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            archived: false,
            disabled: false,
            private: false,
            issues: true,
            squash_merge: true,
            merge_commit: true,
            rebase_merge: true,
            delete_branch_on_merge: false,
            agent_available: true,
            mainline_protected: false,
            signatures_required: false,
            rules_bypassable: false,
            linear_history: false,
            runs_need_approval: false,
            undeletable: BTreeSet::new(),
            automatic_review: false,
            slow_runs: false,
            required_checks: BTreeSet::new(),
            review_required: false,
            up_to_date_required: false,
            merge_queue: false,
            checks_hidden: Hidden::Nothing,
            workflows: BTreeMap::new(),
            list_lag: SignedDuration::ZERO,
        }
    }
}

/// What of a commit's checks is withheld from every token.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Hidden {
    /// Nothing.
    #[default]
    Nothing,
    /// Each single check, as from a fine-grained token; the rolled-up state is told.
    Contexts,
    /// The rolled-up state as well.
    Everything,
}

/// A label of the repository.
#[derive(Clone, Debug)]
pub struct Label {
    /// The database id.
    pub id: u64,
    /// The name; compared without regard to case.
    pub name: String,
    /// Six hexadecimal digits.
    pub color: String,
    /// What it is for.
    pub description: Option<String>,
}

/// An issue that was moved to another repository. Its global id still leads to it.
#[derive(Clone, Debug)]
pub struct Transferred {
    /// The issue as it left.
    pub issue: Subject,
    /// `owner/name` of where it lives.
    pub repository: String,
}

/// The simulated GitHub. See the module's documentation.
#[derive(Clone, Debug)]
pub struct World {
    now: Timestamp,
    last_id: u64,
    last_number: u64,
    /// The repository's database id.
    repository_id: u64,
    created_at: Timestamp,
    pushed_at: Option<Timestamp>,
    owner: AccountId,
    name: String,
    full_name: String,
    /// Names it had before: they lead on to the present one.
    former_names: Vec<String>,
    mainline: String,
    web_url: String,
    viewer: AccountId,
    accounts: BTreeMap<AccountId, Account>,
    /// How many accounts were deleted.
    left: u64,
    /// Settings and rules.
    pub settings: Settings,
    labels: Vec<Label>,
    subjects: BTreeMap<u64, Subject>,
    deleted: BTreeSet<u64>,
    /// Issues that live in another repository now, by their numbers in this one.
    transferred: BTreeMap<u64, Transferred>,
    refs: BTreeMap<String, RefState>,
    commits: BTreeMap<String, Commit>,
    checks: BTreeMap<String, Vec<Check>>,
    sessions: Vec<Session>,
    runs: Vec<Run>,
    /// Pull requests in the merge queue.
    queue: BTreeSet<u64>,
    wanted: BTreeSet<u64>,
    base_modified: u32,
}

impl World {
    /// A world with one repository, its owner, the viewer, and GitHub's two bots.
    pub fn new(founding: Founding) -> World {
        let Founding { owner, name, viewer, mainline, web_url, now } = founding;
        let viewer_account = Account::user(AccountId(583_231), &viewer, Permission::Admin);
        let owner_account =
            if owner == viewer { viewer_account.clone() } else { Account::organization(AccountId(9_919), &owner) };
        let (owner_id, viewer_id) = (owner_account.id, viewer_account.id);
        let accounts = [owner_account, viewer_account, Account::agent(), Account::review_bot()];
        World {
            now,
            last_id: 2_500_000_000,
            last_number: 0,
            repository_id: 871_204_377,
            created_at: now,
            pushed_at: None,
            owner: owner_id,
            full_name: format!("{owner}/{name}"),
            former_names: Vec::new(),
            name,
            mainline,
            web_url,
            viewer: viewer_id,
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
            left: 0,
            settings: Settings::default(),
            labels: Vec::new(),
            subjects: BTreeMap::new(),
            deleted: BTreeSet::new(),
            transferred: BTreeMap::new(),
            refs: BTreeMap::new(),
            commits: BTreeMap::new(),
            checks: BTreeMap::new(),
            sessions: Vec::new(),
            runs: Vec::new(),
            queue: BTreeSet::new(),
            wanted: BTreeSet::new(),
            base_modified: 0,
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Sets the time, in whole seconds as GitHub shows it. It never goes back.
    pub fn set_now(&mut self, now: Timestamp) {
        let whole = Timestamp::from_second(now.as_second()).unwrap_or(now);
        self.now = self.now.max(whole);
    }

    /// The account of the token.
    pub fn viewer(&self) -> AccountId {
        self.viewer
    }

    /// The repository's owner.
    pub fn owner(&self) -> AccountId {
        self.owner
    }

    /// The repository's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `owner/name`.
    pub fn full_name(&self) -> &str {
        &self.full_name
    }

    /// Whether this is the repository, under its present name or a former one.
    pub fn is_named(&self, full_name: &str) -> bool {
        let known = |name: &String| name.eq_ignore_ascii_case(full_name);
        known(&self.full_name) || self.former_names.iter().any(known)
    }

    /// Whether an account may see the repository; to others it looks as if there were none.
    pub fn may_see(&self, account: AccountId) -> bool {
        !self.settings.private || self.permission(account) != Permission::None
    }

    /// The name it was made with, which its folder keeps.
    pub fn first_name(&self) -> &str {
        self.former_names.first().unwrap_or(&self.full_name)
    }

    /// Gives the repository another name under the same owner; the old one leads on.
    pub fn rename(&mut self, name: &str) {
        let owner = self.full_name.split('/').next().unwrap_or_default();
        let renamed = format!("{owner}/{name}");
        self.former_names.push(std::mem::replace(&mut self.full_name, renamed));
        self.name = name.to_owned();
    }

    /// The repository's database id.
    pub fn repository_id(&self) -> u64 {
        self.repository_id
    }

    /// The repository's global node id.
    pub fn repository_node_id(&self) -> String {
        node_id("R_kgDO", self.repository_id)
    }

    /// When the repository was made.
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When it was last pushed to.
    pub fn pushed_at(&self) -> Option<Timestamp> {
        self.pushed_at
    }

    /// The default branch.
    pub fn mainline(&self) -> &str {
        &self.mainline
    }

    /// The address below which pages would be.
    pub fn web_url(&self) -> &str {
        &self.web_url
    }

    /// Tells where the pages would be; known only once a server listens.
    pub fn set_web_url(&mut self, url: String) {
        self.web_url = url;
    }

    /// The page of an issue or a pull request.
    pub fn page(&self, subject: &Subject) -> String {
        let kind = if subject.pull.is_some() { "pull" } else { "issues" };
        format!("{}/{}/{kind}/{}", self.web_url, self.full_name, subject.number)
    }

    /// A person deletes their account: what they wrote stays and is nobody's.
    pub fn leave(&mut self, login: &str) {
        let found = self.account_by_login(login).map(|account| account.id);
        for id in found.into_iter().filter(|id| ![self.owner, self.viewer, AGENT].contains(id)) {
            self.accounts.remove(&id);
            self.left += 1;
            for subject in self.subjects.values_mut() {
                subject.assignees.retain(|assignee| *assignee != id);
            }
        }
    }

    /// An account; none for one that was deleted.
    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// All accounts.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// An account by the login that REST answers or requests use. The agent's answers before the review bot does.
    pub fn account_by_login(&self, login: &str) -> Option<&Account> {
        let named = |account: &&Account| {
            account.login.eq_ignore_ascii_case(login) || account.request_login.eq_ignore_ascii_case(login)
        };
        self.accounts.get(&AGENT).filter(named).or_else(|| self.accounts.values().find(named))
    }

    /// Lets a person exist (once), with this permission from now on.
    pub fn person(&mut self, login: &str, permission: Permission) -> AccountId {
        let id = match self.account_by_login(login) {
            Some(account) => account.id,
            None => AccountId(60_000_000 + self.accounts.len() as u64 + self.left),
        };
        let account = self.accounts.entry(id).or_insert_with(|| Account::user(id, login, permission));
        account.permission = permission;
        id
    }

    /// What an account may do.
    pub fn permission(&self, id: AccountId) -> Permission {
        self.accounts.get(&id).map_or(Permission::None, |account| account.permission)
    }

    /// How an author stands to the repository, in GitHub's words.
    pub fn association(&self, id: AccountId) -> &'static str {
        if id == self.owner {
            return "OWNER";
        }
        if self.permission(id) > Permission::Read {
            let owned_by_people = self.account(self.owner).is_some_and(|owner| owner.kind == AccountKind::User);
            return if owned_by_people { "COLLABORATOR" } else { "MEMBER" };
        }
        let contributed = self
            .subjects
            .values()
            .any(|subject| subject.author == id && subject.pull.as_ref().is_some_and(|pull| pull.merged.is_some()));
        if contributed { "CONTRIBUTOR" } else { "NONE" }
    }

    /// The labels in the order of their making.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// A label by its id.
    pub fn label(&self, id: u64) -> Option<&Label> {
        self.labels.iter().find(|label| label.id == id)
    }

    /// A label by its name, without regard to case.
    pub fn label_by_name(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name.to_lowercase() == name.to_lowercase())
    }

    /// Issues and pull requests by number.
    pub fn subjects(&self) -> impl DoubleEndedIterator<Item = &Subject> {
        self.subjects.values()
    }

    /// What lists show: all but the issues that are too new for them.
    pub fn listed(&self) -> impl DoubleEndedIterator<Item = &Subject> {
        let shown = |subject: &&Subject| {
            let age = self.now.duration_since(subject.created_at);
            subject.pull.is_some() || age >= self.settings.list_lag
        };
        self.subjects.values().filter(shown)
    }

    /// Issues that were moved to another repository.
    pub fn transferred(&self) -> impl Iterator<Item = &Transferred> {
        self.transferred.values()
    }

    /// An issue or a pull request.
    pub fn subject(&self, number: u64) -> Option<&Subject> {
        self.subjects.get(&number)
    }

    /// Whether this number was deleted.
    pub fn is_deleted(&self, number: u64) -> bool {
        self.deleted.contains(&number)
    }

    /// An issue that is not a pull request.
    pub fn issue(&self, number: u64) -> Option<&Subject> {
        self.subject(number).filter(|subject| subject.pull.is_none())
    }

    /// A pull request.
    pub fn pull(&self, number: u64) -> Option<(&Subject, &Pull)> {
        self.subject(number).and_then(|subject| subject.pull.as_ref().map(|pull| (subject, pull)))
    }

    /// The next database id.
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Adds an entry to the history of a subject and moves its date.
    fn record(&mut self, number: u64, actor: AccountId, what: What) {
        let id = self.next_id();
        let at = self.now;
        if let Some(subject) = self.subjects.get_mut(&number) {
            subject.events.push(Event { id, at, actor, what });
            subject.updated_at = at;
        }
    }

    /// A subject to be changed, or the refusal that GitHub gives for its absence.
    fn subject_mut(&mut self, number: u64) -> Result<&mut Subject, Refusal> {
        if self.deleted.contains(&number) {
            return Err(Refusal::deleted());
        }
        self.subjects.get_mut(&number).ok_or(Refusal::NotFound)
    }
}

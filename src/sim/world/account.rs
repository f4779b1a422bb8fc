//! Accounts: who acts, and under which of its several names.
//!
//! Needs nothing. Guarantees that the agent has the names, the numeric id and the node id that GitHub gives it; they
//! differ between a request, a REST answer and a GraphQL answer, which is what clients get wrong.

use super::text::node_id;

/// The numeric id of an account, the only name that never changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AccountId(pub u64);

/// Copilot's coding agent.
pub const AGENT: AccountId = AccountId(198_982_749);
/// Copilot's code review bot, which answers to the same REST login.
pub const REVIEW_BOT: AccountId = AccountId(175_728_472);

/// What kind of account it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccountKind {
    /// A person.
    User,
    /// An app's own account.
    Bot,
    /// A group that can own a repository.
    Organization,
}

/// One account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The numeric id.
    pub id: AccountId,
    /// The global node id.
    pub node_id: String,
    /// Its kind.
    pub kind: AccountKind,
    /// The login in REST answers.
    pub login: String,
    /// The login in GraphQL answers.
    pub graph_login: String,
    /// The login that a REST request must use; the others are silently ignored.
    pub request_login: String,
    /// What it may do in the repository.
    pub permission: Permission,
}

/// What an account may do in the repository.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Permission {
    /// Not a collaborator. Reading stays possible where the repository is public.
    None,
    /// May read.
    Read,
    /// May manage issues without writing code.
    Triage,
    /// May push and merge.
    Write,
    /// May manage the repository without its dangerous settings.
    Maintain,
    /// May do everything.
    Admin,
}

impl Permission {
    /// Whether pushing and merging is allowed.
    pub fn can_write(self) -> bool {
        self >= Permission::Write
    }

    /// The GraphQL name; a non-collaborator reads a public repository.
    pub fn graph_name(self) -> &'static str {
        match self {
            Permission::None | Permission::Read => "READ",
            Permission::Triage => "TRIAGE",
            Permission::Write => "WRITE",
            Permission::Maintain => "MAINTAIN",
            Permission::Admin => "ADMIN",
        }
    }

    /// The `role_name` of REST.
    pub fn role_name(self) -> &'static str {
        match self {
            Permission::None => "none",
            Permission::Read => "read",
            Permission::Triage => "triage",
            Permission::Write => "write",
            Permission::Maintain => "maintain",
            Permission::Admin => "admin",
        }
    }

    /// The legacy `permission` of REST, which knows four values only.
    pub fn legacy_name(self) -> &'static str {
        match self {
            Permission::None => "none",
            Permission::Read | Permission::Triage => "read",
            Permission::Write | Permission::Maintain => "write",
            Permission::Admin => "admin",
        }
    }
}

impl Account {
    /// A person.
    pub(super) fn user(id: AccountId, login: &str, permission: Permission) -> Account {
        Account {
            id,
            node_id: node_id("U_kgDO", id.0),
            kind: AccountKind::User,
            login: login.to_owned(),
            graph_login: login.to_owned(),
            request_login: login.to_owned(),
            permission,
        }
    }

    /// A group that owns the repository.
    pub(super) fn organization(id: AccountId, login: &str) -> Account {
        Account {
            node_id: node_id("O_kgDO", id.0),
            kind: AccountKind::Organization,
            ..Account::user(id, login, Permission::None)
        }
    }

    /// The coding agent, with GitHub's own constants.
    pub(super) fn agent() -> Account {
        Account {
            id: AGENT,
            node_id: "BOT_kgDOC9w8XQ".to_owned(),
            kind: AccountKind::Bot,
            login: "Copilot".to_owned(),
            graph_login: "copilot-swe-agent".to_owned(),
            request_login: "copilot-swe-agent[bot]".to_owned(),
            permission: Permission::None,
        }
    }

    /// The code review bot, with GitHub's own constants.
    pub(super) fn review_bot() -> Account {
        Account {
            id: REVIEW_BOT,
            node_id: "BOT_kgDOCnlnWA".to_owned(),
            kind: AccountKind::Bot,
            login: "Copilot".to_owned(),
            graph_login: "copilot-pull-request-reviewer".to_owned(),
            request_login: "copilot-pull-request-reviewer[bot]".to_owned(),
            permission: Permission::None,
        }
    }
}

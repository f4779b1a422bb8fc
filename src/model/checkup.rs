//! Facts that only a checkup asks for.

use super::policy::MergeMethod;
use jiff::Timestamp;
use serde::Serialize;

/// Whose token it is, and what GitHub says of it beside the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The account's login.
    pub login: String,
    /// The scopes of a classic token (`x-oauth-scopes`); `None` for tokens that have none.
    pub scopes: Option<Vec<String>>,
    /// When the token expires (`github-authentication-token-expiration`); `None` where it does not.
    pub expires: Option<Timestamp>,
    /// GitHub's clock (`date`), in whole seconds.
    pub server_time: Option<Timestamp>,
}

/// What the token's account may do in the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rights {
    /// Push and merge.
    pub push: bool,
    /// Everything.
    pub admin: bool,
    /// Which merges the repository allows; told only to those who may push.
    pub methods: Option<MergeMethods>,
}

/// The merge methods of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MergeMethods {
    /// Squash merges.
    pub squash: bool,
    /// Merge commits.
    pub merge: bool,
    /// Rebase merges.
    pub rebase: bool,
}

impl MergeMethods {
    /// Whether it allows this one.
    pub const fn allows(self, method: MergeMethod) -> bool {
        match method {
            MergeMethod::Squash => self.squash,
            MergeMethod::Merge => self.merge,
            MergeMethod::Rebase => self.rebase,
        }
    }
}

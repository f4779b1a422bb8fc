//! Facts that only a checkup asks for.

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
}

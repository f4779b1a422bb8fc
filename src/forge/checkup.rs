//! Reads that only a checkup makes: whose token it is, what it may do, whether the agent can be assigned.

use super::partial::no_use;
use super::shape::{Who, account};
use super::{Client, ForgeError};
use crate::model::{Identity, MergeMethods, Reason, Rights};
use serde_json::{Value, json};

/// The document that asks who may be assigned; Copilot comes first (docs.github.com, "Using the GraphQL API to assign").
pub const ASSIGNABLE: &str = include_str!("graphql/assignable.graphql");

impl Client {
    /// Whose token it is.
    ///
    /// # Errors
    /// When GitHub can't be asked, or does not accept the token.
    pub async fn identity(&self) -> Result<Identity, ForgeError> {
        let what = "ask whose token it is";
        let reply = self.http.get(Reason::Checkup, what, "/user").await?;
        let login = reply.body.get("login").and_then(Value::as_str);
        let login = login.ok_or_else(|| unexpected(what, "the answer names nobody"))?;
        let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
        let words =
            |text: &str| text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let time = |text: &str| {
            let form = if text.ends_with("UTC") { "%Y-%m-%d %H:%M:%S UTC" } else { "%Y-%m-%d %H:%M:%S %z" };
            let plain = || jiff::civil::DateTime::strptime(form, text).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
            let zoned = jiff::Zoned::strptime(form, text).ok().or_else(plain);
            zoned.map(|zoned| zoned.timestamp())
        };
        Ok(Identity {
            login: login.to_owned(),
            scopes: header("x-oauth-scopes").map(words),
            expires: header("github-authentication-token-expiration").and_then(time),
            server_time: header("date")
                .and_then(|text| jiff::fmt::rfc2822::parse(text).ok())
                .map(|zoned| zoned.timestamp()),
        })
    }

    /// What the token's account may do here.
    ///
    /// # Errors
    /// When GitHub can't be asked, or the repository can't be seen.
    pub async fn rights(&self) -> Result<Rights, ForgeError> {
        let what = "ask what the token may do";
        let reply = self.http.get(Reason::Checkup, what, &self.path("")).await?;
        // GitHub leaves the permissions out for somebody without a token, but an answer without a name is none of its own.
        reply.body.get("full_name").ok_or_else(|| unexpected(what, "the answer is no repository"))?;
        let may =
            |name: &str| reply.body.pointer(&format!("/permissions/{name}")).and_then(Value::as_bool) == Some(true);
        let allows = |name: &str| reply.body.get(name).and_then(Value::as_bool);
        let methods = (allows("allow_squash_merge"), allows("allow_merge_commit"), allows("allow_rebase_merge"));
        let methods = match methods {
            (Some(squash), Some(merge), Some(rebase)) => Some(MergeMethods { squash, merge, rebase }),
            (None, _, _) | (_, None, _) | (_, _, None) => None,
        };
        Ok(Rights { push: may("push"), admin: may("admin"), methods })
    }

    /// The default branch's name, which a repository has before it has the branch.
    ///
    /// # Errors
    /// When GitHub can't be asked, or the repository can't be seen.
    pub async fn default_branch(&self) -> Result<Option<String>, ForgeError> {
        let what = "ask for the default branch";
        let reply = self.http.get(Reason::Checkup, what, &self.path("")).await?;
        reply.body.get("full_name").ok_or_else(|| unexpected(what, "the answer is no repository"))?;
        Ok(reply.body.get("default_branch").and_then(Value::as_str).map(str::to_owned))
    }

    /// Whether the agent is among those who may be assigned.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn agent_assignable(&self) -> Result<bool, ForgeError> {
        let what = "ask whether the agent can be assigned";
        let variables = json!({ "owner": self.repository.owner(), "name": self.repository.name() });
        let graph = self.http.query(Reason::Assignable, what, ASSIGNABLE, variables).await?;
        if !graph.errors.is_empty() {
            return Err(no_use(what, &graph, graph.complaint()));
        }
        let data = graph.data.ok_or_else(|| unexpected(what, "the answer holds nothing"))?;
        let nodes = data.pointer("/repository/suggestedActors/nodes").and_then(Value::as_array).cloned();
        let nodes = nodes.ok_or_else(|| unexpected(what, "the answer lists nobody"))?;
        let is_agent = |node: Value| serde_json::from_value(node).is_ok_and(|who: Who| account(Some(&who)).is_agent());
        Ok(nodes.into_iter().any(is_agent))
    }
}

fn unexpected(what: &str, why: &str) -> ForgeError {
    ForgeError::Unexpected { what: what.to_owned(), why: why.to_owned() }
}

//! The checks of one head: each by name, which of them are required, and workflow runs that wait for approval.
//!
//! **Needs** three different rights, of which a token may have any: reading check runs (a fine-grained token can't),
//! reading metadata, reading actions. **Guarantees**: what can't be read is said to be unknown, never absent; the rules and
//! the runs are read conditionally, so what is unchanged costs nothing.
//! **Races**: another head than the one that was asked for is an empty report, so it is never taken for this one's.

use super::page::if_known;
use super::rules::{Rule, kind};
use super::shape::check_state;
use super::{Client, ForgeError};
use crate::model::{CheckFact, CheckReport, CommitId, HeldRun, PullNumber, Reason, RuleKind};
use serde::Deserialize;
use serde_json::{Value, json};

/// The document for the checks of a head.
pub const CHECKS: &str = include_str!("graphql/checks.graphql");
/// Most pages of checks, a hundred each.
const MAX_PAGES: usize = 5;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    /// A check run's.
    name: Option<String>,
    status: Option<String>,
    conclusion: Option<String>,
    details_url: Option<String>,
    /// A commit status's.
    context: Option<String>,
    state: Option<String>,
    target_url: Option<String>,
    is_required: Option<bool>,
}

#[derive(Deserialize)]
struct Runs {
    #[serde(default)]
    workflow_runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: u64,
    name: Option<String>,
    #[serde(default)]
    html_url: String,
}

impl Client {
    /// What is known of the checks of a head; each of them only where they are to be named.
    ///
    /// # Errors
    /// When GitHub can't be asked; what the token may not read is no error.
    pub async fn checks(
        &self,
        pull: PullNumber,
        head: CommitId,
        base: &str,
        named: bool,
    ) -> Result<CheckReport, ForgeError> {
        let checks = if named { readable(self.contexts(pull, head).await)?.flatten() } else { None };
        let required = readable(self.required(base).await)?;
        let held = readable(self.held(head).await)?;
        Ok(CheckReport { checks, required, held })
    }

    /// Every check of the head; `None` where the token may not read them, or the head is another one by now.
    async fn contexts(&self, pull: PullNumber, head: CommitId) -> Result<Option<Vec<CheckFact>>, ForgeError> {
        let what = format!("read the checks of {pull}");
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let variables = json!({
                "owner": self.repository.owner(), "name": self.repository.name(), "number": pull.0, "after": after,
            });
            let graph = self.http.query(Reason::Checks, &what, CHECKS, variables).await?;
            if !graph.errors.is_empty() {
                tracing::debug!(%pull, complaint = graph.complaint(), "the checks can't be read");
                return Ok(None);
            }
            let found = graph.data.as_ref().and_then(|data| data.pointer("/repository/pullRequest"));
            let at = found.and_then(|found| found.get("headRefOid")).and_then(Value::as_str);
            if at != Some(head.to_string().as_str()) {
                return Ok(None);
            }
            let Some(contexts) = found.and_then(|found| found.pointer("/statusCheckRollup/contexts")) else {
                return Ok(Some(all));
            };
            let nodes = contexts.get("nodes").and_then(Value::as_array).into_iter().flatten();
            all.extend(nodes.filter_map(|node| serde_json::from_value(node.clone()).ok()).filter_map(fact));
            let info = contexts.get("pageInfo");
            let more = info.and_then(|info| info.get("hasNextPage")).and_then(Value::as_bool) == Some(true);
            after = info.and_then(|info| info.get("endCursor")).and_then(Value::as_str).map(str::to_owned);
            if !more || after.is_none() {
                break;
            }
        }
        Ok(Some(all))
    }

    /// The names of the checks that the active rules of a branch require. Classic protection is not among them; what it
    /// requires shows in the merge state (docs.github.com, "Get rules for a branch").
    async fn required(&self, base: &str) -> Result<Vec<String>, ForgeError> {
        let path = self.path(&format!("/rules/branches/{}", super::calls::encoded(base)));
        let rules: Vec<Rule> =
            self.watch(Reason::Rules, &format!("read the rules of {base}"), &path, if_known(Some)).await?;
        let wanted = |rule: &Rule| if let RuleKind::Checks { names, .. } = kind(rule) { names } else { Vec::new() };
        let mut names: Vec<String> = rules.iter().flat_map(wanted).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Runs of the head that wait for a person: they have the conclusion `action_required` and no jobs
    /// (atvirokodosprendimai/wgmesh#79).
    async fn held(&self, head: CommitId) -> Result<Vec<HeldRun>, ForgeError> {
        let path = self.path(&format!("/actions/runs?head_sha={head}&status=action_required&per_page=100"));
        let what = format!("read the workflow runs of {}", head.short());
        let body = self.watched(Reason::Rules, &what, &path).await?;
        let runs: Runs =
            serde_json::from_value(body).map_err(|error| ForgeError::Unexpected { what, why: error.to_string() })?;
        let run = |run: Run| HeldRun {
            id: run.id,
            name: run.name.unwrap_or_default().chars().take(200).collect(),
            url: run.html_url.chars().take(500).collect(),
        };
        Ok(runs.workflow_runs.into_iter().map(run).collect())
    }
}

/// What the token may not read, or what this GitHub does not have, is unknown. A look goes on where a checkup would tell.
fn readable<T>(read: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(ForgeError::NotFound { .. } | ForgeError::Refused { status: 403 | 410 | 422, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn fact(context: Context) -> Option<CheckFact> {
    if context.state.as_deref() == Some("EXPECTED") {
        // It has not reported.
        return None;
    }
    let name = context.name.or(context.context)?.chars().take(200).collect();
    let state = check_state(context.status.as_deref(), context.conclusion.as_deref().or(context.state.as_deref()));
    let url = context.details_url.or(context.target_url).filter(|url| url.starts_with("https://"));
    let url = url.map(|url| url.chars().take(500).collect());
    Some(CheckFact { name, state, required: context.is_required == Some(true), url })
}

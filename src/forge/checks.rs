//! The checks of one head: each by name, which of them are required, and workflow runs that wait for approval.
//!
//! **Needs** three different rights, of which a token may have any: reading check runs (a fine-grained token can't),
//! reading metadata, reading actions. **Guarantees**: what can't be read is said to be unknown, never absent; a question that
//! GitHub does not answer leaves the others their answers and is named; the rules and the runs are read conditionally, so
//! what is unchanged costs nothing.
//! **Races**: another head than the one that was asked for is an empty report, so it is never taken for this one's.

use super::page::if_known;
use super::partial::{timed_out, too_much};
use super::rules::{Rule, kind};
use super::shape::check_state;
use super::{Client, ForgeError};
use crate::model::{CheckFact, CheckReport, CheckState, CommitId, HeldRun, PullNumber, Reason, RuleKind};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// The document for the checks of a head.
pub const CHECKS: &str = include_str!("graphql/checks.graphql");
/// Most checks of a head that are read.
const MAX_CHECKS: usize = 500;
/// How many are asked for at once: as many as there may be, and fewer where that is too much for GitHub.
const PAGES: [usize; 2] = [100, 25];
/// How often the checks of a red head are told before they are read anew, and of how many heads.
const MAX_TOLD: u32 = 4;
const MAX_RED: usize = 16;
/// After so many reads in smaller pages the usual ones are tried again.
const PATIENCE: u32 = 20;
/// Longest words of GitHub's silence that are kept.
const MAX_WORDS: usize = 300;

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

/// What came of a question.
enum Heard<T> {
    Told(T),
    /// The token may not read it, this GitHub does not have it, or it is about another head.
    Hidden,
    /// GitHub does not answer, in these words.
    Nothing(String),
}

impl<T> Heard<T> {
    /// What was told; that GitHub does not answer is noted.
    fn noted(self, unanswered: &mut Option<String>) -> Option<T> {
        match self {
            Self::Told(value) => Some(value),
            Self::Hidden => None,
            Self::Nothing(why) => {
                if unanswered.is_none() {
                    *unanswered = Some(why.chars().take(MAX_WORDS).collect());
                }
                None
            }
        }
    }
}

/// The checks of red heads by name, each with how often that was told since it was read. What failed stays failed until
/// somebody lets it run again; a look every half minute need not ask for it each time.
#[derive(Debug, Default)]
pub(super) struct Red {
    heads: BTreeMap<CommitId, (u32, Vec<CheckFact>)>,
    /// Which size of a page GitHub managed last, and for how many reads that has been good.
    page: (usize, u32),
}

impl Red {
    /// The page to begin with; the usual one is tried again now and then.
    fn page(&mut self) -> usize {
        let (step, reads) = self.page;
        self.page = if reads >= PATIENCE { (0, 0) } else { (step, reads + 1) };
        self.page.0
    }

    fn keep_page(&mut self, step: usize) {
        if self.page.0 != step {
            self.page = (step, 0);
        }
    }

    fn get(&mut self, head: CommitId) -> Option<Vec<CheckFact>> {
        let (told, checks) = self.heads.get_mut(&head).filter(|(told, _)| *told < MAX_TOLD)?;
        *told += 1;
        Some(checks.clone())
    }

    fn put(&mut self, head: CommitId, checks: &[CheckFact]) {
        self.heads.remove(&head);
        if checks.iter().any(|check| check.state == CheckState::Failure) {
            if self.heads.len() >= MAX_RED {
                self.heads.clear();
            }
            self.heads.insert(head, (0, checks.to_vec()));
        }
    }
}

impl Client {
    /// What is known of the checks of a head; each of them only where they are to be named.
    ///
    /// # Errors
    /// When a limit is reached or the token is not accepted; neither what it may not read nor what GitHub does not answer is
    /// one: everything else goes on without.
    pub async fn checks(
        &self,
        pull: PullNumber,
        head: CommitId,
        base: &str,
        named: bool,
    ) -> Result<CheckReport, ForgeError> {
        let mut unanswered = None;
        let checks = if named { heard(self.contexts(pull, head).await)?.noted(&mut unanswered) } else { None };
        let required = heard(self.required(base).await.map(Heard::Told))?.noted(&mut unanswered);
        let held = heard(self.held(head).await.map(Heard::Told))?.noted(&mut unanswered);
        Ok(CheckReport { checks, required, held, unanswered })
    }

    /// Every check of the head, in smaller pages where the usual ones are too much for GitHub.
    async fn contexts(&self, pull: PullNumber, head: CommitId) -> Result<Heard<Vec<CheckFact>>, ForgeError> {
        if let Some(known) = self.red.lock().unwrap_or_else(PoisonError::into_inner).get(head) {
            return Ok(Heard::Told(known));
        }
        let heard = self.contexts_in_pages(pull, head).await?;
        if let Heard::Told(checks) = &heard {
            self.red.lock().unwrap_or_else(PoisonError::into_inner).put(head, checks);
        }
        Ok(heard)
    }

    async fn contexts_in_pages(&self, pull: PullNumber, head: CommitId) -> Result<Heard<Vec<CheckFact>>, ForgeError> {
        let mut why = String::new();
        let begin = self.red.lock().unwrap_or_else(PoisonError::into_inner).page();
        for (step, size) in PAGES.into_iter().enumerate().skip(begin) {
            match self.contexts_by(size, pull, head).await {
                Err(error) if timed_out(&error) => why = error.to_string(),
                Ok(Heard::Nothing(complaint)) => why = complaint,
                heard @ (Ok(_) | Err(_)) => {
                    self.red.lock().unwrap_or_else(PoisonError::into_inner).keep_page(step);
                    return heard;
                }
            }
        }
        Ok(Heard::Nothing(why))
    }

    async fn contexts_by(
        &self,
        size: usize,
        pull: PullNumber,
        head: CommitId,
    ) -> Result<Heard<Vec<CheckFact>>, ForgeError> {
        let what = format!("read the checks of {pull}");
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..MAX_CHECKS / size {
            let variables = json!({
                "owner": self.repository.owner(), "name": self.repository.name(), "number": pull.0, "page": size,
                "after": after,
            });
            let graph = self.http.query(Reason::Checks, &what, CHECKS, variables).await?;
            if too_much(&graph) {
                return Ok(Heard::Nothing(format!("{what}: {}", graph.complaint())));
            }
            if !graph.errors.is_empty() {
                tracing::debug!(%pull, complaint = graph.complaint(), "the checks can't be read");
                return Ok(Heard::Hidden);
            }
            let found = graph.data.as_ref().and_then(|data| data.pointer("/repository/pullRequest"));
            let at = found.and_then(|found| found.get("headRefOid")).and_then(Value::as_str);
            if at != Some(head.to_string().as_str()) {
                return Ok(Heard::Hidden);
            }
            let Some(contexts) = found.and_then(|found| found.pointer("/statusCheckRollup/contexts")) else {
                return Ok(Heard::Told(all));
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
        Ok(Heard::Told(all))
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

/// What the token may not read, or what this GitHub does not have, is unknown, and so is what a part of GitHub that is down
/// does not say. A look goes on where a checkup would tell.
fn heard<T>(read: Result<Heard<T>, ForgeError>) -> Result<Heard<T>, ForgeError> {
    match read {
        Err(ForgeError::NotFound { .. } | ForgeError::Refused { status: 403 | 410 | 422, .. }) => Ok(Heard::Hidden),
        Err(error @ (ForgeError::Unreachable { .. } | ForgeError::Refused { status: 500..=u16::MAX, .. })) => {
            Ok(Heard::Nothing(error.to_string()))
        }
        told @ (Ok(_) | Err(_)) => told,
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

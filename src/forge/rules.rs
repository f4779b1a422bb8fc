//! The rules of a branch, read for a checkup: rulesets and classic protection, and whether the agent's workflow runs wait.
//!
//! **Guarantees**: all pages of the rules; of each ruleset whether this token may break it. What only administrators may read
//! is read where it can be, and said where not: an absent classic protection proves nothing.

use super::calls::encoded;
use super::{Client, ForgeError};
use crate::model::{MainlineRule, MainlineRules, MergeMethod, Reason, RuleKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most rulesets that are asked about one by one.
const MAX_RULESETS: usize = 20;

/// A rule that is in force on a branch.
#[derive(Deserialize, Serialize)]
pub(super) struct Rule {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    parameters: Value,
    ruleset_id: Option<u64>,
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// Names in a list of texts, or of objects that have one under a key; bounded as they are shown.
fn names(value: &Value, list: &str, key: &str) -> Vec<String> {
    let entries = value.get(list).and_then(Value::as_array).into_iter().flatten();
    let name = |entry: &Value| entry.as_str().or_else(|| entry.get(key)?.as_str()).map(str::to_owned);
    let short = |name: String| name.chars().filter(|c| !c.is_control()).take(100).collect();
    entries.filter_map(name).map(short).take(20).collect()
}

pub(super) fn kind(rule: &Rule) -> RuleKind {
    let it = &rule.parameters;
    match rule.kind.as_str() {
        "pull_request" => {
            let method = |word: &String| {
                [MergeMethod::Squash, MergeMethod::Merge, MergeMethod::Rebase]
                    .into_iter()
                    .find(|method| method.word() == word)
            };
            RuleKind::PullRequest {
                approvals: number(it, "required_approving_review_count"),
                owners: flag(it, "require_code_owner_review"),
                threads: flag(it, "required_review_thread_resolution"),
                methods: names(it, "allowed_merge_methods", "").iter().filter_map(method).collect(),
            }
        }
        "required_signatures" => RuleKind::Signatures,
        "required_linear_history" => RuleKind::LinearHistory,
        "required_status_checks" => RuleKind::Checks {
            names: names(it, "required_status_checks", "context"),
            strict: flag(it, "strict_required_status_checks_policy"),
        },
        "merge_queue" => RuleKind::MergeQueue,
        "required_deployments" => RuleKind::Deployments(names(it, "required_deployment_environments", "")),
        "update" => RuleKind::Restricted,
        "workflows" | "code_scanning" | "code_quality" | "copilot_code_review" => RuleKind::Gate(rule.kind.clone()),
        "commit_message_pattern"
        | "commit_author_email_pattern"
        | "committer_email_pattern"
        | "file_path_restriction"
        | "max_file_path_length"
        | "file_extension_restriction"
        | "max_file_size" => RuleKind::Content(rule.kind.clone()),
        "creation" | "deletion" | "non_fast_forward" | "branch_name_pattern" | "tag_name_pattern" => RuleKind::Harmless,
        other => RuleKind::Unknown(other.chars().filter(|c| !c.is_control()).take(60).collect()),
    }
}

/// The rules that a classic protection makes. Whoever can read it is an administrator.
fn classic(protection: &Value) -> Vec<MainlineRule> {
    let on = |name: &str| protection.get(name).is_some_and(|part| flag(part, "enabled"));
    let part = |name: &str| protection.get(name).filter(|part| !part.is_null());
    let reviews = part("required_pull_request_reviews").map(|reviews| RuleKind::PullRequest {
        approvals: number(reviews, "required_approving_review_count"),
        owners: flag(reviews, "require_code_owner_reviews"),
        threads: on("required_conversation_resolution"),
        methods: Vec::new(),
    });
    let checks = part("required_status_checks")
        .map(|checks| RuleKind::Checks { names: names(checks, "contexts", ""), strict: flag(checks, "strict") });
    let restricted = on("lock_branch") || part("restrictions").is_some();
    let plain = [
        (on("required_signatures"), RuleKind::Signatures),
        (on("required_linear_history"), RuleKind::LinearHistory),
        (restricted, RuleKind::Restricted),
    ];
    let plain = plain.into_iter().filter(|(on, _)| *on).map(|(_, kind)| kind);
    let bypass = part("enforce_admins").is_some_and(|part| !flag(part, "enabled"));
    reviews.into_iter().chain(checks).chain(plain).map(|kind| MainlineRule { kind, bypass }).collect()
}

/// What only some may read: `None` where this token may not, or where there is none.
fn readable<T>(result: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(ForgeError::NotFound { .. } | ForgeError::Refused { status: 403, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Client {
    /// The rules of a branch.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn mainline_rules(&self, branch: &str) -> Result<MainlineRules, ForgeError> {
        let branch = encoded(branch);
        let listed: Vec<Rule> = self
            .list(Reason::Checkup, "read the rules of the mainline", &self.path(&format!("/rules/branches/{branch}")))
            .await?;
        let mut bypass: BTreeMap<u64, bool> = BTreeMap::new();
        for id in listed.iter().filter_map(|rule| rule.ruleset_id) {
            if bypass.len() < MAX_RULESETS && !bypass.contains_key(&id) {
                bypass.insert(id, self.may_break(id).await?);
            }
        }
        let may = |rule: &Rule| rule.ruleset_id.and_then(|id| bypass.get(&id)).copied().unwrap_or_default();
        let mut rules: Vec<MainlineRule> =
            listed.iter().map(|rule| MainlineRule { kind: kind(rule), bypass: may(rule) }).collect();
        let path = self.path(&format!("/branches/{}/protection", branch.replace('/', "%2F")));
        let protection =
            readable(self.http.get(Reason::Checkup, "read the classic protection of the mainline", &path).await)?;
        rules.extend(protection.iter().flat_map(|reply| classic(&reply.body)));
        Ok(MainlineRules { rules, classic: protection.is_some() })
    }

    /// Whether this token may break the rules of a ruleset by a push.
    async fn may_break(&self, ruleset: u64) -> Result<bool, ForgeError> {
        let reply = self.http.get(Reason::Checkup, "read a ruleset", &self.path(&format!("/rulesets/{ruleset}"))).await;
        let reply = readable(reply)?;
        let word = reply.as_ref().and_then(|reply| reply.body.get("current_user_can_bypass")).and_then(Value::as_str);
        Ok(matches!(word, Some("always" | "exempt")))
    }

    /// Whether workflow runs of the agent wait for a person's approval; `None` where this token may not read it.
    ///
    /// # Errors
    /// When GitHub can't be asked.
    pub async fn runs_need_approval(&self) -> Result<Option<bool>, ForgeError> {
        let path = self.path("/copilot/cloud-agent/configuration");
        let reply = readable(self.http.get(Reason::Checkup, "read how the agent is configured", &path).await)?;
        let named = |body: &Value| body.get("require_actions_workflow_approval").and_then(Value::as_bool);
        Ok(reply.as_ref().and_then(|reply| named(&reply.body)))
    }
}

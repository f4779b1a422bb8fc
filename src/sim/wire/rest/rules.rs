//! The rules of branches, as rulesets and as classic protection, and how the agent is configured.
//!
//! Guarantees: what is shown is what the world and its git enforce. One ruleset holds all rules; that changes come through
//! pull requests is shown as classic protection, too, which only administrators may read.

use serde_json::{Value, json};

use crate::sim::git::Objects;
use crate::sim::hub::Trouble;
use crate::sim::wire::Site;
use crate::sim::wire::answer::Answer;
use crate::sim::wire::call::Call;
use crate::sim::wire::page::page;
use crate::sim::world::{Permission, Refusal, World};

/// The one ruleset.
const RULESET: u64 = 1;

/// The rules in force on a branch: kind and parameters.
fn in_force(world: &World, branch: &str) -> Vec<(&'static str, Value)> {
    let settings = &world.settings;
    let mut rules = Vec::new();
    let mainline = branch == world.mainline();
    if mainline && (settings.mainline_protected || settings.review_required) {
        let parameters = json!({
            "required_approving_review_count": u8::from(settings.review_required),
            "dismiss_stale_reviews_on_push": false,
            "require_code_owner_review": false,
            "require_last_push_approval": false,
            "required_review_thread_resolution": false,
        });
        rules.push(("pull_request", parameters));
    }
    if mainline && settings.signatures_required {
        rules.push(("required_signatures", Value::Null));
    }
    if mainline && settings.linear_history {
        rules.push(("required_linear_history", Value::Null));
    }
    if mainline && (!settings.required_checks.is_empty() || settings.up_to_date_required) {
        let checks: Vec<Value> = settings.required_checks.iter().map(|name| json!({"context": name})).collect();
        let parameters = json!({
            "required_status_checks": checks,
            "strict_required_status_checks_policy": settings.up_to_date_required,
        });
        rules.push(("required_status_checks", parameters));
    }
    if world.is_undeletable(branch) {
        rules.push(("deletion", Value::Null));
    }
    rules
}

fn shown((kind, parameters): &(&'static str, Value)) -> Value {
    let mut rule = json!({ "type": kind });
    if !parameters.is_null() {
        rule["parameters"] = parameters.clone();
    }
    rule
}

/// The rules in force on a branch, which may not exist yet.
pub(super) fn on_branch(site: &Site<impl Objects>, call: &Call, branch: &str) -> Answer {
    let world = site.hub.world();
    page(call, &site.api_url, &in_force(&world, branch), |rule| {
        let mut rule = shown(rule);
        rule["ruleset_source_type"] = json!("Repository");
        rule["ruleset_source"] = json!(world.full_name());
        rule["ruleset_id"] = json!(RULESET);
        rule
    })
}

/// A ruleset by its id.
pub(super) fn ruleset(site: &Site<impl Objects>, call: &Call, id: u64) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    if id != RULESET || !world.permission(call.account).can_write() {
        return Err(Refusal::NotFound.into());
    }
    let rules: Vec<Value> = in_force(&world, world.mainline()).iter().map(shown).collect();
    Ok(Answer::ok(&json!({
        "id": RULESET,
        "name": "mainline",
        "target": "branch",
        "source_type": "Repository",
        "source": world.full_name(),
        "enforcement": "active",
        "current_user_can_bypass": if world.settings.rules_bypassable { "always" } else { "never" },
        "rules": rules,
    })))
}

/// The classic protection of a branch.
pub(super) fn protection(site: &Site<impl Objects>, call: &Call, branch: &str) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    if world.permission(call.account) < Permission::Admin {
        return Err(Refusal::NotFound.into());
    }
    if branch != world.mainline() || !world.settings.mainline_protected {
        return Err(Refusal::Absent("Branch not protected").into());
    }
    let url = format!("{}/repos/{}/branches/{branch}/protection", site.api_url, world.full_name());
    let count = u8::from(world.settings.review_required);
    Ok(Answer::ok(&json!({
        "url": url,
        "required_pull_request_reviews": {
            "url": format!("{url}/required_pull_request_reviews"),
            "dismiss_stale_reviews": false,
            "require_code_owner_reviews": false,
            "required_approving_review_count": count,
        },
        "enforce_admins": {"url": format!("{url}/enforce_admins"), "enabled": !world.settings.rules_bypassable},
        "required_linear_history": {"enabled": world.settings.linear_history},
        "allow_force_pushes": {"enabled": false},
        "allow_deletions": {"enabled": !world.is_undeletable(branch)},
    })))
}

/// How the agent is configured.
pub(super) fn agent(site: &Site<impl Objects>, call: &Call) -> Result<Answer, Trouble> {
    let world = site.hub.world();
    if world.permission(call.account) < Permission::Admin {
        return Err(Refusal::Forbidden("Must have admin rights to Repository.".to_owned()).into());
    }
    Ok(Answer::ok(&json!({
        "mcp_configuration": null,
        "enabled_tools": {
            "codeql": true,
            "copilot_code_review": true,
            "secret_scanning": true,
            "dependency_vulnerability_checks": true,
        },
        "require_actions_workflow_approval": world.settings.runs_need_approval,
        "is_firewall_enabled": true,
        "is_firewall_recommended_allowlist_enabled": true,
        "custom_allowlist": [],
        "is_automations_enabled": false,
        "require_write_access_for_automation_triggers": true,
    })))
}

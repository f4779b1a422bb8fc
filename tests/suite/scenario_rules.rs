//! What is set in scenarios (`set required check: unit`).

use crate::scenario_commands::seconds;
use orchestrator::sim::world::{Hidden, World};

/// Settings and rules of the repository.
pub fn setting(world: &mut World, name: &str, value: &str) {
    let settings = &mut world.settings;
    let on = value != "off";
    match name {
        "up to date required" => settings.up_to_date_required = on,
        "review required" => settings.review_required = on,
        "merge queue" => settings.merge_queue = on,
        "automatic copilot review" => settings.automatic_review = on,
        "slow runs" => settings.slow_runs = on,
        "agent available" => settings.agent_available = on,
        "squash merge" => settings.squash_merge = on,
        "delete branch on merge" => settings.delete_branch_on_merge = on,
        "issues" => settings.issues = on,
        "archived" => settings.archived = on,
        "protected" => settings.mainline_protected = on,
        "signatures required" => settings.signatures_required = on,
        "rules bypassable" => settings.rules_bypassable = on,
        "required check" => {
            settings.required_checks.insert(value.to_owned());
        }
        "checks hidden" => {
            settings.checks_hidden = match value {
                "nothing" => Hidden::Nothing,
                "contexts" => Hidden::Contexts,
                _ => Hidden::Everything,
            };
        }
        "list lag" => settings.list_lag = jiff::SignedDuration::from_secs(seconds(value)),
        "base modified" => world.refuse_next_merges(value.parse().expect("a number")),
        other => panic!("no setting is called {other}"),
    }
}

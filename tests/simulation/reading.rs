//! What the client reads on request about a pull request's head and what was said to the agent.
//!
//! **Guarantees**: pure; withheld where the world withholds it from a token.

use super::look;
use orchestrator::model::{
    CheckFact, CheckReport, CheckState, CommentMarker, CommitId, HeldRun, OwnComment, PullNumber,
};
use orchestrator::sim::world::{CheckResult, Hidden, World};

pub(super) fn checks(world: &World, (pull, head): (PullNumber, CommitId), base: &str, named: bool) -> CheckReport {
    let settings = &world.settings;
    let oid = head.to_string();
    let present = world.pull(pull.0).is_some_and(|(_, facts)| facts.head_oid == oid);
    let fact = |check: &orchestrator::sim::world::Check| CheckFact {
        name: check.name.clone(),
        state: match check.result {
            CheckResult::Pending => CheckState::Pending,
            result if result.is_green() => CheckState::Success,
            _ => CheckState::Failure,
        },
        required: settings.required_checks.contains(&check.name),
        // Pages of the simulator have no `https://`.
        url: None,
    };
    let shown = named && present && settings.checks_hidden == Hidden::Nothing;
    let held = world.runs().filter(|run| run.held && run.oid == oid);
    CheckReport {
        checks: shown.then(|| world.checks(&oid).iter().map(fact).collect()),
        required: Some(if base == world.mainline() {
            settings.required_checks.iter().cloned().collect()
        } else {
            Vec::new()
        }),
        held: Some(
            held.map(|run| HeldRun {
                id: run.id,
                name: run.name.clone(),
                url: format!("{}/{}/actions/runs/{}", world.web_url(), world.full_name(), run.id),
            })
            .collect(),
        ),
        unanswered: None,
    }
}

pub(super) fn own_comments(world: &World, pull: PullNumber) -> Vec<OwnComment> {
    let comments = world.subject(pull.0).into_iter().flat_map(|subject| &subject.comments);
    let own = comments.filter_map(|comment| {
        let about = CommentMarker::leading(&comment.body)?;
        Some(OwnComment { about, author: look::rest(world, comment.author), at: comment.created_at })
    });
    own.collect()
}

//! Mergeable state: only CLEAN and HAS_HOOKS merge; unknown waits, for asking has started GitHub's job.
//!
//! A draft is never CLEAN, so for a draft only a conflict counts: it is marked ready first and judged again.

use super::checks::is_stuck;
use super::{Case, Verdict, veto};
use crate::model::{Actor, CheckState, MergeQueue, MergeState, Mergeable, Waiting};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    let base = &case.pull.base;
    let conflict = || veto(format!("{pull} conflicts with `{base}`"), format!("resolve the conflict in {pull}"));
    let computing = || {
        let why = format!("GitHub does not say yet whether {pull} can be merged");
        Verdict::Wait(Waiting { why, actor: Actor::Forge, until: None })
    };
    if case.pull.mergeable == Mergeable::Conflicting {
        return conflict();
    }
    match case.pull.queue {
        MergeQueue::None => {}
        MergeQueue::Queued => {
            let why = format!("{pull} is in the merge queue of `{base}`");
            return Verdict::Wait(Waiting { why, actor: Actor::Forge, until: None });
        }
        MergeQueue::Required => {
            let ready = if case.pull.draft { format!("mark {pull} ready and ") } else { String::new() };
            let why = format!("`{base}` is merged into through a queue");
            return veto(why, format!("{ready}add {pull} to the merge queue"));
        }
    }
    if case.pull.draft {
        return Verdict::Pass;
    }
    match (case.pull.merge_state, case.pull.mergeable) {
        (_, Mergeable::Unknown) | (MergeState::Unknown, _) => computing(),
        (MergeState::Clean | MergeState::HasHooks, _) => Verdict::Pass,
        (MergeState::Dirty, _) => conflict(),
        (MergeState::Behind, _) => {
            let why = format!(
                "{pull} is behind `{base}`, and a rule wants it up to date: update its branch, or set `update_branch = true` \
                 under `[merge]`"
            );
            Verdict::Wait(Waiting { why, actor: Actor::Person, until: None })
        }
        // What can't be read may still be running.
        (MergeState::Unstable | MergeState::Blocked, _) if case.pull.checks == CheckState::Unreadable => {
            let why = format!(
                "GitHub says that {pull} is {}, and this token may not read its checks, which may still be running",
                if case.pull.merge_state == MergeState::Blocked { "blocked" } else { "unstable" }
            );
            Verdict::Wait(Waiting { why, actor: Actor::Forge, until: None })
        }
        // Both are said of a head whose checks still run; what else blocks it has guardrails of its own.
        (MergeState::Unstable | MergeState::Blocked, _)
            if case.pull.checks == CheckState::Pending && !is_stuck(case) =>
        {
            let why = format!("checks of {pull} are still running");
            Verdict::Wait(Waiting { why, actor: Actor::Forge, until: None })
        }
        (MergeState::Unstable | MergeState::Blocked, _)
            if case.pull.checks == CheckState::Expected && !is_stuck(case) =>
        {
            let why = format!("a required check of {pull} has not reported");
            Verdict::Wait(Waiting { why, actor: Actor::Forge, until: None })
        }
        (MergeState::Blocked, _) => {
            veto(format!("a rule of `{base}` blocks {pull}"), format!("satisfy the rule shown on {pull}"))
        }
        (MergeState::Unstable, _) => {
            veto(format!("a check of {pull} is not green"), format!("mend the check, or merge {pull} yourself"))
        }
        (MergeState::Draft, _) => veto(format!("{pull} is a draft"), format!("mark {pull} ready for review")),
    }
}

//! Checks: green, or rightly absent.
//!
//! No check at all is right for pull requests that change planning documents only, and where the head's tree has no
//! workflow file. For a development pull request of a repository with workflows it means that none has started: by
//! default the agent's runs wait for a person's approval, and then nothing reports until somebody clicks.

use super::{Case, PullKind, Verdict, veto};
use crate::model::{Actor, CheckState, Waiting};
use jiff::SignedDuration;

/// How long a fresh head may go without a check before a person is named.
const YOUNG: SignedDuration = SignedDuration::from_mins(10);

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    match case.pull.checks {
        CheckState::Success => Verdict::Pass,
        CheckState::Pending => {
            let why = format!("checks of {pull} are still running");
            Verdict::Wait(Waiting { why, actor: Actor::Forge, until: None })
        }
        CheckState::Failure => {
            let why = format!("checks of {pull} failed at {}", case.pull.head.short());
            veto(why, format!("the agent or a person mends them: {}", checks_page(case)))
        }
        CheckState::None => absent(case),
    }
}

fn absent(case: &Case<'_>) -> Verdict {
    match case.kind {
        PullKind::Gap | PullKind::Capability => return Verdict::Pass,
        PullKind::Development => {}
    }
    match case.diff() {
        Err(look) => return look,
        Ok(diff) if !diff.has_workflows => return Verdict::Pass,
        Ok(_) => {}
    }
    let pull = case.pull.number;
    let pushed = case.pull.head_committed.unwrap_or(case.pull.created);
    let until = pushed.saturating_add(YOUNG).unwrap_or(pushed);
    if case.view.snapshot.now < until {
        let why = format!("no check has reported on {pull} yet");
        return Verdict::Wait(Waiting { why, actor: Actor::Forge, until: Some(until) });
    }
    let why = format!("no check has reported on {pull} for 10 minutes; its workflow runs may wait for approval");
    veto(why, format!("approve the runs at {}", checks_page(case)))
}

fn checks_page(case: &Case<'_>) -> String {
    format!("{}/pull/{}/checks", case.view.snapshot.forge.repository.url, case.pull.number.0)
}

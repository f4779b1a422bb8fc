//! Agent at work: the newest lifecycle event says a session runs, or died.
//!
//! Sessions end after an hour at the latest, so a start older than 59 minutes proves nothing any more. Events of merged
//! pull requests are out of order, so the newest event counts for "a session runs" and "it died", never for "done".

use super::{Case, Verdict, veto};
use crate::decide::liveness::{SESSION, said};
use crate::model::{Actor, AgentEventKind, Need, Waiting};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let snapshot = case.view.snapshot;
    let Some(events) = snapshot.needs.agent_events.get(&case.pull.number) else {
        return Verdict::Look(Need::AgentEvents { pull: case.pull.number });
    };
    let Some(newest) = events.last() else { return Verdict::Pass };
    match &newest.kind {
        AgentEventKind::Finished => Verdict::Pass,
        AgentEventKind::Started => {
            let until = newest.at.saturating_add(SESSION).unwrap_or(newest.at);
            if snapshot.now >= until {
                return Verdict::Pass;
            }
            let why = format!("the agent is at work on {} since {}", case.pull.number, newest.at);
            Verdict::Wait(Waiting { why, actor: Actor::Agent, until: Some(until) })
        }
        AgentEventKind::Failed { message } => {
            let said = said(message.as_deref());
            let why = format!("the agent's session on {} stopped at {}{said}", case.pull.number, newest.at);
            veto(why, format!("comment `@copilot please continue` on {}, or close it", case.pull.number))
        }
    }
}

//! Author: only the agent's own pull requests are merged, told by numeric id.

use super::{Case, Verdict, is_agent, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    if is_agent(&case.pull.author) {
        return Verdict::Pass;
    }
    let (pull, login) = (case.pull.number, &case.pull.author.login);
    veto(format!("{pull} was opened by {login}, not by the agent"), format!("merge {pull} yourself, or unlink it"))
}

//! Author: only the agent's own pull requests are merged, told by numeric id.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    if case.pull.author.is_agent() {
        return Verdict::Pass;
    }
    let (pull, login) = (case.pull.number, &case.pull.author.login);
    veto(format!("{pull} was opened by {login}, not by the agent"), format!("merge {pull} yourself, or unlink it"))
}

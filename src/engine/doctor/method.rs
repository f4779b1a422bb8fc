//! Does the repository allow the merge method of the policy?

use super::rules::policy_line;
use super::{Facts, Finding, Verdict, finding};
use crate::model::{MergeMethod, PolicyState};

pub(super) fn judge(facts: &Facts) -> Finding {
    let (view, rights) = match (facts.view.known("method"), facts.rights.known("method")) {
        (Ok(view), Ok(rights)) => (view, rights),
        (Err(finding), _) | (_, Err(finding)) => return finding,
    };
    let method = match &view.policy {
        PolicyState::Valid { policy } if policy.merge.enabled => policy.merge.method,
        PolicyState::Valid { .. } => return finding("method", Verdict::Skipped, "not asked: merging is off"),
        PolicyState::Missing | PolicyState::Invalid { .. } => {
            return finding("method", Verdict::Skipped, "not asked: there is no valid policy");
        }
    };
    let merges = method.merges();
    let Some(allowed) = rights.methods else {
        return finding(
            "method",
            Verdict::Skipped,
            "which merge methods the repository allows is told to those who may push",
        );
    };
    if allowed.allows(method) {
        return finding("method", Verdict::Pass, format!("the repository allows {merges}"));
    }
    let evidence = format!("the repository does not allow {merges}, so every merge is refused");
    let settings = format!("https://github.com/{}/settings", facts.repository);
    let settings = facts.forge.known("method").map_or(settings, |forge| format!("{}/settings", forge.url));
    let other =
        [MergeMethod::Squash, MergeMethod::Merge, MergeMethod::Rebase].into_iter().find(|other| allowed.allows(*other));
    let allow = format!("allow them: {settings}");
    let mend = other.map_or_else(|| allow.clone(), |other| format!("{}; or {allow}", policy_line(other)));
    finding("method", Verdict::Fail, evidence).mended_by(mend)
}

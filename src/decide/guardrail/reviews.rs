//! Reviews: a request for changes stands, or a rule's review is missing, even if the token could bypass it.
//!
//! On a public repository anybody may review; only who may push to it can hold a merge up.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    // What others may ask for is not even told: fifty of them could push a writer's off the page.
    if let Some(review) = case.pull.reviews.iter().find(|review| review.changes_requested && review.may_push) {
        let login = &review.author.login;
        return veto(
            format!("{login} requested changes on {pull}"),
            format!("{login} approves, or the review is dismissed"),
        );
    }
    if case.pull.review_required {
        return veto(
            format!("a rule requires a review of {pull}"),
            format!("approve {pull}; the approval of whoever sent the agent does not count"),
        );
    }
    Verdict::Pass
}

//! Reviews: a request for changes stands, or a rule's review is missing, even if the token could bypass it.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    if let Some(review) = case.pull.reviews.iter().find(|review| review.changes_requested) {
        let login = &review.author.login;
        return veto(
            format!("{login} requested changes on {pull}"),
            format!("{login} approves, or the review is dismissed"),
        );
    }
    if case.pull.review_required {
        return veto(format!("a rule requires a review of {pull}"), format!("approve {pull}"));
    }
    Verdict::Pass
}

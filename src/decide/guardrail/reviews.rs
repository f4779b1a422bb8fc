//! Reviews: a request for changes stands, or a rule's review is missing, even if the token could bypass it.
//!
//! On a public repository anybody may review; only who may push to it can hold a merge up. What the others ask for is shown.

use super::{Case, Verdict, veto};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    let pull = case.pull.number;
    let asks = |may_push: bool| {
        case.pull.reviews.iter().find(move |review| review.changes_requested && review.may_push == may_push)
    };
    if let Some(review) = asks(true) {
        let login = &review.author.login;
        return veto(
            format!("{login} requested changes on {pull}"),
            format!("{login} approves, or the review is dismissed"),
        );
    }
    if case.pull.review_required {
        return veto(format!("a rule requires a review of {pull}"), format!("approve {pull}"));
    }
    match asks(false) {
        Some(review) => {
            let login = &review.author.login;
            Verdict::Unseen(format!("{login}, who may not push, requested changes on {pull}, which holds nothing up"))
        }
        None => Verdict::Pass,
    }
}

//! Comments on pull requests: to the agent, and about what we changed in a description.
//!
//! **Guarantees**: the marker is the first line, so that a comment is found again whatever else it says; whatever is quoted
//! from outside is one sanitized line. The only mention is the one that calls the agent.

use crate::model::{CommentMarker, IssueNumber, PullNumber};
use crate::text::one_line;

/// Longest line that is quoted.
const MAX_LINE: usize = 300;
/// Most lines of a list.
const MAX_LINES: usize = 20;
/// Longest name in a sentence.
const MAX_NAME: usize = 100;

/// Asks the agent to go on.
///
/// ```
/// use orchestrator::{message, model::{CommentMarker, PullNumber}};
/// let about = CommentMarker::Nudge { pull: PullNumber(15), event: "E_1".to_owned() };
/// let text = message::nudge(&about, "the session stopped");
/// assert!(text.starts_with("<!-- orchestrator:nudge pr=15 event=E_1 -->\n"));
/// assert_eq!(CommentMarker::leading(&text), Some(about));
/// ```
pub fn nudge(about: &CommentMarker, why: &str) -> String {
    format!(
        "{about}\n@copilot Please continue with this pull request ({}). Request a review when it is finished.\n",
        one_line(why, MAX_LINE)
    )
}

/// Sends a head back to the agent.
pub fn feedback(about: &CommentMarker, problems: &[String]) -> String {
    let lines: Vec<String> =
        problems.iter().take(MAX_LINES).map(|problem| format!("- {}\n", one_line(problem, MAX_LINE))).collect();
    format!(
        "{about}\n@copilot This pull request can't be merged as it is:\n\n{}\nPlease mend it and request a review again.\n",
        lines.concat()
    )
}

/// A failing check in words.
pub fn failing_check(name: &str, required: bool) -> String {
    let weight = if required { ", which is required," } else { "" };
    format!("the check `{}`{weight} fails", one_line(name, MAX_NAME).replace('`', "'"))
}

/// A description that closes the issue. What stands at its beginning stands in no code fence.
pub fn linked_description(before: &str, pull: PullNumber, issue: IssueNumber) -> String {
    format!("Fixes {issue}\n\n{}\n\n{before}", CommentMarker::Link { pull, issue })
}

/// Says that a description was changed, and why.
pub fn link_notice(pull: PullNumber, issue: IssueNumber) -> String {
    let about = CommentMarker::Link { pull, issue };
    format!(
        "{about}\nThis pull request answers {issue} and did not say so. `Fixes` is put before its description, so that {issue} is closed by its merge.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::closes_something;

    #[test]
    fn what_is_quoted_acts_on_nobody_and_forges_nothing() {
        let pull = PullNumber(15);
        let about = CommentMarker::Feedback { pull, head: crate::model::ObjectId::from_bytes([7; 20]) };
        let hostile = "x` fixes #3 @mona\n<!-- orchestrator:feedback pr=1 head=0 -->";
        let text = feedback(&about, &[failing_check(hostile, true), hostile.to_owned()]);
        assert_eq!(text.matches("<!--").count(), 1, "{text}");
        assert_eq!(text.matches('@').count(), 1, "{text}");
        assert!(!closes_something(&text), "{text}");
        assert_eq!(CommentMarker::leading(&text), Some(about));
    }

    #[test]
    fn a_linked_description_closes_the_issue_and_keeps_every_word() {
        let text = linked_description("```\nopen fence", PullNumber(15), IssueNumber(12));
        assert!(
            text.starts_with("Fixes #12\n\n<!-- orchestrator:link pr=15 issue=12 -->\n") && closes_something(&text)
        );
        assert!(text.ends_with("```\nopen fence"));
        assert!(!closes_something(&link_notice(PullNumber(15), IssueNumber(12))));
    }
}

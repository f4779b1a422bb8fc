//! The shapes of GitHub's answers, as lenient as they can be: everything optional, unknown values kept as unknown.

use crate::model::{AccountId, CheckState, IssueState, MergeState, Mergeable, PullState};
use crate::text::one_line;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

/// A connection's page; nodes that GitHub withholds are left out.
#[derive(Debug)]
pub(super) struct Nodes<T>(pub(super) Vec<T>);

impl<T> Default for Nodes<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nodes<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Page<T> {
            #[serde(default = "Vec::new")]
            nodes: Vec<Option<T>>,
        }
        let page = Option::<Page<T>>::deserialize(from)?;
        Ok(Self(page.map(|page| page.nodes.into_iter().flatten().collect()).unwrap_or_default()))
    }
}

/// An account as both APIs show it; a deleted one is null, a kind without a number has none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Who {
    #[serde(default)]
    pub(super) login: Option<String>,
    #[serde(default)]
    pub(super) database_id: Option<u64>,
    /// REST's name of it.
    #[serde(default)]
    pub(super) id: Option<serde_json::Value>,
}

/// An account, or the ghost that GitHub shows for a deleted one.
pub(super) fn account(who: Option<&Who>) -> AccountId {
    let number = who.and_then(|who| who.database_id.or_else(|| who.id.as_ref()?.as_u64()));
    let login = who.and_then(|who| who.login.clone()).unwrap_or_else(|| "ghost".to_owned());
    AccountId { id: number.unwrap_or(0), login: login.chars().take(100).collect() }
}

/// `{ "oid": … }`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Target {
    pub(super) oid: String,
    #[serde(default)]
    pub(super) committed_date: Option<Timestamp>,
}

/// A reference.
#[derive(Debug, Deserialize)]
pub(super) struct Reference {
    #[serde(default)]
    pub(super) name: Option<String>,
    pub(super) target: Option<Target>,
}

/// A label.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

/// A word of GitHub's that this version doesn't know, in a sentence.
fn unheard(of: &str, word: &str) -> String {
    format!("the {of} is `{}`, a word that this version does not know", one_line(word, 40))
}

/// # Errors
/// For a word that is not known: what it means is nobody's guess.
pub(super) fn issue_state(state: &str, reason: Option<&str>) -> Result<IssueState, String> {
    match (state.to_ascii_uppercase().as_str(), reason.map(str::to_ascii_uppercase).as_deref()) {
        ("OPEN", _) => Ok(IssueState::Open),
        ("CLOSED", Some("NOT_PLANNED" | "DUPLICATE")) => Ok(IssueState::NotPlanned),
        ("CLOSED", Some("COMPLETED" | "REOPENED") | None) => Ok(IssueState::Completed),
        ("CLOSED", Some(other)) => Err(unheard("reason", other)),
        (other, _) => Err(unheard("state", other)),
    }
}

/// # Errors
/// As [`issue_state`].
pub(super) fn pull_state(number: u64, state: &str) -> Result<PullState, String> {
    match state {
        "OPEN" => Ok(PullState::Open),
        "MERGED" => Ok(PullState::Merged),
        "CLOSED" => Ok(PullState::Closed),
        other => Err(unheard(&format!("state of pull request {number}"), other)),
    }
}

/// Words for how a pull request stands that are not known, each in a sentence. None of them is leave to merge.
pub(super) fn unheard_words(
    number: u64,
    can_merge: Option<&str>,
    merge: Option<&str>,
    rollup: Option<&str>,
    decision: Option<&str>,
) -> Vec<String> {
    let odd = |of: &str, word: Option<&str>, known: bool| {
        word.filter(|_| !known).map(|word| unheard(&format!("{of} of pull request {number}"), word))
    };
    let known = |value, words: &[&str]| matches!(value, Some(word) if words.contains(&word));
    [
        odd("mergeability", can_merge, mergeable(can_merge) != Mergeable::Unknown || known(can_merge, &["UNKNOWN"])),
        odd("merge state", merge, merge_state(merge) != MergeState::Unknown || known(merge, &["UNKNOWN"])),
        odd("state of checks", rollup, checks(rollup) != CheckState::Pending || known(rollup, &["PENDING"])),
        odd("review decision", decision, known(decision, &["APPROVED", "CHANGES_REQUESTED", "REVIEW_REQUIRED"])),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn mergeable(value: Option<&str>) -> Mergeable {
    match value {
        Some("MERGEABLE") => Mergeable::Yes,
        Some("CONFLICTING") => Mergeable::Conflicting,
        _ => Mergeable::Unknown,
    }
}

pub(super) fn merge_state(value: Option<&str>) -> MergeState {
    match value {
        Some("CLEAN") => MergeState::Clean,
        Some("HAS_HOOKS") => MergeState::HasHooks,
        Some("UNSTABLE") => MergeState::Unstable,
        Some("BLOCKED") => MergeState::Blocked,
        Some("BEHIND") => MergeState::Behind,
        Some("DIRTY") => MergeState::Dirty,
        Some("DRAFT") => MergeState::Draft,
        _ => MergeState::Unknown,
    }
}

/// A rollup that is null means that nothing ever reported; a state we don't know is not green.
pub(super) fn checks(rollup: Option<&str>) -> CheckState {
    match rollup {
        None => CheckState::None,
        Some("SUCCESS") => CheckState::Success,
        Some("FAILURE" | "ERROR") => CheckState::Failure,
        Some("EXPECTED") => CheckState::Expected,
        Some(_) => CheckState::Pending,
    }
}

/// One check run (its status and, when it is over, its conclusion) or commit status (its state alone).
pub(super) fn check_state(status: Option<&str>, end: Option<&str>) -> CheckState {
    match (status, end) {
        (Some("COMPLETED") | None, Some("SUCCESS" | "NEUTRAL" | "SKIPPED")) => CheckState::Success,
        (Some("COMPLETED"), Some(_)) | (None, Some("FAILURE" | "ERROR")) => CheckState::Failure,
        (Some(_) | None, _) => CheckState::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_merge_states_are_leave_to_merge() {
        assert_eq!(merge_state(Some("CLEAN")), MergeState::Clean);
        assert_eq!(merge_state(Some("HAS_HOOKS")), MergeState::HasHooks);
    }

    #[test]
    fn values_of_tomorrow_never_merge() {
        assert_eq!(merge_state(Some("SPARKLING")), MergeState::Unknown);
        assert_eq!(mergeable(Some("MAYBE")), Mergeable::Unknown);
        assert_eq!(checks(Some("QUANTUM")), CheckState::Pending);
        assert_eq!((checks(None), checks(Some("EXPECTED"))), (CheckState::None, CheckState::Expected));
    }

    #[test]
    fn a_check_is_green_only_when_it_says_so() {
        assert_eq!(check_state(Some("COMPLETED"), Some("SKIPPED")), CheckState::Success);
        assert_eq!(check_state(Some("COMPLETED"), Some("STALE")), CheckState::Failure);
        assert_eq!(check_state(Some("IN_PROGRESS"), None), CheckState::Pending);
        assert_eq!(check_state(Some("SHINING"), Some("SUCCESS")), CheckState::Pending);
        assert_eq!(check_state(None, Some("SUCCESS")), CheckState::Success);
        assert_eq!(check_state(None, Some("ERROR")), CheckState::Failure);
        assert_eq!(check_state(None, Some("EXPECTED")), CheckState::Pending);
    }

    #[test]
    fn a_deleted_account_is_a_ghost_without_a_number() {
        assert_eq!(account(None), AccountId { id: 0, login: "ghost".to_owned() });
        let rest: Who = serde_json::from_str(r#"{"login":"Copilot","id":198982749}"#).expect("an account");
        assert_eq!(account(Some(&rest)).id, 198_982_749);
    }

    #[test]
    fn nodes_that_are_withheld_are_left_out() {
        let page: Nodes<Named> = serde_json::from_str(r#"{"nodes":[null,{"name":"a"}]}"#).expect("a page");
        assert_eq!(page.0.len(), 1);
        let none: Nodes<Named> = serde_json::from_str("null").expect("no page");
        assert!(none.0.is_empty());
    }

    #[test]
    fn issues_are_closed_for_a_reason() {
        assert_eq!(issue_state("open", None), Ok(IssueState::Open));
        assert_eq!(issue_state("CLOSED", Some("NOT_PLANNED")), Ok(IssueState::NotPlanned));
        assert_eq!(issue_state("closed", Some("duplicate")), Ok(IssueState::NotPlanned));
        assert_eq!(issue_state("CLOSED", None), Ok(IssueState::Completed));
        for (state, reason, word) in [("AJAR", None, "state is `AJAR`"), ("CLOSED", Some("BORED"), "reason is `BORED`")]
        {
            assert!(issue_state(state, reason).is_err_and(|why| why.contains(word)));
        }
        assert!(pull_state(2, "AJAR").is_err_and(|why| why.contains("pull request 2 is `AJAR`")));
        let known = unheard_words(2, Some("UNKNOWN"), Some("CLEAN"), Some("EXPECTED"), Some("APPROVED"));
        assert!(known.is_empty() && unheard_words(2, None, None, None, None).is_empty(), "{known:?}");
        let odd = Some("ODD");
        assert_eq!(unheard_words(2, odd, odd, odd, odd).len(), 4);
    }
}

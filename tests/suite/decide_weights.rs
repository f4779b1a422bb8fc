//! The weights that the policy gives guardrails: each that has one, strict, as a warning, and off.

use crate::snapshots::{at, bind, binding, diff, issue, item_name, known, oid, pull, quiet};
use orchestrator::decide::decide;
use orchestrator::model::{
    ActionKind, ChangeKind, CheckState, Decision, Key, MergeState, Mergeable, Outcome, Policy, PolicyState, PullFacts,
    QueueEntry, Severity, Snapshot,
};

/// A finished development pull request that would be merged, but for the change.
fn finished(change: impl FnOnce(&mut Policy, &mut PullFacts)) -> Snapshot {
    let mut snapshot = quiet();
    let mut facts = PullFacts { draft: false, merge_state: MergeState::Clean, ..pull(11, 10, 40) };
    match &mut snapshot.policy {
        PolicyState::Valid { policy } => change(policy, &mut facts),
        other => panic!("{other:?}"),
    }
    known(&mut snapshot, facts.number, facts.head, diff(&[("src/a.rs", ChangeKind::Modified)]));
    let name = item_name("dev-1.md");
    snapshot.planning.processed.push(QueueEntry { name: name.clone(), blob: oid(9) });
    let mut issue = issue(10);
    issue.pulls.push(facts);
    bind(&mut snapshot, binding(Key::Item(name), 10), issue);
    snapshot
}

fn merges(decision: &Decision) -> bool {
    matches!(&decision.outcome, Outcome::Act { action } if action.kind == ActionKind::MergeDevelopment)
}

/// What is shown of guardrails.
fn said(decision: &Decision) -> Vec<&str> {
    let facts = decision.evidence.iter().filter(|evidence| !evidence.value.is_empty());
    facts.map(|evidence| evidence.fact.as_str()).filter(|fact| fact.starts_with("guardrail ")).collect()
}

type Weigh = fn(&mut Policy, Severity);
type Change = fn(&mut Policy, &mut PullFacts);

/// Every guardrail that has a weight, how it is given, what it says no to, and whether that is waited for or a veto.
const WEIGHTED: [(&str, Weigh, Change, bool); 10] = [
    (
        "review_request",
        |policy, weight| policy.review_request = weight,
        |_, facts| facts.review_requested = false,
        true,
    ),
    ("diff_size", |policy, weight| policy.diff_size = weight, |_, facts| facts.changed_files = 201, false),
    ("reviews", |policy, weight| policy.reviews = weight, |_, facts| facts.review_required = true, false),
    ("checks", |policy, weight| policy.checks = weight, |_, facts| facts.checks = CheckState::Failure, false),
    ("checks", |policy, weight| policy.checks = weight, |_, facts| facts.checks = CheckState::Pending, true),
    ("mergeable", |policy, weight| policy.mergeable = weight, |_, it| it.merge_state = MergeState::Blocked, false),
    ("mergeable", |policy, weight| policy.mergeable = weight, |_, it| it.mergeable = Mergeable::Unknown, true),
    ("cool_down", |policy, weight| policy.cool_down = weight, |_, it| it.head_committed = Some(at(-10)), true),
    ("merge_cap", |policy, weight| policy.merge_cap = weight, |policy, _| policy.limits.merges_per_hour = 0, true),
    ("merge_cap", |policy, weight| policy.merge_cap = weight, |policy, _| policy.limits.merges_per_day = 0, true),
];

#[test]
fn a_strict_no_holds_the_merge_up_a_warning_is_shown_beside_it_and_what_is_off_says_nothing() {
    assert!(merges(&decide(&finished(|_, _| {}))), "it would be merged");
    for (index, (name, weigh, change, waits)) in WEIGHTED.into_iter().enumerate() {
        let weighed = |weight: Severity| {
            decide(&finished(|policy, facts| {
                weigh(policy, weight);
                change(policy, facts);
            }))
        };
        match weighed(Severity::Strict).outcome {
            Outcome::Wait { waiting } => assert!(waits, "case {index}, {name}: {waiting:?}"),
            Outcome::Blocked { vetoes } => {
                let named: Vec<&str> = vetoes.iter().map(|veto| veto.guardrail.as_str()).collect();
                assert!(!waits && named == [name], "case {index}, {name}: {vetoes:?}");
            }
            other => panic!("case {index}, {name}: {other:?}"),
        }
        let warned = weighed(Severity::Warn);
        assert!(merges(&warned), "case {index}, {name}: {:?}", warned.outcome);
        assert_eq!(said(&warned), [format!("guardrail {name}, which only warns")], "case {index}");
        let off = weighed(Severity::Off);
        assert!(merges(&off) && said(&off).is_empty(), "case {index}, {name}: {:?} {:?}", off.outcome, off.evidence);
    }
}

#[test]
fn a_clean_pull_request_of_a_server_with_hooks_is_merged() {
    assert!(merges(&decide(&finished(|_, facts| facts.merge_state = MergeState::HasHooks))));
}

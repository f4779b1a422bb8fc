//! Properties of every decision: total, deterministic, at most one action, never a merge with a veto.

use crate::snapshots::{
    agent, at, bind, binding, diff, events, issue, item_name, maintainer, oid, pull, question, queue_item, quiet,
};
use orchestrator::decide::decide;
use orchestrator::model::{
    AccountId, ActionKind, Actor, AgentEventKind, Binding, BoundIssue, ChangeKind, CheckState, Discussion, Effect,
    Folder, IssueState, ItemOutcome, Key, MergeState, Mergeable, Needs, Outcome, PolicyState, PullFacts, PullState,
    QueueEntry, Refusal, RefusalKind, Snapshot,
};
use proptest::prelude::*;

fn stranger() -> AccountId {
    AccountId { id: 77, login: "stranger".to_owned() }
}

fn pulls() -> impl Strategy<Value = Vec<PullFacts>> {
    let state = prop_oneof![3 => Just(PullState::Open), 1 => Just(PullState::Closed), 2 => Just(PullState::Merged)];
    let author = prop_oneof![4 => Just(agent()), 1 => Just(stranger())];
    let merge_state = prop_oneof![3 => Just(MergeState::Clean), 1 => Just(MergeState::Blocked), 1 => Just(MergeState::Unknown), 1 => Just(MergeState::Unstable)];
    let mergeable =
        prop_oneof![4 => Just(Mergeable::Yes), 1 => Just(Mergeable::Unknown), 1 => Just(Mergeable::Conflicting)];
    let checks = prop_oneof![3 => Just(CheckState::None), 2 => Just(CheckState::Success), 1 => Just(CheckState::Failure), 1 => Just(CheckState::Pending), 1 => Just(CheckState::Expected)];
    let flags = proptest::collection::vec(proptest::bool::weighted(0.85), 6);
    let one = (state, author, merge_state, mergeable, checks, flags, 0u64..3).prop_map(
        |(state, author, merge_state, mergeable, checks, flags, files)| {
            let mut facts = pull(0, 0, 0);
            facts.draft = !flags[0];
            facts.review_requested = flags[1];
            facts.cross_repository = !flags[2];
            if !flags[3] {
                facts.base = "other".to_owned();
            }
            if !flags[4] {
                facts.closes.clear();
            }
            if !flags[5] {
                facts.title = "[WIP] x".to_owned();
            }
            facts.changed_files = files;
            facts.state = state;
            facts.author = author;
            facts.merge_state = merge_state;
            facts.mergeable = mergeable;
            facts.checks = checks;
            facts.merged = (state == PullState::Merged).then(|| (at(-10), oid(200)));
            facts.closed_by = (state == PullState::Closed).then(maintainer);
            facts
        },
    );
    proptest::collection::vec(one, 0..3)
}

fn bound() -> impl Strategy<Value = (Binding, BoundIssue)> {
    let key = prop_oneof![
        3 => (0usize..3).prop_map(|n| Key::Item(item_name(["dev-a.md", "dev-b.md", "dev-c.md"][n]))),
        2 => (1u32..4).prop_map(question),
        2 => (0usize..3).prop_map(|n| Key::Capability(item_name(["dev-a.md", "dev-b.md", "dev-c.md"][n]))),
    ];
    let outcome = prop_oneof![
        5 => Just(None),
        1 => Just(Some(ItemOutcome::Merged)),
        1 => Just(Some(ItemOutcome::Dropped)),
        1 => Just(Some(ItemOutcome::Reached)),
        1 => Just(Some(ItemOutcome::Declined)),
        1 => Just(Some(ItemOutcome::File(item_name("dev-a.md")))),
    ];
    let state =
        prop_oneof![4 => Just(IssueState::Open), 1 => Just(IssueState::Completed), 1 => Just(IssueState::NotPlanned)];
    (key, outcome, state, pulls(), 0u8..4, any::<bool>()).prop_map(|(key, outcome, state, pulls, assigned, held)| {
        let mut binding = binding(key, 0);
        binding.settled = outcome.is_some().then(|| at(-5));
        binding.outcome = outcome;
        let mut facts = issue(0);
        facts.state = state;
        facts.pulls = pulls;
        if assigned == 0 {
            facts.assignees.clear();
            facts.assignments.clear();
        } else if assigned == 1 {
            facts.assignees.clear();
            facts.assignments[0].assigned = false;
        }
        if held && assigned == 2 {
            facts.labels.push("orchestrator-hold".to_owned());
        }
        (binding, facts)
    })
}

fn folders() -> impl Strategy<Value = Vec<(usize, Folder)>> {
    let folder = prop_oneof![Just(Folder::Pending), Just(Folder::Processed), Just(Folder::Complete)];
    proptest::collection::vec((0usize..4, folder), 0..4)
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let policy = prop_oneof![8 => Just(None), 1 => Just(Some(PolicyState::Missing)), 1 => Just(Some(PolicyState::Invalid { line: Some(3), problem: "x".to_owned() }))];
    let event = prop_oneof![4 => Just(AgentEventKind::Finished), 1 => Just(AgentEventKind::Started), 1 => Just(AgentEventKind::Failed { message: None })];
    let paths = prop_oneof![
        2 => Just(vec![("planning/issue_queue/pending/dev-a.md", ChangeKind::Added)]),
        2 => Just(vec![("src/a.rs", ChangeKind::Modified)]),
        1 => Just(vec![("planning/orchestrator.toml", ChangeKind::Modified)]),
        1 => Just(vec![("planning/state/system_capabilities.md", ChangeKind::Modified)]),
        2 => Just(vec![]),
    ];
    let bindings = proptest::collection::vec(bound(), 0..4);
    (policy, bindings, folders(), event, paths, any::<[bool; 4]>()).prop_map(
        |(policy, bindings, folders, event, paths, flags)| {
            let mut snapshot = quiet();
            if let Some(policy) = policy {
                snapshot.policy = policy;
            }
            snapshot.planning.paused = flags[0] && flags[1] && flags[2];
            for (n, folder) in folders {
                let name = ["dev-a.md", "dev-b.md", "dev-c.md", "dev-d.md"][n];
                if Folder::ALL.iter().any(|folder| snapshot.planning.has(*folder, &item_name(name))) {
                    continue;
                }
                match folder {
                    Folder::Pending => snapshot.planning.pending.push(queue_item(name, 50)),
                    Folder::Processed => {
                        snapshot.planning.processed.push(QueueEntry { name: item_name(name), blob: oid(50) })
                    }
                    Folder::Complete => snapshot.planning.complete.push(item_name(name)),
                }
            }
            for (index, (mut binding, mut issue)) in bindings.into_iter().enumerate() {
                let number = 10 + index as u64;
                binding.issue.0 = number;
                issue.number.0 = number;
                for (at, pull) in issue.pulls.iter_mut().enumerate() {
                    pull.number.0 = 100 + number * 10 + at as u64;
                    pull.head = oid(number as u8 * 10 + at as u8);
                    pull.branch_tip = Some(pull.head);
                    pull.closes.iter_mut().for_each(|closes| closes.0 = number);
                    if flags[2] {
                        snapshot.needs.diffs.insert(pull.head, diff(&paths));
                        snapshot
                            .needs
                            .agent_events
                            .insert(pull.number, events(&[AgentEventKind::Started, event.clone()]));
                        snapshot.needs.discussions.insert(pull.number, Discussion::default());
                    }
                }
                if binding.is_settled() && flags[3] {
                    binding.pull = issue.pulls.first().map(|pull| pull.number);
                }
                let replaced =
                    snapshot.ledger.as_ref().is_some_and(|ledger| ledger.bindings.contains_key(&binding.key));
                if !replaced {
                    bind(&mut snapshot, binding, issue);
                }
            }
            if flags[2] {
                snapshot.needs.bodies.insert(oid(50), "text".to_owned());
                for name in ["dev-a.md", "dev-b.md", "dev-c.md", "dev-d.md"] {
                    for key in [Key::Item(item_name(name)), Key::Capability(item_name(name))] {
                        snapshot.needs.own_issues.insert(Needs::own_issues_name(&key), Vec::new());
                    }
                }
                for n in 1..4 {
                    snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(n)), Vec::new());
                }
            }
            if flags[0] {
                let object = "delete-branch copilot/fix-0".to_owned();
                snapshot.refused.push(Refusal {
                    object,
                    why: "protected".to_owned(),
                    at: at(-1),
                    times: 1,
                    kind: RefusalKind::Other,
                });
            }
            snapshot
        },
    )
}

/// Everything a merge must satisfy, said again without the code under test.
fn may_merge(snapshot: &Snapshot, effect: &Effect) -> bool {
    let Effect::Merge { pull, head, .. } = effect else { return true };
    let found = snapshot
        .forge
        .bound
        .iter()
        .find_map(|issue| Some((issue, issue.pulls.iter().find(|facts| facts.number == *pull)?)));
    let Some((issue, facts)) = found else { return false };
    let consent = matches!(&snapshot.policy, PolicyState::Valid { policy } if policy.merge.enabled);
    let protected = snapshot
        .needs
        .diffs
        .get(head)
        .is_none_or(|diff| diff.changes.iter().any(|change| change.path == "planning/orchestrator.toml"));
    let working =
        snapshot.needs.agent_events.get(pull).is_none_or(|events| {
            !matches!(events.last().map(|event| &event.kind), Some(AgentEventKind::Finished) | None)
        });
    facts.head == *head
        && facts.state == PullState::Open
        && facts.author.id == agent().id
        && !facts.draft
        && !facts.cross_repository
        && facts.base == snapshot.tips.branch
        && facts.closes.contains(&issue.number)
        && facts.merge_state == MergeState::Clean
        && facts.mergeable == Mergeable::Yes
        && facts.review_requested
        && !facts.title.starts_with("[WIP]")
        && !matches!(facts.checks, CheckState::Failure | CheckState::Pending)
        && !issue.labels.iter().any(|label| label == "orchestrator-hold")
        && consent
        && !snapshot.planning.paused
        && !protected
        && !working
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_deterministic_and_have_a_reason(snapshot in snapshots()) {
        let decision = decide(&snapshot);
        prop_assert_eq!(decision.hash(), decide(&snapshot.clone()).hash());
        prop_assert!(!decision.reason.is_empty());
        let json = serde_json::to_string(&snapshot).expect("a snapshot is JSON");
        let read: Snapshot = serde_json::from_str(&json).expect("and reads back");
        prop_assert_eq!(decide(&read), decision);
    }

    #[test]
    fn an_action_is_never_empty_and_never_merges_what_a_guardrail_forbids(snapshot in snapshots()) {
        if let Outcome::Act { action } = decide(&snapshot).outcome {
            prop_assert!(!action.effects.is_empty());
            let merges = action.effects.iter().filter(|effect| matches!(effect, Effect::Merge { .. })).count();
            prop_assert!(merges <= 1);
            prop_assert!(action.effects.iter().all(|effect| may_merge(&snapshot, effect)));
            let places = action.effects.iter().map(|effect| {
                action.kind.effects().iter().position(|point| *point == effect.stop_point())
            });
            let order: Option<Vec<usize>> = places.collect();
            prop_assert!(order.is_some(), "{:?} is no part of {}", action.effects, action.kind);
            let order = order.unwrap_or_default();
            prop_assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "{:?} in {}", action.effects, action.kind);
        }
    }

    #[test]
    fn nothing_is_written_without_consent_or_while_paused(snapshot in snapshots()) {
        let valid = matches!(snapshot.policy, PolicyState::Valid { .. });
        let acts = matches!(decide(&snapshot).outcome, Outcome::Act { .. } | Outcome::Look { .. });
        prop_assert!(!acts || (valid && !snapshot.planning.paused));
    }

    #[test]
    fn nothing_starts_beyond_the_limit_and_nothing_bound_is_created_again(snapshot in snapshots()) {
        let decision = decide(&snapshot);
        if let Outcome::Act { action } = &decision.outcome {
            let creates = action.effects.iter().any(|effect| matches!(effect, Effect::Create { .. }));
            let ledger = snapshot.ledger.clone().unwrap_or_default();
            if creates {
                prop_assert!(action.key.as_ref().is_some_and(|key| !ledger.bindings.contains_key(key)));
            }
            if creates && matches!(action.kind, ActionKind::Promote | ActionKind::AskGap) {
                // What only a person can settle holds up no item; a question waits for everything.
                let person = |key: &Key| {
                    let shown = decision.also.iter().filter(|also| also.focus.as_ref().is_some_and(|focus| focus.key == *key));
                    decision.focus.as_ref().is_some_and(|focus| focus.key == *key) || shown.clone().count() > 0
                        && shown.clone().all(|also| match &also.outcome {
                            Outcome::Stalled { .. } => true,
                            Outcome::Wait { waiting } => waiting.actor == Actor::Person,
                            Outcome::Blocked { vetoes } => vetoes.iter().any(|veto| veto.guardrail == "hold"),
                            Outcome::Look { .. } | Outcome::Act { .. } | Outcome::Rest { .. } => false,
                        })
                };
                let asks = action.kind == ActionKind::AskGap;
                let others = ledger.unsettled().filter(|binding| asks || !matches!(binding.key, Key::Item(_)));
                let others: Vec<&Key> = others.map(|binding| &binding.key).filter(|key| asks || !person(key)).collect();
                prop_assert!(others.is_empty(), "{} starts beside {others:?}", action.kind);
            }
        }
    }
}

//! What a person does to queue files: the folder follows the ledger, and what was put back is left and said.

use crate::decide_people::{also, another, in_work, item, points, said, says, settled, starts_another};
use crate::snapshots::{at, bind, binding, issue, item_name, lay, oid, queue_item, quiet};
use orchestrator::decide::decide;
use orchestrator::model::{
    Actor, Binding, BoundIssue, Decision, Effect, Folder, IssueState, ItemOutcome, Key, Need, Outcome, QueueEntry,
    Refusal, RefusalKind, Snapshot, StopPoint,
};

type ChangeSnapshot = fn(&mut Snapshot);

fn evidence(decision: &Decision) -> Vec<String> {
    decision.evidence.iter().map(|evidence| format!("{} {}", evidence.fact, evidence.value)).collect()
}

#[test]
fn a_file_that_lags_is_moved_and_one_that_a_person_put_back_is_left() {
    let pending = |snapshot: &mut Snapshot| {
        snapshot.planning.pending.push(queue_item("dev-1.md", 9));
        bind(snapshot, binding(item(), 10), issue(10));
    };
    let mut snapshot = quiet();
    pending(&mut snapshot);
    let asked = Need::Whereabouts { name: item_name("dev-1.md"), since: at(-600), from: None };
    assert_eq!(decide(&snapshot).outcome, Outcome::Look { needs: vec![asked] });
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending]);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Move]);
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending, Folder::Processed]);
    let decision = decide(&snapshot);
    assert!(points(&decision).is_empty());
    let shown = also(&decision, "a person put dev-1.md back into pending/; it is bound to #10");
    assert!(matches!(&shown.outcome, Outcome::Wait { waiting } if waiting.actor == Actor::Person));
    // Settled: only what was complete already was put back.
    let mut snapshot = quiet();
    snapshot.planning.processed.push(QueueEntry { name: item_name("dev-1.md"), blob: oid(9) });
    bind(&mut snapshot, settled(ItemOutcome::Dropped), BoundIssue { state: IssueState::NotPlanned, ..issue(10) });
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending, Folder::Processed]);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Move]);
    lay(&mut snapshot, "dev-1.md", &[Folder::Processed, Folder::Complete]);
    let decision = decide(&snapshot);
    assert!(!points(&decision).contains(&StopPoint::Move));
    assert!(
        says(&decision, "put dev-1.md back into processed/ after #10 was settled as dropped"),
        "{:?}",
        said(&decision)
    );
}

#[test]
fn a_deleted_file_is_said_and_the_issue_decides() {
    let mut snapshot = in_work(|_| {});
    snapshot.planning.processed.clear();
    snapshot.planning.pending.clear();
    let decision = decide(&snapshot);
    assert_eq!(evidence(&decision), ["dev-1.md lies in no queue folder; the issue decides"]);
    assert!(says(&decision, "the agent has not opened a pull request for #10 yet"));
}

#[test]
fn a_file_that_is_edited_in_work_is_said_and_the_issue_decides() {
    let mut snapshot = in_work(|_| {});
    snapshot.planning.pending.clear();
    assert!(evidence(&decide(&snapshot)).is_empty(), "{:?}", decide(&snapshot).evidence);
    snapshot.planning.processed[0].blob = oid(60);
    let sentence = "dev-1.md was edited after it was given out; the agent goes by what #10 says";
    assert_eq!(evidence(&decide(&snapshot)), [sentence]);
}

#[test]
fn an_item_that_waits_long_for_a_pull_request_says_that_one_without_a_link_does_not_count() {
    let sentence = "pull requests that close #10 none; one that was merged without `Fixes #10` does not count: close \
                    #10 if it did the work";
    for (seconds, said_then) in [(1_799, false), (1_800, true)] {
        let snapshot = in_work(|issue| issue.assignments[0].at = at(-seconds));
        let found =
            evidence(&decide(&Snapshot { planning: quiet().planning, ..snapshot })).contains(&sentence.to_owned());
        assert_eq!(found, said_then, "after {seconds} s");
    }
}

#[test]
fn a_renamed_file_is_not_given_out_a_second_time() {
    let mut snapshot = in_work(|_| {});
    snapshot.planning.processed.clear();
    snapshot.planning.pending[0].blob = oid(9);
    let decision = decide(&snapshot);
    assert!(points(&decision).is_empty());
    let sentence = "dev-2.md is set aside: it is item dev-1.md under another name, which #10 is bound to";
    assert!(says(&decision, sentence), "{:?}", said(&decision));
    // The same below processed/.
    snapshot.planning.pending.clear();
    snapshot.planning.processed.push(QueueEntry { name: item_name("dev-9.md"), blob: oid(9) });
    let decision = decide(&snapshot);
    let shown = also(&decision, "dev-9.md is item dev-1.md under another name");
    assert!(matches!(&shown.outcome, Outcome::Stalled { lifts, .. } if lifts.contains("give it its name back")));
    // And when the item is settled meanwhile.
    let ledger = snapshot.ledger.as_mut().expect("a ledger");
    ledger.bindings.insert(item(), settled(ItemOutcome::Merged));
    let decision = decide(&snapshot);
    let shown = also(&decision, "dev-9.md is item dev-1.md under another name, and that is settled");
    assert!(matches!(&shown.outcome, Outcome::Stalled { lifts, .. } if lifts.contains("move it to complete/")));
}

#[test]
fn a_name_that_was_used_or_lies_elsewhere_is_set_aside() {
    let cases: [(ChangeSnapshot, &str); 4] = [
        (|s| s.planning.complete.push(item_name("DEV-2.md")), "complete/ holds DEV-2.md; save it under a new name"),
        (
            |s| s.planning.processed.push(QueueEntry { name: item_name("dev-2.md"), blob: oid(52) }),
            "dev-2.md is set aside: it lies in processed/, too",
        ),
        (
            |s| {
                let key = Key::Item(item_name("Dev-2.md"));
                let binding = Binding { outcome: Some(ItemOutcome::Merged), ..binding(key, 7) };
                bind(s, binding, BoundIssue { state: IssueState::Completed, ..issue(7) });
            },
            "dev-2.md is set aside: its name was already used by #7; save it under a new name",
        ),
        (
            |s| {
                let key = Key::Item(item_name("dev-2.md"));
                let binding = Binding { outcome: Some(ItemOutcome::Merged), ..binding(key, 7) };
                bind(s, binding, BoundIssue { state: IssueState::Completed, ..issue(7) });
                s.planning.complete.push(item_name("dev-2.md"));
            },
            "dev-2.md is set aside: its name was already used by #7; save it under a new name",
        ),
    ];
    for (change, sentence) in cases {
        let mut snapshot = quiet();
        another(&mut snapshot);
        change(&mut snapshot);
        let decision = decide(&snapshot);
        assert!(says(&decision, sentence), "{sentence}: {:?}", said(&decision));
        assert!(!starts_another(&decision), "{sentence}");
    }
}

#[test]
fn two_copies_of_a_settled_file_become_one_and_two_versions_need_a_person() {
    let mut snapshot = quiet();
    snapshot.planning.processed.push(QueueEntry { name: item_name("dev-1.md"), blob: oid(9) });
    snapshot.planning.pending = vec![queue_item("dev-1.md", 9)];
    bind(&mut snapshot, settled(ItemOutcome::Merged), BoundIssue { state: IssueState::Completed, ..issue(10) });
    let copy = |effect: &Effect| matches!(effect, Effect::Move { from: Folder::Pending, to: Folder::Processed, .. });
    match decide(&snapshot).outcome {
        Outcome::Act { action } => assert!(action.effects.iter().all(copy), "{:?}", action.effects),
        other => panic!("{other:?}"),
    }
    snapshot.planning.pending = vec![queue_item("dev-1.md", 8)];
    let decision = decide(&snapshot);
    assert!(!points(&decision).contains(&StopPoint::Move));
    assert!(says(&decision, "dev-1.md lies in pending/ and in processed/ with different content: delete one"));
}

#[test]
fn two_copies_of_a_bound_file_become_one_and_two_versions_need_a_person() {
    let mut snapshot = in_work(|_| {});
    snapshot.planning.pending = vec![queue_item("dev-1.md", 9)];
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Move]);
    snapshot.planning.pending = vec![queue_item("dev-1.md", 8)];
    let decision = decide(&snapshot);
    assert!(points(&decision).is_empty());
    assert!(says(&decision, "dev-1.md lies in pending/ and in processed/ with different content"));
}

#[test]
fn an_edited_file_reaches_the_agent_as_it_is_now() {
    let mut snapshot = quiet();
    snapshot.planning.pending.push(queue_item("dev-1.md", 60));
    let mut unassigned = issue(10);
    unassigned.assignees.clear();
    unassigned.assignments.clear();
    bind(&mut snapshot, binding(item(), 10), unassigned);
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending]);
    assert_eq!(decide(&snapshot).outcome, Outcome::Look { needs: vec![Need::ItemBody { blob: oid(60) }] });
    snapshot.needs.bodies.insert(oid(60), "# New words".to_owned());
    let decision = decide(&snapshot);
    assert_eq!(points(&decision), [StopPoint::Revise, StopPoint::Restate, StopPoint::Assign, StopPoint::Move]);
    // Nobody is sent to the old words while GitHub refuses the new ones.
    let object = "revise #10".to_owned();
    snapshot.refused.push(Refusal {
        object,
        why: "403: no".to_owned(),
        at: at(-1),
        times: 1,
        kind: RefusalKind::Other,
    });
    let decision = decide(&snapshot);
    assert_eq!(points(&decision), [StopPoint::Move]);
    assert!(says(&decision, "refused to bring the text of #10 up to date: 403: no"), "{:?}", said(&decision));
}

#[test]
fn a_file_in_all_three_folders_holds_nothing_up() {
    for settle in [false, true] {
        let mut snapshot = quiet();
        snapshot.planning.pending = vec![queue_item("dev-1.md", 9)];
        snapshot.planning.processed.push(QueueEntry { name: item_name("dev-1.md"), blob: oid(9) });
        snapshot.planning.complete.push(item_name("dev-1.md"));
        let record = if settle { settled(ItemOutcome::Dropped) } else { binding(item(), 10) };
        let state = if settle { IssueState::NotPlanned } else { IssueState::Open };
        bind(&mut snapshot, record, BoundIssue { state, ..issue(10) });
        let decision = decide(&snapshot);
        assert!(!points(&decision).contains(&StopPoint::Move), "it would be refused every time: {:?}", said(&decision));
        assert!(says(&decision, "dev-1.md is set aside: its name was already used by #10"), "{:?}", said(&decision));
    }
}

//! What a person does is a command: it is obeyed or left alone, and said; never fought.

use crate::snapshots::{
    at, bind, binding, issue, item_name, known, maintainer, oid, pull, question, queue_item, quiet,
};
use orchestrator::decide::decide;
use orchestrator::model::{
    AccountId, Assignment, Attempt, Binding, BoundIssue, ChangeKind, CommitId, Decision, Effect, IssueDetail,
    IssueNumber, IssueState, ItemOutcome, Key, Ledger, ListedIssue, Marker, Need, Needs, NodeId, Obligation, Outcome,
    PullNumber, PullState, QueueEntry, Refusal, RefusalKind, Snapshot, StopPoint,
};

type ChangeIssue = fn(&mut BoundIssue);

const LABEL: &str = "orchestrator-hold";

pub fn item() -> Key {
    Key::Item(item_name("dev-1.md"))
}

pub fn points(decision: &Decision) -> Vec<StopPoint> {
    match &decision.outcome {
        Outcome::Act { action } => action.effects.iter().map(Effect::stop_point).collect(),
        Outcome::Look { .. } | Outcome::Wait { .. } | Outcome::Blocked { .. } | Outcome::Rest { .. } => Vec::new(),
        Outcome::Stalled { .. } => Vec::new(),
    }
}

/// Everything that is said: the decision's own reason and those of the other obligations.
pub fn said(decision: &Decision) -> Vec<&str> {
    std::iter::once(decision.reason.as_str()).chain(decision.also.iter().map(|also| also.reason.as_str())).collect()
}

pub fn says(decision: &Decision, words: &str) -> bool {
    said(decision).iter().any(|reason| reason.contains(words))
}

/// The obligation of this key that is not the first.
pub fn also<'a>(decision: &'a Decision, words: &str) -> &'a Obligation {
    decision.also.iter().find(|also| also.reason.contains(words)).unwrap_or_else(|| panic!("{:?}", said(decision)))
}

/// An item that is given out, its file in `processed/`, and one more that waits for its turn.
pub fn in_work(change: impl FnOnce(&mut BoundIssue)) -> Snapshot {
    let mut snapshot = quiet();
    snapshot.planning.processed.push(QueueEntry { name: item_name("dev-1.md"), blob: oid(9) });
    let mut bound = issue(10);
    change(&mut bound);
    bind(&mut snapshot, binding(item(), 10), bound);
    another(&mut snapshot);
    snapshot
}

/// A pending item that may be given out as soon as there is room.
pub fn another(snapshot: &mut Snapshot) {
    snapshot.planning.pending.push(queue_item("dev-2.md", 52));
    snapshot.needs.bodies.insert(oid(52), "# Two".to_owned());
    let key = Key::Item(item_name("dev-2.md"));
    snapshot.needs.own_issues.insert(Needs::own_issues_name(&key), Vec::new());
}

pub fn settled(outcome: ItemOutcome) -> Binding {
    Binding { outcome: Some(outcome), settled: Some(at(-10)), ..binding(item(), 10) }
}

pub fn starts_another(decision: &Decision) -> bool {
    matches!(&decision.outcome, Outcome::Act { action } if action.key == Some(Key::Item(item_name("dev-2.md"))))
}

#[test]
fn what_only_a_person_can_settle_holds_up_no_other_item() {
    let waits: [(&str, ChangeIssue, &str); 6] = [
        (
            "unassigned",
            |issue| {
                issue.assignees.clear();
                issue.assignments[0].assigned = false;
            },
            "maintainer unassigned the agent from #10; it resumes when a person assigns it",
        ),
        (
            "held before it was assigned",
            |issue| {
                issue.assignees.clear();
                issue.assignments.clear();
                issue.labels.push(LABEL.to_owned());
            },
            "#10 is held by its label `orchestrator-hold`; it goes on when the label is taken off",
        ),
        ("two answers", |issue| issue.pulls = vec![pull(11, 10, 20), pull(12, 10, 21)], "#11 and #12 both answer #10"),
        (
            "closed its pull request",
            |issue| {
                let mut closed = pull(11, 10, 20);
                closed.state = PullState::Closed;
                closed.closed_by = Some(maintainer());
                issue.pulls = vec![closed];
            },
            "#11 was closed unmerged by maintainer, and #10 is still open",
        ),
        (
            "merged elsewhere",
            |issue| {
                let mut merged = pull(11, 10, 20);
                merged.state = PullState::Merged;
                merged.base = "release".to_owned();
                merged.merged = Some((at(-5), oid(30)));
                issue.pulls = vec![merged];
            },
            "#11 was merged into `release`, not into the mainline `main`",
        ),
        ("transferred", |_| {}, "#10 of item dev-1.md was deleted or transferred to another repository"),
    ];
    for (what, change, sentence) in waits {
        let mut snapshot = in_work(change);
        if what == "transferred" {
            snapshot.forge.bound.clear();
            snapshot.forge.gone.push(NodeId("I_10".to_owned()));
        }
        let decision = decide(&snapshot);
        assert!(says(&decision, sentence), "{what}: {:?}", said(&decision));
        assert!(starts_another(&decision), "{what} holds up the next item: {:?}", decision.outcome);
        // The question would only find the same gap again.
        snapshot.planning.pending.clear();
        let decision = decide(&snapshot);
        assert!(!matches!(decision.outcome, Outcome::Act { .. } | Outcome::Look { .. }), "{what}: {decision:?}");
    }
}

#[test]
fn a_held_pull_request_holds_up_no_other_item_and_a_vetoed_one_does() {
    for (held, free) in [(true, true), (false, false)] {
        let mut snapshot = in_work(|issue| {
            let mut facts = pull(11, 10, 20);
            if held {
                facts.labels.push(LABEL.to_owned());
            }
            issue.pulls = vec![facts];
        });
        let path = if held { "src/a.rs" } else { ".github/workflows/ci.yml" };
        known(&mut snapshot, PullNumber(11), oid(20), crate::snapshots::diff(&[(path, ChangeKind::Modified)]));
        assert_eq!(starts_another(&decide(&snapshot)), free, "{:?}", decide(&snapshot).outcome);
    }
}

#[test]
fn an_assignment_by_a_person_resumes_what_was_withdrawn() {
    let mut snapshot = in_work(|issue| {
        issue.assignments[0].assigned = false;
        let again = Assignment { at: at(-1), actor: maintainer(), assignee: crate::snapshots::agent(), assigned: true };
        issue.assignments.push(again);
    });
    snapshot.planning.pending.clear();
    assert!(says(&decide(&snapshot), "the agent has not opened a pull request for #10 yet"));
}

#[test]
fn a_reopened_issue_is_not_closed_again() {
    for outcome in [ItemOutcome::Merged, ItemOutcome::Dropped, ItemOutcome::Closed] {
        let mut snapshot = quiet();
        snapshot.planning.complete.push(item_name("dev-1.md"));
        let mut reopened = issue(10);
        reopened.reopened = true;
        bind(&mut snapshot, settled(outcome.clone()), reopened);
        another(&mut snapshot);
        let decision = decide(&snapshot);
        let sentence = format!("a person reopened #10 after it was settled as {outcome}");
        assert!(says(&decision, &sentence) && starts_another(&decision), "{:?}", said(&decision));
    }
    // Never closed before: then it is ours to close.
    let mut snapshot = quiet();
    bind(&mut snapshot, settled(ItemOutcome::Merged), issue(10));
    assert_eq!(points(&decide(&snapshot)), [StopPoint::CloseIssue]);
}

#[test]
fn a_pull_request_that_a_person_opens_again_is_not_closed_again() {
    for (state, reopened, ours) in
        [(IssueState::Open, false, true), (IssueState::Open, true, false), (IssueState::Completed, false, false)]
    {
        let mut snapshot = quiet();
        let answered = Binding {
            outcome: Some(ItemOutcome::Reached),
            settled: Some(at(-50)),
            pull: Some(PullNumber(11)),
            ..binding(question(1), 10)
        };
        bind(&mut snapshot, answered, BoundIssue { state, reopened, pulls: vec![pull(11, 10, 5)], ..issue(10) });
        let decision = decide(&snapshot);
        assert_eq!(points(&decision).contains(&StopPoint::ClosePull), ours, "{state:?}: {:?}", said(&decision));
        assert!(ours || says(&decision, "#11 is open again"), "{:?}", said(&decision));
    }
}

/// An issue of ours with a marker.
fn listed(number: u64, marker: Marker) -> ListedIssue {
    ListedIssue {
        number: IssueNumber(number),
        node: NodeId(format!("I_{number}")),
        title: "Title".to_owned(),
        author: maintainer(),
        labels: vec!["Development".to_owned()],
        marker: Some(marker),
        leads: true,
        open: true,
        detail: None,
    }
}

fn looked_at(snapshot: &mut Snapshot, issue: &ListedIssue, comments: u64, assignees: &[AccountId]) {
    let detail = IssueDetail {
        comments,
        reopened: false,
        assignees: assignees.to_vec(),
        digest: String::new(),
        unsafe_text: false,
    };
    let seen = ListedIssue { detail: Some(detail), ..issue.clone() };
    snapshot.needs.issues.insert(issue.number, Some(seen));
}

#[test]
fn what_is_merged_after_its_item_was_given_up_is_said() {
    for (outcome, said_then) in
        [(ItemOutcome::Dropped, true), (ItemOutcome::Closed, true), (ItemOutcome::Merged, false)]
    {
        let mut snapshot = quiet();
        let mut merged = pull(11, 10, 20);
        merged.state = PullState::Merged;
        merged.merged = Some((at(-5), oid(30)));
        merged.branch_tip = None;
        let mut closed = issue(10);
        closed.state = IssueState::Completed;
        closed.pulls = vec![merged];
        bind(&mut snapshot, settled(outcome.clone()), closed);
        another(&mut snapshot);
        let sentence = format!("#11 was merged after item dev-1.md was settled as {outcome}; no capability update");
        let decision = decide(&snapshot);
        assert_eq!(says(&decision, &sentence), said_then, "{:?}", said(&decision));
        assert!(starts_another(&decision), "{outcome} holds up the next item");
    }
}

#[test]
fn a_duplicate_of_ours_is_closed_unless_a_person_made_it_theirs() {
    let duplicate = listed(12, Marker::Item(item_name("dev-1.md")));
    let mut snapshot = in_work(|_| {});
    snapshot.planning.pending.clear();
    snapshot.forge.issues.push(duplicate.clone());
    assert_eq!(decide(&snapshot).outcome, Outcome::Look { needs: vec![Need::Issue { number: IssueNumber(12) }] });
    looked_at(&mut snapshot, &duplicate, 0, &[]);
    let decision = decide(&snapshot);
    assert_eq!(points(&decision), [StopPoint::CloseDuplicate]);
    assert!(says(&decision, "#12 was made for item dev-1.md too, which is bound to #10"));
    looked_at(&mut snapshot, &duplicate, 2, &[]);
    let decision = decide(&snapshot);
    assert!(points(&decision).is_empty() && says(&decision, "it has 2 comment(s), so it is left open: close #12"));
    looked_at(&mut snapshot, &duplicate, 0, &[maintainer()]);
    let decision = decide(&snapshot);
    assert!(points(&decision).is_empty() && says(&decision, "maintainer is assigned, so it is left open"));
    looked_at(&mut snapshot, &duplicate, 0, &[]);
    let detail = |issue: &mut Option<ListedIssue>| {
        issue.as_mut().and_then(|issue| issue.detail.as_mut().map(|d| d.reopened = true))
    };
    assert!(snapshot.needs.issues.get_mut(&IssueNumber(12)).and_then(detail).is_some());
    let decision = decide(&snapshot);
    assert!(points(&decision).is_empty() && says(&decision, "a person reopened it, so it is left open"));
    // Somebody else's issue is never touched, whatever it says; nor one that was closed since.
    looked_at(&mut snapshot, &duplicate, 0, &[]);
    snapshot.forge.issues[0].author = AccountId { id: 66, login: "stranger".to_owned() };
    assert!(!says(&decide(&snapshot), "#12"));
    snapshot.forge.issues[0] = duplicate.clone();
    snapshot.needs.issues.insert(IssueNumber(12), None);
    assert!(!says(&decide(&snapshot), "#12"));
}

#[test]
fn an_issue_whose_reason_is_gone_is_closed_and_one_under_way_is_left() {
    let question_of = |goal| Marker::Gap { goal: Some(oid(goal)), capabilities: Some(oid(2)), n: 1 };
    let cases = [
        ("a withdrawn file", Marker::Item(item_name("dev-7.md")), true),
        ("a file that is pending", Marker::Item(item_name("dev-2.md")), false),
        ("an older question", question_of(77), true),
        ("the present question", question_of(1), false),
        (
            "an update of nothing we know",
            Marker::Capability { repository: quiet().repository, pull: PullNumber(9) },
            false,
        ),
    ];
    for (what, marker, closed) in cases {
        let mut snapshot = in_work(|_| {});
        let orphan = listed(12, marker.clone());
        snapshot.forge.issues.push(orphan.clone());
        looked_at(&mut snapshot, &orphan, 0, &[]);
        assert_eq!(points(&decide(&snapshot)) == [StopPoint::CloseDuplicate], closed, "{what}");
        let key = match marker {
            Marker::Item(name) => Key::Item(name),
            Marker::Gap { goal, capabilities, n } => Key::Gap { goal, capabilities, n },
            Marker::Capability { .. } => continue,
        };
        let attempt =
            Attempt { owner: "other".to_owned(), by: 1, key, number: None, started: at(-10), expires: at(350) };
        snapshot.ledger.as_mut().expect("a ledger").attempt = Some(attempt);
        assert!(points(&decide(&snapshot)).is_empty(), "{what}: a create is under way");
    }
}

#[test]
fn a_ledger_that_is_gone_is_never_begun_anew() {
    let mut snapshot = quiet();
    snapshot.ledger = None;
    snapshot.tips.ledger = None;
    assert_eq!(decide(&snapshot).outcome, Outcome::Look { needs: vec![Need::Traces] });
    snapshot.needs.traces = Some(Vec::new());
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Baseline]);
    // A predecessor's marker, at the end, says nothing about a ledger; a stranger's says nothing at all.
    let theirs = ListedIssue { leads: false, ..listed(3, Marker::Item(item_name("dev-1.md"))) };
    let stranger = ListedIssue { author: AccountId { id: 66, login: "x".to_owned() }, ..listed(4, question_marker()) };
    snapshot.needs.traces = Some(vec![theirs, stranger]);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Baseline]);
    snapshot.needs.traces = Some(vec![ListedIssue { open: false, ..listed(5, question_marker()) }]);
    let decision = decide(&snapshot);
    assert!(
        matches!(&decision.outcome, Outcome::Stalled { why, lifts } if why.contains("#5") && lifts.contains("adopt"))
    );
    snapshot.needs.traces = Some(Vec::new());
    snapshot.tips.lost_ledger = Some(commit(8));
    let decision = decide(&snapshot);
    assert!(
        matches!(&decision.outcome, Outcome::Stalled { lifts, .. } if lifts.contains("orchestrator ledger restore"))
    );
}

fn question_marker() -> Marker {
    Marker::Gap { goal: Some(oid(1)), capabilities: Some(oid(2)), n: 1 }
}

fn commit(byte: u8) -> CommitId {
    oid(byte)
}

#[test]
fn what_a_predecessor_made_is_never_bound_by_itself() {
    let titled = |marker| ListedIssue {
        marker,
        leads: false,
        title: "Identify the next most important development gap".to_owned(),
        ..listed(7, question_marker())
    };
    for (what, found) in [("the fixed title", titled(None)), ("a marker at the end", titled(Some(question_marker())))] {
        let mut snapshot = quiet();
        snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(1)), vec![found.clone()]);
        let decision = decide(&snapshot);
        let stalled = |lifts: &str| lifts.contains("orchestrator adopt");
        assert!(
            matches!(&decision.outcome, Outcome::Stalled { why, lifts } if why.contains("#7") && stalled(lifts)),
            "{what}"
        );
        let closed = ListedIssue { open: false, ..found };
        snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(1)), vec![closed]);
        assert!(points(&decide(&snapshot)).contains(&StopPoint::Create), "{what}, closed");
    }
}

#[test]
fn ours_are_found_by_number_by_marker_and_by_every_account_that_wrote_the_ledger() {
    let with = |found: Vec<ListedIssue>, ledger: Ledger| {
        let mut snapshot = quiet();
        snapshot.ledger = Some(ledger);
        snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(1)), found);
        snapshot
    };
    let colleague = AccountId { id: 44, login: "colleague".to_owned() };
    let theirs = ListedIssue { author: colleague.clone(), ..listed(7, question_marker()) };
    // Not of an account that ever wrote a record: it is not ours, and another one is made.
    assert!(points(&decide(&with(vec![theirs.clone()], Ledger::default()))).contains(&StopPoint::Create));
    let attempt = |number| Attempt {
        owner: "other".to_owned(),
        by: 44,
        key: question(1),
        number,
        started: at(-500),
        expires: at(-140),
    };
    let wrote = Ledger { attempt: Some(attempt(None)), ..Ledger::default() };
    let found = decide(&with(vec![theirs.clone()], wrote.clone()));
    assert_eq!(points(&found), [StopPoint::Bind, StopPoint::Assign]);
    // Somebody wrote something else below its marker: the agent is sent to our words only.
    let detail =
        IssueDetail { comments: 0, reopened: false, assignees: Vec::new(), digest: String::new(), unsafe_text: true };
    let rewritten = ListedIssue { detail: Some(detail), ..theirs.clone() };
    let found = decide(&with(vec![rewritten], wrote));
    assert_eq!(points(&found), [StopPoint::Revise, StopPoint::Bind, StopPoint::Assign]);
    // No list shows it yet, but the attempt kept its number.
    let kept = Ledger { attempt: Some(attempt(Some(IssueNumber(7)))), ..Ledger::default() };
    let mut snapshot = with(Vec::new(), kept);
    assert_eq!(decide(&snapshot).outcome, Outcome::Look { needs: vec![Need::Issue { number: IssueNumber(7) }] });
    looked_at(&mut snapshot, &theirs, 0, &[]);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Revise, StopPoint::Bind, StopPoint::Assign]);
    // It is gone: then another one is made.
    snapshot.needs.issues.insert(IssueNumber(7), None);
    assert!(points(&decide(&snapshot)).contains(&StopPoint::Create));
}

#[test]
fn an_issue_that_a_person_closed_before_it_was_bound_is_bound_as_it_is_and_obeyed() {
    let mut snapshot = quiet();
    let closed = ListedIssue { open: false, ..listed(7, question_marker()) };
    let open = listed(9, question_marker());
    let name = Needs::own_issues_name(&question(1));
    snapshot.needs.own_issues.insert(name.clone(), vec![closed.clone()]);
    assert!(points(&decide(&snapshot)).contains(&StopPoint::Create), "no attempt stands: it may have been swept");
    let attempt = |owner: &str, expires| Attempt {
        owner: owner.to_owned(),
        by: 1,
        key: question(1),
        number: None,
        started: at(-10),
        expires: at(expires),
    };
    snapshot.ledger.as_mut().expect("a ledger").attempt = Some(attempt("me", -1));
    snapshot.now = at(300);
    assert!(points(&decide(&snapshot)).contains(&StopPoint::Create), "the attempt is over, so a sweep came between");
    snapshot.now = at(0);
    snapshot.ledger.as_mut().expect("a ledger").attempt = Some(attempt("me", 350));
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Bind], "neither revised nor assigned");
    snapshot.needs.own_issues.insert(name, vec![closed, open]);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Bind, StopPoint::Assign], "an open one comes first");
}

#[test]
fn a_refused_create_is_shown_and_not_hammered() {
    let mut snapshot = quiet();
    snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(1)), Vec::new());
    for effect in ["attempt", "create", "bind"] {
        let object = format!("{effect} {}", question(1).path());
        snapshot.refused =
            vec![Refusal { object, why: "403: no".to_owned(), at: at(-1), times: 1, kind: RefusalKind::Other }];
        let decision = decide(&snapshot);
        let waits = |why: &str| why.starts_with("refused to ") && why.ends_with("403: no");
        assert!(
            matches!(&decision.outcome, Outcome::Wait { waiting } if waits(&waiting.why)),
            "{effect}: {decision:?}"
        );
        snapshot.now = at(60);
        assert!(points(&decide(&snapshot)).contains(&StopPoint::Create), "{effect} is tried again in its time");
        snapshot.now = at(0);
    }
}

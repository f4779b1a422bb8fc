//! What the comparison tells, kind by kind, on snapshots built by hand.

use crate::snapshots::{at, bind, binding, issue, item_name, lay, maintainer, oid, pull, question, queue_item, quiet};
use orchestrator::decide::audit::{Audit, Kind, audit};
use orchestrator::model::{
    Attempt, Binding, BoundIssue, Folder, GAP_TITLE, IssueDetail, IssueNumber, IssueState, ItemOutcome, Key,
    ListedIssue, Marker, Need, NodeId, PolicyState, PullNumber, QueueEntry, Snapshot, Step, Trail, Trailers,
};

fn item(name: &str) -> Key {
    Key::Item(item_name(name))
}

/// An item in work: bound to #4, its file in `processed/` as it was bound.
fn in_work() -> Snapshot {
    let mut snapshot = quiet();
    (snapshot.needs.traces, snapshot.needs.trail) = (Some(Vec::new()), Some(Vec::new()));
    bind(&mut snapshot, binding(item("a.md"), 4), issue(4));
    processed(&mut snapshot, "a.md", 9);
    snapshot
}

/// The same when it is done: merged by #5, its file in `complete/`.
fn done() -> Snapshot {
    let mut snapshot = in_work();
    end(&mut snapshot, ItemOutcome::Merged);
    snapshot.planning.processed.clear();
    snapshot.planning.complete.push(item_name("a.md"));
    snapshot
}

fn end(snapshot: &mut Snapshot, outcome: ItemOutcome) {
    let record = record(snapshot);
    (record.outcome, record.settled) = (Some(outcome), Some(at(-10)));
    (record.pull, record.merge) = (Some(PullNumber(5)), Some(oid(77)));
    snapshot.forge.bound[0].state = IssueState::Completed;
    snapshot.needs.reachable.insert(oid(77), true);
}

fn record(snapshot: &mut Snapshot) -> &mut Binding {
    snapshot.ledger.as_mut().and_then(|ledger| ledger.bindings.get_mut(&item("a.md"))).expect("it is bound")
}

fn processed(snapshot: &mut Snapshot, name: &str, blob: u8) {
    snapshot.planning.processed.push(QueueEntry { name: item_name(name), blob: oid(blob) });
}

fn pending(snapshot: &mut Snapshot, name: &str, blob: u8) {
    snapshot.planning.pending.push(queue_item(name, blob));
}

fn ours(number: u64, marker: Option<Marker>, leads: bool) -> ListedIssue {
    ListedIssue {
        number: IssueNumber(number),
        node: NodeId(format!("I_{number}")),
        title: if marker.is_some() { "A".to_owned() } else { GAP_TITLE.to_owned() },
        author: maintainer(),
        labels: Vec::new(),
        marker,
        leads,
        open: true,
        detail: Some(IssueDetail {
            comments: 0,
            reopened: false,
            assignees: Vec::new(),
            digest: String::new(),
            unsafe_text: false,
        }),
    }
}

fn seen(snapshot: &mut Snapshot, issue: ListedIssue) {
    snapshot.needs.traces.as_mut().expect("traces").push(issue);
}

fn said(snapshot: &mut Snapshot, name: &str, issue: u64) {
    let trailers = Trailers {
        item: item_name(name),
        step: Step::Promote,
        issue: Some(IssueNumber(issue)),
        pull: None,
        merge: None,
        capability_issue: None,
    };
    snapshot.needs.trail.as_mut().expect("a trail").push(Trail { commit: oid(3), trailers });
}

fn told(audit: &Audit) -> Vec<(Kind, bool)> {
    assert!(audit.needs.is_empty(), "{:?}", audit.needs);
    audit.findings.iter().map(|finding| (finding.kind, finding.heals)).collect()
}

type Case = (&'static str, fn() -> Snapshot, fn(&mut Snapshot), &'static [(Kind, bool)], &'static str);

/// The state, what happened to it, what is told and whether the loop settles it, and words of the first.
const CASES: [Case; 36] = [
    ("in work", in_work, |_| {}, &[], ""),
    ("done", done, |_| {}, &[], ""),
    ("deleted", in_work, |s| s.planning.processed.clear(), &[(Kind::FileMissing, false)], "close #4 as not planned"),
    ("complete and deleted", done, |s| s.planning.complete.clear(), &[], ""),
    (
        "renamed",
        in_work,
        |s| s.planning.processed[0].name = item_name("b.md"),
        &[(Kind::FileRenamed, false)],
        "git mv planning/issue_queue/processed/b.md planning/issue_queue/processed/a.md",
    ),
    (
        "behind in pending",
        in_work,
        |s| {
            s.planning.processed.clear();
            pending(s, "a.md", 9);
            lay(s, "a.md", &[Folder::Pending]);
        },
        &[(Kind::WrongFolder, true)],
        "the next cycle moves it to processed/",
    ),
    (
        "put back into pending",
        in_work,
        |s| {
            s.planning.processed.clear();
            pending(s, "a.md", 9);
            lay(s, "a.md", &[Folder::Pending, Folder::Processed]);
        },
        &[(Kind::WrongFolder, false)],
        "save what is to be done once more under a new name",
    ),
    (
        "settled and behind",
        done,
        |s| {
            s.planning.complete.clear();
            processed(s, "a.md", 9);
            lay(s, "a.md", &[Folder::Processed]);
        },
        &[(Kind::WrongFolder, true)],
        "the next cycle moves it to complete/",
    ),
    (
        "complete before its time",
        in_work,
        |s| {
            s.planning.processed.clear();
            s.planning.complete.push(item_name("a.md"));
        },
        &[(Kind::CompleteUnsettled, true)],
        "the next cycle goes on with the issue",
    ),
    ("copied", in_work, |s| pending(s, "a.md", 9), &[(Kind::Copies, true)], "the next cycle takes the copy away"),
    (
        "copied and settled",
        done,
        |s| {
            processed(s, "a.md", 9);
            s.planning.doubles.push(QueueEntry { name: item_name("a.md"), blob: oid(9) });
        },
        &[(Kind::Copies, false)],
        "orchestrator adopt",
    ),
    (
        "copied and nobody's",
        in_work,
        |s| {
            pending(s, "b.md", 8);
            processed(s, "b.md", 8);
        },
        &[(Kind::Copies, false)],
        "orchestrator adopt",
    ),
    ("copied and changed", in_work, |s| pending(s, "a.md", 8), &[(Kind::Conflict, false)], "keep one of them"),
    ("edited in work", in_work, |s| s.planning.processed[0].blob = oid(8), &[(Kind::Edited, false)], "say on #4"),
    (
        "edited before anybody was sent",
        in_work,
        |s| {
            s.planning.processed.clear();
            pending(s, "a.md", 8);
            lay(s, "a.md", &[Folder::Pending]);
            s.forge.bound[0].assignees.clear();
            s.forge.bound[0].assignments.clear();
        },
        &[(Kind::WrongFolder, true), (Kind::Edited, true)],
        "moves it",
    ),
    (
        "nobody's",
        in_work,
        |s| processed(s, "b.md", 8),
        &[(Kind::ProcessedUnbound, false)],
        "orchestrator adopt, or move",
    ),
    ("waiting", in_work, |s| pending(s, "b.md", 8), &[], ""),
    (
        "gone",
        in_work,
        |s| {
            s.forge.bound.clear();
            s.forge.gone.push(NodeId("I_4".to_owned()));
        },
        &[(Kind::IssueGone, false)],
        "orchestrator adopt",
    ),
    ("settled and gone", done, |s| s.forge.gone.push(NodeId("I_4".to_owned())), &[], ""),
    (
        "closed",
        in_work,
        |s| s.forge.bound[0].state = IssueState::Completed,
        &[(Kind::ClosedThoughUnsettled, true)],
        "the next cycle settles it",
    ),
    (
        "reopened",
        done,
        |s| (s.forge.bound[0].state, s.forge.bound[0].reopened) = (IssueState::Open, true),
        &[(Kind::Reopened, false)],
        "close #4; what is missing goes into a new file",
    ),
    (
        "settled and open",
        done,
        |s| s.forge.bound[0].state = IssueState::Open,
        &[(Kind::OpenThoughSettled, true)],
        "the next cycle closes it",
    ),
    (
        "dropped and open",
        done,
        |s| {
            record(s).outcome = Some(ItemOutcome::Dropped);
            s.forge.bound[0].state = IssueState::Open;
        },
        &[(Kind::OpenThoughSettled, false)],
        "close #4",
    ),
    (
        "settled long ago and open",
        done,
        |s| {
            s.forge.bound[0].state = IssueState::Open;
            for number in 20..30 {
                let mut newer = binding(item(&format!("{number}.md")), number);
                (newer.outcome, newer.settled) = (Some(ItemOutcome::Closed), Some(at(-5)));
                bind(s, newer, BoundIssue { state: IssueState::Completed, ..issue(number) });
            }
        },
        &[(Kind::OpenThoughSettled, false)],
        "close #4",
    ),
    (
        "another pull request",
        done,
        |s| s.forge.bound[0].pulls.push(pull(6, 4, 70)),
        &[(Kind::PullThoughSettled, false)],
        "close #6",
    ),
    (
        "an empty answer's pull request",
        done,
        |s| {
            let mut answer = binding(question(1), 7);
            (answer.outcome, answer.pull) = (Some(ItemOutcome::Reached), Some(PullNumber(8)));
            let pulls = vec![pull(8, 7, 70)];
            bind(s, answer, BoundIssue { state: IssueState::Completed, pulls, ..issue(7) });
        },
        &[(Kind::PullThoughSettled, true)],
        "the next cycle closes it",
    ),
    (
        "a duplicate",
        in_work,
        |s| seen(s, ours(6, Some(Marker::Item(item_name("a.md"))), true)),
        &[(Kind::Duplicate, true)],
        "the next cycle closes it",
    ),
    (
        "a duplicate that a person touched",
        in_work,
        |s| {
            let touched = IssueDetail {
                comments: 2,
                reopened: false,
                assignees: Vec::new(),
                digest: String::new(),
                unsafe_text: false,
            };
            seen(s, ListedIssue { detail: Some(touched), ..ours(6, Some(Marker::Item(item_name("a.md"))), true) });
        },
        &[(Kind::Duplicate, false)],
        "close #6 if it is not needed",
    ),
    (
        "an orphan",
        in_work,
        |s| seen(s, ours(6, Some(Marker::Item(item_name("x.md"))), true)),
        &[(Kind::Orphan, true)],
        "the next cycle closes it",
    ),
    (
        "one that may still be bound, and a predecessor's",
        in_work,
        |s| {
            pending(s, "b.md", 8);
            seen(s, ours(6, Some(Marker::Item(item_name("b.md"))), true));
            seen(s, ours(7, None, false));
        },
        &[(Kind::Unbound, false), (Kind::Unbound, true)],
        "orchestrator adopt",
    ),
    (
        "a merge that is not there",
        done,
        |s| {
            s.needs.reachable.insert(oid(77), false);
        },
        &[(Kind::MergeLost, false)],
        "git log main --grep '#4'",
    ),
    ("trailers that agree", done, |s| said(s, "a.md", 4), &[], ""),
    (
        "trailers that differ, the newest first",
        done,
        |s| {
            said(s, "a.md", 12);
            said(s, "a.md", 4);
        },
        &[(Kind::TrailerDiffers, false)],
        "see which of #12 and #4",
    ),
    (
        "an update of nobody's item",
        done,
        |s| bind(s, binding(Key::Capability(item_name("b.md")), 7), issue(7)),
        &[(Kind::UpdateWithoutItem, false)],
        "orchestrator adopt b.md <#n>",
    ),
    (
        "an attempt whose lease ended",
        in_work,
        |s| {
            let (key, owner) = (question(1), "other".to_owned());
            let attempt = Attempt { owner, by: 1, key, number: None, started: at(-500), expires: at(-100) };
            s.ledger.as_mut().expect("a ledger").attempt = Some(attempt);
        },
        &[(Kind::AttemptExpired, true)],
        "the next cycle that creates an issue takes it over",
    ),
    (
        "no ledger, though the mainline speaks of one",
        quiet,
        |s| {
            (s.ledger, s.tips.ledger, s.needs.trail) = (None, None, Some(Vec::new()));
            said(s, "a.md", 4);
        },
        &[(Kind::LedgerMissing, false)],
        "orchestrator ledger restore",
    ),
];

#[test]
fn every_kind_has_its_row() {
    let mut kinds = std::collections::BTreeSet::new();
    for (name, state, change, expected, words) in CASES {
        let mut snapshot = state();
        change(&mut snapshot);
        let audit = audit(&snapshot);
        assert_eq!(told(&audit), expected, "{name}: {:#?}", audit.findings);
        let first = audit.findings.first().map_or("", |finding| finding.settles.as_str());
        assert!(first.contains(words), "{name}: {first}");
        for finding in &audit.findings {
            assert!(!finding.what.is_empty() && !finding.means.is_empty(), "{name}");
            assert_eq!(finding.heals, finding.settles.starts_with("the next cycle "), "{name}: {}", finding.settles);
            kinds.insert(finding.kind);
        }
    }
    assert_eq!(kinds.len(), 21, "{kinds:?}");
}

#[test]
fn a_ledger_that_this_clone_knew_is_put_back_and_one_that_never_was_is_not_missed() {
    let mut snapshot = quiet();
    snapshot.ledger = None;
    assert!(audit(&snapshot).findings.is_empty());
    snapshot.tips.lost_ledger = Some(oid(4));
    let found = audit(&snapshot);
    assert_eq!((found.findings.len(), found.findings[0].settles.as_str()), (1, "orchestrator ledger restore"));
}

#[test]
fn what_the_loop_would_settle_is_a_persons_while_the_loop_stands_still() {
    let orphan = |snapshot: &mut Snapshot| seen(snapshot, ours(6, Some(Marker::Item(item_name("x.md"))), true));
    type Change = fn(&mut Snapshot);
    let cases: [(&str, Change, &str); 3] = [
        (
            "paused",
            |s| s.planning.paused = true,
            "delete planning/PAUSE from the mainline; then the next cycle closes it",
        ),
        ("no policy", |s| s.policy = PolicyState::Missing, "commit a planning/orchestrator.toml"),
        ("archived", |s| s.forge.repository.archived = true, "unarchive it"),
    ];
    for (name, change, words) in cases {
        let mut snapshot = in_work();
        orphan(&mut snapshot);
        change(&mut snapshot);
        let found = audit(&snapshot).findings;
        assert!(found.len() == 1 && !found[0].heals && found[0].settles.contains(words), "{name}: {found:?}");
    }
}

#[test]
fn a_name_of_any_kind_is_quoted_in_a_command_to_paste() {
    let mut snapshot = in_work();
    snapshot.planning.processed.clear();
    pending(&mut snapshot, "a $(touch b).md", 9);
    let found = audit(&snapshot).findings;
    let command = "git mv 'planning/issue_queue/pending/a $(touch b).md' planning/issue_queue/processed/a.md";
    assert!(found.iter().any(|finding| finding.settles == command), "{found:?}");
}

#[test]
fn where_a_file_lay_is_asked_before_it_is_judged() {
    let mut snapshot = in_work();
    snapshot.planning.processed.clear();
    pending(&mut snapshot, "a.md", 9);
    let asked = audit(&snapshot);
    assert_eq!(asked.needs, [Need::Whereabouts { name: item_name("a.md"), since: at(-600), from: None }]);
    assert!(asked.findings.is_empty());
}

#[test]
fn an_item_settled_as_merged_owes_no_update_and_all_is_counted() {
    let mut snapshot = done();
    snapshot.planning.counts = [1, 2, 3];
    assert_eq!(snapshot.ledger.as_ref().map(|ledger| ledger.bindings.len()), Some(1), "and no update beside it");
    let found = audit(&snapshot);
    assert_eq!((found.findings.len(), found.bindings, found.files), (0, 1, 6));
}

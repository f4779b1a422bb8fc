//! What adopt plans, rule by rule, on snapshots built by hand.

use crate::snapshots::{at, bind, binding, issue, item_name, maintainer, oid, pull, question, queue_item, quiet};
use orchestrator::decide::adopt::{AdoptPlan, Finished, Refused, Wish, candidates, plan};
use orchestrator::model::{
    AccountId, Action, ActionKind, BoundIssue, Effect, GAP_TITLE, IssueDetail, IssueNumber, IssueSource, IssueState,
    ItemOutcome, Key, Ledger, ListedIssue, Marker, Need, NodeId, PolicyState, PullFacts, PullNumber, PullState,
    Quarantine, QueueEntry, Snapshot,
};

fn item(name: &str) -> Marker {
    Marker::Item(item_name(name))
}

fn update(number: u64) -> Marker {
    Marker::Capability { repository: "octo/sample".parse().expect("a name"), pull: PullNumber(number) }
}

fn listed(number: u64, title: &str, marker: Option<Marker>, open: bool) -> ListedIssue {
    let labels = match &marker {
        Some(Marker::Capability { .. }) => vec!["Update Capability".to_owned()],
        _ => vec!["Development".to_owned()],
    };
    ListedIssue {
        number: IssueNumber(number),
        node: NodeId(format!("I_{number}")),
        title: title.to_owned(),
        author: maintainer(),
        labels,
        marker,
        leads: false,
        open,
        detail: None,
    }
}

fn merged(number: u64, closes: u64) -> PullFacts {
    let merged = Some((at(-100), oid(77)));
    PullFacts { state: PullState::Merged, merged, draft: false, ..pull(number, closes, 70) }
}

/// An issue that looks like ours, with what GitHub says of it.
fn trace(snapshot: &mut Snapshot, listed: ListedIssue, state: IssueState, pulls: Vec<PullFacts>) {
    let facts = BoundIssue { state, pulls, ..issue(listed.number.0) };
    snapshot.forge.bound.push(facts);
    snapshot.needs.traces.get_or_insert_with(Vec::new).push(listed);
}

fn named(snapshot: &mut Snapshot, number: u64, name: &str, state: IssueState, pulls: Vec<PullFacts>) {
    trace(snapshot, listed(number, "A task", Some(item(name)), state == IssueState::Open), state, pulls);
}

fn processed(snapshot: &mut Snapshot, name: &str) {
    snapshot.planning.processed.push(QueueEntry { name: item_name(name), blob: oid(9) });
    snapshot.needs.bodies.insert(oid(9), format!("# Title of {name}\n"));
}

fn pending(snapshot: &mut Snapshot, name: &str, blob: u8) {
    snapshot.planning.pending.push(queue_item(name, blob));
}

fn complete(snapshot: &mut Snapshot, name: &str, blob: u8) {
    snapshot.planning.complete.push(item_name(name));
    snapshot.planning.doubles.push(QueueEntry { name: item_name(name), blob: oid(blob) });
}

fn empty() -> Snapshot {
    let mut snapshot = quiet();
    snapshot.needs.traces = Some(Vec::new());
    snapshot
}

fn planned(snapshot: &Snapshot) -> AdoptPlan {
    plan(snapshot, &Wish::default()).expect("a plan")
}

fn with_updates(snapshot: &Snapshot) -> AdoptPlan {
    plan(snapshot, &Wish { finished: Finished::Bind, one: None }).expect("a plan")
}

/// An effect in a word: what is bound to which issue and settled as what, or moved from where to where.
fn word(effect: &Effect) -> String {
    match effect {
        Effect::Baseline => "baseline".to_owned(),
        Effect::Bind { key, issue: IssueSource::Adopted { number, .. }, settles, .. } => {
            let end = settles.as_ref().map_or_else(String::new, |fields| {
                assert_eq!(fields.key, *key);
                let pull = fields.pull.map_or_else(String::new, |pull| format!(" by {pull}"));
                assert_eq!(fields.pull.is_some(), fields.merge.is_some());
                format!(" as {}{pull}", fields.outcome)
            });
            format!("{key} = {number}{end}")
        }
        Effect::Settle { fields } => format!("{} as {}", fields.key, fields.outcome),
        Effect::Move { from, to, blob, .. } => {
            assert_eq!(*blob, oid(9));
            format!("{from} > {to}")
        }
        other => panic!("adopt never does this: {other:?}"),
    }
}

fn words(plan: &AdoptPlan) -> Vec<String> {
    assert!(plan.needs.is_empty(), "{:?}", plan.needs);
    let actions: Vec<&Action> = plan.steps.iter().map(|step| &step.action).collect();
    for action in &actions {
        let points: Vec<_> = action.effects.iter().map(Effect::stop_point).collect();
        assert!(points.iter().all(|point| action.kind.effects().contains(point)), "{action:?}");
    }
    actions.iter().map(|action| action.effects.iter().map(word).collect::<Vec<_>>().join(", ")).collect()
}

fn told(plan: &AdoptPlan) -> String {
    let shown = plan.shown.iter().map(|shown| format!("{} {}", shown.what, shown.command.as_deref().unwrap_or("")));
    let problems = plan.problems.iter().map(|problem| format!("{}: {}", problem.what, problem.lifts));
    shown.chain(problems).collect::<Vec<_>>().join("\n")
}

type Case = (&'static str, fn(&mut Snapshot), &'static [&'static str], &'static [&'static str]);

/// What is there, the steps, and words that are told beside them.
const CASES: [Case; 26] = [
    ("nothing", |_| {}, &[], &[]),
    ("no ledger", |s| s.ledger = None, &["baseline"], &[]),
    (
        "no ledger, though an issue of ours says that there was one",
        |s| {
            s.ledger = None;
            pending(s, "a.md", 9);
            trace(s, ListedIssue { leads: true, ..listed(4, "A", Some(item("a.md")), true) }, IssueState::Open, vec![]);
        },
        &["baseline", "item a.md = #4, pending > processed"],
        &[],
    ),
    (
        "a processed file and its open issue",
        |s| {
            processed(s, "a.md");
            named(s, 4, "a.md", IssueState::Open, vec![]);
        },
        &["item a.md = #4"],
        &[],
    ),
    (
        "an open issue before a closed one",
        |s| {
            processed(s, "a.md");
            named(s, 3, "a.md", IssueState::NotPlanned, vec![]);
            named(s, 4, "a.md", IssueState::Open, vec![]);
        },
        &["item a.md = #4"],
        &["#3 names a.md, too; #4 is taken, #3 left as it is: it is closed"],
    ),
    (
        "of two open ones the one with a pull request",
        |s| {
            processed(s, "a.md");
            named(s, 3, "a.md", IssueState::Open, vec![]);
            named(s, 4, "a.md", IssueState::Open, vec![pull(5, 4, 70)]);
        },
        &["item a.md = #4"],
        &["#3 names a.md, too", "close #3 if it is not needed"],
    ),
    (
        "of two open ones without the lowest",
        |s| {
            processed(s, "a.md");
            named(s, 4, "a.md", IssueState::Open, vec![]);
            named(s, 3, "a.md", IssueState::Open, vec![]);
        },
        &["item a.md = #3"],
        &["#4 names a.md, too"],
    ),
    ("a pending file that waits for its turn", |s| pending(s, "a.md", 9), &[], &[]),
    (
        "the same file in two folders",
        |s| {
            processed(s, "a.md");
            pending(s, "a.md", 9);
            named(s, 4, "a.md", IssueState::Open, vec![]);
        },
        &["item a.md = #4, pending > processed"],
        &[],
    ),
    (
        "the same file in two folders, and merged",
        |s| {
            processed(s, "a.md");
            pending(s, "a.md", 9);
            named(s, 4, "a.md", IssueState::Completed, vec![merged(5, 4)]);
        },
        &["item a.md = #4 as merged by #5, pending > processed, processed > complete"],
        &[],
    ),
    (
        "the same file in processed and complete",
        |s| {
            processed(s, "a.md");
            complete(s, "a.md", 9);
            named(s, 4, "a.md", IssueState::Completed, vec![merged(5, 4)]);
        },
        &["item a.md = #4 as merged by #5, processed > complete"],
        &[],
    ),
    (
        "other content in two folders",
        |s| {
            processed(s, "a.md");
            pending(s, "a.md", 8);
            named(s, 4, "a.md", IssueState::Open, vec![]);
        },
        &[],
        &["planning/issue_queue/pending/a.md and planning/issue_queue/processed/a.md with different content: keep one"],
    ),
    (
        "a set-aside file beside a processed one",
        |s| {
            processed(s, "a.md");
            s.planning.quarantined.push((item_name("a.md"), Quarantine::Empty));
            named(s, 4, "a.md", IssueState::Open, vec![]);
        },
        &[],
        &["planning/issue_queue/pending/a.md and planning/issue_queue/processed/a.md: keep one"],
    ),
    (
        "closed as completed",
        |s| {
            processed(s, "a.md");
            named(s, 4, "a.md", IssueState::Completed, vec![]);
        },
        &["item a.md = #4 as closed, processed > complete"],
        &[],
    ),
    (
        "closed as not planned",
        |s| {
            processed(s, "a.md");
            named(s, 4, "a.md", IssueState::NotPlanned, vec![]);
        },
        &["item a.md = #4 as dropped, processed > complete"],
        &[],
    ),
    (
        "a file that nothing names",
        |s| processed(s, "a.md"),
        &[],
        &["a.md lies in processed/ and no issue that may be bound names it: move it back to pending/"],
    ),
    (
        "a similar title, and one that is not",
        |s| {
            processed(s, "a.md");
            trace(s, listed(4, "title of a.md!", None, false), IssueState::Completed, vec![]);
            trace(s, listed(5, "Something entirely else", None, true), IssueState::Open, vec![]);
        },
        &[],
        &[
            "#4 \"title of a.md!\" (closed) may be the issue of a.md orchestrator adopt a.md 4\n",
            "no issue that may be",
        ],
    ),
    (
        "a similar title of a file that waits: open ones only",
        |s| {
            pending(s, "b c.md", 8);
            trace(s, listed(4, "Title of b c.md", None, false), IssueState::Completed, vec![]);
            trace(s, listed(5, "Title of b c.md", None, true), IssueState::Open, vec![]);
        },
        &[],
        &["orchestrator adopt 'b c.md' 5"],
    ),
    (
        "an open gap analysis by its title",
        |s| trace(s, listed(4, GAP_TITLE, None, true), IssueState::Open, vec![]),
        &["gap analysis 01010101-02020202-1 = #4"],
        &[],
    ),
    (
        "two of them, and the question was asked before",
        |s| {
            let mut old = binding(question(1), 2);
            old.outcome = Some(ItemOutcome::Reached);
            bind(s, old, BoundIssue { state: IssueState::Completed, ..issue(2) });
            trace(s, listed(4, GAP_TITLE, None, true), IssueState::Open, vec![]);
            trace(s, listed(5, GAP_TITLE, None, true), IssueState::Open, vec![pull(6, 5, 70)]);
        },
        &["gap analysis 01010101-02020202-2 = #5"],
        &["#4 is an open gap analysis, too; #5 is taken"],
    ),
    (
        "one beside a bound one",
        |s| {
            bind(s, binding(question(1), 2), issue(2));
            trace(s, listed(4, GAP_TITLE, None, true), IssueState::Open, vec![]);
        },
        &[],
        &["#4 is an open gap analysis, too; #2 is taken"],
    ),
    (
        "an open capability update of a merged item in processed",
        |s| {
            processed(s, "a.md");
            named(s, 4, "a.md", IssueState::Completed, vec![merged(5, 4)]);
            trace(s, listed(6, "Update", Some(update(5)), true), IssueState::Open, vec![]);
        },
        &["item a.md = #4 as merged by #5, processed > complete", "capability update of a.md = #6"],
        &[],
    ),
    (
        "an open capability update of an item that is complete",
        |s| {
            s.planning.complete.push(item_name("a.md"));
            named(s, 4, "a.md", IssueState::Completed, vec![merged(5, 4)]);
            trace(s, listed(6, "Update", Some(update(5)), true), IssueState::Open, vec![]);
        },
        &["item a.md = #4 as merged by #5", "capability update of a.md = #6"],
        &[],
    ),
    (
        "an open capability update of nothing",
        |s| trace(s, listed(6, "Update", Some(update(5)), true), IssueState::Open, vec![]),
        &[],
        &["#6 asks for the capability update of #5, but no item is known that #5 completed"],
    ),
    (
        "a binding whose issue is gone",
        |s| {
            processed(s, "a.md");
            let lost = binding(Key::Item(item_name("a.md")), 4);
            s.forge.gone.push(lost.node.clone());
            s.ledger.get_or_insert_with(Ledger::default).bindings.insert(lost.key.clone(), lost);
        },
        &["item a.md as dropped, processed > complete"],
        &[],
    ),
    (
        "a settled item with a copy left",
        |s| {
            processed(s, "a.md");
            complete(s, "a.md", 9);
            let mut done = binding(Key::Item(item_name("a.md")), 4);
            done.outcome = Some(ItemOutcome::Merged);
            bind(s, done, BoundIssue { state: IssueState::Completed, ..issue(4) });
        },
        &["processed > complete"],
        &[],
    ),
];

#[test]
fn every_rule_has_its_row() {
    for (name, change, steps, beside) in CASES {
        let mut snapshot = empty();
        change(&mut snapshot);
        let plan = planned(&snapshot);
        assert_eq!(words(&plan), *steps, "{name}");
        let told = format!("{}\n", told(&plan));
        assert!(beside.iter().all(|words| told.contains(words)), "{name}: {told}");
        assert_eq!(beside.is_empty(), told.trim().is_empty(), "{name}: {told}");
        assert!(plan.steps.iter().all(|step| !step.why.is_empty()), "{name}");
        let kinds: Vec<ActionKind> = plan.steps.iter().map(|step| step.action.kind).collect();
        let baseline = usize::from(snapshot.ledger.is_none());
        assert!(kinds.iter().skip(baseline).all(|kind| *kind == ActionKind::Adopt), "{name}: {kinds:?}");
    }
}

#[test]
fn with_capabilities_finished_items_are_bound_and_left_to_the_loop() {
    let cases: [(IssueState, Vec<PullFacts>); 3] = [
        (IssueState::Completed, vec![merged(5, 4)]),
        (IssueState::Completed, vec![]),
        (IssueState::NotPlanned, vec![]),
    ];
    for (state, pulls) in cases {
        let mut snapshot = empty();
        processed(&mut snapshot, "a.md");
        named(&mut snapshot, 4, "a.md", state, pulls);
        let plan = with_updates(&snapshot);
        assert_eq!(words(&plan), ["item a.md = #4"]);
        assert!(plan.steps[0].why.contains("the loop "), "{}", plan.steps[0].why);
    }
}

#[test]
fn only_an_author_who_may_write_is_believed_and_asked_about_once() {
    let stranger = AccountId { id: 66, login: "stranger".to_owned() };
    let mut snapshot = empty();
    processed(&mut snapshot, "a.md");
    let theirs = ListedIssue { author: stranger.clone(), ..listed(4, "A", Some(item("a.md")), true) };
    trace(&mut snapshot, theirs, IssueState::Open, vec![]);
    let asked = planned(&snapshot);
    assert_eq!(asked.needs, [Need::Permission { id: 66, login: "stranger".to_owned() }]);
    assert!(asked.steps.is_empty() && asked.problems.is_empty(), "{asked:?}");
    snapshot.needs.permissions.insert(66, true);
    assert_eq!(words(&planned(&snapshot)), ["item a.md = #4"]);
    snapshot.needs.permissions.insert(66, false);
    let refused = planned(&snapshot);
    assert_eq!(words(&refused), [""; 0]);
    assert!(told(&refused).contains("stranger, who opened it, can't write here"), "{}", told(&refused));
    let ghost = AccountId { id: 0, login: "ghost".to_owned() };
    snapshot.needs.traces.as_mut().expect("traces")[0].author = ghost;
    assert!(planned(&snapshot).steps.is_empty());
    // Whoever wrote records of the ledger is one of us.
    snapshot.needs.traces.as_mut().expect("traces")[0].author = stranger;
    let mut old = binding(question(1), 2);
    (old.by, old.outcome) = (66, Some(ItemOutcome::Reached));
    bind(&mut snapshot, old, BoundIssue { state: IssueState::Completed, ..issue(2) });
    assert_eq!(words(&planned(&snapshot)), ["item a.md = #4"]);
}

#[test]
fn one_binding_is_planned_on_a_persons_word_and_refused_for_a_reason() {
    let one = |file: &str, number| Wish { one: Some((item_name(file), IssueNumber(number))), ..Wish::default() };
    let mut snapshot = empty();
    processed(&mut snapshot, "a.md");
    processed(&mut snapshot, "b.md");
    let asked = plan(&snapshot, &one("a.md", 4)).expect("a plan");
    assert_eq!(asked.needs, [Need::Issue { number: IssueNumber(4) }]);
    let plain = listed(4, "Anything", None, true);
    snapshot.needs.issues.insert(IssueNumber(4), Some(plain.clone()));
    assert_eq!(candidates(&snapshot, &one("a.md", 4)).unsettled, [NodeId("I_4".to_owned())]);
    snapshot.forge.bound.push(issue(4));
    let only = plan(&snapshot, &one("a.md", 4)).expect("a plan");
    assert_eq!(words(&only), ["item a.md = #4"]);
    assert!(only.problems.is_empty(), "nothing is said of b.md");

    assert_eq!(plan(&snapshot, &one("x.md", 4)), Err(Refused::NoFile(item_name("x.md"))));
    snapshot.needs.issues.insert(IssueNumber(7), None);
    assert_eq!(plan(&snapshot, &one("a.md", 7)), Err(Refused::NoIssue(IssueNumber(7))));
    let theirs = ListedIssue { author: AccountId { id: 66, login: "s".to_owned() }, ..plain };
    snapshot.needs.issues.insert(IssueNumber(4), Some(theirs));
    snapshot.needs.permissions.insert(66, false);
    assert_eq!(plan(&snapshot, &one("a.md", 4)), Err(Refused::Author(IssueNumber(4), "s".to_owned())));
    bind(&mut snapshot, binding(Key::Item(item_name("b.md")), 4), issue(4));
    let bound = Refused::IssueBound(IssueNumber(4), Key::Item(item_name("b.md")));
    assert_eq!(plan(&snapshot, &one("a.md", 4)), Err(bound));
    assert_eq!(plan(&snapshot, &one("b.md", 9)), Err(Refused::FileBound(item_name("b.md"), IssueNumber(4))));
    processed(&mut snapshot, "B.md");
    let same = Refused::FileBound(item_name("B.md"), IssueNumber(4));
    assert_eq!(plan(&snapshot, &one("B.md", 9)), Err(same), "the same name on other file systems");
    pending(&mut snapshot, "a.md", 8);
    assert!(matches!(plan(&snapshot, &one("a.md", 4)), Err(Refused::Conflict { .. })));
}

#[test]
fn nothing_is_planned_without_consent_or_where_the_ledger_can_be_put_back() {
    let mut snapshot = empty();
    snapshot.policy = PolicyState::Missing;
    assert!(
        matches!(plan(&snapshot, &Wish::default()), Err(Refused::Stalled { lifts, .. }) if lifts.contains("version = 1"))
    );
    let mut snapshot = empty();
    snapshot.forge.repository.archived = true;
    assert!(matches!(plan(&snapshot, &Wish::default()), Err(Refused::Stalled { why, .. }) if why.contains("archived")));
    let mut snapshot = empty();
    snapshot.planning.paused = true;
    assert!(matches!(plan(&snapshot, &Wish::default()), Err(Refused::Paused(_))));
    let mut snapshot = empty();
    (snapshot.ledger, snapshot.tips.lost_ledger) = (None, Some(oid(4)));
    assert_eq!(plan(&snapshot, &Wish::default()), Err(Refused::LostLedger(oid(4))));
}

#[test]
fn what_is_bound_already_is_not_planned_again() {
    let mut snapshot = empty();
    processed(&mut snapshot, "a.md");
    named(&mut snapshot, 4, "a.md", IssueState::Completed, vec![merged(5, 4)]);
    let record = binding(Key::Item(item_name("a.md")), 4);
    snapshot.ledger.get_or_insert_with(Ledger::default).bindings.insert(record.key.clone(), record);
    for plan in [planned(&snapshot), with_updates(&snapshot)] {
        assert_eq!(words(&plan), [""; 0], "the loop goes on with it");
    }
    assert!(candidates(&snapshot, &Wish::default()).unsettled.is_empty());
}

#[test]
fn what_is_looked_at_in_full_is_what_may_be_bound() {
    let mut snapshot = empty();
    processed(&mut snapshot, "a.md");
    snapshot.planning.complete.push(item_name("old.md"));
    let traces = vec![
        listed(1, "Old", Some(item("old.md")), false),
        listed(2, "A", Some(item("a.md")), false),
        listed(3, "Elsewhere", Some(item("gone.md")), true),
        listed(4, GAP_TITLE, None, true),
        listed(5, GAP_TITLE, None, false),
        listed(6, "Anything", None, true),
    ];
    snapshot.needs.traces = Some(traces);
    let numbers = |nodes: Vec<NodeId>| nodes.into_iter().map(|node| node.0).collect::<Vec<_>>();
    let asked = candidates(&snapshot, &Wish::default());
    assert_eq!((numbers(asked.unsettled), asked.settled), (vec!["I_2".to_owned(), "I_4".to_owned()], vec![]));
    snapshot.needs.traces.as_mut().expect("traces").push(listed(7, "Update", Some(update(9)), true));
    let asked = candidates(&snapshot, &Wish::default());
    assert_eq!(numbers(asked.settled), ["I_1"], "the item of a capability update may be complete");
}

#[test]
fn a_finished_item_is_bound_and_settled_in_one_change_of_the_ledger() {
    use orchestrator::model::{Applied, LedgerChange, SettleFields};
    let record = Box::new(binding(Key::Item(item_name("a.md")), 4));
    let fields = SettleFields {
        key: record.key.clone(),
        pull: Some(PullNumber(5)),
        merge: Some(oid(77)),
        outcome: ItemOutcome::Merged,
    };
    let change = LedgerChange::Bind { owner: "me".to_owned(), binding: record.clone(), settles: Some(fields) };
    let Applied::New(ledger) = Ledger::default().apply(&change, at(0)) else { panic!("it is new") };
    let written = &ledger.bindings[&record.key];
    assert_eq!(
        (written.pull, written.merge, &written.outcome),
        (Some(PullNumber(5)), Some(oid(77)), &Some(ItemOutcome::Merged))
    );
    assert_eq!(written.settled, Some(at(0)));
    assert_eq!(ledger.apply(&change, at(9)), Applied::Already);
}

#[test]
fn a_text_that_feeds_the_queue_is_repaired_in_a_gap_analysis_and_refused_elsewhere() {
    let endless = |number, title: &str, marker| {
        let detail = IssueDetail {
            comments: 0,
            reopened: false,
            assignees: Vec::new(),
            digest: String::new(),
            unsafe_text: true,
        };
        ListedIssue { detail: Some(detail), ..listed(number, title, marker, true) }
    };
    let mut snapshot = quiet();
    processed(&mut snapshot, "dev-1.md");
    trace(&mut snapshot, endless(4, GAP_TITLE, None), IssueState::Open, vec![]);
    trace(&mut snapshot, endless(5, "A task", Some(item("dev-1.md"))), IssueState::Open, vec![]);
    let given_out = snapshot.clone();
    for issue in &mut snapshot.forge.bound {
        issue.assignees.clear();
    }
    let made = plan(&snapshot, &Wish::default()).expect("a plan");
    let [step] = made.steps.as_slice() else { panic!("{made:?}") };
    let [Effect::Revise { issue, text, .. }, Effect::Bind { key, .. }] = step.action.effects.as_slice() else {
        panic!("{step:?}")
    };
    let Key::Gap { goal, capabilities, n } = key else { panic!("{key:?}") };
    assert_eq!((issue.0, text), (4, &orchestrator::message::gap_issue(*goal, *capabilities, *n)));
    let [problem] = made.problems.as_slice() else { panic!("{made:?}") };
    assert!(problem.what.starts_with("#5 asks for") && problem.lifts.contains("edit #5"), "{problem:?}");
    let made = plan(&given_out, &Wish::default()).expect("a plan");
    let effects = made.steps.iter().flat_map(|step| &step.action.effects);
    assert!(effects.clone().count() == 2 && effects.clone().all(|effect| matches!(effect, Effect::Bind { .. })));
    assert!(made.problems.is_empty(), "what the agent has begun goes on: {made:?}");
}

//! What starts, in which order, and what does not.

use crate::snapshots::{at, bind, binding, issue, item_name, lay, maintainer, oid, question, queue_item, quiet, reads};
use orchestrator::decide::decide;
use orchestrator::model::{
    Action, ActionKind, Actor, Attempt, Binding, Decision, Effect, Folder, IssueNumber, IssueSource, ItemOutcome, Key,
    ListedIssue, Marker, Need, Needs, NodeId, Outcome, PolicyState, Quarantine, QueueEntry, Refusal, RefusalKind,
    Snapshot, Stage, StopPoint,
};

fn action(decision: &Decision) -> &Action {
    match &decision.outcome {
        Outcome::Act { action } => action,
        other => panic!("expected an action, got {other:?} because {}", decision.reason),
    }
}

fn points(decision: &Decision) -> Vec<StopPoint> {
    action(decision).effects.iter().map(Effect::stop_point).collect()
}

fn nothing_of_ours(snapshot: &mut Snapshot, key: &Key) {
    snapshot.needs.own_issues.insert(Needs::own_issues_name(key), Vec::new());
}

fn pending(snapshot: &mut Snapshot, names: &[&str]) {
    for (index, name) in names.iter().enumerate() {
        let blob = 50 + u8::try_from(index).expect("few files");
        snapshot.planning.pending.push(queue_item(name, blob));
        snapshot.needs.bodies.insert(oid(blob), "# Task".to_owned());
        nothing_of_ours(snapshot, &Key::Item(item_name(name)));
    }
}

#[test]
fn without_a_ledger_its_root_commit_is_the_only_thing_written() {
    let mut snapshot = quiet();
    snapshot.ledger = None;
    snapshot.needs.traces = Some(Vec::new());
    pending(&mut snapshot, &["dev-1.md"]);
    assert_eq!(action(&decide(&snapshot)).kind, ActionKind::Baseline);
}

#[test]
fn without_a_policy_nothing_is_written_and_the_reason_names_the_file() {
    let mut snapshot = quiet();
    snapshot.policy = PolicyState::Missing;
    snapshot.ledger = None;
    match decide(&snapshot).outcome {
        Outcome::Stalled { why, lifts } => {
            assert!(why.contains("planning/orchestrator.toml") && lifts.contains("version = 1"), "{why} {lifts}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_invalid_policy_is_shown_at_its_line() {
    let mut snapshot = quiet();
    snapshot.policy = PolicyState::Invalid { line: Some(4), problem: "unknown key".to_owned() };
    let decision = decide(&snapshot);
    assert!(
        matches!(&decision.outcome, Outcome::Stalled { why, .. } if why.contains("orchestrator.toml:4: unknown key"))
    );
}

#[test]
fn our_issues_are_listed_before_the_first_question_is_asked() {
    let mut snapshot = quiet();
    let decision = decide(&snapshot);
    assert_eq!(decision.outcome, Outcome::Look { needs: vec![Need::OwnIssues { key: question(1) }] });
    nothing_of_ours(&mut snapshot, &question(1));
    let decision = decide(&snapshot);
    assert_eq!((decision.stage, action(&decision).kind), (Stage::GapOwed, ActionKind::AskGap));
    assert_eq!(points(&decision), [StopPoint::Attempt, StopPoint::Create, StopPoint::Bind, StopPoint::Assign]);
}

#[test]
fn an_issue_of_ours_with_the_marker_is_adopted_instead_of_created() {
    let mut snapshot = quiet();
    let listed = |number, author| ListedIssue {
        number: IssueNumber(number),
        node: NodeId(format!("I_{number}")),
        title: "Anything".to_owned(),
        author,
        labels: Vec::new(),
        marker: Some(Marker::Gap { goal: Some(oid(1)), capabilities: Some(oid(2)), n: 1 }),
        leads: true,
        open: true,
        detail: None,
    };
    let stranger = orchestrator::model::AccountId { id: 66, login: "stranger".to_owned() };
    let found = vec![listed(7, maintainer()), listed(5, maintainer()), listed(3, stranger)];
    snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(1)), found);
    let decision = decide(&snapshot);
    assert_eq!(points(&decision), [StopPoint::Bind, StopPoint::Assign]);
    let adopted = |effect: &Effect| {
        matches!(effect, Effect::Bind { issue: IssueSource::Adopted { number: IssueNumber(5), .. }, .. })
    };
    assert!(action(&decision).effects.iter().any(adopted));
}

#[test]
fn after_an_attempt_of_unknown_end_the_doubt_window_is_waited_for() {
    let mut snapshot = quiet();
    nothing_of_ours(&mut snapshot, &question(1));
    let attempt =
        Attempt { owner: "me".to_owned(), by: 1, key: question(1), number: None, started: at(-100), expires: at(260) };
    snapshot.ledger.as_mut().expect("a ledger").attempt = Some(attempt);
    assert!(matches!(decide(&snapshot).outcome, Outcome::Wait { waiting } if waiting.until == Some(at(50))));
    snapshot.now = at(50);
    assert_eq!(action(&decide(&snapshot)).kind, ActionKind::AskGap);
}

#[test]
fn another_instance_keeps_its_attempt_until_its_lease_ends() {
    let mut snapshot = quiet();
    nothing_of_ours(&mut snapshot, &question(1));
    let attempt = Attempt {
        owner: "other".to_owned(),
        by: 2,
        key: question(2),
        number: None,
        started: at(-100),
        expires: at(260),
    };
    snapshot.ledger.as_mut().expect("a ledger").attempt = Some(attempt);
    assert!(matches!(decide(&snapshot).outcome, Outcome::Wait { waiting } if waiting.until == Some(at(260))));
}

#[test]
fn the_first_pending_item_is_promoted_in_the_order_of_the_ledger_rules() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-1.md", "dev-2.md"]);
    let decision = decide(&snapshot);
    assert_eq!((decision.stage, action(&decision).kind), (Stage::Promotion, ActionKind::Promote));
    assert_eq!(action(&decision).key, Some(Key::Item(item_name("dev-1.md"))));
    assert_eq!(
        points(&decision),
        [StopPoint::Attempt, StopPoint::Create, StopPoint::Bind, StopPoint::Assign, StopPoint::Move]
    );
}

#[test]
fn one_item_at_a_time_is_in_flight() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-2.md"]);
    bind(&mut snapshot, binding(Key::Item(item_name("dev-1.md")), 10), issue(10));
    let decision = decide(&snapshot);
    assert_eq!(decision.stage, Stage::DevelopmentInWork);
    assert!(matches!(decision.outcome, Outcome::Wait { .. }), "{:?}", decision.outcome);
    assert!(decision.also.iter().any(|also| also.reason.contains("1 of at most 1")), "{:?}", decision.also);
}

fn at_most(snapshot: &mut Snapshot, limit: u32) {
    match &mut snapshot.policy {
        PolicyState::Valid { policy } => policy.pacing.max_in_flight = limit,
        other => panic!("{other:?}"),
    }
}

#[test]
fn as_many_items_as_the_policy_allows_are_in_flight() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-3.md"]);
    at_most(&mut snapshot, 2);
    bind(&mut snapshot, binding(Key::Item(item_name("dev-1.md")), 10), issue(10));
    let decision = decide(&snapshot);
    assert_eq!(action(&decision).key, Some(Key::Item(item_name("dev-3.md"))), "what only waits stops nothing");
    let promotion = decision.also.iter().find(|also| also.stage == Stage::Promotion);
    let reason = promotion.map_or(decision.reason.as_str(), |also| also.reason.as_str());
    assert!(reason.ends_with("only 1 of at most 2 items are in flight"), "{reason}");
    bind(&mut snapshot, binding(Key::Item(item_name("dev-2.md")), 11), issue(11));
    let decision = decide(&snapshot);
    assert!(matches!(decision.outcome, Outcome::Wait { .. }), "{:?}", decision.outcome);
}

#[test]
fn an_open_question_stops_promotions_only_where_one_item_is_allowed() {
    for (limit, promotes) in [(1, false), (2, true)] {
        let mut snapshot = quiet();
        pending(&mut snapshot, &["dev-1.md"]);
        at_most(&mut snapshot, limit);
        bind(&mut snapshot, binding(question(1), 10), issue(10));
        let acts = matches!(&decide(&snapshot).outcome, Outcome::Act { action } if action.kind == ActionKind::Promote);
        assert_eq!(acts, promotes, "at most {limit}");
    }
}

#[test]
fn no_question_is_asked_while_anything_is_in_flight_however_many_may_be() {
    let mut snapshot = quiet();
    at_most(&mut snapshot, 5);
    nothing_of_ours(&mut snapshot, &question(1));
    assert_eq!(action(&decide(&snapshot)).kind, ActionKind::AskGap);
    bind(&mut snapshot, binding(Key::Item(item_name("dev-1.md")), 10), issue(10));
    assert!(matches!(decide(&snapshot).outcome, Outcome::Wait { .. }));
}

#[test]
fn held_and_dependent_items_do_not_block_the_next_one() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-1.md", "dev-2.md", "dev-3.md"]);
    snapshot.planning.pending[0].hold = true;
    snapshot.planning.pending[1].depends_on.push(item_name("dev-0.md"));
    let decision = decide(&snapshot);
    assert_eq!(action(&decision).key, Some(Key::Item(item_name("dev-3.md"))));
    let reasons: Vec<&str> = decision.also.iter().map(|also| also.reason.as_str()).collect();
    assert!(
        reasons.contains(&"dev-1.md is held by its front-matter; it goes on when `hold` is taken out"),
        "{reasons:?}"
    );
    let missing = "dev-2.md waits for dev-0.md, which lies in no queue folder: mend its `depends_on`";
    assert!(reasons.contains(&missing), "{reasons:?}");
}

#[test]
fn a_dependency_that_will_never_be_complete_is_for_a_person() {
    let base = || {
        let mut snapshot = quiet();
        pending(&mut snapshot, &["dev-1.md", "dev-2.md", "dev-3.md"]);
        snapshot.planning.pending[0].depends_on.push(item_name("dev-2.md"));
        snapshot
    };
    let said = |snapshot: &Snapshot| {
        let decision = decide(snapshot);
        let mut all = decision.also.into_iter().map(|also| (also.reason, also.outcome));
        let (reason, outcome) = all.find(|(reason, _)| reason.starts_with("dev-1.md waits")).expect("it waits");
        let Outcome::Wait { waiting } = outcome else { panic!("{reason}") };
        (reason, waiting.actor)
    };
    let (reason, actor) = said(&base());
    assert_eq!((reason.as_str(), actor), ("dev-1.md waits for dev-2.md, which is not complete", Actor::Engine));
    // In a circle, over another one too.
    let mut circle = base();
    circle.planning.pending[1].depends_on.push(item_name("dev-3.md"));
    assert_eq!(said(&circle).1, Actor::Engine);
    circle.planning.pending[2].depends_on.push(item_name("dev-1.md"));
    let (reason, actor) = said(&circle);
    assert!(reason.contains("which waits for it in turn") && actor == Actor::Person, "{reason}");
    // A circle that it is not part of ends nothing here.
    let mut other = base();
    other.planning.pending[1].depends_on.push(item_name("dev-3.md"));
    other.planning.pending[2].depends_on.push(item_name("dev-2.md"));
    assert_eq!(said(&other).1, Actor::Engine);
    // It was given up.
    let mut dropped = base();
    dropped.planning.pending.remove(1);
    let mut given_up = binding(Key::Item(item_name("dev-2.md")), 10);
    (given_up.outcome, given_up.settled) = (Some(ItemOutcome::Dropped), Some(dropped.now));
    bind(&mut dropped, given_up, issue(10));
    dropped.forge.bound[0].state = orchestrator::model::IssueState::NotPlanned;
    let (reason, actor) = said(&dropped);
    assert!(reason.contains("which was given up") && actor == Actor::Person, "{reason}");
}

#[test]
fn a_name_once_bound_is_never_given_out_again() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-1.md", "dev-2.md"]);
    snapshot.planning.complete.push(item_name("dev-1.md"));
    let mut used = binding(Key::Item(item_name("dev-1.md")), 10);
    used.outcome = Some(ItemOutcome::Merged);
    bind(&mut snapshot, used, issue(10));
    snapshot.forge.bound[0].state = orchestrator::model::IssueState::Completed;
    let decision = decide(&snapshot);
    assert_eq!(action(&decision).key, Some(Key::Item(item_name("dev-2.md"))));
    assert!(decision.also.iter().any(|also| also.reason.contains("already used by #10")), "{:?}", decision.also);
}

#[test]
fn a_file_nobody_promoted_is_shown_and_no_gap_is_asked() {
    let mut snapshot = quiet();
    snapshot.planning.processed.push(QueueEntry { name: item_name("old.md"), blob: oid(7) });
    let decision = decide(&snapshot);
    assert!(matches!(&decision.outcome, Outcome::Stalled { lifts, .. } if lifts.contains("orchestrator adopt")));
}

#[test]
fn an_unfinished_promotion_is_finished_before_anything_else() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-1.md"]);
    let mut unassigned = issue(10);
    unassigned.assignees.clear();
    unassigned.assignments.clear();
    let promoted = Binding { blob: Some(oid(50)), ..binding(Key::Item(item_name("dev-1.md")), 10) };
    bind(&mut snapshot, promoted, unassigned);
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending]);
    let decision = decide(&snapshot);
    assert_eq!((decision.stage, points(&decision)), (Stage::Promotion, vec![StopPoint::Assign, StopPoint::Move]));
}

#[test]
fn nobody_is_sent_to_a_text_that_feeds_the_queue_whoever_wrote_it_there() {
    let with = |key: Key| {
        let mut snapshot = quiet();
        let mut unassigned = issue(10);
        unassigned.assignees.clear();
        unassigned.assignments.clear();
        bind(&mut snapshot, binding(key.clone(), 10), unassigned);
        lay(&mut snapshot, "dev-1.md", &[Folder::Processed]);
        snapshot.planning.processed.push(QueueEntry { name: item_name("dev-1.md"), blob: oid(9) });
        snapshot.needs.issues.clear();
        let look = decide(&snapshot);
        assert_eq!(look.outcome, Outcome::Look { needs: vec![Need::Issue { number: IssueNumber(10) }] }, "{key}");
        reads(&mut snapshot, &binding(key.clone(), 10), false);
        assert_eq!(points(&decide(&snapshot)), [StopPoint::Assign], "{key}");
        reads(&mut snapshot, &binding(key, 10), true);
        decide(&snapshot)
    };
    // Our words are fixed: they are put back.
    assert_eq!(points(&with(question(1))), [StopPoint::Revise, StopPoint::Assign]);
    for key in [Key::Item(item_name("dev-1.md")), Key::Capability(item_name("dev-1.md"))] {
        let decision = with(key.clone());
        let Outcome::Stalled { why, lifts } = &decision.outcome else { panic!("{key}: {decision:?}") };
        assert!(why.contains("#10 asks for a file in the queue") && lifts.contains("take that out"), "{why}: {lifts}");
    }
}

/// What the moves of a decision are: the file, and whether GitHub makes the commit.
fn moves(decision: &Decision) -> Vec<(String, bool)> {
    let Outcome::Act { action } = &decision.outcome else { return Vec::new() };
    let told = |effect: &Effect| match effect {
        Effect::Move { name, signed, .. } => Some((name.to_string(), *signed)),
        _ => None,
    };
    action.effects.iter().filter_map(told).collect()
}

#[test]
fn one_push_that_was_refused_for_its_signature_makes_every_move_a_signed_one_for_an_hour() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-1.md"]);
    bind(&mut snapshot, binding(Key::Item(item_name("dev-1.md")), 10), issue(10));
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending]);
    let refusal =
        |object: &str, kind| Refusal { object: object.to_owned(), why: "no".to_owned(), at: at(-1), times: 1, kind };
    for kind in [RefusalKind::Other, RefusalKind::PullRequest, RefusalKind::Permission] {
        snapshot.refused = vec![refusal("move dev-0.md to complete", kind)];
        assert_eq!(moves(&decide(&snapshot)), [("dev-1.md".to_owned(), false)], "{kind:?}");
    }
    snapshot.refused = vec![refusal("move dev-0.md to complete", RefusalKind::Signatures)];
    assert_eq!(moves(&decide(&snapshot)), [("dev-1.md".to_owned(), true)]);
    // Its own refused push does not stand in the way; a refused commit of GitHub's does, and is shown.
    snapshot.refused.push(refusal("move dev-1.md to processed", RefusalKind::Signatures));
    assert_eq!(moves(&decide(&snapshot)), [("dev-1.md".to_owned(), true)]);
    snapshot.refused.push(refusal("move dev-1.md to processed, signed", RefusalKind::PullRequest));
    let decision = decide(&snapshot);
    assert_eq!(moves(&decision), []);
    assert!(decision.also.iter().any(|also| also.reason == "promoted, file not moved: no"), "{:?}", decision.also);
    snapshot.refused.pop();
    // Where a person put the file back it stays, although its push was refused once.
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending, Folder::Processed]);
    assert_eq!(moves(&decide(&snapshot)), []);
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending]);
    snapshot.now = at(3_600);
    assert_eq!(moves(&decide(&snapshot)), [("dev-1.md".to_owned(), false)], "the rule may be gone");
}

#[test]
fn a_refused_move_is_shown_and_the_loop_goes_on() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-1.md"]);
    bind(&mut snapshot, binding(Key::Item(item_name("dev-1.md")), 10), issue(10));
    let refusal = Refusal {
        object: "move dev-1.md to processed".to_owned(),
        why: "protected branch hook declined".to_owned(),
        at: at(-1),
        times: 1,
        kind: RefusalKind::PullRequest,
    };
    snapshot.refused.push(refusal);
    let decision = decide(&snapshot);
    assert_eq!(decision.stage, Stage::DevelopmentInWork);
    assert!(decision.also.iter().any(|also| also.reason.starts_with("promoted, file not moved: protected")));
    snapshot.now = at(60);
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending]);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Move]);
}

#[test]
fn a_person_who_unassigns_the_agent_withdraws_the_item_and_frees_its_place() {
    let mut snapshot = quiet();
    pending(&mut snapshot, &["dev-2.md"]);
    snapshot.planning.processed.push(QueueEntry { name: item_name("dev-1.md"), blob: oid(9) });
    let mut withdrawn = issue(10);
    withdrawn.assignees.clear();
    withdrawn.assignments[0].assigned = false;
    bind(&mut snapshot, binding(Key::Item(item_name("dev-1.md")), 10), withdrawn);
    let decision = decide(&snapshot);
    assert_eq!(action(&decision).key, Some(Key::Item(item_name("dev-2.md"))));
    assert!(decision.also.iter().any(|also| also.reason.contains("maintainer unassigned the agent from #10")));
}

#[test]
fn an_answer_that_is_quarantined_is_mended_by_a_person_not_asked_again() {
    let mut snapshot = quiet();
    snapshot.planning.quarantined.push((item_name("dev-1.md"), Quarantine::Empty));
    let mut answered = binding(question(1), 10);
    answered.outcome = Some(ItemOutcome::File(item_name("dev-1.md")));
    bind(&mut snapshot, answered, issue(10));
    snapshot.forge.bound[0].state = orchestrator::model::IssueState::Completed;
    assert!(matches!(decide(&snapshot).outcome, Outcome::Stalled { why, .. } if why.contains("it is empty")));
}

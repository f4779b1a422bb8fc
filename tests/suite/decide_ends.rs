//! How things end: answers, merges, vetoes, rest.

use crate::snapshots::{
    agent, at, bind, binding, diff, events, issue, item_name, known, lay, maintainer, oid, pull, question, quiet,
};
use jiff::SignedDuration;
use orchestrator::decide::decide;
use orchestrator::model::{
    ActionKind, Actor, AgentEventKind, Assignment, Binding, ChangeKind, CheckState, Decision, Discussion, Effect,
    Folder, IssueState, ItemOutcome, Key, MergeState, Mergeable, Needs, Outcome, PullFacts, PullNumber, PullState,
    QueueEntry, Snapshot, Stage, StopPoint,
};

const GAP_FILE: &str = "planning/issue_queue/pending/dev-1.md";

fn points(decision: &Decision) -> Vec<StopPoint> {
    match &decision.outcome {
        Outcome::Act { action } => action.effects.iter().map(Effect::stop_point).collect(),
        other => panic!("expected an action, got {other:?} because {}", decision.reason),
    }
}

fn settled_as(decision: &Decision) -> Option<ItemOutcome> {
    match &decision.outcome {
        Outcome::Act { action } => action.effects.iter().find_map(|effect| match effect {
            Effect::Settle { fields } => Some(fields.outcome.clone()),
            _ => None,
        }),
        _ => None,
    }
}

fn vetoes(decision: &Decision) -> Vec<&str> {
    match &decision.outcome {
        Outcome::Blocked { vetoes } => vetoes.iter().map(|veto| veto.guardrail.as_str()).collect(),
        other => panic!("expected vetoes, got {other:?} because {}", decision.reason),
    }
}

/// One bound issue whose finished pull request changes these paths; `change` may still alter it.
fn with_pull(key: Key, paths: &[(&str, ChangeKind)], change: impl FnOnce(&mut PullFacts)) -> Snapshot {
    let mut snapshot = quiet();
    let mut facts = pull(11, 10, 40);
    facts.changed_files = paths.len() as u64;
    change(&mut facts);
    known(&mut snapshot, facts.number, facts.head, diff(paths));
    let mut issue = issue(10);
    issue.pulls.push(facts);
    if let Key::Item(name) = &key {
        snapshot.planning.processed.push(QueueEntry { name: name.clone(), blob: oid(9) });
    }
    bind(&mut snapshot, binding(key, 10), issue);
    snapshot
}

fn ready(facts: &mut PullFacts) {
    facts.draft = false;
    facts.merge_state = MergeState::Clean;
}

fn item() -> Key {
    Key::Item(item_name("dev-1.md"))
}

fn settled(key: Key, outcome: ItemOutcome) -> Binding {
    let mut binding = binding(key, 10);
    binding.outcome = Some(outcome);
    binding.settled = Some(at(-5));
    binding
}

#[test]
fn a_finished_draft_is_marked_ready_first() {
    let decision = decide(&with_pull(question(1), &[(GAP_FILE, ChangeKind::Added)], |_| {}));
    assert_eq!((decision.stage, points(&decision)), (Stage::GapReady, vec![StopPoint::Mark]));
}

#[test]
fn a_clean_gap_pull_request_is_merged_and_answers_with_its_file() {
    let decision = decide(&with_pull(question(1), &[(GAP_FILE, ChangeKind::Added)], ready));
    let expected = vec![StopPoint::Merge, StopPoint::Settle, StopPoint::CloseIssue, StopPoint::DeleteBranch];
    assert_eq!(points(&decision), expected);
    assert_eq!(settled_as(&decision), Some(ItemOutcome::File(item_name("dev-1.md"))));
}

#[test]
fn a_gap_pull_request_without_a_change_answers_reached() {
    let decision = decide(&with_pull(question(1), &[], |_| {}));
    let expected = vec![StopPoint::Settle, StopPoint::ClosePull, StopPoint::CloseIssue, StopPoint::DeleteBranch];
    assert_eq!((points(&decision), settled_as(&decision)), (expected, Some(ItemOutcome::Reached)));
}

#[test]
fn an_agent_that_died_answers_nothing() {
    let mut snapshot = with_pull(question(1), &[], |_| {});
    let died = AgentEventKind::Failed { message: Some("rate limit".to_owned()) };
    let number = snapshot.forge.bound[0].pulls[0].number;
    snapshot.needs.agent_events.insert(number, events(&[AgentEventKind::Started, died]));
    let decision = decide(&snapshot);
    let waits = matches!(&decision.outcome, Outcome::Wait { waiting } if waiting.until.is_some());
    assert!(decision.stage == Stage::GapInWork && waits, "{:?}", decision.outcome);
    assert!(decision.reason.contains("rate limit"), "{}", decision.reason);
}

#[test]
fn a_person_who_closes_the_gap_pull_request_declines() {
    let snapshot = with_pull(question(1), &[], |facts| {
        facts.state = PullState::Closed;
        facts.closed_by = Some(maintainer());
    });
    let decision = decide(&snapshot);
    assert_eq!(settled_as(&decision), Some(ItemOutcome::Declined));
    assert_eq!(points(&decision), [StopPoint::Settle, StopPoint::CloseIssue]);
}

#[test]
fn a_person_who_closes_it_and_sends_the_agent_again_declines_nothing() {
    let mut snapshot = with_pull(question(1), &[], |facts| {
        facts.state = PullState::Closed;
        facts.closed_by = Some(maintainer());
    });
    let created = snapshot.forge.bound[0].pulls[0].created;
    let later = |assigned: bool, second: i64| Assignment {
        at: created + SignedDuration::from_secs(second),
        actor: maintainer(),
        assignee: agent(),
        assigned,
    };
    snapshot.forge.bound[0].assignments.extend([later(false, 5), later(true, 6)]);
    let decision = decide(&snapshot);
    assert!(matches!(decision.outcome, Outcome::Wait { .. }), "{} {:?}", decision.reason, decision.outcome);
}

/// What is merged, as GitHub says, and which the mainline that was fetched does not hold.
fn unlanded(key: Key) -> Snapshot {
    let mut snapshot = with_pull(key, &[], |facts| {
        facts.state = PullState::Merged;
        facts.merged = Some((at(-599), oid(77)));
    });
    snapshot.unlanded.insert(oid(77));
    snapshot
}

#[test]
fn nothing_is_built_on_a_merge_that_the_fetched_mainline_does_not_hold() {
    let item = || Key::Item(item_name("dev-1.md"));
    let capability = || Key::Capability(item_name("dev-1.md"));
    for key in [item(), question(1), capability()] {
        let mut snapshot = unlanded(key.clone());
        let decision = decide(&snapshot);
        let Outcome::Wait { waiting } = &decision.outcome else { panic!("{key}: {decision:?}") };
        assert_eq!((waiting.actor, waiting.until), (Actor::Forge, Some(at(1))), "{key}");
        // The mainline lags behind for minutes, not for hours.
        snapshot.now = at(1);
        let decision = decide(&snapshot);
        let Outcome::Stalled { why, lifts } = &decision.outcome else { panic!("{key}: {decision:?}") };
        assert!(why.contains("`main` does not hold that") && lifts.starts_with("put "), "{why}: {lifts}");
        // Another one goes its own way.
        let mut other = snapshot.clone();
        let later = PullFacts { created: at(-500), ..pull(12, 10, 41) };
        known(&mut other, later.number, later.head, diff(&[]));
        other.forge.bound[0].pulls.push(later);
        assert_eq!(decide(&other).focus.and_then(|focus| focus.pull), Some(PullNumber(12)), "{key}");
        assert!(!decide(&other).reason.contains("does not hold"), "{key}");
        other.forge.bound[0].state = IssueState::Completed;
        assert!(decide(&other).reason.contains("does not hold"), "{key}: the merge closed it, nobody else");
        other.forge.bound[0].state = IssueState::Open;
        other.now = at(0);
        assert!(decide(&other).reason.contains("does not hold"), "{key}: it may only lag behind");
        // It is there.
        snapshot.unlanded.clear();
        assert!(!matches!(decide(&snapshot).outcome, Outcome::Wait { .. } | Outcome::Stalled { .. }), "{key}");
        // Or somebody gave it up.
        let mut given_up = unlanded(key.clone());
        given_up.forge.bound[0].state = IssueState::NotPlanned;
        let expected = if key == question(1) { ItemOutcome::Declined } else { ItemOutcome::Dropped };
        assert_eq!(settled_as(&decide(&given_up)), Some(expected), "{key}");
    }
}

#[test]
fn a_person_who_closes_the_gap_issue_declines() {
    let mut snapshot = quiet();
    let mut closed = issue(10);
    closed.state = IssueState::NotPlanned;
    bind(&mut snapshot, binding(question(1), 10), closed);
    assert_eq!(settled_as(&decide(&snapshot)), Some(ItemOutcome::Declined));
}

#[test]
fn a_question_whose_issue_is_gone_was_answered_by_nobody_and_is_asked_again() {
    let mut snapshot = quiet();
    bind(&mut snapshot, settled(question(1), ItemOutcome::Dropped), issue(10));
    snapshot.forge.bound.clear();
    snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(2)), Vec::new());
    let decision = decide(&snapshot);
    assert!(points(&decision).contains(&StopPoint::Create), "{:?}", decision.outcome);
    assert!(decision.reason.ends_with("#10 was given up"), "{}", decision.reason);
}

#[test]
fn reached_and_declined_rest_until_goal_or_capabilities_change() {
    for outcome in [ItemOutcome::Reached, ItemOutcome::Declined] {
        let mut snapshot = quiet();
        let mut closed = issue(10);
        closed.state = IssueState::Completed;
        bind(&mut snapshot, settled(question(1), outcome), closed);
        let decision = decide(&snapshot);
        assert_eq!(decision.stage, Stage::GapOwed);
        assert!(matches!(decision.outcome, Outcome::Rest { .. }), "{:?}", decision.outcome);
        snapshot.planning.goal.blob = Some(oid(99));
        assert!(matches!(decide(&snapshot).outcome, Outcome::Look { .. }));
    }
}

#[test]
fn an_answer_that_led_nowhere_is_asked_again_twice_and_then_a_person_is_needed() {
    let mut snapshot = quiet();
    let mut closed = issue(10);
    closed.state = IssueState::Completed;
    for n in 1..=3 {
        bind(&mut snapshot, settled(question(n), ItemOutcome::File(item_name("gone.md"))), closed.clone());
        snapshot.needs.own_issues.insert(Needs::own_issues_name(&question(n + 1)), Vec::new());
        let decision = decide(&snapshot);
        match (n, &decision.outcome) {
            (1 | 2, Outcome::Act { action }) => assert_eq!(action.key, Some(question(n + 1))),
            (3, Outcome::Stalled { why, .. }) => assert!(why.contains("asked 3 times"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_capability_update_without_a_change_is_closed_and_the_loop_goes_on() {
    let decision = decide(&with_pull(Key::Capability(item_name("dev-1.md")), &[], |_| {}));
    assert_eq!((decision.stage, settled_as(&decision)), (Stage::CapabilityReady, Some(ItemOutcome::Unchanged)));
}

#[test]
fn a_development_pull_request_is_merged_and_left_unsettled() {
    let decision = decide(&with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], ready));
    let expected = vec![StopPoint::Merge, StopPoint::CloseIssue, StopPoint::DeleteBranch];
    assert_eq!((decision.stage, points(&decision)), (Stage::DevelopmentReady, expected));
}

#[test]
fn a_development_pull_request_may_update_the_capabilities_but_not_policy_or_workflows() {
    let capabilities =
        [("src/a.rs", ChangeKind::Modified), ("planning/state/system_capabilities.md", ChangeKind::Modified)];
    assert_eq!(points(&decide(&with_pull(item(), &capabilities, ready)))[0], StopPoint::Merge);
    for path in ["planning/orchestrator.toml", ".github/workflows/x.yml", "AGENTS.md", "planning/vision/goal.md"] {
        let decision = decide(&with_pull(item(), &[(path, ChangeKind::Modified)], ready));
        assert_eq!(vetoes(&decision), ["paths"], "{path}");
    }
}

#[test]
fn a_persons_pull_request_is_vetoed_whatever_it_says() {
    let person = |facts: &mut PullFacts| {
        ready(facts);
        facts.author = maintainer();
    };
    assert_eq!(vetoes(&decide(&with_pull(item(), &[("src/a.rs", ChangeKind::Added)], person))), ["author"]);
}

#[test]
fn every_admission_guardrail_vetoes_alone() {
    type Change = fn(&mut PullFacts);
    let cases: [(&str, Change); 8] = [
        ("fork", |facts| facts.cross_repository = true),
        ("base", |facts| facts.base = "release".to_owned()),
        ("bound_issue", |facts| facts.closes.clear()),
        ("hold", |facts| facts.labels.push("orchestrator-hold".to_owned())),
        ("reviews", |facts| facts.review_required = true),
        ("checks", |facts| facts.checks = CheckState::Failure),
        ("mergeable", |facts| facts.merge_state = MergeState::Blocked),
        ("mergeable", |facts| facts.mergeable = Mergeable::Conflicting),
    ];
    for (guardrail, change) in cases {
        let snapshot = with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], |facts| {
            ready(facts);
            change(facts);
        });
        assert_eq!(vetoes(&decide(&snapshot)), [guardrail]);
    }
}

#[test]
fn without_consent_to_merge_nothing_is_marked_or_merged() {
    let mut snapshot = with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], |_| {});
    snapshot.policy = orchestrator::model::PolicyState::Valid { policy: orchestrator::model::Policy::default() };
    assert_eq!(vetoes(&decide(&snapshot)), ["consent"]);
}

#[test]
fn work_in_progress_and_a_missing_review_request_are_waits() {
    let wip = |facts: &mut PullFacts| facts.title = "[WIP] x".to_owned();
    let silent = |facts: &mut PullFacts| facts.review_requested = false;
    for change in [wip as fn(&mut PullFacts), silent] {
        let decision = decide(&with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], change));
        assert_eq!(decision.stage, Stage::DevelopmentInWork);
        assert!(matches!(decision.outcome, Outcome::Wait { .. }), "{:?}", decision.outcome);
    }
}

#[test]
fn an_unknown_mergeable_state_is_a_wait() {
    let decision = decide(&with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], |facts| {
        ready(facts);
        facts.mergeable = Mergeable::Unknown;
    }));
    assert!(matches!(decision.outcome, Outcome::Wait { .. }), "{:?}", decision.outcome);
}

#[test]
fn absent_checks_of_a_repository_with_workflows_wait_ten_minutes_and_then_name_the_approval_page() {
    let mut snapshot = with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], ready);
    snapshot.needs.diffs.values_mut().for_each(|diff| diff.has_workflows = true);
    assert!(matches!(decide(&snapshot).outcome, Outcome::Wait { waiting } if waiting.until == Some(at(300))));
    snapshot.now = at(300);
    let decision = decide(&snapshot);
    assert_eq!(vetoes(&decision), ["checks"]);
    assert!(
        matches!(&decision.outcome, Outcome::Blocked { vetoes } if vetoes[0].lifts.contains("https://github.com/octo/sample/pull/11/checks"))
    );
}

#[test]
fn absent_checks_of_a_planning_pull_request_pass() {
    let mut snapshot = with_pull(question(1), &[(GAP_FILE, ChangeKind::Added)], ready);
    snapshot.needs.diffs.values_mut().for_each(|diff| diff.has_workflows = true);
    assert_eq!(points(&decide(&snapshot))[0], StopPoint::Merge);
}

#[test]
fn what_this_token_may_not_read_of_checks_that_are_absent_is_said_and_holds_nothing_up() {
    let mut snapshot = with_pull(question(1), &[(GAP_FILE, ChangeKind::Added)], ready);
    for report in snapshot.needs.checks.values_mut() {
        (report.required, report.held) = (None, None);
    }
    let decision = decide(&snapshot);
    assert_eq!(points(&decision)[0], StopPoint::Merge);
    let said = |word: &str| decision.evidence.iter().any(|seen| seen.value.contains(word));
    assert!(said("may not read the rules of the mainline") && said("the workflow runs"), "{:?}", decision.evidence);
}

fn merged(facts: &mut PullFacts) {
    facts.state = PullState::Merged;
    facts.merged = Some((at(-10), oid(88)));
}

#[test]
fn closing_and_branch_deletion_come_before_the_capability_update() {
    let snapshot = with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], merged);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::CloseIssue, StopPoint::DeleteBranch]);
}

#[test]
fn a_merged_item_owes_one_capability_update_that_settles_it() {
    let mut snapshot = with_pull(item(), &[("src/a.rs", ChangeKind::Modified)], |facts| {
        merged(facts);
        facts.branch_tip = None;
    });
    snapshot.forge.bound[0].state = IssueState::Completed;
    assert!(matches!(decide(&snapshot).outcome, Outcome::Look { .. }));
    let number = snapshot.forge.bound[0].pulls[0].number;
    snapshot.needs.discussions.insert(number, Discussion::default());
    snapshot.needs.own_issues.insert(Needs::own_issues_name(&Key::Capability(item_name("dev-1.md"))), Vec::new());
    let decision = decide(&snapshot);
    let Outcome::Act { action } = &decision.outcome else { panic!("{:?}", decision.outcome) };
    assert_eq!((decision.stage, action.kind), (Stage::CapabilityOwed, ActionKind::Complete));
    let settles = action.effects.iter().any(|effect| {
        matches!(effect, Effect::Bind { settles: Some(fields), .. } if fields.key == item() && fields.merge == Some(oid(88)))
    });
    assert!(settles, "{:?}", action.effects);
}

#[test]
fn an_item_closed_as_not_planned_is_dropped_without_a_capability_update() {
    for (state, outcome) in
        [(IssueState::NotPlanned, ItemOutcome::Dropped), (IssueState::Completed, ItemOutcome::Closed)]
    {
        let mut snapshot = with_pull(item(), &[], |facts| facts.state = PullState::Closed);
        snapshot.forge.bound[0].state = state;
        let decision = decide(&snapshot);
        assert_eq!(
            (points(&decision), settled_as(&decision)),
            (vec![StopPoint::Settle, StopPoint::Move], Some(outcome))
        );
    }
}

#[test]
fn a_settled_binding_still_owes_its_closing_its_branch_and_its_move() {
    let mut snapshot = with_pull(item(), &[], merged);
    let ledger = snapshot.ledger.as_mut().expect("a ledger");
    let binding = ledger.bindings.get_mut(&item()).expect("bound");
    binding.outcome = Some(ItemOutcome::Merged);
    binding.pull = Some(PullNumber(11));
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending, Folder::Processed]);
    // What closes belongs to the merge, the move to the completion.
    let decision = decide(&snapshot);
    assert_eq!(points(&decision), [StopPoint::CloseIssue, StopPoint::DeleteBranch]);
    let moves = |outcome: &Outcome| match outcome {
        Outcome::Act { action } => {
            action.kind == ActionKind::Complete && matches!(action.effects.as_slice(), [Effect::Move { .. }])
        }
        _ => false,
    };
    assert!(decision.also.iter().any(|also| moves(&also.outcome)), "{:?}", decision.also);
}

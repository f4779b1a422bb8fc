//! Snapshots of every stage, taken from a real walk and kept: each is decided again, and single facts of some are changed.

use crate::stage::Stage;
use jiff::ToSpan as _;
use orchestrator::decide::decide;
use orchestrator::engine::Cycle;
use orchestrator::model::{
    AccountId, ActionKind, Actor, AgentEvent, AgentEventKind, ChangeKind, ChangedPath, CheckFact, CheckReport,
    CheckState, Decision, Effect, HeldRun, IssueNumber, MergeQueue, MergeState, Mergeable, Outcome, PolicyState,
    PullFacts, ReviewVerdict, SeenHead, Sent, Severity, Snapshot, StopPoint,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
struct Fixture {
    snapshot: Snapshot,
    decision: Decision,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stage")
}

/// What a decision comes to, in a word that can be a file's name.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Look { .. } => "look",
        Outcome::Act { action } => action.kind.name(),
        Outcome::Wait { .. } => "wait",
        Outcome::Blocked { .. } => "blocked",
        Outcome::Rest { .. } => "rest",
        Outcome::Stalled { .. } => "stalled",
    }
}

/// Keeps what a cycle of the walk saw, where that was asked for; the first one of its kind, and nothing of this machine.
pub fn keep(stage: &Stage, cycle: &Cycle) {
    if std::env::var_os("ORCHESTRATOR_KEEP_FIXTURES").is_none() {
        return;
    }
    let folder = root().join(cycle.decision.stage.code());
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{}.json", word(&cycle.decision.outcome)));
    let mut snapshot = cycle.snapshot.clone();
    "the-instance".clone_into(&mut snapshot.instance);
    let json = serde_json::to_string(&snapshot).expect("a snapshot is JSON");
    let json = json.replace(&stage.sim.api_url(), "https://github.com");
    let snapshot: Snapshot = serde_json::from_str(&json).expect("a snapshot reads back");
    let fixture = Fixture { decision: decide(&snapshot), snapshot };
    let text = serde_json::to_string_pretty(&fixture).expect("a fixture is JSON");
    std::fs::write(&path, format!("{text}\n")).expect("the fixture is written");
}

fn load(name: &str) -> Fixture {
    let path = root().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A fixture whose head was sent back to the agent long ago, so that only the guardrails speak.
fn judged(name: &str) -> Snapshot {
    let mut snapshot = load(name).snapshot;
    let (number, head) = (pull(&mut snapshot).number, pull(&mut snapshot).head);
    crate::snapshots::sent_back(&mut snapshot, number, head);
    let (required, held) = (Some(Vec::new()), Some(Vec::new()));
    let named = CheckReport { checks: Some(Vec::new()), required, held, unanswered: None };
    snapshot.needs.checks.insert(head, named);
    snapshot
}

/// Every fixture by stage and word.
fn names() -> Vec<String> {
    let mut names = Vec::new();
    for folder in std::fs::read_dir(root()).expect("the folder").flatten().filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(folder.path()).expect("a stage's folder").flatten() {
            let name = file.file_name().to_string_lossy().trim_end_matches(".json").to_owned();
            names.push(format!("{}/{name}", folder.file_name().to_string_lossy()));
        }
    }
    names.sort();
    names
}

#[test]
fn every_stage_has_its_folder_and_every_fixture_is_decided_as_it_was() {
    let names = names();
    let expected = [
        "1a/ask-gap",
        "1a/baseline",
        "1a/rest",
        "1a/wait",
        "1b/wait",
        "1c/close-empty",
        "1c/mark-ready",
        "1c/merge-planning",
        "2a/promote",
        "2b/wait",
        "2c/mark-ready",
        "2c/merge-development",
        "3a/complete",
        "3a/wait",
        "3b/wait",
        "3c/mark-ready",
        "3c/merge-planning",
    ];
    assert_eq!(names, expected);
    for name in names {
        let fixture = load(&name);
        let decision = decide(&fixture.snapshot);
        assert_eq!(format!("{}/{}", decision.stage.code(), word(&decision.outcome)), name);
        let (now, then) = (serde_json::to_value(&decision), serde_json::to_value(&fixture.decision));
        assert_eq!(now.expect("JSON"), then.expect("JSON"), "{name}");
        assert!(!decision.reason.is_empty() && decision.hash() == fixture.decision.hash(), "{name}");
    }
}

/// The one open pull request of a fixture.
fn pull(snapshot: &mut Snapshot) -> &mut PullFacts {
    let bound = snapshot.forge.bound.iter_mut().find(|issue| issue.pulls.iter().any(|pull| pull.merged.is_none()));
    bound.and_then(|issue| issue.pulls.iter_mut().find(|pull| pull.merged.is_none())).expect("an open pull request")
}

fn touch(snapshot: &mut Snapshot, path: &str, change: ChangeKind) {
    let head = pull(snapshot).head;
    let diff = snapshot.needs.diffs.get_mut(&head).expect("the head's diff");
    diff.changes.retain(|change| change.path != path);
    diff.changes.push(ChangedPath { path: path.to_owned(), change });
}

fn policy(snapshot: &mut Snapshot) -> &mut orchestrator::model::Policy {
    match &mut snapshot.policy {
        PolicyState::Valid { policy } => policy,
        other => panic!("{other:?}"),
    }
}

fn somebody() -> AccountId {
    AccountId { id: 7, login: "somebody".to_owned() }
}

/// Changes requested by somebody who may or may not push.
fn verdict(may_push: bool) -> ReviewVerdict {
    ReviewVerdict { author: somebody(), changes_requested: true, approved: false, may_push, commit: None }
}

type Change = (&'static str, fn(&mut Snapshot));

/// One fact each that forbids the merge of a development pull request, and the guardrail that says so.
const VETOED: [Change; 25] = [
    ("wip", |s| pull(s).title = "[WIP] more to come".to_owned()),
    ("author", |s| pull(s).author = somebody()),
    ("fork", |s| pull(s).cross_repository = true),
    ("base", |s| pull(s).base = "release".to_owned()),
    ("bound_issue", |s| pull(s).closes = vec![IssueNumber(999)]),
    ("hold", |s| pull(s).labels.push("orchestrator-hold".to_owned())),
    ("hold", |s| s.forge.bound[0].labels.push("orchestrator-hold".to_owned())),
    ("consent", |s| policy(s).merge.enabled = false),
    ("paths", |s| touch(s, "planning/orchestrator.toml", ChangeKind::Modified)),
    ("paths", |s| touch(s, ".github/workflows/ci.yml", ChangeKind::Added)),
    ("paths", |s| touch(s, ".github/copilot-instructions.md", ChangeKind::Modified)),
    ("paths", |s| touch(s, "planning/vision/goal.md", ChangeKind::Deleted)),
    ("paths", |s| touch(s, "planning/state/system_capabilities.md", ChangeKind::Deleted)),
    ("paths", |s| touch(s, "planning/state/system_capabilities.md", ChangeKind::Special)),
    ("paths", |s| touch(s, ".github/workflows", ChangeKind::Special)),
    ("paths", |s| {
        let head = pull(s).head;
        let diff = s.needs.diffs.get_mut(&head).expect("the head's diff");
        diff.unreadable = Some("it changes more than 3000 paths".to_owned());
    }),
    ("reviews", |s| pull(s).reviews = vec![verdict(true)]),
    ("reviews", |s| pull(s).review_required = true),
    ("checks", |s| pull(s).checks = CheckState::Failure),
    ("mergeable", |s| pull(s).mergeable = Mergeable::Conflicting),
    ("mergeable", |s| pull(s).merge_state = MergeState::Blocked),
    ("mergeable", |s| pull(s).queue = MergeQueue::Required),
    ("diff_size", |s| pull(s).changed_files = 201),
    ("diff_size", |s| pull(s).changed_lines = 10_001),
    ("checks", |s| {
        let head = pull(s).head;
        let run = HeldRun { id: 7, name: "ci".to_owned(), url: "https://github.com/o/r/actions/runs/7".to_owned() };
        s.needs.checks.get_mut(&head).expect("the head's checks").held = Some(vec![run]);
    }),
];

/// What forbids the merge but not that a draft is made ready: workflows may leave drafts alone.
const VETOED_UNLESS_A_DRAFT: [Change; 4] = [
    ("checks", |s| {
        let head = pull(s).head;
        s.needs.checks.get_mut(&head).expect("the head's checks").required = Some(vec!["ci".to_owned()]);
        s.now += jiff::SignedDuration::from_mins(11);
    }),
    // Beside another one that is green.
    ("checks", |s| {
        let head = pull(s).head;
        let green = CheckFact { name: "lint".to_owned(), state: CheckState::Success, required: true, url: None };
        let required = Some(vec!["ci".to_owned(), "lint".to_owned()]);
        let report = s.needs.checks.get_mut(&head).expect("the head's checks");
        (report.required, report.checks) = (required, Some(vec![green]));
        pull(s).checks = CheckState::Pending;
        s.now += jiff::SignedDuration::from_mins(11);
    }),
    // Nor can it be read which there are.
    ("checks", |s| {
        pull(s).checks = CheckState::Expected;
        s.now += jiff::SignedDuration::from_mins(11);
    }),
    // No rule that can be read names it.
    ("checks", |s| {
        let head = pull(s).head;
        let green = CheckFact { name: "lint".to_owned(), state: CheckState::Success, required: true, url: None };
        s.needs.checks.get_mut(&head).expect("the head's checks").checks = Some(vec![green]);
        pull(s).checks = CheckState::Expected;
        s.now += jiff::SignedDuration::from_mins(11);
    }),
];

/// One fact each that must not merge yet and may pass by itself.
const WAITED_FOR: [Change; 20] = [
    ("pause", |s| s.planning.paused = true),
    ("mergeable", |s| {
        pull(s).merge_state = MergeState::Unstable;
        pull(s).checks = CheckState::Pending;
    }),
    ("mergeable", |s| {
        pull(s).merge_state = MergeState::Blocked;
        pull(s).checks = CheckState::Pending;
    }),
    ("mergeable", |s| pull(s).mergeable = Mergeable::Unknown),
    ("mergeable", |s| pull(s).merge_state = MergeState::Unknown),
    ("mergeable", |s| pull(s).merge_state = MergeState::Behind),
    ("checks", |s| pull(s).checks = CheckState::Pending),
    // It runs for as long as a job may since it was taken out of draft, and something was missing before that.
    ("checks", |s| {
        let (number, head, now) = (pull(s).number, pull(s).head, s.now);
        let since = now - jiff::SignedDuration::from_hours(9);
        let running = CheckFact { name: "ci".to_owned(), state: CheckState::Pending, required: true, url: None };
        s.needs.checks.get_mut(&head).expect("the head's checks").checks = Some(vec![running]);
        let pending = Some(now - jiff::SignedDuration::from_hours(8));
        let ready = Some(now - jiff::SignedDuration::from_hours(6));
        s.heads.insert(number, SeenHead { head, since, draft: false, ready, pending });
        (pull(s).checks, pull(s).head_committed) = (CheckState::Pending, Some(since));
    }),
    // A word that nobody knows, beside one that is green.
    ("checks", |s| {
        let head = pull(s).head;
        let green = CheckFact { name: "ci".to_owned(), state: CheckState::Success, required: true, url: None };
        let report = s.needs.checks.get_mut(&head).expect("the head's checks");
        (report.required, report.checks) = (Some(vec!["ci".to_owned()]), Some(vec![green]));
        pull(s).checks = CheckState::Pending;
        s.now += jiff::SignedDuration::from_mins(11);
    }),
    // It runs for long.
    ("checks", |s| {
        let head = pull(s).head;
        let running = CheckFact { name: "ci".to_owned(), state: CheckState::Pending, required: true, url: None };
        s.needs.checks.get_mut(&head).expect("the head's checks").checks = Some(vec![running]);
        pull(s).checks = CheckState::Pending;
        s.now += jiff::SignedDuration::from_mins(11);
    }),
    ("checks", |s| {
        let now = s.now;
        pull(s).checks = CheckState::Success;
        pull(s).head_committed = Some(now);
    }),
    // Green, and a run of it was done again a moment ago.
    ("checks", |s| {
        let at = s.now;
        pull(s).checks = CheckState::Success;
        (pull(s).head_committed, pull(s).updated) = (Some(at - 3600.seconds()), Some(at - 3600.seconds()));
        s.sent.push(Sent { object: "rerun 5".to_owned(), at });
    }),
    // Whether a run waits is not answered.
    ("checks", |s| {
        let head = pull(s).head;
        let report = s.needs.checks.get_mut(&head).expect("the head's checks");
        (report.held, report.unanswered) = (None, Some("read the workflow runs: GitHub answered 503".to_owned()));
    }),
    ("mergeable", |s| pull(s).queue = MergeQueue::Queued),
    ("mergeable", |s| {
        pull(s).checks = CheckState::Unreadable;
        pull(s).merge_state = MergeState::Blocked;
    }),
    ("cool_down", |s| {
        let now = s.now;
        policy(s).merge.cool_down_ms = 60_000;
        pull(s).head_committed = Some(now);
    }),
    // Made an hour ago, pushed a moment ago, as far as anything tells.
    ("cool_down", |s| {
        let now = s.now;
        policy(s).merge.cool_down_ms = 60_000;
        (pull(s).head_committed, pull(s).updated) = (Some(now - 3600.seconds()), Some(now));
    }),
    ("merge_cap", |s| policy(s).limits.merges_per_hour = 0),
    ("merge_cap", |s| policy(s).limits.merges_per_day = 0),
    ("agent at work", |s| {
        let (number, at) = (pull(s).number, s.now);
        let started = AgentEvent { id: "later".to_owned(), at, kind: AgentEventKind::Started };
        s.needs.agent_events.entry(number).or_default().push(started);
    }),
];

#[test]
fn a_name_of_a_file_begins_no_line_and_fills_no_screen() {
    let mut snapshot = judged("2c/merge-development");
    let path = format!(".github/workflows/ci\nerror: all is well\n{}.yml", "x".repeat(1_000));
    touch(&mut snapshot, &path, ChangeKind::Added);
    let Outcome::Blocked { vetoes } = decide(&snapshot).outcome else { panic!("it is no development's to change") };
    let why = &vetoes.iter().find(|veto| veto.guardrail == "paths").expect("its path").why;
    assert!(why.contains(".github/workflows/ci?error: all") && !why.contains('\n') && why.len() < 400, "{why}");
}

#[test]
fn a_check_that_hangs_names_a_person_whatever_its_guardrail_weighs() {
    for severity in [Severity::Strict, Severity::Warn, Severity::Off] {
        for (checks, hours) in [(CheckState::Pending, 7), (CheckState::Expected, 1)] {
            let mut snapshot = judged("2c/merge-development");
            policy(&mut snapshot).checks = severity;
            let (number, head, now) = (pull(&mut snapshot).number, pull(&mut snapshot).head, snapshot.now);
            let since = now - jiff::SignedDuration::from_hours(hours);
            let state = if checks == CheckState::Pending { CheckState::Pending } else { CheckState::Success };
            let known = CheckFact { name: "ci".to_owned(), state, required: true, url: None };
            snapshot.needs.checks.get_mut(&head).expect("the head's checks").checks = Some(vec![known]);
            let seen = SeenHead { head, since, draft: false, ready: None, pending: Some(since) };
            snapshot.heads.insert(number, seen);
            let facts = pull(&mut snapshot);
            (facts.checks, facts.merge_state, facts.head_committed) = (checks, MergeState::Blocked, Some(since));
            facts.updated = Some(since);
            let decision = decide(&snapshot);
            assert!(matches!(decision.outcome, Outcome::Blocked { .. }), "{severity:?} {checks:?}: {decision:?}");
        }
    }
}

#[test]
fn a_head_that_was_seen_before_is_not_made_young_by_a_comment() {
    let mut snapshot = judged("2c/merge-development");
    let (now, head, number) = (snapshot.now, pull(&mut snapshot).head, pull(&mut snapshot).number);
    policy(&mut snapshot).merge.cool_down_ms = 60_000;
    (pull(&mut snapshot).head_committed, pull(&mut snapshot).updated) = (None, Some(now));
    let seen = |since: i64| SeenHead { head, since: now - since.seconds(), draft: false, ready: None, pending: None };
    for (since, merges) in [(59, false), (60, true)] {
        snapshot.heads.insert(number, seen(since));
        assert_eq!(matches!(decide(&snapshot).outcome, Outcome::Act { .. }), merges, "{since} s");
    }
    // Another head than the one that was seen.
    let other = "0123456789012345678901234567890123456789".parse().expect("a commit id");
    snapshot.heads.insert(number, SeenHead { head: other, ..seen(3600) });
    assert!(!matches!(decide(&snapshot).outcome, Outcome::Act { .. }));
}

#[test]
fn each_guardrail_alone_forbids_the_merge_and_says_what_lifts_it() {
    for (index, (guardrail, change)) in VETOED.iter().chain(&VETOED_UNLESS_A_DRAFT).enumerate() {
        let mut snapshot = judged("2c/merge-development");
        change(&mut snapshot);
        match decide(&snapshot).outcome {
            Outcome::Blocked { vetoes } => {
                let named: Vec<&str> = vetoes.iter().map(|veto| veto.guardrail.as_str()).collect();
                assert_eq!(named, [*guardrail], "case {index}");
                assert!(!vetoes[0].why.is_empty() && !vetoes[0].lifts.is_empty(), "case {index}: {vetoes:?}");
            }
            // A draft title means that the agent is not done, which is waited for.
            Outcome::Wait { waiting } if *guardrail == "wip" => {
                assert!(waiting.why.contains("titled as work in progress"), "{waiting:?}");
            }
            other => panic!("case {index}, {guardrail}: {other:?}"),
        }
    }
}

#[test]
fn what_may_pass_by_itself_is_waited_for_and_never_merged() {
    for (index, (what, change)) in WAITED_FOR.iter().enumerate() {
        let mut snapshot = judged("2c/merge-development");
        change(&mut snapshot);
        let decision = decide(&snapshot);
        assert!(matches!(decision.outcome, Outcome::Wait { .. }), "case {index}, {what}: {:?}", decision.outcome);
    }
}

#[test]
fn what_github_does_not_answer_about_the_checks_is_waited_for_whatever_they_are() {
    for state in [CheckState::Success, CheckState::Unreadable, CheckState::None, CheckState::Failure] {
        let mut snapshot = judged("2c/merge-development");
        let head = pull(&mut snapshot).head;
        pull(&mut snapshot).checks = state;
        // Older than a check may take to appear.
        snapshot.now += jiff::SignedDuration::from_mins(11);
        snapshot.needs.checks.get_mut(&head).expect("the head's checks").unanswered = Some("nobody home".to_owned());
        let decision = decide(&snapshot);
        let Outcome::Wait { waiting } = &decision.outcome else { panic!("{state:?}: {:?}", decision.outcome) };
        let why = format!("GitHub does not answer about the checks of {}: nobody home", pull(&mut snapshot).number);
        assert_eq!((waiting.why.as_str(), waiting.actor), (why.as_str(), Actor::Forge), "{state:?}");
        assert!(decision.evidence.iter().any(|evidence| evidence.value == why), "{state:?}: {:?}", decision.evidence);
    }
}

#[test]
fn a_guardrail_that_only_warns_merges_and_is_shown() {
    let mut snapshot = judged("2c/merge-development");
    policy(&mut snapshot).checks = Severity::Warn;
    pull(&mut snapshot).checks = CheckState::Failure;
    let decision = decide(&snapshot);
    assert!(matches!(&decision.outcome, Outcome::Act { action } if action.kind == ActionKind::MergeDevelopment));
    let shown = decision.evidence.iter().find(|evidence| evidence.fact == "guardrail checks, which only warns");
    assert!(shown.is_some_and(|evidence| !evidence.value.is_empty()), "{:?}", decision.evidence);
}

#[test]
fn a_draft_is_not_taken_out_of_draft_while_anything_forbids_its_merge() {
    for (index, (guardrail, change)) in VETOED.iter().enumerate() {
        let mut snapshot = judged("2c/mark-ready");
        change(&mut snapshot);
        // GitHub says BLOCKED of drafts that nothing but their being drafts blocks; the merge itself is judged later.
        let of_drafts = pull(&mut snapshot).merge_state == MergeState::Blocked;
        let decision = decide(&snapshot);
        let acts = matches!(decision.outcome, Outcome::Act { .. });
        assert_eq!(acts, of_drafts, "case {index}, {guardrail}: {:?}", decision.outcome);
    }
}

#[test]
fn ending_an_empty_pull_request_asks_no_consent_to_merge_but_deletes_no_branch_without() {
    let points = |decision: &Decision| -> Vec<StopPoint> {
        match &decision.outcome {
            Outcome::Act { action } => action.effects.iter().map(Effect::stop_point).collect(),
            other => panic!("{other:?}"),
        }
    };
    let ends = [StopPoint::Settle, StopPoint::ClosePull, StopPoint::CloseIssue, StopPoint::DeleteBranch];
    let mut snapshot = judged("1c/close-empty");
    assert_eq!(points(&decide(&snapshot)), ends);
    let facts = pull(&mut snapshot);
    (facts.draft, facts.mergeable, facts.checks) = (false, Mergeable::Unknown, CheckState::Failure);
    assert_eq!(points(&decide(&snapshot)), ends, "neither checks nor conflicts matter");
    policy(&mut snapshot).merge.enabled = false;
    assert_eq!(points(&decide(&snapshot)), ends[..3]);
    for change in [
        |s: &mut Snapshot| pull(s).author = somebody(),
        |s: &mut Snapshot| pull(s).cross_repository = true,
        |s: &mut Snapshot| pull(s).labels.push("orchestrator-hold".to_owned()),
        |s: &mut Snapshot| pull(s).changed_files = 1,
    ] {
        let mut snapshot = judged("1c/close-empty");
        change(&mut snapshot);
        let acts =
            matches!(&decide(&snapshot).outcome, Outcome::Act { action } if action.kind == ActionKind::CloseEmpty);
        assert!(!acts, "it is not the agent's answer, or it is held, or not empty");
    }
}

/// Snapshots in which the next thing is a merge.
const MERGES: [&str; 3] = ["1c/merge-planning", "2c/merge-development", "3c/merge-planning"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_merged_or_made_ready_while_any_guardrail_says_no(
        fixture in 0..MERGES.len(),
        changes in proptest::sample::subsequence((0..VETOED.len() + WAITED_FOR.len()).collect::<Vec<_>>(), 1..5),
        draft in any::<bool>(),
    ) {
        let mut snapshot = judged(MERGES[fixture]);
        prop_assert!(matches!(decide(&snapshot).outcome, Outcome::Act { .. }), "it would be merged");
        for index in &changes {
            let (_, change) = VETOED.iter().chain(&WAITED_FOR).nth(*index).expect("an index of the tables");
            change(&mut snapshot);
        }
        let facts = pull(&mut snapshot);
        facts.draft = draft && facts.mergeable == Mergeable::Yes && facts.merge_state == MergeState::Clean;
        let decision = decide(&snapshot);
        // The agent may be asked to go on; nothing else may be done.
        let acts = matches!(&decision.outcome, Outcome::Act { action } if action.kind != ActionKind::Nudge);
        prop_assert!(!acts, "{:?}: {:?}", changes, decision.outcome);
    }
}

//! The simulator in memory tells the truth: the same scenarios, played on the wire and played in memory, go the same way
//! cycle by cycle and end equal. Git on the wire is real where it has a part in it.
//!
//! A scenario is a project and what people and the agent do; to add one is to add an entry to the list below.

use crate::play::{
    ONE, Scenario, Step, compare, compare_over_http, drafted, finished, item, merged, viewer_closes, with_pending,
    with_policy,
};
use orchestrator::model::StopPoint;
use orchestrator::sim::world::{CheckResult, MergeMethod, Permission, ReviewState, Settings, StateReason, World};
use orchestrator::sim::{IssueKind, Options, Script};

/// To rest.
fn rests(options: Options) -> Scenario {
    Scenario { options, scripts: Vec::new(), steps: vec![Step::Settle] }
}

fn seed(seed: u64) -> Scenario {
    rests(Options { seed, ..Options::default() })
}

fn script(kind: IssueKind, script: Script) -> Scenario {
    Scenario { options: Options::default(), scripts: vec![(kind, script)], steps: vec![Step::Settle] }
}

/// One item; the first write of this kind after the ledger's beginning is lost.
fn loses(point: StopPoint, arrives: bool) -> Scenario {
    let lost = [Step::Cycles(1), Step::Lose(point, arrives), Step::Cycles(3), Step::Pass(300)];
    let steps = lost.into_iter().chain([Step::Until(merged), Step::Cycles(3)]).collect();
    item(Script::Normal, steps)
}

/// A check reports on the first pull request's head.
fn report(world: &mut World, result: CheckResult) {
    let head = world.pull(2).map(|(_, pull)| pull.head_oid.clone()).expect("it is drafted");
    world.report_check(&head, "build", result);
}

/// One item, under rules of the mainline.
fn ruled(rules: fn(&mut Settings), steps: Vec<Step>) -> Scenario {
    let steps = [Step::Rules(rules)].into_iter().chain(steps).collect();
    item(Script::Normal, steps)
}

macro_rules! scenarios {
    (real git: { $($name:ident: $scenario:expr;)* } git in memory: { $($quick:ident: $quickly:expr;)* }) => {
        /// How many there are on the wire with real git, and with git in memory.
        pub const COUNTS: (usize, usize) = ([$(stringify!($name)),*].len(), [$(stringify!($quick)),*].len());
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                compare(&$scenario, |_| {}).await;
            }
        )*
        $(
            #[tokio::test]
            async fn $quick() {
                compare_over_http(&$quickly, |_| {}).await;
            }
        )*
    };
}

scenarios! {
    real git: {
        seed_0: seed(0);
        seed_1: seed(1);
        five_items_three_at_a_time: rests(with_policy(
            &[("dev-1.md", b"# One"), ("dev-2.md", b"# Two"), ("dev-3.md", b"# Three"), ("maint-4.md", b"# Four"), ("dev-5.md", b"# Five")],
            "version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n[loop]\nmax_in_flight = 3\nwrite_spacing = \"0ms\"\n",
        ));
        the_agent_touches_the_policy: item(Script::TouchPolicy, vec![Step::Settle]);
        the_agent_changes_nothing: item(Script::NoChange, vec![Step::Settle]);
        a_person_merges_by_hand: item(Script::Normal, vec![
            Step::Until(finished),
            Step::World(|world| { let viewer = world.viewer(); world.mark_ready(viewer, 2).expect("a draft") }),
            Step::Merge(2, MergeMethod::Squash),
            Step::Settle,
        ]);
        a_person_merges_by_hand_with_a_merge_commit_and_deletes_the_branch: item(Script::Normal, vec![
            Step::Until(finished),
            Step::World(|world| { let viewer = world.viewer(); world.mark_ready(viewer, 2).expect("a draft") }),
            Step::Merge(2, MergeMethod::Merge),
            Step::DeleteHead(2),
            Step::Settle,
        ]);
        the_mainline_is_protected: Scenario {
            options: with_pending(ONE),
            scripts: Vec::new(),
            steps: vec![Step::Protect(true), Step::Settle, Step::Pass(120), Step::Protect(false), Step::Settle],
        };
        the_mainline_takes_signed_commits_only: ruled(|rules| rules.signatures_required = true, vec![Step::Settle]);
        the_mainline_takes_signed_commits_by_pull_request_only: ruled(
            |rules| (rules.signatures_required, rules.mainline_protected) = (true, true),
            vec![Step::Settle],
        );
        the_rules_of_the_mainline_are_bypassed: ruled(
            |rules| (rules.mainline_protected, rules.rules_bypassable) = (true, true),
            vec![Step::Settle],
        );
        signatures_are_wanted_no_more: ruled(|rules| rules.signatures_required = true, vec![
            Step::Cycles(4),
            Step::Rules(|rules| rules.signatures_required = false),
            Step::Settle,
            Step::Pass(4_000),
            Step::Settle,
        ]);
        pull_requests_are_wanted_after_signatures: ruled(|rules| rules.signatures_required = true, vec![
            Step::Cycles(2),
            Step::Rules(|rules| rules.mainline_protected = true),
            Step::Settle,
            Step::Rules(|rules| rules.mainline_protected = false),
            Step::Pass(120),
            Step::Settle,
        ]);
        an_answer_of_a_signed_move_is_lost: ruled(|rules| rules.signatures_required = true, vec![
            Step::Cycles(2),
            Step::Lose(StopPoint::Move, true),
            Step::Settle,
        ]);
        a_signed_move_never_arrives: ruled(|rules| rules.signatures_required = true, vec![
            Step::Cycles(2),
            Step::Lose(StopPoint::Move, false),
            Step::Settle,
        ]);
        a_file_is_put_back_after_a_signed_move: ruled(|rules| rules.signatures_required = true, vec![
            Step::Cycles(4),
            Step::Move("planning/issue_queue/processed/dev-1.md", "planning/issue_queue/pending/dev-1.md"),
            Step::Settle,
        ]);
        the_ledger_is_lost_and_only_a_merged_branch_tells_of_it: item(Script::Normal, vec![
            Step::Cycles(1),
            Step::Remember,
            Step::Until(finished),
            Step::World(|world| { let viewer = world.viewer(); world.mark_ready(viewer, 2).expect("a draft") }),
            Step::PushBack,
            Step::DeleteRef("refs/orchestrator/ledger"),
            Step::FreshFolder,
            Step::Merge(2, MergeMethod::Merge),
            Step::Cycles(2),
        ]);
        the_loop_is_paused_and_goes_on: item(Script::Normal, vec![
            Step::Push("main", "planning/PAUSE", Some(b"")),
            Step::Settle,
            Step::Push("main", "planning/PAUSE", None),
            Step::Settle,
        ]);
        bad_queue_files: rests(with_pending(&[
            ("dev-1.md", b"# One"),
            ("dev-2.md", b"\xff\xfe"),
            ("dev-3.md", b"\n\n"),
            ("DEV-1.md", b"# Same"),
            ("gap-old.md", b"# Old"),
            ("dev-4.md", b"---\npriority: [\n---\n# Four"),
            ("dev-5.md", b"---\ndepends_on: dev-9.md\n---\n# Five"),
            ("notes.txt", b"no item"),
        ]));
        a_change_of_the_goal_ends_the_rest: Scenario {
            options: Options::default(),
            scripts: vec![(IssueKind::GapAnalysis, Script::NoChange)],
            steps: vec![
                Step::Settle,
                Step::Push("main", "planning/vision/goal.md", Some(b"# Goal\n\n## Something else\n")),
                Step::Settle,
            ],
        };
        a_head_must_be_up_to_date: item(Script::Normal, vec![
            Step::World(|world| world.settings.up_to_date_required = true),
            Step::Until(finished),
            Step::Push("main", "notes/other.md", Some(b"other\n")),
            Step::Settle,
        ]);
        the_mainline_moves_into_a_conflict: item(Script::Normal, vec![
            Step::Until(finished),
            Step::Push("main", "notes/one.md", Some(b"something else\n")),
            Step::Settle,
        ]);
        an_item_is_edited_while_it_is_in_work: item(Script::Normal, vec![
            Step::Until(drafted),
            Step::Push("main", "planning/issue_queue/processed/dev-1.md", Some(b"# One, edited")),
            Step::Settle,
        ]);
        an_answer_of_a_push_is_lost: loses(StopPoint::Attempt, true);
        a_push_never_arrives: loses(StopPoint::Attempt, false);
    }
    // In these git has no part but to hold what is pushed.
    git in memory: {
        nothing_is_merged_without_leave: rests(with_policy(ONE, "version = 1\n[loop]\nwrite_spacing = \"0ms\"\n"));
        the_policy_is_wrong: rests(with_policy(ONE, "version = 1\n[merge]\nenabled = \"perhaps\"\n"));
        the_agent_dies: item(Script::DieAfterStart, vec![Step::Settle]);
        the_agent_touches_a_workflow: item(Script::TouchWorkflow, vec![Step::Settle]);
        the_agent_updates_the_capabilities_itself: item(Script::TouchCapabilities, vec![Step::Settle]);
        the_agent_never_starts: item(Script::NeverStart, vec![Step::Settle]);
        the_gap_analysis_changes_nothing: script(IssueKind::GapAnalysis, Script::NoChange);
        the_gap_analysis_dies: script(IssueKind::GapAnalysis, Script::DieAfterStart);
        the_capability_update_changes_nothing: script(IssueKind::UpdateCapability, Script::NoChange);
        an_issue_is_closed_as_not_planned: item(Script::Normal, vec![
            Step::Until(drafted),
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::NotPlanned))),
            Step::Settle,
        ]);
        an_issue_is_closed_as_completed: item(Script::Normal, vec![
            Step::Until(drafted),
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::Completed))),
            Step::Settle,
        ]);
        a_pull_request_is_closed: item(Script::Normal, vec![
            Step::Until(drafted),
            Step::World(|world| viewer_closes(world, 2, None)),
            Step::Settle,
        ]);
        an_issue_is_deleted: item(Script::Normal, vec![
            Step::Until(drafted),
            Step::World(|world| world.delete_issue(1).expect("an issue")),
            Step::Settle,
        ]);
        an_issue_is_transferred: item(Script::Normal, vec![
            Step::Until(drafted),
            Step::World(|world| world.transfer_issue(1, "somebody/else").expect("an issue")),
            Step::Settle,
        ]);
        the_agent_is_taken_off: item(Script::Normal, vec![
            Step::Cycles(3),
            Step::World(|world| {
                let viewer = world.viewer();
                world.unassign(viewer, 1, &["copilot-swe-agent[bot]".to_owned()]).expect("an issue");
            }),
            Step::Settle,
        ]);
        changes_are_requested: item(Script::Normal, vec![
            Step::Until(finished),
            Step::World(|world| {
                let reviewer = world.person("reviewer", Permission::Write);
                let state = ReviewState::ChangesRequested;
                world.review(reviewer, 2, state, "not so").expect("a review");
            }),
            Step::Settle,
        ]);
        a_check_runs_fails_and_passes: item(Script::Normal, vec![
            Step::World(|world| world.settings.required_checks.extend(["build".to_owned()])),
            Step::Until(finished),
            Step::World(|world| report(world, CheckResult::Pending)),
            Step::Cycles(3),
            Step::World(|world| report(world, CheckResult::Failure)),
            Step::Cycles(2),
            Step::World(|world| report(world, CheckResult::Success)),
            Step::Until(merged),
            Step::Cycles(2),
        ]);
        a_required_review_is_waited_for: item(Script::Normal, vec![
            Step::World(|world| world.settings.review_required = true),
            Step::Until(finished),
            Step::Cycles(3),
            Step::World(|world| {
                let reviewer = world.person("reviewer", Permission::Write);
                world.review(reviewer, 2, ReviewState::Approved, "good").expect("a review");
            }),
            Step::Until(merged),
            Step::Cycles(2),
        ]);
        a_pull_request_of_a_person_closes_the_issue: item(Script::NeverStart, vec![
            Step::Cycles(3),
            Step::Push("mine", "notes.txt", Some(b"x")),
            Step::Open("mine", "Fixes #1"),
            Step::Settle,
        ]);
        an_answer_of_a_create_is_lost: loses(StopPoint::Create, true);
        a_create_never_arrives: loses(StopPoint::Create, false);
        an_answer_of_an_assignment_is_lost: loses(StopPoint::Assign, true);
        an_assignment_never_arrives: loses(StopPoint::Assign, false);
        an_answer_of_a_mark_is_lost: loses(StopPoint::Mark, true);
        a_mark_never_arrives: loses(StopPoint::Mark, false);
        an_answer_of_a_merge_is_lost: loses(StopPoint::Merge, true);
        a_merge_never_arrives: loses(StopPoint::Merge, false);
        an_answer_of_a_branch_deletion_is_lost: loses(StopPoint::DeleteBranch, true);
        a_branch_deletion_never_arrives: loses(StopPoint::DeleteBranch, false);
        an_answer_of_a_create_is_lost_and_lists_lag: item(Script::Normal, vec![
            Step::World(|world| world.settings.list_lag = jiff::SignedDuration::from_secs(20)),
            Step::Cycles(1),
            Step::Lose(StopPoint::Create, true),
            Step::Cycles(4),
            Step::Pass(300),
            Step::Until(merged),
            Step::Cycles(3),
        ]);
    }
}

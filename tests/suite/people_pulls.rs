//! What people do to pull requests, see `people.rs`.

use crate::people::{TWO, acts, assign, idle, one, two, unassign};
use crate::play::{Scenario, Step, drafted, finished, item, merged, viewer_closes, with_policy};
use orchestrator::sim::world::{MergeMethod, Permission, PullEdit, StateReason, World};
use orchestrator::sim::{IssueKind, Options, Script};

const PARALLEL: &str =
    "version = 1\n[merge]\nenabled = true\ncool_down = \"0s\"\n[loop]\nmax_in_flight = 2\nwrite_spacing = \"0ms\"\n";

fn ready(world: &mut World) {
    world.mark_ready(world.viewer(), 2).expect("a draft");
}

/// A second session of the agent has its own draft.
fn both_drafted(world: &World) -> bool {
    world.pull(3).is_some()
}

fn second_merged(world: &World) -> bool {
    world.pull(3).is_some_and(|(_, pull)| pull.merged.is_some())
}

/// Merged by hand, with this method.
fn by_hand(method: MergeMethod) -> Scenario {
    one(vec![Step::Until(finished), Step::World(ready), Step::Merge(2, method), Step::Cycles(3)])
}

acts! {
    the_agents_pull_request_is_squashed_by_hand {
        "a merge counts whoever did it: the item is complete and owes its capability update",
        by_hand(MergeMethod::Squash),
        shown: ["#2 was merged; dev-1.md is complete and owes its capability update"],
        outcome: ["dev-1.md: #1 merged by #2", "complete/dev-1.md", "capability update of dev-1.md: #3 unsettled"],
    }
    the_agents_pull_request_is_merged_by_hand_with_a_merge_commit {
        "the same",
        by_hand(MergeMethod::Merge),
        shown: ["#2 was merged; dev-1.md is complete and owes its capability update"],
        outcome: ["dev-1.md: #1 merged by #2", "complete/dev-1.md", "capability update of dev-1.md: #3 unsettled"],
    }
    a_merge_is_pushed_back {
        "GitHub says merged and the mainline does not hold it: nothing is built on it, and after ten minutes a person is asked",
        one(vec![
            Step::Until(finished),
            Step::World(ready),
            Step::Remember,
            Step::Merge(2, MergeMethod::Merge),
            Step::PushBack,
            Step::Cycles(2),
            Step::Pass(700),
            Step::Cycles(1),
        ]),
        shown: [
            ", and `main` does not hold that yet",
            ", and `main` does not hold that: put <id> back on `main`, or reopen #1: for another pull request to close it, or to close it as not planned",
        ],
        outcome: ["dev-1.md: #1 unsettled", "#2 merged into main", "processed/dev-1.md", "nothing written"],
    }
    a_pull_request_that_is_not_linked_is_merged {
        "nothing says that it belongs to the issue: the item stays in work, and after half an hour that is said",
        idle(vec![
            Step::Cycles(2),
            Step::Push("mine", "notes/mine.md", Some(b"mine")),
            Step::Open("mine", "For the first issue."),
            Step::Merge(2, MergeMethod::Squash),
            Step::Pass(1_800),
            Step::Cycles(2),
        ]),
        shown: [
            "the agent has not opened a pull request for #1 yet",
            "none; one that was merged without `Fixes #1` does not count: close #1 if it did the work",
        ],
        outcome: ["dev-1.md: #1 unsettled", "#1 open", "#2 merged into main", "nothing written"],
    }
    one_pull_request_closes_two_issues {
        "both items complete, one after the other, and each has a capability update of its own",
        Scenario {
            options: with_policy(TWO, PARALLEL),
            scripts: vec![
                (IssueKind::Development, Script::NeverStart),
                (IssueKind::UpdateCapability, Script::NoChange),
            ],
            steps: vec![
                Step::Cycles(3),
                Step::Push("both", "notes/both.md", Some(b"both")),
                Step::Open("both", "Fixes #1, fixes #2"),
                Step::Merge(3, MergeMethod::Squash),
                Step::Until(|world| world.issue(6).is_some()),
            ],
        },
        shown: [
            "#3 was merged; dev-1.md is complete and owes its capability update",
            "dev-2.md is complete; its capability update is asked once capability update of dev-1.md is settled",
        ],
        outcome: [
            "dev-1.md: #1 merged by #3",
            "capability update of dev-1.md: #4 unchanged by #5",
            "#6 is \"Update system capabilities based on merged PR #3\"",
            "dev-2.md: #2 merged by #3",
            "complete/dev-1.md",
            "complete/dev-2.md",
            "#6 sent 1x",
        ],
    }
    the_agent_answers_an_issue_twice {
        "a person chooses; nothing is merged meanwhile",
        one(vec![
            Step::Until(drafted),
            Step::World(unassign),
            Step::World(assign),
            Step::Until(both_drafted),
            Step::Cycles(1),
        ]),
        shown: ["#2 and #3 both answer #1: close all of them but one"],
        outcome: ["dev-1.md: #1 unsettled", "#2 open", "#3 open"],
    }
    one_of_two_answers_is_closed {
        "the other one goes on",
        one(vec![
            Step::Until(drafted),
            Step::World(unassign),
            Step::World(assign),
            Step::Until(both_drafted),
            Step::Cycles(1),
            Step::World(|world| viewer_closes(world, 2, None)),
            Step::Until(second_merged),
            Step::Cycles(1),
        ]),
        shown: ["#2 and #3 both answer #1: close all of them but one", "#3 was merged"],
        outcome: ["dev-1.md: #1 merged by #3", "#2 closed", "complete/dev-1.md"],
    }
    two_linked_pull_requests_are_merged {
        "one capability update, which names the newest",
        one(vec![
            Step::Until(finished),
            Step::Push("mine", "notes/mine.md", Some(b"mine")),
            Step::Open("mine", "Fixes #1"),
            Step::World(ready),
            Step::Merge(2, MergeMethod::Squash),
            Step::Pass(60),
            Step::Merge(3, MergeMethod::Squash),
            Step::Cycles(3),
        ]),
        shown: ["#3 was merged; dev-1.md is complete and owes its capability update"],
        outcome: [
            "dev-1.md: #1 merged by #3",
            "#4 is \"Update system capabilities based on merged PR #3\"",
            "issues: 2",
        ],
    }
    a_linked_pull_request_is_merged_into_another_branch {
        "the mainline has nothing of it: the item stays in work",
        one(vec![
            Step::Until(finished),
            Step::Push("release", "notes/release.md", Some(b"release")),
            Step::World(|world| {
                let viewer = world.viewer();
                world.connect(viewer, 1, 2).expect("linked");
                let edit = PullEdit { base: Some("release".to_owned()), ..PullEdit::default() };
                world.edit_pull(viewer, 2, edit).expect("edited");
                ready(world);
            }),
            Step::Merge(2, MergeMethod::Squash),
            Step::Cycles(2),
        ]),
        shown: [
            "#2 was merged into `release`, not into the mainline `main`: merge `release` into `main` with a pull \
             request that closes #1, or close #1",
        ],
        outcome: ["dev-1.md: #1 unsettled", "#1 open", "#2 merged into release", "issues: 1"],
    }
    the_agents_pull_request_is_closed {
        "a person is needed; another item goes on",
        two(vec![Step::Until(drafted), Step::World(|world| viewer_closes(world, 2, None)), Step::Cycles(2)]),
        shown: [
            "#2 was closed unmerged by maintainer, and #1 is still open: reopen #2, or close #1 as not planned",
        ],
        outcome: ["dev-1.md: #1 unsettled", "#1 open", "#2 closed", "dev-2.md: #3 unsettled"],
    }
    the_agents_pull_request_is_closed_and_reopened {
        "it goes on where it was",
        one(vec![
            Step::Until(finished),
            Step::World(|world| viewer_closes(world, 2, None)),
            Step::Cycles(1),
            Step::World(|world| world.reopen(2, world.viewer()).expect("reopened")),
            Step::Until(merged),
            Step::Cycles(1),
        ]),
        shown: ["reopen #2, or close #1 as not planned", "#2 is finished and every guardrail passes"],
        outcome: ["dev-1.md: #1 merged by #2"],
    }
    the_pull_request_of_a_gap_analysis_is_closed {
        "the question is declined; the loop rests until goal or capabilities change",
        Scenario {
            options: Options::default(),
            scripts: Vec::new(),
            steps: vec![
                Step::Until(drafted),
                Step::World(|world| viewer_closes(world, 2, None)),
                Step::Cycles(2),
            ],
        },
        shown: ["a person closed #2 unmerged", "a person closed the gap analysis #1 for this goal"],
        outcome: ["gap analysis: #1 declined", "#1 closed as completed", "#2 closed", "issues: 1"],
    }
    the_pull_request_of_a_capability_update_is_closed {
        "a person is needed: what the system can do is not settled",
        one(vec![
            Step::Until(|world| world.pull(4).is_some()),
            Step::World(|world| viewer_closes(world, 4, None)),
            Step::Cycles(2),
        ]),
        shown: [
            "#4 was closed unmerged by maintainer, and #3 is still open: reopen #4, or close #3 as not planned",
        ],
        outcome: ["dev-1.md: #1 merged by #2", "capability update of dev-1.md: #3 unsettled", "nothing written"],
    }
    a_commit_is_pushed_to_the_agents_branch_after_it_was_judged {
        "it is judged anew and merged at the new head",
        one(vec![
            Step::Until(finished),
            Step::Cycles(1),
            Step::Push("copilot/one-1", "notes/extra.md", Some(b"extra")),
            Step::Until(merged),
            Step::Cycles(1),
        ]),
        shown: ["but it is still a draft", "#2 is finished and every guardrail passes at <id>"],
        outcome: ["dev-1.md: #1 merged by #2", "notes/one.md", "notes/extra.md"],
    }
    a_commit_that_may_not_be_merged_is_pushed_to_the_agents_branch {
        "what passed before does not count: the new head is not merged",
        one(vec![
            Step::Until(finished),
            Step::Cycles(1),
            Step::Push("copilot/one-1", "planning/PAUSE", Some(b"")),
            Step::Cycles(2),
        ]),
        shown: ["it changes planning/PAUSE: take the change out of #2, or merge it yourself"],
        outcome: ["dev-1.md: #1 unsettled", "#2 open", "no: notes/one.md", "nothing written"],
    }
    the_pull_request_of_a_dropped_item_is_merged_afterwards {
        "the item stays dropped, and what was merged is said",
        one(vec![
            Step::Until(finished),
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::NotPlanned))),
            Step::Cycles(1),
            Step::World(ready),
            Step::Merge(2, MergeMethod::Squash),
            Step::Cycles(2),
        ]),
        shown: [
            "#2 was merged after item dev-1.md was settled as dropped; no capability update is asked for it: write \
             down in planning/state/system_capabilities.md what it brought",
        ],
        outcome: ["dev-1.md: #1 dropped", "#2 merged into main", "complete/dev-1.md"],
    }
    a_pull_request_of_a_persons_own_answers_the_issue {
        "it is the person's to merge",
        item(Script::NeverStart, vec![
            Step::Cycles(2),
            Step::Push("mine", "notes/mine.md", Some(b"mine")),
            Step::Open("mine", "Fixes #1"),
            Step::World(|world| {
                let reviewer = world.person("reviewer", Permission::Write);
                world.request_review(world.viewer(), 2, reviewer);
            }),
            Step::Cycles(2),
        ]),
        shown: ["#2 was opened by maintainer, not by the agent: merge #2 yourself, or unlink it"],
        outcome: ["dev-1.md: #1 unsettled", "#2 open", "nothing written"],
    }
}

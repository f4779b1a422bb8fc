//! What people do to queue files, branches and references, see `people.rs`.

use crate::people::{acts, idle, one, two};
use crate::play::{Scenario, Step, drafted, finished, item, merged, viewer_closes, with_pending};
use orchestrator::sim::Script;
use orchestrator::sim::world::StateReason;

const PENDING: &str = "planning/issue_queue/pending/dev-1.md";
const PROCESSED: &str = "planning/issue_queue/processed/dev-1.md";
const COMPLETE: &str = "planning/issue_queue/complete/dev-1.md";
const MONTH: &str = "planning/issue_queue/complete/2026-11/dev-1.md";
const LEDGER: &str = "refs/orchestrator/ledger";

/// One item that was dropped, and what follows.
fn dropped(steps: Vec<Step>) -> Scenario {
    let drop =
        [Step::Cycles(2), Step::World(|world| viewer_closes(world, 1, Some(StateReason::NotPlanned))), Step::Cycles(1)];
    item(Script::NeverStart, drop.into_iter().chain(steps).collect())
}

/// One item in work, something done to its file, and its completion.
fn completed(act: Step) -> Scenario {
    one(vec![Step::Until(finished), act, Step::Until(merged), Step::Cycles(2)])
}

acts! {
    a_pending_file_is_held_by_its_front_matter {
        "it waits; another item goes on",
        Scenario {
            options: with_pending(&[("dev-1.md", b"---\nhold: true\n---\n# One"), ("dev-2.md", b"# Two")]),
            scripts: Vec::new(),
            steps: vec![Step::Cycles(2)],
        },
        shown: ["dev-1.md is held by its front-matter; it goes on when `hold` is taken out"],
        outcome: ["pending/dev-1.md", "dev-2.md: #1 unsettled"],
    }
    the_hold_is_taken_out_of_a_pending_file {
        "it is given out",
        Scenario {
            options: with_pending(&[("dev-1.md", b"---\nhold: true\n---\n# One")]),
            scripts: Vec::new(),
            steps: vec![Step::Cycles(1), Step::Push("main", PENDING, Some(b"# One")), Step::Cycles(1)],
        },
        shown: ["dev-1.md is the next queue item"],
        outcome: ["processed/dev-1.md", "dev-1.md: #1 unsettled"],
    }
    a_pending_file_is_edited {
        "it is given out as it is now",
        idle(vec![Step::Cycles(1), Step::Push("main", PENDING, Some(b"# Edited")), Step::Cycles(2)]),
        shown: ["dev-1.md is the next queue item"],
        outcome: ["#1 is \"Edited\"", "issues: 1", "processed/dev-1.md"],
    }
    a_pending_file_is_renamed {
        "it is another item of the same content",
        idle(vec![
            Step::Cycles(1),
            Step::Move(PENDING, "planning/issue_queue/pending/dev-9.md"),
            Step::Cycles(2),
        ]),
        shown: ["dev-9.md is the next queue item"],
        outcome: ["dev-9.md: #1 unsettled", "processed/dev-9.md", "issues: 1"],
    }
    a_pending_file_is_deleted {
        "it was never asked for",
        idle(vec![Step::Cycles(1), Step::Push("main", PENDING, None), Step::Cycles(1)]),
        shown: ["nobody has compared this goal with these capabilities yet"],
        outcome: ["gap analysis: #1 unsettled", "issues: 1"],
    }
    the_file_of_an_item_in_work_is_deleted {
        "the issue decides; nothing is given out again",
        completed(Step::Push("main", PROCESSED, None)),
        shown: ["dev-1.md lies in no queue folder; the issue decides"],
        outcome: ["dev-1.md: #1 merged by #2", "no: complete/dev-1.md", "issues: 2"],
    }
    the_file_of_an_item_in_work_is_renamed {
        "the issue decides; the file is named until it has its name back",
        completed(Step::Move(PROCESSED, "planning/issue_queue/processed/dev-9.md")),
        shown: [
            "dev-9.md is item dev-1.md under another name: give it its name back; #1 goes on meanwhile",
            "dev-9.md is item dev-1.md under another name, and that is settled: move it to complete/",
        ],
        outcome: ["dev-1.md: #1 merged by #2", "processed/dev-9.md", "issues: 2"],
    }
    the_file_of_an_item_in_work_is_edited {
        "the issue decides; the file is kept as the person left it",
        completed(Step::Push("main", PROCESSED, Some(b"# One, edited"))),
        shown: ["dev-1.md was edited after it was given out; the agent goes by what #1 says"],
        outcome: ["dev-1.md: #1 merged by #2", "complete/dev-1.md", "#1 is \"One\"", "issues: 2"],
    }
    the_file_of_an_item_in_work_is_moved_back_to_pending {
        "it is left there and not given out a second time",
        idle(vec![Step::Cycles(2), Step::Move(PROCESSED, PENDING), Step::Cycles(2)]),
        shown: [
            "a person put dev-1.md back into pending/; it is bound to #1 and not given out again: move it to \
             processed/, or close #1 as not planned and save the file under a new name",
        ],
        outcome: ["pending/dev-1.md", "dev-1.md: #1 unsettled", "issues: 1", "#1 sent 1x", "nothing written"],
    }
    the_file_of_an_item_in_work_is_moved_to_complete {
        "the issue decides",
        completed(Step::Move(PROCESSED, COMPLETE)),
        shown: ["dev-1.md lies in complete/ already; the issue decides"],
        outcome: ["dev-1.md: #1 merged by #2", "complete/dev-1.md", "issues: 2"],
    }
    the_file_of_a_settled_item_is_moved_back_to_pending {
        "it is left there and not given out a second time",
        dropped(vec![Step::Move(COMPLETE, PENDING), Step::Cycles(2)]),
        shown: [
            "a person put dev-1.md back into pending/ after #1 was settled as dropped; it is not given out again: \
             save it under a new name to have it done once more",
        ],
        outcome: ["pending/dev-1.md", "dev-1.md: #1 dropped", "#1 sent 1x"],
    }
    the_file_of_a_settled_item_is_moved_below_a_month_and_back_to_pending {
        "it is left there and not given out a second time",
        dropped(vec![Step::Move(COMPLETE, MONTH), Step::Cycles(1), Step::Move(MONTH, PENDING), Step::Cycles(2)]),
        shown: ["a person put dev-1.md back into pending/ after #1 was settled as dropped; it is not given out again"],
        outcome: ["pending/dev-1.md", "dev-1.md: #1 dropped", "#1 sent 1x"],
    }
    the_file_of_an_item_in_work_is_moved_below_a_month_and_back_once_it_is_settled {
        "a month counts as complete/: it is left there and not given out a second time",
        item(Script::NeverStart, vec![
            Step::Cycles(2),
            Step::Move(PROCESSED, MONTH),
            Step::Cycles(1),
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::NotPlanned))),
            Step::Cycles(1),
            Step::Move(MONTH, PROCESSED),
            Step::Cycles(2),
        ]),
        shown: [
            "dev-1.md lies in complete/ already; the issue decides",
            "a person put dev-1.md back into processed/ after #1 was settled as dropped; it is not given out again",
        ],
        outcome: ["processed/dev-1.md", "no: complete/dev-1.md", "dev-1.md: #1 dropped", "#1 sent 1x"],
    }
    the_file_of_a_settled_item_is_saved_under_a_new_name {
        "it is a new item",
        dropped(vec![Step::Move(COMPLETE, "planning/issue_queue/pending/dev-9.md"), Step::Cycles(1)]),
        shown: ["dev-9.md is the next queue item"],
        outcome: ["dev-1.md: #1 dropped", "processed/dev-9.md", "#2 sent 1x"],
    }
    a_name_is_used_again {
        "the new file is set aside",
        dropped(vec![Step::Push("main", PENDING, Some(b"# Another")), Step::Cycles(2)]),
        shown: ["dev-1.md is set aside: its name was already used by #1; save it under a new name"],
        outcome: ["pending/dev-1.md", "complete/dev-1.md", "dev-1.md: #1 dropped"],
    }
    a_name_is_used_again_in_another_case {
        "the new file is set aside",
        dropped(vec![
            Step::Push("main", "planning/issue_queue/pending/DEV-1.md", Some(b"# Another")),
            Step::Cycles(2),
        ]),
        shown: ["DEV-1.md is set aside: its name was already used by #1; save it under a new name"],
        outcome: ["pending/DEV-1.md", "complete/dev-1.md"],
    }
    a_copy_of_a_file_in_work_lies_in_pending {
        "two copies become one",
        idle(vec![Step::Cycles(2), Step::Push("main", PENDING, Some(b"# One")), Step::Cycles(2)]),
        shown: ["the promotion of dev-1.md is unfinished"],
        outcome: ["processed/dev-1.md", "no: pending/dev-1.md", "issues: 1", "#1 sent 1x"],
    }
    another_version_of_a_file_in_work_lies_in_pending {
        "a person chooses between the two",
        idle(vec![Step::Cycles(2), Step::Push("main", PENDING, Some(b"# Another")), Step::Cycles(2)]),
        shown: [
            "dev-1.md lies in pending/ and in processed/ with different content, and #1 is bound to it: delete one",
        ],
        outcome: ["processed/dev-1.md", "pending/dev-1.md", "issues: 1", "nothing written"],
    }
    a_file_is_put_into_processed_by_hand {
        "nothing is bound to it, and that is said",
        Scenario {
            options: with_pending(&[]),
            scripts: Vec::new(),
            steps: vec![Step::Cycles(1), Step::Push("main", PROCESSED, Some(b"# One")), Step::Cycles(2)],
        },
        shown: [
            "dev-1.md lies in processed/ and no issue is bound to it: settle it with `orchestrator adopt`, or move \
             the file back to pending/",
        ],
        outcome: ["processed/dev-1.md", "issues: 0", "nothing written"],
    }
    the_mainline_is_pushed_back_before_our_move {
        "the file is moved again; no second issue",
        idle(vec![Step::Cycles(1), Step::Remember, Step::Cycles(1), Step::PushBack, Step::Cycles(2)]),
        shown: ["the promotion of dev-1.md is unfinished"],
        outcome: ["processed/dev-1.md", "no: pending/dev-1.md", "issues: 1", "#1 sent 1x"],
    }
    the_mainline_is_pushed_back_behind_a_completion {
        "the file is moved again; the item stays settled",
        item(Script::NeverStart, vec![
            Step::Cycles(2),
            Step::Remember,
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::Completed))),
            Step::Cycles(1),
            Step::PushBack,
            Step::Cycles(1),
        ]),
        shown: ["item dev-1.md is settled; move dev-1.md from processed/ to complete/ is still owed"],
        outcome: ["complete/dev-1.md", "no: processed/dev-1.md", "dev-1.md: #1 closed", "issues: 1"],
    }
    the_ledger_is_deleted {
        "nothing is begun anew: this clone knows where it was",
        one(vec![Step::Until(drafted), Step::DeleteRef(LEDGER), Step::Cycles(2)]),
        shown: [
            "the ledger is missing on the remote; this clone last saw it at <id>: put it back with `orchestrator \
             ledger restore`",
        ],
        outcome: ["no ledger", "issues: 1", "nothing written"],
    }
    the_ledger_is_deleted_and_the_clone_with_it {
        "nothing is begun anew: an issue of ours is there",
        one(vec![Step::Until(drafted), Step::DeleteRef(LEDGER), Step::FreshFolder, Step::Cycles(2)]),
        shown: [
            "the ledger is missing, and #1 was made by this program, so there was one",
            "or bind what is there with `orchestrator adopt`",
        ],
        outcome: ["no ledger", "issues: 1", "nothing written"],
    }
    the_data_folder_is_lost {
        "it is only a cache: the work goes on",
        one(vec![Step::Until(finished), Step::FreshFolder, Step::Until(merged), Step::Cycles(1)]),
        shown: ["#2 was merged; dev-1.md is complete"],
        outcome: ["dev-1.md: #1 merged by #2", "issues: 2", "#1 sent 1x"],
    }
    the_loop_is_paused {
        "nothing but looking",
        two(vec![Step::Until(finished), Step::Push("main", "planning/PAUSE", Some(b"")), Step::Cycles(3)]),
        shown: ["planning/PAUSE is on the mainline; everything but looking is paused until it is deleted"],
        outcome: ["#2 open", "dev-1.md: #1 unsettled", "pending/dev-2.md", "nothing written"],
    }
    the_pause_is_taken_away {
        "the work goes on",
        one(vec![
            Step::Cycles(1),
            Step::Push("main", "planning/PAUSE", Some(b"")),
            Step::Cycles(1),
            Step::Push("main", "planning/PAUSE", None),
            Step::Cycles(1),
        ]),
        shown: ["everything but looking is paused until it is deleted", "dev-1.md is the next queue item"],
        outcome: ["processed/dev-1.md", "#1 sent 1x"],
    }
}

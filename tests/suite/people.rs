//! Every act of a person, played on the wire with real git and in memory: the rule, what is shown, and the outcome.
//!
//! This file has what people do to issues; `people_pulls.rs` and `people_files.rs` have the rest. The table of all of
//! them is printed by `cargo test --test suite every_act_of -- --nocapture`.

use crate::play::{Played, Scenario, Step, compare, drafted, finished, item, merged, viewer_closes, with_pending};
use crate::{both_worlds, people_files, people_pulls};
use orchestrator::sim::world::{NewIssue, Permission, StateReason, World};
use orchestrator::sim::{IssueKind, Options, Script};
use std::collections::BTreeSet;

/// What a person does, and what comes of it.
pub struct Act {
    /// In a few words.
    pub name: &'static str,
    /// How the act is understood.
    pub rule: &'static str,
    pub scenario: Scenario,
    /// Each of these is shown in some cycle: a reason, what it rests on, or what lifts it.
    pub shown: &'static [&'static str],
    /// Each of these is a line of the end; one that begins with `no: ` is none.
    pub outcome: &'static [&'static str],
}

impl Act {
    /// Played in both worlds.
    pub async fn plays(self) {
        let Self { name, scenario, shown, outcome, .. } = self;
        compare(&scenario, |played| holds(name, played, shown, outcome)).await;
    }
}

fn holds(name: &str, played: &Played, shown: &[&str], outcome: &[&str]) {
    for sentence in shown {
        let found = played.said.iter().any(|said| said.contains(sentence));
        assert!(found, "{name}: nothing says \"{sentence}\": {:#?}\n{:#?}", played.said, played.told());
    }
    for line in outcome {
        let (wanted, line) = line.strip_prefix("no: ").map_or((true, *line), |line| (false, line));
        let there = played.lines().iter().any(|found| found == line);
        assert!(there == wanted, "{name}: {line} is {there}: {:#?}\n{:#?}", played.lines(), played.told());
    }
}

/// Acts by the names of their tests; a test each.
macro_rules! acts {
    ($($name:ident { $rule:literal, $scenario:expr, shown: $shown:expr, outcome: $outcome:expr $(,)? })*) => {
        /// All of them.
        pub fn all() -> Vec<$crate::people::Act> {
            vec![$($name::act()),*]
        }
        $(
            mod $name {
                use super::*;

                pub fn act() -> $crate::people::Act {
                    $crate::people::Act {
                        name: stringify!($name),
                        rule: $rule,
                        scenario: $scenario,
                        shown: &$shown,
                        outcome: &$outcome,
                    }
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn plays() {
                    act().plays().await;
                }
            }
        )*
    };
}
pub(crate) use acts;

pub const TWO: &[(&str, &[u8])] = &[("dev-1.md", b"# One"), ("dev-2.md", b"# Two")];
const HOLD: &str = "orchestrator-hold";
pub const AGENT_LOGIN: &str = "copilot-swe-agent[bot]";

/// Two items; the agent works on the first one's issue alone.
pub fn two(steps: Vec<Step>) -> Scenario {
    let steps = [2, 3].map(|issue| Step::Script(issue, Script::NeverStart)).into_iter().chain(steps).collect();
    Scenario { options: with_pending(TWO), scripts: Vec::new(), steps }
}

/// One item, which the agent works on.
pub fn one(steps: Vec<Step>) -> Scenario {
    item(Script::Normal, steps)
}

/// One item, whose issue the agent leaves alone.
pub fn idle(steps: Vec<Step>) -> Scenario {
    item(Script::NeverStart, steps)
}

pub fn unassign(world: &mut World) {
    world.unassign(world.viewer(), 1, &[AGENT_LOGIN.to_owned()]).expect("an issue");
}

pub fn assign(world: &mut World) {
    world.assign(world.viewer(), 1, &[AGENT_LOGIN.to_owned()], None).expect("an issue");
}

/// Twelve assignments and unassignments of somebody else.
fn take_turns(world: &mut World) {
    world.person("colleague", Permission::Write);
    let colleague = ["colleague".to_owned()];
    for _ in 0..6 {
        world.assign(world.viewer(), 1, &colleague, None).expect("an issue");
        world.unassign(world.viewer(), 1, &colleague).expect("an issue");
    }
}

fn hold(world: &mut World, number: u64) {
    world.put_label(number, world.viewer(), HOLD);
}

fn release(world: &mut World, number: u64) {
    world.take_label(number, world.viewer(), HOLD);
}

/// Another issue with the words of the first one, as two instances at once would make it.
fn duplicate(world: &mut World) {
    let (title, body) = world.issue(1).map(|issue| (issue.title.clone(), issue.body.clone())).expect("an issue");
    let new = NewIssue { title, body, labels: vec!["Development".to_owned()], assignees: Vec::new() };
    world.open_issue(world.viewer(), new, None).expect("opened");
}

acts! {
    the_agent_is_unassigned {
        "it waits until a person assigns the agent again; another item goes on",
        two(vec![Step::Cycles(2), Step::World(unassign), Step::Cycles(1)]),
        shown: ["maintainer unassigned the agent from #1; it resumes when a person assigns it"],
        outcome: ["dev-1.md: #1 unsettled", "dev-2.md: #2 unsettled", "#1 sent 1x", "#2 sent 1x"],
    }
    the_agent_is_unassigned_and_others_take_turns {
        "who else comes and goes is no matter: it waits until a person assigns the agent again",
        two(vec![Step::Cycles(2), Step::World(unassign), Step::World(take_turns), Step::Cycles(1)]),
        shown: ["maintainer unassigned the agent from #1; it resumes when a person assigns it"],
        outcome: ["dev-1.md: #1 unsettled", "dev-2.md: #2 unsettled", "#1 sent 1x", "#2 sent 1x"],
    }
    the_agent_is_unassigned_and_assigned_again {
        "it resumes and completes",
        two(vec![
            Step::Cycles(2),
            Step::World(unassign),
            Step::Cycles(1),
            Step::World(assign),
            Step::Until(|world| world.pull(3).is_some_and(|(_, pull)| pull.merged.is_some())),
            Step::Cycles(1),
        ]),
        shown: ["it resumes when a person assigns it", "#3 was merged; dev-1.md is complete"],
        outcome: ["dev-1.md: #1 merged by #3", "dev-2.md: #2 unsettled", "#1 sent 2x", "complete/dev-1.md"],
    }
    the_issue_is_closed_as_completed {
        "the item is closed: complete, without a capability update",
        one(vec![
            Step::Until(drafted),
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::Completed))),
            Step::Cycles(1),
        ]),
        shown: ["a person closed #1 without a merged pull request: dev-1.md is closed"],
        outcome: ["complete/dev-1.md", "#1 closed as completed", "issues: 1"],
    }
    the_issue_is_closed_as_not_planned {
        "the item is dropped: out of the queue, without a capability update",
        one(vec![
            Step::Until(drafted),
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::NotPlanned))),
            Step::Cycles(1),
        ]),
        shown: ["a person closed #1 without a merged pull request: dev-1.md is dropped"],
        outcome: ["complete/dev-1.md", "#1 closed as not_planned", "issues: 1"],
    }
    the_issue_is_closed_and_reopened_before_anybody_looked {
        "nothing happened",
        one(vec![
            Step::Until(finished),
            Step::World(|world| {
                viewer_closes(world, 1, Some(StateReason::NotPlanned));
                world.reopen(1, world.viewer()).expect("reopened");
            }),
            Step::Until(merged),
            Step::Cycles(1),
        ]),
        shown: ["#2 is finished and every guardrail passes"],
        outcome: ["complete/dev-1.md", "#2 merged into main", "#1 closed as completed", "#3 sent 1x"],
    }
    the_issue_is_reopened_after_it_was_dropped {
        "the item stays dropped; the issue is left to the person",
        one(vec![
            Step::Until(drafted),
            Step::World(|world| viewer_closes(world, 1, Some(StateReason::NotPlanned))),
            Step::Cycles(1),
            Step::World(|world| world.reopen(1, world.viewer()).expect("reopened")),
            Step::Cycles(2),
        ]),
        shown: [
            "a person reopened #1 after it was settled as dropped; nothing more is done for it: what is missing goes \
             into a new file in planning/issue_queue/pending/",
        ],
        outcome: ["dev-1.md: #1 dropped", "#1 open", "complete/dev-1.md"],
    }
    the_issue_is_reopened_after_it_was_merged {
        "the issue is not closed again, and its capability update goes on",
        one(vec![
            Step::Until(merged),
            Step::Cycles(1),
            Step::World(|world| world.reopen(1, world.viewer()).expect("reopened")),
            Step::Cycles(2),
        ]),
        shown: ["a person reopened #1 after it was settled as merged; nothing more is done for it"],
        outcome: ["dev-1.md: #1 merged by #2", "#1 open", "capability update of dev-1.md: #3 unsettled", "#1 sent 1x"],
    }
    the_issue_is_held_by_a_label {
        "the agent's work is not merged; another item goes on",
        two(vec![
            Step::Until(drafted),
            Step::World(|world| hold(world, 1)),
            Step::Until(finished),
            Step::Cycles(3),
        ]),
        shown: ["#1 carries the label `orchestrator-hold`: take the label off #1"],
        outcome: ["dev-1.md: #1 unsettled", "#2 open", "dev-2.md: #3 unsettled"],
    }
    the_label_is_taken_off_the_issue {
        "the agent's work is merged",
        one(vec![
            Step::Until(drafted),
            Step::World(|world| hold(world, 1)),
            Step::Until(finished),
            Step::Cycles(1),
            Step::World(|world| release(world, 1)),
            Step::Until(merged),
            Step::Cycles(1),
        ]),
        shown: ["#1 carries the label `orchestrator-hold`: take the label off #1", "#2 was merged"],
        outcome: ["dev-1.md: #1 merged by #2", "complete/dev-1.md"],
    }
    the_pull_request_is_held_by_a_label {
        "it is neither made ready nor merged; another item goes on",
        two(vec![Step::Until(finished), Step::World(|world| hold(world, 2)), Step::Cycles(2)]),
        shown: ["#2 carries the label `orchestrator-hold`: take the label off #2"],
        outcome: ["dev-1.md: #1 unsettled", "#2 open", "dev-2.md: #3 unsettled"],
    }
    the_issue_of_a_gap_analysis_is_closed {
        "the question is declined; the loop rests until goal or capabilities change",
        Scenario {
            options: Options::default(),
            scripts: vec![(IssueKind::GapAnalysis, Script::NeverStart)],
            steps: vec![Step::Cycles(2), Step::World(|world| viewer_closes(world, 1, None)), Step::Cycles(2)],
        },
        shown: ["a person closed #1 without an answer", "a person closed the gap analysis #1 for this goal"],
        outcome: ["gap analysis: #1 declined", "issues: 1"],
    }
    the_issue_is_transferred {
        "a person is needed; another item goes on",
        two(vec![
            Step::Cycles(2),
            Step::World(|world| world.transfer_issue(1, "somebody/else").expect("an issue")),
            Step::Cycles(2),
        ]),
        shown: [
            "#1 of item dev-1.md was deleted or transferred to another repository: transfer it back, or give it up \
             with `orchestrator adopt`",
        ],
        outcome: ["dev-1.md: #1 unsettled", "dev-2.md: #2 unsettled", "processed/dev-1.md"],
    }
    the_issue_is_deleted {
        "a person is needed; another item goes on, and the item is not given out again",
        two(vec![
            Step::Cycles(2),
            Step::World(|world| world.delete_issue(1).expect("an issue")),
            Step::Cycles(2),
        ]),
        shown: ["#1 of item dev-1.md was deleted or transferred to another repository", "`orchestrator adopt`"],
        outcome: ["dev-1.md: #1 unsettled", "dev-2.md: #2 unsettled", "issues: 1"],
    }
    a_duplicate_of_ours_has_a_comment {
        "it is a person's now: left open and shown",
        idle(vec![
            Step::Cycles(2),
            Step::World(|world| {
                duplicate(world);
                let person = world.person("colleague", Permission::Write);
                world.comment(person, 2, "I look after this one.").expect("a comment");
            }),
            Step::Cycles(2),
        ]),
        shown: [
            "#2 was made for item dev-1.md too, which is bound to #1; it has 1 comment(s), so it is left open: close \
             #2 if it is not needed",
        ],
        outcome: ["#2 open", "#2 sent 0x", "dev-1.md: #1 unsettled", "nothing written"],
    }
    a_duplicate_of_ours_is_untouched {
        "it is closed, and nobody is sent to it",
        idle(vec![Step::Cycles(2), Step::World(duplicate), Step::Cycles(1)]),
        shown: ["#2 was made for item dev-1.md too, which is bound to #1"],
        outcome: ["#2 sent 0x", "#2 closed as not_planned", "dev-1.md: #1 unsettled"],
    }
}

#[test]
fn every_act_of_a_person_in_one_table() {
    let acts: Vec<Act> = all().into_iter().chain(people_pulls::all()).chain(people_files::all()).collect();
    println!("| act | rule | what is shown | outcome |\n|---|---|---|---|");
    for act in &acts {
        let (name, shown, outcome) = (act.name.replace('_', " "), act.shown.join("<br>"), act.outcome.join(", "));
        println!("| {name} | {} | {shown} | {outcome} |", act.rule);
    }
    let (real, quick) = both_worlds::COUNTS;
    let real = acts.len() + real;
    println!(
        "{} acts of people; {real} scenarios are played in memory and with real git, {quick} over HTTP",
        acts.len()
    );
    assert!(real >= 50, "the simulator in memory is compared with real git {real} times only");
    // A row of the table stands for one act.
    let names: BTreeSet<&str> = acts.iter().map(|act| act.name).collect();
    assert_eq!(
        names.len(),
        acts.len(),
        "two acts have one name: {:?}",
        acts.iter().map(|a| a.name).collect::<Vec<_>>()
    );
    let empty: Vec<&str> =
        acts.iter().filter(|act| act.shown.is_empty() || act.outcome.is_empty()).map(|act| act.name).collect();
    assert!(empty.is_empty(), "nothing is asked of {empty:?}");
}

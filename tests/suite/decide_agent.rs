//! The agent, decided from a snapshot: when it is sent once more, when it is asked to go on, and what is sent back to it.

use crate::snapshots::{
    agent, at, bind, binding, diff, events, issue, item_name, known, lay, maintainer, oid, pull, quiet,
};
use jiff::SignedDuration;
use orchestrator::decide::decide;
use orchestrator::model::{
    AccountId, Actor, AgentEvent, AgentEventKind, AgentPulls, Assignment, Binding, BoundIssue, ChangeKind, CheckReport,
    CheckState, CommentMarker, Decision, Effect, Folder, HeldRun, Key, Limit, MergeState, Mergeable, Need, Outcome,
    OwnComment, PolicyState, PullFacts, PullNumber, QueueEntry, Sent, Snapshot, StopPoint, Window,
};

/// The default time in which the agent has to begin.
const START: i64 = 3_600;

fn mona() -> AccountId {
    AccountId { id: 77, login: "mona".to_owned() }
}

/// An assignment or unassignment of the agent: second, by whom, whether it was assigned.
pub type Turn = (i64, AccountId, bool);

/// One item in work as issue 7, with these assignments and unassignments of the agent.
pub fn in_work(events: &[Turn], redispatch: Option<i64>) -> Snapshot {
    let mut snapshot = quiet();
    let key = Key::Item(item_name("dev-1.md"));
    lay(&mut snapshot, "dev-1.md", &[Folder::Pending, Folder::Processed]);
    let assignment = |(second, actor, assigned): &Turn| Assignment {
        at: at(*second),
        actor: actor.clone(),
        assignee: agent(),
        assigned: *assigned,
    };
    let assignments: Vec<Assignment> = events.iter().map(assignment).collect();
    let assignees = if events.last().is_some_and(|(.., assigned)| *assigned) { vec![agent()] } else { Vec::new() };
    let bound = Binding { redispatch: redispatch.map(at), ..binding(key, 7) };
    bind(&mut snapshot, bound, BoundIssue { assignees, assignments, ..issue(7) });
    snapshot.planning.processed.push(QueueEntry { name: item_name("dev-1.md"), blob: oid(9) });
    snapshot.needs.agent_pulls = Some(AgentPulls::default());
    snapshot
}

fn points(decision: &Decision) -> Vec<StopPoint> {
    match &decision.outcome {
        Outcome::Act { action } => action.effects.iter().map(Effect::stop_point).collect(),
        _ => Vec::new(),
    }
}

/// What a decision comes to, shortly.
pub fn told(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Act { .. } => format!("{:?}", points(decision)),
        Outcome::Wait { waiting } => {
            let left = waiting.until.map(|until| until.duration_since(at(0)).as_secs());
            format!("{:?} until {left:?}", waiting.actor)
        }
        Outcome::Look { needs } => format!("{needs:?}"),
        Outcome::Blocked { .. } => "blocked".to_owned(),
        Outcome::Rest { .. } => "rest".to_owned(),
        Outcome::Stalled { .. } => "stalled".to_owned(),
    }
}

#[test]
fn an_agent_that_never_began_is_sent_once_more_and_only_once() {
    let (us, they) = (maintainer(), mona());
    let all = "[Redispatch, Unassign, Assign]";
    // Assignments (second, by whom, assigned), what was written down, what comes of it.
    let table: [(&[Turn], Option<i64>, &str); 15] = [
        (&[(-START + 1, us.clone(), true)], None, "Agent until Some(1)"),
        (&[(-START, us.clone(), true)], None, all),
        // Whoever assigned it last: the time counts from then.
        (&[(-START, us.clone(), true), (-10, they.clone(), true)], None, "Agent until Some(3590)"),
        // Written down, and nothing more.
        (&[(-START, us.clone(), true)], Some(-START), "[Unassign, Assign]"),
        // Taken off by us, and not sent again.
        (&[(-START, us.clone(), true), (-5, us.clone(), false)], Some(-START), "[Assign]"),
        // GitHub dropped it, or it went by itself: that is nobody's command.
        (&[(-START + 1, us.clone(), true), (-5, agent(), false)], None, "Agent until Some(1)"),
        (&[(-START, us.clone(), true), (-5, agent(), false)], None, all),
        (&[(-START, us.clone(), true), (-5, agent(), false)], Some(-START), "[Unassign, Assign]"),
        // It had gone by itself, so that nothing was taken off; by hand it was taken off after that, with our account.
        (
            &[(-99, us.clone(), true), (-98, agent(), false), (-8, us.clone(), true), (-7, us.clone(), false)],
            Some(-99),
            "Person until None",
        ),
        // Taken off by a person: that is a command.
        (&[(-START, us.clone(), true), (-5, they.clone(), false)], Some(-START), "Person until None"),
        // Sent again, and it may still begin.
        (
            &[(-START, us.clone(), true), (-5, us.clone(), false), (-4, us.clone(), true)],
            Some(-START),
            "Agent until Some(3596)",
        ),
        // A person took it off after that.
        (
            &[(-99, us.clone(), true), (-9, us.clone(), false), (-8, us.clone(), true), (-7, they.clone(), false)],
            Some(-99),
            "Person until None",
        ),
        // By our account, but after ours: that was a person with our account, for we take it off once.
        (
            &[(-99, us.clone(), true), (-9, us.clone(), false), (-8, us.clone(), true), (-7, us.clone(), false)],
            Some(-99),
            "Person until None",
        ),
        // Sent twice, and it never began.
        (
            &[(-2 * START, us.clone(), true), (-START - 5, us.clone(), false), (-START, us.clone(), true)],
            Some(-2 * START),
            "stalled",
        ),
        // Taken off by a person before anything was written down.
        (&[(-START, us.clone(), true), (-5, they.clone(), false)], None, "Person until None"),
    ];
    for (assignments, redispatch, expected) in table {
        let decision = decide(&in_work(assignments, redispatch));
        assert_eq!(told(&decision), expected, "{assignments:?} {redispatch:?}: {}", decision.reason);
    }
}

#[test]
fn a_pull_request_that_appears_meanwhile_ends_the_second_sending() {
    let mut snapshot = in_work(&[(-START, maintainer(), true)], Some(-START));
    let draft = PullFacts { title: "[WIP] x".to_owned(), review_requested: false, ..pull(8, 7, 5) };
    snapshot.forge.bound[0].pulls.push(draft);
    snapshot.needs.agent_events.insert(PullNumber(8), events(&[AgentEventKind::Started]));
    assert_eq!(told(&decide(&snapshot)), "Agent until None");
}

/// Issue 7 with pull request 8 at work, whose newest event this is.
fn at_work(event: AgentEventKind, second: i64) -> Snapshot {
    let mut snapshot = in_work(&[(-90_000, maintainer(), true)], None);
    let draft = PullFacts {
        title: "[WIP] x".to_owned(),
        review_requested: false,
        created: at(-90_000),
        head_committed: None,
        ..pull(8, 7, 5)
    };
    snapshot.forge.bound[0].pulls.push(draft);
    let event = AgentEvent { id: "E_9".to_owned(), at: at(second), kind: event };
    snapshot.needs.agent_events.insert(PullNumber(8), vec![event]);
    snapshot
}

fn failed(words: &str) -> AgentEventKind {
    AgentEventKind::Failed { message: Some(words.to_owned()) }
}

fn nudge(event: &str, second: i64) -> OwnComment {
    let about = CommentMarker::Nudge { pull: PullNumber(8), event: event.to_owned() };
    OwnComment { about, author: maintainer(), at: at(second) }
}

#[test]
fn an_agent_that_stopped_is_asked_to_go_on_within_its_budget() {
    const DAY: i64 = 86_400;
    let feedback = |second: i64| OwnComment {
        about: CommentMarker::Feedback { pull: PullNumber(8), head: oid(50) },
        author: maintainer(),
        at: at(second),
    };
    let strangers = |second: i64| OwnComment { author: mona(), ..nudge("E_9", second) };
    let rate = "Please try again in 46 minutes.";
    // Words of the failure, when it was, our comments, what comes of it.
    let table: [(&str, i64, Vec<OwnComment>, &str); 14] = [
        ("an error", -1, vec![], "[Comment]"),
        (rate, -46 * 60, vec![], "[Comment]"),
        (rate, -46 * 60 + 1, vec![], "Engine until Some(1)"),
        ("monthly quota", -DAY, vec![], "stalled"),
        // The second and third of a day wait longer.
        ("an error", -599, vec![nudge("E_1", -900)], "Engine until Some(1)"),
        ("an error", -600, vec![nudge("E_1", -900)], "[Comment]"),
        ("an error", -3_599, vec![nudge("E_1", -9_000), nudge("E_2", -8_000)], "Engine until Some(1)"),
        ("an error", -3_600, vec![nudge("E_1", -9_000), nudge("E_2", -8_000)], "[Comment]"),
        // Three in 24 hours, of either kind, are all.
        (
            "an error",
            -3_600,
            vec![nudge("E_1", -9_000), nudge("E_2", -8_000), feedback(-DAY + 1)],
            "Person until Some(1)",
        ),
        ("an error", -3_600, vec![nudge("E_1", -9_000), nudge("E_2", -8_000), feedback(-DAY)], "[Comment]"),
        // It was asked about this event.
        ("an error", -3_700, vec![nudge("E_9", -3_599)], "Agent until Some(1)"),
        ("an error", -3_700, vec![nudge("E_9", -3_600)], "stalled"),
        // Who is not us has asked nothing, whatever marker they write.
        ("an error", -1, vec![strangers(-1)], "[Comment]"),
        ("an error", -1, vec![strangers(-3), strangers(-2), strangers(-1)], "[Comment]"),
    ];
    for (words, second, comments, expected) in table {
        let mut snapshot = at_work(failed(words), second);
        assert_eq!(
            told(&decide(&snapshot)),
            if words == "monthly quota" {
                "stalled".to_owned()
            } else {
                format!("{:?}", [Need::OwnComments { pull: PullNumber(8) }])
            },
            "nothing is written before our comments are read"
        );
        snapshot.needs.own_comments.insert(PullNumber(8), comments.clone());
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), expected, "{words} at {second}, {comments:?}: {}", decision.reason);
    }
}

#[test]
fn a_budget_of_none_asks_nothing_and_a_held_pull_request_is_not_talked_to() {
    let mut snapshot = at_work(failed("an error"), -1);
    snapshot.needs.own_comments.insert(PullNumber(8), Vec::new());
    let mut held = snapshot.clone();
    held.forge.bound[0].pulls[0].labels.push("orchestrator-hold".to_owned());
    assert_ne!(told(&decide(&held)), "[Comment]");
    match &mut snapshot.policy {
        PolicyState::Valid { policy } => policy.limits.nudges_per_day = 0,
        other => panic!("{other:?}"),
    }
    assert_eq!(told(&decide(&snapshot)), "stalled");
}

#[test]
fn silence_is_judged_by_the_newest_sign_of_life() {
    const SESSION: i64 = 59 * 60;
    /// The newest event and its second, the newest commit, the newest change, what comes of it.
    type Signs = (AgentEventKind, i64, Option<i64>, Option<i64>, &'static str);
    let started = || AgentEventKind::Started;
    let table: [Signs; 8] = [
        (started(), -SESSION + 1, None, None, "Agent until None"),
        (started(), -SESSION, None, None, "[Comment]"),
        (started(), -9_000, Some(-SESSION + 1), None, "Agent until None"),
        (started(), -9_000, None, Some(-SESSION + 1), "Agent until None"),
        (started(), -9_000, Some(-SESSION), Some(-SESSION), "[Comment]"),
        // A date of the future is no sign of life.
        (started(), -9_000, Some(5), None, "[Comment]"),
        // It ended its session and left its work in progress.
        (AgentEventKind::Finished, -599, None, None, "Agent until None"),
        (AgentEventKind::Finished, -600, None, None, "[Comment]"),
    ];
    for (event, second, commit, update, expected) in table {
        let mut snapshot = at_work(event.clone(), second);
        snapshot.needs.own_comments.insert(PullNumber(8), Vec::new());
        let pull = &mut snapshot.forge.bound[0].pulls[0];
        (pull.head_committed, pull.updated) = (commit.map(at), update.map(at));
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), expected, "{event:?} {second} {commit:?} {update:?}: {}", decision.reason);
    }
}

#[test]
fn our_own_comment_is_no_sign_of_life() {
    const STALLED: i64 = 9_000;
    // When we asked, when the pull request changed last, and what comes of it.
    let table: [(i64, i64, &str); 6] = [
        (-START + 1, -START + 1, "Agent until Some(1)"),
        (-START, -START, "stalled"),
        (-START, -START + 59, "stalled"),
        // Somebody changed it later: that is a sign, and after a while it is silent again.
        (-START, -START + 60, "[Comment]"),
        (-START, -59 * 60 + 1, "Agent until None"),
        // It was asked before the last sign of life, about another silence.
        (-STALLED - 1, -STALLED - 1, "[Comment]"),
    ];
    for (asked, changed, expected) in table {
        let mut snapshot = at_work(AgentEventKind::Started, -STALLED);
        let ours = nudge(&format!("stalled-{asked}"), asked);
        snapshot.needs.own_comments.insert(PullNumber(8), vec![ours]);
        snapshot.forge.bound[0].pulls[0].updated = Some(at(changed));
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), expected, "asked {asked}, changed {changed}: {}", decision.reason);
        let says = format!("no sign of life since {}", at(-STALLED));
        assert!(expected != "stalled" || decision.reason.contains(&says), "{}", decision.reason);
    }
}

/// Issue 7 with a finished pull request 8.
fn finished(change: impl Fn(&mut PullFacts)) -> Snapshot {
    let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
    let mut pull = pull(8, 7, 5);
    change(&mut pull);
    snapshot.forge.bound[0].pulls.push(pull);
    known(&mut snapshot, PullNumber(8), oid(5), diff(&[("src/a.rs", ChangeKind::Modified)]));
    let (required, held) = (Some(Vec::new()), Some(Vec::new()));
    let named = CheckReport { checks: Some(Vec::new()), required, held, unanswered: None };
    snapshot.needs.checks.insert(oid(5), named);
    snapshot.needs.own_comments.insert(PullNumber(8), Vec::new());
    snapshot
}

#[test]
fn what_the_agent_can_mend_is_sent_back_once_a_head() {
    type Change = fn(&mut PullFacts);
    let mendable: [Change; 2] =
        [|pull| pull.checks = CheckState::Failure, |pull| pull.mergeable = Mergeable::Conflicting];
    for change in mendable {
        let mut snapshot = finished(change);
        let decision = decide(&snapshot);
        let Outcome::Act { action } = &decision.outcome else { panic!("{decision:?}") };
        let [Effect::Comment { about: CommentMarker::Feedback { head, .. }, .. }] = action.effects.as_slice() else {
            panic!("{action:?}")
        };
        assert_eq!(*head, oid(5));
        let about = CommentMarker::Feedback { pull: PullNumber(8), head: *head };
        let sent = |second: i64| vec![OwnComment { about: about.clone(), author: maintainer(), at: at(second) }];
        snapshot.needs.own_comments.insert(PullNumber(8), sent(-START + 1));
        assert_eq!(told(&decide(&snapshot)), "Agent until Some(1)");
        snapshot.needs.own_comments.insert(PullNumber(8), sent(-START));
        assert_eq!(told(&decide(&snapshot)), "blocked", "nothing came of it, and it is not said again");
        // Another head is another matter.
        let other = CommentMarker::Feedback { pull: PullNumber(8), head: oid(6) };
        let elsewhere = OwnComment { about: other, author: maintainer(), at: at(-START) };
        snapshot.needs.own_comments.insert(PullNumber(8), vec![elsewhere]);
        assert_eq!(told(&decide(&snapshot)), "[Comment]");
    }
    let others: [Change; 3] = [
        |pull| pull.checks = CheckState::Pending,
        |pull| pull.mergeable = Mergeable::Unknown,
        |pull| pull.labels.push("orchestrator-hold".to_owned()),
    ];
    for change in others {
        assert_ne!(told(&decide(&finished(change))), "[Comment]");
    }
}

#[test]
fn waiting_for_the_agent_names_the_agent() {
    let decision = decide(&in_work(&[(-500, maintainer(), true)], None));
    let Outcome::Wait { waiting } = &decision.outcome else { panic!("{decision:?}") };
    assert_eq!(waiting.actor, Actor::Agent);
    assert_eq!(waiting.until, Some(at(-500) + SignedDuration::from_secs(START)));
}

#[test]
fn what_github_lets_nobody_create_now_waits_for_that() {
    let mut comment = at_work(failed("an error"), -1);
    comment.needs.own_comments.insert(PullNumber(8), Vec::new());
    let mut approval = finished(|pull| (pull.draft, pull.merge_state) = (false, MergeState::Clean));
    match &mut approval.policy {
        PolicyState::Valid { policy } => policy.merge.approve = true,
        other => panic!("{other:?}"),
    }
    for (mut snapshot, owed) in [(comment, "[Comment]"), (approval, "[Approve]")] {
        assert_eq!(told(&decide(&snapshot)), owed);
        let limit = Limit { until: at(300), message: "blocked from content creation".to_owned(), times: 0 };
        snapshot.limits.insert(Window::Creation, limit);
        assert_eq!(told(&decide(&snapshot)), "Forge until Some(300)", "{owed}");
    }
    let limit = Limit { until: at(300), message: "blocked from content creation".to_owned(), times: 0 };
    let mut merge = finished(|pull| (pull.draft, pull.merge_state) = (false, MergeState::Clean));
    merge.limits.insert(Window::Creation, limit);
    assert!(told(&decide(&merge)).starts_with("[Merge"), "nothing is created by it");
}

#[test]
fn who_was_sent_a_moment_ago_is_not_taken_off_again() {
    let mut snapshot = in_work(&[(-START, maintainer(), true)], None);
    let Outcome::Act { action } = decide(&snapshot).outcome else { panic!("it is owed") };
    snapshot = in_work(&[(-START, maintainer(), true)], Some(-START));
    assert_eq!(told(&decide(&snapshot)), "[Unassign, Assign]");
    // All of it was done, and GitHub still shows how it was before.
    snapshot.sent.push(Sent { object: action.effects[1].object(), at: at(-119) });
    assert_eq!(told(&decide(&snapshot)), "Forge until Some(1)");
    snapshot.sent[0].at = at(-120);
    assert_eq!(told(&decide(&snapshot)), "[Unassign, Assign]");
}

#[test]
fn what_no_list_shows_yet_is_not_done_again() {
    let sent = |snapshot: &mut Snapshot, second: i64| {
        let Outcome::Act { action } = decide(snapshot).outcome else { panic!("nothing is owed") };
        let [effect] = action.effects.as_slice() else { panic!("{action:?}") };
        snapshot.sent = vec![Sent { object: effect.object(), at: at(second) }];
        told(&decide(snapshot))
    };
    // A comment is written again once lists have caught up, which takes two minutes.
    let mut comment = at_work(failed("an error"), -1);
    comment.needs.own_comments.insert(PullNumber(8), Vec::new());
    for (second, expected) in [(-119, "Forge until Some(1)"), (-120, "[Comment]"), (0, "Forge until Some(120)")] {
        comment.sent.clear();
        assert_eq!(sent(&mut comment, second), expected, "{second}");
    }
    comment.sent.clear();
    assert_eq!(sent(&mut comment, 60), "[Comment]", "that is of a clock that was set since");
    let held = |report: &mut CheckReport| {
        report.held = Some(vec![HeldRun { id: 5, name: "ci".to_owned(), url: String::new() }]);
    };
    let mut run = finished(|pull| (pull.checks, pull.draft) = (CheckState::Pending, true));
    held(run.needs.checks.get_mut(&oid(5)).expect("a report"));
    let mut approval = finished(|pull| (pull.draft, pull.merge_state) = (false, MergeState::Clean));
    for snapshot in [&mut run, &mut approval] {
        match &mut snapshot.policy {
            PolicyState::Valid { policy } => (policy.agent.rerun_held_runs, policy.merge.approve) = (true, true),
            other => panic!("{other:?}"),
        }
    }
    for (second, expected) in [(-119, "Forge until Some(1)"), (-120, "[Rerun]")] {
        run.sent.clear();
        assert_eq!(sent(&mut run, second), expected, "{second}");
    }
    // An approval is tried once a head, whatever lists show.
    assert_eq!(points(&decide(&approval)), [StopPoint::Approve]);
    assert!(sent(&mut approval, -90_000).starts_with("[Merge"));
}

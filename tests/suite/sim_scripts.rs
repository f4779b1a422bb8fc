//! The scripts by which the simulated agent goes wrong, and what a call by a comment does then.

use orchestrator::sim::world::{CheckResult, MergeState, Permission, Rollup, Step, What, World};
use orchestrator::sim::{AgentEvent, IssueKind, Miniature, Mishap, Options, Script};

/// A world whose development goes so, with an issue that the agent was sent to. Its pull request will be 2.
fn sent(script: Script) -> Miniature {
    let mut sim = Miniature::new(&Options::default()).unwrap();
    sim.script_kind(IssueKind::Development, script);
    ask(&mut sim);
    sim
}

fn ask(sim: &mut Miniature) -> u64 {
    sim.world(|world| {
        let viewer = world.viewer();
        let (title, labels) = ("Add Top words".to_owned(), vec!["Development".to_owned()]);
        let new = orchestrator::sim::world::NewIssue { title, body: String::new(), labels, assignees: Vec::new() };
        let issue = world.open_issue(viewer, new, None).unwrap();
        world.assign(viewer, issue, &["copilot-swe-agent[bot]".to_owned()], None).unwrap();
        issue
    })
}

fn steps(sim: &mut Miniature, n: usize) -> Vec<AgentEvent> {
    (0..n).flat_map(|_| sim.step_agent().unwrap()).collect()
}

/// Whether a comment of this account begins a session.
fn call(sim: &mut Miniature, login: &str, permission: Permission) -> bool {
    sim.world(|world| {
        let (by, before) = (world.person(login, permission), world.sessions().len());
        world.comment(by, 2, "@copilot please continue").unwrap();
        world.sessions().len() > before
    })
}

fn called(sim: &mut Miniature) {
    assert!(call(sim, "writer", Permission::Write), "a session begins");
}

fn failures(world: &World) -> Vec<String> {
    let events = &world.subject(2).unwrap().events;
    let text = |event: &orchestrator::sim::world::Event| match &event.what {
        What::AgentFailed(text) => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

fn is_finished(events: &[AgentEvent]) -> bool {
    matches!(events.last(), Some(AgentEvent::Finished { pull: 2 }))
}

fn head(sim: &mut Miniature) -> String {
    sim.world(|world| world.pull(2).unwrap().1.head_oid.clone())
}

#[test]
fn only_somebody_who_may_write_calls_the_agent_back() {
    let mut sim = sent(Script::Recovers { sessions: 1, way: Mishap::Error });
    assert!(matches!(&steps(&mut sim, 4)[..], [AgentEvent::Started { .. }, AgentEvent::Failed { .. }]));
    assert!(!call(&mut sim, "reader", Permission::Read), "somebody who may not write calls nobody");
    assert!(call(&mut sim, "writer", Permission::Write));
    assert!(!call(&mut sim, "writer", Permission::Write), "a session that runs is not begun again");
    assert!(is_finished(&steps(&mut sim, 3)));
}

#[test]
fn a_script_recovers_after_as_many_sessions_as_it_says() {
    for way in [Mishap::Error, Mishap::Stall, Mishap::Billing, Mishap::RateLimit { minutes: 5 }] {
        let mut sim = sent(Script::Recovers { sessions: 2, way });
        for _ in 0..2 {
            assert!(!is_finished(&steps(&mut sim, 3)), "{way:?}");
            called(&mut sim);
        }
        assert!(is_finished(&steps(&mut sim, 3)), "{way:?}");
        let told = sim.world(|world| failures(world)).len();
        assert_eq!(told, if way == Mishap::Stall { 0 } else { 2 }, "{way:?}");
    }
}

#[test]
fn a_session_that_stalls_says_nothing_at_all() {
    let mut sim = sent(Script::Stall);
    assert!(matches!(&steps(&mut sim, 5)[..], [AgentEvent::Started { pull: 2, .. }]));
    sim.world(|world| {
        let (subject, pull) = world.pull(2).unwrap();
        assert!(subject.title.starts_with("[WIP]") && pull.requested.is_empty() && pull.diff.files.is_empty());
        let last = subject.events.iter().rfind(|event| !matches!(event.what, What::Committed(_))).unwrap();
        assert_eq!(last.what, What::AgentStarted);
    });
    called(&mut sim);
    assert!(matches!(&steps(&mut sim, 5)[..], [AgentEvent::Started { .. }]), "nor does the next");
}

#[test]
fn a_rate_limit_names_the_minutes_that_are_left_and_is_over_after_them() {
    let mut sim = sent(Script::RateLimit { minutes: 46 });
    steps(&mut sim, 2);
    sim.advance(jiff::SignedDuration::from_secs(45 * 60 + 1));
    called(&mut sim);
    steps(&mut sim, 2);
    let told = sim.world(|world| failures(world));
    assert!(told[0].starts_with("Sorry, you've hit a rate limit") && told[0].contains("try again in 46 minutes."));
    assert!(told[1].contains("try again in 1 minute."), "{told:?}");
    sim.advance(jiff::SignedDuration::from_secs(59));
    called(&mut sim);
    assert!(is_finished(&steps(&mut sim, 3)));
}

#[test]
fn what_is_not_paid_for_is_never_done() {
    let mut sim = sent(Script::Billing);
    for _ in 0..3 {
        assert!(!is_finished(&steps(&mut sim, 3)));
        called(&mut sim);
    }
    assert!(sim.world(|world| failures(world)).iter().all(|text| text == "You have exceeded your monthly quota"));
}

#[test]
fn work_in_progress_for_ever_is_pushed_and_left() {
    let mut sim = sent(Script::WorkInProgressForever);
    let events = steps(&mut sim, 4);
    assert!(matches!(
        &events[..],
        [AgentEvent::Started { .. }, AgentEvent::Pushed { .. }, AgentEvent::LeftUnfinished { pull: 2 }]
    ));
    sim.world(|world| {
        let (subject, pull) = world.pull(2).unwrap();
        assert!(subject.title.starts_with("[WIP]") && pull.requested.is_empty() && !pull.diff.files.is_empty());
        assert_eq!(world.sessions()[0].step, Step::Ended);
    });
}

#[test]
fn a_conflict_stands_until_the_agent_is_called_and_merges_the_mainline() {
    let mut sim = sent(Script::Conflict);
    assert!(is_finished(&steps(&mut sim, 3)));
    let state = |sim: &mut Miniature| {
        sim.world(|world| world.want_mergeability(2));
        sim.answer_wanted().unwrap();
        sim.world(|world| world.merge_state(2))
    };
    assert_eq!(state(&mut sim), MergeState::Dirty);
    let before = head(&mut sim);
    called(&mut sim);
    assert!(is_finished(&steps(&mut sim, 3)));
    assert_eq!(state(&mut sim), MergeState::Draft, "no conflict any more");
    let (after, main) = (head(&mut sim), sim.world(|world| world.branch("main").unwrap().to_owned()));
    assert_eq!(sim.parents(&after), [before, main]);
    let text = String::from_utf8(sim.read_file(&after, "CHANGES.md").unwrap().unwrap()).unwrap();
    assert_eq!(text, "# Changes\n* Something else, by hand\n* Add Top words\n");
    assert!(sim.read_file(&after, "tally/commands/top.py").unwrap().is_some(), "the work is still there");
}

#[test]
fn red_checks_turn_green_with_the_next_session() {
    let mut sim = sent(Script::RedChecks);
    assert!(is_finished(&steps(&mut sim, 3)));
    let first = head(&mut sim);
    assert_eq!(sim.world(|world| world.rollup(&first)), Some(Rollup::Failure));
    called(&mut sim);
    assert!(is_finished(&steps(&mut sim, 3)));
    let second = head(&mut sim);
    assert_ne!(first, second);
    assert_eq!(sim.world(|world| world.rollup(&second)), Some(Rollup::Success));
}

#[test]
fn a_second_push_comes_after_the_review_request() {
    let mut sim = sent(Script::SecondPush);
    assert!(is_finished(&steps(&mut sim, 3)));
    let judged = head(&mut sim);
    assert!(matches!(&steps(&mut sim, 2)[..], [AgentEvent::Pushed { pull: 2, .. }]));
    assert_ne!(head(&mut sim), judged);
    sim.world(|world| {
        let events = &world.subject(2).unwrap().events;
        let place = |what: fn(&What) -> bool| events.iter().rposition(|event| what(&event.what)).unwrap();
        assert!(
            place(|what| matches!(what, What::ReviewRequested(_))) < place(|what| matches!(what, What::Committed(_)))
        );
    });
}

#[test]
fn workflows_report_on_every_push_or_wait_for_a_person() {
    for waits in [false, true] {
        let mut sim = sent(Script::Normal);
        sim.world(|world| {
            world.settings.workflows =
                [("build".to_owned(), CheckResult::Success), ("lint".to_owned(), CheckResult::Neutral)].into();
            world.settings.runs_need_approval = waits;
        });
        let mut heads = Vec::new();
        for _ in 0..2 {
            steps(&mut sim, 1);
            heads.push(head(&mut sim));
        }
        let reported = |sim: &mut Miniature| heads.iter().map(|head| sim.world(|w| w.rollup(head))).collect::<Vec<_>>();
        assert_eq!(reported(&mut sim), [if waits { None } else { Some(Rollup::Success) }; 2]);
        let runs: Vec<_> = sim.world(|world| world.runs().cloned().collect());
        assert_eq!(runs.len(), 4);
        assert!(runs.iter().all(|run| run.held == waits));
        for run in runs {
            sim.world(|world| world.rerun(world.viewer(), run.id).expect("the owner may"));
        }
        assert!(sim.world(|world| world.runs().all(|run| !run.held)));
        assert_eq!(reported(&mut sim), [Some(Rollup::Success); 2]);
    }
}

//! Which of the agent's pull requests may be an answer where none is linked, decided from a snapshot.

use crate::decide_agent::{in_work, told};
use crate::snapshots::{
    agent, at, bind, binding, diff, events, issue, item_name, known, lay, maintainer, oid, pull, reads,
};
use orchestrator::decide::decide;
use orchestrator::model::{
    AccountId, AgentEvent, AgentEventKind, AgentPulls, BoundIssue, Candidate, ChangeKind, CommentMarker, Folder,
    IssueNumber, Key, ListedPull, Need, Needs, Outcome, PolicyState, PullFacts, PullNumber, PullState, QueueEntry,
    Refusal, RefusalKind, Sent, Signal, Snapshot,
};

fn mona() -> AccountId {
    AccountId { id: 77, login: "mona".to_owned() }
}

/// Another open pull request of the agent, as the list shows it.
fn listed(number: u64, second: i64) -> ListedPull {
    ListedPull {
        number: PullNumber(number),
        title: "Count lines".to_owned(),
        author: agent(),
        head_branch: "copilot/count-lines".to_owned(),
        cross_repository: false,
        base: "main".to_owned(),
        created: Some(at(second)),
    }
}

/// The same where GitHub connects it with the issue.
fn candidate(number: u64, signal: Signal) -> Candidate {
    let ListedPull { number, title, author, head_branch, cross_repository, base, .. } = listed(number, -100);
    let (state, created) = (PullState::Open, at(-100));
    Candidate { number, title, author, head_branch, cross_repository, base, state, created, signal }
}

#[test]
fn a_candidate_is_the_agents_own_and_later_than_the_assignment() {
    type Change = fn(&mut Candidate);
    let none = "Agent until Some(3100)";
    // What is different, and what comes of it.
    let table: [(&str, Change, &str); 12] = [
        ("nothing", |_| (), "stalled"),
        ("opened at the assignment", |it| it.created = at(-500), "stalled"),
        ("opened before it", |it| it.created = at(-501), none),
        ("somebody's", |it| it.author = mona(), none),
        ("from a fork", |it| it.cross_repository = true, none),
        ("into another branch", |it| it.base = "next".to_owned(), "stalled"),
        ("into another branch, before it", |it| (it.base, it.created) = ("next".to_owned(), at(-501)), none),
        ("into another branch, somebody's", |it| (it.base, it.author) = ("next".to_owned(), mona()), none),
        ("closed", |it| it.state = PullState::Closed, "stalled"),
        ("closed, of an earlier time", |it| (it.state, it.created) = (PullState::Closed, at(-501)), none),
        ("unlinked by hand", |it| it.signal = Signal::Disconnected, "stalled"),
        ("still at work", |it| it.title = "[WIP] Count lines".to_owned(), "Agent until None"),
    ];
    for (what, change, expected) in table {
        let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
        let mut it = candidate(8, Signal::Mentioned);
        change(&mut it);
        snapshot.forge.bound[0].candidates.push(it);
        let done = events(&[AgentEventKind::Started, AgentEventKind::Finished]);
        snapshot.needs.agent_events.insert(PullNumber(8), done);
        snapshot.needs.descriptions.insert(PullNumber(8), "What was done for #7.".to_owned());
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), expected, "{what}: {}", decision.reason);
    }
}

#[test]
fn one_candidate_is_linked_where_the_policy_says_so_and_two_never_are() {
    let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
    snapshot.forge.bound[0].candidates.push(candidate(8, Signal::Mentioned));
    match &mut snapshot.policy {
        PolicyState::Valid { policy } => policy.pacing.auto_link = true,
        other => panic!("{other:?}"),
    }
    assert_eq!(told(&decide(&snapshot)), format!("{:?}", [Need::AgentEvents { pull: PullNumber(8) }]));
    let done = events(&[AgentEventKind::Started, AgentEventKind::Finished]);
    snapshot.needs.agent_events.insert(PullNumber(8), done);
    assert_eq!(told(&decide(&snapshot)), format!("{:?}", [Need::Description { pull: PullNumber(8) }]));
    // Somebody's comment names the issue there, which connects the two as well.
    snapshot.needs.descriptions.insert(PullNumber(8), "What was done for #77; see `#7`.".to_owned());
    let decision = decide(&snapshot);
    assert!(told(&decision) == "stalled" && decision.reason.contains("may answer #7"), "{}", decision.reason);
    snapshot.needs.descriptions.insert(PullNumber(8), "What was done for #7.".to_owned());
    assert_eq!(told(&decide(&snapshot)), "[Comment, Link]");
    // The process ended behind the notice, which no list may show yet; or the conversation is locked.
    let mut half = snapshot.clone();
    let Outcome::Act { action } = decide(&snapshot).outcome else { panic!("it is owed") };
    let object = action.effects[0].object();
    half.sent.push(Sent { object: object.clone(), at: at(-119) });
    assert_eq!(told(&decide(&half)), "Forge until Some(1)");
    half.sent[0].at = at(-120);
    assert_eq!(told(&decide(&half)), "[Comment, Link]");
    let mut locked = snapshot.clone();
    let (why, kind) = ("locked".to_owned(), RefusalKind::Other);
    locked.refused.push(Refusal { object, why, at: at(-1), times: 1, kind });
    assert_eq!(told(&decide(&locked)), "[Link]");
    // It says that it closes something, which GitHub would have taken for this issue.
    let mut another = snapshot.clone();
    another.needs.descriptions.insert(PullNumber(8), "Fixes #99; see #7.".to_owned());
    let decision = decide(&another);
    assert!(told(&decision) == "stalled" && decision.reason.contains("but not #7"), "{}", decision.reason);
    // A person holds the issue.
    let mut held = snapshot.clone();
    held.forge.bound[0].labels.push("orchestrator-hold".to_owned());
    assert_eq!(told(&decide(&held)), "Person until None");
    // It was merged or closed since the agent was sent: nobody is sent to do it once more.
    for state in [PullState::Merged, PullState::Closed] {
        let mut over = snapshot.clone();
        over.now = at(100_000);
        over.forge.bound[0].candidates[0].state = state;
        let decision = decide(&over);
        assert!(told(&decision) == "stalled" && decision.reason.contains("did not close it"), "{}", decision.reason);
    }
    // It says so already.
    let mut said = snapshot.clone();
    let about = CommentMarker::Link { pull: PullNumber(8), issue: IssueNumber(7) };
    said.needs.descriptions.insert(PullNumber(8), format!("{about}\n\nWhat was done for #7."));
    assert_eq!(told(&decide(&said)), "stalled");
    // It was linked a moment ago, and GitHub doesn't show it yet.
    said.sent.push(Sent { object: action.effects[1].object(), at: at(-1) });
    assert_eq!(told(&decide(&said)), "Forge until Some(119)");
    // A second one that mentions the issue: a person says which. One that is only later does not count beside it.
    let mut two = snapshot.clone();
    two.forge.bound[0].candidates.push(candidate(9, Signal::Connected));
    assert_eq!(told(&decide(&two)), format!("{:?}", [Need::AgentEvents { pull: PullNumber(9) }]));
    two.needs.agent_events.insert(PullNumber(9), events(&[AgentEventKind::Started]));
    assert_eq!(told(&decide(&two)), "Agent until None", "it is at work on one of them");
    two.needs.agent_events.insert(PullNumber(9), events(&[AgentEventKind::Finished]));
    let decision = decide(&two);
    assert_eq!(told(&decision), "stalled");
    assert!(decision.reason.contains("#8 and #9"), "{}", decision.reason);
    let mut later = snapshot.clone();
    later.forge.pulls.push(listed(9, -50));
    assert_eq!(told(&decide(&later)), "[Comment, Link]");
}

#[test]
fn an_unnamed_pull_request_after_the_assignment_may_be_the_answer_unless_it_answers_another() {
    let begin = |second: i64| {
        let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
        snapshot.forge.pulls.push(listed(8, second));
        let done = events(&[AgentEventKind::Started, AgentEventKind::Finished]);
        snapshot.needs.agent_events.insert(PullNumber(8), done);
        snapshot
    };
    assert_eq!(told(&decide(&begin(-100))), format!("{:?}", [Need::Description { pull: PullNumber(8) }]));
    let begin = |second: i64| {
        let mut snapshot = begin(second);
        snapshot.needs.descriptions.insert(PullNumber(8), "What was done for #7.".to_owned());
        snapshot
    };
    // What it says, and what comes of it.
    for (text, expected, says) in [
        ("Fixes #50", "Agent until Some(3100)", "has not opened a pull request"),
        ("Fixes x/y#7", "Agent until Some(3100)", "has not opened a pull request"),
        // A word that GitHub does not take for closing anything is not believed either way.
        ("<!-- e.g. Fixes #50 -->", "stalled", "#8 by the agent may answer #7"),
        ("Fix C#12 syntax", "stalled", "#8 by the agent may answer #7"),
        ("Fixes #7", "stalled", "says that it closes #7, and GitHub shows no link"),
        ("Fixes #7 and fixes #50", "stalled", "says that it closes #7, and GitHub shows no link"),
    ] {
        let mut closes = begin(-100);
        closes.needs.descriptions.insert(PullNumber(8), text.to_owned());
        let decision = decide(&closes);
        assert!(told(&decision) == expected && decision.reason.contains(says), "{text}: {}", decision.reason);
    }
    let decision = decide(&begin(-100));
    assert_eq!(told(&decision), "stalled", "{}", decision.reason);
    assert!(decision.reason.contains("#8 by the agent may answer #7"), "{}", decision.reason);
    assert_eq!(told(&decide(&begin(-501))), "Agent until Some(3100)", "it is older than the assignment");
    let mut answers = begin(-100);
    let key = Key::Item(item_name("dev-2.md"));
    lay(&mut answers, "dev-2.md", &[Folder::Pending, Folder::Processed]);
    answers.planning.processed.push(QueueEntry { name: item_name("dev-2.md"), blob: oid(9) });
    bind(&mut answers, binding(key, 6), BoundIssue { pulls: vec![pull(8, 6, 5)], ..issue(6) });
    known(&mut answers, PullNumber(8), oid(5), diff(&[("src/a.rs", ChangeKind::Modified)]));
    let decision = decide(&answers);
    let reasons: Vec<&str> = decision.also.iter().map(|also| also.reason.as_str()).collect();
    let waits = "the agent has not opened a pull request for #7 yet";
    assert!(reasons.contains(&waits), "#8 answers #6: {} {reasons:?}", decision.reason);
}

#[test]
fn a_candidate_that_may_answer_another_issue_as_well_is_linked_to_neither() {
    let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
    match &mut snapshot.policy {
        PolicyState::Valid { policy } => (policy.pacing.auto_link, policy.pacing.max_in_flight) = (true, 2),
        other => panic!("{other:?}"),
    }
    lay(&mut snapshot, "dev-2.md", &[Folder::Pending, Folder::Processed]);
    snapshot.planning.processed.push(QueueEntry { name: item_name("dev-2.md"), blob: oid(9) });
    bind(&mut snapshot, binding(Key::Item(item_name("dev-2.md")), 6), issue(6));
    let done = events(&[AgentEventKind::Started, AgentEventKind::Finished]);
    snapshot.needs.agent_events.insert(PullNumber(8), done);
    snapshot.needs.descriptions.insert(PullNumber(8), "What was done for #7.".to_owned());
    // Named by one of them: it is that one's.
    snapshot.forge.bound[0].candidates.push(candidate(8, Signal::Mentioned));
    snapshot.forge.pulls.push(listed(8, -100));
    assert_eq!(told(&decide(&snapshot)), "[Comment, Link]");
    // Named by both, or by none.
    let mut both = snapshot.clone();
    both.forge.bound[1].candidates.push(candidate(8, Signal::Mentioned));
    let mut none = snapshot;
    none.forge.bound[0].candidates.clear();
    for mut snapshot in [both, none] {
        let done = snapshot.needs.agent_events.insert(PullNumber(8), events(&[AgentEventKind::Started]));
        let decision = decide(&snapshot);
        assert!(decision.reason.contains("the agent is not done with it"), "it is too early: {}", decision.reason);
        snapshot.needs.agent_events.insert(PullNumber(8), done.expect("it was finished"));
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), "stalled", "{}", decision.reason);
        assert!(decision.reason.contains("#8 by the agent may answer #"), "{}", decision.reason);
        assert!(decision.reason.contains("would close neither"), "{}", decision.reason);
    }
}

#[test]
fn work_that_ended_without_a_result_is_named_and_not_waited_for() {
    let stopped = || AgentEventKind::Failed { message: Some("Try again in 46 minutes.".to_owned()) };
    let (waits, ended) = ("Agent until None", "stalled");
    // The title, the newest event and how long ago it was in minutes, what comes of it and what is said.
    type Row<'a> = (&'a str, Option<(AgentEventKind, i64)>, &'a str, &'a str);
    let table: [Row<'_>; 9] = [
        ("[WIP] Count", Some((AgentEventKind::Started, 58)), waits, "the agent is not done with it"),
        ("[WIP] Count", Some((AgentEventKind::Started, 59)), ended, "it shows no sign of life since"),
        ("Count", Some((AgentEventKind::Started, 58)), waits, "the agent is not done with it"),
        ("Count", Some((AgentEventKind::Started, 59)), ended, "it shows no sign of life since"),
        ("[WIP] Count", Some((stopped(), 1)), ended, "stopped at 2027-01-15T07:59:00Z: Try again in 46 minutes."),
        ("[WIP] Count", Some((AgentEventKind::Finished, 9)), waits, "the agent is not done with it"),
        ("[WIP] Count", Some((AgentEventKind::Finished, 10)), ended, "it shows no sign of life since"),
        ("Count", Some((AgentEventKind::Finished, 1)), ended, "would not close it"),
        ("[WIP] Count", None, waits, "the agent is not done with it"),
    ];
    for (title, event, expected, says) in table {
        let mut snapshot = in_work(&[(-7_000, maintainer(), true)], None);
        snapshot.forge.bound[0]
            .candidates
            .push(Candidate { title: title.to_owned(), ..candidate(8, Signal::Mentioned) });
        let happened =
            event.into_iter().map(|(kind, minutes)| AgentEvent { id: "E_1".to_owned(), at: at(-60 * minutes), kind });
        snapshot.needs.agent_events.insert(PullNumber(8), happened.collect());
        snapshot.needs.descriptions.insert(PullNumber(8), "What was done for #7.".to_owned());
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), expected, "{title}: {}", decision.reason);
        assert!(decision.reason.contains(says), "{title}: {}", decision.reason);
        if expected == "stalled" && says != "would not close it" {
            let Outcome::Stalled { lifts, .. } = &decision.outcome else { panic!("{decision:?}") };
            assert!(lifts.contains("comment `@copilot please continue` on #8"), "{lifts}");
        }
    }
}

#[test]
fn several_of_which_only_the_author_is_known_are_read_before_anything_is_said() {
    let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
    snapshot.forge.pulls.extend([listed(8, -100), listed(9, -90)]);
    for number in [8, 9] {
        let done = events(&[AgentEventKind::Started, AgentEventKind::Finished]);
        snapshot.needs.agent_events.insert(PullNumber(number), done);
    }
    let both = [8, 9].map(|number| Need::Description { pull: PullNumber(number) });
    assert_eq!(told(&decide(&snapshot)), format!("{both:?}"));
    // Which of them close something else, and what comes of it.
    for (texts, expected, says) in [
        (["Fixes #50", "Fixes #51"], "Agent until Some(3100)", "the agent has not opened a pull request for #7 yet"),
        (["Fixes #50", "Done."], "stalled", "#9 by the agent may answer #7"),
        (["Done.", "Done."], "stalled", "#8 and #9 were opened by the agent after it was sent to #7"),
    ] {
        for (number, text) in [8, 9].into_iter().zip(texts) {
            snapshot.needs.descriptions.insert(PullNumber(number), text.to_owned());
        }
        let decision = decide(&snapshot);
        assert!(told(&decision) == expected && decision.reason.contains(says), "{texts:?}: {}", decision.reason);
    }
    // More than anybody would read.
    snapshot.needs.descriptions.clear();
    snapshot.forge.pulls.extend((10..30).map(|number| listed(number, -80)));
    let decision = decide(&snapshot);
    assert_eq!((told(&decision).as_str(), decision.evidence.len()), ("stalled", 20));
    assert!(decision.reason.starts_with("#8 and #9 and #10") && decision.reason.contains("#27 and 2 more were opened"));
}

#[test]
fn what_was_closed_ends_only_what_its_author_was_sent_to_do() {
    type Change = fn(&mut PullFacts);
    // What is different from the agent's own of this sending, and what comes of it.
    let table: [(&str, Change, &str); 4] = [
        ("nothing", |_| (), "stalled"),
        ("somebody's", |it| it.author = mona(), "Agent until Some(3100)"),
        ("of an earlier sending", |it| it.created = at(-501), "Agent until Some(3100)"),
        ("at the assignment", |it| it.created = at(-500), "stalled"),
    ];
    for (what, change, expected) in table {
        let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
        let mut it = PullFacts { state: PullState::Closed, closed_by: Some(mona()), ..pull(8, 7, 5) };
        change(&mut it);
        snapshot.forge.bound[0].pulls.push(it);
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), expected, "{what}: {}", decision.reason);
        // After the time to begin it is sent once more, or not.
        snapshot.now = at(3_100);
        let late = if expected == "stalled" { "stalled" } else { "[Redispatch, Unassign, Assign]" };
        assert_eq!(told(&decide(&snapshot)), late, "{what}");
        // One that goes on is the answer all the same.
        snapshot.forge.bound[0].candidates.push(candidate(9, Signal::Mentioned));
        assert_eq!(told(&decide(&snapshot)), format!("{:?}", [Need::AgentEvents { pull: PullNumber(9) }]), "{what}");
    }
}

#[test]
fn before_the_agent_is_sent_once_more_it_is_asked_what_else_it_did() {
    type Change = fn(&mut Candidate);
    let sent = "[Redispatch, Unassign, Assign]";
    // What is different from one of its own since it was sent, its description, and what comes of it.
    let table: [(&str, Change, &str, &str); 8] = [
        ("merged", |it| it.state = PullState::Merged, "Done.", "stalled"),
        ("closed", |it| it.state = PullState::Closed, "Done.", "stalled"),
        ("open, and no list showed it", |_| (), "Done.", "stalled"),
        ("of an earlier time", |it| it.created = at(-501), "Done.", sent),
        ("from a fork", |it| it.cross_repository = true, "Done.", sent),
        ("another one's", |it| it.state = PullState::Merged, "Fixes #50", sent),
        ("linked to another issue", |it| it.number = PullNumber(9), "Done.", sent),
        ("into another branch", |it| (it.base, it.state) = ("next".to_owned(), PullState::Merged), "Done.", "stalled"),
    ];
    for (what, change, description, expected) in table {
        let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
        snapshot.now = at(3_100);
        // Another item was answered by #9 and is settled.
        let answered = BoundIssue { pulls: vec![PullFacts { state: PullState::Merged, ..pull(9, 6, 5) }], ..issue(6) };
        snapshot.forge.bound.push(answered);
        snapshot.needs.agent_pulls = None;
        assert_eq!(told(&decide(&snapshot)), "[AgentPulls]", "{what}");
        let mut it = candidate(8, Signal::Opened);
        change(&mut it);
        let (number, asked) = (it.number, it.created >= at(-500) && !it.cross_repository && it.number == PullNumber(8));
        snapshot.needs.agent_pulls = Some(AgentPulls { pulls: vec![it], reach: None });
        if asked {
            assert_eq!(told(&decide(&snapshot)), format!("{:?}", [Need::Description { pull: number }]), "{what}");
        }
        snapshot.needs.descriptions.insert(number, description.to_owned());
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), expected, "{what}: {}", decision.reason);
        let says = "#8 by the agent was opened after it was sent to #7";
        assert!(expected == sent || decision.reason.contains(says), "{}", decision.reason);
    }
}

#[test]
fn the_agent_is_sent_once_more_to_no_text_that_feeds_the_queue() {
    // Late, and taken off already.
    let late = [(-3_700, maintainer(), true)];
    let half = [(-3_700, maintainer(), true), (-100, maintainer(), false)];
    for (turns, since) in [(&late[..], None), (&half[..], Some(-3_700))] {
        let mut snapshot = in_work(turns, since);
        reads(&mut snapshot, &binding(Key::Item(item_name("dev-1.md")), 7), true);
        let decision = decide(&snapshot);
        assert_eq!(told(&decision), "stalled", "{}", decision.reason);
        assert!(decision.reason.contains("#7 asks for a file in the queue"), "{}", decision.reason);
    }
}

#[test]
fn where_more_was_opened_than_anybody_reads_nobody_is_sent_and_nothing_is_said_of_one() {
    let late = || {
        let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
        snapshot.now = at(3_100);
        snapshot
    };
    let many = |count: u64| (100..100 + count).map(|number| candidate(number, Signal::Opened)).collect::<Vec<_>>();
    // More than are looked through, or a page that does not reach back far enough.
    for (pulls, reach) in [(many(21), None), (Vec::new(), Some(at(-499)))] {
        let mut snapshot = late();
        snapshot.needs.agent_pulls = Some(AgentPulls { pulls, reach });
        let decision = decide(&snapshot);
        assert!(
            told(&decision) == "stalled" && decision.reason.contains("than are looked through"),
            "{}",
            decision.reason
        );
    }
    let mut snapshot = late();
    snapshot.needs.agent_pulls = Some(AgentPulls { pulls: Vec::new(), reach: Some(at(-500)) });
    assert_eq!(told(&decide(&snapshot)), "[Redispatch, Unassign, Assign]");
}

#[test]
fn what_answered_another_issue_did_not_end_this_one() {
    let mut snapshot = in_work(&[(-500, maintainer(), true)], None);
    let merged = Candidate { state: PullState::Merged, ..candidate(9, Signal::Mentioned) };
    snapshot.forge.bound[0].candidates.push(merged);
    assert_eq!(told(&decide(&snapshot)), "stalled", "nothing says that it is another one's");
    let answered = BoundIssue { pulls: vec![PullFacts { state: PullState::Merged, ..pull(9, 6, 5) }], ..issue(6) };
    snapshot.forge.bound.push(answered);
    assert_eq!(told(&decide(&snapshot)), "Agent until Some(3100)");
}

#[test]
fn an_item_that_was_sent_twice_holds_up_the_queue_only_while_nobody_knows_why() {
    let twice = [(-9_000, maintainer(), true), (-5_100, maintainer(), false), (-5_000, maintainer(), true)];
    let waiting = |turns: &[(i64, AccountId, bool)]| {
        let mut snapshot = in_work(turns, Some(-9_000));
        snapshot.planning.pending.push(crate::snapshots::queue_item("dev-2.md", 60));
        snapshot.needs.bodies.insert(oid(60), "Two".to_owned());
        let key = Key::Item(item_name("dev-2.md"));
        snapshot.needs.own_issues.insert(Needs::own_issues_name(&key), Vec::new());
        snapshot
    };
    let goes_on = |snapshot: &Snapshot| told(&decide(snapshot)).starts_with("[Attempt");
    assert!(!goes_on(&waiting(&twice)), "the agent can't work at all, for all that is known");
    // Nor before it is known what else it did; and once that is too late to be a question, it is one again.
    let mut unasked = waiting(&twice);
    unasked.needs.agent_pulls = None;
    assert!(!goes_on(&unasked), "nobody has asked yet");
    unasked.now = at(3_600);
    assert_eq!(told(&decide(&unasked)), "[AgentPulls]");
    let mut beyond = waiting(&twice);
    beyond.needs.agent_pulls = Some(AgentPulls { pulls: Vec::new(), reach: Some(at(-4_999)) });
    assert!(goes_on(&beyond), "it may have begun");
    let mut unlisted = waiting(&twice);
    let done = Candidate { state: PullState::Merged, created: at(-4_000), ..candidate(8, Signal::Opened) };
    unlisted.needs.agent_pulls = Some(AgentPulls { pulls: vec![done], reach: None });
    unlisted.needs.descriptions.insert(PullNumber(8), "Done.".to_owned());
    assert!(goes_on(&unlisted), "it did begin, and said nothing");
    let mut withdrawn = twice.to_vec();
    withdrawn.push((-10, mona(), false));
    assert!(goes_on(&waiting(&withdrawn)), "a person took it off");
    let mut held = waiting(&twice);
    held.forge.bound[0].labels.push("orchestrator-hold".to_owned());
    assert!(goes_on(&held), "a person holds it");
    let mut unlinked = waiting(&twice);
    unlinked.forge.bound[0].candidates.push(candidate(8, Signal::Mentioned));
    unlinked.needs.agent_events.insert(PullNumber(8), events(&[AgentEventKind::Finished]));
    unlinked.needs.descriptions.insert(PullNumber(8), "What was done for #7.".to_owned());
    assert!(goes_on(&unlinked), "it did begin");
}

#[test]
fn a_pull_request_that_comes_while_the_agent_is_sent_once_more_is_judged() {
    let half = [(-3_700, maintainer(), true), (-100, maintainer(), false)];
    let mut snapshot = in_work(&half, Some(-3_700));
    assert_eq!(told(&decide(&snapshot)), "[Assign]");
    snapshot.forge.bound[0].pulls.push(PullFacts { created: at(-50), ..pull(8, 7, 5) });
    let decision = decide(&snapshot);
    assert_eq!(told(&decision), format!("{:?}", [Need::AgentEvents { pull: PullNumber(8) }]), "{}", decision.reason);
    // So is one that names the issue, or none, and is not linked.
    let mut snapshot = in_work(&half, Some(-3_700));
    snapshot.forge.bound[0].candidates.push(candidate(8, Signal::Mentioned));
    assert_eq!(told(&decide(&snapshot)), format!("{:?}", [Need::AgentEvents { pull: PullNumber(8) }]));
    // A person's hand among them is a word.
    let theirs = [(-3_700, maintainer(), true), (-100, maintainer(), false), (-90, mona(), false)];
    let mut snapshot = in_work(&theirs, Some(-3_700));
    snapshot.forge.bound[0].pulls.push(PullFacts { created: at(-50), ..pull(8, 7, 5) });
    assert_eq!(told(&decide(&snapshot)), "Person until None");
}

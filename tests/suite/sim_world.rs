//! The simulator's world by itself: pure, driven without HTTP and without git.

use std::collections::BTreeMap;

use orchestrator::sim::world::{
    AGENT, AccountId, Diff, Founding, IssueEdit, MergeMethod, NewIssue, NewPull, Permission, PullEdit, RefState,
    Refusal, StateReason, Step, What, World,
};

fn world() -> (World, AccountId) {
    let mut world = World::new(Founding {
        owner: "org".to_owned(),
        name: "repo".to_owned(),
        viewer: "maintainer".to_owned(),
        mainline: "main".to_owned(),
        web_url: "https://example.com".to_owned(),
        now: "2026-11-24T08:00:00Z".parse().expect("a literal time"),
    });
    let viewer = world.viewer();
    push(&mut world, &[("main", 'a'), ("work", 'b')]);
    (world, viewer)
}

/// Brings refs as git would tell them; a letter is an oid.
fn push(world: &mut World, branches: &[(&str, char)]) -> Vec<u64> {
    let refs: BTreeMap<String, RefState> = branches
        .iter()
        .map(|(name, oid)| {
            let state = RefState { oid: oid.to_string().repeat(40), kind: "commit".to_owned() };
            (format!("refs/heads/{name}"), state)
        })
        .collect();
    let viewer = world.viewer();
    world.observe_refs(refs, viewer)
}

fn issue(world: &mut World, by: AccountId, title: &str) -> u64 {
    let new = NewIssue { title: title.to_owned(), ..NewIssue::default() };
    world.open_issue(by, new, None).expect("the issue is opened")
}

fn pull(world: &mut World, by: AccountId, body: &str) -> u64 {
    let new = NewPull {
        title: "Work".to_owned(),
        body: body.to_owned(),
        head: "work".to_owned(),
        head_oid: "b".repeat(40),
        base: "main".to_owned(),
        draft: false,
        fork: None,
    };
    let number = world.open_pull(by, new).expect("the pull request is opened");
    let diff = Diff { files: vec!["f".to_owned()], commits: vec!["b".repeat(40)], ..Diff::default() };
    world.learn_diff(number, &"b".repeat(40), diff, by);
    number
}

#[test]
fn a_merge_closes_what_the_body_names_at_that_time() {
    let (mut world, viewer) = world();
    let (one, two) = (issue(&mut world, viewer, "One"), issue(&mut world, viewer, "Two"));
    let number = pull(&mut world, viewer, "Fixes #1, see #2");
    assert_eq!((world.closing_issues(number), world.closing_pulls(one, false)), (vec![one], vec![number]));
    let edit = PullEdit { body: Some("Closes org/repo#2".to_owned()), ..PullEdit::default() };
    world.edit_pull(viewer, number, edit).unwrap();
    let plan = world.plan_merge(viewer, number, MergeMethod::Squash, None).unwrap();
    assert_eq!((plan.title.as_str(), plan.base_oid), ("Work (#3)", "a".repeat(40)));
    world.pull_merged(number, viewer, &"c".repeat(40));
    assert!(world.issue(one).unwrap().is_open());
    let closed = world.issue(two).unwrap();
    assert_eq!(closed.reason, Some(StateReason::Completed));
    let closing = What::Closed { reason: Some(StateReason::Completed), closer: Some(number) };
    assert!(closed.events.iter().any(|event| event.what == closing));
    assert_eq!(world.closing_pulls(two, true), [number]);
    assert_eq!(world.closing_pulls(two, false), Vec::<u64>::new());
}

#[test]
fn a_base_other_than_the_mainline_links_nothing() {
    let (mut world, viewer) = world();
    let one = issue(&mut world, viewer, "One");
    push(&mut world, &[("main", 'a'), ("work", 'b'), ("other", 'a')]);
    let number = pull(&mut world, viewer, "Fixes #1");
    world.edit_pull(viewer, number, PullEdit { base: Some("other".to_owned()), ..PullEdit::default() }).unwrap();
    assert!(world.closing_issues(number).is_empty());
    world.pull_merged(number, viewer, &"c".repeat(40));
    assert!(world.issue(one).unwrap().is_open());
}

#[test]
fn unassigning_ends_the_session_and_assigning_again_begins_another() {
    let (mut world, viewer) = world();
    let one = issue(&mut world, viewer, "One");
    let agent = ["copilot-swe-agent[bot]".to_owned()];
    for _ in 0..2 {
        world.assign(viewer, one, &agent, None).unwrap();
    }
    assert_eq!(world.sessions().len(), 1, "assigning twice changes nothing");
    world.unassign(viewer, one, &agent).unwrap();
    assert_eq!(world.sessions()[0].step, Step::Ended);
    world.assign(viewer, one, &agent, None).unwrap();
    assert_eq!(world.sessions()[1].step, Step::Queued);
    let assignments: Vec<bool> = world
        .issue(one)
        .unwrap()
        .events
        .iter()
        .filter_map(|event| match event.what {
            What::Assigned(who) => Some(who == AGENT),
            What::Unassigned(who) => Some(who != AGENT),
            _ => None,
        })
        .collect();
    assert_eq!(assignments, [true, false, true]);
}

#[test]
fn a_moved_branch_concerns_its_pull_requests_and_a_deleted_one_closes_them() {
    let (mut world, viewer) = world();
    let number = pull(&mut world, viewer, "");
    assert_eq!(push(&mut world, &[("main", 'd'), ("work", 'b')]), [number]);
    assert_eq!(push(&mut world, &[("main", 'd'), ("work", 'b')]), Vec::<u64>::new());
    assert_eq!(push(&mut world, &[("main", 'd')]), Vec::<u64>::new());
    let subject = world.subject(number).unwrap();
    assert!(!subject.is_open());
    let last: Vec<&What> = subject.events.iter().rev().take(2).map(|event| &event.what).collect();
    assert!(matches!(last[..], [What::HeadRefDeleted, What::Closed { .. }]), "{last:?}");
    assert!(matches!(world.reopen(number, viewer), Err(Refusal::Invalid(_))));
}

#[test]
fn a_deleted_issue_is_gone_and_its_number_is_not_used_again() {
    let (mut world, viewer) = world();
    let one = issue(&mut world, viewer, "One");
    world.delete_issue(one).unwrap();
    assert_eq!(world.edit_issue(viewer, one, IssueEdit::default()), Err(Refusal::deleted()));
    assert_eq!(issue(&mut world, viewer, "Two"), one + 1);
}

#[test]
fn a_stranger_changes_only_what_is_theirs() {
    let (mut world, viewer) = world();
    let stranger = world.person("stranger", Permission::Read);
    let (ours, theirs) = (issue(&mut world, viewer, "Ours"), issue(&mut world, stranger, "Theirs"));
    let edit = IssueEdit { title: Some("New".to_owned()), ..IssueEdit::default() };
    assert!(matches!(world.edit_issue(stranger, ours, edit.clone()), Err(Refusal::Forbidden(_))));
    world.edit_issue(stranger, theirs, edit).unwrap();
    let number = pull(&mut world, viewer, "");
    assert_eq!(world.plan_merge(stranger, number, MergeMethod::Merge, None), Err(Refusal::NotFound));
    assert_eq!(world.mark_ready(stranger, number), Err(Refusal::NotFound));
}

#[test]
fn the_clock_never_goes_back() {
    let (mut world, _) = world();
    let before = world.now();
    world.set_now("2020-01-01T00:00:00Z".parse().expect("a literal time"));
    assert_eq!(world.now(), before);
}

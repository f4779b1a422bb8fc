//! The circuit breaker and GitHub's limits, decided from a snapshot: what they hold up, what they never hold up, when it
//! goes on.

use crate::snapshots::{at, bind, binding, issue, item_name, lay, oid, pull, queue_item, quiet};
use orchestrator::decide::breaker::{Gauge, Span, gauges};
use orchestrator::decide::decide;
use orchestrator::model::{
    Actor, Binding, BoundIssue, Decision, Effect, Folder, ItemOutcome, Key, Ledger, Limit, Needs, Outcome, PolicyState,
    Snapshot, StopPoint, Waiting, Window,
};

/// A settled item: bound and settled so many seconds from now, merged if there is a commit.
fn settled(n: u8, bound: i64, end: i64, merge: bool) -> Binding {
    let key = Key::Item(item_name(&format!("dev-old-{n}.md")));
    Binding {
        bound: at(bound),
        settled: Some(at(end)),
        outcome: Some(ItemOutcome::Merged),
        merge: merge.then(|| oid(100 + n)),
        ..binding(key, 100 + u64::from(n))
    }
}

fn with(bindings: Vec<Binding>) -> Snapshot {
    let mut snapshot = quiet();
    let bindings = bindings.into_iter().map(|binding| (binding.key.clone(), binding)).collect();
    snapshot.ledger = Some(Ledger { bindings, attempt: None });
    snapshot
}

fn limits(snapshot: &mut Snapshot, issues: u32, merges: u32) {
    match &mut snapshot.policy {
        PolicyState::Valid { policy } => {
            let limits = &mut policy.limits;
            (limits.issues_per_hour, limits.merges_per_hour, limits.merges_per_day) = (issues, merges, merges + 1);
        }
        other => panic!("{other:?}"),
    }
}

/// An issue that nobody was ever assigned to.
fn unassigned(number: u64) -> BoundIssue {
    BoundIssue { assignees: Vec::new(), assignments: Vec::new(), ..issue(number) }
}

/// One file that would be promoted at once.
fn promotable(snapshot: &mut Snapshot) {
    snapshot.planning.pending.push(queue_item("dev-new.md", 50));
    snapshot.needs.bodies.insert(oid(50), "# Task".to_owned());
    let key = Key::Item(item_name("dev-new.md"));
    snapshot.needs.own_issues.insert(Needs::own_issues_name(&key), Vec::new());
}

fn waits(decision: &Decision) -> &Waiting {
    match &decision.outcome {
        Outcome::Wait { waiting } => waiting,
        other => panic!("{other:?}"),
    }
}

fn points(decision: &Decision) -> Vec<StopPoint> {
    match &decision.outcome {
        Outcome::Act { action } => action.effects.iter().map(Effect::stop_point).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn issues_and_merges_of_the_last_hour_are_counted_against_the_policy() {
    // Seconds from now at which items were bound and settled, whether merged; the limits (a day one merge more than an
    // hour); the counts, and the next ones.
    let old: [(i64, i64, bool); 6] = [
        (-100_000, -86_400, true),
        (-90_000, -86_000, true),
        (-3_600, -3_500, true),
        (-3_599, -600, true),
        (-900, -300, false),
        (-60, -10, true),
    ];
    let table = [
        ((4, 4), (3, None), (3, None), (4, None)),
        ((3, 3), (3, Some(1)), (3, Some(100)), (4, Some(400))),
        ((2, 2), (3, Some(2_700)), (3, Some(3_000)), (4, Some(82_900))),
        ((1, 1), (3, Some(3_540)), (3, Some(3_590)), (4, Some(85_800))),
        ((0, 0), (3, None), (3, None), (4, Some(86_390))),
    ];
    for ((issues, merges), made, merged, of_day) in table {
        let list = old.iter().zip(1..).map(|((bound, end, merge), n)| settled(n, *bound, *end, *merge)).collect();
        let mut snapshot = with(list);
        limits(&mut snapshot, issues, merges);
        let gauge = |what, span, limit: u32, (count, next): (usize, Option<i64>)| {
            let tripped = count >= usize::try_from(limit).expect("a small number");
            Gauge { what, span, count, limit, tripped, next: next.map(at) }
        };
        let expected = [
            gauge("issues", Span::Hour, issues, made),
            gauge("merges", Span::Hour, merges, merged),
            gauge("merges", Span::Day, merges + 1, of_day),
        ];
        assert_eq!(gauges(&snapshot).map(|(gauge, _)| gauge), expected, "{issues} {merges}");
    }
}

#[test]
fn what_was_taken_over_in_one_breath_and_what_a_wrong_clock_wrote_is_not_counted() {
    let mut snapshot =
        with(vec![settled(1, -60, -60, false), settled(2, 90_000, 90_100, false), settled(3, 30, 90, false)]);
    assert_eq!(gauges(&snapshot)[0].0.count, 1, "a clock may be a little ahead");
    // One merge is shown by GitHub and recorded; it is one, and GitHub's time counts.
    let merged = settled(4, -4_000, -100, true);
    let mut shown = issue(104);
    shown.pulls.push(pull(204, 104, 30));
    shown.pulls[0].merged = merged.merge.map(|commit| (at(-3_700), commit));
    snapshot = with(vec![merged]);
    assert_eq!(gauges(&snapshot)[1].0.count, 1);
    snapshot.forge.bound.push(shown);
    assert_eq!(gauges(&snapshot)[1].0.count, 0);
}

#[test]
fn a_tripped_breaker_holds_up_the_next_issue_and_says_when() {
    let mut snapshot = with(vec![settled(1, -900, -300, false), settled(2, -60, -10, false)]);
    promotable(&mut snapshot);
    limits(&mut snapshot, 3, 20);
    assert!(points(&decide(&snapshot)).contains(&StopPoint::Create));
    limits(&mut snapshot, 2, 20);
    let decision = decide(&snapshot);
    let waiting = waits(&decision);
    assert_eq!((waiting.actor, waiting.until), (Actor::Engine, Some(at(2_700))));
    let words = format!("issues in the last hour: 2 of the 2 that the policy allows; the next at {}", at(2_700));
    assert_eq!(waiting.why, words);
    snapshot.now = at(2_700);
    assert!(points(&decide(&snapshot)).contains(&StopPoint::Create), "an hour after the first one");
    limits(&mut snapshot, 0, 20);
    assert_eq!(waits(&decide(&snapshot)).actor, Actor::Person);
}

#[test]
fn a_tripped_breaker_does_not_hold_up_what_finishes() {
    // Bound a moment ago, never assigned, and its file not moved: all of it goes on.
    let mut snapshot = quiet();
    limits(&mut snapshot, 1, 1);
    promotable(&mut snapshot);
    let key = Key::Item(item_name("dev-new.md"));
    let fresh = Binding { blob: Some(oid(50)), bound: at(-5), ..binding(key, 12) };
    bind(&mut snapshot, fresh, unassigned(12));
    lay(&mut snapshot, "dev-new.md", &[Folder::Pending]);
    assert_eq!(points(&decide(&snapshot)), [StopPoint::Assign, StopPoint::Move]);
}

#[test]
fn a_limit_of_github_s_is_a_named_wait_and_one_on_creating_holds_up_nothing_else() {
    let limit = Limit { until: at(300), message: "blocked from content creation".to_owned(), times: 0 };
    let mut snapshot = quiet();
    promotable(&mut snapshot);
    snapshot.limits.insert(Window::Creation, limit.clone());
    let decision = decide(&snapshot);
    assert_eq!((waits(&decision).actor, waits(&decision).until), (Actor::Forge, Some(at(300))));
    assert!(waits(&decision).why.contains("blocked from content creation"));
    snapshot.now = at(300);
    assert!(points(&decide(&snapshot)).contains(&StopPoint::Create));
    // The same limit while a bound issue only has to be assigned.
    let mut snapshot = quiet();
    snapshot.limits.insert(Window::Creation, limit.clone());
    bind(&mut snapshot, binding(Key::Item(item_name("dev-a.md")), 12), unassigned(12));
    assert!(points(&decide(&snapshot)).contains(&StopPoint::Assign));
    snapshot.limits.insert(Window::Core, limit);
    let decision = decide(&snapshot);
    assert_eq!((waits(&decision).actor, waits(&decision).until), (Actor::Forge, Some(at(300))));
}

#[test]
fn issues_that_were_made_and_never_bound_count_as_well() {
    let mut snapshot = with(Vec::new());
    promotable(&mut snapshot);
    limits(&mut snapshot, 3, 20);
    snapshot.created = vec![at(-3_600), at(-900), at(-600)];
    assert_eq!(points(&decide(&snapshot))[..2], [StopPoint::Attempt, StopPoint::Create]);
    snapshot.created.push(at(-300));
    let decision = decide(&snapshot);
    assert_eq!(waits(&decision).until, Some(at(-900 + 3_600)), "{}", decision.reason);
    // Where the ledger tells of more, another instance is at work.
    let bound = |n: u8, second: i64| settled(n, second, second + 60, false);
    snapshot.ledger = with(vec![bound(1, -100), bound(2, -200), bound(3, -300), bound(4, -400)]).ledger;
    let (gauge, _) = gauges(&snapshot)[0].clone();
    assert_eq!((gauge.count, gauge.tripped), (4, true));
}

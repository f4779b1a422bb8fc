//! The ledger over real smart HTTP: what happens once happens once, whoever else tries.

use crate::desk::{Desk, attempt, bind, done, item, key, not_done, settle, signature};
use crate::sim_client::{git, simulator};
use orchestrator::model::{IssueNumber, ItemOutcome, LedgerChange, LedgerMessage, Performed, SettleFields};
use orchestrator::repo::RepoError;
use orchestrator::sim::Simulator;

const LEDGER: &str = "refs/orchestrator/ledger";

async fn commits(sim: &Simulator) -> usize {
    sim.log(LEDGER).await.expect("the ledger has a history").len()
}

#[tokio::test]
async fn a_story_written_by_one_clone_is_read_by_another() {
    let sim = simulator().await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    done(one.change(LedgerChange::Begin).await);
    done(one.change(attempt("me", "dev-a.md", 360)).await);
    let standing = done(one.change(bind("dev-a.md", 12)).await);
    let tip = two.sync().await.ledger.expect("a ledger");
    assert_eq!(tip, standing);
    let ledger = two.clone.ledger(tip).expect("the ledger can be read");
    assert_eq!(ledger.bindings[&key("dev-a.md")].issue, IssueNumber(12));
    assert_eq!(ledger.attempt, None, "binding drops the attempt");
    done(two.change(settle("dev-a.md", ItemOutcome::Merged)).await);
    let ledger = one.sync().await.ledger.map(|tip| one.clone.ledger(tip).expect("readable")).expect("a ledger");
    let record = &ledger.bindings[&key("dev-a.md")];
    assert_eq!((record.outcome.clone(), record.settled), (Some(ItemOutcome::Merged), Some(crate::desk::now())));
    assert_eq!(commits(&sim).await, 4, "begin, attempt, bind, settle");
}

#[tokio::test]
async fn who_was_overtaken_binds_nothing_while_the_other_is_at_work_and_its_number_is_kept() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.change(LedgerChange::Begin).await);
    let note =
        |number| LedgerChange::Note { owner: "me".to_owned(), key: key("dev-a.md"), number: IssueNumber(number) };
    assert!(not_done(desk.change(note(9)).await).0.contains("no attempt of ours"));
    done(desk.change(attempt("me", "dev-a.md", 0)).await);
    done(desk.change(note(9)).await);
    let kept = |tip| desk.clone.ledger(tip).expect("readable").attempt.expect("an attempt").number;
    assert_eq!(desk.sync().await.ledger.map(kept), Some(Some(IssueNumber(9))));
    done(desk.change(attempt("other", "dev-b.md", 360)).await);
    let (why, refused) = not_done(desk.change(bind("dev-a.md", 9)).await);
    assert!(why.contains("another instance is at work on item dev-b.md") && !refused, "{why}");
    done(desk.change(attempt("other", "dev-b.md", 0)).await);
    done(desk.change(bind("dev-a.md", 9)).await);
    let (why, _) = not_done(desk.change(bind("dev-c.md", 9)).await);
    assert_eq!(why, "#9 is already bound to item dev-a.md");
}

#[tokio::test]
async fn the_history_says_what_happened_in_words_and_by_whom() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.change(LedgerChange::Begin).await);
    let log = sim.log(LEDGER).await.expect("a history");
    let instance = format!("Instance: {}", desk.clone.instance());
    assert!(log[0].1.starts_with("test: a change\n\n") && log[0].1.contains(&instance), "{log:?}");
    let files = sim.list_files(LEDGER).await.expect("a tree");
    assert_eq!(files, ["format"]);
    assert_eq!(sim.read_file(LEDGER, "format").await.expect("a file"), Some(b"1\n".to_vec()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_clones_that_bind_one_key_at_once_exactly_one_does() {
    let sim = simulator().await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    done(one.change(LedgerChange::Begin).await);
    two.sync().await;
    for round in 0..4_u64 {
        let name = format!("dev-{round}.md");
        let before = commits(&sim).await;
        let (left, right) = (bind(&name, 100 + round), bind(&name, 200 + round));
        let (left, right) = tokio::join!(one.change(left), two.change(right));
        let (winner, loser, issue) = if matches!(left, Performed::Done { .. }) {
            (left, right, 100 + round)
        } else {
            (right, left, 200 + round)
        };
        let tip = done(winner);
        let (why, refused) = not_done(loser);
        assert!(why.contains("already bound") && !refused, "{why}");
        let ledger = one.clone.ledger(one.sync().await.ledger.expect("a ledger")).expect("readable");
        assert_eq!(ledger.bindings[&key(&name)].issue, IssueNumber(issue));
        assert_eq!(commits(&sim).await, before + 1, "the loser left nothing");
        assert_eq!(sim.world(|world| world.reference(LEDGER).map(|state| state.oid.clone())), Some(tip.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clones_that_bind_different_keys_at_once_both_do() {
    let sim = simulator().await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    done(one.change(LedgerChange::Begin).await);
    two.sync().await;
    let (left, right) = tokio::join!(one.change(bind("dev-a.md", 1)), two.change(bind("dev-b.md", 2)));
    assert_ne!(done(left), done(right));
    let ledger = one.clone.ledger(one.sync().await.ledger.expect("a ledger")).expect("readable");
    assert_eq!(ledger.bindings.len(), 2);
    assert_eq!(commits(&sim).await, 3);
}

#[tokio::test]
async fn what_is_so_already_is_done_and_writes_nothing() {
    let sim = simulator().await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    two.sync().await;
    let begun = done(one.change(LedgerChange::Begin).await);
    assert_eq!(done(two.change(LedgerChange::Begin).await), begun, "the other clone had not seen it");
    let bound = done(one.change(bind("dev-a.md", 1)).await);
    assert_eq!(done(two.change(bind("dev-a.md", 1)).await), bound);
    let settled = done(one.change(settle("dev-a.md", ItemOutcome::Merged)).await);
    assert_eq!(done(two.change(settle("dev-a.md", ItemOutcome::Merged)).await), settled);
    assert_eq!(commits(&sim).await, 3);
}

#[tokio::test]
async fn a_condition_that_no_longer_holds_is_not_done_and_not_a_refusal() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    assert_eq!(not_done(desk.change(bind("dev-a.md", 1)).await), ("there is no ledger".to_owned(), false));
    done(desk.change(LedgerChange::Begin).await);
    let (why, refused) = not_done(desk.change(settle("dev-a.md", ItemOutcome::Merged)).await);
    assert!(why.contains("not bound") && !refused, "{why}");
    done(desk.change(bind("dev-a.md", 1)).await);
    let (why, _) = not_done(desk.change(attempt("one", "dev-a.md", 360)).await);
    assert!(why.contains("already bound to #1"), "{why}");
    done(desk.change(settle("dev-a.md", ItemOutcome::Merged)).await);
    let (why, _) = not_done(desk.change(settle("dev-a.md", ItemOutcome::Dropped)).await);
    assert!(why.contains("already settled as merged"), "{why}");
    assert_eq!(commits(&sim).await, 3);
}

#[tokio::test]
async fn an_attempt_of_another_instance_holds_until_its_lease_ends() {
    let sim = simulator().await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    done(one.change(LedgerChange::Begin).await);
    two.sync().await;
    done(one.change(attempt("one", "dev-a.md", 360)).await);
    let (why, refused) = not_done(two.change(attempt("two", "dev-b.md", 360)).await);
    assert!(why.contains("another instance is at work on item dev-a.md") && !refused, "{why}");
    done(one.change(attempt("one", "dev-a.md", 0)).await);
    two.sync().await;
    done(two.change(attempt("two", "dev-b.md", 360)).await);
}

#[tokio::test]
async fn binding_and_settling_another_key_are_one_commit() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.change(LedgerChange::Begin).await);
    done(desk.change(bind("dev-a.md", 1)).await);
    let fields = SettleFields { key: key("dev-a.md"), pull: None, merge: None, outcome: ItemOutcome::Merged };
    let mut update = crate::desk::binding("dev-a.md", 2);
    update.key = orchestrator::model::Key::Capability(item("dev-a.md"));
    let change = LedgerChange::Bind { owner: "me".to_owned(), binding: update.clone(), settles: Some(fields) };
    let tip = done(desk.change(change).await);
    let ledger = desk.clone.ledger(tip).expect("readable");
    assert_eq!(ledger.bindings[&key("dev-a.md")].outcome, Some(ItemOutcome::Merged));
    assert_eq!(ledger.bindings[&update.key].issue, IssueNumber(2));
    assert_eq!(commits(&sim).await, 3);
}

#[tokio::test]
async fn a_ledger_that_was_deleted_is_seen_though_the_hint_says_nothing() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.change(LedgerChange::Begin).await);
    let tips = desk.sync().await;
    assert!(tips.ledger.is_some());
    let elsewhere = crate::sim_client::clone(&sim).await;
    let ran = git(&sim, elsewhere.path(), &["push", "-q", "origin", ":refs/orchestrator/ledger"]).await;
    assert!(ran.ok, "{ran:?}");
    let tips = desk.try_sync(Some(tips.mainline), None).await.expect("the remote can be asked");
    assert_eq!(tips.ledger, None);
    assert_eq!(not_done(desk.change(bind("dev-a.md", 1)).await).0, "there is no ledger");
}

#[tokio::test]
async fn a_newer_format_and_a_record_in_the_wrong_place_are_refused_by_name() {
    let sim = simulator().await;
    let desk = Desk::new(&sim);
    desk.sync().await;
    done(desk.change(LedgerChange::Begin).await);
    done(desk.change(bind("dev-a.md", 1)).await);
    let work = crate::sim_client::clone(&sim).await;
    for args in [&["fetch", "-q", "origin", LEDGER][..], &["checkout", "-q", "FETCH_HEAD"]] {
        assert!(git(&sim, work.path(), args).await.ok);
    }
    let records = work.path().join("bind/item");
    std::fs::rename(records.join("dev-a.md.json"), records.join("dev-b.md.json")).expect("renamed");
    let push = ["push", "-q", "--force", "origin", &format!("HEAD:{LEDGER}")];
    crate::sim_client::commit(&sim, work.path(), "note", "x").await;
    assert!(git(&sim, work.path(), &push).await.ok);
    let tip = desk.sync().await.ledger.expect("a ledger");
    match desk.clone.ledger(tip) {
        Err(RepoError::LedgerRecord { path, problem }) => {
            assert_eq!(path, "bind/item/dev-b.md.json");
            assert!(problem.contains("dev-a.md"), "{problem}");
        }
        other => panic!("{other:?}"),
    }
    crate::sim_client::commit(&sim, work.path(), "format", "2\n").await;
    assert!(git(&sim, work.path(), &push).await.ok);
    let tip = desk.sync().await.ledger.expect("a ledger");
    assert!(matches!(desk.clone.ledger(tip), Err(RepoError::LedgerFormat(format)) if format == "2"));
    let before = commits(&sim).await;
    let (why, refused) = not_done(desk.change(bind("dev-c.md", 3)).await);
    assert!(why.contains("format 2") && !refused, "{why}");
    assert_eq!(commits(&sim).await, before, "nothing is written to a ledger that we can't read");
}

#[tokio::test]
async fn a_clone_that_lags_behind_builds_on_the_fetched_tip() {
    let sim = simulator().await;
    let (one, two) = (Desk::new(&sim), Desk::new(&sim));
    one.sync().await;
    done(one.change(LedgerChange::Begin).await);
    two.sync().await;
    // The other clone doesn't know what was pushed since; its first push is refused, its second one lands on top.
    done(one.change(bind("dev-a.md", 1)).await);
    let tip = two
        .with(|clone, lock| {
            let message = LedgerMessage { subject: "test: late".to_owned(), trailers: Vec::new() };
            clone.change_ledger(lock, &bind("dev-b.md", 2), &message, &signature())
        })
        .await;
    let ledger = two.clone.ledger(done(tip)).expect("readable");
    assert_eq!(ledger.bindings.len(), 2, "the first binding is still there");
}

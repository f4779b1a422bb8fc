//! Twelve hours of polling, short form of `cargo test --test requests`.

use crate::night::{Pace, check, night};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_of_twelve_actions_stays_within_the_budget_and_costs_the_same_with_a_hundred_files() {
    let (one, hundred) = (night(Pace::Product, 1, 12).await, night(Pace::Product, 100, 12).await);
    check(&one);
    check(&hundred);
    assert_eq!(one.hours, hundred.hours);
    assert!(one.hours[0].looks > one.hours[11].looks, "it slows down at rest: {:?}", one.hours);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_every_thirty_seconds_without_a_break_stays_within_the_budget_too() {
    let steady = night(Pace::Steady, 1, 4).await;
    check(&steady);
    assert!(steady.hours.iter().all(|hour| hour.looks >= 119), "{:?}", steady.hours);
}

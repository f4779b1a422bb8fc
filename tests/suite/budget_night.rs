//! Twelve hours of polling, short form of `cargo test --test requests`.

use crate::night::{check, night};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_of_twelve_actions_stays_within_the_budget_and_costs_the_same_with_a_hundred_files() {
    let (one, hundred) = (night(1, 12).await, night(100, 12).await);
    check(&one);
    check(&hundred);
    assert_eq!(one.hours, hundred.hours);
    assert!(one.hours[0].looks > one.hours[11].looks, "it slows down at rest: {:?}", one.hours);
}

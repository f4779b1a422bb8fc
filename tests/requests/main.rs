//! `cargo test --test requests`: what twelve hours of a loop cost by the hour — a full loop of twelve actions with an agent
//! at work, polling every 30 s, and then rest — with 1, 100 and 10,000 files in the queue, and once more without ever
//! slowing down.
//!
//! Real engine, client, clone and pacing on a virtual clock; the simulator counts. Prints the table, and fails where an
//! hour costs more than 130 GraphQL points or 60 other counted requests, or where the number of files makes a difference.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::disallowed_methods,
    reason = "a campaign that can't go on has failed; it prints its table"
)]

#[path = "../suite/folder.rs"]
mod folder;
#[path = "../suite/night.rs"]
mod night;
#[path = "../suite/stage.rs"]
#[expect(dead_code, reason = "the campaign needs some of it")]
mod stage;

use night::{Hour, Night, Pace};
use orchestrator::model::{Reason, Resource};
use std::time::Instant;

const FILES: [usize; 3] = [1, 100, 10_000];
const HOURS: i64 = 12;

#[tokio::main]
async fn main() {
    let mut nights: Vec<Night> = Vec::new();
    for files in FILES {
        let started = Instant::now();
        let night = night::night(Pace::Product, files, HOURS).await;
        println!("{files} queue file(s), 30 s polling that slows down where nothing moves, {HOURS} hours");
        print(&night);
        println!("{} actions, then rest; simulated in {:.1} s\n", night.actions.len(), started.elapsed().as_secs_f64());
        night::check(&night);
        nights.push(night);
    }
    let first = nights.first().expect("a night");
    assert!(nights.iter().all(|night| night.hours == first.hours), "the number of files makes a difference");
    println!("with {FILES:?} files the table is the same\n");
    let steady = night::night(Pace::Steady, 1, HOURS).await;
    println!("1 queue file, a look every 30 s whatever happens, {HOURS} hours");
    print(&steady);
    night::check(&steady);
}

fn print(night: &Night) {
    println!("hour  looks  GraphQL points  REST counted  REST 304  git pushes  git fetches");
    let row = |name: &str, hour: &Hour| {
        let Hour { looks, points, counted, free, pushes, fetches } = hour;
        println!("{name:>4}  {looks:>5}  {points:>14}  {counted:>12}  {free:>8}  {pushes:>10}  {fetches:>11}");
    };
    let mut most = Hour::default();
    for (n, hour) in night.hours.iter().enumerate() {
        row(&(n + 1).to_string(), hour);
        most = Hour {
            looks: most.looks.max(hour.looks),
            points: most.points.max(hour.points),
            counted: most.counted.max(hour.counted),
            free: most.free.max(hour.free),
            pushes: most.pushes.max(hour.pushes),
            fetches: most.fetches.max(hour.fetches),
        };
    }
    row("most", &most);
    let of = |wanted: fn(Reason) -> bool| night::counted(&night.spending, wanted);
    let core = of(|reason| reason.resource() == Some(Resource::Core));
    let writes = of(|reason| reason.writes() && reason.resource().is_some());
    println!(
        "allowed: 130 points and 60 counted requests an hour; {} of {} REST requests were writes",
        writes.requests, core.requests
    );
}

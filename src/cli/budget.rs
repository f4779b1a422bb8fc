//! `orchestrator budget`: what was spent at GitHub and on git's network, what is left, which limits and breakers stand.
//!
//! **Guarantees**: GitHub is not asked; what is shown is what the last process kept, and how old it is. A budget whose hour
//! is over is shown as full. **Races**: a process at work adds to it when its look is over.

use super::{Target, engine, output};
use crate::config::environment::Environment;
use crate::decide::breaker::{Gauge, gauges};
use crate::engine::port::{Clock, Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::model::{
    Balance, Reason, RepositoryName, Resource, Snapshot, Spending, Tallies, Tally, Waiting, hour_of, last_day,
};
use crate::repo::Configuration;
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Columns of a reason's words.
const WORDS: usize = 25;

/// Flags of `budget`.
#[derive(Debug, Args)]
pub(super) struct Budget {
    #[command(flatten)]
    target: Target,
    /// Print budgets, limits, spending by the hour and breakers as JSON
    #[arg(long)]
    json: bool,
}

/// What is shown.
struct Page {
    repository: RepositoryName,
    now: Timestamp,
    spending: Spending,
    breakers: Vec<(Gauge, Option<Waiting>)>,
}

impl Budget {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let engine = engine(&self.target.settings(environment)?, Configuration::User, SystemClock)?;
        let (repository, now) = (engine.repository.clone(), engine.clock.now());
        let Some(spending) = engine.remote.recall_spending().await else { return Err(nothing_kept(&repository)) };
        let kept = engine.remote.recall().await.filter(|kept| kept.repository == repository);
        let at_present = |kept| gauges(&Snapshot { now, ..kept }).to_vec();
        let breakers = kept.map(at_present).unwrap_or_default();
        let page = Page { repository, now, spending, breakers };
        if self.json {
            output::json(&page.json());
        } else {
            output::lines(page.text().trim_end(), 10);
        }
        Ok(Exit::Done)
    }
}

fn nothing_kept(repository: &RepositoryName) -> Failure {
    let text = format!("nothing was spent on {repository} from this machine yet");
    Failure::new(
        Exit::Absent,
        text,
        format!("look once with network and token: orchestrator status --repo {repository}"),
    )
}

impl Page {
    fn text(&self) -> String {
        let age = self.now.duration_since(self.spending.as_of).as_secs().max(0);
        let mut text = format!("{} · as it was {age} s ago; GitHub is not asked\n\n", self.repository);
        text.push_str(&self.budgets());
        text.push('\n');
        text.push_str(&self.reasons());
        text.push('\n');
        for (window, limit) in self.spending.limits.iter().filter(|(_, limit)| self.now < limit.until) {
            text.push_str(&format!("limit     {} until {}: {}\n", window.word(), limit.until, limit.message));
        }
        for (gauge, waiting) in &self.breakers {
            let held = waiting.as_ref().map_or_else(String::new, |waiting| format!("; {}", waiting.why));
            text.push_str(&format!(
                "{:<10}{} of {} in the last {}{held}\n",
                gauge.what,
                gauge.count,
                gauge.limit,
                gauge.span.words()
            ));
        }
        text
    }

    /// What is left of the hourly budgets.
    fn budgets(&self) -> String {
        let mut text = format!("{:<10}{:>10}{:>12}{:>10}  full again at\n", "budget", "an hour", "remaining", "used");
        for (resource, balance) in &self.spending.balances {
            let (remaining, used, at) = self.standing(balance);
            let limit = balance.limit.map_or_else(|| "not said".to_owned(), |limit| limit.to_string());
            let used = used.map_or_else(|| "-".to_owned(), |used| used.to_string());
            text.push_str(&format!("{:<10}{limit:>10}{remaining:>12}{used:>10}  {at}\n", resource.word()));
        }
        if self.spending.balances.is_empty() {
            text.push_str("GitHub has not said any\n");
        }
        text
    }

    /// What is left of a budget, what was used of it, and when it is full again.
    fn standing(&self, balance: &Balance) -> (String, Option<u64>, String) {
        match balance.limit {
            Some(limit) if balance.reset <= self.now => (limit.to_string(), Some(0), "is full".to_owned()),
            limit => {
                let used = limit.map(|limit| limit.saturating_sub(balance.remaining));
                (balance.remaining.to_string(), used, balance.reset.to_string())
            }
        }
    }

    /// The hours that are shown: the present one, the one before, and the last day.
    fn spans(&self) -> [Tallies; 3] {
        let hour = hour_of(self.now);
        let between = |first, last| self.spending.between(first, last);
        [between(hour, hour), between(hour - 1, hour - 1), between(last_day(self.now), hour)]
    }

    fn reasons(&self) -> String {
        let spans = self.spans();
        let mut text = format!("{:WORDS$}{:>18}{:>18}{:>18}\n", "", "this hour", "the hour before", "24 hours");
        let heads = format!("{:>5}{:>6}{:>7}", "sent", "free", "points");
        text.push_str(&format!("{:<WORDS$}{heads}{heads}{heads}\n", "reason"));
        let row = |word: &str, wanted: &dyn Fn(Reason) -> bool| {
            let cells: String = spans.iter().map(|span| cells(sum(span, wanted))).collect();
            format!("{word:<WORDS$}{cells}\n")
        };
        let [.., day] = &spans;
        for reason in day.keys().copied() {
            text.push_str(&row(reason.word(), &|other| other == reason));
        }
        for resource in [Resource::Core, Resource::GraphQl] {
            text.push_str(&row(&format!("all of {}", resource.word()), &|other| other.resource() == Some(resource)));
        }
        text
    }

    fn json(&self) -> Value {
        let hours = self.spending.hours.iter().map(|(hour, spent)| {
            let from = Timestamp::from_second(hour.saturating_mul(3_600)).ok();
            json!({ "from": from, "spent": spent })
        });
        let budgets = self.spending.balances.iter().map(|(resource, balance)| {
            let (remaining, used, _) = self.standing(balance);
            let remaining = remaining.parse::<u64>().ok();
            json!({ "resource": resource, "limit": balance.limit, "remaining": remaining, "used": used,
                "reset": balance.reset })
        });
        json!({
            "repository": self.repository, "asOf": self.spending.as_of, "budgets": budgets.collect::<Vec<_>>(),
            "limits": self.spending.limits, "hours": hours.collect::<Vec<_>>(),
            "breakers": self.breakers.iter().map(|(gauge, _)| gauge).collect::<Vec<_>>(),
        })
    }
}

fn sum(span: &Tallies, wanted: &dyn Fn(Reason) -> bool) -> Tally {
    let tallies = span.iter().filter(|(reason, _)| wanted(**reason)).map(|(_, tally)| *tally);
    tallies.fold(Tally::default(), Tally::plus)
}

/// Three columns; nothing at all is left blank, so that what is there stands out.
fn cells(tally: Tally) -> String {
    let cell = |number: u64| if number == 0 { String::new() } else { number.to_string() };
    format!("{:>5}{:>6}{:>7}", cell(tally.requests), cell(tally.unchanged), cell(tally.points))
}

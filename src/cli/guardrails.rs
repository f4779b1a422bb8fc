//! `orchestrator guardrails`: what each guardrail says of the pull request that the loop is about.
//!
//! **Guarantees**: changes nothing but the clone. The exit code says whether it could be merged now.

use super::{Target, engine, output};
use crate::config::environment::Environment;
use crate::decide::guardrail::{Guard, Listing};
use crate::engine::port::{Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::model::Severity;
use crate::repo::Configuration;
use clap::Args;

/// Columns of a state: the longest is one that is unknown and warns.
const STATE: usize = 15;
/// Columns before the words.
const INDENT: usize = 16 + STATE;

/// Flags of `guardrails`.
#[derive(Debug, Args)]
pub(super) struct Guardrails {
    #[command(flatten)]
    target: Target,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

impl Guardrails {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let settings = self.target.settings(environment)?;
        super::with_token(&settings)?;
        let engine = engine(&settings, Configuration::User, SystemClock)?;
        let lock = engine.remote.lock().await?;
        let listing = engine.guardrails(&lock).await?;
        if self.json {
            output::json(&serde_json::json!(listing));
        } else {
            print(listing.as_ref());
        }
        let no = |guard: &Guard| guard.weight == Severity::Strict && !matches!(guard.state, "pass" | "unseen");
        Ok(match listing {
            None => Exit::Absent,
            Some(listing) if listing.guardrails.iter().any(no) => Exit::Refused,
            Some(_) => Exit::Done,
        })
    }
}

fn print(listing: Option<&Listing>) {
    let Some(listing) = listing else {
        output::lines("no pull request of a bound issue is open, so there is nothing to judge", 0);
        return;
    };
    output::lines(&format!("{} {}, for {}\n", listing.pull, listing.title, listing.key), 2);
    for guard in &listing.guardrails {
        let state = match guard.weight {
            Severity::Strict | Severity::Off => guard.state.to_owned(),
            Severity::Warn => format!("{}, warns", guard.state),
        };
        let why = guard.why.as_deref().unwrap_or_default();
        output::lines(format!("{:<15} {state:<STATE$}{why}", guard.name).trim_end(), INDENT);
        if let Some(lifts) = &guard.lifts {
            // An address is longer than what a deeper place would leave of a narrow terminal.
            output::lines(&format!("{:INDENT$}lift: {lifts}", ""), INDENT);
        }
    }
}

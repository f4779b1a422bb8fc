//! `orchestrator fsck`: what disagrees, what it means, and what settles it.
//!
//! **Guarantees**: changes nothing but the clone. The exit code says whether a person is needed.

use super::{Target, engine, output};
use crate::config::environment::Environment;
use crate::decide::audit::{Audit, Finding};
use crate::engine::port::{Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::repo::Configuration;
use clap::Args;

/// Flags of `fsck`.
#[derive(Debug, Args)]
pub(super) struct Fsck {
    #[command(flatten)]
    target: Target,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Fsck {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let engine = engine(&self.target.settings(environment)?, Configuration::User, SystemClock)?;
        let lock = engine.remote.lock().await?;
        let (_, audit) = engine.look_for_audit(&lock).await?;
        if self.json {
            output::json(&serde_json::json!(audit));
        } else {
            print(&audit);
        }
        let person = audit.findings.iter().any(|finding| !finding.heals);
        Ok(if person { Exit::Stalled } else { Exit::Done })
    }
}

fn print(audit: &Audit) {
    let counted = format!("({} bindings, {} files)", audit.bindings, audit.files);
    if audit.findings.is_empty() {
        output::lines(&format!("files, bindings, issues, pull requests and trailers agree {counted}"), 0);
        return;
    }
    let (heals, person): (Vec<&Finding>, Vec<&Finding>) = audit.findings.iter().partition(|finding| finding.heals);
    let several = |count: usize, what: &str| format!("{count} {what} {counted}");
    if !person.is_empty() {
        output::lines(&several(person.len(), "to be settled by a person"), 2);
        section(&person);
    }
    if !heals.is_empty() {
        let gap = if person.is_empty() { "" } else { "\n" };
        output::lines(&format!("{gap}{}", several(heals.len(), "that the loop settles by itself")), 2);
        section(&heals);
    }
}

fn section(findings: &[&Finding]) {
    for finding in findings {
        output::lines(&format!("  -  {}", finding.what), 5);
        output::lines(&format!("     means:  {}", finding.means), 13);
        output::lines(&format!("     settle: {}", finding.settles), 13);
    }
}

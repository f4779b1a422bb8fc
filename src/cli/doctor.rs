//! `orchestrator doctor`: whether everything is in place.

use super::{Target, engine, output};
use crate::config::environment::Environment;
use crate::config::settings::Settings;
use crate::engine::doctor::{Finding, TokenFacts, Verdict, judge};
use crate::engine::port::{Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::model::TokenKind;
use crate::repo::Configuration;
use clap::Args;
use secrecy::ExposeSecret;

/// Flags of `doctor`.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    target: Target,
    /// Print the checks as JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let settings = self.target.settings(environment)?;
        let token = token(&settings);
        let engine = engine(&settings, Configuration::User, SystemClock)?;
        let lock = engine.remote.lock().await?;
        let facts = engine.checkup(&lock, token).await;
        let findings = judge(&facts);
        if self.json {
            output::json(&serde_json::json!({ "repository": facts.repository, "checks": findings }));
        } else {
            output::lines(&format!("{}\n\n{}", facts.repository, findings.iter().map(line).collect::<String>()), 19);
        }
        let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
        Ok(if failed { Exit::Refused } else { Exit::Done })
    }
}

/// What is known of the token without asking anybody.
fn token(settings: &Settings) -> Option<TokenFacts> {
    let token = settings.token.as_ref()?;
    let source = settings.source.as_ref().map_or_else(String::new, crate::config::token::TokenSource::name);
    Some(TokenFacts { source, kind: TokenKind::of(token.expose_secret()) })
}

fn line(finding: &Finding) -> String {
    let mend = finding.mend.as_deref().map_or_else(String::new, |mend| format!("{:19}mend: {mend}\n", ""));
    format!("{}  {:<13}{}\n{mend}", finding.verdict.word(), finding.check, finding.evidence)
}

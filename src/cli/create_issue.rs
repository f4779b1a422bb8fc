//! `orchestrator create-issue`: one issue, as the predecessor's command made it.
//!
//! **Guarantees**: nobody is assigned and no marker is set, so the loop does not care for it. An open issue of our account
//! with exactly this title is not made twice.
//! **Races**: two of these commands at once may both find none; lists at GitHub lag.

use super::{RealEngine, Target, engine, output, with_token};
use crate::config::environment::Environment;
use crate::engine::port::{Clock, Remote, SystemClock};
use crate::failure::{Exit, Failure};
use crate::message::{self, MAX_BODY, MAX_TITLE};
use crate::model::{CreatedIssue, IssueText, LoopPolicy, Marker, Performed, Question};
use crate::repo::Configuration;
use clap::Args;

/// What GitHub gives a label that is made without a colour.
const PLAIN: &str = "ededed";

/// Flags of `create-issue`.
#[derive(Debug, Args)]
pub(super) struct CreateIssue {
    #[command(flatten)]
    target: Target,
    /// Its title
    #[arg(long)]
    title: String,
    /// Its text
    #[arg(long, default_value = "")]
    body: String,
    /// Its labels, parted by commas; missing ones are made
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    labels: Vec<String>,
    /// Print the number as JSON
    #[arg(long)]
    json: bool,
}

impl CreateIssue {
    pub(super) async fn run(self, environment: &Environment) -> Result<Exit, Failure> {
        let text = self.text()?;
        let settings = self.target.settings(environment)?;
        with_token(&settings)?;
        let engine = engine(&settings, Configuration::User, SystemClock)?;
        engine.resume(SystemClock.now()).await;
        let made = make(&engine, &text).await;
        // While another process works in the clone its numbers are kept and these are not.
        if let Ok(lock) = engine.remote.lock().await {
            engine.keep_spending(&lock).await;
        }
        match made? {
            Performed::Done { value } => {
                if self.json {
                    output::json(&serde_json::json!({ "number": value.number, "title": text.title }));
                } else {
                    output::lines(&format!("Created issue {}: {}", value.number, text.title), 2);
                }
                Ok(Exit::Done)
            }
            Performed::NotDone { why, .. } => {
                let help = "check what the token may do: issues, read and write";
                Err(Failure::new(Exit::Refused, format!("the issue was not created: {why}"), help))
            }
            Performed::Unknown { why } => {
                let help = "run the command again in a minute: it answers 3 if the issue is there";
                Err(Failure::new(Exit::Unreachable, format!("nobody knows whether it was created: {why}"), help))
            }
        }
    }

    fn text(&self) -> Result<IssueText, Failure> {
        let wrong = |text: String| Err(Failure::new(Exit::Settings, text, "run orchestrator create-issue --help"));
        let title = self.title.trim();
        if title.is_empty() || title.chars().any(char::is_control) {
            return wrong("--title is empty, or more than one line".to_owned());
        }
        if title.chars().count() > MAX_TITLE || self.body.chars().count() > MAX_BODY {
            return wrong(format!("a title has at most {MAX_TITLE} characters, a body at most {MAX_BODY}"));
        }
        if Marker::find(&self.body).is_some() {
            return wrong("--body holds a marker by which the loop knows its own issues".to_owned());
        }
        let labels = self.labels.iter().map(|label| label.trim()).filter(|label| !label.is_empty());
        let labels = labels.map(|label| (label.to_owned(), color(label).to_owned())).collect();
        Ok(IssueText { title: title.to_owned(), body: self.body.clone(), labels })
    }
}

/// Makes missing labels and the issue, each write by itself.
async fn make(engine: &RealEngine<SystemClock>, text: &IssueText) -> Result<Performed<CreatedIssue>, Failure> {
    let client = &engine.forge;
    let viewer = client.observe(&Question::default()).await?.viewer;
    if let Some(issue) = client.open_issue_titled(&viewer, &text.title).await? {
        let words = format!("{} of {} is open and has this title", issue.number, engine.repository);
        return Err(Failure::new(Exit::Held, words, "close it, or give the new one another title"));
    }
    let spacing = LoopPolicy::default().write_spacing();
    for (name, color) in client.missing_labels(&text.labels).await? {
        match engine.spaced(spacing, client.create_label(&name, &color)).await {
            Performed::Done { .. } => {}
            Performed::NotDone { why, refused } => return Ok(Performed::NotDone { why, refused }),
            Performed::Unknown { why } => return Ok(Performed::NotDone { why, refused: None }),
        }
    }
    Ok(engine.spaced(spacing, client.create_issue(text)).await)
}

/// Ours have theirs.
fn color(name: &str) -> &'static str {
    let ours = [message::GAP, message::DEVELOPMENT, message::CAPABILITY];
    ours.iter().find(|label| label.name.eq_ignore_ascii_case(name)).map_or(PLAIN, |label| label.color)
}

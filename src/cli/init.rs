//! `orchestrator init`: the files that begin the loop, shown and committed after a yes.
//!
//! **Guarantees**: nothing is written before somebody said yes, on the terminal or with `--yes`, and then one commit on the
//! mainline; a checkout is only read. `--undo` takes back what is still as it was.

use super::{RealEngine, Target, output};
use crate::config::environment::Environment;
use crate::config::settings;
use crate::engine::port::{Clock, Remote, SystemClock, away};
use crate::engine::{Init, InitPlan};
use crate::failure::{Exit, Failure};
use crate::forge::Client;
use crate::model::{CommitId, FilesChange, LoopPolicy, Performed, RepositoryName};
use crate::planning::SKELETON;
use crate::repo::{Checkout, Configuration, RepositoryLock};
use clap::Args;
use std::sync::Arc;

/// What a first branch is called where GitHub doesn't say.
const FIRST_BRANCH: &str = "main";

/// Flags of `init`.
#[derive(Debug, Args)]
pub(super) struct InitCommand {
    /// The repository, as owner/name; in a checkout, the one its `origin` names
    #[arg(value_name = "OWNER/NAME", conflicts_with = "repo")]
    repository: Option<String>,
    #[command(flatten)]
    target: Target,
    /// Take back what an earlier init added, where nobody has touched it
    #[arg(long)]
    undo: bool,
    /// Commit what is shown without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// Print the change, as `git apply` takes it, and nothing else
    #[arg(long)]
    dry_run: bool,
}

impl InitCommand {
    pub(super) async fn run(mut self, environment: &Environment) -> Result<Exit, Failure> {
        self.target.repo = self.repository.take().or(self.target.repo);
        let settings = self.target.settings(environment)?;
        let drafts = drafts(&settings.repository);
        let engine = super::engine(&settings, Configuration::User, SystemClock)?;
        let lock = engine.remote.lock().await?;
        engine.resume(SystemClock.now()).await;
        let first = match &settings.token {
            Some(_) => first_branch(&engine.forge).await,
            None => FIRST_BRANCH.to_owned(),
        };
        let ended = self.commit(&engine, &lock, first, drafts).await;
        // What was asked and written counts, whatever came of it; the next command's first write keeps its distance.
        engine.keep_spending(&lock).await;
        ended
    }

    /// Plans the commit, shows it, and makes it where somebody agrees to it.
    async fn commit(
        &self,
        engine: &RealEngine<SystemClock>,
        lock: &Arc<RepositoryLock>,
        first: String,
        drafts: Vec<&'static str>,
    ) -> Result<Exit, Failure> {
        let undo = self.undo;
        let (clone, held, repository) = (Arc::clone(&engine.remote), Arc::clone(lock), engine.repository.clone());
        let planned = away(move || {
            let first_branch = first.as_str();
            let init = Init { clone: &clone, lock: &held, repository: &repository, first_branch, clock: &SystemClock };
            if undo { init.plan_undo() } else { init.plan(&drafts) }
        });
        let plan = planned.await?;
        let Some(change) = self.agreed(&engine.repository, &plan)? else { return Ok(Exit::Done) };
        let (branch, add) = (plan.branch.clone(), !change.add.is_empty());
        let (clone, held, repository) = (Arc::clone(&engine.remote), Arc::clone(lock), engine.repository.clone());
        let made = away(move || {
            let first_branch = plan.branch.as_str();
            let init = Init { clone: &clone, lock: &held, repository: &repository, first_branch, clock: &SystemClock };
            init.perform(&plan, &change)
        });
        match engine.spaced(LoopPolicy::default().write_spacing(), made).await {
            Performed::Done { value } => {
                if let Some(words) = &value.bypassed {
                    output::aside(&format!("it went past the rules of {branch}: {words}"));
                }
                output::lines(&done(value.commit, &branch, add), 0);
                Ok(Exit::Done)
            }
            Performed::NotDone { why, refused: Some(_) } => Err(refused(&branch, &why)),
            Performed::NotDone { why, refused: None } => {
                Err(Failure::new(Exit::Refused, format!("nothing was committed: {why}"), "run it again"))
            }
            Performed::Unknown { why } => {
                let text = format!("whether the commit arrived is not known: {why}");
                Err(Failure::new(Exit::Unreachable, text, "run it again; what is there already is left as it is"))
            }
        }
    }

    /// Shows the plan and gives the change where somebody agrees to it; `None` where there is nothing to do.
    fn agreed(&self, repository: &RepositoryName, plan: &InitPlan) -> Result<Option<FilesChange>, Failure> {
        let (Some(change), Some(push)) = (&plan.change, &plan.push) else {
            let nothing = if self.undo { "nothing to take back" } else { "nothing to add" };
            output::aside(&format!("{repository}: {nothing}"));
            plan.left.iter().for_each(|left| output::aside(&format!("  {left}")));
            return Ok(None);
        };
        if self.dry_run {
            output::verbatim(push.patch.trim_end());
            return Ok(None);
        }
        let message = push.message.lines().next().unwrap_or_default();
        output::lines(&format!("{repository}: one commit on {}: {message}", plan.branch), 0);
        output::verbatim(&format!("\n{}", push.patch));
        plan.left.iter().for_each(|left| output::lines(&format!("left as it is: {left}"), 2));
        if self.yes {
            return Ok(Some(change.clone()));
        }
        match output::ask("Commit and push this? [y/N]") {
            Some(true) => Ok(Some(change.clone())),
            Some(false) => Err(Failure::new(Exit::Refused, "nothing was written", "run it again when you want it")),
            None => {
                let text = "nobody is there to say yes, so nothing was written";
                Err(Failure::new(Exit::Refused, text, "run it again with --yes"))
            }
        }
    }
}

/// What the first branch is to be called: as GitHub says, where it can be asked.
async fn first_branch(client: &Client) -> String {
    let named = client.default_branch().await.unwrap_or_else(|error| {
        tracing::debug!(%error, "GitHub does not say what the default branch is called");
        None
    });
    named.unwrap_or_else(|| FIRST_BRANCH.to_owned())
}

/// Paths of the skeleton that lie in the checkout of this repository beside which the command runs.
fn drafts(repository: &RepositoryName) -> Vec<&'static str> {
    let checkout = settings::working_directory().ok().and_then(|folder| Checkout::find(&folder).ok().flatten());
    let named = |checkout: &Checkout| {
        let remote = checkout.origin.as_deref().and_then(crate::config::address::RemoteAddress::parse);
        remote.is_some_and(|remote| remote.repository.to_string().eq_ignore_ascii_case(&repository.to_string()))
    };
    let Some(checkout) = checkout.filter(named) else { return Vec::new() };
    let there = |path: &&str| std::fs::symlink_metadata(checkout.root.join(path)).is_ok();
    SKELETON.iter().map(|file| file.path).filter(there).collect()
}

fn done(commit: CommitId, branch: &str, added: bool) -> String {
    let short = commit.short();
    if added {
        format!(
            "committed as {short} on {branch}\n\nnext: git pull, write planning/vision/goal.md, commit and push it; then: orchestrator doctor"
        )
    } else {
        format!("committed as {short} on {branch}\n\nnext: git pull")
    }
}

fn refused(branch: &str, why: &str) -> Failure {
    let text = format!("{branch} does not take the commit: {why}");
    let help = "make it by a pull request: orchestrator init --dry-run > init.patch && git apply init.patch; what the token may \
        do says: orchestrator doctor";
    Failure::new(Exit::Refused, text, help)
}

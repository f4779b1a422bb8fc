//! `doctor`: whether everything is in place, before a night depends on it.
//!
//! **Needs** what a look needs, and less: what can't be asked is said, and the other checks go on. **Guarantees**: nothing
//! is written anywhere but in our clone. Each check is a pure judgement on facts that were gathered once: pass, warn or
//! fail, with its evidence and what mends it. The rules of the mainline are one check with a finding each.
//! **Races**: what was in place may be gone a minute later; the loop says so then.

mod agent;
mod clock;
mod git;
mod goal;
mod labels;
mod ledger;
mod method;
mod policy;
mod queue;
mod remote;
mod repository;
mod rights;
mod rules;
mod runs;
mod token;

use super::Engine;
use super::git_view::GitView;
use super::port::{Clock, ForgeCheckup, RemoteCheckup};
use crate::failure::{Explain, Failure};
use crate::message;
use crate::model::{Bypass, Identity, MainlineRules, Question, RepositoryFacts, RepositoryName, Rights, TokenKind};
use jiff::Timestamp;
use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// In place.
    Pass,
    /// The loop works, but not as well as it could.
    Warn,
    /// The loop does not work so.
    Fail,
    /// Not asked, because something before it failed.
    Skipped,
}

impl Verdict {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skip",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which.
    pub check: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: String,
    /// The command or the link that mends it.
    pub mend: Option<String>,
}

/// A fact that may not have been to be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked<T> {
    /// It is so.
    Known(T),
    /// It was asked and not answered.
    Failed(Failure),
    /// It was not asked.
    Not(&'static str),
}

/// The token, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    /// Where it comes from.
    pub source: String,
    /// What its first letters say.
    pub kind: TokenKind,
}

/// Everything that the checks judge.
pub struct Facts {
    /// Which repository.
    pub repository: RepositoryName,
    /// The token, where there is one.
    pub token: Option<TokenFacts>,
    /// The version of git.
    pub git: Asked<String>,
    /// The default branch, asked of git; `None` in an empty repository.
    pub branch: Asked<Option<String>>,
    /// What git says.
    pub view: Asked<GitView>,
    /// Whose token it is.
    pub identity: Asked<Identity>,
    /// What it may do.
    pub rights: Asked<Rights>,
    /// The repository as GitHub has it.
    pub forge: Asked<RepositoryFacts>,
    /// Whether the agent may be assigned.
    pub agent: Asked<bool>,
    /// The rules of the mainline.
    pub rules: Asked<MainlineRules>,
    /// Whether workflow runs of the agent wait for a person; `None` where that can't be read.
    pub approval: Asked<Option<bool>>,
    /// A push that went past the rules, as the last look kept it.
    pub bypassed: Option<Bypass>,
    /// Labels that there are not yet.
    pub missing_labels: Asked<Vec<String>>,
    /// Our clock when GitHub's was read.
    pub now: Timestamp,
}

/// Judges the facts, in the order in which a person would mend them.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let before: [fn(&Facts) -> Finding; 11] = [
        git::judge,
        remote::judge,
        token::judge,
        rights::judge,
        repository::judge,
        agent::judge,
        runs::judge,
        labels::judge,
        ledger::judge,
        policy::judge,
        method::judge,
    ];
    let after: [fn(&Facts) -> Finding; 3] = [goal::judge, queue::judge, clock::judge];
    let one = |check: &fn(&Facts) -> Finding| check(facts);
    before.iter().map(one).chain(rules::judge(facts)).chain(after.iter().map(one)).collect()
}

fn finding(check: &'static str, verdict: Verdict, evidence: impl Into<String>) -> Finding {
    Finding { check, verdict, evidence: evidence.into(), mend: None }
}

impl Finding {
    fn mended_by(self, mend: impl Into<String>) -> Self {
        Self { mend: Some(mend.into()), ..self }
    }
}

impl<T> Asked<T> {
    /// The fact, or the finding of a check that lacks it.
    fn known(&self, check: &'static str) -> Result<&T, Finding> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Failed(failure) => {
                let text = failure.text.lines().map(str::trim).collect::<Vec<_>>().join(" ");
                Err(finding(check, Verdict::Fail, text).mended_by(failure.help.clone()))
            }
            Self::Not(why) => Err(finding(check, Verdict::Skipped, format!("not asked: {why}"))),
        }
    }

    fn of<E: Explain>(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Known(value),
            Err(error) => Self::Failed(error.into()),
        }
    }
}

impl<F: ForgeCheckup, R: RemoteCheckup, C: Clock> Engine<F, R, C>
where
    F::Error: Explain,
    R::Error: Explain,
{
    /// Gathers what the checks judge. Every question is asked, whatever came of the one before it.
    pub async fn checkup(&self, lock: &R::Lock, token: Option<TokenFacts>) -> Facts {
        self.resume(self.clock.now()).await;
        let facts = self.gather(lock, token).await;
        self.keep_spending(lock).await;
        facts
    }

    async fn gather(&self, lock: &R::Lock, token: Option<TokenFacts>) -> Facts {
        let mut facts = Facts {
            repository: self.repository.clone(),
            git: Asked::of(self.remote.git_version().await),
            branch: Asked::of(self.remote.default_branch().await),
            view: Asked::Not("the repository is empty, or its remote can't be reached"),
            identity: Asked::Not("there is no token"),
            rights: Asked::Not("there is no token"),
            forge: Asked::Not("there is no token"),
            agent: Asked::Not("there is no token"),
            rules: Asked::Not("there is no token"),
            approval: Asked::Not("there is no token"),
            bypassed: None,
            missing_labels: Asked::Not("there is no token"),
            now: self.clock.now(),
            token,
        };
        if matches!(facts.branch, Asked::Known(Some(_))) {
            facts.view = Asked::of(self.git_view(lock).await);
        }
        if facts.token.is_none() {
            return facts;
        }
        facts.identity = Asked::of(self.forge.identity().await);
        facts.now = self.clock.now();
        facts.forge = Asked::of(self.forge.observe(&Question::default()).await.map(|seen| seen.repository));
        let why = match &facts.forge {
            Asked::Known(seen) if seen.name.to_string().eq_ignore_ascii_case(&self.repository.to_string()) => None,
            Asked::Known(_) => Some("the repository has another name"),
            Asked::Failed(_) | Asked::Not(_) => Some("GitHub can't be asked, or does not show the repository"),
        };
        if let Some(why) = why {
            (facts.rights, facts.agent, facts.missing_labels) = (Asked::Not(why), Asked::Not(why), Asked::Not(why));
            (facts.rules, facts.approval) = (Asked::Not(why), Asked::Not(why));
            return facts;
        }
        facts.rules = match &facts.branch {
            Asked::Known(Some(branch)) => Asked::of(self.forge.mainline_rules(branch).await),
            Asked::Known(None) | Asked::Failed(_) | Asked::Not(_) => Asked::Not("git names no mainline"),
        };
        let kept = self.remote.recall().await.filter(|kept| kept.repository == self.repository);
        facts.bypassed = kept.and_then(|kept| kept.bypassed);
        facts.approval = Asked::of(self.forge.runs_need_approval().await);
        facts.rights = Asked::of(self.forge.rights().await);
        facts.agent = Asked::of(self.forge.agent_assignable().await);
        let missing = self.forge.missing_labels(&message::labels()).await;
        facts.missing_labels = Asked::of(missing.map(|missing| missing.into_iter().map(|(name, _)| name).collect()));
        facts
    }
}

//! `doctor`: whether everything is in place, before a night depends on it.
//!
//! **Needs** what a look needs, and less: what can't be asked is said, and the other checks go on. **Guarantees**: nothing
//! is written anywhere but in our clone. Each check is a pure judgement on facts that were gathered once: pass, warn or
//! fail, with its evidence and what mends it.
//! **Races**: what was in place may be gone a minute later; the loop says so then.

mod agent;
mod clock;
mod git;
mod goal;
mod labels;
mod ledger;
mod policy;
mod queue;
mod remote;
mod repository;
mod rights;
mod token;

use super::Engine;
use super::git_view::GitView;
use super::port::{Clock, ForgeCheckup, RemoteCheckup};
use crate::failure::{Explain, Failure};
use crate::message;
use crate::model::{Identity, Question, RepositoryFacts, RepositoryName, Rights};
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

/// What a token's first letters say (github.blog, "Behind GitHub's new authentication token formats").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// `ghp_`: a personal access token, classic.
    Classic,
    /// `github_pat_`: a personal access token, fine-grained.
    FineGrained,
    /// `gho_`: of an OAuth app, such as `gh`.
    OAuth,
    /// `ghu_`: of a user, by a GitHub App.
    AppUser,
    /// `ghs_`: of an installation or of Actions: no user.
    Server,
    /// Anything else.
    Unknown,
}

impl TokenKind {
    /// The kind of a token.
    pub fn of(token: &str) -> Self {
        let kinds = [
            ("ghp_", Self::Classic),
            ("github_pat_", Self::FineGrained),
            ("gho_", Self::OAuth),
            ("ghu_", Self::AppUser),
            ("ghs_", Self::Server),
        ];
        kinds.into_iter().find(|(start, _)| token.starts_with(start)).map_or(Self::Unknown, |(_, kind)| kind)
    }
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
    /// Labels that there are not yet.
    pub missing_labels: Asked<Vec<String>>,
    /// Our clock when GitHub's was read.
    pub now: Timestamp,
}

/// Judges the facts, in the order in which a person would mend them.
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let checks: [fn(&Facts) -> Finding; 12] = [
        git::judge,
        remote::judge,
        token::judge,
        rights::judge,
        repository::judge,
        agent::judge,
        labels::judge,
        ledger::judge,
        policy::judge,
        goal::judge,
        queue::judge,
        clock::judge,
    ];
    checks.iter().map(|check| check(facts)).collect()
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
            return facts;
        }
        facts.rights = Asked::of(self.forge.rights().await);
        facts.agent = Asked::of(self.forge.agent_assignable().await);
        let missing = self.forge.missing_labels(&message::labels()).await;
        facts.missing_labels = Asked::of(missing.map(|missing| missing.into_iter().map(|(name, _)| name).collect()));
        facts
    }
}

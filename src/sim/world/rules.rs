//! The rules of the mainline, and what GitHub says to a change that breaks them.
//!
//! Guarantees: the words are GitHub's, as they are printed by a push (vercel/sandbox#169, mng-g/gcp-devops-project#4).

use super::{AccountId, Refusal, World};

/// Why a push is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushRule {
    /// Who pushes may not.
    Permission,
    /// Changes come through pull requests only.
    PullRequest,
    /// Commits must be signed, and nothing else is wrong.
    Signatures,
}

const PULL_REQUEST: &str = "Changes must be made through a pull request.";
const SIGNATURES: &str = "Commits must have verified signatures.";

impl World {
    /// The rules that a push to a ref breaks, as sentences.
    fn broken_by_push(&self, reference: &str) -> Vec<&'static str> {
        let mainline = reference.strip_prefix("refs/heads/") == Some(self.mainline.as_str());
        let rules = [(self.settings.mainline_protected, PULL_REQUEST), (self.settings.signatures_required, SIGNATURES)];
        rules.into_iter().filter(|(required, _)| mainline && *required).map(|(_, words)| words).collect()
    }

    /// What a push to a ref is told: nothing, that it went past rules, or why it is refused, in the words that the hook and
    /// git print.
    pub fn judge_push(&self, reference: &str) -> Result<Option<String>, (PushRule, String)> {
        let broken = self.broken_by_push(reference);
        if broken.is_empty() {
            return Ok(None);
        }
        let words = broken.join(" ");
        if self.settings.rules_bypassable {
            return Ok(Some(format!("Bypassed rule violations for {reference}: {words}")));
        }
        let (head, summary) = if self.settings.signatures_required {
            ("GH013: Repository rule violations found", "push declined due to repository rule violations")
        } else {
            ("GH006: Protected branch update failed", "protected branch hook declined")
        };
        let rule = if broken == [SIGNATURES] { PushRule::Signatures } else { PushRule::PullRequest };
        Err((rule, format!("{head} for {reference}. {words} [remote rejected] ({summary})")))
    }

    /// Whether GitHub may commit on a branch for somebody.
    pub(in crate::sim) fn may_commit(&self, by: AccountId, branch: &str, expected: &str) -> Result<(), Refusal> {
        let login = self.account(by).map_or("", |account| account.login.as_str());
        if !self.permission(by).can_write() || self.settings.archived {
            let words = format!("{login} does not have the correct permissions to execute `CreateCommitOnBranch`");
            return Err(Refusal::Forbidden(words));
        }
        let tip = self.branch(branch).ok_or(Refusal::Absent("Could not resolve to a node."))?;
        if tip != expected {
            let words = format!("Expected branch to point to \"{expected}\" but it did not.  Pull and try again.");
            return Err(Refusal::Conflict(words));
        }
        if branch == self.mainline && self.settings.mainline_protected && !self.settings.rules_bypassable {
            let words = format!("Repository rule violations found\n\n{PULL_REQUEST}\n\n");
            return Err(Refusal::Unprocessable(words));
        }
        Ok(())
    }
}

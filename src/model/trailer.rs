//! Trailers of the engine's mainline commits.
//!
//! **Guarantees**: what is written here can be read back; a value never holds a line break. Trailers add to history,
//! they decide nothing: a squash or a rebase may lose them.

use super::id::{CommitId, IssueNumber, PullNumber};
use super::queue::ItemName;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What a mainline commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// `pending/` → `processed/`.
    Promote,
    /// `processed/` → `complete/`.
    Complete,
    /// → `complete/` without being done.
    Drop,
}

impl Step {
    /// Its word in trailers and subjects.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Promote => "promote",
            Self::Complete => "complete",
            Self::Drop => "drop",
        }
    }
}

/// The trailers of one commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailers {
    /// The queue item that moved.
    pub item: ItemName,
    /// Why it moved.
    pub step: Step,
    /// The issue it is bound to.
    pub issue: Option<IssueNumber>,
    /// The pull request that settled it.
    pub pull: Option<PullNumber>,
    /// That pull request's merge commit.
    pub merge: Option<CommitId>,
    /// The capability update that follows.
    pub capability_issue: Option<IssueNumber>,
}

impl Trailers {
    /// The same with the number of the issue that the action made: a promotion's own, a completion's capability update.
    #[must_use]
    pub fn with_created(mut self, number: IssueNumber) -> Self {
        match self.step {
            Step::Promote => self.issue = Some(number),
            Step::Complete | Step::Drop => self.capability_issue = Some(number),
        }
        self
    }

    /// The trailers of a commit message that speaks of a queue item; the last one of a name counts.
    pub fn read(message: &str) -> Option<Self> {
        let value = |name: &str| {
            let lines = message.lines().rev();
            lines.filter_map(|line| line.split_once(": ")).find(|(key, _)| *key == name).map(|(_, value)| value.trim())
        };
        let number = |name: &str| value(name)?.strip_prefix('#')?.parse::<u64>().ok();
        let step = value("Orchestrator-Step")?;
        Some(Self {
            item: ItemName::new(value("Orchestrator-Item")?)?,
            step: [Step::Promote, Step::Complete, Step::Drop].into_iter().find(|known| known.word() == step)?,
            issue: number("Issue").map(IssueNumber),
            pull: number("Pull-Request").map(PullNumber),
            merge: value("Merge-Commit").and_then(|id| id.parse().ok()),
            capability_issue: number("Capability-Issue").map(IssueNumber),
        })
    }

    /// The trailer block, `Orchestrator-Op` excluded: the executor makes that id.
    pub fn render(&self) -> String {
        let mut text = format!("Orchestrator-Item: {}\nOrchestrator-Step: {}\n", self.item, self.step.word());
        let mut line = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                // Writing to a String can't fail.
                let _ = writeln!(text, "{name}: {value}");
            }
        };
        line("Issue", self.issue.map(|n| n.to_string()));
        line("Pull-Request", self.pull.map(|n| n.to_string()));
        line("Merge-Commit", self.merge.map(|id| id.to_string()));
        line("Capability-Issue", self.capability_issue.map(|n| n.to_string()));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObjectId;

    #[test]
    fn what_is_written_is_read_back_and_other_commits_say_nothing() {
        let all = Trailers {
            item: ItemName::new("dev: 1.md").expect("a name"),
            step: Step::Complete,
            issue: Some(IssueNumber(12)),
            pull: Some(PullNumber(15)),
            merge: Some(ObjectId::from_bytes([7; 20])),
            capability_issue: Some(IssueNumber(16)),
        };
        let none =
            Trailers { step: Step::Drop, issue: None, pull: None, merge: None, capability_issue: None, ..all.clone() };
        for trailers in [all, none] {
            let message = format!("planning: it\n\n{}Orchestrator-Op: x\n", trailers.render());
            assert_eq!(Trailers::read(&message), Some(trailers));
        }
        for message in ["", "fix: x\n\nIssue: #1\n", "x\n\nOrchestrator-Item: a.md\nOrchestrator-Step: dance\n"] {
            assert_eq!(Trailers::read(message), None, "{message}");
        }
    }
}

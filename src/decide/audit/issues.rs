//! Issues and pull requests against bindings.
//!
//! **Guarantees**: an issue that a person touched is theirs; one that only looks like ours, by somebody else, is not told.

use super::{Cure, Desk, Kind};
use crate::decide::create::{is_bound, is_ours};
use crate::decide::left::ends_unmerged;
use crate::decide::sweep::{needless, touched};
use crate::model::{Binding, BoundIssue, GAP_TITLE, IssueState, ItemOutcome, ListedIssue, PullState};

impl Desk<'_> {
    pub(super) fn issues(&mut self) {
        let (ledger, forge) = (self.ledger, &self.view.snapshot.forge);
        for binding in ledger.bindings.values() {
            if forge.gone.contains(&binding.node) {
                self.gone(binding);
            } else if let Some(issue) = forge.issue(binding.issue) {
                match &binding.outcome {
                    None => self.unsettled(binding, issue),
                    Some(outcome) => self.settled(binding, issue, outcome),
                }
            }
        }
        let traces = self.view.snapshot.needs.traces.as_deref().unwrap_or_default();
        let free = |issue: &&ListedIssue| issue.open && !is_bound(ledger, issue) && is_ours(self.view, ledger, issue);
        for issue in traces.iter().filter(free).collect::<Vec<_>>() {
            self.unbound(issue);
        }
    }

    fn gone(&mut self, binding: &Binding) {
        if binding.is_settled() {
            return;
        }
        let what = format!("{}, which is bound to {}, was deleted or transferred", binding.issue, binding.key);
        let means = "its story can't go on, and nothing else is begun in its place";
        let cure = "transfer it back, or give it up: orchestrator adopt".to_owned();
        self.find(Kind::IssueGone, what, means, Cure::Person(cure));
    }

    fn unsettled(&mut self, binding: &Binding, issue: &BoundIssue) {
        if issue.state != IssueState::Open {
            let what = format!("{} is closed and {} is unsettled", issue.number, binding.key);
            let means = "its end is not in the ledger yet";
            self.find(Kind::ClosedThoughUnsettled, what, means, Cure::Loop("settles it"));
        }
    }

    fn settled(&mut self, binding: &Binding, issue: &BoundIssue, outcome: &ItemOutcome) {
        let (number, recent) = (issue.number, self.is_recent(binding));
        if issue.state == IssueState::Open {
            if issue.reopened {
                let what = format!("{number} was reopened after {} was settled as {outcome}", binding.key);
                let means = "a settled story is over, and nothing more is done for it";
                let cure =
                    format!("close {number}; what is missing goes into a new file in planning/issue_queue/pending/");
                self.find(Kind::Reopened, what, means, Cure::Person(cure));
            } else {
                let what = format!("{number} is open and {} is settled as {outcome}", binding.key);
                let closes = recent && !matches!(outcome, ItemOutcome::Dropped);
                let cure = if closes { Cure::Loop("closes it") } else { Cure::Person(format!("close {number}")) };
                self.find(Kind::OpenThoughSettled, what, "its closing was left over", cure);
            }
        }
        for pull in issue.pulls.iter().filter(|pull| pull.state == PullState::Open) {
            let what = format!("{} for {number} is open and {} is settled as {outcome}", pull.number, binding.key);
            let closes = recent && ends_unmerged(outcome) && binding.pull == Some(pull.number);
            let cure = if closes {
                Cure::Loop("closes it")
            } else {
                Cure::Person(format!("close {}, or merge it if it is wanted", pull.number))
            };
            self.find(Kind::PullThoughSettled, what, "nobody waits for it any more", cure);
        }
    }

    /// An open issue by one of us that no key is bound to.
    fn unbound(&mut self, issue: &ListedIssue) {
        let number = issue.number;
        let Some(marker) = &issue.marker else {
            if issue.title == GAP_TITLE {
                let what = format!("{number} is a gap analysis that nothing is bound to");
                self.find(Kind::Unbound, what, "a predecessor asked it", Cure::Person("orchestrator adopt".to_owned()));
            }
            return;
        };
        let theirs = issue.detail.as_ref().and_then(touched);
        match needless(self.view, self.ledger, marker) {
            Some(needless) => {
                let (kind, what) = match needless.of {
                    Some(other) => (
                        Kind::Duplicate,
                        format!("{number} was made for {} too, which is bound to {other}", needless.key),
                    ),
                    None => {
                        (Kind::Orphan, format!("{number} was made for {}, which is not owed any more", needless.key))
                    }
                };
                match theirs {
                    Some(how) => {
                        let means = format!("nothing will be done for it; {how}, so it is left open");
                        self.find(kind, what, means, Cure::Person(format!("close {number} if it is not needed")));
                    }
                    None if !issue.leads => {
                        let means = "a predecessor made it, and nothing will be done for it";
                        self.find(kind, what, means, Cure::Person(format!("close {number} if it is not needed")));
                    }
                    None => self.find(kind, what, "nothing will be done for it", Cure::Loop("closes it")),
                }
            }
            None if issue.leads => {
                let what = format!("{number} carries our marker and nothing is bound to it");
                let means = "its bind was left over, or the ledger was lost";
                self.find(
                    Kind::Unbound,
                    what,
                    means,
                    Cure::Loop("that needs such an issue binds it instead of making one"),
                );
            }
            None => {
                let what = format!("{number} carries a predecessor's marker and nothing is bound to it");
                let means = "what it is about waits for a person's word";
                self.find(Kind::Unbound, what, means, Cure::Person("orchestrator adopt".to_owned()));
            }
        }
    }
}

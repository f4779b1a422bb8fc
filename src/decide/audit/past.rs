//! History against bindings: merge commits, trailers, and updates of items nobody bound.
//!
//! **Guarantees**: trailers add to the ledger and decide nothing; of one item the newest commit that names an issue is
//! compared. An item that was settled as merged without a capability update is no disagreement.

use super::{Cure, Desk, Kind};
use crate::decide::spot::quoted;
use crate::model::{IssueNumber, ItemName, Key, Trail};
use std::collections::BTreeMap;

impl Desk<'_> {
    pub(super) fn past(&mut self) {
        self.merges();
        self.updates();
        let trail = self.view.snapshot.needs.trail.as_deref().unwrap_or_default();
        self.trailers(trail, |trail| trail.trailers.issue, Key::Item);
        self.trailers(trail, |trail| trail.trailers.capability_issue, Key::Capability);
    }

    fn merges(&mut self) {
        let (ledger, reachable) = (self.ledger, &self.view.snapshot.needs.reachable);
        for binding in ledger.bindings.values() {
            let Some(merge) = binding.merge.filter(|merge| reachable.get(merge) == Some(&false)) else { continue };
            let (branch, short) = (&self.view.snapshot.tips.branch, merge.short());
            let pull = binding.pull.map_or_else(String::new, |pull| format!(" of {pull}"));
            let what = format!("the merge commit {short}{pull}, which settled {}, is not in {branch}", binding.key);
            let means = "the mainline's history was rewritten, or the merge was taken back by force";
            let cure = format!("see whether its change is there: git log {branch} --grep '{}'", binding.issue);
            self.find(Kind::MergeLost, what, means, Cure::Person(cure));
        }
    }

    fn updates(&mut self) {
        let ledger = self.ledger;
        for binding in ledger.bindings.values() {
            let Key::Capability(name) = &binding.key else { continue };
            if !ledger.bindings.contains_key(&Key::Item(name.clone())) {
                let what =
                    format!("{} is bound to the capability update of {name}, and nothing to the item", binding.issue);
                let means = "the update goes on; which issue the item had is not in the ledger";
                let cure = format!("orchestrator adopt {} <#n>", quoted(name.as_str()));
                self.find(Kind::UpdateWithoutItem, what, means, Cure::Person(cure));
            }
        }
    }

    fn trailers(
        &mut self,
        trail: &[Trail],
        number: impl Fn(&Trail) -> Option<IssueNumber>,
        key: impl Fn(ItemName) -> Key,
    ) {
        let mut newest: BTreeMap<&ItemName, (&Trail, IssueNumber)> = BTreeMap::new();
        for one in trail {
            if let Some(number) = number(one) {
                newest.entry(&one.trailers.item).or_insert((one, number));
            }
        }
        for (name, (one, said)) in newest {
            let bound = self.ledger.bindings.get(&key(name.clone())).filter(|binding| binding.issue != said);
            let Some(binding) = bound else { continue };
            let (commit, issue) = (one.commit.short(), binding.issue);
            let what = format!("the commit {commit} says {said} for {}, and the ledger says {issue}", binding.key);
            let means = "the ledger decides; the commit is older than it, or was written by hand";
            let cure = format!("see which of {said} and {issue} is about it, and close the other one");
            self.find(Kind::TrailerDiffers, what, means, Cure::Person(cure));
        }
    }
}

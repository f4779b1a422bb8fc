//! Issues without a marker whose title is like a file's.
//!
//! **Guarantees**: they are shown, with the command that binds one, and never bound by themselves; how much is compared
//! is bounded.

use super::Draft;
use crate::decide::spot::quoted;
use crate::model::{GAP_TITLE, ItemName, ListedIssue, Need};
use crate::planning;

/// How alike two titles are at least.
const ALIKE: f32 = 0.6;
/// Most candidates a file.
const MAX_SHOWN: usize = 3;
/// Most issues that are compared, the newest of them.
const MAX_COMPARED: usize = 500;
/// Most candidates in all; nobody reads more.
const MAX_IN_ALL: usize = 60;

impl Draft<'_> {
    /// Shows what may be a file's issue. A file that waits is only compared with open ones: its turn will come.
    pub(super) fn alike(&mut self, name: &ItemName, waits: bool) {
        if self.plan.shown.len() >= MAX_IN_ALL {
            return;
        }
        let Some(title) = self.title(name) else { return };
        let mut free: Vec<&ListedIssue> = self
            .traces
            .iter()
            .filter(|issue| issue.marker.is_none() && issue.title != GAP_TITLE && (issue.open || !waits))
            .filter(|issue| !self.is_taken(issue))
            .collect();
        free.sort_by_key(|issue| std::cmp::Reverse(issue.number));
        let compared = free.into_iter().take(MAX_COMPARED).map(|issue| (ratio(&title, &issue.title), issue));
        let mut alike: Vec<(f32, &ListedIssue)> = compared.filter(|(ratio, _)| *ratio >= ALIKE).collect();
        alike.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.number.cmp(&other.number)));
        for (_, issue) in alike.into_iter().take(MAX_SHOWN) {
            let state = if issue.open { "open" } else { "closed" };
            let what = format!("{} \"{}\" ({state}) may be the issue of {name}", issue.number, issue.title);
            // A shell takes `#` at the beginning of a word for a comment.
            self.show(what, Some(format!("orchestrator adopt {} {}", quoted(name.as_str()), issue.number.0)));
        }
    }

    fn title(&mut self, name: &ItemName) -> Option<String> {
        let planning = &self.view.snapshot.planning;
        if let Some(item) = planning.pending.iter().find(|item| item.name == *name) {
            return Some(item.title.clone());
        }
        let blob = planning.processed.iter().find(|entry| entry.name == *name)?.blob;
        match self.view.snapshot.needs.bodies.get(&blob) {
            Some(body) => planning::title(body).map(str::to_owned),
            None => {
                self.plan.needs.push(Need::ItemBody { blob });
                None
            }
        }
    }
}

/// How alike two titles are, from 0 to 1.
fn ratio(one: &str, other: &str) -> f32 {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let lengths = (one.chars().count(), other.chars().count());
    // Nothing is more alike than its length allows: at 0.6 the longer one has at most 7/3 of the shorter one.
    if lengths.0.max(lengths.1) * 3 > lengths.0.min(lengths.1) * 7 {
        return 0.0;
    }
    similar::TextDiff::from_chars(one.as_str(), other.as_str()).ratio()
}

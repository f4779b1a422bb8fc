//! WIP: the agent says itself that it is not done, by the title.

use super::{Case, Verdict};
use crate::model::{Actor, Waiting};

pub(super) fn judge(case: &Case<'_>) -> Verdict {
    if !is_wip(&case.pull.title) {
        return Verdict::Pass;
    }
    let why = format!("{} is titled as work in progress", case.pull.number);
    Verdict::Wait(Waiting { why, actor: Actor::Agent, until: None })
}

/// `[WIP] …`, `WIP: …`, `wip …`; the predecessor's rule.
pub(in crate::decide) fn is_wip(title: &str) -> bool {
    let rest = title.trim_start();
    let rest = rest.strip_prefix('[').map_or(rest, str::trim_start);
    let (Some(word), after) = (rest.get(..3), rest.get(3..).and_then(|rest| rest.chars().next())) else {
        return false;
    };
    word.eq_ignore_ascii_case("wip") && !after.is_some_and(|next| next.is_alphanumeric() || next == '_')
}

#[cfg(test)]
mod tests {
    use super::is_wip;

    #[test]
    fn titles() {
        for title in ["[WIP] Add x", "WIP", "wip: x", " [ wip ] x", "[WIP]x"] {
            assert!(is_wip(title), "{title}");
        }
        for title in ["Wipe the cache", "Add WIP", "", "wi", "[Draft] x", "wip_x", "ünïcode"] {
            assert!(!is_wip(title), "{title}");
        }
    }
}

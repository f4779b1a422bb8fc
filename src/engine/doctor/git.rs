//! Is there a git that is new enough?

use super::{Facts, Finding, Verdict, finding};

/// Major and minor version that everything here was tried with.
const OLDEST: (u32, u32) = (2, 38);

pub(super) fn judge(facts: &Facts) -> Finding {
    let version = match facts.git.known("git") {
        Ok(version) => version,
        Err(finding) => return finding,
    };
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let found = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if found >= OLDEST {
        return finding("git", Verdict::Pass, version.clone());
    }
    finding("git", Verdict::Fail, format!("{version} is older than {}.{}", OLDEST.0, OLDEST.1))
        .mended_by("install git 2.38 or newer: https://git-scm.com/downloads")
}

//! Do our clock and GitHub's agree? Leases and waits are told by ours.

use super::{Facts, Finding, Verdict, finding};

/// Seconds from which it is worth a word, and from which leases can't be trusted.
const WARN: i64 = 30;
const FAIL: i64 = 300;

pub(super) fn judge(facts: &Facts) -> Finding {
    let identity = match facts.identity.known("clock") {
        Ok(identity) => identity,
        Err(finding) => return finding,
    };
    let Some(theirs) = identity.server_time else {
        return finding("clock", Verdict::Skipped, "not asked: the answer says no time");
    };
    let ahead = facts.now.duration_since(theirs).as_secs();
    let way = if ahead < 0 { "behind" } else { "ahead of" };
    let (verdict, evidence) = match ahead.abs() {
        off if off >= FAIL => (Verdict::Fail, format!("this machine's clock is {off} s {way} GitHub's")),
        off if off >= WARN => (Verdict::Warn, format!("this machine's clock is {off} s {way} GitHub's")),
        _ => return finding("clock", Verdict::Pass, "within half a minute of GitHub's"),
    };
    finding("clock", verdict, evidence).mended_by("set the clock by the network: timedatectl set-ntp true")
}

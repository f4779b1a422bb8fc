//! Is there a user's token, and does GitHub accept it for a while?

use super::{Facts, Finding, Verdict, finding};

/// Days before its end at which a token is warned of.
const SOON: i64 = 7;
const MAKE: &str = "make a user's token: https://github.com/settings/personal-access-tokens/new";

pub(super) fn judge(facts: &Facts) -> Finding {
    let Some(token) = &facts.token else {
        return finding("token", Verdict::Fail, "there is none; only what git says can be read")
            .mended_by("set ORCHESTRATOR_GITHUB_TOKEN, pass --token-file, or log in: gh auth login");
    };
    let (kind, lacks) = (token.kind.words(), token.kind.lacks().map_or_else(String::new, |lacks| format!("; {lacks}")));
    if !token.kind.works() {
        return finding("token", Verdict::Fail, format!("{kind}, from {}{lacks}", token.source)).mended_by(MAKE);
    }
    let identity = match facts.identity.known("token") {
        Ok(identity) => identity,
        Err(finding) => return finding,
    };
    let evidence = format!("{kind} of {}, from {}{lacks}", identity.login, token.source);
    match identity.expires {
        None => finding("token", Verdict::Pass, evidence),
        Some(end) => {
            let days = end.duration_since(facts.now).as_hours() / 24;
            let verdict = if days < SOON { Verdict::Warn } else { Verdict::Pass };
            let finding = finding("token", verdict, format!("{evidence}; it expires in {days} days, at {end}"));
            if verdict == Verdict::Warn { finding.mended_by(MAKE) } else { finding }
        }
    }
}

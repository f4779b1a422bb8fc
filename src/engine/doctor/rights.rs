//! May the token's account push, and do a classic token's scopes allow it?

use super::{Facts, Finding, Verdict, finding};

const SCOPES: &str = "give the token the scope `repo`: https://github.com/settings/tokens";

pub(super) fn judge(facts: &Facts) -> Finding {
    let rights = match facts.rights.known("rights") {
        Ok(rights) => rights,
        Err(finding) => return finding,
    };
    if !rights.push {
        return finding("rights", Verdict::Fail, "the token's account may not push to the repository").mended_by(format!(
            "ask an owner for write access, or give the fine-grained token actions, contents, issues and pull requests, read and write, on {}",
            facts.repository
        ));
    }
    let scopes = match facts.identity.known("rights") {
        Ok(identity) => identity.scopes.as_ref(),
        Err(finding) => return finding,
    };
    match scopes {
        Some(scopes) if !scopes.iter().any(|scope| scope == "repo" || scope == "public_repo") => {
            let evidence = format!("the token's scopes are {}; writing needs `repo`", listed(scopes));
            finding("rights", Verdict::Fail, evidence).mended_by(SCOPES)
        }
        Some(scopes) => {
            let without =
                "; without `workflow` it can't merge what changes workflows, which is left to a person anyway";
            let without = if scopes.iter().any(|scope| scope == "workflow") { "" } else { without };
            finding("rights", Verdict::Pass, format!("push; scopes {}{without}", listed(scopes)))
        }
        None if rights.admin => finding("rights", Verdict::Pass, "push and administration"),
        None => finding("rights", Verdict::Pass, "push"),
    }
}

fn listed(scopes: &[String]) -> String {
    if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") }
}

//! Is it the repository that was named, and does it take issues?

use super::{Facts, Finding, Verdict, finding};

pub(super) fn judge(facts: &Facts) -> Finding {
    let repository = match facts.forge.known("repository") {
        Ok(repository) => repository,
        Err(finding) => return finding,
    };
    let settings = format!("{}/settings", repository.url);
    if !repository.name.to_string().eq_ignore_ascii_case(&facts.repository.to_string()) {
        return finding("repository", Verdict::Fail, format!("it is {} now", repository.name))
            .mended_by(format!("orchestrator doctor --repo {}", repository.name));
    }
    if repository.archived {
        return finding("repository", Verdict::Fail, "it is archived, so nothing can be written")
            .mended_by(format!("unarchive it: {settings}"));
    }
    if !repository.has_issues {
        return finding("repository", Verdict::Fail, "its issues are switched off")
            .mended_by(format!("switch them on: {settings}"));
    }
    finding("repository", Verdict::Pass, repository.url.clone())
}

//! The policy file `planning/orchestrator.toml`, from its text.
//!
//! **Needs** the bytes at a mainline commit. **Guarantees**: total; every unknown key, wrong type and value out of range
//! is refused with its line. Guardrails that protect from a wrong merge can't be switched off: they are no keys.

use super::spelling;
use crate::model::{
    AgentPolicy, CommitPolicy, Limits, LoopPolicy, MergeMethod, MergePolicy, Policy, PolicyState, Severity,
};
use serde::{Deserialize, Deserializer, de};

/// Largest policy file that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The guardrails that nobody can switch off, as they are named when somebody tries.
const FIXED: [&str; 10] =
    ["author", "fork", "base", "bound_issue", "wip", "agent_at_work", "paths", "hold", "pause", "consent"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    merge: Merge,
    #[serde(default, rename = "loop")]
    pacing: Pacing,
    #[serde(default)]
    limits: Numbers,
    #[serde(default)]
    agent: Agent,
    #[serde(default)]
    commit: Commit,
    #[serde(default)]
    guardrails: Guardrails,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Merge {
    enabled: bool,
    method: MergeMethod,
    cool_down: Option<Millis>,
    update_branch: bool,
    approve: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Pacing {
    max_in_flight: Option<u32>,
    poll: Option<Millis>,
    doubt: Option<Millis>,
    lease: Option<Millis>,
    write_spacing: Option<Millis>,
    auto_link: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Numbers {
    issues_per_hour: Option<u32>,
    merges_per_hour: Option<u32>,
    nudges_per_day: Option<u32>,
    merges_per_day: Option<u32>,
    changed_files: Option<u32>,
    changed_lines: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Agent {
    login: Option<String>,
    start: Option<Millis>,
    rerun_held_runs: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Commit {
    name: Option<String>,
    email: Option<String>,
    skip_ci: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Guardrails {
    checks: Severity,
    mergeable: Severity,
    review_request: Severity,
    reviews: Severity,
    diff_size: Severity,
    cool_down: Severity,
    merge_cap: Severity,
}

/// A duration such as `"500ms"`, `"30s"`, `"2m"` or `"1h"`, at most a day.
struct Millis(u64);

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let wrong =
            || de::Error::custom(format!("`{text}` is not a duration such as \"30s\", \"2m\" or \"1h\" (at most 24h)"));
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(digits);
        let scale = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(wrong()),
        };
        let number: u64 = number.parse().map_err(|_| wrong())?;
        number.checked_mul(scale).filter(|ms| *ms <= 86_400_000).map(Self).ok_or_else(wrong)
    }
}

/// Reads a policy file.
///
/// ```
/// use orchestrator::{config::policy::parse, model::PolicyState};
/// assert_eq!(parse(None), PolicyState::Missing);
/// assert!(matches!(parse(Some(b"version = 1")), PolicyState::Valid { .. }));
/// assert!(matches!(parse(Some(b"version = 1\nmerg = 1")), PolicyState::Invalid { line: Some(2), .. }));
/// ```
pub fn parse(bytes: Option<&[u8]>) -> PolicyState {
    let Some(bytes) = bytes else { return PolicyState::Missing };
    let invalid = |line, problem: &str| PolicyState::Invalid { line, problem: problem.to_owned() };
    if bytes.len() > MAX_BYTES {
        return invalid(None, "the file is larger than 64 KiB");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return invalid(None, "the file is not UTF-8 text") };
    match toml::from_str::<File>(text) {
        Ok(file) => match policy(file) {
            Ok(policy) => PolicyState::Valid { policy },
            Err(problem) => PolicyState::Invalid { line: None, problem },
        },
        Err(error) => {
            let before = error.span().and_then(|span| text.get(..span.start));
            let line = before.map(|before| before.matches('\n').count() + 1);
            PolicyState::Invalid { line, problem: explained(error.message()) }
        }
    }
}

/// Says more than "unknown" where somebody tries to switch a fixed guardrail off or mistypes a key.
fn explained(problem: &str) -> String {
    let named = |name: &&&str| problem.starts_with(&format!("unknown field `{name}`"));
    match FIXED.iter().find(named) {
        Some(name) => format!("the guardrail `{name}` can't be switched off"),
        None => spelling::explained(problem, spelling::POLICY),
    }
}

fn policy(file: File) -> Result<Policy, String> {
    if file.version != 1 {
        return Err(format!("`version = {}` is not known to this program; it knows version 1", file.version));
    }
    let pacing = LoopPolicy::default();
    let limits = Limits::default();
    let commit = CommitPolicy::default();
    let ms = |value: Option<Millis>, default: u64| value.map_or(default, |Millis(ms)| ms);
    let plain = |name: &str, value: String| {
        let fits = !value.trim().is_empty() && value.len() <= 200 && !value.contains(['<', '>', '\n', '\r', '\0']);
        if fits { Ok(value) } else { Err(format!("`{name}` is empty, too long or holds `<`, `>` or a line break")) }
    };
    let policy = Policy {
        merge: MergePolicy {
            enabled: file.merge.enabled,
            method: file.merge.method,
            cool_down_ms: ms(file.merge.cool_down, MergePolicy::default().cool_down_ms),
            update_branch: file.merge.update_branch,
            approve: file.merge.approve,
        },
        pacing: LoopPolicy {
            max_in_flight: file.pacing.max_in_flight.unwrap_or(pacing.max_in_flight),
            poll_ms: ms(file.pacing.poll, pacing.poll_ms),
            doubt_ms: ms(file.pacing.doubt, pacing.doubt_ms),
            lease_ms: ms(file.pacing.lease, pacing.lease_ms),
            write_spacing_ms: ms(file.pacing.write_spacing, pacing.write_spacing_ms),
            auto_link: file.pacing.auto_link,
        },
        limits: Limits {
            issues_per_hour: file.limits.issues_per_hour.unwrap_or(limits.issues_per_hour),
            merges_per_hour: file.limits.merges_per_hour.unwrap_or(limits.merges_per_hour),
            nudges_per_day: file.limits.nudges_per_day.unwrap_or(limits.nudges_per_day),
            merges_per_day: file.limits.merges_per_day.unwrap_or(limits.merges_per_day),
            changed_files: file.limits.changed_files.unwrap_or(limits.changed_files),
            changed_lines: file.limits.changed_lines.unwrap_or(limits.changed_lines),
        },
        agent: AgentPolicy {
            login: agent(file.agent.login)?,
            start_ms: ms(file.agent.start, AgentPolicy::default().start_ms),
            rerun_held_runs: file.agent.rerun_held_runs,
        },
        commit: CommitPolicy {
            name: plain("name", file.commit.name.unwrap_or(commit.name))?,
            email: plain("email", file.commit.email.unwrap_or(commit.email))?,
            skip_ci: file.commit.skip_ci.unwrap_or(commit.skip_ci),
        },
        checks: file.guardrails.checks,
        mergeable: file.guardrails.mergeable,
        review_request: file.guardrails.review_request,
        reviews: file.guardrails.reviews,
        diff_size: file.guardrails.diff_size,
        cool_down: file.guardrails.cool_down,
        merge_cap: file.guardrails.merge_cap,
    };
    in_range(&policy)?;
    Ok(policy)
}

/// The login that assigns the agent. Others come with the agents they belong to: one that can't be recognised again could
/// be assigned and never be seen.
fn agent(login: Option<String>) -> Result<String, String> {
    let known = AgentPolicy::default().login;
    match login {
        None => Ok(known),
        Some(login) if login == known => Ok(login),
        Some(login) => {
            Err(format!("`login = {login:?}` names an agent that this version does not know; it knows {known}"))
        }
    }
}

fn in_range(policy: &Policy) -> Result<(), String> {
    if !(1..=50).contains(&policy.pacing.max_in_flight) {
        return Err("`max_in_flight` is a number from 1 to 50".to_owned());
    }
    if policy.pacing.poll_ms < 1_000 {
        return Err("`poll` is at least \"1s\"".to_owned());
    }
    if policy.pacing.lease_ms < policy.pacing.doubt_ms {
        return Err("`lease` is at least as long as `doubt`".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> (Option<usize>, String) {
        match parse(Some(text.as_bytes())) {
            PolicyState::Invalid { line, problem } => (line, problem),
            other @ (PolicyState::Missing | PolicyState::Valid { .. }) => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        assert_eq!(parse(Some(b"version = 1")), PolicyState::Valid { policy: Policy::default() });
        let policy = Policy::default();
        assert!(!policy.merge.enabled && policy.commit.skip_ci);
        assert_eq!((policy.pacing.poll_ms, policy.pacing.doubt_ms, policy.pacing.lease_ms), (30_000, 120_000, 360_000));
    }

    #[test]
    fn every_key_is_read() {
        let text = "version = 1\n[merge]\nenabled = true\nmethod = \"rebase\"\ncool_down = \"3s\"\nupdate_branch = true\n\
            approve = true\n[loop]\nauto_link = true\nmax_in_flight = 3\npoll = \"1m\"\ndoubt = \"10s\"\n\
            lease = \"1h\"\nwrite_spacing = \"500ms\"\n[limits]\nissues_per_hour = 1\nmerges_per_hour = 2\nnudges_per_day = 0\n\
            merges_per_day = 4\nchanged_files = 5\nchanged_lines = 6\n\
            [agent]\nlogin = \"copilot-swe-agent[bot]\"\nstart = \"7s\"\nrerun_held_runs = true\n[commit]\nname = \"n\"\nemail = \"e@x\"\nskip_ci = false\n[guardrails]\nchecks = \"warn\"\n\
            mergeable = \"off\"\nreview_request = \"warn\"\n\
            reviews = \"warn\"\ndiff_size = \"off\"\ncool_down = \"off\"\nmerge_cap = \"warn\"\n";
        let PolicyState::Valid { policy } = parse(Some(text.as_bytes())) else {
            panic!("{:?}", parse(Some(text.as_bytes())))
        };
        assert_eq!(
            (policy.merge.enabled, policy.merge.method, policy.checks),
            (true, MergeMethod::Rebase, Severity::Warn)
        );
        assert_eq!(
            (policy.pacing.poll_ms, policy.pacing.write_spacing_ms, policy.pacing.max_in_flight),
            (60_000, 500, 3)
        );
        assert_eq!(
            (policy.limits.issues_per_hour, policy.commit.name.as_str(), policy.agent.login.as_str()),
            (1, "n", "copilot-swe-agent[bot]")
        );
        assert_eq!((policy.merge.cool_down_ms, policy.merge.update_branch, policy.merge.approve), (3_000, true, true));
        let limits = policy.limits;
        assert_eq!((limits.merges_per_day, limits.changed_files, limits.changed_lines), (4, 5, 6));
        assert_eq!((policy.pacing.auto_link, policy.agent.start_ms, policy.agent.rerun_held_runs), (true, 7_000, true));
        let weights = (policy.reviews, policy.diff_size, policy.cool_down, policy.merge_cap);
        assert_eq!(weights, (Severity::Warn, Severity::Off, Severity::Off, Severity::Warn));
        assert_eq!((policy.mergeable, policy.review_request), (Severity::Off, Severity::Warn));
    }

    #[test]
    fn what_is_wrong_is_said_at_its_line() {
        assert_eq!(problem("version = 2").1, "`version = 2` is not known to this program; it knows version 1");
        assert_eq!(problem("version = 1\n[loop]\npoll = \"fast\"").0, Some(3));
        assert!(
            problem("version = 1\n[merge]\nenabld = true").1.contains("unknown key `enabld`; did you mean `enabled`?")
        );
        assert_eq!(
            problem("version = 1\n[guardrails]\npaths = \"off\"").1,
            "the guardrail `paths` can't be switched off"
        );
        assert!(problem("version = 1\n[loop]\nmax_in_flight = 0").1.contains("1 to 50"));
        assert!(problem("version = 1\n[loop]\npoll = \"10ms\"").1.contains("at least"));
        assert!(problem("version = 1\n[commit]\nname = \"a<b\"").1.contains("`name`"));
        assert!(problem("version = 1\n[agent]\nlogin = \"x[bot]\"").1.contains("it knows copilot-swe-agent[bot]"));
        assert!(problem("[merge]").1.contains("missing field `version`"));
        assert!(problem(&"#".repeat(70_000)).1.contains("64 KiB"));
        assert!(matches!(parse(Some(b"\xff")), PolicyState::Invalid { .. }));
    }
}

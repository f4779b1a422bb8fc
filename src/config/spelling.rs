//! What was probably meant by a key that isn't known.
//!
//! **Guarantees**: pure; a key of the other file is told so before a similar key of this one.

use similar::get_close_matches;

/// Tables of the policy file, `planning/orchestrator.toml`.
pub(super) const POLICY: &[&str] = &["merge", "loop", "limits", "agent", "commit", "guardrails"];
/// Keys of the machine file.
pub(super) const MACHINE: &[&str] = &["api_url", "git_url", "token_file", "token_command", "repositories"];

/// A parser's complaint, as a person wants to read it.
pub(super) fn explained(message: &str, known: &[&str]) -> String {
    let line = message.lines().collect::<Vec<_>>().join(" ");
    let Some(key) = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) else {
        return line;
    };
    if !known.contains(&key) && POLICY.contains(&key) {
        return format!("`{key}` belongs to the policy file, planning/orchestrator.toml");
    }
    if !known.contains(&key) && MACHINE.contains(&key) {
        return format!("`{key}` belongs to the machine file, $XDG_CONFIG_HOME/orchestrator/config.toml");
    }
    let expected: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
    match get_close_matches(key, &expected, 1, 0.6).first() {
        Some(meant) => format!("unknown key `{}`; did you mean `{meant}`?", crate::text::phrase(key, 100)),
        None => format!("unknown key `{}`; known are {}", crate::text::phrase(key, 100), expected.join(", ")),
    }
}

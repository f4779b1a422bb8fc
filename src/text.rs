//! Text from outside, made harmless where it leaves us.
//!
//! **Needs** nothing. **Guarantees**: total on any text; [`sanitize`] is idempotent and leaves no hidden character, no
//! HTML, no mention, no marker and no closing keyword before a reference. **Not its business**: who may be quoted.

mod defuse;

pub use defuse::{closes_something, disarm, sanitize};

use std::borrow::Cow;

/// A text in a fence that its own content can't close, under a line that says whose it is.
///
/// ```
/// let quoted = orchestrator::text::quote("```\nrm -rf\n```", "Description of #15");
/// assert!(quoted.starts_with("Description of #15\n\n````text\n"));
/// ```
pub fn quote(text: &str, header: &str) -> String {
    let text = sanitize(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{header}\n\n{fence}text\n{}\n{fence}\n", text.trim_end())
}

/// One line of at most `max` characters, sanitized.
pub fn one_line(text: &str, max: usize) -> String {
    let text = sanitize(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, max)
}

/// One line of at most `max` characters for the subject of a commit: references stay, since a subject without them says
/// less, unless the line would close something.
///
/// ```
/// use orchestrator::text::headline;
/// assert_eq!(headline("Update after PR #4", 80), "Update after PR #4");
/// assert_eq!(headline("Fixes #4", 80), "Fixes (#)4");
/// ```
pub fn headline(text: &str, max: usize) -> String {
    let text = disarm(text);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if closes_something(&line) { one_line(&line, max) } else { cut(&line, max) }
}

/// At most `max` characters; what was cut is said in a last line.
pub fn truncate(text: &str, max: usize) -> String {
    let characters = text.chars().count();
    if characters <= max {
        return text.to_owned();
    }
    let note = format!("\n\n[{characters} characters, cut here]\n");
    let keep = max.saturating_sub(note.chars().count());
    let mut cut: String = text.chars().take(keep).collect();
    cut.push_str(&note);
    cut.chars().take(max).collect()
}

/// Without these secrets, wherever a peer sends them back to us. What is shorter than eight characters is no secret, and
/// would make holes into ordinary words.
///
/// ```
/// assert_eq!(orchestrator::text::redact("Bad token ghp_canary!", &["ghp_canary"]), "Bad token [redacted]!");
/// ```
pub fn redact<'t>(text: &'t str, secrets: &[&str]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|secret| secret.len() >= 8) {
        if text.contains(secret) {
            text = Cow::Owned(text.replace(secret, "[redacted]"));
        }
    }
    text
}

/// For terminals and logs: control and bidirectional characters as `?`, so that no text moves the cursor.
pub fn terminal(text: &str) -> String {
    let safe = |c: char| if (c.is_control() && c != '\n' && c != '\t') || defuse::is_hidden(c) { '?' } else { c };
    text.chars().map(safe).collect()
}

fn cut(line: &str, max: usize) -> String {
    if line.chars().count() <= max {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fence_is_longer_than_any_run_inside() {
        let quoted = quote("a ````` b\n```", "H");
        assert!(quoted.contains("\n``````text\n"), "{quoted}");
    }

    #[test]
    fn lines_and_cuts() {
        assert_eq!(one_line("a\n b\t c", 10), "a b c");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(truncate("abc", 3), "abc");
        assert!(truncate(&"x".repeat(1_000), 100).ends_with("[1000 characters, cut here]\n"));
        assert_eq!(terminal("a\u{1b}[31m\u{202e}b\n"), "a?[31m?b\n");
    }

    proptest! {
        #[test]
        fn nothing_grows_beyond_its_limit(text in any::<String>(), max in 0usize..50) {
            prop_assert!(truncate(&text, max).chars().count() <= max.max(text.chars().count().min(max)));
            prop_assert!(one_line(&text, max.max(1)).chars().count() <= max.max(1));
            let headline = headline(&text, max.max(1));
            prop_assert!(headline.chars().count() <= max.max(1) && !closes_something(&headline));
            prop_assert!(!terminal(&text).contains(char::from(27)));
        }
    }
}

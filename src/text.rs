//! Text from outside, made harmless where it leaves us.
//!
//! **Needs** nothing. **Guarantees**: total on any text, and linear in its length; every function is idempotent, so what
//! passes two doors is the same as what passes one. **Not its business**: who may be quoted.
//!
//! What acts is broken with visible characters — `(at)mona`, `(#)12`, `http(:)//` —, because invisible ones are
//! themselves taken out. What is hidden from a reader at GitHub (comments, tags, zero widths) is taken out, too: nobody
//! saw it before it was quoted.
//!
//! | where text goes | whose it is | by | what stays |
//! | --- | --- | --- | --- |
//! | capability issue: description, comments, reviews, titles of pull requests | anybody's with write access | [`quote`] | nothing that acts, and the fence is longer than any run in it |
//! | capability issue: account names, paths, the item's task | anybody's | [`phrase`] | nothing that acts, and no code span |
//! | development issue: title | the mainline's | [`one_line`] | nothing that acts |
//! | development issue: body | the mainline's | [`disarm`] | it instructs: code, HTML, links and references stay; no comment, marker, mention, or hidden character |
//! | merge commit: title | the pull request's author's | [`headline`] | `#12` of the own repository, unless the line closes something |
//! | subjects of our own commits: file names | the mainline's | [`one_line`] | nothing that acts; `[skip ci]` is ours alone |
//! | terminal, logs | anybody's | [`terminal`], [`terminal_line`] | every visible character |
//! | JSON on a terminal, logs as JSON | anybody's | [`escaped`] | every character, as an escape |
//!
//! **Not broken**: a commit's id alone (it links, and tells nobody), and what only a repository's own settings make a
//! link (`TICKET-12`).

mod acting;
mod closing;
mod hidden;
mod html;
mod rails;

pub use acting::{disarm, sanitize};
pub use closing::{closes_something, closings, refers_to};
pub use rails::feeds_the_queue;

use std::borrow::Cow;
use std::fmt::Write;

/// Longest run of backticks that a quotation keeps; a longer one says no more, and its fence would be longer still.
const MAX_RUN: usize = 16;

/// A text in a fence that its own content can't close, under a line that says whose it is.
///
/// ```
/// let quoted = orchestrator::text::quote("```\nrm -rf\n```", "Description of #15");
/// assert!(quoted.starts_with("Description of #15\n\n````text\n"));
/// ```
pub fn quote(text: &str, header: &str) -> String {
    let text = without_long_runs(&sanitize(text));
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{header}\n\n{fence}text\n{}\n{fence}\n", text.trim_end())
}

fn without_long_runs(text: &str) -> String {
    let mut run = 0;
    let short = |c: &char| {
        run = if *c == '`' { run + 1 } else { 0 };
        run <= MAX_RUN
    };
    text.chars().filter(short).collect()
}

/// One line of at most `max` characters, sanitized.
pub fn one_line(text: &str, max: usize) -> String {
    cut(&joined(&sanitize(text)), max)
}

/// The same for a place in a sentence of ours: no code span begins in it that ends in our words.
pub fn phrase(text: &str, max: usize) -> String {
    one_line(text, max).replace('`', "'")
}

/// One line of at most `max` characters for the subject of a commit, sanitized, but for references to the own
/// repository: they stay, since a subject without them says less, unless the line would close something.
///
/// ```
/// use orchestrator::text::headline;
/// assert_eq!(headline("Update after PR #4", 80), "Update after PR #4");
/// assert_eq!(headline("Update after other/repo#4", 80), "Update after other/repo(#)4");
/// assert_eq!(headline("Fixes #4", 80), "Fixes (#)4");
/// ```
pub fn headline(text: &str, max: usize) -> String {
    let line = joined(&acting::sanitize_but_references(text));
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

/// For terminals: control and hidden characters as `?`, so that no text moves the cursor or stands elsewhere than it is.
pub fn terminal(text: &str) -> String {
    text.chars().map(|c| if hidden::moves_a_cursor(c) { '?' } else { c }).collect()
}

/// The same for one line of a log: no text begins a line of its own.
pub fn terminal_line(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || hidden::moves_a_cursor(c) { '?' } else { c }).collect()
}

/// JSON whose strings carry control and hidden characters as escapes, also those that JSON lets stand.
///
/// ```
/// assert_eq!(orchestrator::text::escaped("\"a\u{9b}2J\u{e0041}\""), r#""a\u009b2J\udb40\udc41""#);
/// ```
pub fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if !hidden::moves_a_cursor(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string can't fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
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
        let quoted = quote(&"`".repeat(10_000), "H");
        assert!(quoted.chars().count() < 100, "{quoted}");
    }

    #[test]
    fn lines_and_cuts() {
        assert_eq!(one_line("a\n b\t c", 10), "a b c");
        assert_eq!(one_line("abcdef", 4), "abc…");
        assert_eq!(truncate("abc", 3), "abc");
        assert!(truncate(&"x".repeat(1_000), 100).ends_with("[1000 characters, cut here]\n"));
        assert_eq!(terminal("a\u{1b}[31m\u{202e}b\n"), "a?[31m?b\n");
        assert_eq!(terminal_line("a\nb\tc\r"), "a?b\tc?");
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

//! Everything that is printed, on its way out.
//!
//! **Guarantees**: text from outside never moves the terminal's cursor; a reader that went away (`| head`) is no error and
//! no panic: what was done is done, and the exit code says so. Lines are wrapped at words for a terminal and never for a
//! script. Colour is for terminals that want it; what is quiet prints failures and JSON.

use crate::text::{escaped, terminal};
use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

/// How the whole process prints; as it is by default until it is told.
static MANNER: OnceLock<Manner> = OnceLock::new();

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// At a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How the process prints.
#[derive(Clone, Copy, Debug, Default)]
struct Manner {
    quiet: bool,
    out: bool,
    err: bool,
}

impl Color {
    /// Whether to colour what goes there.
    pub(super) fn applies(self, terminal: bool, no_color: bool) -> bool {
        match self {
            Self::Auto => terminal && !no_color,
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Says how to print, once, before anything is printed.
pub(super) fn begin(quiet: bool, color: Color, no_color: bool) {
    let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
    // A second call changes nothing.
    let _ = MANNER.set(Manner { quiet, out: color.applies(out, no_color), err: color.applies(err, no_color) });
}

fn manner() -> Manner {
    MANNER.get().copied().unwrap_or_default()
}

/// Whether somebody looks on who did not ask for silence.
pub(super) fn is_watched() -> bool {
    std::io::stderr().is_terminal() && !manner().quiet
}

/// One or more lines of the answer; what does not fit goes on below, this many columns in. A word that stands in these
/// columns is a label.
pub(super) fn lines(text: &str, indent: usize) {
    let Manner { quiet, out: color, .. } = manner();
    if quiet {
        return;
    }
    let mut out = std::io::stdout().lock();
    let width = if out.is_terminal() { textwrap::termwidth() } else { usize::MAX };
    for line in wrapped(text, indent, width) {
        let line = if color { labelled(&line, indent) } else { line.into() };
        // Nobody is left to tell when this fails.
        let _ = writeln!(out, "{line}");
    }
}

/// Text that is shown as it is, never wrapped: what is sent word for word, patches.
pub(super) fn verbatim(text: &str) {
    if !manner().quiet {
        // Nobody is left to tell when this fails.
        let _ = writeln!(std::io::stdout().lock(), "{}", terminal(text));
    }
}

/// One JSON value on one line.
pub(super) fn json(value: &serde_json::Value) {
    // JSON by itself lets some characters stand that would move a cursor.
    let _ = writeln!(std::io::stdout().lock(), "{}", escaped(&value.to_string()));
}

/// Asks on the terminal and reads one line; `None` where nobody is there to answer.
pub(super) fn ask(question: &str) -> Option<bool> {
    let (input, mut out) = (std::io::stdin(), std::io::stdout().lock());
    if !input.is_terminal() || !out.is_terminal() {
        return None;
    }
    let mut answer = String::new();
    write!(out, "{} ", terminal(question)).and_then(|()| out.flush()).ok()?;
    input.read_line(&mut answer).ok()?;
    Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// One or more lines beside the answer that a script must not read.
pub(super) fn aside(text: &str) {
    if !manner().quiet {
        let _ = writeln!(std::io::stderr().lock(), "{}", terminal(text));
    }
}

/// A failure; said however quiet it is.
pub(super) fn failure(failure: &crate::failure::Failure) {
    let text = terminal(&failure.to_string());
    let text = if manner().err { text.lines().map(signalled).collect::<Vec<_>>().join("\n") } else { text };
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The first word of a failure's lines in its colour: red for what is wrong, cyan for what helps.
fn signalled(line: &str) -> String {
    match line.split_once(": ") {
        Some(("error", rest)) => format!("\u{1b}[1;31merror\u{1b}[0m: {rest}"),
        Some(("help", rest)) => format!("\u{1b}[1;36mhelp\u{1b}[0m: {rest}"),
        Some(_) | None => line.to_owned(),
    }
}

/// A label in bold.
fn labelled(line: &str, indent: usize) -> Cow<'_, str> {
    match line.split_at_checked(indent) {
        Some((label, rest)) if !label.trim().is_empty() && !label.starts_with(' ') && label.ends_with(' ') => {
            format!("\u{1b}[1m{label}\u{1b}[0m{rest}").into()
        }
        Some(_) | None => line.into(),
    }
}

fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let below = " ".repeat(indent.min(width / 2));
    let options = textwrap::Options::new(width)
        .subsequent_indent(&below)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let text = terminal(text);
    let whole = |line: &str| textwrap::wrap(line, &options).into_iter().map(Cow::into_owned).collect();
    text.lines().flat_map(|line| -> Vec<String> { whole(line) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_and_what_does_not_fit_goes_on_below() {
        let lines = wrapped("why      one two three\n\nnext     four", 9, 18);
        assert_eq!(lines, ["why      one two", "         three", "", "next     four"]);
        assert_eq!(wrapped("a\u{1b}[2Jb c", 2, usize::MAX), ["a?[2Jb c"]);
    }

    #[test]
    fn colour_is_for_terminals_that_want_it() {
        for (color, terminal, no_color, expected) in [
            (Color::Auto, true, false, true),
            (Color::Auto, true, true, false),
            (Color::Auto, false, false, false),
            (Color::Always, false, true, true),
            (Color::Never, true, false, false),
        ] {
            assert_eq!(color.applies(terminal, no_color), expected, "{color:?} {terminal} {no_color}");
        }
    }

    #[test]
    fn labels_and_signals_are_coloured_and_nothing_else() {
        assert_eq!(labelled("why      because", 9), "\u{1b}[1mwhy      \u{1b}[0mbecause");
        assert_eq!(labelled("         below", 9), "         below");
        assert_eq!(labelled("maintainer/tally", 9), "maintainer/tally");
        assert_eq!(labelled("é", 1), "é");
        assert_eq!(signalled("help: do it"), "\u{1b}[1;36mhelp\u{1b}[0m: do it");
        assert_eq!(signalled("  because error: x"), "  because error: x");
    }
}

//! Everything that is printed, on its way out.
//!
//! **Guarantees**: text from outside never moves the terminal's cursor; a reader that went away (`| head`) is no error and
//! no panic: what was done is done, and the exit code says so. Lines are wrapped at words for a terminal and never for a
//! script.

use crate::text::terminal;
use std::io::{IsTerminal, Write};

/// One or more lines of the answer; what does not fit goes on below, this many columns in.
pub(super) fn lines(text: &str, indent: usize) {
    let mut out = std::io::stdout().lock();
    let width = if out.is_terminal() { textwrap::termwidth() } else { usize::MAX };
    for line in wrapped(text, indent, width) {
        // Nobody is left to tell when this fails.
        let _ = writeln!(out, "{line}");
    }
}

/// Text that is shown as it is, never wrapped: what is sent word for word, patches.
pub(super) fn verbatim(text: &str) {
    // Nobody is left to tell when this fails.
    let _ = writeln!(std::io::stdout().lock(), "{}", terminal(text));
}

/// One JSON value on one line.
pub(super) fn json(value: &serde_json::Value) {
    // JSON escapes what would move a cursor.
    let _ = writeln!(std::io::stdout().lock(), "{value}");
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

/// One or more lines beside the answer: failures, and what a script must not read.
pub(super) fn aside(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", terminal(text));
}

fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let below = " ".repeat(indent.min(width / 2));
    let options = textwrap::Options::new(width)
        .subsequent_indent(&below)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let text = terminal(text);
    let whole = |line: &str| textwrap::wrap(line, &options).into_iter().map(std::borrow::Cow::into_owned).collect();
    text.lines().flat_map(|line| -> Vec<String> { whole(line) }).collect()
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn words_stay_whole_and_what_does_not_fit_goes_on_below() {
        let lines = wrapped("why      one two three\n\nnext     four", 9, 18);
        assert_eq!(lines, ["why      one two", "         three", "", "next     four"]);
        assert_eq!(wrapped("a\u{1b}[2Jb c", 2, usize::MAX), ["a?[2Jb c"]);
    }
}

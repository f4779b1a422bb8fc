//! Everything that is printed, on its way out.
//!
//! **Guarantees**: text from outside never moves the terminal's cursor; a reader that went away (`| head`) is no error and
//! no panic: what was done is done, and the exit code says so.

use crate::text::terminal;
use std::io::Write;

/// One or more lines of the answer.
pub(super) fn line(text: &str) {
    // Nobody is left to tell when this fails.
    let _ = writeln!(std::io::stdout().lock(), "{}", terminal(text));
}

/// One or more lines beside the answer: failures, and what a script must not read.
pub(super) fn aside(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", terminal(text));
}

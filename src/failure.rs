//! How a failure is told: what failed, why, what to do about it, and with which exit code the program ends.
//!
//! **Needs** nothing. **Guarantees**: exit codes are an interface; every error that reaches a person has a `help:` line,
//! for a trait that can't be implemented without one asks for it.

use std::fmt;

/// How the program ended. The predecessor's 2, 3, 4 and 5 keep their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing owed.
    Done = 0,
    /// A defect of this program or of the machine.
    Internal = 1,
    /// Usage, settings or credentials.
    Settings = 2,
    /// It exists already, or another process holds it.
    Held = 3,
    /// Refused or unfinished: a veto, a pause, a time-out.
    Refused = 4,
    /// What was named isn't there.
    Absent = 5,
    /// GitHub or the remote can't be reached, or limits us.
    Unreachable = 6,
    /// A person is needed.
    Stalled = 7,
    /// The step waits; only with `--exit-code`.
    Waits = 8,
    /// SIGINT or SIGTERM ended it.
    Interrupted = 130,
}

impl Exit {
    /// Every exit code, in its order.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Internal,
        Self::Settings,
        Self::Held,
        Self::Refused,
        Self::Absent,
        Self::Unreachable,
        Self::Stalled,
        Self::Waits,
        Self::Interrupted,
    ];

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing owed",
            Self::Internal => "a defect of the program or of the machine",
            Self::Settings => "usage, settings or credentials",
            Self::Held => "it exists already, or another process holds it",
            Self::Refused => "refused or unfinished: a veto, a pause, a time-out, a failed check",
            Self::Absent => "what was named isn't there",
            Self::Unreachable => "GitHub or the remote can't be reached, or limits us",
            Self::Stalled => "a person is needed",
            Self::Waits => "the step waits; only with `--exit-code`",
            Self::Interrupted => "interrupted: Ctrl-C or SIGTERM",
        }
    }

    /// The table of the README.
    pub fn table() -> String {
        let row = |exit: &Self| format!("| {} | {} |\n", *exit as u8, exit.meaning());
        format!("| exit code | meaning |\n| --- | --- |\n{}", Self::ALL.iter().map(row).collect::<String>())
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that can be told to a person.
pub trait Explain: std::error::Error {
    /// With which exit code the program ends.
    fn exit(&self) -> Exit;
    /// What to do about it: the exact next command where there is one.
    fn help(&self) -> String;
}

/// A failure as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// With which exit code the program ends.
    pub exit: Exit,
    /// What failed, and why, one cause a line.
    pub text: String,
    /// What to do about it.
    pub help: String,
}

impl Failure {
    /// A failure that no error type tells.
    pub fn new(exit: Exit, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { exit, text: text.into(), help: help.into() }
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { exit: error.exit(), text: chain(&error), help: error.help() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}\nhelp: {}", self.text, self.help)
    }
}

/// An error with its causes, each on a line of its own; a cause that the line before it told already is left out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}\n  because {words}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the door is shut: {0}")]
    struct Shut(#[source] fmt::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("nobody came in")]
    struct Outside(#[source] Shut);

    impl Explain for Outside {
        fn exit(&self) -> Exit {
            Exit::Held
        }
        fn help(&self) -> String {
            "knock".to_owned()
        }
    }

    #[test]
    fn causes_are_told_once_each_and_help_comes_last() {
        let failure = Failure::from(Outside(Shut(fmt::Error)));
        let cause = fmt::Error.to_string();
        assert_eq!(
            failure.to_string(),
            format!("error: nobody came in\n  because the door is shut: {cause}\nhelp: knock")
        );
        assert_eq!(failure.exit as u8, 3);
    }
}

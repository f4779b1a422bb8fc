//! How far a fetch is, read from what git prints on its way.
//!
//! **Guarantees**: what is no progress line is none; a total is never zero.

/// One step of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What git is doing, in its words.
    pub what: String,
    /// Objects that are done.
    pub done: u64,
    /// Objects in all.
    pub of: u64,
}

impl Progress {
    /// Reads one line, such as `Receiving objects:  45% (450/1000), 1.20 MiB | 2.40 MiB/s`.
    ///
    /// ```
    /// use orchestrator::repo::Progress;
    /// let line = "remote: Counting objects:  45% (450/1000)";
    /// assert_eq!(Progress::parse(line), Some(Progress { what: "Counting objects".to_owned(), done: 450, of: 1000 }));
    /// assert_eq!(Progress::parse("fatal: the remote end hung up"), None);
    /// ```
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim().trim_start_matches("remote: ");
        let (what, rest) = line.split_once(':')?;
        let (_, counts) = rest.split_once("% (")?;
        let (done, of) = counts.split_once(')')?.0.split_once('/')?;
        let (done, of) = (done.trim().parse().ok()?, of.trim().parse().ok()?);
        let plain = what.len() <= 60 && what.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
        (plain && of > 0).then(|| Self { what: what.to_owned(), done, of })
    }
}

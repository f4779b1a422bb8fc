//! What git's output says: a push's porcelain, and the words of a failure.
//!
//! **Guarantees**: total on any output; what can't be believed is unknown, never accepted. The words are libcurl's, git's and
//! ssh's under `LC_ALL=C`.

use super::transport::TransportError;
use crate::model::RefName;

/// Why a push was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushRefusal {
    /// The reference stands elsewhere than expected: fetch and decide again.
    Stale,
    /// A rule or a hook of the remote refuses it, in its own words.
    Rule(String),
}

/// What came of a push.
pub(super) enum Pushed {
    Accepted,
    Refused(PushRefusal),
    /// No answer that can be believed.
    Unknown(String),
}

/// What one call of git said.
pub(super) struct Output {
    pub(super) ok: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

fn last_lines(text: &str) -> String {
    // That nobody answered a question which nobody was asked says nothing.
    let says = |line: &&str| !line.is_empty() && !line.contains("unable to read askpass response");
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(says).collect();
    let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default().join("; ");
    last.chars().filter(|c| !c.is_control()).take(600).collect()
}

/// What git's error output says, as far as it can be told: the words are libcurl's, git's and ssh's (`LC_ALL=C`).
pub(super) fn failure(call: &'static str, stderr: &str) -> TransportError {
    const CREDENTIALS: [&str; 6] = [
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "returned error: 401",
        "returned error: 403",
        "Permission denied (publickey",
    ];
    const ABSENT: [&str; 3] = ["returned error: 404", "Repository not found", "does not appear to be a git repository"];
    let message = last_lines(stderr);
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(&CREDENTIALS) {
        TransportError::Unauthorized(message)
    } else if says(&ABSENT) || (message.contains("fatal: repository '") && message.contains("' not found")) {
        TransportError::NotFound(message)
    } else {
        TransportError::Failed { call, message }
    }
}

/// The line of `git push --porcelain` about one reference: `<flag>\t<from>:<to>\t<summary> (<reason>)`.
pub(super) fn porcelain(output: &Output, name: &RefName) -> Pushed {
    let about = |line: &&str| line.split('\t').nth(1).is_some_and(|pair| pair.ends_with(&format!(":{name}")));
    let Some(line) = output.stdout.lines().find(about) else {
        return match failure("push", &output.stderr) {
            // Credentials are asked for before anything is sent.
            error @ (TransportError::Unauthorized(_) | TransportError::NotFound(_)) => {
                Pushed::Refused(PushRefusal::Rule(error.to_string()))
            }
            error @ (TransportError::NoGit(_)
            | TransportError::ForeignObjects
            | TransportError::TimedOut { .. }
            | TransportError::Failed { .. }) => Pushed::Unknown(error.to_string()),
        };
    };
    match line.chars().next() {
        Some('!')
            if line.contains("(stale info)")
                || line.contains("(fetch first)")
                || line.contains("(non-fast-forward)") =>
        {
            Pushed::Refused(PushRefusal::Stale)
        }
        // Two pushes at once: the loser finds the reference locked or moved under its feet.
        Some('!')
            if line.contains("failed to update ref")
                || line.contains("cannot lock ref")
                || line.contains("incorrect old value") =>
        {
            Pushed::Refused(PushRefusal::Stale)
        }
        Some('!') => Pushed::Refused(PushRefusal::Rule(rule(line, &output.stderr))),
        Some(' ' | '+' | '*' | '=') if output.ok => Pushed::Accepted,
        Some(_) | None => Pushed::Unknown(last_lines(&output.stderr)),
    }
}

/// The remote's own sentence, where it gave one.
fn rule(line: &str, stderr: &str) -> String {
    let said = stderr.lines().find_map(|line| line.trim().strip_prefix("remote: error: ").map(str::trim));
    let summary = line.rsplit('\t').next().unwrap_or(line);
    let text = said.map_or_else(|| summary.to_owned(), |said| format!("{said} {summary}"));
    text.chars().filter(|c| !c.is_control()).take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pushed(stdout: &str, stderr: &str, ok: bool) -> Pushed {
        let output = Output { ok, stdout: stdout.to_owned(), stderr: stderr.to_owned() };
        porcelain(&output, &RefName::branch("main"))
    }

    #[test]
    fn every_answer_of_a_push_is_told_apart() {
        assert!(matches!(pushed("To x\n \tabc:refs/heads/main\t1..2\nDone\n", "", true), Pushed::Accepted));
        assert!(matches!(
            pushed("!\tabc:refs/heads/main\t[rejected] (stale info)\n", "", false),
            Pushed::Refused(PushRefusal::Stale)
        ));
        let rule = pushed(
            "!\tabc:refs/heads/main\t[remote rejected] (protected branch hook declined)\n",
            "remote: error: GH006: Protected branch update failed for refs/heads/main.\n",
            false,
        );
        assert!(
            matches!(rule, Pushed::Refused(PushRefusal::Rule(why)) if why.starts_with("GH006") && why.contains("declined"))
        );
        assert!(matches!(pushed("", "fatal: the remote end hung up", false), Pushed::Unknown(_)));
    }

    #[test]
    fn what_git_says_is_told_apart_and_a_hash_is_no_status() {
        let told = |stderr| failure("fetch", stderr);
        assert!(matches!(told("fatal: Authentication failed for 'http://x/'"), TransportError::Unauthorized(_)));
        assert!(matches!(told("error: The requested URL returned error: 403"), TransportError::Unauthorized(_)));
        assert!(matches!(told("fatal: repository 'http://x/o/r.git/' not found"), TransportError::NotFound(_)));
        assert!(matches!(told("fatal: bad object 4034014040"), TransportError::Failed { .. }));
        let push = pushed("", "fatal: Authentication failed for 'http://x/'", false);
        assert!(matches!(push, Pushed::Refused(PushRefusal::Rule(_))));
    }

    proptest! {
        #[test]
        fn any_answer_is_taken(stdout in any::<String>(), stderr in any::<String>(), ok in any::<bool>()) {
            let _ = pushed(&stdout, &stderr, ok);
        }
    }
}

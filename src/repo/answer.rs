//! What git's output says: a push's porcelain, what the remote says of its rules, and the words of a failure.
//!
//! **Guarantees**: total on any output; what can't be believed is unknown, never accepted. The words are libcurl's, git's and
//! ssh's under `LC_ALL=C`, and those of GitHub's hooks: GH006 for protected branches, GH013 for rulesets. A refusal counts as
//! one about signatures only when nothing else is wrong, for then a signed commit is taken.

use super::transport::TransportError;
use crate::model::{RefName, RefusalKind};

/// Why a push was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushRefusal {
    /// The reference stands elsewhere than expected: fetch and decide again.
    Stale,
    /// A rule or a hook of the remote refuses it, in its own words.
    Rule(RefusalKind, String),
}

/// What came of a push.
pub(super) enum Pushed {
    Accepted {
        /// The rules that it broke and that whoever pushed may break, in the remote's words.
        bypassed: Option<String>,
    },
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
                Pushed::Refused(PushRefusal::Rule(RefusalKind::Permission, error.to_string()))
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
        Some('!') => {
            let (kind, why) = rule(line, &output.stderr);
            Pushed::Refused(PushRefusal::Rule(kind, why))
        }
        Some(' ' | '+' | '*' | '=') if output.ok => Pushed::Accepted { bypassed: bypassed(&output.stderr, name) },
        Some(_) | None => Pushed::Unknown(last_lines(&output.stderr)),
    }
}

/// What GitHub's hooks say of each rule that was broken: a part of the sentence, in lower case, and which rule that is.
const SENTENCES: [(&str, RefusalKind); 15] = [
    ("refusing to allow", RefusalKind::Permission),
    ("signature", RefusalKind::Signatures),
    ("through a pull request", RefusalKind::PullRequest),
    ("merge queue", RefusalKind::PullRequest),
    ("approving review", RefusalKind::PullRequest),
    ("status check", RefusalKind::Checks),
    ("required deployment", RefusalKind::Checks),
    ("workflow", RefusalKind::Checks),
    ("code scanning", RefusalKind::Checks),
    ("authorized to push", RefusalKind::Permission),
    ("cannot update this protected", RefusalKind::Permission),
    ("file", RefusalKind::Content),
    ("path", RefusalKind::Content),
    ("secret", RefusalKind::Content),
    ("must match a given pattern", RefusalKind::Content),
];

/// Most rules that are told.
const MAX_RULES: usize = 5;

/// What the remote printed, line by line, without git's own word before each.
fn remote_lines(stderr: &str) -> impl Iterator<Item = &str> {
    stderr.lines().filter_map(|line| line.trim().strip_prefix("remote:").map(str::trim))
}

/// What is said of the rules: a line each, behind a dash, or behind `error:` as older servers have it.
fn broken<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    let told = |line: &'t str| line.strip_prefix("- ").or_else(|| line.strip_prefix("error: ")).map(str::trim);
    lines.filter_map(told).filter(|line| !line.is_empty()).take(MAX_RULES).collect()
}

fn kind(rules: &[&str]) -> RefusalKind {
    let kinds = rules.iter().map(|rule| {
        let rule = rule.to_lowercase();
        SENTENCES.iter().find(|(words, _)| rule.contains(words)).map_or(RefusalKind::Other, |(_, kind)| *kind)
    });
    let mut kinds: Vec<RefusalKind> = kinds.collect();
    // What is said besides signatures stands in the way of a signed commit, too.
    kinds.sort_by_key(|kind| *kind == RefusalKind::Signatures);
    kinds.first().copied().unwrap_or_default()
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(400).collect()
}

/// Which rule it was, and the remote's own sentences, where it gave some.
fn rule(line: &str, stderr: &str) -> (RefusalKind, String) {
    let summary = line.rsplit('\t').next().unwrap_or(line);
    let mut lines = remote_lines(stderr);
    let head = lines.find_map(|line| line.strip_prefix("error: ").map(str::trim));
    let rules = broken(lines);
    // Some hooks have one sentence and no list, and some say it in the line of the reference alone.
    let kind = if rules.is_empty() { kind(&[head.unwrap_or(summary)]) } else { kind(&rules) };
    let words: Vec<&str> = head.into_iter().chain(rules).chain([summary]).collect();
    (kind, shortened(&words.join(" ")))
}

/// The rules of a reference that a push broke and was let through all the same.
fn bypassed(stderr: &str, name: &RefName) -> Option<String> {
    let mut lines = remote_lines(stderr);
    let about = format!("Bypassed rule violations for {name}:");
    let head = lines.find(|line| *line == about)?;
    let words: Vec<&str> = [head].into_iter().chain(broken(lines)).collect();
    Some(shortened(&words.join(" ")))
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
        assert!(matches!(
            pushed("To x\n \tabc:refs/heads/main\t1..2\nDone\n", "", true),
            Pushed::Accepted { bypassed: None }
        ));
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
            matches!(rule, Pushed::Refused(PushRefusal::Rule(_, why)) if why.starts_with("GH006") && why.contains("declined"))
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
        assert!(matches!(push, Pushed::Refused(PushRefusal::Rule(RefusalKind::Permission, _))));
    }

    const GH013: &str = "remote: error: GH013: Repository rule violations found for refs/heads/main.        \n\
        remote: Review all repository rules at https://github.com/o/r/rules?ref=refs%2Fheads%2Fmain        \nremote: \n";
    const SIGNED: &str = "remote: - Commits must have verified signatures.        \nremote:   Found 1 violation:        \nremote: \n\
         remote:   027faa7121ee9df79db623e1a2848d2cc88a8dba        \nremote: \n";

    /// What is made of a refusal with these lines (vercel/sandbox#169, anchorageoss/visualsign-parser#46,
    /// sustainable-computing-io/kepler#240, supportpal/github-gh-cli#47, kubeflow/pipelines#4384, actions/github-script#455).
    fn refused(stderr: &str) -> (RefusalKind, String) {
        let line = "!\tabc:refs/heads/main\t[remote rejected] (push declined due to repository rule violations)\n";
        match pushed(line, stderr, false) {
            Pushed::Refused(PushRefusal::Rule(kind, why)) => (kind, why),
            Pushed::Accepted { .. } | Pushed::Refused(PushRefusal::Stale) | Pushed::Unknown(_) => {
                panic!("this is a refusal: {stderr}")
            }
        }
    }

    #[test]
    fn the_rule_that_refused_a_push_is_told_and_only_signatures_alone_count_as_signatures() {
        let (kind, why) = refused(&format!("{GH013}{SIGNED}"));
        assert_eq!(kind, RefusalKind::Signatures);
        assert_eq!(
            why,
            "GH013: Repository rule violations found for refs/heads/main. Commits must have verified signatures. \
             [remote rejected] (push declined due to repository rule violations)"
        );
        let pull = "remote: - Changes must be made through a pull request.        \nremote: \n";
        for (stderr, kind) in [
            (format!("{GH013}{pull}"), RefusalKind::PullRequest),
            (format!("{GH013}{pull}{SIGNED}"), RefusalKind::PullRequest),
            (format!("{GH013}{SIGNED}{pull}"), RefusalKind::PullRequest),
            (format!("{GH013}remote: - Required status check \"build\" is expected.\n"), RefusalKind::Checks),
            (format!("{GH013}remote: - 2 of 2 required status checks are expected.\n"), RefusalKind::Checks),
            (format!("{GH013}remote: - Cannot update this protected ref.\n"), RefusalKind::Permission),
            (format!("{GH013}remote: - Push cannot contain file paths that are restricted.\n"), RefusalKind::Content),
            (format!("{GH013}remote: - Something that nobody knows yet.\n"), RefusalKind::Other),
            (GH013.to_owned(), RefusalKind::Other),
            (String::new(), RefusalKind::Other),
        ] {
            assert_eq!(refused(&stderr).0, kind, "{stderr}");
        }
        let classic = "remote: error: GH006: Protected branch update failed for refs/heads/main.\nremote: error: ";
        for (words, kind) in [
            ("Commits must have valid signatures.", RefusalKind::Signatures),
            (
                "Changes must be made through a pull request. Required status check \"Build\" is expected.",
                RefusalKind::PullRequest,
            ),
            ("6 of 6 required status checks are expected.", RefusalKind::Checks),
            ("You're not authorized to push to this branch.", RefusalKind::Permission),
        ] {
            assert_eq!(refused(&format!("{classic}{words}\n")).0, kind, "{words}");
        }
        let large = "remote: error: GH001: Large files detected. You may want to try Git Large File Storage.\n";
        assert_eq!(refused(large).0, RefusalKind::Content);
    }

    #[test]
    fn a_push_that_broke_a_rule_and_was_let_through_says_so() {
        let accepted = |stderr: &str| match pushed(" \tabc:refs/heads/main\t1..2\nDone\n", stderr, true) {
            Pushed::Accepted { bypassed } => bypassed,
            Pushed::Refused(_) | Pushed::Unknown(_) => panic!("this is accepted: {stderr}"),
        };
        let head = |name: &str| format!("remote: Bypassed rule violations for refs/heads/{name}:\nremote: \n");
        let pull = "remote: - Changes must be made through a pull request.\nremote: \n";
        assert_eq!(
            accepted(&format!("remote: Resolving deltas: 100% (1/1)\n{}{SIGNED}{pull}", head("main"))).as_deref(),
            Some(
                "Bypassed rule violations for refs/heads/main: Commits must have verified signatures. \
                 Changes must be made through a pull request."
            )
        );
        assert_eq!(accepted(&format!("{}{pull}", head("other"))), None);
        assert_eq!(accepted(pull), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_taken(stdout in any::<String>(), stderr in any::<String>(), ok in any::<bool>()) {
            let _ = pushed(&stdout, &stderr, ok);
        }
    }
}

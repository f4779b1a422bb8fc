//! What GitHub reads out of texts: closing keywords, mentions of numbers, calls to the agent; and what it builds from
//! numbers: node ids and slugs.
//!
//! Needs nothing. Guarantees never to panic, whatever the text. What stands in a code fence says nothing. Known
//! difference: code spans and quotes are not excepted, and links by URL are not read.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The documented closing keywords, in lower case.
const CLOSING: [&str; 9] = ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];

/// A global node id in the shape of GitHub's: a prefix that tells the type, and an opaque rest.
pub fn node_id(prefix: &str, id: u64) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(id.to_be_bytes()))
}

/// The numbers that a text mentions, and those among them that it closes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Mentions {
    /// All numbers mentioned as `#n`, `GH-n` or `owner/repo#n` of this repository.
    pub all: BTreeSet<u64>,
    /// Those that stand behind a closing keyword.
    pub closing: BTreeSet<u64>,
}

/// Reads the mentions of a text; `repository` is `owner/name`. HTML comments are invisible, as on GitHub.
pub fn mentions(text: &str, repository: &str) -> Mentions {
    let mut found = Mentions::default();
    if !text.contains(['#', '-']) {
        // Most texts mention nothing.
        return found;
    }
    let visible = outside_fences(&visible(text));
    let mut before = "";
    for token in visible.split_whitespace() {
        // Few words have one of these, and of those few are references.
        if token.contains(['#', '-'])
            && let Some(number) = reference(bare(token), repository)
        {
            found.all.insert(number);
            if is_closing(bare(before).trim_end_matches([':', '*', '_'])) {
                found.closing.insert(number);
            }
        }
        before = token;
    }
    found
}

/// A word without what stands before it.
fn bare(token: &str) -> &str {
    token.trim_start_matches(['(', '[', '*', '_', '"', '\'', ','])
}

fn is_closing(word: &str) -> bool {
    CLOSING.iter().any(|closing| closing.eq_ignore_ascii_case(word))
}

/// What stands in no code fence; one that is never closed goes to the end.
fn outside_fences(text: &str) -> String {
    let mut fence: Option<&str> = None;
    let mut out = String::new();
    for line in text.lines() {
        let bare = line.trim_start();
        let ticks = ["```", "~~~"].into_iter().find(|ticks| bare.starts_with(ticks));
        match (fence, ticks) {
            (None, None) => out.extend([line, "\n"]),
            (None, Some(ticks)) => fence = Some(ticks),
            (Some(open), Some(ticks)) if open == ticks => fence = None,
            (Some(_), _) => {}
        }
    }
    out
}

/// Reads `#12`, `GH-12`, `owner/repo#12` at the start of a token.
fn reference(token: &str, repository: &str) -> Option<u64> {
    let digits = if let Some(rest) = token.strip_prefix('#') {
        rest
    } else if let Some(rest) = token.strip_prefix("GH-").or_else(|| token.strip_prefix("gh-")) {
        rest
    } else {
        let (name, rest) = token.split_once('#')?;
        if !name.eq_ignore_ascii_case(repository) {
            return None;
        }
        rest
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    number.parse().ok().filter(|n| *n > 0)
}

/// The text without its HTML comments; an unclosed comment hides the rest.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        shown.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    shown
}

/// Whether a comment calls the agent.
pub fn calls_agent(text: &str) -> bool {
    visible(text)
        .split(|c: char| !(c.is_alphanumeric() || c == '@' || c == '-'))
        .any(|word| word.eq_ignore_ascii_case("@copilot"))
}

/// A name for branches and files: lower case letters, digits and single dashes, at most 40 characters, never empty.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if slug.len() >= 40 {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "task".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_form_closes() {
        for text in ["Fixes #7", "fixes: #7", "CLOSES #7.", "Resolved o/r#7", "(close #7)", "This fixed GH-7, really"] {
            assert_eq!(mentions(text, "o/r").closing, BTreeSet::from([7]), "{text}");
        }
    }

    #[test]
    fn a_plain_mention_or_another_repository_closes_nothing() {
        let found = mentions("See #7, x/y#8 and fixes x/y#9; prefix#10 #11a <!-- fixes #12 -->", "o/r");
        assert_eq!(found.all, BTreeSet::from([7]));
        assert!(found.closing.is_empty());
    }

    #[test]
    fn an_unclosed_comment_hides_the_rest() {
        assert_eq!(visible("a <!-- b --> c <!-- d"), "a  c ");
    }

    #[test]
    fn the_agent_is_called_by_its_mention_only() {
        assert!(calls_agent("@copilot please go on"));
        assert!(!calls_agent("mail@copilots.example <!-- @copilot -->"));
    }

    #[test]
    fn slugs_are_never_empty() {
        assert_eq!(slug("Add the feature: Top words!"), "add-the-feature-top-words");
        assert_eq!(slug("日本"), "task");
    }
}

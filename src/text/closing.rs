//! Words by which GitHub closes an issue when something is merged.

/// In every spelling GitHub takes (docs.github.com, "Linking a pull request to an issue").
const CLOSING: [&str; 9] = ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];
/// Longest `owner/name` that may stand before a `#`, and longest address that is looked at.
const MAX_NAME: usize = 200;

/// Whether a text holds a closing keyword before a reference: `#12`, `GH-12`, `owner/name#12` or the address of an issue.
/// Any signs may stand between the two, which is more than GitHub takes.
///
/// ```
/// use orchestrator::text::closes_something;
/// assert!(closes_something("This fixes: **owner/name#12**"));
/// assert!(!closes_something("Fix the parser (#12)"));
/// ```
pub fn closes_something(text: &str) -> bool {
    // The long s is an s to whoever compares without regard to case.
    let lower = text.to_ascii_lowercase().replace('ſ', "s");
    let mut end = 0;
    // Every word with what follows it.
    lower.split(|c: char| !is_word(c)).any(|word| {
        let start = end;
        let rest = lower.get(start + word.len()..).unwrap_or_default();
        end = start + word.len() + rest.chars().next().map_or(0, char::len_utf8);
        CLOSING.contains(&word) && begins_with_reference(rest)
    })
}

/// What a text says that it closes, as GitHub reads it: a number of this repository (`owner/name`), or `None` for one of
/// another. What stands in comments or in code says nothing.
///
/// ```
/// use orchestrator::text::closings;
/// assert_eq!(closings("Fixes #7 and closes: x/y#8. <!-- Fixes #9 -->", "o/r"), [Some(7), None]);
/// ```
pub fn closings(text: &str, repository: &str) -> Vec<Option<u64>> {
    let spoken = spoken(text).to_ascii_lowercase();
    let mut end = 0;
    let mut found = Vec::new();
    for word in spoken.split(|c: char| !is_word(c)) {
        let start = end;
        let rest = spoken.get(start + word.len()..).unwrap_or_default();
        end = start + word.len() + rest.chars().next().map_or(0, char::len_utf8);
        if CLOSING.contains(&word) {
            let rest = rest.strip_prefix(':').unwrap_or(rest);
            let bare = rest.trim_start();
            found.extend(reference(bare, repository).filter(|_| bare.len() < rest.len()));
        }
    }
    found
}

/// Whether a text names an issue or pull request of this repository (`owner/name`), as GitHub reads it.
pub fn refers_to(text: &str, number: u64, repository: &str) -> bool {
    let spoken = spoken(text).to_ascii_lowercase();
    let bare = |token: &'_ str| token.trim_start_matches(|c: char| !is_word(c) && c != '#').to_owned();
    spoken.split_whitespace().any(|token| reference(&bare(token), repository) == Some(Some(number)))
}

/// `#12`, `gh-12`, `owner/name#12` or an address with the number, at the beginning of a text in lower case.
fn reference(text: &str, repository: &str) -> Option<Option<u64>> {
    let number = |text: &str| {
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        let behind = text.get(digits.len()..).and_then(|rest| rest.chars().next());
        digits.parse::<u64>().ok().filter(|_| !behind.is_some_and(is_word))
    };
    if let Some(rest) = text.strip_prefix('#').or_else(|| text.strip_prefix("gh-")) {
        return number(rest).map(Some);
    }
    let here = |name: &str| name.eq_ignore_ascii_case(repository);
    let token: String = text.chars().take_while(|c| !c.is_whitespace()).take(MAX_NAME).collect();
    if let Some((_, path)) = token.split_once("://") {
        let (_, path) = path.split_once('/')?;
        let (name, rest) = ["/issues/", "/pull/"].into_iter().find_map(|part| path.split_once(part))?;
        return number(rest).map(|number| here(name).then_some(number));
    }
    let (name, rest) = token.split_once('#').filter(|(name, _)| name.contains('/'))?;
    number(rest).map(|number| here(name).then_some(number))
}

/// Without comments, fenced code and code within a line.
fn spoken(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        shown.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    shown.push_str(rest);
    let mut fence: Option<&str> = None;
    let mut lines = String::with_capacity(shown.len());
    for line in shown.lines() {
        let bare = line.trim_start();
        let ticks = ["```", "~~~"].into_iter().find(|ticks| bare.starts_with(ticks));
        match (fence, ticks) {
            (None, None) => lines.extend([line, "\n"]),
            (None, Some(ticks)) => fence = Some(ticks),
            (Some(open), Some(ticks)) if open == ticks => fence = None,
            (Some(_), _) => {}
        }
    }
    without_spans(&lines)
}

fn without_spans(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let ticks: String = tail.chars().take_while(|c| *c == '`').collect();
        let inside = tail.get(ticks.len()..).unwrap_or_default();
        match inside.split_once(ticks.as_str()) {
            // What stands on both sides of code does not belong together.
            Some((_, after)) => {
                out.push(' ');
                rest = after;
            }
            None => rest = inside,
        }
    }
    out.push_str(rest);
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn begins_with_reference(rest: &str) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let tail = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '#');
    if let Some(number) = tail.strip_prefix('#').or_else(|| tail.strip_prefix("gh-")) {
        return digit(number);
    }
    let word: String = tail.chars().take_while(|c| !c.is_whitespace()).take(MAX_NAME).collect();
    let after = |part: &str| word.split_once(part).is_some_and(|(_, number)| digit(number));
    after("#") || (word.contains("://") && ["/issues/", "/pull/", "/pulls/", "/discussions/"].into_iter().any(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closings_are_read_as_github_reads_them() {
        for (text, expected) in [
            ("Fixes #7", &[Some(7)][..]),
            ("fixes: #7, closes GH-8 and resolves o/r#9", &[Some(7), Some(8), Some(9)]),
            ("Closes https://github.com/o/r/issues/7", &[Some(7)]),
            ("Closes https://github.com/x/y/issues/7.", &[None]),
            ("Fixes x/y#7", &[None]),
            ("This does not fix #7", &[Some(7)]),
            ("Fix C#12 syntax", &[]),
            ("Fixes#7", &[]),
            ("Fixes **#7**", &[]),
            ("Fixes #7a", &[]),
            ("prefixes #7", &[]),
            ("<!-- e.g. Fixes #123 -->", &[]),
            ("```\nFixes #7\n```\n", &[]),
            ("Write `Fixes #7` into it", &[]),
            ("A stray ` tick. Fixes #7", &[Some(7)]),
            ("Fixes #99999999999999999999999", &[]),
            ("", &[]),
        ] {
            assert_eq!(closings(text, "o/r"), expected, "{text}");
        }
    }

    #[test]
    fn a_reference_is_to_one_number_of_this_repository() {
        for (text, refers) in [
            ("See #7.", true),
            ("(#7)", true),
            ("o/r#7", true),
            ("**GH-7**", true),
            ("https://github.com/o/r/pull/7#issuecomment-1", true),
            ("#77", false),
            ("x/y#7", false),
            ("`#7`", false),
            ("<!-- #7 -->", false),
        ] {
            assert_eq!(refers_to(text, 7, "o/r"), refers, "{text}");
        }
    }

    #[test]
    fn a_million_characters_cost_time_in_proportion() {
        let start = std::time::Instant::now();
        let closes = closes_something(&"fix/".repeat(250_000));
        assert!(!closes && start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
        for part in ["fix ", "`", "<!--", "#1 ", "```\n"] {
            let text = part.repeat(200_000);
            assert!(closings(&text, "o/r").is_empty() && !refers_to(&text, 7, "o/r"), "{part}");
        }
        assert!(start.elapsed().as_secs() < 40, "{:?}", start.elapsed());
    }
}

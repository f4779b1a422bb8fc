//! What sanitizing takes out of a text.
//!
//! **Guarantees**: idempotent: every replacement is a text that no rule touches again. Mentions, references and markers
//! are broken with visible characters, because invisible ones are themselves taken out.

use unicode_normalization::UnicodeNormalization;

/// Words by which GitHub closes an issue when a pull request is merged.
const CLOSING: [&str; 9] = ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];

/// Takes out what is hidden and breaks what acts: HTML, images, mentions, references, markers.
///
/// ```
/// use orchestrator::text::sanitize;
/// assert_eq!(sanitize("Fixes #12 for @mona <!-- x -->"), "Fixes (#)12 for (at)mona ");
/// ```
pub fn sanitize(text: &str) -> String {
    let visible: String =
        text.nfc().filter(|c| !is_hidden(*c) && (!c.is_control() || matches!(c, '\n' | '\t'))).collect();
    let plain = without_html(&visible);
    let plain = plain.replace("![", "! [");
    break_marker(&break_urls(&break_signs(&plain)))
}

/// Makes the mainline's own text safe to send: it may instruct, hold code and name issues, but it carries no hidden
/// character, no HTML comment and no marker, and notifies nobody.
///
/// ```
/// assert_eq!(orchestrator::text::disarm("Vec<T> for @mona <!-- x -->"), "Vec<T> for (at)mona (!-- x --)");
/// ```
pub fn disarm(text: &str) -> String {
    let visible: String =
        text.nfc().filter(|c| !is_hidden(*c) && (!c.is_control() || matches!(c, '\n' | '\t'))).collect();
    break_marker(&break_mentions(&visible.replace("<!--", "(!--").replace("-->", "--)")))
}

fn break_mentions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '@' if characters.peek().is_some_and(|next| next.is_alphanumeric()) => out.push_str("(at)"),
            _ => out.push(c),
        }
    }
    out
}

/// Characters that a reader does not see: bidirectional controls, zero widths, tags, joiners, fillers, selectors.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E
        | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0x1BCA0..=0x1BCA3
        | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

/// How often tags are taken out before every `<` that is left is written out: taking one out may put the parts of
/// another together, and a text made of such parts must not cost more than a few passes.
const MAX_PASSES: usize = 8;

/// Drops comments whole and every tag; a `<` that opens nothing stays.
fn without_html(text: &str) -> String {
    let mut out = text.to_owned();
    for _ in 0..MAX_PASSES {
        if !opens_html(&out) {
            return out.replace("-->", "--)");
        }
        out = without_tags(&out);
    }
    out.replace('<', "(lt)").replace("-->", "--)")
}

fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        if let Some(comment) = tail.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| comment.get(end + 3..).unwrap_or_default());
            continue;
        }
        match tail.find('>').filter(|_| tag_starts(tail)) {
            Some(end) => rest = tail.get(end + 1..).unwrap_or_default(),
            None => {
                out.push_str(if tag_starts(tail) { "(lt)" } else { "<" });
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether this `<…` is a tag, an end tag, a declaration or an instruction.
fn tag_starts(tail: &str) -> bool {
    tail.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
}

fn opens_html(text: &str) -> bool {
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let opens = |next: &char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?');
        if c == '<' && characters.peek().is_some_and(opens) {
            return true;
        }
    }
    false
}

/// `@name` → `(at)name`; `#12`, `GH-12` → `(#)12`, `GH 12`.
fn break_signs(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    for (index, c) in characters.iter().enumerate() {
        let next = characters.get(index + 1).copied();
        let before = index.checked_sub(1).and_then(|index| characters.get(index)).copied();
        match c {
            '@' if next.is_some_and(|c| c.is_alphanumeric()) => out.push_str("(at)"),
            '#' if next.is_some_and(|c| c.is_ascii_digit()) => out.push_str("(#)"),
            '-' if next.is_some_and(|c| c.is_ascii_digit())
                && matches!(before, Some('h' | 'H'))
                && is_gh(&characters, index) =>
            {
                out.push(' ');
            }
            _ => out.push(*c),
        }
    }
    out
}

/// Whether the two letters before `index` are a word `GH`.
fn is_gh(characters: &[char], index: usize) -> bool {
    let letter = |back: usize| index.checked_sub(back).and_then(|index| characters.get(index)).copied();
    letter(2).is_some_and(|c| c.eq_ignore_ascii_case(&'g')) && !letter(3).is_some_and(char::is_alphanumeric)
}

/// Links to issues and pull requests close and cross-reference just like numbers: after a closing keyword the address
/// is broken, elsewhere too, since GitHub cross-references every one.
fn break_urls(text: &str) -> String {
    let mut out = text.to_owned();
    for path in ["/issues/", "/pull/", "/pulls/", "/discussions/"] {
        let spaced = format!("{} ", path.trim_end_matches('/'));
        out = out.replace(path, &format!("{}/ ", spaced.trim_end()));
    }
    while out.contains("/  ") {
        out = out.replace("/  ", "/ ");
    }
    out
}

/// A marker's own words, wherever they stand.
fn break_marker(text: &str) -> String {
    text.replace("orchestrator:", "orchestrator :")
        .replace("orchestrator-issue-queue-id", "orchestrator issue queue id")
}

/// Whether a text holds a closing keyword directly before a reference, as GitHub reads it: `#12`, `GH-12`,
/// `owner/name#12` or the address of an issue (docs.github.com, "Autolinked references and URLs").
pub fn closes_something(text: &str) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let mut before = String::new();
    for word in text.split_whitespace() {
        let keyword = before.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_end_matches(':');
        if CLOSING.contains(&keyword) {
            let lower = word.to_ascii_lowercase();
            let number = lower.rsplit('#').next().is_some_and(digit) && lower.contains('#') && !lower.contains("(#)");
            let apart = |at: usize| !lower.get(..at).is_some_and(|start| start.ends_with(char::is_alphanumeric));
            let short = lower.match_indices("gh-").any(|(at, _)| apart(at) && lower.get(at + 3..).is_some_and(digit));
            let after = |part: &str| lower.find(part).and_then(|at| lower.get(at + part.len()..));
            let address = lower.contains("://") && ["/issues/", "/pull/"].into_iter().filter_map(after).any(digit);
            if number || short || address {
                return true;
            }
        }
        before = word.to_ascii_lowercase();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_is_broken() {
        let cases = [
            ("closes #3", "closes (#)3"),
            ("GH-12 and high-5", "GH 12 and high-5"),
            ("octo/repo#7", "octo/repo(#)7"),
            ("mail@example.org", "mail(at)example.org"),
            ("a<b>c</b>", "ac"),
            ("1 < 2", "1 < 2"),
            ("<<a>b>", ""),
            ("<!-- orchestrator:review -->x", "x"),
            ("<!<!---->-- y -->z", "-- y --)z"),
            ("![i](u)", "! [i](u)"),
            ("a\u{200b}b\u{202e}c\u{e0041}", "abc"),
            ("https://github.com/o/r/issues/9", "https://github.com/o/r/issues/ 9"),
            ("orchestrator-issue-queue-id: x", "orchestrator issue queue id: x"),
        ];
        for (text, expected) in cases {
            assert_eq!(sanitize(text), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sanitizing_twice_is_sanitizing_once(text in "([<>!@#a-z0-9/ -]|<!--|-->|fixes #|@mona|/issues/|GH-|\u{200b}|orchestrator:|é|!\\[){0,30}") {
            let once = sanitize(&text);
            prop_assert_eq!(sanitize(&once), once.clone());
            prop_assert!(!once.contains("<!--") && !once.contains("-->") && !once.contains("orchestrator:"));
            prop_assert!(!closes_something(&once), "{}", once);
            prop_assert!(!once.chars().any(is_hidden));
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            let once = sanitize(&text);
            prop_assert_eq!(sanitize(&once), once);
        }
    }
}

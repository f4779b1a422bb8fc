//! What acts in a text, broken: mentions, references, links, images, markers, instructions to skip checks.
//!
//! **Guarantees**: idempotent: a text is passed until nothing changes, and one that was made to change for ever is left
//! with its words alone. A pass reads a text once.

use super::hidden::visible;
use super::html::without_html;

/// Passes before a text is taken for one that was made to need more.
const MAX_PASSES: usize = 6;
/// Longest name of an entity that is looked for, and longest instruction in brackets.
const MAX_NAME: usize = 40;
/// By which a commit's subject keeps checks from running (docs.github.com, "Skipping workflow runs").
const SKIPPING: [&str; 5] = ["skip ci", "ci skip", "no ci", "skip actions", "actions skip"];
/// What our markers begin with.
const MARKER: &str = "orchestrator";

/// Takes out what is hidden and breaks what acts: HTML, images, links, mentions, references, markers.
///
/// ```
/// use orchestrator::text::sanitize;
/// assert_eq!(sanitize("Fixes #12 for @mona <!-- x -->"), "Fixes (#)12 for (at)mona ");
/// ```
pub fn sanitize(text: &str) -> String {
    settle(text, |text| broken(&without_html(&visible(text)), Own::Broken))
}

/// The same, but for references to the own repository.
pub(super) fn sanitize_but_references(text: &str) -> String {
    settle(text, |text| broken(&without_html(&visible(text)), Own::Kept))
}

/// Makes the mainline's own text safe to send: it may instruct, hold code and name issues, but it carries no hidden
/// character, no HTML comment and no marker, and notifies nobody.
///
/// ```
/// assert_eq!(orchestrator::text::disarm("Vec<T> for @mona <!-- x -->"), "Vec<T> for (at)mona (!-- x --)");
/// ```
pub fn disarm(text: &str) -> String {
    settle(text, |text| disarmed(&visible(text)))
}

/// What becomes of `#12`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Own {
    Kept,
    Broken,
}

fn settle(text: &str, pass: impl Fn(&str) -> String) -> String {
    let mut out = pass(text);
    for _ in 0..MAX_PASSES {
        let again = pass(&out);
        if again == out {
            return out;
        }
        out = again;
    }
    out.chars().map(|c| if c.is_alphanumeric() || matches!(c, ' ' | '\n' | '\t') { c } else { '_' }).collect()
}

/// Where a pass stands: what comes next, and what came before.
#[derive(Clone, Copy)]
struct Here<'t> {
    before: Option<char>,
    /// From this character on.
    rest: &'t str,
}

impl Here<'_> {
    fn next(&self, is: impl Fn(char) -> bool) -> bool {
        self.rest.chars().nth(1).is_some_and(is)
    }

    /// The beginning as written, where it is this in any case.
    fn written(&self, word: &str) -> Option<&str> {
        self.rest.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word))
    }

    fn begins_word(&self) -> bool {
        !self.before.is_some_and(char::is_alphanumeric)
    }
}

/// What stands instead of how many bytes.
type Broken = Option<(usize, String)>;

/// One pass over a text: the rule says what stands at these signs and letters.
fn passed(text: &str, signs: &[char], rule: impl Fn(Here<'_>, char) -> Broken) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut here = Here { before: None, rest: text };
    while let Some(at) = here.rest.find(signs) {
        let (plain, rest) = here.rest.split_at_checked(at).unwrap_or((here.rest, ""));
        out.push_str(plain);
        here = Here { before: plain.chars().next_back().or(here.before), rest };
        let Some(c) = rest.chars().next() else { break };
        let taken = match rule(here, c) {
            Some((taken, instead)) => {
                out.push_str(&instead);
                taken
            }
            None => {
                out.push(c);
                c.len_utf8()
            }
        };
        let (gone, rest) = here.rest.split_at_checked(taken).unwrap_or((here.rest, ""));
        here = Here { before: gone.chars().next_back(), rest };
    }
    out.push_str(here.rest);
    out
}

fn broken(text: &str, own: Own) -> String {
    let instead = |taken: usize, text: &str| Some((taken, text.to_owned()));
    let signs = ['@', '＠', '﹫', '#', '＃', '﹟', '&', '!', ']', ':', 'g', 'G', 'w', 'W', 'o', 'O', '['];
    passed(text, &signs, |here, c| match c {
        '@' | '＠' | '﹫' => mention(here, c),
        '#' if here.next(|c| c.is_numeric()) && !(own == Own::Kept && is_own(here)) => instead(1, "(#)"),
        '＃' | '﹟' => instead(c.len_utf8(), "(#)"),
        '&' => entity(here.rest)
            .map(|name| if is_at(name) { (name.len() + 2, "(at)".to_owned()) } else { (1, "(amp)".to_owned()) }),
        '!' if here.next(|c| c == '[') => instead(1, "! "),
        ']' if here.next(|c| matches!(c, '(' | ':')) => instead(1, "] "),
        ':' if here.rest.starts_with("://") => instead(1, "(:)"),
        'g' | 'G' => short_reference(here),
        'w' | 'W' if here.begins_word() => here.written("www.").map(|start| (4, start.replace('.', "(.)"))),
        'o' | 'O' => marker(here),
        '[' => skipping(here.rest),
        _ => None,
    })
}

fn disarmed(text: &str) -> String {
    let instead = |taken: usize, text: &str| Some((taken, text.to_owned()));
    passed(text, &['@', '＠', '﹫', '&', '<', '-', 'o', 'O'], |here, c| match c {
        '@' | '＠' | '﹫' => mention(here, c),
        '&' => entity(here.rest).filter(|name| is_at(name)).map(|name| (name.len() + 2, "(at)".to_owned())),
        // Declarations and instructions are as invisible as comments.
        '<' if here.next(|c| matches!(c, '!' | '?')) => instead(1, "("),
        '-' if here.rest.starts_with("-->") => instead(3, "--)"),
        'o' | 'O' => marker(here),
        _ => None,
    })
}

/// `@name`, in any script, also where its first letter is written as an entity or escaped.
fn mention(here: Here<'_>, sign: char) -> Broken {
    let named = sign != '@' || here.next(|c| c.is_alphanumeric() || matches!(c, '&' | '\\'));
    named.then(|| (sign.len_utf8(), "(at)".to_owned()))
}

/// `#12` and no more: behind a name it is another repository's.
fn is_own(here: Here<'_>) -> bool {
    here.before.is_none_or(|c| c.is_whitespace() || c == '(')
}

/// `GH-12` → `GH 12`.
fn short_reference(here: Here<'_>) -> Broken {
    let start = here.written("gh-").filter(|_| here.begins_word())?;
    let digit = here.rest.get(3..)?.starts_with(|c: char| c.is_numeric());
    digit.then(|| (3, start.replace('-', " ")))
}

/// A marker's own words, wherever they stand and however their sign is written.
fn marker(here: Here<'_>) -> Broken {
    let start = here.written(MARKER)?;
    let after = here.rest.get(MARKER.len()..)?;
    let long = "-issue-queue-id";
    if let Some(words) = after.get(..long.len()).filter(|words| words.eq_ignore_ascii_case(long)) {
        return Some((MARKER.len() + long.len(), format!("{start}{}", words.replace('-', " "))));
    }
    after.starts_with([':', '%', '&', '：']).then(|| (MARKER.len(), format!("{start} ")))
}

/// `[skip ci]` → `(skip ci)`.
fn skipping(rest: &str) -> Broken {
    let inner: String = rest.chars().skip(1).take(MAX_NAME).take_while(|c| *c != ']').collect();
    let words = inner.split_whitespace().collect::<Vec<_>>().join(" ");
    let closed = rest.get(1 + inner.len()..)?.starts_with(']');
    let skips = SKIPPING.iter().any(|word| word.eq_ignore_ascii_case(&words));
    (closed && skips).then(|| (inner.len() + 2, format!("({inner})")))
}

/// The name of an entity, without its `&` and `;`.
fn entity(rest: &str) -> Option<&str> {
    let name = rest.get(1..)?;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '#';
    let length = name.chars().take(MAX_NAME).take_while(|c| word(*c)).count();
    let (name, after) = name.split_at_checked(length)?;
    (!name.is_empty() && after.starts_with(';')).then_some(name)
}

/// Whether an entity is an at sign.
fn is_at(name: &str) -> bool {
    let Some(number) = name.strip_prefix('#') else { return name == "commat" };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    matches!(code, Ok(0x40 | 0xFE6B | 0xFF20))
}

#[cfg(test)]
mod tests {
    use super::super::{closes_something, headline, hidden::is_hidden, one_line};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_is_broken() {
        let cases = [
            ("closes #3", "closes (#)3"),
            ("GH-12, gh-1 and high-5", "GH 12, gh 1 and high-5"),
            ("octo/repo#7", "octo/repo(#)7"),
            ("octo/repo@c0ffee", "octo/repo(at)c0ffee"),
            ("mail@example.org", "mail(at)example.org"),
            ("＠mona @ home", "(at)mona @ home"),
            ("&#64;mona &commat;mona &#x40;mona", "(at)mona (at)mona (at)mona"),
            ("&lt;b&gt; a && b; AT&T", "(amp)lt;b(amp)gt; a && b; AT&T"),
            ("<!-- orchestrator:review -->x", "x"),
            ("![i](u) and [t](u)", "! [i] (u) and [t] (u)"),
            ("[r]: //u", "[r] : //u"),
            ("a\u{200b}b\u{202e}c\u{e0041}", "abc"),
            ("https://github.com/o/r/issues/9", "https(:)//github.com/o/r/issues/9"),
            ("<https://x.example> WWW.x.example", "(lt)https(:)//x.example> WWW(.)x.example"),
            ("Orchestrator-Issue-queue-id: x", "Orchestrator Issue queue id: x"),
            ("orchestrator:gap orchestrator%3Agap", "orchestrator :gap orchestrator %3Agap"),
            ("[skip ci] [ Skip\n CI ] [ci]", "(skip ci) ( Skip\n CI ) [ci]"),
        ];
        for (text, expected) in cases {
            assert_eq!(sanitize(text), expected, "{text}");
        }
    }

    #[test]
    fn the_mainlines_own_text_keeps_what_it_says() {
        let kept = "Fix #3 in `Vec<T>`: see [x](https://x.example) <details>\n\n| a | b |\n[skip ci] A & B &amp; C";
        assert_eq!(disarm(kept), kept);
        assert_eq!(disarm("<?x?> <![CDATA[x]]> &#0064;mona"), "(?x?> (![CDATA[x]]> (at)mona");
    }

    #[test]
    fn a_text_that_never_settles_is_left_with_its_words() {
        let growing = settle("a@b", |text| format!("{text}@"));
        assert_eq!(growing, "a_b_______");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sanitizing_twice_is_sanitizing_once(text in "([<>!@#a-z0-9/ &;:.\\]\\[(-]|<!--|-->|fixes #|@mona|://|www\\.|GH-|\u{200b}|orchestrator:|é|e|\u{301}|!\\[|&#64;|\\[skip|ci\\]|\n){0,30}", max in 1usize..60) {
            let once = sanitize(&text);
            prop_assert_eq!(sanitize(&once), once.clone());
            prop_assert!(!once.contains("<!--") && !once.contains("-->") && !once.contains("orchestrator:"));
            prop_assert!(!closes_something(&once), "{}", once);
            prop_assert!(!once.chars().any(is_hidden));
            for line in [one_line(&text, max), headline(&text, max)] {
                prop_assert!(!closes_something(&line), "{}", line);
            }
            let (line, head) = (one_line(&text, max), headline(&text, max));
            prop_assert_eq!(one_line(&line, max), line);
            prop_assert_eq!(headline(&head, max), head);
            let calm = disarm(&text);
            prop_assert_eq!(disarm(&calm), calm);
        }

        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            let once = sanitize(&text);
            prop_assert_eq!(sanitize(&once), once);
            let once = disarm(&text);
            prop_assert_eq!(disarm(&once), once);
        }
    }
}

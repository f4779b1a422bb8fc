//! HTML taken out of a text.
//!
//! **Guarantees**: in what is left no `<` opens a tag, an end tag, a declaration or an instruction, and nothing closes a
//! comment. Linear in the text, whatever it nests.

/// How often tags are taken out before every `<` that is left is written out: taking one out may put the parts of
/// another together, and a text made of such parts must not cost more than a few passes.
const MAX_PASSES: usize = 8;

/// Drops comments whole and every tag; a `<` that opens nothing stays.
pub(super) fn without_html(text: &str) -> String {
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
    // Looked for once: where no `>` follows one `<`, none follows the next.
    let mut closes = true;
    while let Some(at) = rest.find('<') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        if let Some(comment) = tail.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| comment.get(end + 3..).unwrap_or_default());
            continue;
        }
        let end = if closes && opens(tail) && !is_address(tail) { tail.find('>') } else { None };
        closes = closes && (end.is_some() || !opens(tail) || is_address(tail));
        match end {
            Some(end) => rest = tail.get(end + 1..).unwrap_or_default(),
            None => {
                out.push_str(if opens(tail) { "(lt)" } else { "<" });
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// Whether this `<…` is a tag, an end tag, a declaration or an instruction.
fn opens(tail: &str) -> bool {
    tail.as_bytes().get(1).is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, b'/' | b'!' | b'?'))
}

/// Whether it is no tag but an address in angle brackets, which a reader sees: `<https://…>`, `<a@b.c>`.
fn is_address(tail: &str) -> bool {
    let word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-' | '_');
    let after = tail.chars().skip(1).take(64).find(|c| !word(c));
    matches!(after, Some(':' | '@'))
}

fn opens_html(text: &str) -> bool {
    text.match_indices('<').any(|(at, _)| text.get(at..).is_some_and(opens))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_comments_go_and_addresses_stay() {
        let cases = [
            ("a<b>c</b>", "ac"),
            ("1 < 2", "1 < 2"),
            ("<<a>b>", ""),
            ("<!-- x -->y", "y"),
            ("<!<!---->-- y -->z", "-- y --)z"),
            ("<https://x.example>", "(lt)https://x.example>"),
            ("<svg:a>", "(lt)svg:a>"),
            ("a <b", "a (lt)b"),
            ("before <!-- never closed", "before "),
        ];
        for (text, expected) in cases {
            assert_eq!(without_html(text), expected, "{text}");
        }
    }

    #[test]
    fn a_million_characters_cost_time_in_proportion() {
        let start = std::time::Instant::now();
        let text = without_html(&"<a".repeat(500_000));
        assert!(text.starts_with("(lt)a(lt)a") && start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}

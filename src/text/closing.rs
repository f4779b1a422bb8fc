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
    fn a_million_characters_cost_time_in_proportion() {
        let start = std::time::Instant::now();
        let closes = closes_something(&"fix/".repeat(250_000));
        assert!(!closes && start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    }
}

//! Characters that a reader does not see, and line ends.
//!
//! **Guarantees**: what is left is NFC, with `\n` as its only line end and `\t` as its only other control character.

use unicode_normalization::UnicodeNormalization;

/// Bidirectional controls, zero widths, tags, joiners, fillers, selectors: Unicode's default-ignorable characters, and
/// those that show as nothing or as a blank of their own.
pub(super) fn is_hidden(c: char) -> bool {
    matches!(u32::from(c),
        0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E
        | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFE00..=0xFE0F | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0x13430..=0x1343F
        | 0x16FE4 | 0x1BCA0..=0x1BCA3 | 0x1D159 | 0x1D173..=0x1D17A | 0xE0000..=0xE0FFF)
}

/// Whether a terminal may take it for a command, or show it elsewhere than it stands.
pub(super) fn moves_a_cursor(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || is_hidden(c)
}

/// What a reader sees. Composed after the hidden ones are gone, which keep letters and accents apart.
pub(super) fn visible(text: &str) -> String {
    let mut characters = text.chars().peekable();
    let next = std::iter::from_fn(|| {
        let c = characters.next()?;
        if c == '\r' && characters.peek() == Some(&'\n') {
            characters.next();
        }
        Some(if ends_line(c) { '\n' } else { c })
    });
    let seen = next.filter(|c| !moves_a_cursor(*c));
    if text.is_ascii() { seen.collect() } else { seen.nfc().collect() }
}

/// Everything that some reader takes for a line's end: left out, it would join what stands in two lines.
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_one_and_accents_join_their_letters() {
        assert_eq!(visible("a\rb\r\nc\u{85}d\u{2028}e\n\n\u{b}f"), "a\nb\nc\nd\ne\n\n\nf");
        assert_eq!(visible("e\u{200b}\u{301}"), "é");
    }
}

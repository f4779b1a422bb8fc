//! What acts in a text, as GitHub and a terminal read it.
//!
//! **Guarantees**: written from GitHub's documentation and Unicode's data, and by a markdown parser, beside the
//! product's own rules: nothing here knows how they break a text.

use comrak::nodes::{AstNode, NodeValue};
use regex::Regex;
use std::sync::LazyLock;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// What acts wherever it stands.
static ACTS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    [
        ("mention", r"[@＠﹫][\p{L}\p{N}]"),
        ("commit", r"(?i)[\w.-]@[0-9a-f]{7}"),
        ("other's reference", r"[\w/.-][#＃]\p{Nd}"),
        ("short reference", r"(?i)\bgh-\d"),
        ("address", r"(?i)[a-z][a-z0-9+.-]*://"),
        ("address without scheme", r"(?i)\bwww\.[a-z0-9]"),
        ("mail", r"(?i)[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]"),
        ("link", r"\]\("),
        ("definition", r"(?m)^[ >]{0,6}\[[^\]]+\]:"),
        ("image", r"!\["),
        ("html", r"<[A-Za-z/!?]"),
        ("comment", r"<!--|-->"),
        ("marker", r"(?i)orchestrator-issue-queue-id|orchestrator[:：]"),
        (
            "closing",
            concat!(
                r"(?i)\b(close[sd]?|fix(es|ed)?|resolve[sd]?)[\s:*_(,]*",
                r"([\w./-]*#\d|gh-\d|https?://\S*/(issues|pull|discussions)/\d)"
            ),
        ),
        ("skipping", r"(?i)\[\s*(skip\s+ci|ci\s+skip|no\s+ci|skip\s+actions|actions\s+skip)\s*\]"),
    ]
    .map(|(name, text)| (name, pattern(text)))
    .into()
});
static OWN: LazyLock<Regex> = LazyLock::new(|| pattern(r"[#＃]\p{Nd}"));

/// What acts, with a name and what stands there, sorted.
pub fn acts(text: &str) -> Vec<String> {
    let found = |(name, pattern): &(&str, Regex)| -> Vec<String> {
        pattern.find_iter(text).map(|at| format!("{name}: {:?}", at.as_str())).collect()
    };
    let mut all: Vec<String> = ACTS.iter().flat_map(found).collect();
    all.extend(unseen(text));
    all.extend(disguised(text));
    all.sort();
    all
}

/// References to the own repository.
pub fn own_references(text: &str) -> Vec<String> {
    OWN.find_iter(text).map(|at| at.as_str().to_owned()).collect()
}

/// Unicode's default-ignorable characters (`DerivedCoreProperties.txt`), formats, blanks of their own, and controls.
pub fn is_unseen(c: char) -> bool {
    const RANGES: [(u32, u32); 24] = [
        (0xAD, 0xAD),
        (0x34F, 0x34F),
        (0x61C, 0x61C),
        (0x115F, 0x1160),
        (0x17B4, 0x17B5),
        (0x180B, 0x180F),
        (0x200B, 0x200F),
        (0x2028, 0x2029),
        (0x202A, 0x202E),
        (0x2060, 0x206F),
        (0x2800, 0x2800),
        (0x3164, 0x3164),
        (0xFE00, 0xFE0F),
        (0xFEFF, 0xFEFF),
        (0xFFA0, 0xFFA0),
        (0xFFF0, 0xFFFB),
        (0x13430, 0x1343F),
        (0x16FE4, 0x16FE4),
        (0x1BCA0, 0x1BCA3),
        (0x1D159, 0x1D159),
        (0x1D173, 0x1D17A),
        (0xE0000, 0xE007F),
        (0xE0080, 0xE00FF),
        (0xE0100, 0xE0FFF),
    ];
    let code = u32::from(c);
    let control = (code < 0x20 && c != '\n' && c != '\t') || (0x7F..=0x9F).contains(&code);
    control || RANGES.iter().any(|(from, to)| (*from..=*to).contains(&code))
}

/// Hidden and controlling characters.
pub fn unseen(text: &str) -> Vec<String> {
    text.chars().filter(|c| is_unseen(*c)).map(|c| format!("unseen: U+{:04X}", u32::from(c))).collect()
}

/// Markers that appear once percent signs are decoded.
fn disguised(text: &str) -> Vec<String> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy().to_lowercase();
    let (raw, shown) = (text.to_lowercase(), |text: &str| {
        text.matches("orchestrator:").count() + text.matches("orchestrator-issue-queue-id").count()
    });
    if shown(&decoded) > shown(&raw) { vec!["disguised marker".to_owned()] } else { Vec::new() }
}

/// How a text is built at GitHub: its blocks in order, those of quotations and lists included.
pub fn blocks(text: &str) -> Vec<String> {
    read(text, |node| {
        let value = node.data.borrow();
        let name = match &value.value {
            NodeValue::CodeBlock(code) => format!("code {}", code.info),
            NodeValue::HtmlBlock(html) => format!("html {}", html.literal.lines().next().unwrap_or_default()),
            NodeValue::Heading(heading) => format!("heading {}", heading.level),
            other if other.block() => format!("{:?}", std::mem::discriminant(other)),
            _ => return None,
        };
        Some(name)
    })
}

/// What a text does at GitHub, once its entities and escapes are read: links, images, HTML, mentions, references.
pub fn deeds(text: &str) -> Vec<String> {
    static MENTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|[^\w`])@([A-Za-z0-9][\w/-]*)"));
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)[\w./-]*#\d+|\bgh-\d+"));
    let mut found = read(text, |node| match &node.data.borrow().value {
        NodeValue::Link(link) => Some(format!("link {}", link.url)),
        NodeValue::Image(image) => Some(format!("image {}", image.url)),
        NodeValue::HtmlInline(html) => Some(format!("html {html}")),
        NodeValue::FootnoteReference(note) => Some(format!("footnote {}", note.name)),
        _ => None,
    });
    let words = read(text, |node| match &node.data.borrow().value {
        NodeValue::Text(words) => Some(words.to_string()),
        _ => None,
    });
    for words in words {
        found.extend(MENTION.find_iter(&words).map(|at| format!("mention {}", at.as_str())));
        found.extend(REFERENCE.find_iter(&words).map(|at| format!("reference {}", at.as_str())));
    }
    found.sort();
    found
}

fn read<T>(text: &str, of: impl Fn(&AstNode<'_>) -> Option<T>) -> Vec<T> {
    let mut options = comrak::Options::default();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    let arena = comrak::Arena::new();
    let root = comrak::parse_document(&arena, text, &options);
    root.descendants().filter_map(of).collect()
}

/// The reader itself, on texts whose deeds are known.
#[test]
fn the_reader_sees_what_github_sees() {
    let cases = [
        ("cc @mona", "mention  @mona"),
        ("&#64;mona", "mention @mona"),
        ("see #12", "reference #12"),
        ("o/r#12 ", "reference o/r#12"),
        ("gh-12", "reference gh-12"),
        ("https://x.example", "link https://x.example"),
        ("www.x.example", "link http://www.x.example"),
        ("<https://x.example>", "link https://x.example"),
        ("[a][b]\n\n[b]: //x", "link //x"),
        ("![a](//x)", "image //x"),
        ("a <b>", "html <b>"),
    ];
    for (text, deed) in cases {
        assert_eq!(deeds(text), [deed], "{text}");
    }
    for text in ["`@mona` `#12`", "```\n@mona #12 https://x.example\n```", "mail (at) home", "a # 12"] {
        assert!(deeds(text).is_empty(), "{text}");
    }
    for (text, act) in [
        ("@mona", "mention"),
        ("o/r@c0ffee00", "commit"),
        ("o/r#1", "other's reference"),
        ("GH-1", "short reference"),
        ("ftp://x", "address"),
        ("www.x", "address without scheme"),
        ("a@b.c", "mail"),
        ("[a](b)", "link"),
        ("[a]: b", "definition"),
        ("![", "image"),
        ("</x", "html"),
        ("<!--", "comment"),
        ("Orchestrator:x", "marker"),
        ("Closes: #3", "closing"),
        ("fixes\nGH-3", "closing"),
        ("[skip ci]", "skipping"),
        ("a\u{200b}", "unseen"),
        ("a\u{9b}", "unseen"),
        ("orchestrator%3Agap", "disguised"),
    ] {
        assert!(acts(text).iter().any(|found| found.starts_with(act)), "{text}: {:?}", acts(text));
    }
}

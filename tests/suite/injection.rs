//! Texts that try to act (`fixtures/injection`), driven through every place where a text from outside is sent or printed.
//!
//! **Guarantees**: each place is compared with what it is for a harmless text: nothing acts that does not act there
//! anyway, and the blocks of an issue are the same. The reading is `injection_reading`'s, which knows no rule of ours.

use crate::folder::folder;
use crate::injection_reading::{acts, blocks, deeds, is_unseen, own_references, unseen};
use crate::program::Program;
use crate::sim_client::simulator;
use jiff::Timestamp;
use orchestrator::message::{self, MAX_BODY, MAX_TITLE, MergedPull};
use orchestrator::model::{
    AccountId, Category, CommentMarker, CommitId, Discussion, DiscussionEntry, EntryKind, IssueNumber, ItemName,
    Marker, PullNumber, QueueItem, RepositoryName, Step, Verdict,
};
use orchestrator::text;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    text: String,
    times: Option<usize>,
}

/// Every text with its name, and whether it is a long one.
pub fn corpus() -> Vec<(String, String, bool)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/injection");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(root).expect("the corpus") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ending| ending != "jsonl") {
            continue;
        }
        let kind = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        for line in std::fs::read_to_string(&path).expect("text").lines() {
            let case: Case = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let text = case.text.repeat(case.times.unwrap_or(1));
            all.push((format!("{kind}: {}", case.name), text, case.times.is_some()));
        }
    }
    all
}

fn item(name: &str, title: &str) -> QueueItem {
    QueueItem {
        name: ItemName::new(name).expect("a file name"),
        category: Category::Development,
        blob: CommitId::from_bytes([1; 20]),
        title: title.to_owned(),
        priority: 0,
        depends_on: Vec::new(),
        hold: false,
    }
}

fn repository() -> RepositoryName {
    "octo/sample".parse().expect("a name")
}

/// A capability issue with this text in every place at once.
fn capability(text: &str) -> String {
    let kinds = [
        EntryKind::Comment,
        EntryKind::Review { verdict: Verdict::ChangesRequested },
        EntryKind::ReviewComment { path: text.to_owned() },
    ];
    let entries = kinds.map(|kind| DiscussionEntry {
        id: 1,
        author: AccountId { id: 1, login: text.to_owned() },
        at: Timestamp::UNIX_EPOCH,
        kind,
        text: text.to_owned(),
        link: String::new(),
    });
    let discussion = Discussion {
        link: String::new(),
        body: Some(text.to_owned()),
        entries: entries.into(),
        others: vec![String::new(); 2],
    };
    let merge = CommitId::from_bytes([2; 20]);
    let pull = MergedPull { number: PullNumber(15), merge, title: text, discussion: &discussion };
    let issue = message::capability_issue(&repository(), text, &item("dev-1.md", "t").name, &[pull]);
    assert_eq!(issue.title, "Update system capabilities based on merged PR #15");
    let marker = Marker::Capability { repository: repository(), pull: PullNumber(15) };
    assert_eq!((Marker::leading(&issue.body), issue.body.chars().count() <= MAX_BODY), (Some(marker), true));
    issue.body
}

fn count(text: &str, of: &str) -> usize {
    text.matches(of).count()
}

#[test]
fn the_corpus_is_large_and_its_texts_and_names_differ() {
    let corpus = corpus();
    let texts: std::collections::BTreeSet<&str> = corpus.iter().map(|(_, text, _)| text.as_str()).collect();
    let names: std::collections::BTreeSet<&str> = corpus.iter().map(|(name, ..)| name.as_str()).collect();
    assert!(texts.len() >= 150 && texts.len() == corpus.len() && names.len() == corpus.len(), "{}", texts.len());
    let acting = corpus.iter().filter(|(_, text, _)| !acts(text).is_empty() || !own_references(text).is_empty());
    assert!(acting.count() > 150, "most of them act where nothing is done about it");
}

#[test]
fn what_is_quoted_in_a_capability_issue_does_nothing() {
    let harmless = capability("x");
    let expected = (acts(&harmless), own_references(&harmless), deeds(&harmless), blocks(&harmless));
    for (name, text, _) in corpus() {
        let body = capability(&text);
        assert_eq!(acts(&body), expected.0, "{name}\n{body}");
        assert_eq!(own_references(&body), expected.1, "{name}\n{body}");
        assert_eq!(deeds(&body), expected.2, "{name}\n{body}");
        let built: Vec<String> = blocks(&body);
        // A text that is nothing at all is not quoted.
        assert!(built == expected.3 || text::sanitize(&text).trim().is_empty(), "{name}\n{body}");
        assert_eq!(count(&body, "<!--"), 1, "{name}");
    }
}

#[test]
fn a_development_issue_instructs_and_tells_nobody() {
    let harmless = message::development_issue(&item("dev-1.md", "x"), "x");
    for (name, text, long) in corpus() {
        let issue = message::development_issue(&item("dev-1.md", &text), &text);
        assert!(issue.body.chars().count() <= MAX_BODY && issue.title.chars().count() <= MAX_TITLE, "{name}");
        let marker = Marker::Item(ItemName::new("dev-1.md").expect("a name"));
        assert_eq!(Marker::find(&issue.body), Some(marker), "{name}");
        assert!(acts(&issue.title).is_empty() && own_references(&issue.title).is_empty(), "{name}: {}", issue.title);
        let forbidden = ["mention", "comment", "marker", "unseen", "disguised", "mail"];
        let kept = |body: &str| -> Vec<String> {
            acts(body).into_iter().filter(|act| forbidden.iter().any(|word| act.starts_with(word))).collect()
        };
        assert_eq!(kept(&issue.body), kept(&harmless.body), "{name}\n{}", issue.body);
        assert!(issue.body.contains("## How to work on this"), "{name}: our own words are never cut off");
        if !long {
            let mentions = deeds(&issue.body).into_iter().filter(|deed| deed.starts_with("mention"));
            assert_eq!(mentions.collect::<Vec<_>>(), Vec::<String>::new(), "{name}\n{}", issue.body);
        }
    }
}

#[test]
fn a_commit_of_ours_closes_nothing_and_refers_to_the_own_repository_at_most() {
    for (name, text, _) in corpus() {
        let (title, words) = message::merge_commit(&text, PullNumber(15), IssueNumber(12));
        assert_eq!(words, "Issue: #12\nPull-Request: #15\n");
        assert!(title.ends_with(" (#15)") && title.lines().count() == 1, "{name}: {title}");
        assert!(acts(&title).is_empty(), "{name}: {title}\n{:?}", acts(&title));
        assert!(title.chars().count() <= 210, "{name}: {title}");
    }
    for (name, text, _) in corpus() {
        let Some(file) = ItemName::new(format!("{}.md", text.replace('/', "-"))) else { continue };
        let subject = message::move_subject(Step::Promote, &file, None, false);
        assert!(acts(&subject).is_empty() && own_references(&subject).is_empty(), "{name}: {subject}");
    }
}

#[test]
fn a_comment_to_the_agent_calls_nobody_else_and_forges_nothing() {
    let pull = PullNumber(15);
    let nudge = CommentMarker::Nudge { pull, event: "E_1".to_owned() };
    let feedback = CommentMarker::Feedback { pull, head: CommitId::from_bytes([7; 20]) };
    let comments = |text: &str| {
        let problems = [message::failing_check(text, true), text.to_owned()];
        [message::nudge(&nudge, text), message::feedback(&feedback, &problems)]
    };
    let harmless = comments("x");
    for (name, text, _) in corpus() {
        for (comment, expected) in comments(&text).iter().zip(&harmless) {
            assert_eq!(acts(comment), acts(expected), "{name}\n{comment}");
            assert_eq!(own_references(comment), own_references(expected), "{name}\n{comment}");
            assert_eq!(deeds(comment), deeds(expected), "{name}\n{comment}");
            assert_eq!(CommentMarker::leading(comment), CommentMarker::leading(expected), "{name}\n{comment}");
            assert_eq!(comment.lines().count(), expected.lines().count(), "{name}\n{comment}");
        }
    }
}

#[test]
fn what_passed_once_passes_unchanged() {
    for (name, text, long) in corpus() {
        let once = text::sanitize(&text);
        assert_eq!(text::sanitize(&once), once, "{name}");
        let once = text::disarm(&text);
        assert_eq!(text::disarm(&once), once, "{name}");
        // Every cut is a pass over the whole text.
        let cuts: &[usize] = if long { &[200] } else { &[1, 20, 200] };
        for max in cuts.iter().copied() {
            let once = text::one_line(&text, max);
            assert_eq!(text::one_line(&once, max), once, "{name}");
            let once = text::headline(&text, max);
            assert_eq!(text::headline(&once, max), once, "{name}");
        }
        let quoted = text::quote(&text, "H");
        let (_, inside) = quoted.split_once("text\n").expect("a fence");
        let (inside, fence) = inside.trim_end().rsplit_once('\n').expect("an end");
        assert_eq!(text::sanitize(inside), inside, "{name}");
        assert!(fence.chars().all(|c| c == '`') && !inside.contains(fence), "{name}");
    }
}

#[test]
fn a_terminal_and_a_log_are_shown_what_stands_there() {
    for (name, text, _) in corpus() {
        assert!(unseen(&text::terminal(&text)).is_empty(), "{name}");
        assert_eq!(text::terminal(&text).chars().count(), text.chars().count(), "{name}: nothing disappears");
        let line = text::terminal_line(&text);
        assert!(unseen(&line).is_empty() && !line.contains('\n'), "{name}");
        let json = serde_json::json!({ "text": text }).to_string();
        let escaped = text::escaped(&json);
        assert!(!escaped.contains(is_unseen), "{name}");
        let read: serde_json::Value = serde_json::from_str(&escaped).expect("JSON");
        assert_eq!(read["text"], text.as_str(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_prints_no_text_from_outside_that_acts_on_a_terminal() {
    let (sim, here) = (simulator().await, folder());
    let pending = |name: &str| format!("planning/issue_queue/pending/{name}");
    let shown = pending("dev-\u{202e}fdp\u{200b}\u{e0041}.md");
    let refused = pending("dev-\u{1b}[2J\u{9b}1m\nerror: forged.md");
    let text: &[u8] = "# A \u{1b}]0;pwned\u{7}title\u{9b}2J\u{2066}\n".as_bytes();
    sim.commit_files("main", &[(&shown, Some(text)), (&refused, Some(text))], "tricks").await.expect("committed");
    let program = Program::on(&sim, here.path()).with("LOG_LEVEL", "trace");
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["cycle", "--dry-run"],
        &["cycle"],
        &["cycle", "--log-format", "json"],
        &["cycle", "--json"],
        &["fsck"],
    ] {
        let ended = program.run(arguments).await;
        let all = format!("{}\n{}", ended.out, ended.err);
        assert!(unseen(&all).is_empty(), "{arguments:?}: {:?}\n{all}", unseen(&all));
        assert!(!all.lines().any(|line| line.starts_with("error: forged")), "{arguments:?}\n{all}");
        assert!(arguments != ["status"] || all.contains("fdp") && all.contains("forged"), "both are shown: {all}");
    }
}

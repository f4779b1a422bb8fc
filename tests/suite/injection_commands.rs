//! Texts that try to act (`fixtures/injection`), through the commands: what the program itself prints and would send.
//!
//! **Guarantees**: the whole corpus goes through titles, labels, names of checks and accounts in a few looks, for many of
//! these are shown at once; of what is shown once a look, a run's name or a failure, a few tricks of each kind are tried.

use crate::folder::folder;
use crate::injection::corpus;
use crate::injection_reading::{acts, unseen};
use crate::program::Program;
use crate::running::{agent, paced};
use crate::sim_client::clone;
use orchestrator::sim::Simulator;
use orchestrator::sim::world::{CheckResult, NewPull, Permission, ReviewState, What};
use serde_json::Value;

const ISSUE: u64 = 1;
const PULL: u64 = 2;
/// Looks for the whole corpus: an issue is shown with the newest hundred pull requests that mention it.
const ROUNDS: usize = 3;
/// Most of those.
const MENTIONS: usize = 100;
/// How lines begin that no text from outside may begin: the program's own ones, and those that the corpus forges.
const FORGED: [&str; 3] = ["error: ", "help: ", "2026-01-01T"];
/// One of each kind, by its name in the corpus.
const TRICKS: [&str; 6] = [
    "hidden: every zero width at once",
    "long: numbers",
    "markers: words alone",
    "markup: anchor tag",
    "terminal: a forged line",
    "terminal: title of the window",
];
/// What acts in a comment of ours: its marker, and the mention that calls the agent.
const OURS: &str = "<!-- orchestrator:x -->\n@copilot Go on.";

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// Titles and logins are shown as GitHub gives them, which is on one line.
fn on_one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// The corpus but for what is blank, which GitHub takes for no title and no name.
fn texts() -> Vec<String> {
    let mut all = corpus();
    all.sort();
    let all = all.into_iter().map(|(_, text, _)| cut(&text, 1_000));
    all.filter(|text| !text.trim().is_empty()).collect()
}

/// Nothing in it drives a terminal, and no line is a forged one.
#[track_caller]
fn assert_harmless(printed: &str) {
    assert!(unseen(printed).is_empty(), "{:?}\n{printed}", unseen(printed));
    let forged = printed.lines().find(|line| FORGED.iter().any(|start| line.starts_with(start)));
    assert_eq!(forged, None, "{printed}");
}

/// Every line begins as one of the program's own does.
#[track_caller]
fn assert_lines_begin(page: &str, starts: &[String]) {
    let ours = |line: &&str| line.is_empty() || starts.iter().any(|start| line.starts_with(start.as_str()));
    let foreign: Vec<&str> = page.lines().filter(|line| !ours(line)).collect();
    assert!(foreign.is_empty(), "{foreign:#?}\n{page}");
}

/// One JSON object on one line.
#[track_caller]
fn object(printed: &str) -> Value {
    let value: Value = serde_json::from_str(printed).unwrap_or_else(|error| panic!("{error}: {printed}"));
    assert!(value.is_object() && printed.lines().count() == 1, "{printed}");
    value
}

/// How the lines of `status` begin.
fn labels() -> Vec<String> {
    let columns = ["", "stage", "focus", "why", "next", "also", "queue", "aside"].map(|label| format!("{label:<9}"));
    columns.into_iter().chain(["maintainer/tally".to_owned()]).collect()
}

/// How the lines of `guardrails` begin: the pull request, each guardrail, and what goes on below.
fn rows(listing: &Value) -> Vec<String> {
    let all = listing["guardrails"].as_array().expect("guardrails");
    let names = all.iter().map(|guard| format!("{:<15} ", guard["name"].as_str().expect("a name")));
    names.chain([format!("#{PULL} "), " ".repeat(31)]).collect()
}

/// Why a guardrail says no.
fn why<'v>(listing: &'v Value, name: &str) -> &'v str {
    let all = listing["guardrails"].as_array().expect("guardrails");
    let guard = all.iter().find(|guard| guard["name"] == name).expect("the guardrail");
    guard["why"].as_str().expect("a reason")
}

/// The comment to the agent that a dry run shows, and nothing but it acts as it is meant to.
#[track_caller]
fn assert_calls_the_agent_alone(script: &str) {
    let post = format!("\nPOST /repos/maintainer/tally/issues/{PULL}/comments\n");
    let (_, rest) = script.split_once(&post).expect("a comment would be written");
    let (body, _) = rest.split_once("\n\nnothing was sent").expect("and nothing else");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let text = body["body"].as_str().expect("a text");
    assert_eq!(acts(text), acts(OURS), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 400), "{text}");
}

/// A repository whose agent has finished the pull request of one item.
struct Room {
    sim: Simulator,
    program: Program,
    _here: tempfile::TempDir,
}

impl Room {
    async fn new() -> Self {
        let here = folder();
        let mut options = paced("write_spacing = \"0s\"");
        let pending = "planning/issue_queue/pending/dev-1.md";
        options.project.push((pending.to_owned(), b"# Count lines\n".to_vec()));
        let sim = Simulator::start(options).await.expect("the simulator starts");
        let program = Program::on(&sim, here.path());
        // It begins the ledger and asks for the item.
        for _ in 0..2 {
            let ended = program.run(&["cycle"]).await;
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        agent(&sim).await;
        Self { sim, program, _here: here }
    }

    fn head(&self) -> String {
        self.sim.world(|world| world.pull(PULL).expect("it is open").1.head_oid.clone())
    }

    /// What a command prints, once it is seen that it is harmless and that the command ended as it is documented.
    async fn prints(&self, arguments: &[&str], code: i32) -> String {
        let ended = self.program.run(arguments).await;
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert_harmless(&format!("{}\n{}", ended.out, ended.err));
        ended.out
    }

    /// The pull request turns red by a check of each name and by no other, and people of each name open pull requests of
    /// each title that mention the issue. Issue and pull request carry each label, and their title holds all of them; which
    /// it is.
    fn turn_red(&self, texts: &[String]) -> String {
        let head = self.head();
        let words: Vec<String> = texts.iter().map(|text| on_one_line(&cut(text, 256))).collect();
        let title = format!("Count lines {}", words.join(" "));
        self.sim.world(|world| {
            let viewer = world.viewer();
            let mainline = world.branch("main").expect("a mainline").to_owned();
            for number in [ISSUE, PULL] {
                world.retitle(number, viewer, title.clone());
            }
            let before: Vec<String> = world.checks(&head).iter().map(|check| check.name.clone()).collect();
            for name in before {
                world.report_check(&head, &name, CheckResult::Success);
            }
            for text in texts {
                world.report_check(&head, text, CheckResult::Failure);
                for number in [ISSUE, PULL] {
                    world.put_label(number, viewer, &cut(text, 50));
                }
                let author = world.person(&on_one_line(&cut(text, 300)), Permission::None);
                let new = NewPull {
                    title: cut(text, 256),
                    body: format!("See #{ISSUE}"),
                    head: format!("theirs-{}", world.subjects().count()),
                    head_oid: mainline.clone(),
                    base: "main".to_owned(),
                    draft: false,
                    fork: None,
                };
                world.open_pull(author, new).expect("it is opened");
            }
        });
        title
    }

    /// The agent's session breaks off with this message, a run of this name waits for approval, and a person of this name,
    /// who alone may write, wants changes.
    fn hold_up(&self, text: &str) {
        let head = self.head();
        self.sim.world(|world| {
            let viewer = world.viewer();
            let writers = world.accounts().filter(|account| account.permission == Permission::Write);
            let writers: Vec<String> = writers.map(|account| account.login.clone()).collect();
            for login in writers {
                world.person(&login, Permission::None);
            }
            let reviewer = world.person(&on_one_line(&cut(text, 1_000)), Permission::Write);
            world.review(reviewer, PULL, ReviewState::ChangesRequested, "No.").expect("it is reviewed");
            world.hold_run(&head, text);
            world.agent_event(PULL, viewer, What::AgentFailed(text.to_owned()));
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_prints_a_title_or_the_name_of_a_check_or_a_person_that_drives_a_terminal() {
    let room = Room::new().await;
    let texts = texts();
    for texts in texts.chunks(texts.len().div_ceil(ROUNDS)) {
        let title = room.turn_red(texts);

        let page = room.prints(&["status"], 0).await;
        assert_lines_begin(&page, &labels());
        let seen = object(&room.prints(&["status", "--json"], 0).await);
        let decision = &seen["decision"];
        assert_eq!(decision["focus"]["title"], title.as_str(), "nothing of it is lost");
        let evidence = decision["evidence"].as_array().expect("evidence").iter();
        let mentions = evidence.filter(|evidence| evidence["value"] == "mentions the issue and would not close it");
        let mentions: Vec<&str> = mentions.map(|evidence| evidence["fact"].as_str().expect("words")).collect();
        assert!(mentions.len() >= texts.len().min(MENTIONS), "{mentions:#?}");
        // A title of 80 characters and a login of 100.
        let long: Vec<&&str> = mentions.iter().filter(|fact| fact.chars().count() > 200).collect();
        assert!(long.is_empty(), "{long:#?}");

        let page = room.prints(&["guardrails"], 4).await;
        let listing = object(&room.prints(&["guardrails", "--json"], 4).await);
        assert_lines_begin(&page, &rows(&listing));
        assert_eq!(listing["title"], title.as_str(), "nothing of it is lost");
        let checks = why(&listing, "checks").split("the check `").skip(1);
        let checks: Vec<&str> = checks.map(|rest| rest.split('`').next().unwrap_or_default()).collect();
        assert_eq!(checks.len(), texts.len(), "{checks:#?}");
        let long: Vec<&&str> = checks.iter().filter(|name| name.chars().count() > 100).collect();
        assert!(long.is_empty(), "{long:#?}");

        assert_calls_the_agent_alone(&room.prints(&["cycle", "--dry-run"], 0).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_prints_a_failure_a_held_run_a_reviewer_or_a_path_that_drives_a_terminal() {
    let mut room = Room::new().await;
    let path = ".github/workflows/\u{1b}[2J\u{202e}lmy\u{200b}\u{9b}1m.yml";
    let branch = room.sim.world(|world| world.pull(PULL).expect("it is open").1.head.clone());
    room.sim.commit_files(&branch, &[(path, Some(b"on: push\n"))], "tricks").await.expect("committed");
    let corpus = corpus();
    for trick in TRICKS {
        let (_, text, _) = corpus.iter().find(|(name, ..)| *name == trick).expect("it is in the corpus");
        room.hold_up(text);

        let page = room.prints(&["guardrails"], 4).await;
        let listing = object(&room.prints(&["guardrails", "--json"], 4).await);
        assert_lines_begin(&page, &rows(&listing));
        let (_, said) = why(&listing, "agent_at_work").split_once("Z: ").expect("what it said");
        assert!(said.chars().count() <= 200, "{trick}: {said}");
        let run = why(&listing, "checks").strip_prefix("the workflow run `").expect("a run");
        let (run, _) = run.rsplit_once('`').expect("a name");
        assert!(run.chars().count() <= 100, "{trick}: {run}");
        let login = why(&listing, "reviews").strip_suffix(" requested changes on #2").expect("a login");
        assert!(login.chars().count() <= 100, "{trick}: {login}");
        assert!(why(&listing, "paths").contains(path), "{trick}: {listing}");

        assert_calls_the_agent_alone(&room.prints(&["cycle", "--dry-run"], 0).await);
    }

    let checkout = clone(&room.sim).await;
    room.program.folder = checkout.path().to_owned();
    let mut watch = room.program.start(&["watch", "--json"]);
    let line = watch.line().await.expect("a line");
    assert_harmless(&line);
    let seen = object(&line);
    let reason = seen["decision"]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("the agent's session on #2 stopped at "), "{reason}");
    watch.signal(rustix::process::Signal::TERM);
    let ended = watch.ended().await;
    assert_eq!(ended.code, Some(130), "{ended:?}");
    assert_harmless(&format!("{}\n{}", ended.out, ended.err));
}

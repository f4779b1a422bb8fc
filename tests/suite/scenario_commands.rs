//! The commands of scenarios.
//!
//! | command | what happens |
//! | --- | --- |
//! | `look`, `look closely` | one look of the orchestrator, a second later; closely: with what the reason rests on |
//! | `look, and after GET /pulls/2 push to #2 path: text` | one look; once that has been answered in it, somebody does this |
//! | `go` | looks, until it has nothing to do |
//! | `play` | the same with the agent at work in between |
//! | `agent works` | the agent goes on by a step |
//! | `until the draft is open`, `until #2 is finished`, `until #2 is ready` | looks with the agent at work, unsaid |
//! | `until #3 is assigned` | the same, until somebody is |
//! | `wait 46m` | time passes |
//! | `restart` | another process goes on in the same folder |
//! | `guardrails` | what each guardrail says of the focused pull request |
//! | `show #2`, `show comments on #2`, `show description of #2`, `show files of #2`, `show newest commit`, `show who made the newest commit`, `show the newest 3 commits`, `show text of path`, `show open`, `show mainline` | as GitHub shows it |
//! | `requests` | what was asked since the last time, by kind |
//! | `policy merge.approve = true` | a line of the policy |
//! | `file path: text`, `delete path` | a file of the mainline |
//! | `push branch path: text`, `push to #2 path: text`, `delete path from #2` | somebody pushes a file onto a branch, or none |
//! | `point branch at other` | somebody pushes the commit of another branch onto it |
//! | `agent on development: die after start` | how the agent's sessions go |
//! | `event #2 failed: words`, `event #2 started`, `event #2 finished` | a lifecycle event; a session that ran is over |
//! | `review bot begins on #2` | the lifecycle event of the bot that reviews for Copilot |
//! | `check #2 unit: failure`, `held run #2 ci` | a check of the head; a run that waits |
//! | `set up to date required` … | a setting or a rule of the repository, see [`setting`] |
//! | `answer POST /issues 403 retry-after=90: words` | GitHub's next answer to such a request; nothing is done |
//! | `spend query Observe 40m` | the hourly budget is said to be spent when this is asked, for that long |
//! | `withhold query Observe /data/viewer` | GitHub's next answer lacks this part, which this token may not read |
//! | `lose POST /issues`, `lose before POST /issues` | the next such request arrives and its answer does not, or it never arrives; of GraphQL `mutation Name` |
//! | `behind 90s GET /issues/2/comments` | such reads show from now on what was so long before |
//! | `alter query Observe /data/unsettled CLEAN TIDY` | such answers say from now on another word there instead of one |
//! | `token ghs_of_an_app` | another process goes on with this token |
//! | `mona comments on #2: text` … | a person acts, see [`person`] |
//!
//! `maintainer` is the account of the token; `writer…` may write, every other name may not.

use crate::scenario::Scene;
use crate::scenario_people::person;
use crate::scenario_rules::setting;
use orchestrator::sim::world::{AccountId, CheckResult, Permission, REVIEW_BOT, Step, What, World};
use orchestrator::sim::{Accident, AccidentKind, Alteration, IssueKind, Miniature, Options, Script};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A command, its words and the text behind its colon.
#[derive(Debug)]
pub struct Command {
    words: Vec<String>,
    text: String,
}

impl Command {
    pub fn parse(line: &str) -> Option<Self> {
        let (head, text) = line.split_once(": ").unwrap_or((line, ""));
        let words: Vec<String> = head.trim_end_matches(':').split_whitespace().map(str::to_owned).collect();
        // Lines of a text are parted by `\n`, as in a program.
        (!words.is_empty()).then(|| Self { words, text: text.replace("\\n", "\n") })
    }

    fn words(&self) -> Vec<&str> {
        self.words.iter().map(String::as_str).collect()
    }
}

/// The project before anything is played.
#[derive(Default)]
pub struct Setup {
    files: Vec<(String, Vec<u8>)>,
    policy: Policy,
}

/// Lines of the policy by table.
#[derive(Clone, Debug)]
pub struct Policy(BTreeMap<String, BTreeMap<String, String>>);

impl Default for Policy {
    fn default() -> Self {
        let mut policy = Self(BTreeMap::new());
        for line in ["merge.enabled = true", "merge.cool_down = \"0s\"", "loop.write_spacing = \"0s\""] {
            policy.set(line);
        }
        policy
    }
}

impl Policy {
    fn set(&mut self, line: &str) {
        let (name, value) = line.split_once(" = ").expect("`table.key = value`");
        let (table, key) = name.split_once('.').expect("`table.key`");
        self.0.entry(table.to_owned()).or_default().insert(key.to_owned(), value.to_owned());
    }

    fn text(&self) -> String {
        let mut text = "version = 1\n".to_owned();
        for (table, lines) in &self.0 {
            let _ = writeln!(text, "\n[{table}]");
            for (key, value) in lines {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        text
    }
}

const POLICY: &str = "planning/orchestrator.toml";

impl Setup {
    /// Takes what belongs into the project; everything else begins the play.
    pub fn take(&mut self, command: &Command) -> bool {
        match command.words().as_slice() {
            ["policy", line @ ..] => self.policy.set(&line.join(" ")),
            ["file", path] => self.files.push(((*path).to_owned(), command.text.clone().into_bytes())),
            _ => return false,
        }
        true
    }

    pub fn options(self) -> Options {
        let mut options = Options::default();
        options.project.retain(|(path, _)| path != POLICY && !self.files.iter().any(|(file, _)| file == path));
        options.project.push((POLICY.to_owned(), self.policy.text().into_bytes()));
        options.project.extend(self.files);
        options
    }
}

pub fn number(word: &str) -> u64 {
    word.trim_start_matches('#').trim_end_matches(',').parse().unwrap_or_else(|_| panic!("{word} is no number"))
}

pub fn seconds(word: &str) -> i64 {
    let (digits, unit) = word.split_at(word.len() - 1);
    let number: i64 = digits.parse().unwrap_or_else(|_| panic!("{word} is no duration"));
    number
        * match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => panic!("{word} is no duration"),
        }
}

impl Scene {
    /// Does what a command says; what came of it.
    pub async fn command(&mut self, command: &Command) -> String {
        let words = command.words();
        match words.as_slice() {
            ["look"] => return self.look(false).await,
            ["look", "closely"] => return self.look(true).await,
            ["look,", "and", "after", method, path, act @ ..] => {
                return self.look_and(method, path, act, &command.text).await;
            }
            ["go"] => return self.go(false).await,
            ["play"] => return self.go(true).await,
            ["guardrails"] => return self.guardrails().await,
            ["requests"] => return self.requests(),
            ["show", rest @ ..] => return self.show(rest),
            ["agent", "works"] => {
                let events = self.booth.github.sim().step_agent().expect("the agent works");
                return events.iter().map(|event| format!("   {}\n", worked(event))).collect();
            }
            ["until", "the", "draft", "is", "open"] => self.until(|world| world.pull(2).is_some()).await,
            ["until", pull, "is", "finished"] => {
                let pull = number(pull);
                // The review bot may be asked when a draft is opened; the agent asks a person.
                let asked = |who: &AccountId| *who != REVIEW_BOT;
                self.until(|world| world.pull(pull).is_some_and(|(_, pull)| pull.requested.iter().any(asked))).await;
            }
            ["until", pull, "is", "ready"] => {
                let pull = number(pull);
                self.until(|world| world.pull(pull).is_some_and(|(_, pull)| !pull.draft)).await;
            }
            ["until", issue, "is", "assigned"] => {
                let issue = number(issue);
                self.until(|world| world.subject(issue).is_some_and(|issue| !issue.assignees.is_empty())).await;
            }
            ["wait", long] => self.booth.advance(seconds(long)),
            ["restart"] => self.booth.restart(),
            ["policy", line @ ..] => self.policy(&line.join(" ")),
            ["file", path] => self.push("main", path, Some(&command.text)),
            ["delete", path] => self.push("main", path, None),
            ["delete", path, "from", pull] => self.push(&self.branch_of(number(pull)), path, None),
            ["point", branch, "at", other] => {
                let oid = self.world(|world| world.branch(other).map(str::to_owned)).expect("a branch");
                self.booth.github.sim().force_push(branch, &oid).expect("pushed");
            }
            ["push", "to", pull, path] => self.push(&self.branch_of(number(pull)), path, Some(&command.text)),
            ["push", branch, path] => self.push(branch, path, Some(&command.text)),
            ["agent", "on", kind] => self.booth.github.sim().script_kind(kind_of(kind), script(&command.text)),
            ["event", pull, what] => self.event(number(pull), what, &command.text),
            ["review", "bot", "begins", "on", pull] => {
                self.world(|world| world.agent_event(number(pull), REVIEW_BOT, What::ReviewStarted));
            }
            ["check", pull, name] => self.check(number(pull), name, &command.text),
            ["held", "run", pull, name] => {
                let pull = number(pull);
                self.world(|world| {
                    let head = head(world, pull);
                    world.hold_run(&head, name);
                });
            }
            ["set", rest @ ..] => {
                let rest = rest.join(" ");
                self.world(|world| setting(world, &rest, &command.text));
            }
            ["answer", method, path, status, headers @ ..] => {
                let status = status.parse().expect("a status");
                let body = serde_json::json!({ "message": command.text }).to_string();
                let header =
                    |word: &&str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
                let headers = headers.iter().map(|word| header(word).expect("`name=value`")).collect();
                self.arrange(method, path, AccidentKind::Answer { status, headers, body });
            }
            ["spend", method, path, long] => {
                let seconds = u32::try_from(seconds(long)).expect("an hour at most");
                self.arrange(method, path, AccidentKind::Spent { seconds });
            }
            ["withhold", method, path, pointer] => {
                let part = AccidentKind::Altered(Alteration::Withheld((*pointer).to_owned()));
                self.arrange(method, path, part);
            }
            ["lose", "before", method, path] => self.arrange(method, path, AccidentKind::Before(502)),
            ["alter", kind @ ("query" | "mutation"), name, within, says, instead] => {
                let [within, says, instead] = [within, says, instead].map(|word| (*word).to_owned());
                let altered = AccidentKind::Altered(Alteration::Instead { within, says, instead });
                self.booth.wire.arrange(Accident::at(&format!("{kind} {name}"), altered).always());
            }
            ["token", token] => self.booth.restart_with(token),
            ["behind", long, method, path] => {
                let seconds = u32::try_from(seconds(long)).expect("a short time");
                self.booth.wire.arrange(Accident::on(method, path, AccidentKind::Stale { seconds }).always());
            }
            ["lose", method, path] => self.arrange(method, path, AccidentKind::After(502)),
            [who, rest @ ..] => return self.person(who, rest, &command.text),
            [] => panic!("a command has words"),
        }
        String::new()
    }

    pub fn world<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        self.booth.github.sim().world(act)
    }

    /// Looks with the agent at work, and nothing said, until the world is so.
    async fn until(&mut self, so: impl Fn(&World) -> bool) {
        for _ in 0..120 {
            if self.world(|world| so(world)) {
                return;
            }
            self.booth.try_cycle().await.expect("it can be looked at");
            if !self.world(|world| so(world)) {
                self.booth.step_agent();
            }
        }
        panic!("the world never becomes so");
    }

    fn arrange(&self, method: &str, path: &str, kind: AccidentKind) {
        let document = matches!(method, "query" | "mutation");
        let at =
            if document { Accident::at(&format!("{method} {path}"), kind) } else { Accident::on(method, path, kind) };
        self.booth.wire.arrange(at);
    }

    /// The branch that a pull request comes from.
    pub fn branch_of(&self, pull: u64) -> String {
        self.world(|world| world.pull(pull).expect("it is there").1.head.clone())
    }

    /// Somebody pushes a file onto a branch, or its deletion.
    pub fn push(&self, branch: &str, path: &str, text: Option<&str>) {
        let files = [(path, text.map(str::as_bytes))];
        self.booth.github.sim().commit_files(branch, &files, "By hand").expect("a commit");
    }

    fn policy(&self, line: &str) {
        let before = self.booth.github.sim().read_file("main", POLICY).expect("a tree").expect("a policy");
        let before = String::from_utf8(before).expect("a text");
        let (mut policy, mut table) = (Policy(BTreeMap::new()), String::new());
        for line in before.lines() {
            if let Some(name) = line.strip_prefix('[') {
                table = name.trim_end_matches(']').to_owned();
            } else if line.contains(" = ") && !table.is_empty() {
                policy.set(&format!("{table}.{line}"));
            }
        }
        policy.set(line);
        self.push("main", POLICY, Some(&policy.text()));
    }

    fn event(&self, pull: u64, what: &str, text: &str) {
        self.world(|world| {
            let viewer = world.viewer();
            let running: Vec<usize> = world
                .sessions()
                .iter()
                .filter(|session| session.pull == Some(pull))
                .map(|session| session.id)
                .collect();
            let event = match what {
                "started" => What::AgentStarted,
                "finished" => What::AgentFinished,
                "failed" => What::AgentFailed(text.to_owned()),
                other => panic!("no event is called {other}"),
            };
            if !matches!(event, What::AgentStarted) {
                for id in running {
                    world.session_step(id, Step::Ended, None);
                }
            }
            world.agent_event(pull, viewer, event);
        });
    }

    /// A check of the head says something.
    pub fn check(&self, pull: u64, name: &str, result: &str) {
        let result = match result {
            "pending" => CheckResult::Pending,
            "success" => CheckResult::Success,
            "failure" => CheckResult::Failure,
            "skipped" => CheckResult::Skipped,
            "cancelled" => CheckResult::Cancelled,
            other => panic!("no check says {other}"),
        };
        self.world(|world| {
            let head = head(world, pull);
            world.report_check(&head, name, result);
        });
    }

    /// A person acts; what GitHub says to that, if it refuses.
    pub fn person(&self, who: &str, words: &[&str], text: &str) -> String {
        let by = self.world(|world| match who {
            "maintainer" => world.viewer(),
            who if who.starts_with("writer") => world.person(who, Permission::Write),
            who => world.person(who, Permission::None),
        });
        let result = person(self, by, words, text);
        result.err().map_or_else(String::new, |why| format!("   GitHub: {why}\n"))
    }

    fn show(&self, words: &[&str]) -> String {
        match words {
            ["open"] => self.world(|world| {
                let open = world.subjects().filter(|subject| subject.is_open());
                open.map(|subject| format!("   #{} {}\n", subject.number, subject.title)).collect()
            }),
            ["mainline"] => {
                let files = self.booth.github.sim().list_files("main").expect("a tree");
                let queue = files.iter().filter_map(|path| path.strip_prefix("planning/issue_queue/"));
                queue.map(|path| format!("   {path}\n")).collect()
            }
            ["newest", "commit"] => self.world(|world| {
                let message = world.branch("main").and_then(|tip| world.commit(tip)).map(|commit| &commit.message);
                let message = message.map_or("", |message| message.trim_end());
                format!("   | {}\n", message.replace('\n', "\n   | "))
            }),
            ["who", "made", "the", "newest", "commit"] => self.world(|world| {
                let commit = world.branch("main").and_then(|tip| world.commit(tip)).expect("a commit");
                format!("   {} wrote it, {} committed it\n", commit.author.0, commit.committer.0)
            }),
            ["the", "newest", count, "commits"] => history(&self.booth.github.sim(), count.parse().expect("a number")),
            ["text", "of", path] => {
                let text = self.booth.github.sim().read_file("main", path).expect("a tree").expect("a file");
                format!("   | {}\n", String::from_utf8_lossy(&text).trim_end().replace('\n', "\n   | "))
            }
            ["the", "length", "of", subject] => self.world(|world| {
                let body = &world.subject(number(subject)).expect("it is there").body;
                let (first, last) = (body.lines().next().unwrap_or_default(), body.trim_end().lines().last());
                let (whole, last) = (body.chars().count(), last.unwrap_or_default());
                format!("   {whole} characters, from `{first}` to `{last}`\n")
            }),
            ["files", "of", pull] => self.world(|world| {
                let files = &world.pull(number(pull)).expect("it is there").1.diff.files;
                files.iter().map(|path| format!("   {path}\n")).collect()
            }),
            ["comments", "on", pull] => self.world(|world| {
                let comments = world.subject(number(pull)).expect("it is there").comments.clone();
                let login = |id: AccountId| world.account(id).map_or("ghost", |account| account.login.as_str());
                let indented = |text: &str| text.trim_end().replace('\n', "\n   | ");
                comments.iter().map(|c| format!("   {}:\n   | {}\n", login(c.author), indented(&c.body))).collect()
            }),
            ["description", "of", pull] => self.world(|world| {
                let body = &world.subject(number(pull)).expect("it is there").body;
                format!("   | {}\n", body.trim_end().replace('\n', "\n   | "))
            }),
            [subject] => self.world(|world| shown(world, number(subject))),
            other => panic!("nothing to show: {other:?}"),
        }
    }

    /// What was asked since the last time.
    fn requests(&mut self) -> String {
        let log = self.booth.wire.requests();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for entry in log.entries.iter().skip(self.told) {
            let path = entry.path.split('?').next().unwrap_or_default().replace("/repos/maintainer/tally", "");
            let name = entry.operation.as_deref().map_or_else(|| format!("{} {path}", entry.method), str::to_owned);
            *counts.entry(format!("{name} {}", entry.status)).or_default() += 1;
        }
        self.told = log.entries.len();
        counts.iter().map(|(name, times)| format!("   {times} x {name}\n")).collect()
    }
}

fn head(world: &World, pull: u64) -> String {
    world.pull(pull).expect("it is a pull request").1.head_oid.clone()
}

/// The newest commits of the mainline: their first lines, and how many parents they have.
fn history(sim: &Miniature, count: usize) -> String {
    let log = sim.log("main").expect("a mainline");
    let line = |(oid, message): &(String, String)| {
        let subject = message.lines().next().unwrap_or_default();
        format!("   {subject} ({} parent(s))\n", sim.parents(oid).len())
    };
    log.iter().take(count).map(line).collect()
}

fn worked(event: &orchestrator::sim::AgentEvent) -> String {
    use orchestrator::sim::AgentEvent;
    match event {
        AgentEvent::Started { pull, .. } => format!("the agent began on #{pull}"),
        AgentEvent::Pushed { pull, paths, .. } => format!("the agent pushed {} to #{pull}", paths.join(", ")),
        AgentEvent::ChangedNothing { pull } => format!("the agent changed nothing in #{pull}"),
        AgentEvent::Finished { pull } => format!("the agent finished #{pull}"),
        AgentEvent::LeftUnfinished { pull } => format!("the agent left #{pull} unfinished"),
        AgentEvent::Failed { pull, message } => format!("the agent failed on #{pull}: {message}"),
        AgentEvent::Stopped { pull, .. } => format!("the agent stopped ({pull:?})"),
    }
}

fn shown(world: &World, number: u64) -> String {
    let subject = world.subject(number).expect("it is there");
    let state = match &subject.pull {
        Some(pull) if pull.merged.is_some() => "merged",
        _ if !subject.is_open() => "closed",
        Some(pull) if pull.draft => "draft",
        _ => "open",
    };
    let reason = subject.reason.map_or_else(String::new, |reason| format!(" ({})", reason.name().to_lowercase()));
    let labels: Vec<&str> =
        subject.labels.iter().filter_map(|id| world.label(*id)).map(|label| label.name.as_str()).collect();
    let assignees: Vec<&str> =
        subject.assignees.iter().filter_map(|id| world.account(*id)).map(|account| account.login.as_str()).collect();
    let comments = subject.comments.len();
    format!("   #{number} {}: {state}{reason}, {labels:?}, {assignees:?}, {comments} comment(s)\n", subject.title)
}

fn kind_of(word: &str) -> IssueKind {
    match word {
        "gap" => IssueKind::GapAnalysis,
        "development" => IssueKind::Development,
        "capability" => IssueKind::UpdateCapability,
        other => panic!("no kind of issue is called {other}"),
    }
}

fn script(words: &str) -> Script {
    match words {
        "as asked" => Script::Normal,
        "die after start" => Script::DieAfterStart,
        "touch the policy" => Script::TouchPolicy,
        "touch a workflow" => Script::TouchWorkflow,
        "change nothing" => Script::NoChange,
        "never start" => Script::NeverStart,
        "stall" => Script::Stall,
        "never finish" => Script::WorkInProgressForever,
        "run out of money" => Script::Billing,
        "turn red and mend it" => Script::RedChecks,
        "push again after the review request" => Script::SecondPush,
        "conflict" => Script::Conflict,
        "name no issue" => Script::NamesNoIssue,
        other => panic!("no script is called {other}"),
    }
}

//! The whole loop, walked step by step on the real wire and a real git remote: what is decided, and what the world looks
//! like after each act. The world is read from the simulator and its git, never from what the engine believes.

use crate::sim_client::{clone, git};
use crate::stage::Stage;
use orchestrator::engine::Cycle;
use orchestrator::model::{Outcome, StopPoint};
use orchestrator::sim::world::Subject;
use serde_json::Value;

const LEDGER: &str = "refs/orchestrator/ledger";

struct Walk {
    stage: Stage,
}

/// One act: the stages that were waited through before it, and the cycle that did it.
struct Act {
    waited: Vec<&'static str>,
    cycle: Cycle,
}

impl Act {
    fn stage(&self) -> &'static str {
        self.cycle.decision.stage.code()
    }

    fn focus(&self) -> String {
        self.cycle.decision.focus.as_ref().map_or_else(String::new, |focus| focus.key.to_string())
    }

    fn effects(&self) -> Vec<StopPoint> {
        assert!(self.cycle.done.iter().all(orchestrator::engine::Done::is_done), "{:?}", self.cycle.done);
        self.cycle.done.iter().map(|done| done.point).collect()
    }
}

/// An issue as the world has it.
#[derive(Debug, PartialEq, Eq)]
struct Issue {
    title: String,
    marker: String,
    labels: Vec<String>,
    assignees: Vec<String>,
    open: bool,
}

impl Walk {
    /// Cycles, with the agent at work while the engine waits, until the engine does something or rests.
    async fn act(&self) -> Act {
        let mut waited = Vec::new();
        for _ in 0..12 {
            let cycle = self.stage.cycle().await;
            crate::decide_fixtures::keep(&self.stage, &cycle);
            if cycle.moved() || matches!(cycle.decision.outcome, Outcome::Rest { .. }) {
                waited.dedup();
                return Act { waited, cycle };
            }
            assert!(matches!(cycle.decision.outcome, Outcome::Wait { .. }), "{:?}", cycle.decision);
            assert!(!cycle.decision.reason.is_empty());
            waited.push(cycle.decision.stage.code());
            self.stage.sim.step_agent().await.expect("the agent works");
        }
        panic!("nothing happens any more: {waited:?}");
    }

    fn issue(&self, number: u64) -> Issue {
        self.stage.sim.world(|world| {
            let find = |subject: &&Subject| subject.number == number && subject.pull.is_none();
            let subject = world.subjects().find(find).expect("the issue");
            let login = |id| world.account(id).map(|account| account.login.clone()).expect("an account");
            let label = |id: &u64| world.label(*id).map(|label| label.name.clone()).expect("a label");
            Issue {
                title: subject.title.clone(),
                marker: subject.body.lines().next().unwrap_or_default().to_owned(),
                labels: subject.labels.iter().map(label).collect(),
                assignees: subject.assignees.iter().map(|id| login(*id)).collect(),
                open: subject.is_open(),
            }
        })
    }

    /// Whether a pull request is a draft, open, merged.
    fn pull(&self, number: u64) -> (bool, bool, bool) {
        self.stage.sim.world(|world| {
            let (subject, pull) = world.pull(number).expect("the pull request");
            (pull.draft, subject.is_open(), pull.merged.is_some())
        })
    }

    /// The folders a queue file lies in.
    async fn folders(&self, name: &str) -> Vec<String> {
        let files = self.stage.sim.list_files("main").await.expect("a tree");
        let below = |path: &String| {
            let rest = path.strip_prefix("planning/issue_queue/")?;
            rest.strip_suffix(name).map(|folder| folder.trim_end_matches('/').to_owned())
        };
        files.iter().filter_map(below).collect()
    }

    async fn content(&self, folder: &str, name: &str) -> Vec<u8> {
        let path = format!("planning/issue_queue/{folder}/{name}");
        self.stage.sim.read_file("main", &path).await.expect("a tree").expect("the file")
    }

    /// The ledger's records of a kind: issue, and outcome where there is one; oldest issue first.
    async fn records(&self, kind: &str) -> Vec<(u64, Option<String>)> {
        let folder = format!("bind/{kind}/");
        let mut records = Vec::new();
        for path in self.stage.sim.list_files(LEDGER).await.expect("a tree").iter().filter(|p| p.starts_with(&folder)) {
            let bytes = self.stage.sim.read_file(LEDGER, path).await.expect("a tree").expect("the record");
            let record: Value = serde_json::from_slice(&bytes).expect("a record is JSON");
            let issue = record["issue"].as_u64().expect("a number");
            records.push((issue, record["outcome"].as_str().map(str::to_owned)));
        }
        records.sort();
        records
    }

    /// The newest commit's message.
    async fn mainline(&self) -> String {
        self.stage.sim.log("main").await.expect("a history")[0].1.clone()
    }

    async fn has_attempt(&self) -> bool {
        self.stage.sim.list_files(LEDGER).await.expect("a tree").contains(&"attempt.json".to_owned())
    }

    /// One loop: its first issue, the slug of the file it produces, and the loops before it.
    async fn around(&self, first: u64, slug: &str, before: usize) {
        use StopPoint::{Assign, Attempt, Bind, CloseIssue, Create, DeleteBranch, Mark, Merge, Move, Settle};
        let agent = || vec!["Copilot".to_owned()];
        let (gap, item, update) = (first, first + 2, first + 4);

        // 1a: the gap analysis is asked.
        let act = self.act().await;
        assert_eq!((act.stage(), act.effects()), ("1a", vec![Attempt, Create, Bind, Assign]));
        assert!(act.focus().starts_with("gap analysis "), "{}", act.focus());
        let issue = self.issue(gap);
        assert_eq!(issue.title, "Identify the next most important development gap");
        assert!(issue.marker.starts_with("<!-- orchestrator:gap-analysis goal="), "{}", issue.marker);
        assert_eq!((issue.labels, issue.assignees, issue.open), (vec!["Gap Analysis".to_owned()], agent(), true));
        assert_eq!(self.records("gap").await.len(), before + 1);
        assert_eq!(self.records("gap").await[before], (gap, None));
        assert!(!self.has_attempt().await, "binding drops the attempt");

        // 1b, 1c: its pull request is waited for, made ready, merged.
        let act = self.act().await;
        assert_eq!((act.waited.as_slice(), act.stage(), act.effects()), (&["1a", "1b"][..], "1c", vec![Mark]));
        assert_eq!(self.pull(gap + 1), (false, true, false));
        let act = self.act().await;
        assert_eq!((act.stage(), act.effects()), ("1c", vec![Merge, Settle, CloseIssue, DeleteBranch]));
        assert!(act.focus().starts_with("gap analysis "), "{}", act.focus());
        assert_eq!(self.pull(gap + 1), (false, false, true));
        assert!(!self.issue(gap).open);
        let answer = self.records("gap").await[before].1.clone().expect("an answer");
        let name = answer.strip_prefix("file ").expect("a file").to_owned();
        assert!(name.starts_with("dev-") && name.ends_with(&format!("{slug}.md")), "{name}");
        assert_eq!(self.folders(&name).await, ["pending"]);
        let content = self.content("pending", &name).await;
        assert!(self.mainline().await.trim_end().ends_with(&format!("Issue: #{gap}\nPull-Request: #{}", gap + 1)));

        // 2a: the file is promoted.
        let act = self.act().await;
        assert_eq!((act.stage(), act.effects()), ("2a", vec![Attempt, Create, Bind, Assign, Move]));
        assert_eq!(act.focus(), format!("item {name}"));
        let issue = self.issue(item);
        assert_eq!(issue.marker, format!("<!-- orchestrator-issue-queue-id: {name} -->"));
        assert_eq!((issue.labels, issue.assignees, issue.open), (vec!["Development".to_owned()], agent(), true));
        assert_eq!(self.records("item").await[before], (item, None));
        assert_eq!(self.folders(&name).await, ["processed"]);
        assert_eq!(self.content("processed", &name).await, content);
        let commit = self.mainline().await;
        let lines: Vec<&str> = commit.lines().collect();
        assert_eq!(lines[0], format!("planning: promote {name} (#{item}) [skip ci]"));
        let trailers =
            [&format!("Orchestrator-Item: {name}"), "Orchestrator-Step: promote", &format!("Issue: #{item}")];
        assert_eq!(&lines[2..5], trailers);
        assert!(lines[5].starts_with("Orchestrator-Op: "), "{commit}");

        // 2b, 2c: its pull request.
        let act = self.act().await;
        assert_eq!((act.waited.as_slice(), act.stage(), act.effects()), (&["2b"][..], "2c", vec![Mark]));
        assert_eq!(act.focus(), format!("item {name}"));
        let act = self.act().await;
        assert_eq!((act.stage(), act.effects()), ("2c", vec![Merge, CloseIssue, DeleteBranch]));
        assert_eq!(act.focus(), format!("item {name}"));
        assert_eq!((self.pull(item + 1), self.issue(item).open), ((false, false, true), false));
        assert_eq!(self.records("item").await[before], (item, None), "settled with its capability issue");
        assert_eq!(self.folders(&name).await, ["processed"]);
        let merge = self.stage.sim.log("main").await.expect("a history")[0].0.clone();

        // 3a: the item is complete and its capability update is asked for.
        let act = self.act().await;
        assert_eq!((act.stage(), act.effects()), ("3a", vec![Attempt, Create, Bind, Assign, Move]));
        assert_eq!(act.focus(), format!("item {name}"));
        let issue = self.issue(update);
        assert_eq!(issue.title, format!("Update system capabilities based on merged PR #{}", item + 1));
        let marker = format!("<!-- orchestrator:capability-update-from-pr maintainer/tally#{} -->", item + 1);
        assert_eq!((issue.marker, issue.labels), (marker, vec!["Update Capability".to_owned()]));
        assert_eq!((issue.assignees, issue.open), (agent(), true));
        assert_eq!(self.records("item").await[before], (item, Some("merged".to_owned())));
        assert_eq!(self.records("capability").await[before], (update, None));
        assert_eq!(self.folders(&name).await, ["complete"]);
        assert_eq!(self.content("complete", &name).await, content);
        let commit = self.mainline().await;
        let lines: Vec<&str> = commit.lines().collect();
        assert_eq!(lines[0], format!("planning: complete {name} (#{item}) [skip ci]"));
        let trailers = [
            format!("Orchestrator-Item: {name}"),
            "Orchestrator-Step: complete".to_owned(),
            format!("Issue: #{item}"),
            format!("Pull-Request: #{}", item + 1),
            format!("Merge-Commit: {merge}"),
            format!("Capability-Issue: #{update}"),
        ];
        assert_eq!(&lines[2..8], trailers);

        // 3b, 3c: the document is brought up to date.
        let act = self.act().await;
        assert_eq!((act.waited.as_slice(), act.stage(), act.effects()), (&["3a", "3b"][..], "3c", vec![Mark]));
        let act = self.act().await;
        assert_eq!((act.stage(), act.effects()), ("3c", vec![Merge, Settle, CloseIssue, DeleteBranch]));
        assert_eq!(act.focus(), format!("capability update of {name}"));
        assert_eq!((self.pull(update + 1), self.issue(update).open), ((false, false, true), false));
        assert_eq!(self.records("capability").await[before], (update, Some("merged".to_owned())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_project_reaches_its_goal_and_rests() {
    use StopPoint::{Assign, Attempt, Baseline, Bind, CloseIssue, ClosePull, Create, DeleteBranch, Settle};
    let walk = Walk { stage: Stage::new().await };
    let act = walk.act().await;
    assert_eq!((act.stage(), act.effects()), ("1a", vec![Baseline]));
    assert_eq!(walk.stage.sim.list_files(LEDGER).await.expect("a tree"), ["format"]);

    walk.around(1, "top-words", 0).await;
    walk.around(7, "reading-time", 1).await;

    // The third question is answered by a pull request without a change.
    let act = walk.act().await;
    assert_eq!((act.stage(), act.effects()), ("1a", vec![Attempt, Create, Bind, Assign]));
    let act = walk.act().await;
    assert_eq!((act.stage(), act.effects()), ("1c", vec![Settle, ClosePull, CloseIssue, DeleteBranch]));
    assert_eq!((walk.pull(14), walk.issue(13).open), ((true, false, false), false));
    assert_eq!(walk.records("gap").await[2], (13, Some("reached".to_owned())));

    let act = walk.act().await;
    assert!(matches!(act.cycle.decision.outcome, Outcome::Rest { .. }), "{:?}", act.cycle.decision);
    assert_eq!(act.stage(), "1a");
    assert!(act.cycle.decision.reason.contains("the goal is reached"), "{}", act.cycle.decision.reason);
    walk.ends_clean().await;
}

impl Walk {
    /// What holds at the end, whatever the way there was.
    async fn ends_clean(&self) {
        let log = self.stage.sim.requests();
        for issue in [1, 3, 5, 7, 9, 11, 13] {
            assert_eq!(log.count("POST", &format!("/issues/{issue}/assignees")), 1, "#{issue}");
        }
        assert_eq!(log.count("POST", "/issues"), 7);
        let work = clone(&self.stage.sim).await;
        let parents = git(&self.stage.sim, work.path(), &["log", "--format=%p"]).await.stdout;
        assert!(parents.lines().all(|line| line.split(' ').count() == 1), "history is linear: {parents}");
        let format = ["log", "--grep=^planning: ", "--format=%x01", "--name-status", "-M100%"];
        let moves = git(&self.stage.sim, work.path(), &format).await.stdout;
        let moves: Vec<&str> = moves.split('\u{1}').map(str::trim).filter(|part| !part.is_empty()).collect();
        assert_eq!(moves.len(), 4, "two promotions and two completions");
        assert!(moves.iter().all(|change| change.starts_with("R100\t") && change.lines().count() == 1), "{moves:?}");
        let branches = git(&self.stage.sim, work.path(), &["branch", "-r"]).await.stdout;
        assert!(!branches.contains("copilot/"), "{branches}");
    }
}

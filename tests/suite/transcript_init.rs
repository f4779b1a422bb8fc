//! `init`: what it shows, what it commits, what it takes back, and what it never touches.

use crate::folder::folder;
use crate::program::{Ended, Program, contents};
use crate::sim_client::git;
use crate::transcript::{Names, assert_transcript};
use orchestrator::model::{Policy, PolicyState};
use orchestrator::sim::{Options, Simulator};

const GOAL: &str = "planning/vision/goal.md";
const POLICY: &str = "planning/orchestrator.toml";

/// A repository with these files and nothing else.
async fn repository(files: &[(&str, &str)]) -> Simulator {
    let project = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    Simulator::start(Options { project, ..Options::default() }).await.expect("the simulator starts")
}

async fn tree(sim: &Simulator, revision: &str) -> String {
    let ran = git(sim, &sim.git_dir(), &["rev-parse", &format!("{revision}^{{tree}}")]).await;
    assert!(ran.ok, "{ran:?}");
    ran.stdout
}

async fn transcript(sim: &Simulator, program: &Program, arguments: &[&str]) -> String {
    let ended = program.run(arguments).await;
    let tips = git(sim, &sim.git_dir(), &["log", "--format=%h", "--abbrev=8", "--all"]).await.stdout;
    let names = tips.lines().fold(Names::of(sim, program), |names, tip| names.and(tip, "COMMIT"));
    names.transcript(&ended)
}

async fn ended(program: &Program, arguments: &[&str], code: i32) -> Ended {
    let ended = program.run(arguments).await;
    assert_eq!(ended.code, Some(code), "{arguments:?}\n{}{}", ended.out, ended.err);
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn init_and_undo_leave_the_mainline_byte_identical() {
    let (sim, here) = (repository(&[("README.md", "# A project\n")]).await, folder());
    let program = Program::on(&sim, here.path());
    let before = tree(&sim, "main").await;
    assert_transcript(&transcript(&sim, &program, &["init", "--yes", "--quiet"]).await, "= 0\n");
    let files = sim.list_files("main").await.expect("files");
    assert_eq!(files, ["README.md", POLICY, GOAL]);
    let status = ended(&program, &["cycle"], 0).await;
    assert!(status.out.contains("begin the ledger"), "the policy is valid: {}", status.out);
    let status = ended(&program, &["cycle"], 7).await;
    assert!(status.out.contains("nobody has written"), "nothing is spent: {}", status.out);
    assert_transcript(
        &transcript(&sim, &program, &["init", "--yes"]).await,
        "\
! maintainer/tally: nothing to add
!   planning/orchestrator.toml is there already
!   planning/vision/goal.md is there already
= 0
",
    );
    assert_transcript(&transcript(&sim, &program, &["init", "--undo", "--yes", "-q"]).await, "= 0\n");
    assert_eq!(tree(&sim, "main").await, before);
    assert_transcript(
        &transcript(&sim, &program, &["init", "--undo", "--yes"]).await,
        "\
! maintainer/tally: nothing to take back
= 0
",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_before_a_yes_and_the_change_is_what_git_apply_takes() {
    let (sim, here) = (repository(&[("README.md", "# A project\n"), (GOAL, "# Count words\n")]).await, folder());
    let program = Program::on(&sim, here.path());
    let pushes = sim.requests().git_pushes;
    assert_transcript(
        &transcript(&sim, &program, &["init"]).await,
        "\
maintainer/tally: one commit on main: planning: add what begins the loop [skip ci]

diff --git a/planning/orchestrator.toml b/planning/orchestrator.toml
new file mode 100644
index 0000000..4e20472
--- /dev/null
+++ b/planning/orchestrator.toml
@@ -0,0 +1,47 @@
+# What orchestrator may do in this repository. The file on the default branch counts; present and valid, it is the
+# consent to write: to open issues, to assign the agent, to move queue files, to keep its ledger. What is commented out
+# is the default.
+version = 1
+
+[merge]
+# Merging is a consent of its own: without it every pull request waits for a person.
+enabled = false
+# method = \"squash\"              # or \"merge\", \"rebase\"
+# cool_down = \"2m\"               # how long a head must have been left alone
+# update_branch = false          # merge the base into a head that is behind, where a rule wants it up to date
+# approve = false                # approve a head, once, before it is merged
+
+# [loop]
+# max_in_flight = 1              # items in work at once
+# poll = \"30s\"
+# doubt = \"120s\"                 # how long a create of unknown end is waited for
+# lease = \"360s\"
+# write_spacing = \"1s\"
+# auto_link = false              # put `Fixes #n` before the description of the one pull request that answers an issue
+
+# [limits]
+# issues_per_hour = 12
+# merges_per_hour = 20
+# nudges_per_day = 3             # comments to the agent a pull request in any 24 hours
+# merges_per_day = 100
+# changed_files = 200            # by a pull request that is merged unseen
+# changed_lines = 10000
+
+# [agent]
+# login = \"copilot-swe-agent[bot]\"
+# start = \"1h\"                   # without a pull request by then, it is assigned once more
+# rerun_held_runs = false        # runs the agent's code, unseen, with the repository's secrets
+
+# [commit]
+# name = \"orchestrator\"
+# email = \"orchestrator@users.noreply.github.com\"
+# skip_ci = true                 # moves of queue files start no workflows
+
+# [guardrails]                   # strict, warn or off
+# checks = \"strict\"
+# mergeable = \"strict\"
+# review_request = \"strict\"
+# reviews = \"strict\"
+# diff_size = \"strict\"
+# cool_down = \"strict\"
+# merge_cap = \"strict\"

left as it is: planning/vision/goal.md is there already
! error: nobody is there to say yes, so nothing was written
! help: run it again with --yes
= 4
",
    );
    let patch = ended(&program, &["init", "--dry-run"], 0).await.out;
    assert_eq!(sim.requests().git_pushes, pushes, "something was pushed");
    let clone = crate::sim_client::clone(&sim).await;
    std::fs::write(clone.path().join("init.patch"), patch).expect("written");
    let ran = git(&sim, clone.path(), &["apply", "init.patch"]).await;
    assert!(ran.ok, "{ran:?}");
    let written = std::fs::read_to_string(clone.path().join(POLICY)).expect("a policy");
    assert_eq!(written, include_str!("../../templates/planning/orchestrator.toml"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goal_that_was_written_since_stays_when_init_is_undone() {
    let (sim, here) = (repository(&[("README.md", "# A project\n")]).await, folder());
    let program = Program::on(&sim, here.path());
    ended(&program, &["init", "maintainer/tally", "--yes"], 0).await;
    sim.commit_files("main", &[(GOAL, Some(b"# Count words\n"))], "The goal").await.expect("a commit");
    let undone = ended(&program, &["init", "--undo", "--yes"], 0).await;
    assert!(
        undone.out.contains("left as it is: planning/vision/goal.md was written since, and stays"),
        "{}",
        undone.out
    );
    assert_eq!(sim.list_files("main").await.expect("files"), ["README.md", GOAL]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_repository_gets_its_first_commit() {
    let options = Options { project: Vec::new(), mainline: "trunk".to_owned(), ..Options::default() };
    let sim = Simulator::start(options).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    assert_transcript(
        &transcript(&sim, &program, &["cycle"]).await,
        "\
! error: maintainer/tally has no commit on its default branch yet
! help: make the first commit: orchestrator init --repo maintainer/tally
= 4
",
    );
    ended(&program, &["init", "--yes"], 0).await;
    assert_eq!(sim.list_files("trunk").await.expect("files"), [POLICY, GOAL]);
    ended(&program, &["cycle"], 0).await;
    ended(&program, &["init", "--undo", "--yes"], 0).await;
    assert_eq!(sim.list_files("trunk").await.expect("files"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mainline_that_refuses_pushes_is_told_with_the_way_around() {
    let (sim, here) = (repository(&[("README.md", "# A project\n")]).await, folder());
    let program = Program::on(&sim, here.path());
    sim.protect_mainline(true).await.expect("protected");
    let told = transcript(&sim, &program, &["init", "--yes", "--quiet"]).await;
    assert_transcript(&told, "\
! error: main does not take the commit: GH006: Protected branch update failed for refs/heads/main. Changes must be made through a pull request. [remote rejected] (protected branch hook declined)
! help: make it by a pull request: orchestrator init --dry-run > init.patch && git apply init.patch; what the token may do says: orchestrator doctor
= 4
");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_beside_it_is_only_read_and_its_own_goal_is_left_out() {
    let (sim, here) = (repository(&[("README.md", "# A project\n")]).await, folder());
    let clone = crate::sim_client::clone(&sim).await;
    std::fs::create_dir_all(clone.path().join("planning/vision")).expect("a folder");
    std::fs::write(clone.path().join(GOAL), "# My own goal\n").expect("written");
    let before = contents(clone.path());
    let mut program = Program::on(&sim, here.path());
    program.environment.remove("ORCHESTRATOR_DEFAULT_REPO");
    program.folder = clone.path().to_owned();
    let ended = ended(&program, &["init", "--yes"], 0).await;
    assert!(ended.out.contains("left as it is: planning/vision/goal.md lies in this checkout"), "{}", ended.out);
    assert_eq!(sim.list_files("main").await.expect("files"), ["README.md", POLICY]);
    assert_eq!(contents(clone.path()), before);
}

#[test]
fn every_key_of_the_skeletons_policy_is_known_and_says_its_default() {
    let text = include_str!("../../templates/planning/orchestrator.toml");
    let key = |line: &&str| line.starts_with('[') || (line.contains(" = ") && !line.contains(". "));
    let all =
        text.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)).filter(key).collect::<Vec<_>>().join("\n");
    assert!(all.lines().count() > 20, "{all}");
    let policy = orchestrator::config::policy::parse(Some(all.as_bytes()));
    assert_eq!(policy, PolicyState::Valid { policy: Policy::default() }, "{all}");
    assert_eq!(orchestrator::config::policy::parse(Some(text.as_bytes())), policy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_goal_that_nobody_has_written_makes_no_issue() {
    let (sim, here) = (repository(&[("README.md", "# A project\n")]).await, folder());
    let program = Program::on(&sim, here.path());
    ended(&program, &["init", "--yes"], 0).await;
    ended(&program, &["cycle"], 0).await;
    let skeleton = include_str!("../../templates/planning/goal.md");
    for goal in [skeleton.to_owned(), skeleton.replace('\n', "\r\n"), String::new(), "\u{feff}\n \n".to_owned()] {
        sim.commit_files("main", &[(GOAL, Some(goal.as_bytes()))], "A goal").await.expect("a commit");
        let told = ended(&program, &["cycle"], 7).await;
        assert!(told.out.contains("nobody has written planning/vision/goal.md yet"), "{goal:?}: {}", told.out);
    }
    assert_eq!(sim.world(|world| world.subjects().count()), 0, "an issue costs money");
    sim.commit_files("main", &[(GOAL, Some(b"Count words.\n"))], "A goal").await.expect("a commit");
    ended(&program, &["cycle"], 0).await;
    assert_eq!(sim.world(|world| world.subjects().count()), 1, "a goal that says something is asked about");
}

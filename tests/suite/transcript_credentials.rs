//! What the program says about tokens, addresses and checkouts: each output, error and exit code as a whole.

use crate::folder::folder;
use crate::program::{Ended, Program};
use crate::sim_client::{git, simulator};
use crate::transcript::{Names, assert_transcript};
use orchestrator::sim::Simulator;
use std::path::Path;

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("written");
}

async fn ended(sim: &Simulator, program: &Program, arguments: &[&str]) -> (Ended, Names) {
    let mainline = sim.log("main").await.expect("a mainline");
    let tip = mainline.first().map(|(id, _)| id.get(..10).expect("an id").to_owned()).expect("a commit");
    (program.run(arguments).await, Names::of(sim, program).and(&tip, "TIP"))
}

async fn check(sim: &Simulator, program: &Program, arguments: &[&str], expected: &str) {
    let (ended, names) = ended(sim, program, arguments).await;
    assert_transcript(&names.transcript(&ended), expected);
}

/// The program in a checkout of the simulator's repository.
async fn beside_checkout(sim: &Simulator, here: &Path) -> Program {
    let (url, checkout) = (sim.git_url().replace("http://", &format!("http://x:{}@", sim.token())), here.join("work"));
    git(sim, here, &["clone", "-q", &url, "work"]).await;
    let mut program = Program::on(sim, here);
    program.environment.remove("ORCHESTRATOR_DEFAULT_REPO");
    program.environment.remove("GITHUB_BASE_URL");
    program.folder = checkout;
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_what_git_says_is_shown_and_what_is_missing_is_said() {
    let (sim, here) = (simulator().await, folder());
    let mut program = Program::on(&sim, here.path());
    program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
    check(
        &sim,
        &program,
        &["status"],
        "\
maintainer/tally

mainline main at TIP
policy   valid; merging is on
ledger   none yet

queue    0 pending · 0 processed · 0 complete
! no token, so GitHub was not asked: issues, pull requests and what comes next are not known
! help: set ORCHESTRATOR_GITHUB_TOKEN to a user's token, pass --token-file, or log in: gh auth login
= 0
",
    )
    .await;
    check(
        &sim,
        &program,
        &["cycle"],
        "\
! error: GitHub could not be read
!   because look at maintainer/tally: GitHub answers this to nobody without a token
! help: set ORCHESTRATOR_GITHUB_TOKEN to a user's token, pass --token-file, or log in: gh auth login
= 2
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_network_what_the_last_look_saw_is_shown() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    check(
        &sim,
        &program,
        &["status", "--offline"],
        "\
! error: nothing is kept of maintainer/tally: it was never looked at from this machine
! help: look once with network and token: orchestrator status --repo maintainer/tally
= 5
",
    )
    .await;
    check(
        &sim,
        &program,
        &["status"],
        "\
maintainer/tally

stage    1a — Gap analysis issue creation
why      this repository has no ledger yet; its first record is written before anything else
         refs/orchestrator/ledger: absent on the remote
next     baseline: begin the ledger

queue    0 pending · 0 processed · 0 complete
= 0
",
    )
    .await;
    check(
        &sim,
        &program,
        &["status", "--offline"],
        "\
maintainer/tally

stage    1a — Gap analysis issue creation
why      this repository has no ledger yet; its first record is written before anything else
         refs/orchestrator/ledger: absent on the remote
next     baseline: begin the ledger

queue    0 pending · 0 processed · 0 complete
! this is what was seen N s ago
= 0
",
    )
    .await;
    let names = Names::of(&sim, &program);
    drop(sim);
    let ended = program.run(&["status"]).await;
    assert_transcript(
        &names.transcript(&ended),
        "\
maintainer/tally

stage    1a — Gap analysis issue creation
why      this repository has no ledger yet; its first record is written before anything else
         refs/orchestrator/ledger: absent on the remote
next     baseline: begin the ledger

queue    0 pending · 0 processed · 0 complete
! this is what was seen N s ago
! error: GitHub could not be read
!   because look at maintainer/tally: no answer from GitHub (tcp connect error: Connection refused (os error 111))
! help: check the network and --api-url, and run the command again
= 6
",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_names_its_repository_and_a_token_in_its_remote_is_not_used() {
    let (sim, here) = (simulator().await, folder());
    let program = beside_checkout(&sim, here.path()).await;
    check(
        &sim,
        &program,
        &["status"],
        "\
maintainer/tally

stage    1a — Gap analysis issue creation
why      this repository has no ledger yet; its first record is written before anything else
         refs/orchestrator/ledger: absent on the remote
next     baseline: begin the ledger

queue    0 pending · 0 processed · 0 complete
= 0
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_token_source_is_named_and_no_other_is_tried() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    let absent = here.path().join("absent");
    check(
        &sim,
        &program,
        &["status", "--token-file", absent.to_str().expect("text")],
        "\
! error: the token file HERE/absent (--token-file) can't be read: No such file or directory (os error 2)
! help: write the token, and nothing else, to HERE/absent, and make it readable: chmod 600 HERE/absent
= 2
",
    )
    .await;
    write(&here.path().join("two"), "one two\n");
    check(
        &sim,
        &program,
        &["status", "--token-file", "two"],
        "\
! error: two (--token-file) holds no token: it is more than one word of plain ASCII, or longer than 1,024 characters
! help: give one line with the token alone, as GitHub showed it: https://github.com/settings/tokens
= 2
",
    )
    .await;
    let mut program = program.with("XDG_CONFIG_HOME", here.path().to_str().expect("text"));
    program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
    let machine = here.path().join("orchestrator/config.toml");
    write(&machine, "token_command = [\"false\", \"secret\"]\n");
    check(
        &sim,
        &program,
        &["status"],
        "\
! error: token_command `false` failed: exit status: 1
! help: run `false` with its arguments by hand; it must print the token and exit with 0
= 2
",
    )
    .await;
    write(&machine, "# mine\ntoken_comand = [\"pass\"]\n");
    check(&sim, &program, &["status"], "\
! error: the machine file HERE/orchestrator/config.toml, line 2: unknown key `token_comand`; did you mean `token_command`?
! help: correct HERE/orchestrator/config.toml; README, \"Settings\", shows every key
= 2
").await;
    write(&machine, "[merge]\nenabled = true\n");
    check(&sim, &program, &["status"], "\
! error: the machine file HERE/orchestrator/config.toml, line 1: `merge` belongs to the policy file, planning/orchestrator.toml
! help: correct HERE/orchestrator/config.toml; README, \"Settings\", shows every key
= 2
").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dotenv_is_read_unless_git_tracks_it_or_it_sends_the_token_elsewhere() {
    let (sim, here) = (simulator().await, folder());
    let mut program = beside_checkout(&sim, here.path()).await;
    program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
    let dotenv = program.folder.join(".env");
    write(&dotenv, &format!("ORCHESTRATOR_GITHUB_TOKEN={}\n", sim.token()));
    check(
        &sim,
        &program,
        &["status"],
        "\
maintainer/tally

stage    1a — Gap analysis issue creation
why      this repository has no ledger yet; its first record is written before anything else
         refs/orchestrator/ledger: absent on the remote
next     baseline: begin the ledger

queue    0 pending · 0 processed · 0 complete
= 0
",
    )
    .await;
    write(&dotenv, &format!("ORCHESTRATOR_GITHUB_TOKEN={}\nGITHUB_BASE_URL=https://evil.example\n", sim.token()));
    check(
        &sim,
        &program,
        &["cycle", "--dry-run"],
        "\
! error: .env names the API https://evil.example, but the checkout's remote is on HOST
! help: pass --api-url if that is meant; a file in a checkout may not send the token to another host
= 2
",
    )
    .await;
    git(&sim, &program.folder, &["add", "--force", ".env"]).await;
    check(
        &sim,
        &program,
        &["cycle", "--dry-run"],
        "\
! .env is not read, because git tracks it: whoever may push could write it
! error: GitHub could not be read
!   because look at maintainer/tally: GitHub answers this to nobody without a token
! help: set ORCHESTRATOR_GITHUB_TOKEN to a user's token, pass --token-file, or log in: gh auth login
= 2
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkout_of_a_foreign_format_is_named_and_not_needed() {
    let (sim, here) = (simulator().await, folder());
    let mut program = Program::on(&sim, here.path());
    program.environment.remove("ORCHESTRATOR_DEFAULT_REPO");
    program.folder = here.path().join("work");
    std::fs::create_dir(&program.folder).expect("a folder");
    git(&sim, &program.folder, &["init", "-q", "--object-format=sha256"]).await;
    check(
        &sim,
        &program,
        &["status"],
        "\
! error: the checkout HERE can't be read: its objects are named by sha256, which this program does not read
! help: pass --repo owner/name, or run the command outside of the checkout
= 2
",
    )
    .await;
    git(&sim, &program.folder, &["config", "--unset", "extensions.objectformat"]).await;
    git(&sim, &program.folder, &["config", "extensions.refstorage", "reftable"]).await;
    check(
        &sim,
        &program,
        &["status"],
        "\
! error: the checkout HERE can't be read: its references are kept as reftable, which this program does not read
! help: pass --repo owner/name, or run the command outside of the checkout
= 2
",
    )
    .await;
    let (ended, _) = ended(&sim, &program, &["status", "--repo", "maintainer/tally"]).await;
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

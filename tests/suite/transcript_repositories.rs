//! What the program says about repositories as strangers have them: each output, error and exit code as a whole.

use crate::folder::folder;
use crate::program::Program;
use crate::sim_client::simulator;
use crate::transcript::{Names, assert_transcript};
use orchestrator::sim::world::Permission;
use orchestrator::sim::{Options, Simulator};

async fn check(sim: &Simulator, program: &Program, arguments: &[&str], expected: &str) {
    let ended = program.run(arguments).await;
    assert_transcript(&Names::of(sim, program).transcript(&ended), expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_repository_is_named_before_anything_is_written() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    sim.world(|world| world.rename("abacus"));
    check(
        &sim,
        &program,
        &["status"],
        "\
maintainer/tally

stage    1a — Gap analysis issue creation
why      maintainer/tally was renamed or transferred to maintainer/abacus
         refs/orchestrator/ledger: absent on the remote
next     a person is needed
         lift: name it so: --repo maintainer/abacus

queue    0 pending · 0 processed · 0 complete
= 0
",
    )
    .await;
    check(
        &sim,
        &program,
        &["cycle"],
        "\
1a — Gap analysis issue creation
maintainer/tally was renamed or transferred to maintainer/abacus
a person is needed
         lift: name it so: --repo maintainer/abacus
= 7
",
    )
    .await;
    assert!(sim.requests().rest_writes + sim.requests().git_pushes == 0, "nothing was written");
    check(
        &sim,
        &program,
        &["status", "--repo", "maintainer/abacus"],
        "\
maintainer/abacus

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
async fn an_archived_repository_and_one_without_issues_are_left_alone() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    sim.world(|world| world.settings.archived = true);
    check(
        &sim,
        &program,
        &["cycle"],
        "\
1a — Gap analysis issue creation
the repository is archived
a person is needed
         lift: unarchive it in the repository's settings
= 7
",
    )
    .await;
    sim.world(|world| (world.settings.archived, world.settings.issues) = (false, false));
    check(
        &sim,
        &program,
        &["cycle"],
        "\
1a — Gap analysis issue creation
issues are switched off
a person is needed
         lift: switch them on in the repository's settings
= 7
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_repository_that_the_token_may_not_see_looks_like_none() {
    let (sim, here) = (simulator().await, folder());
    let stranger = sim.world(|world| {
        world.settings.private = true;
        world.person("stranger", Permission::None)
    });
    sim.add_token("strange-token", stranger);
    let program = Program::on(&sim, here.path()).with("ORCHESTRATOR_GITHUB_TOKEN", "strange-token");
    check(
        &sim,
        &program,
        &["status"],
        "\
! error: GitHub could not be read
!   because look at maintainer/tally: not found, or the token may not see it
! help: check --repo and what the token may see
= 5
",
    )
    .await;
    let mut program = program;
    program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
    check(
        &sim,
        &program,
        &["status"],
        "\
! error: the clone could not be brought up to date
!   because the remote could not be asked
!   because the remote refused the credentials: fatal: could not read Username for 'API': terminal prompts disabled
! help: set ORCHESTRATOR_GITHUB_TOKEN to a token that may push to the repository
= 2
",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_without_planning_is_shown_with_what_begins_it() {
    let project = vec![("README.md".to_owned(), b"# A project\n".to_vec())];
    let sim = Simulator::start(Options { project, ..Options::default() }).await.expect("the simulator starts");
    let here = folder();
    let program = Program::on(&sim, here.path());
    check(&sim, &program, &["status"], "\
maintainer/tally

stage    1a — Gap analysis issue creation
why      planning/orchestrator.toml is not on the mainline, so nobody has consented to writes
         refs/orchestrator/ledger: absent on the remote
next     a person is needed
         lift: orchestrator init, which shows what it would commit; or commit a planning/orchestrator.toml that begins with `version = 1`

queue    0 pending · 0 processed · 0 complete
= 0
").await;
    check(&sim, &program, &["cycle"], "\
1a — Gap analysis issue creation
planning/orchestrator.toml is not on the mainline, so nobody has consented to writes
a person is needed
         lift: orchestrator init, which shows what it would commit; or commit a planning/orchestrator.toml that begins with `version = 1`
= 7
").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_with_other_object_names_is_refused_and_not_taken_for_an_empty_one() {
    let (sim, here) = (simulator().await, folder());
    let program = Program::on(&sim, here.path());
    let remote = here.path().join("remote");
    std::fs::create_dir(&remote).expect("a folder");
    for arguments in [
        &["init", "-q", "--object-format=sha256", "-b", "main"][..],
        &["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "--allow-empty", "-m", "first"],
    ] {
        let ran = crate::sim_client::git(&sim, &remote, arguments).await;
        assert!(ran.ok, "{ran:?}");
    }
    check(
        &sim,
        &program,
        &["init", "--yes", "--git-url", remote.to_str().expect("text")],
        "\
! error: the remote could not be asked
!   because the remote names its objects by SHA-256, which this program does not read
! help: use a repository whose objects are named by SHA-1
= 4
",
    )
    .await;
}

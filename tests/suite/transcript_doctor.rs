//! `doctor`: passing as a whole, and failing check by check.

use crate::program::{Program, folder};

use crate::transcript::{Names, assert_transcript};
use orchestrator::sim::world::Permission;
use orchestrator::sim::{Accident, AccidentKind, Options, Simulator};
use serde_json::Value;

const TOKEN: &str = "github_pat_11AAAAAAA0000000000000";

/// A token of a known form for the viewer.
async fn program(sim: &Simulator, folder: &std::path::Path) -> Program {
    let viewer = sim.world(|world| world.viewer());
    sim.add_token(TOKEN, viewer);
    Program::on(sim, folder).with("ORCHESTRATOR_GITHUB_TOKEN", TOKEN)
}

async fn transcript(sim: &Simulator, program: &Program) -> String {
    let version = tokio::process::Command::new("git").arg("version").output().await.expect("git").stdout;
    let version = String::from_utf8(version).expect("text");
    let version = version.split_whitespace().nth(2).expect("a version").to_owned();
    let goal =
        crate::sim_client::git(sim, &sim.git_dir(), &["rev-parse", "--short=8", "main:planning/vision/goal.md"]).await;
    let names = Names::of(sim, program).and(&version, "VERSION").and(&goal.stdout, "GOAL");
    names.transcript(&program.run(&["doctor"]).await)
}

/// The verdict, evidence and mend of one check, and the exit code.
async fn check(program: &Program, name: &str, arguments: &[&str]) -> (String, String, String, i32) {
    let arguments: Vec<&str> = ["doctor", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let ended = program.run(&arguments).await;
    let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let checks = told["checks"].as_array().expect("checks");
    assert_eq!(checks.len(), 12, "every check is told of: {told}");
    let found = checks.iter().find(|check| check["check"] == name).expect("the check");
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("evidence"), text("mend"), ended.code.expect("a code"))
}

/// With the machine's clock, as the program has it: the two are compared.
async fn simulator() -> Simulator {
    Simulator::start(Options::default()).await.expect("the simulator starts")
}

/// The next answer to "whose token is it?", with a header that the simulator does not give.
fn account_with(name: &str, value: &str) -> Accident {
    let (headers, body) = (vec![(name.to_owned(), value.to_owned())], "{\"login\":\"maintainer\",\"id\":1}".to_owned());
    Accident::on("GET", "/user", AccidentKind::Answer { status: 200, headers, body })
}

#[track_caller]
fn fails(told: &(String, String, String, i32), evidence: &str, mend: &str) {
    let (verdict, seen, mended, code) = told;
    assert_eq!((verdict.as_str(), *code), ("fail", 4), "{told:?}");
    assert!(seen.contains(evidence) && mended.contains(mend), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_in_place_passes_and_nothing_is_written() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    assert_eq!(program.run(&["cycle"]).await.code, Some(0), "the ledger is begun");
    let before = (sim.requests().rest_writes, sim.requests().git_pushes);
    assert_transcript(
        &transcript(&sim, &program).await,
        "\
maintainer/tally

pass  git          VERSION
pass  remote       git reaches it; its default branch is main
pass  token        a fine-grained personal access token of maintainer, from ORCHESTRATOR_GITHUB_TOKEN
pass  rights       push and administration
pass  repository   API/maintainer/tally
pass  agent        Copilot can be assigned
pass  labels       made with the first issue that needs them: Gap Analysis, Development, Update Capability
pass  ledger       refs/orchestrator/ledger holds 0 bindings
pass  policy       planning/orchestrator.toml is valid; merging is on
pass  goal         planning/vision/goal.md at GOAL
pass  queue        0 pending, 0 processed, 0 complete
pass  clock        within half a minute of GitHub's
= 0
",
    );
    assert_eq!((sim.requests().rest_writes, sim.requests().git_pushes), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_repository_is_told_what_is_missing() {
    let project = vec![("README.md".to_owned(), b"# A project\n".to_vec())];
    let sim = Simulator::start(Options { project, ..Options::default() }).await.expect("the simulator starts");
    let here = folder();
    let program = program(&sim, here.path()).await;
    assert_transcript(
        &transcript(&sim, &program).await,
        "\
maintainer/tally

pass  git          VERSION
pass  remote       git reaches it; its default branch is main
pass  token        a fine-grained personal access token of maintainer, from ORCHESTRATOR_GITHUB_TOKEN
pass  rights       push and administration
pass  repository   API/maintainer/tally
pass  agent        Copilot can be assigned
pass  labels       made with the first issue that needs them: Gap Analysis, Development, Update Capability
warn  ledger       refs/orchestrator/ledger is not written yet; the first cycle tries it
                   mend: orchestrator cycle --repo maintainer/tally
fail  policy       planning/orchestrator.toml is not on the mainline: nobody has consented to writes
                   mend: orchestrator init maintainer/tally
fail  goal         planning/vision/goal.md is not on the mainline
                   mend: write planning/vision/goal.md, commit and push it
pass  queue        0 pending, 0 processed, 0 complete
pass  clock        within half a minute of GitHub's
= 4
",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_git_is_checked_and_the_rest_is_said_not_to_be() {
    let (sim, here) = (simulator().await, folder());
    let mut program = program(&sim, here.path()).await;
    program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
    assert_transcript(
        &transcript(&sim, &program).await,
        "\
maintainer/tally

pass  git          VERSION
pass  remote       git reaches it; its default branch is main
fail  token        there is none; only what git says can be read
                   mend: set ORCHESTRATOR_GITHUB_TOKEN, pass --token-file, or log in: gh auth login
skip  rights       not asked: there is no token
skip  repository   not asked: there is no token
skip  agent        not asked: there is no token
skip  labels       not asked: there is no token
warn  ledger       refs/orchestrator/ledger is not written yet; the first cycle tries it
                   mend: orchestrator cycle --repo maintainer/tally
pass  policy       planning/orchestrator.toml is valid; merging is on
pass  goal         planning/vision/goal.md at GOAL
pass  queue        0 pending, 0 processed, 0 complete
skip  clock        not asked: there is no token
= 4
",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_on_the_machine_is_told_with_what_mends_it() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    let bin = here.path().join("bin");
    std::fs::create_dir(&bin).expect("a folder");
    std::fs::write(bin.join("git"), "#!/bin/sh\necho git version 2.20.1\n").expect("written");
    std::fs::set_permissions(bin.join("git"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    let old = Program::on(&sim, here.path()).with("PATH", bin.to_str().expect("text"));
    fails(&check(&old, "git", &[]).await, "2.20.1 is older than 2.38", "https://git-scm.com/downloads");
    let none = Program::on(&sim, here.path()).with("PATH", "/nowhere");
    fails(&check(&none, "git", &[]).await, "cannot run git", "install git 2.38 or newer");
    let closed = "http://127.0.0.1:1/maintainer/tally.git";
    fails(&check(&program, "remote", &["--git-url", closed]).await, "could not be asked", "git ls-remote");
    sim.arrange(account_with("date", "Tue, 24 Nov 2020 08:00:00 GMT"));
    fails(&check(&program, "clock", &[]).await, "ahead of GitHub's", "timedatectl");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_of_the_token_is_told_with_what_mends_it() {
    let (sim, here) = (simulator().await, folder());
    let good = program(&sim, here.path()).await;
    let with = |token: &str| Program::on(&sim, here.path()).with("ORCHESTRATOR_GITHUB_TOKEN", token);
    let viewer = sim.world(|world| world.viewer());
    sim.add_token("ghs_installation0000", viewer);
    fails(
        &check(&with("ghs_installation0000"), "token", &[]).await,
        "can't assign the agent",
        "personal-access-tokens/new",
    );
    fails(&check(&with("ghp_wrong000000000"), "token", &[]).await, "does not accept the token", "still valid");
    let reader = sim.world(|world| world.person("reader", Permission::Read));
    sim.add_token("ghp_reader0000000", reader);
    fails(&check(&with("ghp_reader0000000"), "rights", &[]).await, "may not push", "ask an owner for write access");
    sim.arrange(account_with("x-oauth-scopes", "gist, read:org"));
    fails(&check(&good, "rights", &[]).await, "scopes are gist, read:org", "https://github.com/settings/tokens");
    for end in ["2020-01-01 00:00:00 UTC", "2020-01-01 00:00:00 +0200"] {
        sim.arrange(account_with("github-authentication-token-expiration", end));
        let (verdict, evidence, mend, _) = check(&good, "token", &[]).await;
        assert_eq!((verdict.as_str(), mend.is_empty()), ("warn", false), "{evidence}");
        assert!(evidence.contains("it expires in -"), "{evidence}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_of_the_repository_is_told_with_what_mends_it() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    sim.world(|world| world.settings.agent_available = false);
    fails(&check(&program, "agent", &[]).await, "not among those", "https://github.com/settings/copilot");
    sim.world(|world| (world.settings.agent_available, world.settings.archived) = (true, true));
    fails(&check(&program, "repository", &[]).await, "archived", "/maintainer/tally/settings");
    sim.world(|world| (world.settings.archived, world.settings.issues) = (false, false));
    fails(&check(&program, "repository", &[]).await, "issues are switched off", "switch them on");
    sim.world(|world| world.settings.issues = true);
    fails(&check(&program, "repository", &["--repo", "maintainer/nothing"]).await, "not found", "check --repo");
    sim.world(|world| world.rename("abacus"));
    fails(&check(&program, "repository", &[]).await, "it is maintainer/abacus now", "--repo maintainer/abacus");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_of_the_files_is_told_with_what_mends_it() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    let policy = "planning/orchestrator.toml";
    let put = async |path: &str, text: Option<&[u8]>| {
        sim.commit_files("main", &[(path, text)], "A change").await.expect("a commit")
    };
    put(policy, Some(b"version = 1\n[merge]\nenabld = true\n")).await;
    fails(&check(&program, "policy", &[]).await, "orchestrator.toml:3: unknown key `enabld`", "correct it");
    put(policy, Some(b"version = 1\n")).await;
    assert_eq!(check(&program, "policy", &[]).await.0, "warn");
    put("planning/vision/goal.md", Some(include_bytes!("../../templates/planning/goal.md"))).await;
    fails(&check(&program, "goal", &[]).await, "nobody has written", "write planning/vision/goal.md");
    put("planning/issue_queue/pending/empty.md", Some(b"\n")).await;
    let (verdict, evidence, _, _) = check(&program, "queue", &[]).await;
    assert_eq!((verdict.as_str(), evidence.contains("empty.md: it is empty")), ("warn", true), "{evidence}");
    assert_eq!(check(&program, "ledger", &[]).await.0, "warn", "nothing was written yet");
    put(policy, Some(b"version = 1\n[merge]\nenabled = true\n")).await;
    assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    sim.delete_ref("refs/orchestrator/ledger").await.expect("deleted");
    fails(&check(&program, "ledger", &[]).await, "the remote lost it", "orchestrator ledger restore");
}

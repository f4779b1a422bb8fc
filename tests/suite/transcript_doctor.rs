//! `doctor`: passing as a whole, and failing check by check.

use crate::folder::folder;
use crate::program::Program;

use crate::transcript::{Names, assert_transcript};
use orchestrator::sim::world::{Permission, Settings};
use orchestrator::sim::{Accident, AccidentKind, Options, Simulator};
use serde_json::Value;
use std::collections::BTreeSet;

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
    let names: BTreeSet<&str> = checks.iter().filter_map(|check| check["check"].as_str()).collect();
    assert_eq!(names.len(), 15, "every check is told of: {told}");
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
pass  token        a fine-grained personal access token of maintainer, from ORCHESTRATOR_GITHUB_TOKEN; it can't read check runs: which check is red is not shown; their rolled-up state and the state that GitHub gives the pull request (mergeStateStatus) decide
pass  rights       push and administration
pass  repository   API/maintainer/tally
pass  agent        Copilot can be assigned
pass  runs         workflow runs of the agent start without an approval
pass  labels       made with the first issue that needs them: Gap Analysis, Development, Update Capability
pass  ledger       refs/orchestrator/ledger holds 0 bindings
pass  policy       planning/orchestrator.toml is valid; merging is on
pass  method       the repository allows squash merges
pass  rules        none in the way on main: queue files are moved by pushes; classic protection, if there is one, was not readable with this token
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
pass  token        a fine-grained personal access token of maintainer, from ORCHESTRATOR_GITHUB_TOKEN; it can't read check runs: which check is red is not shown; their rolled-up state and the state that GitHub gives the pull request (mergeStateStatus) decide
pass  rights       push and administration
pass  repository   API/maintainer/tally
pass  agent        Copilot can be assigned
pass  runs         workflow runs of the agent start without an approval
pass  labels       made with the first issue that needs them: Gap Analysis, Development, Update Capability
warn  ledger       refs/orchestrator/ledger is not written yet; the first cycle tries it
                   mend: orchestrator cycle --repo maintainer/tally
fail  policy       planning/orchestrator.toml is not on the mainline: nobody has consented to writes
                   mend: orchestrator init maintainer/tally
skip  method       not asked: there is no valid policy
pass  rules        none in the way on main: queue files are moved by pushes; classic protection, if there is one, was not readable with this token
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
skip  runs         not asked: there is no token
skip  labels       not asked: there is no token
warn  ledger       refs/orchestrator/ledger is not written yet; the first cycle tries it
                   mend: orchestrator cycle --repo maintainer/tally
pass  policy       planning/orchestrator.toml is valid; merging is on
skip  method       not asked: there is no token
skip  rules        not asked: there is no token
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

/// Verdict, evidence and mend of each finding of a check.
async fn findings(program: &Program, name: &str, arguments: &[&str]) -> Vec<[String; 3]> {
    let arguments: Vec<&str> = ["doctor", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let ended = program.run(&arguments).await;
    let told: Value = serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"));
    let checks = told["checks"].as_array().expect("checks").iter().filter(|check| check["check"] == name);
    let text = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    checks.map(|check| ["verdict", "evidence", "mend"].map(|key| text(check, key))).collect()
}

/// Every part is said by a finding with this verdict.
#[track_caller]
fn says(found: &[[String; 3]], expected: &[(&str, &str, &str)]) {
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (verdict, evidence, mend) in expected {
        let fits = |it: &&[String; 3]| it[0] == *verdict && it[1].contains(evidence) && it[2].contains(mend);
        assert!(found.iter().any(|it| fits(&it)), "{verdict}: {evidence} ({mend}) is not in {found:#?}");
    }
}

const BYPASS: &str = "let the token's account bypass it: ";
const NOT_MOVED: &str = "moves of queue files are shown as not moved, and the loop goes on";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_each_rule_of_the_mainline_will_do_is_said() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    let with = async |set: fn(&mut Settings)| {
        let begun = |rules: &mut Settings| {
            *rules = Settings::default();
            set(rules);
        };
        sim.set_rules(begun).await.expect("the rules are set");
        findings(&program, "rules", &[]).await
    };
    says(
        &with(|rules| rules.mainline_protected = true).await,
        &[("warn", &format!("main takes changes through pull requests only: {NOT_MOVED}"), BYPASS)],
    );
    says(
        &with(|rules| rules.signatures_required = true).await,
        &[(
            "pass",
            "main takes signed commits only: GitHub is asked to make the commit of each move, and signs it",
            "",
        )],
    );
    says(
        &with(|rules| (rules.signatures_required, rules.mainline_protected) = (true, true)).await,
        &[
            ("warn", &format!("main takes changes through pull requests only: {NOT_MOVED}"), BYPASS),
            ("warn", "GitHub could sign the moves, but another rule refuses them anyway", BYPASS),
        ],
    );
    says(
        &with(|rules| (rules.signatures_required, rules.rules_bypassable) = (true, true)).await,
        &[("warn", "and this token may break that: moves are pushed past it, and each says so", "/settings/rules")],
    );
    says(
        &with(|rules| rules.required_checks.extend(["build".to_owned(), "lint".to_owned()])).await,
        &[
            ("warn", &format!("main takes commits with green checks only: {NOT_MOVED}"), BYPASS),
            ("pass", "required checks: build, lint; a pull request is merged when they are green", ""),
        ],
    );
    says(
        &with(|rules| rules.review_required = true).await,
        &[
            ("warn", "main takes changes through pull requests only", BYPASS),
            ("warn", "1 approving review(s) are needed: nothing is merged without a person", "approve each"),
        ],
    );
    says(&with(|rules| rules.linear_history = true).await, &[("pass", "none in the way on main", "")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_method_that_the_repository_or_a_rule_refuses_fails_with_the_line_of_the_policy() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    let method = async |word: &str| {
        let policy = format!("version = 1\n[merge]\nenabled = true\nmethod = \"{word}\"\n");
        sim.commit_files("main", &[("planning/orchestrator.toml", Some(policy.as_bytes()))], word)
            .await
            .expect("a commit")
    };
    let line = "write `method = \"squash\"` below `[merge]` in planning/orchestrator.toml";
    method("merge").await;
    sim.set_rules(|rules| (rules.linear_history, rules.merge_commit) = (true, false)).await.expect("set");
    says(&findings(&program, "rules", &[]).await, &[("fail", "so merge commits are refused", line)]);
    let settings = "or allow them: ";
    says(
        &findings(&program, "method", &[]).await,
        &[(
            "fail",
            "the repository does not allow merge commits, so every merge is refused",
            &format!("{line}; {settings}"),
        )],
    );
    method("rebase").await;
    sim.set_rules(|rules| rules.signatures_required = true).await.expect("set");
    let found = findings(&program, "rules", &[]).await;
    says(&found[1..], &[("fail", "GitHub does not sign what it rebases, so rebase merges are refused", line)]);
    says(&findings(&program, "method", &[]).await, &[("pass", "the repository allows rebase merges", "")]);
    sim.commit_files("main", &[("planning/orchestrator.toml", Some(b"version = 1\n"))], "off").await.expect("a commit");
    says(&findings(&program, "method", &[]).await, &[("skipped", "merging is off", "")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_that_only_github_has_are_read_from_all_pages_and_each_is_named() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    let page = |body: &str, more: bool| {
        let link = ("link".to_owned(), "<http://127.0.0.1/next>; rel=\"next\"".to_owned());
        let headers = if more { vec![link] } else { Vec::new() };
        Accident::on(
            "GET",
            "/rules/branches/main",
            AccidentKind::Answer { status: 200, headers, body: body.to_owned() },
        )
    };
    sim.arrange(page(
        r#"[{"type":"merge_queue","ruleset_id":7},{"type":"required_deployments","parameters":{"required_deployment_environments":["stage"]},"ruleset_id":7},
            {"type":"update","ruleset_id":7},{"type":"deletion","ruleset_id":7},{"type":"non_fast_forward"}]"#,
        true,
    ));
    sim.arrange(page(
        r#"[{"type":"workflows"},{"type":"file_path_restriction"},{"type":"of_tomorrow"},
            {"type":"pull_request","parameters":{"required_approving_review_count":0,"require_code_owner_review":true,
             "required_review_thread_resolution":true,"allowed_merge_methods":["rebase","merge"]}}]"#,
        false,
    ));
    let found = findings(&program, "rules", &[]).await;
    says(
        &found,
        &[
            ("warn", "main takes what its merge queue merges only", BYPASS),
            ("warn", "a merge queue merges: merges by this program are refused", "/maintainer/tally/queue/main"),
            ("warn", "main takes commits that were deployed only", BYPASS),
            ("warn", "deployments to stage have to succeed before a merge", "/settings/rules"),
            ("warn", "main takes changes of some accounts only", BYPASS),
            ("warn", "merges of others are refused", "/settings/rules"),
            ("warn", "the rule workflows has to be met before a merge", "/settings/rules"),
            ("warn", "the rule file_path_restriction is about what is pushed", "/settings/rules"),
            ("warn", "the rule of_tomorrow is not known to this program", "/settings/rules"),
            ("warn", "main takes changes through pull requests only", BYPASS),
            ("warn", "an owner of the code among them: nothing is merged without a person", "approve each"),
            ("warn", "an open review thread holds a merge up", "resolve them"),
            ("fail", "squash merges are not allowed on main", "write `method = \"rebase\"` below `[merge]`"),
        ],
    );
    assert_eq!(sim.requests().count("GET", "/rulesets/7"), 1, "a ruleset is asked about once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_went_past_the_rules_is_said_by_the_next_doctor() {
    let (sim, here) = (simulator().await, folder());
    let program = program(&sim, here.path()).await;
    let file = "planning/issue_queue/pending/dev-1.md";
    sim.commit_files("main", &[(file, Some(b"# Count words\n"))], "A task").await.expect("a commit");
    sim.set_rules(|rules| (rules.mainline_protected, rules.rules_bypassable) = (true, true)).await.expect("set");
    for _ in 0..2 {
        assert_eq!(program.run(&["cycle"]).await.code, Some(0));
    }
    says(
        &findings(&program, "rules", &[]).await,
        &[
            ("warn", "main takes changes through pull requests only, and this token may break that", "may bypass: "),
            ("warn", ": Bypassed rule violations for refs/heads/main: Changes must be made", "may bypass: "),
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workflow_runs_that_wait_for_a_person_are_warned_of_and_what_can_not_be_read_is_to_be_looked_at() {
    let (sim, here) = (simulator().await, folder());
    let good = program(&sim, here.path()).await;
    says(&findings(&good, "runs", &[]).await, &[("pass", "start without an approval", "")]);
    sim.world(|world| world.settings.runs_need_approval = true);
    let settings = "/maintainer/tally/settings/copilot/coding_agent";
    says(
        &findings(&good, "runs", &[]).await,
        &[("warn", "every workflow run of the agent waits for a person", settings)],
    );
    let writer = sim.world(|world| world.person("writer", Permission::Write));
    sim.add_token("ghp_writer0000000", writer);
    let with = Program::on(&sim, here.path()).with("ORCHESTRATOR_GITHUB_TOKEN", "ghp_writer0000000");
    says(&findings(&with, "runs", &[]).await, &[("skipped", "can't be read with this token", settings)]);
    let broken = AccidentKind::Answer { status: 422, headers: Vec::new(), body: "{}".to_owned() };
    sim.arrange(Accident::on("GET", "/copilot/cloud-agent/configuration", broken));
    says(&findings(&good, "runs", &[]).await, &[("fail", "GitHub answered 422", "check what the token may do")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_token_is_told_with_its_source_and_what_it_can_not_do() {
    let (sim, here) = (simulator().await, folder());
    let viewer = sim.world(|world| world.viewer());
    for (token, verdict, words) in [
        ("ghp_0000000000000", "pass", "a classic personal access token of maintainer, from "),
        ("github_pat_00000000", "pass", "it can't read check runs"),
        ("gho_0000000000000", "pass", "a token of an OAuth app of maintainer, from "),
        ("ghu_0000000000000", "pass", "it ends eight hours after it was made"),
        ("ghs_0000000000000", "fail", "it can't assign the agent, nor take a pull request out of draft"),
        ("ghr_0000000000000", "fail", "it can do nothing but renew another token"),
        ("0123456789abcdef0", "pass", "a token of an unknown form of maintainer"),
    ] {
        sim.add_token(token, viewer);
        let file = here.path().join("token");
        std::fs::write(&file, token).expect("written");
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
        let mut program = Program::on(&sim, here.path());
        program.environment.remove("ORCHESTRATOR_GITHUB_TOKEN");
        let path = file.to_str().expect("text");
        let told = findings(&program, "token", &["--token-file", path]).await;
        says(&told, &[(verdict, words, "")]);
        says(&told, &[(verdict, &format!("{path} (--token-file)"), "")]);
    }
    let good = program(&sim, here.path()).await;
    sim.arrange(account_with("x-oauth-scopes", "repo"));
    says(&findings(&good, "rights", &[]).await, &[("pass", "without `workflow` it can't merge", "")]);
    sim.arrange(account_with("x-oauth-scopes", "repo, workflow"));
    let told = findings(&good, "rights", &[]).await;
    assert!(told[0][1] == "push; scopes repo, workflow", "{told:?}");
}

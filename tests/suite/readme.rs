//! What the README says is so: its commands run as they are printed, its tables are those of the code.

use crate::sim_client::git;
use orchestrator::failure::Exit;
use orchestrator::sim::world::Subject;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

const README: &str = include_str!("../../README.md");

/// The first block of shell in a section.
fn block(section: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("\n## {section}\n")).expect("the section");
    let (_, rest) = rest.split_once("```sh\n").expect("a block of shell");
    rest.split_once("```").expect("its end").0
}

#[test]
fn the_exit_codes_are_those_of_the_code() {
    assert!(README.contains(&Exit::table()), "put this into the README:\n{}", Exit::table());
}

#[test]
fn every_command_and_every_file_that_is_named_is_there() {
    for command in [
        "budget",
        "status",
        "guardrails",
        "cycle",
        "run",
        "watch",
        "create-issue",
        "init",
        "doctor",
        "fsck",
        "adopt",
        "ledger",
    ] {
        assert!(README.contains(&format!("`{command}`")), "{command}");
    }
    let toml: String =
        README.split("```toml\n").nth(1).expect("a machine file").split("```").next().expect("its end").into();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), toml.replace("token_file = \"/home/me/.other-token\"\n", "")).expect("written");
    let machine = orchestrator::config::machine::Machine::read(file.path()).expect("a machine file");
    assert_eq!(machine.entry("owner/name").git_url.as_deref(), Some("git@github.com:owner/name.git"));
}

/// A home with git's identity and credentials, as a person has them.
fn home(folder: &Path, token: &str) -> BTreeMap<String, String> {
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("x:{token}"));
    let config = format!(
        "[user]\nname = A person\nemail = person@example.org\n[http]\nextraHeader = Authorization: Basic {basic}\n"
    );
    std::fs::write(folder.join(".gitconfig"), config).expect("written");
    let program = Path::new(env!("CARGO_BIN_EXE_orchestrator")).parent().expect("a folder").display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").expect("a PATH"));
    let folder = folder.to_str().expect("text");
    [("HOME", folder), ("PATH", &path), ("ORCHESTRATOR_GITHUB_TOKEN", token), ("GIT_CONFIG_NOSYSTEM", "1")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quick_start_works_as_it_is_printed() {
    let project = vec![("README.md".to_owned(), b"# A project\n".to_vec())];
    let options = orchestrator::sim::Options { project, ..orchestrator::sim::Options::default() };
    let sim = orchestrator::sim::Simulator::start(options).await.expect("the simulator starts");
    let home_folder = crate::folder::folder();
    let clone = crate::sim_client::clone(&sim).await;
    let mut shell = tokio::process::Command::new("sh")
        .args(["-e", "-c", block("Quick start")])
        .current_dir(clone.path())
        .env_clear()
        .envs(home(home_folder.path(), sim.token()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a shell");
    let wake = home_folder
        .path()
        .join(".local/state/orchestrator")
        .join(sim.api_url().trim_start_matches("http://").replace(':', "_"));
    let wake = wake.join("maintainer/tally/wake");
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(200));
    let status = loop {
        tokio::select! {
            status = shell.wait() => break status.expect("the shell ends"),
            _ = tick.tick() => {
                // The agent works while the program waits for it, and a file event brings the next look on.
                sim.step_agent().await.expect("the agent works");
                if wake.parent().is_some_and(Path::exists) {
                    std::fs::write(&wake, "").expect("woken");
                }
            }
        }
    };
    let output = shell.wait_with_output().await.expect("its words");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(status.success(), "{out}\n{err}");
    let asked = sim.world(|world| {
        world
            .subjects()
            .filter(|subject| subject.pull.is_none())
            .map(|it: &Subject| it.title.clone())
            .collect::<Vec<_>>()
    });
    assert_eq!(asked.first().map(String::as_str), Some("Identify the next most important development gap"));
    let ran = git(&sim, &sim.git_dir(), &["log", "-1", "--format=%s", "refs/orchestrator/ledger"]).await;
    assert!(ran.stdout.contains("settle"), "{ran:?}");
}

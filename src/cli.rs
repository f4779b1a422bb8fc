//! The command line: one file a command, and the only code that prints.
//!
//! **Guarantees**: what is shown is what was decided; text from outside never moves the terminal's cursor; exit codes
//! are an interface ([`Exit`]).

mod cycle;
mod demo;
mod status;

use crate::config::environment::Environment;
use crate::config::settings::{self, Flags, Settings};
use crate::engine::port::SystemClock;
use crate::engine::stop::StopAt;
use crate::engine::{CycleError, Engine};
use crate::forge;
use crate::model::Outcome;
use crate::repo::{self, LocalClone, RepoError};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing owed.
    Done = 0,
    /// A defect of this program or of the machine.
    Internal = 1,
    /// Usage, settings or credentials.
    Settings = 2,
    /// Another process holds what is needed.
    Held = 3,
    /// Refused or unfinished.
    Refused = 4,
    /// GitHub or the remote can't be reached.
    Unreachable = 6,
    /// A person is needed.
    Stalled = 7,
    /// The step waits; only with `--exit-code`.
    Waits = 8,
}

/// Drives a coding agent through the long-horizon development of a GitHub repository.
#[derive(Debug, Parser)]
#[command(name = "orchestrator", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole loop on a simulated GitHub with a real git remote, without token or network
    Demo(demo::Demo),
    /// Show where the loop stands, why, and what comes next; changes nothing
    Status(status::Status),
    /// Do the one thing that is owed now
    Cycle(cycle::CycleCommand),
}

/// Which repository.
#[derive(Debug, Args)]
struct Target {
    /// The repository, as owner/name [env: ORCHESTRATOR_DEFAULT_REPO]
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Option<String>,
    /// The API's address [env: GITHUB_BASE_URL]
    #[arg(long, value_name = "URL")]
    api_url: Option<String>,
    /// The git remote's address, where it does not follow from the API's
    #[arg(long, value_name = "URL")]
    git_url: Option<String>,
    /// Where clones and locks lie [env: ORCHESTRATOR_DATA_DIR]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

/// A failure with its exit code: what, why, and a `help:` line.
struct Failure {
    exit: Exit,
    text: String,
}

type RealEngine = Engine<forge::Client, Arc<LocalClone>, SystemClock>;

/// Runs the program.
pub fn run() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let environment = Environment::from_process();
    logging(environment.log_level.as_deref());
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return std::process::ExitCode::from(Exit::Internal as u8);
        }
    };
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Demo(command) => command.run().await,
            Command::Status(command) => command.run(&environment).await,
            Command::Cycle(command) => command.run(&environment).await,
        }
    });
    match result {
        Ok(exit) => std::process::ExitCode::from(exit as u8),
        Err(failure) => {
            eprintln!("error: {}", crate::text::terminal(&failure.text));
            std::process::ExitCode::from(failure.exit as u8)
        }
    }
}

fn logging(level: Option<&str>) {
    use tracing_subscriber::filter::LevelFilter;
    let level = match level.map(str::to_ascii_lowercase).as_deref() {
        Some("trace") => LevelFilter::TRACE,
        Some("debug") => LevelFilter::DEBUG,
        Some("info") => LevelFilter::INFO,
        Some("error") => LevelFilter::ERROR,
        Some(_) | None => LevelFilter::WARN,
    };
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
}

impl Target {
    fn settings(&self, environment: &Environment) -> Result<Settings, Failure> {
        let flags = Flags {
            repository: self.repo.clone(),
            api_url: self.api_url.clone(),
            git_url: self.git_url.clone(),
            data_dir: self.data_dir.clone(),
        };
        settings::resolve(flags, environment).map_err(|error| Failure { exit: Exit::Settings, text: error.to_string() })
    }
}

/// An engine on GitHub and on our clone.
fn engine(settings: &Settings, configuration: repo::Configuration) -> Result<RealEngine, Failure> {
    let failed = |error: forge::ForgeError| Failure { exit: Exit::Settings, text: error.to_string() };
    let client = forge::Client::new(&forge::Settings {
        api_url: settings.api_url.clone(),
        repository: settings.repository.clone(),
        token: settings.token.clone(),
    })
    .map_err(failed)?;
    let clone = LocalClone::open(repo::Settings {
        folder: settings.folder.clone(),
        url: settings.git_url.clone(),
        token: settings.token.clone(),
        limit: Duration::from_secs(600),
        configuration,
    });
    let clone = clone.map(Arc::new).map_err(|error| of_repo(&error))?;
    let instance = clone.instance().to_owned();
    let mut engine = Engine::new(client, clone, SystemClock, settings.repository.clone(), instance);
    if let Some(name) = &settings.stop_at {
        let text = format!(
            "ORCHESTRATOR_STOP_AT names no stop point: {name}\nhelp: use <action>.<effect>[:n], such as promote.bind"
        );
        engine.stop = Some(StopAt::parse(name).ok_or(Failure { exit: Exit::Settings, text })?);
    }
    Ok(engine)
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}\n  because {cause}");
        next = cause.source();
    }
    text
}

fn of_repo(error: &RepoError) -> Failure {
    let exit = match error {
        RepoError::Locked { .. } => Exit::Held,
        RepoError::Transport(_) => Exit::Unreachable,
        RepoError::NoBranch(_)
        | RepoError::HeadMoved { .. }
        | RepoError::TooLarge { .. }
        | RepoError::LedgerFormat(_)
        | RepoError::LedgerRecord { .. } => Exit::Refused,
        RepoError::Io { .. } | RepoError::Read { .. } | RepoError::Write { .. } => Exit::Internal,
    };
    let help = match error {
        RepoError::Locked { .. } => "\nhelp: wait until it is done; `orchestrator status` needs the same clone",
        RepoError::Transport(_) => "\nhelp: check the network and ORCHESTRATOR_GITHUB_TOKEN",
        RepoError::LedgerFormat(_) => "\nhelp: update this program",
        RepoError::NoBranch(_)
        | RepoError::HeadMoved { .. }
        | RepoError::TooLarge { .. }
        | RepoError::LedgerRecord { .. }
        | RepoError::Io { .. }
        | RepoError::Read { .. }
        | RepoError::Write { .. } => "",
    };
    Failure { exit, text: format!("{}{help}", chain(error)) }
}

fn of_cycle(error: &CycleError<forge::ForgeError, RepoError>) -> Failure {
    use forge::ForgeError;
    match error {
        CycleError::Remote(error) => of_repo(error),
        CycleError::EmptyRepository(_) => {
            let text = format!("{}\nhelp: commit planning/vision/goal.md and planning/orchestrator.toml", chain(error));
            Failure { exit: Exit::Refused, text }
        }
        CycleError::Forge(cause) => {
            let (exit, help) = match cause {
                ForgeError::Unreachable { .. } | ForgeError::RateLimited { .. } => {
                    (Exit::Unreachable, "try again later")
                }
                ForgeError::Settings(_) | ForgeError::Unauthorized { .. } => {
                    (Exit::Settings, "set ORCHESTRATOR_GITHUB_TOKEN to a user's token")
                }
                ForgeError::NotFound { .. } => (Exit::Settings, "check --repo and what the token may see"),
                ForgeError::Refused { .. } | ForgeError::Unexpected { .. } => {
                    (Exit::Refused, "run with LOG_LEVEL=debug")
                }
            };
            Failure { exit, text: format!("{}\nhelp: {help}", chain(error)) }
        }
    }
}

/// A decision's outcome in one sentence.
fn next_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Look { needs } => format!("{} fact(s) are still missing", needs.len()),
        Outcome::Act { action } => {
            let effects: Vec<String> = action.effects.iter().map(ToString::to_string).collect();
            format!("{}: {}", action.kind, effects.join(" · "))
        }
        Outcome::Wait { waiting } => {
            let until = waiting.until.map_or_else(String::new, |until| format!(" (until {until})"));
            format!("wait: {}{until}", waiting.why)
        }
        Outcome::Blocked { vetoes } => {
            let lines: Vec<String> = vetoes
                .iter()
                .map(|veto| format!("{}: {}\n         lift: {}", veto.guardrail, veto.why, veto.lifts))
                .collect();
            format!("blocked by {}", lines.join("\n         "))
        }
        Outcome::Rest { why } => format!("rest: {why}"),
        Outcome::Stalled { why, lifts } => format!("a person is needed: {why}\n         lift: {lifts}"),
    }
}

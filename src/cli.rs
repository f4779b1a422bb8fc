//! The command line: one file a command, and the only code that prints.
//!
//! **Guarantees**: what is shown is what was decided; text from outside never moves the terminal's cursor; exit codes
//! are an interface ([`crate::failure::Exit`]).

mod adopt;
mod budget;
mod create_issue;
mod cycle;
mod demo;
mod doctor;
mod drive;
mod fsck;
mod guardrails;
mod init;
mod ledger;
mod line;
mod log;
mod output;
mod progress;
mod run;
mod seat;
mod signals;
mod status;
mod watch;

use crate::config::environment::{DotEnv, Environment};
use crate::config::settings::{self, Flags, Settings};
use crate::engine::Engine;
use crate::engine::port::Clock;
use crate::engine::stop::StopAt;
use crate::failure::{Exit, Failure};
use crate::forge;
use crate::model::{Actor, Decision, Outcome, Veto};
use crate::repo::{self, Checkout, LocalClone};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Drives a coding agent through the long-horizon development of a GitHub repository.
#[derive(Debug, Parser)]
#[command(name = "orchestrator", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to colour; NO_COLOR is heeded
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: output::Color,
    /// Print failures and JSON only
    #[arg(long, short, global = true)]
    quiet: bool,
    /// The form of the log on standard error; LOG_LEVEL says how much: error, warn, info, debug or trace
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    log_format: LogFormat,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole loop on a simulated GitHub with a real git remote, without token or network
    Demo(demo::Demo),
    /// Add the policy file and a goal to write, in one commit; shows the change and asks first
    Init(init::InitCommand),
    /// Check that everything is in place; changes nothing
    Doctor(doctor::Doctor),
    /// Show where the loop stands, why, and what comes next; changes nothing
    Status(status::Status),
    /// Show what each guardrail says of the pull request that the loop is about; changes nothing
    Guardrails(guardrails::Guardrails),
    /// Do the one thing that is owed now
    Cycle(cycle::CycleCommand),
    /// Work until rest: cycle after cycle, at the policy's pace
    Run(run::Run),
    /// Show what was spent at GitHub, what is left, and which limits stand; asks nobody
    Budget(budget::Budget),
    /// Show what changes, here and on GitHub, beside a checkout that is only read
    Watch(watch::Watch),
    /// Create one issue that the loop does not care for
    CreateIssue(create_issue::CreateIssue),
    /// Take over what a predecessor, or a lost ledger, left behind; asks first
    Adopt(adopt::Adopt),
    /// Compare files, bindings, issues, pull requests and history; changes nothing
    Fsck(fsck::Fsck),
    /// Show the ledger or its history, or put it back where the remote lost it
    Ledger(ledger::LedgerCommand),
}

/// Which repository.
#[derive(Debug, Args)]
struct Target {
    /// The repository, as owner/name; in a checkout, the one its `origin` names [env: ORCHESTRATOR_DEFAULT_REPO]
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
    /// A file that holds the token and nothing else [env: ORCHESTRATOR_GITHUB_TOKEN holds the token itself]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

type RealEngine<C> = Engine<forge::Client, Arc<LocalClone>, C>;

/// Runs the program.
pub fn run() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    let (file, notice) = dotenv();
    let environment = Environment::from_process(&file);
    output::begin(arguments.quiet, arguments.color, environment.no_color);
    let color = arguments.color.applies(std::io::IsTerminal::is_terminal(&std::io::stderr()), environment.no_color);
    log::begin(environment.log_level.as_deref(), arguments.log_format, color);
    if let Some(notice) = notice {
        output::aside(&notice);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let help = "check the limits of processes and files (ulimit -a)";
            output::failure(&Failure::new(Exit::Internal, format!("cannot start: {error}"), help));
            return Exit::Internal.into();
        }
    };
    let result = runtime.block_on(async {
        match arguments.command {
            Command::Demo(command) => command.run().await,
            Command::Init(command) => command.run(&environment).await,
            Command::Doctor(command) => command.run(&environment).await,
            Command::Status(command) => command.run(&environment).await,
            Command::Guardrails(command) => command.run(&environment).await,
            Command::Cycle(command) => command.run(&environment).await,
            Command::Run(command) => command.run(&environment).await,
            Command::Budget(command) => command.run(&environment).await,
            Command::Watch(command) => command.run(&environment).await,
            Command::CreateIssue(command) => command.run(&environment).await,
            Command::Adopt(command) => command.run(&environment).await,
            Command::Fsck(command) => command.run(&environment).await,
            Command::Ledger(command) => command.run(&environment).await,
        }
    });
    // What still runs on a thread of its own, a git call for example, is not waited for: every command has waited for what
    // it needs.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            output::failure(&failure);
            failure.exit.into()
        }
    }
}

/// The `.env` of the working directory, unless git tracks it: whoever may push could then write it.
fn dotenv() -> (DotEnv, Option<String>) {
    let Ok(folder) = settings::working_directory() else { return Default::default() };
    let file = DotEnv::read(&folder);
    if file.is_empty() {
        return (file, None);
    }
    let tracked = Checkout::find(&folder).and_then(|checkout| match checkout {
        Some(checkout) => checkout.tracks(&folder.join(".env")),
        None => Ok(false),
    });
    let why = match tracked {
        Ok(false) => return (file, None),
        Ok(true) => ".env is not read, because git tracks it: whoever may push could write it".to_owned(),
        Err(error) => format!(".env is not read: {error}"),
    };
    (DotEnv::default(), Some(why))
}

impl Target {
    fn settings(&self, environment: &Environment) -> Result<Settings, Failure> {
        let flags = Flags {
            repository: self.repo.clone(),
            api_url: self.api_url.clone(),
            git_url: self.git_url.clone(),
            data_dir: self.data_dir.clone(),
            token_file: self.token_file.clone(),
        };
        let checkout = match settings::working_directory() {
            Ok(folder) => Checkout::find(&folder),
            // A folder that is gone holds no checkout.
            Err(_) => Ok(None),
        };
        let named = flags.repository.is_some() || environment.repository.is_some();
        let origin = match checkout {
            Ok(checkout) => checkout.and_then(|checkout| checkout.origin),
            // The checkout only helps to find what is named already.
            Err(_) if named => None,
            Err(error) => return Err(error.into()),
        };
        Ok(settings::resolve(flags, environment, origin.as_deref())?)
    }
}

/// What can't be done without a token is not begun without one.
fn with_token(settings: &Settings) -> Result<(), Failure> {
    let none = || {
        let help = "set ORCHESTRATOR_GITHUB_TOKEN, pass --token-file, or log in with `gh auth login`";
        Failure::new(Exit::Settings, format!("there is no token for {}", settings.api_url), help)
    };
    settings.token.is_some().then_some(()).ok_or_else(none)
}

/// GitHub.
fn client(settings: &Settings) -> Result<forge::Client, Failure> {
    let (api_url, repository) = (settings.api_url.clone(), settings.repository.clone());
    Ok(forge::Client::new(&forge::Settings { api_url, repository, token: settings.token.clone() })?)
}

/// An engine on GitHub and on our clone.
fn engine<C: Clock>(
    settings: &Settings,
    configuration: repo::Configuration,
    clock: C,
) -> Result<RealEngine<C>, Failure> {
    let client = client(settings)?;
    let clone = Arc::new(local_clone(settings, configuration)?);
    let instance = clone.instance().to_owned();
    let mut engine = Engine::new(client, clone, clock, settings.repository.clone(), instance);
    if let Some(name) = &settings.stop_at {
        let unknown = || {
            let text = format!("ORCHESTRATOR_STOP_AT names no stop point: {name}");
            Failure::new(Exit::Settings, text, "use <action>.<effect>[:n], such as promote.bind")
        };
        engine.stop = Some(StopAt::parse(name).ok_or_else(unknown)?);
    }
    Ok(engine)
}

/// Our clone, which tells at a terminal how far a fetch is.
fn local_clone(settings: &Settings, configuration: repo::Configuration) -> Result<LocalClone, Failure> {
    let clone = LocalClone::open(repo::Settings {
        folder: settings.folder.clone(),
        url: settings.git_url.clone(),
        token: settings.git_token(),
        limit: Duration::from_secs(600),
        authorities: settings.authorities.clone(),
        configuration,
    });
    let clone = clone?;
    Ok(match progress::observer(output::is_watched()) {
        Some(observer) => clone.reporting(observer),
        None => clone,
    })
}

/// What comes next, in words that don't repeat the reason right above them.
fn next_words(decision: &Decision) -> String {
    let because = |why: &str| if why == decision.reason { String::new() } else { format!(": {why}") };
    match &decision.outcome {
        Outcome::Look { needs } => format!("look again: {} fact(s) are still missing", needs.len()),
        Outcome::Act { action } => {
            let effects: Vec<String> = action.effects.iter().map(ToString::to_string).collect();
            format!("{}: {}", action.kind, effects.join(" · "))
        }
        Outcome::Wait { waiting } => {
            let actor = match waiting.actor {
                Actor::Engine => "this or another instance",
                Actor::Agent => "the agent",
                Actor::Forge => "GitHub",
                Actor::Person => "a person",
            };
            let until = waiting.until.map_or_else(String::new, |until| format!(", at the latest until {until}"));
            format!("wait for {actor}{until}{}", because(&waiting.why))
        }
        Outcome::Blocked { vetoes } => {
            let told = |veto: &Veto| format!("{}: {}\n         lift: {}", veto.guardrail, veto.why, veto.lifts);
            let lines: Vec<String> = vetoes.iter().map(told).collect();
            format!("blocked by {}", lines.join("\n         "))
        }
        Outcome::Rest { why } => format!("rest, until goal or capabilities change{}", because(why)),
        Outcome::Stalled { why, lifts } => format!("a person is needed{}\n         lift: {lifts}", because(why)),
    }
}

//! A booth for many small stories: the real client and engine on the simulator's real HTTP wire, with git in memory.
//!
//! **Guarantees**: what goes to GitHub goes over HTTP, word for word as it would; a whole loop takes some fifty
//! milliseconds. Git itself, and what only a process has, is played on the [`crate::stage`].

use crate::adapter::accident::Accidents;
use crate::adapter::{Folder, GitHub, Instance};
use orchestrator::engine::port::Remote as _;
use orchestrator::engine::{Cycle, Engine};
use orchestrator::forge;
use orchestrator::model::Outcome;
use orchestrator::sim::{Miniature, Options, Wire};

/// The token of the viewer.
const TOKEN: &str = "simulated-token";

/// Simulator, wire and engine.
pub struct Booth {
    pub github: GitHub,
    pub wire: Wire,
    pub engine: Engine<forge::Client, Instance, Instance>,
    folder: Folder,
    token: String,
}

impl Booth {
    /// With the clock of the stage.
    pub async fn new(options: Options) -> Self {
        let now = "2026-11-24T08:00:00Z".parse().expect("a literal time");
        let limit = options.hourly_limit;
        let sim = Miniature::new(&Options { now: Some(now), ..options }).expect("the simulator begins");
        let wire = sim.serve(TOKEN, limit).await.expect("the simulator listens");
        let github = GitHub::new(sim);
        let folder = Folder::new("one");
        let token = TOKEN.to_owned();
        let engine = engine(&github, &wire, &folder, &token);
        Self { github, wire, engine, folder, token }
    }

    /// The engine ends and another process begins in the same folder.
    pub fn restart(&mut self) {
        self.engine = engine(&self.github, &self.wire, &self.folder, &self.token);
    }

    /// Another process begins in an empty folder.
    pub fn move_out(&mut self) {
        self.folder = Folder::new("two");
        self.restart();
    }

    /// Another process begins in the same folder, with another token of the viewer.
    pub fn restart_with(&mut self, token: &str) {
        self.wire.add_token(token, self.github.sim().world(|world| world.viewer()));
        token.clone_into(&mut self.token);
        self.restart();
    }

    /// Moves the one clock on.
    pub fn advance(&self, seconds: i64) {
        self.github.sim().advance(jiff::SignedDuration::from_secs(seconds));
    }

    /// One cycle; time moves on by a second.
    pub async fn cycle(&self) -> Cycle {
        self.try_cycle().await.expect("the cycle can look")
    }

    /// The same, where GitHub may not be readable.
    pub async fn try_cycle(&self) -> Result<Cycle, String> {
        self.advance(1);
        let lock = self.engine.remote.lock().await.expect("nobody else holds the lock");
        self.engine.cycle(&lock).await.map_err(|error| chain(&error))
    }

    /// Cycles, with the agent at work in between, until nothing moves any more.
    pub async fn settle(&self, limit: usize) -> Vec<Cycle> {
        let mut cycles: Vec<Cycle> = Vec::new();
        for _ in 0..limit {
            let cycle = self.cycle().await;
            let moved = cycle.moved();
            let rest = matches!(cycle.decision.outcome, Outcome::Rest { .. });
            cycles.push(cycle);
            if rest || (!moved && self.step_agent() == 0 && quiet(&cycles)) {
                break;
            }
        }
        cycles
    }

    /// The agent goes on by one step; how much it did.
    pub fn step_agent(&self) -> usize {
        self.github.sim().step_agent().expect("the agent works").len()
    }
}

fn quiet(cycles: &[Cycle]) -> bool {
    cycles.len() > 3 && cycles.iter().rev().take(3).all(|cycle| !cycle.moved())
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        told = format!("{told}: {cause}");
        next = cause.source();
    }
    told
}

/// A client that looks for GitHub at an address.
pub fn client_at(github: &GitHub, api_url: &str) -> forge::Client {
    client(github, api_url, TOKEN)
}

fn client(github: &GitHub, api_url: &str, token: &str) -> forge::Client {
    let repository = github.sim().world(|world| world.full_name().parse()).expect("a name");
    let token = Some(secrecy::SecretString::from(token.to_owned()));
    let settings = forge::Settings { api_url: api_url.to_owned(), repository, token };
    forge::Client::new(&settings).expect("a client")
}

fn engine(github: &GitHub, wire: &Wire, folder: &Folder, token: &str) -> Engine<forge::Client, Instance, Instance> {
    let (name, viewer) = github.sim().world(|world| (world.full_name().parse(), world.viewer()));
    let repository: orchestrator::model::RepositoryName = name.expect("a name");
    let client = client(github, &wire.api_url(), token);
    let instance = Instance::new(github, folder, viewer, &Accidents::new(&[]));
    let id = instance.id();
    Engine::new(client, instance.clone(), instance, repository, id)
}

#[tokio::test]
async fn the_sample_project_reaches_its_goal_over_http_with_git_in_memory() {
    let booth = Booth::new(Options::default()).await;
    let cycles = booth.settle(150).await;
    let last = cycles.last().expect("there was a cycle");
    assert!(matches!(last.decision.outcome, Outcome::Rest { .. }), "{:?}", last.decision.outcome);
    assert!(booth.wire.requests().entries.iter().any(|entry| entry.path == "/graphql"));
}

#[tokio::test]
async fn what_github_refused_is_not_forgotten_beside_a_process_that_only_looks() {
    let mut options = Options::default();
    options.project.push(("planning/issue_queue/pending/dev-1.md".to_owned(), b"# One".to_vec()));
    let mut booth = Booth::new(options).await;
    let beside = engine(&booth.github, &booth.wire, &booth.folder, &booth.token);
    let look = async || {
        let lock = beside.remote.lock().await.expect("nobody else holds the lock");
        beside.look(&lock).await.expect("it can look");
    };
    look().await;
    let refused = orchestrator::sim::AccidentKind::Answer {
        status: 403,
        headers: Vec::new(),
        body: r#"{"message":"No."}"#.to_owned(),
    };
    booth.wire.arrange(orchestrator::sim::Accident::on("POST", "/assignees", refused).always());
    for _ in 0..4 {
        booth.cycle().await;
    }
    look().await;
    booth.restart();
    let cycle = booth.cycle().await;
    assert!(cycle.decision.reason.starts_with("refused to assign"), "{}", cycle.decision.reason);
    assert_eq!(booth.wire.requests().count("POST", "/issues/1/assignees"), 1);
}

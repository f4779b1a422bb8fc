//! The simulator and the forge against what GitHub publishes about itself: its OpenAPI description and its GraphQL schema.
//!
//! **Guarantees**: every request that our client sends in the stories, every answer of the simulator and every document
//! is judged. What differs and is right all the same is named below with its source, and has to occur.

use crate::conformance_extract::{self, SIMULATED};
use crate::conformance_graphql::PublicSchema;
use crate::conformance_rest::Description;
use crate::conformance_stories::{self, Said};
use apollo_compiler::Schema;
use orchestrator::forge::{ASSIGNABLE, CHECKS, LINKED_PULLS, LISTS, OBSERVATION};
use orchestrator::sim::Exchange;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What does not agree with GitHub: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deviation {
    pub at: String,
    pub why: String,
}

/// A deviation that is right all the same: the descriptions lag behind GitHub, or leave this out.
struct Allowed {
    name: &'static str,
    fits: fn(&Deviation) -> bool,
    source: &'static str,
}

const ALLOWED: [Allowed; 6] = [
    Allowed {
        name: "an assignment tells the agent what to do",
        fits: |it| {
            it.at.starts_with("POST /repos/{owner}/{repo}/issues/{issue_number}/assignees body")
                && it.why.ends_with("('agent_assignment' was unexpected)")
        },
        source: "github/rest-api-description#6466: documented for the agent, not described",
    },
    Allowed {
        name: "a failed session says why in its event",
        fits: |it| it.at.contains("/timeline 200 /") && it.why.ends_with("('failure_message' was unexpected)"),
        source: "microsoft/vscode-pull-request-github src/github/utils.ts; the lifecycle events are in no description",
    },
    Allowed {
        name: "a list that is unchanged is answered 304",
        fits: |it| it.at.starts_with("GET ") && it.at.ends_with(" 304") && it.why == "this status is not declared",
        source: "docs.github.com, \"Best practices for using the REST API\": conditional requests, for every read",
    },
    Allowed {
        name: "whoever may not, or asks for nothing that is there, is refused",
        fits: |it| {
            it.why == "this status is not declared" && [" 401", " 403", " 404"].iter().any(|end| it.at.ends_with(end))
        },
        source: "docs.github.com, \"Troubleshooting the REST API\" and \"Authenticating to the REST API\", for every operation",
    },
    Allowed {
        name: "an assignment of the agent that can't be is refused",
        fits: |it| it.why == "this status is not declared" && it.at.ends_with("/assignees 422"),
        source: "AceDataCloud/Skills#58; the operation declares 201 alone",
    },
    Allowed {
        name: "a reference that is gone is refused in words",
        fits: |it| {
            it.at.starts_with("DELETE /repos/{owner}/{repo}/git/refs/{ref} 422") && it.why == "there is to be no body"
        },
        source: "suzuki-shunsuke/lock-action#255: `Reference does not exist`",
    },
];

/// Fields of `agent_assignment`: docs.github.com, "Starting Copilot sessions".
const TOLD_TO_AGENT: [&str; 5] = ["target_repo", "base_branch", "custom_instructions", "custom_agent", "model"];

/// Types of which the simulator's world has none; they are in its schema because documents name them.
const NONE_OF_THEM: [&str; 8] =
    ["AutoMergeRequest", "Blob", "Mannequin", "StatusContext", "StatusContextStateCount", "Tag", "Team", "Tree"];

/// What was judged, and what came of it.
#[derive(Default)]
struct Report {
    requests: usize,
    answers: usize,
    graphql: usize,
    /// Operation → statuses.
    reached: BTreeMap<String, BTreeSet<u16>>,
    /// Operations that our client sends.
    sent: BTreeSet<String>,
    deviations: BTreeMap<Deviation, usize>,
    allowed: BTreeMap<&'static str, usize>,
}

impl Report {
    fn of(said: &Said, rest: &Description, graphql: &PublicSchema) -> Self {
        let mut report = Self::default();
        for exchange in &said.by_client {
            report.judge(exchange, rest, graphql);
            if exchange.path != "/graphql" {
                report.requests += 1;
                report.take(rest.request(exchange));
                report.sent.extend(rest.operation(exchange).map(|(operation, _)| operation.name.clone()));
            }
        }
        said.by_hand.iter().for_each(|exchange| report.judge(exchange, rest, graphql));
        report
    }

    fn judge(&mut self, exchange: &Exchange, rest: &Description, graphql: &PublicSchema) {
        if exchange.path == "/graphql" {
            self.graphql += 1;
            return self.take(graphql.exchange(exchange));
        }
        self.answers += 1;
        if let Some((operation, _)) = rest.operation(exchange) {
            self.reached.entry(operation.name.clone()).or_default().insert(exchange.status);
        }
        self.take(rest.answer(exchange));
    }

    fn take(&mut self, found: Vec<Deviation>) {
        for deviation in found {
            match ALLOWED.iter().find(|allowed| (allowed.fits)(&deviation)) {
                Some(allowed) => *self.allowed.entry(allowed.name).or_default() += 1,
                None => *self.deviations.entry(deviation).or_default() += 1,
            }
        }
    }

    fn print(&self, rest: &Description, graphql: &PublicSchema, fields: &BTreeSet<String>) {
        let statuses: usize = self.reached.values().map(BTreeSet::len).sum();
        let answered = graphql.answered.borrow().intersection(fields).count();
        println!("REST operations described           {}", rest.operations.len());
        println!("  answered by the simulator         {}, with {statuses} statuses", self.reached.len());
        println!("  sent by the client                {}", self.sent.len());
        println!("REST requests of the client checked {}", self.requests);
        println!("REST answers checked                {}", self.answers);
        println!("GraphQL documents checked           {}", graphql.documents.borrow().len());
        println!("GraphQL answers checked             {}", self.graphql);
        println!("GraphQL fields of the simulator     {}, answered {answered}", fields.len());
        println!("deviations                          {}", self.deviations.len());
        for allowed in &ALLOWED {
            let times = self.allowed.get(allowed.name).copied().unwrap_or_default();
            println!("allowed, {times:>3} times: {} ({})", allowed.name, allowed.source);
        }
    }
}

/// `Type.field` of everything that the simulator says it answers.
fn fields(schema: &Schema) -> BTreeSet<String> {
    let objects =
        schema.types.iter().filter(|(name, kind)| !kind.is_built_in() && !NONE_OF_THEM.contains(&name.as_str()));
    let objects = objects.filter_map(|(name, kind)| kind.as_object().map(|object| (name, object)));
    objects.flat_map(|(name, object)| object.fields.keys().map(move |field| format!("{name}.{field}"))).collect()
}

/// What the descriptions can't judge of our client's requests: headers, and the fields that are told to the agent.
fn undescribed(exchange: &Exchange) -> Option<String> {
    let header = |name: &str| exchange.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    let told = body["agent_assignment"].as_object();
    let unknown = told.and_then(|told| told.keys().find(|key| !TOLD_TO_AGENT.contains(&key.as_str())));
    let headers = [("x-github-api-version", "2022-11-28"), ("accept", "application/vnd.github+json")];
    let wrong = headers.iter().find(|(name, value)| header(name) != *value).map(|(name, _)| (*name).to_owned());
    let nobody = header("user-agent").is_empty().then(|| "user-agent".to_owned());
    unknown.cloned().or(wrong).or(nobody).map(|what| format!("{} {}: {what}", exchange.method, exchange.path))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simulator_and_forge_agree_with_githubs_published_schemas() {
    let said = conformance_stories::all().await;
    let (rest, graphql) = (Description::new(), PublicSchema::new());
    let report = Report::of(&said, &rest, &graphql);
    let simulated = Schema::parse_and_validate(SIMULATED, "schema.graphql").expect("a schema");
    let fields = fields(&simulated);
    report.print(&rest, &graphql, &fields);
    let lines = report.deviations.iter().map(|(it, times)| format!("{times}× {} — {}", it.at, it.why));
    let lines: Vec<String> = lines.collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    let idle = ALLOWED.iter().map(|allowed| allowed.name).filter(|name| !report.allowed.contains_key(name));
    assert_eq!(idle.collect::<Vec<_>>(), [""; 0], "these are allowed and do not occur any more");
    let wrong: Vec<String> = said.by_client.iter().filter_map(undescribed).collect();
    assert_eq!(wrong, [""; 0]);
    let made = addresses();
    assert!(made.len() >= 11, "{made:?}");
    let sends = |address: &&String| rest.named(&report.sent).any(|operation| operation.fits_path(address));
    assert_eq!(
        made.iter().filter(|it| !sends(it)).collect::<Vec<_>>(),
        [""; 0],
        "no story makes our client send these"
    );
    let succeeds =
        |name: &str| report.reached.get(name).is_some_and(|statuses| statuses.iter().any(|status| *status < 300));
    let never = rest.operations.iter().map(|operation| operation.name.as_str()).filter(|name| !succeeds(name));
    assert_eq!(never.collect::<Vec<_>>(), [""; 0], "no story succeeds in these");
    let answered = graphql.answered.borrow();
    assert_eq!(fields.difference(&answered).collect::<Vec<_>>(), [""; 0], "no story is answered these");
    let beyond = answered.iter().filter(|field| NONE_OF_THEM.iter().any(|name| field.split('.').next() == Some(*name)));
    assert_eq!(beyond.collect::<Vec<_>>(), [""; 0], "the world has these after all");
}

#[test]
fn conformance_of_the_simulators_own_schema() {
    let public = PublicSchema::new();
    let compare = |text: &str| {
        let simulated = Schema::parse(text, "schema.graphql").expect("a schema");
        let found = conformance_extract::deviations(&simulated, &public.schema);
        found.into_iter().map(|it| format!("{}: {}", it.at, it.why)).collect::<Vec<_>>()
    };
    assert_eq!(compare(SIMULATED), [""; 0]);
    for (ours, broken, told) in [
        ("  isDraft: Boolean!\n", "  isDraft: Boolean\n", "schema PullRequest: isDraft is Boolean, at GitHub Boolean!"),
        ("  isDraft: Boolean!\n", "  isDraft: Boolean!\n  isOdd: Boolean\n", "schema PullRequest: GitHub has no isOdd"),
        ("  CONFLICTING\n", "", "schema MergeableState: CONFLICTING is not in both"),
        ("label(name: String!)", "label(text: String)", "schema Repository: label takes no text at GitHub"),
        (
            "union Closer = Commit | ",
            "union Closer = Issue | ",
            "schema Closer: at GitHub it has nothing to do with Issue",
        ),
        ("scalar BigInt", "enum BigInt { A }", "schema BigInt: at GitHub it is of another kind"),
    ] {
        assert!(SIMULATED.contains(ours), "{ours}");
        let found = compare(&SIMULATED.replacen(ours, broken, 1));
        assert!(found.contains(&told.to_owned()), "{broken}: {found:?}");
    }
}

/// Lines of source files in a folder of the product.
fn sources(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder);
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).expect("a text")).collect()
}

/// The addresses that our client makes, read out of its source: whatever is filled in is `1`.
fn addresses() -> BTreeSet<String> {
    let source = sources("forge");
    let below = |method: &str| [format!("below(\"{method}\", \""), format!("below(\"{method}\", &format!(\"")];
    let mut makers = vec!["path(\"".to_owned(), "path(&format!(\"".to_owned()];
    makers.extend(["POST", "PATCH", "PUT", "DELETE"].into_iter().flat_map(below));
    let texts = makers.iter().flat_map(|maker| source.split(maker.as_str()).skip(1));
    let filled = |part| if str::starts_with(part, '{') { "1" } else { part };
    let paths = texts.filter_map(|text| text.strip_prefix('/')?.split(['"', '?']).next());
    let paths = paths.map(|path| path.split('/').map(filled).collect::<Vec<_>>().join("/"));
    paths.map(|path| format!("/repos/o/r/{path}")).collect()
}

#[test]
fn conformance_covers_every_endpoint_of_the_simulator() {
    let source = include_str!("../../src/sim/wire/rest.rs");
    let count = |method: &&str| source.matches(&format!("(\"{method}\", [")).count();
    let endpoints: usize = ["GET", "POST", "PATCH", "PUT", "DELETE"].iter().map(count).sum();
    // The account of the token is not among the repository's endpoints.
    let described = Description::new().operations.len();
    assert_eq!(endpoints + 1, described, "an endpoint without its line in fixtures/github/operations.txt");
}

#[test]
fn conformance_of_every_document_of_the_forge() {
    let public = PublicSchema::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/forge/graphql");
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files: BTreeMap<String, String> = files
        .map(|path| {
            (
                path.file_stem().expect("a name").to_string_lossy().into_owned(),
                std::fs::read_to_string(path).expect("a text"),
            )
        })
        .collect();
    let (fragments, documents): (Vec<_>, Vec<_>) =
        files.iter().partition(|(_, text)| text.trim_start().starts_with("fragment"));
    assert_eq!((fragments.len(), documents.len()), (3, 8), "{:?}", files.keys());
    let sent = [OBSERVATION, LINKED_PULLS, LISTS, CHECKS, ASSIGNABLE];
    for (name, text) in documents {
        // As it is sent: with its fragments, and none that it doesn't use, which GitHub refuses.
        let whole = sent.into_iter().find(|whole| whole.starts_with(text.as_str())).unwrap_or(text).to_owned();
        match public.document(&whole) {
            Ok(document) => assert_eq!(PublicSchema::deprecated(&document), [""; 0], "{name}"),
            Err(found) => panic!("{name}: {found:?}"),
        }
    }
}

//! What an observation costs, counted here from the document itself, by GitHub's published formula: the requests needed to
//! fill every connection when each reaches its limit, divided by a hundred, rounded, at least one
//! (docs.github.com, "Rate limits and query limits for the GraphQL API").

use apollo_compiler::Node;
use apollo_compiler::ast::{Argument, Definition, Document, Selection, Value};
use orchestrator::forge::{CHECKS, LINKED_PULLS, LISTS, OBSERVATION};

/// How many ids a list variable holds.
fn ids(variable: &str) -> u64 {
    match variable {
        "unsettled" => 4,
        "settled" => 10,
        other => panic!("a list of ids that nobody counted: {other}"),
    }
}

fn argument<'a>(arguments: &'a [Node<Argument>], name: &str) -> Option<&'a Value> {
    arguments.iter().find(|argument| argument.name == name).map(|argument| argument.value.as_ref())
}

/// Requests for everything below a selection that is itself fetched `times` times, with pages that are asked for as large,
/// and the nodes that come of it.
fn count(document: &Document, selections: &[Selection], (times, page): (u64, u64)) -> (u64, u64) {
    let mut total = (0, 0);
    for selection in selections {
        let (requests, nodes) = match selection {
            Selection::Field(field) => {
                let limit = argument(&field.arguments, "first").or_else(|| argument(&field.arguments, "last"));
                let (own, within) = match (limit, argument(&field.arguments, "ids")) {
                    (Some(Value::Int(limit)), _) => {
                        (1, u64::try_from(limit.try_to_i32().expect("a number")).expect("no negative limit"))
                    }
                    (Some(Value::Variable(name)), _) if name == "page" => (1, page),
                    (None, Some(Value::Variable(name))) => (0, ids(name)),
                    (None, None) => (0, 1),
                    other => panic!("{}: {other:?}", field.name),
                };
                let below = count(document, &field.selection_set, (times * within, page));
                let here = if own == 1 || within > 1 { times * within } else { 0 };
                (times * own + below.0, here + below.1)
            }
            Selection::InlineFragment(inline) => count(document, &inline.selection_set, (times, page)),
            Selection::FragmentSpread(spread) => {
                let found = document.definitions.iter().find_map(|definition| match definition {
                    Definition::FragmentDefinition(fragment) if fragment.name == spread.fragment_name => Some(fragment),
                    _ => None,
                });
                count(document, &found.expect("a fragment of that name").selection_set, (times, page))
            }
        };
        total = (total.0 + requests, total.1 + nodes);
    }
    total
}

fn cost(text: &str, page: u64) -> (u64, u64) {
    let document = Document::parse(text, "document.graphql").expect("the document is GraphQL");
    let operation = document.definitions.iter().find_map(|definition| match definition {
        Definition::OperationDefinition(operation) => Some(operation),
        _ => None,
    });
    count(&document, &operation.expect("an operation").selection_set, (1, page))
}

#[test]
fn an_observation_costs_one_point_by_the_published_formula() {
    let (requests, nodes) = cost(OBSERVATION, 20);
    assert_eq!((requests + 50) / 100, 1, "{requests} requests");
    assert!(requests >= 20 && nodes < 500_000, "{requests} requests, {nodes} nodes");
}

#[test]
fn a_further_page_of_linked_pull_requests_costs_one_point() {
    let (requests, nodes) = cost(LINKED_PULLS, 20);
    assert_eq!((requests + 50) / 100, 1, "{requests} requests");
    assert!(nodes < 500_000, "{nodes} nodes");
}

#[test]
fn a_further_page_of_the_lists_and_the_checks_of_a_head_cost_one_point() {
    for document in [LISTS, CHECKS] {
        let (requests, nodes) = cost(document, 90);
        assert_eq!(((requests + 50) / 100).max(1), 1, "{requests} requests");
        assert!(nodes < 500_000, "{nodes} nodes");
    }
}

#[test]
fn the_count_is_the_published_one() {
    // The example of GitHub's page: 1 + 100 + 100 * 50 requests, 51 points.
    let example = "query { viewer { repositories(first: 100) { edges { node { issues(first: 50) { edges { node {
        labels(first: 60) { edges { node { id } } } } } } } } } } }";
    assert_eq!(cost(example, 1).0, 5_101);
}

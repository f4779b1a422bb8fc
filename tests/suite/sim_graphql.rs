//! The simulator's GraphQL side, over real HTTP.

use serde_json::{Value, json};

use crate::sim_client::{graphql, repo, simulator};

#[tokio::test]
async fn an_unknown_field_refuses_the_whole_document() {
    let sim = simulator().await;
    let body =
        graphql(&sim, "{ viewer { login } repository(owner: \"maintainer\", name: \"tally\") { stars } }", json!({}))
            .await;
    assert!(body.get("data").is_none());
    assert_eq!(body["errors"][0]["message"], "Field 'stars' doesn't exist on type 'Repository'");
    assert_eq!(body["errors"][0]["extensions"]["code"], "undefinedField");
    let event = "{ node(id: \"x\") { ... on CopilotWorkStartedEvent { id } } }";
    assert!(graphql(&sim, event, json!({})).await.get("data").is_none());
}

#[tokio::test]
async fn issues_are_paged_with_cursors() {
    let sim = simulator().await;
    for n in 1..=5 {
        repo(&sim, "POST", "/issues", json!({"title": format!("Issue {n}"), "labels": [format!("L{}", n % 2)]})).await;
    }
    let query = "query Page($after: String, $labels: [String!]) { rateLimit { cost } repository(owner: \"maintainer\", name: \"tally\") {
        issues(first: 2, after: $after, labels: $labels, states: [OPEN], orderBy: {field: CREATED_AT, direction: DESC}) {
            totalCount pageInfo { hasNextPage endCursor } nodes { number } } } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let body = graphql(&sim, query, json!({"after": after})).await;
        let issues = &body["data"]["repository"]["issues"];
        assert_eq!(issues["totalCount"], 5);
        assert_eq!(body["data"]["rateLimit"]["cost"], 1);
        seen.extend(issues["nodes"].as_array().unwrap().iter().filter_map(|node| node["number"].as_u64()));
        if issues["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = issues["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
    let either = graphql(&sim, query, json!({"labels": ["L0", "L1"]})).await;
    assert_eq!(either["data"]["repository"]["issues"]["totalCount"], 5, "labels are alternatives");
    let unbounded = "{ repository(owner: \"maintainer\", name: \"tally\") { issues { totalCount } } }";
    let body = graphql(&sim, unbounded, json!({})).await;
    assert_eq!(body["errors"][0]["type"], "MISSING_PAGINATION_BOUNDARIES");
}

#[tokio::test]
async fn an_id_that_names_nothing_is_null_beside_an_error() {
    let sim = simulator().await;
    let id = repo(&sim, "POST", "/issues", json!({"title": "x"})).await.body["node_id"].clone();
    let query = "query Bound($ids: [ID!]!) { bound: nodes(ids: $ids) { __typename ... on Issue { number } } }";
    let body = graphql(&sim, query, json!({"ids": [id, "I_nothing"]})).await;
    assert_eq!(body["data"]["bound"], json!([{"__typename": "Issue", "number": 1}, null]));
    assert_eq!(body["errors"][0]["type"], "NOT_FOUND");
    assert_eq!(body["errors"][0]["path"], json!(["bound", 1]));
    let absent = "{ repository(owner: \"maintainer\", name: \"tally\") { issue(number: 9) { id } } }";
    let body = graphql(&sim, absent, json!({})).await;
    assert_eq!(
        (&body["data"]["repository"]["issue"], body["errors"][0]["type"].as_str()),
        (&Value::Null, Some("NOT_FOUND"))
    );
}

#[tokio::test]
async fn the_agent_is_offered_by_its_graphql_name() {
    let sim = simulator().await;
    let query = "{ repository(owner: \"maintainer\", name: \"tally\") {
        viewerPermission ref(qualifiedName: \"refs/orchestrator/ledger\") { name } defaultBranchRef { name target { oid } }
        suggestedActors(capabilities: [CAN_BE_ASSIGNED], first: 100) {
            nodes { __typename login ... on Bot { id databaseId } ... on User { id } } } } }";
    let body = graphql(&sim, query, json!({})).await;
    let repository = &body["data"]["repository"];
    let agent =
        json!({"__typename": "Bot", "login": "copilot-swe-agent", "id": "BOT_kgDOC9w8XQ", "databaseId": 198_982_749});
    assert_eq!(repository["suggestedActors"]["nodes"][0], agent, "{body}");
    assert_eq!((&repository["ref"], repository["viewerPermission"].as_str()), (&Value::Null, Some("ADMIN")));
    let tip = sim.world(|world| world.branch("main").map(str::to_owned));
    assert_eq!(repository["defaultBranchRef"]["target"]["oid"].as_str(), tip.as_deref());
}

#[tokio::test]
async fn points_follow_the_published_formula() {
    let sim = simulator().await;
    let query = "query Cost($n: Int!, $more: Boolean!) { rateLimit { cost nodeCount } repository(owner: \"maintainer\", name: \"tally\") {
        issues(first: $n) { nodes { labels(first: 10) { nodes { name } } comments(first: 5) @include(if: $more) { totalCount } } } } }";
    let cost = async |n: u32, more: bool| {
        graphql(&sim, query, json!({"n": n, "more": more})).await["data"]["rateLimit"].clone()
    };
    // 1 + 100 connections of labels; with comments 1 + 200.
    assert_eq!(cost(100, false).await, json!({"cost": 1, "nodeCount": 1100}));
    assert_eq!(cost(100, true).await, json!({"cost": 2, "nodeCount": 1600}));
}

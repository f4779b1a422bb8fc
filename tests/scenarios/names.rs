scenarios! {
    a_development_pull_request_is_marked_ready_and_merged
}

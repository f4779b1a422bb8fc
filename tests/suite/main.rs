//! The integration tests: one binary, one subject a file.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test that can't go on has failed, and it runs programs, sets clocks of its own and prints its tables"
)]

#[path = "../simulation/adapter.rs"]
mod adapter;
mod adopt_wire;
mod beside;
mod booth;
mod both_worlds;
mod budget_night;
mod canary;
mod code_paths;
mod command_line;
mod conformance;
mod conformance_broken;
mod conformance_extract;
mod conformance_graphql;
mod conformance_rest;
mod conformance_schema;
mod conformance_stories;
mod create_issue;
mod decide_adopt;
mod decide_agent;
mod decide_audit;
mod decide_breaker;
mod decide_ends;
mod decide_files;
mod decide_fixtures;
mod decide_linking;
mod decide_people;
mod decide_properties;
mod decide_starts;
mod decide_weights;
mod desk;
mod drafts;
mod ending;
#[path = "../faults/matrix.rs"]
mod fault_cells;
mod fault_matrix;
mod faults;
mod folder;
mod forge_client;
mod forge_cost;
mod forge_limits;
mod forge_partial;
mod forge_reads;
mod forge_writes;
mod fsck_wire;
mod halting;
mod injection;
mod injection_commands;
mod injection_reading;
mod instances;
mod instances_memory;
mod kills;
mod ledger_wire;
mod limits_wire;
mod loop_people;
mod loop_stories;
mod loop_walk;
mod machine;
mod mainline_rules;
mod night;
mod people;
mod people_files;
mod people_pulls;
mod play;
mod printing;
mod program;
mod readme;
mod rehearsal;
mod repo_clone;
mod repo_ledger;
mod repo_moves;
mod repositories;
mod run_command;
mod run_signals;
mod run_token;
mod running;
mod scenario;
mod scenario_commands;
mod scenario_people;
mod scenario_rules;
mod sim_acts;
mod sim_agent;
mod sim_client;
mod sim_faults;
mod sim_git;
mod sim_graphql;
mod sim_miniature;
mod sim_observation;
mod sim_rest;
mod sim_scripts;
mod sim_world;
mod snapshots;
mod stage;
mod stories;
mod theatre;
mod tidy;
mod toys;
mod transcript;
mod transcript_credentials;
mod transcript_doctor;
mod transcript_guardrails;
mod transcript_init;
mod transcript_repositories;
mod watch_command;
mod ways_there;

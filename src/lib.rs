//! Drives a coding agent through the long-horizon development of a GitHub repository.
//!
//! All thinking is done by the agent, in pull requests. This crate is the plumbing: a deterministic control loop over
//! files in git. It holds no conversation and needs no model; the repository holds the memory.
//!
//! # Shape
//!
//! ```text
//!           observe                     decide                        act
//!   git clone ──► Planning, Tips ─┐
//!   ledger ─────► Bindings        ├─► Snapshot ─► Decision ─► one ─┬─► ledger, mainline: commit + push (compare-and-set)
//!   GitHub ─────► ForgeFacts ─────┘     (pure, no I/O)      Action └─► GitHub call
//! ```
//!
//! A cycle takes no input but "look at this repository". Every step owed can be seen in the ledger, in the folders and
//! on GitHub, so a crash anywhere is healed by the next look. What must happen once is decided by a compare-and-set on
//! one reference outside the branches, `refs/orchestrator/ledger`: an issue is created unassigned, *bound* to its key,
//! and only the number read back is assigned.
//!
//! # Rooms
//!
//! Dependencies point down only.
//!
//! ```text
//! main → cli → watch, sim, engine → decide, planning, message + repo, forge, config → model, text, failure
//! ```
//!
//! | module | what lives there |
//! | --- | --- |
//! | [`model`] | facts and nouns; every type more than one module speaks about |
//! | [`text`] | text from outside made harmless (pure) |
//! | [`planning`] | the format of queue files, and the skeleton that `init` adds (pure) |
//! | [`message`] | what is sent to GitHub (pure) |
//! | [`decide`] | snapshot → decision, guardrails one a file; the plans of adopt and fsck (pure) |
//! | [`failure`] | how a failure is told: chain, help, exit code |
//! | [`config`] | policy file, machine file, `.env`, environment, token sources; what an address says |
//! | [`repo`] | our own clone, the ledger, the git transport; what is read of a checkout |
//! | [`forge`] | the GitHub client |
//! | [`watch`] | file events → nudges |
//! | [`engine`] | ports, one cycle, effects in one `match`; its dry run; `init`; `doctor`, one file a check; when to look again |
//! | [`sim`] | a simulated GitHub with a real git remote; shares no type with the rest |
//! | [`cli`] | one file a command; the only printer |
//!
//! # Words
//!
//! *Queue item*: a file in `planning/issue_queue/`. *Stage*: one of nine, 1a to 3c. *Snapshot*: everything one decision
//! is made from. *Decision*: stage, focus, reason and the one thing to do. *Guardrail*: may veto a merge, never cause
//! one. *Veto*: its no, with what lifts it. *Binding*: key → issue, in the *ledger*. *Mainline*: the default branch.
//! *Adopt*: bind, on a person's word, what a predecessor or a lost ledger left. *Focus*: what the loop is about now.
//! *Nudge*: "look again", never a fact.
//!
//! # Invariants
//!
//! 1. Same snapshot, same decision: `decisions_are_deterministic_and_have_a_reason`.
//! 2. At most one action a repository a cycle, under its lock: the types of [`model::Outcome`] and
//!    [`engine::Engine::cycle`]; `the_lock_is_held_once_and_names_its_holder`.
//! 3. Every effect done twice equals once, and a crash or a lost answer at any stop point converges to the end of the
//!    undisturbed run: `a_process_killed_at_any_stop_point_leaves_what_the_next_one_heals`,
//!    `after_every_accident_at_every_write_the_story_ends_as_if_nothing_had_happened`,
//!    `after_every_pair_of_accidents_inside_one_action_the_story_ends_as_if_nothing_had_happened`. A signal finishes what
//!    was begun: `a_signal_in_the_middle_of_an_attempt_lets_it_end_takes_it_back_and_sends_nothing`.
//! 4. No queue file is lost, in two folders of one commit, or changed by a move:
//!    `a_move_is_one_commit_that_renames_the_file_and_changes_no_blob`, `the_sample_project_reaches_its_goal_and_rests`.
//! 5. At most one issue is bound to a key and at most one assigned; duplicates are never assigned and get closed:
//!    `of_two_clones_that_bind_one_key_at_once_exactly_one_does`,
//!    `two_interleaved_instances_bind_and_send_one_issue_for_an_item`,
//!    `two_instances_that_promote_at_once_bind_and_send_one_issue`,
//!    `a_doubt_that_is_longer_than_the_lag_of_lists_never_makes_an_issue_twice`.
//! 6. Nothing is merged that a guardrail vetoes at the judged head:
//!    `nothing_is_merged_or_made_ready_while_any_guardrail_says_no`,
//!    `another_head_than_the_judged_one_is_never_merged`.
//! 7. A stale decision fails; nothing of anybody's is overwritten:
//!    `a_file_that_was_edited_deleted_or_doubled_since_is_not_moved`, `a_persons_commit_in_between_is_kept_below_the_move`.
//! 8. The user's checkout stays byte-identical: `a_checkout_beside_it_stays_byte_identical`,
//!    `a_checkout_in_the_middle_of_a_conflicted_rebase_is_as_it_was_after_two_loops`,
//!    `a_checkout_in_which_somebody_works_is_as_it_was_after_two_loops`,
//!    `neither_token_nor_the_callers_git_leak_into_the_work`.
//! 9. What a person is shown as the reason is the reason that was used: front ends print the [`model::Decision`], and
//!    `every_stage_has_its_folder_and_every_fixture_is_decided_as_it_was` holds its words, and what is shown for each
//!    act of a person is in the table of `every_act_of_a_person_in_one_table`.
//! 10. Nothing is sent while a limit of GitHub's lasts: `a_limit_ends_the_command_with_six_and_the_next_one_sends_nothing`;
//!     and whatever GitHub's side does, the loop ends as if it had not:
//!     `in_an_eighth_of_the_fault_matrix_every_play_ends_as_if_nothing_had_happened`.
//! 11. Nothing from outside is a marker, a mention, a link, a closing keyword or a command:
//!     `what_is_quoted_in_a_capability_issue_does_nothing`, `a_terminal_and_a_log_are_shown_what_stands_there`.
//! 12. No secret in arguments, logs, errors, addresses or files: `neither_token_nor_the_callers_git_leak_into_the_work`,
//!     `the_token_is_in_no_file_of_the_data_folder`, `a_token_is_found_nowhere_whatever_a_peer_answers`. Everything that grows has a limit, named where it grows.

pub mod cli;
pub mod config;
pub mod decide;
pub mod engine;
pub mod failure;
pub mod forge;
pub mod message;
pub mod model;
pub mod planning;
pub mod repo;
pub mod sim;
pub mod text;
pub mod watch;

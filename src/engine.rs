//! One cycle: lock → observe → decide → one action, effect by effect → confirm.
//!
//! **Needs** the [`port`]s. **Guarantees**: a cycle takes no input but "look at this repository"; at most one action a
//! cycle, under the repository's lock; nothing is remembered that isn't in the ledger, in git or on GitHub, the answers to
//! earlier writes aside. **Races**: see [`cycle`].

mod act;
mod adopt;
pub mod answers;
mod audit;
mod budget;
pub mod cycle;
pub mod doctor;
mod git_view;
mod guardrails;
pub mod halt;
mod init;
mod observe;
pub mod port;
mod rehearse;
pub mod schedule;
pub mod stop;

pub use act::{Done, DoneResult};
pub use cycle::{Cycle, CycleError, Engine};
pub use git_view::GitView;
pub use init::{Init, InitPlan};
pub use rehearse::Rehearsal;

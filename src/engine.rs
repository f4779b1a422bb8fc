//! One cycle: lock → observe → decide → one action, effect by effect → confirm.
//!
//! **Needs** the [`port`]s. **Guarantees**: at most one action a cycle, under the repository's lock.

pub mod port;

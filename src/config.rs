//! Settings, each with where it came from: the policy file, flags, environment.
//!
//! **Guarantees**: the process environment is read in one place; a policy is valid or says what is wrong with it.

pub mod environment;
pub mod policy;
pub mod settings;

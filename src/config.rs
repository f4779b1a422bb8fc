//! Settings: the policy file, flags, environment, `.env`, the machine file, a checkout's remote.
//!
//! **Guarantees**: the process environment is read in one place; a policy is valid or says what is wrong with it.

pub mod address;
pub mod environment;
pub mod machine;
pub mod policy;
pub mod settings;
mod spelling;
pub mod token;

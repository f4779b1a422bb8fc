//! Drives coding agents through the long-horizon development of a GitHub repository.
pub mod engine;
pub mod model;
pub mod planning;

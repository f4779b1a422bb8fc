//! Drives coding agents through the long-horizon development of a GitHub repository.
pub mod config;
pub mod decide;
pub mod engine;
pub mod message;
pub mod model;
pub mod planning;
pub mod repo;
pub mod text;

//! The integration tests: one binary, one subject a file.

mod decide_ends;
mod decide_properties;
mod decide_starts;
mod snapshots;

//! Runs: what happens between a command line and a published folder.

pub mod error;
pub mod ordered;
pub mod progress;
pub mod settle;
pub mod subsidies;

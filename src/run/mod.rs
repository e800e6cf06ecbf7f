//! Runs: what happens between a command line and a published folder.

mod close;
pub mod error;
pub mod ordered;
mod part;
pub mod progress;
pub mod settle;
pub mod subsidies;

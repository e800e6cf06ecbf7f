//! Runs: what happens between a command line and a published folder.

mod close;
pub mod error;
pub mod ordered;
mod part;
mod policies;
pub mod progress;
mod read;
pub mod settle;
pub mod subsidies;

//! Runs: what happens between a command line and a published folder.

pub(crate) mod close;
pub mod error;
pub mod ordered;
mod part;
pub mod progress;
pub(crate) mod read;
pub mod settle;
pub mod subsidies;

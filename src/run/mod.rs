//! Runs: what happens between a command line and a published folder.

mod close;
pub mod error;
pub mod ordered;
mod part;
mod pieces;
mod policies;
pub mod progress;
mod read;
pub mod settle;
mod stream;
pub mod subsidies;
mod survey;

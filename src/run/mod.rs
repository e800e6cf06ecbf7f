//! Runs: what happens between a command line and a published folder.

pub(crate) mod close;
pub mod error;
pub(crate) mod inputs;
pub mod ordered;
mod papers;
mod part;
mod pieces;
pub(crate) mod policies;
pub mod progress;
pub(crate) mod range;
pub(crate) mod read;
pub mod recorded;
pub mod settle;
pub(crate) mod stage;
mod stream;
pub mod subsidies;
pub(crate) mod survey;
pub mod waiting;

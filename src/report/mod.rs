//! Texts for people: tables and the summary of a run.

pub mod clauses;
pub mod projected;
pub mod reconciled;
pub mod summary;
pub mod table;
pub mod verify;

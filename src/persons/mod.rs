//! From batches to persons: ranges of persons, rows in time order, and which of them count.

pub mod pack;
pub mod partition;
pub mod resolve;
pub mod sorted;
pub mod store;

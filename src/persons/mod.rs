//! From rows as they come to persons: ranges of persons, rows in time order, and which of them count.
//!
//! ```text
//! rows ─ partition ─► by range ─ pack ─► store (memory, then disk) ─► pieces ─ sorted ─► persons ─ resolve ─► accepted
//! ```

pub mod digits;
pub mod gather;
pub mod order;
pub mod pack;
pub mod partition;
pub mod piece;
pub mod resolve;
pub mod sorted;
pub mod store;

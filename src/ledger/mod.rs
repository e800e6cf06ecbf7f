//! The ledger: files, their schema, and batches of rows as normalised columns.
//!
//! ```text
//! paths ─ open ─► files ─ schema ─► columns ─ decode ─► values ─ normalise ─► batch + rejects
//! ```

pub mod codebook;
mod compact;
pub mod decode;
pub mod error;
mod footer;
pub mod intern;
pub mod marks;
pub mod mask;
pub mod normalise;
pub mod open;
pub mod reject;
pub mod row_group;
pub mod rows;
pub mod schema;
pub mod watched;
mod zh;

//! The kernel: one person's claims in time order in, settlement and audit rows out.
//!
//! ```text
//!  claims ─► years ─► runs (one an identity held) ─► claims through the layers ─► sink
//!  claims.rs person.rs year.rs                       claim.rs, layers.rs          sink.rs
//! ```
//!
//! Where a run has several policies, `several.rs` calls the kernel once a policy.
//!
//! Invariants: no I/O, no clock, no hash order; money is integer fen; every row conserves its fee;
//! nothing here knows a city.

pub mod claim;
pub mod claims;
pub mod clauses;
pub mod holdings;
pub mod layers;
pub mod outcome;
pub mod person;
pub mod several;
pub mod sink;
pub mod year;

pub use person::{Accepted, Scratch, settle_person};

//! How a run tells how far it is; the library itself prints nothing.

use crate::output::publish::Leftover;

/// Steps of a run, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looking at who is in the ledger.
    Survey,
    /// Reading and checking rows.
    Read,
    /// Settling persons and writing outputs.
    Settle,
}

/// Told how far a run is, from any thread.
pub trait Progress: Sync {
    /// A step begins; it will take so many rows.
    fn begin(&self, step: Step, rows: u64);
    /// So many rows more are done.
    fn advance(&self, rows: u64);
    /// The step is over.
    fn end(&self);
    /// Something that an earlier run had left beside the output.
    fn leftover(&self, _left: &Leftover) {}
}

/// Nobody listens.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Step, _: u64) {}
    fn advance(&self, _: u64) {}
    fn end(&self) {}
}

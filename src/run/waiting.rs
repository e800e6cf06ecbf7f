//! A ledger whose rows were read and wait by range of persons, for whoever settles them.

use super::error::RunError;
use super::read::Read;
use crate::ledger::intern::Texts;
use crate::persons::partition::Cuts;
use crate::persons::sorted::{Reading, Sorted};
use crate::persons::store::{Run, Store};

/// Rows that wait, and how they are read.
pub struct Waiting {
    cuts: Cuts,
    store: Store,
    runs: Vec<Run>,
    texts: Texts,
    reading: Reading,
}

impl Waiting {
    /// What was read, with the texts that its rows name by number.
    pub(crate) fn new(cuts: Cuts, store: Store, read: Read, texts: Texts, reading: Reading) -> Self {
        Self { cuts, store, runs: read.runs, texts, reading }
    }

    /// Ranges of persons.
    pub(crate) fn parts(&self) -> usize {
        self.cuts.parts()
    }

    /// The rows of a range of persons, in order; as often as one asks.
    ///
    /// # Errors
    /// [`RunError`] of rows that waited on disk.
    pub(crate) fn sort(&self, part: usize) -> Result<Sorted<'_>, RunError> {
        let mut pieces = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            pieces.extend(self.store.piece(run, part)?);
        }
        Ok(self.reading.sort(pieces, &self.texts).ok_or_else(|| self.store.damaged())?)
    }
}

//! Where the rows of a range of persons come from when it is settled: from where they waited, or straight
//! from the ledger.

use super::error::RunError;
use super::stream::Stream;
use crate::ledger::intern::{Interner, Texts};
use crate::persons::piece::Piece;
use crate::persons::store::{Run, Store};

/// The source of the rows.
pub(super) enum Pieces<'a> {
    /// They were read, and wait packed.
    Waiting { store: &'a Store, runs: Vec<Run>, texts: Texts },
    /// They are read now.
    Streaming { stream: Stream<'a>, interner: &'a Interner },
}

impl Pieces<'_> {
    /// The rows of a range, and the texts that they refer to by number.
    pub(super) fn of(&self, part: usize) -> Result<(Vec<Piece<'_>>, Texts), RunError> {
        match self {
            Pieces::Waiting { store, runs, texts } => {
                let mut pieces = Vec::with_capacity(runs.len());
                for run in runs {
                    pieces.extend(store.piece(run, part)?);
                }
                Ok((pieces, texts.clone()))
            }
            Pieces::Streaming { stream, interner } => {
                let pieces = stream.pieces(part)?;
                Ok((pieces, interner.texts()))
            }
        }
    }

    /// The error of rows that cannot be read back.
    pub(super) fn damaged(&self) -> RunError {
        match self {
            Pieces::Waiting { store, .. } => store.damaged().into(),
            Pieces::Streaming { .. } => {
                RunError::Defect { what: "rows just read", message: "their columns differ in length".to_owned() }
            }
        }
    }
}

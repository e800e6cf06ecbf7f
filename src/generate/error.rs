//! What can keep a ledger from being made; each says where and what to do.

use super::{MAX_PERSONS, YEARS};
use crate::output::error::OutputError;
use crate::reconcile::error::ReconcileError;
use parquet::errors::ParquetError;
use std::path::PathBuf;

/// Why no ledger was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Nobody, or more people than the person numbers can tell apart.
    #[error("--persons {given}: between 1 and {MAX_PERSONS} can be made\n  give another number")]
    Persons {
        /// What was asked for.
        given: u64,
    },
    /// A year that no ledger would show.
    #[error("--year {given}: no year from {from} to {to}\n  give a calendar year in four digits", from = YEARS.start(), to = YEARS.end())]
    Year {
        /// What was asked for.
        given: i32,
    },
    /// A file of that name is there.
    #[error("{path} is there already and is left as it is\n  give another --out, or remove the file", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be made.
    #[error("{path}: {source}\n  check the path, its permissions and the free space", path = path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Rows cannot be written.
    #[error("{path}: {source}\n  check the free space; nothing was left behind", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParquetError,
    },
    /// The folder cannot be had.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The ledger cannot be settled to plant errors into it.
    #[error(transparent)]
    Settle(#[from] Box<ReconcileError>),
}

impl From<ReconcileError> for GenerateError {
    fn from(error: ReconcileError) -> Self {
        GenerateError::Settle(Box::new(error))
    }
}

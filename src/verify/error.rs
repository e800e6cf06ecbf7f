//! Why a folder cannot be verified at all.

use crate::explain::read::ExplainError;
use crate::ledger::codebook::CodesError;
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;
use crate::run::recorded::NotARun;
use std::path::PathBuf;

/// Why a folder cannot be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Without a manifest there is nothing to hold the files against.
    #[error(transparent)]
    NotARun(#[from] NotARun),
    /// A person's replay needs the ledger.
    #[error("{what} cannot be found: {why}\n  give it with {option}")]
    NotFound {
        /// What is missing.
        what: &'static str,
        /// Why.
        why: String,
        /// How to give it.
        option: &'static str,
    },
    /// The person is in neither the ledger nor the folder.
    #[error("the person asked for has no row in the ledger and none in {dir}\n  check the number", dir = dir.display())]
    NoPerson {
        /// The person.
        psn_no: String,
        /// The folder.
        dir: PathBuf,
    },
    /// A policy or parameters file that was given.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A codes file that was given.
    #[error(transparent)]
    Codes(#[from] CodesError),
    /// A ledger or roster.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The private folder beside the outputs.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A person's rows.
    #[error(transparent)]
    Rows(#[from] ExplainError),
}

//! Why a reconciliation ended without publishing anything.

use crate::ledger::codebook::CodesError;
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;
use crate::run::error::RunError;
use crate::run::recorded::NotARun;
use std::path::PathBuf;

/// An error of a reconciliation.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Opening, reading or settling.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An input.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The policy or the parameters.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The codes file.
    #[error(transparent)]
    Codes(#[from] CodesError),
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Not the output folder of a settle run.
    #[error(transparent)]
    NotARun(#[from] NotARun),
    /// An input is not the one that was settled.
    #[error(
        "{what} is not the one that {dir} was made from: its digest differs\n  \
         give the one that was settled with {option}, or settle again",
        dir = dir.display()
    )]
    OtherInput {
        /// Which input.
        what: String,
        /// The run.
        dir: PathBuf,
        /// Option that names it.
        option: &'static str,
    },
    /// Persons of two runs that cannot be told to be the same.
    #[error(
        "{other}: its person numbers are masked otherwise than the settlement's\n  \
         settle both with the same --mask, or both without",
        other = other.display()
    )]
    OtherMask {
        /// The other run.
        other: PathBuf,
    },
    /// The key is not the one that the run was masked with.
    #[error(
        "{dir}: {why}\n  give the key that it was settled with, or none where it was settled without",
        dir = dir.display()
    )]
    Mask {
        /// The run.
        dir: PathBuf,
        /// In words.
        why: String,
    },
    /// The person's due comes out otherwise than the folder says.
    #[error(
        "{dir} says other amounts for a person in {year} than settling again does\n  \
         settle again with this version of the program, then reconcile",
        dir = dir.display()
    )]
    OtherDue {
        /// The person.
        psn_no: String,
        /// The year.
        year: i32,
        /// The run.
        dir: PathBuf,
    },
    /// The paid side states no amount.
    #[error(
        "{file}: no column of amounts paid; there are: {found}\n  \
         name them cii_pay, special_drug_pay, ma_pay, ra_pay, oocat_pay, or hifmi_pay, hifob_pay, maf_pay, or total",
        file = file.display()
    )]
    NoAmounts {
        /// The file.
        file: PathBuf,
        /// Its columns.
        found: String,
    },
    /// Two columns state the same money.
    #[error(
        "{file}: {first} and {second} state the same money\n  keep one of them: layers, funds or one total",
        file = file.display()
    )]
    Overlap {
        /// The file.
        file: PathBuf,
        /// A column.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
    /// A year is needed.
    #[error(
        "{file} has no column charge_year or benefit_year, and {dir} holds several years\n  \
         add the year to the file, or settle one year with --year",
        file = file.display(), dir = dir.display()
    )]
    NoYear {
        /// The file.
        file: PathBuf,
        /// The run.
        dir: PathBuf,
    },
    /// A row of the paid side cannot be read.
    #[error("{file}, row {row}: {message}\n  correct the row; nothing was published", file = file.display())]
    BadRow {
        /// The file.
        file: PathBuf,
        /// Row, from 1.
        row: u64,
        /// What is wrong.
        message: String,
    },
    /// What a person was paid is beyond all measure.
    #[error(
        "{file}: what one person was paid in a year adds up to more than eighteen digits hold\n  \
         look for amounts in it that cannot be; nothing was published",
        file = file.display()
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
    },
    /// Ids of different types.
    #[error(
        "{file}: psn_no or setl_id is of another type than in {dir}\n  write ids in one type, text or integer, on both sides",
        file = file.display(), dir = dir.display()
    )]
    OtherIds {
        /// The file.
        file: PathBuf,
        /// The run.
        dir: PathBuf,
    },
}

impl ReconcileError {
    /// A failure of Arrow that no input should bring about.
    pub(super) fn defect(what: &'static str) -> impl Fn(arrow::error::ArrowError) -> Self {
        move |error| RunError::defect(what)(error).into()
    }
}

impl ReconcileError {
    /// The person whom the error is about, who stands in no text of it.
    pub fn person(&self) -> Option<&str> {
        match self {
            ReconcileError::OtherDue { psn_no, .. } => Some(psn_no),
            _ => None,
        }
    }
}

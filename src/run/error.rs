//! Everything that can end a run.

use crate::ledger::codebook::CodesError;
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;

/// Why a run ended without publishing anything.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The policy or the parameters.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The input.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The codes file.
    #[error(transparent)]
    Codes(#[from] CodesError),
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// Rows that wait on disk.
    #[error(transparent)]
    Store(#[from] crate::persons::store::StoreError),
    /// `--strict`, and a value without a publication.
    #[error(
        "--strict: the run needs values without a publication: {values}\n  \
         give confirmed values with --params FILE, or run without --strict"
    )]
    Illustrative {
        /// The values.
        values: String,
    },
    /// The ledger holds no row charged to the year, because the policy's dates exclude it.
    #[error(
        "--year {year} lies outside policy `{policy}` ({from} to {until})\n  choose another year or policy, or apply it all the same with --as-if"
    )]
    YearOutside {
        /// The year.
        year: i32,
        /// The policy.
        policy: String,
        /// First day.
        from: String,
        /// Last day.
        until: String,
    },
    /// A column operation failed, which no input should bring about.
    #[error("{what}: {message}\n  this is a defect of the program; please report it with the input's schema")]
    Defect {
        /// Where.
        what: &'static str,
        /// What was said.
        message: String,
    },
    /// The worker threads could not be started.
    #[error("cannot start {threads} threads: {message}\n  choose fewer with --threads")]
    Threads {
        /// How many.
        threads: usize,
        /// What was said.
        message: String,
    },
}

impl RunError {
    /// A failure that no input should bring about.
    pub fn defect(what: &'static str) -> impl Fn(arrow::error::ArrowError) -> Self {
        move |error| RunError::Defect { what, message: error.to_string() }
    }
}

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
    /// The parameters, as one of several policies needs them.
    #[error("policy `{policy}`: {source}")]
    UnderPolicy {
        /// The policy.
        policy: String,
        /// What is wrong.
        source: PolicyError,
    },
    /// No policy to settle under.
    #[error("no policy to settle under\n  name one or more with --policy")]
    NoPolicy,
    /// Two policies for one day.
    #[error(
        "policies {first} and {second} are both in force from {from} to {until}\n  name policies whose dates do not overlap, or settle them in runs of their own"
    )]
    PoliciesOverlap {
        /// The earlier one, with its dates.
        first: String,
        /// The later one, with its dates.
        second: String,
        /// First day of both.
        from: String,
        /// Last day of both.
        until: String,
    },
    /// One policy goes by `setl_time`, another by `enddate`.
    #[error(
        "policies `{first}` and `{second}` tell the year by different dates\n  name policies with the same `year_by`, or settle them in runs of their own"
    )]
    YearsByDifferentDates {
        /// The first policy.
        first: String,
        /// One that differs from it.
        second: String,
    },
    /// `--as-if` with several policies.
    #[error(
        "--as-if applies one policy outside its dates, but several are named\n  name one policy, or leave out --as-if"
    )]
    AsIfSeveral,
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
    /// No policy of several reaches the year.
    #[error(
        "--year {year} lies outside every policy of the run: {policies}\n  choose another year, or name a policy that reaches it"
    )]
    YearOutsideAll {
        /// The year.
        year: i32,
        /// The policies, with their dates.
        policies: String,
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

//! Everything that can end a projection.

use super::error::ScenarioError;
use crate::ledger::error::LedgerError;
use crate::output::error::OutputError;
use crate::policy::error::PolicyError;
use crate::run::error::RunError;

/// Why a projection ended without publishing anything.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The scenarios file, or an address that was typed.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// The inputs, the policy, the outputs.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A scenario's policy cannot be compiled with its parameters.
    #[error("{scenario}: {source}")]
    Under {
        /// The scenario, and where it stands.
        scenario: String,
        /// What is wrong.
        source: PolicyError,
    },
    /// A scenario's policy is none that could be meant.
    #[error(
        "{scenario}: with it policy `{id}` cannot be applied: {findings}\n  change the scenario; `onestop policy show` prints the rules as they stand"
    )]
    CannotApply {
        /// The scenario, and where it stands.
        scenario: String,
        /// The policy.
        id: String,
        /// What is found.
        findings: String,
    },
    /// `--strict`, and a scenario that needs a value without a publication.
    #[error(
        "--strict: {scenario} needs values without a publication: {values}\n  give confirmed values with --params FILE, or run without --strict"
    )]
    Illustrative {
        /// The scenario, and where it stands.
        scenario: String,
        /// The values.
        values: String,
    },
    /// Growths that multiply beyond reason.
    #[error(
        "{scenario}: its growths of {what} come to more than a hundredfold where all of them match\n  choose smaller ones, or let each speak of claims or persons of its own"
    )]
    GrowsTooMuch {
        /// The scenario, and where it stands.
        scenario: String,
        /// Of what.
        what: &'static str,
    },
    /// A scenario's policy goes by another date than the run's.
    #[error(
        "{scenario} tells the year by another date than the policy of the run\n  leave `year_by` as it is; project such a policy in a run of its own"
    )]
    AnotherDate {
        /// The scenario, and where it stands.
        scenario: String,
    },
    /// A yardstick or source that the parameters do not hold.
    #[error(
        "{file}: {what} needs the parameter `{parameter}` of {year}, which is not set\n  give it with --params FILE, or write the amount"
    )]
    NoYardstick {
        /// The scenarios file.
        file: String,
        /// What needs it.
        what: &'static str,
        /// The parameter.
        parameter: String,
        /// Its year.
        year: i32,
    },
    /// Goal seek: totals that neither rise nor fall throughout.
    #[error(transparent)]
    TurnsRound(Box<TurnsRound>),
    /// A figure that the outputs cannot hold.
    #[error("{what} is more than the outputs' eighteen digits hold\n  look for amounts in the ledger that cannot be")]
    TooLarge {
        /// Which figure.
        what: String,
    },
}

/// Where the totals of a goal seek turn round.
#[derive(Debug, thiserror::Error)]
#[error(
    "--solve: what {fund} pays turns round at `{address}` = {value} ({total}): it {before} up to there and {after} from there on, to {next_total}\n  \
     narrow --within to one side of it"
)]
pub struct TurnsRound {
    /// The fund.
    pub fund: String,
    /// What is varied.
    pub address: String,
    /// Where.
    pub value: String,
    /// What the fund pays there, in yuan.
    pub total: String,
    /// What it pays with the next value settled, in yuan.
    pub next_total: String,
    /// `rises` or `falls`.
    pub before: &'static str,
    /// `rises` or `falls`.
    pub after: &'static str,
}

impl From<OutputError> for ProjectError {
    fn from(error: OutputError) -> Self {
        ProjectError::Run(error.into())
    }
}

impl From<LedgerError> for ProjectError {
    fn from(error: LedgerError) -> Self {
        ProjectError::Run(error.into())
    }
}

//! A synthetic ledger and roster to try a policy on, with the skew and the hard cases of real ones.
//!
//! ```text
//! PolicyDoc, year ──► scenario      what of a ledger this policy can make use of
//!                        │
//! seed, number ─────► person ──► period*                  ──► roster_file ──► roster.parquet
//!                        └────► visit* ──► claim (bill)
//!                                   └──► refund, again, copy, fault ──► ledger_file ──► ledger.parquet
//! ```
//!
//! Invariants:
//! - The same policy, options and program give the same bytes: everything random hangs on (seed,
//!   person, record), and nothing on the clock, the machine or the order of a hash.
//! - Memory does not grow with the number of persons: each month is one pass over the population, in
//!   which every person is made anew and only the month's rows are kept, a row group at a time.
//! - Everything local is read from the policy document; no figure or name of a city stands here.
//! - Nobody here is real: person numbers are counted, names and identity-card numbers do not occur.

mod bill;
mod claim;
mod error;
mod errors;
mod fault;
mod ledger_file;
mod period;
mod person;
mod place;
mod plant;
mod rewrite;
pub(crate) mod rng;
mod roster_file;
mod scenario;
mod sheet;
#[cfg(test)]
mod tests;
mod visit;

pub use error::GenerateError;
pub use errors::{ErrorSpec, Planted, generate_with_errors};
pub use plant::Kind;

use crate::output::access::Access;
use crate::output::publish::Shared;
use crate::policy::document::PolicyDoc;
use claim::Claim;
use ledger_file::LedgerFile;
use person::Person;
use rng::Rng;
use roster_file::RosterFile;
use scenario::{Days, Scenario};
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use visit::{Visit, lies_in};

/// The largest population: nine digits of person number.
pub const MAX_PERSONS: u64 = 999_999_999;
/// The years that can be made.
pub const YEARS: RangeInclusive<i32> = 1950..=9_998;
/// Persons between two reports of progress.
const REPORT_EVERY: u64 = 4_096;

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Size of the population.
    pub persons: u64,
    /// Benefit year.
    pub year: i32,
    /// The same seed gives the same bytes.
    pub seed: u64,
}

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The ledger.
    pub ledger: PathBuf,
    /// The roster.
    pub roster: PathBuf,
    /// Rows of the ledger.
    pub claims: u64,
    /// Rows of the roster.
    pub roster_rows: u64,
}

/// Writes `ledger.parquet` and `roster.parquet` into the folder `out`, which is made if need be.
///
/// `progress` is told how many persons are done, out of `options.persons`. Both files appear only
/// when both are whole.
///
/// # Errors
/// [`GenerateError`]: numbers out of range, a file that is there already, or one that cannot be written.
pub fn generate(
    doc: &PolicyDoc,
    options: &Options,
    out: &Path,
    access: Access,
    progress: &mut dyn FnMut(u64),
) -> Result<Generated, GenerateError> {
    if !(1..=MAX_PERSONS).contains(&options.persons) {
        return Err(GenerateError::Persons { given: options.persons });
    }
    if !YEARS.contains(&options.year) {
        return Err(GenerateError::Year { given: options.year });
    }
    let scenario = Scenario::new(doc, options.year)?;
    for name in [ledger_file::NAME, roster_file::NAME] {
        sheet::refuse_existing(&out.join(name))?;
    }
    let folder = Shared::open(out, access)?;
    let mut ledger = LedgerFile::create(out, scenario.enddate)?;
    let mut roster = RosterFile::create(out)?;
    let mut months = scenario.before.map_or_else(Vec::new, Days::months);
    months.extend(scenario.days.months());
    for (pass, month) in (0u64..).zip(&months) {
        for number in 1..=options.persons {
            let person = Person::of(&scenario, options.seed, number);
            if pass == 0 {
                roster.push(&person)?;
            }
            add_month(&mut ledger, &scenario, &person, *month)?;
            if number % REPORT_EVERY == 0 {
                progress((pass * options.persons + number) / months.len() as u64);
            }
        }
    }
    let (claims, roster_rows) = (ledger.finish()?, roster.finish()?);
    progress(options.persons);
    let (ledger, roster) = (ledger.finished(), roster.finished());
    let made = Generated { ledger: ledger.1.clone(), roster: roster.1.clone(), claims, roster_rows };
    folder.publish(vec![ledger, roster])?;
    Ok(made)
}

/// Adds a person's rows of one month.
fn add_month<'a>(
    ledger: &mut LedgerFile<'a>,
    scenario: &'a Scenario,
    person: &Person,
    month: Days,
) -> Result<(), GenerateError> {
    for visit in Visit::all(person, scenario) {
        let begins = lies_in(month, visit.at);
        let Some(refund) = visit.refund else {
            if begins {
                let mut claim = Claim::of(scenario, person, &visit);
                fault::spoil(&mut Rng::of(visit.key, 3), scenario, &mut claim);
                if visit.copied {
                    ledger.push(claim.clone())?;
                }
                ledger.push(claim)?;
            }
            continue;
        };
        let again_at = refund.again_at.filter(|at| lies_in(month, *at));
        let ends = lies_in(month, refund.at);
        if !begins && !ends && again_at.is_none() {
            continue;
        }
        let claim = Claim::of(scenario, person, &visit);
        if ends {
            ledger.push(claim.refunded(&refund))?;
        }
        if let Some(at) = again_at {
            ledger.push(claim.settled_again(at))?;
        }
        if begins {
            ledger.push(claim)?;
        }
    }
    Ok(())
}

/// Appends a person number of fixed width, so that its bytes sort as the numbers do.
fn person_number(out: &mut String, person: u64) {
    // Writing to a string cannot fail.
    let _ = write!(out, "P{person:09}");
}

//! The inputs of a run, opened: what can be said about them before a row is read.

use super::error::RunError;
use super::policies::{self, compile_all, year_asked_for};
use super::settle::Settle;
use crate::ledger::error::LedgerError;
use crate::ledger::normalise::Roles;
use crate::ledger::open::Ledger;
use crate::ledger::reject::Reject;
use crate::ledger::schema::{LedgerColumn, TypeRules};
use crate::policy::Policy;
use crate::policy::document::YearBy;
use crate::policy::tables::Tables;
use crate::roster::{Roster, Under};

/// What a run is made from.
pub(crate) struct Inputs<'a> {
    /// The policies in the order of their dates.
    pub(crate) policies: Vec<&'a Policy>,
    /// Which date decides a claim's year; all policies of a run agree.
    pub(crate) year_by: YearBy,
    /// Their tables, compiled for the year asked for alone.
    pub(crate) first: Vec<Tables>,
    /// The ledger.
    pub(crate) ledger: Ledger,
    /// What its columns of payments hold.
    pub(crate) roles: Roles,
    /// The roster under each policy; none where there is no roster.
    pub(crate) rosters: Vec<Roster>,
    /// Rows of the roster that count under no policy.
    pub(crate) roster_rejects: Vec<Reject>,
}

impl<'a> Inputs<'a> {
    /// Opens the inputs of a run.
    ///
    /// # Errors
    /// [`RunError`]: policies that do not go together, what a year asked for lacks, files that do not fit.
    pub(crate) fn open(run: &'a Settle) -> Result<Self, RunError> {
        let policies = policies::in_order(run)?;
        // What a year asked for lacks is said before a row is read.
        let (first, _) = compile_all(run, &policies, |n| year_asked_for(run, policies[n]))?;
        let rules = TypeRules { allow_float: run.allow_float, unchecked: false };
        let mut ledger = Ledger::open(run.ledger.clone(), &run.book, &run.renames, rules, run.mask.as_ref())?;
        ledger.check_renames(&run.renames)?;
        let year_by = policies[0].doc.switches.year_by;
        check_columns(run, year_by, &ledger)?;
        let roles = Roles::new(&run.recorded_maf, &run.book)?;
        let (rosters, roster_rejects) = read_rosters(run, &policies, &ledger, &first)?;
        if let Some(id_type) = rosters.first().and_then(|r| r.psn_no_type).filter(|_| ledger.rows() == 0) {
            // A ledger without rows says nothing of its ids' type.
            ledger.psn_no = id_type;
        }
        Ok(Self { policies, year_by, first, ledger, roles, rosters, roster_rejects })
    }
}

fn check_columns(run: &Settle, year_by: YearBy, ledger: &Ledger) -> Result<(), RunError> {
    if run.roster.is_none() && !ledger.has(LedgerColumn::Identity) {
        return Err(LedgerError::NoIdentities.into());
    }
    if year_by == YearBy::Enddate {
        for file in &ledger.files {
            if file.mapping.at[LedgerColumn::Enddate as usize].is_none() {
                return Err(LedgerError::NoEnddate { file: file.name() }.into());
            }
        }
    }
    Ok(())
}

/// The roster under each policy, and its rejects; none where there is no roster.
fn read_rosters(
    run: &Settle,
    policies: &[&Policy],
    ledger: &Ledger,
    tables: &[Tables],
) -> Result<(Vec<Roster>, Vec<Reject>), RunError> {
    let Some(source) = &run.roster else { return Ok((Vec::new(), Vec::new())) };
    let typed = (ledger.rows() > 0).then_some((ledger.written_psn_no, "the ledger"));
    let policies: Vec<Under<'_>> = policies.iter().zip(tables).map(|(p, tables)| Under::new(p, tables)).collect();
    Ok(Roster::read(source.clone(), run.read_as(), &policies, run.as_known, typed)?)
}

//! What a settler did, so that partitions can be added up and held against each other.

use crate::ledger::reject::{Reject, RejectSource};
use crate::run::range::Tally;
use crate::settle::outcome::{MONEY, MONEY_NAMES};
use serde::Serialize;
use serde::ser::SerializeMap;
use std::collections::BTreeSet;

/// Counts and control totals of a settler.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Rows of the ledger given.
    pub ledger_rows: u64,
    /// Rows of the roster given.
    pub roster_rows: u64,
    /// Persons that the ledger's rows named, also those all of whose rows were rejected.
    pub persons_in_ledger: u64,
    /// Persons settled.
    pub persons: u64,
    /// Rows of `settlement`.
    pub settlement_rows: u64,
    /// Rows of `audit`.
    pub audit_rows: u64,
    /// Rows of the ledger rejected.
    pub ledger_rejects: u64,
    /// Rows of the roster rejected.
    pub roster_rejects: u64,
    /// Rows charged to another year than the one asked for.
    pub other_charge_years: u64,
    /// Rows of the roster left out, since they were recorded too late.
    pub recorded_later: u64,
    /// Rows whose parts of the fee do not add up.
    pub fee_parts_mismatch: u64,
    /// Claims whose own identity the roster does not know.
    pub identity_differs: u64,
    /// Dated values used that are not confirmed, in words: name, year, value, and how well it is known.
    pub unconfirmed: BTreeSet<String>,
    /// Years charged.
    pub years: BTreeSet<i32>,
    /// Sums of the settlement's money by column, in fen.
    #[serde(serialize_with = "by_name")]
    pub fen: [i128; MONEY],
}

impl Stats {
    pub(super) fn add(&mut self, tally: &Tally) {
        let totals = &tally.totals;
        self.persons += totals.persons;
        self.settlement_rows += totals.status.iter().sum::<u64>();
        self.audit_rows += tally.audit_rows;
        self.other_charge_years += tally.other_years;
        self.fee_parts_mismatch += tally.parts_mismatch;
        self.identity_differs += tally.identity_differs;
        self.years.extend(&tally.years);
        for (sum, column) in self.fen.iter_mut().zip(0..) {
            *sum += totals.cells.iter().map(|cell| cell.money[column]).sum::<i128>();
        }
    }

    pub(super) fn add_rejects(&mut self, rejects: &[Reject]) {
        for reject in rejects {
            match reject.source {
                RejectSource::Ledger => self.ledger_rejects += 1,
                RejectSource::Roster => self.roster_rejects += 1,
            }
        }
    }
}

/// Sums by the names of their columns, as text: JSON has no whole numbers of that size.
fn by_name<S: serde::Serializer>(fen: &[i128; MONEY], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(MONEY))?;
    for (name, fen) in MONEY_NAMES.iter().zip(fen) {
        map.serialize_entry(name, &fen.to_string())?;
    }
    map.end()
}

//! Who was paid otherwise than is due: one pass over a run's `persons.parquet`.

use super::error::ReconcileError;
use super::measure::{ASSISTANCE, ByLayer, Vector};
use super::paid::{Key, Origin, PaidSide, by_layer};
use super::sheet::{Sheet, needed, optional};
use crate::ledger::codebook::CodeBook;
use crate::ledger::schema::{IdType, Kind, Spec};
use crate::model::codes::Identity;
use crate::settle::outcome::LAYERS;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Columns of `persons.parquet` that are read.
const PERSONS: &[Spec] = &[
    needed("psn_no", Kind::Id),
    needed("charge_year", Kind::Code),
    needed("cii_pay", Kind::Money),
    needed("special_drug_pay", Kind::Money),
    needed("ma_pay", Kind::Money),
    needed("ra_pay", Kind::Money),
    needed("oocat_pay", Kind::Money),
    needed("recorded_cii", Kind::Money),
    needed("recorded_maf", Kind::Money),
    needed("ma_base", Kind::Money),
    optional("identities", Kind::Code),
    optional("identity_preferred", Kind::Code),
];
const FIRST_LAYER: usize = 2;
const RECORDED: [usize; 2] = [7, 8];
const MA_BASE: usize = 9;
const IDENTITIES: usize = 10;
const PREFERRED: usize = 11;

/// Columns of `settlement.parquet` that are read to find reversed records.
const REVERSED: &[Spec] = &[needed("psn_no", Kind::Id), needed("status", Kind::Code)];
/// Columns of `alerts.parquet` that are read.
const ALERTS: &[Spec] = &[
    needed("psn_no", Kind::Id),
    needed("year", Kind::Code),
    needed("alert", Kind::Code),
    needed("clause", Kind::Code),
];

/// A person and year that is looked into.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// What is due, by layer.
    pub due: ByLayer,
    /// What was paid, as the paid side states it.
    pub paid: Vector,
    /// The identity preferred.
    pub preferred: Option<Identity>,
    /// Assistance was due, and none was paid.
    pub due_not_paid: bool,
    /// Monitored, with claims in scope or an alert, and never assisted.
    pub monitored: bool,
}

/// What a pass over the persons found.
#[derive(Debug, Default)]
pub struct Found {
    /// Persons and years with a gap or a notice.
    pub candidates: BTreeMap<Key, Candidate>,
    /// Persons whose ledger rows have to be read.
    pub persons: BTreeSet<Box<[u8]>>,
    /// Persons and years looked at.
    pub looked_at: u64,
    /// Charge years.
    pub years: BTreeSet<i32>,
}

/// An alert of a person and year: its name and clause.
pub type Alerts = BTreeMap<Key, (String, String)>;

/// Type of a run's person ids; text where it has no person.
///
/// # Errors
/// [`ReconcileError`] of the file.
pub fn id_type(dir: &Path, book: &CodeBook) -> Result<IdType, ReconcileError> {
    let sheet = Sheet::open(&dir.join("persons.parquet"), PERSONS, book)?;
    Ok(sheet.file.id_type(0).unwrap_or(IdType::Text))
}

/// The first alert of every person and year, by name.
///
/// # Errors
/// [`ReconcileError`] of the file.
pub fn alerts(dir: &Path, book: &CodeBook) -> Result<Alerts, ReconcileError> {
    let sheet = Sheet::open(&dir.join("alerts.parquet"), ALERTS, book)?;
    let parts = sheet.groups(|batch, found: &mut Vec<(Key, (String, String))>| {
        let (psn_no, years) = (batch.ids(0)?, batch.years(1)?.unwrap_or_default());
        let (names, clauses) = (batch.owned(2)?, batch.owned(3)?);
        for row in 0..batch.rows() {
            found.push(((psn_no.get(row).into(), years[row]), (names[row].clone(), clauses[row].clone())));
        }
        Ok(())
    })?;
    let mut alerts = Alerts::new();
    for (key, alert) in parts.into_iter().flatten() {
        alerts.entry(key).or_insert(alert);
    }
    Ok(alerts)
}

/// Compares every person and year of a run with what was paid.
///
/// # Errors
/// [`ReconcileError`] of the files.
pub fn find(dir: &Path, paid: &PaidSide, alerts: &Alerts, book: &CodeBook) -> Result<Found, ReconcileError> {
    let sheet = Sheet::open(&dir.join("persons.parquet"), PERSONS, book)?;
    let parts = sheet.groups(|batch, found: &mut Found| {
        let (psn_no, years) = (batch.ids(0)?, batch.years(1)?.unwrap_or_default());
        let layers = (0..LAYERS.len()).map(|n| batch.money(FIRST_LAYER + n)).collect::<Result<Vec<_>, _>>()?;
        let recorded = [batch.money(RECORDED[0])?, batch.money(RECORDED[1])?];
        let base = batch.money(MA_BASE)?;
        let monitored = |text: Option<&str>| {
            let codes = [Identity::Monitored.as_str(), Identity::MonitoredSudden.as_str()];
            text.is_some_and(|t| t.split(',').any(|code| codes.contains(&code)))
        };
        let none = |what: Option<Vec<bool>>| what.unwrap_or_else(|| vec![false; batch.rows()]);
        let monitored = none(batch.texts(IDENTITIES, monitored)?);
        let preferred = batch.texts(PREFERRED, |t| t.and_then(Identity::parse))?;
        found.looked_at += batch.rows() as u64;
        for row in 0..batch.rows() {
            let (id, year) = (psn_no.get(row), years[row]);
            if found.years.last() != Some(&year) {
                found.years.insert(year);
            }
            let due = by_layer(&layers, row);
            let paid_now = match paid.origin {
                Origin::Recorded => [recorded[0][row], recorded[1][row], 0, 0, 0],
                _ => paid.of(id, year),
            };
            let gap = paid.measures.of(&due) != paid_now;
            let none_paid = paid.measures.states_assistance() && paid.measures.assistance(&paid_now) == 0;
            let due_not_paid = none_paid && ASSISTANCE.of(&due) > 0;
            let monitored =
                none_paid && monitored[row] && (base[row] > 0 || alerts.contains_key(&(Box::from(id), year)));
            if !gap && !due_not_paid && !monitored {
                continue;
            }
            if gap || due_not_paid {
                found.persons.insert(id.into());
            }
            let preferred = preferred.as_ref().and_then(|p| p[row]);
            let candidate = Candidate { due, paid: paid_now, preferred, due_not_paid, monitored };
            found.candidates.insert((id.into(), year), candidate);
        }
        Ok(())
    })?;
    let mut all = Found::default();
    for part in parts {
        all.candidates.extend(part.candidates);
        all.persons.extend(part.persons);
        all.looked_at += part.looked_at;
        all.years.extend(part.years);
    }
    Ok(all)
}

/// Persons with a reversed record: what their ledger rows say was paid on it stands in no sum.
///
/// # Errors
/// [`ReconcileError`] of the file.
pub fn reversed(dir: &Path, book: &CodeBook) -> Result<BTreeSet<Box<[u8]>>, ReconcileError> {
    let sheet = Sheet::open(&dir.join("settlement.parquet"), REVERSED, book)?;
    let parts = sheet.groups(|batch, found: &mut BTreeSet<Box<[u8]>>| {
        let reversed = batch.texts(1, |t| t == Some("reversed"))?.unwrap_or_default();
        if reversed.contains(&true) {
            let psn_no = batch.ids(0)?;
            let rows = reversed.iter().enumerate().filter(|(_, reversed)| **reversed);
            found.extend(rows.map(|(row, _)| Box::from(psn_no.get(row))));
        }
        Ok(())
    })?;
    Ok(parts.into_iter().flatten().collect())
}

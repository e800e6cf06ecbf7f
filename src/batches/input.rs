//! How batches look: where the expected columns stand, and whether later batches look alike.

use super::error::BatchError;
use crate::ledger::codebook::CodeBook;
use crate::ledger::error::LedgerError;
use crate::ledger::normalise::{Normaliser, Roles};
use crate::ledger::open::{check_care, check_renames};
use crate::ledger::schema::{
    IdType, Kind, LEDGER, LedgerColumn as C, Mapping, ROSTER, Renames, Spec, TypeRules, id_type, map, value_type,
};
use crate::persons::sorted::Reading;
use crate::policy::document::YearBy;
use crate::run::settle::Settle;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

/// What errors and rejects call the rows of the ledger.
pub(super) const LEDGER_NAME: &str = "ledger";
/// The same of the roster.
pub(super) const ROSTER_NAME: &str = "roster";

/// How the ledger's batches look.
pub(super) struct Input {
    schema: SchemaRef,
    /// Where the expected columns stand.
    pub(super) at: Vec<Option<usize>>,
    /// Which there are.
    pub(super) present: Vec<bool>,
    pub(super) psn_no: IdType,
    pub(super) setl_id: IdType,
    pub(super) reading: Reading,
}

impl Input {
    /// From the first batch.
    ///
    /// # Errors
    /// [`BatchError`]: columns that are missing or cannot be read, or money that has lost its fen.
    pub(super) fn new(
        batch: &RecordBatch,
        run: &Settle,
        roles: &Roles,
        has_roster: bool,
        year_by: YearBy,
    ) -> Result<Self, BatchError> {
        let schema = batch.schema();
        check_renames(&run.renames, [schema.as_ref()].into_iter())?;
        let Mapping { at } = ledger(&schema, run, false)?;
        let has = |c: C| at[c as usize].is_some();
        if !has_roster && !has(C::Identity) {
            return Err(LedgerError::NoIdentities.into());
        }
        if year_by == YearBy::Enddate && !has(C::Enddate) {
            return Err(LedgerError::NoEnddate { file: LEDGER_NAME.to_owned() }.into());
        }
        let (psn_no, setl_id) = types(&schema, &at)?;
        let present: Vec<bool> = at.iter().map(Option::is_some).collect();
        let interner = crate::ledger::intern::Interner::default();
        let normaliser = Normaliser::new(&present, &run.book, roles, year_by, !has_roster, &interner);
        let reading = Reading::new(&normaliser, roles, psn_no, setl_id);
        Ok(Self { schema, at, present, psn_no, setl_id, reading })
    }

    /// A later batch may have its columns elsewhere and in other types, but not others, and no ids of another
    /// type.
    ///
    /// # Errors
    /// [`BatchError`].
    pub(super) fn accept(&mut self, batch: &RecordBatch, run: &Settle) -> Result<(), BatchError> {
        let schema = batch.schema();
        if schema == self.schema {
            return Ok(());
        }
        let Mapping { at } = ledger(&schema, run, false)?;
        let odd = |number: &usize| at[*number].is_some() != self.present[*number];
        if let Some(number) = (0..at.len()).find(odd) {
            return Err(BatchError::OtherColumns { column: LEDGER[number].name, given: at[number].is_some() });
        }
        let (psn_no, setl_id) = types(&schema, &at)?;
        let ids = [("psn_no", psn_no, self.psn_no), ("setl_id", setl_id, self.setl_id)];
        if let Some((column, found, expected)) = ids.into_iter().find(|(_, found, expected)| found != expected) {
            return Err(mixed(column, found, expected, "the batches before"));
        }
        (self.schema, self.at) = (schema, at);
        Ok(())
    }
}

/// The same of the roster.
pub(super) fn roster(
    batch: &RecordBatch,
    book: &CodeBook,
    renames: &Renames,
    unchecked: bool,
) -> Result<Mapping, BatchError> {
    let rules = TypeRules { allow_float: false, unchecked };
    Ok(map(ROSTER_NAME, &batch.schema(), ROSTER, book, renames, rules)?)
}

/// Types of the ids; where the ledger has no batches a person's is that of the roster, and else text.
pub(super) fn id_types(input: Option<&Input>, roster: Option<IdType>) -> (IdType, IdType) {
    input.map_or((roster.unwrap_or(IdType::Text), IdType::Text), |input| (input.psn_no, input.setl_id))
}

/// Where the columns of the ledger stand; types are not looked at where they say nothing.
pub(super) fn ledger(schema: &Schema, run: &Settle, unchecked: bool) -> Result<Mapping, BatchError> {
    let rules = TypeRules { allow_float: run.allow_float, unchecked };
    let mapping = map(LEDGER_NAME, schema, LEDGER, &run.book, &run.renames, rules)?;
    check_care(LEDGER_NAME, &mapping, schema)?;
    if !unchecked {
        check_scales(schema, LEDGER, &mapping)?;
    }
    Ok(mapping)
}

/// Engines fit decimals to a declared scale without a word: money that comes without places for its fen was
/// rounded on its way.
fn check_scales(schema: &Schema, specs: &[Spec], mapping: &Mapping) -> Result<(), BatchError> {
    for (spec, index) in specs.iter().zip(&mapping.at) {
        let Some(field) = index.map(|index| schema.field(index)).filter(|_| spec.kind == Kind::Money) else {
            continue;
        };
        let scale = match value_type(field.data_type()) {
            DataType::Decimal32(_, scale)
            | DataType::Decimal64(_, scale)
            | DataType::Decimal128(_, scale)
            | DataType::Decimal256(_, scale) => *scale,
            _ => continue,
        };
        if scale < 2 {
            return Err(BatchError::CoarseMoney { column: field.name().clone(), found: field.data_type().to_string() });
        }
    }
    Ok(())
}

/// Types of `psn_no` and `setl_id`.
fn types(schema: &Schema, at: &[Option<usize>]) -> Result<(IdType, IdType), BatchError> {
    let of = |c: C| at[c as usize].map(|index| schema.field(index).data_type());
    let typed = |c: C| of(c).map_or(IdType::Text, id_type);
    let setl_id = typed(C::SetlId);
    match of(C::InitSetlId) {
        Some(found) if *found != DataType::Null && id_type(found) != setl_id => {
            Err(mixed("init_setl_id", id_type(found), setl_id, "setl_id"))
        }
        _ => Ok((typed(C::PsnNo), setl_id)),
    }
}

/// Checks that a roster writes persons as the ledger does, or as the roster's batches before.
pub(super) fn check_persons(found: IdType, expected: IdType, other: &str) -> Result<(), BatchError> {
    if found == expected {
        return Ok(());
    }
    let (file, column, other) = (ROSTER_NAME.to_owned(), "psn_no".to_owned(), other.to_owned());
    Err(LedgerError::MixedIds { file, column, found, expected, other }.into())
}

/// Type of the persons' ids of a roster.
pub(super) fn roster_persons(batch: &RecordBatch, mapping: &Mapping) -> Option<IdType> {
    let index = mapping.at[crate::ledger::schema::RosterColumn::PsnNo as usize]?;
    Some(id_type(batch.schema().field(index).data_type()))
}

fn mixed(column: &str, found: IdType, expected: IdType, other: &str) -> BatchError {
    let (file, column, other) = (LEDGER_NAME.to_owned(), column.to_owned(), other.to_owned());
    LedgerError::MixedIds { file, column, found, expected, other }.into()
}

/// Columns that are wanted, by number: names of the contract, and the batch's own.
pub(super) fn columns(
    batch: &RecordBatch,
    specs: &[Spec],
    at: &[Option<usize>],
    wanted: impl Fn(usize) -> bool,
) -> Vec<(&'static str, String)> {
    let schema = batch.schema();
    let places = specs.iter().zip(at).enumerate().filter(|(number, _)| wanted(*number));
    places.filter_map(|(_, (spec, at))| Some((spec.name, schema.field((*at)?).name().clone()))).collect()
}

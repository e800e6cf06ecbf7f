//! Where claims were settled: the ledger's `fixmedins_code`, for the persons that are looked into.

use super::error::ReconcileError;
use super::sheet::{needed, optional};
use crate::ledger::decode::{self, TextColumn};
use crate::ledger::open::{InputFile, Ledger};
use crate::ledger::rows::Ids;
use crate::ledger::schema::{Kind, Spec, TypeRules};
use crate::run::read::BATCH_ROWS;
use crate::run::settle::Settle;
use parquet::arrow::arrow_reader::RowSelection;
use std::collections::BTreeMap;

/// Columns of the ledger that are read.
const COLUMNS: &[Spec] =
    &[needed("psn_no", Kind::Id), needed("setl_id", Kind::Id), optional("fixmedins_code", Kind::Code)];

/// Institution of a person's record.
pub type Institutions = BTreeMap<(Box<[u8]>, Box<[u8]>), Box<str>>;

/// The ledger's files, as far as they name institutions.
pub struct Places(Vec<Option<InputFile>>);

impl Places {
    /// Looks for the column in every file of a ledger.
    ///
    /// # Errors
    /// [`ReconcileError`] of a file.
    pub fn of(ledger: &Ledger, run: &Settle) -> Result<Self, ReconcileError> {
        let open = |file: &InputFile| -> Result<Option<InputFile>, ReconcileError> {
            let rules = TypeRules { allow_float: run.allow_float, unchecked: false };
            let file = InputFile::open(file.source.clone(), COLUMNS, &run.book, &run.renames, rules)?
                .masked(run.mask.as_ref());
            Ok(Some(file).filter(|f| f.mapping.at[2].is_some()))
        };
        Ok(Self(ledger.files.iter().map(open).collect::<Result<_, _>>()?))
    }

    /// Notes the institutions of some rows of a row group.
    ///
    /// # Errors
    /// [`ReconcileError`] of the file.
    pub fn note(
        &self,
        file: usize,
        group: usize,
        rows: &RowSelection,
        found: &mut Institutions,
    ) -> Result<(), ReconcileError> {
        let Some(file) = &self.0[file] else { return Ok(()) };
        let mut reader = file.open_rows(group, &[0, 1, 2], BATCH_ROWS, Some(rows.clone()))?;
        while let Some(columns) = reader.next_batch()? {
            let (Some(psn_no), Some(setl_id), Some(code)) = (columns.get(0), columns.get(1), columns.get(2)) else {
                continue;
            };
            let mut ids = [Ids::default(), Ids::default()];
            for (array, ids) in [psn_no, setl_id].into_iter().zip(&mut ids) {
                decode::ids(array, ids).map_err(ReconcileError::defect("reading ids"))?;
            }
            let codes = TextColumn::new(code).map_err(ReconcileError::defect("reading fixmedins_code"))?;
            for row in 0..columns.rows() {
                if let Some(code) = codes.owned(row) {
                    let key = (ids[0].get(row).into(), ids[1].get(row).into());
                    let code: Box<str> = code.into();
                    keep(found, key, code);
                }
            }
        }
        Ok(())
    }
}

/// Adds what another row group names.
pub fn merge(all: &mut Institutions, more: Institutions) {
    more.into_iter().for_each(|(record, code)| keep(all, record, code));
}

/// Copies of a record may name different ones: the least is kept, whoever comes first.
fn keep(all: &mut Institutions, record: (Box<[u8]>, Box<[u8]>), code: Box<str>) {
    let kept = all.entry(record).or_insert_with(|| code.clone());
    if code < *kept {
        *kept = code;
    }
}

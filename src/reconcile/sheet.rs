//! Columns of Parquet files that are read row group by row group: a run's outputs, and payments as stated.

use super::error::ReconcileError;
use crate::lang::{Both, both};
use crate::ledger::codebook::CodeBook;
use crate::ledger::decode::{self, TextColumn};
use crate::ledger::mask::Mask;
use crate::ledger::open::{InputFile, Source};
use crate::ledger::row_group::Columns;
use crate::ledger::rows::{Ids, NULL};
use crate::ledger::schema::{Kind, Renames, Spec, TypeRules};
use crate::model::fen::AmountError;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 32_768;

/// A column that must be there.
pub const fn needed(name: &'static str, kind: Kind) -> Spec {
    Spec { name, kind, needed: true }
}

/// A column that may be there.
pub const fn optional(name: &'static str, kind: Kind) -> Spec {
    Spec { name, kind, needed: false }
}

/// An open file.
pub struct Sheet {
    /// The file.
    pub file: InputFile,
    path: PathBuf,
    specs: &'static [Spec],
}

/// Rows of a batch.
pub struct Batch<'a> {
    sheet: &'a Sheet,
    columns: &'a Columns<'a>,
    first_row: u64,
}

impl Sheet {
    /// Opens a file whose columns are named as the specs say, whatever other names a ledger may use.
    ///
    /// # Errors
    /// [`ReconcileError`]: unreadable, or columns that do not fit.
    pub fn open(path: &Path, specs: &'static [Spec], book: &CodeBook) -> Result<Self, ReconcileError> {
        let file = InputFile::open(Source::Path(path.to_owned()), specs, book, &Renames::new(), TypeRules::default())?;
        Ok(Self { file, path: path.to_owned(), specs })
    }

    /// The same file, its persons masked as they are read.
    pub fn masked(self, mask: Option<&Mask>) -> Self {
        Self { file: self.file.masked(mask), ..self }
    }

    /// Whether the file has a column.
    pub fn has(&self, column: usize) -> bool {
        self.file.mapping.at[column].is_some()
    }

    /// Names of the file's columns.
    pub fn names(&self) -> String {
        let fields = self.file.metadata.schema().fields();
        fields.iter().map(|f| f.name().trim()).collect::<Vec<_>>().join(", ")
    }

    /// Goes through the row groups in parallel; what each gives, in order.
    ///
    /// # Errors
    /// Of the file, or the first of `each`.
    pub fn groups<T: Send + Default>(
        &self,
        each: impl Fn(&Batch<'_>, &mut T) -> Result<(), ReconcileError> + Sync,
    ) -> Result<Vec<T>, ReconcileError> {
        let all: Vec<usize> = (0..self.specs.len()).collect();
        (0..self.file.row_groups())
            .into_par_iter()
            .map(|group| {
                let (mut found, mut first_row) = (T::default(), self.file.rows_before(group) + 1);
                self.file.read::<ReconcileError>(group, &all, BATCH_ROWS, |columns| {
                    each(&Batch { sheet: self, columns, first_row }, &mut found)?;
                    first_row += columns.rows() as u64;
                    Ok(())
                })?;
                Ok(found)
            })
            .collect()
    }
}

fn why_not(column: &str, why: AmountError) -> Both {
    Both { en: format!("{column}: {why}"), zh: format!("{column}：{}", why.label()) }
}

impl Batch<'_> {
    /// Rows.
    pub fn rows(&self) -> usize {
        self.columns.rows()
    }

    /// Ids as sortable bytes; empty where there is none.
    ///
    /// # Errors
    /// If Arrow cannot unpack the column.
    pub fn ids(&self, column: usize) -> Result<Ids, ReconcileError> {
        let mut ids = Ids::default();
        match self.columns.get(column) {
            Some(array) => decode::ids(array, &mut ids).map_err(ReconcileError::defect("reading ids"))?,
            None => ids.push_none(self.rows()),
        }
        Ok(ids)
    }

    /// Amounts in fen, or sums of them; none is nought.
    ///
    /// # Errors
    /// [`ReconcileError::BadRow`] for what is no amount.
    pub fn money(&self, column: usize) -> Result<Vec<i64>, ReconcileError> {
        if let Some(sums) = self.columns.get(column).and_then(decode::sums) {
            return sums.map_err(|row| {
                self.bad_row(row, both!("{}: too large an amount", "{}：金额过大", self.sheet.specs[column].name))
            });
        }
        let mut fen = Vec::with_capacity(self.rows());
        let mut odd = None;
        match self.columns.get(column) {
            Some(array) => decode::money(array, &mut fen, |row, why| {
                if let Some(why) = why.filter(|_| odd.is_none()) {
                    odd = Some((row, why));
                }
            })
            .map_err(ReconcileError::defect("reading amounts"))?,
            None => fen.resize(self.rows(), 0),
        }
        if let Some((row, why)) = odd {
            return Err(self.bad_row(row, why_not(self.sheet.specs[column].name, why)));
        }
        fen.iter_mut().filter(|f| **f == NULL).for_each(|f| *f = 0);
        Ok(fen)
    }

    /// Texts by row, as `of` reads them.
    ///
    /// # Errors
    /// If Arrow cannot unpack the column.
    pub fn texts<T: Copy>(
        &self,
        column: usize,
        of: impl FnMut(Option<&str>) -> T,
    ) -> Result<Option<Vec<T>>, ReconcileError> {
        let Some(array) = self.columns.get(column) else { return Ok(None) };
        let texts = TextColumn::new(array).map_err(ReconcileError::defect("reading codes"))?;
        Ok(Some(texts.map(self.rows(), of)))
    }

    /// Texts by row, empty where there is none.
    ///
    /// # Errors
    /// If Arrow cannot unpack the column.
    pub fn owned(&self, column: usize) -> Result<Vec<String>, ReconcileError> {
        let Some(array) = self.columns.get(column) else { return Ok(vec![String::new(); self.rows()]) };
        let texts = TextColumn::new(array).map_err(ReconcileError::defect("reading texts"))?;
        Ok((0..self.rows()).map(|row| texts.owned(row).unwrap_or_default()).collect())
    }

    /// Years by row.
    ///
    /// # Errors
    /// [`ReconcileError::BadRow`] for what is no year.
    pub fn years(&self, column: usize) -> Result<Option<Vec<i32>>, ReconcileError> {
        let read = |text: Option<&str>| text.and_then(|t| t.parse::<i32>().ok()).filter(|y| (1..=9999).contains(y));
        let Some(years) = self.texts(column, read)? else { return Ok(None) };
        if let Some(row) = years.iter().position(Option::is_none) {
            return Err(self.bad_row(row, both!("{}: no year", "{}：不是年度", self.sheet.specs[column].name)));
        }
        Ok(Some(years.into_iter().flatten().collect()))
    }

    /// An error of a row.
    pub fn bad_row(&self, row: usize, message: Both) -> ReconcileError {
        ReconcileError::BadRow { file: self.sheet.path.clone(), row: self.first_row + row as u64, message }
    }
}

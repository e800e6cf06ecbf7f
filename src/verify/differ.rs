//! Where two files of rows differ first, in values.

use crate::explain::read::cell;
use crate::ledger::open::{guarded, options};
use crate::ledger::watched::Watched;
use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use std::path::Path;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 8_192;

/// The first value that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Row of the file, from 1.
    pub(super) row: u64,
    pub(super) psn_no: Option<String>,
    pub(super) setl_id: Option<String>,
    pub(super) column: String,
    pub(super) one: String,
    pub(super) other: String,
}

/// A file as batches, of which the rows before `at` are done with.
struct Half {
    reader: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    at: usize,
    name: String,
}

impl Half {
    fn open(path: &Path) -> Result<Self, String> {
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let reader = guarded(&name, None, || Watched::whole(path, options())?.with_batch_size(BATCH_ROWS).build());
        Ok(Self { reader: reader.map_err(|e| e.to_string())?, batch: None, at: 0, name })
    }

    /// Rows left of the batch at hand, after fetching the next one where there are none.
    fn left(&mut self) -> Result<usize, String> {
        while self.batch.as_ref().is_none_or(|b| self.at == b.num_rows()) {
            let next = guarded(&self.name, None, || self.reader.next().transpose().map_err(Into::into));
            match next.map_err(|e| e.to_string())? {
                Some(batch) => (self.batch, self.at) = (Some(batch), 0),
                None => return Ok(0),
            }
        }
        Ok(self.batch.as_ref().map_or(0, |b| b.num_rows() - self.at))
    }

    fn slice(&self, rows: usize) -> Option<RecordBatch> {
        self.batch.as_ref().map(|b| b.slice(self.at, rows))
    }
}

/// The first difference of two files, columns in `ignored` left out; none where all values are the same.
pub(super) fn first_difference(one: &Path, other: &Path, ignored: &[&str]) -> Result<Option<Difference>, String> {
    let (mut one, mut other) = (Half::open(one)?, Half::open(other)?);
    let mut done = 0;
    loop {
        let (a, b) = (one.left()?, other.left()?);
        if a == 0 && b == 0 {
            return Ok(None);
        }
        let rows = if a == 0 || b == 0 { 1 } else { a.min(b) };
        match (one.slice(rows).filter(|_| a > 0), other.slice(rows).filter(|_| b > 0)) {
            (Some(left), Some(right)) => {
                if let Some(difference) = of_batches(&left, &right, ignored, done) {
                    return Ok(Some(difference));
                }
            }
            (left, right) => {
                let there = |batch: &Option<RecordBatch>| if batch.is_some() { "a row" } else { "no row" }.to_owned();
                let (stated, found) = (there(&left), there(&right));
                let batch = left.or(right);
                return Ok(batch.map(|batch| Difference { one: stated, other: found, ..at(&batch, 0, done, "rows") }));
            }
        }
        done += rows as u64;
        one.at += rows;
        other.at += rows;
    }
}

/// The first difference of two batches of equally many rows.
pub(super) fn of_batches(one: &RecordBatch, other: &RecordBatch, ignored: &[&str], done: u64) -> Option<Difference> {
    let names = |batch: &RecordBatch| -> Vec<String> {
        batch.schema().fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect()
    };
    let (left, right) = (names(one), names(other));
    if left != right {
        let (one, other) = (left.join(", "), right.join(", "));
        return Some(Difference { column: "columns".into(), row: 1, one, other, ..Difference::default() });
    }
    let schema = one.schema();
    let columns = (0..one.num_columns()).filter(|c| !ignored.contains(&schema.field(*c).name().as_str()));
    let differs = |c: &usize, row: usize| cell(one.column(*c), row) != cell(other.column(*c), row);
    // Whole columns first: mostly all of them are the same.
    let unlike: Vec<usize> = columns.filter(|c| one.column(*c) != other.column(*c)).collect();
    let first = unlike.iter().filter_map(|c| (0..one.num_rows()).find(|row| differs(c, *row)).map(|row| (row, *c)));
    let (row, column) = first.min()?;
    let text = |batch: &RecordBatch| cell(batch.column(column), row).unwrap_or_else(|| "nothing".into());
    Some(Difference { one: text(one), other: text(other), ..at(one, row, done, schema.field(column).name()) })
}

fn at(batch: &RecordBatch, row: usize, done: u64, column: &str) -> Difference {
    let id = |name: &str| batch.column_by_name(name).and_then(|c| cell(c, row));
    Difference {
        row: done + row as u64 + 1,
        psn_no: id("psn_no"),
        setl_id: id("setl_id"),
        column: column.to_owned(),
        ..Difference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, StringArray};
    use std::sync::Arc;

    fn batch(ids: &[&str], values: &[Option<&str>]) -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] = [
            ("psn_no", Arc::new(StringArray::from(ids.to_vec()))),
            ("value", Arc::new(StringArray::from(values.to_vec()))),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap()
    }

    #[test]
    fn the_first_row_and_column_that_differ_are_told() {
        let one = batch(&["P1", "P2"], &[Some("a"), Some("b")]);
        assert_eq!(of_batches(&one, &one, &[], 0), None);
        let other = batch(&["P1", "P2"], &[Some("a"), None]);
        let found = of_batches(&one, &other, &[], 10).unwrap();
        assert_eq!((found.row, found.psn_no.as_deref(), &*found.column), (12, Some("P2"), "value"));
        assert_eq!((&*found.one, &*found.other), ("b", "nothing"));
        assert_eq!(of_batches(&one, &other, &["value"], 0), None);
    }
}

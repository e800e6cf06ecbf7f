//! The ledger written again with other recorded payments, and the truth beside it.

use super::GenerateError;
use super::errors::is_resident;
use super::ledger_file::{NAME, VARIED};
use super::sheet::{GROUP_ROWS, Sheet};
use crate::ledger::reject::place;
use crate::model::codes::Insutype;
use arrow::array::{ArrayRef, Decimal128Array, Int32Array, RecordBatch, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Recorded payments by row of the ledger, in fen: residents' and employees' catastrophic insurance, assistance.
pub struct Recorded([Vec<i64>; 3]);

/// The columns that they are booked in.
const COLUMNS: [&str; 3] = ["hifmi_pay", "hifob_pay", "maf_pay"];

impl Recorded {
    /// Nothing recorded on any of so many rows.
    pub fn new(rows: u64) -> Self {
        Self([(); 3].map(|()| vec![0; rows as usize]))
    }

    /// Books payments on a row.
    pub fn set(&mut self, origin: u64, insutype: Insutype, cii: i64, maf: i64) {
        let row = place(origin).1 as usize - 1;
        let resident = is_resident(insutype);
        self.0[0][row] = if resident { cii } else { 0 };
        self.0[1][row] = if resident { 0 } else { cii };
        self.0[2][row] = maf;
    }
}

/// What changes in the ledger.
pub struct Rewrite {
    /// Recorded payments.
    pub recorded: Recorded,
    /// Rows, from 1, that stand there twice.
    pub copies: BTreeSet<u64>,
    /// Rows, from 1, that change places; both of one row group.
    pub swaps: Vec<(u64, u64)>,
}

/// A planted error: what a person was paid too much (or, negative, too little) for it in a fund.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Truth {
    /// The person.
    pub psn_no: String,
    /// Year charged.
    pub charge_year: i32,
    /// The cause.
    pub cause: &'static str,
    /// The fund.
    pub fund: &'static str,
    /// In fen.
    pub amount: i64,
}

/// Writes the ledger again; the file, still under its staged name, and its rows.
pub fn write_ledger(base: &Path, rewrite: &Rewrite, out: &Path) -> Result<(Sheet, u64), GenerateError> {
    let read = |source: ParquetError| GenerateError::Write { path: base.to_owned(), source };
    let file = File::open(base).map_err(|source| GenerateError::Io { path: base.to_owned(), source })?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options).map_err(read)?;
    let schema = builder.schema().clone();
    let mut sheet = Sheet::create(out, NAME, schema.as_ref().clone(), &VARIED)?;
    let (mut before, mut rows) = (0u64, 0u64);
    for batch in builder.with_batch_size(GROUP_ROWS).build().map_err(read)? {
        let batch = batch.map_err(|e| read(e.into()))?;
        let count = batch.num_rows();
        let written = rewritten(&batch, rewrite, before);
        rows += written.as_ref().map_or(0, |b| b.num_rows() as u64);
        sheet.group(written)?;
        before += count as u64;
    }
    sheet.finish()?;
    Ok((sheet, rows))
}

fn rewritten(batch: &RecordBatch, rewrite: &Rewrite, before: u64) -> Result<RecordBatch, ArrowError> {
    let inside = |row: &u64| (before + 1..=before + batch.num_rows() as u64).contains(row);
    let mut rows: Vec<u32> = (0..batch.num_rows() as u32).collect();
    for (a, b) in rewrite.swaps.iter().filter(|(a, b)| inside(a) && inside(b)) {
        rows.swap((a - before - 1) as usize, (b - before - 1) as usize);
    }
    let copies: Vec<u32> = rewrite.copies.iter().filter(|r| inside(r)).map(|r| (r - before - 1) as u32).collect();
    let twice = |row: u32| std::iter::repeat_n(row, if copies.binary_search(&row).is_ok() { 2 } else { 1 });
    let rows: UInt32Array = rows.into_iter().flat_map(twice).collect::<Vec<u32>>().into();
    let schema = batch.schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let booked = COLUMNS.iter().position(|c| c == field.name());
        let column = match booked.map(|n| &rewrite.recorded.0[n]) {
            Some(fen) => {
                let fen = fen[before as usize..before as usize + batch.num_rows()].iter().map(|f| i128::from(*f));
                Arc::new(Decimal128Array::from_iter_values(fen).with_precision_and_scale(18, 2)?) as ArrayRef
            }
            None => column.clone(),
        };
        columns.push(take(&column, &rows, None)?);
    }
    RecordBatch::try_new(schema, columns)
}

/// Writes `truth.parquet`; the file is still under its staged name.
pub fn write_truth(truth: &[Truth], out: &Path) -> Result<Sheet, GenerateError> {
    let fields = vec![
        Field::new("psn_no", DataType::Utf8, false),
        Field::new("charge_year", DataType::Int32, false),
        Field::new("cause", DataType::Utf8, false),
        Field::new("fund", DataType::Utf8, false),
        Field::new("amount", DataType::Decimal128(18, 2), false),
    ];
    let mut sheet = Sheet::create(out, "truth.parquet", Schema::new(fields), &["psn_no"])?;
    let amounts = Decimal128Array::from_iter_values(truth.iter().map(|t| i128::from(t.amount)));
    let batch = amounts.with_precision_and_scale(18, 2).and_then(|amounts| {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(truth.iter().map(|t| Some(t.psn_no.as_str())).collect::<StringArray>()),
            Arc::new(truth.iter().map(|t| t.charge_year).collect::<Int32Array>()),
            Arc::new(truth.iter().map(|t| Some(t.cause)).collect::<StringArray>()),
            Arc::new(truth.iter().map(|t| Some(t.fund)).collect::<StringArray>()),
            Arc::new(amounts),
        ];
        RecordBatch::try_new(sheet.schema(), columns)
    });
    sheet.group(batch)?;
    sheet.finish()?;
    Ok(sheet)
}

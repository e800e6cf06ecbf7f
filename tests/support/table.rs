//! Tables as rows of text: what a clerk reads, written to Parquet and read back.

use super::contract::{Kind, kind_of};
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Field, Schema};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{NaiveDate, NaiveDateTime};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A row: column to value as text. A column that a row does not hold is null.
pub type Row = BTreeMap<String, String>;

/// A table read back.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Its columns, in order.
    pub columns: Vec<String>,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

/// An amount of yuan in fen; `None` for what is no amount of at most two decimals.
pub fn fen(text: &str) -> Option<i128> {
    let fen = text.parse::<Decimal>().ok()?.checked_mul(Decimal::ONE_HUNDRED)?.normalize();
    (fen.scale() == 0).then(|| fen.mantissa())
}

/// Fen as yuan with two decimals.
pub fn yuan(fen: i128) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

/// Every column that a row names, with the contract's type of it.
///
/// # Panics
/// On a name that the contract does not know: the program would ignore such a column, and so a
/// misspelt fact would be no fact.
pub fn columns_of(rows: &[Row]) -> Vec<(String, Kind)> {
    let names: BTreeSet<&String> = rows.iter().flat_map(Row::keys).collect();
    let typed = |name: &String| match kind_of(name) {
        Some(kind) => (name.clone(), kind),
        None => panic!("`{name}` is no column of the contract"),
    };
    names.into_iter().map(typed).collect()
}

/// Writes rows to a Parquet file with the columns given.
///
/// # Panics
/// On a value that its column cannot hold, and where the file cannot be written.
pub fn write<N: AsRef<str>>(path: &Path, columns: &[(N, Kind)], rows: &[Row]) {
    let arrays: Vec<(&str, ArrayRef)> =
        columns.iter().map(|(name, kind)| (name.as_ref(), array(name.as_ref(), *kind, rows))).collect();
    let fields: Vec<Field> = arrays.iter().map(|(name, a)| Field::new(*name, a.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), arrays.into_iter().map(|(_, a)| a).collect()).expect("columns");
    let file = File::create(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut writer = ArrowWriter::try_new(file, schema, None).expect("a Parquet writer");
    writer.write(&batch).expect("rows are written");
    writer.close().expect("the file is closed");
}

fn array(name: &str, kind: Kind, rows: &[Row]) -> ArrayRef {
    let cells: Vec<Option<&str>> = rows.iter().map(|r| r.get(name).map(String::as_str)).collect();
    match kind {
        Kind::Amount => amounts(&cells),
        Kind::Text => Arc::new(StringArray::from(cells)),
        Kind::Moment => Arc::new(TimestampMicrosecondArray::from(parsed(name, &cells, micros))),
        Kind::Day => Arc::new(Date32Array::from(parsed(name, &cells, day))),
        Kind::Flag => Arc::new(BooleanArray::from(parsed(name, &cells, |c| c.parse::<bool>().ok()))),
    }
}

/// Amounts as decimals; the whole column as text where one of them is no amount.
fn amounts(cells: &[Option<&str>]) -> ArrayRef {
    let exact: Option<Vec<Option<i128>>> = cells.iter().map(|c| c.map_or(Some(None), |c| fen(c).map(Some))).collect();
    match exact {
        Some(fen) => Arc::new(Decimal128Array::from(fen).with_precision_and_scale(18, 2).expect("18 digits")),
        None => Arc::new(StringArray::from(cells.to_vec())),
    }
}

fn parsed<T>(name: &str, cells: &[Option<&str>], parse: impl Fn(&str) -> Option<T>) -> Vec<Option<T>> {
    let value = |cell: &str| parse(cell).unwrap_or_else(|| panic!("`{cell}` cannot stand in `{name}`"));
    cells.iter().map(|cell| cell.map(value)).collect()
}

fn day(text: &str) -> Option<i32> {
    let days = text.parse::<NaiveDate>().ok()?.signed_duration_since(NaiveDate::default()).num_days();
    i32::try_from(days).ok()
}

fn micros(text: &str) -> Option<i64> {
    let moment = text.parse::<NaiveDateTime>().ok().or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0))?;
    Some(moment.and_utc().timestamp_micros())
}

/// Reads a Parquet file, every value as text, whatever its physical form (plain or dictionary).
///
/// # Errors
/// What is wrong with which file, in words.
pub fn read(path: &Path) -> Result<Table, String> {
    let say = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let file = File::open(path).map_err(|e| say(&e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| say(&e))?;
    let columns = reader.schema().fields().iter().map(|f| f.name().clone()).collect();
    let mut table = Table { columns, rows: Vec::new() };
    for batch in reader.build().map_err(|e| say(&e))? {
        let batch = batch.map_err(|e| say(&e))?;
        table.rows.extend(rows_of(&batch).map_err(|e| say(&e))?);
    }
    Ok(table)
}

fn rows_of(batch: &RecordBatch) -> Result<Vec<Row>, arrow::error::ArrowError> {
    let mut rows = vec![Row::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let options = FormatOptions::default();
        let text = ArrayFormatter::try_new(column, &options)?;
        // A dictionary may hold a null behind a key.
        let nulls = column.logical_nulls();
        for (i, row) in rows.iter_mut().enumerate() {
            if !nulls.as_ref().is_some_and(|n| n.is_null(i)) {
                row.insert(field.name().clone(), text.value(i).try_to_string()?);
            }
        }
    }
    Ok(rows)
}

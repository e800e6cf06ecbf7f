//! Tables between Arrow and Python.

use super::errors::LedgerError;
use crate::batches::Tables;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::pyarrow::{PyArrowType, Table};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use pyo3::prelude::*;
use std::sync::Arc;

/// Letters of a foreign error that are told.
const MOST_SAID: usize = 200;

/// A batch of Python's.
pub(super) fn batch(given: &Bound<'_, PyAny>, what: &str) -> PyResult<RecordBatch> {
    let unsound = |error: PyErr| {
        let said: String = error.to_string().chars().take(MOST_SAID).collect();
        LedgerError::new_err(format!(
            "{what}: a batch that is not sound Arrow: {said}\n  check where its columns come from"
        ))
    };
    Ok(given.extract::<PyArrowType<RecordBatch>>().map_err(unsound)?.0)
}

/// A table as a Parquet file in memory: so it is read, checked and hashed as any other ledger. Columns of types
/// that no Parquet file has are left out, as none that is read could be of them.
pub(super) fn parquet(table: Table) -> Result<Bytes, ParquetError> {
    let (batches, schema) = table.into_inner();
    let stored: Vec<usize> = (0..schema.fields().len()).filter(|c| in_parquet(schema.field(*c).data_type())).collect();
    let field = |c: &usize| Field::new(schema.field(*c).name(), stored_as(schema.field(*c).data_type()), true);
    let schema = Arc::new(Schema::new(stored.iter().map(field).collect::<Vec<_>>()));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties))?;
    for batch in batches {
        let column = |c: &usize| cast(batch.column(*c), &stored_as(batch.column(*c).data_type()));
        let columns: Vec<ArrayRef> = stored.iter().map(column).collect::<Result<_, _>>()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        writer.write(&RecordBatch::try_new_with_options(schema.clone(), columns, &rows)?)?;
    }
    Ok(writer.into_inner()?.into())
}

/// The type in which a file tells what a column is: it knows no seconds, and days in milliseconds only as instants.
fn stored_as(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Date64 => DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Dictionary(_, values) if stored_as(values) != **values => stored_as(values),
        DataType::Decimal32(_, ..0) | DataType::Decimal64(_, ..0) | DataType::Decimal128(_, ..0) => {
            DataType::Decimal128(38, 0)
        }
        DataType::Decimal256(_, ..0) => DataType::Decimal256(76, 0),
        other => other.clone(),
    }
}

fn in_parquet(data_type: &DataType) -> bool {
    match data_type {
        DataType::Union(..) | DataType::Interval(_) | DataType::Duration(_) | DataType::RunEndEncoded(..) => false,
        DataType::FixedSizeBinary(bytes) => *bytes > 0,
        DataType::Struct(fields) => !fields.is_empty() && fields.iter().all(|f| in_parquet(f.data_type())),
        DataType::Dictionary(_, values) => in_parquet(values),
        DataType::List(of) | DataType::LargeList(of) | DataType::FixedSizeList(of, _) | DataType::Map(of, _) => {
            in_parquet(of.data_type())
        }
        DataType::ListView(_) | DataType::LargeListView(_) => false,
        _ => true,
    }
}

/// Batches of the outputs, by name.
pub(super) fn to_python(py: Python<'_>, tables: Tables) -> PyResult<Vec<(&'static str, Bound<'_, PyAny>)>> {
    tables.into_iter().map(|(name, batch)| Ok((name, PyArrowType(batch).into_pyobject(py)?))).collect()
}

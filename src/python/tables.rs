//! Tables between Arrow and Python.

use crate::batches::Tables;
use arrow::pyarrow::{PyArrowType, Table};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use pyo3::prelude::*;

/// A table as a Parquet file in memory: so it is read, checked and hashed as any other ledger.
pub(super) fn parquet(table: &Table) -> Result<Bytes, ParquetError> {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties))?;
    table.record_batches().iter().try_for_each(|batch| writer.write(batch))?;
    Ok(writer.into_inner()?.into())
}

/// Batches of the outputs, by name.
pub(super) fn to_python(py: Python<'_>, tables: Tables) -> PyResult<Vec<(&'static str, Bound<'_, PyAny>)>> {
    tables.into_iter().map(|(name, batch)| Ok((name, PyArrowType(batch).into_pyobject(py)?))).collect()
}

//! A Parquet file in the making: staged beside its final name, row group by row group.

use super::GenerateError;
use crate::output::access::private;
use crate::output::unfinished::{self, Unfinished};
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows of a row group; no more of a file than this is in memory at a time.
pub const GROUP_ROWS: usize = 65_536;

/// A file that appears under its name only when it is whole.
pub struct Sheet {
    schema: SchemaRef,
    /// `None` only once the file was finished.
    writer: Option<ArrowWriter<BufWriter<File>>>,
    staged: Unfinished,
    path: PathBuf,
}

impl Sheet {
    /// Opens `name` in the folder. `varied` names columns with hardly a value twice, for which a
    /// dictionary is a waste.
    pub fn create(folder: &Path, name: &str, schema: Schema, varied: &[&str]) -> Result<Self, GenerateError> {
        let path = folder.join(name);
        refuse_existing(&path)?;
        let staged = folder.join(format!(".{name}.part"));
        // A killed run may have left one.
        let _ = unfinished::remove(&staged);
        let made = Unfinished::make(&staged, |path| private().create_new(true).open(path));
        let (staged, file) = made.map_err(|source| GenerateError::Io { path: staged.clone(), source })?;
        let schema = Arc::new(schema);
        let options = ArrowWriterOptions::new()
            .with_properties(properties(varied))
            // Other readers then see plain decimals and no schema of our own.
            .with_skip_arrow_metadata(true);
        let mut sheet = Sheet { schema: schema.clone(), writer: None, staged, path };
        let writer = ArrowWriter::try_new_with_options(BufWriter::new(file), schema, options);
        sheet.writer = Some(writer.map_err(|e| sheet.error(e))?);
        Ok(sheet)
    }

    /// Columns, in order.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Writes one row group.
    pub fn group(&mut self, batch: Result<RecordBatch, arrow::error::ArrowError>) -> Result<(), GenerateError> {
        let written = batch.map_err(ParquetError::from).and_then(|batch| match self.writer.as_mut() {
            Some(writer) => writer.write(&batch).and_then(|()| writer.flush()),
            None => Ok(()),
        });
        written.map_err(|e| self.error(e))
    }

    /// Ends the file; it still stands under its staged name.
    pub fn finish(&mut self) -> Result<(), GenerateError> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let buffered = writer.into_inner().map_err(|e| self.error(e))?;
        let io = |source| GenerateError::Io { path: self.path.clone(), source };
        buffered.into_inner().map_err(|e| io(e.into_error()))?.sync_all().map_err(io)
    }

    /// The finished file under its staged name, and the name that it is to have.
    pub fn finished(self) -> (Unfinished, PathBuf) {
        (self.staged, self.path)
    }

    fn error(&self, source: ParquetError) -> GenerateError {
        GenerateError::Write { path: self.path.clone(), source }
    }
}

/// An existing file is never replaced.
pub fn refuse_existing(path: &Path) -> Result<(), GenerateError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Err(GenerateError::Exists { path: path.to_path_buf() }),
        Err(_) => Ok(()),
    }
}

fn properties(varied: &[&str]) -> WriterProperties {
    let start = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS));
    let without = |builder: parquet::file::properties::WriterPropertiesBuilder, column: &&str| {
        builder.set_column_dictionary_enabled(ColumnPath::from(*column), false)
    };
    varied.iter().fold(start, without).build()
}

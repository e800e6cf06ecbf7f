//! One output Parquet file: row groups are encoded by whoever settles them, and appended in order.

use super::access::private;
use super::error::OutputError;
use crate::ledger::open::Source;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Size and SHA-256 of a file, for the manifest.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileDigest {
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub size: u64,
    /// SHA-256, in hex, as `sha256sum` prints it.
    pub sha256: String,
}

/// Hex of a digest.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A file that is hashed as it is written.
struct Hashing {
    inner: BufWriter<File>,
    hash: Sha256,
    size: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Encodes row groups of one file, in any thread.
pub struct Encoder {
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    name: String,
}

/// An encoded row group.
pub struct Encoded {
    chunks: Vec<ArrowColumnChunk>,
    rows: u64,
}

impl Encoder {
    /// Encodes a batch as one row group; `None` where it has no rows.
    ///
    /// # Errors
    /// [`OutputError::Encode`].
    pub fn encode(&self, batch: &RecordBatch) -> Result<Option<Encoded>, OutputError> {
        if batch.num_rows() == 0 {
            return Ok(None);
        }
        let encode = || -> Result<Vec<ArrowColumnChunk>, ParquetError> {
            let writers = self.factory.create_column_writers(0)?;
            let mut chunks = Vec::with_capacity(writers.len());
            let columns = self.schema.fields().iter().zip(batch.columns());
            for (mut writer, (field, array)) in writers.into_iter().zip(columns) {
                for leaf in compute_leaves(field, array)? {
                    writer.write(&leaf)?;
                }
                let mut chunk = writer.close()?;
                if sorted_by(field) {
                    let chunk = chunk.close_mut();
                    chunk.metadata = with_bounds(&chunk.metadata, array)?;
                }
                chunks.push(chunk);
            }
            Ok(chunks)
        };
        let chunks = encode().map_err(|e| OutputError::Encode { file: self.name.clone(), message: e.to_string() })?;
        Ok(Some(Encoded { chunks, rows: batch.num_rows() as u64 }))
    }

    /// The schema of the file.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

/// A Parquet file being written.
pub struct ParquetFile {
    writer: SerializedFileWriter<Hashing>,
    path: PathBuf,
    rows: u64,
}

impl ParquetFile {
    /// Starts a file, and an encoder for its row groups.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn create(path: &Path, schema: SchemaRef) -> Result<(Self, Encoder), OutputError> {
        let io = |source| OutputError::Io { path: path.to_owned(), source };
        let file = private().create_new(true).open(path).map_err(io)?;
        let sink = Hashing { inner: BufWriter::with_capacity(1 << 20, file), hash: Sha256::new(), size: 0 };
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let properties = properties(&schema);
        // Without the Arrow schema, every reader sees plain DECIMAL(18,2) and strings.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let encode = |e: ParquetError| OutputError::Encode { file: name.clone(), message: e.to_string() };
        let writer = ArrowWriter::try_new_with_options(sink, schema.clone(), options).map_err(encode)?;
        let (writer, factory) = writer.into_serialized_writer().map_err(encode)?;
        Ok((Self { writer, path: path.to_owned(), rows: 0 }, Encoder { factory, schema, name }))
    }

    /// Appends an encoded row group.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn append(&mut self, encoded: Option<Encoded>) -> Result<(), OutputError> {
        let Some(encoded) = encoded else { return Ok(()) };
        let append = || -> Result<(), ParquetError> {
            let mut group = self.writer.next_row_group()?;
            for chunk in encoded.chunks {
                chunk.append_to_row_group(&mut group)?;
            }
            group.close()?;
            Ok(())
        };
        append().map_err(|e| failed(&self.path, &e))?;
        self.rows += encoded.rows;
        Ok(())
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file and syncs it.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn finish(self) -> Result<FileDigest, OutputError> {
        let path = self.path;
        let io = |source| OutputError::Io { path: path.clone(), source };
        let sink = self.writer.into_inner().map_err(|e| failed(&path, &e))?;
        let Hashing { inner, hash, size } = sink;
        let file = inner.into_inner().map_err(|e| io(e.into_error()))?;
        file.sync_all().map_err(io)?;
        Ok(FileDigest { rows: self.rows, size, sha256: hex(&hash.finalize()) })
    }
}

/// Rows of a page at most; its bytes are limited, too, to the library's default of a megabyte.
const PAGE_ROWS: usize = 1 << 17;

/// How a column is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Few values: numbers of a dictionary.
    Codes,
    /// The same value many times on end, or hardly any but nought: as it is, for zstd to shorten.
    Repeated,
    /// Hardly a value twice: the differences from one to the next, in as many bits as they need.
    Varied,
    /// Text that shares its start with the one before.
    Prefixed,
}

/// Amounts that most rows have, and hardly two rows alike.
const VARIED: [&str; 6] =
    ["medfee_sumamt", "inscp_scp_amt", "basic_pay", "burden_after_basic", "burden_after_cii", "psn_burden"];
/// Amounts that come from a policy, not from a claim.
const FIGURES: [&str; 7] = ["lo", "ratio", "cap", "threshold", "standard", "subsidy", "own_part"];

impl Form {
    /// Chosen by measuring time and bytes of every column; every common reader knows these encodings.
    fn of(name: &str, data_type: &DataType) -> Self {
        match (name, data_type) {
            ("psn_no", _) => Form::Repeated,
            ("setl_id", DataType::Utf8) => Form::Prefixed,
            ("setl_id" | "row", _) | (_, DataType::Timestamp(..)) => Form::Varied,
            (name, _) if VARIED.contains(&name) => Form::Varied,
            (name, DataType::Decimal64(..)) if !FIGURES.contains(&name) => Form::Repeated,
            (name, DataType::Int32) if name.ends_with("year") => Form::Repeated,
            ("insutype" | "status" | "reason", _) => Form::Repeated,
            _ => Form::Codes,
        }
    }

    fn encoding(self) -> Option<Encoding> {
        match self {
            Form::Codes => None,
            Form::Repeated => Some(Encoding::PLAIN),
            Form::Varied => Some(Encoding::DELTA_BINARY_PACKED),
            Form::Prefixed => Some(Encoding::DELTA_BYTE_ARRAY),
        }
    }
}

/// Whether rows stand in the order of this column, which is text.
fn sorted_by(field: &Field) -> bool {
    field.name() == "psn_no" && *field.data_type() == DataType::Utf8 && !field.is_nullable()
}

/// A chunk with its least and greatest value, which in sorted rows are the first and the last.
fn with_bounds(chunk: &ColumnChunkMetaData, sorted: &ArrayRef) -> Result<ColumnChunkMetaData, ParquetError> {
    let ids = sorted.as_string::<i32>();
    if ids.null_count() > 0 || ids.is_empty() {
        return Ok(chunk.clone());
    }
    let bound = |row: usize| Some(ByteArray::from(ids.value(row)));
    let bounds = ValueStatistics::new(bound(0), bound(ids.len() - 1), None, Some(0), false);
    chunk.clone().into_builder().set_statistics(Statistics::ByteArray(bounds)).build()
}

fn properties(schema: &Schema) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Where pages start helps nobody without their bounds, and is kept in memory to the end.
        .set_offset_index_disabled(true)
        // A page a column of a usual row group: fewer are quicker written and read, and shorten better.
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_created_by(concat!("onestop ", env!("CARGO_PKG_VERSION")).to_owned());
    for field in schema.fields() {
        let (path, form) = (ColumnPath::from(field.name().as_str()), Form::of(field.name(), field.data_type()));
        if let Some(encoding) = form.encoding() {
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path.clone(), encoding);
        }
        // Nobody looks for a range of codes or of records; persons' come from their order.
        if form == Form::Prefixed || !(field.data_type().is_primitive()) {
            properties = properties.set_column_statistics_enabled(path, EnabledStatistics::None);
        }
    }
    properties.build()
}

fn failed(path: &Path, error: &ParquetError) -> OutputError {
    let file = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    OutputError::Encode { file, message: error.to_string() }
}

/// Size and digest of an input file.
///
/// # Errors
/// If it cannot be read.
pub fn digest_of(path: &Path) -> std::io::Result<(u64, String)> {
    use std::io::Read;
    let mut file = File::open(path)?;
    let (mut hash, mut size) = (Sha256::new(), 0u64);
    let mut buffer = vec![0u8; 1 << 20];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, hex(&hash.finalize())));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

/// Size and SHA-256 of a source's bytes, wherever they are.
///
/// # Errors
/// If it cannot be read.
pub fn digest_of_source(source: &Source) -> std::io::Result<(u64, String)> {
    let of = |bytes: &[u8]| (bytes.len() as u64, hex(&Sha256::digest(bytes)));
    match source {
        Source::Path(path) => digest_of(path),
        Source::Embedded(_, bytes) => Ok(of(bytes)),
        Source::Given(_, bytes) => Ok(of(bytes)),
    }
}

/// Digest of a text.
pub fn digest_of_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

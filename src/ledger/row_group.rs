//! Reading a row group: only the columns that are wanted, in the types that are cheapest to go on with.

use super::error::LedgerError;
use super::mask::Mask;
use super::open::{InputFile, guarded, options};
use super::watched::Watched;
use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::basic::{ConvertedType, Encoding, Type as PhysicalType};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};
use std::sync::Arc;

/// Bytes of text that a batch may take, about; of rows such as a ledger has, many times as many fit.
const BATCH_BYTES: u64 = 128 << 20;

/// A row group being read, batch by batch.
pub struct GroupReader {
    file: String,
    group: usize,
    reader: ParquetRecordBatchReader,
    /// Rows that are still to come, where all are read.
    left: Option<u64>,
    /// Where each expected column stands in the batches.
    positions: Vec<Option<usize>>,
    /// The expected column that is masked, and how.
    mask: Option<(usize, Mask)>,
}

impl GroupReader {
    /// The next batch; `None` after the last. Columns that the file does not have are not in it.
    ///
    /// # Errors
    /// [`LedgerError::Parquet`] with file and row group, also where the reader panics on damage.
    pub fn next_batch(&mut self) -> Result<Option<Columns<'_>>, LedgerError> {
        let Self { file, group, reader, left, positions, mask } = self;
        let batch = guarded(file, Some(*group), || {
            let batch: Option<RecordBatch> = reader.next().transpose()?;
            // A page that is missing, or one too many, is no error of the page.
            let rows = batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
            match left.as_mut().map(|left| (left.checked_sub(rows), left)) {
                Some((Some(after), left)) if batch.is_some() || after == 0 => *left = after,
                None => {}
                Some(_) => return Err(ParquetError::General("its pages hold other rows than it tells of".to_owned())),
            }
            Ok(batch)
        })?;
        let Some(batch) = batch else { return Ok(None) };
        let mut columns = Columns { batch, positions, masked: None };
        if let Some((psn_no, mask)) = mask
            && let Some(array) = columns.get(*psn_no)
        {
            let masked = guarded(file, Some(*group), || Ok(mask.column(array)?))?;
            columns.masked = Some((*psn_no, masked));
        }
        Ok(Some(columns))
    }
}

impl InputFile {
    /// Begins to read a row group, only the columns asked for (by number), in batches of at most
    /// `batch_rows`.
    ///
    /// # Errors
    /// [`LedgerError::Parquet`] with file and row group.
    pub fn open_group(
        &self,
        row_group: usize,
        columns: &[usize],
        batch_rows: usize,
    ) -> Result<GroupReader, LedgerError> {
        self.open_rows(row_group, columns, batch_rows, None)
    }

    /// Begins to read some rows of a row group, all where none are named: the others are not decoded.
    ///
    /// # Errors
    /// [`LedgerError::Parquet`] with file and row group.
    pub fn open_rows(
        &self,
        row_group: usize,
        columns: &[usize],
        batch_rows: usize,
        rows: Option<RowSelection>,
    ) -> Result<GroupReader, LedgerError> {
        let file = self.name();
        let roots: Vec<usize> = columns.iter().filter_map(|&c| self.mapping.at[c]).collect();
        let left = rows.is_none().then(|| self.rows_of(row_group));
        let reader = guarded(&file, Some(row_group), || self.reader(row_group, roots.clone(), batch_rows, rows))?;
        // Projected columns come in file order.
        let mut order = roots;
        order.sort_unstable();
        order.dedup();
        let place = |(c, at): (usize, &Option<usize>)| {
            at.filter(|_| columns.contains(&c)).and_then(|i| order.binary_search(&i).ok())
        };
        let positions = self.mapping.at.iter().enumerate().map(place).collect();
        let mask = self.mask().map(|(psn_no, mask)| (psn_no, mask.clone()));
        Ok(GroupReader { file, group: row_group, reader, left, positions, mask })
    }

    /// Reads a row group to its end: `each` gets every batch.
    ///
    /// # Errors
    /// Those of `each`, and [`LedgerError::Parquet`] with file and row group.
    pub fn read<E: From<LedgerError>>(
        &self,
        row_group: usize,
        columns: &[usize],
        batch_rows: usize,
        mut each: impl FnMut(&Columns<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut reader = self.open_group(row_group, columns, batch_rows)?;
        while let Some(columns) = reader.next_batch()? {
            each(&columns)?;
        }
        Ok(())
    }

    /// The file's metadata, its columns read in the types that are cheapest to go on with, if the reader
    /// can.
    fn better_typed(&self, row_group: usize) -> ArrowReaderMetadata {
        let (metadata, schema) = (self.metadata.metadata(), self.metadata.schema());
        let group = metadata.row_group(row_group);
        let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
        let parquet = self.metadata.parquet_schema();
        for (index, leaf, better) in &self.better {
            if is_better(better, &parquet.column(*leaf), group.column(*leaf)) {
                fields[*index] = Arc::new(fields[*index].as_ref().clone().with_data_type(better.clone()));
            }
        }
        let typed = options().with_schema(Arc::new(Schema::new(fields)));
        ArrowReaderMetadata::try_new(metadata.clone(), typed).unwrap_or_else(|_| self.metadata.clone())
    }

    fn reader(
        &self,
        row_group: usize,
        roots: Vec<usize>,
        batch_rows: usize,
        rows: Option<RowSelection>,
    ) -> Result<ParquetRecordBatchReader, parquet::errors::ParquetError> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), roots);
        let metadata = self.better_typed(row_group);
        let wanted = |leaf| mask.leaf_included(leaf);
        let file = Watched::group(&self.source, metadata.metadata(), row_group, wanted)?;
        let fit = BATCH_BYTES / file.row_bytes().max(1);
        let batch_rows = batch_rows.min(usize::try_from(fit).unwrap_or(usize::MAX)).max(1);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
            .with_row_groups(vec![row_group])
            .with_projection(mask)
            .with_batch_size(batch_rows);
        match rows {
            Some(rows) => builder.with_row_selection(rows).build(),
            None => builder.build(),
        }
    }
}

/// The columns of a batch, by number of the expected schema.
pub struct Columns<'a> {
    batch: RecordBatch,
    positions: &'a [Option<usize>],
    /// A column that is not given as it is.
    masked: Option<(usize, ArrayRef)>,
}

impl<'a> Columns<'a> {
    /// The columns of a batch that stand at these places.
    pub fn of(batch: RecordBatch, positions: &'a [Option<usize>]) -> Self {
        Self { batch, positions, masked: None }
    }

    /// Rows in the batch.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column, if the file has it and it was asked for.
    pub fn get(&self, column: usize) -> Option<&ArrayRef> {
        match &self.masked {
            Some((masked, array)) if *masked == column => Some(array),
            _ => self.positions[column].map(|p| self.batch.column(p)),
        }
    }
}

/// The one leaf of a column that is not nested.
pub(super) fn leaf_of(schema: &SchemaDescriptor, root: usize) -> Option<usize> {
    let mut leaves = (0..schema.num_columns()).filter(|leaf| schema.get_column_root_idx(*leaf) == root);
    leaves.next().filter(|_| leaves.next().is_none())
}

/// Whether the reader can give a column of a row group in the better type, and should: texts by number
/// only where the file has them so and not all are null, else numbers are dearer to make than texts; money
/// as 64-bit integers only from what is no wider.
fn is_better(better: &DataType, column: &ColumnDescriptor, chunk: &ColumnChunkMetaData) -> bool {
    match better {
        DataType::Dictionary(..) => {
            let mut encodings = chunk.encodings();
            let dictionary = encodings.any(|e| matches!(e, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY));
            let nulls = chunk.statistics().and_then(Statistics::null_count_opt);
            let some = nulls.is_none_or(|n| n < chunk.num_values().unsigned_abs());
            dictionary && some && column.converted_type() == ConvertedType::UTF8
        }
        _ => match column.physical_type() {
            PhysicalType::INT32 | PhysicalType::INT64 => true,
            PhysicalType::FIXED_LEN_BYTE_ARRAY => column.type_length() <= 8,
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::schema::parser::parse_message_type;

    #[test]
    fn a_better_type_is_asked_for_only_where_the_reader_can_give_it() {
        let schema = parse_message_type(
            "message ledger {
                optional int64 a (DECIMAL(18, 2));
                optional fixed_len_byte_array(8) b (DECIMAL(18, 2));
                optional binary c (UTF8);
                optional fixed_len_byte_array(16) d (DECIMAL(18, 2));
                optional binary e (DECIMAL(18, 2));
                optional binary f (JSON);
            }",
        );
        let schema = SchemaDescriptor::new(Arc::new(schema.unwrap()));
        let money = DataType::Decimal64(18, 2);
        let code = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let asked: Vec<bool> = [&money, &money, &code, &money, &money, &code]
            .into_iter()
            .enumerate()
            .map(|(leaf, better)| {
                let chunk =
                    ColumnChunkMetaData::builder(schema.column(leaf)).set_encodings(vec![Encoding::RLE_DICTIONARY]);
                let chunk = chunk.set_num_values(1).build().unwrap();
                assert_eq!(leaf_of(&schema, leaf), Some(leaf));
                is_better(better, &schema.column(leaf), &chunk)
            })
            .collect();
        assert_eq!(asked, [true, true, true, false, false, false]);
    }
}

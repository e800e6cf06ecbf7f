//! What a Parquet footer claims, held against the file before it is believed.

use super::compact::{Compact, LIST, STRUCT};
use parquet::basic::Type as PhysicalType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};

/// Bytes of the longest footer that is read; in memory it takes several times as much.
pub(super) const MOST_FOOTER: u64 = 128 << 20;
/// The deepest that columns may lie within one another.
const MOST_DEPTH: usize = 64;
/// Bytes of the widest column of fixed width: the widest decimal there is.
const MOST_WIDTH: i32 = 32;
/// Rows of a file beyond which they could not be told apart; no disk holds as many.
const MOST_ROWS: i64 = 1 << 40;
/// Bytes at the end of a file: length of the footer, and magic.
pub(super) const TAIL: u64 = 8;

pub(super) fn damaged(message: impl Into<String>) -> ParquetError {
    ParquetError::General(message.into())
}

/// Looks at the schema in a footer as it is written. The Parquet reader walks it from column to column within
/// it, and takes room for as many as are claimed.
pub(super) fn check_schema(footer: &[u8]) -> Result<(), ParquetError> {
    let mut children: Vec<u64> = Vec::new();
    let read = Compact(footer).fields(&mut |compact, number, kind| {
        if (number, kind) != (2, LIST) {
            return Some(false);
        }
        let (count, kind) = compact.list()?;
        children.clear();
        for _ in 0..count {
            let mut of = 0;
            (kind == STRUCT).then_some(())?;
            compact.fields(&mut |c, number, kind| {
                // Of an `i32`.
                if (number, kind) != (5, 5) {
                    return Some(false);
                }
                of = c.int()?.max(0).unsigned_abs();
                Some(true)
            })?;
            children.push(of);
        }
        Some(true)
    });
    read.ok_or_else(|| damaged("the footer cannot be read"))?;
    let count = children.len() as u64;
    let mut open: Vec<u64> = Vec::new();
    for of in children {
        while open.last() == Some(&0) {
            open.pop();
        }
        if let Some(left) = open.last_mut() {
            *left -= 1;
        }
        if of > count {
            return Err(damaged(format!("the footer tells of {of} columns within one, and of {count} in all")));
        }
        open.push(of);
        if open.len() > MOST_DEPTH {
            return Err(damaged(format!("columns lie within one another more than {MOST_DEPTH} deep")));
        }
    }
    Ok(())
}

/// Holds the rows of the row groups against those of the file.
pub(super) fn check_rows(metadata: &ParquetMetaData) -> Result<(), ParquetError> {
    let claimed = metadata.file_metadata().num_rows();
    let mut rows = Some(0i64);
    for group in metadata.row_groups() {
        rows = rows.and_then(|sum| sum.checked_add(group.num_rows()).filter(|_| group.num_rows() >= 0));
    }
    if rows == Some(claimed) && claimed < MOST_ROWS {
        return Ok(());
    }
    if rows == Some(claimed) {
        return Err(damaged(format!("the footer tells of {claimed} rows")));
    }
    Err(damaged(format!("the footer tells of {claimed} rows, and its row groups of others")))
}

/// A column chunk of a row group that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) leaf: usize,
    pub(super) column: String,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) metadata: ColumnChunkMetaData,
}

/// The column chunks of a row group that are to be read, by place, each inside the file and beside the others.
pub(super) fn chunks(
    metadata: &ParquetMetaData,
    row_group: usize,
    wanted: impl Fn(usize) -> bool,
    end_of_pages: u64,
) -> Result<Vec<Chunk>, ParquetError> {
    let group = metadata.row_group(row_group);
    let mut chunks = Vec::new();
    for (leaf, metadata) in group.columns().iter().enumerate().filter(|(leaf, _)| wanted(*leaf)) {
        let column = metadata.column_path().string();
        let bytes = metadata.compressed_size();
        let start = metadata.dictionary_page_offset().unwrap_or(metadata.data_page_offset());
        let place = u64::try_from(start).ok().zip(u64::try_from(bytes).ok());
        let place = place.and_then(|(start, bytes)| Some((start, start.checked_add(bytes)?)));
        let Some((start, end)) = place.filter(|(_, end)| *end <= end_of_pages) else {
            return Err(damaged(format!("column `{column}` is said to lie outside the file's pages")));
        };
        let descriptor = metadata.column_descr();
        if descriptor.max_rep_level() == 0 && metadata.num_values() != group.num_rows() {
            let (values, rows) = (metadata.num_values(), group.num_rows());
            return Err(damaged(format!("column `{column}` is said to have {values} values in {rows} rows")));
        }
        let fixed = descriptor.physical_type() == PhysicalType::FIXED_LEN_BYTE_ARRAY;
        if fixed && descriptor.type_length() > MOST_WIDTH {
            let width = descriptor.type_length();
            return Err(damaged(format!("column `{column}` is said to be {width} bytes wide")));
        }
        chunks.push(Chunk { leaf, column, start, end, metadata: metadata.clone() });
    }
    chunks.sort_by_key(|chunk| (chunk.start, chunk.end));
    if let Some(pair) = chunks.windows(2).find(|pair| pair[0].end > pair[1].start) {
        let (one, other) = (&pair[0].column, &pair[1].column);
        return Err(damaged(format!("columns `{one}` and `{other}` are said to lie in one place")));
    }
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer of nothing but a schema, whose elements have so many children each.
    fn schema(children: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x29, 0xfc];
        bytes.push(children.len() as u8);
        children.iter().for_each(|of| bytes.extend([0x55, of * 2, 0]));
        bytes.push(0);
        bytes
    }

    #[test]
    fn a_schema_has_no_more_columns_than_there_are_and_none_too_deep() {
        let said = |children: &[u8]| check_schema(&schema(children)).map_err(|e| e.to_string());
        assert_eq!(said(&[2, 0, 1, 0]), Ok(()));
        assert_eq!(said(&[1; 60]), Ok(()));
        assert!(said(&[60, 0]).unwrap_err().contains("60 columns within one, and of 2"));
        assert!(said(&[1; 80]).unwrap_err().contains("more than 64 deep"));
        assert!(check_schema(&[0x29]).is_err());
    }
}

//! An output file row by row, in bounded memory, its columns by number.

use crate::ledger::open::{guarded, options};
use crate::ledger::watched::Watched;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;
use std::fs::File;
use std::path::Path;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 8_192;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An id: text or whole number.
    Id,
    /// Text.
    Text,
    /// Text or null.
    OptionalText,
    /// Yuan with two decimals.
    Money,
    /// The same or null.
    OptionalMoney,
    /// A ratio of six decimals, or null.
    OptionalRatio,
    /// A whole number of 32 bits.
    Int,
    /// An instant.
    Time,
}

impl Kind {
    fn takes(self, found: &DataType) -> bool {
        match self {
            Kind::Id => matches!(found, DataType::Utf8 | DataType::Int64),
            Kind::Text | Kind::OptionalText => *found == DataType::Utf8,
            Kind::Money | Kind::OptionalMoney => matches!(found, DataType::Decimal128(_, 2)),
            Kind::OptionalRatio => matches!(found, DataType::Decimal128(_, 6)),
            Kind::Int => *found == DataType::Int32,
            Kind::Time => *found == DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }

    fn may_be_null(self) -> bool {
        matches!(self, Kind::OptionalText | Kind::OptionalMoney | Kind::OptionalRatio)
    }
}

/// An id, ordered as the files are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Id {
    /// A whole number, by value.
    Int(i64),
    /// Text, by its bytes.
    Text(Box<str>),
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Id::Int(id) => write!(f, "{id}"),
            Id::Text(id) => f.write_str(id),
        }
    }
}

/// A file being read, standing at one of its rows.
pub(crate) struct Stream {
    name: String,
    reader: ParquetRecordBatchReader,
    kinds: Vec<(&'static str, Kind)>,
    columns: Vec<ArrayRef>,
    at: usize,
    rows: usize,
    row: u64,
}

impl Stream {
    /// Opens a file for some of its columns; why it cannot be read, in words.
    pub(crate) fn open(dir: &Path, name: &str, kinds: Vec<(&'static str, Kind)>) -> Result<Self, String> {
        let path = dir.join(name);
        File::open(&path).map_err(|e| e.to_string())?;
        let opened = guarded(name, None, || {
            let builder = Watched::whole(&path, options())?;
            let schema = builder.schema().clone();
            let roots = schema.fields().iter().enumerate();
            let roots: Vec<usize> =
                roots.filter(|(_, f)| kinds.iter().any(|(n, _)| n == f.name())).map(|(at, _)| at).collect();
            let mask = ProjectionMask::roots(builder.parquet_schema(), roots);
            Ok((schema, builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()?))
        });
        let (schema, reader) = opened.map_err(|e| e.to_string())?;
        for (column, kind) in &kinds {
            let field = schema.field_with_name(column).map_err(|_| format!("no column {column}"))?;
            if !kind.takes(field.data_type()) {
                return Err(format!("column {column} is of the type {}", field.data_type()));
            }
        }
        Ok(Self { name: name.to_owned(), reader, kinds, columns: Vec::new(), at: 0, rows: 0, row: 0 })
    }

    /// Goes to the next row; whether there is one.
    pub(crate) fn advance(&mut self) -> Result<bool, String> {
        self.at += 1;
        while self.at >= self.rows {
            let next = guarded(&self.name, None, || self.reader.next().transpose().map_err(Into::into));
            let Some(batch) = next.map_err(|e| e.to_string())? else { return Ok(false) };
            self.columns.clear();
            for (name, kind) in &self.kinds {
                let column = batch.column_by_name(name).ok_or_else(|| format!("no column {name}"))?;
                if !kind.may_be_null() && column.null_count() > 0 {
                    return Err(format!("column {name} holds a null"));
                }
                self.columns.push(column.clone());
            }
            (self.at, self.rows) = (0, batch.num_rows());
        }
        self.row += 1;
        Ok(true)
    }

    /// The row's number, from 1.
    pub(crate) fn row(&self) -> u64 {
        self.row
    }

    /// Name of the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn is_null(&self, column: usize) -> bool {
        self.columns[column].is_null(self.at)
    }

    /// A text that is there.
    pub(crate) fn text(&self, column: usize) -> &str {
        self.columns[column].as_string::<i32>().value(self.at)
    }

    /// A text, or null.
    pub(crate) fn optional_text(&self, column: usize) -> Option<&str> {
        (!self.is_null(column)).then(|| self.text(column))
    }

    /// An id.
    pub(crate) fn id(&self, column: usize) -> Id {
        match self.columns[column].data_type() {
            DataType::Int64 => Id::Int(self.long(column)),
            _ => Id::Text(Box::from(self.text(column))),
        }
    }

    /// Whether the id is this one.
    pub(crate) fn is_id(&self, column: usize, id: &Id) -> bool {
        match (id, self.columns[column].data_type()) {
            (Id::Int(id), DataType::Int64) => self.long(column) == *id,
            (Id::Text(id), DataType::Utf8) => self.text(column) == &**id,
            _ => false,
        }
    }

    /// An amount in fen, or a ratio in millionths. A figure beyond 64 bits stands for the greatest.
    pub(crate) fn figure(&self, column: usize) -> i64 {
        i64::try_from(self.columns[column].as_primitive::<Decimal128Type>().value(self.at)).unwrap_or(i64::MAX)
    }

    /// The same, or null.
    pub(crate) fn optional_figure(&self, column: usize) -> Option<i64> {
        (!self.is_null(column)).then(|| self.figure(column))
    }

    /// A whole number.
    pub(crate) fn int(&self, column: usize) -> i32 {
        self.columns[column].as_primitive::<Int32Type>().value(self.at)
    }

    fn long(&self, column: usize) -> i64 {
        self.columns[column].as_primitive::<Int64Type>().value(self.at)
    }

    /// An instant, in microseconds.
    pub(crate) fn time(&self, column: usize) -> i64 {
        self.columns[column].as_primitive::<TimestampMicrosecondType>().value(self.at)
    }
}

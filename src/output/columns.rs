//! Building blocks of the outputs' Arrow arrays.

use crate::ledger::decode::int_of_id;
use crate::ledger::schema::IdType;
use crate::policy::tables::NO_RANK;
use arrow::array::{
    ArrayRef, Decimal64Array, DictionaryArray, Int64Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{ArrowDictionaryKeyType, DataType, Field, Schema, SchemaRef, TimeUnit, UInt8Type, UInt16Type};
use arrow::error::ArrowError;
use std::sync::Arc;

/// Money in every file: `Decimal(18,2)`.
pub const MONEY: DataType = DataType::Decimal64(18, 2);
/// Ratios: `Decimal(9,6)`.
pub const RATIO: DataType = DataType::Decimal64(9, 6);
/// Instants: local, without zone.
pub const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Type of an id column.
pub fn id_type(id: IdType) -> DataType {
    match id {
        IdType::Text => DataType::Utf8,
        IdType::Int => DataType::Int64,
    }
}

/// Type of a column of few texts.
pub fn code_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8))
}

/// Type of a column of some hundred texts.
pub fn wide_code_type() -> DataType {
    DataType::Dictionary(Box::new(DataType::UInt16), Box::new(DataType::Utf8))
}

/// A schema of (name, type, nullable).
pub fn schema(fields: impl IntoIterator<Item = (&'static str, DataType, bool)>) -> SchemaRef {
    Arc::new(Schema::new(fields.into_iter().map(|(n, t, null)| Field::new(n, t, null)).collect::<Vec<_>>()))
}

/// Fen as decimals.
pub fn money(fen: Vec<i64>) -> ArrayRef {
    Arc::new(Decimal64Array::from(fen).with_data_type(MONEY))
}

/// Fen as decimals, some of them null.
pub fn optional_money(fen: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(fen.into_iter().collect::<Decimal64Array>().with_data_type(MONEY))
}

/// Millionths as decimals.
pub fn ratios(ppm: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(ppm.into_iter().collect::<Decimal64Array>().with_data_type(RATIO))
}

/// Ids from sortable bytes, in the type that they came in.
///
/// # Errors
/// If they are more than an array can hold.
pub fn ids<'a>(ids: impl ExactSizeIterator<Item = &'a [u8]>, id: IdType) -> Result<ArrayRef, ArrowError> {
    if id == IdType::Int {
        return Ok(Arc::new(Int64Array::from_iter_values(ids.map(int_of_id))));
    }
    let mut offsets = Vec::with_capacity(ids.len() + 1);
    let mut bytes = Vec::with_capacity(ids.len() * 20);
    offsets.push(0);
    for id in ids {
        bytes.extend_from_slice(id);
        let end = i32::try_from(bytes.len()).map_err(|_| ArrowError::OffsetOverflowError(bytes.len()))?;
        offsets.push(end);
    }
    Ok(Arc::new(StringArray::try_new(OffsetBuffer::new(offsets.into()), bytes.into(), None)?))
}

/// Instants of some rows.
pub fn times(times: &[i64], rows: &[u32]) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|r| times[*r as usize])))
}

fn dictionary<K: ArrowDictionaryKeyType>(keys: PrimitiveArray<K>, texts: StringArray) -> ArrayRef {
    // Keys are numbers of texts by construction; a wrong one is a defect of this program.
    Arc::new(DictionaryArray::<K>::try_new(keys, Arc::new(texts)).expect("every key has its text"))
}

/// A column of few texts by number.
pub fn codes<'a>(numbers: impl IntoIterator<Item = Option<u8>>, texts: impl IntoIterator<Item = &'a str>) -> ArrayRef {
    dictionary::<UInt8Type>(numbers.into_iter().collect(), texts.into_iter().map(Some).collect())
}

/// A column of few texts by number, with one in every row.
pub fn full_codes<'a>(numbers: Vec<u8>, texts: impl IntoIterator<Item = &'a str>) -> ArrayRef {
    dictionary::<UInt8Type>(numbers.into(), texts.into_iter().map(Some).collect())
}

/// A column of some hundred texts by number.
pub fn wide_codes<'a>(
    numbers: impl IntoIterator<Item = Option<u16>>,
    texts: impl IntoIterator<Item = &'a str>,
) -> ArrayRef {
    dictionary::<UInt16Type>(numbers.into_iter().collect(), texts.into_iter().map(Some).collect())
}

/// A rank, or none.
pub fn rank(rank: u8) -> Option<u8> {
    (rank != NO_RANK).then_some(rank)
}

//! Arrow arrays of any accepted type as text, money, times, dates and flags, value by value.

use crate::model::date::{MICROS_PER_DAY, day_of_micros};
use crate::model::fen::{self, AmountError};
use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow::error::ArrowError;

/// Blanks that are trimmed from codes and ids.
const BLANKS: [char; 2] = [' ', '\t'];

/// Spellings of text in Arrow brought to one: dictionaries and views unpacked.
fn plain(array: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match array.data_type() {
        DataType::Dictionary(_, values) => plain(&cast(array, values)?),
        DataType::Utf8View | DataType::LargeUtf8 | DataType::Null => cast(array, &DataType::Utf8),
        DataType::Float16 | DataType::Float32 => cast(array, &DataType::Float64),
        DataType::Decimal32(..) | DataType::Decimal64(..) => {
            let (precision, scale) = decimal_shape(array.data_type());
            cast(array, &DataType::Decimal128(precision, scale))
        }
        t if t.is_integer() && *t != DataType::Int64 && *t != DataType::UInt64 => cast(array, &DataType::Int64),
        _ => Ok(array.clone()),
    }
}

fn decimal_shape(data_type: &DataType) -> (u8, i8) {
    match data_type {
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => (*p, *s),
        _ => (38, 2),
    }
}

/// A column of codes, read as trimmed text; blank is null.
pub struct TextColumn {
    array: ArrayRef,
}

impl TextColumn {
    /// Wraps a column.
    ///
    /// # Errors
    /// If Arrow cannot unpack it.
    pub fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        Ok(Self { array: plain(array)? })
    }

    /// Calls `f` with the trimmed text of a row, `None` for null or blank.
    #[inline]
    pub fn with<R>(&self, row: usize, f: impl FnOnce(Option<&str>) -> R) -> R {
        if self.array.is_null(row) {
            return f(None);
        }
        match self.array.data_type() {
            DataType::Utf8 => {
                let text = self.array.as_string::<i32>().value(row).trim_matches(BLANKS);
                f((!text.is_empty()).then_some(text))
            }
            DataType::Boolean => f(Some(if self.array.as_boolean().value(row) { "1" } else { "0" })),
            DataType::UInt64 => {
                f(Some(&self.array.as_primitive::<arrow::datatypes::UInt64Type>().value(row).to_string()))
            }
            _ => f(Some(&self.array.as_primitive::<Int64Type>().value(row).to_string())),
        }
    }

    /// The text of a row, owned.
    pub fn owned(&self, row: usize) -> Option<String> {
        self.with(row, |t| t.map(str::to_owned))
    }

    /// Maps every row through `f`, which is asked once for each run of equal texts.
    pub fn map<T: Copy>(&self, rows: usize, mut f: impl FnMut(Option<&str>) -> T) -> Vec<T> {
        let mut mapped = Vec::with_capacity(rows);
        if self.array.data_type() != &DataType::Utf8 {
            mapped.extend((0..rows).map(|row| self.with(row, &mut f)));
            return mapped;
        }
        // Codes repeat: a short list of those met last saves nearly every look-up.
        let strings = self.array.as_string::<i32>();
        let mut known: Vec<(&str, T)> = Vec::with_capacity(KNOWN);
        let null = f(None);
        for row in 0..rows {
            if strings.is_null(row) {
                mapped.push(null);
                continue;
            }
            let raw = strings.value(row);
            if let Some((_, value)) = known.iter().find(|(k, _)| *k == raw) {
                mapped.push(*value);
                continue;
            }
            let text = raw.trim_matches(BLANKS);
            let value = if text.is_empty() { null } else { f(Some(text)) };
            if known.len() == KNOWN {
                known.remove(0);
            }
            known.push((raw, value));
            mapped.push(value);
        }
        mapped
    }
}

/// Codes that [`TextColumn::map`] remembers.
const KNOWN: usize = 24;

/// A value of money as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// None given.
    Null,
    /// So many fen.
    Fen(i64),
    /// Not an amount.
    Bad(AmountError),
}

impl Amount {
    fn from_result(result: Result<i64, AmountError>) -> Self {
        match result {
            Ok(fen) => Amount::Fen(fen),
            Err(error) => Amount::Bad(error),
        }
    }
}

/// Reads a column of money into `each(row, amount)`.
///
/// # Errors
/// If Arrow cannot unpack the column.
pub fn money(array: &ArrayRef, mut each: impl FnMut(usize, Amount)) -> Result<(), ArrowError> {
    let array = plain(array)?;
    let rows = array.len();
    let mut visit = |value: &dyn Fn(usize) -> Result<i64, AmountError>| {
        for row in 0..rows {
            each(row, if array.is_null(row) { Amount::Null } else { Amount::from_result(value(row)) });
        }
    };
    match array.data_type() {
        DataType::Decimal128(_, 2) => {
            let values = array.as_primitive::<Decimal128Type>().values();
            visit(&|row| fen::from_scaled(values[row], 2));
        }
        DataType::Decimal128(_, scale) => {
            let (values, scale) = (array.as_primitive::<Decimal128Type>().values(), *scale);
            visit(&|row| fen::from_scaled(values[row], scale));
        }
        DataType::Decimal256(_, scale) => {
            let (values, scale) = (array.as_primitive::<arrow::datatypes::Decimal256Type>(), *scale);
            visit(&|row| {
                let raw = values.value(row).to_i128().ok_or(AmountError::TooLarge)?;
                fen::from_scaled(raw, scale)
            });
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            visit(&|row| fen::from_float(values[row]));
        }
        DataType::UInt64 => {
            let values = array.as_primitive::<arrow::datatypes::UInt64Type>().values();
            visit(&|row| fen::from_scaled(i128::from(values[row]), 0));
        }
        DataType::Int64 => {
            let values = array.as_primitive::<Int64Type>().values();
            visit(&|row| fen::from_scaled(i128::from(values[row]), 0));
        }
        _ => {
            let strings = array.as_string::<i32>();
            for row in 0..rows {
                let text = if strings.is_null(row) { "" } else { strings.value(row).trim_matches(BLANKS) };
                each(row, if text.is_empty() { Amount::Null } else { Amount::from_result(fen::parse_yuan(text)) });
            }
        }
    }
    Ok(())
}

/// Instants in microseconds; `None` is null, and an instant that does not fit is `Some(Err)`.
///
/// # Errors
/// If Arrow cannot unpack the column.
pub fn times(array: &ArrayRef) -> Result<Vec<Option<i64>>, ArrowError> {
    let array = plain(array)?;
    let rows = array.len();
    fn collect(rows: usize, array: &ArrayRef, value: impl Fn(usize) -> Option<i64>) -> Vec<Option<i64>> {
        (0..rows)
            .map(|row| if array.is_null(row) { None } else { Some(value(row).unwrap_or(UNREADABLE_TIME)) })
            .collect()
    }
    let micros = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            let values = array.as_primitive::<TimestampSecondType>().values();
            collect(rows, &array, |row| values[row].checked_mul(1_000_000))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            let values = array.as_primitive::<TimestampMillisecondType>().values();
            collect(rows, &array, |row| values[row].checked_mul(1_000))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let values = array.as_primitive::<TimestampMicrosecondType>().values();
            collect(rows, &array, |row| Some(values[row]))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let values = array.as_primitive::<TimestampNanosecondType>().values();
            collect(rows, &array, |row| Some(values[row].div_euclid(1_000)))
        }
        DataType::Date32 => {
            let values = array.as_primitive::<Date32Type>().values();
            collect(rows, &array, |row| Some(i64::from(values[row]) * MICROS_PER_DAY))
        }
        DataType::Date64 => {
            let values = array.as_primitive::<Date64Type>().values();
            collect(rows, &array, |row| values[row].checked_mul(1_000))
        }
        _ => vec![None; rows],
    };
    Ok(micros)
}

/// Stands for an instant that cannot be told; outside what [`readable`] accepts.
const UNREADABLE_TIME: i64 = i64::MIN;

/// Whether an instant lies in the years 1 to 9999.
pub fn readable(micros: i64) -> bool {
    const FIRST: i64 = -719_162 * MICROS_PER_DAY;
    const LAST: i64 = 2_932_897 * MICROS_PER_DAY;
    (FIRST..LAST).contains(&micros)
}

/// Days of a date column.
///
/// # Errors
/// If Arrow cannot unpack the column.
pub fn days(array: &ArrayRef) -> Result<Vec<Option<i32>>, ArrowError> {
    Ok(times(array)?.into_iter().map(|t| t.map(day_of_micros)).collect())
}

/// Ids as bytes that sort as the ids do: trimmed text as it is, integers big-endian with the sign
/// turned. Null or blank is null.
///
/// # Errors
/// If Arrow cannot unpack the column.
pub fn ids(array: &ArrayRef) -> Result<BinaryArray, ArrowError> {
    let array = plain(array)?;
    let mut builder = BinaryBuilder::with_capacity(array.len(), array.len() * 12);
    match array.data_type() {
        DataType::Utf8 => {
            for text in array.as_string::<i32>() {
                builder.append_option(text.map(|t| t.trim_matches(BLANKS)).filter(|t| !t.is_empty()));
            }
        }
        DataType::UInt64 => {
            for value in array.as_primitive::<arrow::datatypes::UInt64Type>() {
                // Beyond the signed range there is no id; the row is rejected as one without.
                builder.append_option(value.and_then(|v| i64::try_from(v).ok()).map(int_id));
            }
        }
        _ => {
            for value in array.as_primitive::<Int64Type>() {
                builder.append_option(value.map(int_id));
            }
        }
    }
    Ok(builder.finish())
}

/// An integer id as bytes that sort by value.
pub fn int_id(value: i64) -> [u8; 8] {
    (value as u64 ^ (1 << 63)).to_be_bytes()
}

/// The integer of such bytes.
pub fn int_of_id(bytes: &[u8]) -> i64 {
    let mut raw = [0; 8];
    raw.copy_from_slice(bytes);
    (u64::from_be_bytes(raw) ^ (1 << 63)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Int64Array, StringArray};
    use std::sync::Arc;

    fn amounts(array: ArrayRef) -> Vec<Amount> {
        let mut all = Vec::new();
        money(&array, |_, a| all.push(a)).unwrap();
        all
    }

    #[test]
    fn money_of_every_kind() {
        let decimals = Decimal128Array::from(vec![Some(15_000), Some(15_001), None]);
        let decimals = decimals.with_precision_and_scale(20, 4).unwrap();
        assert_eq!(amounts(Arc::new(decimals)), [Amount::Fen(150), Amount::Bad(AmountError::TooFine), Amount::Null]);
        assert_eq!(amounts(Arc::new(Int64Array::from(vec![7]))), [Amount::Fen(700)]);
        let texts = StringArray::from(vec![" 1.50\t", "", "1o"]);
        assert_eq!(amounts(Arc::new(texts)), [Amount::Fen(150), Amount::Null, Amount::Bad(AmountError::NotANumber)]);
    }

    #[test]
    fn integer_ids_sort_by_value() {
        let values = [i64::MIN, -5, -1, 0, 1, 9, 10, i64::MAX];
        let keys: Vec<_> = values.iter().map(|v| int_id(*v)).collect();
        assert!(keys.is_sorted());
        assert!(values.iter().zip(&keys).all(|(v, k)| int_of_id(k) == *v));
    }

    #[test]
    fn codes_are_trimmed_and_blank_is_null() {
        let column = TextColumn::new(&(Arc::new(StringArray::from(vec![" 390\t", " ", "390"])) as ArrayRef)).unwrap();
        let lengths = column.map(3, |t| t.map_or(0, str::len));
        assert_eq!(lengths, [3, 0, 3]);
    }

    #[test]
    fn only_years_that_a_calendar_shows_are_read() {
        assert!(readable(0) && !readable(UNREADABLE_TIME) && !readable(i64::MAX));
    }
}

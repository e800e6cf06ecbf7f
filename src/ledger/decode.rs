//! Arrow arrays of any accepted type as text, money, times, dates and flags, value by value.

use super::rows::{Ids, NULL};
use super::schema::Kind;
use crate::model::date::MICROS_PER_DAY;
use crate::model::fen::{self, AmountError};
use arrow::array::{Array, ArrayRef, ArrowNativeTypeOp, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Decimal64Type, Decimal128Type, Float64Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
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
    /// Texts, or whatever else the file has; the dictionary's values where there is one.
    values: ArrayRef,
    /// Positions in the dictionary.
    keys: Option<PrimitiveArray<Int32Type>>,
}

impl TextColumn {
    /// Wraps a column.
    ///
    /// # Errors
    /// If Arrow cannot unpack it.
    pub fn new(array: &ArrayRef) -> Result<Self, ArrowError> {
        if let Some(dictionary) = array.as_dictionary_opt::<Int32Type>()
            && *dictionary.values().data_type() == DataType::Utf8
        {
            return Ok(Self { values: dictionary.values().clone(), keys: Some(dictionary.keys().clone()) });
        }
        Ok(Self { values: plain(array)?, keys: None })
    }

    /// Calls `f` with the trimmed text of a row, `None` for null or blank.
    #[inline]
    pub fn with<R>(&self, row: usize, f: impl FnOnce(Option<&str>) -> R) -> R {
        match &self.keys {
            None => self.value(row, f),
            Some(keys) if keys.is_null(row) => f(None),
            Some(keys) => self.value(keys.value(row) as usize, f),
        }
    }

    fn value<R>(&self, at: usize, f: impl FnOnce(Option<&str>) -> R) -> R {
        if self.values.is_null(at) {
            return f(None);
        }
        match self.values.data_type() {
            DataType::Utf8 => {
                let text = self.values.as_string::<i32>().value(at).trim_matches(BLANKS);
                f((!text.is_empty()).then_some(text))
            }
            DataType::Boolean => f(Some(if self.values.as_boolean().value(at) { "1" } else { "0" })),
            DataType::UInt64 => {
                f(Some(&self.values.as_primitive::<arrow::datatypes::UInt64Type>().value(at).to_string()))
            }
            _ => f(Some(&self.values.as_primitive::<Int64Type>().value(at).to_string())),
        }
    }

    /// The text of a row, owned.
    pub fn owned(&self, row: usize) -> Option<String> {
        self.with(row, |t| t.map(str::to_owned))
    }

    /// Maps every row through `f`, which is asked about once a text.
    pub fn map<T: Copy>(&self, rows: usize, mut f: impl FnMut(Option<&str>) -> T) -> Vec<T> {
        if let Some(keys) = &self.keys {
            return self.map_keys(keys, f);
        }
        let none = f(None);
        if self.values.null_count() == self.values.len() {
            return vec![none; rows];
        }
        match self.values.data_type() {
            DataType::Utf8 => self.map_texts(rows, none, f),
            DataType::Boolean => {
                let values = self.values.as_boolean();
                let of = [f(Some("0")), f(Some("1"))];
                let flag = |row: usize| if values.is_null(row) { none } else { of[usize::from(values.value(row))] };
                (0..rows).map(flag).collect()
            }
            _ => (0..rows).map(|row| self.with(row, &mut f)).collect(),
        }
    }

    fn map_keys<T: Copy>(&self, keys: &PrimitiveArray<Int32Type>, mut f: impl FnMut(Option<&str>) -> T) -> Vec<T> {
        let none = f(None);
        if keys.null_count() == keys.len() {
            return vec![none; keys.len()];
        }
        // A dictionary may hold far more texts than these rows do.
        let mut known: Vec<Option<T>> = vec![None; self.values.len()];
        let mut of = |key: i32| match known[key as usize] {
            Some(value) => value,
            None => *known[key as usize].insert(self.value(key as usize, &mut f)),
        };
        match keys.nulls() {
            None => keys.values().iter().map(|k| of(*k)).collect(),
            Some(nulls) => {
                let valid = nulls.inner();
                let row = |(row, key): (usize, &i32)| if valid.value(row) { of(*key) } else { none };
                keys.values().iter().enumerate().map(row).collect()
            }
        }
    }

    fn map_texts<T: Copy>(&self, rows: usize, none: T, mut f: impl FnMut(Option<&str>) -> T) -> Vec<T> {
        // Codes repeat: a short list of those met last saves nearly every look-up.
        let strings = self.values.as_string::<i32>();
        let mut mapped = Vec::with_capacity(rows);
        let mut known: Vec<(&str, T)> = Vec::with_capacity(KNOWN);
        for row in 0..rows {
            if strings.is_null(row) {
                mapped.push(none);
                continue;
            }
            let raw = strings.value(row);
            if let Some((_, value)) = known.iter().find(|(k, _)| *k == raw) {
                mapped.push(*value);
                continue;
            }
            let text = raw.trim_matches(BLANKS);
            let value = if text.is_empty() { none } else { f(Some(text)) };
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

/// The type that the reader should give a column of a file in, to spare unpacking: codes by number of
/// their text, money as 64-bit integers. `None`: as it comes.
pub fn better_type(kind: Kind, data_type: &DataType) -> Option<DataType> {
    match (kind, data_type) {
        (Kind::Code | Kind::Flag, DataType::Utf8) => {
            Some(DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)))
        }
        (Kind::Money, DataType::Decimal128(precision, scale)) if *precision <= 18 => {
            Some(DataType::Decimal64(*precision, *scale))
        }
        _ => None,
    }
}

/// Appends a column of money to `fen`, [`NULL`] where there is none; `odd` hears of the rows that have
/// none (`None`) or no amount (the error).
///
/// # Errors
/// If Arrow cannot unpack the column.
pub fn money(
    array: &ArrayRef,
    fen: &mut Vec<i64>,
    mut odd: impl FnMut(usize, Option<AmountError>),
) -> Result<(), ArrowError> {
    if array.null_count() == array.len() {
        fen.resize(fen.len() + array.len(), NULL);
        (0..array.len()).for_each(|row| odd(row, None));
        return Ok(());
    }
    if let (DataType::Decimal64(_, 2), Some(values)) = (array.data_type(), array.as_primitive_opt::<Decimal64Type>()) {
        plain_fen(values, fen, odd);
        return Ok(());
    }
    let array = plain(array)?;
    let rows = array.len();
    let mut push = |row: usize, amount: Result<i64, Option<AmountError>>| {
        fen.push(amount.unwrap_or_else(|why| {
            odd(row, why);
            NULL
        }));
    };
    let mut visit = |value: &dyn Fn(usize) -> Result<i64, AmountError>| {
        for row in 0..rows {
            push(row, if array.is_null(row) { Err(None) } else { value(row).map_err(Some) });
        }
    };
    match array.data_type() {
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
                push(row, if text.is_empty() { Err(None) } else { fen::parse_yuan(text).map_err(Some) });
            }
        }
    }
    Ok(())
}

/// Sums of money in the form in which the outputs of this program state them, in fen: larger than one row of a
/// ledger may hold, up to eighteen digits. None is nought. `None` where the column has another form.
///
/// # Errors
/// The first row, from 0, with more digits.
pub fn sums(array: &ArrayRef) -> Option<Result<Vec<i64>, usize>> {
    let read = |row: usize, value: i128| {
        let fen = i64::try_from(value).ok().filter(|fen| fen.unsigned_abs() <= fen::MAX_SUM.unsigned_abs());
        fen.ok_or(row)
    };
    let of = |row: usize, value: Option<i128>| value.map_or(Ok(0), |value| read(row, value));
    match array.data_type() {
        DataType::Decimal64(_, 2) => {
            let values = array.as_primitive::<Decimal64Type>().iter().enumerate();
            Some(values.map(|(row, v)| of(row, v.map(i128::from))).collect())
        }
        DataType::Decimal128(_, 2) => {
            let values = array.as_primitive::<Decimal128Type>().iter().enumerate();
            Some(values.map(|(row, v)| of(row, v)).collect())
        }
        _ => None,
    }
}

/// Money that the file already counts in fen.
fn plain_fen(
    values: &PrimitiveArray<Decimal64Type>,
    fen: &mut Vec<i64>,
    mut odd: impl FnMut(usize, Option<AmountError>),
) {
    let start = fen.len();
    fen.extend_from_slice(values.values());
    let new = &mut fen[start..];
    let large = |v: i64| !(-fen::MAX_AMOUNT..=fen::MAX_AMOUNT).contains(&v);
    // What stands behind a null means nothing.
    if new.iter().fold(false, |any, v| any | large(*v)) {
        for (row, value) in new.iter_mut().enumerate().filter(|(row, v)| large(**v) && values.is_valid(*row)) {
            *value = NULL;
            odd(row, Some(AmountError::TooLarge));
        }
    }
    if let Some(nulls) = values.nulls().filter(|n| n.null_count() > 0) {
        for row in (0..new.len()).filter(|row| nulls.is_null(*row)) {
            new[row] = NULL;
            odd(row, None);
        }
    }
}

/// Appends instants in microseconds; [`NULL`] is none, and an instant that does not fit is one that no
/// calendar shows, on its own side of all others.
///
/// # Errors
/// If Arrow cannot unpack the column.
pub fn times(array: &ArrayRef, micros: &mut Vec<i64>) -> Result<(), ArrowError> {
    fn collect<T: ArrowPrimitiveType>(
        array: &ArrayRef,
        micros: &mut Vec<i64>,
        value: impl Fn(T::Native) -> Option<i64>,
    ) {
        let array = array.as_primitive::<T>();
        let start = micros.len();
        let beyond = |v: T::Native| if v.is_lt(T::Native::ZERO) { LONG_AGO } else { i64::MAX };
        micros.extend(array.values().iter().map(|v| value(*v).unwrap_or_else(|| beyond(*v))));
        if let Some(nulls) = array.nulls().filter(|n| n.null_count() > 0) {
            let new = micros[start..].iter_mut().zip(nulls);
            new.filter(|(_, valid)| !valid).for_each(|(time, _)| *time = NULL);
        }
    }
    let array = plain(array)?;
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            collect::<TimestampSecondType>(&array, micros, |v| v.checked_mul(1_000_000));
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            collect::<TimestampMillisecondType>(&array, micros, |v| v.checked_mul(1_000));
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            // The least instant there is would read as none.
            collect::<TimestampMicrosecondType>(&array, micros, |v| (v != NULL).then_some(v));
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            collect::<TimestampNanosecondType>(&array, micros, |v| Some(v.div_euclid(1_000)));
        }
        DataType::Date32 => collect::<Date32Type>(&array, micros, |v| i64::from(v).checked_mul(MICROS_PER_DAY)),
        DataType::Date64 => collect::<Date64Type>(&array, micros, |v| v.checked_mul(1_000)),
        _ => micros.resize(micros.len() + array.len(), NULL),
    }
    Ok(())
}

/// Stands for an instant before all that can be told; outside what [`readable`] accepts.
const LONG_AGO: i64 = i64::MIN + 1;

/// Whether an instant lies in the years 1 to 9999.
pub fn readable(micros: i64) -> bool {
    const FIRST: i64 = -719_162 * MICROS_PER_DAY;
    const LAST: i64 = 2_932_897 * MICROS_PER_DAY;
    (FIRST..LAST).contains(&micros)
}

/// Bytes of the longest id. Rows of many persons are held at a time, so that long ids of a small file, each told
/// once and meant a thousand times, would take any memory.
pub const MOST_ID: usize = 1 << 10;

/// Appends ids as bytes that sort as the ids do: trimmed text as it is, integers big-endian with the
/// sign turned. Null, blank or longer than [`MOST_ID`] is none.
///
/// # Errors
/// If Arrow cannot unpack the column.
pub fn ids(array: &ArrayRef, ids: &mut Ids) -> Result<(), ArrowError> {
    if array.null_count() == array.len() {
        ids.push_none(array.len());
        return Ok(());
    }
    let array = plain(array)?;
    match array.data_type() {
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            let plain = |text: &str| is_trimmed(text) && text.len() <= MOST_ID;
            if texts.null_count() == 0 && texts.iter().flatten().all(plain) {
                ids.push_texts(texts);
            } else {
                for text in texts.iter() {
                    let id = text.unwrap_or("").trim_matches(BLANKS);
                    // One that is too long is none, as an integer beyond the signed range is.
                    ids.push(if id.len() > MOST_ID { &[] } else { id.as_bytes() });
                }
            }
        }
        DataType::UInt64 => {
            for value in array.as_primitive::<arrow::datatypes::UInt64Type>() {
                // Beyond the signed range there is no id; the row is rejected as one without.
                match value.and_then(|v| i64::try_from(v).ok()) {
                    Some(value) => ids.push(&int_id(value)),
                    None => ids.push_none(1),
                }
            }
        }
        _ => {
            for value in array.as_primitive::<Int64Type>() {
                match value {
                    Some(value) => ids.push(&int_id(value)),
                    None => ids.push_none(1),
                }
            }
        }
    }
    Ok(())
}

fn is_trimmed(text: &str) -> bool {
    let blank = |b: Option<&u8>| matches!(b, None | Some(b' ' | b'\t'));
    !blank(text.as_bytes().first()) && !blank(text.as_bytes().last())
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
    use arrow::array::{
        Date32Array, Decimal64Array, Decimal128Array, DictionaryArray, Int64Array, StringArray,
        TimestampMillisecondArray,
    };
    use std::sync::Arc;

    /// Fen, null, or why not.
    fn amounts(array: ArrayRef) -> Vec<Result<i64, Option<AmountError>>> {
        let (mut fen, mut why) = (Vec::new(), std::collections::BTreeMap::new());
        money(&array, &mut fen, |row, odd| {
            why.insert(row, odd);
        })
        .unwrap();
        fen.iter().enumerate().map(|(row, fen)| why.get(&row).map_or(Ok(*fen), |odd| Err(*odd))).collect()
    }

    #[test]
    fn money_of_every_kind() {
        let decimals = Decimal128Array::from(vec![Some(15_000), Some(15_001), None]);
        let decimals = decimals.with_precision_and_scale(20, 4).unwrap();
        assert_eq!(amounts(Arc::new(decimals)), [Ok(150), Err(Some(AmountError::TooFine)), Err(None)]);
        let fen = Decimal64Array::from(vec![Some(-7), None, Some(fen::MAX_AMOUNT + 1), Some(i64::MIN)]);
        let fen = fen.with_precision_and_scale(18, 2).unwrap();
        let large = Err(Some(AmountError::TooLarge));
        assert_eq!(amounts(Arc::new(fen)), [Ok(-7), Err(None), large, large]);
        assert_eq!(amounts(Arc::new(Int64Array::from(vec![7]))), [Ok(700)]);
        let texts = StringArray::from(vec![" 1.50\t", "", "1o"]);
        assert_eq!(amounts(Arc::new(texts)), [Ok(150), Err(None), Err(Some(AmountError::NotANumber))]);
        assert_eq!(amounts(Arc::new(Decimal64Array::new_null(2))), [Err(None), Err(None)]);
    }

    #[test]
    fn ids_are_trimmed_and_blank_is_none() {
        let (longest, too_long) = ("x".repeat(MOST_ID), "x".repeat(MOST_ID + 1));
        let mut found = Ids::default();
        ids(&(Arc::new(StringArray::from(vec![longest.as_str(), &too_long])) as ArrayRef), &mut found).unwrap();
        assert_eq!((found.get(0), found.get(1)), (longest.as_bytes(), &b""[..]));
        for texts in [vec![Some("P1"), Some("P22")], vec![Some(" P1\t"), None, Some(" ")]] {
            let mut found = Ids::default();
            ids(&(Arc::new(StringArray::from(texts.clone())) as ArrayRef), &mut found).unwrap();
            let expected: Vec<&str> = texts.iter().map(|t| t.unwrap_or("").trim()).collect();
            assert_eq!(
                (0..found.len()).map(|n| found.get(n)).collect::<Vec<_>>(),
                expected.iter().map(|t| t.as_bytes()).collect::<Vec<_>>()
            );
        }
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
        let dictionary: DictionaryArray<Int32Type> =
            [Some(" 390\t"), Some(" "), None, Some("390")].into_iter().collect();
        let column = TextColumn::new(&(Arc::new(dictionary) as ArrayRef)).unwrap();
        assert_eq!(column.map(4, |t| t.map_or(0, str::len)), [3, 0, 0, 3]);
    }

    #[test]
    fn a_day_beyond_all_calendars_is_unreadable_not_a_panic() {
        let mut micros = Vec::new();
        times(&(Arc::new(Date32Array::from(vec![Some(i32::MAX), None, Some(1)])) as ArrayRef), &mut micros).unwrap();
        // A day too far for microseconds lies on its own side of all others.
        let far = [i64::MIN, i64::MIN + 1, i64::MAX].map(Some).to_vec();
        times(&(Arc::new(TimestampMillisecondArray::from(far)) as ArrayRef), &mut micros).unwrap();
        assert_eq!(micros, [i64::MAX, NULL, MICROS_PER_DAY, LONG_AGO, LONG_AGO, i64::MAX]);
    }

    #[test]
    fn only_years_that_a_calendar_shows_are_read() {
        assert!(readable(0) && !readable(LONG_AGO) && !readable(i64::MAX));
    }
}

//! Columns of whole numbers and ids in few bits: the form in which rows wait between reading and
//! settling, in memory and on disk.
//!
//! A column's numbers are counted from its least one and cut to as many bits as most of them need; the
//! few that need more stand apart, by place. Ids that end in digits alike are numbers, too.

use super::digits::{Digits, MOST_DIGITS, chunks_of, common_start, to_digits};
use crate::ledger::rows::{Ids, NULL};
use std::cmp::Ordering;

/// Bytes that must follow packed columns, because numbers are read up to sixteen bytes at a time.
pub const PADDING: usize = 16;
/// Places of the flags in a column's first byte, above the number of bits.
const WITH_NULLS: u8 = 6;
const IN_UNITS: u8 = 7;

/// Packs columns; its working memory is reused.
#[derive(Debug, Default)]
pub struct Packer {
    codes: Vec<u64>,
    places: Vec<u64>,
    excess: Vec<u64>,
    numbers: Vec<i64>,
}

impl Packer {
    /// Appends the numbers of `rows`, in that order; some of them perhaps [`NULL`], all others within ±2⁶¹.
    /// If all lie whole multiples of `unit` apart, they are counted in units.
    pub fn pack(&mut self, column: &[i64], rows: &[u32], unit: i64, out: &mut Vec<u8>) {
        self.pack_all(rows.iter().map(|row| column[*row as usize]), unit, out);
    }

    fn pack_all(&mut self, values: impl Iterator<Item = i64>, unit: i64, out: &mut Vec<u8>) {
        let (mut low, mut high, mut nulls) = (i64::MAX, i64::MIN, 0usize);
        self.numbers.clear();
        self.numbers.extend(values.inspect(|value| {
            nulls += usize::from(*value == NULL);
            low = low.min(if *value == NULL { i64::MAX } else { *value });
            high = high.max(*value);
        }));
        let (rows, with_nulls) = (self.numbers.len(), nulls > 0);
        if nulls == rows {
            return Self::pack_same(if with_nulls { NULL } else { 0 }, out);
        }
        if low == high && !with_nulls {
            return Self::pack_same(low, out);
        }
        let apart = |value: &i64| *value == NULL || value.wrapping_sub(low) % unit == 0;
        let in_units = unit > 1 && self.numbers.iter().all(apart);
        let head = u8::from(with_nulls) << WITH_NULLS | u8::from(in_units) << IN_UNITS;
        let shift = u64::from(with_nulls);
        let offset = |value: i64| value.wrapping_sub(low) as u64;
        self.codes.clear();
        if in_units {
            let unit = unit as u64;
            let code = |v: &i64| if *v == NULL { 0 } else { (offset(*v) / unit).wrapping_add(shift) };
            self.codes.extend(self.numbers.iter().map(code));
        } else if with_nulls {
            self.codes.extend(self.numbers.iter().map(|v| if *v == NULL { 0 } else { offset(*v).wrapping_add(1) }));
        } else {
            self.codes.extend(self.numbers.iter().map(|v| offset(*v)));
        }
        let (width, most) = self.choose_width(out, head, low);
        put_bits(out, width, self.codes.iter().map(|c| c & mask(width)));
        if !self.places.is_empty() {
            put_bits(out, bits_of(rows as u64), self.places.iter().copied());
            put_bits(out, most, self.excess.iter().copied());
        }
    }

    /// Appends a column whose rows all hold the same number.
    pub fn pack_same(value: i64, out: &mut Vec<u8>) {
        out.push(u8::from(value == NULL) << WITH_NULLS);
        put_varint(out, zigzag(if value == NULL { 0 } else { value }));
        put_varint(out, 0);
    }

    /// The number of bits that costs least, and that of all; what needs more than the one is set apart.
    /// Writes the column's head.
    fn choose_width(&mut self, out: &mut Vec<u8>, head: u8, low: i64) -> (u32, u32) {
        let len = self.codes.len();
        let most = bits_of(self.codes.iter().fold(0, |all, code| all | code)) as usize;
        // A quarter of a long column tells as much of it as all of it.
        let stride = if len >= 512 { 4 } else { 1 };
        let mut count = [0usize; 65];
        for code in self.codes.iter().step_by(stride) {
            count[bits_of(*code) as usize] += stride;
        }
        let apart = bits_of(len as u64) as usize + most;
        let (mut best, mut cost, mut above) = (most, most * len, 0usize);
        for bits in (0..most).rev() {
            above += count[bits + 1];
            let this = bits * len + above * apart + 8;
            if this < cost {
                (best, cost) = (bits, this);
            }
        }
        self.places.clear();
        self.excess.clear();
        if best < most {
            for (place, code) in self.codes.iter().enumerate() {
                if bits_of(*code) as usize > best {
                    self.places.push(place as u64);
                    self.excess.push(*code);
                }
            }
        }
        out.push(head | best as u8);
        put_varint(out, zigzag(low));
        put_varint(out, self.places.len() as u64);
        if !self.places.is_empty() {
            out.push(most as u8);
        }
        (best as u32, most as u32)
    }

    /// Appends the ids of `rows`, in that order.
    pub fn pack_ids(&mut self, ids: &Ids, digits: Option<&Digits>, rows: &[u32], out: &mut Vec<u8>) {
        out.push(u8::from(digits.is_some()));
        if let Some(Digits { common, count, chunks }) = digits {
            put_varint(out, common.len() as u64);
            out.extend_from_slice(common);
            put_varint(out, *count as u64);
            chunks.iter().for_each(|chunk| self.pack(chunk, rows, 1, out));
            return;
        }
        let id = |row: &u32| ids.get(*row as usize);
        let first = rows.first().map_or(&[][..], id);
        let common = rows.iter().fold(first.len(), |common, row| common_start(&first[..common], id(row)));
        put_varint(out, common as u64);
        out.extend_from_slice(&first[..common]);
        self.pack_all(rows.iter().map(|row| (id(row).len() - common) as i64), 1, out);
        rows.iter().for_each(|row| out.extend_from_slice(&id(row)[common..]));
    }
}

/// Reads packed columns one after the other. Every method is `None` where the bytes end too early.
#[derive(Clone, Debug)]
pub struct Unpacker<'a> {
    bytes: &'a [u8],
    rows: usize,
}

/// A column of numbers as found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// All the same, and not written out.
    Same(i64),
    /// Written to the vector.
    Each,
}

struct Head {
    width: u32,
    with_nulls: bool,
    in_units: bool,
    low: i64,
    apart: usize,
    most: u32,
}

impl Head {
    /// The number of a code.
    fn value(&self, code: u64, unit: i64) -> i64 {
        let unit = if self.in_units { unit } else { 1 };
        match code {
            0 if self.with_nulls => NULL,
            code => self.low.wrapping_add((code.wrapping_sub(u64::from(self.with_nulls)) as i64).wrapping_mul(unit)),
        }
    }
}

impl<'a> Unpacker<'a> {
    /// A reader of columns of so many rows; at least [`PADDING`] bytes follow the last.
    pub fn new(bytes: &'a [u8], rows: usize) -> Self {
        Self { bytes, rows }
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let (mut value, mut shift) = (0u64, 0u32);
        loop {
            let byte = *self.take(1)?.first()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
        }
    }

    fn head(&mut self) -> Option<Head> {
        let first = *self.take(1)?.first()?;
        let low = unzigzag(self.varint()?);
        let apart = self.varint()? as usize;
        let most = if apart > 0 { u32::from(*self.take(1)?.first()?) } else { 0 };
        let flag = |place: u8| first >> place & 1 == 1;
        let width = u32::from(first & 0x3f);
        (apart <= self.rows && most <= 64).then_some(Head {
            width,
            with_nulls: flag(WITH_NULLS),
            in_units: flag(IN_UNITS),
            low,
            apart,
            most,
        })
    }

    /// Reads a column into `values`, which are replaced; `unit` is the one that it was packed with.
    pub fn numbers(&mut self, unit: i64, values: &mut Vec<i64>) -> Option<Found> {
        values.clear();
        let head = self.head()?;
        let value = |code: u64| head.value(code, unit);
        if head.width == 0 && head.apart == 0 {
            return Some(Found::Same(value(0)));
        }
        let body = self.bytes;
        self.take(byte_len(self.rows, head.width))?;
        if head.width == 0 {
            values.resize(self.rows, value(0));
        } else if !head.with_nulls && !head.in_units {
            get_bits(body, head.width, self.rows, |c| values.push(head.low.wrapping_add(c as i64)))?;
        } else {
            get_bits(body, head.width, self.rows, |c| values.push(value(c)))?;
        }
        if head.apart > 0 {
            let place_width = bits_of(self.rows as u64);
            let places = self.bytes;
            self.take(byte_len(head.apart, place_width))?;
            let excess = self.bytes;
            self.take(byte_len(head.apart, head.most))?;
            for n in 0..head.apart {
                let place = bits_at(places, n * place_width as usize, place_width)? as usize;
                *values.get_mut(place)? = value(bits_at(excess, n * head.most as usize, head.most)?);
            }
        }
        Some(Found::Each)
    }

    /// One row's number of the next column.
    pub fn number_at(&mut self, unit: i64, row: usize) -> Option<i64> {
        let head = self.head()?;
        if row >= self.rows {
            return None;
        }
        let body = self.bytes;
        self.take(byte_len(self.rows, head.width))?;
        if head.apart > 0 {
            let (places, width) = (self.bytes, bits_of(self.rows as u64));
            let excess = self.bytes.get(byte_len(head.apart, width)..)?;
            // Places ascend.
            let (mut from, mut to) = (0, head.apart);
            while from < to {
                let middle = from + (to - from) / 2;
                match bits_at(places, middle * width as usize, width)?.cmp(&(row as u64)) {
                    Ordering::Less => from = middle + 1,
                    Ordering::Greater => to = middle,
                    Ordering::Equal => {
                        let code = bits_at(excess, middle * head.most as usize, head.most)?;
                        return Some(head.value(code, unit));
                    }
                }
            }
        }
        Some(head.value(bits_at(body, row * head.width as usize, head.width)?, unit))
    }

    /// Passes over a column of numbers.
    pub fn skip_numbers(&mut self) -> Option<()> {
        let head = self.head()?;
        let apart = byte_len(head.apart, bits_of(self.rows as u64)) + byte_len(head.apart, head.most);
        self.take(byte_len(self.rows, head.width) + apart).map(|_| ())
    }

    /// What is still to be read.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes
    }

    /// Reads a column of ids and appends them; `scratch` is working memory.
    pub fn ids(&mut self, ids: &mut Ids, scratch: &mut Vec<i64>) -> Option<()> {
        let numeric = *self.take(1)?.first()? == 1;
        let common = self.varint()? as usize;
        let common = self.take(common)?;
        if !numeric {
            let found = self.numbers(1, scratch)?;
            for row in 0..self.rows {
                let len = match found {
                    Found::Same(len) => len,
                    Found::Each => *scratch.get(row)?,
                };
                let rest = self.take(usize::try_from(len).ok()?)?;
                ids.push_parts(common, rest);
            }
            return Some(());
        }
        let digits = usize::try_from(self.varint()?).ok().filter(|d| *d <= MOST_DIGITS)?;
        let new = ids.push_alike(common, digits, self.rows);
        let stride = common.len() + digits;
        for chunk in chunks_of(digits) {
            let place = |row: usize| row * stride + common.len() + chunk.start;
            match self.numbers(1, scratch)? {
                Found::Same(code) => {
                    (0..self.rows).for_each(|row| to_digits(code, new.get_mut(place(row)..place(row) + chunk.len())));
                }
                Found::Each => {
                    for (row, code) in scratch.iter().enumerate() {
                        to_digits(*code, new.get_mut(place(row)..place(row) + chunk.len()));
                    }
                }
            }
        }
        Some(())
    }
}

fn mask(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

fn bits_of(value: u64) -> u32 {
    64 - value.leading_zeros()
}

fn byte_len(count: usize, width: u32) -> usize {
    (count * width as usize).div_ceil(8)
}

fn zigzag(value: i64) -> u64 {
    (value as u64) << 1 ^ (value >> 63) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_bits(out: &mut Vec<u8>, width: u32, codes: impl ExactSizeIterator<Item = u64>) {
    if width == 0 {
        return;
    }
    let (start, len) = (out.len(), byte_len(codes.len(), width));
    let (mut word, mut filled) = (0u64, 0u32);
    out.reserve(len + 8);
    for code in codes {
        word |= code << filled;
        filled += width;
        if filled >= 64 {
            out.extend_from_slice(&word.to_le_bytes());
            filled -= 64;
            word = if filled == 0 { 0 } else { code >> (width - filled) };
        }
    }
    out.extend_from_slice(&word.to_le_bytes());
    out.truncate(start + len);
}

fn bits_at(bytes: &[u8], bit: usize, width: u32) -> Option<u64> {
    let mut word = [0; 16];
    word.copy_from_slice(bytes.get(bit / 8..bit / 8 + 16)?);
    Some((u128::from_le_bytes(word) >> (bit % 8)) as u64 & mask(width))
}

fn get_bits(bytes: &[u8], width: u32, count: usize, mut each: impl FnMut(u64)) -> Option<()> {
    let bytes = bytes.get(..byte_len(count, width) + PADDING)?;
    if width > 56 {
        return (0..count).try_for_each(|n| bits_at(bytes, n * width as usize, width).map(&mut each));
    }
    let (mut bit, mask) = (0usize, mask(width));
    for _ in 0..count {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[bit / 8..bit / 8 + 8]);
        each(u64::from_le_bytes(word) >> (bit % 8) & mask);
        bit += width as usize;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(values: &[i64], unit: i64) -> (Vec<i64>, usize) {
        let mut out = Vec::new();
        let mut packer = Packer::default();
        let rows: Vec<u32> = (0..values.len() as u32).collect();
        packer.pack(values, &rows, unit, &mut out);
        packer.pack(&vec![7; values.len()], &rows, 1, &mut out);
        let len = out.len();
        out.extend([0xff; PADDING]);
        let mut found = Vec::new();
        let mut unpacker = Unpacker::new(&out, values.len());
        if let Some(Found::Same(value)) = unpacker.numbers(unit, &mut found) {
            found.resize(values.len(), value);
        }
        let mut skipping = Unpacker::new(&out, values.len());
        skipping.skip_numbers().unwrap();
        assert_eq!(skipping.bytes, unpacker.bytes, "skipping ends where reading does");
        for (row, value) in values.iter().enumerate() {
            assert_eq!(Unpacker::new(&out, values.len()).number_at(unit, row), Some(*value));
        }
        (found, len)
    }

    #[test]
    fn columns_come_out_as_they_went_in() {
        let outlier: Vec<i64> = (0..500).map(|n| if n == 77 { 1 << 60 } else { n % 13 }).collect();
        let seconds: Vec<i64> = (0..100).map(|n| 1_700_000_000_000_000 + n * 3_000_000).collect();
        let cases: &[&[i64]] =
            &[&[0], &[-5, 5], &[NULL, NULL], &[NULL, 0], &[-(1 << 61), 1 << 61], &outlier, &seconds, &[]];
        for values in cases {
            assert_eq!(round_trip(values, 1).0, *values);
            assert_eq!(round_trip(values, 1_000_000).0, *values);
        }
    }

    #[test]
    fn outliers_nulls_and_constants_cost_little() {
        let sparse: Vec<i64> = (0..1_000).map(|n| if n % 200 == 0 { 123_456 } else { 0 }).collect();
        assert!(round_trip(&sparse, 1).1 < 40);
        assert!(round_trip(&[NULL; 1_000], 1).1 < 12);
        let seconds: Vec<i64> = (0..1_000).map(|n| 1_700_000_000_000_000 + n * 1_000_000).collect();
        assert!(round_trip(&seconds, 1_000_000).1 < 1_300);
    }

    #[test]
    fn a_column_of_one_number_needs_no_rows() {
        for value in [0, -7, NULL] {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            Packer::pack_same(value, &mut one);
            Packer::default().pack(&[value; 9], &[0, 3, 8], 1, &mut other);
            assert_eq!(one, other);
        }
    }

    fn ids_round_trip(texts: &[&[u8]]) -> usize {
        let mut ids = Ids::default();
        texts.iter().for_each(|t| ids.push(t));
        let rows: Vec<u32> = (0..texts.len() as u32).rev().collect();
        let mut out = Vec::new();
        Packer::default().pack_ids(&ids, Digits::of(&ids).as_ref(), &rows, &mut out);
        let len = out.len();
        out.extend([0; PADDING]);
        let mut found = Ids::default();
        found.push(b"before");
        Unpacker::new(&out, texts.len()).ids(&mut found, &mut Vec::new()).unwrap();
        let back: Vec<&[u8]> = (1..found.len()).rev().map(|n| found.get(n)).collect();
        assert_eq!(back, texts);
        len
    }

    #[test]
    fn ids_come_out_as_they_went_in() {
        ids_round_trip(&[b"P1", b"P22", b""]);
        ids_round_trip(&[b"", b""]);
        ids_round_trip(&["甲12".as_bytes(), "甲34".as_bytes()]);
        ids_round_trip(&[b"123456789012345678901234567890", b"923456789012345678901234567891"]);
        ids_round_trip(&[&[0x80, 0, 0, 0, 0, 0, 0, 1], &[0x7f, 255, 255, 255, 255, 255, 255, 255]]);
        let texts: Vec<String> = (0..1_000).map(|n| format!("S{:014}", 70_000_000 + n)).collect();
        let bytes: Vec<&[u8]> = texts.iter().map(|t| t.as_bytes()).collect();
        assert!(ids_round_trip(&bytes) < 1_600, "digits take four bits each");
    }

    proptest! {
        #[test]
        fn any_column_comes_out_as_it_went_in(
            values in prop::collection::vec(prop_oneof![Just(NULL), -9i64..9, -(1i64 << 61)..(1i64 << 61)], 0..300),
        ) {
            prop_assert_eq!(round_trip(&values, 1).0, values);
        }

        #[test]
        fn any_ids_come_out_as_they_went_in(texts in prop::collection::vec("[0-9]{3}|[0-9A-F]{0,40}", 1..50)) {
            ids_round_trip(&texts.iter().map(|t| t.as_bytes()).collect::<Vec<_>>());
        }

        #[test]
        fn damaged_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in 0usize..50) {
            let mut unpacker = Unpacker::new(&bytes, rows);
            while unpacker.numbers(1, &mut Vec::new()).is_some() && !unpacker.bytes.is_empty() {}
        }
    }
}

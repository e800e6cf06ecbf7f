//! Normalised rows as plain columns: what reading hands on to be ordered by person.

use super::schema::LedgerColumn as C;
use arrow::array::StringArray;
use std::sync::Arc;

/// Stands for "none" among numbers.
pub const NULL: i64 = i64::MIN;

/// Bytes that ids are copied by.
const CHUNK: usize = 32;

/// Ids as bytes that sort as the ids do, one after the other; an empty one is none.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Ids {
    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The id of a row.
    #[inline]
    pub fn get(&self, row: usize) -> &[u8] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.bytes[start..self.ends[row]]
    }

    /// Bytes that they take.
    pub fn memory_size(&self) -> u64 {
        (self.bytes.len() + self.ends.len() * size_of::<usize>()) as u64
    }

    /// The last one, if any.
    pub fn last(&self) -> Option<&[u8]> {
        self.len().checked_sub(1).map(|row| self.get(row))
    }

    /// Forgets all; the memory stays.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Appends an id.
    pub fn push(&mut self, id: &[u8]) {
        self.push_parts(id, &[]);
    }

    /// Appends an id of two parts.
    pub fn push_parts(&mut self, start: &[u8], rest: &[u8]) {
        self.bytes.extend_from_slice(start);
        self.bytes.extend_from_slice(rest);
        self.ends.push(self.bytes.len());
    }

    /// Appends so many empty ids.
    pub fn push_none(&mut self, rows: usize) {
        self.ends.resize(self.ends.len() + rows, self.bytes.len());
    }

    /// Appends `rows` ids that start alike and have as many bytes more, zeros as yet; their bytes.
    pub fn push_alike(&mut self, start: &[u8], more: usize, rows: usize) -> &mut [u8] {
        let (before, stride) = (self.bytes.len(), start.len() + more);
        self.bytes.resize(before + stride * rows, 0);
        self.ends.extend((1..=rows).map(|n| before + n * stride));
        let new = &mut self.bytes[before..];
        if !start.is_empty() {
            new.chunks_exact_mut(stride).for_each(|id| id[..start.len()].copy_from_slice(start));
        }
        new
    }

    /// The ids of rows, in that order.
    pub fn gather(&self, rows: &[u32]) -> Ids {
        let stride = self.ends.first().copied().unwrap_or(0);
        let alike = self.ends.windows(2).all(|w| w[1] - w[0] == stride);
        let mut gathered = Ids { bytes: Vec::with_capacity(self.bytes.len() + CHUNK), ends: Vec::new() };
        if alike && stride <= CHUNK && self.bytes.len() >= CHUNK {
            // Whole chunks are quicker copied than so many bytes; what follows each id is written over.
            gathered.bytes.resize(rows.len() * stride + CHUNK, 0);
            let last = self.bytes.len() - CHUNK;
            for (place, row) in rows.iter().enumerate() {
                let (from, to) = (*row as usize * stride, place * stride);
                if from <= last {
                    gathered.bytes[to..to + CHUNK].copy_from_slice(&self.bytes[from..from + CHUNK]);
                } else {
                    gathered.bytes[to..to + stride].copy_from_slice(&self.bytes[from..from + stride]);
                }
            }
            gathered.bytes.truncate(rows.len() * stride);
            gathered.ends.extend((1..=rows.len()).map(|n| n * stride));
        } else {
            gathered.ends.reserve(rows.len());
            rows.iter().for_each(|row| gathered.push(self.get(*row as usize)));
        }
        gathered
    }

    /// Appends a range of other ids.
    pub fn push_range(&mut self, ids: &Ids, rows: std::ops::Range<usize>) {
        let start = if rows.start == 0 { 0 } else { ids.ends[rows.start - 1] };
        let base = self.bytes.len();
        let ends = &ids.ends[rows];
        self.bytes.extend_from_slice(&ids.bytes[start..ends.last().copied().unwrap_or(start)]);
        self.ends.extend(ends.iter().map(|end| base + end - start));
    }

    /// Appends the texts of an array as they are.
    pub fn push_texts(&mut self, texts: &StringArray) {
        let offsets = texts.value_offsets();
        let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else { return };
        let base = self.bytes.len();
        self.bytes.extend_from_slice(&texts.value_data()[*first as usize..*last as usize]);
        self.ends.extend(offsets[1..].iter().map(|o| base + (*o - *first) as usize));
    }
}

/// Positions of the fixed columns of numbers; the money columns that are present follow.
pub mod column {
    /// Microseconds.
    pub const SETL_TIME: usize = 0;
    /// [`crate::ledger::marks::Packed`].
    pub const MARKS: usize = 1;
    /// File and row.
    pub const ORIGIN: usize = 2;
    /// Area of treatment.
    pub const AREA: usize = 3;
    /// Number of the disease code.
    pub const DISEASE: usize = 4;
    /// Number of the visit type.
    pub const MED_TYPE: usize = 5;
    /// The first money column.
    pub const MONEY: usize = 6;
}

/// Which columns of numbers the rows of a run have.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Money columns that any file has, in the order of the contract.
    pub money: Arc<[C]>,
    /// Whether the day that decides the year is a column of its own (the last); else it is the time's.
    pub has_day: bool,
}

impl Layout {
    /// Number of columns.
    pub fn columns(&self) -> usize {
        column::MONEY + self.money.len() + usize::from(self.has_day)
    }

    /// Position of a money column.
    pub fn position(&self, money: C) -> Option<usize> {
        self.money.iter().position(|c| *c == money).map(|p| p + column::MONEY)
    }

    /// Position of the day, where it is a column of its own.
    pub fn day(&self) -> Option<usize> {
        self.has_day.then_some(column::MONEY + self.money.len())
    }
}

/// Normalised rows. All columns have one length.
#[derive(Clone, Debug)]
pub struct Rows {
    /// Persons.
    pub psn_no: Ids,
    /// Settlement records.
    pub setl_id: Ids,
    /// Records that refunds cancel.
    pub init_setl_id: Ids,
    /// Numbers by position; [`NULL`] is none.
    pub numbers: Vec<Vec<i64>>,
    /// Whether the row passed its own checks.
    pub passed: Vec<bool>,
}

impl Rows {
    /// No rows yet.
    pub fn new(layout: &Layout) -> Self {
        Self {
            psn_no: Ids::default(),
            setl_id: Ids::default(),
            init_setl_id: Ids::default(),
            numbers: vec![Vec::new(); layout.columns()],
            passed: Vec::new(),
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.passed.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.passed.is_empty()
    }

    /// Forgets all; the memory stays.
    pub fn clear(&mut self) {
        self.psn_no.clear();
        self.setl_id.clear();
        self.init_setl_id.clear();
        self.numbers.iter_mut().for_each(Vec::clear);
        self.passed.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_gathered_whatever_their_length() {
        for texts in [vec!["P1", "P2", "P3"], vec!["a", "", "ccc"], vec!["0123456789abcdef0123456789abcdef+"; 3]] {
            for times in [1, 40] {
                let texts: Vec<String> = (0..times).flat_map(|_| texts.clone()).map(str::to_owned).collect();
                let mut ids = Ids::default();
                texts.iter().for_each(|t| ids.push(t.as_bytes()));
                let rows: Vec<u32> = (0..texts.len() as u32).rev().collect();
                let gathered = ids.gather(&rows);
                let back: Vec<&[u8]> = (0..gathered.len()).rev().map(|row| gathered.get(row)).collect();
                assert_eq!(back, texts.iter().map(|t| t.as_bytes()).collect::<Vec<_>>());
            }
        }
    }
}

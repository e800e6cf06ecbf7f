//! A piece of a range of persons: rows that waited packed, or rows as they were just read.

use super::gather::Values;
use super::pack::{Found, Unpacker};
use crate::ledger::rows::{Ids, NULL, Rows, column};
use crate::model::date::MICROS_PER_SECOND;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Rows of one range of persons, in the order in which they were read.
#[derive(Clone, Debug)]
pub enum Piece<'a> {
    /// Packed columns, and padding.
    Packed {
        /// The columns.
        bytes: Cow<'a, [u8]>,
        /// Rows.
        rows: usize,
    },
    /// Some rows of a batch, all of which passed their own checks.
    Plain {
        /// The batch.
        batch: Arc<Rows>,
        /// The rows.
        rows: Range<usize>,
    },
}

/// The unit in which a column's numbers may be counted.
pub fn unit(position: usize) -> i64 {
    if position == column::SETL_TIME { MICROS_PER_SECOND } else { 1 }
}

impl Piece<'_> {
    /// How many rows.
    pub fn rows(&self) -> usize {
        match self {
            Piece::Packed { rows, .. } => *rows,
            Piece::Plain { rows, .. } => rows.len(),
        }
    }

    /// Reads the columns of ids and appends them; where the columns of numbers begin. `None` where the
    /// bytes cannot be read; `scratch` is working memory.
    pub fn ids(&self, ids: &mut [Ids; 3], scratch: &mut Vec<i64>) -> Option<usize> {
        match self {
            Piece::Packed { bytes, rows } => {
                let mut unpacker = Unpacker::new(bytes, *rows);
                ids.iter_mut().try_for_each(|ids| unpacker.ids(ids, scratch))?;
                Some(bytes.len() - unpacker.rest().len())
            }
            Piece::Plain { batch, rows } => {
                let columns = [&batch.psn_no, &batch.setl_id, &batch.init_setl_id];
                ids.iter_mut().zip(columns).for_each(|(ids, column)| ids.push_range(column, rows.clone()));
                Some(0)
            }
        }
    }

    /// Calls `each` with the columns of numbers that are wanted, by position, until it says no; `start`
    /// is where [`Piece::ids`] found them. `None` where the bytes cannot be read.
    pub fn numbers(
        &self,
        start: usize,
        columns: usize,
        scratch: &mut Vec<i64>,
        wanted: impl Fn(usize) -> bool,
        mut each: impl FnMut(usize, Values<'_>),
    ) -> Option<()> {
        match self {
            Piece::Packed { bytes, rows } => {
                let mut unpacker = Unpacker::new(bytes.get(start..)?, *rows);
                for position in 0..columns {
                    if !wanted(position) {
                        unpacker.skip_numbers()?;
                        continue;
                    }
                    match unpacker.numbers(unit(position), scratch)? {
                        Found::Same(value) => each(position, Values::Same(value, *rows)),
                        Found::Each => each(position, Values::Each(scratch)),
                    }
                }
            }
            Piece::Plain { batch, rows } => {
                for position in (0..columns).filter(|position| wanted(*position)) {
                    each(position, Values::Each(batch.numbers.get(position)?.get(rows.clone())?));
                }
            }
        }
        Some(())
    }

    /// One row's number in the column at a position; [`NULL`] where there is none.
    pub fn number_at(&self, start: usize, position: usize, row: usize) -> i64 {
        let look = || match self {
            Piece::Packed { bytes, rows } => {
                let mut unpacker = Unpacker::new(bytes.get(start..)?, *rows);
                (0..position).try_for_each(|_| unpacker.skip_numbers())?;
                unpacker.number_at(unit(position), row)
            }
            Piece::Plain { batch, rows } => batch.numbers.get(position)?.get(rows.start + row).copied(),
        };
        look().unwrap_or(NULL)
    }
    /// Person of the first row, of rows that do not wait packed.
    pub(crate) fn first_person(&self) -> Option<&[u8]> {
        match self {
            Piece::Plain { batch, rows } if !rows.is_empty() => Some(batch.psn_no.get(rows.start)),
            _ => None,
        }
    }

    /// Person of the last row, of rows that do not wait packed.
    pub(crate) fn last_person(&self) -> Option<&[u8]> {
        match self {
            Piece::Plain { batch, rows } if !rows.is_empty() => Some(batch.psn_no.get(rows.end - 1)),
            _ => None,
        }
    }
}

/// The runs of rows that passed.
pub(crate) fn passed(rows: &[bool]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + rows[at..].iter().position(|passed| *passed)?;
        at = start + rows[start..].iter().position(|passed| !*passed).unwrap_or(rows.len() - start);
        Some(start..at)
    })
}

/// How many of so many rows, from the first on, something holds for; it holds for none after the first for
/// which it does not.
pub(crate) fn within(rows: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (0, rows);
    while from < to {
        let middle = from + (to - from) / 2;
        if holds(middle) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_passed_are_found_in_runs() {
        let runs = |rows: &[bool]| passed(rows).map(|r| (r.start, r.end)).collect::<Vec<_>>();
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[true, true]), [(0, 2)]);
        assert_eq!(runs(&[false, true, false, false, true, true]), [(1, 2), (4, 6)]);
        assert_eq!(runs(&[false]), []);
    }

    #[test]
    fn the_end_of_what_holds_is_found() {
        for len in 0..9 {
            for end in 0..=len {
                assert_eq!(within(len, |row| row < end), end);
            }
        }
    }
}

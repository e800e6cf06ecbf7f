//! The columns that the kernel reads, brought together from pieces.

use crate::ledger::marks::Packed;
use crate::ledger::rows::NULL;
use crate::settle::claims::NO_DISEASE_LIMIT;

/// What a column of numbers is to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// When it was settled, in microseconds.
    Time,
    /// The day that decides year and identity.
    Day,
    /// The small codes.
    Marks,
    /// Area of treatment.
    Area,
    /// Number of the disease code.
    Disease,
    /// Single-disease limit.
    Limit,
    /// Summed up into one of the amounts.
    Sum(usize),
    /// Only tells duplicates apart, or rejects.
    Other,
}

/// The amounts that the kernel reads, each the sum of some columns: the total fee,
pub const FEE: usize = 0;
/// what is in scope,
pub const SCOPE: usize = 1;
/// basic insurance,
pub const BASIC: usize = 2;
/// catastrophic payments recorded,
pub const CII: usize = 3;
/// assistance recorded,
pub const MAF: usize = 4;
/// and compensation from outside.
pub const EXT: usize = 5;
/// How many they are.
pub const AMOUNTS: usize = 6;

/// A column of a piece.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// So many rows, all of which hold the same number.
    Same(i64, usize),
    /// A number a row.
    Each(&'a [i64]),
}

/// Where the rows of a piece belong.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// One after the other, from here on.
    From(usize),
    /// Each where it says.
    Each(&'a [u32]),
}

/// Columns in the order of the rows of a range.
#[derive(Debug)]
pub struct Gathered {
    /// When, in microseconds.
    pub time: Vec<i64>,
    /// The day that decides year and identity.
    pub day: Vec<i32>,
    /// The small codes.
    pub packed: Vec<Packed>,
    /// Area of treatment.
    pub area: Vec<i32>,
    /// Number of the disease code.
    pub disease: Vec<u32>,
    /// Single-disease limit, in fen.
    pub disease_limit: Vec<i64>,
    /// Amounts, in fen.
    pub amounts: [Vec<i64>; AMOUNTS],
}

impl Gathered {
    /// Room for so many rows.
    pub fn new(rows: usize) -> Self {
        Self {
            time: vec![0; rows],
            day: vec![0; rows],
            packed: vec![Packed::default(); rows],
            area: vec![0; rows],
            disease: vec![0; rows],
            disease_limit: vec![NO_DISEASE_LIMIT; rows],
            amounts: [(); AMOUNTS].map(|()| vec![0; rows]),
        }
    }

    /// Puts a piece's column where its rows belong.
    pub fn take(&mut self, role: Role, values: Values<'_>, place: Place<'_>) {
        match role {
            Role::Time => put(&mut self.time, values, place, |_, v| v),
            Role::Day => put(&mut self.day, values, place, |_, v| v as i32),
            Role::Marks => put(&mut self.packed, values, place, |_, v| Packed(v as u64)),
            Role::Area => put(&mut self.area, values, place, |_, v| v as i32),
            Role::Disease => put(&mut self.disease, values, place, |_, v| v as u32),
            Role::Limit if matches!(values, Values::Same(NULL, _)) => {}
            Role::Limit => {
                put(&mut self.disease_limit, values, place, |_, v| if v == NULL { NO_DISEASE_LIMIT } else { v });
            }
            Role::Sum(_) if matches!(values, Values::Same(0 | NULL, _)) => {}
            Role::Sum(amount) => {
                let add = |sum: i64, v: i64| sum.wrapping_add(if v == NULL { 0 } else { v });
                put(&mut self.amounts[amount], values, place, add);
            }
            Role::Other => {}
        }
    }
}

fn put<T: Copy>(column: &mut [T], values: Values<'_>, place: Place<'_>, of: impl Fn(T, i64) -> T) {
    match (values, place) {
        (Values::Same(value, rows), Place::From(start)) => {
            column[start..start + rows].iter_mut().for_each(|to| *to = of(*to, value));
        }
        (Values::Each(values), Place::From(start)) => {
            let column = &mut column[start..start + values.len()];
            column.iter_mut().zip(values).for_each(|(to, value)| *to = of(*to, *value));
        }
        (Values::Same(value, _), Place::Each(place)) => {
            place.iter().for_each(|p| column[*p as usize] = of(column[*p as usize], value));
        }
        (Values::Each(values), Place::Each(place)) => {
            for (p, value) in place.iter().zip(values) {
                column[*p as usize] = of(column[*p as usize], *value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_come_together_wherever_their_rows_belong() {
        let mut gathered = Gathered::new(4);
        gathered.take(Role::Sum(FEE), Values::Each(&[5, NULL]), Place::Each(&[3, 1]));
        gathered.take(Role::Sum(FEE), Values::Same(2, 2), Place::Each(&[3, 1]));
        gathered.take(Role::Sum(FEE), Values::Each(&[7, 8]), Place::From(1));
        gathered.take(Role::Sum(FEE), Values::Same(1, 3), Place::From(0));
        assert_eq!(gathered.amounts[FEE], [1, 10, 9, 7]);
        gathered.take(Role::Limit, Values::Each(&[NULL, 6]), Place::From(2));
        assert_eq!(gathered.disease_limit, [NO_DISEASE_LIMIT, NO_DISEASE_LIMIT, NO_DISEASE_LIMIT, 6]);
    }
}

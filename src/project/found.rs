//! What a pass found, scenario by scenario: totals with their changes, people, intervals.

use super::bootstrap::{Interval, Replicates, interval};
use super::cells::{ALL_CARE, ALL_IDENTITIES, CELLS, cell, line_of_fund};
use super::entries::{Unpacker, Whose};
use super::failure::ProjectError;
use super::people::{Changes, Figures, GROUPS, PAYING, Standing, Top};
use super::shelf::Shelf;
use super::sums::{CellSum, PeopleSum, Sums};
use crate::persons::store::Store;
use crate::run::error::RunError;
use crate::settle::outcome::FUNDS;
use rayon::prelude::*;

/// A figure under a scenario, and by how much more it is than under the baseline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// Under the scenario.
    pub total: i128,
    /// More than under the baseline.
    pub change: i128,
}

/// Units as whole figures, half away from zero.
fn divided(units: i128, whole: i64) -> i128 {
    let (size, whole) = (units.abs(), i128::from(whole));
    let rounded = (size * 2 + whole) / (2 * whole);
    if units < 0 { -rounded } else { rounded }
}

impl Figure {
    /// Of the baseline's figure and the scenario's change in units.
    fn new(base: i128, change: i128, whole: i64) -> Self {
        let total = divided(base * i128::from(whole) + change, whole);
        Self { total, change: total - base }
    }
}

/// Intervals of a cell's money: of its total, and of its change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// Of the total.
    pub paid: Interval,
    /// Of the change.
    pub change: Interval,
}

/// A scenario, found.
#[derive(Debug)]
pub struct Found {
    /// Units of a person.
    whole: i64,
    /// The baseline's sums are not in it.
    sums: Sums,
    /// By identity and of all.
    pub figures: [Figures; GROUPS],
    /// Of the funds in [`PAYING`].
    pub top: [Top; PAYING.len()],
    /// By cell; empty without a bootstrap.
    intervals: Vec<Option<Intervals>>,
}

/// A cell under a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Persons and years.
    pub persons: Figure,
    /// Claims.
    pub claims: Figure,
    /// Fen.
    pub paid: Figure,
}

/// The baseline: what everything is held against.
#[derive(Debug)]
pub struct Baseline {
    /// Its sums.
    pub sums: Sums,
    /// Its persons.
    pub standing: Standing,
    /// Its replicates by cell; empty without a bootstrap.
    replicates: Vec<Option<Box<[i128]>>>,
    count: usize,
    seed: u64,
}

/// A rule under a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Persons and years that it pays.
    pub persons: Figure,
    /// What it pays, in fen.
    pub paid: Figure,
    /// Persons and years at its annual limit.
    pub at_cap: Figure,
    /// What the limit cuts off, in fen.
    pub cut_off: Figure,
}

impl Baseline {
    /// Of a pass's sums, persons and the entries of the baseline, which come first on each shelf.
    ///
    /// # Errors
    /// [`ProjectError`] of entries that waited on disk.
    pub fn new(
        sums: Sums,
        mut standing: Standing,
        (store, shelves): (&Store, &[Shelf]),
        (count, seed): (usize, u64),
    ) -> Result<Self, ProjectError> {
        let mut replicates = Vec::new();
        let keys = &standing.key;
        let starts = &standing.starts;
        if count > 0 {
            let of = |part: usize| -> Result<Replicates, ProjectError> {
                let mut replicates = Replicates::new(count, seed);
                each(store, &shelves[part], 0, |whose, _, cells| {
                    if let Whose::Known(n) = whose {
                        replicates.add(keys[starts[part] + n as usize], cells);
                    }
                })?;
                Ok(replicates)
            };
            let sum = |a: Replicates, b: Replicates| Ok(a.with(b));
            let none = || Replicates::new(count, seed);
            replicates = (0..shelves.len()).into_par_iter().map(of).try_reduce(none, sum)?.all();
        }
        for (part, shelf) in shelves.iter().enumerate() {
            let start = standing.starts[part];
            each(store, shelf, 0, |whose, _, cells| {
                if let Whose::Known(n) = whose {
                    standing.payee(start + n as usize, cells);
                }
            })?;
        }
        Ok(Self { sums, standing, replicates, count, seed })
    }

    /// The baseline as a scenario of its own.
    pub fn itself(&self, rules: usize) -> Found {
        let (figures, top) = Changes::new(1).figures(&self.standing);
        let mut found = Found { whole: 1, sums: Sums::new(rules), figures, top, intervals: Vec::new() };
        found.intervals = self.intervals(&[], 1);
        found
    }

    /// A scenario: its sums, and its entries by number on the shelves.
    ///
    /// # Errors
    /// [`ProjectError`] of entries that waited on disk.
    pub fn found(
        &self,
        sums: Sums,
        whole: i64,
        (store, shelves, number): (&Store, &[Shelf], usize),
    ) -> Result<Found, ProjectError> {
        let mut changes = Changes::new(whole);
        let mut replicates = (self.count > 0).then(|| Replicates::new(self.count, self.seed));
        for (part, shelf) in shelves.iter().enumerate() {
            let start = self.standing.starts[part];
            each(store, shelf, number, |whose, head, cells| {
                changes.take(&self.standing, start, head, cells);
                if let Some(replicates) = &mut replicates {
                    let key = match whose {
                        Whose::Known(n) | Whose::Gone(n) => self.standing.key[start + n as usize],
                        Whose::New(key, _) => key,
                    };
                    replicates.add(key, cells);
                }
            })?;
        }
        let (figures, top) = changes.figures(&self.standing);
        let replicates = replicates.map_or_else(Vec::new, Replicates::all);
        let intervals = self.intervals(&replicates, whole);
        Ok(Found { whole, sums, figures, top, intervals })
    }

    /// By how much more each fund pays, by number.
    pub fn changes(&self, sums: &Sums, whole: i64) -> [i128; FUNDS.len()] {
        std::array::from_fn(|fund| {
            let cell = fund_cell(fund);
            Figure::new(self.sums.cell(cell).paid, sums.cell(cell).paid, whole).change
        })
    }

    fn intervals(&self, changes: &[Option<Box<[i128]>>], whole: i64) -> Vec<Option<Intervals>> {
        if self.count == 0 {
            return Vec::new();
        }
        let zeros: Box<[i128]> = vec![0; self.count].into();
        let of = |cell: usize| {
            let (base, change) = (self.replicates[cell].as_ref(), changes.get(cell).and_then(Option::as_ref));
            base.or(change)?;
            let (base, change) = (base.unwrap_or(&zeros), change.unwrap_or(&zeros));
            let paid = base.iter().zip(change).map(|(b, c)| divided(b * i128::from(whole) + c, whole)).collect();
            let change = change.iter().map(|c| divided(*c, whole)).collect();
            Some(Intervals { paid: interval(paid)?, change: interval(change)? })
        };
        (0..CELLS).map(of).collect()
    }
}

/// Goes through the entries of a world in a range of persons.
fn each(
    store: &Store,
    shelf: &Shelf,
    number: usize,
    mut take: impl FnMut(Whose, super::entries::Head, &[(u16, i128)]),
) -> Result<(), ProjectError> {
    let bytes = shelf.of(store, number)?;
    let mut unpacker = Unpacker::new(&bytes);
    while let Some((head, cells)) = unpacker.next_entry() {
        take(head.whose, head, cells);
    }
    if unpacker.is_at_end() { Ok(()) } else { Err(RunError::from(store.damaged()).into()) }
}

impl Found {
    /// A cell, as long as the baseline or the scenario has something there.
    pub fn cell(&self, base: &Baseline, cell: u16) -> Option<Cell> {
        let (b, c) = (base.sums.cell(cell), self.sums.cell(cell));
        if b == CellSum::default() && c == CellSum::default() {
            return None;
        }
        let figure = |base, change| Figure::new(base, change, self.whole);
        Some(Cell {
            persons: figure(i128::from(b.persons), i128::from(c.persons)),
            claims: figure(i128::from(b.claims), i128::from(c.claims)),
            paid: figure(b.paid, c.paid),
        })
    }

    /// The intervals of a cell, where there was a bootstrap.
    pub fn intervals(&self, cell: u16) -> Option<Intervals> {
        self.intervals.get(usize::from(cell)).copied().flatten()
    }

    /// What a fund pays in all.
    pub fn fund(&self, base: &Baseline, fund: usize) -> Figure {
        self.cell(base, fund_cell(fund)).unwrap_or_default().paid
    }

    /// The people of a group, under the scenario.
    pub fn people(&self, base: &Baseline, group: usize) -> PeopleSum {
        let (b, c) = (base.sums.people[group], self.sums.people[group]);
        let count = |b: i64, c: i64| Figure::new(b.into(), c.into(), self.whole).total as i64;
        let money = |b: i128, c: i128| Figure::new(b, c, self.whole).total;
        PeopleSum {
            persons: count(b.persons, c.persons),
            // The baseline changes nothing for anybody.
            winners: count(0, c.winners),
            won: money(0, c.won),
            losers: count(0, c.losers),
            lost: money(0, c.lost),
            burden: money(b.burden, c.burden),
            above: std::array::from_fn(|n| count(b.above[n], c.above[n])),
            at_cap: count(b.at_cap, c.at_cap),
            cut_off: money(b.cut_off, c.cut_off),
        }
    }

    /// Means of a group, half up to the fen: of what is won, lost and left; none of nobody. Of units, so that who
    /// counts more or less weighs in full.
    pub fn means(&self, base: &Baseline, group: usize) -> [Option<i128>; 3] {
        let (b, c) = (base.sums.people[group], self.sums.people[group]);
        let mean = |sum: i128, units: i128| (units > 0).then(|| (sum * 2 + units).div_euclid(2 * units));
        let whole = i128::from(self.whole);
        let persons = i128::from(b.persons) * whole + i128::from(c.persons);
        [mean(c.won, c.winners.into()), mean(c.lost, c.losers.into()), mean(b.burden * whole + c.burden, persons)]
    }

    /// So many units as persons, half up.
    pub fn persons(&self, units: i64) -> i64 {
        divided(units.into(), self.whole) as i64
    }

    /// What a rule did, by number.
    pub fn rule(&self, base: &Baseline, rule: usize) -> Rule {
        let of = |sums: &Sums| sums.rules.get(rule).copied().unwrap_or_default();
        let (b, c) = (of(&base.sums), of(&self.sums));
        let figure = |base, change| Figure::new(base, change, self.whole);
        Rule {
            persons: figure(b.persons.into(), c.persons.into()),
            paid: figure(b.paid, c.paid),
            at_cap: figure(b.at_cap.into(), c.at_cap.into()),
            cut_off: figure(b.cut_off, c.cut_off),
        }
    }

    /// Units as figures.
    pub fn whole(&self) -> i64 {
        self.whole
    }
}

/// The cell of all that a fund pays.
pub fn fund_cell(fund: usize) -> u16 {
    cell(line_of_fund(fund), ALL_IDENTITIES, ALL_CARE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_divided_half_away_from_zero() {
        assert_eq!([15_000, 14_999, -15_000, -14_999, 0].map(|u| divided(u, 10_000)), [2, 1, -2, -1, 0]);
        assert_eq!(Figure::new(7, -3, 1), Figure { total: 4, change: -3 });
        assert_eq!(Figure::new(7, 5_000, 10_000), Figure { total: 8, change: 1 });
    }
}

//! Where a person's year is written down: what differs goes to the sums of its world, and into an entry.

use super::cells::{NOBODY, is_base};
use super::entries::{Head, Packer, Whose};
use super::people::is_paying;
use super::record::{Record, Year};
use super::sums::{AFTER, BEFORE, PeopleSum, Spread, Sums, Units, parts_that_differ};
use crate::settle::outcome::PARTS;
use std::collections::BTreeMap;

/// Where a year is written down.
pub struct Books<'a> {
    /// The sums of the world.
    pub sums: &'a mut Sums,
    /// Room for the person at hand.
    pub spread: &'a mut Spread,
    /// Where entries go; none: they are not wanted.
    pub packer: Option<&'a mut Packer>,
    /// Room for an entry's cells.
    pub cells: &'a mut Vec<(u16, i128)>,
    /// Whether entries hold every cell, or those of the funds whose payees are looked at.
    pub all_cells: bool,
    /// Two shares of the income, in fen, by charge year.
    pub thresholds: &'a BTreeMap<i32, [i64; 2]>,
}

impl Books<'_> {
    /// Writes down what differs of a year, before and after.
    pub fn year(&mut self, whose: Whose, years: [Option<&Year>; 2], records: [&Record; 2], count: Units) {
        let [before, after] = years;
        let Some(charge_year) = before.or(after).map(|y| y.charge_year) else { return };
        let unweighted = count.own == count.whole;
        let parts = match years {
            [Some(_), Some(_)] if unweighted => parts_that_differ(records[0], records[1], charge_year),
            _ => (1 << PARTS.len()) - 1,
        };
        for (when, (year, record)) in [BEFORE, AFTER].into_iter().zip(years.iter().zip(records)) {
            if year.is_some() {
                self.spread.put(&record.groups, charge_year, parts, when);
            }
        }
        self.cells.clear();
        let cells = &mut *self.cells;
        let keeps = self.packer.is_some();
        self.spread.settle(count, self.sums, |cell, money| {
            if keeps && is_base(cell) && (self.all_cells || is_paying(cell)) {
                cells.push((cell, money));
            }
        });
        let burden = |y: Option<&Year>| y.map_or(0, |y| y.burden);
        let change = burden(after) - burden(before);
        let identity = before.or(after).map_or(NOBODY as u8, |y| y.identity);
        let thresholds = self.thresholds.get(&charge_year);
        for (year, record, units) in [(before, records[0], -count.whole), (after, records[1], count.own)] {
            let Some(year) = year else { continue };
            let (cut_off, capped) = self.sums.rules_of(record, year, units);
            self.sums.count(identity, |sum: &mut PeopleSum| {
                sum.persons += units;
                sum.burden += i128::from(year.burden) * i128::from(units);
                sum.at_cap += if capped { units } else { 0 };
                sum.cut_off += i128::from(cut_off) * i128::from(units);
                for (above, threshold) in sum.above.iter_mut().zip(thresholds.into_iter().flatten()) {
                    *above += if year.burden > *threshold { units } else { 0 };
                }
            });
        }
        if before.is_some() && after.is_some() && change != 0 {
            let by = i128::from(change.unsigned_abs()) * i128::from(count.own);
            self.sums.count(identity, |sum| {
                let (persons, money) =
                    if change < 0 { (&mut sum.winners, &mut sum.won) } else { (&mut sum.losers, &mut sum.lost) };
                *persons += count.own;
                *money += by;
            });
        }
        let Some(packer) = &mut self.packer else { return };
        if self.cells.is_empty() && change == 0 && unweighted && matches!(whose, Whose::Known(_)) && before.is_some() {
            return;
        }
        packer.put(Head { whose, units: count.own, burden: change }, self.cells);
    }
}

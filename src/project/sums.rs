//! What a scenario changes, added up: by cell, by the persons' identity, by rule. Sums are integers, so that
//! ranges of persons add up to the same figures in whatever order they come.

use super::cells::{
    ALL_IDENTITIES, CELLS, LAYER_LINES, cell, is_by_identity_and_care, line_of_part, parts_of, whole_of, within,
};
use super::record::{Group, Record, WIDE, Year};
use crate::settle::outcome::PARTS;

/// A person counts so many units in a scenario whose persons grow or shrink: weights have four decimals.
pub const WEIGHTED: i64 = 10_000;

/// How a person counts: so many units each time, of a scenario in which everybody has `whole`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// This person's units.
    pub own: i64,
    /// Units of a person before the scenario.
    pub whole: i64,
}

impl Units {
    /// Of a scenario without weights.
    pub const ONE: Self = Self { own: 1, whole: 1 };
}

/// A cell's sum, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CellSum {
    /// Persons and years with money in it.
    pub persons: i64,
    /// Claims.
    pub claims: i64,
    /// Fen.
    pub paid: i128,
}

/// What is counted of the persons of one identity, in units; money in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeopleSum {
    /// Persons and years.
    pub persons: i64,
    /// To whom less is left than before, and how much less in all.
    pub winners: i64,
    /// See above.
    pub won: i128,
    /// To whom more is left than before, and how much more in all.
    pub losers: i64,
    /// See above.
    pub lost: i128,
    /// What is left to them in all.
    pub burden: i128,
    /// Whose burden is above each share of the income.
    pub above: [i64; 2],
    /// With a pool at its cap.
    pub at_cap: i64,
    /// What caps cut off.
    pub cut_off: i128,
}

/// What one rule did, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleSum {
    /// Persons and years that it paid.
    pub persons: i64,
    /// What it paid, in fen.
    pub paid: i128,
    /// Persons and years at its annual limit.
    pub at_cap: i64,
    /// What the limit cut off, in fen.
    pub cut_off: i128,
}

const ABSENT: u16 = u16::MAX;

/// Sums of one scenario, less those of the baseline; of the baseline, all of it.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Where a cell's sum stands; few cells ever have one.
    at: Vec<u16>,
    cells: Vec<CellSum>,
    /// By number of the identity; the last of all.
    pub people: [PeopleSum; ALL_IDENTITIES + 1],
    /// By number of the rule.
    pub rules: Vec<RuleSum>,
}

impl Default for Sums {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Sums {
    /// Nothing yet, for so many rules.
    pub fn new(rules: usize) -> Self {
        Self {
            at: vec![ABSENT; CELLS],
            cells: Vec::new(),
            people: Default::default(),
            rules: vec![RuleSum::default(); rules],
        }
    }

    /// The sum of a cell.
    pub fn cell(&self, cell: u16) -> CellSum {
        self.cells.get(usize::from(self.at[usize::from(cell)])).copied().unwrap_or_default()
    }

    #[inline]
    fn cell_mut(&mut self, cell: u16) -> &mut CellSum {
        let at = &mut self.at[usize::from(cell)];
        if *at == ABSENT {
            *at = self.cells.len() as u16;
            self.cells.push(CellSum::default());
        }
        &mut self.cells[usize::from(*at)]
    }

    /// Adds other sums of the scenario.
    pub fn merge(&mut self, other: &Sums) {
        for (cell, at) in other.at.iter().enumerate().filter(|(_, at)| **at != ABSENT) {
            let theirs = other.cells[usize::from(*at)];
            let mine = self.cell_mut(cell as u16);
            mine.persons += theirs.persons;
            mine.claims += theirs.claims;
            mine.paid += theirs.paid;
        }
        for (mine, theirs) in self.people.iter_mut().zip(&other.people) {
            mine.add(theirs);
        }
        for (mine, theirs) in self.rules.iter_mut().zip(&other.rules) {
            mine.persons += theirs.persons;
            mine.paid += theirs.paid;
            mine.at_cap += theirs.at_cap;
            mine.cut_off += theirs.cut_off;
        }
    }

    /// Adds claims and money of cells up to the cells that they are part of; persons are counted there already.
    /// To be done once, when all is merged.
    pub fn add_up(&mut self) {
        let base = (0..CELLS as u16).filter(|cell| is_by_identity_and_care(*cell));
        for cell in base.collect::<Vec<_>>() {
            let CellSum { claims, paid, .. } = self.cell(cell);
            let line = parts_of(cell).0;
            for to in within(cell).filter(|to| *to != cell && (claims, paid) != (0, 0)) {
                let to_line = parts_of(to).0;
                let sum = self.cell_mut(to);
                sum.paid += if line < LAYER_LINES { paid } else { 0 };
                // A whole fund's claims are counted on its own line.
                sum.claims += if to_line == line { claims } else { 0 };
            }
        }
    }

    /// Counts a person's year of one identity, and of all.
    pub fn count(&mut self, identity: u8, of: impl Fn(&mut PeopleSum)) {
        of(&mut self.people[usize::from(identity)]);
        of(&mut self.people[ALL_IDENTITIES]);
    }

    /// Counts what rules did in a year: `units` each, negative to take it back. Cut-off money, and whether any
    /// limit was reached.
    pub fn rules_of(&mut self, record: &Record, year: &Year, units: i64) -> (i64, bool) {
        let (mut cut_off, mut any) = (0, false);
        for of in record.rules.iter().filter(|r| r.charge_year == year.charge_year) {
            let sum = &mut self.rules[usize::from(of.rule)];
            sum.persons += if of.paid > 0 { units } else { 0 };
            sum.paid += i128::from(of.paid) * i128::from(units);
            sum.at_cap += if of.at_cap { units } else { 0 };
            sum.cut_off += i128::from(of.cut_off) * i128::from(units);
            cut_off += of.cut_off;
            any |= of.at_cap;
        }
        (cut_off, any)
    }
}

impl PeopleSum {
    fn add(&mut self, other: &PeopleSum) {
        self.persons += other.persons;
        self.winners += other.winners;
        self.won += other.won;
        self.losers += other.losers;
        self.lost += other.lost;
        self.burden += other.burden;
        self.above.iter_mut().zip(other.above).for_each(|(a, b)| *a += b);
        self.at_cap += other.at_cap;
        self.cut_off += other.cut_off;
    }
}

/// One base cell of the person at hand, before and after.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    paid: [i64; 2],
    claims: [i64; 2],
}

/// A person's year spread over the base cells, as it was and as it is under a scenario. Reused from person to
/// person.
#[derive(Debug)]
pub struct Spread {
    slots: Vec<Slot>,
    touched: Vec<u16>,
    /// By cell: whether the person has money in it, before and after.
    has: Vec<[bool; 2]>,
    has_touched: Vec<u16>,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            slots: vec![Slot::default(); CELLS],
            touched: Vec::new(),
            has: vec![[false; 2]; CELLS],
            has_touched: Vec::new(),
        }
    }
}

/// Before the scenario.
pub const BEFORE: usize = 0;
/// Under the scenario.
pub const AFTER: usize = 1;

impl Spread {
    /// Puts a year's groups in, of the parts named (bit per number in [`PARTS`]).
    pub fn put(&mut self, groups: &[Group], charge_year: i32, parts: u16, when: usize) {
        for group in groups.iter().filter(|g| g.charge_year == charge_year) {
            let (identity, care) = (usize::from(group.identity), usize::from(group.care));
            for part in (0..PARTS.len()).filter(|p| parts & (1 << p) != 0 && group.paid[*p] > 0) {
                let line = line_of_part(part, group.insutype);
                self.add(cell(line, identity, care), group.paid[part], group.claims[part], when);
            }
            for (wide, claims) in WIDE.iter().zip(group.wide).filter(|(w, c)| **w & parts != 0 && *c > 0) {
                // Claims of a fund with several layers count once there; its money is that of its layers.
                let line = line_of_part(wide.trailing_zeros() as usize, group.insutype);
                if let Some(whole) = whole_of(line) {
                    self.add(cell(whole, identity, care), 0, claims, when);
                }
            }
        }
    }

    #[inline]
    fn add(&mut self, cell: u16, paid: i64, claims: u32, when: usize) {
        let slot = &mut self.slots[usize::from(cell)];
        if slot.claims == [0; 2] {
            self.touched.push(cell);
        }
        slot.paid[when] += paid;
        slot.claims[when] += i64::from(claims);
    }

    /// Adds what differs to the sums of a scenario, and tells each base cell's change of money, in units; then
    /// forgets the year.
    pub fn settle(&mut self, units: Units, sums: &mut Sums, mut changed: impl FnMut(u16, i128)) {
        let Units { own, whole } = units;
        // Who has money somewhere seldom differs; where it does not, persons need not be counted.
        let mut moved = own != whole;
        for cell in &self.touched {
            let Slot { claims, .. } = self.slots[usize::from(*cell)];
            moved |= (claims[BEFORE] > 0) != (claims[AFTER] > 0);
        }
        if moved {
            self.persons(units, sums);
        }
        for cell in self.touched.drain(..) {
            let Slot { paid, claims } = std::mem::take(&mut self.slots[usize::from(cell)]);
            let claims = own * claims[AFTER] - whole * claims[BEFORE];
            let money = i128::from(own) * i128::from(paid[AFTER]) - i128::from(whole) * i128::from(paid[BEFORE]);
            if claims == 0 && money == 0 && own == whole {
                continue;
            }
            let sum = sums.cell_mut(cell);
            sum.claims += claims;
            sum.paid += money;
            if money != 0 || own != whole {
                changed(cell, money);
            }
        }
    }

    /// Counts the person in every cell that it has money in.
    fn persons(&mut self, Units { own, whole }: Units, sums: &mut Sums) {
        for cell in &self.touched {
            let Slot { claims, .. } = self.slots[usize::from(*cell)];
            for cell in within(*cell) {
                let has = &mut self.has[usize::from(cell)];
                if *has == [false; 2] {
                    self.has_touched.push(cell);
                }
                has.iter_mut().zip(claims).for_each(|(has, claims)| *has |= claims > 0);
            }
        }
        for cell in self.has_touched.drain(..) {
            let [before, after] = std::mem::take(&mut self.has[usize::from(cell)]);
            let persons = own * i64::from(after) - whole * i64::from(before);
            if persons != 0 {
                sums.cell_mut(cell).persons += persons;
            }
        }
    }
}

/// The parts of the fee in which a year differs, bit per number in [`PARTS`]; all parts of a fund with one of
/// them, since its claims are counted together.
pub fn parts_that_differ(before: &Record, after: &Record, charge_year: i32) -> u16 {
    let all = (1 << PARTS.len()) - 1;
    fn of(record: &Record, charge_year: i32) -> impl Iterator<Item = Group> + '_ {
        record.groups.iter().filter(move |g| g.charge_year == charge_year).copied()
    }
    let (mut before, mut after, mut parts) = (of(before, charge_year), of(after, charge_year), 0u16);
    loop {
        let (a, b) = match (before.next(), after.next()) {
            (None, None) => break,
            (Some(a), Some(b)) if (a.identity, a.insutype, a.care) == (b.identity, b.insutype, b.care) => (a, b),
            _ => return all,
        };
        for part in 0..PARTS.len() {
            parts |= u16::from(a.paid[part] != b.paid[part] || a.claims[part] != b.claims[part]) << part;
        }
    }
    WIDE.iter().filter(|wide| **wide & parts != 0).fold(parts, |all, wide| all | wide)
}

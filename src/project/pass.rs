//! One pass over the persons: each is settled in the baseline and, while its claims are at hand, in every world
//! that can reach it.
//!
//! ```text
//!  range of persons ─ sort ─► person ─► baseline ─► record ─┬─► sums
//!                                    └► world that reaches ─► record ─ differs ─┴─► sums, entries
//! ```

use super::books::Books;
use super::change::Growth;
use super::entries::{Packer, Whose};
use super::failure::ProjectError;
use super::growth::{Bills, repeat};
use super::reach::Spot;
use super::record::{Record, Recorder};
use super::shelf::{Shelf, Shelving};
use super::sums::{Spread, Sums, Units};
use super::world::{Circle, Holder, World};
use crate::lang::both;
use crate::model::codes::{Insutype, RejectReason};
use crate::model::date;
use crate::model::fen::MAX_SUM;
use crate::persons::partition::hash;
use crate::persons::resolve::{Refused, Resolver};
use crate::persons::sorted::Sorted;
use crate::persons::store::Store;
use crate::policy::tables::{ANYONE, Mask, key};
use crate::roster::Roster;
use crate::run::progress::Progress;
use crate::run::waiting::Waiting;
use crate::settle::claims::Claims;
use crate::settle::holdings::Holdings;
use crate::settle::{Accepted, Scratch, settle_person};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all worlds share.
pub struct Common<'a> {
    /// The rows.
    pub waiting: &'a Waiting,
    /// The policy as it is.
    pub baseline: &'a World,
    /// Who holds what, by number; the baseline's first.
    pub holders: &'a [Holder],
    /// The roster under each of them; empty where the ledger carries identities.
    pub rosters: &'a [Roster],
    /// Growths of bills, by number.
    pub fees: &'a [Vec<Growth>],
    /// Growths of claims, by number.
    pub claims: &'a [Vec<Growth>],
    /// Whom contributions are paid for, by number; the baseline's first.
    pub circles: &'a [Circle],
    /// Only what is charged to this year.
    pub only_year: Option<i32>,
    /// Two shares of the income, in fen, by charge year; none where no income is known.
    pub thresholds: &'a BTreeMap<i32, [i64; 2]>,
    /// How many rules there are.
    pub rules: usize,
    /// What chance begins with.
    pub seed: u64,
    /// Whether entries hold the money of every cell, for a bootstrap; else of the funds whose payees are looked at.
    pub all_cells: bool,
}

/// The baseline's persons and years, in order.
#[derive(Debug, Default)]
pub struct Persons {
    /// What was left to each, in fen.
    pub burden: Vec<i64>,
    /// Number of the identity preferred.
    pub identity: Vec<u8>,
    /// The person's key.
    pub key: Vec<u64>,
}

/// What a pass found.
pub struct Passed {
    /// The baseline's sums, then by world what differs from them.
    pub sums: Vec<Sums>,
    /// By range of persons.
    pub persons: Vec<Persons>,
    /// By range of persons; the baseline's entries come first, where they were wanted. Empty where none are kept.
    pub shelves: Vec<Shelf>,
    /// By circle: whose claims count.
    pub noted: Vec<Noted>,
    /// Rows that do not count under the baseline, by why.
    pub refused: BTreeMap<RejectReason, u64>,
}

/// Whose claims count in a circle.
#[derive(Debug, Default)]
pub struct Noted {
    /// Persons of the roster by number, year, and whether as a resident.
    pub persons: Vec<(u32, i32, bool)>,
    /// Benefit years with a claim that counts.
    pub years: BTreeSet<i32>,
    last: Option<i32>,
}

impl Noted {
    fn claim(&mut self, person: Option<usize>, year: i32, resident: bool) {
        if self.last.replace(year) != Some(year) {
            self.years.insert(year);
        }
        let Some(person) = person else { return };
        let noted = (person as u32, year, resident);
        if self.persons.last() != Some(&noted) {
            self.persons.push(noted);
        }
    }

    fn merge(&mut self, other: Self) {
        self.persons.extend(other.persons);
        self.years.extend(other.years);
    }
}

/// What is kept of single persons.
#[derive(Clone, Copy)]
pub struct Keeps<'a> {
    /// Where entries are kept; none: they are not.
    pub store: Option<&'a Store>,
    /// The baseline's too.
    pub baseline: bool,
}

/// Settles everybody in the baseline and in these worlds. Entries are kept in the store, the baseline's too.
///
/// # Errors
/// [`ProjectError`] of rows or entries that waited on disk.
pub fn pass(
    common: &Common<'_>,
    worlds: &[World],
    keeps: Keeps<'_>,
    progress: &dyn Progress,
) -> Result<Passed, ProjectError> {
    let parts = common.waiting.parts();
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, (Persons, Option<Shelf>)>> = Mutex::new(BTreeMap::new());
    let workers = rayon::broadcast(|_| -> Result<_, ProjectError> {
        let mut worker = Worker::new(common, worlds, keeps);
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                break Ok((worker.sums, worker.noted, worker.refused));
            }
            let found = worker.part(part, progress).inspect_err(|_| {
                // The others need not go on.
                next.store(parts, Ordering::Relaxed);
            })?;
            done.lock().unwrap_or_else(|e| e.into_inner()).insert(part, found);
        }
    });
    let mut all: Option<Vec<Sums>> = None;
    let (mut noted, mut refused): (Vec<Noted>, BTreeMap<_, u64>) = (Vec::new(), BTreeMap::new());
    for worker in workers {
        let (sums, found, why) = worker?;
        why.into_iter().for_each(|(reason, rows)| *refused.entry(reason).or_default() += rows);
        noted.resize_with(found.len(), Noted::default);
        noted.iter_mut().zip(found).for_each(|(mine, theirs)| mine.merge(theirs));
        match &mut all {
            None => all = Some(sums),
            Some(all) => all.iter_mut().zip(&sums).for_each(|(mine, theirs)| mine.merge(theirs)),
        }
    }
    let mut sums = all.unwrap_or_default();
    sums.iter_mut().for_each(Sums::add_up);
    let done = done.into_inner().unwrap_or_else(|e| e.into_inner());
    let (persons, shelves): (Vec<Persons>, Vec<Option<Shelf>>) = done.into_values().unzip();
    Ok(Passed { sums, persons, shelves: shelves.into_iter().flatten().collect(), noted, refused })
}

/// One worker: its sums, and room for the person at hand.
struct Worker<'a> {
    common: &'a Common<'a>,
    worlds: &'a [World],
    keeps: Keeps<'a>,
    shelving: Shelving,
    sums: Vec<Sums>,
    packers: Vec<Packer>,
    noted: Vec<Noted>,
    refused: BTreeMap<RejectReason, u64>,
    bench: Bench,
}

/// Room for the person at hand.
#[derive(Default)]
struct Bench {
    scratch: Scratch,
    resolver: Resolver,
    /// What counts, whatever the policy's days; and of that what a policy covers.
    all: Vec<Accepted>,
    refused: Vec<Refused>,
    covered: Vec<Accepted>,
    repeated: Vec<Accepted>,
    spots: Vec<Spot>,
    bills: Vec<Bills>,
    /// Ranks that the ledger carries, by holder.
    certified: Vec<Vec<u8>>,
    /// Number of the person by roster.
    numbers: Vec<Option<usize>>,
    /// Where each roster was looked at last.
    at: Vec<Option<usize>>,
    before: Record,
    after: Record,
    spread: Spread,
    cells: Vec<(u16, i128)>,
}

/// The person at hand.
#[derive(Clone, Copy)]
struct Person<'a> {
    rows: &'a Sorted<'a>,
    first: usize,
    claims: Claims<'a>,
    key: u64,
    /// Identities held on some day, and [`ANYONE`].
    mask: Mask,
    /// Burden after basic insurance in all.
    burden: i64,
}

impl<'a> Worker<'a> {
    fn new(common: &'a Common<'a>, worlds: &'a [World], keeps: Keeps<'a>) -> Self {
        let mut bench = Bench::default();
        bench.bills.resize_with(common.fees.len(), Bills::default);
        bench.certified.resize(common.holders.len(), Vec::new());
        bench.numbers.resize(common.rosters.len(), None);
        let sums = (0..=worlds.len()).map(|_| Sums::new(common.rules)).collect();
        let packers = (0..=worlds.len()).map(|_| Packer::default()).collect();
        let noted = common.circles.iter().map(|_| Noted::default()).collect();
        Self {
            common,
            worlds,
            keeps,
            shelving: Shelving::default(),
            sums,
            packers,
            noted,
            refused: BTreeMap::new(),
            bench,
        }
    }

    fn part(&mut self, part: usize, progress: &dyn Progress) -> Result<(Persons, Option<Shelf>), ProjectError> {
        let mut rows = self.common.waiting.sort(part)?;
        rows.certify(|packed, _| self.common.holders[0].certified(packed));
        self.bench.at = vec![None; self.common.rosters.len()];
        let mut persons = Persons::default();
        for person in rows.persons() {
            self.person(&rows, person, &mut persons)?;
        }
        progress.advance(rows.rows() as u64);
        let Some(store) = self.keeps.store else { return Ok((persons, None)) };
        Ok((persons, Some(self.shelving.close(store, &mut self.packers)?)))
    }

    fn person(&mut self, rows: &Sorted<'_>, range: Range<usize>, persons: &mut Persons) -> Result<(), ProjectError> {
        let Bench { resolver, all, refused, bills, certified, numbers, at, .. } = &mut self.bench;
        let first = range.start;
        all.clear();
        refused.clear();
        resolver.resolve(rows, range.clone(), None, all, refused);
        refused.iter().for_each(|r| *self.refused.entry(r.reason).or_default() += 1);
        if all.is_empty() {
            return Ok(());
        }
        all.iter_mut().for_each(|a| a.row -= first as u32);
        bills.iter_mut().for_each(|b| b.made = false);
        certified.iter_mut().for_each(Vec::clear);
        for ((number, at), roster) in numbers.iter_mut().zip(at).zip(self.common.rosters) {
            *number = roster.find_from(at, rows.psn_no(first));
        }
        let claims = rows.claims().part(range);
        let mut person = Person { rows, first, claims, key: hash(rows.psn_no(first)), mask: 1 << ANYONE, burden: 0 };
        self.baseline(&mut person, persons);
        let known = persons.burden.len() - self.bench.before.years.len();
        for number in 0..self.worlds.len() {
            self.world(number, &person, known as u32)?;
            if let Some(store) = self.keeps.store {
                self.shelving.relieve(store, number + 1, &mut self.packers[number + 1])?;
            }
        }
        if let Some(store) = self.keeps.store {
            self.shelving.relieve(store, 0, &mut self.packers[0])?;
        }
        Ok(())
    }

    /// Settles the person in the baseline: its record, sums and years, and what its claims look at.
    fn baseline(&mut self, person: &mut Person<'_>, persons: &mut Persons) {
        let world = self.common.baseline;
        let Bench { scratch, all, covered, spots, before, numbers, spread, cells, .. } = &mut self.bench;
        covers(world, person, all, covered);
        if covered.len() < all.len() {
            let rows = (all.len() - covered.len()) as u64;
            *self.refused.entry(RejectReason::OutsidePolicyPeriod).or_default() += rows;
        }
        let holdings = holdings(self.common, world, numbers);
        before.clear();
        if !covered.is_empty() {
            let mut recorder = Recorder { record: before, naming: &world.naming, only_year: self.common.only_year };
            settle_person(&world.tables, &person.claims, covered, holdings, scratch, &mut recorder);
        }
        spots.clear();
        let claims = &person.claims;
        for a in all.iter().filter(|a| !a.reversed) {
            let row = a.row as usize;
            let held = holdings.in_force(&world.tables, claims.day[row], claims.identity[row]);
            person.mask |= held;
            person.burden += (claims.inscp_scp_amt[row] - claims.basic_pay[row]).max(0);
            let key = key(claims.insutype[row], claims.care[row], claims.marks[row].hosp_lv) as u8;
            let spot = Spot { year: date::year_of(claims.day[row]), key, held };
            if !spots.contains(&spot) {
                spots.push(spot);
            }
        }
        for (circle, noted) in self.common.circles.iter().zip(&mut self.noted) {
            let number = numbers.get(circle.holder).copied().flatten();
            for row in all.iter().filter(|a| !a.reversed).map(|a| a.row as usize) {
                let day = claims.day[row];
                if circle.covers(day) {
                    noted.claim(number, date::year_of(day), claims.insutype[row] != Insutype::Employee);
                }
            }
        }
        let none = Record::default();
        for year in &before.years {
            let number = persons.burden.len() as u32;
            persons.burden.push(year.burden);
            persons.identity.push(year.identity);
            persons.key.push(person.key);
            let books = &mut Books {
                sums: &mut self.sums[0],
                spread: &mut *spread,
                packer: (self.keeps.store.is_some() && self.keeps.baseline).then_some(&mut self.packers[0]),
                cells: &mut *cells,
                all_cells: self.common.all_cells,
                thresholds: self.common.thresholds,
            };
            books.year(Whose::Known(number), [None, Some(year)], [&none, before], Units::ONE);
        }
    }

    /// Settles the person in a world, if that can differ from the baseline; `known` is the number of its first
    /// year there.
    fn world(&mut self, number: usize, person: &Person<'_>, known: u32) -> Result<(), ProjectError> {
        let (common, world) = (self.common, &self.worlds[number]);
        let settles = self.settles(world, person)?;
        if !settles && world.persons.is_empty() {
            return Ok(());
        }
        let Bench { before, after, spread, cells, .. } = &mut self.bench;
        let after: &Record = if settles { after } else { before };
        if after == before && world.persons.is_empty() {
            return Ok(());
        }
        let mut books = Books {
            sums: &mut self.sums[number + 1],
            spread,
            packer: (self.keeps.store.is_some() && world.told).then_some(&mut self.packers[number + 1]),
            cells,
            all_cells: common.all_cells,
            thresholds: common.thresholds,
        };
        for (year, at) in before.years.iter().zip(known..) {
            let same = after.years.iter().find(|y| y.charge_year == year.charge_year);
            let whose = if same.is_some() { Whose::Known(at) } else { Whose::Gone(at) };
            books.year(whose, [Some(year), same], [before, after], world.units(year.identity));
        }
        for year in &after.years {
            if !before.years.iter().any(|y| y.charge_year == year.charge_year) {
                let whose = Whose::New(person.key, year.identity);
                books.year(whose, [None, Some(year)], [before, after], world.units(year.identity));
            }
        }
        Ok(())
    }

    /// Settles the person in a world into `after`; not where it comes to what the baseline does.
    fn settles(&mut self, world: &World, person: &Person<'_>) -> Result<bool, ProjectError> {
        let common = self.common;
        let Bench { scratch, all, covered, repeated, spots, bills, certified, numbers, after, .. } = &mut self.bench;
        let mut claims = person.claims;
        let mut differs =
            world.reach.everybody || (world.reach.mask & person.mask != 0 && world.reach.touches(spots, person.burden));
        if world.holder != 0 {
            if common.rosters.is_empty() {
                let column = &mut certified[world.holder];
                if column.is_empty() {
                    let rows = person.first..person.first + claims.day.len();
                    column.extend(rows.map(|row| common.holders[world.holder].certified(person.rows.packed(row))));
                }
                differs |= **column != *claims.identity;
                claims.identity = column;
            } else {
                let periods = |n: usize| numbers[n].map_or(&[][..], |number| common.rosters[n].periods(number));
                differs |= periods(world.holder) != periods(0);
            }
        }
        if let Some(fees) = world.fees {
            let bills = &mut bills[fees];
            if !bills.made {
                bills.make(&common.fees[fees], &person.claims);
            }
            differs |= bills.differ;
            claims = bills.of(&claims);
        }
        let mut accepted = &*all;
        if let Some(growth) = world.claims {
            let ids = |row: usize| person.rows.setl_id(person.first + row);
            differs |= repeat(&common.claims[growth], (person.key, common.seed), &claims, ids, all, repeated);
            accepted = repeated;
        }
        if !differs {
            return Ok(false);
        }
        if world.fees.is_some() || world.claims.is_some() {
            adds_up(&claims, accepted)?;
        }
        covers(world, person, accepted, covered);
        after.clear();
        if !covered.is_empty() {
            let holdings = holdings(common, world, numbers);
            let mut recorder = Recorder { record: after, naming: &world.naming, only_year: common.only_year };
            settle_person(&world.tables, &claims, covered, holdings, scratch, &mut recorder);
        }
        Ok(true)
    }
}

/// That a person's claims add up within eighteen digits when they have grown; as the ledger has them, they do.
fn adds_up(claims: &Claims<'_>, accepted: &[Accepted]) -> Result<(), ProjectError> {
    let row = |a: &Accepted| claims.medfee_sumamt[a.row as usize].max(claims.recorded_cii[a.row as usize]);
    let sum: i128 = accepted.iter().filter(|a| !a.reversed).map(|a| i128::from(row(a))).sum();
    if sum > i128::from(MAX_SUM) {
        return Err(ProjectError::TooLarge {
            what: both!("what one person's claims grow to", "一人的结算增长后")
        });
    }
    Ok(())
}

/// Of the rows accepted those on days that a world covers; reversed ones stay.
fn covers(world: &World, person: &Person<'_>, accepted: &[Accepted], covered: &mut Vec<Accepted>) {
    covered.clear();
    covered.extend(accepted.iter().filter(|a| a.reversed || world.covers(person.claims.day[a.row as usize])));
}

fn holdings<'a>(common: &'a Common<'_>, world: &World, numbers: &[Option<usize>]) -> Holdings<'a> {
    match (common.rosters.get(world.holder), numbers.get(world.holder)) {
        (Some(roster), Some(Some(number))) => Holdings::Roster(roster.periods(*number)),
        (Some(_), _) => Holdings::Roster(&[]),
        (None, _) => Holdings::Ledger { granted: world.granted },
    }
}

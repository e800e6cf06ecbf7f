//! Where the kernel writes: one vector a column, which the output turns into Arrow arrays as they are.

use super::claims::Claims;
use super::clauses::ClauseTally;
use super::outcome::{Entry, MONEY, Money, Outcome};
use super::person::Accepted;
use super::year::NotTaken;
use crate::model::codes::{Channel, Insutype, ScopeReason, Status};
use crate::model::date;
use crate::model::fen;
use crate::policy::tables::{Mask, NO_RANK, Tables};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Rows of `settlement.parquet`; ids and times follow from `row`.
#[derive(Debug, Default)]
pub struct SettlementColumns {
    /// Row in the claims' columns.
    pub row: Vec<u32>,
    /// Benefit year.
    pub benefit_year: Vec<i32>,
    /// Charge year.
    pub charge_year: Vec<i32>,
    /// Rank of the identity applied.
    pub identity: Vec<u8>,
    /// Status.
    pub status: Vec<Status>,
    /// Why out of scope.
    pub reason: Vec<Option<ScopeReason>>,
    /// Channel.
    pub channel: Vec<Option<Channel>>,
    /// Remarks.
    pub notes: Vec<u8>,
    /// Money by [`Money`].
    pub money: [Vec<i64>; MONEY],
}

impl SettlementColumns {
    /// Makes room for so many rows more.
    pub fn reserve(&mut self, rows: usize) {
        self.row.reserve(rows);
        self.benefit_year.reserve(rows);
        self.charge_year.reserve(rows);
        self.identity.reserve(rows);
        self.status.reserve(rows);
        self.reason.reserve(rows);
        self.channel.reserve(rows);
        self.notes.reserve(rows);
        self.money.iter_mut().for_each(|column| column.reserve(rows));
    }
}

/// Rows of `audit.parquet`.
#[derive(Debug, Default)]
pub struct AuditColumns {
    /// Row in the claims' columns.
    pub row: Vec<u32>,
    /// 1, 2, … within the claim.
    pub step: Vec<i32>,
    /// What happened.
    pub entry: Vec<Entry>,
}

/// A person and charge year, added up.
#[derive(Clone, Debug)]
pub struct PersonYear {
    /// The year charged.
    pub charge_year: i32,
    /// Identities in force on its claims.
    pub held: Mask,
    /// Rank preferred in that benefit year.
    pub preferred: u8,
    /// Money by [`Money`].
    pub money: [i64; MONEY],
    /// `payable_ma` by channel.
    pub payable: [i64; 3],
}

impl PersonYear {
    /// Nothing yet.
    pub fn new(charge_year: i32) -> Self {
        Self { charge_year, held: 0, preferred: NO_RANK, money: [0; MONEY], payable: [0; 3] }
    }
}

/// Rows of `persons.parquet`.
#[derive(Debug, Default)]
pub struct PersonColumns {
    /// A row of the person in the claims' columns.
    pub row: Vec<u32>,
    /// The sums.
    pub year: Vec<PersonYear>,
    /// `identity=total; …` of the runs not taken.
    pub runs_not_taken: Vec<Option<String>>,
}

/// A row of `alerts.parquet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// Row in the claims' columns.
    pub row: u32,
    /// Benefit year.
    pub year: i32,
    /// Number of the alert.
    pub alert: u8,
    /// What it cites.
    pub cite: u16,
    /// Threshold, in fen.
    pub threshold: i64,
    /// Accumulated amount, in fen.
    pub accumulated: i64,
}

/// Control totals: rows and money by identity applied and insurance type, in fen.
#[derive(Clone, Debug)]
pub struct Totals {
    /// By rank (the last is nobody) and insurance type.
    pub cells: Vec<TotalsCell>,
    /// Rows by status.
    pub status: [u64; 3],
    /// Out-of-scope rows by reason.
    pub reasons: [u64; 5],
    /// Persons with a row.
    pub persons: u64,
}

/// One cell of the control totals.
#[derive(Clone, Debug, Default)]
pub struct TotalsCell {
    /// Rows that are not reversed.
    pub rows: u64,
    /// Money by [`Money`]; wide, because a run's total may exceed 64 bits.
    pub money: [i128; MONEY],
}

/// Rows whose amounts surely add up within 64 bits: none is more than a hundred billion yuan.
const NARROW_ROWS: u64 = 10_000;

/// Ranks of the control totals: 14 identities and nobody.
pub const TOTAL_RANKS: usize = 15;

impl Default for Totals {
    fn default() -> Self {
        Self { cells: vec![TotalsCell::default(); TOTAL_RANKS * 2], status: [0; 3], reasons: [0; 5], persons: 0 }
    }
}

impl Totals {
    /// The cell of a rank ([`NO_RANK`]: nobody) and insurance type.
    pub fn cell(&self, rank: u8, insutype: Insutype) -> &TotalsCell {
        &self.cells[Self::index(rank, insutype)]
    }

    fn index(rank: u8, insutype: Insutype) -> usize {
        usize::from(rank.min(TOTAL_RANKS as u8 - 1)) * 2 + insutype.index()
    }

    fn add<'a>(&mut self, rows: impl Iterator<Item = (&'a Outcome, Insutype)>) {
        // A person's rows mostly go to one cell, and are added up narrow before they are added wide.
        let (mut cell, mut count, mut sums) = (0, 0, [0i64; MONEY]);
        for (outcome, insutype) in rows {
            self.status[outcome.status.index()] += 1;
            if let Some(reason) = outcome.reason {
                self.reasons[reason.index()] += 1;
            }
            if outcome.status == Status::Reversed {
                continue;
            }
            let this = Self::index(outcome.identity, insutype);
            if this != cell || count == NARROW_ROWS {
                self.flush(cell, count, &mut sums);
                (cell, count) = (this, 0);
            }
            count += 1;
            sums.iter_mut().zip(outcome.money).for_each(|(sum, fen)| *sum += fen);
        }
        self.flush(cell, count, &mut sums);
    }

    fn flush(&mut self, cell: usize, rows: u64, sums: &mut [i64; MONEY]) {
        if rows > 0 {
            let cell = &mut self.cells[cell];
            cell.rows += rows;
            cell.money.iter_mut().zip(sums.iter_mut()).for_each(|(sum, fen)| *sum += i128::from(std::mem::take(fen)));
        }
    }

    /// Adds another part of the run.
    pub fn merge(&mut self, other: &Totals) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            mine.rows += theirs.rows;
            for (sum, fen) in mine.money.iter_mut().zip(theirs.money) {
                *sum += fen;
            }
        }
        self.status.iter_mut().zip(other.status).for_each(|(a, b)| *a += b);
        self.reasons.iter_mut().zip(other.reasons).for_each(|(a, b)| *a += b);
        self.persons += other.persons;
    }

    /// Adds the rows and money of another policy, whose ranks are told apart; its persons are counted
    /// where the policies meet.
    pub fn merge_as(&mut self, other: &Totals, rank: impl Fn(u8) -> u8) {
        for from in (0..TOTAL_RANKS as u8 - 1).chain([NO_RANK]) {
            for insutype in Insutype::ALL {
                let (to, from) = (Self::index(rank(from), *insutype), Self::index(from, *insutype));
                self.cells[to].rows += other.cells[from].rows;
                let sums = self.cells[to].money.iter_mut().zip(other.cells[from].money);
                sums.for_each(|(sum, fen)| *sum += fen);
            }
        }
        self.status.iter_mut().zip(other.status).for_each(|(a, b)| *a += b);
        self.reasons.iter_mut().zip(other.reasons).for_each(|(a, b)| *a += b);
    }

    /// One column over everybody.
    pub fn total(&self, column: Money) -> i128 {
        self.cells.iter().map(|c| c.money[column as usize]).sum()
    }
}

/// Where the kernel says what it found: of each person first the outcomes, then the alerts and the years.
pub trait Take {
    /// Takes a person's outcomes and audit entries, both in claim order.
    fn person(&mut self, accepted: &[Accepted], claims: &Claims<'_>, outcomes: &[Outcome], audit: &[Entry]);

    /// Takes a person's charge year; `row` is any row of the person.
    fn person_year<'a>(&mut self, row: u32, year: &PersonYear, not_taken: impl Iterator<Item = &'a NotTaken>);

    /// Takes an alert.
    fn alert(&mut self, alert: AlertRow);
}

/// Everything that the kernel says about some persons, as columns.
#[derive(Debug, Default)]
pub struct Sink {
    /// Keep only rows charged to this year.
    pub only_year: Option<i32>,
    /// Whether audit rows are wanted.
    pub audited: bool,
    /// Settlement rows.
    pub settlement: SettlementColumns,
    /// Audit rows.
    pub audit: AuditColumns,
    /// Persons' rows.
    pub persons: PersonColumns,
    /// Alerts.
    pub alerts: Vec<AlertRow>,
    /// Benefit years with a claim that counts.
    pub years: BTreeSet<i32>,
    /// Control totals.
    pub totals: Totals,
    /// What each clause did, over the rows kept.
    pub clauses: ClauseTally,
    /// Accepted rows that another charge year took out.
    pub other_years: u64,
    names: Vec<&'static str>,
    /// Positions of the rows wanted of the person at hand.
    kept: Vec<u32>,
    calendar: date::Years,
}

impl Sink {
    /// An empty sink for a policy.
    pub fn new(tables: &Tables, only_year: Option<i32>, audited: bool) -> Self {
        let names = tables.identity_at.iter().map(|i| i.as_str()).collect();
        Self { only_year, audited, names, clauses: ClauseTally::new(tables), ..Self::default() }
    }

    /// Forgets all rows; the memory and the totals stay.
    pub fn clear(&mut self) {
        let SettlementColumns { row, benefit_year, charge_year, identity, status, reason, channel, notes, money } =
            &mut self.settlement;
        row.clear();
        benefit_year.clear();
        charge_year.clear();
        identity.clear();
        status.clear();
        reason.clear();
        channel.clear();
        notes.clear();
        money.iter_mut().for_each(Vec::clear);
        let AuditColumns { row, step, entry } = &mut self.audit;
        row.clear();
        step.clear();
        entry.clear();
        let PersonColumns { row, year, runs_not_taken } = &mut self.persons;
        row.clear();
        year.clear();
        runs_not_taken.clear();
        self.alerts.clear();
    }

    fn wants(&self, charge_year: i32) -> bool {
        self.only_year.is_none_or(|y| y == charge_year)
    }

    /// Counts the audit entries by clause, and keeps them where they are wanted.
    fn entries(&mut self, accepted: &[Accepted], claims: &Claims<'_>, outcomes: &[Outcome], audit: &[Entry]) {
        if audit.is_empty() {
            return;
        }
        self.clauses.next_person();
        let (mut claim, mut step, mut year, mut wanted) = (u32::MAX, 0, 0, false);
        for entry in audit {
            step = if entry.claim == claim { step + 1 } else { 1 };
            if step == 1 {
                claim = entry.claim;
                year = self.calendar.of(claims.day[accepted[claim as usize].row as usize]);
                wanted = self.wants(outcomes[claim as usize].charge_year);
            }
            if !wanted {
                continue;
            }
            self.clauses.take(year, entry);
            if self.audited {
                self.audit.row.push(accepted[claim as usize].row);
                self.audit.step.push(step);
                self.audit.entry.push(*entry);
            }
        }
    }
}

impl Take for Sink {
    fn person(&mut self, accepted: &[Accepted], claims: &Claims<'_>, outcomes: &[Outcome], audit: &[Entry]) {
        let (mut last, mut calendar) = (None, self.calendar);
        for a in accepted.iter().filter(|a| !a.reversed) {
            let year = calendar.of(claims.day[a.row as usize]);
            if last.replace(year) != Some(year) {
                self.years.insert(year);
            }
        }
        self.kept.clear();
        let wanted = outcomes.iter().zip(0u32..).filter(|(o, _)| self.only_year.is_none_or(|y| y == o.charge_year));
        self.kept.extend(wanted.map(|(_, position)| position));
        self.other_years += (outcomes.len() - self.kept.len()) as u64;
        let rows = || self.kept.iter().map(|p| accepted[*p as usize].row);
        let kept = || self.kept.iter().map(|p| &outcomes[*p as usize]);
        self.totals.add(kept().zip(rows().map(|r| claims.insutype[r as usize])));
        self.totals.persons += u64::from(!self.kept.is_empty());

        // Column by column: a person's rows are few, the columns many.
        let columns = &mut self.settlement;
        columns.row.extend(rows());
        columns.benefit_year.extend(rows().map(|r| calendar.of(claims.day[r as usize])));
        self.calendar = calendar;
        columns.charge_year.extend(kept().map(|o| o.charge_year));
        columns.identity.extend(kept().map(|o| o.identity));
        columns.status.extend(kept().map(|o| o.status));
        columns.reason.extend(kept().map(|o| o.reason));
        columns.channel.extend(kept().map(|o| o.channel));
        columns.notes.extend(kept().map(|o| o.notes));
        for (number, column) in columns.money.iter_mut().enumerate() {
            column.extend(kept().map(|o| o.money[number]));
        }
        self.entries(accepted, claims, outcomes, audit);
    }

    fn person_year<'a>(&mut self, row: u32, year: &PersonYear, not_taken: impl Iterator<Item = &'a NotTaken>) {
        if !self.wants(year.charge_year) {
            return;
        }
        let mut runs: Option<String> = None;
        for run in not_taken {
            let text = runs.get_or_insert_default();
            let separator = if text.is_empty() { "" } else { "; " };
            let name = self.names[usize::from(run.preferred)];
            // Writing to a String cannot fail.
            let _ = write!(text, "{separator}{name}={}", fen::to_text(run.total));
        }
        self.persons.row.push(row);
        self.persons.year.push(year.clone());
        self.persons.runs_not_taken.push(runs);
    }

    fn alert(&mut self, alert: AlertRow) {
        if self.wants(alert.year) {
            self.alerts.push(alert);
        }
    }
}

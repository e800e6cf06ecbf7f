//! The roster: who holds which identity when, as periods by person.

pub mod waiting;

use crate::lang::Both;
use crate::ledger::codebook::CodeBook;
use crate::ledger::decode::{self, TextColumn};
use crate::ledger::error::LedgerError;
use crate::ledger::normalise::said;
use crate::ledger::open::{InputFile, ReadAs, Source};
use crate::ledger::reject::{Reject, RejectSource};
use crate::ledger::row_group::Columns;
use crate::ledger::rows::{Ids, NULL};
use crate::ledger::schema::{IdType, ROSTER, RosterColumn as C, TypeRules};
use crate::model::codes::{Identity, RejectReason};
use crate::model::date::{self, OPEN_END};
use crate::policy::Policy;
use crate::policy::document::InForce;
use crate::policy::tables::Tables;
use crate::settle::holdings::Period;
use arrow::error::ArrowError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 65_536;

/// Periods of identity by person under one policy, persons sorted. The rosters of a run's policies
/// number their persons alike.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    persons: Arc<Ids>,
    offsets: Vec<u32>,
    periods: Vec<Period>,
    /// Rows read.
    pub rows: u64,
    /// Rows recorded later than the day that the reader was told.
    pub recorded_later: u64,
    /// Whether it tells when its rows were recorded.
    pub has_known_on: bool,
    /// Type of the persons' ids; none where there are no rows.
    pub psn_no_type: Option<IdType>,
}

/// A policy, as far as a roster is read under it.
#[derive(Clone, Copy, Debug)]
pub struct Under<'a> {
    /// Its ranks, grants and dates.
    pub tables: &'a Tables,
    /// From when an identity is in force.
    pub in_force: InForce,
    /// What each identity is taken for; none: itself.
    pub becomes: Option<&'a [Identity; Identity::COUNT]>,
}

impl<'a> Under<'a> {
    /// A policy as it stands.
    pub fn new(policy: &Policy, tables: &'a Tables) -> Self {
        Self { tables, in_force: policy.doc.switches.in_force, becomes: None }
    }
}

/// A roster row that passed its own checks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    psn_no: Box<[u8]>,
    /// For a grant: the day of application, else `None`; the earliest application comes first.
    applied_on: Option<i32>,
    number: u64,
    rank: u8,
    begin: i32,
    end: i32,
    identity: Identity,
}

impl Roster {
    /// Reads a roster under each policy of a run; faulty rows are returned as rejects, each once. With
    /// `as_known`, rows recorded after that day are left out.
    ///
    /// A row that one policy alone finds fault with still counts under the others, and is rejected only
    /// where its time reaches into that policy's.
    ///
    /// # Errors
    /// [`LedgerError`] of the file.
    pub fn read(
        source: Source,
        read_as: ReadAs<'_>,
        policies: &[Under<'_>],
        as_known: Option<i32>,
        psn_no: Option<(IdType, &str)>,
    ) -> Result<(Vec<Self>, Vec<Reject>), LedgerError> {
        let ReadAs { book, renames, mask } = read_as;
        let file = InputFile::open(source, ROSTER, book, renames, TypeRules::default())?.masked(mask);
        if let (Some(found), Some((expected, other))) = (file.written_id_type(C::PsnNo as usize), psn_no)
            && found != expected
        {
            let (column, other) = ("psn_no".to_owned(), other.to_owned());
            return Err(LedgerError::MixedIds { file: file.name(), column, found, expected, other });
        }
        let name = file.name();
        let wanted = |c: &usize| *c != C::KnownOn as usize || as_known.is_some();
        let columns: Vec<usize> = (0..ROSTER.len()).filter(wanted).collect();
        let reading = Reading { book, policies, as_known };
        // What a damaged footer says of its rows is not believed beyond reason.
        let expected = usize::try_from(file.rows()).unwrap_or(0).min(1 << 22);
        let mut read =
            Read { rows: policies.iter().map(|_| Vec::with_capacity(expected)).collect(), ..Read::default() };
        let mut number = 0;
        for group in 0..file.row_groups() {
            file.read::<LedgerError>(group, &columns, BATCH_ROWS, |columns| {
                let failed = |e: ArrowError| LedgerError::Parquet {
                    file: name.clone(),
                    row_group: Some(group),
                    message: Both::foreign(e),
                };
                reading.batch(columns, number, &mut read).map_err(failed)?;
                number += columns.rows() as u64;
                Ok(())
            })?;
        }
        let Read { rows, mut rejects, recorded_later } = read;
        let mut rosters = build(rows, policies, &mut rejects);
        for roster in &mut rosters {
            roster.rows = number;
            roster.recorded_later = recorded_later;
            roster.has_known_on = file.mapping.at[C::KnownOn as usize].is_some();
            roster.psn_no_type = file.id_type(C::PsnNo as usize);
        }
        Ok((rosters, rejects))
    }

    /// Takes the rows of each person, in order; repeated applications are put among the faults.
    fn fill(&mut self, rows: Vec<Row>, under: &Under<'_>, mut repeats: impl FnMut(&Row, i32, i32)) {
        self.periods.reserve_exact(rows.len());
        self.offsets.reserve_exact(self.persons.len() + 1);
        self.offsets.push(0);
        // An identity is granted once a calendar year; the first application stands.
        let mut granted: BTreeSet<(u8, i32)> = BTreeSet::new();
        let mut rows = rows.into_iter().peekable();
        for person in 0..self.persons.len() {
            let start = self.periods.len();
            granted.clear();
            while let Some(row) = rows.next_if(|row| *row.psn_no == *self.persons.get(person)) {
                let Some(applied_on) = row.applied_on else {
                    self.periods.push(Period { begin: row.begin, end: row.end, rank: row.rank, charge_year: None });
                    continue;
                };
                let year = date::year_of(applied_on);
                let lookback = i32::from(under.tables.grant_lookback[usize::from(row.rank)].unwrap_or(0));
                let begin = date::month_start(applied_on, -lookback).unwrap_or(applied_on);
                let end = date::day(year, 12, 31).unwrap_or(OPEN_END);
                if granted.insert((row.rank, year)) {
                    self.periods.push(Period { begin, end, rank: row.rank, charge_year: Some(year) });
                } else {
                    repeats(&row, begin, end);
                }
            }
            // By first day, so that the earliest grant comes first.
            self.periods[start..].sort_unstable();
            self.offsets.push(self.periods.len() as u32);
        }
    }

    /// Number of persons.
    pub fn len(&self) -> usize {
        self.persons.len()
    }

    /// Whether nobody is on it.
    pub fn is_empty(&self) -> bool {
        self.persons.is_empty()
    }

    /// A person's number, if on the roster.
    pub fn find(&self, psn_no: &[u8]) -> Option<usize> {
        self.find_from(&mut None, psn_no)
    }

    /// The first person that is not before this one.
    fn first_from(&self, psn_no: &[u8]) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from + (to - from) / 2;
            if self.persons.get(middle) < psn_no { from = middle + 1 } else { to = middle }
        }
        from
    }

    /// The same for persons in order: `at` is where the one before was looked for, none at first.
    pub fn find_from(&self, at: &mut Option<usize>, psn_no: &[u8]) -> Option<usize> {
        let mut next = at.unwrap_or_else(|| self.first_from(psn_no));
        while next < self.len() && self.persons.get(next) < psn_no {
            next += 1;
        }
        *at = Some(next);
        (next < self.len() && self.persons.get(next) == psn_no).then_some(next)
    }

    /// A person's id, as sortable bytes.
    pub fn psn_no(&self, person: usize) -> &[u8] {
        self.persons.get(person)
    }

    /// A person's periods, by first day.
    pub fn periods(&self, person: usize) -> &[Period] {
        &self.periods[self.offsets[person] as usize..self.offsets[person + 1] as usize]
    }

    /// Bytes that the rosters of a run take; they share their persons.
    pub fn memory_size(rosters: &[Roster]) -> u64 {
        let own = |r: &Roster| (r.periods.len() * size_of::<Period>() + r.offsets.len() * size_of::<u32>()) as u64;
        rosters.iter().map(own).sum::<u64>() + rosters.first().map_or(0, |r| r.persons.memory_size())
    }

    /// Whether a grant is charged to the year.
    pub fn has_grant_of(&self, year: i32) -> bool {
        self.periods.iter().any(|p| p.charge_year == Some(year))
    }
}

fn reject(psn_no: Option<&[u8]>, reason: RejectReason, number: u64) -> Reject {
    Reject {
        source: RejectSource::Roster,
        psn_no: psn_no.map(Box::from),
        setl_id: None,
        reason,
        detail: String::new(),
        file: 0,
        row: number,
    }
}

/// The rosters of a run's policies from their sorted-out rows.
fn build(mut rows: Vec<Vec<Row>>, policies: &[Under<'_>], rejects: &mut Vec<Reject>) -> Vec<Roster> {
    rows.iter_mut().for_each(|rows| rows.sort_unstable());
    let persons = Arc::new(persons(&rows));
    let mut faults: BTreeMap<u64, Reject> = BTreeMap::new();
    let mut rosters = Vec::with_capacity(policies.len());
    for (rows, under) in rows.into_iter().zip(policies) {
        let mut roster = Roster { persons: persons.clone(), ..Roster::default() };
        roster.fill(rows, under, |row, begin, end| {
            if matters(under, policies, begin, end) {
                let applied_on = date::show(row.applied_on.unwrap_or(begin));
                let detail = named(format!("{} applied on {applied_on}", row.identity), under, policies);
                let reject = reject(Some(&row.psn_no), RejectReason::RepeatApplication, row.number);
                faults.entry(row.number).or_insert(Reject { detail, ..reject });
            }
        });
        rosters.push(roster);
    }
    rejects.extend(faults.into_values());
    rosters
}

/// Everybody with a row under any policy, sorted.
fn persons(rows: &[Vec<Row>]) -> Ids {
    let mut persons = Ids::default();
    let mut rest: Vec<&[Row]> = rows.iter().map(Vec::as_slice).collect();
    while let Some(next) = rest.iter().filter_map(|rows| rows.first()).map(|row| &*row.psn_no).min() {
        persons.push(next);
        for rows in &mut rest {
            let same = rows.iter().take_while(|row| *row.psn_no == *next).count();
            *rows = &rows[same..];
        }
    }
    persons
}

/// Whether what is wrong under a policy with a row of that time matters: always where it is the only
/// policy, else where the row reaches into the policy's own time.
fn matters(under: &Under<'_>, policies: &[Under<'_>], begin: i32, end: i32) -> bool {
    policies.len() == 1 || (begin <= under.tables.until && end >= under.tables.from)
}

/// A detail with the policy under which it was found, where there are several.
fn named(detail: String, under: &Under<'_>, policies: &[Under<'_>]) -> String {
    if policies.len() == 1 { detail } else { format!("{detail} (policy {})", under.tables.policy) }
}

struct Reading<'a> {
    book: &'a CodeBook,
    policies: &'a [Under<'a>],
    /// Leave out what was recorded after this day.
    as_known: Option<i32>,
}

/// What was read so far.
#[derive(Default)]
struct Read {
    /// By policy.
    rows: Vec<Vec<Row>>,
    rejects: Vec<Reject>,
    recorded_later: u64,
}

/// Why a row is rejected.
type Fault = (RejectReason, String);

impl Reading<'_> {
    fn batch(&self, columns: &Columns<'_>, before: u64, read: &mut Read) -> Result<(), ArrowError> {
        let count = columns.rows();
        let mut ids = Ids::default();
        match columns.get(C::PsnNo as usize) {
            Some(array) => decode::ids(array, &mut ids)?,
            None => ids.push_none(count),
        }
        let text = |c: C| columns.get(c as usize).map(TextColumn::new).transpose();
        let days = |c: C| -> Result<Vec<i64>, ArrowError> {
            let mut micros = Vec::with_capacity(count);
            match columns.get(c as usize) {
                Some(array) => decode::times(array, &mut micros)?,
                None => micros.resize(count, NULL),
            }
            Ok(micros)
        };
        let (identity, treated_as) = (text(C::Identity)?, text(C::TreatedAs)?);
        let (begin, end, applied) = (days(C::Begndate)?, days(C::Enddate)?, days(C::AppliedOn)?);
        let known = days(C::KnownOn)?;
        for row in 0..count {
            let number = before + row as u64 + 1;
            let psn_no = Some(ids.get(row)).filter(|i| !i.is_empty());
            let day = |days: &[i64]| Some(days[row]).filter(|d| *d != NULL);
            let code = |c: &Option<TextColumn>| c.as_ref().and_then(|c| c.owned(row));
            let given = Given {
                psn_no,
                identity: code(&identity),
                treated_as: code(&treated_as),
                begin: day(&begin),
                end: day(&end),
                applied_on: day(&applied),
                known_on: day(&known),
            };
            if self.recorded_later(&given) {
                read.recorded_later += 1;
            } else if let Err((reason, detail)) = self.row(&given, number, &mut read.rows) {
                read.rejects.push(Reject { detail, ..reject(psn_no, reason, number) });
            }
        }
        Ok(())
    }

    /// Whether a row was recorded after the day that counts; what else is wrong with it was then not
    /// known either.
    fn recorded_later(&self, given: &Given<'_>) -> bool {
        let recorded = given.known_on.filter(|micros| decode::readable(*micros)).map(date::day_of_micros);
        recorded.zip(self.as_known).is_some_and(|(recorded, last)| recorded > last)
    }

    /// Puts a row among those of every policy under which it is sound.
    fn row(&self, given: &Given<'_>, number: u64, rows: &mut [Vec<Row>]) -> Result<(), Fault> {
        let checked = self.check(given)?;
        let mut fault = Ok(());
        for (under, rows) in self.policies.iter().zip(rows) {
            match under.row(&checked, number) {
                Ok(row) => rows.push(row),
                Err((reason, detail)) if matters(under, self.policies, checked.begin, checked.end) => {
                    fault = fault.and(Err((reason, named(detail, under, self.policies))));
                }
                Err(_) => {}
            }
        }
        fault
    }

    /// The checks that need no policy.
    fn check<'g>(&self, given: &Given<'g>) -> Result<Checked<'g>, Fault> {
        let null = |column: &str| (RejectReason::NullRequired, column.to_owned());
        let psn_no = given.psn_no.ok_or_else(|| null("psn_no"))?;
        let code = given.identity.as_deref().ok_or_else(|| null("identity"))?;
        let begin = given.begin.ok_or_else(|| null("begndate"))?;
        let unknown = |column: &str, code: &str| (RejectReason::UnknownIdentity, said(column, code));
        let mut identity = self.book.identity_of(code).ok_or_else(|| unknown("identity", code))?;
        let treated = match (&given.treated_as, identity) {
            (Some(code), Identity::OtherHardship) => {
                Some(self.book.identity_of(code).ok_or_else(|| unknown("treated_as", code))?)
            }
            _ => None,
        };
        identity = treated.unwrap_or(identity);
        let begin = day(begin)?;
        // Many platforms write 9999-12-31 and later for "open".
        let end = match given.end {
            Some(end) if decode::readable(end) || end < 0 => day(end)?,
            _ => OPEN_END,
        };
        if end < begin {
            let detail = format!("{} to {}", date::show(begin), date::show(end));
            return Err((RejectReason::BadPeriod, detail));
        }
        if self.as_known.is_some() {
            given.known_on.map(day).transpose()?;
        }
        Ok(Checked { psn_no, identity, begin, end, applied_on: given.applied_on })
    }
}

/// The day of an instant, if it can be told.
fn day(micros: i64) -> Result<i32, Fault> {
    let readable = decode::readable(micros).then(|| date::day_of_micros(micros));
    readable.ok_or_else(|| (RejectReason::BadPeriod, "a date outside the years 1 to 9999".to_owned()))
}

impl Under<'_> {
    /// The row under this policy.
    fn row(&self, checked: &Checked<'_>, number: u64) -> Result<Row, Fault> {
        let Checked { psn_no, identity, begin, end, applied_on } = *checked;
        let identity = self.becomes.map_or(identity, |becomes| becomes[identity.index()]);
        let rank = self.tables.rank_of[identity.index()];
        let applied_on = match self.tables.grant_lookback[usize::from(rank)] {
            None => None,
            Some(_) => match applied_on.map(day).transpose()? {
                Some(day) => Some(day),
                None => return Err((RejectReason::ApplicationDateMissing, identity.as_str().to_owned())),
            },
        };
        let begin = match self.in_force {
            InForce::Day => Some(begin),
            InForce::Month => date::month_start(begin, 0),
            InForce::NextMonth => date::month_start(begin, 1),
        };
        Ok(Row { psn_no: Box::from(psn_no), applied_on, number, rank, begin: begin.unwrap_or(OPEN_END), end, identity })
    }
}

/// A roster row whose values can be read.
struct Checked<'a> {
    psn_no: &'a [u8],
    identity: Identity,
    begin: i32,
    end: i32,
    applied_on: Option<i64>,
}

/// A roster row as given.
struct Given<'a> {
    psn_no: Option<&'a [u8]>,
    identity: Option<String>,
    treated_as: Option<String>,
    begin: Option<i64>,
    end: Option<i64>,
    applied_on: Option<i64>,
    known_on: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::compile::{Needs, compile};
    use crate::policy::parameters::Parameters;

    fn tables() -> Tables {
        let policy = Policy::load("weihai-2023").unwrap();
        compile(&policy.doc, &Parameters::shipped().unwrap(), &[2023], Needs::default()).unwrap().tables
    }

    fn day(text: &str) -> i32 {
        date::to_days(text.parse().unwrap())
    }

    fn given<'a>(psn_no: &'a str, identity: &str, applied_on: &str) -> Given<'a> {
        Given {
            psn_no: Some(psn_no.as_bytes()),
            identity: Some(identity.to_owned()),
            treated_as: None,
            begin: micros("2023-01-01"),
            end: None,
            applied_on: micros(applied_on),
            known_on: None,
        }
    }

    fn micros(text: &str) -> Option<i64> {
        (!text.is_empty()).then(|| i64::from(day(text)) * date::MICROS_PER_DAY)
    }

    fn read_under(
        policies: &[Under<'_>],
        as_known: Option<i32>,
        rows: &[Given<'_>],
    ) -> (Vec<Roster>, Vec<Reject>, u64) {
        let book = CodeBook::load(None).unwrap();
        let reading = Reading { book: &book, policies, as_known };
        let (mut good, mut bad, mut later) = (vec![Vec::new(); policies.len()], Vec::new(), 0);
        for (given, number) in rows.iter().zip(1..) {
            if reading.recorded_later(given) {
                later += 1;
            } else if let Err((reason, detail)) = reading.row(given, number, &mut good) {
                bad.push(Reject { detail, ..reject(None, reason, number) });
            }
        }
        (build(good, policies, &mut bad), bad, later)
    }

    fn read(rows: &[(&str, &str, &str)]) -> (Roster, Vec<Reject>) {
        let tables = tables();
        let rows: Vec<Given<'_>> = rows.iter().map(|(psn_no, identity, on)| given(psn_no, identity, on)).collect();
        let policies = [Under { tables: &tables, in_force: InForce::Day, becomes: None }];
        let (mut rosters, bad, _) = read_under(&policies, None, &rows);
        (rosters.remove(0), bad)
    }

    /// Two policies, of which the later one grants `illness_poor` on application.
    fn two() -> [Tables; 2] {
        let parameters = Parameters::shipped().unwrap();
        [("weihai-etdz-2017", 2022), ("weihai-2023", 2023)].map(|(id, year)| {
            compile(&Policy::load(id).unwrap().doc, &parameters, &[year], Needs::default()).unwrap().tables
        })
    }

    #[test]
    fn each_policy_reads_a_row_its_own_way_and_one_fault_is_told_once() {
        let tables = two();
        let policies = tables.each_ref().map(|tables| Under { tables, in_force: InForce::Day, becomes: None });
        let early = Given { begin: micros("2021-01-01"), end: micros("2022-06-30"), ..given("P1", "illness_poor", "") };
        let late = Given { begin: micros("2021-01-01"), ..given("P2", "illness_poor", "") };
        let granted = given("P3", "illness_poor", "2023-05-09");
        let again = given("P3", "illness_poor", "2023-07-09");
        let (rosters, rejects, _) = read_under(&policies, None, &[early, late, granted, again]);
        let periods =
            |p: &str| rosters.iter().map(|r| r.periods(r.find(p.as_bytes()).unwrap()).len()).collect::<Vec<_>>();
        assert_eq!([periods("P1"), periods("P2"), periods("P3")], [[1, 0], [1, 0], [2, 1]]);
        let told: Vec<(u64, &str, &str)> =
            rejects.iter().map(|r| (r.row, r.reason.as_str(), r.detail.as_str())).collect();
        let expected = [
            (2, "application_date_missing", "illness_poor (policy weihai-2023)"),
            (4, "repeat_application", "illness_poor applied on 2023-07-09 (policy weihai-2023)"),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn rows_recorded_later_are_left_out_and_not_looked_at() {
        let tables = tables();
        let policies = [Under { tables: &tables, in_force: InForce::Day, becomes: None }];
        let known = |psn_no, on| Given { known_on: micros(on), ..given(psn_no, "dibao", "") };
        let unreadable = Given { known_on: Some(i64::MAX), ..given("P4", "dibao", "") };
        let faulty = Given { identity: Some("nobleman".into()), ..known("P5", "2024-01-01") };
        let rows = [known("P1", "2023-05-31"), known("P2", "2023-06-01"), known("P3", ""), unreadable, faulty];
        let (rosters, rejects, later) = read_under(&policies, Some(day("2023-05-31")), &rows);
        let on_it = ["P1", "P2", "P3", "P4", "P5"].map(|p| rosters[0].find(p.as_bytes()).is_some());
        assert_eq!((on_it, later), ([true, false, true, false, false], 2));
        let told: Vec<_> = rejects.iter().map(|r| (r.row, r.reason)).collect();
        assert_eq!(told, [(4, RejectReason::BadPeriod)]);
        // Without a day nothing is looked at.
        let (rosters, rejects, later) = read_under(&policies, None, &rows);
        assert_eq!((rosters[0].len(), rejects.len(), later), (4, 1, 0));
    }

    #[test]
    fn a_grant_looks_back_to_the_first_of_the_month_a_year_before() {
        let (roster, rejects) = read(&[("P1", "illness_poor", "2024-03-20")]);
        assert_eq!(rejects, []);
        let period = roster.periods(0)[0];
        assert_eq!((period.begin, period.end), (day("2023-03-01"), day("2024-12-31")));
        assert_eq!(period.charge_year, Some(2024));
    }

    #[test]
    fn the_second_application_of_a_year_is_rejected_whatever_the_order() {
        let (roster, rejects) = read(&[("P1", "illness_poor", "2023-09-01"), ("P1", "illness_poor", "2023-03-10")]);
        assert_eq!(roster.periods(0).len(), 1);
        assert_eq!((rejects[0].reason, rejects[0].row), (RejectReason::RepeatApplication, 1));
    }

    #[test]
    fn every_person_finds_its_own_periods() {
        let (roster, _) =
            read(&[("P3", "dibao", ""), ("P1", "tekun", ""), ("P2", "other_hardship", ""), ("P1", "fanpin", "")]);
        assert_eq!(roster.len(), 3);
        let periods = |p: &str| roster.find(p.as_bytes()).map(|n| roster.periods(n).len());
        assert_eq!([periods("P1"), periods("P2"), periods("P3"), periods("P4")], [Some(2), Some(1), Some(1), None]);
    }
}

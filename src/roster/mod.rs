//! The roster: who holds which identity when, as periods by person.

use crate::ledger::codebook::CodeBook;
use crate::ledger::decode::{self, TextColumn};
use crate::ledger::error::LedgerError;
use crate::ledger::open::{InputFile, Source};
use crate::ledger::reject::{Reject, RejectSource};
use crate::ledger::row_group::Columns;
use crate::ledger::rows::{Ids, NULL};
use crate::ledger::schema::{IdType, ROSTER, Renames, RosterColumn as C, TypeRules};
use crate::model::codes::{Identity, RejectReason};
use crate::model::date::{self, OPEN_END};
use crate::policy::document::InForce;
use crate::policy::tables::Tables;
use crate::settle::holdings::Period;
use arrow::error::ArrowError;
use std::collections::BTreeSet;

/// Rows decoded at a time.
const BATCH_ROWS: usize = 65_536;

/// Periods of identity by person, persons sorted.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    persons: Ids,
    offsets: Vec<u32>,
    periods: Vec<Period>,
    /// Rows read.
    pub rows: u64,
    /// Type of the persons' ids; none where there are no rows.
    pub psn_no_type: Option<IdType>,
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
    /// Reads a roster under a policy; faulty rows are returned as rejects.
    ///
    /// # Errors
    /// [`LedgerError`] of the file.
    pub fn read(
        source: Source,
        book: &CodeBook,
        renames: &Renames,
        tables: &Tables,
        in_force: InForce,
        psn_no: Option<(IdType, &str)>,
    ) -> Result<(Self, Vec<Reject>), LedgerError> {
        let file = InputFile::open(source, ROSTER, book, renames, TypeRules::default())?;
        if let (Some(found), Some((expected, other))) = (file.id_type(C::PsnNo as usize), psn_no)
            && found != expected
        {
            let (column, other) = ("psn_no".to_owned(), other.to_owned());
            return Err(LedgerError::MixedIds { file: file.name(), column, found, expected, other });
        }
        let name = file.name();
        let all: Vec<usize> = (0..ROSTER.len()).collect();
        let reading = Reading { book, tables, in_force };
        // What a damaged footer says of its rows is not believed beyond reason.
        let expected = usize::try_from(file.rows()).unwrap_or(0).min(1 << 22);
        let (mut rows, mut rejects, mut number) = (Vec::with_capacity(expected), Vec::new(), 0);
        for group in 0..file.row_groups() {
            file.read::<LedgerError>(group, &all, BATCH_ROWS, |columns| {
                let failed = |e: ArrowError| LedgerError::Parquet {
                    file: name.clone(),
                    row_group: Some(group),
                    message: e.to_string(),
                };
                reading.batch(columns, number, &mut rows, &mut rejects).map_err(failed)?;
                number += columns.rows() as u64;
                Ok(())
            })?;
        }
        let mut roster = Self::build(rows, tables, &mut rejects);
        roster.rows = number;
        roster.psn_no_type = file.id_type(C::PsnNo as usize);
        Ok((roster, rejects))
    }

    fn build(mut rows: Vec<Row>, tables: &Tables, rejects: &mut Vec<Reject>) -> Self {
        rows.sort_unstable();
        let mut roster = Roster::default();
        roster.periods.reserve_exact(rows.len());
        // An identity is granted once a calendar year; the first application stands.
        let mut granted: BTreeSet<(u8, i32)> = BTreeSet::new();
        for row in rows {
            if roster.persons.last() != Some(&*row.psn_no) {
                roster.close();
                roster.persons.push(&row.psn_no);
                granted.clear();
            }
            let Some(applied_on) = row.applied_on else {
                roster.periods.push(Period { begin: row.begin, end: row.end, rank: row.rank, charge_year: None });
                continue;
            };
            let year = date::year_of(applied_on);
            if !granted.insert((row.rank, year)) {
                rejects.push(Reject {
                    detail: format!("{} applied on {}", row.identity, date::show(applied_on)),
                    ..reject(Some(&row.psn_no), RejectReason::RepeatApplication, row.number)
                });
                continue;
            }
            let lookback = i32::from(tables.grant_lookback[usize::from(row.rank)].unwrap_or(0));
            let begin = date::month_start(applied_on, -lookback).unwrap_or(applied_on);
            let end = date::day(year, 12, 31).unwrap_or(OPEN_END);
            roster.periods.push(Period { begin, end, rank: row.rank, charge_year: Some(year) });
        }
        roster.close();
        roster
    }

    /// Ends the person at hand: its periods by first day, so that the earliest grant comes first.
    fn close(&mut self) {
        let start = self.offsets.last().copied().unwrap_or(0) as usize;
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        if self.persons.len() >= self.offsets.len() {
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

    /// Bytes that it takes.
    pub fn memory_size(&self) -> u64 {
        let periods = self.periods.len() * size_of::<Period>() + self.offsets.len() * size_of::<u32>();
        periods as u64 + self.persons.memory_size()
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

struct Reading<'a> {
    book: &'a CodeBook,
    tables: &'a Tables,
    in_force: InForce,
}

impl Reading<'_> {
    fn batch(
        &self,
        columns: &Columns<'_>,
        before: u64,
        rows: &mut Vec<Row>,
        rejects: &mut Vec<Reject>,
    ) -> Result<(), ArrowError> {
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
            };
            match self.row(&given, number) {
                Ok(row) => rows.push(row),
                Err((reason, detail)) => rejects.push(Reject { detail, ..reject(psn_no, reason, number) }),
            }
        }
        Ok(())
    }

    fn row(&self, given: &Given<'_>, number: u64) -> Result<Row, (RejectReason, String)> {
        let null = |column: &str| (RejectReason::NullRequired, column.to_owned());
        let psn_no = given.psn_no.ok_or_else(|| null("psn_no"))?;
        let code = given.identity.as_deref().ok_or_else(|| null("identity"))?;
        let begin = given.begin.ok_or_else(|| null("begndate"))?;
        let unknown = |column: &str, code: &str| (RejectReason::UnknownIdentity, format!("{column}={code}"));
        let mut identity = self.book.identity_of(code).ok_or_else(|| unknown("identity", code))?;
        let treated = match (&given.treated_as, identity) {
            (Some(code), Identity::OtherHardship) => {
                Some(self.book.identity_of(code).ok_or_else(|| unknown("treated_as", code))?)
            }
            _ => None,
        };
        identity = treated.unwrap_or(identity);
        let day = |micros: i64| {
            let readable = decode::readable(micros).then(|| date::day_of_micros(micros));
            readable.ok_or_else(|| (RejectReason::BadPeriod, "a date outside the years 1 to 9999".to_owned()))
        };
        let begin = day(begin)?;
        // Many platforms write 9999-12-31 and later for "open".
        let end = given.end.map_or(OPEN_END, |e| if decode::readable(e) { date::day_of_micros(e) } else { OPEN_END });
        if end < begin {
            let detail = format!("{} to {}", date::show(begin), date::show(end));
            return Err((RejectReason::BadPeriod, detail));
        }
        let rank = self.tables.rank_of[identity.index()];
        let applied_on = match self.tables.grant_lookback[usize::from(rank)] {
            None => None,
            Some(_) => match given.applied_on.map(day).transpose()? {
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

/// A roster row as given.
struct Given<'a> {
    psn_no: Option<&'a [u8]>,
    identity: Option<String>,
    treated_as: Option<String>,
    begin: Option<i64>,
    end: Option<i64>,
    applied_on: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::compile::{Needs, compile};
    use crate::policy::parameters::Parameters;

    fn tables() -> Tables {
        let policy = Policy::load("weihai-2023").unwrap();
        compile(&policy.doc, &Parameters::shipped().unwrap(), &[2023], Needs::default()).unwrap().tables
    }

    fn day(text: &str) -> i32 {
        date::to_days(text.parse().unwrap())
    }

    fn read(rows: &[(&str, &str, &str)]) -> (Roster, Vec<Reject>) {
        let tables = tables();
        let book = CodeBook::load(None).unwrap();
        let reading = Reading { book: &book, tables: &tables, in_force: InForce::Day };
        let micros = |t: &str| (!t.is_empty()).then(|| i64::from(day(t)) * date::MICROS_PER_DAY);
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for (n, (psn_no, identity, applied_on)) in rows.iter().enumerate() {
            let given = Given {
                psn_no: Some(psn_no.as_bytes()),
                identity: Some((*identity).to_owned()),
                treated_as: None,
                begin: micros("2023-01-01"),
                end: None,
                applied_on: micros(applied_on),
            };
            match reading.row(&given, n as u64 + 1) {
                Ok(row) => good.push(row),
                Err((reason, detail)) => bad.push(Reject { detail, ..reject(None, reason, n as u64 + 1) }),
            }
        }
        (Roster::build(good, &tables, &mut bad), bad)
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

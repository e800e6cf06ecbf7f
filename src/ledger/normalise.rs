//! Batches of the ledger as normalised rows, and the rows that fail their own checks.
//!
//! "Own checks" are those that need nothing but the row: from `void_record` to `payments_exceed_fee`.
//! What needs the person's other rows comes later, in `persons::resolve`.

use super::codebook::CodeBook;
use super::decode::{self, TextColumn};
use super::error::LedgerError;
use super::intern::Interner;
use super::marks::Packed;
use super::reject::{Reject, RejectSource, origin};
use super::row_group::Columns;
use super::rows::{Ids, Layout, NULL, Rows, column};
use super::schema::{LEDGER, LedgerColumn as C};
use crate::model::codes::{Care, ExclCause, FeeClass, Insutype, Referral, RejectReason};
use crate::model::date;
use crate::model::fen;
use crate::policy::document::YearBy;
use crate::policy::tables::{FOREIGN_AREA, LOCAL_AREA};
use arrow::error::ArrowError;
use std::collections::BTreeSet;

/// Money columns of the ledger, in the order of the contract.
pub const MONEY_COLUMNS: [C; 15] = [
    C::MedfeeSumamt,
    C::InscpScpAmt,
    C::HifpPay,
    C::CvlservPay,
    C::HifesPay,
    C::HifdmPay,
    C::OthPay,
    C::HifmiPay,
    C::HifobPay,
    C::MafPay,
    C::ExtCompAmt,
    C::FulamtOwnpayAmt,
    C::OverlmtSelfpay,
    C::PreselfpayAmt,
    C::DiseaseLimit,
];

/// Which columns count as basic insurance, and which as assistance paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Summed into `basic_pay`.
    pub basic: Vec<C>,
    /// Summed into `recorded_maf`.
    pub recorded_maf: Vec<C>,
}

impl Roles {
    /// The roles, with the columns that `--recorded-maf` names.
    ///
    /// # Errors
    /// [`LedgerError::BadRecordedMaf`].
    pub fn new(recorded_maf: &[String], book: &CodeBook) -> Result<Self, LedgerError> {
        let may_hold = [C::MafPay, C::CvlservPay, C::HifesPay, C::HifdmPay, C::OthPay];
        let mut named = Vec::new();
        for name in recorded_maf {
            let lower = name.trim().to_lowercase();
            let canonical = book.columns.get(&lower).unwrap_or(&lower);
            let found = may_hold.iter().find(|c| LEDGER[**c as usize].name == canonical);
            let column = *found.ok_or_else(|| LedgerError::BadRecordedMaf { name: name.clone() })?;
            if !named.contains(&column) {
                named.push(column);
            }
        }
        if named.is_empty() {
            named.push(C::MafPay);
        }
        let basic = [C::HifpPay, C::CvlservPay, C::HifesPay, C::HifdmPay, C::OthPay];
        Ok(Self { basic: basic.into_iter().filter(|c| !named.contains(c)).collect(), recorded_maf: named })
    }
}

/// How rows are normalised: the same for the whole run.
pub struct Normaliser<'a> {
    /// Codes.
    pub book: &'a CodeBook,
    /// Basic insurance and assistance paid.
    pub roles: &'a Roles,
    /// The ledger's identities count (there is no roster).
    pub identity_counts: bool,
    /// Numbers of texts.
    pub interner: &'a Interner,
    /// Columns of the rows made.
    pub layout: Layout,
    /// Columns to read, by number.
    pub columns: Vec<usize>,
}

/// What was found on the way.
#[derive(Debug, Default)]
pub struct Findings {
    /// Rows that did not pass their own checks.
    pub rejects: Vec<Reject>,
    /// Calendar years of the rows that passed and are no refunds.
    pub years: BTreeSet<i32>,
}

/// Among the bits of a row's codes: the code is not known.
const UNKNOWN: u64 = 1 << 62;
/// Among the bits of a row's codes: there is none.
const ABSENT: u64 = 1 << 61;

impl<'a> Normaliser<'a> {
    /// A normaliser for rows that have these columns, by number.
    pub fn new(
        present: &[bool],
        book: &'a CodeBook,
        roles: &'a Roles,
        year_by: YearBy,
        identity_counts: bool,
        interner: &'a Interner,
    ) -> Self {
        let money: Vec<C> = MONEY_COLUMNS.into_iter().filter(|c| present[*c as usize]).collect();
        let has_day = year_by == YearBy::Enddate;
        let wanted = |c: &usize| *c != C::Enddate as usize || has_day;
        let columns = (0..LEDGER.len()).filter(|c| present[*c]).filter(wanted).collect();
        Self { book, roles, identity_counts, interner, layout: Layout { money: money.into(), has_day }, columns }
    }

    /// Normalises a batch and appends it; `first_row` is the file's row number of its first row, from 1.
    ///
    /// # Errors
    /// If Arrow cannot unpack a column.
    pub fn normalise(
        &self,
        columns: &Columns<'_>,
        file: usize,
        first_row: u64,
        rows: &mut Rows,
        findings: &mut Findings,
    ) -> Result<(), ArrowError> {
        let (count, start) = (columns.rows(), rows.len());
        let mut checks = Checks::new(count);
        needed_ids(columns, C::PsnNo, &mut rows.psn_no, &mut checks)?;
        needed_ids(columns, C::SetlId, &mut rows.setl_id, &mut checks)?;
        match columns.get(C::InitSetlId as usize) {
            Some(array) => decode::ids(array, &mut rows.init_setl_id)?,
            None => rows.init_setl_id.push_none(count),
        }
        self.times(columns, rows, &mut checks)?;
        let mut marks = vec![0; count];
        self.codes(columns, &mut marks, &mut checks)?;
        self.care(columns, &mut marks, &mut rows.numbers[column::MED_TYPE], &mut checks)?;
        self.amounts(columns, rows, &mut checks)?;
        self.compare(rows, start, &mut marks, &mut checks);

        rows.numbers[column::MARKS].extend(marks.iter().map(|m| *m as i64));
        let place = origin(file, first_row) as i64;
        rows.numbers[column::ORIGIN].extend(place..place + count as i64);
        self.areas(columns, &mut rows.numbers[column::AREA])?;
        self.diseases(columns, &mut rows.numbers[column::DISEASE])?;
        rows.passed.extend((0..count).map(|row| checks.passed(row)));
        self.years(rows, start, &mut findings.years);
        checks.rejects(rows, start, file, first_row, &mut findings.rejects);
        Ok(())
    }

    fn times(&self, columns: &Columns<'_>, rows: &mut Rows, checks: &mut Checks) -> Result<(), ArrowError> {
        let mut read = |name: C, to: &mut Vec<i64>, day: bool| -> Result<(), ArrowError> {
            let Some(array) = columns.get(name as usize) else {
                to.resize(to.len() + columns.rows(), 0);
                return Ok(());
            };
            let start = to.len();
            decode::times(array, to)?;
            for (row, time) in to[start..].iter_mut().enumerate() {
                *time = checks.time(row, *time, LEDGER[name as usize].name);
                if day {
                    *time = i64::from(date::day_of_micros(*time));
                }
            }
            Ok(())
        };
        read(C::SetlTime, &mut rows.numbers[column::SETL_TIME], false)?;
        match self.layout.day() {
            Some(position) => read(C::Enddate, &mut rows.numbers[position], true),
            None => Ok(()),
        }
    }

    /// Years of the rows that passed and are no refunds.
    fn years(&self, rows: &Rows, start: usize, years: &mut BTreeSet<i32>) {
        let column = |position: usize| &rows.numbers[position][start..];
        let (times, marks) = (column(column::SETL_TIME), column(column::MARKS));
        let fees = self.layout.position(C::MedfeeSumamt).map_or(&[][..], column);
        let days = self.layout.day().map(column);
        // Rows of one day often follow each other, so that the calendar is seldom asked.
        let (mut known, mut last) = (i32::MIN, None);
        for (row, time) in times.iter().enumerate() {
            let day = days.map_or_else(|| date::day_of_micros(*time), |days| days[row] as i32);
            let refund = || fees[row] < 0 && Packed(marks[row] as u64).refunded();
            if rows.passed[start + row] && (day != known || last.is_none()) && !refund() {
                let year = date::year_of(day);
                if last != Some(year) {
                    years.insert(year);
                }
                (known, last) = (day, Some(year));
            }
        }
    }

    fn codes(&self, columns: &Columns<'_>, marks: &mut [u64], checks: &mut Checks) -> Result<(), ArrowError> {
        use RejectReason as R;
        let mut read = |name: C, reason: R, bits: &mut dyn FnMut(&str, &mut Packed) -> bool| {
            code(columns, marks, checks, name, reason, bits)
        };
        read(C::ValiFlag, R::VoidRecord, &mut |t, m| {
            m.set_vali_flag(true);
            t == "1"
        })?;
        read(C::Insutype, R::UnknownInsutype, &mut |t, m| Insutype::parse(t).map(|v| m.set_insutype(v)).is_some())?;
        let mut bad = |name: C, bits: &mut dyn FnMut(&str, &mut Packed) -> bool| read(name, R::BadValue, bits);
        bad(C::Referral, &mut |t, m| Referral::parse(t).map(|v| m.set_referral(Some(v))).is_some())?;
        bad(C::FeeClass, &mut |t, m| FeeClass::parse(t).map(|v| m.set_fee_class(Some(v))).is_some())?;
        bad(C::ExclCause, &mut |t, m| ExclCause::parse(t).map(|v| m.set_excl_cause(Some(v))).is_some())?;
        bad(C::Designated, &mut |t, m| flag(t).map(|v| m.set_designated(Some(v))).is_some())?;
        bad(C::TiltApplied, &mut |t, m| flag(t).map(|v| m.set_tilt_applied(Some(v))).is_some())?;
        bad(C::QuotaManaged, &mut |t, m| flag(t).map(|v| m.set_quota_managed(Some(v))).is_some())?;
        bad(C::RefdSetlFlag, &mut |t, m| flag(t).map(|v| m.set_refunded(Some(v))).is_some())?;
        bad(C::HospLv, &mut |t, m| self.book.level_of(t).map(|v| m.set_hosp_lv(Some(v))).is_some())?;
        read(C::Identity, R::UnknownIdentity, &mut |t, m| match self.book.identity_of(t) {
            Some(identity) => {
                m.set_identity(Some(identity));
                true
            }
            None => {
                m.set_identity_unknown();
                !self.identity_counts
            }
        })
    }

    /// Care from `care`, else from the visit type; the numbers of the visit types.
    fn care(
        &self,
        columns: &Columns<'_>,
        marks: &mut [u64],
        med_types: &mut Vec<i64>,
        checks: &mut Checks,
    ) -> Result<(), ArrowError> {
        let rows = columns.rows();
        let text = |c: C| columns.get(c as usize).map(TextColumn::new).transpose();
        let bits = |care: Option<Care>, given: bool| {
            let set = |care| packed(|m| m.set_care(care, given));
            care.map_or(UNKNOWN, set)
        };
        let (care, med_type) = (text(C::Care)?, text(C::MedType)?);
        let given = care.as_ref().map(|c| c.map(rows, |t| t.map_or(ABSENT, |t| bits(Care::parse(t), true))));
        let visit = |t: Option<&str>| {
            t.map_or((0, ABSENT), |t| (i64::from(self.interner.number(t)), bits(self.book.care_of(t), false)))
        };
        let visits = med_type.as_ref().map(|c| c.map(rows, visit));
        let mut odd = false;
        let found = |row: usize| match given.as_ref().map_or(ABSENT, |g| g[row]) {
            ABSENT => (visits.as_ref().map_or(ABSENT, |v| v[row].1), &med_type, "med_type"),
            bits => (bits, &care, "care"),
        };
        for (row, mark) in marks.iter_mut().enumerate() {
            let bits = found(row).0;
            *mark |= bits;
            odd |= bits & (ABSENT | UNKNOWN) != 0;
        }
        for row in (0..rows).filter(|_| odd) {
            match found(row) {
                (ABSENT, ..) => checks.null(row, if med_type.is_some() { "med_type" } else { "care" }),
                (UNKNOWN, column, name) => checks.mark(row, RejectReason::UnknownMedType, || {
                    column.as_ref().map_or(String::new(), |c| said_of(name, c, row))
                }),
                _ => {}
            }
        }
        match visits {
            Some(visits) => med_types.extend(visits.iter().map(|v| v.0)),
            None => med_types.resize(med_types.len() + rows, 0),
        }
        Ok(())
    }

    fn amounts(&self, columns: &Columns<'_>, rows: &mut Rows, checks: &mut Checks) -> Result<(), ArrowError> {
        for (name, fen) in self.layout.money.iter().zip(&mut rows.numbers[column::MONEY..]) {
            let spec = &LEDGER[*name as usize];
            match columns.get(*name as usize) {
                Some(array) => decode::money(array, fen, |row, why| match why {
                    None if spec.needed => checks.null(row, spec.name),
                    None => {}
                    Some(error) => checks.mark(row, RejectReason::BadValue, || format!("{}: {error}", spec.name)),
                })?,
                None => fen.resize(fen.len() + columns.rows(), NULL),
            }
        }
        Ok(())
    }

    /// Compares the amounts of each row with each other.
    fn compare(&self, rows: &Rows, start: usize, marks: &mut [u64], checks: &mut Checks) {
        let columns = &rows.numbers[column::MONEY..][..self.layout.money.len()];
        let money = Money { names: &self.layout.money, columns, start };
        let (fees, scopes) = (money.column(C::MedfeeSumamt), money.column(C::InscpScpAmt));
        // Nearly every row is sound, and column by column that is quickly seen.
        let mut odd = vec![false; marks.len()];
        for column in money.columns {
            let negative = |v: i64| v < 0 && v != NULL;
            if column[start..].iter().fold(false, |any, v| any | negative(*v)) {
                odd.iter_mut().zip(&column[start..]).for_each(|(odd, v)| *odd |= negative(*v));
            }
        }
        let mut taken = vec![0i64; marks.len()];
        for name in self.roles.basic.iter().chain([&C::ExtCompAmt]) {
            taken.iter_mut().zip(money.column(*name)).for_each(|(sum, v)| *sum = sum.wrapping_add(or_nought(*v)));
        }
        for (row, (fee, scope)) in fees.iter().zip(scopes).enumerate() {
            odd[row] |= (or_nought(*scope) > or_nought(*fee)) | (taken[row] > or_nought(*fee));
        }
        for row in (0..marks.len()).filter(|r| odd[*r]) {
            self.compare_row(&money, row, Packed(marks[row]).refunded(), checks);
        }

        let [a, b, c] = [C::FulamtOwnpayAmt, C::OverlmtSelfpay, C::PreselfpayAmt].map(|c| money.column(c));
        let mismatch = packed(Packed::set_parts_mismatch);
        for (row, ((a, b), c)) in a.iter().zip(b).zip(c).enumerate() {
            let (fee, scope) = (or_nought(fees[row]), or_nought(scopes[row]));
            let given = (*a != NULL) & (*b != NULL) & (*c != NULL);
            let refund = fee < 0 && Packed(marks[row]).refunded();
            let sum = a.wrapping_add(*b).wrapping_add(*c).wrapping_add(scope);
            marks[row] |= if given & (sum != fee) & !refund { mismatch } else { 0 };
        }
    }

    /// The same for one row, to say what is wrong with it.
    fn compare_row(&self, money: &Money<'_>, row: usize, refunded: bool, checks: &mut Checks) {
        let fee = money.get(C::MedfeeSumamt, row);
        if refunded && fee < 0 {
            return;
        }
        if let Some(name) = money.negative(row) {
            checks.mark(row, RejectReason::NegativeAmount, || money.say(name, row));
        }
        if money.get(C::InscpScpAmt, row) > fee {
            checks.mark(row, RejectReason::ScopeExceedsFee, || {
                format!("{} > {}", money.say(C::InscpScpAmt, row), money.say(C::MedfeeSumamt, row))
            });
        }
        let basic: i64 = self.roles.basic.iter().map(|c| money.get(*c, row)).sum();
        let ext = money.get(C::ExtCompAmt, row);
        if basic + ext > fee {
            checks.mark(row, RejectReason::PaymentsExceedFee, || {
                let (basic, ext) = (fen::to_text(basic), fen::to_text(ext));
                format!("basic_pay {basic} + ext_comp_amt {ext} > {}", money.say(C::MedfeeSumamt, row))
            });
        }
    }

    fn areas(&self, columns: &Columns<'_>, areas: &mut Vec<i64>) -> Result<(), ArrowError> {
        match columns.get(C::MdtrtareaAdmvs as usize) {
            Some(array) => {
                let area = |t: Option<&str>| i64::from(t.map_or(LOCAL_AREA, area_of));
                areas.extend(TextColumn::new(array)?.map(columns.rows(), area));
            }
            None => areas.resize(areas.len() + columns.rows(), i64::from(LOCAL_AREA)),
        }
        Ok(())
    }

    fn diseases(&self, columns: &Columns<'_>, diseases: &mut Vec<i64>) -> Result<(), ArrowError> {
        match columns.get(C::DiseCodg as usize) {
            Some(array) => {
                let number = |t: Option<&str>| t.map_or(0, |t| i64::from(self.interner.number(t)));
                diseases.extend(TextColumn::new(array)?.map(columns.rows(), number));
            }
            None => diseases.resize(diseases.len() + columns.rows(), 0),
        }
        Ok(())
    }
}

fn or_nought(value: i64) -> i64 {
    if value == NULL { 0 } else { value }
}

/// The bits of a row's codes that `set` sets.
fn packed(set: impl FnOnce(&mut Packed)) -> u64 {
    let mut marks = Packed::default();
    set(&mut marks);
    marks.0
}

/// The first six digits of an area code; shorter codes are filled up with zeros.
fn area_of(text: &str) -> i32 {
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return FOREIGN_AREA;
    }
    let digits = &text[..text.len().min(6)];
    let value: i32 = digits.parse().unwrap_or(0);
    value * 10i32.pow(6 - digits.len() as u32)
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        t if t.eq_ignore_ascii_case("true") => Some(true),
        t if t.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Reads a column of codes into the rows' marks. `bits` sets what a text stands for, and says whether it
/// is one that counts; else the row fails for `reason`.
fn code(
    columns: &Columns<'_>,
    marks: &mut [u64],
    checks: &mut Checks,
    name: C,
    reason: RejectReason,
    bits: &mut dyn FnMut(&str, &mut Packed) -> bool,
) -> Result<(), ArrowError> {
    let Some(array) = columns.get(name as usize) else { return Ok(()) };
    let column = TextColumn::new(array)?;
    let found = column.map(columns.rows(), |text| {
        let Some(text) = text else { return ABSENT };
        let mut known = false;
        let set = packed(|m| known = bits(text, m));
        if known { set } else { set | UNKNOWN }
    });
    let mut odd = 0;
    for (marks, bits) in marks.iter_mut().zip(&found) {
        *marks |= bits & !(UNKNOWN | ABSENT);
        odd |= bits;
    }
    let spec = &LEDGER[name as usize];
    if odd & UNKNOWN != 0 || (odd & ABSENT != 0 && spec.needed) {
        for (row, bits) in found.iter().enumerate() {
            if bits & UNKNOWN != 0 {
                checks.mark(row, reason, || said_of(spec.name, &column, row));
            } else if bits & ABSENT != 0 && spec.needed {
                checks.null(row, spec.name);
            }
        }
    }
    Ok(())
}

fn needed_ids(columns: &Columns<'_>, name: C, ids: &mut Ids, checks: &mut Checks) -> Result<(), ArrowError> {
    let start = ids.len();
    match columns.get(name as usize) {
        Some(array) => decode::ids(array, ids)?,
        None => ids.push_none(columns.rows()),
    }
    for row in (0..columns.rows()).filter(|r| ids.get(start + *r).is_empty()) {
        checks.null(row, LEDGER[name as usize].name);
    }
    Ok(())
}

fn said_of(name: &str, column: &TextColumn, row: usize) -> String {
    column.with(row, |text| said(name, text.unwrap_or("")))
}

/// `column=text`, as a reject's detail; long texts are cut.
pub fn said(name: &str, text: &str) -> String {
    let text: String = text.chars().take(40).collect();
    format!("{name}={text}")
}

/// Money of a batch: the columns from a row on.
struct Money<'a> {
    names: &'a [C],
    columns: &'a [Vec<i64>],
    start: usize,
}

impl<'a> Money<'a> {
    /// A column; empty where no file has it.
    fn column(&self, name: C) -> &'a [i64] {
        let index = self.names.iter().position(|n| *n == name);
        index.map_or(&[], |i| &self.columns[i][self.start..])
    }

    fn get(&self, name: C, row: usize) -> i64 {
        self.column(name).get(row).map_or(0, |v| or_nought(*v))
    }

    fn negative(&self, row: usize) -> Option<C> {
        self.names.iter().find(|n| self.get(**n, row) < 0).copied()
    }

    fn say(&self, name: C, row: usize) -> String {
        format!("{} {}", LEDGER[name as usize].name, fen::to_text(self.get(name, row)))
    }
}

/// The first reason, in the order of the contract, why a row fails; and what exactly.
struct Checks {
    worst: Vec<u8>,
    details: Vec<(u32, RejectReason, String)>,
}

const PASSED: u8 = u8::MAX;

impl Checks {
    fn new(rows: usize) -> Self {
        Self { worst: vec![PASSED; rows], details: Vec::new() }
    }

    fn passed(&self, row: usize) -> bool {
        self.worst[row] == PASSED
    }

    /// Notes a reason; the first in the contract's order wins, and of one reason the first noted.
    fn mark(&mut self, row: usize, reason: RejectReason, detail: impl FnOnce() -> String) {
        if (reason as u8) < self.worst[row] {
            self.worst[row] = reason as u8;
            self.details.push((row as u32, reason, detail()));
        }
    }

    fn null(&mut self, row: usize, column: &str) {
        self.mark(row, RejectReason::NullRequired, || column.to_owned());
    }

    fn time(&mut self, row: usize, time: i64, column: &str) -> i64 {
        match time {
            micros if decode::readable(micros) => return micros,
            NULL => self.null(row, column),
            _ => self.mark(row, RejectReason::BadValue, || format!("{column}: outside the years 1 to 9999")),
        }
        0
    }

    fn rejects(self, rows: &Rows, start: usize, file: usize, first_row: u64, rejects: &mut Vec<Reject>) {
        let id = |ids: &Ids, row: u32| Some(ids.get(start + row as usize)).filter(|i| !i.is_empty()).map(Box::from);
        let worst = self.worst;
        let decisive = self.details.into_iter().filter(|(row, reason, _)| worst[*row as usize] == *reason as u8);
        rejects.extend(decisive.map(|(row, reason, detail)| Reject {
            source: RejectSource::Ledger,
            psn_no: id(&rows.psn_no, row),
            setl_id: id(&rows.setl_id, row),
            reason,
            detail,
            file: file as u32,
            row: first_row + u64::from(row),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn areas_are_six_digits_from_the_left() {
        assert_eq!(area_of("140500"), 140_500);
        assert_eq!(area_of("1405"), 140_500);
        assert_eq!(area_of("140500123"), 140_500);
        assert_eq!(area_of("海外"), FOREIGN_AREA);
    }

    #[test]
    fn flags_read_in_their_usual_spellings() {
        assert_eq!(["1", "TRUE", "0", "false"].map(flag), [Some(true), Some(true), Some(false), Some(false)]);
        assert_eq!(flag("yes"), None);
    }

    #[test]
    fn the_first_reason_in_the_contracts_order_wins() {
        let mut checks = Checks::new(1);
        checks.mark(0, RejectReason::NegativeAmount, || "a".into());
        checks.mark(0, RejectReason::BadValue, || "b".into());
        checks.mark(0, RejectReason::ScopeExceedsFee, || "c".into());
        let mut rows = Rows::new(&Layout { money: Arc::new([]), has_day: false });
        rows.psn_no.push(b"P1");
        rows.setl_id.push_none(1);
        let mut rejects = Vec::new();
        checks.rejects(&rows, 0, 0, 1, &mut rejects);
        assert_eq!((rejects[0].psn_no.as_deref(), rejects[0].setl_id.as_deref()), (Some(&b"P1"[..]), None));
        assert_eq!(rejects.len(), 1);
        assert_eq!((rejects[0].reason, rejects[0].detail.as_str()), (RejectReason::BadValue, "b"));
    }
}

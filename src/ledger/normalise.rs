//! A batch of ledger rows as normalised columns, and the rows that fail their own checks.
//!
//! "Own checks" are those that need nothing but the row: from `void_record` to `payments_exceed_fee`.
//! What needs the person's other rows comes later, in `persons::resolve`.

use super::codebook::CodeBook;
use super::decode::{self, Amount, TextColumn};
use super::error::LedgerError;
use super::intern::Interner;
use super::marks::Packed;
use super::open::{Columns, Ledger};
use super::reject::{Reject, RejectSource, origin};
use super::schema::{LEDGER, LedgerColumn as C};
use crate::model::codes::{Care, ExclCause, FeeClass, Insutype, Referral, RejectReason};
use crate::model::date;
use crate::model::fen;
use crate::policy::document::YearBy;
use crate::policy::tables::{FOREIGN_AREA, LOCAL_AREA};
use arrow::array::{Array, ArrayRef, BinaryArray, Int32Array, Int64Array, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::collections::BTreeSet;
use std::sync::Arc;

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

/// Position of the fixed columns in a normalised batch; the money columns that are present follow.
pub mod column {
    /// Person, as sortable bytes.
    pub const PSN_NO: usize = 0;
    /// Settlement record, as sortable bytes.
    pub const SETL_ID: usize = 1;
    /// Microseconds.
    pub const SETL_TIME: usize = 2;
    /// Day that decides year and identity.
    pub const DAY: usize = 3;
    /// [`super::Packed`].
    pub const MARKS: usize = 4;
    /// File and row.
    pub const ORIGIN: usize = 5;
    /// Number of the visit type.
    pub const MED_TYPE: usize = 6;
    /// Area of treatment.
    pub const AREA: usize = 7;
    /// Number of the disease code.
    pub const DISEASE: usize = 8;
    /// The record that a refund cancels.
    pub const INIT_SETL_ID: usize = 9;
    /// The first money column.
    pub const MONEY: usize = 10;
}

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
    /// The date that decides the year.
    pub year_by: YearBy,
    /// The ledger's identities count (there is no roster).
    pub identity_counts: bool,
    /// Numbers of texts.
    pub interner: &'a Interner,
    /// Money columns that any file has.
    pub money: Vec<C>,
    /// Columns to read, by number.
    pub columns: Vec<usize>,
    schema: SchemaRef,
}

/// A batch normalised.
pub struct Normalised {
    /// Rows that passed their own checks.
    pub batch: RecordBatch,
    /// Rows that did not.
    pub rejects: Vec<Reject>,
    /// Calendar years of the rows that passed and are no refunds.
    pub years: BTreeSet<i32>,
}

impl<'a> Normaliser<'a> {
    /// A normaliser for a ledger.
    pub fn new(
        ledger: &Ledger,
        book: &'a CodeBook,
        roles: &'a Roles,
        year_by: YearBy,
        identity_counts: bool,
        interner: &'a Interner,
    ) -> Self {
        let money: Vec<C> = MONEY_COLUMNS.into_iter().filter(|c| ledger.has(*c)).collect();
        let wanted = |c: &usize| *c != C::Enddate as usize || year_by == YearBy::Enddate;
        let columns = (0..LEDGER.len()).filter(|c| ledger.present[*c]).filter(wanted).collect();
        let mut fields = vec![
            Field::new("psn_no", DataType::Binary, false),
            Field::new("setl_id", DataType::Binary, false),
            Field::new("setl_time", DataType::Int64, false),
            Field::new("day", DataType::Int32, false),
            Field::new("marks", DataType::UInt64, false),
            Field::new("origin", DataType::UInt64, false),
            Field::new("med_type", DataType::UInt32, false),
            Field::new("area", DataType::Int32, false),
            Field::new("disease", DataType::UInt32, false),
            Field::new("init_setl_id", DataType::Binary, true),
        ];
        fields.extend(money.iter().map(|c| Field::new(LEDGER[*c as usize].name, DataType::Int64, true)));
        let schema = Arc::new(Schema::new(fields));
        Self { book, roles, year_by, identity_counts, interner, money, columns, schema }
    }

    /// The schema of normalised batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// Position of a money column in a normalised batch.
    pub fn position(&self, money: C) -> Option<usize> {
        self.money.iter().position(|c| *c == money).map(|p| p + column::MONEY)
    }

    /// Normalises a batch; `first_row` is the file's row number of its first row, from 1.
    ///
    /// # Errors
    /// If Arrow cannot unpack a column.
    pub fn normalise(&self, columns: &Columns<'_>, file: usize, first_row: u64) -> Result<Normalised, ArrowError> {
        let rows = columns.rows();
        let mut checks = Checks::new(rows);
        let psn_no = needed_ids(columns, C::PsnNo, &mut checks)?;
        let setl_id = needed_ids(columns, C::SetlId, &mut checks)?;
        let setl_time = self.times(columns, &mut checks)?;
        let day = self.days(columns, &setl_time, &mut checks)?;
        let mut marks = vec![Packed::default(); rows];
        self.codes(columns, &mut marks, &mut checks)?;
        let med_type = self.care(columns, &mut marks, &mut checks)?;
        let money = self.amounts(columns, &mut checks)?;
        self.compare(&money, &mut marks, &mut checks);

        let mut years = BTreeSet::new();
        let kept: Vec<u32> = (0..rows as u32).filter(|r| checks.passed(*r as usize)).collect();
        for &row in &kept {
            let row = row as usize;
            if !(marks[row].refunded() && money.get(C::MedfeeSumamt, row) < 0) {
                years.insert(date::year_of(day[row]));
            }
        }
        let rejects = checks.rejects(&psn_no, &setl_id, file, first_row);
        let init_setl_id = match columns.get(C::InitSetlId as usize) {
            Some(array) => decode::ids(array)?,
            None => BinaryArray::new_null(rows),
        };
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(psn_no),
            Arc::new(setl_id),
            Arc::new(Int64Array::from(setl_time)),
            Arc::new(Int32Array::from(day)),
            Arc::new(UInt64Array::from_iter_values(marks.iter().map(|m| m.0))),
            Arc::new(UInt64Array::from_iter_values((0..rows as u64).map(|r| origin(file, first_row + r)))),
            Arc::new(UInt32Array::from(med_type)),
            Arc::new(Int32Array::from(self.areas(columns)?)),
            Arc::new(UInt32Array::from(self.diseases(columns)?)),
            Arc::new(init_setl_id),
        ];
        arrays.extend(money.columns.into_iter().map(|c| Arc::new(Int64Array::from(c)) as ArrayRef));
        if kept.len() < rows {
            let indices = UInt32Array::from(kept);
            for array in &mut arrays {
                *array = arrow::compute::take(array, &indices, None)?;
            }
        }
        Ok(Normalised { batch: RecordBatch::try_new(self.schema(), arrays)?, rejects, years })
    }

    fn times(&self, columns: &Columns<'_>, checks: &mut Checks) -> Result<Vec<i64>, ArrowError> {
        let Some(array) = columns.get(C::SetlTime as usize) else { return Ok(vec![0; columns.rows()]) };
        let times = decode::times(array)?.into_iter().enumerate();
        Ok(times.map(|(row, time)| checks.time(row, time, "setl_time")).collect())
    }

    fn days(&self, columns: &Columns<'_>, times: &[i64], checks: &mut Checks) -> Result<Vec<i32>, ArrowError> {
        match (self.year_by, columns.get(C::Enddate as usize)) {
            (YearBy::Enddate, Some(array)) => {
                let ends = decode::times(array)?.into_iter().enumerate();
                Ok(ends.map(|(row, end)| date::day_of_micros(checks.time(row, end, "enddate"))).collect())
            }
            _ => Ok(times.iter().map(|t| date::day_of_micros(*t)).collect()),
        }
    }

    fn codes(&self, columns: &Columns<'_>, marks: &mut [Packed], checks: &mut Checks) -> Result<(), ArrowError> {
        let rows = columns.rows();
        let text = |c: C| columns.get(c as usize).map(TextColumn::new).transpose();
        if let Some(column) = text(C::ValiFlag)? {
            for (row, valid) in column.map(rows, |t| t.map(|t| t == "1")).into_iter().enumerate() {
                marks[row].set_vali_flag(valid.is_some());
                if valid == Some(false) {
                    checks.mark(row, RejectReason::VoidRecord, || said("vali_flag", &column, row));
                }
            }
        }
        if let Some(column) = text(C::Insutype)? {
            for (row, parsed) in column.map(rows, |t| t.map(Insutype::parse)).into_iter().enumerate() {
                match parsed {
                    Some(Some(insutype)) => marks[row].set_insutype(insutype),
                    Some(None) => checks.mark(row, RejectReason::UnknownInsutype, || said("insutype", &column, row)),
                    None => checks.null(row, "insutype"),
                }
            }
        }
        code(columns, checks, C::Referral, Referral::parse, |row, v| marks[row].set_referral(v))?;
        code(columns, checks, C::FeeClass, FeeClass::parse, |row, v| marks[row].set_fee_class(v))?;
        code(columns, checks, C::ExclCause, ExclCause::parse, |row, v| marks[row].set_excl_cause(v))?;
        code(columns, checks, C::Designated, flag, |row, v| marks[row].set_designated(v))?;
        code(columns, checks, C::TiltApplied, flag, |row, v| marks[row].set_tilt_applied(v))?;
        code(columns, checks, C::QuotaManaged, flag, |row, v| marks[row].set_quota_managed(v))?;
        code(columns, checks, C::RefdSetlFlag, flag, |row, v| marks[row].set_refunded(v))?;
        code(columns, checks, C::HospLv, |t| self.book.level_of(t), |row, v| marks[row].set_hosp_lv(v))?;
        if let Some(column) = text(C::Identity)? {
            for (row, parsed) in column.map(rows, |t| t.map(|t| self.book.identity_of(t))).into_iter().enumerate() {
                match parsed {
                    Some(Some(identity)) => marks[row].set_identity(Some(identity)),
                    Some(None) if self.identity_counts => {
                        checks.mark(row, RejectReason::UnknownIdentity, || said("identity", &column, row));
                    }
                    Some(None) => marks[row].set_identity_unknown(),
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// Care from `care`, else from the visit type; the numbers of the visit types.
    fn care(&self, columns: &Columns<'_>, marks: &mut [Packed], checks: &mut Checks) -> Result<Vec<u32>, ArrowError> {
        let rows = columns.rows();
        let text = |c: C| columns.get(c as usize).map(TextColumn::new).transpose();
        let (care, med_type) = (text(C::Care)?, text(C::MedType)?);
        let given = care.as_ref().map_or_else(|| vec![None; rows], |c| c.map(rows, |t| t.map(Care::parse)));
        let visit = |t: Option<&str>| t.map_or((0, None), |t| (self.interner.number(t), Some(self.book.care_of(t))));
        let visits = med_type.as_ref().map_or_else(|| vec![(0, None); rows], |c| c.map(rows, visit));
        for (row, (given, (_, mapped))) in given.into_iter().zip(&visits).enumerate() {
            let (found, name, column) = match (given, mapped) {
                (Some(found), _) => (found, "care", &care),
                (None, Some(found)) => (*found, "med_type", &med_type),
                (None, None) => {
                    checks.null(row, if med_type.is_some() { "med_type" } else { "care" });
                    continue;
                }
            };
            match found {
                Some(care) => marks[row].set_care(care, given.is_some()),
                None => checks.mark(row, RejectReason::UnknownMedType, || {
                    column.as_ref().map_or(String::new(), |c| said(name, c, row))
                }),
            }
        }
        Ok(visits.into_iter().map(|(number, _)| number).collect())
    }

    fn amounts(&self, columns: &Columns<'_>, checks: &mut Checks) -> Result<MoneyBlock, ArrowError> {
        let rows = columns.rows();
        let mut block = MoneyBlock { names: self.money.clone(), columns: Vec::with_capacity(self.money.len()) };
        for &name in &self.money {
            let spec = &LEDGER[name as usize];
            let mut values = vec![None; rows];
            if let Some(array) = columns.get(name as usize) {
                decode::money(array, |row, amount| match amount {
                    Amount::Fen(fen) => values[row] = Some(fen),
                    Amount::Null if spec.needed => checks.null(row, spec.name),
                    Amount::Null => {}
                    Amount::Bad(error) => {
                        checks.mark(row, RejectReason::BadValue, || format!("{}: {error}", spec.name))
                    }
                })?;
            }
            block.columns.push(values);
        }
        Ok(block)
    }

    /// Compares the amounts of each row with each other.
    fn compare(&self, money: &MoneyBlock, marks: &mut [Packed], checks: &mut Checks) {
        let parts = [C::FulamtOwnpayAmt, C::OverlmtSelfpay, C::PreselfpayAmt];
        let has_parts = parts.iter().all(|c| self.money.contains(c));
        for (row, marks) in marks.iter_mut().enumerate() {
            let fee = money.get(C::MedfeeSumamt, row);
            if marks.refunded() && fee < 0 {
                continue;
            }
            if let Some(name) = money.negative(row) {
                checks.mark(row, RejectReason::NegativeAmount, || money.say(name, row));
            }
            let scope = money.get(C::InscpScpAmt, row);
            if scope > fee {
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
            if has_parts
                && let [Some(a), Some(b), Some(c)] = parts.map(|c| money.opt(c, row))
                && a + b + c + scope != fee
            {
                marks.set_parts_mismatch();
            }
        }
    }

    fn areas(&self, columns: &Columns<'_>) -> Result<Vec<i32>, ArrowError> {
        let rows = columns.rows();
        let Some(array) = columns.get(C::MdtrtareaAdmvs as usize) else { return Ok(vec![LOCAL_AREA; rows]) };
        Ok(TextColumn::new(array)?.map(rows, |t| t.map_or(LOCAL_AREA, area_of)))
    }

    fn diseases(&self, columns: &Columns<'_>) -> Result<Vec<u32>, ArrowError> {
        let rows = columns.rows();
        let Some(array) = columns.get(C::DiseCodg as usize) else { return Ok(vec![0; rows]) };
        Ok(TextColumn::new(array)?.map(rows, |t| t.map_or(0, |t| self.interner.number(t))))
    }
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

/// Reads a column of optional codes; a code that is not known is a bad value.
fn code<T: Copy>(
    columns: &Columns<'_>,
    checks: &mut Checks,
    name: C,
    parse: impl Fn(&str) -> Option<T>,
    mut set: impl FnMut(usize, Option<T>),
) -> Result<(), ArrowError> {
    let Some(array) = columns.get(name as usize) else { return Ok(()) };
    let column = TextColumn::new(array)?;
    for (row, parsed) in column.map(columns.rows(), |t| t.map(&parse)).into_iter().enumerate() {
        match parsed {
            Some(None) => checks.mark(row, RejectReason::BadValue, || said(LEDGER[name as usize].name, &column, row)),
            value => set(row, value.flatten()),
        }
    }
    Ok(())
}

fn needed_ids(columns: &Columns<'_>, name: C, checks: &mut Checks) -> Result<BinaryArray, ArrowError> {
    let ids = match columns.get(name as usize) {
        Some(array) => decode::ids(array)?,
        None => BinaryArray::new_null(columns.rows()),
    };
    for row in (0..ids.len()).filter(|r| ids.is_null(*r)) {
        checks.null(row, LEDGER[name as usize].name);
    }
    Ok(ids)
}

/// `column=text`, as a reject's detail; long texts are cut.
fn said(name: &str, column: &TextColumn, row: usize) -> String {
    let text: String = column.owned(row).unwrap_or_default().chars().take(40).collect();
    format!("{name}={text}")
}

/// Money of a batch, by column.
struct MoneyBlock {
    names: Vec<C>,
    columns: Vec<Vec<Option<i64>>>,
}

impl MoneyBlock {
    fn opt(&self, name: C, row: usize) -> Option<i64> {
        let index = self.names.iter().position(|n| *n == name)?;
        self.columns[index][row]
    }

    fn get(&self, name: C, row: usize) -> i64 {
        self.opt(name, row).unwrap_or(0)
    }

    fn negative(&self, row: usize) -> Option<C> {
        self.columns.iter().position(|c| c[row].is_some_and(|v| v < 0)).map(|i| self.names[i])
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

    fn time(&mut self, row: usize, time: Option<i64>, column: &str) -> i64 {
        match time {
            Some(micros) if decode::readable(micros) => return micros,
            Some(_) => self.mark(row, RejectReason::BadValue, || format!("{column}: outside the years 1 to 9999")),
            None => self.null(row, column),
        }
        0
    }

    fn rejects(self, psn_no: &BinaryArray, setl_id: &BinaryArray, file: usize, first_row: u64) -> Vec<Reject> {
        let id = |ids: &BinaryArray, row: usize| ids.is_valid(row).then(|| Box::from(ids.value(row)));
        let worst = self.worst;
        let decisive = self.details.into_iter().filter(|(row, reason, _)| worst[*row as usize] == *reason as u8);
        decisive
            .map(|(row, reason, detail)| Reject {
                source: RejectSource::Ledger,
                psn_no: id(psn_no, row as usize),
                setl_id: id(setl_id, row as usize),
                reason,
                detail,
                file: file as u32,
                row: first_row + u64::from(row),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let ids = BinaryArray::from(vec![Some(&b"P1"[..])]);
        let rejects = checks.rejects(&ids, &ids, 0, 1);
        assert_eq!(rejects.len(), 1);
        assert_eq!((rejects[0].reason, rejects[0].detail.as_str()), (RejectReason::BadValue, "b"));
    }
}

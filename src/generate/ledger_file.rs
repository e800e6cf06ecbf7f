//! `ledger.parquet`: rows of claims, turned into columns one row group at a time.

use super::claim::{Claim, Needed};
use super::sheet::{GROUP_ROWS, Sheet};
use super::{GenerateError, person_number};
use crate::model::codes::Insutype;
use crate::output::unfinished::Unfinished;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::error::ArrowError;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of the file.
pub const NAME: &str = "ledger.parquet";
/// Money as it stands in every Parquet file.
const MONEY: DataType = DataType::Decimal128(18, 2);
/// Columns with hardly a value twice.
pub const VARIED: [&str; 8] = [
    "psn_no",
    "setl_id",
    "setl_time",
    "medfee_sumamt",
    "inscp_scp_amt",
    "hifp_pay",
    "fulamt_ownpay_amt",
    "preselfpay_amt",
];

/// A money column and where its value comes from.
type Money = (&'static str, fn(&Claim<'_>) -> Option<i64>);
const FEE: [Money; 3] = [
    ("medfee_sumamt", |c| present(c, Needed::Fee, c.bill.medfee_sumamt)),
    ("inscp_scp_amt", |c| present(c, Needed::Scope, c.bill.inscp_scp_amt)),
    ("hifp_pay", |c| present(c, Needed::Hifp, c.bill.hifp_pay)),
];
const FUNDS: [Money; 7] = [
    // Residents have no such schemes, and their columns stay empty.
    ("cvlserv_pay", |c| (c.insutype == Insutype::Employee.as_str()).then_some(c.bill.cvlserv_pay)),
    ("hifes_pay", |c| (c.insutype == Insutype::Employee.as_str()).then_some(c.bill.hifes_pay)),
    ("hifmi_pay", |c| Some(c.bill.hifmi_pay)),
    ("hifob_pay", |c| Some(c.bill.hifob_pay)),
    ("maf_pay", |c| Some(c.bill.maf_pay)),
    ("ext_comp_amt", |c| Some(c.bill.ext_comp_amt)),
    ("oth_pay", |c| Some(c.bill.oth_pay)),
];
const PARTS: [Money; 3] = [
    ("fulamt_ownpay_amt", |c| Some(c.bill.fulamt_ownpay_amt)),
    ("overlmt_selfpay", |c| (!c.overlmt_empty).then_some(c.bill.overlmt_selfpay)),
    ("preselfpay_amt", |c| Some(c.bill.preselfpay_amt)),
];

fn present<T>(claim: &Claim<'_>, needed: Needed, value: T) -> Option<T> {
    (claim.missing != Some(needed)).then_some(value)
}

/// The ledger being written.
pub struct LedgerFile<'a> {
    sheet: Sheet,
    rows: Vec<Claim<'a>>,
    /// Whether the last day of the visit is a column.
    enddate: bool,
    claims: u64,
}

impl<'a> LedgerFile<'a> {
    /// Opens the ledger in the folder.
    pub fn create(folder: &Path, enddate: bool) -> Result<Self, GenerateError> {
        let sheet = Sheet::create(folder, NAME, schema(enddate), &VARIED)?;
        Ok(LedgerFile { sheet, rows: Vec::new(), enddate, claims: 0 })
    }

    /// Adds a row.
    pub fn push(&mut self, claim: Claim<'a>) -> Result<(), GenerateError> {
        self.rows.push(claim);
        self.claims += 1;
        if self.rows.len() == GROUP_ROWS { self.flush() } else { Ok(()) }
    }

    /// Writes what is left and ends the file.
    pub fn finish(&mut self) -> Result<u64, GenerateError> {
        self.flush()?;
        self.sheet.finish()?;
        Ok(self.claims)
    }

    /// The finished file, and the name that it is to have.
    pub fn finished(self) -> (Unfinished, PathBuf) {
        self.sheet.finished()
    }

    fn flush(&mut self) -> Result<(), GenerateError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        // A platform exports by time; within a row group that holds exactly.
        self.rows.sort_by_key(|c| (c.at, c.person, c.slot));
        let batch =
            columns(&self.rows, self.enddate).and_then(|columns| RecordBatch::try_new(self.sheet.schema(), columns));
        self.rows.clear();
        self.sheet.group(batch)
    }
}

fn schema(enddate: bool) -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let flag = |name: &str| Field::new(name, DataType::Boolean, true);
    let money = |(name, _): &Money| Field::new(*name, MONEY, true);
    let mut fields = vec![text("psn_no"), text("setl_id")];
    fields.push(Field::new("setl_time", DataType::Timestamp(TimeUnit::Microsecond, None), true));
    fields.extend(["insutype", "med_type", "care"].map(text));
    fields.extend(FEE.iter().chain(&FUNDS).map(money));
    fields.extend(["refd_setl_flag", "init_setl_id", "vali_flag"].map(text));
    fields.extend(PARTS.iter().map(money));
    fields.extend(["mdtrtarea_admvs", "hosp_lv", "fee_class"].map(text));
    fields.extend([flag("designated"), text("referral"), flag("tilt_applied"), text("excl_cause")]);
    fields.extend([flag("quota_managed"), Field::new("disease_limit", MONEY, true), text("dise_codg")]);
    if enddate {
        fields.push(Field::new("enddate", DataType::Date32, true));
    }
    Schema::new(fields)
}

/// The columns in the order of the schema.
fn columns(rows: &[Claim<'_>], enddate: bool) -> Result<Vec<ArrayRef>, ArrowError> {
    let flag = |value: fn(&Claim<'_>) -> Option<bool>| -> ArrayRef {
        Arc::new(rows.iter().map(value).collect::<BooleanArray>())
    };
    let mut columns: Vec<ArrayRef> = vec![
        ids(rows, |c| present(c, Needed::PsnNo, c.person), person_number),
        ids(rows, |c| present(c, Needed::SetlId, record(c, c.slot)), record_number),
        Arc::new(TimestampMicrosecondArray::from_iter(rows.iter().map(|c| present(c, Needed::SetlTime, c.at)))),
        text(rows, |c| present(c, Needed::Insutype, c.insutype)),
        text(rows, |c| present(c, Needed::MedType, c.med_type)),
        text(rows, |c| c.care),
    ];
    for (_, value) in FEE.iter().chain(&FUNDS) {
        columns.push(money(rows, *value)?);
    }
    columns.push(text(rows, |c| Some(if c.refunded { "1" } else { "0" })));
    columns.push(ids(rows, |c| c.cancels.map(|slot| record(c, slot)), record_number));
    columns.push(text(rows, |c| Some(if c.valid { "1" } else { "0" })));
    for (_, value) in &PARTS {
        columns.push(money(rows, *value)?);
    }
    columns.extend([
        text(rows, |c| c.area),
        text(rows, |c| c.level),
        text(rows, |c| c.fee_class),
        flag(|c| c.designated),
        text(rows, |c| c.referral),
        flag(|c| c.tilt_applied),
        text(rows, |c| c.excl_cause),
        flag(|c| c.quota_managed),
        money(rows, |c| c.disease_limit)?,
        text(rows, |c| c.dise_codg),
    ]);
    if enddate {
        columns.push(Arc::new(Date32Array::from_iter(rows.iter().map(|c| Some(c.enddate)))));
    }
    Ok(columns)
}

fn text<'r, 'a>(rows: &'r [Claim<'a>], value: impl Fn(&'r Claim<'a>) -> Option<&'r str>) -> ArrayRef {
    Arc::new(rows.iter().map(value).collect::<StringArray>())
}

fn money(rows: &[Claim<'_>], value: fn(&Claim<'_>) -> Option<i64>) -> Result<ArrayRef, ArrowError> {
    let fen = rows.iter().map(|c| value(c).map(i128::from)).collect::<Decimal128Array>();
    Ok(Arc::new(fen.with_precision_and_scale(18, 2)?))
}

/// A number that is unique in the ledger: person and record.
fn record(claim: &Claim<'_>, slot: u32) -> u64 {
    claim.person * 10_000 + u64::from(slot)
}

fn record_number(out: &mut String, record: u64) {
    // Writing to a string cannot fail.
    let _ = write!(out, "S{record:014}");
}

fn ids(rows: &[Claim<'_>], value: fn(&Claim<'_>) -> Option<u64>, show: fn(&mut String, u64)) -> ArrayRef {
    let mut column = StringBuilder::with_capacity(rows.len(), rows.len() * 15);
    let mut buffer = String::new();
    for claim in rows {
        buffer.clear();
        match value(claim) {
            Some(number) => {
                show(&mut buffer, number);
                column.append_value(&buffer);
            }
            None => column.append_null(),
        }
    }
    Arc::new(column.finish())
}

//! The output files: their schemas, and batches of them from the kernel's columns (SPEC 5).

use super::columns::*;
use crate::ledger::intern::Texts;
use crate::ledger::reject::{Reject, id_text};
use crate::ledger::schema::IdType;
use crate::model::codes::{Care, Channel, Insutype, Layer, RejectReason, ScopeReason, Status};
use crate::persons::sorted::Sorted;
use crate::policy::eras::Names;
use crate::policy::tables::Mask;
use crate::settle::outcome::{MONEY_NAMES, Money, NO_POOL, PARTS};
use crate::settle::sink::{AlertRow, AuditColumns, PersonColumns, PersonYear, SettlementColumns};
use arrow::array::{ArrayRef, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// What every batch of a run is built with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// What things are called.
    pub names: &'a Names,
    /// Type of `psn_no`.
    pub psn_no: IdType,
    /// Type of `setl_id`.
    pub setl_id: IdType,
    /// Texts by number.
    pub texts: &'a Texts,
}

impl Context<'_> {
    fn identities(&self) -> impl Iterator<Item = &'static str> {
        self.names.identity_at.iter().map(|i| i.as_str())
    }
}

fn money_fields() -> impl Iterator<Item = (&'static str, DataType, bool)> {
    MONEY_NAMES.iter().map(|n| (*n, MONEY, false))
}

/// Schema of `settlement.parquet`.
pub fn settlement_schema(psn_no: IdType, setl_id: IdType) -> SchemaRef {
    let head = [
        ("psn_no", id_type(psn_no), false),
        ("setl_id", id_type(setl_id), false),
        ("setl_time", TIME, false),
        ("benefit_year", DataType::Int32, false),
        ("charge_year", DataType::Int32, false),
        ("insutype", code_type(), false),
        ("care", code_type(), false),
        ("identity", code_type(), true),
        ("status", code_type(), false),
        ("reason", code_type(), true),
        ("channel", code_type(), true),
        ("note", code_type(), true),
    ];
    schema(head.into_iter().chain(money_fields()))
}

/// A batch of `settlement.parquet`.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn settlement(
    context: Context<'_>,
    rows: &Sorted<'_>,
    columns: SettlementColumns,
) -> Result<RecordBatch, ArrowError> {
    let claims = rows.claims();
    let names = &context.names.notes;
    let last = columns.notes.iter().copied().max().unwrap_or(0);
    let remarks: Vec<String> = (0..=last).map(|mask| joined(mask, names)).collect();
    let mut arrays: Vec<ArrayRef> = vec![
        ids(columns.row.iter().map(|r| rows.psn_no(*r as usize)), context.psn_no)?,
        ids(columns.row.iter().map(|r| rows.setl_id(*r as usize)), context.setl_id)?,
        times(rows.times(), &columns.row),
        Arc::new(Int32Array::from(columns.benefit_year)),
        Arc::new(Int32Array::from(columns.charge_year)),
        full_codes(
            columns.row.iter().map(|r| claims.insutype[*r as usize] as u8).collect(),
            Insutype::ALL.iter().map(|i| i.as_str()),
        ),
        full_codes(
            columns.row.iter().map(|r| claims.care[*r as usize] as u8).collect(),
            Care::ALL.iter().map(|c| c.as_str()),
        ),
        codes(columns.identity.into_iter().map(rank), context.identities()),
        full_codes(columns.status.into_iter().map(|s| s as u8).collect(), Status::ALL.iter().map(|s| s.as_str())),
        codes(columns.reason.into_iter().map(|r| r.map(|r| r as u8)), ScopeReason::ALL.iter().map(|r| r.as_str())),
        codes(columns.channel.into_iter().map(|c| c.map(|c| c as u8)), Channel::ALL.iter().map(|c| c.as_str())),
        codes(columns.notes.into_iter().map(|n| (n != 0).then_some(n)), remarks.iter().map(String::as_str)),
    ];
    arrays.extend(columns.money.into_iter().map(money));
    RecordBatch::try_new(settlement_schema(context.psn_no, context.setl_id), arrays)
}

fn joined(mask: u8, names: &[String]) -> String {
    let set = names.iter().enumerate().filter(|(n, _)| mask & (1 << n) != 0);
    set.map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(";")
}

/// Schema of `audit.parquet`.
pub fn audit_schema(psn_no: IdType, setl_id: IdType) -> SchemaRef {
    schema([
        ("psn_no", id_type(psn_no), false),
        ("setl_id", id_type(setl_id), false),
        ("step", DataType::Int32, false),
        ("layer", code_type(), false),
        ("identity", code_type(), true),
        ("rule", wide_code_type(), false),
        ("clause", wide_code_type(), false),
        ("pool", code_type(), true),
        ("base", MONEY, false),
        ("from", MONEY, true),
        ("to", MONEY, true),
        ("lo", MONEY, true),
        ("ratio", RATIO, true),
        ("gross", MONEY, false),
        ("cap", MONEY, true),
        ("cap_used", MONEY, false),
        ("paid", MONEY, false),
        ("dise_codg", DataType::Utf8, true),
    ])
}

/// A batch of `audit.parquet`.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn audit(context: Context<'_>, rows: &Sorted<'_>, columns: AuditColumns) -> Result<RecordBatch, ArrowError> {
    let entries = &columns.entry;
    let cites = &context.names.cites;
    let cited = || entries.iter().map(|e| Some(e.cite));
    let diseases = rows.diseases();
    let disease = |row: &u32| context.texts.get(diseases[*row as usize]);
    let arrays: Vec<ArrayRef> = vec![
        ids(columns.row.iter().map(|r| rows.psn_no(*r as usize)), context.psn_no)?,
        ids(columns.row.iter().map(|r| rows.setl_id(*r as usize)), context.setl_id)?,
        Arc::new(Int32Array::from(columns.step)),
        codes(entries.iter().map(|e| Some(e.layer as u8)), Layer::ALL.iter().map(|l| l.as_str())),
        codes(entries.iter().map(|e| rank(e.identity)), context.identities()),
        wide_codes(cited(), cites.iter().map(|c| c.rule.as_str())),
        wide_codes(cited(), cites.iter().map(|c| c.clause.as_str())),
        codes(
            entries.iter().map(|e| (e.pool != NO_POOL).then_some(e.pool)),
            context.names.pools.iter().map(String::as_str),
        ),
        money(entries.iter().map(|e| e.base).collect()),
        optional_money(entries.iter().map(|e| e.band.map(|b| b.from))),
        optional_money(entries.iter().map(|e| e.band.map(|b| b.to))),
        optional_money(entries.iter().map(|e| e.band.map(|b| b.lo))),
        ratios(entries.iter().map(|e| e.ratio_ppm)),
        money(entries.iter().map(|e| e.gross).collect()),
        optional_money(entries.iter().map(|e| e.cap)),
        money(entries.iter().map(|e| e.cap_used).collect()),
        money(entries.iter().map(|e| e.paid).collect()),
        Arc::new(columns.row.iter().map(disease).collect::<StringArray>()),
    ];
    RecordBatch::try_new(audit_schema(context.psn_no, context.setl_id), arrays)
}

/// Schema of `persons.parquet`.
pub fn persons_schema(psn_no: IdType) -> SchemaRef {
    let head = [
        ("psn_no", id_type(psn_no), false),
        ("charge_year", DataType::Int32, false),
        ("identities", DataType::Utf8, true),
        ("identity_preferred", code_type(), true),
    ];
    let tail = [
        ("payable_instant", MONEY, false),
        ("payable_year_end", MONEY, false),
        ("payable_application", MONEY, false),
        ("runs_not_taken", DataType::Utf8, true),
    ];
    schema(head.into_iter().chain(money_fields()).chain(tail))
}

/// A batch of `persons.parquet`.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn persons(context: Context<'_>, rows: &Sorted<'_>, columns: PersonColumns) -> Result<RecordBatch, ArrowError> {
    let years = &columns.year;
    let held = |y: &PersonYear| (y.held != 0).then(|| held_names(context, y.held));
    let mut arrays: Vec<ArrayRef> = vec![
        ids(columns.row.iter().map(|r| rows.psn_no(*r as usize)), context.psn_no)?,
        Arc::new(years.iter().map(|y| y.charge_year).collect::<Int32Array>()),
        Arc::new(years.iter().map(held).collect::<StringArray>()),
        codes(years.iter().map(|y| rank(y.preferred)), context.identities()),
    ];
    arrays.extend((0..MONEY_NAMES.len()).map(|m| money(years.iter().map(|y| y.money[m]).collect())));
    let payable = |c: Channel| money(years.iter().map(|y| y.payable[c as usize]).collect());
    arrays.extend([payable(Channel::Instant), payable(Channel::YearEnd), payable(Channel::Application)]);
    arrays.push(Arc::new(columns.runs_not_taken.into_iter().collect::<StringArray>()));
    RecordBatch::try_new(persons_schema(context.psn_no), arrays)
}

fn held_names(context: Context<'_>, held: Mask) -> String {
    let names = context.identities().enumerate().filter(|(rank, _)| held & (1 << rank) != 0);
    names.map(|(_, name)| name).collect::<Vec<_>>().join(",")
}

/// Schema of `alerts.parquet`.
pub fn alerts_schema(psn_no: IdType, setl_id: IdType) -> SchemaRef {
    schema([
        ("psn_no", id_type(psn_no), false),
        ("year", DataType::Int32, false),
        ("alert", code_type(), false),
        ("clause", wide_code_type(), false),
        ("threshold", MONEY, false),
        ("accumulated", MONEY, false),
        ("setl_id", id_type(setl_id), false),
        ("setl_time", TIME, false),
    ])
}

/// A batch of `alerts.parquet`.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn alerts(context: Context<'_>, rows: &Sorted<'_>, alerts: &[AlertRow]) -> Result<RecordBatch, ArrowError> {
    let at: Vec<u32> = alerts.iter().map(|a| a.row).collect();
    let arrays: Vec<ArrayRef> = vec![
        ids(at.iter().map(|r| rows.psn_no(*r as usize)), context.psn_no)?,
        Arc::new(alerts.iter().map(|a| a.year).collect::<Int32Array>()),
        codes(alerts.iter().map(|a| Some(a.alert)), context.names.alerts.iter().map(String::as_str)),
        wide_codes(alerts.iter().map(|a| Some(a.cite)), context.names.cites.iter().map(|c| c.clause.as_str())),
        money(alerts.iter().map(|a| a.threshold).collect()),
        money(alerts.iter().map(|a| a.accumulated).collect()),
        ids(at.iter().map(|r| rows.setl_id(*r as usize)), context.setl_id)?,
        times(rows.times(), &at),
    ];
    RecordBatch::try_new(alerts_schema(context.psn_no, context.setl_id), arrays)
}

/// A row of `subsidies.parquet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubsidyRow {
    /// Number of the person on the roster.
    pub person: u32,
    /// Benefit year.
    pub year: i32,
    /// Rank of the identity.
    pub identity: u8,
    /// The contribution's own part, in fen.
    pub standard: i64,
    /// What is paid of it, in fen.
    pub subsidy: i64,
    /// What it cites.
    pub cite: u16,
}

/// Schema of `subsidies.parquet`.
pub fn subsidies_schema(psn_no: IdType) -> SchemaRef {
    schema([
        ("psn_no", id_type(psn_no), false),
        ("year", DataType::Int32, false),
        ("identity", code_type(), false),
        ("standard", MONEY, false),
        ("subsidy", MONEY, false),
        ("own_part", MONEY, false),
        ("clause", wide_code_type(), false),
    ])
}

/// A batch of `subsidies.parquet`.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn subsidies<'a>(
    context: Context<'_>,
    rows: &[SubsidyRow],
    psn_no: impl Fn(u32) -> &'a [u8],
) -> Result<RecordBatch, ArrowError> {
    let arrays: Vec<ArrayRef> = vec![
        ids(rows.iter().map(|r| psn_no(r.person)), context.psn_no)?,
        Arc::new(rows.iter().map(|r| r.year).collect::<Int32Array>()),
        codes(rows.iter().map(|r| rank(r.identity)), context.identities()),
        money(rows.iter().map(|r| r.standard).collect()),
        money(rows.iter().map(|r| r.subsidy).collect()),
        money(rows.iter().map(|r| r.standard - r.subsidy).collect()),
        wide_codes(rows.iter().map(|r| Some(r.cite)), context.names.cites.iter().map(|c| c.clause.as_str())),
    ];
    RecordBatch::try_new(subsidies_schema(context.psn_no), arrays)
}

/// Schema of `rejects.parquet`.
pub fn rejects_schema() -> SchemaRef {
    schema([
        ("source", code_type(), false),
        ("file", DataType::Utf8, false),
        ("row", DataType::Int64, false),
        ("psn_no", DataType::Utf8, true),
        ("setl_id", DataType::Utf8, true),
        ("reason", code_type(), false),
        ("detail", DataType::Utf8, false),
    ])
}

/// A batch of `rejects.parquet`; `file` names the file of a reject.
///
/// # Errors
/// If Arrow refuses the columns.
pub fn rejects<'a>(
    rows: &[Reject],
    psn_no: IdType,
    setl_id: IdType,
    file: impl Fn(&Reject) -> &'a str,
) -> Result<RecordBatch, ArrowError> {
    let text = |id: &Option<Box<[u8]>>, t: IdType| id.as_ref().map(|i| id_text(i, t));
    let arrays: Vec<ArrayRef> = vec![
        codes(rows.iter().map(|r| Some(r.source as u8)), ["ledger", "roster"]),
        Arc::new(rows.iter().map(|r| Some(file(r))).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| r.row as i64).collect::<Int64Array>()),
        Arc::new(rows.iter().map(|r| text(&r.psn_no, psn_no)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| text(&r.setl_id, setl_id)).collect::<StringArray>()),
        codes(rows.iter().map(|r| Some(r.reason as u8)), RejectReason::ALL.iter().map(|r| r.as_str())),
        Arc::new(rows.iter().map(|r| Some(r.detail.as_str())).collect::<StringArray>()),
    ];
    RecordBatch::try_new(rejects_schema(), arrays)
}

/// Whether a batch of the settlement conserves money on every row: the parts are the fee.
pub fn conserves(columns: &SettlementColumns) -> bool {
    let fee = &columns.money[Money::MedfeeSumamt as usize];
    fee.iter().enumerate().all(|(row, fee)| {
        let of = |p: &Money| columns.money[*p as usize][row];
        PARTS.iter().all(|p| of(p) >= 0) && PARTS.iter().map(of).sum::<i64>() == *fee
    })
}

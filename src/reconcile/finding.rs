//! Findings and adjustments as rows, and how they are written.

use super::cause::Cause;
use super::error::ReconcileError;
use crate::ledger::schema::IdType;
use crate::model::codes::Channel;
use crate::output::columns::*;
use crate::output::parquet_file::{FileDigest, ParquetFile};
use crate::output::publish::Stage;
use arrow::array::{ArrayRef, BooleanArray, Int32Array, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use std::sync::Arc;

/// Rows of a row group.
const GROUP_ROWS: usize = 131_072;

/// A row of `findings.parquet`: a cause's part of a person's year and fund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The person, as sortable bytes.
    pub psn_no: Box<[u8]>,
    /// Year charged.
    pub charge_year: i32,
    /// The cause.
    pub cause: Cause,
    /// The fund or layer, as the paid side states it.
    pub fund: &'static str,
    /// Paid less due in fen, as far as this cause goes; none for a notice.
    pub amount: Option<i64>,
    /// Claims whose payment the cause changes.
    pub claims: i32,
    /// The first few of them.
    pub setl_ids: String,
    /// The identity that was applied, or should have been.
    pub identity: Option<String>,
    /// Rule of the policy file.
    pub rule: Option<String>,
    /// Clause of the policy text.
    pub clause: Option<String>,
    /// What shows it, in English and in Chinese.
    pub evidence: (String, String),
    /// The causes of the year reproduce what was paid to the fen.
    pub exact: bool,
    /// Other causes that do so as well.
    pub also_fits: Option<String>,
}

/// A row of `adjustments.parquet`: what is to be paid, or claimed back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// The person, as sortable bytes.
    pub psn_no: Box<[u8]>,
    /// Year charged.
    pub charge_year: i32,
    /// How the person is paid.
    pub channel: Option<Channel>,
    /// The fund or layer.
    pub fund: &'static str,
    /// Paid less due, in fen: claimed back where positive.
    pub gap: i64,
}

fn findings_schema(psn_no: IdType) -> SchemaRef {
    schema([
        ("psn_no", id_type(psn_no), false),
        ("charge_year", DataType::Int32, false),
        ("cause", code_type(), false),
        ("cause_label", code_type(), false),
        ("fund", code_type(), false),
        ("amount", MONEY, true),
        ("claims", DataType::Int32, false),
        ("setl_ids", DataType::Utf8, false),
        ("identity", DataType::Utf8, true),
        ("clause", DataType::Utf8, true),
        ("rule", DataType::Utf8, true),
        ("evidence", DataType::Utf8, false),
        ("evidence_zh", DataType::Utf8, false),
        ("exact", DataType::Boolean, false),
        ("also_fits", DataType::Utf8, true),
    ])
}

const FUNDS: [&str; 8] =
    ["catastrophic", "assistance", "total", "cii_pay", "special_drug_pay", "ma_pay", "ra_pay", "oocat_pay"];

fn fund(name: &str) -> u8 {
    FUNDS.iter().position(|f| *f == name).unwrap_or(0) as u8
}

fn findings(rows: &[Finding], psn_no: IdType) -> Result<RecordBatch, ArrowError> {
    let text = |of: &dyn Fn(&Finding) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let cause = |r: &Finding| r.cause as u8;
    let arrays: Vec<ArrayRef> = vec![
        ids(rows.iter().map(|r| &*r.psn_no), psn_no)?,
        Arc::new(rows.iter().map(|r| r.charge_year).collect::<Int32Array>()),
        full_codes(rows.iter().map(cause).collect(), Cause::ALL.iter().map(|c| c.as_str())),
        full_codes(rows.iter().map(cause).collect(), Cause::ALL.iter().map(|c| c.label())),
        full_codes(rows.iter().map(|r| fund(r.fund)).collect(), FUNDS),
        optional_money(rows.iter().map(|r| r.amount)),
        Arc::new(rows.iter().map(|r| r.claims).collect::<Int32Array>()),
        text(&|r| Some(r.setl_ids.clone())),
        text(&|r| r.identity.clone()),
        text(&|r| r.clause.clone()),
        text(&|r| r.rule.clone()),
        text(&|r| Some(r.evidence.0.clone())),
        text(&|r| Some(r.evidence.1.clone())),
        Arc::new(BooleanArray::from(rows.iter().map(|r| r.exact).collect::<Vec<_>>())),
        text(&|r| r.also_fits.clone()),
    ];
    RecordBatch::try_new(findings_schema(psn_no), arrays)
}

fn adjustments_schema(psn_no: IdType) -> SchemaRef {
    schema([
        ("psn_no", id_type(psn_no), false),
        ("charge_year", DataType::Int32, false),
        ("channel", code_type(), true),
        ("fund", code_type(), false),
        ("direction", code_type(), false),
        ("amount", MONEY, false),
    ])
}

fn adjustments(rows: &[Adjustment], psn_no: IdType) -> Result<RecordBatch, ArrowError> {
    let arrays: Vec<ArrayRef> = vec![
        ids(rows.iter().map(|r| &*r.psn_no), psn_no)?,
        Arc::new(rows.iter().map(|r| r.charge_year).collect::<Int32Array>()),
        codes(rows.iter().map(|r| r.channel.map(|c| c as u8)), Channel::ALL.iter().map(|c| c.as_str())),
        full_codes(rows.iter().map(|r| fund(r.fund)).collect(), FUNDS),
        full_codes(rows.iter().map(|r| u8::from(r.gap > 0)).collect(), ["top_up", "claw_back"]),
        money(rows.iter().map(|r| r.gap.abs()).collect()),
    ];
    RecordBatch::try_new(adjustments_schema(psn_no), arrays)
}

/// Writes `findings.parquet`.
///
/// # Errors
/// [`ReconcileError`].
pub fn write_findings(stage: &Stage, rows: &[Finding], psn_no: IdType) -> Result<FileDigest, ReconcileError> {
    write(stage, "findings.parquet", findings_schema(psn_no), rows, |chunk| findings(chunk, psn_no))
}

/// Writes `adjustments.parquet`.
///
/// # Errors
/// [`ReconcileError`].
pub fn write_adjustments(stage: &Stage, rows: &[Adjustment], psn_no: IdType) -> Result<FileDigest, ReconcileError> {
    write(stage, "adjustments.parquet", adjustments_schema(psn_no), rows, |chunk| adjustments(chunk, psn_no))
}

fn write<T>(
    stage: &Stage,
    name: &str,
    schema: SchemaRef,
    rows: &[T],
    batch: impl Fn(&[T]) -> Result<RecordBatch, ArrowError>,
) -> Result<FileDigest, ReconcileError> {
    let (mut file, encoder) = ParquetFile::create(&stage.file(name), schema)?;
    for chunk in rows.chunks(GROUP_ROWS) {
        let batch = batch(chunk).map_err(ReconcileError::defect("building output columns"))?;
        file.append(encoder.encode(&batch)?)?;
    }
    Ok(file.finish()?)
}

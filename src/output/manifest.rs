//! `manifest.json`: what went in, what came out, under which policy and parameters.
//!
//! It holds no time, no thread count and no memory limit: the same inputs give the same bytes.

use super::parquet_file::FileDigest;
use crate::model::codes::{Identity, Insutype, RejectReason, ScopeReason, Status};
use crate::model::fen::{to_decimal, to_yuan as yuan};
use crate::orders::OrderCounts;
use crate::policy::document::YearBy;
use crate::policy::eras::Names;
use crate::policy::parameters::Used;
use crate::policy::tables::NO_RANK;
use crate::settle::outcome::{FUNDS, Fund, MONEY_NAMES};
use crate::settle::sink::Totals;
use serde::Serialize;
use std::collections::BTreeMap;

/// Money by column, as exact decimals in text.
pub type MoneyTotals = BTreeMap<String, String>;

/// The manifest.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// Name of the program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The policy; of several the last one.
    pub policy: PolicyPart,
    /// All policies of a run of several, in the order of their dates.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<PolicyPart>,
    /// The parameters.
    pub parameters: ParametersPart,
    /// Input files, by name.
    pub inputs: Vec<InputPart>,
    /// What was asked for.
    pub options: OptionsPart,
    /// Rows.
    pub counts: Counts,
    /// Sums of every money column of the settlement, in yuan.
    pub control_totals: ControlTotals,
    /// Output files, by name.
    pub outputs: BTreeMap<String, FileDigest>,
}

/// The policy of a run.
#[derive(Debug, Serialize)]
pub struct PolicyPart {
    /// Id.
    pub id: String,
    /// Title of the document.
    pub title: String,
    /// Number of the document.
    pub document: String,
    /// `shipped` or a path.
    pub origin: String,
    /// First day in force.
    pub from: String,
    /// Last day in force.
    pub until: Option<String>,
    /// Which date decides year and policy; told where a run has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year_by: Option<YearBy>,
    /// SHA-256 of the policy file.
    pub sha256: String,
    /// Identities in listed order.
    pub listed_order: Vec<String>,
}

/// The parameters of a run.
#[derive(Debug, Serialize)]
pub struct ParametersPart {
    /// SHA-256 of the shipped file and the user's, one after the other.
    pub sha256: String,
    /// Path of the user's file as given.
    pub path: Option<String>,
    /// Every dated value that the run used.
    pub used: Vec<Used>,
}

/// An input file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct InputPart {
    /// `ledger`, `roster` or `payees`.
    pub source: &'static str,
    /// Path as given.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Rows.
    pub rows: u64,
    /// SHA-256.
    pub sha256: String,
}

/// What was asked for, as far as it changes results.
#[derive(Debug, Serialize)]
pub struct OptionsPart {
    /// Only this charge year.
    pub year: Option<i32>,
    /// The policy outside its dates.
    pub as_if: bool,
    /// What the roster recorded after this day was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_known: Option<String>,
    /// Dated values published after this day were left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// `full` or `none`.
    pub audit: &'static str,
    /// Whether other orders of claims were looked at.
    pub orders: bool,
    /// Whether there is a list to pay from.
    pub payments: bool,
    /// Whether there is a page that tells the run.
    pub report: bool,
    /// Floats of money were accepted.
    pub allow_float: bool,
    /// What tells the key that person numbers were masked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// Columns that hold assistance paid.
    pub recorded_maf: Vec<String>,
    /// SHA-256 of the user's codes file.
    pub codes_sha256: Option<String>,
    /// Path of the user's codes file as given.
    pub codes: Option<String>,
    /// Columns renamed: theirs → ours.
    pub columns: BTreeMap<String, String>,
}

/// Rows and findings.
#[derive(Debug, Serialize)]
pub struct Counts {
    /// Rows of the ledger.
    pub ledger_rows: u64,
    /// Rows of the roster.
    pub roster_rows: u64,
    /// Rows of the roster that were recorded too late for the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roster_recorded_later: Option<u64>,
    /// Rows of the settlement.
    pub settlement_rows: u64,
    /// Persons in the settlement.
    pub persons: u64,
    /// Rows of the audit.
    pub audit_rows: u64,
    /// Rejected rows of the ledger.
    pub ledger_rejects: u64,
    /// Rejected rows of the roster.
    pub roster_rejects: u64,
    /// Accepted rows that `--year` left out.
    pub other_charge_years: u64,
    /// Settlement rows by status.
    pub by_status: BTreeMap<String, u64>,
    /// Out-of-scope rows by reason.
    pub by_reason: BTreeMap<String, u64>,
    /// Rejects by reason.
    pub rejects_by_reason: BTreeMap<String, u64>,
    /// Alerts by name.
    pub alerts: BTreeMap<String, u64>,
    /// Subsidies.
    pub subsidies: u64,
    /// Rows whose parts do not add up to the fee; they are settled.
    pub fee_parts_mismatch: u64,
    /// Claims whose ledger identity differs from the roster's.
    pub identity_differs: u64,
    /// Persons' years by whether the order of claims matters, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orders: Option<OrderCounts>,
}

/// Sums in yuan.
#[derive(Debug, Serialize)]
pub struct ControlTotals {
    /// Over everybody.
    pub all: MoneyTotals,
    /// By identity applied; `none` where there is none.
    pub by_identity: BTreeMap<String, MoneyTotals>,
    /// By insurance type.
    pub by_insutype: BTreeMap<String, MoneyTotals>,
    /// By the fund that bears it.
    pub by_fund: BTreeMap<String, String>,
    /// Contribution subsidies.
    pub subsidies: String,
}

impl ControlTotals {
    /// The sums of a run.
    pub fn new(totals: &Totals, names: &Names, subsidies: i64) -> Self {
        let sums = |ranks: &[u8], types: &[Insutype]| -> MoneyTotals {
            let cells = || ranks.iter().flat_map(|r| types.iter().map(move |t| totals.cell(*r, *t)));
            let of = |m: usize| cells().map(|c| c.money[m]).sum::<i128>();
            MONEY_NAMES.iter().enumerate().map(|(m, n)| ((*n).to_owned(), yuan(of(m)))).collect()
        };
        let everybody: Vec<u8> = (0..Identity::COUNT as u8).chain([NO_RANK]).collect();
        let present = |rank: u8| Insutype::ALL.iter().any(|t| totals.cell(rank, *t).rows > 0);
        let name = |rank: u8| names.identity_at.get(usize::from(rank)).map_or("none", |i| i.as_str()).to_owned();
        let by_identity =
            everybody.iter().filter(|r| present(**r)).map(|r| (name(*r), sums(&[*r], Insutype::ALL))).collect();
        let by_insutype = Insutype::ALL.iter().map(|t| (t.as_str().to_owned(), sums(&everybody, &[*t]))).collect();
        let borne = |fund: &Fund| {
            let types = Insutype::ALL.iter().filter(|t| fund.insutype.is_none_or(|of| of == **t));
            let cells = types.flat_map(|t| everybody.iter().map(move |r| totals.cell(*r, *t)));
            yuan(cells.map(|c| fund.columns.iter().map(|m| c.money[*m as usize]).sum::<i128>()).sum())
        };
        Self {
            all: sums(&everybody, Insutype::ALL),
            by_identity,
            by_insutype,
            by_fund: FUNDS.iter().map(|fund| (fund.name.to_owned(), borne(fund))).collect(),
            subsidies: to_decimal(subsidies).to_string(),
        }
    }
}

/// Counts by name, the names that do not occur left out.
pub fn named(names: impl Iterator<Item = &'static str>, counts: &[u64]) -> BTreeMap<String, u64> {
    names.zip(counts).filter(|(_, c)| **c > 0).map(|(n, c)| (n.to_owned(), *c)).collect()
}

/// Rows by status.
pub fn by_status(totals: &Totals) -> BTreeMap<String, u64> {
    named(Status::ALL.iter().map(|s| s.as_str()), &totals.status)
}

/// Out-of-scope rows by reason.
pub fn by_reason(totals: &Totals) -> BTreeMap<String, u64> {
    named(ScopeReason::ALL.iter().map(|r| r.as_str()), &totals.reasons)
}

/// Rejects by reason.
pub fn rejects_by_reason(reasons: impl Iterator<Item = RejectReason>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for reason in reasons {
        *counts.entry(reason.as_str().to_owned()).or_insert(0) += 1;
    }
    counts
}

impl Manifest {
    /// The text of the file.
    pub fn to_json(&self) -> String {
        // Strings, numbers and string keys only: serialising cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

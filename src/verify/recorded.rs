//! The manifest as it stands in a folder of outputs.

use super::error::VerifyError;
use crate::orders::OrderCounts;
use crate::output::publish::{MANIFEST, PROGRAM};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// What a manifest says. Keys that are not needed here are not read.
#[derive(Debug, Deserialize)]
pub(super) struct Recorded {
    program: String,
    /// Version of the program.
    pub(super) version: String,
    policy: RecordedPolicy,
    /// Of a run of several.
    #[serde(default)]
    policies: Vec<RecordedPolicy>,
    pub(super) parameters: RecordedParameters,
    pub(super) inputs: Vec<RecordedInput>,
    pub(super) options: RecordedOptions,
    pub(super) counts: RecordedCounts,
    pub(super) control_totals: RecordedTotals,
    pub(super) outputs: BTreeMap<String, RecordedFile>,
    /// The whole document.
    #[serde(skip)]
    pub(super) json: serde_json::Value,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedPolicy {
    pub(super) id: String,
    pub(super) origin: String,
    pub(super) sha256: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedParameters {
    pub(super) sha256: String,
    pub(super) path: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct RecordedInput {
    pub(super) source: String,
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) sha256: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedOptions {
    pub(super) year: Option<i32>,
    pub(super) as_if: bool,
    pub(super) as_known: Option<String>,
    pub(super) as_of: Option<String>,
    pub(super) audit: String,
    #[serde(default)]
    pub(super) orders: bool,
    pub(super) allow_float: bool,
    pub(super) recorded_maf: Vec<String>,
    pub(super) codes_sha256: Option<String>,
    pub(super) codes: Option<String>,
    pub(super) columns: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedCounts {
    pub(super) ledger_rows: u64,
    pub(super) settlement_rows: u64,
    pub(super) persons: u64,
    pub(super) audit_rows: u64,
    pub(super) ledger_rejects: u64,
    pub(super) roster_rejects: u64,
    pub(super) other_charge_years: u64,
    pub(super) by_status: BTreeMap<String, u64>,
    pub(super) by_reason: BTreeMap<String, u64>,
    pub(super) rejects_by_reason: BTreeMap<String, u64>,
    pub(super) alerts: BTreeMap<String, u64>,
    pub(super) subsidies: u64,
    pub(super) orders: Option<OrderCounts>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RecordedTotals {
    pub(super) all: BTreeMap<String, String>,
    pub(super) by_identity: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) by_insutype: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) by_fund: BTreeMap<String, String>,
    pub(super) subsidies: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct RecordedFile {
    pub(super) rows: u64,
    pub(super) size: u64,
    pub(super) sha256: String,
}

impl Recorded {
    /// Reads the manifest of a folder.
    pub(super) fn read(dir: &Path) -> Result<Self, VerifyError> {
        let path = dir.join(MANIFEST);
        let failed = |message: String| VerifyError::Manifest { path: path.clone(), message };
        let text = std::fs::read_to_string(&path).map_err(|e| failed(e.to_string()))?;
        let mut recorded: Self = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
        if recorded.program != PROGRAM {
            return Err(failed(format!("made by `{}`, not by this program", recorded.program)));
        }
        recorded.json = serde_json::from_str(&text).map_err(|e| failed(e.to_string()))?;
        Ok(recorded)
    }

    /// The policies, in the order of their dates.
    pub(super) fn policies(&self) -> &[RecordedPolicy] {
        if self.policies.is_empty() { std::slice::from_ref(&self.policy) } else { &self.policies }
    }

    /// Whether the run wrote an audit.
    pub(super) fn audited(&self) -> bool {
        self.options.audit != "none"
    }

    /// The recorded inputs of a kind: `ledger` or `roster`.
    pub(super) fn inputs_of(&self, source: &str) -> impl Iterator<Item = &RecordedInput> {
        self.inputs.iter().filter(move |i| i.source == source)
    }
}

//! Options as the package's Python writes them, in JSON.

use super::errors::{failed, told};
use crate::batches::Plan;
use crate::ledger::codebook::CodeBook;
use crate::ledger::schema::renames;
use crate::output::parquet_file::hex;
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use pyo3::PyResult;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A document that travels with its text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    name: String,
    text: String,
    origin: String,
}

/// All that decides a result beside ledger and roster.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    policies: Vec<Document>,
    params: Option<Document>,
    codes: Option<Document>,
    /// Names of the contract → columns.
    columns: BTreeMap<String, String>,
    recorded_maf: Vec<String>,
    year: Option<i32>,
    as_if: bool,
    as_known: Option<String>,
    as_of: Option<String>,
    audit: bool,
    strict: bool,
    allow_float: bool,
}

/// Options of a run over files alone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileOptions {
    pub(super) orders: bool,
    pub(super) force: bool,
    pub(super) threads: usize,
    pub(super) memory: u64,
    /// Write what people read, too.
    pub(super) papers: bool,
}

/// Reads options.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> PyResult<T> {
    serde_json::from_str(json).map_err(|e| told(&format!("options: {e}\n  use the package's own functions")))
}

impl Options {
    /// SHA-256 over the program's version, the texts and the options.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(env!("CARGO_PKG_VERSION"));
        hash.update(Parameters::shipped().map(|p| p.texts.concat()).unwrap_or_default());
        hash.update(format!("{self:?}"));
        hex(&hash.finalize())
    }

    /// What they mean; columns may bear the contract's names already.
    pub(super) fn plan(self, roster: bool, named: bool) -> PyResult<Plan> {
        if self.as_known.is_some() && !roster {
            return Err(told("--as-known leaves out what a roster recorded later, but there is no roster\n  give one"));
        }
        let policies = self.policies.iter().map(|d| Policy::parse(&d.name, &d.text, &d.origin));
        let as_of = self.as_of.as_deref().map(super::day).transpose()?;
        let mut parameters = Parameters::with_file_as_of(None, as_of).map_err(|e| failed(&e))?;
        if let Some(Document { name, text, .. }) = &self.params {
            parameters.lay(name, text).map_err(|e| failed(&e))?;
            parameters.path = Some(name.clone());
        }
        let mut book = CodeBook::load(None).map_err(|e| failed(&e))?;
        if let Some(Document { name, text, .. }) = &self.codes {
            book.lay(name, text).map_err(|e| failed(&e))?;
        }
        let pairs: Vec<String> = self.columns.iter().map(|(name, theirs)| format!("{name}={theirs}")).collect();
        Ok(Plan {
            policies: policies.collect::<Result<_, _>>().map_err(|e| failed(&e))?,
            parameters,
            book,
            renames: renames(&pairs).map_err(|e| told(&format!("columns: {e}\n  write {{\"psn_no\": \"THEIRS\"}}")))?,
            recorded_maf: self.recorded_maf,
            roster,
            year: self.year,
            as_if: self.as_if,
            as_known: self.as_known.as_deref().map(super::day).transpose()?,
            audit: self.audit,
            strict: self.strict,
            allow_float: self.allow_float,
            named,
        })
    }
}

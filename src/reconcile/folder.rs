//! A settle run's folder: what its manifest says, and its inputs opened again.

use super::error::ReconcileError;
use crate::ledger::codebook::CodeBook;
use crate::ledger::open::{Source, sources};
use crate::ledger::schema::Renames;
use crate::model::date;
use crate::output::parquet_file::digest_of_text;
use crate::output::publish::{MANIFEST, PROGRAM};
use crate::policy::Policy;
use crate::policy::parameters::Parameters;
use crate::run::settle::Settle;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is read of a manifest.
#[derive(Debug, Deserialize)]
pub struct RunManifest {
    program: String,
    /// The policy; of several the last.
    policy: PolicyEntry,
    /// All of several.
    #[serde(default)]
    policies: Vec<PolicyEntry>,
    parameters: Parts,
    /// Inputs.
    pub inputs: Vec<InputEntry>,
    options: OptionsEntry,
    /// Counts.
    pub counts: CountsEntry,
}

/// A policy as a manifest names it.
#[derive(Debug, Deserialize)]
pub struct PolicyEntry {
    /// Id.
    pub id: String,
    /// `shipped` or a path.
    pub origin: String,
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct Parts {
    sha256: String,
    path: Option<String>,
}

/// An input as a manifest names it.
#[derive(Debug, Deserialize)]
pub struct InputEntry {
    /// `ledger` or `roster`.
    pub source: String,
    /// Path as given.
    pub path: String,
    /// SHA-256.
    pub sha256: String,
}

#[derive(Debug, Deserialize)]
struct OptionsEntry {
    year: Option<i32>,
    as_if: bool,
    as_known: Option<String>,
    as_of: Option<String>,
    allow_float: bool,
    recorded_maf: Vec<String>,
    codes_sha256: Option<String>,
    codes: Option<String>,
    columns: BTreeMap<String, String>,
}

/// Counts of a run.
#[derive(Debug, Deserialize)]
pub struct CountsEntry {
    /// Persons.
    pub persons: u64,
    /// Rows by status.
    pub by_status: BTreeMap<String, u64>,
}

/// What stands in for what the manifest names.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Ledger files or folders; empty: as the manifest says.
    pub ledger: Vec<PathBuf>,
    /// Roster.
    pub roster: Option<PathBuf>,
    /// Policies, in the order of their dates; empty: as the manifest says.
    pub policies: Vec<String>,
    /// Dated values.
    pub params: Option<PathBuf>,
    /// Codes.
    pub codes: Option<PathBuf>,
}

impl RunManifest {
    /// The policies of the run, in the order of their dates.
    pub fn policies(&self) -> &[PolicyEntry] {
        if self.policies.is_empty() { std::slice::from_ref(&self.policy) } else { &self.policies }
    }
}

/// Reads the manifest of a settle run.
///
/// # Errors
/// [`ReconcileError::NotARun`].
pub fn manifest(dir: &Path) -> Result<RunManifest, ReconcileError> {
    let path = dir.join(MANIFEST);
    let wrong = |message: String| ReconcileError::NotARun { path: path.clone(), message };
    let text = std::fs::read_to_string(&path).map_err(|e| wrong(e.to_string()))?;
    let manifest: RunManifest = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    if manifest.program != PROGRAM {
        return Err(wrong(format!("`{}` is another program", manifest.program)));
    }
    Ok(manifest)
}

/// Opens the inputs of a run again, as a run that would give the same folder.
///
/// # Errors
/// [`ReconcileError`]: an input that is not there, or not the one that was settled.
pub fn reopen(
    dir: &Path,
    manifest: &RunManifest,
    given: &Overrides,
    out: &Path,
    threads: usize,
    memory: u64,
) -> Result<Settle, ReconcileError> {
    let other = |what: &str, option| ReconcileError::OtherInput { what: what.to_owned(), dir: dir.to_owned(), option };
    let of = |source: &str| -> Vec<PathBuf> {
        manifest.inputs.iter().filter(|i| i.source == source).map(|i| PathBuf::from(&i.path)).collect()
    };
    let ledger = if given.ledger.is_empty() { of("ledger") } else { given.ledger.clone() };
    let roster = given.roster.clone().or_else(|| of("roster").into_iter().next());
    let stated = manifest.policies();
    if !given.policies.is_empty() && given.policies.len() != stated.len() {
        let what = format!("the list of {} policies", given.policies.len());
        return Err(other(&what, "--policy"));
    }
    let mut policies = Vec::with_capacity(stated.len());
    for (number, stated) in stated.iter().enumerate() {
        let named = if stated.origin == "shipped" { &stated.id } else { &stated.origin };
        let policy = Policy::load(given.policies.get(number).unwrap_or(named))?;
        if digest_of_text(&policy.text) != stated.sha256 {
            return Err(other(&format!("policy `{}`", policy.origin), "--policy"));
        }
        policies.push(policy);
    }
    let options = &manifest.options;
    let day = |text: &Option<String>| -> Result<Option<i32>, ReconcileError> {
        let wrong = |text: &String| ReconcileError::NotARun {
            path: dir.join(MANIFEST),
            message: format!("the date `{text}` cannot be read"),
        };
        text.as_ref().map(|t| t.parse().map(date::to_days).map_err(|_| wrong(t))).transpose()
    };
    let params = given.params.clone().or_else(|| manifest.parameters.path.as_ref().map(PathBuf::from));
    let parameters = Parameters::with_file_as_of(params.as_deref(), day(&options.as_of)?)?;
    if digest_of_text(&parameters.texts.concat()) != manifest.parameters.sha256 {
        return Err(other("the set of dated values (parameters)", "--params"));
    }
    let codes = given.codes.clone().or_else(|| options.codes.as_ref().map(PathBuf::from));
    let book = CodeBook::load(codes.as_deref())?;
    if book.user_text.as_deref().map(digest_of_text) != options.codes_sha256 {
        return Err(other("the codes file", "--codes"));
    }
    Ok(Settle {
        ledger: sources(&ledger)?,
        roster: roster.map(Source::Path),
        policies,
        parameters,
        book,
        renames: options.columns.clone() as Renames,
        recorded_maf: options.recorded_maf.clone(),
        out: out.to_owned(),
        year: options.year,
        as_if: options.as_if,
        as_known: day(&options.as_known)?,
        audit: false,
        orders: false,
        strict: false,
        force: false,
        allow_float: options.allow_float,
        threads,
        memory,
    })
}

/// Checks the digests of the inputs that were opened against those that were settled.
///
/// # Errors
/// [`ReconcileError::OtherInput`].
pub fn check_inputs(
    dir: &Path,
    manifest: &RunManifest,
    found: &[(&'static str, String, String)],
) -> Result<(), ReconcileError> {
    for (source, option) in [("ledger", "--ledger"), ("roster", "--roster")] {
        let mut settled: Vec<&str> =
            manifest.inputs.iter().filter(|i| i.source == source).map(|i| i.sha256.as_str()).collect();
        for (_, path, sha256) in found.iter().filter(|f| f.0 == source) {
            match settled.iter().position(|s| s == sha256) {
                Some(at) => drop(settled.remove(at)),
                None => {
                    let what = format!("{source} {path}");
                    return Err(ReconcileError::OtherInput { what, dir: dir.to_owned(), option });
                }
            }
        }
        if !settled.is_empty() {
            let what = format!("the set of {source} files");
            return Err(ReconcileError::OtherInput { what, dir: dir.to_owned(), option });
        }
    }
    Ok(())
}

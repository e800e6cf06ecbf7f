//! `report.html`: a run told in one page that opens without a network, in Chinese and in English.
//!
//! Every figure on it is one of the run's own files, or a sum of their rows: an amount bears what it is and its fen
//! (`data-of`, `data-fen`), so that a program can hold it against them. Charts repeat figures of the table below them.
//! The page holds no script and asks for nothing from outside; the language is switched by style alone.

mod chart;
mod html;
mod project;
mod reconcile;
mod settle;

use crate::ledger::open::caught;
use crate::output::clauses::ClauseRow;
use crate::output::error::OutputError;
use crate::output::manifest::Manifest;
use crate::output::parquet_file::{FileDigest, digest_of_text};
use crate::output::publish::Stage;
use crate::project::report::Projection;
use crate::reconcile::Report;

/// Name of the file.
pub const REPORT: &str = "report.html";

/// Writes the page of a settlement into the folder in which the run's other files are finished.
///
/// # Errors
/// [`OutputError`]: the files cannot be read back, or the page cannot be written.
pub fn settled(stage: &Stage, manifest: &Manifest, clauses: &[ClauseRow]) -> Result<FileDigest, OutputError> {
    write(stage, || settle::page(stage.folder(), manifest, clauses))
}

/// Writes the page of a projection into the folder of its other files.
///
/// # Errors
/// As [`settled`].
pub fn projected(stage: &Stage, projection: &Projection) -> Result<FileDigest, OutputError> {
    write(stage, || project::page(projection))
}

/// Writes the page of a reconciliation into the folder of its other files.
///
/// # Errors
/// As [`settled`].
pub fn reconciled(stage: &Stage, report: &Report) -> Result<FileDigest, OutputError> {
    write(stage, || reconcile::page(stage.folder(), report))
}

fn write(stage: &Stage, page: impl FnOnce() -> Result<(String, u64), String>) -> Result<FileDigest, OutputError> {
    let failed = |message| OutputError::Encode { file: REPORT.to_owned(), message };
    let (text, rows) = caught(page).and_then(|made| made).map_err(failed)?;
    stage.write(REPORT, text.as_bytes())?;
    Ok(FileDigest { rows, size: text.len() as u64, sha256: digest_of_text(&text) })
}

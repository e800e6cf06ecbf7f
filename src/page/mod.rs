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
use crate::output::access::private;
use crate::output::clauses::ClauseRow;
use crate::output::error::OutputError;
use crate::output::manifest::Manifest;
use crate::output::parquet_file::{FileDigest, digest_of};
use crate::project::report::Projection;
use crate::reconcile::Report;
use std::io::Write as _;
use std::path::Path;

/// Name of the file.
pub const REPORT: &str = "report.html";

/// Writes the page of a settlement into the folder in which the run's other files are finished.
///
/// # Errors
/// [`OutputError`]: the files cannot be read back, or the page cannot be written.
pub fn settled(folder: &Path, manifest: &Manifest, clauses: &[ClauseRow]) -> Result<FileDigest, OutputError> {
    write(folder, || settle::page(folder, manifest, clauses))
}

/// Writes the page of a projection into the folder of its other files.
///
/// # Errors
/// As [`settled`].
pub fn projected(folder: &Path, projection: &Projection) -> Result<FileDigest, OutputError> {
    write(folder, || project::page(projection))
}

/// Writes the page of a reconciliation into the folder of its other files.
///
/// # Errors
/// As [`settled`].
pub fn reconciled(folder: &Path, report: &Report) -> Result<FileDigest, OutputError> {
    write(folder, || reconcile::page(folder, report))
}

fn write(folder: &Path, page: impl FnOnce() -> Result<(String, u64), String>) -> Result<FileDigest, OutputError> {
    let path = folder.join(REPORT);
    let io = |source| OutputError::Io { path: path.clone(), source };
    let failed = |message| OutputError::Encode { file: REPORT.to_owned(), message };
    let (text, tables) = caught(page).and_then(|made| made).map_err(failed)?;
    let mut file = private().create_new(true).open(&path).map_err(io)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    let (size, sha256) = digest_of(&path).map_err(io)?;
    Ok(FileDigest { rows: tables, size, sha256 })
}

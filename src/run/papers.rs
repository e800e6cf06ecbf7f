//! What a run writes for people beside the Parquet files: made from these, when they are finished.

use super::error::RunError;
use super::settle::Settle;
use crate::output::clauses::ClauseRow;
use crate::output::manifest::{InputPart, Manifest};
use crate::output::publish::Stage;
use crate::page::{self, REPORT};
use crate::payments::payees::Payees;
use crate::payments::{self, About, PAYMENTS};

/// Who is paid where, where that is told.
pub(super) fn payees(run: &Settle) -> Result<Option<Payees>, RunError> {
    let wanted = run.papers.payees.as_ref().filter(|_| run.papers.payments);
    Ok(wanted.map(|path| Payees::read(path)).transpose()?)
}

/// Writes them, and names them in the manifest.
pub(super) fn write(
    run: &Settle,
    stage: &Stage,
    manifest: &mut Manifest,
    clauses: &[ClauseRow],
    payees: Option<&Payees>,
) -> Result<(), RunError> {
    if let (Some(path), Some(payees)) = (&run.papers.payees, payees) {
        let Payees { rows, size, ref sha256, .. } = *payees;
        let path = path.display().to_string();
        manifest.inputs.push(InputPart { source: "payees", path, size, rows, sha256: sha256.clone() });
        manifest.inputs.sort();
    }
    if run.papers.payments {
        let digest = payments::write(stage.folder(), About { manifest, clauses, payees })?;
        manifest.outputs.insert(PAYMENTS.to_owned(), digest);
    }
    if run.papers.report {
        let digest = page::settled(stage, manifest, clauses)?;
        manifest.outputs.insert(REPORT.to_owned(), digest);
    }
    Ok(())
}

//! Whether a folder of outputs is what it says it is: digests hold, figures add up, and, with the ledger,
//! the same run gives the same bytes.
//!
//! ```text
//!  manifest ─► files ── size, rows, SHA-256 of every output; none missing, none extra
//!           ─► origins ─ policy, parameters, codes, inputs: digests, where they can be found
//!           ─► sums ──── audit → settlement → persons → control totals; counts; every ledger row once
//!           ─► again ─── with the ledger: settled again in a private folder, compared byte for byte
//!           ─► person ── or one person alone, from the ledger's rows of that person
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `recorded` | the manifest as it stands in the folder |
//! | `check` | what is checked, whether it holds, and what was found against it |
//! | `stream` | an output file row by row, in bounded memory |
//! | `files`, `origins` | digests |
//! | `audit`, `sums`, `totals` | figures |
//! | `again`, `differ` | the same run once more, and where two files differ |
//! | `person` | one person's rows, replayed |
//!
//! Nothing here applies a rule: what is recomputed is recomputed from an audit row's own columns, and what
//! is settled again goes through [`crate::run::settle`].

mod again;
mod audit;
pub mod check;
mod differ;
pub mod error;
mod files;
mod origins;
mod person;
mod sums;
mod totals;

use crate::lang::both;
use crate::ledger::open::Source;
use crate::run::progress::Progress;
use crate::run::recorded::{Overrides, Recorded};
use check::Report;
use error::VerifyError;
use origins::Origins;
use std::path::PathBuf;

/// What to verify, and against what.
#[derive(Clone, Debug, Default)]
pub struct Verify {
    /// The output folder.
    pub dir: PathBuf,
    /// What stands in for what the manifest names; without ledger files the figures alone are checked.
    pub given: Overrides,
    /// Input files that come with the program, found by their names.
    pub known: Vec<Source>,
    /// Only this person, replayed from the ledger; nobody else's rows are looked at.
    pub person: Option<String>,
    /// Worker threads of the run that is made again.
    pub threads: usize,
    /// Bytes of memory that it should keep to.
    pub memory: u64,
}

/// Verifies a folder.
///
/// # Errors
/// [`VerifyError`]: the folder is no run's output, or what was given to verify it with cannot be read.
/// What does not hold is no error but stands in the report.
pub fn verify(plan: &Verify, progress: &dyn Progress) -> Result<Report, VerifyError> {
    let recorded = Recorded::read(&plan.dir)?;
    let mut report = Report::default();
    let policies: Vec<&str> = recorded.policies().iter().map(|p| p.id.as_str()).collect();
    report.note_run(&policies.join(", "), &recorded.version);
    let found = files::check(&plan.dir, &recorded, &mut report);
    let origins = Origins::find(plan, &recorded, &mut report)?;
    if let Some(psn_no) = &plan.person {
        person::check(plan, &recorded, &origins, psn_no.trim(), progress, &mut report)?;
        return Ok(report);
    }
    sums::check(&plan.dir, &recorded, origins.round(), &mut report);
    if plan.given.ledger.is_empty() {
        report.not_checked(
            "重新结算结果逐字节一致",
            "settled again, the same bytes",
            both!("no ledger was given; do so with --ledger", "没有给出台账；请用 --ledger 给出"),
        );
    } else {
        again::check(plan, &recorded, &origins, &found, progress, &mut report)?;
    }
    Ok(report)
}

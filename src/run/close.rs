//! The end of a run: what the ranges add up to, the small files, the parts of the manifest.

use super::error::RunError;
use super::part::{Files, Part};
use super::range::Tally;
use super::settle::Settle;
use crate::ledger::open::{Ledger, Source};
use crate::ledger::reject::{Reject, RejectSource};
use crate::model::date;
use crate::output::clauses::{ClauseRow, clause_rows, clauses, clauses_schema};
use crate::output::files::{self, Context};
use crate::output::manifest::{self, *};
use crate::output::parquet_file::{self, FileDigest, ParquetFile, digest_of_text};
use crate::output::publish::Stage;
use crate::policy::Policy;
use crate::policy::eras::Names;
use crate::policy::tables::Tables;
use crate::roster::Roster;
use crate::settle::clauses::ClauseTally;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Rows of a row group of the outputs that are written at the end.
const TAIL_ROWS: usize = 131_072;

/// Appends a range's row groups, and adds up what it found.
pub(super) fn take(part: Part, files: &mut Files, tally: &mut Tally) -> Result<(), RunError> {
    files.settlement.append(part.settlement)?;
    if let Some(audit) = &mut files.audit {
        audit.append(part.audit)?;
    }
    if let Some(orders) = &mut files.orders {
        orders.append(part.orders)?;
    }
    files.persons.append(part.persons)?;
    files.alerts.append(part.alerts)?;
    tally.merge(part.tally);
    Ok(())
}

impl Tally {
    /// The counts of the manifest.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn counts(
        &self,
        run: &Settle,
        ledger: &Ledger,
        roster: Option<&Roster>,
        rejects: &[Reject],
        subsidies: u64,
        names: &Names,
        outputs: &BTreeMap<String, FileDigest>,
    ) -> Counts {
        let from = |source: RejectSource| rejects.iter().filter(|r| r.source == source).count() as u64;
        let alerts = names.alerts.iter().cloned().zip(self.alert_counts.iter().copied());
        Counts {
            ledger_rows: ledger.rows(),
            roster_rows: roster.map_or(0, |r| r.rows),
            roster_recorded_later: roster.filter(|_| run.as_known.is_some()).map(|r| r.recorded_later),
            settlement_rows: outputs.get("settlement.parquet").map_or(0, |d| d.rows),
            persons: self.totals.persons,
            audit_rows: self.audit_rows,
            ledger_rejects: from(RejectSource::Ledger),
            roster_rejects: from(RejectSource::Roster),
            other_charge_years: self.other_years,
            by_status: by_status(&self.totals),
            by_reason: by_reason(&self.totals),
            rejects_by_reason: manifest::rejects_by_reason(rejects.iter().map(|r| r.reason)),
            alerts: alerts.filter(|(_, count)| *count > 0).collect(),
            subsidies,
            fee_parts_mismatch: self.parts_mismatch,
            identity_differs: self.identity_differs,
            orders: run.orders.then_some(self.orders),
        }
    }
}

/// Writes the subsidies; what they come to in all, too.
pub(super) fn write_subsidies(
    stage: &Stage,
    context: Context<'_>,
    roster: Option<&Roster>,
    rows: impl Iterator<Item = files::SubsidyRow>,
) -> Result<(FileDigest, i64), RunError> {
    let (mut file, encoder) =
        ParquetFile::create(&stage.file("subsidies.parquet"), files::subsidies_schema(context.psn_no))?;
    let psn_no = |person: u32| roster.map_or(&[][..], |r| r.psn_no(person as usize));
    let (mut rows, mut total) = (rows.peekable(), 0);
    while rows.peek().is_some() {
        let chunk: Vec<files::SubsidyRow> = rows.by_ref().take(TAIL_ROWS).collect();
        total += chunk.iter().map(|r| r.subsidy).sum::<i64>();
        let batch = files::subsidies(context, &chunk, psn_no).map_err(RunError::defect("building output columns"))?;
        file.append(encoder.encode(&batch)?)?;
    }
    Ok((file.finish()?, total))
}

/// Writes what each clause did, policy by policy; the rows as written.
pub(super) fn write_clauses(
    stage: &Stage,
    tallies: &[ClauseTally],
    tables: &[Tables],
) -> Result<(FileDigest, Vec<ClauseRow>), RunError> {
    let (mut file, encoder) = ParquetFile::create(&stage.file("clauses.parquet"), clauses_schema())?;
    // A ledger without rows has no range, and so no tally.
    let of = |(number, tables): (usize, &Tables)| clause_rows(tallies.get(number), tables);
    let rows: Vec<ClauseRow> = tables.iter().enumerate().flat_map(of).collect();
    let batch = clauses(&rows).map_err(RunError::defect("building output columns"))?;
    file.append(encoder.encode(&batch)?)?;
    Ok((file.finish()?, rows))
}

pub(super) fn write_rejects(
    stage: &Stage,
    run: &Settle,
    ledger: &Ledger,
    rejects: &[Reject],
) -> Result<FileDigest, RunError> {
    let (mut file, encoder) = ParquetFile::create(&stage.file("rejects.parquet"), files::rejects_schema())?;
    let names: Vec<String> = ledger.files.iter().map(|f| f.name()).collect();
    let roster = run.roster.as_ref().map_or(String::new(), Source::name);
    for chunk in rejects.chunks(TAIL_ROWS) {
        let name = |r: &Reject| match r.source {
            RejectSource::Ledger => names[r.file as usize].as_str(),
            RejectSource::Roster => roster.as_str(),
        };
        let batch = files::rejects(chunk, ledger.psn_no, ledger.setl_id, name)
            .map_err(RunError::defect("building output columns"))?;
        file.append(encoder.encode(&batch)?)?;
    }
    Ok(file.finish()?)
}

/// The policy as the manifest tells it; of several, with the date that decides between them.
pub(crate) fn policy_part(policy: &Policy, several: bool) -> PolicyPart {
    let header = &policy.doc.policy;
    PolicyPart {
        id: header.id.clone(),
        title: header.title.clone(),
        document: header.document.clone(),
        origin: policy.origin.clone(),
        from: header.from.to_string(),
        until: header.until.map(|d| d.to_string()),
        year_by: several.then_some(policy.doc.switches.year_by),
        sha256: digest_of_text(&policy.text),
        listed_order: header.listed_order.iter().map(|i| i.as_str().to_owned()).collect(),
    }
}

pub(crate) fn options_part(run: &Settle) -> OptionsPart {
    OptionsPart {
        year: run.year,
        as_if: run.as_if,
        as_known: run.as_known.map(date::show),
        as_of: run.parameters.as_of.map(date::show),
        audit: if run.audit { "full" } else { "none" },
        orders: run.orders,
        payments: run.papers.payments,
        report: run.papers.report,
        allow_float: run.allow_float,
        mask: run.mask.as_ref().map(|mask| mask.id().to_owned()),
        recorded_maf: run.recorded_maf.clone(),
        codes_sha256: run.book.user_text.as_deref().map(digest_of_text),
        codes: run.book.path.clone(),
        columns: run.renames.clone(),
    }
}

/// Size, rows and digest of every input, by name.
pub(crate) fn inputs(run: &Settle, ledger: &Ledger, roster: Option<&Roster>) -> Result<Vec<InputPart>, RunError> {
    let mut all: Vec<(&'static str, &Source, u64)> =
        ledger.files.iter().map(|f| ("ledger", &f.source, f.rows())).collect();
    all.extend(run.roster.iter().map(|s| ("roster", s, roster.map_or(0, |r| r.rows))));
    let mut parts = all
        .into_par_iter()
        .map(|(source, file, rows)| {
            let (size, sha256) = digest_of_source(file)?;
            Ok(InputPart { source, path: file.name(), size, rows, sha256 })
        })
        .collect::<Result<Vec<_>, RunError>>()?;
    parts.sort();
    Ok(parts)
}

pub(crate) fn digest_of_source(source: &Source) -> Result<(u64, String), RunError> {
    parquet_file::digest_of_source(source).map_err(|e| io(Path::new(&source.name()), e))
}

pub(super) fn io(path: &Path, source: std::io::Error) -> RunError {
    crate::ledger::error::LedgerError::Io { path: path.to_owned(), source }.into()
}

//! What was paid against what was due: every difference by person and year, with the cause of it.
//!
//! ```text
//!  a run's folder ─ persons.parquet ─► gaps ◄─ paid: its recorded columns, a file, another run
//!                                       │ persons with a gap
//!  ledger, roster, policy ─ archive ─► world ─ kernel ─► due (must be what the folder says)
//!                                       │ hypothesis: one named change to what the kernel is given
//!                                       ▼
//!                                     search ─ one, two, or the most that one explains ─► findings, adjustments
//! ```
//!
//! | file | idea |
//! |---|---|
//! | `cause` | the causes by name, in their documented order |
//! | `measure` | what the paid side states: layers, funds, or one total |
//! | `folder`, `sheet`, `archive`, `institution` | the run's folder, its files, its ledger for some persons |
//! | `paid`, `gaps` | what was paid; who was paid otherwise than is due |
//! | `world`, `variants`, `hypothesis` | what the kernel is given, and the changes to it |
//! | `search` | which changes reproduce what was paid |
//! | `story`, `finding`, `tally` | clause and evidence; rows; sums |
//!
//! Invariants:
//! - The causes of a person and year add up to its gap, figure by figure.
//! - Only the kernel says what a world pays; a hypothesis changes what it is given, or takes a payment back.
//! - What is found does not hang on threads, memory or the order of anything but the ledger's own rows.

pub mod archive;
pub mod cause;
pub mod error;
pub mod finding;
mod folder;
pub mod gaps;
pub mod hypothesis;
pub mod institution;
pub mod measure;
pub mod paid;
pub mod person;
pub mod search;
pub mod sheet;
pub mod story;
pub mod tally;
#[cfg(test)]
mod tests;
pub mod variants;
pub mod world;

use crate::lang::Both;
use crate::ledger::open::Ledger;
use crate::ledger::schema::{IdType, TypeRules};
use crate::model::date;
use crate::output::access::Access;
use crate::output::parquet_file::{FileDigest, digest_of_text};
use crate::output::publish::{MANIFEST, PROGRAM};
use crate::page;
use crate::policy::document::PolicyDoc;
use crate::run::error::RunError;
use crate::run::ordered::in_order;
use crate::run::policies::in_order as policies_in_order;
use crate::run::progress::{Progress, Step};
use crate::run::recorded::{NotARun, Overrides, Recorded};
use crate::run::settle::Settle;
use crate::run::stage;
use archive::{Archive, Wanted};
use cause::Cause;
use error::ReconcileError;
use finding::{Adjustment, Finding, write_adjustments, write_findings};
use folder::{check_inputs, reopen};
use gaps::Candidate;
use paid::{ANY_YEAR, Origin, PaidSide};
use person::Investigator;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tally::{NOBODY, Totals, UNATTRIBUTED};

/// What to reconcile, and how.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// Folder of a settle run.
    pub dir: PathBuf,
    /// A file of payments, or the folder of another settle run; none: the recorded columns of the run.
    pub paid: Option<PathBuf>,
    /// What stands in for the inputs that the run's manifest names.
    pub given: Overrides,
    /// Output folder.
    pub out: PathBuf,
    /// Replace an earlier output.
    pub force: bool,
    /// Who may read the outputs.
    pub access: Access,
    /// Worker threads.
    pub threads: usize,
    /// Bytes of memory to keep to, as for a settle run.
    pub memory: u64,
}

/// The manifest of a reconciliation.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What this folder is.
    pub kind: &'static str,
    /// The run whose due it is: folder as given, and digest of its manifest.
    pub run: RunPart,
    /// The policies' ids, in the order of their dates.
    pub policies: Vec<String>,
    /// The paid side.
    pub paid: PaidPart,
    /// Counts.
    pub counts: Counts,
    /// Sums.
    pub totals: Totals,
    /// Outputs, by name.
    pub outputs: BTreeMap<String, FileDigest>,
}

/// A settle run.
#[derive(Debug, Serialize)]
pub struct RunPart {
    /// Folder as given.
    pub path: String,
    /// SHA-256 of its manifest.
    pub manifest_sha256: String,
}

/// The paid side.
#[derive(Debug, Serialize)]
pub struct PaidPart {
    /// `recorded`, `file` or `run`.
    pub source: &'static str,
    /// Path as given.
    pub path: Option<String>,
    /// SHA-256 of the file, or of the run's manifest.
    pub sha256: Option<String>,
    /// The figures that are compared.
    pub funds: Vec<&'static str>,
}

/// What was looked at, and found.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Persons and years of the run.
    pub person_years: u64,
    /// Persons and years with a gap.
    pub gaps: u64,
    /// Rows of `findings.parquet`.
    pub findings: u64,
    /// Rows of `adjustments.parquet`.
    pub adjustments: u64,
    /// Assistance due, none paid.
    pub due_not_paid: u64,
    /// Monitored persons never assisted.
    pub monitored_unassisted: u64,
}

impl Report {
    /// The text of the file.
    pub fn to_json(&self) -> String {
        // Strings, numbers and string keys only: serialising cannot fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// What one range of persons gave.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) findings: Vec<Finding>,
    pub(crate) adjustments: Vec<Adjustment>,
    pub(crate) totals: Totals,
    pub(crate) gaps: u64,
}

/// Checks that another run's folder tells persons as this one does.
fn same_mask(recorded: &Recorded, other: &Path) -> Result<(), ReconcileError> {
    match Recorded::read(other)?.options.mask == recorded.options.mask {
        true => Ok(()),
        false => Err(ReconcileError::OtherMask { other: other.to_owned() }),
    }
}

/// The type of person numbers as the ledger has them, which masked outputs do not tell.
fn written(run: &Settle, psn_no: IdType) -> Result<IdType, ReconcileError> {
    if run.mask.is_none() {
        return Ok(psn_no);
    }
    let rules = TypeRules { allow_float: run.allow_float, unchecked: false };
    Ok(Ledger::open(run.ledger.clone(), &run.book, &run.renames, rules, run.mask.as_ref())?.written_psn_no)
}

/// Reconciles. Nothing is published unless all of it succeeds.
///
/// # Errors
/// [`ReconcileError`].
pub fn reconcile(job: &Reconcile, progress: &dyn Progress) -> Result<Report, ReconcileError> {
    let recorded = Recorded::read(&job.dir)?;
    let run = reopen(&job.dir, &recorded, &job.given, &job.out, job.threads, job.memory)?;
    let stage = stage::begin(&job.out, job.force, job.access, progress)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(job.threads)
        .build()
        .map_err(|e| RunError::Threads { threads: job.threads, message: e.to_string() })?;
    let book = &run.book;
    let psn_no = gaps::id_type(&job.dir, book)?;

    progress.begin(Step::Survey, recorded.counts.persons);
    let (paid, found, alerts) = pool.install(|| -> Result<_, ReconcileError> {
        let alerts = gaps::alerts(&job.dir, book)?;
        let paid = match &job.paid {
            None => PaidSide::recorded(),
            Some(path) if path.is_dir() => {
                same_mask(&recorded, path)?;
                PaidSide::run(path, book, (psn_no, &job.dir))?
            }
            Some(path) => PaidSide::file(path, book, run.mask.as_ref(), (written(&run, psn_no)?, &job.dir))?,
        };
        let mut found = gaps::find(&job.dir, &paid, &alerts, book)?;
        let reversed = recorded.counts.by_status.get("reversed").is_some_and(|rows| *rows > 0);
        if paid.origin == Origin::Recorded && reversed {
            found.persons.extend(gaps::reversed(&job.dir, book)?);
        }
        Ok((paid, found, alerts))
    })?;
    progress.end();
    if let Origin::File(file) = &paid.origin
        && found.years.len() > 1
        && !paid.says_years()
    {
        return Err(ReconcileError::NoYear { file: file.clone(), dir: job.dir.clone() });
    }

    let ledger_rows: u64 = recorded.counts.by_status.values().sum();
    let share = u128::from(ledger_rows) * found.persons.len() as u128 / u128::from(recorded.counts.persons.max(1));
    let wanted = Wanted::Only(found.persons.iter().cloned().collect(), share as u64);
    let (archive, digests) = pool.install(|| Archive::open(&run, &wanted, stage.folder(), progress))?;
    check_inputs(&job.dir, &recorded, &digests)?;
    let records = pool.install(|| paid.records(&found.persons, book, run.mask.as_ref()))?;
    let docs: Vec<&PolicyDoc> = policies_in_order(&run)?.into_iter().map(|p| &p.doc).collect();
    let investigator = Investigator {
        dir: &job.dir,
        archive: &archive,
        docs: &docs,
        paid: &paid,
        records: records.as_ref(),
        candidates: &found.candidates,
        only_year: run.year,
        psn_no,
    };
    let mut all = Part::default();
    progress.begin(Step::Settle, archive.parts() as u64);
    in_order(
        &pool,
        archive.parts(),
        job.threads + 1,
        |part| investigator.part(part),
        |_, part: Part| {
            progress.advance(1);
            all.findings.extend(part.findings);
            all.adjustments.extend(part.adjustments);
            all.totals.merge(&part.totals);
            all.gaps += part.gaps;
            Ok::<_, ReconcileError>(())
        },
    )?;
    progress.end();
    strangers(&paid, &found.years, &mut all);
    notices(&found.candidates, &alerts, &docs, &mut all);
    all.findings.sort_by(|a, b| (&a.psn_no, a.charge_year).cmp(&(&b.psn_no, b.charge_year)));
    all.adjustments.sort_by(|a, b| (&a.psn_no, a.charge_year).cmp(&(&b.psn_no, b.charge_year)));

    let mut outputs = BTreeMap::new();
    outputs.insert("findings.parquet".to_owned(), write_findings(&stage, &all.findings, psn_no)?);
    outputs.insert("adjustments.parquet".to_owned(), write_adjustments(&stage, &all.adjustments, psn_no)?);
    let noticed = |cause: Cause| all.findings.iter().filter(|f| f.cause == cause).count() as u64;
    let counts = Counts {
        person_years: found.looked_at,
        gaps: all.gaps,
        findings: all.findings.len() as u64,
        adjustments: all.adjustments.len() as u64,
        due_not_paid: noticed(Cause::DueNotPaid),
        monitored_unassisted: noticed(Cause::MonitoredUnassisted),
    };
    let mut report = Report {
        program: PROGRAM,
        version: env!("CARGO_PKG_VERSION"),
        kind: "reconcile",
        run: RunPart { path: job.dir.display().to_string(), manifest_sha256: digest(&job.dir.join(MANIFEST))? },
        policies: docs.iter().map(|doc| doc.policy.id.clone()).collect(),
        paid: paid_part(&paid)?,
        counts,
        totals: all.totals,
        outputs,
    };
    report.outputs.insert(page::REPORT.to_owned(), page::reconciled(&stage, &report)?);
    stage.write(MANIFEST, report.to_json().as_bytes())?;
    stage::publish(stage, progress)?;
    Ok(report)
}

fn digest(path: &Path) -> Result<String, ReconcileError> {
    let read = std::fs::read_to_string(path);
    let text = read.map_err(|e| NotARun { path: path.to_owned(), message: Both::of(&e) })?;
    Ok(digest_of_text(&text))
}

fn paid_part(paid: &PaidSide) -> Result<PaidPart, ReconcileError> {
    let funds = paid.measures.0.iter().map(|m| m.name).collect();
    let (source, path, sha256) = match &paid.origin {
        Origin::Recorded => ("recorded", None, None),
        Origin::Run(dir) => ("run", Some(dir), Some(digest(&dir.join(MANIFEST))?)),
        Origin::File(path) => {
            let digest = crate::output::parquet_file::digest_of(path);
            let found =
                digest.map_err(|source| crate::ledger::error::LedgerError::Io { path: path.clone(), source })?;
            ("file", Some(path), Some(found.1))
        }
    };
    Ok(PaidPart { source, path: path.map(|p| p.display().to_string()), sha256, funds })
}

/// Persons and years that were paid and that the run does not have.
fn strangers(paid: &PaidSide, years: &std::collections::BTreeSet<i32>, all: &mut Part) {
    for ((psn_no, year), vector) in paid.unseen() {
        let charge_year = if *year == ANY_YEAR { years.first().copied().unwrap_or(0) } else { *year };
        all.gaps += 1;
        all.totals.person_year(NOBODY, true, false);
        all.totals.cause(Cause::NotInThisRun);
        for (measure, fen) in paid.measures.0.iter().zip(vector).filter(|(_, fen)| **fen != 0) {
            all.totals.amount(Cause::NotInThisRun, NOBODY, *fen);
            all.totals.by_area.entry(UNATTRIBUTED.to_owned()).or_default().add(*fen);
            all.findings.push(Finding {
                psn_no: psn_no.clone(),
                charge_year,
                cause: Cause::NotInThisRun,
                fund: measure.name,
                amount: Some(*fen),
                claims: 0,
                setl_ids: String::new(),
                identity: None,
                rule: None,
                clause: None,
                evidence: (
                    "paid to a person, or for a year, that this run does not have".to_owned(),
                    "该人员或该年度不在本次结算中".to_owned(),
                ),
                exact: true,
                also_fits: None,
            });
            let (psn_no, fund) = (psn_no.clone(), measure.name);
            all.adjustments.push(Adjustment { psn_no, charge_year, channel: None, fund, gap: *fen });
        }
    }
}

/// The policy that a year ended under; the last one where none reaches it.
fn in_year<'a>(docs: &[&'a PolicyDoc], year: i32) -> Option<&'a PolicyDoc> {
    let begun = docs.iter().rev().find(|doc| date::year_of(doc.policy.from.0) <= year);
    begun.or(docs.first()).copied()
}

/// Findings that stand beside the gaps.
fn notices(candidates: &BTreeMap<paid::Key, Candidate>, alerts: &gaps::Alerts, docs: &[&PolicyDoc], all: &mut Part) {
    for (key, candidate) in candidates {
        let clause = in_year(docs, key.1).map_or("", |doc| doc.assistance.clause.as_str());
        let alert = alerts.get(key);
        let notice = |cause: Cause, evidence, clause: &str| Finding {
            psn_no: key.0.clone(),
            charge_year: key.1,
            cause,
            fund: measure::ASSISTANCE.name,
            amount: None,
            claims: 0,
            setl_ids: String::new(),
            identity: candidate.preferred.map(|i| i.as_str().to_owned()),
            rule: None,
            clause: Some(clause.to_owned()),
            evidence,
            exact: true,
            also_fits: None,
        };
        if candidate.due_not_paid {
            all.findings.push(notice(Cause::DueNotPaid, story::due_not_paid(&candidate.due), clause));
        }
        if candidate.monitored {
            let evidence = story::monitored(&candidate.due, alert.map(|a| a.0.as_str()));
            let clause = alert.map_or(clause, |a| a.1.as_str());
            all.findings.push(notice(Cause::MonitoredUnassisted, evidence, clause));
        }
    }
}

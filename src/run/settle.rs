//! The settle run, from files to the published folder.
//!
//! ```text
//!  survey ── who is in the ledger ─► cuts (ranges of persons)
//!  read ──── row groups in parallel ─► rows, packed by range; rejects
//!  compile ─ policy × parameters × the years found ─► tables
//!  settle ── ranges in parallel: sort ─► resolve ─► kernel ─► encode; appended in order
//!  close ─── subsidies, rejects, manifest ─► publish
//! ```
//!
//! Where the survey finds the rows in the order of persons, they are compiled for first and settled as they
//! are read, range by range.

use super::close::{inputs, options_part, policy_part, take, write_rejects, write_subsidies};
use super::error::RunError;
use super::ordered;
use super::part::{Job, Part, Tally, create_files};
use super::pieces::Pieces;
use super::progress::{Progress, Step};
use super::read::{read, room_for_rows};
use super::stream::{Stream, keeps_busy};
use super::subsidies::subsidies;
use super::survey::{Survey, survey};
use crate::ledger::codebook::CodeBook;
use crate::ledger::intern::{Interner, Texts};
use crate::ledger::normalise::{Findings, Normaliser, Roles};
use crate::ledger::open::{Ledger, Source};
use crate::ledger::reject::Reject;
use crate::ledger::schema::{LedgerColumn, Renames, TypeRules};
use crate::model::codes::Identity;
use crate::model::date;
use crate::output::files::Context;
use crate::output::manifest::{ControlTotals, Manifest, ParametersPart};
use crate::output::parquet_file::digest_of_text;
use crate::output::publish::{MANIFEST, PROGRAM, Stage};
use crate::persons::sorted::Reading;
use crate::persons::store::Store;
use crate::policy::Policy;
use crate::policy::compile::{Compiled, Needs, compile, is_illustrative};
use crate::policy::document::YearBy;
use crate::policy::parameters::{Parameters, Used};
use crate::policy::tables::Tables;
use crate::roster::Roster;
use crate::settle::sink::Totals;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What to settle, and how.
#[derive(Debug)]
pub struct Settle {
    /// Ledger files.
    pub ledger: Vec<Source>,
    /// Roster.
    pub roster: Option<Source>,
    /// The policy.
    pub policy: Policy,
    /// Dated values.
    pub parameters: Parameters,
    /// Codes.
    pub book: CodeBook,
    /// Columns renamed.
    pub renames: Renames,
    /// Columns that hold assistance paid.
    pub recorded_maf: Vec<String>,
    /// Output folder.
    pub out: PathBuf,
    /// Only this charge year.
    pub year: Option<i32>,
    /// The policy outside its dates.
    pub as_if: bool,
    /// Write `audit.parquet`.
    pub audit: bool,
    /// Refuse values without a publication.
    pub strict: bool,
    /// Replace an earlier run.
    pub force: bool,
    /// Accept checked floats.
    pub allow_float: bool,
    /// Worker threads.
    pub threads: usize,
    /// Bytes of memory that the run should keep to; rows that do not fit wait on disk.
    pub memory: u64,
}

/// What a run says at its end.
#[derive(Debug)]
pub struct Settled {
    /// The manifest as published.
    pub manifest: Manifest,
    /// Totals by layer, for the summary.
    pub totals: Totals,
    /// Dated values that are not confirmed.
    pub unconfirmed: Vec<Used>,
    /// Rank of each identity under the policy.
    rank_of: [u8; Identity::COUNT],
}

/// Runs a settlement. Nothing is published unless all of it succeeds.
///
/// # Errors
/// [`RunError`].
pub fn settle(run: &Settle, progress: &dyn Progress) -> Result<Settled, RunError> {
    let needs = Needs { subsidies: run.roster.is_some() };
    check_year(run)?;
    // What a year asked for lacks is said before a row is read.
    let early: Vec<i32> = run.year.into_iter().collect();
    let first = compile(&run.policy.doc, &run.parameters, &early, needs)?;
    refuse_illustrative(run, &first)?;

    let rules = TypeRules { allow_float: run.allow_float, unchecked: false };
    let mut ledger = Ledger::open(run.ledger.clone(), &run.book, &run.renames, rules)?;
    ledger.check_renames(&run.renames)?;
    check_columns(run, &ledger)?;
    let roles = Roles::new(&run.recorded_maf, &run.book)?;
    let (roster, roster_rejects) = read_roster(run, &ledger, &first.tables)?;
    if let Some(id_type) = roster.as_ref().and_then(|r| r.psn_no_type).filter(|_| ledger.rows() == 0) {
        // A ledger without rows says nothing of its ids' type.
        ledger.psn_no = id_type;
    }
    let stage = Stage::create(&run.out, run.force)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(run.threads)
        .build()
        .map_err(|e| RunError::Threads { threads: run.threads, message: e.to_string() })?;

    let interner = Interner::default();
    let year_by = run.policy.doc.switches.year_by;
    let normaliser = Normaliser::new(&ledger, &run.book, &roles, year_by, roster.is_none(), &interner);
    let Survey { cuts, in_order } = pool.install(|| survey(&ledger, year_by, progress))?;
    let store = Store::new(room_for_rows(run, &ledger, &cuts, roster.as_ref()), stage.folder());
    let compile_for = |found: &BTreeSet<i32>| -> Result<Compiled, RunError> {
        let years = years_needed(run, &first.tables, roster.as_ref(), found);
        let compiled = compile(&run.policy.doc, &run.parameters, &years, needs)?;
        refuse_illustrative(run, &compiled)?;
        Ok(compiled)
    };
    // Rows in the order of persons are settled as they are read, if every year that they may need can be;
    // all others wait until all are read.
    let in_order = in_order.filter(|o| keeps_busy(&ledger, &o.groups, run.threads));
    let ahead = in_order.and_then(|o| Some((compile_for(&o.years).ok()?.tables, o.groups)));
    let digest = || inputs(run, &ledger, roster.as_ref());
    let mut findings = Findings::default();
    let (mut tables, source, digests) = match ahead {
        Some((tables, groups)) => {
            let stream = Stream::new(&ledger, &normaliser, &cuts, &groups);
            (tables, Pieces::Streaming { stream, interner: &interner }, None)
        }
        None => {
            let read = || read(&ledger, &normaliser, &cuts, &store, progress);
            let (digests, read) = pool.install(|| rayon::join(digest, read));
            let read = read?;
            findings = read.findings;
            let texts = interner.texts();
            let waiting = Pieces::Waiting { store: &store, runs: read.runs, texts };
            (compile_for(&findings.years)?.tables, waiting, Some(digests?))
        }
    };
    tables.bind_diseases(|code| interner.number(code));

    let reading = Reading::new(&normaliser, &roles, ledger.psn_no, ledger.setl_id);
    let texts = Texts::default();
    let context = Context { tables: &tables, psn_no: ledger.psn_no, setl_id: ledger.setl_id, texts: &texts };
    let (mut files, encoders) = create_files(run, &stage, context)?;
    let job = Job { run, context, reading: &reading, roster: roster.as_ref(), encoders: &encoders };
    let mut sums = Tally::default();
    progress.begin(Step::Settle, ledger.rows());
    let append = |_: usize, part: Part| -> Result<(), RunError> {
        progress.advance(part.rows);
        take(part, &mut files, &mut sums)
    };
    let settle_parts = || ordered::in_order(&pool, cuts.parts(), run.threads + 1, |p| job.part(&source, p), append);
    let digests = match digests {
        Some(digests) => settle_parts().map(|()| digests)?,
        None => {
            let (digests, settled) = ordered::beside(&pool, digest, settle_parts);
            settled.and(digests)?
        }
    };
    if let Pieces::Streaming { stream, .. } = source {
        findings = stream.finish();
    }
    let compiled = compile_for(&findings.years)?;
    progress.end();

    let mut rejects = findings.rejects;
    rejects.append(&mut sums.rejects);
    rejects.extend(roster_rejects);
    pool.install(|| rejects.par_sort_unstable());
    let mut outputs = BTreeMap::new();
    outputs.insert("settlement.parquet".to_owned(), files.settlement.finish()?);
    if let Some(audit) = files.audit {
        outputs.insert("audit.parquet".to_owned(), audit.finish()?);
    }
    outputs.insert("persons.parquet".to_owned(), files.persons.finish()?);
    outputs.insert("alerts.parquet".to_owned(), files.alerts.finish()?);
    let years = sums.years.iter().copied().filter(|y| run.year.is_none_or(|only| only == *y)).collect();
    let granted = roster.iter().flat_map(|roster| subsidies(&tables, roster, &years, &sums.residents));
    let (subsidies, subsidy_total) = write_subsidies(&stage, context, roster.as_ref(), granted)?;
    let subsidy_rows = subsidies.rows;
    outputs.insert("subsidies.parquet".to_owned(), subsidies);
    outputs.insert("rejects.parquet".to_owned(), write_rejects(&stage, run, &ledger, &rejects)?);

    let unconfirmed = compiled.used.iter().filter(|u| is_unconfirmed(u)).cloned().collect();
    let manifest = Manifest {
        program: PROGRAM,
        version: env!("CARGO_PKG_VERSION"),
        policy: policy_part(&run.policy),
        parameters: ParametersPart { sha256: digest_of_text(&run.parameters.texts.concat()), used: compiled.used },
        inputs: digests,
        options: options_part(run),
        counts: sums.counts(&ledger, roster.as_ref(), &rejects, subsidy_rows, &tables, &outputs),
        control_totals: ControlTotals::new(&sums.totals, &tables, subsidy_total),
        outputs,
    };
    stage.write(MANIFEST, manifest.to_json().as_bytes())?;
    stage.publish(run.force)?;
    Ok(Settled { manifest, totals: sums.totals, unconfirmed, rank_of: tables.rank_of })
}

fn is_unconfirmed(used: &Used) -> bool {
    use crate::policy::parameters::Standing;
    matches!(used.status, Standing::Reported | Standing::Illustrative)
}

fn check_year(run: &Settle) -> Result<(), RunError> {
    let header = &run.policy.doc.policy;
    let Some(year) = run.year.filter(|_| !run.as_if) else { return Ok(()) };
    let last = header.until.map_or(i32::MAX, |d| date::year_of(d.0));
    if (date::year_of(header.from.0)..=last).contains(&year) {
        return Ok(());
    }
    Err(RunError::YearOutside {
        year,
        policy: header.id.clone(),
        from: header.from.to_string(),
        until: header.until.map_or("open".to_owned(), |d| d.to_string()),
    })
}

fn refuse_illustrative(run: &Settle, compiled: &Compiled) -> Result<(), RunError> {
    let values: Vec<String> = compiled
        .used
        .iter()
        .filter(|u| is_illustrative(u))
        .map(|u| format!("{}{}", u.parameter, u.year.map_or(String::new(), |y| format!(" {y}"))))
        .collect();
    if run.strict && !values.is_empty() {
        return Err(RunError::Illustrative { values: values.join("; ") });
    }
    Ok(())
}

pub(crate) fn check_columns(run: &Settle, ledger: &Ledger) -> Result<(), RunError> {
    use crate::ledger::error::LedgerError;
    if run.roster.is_none() && !ledger.has(LedgerColumn::Identity) {
        return Err(LedgerError::NoIdentities.into());
    }
    if run.policy.doc.switches.year_by == YearBy::Enddate {
        for file in &ledger.files {
            if file.mapping.at[LedgerColumn::Enddate as usize].is_none() {
                return Err(LedgerError::NoEnddate { file: file.name() }.into());
            }
        }
    }
    Ok(())
}

pub(crate) fn read_roster(
    run: &Settle,
    ledger: &Ledger,
    tables: &Tables,
) -> Result<(Option<Roster>, Vec<Reject>), RunError> {
    let Some(source) = &run.roster else { return Ok((None, Vec::new())) };
    let other = "the ledger";
    let typed = (ledger.rows() > 0).then_some((ledger.psn_no, other));
    let in_force = run.policy.doc.switches.in_force;
    let (roster, rejects) = Roster::read(source.clone(), &run.book, &run.renames, tables, in_force, typed)?;
    Ok((Some(roster), rejects))
}

/// Benefit years that have to be settled: those of the rows within the policy's dates; with `--year`
/// that one, and the year before where a grant charged to it looks back.
pub(crate) fn years_needed(run: &Settle, tables: &Tables, roster: Option<&Roster>, found: &BTreeSet<i32>) -> Vec<i32> {
    let (from, until) = (date::year_of(tables.from), date::year_of(tables.until));
    let inside = |y: &i32| run.as_if || (from..=until).contains(y);
    let wanted = |y: &i32| match run.year {
        None => true,
        Some(year) if *y == year => true,
        Some(year) => roster.is_some_and(|r| r.has_grant_of(year)) && *y < year,
    };
    found.iter().copied().filter(|y| inside(y) && wanted(y)).collect()
}

impl Settled {
    /// Rank of an identity under the policy of the run.
    pub fn rank_of(&self, identity: Identity) -> u8 {
        self.rank_of[identity.index()]
    }
}

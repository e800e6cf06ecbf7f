//! The settle run, from files to the published folder.
//!
//! ```text
//!  survey ── who is in the ledger ─► cuts (ranges of persons)
//!  read ──── row groups in parallel ─► rows, packed by range; rejects
//!  compile ─ policies × parameters × the years found ─► tables
//!  settle ── ranges in parallel: sort ─► resolve ─► kernel ─► encode; appended in order
//!  close ─── subsidies, rejects, manifest ─► publish
//! ```
//!
//! Where the survey finds the rows in the order of persons, they are compiled for first and settled as they
//! are read, range by range.

use super::close::{inputs, options_part, policy_part, take, write_clauses, write_rejects, write_subsidies};
use super::error::RunError;
use super::inputs::Inputs;
use super::ordered;
use super::papers;
use super::part::{Job, Part, create_files};
use super::pieces::Pieces;
use super::policies::{compile_all, years_needed};
use super::progress::{Progress, Step};
use super::range::{Settling, Tally};
use super::read::{Way, read, room_for_rows};
use super::stage;
use super::stream::{Stream, keeps_busy};
use super::subsidies::subsidies;
use super::survey::{Survey, survey};
use crate::ledger::codebook::CodeBook;
use crate::ledger::intern::{Interner, Texts};
use crate::ledger::mask::Mask;
use crate::ledger::normalise::{Findings, Normaliser};
use crate::ledger::open::{ReadAs, Source};
use crate::ledger::schema::Renames;
use crate::model::codes::Identity;
use crate::output::access::Access;
use crate::output::clauses::ClauseRow;
use crate::output::files::Context;
use crate::output::manifest::{ControlTotals, Manifest, ParametersPart};
use crate::output::parquet_file::digest_of_text;
use crate::output::publish::{MANIFEST, PROGRAM};
use crate::persons::sorted::Reading;
use crate::persons::store::Store;
use crate::policy::Policy;
use crate::policy::eras::{Eras, Names};
use crate::policy::parameters::{Parameters, Used};
use crate::settle::sink::Totals;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What a run writes for people beside the Parquet files: by itself, nothing.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    /// Write `payments.xlsx`.
    pub payments: bool,
    /// Write `report.html`.
    pub report: bool,
    /// Who is paid where, joined into it.
    pub payees: Option<PathBuf>,
}

/// What to settle, and how.
#[derive(Debug)]
pub struct Settle {
    /// Ledger files.
    pub ledger: Vec<Source>,
    /// Roster.
    pub roster: Option<Source>,
    /// The policies; each claim is settled under the one in force on its date.
    pub policies: Vec<Policy>,
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
    /// The policy outside its dates; there is one.
    pub as_if: bool,
    /// Leave out what the roster recorded after this day.
    pub as_known: Option<i32>,
    /// Write `audit.parquet`.
    pub audit: bool,
    /// Find out where the order of claims matters, and write `orders.parquet`.
    pub orders: bool,
    /// Refuse values without a publication.
    pub strict: bool,
    /// Replace an earlier run.
    pub force: bool,
    /// How person numbers are masked in all outputs.
    pub mask: Option<Mask>,
    /// What is written for people.
    pub papers: Papers,
    /// Who may read the outputs.
    pub access: Access,
    /// Accept checked floats.
    pub allow_float: bool,
    /// Worker threads.
    pub threads: usize,
    /// Bytes of memory that the run should keep to; rows that do not fit wait on disk.
    pub memory: u64,
}

impl Settle {
    /// How its input files are read.
    pub(crate) fn read_as(&self) -> ReadAs<'_> {
        ReadAs { book: &self.book, renames: &self.renames, mask: self.mask.as_ref() }
    }
}

/// What a run says at its end.
#[derive(Debug)]
pub struct Settled {
    /// The manifest as published.
    pub manifest: Manifest,
    /// Totals by layer, for the summary.
    pub totals: Totals,
    /// What each clause of the policy did, as written.
    pub clauses: Vec<ClauseRow>,
    /// Dated values that are not confirmed.
    pub unconfirmed: Vec<Used>,
    /// `--as-known`, and a roster that does not tell when its rows were recorded.
    pub nothing_known_on: bool,
    /// What the outputs call things.
    names: Names,
}

/// Runs a settlement. Nothing is published unless all of it succeeds.
///
/// # Errors
/// [`RunError`].
pub fn settle(run: &Settle, progress: &dyn Progress) -> Result<Settled, RunError> {
    let Inputs { policies, year_by, first, ledger, roles, rosters, roster_rejects } = Inputs::open(run)?;
    let roster = rosters.first();
    let payees = papers::payees(run)?;
    let stage = stage::begin(&run.out, run.force, run.access, progress)?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(run.threads)
        .build()
        .map_err(|e| RunError::Threads { threads: run.threads, message: e.to_string() })?;

    let interner = Interner::default();
    let normaliser = Normaliser::new(&ledger.present, &run.book, &roles, year_by, run.roster.is_none(), &interner);
    let Survey { cuts, in_order } = pool.install(|| survey(&ledger, year_by, progress))?;
    let store = Store::new(room_for_rows(run, &ledger, &cuts, &rosters), stage.folder());
    let compile_for =
        |found: &BTreeSet<i32>| compile_all(run, &policies, |n| years_needed(run, &first[n], rosters.get(n), found));
    let eras_for = |found: &BTreeSet<i32>| -> Result<Eras, RunError> {
        let (mut tables, _) = compile_for(found)?;
        tables.iter_mut().for_each(|tables| tables.bind_diseases(|code| interner.number(code)));
        Ok(Eras::new(policies.iter().map(|p| &p.doc).zip(tables).collect())?)
    };
    // Rows in the order of persons are settled as they are read, if every year that they may need can be;
    // all others wait until all are read.
    let in_order = in_order.filter(|o| keeps_busy(&ledger, &o.groups, run.threads));
    let ahead = in_order.and_then(|o| Some((eras_for(&o.years).ok()?, o.groups)));
    let digest = || inputs(run, &ledger, roster);
    let mut findings = Findings::default();
    let (eras, source, digests) = match ahead {
        Some((eras, groups)) => {
            let stream = Stream::new(&ledger, &normaliser, &cuts, &groups);
            (eras, Pieces::Streaming { stream, interner: &interner }, None)
        }
        None => {
            let read = || read(&ledger, Way { normaliser: &normaliser, cuts: &cuts, store: &store }, progress);
            let (digests, read) = pool.install(|| rayon::join(digest, read));
            let read = read?;
            findings = read.findings;
            let texts = interner.texts();
            let waiting = Pieces::Waiting { store: &store, runs: read.runs, texts };
            (eras_for(&findings.years)?, waiting, Some(digests?))
        }
    };

    let reading = Reading::new(&normaliser, &roles, ledger.psn_no, ledger.setl_id);
    let texts = Texts::default();
    let context = Context { names: &eras.names, psn_no: ledger.psn_no, setl_id: ledger.setl_id, texts: &texts };
    let (mut files, encoders) = create_files(run, &stage, context)?;
    let Settle { year, as_if, audit, orders, .. } = *run;
    let (reading, rosters) = (&reading, &rosters);
    let settling = Settling { year, as_if, audit, orders, eras: &eras, context, reading, rosters };
    let job = Job { settling, encoders: &encoders };
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
    // Compiled ahead it may have been for years that no row has; what is told is of those found.
    let (tables, used) = compile_for(&findings.years)?;
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
    if let Some(orders) = files.orders {
        outputs.insert("orders.parquet".to_owned(), orders.finish()?);
    }
    outputs.insert("persons.parquet".to_owned(), files.persons.finish()?);
    let (clauses_file, clauses) = write_clauses(&stage, &sums.clauses, &tables)?;
    outputs.insert("clauses.parquet".to_owned(), clauses_file);
    outputs.insert("alerts.parquet".to_owned(), files.alerts.finish()?);
    let years = sums.years.iter().copied().filter(|y| run.year.is_none_or(|only| only == *y)).collect();
    let granted = subsidies(&eras, rosters, &years, &sums.residents);
    let (subsidies, subsidy_total) = write_subsidies(&stage, context, roster, granted)?;
    let subsidy_rows = subsidies.rows;
    outputs.insert("subsidies.parquet".to_owned(), subsidies);
    outputs.insert("rejects.parquet".to_owned(), write_rejects(&stage, run, &ledger, &rejects)?);

    let unconfirmed = used.iter().filter(|u| is_unconfirmed(u)).cloned().collect();
    let several = policies.len() > 1;
    let mut manifest = Manifest {
        program: PROGRAM,
        version: env!("CARGO_PKG_VERSION"),
        policy: policy_part(policies[policies.len() - 1], several),
        policies: policies.iter().filter(|_| several).map(|p| policy_part(p, several)).collect(),
        parameters: ParametersPart {
            sha256: digest_of_text(&run.parameters.texts.concat()),
            path: run.parameters.path.clone(),
            used,
        },
        inputs: digests,
        options: options_part(run),
        counts: sums.counts(run, &ledger, roster, &rejects, subsidy_rows, &eras.names, &outputs),
        control_totals: ControlTotals::new(&sums.totals, &eras.names, subsidy_total),
        outputs,
    };
    papers::write(run, &stage, &mut manifest, &clauses, payees.as_ref())?;
    stage.write(MANIFEST, manifest.to_json().as_bytes())?;
    stage::publish(stage, progress)?;
    let nothing_known_on = run.as_known.is_some() && roster.is_some_and(|r| !r.has_known_on);
    Ok(Settled { manifest, totals: sums.totals, clauses, unconfirmed, nothing_known_on, names: eras.names })
}

pub(crate) fn is_unconfirmed(used: &Used) -> bool {
    use crate::policy::parameters::Standing;
    matches!(used.status, Standing::Reported | Standing::Illustrative)
}

impl Settled {
    /// Rank of an identity in the totals of the run.
    pub fn rank_of(&self, identity: Identity) -> u8 {
        self.names.rank_of(identity)
    }
}

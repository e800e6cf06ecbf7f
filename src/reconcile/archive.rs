//! The ledger read again, for the persons that are looked into and nobody else.

use super::error::ReconcileError;
use super::institution::{Institutions, Places};
use super::variants::Variants;
use super::world::{Historian, History};
use crate::ledger::decode;
use crate::ledger::intern::{Interner, Texts};
use crate::ledger::normalise::{Findings, Normaliser, Roles};
use crate::ledger::open::{InputFile, Ledger};
use crate::ledger::rows::{Ids, Rows};
use crate::ledger::schema::{LedgerColumn, TypeRules};
use crate::persons::partition::{Cuts, Sample, Sampler, Scattered};
use crate::persons::sorted::Reading;
use crate::persons::store::{Run, RunPacker, Store, run_rows};
use crate::policy::compile::{Needs, compile};
use crate::policy::eras::Eras;
use crate::policy::tables::NO_RANK;
use crate::roster::Roster;
use crate::run::close::digest_of_source;
use crate::run::error::RunError;
use crate::run::policies::{compile_all, in_order, year_asked_for, years_needed};
use crate::run::progress::{Progress, Step};
use crate::run::read::{BATCH_ROWS, room_for_rows};
use crate::run::settle::{Settle, check_columns, read_rosters};
use crate::run::survey::survey;
use arrow::array::BooleanArray;
use parquet::arrow::arrow_reader::RowSelection;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whose rows are read.
pub enum Wanted {
    /// Everybody's.
    All,
    /// These persons'; so many rows are expected.
    Only(HashSet<Box<[u8]>>, u64),
}

/// Rows by person, and what they are settled with.
pub struct Archive {
    /// The ledger.
    pub ledger: Ledger,
    /// The roster under each policy; none where the ledger carries identities.
    pub rosters: Vec<Roster>,
    /// The tables in all their variants.
    pub variants: Variants,
    /// Texts by number.
    pub texts: Texts,
    /// Institutions of the records read, where the ledger names them.
    pub institutions: Institutions,
    as_if: bool,
    cuts: Cuts,
    store: Store,
    runs: Vec<Run>,
    reading: Reading,
}

/// Digest of an input: source, path as given, SHA-256.
pub type InputDigest = (&'static str, String, String);

impl Archive {
    /// Reads the rows wanted. Rows that do not fit into memory wait in the folder. To be called on the
    /// run's threads.
    ///
    /// # Errors
    /// [`ReconcileError`] of the inputs.
    pub fn open(
        run: &Settle,
        wanted: &Wanted,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<(Self, Vec<InputDigest>), ReconcileError> {
        let policies = in_order(run)?;
        let (first, _) = compile_all(run, &policies, |n| year_asked_for(run, policies[n]))?;
        let rules = TypeRules { allow_float: run.allow_float, unchecked: false };
        let mut ledger = Ledger::open(run.ledger.clone(), &run.book, &run.renames, rules)?;
        ledger.check_renames(&run.renames)?;
        check_columns(run, &policies, &ledger)?;
        let roles = Roles::new(&run.recorded_maf, &run.book)?;
        let (rosters, _) = read_rosters(run, &policies, &ledger, &first)?;
        if let Some(id_type) = rosters.first().and_then(|r| r.psn_no_type).filter(|_| ledger.rows() == 0) {
            ledger.psn_no = id_type;
        }
        let interner = Interner::default();
        let year_by = policies[0].doc.switches.year_by;
        let cuts = match wanted {
            Wanted::All => survey(&ledger, year_by, progress)?.cuts,
            Wanted::Only(persons, rows) => cuts(persons, *rows),
        };
        let normaliser = Normaliser::new(&ledger, &run.book, &roles, year_by, run.roster.is_none(), &interner);
        let store = Store::new(room_for_rows(run, &ledger, &cuts, &rosters), folder);
        let places = match wanted {
            Wanted::All => None,
            Wanted::Only(..) => Some(Places::of(&ledger, run)?),
        };
        progress.begin(Step::Read, ledger.rows());
        let sources = Sources { normaliser: &normaliser, cuts: &cuts, store: &store, wanted, places: places.as_ref() };
        let (digests, read) = rayon::join(|| digests(run, &ledger), || read(&ledger, sources, progress));
        progress.end();
        let (digests, ReadRows { runs, years, institutions }) = (digests?, read?);
        let mut tables = Vec::with_capacity(policies.len());
        for (n, policy) in policies.iter().enumerate() {
            let compiled = |years: &[i32]| compile(&policy.doc, &run.parameters, years, Needs::default());
            let needed = years_needed(run, &first[n], rosters.get(n), &years);
            // The schedule of the year before is one that a desk may have gone on with.
            let before = needed.iter().map(|y| y - 1).filter(|y| compiled(&[*y]).is_ok());
            let years: BTreeSet<i32> = before.chain(needed.iter().copied()).collect();
            tables.push(compiled(&years.into_iter().collect::<Vec<_>>())?.tables);
        }
        tables.iter_mut().for_each(|tables| tables.bind_diseases(|code| interner.number(code)));
        let eras = Eras::new(policies.iter().map(|p| &p.doc).zip(tables).collect())?;
        let variants = Variants::new(eras);
        let reading = Reading::new(&normaliser, &roles, ledger.psn_no, ledger.setl_id);
        let texts = interner.texts();
        let as_if = run.as_if;
        Ok((Self { ledger, rosters, variants, texts, institutions, as_if, cuts, store, runs, reading }, digests))
    }

    /// Ranges of persons.
    pub fn parts(&self) -> usize {
        self.cuts.parts()
    }

    /// The histories of a range of persons, in order.
    ///
    /// # Errors
    /// [`ReconcileError`] of rows that waited on disk, or of `each`.
    pub fn histories(
        &self,
        part: usize,
        mut each: impl FnMut(History) -> Result<(), ReconcileError>,
    ) -> Result<(), ReconcileError> {
        let mut pieces = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            pieces.extend(self.store.piece(run, part).map_err(RunError::from)?);
        }
        let sorted = self.reading.sort(pieces, &self.texts);
        let mut rows = sorted.ok_or_else(|| RunError::from(self.store.damaged()))?;
        let eras = self.variants.eras();
        rows.certify(|packed, day| {
            packed.identity().map_or(NO_RANK, |i| eras.all[eras.of(day)].tables.rank_of[i.index()])
        });
        let mut historian = Historian::default();
        for person in rows.persons() {
            each(historian.of(&rows, person, eras, self.as_if, &self.rosters))?;
        }
        Ok(())
    }
}

/// A row of a person who is looked into is as much work as so many that are settled.
const WORK: u64 = 16;

/// Ranges that share the persons out evenly; so many rows are expected of all of them.
fn cuts(persons: &HashSet<Box<[u8]>>, rows: u64) -> Cuts {
    let Some(sampler) = Sampler::new(rows.saturating_mul(WORK)) else { return Cuts::default() };
    let mut sample = Sample::default();
    // Sums do not depend on the order.
    #[allow(clippy::iter_over_hash_type)]
    for person in persons {
        sample.add(person);
    }
    sampler.cuts(&sample)
}

fn digests(run: &Settle, ledger: &Ledger) -> Result<Vec<InputDigest>, ReconcileError> {
    let mut sources: Vec<_> = ledger.files.iter().map(|f| ("ledger", f.source.clone())).collect();
    sources.extend(run.roster.iter().map(|s| ("roster", s.clone())));
    let digest = |(source, file): (&'static str, crate::ledger::open::Source)| {
        Ok((source, file.name(), digest_of_source(&file)?.1))
    };
    sources.into_par_iter().map(digest).collect::<Result<Vec<_>, RunError>>().map_err(Into::into)
}

/// What was read.
#[derive(Default)]
struct ReadRows {
    /// Rows by range.
    runs: Vec<Run>,
    /// Calendar years found.
    years: BTreeSet<i32>,
    institutions: Institutions,
}

/// What the workers read with.
#[derive(Clone, Copy)]
struct Sources<'a> {
    normaliser: &'a Normaliser<'a>,
    cuts: &'a Cuts,
    store: &'a Store,
    wanted: &'a Wanted,
    places: Option<&'a Places>,
}

fn read(ledger: &Ledger, sources: Sources<'_>, progress: &dyn Progress) -> Result<ReadRows, ReconcileError> {
    let groups = ledger.row_groups();
    let next = AtomicUsize::new(0);
    let found = rayon::broadcast(|_| {
        let mut reader = Reader {
            sources,
            rows: Rows::new(&sources.normaliser.layout),
            scattered: Scattered::default(),
            packer: RunPacker::default(),
            runs: Vec::new(),
            findings: Findings::default(),
            institutions: Institutions::new(),
        };
        while let Some((file, group)) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            reader.row_group(&ledger.files[*file], *file, *group, progress).inspect_err(|_| {
                // The others need not go on.
                next.store(groups.len(), Ordering::Relaxed);
            })?;
        }
        reader.hand_over()?;
        let Reader { runs, findings, institutions, .. } = reader;
        Ok::<_, ReconcileError>(ReadRows { runs, years: findings.years, institutions })
    });
    let mut all = ReadRows::default();
    for part in found {
        let ReadRows { runs, years, institutions } = part?;
        all.runs.extend(runs);
        all.years.extend(years);
        for (record, code) in institutions {
            // Copies of a record may name different ones; which is kept must not hang on the workers.
            let kept = all.institutions.entry(record).or_insert_with(|| code.clone());
            if code < *kept {
                *kept = code;
            }
        }
    }
    Ok(all)
}

/// One worker's rows on their way into the store.
struct Reader<'a> {
    sources: Sources<'a>,
    rows: Rows,
    scattered: Scattered,
    packer: RunPacker,
    runs: Vec<Run>,
    findings: Findings,
    institutions: Institutions,
}

impl Reader<'_> {
    fn row_group(
        &mut self,
        file: &InputFile,
        number: usize,
        group: usize,
        progress: &dyn Progress,
    ) -> Result<(), ReconcileError> {
        let rows = match self.sources.wanted {
            Wanted::All => None,
            Wanted::Only(persons, _) => Some(rows_of(file, group, persons)?),
        };
        let count = file.metadata.metadata().row_group(group).num_rows() as u64;
        if rows.as_ref().is_none_or(RowSelection::selects_any) {
            let before: i64 = (0..group).map(|g| file.metadata.metadata().row_group(g).num_rows()).sum();
            // Rows that are left out count for nothing in what tells two rows apart: their order stays.
            let mut next_row = before as u64 + 1;
            if let (Some(places), Some(rows)) = (self.sources.places, &rows) {
                places.note(number, group, rows, &mut self.institutions)?;
            }
            let mut reader = file.open_rows(group, &self.sources.normaliser.columns, BATCH_ROWS, rows)?;
            while let Some(columns) = reader.next_batch()? {
                let (rows, findings) = (&mut self.rows, &mut self.findings);
                let normalised = self.sources.normaliser.normalise(&columns, number, next_row, rows, findings);
                normalised.map_err(ReconcileError::defect("normalising rows"))?;
                // What is wrong with rows was told when they were settled.
                findings.rejects.clear();
                next_row += columns.rows() as u64;
                if self.rows.len() >= run_rows(self.sources.cuts.parts()) {
                    self.hand_over()?;
                }
            }
        }
        progress.advance(count);
        Ok(())
    }

    /// Hands the rows so far over to the store.
    fn hand_over(&mut self) -> Result<(), ReconcileError> {
        if !self.rows.is_empty() {
            self.sources.cuts.scatter(&self.rows, &mut self.scattered);
            let run = self.sources.store.hold(&self.rows, &self.scattered, &mut self.packer).map_err(RunError::from)?;
            self.runs.push(run);
            self.rows.clear();
        }
        Ok(())
    }
}

/// The rows of a row group that are of some persons.
fn rows_of(file: &InputFile, group: usize, persons: &HashSet<Box<[u8]>>) -> Result<RowSelection, ReconcileError> {
    let (mut ids, mut mask) = (Ids::default(), Vec::new());
    file.read::<ReconcileError>(group, &[LedgerColumn::PsnNo as usize], BATCH_ROWS, |columns| {
        let Some(array) = columns.get(LedgerColumn::PsnNo as usize) else { return Ok(()) };
        ids.clear();
        decode::ids(array, &mut ids).map_err(ReconcileError::defect("reading psn_no"))?;
        mask.extend((0..ids.len()).map(|row| persons.contains(ids.get(row))));
        Ok(())
    })?;
    Ok(RowSelection::from_filters(&[BooleanArray::from(mask)]))
}

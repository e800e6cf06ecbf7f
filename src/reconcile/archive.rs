//! The ledger read again, for the persons that are looked into and nobody else.

use super::error::ReconcileError;
use super::institution::{self, Institutions, Places};
use super::variants::Variants;
use super::world::{Historian, History};
use crate::ledger::decode;
use crate::ledger::intern::Interner;
use crate::ledger::normalise::Normaliser;
use crate::ledger::open::{InputFile, Ledger};
use crate::ledger::rows::Ids;
use crate::ledger::schema::LedgerColumn;
use crate::persons::partition::{Cuts, Sample, Sampler};
use crate::persons::sorted::Reading;
use crate::persons::store::Store;
use crate::policy::compile::{Needs, compile};
use crate::policy::eras::Eras;
use crate::policy::tables::NO_RANK;
use crate::roster::Roster;
use crate::run::close::digest_of_source;
use crate::run::error::RunError;
use crate::run::inputs::Inputs;
use crate::run::policies::years_needed;
use crate::run::progress::{Progress, Silent, Step};
use crate::run::read::{BATCH_ROWS, Read, Way, by_worker, room_for_rows};
use crate::run::settle::Settle;
use crate::run::survey::survey;
use crate::run::waiting::Waiting;
use arrow::array::BooleanArray;
use parquet::arrow::arrow_reader::RowSelection;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Mutex;

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
    /// Institutions of the records read, where the ledger names them.
    pub institutions: Institutions,
    as_if: bool,
    waiting: Waiting,
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
        // What the roster rejects was told when it was settled.
        let Inputs { policies, year_by, first, ledger, roles, rosters, .. } = Inputs::open(run)?;
        let interner = Interner::default();
        let cuts = match wanted {
            Wanted::All => survey(&ledger, year_by, progress)?.cuts,
            Wanted::Only(persons, rows) => cuts(persons, *rows),
        };
        let normaliser = Normaliser::new(&ledger.present, &run.book, &roles, year_by, run.roster.is_none(), &interner);
        let store = Store::new(room_for_rows(run, &ledger, &cuts, &rosters), folder);
        let places = match wanted {
            Wanted::All => None,
            Wanted::Only(..) => Some(Places::of(&ledger, run)?),
        };
        progress.begin(Step::Read, ledger.rows());
        let way = Way { normaliser: &normaliser, cuts: &cuts, store: &store };
        let read = || read(&ledger, way, wanted, places.as_ref(), progress);
        let (digests, read) = rayon::join(|| digests(run, &ledger), read);
        progress.end();
        let (digests, (mut read, institutions)) = (digests?, read?);
        let findings = std::mem::take(&mut read.findings);
        let mut tables = Vec::with_capacity(policies.len());
        for (n, policy) in policies.iter().enumerate() {
            let compiled = |years: &[i32]| compile(&policy.doc, &run.parameters, years, Needs::default());
            let needed = years_needed(run, &first[n], rosters.get(n), &findings.years);
            // The schedule of the year before is one that a desk may have gone on with.
            let before = needed.iter().map(|y| y - 1).filter(|y| compiled(&[*y]).is_ok());
            let years: BTreeSet<i32> = before.chain(needed.iter().copied()).collect();
            tables.push(compiled(&years.into_iter().collect::<Vec<_>>())?.tables);
        }
        tables.iter_mut().for_each(|tables| tables.bind_diseases(|code| interner.number(code)));
        let eras = Eras::new(policies.iter().map(|p| &p.doc).zip(tables).collect())?;
        let variants = Variants::new(eras);
        let reading = Reading::new(&normaliser, &roles, ledger.psn_no, ledger.setl_id);
        let waiting = Waiting::new(cuts, store, read, interner.texts(), reading);
        Ok((Self { ledger, rosters, variants, institutions, as_if: run.as_if, waiting }, digests))
    }

    /// Ranges of persons.
    pub fn parts(&self) -> usize {
        self.waiting.parts()
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
        let mut rows = self.waiting.sort(part)?;
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

/// Reads the rows wanted, and the institutions that they name.
fn read(
    ledger: &Ledger,
    way: Way<'_>,
    wanted: &Wanted,
    places: Option<&Places>,
    progress: &dyn Progress,
) -> Result<(Read, Institutions), ReconcileError> {
    let institutions = Mutex::new(Institutions::new());
    let read = by_worker(ledger, way, |reader, number, group| -> Result<(), ReconcileError> {
        let file = &ledger.files[number];
        let rows = match wanted {
            Wanted::All => None,
            Wanted::Only(persons, _) => Some(rows_of(file, group, persons)?),
        };
        if rows.as_ref().is_none_or(RowSelection::selects_any) {
            if let (Some(places), Some(rows)) = (places, &rows) {
                let mut named = Institutions::new();
                places.note(number, group, rows, &mut named)?;
                institution::merge(&mut institutions.lock().unwrap_or_else(|e| e.into_inner()), named);
            }
            reader.row_group(file, number, group, rows, &Silent)?;
            // What is wrong with rows was told when they were settled.
            reader.read.findings.rejects.clear();
        }
        progress.advance(file.rows_of(group));
        Ok(())
    })?;
    Ok((read, institutions.into_inner().unwrap_or_else(|e| e.into_inner())))
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

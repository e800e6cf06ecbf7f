//! From the ledger's files to rows that wait by range of persons.
//!
//! ```text
//!  row group ─ decode ─ normalise ─► a worker's run of rows ─ scatter ─ pack ─► store
//! ```

use super::error::RunError;
use super::part::output_columns;
use super::progress::{Progress, Step};
use super::settle::Settle;
use crate::ledger::normalise::{Findings, Normaliser};
use crate::ledger::open::{InputFile, Ledger};
use crate::ledger::rows::Rows;
use crate::persons::partition::{Cuts, Scattered};
use crate::persons::store::{Run, RunPacker, Store, run_rows};
use crate::roster::Roster;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows decoded at a time.
pub(crate) const BATCH_ROWS: usize = 32_768;

/// The ledger as read: runs of rows by range, and what was found on the way.
#[derive(Default)]
pub(super) struct Read {
    pub(super) runs: Vec<Run>,
    pub(super) findings: Findings,
}

/// What of `--memory` is left for rows that wait: the workers need room, and the roster and what is known
/// of every column of every row group grow with the ledger.
pub(crate) fn room_for_rows(run: &Settle, ledger: &Ledger, cuts: &Cuts, rosters: &[Roster]) -> u64 {
    /// The program and its buffers; what a worker needs to settle a range of persons, and for a row of the
    /// run that it reads; what the Parquet library keeps about a column of a row group. All as measured.
    const PROGRAM: u64 = 90 << 20;
    const WORKER: u64 = 108 << 20;
    const ROW: u64 = 330;
    const CHUNK: u64 = 1 << 10;
    let chunks = |file: &InputFile| {
        let metadata = file.metadata.metadata();
        metadata.num_row_groups() * metadata.file_metadata().schema_descr().num_columns()
    };
    let read: usize = ledger.files.iter().map(chunks).sum();
    let written = cuts.parts() * output_columns(run);
    let tables = (read + written) as u64 * CHUNK + Roster::memory_size(rosters);
    let worker = WORKER + run_rows(cuts.parts()) as u64 * ROW;
    let taken = PROGRAM + run.threads as u64 * worker + tables;
    run.memory.saturating_sub(taken).max(run.memory / 16)
}

/// Reads and normalises every row group; each worker takes the next one and fills a run of its own.
pub(super) fn read(
    ledger: &Ledger,
    normaliser: &Normaliser<'_>,
    cuts: &Cuts,
    store: &Store,
    progress: &dyn Progress,
) -> Result<Read, RunError> {
    progress.begin(Step::Read, ledger.rows());
    let groups = ledger.row_groups();
    let next = AtomicUsize::new(0);
    let found = rayon::broadcast(|_| {
        let mut reader = Reader::new(normaliser, cuts, store);
        while let Some((file, group)) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = reader.row_group(&ledger.files[*file], *file, *group, progress);
            if done.is_err() {
                // The others need not go on.
                next.store(groups.len(), Ordering::Relaxed);
                return done.map(|()| Read::default());
            }
        }
        reader.finish()
    });
    progress.end();
    let mut all = Read::default();
    for part in found {
        let part = part?;
        all.runs.extend(part.runs);
        all.findings.rejects.extend(part.findings.rejects);
        all.findings.years.extend(part.findings.years);
    }
    Ok(all)
}

/// One worker's rows on their way into the store.
struct Reader<'a> {
    normaliser: &'a Normaliser<'a>,
    cuts: &'a Cuts,
    store: &'a Store,
    rows: Rows,
    scattered: Scattered,
    packer: RunPacker,
    full: usize,
    read: Read,
}

impl<'a> Reader<'a> {
    fn new(normaliser: &'a Normaliser<'a>, cuts: &'a Cuts, store: &'a Store) -> Self {
        Self {
            normaliser,
            cuts,
            store,
            rows: Rows::new(&normaliser.layout),
            scattered: Scattered::default(),
            packer: RunPacker::default(),
            full: run_rows(cuts.parts()),
            read: Read::default(),
        }
    }

    fn row_group(
        &mut self,
        file: &InputFile,
        number: usize,
        group: usize,
        progress: &dyn Progress,
    ) -> Result<(), RunError> {
        let mut next_row = file.rows_before(group) + 1;
        file.read::<RunError>(group, &self.normaliser.columns, BATCH_ROWS, |columns| {
            let findings = &mut self.read.findings;
            let done = self.normaliser.normalise(columns, number, next_row, &mut self.rows, findings);
            done.map_err(RunError::defect("normalising rows"))?;
            next_row += columns.rows() as u64;
            if self.rows.len() >= self.full {
                self.hand_over()?;
            }
            progress.advance(columns.rows() as u64);
            Ok(())
        })
    }

    /// Hands the rows so far over to the store.
    fn hand_over(&mut self) -> Result<(), RunError> {
        self.cuts.scatter(&self.rows, &mut self.scattered);
        self.read.runs.push(self.store.hold(&self.rows, &self.scattered, &mut self.packer)?);
        self.rows.clear();
        Ok(())
    }

    fn finish(mut self) -> Result<Read, RunError> {
        if !self.rows.is_empty() {
            self.hand_over()?;
        }
        Ok(self.read)
    }
}

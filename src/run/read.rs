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
use parquet::arrow::arrow_reader::RowSelection;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows decoded at a time.
pub(crate) const BATCH_ROWS: usize = 32_768;

/// The ledger as read: runs of rows by range, and what was found on the way.
#[derive(Default)]
pub(crate) struct Read {
    pub(crate) runs: Vec<Run>,
    pub(crate) findings: Findings,
}

/// What rows go through on their way, and where they wait.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) normaliser: &'a Normaliser<'a>,
    pub(crate) cuts: &'a Cuts,
    pub(crate) store: &'a Store,
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

/// Reads and normalises every row group.
pub(crate) fn read(ledger: &Ledger, way: Way<'_>, progress: &dyn Progress) -> Result<Read, RunError> {
    progress.begin(Step::Read, ledger.rows());
    let read = by_worker(ledger, way, |reader, number, group| {
        reader.row_group(&ledger.files[number], number, group, None, progress)
    });
    progress.end();
    read
}

/// Has every row group read by `each`, which gets the reader, number of the file and row group; each worker
/// takes the next one and fills a run of its own.
pub(crate) fn by_worker<E: From<RunError> + Send>(
    ledger: &Ledger,
    way: Way<'_>,
    each: impl Fn(&mut Reader<'_>, usize, usize) -> Result<(), E> + Sync,
) -> Result<Read, E> {
    let groups = ledger.row_groups();
    let next = AtomicUsize::new(0);
    let found = rayon::broadcast(|_| {
        let mut reader = Reader::new(way);
        while let Some((file, group)) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
            each(&mut reader, *file, *group).inspect_err(|_| {
                // The others need not go on.
                next.store(groups.len(), Ordering::Relaxed);
            })?;
        }
        Ok::<_, E>(reader.finish()?)
    });
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
pub(crate) struct Reader<'a> {
    way: Way<'a>,
    rows: Rows,
    scattered: Scattered,
    packer: RunPacker,
    full: usize,
    /// What was read so far.
    pub(crate) read: Read,
}

impl<'a> Reader<'a> {
    fn new(way: Way<'a>) -> Self {
        Self {
            way,
            rows: Rows::new(&way.normaliser.layout),
            scattered: Scattered::default(),
            packer: RunPacker::default(),
            full: run_rows(way.cuts.parts()),
            read: Read::default(),
        }
    }

    /// Reads a row group, or some of its rows. Rows that are left out are not counted either, so that the
    /// number of a row after them is too small; their order is the same.
    pub(crate) fn row_group(
        &mut self,
        file: &InputFile,
        number: usize,
        group: usize,
        rows: Option<RowSelection>,
        progress: &dyn Progress,
    ) -> Result<(), RunError> {
        let mut next_row = file.rows_before(group) + 1;
        let mut reader = file.open_rows(group, &self.way.normaliser.columns, BATCH_ROWS, rows)?;
        while let Some(columns) = reader.next_batch()? {
            let findings = &mut self.read.findings;
            let done = self.way.normaliser.normalise(&columns, number, next_row, &mut self.rows, findings);
            done.map_err(RunError::defect("normalising rows"))?;
            next_row += columns.rows() as u64;
            if self.rows.len() >= self.full {
                self.hand_over()?;
            }
            progress.advance(columns.rows() as u64);
        }
        Ok(())
    }

    /// Hands the rows so far over to the store.
    fn hand_over(&mut self) -> Result<(), RunError> {
        self.way.cuts.scatter(&self.rows, &mut self.scattered);
        self.read.runs.push(self.way.store.hold(&self.rows, &self.scattered, &mut self.packer)?);
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

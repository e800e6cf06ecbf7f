//! A ledger that lies in the order of persons, settled as it is read: nothing waits.
//!
//! ```text
//!  range of persons ─► its row groups ─ decode ─ normalise ─► batches ─ cut by range ─► pieces
//! ```
//!
//! Ranges of persons are the same as for any other order of rows, so that the outputs are the same bytes.
//! A row group is read by whoever needs rows of it next; what belongs to a range whose worker comes later
//! is kept for it, and that is never more than a batch for each row group begun.

use super::error::RunError;
use super::read::BATCH_ROWS;
use super::survey::Group;
use crate::ledger::normalise::{Findings, Normaliser};
use crate::ledger::open::Ledger;
use crate::ledger::row_group::GroupReader;
use crate::ledger::rows::Rows;
use crate::persons::partition::{Cuts, PARTITION_ROWS};
use crate::persons::piece::{Piece, passed, within};
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, Mutex};

/// So many workers are kept busy by one row group: it is read by one at a time, and reading is about a
/// third of the work.
const WORKERS_A_GROUP: usize = 3;

/// Whether streaming keeps so many workers busy: they are few, or each range has row groups of its own.
pub(super) fn keeps_busy(ledger: &Ledger, groups: &[Group], threads: usize) -> bool {
    let rows = |group: &Group| ledger.files[group.file].rows_of(group.group);
    threads <= WORKERS_A_GROUP || groups.iter().map(rows).max().is_none_or(|rows| rows <= 2 * PARTITION_ROWS)
}

/// A ledger being read in the order of persons.
pub(super) struct Stream<'a> {
    ledger: &'a Ledger,
    normaliser: &'a Normaliser<'a>,
    cuts: &'a Cuts,
    lanes: Vec<Lane>,
}

/// A row group, and how far it is.
struct Lane {
    file: usize,
    group: usize,
    /// Ranges that its persons are in.
    parts: RangeInclusive<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reader: Option<GroupReader>,
    /// Rows read.
    rows: u64,
    /// The range of the last row read.
    reached: usize,
    done: bool,
    /// What was read, by range.
    ready: BTreeMap<usize, Vec<Piece<'static>>>,
    findings: Findings,
}

impl<'a> Stream<'a> {
    /// A stream over the row groups in their order.
    pub(super) fn new(ledger: &'a Ledger, normaliser: &'a Normaliser<'a>, cuts: &'a Cuts, groups: &[Group]) -> Self {
        let mut before = 0;
        let mut lanes = Vec::with_capacity(groups.len());
        for Group { file, group, persons } in groups {
            // A row group of rows without a person has rejects, which some range must bring to light.
            let parts = persons.as_ref().map_or(before..=before, |(a, b)| cuts.part(a)..=cuts.part(b));
            before = *parts.end();
            lanes.push(Lane { file: *file, group: *group, parts, state: Mutex::default() });
        }
        Self { ledger, normaliser, cuts, lanes }
    }

    /// The rows of one range, each given once.
    ///
    /// # Errors
    /// [`RunError`] of the file.
    pub(super) fn pieces(&self, part: usize) -> Result<Vec<Piece<'static>>, RunError> {
        let first = self.lanes.partition_point(|lane| *lane.parts.end() < part);
        let mut pieces = Vec::new();
        for lane in self.lanes[first..].iter().take_while(|lane| *lane.parts.start() <= part) {
            let mut state = lane.state.lock().unwrap_or_else(|e| e.into_inner());
            self.advance(lane, &mut state, part)?;
            pieces.extend(state.ready.remove(&part).unwrap_or_default());
        }
        Ok(pieces)
    }

    /// Reads a row group until a range is complete.
    fn advance(&self, lane: &Lane, state: &mut State, part: usize) -> Result<(), RunError> {
        let file = &self.ledger.files[lane.file];
        while !state.done && state.reached <= part {
            if state.reader.is_none() {
                state.reader = Some(file.open_group(lane.group, &self.normaliser.columns, BATCH_ROWS)?);
            }
            let batch = state.reader.as_mut().map(GroupReader::next_batch).transpose()?.flatten();
            let Some(columns) = batch else {
                state.done = true;
                state.reader = None;
                break;
            };
            let mut rows = Rows::new(&self.normaliser.layout);
            let first_row = file.rows_before(lane.group) + state.rows + 1;
            let done = self.normaliser.normalise(&columns, lane.file, first_row, &mut rows, &mut state.findings);
            done.map_err(RunError::defect("normalising rows"))?;
            state.rows += columns.rows() as u64;
            self.cut(&Arc::new(rows), state);
        }
        Ok(())
    }

    /// Cuts the rows of a batch that passed by range.
    fn cut(&self, batch: &Arc<Rows>, state: &mut State) {
        for Range { mut start, end } in passed(&batch.passed) {
            while start < end {
                let part = self.cuts.part(batch.psn_no.get(start));
                let until = match self.cuts.first_after(part) {
                    Some(next) => start + within(end - start, |row| batch.psn_no.get(start + row) < next),
                    None => end,
                };
                let piece = Piece::Plain { batch: batch.clone(), rows: start..until };
                state.ready.entry(part).or_default().push(piece);
                state.reached = part;
                start = until;
            }
        }
    }

    /// What was found on the way, once all is read.
    pub(super) fn finish(self) -> Findings {
        let mut all = Findings::default();
        for lane in self.lanes {
            let state = lane.state.into_inner().unwrap_or_else(|e| e.into_inner());
            all.rejects.extend(state.findings.rejects);
            all.years.extend(state.findings.years);
        }
        all
    }
}

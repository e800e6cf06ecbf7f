//! The same run over Arrow record batches: what an engine that has its own files and its own order of rows
//! calls, one [`Settler`] a partition.
//!
//! ```text
//!  batches in the order of persons ─ normalise ─► persons complete ─ sort ─ resolve ─ settle ─► batches
//!                                              └► the last person waits for the next batch
//! ```
//!
//! Nothing here applies a rule, reads a file or writes one. What a whole ledger alone can tell (the
//! contribution subsidies, which hang on the years that any of its rows has) is left to the run over files.

mod error;
mod input;
mod plain;
mod plan;
mod stats;

pub use error::BatchError;
pub use plain::{Tables, output_schemas};
pub use plan::Plan;
pub use stats::Stats;

use crate::ledger::intern::{Interner, Texts};
use crate::ledger::normalise::{Findings, Normaliser, Roles};
use crate::ledger::reject::{Reject, RejectSource};
use crate::ledger::row_group::Columns;
use crate::ledger::rows::Rows;
use crate::ledger::schema::{IdType, LEDGER, ROSTER};
use crate::output::files::Context;
use crate::persons::piece::{Piece, passed, within};
use crate::policy::document::YearBy;
use crate::policy::tables;
use crate::roster::waiting::WaitingRoster;
use crate::run::error::RunError;
use crate::run::policies::{compile_all, in_order, year_asked_for};
use crate::run::range::Settling;
use crate::run::settle::Settle;
use arrow::datatypes::Schema;
use arrow::record_batch::RecordBatch;
use input::Input;
use plain::plain;
use plan::{Compiled, under};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Complete persons wait until they have so many rows; more are not looked at at a time.
const ROWS: usize = 65_536;

/// What a settler may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Finished,
    /// An error left it half done.
    Failed,
}

/// Settles batches whose rows lie in the order of persons, ascending by `psn_no` as it is read: text by its
/// bytes without blanks around it, integers by value. A person's rows may lie in several batches, and in any
/// order among themselves; its rows of the roster come first.
pub struct Settler {
    run: Settle,
    roles: Roles,
    year_by: YearBy,
    interner: Interner,
    /// The policies' tables without years: what a roster is read under.
    first: Vec<tables::Tables>,
    roster: Option<WaitingRoster>,
    /// Type of the roster's ids, if a roster came before the ledger.
    roster_ids: Option<IdType>,
    ledger: Option<Input>,
    compiled: Compiled,
    years: BTreeSet<i32>,
    /// Rows of persons that are complete.
    ready: Vec<Piece<'static>>,
    ready_rows: usize,
    /// Rows of the last person, who may go on.
    held: Vec<Piece<'static>>,
    /// The last person that any row told of.
    last: Vec<u8>,
    /// Persons up to this one are settled.
    settled: Option<Vec<u8>>,
    rejects: Vec<Reject>,
    stats: Stats,
    state: State,
}

impl Settler {
    /// A settler under a plan.
    ///
    /// # Errors
    /// [`BatchError`]: policies that do not go together, what a year asked for lacks, a wrong option.
    pub fn new(plan: Plan) -> Result<Self, BatchError> {
        let (roster, named) = (plan.roster, plan.named);
        let mut run = plan.run();
        run.policies.sort_by_key(|p| p.doc.policy.from);
        let policies = in_order(&run)?;
        let year_by = policies[0].doc.switches.year_by;
        let (first, _) = compile_all(&run, &policies, |n| year_asked_for(&run, policies[n]))?;
        let roles = Roles::new(&run.recorded_maf, &run.book).map_err(RunError::from)?;
        let roster = roster.then(|| WaitingRoster::new(policies.len()));
        if named {
            run.renames.clear();
            run.book.columns.clear();
        }
        Ok(Self {
            run,
            roles,
            year_by,
            interner: Interner::default(),
            first,
            roster,
            roster_ids: None,
            ledger: None,
            compiled: Compiled::default(),
            years: BTreeSet::new(),
            ready: Vec::new(),
            ready_rows: 0,
            held: Vec::new(),
            last: Vec::new(),
            settled: None,
            rejects: Vec::new(),
            stats: Stats::default(),
            state: State::Open,
        })
    }

    /// Takes rows of the roster, before their persons' last rows of the ledger are settled: that is, before or
    /// with the first row of a later person.
    ///
    /// # Errors
    /// [`BatchError`]: columns that do not fit; a person who is settled already; no roster was announced.
    pub fn push_roster(&mut self, batch: &RecordBatch) -> Result<(), BatchError> {
        self.or_fail(|settler| settler.take_roster(batch))
    }

    fn take_roster(&mut self, batch: &RecordBatch) -> Result<(), BatchError> {
        let Some(roster) = &mut self.roster else { return Err(BatchError::NoRoster) };
        let mapping = input::roster(batch, &self.run.book, &self.run.renames, batch.num_rows() == 0)?;
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if let Some(found) = input::roster_persons(batch, &mapping) {
            match (&self.ledger, self.roster_ids.replace(found)) {
                (Some(ledger), _) => input::check_persons(found, ledger.psn_no, "the ledger")?,
                (None, Some(before)) => input::check_persons(found, before, "the batches before")?,
                (None, None) => {}
            }
        }
        let columns = Columns::of(batch.clone(), &mapping.at);
        let under = under(&self.run, &self.first);
        roster
            .push(&columns, &self.run.book, &under, self.run.as_known)
            .map_err(RunError::defect("reading the roster"))?;
        let before = self.stats.roster_rows;
        self.stats.roster_rows += batch.num_rows() as u64;
        match (roster.first(), &self.settled) {
            (Some(first), Some(settled)) if first <= settled.as_slice() => {
                Err(BatchError::LateRoster { first: before + 1, last: self.stats.roster_rows })
            }
            _ => Ok(()),
        }
    }

    /// Takes rows of the ledger; gives what is settled by them, which is often nothing as yet.
    ///
    /// # Errors
    /// [`BatchError`]: columns that do not fit, persons out of order, what a run ends for.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<Tables, BatchError> {
        self.or_fail(|settler| {
            let mut tables = Tables::default();
            // At least once, since a batch without rows has columns that may be wrong.
            let mut start = 0;
            while start == 0 || start < batch.num_rows() {
                settler.take(&batch.slice(start, ROWS.min(batch.num_rows() - start)))?;
                if settler.ready_rows >= ROWS || settler.rejects.len() >= ROWS {
                    tables.extend(settler.settle()?);
                }
                start += ROWS;
            }
            Ok(tables)
        })
    }

    /// Gives what is left, the last person's with it. A settler that has finished takes nothing more.
    ///
    /// # Errors
    /// As of [`Settler::push`].
    pub fn finish(&mut self) -> Result<Tables, BatchError> {
        let tables = self.or_fail(Self::settle_rest)?;
        self.state = State::Finished;
        Ok(tables)
    }

    /// After an error, what was given and what was settled can no longer be told apart.
    fn or_fail<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, BatchError>) -> Result<T, BatchError> {
        match self.state {
            State::Open => {}
            State::Finished => return Err(BatchError::Finished),
            State::Failed => return Err(BatchError::Failed),
        }
        self.state = State::Failed;
        let done = work(self)?;
        self.state = State::Open;
        Ok(done)
    }

    fn settle_rest(&mut self) -> Result<Tables, BatchError> {
        self.ready.append(&mut self.held);
        let mut tables = self.settle()?;
        if let Some(roster) = &mut self.roster {
            // Of persons without a claim the roster still has its faults.
            let under = under(&self.run, &self.first);
            let (_, rejects) = roster.take(None, &under);
            self.rejects.extend(rejects);
            self.stats.recorded_later = roster.recorded_later;
        }
        tables.extend(self.give_rejects()?);
        Ok(tables)
    }

    /// The columns of a ledger that are read: names of the contract, and its own.
    ///
    /// # Errors
    /// [`BatchError`], as the first batch of such columns would bring it about.
    pub fn ledger_columns(&self, schema: Schema) -> Result<Vec<(&'static str, String)>, BatchError> {
        let batch = RecordBatch::new_empty(Arc::new(schema));
        let input = Input::new(&batch, &self.run, &self.roles, self.roster.is_some(), self.year_by)?;
        let normaliser = self.normaliser(&input);
        Ok(input::columns(&batch, LEDGER, &input.at, |number| normaliser.columns.contains(&number)))
    }

    /// The same of a roster.
    ///
    /// # Errors
    /// [`BatchError`].
    pub fn roster_columns(&self, schema: Schema) -> Result<Vec<(&'static str, String)>, BatchError> {
        let batch = RecordBatch::new_empty(Arc::new(schema));
        let mapping = input::roster(&batch, &self.run.book, &self.run.renames, false)?;
        Ok(input::columns(&batch, ROSTER, &mapping.at, |_| true))
    }

    /// What was done so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Normalises a batch and sets its rows aside.
    fn take(&mut self, batch: &RecordBatch) -> Result<(), BatchError> {
        if batch.num_rows() == 0 {
            // Without rows types say nothing, and there may be none.
            return input::ledger(&batch.schema(), &self.run, true).map(drop);
        }
        match &mut self.ledger {
            Some(input) => input.accept(batch, &self.run)?,
            None => {
                let input = Input::new(batch, &self.run, &self.roles, self.roster.is_some(), self.year_by)?;
                self.ledger = Some(input);
            }
        }
        let Some(input) = &self.ledger else { return Ok(()) };
        if let Some(found) = self.roster_ids {
            input::check_persons(found, input.psn_no, "the ledger")?;
        }
        let normaliser = self.normaliser(input);
        let mut rows = Rows::new(&normaliser.layout);
        let mut findings = Findings::default();
        let columns = Columns::of(batch.clone(), &input.at);
        normaliser
            .normalise(&columns, 0, self.stats.ledger_rows + 1, &mut rows, &mut findings)
            .map_err(RunError::defect("normalising rows"))?;
        self.years.append(&mut findings.years);
        self.rejects.append(&mut findings.rejects);
        for row in 0..rows.len() {
            let id = rows.psn_no.get(row);
            if id.is_empty() || id == self.last {
                continue;
            }
            if id < self.last.as_slice() {
                return Err(BatchError::OutOfOrder { row: self.stats.ledger_rows + row as u64 + 1 });
            }
            self.stats.persons_in_ledger += 1;
            self.last.clear();
            self.last.extend_from_slice(id);
        }
        self.stats.ledger_rows += rows.len() as u64;
        let batch = Arc::new(rows);
        for rows in passed(&batch.passed) {
            self.set_aside(&batch, rows);
        }
        // Rows of a later person that failed their own checks complete the one held as well.
        if self.held.first().is_some_and(|piece| piece.first_person() != Some(&self.last)) {
            self.complete();
        }
        Ok(())
    }

    /// Rows that passed: all persons but the last are complete.
    fn set_aside(&mut self, batch: &Arc<Rows>, rows: Range<usize>) {
        let piece = |rows: Range<usize>| Piece::Plain { batch: batch.clone(), rows };
        let last = batch.psn_no.get(rows.end - 1);
        let start = rows.start + within(rows.len(), |row| batch.psn_no.get(rows.start + row) < last);
        let goes_on = self.held.first().is_some_and(|piece| piece.first_person() == Some(last));
        if !(start == rows.start && goes_on) {
            self.complete();
        }
        if start > rows.start {
            self.ready_rows += start - rows.start;
            self.ready.push(piece(rows.start..start));
        }
        self.held.push(piece(start..rows.end));
    }

    fn complete(&mut self) {
        self.ready_rows += self.held.iter().map(Piece::rows).sum::<usize>();
        self.ready.append(&mut self.held);
    }

    fn normaliser<'a>(&'a self, input: &Input) -> Normaliser<'a> {
        let own = self.roster.is_none();
        Normaliser::new(&input.present, &self.run.book, &self.roles, self.year_by, own, &self.interner)
    }

    /// Settles the persons that are complete.
    fn settle(&mut self) -> Result<Tables, BatchError> {
        let pieces = std::mem::take(&mut self.ready);
        self.ready_rows = 0;
        let mut tables = Tables::default();
        let last = pieces.last().and_then(Piece::last_person).map(<[u8]>::to_vec);
        if let (Some(last), Some(input)) = (last, &self.ledger) {
            let mut rosters = Vec::new();
            if let Some(roster) = &mut self.roster {
                let (built, rejects) = roster.take(Some(&last), &under(&self.run, &self.first));
                rosters = built;
                self.rejects.extend(rejects);
            }
            let eras = self.compiled.covering(&self.run, &self.first, &rosters, &self.years, &self.interner)?;
            let texts = self.interner.texts();
            let Settle { year, as_if, audit, .. } = self.run;
            let (psn_no, setl_id) = (input.psn_no, input.setl_id);
            let context = Context { names: &eras.names, psn_no, setl_id, texts: &Texts::default() };
            let (reading, rosters) = (&input.reading, &*rosters);
            let settling = Settling { year, as_if, audit, orders: false, eras, context, reading, rosters };
            let damaged =
                || RunError::Defect { what: "rows just read", message: "their columns differ in length".to_owned() };
            let mut rows = reading.sort(pieces, &texts).ok_or_else(damaged)?;
            let tally = settling.range(&mut rows, &texts, |output, batch| {
                tables.put(output, plain(batch).map_err(RunError::defect("building output columns"))?);
                Ok(())
            })?;
            self.stats.add(&tally);
            self.stats.unconfirmed.clone_from(&self.compiled.unconfirmed);
            self.rejects.extend(tally.rejects);
            self.settled = Some(last);
        }
        tables.extend(self.give_rejects()?);
        Ok(tables)
    }

    fn give_rejects(&mut self) -> Result<Tables, BatchError> {
        let mut rejects = std::mem::take(&mut self.rejects);
        let mut tables = Tables::default();
        if rejects.is_empty() {
            return Ok(tables);
        }
        rejects.sort_unstable();
        self.stats.add_rejects(&rejects);
        let (psn_no, setl_id) = input::id_types(self.ledger.as_ref(), self.roster_ids);
        let name = |reject: &Reject| match reject.source {
            RejectSource::Ledger => input::LEDGER_NAME,
            RejectSource::Roster => input::ROSTER_NAME,
        };
        let batch = crate::output::files::rejects(&rejects, psn_no, setl_id, name)
            .and_then(|batch| plain(&batch))
            .map_err(RunError::defect("building output columns"))?;
        tables.put_rejects(batch);
        Ok(tables)
    }
}

#[cfg(test)]
mod tests;

//! A roster given batch by batch: its rows wait for their persons.

use super::{Read, Reading, Roster, Row, Under, build};
use crate::ledger::codebook::CodeBook;
use crate::ledger::reject::Reject;
use crate::ledger::row_group::Columns;
use arrow::error::ArrowError;

/// Rows of a roster that wait for their persons.
#[derive(Debug)]
pub struct WaitingRoster {
    /// By policy; the first person's rows stand last, once sorted.
    rows: Vec<Vec<Row>>,
    sorted: bool,
    rejects: Vec<Reject>,
    /// Rows given so far.
    given: u64,
    /// Rows recorded later than the day that counts.
    pub recorded_later: u64,
}

impl WaitingRoster {
    /// A roster for so many policies; nobody is on it as yet.
    pub fn new(policies: usize) -> Self {
        let rows = std::iter::repeat_with(Vec::new).take(policies).collect();
        Self { rows, sorted: true, rejects: Vec::new(), given: 0, recorded_later: 0 }
    }

    /// Takes rows.
    ///
    /// # Errors
    /// If Arrow cannot unpack a column.
    pub fn push(
        &mut self,
        columns: &Columns<'_>,
        book: &CodeBook,
        policies: &[Under<'_>],
        as_known: Option<i32>,
    ) -> Result<(), ArrowError> {
        let mut read = Read { rows: std::mem::take(&mut self.rows), ..Read::default() };
        let done = Reading { book, policies, as_known }.batch(columns, self.given, &mut read);
        self.rows = read.rows;
        self.sorted = false;
        self.rejects.append(&mut read.rejects);
        self.recorded_later += read.recorded_later;
        self.given += columns.rows() as u64;
        done
    }

    /// The first person who waits.
    pub fn first(&mut self) -> Option<&[u8]> {
        self.sort();
        self.rows.iter().filter_map(|rows| rows.last()).map(|row| &*row.psn_no).min()
    }

    /// The roster under each policy of the persons up to this one, all where none is named, and the rows that
    /// were found faulty since; they wait no longer.
    pub fn take(&mut self, until: Option<&[u8]>, policies: &[Under<'_>]) -> (Vec<Roster>, Vec<Reject>) {
        self.sort();
        let due = |rows: &mut Vec<Row>| {
            let later = until.map_or(0, |until| rows.partition_point(|row| &*row.psn_no > until));
            let mut due = rows.split_off(later);
            due.reverse();
            due
        };
        let rows = self.rows.iter_mut().map(due).collect();
        let mut rejects = std::mem::take(&mut self.rejects);
        let rosters = build(rows, policies, &mut rejects);
        (rosters, rejects)
    }

    fn sort(&mut self) {
        if !self.sorted {
            self.rows.iter_mut().for_each(|rows| rows.sort_by(|a, b| b.cmp(a)));
            self.sorted = true;
        }
    }
}

//! Rows by person: partitions that are ranges of persons, and the rows of one partition in order.
//!
//! Partitions are ranges, so that the output of one follows the output of the one before and nothing
//! has to be merged. Where the ranges are cut depends on nothing but the persons in the ledger, not on
//! the order or the number of files, nor on threads or memory; so neither do row groups and bytes.

use crate::ledger::normalise::column;
use arrow::array::{AsArray, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

/// Rows that a partition should have.
pub const PARTITION_ROWS: u64 = 131_072;
/// Persons sampled for a partition, about.
const SAMPLES_PER_PARTITION: u64 = 2_048;

/// Cuts the persons into ranges.
#[derive(Clone, Debug, Default)]
pub struct Cuts {
    /// First person of every range but the first.
    splitters: Vec<Box<[u8]>>,
}

/// Picks the persons that decide the cuts.
#[derive(Clone, Copy, Debug)]
pub struct Sampler {
    parts: u64,
    every: u64,
}

impl Sampler {
    /// A sampler for a ledger of so many rows; `None` where one range is enough.
    pub fn new(rows: u64) -> Option<Self> {
        let parts = rows.div_ceil(PARTITION_ROWS);
        (parts > 1).then(|| Self { parts, every: (rows / (parts * SAMPLES_PER_PARTITION)).max(1) })
    }

    /// Whether a person's rows are sampled.
    pub fn takes(&self, psn_no: &[u8]) -> bool {
        hash(psn_no).is_multiple_of(self.every)
    }

    /// The cuts that share the sampled rows out evenly.
    pub fn cuts(&self, mut sample: Vec<Box<[u8]>>) -> Cuts {
        sample.sort_unstable();
        let len = sample.len() as u64;
        let mut splitters: Vec<Box<[u8]>> =
            (1..self.parts).filter_map(|p| sample.get((p * len / self.parts) as usize).cloned()).collect();
        splitters.dedup();
        Cuts { splitters }
    }
}

/// FNV-1a: the same everywhere and for ever, since cuts depend on it.
fn hash(bytes: &[u8]) -> u64 {
    let folded =
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    folded ^ (folded >> 32)
}

impl Cuts {
    /// Number of ranges.
    pub fn parts(&self) -> usize {
        self.splitters.len() + 1
    }

    /// The range of a person.
    fn part(&self, psn_no: &[u8]) -> usize {
        self.splitters.partition_point(|s| **s <= *psn_no)
    }

    /// Orders a batch by range.
    ///
    /// # Errors
    /// If Arrow cannot gather the rows.
    pub fn scatter(&self, batch: &RecordBatch) -> Result<Scattered, ArrowError> {
        let rows = batch.num_rows();
        if self.parts() == 1 {
            return Ok(Scattered { batch: batch.clone(), starts: vec![0, rows as u32] });
        }
        let ids = batch.column(column::PSN_NO).as_binary::<i32>();
        let parts: Vec<u32> = (0..rows).map(|r| self.part(ids.value(r)) as u32).collect();
        let mut starts = vec![0u32; self.parts() + 1];
        for part in &parts {
            starts[*part as usize + 1] += 1;
        }
        for part in 0..self.parts() {
            starts[part + 1] += starts[part];
        }
        let mut next = starts.clone();
        let mut gather = vec![0u32; rows];
        for (row, part) in parts.iter().enumerate() {
            let slot = &mut next[*part as usize];
            gather[*slot as usize] = row as u32;
            *slot += 1;
        }
        Ok(Scattered { batch: take_record_batch(batch, &UInt32Array::from(gather))?, starts })
    }
}

/// A batch ordered by range.
#[derive(Clone, Debug)]
pub struct Scattered {
    batch: RecordBatch,
    starts: Vec<u32>,
}

impl Scattered {
    /// Bytes that it takes in memory.
    pub fn memory_size(&self) -> u64 {
        self.batch.get_array_memory_size() as u64
    }

    /// Number of ranges.
    pub fn parts(&self) -> usize {
        self.starts.len() - 1
    }

    /// Rows of one range.
    pub fn part(&self, part: usize) -> RecordBatch {
        let (from, to) = (self.starts[part] as usize, self.starts[part + 1] as usize);
        self.batch.slice(from, to - from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_depend_on_the_persons_alone() {
        let rows = PARTITION_ROWS * 4;
        let sampler = Sampler::new(rows).unwrap();
        let ids: Vec<Box<[u8]>> = (0..40_000u32).map(|n| format!("P{n:06}").into_bytes().into_boxed_slice()).collect();
        let sample = |ids: &[Box<[u8]>]| ids.iter().filter(|i| sampler.takes(i)).cloned().collect::<Vec<_>>();
        let forward = sampler.cuts(sample(&ids));
        let mut reversed = ids.clone();
        reversed.reverse();
        assert_eq!(forward.splitters, sampler.cuts(sample(&reversed)).splitters);
        assert!(forward.parts() > 2);
        assert!(ids.is_sorted_by_key(|id| forward.part(id)));
    }

    #[test]
    fn small_ledgers_are_not_cut() {
        assert!(Sampler::new(0).is_none() && Sampler::new(PARTITION_ROWS).is_none());
    }
}

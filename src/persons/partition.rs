//! Rows by person: partitions that are ranges of persons, and the rows of one partition in order.
//!
//! Partitions are ranges, so that the output of one follows the output of the one before and nothing
//! has to be merged. Where the ranges are cut depends on nothing but the persons in the ledger, not on
//! the order or the number of files, nor on threads or memory; so neither do row groups and bytes.

use super::digits::common_start;
use crate::ledger::rows::Rows;
use std::collections::HashMap;

/// Rows that a partition should have.
pub const PARTITION_ROWS: u64 = 131_072;
/// Persons sampled for a partition, about.
const SAMPLES_PER_PARTITION: u64 = 2_048;

/// Cuts the persons into ranges.
#[derive(Clone, Debug, Default)]
pub struct Cuts {
    /// First person of every range but the first.
    splitters: Vec<Box<[u8]>>,
    /// What all of them start with.
    common: Box<[u8]>,
    /// The eight bytes after that, of each.
    keys: Vec<u64>,
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

    /// The cuts that share the sampled rows out evenly; rows by person.
    pub fn cuts(&self, sample: &Sample) -> Cuts {
        let mut persons: Vec<(&[u8], u64)> = sample.rows.iter().map(|(id, rows)| (&**id, *rows)).collect();
        persons.sort_unstable();
        let len: u64 = persons.iter().map(|(_, rows)| rows).sum();
        let (mut splitters, mut before): (Vec<Box<[u8]>>, u64) = (Vec::new(), 0);
        let mut wanted =
            (1..self.parts).map(|p| (u128::from(p) * u128::from(len) / u128::from(self.parts)) as u64).peekable();
        for (id, rows) in persons {
            before += rows;
            let mut here = false;
            while wanted.next_if(|row| *row < before).is_some() {
                here = true;
            }
            if here {
                splitters.push(Box::from(id));
            }
        }
        Cuts::new(splitters)
    }
}

/// Rows of the sampled persons.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    rows: HashMap<Box<[u8]>, u64>,
}

impl Sample {
    /// Counts a row of a person.
    pub fn add(&mut self, psn_no: &[u8]) {
        self.add_rows(psn_no, 1);
    }

    fn add_rows(&mut self, psn_no: &[u8], rows: u64) {
        match self.rows.get_mut(psn_no) {
            Some(count) => *count += rows,
            None => {
                self.rows.insert(psn_no.into(), rows);
            }
        }
    }

    /// Adds another sample.
    #[allow(clippy::iter_over_hash_type)] // Sums do not depend on the order.
    pub fn merge(&mut self, other: Sample) {
        for (psn_no, rows) in other.rows {
            self.add_rows(&psn_no, rows);
        }
    }
}

/// FNV-1a: the same everywhere and for ever, since cuts depend on it.
pub fn hash(bytes: &[u8]) -> u64 {
    let folded =
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    folded ^ (folded >> 32)
}

/// Stands for the range of a row that is in none.
const NO_PART: u32 = u32::MAX;

impl Cuts {
    fn new(splitters: Vec<Box<[u8]>>) -> Self {
        let (first, last) = (splitters.first(), splitters.last());
        let common = first.zip(last).map_or(0, |(a, b)| common_start(a, b));
        let keys = splitters.iter().map(|s| key_after(s, common)).collect();
        let common = Box::from(first.map_or(&[][..], |s| &s[..common]));
        Self { splitters, common, keys }
    }

    /// Number of ranges.
    pub fn parts(&self) -> usize {
        self.splitters.len() + 1
    }

    /// The range of a person.
    pub fn part(&self, psn_no: &[u8]) -> usize {
        if psn_no.starts_with(&self.common) {
            // Where eight bytes tell persons apart, they are compared as numbers.
            let key = key_after(psn_no, self.common.len());
            let part = self.keys.partition_point(|k| *k < key);
            if self.keys.get(part).is_none_or(|k| *k != key) {
                return part;
            }
        }
        self.splitters.partition_point(|s| **s <= *psn_no)
    }

    /// The first person after a range; `None` where it is the last.
    pub fn first_after(&self, part: usize) -> Option<&[u8]> {
        self.splitters.get(part).map(|s| &**s)
    }

    /// Orders rows by range; those that did not pass their own checks are left out.
    pub fn scatter(&self, rows: &Rows, scattered: &mut Scattered) {
        let Scattered { order, starts, parts } = scattered;
        parts.clear();
        starts.clear();
        starts.resize(self.parts() + 1, 0);
        for (row, passed) in rows.passed.iter().enumerate() {
            let part = if *passed { self.part(rows.psn_no.get(row)) as u32 } else { NO_PART };
            if *passed {
                starts[part as usize + 1] += 1;
            }
            parts.push(part);
        }
        for part in 0..self.parts() {
            starts[part + 1] += starts[part];
        }
        order.clear();
        order.resize(starts[self.parts()] as usize, 0);
        // Every range's start moves to its end while it fills, which is where the next one starts.
        for (row, part) in parts.iter().enumerate().filter(|(_, part)| **part != NO_PART) {
            let next = &mut starts[*part as usize];
            order[*next as usize] = row as u32;
            *next += 1;
        }
        starts.rotate_right(1);
        starts[0] = 0;
    }
}

/// Eight bytes of an id after so many, as a number that sorts as they do; zeros where it ends.
pub fn key_after(id: &[u8], skipped: usize) -> u64 {
    let rest = id.get(skipped..).unwrap_or(&[]);
    let mut eight = [0; 8];
    match rest.first_chunk::<8>() {
        Some(chunk) => eight = *chunk,
        None => eight[..rest.len()].copy_from_slice(rest),
    }
    u64::from_be_bytes(eight)
}

/// The rows of a batch by range. Its memory is reused.
#[derive(Clone, Debug, Default)]
pub struct Scattered {
    order: Vec<u32>,
    starts: Vec<u32>,
    parts: Vec<u32>,
}

impl Scattered {
    /// Number of ranges.
    pub fn parts(&self) -> usize {
        self.starts.len() - 1
    }

    /// Rows of one range.
    pub fn part(&self, part: usize) -> &[u32] {
        &self.order[self.starts[part] as usize..self.starts[part + 1] as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::rows::Layout;
    use std::sync::Arc;

    #[test]
    fn cuts_depend_on_the_persons_alone() {
        let rows = PARTITION_ROWS * 4;
        let sampler = Sampler::new(rows).unwrap();
        let ids: Vec<Box<[u8]>> = (0..40_000u32).map(|n| format!("P{n:06}").into_bytes().into_boxed_slice()).collect();
        let sample = |ids: &[Box<[u8]>]| {
            let mut sample = Sample::default();
            ids.iter().filter(|i| sampler.takes(i)).for_each(|i| sample.add(i));
            sample
        };
        let forward = sampler.cuts(&sample(&ids));
        let mut reversed = ids.clone();
        reversed.reverse();
        assert_eq!(forward.splitters, sampler.cuts(&sample(&reversed)).splitters);
        assert!(forward.parts() > 2);
        assert!(ids.is_sorted_by_key(|id| forward.part(id)));
    }

    #[test]
    fn ranges_begin_at_their_splitters_whatever_the_length_of_ids() {
        let ids = ["P", "P1", "P1\0", "P10000000", "P100000001", "P100000002", "P2", "Q"].map(str::as_bytes);
        for splitters in [&ids[..], &ids[1..4], &ids[3..6], &ids[4..5], &[]] {
            let cuts = Cuts::new(splitters.iter().map(|s| Box::from(*s)).collect());
            for id in ids.iter().chain(&[&b""[..], b"O", b"P0", b"P1000000", b"P1000000011"]) {
                assert_eq!(cuts.part(id), splitters.iter().filter(|s| *s <= id).count(), "{id:?} in {splitters:?}");
            }
        }
    }

    #[test]
    fn rows_are_scattered_in_order_without_those_that_failed() {
        let layout = Layout { money: Arc::new([]), has_day: false };
        let mut rows = Rows::new(&layout);
        ["C", "A", "B", "A", "C"].iter().for_each(|id| rows.psn_no.push(id.as_bytes()));
        rows.passed = vec![true, true, true, false, true];
        let cuts = Cuts::new(vec![Box::from(&b"B"[..]), Box::from(&b"C"[..]), Box::from(&b"D"[..])]);
        let mut scattered = Scattered::default();
        cuts.scatter(&rows, &mut scattered);
        let parts: Vec<&[u32]> = (0..scattered.parts()).map(|p| scattered.part(p)).collect();
        assert_eq!(parts, [&[1][..], &[2], &[0, 4], &[]]);
    }

    #[test]
    fn small_ledgers_are_not_cut() {
        assert!(Sampler::new(0).is_none() && Sampler::new(PARTITION_ROWS).is_none());
    }
}

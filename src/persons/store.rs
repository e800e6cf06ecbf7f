//! Rows between reading and settling: packed, range by range, in memory as far as it goes and the rest
//! on disk.
//!
//! Rows are packed a run at a time. A run that does not fit is written with one write to a spill file on
//! the output's own disk, and each range of it is read back when it is settled. What is spilled changes
//! nothing but where rows wait.

use super::digits::Digits;
use super::pack::{PADDING, Packer};
use super::partition::Scattered;
use super::piece::{Piece, unit};
use crate::lang::{Told, io};
use crate::ledger::rows::Rows;
use crate::output::access::private;
use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

/// Bytes of memory that a run keeps to where `--memory` says nothing.
pub const DEFAULT_MEMORY: u64 = 512 << 20;

/// Why rows could not wait.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The spill file.
    #[error("{path}: {source}\n  rows that do not fit --memory wait on this disk; make room there, or give more --memory", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Rows came back other than they went out.
    #[error("{path}: rows that waited there are damaged\n  check that disk, and run again", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl Told for StoreError {
    fn zh(&self) -> String {
        match self {
            StoreError::Io { path, source } => format!(
                "{}：{}\n  超出 --memory 的行暂存于此磁盘；请腾出空间，或加大 --memory",
                path.display(),
                io(source)
            ),
            StoreError::Damaged { path } => {
                format!("{}：暂存的行已损坏\n  请检查该磁盘，再重新运行", path.display())
            }
        }
    }
}

/// A run of rows that waits: its ranges one after the other.
#[derive(Debug)]
pub struct Run {
    place: Place,
    /// Where each range starts, and the last one ends.
    starts: Vec<u64>,
    /// Rows of each range.
    rows: Vec<u32>,
}

/// Where bytes wait.
#[derive(Debug)]
pub struct Place(Where);

#[derive(Debug)]
enum Where {
    Memory(Box<[u8]>),
    Disk(u64),
}

/// Packs runs; its memory is reused.
#[derive(Debug, Default)]
pub struct RunPacker {
    packer: Packer,
    bytes: Vec<u8>,
}

/// The number that a column holds throughout.
fn same(column: &[i64]) -> Option<i64> {
    let first = *column.first()?;
    column.iter().all(|v| *v == first).then_some(first)
}

impl RunPacker {
    /// Packs rows by range: where each range starts in the bytes, and how many rows it has.
    fn pack(&mut self, rows: &Rows, scattered: &Scattered) -> (Vec<u64>, Vec<u32>) {
        let Self { packer, bytes } = self;
        bytes.clear();
        let (mut starts, mut counts) =
            (Vec::with_capacity(scattered.parts() + 1), Vec::with_capacity(scattered.parts()));
        let ids = [&rows.psn_no, &rows.setl_id, &rows.init_setl_id].map(|ids| (ids, Digits::of(ids)));
        // Many columns hold one number throughout, mostly none at all.
        let same: Vec<Option<i64>> = rows.numbers.iter().map(|column| same(column)).collect();
        for part in 0..scattered.parts() {
            let order = scattered.part(part);
            starts.push(bytes.len() as u64);
            counts.push(order.len() as u32);
            if order.is_empty() {
                continue;
            }
            for (ids, digits) in &ids {
                packer.pack_ids(ids, digits.as_ref(), order, bytes);
            }
            for (position, (column, same)) in rows.numbers.iter().zip(&same).enumerate() {
                match same {
                    Some(value) => Packer::pack_same(*value, bytes),
                    None => packer.pack(column, order, unit(position), bytes),
                }
            }
        }
        starts.push(bytes.len() as u64);
        bytes.extend([0; PADDING]);
        (starts, counts)
    }
}

/// Where runs wait.
#[derive(Debug)]
pub struct Store {
    budget: u64,
    used: AtomicU64,
    end: AtomicU64,
    path: PathBuf,
    file: OnceLock<File>,
    opening: Mutex<()>,
}

impl Store {
    /// A store of rows with so many bytes of memory, and a place for its spill file.
    pub fn new(budget: u64, folder: &Path) -> Self {
        Self::named(budget, folder, "rows.spill")
    }

    /// The same for other bytes, with a spill file of that name.
    pub fn named(budget: u64, folder: &Path, name: &str) -> Self {
        let path = folder.join(name);
        Self {
            budget,
            used: AtomicU64::new(0),
            end: AtomicU64::new(0),
            path,
            file: OnceLock::new(),
            opening: Mutex::new(()),
        }
    }

    /// Takes rows in, from any thread.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hold(&self, rows: &Rows, scattered: &Scattered, packer: &mut RunPacker) -> Result<Run, StoreError> {
        let (starts, rows) = packer.pack(rows, scattered);
        Ok(Run { place: self.keep(&packer.bytes)?, starts, rows })
    }

    /// Takes any bytes in, from any thread.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep(&self, bytes: &[u8]) -> Result<Place, StoreError> {
        let size = bytes.len() as u64;
        let before = self.used.fetch_add(size, Ordering::Relaxed);
        if before + size <= self.budget {
            return Ok(Place(Where::Memory(bytes.into())));
        }
        self.used.fetch_sub(size, Ordering::Relaxed);
        let offset = self.end.fetch_add(size, Ordering::Relaxed);
        self.file()?.write_all_at(bytes, offset).map_err(|e| self.io(e))?;
        Ok(Place(Where::Disk(offset)))
    }

    /// Some of the bytes that wait in a place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn fetch<'a>(&self, place: &'a Place, from: usize, to: usize) -> Result<Cow<'a, [u8]>, StoreError> {
        match &place.0 {
            Where::Memory(bytes) => Ok(Cow::Borrowed(&bytes[from..to])),
            Where::Disk(offset) => {
                let mut bytes = vec![0; to - from];
                self.file()?.read_exact_at(&mut bytes, offset + from as u64).map_err(|e| self.io(e))?;
                Ok(Cow::Owned(bytes))
            }
        }
    }

    /// The packed rows of one range of a run; none where it has none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn piece<'a>(&self, run: &'a Run, part: usize) -> Result<Option<Piece<'a>>, StoreError> {
        let rows = run.rows[part] as usize;
        if rows == 0 {
            return Ok(None);
        }
        let (from, to) = (run.starts[part] as usize, run.starts[part + 1] as usize + PADDING);
        Ok(Some(Piece::Packed { bytes: self.fetch(&run.place, from, to)?, rows }))
    }

    /// Bytes spilled.
    pub fn spilled(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// The error of rows that cannot be read back.
    pub fn damaged(&self) -> StoreError {
        StoreError::Damaged { path: self.path.clone() }
    }

    /// The spill file: made at the first need, and unlinked at once, so that it is gone with the run
    /// however that ends.
    fn file(&self) -> Result<&File, StoreError> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let _one_at_a_time = self.opening.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let opened = private().read(true).create_new(true).open(&self.path);
        let file = opened.map_err(|e| self.io(e))?;
        std::fs::remove_file(&self.path).map_err(|e| self.io(e))?;
        Ok(self.file.get_or_init(|| file))
    }

    fn io(&self, source: std::io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), source }
    }
}

/// Rows of a run: enough that its ranges are worth a read of their own, however many there are.
pub fn run_rows(parts: usize) -> usize {
    (parts * 128).clamp(1 << 16, 1 << 20)
}

impl Run {
    /// Rows of one range.
    pub fn rows(&self, part: usize) -> usize {
        self.rows[part] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::tests::two_lines;
    use crate::ledger::rows::Layout;
    use crate::persons::pack::{Found, Unpacker};
    use crate::persons::partition::Cuts;
    use std::sync::Arc;

    #[test]
    fn rows_come_back_from_memory_and_from_disk() {
        let layout = Layout { money: Arc::new([]), has_day: false };
        let mut rows = Rows::new(&layout);
        for n in 0..10i64 {
            rows.psn_no.push(format!("P{n}").as_bytes());
            rows.setl_id.push(format!("S{n}").as_bytes());
            rows.init_setl_id.push_none(1);
            rows.numbers.iter_mut().enumerate().for_each(|(c, column)| column.push(n * c as i64));
            rows.passed.push(n != 3);
        }
        let mut scattered = Scattered::default();
        Cuts::default().scatter(&rows, &mut scattered);
        let folder = tempfile::tempdir().unwrap();
        for (budget, spills) in [(1 << 20, false), (0, true)] {
            let store = Store::new(budget, folder.path());
            let run = store.hold(&rows, &scattered, &mut RunPacker::default()).unwrap();
            let piece = store.piece(&run, 0).unwrap().unwrap();
            assert_eq!((piece.rows(), run.rows(0), store.spilled() > 0), (9, 9, spills));
            let Piece::Packed { bytes, rows } = &piece else { panic!("stored rows are packed") };
            let mut unpacker = Unpacker::new(bytes, *rows);
            let (mut ids, mut numbers) = (crate::ledger::rows::Ids::default(), Vec::new());
            unpacker.ids(&mut ids, &mut numbers).unwrap();
            assert_eq!((ids.len(), ids.get(3)), (9, &b"P4"[..]));
            unpacker.ids(&mut ids, &mut numbers).unwrap();
            unpacker.ids(&mut ids, &mut numbers).unwrap();
            assert_eq!(unpacker.numbers(unit(0), &mut numbers), Some(Found::Same(0)));
            assert_eq!(unpacker.numbers(1, &mut numbers), Some(Found::Each));
            assert_eq!(numbers, [0, 1, 2, 4, 5, 6, 7, 8, 9]);
        }
    }

    #[test]
    fn every_error_is_told_in_chinese_with_its_facts() {
        let full = std::io::ErrorKind::StorageFull.into();
        two_lines(
            &StoreError::Io { path: "rows.spill".into(), source: full },
            &["rows.spill", "磁盘空间不足", "--memory"],
        );
        two_lines(&StoreError::Damaged { path: "rows.spill".into() }, &["rows.spill"]);
    }
}

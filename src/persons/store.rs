//! Scattered batches between reading and settling: in memory as far as it goes, the rest on disk.
//!
//! A batch that does not fit is written to a spill file on the output's own disk, range by range, and
//! each range is read back when it is settled. What is spilled changes nothing but where rows wait.

use super::partition::Scattered;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use std::fs::File;
use std::io::Cursor;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

/// Bytes of rows that wait in memory where `--memory` says nothing.
pub const DEFAULT_MEMORY: u64 = 2 << 30;

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
    /// A batch could not be written or read back.
    #[error("spilled rows: {0}\n  this is a defect of the program; please report it")]
    Arrow(#[from] ArrowError),
}

/// A batch that waits.
#[derive(Debug)]
pub enum Held {
    /// In memory.
    Memory(Scattered),
    /// On disk: offset and length by range.
    Disk(Vec<(u64, u64)>),
}

/// Where batches wait.
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
    /// A store with so many bytes of memory, and a place for its spill file.
    pub fn new(budget: u64, folder: &Path) -> Self {
        let path = folder.join("rows.spill");
        Self {
            budget,
            used: AtomicU64::new(0),
            end: AtomicU64::new(0),
            path,
            file: OnceLock::new(),
            opening: Mutex::new(()),
        }
    }

    /// Takes a batch in, from any thread.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn hold(&self, batch: Scattered) -> Result<Held, StoreError> {
        let size = batch.memory_size();
        let before = self.used.fetch_add(size, Ordering::Relaxed);
        if before + size <= self.budget {
            return Ok(Held::Memory(batch));
        }
        self.used.fetch_sub(size, Ordering::Relaxed);
        let mut places = Vec::with_capacity(batch.parts());
        for part in 0..batch.parts() {
            let rows = batch.part(part);
            if rows.num_rows() == 0 {
                places.push((0, 0));
                continue;
            }
            let mut writer = StreamWriter::try_new(Vec::new(), &rows.schema())?;
            writer.write(&rows)?;
            let bytes = writer.into_inner()?;
            let len = bytes.len() as u64;
            let offset = self.end.fetch_add(len, Ordering::Relaxed);
            self.file()?.write_all_at(&bytes, offset).map_err(|e| self.io(e))?;
            places.push((offset, len));
        }
        Ok(Held::Disk(places))
    }

    /// Rows of one range of a batch; none where it has none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn part(&self, held: &Held, part: usize) -> Result<Option<RecordBatch>, StoreError> {
        let places = match held {
            Held::Memory(batch) => return Ok(Some(batch.part(part)).filter(|b| b.num_rows() > 0)),
            Held::Disk(places) => places,
        };
        let (offset, len) = places[part];
        if len == 0 {
            return Ok(None);
        }
        let mut bytes = vec![0; len as usize];
        self.file()?.read_exact_at(&mut bytes, offset).map_err(|e| self.io(e))?;
        Ok(StreamReader::try_new(Cursor::new(bytes), None)?.next().transpose()?)
    }

    /// Bytes spilled.
    pub fn spilled(&self) -> u64 {
        self.end.load(Ordering::Relaxed)
    }

    /// The spill file: made at the first need, and unlinked at once, so that it is gone with the run
    /// however that ends.
    fn file(&self) -> Result<&File, StoreError> {
        let _one_at_a_time = self.opening.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let opened = File::options().read(true).write(true).create_new(true).open(&self.path);
        let file = opened.map_err(|e| self.io(e))?;
        std::fs::remove_file(&self.path).map_err(|e| self.io(e))?;
        Ok(self.file.get_or_init(|| file))
    }

    fn io(&self, source: std::io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), source }
    }
}

//! Ledgers and rosters from what bureaus export: CSV and XLSX with heads and values of their own.
//!
//! ```text
//!  file ─ letters, marks, sheet ─► rows of cells ─► columns of the contract ─► Parquet
//!  [text] [sheet]    one thread     [grid]  │  the other thread  [convert] [value]
//!                                           └─► cells that cannot be read: rejects, by row and head
//! ```
//!
//! Every row of a file is imported, rejected, a row of sums, blank, or above the heads; the counts add up.
//! What a blank means is for the settlement to say: it stays a null. Nothing is guessed: an amount that is not
//! whole fen, a date that has two meanings, a number that has lost digits are rejects.

mod convert;
pub mod error;
mod grid;
pub mod heads;
mod rejects;
mod sheet;
mod text;
pub mod value;

pub use convert::{Counts, Stated};

use crate::lang::{Both, Lang, both};
use crate::ledger::schema::Renames;
use crate::output::access::Access;
use crate::output::parquet_file::{FileDigest, ParquetFile};
use crate::output::single::Single;
use convert::{Converter, schema_of};
use error::ImportError;
use grid::Grid;
use heads::{HEAD_WITHIN, Heads, Layout, Made};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use text::Form;

/// Rows that are turned into columns at a time, and of a row group.
const CHUNK_ROWS: usize = 65_536;
/// Chunks that wait at most.
const AHEAD: usize = 2;

/// What to import, and how.
#[derive(Debug)]
pub struct Import {
    /// The files.
    pub files: Vec<PathBuf>,
    /// What is made of them.
    pub made: Made,
    /// The output.
    pub out: PathBuf,
    /// Where what cannot be read is told.
    pub rejects: PathBuf,
    /// What columns and values are called.
    pub heads: Heads,
    /// Heads that the user named: folded head → column.
    pub renames: Renames,
    /// The sheet of workbooks.
    pub sheet: Option<String>,
    /// Replace earlier files.
    pub force: bool,
    /// Who may read the output.
    pub access: Access,
    /// Language of the rejects.
    pub lang: Lang,
}

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// As text.
    Text(Form),
    /// As a workbook: the sheet that is read, and how many there are.
    Sheet(String, usize),
}

impl Written {
    /// In words.
    pub fn words(&self) -> Both {
        match self {
            Written::Text(form) => {
                let mark = match form.delimiter {
                    b'\t' => both!("tabs", "制表符"),
                    b';' => both!("semicolons", "分号"),
                    b'|' => both!("bars", "竖线"),
                    _ => both!("commas", "逗号"),
                };
                let name = form.encoding.name().to_ascii_uppercase();
                Both { en: format!("{name}, {} between cells", mark.en), zh: format!("{name}，以{}分隔", mark.zh) }
            }
            Written::Sheet(name, 1) => both!("XLSX, sheet `{name}`", "XLSX，工作表“{name}”"),
            Written::Sheet(name, of) => {
                both!("XLSX, sheet `{name}` of {of}; the others are not read", "XLSX，共 {of} 张工作表，只读“{name}”")
            }
        }
    }
}

/// A file that was looked at.
pub struct Looked {
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub written: Written,
    layout: Layout,
    first: Grid,
}

impl Looked {
    /// The row of the heads, from 1.
    pub fn head_row(&self) -> u64 {
        if self.first.rows() == 0 { 1 } else { self.first.number(self.layout.head) }
    }

    /// Columns of the contract and the heads that they are read from.
    pub fn mapped(&self, made: Made) -> Vec<(&'static str, &str)> {
        let specs = made.specs();
        let pairs = specs.iter().zip(&self.layout.at);
        pairs.filter_map(|(spec, at)| at.map(|at| (spec.name, self.layout.heads[at].as_str()))).collect()
    }

    /// Heads that nothing is read from.
    pub fn ignored(&self) -> Vec<&str> {
        self.layout.ignored()
    }
}

/// What became of a file.
#[derive(Debug)]
pub struct FileReport {
    /// Its name, as given.
    pub file: String,
    /// Its rows.
    pub counts: Counts,
    /// Sums that it states otherwise than its rows come to.
    pub unlike: Vec<Stated>,
}

/// What an import came to.
#[derive(Debug)]
pub struct Imported {
    /// File by file.
    pub files: Vec<FileReport>,
    /// All of them.
    pub counts: Counts,
    /// The output.
    pub output: FileDigest,
    /// Cells that cannot be read.
    pub reject_cells: u64,
}

/// Looks at every file: how it is written, where its heads are, and what they stand for.
///
/// # Errors
/// [`ImportError`].
pub fn look(import: &Import) -> Result<Vec<Looked>, ImportError> {
    let specs = import.made.specs();
    let mut seen: Vec<PathBuf> = std::fs::canonicalize(&import.out).into_iter().collect();
    let mut looked = Vec::new();
    for path in &import.files {
        let io = |source| ImportError::Io { path: path.clone(), source };
        let real = std::fs::canonicalize(path).map_err(io)?;
        if seen.contains(&real) {
            return Err(ImportError::Twice { path: path.clone() });
        }
        seen.push(real);
        let written = written(path, import.sheet.as_deref())?;
        let mut first = Grid::default();
        chunks(path, &written, &mut || HEAD_WITHIN, &mut |grid| {
            first = grid;
            false
        })?;
        let layout = Layout::of(&path.display().to_string(), &first, &specs, &import.heads, &import.renames)?;
        looked.push(Looked { path: path.clone(), written, layout, first });
    }
    Ok(looked)
}

/// The first rows of a file as they are understood: the names of its columns, and so many rows of text.
///
/// # Errors
/// [`ImportError`].
pub fn preview(import: &Import, looked: &Looked, rows: usize) -> Result<(Vec<String>, Vec<Vec<String>>), ImportError> {
    use crate::explain::read::cell;
    let specs = import.made.specs();
    let layouts = [looked.layout.clone()];
    let (schema, columns) = schema_of(&specs, &layouts);
    let mut converter = converter(import, looked, &specs, &schema, &columns);
    let batch = converter.batch(&looked.first, looked.layout.head + 1, &mut Vec::new())?;
    let names = schema.fields().iter().map(|f| f.name().clone()).collect();
    let row = |row: usize| batch.columns().iter().map(|column| cell(column, row).unwrap_or_default()).collect();
    Ok((names, (0..batch.num_rows().min(rows)).map(row).collect()))
}

/// Imports all files into one. Nothing is written unless all of it succeeds.
///
/// # Errors
/// [`ImportError`].
pub fn import(import: &Import, told: &(dyn Fn(u64) + Sync)) -> Result<Imported, ImportError> {
    let specs = import.made.specs();
    let looked = look(import)?;
    let layouts: Vec<Layout> = looked.iter().map(|l| l.layout.clone()).collect();
    let (schema, columns) = schema_of(&specs, &layouts);
    let place = Single::create(&import.out, import.force, import.access)?;
    let mut rejects = rejects::Rejects::new(Single::create(&import.rejects, import.force, import.access)?, import.lang);
    let (mut output, encoder) = ParquetFile::create(place.path(), schema.clone())?;
    let mut files = Vec::new();
    let mut counts = Counts::default();
    for looked in &looked {
        let file = looked.path.display().to_string();
        let mut converter = converter(import, looked, &specs, &schema, &columns);
        let above = looked.layout.head + 1;
        let mut first = true;
        each_chunk(looked, &mut |grid| {
            let from = if std::mem::take(&mut first) { above.min(grid.rows()) } else { 0 };
            converter.counts.rows += from as u64;
            converter.counts.above += from as u64;
            let mut found = Vec::new();
            let batch = converter.batch(&grid, from, &mut found)?;
            rejects.write(&file, &found)?;
            output.append(encoder.encode(&batch)?)?;
            told(grid.rows() as u64);
            Ok(())
        })?;
        counts.add(&converter.counts);
        let Converter { counts, unlike, .. } = converter;
        files.push(FileReport { file, counts, unlike });
    }
    let output = output.finish()?;
    let reject_cells = rejects.publish()?;
    place.publish()?;
    if reject_cells == 0 && import.force {
        // Of an earlier import; where it cannot be removed, the summary still says that nothing was rejected.
        let _ = std::fs::remove_file(&import.rejects);
    }
    Ok(Imported { files, counts, output, reject_cells })
}

fn converter<'a>(
    import: &'a Import,
    looked: &'a Looked,
    specs: &'a [crate::ledger::schema::Spec],
    schema: &arrow::datatypes::SchemaRef,
    columns: &'a [usize],
) -> Converter<'a> {
    Converter {
        specs,
        schema: schema.clone(),
        columns,
        heads: &import.heads,
        layout: &looked.layout,
        may_be_cut: matches!(looked.written, Written::Text(_)),
        counts: Counts::default(),
        sums: vec![0; specs.len()],
        unlike: Vec::new(),
    }
}

/// Reads a file in a thread of its own, which waits where its rows are not taken.
fn each_chunk(looked: &Looked, take: &mut dyn FnMut(Grid) -> Result<(), ImportError>) -> Result<(), ImportError> {
    std::thread::scope(|scope| {
        let (give, got) = sync_channel::<Grid>(AHEAD);
        let reading = scope.spawn(move || {
            let mut wanted = HEAD_WITHIN;
            let mut rows_at_a_time = || std::mem::replace(&mut wanted, CHUNK_ROWS);
            chunks(&looked.path, &looked.written, &mut rows_at_a_time, &mut |grid| give.send(grid).is_ok())
        });
        // Where taking fails, the reader finds nobody to give to, and ends.
        let taken = got.into_iter().try_for_each(take);
        let read = reading.join().unwrap_or_else(|_| Err(ImportError::Defect { message: "reading ended".to_owned() }));
        taken.and(read)
    })
}

fn chunks(
    path: &Path,
    written: &Written,
    rows_at_a_time: &mut dyn FnMut() -> usize,
    give: &mut dyn FnMut(Grid) -> bool,
) -> Result<(), ImportError> {
    match written {
        Written::Text(form) => text::read(path, *form, rows_at_a_time, give),
        Written::Sheet(name, _) => sheet::read(path, name, rows_at_a_time, give),
    }
}

/// How a file is written, by its first bytes and not by its name.
fn written(path: &Path, named: Option<&str>) -> Result<Written, ImportError> {
    let io = |source| ImportError::Io { path: path.to_owned(), source };
    let mut start = Vec::new();
    File::open(path).map_err(io)?.take(8).read_to_end(&mut start).map_err(io)?;
    match start[..] {
        [b'P', b'K', 3, 4, ..] => {
            let (name, of) = sheet::sheet_of(path, named)?;
            Ok(Written::Sheet(name, of))
        }
        // What office programs wrote before 2007, Parquet, PDF.
        [0xd0, 0xcf, 0x11, 0xe0, ..] | [b'P', b'A', b'R', b'1', ..] | [b'%', b'P', b'D', b'F', ..] => {
            Err(ImportError::Binary { path: path.to_owned() })
        }
        _ => Ok(Written::Text(Form::of(path).map_err(io)?)),
    }
}

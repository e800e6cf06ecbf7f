//! Opening input files: paths and folders, metadata, schema; nothing is decoded yet.

use super::codebook::CodeBook;
use super::decode::better_type;
use super::error::LedgerError;
use super::mask::Mask;
use super::row_group::leaf_of;
use super::schema::{IdType, LEDGER, LedgerColumn, Mapping, Renames, Spec, TypeRules, id_type, map};
use super::watched::Watched;
use crate::lang::{Both, both};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use std::cell::Cell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// The column that names the person, in every file.
const PSN_NO: &str = "psn_no";

/// Where a file's bytes come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A file on disk.
    Path(PathBuf),
    /// Bytes that are part of the program: name and content.
    Embedded(&'static str, &'static [u8]),
    /// A file in memory: what it is called, and its content.
    Given(String, Bytes),
}

impl Source {
    /// The path as given.
    pub fn name(&self) -> String {
        match self {
            Source::Path(path) => path.display().to_string(),
            Source::Embedded(name, _) => (*name).to_owned(),
            Source::Given(name, _) => name.clone(),
        }
    }
}

/// Files of the paths given; a folder stands for its `*.parquet`, by name.
///
/// # Errors
/// [`LedgerError`]: a path that is not there, a folder without Parquet files, a file given twice.
pub fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, LedgerError> {
    let mut files = Vec::new();
    for path in paths {
        let io = |source| LedgerError::Io { path: path.clone(), source };
        if !std::fs::metadata(path).map_err(io)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in std::fs::read_dir(path).map_err(io)? {
            let file = entry.map_err(io)?.path();
            let hidden = file.file_name().is_some_and(|n| n.to_string_lossy().starts_with(['.', '_']));
            if !hidden && file.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) && file.is_file() {
                inside.push(file);
            }
        }
        if inside.is_empty() {
            return Err(LedgerError::EmptyFolder { path: path.clone() });
        }
        inside.sort();
        files.extend(inside);
    }
    let mut seen = std::collections::BTreeSet::new();
    for file in &files {
        let canonical = std::fs::canonicalize(file).map_err(|source| LedgerError::Io { path: file.clone(), source })?;
        if !seen.insert(canonical) {
            return Err(LedgerError::SameFile { path: file.clone() });
        }
    }
    Ok(files.into_iter().map(Source::Path).collect())
}

/// What a file's columns and codes are called, and how its persons are masked.
#[derive(Clone, Copy, Debug)]
pub struct ReadAs<'a> {
    /// Codes.
    pub book: &'a CodeBook,
    /// Names of columns.
    pub renames: &'a Renames,
    /// None: persons are read as they are.
    pub mask: Option<&'a Mask>,
}

/// A Parquet file whose footer was read.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// Where it is.
    pub source: Source,
    /// Its footer.
    pub metadata: ArrowReaderMetadata,
    /// Where the expected columns stand.
    pub mapping: Mapping,
    /// Which of the expected columns holds the person, and how it is masked.
    psn_no: Option<usize>,
    pub(super) mask: Option<Mask>,
    /// Columns that are better read in another type, where the row group allows it, and their leaves.
    pub(super) better: Vec<(usize, usize, DataType)>,
}

impl InputFile {
    /// Reads the footer and maps the columns.
    ///
    /// # Errors
    /// [`LedgerError`]: unreadable, not Parquet, or columns that do not fit.
    pub fn open(
        source: Source,
        specs: &[Spec],
        book: &CodeBook,
        renames: &Renames,
        rules: TypeRules,
    ) -> Result<Self, LedgerError> {
        let name = source.name();
        if let Source::Path(path) = &source {
            File::open(path).map_err(|source| LedgerError::Io { path: path.clone(), source })?;
        }
        let metadata = guarded(&name, None, || Watched::open(&source, options()).map(|(_, metadata)| metadata))?;
        let empty = metadata.metadata().file_metadata().num_rows() == 0;
        let mapping = map(&name, metadata.schema(), specs, book, renames, TypeRules { unchecked: empty, ..rules })?;
        let mut better = Vec::new();
        for (number, index) in mapping.at.iter().enumerate().filter_map(|(n, at)| Some((n, (*at)?))) {
            let found = better_type(specs[number].kind, metadata.schema().field(index).data_type());
            let leaf = leaf_of(metadata.parquet_schema(), index);
            better.extend(found.zip(leaf).map(|(better, leaf)| (index, leaf, better)));
        }
        let psn_no = specs.iter().position(|s| s.name == PSN_NO);
        Ok(Self { source, metadata, mapping, psn_no, mask: None, better })
    }

    /// The same file, its persons masked as they are read.
    pub fn masked(self, mask: Option<&Mask>) -> Self {
        Self { mask: mask.cloned(), ..self }
    }

    /// The expected column that is masked, and how.
    pub(super) fn mask(&self) -> Option<(usize, &Mask)> {
        self.psn_no.zip(self.mask.as_ref())
    }

    fn is_masked(&self, column: usize) -> bool {
        self.mask().is_some_and(|(psn_no, _)| psn_no == column)
    }

    /// Its name as given.
    pub fn name(&self) -> String {
        self.source.name()
    }

    /// Rows in the file.
    pub fn rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Rows in the row groups before one.
    pub fn rows_before(&self, row_group: usize) -> u64 {
        (0..row_group).map(|group| self.rows_of(group)).sum()
    }

    /// Rows in a row group.
    pub fn rows_of(&self, row_group: usize) -> u64 {
        u64::try_from(self.metadata.metadata().row_group(row_group).num_rows()).unwrap_or(0)
    }

    /// Where a column stands among the leaves of the file, if it is there and not nested, and read as it is.
    pub fn leaf(&self, column: usize) -> Option<usize> {
        if self.is_masked(column) {
            return None;
        }
        leaf_of(self.metadata.parquet_schema(), self.mapping.at[column]?)
    }

    /// Row groups in the file.
    pub fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Type of an id column as it stands in the file, where that has rows and the column. Ids are told to be of
    /// one type by this, since `7` and `007` are masked as differently as they are written.
    pub fn written_id_type(&self, column: usize) -> Option<IdType> {
        let index = self.mapping.at[column].filter(|_| self.rows() > 0)?;
        Some(id_type(self.metadata.schema().field(index).data_type()))
    }

    /// Type that an id column is read in, where the file has rows and the column.
    pub fn id_type(&self, column: usize) -> Option<IdType> {
        let written = self.written_id_type(column)?;
        Some(if self.is_masked(column) { IdType::Text } else { written })
    }

    /// A column's field, of the type that it is read in; `None` where the file has no such column.
    pub fn field(&self, column: usize) -> Option<Field> {
        let field = self.metadata.schema().field(self.mapping.at[column]?).clone();
        Some(if self.is_masked(column) { field.with_data_type(DataType::Utf8) } else { field })
    }
}

pub(crate) fn options() -> ArrowReaderOptions {
    // The file's own Arrow schema may claim types that its Parquet schema does not have.
    ArrowReaderOptions::new().with_skip_arrow_metadata(true)
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside the Parquet reader, so that a panic becomes an error of the file and
/// need not be shown as one.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs code of others; what it says when it panics is an error.
pub(crate) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    let outer = GUARDED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(outer);
    result.map_err(|said| {
        let text = said.downcast_ref::<String>().cloned();
        text.or_else(|| said.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    })
}

/// Runs the Parquet reader; its errors and its panics on damaged files become errors of this file.
pub(crate) fn guarded<T>(
    file: &str,
    row_group: Option<usize>,
    read: impl FnOnce() -> Result<T, parquet::errors::ParquetError>,
) -> Result<T, LedgerError> {
    let failed = |message: Both| LedgerError::Parquet { file: file.to_owned(), row_group, message };
    match caught(read) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(failed(super::zh::reader(&error))),
        Err(_) => Err(failed(both!("damaged data", "数据已损坏"))),
    }
}

/// Ledger files that belong together.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// The files, in the order given.
    pub files: Vec<InputFile>,
    /// Type of `psn_no`, as it is read.
    pub psn_no: IdType,
    /// Type of `psn_no`, as it is written.
    pub written_psn_no: IdType,
    /// Type of `setl_id`.
    pub setl_id: IdType,
    /// Which columns any of the files has.
    pub present: Vec<bool>,
}

impl Ledger {
    /// Opens the files and checks that they fit together.
    ///
    /// # Errors
    /// [`LedgerError`] of a file, or ids of different types.
    pub fn open(
        sources: Vec<Source>,
        book: &CodeBook,
        renames: &Renames,
        rules: TypeRules,
        mask: Option<&Mask>,
    ) -> Result<Self, LedgerError> {
        let mut files = Vec::with_capacity(sources.len());
        for source in sources {
            files.push(InputFile::open(source, LEDGER, book, renames, rules)?.masked(mask));
        }
        for file in &files {
            check_care(&file.name(), &file.mapping, file.metadata.schema())?;
        }
        let written_psn_no = one_type(&files, LedgerColumn::PsnNo as usize, "psn_no")?;
        let psn_no = if mask.is_some() { IdType::Text } else { written_psn_no };
        let setl_id = one_type(&files, LedgerColumn::SetlId as usize, "setl_id")?;
        for file in &files {
            if let Some(found) = file.id_type(LedgerColumn::InitSetlId as usize)
                && found != setl_id
                && !is_null_typed(file, LedgerColumn::InitSetlId as usize)
            {
                let column = "init_setl_id".to_owned();
                let other = "setl_id".to_owned();
                return Err(LedgerError::MixedIds { file: file.name(), column, found, expected: setl_id, other });
            }
        }
        let present = (0..LEDGER.len()).map(|c| files.iter().any(|f| f.mapping.at[c].is_some())).collect();
        Ok(Self { files, psn_no, written_psn_no, setl_id, present })
    }

    /// Checks that every column renamed is there; one that the roster has too may stand there.
    ///
    /// # Errors
    /// [`LedgerError::NoSuchColumn`].
    pub fn check_renames(&self, renames: &Renames) -> Result<(), LedgerError> {
        check_renames(renames, self.files.iter().map(|file| file.metadata.schema().as_ref()))
    }

    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(InputFile::rows).sum()
    }

    /// Whether any file has a column.
    pub fn has(&self, column: LedgerColumn) -> bool {
        self.present[column as usize]
    }

    /// Every row group of every file: (file, row group).
    pub fn row_groups(&self) -> Vec<(usize, usize)> {
        let of = |(n, f): (usize, &InputFile)| (0..f.row_groups()).map(move |g| (n, g)).collect::<Vec<_>>();
        self.files.iter().enumerate().flat_map(of).collect()
    }
}

/// Checks that every column renamed is in one of the schemas of a ledger; one that the roster has too may stand
/// there.
pub(crate) fn check_renames<'a>(
    renames: &Renames,
    schemas: impl Iterator<Item = &'a Schema> + Clone,
) -> Result<(), LedgerError> {
    let names =
        |schema: &Schema| -> Vec<String> { schema.fields().iter().map(|f| f.name().trim().to_lowercase()).collect() };
    for (theirs, name) in renames {
        let of_roster = super::schema::ROSTER.iter().any(|s| s.name == name);
        if !of_roster && !schemas.clone().any(|schema| names(schema).contains(theirs)) {
            let found = schemas.clone().next().map_or_else(String::new, |schema| names(schema).join(", "));
            return Err(LedgerError::NoSuchColumn { name: name.clone(), theirs: theirs.clone(), found });
        }
    }
    Ok(())
}

/// Checks that something tells what care a claim is for.
pub(crate) fn check_care(file: &str, mapping: &Mapping, schema: &Schema) -> Result<(), LedgerError> {
    let has = |c: LedgerColumn| mapping.at[c as usize].is_some();
    if has(LedgerColumn::Care) || has(LedgerColumn::MedType) {
        return Ok(());
    }
    let found = schema.fields().iter().map(|f| f.name().trim()).collect::<Vec<_>>().join(", ");
    Err(LedgerError::NoCare { file: file.to_owned(), found })
}

fn is_null_typed(file: &InputFile, column: usize) -> bool {
    let Some(index) = file.mapping.at[column] else { return true };
    *file.metadata.schema().field(index).data_type() == arrow::datatypes::DataType::Null
}

fn one_type(files: &[InputFile], column: usize, name: &str) -> Result<IdType, LedgerError> {
    let mut first: Option<(IdType, String)> = None;
    for file in files {
        let Some(found) = file.written_id_type(column) else { continue };
        match &first {
            Some((expected, other)) if *expected != found => {
                return Err(LedgerError::MixedIds {
                    file: file.name(),
                    column: name.to_owned(),
                    found,
                    expected: *expected,
                    other: other.clone(),
                });
            }
            Some(_) => {}
            None => first = Some((found, file.name())),
        }
    }
    Ok(first.map_or(IdType::Text, |(t, _)| t))
}

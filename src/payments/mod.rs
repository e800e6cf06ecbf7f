//! `payments.xlsx`: the list that clerks pay from and a leader signs, made from a run's own files.
//!
//! ```text
//!  persons.parquet ──┐  by person, in order           one sheet a channel ─┐
//!  settlement.parquet┴─► person and year, insurance ─►  sums by identity ──┴─► 汇总 · channels · 缺收款人 · 说明
//! ```
//!
//! A row is a person and charge year to whom a channel still owes something, or who was paid too much in it.
//! Figures are those of `persons.parquet`; what is computed here are sums of them, as values, not as formulas.
//! Every text is written as text, so that no cell of an input ever becomes a formula.

mod notes;
pub mod payees;
mod people;
mod sheet;
mod summary;

use crate::ledger::open::caught;
use crate::output::access::private;
use crate::output::clauses::ClauseRow;
use crate::output::error::OutputError;
use crate::output::manifest::Manifest;
use crate::output::parquet_file::{FileDigest, digest_of};
use payees::Payees;
use people::People;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use sheet::{Channels, Columns};
use std::io::Write as _;
use std::path::Path;
use summary::Sums;

/// Name of the file.
pub const PAYMENTS: &str = "payments.xlsx";

/// Rows of a sheet at most, in Excel.
const SHEET_ROWS: u32 = 1_048_576;

/// What a list is made of, beside the files.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// The run's manifest, as far as it is known.
    pub manifest: &'a Manifest,
    /// What each clause did.
    pub clauses: &'a [ClauseRow],
    /// Who is paid where.
    pub payees: Option<&'a Payees>,
}

/// Writes the list into the folder in which the run's other files are finished.
///
/// # Errors
/// [`OutputError`]: the files cannot be read back, or the list cannot be written.
pub fn write(folder: &Path, about: About<'_>) -> Result<FileDigest, OutputError> {
    write_limited(folder, about, SHEET_ROWS)
}

/// Why a list cannot be made: of the library that writes it, or of a file that is read back.
enum Cannot {
    Write(XlsxError),
    Read(String),
}

impl From<XlsxError> for Cannot {
    fn from(error: XlsxError) -> Self {
        Cannot::Write(error)
    }
}

impl From<String> for Cannot {
    fn from(message: String) -> Self {
        Cannot::Read(message)
    }
}

fn write_limited(folder: &Path, about: About<'_>, sheet_rows: u32) -> Result<FileDigest, OutputError> {
    let path = folder.join(PAYMENTS);
    let io = |source| OutputError::Io { path: path.clone(), source };
    let failed = |why: Cannot| match why {
        Cannot::Write(XlsxError::IoError(source)) => io(source),
        Cannot::Write(error) => OutputError::Encode { file: PAYMENTS.to_owned(), message: error.to_string() },
        Cannot::Read(message) => OutputError::Encode { file: PAYMENTS.to_owned(), message },
    };
    // The library panics where a row that waits on disk cannot be written; its archive, which is small, is made
    // in memory, since it prints where a disk is full.
    let made =
        caught(|| made(folder, about, sheet_rows).and_then(|(mut book, rows)| Ok((book.save_to_buffer()?, rows))));
    let (bytes, rows) = match made {
        Ok(made) => made.map_err(failed)?,
        Err(said) => return Err(system(&said).map_or_else(|| failed(Cannot::Read(said.clone())), io)),
    };
    let mut file = private().create_new(true).open(&path).map_err(io)?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(io)?;
    let (size, sha256) = digest_of(&path).map_err(io)?;
    Ok(FileDigest { rows, size, sha256 })
}

/// The error of the system that a panic tells of, by its number: `Os { code: 28, kind: StorageFull, .. }`.
fn system(said: &str) -> Option<std::io::Error> {
    let number = said.split_once("code: ")?.1.split(|c: char| !c.is_ascii_digit()).next()?;
    number.parse().ok().map(std::io::Error::from_raw_os_error)
}

/// The workbook, and the rows of its lists.
fn made(folder: &Path, about: About<'_>, sheet_rows: u32) -> Result<(Workbook, u64), Cannot> {
    let mut book = Workbook::new();
    // Rows of big sheets wait in files without a name.
    book.set_tempdir(folder)?;
    // No clock: the same run gives the same bytes.
    let day = ExcelDateTime::from_ymd(2000, 1, 1)?;
    book.set_properties(&DocProperties::new().set_title("医疗救助支付清单").set_creation_datetime(&day));

    let columns = Columns::of(about);
    let mut channels = Channels::new(about, columns, sheet_rows);
    let mut sums = Sums::default();
    let mut people = People::open(folder)?;
    while let Some(person) = people.next()? {
        sums.take(person);
        channels.take(&mut book, person)?;
    }
    let channels = channels.finish()?;
    book.push_worksheet(summary::sheet(about, &sums, &channels)?);
    let rows = channels.rows();
    for sheet in channels.sheets {
        book.push_worksheet(sheet);
    }
    if about.payees.is_some() {
        book.push_worksheet(sheet::unpaid(&channels.without_payee)?);
    }
    book.push_worksheet(notes::sheet(about)?);
    Ok((book, rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::codebook::CodeBook;
    use crate::ledger::open::Source;
    use crate::output::access::Access;
    use crate::persons::store::DEFAULT_MEMORY;
    use crate::policy::Policy;
    use crate::policy::parameters::Parameters;
    use crate::run::progress::Silent;
    use crate::run::settle::{Papers, Settle, settle};
    use calamine::{Data, Reader as _, Xlsx};
    use std::path::PathBuf;

    #[test]
    fn a_list_that_is_too_long_for_a_sheet_goes_on_in_the_next() {
        let sample =
            |name: &str| Source::Path(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/sample").join(name));
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let run = Settle {
            ledger: vec![sample("ledger.parquet")],
            roster: Some(sample("roster.parquet")),
            policies: vec![Policy::load("weihai-2023").unwrap()],
            parameters: Parameters::shipped().unwrap(),
            book: CodeBook::load(None).unwrap(),
            renames: Default::default(),
            recorded_maf: Vec::new(),
            out: out.clone(),
            year: None,
            as_if: false,
            as_known: None,
            audit: false,
            orders: false,
            strict: false,
            force: false,
            mask: None,
            papers: Papers::default(),
            access: Access::Owner,
            allow_float: false,
            threads: 2,
            memory: DEFAULT_MEMORY,
        };
        let settled = settle(&run, &Silent).unwrap();
        let about = About { manifest: &settled.manifest, clauses: &settled.clauses, payees: None };
        let lists = |sheet_rows: u32| {
            let listed = write_limited(&out, about, sheet_rows).unwrap().rows;
            let path = out.join(PAYMENTS);
            let mut book: Xlsx<_> = calamine::open_workbook(&path).unwrap();
            let (mut persons, mut sheets) = (Vec::new(), 0);
            for name in book.sheet_names() {
                let range = book.worksheet_range(&name).unwrap();
                // The lists are those with a number in front of each person.
                let rows = range.rows().filter(|row| matches!(row[0], Data::Float(_)));
                let before = persons.len();
                persons.extend(rows.map(|row| format!("{row:?}")));
                if persons.len() > before {
                    sheets += 1;
                    assert!(range.end().unwrap().0 < sheet_rows, "{name} has more rows than a sheet holds");
                }
            }
            std::fs::remove_file(&path).unwrap();
            assert_eq!(persons.len() as u64, listed);
            (persons, sheets)
        };
        let (whole, sheets) = lists(SHEET_ROWS);
        let (split, more) = lists(HEAD_ROWS_AND_TAIL + 4);
        assert!(whole.len() > 12 && more > sheets + 1, "{} rows, {more} sheets for {sheets}", whole.len());
        assert_eq!(split, whole, "the same rows with the same numbers, on more sheets");
    }

    /// What a sheet needs beside persons.
    const HEAD_ROWS_AND_TAIL: u32 = 8;
}

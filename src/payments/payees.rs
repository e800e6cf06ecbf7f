//! Who is paid where: a file of the bureau's own, as XLSX, CSV or Parquet, with one row a person.

use crate::lang::{Told, io};
use crate::output::parquet_file::hex;
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use calamine::{Data, Reader, Xlsx};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// The columns, each with the heads by which it is known.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("psn_no", &["psn_no", "人员编号", "个人编号", "人员ID"]),
    ("psn_name", &["psn_name", "name", "姓名", "收款人", "收款人姓名"]),
    ("certno", &["certno", "certificate", "证件号码", "身份证号", "身份证号码"]),
    ("bank", &["bank", "开户银行", "开户行"]),
    ("bankacct", &["bankacct", "account", "银行账号", "银行卡号", "账号"]),
];

/// Rows among which the heads are looked for.
const HEAD_WITHIN: usize = 20;

/// Numbers of this size and more have lost digits in a spreadsheet.
const LOST: f64 = 1e15;

/// Why a file of payees cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum PayeesError {
    /// It cannot be read.
    #[error("{path}: {source}\n  check the path and the access rights", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is none of the three kinds, or damaged.
    #[error("{path}: {message}\n  export the payees as XLSX, CSV (UTF-8 or GB18030) or Parquet", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        message: String,
    },
    /// A column is not there.
    #[error("{path}: no column `{name}`\n  the first rows must hold the heads 人员编号, 姓名, 证件号码, 开户银行, 银行账号", path = path.display())]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// Name of the column.
        name: &'static str,
    },
    /// A row is about nobody.
    #[error("{path}, row {row}: no person's number\n  fill it in, or delete the row", path = path.display())]
    Nobody {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
    },
    /// A person stands there twice with different entries.
    #[error("{path}, rows {first} and {second}: one person with different entries\n  leave the right one", path = path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The earlier row, from 1.
        first: u64,
        /// The later one.
        second: u64,
    },
    /// A number that is no longer exact.
    #[error("{path}, row {row}, column {name}: a number whose digits are lost\n  format the column as text, enter it again, and save", path = path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
        /// Name of the column.
        name: &'static str,
    },
    /// Letters that are no letters.
    #[error("{path}, row {row}: letters that cannot be read\n  save the file as UTF-8 or GB18030", path = path.display())]
    Letters {
        /// The file.
        path: PathBuf,
        /// The row, from 1.
        row: u64,
    },
}

impl Told for PayeesError {
    fn zh(&self) -> String {
        match self {
            PayeesError::Io { path, source } => {
                format!("{}：{}\n  请核对路径和访问权限", path.display(), io(source))
            }
            PayeesError::Unreadable { path, message } => {
                format!(
                    "{}：无法读取：{message}\n  请将收款信息导出为 XLSX、CSV（UTF-8 或 GB18030）或 Parquet",
                    path.display()
                )
            }
            PayeesError::MissingColumn { path, name } => format!(
                "{}：缺少列 `{name}`\n  前几行中须有表头：人员编号、姓名、证件号码、开户银行、银行账号",
                path.display()
            ),
            PayeesError::Nobody { path, row } => {
                format!("{} 第 {row} 行：没有人员编号\n  请补填，或删除该行", path.display())
            }
            PayeesError::Twice { path, first, second } => {
                format!("{} 第 {first} 行和第 {second} 行：同一人员的信息不同\n  请只保留正确的一行", path.display())
            }
            PayeesError::Lost { path, row, name } => format!(
                "{} 第 {row} 行 `{name}` 列：是数字，位数已丢失\n  请将该列设为文本格式后重新录入并保存",
                path.display()
            ),
            PayeesError::Letters { path, row } => {
                format!("{} 第 {row} 行：有无法识别的文字\n  请将文件另存为 UTF-8 或 GB18030", path.display())
            }
        }
    }
}

/// Where a person is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payee {
    /// Name.
    pub name: String,
    /// Number of the certificate.
    pub certificate: String,
    /// Bank.
    pub bank: String,
    /// Account.
    pub account: String,
}

/// Payees by person. Looked up only, never walked through.
#[derive(Debug)]
pub struct Payees {
    by: HashMap<String, (u64, Payee)>,
    /// Rows of the file.
    pub rows: u64,
    /// Its bytes.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: String,
}

/// A cell of any of the files.
enum Cell {
    Text(String),
    /// A number that is not exact any more.
    Lost,
}

impl Payees {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PayeesError`].
    pub fn read(path: &Path) -> Result<Self, PayeesError> {
        let bytes = std::fs::read(path).map_err(|source| PayeesError::Io { path: path.to_owned(), source })?;
        let (size, sha256) = (bytes.len() as u64, hex(&Sha256::digest(&bytes)));
        let unreadable = |message: String| PayeesError::Unreadable { path: path.to_owned(), message };
        let rows = match &bytes[..] {
            [b'P', b'K', 3, 4, ..] => sheet(bytes).map_err(|e| unreadable(e.to_string()))?,
            [b'P', b'A', b'R', b'1', ..] => table(bytes).map_err(unreadable)?,
            _ => text(&bytes).map_err(|e| unreadable(e.to_string()))?,
        };
        let (by, rows) = gather(path, rows)?;
        Ok(Self { by, rows, size, sha256 })
    }

    /// Where a person is paid, if it is known.
    pub fn of(&self, psn_no: &str) -> Option<&Payee> {
        self.by.get(psn_no).map(|(_, payee)| payee).filter(|p| !p.name.is_empty() && !p.account.is_empty())
    }
}

/// Rows of the first sheet.
fn sheet(bytes: Vec<u8>) -> Result<Vec<Vec<Cell>>, calamine::XlsxError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
    let Some(range) = book.worksheet_range_at(0) else { return Ok(Vec::new()) };
    let range = range?;
    // Rows are told as a spreadsheet numbers them.
    let above = range.start().map_or(0, |(row, _)| row);
    let cell = |data: &Data| match data {
        Data::Float(number) => whole(*number),
        Data::Int(number) => Cell::Text(number.to_string()),
        other => Cell::Text(other.to_string()),
    };
    let blank = (0..above).map(|_| Vec::new());
    Ok(blank.chain(range.rows().map(|row| row.iter().map(cell).collect())).collect())
}

fn whole(number: f64) -> Cell {
    if number.fract() == 0.0 && number.abs() < LOST { Cell::Text(format!("{number:.0}")) } else { Cell::Lost }
}

/// Rows of a Parquet file, its heads first.
fn table(bytes: Vec<u8>) -> Result<Vec<Vec<Cell>>, String> {
    use crate::ledger::open::guarded;
    let read = guarded("payees", None, || {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))?.build()?;
        reader.collect::<Result<Vec<_>, _>>().map_err(Into::into)
    });
    let mut rows = Vec::new();
    for batch in read.map_err(|e| e.to_string())? {
        if rows.is_empty() {
            rows.push(batch.schema().fields().iter().map(|f| Cell::Text(f.name().clone())).collect());
        }
        let columns = batch.columns().iter().map(|c| cast(c, &DataType::Utf8)).collect::<Result<Vec<_>, _>>();
        let columns = columns.map_err(|e| e.to_string())?;
        let text = |column: &arrow::array::ArrayRef, row: usize| {
            let texts = column.as_string::<i32>();
            Cell::Text(if arrow::array::Array::is_null(texts, row) {
                String::new()
            } else {
                texts.value(row).to_owned()
            })
        };
        rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|c| text(c, row)).collect()));
    }
    Ok(rows)
}

/// Rows of a text file.
fn text(bytes: &[u8]) -> Result<Vec<Vec<Cell>>, csv::Error> {
    let encoding = match std::str::from_utf8(bytes) {
        Ok(_) => encoding_rs::UTF_8,
        Err(_) => encoding_rs::GB18030,
    };
    // A mark at the start goes before what was guessed.
    let (text, ..) = encoding.decode(bytes);
    let start: String = text.lines().take(HEAD_WITHIN).collect();
    let delimiter = [b',', b'\t', b';'].into_iter().max_by_key(|d| (start.matches(char::from(*d)).count(), *d == b','));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(text.as_bytes());
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for record in reader.records() {
        let record = record?;
        // Blank lines are no records; rows are told as an editor numbers them.
        let line = record.position().map_or(0, |p| p.line() as usize);
        rows.resize_with(line.saturating_sub(1).max(rows.len()), Vec::new);
        rows.push(record.iter().map(|cell| Cell::Text(cell.to_owned())).collect());
    }
    Ok(rows)
}

/// A cell without what exports put around texts to keep them texts.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let unwrapped = text.strip_prefix("=\"").and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    unwrapped.strip_prefix('\'').unwrap_or(unwrapped).trim()
}

type ByPerson = HashMap<String, (u64, Payee)>;

fn gather(path: &Path, rows: Vec<Vec<Cell>>) -> Result<(ByPerson, u64), PayeesError> {
    let path = || path.to_owned();
    let head = |cell: &Cell, names: &[&str]| match cell {
        Cell::Text(text) => names.iter().any(|name| name.eq_ignore_ascii_case(bare(text))),
        Cell::Lost => false,
    };
    let at_of = |row: &[Cell], names: &[&str]| row.iter().position(|cell| head(cell, names));
    let known = |row: &[Cell]| COLUMNS.iter().filter(|(_, names)| at_of(row, names).is_some()).count();
    // The first of the rows that know most heads.
    let best = (0..rows.len().min(HEAD_WITHIN)).rev().max_by_key(|at| known(&rows[*at]));
    let heads = best.map_or(&[][..], |at| &rows[at]);
    let mut columns = [0; COLUMNS.len()];
    for (column, (name, names)) in columns.iter_mut().zip(COLUMNS) {
        *column = at_of(heads, names).ok_or_else(|| PayeesError::MissingColumn { path: path(), name })?;
    }
    let mut by = ByPerson::new();
    let mut read = 0;
    for (number, row) in rows.iter().enumerate().skip(best.map_or(0, |at| at + 1)) {
        let number = number as u64 + 1;
        let mut cells: [String; COLUMNS.len()] = Default::default();
        for ((cell, at), (name, _)) in cells.iter_mut().zip(columns).zip(COLUMNS) {
            match row.get(at) {
                Some(Cell::Text(text)) => bare(text).clone_into(cell),
                Some(Cell::Lost) => return Err(PayeesError::Lost { path: path(), row: number, name }),
                None => {}
            }
        }
        if cells.iter().all(String::is_empty) {
            continue;
        }
        if cells.iter().any(|cell| cell.contains(char::REPLACEMENT_CHARACTER)) {
            return Err(PayeesError::Letters { path: path(), row: number });
        }
        let [psn_no, name, certificate, bank, account] = cells;
        if psn_no.is_empty() {
            return Err(PayeesError::Nobody { path: path(), row: number });
        }
        read += 1;
        let payee = Payee { name, certificate, bank, account };
        match by.get(&psn_no) {
            Some((first, other)) if *other != payee => {
                return Err(PayeesError::Twice { path: path(), first: *first, second: number });
            }
            Some(_) => {}
            None => {
                by.insert(psn_no, (number, payee));
            }
        }
    }
    Ok((by, read))
}

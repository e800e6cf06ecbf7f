//! A folder to work in: ledgers and rosters are put there, a run is made, and its outputs are read.

use crate::support::contract::{Kind, ROSTER, kind_of};
use crate::support::program::{self, Outcome, Settle, onestop};
use crate::support::table::{self, Row, Table, columns_of};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use tempfile::TempDir;

/// The policy of runs that name none: three layers, two of its classes easy to compute by hand.
pub const POLICY: &str = "weihai-2023";

/// A folder that is gone after the test.
pub struct Desk(TempDir);

impl Desk {
    /// An empty desk.
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder to work in"))
    }

    /// A desk with a ledger and, where it has rows, a roster.
    pub fn with(ledger: &[Row], roster: &[Row]) -> Self {
        let desk = Self::new();
        desk.ledger("ledger.parquet", ledger);
        if !roster.is_empty() {
            desk.roster(roster);
        }
        desk
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A place on the desk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A place on the desk as it is typed.
    pub fn typed(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file.
    pub fn text(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file on the desk");
        path
    }

    /// Makes a folder.
    pub fn make_folder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir(&path).expect("a folder on the desk");
        path
    }

    /// Writes a ledger of the columns that its rows name.
    pub fn ledger(&self, name: &str, rows: &[Row]) -> PathBuf {
        let path = self.path(name);
        table::write(&path, &columns_of(rows), rows);
        path
    }

    /// Writes `roster.parquet` with all columns of a roster.
    pub fn roster(&self, rows: &[Row]) -> PathBuf {
        let path = self.path("roster.parquet");
        table::write(&path, &typed(ROSTER), rows);
        path
    }

    /// A quiet run over `ledger.parquet` and, if it lies there, `roster.parquet`, under [`POLICY`].
    pub fn settle(&self) -> Settle {
        self.settle_under(POLICY)
    }

    /// The same under another policy.
    pub fn settle_under(&self, policy: &str) -> Settle {
        let settle = Settle::ledger(&self.path("ledger.parquet")).policy(policy);
        let roster = self.path("roster.parquet");
        if roster.exists() { settle.roster(&roster) } else { settle }
    }

    /// Runs it with the outputs in `out`.
    pub fn run(&self, settle: Settle) -> Outcome {
        settle.into_folder(&self.path("out"))
    }

    /// Runs it and insists that all went well.
    pub fn done(&self, settle: Settle) {
        let outcome = self.run(settle);
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    }

    /// A table of the outputs.
    pub fn read(&self, name: &str) -> Table {
        table::read(&self.path("out").join(name).with_extension("parquet")).unwrap_or_else(|e| panic!("{e}"))
    }

    /// Settles what [`generated`] left in `made` into a folder.
    pub fn settle_made(&self, policy: &str, out: &str, more: &str) {
        let [made, out] = ["made", out].map(|n| self.typed(n));
        let inputs = format!("{made}/ledger.parquet --roster {made}/roster.parquet");
        succeeds(&format!("settle {inputs} --policy {policy} --out {out} --quiet {more}"));
    }

    /// The manifest of the outputs.
    pub fn manifest(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.path("out").join("manifest.json")).expect("a manifest");
        serde_json::from_str(&text).expect("the manifest is JSON")
    }

    /// Everything that lies on the desk, hidden or not.
    pub fn names(&self) -> Vec<String> {
        names_in(self.folder())
    }
}

/// A desk with a generated ledger and roster in `made`.
pub fn generated(policy: &str, persons: u32, year: i32, seed: u32) -> Desk {
    let desk = Desk::new();
    let who = format!("--policy {policy} --persons {persons} --year {year} --seed {seed}");
    let outcome = succeeds(&format!("generate {who} --out {} --quiet", desk.typed("made")));
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""), "{who}");
    desk
}

/// Everything in a folder, hidden or not, by name.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Runs a command line as it is typed; blanks separate the words.
pub fn typed_line(line: &str) -> Outcome {
    onestop(line.split_whitespace())
}

/// Runs a command line and insists that all went well.
pub fn succeeds(line: &str) -> Outcome {
    let outcome = typed_line(line);
    assert_eq!(outcome.code, Some(0), "{line}\n{}", outcome.stderr);
    outcome
}

/// Runs a command line in a folder.
pub fn typed_in(folder: &Path, line: &str) -> Outcome {
    typed_amid(folder, &[], line)
}

/// The same in a world of other environment variables (none: it is not set), and another folder.
pub fn typed_amid(folder: &Path, environment: &[(&str, Option<&str>)], line: &str) -> Outcome {
    let mut command = program::command();
    command.args(line.split_whitespace()).current_dir(folder);
    for (name, value) in environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    outcome(command.output().expect("a start"))
}

/// The same, and whether rows were seen to wait on disk.
pub fn watched(line: &str) -> (Outcome, bool) {
    let mut command = program::command();
    command.args(line.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a start");
    let open = PathBuf::from(format!("/proc/{}/fd", child.id()));
    let mut spilled = false;
    while child.try_wait().expect("a child").is_none() {
        // The file is unlinked as soon as it is made, but it stays open to the end.
        let files = std::fs::read_dir(&open).into_iter().flatten().flatten();
        let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
        spilled |= links.into_iter().any(|link| link.to_string_lossy().contains("rows.spill"));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    (outcome(child.wait_with_output().expect("its end")), spilled)
}

fn outcome(output: Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Columns of the contract with their types.
pub fn typed<'a>(columns: &[&'a str]) -> Vec<(&'a str, Kind)> {
    columns.iter().map(|c| (*c, kind_of(c).unwrap_or_else(|| panic!("`{c}` is no column")))).collect()
}

/// Changes to a row, one after the other.
pub trait Edit: Sized {
    /// With a value.
    fn with(self, column: &str, value: &str) -> Self;
    /// With null in place of a value.
    fn without(self, column: &str) -> Self;
}

impl Edit for Row {
    fn with(mut self, column: &str, value: &str) -> Self {
        self.insert(column.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, column: &str) -> Self {
        self.remove(column);
        self
    }
}

fn row(cells: &[(&str, &str)]) -> Row {
    cells.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
}

/// A resident's stay in March 2023: fee 10 000, within scope 8 000, basic insurance 5 000, so that 3 000
/// are left. As `tekun` or `dibao` 70 % of them are paid, 2 100, and 2 900 of the fee stay with the person.
pub fn stay(psn_no: &str, setl_id: &str) -> Row {
    row(&[
        ("psn_no", psn_no),
        ("setl_id", setl_id),
        ("setl_time", "2023-03-01T10:00:00"),
        ("insutype", "390"),
        ("care", "inpatient"),
        ("medfee_sumamt", "10000"),
        ("inscp_scp_amt", "8000"),
        ("hifp_pay", "5000"),
    ])
}

/// A refund of [`stay`] a month later.
pub fn refund(psn_no: &str, setl_id: &str) -> Row {
    stay(psn_no, setl_id)
        .with("setl_time", "2023-04-01T10:00:00")
        .with("medfee_sumamt", "-10000")
        .with("inscp_scp_amt", "-8000")
        .with("hifp_pay", "-5000")
        .with("refd_setl_flag", "1")
}

/// An identity from the first of January 2023 on.
pub fn holds(psn_no: &str, identity: &str) -> Row {
    row(&[("psn_no", psn_no), ("identity", identity), ("begndate", "2023-01-01")])
}

/// The values of some columns of every row, null as nothing.
pub fn cells<'a>(table: &'a Table, columns: &[&str]) -> Vec<Vec<&'a str>> {
    table.rows.iter().map(|row| columns.iter().map(|c| row.get(*c).map_or("", String::as_str)).collect()).collect()
}

/// A Parquet file as one batch.
pub fn batch(path: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a file")).expect("Parquet");
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader.build().expect("a reader").map(|b| b.expect("a batch")).collect();
    concat_batches(&schema, &batches).expect("one schema")
}

/// Writes a batch as it is.
pub fn lay(path: &Path, rows: &RecordBatch) {
    let mut writer = ArrowWriter::try_new(File::create(path).expect("a file"), rows.schema(), None).expect("a writer");
    writer.write(rows).expect("rows are written");
    writer.close().expect("the file is closed");
}

/// A ledger or roster as Arrow columns, to be brought into another form.
#[derive(Clone)]
pub struct Sheet(Vec<(String, ArrayRef)>);

impl Sheet {
    /// No columns yet.
    pub fn blank() -> Self {
        Self(Vec::new())
    }

    /// The columns that the rows name, in the contract's usual types.
    pub fn of(rows: &[Row]) -> Self {
        let desk = Desk::new();
        let batch = batch(&desk.ledger("rows.parquet", rows));
        let schema = batch.schema();
        let named = schema.fields().iter().zip(batch.columns());
        Self(named.map(|(field, column)| (field.name().clone(), column.clone())).collect())
    }

    /// A column.
    pub fn column(&self, name: &str) -> ArrayRef {
        let found = self.0.iter().find(|(n, _)| n == name);
        found.unwrap_or_else(|| panic!("no column `{name}`")).1.clone()
    }

    /// Puts a column in the place of one of that name, or behind the others.
    pub fn put(mut self, name: &str, column: ArrayRef) -> Self {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = column,
            None => self.0.push((name.to_owned(), column)),
        }
        self
    }

    /// Puts a column behind the others, whatever their names.
    pub fn add(mut self, name: &str, column: ArrayRef) -> Self {
        self.0.push((name.to_owned(), column));
        self
    }

    /// Brings a column into another type.
    pub fn cast(self, name: &str, to: &DataType) -> Self {
        let column = cast(&self.column(name), to).unwrap_or_else(|e| panic!("`{name}` as {to}: {e}"));
        self.put(name, column)
    }

    /// Brings every column of one type into another.
    pub fn cast_all(self, from: &DataType, to: &DataType) -> Self {
        let names: Vec<String> = self.0.iter().filter(|(_, c)| c.data_type() == from).map(|(n, _)| n.clone()).collect();
        assert!(!names.is_empty(), "no column of type {from}");
        names.iter().fold(self, |sheet, name| sheet.cast(name, to))
    }

    /// Calls a column by another name.
    pub fn rename(mut self, name: &str, theirs: &str) -> Self {
        let column = self.0.iter_mut().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no column `{name}`"));
        theirs.clone_into(&mut column.0);
        self
    }

    /// Leaves a column out.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(n, _)| n != name);
        self
    }

    /// The first rows only, down to none.
    pub fn head(self, rows: usize) -> Self {
        Self(self.0.into_iter().map(|(name, column)| (name, column.slice(0, rows))).collect())
    }

    /// Names of the columns, as the program lists them.
    pub fn list(&self) -> String {
        self.0.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Writes it as Parquet.
    pub fn write(&self, path: &Path, properties: WriterProperties) {
        let fields = self.0.iter().map(|(name, c)| Field::new(name, c.data_type().clone(), true)).collect::<Vec<_>>();
        let schema = Arc::new(Schema::new(fields));
        let columns = self.0.iter().map(|(_, c)| c.clone()).collect();
        let batch = RecordBatch::try_new(schema.clone(), columns).expect("columns of one length");
        let file = File::create(path).expect("a file on the desk");
        let mut writer = ArrowWriter::try_new(file, schema, Some(properties)).expect("a Parquet writer");
        writer.write(&batch).expect("rows are written");
        writer.close().expect("the file is closed");
    }

    /// Puts it on a desk.
    pub fn lay(&self, desk: &Desk, name: &str) -> PathBuf {
        let path = desk.path(name);
        self.write(&path, WriterProperties::default());
        path
    }
}

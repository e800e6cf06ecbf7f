//! Whole runs of the program: the same bytes, whatever the order of rows and files, the threads and the
//! memory; and no row of the ledger lost.

#[path = "batches.rs"]
mod batches;

use super::support::contract::PARTS;
use super::support::laws;
use super::support::program::{Outcome, onestop};
use super::support::table::{self, Row};
use arrow::array::{
    ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, RecordBatchReader, StringArray, UInt32Array,
};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use onestop::ledger::codebook::CodeBook;
use onestop::ledger::open::Source;
use onestop::ledger::schema::Renames;
use onestop::model::date;
use onestop::output::access::Access;
use onestop::persons::partition::PARTITION_ROWS;
use onestop::persons::store::DEFAULT_MEMORY;
use onestop::policy::parameters::Parameters;
use onestop::policy::{Policy, SHIPPED};
use onestop::run::progress::{Progress, Step};
use onestop::run::settle::{Papers, Settle, settle};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

#[test]
fn weihai_2023_gives_the_same_bytes_however_the_ledger_comes() {
    a_few_hundred_persons("weihai-2023", 2024);
}

#[test]
fn weihai_etdz_2017_gives_the_same_bytes_however_the_ledger_comes() {
    a_few_hundred_persons("weihai-etdz-2017", 2021);
}

#[test]
fn erenhot_2023_gives_the_same_bytes_however_the_ledger_comes() {
    a_few_hundred_persons("erenhot-2023", 2024);
}

#[test]
fn jincheng_2023_gives_the_same_bytes_however_the_ledger_comes() {
    a_few_hundred_persons("jincheng-2023", 2025);
}

/// Enough persons for several ranges, which the workers settle side by side.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn several_ranges_of_persons_give_the_same_bytes_however_the_ledger_comes() {
    let desk = Desk::new("jincheng-2023", 2024, 5, 26_000);
    assert!(desk.rows as u64 > 2 * PARTITION_ROWS, "{} rows are no three ranges", desk.rows);
    runs_agree(&desk);
}

/// A policy that changes in mid-year, with grants that look back over the border.
#[test]
fn two_policies_of_a_year_give_the_same_bytes_however_the_ledger_comes() {
    for seed in 1..3 {
        let mut desk = Desk::new("weihai-2023", 2024, seed, 300);
        desk.policy = desk.halves("weihai-2023", ("2023-01-01", "2024-05-31"), ("2024-06-01", "2027-12-31"));
        let together = runs_agree(&desk);
        lawful(&together, desk.rows);
        // A charge year under both policies is one row, with what is charged to it under either.
        let of = |name: &str| read_table(&together[&format!("{name}.parquet")]).rows;
        for column in PARTS {
            let sums = |rows: Vec<Row>| {
                let mut sums: BTreeMap<[String; 2], i128> = BTreeMap::new();
                for row in rows.iter().filter(|row| row.get("status").is_none_or(|status| status != "reversed")) {
                    let key = ["psn_no", "charge_year"].map(|name| row[name].clone());
                    *sums.entry(key).or_default() += table::fen(&row[*column]).expect("an amount");
                }
                sums
            };
            assert_eq!(sums(of("settlement")), sums(of("persons")), "seed {seed}: {column}");
        }
        // Each policy by itself settles the same claims in the same way, and rejects the others'.
        let halves: Vec<String> = desk.policy.split(',').map(str::to_owned).collect();
        let apart = halves.into_iter().zip(["early", "late"]).map(|(policy, name)| {
            desk.policy = policy;
            desk.settle(name, std::slice::from_ref(&desk.ledger), &desk.roster, &[])
        });
        let apart: Vec<Folder> = apart.collect();
        for name in ["settlement", "audit", "alerts"] {
            let rows = |folder: &Folder| read_table(&folder[&format!("{name}.parquet")]).rows;
            let mut whole = rows(&together);
            let mut parts: Vec<Row> = apart.iter().flat_map(rows).collect();
            // What is reversed is so under either, whichever day it stands on.
            parts.sort();
            parts.dedup_by(|a, b| a == b && a.get("status").is_some_and(|status| status == "reversed"));
            whole.sort();
            assert!(whole == parts, "seed {seed}: {name} is not that of its parts");
        }
    }
}

/// Rows in the order of persons do not wait, and rows in any other order do: else the runs above would
/// compare one way of settling with itself.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn rows_wait_only_where_persons_are_not_together() {
    let desk = Desk::new("weihai-2023", 2024, 6, 26_000);
    let ordered = desk.in_order_of_persons(2);
    assert_eq!(desk.steps(&ordered, 2), [Step::Survey, Step::Settle]);
    assert_eq!(desk.steps(&[desk.shuffled().ledger], 2), [Step::Survey, Step::Read, Step::Settle]);
    let one = desk.settle("ordered", &ordered, &desk.roster, &[]);
    let other = desk.settle("as-made", std::slice::from_ref(&desk.ledger), &desk.roster, &[]);
    same_but_for_places(&other, &one, "whole numbers for ids, in order");
}

/// Two policies of one year over several ranges: settled as they are read, rows give what they give after
/// they have waited.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn two_policies_give_the_same_bytes_whether_rows_wait_or_not() {
    let mut desk = Desk::new("weihai-2023", 2024, 7, 26_000);
    desk.policy = desk.halves("weihai-2023", ("2023-01-01", "2024-05-31"), ("2024-06-01", "2027-12-31"));
    let (ordered, shuffled) = (desk.in_order_of_persons(2), desk.shuffled().ledger);
    assert_eq!(desk.steps(&ordered, 2), [Step::Survey, Step::Settle]);
    let plain = desk.settle("shuffled", &[shuffled], &desk.roster, &[]);
    for threads in ["1", "2", "7"] {
        let one = desk.settle(&format!("ordered-{threads}"), &ordered, &desk.roster, &["--threads", threads]);
        same_but_for_places(&plain, &one, &format!("in order, {threads} threads"));
    }
}

/// Settles small ledgers, looks at what came out, and settles them in other ways.
fn a_few_hundred_persons(policy: &str, year: i32) {
    let seeds = if cfg!(debug_assertions) { 1..2 } else { 1..4 };
    for seed in seeds {
        let desk = Desk::new(policy, year, seed, 300);
        lawful(&runs_agree(&desk), desk.rows);
    }
}

/// Settles a ledger in several ways and compares every byte; the outputs.
fn runs_agree(desk: &Desk) -> Folder {
    let what = |how: &str| format!("{}, seed {}, {how}", desk.policy, desk.seed);
    let plain = desk.settle("plain", std::slice::from_ref(&desk.ledger), &desk.roster, &["--threads", "1"]);
    let counts = &findings(&plain["manifest.json"])["counts"];
    let count = |name: &str| counts[name].as_u64().expect("a count");
    assert_eq!(count("settlement_rows") + count("ledger_rejects"), desk.rows as u64, "{}", what("no row is lost"));
    for threads in ["2", "7"] {
        let again = desk.settle(threads, std::slice::from_ref(&desk.ledger), &desk.roster, &["--threads", threads]);
        same_bytes(&plain, &again, &what(&format!("{threads} threads")));
    }
    let shuffled = desk.shuffled();
    let one = desk.settle("shuffled", &[shuffled.ledger], &shuffled.roster, &["--threads", "7"]);
    same_but_for_places(&plain, &one, &what("rows in another order"));
    // Little memory: rows wait on disk.
    let options = ["--threads", "2", "--memory", "64K"];
    let many = desk.settle("split", &shuffled.pieces, &desk.roster, &options);
    same_but_for_places(&plain, &many, &what("in several files"));
    // Rows in the order of persons are settled as they are read.
    for pieces in [1, 5] {
        let ledger = desk.in_order_of_persons(pieces);
        for threads in ["1", "2", "7"] {
            let name = format!("in-order-{pieces}-{threads}");
            let one = desk.settle(&name, &ledger, &desk.roster, &["--threads", threads]);
            same_but_for_places(&plain, &one, &what(&format!("in order, {pieces} files, {threads} threads")));
        }
    }
    // So are batches of any size, by whoever has them.
    for most in [3, 1_000, 100_000] {
        if most > 100 || desk.rows < 50_000 {
            batches::agree(desk, &plain, most, &what(&format!("batches of at most {most} rows")));
        }
    }
    plain
}

/// Outputs by name.
type Folder = BTreeMap<String, Vec<u8>>;

/// What holds of every run, and the order of the persons.
fn lawful(folder: &Folder, ledger_rows: usize) {
    let table = |name: &str| read_table(&folder[&format!("{name}.parquet")]);
    let (settlement, rejects, persons) = (table("settlement"), table("rejects"), table("persons"));
    assert_eq!(laws::every_row_once(ledger_rows, &settlement, &rejects), Vec::<String>::new());
    assert_eq!(laws::conservation(&settlement), Vec::<String>::new());
    assert_eq!(laws::audit_adds_up(&settlement, &table("audit")), Vec::<String>::new());
    assert!(rejects.rows.len() > 20, "only {} rejects", rejects.rows.len());
    let years: Vec<(Id, &str)> = persons.rows.iter().map(|r| (id(r, "psn_no"), r["charge_year"].as_str())).collect();
    assert!(years.is_sorted_by(|a, b| a < b), "persons come in order, each year once");
    let claims: Vec<_> =
        settlement.rows.iter().map(|r| (id(r, "psn_no"), r["setl_time"].as_str(), id(r, "setl_id"))).collect();
    assert!(claims.is_sorted(), "claims come in order");
}

/// An id as it sorts: whole numbers by value, text by its bytes.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Id<'a> {
    Number(i64),
    Text(&'a str),
}

fn id<'a>(row: &'a Row, column: &str) -> Id<'a> {
    row[column].parse().map_or(Id::Text(&row[column]), Id::Number)
}

/// The same files: every output is the same, the manifest as well.
fn same_bytes(one: &Folder, other: &Folder, what: &str) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in one {
        assert!(*bytes == other[name], "{what}: {name} differs");
    }
}

/// Rows that stand elsewhere: every output is the same but for `file` and `row` of the rejects, and the
/// manifest but for what it says of the inputs and the digest of that one file.
fn same_but_for_places(one: &Folder, other: &Folder, what: &str) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{what}");
    for (name, bytes) in one {
        match name.as_str() {
            "rejects.parquet" => assert_eq!(reasons(bytes), reasons(&other[name]), "{what}: rejects"),
            "manifest.json" => assert_eq!(findings(bytes), findings(&other[name]), "{what}: manifest"),
            _ => assert!(*bytes == other[name], "{what}: {name} differs"),
        }
    }
}

fn reasons(rejects: &[u8]) -> Vec<Row> {
    let mut rows = read_table(rejects).rows;
    rows.iter_mut().for_each(|row| row.retain(|column, _| column != "file" && column != "row"));
    rows
}

fn findings(manifest: &[u8]) -> Value {
    let mut manifest: Value = serde_json::from_slice(manifest).expect("the manifest is JSON");
    assert!(manifest["inputs"].take().is_array());
    assert!(manifest["outputs"]["rejects.parquet"].take().is_object());
    manifest
}

fn read_table(bytes: &[u8]) -> table::Table {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), bytes).expect("the file is written");
    table::read(file.path()).expect("Parquet")
}

// --- Ledgers -----------------------------------------------------------------------------------------

/// A synthetic ledger and roster, with more faults than they come with.
struct Desk {
    folder: tempfile::TempDir,
    policy: String,
    seed: u64,
    ledger: PathBuf,
    roster: PathBuf,
    rows: usize,
}

/// The same rows in another order, whole and in pieces.
struct Shuffled {
    ledger: PathBuf,
    pieces: Vec<PathBuf>,
    roster: PathBuf,
}

impl Desk {
    fn new(policy: &str, year: i32, seed: u64, persons: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let made = folder.path().join("made");
        let [persons, of, number] = [persons, year as u64, seed].map(|n| n.to_string());
        let out = made.display().to_string();
        let options = ["--policy", policy, "--persons", &persons, "--year", &of, "--seed", &number, "--out", &out];
        succeeded(&onestop(["generate", "--quiet"].iter().chain(&options)));
        let (claims, roster) = (read(&made.join("ledger.parquet")), read(&made.join("roster.parquet")));
        let others = muddled(&roster, &["psn_no"], 200, seed);
        let mut roster = concat(&[roster, others.clone(), applications(&others, year, seed)]);
        let muddled = [&["psn_no", "setl_id"][..], &["psn_no", "setl_id", "setl_time"]]
            .map(|whose| muddled(&claims, whose, 60, seed));
        let mut claims = concat(&[&[claims], &muddled[..]].concat());
        if seed.is_multiple_of(2) {
            (claims, roster) = (numbered(&claims), numbered(&roster));
        }
        let [ledger, list] = ["ledger.parquet", "roster.parquet"].map(|name| folder.path().join(name));
        write(&ledger, &claims);
        write(&list, &roster);
        Self { folder, policy: policy.to_owned(), seed, ledger, roster: list, rows: claims.num_rows() }
    }

    /// A shipped policy as two that follow each other, with its identities the other way round in the
    /// second; what `--policy` names.
    fn halves(&self, id: &str, first: (&str, &str), second: (&str, &str)) -> String {
        let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == id).expect("it is shipped");
        let line = |key: &str| text.lines().find(|l| l.starts_with(key)).expect("a line of the header");
        let (from, until, order) = (line("from = "), line("until = "), line("listed_order = "));
        let (open, close) = (order.find('[').expect("a list") + 1, order.rfind(']').expect("a list"));
        let mut listed: Vec<&str> = order[open..close].split(", ").collect();
        let half = |name: &str, dates: (&str, &str), listed: &[&str]| {
            let half = text
                .replace(&format!("id = \"{id}\""), &format!("id = \"{name}\""))
                .replace(from, &format!("from = {}", dates.0))
                .replace(until, &format!("until = {}", dates.1))
                .replace(order, &format!("listed_order = [{}]", listed.join(", ")));
            let path = self.folder.path().join(name).with_extension("toml");
            fs::write(&path, half).expect("the policy is written");
            path.display().to_string()
        };
        let early = half("early", first, &listed);
        listed.reverse();
        format!("{early},{}", half("late", second, &listed))
    }

    fn shuffled(&self) -> Shuffled {
        let path = |name: String| self.folder.path().join(name);
        let (rows, roster) = (shuffled(&read(&self.ledger), self.seed), shuffled(&read(&self.roster), self.seed));
        let (ledger, list) = (path("shuffled.parquet".into()), path("shuffled-roster.parquet".into()));
        write(&ledger, &rows);
        write(&list, &roster);
        // Pieces of unlike size, one of them empty, in no order of name or content.
        let count = rows.num_rows();
        let cuts = [0, 1, 1, count / 7, count / 2, count];
        let piece = |(n, cut): (usize, &[usize])| {
            let file = path(format!("piece-{}.parquet", (n * 3 + 1) % 5));
            write(&file, &rows.slice(cut[0], cut[1] - cut[0]));
            file
        };
        Shuffled { ledger, pieces: cuts.windows(2).enumerate().map(piece).collect(), roster: list }
    }

    /// The same rows by person, each person's in any order, in so many files; rows of nobody stand anywhere.
    fn in_order_of_persons(&self, pieces: usize) -> Vec<PathBuf> {
        let rows = shuffled(&read(&self.ledger), self.seed + 1);
        let ids = rows.column_by_name("psn_no").expect("psn_no");
        let keys: Vec<Option<PersonKey>> = match ids.data_type() {
            DataType::Int64 => ids.as_primitive::<Int64Type>().iter().map(|id| id.map(PersonKey::Number)).collect(),
            _ => ids.as_string::<i32>().iter().map(|id| id.map(|id| PersonKey::Text(id.to_owned()))).collect(),
        };
        let nobody = |row: &u32| keys[*row as usize].as_ref().is_none_or(PersonKey::is_blank);
        let (nobody, mut order): (Vec<u32>, Vec<u32>) = (0..rows.num_rows() as u32).partition(nobody);
        order.sort_by_key(|row| &keys[*row as usize]);
        for (n, row) in nobody.into_iter().enumerate() {
            order.insert(scatter(self.seed, n as u64) as usize % order.len(), row);
        }
        let columns = rows.columns().iter().map(|c| rows_of(c, &order)).collect();
        let rows = RecordBatch::try_new(rows.schema(), columns).expect("the same columns");
        let each = rows.num_rows().div_ceil(pieces);
        let piece = |n: usize| {
            // Names say nothing of the order.
            let file = self.folder.path().join(format!("in-order-{pieces}-{}.parquet", (n * 3 + 1) % 5));
            let start = n * each;
            write(&file, &rows.slice(start, each.min(rows.num_rows() - start)));
            file
        };
        (0..pieces).map(piece).rev().collect()
    }

    /// The steps that a run takes.
    fn steps(&self, ledger: &[PathBuf], threads: usize) -> Vec<Step> {
        let run = Settle {
            ledger: ledger.iter().cloned().map(Source::Path).collect(),
            roster: Some(Source::Path(self.roster.clone())),
            policies: self.policy.split(',').map(|policy| Policy::load(policy).expect("a policy")).collect(),
            parameters: Parameters::with_file(None).expect("parameters"),
            book: CodeBook::load(None).expect("codes"),
            renames: Renames::default(),
            recorded_maf: Vec::new(),
            out: self.folder.path().join("steps"),
            year: None,
            as_if: false,
            as_known: None,
            audit: false,
            orders: false,
            strict: false,
            force: true,
            mask: None,
            papers: Papers::default(),
            access: Access::Owner,
            allow_float: false,
            threads,
            memory: DEFAULT_MEMORY,
        };
        let steps = Steps::default();
        settle(&run, &steps).expect("the ledger settles");
        steps.0.into_inner().expect("nobody panicked")
    }

    /// Settles into a folder of that name; what it then holds.
    fn settle(&self, name: &str, ledger: &[PathBuf], roster: &Path, options: &[&str]) -> Folder {
        let out = self.folder.path().join(format!("out-{name}"));
        let mut args: Vec<OsString> = vec!["settle".into(), "--quiet".into()];
        args.extend(ledger.iter().map(|p| p.clone().into_os_string()));
        args.extend([OsString::from("--roster"), roster.into(), "--policy".into(), self.policy.clone().into()]);
        args.extend([OsString::from("--out"), out.clone().into()]);
        args.extend(options.iter().map(OsString::from));
        succeeded(&onestop(args));
        let entries = fs::read_dir(&out).expect("the output folder").map(|e| e.expect("an entry").path());
        let named = |path: PathBuf| {
            (path.file_name().expect("a name").to_string_lossy().into_owned(), fs::read(&path).expect("an output"))
        };
        entries.map(named).collect()
    }
}

/// Notes the steps of a run.
#[derive(Default)]
struct Steps(Mutex<Vec<Step>>);

impl Progress for Steps {
    fn begin(&self, step: Step, _: u64) {
        self.0.lock().expect("nobody panicked").push(step);
    }

    fn advance(&self, _: u64) {}

    fn end(&self) {}
}

/// A person's number, as it sorts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PersonKey {
    Number(i64),
    Text(String),
}

impl PersonKey {
    fn is_blank(&self) -> bool {
        matches!(self, PersonKey::Text(id) if id.trim().is_empty())
    }
}

fn succeeded(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
}

fn read(path: &Path) -> RecordBatch {
    let file = File::open(path).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|r| r.build()).expect("Parquet");
    let schema = reader.schema();
    let batches: Vec<RecordBatch> = reader.map(|b| b.expect("rows")).collect();
    concat_batches(&schema, &batches).expect("one schema")
}

/// Writes a file of several row groups.
fn write(path: &Path, rows: &RecordBatch) {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows.num_rows() / 4 + 1)).build();
    let file = File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties)).expect("a writer");
    writer.write(rows).expect("rows are written");
    writer.close().expect("the file is closed");
}

fn concat(batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(&batches[0].schema(), batches).expect("one schema")
}

fn rows_of(column: &ArrayRef, rows: &[u32]) -> ArrayRef {
    take(column, &UInt32Array::from(rows.to_vec()), None).expect("rows of the column")
}

fn shuffled(batch: &RecordBatch, seed: u64) -> RecordBatch {
    let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
    order.sort_by_key(|row| scatter(seed, u64::from(*row)));
    let columns = batch.columns().iter().map(|c| rows_of(c, &order)).collect();
    RecordBatch::try_new(batch.schema(), columns).expect("the same columns")
}

/// Rows put together from others: whose record, what it cost and how it was paid come from three
/// different rows. They repeat records, refund what is not there, and cost less than was paid for them.
fn muddled(ledger: &RecordBatch, record: &[&str], count: u64, seed: u64) -> RecordBatch {
    let rows = |salt: u64| -> Vec<u32> {
        (0..count).map(|n| (scatter(seed + salt, n) % ledger.num_rows() as u64) as u32).collect()
    };
    let (whose, cost, rest) = (rows(100), rows(200), rows(300));
    let schema = ledger.schema();
    let columns = schema.fields().iter().zip(ledger.columns()).map(|(field, column)| {
        let from = match field.name().as_str() {
            name if record.contains(&name) => &whose,
            "medfee_sumamt" | "inscp_scp_amt" | "refd_setl_flag" | "init_setl_id" => &cost,
            _ => &rest,
        };
        rows_of(column, from)
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).expect("the same columns")
}

/// The same persons, each poor through illness on application: some more than once a year, some without
/// a date.
fn applications(roster: &RecordBatch, year: i32, seed: u64) -> RecordBatch {
    let schema = roster.schema();
    let first = date::day(year - 1, 1, 1).expect("a day");
    let applied = |row: usize| match scatter(seed + 400, row as u64) % 600 {
        550.. => None,
        day => Some(first + day as i32),
    };
    let columns = schema.fields().iter().zip(roster.columns()).map(|(field, column)| match field.name().as_str() {
        "identity" => Arc::new(StringArray::from(vec!["illness_poor"; roster.num_rows()])) as ArrayRef,
        "applied_on" => Arc::new((0..roster.num_rows()).map(applied).collect::<Date32Array>()),
        _ => column.clone(),
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).expect("the same columns")
}

/// The same rows with whole numbers for ids: they sort by value.
fn numbered(batch: &RecordBatch) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        if !["psn_no", "setl_id", "init_setl_id"].contains(&field.name().as_str()) {
            return (field.clone(), column.clone());
        }
        let text = column.as_any().downcast_ref::<StringArray>().expect("ids are text");
        // Numbers of unlike length, so that text and value sort apart.
        let number = |id: &str| id.trim_matches(|c: char| !c.is_ascii_digit()).parse::<i64>().expect("a number");
        let numbers: Int64Array = text.iter().map(|id| id.map(number)).collect();
        (Arc::new(Field::new(field.name(), DataType::Int64, true)), Arc::new(numbers) as ArrayRef)
    });
    let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("the same rows")
}

/// A number that looks random, the same on every run.
fn scatter(seed: u64, n: u64) -> u64 {
    let mut x = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(n.wrapping_mul(0xBF58_476D_1CE4_E5B9));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

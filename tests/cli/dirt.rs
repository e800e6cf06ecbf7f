//! Every row of a dirty ledger ends in exactly one of settlement and rejects, with the reason that it gives
//! itself, and all money adds up.

#[path = "mould.rs"]
mod mould;
#[path = "roll.rs"]
mod roll;
#[path = "soil.rs"]
mod soil;

use super::desk::{Desk, Sheet, batch, cells, generated, holds, lay, names_in, stay, typed_line, watched};
use crate::support::contract::{PARTS, settlement_money};
use crate::support::program::Outcome;
use crate::support::table::{self, Row, Table, yuan};
use arrow::array::{
    ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array,
};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Decimal128Type};
use parquet::file::properties::WriterProperties;
use soil::{Dice, OWN, Soil, Truth};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reasons that only the person's other rows, or the policy, give.
const LATER: [&str; 4] =
    ["duplicate_setl_id", "reversal_unmatched", "refunded_without_reversal", "outside_policy_period"];

/// A dirty ledger on a desk.
struct Dirty {
    desk: Desk,
    policy: &'static str,
    files: Vec<PathBuf>,
    truths: Vec<Truth>,
    corrupted: usize,
}

/// Rows of a generated ledger, some of them twice.
fn base(policy: &str, persons: u32, year: i32, seed: u32) -> (Desk, Table) {
    let desk = generated(policy, persons, year, seed);
    let mut ledger = table::read(&desk.path("made/ledger.parquet")).expect("a ledger");
    let mut dice = Dice::new(u64::from(seed));
    let again: Vec<Row> = ledger.rows.iter().filter(|_| dice.one_in(40)).cloned().collect();
    ledger.rows.extend(again);
    dice.shuffle(&mut ledger.rows);
    (desk, ledger)
}

impl Dirty {
    /// Puts rows into so many files of unlike form, in row groups of odd sizes.
    fn new(policy: &'static str, (desk, ledger): (Desk, Table), files: usize, soil: Soil) -> Self {
        let mut dirty = Self { desk, policy, files: Vec::new(), truths: Vec::new(), corrupted: 0 };
        let each = ledger.rows.len().div_ceil(files).max(1);
        let chunks = (0..files).map(|n| ledger.rows.chunks(each).nth(n).unwrap_or(&[]));
        for (number, rows) in chunks.enumerate() {
            let (sheet, truths, corrupted) = soil::file(soil, number, &ledger, rows);
            let path = dirty.desk.path(&format!("dirty-{number}.parquet"));
            let group = [1 + rows.len() / 3, 7 + rows.len() / 9, rows.len() + 1][number % 3];
            let properties = WriterProperties::builder()
                .set_max_row_group_row_count(Some(group))
                .set_dictionary_enabled(number % 2 == 0);
            sheet.write(&path, properties.build());
            dirty.files.push(path);
            dirty.truths.extend(truths);
            dirty.corrupted += corrupted;
        }
        dirty
    }

    fn inputs(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|f| f.display().to_string()).collect();
        format!("{} --roster {}", files.join(" "), self.desk.typed("made/roster.parquet"))
    }

    /// Settles it and holds everything against everything.
    fn accounted(&self, out: &str, more: &str) {
        let line = format!(
            "settle {} --policy {} --allow-float --quiet --out {} {more}",
            self.inputs(),
            self.policy,
            self.desk.typed(out)
        );
        calm(&typed_line(&line), 0);
        let folder = self.desk.path(out);
        let settled = batch(&folder.join("settlement.parquet"));
        let rejects = table::read(&folder.join("rejects.parquet")).expect("rejects");
        let rejected = self.rejected(&rejects);
        self.settled(&settled, &rejected);
        self.sums(out, &settled, &rejects);
    }

    /// The rejected rows, each for the reason that it gives, by file and row.
    fn rejected(&self, rejects: &Table) -> BTreeSet<(usize, usize)> {
        let names: Vec<String> = self.files.iter().map(|f| f.display().to_string()).collect();
        let of: BTreeMap<(usize, usize), &Truth> = self.truths.iter().map(|t| ((t.file, t.row), t)).collect();
        let mut rejected = BTreeSet::new();
        for row in rejects.rows.iter().filter(|r| r["source"] == "ledger") {
            let file = names.iter().position(|n| *n == row["file"]).expect("a file of the ledger");
            let place = (file, row["row"].parse().expect("a row"));
            assert!(rejected.insert(place), "{place:?} is rejected twice");
            let truth = of.get(&place).unwrap_or_else(|| panic!("{place:?} is no row of the ledger"));
            let reason = row["reason"].as_str();
            match truth.reason() {
                Some(own) => assert_eq!(reason, own, "{truth:?}: {:?}", row.get("detail")),
                None => assert!(LATER.contains(&reason), "{truth:?}: {reason} {:?}", row.get("detail")),
            }
            let ids = ["psn_no", "setl_id"].map(|c| row.get(c).map_or("", String::as_str));
            assert_eq!(ids, [truth.psn_no.as_str(), truth.setl_id.as_str()], "{place:?}");
        }
        for truth in self.truths.iter().filter(|t| t.reason().is_some()) {
            assert!(rejected.contains(&(truth.file, truth.row)), "{truth:?} is not rejected");
        }
        rejected
    }

    /// All other rows are settled, each once, with the amounts that stand in the ledger.
    fn settled(&self, settled: &RecordBatch, rejected: &BTreeSet<(usize, usize)>) {
        let others = self.truths.iter().filter(|t| !rejected.contains(&(t.file, t.row)));
        let mut expected: BTreeMap<(&str, &str), &Truth> = BTreeMap::new();
        for truth in others {
            let twice = expected.insert((&truth.psn_no, &truth.setl_id), truth);
            assert!(twice.is_none(), "{truth:?} and {twice:?} are one record, and none is rejected");
        }
        let [psn_no, setl_id, status] = ["psn_no", "setl_id", "status"].map(|c| texts(settled, c));
        let money: Vec<Vec<i128>> = settlement_money().iter().map(|c| amounts(settled, c)).collect();
        let of =
            |column: &str, row: usize| money[settlement_money().iter().position(|c| *c == column).expect("it")][row];
        for row in 0..settled.num_rows() {
            let key = (psn_no[row].as_str(), setl_id[row].as_str());
            let truth = expected.remove(&key).unwrap_or_else(|| panic!("{key:?} is settled, and no such row is left"));
            if status[row] == "reversed" {
                assert!(money.iter().all(|column| column[row] == 0), "{key:?} is reversed");
                continue;
            }
            assert_eq!(of("medfee_sumamt", row), truth.fen("medfee_sumamt"), "{truth:?}");
            assert_eq!(of("inscp_scp_amt", row), truth.fen("inscp_scp_amt"), "{truth:?}");
            assert_eq!(of("basic_pay", row), truth.basic(), "{truth:?}");
            assert_eq!(of("recorded_cii", row), truth.fen("hifmi_pay") + truth.fen("hifob_pay"), "{truth:?}");
            assert_eq!(of("recorded_maf", row), truth.fen("maf_pay"), "{truth:?}");
            assert_eq!(PARTS.iter().map(|c| of(c, row)).sum::<i128>(), of("medfee_sumamt", row), "{truth:?}");
            assert!(of("psn_burden", row) >= 0, "{truth:?}");
        }
        assert!(expected.is_empty(), "{} rows are lost, such as {:?}", expected.len(), expected.first_key_value());
    }

    /// Persons, control totals and counts are those of the rows.
    fn sums(&self, out: &str, settled: &RecordBatch, rejects: &Table) {
        let manifest = std::fs::read(self.desk.path(out).join("manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).expect("JSON");
        let persons = batch(&self.desk.path(out).join("persons.parquet"));
        for column in settlement_money() {
            let rows: i128 = amounts(settled, column).iter().sum();
            assert_eq!(amounts(&persons, column).iter().sum::<i128>(), rows, "persons: {column}");
            if let Some(total) = manifest["control_totals"]["all"][column].as_str() {
                assert_eq!(total, yuan(rows), "control totals: {column}");
            }
        }
        let counts = &manifest["counts"];
        let of_ledger = rejects.rows.iter().filter(|r| r["source"] == "ledger").count();
        assert_eq!(counts["ledger_rows"].as_u64(), Some(self.truths.len() as u64), "{counts}");
        assert_eq!(counts["settlement_rows"].as_u64(), Some(settled.num_rows() as u64), "{counts}");
        assert_eq!(counts["ledger_rejects"].as_u64(), Some(of_ledger as u64), "{counts}");
        assert_eq!(settled.num_rows() + of_ledger, self.truths.len());
    }

    /// The other commands come to a clear end on it.
    fn others(&self) {
        let [out, rec, projection] = ["out", "rec", "projection"].map(|n| self.desk.typed(n));
        calm(&typed_line(&format!("verify {out} --quiet")), 0);
        let files: Vec<String> = self.files.iter().map(|f| format!("--ledger {}", f.display())).collect();
        let roster = self.desk.typed("made/roster.parquet");
        calm(&typed_line(&format!("verify {out} {} --roster {roster} --quiet", files.join(" "))), 0);
        calm(&typed_line(&format!("reconcile {out} --out {rec} --quiet")), 0);
        let scenarios =
            self.desk.text("s.toml", "[[scenario]]\nid = \"dearer\"\n[[scenario.fees]]\ngrowth = \"0.5\"\n");
        let line = format!(
            "project {} --policy {} --allow-float --scenarios {} --out {projection} --quiet",
            self.inputs(),
            self.policy,
            scenarios.display()
        );
        calm(&typed_line(&line), 0);
    }

    fn summary(&self) -> String {
        let own = self.truths.iter().filter(|t| t.reason().is_some()).count();
        let mut by: BTreeMap<&str, usize> = BTreeMap::new();
        self.truths.iter().filter_map(Truth::reason).for_each(|r| *by.entry(r).or_default() += 1);
        format!("{} rows, {} cells corrupted, {own} rows fail by themselves {by:?}", self.truths.len(), self.corrupted)
    }
}

/// Ends with this code, and without a panic.
fn calm(outcome: &Outcome, code: i32) {
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert_eq!(outcome.code, Some(code), "{}{}", outcome.stdout, outcome.stderr);
}

fn texts(table: &RecordBatch, column: &str) -> Vec<String> {
    let column = table.column_by_name(column).expect("the column");
    let text = cast(column, &DataType::Utf8).expect("texts");
    text.as_string::<i32>().iter().map(|t| t.unwrap_or("").to_owned()).collect()
}

fn amounts(table: &RecordBatch, column: &str) -> Vec<i128> {
    table.column_by_name(column).expect("the column").as_primitive::<Decimal128Type>().values().to_vec()
}

const RUNS: [(&str, i32, bool); 4] = [
    ("weihai-2023", 2024, false),
    ("weihai-etdz-2017", 2021, true),
    ("erenhot-2023", 2024, false),
    ("jincheng-2023", 2024, true),
];

fn soil(seed: u64, one_in: usize) -> Soil {
    Soil { seed, one_in, numbered: false, ordered: false, far: true, long: false }
}

#[test]
fn every_row_of_a_dirty_ledger_is_accounted_for() {
    for (seed, (policy, year, numbered)) in (1..).zip(RUNS) {
        let made = base(policy, 300, year, seed as u32);
        if numbered {
            renumber(&made.0);
        }
        // The one policy without an end needs parameters for every year that there is.
        let soil = Soil { numbered, far: policy != "erenhot-2023", ..soil(seed, 70) };
        let dirty = Dirty::new(policy, made, 5, soil);
        println!("{policy}: {}", dirty.summary());
        assert!(OWN.iter().filter(|r| dirty.truths.iter().any(|t| t.reason() == Some(r))).count() >= 8);
        dirty.accounted("out", "");
        dirty.accounted("again", "--threads 1 --memory 64K --orders");
        same(&dirty, "out", "again");
        dirty.others();
    }
}

/// All that both runs wrote is the same.
fn same(dirty: &Dirty, one: &str, other: &str) {
    for name in names_in(&dirty.desk.path(one)).iter().filter(|n| *n != "manifest.json") {
        let [a, b] = [one, other].map(|run| std::fs::read(dirty.desk.path(run).join(name)).expect("an output"));
        assert!(a == b, "{name} of {one} and {other}");
    }
}

#[test]
fn ledgers_of_no_one_or_two_rows_are_accounted_for() {
    let (desk, ledger) = base("jincheng-2023", 30, 2024, 5);
    let mut made = Some(desk);
    for (seed, rows) in (0..24).zip([0, 1, 2, 3].into_iter().cycle()) {
        let ledger = Table { rows: ledger.rows[seed..seed + rows].to_vec(), ..ledger.clone() };
        let dirty = Dirty::new("jincheng-2023", (made.take().expect("it"), ledger), 1 + seed % 3, soil(seed as u64, 6));
        dirty.accounted("out", "--force");
        made = Some(dirty.desk);
    }
}

#[test]
fn a_ledger_of_which_no_row_is_sound_is_accounted_for() {
    let dirty = Dirty::new("weihai-2023", base("weihai-2023", 60, 2024, 9), 3, soil(9, 2));
    println!("{}", dirty.summary());
    assert!(dirty.truths.iter().all(|t| t.reason().is_some()));
    dirty.accounted("out", "");
    dirty.others();
}

#[test]
fn a_ledger_of_one_person_is_accounted_for() {
    let mut made = base("jincheng-2023", 200, 2024, 14);
    for row in &mut made.1.rows {
        row.insert("psn_no".into(), "P000000001".into());
    }
    let dirty = Dirty::new("jincheng-2023", made, 4, Soil { ordered: true, ..soil(14, 90) });
    println!("{}", dirty.summary());
    dirty.accounted("out", "");
    dirty.others();
}

#[test]
fn texts_of_ten_megabytes_are_accounted_for() {
    let mut made = base("weihai-2023", 20, 2024, 12);
    made.1.rows.truncate(150);
    let dirty = Dirty::new("weihai-2023", made, 2, Soil { long: true, ..soil(12, 20) });
    println!("{}", dirty.summary());
    let bytes: u64 = dirty.files.iter().map(|file| std::fs::metadata(file).unwrap().len()).sum();
    assert!(bytes > 10_000, "{bytes} bytes");
    dirty.accounted("out", "");
    dirty.others();
}

/// Several ranges of persons: rows in the order of persons are settled as they are read, others wait, on disk
/// where memory is short; and all three write the same.
#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn every_row_of_a_large_dirty_ledger_is_accounted_for() {
    let (desk, mut ledger) = base("weihai-2023", 300, 2024, 21);
    let mut rows = Vec::new();
    for copy in 0..50 {
        rows.extend(ledger.rows.iter().cloned().map(|mut row| {
            row.entry("psn_no".into()).and_modify(|id| id.push_str(&format!("-{copy:02}")));
            row
        }));
    }
    rows.sort_by(|a, b| a.get("psn_no").cmp(&b.get("psn_no")));
    ledger.rows = rows;
    let dirty = Dirty::new("weihai-2023", (desk, ledger), 3, Soil { ordered: true, ..soil(21, 150) });
    println!("{}", dirty.summary());
    assert!(dirty.truths.len() > 131_072 + 20_000);
    dirty.accounted("out", "");
    let run = |out: &str, files: &str, memory: &str| {
        let roster = dirty.desk.typed("made/roster.parquet");
        let out = dirty.desk.typed(out);
        let how = format!("--policy weihai-2023 --allow-float --quiet --memory {memory}");
        let (outcome, spilled) = watched(&format!("settle {files} --roster {roster} --out {out} {how}"));
        calm(&outcome, 0);
        spilled
    };
    let names: Vec<String> = dirty.files.iter().map(|f| f.display().to_string()).collect();
    assert!(!run("ordered", &names.join(" "), "64K"), "rows in the order of persons do not wait");
    // The rows of each file the other way round: now they wait.
    let shuffled: Vec<String> = dirty.files.iter().map(|file| shuffled(&dirty.desk, file)).collect();
    assert!(run("spilled", &shuffled.join(" "), "64K"), "rows that do not fit wait on disk");
    assert!(!run("waited", &shuffled.join(" "), "512M"), "rows that fit wait in memory");
    same(&dirty, "out", "ordered");
    same(&dirty, "spilled", "waited");
    for name in ["settlement", "audit", "persons", "clauses", "alerts", "subsidies"] {
        let name = format!("{name}.parquet");
        let [a, b] = ["out", "spilled"].map(|run| std::fs::read(dirty.desk.path(run).join(&name)).expect("an output"));
        assert!(a == b, "{name} in the order of persons and in another");
    }
}

/// The rows of a file in the other order.
fn shuffled(desk: &Desk, file: &Path) -> String {
    let rows = batch(file);
    let order = UInt64Array::from_iter_values((0..rows.num_rows() as u64).rev());
    let path = desk.path(&format!("shuffled-{}", file.file_name().expect("a name").to_string_lossy()));
    lay(&path, &take_record_batch(&rows, &order).expect("the same rows"));
    path.display().to_string()
}

#[test]
fn every_row_of_a_dirty_roster_is_accounted_for() {
    for seed in 31..35 {
        let desk = generated("weihai-2023", 3_000, 2024, seed);
        let roster = table::read(&desk.path("made/roster.parquet")).expect("a roster");
        let (sheet, reasons, corrupted) = roll::file(soil(u64::from(seed), 25), &roster, &roster.rows);
        sheet.lay(&desk, "made/roster.parquet");
        desk.settle_made("weihai-2023", "out", "");
        let own = reasons.iter().flatten().count();
        println!("{} roster rows, {corrupted} cells corrupted, {own} rows fail by themselves", reasons.len());
        let rejects = desk.read("rejects").rows;
        let mut rejected = BTreeSet::new();
        for reject in rejects.iter().filter(|r| r["source"] == "roster") {
            let row: usize = reject["row"].parse().expect("a row");
            assert!(rejected.insert(row), "{row} is rejected twice");
            let expected = reasons[row - 1].unwrap_or("repeat_application");
            assert_eq!(reject["reason"], expected, "{:?}: {reject:?}", roster.rows[row - 1]);
        }
        let lost = reasons.iter().zip(1..).find(|(reason, row)| reason.is_some() && !rejected.contains(row));
        assert_eq!(lost.map(|(reason, row)| (reason, row, &roster.rows[row - 1])), None);
        let counts = &desk.manifest()["counts"];
        assert_eq!(counts["roster_rows"].as_u64(), Some(reasons.len() as u64), "{counts}");
        assert_eq!(counts["roster_rejects"].as_u64(), Some(rejected.len() as u64), "{counts}");
        let [out, ledger, roster] = ["out", "made/ledger.parquet", "made/roster.parquet"].map(|n| desk.typed(n));
        calm(&typed_line(&format!("verify {out} --ledger {ledger} --roster {roster} --quiet")), 0);
        calm(&typed_line(&format!("reconcile {out} --out {} --quiet", desk.typed("rec"))), 0);
    }
}

/// An identity that ended before the calendar begins is no open one.
#[test]
fn an_end_before_the_year_1_is_a_bad_period_and_one_after_9999_is_open() {
    let desk = Desk::with(&["P1", "P2", "P3"].map(|id| stay(id, "S1")), &[]);
    let begin: ArrayRef = Arc::new(Date32Array::from(vec![19_000; 3]));
    let end: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![i64::MIN, i64::MAX, -70_000_000_000_000]));
    let roster = Sheet::blank()
        .put("psn_no", Arc::new(StringArray::from(vec!["P1", "P2", "P3"])))
        .put("identity", Arc::new(StringArray::from(vec!["dibao"; 3])));
    roster.put("begndate", begin).put("enddate", end).lay(&desk, "roster.parquet");
    desk.done(desk.settle());
    let bad = |id| vec!["roster", id, "bad_period"];
    assert_eq!(cells(&desk.read("rejects"), &["source", "psn_no", "reason"]), [bad("P1"), bad("P3")]);
    let held = cells(&desk.read("settlement"), &["psn_no", "identity"])
        .into_iter()
        .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>())
        .collect::<Vec<_>>();
    assert_eq!(held, [["P1", ""], ["P2", "dibao"], ["P3", ""]]);
}

/// An unknown code of a roster is quoted like one of a ledger.
#[test]
fn a_long_code_of_a_roster_is_cut_in_the_rejects() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "dibao"), holds("P1", &"长".repeat(3_400_000))]);
    desk.done(desk.settle());
    assert_eq!(cells(&desk.read("rejects"), &["detail"]), [[format!("identity={}", "长".repeat(40)).as_str()]]);
}

/// Ids of the roster as whole numbers.
fn renumber(desk: &Desk) {
    let path = desk.path("made/roster.parquet");
    let rows = batch(&path);
    let schema = rows.schema();
    let mut sheet = Sheet::blank();
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        let number = |id: Option<&str>| id?.trim_start_matches(|c: char| !c.is_ascii_digit()).parse::<i64>().ok();
        let column: ArrayRef = match field.name().as_str() {
            "psn_no" => Arc::new(column.as_string::<i32>().iter().map(number).collect::<Int64Array>()),
            _ => column.clone(),
        };
        sheet = sheet.add(field.name(), column);
    }
    sheet.write(&path, WriterProperties::default());
}

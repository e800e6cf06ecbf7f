//! `payments.xlsx`: read back and held against the run's own tables, cell by cell.

use crate::desk::{Desk, generated, names_in, succeeds, typed_line};
use crate::support::table::{Row, Table, fen};
use calamine::{Data, Range, Reader, Xlsx, open_workbook};
use std::collections::BTreeMap;
use std::path::Path;

/// Channels: the column of `persons.parquet`, and the name of the sheet.
const CHANNELS: [(&str, &str); 3] =
    [("payable_instant", "即时结算"), ("payable_year_end", "年底一次性救助"), ("payable_application", "依申请救助")];

/// Columns of a list, and what they are sums of in `persons.parquet`.
const AMOUNTS: [(&str, &[&str]); 8] = [
    ("费用总额", &["medfee_sumamt"]),
    ("政策范围内费用", &["inscp_scp_amt"]),
    ("基本医保", &["basic_pay"]),
    ("大病保险", &["cii_pay", "special_drug_pay"]),
    ("医疗救助", &["ma_pay"]),
    ("再救助", &["ra_pay"]),
    ("已支付", &["recorded_maf"]),
    ("个人负担", &["psn_burden"]),
];

struct Book(BTreeMap<String, Range<Data>>, Vec<String>);

impl Book {
    fn open(path: &Path) -> Self {
        let mut book: Xlsx<_> = open_workbook(path).unwrap_or_else(|e| panic!("{e}"));
        let names = book.sheet_names();
        let sheets = names.iter().map(|n| (n.clone(), book.worksheet_range(n).unwrap())).collect();
        Self(sheets, names)
    }

    fn cell(&self, sheet: &str, row: usize, column: usize) -> Data {
        self.0[sheet].get_value((row as u32, column as u32)).cloned().unwrap_or(Data::Empty)
    }

    /// The column of a list by its head, in the third row.
    fn column(&self, sheet: &str, head: &str) -> usize {
        let columns = 0..self.0[sheet].end().unwrap().1 as usize + 1;
        let mut found = columns.filter(|c| self.cell(sheet, 2, *c) == Data::String(head.to_owned()));
        found.next().unwrap_or_else(|| panic!("no column {head} on {sheet}"))
    }

    /// An amount, which must be a number, in fen.
    fn fen(&self, sheet: &str, row: usize, column: usize) -> i128 {
        let Data::Float(number) = self.cell(sheet, row, column) else {
            panic!("{sheet} {row} {column}: {:?}", self.cell(sheet, row, column))
        };
        (number * 100.0).round() as i128
    }

    fn text(&self, sheet: &str, row: usize, column: usize) -> String {
        match self.cell(sheet, row, column) {
            Data::String(text) => text,
            Data::Empty => String::new(),
            other => panic!("{sheet} {row} {column}: {other:?}"),
        }
    }
}

fn money(row: &Row, column: &str) -> i128 {
    fen(&row[column]).expect("an amount")
}

/// The rows of a list that a channel owes something to, or claims back from.
fn owed<'a>(persons: &'a Table, column: &str) -> Vec<&'a Row> {
    persons.rows.iter().filter(|row| money(row, column) != 0).collect()
}

/// Holds every cell of the lists against `persons.parquet`; how many rows they have.
fn holds(desk: &Desk) -> usize {
    let book = Book::open(&desk.path("out").join("payments.xlsx"));
    let persons = desk.read("persons");
    let mut types: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    let settlement = desk.read("settlement");
    for row in settlement.rows.iter().filter(|row| row["status"] != "reversed") {
        let label = if row["insutype"] == "310" { "职工医保" } else { "居民医保" };
        let held = types.entry((row["psn_no"].clone(), row["charge_year"].clone())).or_default();
        if !held.contains(&label) {
            held.push(label);
            held.sort_by_key(|label| *label != "职工医保");
        }
    }
    let mut listed = 0;
    for (column, sheet) in CHANNELS {
        let rows = owed(&persons, column);
        assert_eq!(book.0.contains_key(sheet), !rows.is_empty(), "{sheet}");
        let (mut pay, mut back) = (0, 0);
        for (number, row) in rows.iter().enumerate() {
            let at = number + 3;
            assert_eq!(book.cell(sheet, at, 0), Data::Float(number as f64 + 1.0));
            assert_eq!(book.text(sheet, at, 1), row["psn_no"]);
            assert_eq!(book.text(sheet, at, book.column(sheet, "年度")), row["charge_year"]);
            let types = types[&(row["psn_no"].clone(), row["charge_year"].clone())].join("、");
            assert_eq!(book.text(sheet, at, book.column(sheet, "参保类型")), types);
            for (head, parts) in AMOUNTS {
                let due: i128 = parts.iter().map(|part| money(row, part)).sum();
                assert_eq!(book.fen(sheet, at, book.column(sheet, head)), due, "{sheet}, row {at}, {head}");
            }
            let payable = money(row, column);
            assert_eq!(book.fen(sheet, at, book.column(sheet, "本次应付")), payable);
            let identities = book.text(sheet, at, book.column(sheet, "身份"));
            assert_eq!(identities.split('、').count(), row["identities"].split(',').count());
            if payable > 0 { pay += payable } else { back += payable }
        }
        if !rows.is_empty() {
            let (at, payable) = (rows.len() + 3, book.column(sheet, "本次应付"));
            for (below, (label, sum)) in
                [("应付合计", pay), ("应追回合计", back), ("净额", pay + back)].into_iter().enumerate()
            {
                assert_eq!(book.text(sheet, at + below, 1), label);
                assert_eq!(book.fen(sheet, at + below, payable), sum, "{sheet} {label}");
            }
        }
        listed += rows.len();
    }
    summary_holds(&book, &persons);
    listed
}

/// Holds the lines of a channel and of all against `persons.parquet`.
fn summary_holds(book: &Book, persons: &Table) {
    let sheet = "汇总";
    assert_eq!(book.1[0], sheet);
    assert_eq!(book.1.last().map(String::as_str), Some("说明"));
    let last = book.0[sheet].end().unwrap().0 as usize;
    let line = |names: [&str; 2]| {
        let mut rows = (3..=last).filter(|row| [0, 1].map(|c| book.text(sheet, *row, c)) == names.map(str::to_owned));
        rows.next()
    };
    for (column, label) in CHANNELS {
        let rows = owed(persons, column);
        let Some(at) = line([label, "小计"]) else {
            assert!(rows.is_empty(), "{label}");
            continue;
        };
        let net: i128 = rows.iter().map(|row| money(row, column)).sum();
        assert_eq!(book.fen(sheet, at, book.column(sheet, "净额")), net);
        let mut numbers: Vec<&str> = rows.iter().map(|row| row["psn_no"].as_str()).collect();
        numbers.dedup();
        assert_eq!(book.cell(sheet, at, 2), Data::Float(numbers.len() as f64));
        for (head, parts) in AMOUNTS {
            let due: i128 = rows.iter().map(|row| parts.iter().map(|p| money(row, p)).sum::<i128>()).sum();
            assert_eq!(book.fen(sheet, at, book.column(sheet, head)), due, "{label} {head}");
        }
    }
    let listed = |row: &&Row| CHANNELS.iter().any(|(column, _)| money(row, column) != 0);
    let rows: Vec<&Row> = persons.rows.iter().filter(listed).collect();
    let at = line(["合计", "（一人计一次）"]).expect("a line of all");
    for (head, parts) in AMOUNTS {
        let due: i128 = rows.iter().map(|row| parts.iter().map(|p| money(row, p)).sum::<i128>()).sum();
        assert_eq!(book.fen(sheet, at, book.column(sheet, head)), due, "{head}");
    }
    let all: i128 = persons.rows.iter().map(|row| money(row, "payable_ma")).sum();
    let channels: i128 = persons.rows.iter().flat_map(|row| CHANNELS.map(|(c, _)| money(row, c))).sum();
    let control = (at..=last).find(|row| book.text(sheet, *row, 0) == "核对").expect("a control");
    let told = [1, 2, 3].map(|below| book.fen(sheet, control + below, 3));
    assert_eq!(told, [all, channels, all - channels]);
}

#[test]
fn the_lists_are_what_persons_parquet_says_under_every_policy() {
    let runs = [("weihai-2023", 2024), ("weihai-etdz-2017", 2021), ("erenhot-2023", 2024), ("jincheng-2023", 2024)];
    for (policy, year) in runs {
        let desk = generated(policy, 400, year, 11);
        desk.settle_made(policy, "out", "");
        let listed = holds(&desk);
        assert!(listed > 10, "{policy}: {listed}");
        let manifest = desk.manifest();
        assert_eq!(manifest["outputs"]["payments.xlsx"]["rows"], listed, "{policy}");
        let notes = Book::open(&desk.path("out").join("payments.xlsx"));
        let range = &notes.0["说明"];
        let told: Vec<String> = range.cells().map(|(_, _, cell)| cell.to_string()).collect();
        for fact in [policy, "支付依据条款", "psn_burden", "manifest.json"] {
            assert!(told.iter().any(|cell| cell.contains(fact)), "{policy}: {fact}");
        }
    }
}

#[test]
fn what_was_paid_too_much_is_claimed_back_and_told_apart() {
    let desk = generated("weihai-2023", 10, 2024, 1);
    let made = desk.typed("made");
    succeeds(&format!(
        "generate --policy weihai-2023 --persons 300 --year 2024 --errors all:0.3 --out {made}2 --quiet"
    ));
    let line = format!("settle {made}2/ledger.parquet --roster {made}2/roster.parquet --policy weihai-2023");
    succeeds(&format!("{line} --out {} --quiet", desk.typed("out")));
    let persons = desk.read("persons");
    assert!(persons.rows.iter().any(|row| money(row, "payable_instant") < 0));
    holds(&desk);
}

#[test]
fn the_list_has_the_same_bytes_again_and_can_be_verified_or_left_out() {
    let desk = generated("jincheng-2023", 200, 2024, 3);
    desk.settle_made("jincheng-2023", "out", "--threads 1");
    desk.settle_made("jincheng-2023", "two", "--threads 2 --memory 1M");
    let [one, two] = ["out", "two"].map(|dir| std::fs::read(desk.path(dir).join("payments.xlsx")).unwrap());
    assert!(one == two, "other bytes");
    let again = format!("verify {} --ledger {}/ledger.parquet", desk.typed("out"), desk.typed("made"));
    succeeds(&again);
    assert!(names_in(&desk.path("out")).iter().all(|name| !name.starts_with('.')), "nothing is left behind");

    // A cell that somebody changed is found.
    let path = desk.path("out").join("payments.xlsx");
    let mut bytes = one.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let outcome = typed_line(&again);
    assert_eq!(outcome.code, Some(1), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("payments.xlsx"), "{}", outcome.stdout);

    desk.settle_made("jincheng-2023", "bare", "--no-xlsx");
    assert!(!desk.path("bare").join("payments.xlsx").exists());
    succeeds(&format!("verify {} --ledger {}/ledger.parquet", desk.typed("bare"), desk.typed("made")));
}

/// A row of a ledger whose whole burden is assisted.
fn claim(psn_no: &str, setl_id: &str) -> Row {
    let pairs = [
        ("psn_no", psn_no),
        ("setl_id", setl_id),
        ("setl_time", "2024-03-01T10:00:00"),
        ("insutype", "390"),
        ("med_type", "21"),
        ("identity", "tekun"),
        ("medfee_sumamt", "1000.00"),
        ("inscp_scp_amt", "900.00"),
        ("hifp_pay", "500.00"),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn no_text_of_an_input_becomes_a_formula() {
    let desk = Desk::with(&[claim("=1+1", "S1"), claim("@x", "S2"), claim("+3", "S3")], &[]);
    desk.text("payees.csv", "psn_no,姓名,证件号码,开户银行,银行账号\n\"=1+1\",\"=HYPERLINK(\"\"x\"\")\",+1,-1,@1\n");
    desk.done(desk.settle().option("--payees", desk.path("payees.csv")));
    let mut book: Xlsx<_> = open_workbook(desk.path("out").join("payments.xlsx")).unwrap();
    for name in book.sheet_names() {
        assert!(book.worksheet_formula(&name).unwrap().cells().all(|(_, _, f)| f.is_empty()), "{name}");
    }
    let book = Book::open(&desk.path("out").join("payments.xlsx"));
    let row = (3..6).find(|row| book.text("即时结算", *row, 1) == "=1+1").expect("the person");
    let of = |head: &str| book.text("即时结算", row, book.column("即时结算", head));
    assert_eq!([of("姓名"), of("证件号码"), of("银行账号")], ["=HYPERLINK(\"x\")", "+1", "@1"]);
}

#[test]
fn payees_are_joined_in_and_those_without_are_listed() {
    let desk = Desk::with(&[claim("370", "S1"), claim("371", "S2"), claim("372", "S3")], &[]);
    let payees = "收款信息,,,,\r\n人员编号,姓名,证件号码,开户银行,银行账号\r\n\
        370\t,甲,\"=\"\"37108119900101123X\"\"\",某银行,'6222021234567890123\r\n\r\n371,乙,370,某银行,6222\r\n371,乙,370,某银行,6222\r\n";
    let (bytes, ..) = encoding_rs::GB18030.encode(payees);
    std::fs::write(desk.path("payees.csv"), &bytes).unwrap();
    desk.done(desk.settle().option("--payees", desk.path("payees.csv")));
    let book = Book::open(&desk.path("out").join("payments.xlsx"));
    let sheet = "即时结算";
    let at = |row: usize, head: &str| book.text(sheet, row, book.column(sheet, head));
    assert_eq!([at(3, "姓名"), at(3, "证件号码")], ["甲", "37108119900101123X"]);
    assert_eq!([at(3, "银行账号"), at(4, "银行账号")], ["6222021234567890123", "6222"]);
    assert_eq!([at(5, "姓名"), at(5, "银行账号")], ["", ""]);
    assert_eq!(book.text("缺收款人", 2, 1), "372");
    assert_eq!(book.0["缺收款人"].end().unwrap().0, 2);
    for sheet in ["汇总", "说明"] {
        let cells: Vec<String> = book.0[sheet].cells().map(|(_, _, cell)| cell.to_string()).collect();
        assert!(cells.iter().all(|cell| !cell.contains('甲') && !cell.contains("6222")), "{sheet}");
    }
    let manifest = desk.manifest();
    let input = manifest["inputs"].as_array().unwrap().iter().find(|i| i["source"] == "payees").expect("the payees");
    assert_eq!(input["rows"], 3);

    let again = format!("verify {} --ledger {}", desk.typed("out"), desk.typed("ledger.parquet"));
    succeeds(&again);
    std::fs::rename(desk.path("payees.csv"), desk.path("moved.csv")).unwrap();
    let without = succeeds(&again);
    assert!(without.stdout.contains("--payees"), "{}", without.stdout);
    succeeds(&format!("{again} --payees {}", desk.typed("moved.csv")));
}

#[test]
fn payees_that_cannot_be_told_apart_or_read_end_the_run_before_it_begins() {
    let head = "psn_no,name,certno,bank,bankacct\n";
    for (text, says) in [
        (format!("{head}1,a,2,b,3\n1,a,2,b,4\n"), "rows 2 and 3"),
        (format!("{head},a,2,b,3\n"), "row 2: no person's number"),
        ("psn_no,name,certno,bank\n1,a,2,b\n".to_owned(), "no column `bankacct`"),
        (String::new(), "no column `psn_no`"),
    ] {
        let desk = Desk::with(&[claim("1", "S1")], &[]);
        desk.text("payees.csv", &text);
        let outcome = desk.run(desk.settle().option("--payees", desk.path("payees.csv")));
        assert_eq!(outcome.code, Some(1));
        assert!(outcome.stderr.contains(says) && outcome.stderr.lines().count() == 2, "{}", outcome.stderr);
        assert!(!desk.path("out").exists());
    }
    let desk = Desk::with(&[claim("1", "S1")], &[]);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, head) in ["人员编号", "姓名", "证件号码", "开户银行", "银行账号"].iter().enumerate() {
        sheet.write_string(0, at as u16, *head).unwrap();
    }
    sheet.write_number(1, 0, 1.0).unwrap();
    sheet.write_string(1, 1, "甲").unwrap();
    sheet.write_number(1, 4, 6_222_021_234_567_890_123.0).unwrap();
    book.save(desk.path("payees.xlsx")).unwrap();
    let outcome = desk.run(desk.settle().option("--payees", desk.path("payees.xlsx")));
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("row 2, column bankacct"), "{}", outcome.stderr);
}

#[test]
fn a_run_that_pays_nobody_says_so() {
    let desk = Desk::new();
    let mut row = claim("1", "S1");
    row.insert("vali_flag".to_owned(), "0".to_owned());
    desk.ledger("ledger.parquet", &[row]);
    desk.done(desk.settle());
    let book = Book::open(&desk.path("out").join("payments.xlsx"));
    assert_eq!(book.1, ["汇总", "说明"]);
    let cells: Vec<String> = book.0["汇总"].cells().map(|(_, _, cell)| cell.to_string()).collect();
    assert!(cells.iter().any(|cell| cell.contains("没有应付")), "{cells:?}");
}

//! `onestop import`: what bureaus export, turned into what a settlement reads, or told cell by cell.

use crate::desk::{Desk, generated, names_in, succeeds, typed_in, typed_line};
use crate::support::program::Outcome;
use crate::support::table::{self, Row, Table, fen};
use encoding_rs::GB18030;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use std::path::Path;

/// The examples that the README imports; they are what `generate` makes of this.
const EXAMPLES: (&str, u32, u32) = ("weihai-2023", 60, 5);

/// Columns of a generated ledger with the heads that an export gives them.
const HEADS: [(&str, &str); 10] = [
    ("psn_no", "人员编号"),
    ("setl_id", "结算ID"),
    ("setl_time", "结算时间"),
    ("insutype", "参保类型"),
    ("med_type", "医疗类别"),
    ("medfee_sumamt", "医疗费总额"),
    ("inscp_scp_amt", "政策范围内费用"),
    ("hifp_pay", "统筹基金支出"),
    ("hifmi_pay", "大病保险支付金额"),
    ("maf_pay", "医疗救助"),
];

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/examples").join(name).display().to_string()
}

fn read(desk: &Desk, name: &str) -> Table {
    table::read(&desk.path(name)).unwrap_or_else(|e| panic!("{e}"))
}

/// A text in GB18030.
fn put_gb(desk: &Desk, name: &str, text: &str) -> String {
    std::fs::write(desk.path(name), &GB18030.encode(text).0).expect("a file on the desk");
    desk.typed(name)
}

/// Rows as an export writes them: ids with a tab, amounts with separators, text in quotes.
fn exported(rows: &[Row], heads: &[(&str, &str)], mark: char) -> String {
    let mut text: String = heads.iter().map(|(_, head)| (*head).to_owned()).collect::<Vec<_>>().join(&mark.to_string());
    for row in rows {
        text.push_str("\r\n");
        let cells = heads.iter().map(|(column, _)| {
            let value = row.get(*column).map_or("", String::as_str);
            match *column {
                "psn_no" | "setl_id" => format!("{value}\t"),
                "setl_time" => value.replace('T', " "),
                _ if fen(value).is_some() && value.contains('.') => format!("\"{}\"", separated(value)),
                _ => value.to_owned(),
            }
        });
        text.push_str(&cells.collect::<Vec<_>>().join(&mark.to_string()));
    }
    text + "\r\n"
}

/// `1234567.89` as `1,234,567.89`.
fn separated(value: &str) -> String {
    let (whole, decimals) = value.split_once('.').expect("two decimals");
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    format!("{sign}{out}.{decimals}")
}

/// The rows of a generated ledger with the columns of [`HEADS`] alone.
fn narrow(rows: &[Row]) -> Vec<Row> {
    let kept = |(column, value): (&String, &String)| {
        HEADS.iter().any(|(name, _)| name == column).then(|| (column.clone(), value.clone()))
    };
    // Blanks around a code, which a generated ledger has here and there, are not kept by an import.
    let kept = |cell| kept(cell).map(|(column, value)| (column, value.trim().to_owned()));
    rows.iter().map(|row| row.iter().filter_map(kept).collect()).collect()
}

/// Says where two tables differ first, and not all that they hold.
fn same(found: &[Row], due: &[Row], what: &str) {
    for (row, (found, due)) in found.iter().zip(due).enumerate() {
        assert_eq!(found, due, "{what}, row {row}");
    }
    assert_eq!(found.len(), due.len(), "{what}");
}

fn import(desk: &Desk, more: &str) -> Outcome {
    succeeds(&format!("import {more} --out {} --quiet --force", desk.typed("ledger.parquet")))
}

fn fails(line: &str) -> String {
    let outcome = typed_line(line);
    assert_eq!(outcome.code, Some(1), "{line}\n{}{}", outcome.stdout, outcome.stderr);
    outcome.stderr
}

/// One whole row under short heads, with a cell of a column put in.
fn one(column: &str, cell: &str) -> String {
    let mut cells = ["1", "2", "2023-05-06", "390", "21", "9", "8", "7"];
    let names =
        ["psn_no", "setl_id", "setl_time", "insutype", "med_type", "medfee_sumamt", "inscp_scp_amt", "hifp_pay"];
    let place = names.iter().position(|n| *n == column).expect("a column");
    cells[place] = cell;
    format!("{}\n{}\n", names.join(";"), cells.join(";"))
}

#[test]
fn the_examples_are_what_generate_makes_of_their_seed() {
    let (policy, persons, seed) = EXAMPLES;
    let desk = generated(policy, persons, 2023, seed);
    let (claims, people) = (example("台账.csv"), example("名册.csv"));
    let outcome = import(&desk, &claims);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
    succeeds(&format!("import {people} --roster --out {} --quiet", desk.typed("roster.parquet")));
    let flag = |row: &Row| {
        let mut row = row.clone();
        if let Some(flag) = row.get_mut("refd_setl_flag") {
            *flag = if flag == "1" { "true".to_owned() } else { "false".to_owned() };
        }
        row
    };
    let made: Vec<Row> = read(&desk, "made/ledger.parquet").rows.iter().map(flag).collect();
    same(&read(&desk, "ledger.parquet").rows, &made, "the ledger");
    let codes = |rows: Vec<Row>| {
        rows.into_iter().map(|mut r| (r.remove("identity").map(|_| ()), r.remove("treated_as").map(|_| ()), r))
    };
    let roster = read(&desk, "roster.parquet").rows;
    assert!(codes(roster.clone()).eq(codes(read(&desk, "made/roster.parquet").rows)));
    assert_eq!(roster[0]["identity"], "其他特殊困难人员");

    // And they settle to the same money.
    desk.settle_made(policy, "of-made", "");
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "of-import"].map(|n| desk.typed(n));
    succeeds(&format!("settle {ledger} --roster {roster} --policy {policy} --out {out} --quiet"));
    for name in ["persons.parquet", "settlement.parquet", "audit.parquet", "payments.xlsx"] {
        let [one, other] = ["of-made", "of-import"].map(|folder| std::fs::read(desk.path(folder).join(name)).unwrap());
        assert!(one == other, "{name}");
    }
}

#[test]
fn text_of_every_kind_of_letters_and_marks_gives_the_same_ledger() {
    let desk = generated("weihai-2023", 300, 2023, 4);
    let rows = narrow(&read(&desk, "made/ledger.parquet").rows);
    let commas = exported(&rows, &HEADS, ',');
    let tabs = exported(&rows, &HEADS, '\t').replace("\t\t", "\t");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(tabs.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let marked: Vec<u8> = "\u{feff}".bytes().chain(commas.bytes()).collect();
    for (name, bytes) in [
        ("gb.csv", GB18030.encode(&commas).0.into_owned()),
        ("plain.csv", commas.clone().into_bytes()),
        ("marked.csv", marked),
        ("tabs.txt", tabs.clone().into_bytes()),
        ("utf16.txt", utf16),
        ("macintosh.csv", commas.replace("\r\n", "\r").into_bytes()),
        ("semicolons.csv", exported(&rows, &HEADS, ';').into_bytes()),
    ] {
        std::fs::write(desk.path(name), bytes).unwrap();
        import(&desk, &desk.typed(name));
        same(&read(&desk, "ledger.parquet").rows, &rows, name);
    }
}

#[test]
fn a_workbook_with_titles_above_and_sums_below_gives_the_same_ledger() {
    let desk = generated("weihai-2023", 40, 2023, 4);
    let rows = narrow(&read(&desk, "made/ledger.parquet").rows);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let centred = Format::new();
    sheet.merge_range(0, 0, 0, 9, "2023年度医疗费用结算明细表", &centred).unwrap();
    sheet.merge_range(1, 0, 1, 9, "单位：元", &centred).unwrap();
    let day = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    let mut sums = [0i128; 10];
    for (column, (_, head)) in HEADS.iter().enumerate() {
        sheet.write(3, column as u16, *head).unwrap();
    }
    for (at, row) in rows.iter().enumerate() {
        for (column, (name, _)) in HEADS.iter().enumerate() {
            let (at, place) = (at as u32 + 4, column as u16);
            let Some(value) = row.get(*name) else { continue };
            match *name {
                "psn_no" | "setl_id" => sheet.write_string(at, place, value).unwrap(),
                "setl_time" => {
                    let moment = ExcelDateTime::parse_from_str(value).unwrap();
                    sheet.write_with_format(at, place, &moment, &day).unwrap()
                }
                "insutype" | "med_type" => sheet.write_number(at, place, value.parse::<f64>().unwrap()).unwrap(),
                _ => {
                    sums[column] += fen(value).unwrap();
                    sheet.write_number(at, place, value.parse::<f64>().unwrap()).unwrap()
                }
            };
        }
    }
    let last = rows.len() as u32 + 4;
    sheet.write(last, 0, "合  计").unwrap();
    for column in 5..10 {
        sheet.write_number(last, column, sums[column as usize] as f64 / 100.0).unwrap();
    }
    sheet.write(last + 2, 0, "制表人：").unwrap();
    book.add_worksheet().set_name("说明").unwrap().write(0, 0, "人员编号").unwrap();
    book.save(desk.path("年报.xlsx")).unwrap();

    let out = desk.typed("ledger.parquet");
    let outcome = succeeds(&format!("import {} --out {out} --json", desk.typed("年报.xlsx")));
    assert_eq!(outcome.stderr, "");
    same(&read(&desk, "ledger.parquet").rows, &rows, "of a workbook");
    let told: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let counts = &told["files"][0]["counts"];
    let of = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(of("imported"), rows.len() as u64);
    assert_eq!((of("above"), of("sums"), of("blank"), of("rejected")), (3, 1, 1, 0));
    assert_eq!(of("rows"), rows.len() as u64 + 5);
    let shown = succeeds(&format!("import {} --dry-run", desk.typed("年报.xlsx"))).stdout;
    assert!(shown.contains("XLSX, sheet `Sheet1` of 2; the others are not read; heads in row 4\n"), "{shown}");
    let missing = fails(&format!("import {} --sheet 明细 --dry-run", desk.typed("年报.xlsx")));
    assert!(missing.contains("no sheet `明细`; there are Sheet1, 说明\n"), "{missing}");
}

#[test]
fn what_cannot_be_read_is_told_by_file_row_and_cell_and_nothing_else_is_lost() {
    let desk = Desk::new();
    let file = put_gb(
        &desk,
        "a.csv",
        "人员编号,结算ID,结算时间,参保类型,医疗类别,医疗费总额,政策范围内费用,统筹基金支出\n\
         371081199001011234,1,2023-01-02,居民,住院,\"1,234.50\",1000,0\n\
         371081199001011234,2,03/04/2023,居民,住院,12.345,1000,0\n\
         3.71E+17,3,2023-01-02,居民,住院,1,1,0\n\
         4,4,2023-01-02,居民,住院,1,1\n\
         5,5,2023-01-02,居民,住院,1,1,0,=1+1\n\
         6,6,2023-01-02,居民,住院,,,\n\
         ,,,,,,,\n\
         合计,,,,,1234.50,2001,0\n",
    );
    let outcome = succeeds(&format!("import {file} --out {}", desk.typed("l.parquet")));
    let rows = read(&desk, "l.parquet").rows;
    assert_eq!(rows.iter().map(|r| r["setl_id"].as_str()).collect::<Vec<_>>(), ["1", "6"]);
    assert_eq!(rows[0]["psn_no"], "371081199001011234");
    assert_eq!((rows[0]["insutype"].as_str(), rows[0]["med_type"].as_str()), ("390", "21"));
    assert_eq!(rows[0]["medfee_sumamt"], "1234.50");
    // What a blank means is for the settlement to say.
    assert!(!rows[1].contains_key("medfee_sumamt"));
    let text = std::fs::read_to_string(desk.path("l.rejects.csv")).unwrap();
    let file = desk.typed("a.csv");
    let expected = [
        "\u{feff}file,row,column,cell,why".to_owned(),
        format!("{file},3,结算时间,03/04/2023,a date that may be read in two ways; give year-month-day"),
        format!("{file},3,医疗费总额,12.345,more than two decimals"),
        format!("{file},4,人员编号,3.71E+17,a number whose last digits are lost; export the column as text"),
        format!("{file},5,统筹基金支出,,the row ends before this column"),
        format!("{file},6,,'=1+1,a cell to the right of the last head"),
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    let warned = format!(
        "warning: {file}, row 9: the sum of `inscp_scp_amt` is stated as 2,001.00, but the rows above come to 1,000.00\n"
    );
    assert!(outcome.stderr.contains(&warned), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("warning: 4 rows cannot be read and are not in the output\n"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.stderr.matches("the sum of").count(), 1);

    // Mended, the list of what could not be read is gone.
    let mended = put_gb(&desk, "a.csv", &one("psn_no", "7"));
    succeeds(&format!("import {mended} --out {} --force --quiet", desk.typed("l.parquet")));
    assert_eq!(desk.names(), ["a.csv", "l.parquet"]);
}

#[test]
fn heads_are_found_by_name_by_the_users_word_and_by_the_users_file() {
    let desk = Desk::new();
    let text =
        one("psn_no", "77").replace("psn_no", "姓名编码").replace("med_type;", "看病;").replace(";21;", ";住院治疗;");
    let file = put_gb(&desk, "a.csv", &text);
    let out = desk.typed("l.parquet");
    let missing = fails(&format!("import {file} --out {out}"));
    assert!(missing.contains("no head for `psn_no`, which is needed"), "{missing}");
    assert!(missing.contains("姓名编码") && missing.contains("--column psn_no=THEIRS"), "{missing}");
    let heads = desk.text("h.toml", "[columns]\n\"看病\" = \"med_type\"\n[words.med_type]\n\"住院治疗\" = \"21\"\n");
    let line = format!("import {file} --out {out} --column psn_no=姓名编码 --headers {} --quiet", heads.display());
    succeeds(&line);
    let row = &read(&desk, "l.parquet").rows[0];
    assert_eq!((row["psn_no"].as_str(), row["med_type"].as_str()), ("77", "21"));
    assert!(fails(&line).contains("exists already"), "not replaced without --force");
    let none = fails(&format!("import {file} --out {out} --column psn_no=编码 --force"));
    assert!(none.contains("--column psn_no=编码: no such head"), "{none}");
    let broken = desk.text("h.toml", "[column]\n\"看病\" = \"med_type\"\n");
    assert!(fails(&format!("import {file} --out {out} --headers {}", broken.display())).contains("h.toml: "));
    let strange = desk.text("h.toml", "[columns]\n\"看病\" = \"visit\"\n");
    let strange = fails(&format!("import {file} --out {out} --headers {}", strange.display()));
    assert!(strange.contains("`visit`"), "{strange}");
}

#[test]
fn two_heads_for_one_column_and_ten_thousands_are_asked_about() {
    let desk = Desk::new();
    let out = desk.typed("l.parquet");
    let text = one("psn_no", "7").replace("psn_no;", "人员编号;证件号码;").replace("\n7;", "\n7;371081199001011234;");
    let file = put_gb(&desk, "a.csv", &text);
    let two = fails(&format!("import {file} --out {out}"));
    assert!(two.contains("both `人员编号` and `证件号码` are heads for `psn_no`"), "{two}");
    succeeds(&format!("import {file} --out {out} --column psn_no=证件号码 --quiet"));
    assert_eq!(read(&desk, "l.parquet").rows[0]["psn_no"], "371081199001011234");
    let text = one("psn_no", "7").replace("medfee_sumamt", "医疗费总额（万元）");
    let file = put_gb(&desk, "b.csv", &text);
    let coarse = fails(&format!("import {file} --out {out} --force"));
    assert!(coarse.contains("`医疗费总额（万元）` is in ten thousands of yuan"), "{coarse}");
}

#[test]
fn what_is_no_table_is_told_with_what_to_do() {
    let desk = Desk::new();
    let out = desk.typed("l.parquet");
    let quote = put_gb(
        &desk,
        "quote.csv",
        &format!("{}\"1;2;2023-05-06;390;21;9;8;7\n3;4;2023-05-06;390;21;9;8;7\n", one("psn_no", "7")),
    );
    let unclosed = fails(&format!("import {quote} --out {out}"));
    assert!(unclosed.contains("line 3: a quote is opened here"), "{unclosed}");
    std::fs::write(desk.path("old.xls"), [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]).unwrap();
    assert!(fails(&format!("import {} --out {out}", desk.typed("old.xls"))).contains("save it as .xlsx or CSV"));
    std::fs::write(desk.path("zip.xlsx"), b"PK\x03\x04 and nothing").unwrap();
    assert!(fails(&format!("import {} --out {out}", desk.typed("zip.xlsx"))).contains("no workbook that can be read"));
    desk.text("empty.csv", "");
    assert!(fails(&format!("import {} --out {out}", desk.typed("empty.csv"))).contains("no head for `psn_no`"));
    assert!(fails(&format!("import {} --out {out}", desk.typed("nowhere.csv"))).contains("nowhere.csv: "));
    let file = put_gb(&desk, "a.csv", &one("psn_no", "7"));
    assert!(fails(&format!("import {file} {file} --out {out}")).contains("named twice"));
    assert!(fails(&format!("import {file} --out {file} --force")).contains("named twice"));
    assert!(
        fails(&format!("import {} --out {out}", desk.typed("."))).contains("./: ")
            || names_in(desk.folder()).len() == 5
    );
    let nowhere = fails(&format!("import {file} --out {}/no/l.parquet", desk.folder().display()));
    assert!(nowhere.contains("no/"), "{nowhere}");
    let usage = typed_line(&format!("import {file}"));
    assert_eq!(usage.code, Some(2));
    assert!(usage.stderr.contains("--out"), "{}", usage.stderr);
    // Nothing was written by any of them.
    assert_eq!(desk.names(), ["a.csv", "empty.csv", "old.xls", "quote.csv", "zip.xlsx"]);
}

#[test]
fn several_files_of_different_heads_become_one_ledger_in_their_order() {
    let desk = Desk::new();
    let first = put_gb(&desk, "a.csv", &one("psn_no", "1").replace(";", ","));
    let second = put_gb(
        &desk,
        "b.csv",
        &one("psn_no", "2").replace("hifp_pay", "统筹基金支出;医疗救助").replace(";7\n", ";7;3.50\n"),
    );
    succeeds(&format!("import {second} {first} --out {} --quiet", desk.typed("l.parquet")));
    let table = read(&desk, "l.parquet");
    assert_eq!(table.rows.iter().map(|r| r["psn_no"].as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!((table.rows[0]["maf_pay"].as_str(), table.rows[1].get("maf_pay")), ("3.50", None));
}

#[test]
fn heads_without_rows_are_an_empty_ledger_that_settles() {
    let desk = Desk::new();
    let heads = one("psn_no", "1").lines().next().unwrap().to_owned();
    let file = put_gb(&desk, "a.csv", &heads);
    import(&desk, &file);
    assert_eq!(read(&desk, "ledger.parquet").rows.len(), 0);
    let people = put_gb(&desk, "b.csv", "psn_no,identity,begndate\n");
    succeeds(&format!("import {people} --roster --out {} --quiet", desk.typed("roster.parquet")));
    desk.done(desk.settle());
    assert_eq!(desk.read("settlement").rows.len(), 0);
}

#[test]
fn a_dry_run_shows_what_was_understood_and_writes_nothing() {
    let desk = Desk::new();
    let text =
        one("medfee_sumamt", "￥１，２３４．５元").replace("hifp_pay", "hifp_pay;姓名").replace(";7\n", ";7;张三\n");
    put_gb(&desk, "a.csv", &text);
    let shown = typed_in(desk.folder(), "import a.csv --dry-run");
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.contains("a.csv: GB18030, semicolons between cells; heads in row 1\n"), "{}", shown.stdout);
    assert!(shown.stdout.contains("1234.50") && shown.stdout.contains("not read: 姓名\n"), "{}", shown.stdout);
    let chinese = typed_in(desk.folder(), "import a.csv --dry-run --lang zh");
    assert!(chinese.stdout.contains("a.csv：GB18030，以分号分隔；表头在第 1 行\n"), "{}", chinese.stdout);
    assert_eq!(desk.names(), ["a.csv"]);
}

#[test]
fn rows_beyond_a_chunk_are_all_there_and_numbered() {
    let desk = Desk::new();
    let head = one("psn_no", "1").lines().next().unwrap().to_owned();
    let mut text = head + "\n";
    for row in 2..=140_000 {
        let amount = if row == 131_073 { "x" } else { "9" };
        text.push_str(&format!("{};{row};2023-05-06;390;21;{amount};8;7\n", row % 1_000));
    }
    desk.text("a.csv", &text);
    let done = succeeds(&format!("import {} --out {} --json", desk.typed("a.csv"), desk.typed("l.parquet")));
    let told: serde_json::Value = serde_json::from_str(&done.stdout).unwrap();
    assert_eq!((told["output"]["rows"].as_u64(), told["reject_cells"].as_u64()), (Some(139_998), Some(1)));
    let rejects = std::fs::read_to_string(desk.path("l.rejects.csv")).unwrap();
    assert!(rejects.ends_with(",131073,medfee_sumamt,x,no amount\n"), "{rejects}");
    let ids: Vec<usize> = read(&desk, "l.parquet").rows.iter().map(|r| r["setl_id"].parse().unwrap()).collect();
    assert!(ids.iter().copied().eq((2..=140_000).filter(|row| *row != 131_073)));
}

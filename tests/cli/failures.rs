//! Runs that end early: exit code 1, one line of what and where, one of what to do, nothing published.

use crate::desk::{Desk, Edit, POLICY, Sheet, holds, names_in, stay, typed_line};
use crate::support::program::{Outcome, Settle};
use arrow::array::{ArrayRef, BooleanArray, Float64Array, StringArray};
use arrow::datatypes::{DataType, TimeUnit};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A good ledger and roster, and nothing wrong yet.
fn good() -> Desk {
    Desk::with(&[stay("P1", "S1"), stay("P2", "S2")], &[holds("P1", "tekun"), holds("P2", "dibao")])
}

/// The run failed with exactly this text, and left the desk as it was.
fn failed(desk: &Desk, settle: Settle, what: &str, remedy: &str) {
    let before = desk.names();
    let outcome = desk.run(settle);
    says(&outcome, what, remedy);
    assert_eq!(desk.names(), before, "something was left beside the output folder");
}

fn says(outcome: &Outcome, what: &str, remedy: &str) {
    assert_eq!(outcome.stderr, format!("error: {what}\n  {remedy}\n"));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
}

/// The run failed with a first line that begins so and a last line of what to do: for messages that
/// quote a library or print a piece of the file.
fn failed_like(desk: &Desk, settle: Settle, begins: &str, remedy: &str) -> String {
    let before = desk.names();
    let outcome = desk.run(settle);
    assert!(outcome.stderr.starts_with(&format!("error: {begins}")), "wants: {begins}\n{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().last(), Some(format!("  {remedy}").as_str()), "{}", outcome.stderr);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert_eq!(desk.names(), before, "something was left beside the output folder");
    outcome.stderr
}

// --- Policy and parameters ---------------------------------------------------------------------------------

#[test]
fn an_unknown_policy_lists_those_that_are_shipped() {
    let desk = good();
    failed(
        &desk,
        desk.settle_under("atlantis-2023"),
        "policy `atlantis-2023` is neither shipped nor a file",
        "shipped are: erenhot-2023, jincheng-2023, weihai-2023, weihai-etdz-2017; or give the path of a TOML file",
    );
}

/// The text of a shipped policy.
fn shipped(id: &str) -> &'static str {
    onestop::policy::SHIPPED.iter().find(|(name, _)| *name == id).expect("it is shipped").1
}

/// The number of the line that begins so, from 1.
fn line_of(text: &str, begins: &str) -> usize {
    text.lines().position(|l| l.starts_with(begins)).expect("such a line") + 1
}

#[test]
fn a_policy_file_with_an_unknown_key_says_which_and_on_which_line() {
    let desk = good();
    let text = shipped(POLICY).replace("[assistance]\n", "[assistance]\ncolour = \"red\"\n");
    desk.text("mine.toml", &text);
    let (path, line) = (desk.typed("mine.toml"), line_of(&text, "colour"));
    let stderr = failed_like(
        &desk,
        desk.settle_under(&path),
        &format!("{path}: TOML parse error at line {line}, column 1\n"),
        "correct the file; the README prints the whole form under \"How to add a city\"",
    );
    assert!(stderr.contains("unknown field `colour`"), "{stderr}");
}

#[test]
fn a_policy_that_cannot_be_meant_is_refused_with_what_is_wrong() {
    let desk = good();
    let gap = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/errors/gap.toml");
    failed(
        &desk,
        desk.settle_under(gap),
        "policy `gap` cannot be applied: `ma.all`: bracket 2 leaves a gap between 10000.00 and 12000.00",
        "run `onestop policy check` on the file and correct it",
    );
}

/// A claim of a year for which the city's income of the year before is not shipped.
fn without_income() -> Desk {
    let late = stay("P1", "S1").with("setl_time", "2026-03-01T10:00:00");
    Desk::with(&[late], &[holds("P1", "dibao_margin")])
}

const NO_INCOME: (&str, &str) = (
    "no value for parameter `per-capita disposable income, Erenhot, all residents` of year 2025, \
     needed by rule `ma.outpatient.S3S4` (第六条（一）) for benefit year 2026",
    "give it in a file: --params FILE, with [[value]] (or [[schedule]]) \
     parameter = \"per-capita disposable income, Erenhot, all residents\", year = 2025",
);

#[test]
fn a_dated_value_that_is_missing_is_named_with_year_rule_and_clause() {
    let desk = without_income();
    failed(&desk, desk.settle_under("erenhot-2023"), NO_INCOME.0, NO_INCOME.1);
}

#[test]
fn with_a_year_a_missing_value_is_said_before_the_ledger_is_read() {
    let desk = without_income();
    desk.text("ledger.parquet", "no Parquet at all");
    failed(&desk, desk.settle_under("erenhot-2023").option("--year", "2026"), NO_INCOME.0, NO_INCOME.1);
}

#[test]
fn what_the_message_says_to_do_helps() {
    let desk = without_income();
    let income = |name: &str| format!("[[value]]\nparameter = \"{name}\"\nyear = 2025\nvalue = \"50000\"\n");
    let all = income("per-capita disposable income, Erenhot, all residents");
    let rural = income("per-capita disposable income, Erenhot / Xilingol, rural and pastoral residents");
    let params = desk.text("params.toml", &format!("{all}\n{rural}"));
    desk.done(desk.settle_under("erenhot-2023").params(&params));
}

#[test]
fn a_faulty_parameters_file_says_what_and_where() {
    let desk = good();
    let remedy = "correct the file; the README prints the whole form under \"How to add a city\"";
    let path = desk.typed("params.toml");
    for (text, line, what) in [
        ("colour = \"red\"\n", 1, "unknown field `colour`"),
        ("[[value]]\nparameter = \"x\"\nvalue = 3\n", 3, "invalid type: integer `3`"),
        ("[[value]]\nparameter = \"x\"\nvalue = \"3.001\"\n", 3, "the value `3.001`: more than two decimals"),
        ("[[value]]\nparameter = \"x\"\nvalue = \"-3\"\n", 3, "the value `-3`: negative"),
    ] {
        let params = desk.text("params.toml", text);
        let begins = format!("{path}: TOML parse error at line {line}, column ");
        let stderr = failed_like(&desk, desk.settle().params(&params), &begins, remedy);
        assert!(stderr.contains(what), "{stderr}");
    }
}

#[test]
fn the_same_parameter_twice_in_a_file_is_refused() {
    let desk = good();
    let params = desk.text("params.toml", &"[[value]]\nparameter = \"x\"\nyear = 2023\nvalue = \"3\"\n".repeat(2));
    failed(
        &desk,
        desk.settle().params(&params),
        "parameter `x`: stands twice for 2023 in one file",
        "correct the value in the parameters file",
    );
}

#[test]
fn files_that_are_named_but_not_there_are_named_back() {
    let desk = good();
    let missing = desk.typed("nowhere.file");
    let ledger = || Settle::ledger(&desk.path("ledger.parquet")).policy(POLICY);
    for option in ["--params", "--codes", "--roster"] {
        failed(
            &desk,
            ledger().option(option, &missing),
            &format!("{missing}: No such file or directory (os error 2)"),
            "check the path and its permissions",
        );
    }
}

#[test]
fn a_faulty_codes_file_says_what_and_where() {
    let desk = good();
    let remedy = "a codes file has the tables [columns], [identity], [med_type] and [hosp_lv]";
    let path = desk.typed("codes.toml");
    let codes = desk.text("codes.toml", "[med_type]\n99 = \"surgery\"\n");
    let begins = format!("{path}: TOML parse error at line 2, column 6");
    let stderr = failed_like(&desk, desk.settle().option("--codes", &codes), &begins, remedy);
    assert!(stderr.contains("unknown care `surgery`; known are chronic, "), "{stderr}");
    desk.text("codes.toml", "[hosp_lv]\n9 = 9\n");
    let what = format!("{path}: [hosp_lv] 9 = 9: a level is 1, 2, 3 or 0 for none");
    failed(&desk, desk.settle().option("--codes", &codes), &what, remedy);
}

#[test]
fn a_year_outside_the_policy_is_refused_with_its_dates() {
    let desk = good();
    let remedy = "choose another year or policy, or apply it all the same with --as-if";
    for (policy, year, dates) in [
        ("weihai-2023", "2022", "(2023-01-01 to 2027-12-31)"),
        ("weihai-2023", "2028", "(2023-01-01 to 2027-12-31)"),
        ("erenhot-2023", "2022", "(2023-01-01 to open)"),
    ] {
        let what = format!("--year {year} lies outside policy `{policy}` {dates}");
        failed(&desk, desk.settle_under(policy).option("--year", year), &what, remedy);
    }
}

#[test]
fn under_strict_values_without_a_publication_are_refused_by_name() {
    let desk = good();
    let what = "--strict: the run needs values without a publication: \
                catastrophic base schedule, Erenhot, employees; \
                catastrophic base schedule, Erenhot, residents; \
                per-capita disposable income, Erenhot / Xilingol, rural and pastoral residents 2022; \
                per-capita disposable income, Erenhot, all residents 2022";
    let remedy = "give confirmed values with --params FILE, or run without --strict";
    failed(&desk, desk.settle_under("erenhot-2023").flag("--strict"), what, remedy);
    let early = desk.settle_under("erenhot-2023").flag("--strict").option("--year", "2023");
    failed(&desk, early, what, remedy);
    desk.done(desk.settle().flag("--strict"));
}

// --- Ledger and roster ------------------------------------------------------------------------------------

#[test]
fn a_ledger_that_is_not_there_is_named() {
    let desk = good();
    let settle = Settle::ledger(&desk.path("nowhere.parquet")).policy(POLICY);
    let what = format!("{}: No such file or directory (os error 2)", desk.typed("nowhere.parquet"));
    failed(&desk, settle, &what, "check the path and its permissions");
}

const DAMAGED: &str = "the file is not readable Parquet; export it again";

#[test]
fn a_file_that_is_no_parquet_is_named() {
    let desk = good();
    let ledger = desk.text("ledger.csv", "psn_no,setl_id\nP1,S1\n");
    let what = format!("{}: Parquet error: Invalid Parquet file. Corrupt footer", ledger.display());
    failed(&desk, Settle::ledger(&ledger).policy(POLICY), &what, DAMAGED);
    let empty = desk.text("empty.parquet", "");
    let begins = format!("{}: ", empty.display());
    failed_like(&desk, Settle::ledger(&empty).policy(POLICY), &begins, DAMAGED);
}

#[test]
fn a_truncated_file_is_named() {
    let desk = good();
    let ledger = desk.path("ledger.parquet");
    let bytes = std::fs::read(&ledger).unwrap();
    for keep in [4, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&ledger, &bytes[..keep]).unwrap();
        failed_like(&desk, desk.settle(), &format!("{}: ", ledger.display()), DAMAGED);
    }
}

/// Writes over the pages of a column in a row group, and leaves the footer as it is.
fn damage(path: &Path, row_group: usize, column: usize) {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let (start, length) = reader.metadata().row_group(row_group).column(column).byte_range();
    let mut bytes = std::fs::read(path).unwrap();
    let pages = usize::try_from(start).unwrap()..usize::try_from(start + length).unwrap();
    bytes[pages].fill(0xFF);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn damage_behind_a_sound_footer_is_named_with_its_row_group_and_nothing_is_left() {
    let desk = good();
    let ledger = desk.path("ledger.parquet");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(1)).build();
    Sheet::of(&[stay("P1", "S1"), stay("P2", "S2")]).write(&ledger, properties);
    damage(&ledger, 1, 2);
    failed_like(&desk, desk.settle(), &format!("{}, row group 1: ", ledger.display()), DAMAGED);
}

#[test]
fn a_folder_without_parquet_is_named() {
    let desk = good();
    let folder = desk.make_folder("ledgers");
    desk.text("ledgers/notes.txt", "none here");
    desk.text("ledgers/.hidden.parquet", "not looked at");
    let what = format!("{}: no Parquet file in this folder", folder.display());
    failed(&desk, Settle::ledger(&folder).policy(POLICY), &what, "give files, or a folder that holds *.parquet");
}

#[test]
fn a_file_given_twice_is_named() {
    let desk = good();
    let (ledger, roster) = (desk.typed("ledger.parquet"), desk.typed("roster.parquet"));
    let roundabout = format!("{}/./ledger.parquet", desk.folder().display());
    let line = format!("settle {ledger} {roundabout} --roster {roster} --policy {POLICY} --out {}", desk.typed("out"));
    says(
        &typed_line(&line),
        &format!("{roundabout}: given twice"),
        "name each ledger file once, alone or by its folder",
    );
}

/// The good ledger in another form.
fn sheet() -> Sheet {
    Sheet::of(&[stay("P1", "S1"), stay("P2", "S2")])
}

/// Puts a sheet in the ledger's place and returns its path as it is typed.
fn ledger_of(desk: &Desk, sheet: &Sheet) -> String {
    sheet.lay(desk, "ledger.parquet").display().to_string()
}

#[test]
fn a_missing_column_is_named_with_the_file_and_what_is_there() {
    let desk = good();
    let needed = ["psn_no", "setl_id", "setl_time", "insutype", "medfee_sumamt", "inscp_scp_amt", "hifp_pay"];
    for column in needed {
        let lacking = sheet().without(column);
        let path = ledger_of(&desk, &lacking);
        let what = format!("{path}: needed column `{column}` is missing; the file has {}", lacking.list());
        let remedy = format!("rename it with --column {column}=THEIRS, or export it");
        failed(&desk, desk.settle(), &what, &remedy);
    }
    let lacking = sheet().without("care");
    let path = ledger_of(&desk, &lacking);
    let list = lacking.list();
    let what = format!("{path}: needed column `med_type` is missing, and there is no `care`; the file has {list}");
    failed(&desk, desk.settle(), &what, "export one of them");
}

#[test]
fn a_roster_without_a_needed_column_is_named() {
    let desk = good();
    for column in ["psn_no", "identity", "begndate"] {
        let lacking = Sheet::of(&[holds("P1", "tekun")]).without(column);
        let path = lacking.lay(&desk, "roster.parquet");
        let what = format!("{}: needed column `{column}` is missing; the file has {}", path.display(), lacking.list());
        failed(&desk, desk.settle(), &what, &format!("rename it with --column {column}=THEIRS, or export it"));
    }
}

#[test]
fn two_columns_for_one_name_are_named_both() {
    let desk = good();
    let remedy = "leave one of them out of the export";
    let twice = |name: &str, theirs: &str| sheet().put(theirs, sheet().column(name));
    for (name, theirs) in [("inscp_scp_amt", "INSCP_AMT"), ("psn_no", " PSN_NO\t"), ("hifp_pay", "HIFP_PAY")] {
        let path = ledger_of(&desk, &twice(name, theirs));
        let what = format!("{path}: columns `{name}` and `{theirs}` both stand for `{name}`");
        failed(&desk, desk.settle(), &what, remedy);
    }
    let path = ledger_of(&desk, &twice("psn_no", "grbh"));
    let what = format!("{path}: columns `psn_no` and `grbh` both stand for `psn_no`");
    failed(&desk, desk.settle().option("--column", "psn_no=GRBH"), &what, remedy);
}

#[test]
fn a_float_column_of_money_is_refused_by_name() {
    let desk = good();
    for float in [DataType::Float64, DataType::Float32] {
        let path = ledger_of(&desk, &sheet().cast("hifp_pay", &float));
        let what = format!("{path}: column `hifp_pay` is a float; money must be exact");
        let remedy = "export it as decimal, or accept checked values with --allow-float";
        failed(&desk, desk.settle(), &what, remedy);
    }
}

#[test]
fn a_time_with_a_zone_is_refused() {
    let desk = good();
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("+08:00".into()));
    let path = ledger_of(&desk, &sheet().cast("setl_time", &zoned));
    let what = format!("{path}: column `setl_time` carries the time zone UTC; times are local and without zone");
    failed(&desk, desk.settle(), &what, "export local times without a zone");
}

#[test]
fn a_column_of_a_type_that_cannot_be_read_is_named_with_what_would_do() {
    let desk = good();
    let remedy = "export the column in such a type";
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![390.0, 310.0]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["2023-03-01", "2023-03-02"]));
    for (column, values, found, expected) in [
        ("setl_time", &texts, "Utf8", "timestamp without zone, or date"),
        ("psn_no", &flags, "Boolean", "text or integer"),
        ("medfee_sumamt", &flags, "Boolean", "decimal, whole yuan as integer, or text"),
        ("insutype", &floats, "Float64", "text or integer"),
        ("designated", &floats, "Float64", "boolean, integer or text"),
    ] {
        let path = ledger_of(&desk, &sheet().put(column, values.clone()));
        let what = format!("{path}: column `{column}` is {found}; expected {expected}");
        failed(&desk, desk.settle(), &what, remedy);
    }
}

#[test]
fn ids_of_two_types_are_refused() {
    let desk = Desk::new();
    let remedy = "ids must be of one type throughout; export them alike";
    let rows = |psn_no: &str| Sheet::of(&[stay(psn_no, "7").with("identity", "tekun")]);
    desk.make_folder("ledger");
    let ledger = desk.path("ledger");
    let (a, b) = (desk.typed("ledger/a.parquet"), desk.typed("ledger/b.parquet"));
    rows("1").lay(&desk, "ledger/a.parquet");
    for column in ["psn_no", "setl_id"] {
        rows("2").cast(column, &DataType::Int64).lay(&desk, "ledger/b.parquet");
        let what = format!("{b}: `{column}` is integer, but text in {a}");
        failed(&desk, Settle::ledger(&ledger).policy(POLICY), &what, remedy);
    }
    let named = Sheet::of(&[stay("1", "7").with("identity", "tekun").with("init_setl_id", "8")]);
    named.cast("init_setl_id", &DataType::Int32).lay(&desk, "ledger/b.parquet");
    let what = format!("{b}: `init_setl_id` is integer, but text in setl_id");
    failed(&desk, Settle::ledger(&ledger).policy(POLICY), &what, remedy);
}

#[test]
fn a_roster_with_ids_of_another_type_is_refused() {
    let desk = good();
    let roster = Sheet::of(&[holds("1", "tekun")]).cast("psn_no", &DataType::Int64).lay(&desk, "roster.parquet");
    let what = format!("{}: `psn_no` is integer, but text in the ledger", roster.display());
    failed(&desk, desk.settle(), &what, "ids must be of one type throughout; export them alike");
}

#[test]
fn a_ledger_without_roster_and_without_identities_is_refused() {
    let desk = Desk::with(&[stay("P1", "S1")], &[]);
    failed(
        &desk,
        desk.settle(),
        "the ledger carries no `identity`, and no roster is given",
        "give --roster FILE, or export `identity` with the ledger",
    );
}

#[test]
fn a_column_that_cannot_hold_assistance_paid_is_refused() {
    let desk = good();
    for name in ["colour", "hifp_pay", "medfee_sumamt"] {
        failed(
            &desk,
            desk.settle().option("--recorded-maf", name),
            &format!("--recorded-maf: `{name}` is no payment column of the ledger"),
            "name columns such as maf_pay, oth_pay",
        );
    }
}

#[test]
fn a_policy_that_goes_by_the_last_day_needs_that_column() {
    let desk = good();
    let text = shipped(POLICY).replace("\n[catastrophic]\n", "\n[switches]\nyear_by = \"enddate\"\n\n[catastrophic]\n");
    desk.text("mine.toml", &text);
    let what = format!(
        "{}: the policy decides year and identity by `enddate`, which is missing",
        desk.typed("ledger.parquet")
    );
    failed(&desk, desk.settle_under(&desk.typed("mine.toml")), &what, "export the last day of the visit as `enddate`");
}

// --- The output folder ------------------------------------------------------------------------------------

#[test]
fn a_second_run_is_refused_and_replaced_only_with_force() {
    let desk = good();
    desk.done(desk.settle());
    let before = std::fs::read(desk.path("out/manifest.json")).unwrap();
    failed(
        &desk,
        desk.settle().option("--year", "2023"),
        &format!("{}: exists already", desk.typed("out")),
        "choose another --out, or replace this run with --force",
    );
    assert_eq!(std::fs::read(desk.path("out/manifest.json")).unwrap(), before);
    desk.done(desk.settle().option("--year", "2023").option("--audit", "none").flag("--force"));
    assert_eq!(desk.manifest()["options"]["year"], 2023);
    assert!(!desk.path("out/audit.parquet").exists(), "the old run is gone, file by file");
    assert_eq!(desk.names(), ["ledger.parquet", "out", "roster.parquet"]);
}

#[test]
fn a_run_that_fails_leaves_the_one_that_it_was_to_replace() {
    let desk = good();
    desk.done(desk.settle());
    let before = names_in(&desk.path("out"));
    let ledger = desk.path("ledger.parquet");
    damage(&ledger, 0, 1);
    let begins = format!("{}, row group 0: ", ledger.display());
    failed_like(&desk, desk.settle().flag("--force"), &begins, DAMAGED);
    assert_eq!(names_in(&desk.path("out")), before);
}

#[test]
fn what_is_no_run_is_not_replaced_even_with_force() {
    let remedy = "choose another --out, or remove it yourself";
    let desk = good();
    desk.make_folder("out");
    desk.text("out/holiday.jpg", "the sea");
    let what = format!(
        "{}: is no output of an earlier run, or holds other files too, and is not replaced even with --force",
        desk.typed("out")
    );
    failed(&desk, desk.settle().flag("--force"), &what, remedy);
    assert_eq!(std::fs::read_to_string(desk.path("out/holiday.jpg")).unwrap(), "the sea");
    let desk = good();
    desk.text("out", "a file");
    let what = format!(
        "{}: is no output of an earlier run, or holds other files too, and is not replaced even with --force",
        desk.typed("out")
    );
    failed(&desk, desk.settle().flag("--force"), &what, remedy);
}

#[test]
fn a_folder_with_another_programs_manifest_is_no_run() {
    let desk = good();
    desk.make_folder("out");
    desk.text("out/manifest.json", "{\"name\": \"a photo album\"}");
    desk.text("out/holiday.jpg", "the sea");
    let what = format!(
        "{}: is no output of an earlier run, or holds other files too, and is not replaced even with --force",
        desk.typed("out")
    );
    failed(&desk, desk.settle().flag("--force"), &what, "choose another --out, or remove it yourself");
    assert_eq!(std::fs::read_to_string(desk.path("out/holiday.jpg")).unwrap(), "the sea");
}

#[test]
fn what_an_interrupted_replacement_left_does_not_stand_in_the_way() {
    let desk = good();
    desk.done(desk.settle());
    // Killed between two renames: the run that was to be replaced is put back first.
    std::fs::rename(desk.path("out"), desk.path(".out.onestop-old")).unwrap();
    desk.make_folder(".out.onestop-partial");
    says(
        &desk.run(desk.settle()),
        &format!("{}: exists already", desk.typed("out")),
        "choose another --out, or replace this run with --force",
    );
    desk.done(desk.settle().flag("--force"));
    assert_eq!(desk.names(), ["ledger.parquet", "out", "roster.parquet"]);
}

#[test]
fn folders_above_are_not_left_where_the_run_fails() {
    let desk = without_income();
    let outcome = desk.settle_under("erenhot-2023").into_folder(&desk.path("years/2026/first"));
    assert_eq!(outcome.code, Some(1));
    assert_eq!(desk.names(), ["ledger.parquet", "roster.parquet"]);
}

#[test]
fn an_empty_folder_may_be_filled_and_folders_above_are_made() {
    let desk = good();
    desk.make_folder("out");
    desk.done(desk.settle());
    let deep = desk.path("years/2023/first");
    assert_eq!(desk.settle().into_folder(&deep).code, Some(0));
    assert_eq!(names_in(&desk.path("years/2023")), ["first"]);
}

const UNWRITABLE: &str = "check that the place exists, is writable and has room; nothing was published";

#[test]
fn an_output_folder_that_cannot_be_made_is_named() {
    let desk = good();
    desk.text("file", "no folder");
    for out in ["file/out", "file/deep/out"] {
        let outcome = desk.settle().into_folder(&desk.path(out));
        assert!(outcome.stderr.starts_with(&format!("error: {}", desk.typed("file"))), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.lines().last(), Some(format!("  {UNWRITABLE}").as_str()));
        assert_eq!(outcome.code, Some(1));
    }
    assert_eq!(desk.names(), ["file", "ledger.parquet", "roster.parquet"]);
}

#[test]
fn an_output_folder_in_a_place_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = good();
    let locked = desk.make_folder("locked");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(locked.join("probe"), "").is_ok() {
        // Root may write anywhere: nothing to see here.
        return;
    }
    let outcome = desk.settle().into_folder(&locked.join("out"));
    assert!(outcome.stderr.contains("Permission denied"), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().last(), Some(format!("  {UNWRITABLE}").as_str()));
    assert_eq!(outcome.code, Some(1));
    assert!(names_in(&locked).is_empty());
}

// --- Other commands ---------------------------------------------------------------------------------------

#[test]
fn the_other_commands_name_an_unknown_policy_in_the_same_words() {
    let desk = Desk::new();
    let remedy =
        "shipped are: erenhot-2023, jincheng-2023, weihai-2023, weihai-etdz-2017; or give the path of a TOML file";
    let out = desk.typed("out");
    for line in [
        format!("generate --policy atlantis-2023 --persons 5 --year 2023 --out {out}"),
        "policy show atlantis-2023".to_owned(),
        "policy check atlantis-2023".to_owned(),
        "policy diff weihai-2023 atlantis-2023".to_owned(),
    ] {
        says(&typed_line(&line), "policy `atlantis-2023` is neither shipped nor a file", remedy);
    }
    assert!(desk.names().is_empty());
}

#[test]
fn a_run_without_faults_says_nothing_when_quiet() {
    let desk = good();
    let params = "[[value]]\nparameter = \"per-capita disposable income, Shandong\"\nyear = 2022\nvalue = \"37560\"\n";
    let params = desk.text("params.toml", params);
    let outcome = desk.run(desk.settle().params(&params));
    assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (Some(0), "", ""));
    assert_eq!(desk.read("settlement").rows.len(), 2);
}

//! `onestop verify`: a folder holds as it was written, and every change to it is found, in whatever file.

use crate::desk::{Desk, Edit, batch, generated, holds, lay, names_in, stay, typed_line};
use crate::history::{at, old_and_new};
use crate::support::program::Outcome;
use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Decimal128Type};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

const FILES: [&str; 7] = [
    "alerts.parquet",
    "audit.parquet",
    "clauses.parquet",
    "persons.parquet",
    "rejects.parquet",
    "settlement.parquet",
    "subsidies.parquet",
];

/// A generated ledger in `made`, settled into `out`.
fn settled(policy: &str, year: i32, more: &str) -> Desk {
    let desk = generated(policy, 300, year, 3);
    desk.settle_made(policy, "out", more);
    desk
}

fn verify(desk: &Desk, more: &str) -> Outcome {
    typed_line(&format!("verify {} {more}", desk.typed("out")))
}

fn again(desk: &Desk) -> Outcome {
    verify(desk, &format!("--ledger {}", desk.typed("made/ledger.parquet")))
}

fn fails(outcome: &Outcome, with: &[&str]) {
    assert_eq!(outcome.code, Some(1), "{}\n{}", outcome.stdout, outcome.stderr);
    for text in with {
        assert!(outcome.stdout.contains(text), "{text} is not in:\n{}", outcome.stdout);
    }
}

/// Writes a file of the outputs anew, with one column changed.
fn rewrite(desk: &Desk, name: &str, column: &str, change: impl Fn(&ArrayRef) -> ArrayRef) {
    let path = desk.path("out").join(name);
    let batch = batch(&path);
    let schema = batch.schema();
    let at = schema.index_of(column).unwrap();
    let mut columns = batch.columns().to_vec();
    columns[at] = change(&columns[at]);
    lay(&path, &RecordBatch::try_new(schema, columns).unwrap());
}

/// One fen more in a row that has the amount.
fn one_fen_more(column: &ArrayRef) -> ArrayRef {
    let amounts = column.as_primitive::<Decimal128Type>();
    let row = (0..amounts.len()).find(|r| !amounts.is_null(*r) && amounts.value(*r) != 0).expect("an amount");
    let changed: Decimal128Array =
        (0..amounts.len()).map(|r| amounts.is_valid(r).then(|| amounts.value(r) + i128::from(r == row))).collect();
    let DataType::Decimal128(precision, scale) = column.data_type() else { panic!("no amount") };
    Arc::new(changed.with_precision_and_scale(*precision, *scale).unwrap())
}

/// Another code in the first row.
fn another_code(column: &ArrayRef) -> ArrayRef {
    let codes = column.as_string::<i32>();
    let changed = codes.iter().enumerate().map(|(row, code)| if row == 0 { Some("another") } else { code });
    Arc::new(changed.collect::<StringArray>())
}

/// Makes the manifest state what the file is now, as whoever changes a figure would.
fn restate(desk: &Desk, name: &str) {
    let bytes = std::fs::read(desk.path("out").join(name)).unwrap();
    let mut manifest = desk.manifest();
    let entry = &mut manifest["outputs"][name];
    entry["size"] = bytes.len().into();
    entry["sha256"] = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect::<String>().into();
    std::fs::write(desk.path("out/manifest.json"), format!("{manifest:#}\n")).unwrap();
}

#[test]
fn every_shipped_policys_run_holds_by_itself_and_made_again() {
    let runs = [
        ("weihai-2023", 2024, ""),
        ("weihai-etdz-2017", 2019, "--year 2019"),
        ("erenhot-2023", 2023, "--audit none"),
        ("jincheng-2023", 2024, "--threads 1 --memory 64K"),
    ];
    for (policy, year, more) in runs {
        let desk = settled(policy, year, more);
        let alone = verify(&desk, "");
        assert_eq!(alone.code, Some(0), "{policy}: {}", alone.stdout);
        assert!(alone.stdout.contains("settled again, the same bytes: no ledger was given"), "{}", alone.stdout);
        let before = names_in(desk.folder());
        let outcome = again(&desk);
        assert_eq!(outcome.code, Some(0), "{policy}: {}", outcome.stdout);
        assert!(!outcome.stdout.contains("does not hold"), "{policy}: {}", outcome.stdout);
        assert!(outcome.stdout.contains("settled again: settlement.parquet"), "{policy}: {}", outcome.stdout);
        assert_eq!(names_in(desk.folder()), before, "{policy}: nothing stays behind");
        let audit = if more.contains("none") { "the run was made with --audit none" } else { "audit.parquet" };
        assert!(outcome.stdout.contains(audit), "{policy}: {}", outcome.stdout);
    }
}

#[test]
fn a_changed_byte_is_found_in_every_file() {
    for name in FILES {
        let desk = settled("jincheng-2023", 2024, "");
        let path = desk.path("out").join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        // Within the first column chunk, or the footer of a file without rows.
        let place = if bytes.len() > 600 { 40 } else { bytes.len() / 2 };
        bytes[place] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        let outcome = verify(&desk, "");
        fails(&outcome, &["sha256: stated", name]);
        assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    }
}

#[test]
fn a_missing_file_and_an_extra_one_are_found() {
    for name in FILES {
        let desk = settled("weihai-2023", 2024, "");
        std::fs::remove_file(desk.path("out").join(name)).unwrap();
        fails(&verify(&desk, ""), &[&format!("{name}, file: stated an output, found missing")]);
    }
    let desk = settled("weihai-2023", 2024, "");
    desk.text("out/notes.txt", "mine");
    fails(&verify(&desk, ""), &["notes.txt, file: stated no output, found in the folder"]);
}

/// Whoever changes a figure and makes the manifest fit is given away by the other files.
#[test]
fn a_value_rewritten_with_a_fitting_digest_is_found_from_the_figures_alone() {
    let amounts = [
        ("settlement.parquet", "ma_pay", "settlement.parquet row"),
        ("settlement.parquet", "payable_ma", "payable_ma"),
        ("settlement.parquet", "recorded_maf", "payable_ma"),
        ("settlement.parquet", "psn_burden", "medfee_sumamt"),
        ("audit.parquet", "paid", "audit.parquet row"),
        ("audit.parquet", "gross", "gross: stated"),
        ("audit.parquet", "from", "base_moved of"),
        ("persons.parquet", "ma_pay", "persons.parquet row"),
        ("persons.parquet", "payable_instant", "payable_instant: stated"),
        ("clauses.parquet", "paid", "clauses.parquet"),
        ("clauses.parquet", "base_moved", "base_moved of"),
        ("subsidies.parquet", "subsidy", "control_totals.subsidies"),
    ];
    for (name, column, told) in amounts {
        let desk = settled("weihai-2023", 2024, "");
        rewrite(&desk, name, column, one_fen_more);
        restate(&desk, name);
        let outcome = verify(&desk, "");
        assert_eq!(outcome.code, Some(1), "{name}, {column}");
        fails(&outcome, &[told]);
        assert!(!outcome.stdout.contains("sha256: stated"), "{name}: {}", outcome.stdout);
    }
    let codes = [
        ("settlement.parquet", "status", "counts.by_status.another: stated 0, found 1"),
        ("settlement.parquet", "reason", "counts.by_reason.another: stated 0, found 1"),
        ("alerts.parquet", "alert", "counts.alerts.another: stated 0, found 1"),
        ("rejects.parquet", "reason", "counts.rejects_by_reason.another: stated 0, found 1"),
        ("audit.parquet", "layer", "audit.parquet row 1"),
        ("persons.parquet", "psn_no", "charge_year"),
        ("clauses.parquet", "layer", "no layer `another`"),
    ];
    for (name, column, told) in codes {
        let desk = settled("weihai-2023", 2024, "");
        rewrite(&desk, name, column, another_code);
        restate(&desk, name);
        let outcome = verify(&desk, "");
        assert_eq!(outcome.code, Some(1), "{name}, {column}");
        fails(&outcome, &[told]);
    }
}

#[test]
fn a_rewritten_value_is_found_by_settling_again_with_person_row_and_both_figures() {
    for (name, column) in
        [("alerts.parquet", "accumulated"), ("settlement.parquet", "ma_pay"), ("subsidies.parquet", "standard")]
    {
        let desk = settled("weihai-2023", 2024, "");
        rewrite(&desk, name, column, one_fen_more);
        restate(&desk, name);
        let outcome = again(&desk);
        fails(&outcome, &[&format!("settled again: {name}"), &format!(", {column}: stated ")]);
        assert!(outcome.stdout.contains(", person P"), "{}", outcome.stdout);
    }
}

#[test]
fn a_count_and_a_total_changed_in_the_manifest_are_found() {
    for (path, told) in [
        ("/counts/ledger_rows", "counts.ledger_rows: stated 7, found"),
        ("/counts/by_status/settled", "counts.by_status.settled: stated 7, found"),
        ("/outputs/settlement.parquet/rows", "settlement.parquet, rows: stated 7, found"),
    ] {
        let desk = settled("weihai-2023", 2024, "");
        let mut manifest = desk.manifest();
        *manifest.pointer_mut(path).unwrap() = 7.into();
        std::fs::write(desk.path("out/manifest.json"), manifest.to_string()).unwrap();
        fails(&verify(&desk, ""), &[told]);
    }
    for path in ["/control_totals/all/ma_pay", "/control_totals/by_fund/persons", "/control_totals/subsidies"] {
        let desk = settled("weihai-2023", 2024, "");
        let mut manifest = desk.manifest();
        *manifest.pointer_mut(path).unwrap() = "1.00".into();
        std::fs::write(desk.path("out/manifest.json"), manifest.to_string()).unwrap();
        let column = path.trim_start_matches('/').replace('/', ".");
        fails(&verify(&desk, ""), &[&format!("manifest.json, {column}: stated 1.00, found")]);
    }
}

#[test]
fn a_changed_ledger_is_found_by_its_digest_and_by_what_it_pays() {
    let desk = Desk::with(&[stay("P1", "S1"), stay("P2", "S2")], &[holds("P1", "tekun"), holds("P2", "dibao")]);
    desk.done(desk.settle());
    let other = desk.ledger("other.parquet", &[stay("P1", "S1"), stay("P2", "S2").with("inscp_scp_amt", "7900")]);
    let outcome = verify(&desk, &format!("--ledger {}", other.display()));
    fails(
        &outcome,
        &[
            "none of the run's ledger files",
            "settlement.parquet row 2, person P2, claim S2, inscp_scp_amt: stated 8000.00, found 7900.00",
            "persons.parquet row 2, person P2, inscp_scp_amt",
            "control_totals.all.ma_pay: stated \"4200.00\", found \"4130.00\"",
        ],
    );
    // The ledger at its recorded path is looked at without being asked for.
    std::fs::copy(&other, desk.path("ledger.parquet")).unwrap();
    fails(&verify(&desk, ""), &["ledger.parquet, sha256: stated"]);
    std::fs::remove_file(desk.path("ledger.parquet")).unwrap();
    let outcome = verify(&desk, "");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("ledger.parquet is not there; give it with --ledger"), "{}", outcome.stdout);
}

#[test]
fn a_run_with_its_own_policy_parameters_and_codes_is_made_again_from_where_they_lie() {
    let desk = Desk::with(
        &[stay("P1", "S1").with("med_type", "99").without("care"), stay("P2", "S2")],
        &[holds("P1", "local"), holds("P2", "dibao")],
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = desk.path("mine.toml");
    std::fs::copy(root.join("data/policies/weihai-2023.toml"), &policy).unwrap();
    let params = desk.text("params.toml", "subsidy_date = \"02-01\"\n");
    let codes = desk.text("codes.toml", "[identity]\nlocal = \"tekun\"\n[med_type]\n99 = \"inpatient\"\n");
    let settle = desk.settle_under(policy.to_str().unwrap()).params(&params).option("--codes", &codes);
    desk.done(settle);
    let ledger = desk.typed("ledger.parquet");
    let outcome = verify(&desk, &format!("--ledger {ledger}"));
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    // Moved away, they are given; a changed one is told.
    for name in ["mine", "params", "codes"] {
        std::fs::rename(desk.path(name).with_extension("toml"), desk.path(&format!("{name}-moved"))).unwrap();
    }
    let outcome = verify(&desk, &format!("--ledger {ledger}"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    for option in ["--policy", "--params", "--codes"] {
        assert!(outcome.stdout.contains(&format!("is not there; give it with {option}")), "{}", outcome.stdout);
    }
    let [policy, params, codes] = ["mine-moved", "params-moved", "codes-moved"].map(|n| desk.typed(n));
    let given = format!("--ledger {ledger} --policy {policy} --params {params} --codes {codes}");
    let outcome = verify(&desk, &given);
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    std::fs::write(&params, "subsidy_date = \"03-01\"\n").unwrap();
    fails(&verify(&desk, &given), &["parameters, sha256: stated"]);
}

/// Ledger files in another order than they were given in: the rejects name other rows, and nothing else.
#[test]
fn a_ledger_of_several_files_may_be_given_in_another_order() {
    let desk = Desk::new();
    let twice = [stay("P1", "S1"), stay("P2", "S2").with("insutype", "999")];
    let [one, two] = ["b.parquet", "a.parquet"].map(|n| desk.ledger(n, &twice).display().to_string());
    desk.roster(&[holds("P1", "tekun")]);
    let roster = desk.typed("roster.parquet");
    let out = desk.typed("out");
    let line = format!("settle {one} {two} --roster {roster} --policy weihai-2023 --out {out} --quiet");
    assert_eq!(typed_line(&line).code, Some(0));
    for given in [format!("--ledger {one} {two}"), format!("--ledger {two} {one}")] {
        let outcome = verify(&desk, &given);
        assert_eq!(outcome.code, Some(0), "{given}: {}", outcome.stdout);
    }
}

#[test]
fn a_person_is_replayed_without_showing_or_writing_any_other() {
    let desk = settled("weihai-2023", 2024, "");
    let ledger = desk.typed("made/ledger.parquet");
    let settlement = desk.read("settlement");
    let mut persons: Vec<&String> = settlement.rows.iter().map(|r| &r["psn_no"]).collect();
    persons.dedup();
    let assisted: Vec<&String> = {
        let paid = settlement.rows.iter().filter(|r| r["ma_pay"] != "0.00");
        let mut ids: Vec<&String> = paid.map(|r| &r["psn_no"]).collect();
        ids.dedup();
        ids
    };
    let rejected: Vec<String> =
        desk.read("rejects").rows.iter().filter(|r| r["source"] == "ledger").map(|r| r["psn_no"].clone()).collect();
    assert!(assisted.len() > 3 && !rejected.is_empty());
    for person in assisted.iter().map(|p| (*p).clone()).chain(rejected).take(12) {
        for form in ["", "--json"] {
            let outcome = verify(&desk, &format!("--ledger {ledger} --person {person} {form}"));
            assert_eq!(outcome.code, Some(0), "{person}: {}\n{}", outcome.stdout, outcome.stderr);
            assert!(outcome.stdout.contains(&format!("person {person}: settlement.parquet")), "{}", outcome.stdout);
            let told = format!("{}{}", outcome.stdout, outcome.stderr);
            for other in persons.iter().filter(|p| ***p != person) {
                assert!(!told.contains(other.as_str()), "{other} is shown with {person}");
            }
        }
    }
    assert_eq!(desk.names(), ["made", "out"]);
}

#[test]
fn a_change_to_a_person_is_found_by_replaying_that_person_only() {
    let desk = Desk::with(&[stay("P1", "S1"), stay("P2", "S2")], &[holds("P1", "tekun"), holds("P2", "dibao")]);
    desk.done(desk.settle());
    rewrite(&desk, "settlement.parquet", "ma_pay", one_fen_more);
    restate(&desk, "settlement.parquet");
    let outcome = verify(&desk, "--person P1");
    fails(&outcome, &["settlement.parquet row 1, person P1, claim S1, ma_pay: stated 2100.01, found 2100.00"]);
    // The name of the folder is made by chance.
    let told = outcome.stdout.replace(&desk.typed(""), "");
    assert!(!told.contains("P2"), "{told}");
    let outcome = verify(&desk, "--person P2");
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    let outcome = verify(&desk, "--person P3");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("the person asked for has no row in the ledger"), "{}", outcome.stderr);
    std::fs::remove_file(desk.path("ledger.parquet")).unwrap();
    let outcome = verify(&desk, "--person P2");
    assert!(outcome.stderr.contains("the ledger cannot be found"), "{}", outcome.stderr);
}

#[test]
fn quiet_prints_nothing_and_json_is_for_programs() {
    let desk = settled("weihai-2023", 2024, "");
    let quiet = verify(&desk, "--quiet");
    assert_eq!((quiet.code, quiet.stdout.as_str()), (Some(0), ""));
    let json: Value = serde_json::from_str(&verify(&desk, "--json").stdout).unwrap();
    assert_eq!(json["holds"], true);
    let checks = json["checks"].as_array().unwrap();
    assert!(checks.iter().all(|c| c["verdict"] == "holds" || c["verdict"] == "not_checked"));
    rewrite(&desk, "settlement.parquet", "ma_pay", one_fen_more);
    let outcome = verify(&desk, "--json");
    let json: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!((outcome.code, &json["holds"]), (Some(1), &Value::Bool(false)));
    let finding =
        json["checks"].as_array().unwrap().iter().find_map(|c| {
            c["findings"].as_array()?.iter().find(|f| f["column"] == "ma_pay" && f["psn_no"].is_string())
        });
    let finding = finding.expect("a finding of ma_pay");
    assert!(finding["row"].is_u64() && finding["setl_id"].is_string());
    assert!(finding["stated"].is_string() && finding["found"].is_string());
}

#[test]
fn what_is_no_run_is_refused_with_what_to_do() {
    let desk = Desk::new();
    let outcome = typed_line(&format!("verify {}", desk.typed("nowhere")));
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("\n  give the output folder of a settle run"), "{}", outcome.stderr);
    desk.text("manifest.json", "{}");
    let outcome = typed_line(&format!("verify {}", desk.folder().display()));
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("manifest.json: missing field"), "{}", outcome.stderr);
}

/// Two policies share 2023; the roster is read as known, other orders are looked at.
#[test]
fn a_run_of_several_policies_is_made_again_each_claim_under_its_own() {
    let ledger = [
        at("P1", "S1", "2023-03-01"),
        at("P1", "S2", "2023-08-01"),
        at("P2", "S3", "2023-02-01"),
        at("P2", "S4", "2024-08-01"),
    ];
    let later = holds("P2", "tekun").with("known_on", "2024-12-01");
    let desk = Desk::with(&ledger, &[holds("P1", "monitored"), holds("P2", "dibao"), later]);
    let policy = old_and_new(&desk, "2023-06-30", "2023-07-01");
    let known = ["--as-known", "2024-06-30", "--as-of", "2025-01-01"];
    let settle = known.chunks(2).fold(desk.settle_under(&policy), |s, o| s.option(o[0], o[1]));
    desk.done(settle.flag("--orders"));
    let again = format!("--ledger {}", desk.typed("ledger.parquet"));
    let outcome = verify(&desk, &again);
    assert_eq!(outcome.code, Some(0), "{}\n{}", outcome.stdout, outcome.stderr);
    for told in
        ["(old, new, ", "policy old", "policy new", "settled again: clauses.parquet", "settled again: orders.parquet"]
    {
        assert!(outcome.stdout.contains(told), "{told} is not in:\n{}", outcome.stdout);
    }
    for person in ["P1", "P2"] {
        let outcome = verify(&desk, &format!("--person {person}"));
        assert_eq!(outcome.code, Some(0), "{person}: {}\n{}", outcome.stdout, outcome.stderr);
    }

    // The same files elsewhere, given in any order; one of them alone is not enough, a third one too many.
    desk.make_folder("moved");
    for name in ["old.toml", "new.toml"] {
        std::fs::rename(desk.path(name), desk.path("moved").join(name)).unwrap();
    }
    let [old, new] = ["moved/old.toml", "moved/new.toml"].map(|n| desk.typed(n));
    let outcome = verify(&desk, &again);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("old.toml is not there; give it with --policy"), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("settled again: settlement.parquet"), "{}", outcome.stdout);
    let outcome = verify(&desk, &format!("{again} --policy {new},{old}"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("settled again: settlement.parquet"), "{}", outcome.stdout);
    fails(&verify(&desk, &format!("--policy {new},{old},weihai-2023")), &["none of the run's policies"]);
    let text = std::fs::read_to_string(&old).unwrap();
    std::fs::write(&old, text.replace("ratio = \"0.70\"", "ratio = \"0.71\"")).unwrap();
    fails(&verify(&desk, &format!("--policy {new},{old}")), &["policy, sha256"]);
    std::fs::write(&old, &text).unwrap();

    rewrite(&desk, "clauses.parquet", "paid", one_fen_more);
    restate(&desk, "clauses.parquet");
    fails(&verify(&desk, ""), &["clauses.parquet", "paid"]);
}

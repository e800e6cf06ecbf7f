//! `onestop reconcile` and `generate --errors` end to end: known errors are planted into thousands of persons' years
//! and found again; the paid side in all its forms; what cannot be reconciled.

use crate::causes::{found, read, reconciled};
use crate::desk::{Desk, Edit, POLICY, Sheet, holds, names_in, stay, succeeds, typed_line};
use crate::support::contract::Kind;
use crate::support::program::Outcome;
use crate::support::table::{self, Row, Table, fen};
use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Policies with a year that the shipped parameters know.
const POLICIES: [(&str, i32); 4] =
    [("weihai-2023", 2024), ("weihai-etdz-2017", 2021), ("erenhot-2023", 2024), ("jincheng-2023", 2024)];

/// A desk with a ledger of planted errors in `made`, its settlement in `out` and its reconciliation in `rec`.
fn planted((policy, year): (&str, i32), persons: u32, errors: &str, seed: u32) -> Desk {
    let desk = Desk::new();
    let [made, out, rec] = ["made", "out", "rec"].map(|name| desk.typed(name));
    let who = format!("--policy {policy} --persons {persons} --year {year} --seed {seed}");
    succeeds(&format!("generate {who} --errors {errors} --out {made} --quiet"));
    succeeds(&format!(
        "settle {made}/ledger.parquet --roster {made}/roster.parquet --policy {policy} --out {out} --quiet"
    ));
    succeeds(&format!("reconcile {out} --out {rec} --quiet"));
    desk
}

/// Person, year.
type Key = (String, String);

/// A person's year as it is told: causes, sums by fund, other causes that fit.
#[derive(Default)]
struct Told {
    causes: BTreeSet<String>,
    sums: BTreeMap<String, i128>,
    also: BTreeSet<String>,
}

fn told(table: &Table) -> BTreeMap<Key, Told> {
    let mut all: BTreeMap<Key, Told> = BTreeMap::new();
    for row in table.rows.iter().filter(|row| row.contains_key("amount")) {
        let told = all.entry((row["psn_no"].clone(), row["charge_year"].clone())).or_default();
        told.causes.insert(row["cause"].clone());
        *told.sums.entry(row["fund"].clone()).or_default() += fen(&row["amount"]).expect("an amount");
        told.also.extend(row.get("also_fits").into_iter().flat_map(|also| also.split(',')).map(str::to_owned));
    }
    // Two errors may cancel out in a fund.
    all.values_mut().for_each(|told| told.sums.retain(|_, fen| *fen != 0));
    all
}

/// Planted years with one cause: how many there are, are named, and are named or listed.
#[derive(Default, Debug)]
struct Rates {
    planted: usize,
    named: usize,
    listed: usize,
    kinds: BTreeSet<String>,
}

impl Rates {
    /// Checks that every planted year, and no other, has findings, and that they add up; counts the causes.
    fn add(&mut self, desk: &Desk) {
        let truth = told(&read(desk, "made", "truth.parquet"));
        let findings = told(&read(desk, "rec", "findings.parquet"));
        let keys = |all: &BTreeMap<Key, Told>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&truth), keys(&findings), "gaps are where errors are, and nowhere else");
        let mut adjusted: BTreeMap<Key, BTreeMap<String, i128>> = BTreeMap::new();
        for row in read(desk, "rec", "adjustments.parquet").rows {
            let amount = fen(&row["amount"]).expect("an amount");
            assert!(amount > 0);
            let gap = if row["direction"] == "claw_back" { amount } else { -amount };
            let funds = adjusted.entry((row["psn_no"].clone(), row["charge_year"].clone())).or_default();
            *funds.entry(row["fund"].clone()).or_default() += gap;
        }
        for (key, planted) in &truth {
            let found = &findings[key];
            assert_eq!(planted.sums, found.sums, "{key:?}: the causes add up to the gap");
            assert_eq!(planted.sums, adjusted[key], "{key:?}: so do the adjustments");
            if planted.causes.len() == 1 {
                let named = found.causes == planted.causes;
                self.planted += 1;
                self.named += usize::from(named);
                self.listed += usize::from(named || planted.causes.is_subset(&found.also));
                self.kinds.extend(planted.causes.iter().cloned());
            }
        }
        let manifest = std::fs::read_to_string(desk.path("rec/manifest.json")).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
        assert_eq!(manifest["counts"]["gaps"], truth.len());
    }
}

/// Over all four policies, where another kind of error would not have booked the same payments.
#[test]
fn planted_errors_are_named() {
    let mut rates = Rates::default();
    for policy in POLICIES {
        rates.add(&planted(policy, 14_000, "all:0.1", 1));
    }
    println!("{rates:?}");
    assert!(rates.planted >= 2_000, "{rates:?}");
    assert!(rates.named * 100 >= rates.planted * 95, "{rates:?}");
    assert_eq!(rates.listed, rates.planted, "{rates:?}");
    let all = [
        "identity_ignored",
        "identity_after_end",
        "identity_before_begin",
        "identity_outside_dates",
        "another_identity",
        "processing_order",
        "reversal_not_netted",
        "duplicate_paid",
        "ext_comp_not_off",
        "excluded_cause_paid",
        "unreferred_paid",
        "undesignated_paid",
        "deductible_not_taken",
        "deductible_twice",
        "deductible_per_stay",
        "cap_not_applied",
        "cap_per_stay",
        "previous_year_schedule",
        "catastrophic_missing",
        "catastrophic_not_paid",
        "claim_not_paid",
        "assistance_not_paid",
        "rounding",
    ];
    assert_eq!(all.iter().filter(|kind| !rates.kinds.contains(**kind)).count(), 0, "{rates:?}");
}

/// Where the same payments may come of several kinds of error, the planted one is named or listed as fitting too.
#[test]
fn errors_that_look_alike_are_all_told() {
    let mut rates = Rates::default();
    for policy in POLICIES {
        rates.add(&planted(policy, 6_000, "all:0.1,cap_per_stay=40,twins", 2));
    }
    println!("{rates:?}");
    assert!(rates.planted >= 1_000 && rates.listed == rates.planted, "{rates:?}");
    assert!(rates.named < rates.planted, "{rates:?}");
    assert!(rates.kinds.contains("cap_per_stay"), "{rates:?}");
}

/// Of two errors at once most are named; whatever is named adds up.
#[test]
fn two_errors_at_once_add_up() {
    for policy in POLICIES {
        let desk = planted(policy, 3_000, "double=60", 3);
        let mut rates = Rates::default();
        rates.add(&desk);
        let truth = told(&read(&desk, "made", "truth.parquet"));
        let findings = told(&read(&desk, "rec", "findings.parquet"));
        let named = truth.iter().filter(|(key, told)| findings[*key].causes == told.causes).count();
        assert!(named * 100 >= truth.len() * 70, "{policy:?}: {named} of {}", truth.len());
    }
}

#[test]
fn findings_do_not_hang_on_threads_or_memory() {
    let desk = planted(("jincheng-2023", 2024), 3_000, "all:0.1,double=20,twins", 4);
    let [out, rec] = ["out", "rec"].map(|name| desk.typed(name));
    for (name, how) in [("one", "--threads 1"), ("four", "--threads 4"), ("little", "--threads 3 --memory 16M")] {
        succeeds(&format!("reconcile {out} --out {} {how} --quiet", desk.typed(name)));
        for file in ["findings.parquet", "adjustments.parquet", "manifest.json"] {
            let [a, b] = ["rec", name].map(|folder| std::fs::read(desk.path(folder).join(file)).expect("a file"));
            assert!(a == b, "{file} with {how}");
        }
    }
    assert_eq!(names_in(Path::new(&rec)), ["adjustments.parquet", "findings.parquet", "manifest.json", "report.html"]);
}

#[test]
fn the_same_seed_plants_the_same() {
    let make = |name: &str, desk: &Desk| {
        let line = "generate --policy weihai-2023 --persons 2000 --year 2024 --errors all:0.1 --quiet --out";
        succeeds(&format!("{line} {}", desk.typed(name)));
    };
    let desk = Desk::new();
    make("a", &desk);
    make("b", &desk);
    assert_eq!(names_in(&desk.path("a")), ["ledger.parquet", "roster.parquet", "truth.parquet"]);
    for file in ["ledger.parquet", "roster.parquet", "truth.parquet"] {
        let [a, b] = ["a", "b"].map(|folder| std::fs::read(desk.path(folder).join(file)).expect("a file"));
        assert!(a == b, "{file}");
    }
}

/// A dibao until the end of May with three stays, each assisted with 2 100; only the first is due.
fn three_stays() -> Desk {
    let at = |id: &str, month: u32| {
        stay("P1", id).with("setl_time", &format!("2023-{month:02}-10T09:00:00")).with("maf_pay", "2100")
    };
    let ledger = [at("S1", 3), at("S2", 6), at("S3", 7), stay("P2", "S1")];
    let desk = Desk::with(&ledger, &[holds("P1", "dibao").with("enddate", "2023-05-31")]);
    desk.done(desk.settle());
    desk
}

fn row(cells: &[(&str, &str)]) -> Row {
    cells.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Writes a file of payments; ids and years are text, everything else amounts.
fn paid(desk: &Desk, rows: &[Row]) {
    let names: BTreeSet<&String> = rows.iter().flat_map(Row::keys).collect();
    let kind = |name: &String| {
        let text = ["psn_no", "setl_id", "charge_year", "benefit_year"].contains(&name.as_str());
        if text { Kind::Text } else { Kind::Amount }
    };
    let columns: Vec<(&String, Kind)> = names.into_iter().map(|name| (name, kind(name))).collect();
    table::write(&desk.path("paid.parquet"), &columns, rows);
}

fn reconcile(desk: &Desk, rest: &str) -> Outcome {
    typed_line(&format!("reconcile {} --out {} --quiet {rest}", desk.typed("out"), desk.typed("rec")))
}

fn with_paid(desk: &Desk, rows: &[Row]) -> Vec<(String, String, String)> {
    paid(desk, rows);
    let outcome = reconcile(desk, &format!("--force --paid {}", desk.typed("paid.parquet")));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    found(desk, "rec").into_iter().map(|(cause, fund, amount, _)| (cause, fund, amount)).collect()
}

fn found_as(cause: &str, fund: &str, amount: &str) -> (String, String, String) {
    (cause.to_owned(), fund.to_owned(), amount.to_owned())
}

#[test]
fn a_file_may_state_totals_layers_funds_or_records() {
    let desk = three_stays();
    let after = "identity_after_end";
    let total = with_paid(&desk, &[row(&[("psn_no", "P1"), ("total", "6300")])]);
    assert_eq!(total, [found_as(after, "total", "4200.00")]);
    let halves = [row(&[("psn_no", "P1"), ("total", "6000")]), row(&[("psn_no", "P1"), ("total", "300")])];
    assert_eq!(with_paid(&desk, &halves), [found_as(after, "total", "4200.00")], "rows of a person add up");
    let fund = with_paid(&desk, &[row(&[("psn_no", "P1"), ("charge_year", "2023"), ("maf_pay", "6300")])]);
    assert_eq!(fund, [found_as(after, "assistance", "4200.00")]);
    let layers = row(&[("psn_no", "P1"), ("benefit_year", "2023"), ("ma_pay", "6300"), ("cii_pay", "0")]);
    assert_eq!(with_paid(&desk, &[layers]), [found_as(after, "ma_pay", "4200.00")]);
    let record = |id: &str, amount: &str| row(&[("psn_no", "P1"), ("setl_id", id), ("maf_pay", amount)]);
    let records = [record("S1", "2100"), record("S2", "2100"), record("S3", "2100")];
    assert_eq!(with_paid(&desk, &records), [found_as(after, "assistance", "4200.00")]);
    let due = with_paid(&desk, &[row(&[("psn_no", "P1"), ("total", "2100")])]);
    assert_eq!(due, [], "paid as due");
}

#[test]
fn what_was_paid_to_nobody_of_the_run_is_told_too() {
    let desk = three_stays();
    let rows = [
        row(&[("psn_no", "P1"), ("setl_id", "S1"), ("total", "2100")]),
        row(&[("psn_no", "P1"), ("setl_id", "S9"), ("total", "70")]),
        row(&[("psn_no", "P9"), ("setl_id", "S1"), ("total", "500")]),
    ];
    let expected = [found_as("not_in_this_run", "total", "70.00"), found_as("not_in_this_run", "total", "500.00")];
    assert_eq!(with_paid(&desk, &rows), expected);
    let adjustments = read(&desk, "rec", "adjustments.parquet");
    assert!(adjustments.rows.iter().all(|row| row["direction"] == "claw_back"));
}

#[test]
fn a_paid_side_that_cannot_be_read_is_refused() {
    let desk = three_stays();
    let says = |rows: &[Row], words: &str| {
        paid(&desk, rows);
        let outcome = reconcile(&desk, &format!("--paid {}", desk.typed("paid.parquet")));
        assert_eq!(outcome.code, Some(1));
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
        assert!(!desk.path("rec").exists(), "nothing is published");
    };
    says(&[row(&[("psn_no", "P1"), ("charge_year", "2023")])], "no column of amounts paid");
    says(&[row(&[("psn_no", "P1"), ("maf_pay", "1"), ("ma_pay", "1")])], "state the same money");
    says(&[row(&[("psn_no", "P1"), ("total", "many")])], "row 1: total");
    says(&[row(&[("psn_no", "P1"), ("charge_year", "soon"), ("total", "1")])], "charge_year: no year");
    says(&[row(&[("total", "1")])], "psn_no");
    let sheet = Sheet::of(&[row(&[("psn_no", "1"), ("maf_pay", "1")])]);
    sheet.clone().cast("maf_pay", &DataType::Float64).lay(&desk, "paid.parquet");
    let line = format!("--paid {}", desk.typed("paid.parquet"));
    assert!(reconcile(&desk, &line).stderr.contains("maf_pay"), "a float is refused");
    sheet.cast("psn_no", &DataType::Int64).lay(&desk, "paid.parquet");
    assert!(reconcile(&desk, &line).stderr.contains("of another type"));
    assert!(reconcile(&desk, "--paid nowhere.parquet").stderr.contains("nowhere.parquet"));
}

#[test]
fn a_year_must_be_said_where_there_are_several() {
    let ledger = [stay("P1", "S1"), stay("P1", "S2").with("setl_time", "2024-03-01T10:00:00")];
    let desk = Desk::with(&ledger, &[holds("P1", "dibao")]);
    desk.done(desk.settle());
    paid(&desk, &[row(&[("psn_no", "P1"), ("total", "4200")])]);
    let outcome = reconcile(&desk, &format!("--paid {}", desk.typed("paid.parquet")));
    assert!(outcome.stderr.contains("holds several years"), "{}", outcome.stderr);
    let years = [
        row(&[("psn_no", "P1"), ("charge_year", "2023"), ("total", "2100")]),
        row(&[("psn_no", "P1"), ("charge_year", "2024"), ("total", "2100.01")]),
    ];
    assert_eq!(with_paid(&desk, &years), [found_as("rounding", "total", "0.01")]);
}

/// Before and after a claim that came late: what is to be paid on top; the other way round, to be claimed back.
#[test]
fn two_runs_are_held_against_each_other() {
    let early = [stay("P1", "S1"), stay("P2", "S1")];
    let desk = Desk::with(&early, &[holds("P1", "dibao"), holds("P2", "dibao")]);
    desk.done(desk.settle());
    std::fs::rename(desk.path("out"), desk.path("before")).expect("a folder");
    std::fs::rename(desk.path("ledger.parquet"), desk.path("early.parquet")).expect("a file");
    let late = stay("P1", "S2").with("setl_time", "2023-05-01T10:00:00");
    desk.ledger("ledger.parquet", &[early[0].clone(), early[1].clone(), late]);
    desk.done(desk.settle());
    let outcome = reconcile(&desk, &format!("--paid {}", desk.typed("before")));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let found_now = found(&desk, "rec");
    let told = |f: &(String, String, String, String)| (f.0.clone(), f.1.clone(), f.2.clone());
    assert_eq!(found_now.iter().map(told).collect::<Vec<_>>(), [found_as("late_claim", "ma_pay", "-2100.00")]);
    assert_eq!(read(&desk, "rec", "adjustments.parquet").rows[0]["direction"], "top_up");

    // The earlier run's ledger lies elsewhere now.
    let line =
        format!("reconcile {} --paid {} --out {} --quiet", desk.typed("before"), desk.typed("out"), desk.typed("back"));
    let moved = typed_line(&line);
    assert!(moved.stderr.contains("digest differs"), "{}", moved.stderr);
    succeeds(&format!("{line} --ledger {}", desk.typed("early.parquet")));
    let back = found(&desk, "back");
    assert_eq!(back.iter().map(told).collect::<Vec<_>>(), [found_as("not_in_this_run", "ma_pay", "2100.00")]);
    assert_eq!(read(&desk, "back", "adjustments.parquet").rows[0]["direction"], "claw_back");

    let same = reconcile(&desk, &format!("--force --paid {}", desk.typed("out")));
    assert_eq!(same.code, Some(0), "{}", same.stderr);
    assert_eq!(found(&desk, "rec"), [], "a run pays what it pays");
}

#[test]
fn a_folder_is_replaced_only_when_asked() {
    let desk = three_stays();
    assert_eq!(reconcile(&desk, "").code, Some(0));
    let bytes = || std::fs::read(desk.path("rec/findings.parquet")).expect("a file");
    let first = bytes();
    let again = reconcile(&desk, "");
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("--force"), "{}", again.stderr);
    assert_eq!(reconcile(&desk, "--force").code, Some(0));
    assert_eq!(first, bytes());
}

#[test]
fn inputs_other_than_those_settled_are_refused() {
    let desk = three_stays();
    let says = |rest: &str, words: &str| {
        let outcome = reconcile(&desk, rest);
        assert_eq!(outcome.code, Some(1), "{rest}");
        assert!(outcome.stderr.contains(words), "{rest}: {}", outcome.stderr);
        assert!(!desk.path("rec").exists());
    };
    let params = desk.text("params.toml", "[[income]]\n");
    assert_eq!(reconcile(&desk, &format!("--params {}", params.display())).code, Some(1));
    says("--policy jincheng-2023", "--policy");
    desk.roster(&[holds("P1", "tekun")]);
    says("", "roster");
    desk.roster(&[holds("P1", "dibao").with("enddate", "2023-05-31")]);
    desk.ledger("ledger.parquet", &[stay("P1", "S1")]);
    says("", "ledger");
    std::fs::remove_file(desk.path("ledger.parquet")).expect("a file");
    says("", "ledger.parquet");
    let nothing = typed_line(&format!("reconcile {} --out {}", desk.typed("."), desk.typed("rec")));
    assert!(nothing.stderr.contains("output folder of a settle run"), "{}", nothing.stderr);
}

#[test]
fn an_empty_ledger_has_no_gaps() {
    let desk = Desk::new();
    desk.roster(&[holds("P1", "dibao")]);
    Sheet::of(&[stay("P1", "S1")]).head(0).lay(&desk, "ledger.parquet");
    assert_eq!(reconciled(&desk, POLICY), []);
    assert!(read(&desk, "rec", "adjustments.parquet").rows.is_empty());
}

#[test]
fn sums_are_told_by_institution_where_the_ledger_names_them() {
    let at = |id: &str, month: u32| {
        stay("P1", id).with("setl_time", &format!("2023-{month:02}-10T09:00:00")).with("maf_pay", "2100")
    };
    let codes: ArrayRef = Arc::new(StringArray::from(vec!["H1", "H2", "H2"]));
    let desk = Desk::new();
    desk.roster(&[holds("P1", "dibao").with("enddate", "2023-05-31")]);
    Sheet::of(&[at("S1", 3), at("S2", 6), at("S3", 7)]).put("fixmedins_code", codes).lay(&desk, "ledger.parquet");
    assert_eq!(reconciled(&desk, POLICY).len(), 1);
    let manifest = std::fs::read_to_string(desk.path("rec/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let sums = serde_json::json!({"person_years": 1, "paid_too_much": "4200.00", "paid_too_little": "0.00"});
    assert_eq!(manifest["totals"]["by_institution"], serde_json::json!({"H2": sums}));
    assert_eq!(manifest["totals"]["by_area"], serde_json::json!({"local": sums}));
    assert_eq!(manifest["totals"]["by_identity"], serde_json::json!({"dibao": sums}));
    assert_eq!(manifest["totals"]["by_cause"], serde_json::json!({"identity_after_end": sums}));
}

#[test]
fn what_is_carried_as_recorded_has_no_gap() {
    let desk = Desk::with(&[stay("P1", "S1").with("hifmi_pay", "700")], &[holds("P1", "dibao_margin")]);
    assert_eq!(reconciled(&desk, POLICY), []);
}

/// An identity that ended with the year, and with it the older policy; the claim of March falls under the newer.
#[test]
fn runs_of_several_policies_are_reconciled() {
    let ledger = [
        stay("P1", "S1").with("setl_time", "2022-11-01T10:00:00").with("maf_pay", "2100"),
        stay("P1", "S2").with("maf_pay", "2100"),
        stay("P2", "S1").with("setl_time", "2022-11-01T10:00:00").with("maf_pay", "2800").with("excl_cause", "fight"),
        stay("P2", "S2").with("maf_pay", "2100"),
    ];
    let identity = |psn_no: &str| holds(psn_no, "dibao").with("begndate", "2022-01-01");
    let desk = Desk::with(&ledger, &[identity("P1").with("enddate", "2022-12-31"), identity("P2")]);
    let found = reconciled(&desk, "weihai-etdz-2017,weihai-2023");
    let told: Vec<(&str, &str)> = found.iter().map(|f| (f.0.as_str(), f.2.as_str())).collect();
    assert_eq!(told[0], ("identity_after_end", "2100.00"));
    assert_eq!(told[1..], [("excluded_cause_paid", "2100.00"), ("unexplained", "700.00")]);
    let findings = read(&desk, "rec", "findings.parquet");
    let years: Vec<&str> = findings.rows.iter().map(|row| row["charge_year"].as_str()).collect();
    assert_eq!(years, ["2023", "2022", "2022"]);
}

/// As the clerk could know it: the identity was recorded too late, so that nothing was due.
#[test]
fn runs_of_what_was_known_are_reconciled() {
    let ledger = [stay("P1", "S1").with("maf_pay", "2100"), stay("P2", "S1").with("maf_pay", "0.01")];
    let roster =
        [holds("P1", "dibao").with("known_on", "2023-01-05"), holds("P2", "dibao").with("known_on", "2023-09-01")];
    let desk = Desk::with(&ledger, &roster);
    desk.done(desk.settle().flag("--as-known").flag("2023-06-30"));
    assert_eq!(reconcile(&desk, "").code, Some(0));
    let found = found(&desk, "rec");
    assert_eq!(found.iter().map(|f| (f.0.as_str(), f.2.as_str())).collect::<Vec<_>>(), [("unexplained", "0.01")]);
}

#[test]
fn explain_tells_a_persons_findings() {
    let desk = three_stays();
    assert_eq!(reconcile(&desk, "").code, Some(0));
    let [out, rec] = ["out", "rec"].map(|name| desk.typed(name));
    let english = succeeds(&format!("explain {out} P1 --findings {rec} --lang en")).stdout;
    for words in [
        "Findings 核对结论: what was paid against what was due\n",
        "  2023  identity_after_end 身份终止后仍按该身份结算: paid 4,200.00 too much (assistance)",
        "dibao 2023-01-01 to 2023-05-31",
        "2 claims: S2 (2023-06-10), S3 (2023-07-10)\n",
        "  2023  to claw back 应追回: 4,200.00 (assistance, instant)\n",
    ] {
        assert!(english.contains(words), "`{words}` is not in\n{english}");
    }
    let chinese = succeeds(&format!("explain {out} P1 --findings {rec} --lang zh")).stdout;
    assert!(chinese.contains("身份终止后仍按该身份结算：多付 4,200.00 元"), "{chinese}");
    let nothing = succeeds(&format!("explain {out} P2 --findings {rec} --lang zh")).stdout;
    assert!(nothing.contains("已付与应付一致，无差异"), "{nothing}");

    let none = typed_line(&format!("explain {out} P1 --findings {out}"));
    assert!(none.stderr.contains("holds no findings"), "{}", none.stderr);
    desk.done(desk.settle().flag("--force").flag("--audit").flag("full").flag("--year").flag("2023"));
    let other = typed_line(&format!("explain {out} P1 --findings {rec}"));
    assert!(other.stderr.contains("about another run"), "{}", other.stderr);
}

#[test]
fn a_specification_of_errors_that_makes_no_sense_is_a_usage_error() {
    for spec in ["everything", "cap_per_stay", "all:7", "twins"] {
        let line = format!("generate --policy weihai-2023 --persons 10 --year 2024 --errors {spec} --out nowhere");
        assert_eq!(typed_line(&line).code, Some(2), "{spec}");
    }
}

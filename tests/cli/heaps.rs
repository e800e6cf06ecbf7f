//! Heaps: sums beyond what outputs hold, sums beyond 64 bits, one person with a hundred thousand claims,
//! texts of ten megabytes.

use super::desk::{Desk, Sheet, batch, holds, typed_line};
use crate::support::program::Outcome;
use crate::support::table::{Row, yuan};
use arrow::array::{ArrayRef, AsArray, Decimal128Array, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Decimal128Type;
use std::sync::Arc;

/// The largest amount of a row, in fen.
const LARGEST: i128 = 10_000_000_000_000;
/// Rows of it that eighteen digits hold.
const HELD: usize = 99_999;

/// Stays of so many persons, each with so many of this fee, all in scope, with nothing paid as yet.
fn heap(persons: usize, claims: usize, fee: i128) -> Sheet {
    let rows = || (0..persons).flat_map(|p| (0..claims).map(move |c| (p, c)));
    let text = |of: &dyn Fn((usize, usize)) -> String| -> ArrayRef {
        Arc::new(rows().map(|row| Some(of(row))).collect::<StringArray>())
    };
    let first = 1_680_000_000_000_000;
    let times: TimestampMicrosecondArray = rows().map(|(_, claim)| Some(first + claim as i64)).collect();
    Sheet::blank()
        .put("psn_no", text(&|(person, _)| format!("P{person:04}")))
        .put("setl_id", text(&|(_, claim)| format!("S{claim:07}")))
        .put("setl_time", Arc::new(times))
        .put("insutype", text(&|_| "390".into()))
        .put("care", text(&|_| "inpatient".into()))
        .put("medfee_sumamt", money(persons * claims, fee))
        .put("inscp_scp_amt", money(persons * claims, fee))
        .put("hifp_pay", money(persons * claims, 0))
}

fn money(rows: usize, fen: i128) -> ArrayRef {
    Arc::new(Decimal128Array::from(vec![fen; rows]).with_precision_and_scale(18, 2).expect("eighteen digits"))
}

/// A desk with a heap, all its persons dibao, that settles.
fn settled(persons: usize, sheet: &Sheet, more: &str) -> Desk {
    let desk = Desk::new();
    sheet.lay(&desk, "ledger.parquet");
    let roster: Vec<Row> = (0..persons).map(|person| holds(&format!("P{person:04}"), "dibao")).collect();
    desk.roster(&roster);
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "out"].map(|n| desk.typed(n));
    let line = format!("settle {ledger} --roster {roster} --policy weihai-2023 --out {out} --quiet {more}");
    calm(&typed_line(&line), 0);
    desk
}

/// Ends with this code, and without a panic.
fn calm(outcome: &Outcome, code: i32) {
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
    assert_eq!(outcome.code, Some(code), "{}{}", outcome.stdout, outcome.stderr);
}

/// Holds the run against itself and its ledger.
fn verified(desk: &Desk) {
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "out"].map(|n| desk.typed(n));
    calm(&typed_line(&format!("verify {out} --ledger {ledger} --roster {roster} --quiet")), 0);
}

fn reconciled(desk: &Desk, more: &str) -> Outcome {
    typed_line(&format!("reconcile {} --out {} --quiet {more}", desk.typed("out"), desk.typed("rec")))
}

fn projected(desk: &Desk, scenario: &str) -> Outcome {
    let scenarios = desk.text("scenarios.toml", &format!("[[scenario]]\nid = \"s\"\n{scenario}"));
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "projection"].map(|n| desk.typed(n));
    let (policy, scenarios) = ("weihai-2023", scenarios.display());
    typed_line(&format!(
        "project {ledger} --roster {roster} --policy {policy} --scenarios {scenarios} --out {out} --quiet --force"
    ))
}

fn sum(desk: &Desk, file: &str, column: &str) -> i128 {
    let table = batch(&desk.path("out").join(file));
    table.column_by_name(column).expect("the column").as_primitive::<Decimal128Type>().values().iter().sum()
}

/// A person's amounts come to the greatest sum that eighteen digits hold, and not a row beyond: the rows that
/// would, in time order, are rejected.
#[test]
fn what_one_person_adds_up_to_is_held_or_rejected() {
    let desk = settled(2, &heap(2, HELD + 3, LARGEST), "");
    let rejects = desk.read("rejects").rows;
    assert_eq!(rejects.len(), 6);
    for (reject, claim) in rejects.iter().zip([HELD, HELD + 1, HELD + 2, HELD, HELD + 1, HELD + 2]) {
        assert_eq!(reject["reason"], "bad_value");
        assert_eq!(reject["detail"], "with it the person's amounts exceed 9999999999999999.99");
        assert_eq!(reject["setl_id"], format!("S{claim:07}"));
    }
    for person in desk.read("persons").rows {
        assert_eq!(person["medfee_sumamt"], yuan(HELD as i128 * LARGEST));
    }
    for file in ["settlement.parquet", "persons.parquet"] {
        assert_eq!(sum(&desk, file, "medfee_sumamt"), 2 * HELD as i128 * LARGEST, "{file}");
    }
    verified(&desk);
    let outcome = projected(&desk, "[[scenario.fees]]\ngrowth = \"99\"\n[[scenario.claims]]\ngrowth = \"99\"\n");
    calm(&outcome, 1);
    assert!(outcome.stderr.contains("what one person's claims grow to is more than"), "{}", outcome.stderr);
}

/// Smaller amounts still fit where a large one does not, to the last fen.
#[test]
fn only_the_rows_that_do_not_fit_are_rejected() {
    let mut fen = vec![LARGEST; HELD + 1];
    fen.extend([LARGEST - 1, 1, 0]);
    let fees: ArrayRef =
        Arc::new(Decimal128Array::from(fen.clone()).with_precision_and_scale(18, 2).expect("eighteen digits"));
    let sheet = heap(1, fen.len(), 0).put("medfee_sumamt", fees.clone()).put("inscp_scp_amt", fees);
    let desk = settled(1, &sheet, "--audit none");
    let rejects: Vec<String> = desk.read("rejects").rows.iter().map(|r| r["row"].clone()).collect();
    assert_eq!(rejects, [HELD + 1, HELD + 3].map(|row| row.to_string()));
    assert_eq!(desk.read("persons").rows[0]["medfee_sumamt"], "9999999999999999.99");
}

/// Control totals are wide, whatever a file can hold of them.
#[test]
fn totals_of_a_run_may_exceed_64_bits() {
    let (persons, claims) = (10, 19_500);
    let mut sheet = heap(persons, claims, LARGEST);
    let columns = ["maf_pay", "cvlserv_pay", "hifes_pay", "hifdm_pay", "oth_pay"];
    for column in columns {
        sheet = sheet.put(column, money(persons * claims, LARGEST));
    }
    let desk = settled(persons, &sheet, &format!("--recorded-maf {} --audit none", columns.join(",")));
    let total = 5 * LARGEST * (persons * claims) as i128;
    assert!(i64::try_from(total).is_err());
    assert_eq!(desk.manifest()["control_totals"]["all"]["recorded_maf"], yuan(total));
    assert_eq!(sum(&desk, "persons.parquet", "recorded_maf"), total);
    verified(&desk);
    calm(&reconciled(&desk, ""), 0);
    let outcome = projected(&desk, "set = { \"ma.A.ratio\" = \"0.80\" }\n");
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

/// Reconciling goes by the rows of a person, not by their square.
#[test]
fn one_person_with_a_hundred_thousand_claims_is_reconciled() {
    let claims = 100_000;
    let desk = settled(1, &heap(1, claims, 12_345).put("maf_pay", money(claims, 7)), "");
    verified(&desk);

    calm(&reconciled(&desk, ""), 0);

    calm(&projected(&desk, "[[scenario.claims]]\ngrowth = \"1\"\n"), 0);
}

/// What was paid is added up with care, too.
#[test]
fn payments_beyond_eighteen_digits_are_an_error_that_names_the_file() {
    let desk = settled(1, &heap(1, 2, 100), "");
    let rows = HELD + 2;
    let ids: ArrayRef = Arc::new(StringArray::from(vec!["P0000"; rows]));
    Sheet::blank().put("psn_no", ids).put("total", money(rows, LARGEST)).lay(&desk, "paid.parquet");
    let outcome = reconciled(&desk, &format!("--paid {}", desk.typed("paid.parquet")));
    calm(&outcome, 1);
    let what = "paid.parquet: what one person was paid in a year adds up to more than eighteen digits hold\n  look";
    assert!(outcome.stderr.contains(what), "{}", outcome.stderr);
}

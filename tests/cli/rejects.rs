//! Every reason why a row is not settled, once, with what it says; and which reason wins.

use crate::desk::{Desk, Edit, Sheet, cells, holds, refund, stay};
use crate::support::table::{Row, Table};
use arrow::array::{Int64Array, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

/// What the rejects say, row by row: row, reason, detail.
fn said(rejects: &Table) -> Vec<Vec<&str>> {
    let mut said = cells(rejects, &["row", "reason", "detail"]);
    said.sort_by_key(|row| row[0].parse::<u64>().expect("a row number"));
    said
}

/// Settles a ledger whose rows carry identities, without a roster, and says what was rejected.
fn rejected(ledger: &[Row]) -> Table {
    let ledger: Vec<Row> = ledger
        .iter()
        .map(|r| if r.contains_key("identity") { r.clone() } else { r.clone().with("identity", "tekun") })
        .collect();
    let desk = Desk::with(&ledger, &[]);
    desk.done(desk.settle());
    let (settlement, rejects) = (desk.read("settlement"), desk.read("rejects"));
    assert_eq!(settlement.rows.len() + rejects.rows.len(), ledger.len(), "every row ends in one of the two");
    rejects
}

/// A faulty row behind a good one: the good one is settled, the other rejected for this reason.
fn check(faulty: Row, reason: &str, detail: &str) {
    let id = |column: &str| faulty.get(column).map_or("", String::as_str).to_owned();
    let (psn_no, setl_id) = (id("psn_no"), id("setl_id"));
    let rejects = rejected(&[stay("P1", "S1"), faulty]);
    let expected = vec!["ledger", "2", psn_no.as_str(), setl_id.as_str(), reason, detail];
    assert_eq!(cells(&rejects, &["source", "row", "psn_no", "setl_id", "reason", "detail"]), [expected]);
}

fn second() -> Row {
    stay("P2", "S2")
}

#[test]
fn a_record_that_is_not_valid_is_void() {
    check(second().with("vali_flag", "0"), "void_record", "vali_flag=0");
    check(second().with("vali_flag", "2"), "void_record", "vali_flag=2");
}

#[test]
fn a_row_without_a_needed_value_names_the_column() {
    let needed = ["psn_no", "setl_id", "setl_time", "insutype", "care", "medfee_sumamt", "inscp_scp_amt", "hifp_pay"];
    for column in needed {
        check(second().without(column), "null_required", column);
    }
}

#[test]
fn a_blank_id_is_none() {
    let rejects = rejected(&[second().with("psn_no", " \t"), stay("P1", "")]);
    assert_eq!(said(&rejects), [["1", "null_required", "psn_no"], ["2", "null_required", "setl_id"]]);
}

#[test]
fn a_row_without_a_visit_type_names_that_column_where_there_is_one() {
    let row = |id: &str| stay(id, "S1").without("care");
    let rejects = rejected(&[row("P1").with("med_type", "21"), row("P2")]);
    assert_eq!(said(&rejects), [["2", "null_required", "med_type"]]);
}

#[test]
fn a_value_that_cannot_be_read_is_named_with_what_stands_there() {
    for (column, value, detail) in [
        ("medfee_sumamt", "1o000", "medfee_sumamt: not a number"),
        ("hifp_pay", "5000.001", "hifp_pay: more than two decimals"),
        ("inscp_scp_amt", "100000000000.01", "inscp_scp_amt: too large an amount"),
        ("ext_comp_amt", "-", "ext_comp_amt: not a number"),
        ("referral", "sideways", "referral=sideways"),
        ("fee_class", "4", "fee_class=4"),
        ("excl_cause", "boredom", "excl_cause=boredom"),
        ("hosp_lv", "12", "hosp_lv=12"),
        ("refd_setl_flag", "yes", "refd_setl_flag=yes"),
    ] {
        check(second().with(column, value), "bad_value", detail);
    }
}

#[test]
fn a_value_is_quoted_with_its_first_forty_characters() {
    let long = "不".repeat(60);
    check(second().with("referral", &long), "bad_value", &format!("referral={}", "不".repeat(40)));
}

#[test]
fn a_time_that_no_calendar_shows_cannot_be_read() {
    let rows = [stay("P1", "S1").with("identity", "tekun"), second().with("identity", "tekun")];
    let times = TimestampMicrosecondArray::from(vec![1_677_664_800_000_000, i64::MAX]);
    let desk = Desk::new();
    Sheet::of(&rows).put("setl_time", Arc::new(times)).lay(&desk, "ledger.parquet");
    desk.done(desk.settle());
    assert_eq!(said(&desk.read("rejects")), [["2", "bad_value", "setl_time: outside the years 1 to 9999"]]);
}

#[test]
fn an_insurance_type_beside_310_and_390_is_unknown() {
    check(second().with("insutype", "340"), "unknown_insutype", "insutype=340");
}

#[test]
fn a_visit_type_that_no_code_maps_is_unknown() {
    check(second().with("care", "surgery"), "unknown_med_type", "care=surgery");
    let row = |id: &str, code: &str| stay(id, "S1").without("care").with("med_type", code);
    let rejects = rejected(&[row("P1", "21"), row("P2", "777")]);
    assert_eq!(said(&rejects), [["2", "unknown_med_type", "med_type=777"]]);
}

#[test]
fn an_identity_that_no_code_maps_is_unknown_where_the_ledger_decides() {
    check(second().with("identity", "nobleman"), "unknown_identity", "identity=nobleman");
}

#[test]
fn an_unknown_identity_in_the_ledger_is_only_counted_where_a_roster_decides() {
    let desk = Desk::with(&[stay("P1", "S1").with("identity", "nobleman")], &[holds("P1", "tekun")]);
    desk.done(desk.settle());
    assert!(desk.read("rejects").rows.is_empty());
    assert_eq!(desk.manifest()["counts"]["identity_differs"], 1);
}

#[test]
fn a_negative_amount_on_a_row_that_is_no_refund_is_named() {
    check(second().with("medfee_sumamt", "-10000"), "negative_amount", "medfee_sumamt -10000.00");
    check(second().with("maf_pay", "-0.01"), "negative_amount", "maf_pay -0.01");
    check(refund("P2", "S2").with("refd_setl_flag", "0"), "negative_amount", "medfee_sumamt -10000.00");
}

#[test]
fn more_in_scope_than_the_fee_is_refused_with_both_amounts() {
    check(
        second().with("inscp_scp_amt", "10000.01"),
        "scope_exceeds_fee",
        "inscp_scp_amt 10000.01 > medfee_sumamt 10000.00",
    );
}

#[test]
fn payments_beyond_the_fee_are_refused_with_their_sum() {
    check(
        second().with("cvlserv_pay", "3000").with("ext_comp_amt", "2000.01"),
        "payments_exceed_fee",
        "basic_pay 8000.00 + ext_comp_amt 2000.01 > medfee_sumamt 10000.00",
    );
}

#[test]
fn of_two_rows_with_one_record_the_later_is_a_duplicate() {
    let later = stay("P1", "S1").with("setl_time", "2023-03-02T00:00:00");
    let rejects = rejected(&[later, stay("P1", "S1"), stay("P2", "S1")]);
    assert_eq!(said(&rejects), [["1", "duplicate_setl_id", "the record of 2023-03-01 10:00:00 stays"]]);
}

#[test]
fn of_two_rows_of_one_moment_the_one_that_is_less_in_the_tables_order_stays() {
    // Null comes before a value; `maf_pay` before `hosp_lv`.
    let row = || stay("P1", "S1");
    let rejects = rejected(&[row().with("hosp_lv", "3"), row(), row().with("maf_pay", "1").with("hosp_lv", "1")]);
    let rows: Vec<&str> = said(&rejects).into_iter().map(|r| r[0]).collect();
    assert_eq!(rows, ["1", "3"]);
}

#[test]
fn a_refund_without_its_record_is_unmatched() {
    let mine = [stay("P1", "S1"), refund("P1", "S9").with("medfee_sumamt", "-9999.99")];
    let expected = ["2", "reversal_unmatched", "no earlier open record of 9999.99"];
    assert_eq!(said(&rejected(&mine)), [expected]);
    let of_another = [stay("P1", "S1"), refund("P2", "S9")];
    let expected = ["2", "reversal_unmatched", "no earlier open record of 10000.00"];
    assert_eq!(said(&rejected(&of_another)), [expected]);
}

#[test]
fn a_refund_that_names_a_record_that_is_not_there_is_unmatched_and_never_goes_by_amount() {
    let rejects = rejected(&[stay("P1", "S1"), refund("P1", "S9").with("init_setl_id", "S7")]);
    assert_eq!(said(&rejects), [["2", "reversal_unmatched", "no open record S7 of this person"]]);
}

#[test]
fn a_record_flagged_as_refunded_needs_its_refund() {
    let rejects = rejected(&[stay("P1", "S1"), stay("P1", "S2").with("refd_setl_flag", "1")]);
    let detail = "flagged as refunded, but no refund row cancels it";
    assert_eq!(said(&rejects), [["2", "refunded_without_reversal", detail]]);
    let settled = rejected(&[stay("P1", "S1").with("refd_setl_flag", "1"), refund("P1", "S2")]);
    assert!(settled.rows.is_empty());
}

#[test]
fn a_claim_outside_the_policys_dates_says_its_day() {
    let early = second().with("setl_time", "2022-12-31T23:59:59");
    check(early, "outside_policy_period", "2022-12-31");
    check(second().with("setl_time", "2028-01-01T00:00:00"), "outside_policy_period", "2028-01-01");
}

/// A reason, and how a row comes to have it.
type Defect = (&'static str, fn(Row) -> Row);

/// The defects that a row can have by itself, in the order in which they are looked for. None of them
/// brings about or hides another.
const DEFECTS: [Defect; 9] = [
    ("void_record", |r| r.with("vali_flag", "0")),
    ("null_required", |r| r.without("setl_time")),
    ("bad_value", |r| r.with("referral", "sideways")),
    ("unknown_insutype", |r| r.with("insutype", "340")),
    ("unknown_med_type", |r| r.with("care", "surgery")),
    ("unknown_identity", |r| r.with("identity", "nobleman")),
    ("negative_amount", |r| r.with("ext_comp_amt", "-1")),
    ("scope_exceeds_fee", |r| r.with("inscp_scp_amt", "20000")),
    ("payments_exceed_fee", |r| r.with("hifp_pay", "15000")),
];

#[test]
fn of_two_defects_the_first_in_the_contracts_order_is_the_reason() {
    let mut ledger = Vec::new();
    let mut expected = Vec::new();
    for (first, (reason, spoil)) in DEFECTS.iter().enumerate() {
        for (_, spoil_more) in &DEFECTS[first + 1..] {
            ledger.push(spoil_more(spoil(stay(&format!("P{}", ledger.len()), "S1").with("identity", "tekun"))));
            expected.push(*reason);
        }
    }
    let rejects = rejected(&ledger);
    let reasons: Vec<&str> = said(&rejects).into_iter().map(|row| row[1]).collect();
    assert_eq!(reasons, expected);
}

#[test]
fn all_defects_at_once_are_the_first_of_them() {
    let spoilt = DEFECTS.iter().fold(second().with("identity", "tekun"), |row, (_, spoil)| spoil(row));
    check(spoilt, "void_record", "vali_flag=0");
}

#[test]
fn a_row_that_fails_its_own_checks_is_no_record_for_duplicates_and_refunds() {
    let earlier = stay("P1", "S1").with("setl_time", "2023-02-01T00:00:00").with("insutype", "340");
    let rejects = rejected(&[earlier.clone(), stay("P1", "S1")]);
    assert_eq!(said(&rejects), [["1", "unknown_insutype", "insutype=340"]]);
    let rejects = rejected(&[earlier, refund("P1", "S2")]);
    assert_eq!(said(&rejects)[1][1], "reversal_unmatched");
}

#[test]
fn duplicates_come_before_refunds_and_refunds_before_the_policys_dates() {
    let flagged = |id: &str| stay("P1", id).with("refd_setl_flag", "1");
    let old = |row: Row| row.with("setl_time", "2022-05-01T00:00:00");
    let rejects = rejected(&[
        stay("P1", "S1"),
        flagged("S1").with("setl_time", "2023-03-02T00:00:00"),
        stay("P1", "S2").with("setl_time", "2028-05-01T00:00:00"),
        stay("P1", "S2").with("setl_time", "2028-06-01T00:00:00"),
        old(refund("P1", "S3")),
        old(flagged("S4")),
    ]);
    let reasons: Vec<&str> = said(&rejects).into_iter().map(|row| row[1]).collect();
    assert_eq!(
        reasons,
        [
            "duplicate_setl_id",
            "outside_policy_period",
            "duplicate_setl_id",
            "reversal_unmatched",
            "refunded_without_reversal"
        ]
    );
}

#[test]
fn a_refund_and_its_record_are_reversed_whichever_year_they_stand_in() {
    let old = stay("P1", "S1").with("setl_time", "2022-12-30T00:00:00").with("identity", "tekun");
    let desk = Desk::with(&[old, refund("P1", "S2").with("identity", "tekun")], &[]);
    desk.done(desk.settle());
    let expected = [vec!["S1", "reversed", "0.00"], vec!["S2", "reversed", "0.00"]];
    assert_eq!(cells(&desk.read("settlement"), &["setl_id", "status", "medfee_sumamt"]), expected);
    assert!(desk.read("persons").rows.is_empty());
}

/// Files with faulty rows in several row groups: `(name, rows, faulty rows from 1)`.
const FILES: [(&str, usize, &[usize]); 2] = [("a.parquet", 8, &[2, 4, 7, 8]), ("b.parquet", 4, &[1, 3])];

/// Writes [`FILES`] into a folder, three rows a row group.
fn lay_files(desk: &Desk) {
    desk.make_folder("ledger");
    for (name, rows, faulty) in FILES {
        let row = |n: usize| stay(&format!("{name}{n}"), "S1").with("identity", "tekun");
        let spoil = |n: usize| if faulty.contains(&n) { row(n).with("insutype", "340") } else { row(n) };
        let rows: Vec<Row> = (1..=rows).map(spoil).collect();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3)).build();
        Sheet::of(&rows).write(&desk.path("ledger").join(name), properties);
    }
}

#[test]
fn row_numbers_count_from_1_in_every_file_across_its_row_groups() {
    let desk = Desk::new();
    lay_files(&desk);
    let settle = crate::support::program::Settle::ledger(&desk.path("ledger")).policy("weihai-2023");
    desk.done(settle);
    let rejects = desk.read("rejects");
    let mut found: Vec<(String, usize)> =
        rejects.rows.iter().map(|r| (r["file"].clone(), r["row"].parse().expect("a number"))).collect();
    found.sort();
    let place = |name: &str| desk.path("ledger").join(name).display().to_string();
    let expected: Vec<(String, usize)> =
        FILES.iter().flat_map(|(name, _, faulty)| faulty.iter().map(|n| (place(name), *n))).collect();
    assert_eq!(found, expected);
    assert_eq!(desk.read("settlement").rows.len(), 6);
}

/// Settles one good claim with a roster and says what was rejected of the roster.
fn rejected_roster(roster: &[Row]) -> Vec<Vec<String>> {
    let desk = Desk::with(&[stay("P1", "S1")], roster);
    desk.done(desk.settle());
    let rejects = desk.read("rejects");
    let file = desk.typed("roster.parquet");
    assert!(rejects.rows.iter().all(|r| r["source"] == "roster" && r["file"] == file && !r.contains_key("setl_id")));
    let found = cells(&rejects, &["row", "psn_no", "reason", "detail"]);
    found.into_iter().map(|row| row.into_iter().map(str::to_owned).collect()).collect()
}

fn check_roster(faulty: Row, reason: &str, detail: &str) {
    let psn_no = faulty.get("psn_no").map_or("", String::as_str).to_owned();
    assert_eq!(rejected_roster(&[holds("P1", "tekun"), faulty]), [["2", &psn_no, reason, detail]]);
}

#[test]
fn a_roster_row_without_a_needed_value_names_the_column() {
    for column in ["psn_no", "identity", "begndate"] {
        check_roster(holds("P2", "dibao").without(column), "null_required", column);
    }
}

#[test]
fn a_roster_row_with_a_code_that_nobody_knows_names_it() {
    check_roster(holds("P2", "nobleman"), "unknown_identity", "identity=nobleman");
    let treated = holds("P2", "other_hardship").with("treated_as", "nobleman");
    check_roster(treated, "unknown_identity", "treated_as=nobleman");
}

#[test]
fn a_roster_period_that_ends_before_it_begins_is_bad() {
    check_roster(holds("P2", "dibao").with("enddate", "2022-12-31"), "bad_period", "2023-01-01 to 2022-12-31");
}

#[test]
fn an_identity_on_application_needs_its_date() {
    check_roster(holds("P2", "illness_poor"), "application_date_missing", "illness_poor");
}

#[test]
fn the_second_application_of_a_year_is_refused_and_the_first_stands() {
    let applied = |day: &str| holds("P2", "illness_poor").with("applied_on", day);
    let found = rejected_roster(&[applied("2023-09-01"), applied("2023-03-01"), applied("2024-01-02")]);
    assert_eq!(found, [["1", "P2", "repeat_application", "illness_poor applied on 2023-09-01"]]);
}

#[test]
fn of_two_defects_of_a_roster_row_the_first_in_order_is_the_reason() {
    let unnamed = holds("P2", "nobleman").without("begndate");
    check_roster(unnamed, "null_required", "begndate");
    let unknown = holds("P2", "nobleman").with("enddate", "2022-12-31");
    check_roster(unknown, "unknown_identity", "identity=nobleman");
    let reversed = holds("P2", "illness_poor").with("enddate", "2022-12-31");
    check_roster(reversed, "bad_period", "2023-01-01 to 2022-12-31");
}

#[test]
fn integer_ids_stand_in_the_rejects_as_they_are_read() {
    let rows = [stay("1", "1").with("identity", "tekun"), stay("2", "2").with("insutype", "340")];
    let desk = Desk::new();
    let sheet = Sheet::of(&rows).cast("setl_id", &DataType::Int64);
    sheet.put("psn_no", Arc::new(Int64Array::from(vec![-7, 42]))).lay(&desk, "ledger.parquet");
    desk.done(desk.settle());
    assert_eq!(cells(&desk.read("rejects"), &["psn_no", "setl_id"]), [["42", "2"]]);
    assert_eq!(cells(&desk.read("settlement"), &["psn_no", "setl_id"]), [["-7", "1"]]);
}

//! `clauses.parquet`: counted again from the audit, and added up to the control totals.

use crate::desk::{Desk, Edit, generated, holds, stay, typed_line};
use crate::history::{at, old_and_new};
use crate::support::contract::LAYERS;
use crate::support::table::{Row, fen, yuan};
use std::collections::{BTreeMap, BTreeSet};

/// A generated ledger under a policy, settled with more options.
fn settled(policy: &str, year: i32, more: &str) -> Desk {
    let desk = generated(policy, 400, year, 8);
    desk.settle_made(policy, "out", more);
    desk
}

const MADE: [(&str, i32); 4] =
    [("weihai-2023", 2024), ("weihai-etdz-2017", 2019), ("erenhot-2023", 2023), ("jincheng-2023", 2024)];

fn money(row: &Row, column: &str) -> i128 {
    row.get(column).map_or(0, |text| fen(text).expect("an amount"))
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

/// What a clause came to, counted from audit rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted<'a> {
    persons: BTreeSet<&'a str>,
    claims: BTreeSet<[&'a str; 2]>,
    cut: BTreeSet<[&'a str; 2]>,
    sums: [i128; 4],
}

#[test]
fn every_figure_of_a_clause_can_be_counted_again_from_the_audit() {
    for (policy, year) in MADE {
        let desk = settled(policy, year, "");
        let [settlement, audit, clauses] = ["settlement", "audit", "clauses"].map(|n| desk.read(n));
        let claim = |row: &Row| ["psn_no", "setl_id"].map(|c| row[c].clone());
        let years: BTreeMap<[String; 2], &str> =
            settlement.rows.iter().map(|r| (claim(r), text(r, "benefit_year"))).collect();
        let mut counted: BTreeMap<[&str; 5], Counted<'_>> = BTreeMap::new();
        let mut paid_before: ([&str; 3], i128) = ([""; 3], 0);
        for row in &audit.rows {
            let [person, id, layer] = ["psn_no", "setl_id", "layer"].map(|c| text(row, c));
            let key = [years[&claim(row)], layer, text(row, "rule"), text(row, "clause"), text(row, "lo")];
            let entry = counted.entry(key).or_default();
            entry.persons.insert(person);
            entry.claims.insert([person, id]);
            let before = if paid_before.0 == [person, id, layer] { paid_before.1 } else { 0 };
            let paid = money(row, "paid");
            paid_before = ([person, id, layer], before + paid);
            let before = if row.contains_key("lo") { before } else { 0 };
            let cut = if row.contains_key("cap") && layer != "oocat" {
                money(row, "gross").min(money(row, "base") - before) - paid
            } else {
                0
            };
            if cut > 0 {
                entry.cut.insert([person, id]);
            }
            let moved = money(row, "to") - money(row, "from");
            for (sum, amount) in entry.sums.iter_mut().zip([moved, money(row, "gross"), paid, cut]) {
                *sum += amount;
            }
        }
        let mut reached = 0;
        for row in &clauses.rows {
            let key = ["benefit_year", "layer", "rule", "clause", "lo"].map(|c| text(row, c));
            let found = counted.remove(&key).unwrap_or_default();
            let told = ["persons", "claims", "cap_binding"].map(|c| text(row, c).parse::<usize>().unwrap());
            assert_eq!(told, [found.persons.len(), found.claims.len(), found.cut.len()], "{policy}: {row:?}");
            let told = ["base_moved", "gross", "paid", "cut_off"].map(|c| money(row, c));
            assert_eq!(told, found.sums, "{policy}: {row:?}");
            assert_eq!(text(row, "exercised") == "true", told_any(&found), "{policy}: {row:?}");
            reached += usize::from(told_any(&found));
        }
        assert!(counted.is_empty(), "{policy}: in no row of clauses.parquet: {counted:?}");
        assert!(reached > 3 && reached < clauses.rows.len(), "{policy}: {reached} of {}", clauses.rows.len());
    }
}

fn told_any(found: &Counted<'_>) -> bool {
    !found.claims.is_empty()
}

#[test]
fn what_the_clauses_paid_adds_up_to_the_control_totals_with_and_without_audit() {
    for (policy, year) in MADE {
        let mut before = None;
        for more in ["", "--audit none", "--threads 1 --memory 64K"] {
            let desk = settled(policy, year, more);
            let clauses = desk.read("clauses");
            let control = &desk.manifest()["control_totals"]["all"];
            for (column, layers) in LAYERS {
                let of = clauses.rows.iter().filter(|r| layers.contains(&text(r, "layer")));
                assert_eq!(control[column], yuan(of.map(|r| money(r, "paid")).sum()), "{policy}: {column}");
            }
            let digest = desk.manifest()["outputs"]["clauses.parquet"]["sha256"].clone();
            assert_eq!(before.get_or_insert_with(|| digest.clone()), &digest, "{policy} {more}");
        }
    }
}

/// Two persons of one class: one stays under the deductible, one passes it and the limit.
#[test]
fn a_person_under_the_deductible_and_one_above_the_limit_are_told_apart() {
    let large = stay("P2", "S2").with("medfee_sumamt", "90000").with("inscp_scp_amt", "90000").with("hifp_pay", "0");
    let small = stay("P1", "S1").with("inscp_scp_amt", "7000");
    let desk = Desk::with(
        &[small, large, stay("P2", "S3").with("setl_time", "2023-05-01T00:00:00")],
        &[holds("P1", "monitored"), holds("P2", "monitored")],
    );
    let mut settle = desk.settle();
    settle = settle.option("--year", "2023");
    desk.done(settle);
    let clauses = desk.read("clauses");
    let of = |lo: &str| {
        let mut rows = clauses.rows.iter().filter(|r| r["layer"] == "ma" && text(r, "lo") == lo && r["claims"] != "0");
        rows.next().unwrap_or_else(|| panic!("no clause from {lo}")).clone()
    };
    let columns = ["persons", "claims", "base_moved", "gross", "paid", "cap_binding", "cut_off", "under_deductible"];
    let cells = |row: &Row| columns.map(|c| text(row, c).to_owned());
    // P1 has a burden of 2 000, under the 3 000; P2 runs through the whole deductible with one claim.
    assert_eq!(cells(&of("0.00")), ["2", "2", "5000.00", "0.00", "0.00", "0", "0.00", "1"]);
    // 87 000 and 3 000 more at 50 % come to 45 000, of which the limit leaves 10 000.
    assert_eq!(cells(&of("3000.00")), ["1", "2", "90000.00", "45000.00", "10000.00", "2", "35000.00", ""]);
}

#[test]
fn the_summary_names_what_paid_most_what_cut_and_what_nobody_reached() {
    let large = stay("P2", "S2").with("medfee_sumamt", "90000").with("inscp_scp_amt", "90000").with("hifp_pay", "0");
    let desk = Desk::with(&[large], &[holds("P2", "monitored")]);
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "out"].map(|n| desk.typed(n));
    let told = typed_line(&format!("settle {ledger} --roster {roster} --policy weihai-2023 --out {out}")).stdout;
    let line = |start: &str| told.lines().find(|l| l.trim_start().starts_with(start)).map(str::to_owned);
    assert!(line("Clauses by money").is_some() && line("Limits that cut").is_some(), "{told}");
    let rule = told.lines().filter(|l| l.contains("ma.B")).collect::<Vec<_>>();
    assert!(rule.iter().any(|l| l.ends_with("10,000.00")), "{told}");
    assert!(rule.iter().any(|l| l.contains("10,000.00") && l.ends_with("33,500.00")), "{told}");
    let idle = line("Clauses that no claim reached").unwrap();
    let rows = desk.read("clauses").rows;
    let unreached = rows.iter().filter(|r| r["exercised"] == "false").count();
    assert!(idle.ends_with(&format!("{unreached} of {}", rows.len())), "{idle}");
}

#[test]
fn every_policy_of_a_run_has_its_own_clauses() {
    let ledger = [at("P1", "S1", "2023-03-01"), at("P1", "S2", "2023-08-01"), at("P2", "S3", "2023-09-01")];
    let desk = Desk::with(&ledger, &[holds("P1", "dibao"), holds("P2", "dibao")]);
    let policy = old_and_new(&desk, "2023-06-30", "2023-07-01");
    desk.done(desk.settle_under(&policy));
    let rows = desk.read("clauses").rows;
    let policies: Vec<&str> = rows.iter().map(|r| text(r, "policy")).collect();
    let half = rows.len() / 2;
    assert!(policies[..half].iter().all(|p| *p == "old") && policies[half..].iter().all(|p| *p == "new"));
    let reached = |policy: &str| {
        let mut rows = rows.iter().filter(|r| text(r, "policy") == policy && r["layer"] == "ma" && r["claims"] != "0");
        let row = rows.next().unwrap_or_else(|| panic!("{policy}: no assistance")).clone();
        ["benefit_year", "persons", "claims", "base_moved", "paid"].map(|c| text(&row, c).to_owned())
    };
    assert_eq!(reached("old"), ["2023", "1", "1", "3000.00", "2100.00"]);
    assert_eq!(reached("new"), ["2023", "2", "2", "6000.00", "4200.00"]);
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "two"].map(|n| desk.typed(n));
    let told = typed_line(&format!("settle {ledger} --roster {roster} --policy {policy} --out {out}")).stdout;
    assert!(told.lines().any(|l| l.trim_start().starts_with("new 2023 ")), "{told}");
}

/// A year that only a rejected row has is none that was settled, whether rows are settled as they are read
/// or wait for each other.
#[test]
fn the_years_are_those_of_rows_that_count_in_whatever_order_they_stand() {
    let rows = [
        at("P1", "S1", "2023-03-01"),
        at("P2", "S2", "2024-08-01").with("care", "unheard of"),
        at("P3", "S3", "2025-05-01"),
    ];
    let mut before = None;
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        let desk = Desk::with(&order.map(|n| rows[n].clone()), &[holds("P1", "dibao")]);
        desk.done(desk.settle());
        let years: BTreeSet<String> = desk.read("clauses").rows.iter().map(|r| r["benefit_year"].clone()).collect();
        assert_eq!(years.into_iter().collect::<Vec<_>>(), ["2023", "2025"], "{order:?}");
        let digest = desk.manifest()["outputs"]["clauses.parquet"]["sha256"].clone();
        assert_eq!(before.get_or_insert_with(|| digest.clone()), &digest, "{order:?}");
    }
}

//! `settle --orders`: whose year would come to another total if claims were taken in another order.

use crate::desk::{Desk, Edit, cells, generated, holds, names_in, typed_line};
use crate::history::{at, old_and_new};
use crate::support::table::{Row, fen};
use std::collections::{BTreeMap, BTreeSet};

const PAID: [&str; 5] = ["cii_pay", "special_drug_pay", "ma_pay", "ra_pay", "oocat_pay"];

fn counts(desk: &Desk) -> [u64; 5] {
    let orders = desk.manifest()["counts"]["orders"].clone();
    ["person_years", "proved", "tried_all", "tried_some", "differ"].map(|n| orders[n].as_u64().expect("a count"))
}

/// Half a year under 监测对象, whose deductible is 3 000, then 低保 without one. The burdens of 3 000 each are
/// paid 0 and 70 %; the other way round 70 %, and 50 % because the deductible is used up by then.
#[test]
fn an_identity_that_changes_within_the_year_is_listed_with_both_totals() {
    let ledger = [
        at("P1", "S1", "2023-03-01"),
        at("P1", "S2", "2023-08-01"),
        // The same claims under one identity; and an outpatient visit that no layer covers.
        at("P2", "S3", "2023-03-01"),
        at("P2", "S4", "2023-08-01"),
        at("P1", "S5", "2023-05-01").with("care", "outpatient"),
    ];
    let monitored = holds("P1", "monitored").with("enddate", "2023-06-30");
    let dibao = holds("P1", "dibao").with("begndate", "2023-07-01");
    let desk = Desk::with(&ledger, &[monitored, dibao, holds("P2", "monitored")]);
    desk.done(desk.settle().flag("--orders"));
    let columns = [
        "psn_no",
        "benefit_year",
        "claims",
        "ordered",
        "total",
        "least",
        "greatest",
        "least_order",
        "greatest_order",
        "orders_tried",
        "complete",
        "causes",
    ];
    let expected = [
        "P1",
        "2023",
        "3",
        "2",
        "2100.00",
        "2100.00",
        "3600.00",
        "in time order",
        "2 1",
        "1",
        "true",
        "identity_change,shared_cap",
    ];
    assert_eq!(cells(&desk.read("orders"), &columns), [expected]);
    assert_eq!(counts(&desk), [2, 1, 0, 0, 1]);
    assert_eq!(desk.manifest()["options"]["orders"], true);
}

/// Outside compensation comes off one claim's base, at most to nothing; insurance had shared a sum out.
#[test]
fn outside_compensation_among_claims_that_insurance_paid_is_a_cause() {
    let large = |id: &str, day: &str| {
        at("P1", id, day).with("medfee_sumamt", "20000").with("inscp_scp_amt", "20000").with("hifp_pay", "0")
    };
    let ledger = [large("S1", "2023-02-01").with("ext_comp_amt", "12000"), large("S2", "2023-05-01")];
    let desk = Desk::with(&ledger, &[holds("P1", "dibao")]);
    desk.done(desk.settle().flag("--orders"));
    let found = desk.read("orders");
    let cell = |column: &str| found.rows[0][column].as_str();
    // In time: of 20 000 above 9 000 65 % are paid, 7 150; 12 850 less 12 000 is 850. Then 13 000, which
    // leaves 7 000; 70 % of 7 850 is 5 495. The other way round the first leaves nothing after compensation,
    // and 70 % of 12 850 is 8 995; what assistance leaves stays under the 5 000 of re-assistance.
    assert_eq!([cell("total"), cell("greatest"), cell("causes")], ["25645.00", "29145.00", "outside_compensation"]);
}

#[test]
fn like_claims_under_one_identity_are_proved_and_leave_an_empty_list() {
    let ledger: Vec<Row> = (1..9).map(|n| at("P1", &format!("S{n}"), &format!("2023-0{n}-01"))).collect();
    let desk = Desk::with(&ledger, &[holds("P1", "dibao")]);
    desk.done(desk.settle().flag("--orders"));
    assert!(desk.read("orders").rows.is_empty());
    assert_eq!(counts(&desk), [1, 1, 0, 0, 0]);
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "two"].map(|n| desk.typed(n));
    let line = format!("settle {ledger} --roster {roster} --policy weihai-2023 --out {out} --orders");
    let told = typed_line(&line).stdout;
    assert!(told.contains("Order of claims") && told.contains("order cannot matter"), "{told}");
}

#[test]
fn every_row_is_about_the_settlements_own_total_and_nothing_else_changes() {
    for (policy, year) in
        [("weihai-2023", 2024), ("weihai-etdz-2017", 2019), ("erenhot-2023", 2023), ("jincheng-2023", 2024)]
    {
        let desk = generated(policy, 4000, year, 2);
        let settle = |out: &str, more: &str| desk.settle_made(policy, out, more);
        settle("out", "--orders");
        settle("one", "--orders --threads 1 --memory 64K");
        settle("plain", "");
        for name in names_in(&desk.path("out")) {
            let read = |folder: &str| std::fs::read(desk.path(folder).join(&name)).ok();
            assert_eq!(read("out"), read("one"), "{policy}: {name}");
            match &*name {
                "orders.parquet" => assert!(read("plain").is_none()),
                "manifest.json" => {}
                _ => assert_eq!(read("out"), read("plain"), "{policy}: {name}"),
            }
        }
        let settlement = desk.read("settlement");
        let mut totals: BTreeMap<[&str; 2], i128> = BTreeMap::new();
        for row in settlement.rows.iter().filter(|r| r["status"] != "reversed") {
            *totals.entry([&row["psn_no"], &row["benefit_year"]]).or_default() +=
                PAID.iter().map(|c| fen(&row[*c]).unwrap()).sum::<i128>();
        }
        let found = desk.read("orders");
        let [person_years, proved, tried_all, tried_some, differ] = counts(&desk);
        assert_eq!(person_years, totals.len() as u64, "{policy}");
        assert_eq!(person_years, proved + tried_all + tried_some + differ, "{policy}");
        assert_eq!(differ, found.rows.len() as u64, "{policy}");
        assert!(differ > 0 && proved * 10 > person_years * 9, "{policy}: {differ} differ, {proved} are proved");
        let mut causes = BTreeSet::new();
        for row in &found.rows {
            let [total, least, greatest] = ["total", "least", "greatest"].map(|c| fen(&row[c]).unwrap());
            assert_eq!(total, totals[&[&*row["psn_no"], &*row["benefit_year"]]], "{policy}: {row:?}");
            assert!(least <= total && total <= greatest && least < greatest, "{policy}: {row:?}");
            assert_eq!(least == total, row["least_order"] == "in time order", "{policy}: {row:?}");
            assert_eq!(row["complete"] == "true", row["ordered"].parse::<u32>().unwrap() <= 6, "{policy}: {row:?}");
            causes.extend(row["causes"].split(','));
        }
        assert!(causes.contains("identity_change"), "{policy}: {causes:?}");
        let line = format!("verify {} --ledger {}", desk.typed("out"), desk.typed("made/ledger.parquet"));
        let outcome = typed_line(&line);
        assert_eq!(outcome.code, Some(0), "{policy}: {}", outcome.stdout);
        assert!(outcome.stdout.contains("settled again: orders.parquet"), "{policy}: {}", outcome.stdout);
    }
}

/// What a year accumulates starts afresh with the policy, so that each is asked by itself.
#[test]
fn policies_that_share_a_year_are_looked_at_one_by_one() {
    let ledger = [
        at("P1", "S1", "2023-03-01"),
        at("P1", "S2", "2023-08-01"),
        at("P2", "S3", "2023-08-01"),
        at("P2", "S4", "2023-10-01"),
    ];
    let until = |day: &str, row: Row| row.with("enddate", day);
    let roster = [
        until("2023-06-30", holds("P1", "monitored")),
        holds("P1", "dibao").with("begndate", "2023-07-01"),
        until("2023-08-31", holds("P2", "monitored")),
        holds("P2", "dibao").with("begndate", "2023-09-01"),
    ];
    let desk = Desk::with(&ledger, &roster);
    let policy = old_and_new(&desk, "2023-06-30", "2023-07-01");
    desk.done(desk.settle_under(&policy).flag("--orders"));
    assert_eq!(counts(&desk), [3, 2, 0, 0, 1]);
    let columns = ["psn_no", "policy", "benefit_year", "claims", "total", "greatest"];
    let expected = ["P2", "new", "2023", "2", "2100.00", "3600.00"];
    assert_eq!(cells(&desk.read("orders"), &columns), [expected]);
}

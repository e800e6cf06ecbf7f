//! What the options of a settle run change, and what they must not change.

use crate::desk::{Desk, Edit, POLICY, Sheet, cells, holds, names_in, stay, typed_in, typed_line};
use crate::support::program::Settle;
use crate::support::table::{self, Row};
use serde_json::Value;

// --- Too many rejects ---------------------------------------------------------------------------------------

/// Four claims, two of them rejected.
fn half_rejected() -> Desk {
    let faulty = |id: &str| stay(id, "S1").with("insutype", "340");
    Desk::with(&[stay("P1", "S1"), stay("P2", "S1"), faulty("P3"), faulty("P4")], &[holds("P1", "tekun")])
}

#[test]
fn too_many_rejects_end_with_3_and_the_outputs_published() {
    for limit in ["1", "0", "10%", "0%", "12.5%"] {
        let desk = half_rejected();
        let outcome = desk.run(desk.settle().option("--max-rejects", limit));
        assert_eq!(outcome.code, Some(3), "{limit}");
        let told = format!(
            "warning: 2 rows were rejected, more than --max-rejects allows\n  look at rejects.parquet in {}\n",
            desk.typed("out")
        );
        assert!(outcome.stderr.ends_with(&told), "{}", outcome.stderr);
        assert_eq!((desk.read("settlement").rows.len(), desk.read("rejects").rows.len()), (2, 2));
        assert_eq!(desk.manifest()["counts"]["ledger_rejects"], 2);
    }
}

#[test]
fn as_many_rejects_as_allowed_are_not_too_many() {
    for limit in ["2", "3", "60%", "100%"] {
        let desk = half_rejected();
        desk.done(desk.settle().option("--max-rejects", limit));
    }
    let desk = half_rejected();
    desk.done(desk.settle());
}

#[test]
fn rejected_roster_rows_count_too() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun"), holds("P2", "nobleman")]);
    assert_eq!(desk.run(desk.settle().option("--max-rejects", "0")).code, Some(3));
}

// --- Who holds what -----------------------------------------------------------------------------------------

#[test]
fn a_ledger_that_carries_identities_needs_no_roster() {
    let ledger = [
        stay("P1", "S1").with("identity", "tekun"),
        stay("P1", "S2").with("identity", "2304").with("setl_time", "2023-04-01T00:00:00"),
        stay("P1", "S3").with("setl_time", "2023-05-01T00:00:00"),
    ];
    let desk = Desk::with(&ledger, &[]);
    desk.done(desk.settle());
    let expected = [["tekun", "", "2100.00"], ["tekun", "", "2100.00"], ["", "no_identity", "0.00"]];
    assert_eq!(cells(&desk.read("settlement"), &["identity", "reason", "ma_pay"]), expected);
    assert!(desk.read("subsidies").rows.is_empty(), "subsidies go by the roster");
}

#[test]
fn with_both_the_roster_wins_and_the_differing_claims_are_counted() {
    let claim = |psn_no: &str, identity: &str| stay(psn_no, "S1").with("identity", identity);
    let ledger = [claim("P1", "tekun"), claim("P2", "dibao"), claim("P3", "dibao"), stay("P4", "S1")];
    let desk = Desk::with(&ledger, &[holds("P1", "tekun"), holds("P2", "tekun")]);
    desk.done(desk.settle());
    let expected = [["P1", "tekun"], ["P2", "tekun"], ["P3", ""], ["P4", ""]];
    assert_eq!(cells(&desk.read("settlement"), &["psn_no", "identity"]), expected);
    assert_eq!(desk.manifest()["counts"]["identity_differs"], 2);
}

#[test]
fn a_period_holds_on_its_first_and_its_last_day() {
    let at = |id: &str, time: &str| stay("P1", id).with("setl_time", time);
    let ledger = [
        at("S1", "2023-03-01T23:59:59"),
        at("S2", "2023-03-02T00:00:00"),
        at("S3", "2023-03-02T23:59:59"),
        at("S4", "2023-03-03T00:00:00"),
    ];
    let one_day = holds("P1", "tekun").with("begndate", "2023-03-02").with("enddate", "2023-03-02");
    let desk = Desk::with(&ledger, &[one_day]);
    desk.done(desk.settle());
    let expected = [["S1", ""], ["S2", "tekun"], ["S3", "tekun"], ["S4", ""]];
    assert_eq!(cells(&desk.read("settlement"), &["setl_id", "identity"]), expected);
}

#[test]
fn roster_persons_without_claims_get_their_subsidy_all_the_same() {
    let roster =
        [holds("P1", "tekun"), holds("P7", "dibao"), holds("P8", "illness_poor").with("applied_on", "2023-01-05")];
    let desk = Desk::with(&[stay("P1", "S1")], &roster);
    desk.done(desk.settle());
    let expected =
        [["P1", "2023", "tekun", "650.00", "650.00", "0.00"], ["P7", "2023", "dibao", "450.00", "450.00", "0.00"]];
    let columns = ["psn_no", "year", "identity", "standard", "subsidy", "own_part"];
    assert_eq!(cells(&desk.read("subsidies"), &columns), expected);
    assert_eq!(cells(&desk.read("persons"), &["psn_no"]), [["P1"]]);
    assert_eq!(desk.manifest()["control_totals"]["subsidies"], "1100.00");
}

// --- What is kept and written ---------------------------------------------------------------------------------

#[test]
fn without_audit_there_is_no_audit_file_and_the_rest_is_the_same() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    desk.done(desk.settle());
    let digest = |manifest: &Value, name: &str| manifest["outputs"][name]["sha256"].clone();
    let full = desk.manifest();
    desk.done(desk.settle().option("--audit", "none").flag("--force"));
    let none = desk.manifest();
    assert_eq!((&full["options"]["audit"], &none["options"]["audit"]), (&"full".into(), &"none".into()));
    assert_eq!(none["counts"]["audit_rows"], 0);
    let names = ["settlement", "persons", "alerts", "subsidies", "rejects", "clauses"];
    for name in names.map(|n| format!("{n}.parquet")) {
        let name = name.as_str();
        assert_eq!(digest(&full, name), digest(&none, name), "{name}");
    }
    assert_eq!(none["outputs"]["audit.parquet"], Value::Null);
    let files = [
        "alerts.parquet",
        "clauses.parquet",
        "manifest.json",
        "payments.xlsx",
        "persons.parquet",
        "rejects.parquet",
        "report.html",
        "settlement.parquet",
        "subsidies.parquet",
    ];
    assert_eq!(names_in(&desk.path("out")), files);
}

/// Claims of two years, one of them under a grant that is charged to the second, and a reject of each.
fn two_years() -> Desk {
    let at = |id: &str, day: &str| stay("P1", id).with("setl_time", &format!("{day}T00:00:00"));
    let large = |id: &str, day: &str| {
        let claim = stay("P2", id).with("setl_time", &format!("{day}T00:00:00"));
        claim.with("medfee_sumamt", "50000").with("inscp_scp_amt", "50000").with("hifp_pay", "0")
    };
    let ledger = [
        at("S1", "2023-03-01"),
        at("S2", "2024-03-01"),
        large("S3", "2023-11-01"),
        large("S4", "2023-06-01"),
        at("S5", "2023-05-01").with("insutype", "340"),
        at("S6", "2024-05-01").with("insutype", "340"),
    ];
    let applied = holds("P2", "illness_poor").with("applied_on", "2024-07-15");
    Desk::with(&ledger, &[holds("P1", "tekun"), applied])
}

#[test]
fn a_year_keeps_the_rows_charged_to_it_and_all_rejects() {
    let columns = ["setl_id", "benefit_year", "charge_year"];
    let whole = two_years();
    whole.done(whole.settle());
    let all = [["S1", "2023", "2023"], ["S2", "2024", "2024"], ["S4", "2023", "2023"], ["S3", "2023", "2024"]];
    assert_eq!(cells(&whole.read("settlement"), &columns), all);
    for (year, kept) in [("2023", [0, 2]), ("2024", [1, 3])] {
        let desk = two_years();
        desk.done(desk.settle().option("--year", year));
        let settlement = desk.read("settlement");
        assert_eq!(cells(&settlement, &columns), kept.map(|n| all[n]));
        assert_eq!(cells(&desk.read("rejects"), &["setl_id"]), [["S5"], ["S6"]]);
        assert_eq!(desk.manifest()["counts"]["other_charge_years"], 2);
        let mut same = whole.read("settlement").rows;
        same.retain(|r| r["charge_year"] == year);
        assert_eq!(settlement.rows, same, "the figures are those of the whole run");
        for name in ["persons", "alerts", "subsidies"] {
            let years = desk.read(name).rows.into_iter().map(|r| r.get("year").or(r.get("charge_year")).cloned());
            assert!(years.flatten().all(|y| y == year), "{name}");
        }
    }
}

#[test]
fn outside_its_dates_a_policy_is_applied_only_as_if() {
    let early = stay("P1", "S1").with("setl_time", "2022-03-01T00:00:00");
    let params = |desk: &Desk| {
        let value =
            |name: &str, year: u32| format!("[[value]]\nparameter = \"{name}\"\nyear = {year}\nvalue = \"500\"\n");
        let tiers = [1, 2].map(|t| value(&format!("resident contribution, Weihai, own part, tier {t}"), 2022));
        desk.text(
            "params.toml",
            &format!("{}{}", value("per-capita disposable income, Shandong", 2021), tiers.concat()),
        )
    };
    let desk = Desk::with(&[early], &[holds("P1", "tekun").with("begndate", "2022-01-01")]);
    let params = params(&desk);
    desk.done(desk.settle().params(&params));
    assert_eq!(cells(&desk.read("rejects"), &["reason"]), [["outside_policy_period"]]);
    for year in [None, Some("2022")] {
        let settle = desk.settle().params(&params).flag("--as-if").flag("--force");
        desk.done(year.into_iter().fold(settle, |s, y| s.option("--year", y)));
        assert_eq!(cells(&desk.read("settlement"), &["benefit_year", "ma_pay"]), [["2022", "2100.00"]]);
        assert_eq!(desk.manifest()["options"]["as_if"], true);
    }
}

// --- Columns that hold assistance paid -----------------------------------------------------------------------

fn with_funds() -> Desk {
    let claim = stay("P1", "S1").with("maf_pay", "300").with("oth_pay", "500");
    Desk::with(&[claim], &[holds("P1", "tekun")])
}

const FUNDS: [&str; 4] = ["basic_pay", "ma_pay", "recorded_maf", "payable_ma"];

#[test]
fn assistance_paid_is_taken_from_maf_pay() {
    let desk = with_funds();
    desk.done(desk.settle());
    // 8 000 − 5 500 = 2 500, of which 70 %.
    assert_eq!(cells(&desk.read("settlement"), &FUNDS), [["5500.00", "1750.00", "300.00", "1450.00"]]);
}

#[test]
fn columns_named_as_assistance_paid_are_no_part_of_basic_insurance() {
    for names in ["maf_pay,oth_pay", "MAF_PAY, othfund_pay"] {
        let desk = with_funds();
        desk.done(desk.settle().option("--recorded-maf", names));
        assert_eq!(cells(&desk.read("settlement"), &FUNDS), [["5000.00", "2100.00", "800.00", "1300.00"]], "{names}");
    }
    let desk = with_funds();
    desk.done(desk.settle().option("--recorded-maf", "oth_pay"));
    assert_eq!(cells(&desk.read("settlement"), &FUNDS), [["5000.00", "2100.00", "500.00", "1600.00"]]);
}

#[test]
fn a_column_named_twice_as_assistance_paid_counts_once() {
    let desk = with_funds();
    desk.done(desk.settle().option("--recorded-maf", "maf_pay,maf_pay"));
    assert_eq!(cells(&desk.read("settlement"), &["recorded_maf"]), [["300.00"]]);
}

// --- What must not change anything ---------------------------------------------------------------------------

/// Digests of the Parquet files of a run.
fn digests(desk: &Desk) -> Value {
    desk.manifest()["outputs"].clone()
}

/// Persons with some claims each, in an order of their own.
fn many() -> Vec<Row> {
    let claim = |n: usize| {
        let day = format!("2023-{:02}-{:02}T08:00:00", 1 + n * 5 % 12, 1 + n * 11 % 28);
        let fee = (2_000 + n * 977 % 60_000).to_string();
        stay(&format!("P{}", n * 7 % 40), &format!("S{n}"))
            .with("setl_time", &day)
            .with("medfee_sumamt", &fee)
            .with("inscp_scp_amt", &fee)
            .with("hifp_pay", "1000")
    };
    (0..400).map(claim).collect()
}

fn roster_of_many() -> Vec<Row> {
    (0..40).step_by(2).map(|n| holds(&format!("P{n}"), if n % 4 == 0 { "dibao" } else { "monitored" })).collect()
}

#[test]
fn neither_threads_nor_memory_change_a_byte() {
    let desk = Desk::with(&many(), &roster_of_many());
    desk.done(desk.settle());
    let expected = std::fs::read(desk.path("out/manifest.json")).unwrap();
    for (option, value) in [("--threads", "1"), ("--threads", "7"), ("--memory", "1"), ("--memory", "64K")] {
        desk.done(desk.settle().option(option, value).flag("--force"));
        assert_eq!(std::fs::read(desk.path("out/manifest.json")).unwrap(), expected, "{option} {value}");
    }
    assert_eq!(desk.names(), ["ledger.parquet", "out", "roster.parquet"]);
}

#[test]
fn neither_the_order_of_rows_nor_their_files_change_a_byte() {
    let desk = Desk::with(&many(), &roster_of_many());
    desk.done(desk.settle());
    let expected = digests(&desk);
    let mut rows = many();
    rows.reverse();
    desk.ledger("ledger.parquet", &rows);
    desk.done(desk.settle().flag("--force"));
    assert_eq!(digests(&desk), expected, "rows reversed");
    desk.make_folder("ledger");
    for (n, rows) in rows.chunks(150).enumerate() {
        desk.ledger(&format!("ledger/{n}.parquet"), rows);
    }
    let settle = Settle::ledger(&desk.path("ledger")).policy(POLICY).roster(&desk.path("roster.parquet"));
    desk.done(settle.flag("--force"));
    assert_eq!(digests(&desk), expected, "three files");
}

#[test]
fn files_folders_and_their_parts_may_be_given_together() {
    let desk = Desk::new();
    desk.roster(&[holds("P1", "tekun")]);
    desk.make_folder("ledger");
    desk.make_folder("ledger/deeper");
    desk.ledger("one.parquet", &[stay("P1", "S1")]);
    desk.ledger("ledger/two.PARQUET", &[stay("P1", "S2")]);
    desk.ledger("ledger/deeper/three.parquet", &[stay("P1", "S3")]);
    desk.text("ledger/_SUCCESS", "");
    desk.text("ledger/_metadata.parquet", "not a ledger");
    let [one, folder, roster, out] = ["one.parquet", "ledger", "roster.parquet", "out"].map(|n| desk.typed(n));
    let outcome = typed_line(&format!("settle {one} {folder} --roster {roster} --policy {POLICY} --out {out} --quiet"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert_eq!(cells(&desk.read("settlement"), &["setl_id"]), [["S1"], ["S2"]]);
}

#[test]
fn files_of_different_columns_belong_together() {
    let desk = Desk::new();
    desk.roster(&[holds("P1", "tekun")]);
    desk.make_folder("ledger");
    desk.ledger("ledger/a.parquet", &[stay("P1", "S1").with("oth_pay", "500")]);
    Sheet::of(&[stay("P1", "S2").with("med_type", "21")]).without("care").lay(&desk, "ledger/b.parquet");
    desk.done(Settle::ledger(&desk.path("ledger")).policy(POLICY).roster(&desk.path("roster.parquet")));
    assert_eq!(cells(&desk.read("settlement"), &["setl_id", "basic_pay"]), [["S1", "5500.00"], ["S2", "5000.00"]]);
}

// --- The sample, and what is said ----------------------------------------------------------------------------

#[test]
fn the_sample_settles_in_an_empty_folder_as_often_as_one_likes() {
    let desk = Desk::new();
    let mut manifests = Vec::new();
    for _ in 0..2 {
        let outcome = typed_in(desk.folder(), "settle --sample");
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert!(outcome.stdout.contains("Outputs: sample-settlement\n"), "{}", outcome.stdout);
        assert_eq!(desk.names(), ["sample-settlement"]);
        manifests.push(std::fs::read(desk.path("sample-settlement/manifest.json")).unwrap());
    }
    assert_eq!(manifests[0], manifests[1]);
    let settlement = table::read(&desk.path("sample-settlement/settlement.parquet")).unwrap();
    assert!(settlement.rows.iter().any(|r| r["status"] == "settled"));
}

#[test]
fn the_sample_in_a_folder_of_ones_own_is_guarded_like_any_run() {
    let desk = Desk::new();
    assert_eq!(typed_in(desk.folder(), "settle --sample --out mine --quiet").code, Some(0));
    let again = typed_in(desk.folder(), "settle --sample --out mine --quiet");
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.starts_with("error: mine: exists already\n"), "{}", again.stderr);
}

#[test]
fn the_sample_does_not_replace_what_is_no_run() {
    let desk = Desk::new();
    desk.make_folder("sample-settlement");
    desk.text("sample-settlement/holiday.jpg", "the sea");
    let outcome = typed_in(desk.folder(), "settle --sample");
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stderr.starts_with("error: sample-settlement: is no output of an earlier run"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_run_says_what_it_settled_and_which_values_are_not_confirmed() {
    let faulty = stay("P3", "S1").with("insutype", "340");
    let desk = Desk::with(&[stay("P1", "S1"), stay("P2", "S1"), faulty], &[holds("P1", "tekun")]);
    let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "out"].map(|n| desk.typed(n));
    let outcome = typed_line(&format!("settle {ledger} --roster {roster} --policy {POLICY} --out {out}"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    for said in [
        "(weihai-2023)",
        "特困人员 tekun",
        "2,100.00",
        "险种不属结算范围 unknown_insutype",
        "当日无救助身份 no_identity",
        &format!("Outputs: {out}"),
    ] {
        assert!(outcome.stdout.contains(said), "{said}\n{}", outcome.stdout);
    }
    assert_eq!(
        outcome.stderr,
        "warning: this run uses values that are only reported: \
         per-capita disposable income, Shandong 2022 = 37560.00\n  \
         check them, and give confirmed ones with --params FILE\n"
    );
}

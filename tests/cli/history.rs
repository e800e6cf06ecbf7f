//! Historical years: several policies in one run, and runs as of what was known by a day.

use crate::desk::{Desk, Edit, POLICY, batch, cells, holds, lay, refund, stay, succeeds, typed_line};
use crate::support::laws;
use crate::support::program::{Outcome, Settle};
use crate::support::table::{self, Row, Table};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use onestop::policy::SHIPPED;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

// --- Policies that follow each other ------------------------------------------------------------------------

/// The usual policy under another name and with other dates.
fn dated(id: &str, from: &str, until: &str) -> String {
    let (_, text) = SHIPPED.iter().find(|(id, _)| *id == POLICY).expect("it is shipped");
    let header = "from = 2023-01-01\nuntil = 2027-12-31";
    assert!(text.contains(header));
    text.replace(&format!("id = \"{POLICY}\""), &format!("id = \"{id}\""))
        .replace(header, &format!("from = {from}\nuntil = {until}"))
}

/// Puts `old` and `new` on the desk, the second from this day on; what `--policy` names.
pub fn old_and_new(desk: &Desk, last: &str, first: &str) -> String {
    desk.text("old.toml", &dated("old", "2022-01-01", last));
    desk.text("new.toml", &dated("new", first, "2027-12-31"));
    format!("{},{}", desk.typed("old.toml"), desk.typed("new.toml"))
}

pub fn at(psn_no: &str, setl_id: &str, day: &str) -> Row {
    stay(psn_no, setl_id).with("setl_time", &format!("{day}T10:00:00"))
}

/// The same stay with so much left after basic insurance.
fn leaving(row: Row, left: u32) -> Row {
    let [fee, scope] = [left + 6_000, left + 5_000].map(|n| n.to_string());
    row.with("medfee_sumamt", &fee).with("inscp_scp_amt", &scope)
}

// --- Two shipped policies over the years of both ---------------------------------------------------------------

/// The same ledger with a letter before every record's id, so that two ledgers share none.
fn marked(rows: &RecordBatch, letter: char) -> RecordBatch {
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns()).map(|(field, column)| {
        if !["setl_id", "init_setl_id"].contains(&field.name().as_str()) {
            return column.clone();
        }
        let ids = column.as_string::<i32>();
        assert!(ids.len() > ids.null_count() || field.name() == "init_setl_id");
        Arc::new(ids.iter().map(|id| id.map(|id| format!("{letter}{id}"))).collect::<StringArray>()) as ArrayRef
    });
    RecordBatch::try_new(schema.clone(), columns.collect()).expect("the same columns")
}

const PARTS: [(&str, &str); 2] = [("weihai-etdz-2017", "2022"), ("weihai-2023", "2023")];

/// Ledgers of two years, each made for its policy, apart and together; one roster of all.
fn two_years(seed: u32) -> Desk {
    let desk = Desk::new();
    let (mut ledgers, mut rosters) = (Vec::new(), Vec::new());
    for ((policy, year), letter) in PARTS.into_iter().zip(['A', 'B']) {
        let out = desk.typed(policy);
        let line = format!("generate --policy {policy} --persons 300 --year {year} --seed {seed} --out {out} --quiet");
        succeeds(&line);
        let ledger = marked(&batch(&desk.path(policy).join("ledger.parquet")), letter);
        lay(&desk.path(&format!("{year}.parquet")), &ledger);
        ledgers.push(ledger);
        rosters.push(batch(&desk.path(policy).join("roster.parquet")));
    }
    let both = |parts: &[RecordBatch]| concat_batches(&parts[0].schema(), parts).expect("one schema");
    lay(&desk.path("ledger.parquet"), &both(&ledgers));
    lay(&desk.path("roster.parquet"), &both(&rosters));
    desk
}

fn settled(desk: &Desk, ledger: &str, policy: &str, out: &str, more: &[&str]) -> PathBuf {
    let settle = Settle::ledger(&desk.path(ledger)).policy(policy).roster(&desk.path("roster.parquet"));
    let outcome = more.chunks(2).fold(settle, |s, option| s.option(option[0], option[1])).into_folder(&desk.path(out));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    desk.path(out)
}

fn read(out: &Path, name: &str) -> Table {
    table::read(&out.join(name).with_extension("parquet")).unwrap_or_else(|e| panic!("{e}"))
}

/// Rows of several tables in the order of these columns; those alike stay in their order.
fn merged(tables: Vec<Table>, by: impl Fn(&Row) -> Vec<String>) -> Vec<Row> {
    let mut rows: Vec<Row> = tables.into_iter().flat_map(|t| t.rows).collect();
    rows.sort_by_cached_key(by);
    rows
}

/// Identities are listed in the order of the run's policies; here they are compared as a set.
fn as_set(mut rows: Vec<Row>) -> Vec<Row> {
    for held in rows.iter_mut().filter_map(|row| row.get_mut("identities")) {
        let mut names: Vec<&str> = held.split(',').collect();
        names.sort_unstable();
        *held = names.join(",");
    }
    rows
}

#[test]
fn two_policies_in_one_run_are_two_runs_side_by_side() {
    for seed in [3, 4] {
        let desk = two_years(seed);
        let together = settled(&desk, "ledger.parquet", "weihai-etdz-2017,weihai-2023", "both", &[]);
        let apart = PARTS.map(|(policy, year)| settled(&desk, &format!("{year}.parquet"), policy, year, &[]));
        let tables = |name: &str| apart.iter().map(|out| read(out, name)).collect::<Vec<_>>();
        let keys = |columns: &'static [&'static str]| {
            move |row: &Row| columns.iter().map(|c| row[*c].clone()).collect::<Vec<_>>()
        };
        let settlement = read(&together, "settlement");
        assert!(settlement.rows.iter().filter(|r| r["benefit_year"] == "2022").count() > 1_000);
        assert!(settlement.rows.iter().filter(|r| r["benefit_year"] == "2023").count() > 1_000);
        let in_time = keys(&["psn_no", "setl_time", "setl_id"]);
        assert_eq!(settlement.rows, merged(tables("settlement"), in_time));
        let times: BTreeMap<Vec<String>, String> =
            settlement.rows.iter().map(|row| (keys(&["psn_no", "setl_id"])(row), row["setl_time"].clone())).collect();
        let by_claim = |row: &Row| {
            let id = keys(&["psn_no", "setl_id"])(row);
            vec![id[0].clone(), times[&id].clone(), id[1].clone()]
        };
        let audit = read(&together, "audit");
        assert_eq!(audit.rows, merged(tables("audit"), by_claim));
        assert_eq!(
            as_set(read(&together, "persons").rows),
            as_set(merged(tables("persons"), keys(&["psn_no", "charge_year"])))
        );
        assert_eq!(read(&together, "alerts").rows, merged(tables("alerts"), keys(&["psn_no", "year"])));
        let subsidies = read(&together, "subsidies");
        assert!(["2022", "2023"].iter().all(|year| subsidies.rows.iter().any(|row| row["year"] == *year)));
        assert_eq!(subsidies.rows, merged(tables("subsidies"), keys(&["psn_no", "year"])));
        let of_ledger = |tables: Vec<Table>| {
            let mut rows = merged(tables, keys(&["reason", "detail"]));
            rows.retain(|row| row["source"] == "ledger");
            rows.iter_mut().for_each(|row| row.retain(|column, _| column != "file" && column != "row"));
            rows.sort();
            rows
        };
        assert_eq!(of_ledger(vec![read(&together, "rejects")]), of_ledger(tables("rejects")));
        assert_eq!(laws::conservation(&settlement), Vec::<String>::new());
        assert_eq!(laws::audit_adds_up(&settlement, &audit), Vec::<String>::new());
        totals_add_up(&together, &apart);
    }
}

/// The control totals and counts of a run are those of its parts.
fn totals_add_up(together: &Path, apart: &[PathBuf]) {
    let manifest = |out: &Path| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(out.join("manifest.json")).expect("a manifest")).expect("JSON")
    };
    let (whole, parts) = (manifest(together), apart.iter().map(|out| manifest(out)).collect::<Vec<_>>());
    for (identity, sums) in whole["control_totals"]["by_identity"].as_object().expect("identities") {
        for (column, sum) in sums.as_object().expect("sums") {
            let of = |m: &serde_json::Value| {
                let cell = &m["control_totals"]["by_identity"][identity][column];
                cell.as_str().map_or(0, |text| table::fen(text).expect("an amount"))
            };
            assert_eq!(
                table::fen(sum.as_str().expect("text")),
                Some(parts.iter().map(of).sum()),
                "{identity} {column}"
            );
        }
    }
    for count in ["settlement_rows", "audit_rows", "subsidies", "ledger_rejects", "ledger_rows"] {
        let sum: u64 = parts.iter().map(|m| m["counts"][count].as_u64().expect("a count")).sum();
        assert_eq!(whole["counts"][count], sum, "{count}");
    }
    let persons = read(together, "settlement")
        .rows
        .iter()
        .map(|r| r["psn_no"].clone())
        .collect::<std::collections::BTreeSet<_>>();
    assert_eq!(whole["counts"]["persons"], persons.len());
}

#[test]
fn neither_threads_nor_the_order_of_the_policies_change_a_byte() {
    let desk = two_years(5);
    let [there, back] = ["weihai-etdz-2017,weihai-2023", "weihai-2023,weihai-etdz-2017"];
    let plain = settled(&desk, "ledger.parquet", there, "plain", &["--threads", "1"]);
    let others = [
        settled(&desk, "ledger.parquet", there, "threads", &["--threads", "7"]),
        settled(&desk, "ledger.parquet", there, "memory", &["--memory", "64K"]),
        settled(&desk, "ledger.parquet", back, "back", &["--threads", "2"]),
        settled(&desk, "ledger.parquet", "weihai-2023", "repeated", &["--policy", "weihai-etdz-2017"]),
    ];
    for other in others {
        for name in crate::desk::names_in(&plain) {
            let [a, b] = [&plain, &other].map(|out| std::fs::read(out.join(&name)).expect("an output"));
            assert!(a == b, "{name} differs in {}", other.display());
        }
    }
}

// --- A change in mid-year ------------------------------------------------------------------------------------

#[test]
fn what_a_year_accumulates_starts_afresh_where_the_policy_changes() {
    // 50 % above 3 000 a year: the first stay of each policy only fills the deductible.
    let days = ["2023-03-01", "2023-06-30", "2023-07-01", "2023-08-01"];
    let ledger: Vec<Row> = days.iter().zip(["S1", "S2", "S3", "S4"]).map(|(day, id)| at("P1", id, day)).collect();
    let desk = Desk::with(&ledger, &[holds("P1", "monitored")]);
    let both = old_and_new(&desk, "2023-06-30", "2023-07-01");
    desk.done(desk.settle_under(&both));
    let paid = |desk: &Desk| -> Vec<String> {
        cells(&desk.read("settlement"), &["ma_pay"]).into_iter().map(|row| row[0].to_owned()).collect()
    };
    assert_eq!(paid(&desk), ["0.00", "1500.00", "0.00", "1500.00"]);
    let person = desk.read("persons");
    let columns = ["charge_year", "identities", "identity_preferred", "ma_pay", "payable_instant", "runs_not_taken"];
    assert_eq!(cells(&person, &columns), [["2023", "monitored", "monitored", "3000.00", "3000.00", ""]]);
    assert_eq!(desk.manifest()["counts"]["persons"], 1);
    // Under one policy the year goes on.
    desk.done(desk.settle().flag("--force"));
    assert_eq!(paid(&desk), ["0.00", "1500.00", "1500.00", "1500.00"]);
}

#[test]
fn alerts_are_raised_under_each_policy_from_its_own_claims() {
    // Half of 37 560 is 18 780.
    let claims = [("S1", "2023-02-01"), ("S2", "2023-06-01"), ("S3", "2023-08-01"), ("S4", "2023-09-01")];
    let ledger: Vec<Row> = claims.iter().map(|(id, day)| leaving(at("P1", id, day), 10_000)).collect();
    let desk = Desk::with(&ledger, &[holds("P1", "monitored")]);
    desk.done(desk.settle_under(&old_and_new(&desk, "2023-06-30", "2023-07-01")));
    let columns = ["year", "alert", "accumulated", "setl_id"];
    let expected = [["2023", "relapse", "20000.00", "S2"], ["2023", "relapse", "20000.00", "S4"]];
    assert_eq!(cells(&desk.read("alerts"), &columns), expected);
    assert_eq!(desk.manifest()["counts"]["alerts"]["relapse"], 2);
}

#[test]
fn claims_that_no_policy_covers_are_rejected_and_refunds_reach_across() {
    let ledger = [
        at("P1", "S1", "2023-01-31"),
        at("P1", "S2", "2023-02-01"),
        at("P1", "S3", "2023-05-15"),
        at("P1", "S4", "2023-06-01"),
        refund("P1", "S5").with("setl_time", "2023-08-01T00:00:00").with("init_setl_id", "S2"),
        at("P1", "S2", "2023-09-01"),
    ];
    let desk = Desk::with(&ledger, &[holds("P1", "tekun")]);
    // A gap of a month.
    let both = old_and_new(&desk, "2023-04-30", "2023-06-01");
    desk.text("old.toml", &dated("old", "2023-02-01", "2023-04-30"));
    desk.done(desk.settle_under(&both));
    let expected = [["S2", "reversed"], ["S4", "settled"], ["S5", "reversed"]];
    assert_eq!(cells(&desk.read("settlement"), &["setl_id", "status"]), expected);
    let expected = [
        ["S1", "outside_policy_period", "2023-01-31"],
        ["S2", "duplicate_setl_id", "the record of 2023-02-01 10:00:00 stays"],
        ["S3", "outside_policy_period", "2023-05-15"],
    ];
    assert_eq!(cells(&desk.read("rejects"), &["setl_id", "reason", "detail"]), expected);
}

#[test]
fn a_grant_looks_back_over_the_border_but_each_policy_counts_for_itself() {
    // 60 % above 10 000 of the grant; 12 000 leave 1 200 under either policy.
    let grant = holds("P1", "illness_poor").with("begndate", "2024-02-10").with("applied_on", "2024-02-10");
    let claims = [("S1", "2023-01-31"), ("S2", "2023-10-01"), ("S3", "2024-03-01")];
    let ledger: Vec<Row> = claims.iter().map(|(id, day)| leaving(at("P1", id, day), 12_000)).collect();
    let desk = Desk::with(&ledger, std::slice::from_ref(&grant));
    desk.done(desk.settle_under(&old_and_new(&desk, "2023-12-31", "2024-01-01")));
    let columns = ["setl_id", "benefit_year", "charge_year", "identity", "reason", "ma_pay"];
    let expected = [
        ["S1", "2023", "2023", "", "no_identity", "0.00"],
        ["S2", "2023", "2024", "illness_poor", "", "1200.00"],
        ["S3", "2024", "2024", "illness_poor", "", "1200.00"],
    ];
    assert_eq!(cells(&desk.read("settlement"), &columns), expected);
    let expected = [["2023", "", "0.00"], ["2024", "illness_poor", "2400.00"]];
    assert_eq!(cells(&desk.read("persons"), &["charge_year", "identities", "ma_pay"]), expected);
    // Asked for that charge year alone, the look-back is settled, too.
    desk.done(
        desk.settle_under(&old_and_new(&desk, "2023-12-31", "2024-01-01")).option("--year", "2024").flag("--force"),
    );
    assert_eq!(cells(&desk.read("settlement"), &["setl_id"]), [["S2"], ["S3"]]);
    assert_eq!(desk.manifest()["counts"]["other_charge_years"], 1);
}

/// 低保 pays 2 100 of 3 000, 低保边缘 nothing, under either policy.
fn shared_year() -> Desk {
    let ledger = [at("P1", "S1", "2023-03-01"), at("P1", "S2", "2023-09-01")];
    let desk = Desk::with(&ledger, &[holds("P1", "dibao"), holds("P1", "dibao_margin")]);
    desk.done(desk.settle_under(&old_and_new(&desk, "2023-06-30", "2023-07-01")));
    desk
}

#[test]
fn a_year_of_two_policies_has_one_row_that_names_the_policy_of_each_run() {
    let desk = shared_year();
    let columns = ["charge_year", "identities", "identity_preferred", "ma_pay", "runs_not_taken"];
    let runs = "old:dibao_margin=0.00; new:dibao_margin=0.00";
    assert_eq!(cells(&desk.read("persons"), &columns), [["2023", "dibao,dibao_margin", "dibao", "4200.00", runs]]);
}

#[test]
fn explain_tells_every_claim_under_its_policy() {
    let desk = shared_year();
    let told = |rest: &str| {
        let Outcome { code, stdout, stderr } = typed_line(&format!("explain {} P1 {rest}", desk.typed("out")));
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        stdout
    };
    let text = told("--lang en");
    let mut rest = text.as_str();
    for said in [
        "(old), 2022-01-01 to 2023-06-30\n",
        "(new), 2023-07-01 to 2027-12-31\n",
        "policy in force 适用政策: old, new",
        "not taken 未采用: under old with 低保边缘家庭成员 dibao_margin first its claims would have been paid 0.00",
        "not taken 未采用: under new with",
        "Under 适用政策: ",
        "(old)\n\n1. ",
        "Under 适用政策: ",
        "(new)\n\n2. ",
        "Paid by rule and clause 按规则与条款: old\n",
        "2,100.00",
        "Paid by rule and clause 按规则与条款: new\n",
        "2,100.00",
    ] {
        let Some((_, after)) = rest.split_once(said) else { panic!("`{said}` does not follow in\n{text}") };
        rest = after;
    }
    let text = told("--lang zh --claim S2");
    assert!(text.contains("适用政策：") && text.contains("(new)\n\n2. "), "{text}");
}

#[test]
fn the_summary_and_the_manifest_name_every_policy() {
    let desk = shared_year();
    let manifest = desk.manifest();
    assert_eq!(manifest["policy"]["id"], "new");
    let named: Vec<[&str; 3]> = manifest["policies"]
        .as_array()
        .expect("policies")
        .iter()
        .map(|p| ["id", "from", "until"].map(|key| p[key].as_str().expect("text")))
        .collect();
    assert_eq!(named, [["old", "2022-01-01", "2023-06-30"], ["new", "2023-07-01", "2027-12-31"]]);
    let line = |more: &str| {
        let [ledger, roster, out] = ["ledger.parquet", "roster.parquet", "again"].map(|name| desk.typed(name));
        let both = old_and_new(&desk, "2023-06-30", "2023-07-01");
        typed_line(&format!("settle {ledger} --roster {roster} --policy {both} --out {out} --force {more}")).stdout
    };
    let summary = line("");
    assert!(summary.contains("(old), 2022-01-01 to 2023-06-30\n"), "{summary}");
    assert!(summary.contains("(new), 2023-07-01 to 2027-12-31\n"), "{summary}");
    let json: serde_json::Value = serde_json::from_str(&line("--json")).expect("JSON");
    assert_eq!(json["policies"], serde_json::json!(["old", "new"]));
    // One policy is told as ever.
    desk.done(desk.settle().flag("--force"));
    let manifest = desk.manifest();
    assert!(manifest.get("policies").is_none() && manifest["policy"].get("year_by").is_none());
    for absent in ["as_known", "as_of"] {
        assert!(manifest["options"].get(absent).is_none());
    }
    assert!(manifest["counts"].get("roster_recorded_later").is_none());
}

#[test]
fn a_subsidy_is_that_of_the_policy_on_its_day() {
    let desk = Desk::with(&[at("P1", "S1", "2023-03-01"), at("P1", "S2", "2023-09-01")], &[holds("P1", "dibao")]);
    let both = old_and_new(&desk, "2023-06-30", "2023-07-01");
    let text = std::fs::read_to_string(desk.path("new.toml")).expect("the policy");
    // The new policy pays half of the contribution.
    let half = text.replace("share = \"1\"\nclause = \"二（一）\"", "share = \"0.5\"\nclause = \"half\"");
    assert_ne!(text, half);
    desk.text("new.toml", &half);
    let columns = ["year", "identity", "subsidy", "clause"];
    desk.done(desk.settle_under(&both));
    assert_eq!(cells(&desk.read("subsidies"), &columns), [["2023", "dibao", "450.00", "二（一）"]]);
    let params = desk.text("params.toml", "subsidy_date = \"08-01\"");
    desk.done(desk.settle_under(&both).params(&params).flag("--force"));
    assert_eq!(cells(&desk.read("subsidies"), &columns), [["2023", "dibao", "225.00", "half"]]);
    // None is in force on New Year's Day: then the first of the year decides.
    desk.text("old.toml", &dated("old", "2023-02-01", "2023-06-30"));
    desk.done(desk.settle_under(&both).flag("--force"));
    assert_eq!(cells(&desk.read("subsidies"), &columns), [["2023", "dibao", "450.00", "二（一）"]]);
}

#[test]
fn identities_of_the_ledger_are_those_of_the_policy_of_their_day() {
    // The two policies list their identities in different orders.
    let claim = |id: &str, day: &str, identity: &str| at("P1", id, day).with("identity", identity);
    let ledger = [
        claim("S1", "2022-05-01", "dibao"),
        claim("S2", "2022-06-01", "fanpin"),
        claim("S3", "2023-05-01", "dibao"),
        claim("S4", "2023-06-01", "fanpin"),
    ];
    let desk = Desk::with(&ledger, &[]);
    desk.done(desk.settle_under("weihai-etdz-2017,weihai-2023"));
    let expected = [
        ["dibao", "", "2100.00"],
        ["", "care_not_covered", "0.00"],
        ["dibao", "", "2100.00"],
        ["fanpin", "", "2100.00"],
    ];
    assert_eq!(cells(&desk.read("settlement"), &["identity", "reason", "ma_pay"]), expected);
    let expected = [["2022", "dibao,fanpin", "dibao"], ["2023", "dibao,fanpin", "dibao"]];
    assert_eq!(cells(&desk.read("persons"), &["charge_year", "identities", "identity_preferred"]), expected);
    // Beside a roster they are compared under the policy of their day.
    let desk = Desk::with(&ledger, &[holds("P1", "dibao").with("begndate", "2022-01-01")]);
    desk.done(desk.settle_under("weihai-etdz-2017,weihai-2023"));
    assert_eq!(desk.manifest()["counts"]["identity_differs"], 2);
}

#[test]
fn where_another_date_decides_rows_still_come_in_their_order() {
    let ended = |id: &str, day: &str, end: &str| at("P1", id, day).with("enddate", end);
    let ledger = [
        ended("S1", "2023-07-02", "2023-07-02"),
        ended("S2", "2023-07-03", "2023-06-30"),
        ended("S3", "2023-07-04", "2023-07-01"),
        ended("S4", "2023-07-05", "2023-06-20"),
    ];
    let desk = Desk::with(&ledger, &[holds("P1", "monitored")]);
    let both = old_and_new(&desk, "2023-06-30", "2023-07-01");
    for name in ["old.toml", "new.toml"] {
        let text = std::fs::read_to_string(desk.path(name)).expect("the policy");
        desk.text(name, &text.replace("\n[catastrophic]\n", "\n[switches]\nyear_by = \"enddate\"\n\n[catastrophic]\n"));
    }
    desk.done(desk.settle_under(&both));
    // Of each policy's two claims the first fills the deductible.
    let expected = [["S1", "0.00"], ["S2", "0.00"], ["S3", "1500.00"], ["S4", "1500.00"]];
    assert_eq!(cells(&desk.read("settlement"), &["setl_id", "ma_pay"]), expected);
    let claims: Vec<String> = desk.read("audit").rows.iter().map(|row| row["setl_id"].clone()).collect();
    assert!(claims.is_sorted(), "{claims:?}");
    assert_eq!(desk.manifest()["policies"][0]["year_by"], "enddate");
    // The outputs tell the year of a claim, but not the day that decided: both policies are named.
    let text = typed_line(&format!("explain {} P1 --lang en", desk.typed("out"))).stdout;
    assert!(text.contains("(old); "), "{text}");
}

// --- Policies that do not go together ---------------------------------------------------------------------------

fn refused(desk: &Desk, settle: Settle, code: i32, text: &str) {
    let outcome = desk.run(settle);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(code), format!("error: {text}\n").as_str()));
    assert!(!desk.path("out").exists());
}

#[test]
fn overlapping_policies_are_named_with_the_days() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let both = old_and_new(&desk, "2023-07-31", "2023-07-01");
    let text = "policies `old` (2022-01-01 to 2023-07-31) and `new` (2023-07-01 to 2027-12-31) are both in force \
                from 2023-07-01 to 2023-07-31\n  \
                name policies whose dates do not overlap, or settle them in runs of their own";
    refused(&desk, desk.settle_under(&both), 1, text);
    let twice = desk.run(desk.settle_under("weihai-2023,weihai-2023"));
    assert!(twice.stderr.contains("from 2023-01-01 to 2027-12-31"), "{}", twice.stderr);
}

#[test]
fn policies_must_tell_the_year_alike() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let both = old_and_new(&desk, "2023-06-30", "2023-07-01");
    let text = std::fs::read_to_string(desk.path("new.toml")).expect("the policy");
    desk.text(
        "new.toml",
        &text.replace("\n[catastrophic]\n", "\n[switches]\nyear_by = \"enddate\"\n\n[catastrophic]\n"),
    );
    let text = "policies `old` and `new` tell the year by different dates\n  \
                name policies with the same `year_by`, or settle them in runs of their own";
    refused(&desk, desk.settle_under(&both), 1, text);
}

#[test]
fn several_policies_are_not_applied_as_if() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let text = "--as-if applies one policy outside its dates, but several are named\n  \
                name one policy, or leave out --as-if";
    refused(&desk, desk.settle_under("weihai-etdz-2017,weihai-2023").flag("--as-if"), 2, text);
    let text = "--policy weihai-2023,: a name is missing beside a comma\n  \
                write --policy A,B with a policy on either side";
    refused(&desk, desk.settle_under("weihai-2023,"), 2, text);
}

#[test]
fn a_path_with_a_comma_is_one_policy() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    desk.text("a,b.toml", &dated("mine", "2023-01-01", "2023-12-31"));
    desk.done(desk.settle_under(&desk.typed("a,b.toml")));
    assert_eq!(desk.manifest()["policy"]["id"], "mine");
}

#[test]
fn a_year_that_no_policy_reaches_names_them_all() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let text = "--year 2030 lies outside every policy of the run: `weihai-etdz-2017` (2017-03-15 to 2022-12-31), \
                `weihai-2023` (2023-01-01 to 2027-12-31)\n  \
                choose another year, or name a policy that reaches it";
    refused(&desk, desk.settle_under("weihai-etdz-2017,weihai-2023").option("--year", "2030"), 1, text);
}

#[test]
fn what_one_of_several_policies_lacks_is_told_with_its_name() {
    let desk = Desk::with(&[at("P1", "S1", "2022-03-01"), at("P1", "S2", "2027-03-01")], &[holds("P1", "tekun")]);
    let outcome = desk.run(desk.settle_under("weihai-etdz-2017,weihai-2023"));
    assert_eq!(outcome.code, Some(1));
    let start = "error: policy `weihai-2023`: no value for parameter `";
    assert!(
        outcome.stderr.starts_with(start) && outcome.stderr.contains("for benefit year 2027"),
        "{}",
        outcome.stderr
    );
    let strict = desk.settle_under("weihai-etdz-2017,weihai-2023").flag("--strict").option("--year", "2022");
    let outcome = desk.run(strict);
    let value = "resident contribution, Weihai development zone, tier 1 2022 (policy weihai-etdz-2017)";
    assert!(outcome.code == Some(1) && outcome.stderr.contains(value), "{}", outcome.stderr);
}

// --- As it was known ------------------------------------------------------------------------------------------------

#[test]
fn an_identity_counts_once_it_was_recorded() {
    let roster = [
        holds("P1", "tekun").with("known_on", "2023-06-01"),
        holds("P2", "tekun").with("known_on", "2023-06-02"),
        holds("P3", "tekun"),
        holds("P4", "nobleman").with("known_on", "2023-07-01"),
    ];
    let ledger = ["P1", "P2", "P3"].map(|person| stay(person, "S1"));
    let desk = Desk::with(&ledger, &roster);
    let paid = |desk: &Desk| -> Vec<String> {
        cells(&desk.read("settlement"), &["ma_pay"]).into_iter().map(|row| row[0].to_owned()).collect()
    };
    for (day, expected, later, rejects) in [
        ("2023-05-31", ["0.00", "0.00", "2100.00"], 3, 0),
        ("2023-06-01", ["2100.00", "0.00", "2100.00"], 2, 0),
        ("2023-06-02", ["2100.00", "2100.00", "2100.00"], 1, 0),
        ("2023-07-01", ["2100.00", "2100.00", "2100.00"], 0, 1),
    ] {
        desk.done(desk.settle().option("--as-known", day).flag("--force"));
        assert_eq!(paid(&desk), expected, "{day}");
        let manifest = desk.manifest();
        assert_eq!(manifest["options"]["as_known"], day);
        assert_eq!(manifest["counts"]["roster_recorded_later"], later, "{day}");
        assert_eq!(manifest["counts"]["roster_rejects"], rejects, "{day}: what is left out is no reject");
        assert_eq!(manifest["counts"]["roster_rows"], 4);
    }
    desk.done(desk.settle().flag("--force"));
    assert_eq!(paid(&desk), ["2100.00"; 3]);
}

#[test]
fn a_grant_that_was_not_known_yet_pays_nothing_and_the_next_one_stands() {
    let grant = |on: &str, known: &str| {
        holds("P1", "illness_poor").with("applied_on", on).with("known_on", known).with("begndate", on)
    };
    let roster = [grant("2023-05-01", "2023-12-01"), grant("2023-09-01", "2023-09-01")];
    let desk = Desk::with(&[leaving(at("P1", "S1", "2023-06-01"), 12_000)], &roster);
    let repeats = |desk: &Desk| desk.manifest()["counts"]["roster_rejects"].clone();
    desk.done(desk.settle());
    assert_eq!(repeats(&desk), 1);
    desk.done(desk.settle().option("--as-known", "2023-10-01").flag("--force"));
    assert_eq!(repeats(&desk), 0, "the earlier application was not known");
    assert_eq!(cells(&desk.read("settlement"), &["identity", "ma_pay"]), [["illness_poor", "1200.00"]]);
    desk.done(desk.settle().option("--as-known", "2023-08-31").flag("--force"));
    assert_eq!(cells(&desk.read("settlement"), &["reason", "ma_pay"]), [["no_identity", "0.00"]]);
}

#[test]
fn a_roster_that_does_not_tell_is_settled_with_a_warning() {
    let desk = Desk::with(&[stay("P1", "S1")], &[]);
    let columns: Vec<_> = crate::desk::typed(&["psn_no", "identity", "begndate"]);
    let roster = desk.path("roster.parquet");
    table::write(&roster, &columns, &[holds("P1", "tekun")]);
    let outcome = desk.run(desk.settle().option("--as-known", "2023-01-01"));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let warning = "warning: --as-known leaves nothing out: the roster has no column `known_on`\n  \
                   add the dates on which its rows were recorded; null stands for always known\n";
    assert!(outcome.stderr.starts_with(warning), "{}", outcome.stderr);
    assert_eq!(cells(&desk.read("settlement"), &["ma_pay"]), [["2100.00"]]);
}

#[test]
fn days_are_dates_and_as_known_needs_a_roster() {
    let desk = Desk::with(&[stay("P1", "S1").with("identity", "tekun")], &[]);
    let outcome = desk.run(desk.settle().option("--as-known", "2023-06-01"));
    assert!(outcome.code == Some(2) && outcome.stderr.contains("--roster"), "{}", outcome.stderr);
    let outcome = desk.run(desk.settle().option("--as-of", "June"));
    assert!(outcome.code == Some(2) && outcome.stderr.contains("`June` is not a date"), "{}", outcome.stderr);
}

// --- As it was published ----------------------------------------------------------------------------------------------

const CONTRIBUTION: &str = "resident contribution, Weihai, own part, tier 2";

/// Values of one contribution, each with the day of its publication.
fn published(entries: &[(&str, &str)]) -> String {
    let entry = |(value, day): &(&str, &str)| {
        format!("[[value]]\nparameter = \"{CONTRIBUTION}\"\nyear = 2023\nvalue = \"{value}\"\npublished_on = {day}\n")
    };
    entries.iter().map(entry).collect()
}

#[test]
fn a_value_counts_once_it_was_published() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let params = desk.text("params.toml", &published(&[("700", "2023-09-01"), ("680", "2023-02-01")]));
    for (as_of, subsidy) in [
        (None, "700.00"),
        (Some("2023-09-01"), "700.00"),
        (Some("2023-08-31"), "680.00"),
        // Before both, what is shipped without a day was always known.
        (Some("2023-01-31"), "650.00"),
    ] {
        let settle = desk.settle().params(&params).flag("--force");
        desk.done(as_of.iter().fold(settle, |s, day| s.option("--as-of", day)));
        assert_eq!(cells(&desk.read("subsidies"), &["subsidy"]), [[subsidy]], "{as_of:?}");
        let manifest = desk.manifest();
        assert_eq!(manifest["options"].get("as_of").and_then(|day| day.as_str()), as_of);
        let used = manifest["parameters"]["used"].as_array().expect("values");
        let day = used.iter().find(|u| u["parameter"] == CONTRIBUTION).expect("it is used").get("published_on");
        assert_eq!(day.is_some(), subsidy != "650.00");
    }
}

#[test]
fn a_value_published_too_late_is_missing_and_the_error_says_since_when() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "tekun")]);
    let text = dated("mine", "2023-01-01", "2023-12-31").replace(CONTRIBUTION, "contribution of mine");
    let policy = desk.text("mine.toml", &text);
    let value = published(&[("680", "2023-02-01")]).replace(CONTRIBUTION, "contribution of mine");
    let params = desk.text("params.toml", &value);
    let settle = || desk.settle_under(&policy.display().to_string()).params(&params);
    desk.done(settle().option("--as-of", "2023-02-01"));
    assert_eq!(cells(&desk.read("subsidies"), &["subsidy"]), [["680.00"]]);
    let outcome = settle().option("--as-of", "2023-01-31").into_folder(&desk.path("early"));
    let said = "error: no value for parameter `contribution of mine` of year 2023, needed by rule `subsidy.tier2` \
                （二（一）） for benefit year 2023\n  \
                it was published on 2023-02-01, later than the day of --as-of: choose a later day, or give it in a file: ";
    assert_eq!(outcome.code, Some(1));
    let plain = outcome.stderr.replace('(', "（").replace(')', "）");
    assert!(plain.starts_with(&said.replace('(', "（").replace(')', "）")), "{}", outcome.stderr);
}

#[test]
fn policy_show_and_check_know_what_was_published() {
    let desk = Desk::new();
    let params = desk.text("params.toml", &published(&[("700", "2023-09-01")]));
    let params = params.display();
    let show =
        |day: &str| typed_line(&format!("policy show {POLICY} --year 2023 --params {params} --as-of {day}")).stdout;
    assert!(show("2023-09-01").contains("= 700.00 in 2023"));
    assert!(show("2023-08-31").contains("= 650.00 in 2023"));
    let check = typed_line(&format!("policy check {POLICY} --params {params} --as-of 2023-08-31"));
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
}

// --- What holds of several policies can be verified ----------------------------------------------------------

#[test]
fn a_run_of_several_policies_holds_against_itself_and_its_ledger() {
    let desk = two_years(5);
    let out = settled(&desk, "ledger.parquet", "weihai-2023,weihai-etdz-2017", "out", &[]);
    let (folder, ledger) = (desk.typed("out"), desk.typed("ledger.parquet"));
    let again = typed_line(&format!("verify {folder} --ledger {ledger}"));
    assert_eq!(again.code, Some(0), "{}{}", again.stdout, again.stderr);
    for name in ["policy weihai-etdz-2017", "policy weihai-2023", "settled again: settlement.parquet"] {
        assert!(again.stdout.contains(name), "{name} is not in:\n{}", again.stdout);
    }
    // Each clause says whose it is, and each policy's clauses come to what it paid.
    let (clauses, settlement) = (read(&out, "clauses"), read(&out, "settlement"));
    for (policy, year) in PARTS {
        let of_policy: Vec<&Row> = clauses.rows.iter().filter(|r| r["policy"] == policy).collect();
        assert!(of_policy.iter().all(|r| r["benefit_year"] == year), "{policy}");
        let sum = |rows: Vec<&Row>, column: &str| -> i128 {
            rows.into_iter().map(|r| table::fen(&r[column]).expect("an amount")).sum()
        };
        let assisting = |r: &&Row| ["ma", "major_disease", "top_up"].contains(&r["layer"].as_str());
        let paid = sum(of_policy.into_iter().filter(assisting).collect(), "paid");
        let of_year = settlement.rows.iter().filter(|r| r["benefit_year"] == year).collect();
        assert_eq!(paid, sum(of_year, "ma_pay"), "{policy}");
        assert!(paid > 0, "{policy}");
    }
    // The order in which policies are given says nothing.
    let given = typed_line(&format!("verify {folder} --policy weihai-2023,weihai-etdz-2017"));
    assert_eq!(given.code, Some(0), "{}{}", given.stdout, given.stderr);
    let other = typed_line(&format!("verify {folder} --policy weihai-2023,erenhot-2023"));
    assert_eq!(other.code, Some(1));
    assert!(other.stdout.contains("erenhot-2023"), "{}", other.stdout);
}

#[test]
fn two_policies_that_share_a_year_and_their_names_hold_together() {
    let desk = shared_year();
    let clauses = desk.read("clauses");
    let of = |policy: &str| clauses.rows.iter().filter(|r| r["policy"] == policy && r["exercised"] == "true").count();
    assert!(of("old") > 0 && of("new") > 0);
    let folder = desk.typed("out");
    let line = format!("verify {folder} --ledger {}", desk.typed("ledger.parquet"));
    let outcome = typed_line(&line);
    assert_eq!(outcome.code, Some(0), "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn what_was_known_by_a_day_is_verified_as_of_that_day() {
    let roster = [holds("P1", "tekun").with("known_on", "2023-06-01"), holds("P2", "tekun")];
    let desk = Desk::with(&["P1", "P2"].map(|person| stay(person, "S1")), &roster);
    desk.done(desk.settle().option("--as-known", "2023-05-31").option("--as-of", "2026-01-01"));
    let line = format!("verify {} --ledger {}", desk.typed("out"), desk.typed("ledger.parquet"));
    for line in [line.clone(), format!("{line} --person P1")] {
        let outcome = typed_line(&line);
        assert_eq!(outcome.code, Some(0), "{line}\n{}{}", outcome.stdout, outcome.stderr);
    }
}

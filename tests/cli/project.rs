//! `onestop project`: the baseline is the settlement; the same bytes however it is run; intervals; what the files are.

use crate::budget::{Cells, FILES, Office, POLICIES, Projection, scenario, sets, under_every_policy, weighted};
use crate::causes::read;
use crate::desk::{Desk, Edit, Sheet, batch, holds, lay, names_in, stay, succeeds, typed_in};
use crate::support::table::{self, Row, fen, yuan};
use arrow::array::UInt64Array;
use arrow::compute::take_record_batch;
use arrow::datatypes::DataType;

/// A scenario file that changes nothing: one scenario with a rule left as it is.
fn nothing_new(policy: &str) -> String {
    let (rule, ratio) = match policy {
        "weihai-2023" => ("ma.A", "0.70"),
        "weihai-etdz-2017" => ("ma.chronic", "0.70"),
        "erenhot-2023" => ("ma.inpatient.S2", "0.80"),
        _ => ("ma.inpatient.dibao", "0.70"),
    };
    sets("same", &format!("\"{rule}.ratio\" = \"{ratio}\""))
}

/// Every fund of `projection.json` pays what the manifest of the settlement says.
fn funds_agree(projection: &Projection, office: &Office, what: &str) {
    let by_fund = office.desk.manifest()["control_totals"]["by_fund"].clone();
    for (fund, total) in by_fund.as_object().expect("funds") {
        let told = &projection.scenario("baseline")["funds"][fund]["paid"];
        assert_eq!(told, total, "{what}: {fund}");
        assert_eq!(Some(projection.total("baseline", fund)), fen(total.as_str().expect("text")), "{what}: {fund}");
    }
}

under_every_policy! {
    the_baseline_is_the_settlement_row_by_row
    identities_may_stand_in_the_ledger
    the_changes_of_all_funds_cancel_out_where_only_rules_change
}

fn the_baseline_is_the_settlement_row_by_row(case: usize) {
    let (policy, year) = POLICIES[case];
    let office = Office::new(POLICIES[case], 11);
    let year_before = format!("--year {}", year - 1);
    for more in ["", &format!("--year {year}"), "--recorded-maf maf_pay,oth_pay", &year_before] {
        if more == year_before && policy != "weihai-2023" {
            // Only grants look back into the year before.
            continue;
        }
        let settled = office.settled(policy, more);
        let projection = office.projected(&nothing_new(policy), more);
        projection.agrees("baseline", &settled, &settled);
        projection.agrees("same", &settled, &settled);
        funds_agree(&projection, &office, &format!("{policy} {more}"));
        assert_eq!(projection.ids(), ["baseline", "same"], "{policy} {more}");
    }
}

fn identities_may_stand_in_the_ledger(case: usize) {
    let policy = POLICIES[case].0;
    let mut office = Office::new(POLICIES[case], 12);
    let roster = read(&office.desk, "made", "roster.parquet").rows;
    office.with_identities_in_the_ledger(&roster);
    let settled = office.settled(policy, "");
    assert!(settled.keys().any(|[_, _, identity, _]| identity == "dibao"), "{policy}");
    let projection = office.projected(&nothing_new(policy), "");
    projection.agrees("baseline", &settled, &settled);
    funds_agree(&projection, &office, policy);
}

/// Three persons by hand: 低保 with a stay in each of two years, 监测对象 with one, somebody without identity.
#[test]
fn rows_stand_where_somebody_gets_something_and_nowhere_else() {
    let ledger = [
        stay("P1", "S1"),
        stay("P1", "S2").with("setl_time", "2024-03-01T10:00:00"),
        stay("P2", "S3").with("care", "chronic"),
        stay("P3", "S4").with("hifp_pay", "8000"),
    ];
    let desk = Desk::with(&ledger, &[holds("P1", "dibao"), holds("P2", "monitored")]);
    let office = Office::at(desk, "weihai-2023");
    let projection = office.projected(&sets("B-1000", "\"ma.B.deductible\" = \"1000\""), "");
    let of = |scenario: &str, fund: &str, layer: &str| {
        let cell = |row: &Row, column: &str| row.get(column).map_or("*", String::as_str).to_owned();
        let rows = projection.table.rows.iter();
        let rows = rows.filter(|row| row["scenario"] == scenario && row["fund"] == fund && cell(row, "layer") == layer);
        let columns = ["identity", "care", "persons", "claims", "paid", "paid_change"];
        let mut lines: Vec<String> = rows.map(|row| columns.map(|c| cell(row, c)).join(" ")).collect();
        lines.sort();
        lines
    };
    let before = ["* *", "* inpatient", "dibao *", "dibao inpatient"].map(|of| format!("{of} 2 2 4200.00 0.00"));
    assert_eq!(of("baseline", "medical_assistance", "*"), before, "a person counts once a year");
    assert_eq!(of("baseline", "medical_assistance", "ma_pay"), before);
    // 监测对象 stay under the deductible of 3 000; above 1 000 half of 2 000 is paid.
    let after = [
        "* * 3 3 5200.00 1000.00",
        "* chronic 1 1 1000.00 1000.00",
        "* inpatient 2 2 4200.00 0.00",
        "dibao * 2 2 4200.00 0.00",
        "dibao inpatient 2 2 4200.00 0.00",
        "monitored * 1 1 1000.00 1000.00",
        "monitored chronic 1 1 1000.00 1000.00",
    ];
    assert_eq!(of("B-1000", "medical_assistance", "*"), after);
    assert!(of("B-1000", "medical_assistance", "ra_pay").is_empty());
    assert!(of("B-1000", "institutions", "hosp_borne").is_empty());
    assert!(of("B-1000", "basic_insurance_390", "*").is_empty(), "a fund of one layer has no rows beside it");
    let nobody = of("baseline", "persons", "psn_burden").into_iter().filter(|line| line.starts_with("none"));
    assert_eq!(nobody.collect::<Vec<_>>(), ["none * 1 1 2000.00 0.00", "none inpatient 1 1 2000.00 0.00"]);
}

#[test]
fn a_cell_that_a_scenario_empties_keeps_its_row_with_zeros() {
    let desk = Desk::with(&[stay("P1", "S1")], &[holds("P1", "dibao")]);
    let office = Office::at(desk, "weihai-2023");
    let projection = office.projected(&sets("none-for-A", "\"ma.A.ratio\" = \"0\""), "");
    let row = projection.row("none-for-A", "medical_assistance").expect("a row of zeros");
    let columns = ["persons", "claims", "paid", "persons_change", "claims_change", "paid_change"];
    assert_eq!(columns.map(|c| row[c].as_str()), ["0", "0", "0.00", "-1", "-1", "-2100.00"]);
}

const SCENARIOS: [&str; 6] = [
    "[scenario.set]\n\"ma.A.ratio\" = [\"0.65\", \"0.70..0.80 step 0.05\"]\n\"ra.B\" = \"off\"",
    "[[scenario.fees]]\ngrowth = \"0.06\"\ncare = [\"inpatient\"]\n",
    "[[scenario.claims]]\ngrowth = \"0.25\"\n[[scenario.claims]]\ngrowth = \"-0.25\"\ncare = [\"inpatient\"]",
    "[[scenario.persons]]\ngrowth = \"0.10\"\nidentities = [\"dibao\"]",
    "[[scenario.identities]]\nfrom = [\"dibao_margin\"]\nto = \"dibao\"\n",
    "policy = \"erenhot-2023\"\n[[scenario.parameters]]\nparameter = \"per-capita disposable income, \
     Erenhot, all residents\"\ngrowth = \"0.05\"",
];

/// One scenario of every kind.
fn every_kind() -> String {
    let income = "[burden]\nincome = { of = \"per-capita disposable income, Shandong\", year = -1 }\n\n";
    let all = SCENARIOS.iter().enumerate().map(|(n, body)| scenario(&format!("kind-{n}"), body));
    std::iter::once(income.to_owned()).chain(all).collect()
}

fn same_files(office: &Office, folder: &str, what: &str) {
    for name in FILES.iter().filter(|name| **name != "manifest.json") {
        let [a, b] = ["plan", folder].map(|f| std::fs::read(office.desk.path(f).join(name)).expect("a file"));
        assert!(a == b, "{name} {what}");
    }
}

#[test]
fn threads_memory_and_the_order_of_rows_change_no_byte() {
    let office = Office::new(POLICIES[0], 13);
    let made = office.desk.path("made/ledger.parquet");
    let rows = batch(&made);
    // Every seventh row, beginning with the last ones.
    let count = rows.num_rows() as u64;
    let order = (0..7).rev().flat_map(|first| (first..count).step_by(7));
    let shuffled = take_record_batch(&rows, &UInt64Array::from_iter_values(order));
    lay(&office.desk.path("shuffled.parquet"), &shuffled.expect("the same rows"));
    let parts = office.desk.make_folder("parts");
    let third = rows.num_rows() / 3;
    for (name, from, to) in [("c", 0, third), ("a", third, 2 * third), ("b", 2 * third, rows.num_rows())] {
        lay(&parts.join(name).with_extension("parquet"), &rows.slice(from, to - from));
    }
    let roster = format!("--roster {}", office.desk.typed("made/roster.parquet"));
    let ledgers = ["shuffled.parquet", "parts"].map(|name| format!("{} {roster}", office.desk.typed(name)));
    for more in ["", "--bootstrap 40 --seed 9"] {
        let scenarios = every_kind();
        office.projected(&scenarios, more);
        let file = office.desk.typed("scenarios.toml");
        let out = office.desk.typed("other");
        let ways = [
            (&office.inputs, "--threads 1"),
            (&office.inputs, "--threads 2"),
            (&office.inputs, "--threads 7"),
            (&office.inputs, "--threads 2 --memory 1M"),
            (&ledgers[0], "--threads 2"),
            (&ledgers[1], "--threads 2 --memory 1M"),
        ];
        for (inputs, way) in ways {
            let policy = &office.policy;
            succeeds(&format!(
                "project {inputs} --policy {policy} --scenarios {file} --out {out} --quiet --force {more} {way}"
            ));
            same_files(&office, "other", &format!("with {inputs} {way} {more}"));
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_intervals_and_another_seed_others() {
    let office = Office::new(POLICIES[0], 14);
    let scenarios = format!("{}{}", nothing_new(POLICIES[0].0), sets("more", "\"ma.A.ratio\" = \"0.80\""));
    let intervals = |projection: &Projection| {
        let columns = ["paid_low", "paid_high", "change_low", "change_high"];
        let rows = projection.table.rows.iter();
        rows.map(|row| columns.map(|c| fen(&row[c]).expect("an interval"))).collect::<Vec<_>>()
    };
    let first = office.projected(&scenarios, "--bootstrap 200 --seed 5");
    let again = office.projected(&scenarios, "--bootstrap 200 --seed 5");
    let other = office.projected(&scenarios, "--bootstrap 200 --seed 6");
    assert_eq!(intervals(&first), intervals(&again));
    assert_ne!(intervals(&first), intervals(&other));
    let mut many = 0;
    for row in &first.table.rows {
        let [low, high, change_low, change_high] =
            ["paid_low", "paid_high", "change_low", "change_high"].map(|c| fen(&row[c]).expect("an interval"));
        let [paid, change] = ["paid", "paid_change"].map(|c| fen(&row[c]).expect("an amount"));
        assert!(0 <= low && low <= high && change_low <= change_high, "{row:?}");
        if row["scenario"] != "more" {
            assert_eq!((change_low, change, change_high), (0, 0, 0), "nothing changes: {row:?}");
            if row["persons"].parse::<u32>().expect("a count") >= 100 {
                assert!(low <= paid && paid <= high && low < high, "{row:?}");
                many += 1;
            }
        }
    }
    assert!(many >= 10, "{many}");
    let row = first.row("more", "medical_assistance").expect("a row");
    let [low, change, high] = ["change_low", "paid_change", "change_high"].map(|c| fen(&row[c]).expect("an amount"));
    assert!(0 < low && low < change && change < high, "{row:?}");
}

#[test]
fn the_columns_are_those_of_the_contract_and_money_is_decimal() {
    let office = Office::new(POLICIES[0], 15);
    let money = DataType::Decimal128(18, 2);
    for more in ["", "--bootstrap 20"] {
        let projection = office.projected(&every_kind(), more);
        let columns = ["scenario", "fund", "layer", "identity", "care", "persons", "claims", "paid"];
        let changes = ["persons_change", "claims_change", "paid_change"];
        let intervals = ["paid_low", "paid_high", "change_low", "change_high"];
        assert_eq!(projection.table.columns, [&columns[..], &changes, &intervals].concat());
        let null = |row: &Row| intervals.iter().all(|c| !row.contains_key(*c));
        assert!(projection.table.rows.iter().all(|row| null(row) == more.is_empty()));
        let of_people = [
            "scenario",
            "identity",
            "persons",
            "winners",
            "winners_mean",
            "winners_p10",
            "winners_p50",
            "winners_p90",
            "losers",
            "losers_mean",
            "losers_p10",
            "losers_p50",
            "losers_p90",
            "burden_mean",
            "burden_p50",
            "burden_p90",
            "burden_p99",
            "above_10_percent",
            "above_25_percent",
            "at_cap",
            "cut_off",
        ];
        assert_eq!(projection.people.columns, of_people);
        for (name, texts) in [("projection", &columns[..5]), ("people", &of_people[..2])] {
            let schema = batch(&office.desk.path("plan").join(name).with_extension("parquet")).schema();
            for field in schema.fields() {
                let count = ["persons", "claims", "winners", "losers", "at_cap"];
                let expected = match field.name().as_str() {
                    text if texts.contains(&text) => DataType::Utf8,
                    name if count.contains(&name.trim_end_matches("_change")) => DataType::Int64,
                    name if name.starts_with("above_") => DataType::Int64,
                    _ => money.clone(),
                };
                assert_eq!(*field.data_type(), expected, "{name}: {field}");
            }
        }
        let mut scenarios: Vec<&String> = projection.table.rows.iter().map(|row| &row["scenario"]).collect();
        scenarios.dedup();
        assert_eq!(scenarios, projection.ids(), "scenario by scenario, in the order of the file");
        assert_eq!(names_in(&office.desk.path("plan")), FILES);
    }
}

#[test]
fn the_manifest_tells_inputs_and_outputs_by_digest() {
    let office = Office::new(POLICIES[3], 16);
    office.projected(&nothing_new(POLICIES[3].0), "");
    let text = std::fs::read_to_string(office.desk.path("plan/manifest.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(manifest["program"], "onestop");
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let digest = |path: &std::path::Path| {
        use sha2::{Digest, Sha256};
        Sha256::digest(std::fs::read(path).expect("a file")).iter().map(|b| format!("{b:02x}")).collect::<String>()
    };
    for name in FILES.iter().filter(|name| **name != "manifest.json") {
        let path = office.desk.path("plan").join(name);
        assert_eq!(manifest["outputs"][name]["sha256"], digest(&path), "{name}");
    }
    for name in ["made/ledger.parquet", "made/roster.parquet", "scenarios.toml"] {
        assert!(text.contains(&digest(&office.desk.path(name))), "{name}: {text}");
    }
    assert!(
        text.contains(&digest(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/policies/jincheng-2023.toml")
        ))
    );
}

#[test]
fn a_ledger_without_rows_gives_zeros() {
    let desk = Desk::new();
    Sheet::of(&[stay("P1", "S1")]).head(0).lay(&desk, "ledger.parquet");
    desk.roster(&[holds("P1", "dibao")]);
    let office = Office::at(desk, "weihai-2023");
    for more in ["", "--bootstrap 20", "--year 2023"] {
        let projection = office.projected(&nothing_new("weihai-2023"), more);
        assert!(projection.table.rows.is_empty(), "no cell holds anything");
        for id in ["baseline", "same"] {
            let funds = projection.scenario(id)["funds"].as_object().expect("funds").clone();
            assert_eq!(funds.len(), 8);
            assert!(funds.values().all(|f| f["paid"] == "0.00" && f["change"] == "0.00"), "{funds:?}");
        }
        let everybody = projection.people.rows.iter().filter(|row| !row.contains_key("identity"));
        let told: Vec<[&str; 3]> =
            everybody.map(|row| ["persons", "winners", "losers"].map(|c| row[c].as_str())).collect();
        assert_eq!(told, [["0", "0", "0"], ["0", "0", "0"]]);
    }
}

#[test]
fn the_sample_is_projected_without_any_file() {
    let desk = Desk::new();
    for _ in 0..2 {
        let outcome = typed_in(desk.folder(), "project --sample --quiet");
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{}", outcome.stderr);
    }
    assert_eq!(desk.names(), ["sample-projection"]);
    assert_eq!(names_in(&desk.path("sample-projection")), FILES);
    let projection = Projection::of(&desk, "sample-projection");
    assert!(projection.ids().len() > 1);
    assert_eq!(typed_in(desk.folder(), "settle --sample --quiet").code, Some(0));
    let settled = weighted(&table::read(&desk.path("sample-settlement/settlement.parquet")).expect("a table"), |_| 1);
    projection.agrees("baseline", &settled, &settled);
}

#[test]
fn what_is_printed_is_for_people_for_programs_or_nothing() {
    let office = Office::new(POLICIES[2], 17);
    let scenarios = nothing_new(POLICIES[2].0);
    let told = office.project(&scenarios, "");
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert!(told.stdout.contains("same"), "{}", told.stdout);
    assert!(told.stdout.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "Chinese labels: {}", told.stdout);
    assert_eq!(office.project(&scenarios, "--quiet --force").stdout, "");
    let json = office.project(&scenarios, "--json --force");
    let value: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((json.code, value.is_object()), (Some(0), true));
}

/// Where money only moves among the funds, nothing is made and nothing lost.
fn the_changes_of_all_funds_cancel_out_where_only_rules_change(case: usize) {
    let policy = POLICIES[case].0;
    let office = Office::new(POLICIES[case], 18);
    let scenarios = ["dibao", "tekun"].map(|to| {
        let body =
            format!("[[scenario.identities]]\nfrom = [\"dibao_margin\", \"monitored\", \"low_income\"]\nto = \"{to}\"");
        scenario(to, &body)
    });
    let projection = office.projected(&scenarios.concat(), "");
    for id in ["dibao", "tekun"] {
        let funds = projection.scenario(id)["funds"].as_object().expect("funds").clone();
        let changes: Vec<i128> = funds.values().map(|f| f["change"].as_str().and_then(fen).expect("change")).collect();
        assert_eq!(yuan(changes.iter().sum()), "0.00", "{policy}: {funds:?}");
        assert!(changes.iter().any(|change| *change != 0), "{policy}: {funds:?}");
        // Every layer once, over all identities and care kinds: the whole fee.
        let fee = |cells: Cells| {
            let layers = cells.iter().filter(|([_, layer, of, care], _)| !layer.is_empty() && [of, care] == ["", ""]);
            layers.map(|(_, cell)| cell.paid).sum::<i128>()
        };
        assert_eq!(fee(projection.cells(id)), fee(projection.cells("baseline")), "{policy}: {id}");
    }
}

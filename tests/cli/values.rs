//! `onestop project`: dated values that change, against settlements with another parameters file; and changes of all
//! kinds in one scenario.

use crate::budget::{Office, POLICIES, Text, scenario, weighted};
use crate::desk::{Desk, holds, stay};
use crate::growth::Clean;
use crate::identities::{plain_roster, replaced};
use std::collections::BTreeSet;

const INCOME: &str = "per-capita disposable income, Erenhot, all residents";

/// A parameters file with incomes by year.
fn incomes(office: &Office, name: &str, values: &[(i32, &str)]) -> String {
    let value = |(year, value): &(i32, &str)| {
        format!("[[value]]\nparameter = \"{INCOME}\"\nyear = {year}\nvalue = \"{value}\"\n\n")
    };
    office.desk.text(name, &values.iter().map(value).collect::<String>()).display().to_string()
}

#[test]
fn a_dated_value_that_changes_is_the_settlement_with_another_parameters_file() {
    let office = Office::new(POLICIES[2], 37);
    let own = incomes(&office, "own.toml", &[(2022, "41234.56"), (2023, "30000")]);
    type Incomes = &'static [(i32, &'static str)];
    let changes: [(&str, &str, Incomes); 5] = [
        ("growth", "growth = \"0.055\"", &[(2022, "43502.46"), (2023, "31650")]),
        ("fall", "growth = \"-0.50\"\nyear = 2023", &[(2022, "41234.56"), (2023, "15000")]),
        ("value", "value = \"20000\"", &[(2022, "20000"), (2023, "20000")]),
        ("value of a year", "value = \"20000.50\"\nyear = 2023", &[(2022, "41234.56"), (2023, "20000.50")]),
        ("same: another year", "value = \"20000\"\nyear = 2021", &[(2022, "41234.56"), (2023, "30000")]),
    ];
    let baseline = office.settled(&office.policy, &format!("--params {own}"));
    let settled = changes.map(|(_, _, values)| {
        let path = incomes(&office, "changed.toml", values);
        office.settled(&office.policy, &format!("--params {path}"))
    });
    let body = |change: &str| format!("[[scenario.parameters]]\nparameter = \"{INCOME}\"\n{change}");
    let scenarios: String = changes.iter().map(|(id, change, _)| scenario(id, &body(change))).collect();
    let projection = office.projected(&scenarios, &format!("--params {own}"));
    for ((id, ..), cells) in changes.iter().zip(&settled) {
        assert_eq!(id.starts_with("same"), *cells == baseline, "{id}");
        projection.agrees(id, cells, &baseline);
    }
    let of_shipped = office.projected(&scenarios, "");
    assert_ne!(of_shipped.cells("growth"), projection.cells("growth"), "the growth is that of the value in force");
}

/// Next year's income for next year's budget: a value of a year that the parameters do not know yet.
#[test]
fn a_year_that_has_no_value_yet_gets_one() {
    let desk = Desk::with(&[stay("P1", "S1"), stay("P2", "S2")], &[holds("P1", "dibao_margin"), holds("P2", "dibao")]);
    let office = Office::at(desk, "weihai-2023");
    let name = "per-capita disposable income, Shandong";
    let deductible = format!("{{ of = \"{name}\", share = \"0.10\", year = 7 }}");
    let value = "value = \"21000\"\nyear = 2030";
    let baseline = office.settled("weihai-2023", "");
    let text = Text::of("weihai-2023").put("ma.B", "\"3000\"", &deductible);
    let path = office.desk.text("params.toml", &format!("[[value]]\nparameter = \"{name}\"\n{value}\n"));
    let settled = office.settled_under(&text, &format!("--params {}", path.display()));
    assert_ne!(settled, baseline);
    let body = |value: &str| {
        let set = format!("[scenario.set]\n\"ma.B.deductible\" = {deductible}\n");
        scenario("next", &format!("{set}\n[[scenario.parameters]]\nparameter = \"{name}\"\n{value}"))
    };
    office.projected(&body(value), "").agrees("next", &settled, &baseline);
    // What is not there cannot grow.
    let outcome = office.project(&body("growth = \"0.05\"\nyear = 2030"), "--force");
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("has no value of 2030") && outcome.stderr.contains("2024"), "{}", outcome.stderr);
}

/// Everything at once is the settlement of everything at once.
#[test]
fn changes_of_all_kinds_work_together() {
    let mut clean = Clean::new(2, 38);
    let roster = plain_roster(&mut clean.office, 2024);
    let [ledger, file] = ["clean.parquet", "roster.parquet"].map(|name| clean.office.desk.typed(name));
    clean.office.inputs = format!("{ledger} --roster {file}");
    let baseline = clean.baseline();
    let persons = clean.office.desk.read("persons").rows;
    let of_dibao: BTreeSet<String> = persons
        .into_iter()
        .filter(|row| row.get("identity_preferred").is_some_and(|identity| identity == "dibao"))
        .map(|row| row["psn_no"].clone())
        .collect();
    let grown = clean.scaled(1_080, |row| ["inpatient", "chronic"].contains(&row["care"].as_str()));
    clean.office.desk.ledger("changed.parquet", &grown);
    clean.office.desk.roster(&replaced(&roster, &["dibao_margin"], "monitored"));
    let params = incomes(&clean.office, "changed.toml", &[(2023, "40000")]);
    let text = Text::of("erenhot-2023").put("ma.inpatient.S3", "ratio = \"0.80\"", "ratio = \"0.90\"");
    let policy = clean.office.desk.text("edited.toml", &text.0).display().to_string();
    let inputs = format!("{} --roster {file}", clean.office.desk.typed("changed.parquet"));
    clean.office.settled_from(&inputs, &policy, &format!("--params {params}"));
    let settlement = clean.office.desk.read("settlement");
    let expected = weighted(&settlement, |row| if of_dibao.contains(&row["psn_no"]) { 2 } else { 1 });
    clean.office.desk.roster(&roster);
    let body = format!(
        "[scenario.set]\n\"ma.inpatient.S3.ratio\" = \"0.90\"\n\n[[scenario.fees]]\ngrowth = \"0.08\"\ncare = \
         [\"inpatient\", \"chronic\"]\n\n[[scenario.persons]]\ngrowth = \"1.00\"\nidentities = [\"dibao\"]\n\n\
         [[scenario.identities]]\nfrom = [\"dibao_margin\"]\nto = \"monitored\"\n\n[[scenario.parameters]]\n\
         parameter = \"{INCOME}\"\nvalue = \"40000\"\nyear = 2023\n"
    );
    let projection = clean.office.projected(&scenario("all", &body), "");
    projection.agrees("all", &expected, &baseline);
}

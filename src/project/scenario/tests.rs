//! Scenarios files: what they stand for.

use super::*;
use crate::model::codes::{Care, Identity};
use crate::model::fen::PPM;
use crate::policy::compile::{Needs, compile};
use crate::project::build::build;
use crate::project::change::{Dated, Growth, Kind, Weight};

pub(super) fn parse(text: &str) -> Result<Plan, ScenarioError> {
    let policy = Policy::load("weihai-2023").unwrap();
    Plan::parse("plan.toml", text, Path::new(""), &policy, &Parameters::shipped().unwrap())
}

/// The scenarios of a file that holds one, given below its id.
fn points(body: &str) -> Vec<Scenario> {
    parse(&format!("[[scenario]]\nid = \"s\"\n{body}")).unwrap().scenarios
}

/// The changes of a scenario without a grid.
fn changes(body: &str) -> Vec<Change> {
    let mut scenarios = points(body);
    assert_eq!(scenarios.len(), 1);
    scenarios.remove(0).changes
}

fn kind(body: &str) -> Kind {
    let mut changes = changes(body);
    assert_eq!(changes.len(), 1);
    changes.remove(0).kind
}

fn names(body: &str) -> Vec<String> {
    points(body).into_iter().map(|s| s.id).collect()
}

pub(super) const INCOME: &str = "per-capita disposable income, Shandong";

#[test]
fn the_shipped_files_are_sound() {
    let example = parse(EXAMPLE).unwrap();
    assert!(example.income.is_some() && example.funds.len() == 1);
    let ids: Vec<&str> = example.scenarios.iter().map(|s| s.id.as_str()).collect();
    assert!(ids.contains(&"A-grid[ma.A.ratio=0.60, ma.A.cap=70000]"), "{ids:?}");
    assert!(ids.contains(&"package[fees(inpatient)=0.09]"), "{ids:?}");
    // One of each kind.
    let number = |kind: &Kind| match kind {
        Kind::Policy { .. } => 0,
        Kind::Set { .. } => 1,
        Kind::Fees(_) => 2,
        Kind::Claims(_) => 3,
        Kind::Persons(_) => 4,
        Kind::Identities { .. } => 5,
        Kind::Parameter { .. } => 6,
    };
    let kinds = |plan: &Plan| {
        let all = plan.scenarios.iter().flat_map(|s| &s.changes).map(|c| number(&c.kind));
        all.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(kinds(&example).len(), 7);
    assert_eq!(include_str!("../../../data/sample/policy.txt").trim(), "weihai-2023");
    let sample = parse(SAMPLE).unwrap();
    assert_eq!(kinds(&sample), [1, 2, 5, 6].into());
    assert!(sample.scenarios.len() > 8);
    // And every scenario can be applied.
    let (policy, parameters) = (Policy::load("weihai-2023").unwrap(), Parameters::shipped().unwrap());
    for scenario in example.scenarios.iter().chain(&sample.scenarios) {
        let built = build(&scenario.changes.iter().collect::<Vec<_>>(), &policy, &parameters, "shipped").unwrap();
        compile(&built.policy.doc, &built.parameters, &[2023], Needs { subsidies: true }).unwrap();
    }
}

#[test]
fn changes_stand_in_the_order_of_kinds_then_as_written() {
    let changes = changes(
        r#"
        policy = "jincheng-2023"
        [[scenario.parameters]]
        parameter = "per-capita disposable income, Shanxi"
        growth = "0.05"
        [[scenario.identities]]
        from = ["dibao_margin", "low_income"]
        to = "dibao"
        [[scenario.persons]]
        growth = "-0.1"
        [[scenario.claims]]
        growth = "0.05"
        [[scenario.fees]]
        growth = "0.06"
        hosp_lv = [3, 0]
        care = ["inpatient"]
        [scenario.set]
        "ra.tilted.cap" = "x1.10"
        "ma.inpatient.dibao.ratio" = "0.75"
        "ma.chronic.fanpin" = "off"
        "#,
    );
    let labels: Vec<&str> = changes.iter().map(|c| c.label.as_str()).collect();
    let expected = [
        "policy = jincheng-2023",
        "ra.tilted.cap x1.10",
        "ma.inpatient.dibao.ratio = 0.75",
        "ma.chronic.fanpin = off",
        "fees(inpatient, level 0, level 3) +0.06",
        "claims +0.05",
        "persons -0.1",
        "identities: dibao_margin, low_income to dibao",
        "parameter per-capita disposable income, Shanxi +0.05",
    ];
    assert_eq!(labels, expected);
    let lines: Vec<usize> = changes.iter().map(|c| c.line).collect();
    assert_eq!(lines, [4, 20, 21, 22, 16, 14, 12, 9, 6]);
}

#[test]
fn every_kind_says_what_it_changes() {
    let growth = |ppm, care: &[Care], hosp_lv: &[u8]| Growth { ppm, care: care.to_vec(), hosp_lv: hosp_lv.to_vec() };
    assert_eq!(
        kind("[[scenario.fees]]\ngrowth = \"0.06\"\ncare = [\"outpatient\", \"inpatient\", \"inpatient\"]"),
        Kind::Fees(growth(1_060_000, &[Care::Inpatient, Care::Outpatient], &[]))
    );
    assert_eq!(
        kind("[[scenario.claims]]\ngrowth = \"-0.999999\"\nhosp_lv = [2, 1]"),
        Kind::Claims(growth(1, &[], &[1, 2]))
    );
    assert_eq!(
        kind("[[scenario.persons]]\ngrowth = \"0.1025\"\nidentities = [\"none\", \"dibao\"]"),
        Kind::Persons(Weight { ppm: 1_102_500, identities: vec![Identity::Dibao], none: true })
    );
    assert_eq!(
        kind("[[scenario.identities]]\nfrom = [\"dibao_margin\"]\nto = \"dibao\""),
        Kind::Identities { from: vec![Identity::DibaoMargin], to: Identity::Dibao }
    );
    let parameter = |to| Kind::Parameter { name: INCOME.into(), year: Some(2022), to };
    let written = |what: &str| kind(&format!("[[scenario.parameters]]\nparameter = \"{INCOME}\"\nyear = 2022\n{what}"));
    assert_eq!(written("growth = \"0.05\""), parameter(Dated::Growth(1_050_000)));
    assert_eq!(written("value = \"40000\""), parameter(Dated::Value(4_000_000)));
    assert_eq!(
        kind("policy = \"jincheng-2023\"\nas_if = true"),
        Kind::Policy { origin: "jincheng-2023".into(), as_if: true }
    );
}

#[test]
fn equal_changes_are_equal_whatever_their_line_and_wording() {
    let [a, b] = ["0.06", "+0.060"].map(|g| changes(&format!("\n[[scenario.fees]]\ngrowth = \"{g}\"")).remove(0));
    assert_ne!(a.label, b.label);
    assert_eq!(a, b);
    assert_eq!(a.cmp(&b), std::cmp::Ordering::Equal);
    let [a, b] = ["0.75", "0.80"].map(|r| changes(&format!("[scenario.set]\n\"ma.A.ratio\" = \"{r}\"")).remove(0));
    assert_ne!(a, b);
}

#[test]
fn growth_and_weights_match_by_their_filters() {
    let all = Growth { ppm: PPM, care: vec![], hosp_lv: vec![] };
    assert!(all.matches(Care::Other, 0));
    let some = Growth { ppm: PPM, care: vec![Care::Inpatient], hosp_lv: vec![0, 3] };
    assert!(some.matches(Care::Inpatient, 0) && some.matches(Care::Inpatient, 3));
    assert!(!some.matches(Care::Inpatient, 2) && !some.matches(Care::Chronic, 3));
    let weight = |identities: &[Identity], none| Weight { ppm: PPM, identities: identities.to_vec(), none };
    assert!(weight(&[], false).matches(None) && weight(&[], false).matches(Some(Identity::Dibao)));
    assert!(weight(&[], true).matches(None) && !weight(&[], true).matches(Some(Identity::Dibao)));
    assert!(!weight(&[Identity::Dibao], false).matches(None));
    assert!(weight(&[Identity::Dibao], true).matches(Some(Identity::Dibao)));
}

#[test]
fn a_grid_is_the_product_of_its_values_the_last_written_fastest() {
    let set = "[scenario.set]\n\"ma.A.ratio\" = \"0.65..0.70 step 0.05\"\n\"ma.A.cap\" = [\"70000\", \"none\"]\n";
    let fixed = "\"ra.A.cap\" = \"30000\"\n";
    assert_eq!(
        names(&format!("{set}{fixed}")),
        [
            "s[ma.A.ratio=0.65, ma.A.cap=70000]",
            "s[ma.A.ratio=0.65, ma.A.cap=none]",
            "s[ma.A.ratio=0.70, ma.A.cap=70000]",
            "s[ma.A.ratio=0.70, ma.A.cap=none]",
        ]
    );
    // What is written first varies slowest, whatever its kind.
    let fees = "[[scenario.fees]]\ngrowth = [\"0.00\", \"0.05\"]\ncare = [\"inpatient\"]\nhosp_lv = [3]\n";
    let first = names(&format!("{fees}[scenario.set]\n\"ma.A.ratio\" = [\"0.65\", \"0.70\"]\n"));
    assert_eq!(first[1], "s[fees(inpatient, level 3)=0.00, ma.A.ratio=0.70]");
    assert_eq!(first[2], "s[fees(inpatient, level 3)=0.05, ma.A.ratio=0.65]");
}

#[test]
fn values_of_a_grid_may_be_mixed_and_only_what_varies_is_named() {
    let values = r#"[scenario.set]
        "ma.A.cap" = ["none", "70000..80000 step 10000", "x1.10"]
        "ma.B.ratio" = ["0.55"]
        "ma.C.ratio" = "0.60..0.60 step 0.05"
        "ra.B" = ["on", "off"]"#;
    let names = names(values);
    assert_eq!(names.len(), 8);
    assert_eq!(names[0], "s[ma.A.cap=none, ra.B=on]");
    assert_eq!(names[7], "s[ma.A.cap=x1.10, ra.B=off]");
    assert_eq!(points(values)[7].changes.len(), 4);
}

#[test]
fn a_repeated_label_gets_a_number() {
    let fees = |growth: &str| format!("[[scenario.fees]]\ngrowth = {growth}\n");
    let both = format!("{}{}", fees("[\"0.01\", \"0.02\"]"), fees("[\"0.03\", \"0.04\"]"));
    assert_eq!(names(&both)[1], "s[fees=0.01, fees 2=0.04]");
    // Also where only the later one varies.
    let later = format!("{}{}", fees("\"0.01\""), fees("[\"0.03\", \"0.04\"]"));
    assert_eq!(names(&later), ["s[fees 2=0.03]", "s[fees 2=0.04]"]);
}

#[test]
fn labels_of_a_grid_carry_their_filters() {
    let many = |kind: &str, filter: &str| {
        let value = if filter.contains("parameter") {
            "growth = \"0.01..0.02 step 0.01\""
        } else {
            "growth = [\"0.01\", \"0.02\"]"
        };
        names(&format!("[[scenario.{kind}]]\n{value}\n{filter}")).remove(0)
    };
    assert_eq!(many("claims", "care = [\"inpatient\", \"chronic\"]"), "s[claims(chronic, inpatient)=0.01]");
    assert_eq!(many("persons", "identities = [\"dibao\", \"none\"]"), "s[persons(dibao, none)=0.01]");
    assert_eq!(many("persons", ""), "s[persons=0.01]");
    let parameter = format!("parameter = \"{INCOME}\"");
    assert_eq!(many("parameters", &parameter), format!("s[parameter {INCOME}=0.01]"));
    let dated = format!("{parameter}\nyear = 2022");
    assert_eq!(many("parameters", &dated), format!("s[parameter {INCOME}(2022)=0.01]"));
}

#[test]
fn a_list_within_a_list_is_one_value() {
    let values = "[scenario.set]\n\"ma.B.identities\" = [[\"dibao_margin\"], [\"monitored\", \"dibao_margin\"]]";
    assert_eq!(names(values), ["s[ma.B.identities=[dibao_margin]]", "s[ma.B.identities=[monitored, dibao_margin]]"]);
}

#[test]
fn income_and_funds_are_read() {
    let plan = parse(
        "[burden]\nincome = \"36000\"\n[[fund]]\nfund = \"medical_assistance\"\nresidents = 2900000\n\
         per_resident = { of = \"resident contribution, Weihai, own part, tier 1\" }\nother = \"1500000.50\"",
    )
    .unwrap();
    assert_eq!(plan.income, Some(Amount::Fixed(3_600_000)));
    let fund = &plan.funds[0];
    assert_eq!(
        (fund.fund.as_str(), fund.residents, fund.other, fund.line),
        ("medical_assistance", 2_900_000, 150_000_050, 4)
    );
    assert!(matches!(&fund.per_resident, Amount::Share(share) if share.of.contains("tier 1")));
    assert!(plan.scenarios.is_empty());
    assert!(parse("").unwrap().income.is_none());
}

#[test]
fn a_policy_is_read_from_where_the_file_lies() {
    let folder = tempfile::tempdir().unwrap();
    let (_, shipped) = crate::policy::SHIPPED.iter().find(|(id, _)| *id == "weihai-2023").unwrap();
    std::fs::write(folder.path().join("ours.toml"), shipped.replace("weihai-2023", "ours")).unwrap();
    let file = folder.path().join("plan.toml");
    let text = "[[scenario]]\nid = \"a\"\npolicy = \"ours.toml\"\n[scenario.set]\n\"ma.A.ratio\" = [\"0.7\", \"0.8\"]";
    std::fs::write(&file, text).unwrap();
    let policy = Policy::load("weihai-2023").unwrap();
    let parameters = Parameters::shipped().unwrap();
    let plan = Plan::read(&file, &policy, &parameters).unwrap();
    // It was read with the file, and is not read again.
    std::fs::remove_file(folder.path().join("ours.toml")).unwrap();
    let changes: Vec<&Change> = plan.scenarios[1].changes.iter().collect();
    let built = build(&changes, &policy, &parameters, "plan.toml").unwrap();
    assert_eq!((built.policy.doc.policy.id.as_str(), built.policy.origin.as_str()), ("ours", "ours.toml"));
    let missing = Plan::read(&file, &policy, &parameters).unwrap_err().to_string();
    assert!(missing.contains("line 3: policy `") && missing.contains("neither shipped nor a file"), "{missing}");
    assert!(matches!(Plan::read(&folder.path().join("no.toml"), &policy, &parameters), Err(ScenarioError::Io { .. })));
}

#[test]
fn all_that_match_may_be_left_out() {
    let growth = |what: &str| kind(&format!("[[scenario.{what}]]\ngrowth = \"-1.00\""));
    let none = Growth { ppm: 0, care: vec![], hosp_lv: vec![] };
    assert_eq!(growth("fees"), Kind::Fees(none.clone()));
    assert_eq!(growth("claims"), Kind::Claims(none));
    assert_eq!(growth("persons"), Kind::Persons(Weight { ppm: 0, identities: vec![], none: false }));
}

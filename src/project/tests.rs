//! Laws of projections: nobody is left out whom a scenario changes, and cells add up.

use super::build::build;
use super::scenario::Plan;
use super::{Project, ScenariosFile, project};
use crate::generate::{Options, generate};
use crate::ledger::codebook::CodeBook;
use crate::ledger::open::Source;
use crate::output::access::Access;
use crate::output::publish::MANIFEST;
use crate::persons::store::DEFAULT_MEMORY;
use crate::policy::Policy;
use crate::policy::compile::{Needs, compile};
use crate::policy::document::{PolicyDoc, RuleDoc};
use crate::policy::parameters::Parameters;
use crate::policy::value::Amount;
use crate::run::progress::Silent;
use crate::run::settle::{Papers, Settle};
use std::path::Path;

const PERSONS: u64 = 3_000;

/// A scenario for each figure of each rule, one that takes each rule out, and others of every kind; two at a time
/// where they follow each other.
fn scenarios(policy: &Policy, year: i32, others: &[&str]) -> String {
    let doc = &policy.doc;
    let mut changes: Vec<(String, String)> = Vec::new();
    let mut add = |address: String, value: &str| changes.push((address, value.to_owned()));
    let layers: [&[RuleDoc]; 4] = [
        doc.catastrophic.as_ref().map_or(&[], |l| &l.rule),
        doc.special_drug.as_ref().map_or(&[], |l| &l.rule),
        &doc.assistance.rule,
        doc.reassistance.as_ref().map_or(&[], |l| &l.rule),
    ];
    for rules in layers {
        for rule in rules {
            let at = |key: &str| format!("{}.{key}", rule.id);
            for bracket in 1..=rule.brackets.len() {
                add(at(&format!("brackets.{bracket}.ratio")), "0.37");
                if rule.brackets[bracket - 1].to.is_some() {
                    add(at(&format!("brackets.{bracket}.to")), "x1.07");
                }
            }
            match &rule.deductible {
                Some(Amount::Fixed(_)) => {
                    add(at("deductible"), "x0.50");
                    add(at("deductible"), "+1.01");
                }
                Some(Amount::Share(_)) => add(at("deductible"), "2000"),
                None if rule.tilt.is_none() && rule.brackets.len() == 1 => add(at("deductible"), "700"),
                None => {}
            }
            if rule.tilt.is_none() {
                add(at("cap"), "3000");
                add(at("cap"), "150000");
            }
            add(rule.id.clone(), "off");
        }
    }
    for (n, _) in doc.out_of_catalogue.iter().enumerate() {
        add(format!("out_of_catalogue.{}.ratio", n + 1), "0.40");
        add(format!("out_of_catalogue.{}", n + 1), "off");
    }
    for (n, _) in doc.top_up.iter().enumerate() {
        add(format!("top_up.{}.to_ratio", n + 1), "0.95");
        add(format!("top_up.{}", n + 1), "off");
    }
    for (n, _) in doc.hospital_limit.iter().enumerate() {
        add(format!("hospital_limit.{}", n + 1), "off");
    }
    if let Some(major) = &doc.major_disease {
        (1..=major.share.len()).for_each(|n| add(format!("major_disease.share.{n}.ratio"), "0.33"));
        add("major_disease".to_owned(), "off");
    }
    if doc.reassistance.is_some() {
        add("reassistance".to_owned(), "off");
        add("reassistance.care".to_owned(), "@[[\"inpatient\"]]");
        add("reassistance.conditions.not_unreferred".to_owned(), "@true");
    }
    add("switches.ext_comp".to_owned(), "ignored");
    add("switches.accumulation".to_owned(), "visit");
    add("switches.unit".to_owned(), "yuan");
    add("switches.in_force".to_owned(), "next_month");
    add("switches.catastrophic_payment".to_owned(), "recorded");
    add("assistance.exclude_unreferred".to_owned(), "as if");
    let mut text = String::new();
    let mut put = |all: &[(String, String)], kind: &str| {
        let mut kept = 0;
        for (n, (address, to)) in all.iter().enumerate() {
            let to = to.strip_prefix('@').map_or_else(|| format!("\"{to}\""), str::to_owned);
            let id = format!("{kind} {n} {address}");
            let one = format!("[[scenario]]\nid = \"{id}\"\n[scenario.set]\n\"{address}\" = {to}\n");
            // A rule that others stand on cannot go alone, nor can every edge move.
            if can_be(policy, year, &one) {
                text.push_str(&one);
                kept += 1;
            }
        }
        kept
    };
    let kept = put(&changes, "figure");
    assert!(kept > 20 && kept * 4 > changes.len() * 3, "{kept} of {}", changes.len());
    let shapes = shapes(doc, year);
    let kept = put(&shapes, "shape");
    assert!(kept > 20, "{kept} of {}", shapes.len());
    text.push_str(
        r#"
[[scenario]]
id = "fees"
[[scenario.fees]]
growth = "0.0731"
care = ["inpatient"]
[[scenario]]
id = "claims"
[[scenario.claims]]
growth = "0.25"
[[scenario]]
id = "persons"
[[scenario.persons]]
growth = "0.1234"
identities = ["dibao", "none"]
[[scenario]]
id = "up"
[[scenario.identities]]
from = ["dibao_margin", "low_income", "monitored"]
to = "dibao"
[[scenario]]
id = "down"
[[scenario.identities]]
from = ["dibao", "tekun"]
to = "other_hardship"
"#,
    );
    for (policy, as_if) in others.iter().flat_map(|p| [(p, false), (p, true)]) {
        let asked = if as_if { "as_if = true\n" } else { "" };
        text.push_str(&format!("[[scenario]]\nid = \"{policy} {as_if}\"\npolicy = \"{policy}\"\n{asked}"));
    }
    text
}

/// Changes of what is compared as a whole: whom and what rules, layers and covers are for, when, and which pools and
/// bases they share. Not all of them can be meant under every policy.
fn shapes(doc: &PolicyDoc, year: i32) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |address: String, value: &str| all.push((address, value.to_owned()));
    let layers = ["catastrophic", "special_drug", "assistance", "reassistance"];
    for layer in layers {
        add(layer.to_owned(), "off");
        for care in ["inpatient", "chronic"] {
            add(format!("{layer}.care"), &format!("@[[\"{care}\"]]"));
        }
        add(format!("{layer}.care"), "@[[\"inpatient\", \"chronic\", \"outpatient\", \"special_drug\"]]");
        add(format!("{layer}.conditions.not_unreferred"), "@true");
        add(format!("{layer}.conditions.area"), "15");
        add(format!("{layer}.conditions.cap_reached"), "@true");
        add(format!("{layer}.conditions.cap_reached"), "none");
        add(format!("{layer}.exclude_causes.causes"), "@[[\"fight\"]]");
        add(format!("{layer}.exclude_causes"), "none");
    }
    for (n, _) in doc.identity.iter().enumerate() {
        add(format!("identity.{}.exclusive_with", n + 1), "@[[\"tekun\"]]");
        add(format!("identity.{}.grant_lookback_months", n + 1), "@3");
        add(format!("identity.{}", n + 1), "off");
    }
    let mut order: Vec<&str> = doc.policy.listed_order.iter().map(|i| i.as_str()).collect();
    order.reverse();
    add("policy.listed_order".to_owned(), &format!("@[{order:?}]"));
    let layers: [&[RuleDoc]; 4] = [
        doc.catastrophic.as_ref().map_or(&[], |l| &l.rule),
        doc.special_drug.as_ref().map_or(&[], |l| &l.rule),
        &doc.assistance.rule,
        doc.reassistance.as_ref().map_or(&[], |l| &l.rule),
    ];
    for id in layers.into_iter().flatten().map(|rule| &rule.id) {
        add(format!("{id}.pool"), "apart");
        add(format!("{id}.base"), "apart");
        add(format!("{id}.from"), &format!("@{year}-05-01"));
        add(format!("{id}.until"), &format!("@{year}-08-31"));
        add(format!("{id}.hosp_lv"), "@[[3]]");
        add(format!("{id}.insutype"), "@[[\"390\"]]");
        add(format!("{id}.care"), "@[[\"inpatient\"]]");
    }
    let covers = [
        ("top_up", doc.top_up.len()),
        ("out_of_catalogue", doc.out_of_catalogue.len()),
        ("hospital_limit", doc.hospital_limit.len()),
        ("major_disease.share", doc.major_disease.as_ref().map_or(0, |m| m.share.len())),
    ];
    for (cover, n) in covers.into_iter().flat_map(|(cover, count)| (1..=count).map(move |n| (cover, n))) {
        add(format!("{cover}.{n}.identities"), "@[[\"dibao\"]]");
        add(format!("{cover}.{n}.identities"), "@[[\"tekun\", \"orphan\", \"dibao\", \"fanpin\", \"monitored\"]]");
        add(format!("{cover}.{n}.care"), "@[[\"chronic\"]]");
        add(format!("{cover}.{n}.conditions.area"), "none");
        add(format!("{cover}.{n}.conditions.not_unreferred"), "@true");
        add(format!("{cover}.{n}.limits.1.ratio"), "0.05");
        add(format!("{cover}.{n}.from"), &format!("@{year}-05-01"));
        add(format!("{cover}.{n}.until"), &format!("@{year}-08-31"));
    }
    add("major_disease.insutype".to_owned(), "@[[\"310\"]]");
    add("major_disease.care".to_owned(), "@[[\"chronic\"]]");
    all
}

/// Whether a file's only scenario makes a policy that can be applied.
fn can_be(policy: &Policy, year: i32, text: &str) -> bool {
    let parameters = Parameters::shipped().unwrap();
    let Ok(plan) = Plan::parse("laws", text, Path::new(""), policy, &parameters) else { return false };
    let changes: Vec<_> = plan.scenarios[0].changes.iter().collect();
    let built = build(&changes, policy, &parameters, "laws").unwrap();
    compile(&built.policy.doc, &built.parameters, &[year], Needs::default()).is_ok()
}

fn run(id: &str, scenarios: &str, made: &Path, out: &Path, threads: usize) -> Project {
    let run = Settle {
        ledger: vec![Source::Path(made.join("ledger.parquet"))],
        roster: Some(Source::Path(made.join("roster.parquet"))),
        policies: vec![Policy::load(id).unwrap()],
        parameters: Parameters::shipped().unwrap(),
        book: CodeBook::load(None).unwrap(),
        renames: Default::default(),
        recorded_maf: Vec::new(),
        out: out.to_owned(),
        year: None,
        as_if: false,
        as_known: None,
        audit: false,
        orders: false,
        strict: false,
        force: false,
        mask: None,
        papers: Papers::default(),
        access: Access::Owner,
        allow_float: false,
        threads,
        memory: DEFAULT_MEMORY,
    };
    let scenarios = ScenariosFile { name: "laws".into(), text: scenarios.to_owned(), folder: made.to_owned() };
    Project { run, scenarios: Some(scenarios), bootstrap: 5, seed: 3, solve: None, everybody: false }
}

/// Settles under all scenarios with and without leaving anybody out; both must say the same.
fn nobody_is_left_out(id: &str, year: i32, others: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let policy = Policy::load(id).unwrap();
    generate(&policy.doc, &Options { persons: PERSONS, year, seed: 11 }, &made, Access::Owner, &mut |_| {}).unwrap();
    let text = scenarios(&policy, year, others);
    let [some, all] = ["some", "all"].map(|name| folder.path().join(name));
    project(&run(id, &text, &made, &some, 2), &Silent).unwrap();
    let everybody = Project { everybody: true, ..run(id, &text, &made, &all, 1) };
    project(&everybody, &Silent).unwrap();
    for name in ["projection.parquet", "people.parquet", "projection.json", MANIFEST] {
        let [a, b] = [&some, &all].map(|folder| std::fs::read(folder.join(name)).unwrap());
        assert!(a == b, "{id}: {name} differs");
    }
}

#[test]
fn nobody_is_left_out_under_weihai() {
    nobody_is_left_out("weihai-2023", 2024, &["weihai-2023", "jincheng-2023"]);
}

#[test]
fn nobody_is_left_out_under_the_development_zone() {
    nobody_is_left_out("weihai-etdz-2017", 2021, &["weihai-etdz-2017"]);
}

/// A policy that begins in the year: other claims count with `as_if`, though its rules are the same.
#[test]
fn nobody_is_left_out_where_the_policy_begins_in_the_year() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let policy = Policy::load("weihai-etdz-2017").unwrap();
    generate(&policy.doc, &Options { persons: PERSONS, year: 2021, seed: 12 }, &made, Access::Owner, &mut |_| {})
        .unwrap();
    let late = policy.text.replace("from = 2017-03-15", "from = 2021-07-01");
    std::fs::write(made.join("late.toml"), &late).unwrap();
    let text = "[[scenario]]\nid = \"as if\"\npolicy = \"late.toml\"\nas_if = true\n";
    let late = Policy::parse("late", &late, "late.toml").unwrap();
    let projected = |name: &str, everybody: bool| {
        let mut job = run("weihai-etdz-2017", text, &made, &folder.path().join(name), 2);
        job.run.policies = vec![late.clone()];
        project(&Project { everybody, ..job }, &Silent).unwrap().projection
    };
    let [some, all] =
        [projected("some", false), projected("all", true)].map(|p| p.scenarios[1].funds["persons"].money.paid);
    assert!(some == all && some.0 > 0);
    assert!(projected("again", false).scenarios[1].people.persons > 1_000);
}

#[test]
fn nobody_is_left_out_under_erenhot() {
    nobody_is_left_out("erenhot-2023", 2024, &["erenhot-2023", "weihai-2023"]);
}

#[test]
fn nobody_is_left_out_under_jincheng() {
    nobody_is_left_out("jincheng-2023", 2024, &["jincheng-2023", "erenhot-2023"]);
}

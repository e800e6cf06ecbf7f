//! `onestop project`: a scenario of the policy's values is the settlement under a policy file with those values,
//! to the fen; what stands in `[scenario.set]`, grids, and other policies.

use crate::budget::{Office, POLICIES, Projection, Text, scenario, sets};
use crate::desk::{Desk, Edit, holds, stay};
use crate::support::table::{fen, yuan};
use std::collections::BTreeSet;

/// Name, values as they are set, and the same by hand in the policy's text. One that is called `same…` has no effect.
type Case = (&'static str, &'static str, fn(Text) -> Text);

/// Projects all cases in one run and holds each against the settlement under its own policy file.
fn equal_settlements(policy: usize, seed: u32, cases: &[Case]) {
    let office = Office::new(POLICIES[policy], seed);
    let text = Text::of(&office.policy);
    let baseline = office.settled(&office.policy, "");
    let settled: Vec<_> = cases.iter().map(|(_, _, edit)| office.settled_under(&edit(text.clone()), "")).collect();
    for ((id, ..), cells) in cases.iter().zip(&settled) {
        assert_eq!(id.starts_with("same"), *cells == baseline, "{id}: whether it has an effect");
    }
    let scenarios: String = cases.iter().map(|(id, values, _)| sets(id, values)).collect();
    let projection = office.projected(&scenarios, "");
    projection.agrees("baseline", &baseline, &baseline);
    for ((id, ..), cells) in cases.iter().zip(&settled) {
        projection.agrees(id, cells, &baseline);
    }
}

#[test]
fn values_of_the_weihai_policy_are_set_as_its_file_would_have_them() {
    equal_settlements(
        0,
        21,
        &[
            ("ratio, cap", "\"ma.A.ratio\" = \"0.75\"\n\"ma.A.cap\" = \"40000\"", |t| {
                t.put("ma.A", "\"0.70\"", "\"0.75\"").put("ma.A", "70000", "40000")
            }),
            ("deductible, none", "\"ma.B.deductible\" = \"500\"\n\"ra.A.deductible\" = \"none\"", |t| {
                t.put("ma.B", "3000", "500").put("ra.A", "deductible = \"5000\"\n", "")
            }),
            ("edge", "\"cii.A.resident.brackets.1.to\" = \"20000\"", |t| {
                t.put("cii.A.resident", "to = \"100000\"", "to = \"20000\"").put(
                    "cii.A.resident",
                    "from = \"100000\"",
                    "from = \"20000\"",
                )
            }),
            ("edge from above", "\"cii.A.resident.brackets.2.from\" = \"15000\"", |t| {
                t.put("cii.A.resident", "to = \"100000\"", "to = \"15000\"").put(
                    "cii.A.resident",
                    "from = \"100000\"",
                    "from = \"15000\"",
                )
            }),
            ("deductible with bracket", "\"cii.A.resident.deductible\" = \"5000\"", |t| {
                t.put("cii.A.resident", "\"9000\"", "\"5000\"").put(
                    "cii.A.resident",
                    "from = \"9000\"",
                    "from = \"5000\"",
                )
            }),
            ("bracket with deductible", "\"cii.A.resident.brackets.1.from\" = \"4000\"", |t| {
                t.put("cii.A.resident", "\"9000\"", "\"4000\"").put(
                    "cii.A.resident",
                    "from = \"9000\"",
                    "from = \"4000\"",
                )
            }),
            ("rule off", "\"ra.A\" = \"off\"", |t| t.out("ra.A")),
            ("table off", "\"reassistance\" = \"off\"", |t| t.table_out("reassistance")),
        ],
    );
}

#[test]
fn steps_factors_switches_and_new_keys_of_the_weihai_policy() {
    equal_settlements(
        0,
        22,
        &[
            ("no cap", "\"ma.A.cap\" = \"none\"\n\"ma.B.cap\" = \"none\"", |t| {
                t.put("ma.A", "cap = \"70000\"\n", "").put("ma.B", "cap = \"10000\"\n", "")
            }),
            ("switches", "\"switches.rounding\" = \"half_even\"\n\"switches.unit\" = \"yuan\"", |t| {
                t.plus("\n[switches]\nrounding = \"half_even\"\nunit = \"yuan\"\n")
            }),
            ("all brackets", "\"cii.A.resident.ratio\" = \"+0.05\"\n\"cii.A.employee.ratio\" = \"x1.05\"", |t| {
                // From above, so that no new value is taken for an old one.
                [("0.80", "0.85"), ("0.75", "0.80"), ("0.70", "0.75"), ("0.65", "0.70")]
                    .iter()
                    .fold(t, |t, (old, new)| t.put("cii.A.resident", old, new))
                    .put("cii.A.employee", "0.75", "0.7875")
                    .put("cii.A.employee", "0.85", "0.8925")
                    .put("cii.A.employee", "0.95", "0.9975")
            }),
            ("one bracket", "\"cii.A.resident.brackets.1.ratio\" = \"-0.15\"", |t| {
                t.put("cii.A.resident", "\"0.65\"", "\"0.50\"")
            }),
            (
                "amounts",
                "\"ma.B.cap\" = \"x0.10\"\n\"special_drug.cap\" = \"-390000\"\n\"ra.A.cap\" = \"+5000.50\"",
                |t| {
                    t.put("ma.B", "\"10000\"", "\"1000\"").put("special_drug", "\"400000\"", "\"10000\"").put(
                        "ra.A",
                        "\"20000\"",
                        "\"25000.50\"",
                    )
                },
            ),
            ("new keys", "\"ma.A.deductible\" = \"500\"\n\"assistance.exclude_unreferred\" = \"五\"", |t| {
                t.put("ma.A", "brackets", "deductible = \"500\"\nbrackets").put(
                    "assistance",
                    "care",
                    "exclude_unreferred = \"五\"\ncare",
                )
            }),
            ("amount of a parameter", SHARE, |t| {
                let amount = SHARE.split_once(" = ").expect("a key and its value").1;
                t.put("ma.A", "brackets", &format!("deductible = {amount}\nbrackets"))
            }),
            ("same: on", "\"ra.A\" = \"on\"\n\"reassistance\" = \"on\"", |t| t),
        ],
    );
}

const SHARE: &str =
    "\"ma.A.deductible\" = { of = \"per-capita disposable income, Shandong\", share = \"0.02\", year = -1 }";

#[test]
fn values_of_the_development_zone_policy_are_set_as_its_file_would_have_them() {
    equal_settlements(
        1,
        23,
        &[
            ("edge", "\"ma.inpatient.focal.brackets.1.to\" = \"5000\"", |t| {
                t.put("ma.inpatient.focal", "to = \"20000\"", "to = \"5000\"").put(
                    "ma.inpatient.focal",
                    "from = \"20000\"",
                    "from = \"5000\"",
                )
            }),
            ("upper bracket", "\"ma.inpatient.focal.brackets.2.ratio\" = \"0.90\"", |t| {
                t.put("ma.inpatient.focal", "\"0.80\"", "\"0.90\"")
            }),
            ("both brackets", "\"ma.inpatient.focal.ratio\" = \"+0.05\"", |t| {
                t.put("ma.inpatient.focal", "\"0.80\"", "\"0.85\"").put("ma.inpatient.focal", "\"0.70\"", "\"0.75\"")
            }),
            ("deductible", "\"ma.inpatient.low_income.deductible\" = \"5000\"", |t| {
                t.put("ma.inpatient.low_income", "\"20000\"", "\"5000\"")
            }),
            ("rule off", "\"ma.chronic\" = \"off\"", |t| t.out("ma.chronic")),
            ("last edge, new cap", "\"ma.chronic.brackets.1.to\" = \"3000\"\n\"ma.chronic.cap\" = \"1000\"", |t| {
                t.put("ma.chronic", "to = \"20000\"", "to = \"3000\"").put(
                    "ma.chronic",
                    "brackets",
                    "cap = \"1000\"\nbrackets",
                )
            }),
            ("visits", "\"switches.accumulation\" = \"visit\"\n\"switches.in_force\" = \"next_month\"", |t| {
                t.plus("\n[switches]\naccumulation = \"visit\"\nin_force = \"next_month\"\n")
            }),
            ("insurance recomputed", "\"switches.catastrophic_payment\" = \"computed\"", |t| {
                t.plus("\n[switches]\ncatastrophic_payment = \"computed\"\n")
            }),
        ],
    );
}

/// What the text takes out of assistance may be taken back in: `none` leaves an optional key out.
#[test]
fn a_clause_that_excludes_claims_can_be_taken_away() {
    let ledger = [stay("P1", "S1").with("excl_cause", "alcohol"), stay("P2", "S2").with("referral", "unreferred")];
    let ledger = ledger.map(|row| row.with("setl_time", "2022-03-01T10:00:00"));
    let later = ledger.clone().map(|row| row.with("setl_time", "2023-03-01T10:00:00"));
    let roster = ["P1", "P2"].map(|p| holds(p, "dibao").with("begndate", "2020-01-01"));
    for (policy, ledger, key, line) in [
        ("weihai-etdz-2017", ledger, "assistance.exclude_causes", "exclude_causes = {"),
        ("erenhot-2023", later.clone(), "assistance.exclude_unreferred", "exclude_unreferred = "),
        ("jincheng-2023", later, "assistance.exclude_unreferred", "exclude_unreferred = "),
    ] {
        let office = Office::at(Desk::with(&ledger, &roster), policy);
        let text = Text::of(policy);
        let whole = text.0.lines().find(|l| l.starts_with(line)).expect("the clause").to_owned();
        let baseline = office.settled(policy, "");
        let settled = office.settled_under(&text.put("assistance", &format!("{whole}\n"), ""), "");
        assert_ne!(settled, baseline, "{policy}");
        let projection = office.projected(&sets("taken back", &format!("\"{key}\" = \"none\"")), "");
        projection.agrees("taken back", &settled, &baseline);
    }
}

#[test]
fn values_of_the_erenhot_policy_are_set_as_its_file_would_have_them() {
    equal_settlements(
        2,
        24,
        &[
            ("ratio, cap", "\"ma.inpatient.S2.ratio\" = \"0.85\"\n\"ma.inpatient.S2.cap\" = \"x0.20\"", |t| {
                t.put("ma.inpatient.S2", "\"0.80\"", "\"0.85\"").put("ma.inpatient.S2", "\"100000\"", "\"20000\"")
            }),
            ("share of a parameter", "\"ma.inpatient.S3.deductible.share\" = \"0.05\"", |t| {
                t.put("ma.inpatient.S3", "share = \"0.10\"", "share = \"0.05\"")
            }),
            ("another year of it", "\"ma.outpatient.S3S4.deductible.year\" = -2", |t| {
                t.put("ma.outpatient.S3S4", "year = -1", "year = -2")
            }),
            ("a fixed amount", "\"ma.inpatient.S3.deductible\" = \"1000\"", |t| {
                let whole =
                    "{ of = \"per-capita disposable income, Erenhot, all residents\", share = \"0.10\", year = -1 }";
                t.put("ma.inpatient.S3", whole, "\"1000\"")
            }),
            ("rule off", "\"ma.outpatient.S1S2\" = \"off\"", |t| t.out("ma.outpatient.S1S2")),
            ("tilt", "\"cii.tilt.resident.tilt.ratio_plus\" = \"0.15\"", |t| {
                t.put("cii.tilt.resident", "\"0.05\"", "\"0.15\"")
            }),
            (
                "condition",
                "\"reassistance.conditions.tilt_applied\" = false\n\"ra.tilted.deductible\" = \"1000\"",
                |t| {
                    let or = "or = { deductible_of = \"catastrophic base schedule, Erenhot, residents\", share = \"0.50\" } }";
                    let whole = format!("{{ of = \"tekun catastrophic deductible, Erenhot\", {or}");
                    t.put("reassistance", "tilt_applied = true", "tilt_applied = false").put(
                        "ra.tilted",
                        &whole,
                        "\"1000\"",
                    )
                },
            ),
            ("table off", "\"catastrophic\" = \"off\"", |t| t.table_out("catastrophic")),
        ],
    );
}

#[test]
fn values_of_the_jincheng_policy_are_set_as_its_file_would_have_them() {
    equal_settlements(
        3,
        25,
        &[
            ("ratio", "\"ma.inpatient.dibao.ratio\" = \"0.75\"", |t| {
                t.put("ma.inpatient.dibao", "\"0.70\"", "\"0.75\"")
            }),
            (
                "one cap for three rules",
                "\"ma.inpatient.dibao.cap\" = \"8000\"\n\"ma.chronic.dibao.cap\" = \"8000\"\n\
                 \"ma.special_drug.dibao.cap\" = \"8000\"",
                |t| {
                    ["ma.inpatient.dibao", "ma.chronic.dibao", "ma.special_drug.dibao"]
                        .iter()
                        .fold(t, |t, rule| t.put(rule, "60000", "8000"))
                },
            ),
            ("top-up", "\"top_up.fanpin.to_ratio\" = \"0.98\"", |t| t.put("top_up.fanpin", "\"0.90\"", "\"0.98\"")),
            (
                "limit",
                "\"hospital_limit.limits.1.ratio\" = \"0.05\"\n\"hospital_limit.limits.4.ratio\" = \"0.01\"",
                |t| {
                    t.put(
                        "hospital_limit",
                        "fee_class = \"1\", ratio = \"0.30\"",
                        "fee_class = \"1\", ratio = \"0.05\"",
                    )
                    .put(
                        "hospital_limit",
                        "fee_class = \"3\", ratio = \"0.15\"",
                        "fee_class = \"3\", ratio = \"0.01\"",
                    )
                },
            ),
            ("share of a disease", "\"major_disease.20.ratio\" = \"0.30\"", |t| {
                t.put("major_disease.20", "\"0.20\"", "\"0.30\"")
            }),
            ("table off", "\"major_disease\" = \"off\"", |t| t.table_out("major_disease")),
            ("covers off", "\"hospital_limit\" = \"off\"\n\"oocat.fanpin\" = \"off\"", |t| {
                t.out("hospital_limit").out("oocat.fanpin")
            }),
            (
                "tilted for everybody",
                "\"reassistance.conditions.cap_reached\" = false\n\"ra.tilted.deductible\" = \"none\"",
                |t| {
                    t.put("reassistance", "cap_reached = true", "cap_reached = false").put(
                        "ra.tilted",
                        "deductible = \"10000\"\n",
                        "",
                    )
                },
            ),
        ],
    );
}

// --- Another policy ------------------------------------------------------------------------------------------

/// A value that a policy needs outside its dates.
const CONTRIBUTION: &str =
    "[[value]]\nparameter = \"resident contribution, Weihai development zone, tier 1\"\nvalue = \"400\"\n";

#[test]
fn another_policy_is_settled_in_place_of_the_baselines() {
    let office = Office::new(POLICIES[0], 26);
    let params = office.desk.text("params.toml", CONTRIBUTION);
    let more = format!("--params {} --year 2024", params.display());
    let mine = Text::of("erenhot-2023").put("ma.inpatient.S2", "\"0.80\"", "\"0.65\"");
    office.desk.make_folder("cities");
    let mine = office.desk.text("cities/mine.toml", &mine.0).display().to_string();
    let baseline = office.settled("weihai-2023", &more);
    let [jincheng, of_file, old] = [
        office.settled("jincheng-2023", &more),
        office.settled(&mine, &more),
        office.settled("weihai-etdz-2017", &format!("{more} --as-if")),
    ];
    let edited = Text::of("jincheng-2023").put("ma.inpatient.dibao", "\"0.70\"", "\"0.60\"");
    let changed = office.settled_under(&edited.table_out("reassistance"), &more);
    let scenarios = [
        scenario("jincheng", "policy = \"jincheng-2023\""),
        scenario("file", "title = \"按本市文件\"\npolicy = \"cities/mine.toml\""),
        scenario("old", "policy = \"weihai-etdz-2017\"\nas_if = true"),
        scenario(
            "changed",
            "policy = \"jincheng-2023\"\n[scenario.set]\n\"ma.inpatient.dibao.ratio\" = \"0.60\"\n\"reassistance\" = \"off\"",
        ),
    ];
    let projection = office.projected(&scenarios.concat(), &more);
    for (id, cells) in [("jincheng", &jincheng), ("file", &of_file), ("old", &old), ("changed", &changed)] {
        assert_ne!(*cells, baseline, "{id}");
        projection.agrees(id, cells, &baseline);
    }
    assert_eq!(projection.scenario("file")["title"], "按本市文件");
}

#[test]
fn the_baseline_may_be_a_policy_file_applied_outside_its_dates() {
    let mut office = Office::new(POLICIES[0], 27);
    let text = Text::of("weihai-etdz-2017").put("ma.chronic", "\"0.70\"", "\"0.60\"");
    office.policy = office.desk.text("old.toml", &text.0).display().to_string();
    let params = office.desk.text("params.toml", CONTRIBUTION);
    let more = format!("--params {} --as-if", params.display());
    let baseline = office.settled(&office.policy, &more);
    let settled = office.settled_under(&text.put("ma.chronic", "\"0.60\"", "\"0.50\""), &more);
    let projection = office.projected(&sets("half", "\"ma.chronic.ratio\" = \"0.50\""), &more);
    projection.agrees("baseline", &baseline, &baseline);
    projection.agrees("half", &settled, &baseline);
}

// --- Grids ---------------------------------------------------------------------------------------------------

fn totals(projection: &Projection, id: &str) -> String {
    yuan(projection.total(id, "medical_assistance"))
}

#[test]
fn a_grid_stands_for_the_product_of_its_values_the_last_one_fastest() {
    let office = Office::new(POLICIES[0], 28);
    let grid = "\"ma.A.ratio\" = [\"0.65\", \"0.70..0.80 step 0.05\"]\n\"ma.A.cap\" = [\"80000\", \"none\"]\n\
                \"ma.B.deductible\" = \"2000\"";
    let point = "\"ma.A.ratio\" = \"0.75\"\n\"ma.A.cap\" = \"none\"\n\"ma.B.deductible\" = \"2000\"";
    let projection = office.projected(&format!("{}{}", sets("grid", grid), sets("point", point)), "");
    let mut expected = vec!["baseline".to_owned()];
    for ratio in ["0.65", "0.70", "0.75", "0.80"] {
        expected.extend(["80000", "none"].map(|cap| format!("grid[ma.A.ratio={ratio}, ma.A.cap={cap}]")));
    }
    expected.push("point".to_owned());
    assert_eq!(projection.ids(), expected);
    let of_grid = projection.cells("grid[ma.A.ratio=0.75, ma.A.cap=none]");
    assert_eq!(of_grid, projection.cells("point"));
    let different: BTreeSet<String> = expected.iter().map(|id| totals(&projection, id)).collect();
    assert!(different.len() >= 5, "{different:?}");
}

#[test]
fn a_single_range_and_growths_are_grids_too() {
    let office = Office::new(POLICIES[0], 29);
    let income = "per-capita disposable income, Shandong";
    let body = format!(
        "[scenario.set]\n\"ma.A.ratio\" = \"0.60..0.70 step 0.05\"\n\n[[scenario.fees]]\ngrowth = [\"0.05\", \"0.1\"]\n\
         care = [\"inpatient\"]\n\n[[scenario.fees]]\ngrowth = \"0.01\"\n\n[[scenario.persons]]\ngrowth = \
         \"0.00..0.10 step 0.10\"\nidentities = [\"dibao\"]\n\n[[scenario.parameters]]\nparameter = \"{income}\"\n\
         value = [\"40000\"]\n"
    );
    let levels = "[[scenario.fees]]\ngrowth = [\"0.05\", \"0.06\"]\ncare = [\"inpatient\"]\nhosp_lv = [3]\n\
                  [[scenario.claims]]\ngrowth = [\"0.10\", \"0.3\"]\n[[scenario.claims]]\ngrowth = [\"0.1\", \"0.2\"]\n";
    let projection = office.projected(&format!("{}{}", scenario("g", &body), scenario("h", levels)), "");
    let mut expected = vec!["baseline".to_owned()];
    for ratio in ["0.60", "0.65", "0.70"] {
        for fees in ["0.05", "0.1"] {
            let persons = ["0.00", "0.10"];
            expected
                .extend(persons.map(|p| format!("g[ma.A.ratio={ratio}, fees(inpatient)={fees}, persons(dibao)={p}]")));
        }
    }
    for fees in ["0.05", "0.06"] {
        for claims in ["0.10", "0.3"] {
            let again = ["0.1", "0.2"];
            expected
                .extend(again.map(|c| format!("h[fees(inpatient, level 3)={fees}, claims={claims}, claims 2={c}]")));
        }
    }
    assert_eq!(projection.ids(), expected);
}

#[test]
fn a_parameter_that_varies_is_named() {
    let office = Office::new(POLICIES[2], 30);
    let income = "per-capita disposable income, Erenhot, all residents";
    let body = format!("[[scenario.parameters]]\nparameter = \"{income}\"\nvalue = [\"40000\", \"30000\"]\n");
    let projection = office.projected(&scenario("income", &body), "");
    let points = ["40000", "30000"].map(|v| format!("income[parameter {income}={v}]"));
    assert_eq!(projection.ids()[1..], points.each_ref().map(String::as_str));
    // The lower the income, the lower the deductible, and the more is paid.
    let [high, low] = points.map(|id| projection.total(&id, "medical_assistance"));
    assert!(high < low, "{} {}", yuan(high), yuan(low));
    assert!(fen("0").is_some_and(|nothing| nothing < high));
}

//! `onestop project --solve`: the value that a budget can bear, against brute force over all candidates.

use crate::budget::{Office, POLICIES, Projection, sets};
use crate::desk::{Desk, Edit, holds, stay, typed_line};
use crate::support::program::Outcome;
use crate::support::table::{fen, yuan};
use serde_json::Value;

/// Candidates of a value and what a fund pays with each, from a grid of scenarios.
struct Candidates {
    office: Office,
    address: &'static str,
    within: [&'static str; 3],
    totals: Vec<(String, i128)>,
}

impl Candidates {
    fn new(policy: usize, seed: u32, address: &'static str, within: [&'static str; 3], fund: &str) -> Self {
        let office = Office::new(POLICIES[policy], seed);
        let [from, to, step] = within;
        let grid = sets("g", &format!("\"{address}\" = \"{from}..{to} step {step}\""));
        let projection = office.projected(&grid, "");
        let point = |id: &&str| Some(id.strip_prefix("g[")?.strip_suffix(']')?.split_once('=')?.1.to_owned());
        let ids = projection.ids();
        let totals = ids.iter().filter_map(point).map(|value| {
            let total = projection.total(&format!("g[{address}={value}]"), fund);
            (value, total)
        });
        Self { address, within, totals: totals.collect(), office }
    }

    fn solve(&self, budget: i128, more: &str) -> Value {
        let [from, to, step] = self.within;
        let solve =
            format!("--solve {} --within {from}..{to} --step {step} --budget {} {more}", self.address, yuan(budget));
        solved(&self.office, &solve)["solve"].clone()
    }

    /// Checks the answer for a budget against a walk through all candidates.
    fn check(&self, budget: i128, more: &str) {
        let rising = self.totals[0].1 <= self.totals[self.totals.len() - 1].1;
        // From the least generous to the most.
        let mut order: Vec<&(String, i128)> = self.totals.iter().collect();
        if !rising {
            order.reverse();
        }
        let affordable = order.iter().take_while(|(_, total)| *total <= budget).count();
        let told = self.solve(budget, more);
        let text = |key: &str| told[key].as_str();
        let amount = |key: &str| told[key].as_str().and_then(fen);
        let answer = affordable.checked_sub(1).map(|n| order[n]);
        assert_eq!(text("value"), answer.map(|(value, _)| value.as_str()), "budget {}: {told}", yuan(budget));
        assert_eq!(amount("total"), answer.map(|(_, total)| *total), "budget {}: {told}", yuan(budget));
        if answer.is_some() {
            let next = order.get(affordable);
            assert_eq!(text("next_value"), next.map(|(value, _)| value.as_str()), "budget {}: {told}", yuan(budget));
            assert_eq!(amount("next_total"), next.map(|(_, total)| *total), "budget {}: {told}", yuan(budget));
        }
        assert_eq!((text("address"), amount("budget")), (Some(self.address), Some(budget)));
        let settled = told["settled"].as_u64().expect("how many were settled");
        assert!(1 <= settled && settled <= self.totals.len() as u64, "{told}");
    }

    fn check_all(&self, more: &str) {
        let [least, greatest] = [true, false].map(|least| {
            let totals = self.totals.iter().map(|(_, total)| *total);
            if least { totals.min() } else { totals.max() }.expect("candidates")
        });
        assert!(least < greatest, "the value has an effect: {:?}", self.totals);
        let middle = self.totals[self.totals.len() / 2].1;
        for budget in [least - 1, least, middle - 1, middle, middle + 1, greatest - 1, greatest, greatest + 100] {
            self.check(budget, more);
        }
    }
}

/// Runs a goal seek without scenarios and reads what it says.
fn solved(office: &Office, solve: &str) -> Value {
    let outcome = run(office, &format!("--quiet --force {solve}"));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{solve}\n{}", outcome.stderr);
    Projection::of(&office.desk, "plan").json
}

fn run(office: &Office, more: &str) -> Outcome {
    let out = office.desk.typed("plan");
    typed_line(&format!("project {} --policy {} --out {out} {more}", office.inputs, office.policy))
}

#[test]
fn the_largest_ratio_within_the_budget_is_found() {
    let candidates = Candidates::new(0, 51, "ma.A.ratio", ["0.50", "0.90", "0.05"], "medical_assistance");
    assert_eq!(candidates.totals.len(), 9);
    candidates.check_all("");
}

#[test]
fn the_smallest_deductible_within_the_budget_is_found() {
    let candidates = Candidates::new(0, 52, "ma.B.deductible", ["0", "5000", "500"], "medical_assistance");
    assert!(candidates.totals[0].1 > candidates.totals[10].1, "totals fall");
    candidates.check_all("--fund medical_assistance");
}

#[test]
fn a_budget_may_be_that_of_another_fund() {
    let fund = "catastrophic_insurance_390";
    let candidates = Candidates::new(0, 53, "cii.A.resident.brackets.1.ratio", ["0.50", "0.70", "0.04"], fund);
    candidates.check_all(&format!("--fund {fund}"));
}

/// The least and the most generous candidate are the ends; what lies below or above them is told.
#[test]
fn a_budget_below_all_candidates_has_no_answer_and_one_above_all_no_next() {
    let candidates = Candidates::new(0, 54, "ma.A.ratio", ["0.60", "0.80", "0.10"], "medical_assistance");
    let none = candidates.solve(1, "");
    assert!(none["value"].is_null() && none["total"].is_null(), "{none}");
    let all = candidates.solve(100_000_000_000, "");
    assert_eq!(all["value"], "0.80");
    assert!(all["next_value"].is_null() && all["next_total"].is_null(), "{all}");
}

/// Of many candidates only some are settled.
#[test]
fn a_fine_step_does_not_settle_every_candidate() {
    let office = Office::new(POLICIES[3], 55);
    let coarse = sets("half", "\"ma.inpatient.dibao.ratio\" = \"0.6234\"");
    let budget = office.projected(&coarse, "").total("half", "medical_assistance");
    let solve =
        format!("--solve ma.inpatient.dibao.ratio --within 0.5000..0.8000 --step 0.0001 --budget {}", yuan(budget));
    let told = solved(&office, &solve)["solve"].clone();
    // Neighbours may pay the same to the fen, so that the answer lies at the value or just above it.
    let value = told["value"].as_str().and_then(|value| value.parse::<f64>().ok()).expect("an answer");
    assert!((0.6234..0.6240).contains(&value), "{told}");
    let within = |key: &str| told[key].as_str().and_then(fen).expect("a total");
    assert!(within("total") <= budget && budget < within("next_total"), "{told}");
    assert!(told["settled"].as_u64().expect("a count") < 3_001, "{told}");
}

#[test]
fn scenarios_and_a_goal_may_be_asked_for_in_one_run() {
    let office = Office::new(POLICIES[0], 56);
    let alone = solved(&office, "--solve ma.A.ratio --within 0.60..0.80 --step 0.05 --budget 200000");
    let goal = "--solve ma.A.ratio --within 0.60..0.80 --step 0.05 --budget 200000";
    let both = office.projected(&sets("more", "\"ma.A.ratio\" = \"0.75\""), goal);
    assert_eq!(both.json["solve"], alone["solve"]);
    assert_eq!(both.ids()[..2], ["baseline", "more"]);
    let without = office.projected(&sets("more", "\"ma.A.ratio\" = \"0.75\""), "");
    assert!(without.json["solve"].is_null());
    assert_eq!(without.cells("more"), both.cells("more"));
}

#[test]
fn the_answer_does_not_hang_on_threads() {
    let office = Office::new(POLICIES[0], 57);
    let goal = "--solve ma.A.cap --within 1000..21000 --step 1000 --budget 150000";
    let first = solved(&office, &format!("{goal} --threads 1"));
    for threads in ["--threads 2", "--threads 7 --memory 1M"] {
        assert_eq!(solved(&office, &format!("{goal} {threads}")), first, "{threads}");
    }
}

/// 低保 under Jincheng with a burden of 100 000: the tilted assistance needs the limit to be reached. With limits
/// of 50 000 to 90 000 the two pay 78 000, 81 000, 84 000, then only 70 000.
#[test]
fn totals_that_rise_and_fall_are_an_error_that_shows_where() {
    let row = stay("P1", "S1").with("insutype", "310").with("medfee_sumamt", "100000").with("inscp_scp_amt", "100000");
    let row = row.with("hifp_pay", "0");
    let office = Office::at(Desk::with(&[row], &[holds("P1", "dibao")]), "jincheng-2023");
    let caps = ["50000", "60000", "70000", "80000", "90000"];
    let scenarios = caps.map(|cap| sets(cap, &format!("\"ma.inpatient.dibao.cap\" = \"{cap}\""))).concat();
    let projection = office.projected(&scenarios, "");
    let totals = caps.map(|cap| yuan(projection.total(cap, "medical_assistance")));
    assert_eq!(totals, ["78000.00", "81000.00", "84000.00", "70000.00", "70000.00"]);
    std::fs::remove_dir_all(office.desk.path("plan")).expect("the folder");
    let before = office.desk.names();
    let goal = "--solve ma.inpatient.dibao.cap --within 50000..90000 --step 10000 --budget 82000";
    let outcome = run(&office, goal);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("ma.inpatient.dibao.cap"), "{}", outcome.stderr);
    assert!(["84000.00", "70000.00"].iter().any(|total| outcome.stderr.contains(total)), "{}", outcome.stderr);
    assert_eq!(office.desk.names(), before, "nothing is left");
}

//! The summary at the end of a projection.

use super::table::{Align, Table};
use crate::model::fen::{group_thousands, to_grouped};
use crate::project::Projected;
use crate::project::report::{MoneyPart, ScenarioPart, SolvePart};
use std::fmt::Write as _;
use std::path::Path;

/// Scenarios that the summary tells; the files hold all of them.
const MOST: usize = 40;

/// The summary of a projection, as text.
pub fn summary(projected: &Projected, out: &Path) -> String {
    let projection = &projected.projection;
    let count = |n: u64| group_thousands(u128::from(n));
    let mut text = format!("{}: what would it cost?\n", projection.policy);
    let Some(baseline) = projection.scenarios.first() else { return text };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\nBaseline 现行政策");
    let mut rows = Table::new(&[Align::Left, Align::Right]).indented(2);
    rows.row(["台账 ledger rows".to_owned(), count(projection.counts.ledger_rows)]);
    let rejects = projection.counts.rejects_by_reason.values().sum();
    rows.row(["退回 rejected".to_owned(), count(rejects)]);
    rows.row(["人年 persons and years".to_owned(), group_thousands(baseline.people.persons.unsigned_abs().into())]);
    for (label, paid) in costs(baseline) {
        rows.row([label.to_owned(), paid.map_or_else(String::new, |m| to_grouped(m.paid.0))]);
    }
    for top in baseline.top.iter().filter(|t| t.payees > 0) {
        let per_mille = top.share.map_or(0, |s| (s.0 + 500) / 1_000);
        let share = format!("{}.{} %", per_mille / 10, per_mille % 10);
        rows.row([format!("{} 最高1%份额 share of the top 1 %", top.fund), share]);
    }
    text.push_str(&rows.to_string());
    if projection.scenarios.len() > 1 {
        text.push_str(&scenarios(&projection.scenarios[1..]));
    }
    text.push_str(&needs(&projection.scenarios));
    if let Some(solve) = &projection.solve {
        text.push_str(&solved(solve));
    }
    let _ = writeln!(text, "\nOutputs: {}", out.display());
    for (name, rows) in &projected.outputs {
        let _ = writeln!(text, "  {name}: {} rows", count(*rows));
    }
    text
}

/// What a budget is asked about, with its labels.
fn costs(scenario: &ScenarioPart) -> [(&'static str, Option<&MoneyPart>); 5] {
    let fund = |name: &str| scenario.funds.get(name).map(|f| &f.money);
    [
        ("大病保险（职工） catastrophic, employees", fund("catastrophic_insurance_310")),
        ("大病保险（居民） catastrophic, residents", fund("catastrophic_insurance_390")),
        ("医疗救助 medical assistance", fund("medical_assistance")),
        ("资助参保 contribution subsidies", scenario.subsidies.as_ref()),
        ("个人负担 left to persons", fund("persons")),
    ]
}

fn scenarios(scenarios: &[ScenarioPart]) -> String {
    let mut text = String::from("\nScenarios 方案（较现行政策增减，元）\n");
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right]);
    table = table.indented(2);
    table.row([
        "",
        "catastrophic 大病保险",
        "assistance 医疗救助",
        "left to persons 个人负担",
        "winners 受益",
        "losers 受损",
    ]);
    for scenario in scenarios.iter().take(MOST) {
        let change = |names: &[&str]| {
            let of = |name: &&str| scenario.funds.get(*name).map_or(0, |f| f.money.change.0);
            signed(names.iter().map(of).sum())
        };
        table.row([
            scenario.id.clone(),
            change(&["catastrophic_insurance_310", "catastrophic_insurance_390"]),
            change(&["medical_assistance"]),
            change(&["persons"]),
            group_thousands(scenario.people.winners.persons.unsigned_abs().into()),
            group_thousands(scenario.people.losers.persons.unsigned_abs().into()),
        ]);
    }
    text.push_str(&table.to_string());
    if scenarios.len() > MOST {
        let _ = writeln!(text, "  … and {} more, all in projection.parquet", scenarios.len() - MOST);
    }
    text
}

/// What funds with sources need.
fn needs(scenarios: &[ScenarioPart]) -> String {
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right]).indented(2);
    table.row(["", "", "need 需要", "sources 筹资", "left 结余"]);
    let mut any = false;
    for scenario in scenarios.iter().take(MOST + 1) {
        for need in &scenario.need {
            any = true;
            let [needs, has, left] = [need.need, need.sources, need.left].map(|yuan| to_grouped(yuan.0));
            table.row([scenario.id.clone(), need.fund.clone(), needs, has, left]);
        }
    }
    if any { format!("\nFunds and their sources 基金收支（元）\n{table}") } else { String::new() }
}

fn solved(solve: &SolvePart) -> String {
    let mut text = format!(
        "\nGoal seek 目标求解: {} so that {} pays at most {}\n",
        solve.address,
        solve.fund,
        to_grouped(solve.budget.0)
    );
    match (&solve.value, &solve.total) {
        (Some(value), Some(total)) => {
            let _ = writeln!(text, "  {value}: {}", to_grouped(total.0));
        }
        _ => text.push_str("  no value looked at keeps within the budget\n"),
    }
    if let (Some(value), Some(total)) = (&solve.next_value, &solve.next_total) {
        let _ = writeln!(text, "  {value}: {} is above it", to_grouped(total.0));
    }
    let _ = writeln!(text, "  {} of {} values settled", solve.settled, solve.candidates);
    text
}

/// A change with its sign.
fn signed(fen: i128) -> String {
    if fen > 0 { format!("+{}", to_grouped(fen)) } else { to_grouped(fen) }
}

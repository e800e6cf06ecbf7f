//! The summary at the end of a projection.

use super::summary::{outputs, sum};
use super::table::{Align, Table};
use crate::lang::{Lang, both};
use crate::model::fen::{group_thousands, to_grouped};
use crate::project::Projected;
use crate::project::report::{MoneyPart, ScenarioPart, SolvePart};
use crate::settle::outcome::FUNDS;
use std::fmt::Write as _;
use std::path::Path;

/// Scenarios that the summary tells; the files hold all of them.
const MOST: usize = 40;

/// The summary of a projection, as text.
pub fn summary(projected: &Projected, out: &Path, lang: Lang) -> String {
    let projection = &projected.projection;
    let count = |n: u64| group_thousands(u128::from(n));
    let mut text = format!("{}{}\n", projection.policy, lang.pick(": what would it cost?", "：测算"));
    let Some(baseline) = projection.scenarios.first() else { return text };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{}", lang.pick("Baseline 现行政策", "现行政策（金额单位：元）"));
    let mut rows = Table::new(&[Align::Left, Align::Right, Align::Right]).indented(2);
    rows.row([lang.term("台账", "ledger rows"), count(projection.counts.ledger_rows)]);
    let rejects = projection.counts.rejects_by_reason.values().sum();
    rows.row([lang.term("退回", "rejected"), count(rejects)]);
    let person_years = group_thousands(baseline.people.persons.unsigned_abs().into());
    rows.row([lang.term("人年", "persons and years"), person_years]);
    for (zh, en, paid) in costs(baseline) {
        let [yuan, wan] = paid.map_or_else(Default::default, |m| sum(m.paid.0, lang));
        rows.row([lang.term(zh, en), yuan, wan]);
    }
    for top in baseline.top.iter().filter(|t| t.payees > 0) {
        let per_mille = top.share.map_or(0, |s| (s.0 + 500) / 1_000);
        let share = format!("{}.{} %", per_mille / 10, per_mille % 10);
        rows.row([lang.term(&format!("{} 最高1%份额", fund(top.fund, lang)), "share of the top 1 %"), share]);
    }
    text.push_str(&rows.to_string());
    if projection.scenarios.len() > 1 {
        text.push_str(&scenarios(&projection.scenarios[1..], lang));
    }
    text.push_str(&needs(&projection.scenarios, lang));
    if let Some(solve) = &projection.solve {
        text.push_str(&solved(solve, lang));
    }
    text.push_str(&outputs(out, lang, projected.outputs.iter().map(|(name, rows)| (name.as_str(), *rows, None))));
    text
}

/// What a budget is asked about, with its labels.
fn costs(scenario: &ScenarioPart) -> [(&'static str, &'static str, Option<&MoneyPart>); 5] {
    let fund = |name: &str| scenario.funds.get(name).map(|f| &f.money);
    [
        ("大病保险（职工）", "catastrophic, employees", fund("catastrophic_insurance_310")),
        ("大病保险（居民）", "catastrophic, residents", fund("catastrophic_insurance_390")),
        ("医疗救助", "medical assistance", fund("medical_assistance")),
        ("资助参保", "contribution subsidies", scenario.subsidies.as_ref()),
        ("个人负担", "left to persons", fund("persons")),
    ]
}

fn scenarios(scenarios: &[ScenarioPart], lang: Lang) -> String {
    let title = lang.pick("Scenarios 方案（较现行政策增减，元）", "方案（较现行政策增减，元）");
    let mut text = format!("\n{title}\n");
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right]);
    table = table.indented(2);
    table.row([
        "",
        lang.pick("catastrophic 大病保险", "大病保险"),
        lang.pick("assistance 医疗救助", "医疗救助"),
        lang.pick("left to persons 个人负担", "个人负担"),
        lang.pick("winners 受益", "受益人年"),
        lang.pick("losers 受损", "受损人年"),
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
        let left = scenarios.len() - MOST;
        let line =
            both!("  … and {left} more, all in projection.parquet", "  …… 另有 {left} 个，全部见 projection.parquet");
        let _ = writeln!(text, "{}", line.pick(lang));
    }
    text
}

/// What funds with sources need.
fn needs(scenarios: &[ScenarioPart], lang: Lang) -> String {
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right]).indented(2);
    let heads = [("need 需要", "需要"), ("sources 筹资", "筹资"), ("left 结余", "结余")];
    let [need, sources, left] = heads.map(|(en, zh)| lang.pick(en, zh));
    table.row(["", "", need, sources, left]);
    let mut any = false;
    for scenario in scenarios.iter().take(MOST + 1) {
        for need in &scenario.need {
            any = true;
            let [needs, has, left] = [need.need, need.sources, need.left].map(|yuan| to_grouped(yuan.0));
            table.row([scenario.id.clone(), fund(&need.fund, lang).to_owned(), needs, has, left]);
        }
    }
    let title = lang.pick("Funds and their sources 基金收支（元）", "基金收支（元）");
    if any { format!("\n{title}\n{table}") } else { String::new() }
}

fn solved(solve: &SolvePart, lang: Lang) -> String {
    let SolvePart { address, settled, candidates, .. } = solve;
    let (name, budget) = (fund(&solve.fund, lang), to_grouped(solve.budget.0));
    let mut lines = vec![both!(
        "\nGoal seek 目标求解: {address} so that {name} pays at most {budget}",
        "\n目标求解：{address}，使{name}支出不超过 {budget} 元"
    )];
    lines.push(match (&solve.value, &solve.total) {
        (Some(value), Some(total)) => both!("  {value}: {}", "  {value}：{} 元", to_grouped(total.0)),
        _ => both!("  no value looked at keeps within the budget", "  所试的取值都超出预算"),
    });
    if let (Some(value), Some(total)) = (&solve.next_value, &solve.next_total) {
        lines.push(both!("  {value}: {} is above it", "  {value}：{} 元，超出预算", to_grouped(total.0)));
    }
    lines.push(both!("  {settled} of {candidates} values settled", "  已结算 {settled} 个取值，共 {candidates} 个"));
    lines.iter().map(|line| format!("{}\n", line.pick(lang))).collect()
}

/// A fund as it is called in a language.
fn fund(name: &str, lang: Lang) -> &str {
    lang.pick(name, FUNDS.iter().find(|fund| fund.name == name).map_or(name, |fund| fund.label))
}

/// A change with its sign.
fn signed(fen: i128) -> String {
    if fen > 0 { format!("+{}", to_grouped(fen)) } else { to_grouped(fen) }
}

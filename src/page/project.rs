//! The page of a projection: what each scenario costs, who gains and loses, what is left to people, what each rule pays.

use super::chart::lying;
use super::html::{Cell, Page, escaped, words};
use crate::lang::both;
use crate::model::fen::group_thousands;
use crate::project::report::{Projection, ScenarioPart, WonPart, Yuan};
use crate::settle::outcome::FUNDS;

/// Scenarios that are shown; a grid may have thousands.
const SCENARIOS: usize = 100;
/// Rules that are shown of a scenario.
const RULES: usize = 12;
/// Bars of a chart.
const BARS: usize = 24;
/// The fund that scenarios are compared by.
const FUND: &str = "medical_assistance";

/// The page, and how many tables it has; why it cannot be made, in words.
pub(super) fn page(projection: &Projection) -> Result<(String, u64), String> {
    let mut page = Page::new(&both!("Budget projection", "医疗救助资金测算报告"));
    let shown = &projection.scenarios[..projection.scenarios.len().min(SCENARIOS)];
    page.paragraph(&escaped(&projection.policy));
    page.paragraph(&words(
        "金额单位：元。“增减”均与基准相比。每个数字都取自本目录的 projection.parquet、people.parquet 或 projection.json。",
        "Amounts in yuan; changes are against the baseline. Every figure is one of projection.parquet, people.parquet or projection.json.",
    ));
    let left = projection.scenarios.len() - shown.len();
    if left > 0 {
        let left = group_thousands(left as u128);
        let more = both!("{left} more scenarios stand in the files.", "另有 {left} 个方案见上述文件。");
        page.paragraph(&words(&more.zh, &more.en));
    }
    cost(&mut page, shown)?;
    by_fund(&mut page, shown);
    won_and_lost(&mut page, shown);
    burden(&mut page, shown);
    rules(&mut page, shown);
    Ok(page.finish())
}

/// A scenario by its name, and its title where it has one.
fn named(scenario: &ScenarioPart) -> Cell {
    let title = scenario.title.as_deref().filter(|title| *title != scenario.id);
    Cell::Words(match title {
        Some(title) => format!("{}<br><span class=\"soft\">{}</span>", escaped(&scenario.id), escaped(title)),
        None => escaped(&scenario.id),
    })
}

fn of(scenario: &ScenarioPart, what: &str) -> String {
    format!("{}.{what}", scenario.id)
}

/// An amount that may be missing.
fn money(of: String, yuan: Option<&Yuan>) -> Cell {
    yuan.map_or_else(|| Cell::None, |yuan| Cell::Money(of, yuan.0))
}

fn count(of: String, n: Option<i64>) -> Cell {
    n.map_or_else(|| Cell::None, |n| Cell::Count(of, u64::try_from(n).unwrap_or_default()))
}

fn cost(page: &mut Page, scenarios: &[ScenarioPart]) -> Result<(), String> {
    page.heading("各方案的医疗救助支出", "What assistance costs under each scenario");
    let (mut rows, mut bars) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        let Some(part) = scenario.funds.get(FUND) else { continue };
        let [low, high] = [0, 1].map(|end| part.change_interval.as_ref().map(|ends| &ends[end]));
        let name = |what: &str| of(scenario, &format!("{FUND}.{what}"));
        rows.push(vec![
            named(scenario),
            count(name("persons"), Some(part.persons)),
            money(name("paid"), Some(&part.money.paid)),
            money(name("change"), Some(&part.money.change)),
            money(name("change_low"), low),
            money(name("change_high"), high),
        ]);
        bars.push((scenario.id.clone(), part.money.paid.0));
    }
    if !bars.is_empty() {
        bars.truncate(BARS);
        page.chart(&lying(&bars)?);
    }
    let heads = [
        ("方案", "scenario"),
        ("人数", "persons"),
        ("支出", "paid"),
        ("增减", "change"),
        ("区间下限", "interval, low"),
        ("区间上限", "interval, high"),
    ];
    page.table(&heads, &rows, false);
    page.paragraph(&words(
        "区间为 95%；没有用 --bootstrap 计算的，记为“—”。",
        "Intervals hold 95 in 100; where --bootstrap was not asked for, there are none.",
    ));
    Ok(())
}

fn by_fund(page: &mut Page, scenarios: &[ScenarioPart]) {
    page.heading("各方资金增减", "Change by fund");
    let rows: Vec<Vec<Cell>> = scenarios
        .iter()
        .map(|scenario| {
            let change = |fund: &str| {
                let part = scenario.funds.get(fund);
                money(of(scenario, &format!("{fund}.change")), part.map(|part| &part.money.change))
            };
            std::iter::once(named(scenario)).chain(FUNDS.iter().map(|fund| change(fund.name))).collect()
        })
        .collect();
    let english: Vec<String> = FUNDS.iter().map(|fund| fund.name.replace('_', " ")).collect();
    let funds = FUNDS.iter().zip(&english).map(|(fund, english)| (fund.label, english.as_str()));
    let heads: Vec<(&str, &str)> = std::iter::once(("方案", "scenario")).chain(funds).collect();
    page.table(&heads, &rows, false);
}

fn won_and_lost(page: &mut Page, scenarios: &[ScenarioPart]) {
    page.heading("受益与受损人员", "Winners and losers");
    let side = |scenario: &ScenarioPart, which: &str, part: &WonPart| {
        let name = |what: &str| of(scenario, &format!("{which}.{what}"));
        vec![
            count(name("persons"), Some(part.persons)),
            money(name("sum"), Some(&part.sum)),
            money(name("p50"), part.p50.as_ref()),
            money(name("p90"), part.p90.as_ref()),
        ]
    };
    let rows: Vec<Vec<Cell>> = scenarios
        .iter()
        .map(|s| {
            let won = side(s, "winners", &s.people.winners);
            let lost = side(s, "losers", &s.people.losers);
            std::iter::once(named(s)).chain(won).chain(lost).collect()
        })
        .collect();
    let heads = [
        ("方案", "scenario"),
        ("受益人数", "winners"),
        ("合计", "in all"),
        ("中位数", "median"),
        ("90 百分位", "90th percentile"),
        ("受损人数", "losers"),
        ("合计", "in all"),
        ("中位数", "median"),
        ("90 百分位", "90th percentile"),
    ];
    page.table(&heads, &rows, false);
}

fn burden(page: &mut Page, scenarios: &[ScenarioPart]) {
    page.heading("个人负担的分布", "How much is left to people");
    let rows: Vec<Vec<Cell>> = scenarios
        .iter()
        .map(|s| {
            let burden = &s.people.burden;
            let name = |what: &str| of(s, &format!("burden.{what}"));
            vec![
                named(s),
                money(name("mean"), burden.mean.as_ref()),
                money(name("p50"), burden.p50.as_ref()),
                money(name("p90"), burden.p90.as_ref()),
                money(name("p99"), burden.p99.as_ref()),
                count(name("above_10_percent"), burden.above_10_percent),
                count(name("above_25_percent"), burden.above_25_percent),
                count(of(s, "at_cap"), Some(s.people.at_cap)),
                money(of(s, "cut_off"), Some(&s.people.cut_off)),
            ]
        })
        .collect();
    let heads = [
        ("方案", "scenario"),
        ("平均", "mean"),
        ("中位数", "median"),
        ("90 百分位", "90th percentile"),
        ("99 百分位", "99th percentile"),
        ("超过收入 10%", "above 10 % of income"),
        ("超过收入 25%", "above 25 % of income"),
        ("达到限额人数", "persons at a limit"),
        ("超限未付", "cut off"),
    ];
    page.table(&heads, &rows, false);
}

fn rules(page: &mut Page, scenarios: &[ScenarioPart]) {
    page.heading("各条款的支出", "What each clause costs");
    let mut rows = Vec::new();
    for scenario in scenarios {
        for (at, rule) in scenario.rules.iter().take(RULES).enumerate() {
            let name = |what: &str| of(scenario, &format!("rule.{at}.{what}"));
            rows.push(vec![
                named(scenario),
                Cell::Words(escaped(&format!("{}（{}）", rule.rule, rule.clauses.join("、")))),
                count(name("persons"), Some(rule.persons)),
                money(name("paid"), Some(&rule.money.paid)),
                money(name("change"), Some(&rule.money.change)),
            ]);
        }
    }
    let heads = [("方案", "scenario"), ("条款", "clause"), ("人数", "persons"), ("支出", "paid"), ("增减", "change")];
    page.table(&heads, &rows, false);
}

//! `projection.json`: the projection in short, for reports; and the manifest of its folder.

use super::cells::ALL_IDENTITIES;
use super::found::{Baseline, Figure, Found, fund_cell};
use super::people::{PAYING, Top};
use super::record::Rule;
use super::solve::Seek;
use crate::model::fen::to_yuan;
use crate::output::manifest::{InputPart, OptionsPart, ParametersPart, PolicyPart};
use crate::output::parquet_file::FileDigest;
use crate::settle::outcome::FUNDS;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Money in fen, written as yuan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Yuan(pub i128);

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&to_yuan(self.0))
    }
}

/// A share in millionths, written as a decimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share(pub i64);

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Decimal::new(self.0, 6).normalize().to_string())
    }
}

/// The projection in short.
#[derive(Debug, Serialize)]
pub struct Projection {
    /// Name of the program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What this is.
    pub kind: &'static str,
    /// Id of the policy.
    pub policy: String,
    /// Rows of the inputs.
    pub counts: Counts,
    /// The bootstrap, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapPart>,
    /// The baseline, then the scenarios in the order of the file.
    pub scenarios: Vec<ScenarioPart>,
    /// Goal seek.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solve: Option<SolvePart>,
}

/// Rows of the inputs.
#[derive(Debug, Serialize)]
pub struct Counts {
    /// Rows of the ledger.
    pub ledger_rows: u64,
    /// Rows of it that do not count under the baseline.
    pub rejects_by_reason: BTreeMap<String, u64>,
    /// Rows of the roster that do not.
    pub roster_rejects_by_reason: BTreeMap<String, u64>,
}

/// How intervals were found.
#[derive(Debug, Serialize)]
pub struct BootstrapPart {
    /// Replicates.
    pub replicates: usize,
    /// What chance began with.
    pub seed: u64,
    /// How many of them lie within an interval.
    pub level: &'static str,
}

/// A scenario in short. Money in yuan.
#[derive(Debug, Serialize)]
pub struct ScenarioPart {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: Option<String>,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// By fund.
    pub funds: BTreeMap<&'static str, FundPart>,
    /// Contribution subsidies, where there is a roster.
    pub subsidies: Option<MoneyPart>,
    /// Each change alone, where there are several.
    pub effects: Vec<EffectPart>,
    /// By fund, what is left once the changes' own effects are taken off, as far as they can stand alone.
    pub interaction: BTreeMap<&'static str, Yuan>,
    /// The same of contribution subsidies, where there is a roster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction_of_subsidies: Option<Yuan>,
    /// Everybody.
    pub people: PeoplePart,
    /// What each rule pays.
    pub rules: Vec<RulePart>,
    /// Rules whose limit somebody reaches.
    pub caps: Vec<CapPart>,
    /// Who gets most.
    pub top: Vec<TopPart>,
    /// What funds with sources need.
    pub need: Vec<NeedPart>,
}

/// A figure and its change.
#[derive(Debug, Serialize)]
pub struct MoneyPart {
    /// Under the scenario.
    pub paid: Yuan,
    /// More than under the baseline.
    pub change: Yuan,
}

impl MoneyPart {
    /// Of a figure in fen.
    pub fn new(figure: Figure) -> Self {
        Self { paid: Yuan(figure.total), change: Yuan(figure.change) }
    }
}

/// What a fund pays.
#[derive(Debug, Serialize)]
pub struct FundPart {
    /// Persons and years.
    pub persons: i64,
    /// Claims.
    pub claims: i64,
    /// Money.
    #[serde(flatten)]
    pub money: MoneyPart,
    /// 95 in 100 of the total, where there was a bootstrap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_interval: Option<[Yuan; 2]>,
    /// 95 in 100 of the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_interval: Option<[Yuan; 2]>,
}

/// A change alone.
#[derive(Debug, Serialize)]
pub struct EffectPart {
    /// The change in words.
    pub change: String,
    /// By fund, how much more is paid with this change alone; none where it cannot stand alone.
    pub funds: Option<BTreeMap<&'static str, Yuan>>,
    /// How much more contributions are paid with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsidies: Option<Yuan>,
    /// Why it cannot stand alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// Everybody under a scenario.
#[derive(Debug, Serialize)]
pub struct PeoplePart {
    /// Persons and years.
    pub persons: i64,
    /// To whom less is left than under the baseline.
    pub winners: WonPart,
    /// To whom more is left.
    pub losers: WonPart,
    /// What is left: mean, median, 90th and 99th percentile.
    pub burden: BurdenPart,
    /// With a pool at its cap.
    pub at_cap: i64,
    /// What caps cut off.
    pub cut_off: Yuan,
}

/// Winners or losers.
#[derive(Debug, Serialize)]
pub struct WonPart {
    /// How many.
    pub persons: i64,
    /// In all.
    pub sum: Yuan,
    /// Mean.
    pub mean: Option<Yuan>,
    /// 10th, 50th and 90th percentile.
    pub p10: Option<Yuan>,
    /// See above.
    pub p50: Option<Yuan>,
    /// See above.
    pub p90: Option<Yuan>,
}

/// What is left to people.
#[derive(Debug, Serialize)]
pub struct BurdenPart {
    /// Mean.
    pub mean: Option<Yuan>,
    /// Median.
    pub p50: Option<Yuan>,
    /// 90th percentile.
    pub p90: Option<Yuan>,
    /// 99th percentile.
    pub p99: Option<Yuan>,
    /// Persons above a tenth of the income; none where no income was given.
    pub above_10_percent: Option<i64>,
    /// Persons above a quarter of it.
    pub above_25_percent: Option<i64>,
}

/// What a rule pays.
#[derive(Debug, Serialize)]
pub struct RulePart {
    /// The rule's id, or `recorded` for what is carried.
    pub rule: String,
    /// The clauses that it cites.
    pub clauses: Vec<String>,
    /// Persons and years.
    pub persons: i64,
    /// Money.
    #[serde(flatten)]
    pub money: MoneyPart,
}

/// A rule's cap.
#[derive(Debug, Serialize)]
pub struct CapPart {
    /// The rule.
    pub rule: String,
    /// Persons and years at it.
    pub persons: i64,
    /// More than under the baseline.
    pub persons_change: i64,
    /// What it cut off.
    pub cut_off: Yuan,
    /// More than under the baseline.
    pub cut_off_change: Yuan,
}

/// How much of a fund goes to the hundredth of its payees who get most.
#[derive(Debug, Serialize)]
pub struct TopPart {
    /// The fund.
    pub fund: &'static str,
    /// Persons and years that it pays.
    pub payees: i64,
    /// A hundredth of them.
    pub few: i64,
    /// What these get.
    pub paid: Yuan,
    /// As a share of all.
    pub share: Option<Share>,
}

/// What a fund needs, and what it has.
#[derive(Debug, Serialize)]
pub struct NeedPart {
    /// The fund.
    pub fund: String,
    /// What it pays, with contribution subsidies where it is the fund of assistance.
    pub need: Yuan,
    /// Years of the ledger that need and sources are for.
    pub years: usize,
    /// Residents.
    pub residents: u64,
    /// Need by resident.
    pub need_per_resident: Option<Yuan>,
    /// What is raised by resident in these years.
    pub raised_per_resident: Yuan,
    /// All that it has.
    pub sources: Yuan,
    /// What is left of it; negative: what is missing.
    pub left: Yuan,
}

/// Goal seek.
#[derive(Debug, Serialize)]
pub struct SolvePart {
    /// What was varied.
    pub address: String,
    /// The fund.
    pub fund: String,
    /// The budget.
    pub budget: Yuan,
    /// The value found; none: no candidate keeps within the budget.
    pub value: Option<String>,
    /// What the fund pays with it.
    pub total: Option<Yuan>,
    /// The next more generous candidate.
    pub next_value: Option<String>,
    /// What the fund would pay with that.
    pub next_total: Option<Yuan>,
    /// Candidates, and how many of them were settled.
    pub candidates: usize,
    /// See above.
    pub settled: usize,
}

/// The manifest of a projection's folder.
#[derive(Debug, Serialize)]
pub struct ProjectionManifest {
    /// Name of the program.
    pub program: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What this folder is.
    pub kind: &'static str,
    /// The policy.
    pub policy: PolicyPart,
    /// Dated values.
    pub parameters: ParametersPart,
    /// Inputs.
    pub inputs: Vec<InputPart>,
    /// SHA-256 of the policies that scenarios name, as they stand in their files.
    pub policies_of_scenarios: BTreeMap<String, String>,
    /// SHA-256 of the scenarios file.
    pub scenarios_sha256: Option<String>,
    /// What was asked for.
    pub options: Options,
    /// Outputs by name.
    pub outputs: BTreeMap<String, FileDigest>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
pub struct Options {
    /// As of a settle run.
    #[serde(flatten)]
    pub run: OptionsPart,
    /// Replicates.
    pub bootstrap: usize,
    /// What chance began with.
    pub seed: u64,
    /// Path of the scenarios file as given.
    pub scenarios: Option<String>,
    /// What was sought.
    pub solve: Option<Sought>,
}

/// What was sought.
#[derive(Debug, Serialize)]
pub struct Sought {
    /// What was varied.
    pub address: String,
    /// The fund.
    pub fund: String,
    /// The budget.
    pub budget: Yuan,
    /// The first candidate, the last, and how many there are.
    pub candidates: (Option<String>, Option<String>, usize),
}

impl From<&Seek> for Sought {
    fn from(seek: &Seek) -> Self {
        let ends = (seek.candidates.first().cloned(), seek.candidates.last().cloned());
        Self {
            address: seek.address.clone(),
            fund: seek.fund_name.clone(),
            budget: Yuan(seek.budget.into()),
            candidates: (ends.0, ends.1, seek.candidates.len()),
        }
    }
}

/// The text of a file.
pub fn to_json(value: &impl Serialize) -> String {
    // Strings, numbers and string keys only: serialising cannot fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// Figures by fund, in yuan.
pub fn by_fund(of: impl Fn(usize) -> i128) -> BTreeMap<&'static str, Yuan> {
    FUNDS.iter().enumerate().map(|(n, fund)| (fund.name, Yuan(of(n)))).collect()
}

/// What every fund pays under a scenario.
pub fn funds(found: &Found, baseline: &Baseline) -> BTreeMap<&'static str, FundPart> {
    let part = |n: usize| {
        let cell = found.cell(baseline, fund_cell(n)).unwrap_or_default();
        let intervals = found.intervals(fund_cell(n));
        FundPart {
            persons: cell.persons.total as i64,
            claims: cell.claims.total as i64,
            money: MoneyPart::new(cell.paid),
            paid_interval: intervals.map(|i| [Yuan(i.paid.low), Yuan(i.paid.high)]),
            change_interval: intervals.map(|i| [Yuan(i.change.low), Yuan(i.change.high)]),
        }
    };
    FUNDS.iter().enumerate().map(|(n, fund)| (fund.name, part(n))).collect()
}

/// Everybody under a scenario.
pub fn people(found: &Found, baseline: &Baseline, income: bool) -> PeoplePart {
    let (sum, figures) = (found.people(baseline, ALL_IDENTITIES), found.figures[ALL_IDENTITIES]);
    let yuan = |fen: Option<i64>| fen.map(|f| Yuan(f.into()));
    let won = |persons: i64, money: i128, mean: Option<i128>, quantiles: [Option<i64>; 3]| {
        let [p10, p50, p90] = quantiles.map(yuan);
        WonPart { persons, sum: Yuan(money), mean: mean.map(Yuan), p10, p50, p90 }
    };
    let [mean_won, mean_lost, mean_left] = found.means(baseline, ALL_IDENTITIES);
    let [p50, p90, p99] = figures.burden.map(yuan);
    PeoplePart {
        persons: sum.persons,
        winners: won(sum.winners, sum.won, mean_won, figures.won),
        losers: won(sum.losers, sum.lost, mean_lost, figures.lost),
        burden: BurdenPart {
            mean: mean_left.map(Yuan),
            p50,
            p90,
            p99,
            above_10_percent: income.then_some(sum.above[0]),
            above_25_percent: income.then_some(sum.above[1]),
        },
        at_cap: sum.at_cap,
        cut_off: Yuan(sum.cut_off),
    }
}

/// What each rule pays, and whose limit somebody reaches, under the baseline or the scenario.
pub fn rules(found: &Found, baseline: &Baseline, all: &[Rule]) -> (Vec<RulePart>, Vec<CapPart>) {
    let (mut rules, mut caps) = (Vec::new(), Vec::new());
    for (n, Rule { name, clauses }) in all.iter().enumerate() {
        let of = found.rule(baseline, n);
        if of.persons != Figure::default() {
            let (persons, money) = (of.persons.total as i64, MoneyPart::new(of.paid));
            rules.push(RulePart { rule: name.clone(), clauses: clauses.clone(), persons, money });
        }
        if of.at_cap != Figure::default() {
            caps.push(CapPart {
                rule: name.clone(),
                persons: of.at_cap.total as i64,
                persons_change: of.at_cap.change as i64,
                cut_off: Yuan(of.cut_off.total),
                cut_off_change: Yuan(of.cut_off.change),
            });
        }
    }
    (rules, caps)
}

/// Who gets most of each fund.
pub fn top(found: &Found) -> Vec<TopPart> {
    let part = |(fund, top): (&usize, &Top)| {
        let whole = i128::from(found.whole());
        let ppm = (top.all > 0).then(|| (top.paid * 1_000_000 + top.all / 2) / top.all);
        TopPart {
            fund: FUNDS[*fund].name,
            payees: found.persons(top.payees),
            few: found.persons(top.few),
            paid: Yuan((top.paid * 2 + whole).div_euclid(2 * whole)),
            share: ppm.map(|ppm| Share(ppm as i64)),
        }
    };
    PAYING.iter().zip(&found.top).map(part).collect()
}

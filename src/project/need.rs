//! What figures are held against: an income, the sources of a fund; and the contributions that assistance pays.

use super::failure::ProjectError;
use super::found::Figure;
use super::pass::Noted;
use super::report::{NeedPart, Yuan};
use super::scenario::{FundSource, Plan};
use super::world::World;
use crate::lang::Both;
use crate::model::fen::Round;
use crate::policy::compile::is_illustrative;
use crate::policy::parameters::Used;
use crate::policy::tables::{SubsidyRule, Tables};
use crate::policy::value::Amount;
use crate::roster::Roster;
use crate::run::error::RunError;
use crate::run::settle::Settle;
use crate::run::subsidies::{Residents, total};
use crate::settle::outcome::{FUNDS, Money};
use std::collections::{BTreeMap, BTreeSet};

/// So many years after the last of the ledger a grant may be charged to.
const LATER: i32 = 3;
/// The fund that pays contributions, too.
const ASSISTANCE: Money = Money::MaPay;

/// Yardsticks and sources, resolved with the parameters of the run: scenarios are all held against the same.
#[derive(Debug, Default)]
pub(super) struct Needed {
    /// A tenth and a quarter of the income, in fen, by charge year.
    pub(super) thresholds: BTreeMap<i32, [i64; 2]>,
    /// Number of the fund, its source, and what is raised by resident in all years, in fen.
    sources: Vec<(usize, FundSource, i128)>,
    /// The years that sources are for.
    years: usize,
    /// Dated values taken.
    pub(super) used: BTreeSet<Used>,
}

impl Needed {
    /// Resolves what the plan names: for the years of the ledger, or the one asked for, and the income also for
    /// later years that a grant is charged to.
    ///
    /// # Errors
    /// [`ProjectError::NoYardstick`].
    pub(super) fn new(
        plan: &Plan,
        run: &Settle,
        file: &str,
        found: &BTreeSet<i32>,
        roster: Option<&Roster>,
    ) -> Result<Self, ProjectError> {
        let years: Vec<i32> = match run.year {
            Some(year) => vec![year],
            None => found.iter().copied().collect(),
        };
        let granted = |year: &i32| run.year.is_none() && roster.is_some_and(|r| r.has_grant_of(*year));
        let last = years.last().copied().unwrap_or_default();
        let later = (last + 1..=last + LATER).filter(|year| !years.is_empty() && granted(year));
        let mut needed = Self { years: years.len(), ..Self::default() };
        if let Some(income) = &plan.income {
            for year in years.iter().copied().chain(later) {
                let income = needed.amount(income, run, year, file, ["the income of [burden]", "[burden] 的收入"])?;
                needed.thresholds.insert(year, [income / 10, income / 4]);
            }
        }
        for source in &plan.funds {
            let fund = FUNDS.iter().position(|f| f.name == source.fund).unwrap_or_default();
            let mut raised = 0;
            for year in &years {
                let what = ["a [[fund]]", "[[fund]] "];
                raised += i128::from(needed.amount(&source.per_resident, run, *year, file, what)?);
            }
            needed.sources.push((fund, source.clone(), raised));
        }
        Ok(needed)
    }

    /// An amount of a year, in fen.
    fn amount(
        &mut self,
        amount: &Amount,
        run: &Settle,
        year: i32,
        file: &str,
        what: [&str; 2],
    ) -> Result<i64, ProjectError> {
        let share = match amount {
            Amount::Fixed(fen) => return Ok(*fen),
            Amount::Share(share) => share,
        };
        let year = year + share.year;
        let value = run.parameters.value(&share.of, year).ok_or_else(|| ProjectError::NoYardstick {
            file: file.to_owned(),
            what: Both { en: what[0].to_owned(), zh: what[1].to_owned() },
            parameter: share.of.clone(),
            year,
        })?;
        let used = Used::from(value);
        if run.strict && is_illustrative(&used) {
            return Err(RunError::Illustrative { values: Both::foreign(format!("{} {year}", used.parameter)) }.into());
        }
        self.used.insert(used);
        Ok(Round::default().product(value.value, share.share.0))
    }

    /// What funds need under a scenario: what each pays, in fen, and with assistance its contributions.
    pub(super) fn of(&self, paid: impl Fn(usize) -> i128, contributions: i128) -> Vec<NeedPart> {
        let part = |(fund, source, raised): &(usize, FundSource, i128)| {
            let pays = FUNDS[*fund].columns.contains(&ASSISTANCE);
            let need = paid(*fund) + if pays { contributions } else { 0 };
            let residents = i128::from(source.residents);
            let sources = raised * residents + i128::from(source.other) * self.years as i128;
            NeedPart {
                fund: source.fund.clone(),
                need: Yuan(need),
                residents: source.residents,
                need_per_resident: (residents > 0).then(|| Yuan((need * 2 + residents).div_euclid(2 * residents))),
                raised_per_resident: Yuan(*raised),
                years: self.years,
                sources: Yuan(sources),
                left: Yuan(sources - need),
            }
        };
        self.sources.iter().map(part).collect()
    }
}

/// Contributions that are paid for persons on the roster, scenario by scenario.
pub(super) struct Contributions {
    /// None without a roster.
    baseline: Option<i128>,
    rules: Vec<Vec<SubsidyRule>>,
    date: (u32, u32),
    only_year: Option<i32>,
    /// By circle: the years, and who is a resident.
    residents: BTreeMap<usize, (BTreeSet<i32>, Residents)>,
}

impl Contributions {
    /// Of the baseline; `noted` is whose claims count, by circle.
    pub(super) fn new(world: &World, rosters: &[Roster], noted: &[Noted], only_year: Option<i32>) -> Self {
        let (rules, date) = (rules(&world.tables), world.tables.subsidy_date);
        let mut made = Self { baseline: None, rules, date, only_year, residents: BTreeMap::new() };
        made.baseline = made.total(world, rosters, noted);
        made
    }

    fn total(&mut self, world: &World, rosters: &[Roster], noted: &[Noted]) -> Option<i128> {
        let roster = rosters.get(world.holder)?;
        let only_year = self.only_year;
        let (years, residents) = self.residents.entry(world.circle).or_insert_with(|| {
            let (mut years, mut residents) = (BTreeSet::new(), Residents::default());
            if let Some(noted) = noted.get(world.circle) {
                let of = |(person, year, resident): &(u32, i32, bool)| residents.note(*person, *year, *resident);
                noted.persons.iter().for_each(of);
                years.extend(noted.years.iter().filter(|y| only_year.is_none_or(|only| only == **y)));
            }
            (years, residents)
        });
        Some(total(&world.tables, roster, years, residents))
    }

    /// What the baseline pays; none without a roster.
    pub(super) fn baseline(&self) -> Option<Figure> {
        self.baseline.map(|total| Figure { total, change: 0 })
    }

    /// What a world pays; `noted` is whose claims count, by circle.
    pub(super) fn under(&mut self, world: &World, rosters: &[Roster], noted: &[Noted]) -> Option<Figure> {
        let before = self.baseline?;
        if world.circle == 0 && world.tables.subsidy_date == self.date && rules(&world.tables) == self.rules {
            return self.baseline();
        }
        let total = self.total(world, rosters, noted)?;
        Some(Figure { total, change: total - before })
    }
}

/// The rules by year, without what they cite.
fn rules(tables: &Tables) -> Vec<Vec<SubsidyRule>> {
    let plain = |rule: &SubsidyRule| SubsidyRule { cite: 0, ..rule.clone() };
    tables.years.iter().map(|year| year.subsidies.iter().map(plain).collect()).collect()
}

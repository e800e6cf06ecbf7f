//! Contribution subsidies: the best of several identities held on the deciding day (R13).

use crate::model::date;
use crate::output::files::SubsidyRow;
use crate::policy::eras::{Era, Eras};
use crate::policy::tables::{NO_RANK, SubsidyRule, Tables};
use crate::roster::Roster;
use crate::settle::holdings::Holdings;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of roster persons' claims, by benefit year: a byte a person.
#[derive(Debug, Default)]
pub struct Residents {
    years: BTreeMap<i32, Vec<u8>>,
}

/// A claim counts.
const CLAIM: u8 = 1;
/// A claim counts that is not of the employees' insurance.
const RESIDENT: u8 = 2;

impl Residents {
    /// Notes that a person of the roster has a claim of a year, and whether as a resident.
    pub fn note(&mut self, person: u32, year: i32, resident: bool) {
        let persons = self.years.entry(year).or_default();
        if persons.len() <= person as usize {
            persons.resize(person as usize + 1, 0);
        }
        persons[person as usize] |= if resident { CLAIM | RESIDENT } else { CLAIM };
    }

    /// Whether all of a person's claims of a year are of the employees' insurance.
    pub fn only_employee(&self, person: usize, year: i32) -> bool {
        self.years.get(&year).and_then(|persons| persons.get(person)) == Some(&CLAIM)
    }
}

/// Every roster person's subsidy of every year with a claim that counts, but for persons whose claims
/// of that year are all of the employees' insurance. Of several policies the one in force on the deciding
/// day grants it, else the first in force in the year.
pub fn subsidies<'a>(
    eras: &'a Eras,
    rosters: &'a [Roster],
    years: &'a BTreeSet<i32>,
    residents: &'a Residents,
) -> impl Iterator<Item = SubsidyRow> + 'a {
    let deciding: Vec<Deciding<'_>> = years.iter().filter_map(|year| Deciding::of(eras, rosters, *year)).collect();
    let of = move |person| {
        let of_year = |d: &Deciding<'a>| subsidy(d, person, residents);
        deciding.iter().filter_map(of_year).collect::<Vec<_>>()
    };
    (0..rosters.first().map_or(0, Roster::len)).flat_map(of)
}

/// What decides the subsidies of a year.
struct Deciding<'a> {
    year: i32,
    day: i32,
    era: &'a Era,
    roster: &'a Roster,
    rules: &'a [SubsidyRule],
}

impl<'a> Deciding<'a> {
    fn of(eras: &'a Eras, rosters: &'a [Roster], year: i32) -> Option<Self> {
        let (month, day) = eras.all.first()?.tables.subsidy_date;
        let day = date::day(year, month, day)?;
        let number = match eras.of(day) {
            n if eras.all.len() == 1 || (eras.all[n].tables.from..=eras.all[n].tables.until).contains(&day) => n,
            _ => eras.in_year(year).next()?,
        };
        let era = &eras.all[number];
        let rules = &era.tables.year(year)?.subsidies;
        Some(Self { year, day, era, roster: rosters.get(number)?, rules })
    }
}

fn subsidy(deciding: &Deciding<'_>, person: usize, residents: &Residents) -> Option<SubsidyRow> {
    let Deciding { year, day, era, roster, rules } = *deciding;
    let row = best(&era.tables, roster, rules, (year, day), person, residents)?;
    Some(SubsidyRow { identity: era.numbers.rank(row.identity), cite: era.numbers.cite(row.cite), ..row })
}

/// What a policy pays for the contributions of everybody on its roster in these years, in fen.
pub(crate) fn total(tables: &Tables, roster: &Roster, years: &BTreeSet<i32>, residents: &Residents) -> i128 {
    let (month, day) = tables.subsidy_date;
    let mut total = 0;
    for year in years {
        let (Some(of_year), Some(day)) = (tables.year(*year), date::day(*year, month, day)) else { continue };
        let of = |person| best(tables, roster, &of_year.subsidies, (*year, day), person, residents);
        total += (0..roster.len()).filter_map(of).map(|row| i128::from(row.subsidy)).sum::<i128>();
    }
    total
}

/// A person's subsidy of a year under a policy, in the policy's own numbers.
fn best(
    tables: &Tables,
    roster: &Roster,
    rules: &[SubsidyRule],
    (year, day): (i32, i32),
    person: usize,
    residents: &Residents,
) -> Option<SubsidyRow> {
    if residents.only_employee(person, year) {
        return None;
    }
    let held = Holdings::Roster(roster.periods(person)).in_force(tables, day, NO_RANK);
    let mut best: Option<SubsidyRow> = None;
    for rule in rules {
        let eligible = held & rule.identities;
        if eligible == 0 || held & rule.unless_holding != 0 {
            continue;
        }
        let identity = eligible.trailing_zeros() as u8;
        if best.is_none_or(|b| (rule.subsidy, b.identity) > (b.subsidy, identity)) {
            let (standard, subsidy, cite) = (rule.standard, rule.subsidy, rule.cite);
            best = Some(SubsidyRow { person: person as u32, year, identity, standard, subsidy, cite });
        }
    }
    best
}
